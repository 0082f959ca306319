//! Whether every variable gets its values from somewhere.
//!
//! A predicate may leave arguments to its callers: `is_test(F) :- starts_with(F, "test/").` is safe wherever `F` is known.
//! Such arguments are *required*. They are found from the predicates that call nothing upwards.

use super::{Arg, BodyLiteral, Call, CheckedRule, HeadArg, Predicate};
use crate::error::Error;

/// Finds the required arguments of all predicates, and refuses rules that cannot be evaluated.
pub(super) fn check(
    predicates: &mut [Predicate],
    rules: &[CheckedRule],
    order: &[usize],
) -> Result<(), Error> {
    let mut start = 0;
    while start < order.len() {
        let component = predicates[order[start]].component;
        let mut end = start;
        while end < order.len() && predicates[order[end]].component == component {
            end += 1;
        }
        // Members of a component may require more because another does.
        let mut changed = true;
        while changed {
            changed = false;
            for &predicate in &order[start..end] {
                for &rule in &predicates[predicate].rules {
                    let missing = missing_columns(&rules[rule], predicates);
                    if missing & !predicates[predicate].required != 0 {
                        predicates[predicate].required |= missing;
                        changed = true;
                        break;
                    }
                }
                if changed {
                    break;
                }
            }
        }
        start = end;
    }
    for rule in rules {
        verify(rule, predicates, rules)?;
    }
    Ok(())
}

/// Variables that occur outside of a literal: in the head, or in another literal.
pub(crate) fn shared_variables(rule: &CheckedRule) -> Vec<bool> {
    let mut uses = vec![0u8; rule.vars.len()];
    for arg in &rule.head {
        if let HeadArg::Var(var) | HeadArg::Aggregate(_, var) = *arg
            && let Some(uses) = uses.get_mut(var)
        {
            *uses = 2;
        }
    }
    for literal in &rule.body {
        let mut of_literal: Vec<usize> = literal.args.iter().filter_map(|arg| arg.var()).collect();
        of_literal.sort_unstable();
        of_literal.dedup();
        for var in of_literal {
            uses[var] = uses[var].saturating_add(1);
        }
    }
    uses.iter().map(|&uses| uses > 1).collect()
}

/// Whether a literal can be evaluated when some variables are known.
pub(crate) fn is_ready(
    literal: &BodyLiteral,
    bound: &[bool],
    shared: &[bool],
    predicates: &[Predicate],
) -> bool {
    let known = |at: usize| match literal.args.get(at) {
        Some(Arg::Var(var)) => bound[*var],
        Some(Arg::Const(_)) => true,
        Some(Arg::Any) | None => false,
    };
    if literal.negated {
        let mut vars = literal.args.iter().filter_map(|arg| arg.var());
        if vars.any(|var| !bound[var] && shared[var]) {
            return false;
        }
    }
    match literal.call {
        Call::Builtin(builtin) => builtin.is_ready(known),
        Call::User(predicate) => {
            let required = predicates[predicate].required;
            (0..literal.args.len()).all(|at| required >> at & 1 == 0 || known(at))
        }
        Call::Unknown => true,
    }
}

/// Marks the variables that are known after a literal.
pub(crate) fn bind(literal: &BodyLiteral, bound: &mut [bool]) {
    if !literal.negated {
        for var in literal.args.iter().filter_map(|arg| arg.var()) {
            bound[var] = true;
        }
    }
}

/// What is known after all literals that can be evaluated, and which cannot.
fn saturate<'r>(
    rule: &'r CheckedRule,
    required: u64,
    predicates: &[Predicate],
) -> (Vec<bool>, Vec<&'r BodyLiteral>) {
    let mut bound = vec![false; rule.vars.len()];
    for (column, arg) in rule.head.iter().enumerate() {
        if let HeadArg::Var(var) = *arg
            && required >> column & 1 == 1
            && let Some(bound) = bound.get_mut(var)
        {
            *bound = true;
        }
    }
    let shared = shared_variables(rule);
    let mut open: Vec<&BodyLiteral> = rule.body.iter().collect();
    loop {
        let before = open.len();
        open.retain(|literal| {
            let ready = is_ready(literal, &bound, &shared, predicates);
            if ready {
                bind(literal, &mut bound);
            }
            !ready
        });
        if open.is_empty() || open.len() == before {
            return (bound, open);
        }
    }
}

/// Arguments of the head that a rule cannot do without.
fn missing_columns(rule: &CheckedRule, predicates: &[Predicate]) -> u64 {
    let required = predicates[rule.predicate].required;
    let (bound, open) = saturate(rule, required, predicates);
    let mut missing = 0;
    for (column, arg) in rule.head.iter().enumerate() {
        let HeadArg::Var(var) = *arg else { continue };
        let Some(false) = bound.get(var) else {
            continue;
        };
        let in_open = open.iter().any(|l| l.args.contains(&Arg::Var(var)));
        if in_open {
            missing |= 1 << column;
        }
    }
    missing
}

fn verify(
    rule: &CheckedRule,
    predicates: &[Predicate],
    rules: &[CheckedRule],
) -> Result<(), Error> {
    let predicate = &predicates[rule.predicate];
    // Whoever asks gives no values.
    let asked = predicate.name.is_empty();
    if asked && predicate.required != 0 {
        return Err(root_cause(rule, predicates, rules));
    }
    let (bound, open) = saturate(rule, predicate.required, predicates);
    if !open.is_empty() {
        return Err(unplaced(&open, &bound, rule, predicates));
    }
    for (column, arg) in rule.head.iter().enumerate() {
        let (HeadArg::Var(var) | HeadArg::Aggregate(_, var)) = *arg else {
            continue;
        };
        if bound.get(var) != Some(&true) {
            let shown = &rule.written.args[column];
            let message = format!(
                "{shown} in the head `{}` is not bound: no positive literal of the body has it",
                rule.written
            );
            return Err(Error::program(message, rule.written.span));
        }
    }
    Ok(())
}

/// The literal because of which a goal that gives no values cannot be evaluated: down from the goal through the rules that
/// leave their arguments to their callers.
fn root_cause(goal: &CheckedRule, predicates: &[Predicate], rules: &[CheckedRule]) -> Error {
    let mut rule = goal;
    // A circle of rules is met again before that.
    for _ in 0..predicates.len() {
        let (_, open) = saturate(rule, 0, predicates);
        let Some(Call::User(called)) = open.first().map(|literal| literal.call) else {
            break;
        };
        let next = predicates[called]
            .rules
            .iter()
            .map(|&number| &rules[number]);
        let Some(next) = next
            .into_iter()
            .find(|rule| !saturate(rule, 0, predicates).1.is_empty())
        else {
            break;
        };
        rule = next;
    }
    let (bound, open) = saturate(rule, 0, predicates);
    unplaced(&open, &bound, rule, predicates)
}

/// The error for literals that nothing makes evaluable.
fn unplaced(
    open: &[&BodyLiteral],
    bound: &[bool],
    rule: &CheckedRule,
    predicates: &[Predicate],
) -> Error {
    let Some(literal) = open.first() else {
        let message = format!("`{}` cannot be evaluated", rule.written);
        return Error::program(message, rule.written.span);
    };
    let written = &literal.written;
    let mut names: Vec<&str> = Vec::new();
    for var in literal.args.iter().filter_map(|arg| arg.var()) {
        if !bound[var] && !names.contains(&rule.vars[var].as_str()) {
            names.push(&rule.vars[var]);
        }
    }
    let needs = match literal.call {
        _ if literal.negated => "its variables".to_owned(),
        Call::Builtin(builtin) => builtin.needs().to_owned(),
        Call::User(predicate) => {
            let required = predicates[predicate].required;
            let columns = (0..64).filter(|at| required >> at & 1 == 1);
            let columns: Vec<String> = columns.map(|at: u32| (at + 1).to_string()).collect();
            format!("argument {}", columns.join(" and "))
        }
        Call::Unknown => String::new(),
    };
    let why = if names.is_empty() {
        "a wildcard is not enough".to_owned()
    } else {
        let verb = if names.len() == 1 { "is" } else { "are" };
        format!(
            "{} {verb} bound by no positive literal",
            names.join(" and ")
        )
    };
    Error::program(
        format!("`{written}` needs {needs} bound, but {why}"),
        written.span,
    )
}
