//! Callees that are written to besides: what is known of them is not all that they can be.

use graph_model::summary::{CallFact, Shape};

use crate::Linker;
use crate::eval::Eval;
use crate::program::{Fact, ModuleIx};

/// Whether a parameter is called that is written too: of what stands in where nothing is passed nobody knows whether it does.
pub(crate) fn stands_in(linker: &Linker<'_>, ix: ModuleIx, call: &CallFact) -> bool {
    let of = linker.program.module(ix);
    let Shape::Binding(node) = *of.summary.shape(of.summary.unwrapped(call.callee)) else {
        return false;
    };
    let Fact::Parameter(i) = of.fact(node) else {
        return false;
    };
    let binding = &of.summary.bindings[i as usize];
    let parameter = of.function(binding.function).and_then(|function| {
        let parameters = of.summary.signature(function.signature).parameters;
        parameters
            .of(&of.summary.parameters)
            .get(binding.index as usize)
    });
    parameter.is_some_and(|p| !p.declared.is_known()) && of.variables(node).next().is_some()
}

/// Whether a variable is called that others set: a parameter of which nothing is known is written to it.
pub(crate) fn by_others(eval: &mut Eval<'_, '_>, ix: ModuleIx, call: &CallFact) -> bool {
    let of = eval.linker.program.module(ix);
    let binding = |shape| match *of.summary.shape(of.summary.unwrapped(shape)) {
        Shape::Binding(node) => Some(node),
        _ => None,
    };
    let Some(node) = binding(call.callee) else {
        return false;
    };
    let is_parameter =
        |shape| binding(shape).is_some_and(|node| matches!(of.fact(node), Fact::Parameter(_)));
    matches!(of.fact(node), Fact::Variable(_))
        && of.variables(node).all(|v| !v.declared.is_known())
        && (of.variables(node).filter(|v| v.reassigned))
            .any(|v| is_parameter(v.init) && eval.shape(ix, v.init).is_empty())
}
