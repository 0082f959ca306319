//! Components of predicates that depend on each other, and whether negation and aggregation stay outside of them.

use super::{Call, CheckedRule, Predicate};
use crate::error::Error;

/// Gives every predicate its component. Answers the predicates, each after those that it depends on unless they depend on
/// it too. (Tarjan's algorithm, with a stack of its own.)
pub(super) fn stratify(
    predicates: &mut [Predicate],
    rules: &[CheckedRule],
) -> Result<Vec<usize>, Error> {
    let callees: Vec<Vec<usize>> = predicates
        .iter()
        .map(|predicate| {
            let bodies = predicate.rules.iter().flat_map(|&rule| &rules[rule].body);
            bodies.filter_map(|literal| called(literal.call)).collect()
        })
        .collect();
    let count = predicates.len();
    let (mut index, mut low) = (vec![usize::MAX; count], vec![0; count]);
    let mut on_stack = vec![false; count];
    let (mut stack, mut order, mut next) = (Vec::new(), Vec::with_capacity(count), 0);
    let mut components = 0;
    for start in 0..count {
        if index[start] != usize::MAX {
            continue;
        }
        // (predicate, callees that were looked at)
        let mut walk = vec![(start, 0)];
        while let Some((at, seen)) = walk.last_mut() {
            let at = *at;
            if *seen == 0 {
                index[at] = next;
                low[at] = next;
                next += 1;
                stack.push(at);
                on_stack[at] = true;
            }
            if let Some(&callee) = callees[at].get(*seen) {
                *seen += 1;
                if index[callee] == usize::MAX {
                    walk.push((callee, 0));
                } else if on_stack[callee] {
                    low[at] = low[at].min(index[callee]);
                }
                continue;
            }
            walk.pop();
            if let Some((caller, _)) = walk.last() {
                low[*caller] = low[*caller].min(low[at]);
            }
            if low[at] == index[at] {
                let from = stack.iter().rposition(|&p| p == at).unwrap_or_default();
                let members = stack.split_off(from);
                for &member in &members {
                    on_stack[member] = false;
                    predicates[member].component = components;
                    predicates[member].recursive = members.len() > 1 || callees[at].contains(&at);
                    order.push(member);
                }
                components += 1;
            }
        }
    }
    for rule in rules {
        check(rule, predicates)?;
    }
    Ok(order)
}

fn called(call: Call) -> Option<usize> {
    match call {
        Call::User(predicate) => Some(predicate),
        _ => None,
    }
}

fn check(rule: &CheckedRule, predicates: &[Predicate]) -> Result<(), Error> {
    let head = &predicates[rule.predicate];
    for literal in &rule.body {
        let Some(callee) = called(literal.call).map(|callee| &predicates[callee]) else {
            continue;
        };
        if callee.component != head.component {
            continue;
        }
        let written = &literal.written;
        if literal.negated {
            let message = format!(
                "`{written}` makes {} depend on its own negation; the program is not stratified",
                head.name
            );
            return Err(Error::program(message, written.span));
        }
        if head.has_aggregate() {
            let message = format!(
                "`{written}` makes {} depend on its own aggregate; the program is not stratified",
                head.name
            );
            return Err(Error::program(message, written.span));
        }
    }
    Ok(())
}
