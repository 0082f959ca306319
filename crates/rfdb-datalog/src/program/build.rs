//! From syntax to a checked program: names become numbers, and what has no meaning is refused.

use std::collections::BTreeMap;

use super::kinds::Kinds;
use super::{
    Arg, BodyLiteral, Call, CheckedRule, Column, HeadArg, Predicate, Question, UnknownPredicates,
    safety, strata,
};
use crate::builtin::{Builtin, builtin_names};
use crate::error::Error;
use crate::suggest::hint;
use crate::syntax::{HeadTerm, Literal, Rule, Term};
use crate::value::{Value, Values};

/// Predicates by name and number of arguments.
type Names = BTreeMap<(String, usize), usize>;

/// Rules with a body that a program may have. Facts are not counted.
const MAX_RULES: usize = 10_000;

/// Builds a question from the rules of a program, and rules for what is asked.
pub(super) fn build(
    rules: Vec<Rule>,
    goals: Vec<Rule>,
    columns: Vec<String>,
    unknown: UnknownPredicates,
) -> Result<Question, Error> {
    let mut names = Names::new();
    let mut predicates: Vec<Predicate> = Vec::new();
    let mut number_of = |name: &str, arity: usize| {
        *names.entry((name.to_owned(), arity)).or_insert_with(|| {
            predicates.push(Predicate {
                name: name.to_owned(),
                arity,
                aggregates: vec![None; arity],
                ids: vec![false; arity],
                ..Predicate::default()
            });
            predicates.len() - 1
        })
    };
    let goal = number_of(super::GOAL, columns.len());
    for rule in &rules {
        let head = &rule.head;
        if Builtin::parse(&head.predicate).is_some() {
            let message = format!("`{head}` redefines a predicate of the language");
            return Err(Error::program(message, head.span));
        }
        number_of(&head.predicate, head.args.len());
    }
    let (facts, with_body): (Vec<Rule>, Vec<Rule>) =
        rules.into_iter().partition(|rule| rule.body.is_empty());
    if let Some(rule) = with_body.get(MAX_RULES) {
        let message = format!("a program has at most {MAX_RULES} rules");
        return Err(Error::program(message, rule.head.span));
    }
    let with_body: Vec<Rule> = goals.into_iter().chain(with_body).collect();

    let mut warnings = Vec::new();
    let mut calls = Vec::new();
    for rule in &with_body {
        let mut of_rule = Vec::new();
        for literal in &rule.body {
            of_rule.push(resolve(literal, &names, unknown, &mut warnings)?);
        }
        calls.push(of_rule);
    }
    let mut kinds = Kinds::new(&predicates);
    let vars: Vec<Vec<String>> = with_body.iter().map(variables).collect();
    for ((rule, calls), vars) in with_body.iter().zip(&calls).zip(&vars) {
        kinds.rule(
            rule,
            calls,
            vars,
            names[&(rule.head.predicate.clone(), rule.head.args.len())],
        );
    }
    for (predicate, checked) in predicates.iter_mut().enumerate() {
        for column in 0..checked.arity {
            checked.ids[column] = kinds.column_is_id(predicate, column);
        }
    }

    let mut values = Values::default();
    for fact in facts {
        let predicate = names[&(fact.head.predicate.clone(), fact.head.args.len())];
        push_fact(&fact, &mut predicates[predicate], &mut values)?;
    }
    let mut checked = Vec::new();
    for (number, ((rule, calls), vars)) in with_body.into_iter().zip(calls).zip(vars).enumerate() {
        let predicate = names[&(rule.head.predicate.clone(), rule.head.args.len())];
        let rule = check_rule(rule, calls, vars, predicate, &kinds, number, &mut values);
        aggregates_agree(&rule, &mut predicates[predicate])?;
        predicates[predicate].rules.push(number);
        checked.push(rule);
    }
    let columns = columns
        .into_iter()
        .enumerate()
        .map(|(column, name)| Column {
            name,
            is_id: predicates[goal].ids[column],
        })
        .collect();
    let order = strata::stratify(&mut predicates, &checked)?;
    safety::check(&mut predicates, &checked, &order)?;
    Ok(Question {
        predicates,
        rules: checked,
        values,
        goal,
        columns,
        warnings,
    })
}

/// Finds out what a literal asks.
fn resolve(
    literal: &Literal,
    names: &Names,
    unknown: UnknownPredicates,
    warnings: &mut Vec<String>,
) -> Result<Call, Error> {
    let given = literal.args.len();
    if let Some(builtin) = Builtin::parse(&literal.predicate) {
        let arity = builtin.arity();
        if arity.contains(&given) {
            return Ok(Call::Builtin(builtin));
        }
        let wanted = if arity.start() == arity.end() {
            arity.end().to_string()
        } else {
            format!("{} or {}", arity.start(), arity.end())
        };
        let message = format!(
            "`{literal}` has {given} arguments, but {} takes {wanted}",
            literal.predicate
        );
        return Err(Error::program(message, literal.span));
    }
    if let Some(&predicate) = names.get(&(literal.predicate.clone(), given)) {
        return Ok(Call::User(predicate));
    }
    let range = (literal.predicate.clone(), 0)..=(literal.predicate.clone(), usize::MAX);
    if let Some(((name, arity), _)) = names.range(range).next() {
        let message =
            format!("`{literal}` has {given} arguments, but the rules of {name} have {arity}");
        return Err(Error::program(message, literal.span));
    }
    let mut known: Vec<&str> = builtin_names().collect();
    known.extend(names.keys().map(|(name, _)| name.as_str()));
    let message = format!(
        "no rule defines the predicate {} of `{literal}`{}",
        literal.predicate,
        hint(
            &literal.predicate,
            known.into_iter().filter(|name| !name.is_empty())
        )
    );
    match unknown {
        UnknownPredicates::Refuse => Err(Error::program(message, literal.span)),
        UnknownPredicates::Warn => {
            warnings.push(message);
            Ok(Call::Unknown)
        }
    }
}

/// Names of the variables of a rule.
fn variables(rule: &Rule) -> Vec<String> {
    let mut vars = Vec::new();
    let mut seen = rustc_hash::FxHashSet::default();
    let head = rule.head.args.iter().filter_map(|arg| match arg {
        HeadTerm::Plain(Term::Variable(name)) | HeadTerm::Aggregate(_, name) => Some(name),
        HeadTerm::Plain(_) => None,
    });
    let terms = rule.body.iter().flat_map(|literal| &literal.args);
    let body = terms.filter_map(|term| match term {
        Term::Variable(name) => Some(name),
        _ => None,
    });
    for name in head.chain(body) {
        if seen.insert(name) {
            vars.push(name.clone());
        }
    }
    vars
}

fn push_fact(fact: &Rule, predicate: &mut Predicate, values: &mut Values) -> Result<(), Error> {
    let head = &fact.head;
    for (column, arg) in head.args.iter().enumerate() {
        let HeadTerm::Plain(Term::Constant(text)) = arg else {
            let message =
                format!("the fact `{head}` has to consist of constants, and {arg} is none");
            return Err(Error::program(message, head.span));
        };
        predicate
            .facts
            .push(constant(text, predicate.ids[column], values));
    }
    predicate.fact_count += 1;
    Ok(())
}

fn constant(text: &str, is_id: bool, values: &mut Values) -> Value {
    if is_id {
        values.number(crate::graph::node_id(text))
    } else {
        values.text(text)
    }
}

fn check_rule(
    rule: Rule,
    calls: Vec<Call>,
    vars: Vec<String>,
    predicate: usize,
    kinds: &Kinds,
    number: usize,
    values: &mut Values,
) -> CheckedRule {
    let numbers: rustc_hash::FxHashMap<&str, usize> = vars
        .iter()
        .enumerate()
        .map(|(number, name)| (name.as_str(), number))
        .collect();
    let head = rule
        .head
        .args
        .iter()
        .enumerate()
        .map(|(column, arg)| match arg {
            HeadTerm::Plain(Term::Variable(name)) => HeadArg::Var(numbers[name.as_str()]),
            HeadTerm::Aggregate(aggregate, name) => {
                HeadArg::Aggregate(*aggregate, numbers[name.as_str()])
            }
            HeadTerm::Plain(Term::Constant(text)) => HeadArg::Const(constant(
                text,
                kinds.column_is_id(predicate, column),
                values,
            )),
            // An argument that nothing binds; the check of safety reports it.
            HeadTerm::Plain(Term::Wildcard) => HeadArg::Var(usize::MAX),
        })
        .collect();
    let body = rule
        .body
        .into_iter()
        .zip(calls)
        .map(|(written, call)| {
            let args = written
                .args
                .iter()
                .enumerate()
                .map(|(column, term)| match term {
                    Term::Wildcard => Arg::Any,
                    Term::Variable(name) => Arg::Var(numbers[name.as_str()]),
                    Term::Constant(text) => {
                        let other = written.args.get(1 - column.min(1)).and_then(|t| match t {
                            Term::Variable(name) => Some(numbers[name.as_str()]),
                            _ => None,
                        });
                        let is_id = kinds.constant_is_id(number, call, column, other);
                        Arg::Const(constant(text, is_id, values))
                    }
                })
                .collect();
            BodyLiteral {
                negated: written.negated,
                call,
                args,
                written,
            }
        })
        .collect();
    CheckedRule {
        predicate,
        head,
        body,
        written: rule.head,
        vars,
    }
}

/// All rules of a predicate have to aggregate the same arguments in the same way.
fn aggregates_agree(rule: &CheckedRule, predicate: &mut Predicate) -> Result<(), Error> {
    let found: Vec<_> = rule
        .head
        .iter()
        .map(|arg| match arg {
            HeadArg::Aggregate(aggregate, _) => Some(*aggregate),
            _ => None,
        })
        .collect();
    let first = predicate.rules.is_empty() && predicate.fact_count == 0;
    if first {
        predicate.aggregates = found;
        return Ok(());
    }
    if predicate.aggregates == found {
        return Ok(());
    }
    let message = format!(
        "`{}` does not aggregate as the other rules of {} do",
        rule.written, predicate.name
    );
    Err(Error::program(message, rule.written.span))
}
