//! What a run has to say about files and places in them.

use std::fmt;

use serde::Serialize;

/// How grave a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something is missing from the graph, and the rest of it is right.
    Warning,
    /// A whole file is missing from the graph, or nothing but its MODULE node is there.
    Error,
}

impl Severity {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// Line, from 1.
    pub line: u32,
    /// Column, from 0, in UTF-16 units.
    pub column: u32,
    /// First byte of the place in the file, where it is known.
    #[serde(skip)]
    pub offset: Option<u32>,
    /// Length of the place in bytes; 0 where it is not known.
    #[serde(skip)]
    pub length: u32,
}

/// A message about a file or a place in it. Diagnostics do not end a run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Diagnostic {
    /// Path relative to the project, with `/`; empty for the project as a whole.
    pub file: String,
    /// The place in the file.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Stable code, such as `unresolved-import`.
    pub code: &'static str,
    /// How grave it is.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
}

impl Diagnostic {
    /// A warning about a whole file.
    pub fn file_warning(
        code: &'static str,
        file: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Diagnostic {
            file: file.into(),
            place: None,
            code,
            severity: Severity::Warning,
            message: message.into(),
        }
    }
}

impl fmt::Display for Diagnostic {
    /// `file:line:column: message`, with the column counted from 1 as editors do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.place, self.file.is_empty()) {
            (Some(place), _) => {
                write!(
                    f,
                    "{}:{}:{}: {}",
                    self.file,
                    place.line,
                    place.column + 1,
                    self.message
                )
            }
            (None, false) => write!(f, "{}: {}", self.file, self.message),
            (None, true) => f.write_str(&self.message),
        }
    }
}
