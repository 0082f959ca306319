//! From text to tokens.

use super::Span;
use crate::error::Error;

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'s> {
    /// Letters, digits, `_` and `:`.
    Word(&'s str),
    /// What is between the quotes.
    Text(&'s str),
    /// A sign of the grammar.
    Sign(&'static str),
    /// After the last one.
    End,
}

/// Signs, longer ones before those that they begin with.
const SIGNS: [&str; 13] = [
    ":-", "\\+", "!=", "<=", ">=", "(", ")", ",", ".", "=", "<", ">", "!",
];

/// Whether a character may be part of a word.
pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == ':'
}

pub(super) struct Lexer<'s> {
    source: &'s str,
    at: usize,
}

impl<'s> Lexer<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        Self { source, at: 0 }
    }

    pub(super) fn rest(&self, from: usize) -> &'s str {
        self.source.get(from..).unwrap_or_default()
    }

    fn skip(&mut self) {
        loop {
            let rest = self.rest(self.at);
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            if !trimmed.starts_with('%') {
                return;
            }
            self.at += trimmed.find('\n').unwrap_or(trimmed.len());
        }
    }

    pub(super) fn next(&mut self) -> Result<(Token<'s>, Span), Error> {
        self.skip();
        let start = self.at;
        let rest = self.rest(start);
        let Some(first) = rest.chars().next() else {
            return Ok((Token::End, Span { start, end: start }));
        };
        let token = if first == '"' || first == '\'' {
            let Some(len) = rest[1..].find(first) else {
                let span = Span {
                    start,
                    end: start + 1,
                };
                return Err(Error::parse("unterminated string", span));
            };
            self.at += len + 2;
            Token::Text(&rest[1..=len])
        } else if is_word(first) && !rest.starts_with(":-") {
            // `a:-b` is a head and a body, while `http:route` is a word.
            let mut len = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            if rest[len..].starts_with('-') && rest[..len].ends_with(':') {
                len -= 1;
            }
            self.at += len;
            Token::Word(&rest[..len])
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            self.at += sign.len();
            Token::Sign(sign)
        } else {
            let end = start + first.len_utf8();
            let message = format!("unexpected character '{first}'");
            return Err(Error::parse(message, Span { start, end }));
        };
        Ok((
            token,
            Span {
                start,
                end: self.at,
            },
        ))
    }
}
