//! Functions that are passed to functions of packages, which may call them (CALLS with `callType`).

use graph_model::summary::{CallFact, Shape};
use graph_model::{EdgeType, GLOBAL_MODULE};

use crate::calls::{CallTarget, Callee};
use crate::edges::FileLinks;
use crate::eval::Eval;
use crate::eval::hooks::is_react;
use crate::is_builtin;
use crate::program::ModuleIx;

/// More functions than these are none.
const MAX_FUNCTIONS: usize = 16;

/// Whether a target is a function of a package of which nothing is known.
pub(crate) fn is_outside(target: &CallTarget<'_>) -> bool {
    let Callee::External(specifier, _) = &target.callee else {
        return false;
    };
    &**specifier != GLOBAL_MODULE && !is_builtin(specifier) && !is_react(specifier)
}

/// Adds the edges of a call of something outside.
pub(crate) fn passed(
    eval: &mut Eval<'_, '_>,
    ix: ModuleIx,
    call: &CallFact,
    links: &mut FileLinks,
) {
    let linker = eval.linker;
    let of = linker.program.module(ix);
    let src = of.summary.node(call.node).node_id();
    for argument in call.arguments.of(&of.summary.arguments) {
        let may_be = matches!(
            of.summary.shape(of.summary.unwrapped(argument.shape)),
            Shape::Function(_)
                | Shape::Binding(_)
                | Shape::Member(..)
                | Shape::Call(_)
                | Shape::OneOf(_)
        );
        if argument.spread || !may_be {
            continue;
        }
        let values = eval.shape(ix, argument.shape);
        let functions = values.iter().filter_map(|value| eval.function_of(value));
        for function in functions.take(MAX_FUNCTIONS) {
            let dst = linker.node_id(function);
            if !links.has(src, EdgeType::Calls, dst) {
                let metadata = r#"{"callType":"callback","confidence":"possible"}"#;
                links.edge(src, EdgeType::Calls, dst, metadata);
            }
        }
    }
}
