//! From tokens to rules.

use super::lexer::{Lexer, Token};
use super::{Aggregate, Head, HeadTerm, Literal, Rule, Span, Term};
use crate::error::Error;

/// Literals that a body may have. Planning costs the square of their number.
const MAX_BODY: usize = 256;
/// Arguments that a literal may have.
const MAX_ARGS: usize = 32;

struct Parser<'s> {
    lexer: Lexer<'s>,
    token: Token<'s>,
    span: Span,
    /// End of the token before.
    last: usize,
}

type Result<T> = std::result::Result<T, Error>;

/// Parses a program: rules and facts, each of which ends with a dot.
///
/// # Errors
/// What does not fit the grammar, with its place.
pub fn parse_program(source: &str) -> Result<Vec<Rule>> {
    let mut parser = Parser::new(source)?;
    let mut rules = Vec::new();
    while parser.token != Token::End {
        rules.push(parser.rule()?);
    }
    Ok(rules)
}

/// Parses a conjunction of literals, without a dot at its end.
///
/// # Errors
/// What does not fit the grammar, with its place.
pub fn parse_query(source: &str) -> Result<Vec<Literal>> {
    let mut parser = Parser::new(source)?;
    let literals = parser.body()?;
    if parser.token != Token::End {
        let rest = parser.lexer.rest(parser.span.start);
        let shown: String = rest.chars().take(60).collect();
        let message = format!("unexpected input after query: '{shown}'");
        return Err(Error::parse(message, parser.span));
    }
    Ok(literals)
}

impl<'s> Parser<'s> {
    fn new(source: &'s str) -> Result<Self> {
        let mut lexer = Lexer::new(source);
        let (token, span) = lexer.next()?;
        Ok(Self {
            lexer,
            token,
            span,
            last: 0,
        })
    }

    fn advance(&mut self) -> Result<()> {
        self.last = self.span.end;
        (self.token, self.span) = self.lexer.next()?;
        Ok(())
    }

    fn eat(&mut self, sign: &'static str) -> Result<bool> {
        let found = self.token == Token::Sign(sign);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn unexpected(&self, wanted: &str) -> Error {
        if self.token == Token::End {
            Error::parse(format!("unexpected end: expected {wanted}"), self.span)
        } else {
            Error::parse(format!("expected {wanted}"), self.span)
        }
    }

    fn expect(&mut self, sign: &'static str) -> Result<()> {
        if self.eat(sign)? {
            Ok(())
        } else {
            Err(self.unexpected(&format!("'{sign}'")))
        }
    }

    /// The part of the source from a token to the last one that was read.
    fn since(&self, start: Span) -> Span {
        Span {
            start: start.start,
            end: self.last,
        }
    }

    fn rule(&mut self) -> Result<Rule> {
        let head = self.head()?;
        let body = if self.eat(":-")? {
            self.body()?
        } else {
            Vec::new()
        };
        if self.eat(".")? {
            return Ok(Rule { head, body });
        }
        let more = if body.is_empty() {
            "':-' or '.'"
        } else {
            "',' or '.'"
        };
        Err(self.unexpected(more))
    }

    fn word(&mut self) -> Result<&'s str> {
        let Token::Word(word) = self.token else {
            return Err(self.unexpected("identifier"));
        };
        self.advance()?;
        Ok(word)
    }

    fn args<T>(&mut self, mut one: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let mut args = Vec::new();
        if !self.eat("(")? || self.eat(")")? {
            return Ok(args);
        }
        loop {
            if args.len() == MAX_ARGS {
                let message = format!("a predicate has at most {MAX_ARGS} arguments");
                return Err(Error::parse(message, self.span));
            }
            args.push(one(self)?);
            if !self.eat(",")? {
                break;
            }
        }
        if self.eat(")")? {
            Ok(args)
        } else {
            Err(self.unexpected("',' or ')'"))
        }
    }

    fn head(&mut self) -> Result<Head> {
        let start = self.span;
        let predicate = self.word()?.to_owned();
        let args = self.args(Self::head_term)?;
        Ok(Head {
            predicate,
            args,
            span: self.since(start),
        })
    }

    fn head_term(&mut self) -> Result<HeadTerm> {
        if let Token::Word(word) = self.token
            && let Some(aggregate) = Aggregate::parse(word)
        {
            let span = self.span;
            self.advance()?;
            if !self.eat("(")? {
                return Ok(HeadTerm::Plain(term_of_word(word, span)?));
            }
            let at = self.span;
            let Term::Variable(name) = self.term()? else {
                return Err(Error::parse(format!("expected a variable to {word}"), at));
            };
            self.expect(")")?;
            return Ok(HeadTerm::Aggregate(aggregate, name));
        }
        Ok(HeadTerm::Plain(self.term()?))
    }

    fn term(&mut self) -> Result<Term> {
        let term = match self.token {
            Token::Text(text) => Term::Constant(text.to_owned()),
            Token::Word(word) => term_of_word(word, self.span)?,
            _ => return Err(self.unexpected("a term")),
        };
        self.advance()?;
        Ok(term)
    }

    fn body(&mut self) -> Result<Vec<Literal>> {
        let mut literals = vec![self.literal()?];
        while self.eat(",")? {
            if literals.len() == MAX_BODY {
                let message = format!("a body has at most {MAX_BODY} literals");
                return Err(Error::parse(message, self.span));
            }
            literals.push(self.literal()?);
        }
        Ok(literals)
    }

    fn literal(&mut self) -> Result<Literal> {
        let start = self.span;
        let negated = self.eat("\\+")?;
        let first = self.span;
        if let Token::Text(text) = self.token {
            self.advance()?;
            return self.comparison(Term::Constant(text.to_owned()), negated, start);
        }
        let word = self.word()?;
        if self.comparison_sign().is_some() {
            return self.comparison(term_of_word(word, first)?, negated, start);
        }
        let args = self.args(Self::term)?;
        Ok(Literal {
            negated,
            predicate: word.to_owned(),
            args,
            span: self.since(start),
        })
    }

    fn comparison_sign(&self) -> Option<&'static str> {
        let Token::Sign(sign) = self.token else {
            return None;
        };
        Some(match sign {
            "=" => "eq",
            "!=" => "neq",
            "<" => "lt",
            "<=" => "lte",
            ">" => "gt",
            ">=" => "gte",
            _ => return None,
        })
    }

    fn comparison(&mut self, left: Term, negated: bool, start: Span) -> Result<Literal> {
        let Some(predicate) = self.comparison_sign() else {
            return Err(self.unexpected("a comparison"));
        };
        self.advance()?;
        let right = self.term()?;
        Ok(Literal {
            negated,
            predicate: predicate.to_owned(),
            args: vec![left, right],
            span: self.since(start),
        })
    }
}

fn term_of_word(word: &str, span: Span) -> Result<Term> {
    let first = word.chars().next().unwrap_or('_');
    Ok(if word == "_" {
        Term::Wildcard
    } else if first.is_uppercase() {
        Term::Variable(word.to_owned())
    } else if first.is_lowercase() || first == '_' || word.bytes().all(|b| b.is_ascii_digit()) {
        Term::Constant(word.to_owned())
    } else {
        return Err(Error::parse(
            format!("'{word}' is no term; put it in quotes"),
            span,
        ));
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(source: &str) -> Vec<String> {
        let rules = parse_program(source).expect(source);
        rules.iter().map(ToString::to_string).collect()
    }

    fn error(source: &str) -> String {
        parse_program(source).expect_err(source).to_string()
    }

    #[test]
    fn rules_facts_and_comments() {
        assert_eq!(
            shown(
                "% all\np(X) :- node(X, \"F\"), % some\n \\+ q(X, _), http:route(_x).\nq(a,\"B c\").r:-p(Y)."
            ),
            [
                "p(X) :- node(X, \"F\"), \\+ q(X, _), http:route(\"_x\").",
                "q(\"a\", \"B c\").",
                "r :- p(Y)."
            ]
        );
        assert_eq!(
            shown("n(T, count(X)) :- node(X, T), T != \"A\", X >= 3, 'a\"b' = T. count."),
            [
                "n(T, count(X)) :- node(X, T), neq(T, \"A\"), gte(X, 3), eq('a\"b', T).",
                "count."
            ]
        );
    }

    #[test]
    fn errors_have_places() {
        assert_eq!(
            error("p(X"),
            "Parse error at 3: unexpected end: expected ',' or ')'"
        );
        assert_eq!(error("p(X) :- ."), "Parse error at 8: expected identifier");
        assert_eq!(
            error("p(X) q(X)."),
            "Parse error at 5: expected ':-' or '.'"
        );
        assert_eq!(error("p(\"X)."), "Parse error at 2: unterminated string");
        assert_eq!(
            error("p(X) ; q(X)."),
            "Parse error at 5: unexpected character ';'"
        );
        assert_eq!(
            error("p(count(_))."),
            "Parse error at 8: expected a variable to count"
        );
        let after = parse_query("node(X, \"A\").").expect_err("a dot");
        assert_eq!(
            after.to_string(),
            "Parse error at 12: unexpected input after query: '.'"
        );
    }

    #[test]
    fn words_of_the_old_grammar_keep_their_meaning() {
        let query = parse_query("node(X, FUNCTION), edge(X, http:route, _x), Up:Case").expect("ok");
        assert_eq!(query[0].args[1], Term::Variable("FUNCTION".into()));
        assert_eq!(query[1].args[1], Term::Constant("http:route".into()));
        assert_eq!(query[1].args[2], Term::Constant("_x".into()));
        assert_eq!(query[2].predicate, "Up:Case");
        assert_eq!(parse_query("p()").expect("ok")[0].args, []);
    }
}
