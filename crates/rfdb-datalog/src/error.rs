//! Why a program is refused, or its evaluation ended.

use crate::syntax::Span;

/// Why a program is refused, or its evaluation ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It does not fit the grammar.
    #[error("Parse error at {}: {message}", span.start)]
    Parse {
        /// What was expected or found.
        message: String,
        /// Where.
        span: Span,
    },
    /// It fits the grammar and has no meaning: it is unsafe, not stratified, or uses a predicate wrongly.
    #[error("Error at {}: {message}", span.start)]
    Program {
        /// What is wrong, and with which literal.
        message: String,
        /// The literal.
        span: Span,
    },
    /// It took longer than allowed.
    #[error("Query execution timeout (deadline exceeded)")]
    Timeout,
    /// The one who asked does not want the answer any more.
    #[error("Query cancelled by client")]
    Cancelled,
    /// It needed more rows than allowed.
    #[error("Query exceeded intermediate result limit ({0})")]
    TooManyRows(usize),
    /// It needed more memory than allowed.
    #[error("Query exceeded its memory limit ({0} bytes)")]
    TooMuchMemory(usize),
    /// The graph could not be read.
    #[error("{0}")]
    Graph(Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    pub(crate) fn parse(message: impl Into<String>, span: Span) -> Self {
        Self::Parse {
            message: message.into(),
            span,
        }
    }

    pub(crate) fn program(message: impl Into<String>, span: Span) -> Self {
        Self::Program {
            message: message.into(),
            span,
        }
    }

    /// Where in the source, if the source is to blame.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        match self {
            Self::Parse { span, .. } | Self::Program { span, .. } => Some(*span),
            _ => None,
        }
    }

    /// What is wrong, without the place.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::Parse { message, .. } | Self::Program { message, .. } => message.clone(),
            other => other.to_string(),
        }
    }

    /// The message with the line of the source that it is about, and a mark under the place.
    #[must_use]
    pub fn render(&self, source: &str) -> String {
        let Some(span) = self.span() else {
            return self.message();
        };
        let start = floor(source, span.start);
        let line_start = source[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = source[start..]
            .find('\n')
            .map_or(source.len(), |at| start + at);
        let number = source[..start].matches('\n').count() + 1;
        let line = &source[line_start..line_end];
        let before = source[line_start..start].chars().count();
        let end = floor(source, span.end).clamp(start, line_end);
        let marked = source[start..end].chars().count().max(1);
        let margin = number.to_string().len();
        format!(
            "{}\n{number} | {line}\n{:margin$} | {:before$}{}",
            self.message(),
            "",
            "",
            "^".repeat(marked)
        )
    }
}

fn floor(source: &str, at: usize) -> usize {
    let mut at = at.min(source.len());
    while !source.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_place_is_shown() {
        let source = "p(X) :-\n  nöde(X, ;).";
        let error = crate::parse_program(source).expect_err("a sign that is none");
        assert_eq!(
            error.render(source),
            "unexpected character ';'\n2 |   nöde(X, ;).\n  |           ^"
        );
    }
}
