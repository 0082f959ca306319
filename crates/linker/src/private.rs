//! Functions of a module that nothing but calls of the module itself can reach: so what their parameters get is known.

use graph_model::ModuleSummary;
use graph_model::summary::{CallKind, ExportTarget, List, ModuleType, NodeRef, Shape, ShapeRef};
use rustc_hash::FxHashMap;

use crate::roles::{Role, Roles};

/// A function with more calls than these takes anything.
const MAX_CALLS: usize = 8;

/// For each such function its calls, as indexes into [`ModuleSummary::calls`], in the order of the source.
pub(crate) fn private_calls(
    summary: &ModuleSummary,
    roles: &Roles,
) -> FxHashMap<NodeRef, Vec<u32>> {
    let mut calls: FxHashMap<NodeRef, Vec<u32>> = FxHashMap::default();
    for (i, call) in (0..).zip(&summary.calls) {
        if let (Some(function), CallKind::Call) = (call.resolved, call.kind) {
            calls.entry(function).or_default().push(i);
        }
    }
    let spread = |i: &u32| {
        let arguments = summary.calls[*i as usize].arguments;
        arguments.of(&summary.arguments).iter().any(|a| a.spread)
    };
    calls.retain(|function, calls| {
        calls.len() <= MAX_CALLS
            && !calls.iter().any(spread)
            && matches!(roles.get(*function), None | Some(Role::Variable(_)))
    });
    if calls.is_empty() {
        return calls;
    }
    let reached = reached(summary);
    let is_reached = |node: NodeRef| reached.get(node.0 as usize).copied().unwrap_or(true);
    calls.retain(|function, _| {
        let name = match roles.get(*function) {
            Some(Role::Variable(i)) => summary.variables.get(i as usize).map(|v| v.node),
            _ => None,
        };
        !is_reached(*function) && !name.is_some_and(is_reached)
    });
    if summary.module_type == ModuleType::Script {
        // What a script declares at its top is there for others.
        calls.retain(|&function, _| summary.local_id(function).contains("[in:"));
    }
    calls
}

/// For each node whether it is a name or function that is used for something else than to be called.
fn reached(summary: &ModuleSummary) -> Vec<bool> {
    let mut reached = vec![false; summary.nodes.len()];
    for export in &summary.exports {
        if let ExportTarget::Local(nodes) | ExportTarget::Equals(nodes) = &export.target {
            for node in nodes {
                if let Some(reached) = reached.get_mut(node.0 as usize) {
                    *reached = true;
                }
            }
        }
    }
    let mut shape = |at: ShapeRef| {
        if let Shape::Binding(node) = *summary.shape(at)
            && let Some(reached) = reached.get_mut(node.0 as usize)
        {
            *reached = true;
        }
    };
    let shapes = |list: List| list.of(&summary.shape_lists).iter().copied();
    for of in &summary.shapes {
        match *of {
            Shape::Member(inner, _)
            | Shape::Await(inner)
            | Shape::Element(inner)
            | Shape::Path(inner, _)
            | Shape::Cast(inner, _)
            | Shape::Narrow(inner, _) => shape(inner),
            Shape::OneOf(list) => shapes(list).for_each(&mut shape),
            _ => {}
        }
    }
    summary.arguments.iter().for_each(|a| shape(a.shape));
    summary.variables.iter().for_each(|v| shape(v.init));
    summary.properties.iter().for_each(|p| shape(p.shape));
    summary.parameters.iter().for_each(|p| shape(p.default));
    summary.bindings.iter().for_each(|b| shape(b.default));
    summary.members.iter().for_each(|m| shape(m.init));
    summary.throws.iter().for_each(|t| shape(t.shape));
    for array in &summary.arrays {
        shapes(array.elements).for_each(&mut shape);
    }
    for function in &summary.functions {
        shapes(function.returned).for_each(&mut shape);
        shapes(function.yielded).for_each(&mut shape);
    }
    for class in &summary.classes {
        class.extends.into_iter().for_each(&mut shape);
        class.writes.iter().for_each(|w| shape(w.3));
    }
    for write in &summary.writes {
        shape(write.object);
        shape(write.value);
    }
    for call in &summary.calls {
        if call.kind != CallKind::Call || call.resolved.is_none() {
            shape(call.callee);
        }
    }
    for export in &summary.exports {
        shape(export.shape);
    }
    reached
}
