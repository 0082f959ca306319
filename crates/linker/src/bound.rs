//! Arguments that `bind` gives a function before it is called.

use graph_model::summary::CallFact;

use crate::calls::{CallTarget, Callee, Confidence};
use crate::eval::{Eval, Place};
use crate::program::ModuleIx;

/// The resolution of what a call only passes arguments to.
pub(crate) const BIND: &str = "bind";

/// What `f.bind(t, a)` passes its arguments to; it runs nothing.
pub(crate) fn passed<'l>(
    eval: &mut Eval<'l, '_>,
    ix: ModuleIx,
    call: &CallFact,
) -> Vec<CallTarget<'l>> {
    if call.arguments.len < 2 {
        return Vec::new();
    }
    let Some((functions, "bind")) = eval.bound_function(ix, call) else {
        return Vec::new();
    };
    let functions: Vec<Place> = (functions.iter())
        .filter_map(|value| eval.function_of(value))
        .collect();
    let confidence = match functions.len() {
        1 => Confidence::Exact,
        _ => Confidence::Possible,
    };
    let target = |place| CallTarget {
        callee: Callee::Node(place),
        resolution: BIND,
        confidence,
        shift: 1,
        applies: false,
    };
    functions.into_iter().map(target).collect()
}
