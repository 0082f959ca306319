//! What the analyzer has to say about a file.

use std::fmt;

/// How grave a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The file was analyzed, but part of it may be missing from the graph.
    Warning,
    /// The file could not be parsed; only its MODULE node is in the graph.
    Error,
}

/// A message about a place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code, such as `parse-error`.
    pub code: &'static str,
    /// How grave it is.
    pub severity: Severity,
    /// Path of the file, relative to the project.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 0, in UTF-16 units.
    pub column: u32,
    /// First byte of the place in the source.
    pub offset: u32,
    /// Length of the place in bytes.
    pub length: u32,
    /// What is wrong, in the parser's words.
    pub message: String,
}

impl fmt::Display for Diagnostic {
    /// `file:line:column: message`, with the column counted from 1 as editors do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}:{}: {}",
            self.file,
            self.line,
            self.column + 1,
            self.message
        )
    }
}
