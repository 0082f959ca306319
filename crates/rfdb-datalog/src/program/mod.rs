//! Programs that have passed all checks, ready to be planned.

mod build;
mod kinds;
mod safety;
mod strata;

use crate::builtin::Builtin;
use crate::error::Error;
use crate::syntax::{
    Aggregate, Head, HeadTerm, Literal, Rule, Span, Term, parse_program, parse_query,
};
use crate::value::{Value, Values};

pub(crate) use safety::{bind, is_ready, shared_variables};

/// What a literal asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Builtin(Builtin),
    /// Number of the predicate.
    User(usize),
    /// A predicate that has no rules: it holds for nothing.
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arg {
    /// Number of a variable of the rule.
    Var(usize),
    Const(Value),
    Any,
}

impl Arg {
    pub(crate) fn var(self) -> Option<usize> {
        match self {
            Self::Var(var) => Some(var),
            _ => None,
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct BodyLiteral {
    pub(crate) negated: bool,
    pub(crate) call: Call,
    pub(crate) args: Vec<Arg>,
    /// As it is written, for messages.
    pub(crate) written: Literal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeadArg {
    Var(usize),
    Const(Value),
    Aggregate(Aggregate, usize),
}

#[derive(Debug, Clone)]
pub(crate) struct CheckedRule {
    pub(crate) predicate: usize,
    pub(crate) head: Vec<HeadArg>,
    pub(crate) body: Vec<BodyLiteral>,
    /// Names of the variables.
    pub(crate) vars: Vec<String>,
    pub(crate) written: Head,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Predicate {
    pub(crate) name: String,
    pub(crate) arity: usize,
    pub(crate) rules: Vec<usize>,
    /// Rows that hold without conditions, one after the other.
    pub(crate) facts: Vec<Value>,
    /// Number of facts; those without arguments have no values.
    pub(crate) fact_count: usize,
    /// For each argument, how it is aggregated.
    pub(crate) aggregates: Vec<Option<Aggregate>>,
    /// Predicates of one component depend on each other.
    pub(crate) component: usize,
    /// Whether it depends on itself.
    pub(crate) recursive: bool,
    /// Arguments that have to be known where it is called.
    pub(crate) required: u64,
    /// For each argument, whether it is the id of a node.
    pub(crate) ids: Vec<bool>,
}

impl Predicate {
    pub(crate) fn has_aggregate(&self) -> bool {
        self.aggregates.iter().any(Option::is_some)
    }
}

/// What an answer has in one place of its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Name of the variable.
    pub name: String,
    /// Whether the values are ids of nodes.
    pub is_id: bool,
}

/// What to do with a predicate that neither the language nor the program has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnknownPredicates {
    /// It holds for nothing; a warning says so.
    #[default]
    Warn,
    /// The program is refused.
    Refuse,
}

/// A question that has passed all checks: a program and what is asked of it.
#[derive(Debug, Clone)]
pub struct Question {
    pub(crate) predicates: Vec<Predicate>,
    pub(crate) rules: Vec<CheckedRule>,
    pub(crate) values: Values,
    /// The predicate that is asked.
    pub(crate) goal: usize,
    pub(crate) columns: Vec<Column>,
    pub(crate) warnings: Vec<String>,
}

impl Question {
    /// Asks a conjunction of literals. The answer has a column for each variable of its positive literals.
    ///
    /// # Errors
    /// What does not fit the grammar, or has no meaning.
    pub fn query(source: &str) -> Result<Self, Error> {
        let body = parse_query(source)?;
        let columns = named_variables(&body);
        build::build(
            Vec::new(),
            vec![goal_rule(&columns, body)],
            columns,
            UnknownPredicates::Warn,
        )
    }

    /// Asks the head of the first rule of a program, or a conjunction if the source is one.
    ///
    /// # Errors
    /// What does not fit the grammar, or has no meaning.
    pub fn program(source: &str) -> Result<Self, Error> {
        let mut rules = match parse_program(source) {
            Ok(rules) if !rules.is_empty() => rules,
            Ok(_) => return Self::query(source),
            Err(as_program) => {
                return Self::query(source).map_err(|as_query| {
                    // Whoever wrote a program wants to hear of the program.
                    if matches!(as_query, Error::Program { .. }) || !looks_like_program(source) {
                        as_query
                    } else {
                        as_program
                    }
                });
            }
        };
        let first = &rules[0];
        if first.body.is_empty() && Builtin::parse(&first.head.predicate).is_some() {
            // `node(X, "CLASS").`: a query with a dot.
            let literal = literal_of(&first.head);
            rules.remove(0);
            let body = vec![literal];
            let columns = named_variables(&body);
            return build::build(
                rules,
                vec![goal_rule(&columns, body)],
                columns,
                UnknownPredicates::Warn,
            );
        }
        let (literal, columns) = goal_of(&first.head);
        let goal = goal_rule(&goal_variables(&literal), vec![literal]);
        build::build(rules, vec![goal], columns, UnknownPredicates::Warn)
    }

    /// Asks for the first argument of the `violation` rules of a program, as `X`.
    ///
    /// # Errors
    /// What does not fit the grammar, or has no meaning; here also predicates that do not exist, since a guarantee that
    /// cannot be broken is none.
    pub fn guarantee(source: &str) -> Result<Self, Error> {
        let rules = parse_program(source)?;
        let mut arities: Vec<usize> = rules
            .iter()
            .filter(|rule| rule.head.predicate == "violation")
            .map(|rule| rule.head.args.len())
            .collect();
        arities.sort_unstable();
        arities.dedup();
        let with_column = arities.iter().any(|&arity| arity > 0);
        let columns: Vec<String> = with_column.then(|| "X".to_owned()).into_iter().collect();
        let goals = arities
            .iter()
            .filter(|&&arity| arity > 0 || !with_column)
            .map(|&arity| {
                let first = with_column.then(|| Term::Variable("X".into()));
                let others = std::iter::repeat_n(Term::Wildcard, arity.saturating_sub(1));
                goal_rule(
                    &columns,
                    vec![Literal {
                        negated: false,
                        predicate: "violation".into(),
                        args: first.into_iter().chain(others).collect(),
                        span: Span::default(),
                    }],
                )
            });
        let goals: Vec<Rule> = goals.collect();
        build::build(rules, goals, columns, UnknownPredicates::Refuse)
    }

    /// Columns of the answer.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// What is odd about the program, though not wrong.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

/// Name of the predicate that is asked; no program can have it.
const GOAL: &str = "";

fn looks_like_program(source: &str) -> bool {
    source.contains(":-") || source.trim_end().ends_with('.')
}

fn goal_rule(columns: &[String], body: Vec<Literal>) -> Rule {
    let plain = |name: &String| HeadTerm::Plain(Term::Variable(name.clone()));
    let span = body.first().map(|literal| literal.span).unwrap_or_default();
    Rule {
        head: Head {
            predicate: GOAL.into(),
            args: columns.iter().map(plain).collect(),
            span,
        },
        body,
    }
}

/// Variables of the positive literals, in the order of their first use.
fn named_variables(body: &[Literal]) -> Vec<String> {
    let mut names = Vec::new();
    for literal in body.iter().filter(|literal| !literal.negated) {
        for term in &literal.args {
            if let Term::Variable(name) = term
                && !names.contains(name)
            {
                names.push(name.clone());
            }
        }
    }
    names
}

fn goal_variables(literal: &Literal) -> Vec<String> {
    named_variables(std::slice::from_ref(literal))
}

fn literal_of(head: &Head) -> Literal {
    goal_of(head).0
}

/// The literal that asks for a head, and the names of its columns as they are shown.
fn goal_of(head: &Head) -> (Literal, Vec<String>) {
    let mut shown = Vec::new();
    let mut names: Vec<String> = Vec::new();
    let args = head
        .args
        .iter()
        .map(|arg| match arg {
            HeadTerm::Plain(Term::Variable(name)) => {
                if !names.contains(name) {
                    names.push(name.clone());
                    shown.push(name.clone());
                }
                Term::Variable(name.clone())
            }
            HeadTerm::Plain(term) => term.clone(),
            // A name that no variable of the program can have.
            HeadTerm::Aggregate(..) => {
                let name = arg.to_string();
                if names.contains(&name) {
                    return Term::Wildcard;
                }
                names.push(name.clone());
                shown.push(name.clone());
                Term::Variable(name)
            }
        })
        .collect();
    let literal = Literal {
        negated: false,
        predicate: head.predicate.clone(),
        args,
        span: head.span,
    };
    (literal, shown)
}
