//! Programs as they are written.

mod lexer;
mod parser;

use std::fmt;

pub use parser::{parse_program, parse_query};

/// A part of a source: byte offsets of its beginning and its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// Byte after the last one.
    pub end: usize,
}

impl Span {
    /// The smallest part that holds both.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}

/// An argument of a literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// `_`: anything.
    Wildcard,
    /// A name that begins with an upper-case letter.
    Variable(String),
    /// A text in quotes, a bare word, or a number.
    Constant(String),
}

/// How the rows of a group become one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    /// How many different values there are.
    Count,
    /// The least value.
    Min,
    /// The greatest value.
    Max,
}

impl Aggregate {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "count" => Some(Self::Count),
            "min" => Some(Self::Min),
            "max" => Some(Self::Max),
            _ => None,
        }
    }

    /// The name in programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Min => "min",
            Self::Max => "max",
        }
    }
}

/// An argument of the head of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeadTerm {
    /// As it is.
    Plain(Term),
    /// `count(X)`: one value for each group, which the other arguments form.
    Aggregate(Aggregate, String),
}

/// A predicate with its arguments, perhaps negated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal {
    /// Preceded by `\+`.
    pub negated: bool,
    /// Name of the predicate.
    pub predicate: String,
    /// Arguments.
    pub args: Vec<Term>,
    /// Where it stands.
    pub span: Span,
}

/// The head of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Name of the predicate.
    pub predicate: String,
    /// Arguments.
    pub args: Vec<HeadTerm>,
    /// Where it stands.
    pub span: Span,
}

/// A head that holds where the body does. A fact has no body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What is said.
    pub head: Head,
    /// Under which conditions.
    pub body: Vec<Literal>,
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wildcard => f.write_str("_"),
            Self::Variable(name) => f.write_str(name),
            Self::Constant(text) if crate::value::number(text).is_some() => f.write_str(text),
            Self::Constant(text) if text.contains('"') => write!(f, "'{text}'"),
            Self::Constant(text) => write!(f, "\"{text}\""),
        }
    }
}

impl fmt::Display for HeadTerm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(term) => term.fmt(f),
            Self::Aggregate(aggregate, name) => write!(f, "{}({name})", aggregate.name()),
        }
    }
}

fn list<T: fmt::Display>(f: &mut fmt::Formatter<'_>, name: &str, args: &[T]) -> fmt::Result {
    f.write_str(name)?;
    for (at, arg) in args.iter().enumerate() {
        write!(f, "{}{arg}", if at == 0 { "(" } else { ", " })?;
    }
    f.write_str(if args.is_empty() { "" } else { ")" })
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negated {
            f.write_str("\\+ ")?;
        }
        list(f, &self.predicate, &self.args)
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(f, &self.predicate, &self.args)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.head.fmt(f)?;
        for (at, literal) in self.body.iter().enumerate() {
            write!(f, "{}{literal}", if at == 0 { " :- " } else { ", " })?;
        }
        f.write_str(".")
    }
}
