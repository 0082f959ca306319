//! What detectors of frameworks noticed in a module, for plugins to read later without the source.

use serde::{Deserialize, Serialize};

use crate::Span;

/// An expression as far as detectors care.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Term {
    /// A string.
    Text(String),
    /// A template with expressions, each shown as `${}`.
    Template(String),
    /// An identifier.
    Name(String),
    /// A member with a known name.
    Member(Box<Term>, String),
    /// A call.
    Call(Box<Term>, Vec<Term>),
    /// An object literal: its properties with known names.
    Object(Vec<(String, Term)>),
    /// An array literal.
    List(Vec<Term>),
    /// A function or arrow, by line (from 1) and column (from 0).
    Function(u32, u32),
    /// Anything else.
    Other,
}

impl Term {
    /// The text of a string, or of a template.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Term::Text(text) | Term::Template(text) => Some(text),
            _ => None,
        }
    }

    /// Names joined by dots, as they stand in the name of a CALL.
    #[must_use]
    pub fn path(&self) -> Option<String> {
        match self {
            Term::Name(name) => Some(name.clone()),
            Term::Member(of, name) => Some(format!("{}.{name}", of.path()?)),
            Term::Call(callee, _) => Some(format!("{}()", callee.path()?)),
            _ => None,
        }
    }

    /// The value of a property.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&Term> {
        match self {
            Term::Object(properties) => properties
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value),
            _ => None,
        }
    }
}

/// Something that a detector noticed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// Name of the detector.
    pub detector: String,
    /// What it is, in the detector's words.
    pub kind: String,
    /// The variable that holds it, or nothing.
    pub name: String,
    /// Where it stands.
    pub span: Span,
    /// The expression.
    pub term: Term,
}
