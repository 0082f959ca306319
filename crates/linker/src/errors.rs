//! Pass: what functions throw and reject with (THROWS, REJECTS); which calls settle a promise (RESOLVES_TO).
//!
//! A module's pass finds what its own functions throw, and the calls through which errors come to them. How errors pass
//! from callees to callers, from module to module, is told of the whole program afterwards (`error_ways.rs`).

use graph_model::EdgeType;
use graph_model::summary::{CallFact, CallKind, NodeRef, Shape, ShapeRef, ThrowKind};
use serde::{Deserialize, Serialize};

use crate::Linker;
use crate::calls::{CallTarget, Callee, Confidence};
use crate::edges::FileLinks;
use crate::eval::{Eval, Place, Value};
use crate::program::{Fact, ModuleIx, Role};

/// The class of an error.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum ErrorClass {
    /// A CLASS of the project.
    Class(Place),
    /// A class of a package: specifier and path.
    External(Box<str>, Box<str>),
}

/// How a function gives an error to its callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Leaving {
    Throw,
    /// An async function throws.
    AsyncThrow,
    PromiseReject,
    ExecutorReject,
}

/// A function throws or rejects with an error itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Thrown {
    pub(crate) function: Place,
    pub(crate) class: ErrorClass,
    pub(crate) leaving: Leaving,
}

/// A call through which errors pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Way {
    pub(crate) caller: Place,
    pub(crate) callee: Place,
    /// The caller is async.
    pub(crate) is_async: bool,
    /// It is awaited or returned, so rejections pass too.
    pub(crate) settles: bool,
}

/// What one module says of errors.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct ModuleErrors {
    pub(crate) thrown: Vec<Thrown>,
    pub(crate) ways: Vec<Way>,
}

impl ModuleErrors {
    /// Notes that errors of a target reach the caller.
    pub(crate) fn note(
        &mut self,
        linker: &Linker<'_>,
        module: ModuleIx,
        call: &CallFact,
        target: &CallTarget<'_>,
    ) {
        if let (Some(node), false) = (call.caller, call.protected)
            && target.confidence < Confidence::Possible
            && let Callee::Node(callee) = target.callee
        {
            let of = linker.program.module(module);
            self.ways.push(Way {
                caller: Place { module, node },
                callee,
                is_async: of.function(node).is_some_and(|f| f.is_async),
                settles: call.settles,
            });
        }
    }
}

/// Runs the pass for one module; `errors` has the calls that the pass of calls has noted.
pub(crate) fn run(
    eval: &mut Eval<'_, '_>,
    ix: ModuleIx,
    links: &mut FileLinks,
    errors: &mut ModuleErrors,
) {
    let of = eval.linker.program.module(ix);
    for throw in &of.summary.throws {
        let is_async = of.function(throw.function).is_some_and(|f| f.is_async);
        let leaving = match (throw.kind, is_async) {
            (ThrowKind::Reject, _) => Leaving::PromiseReject,
            (ThrowKind::Throw, true) => Leaving::AsyncThrow,
            (ThrowKind::Throw, false) => Leaving::Throw,
        };
        thrown(eval, ix, throw.function, throw.shape, leaving, errors);
    }
    for call in &of.summary.calls {
        match *of.summary.shape(call.callee) {
            Shape::Member(object, name)
                if of.summary.name(name) == "reject" && is_promise(eval, ix, object) =>
            {
                if let (Some(caller), Some(value)) = (call.caller, argument(eval, ix, call)) {
                    thrown(eval, ix, caller, value, Leaving::PromiseReject, errors);
                }
            }
            Shape::Binding(node) => {
                let Some((promise, is_reject)) = settled_promise(eval, ix, node) else {
                    continue;
                };
                let src = of.summary.node(call.node).node_id();
                let dst = of.summary.node(promise.node).node_id();
                let metadata = match is_reject {
                    true => r#"{"isReject":true}"#,
                    false => r#"{"isReject":false}"#,
                };
                links.edge(src, EdgeType::ResolvesTo, dst, metadata);
                if let (true, Some(maker), Some(value)) =
                    (is_reject, promise.caller, argument(eval, ix, call))
                {
                    thrown(eval, ix, maker, value, Leaving::ExecutorReject, errors);
                }
            }
            _ => {}
        }
    }
}

fn argument(eval: &Eval<'_, '_>, ix: ModuleIx, call: &CallFact) -> Option<ShapeRef> {
    let of = eval.linker.program.module(ix);
    let argument = call.arguments.of(&of.summary.arguments).first()?;
    (!argument.spread).then_some(argument.shape)
}

fn is_promise(eval: &Eval<'_, '_>, ix: ModuleIx, shape: ShapeRef) -> bool {
    let of = eval.linker.program.module(ix);
    matches!(*of.summary.shape(shape), Shape::Global(name) if of.summary.name(name) == "Promise")
}

/// The `new Promise(executor)` that a parameter of the executor settles, and whether it rejects it.
fn settled_promise<'p>(
    eval: &Eval<'_, 'p>,
    ix: ModuleIx,
    node: NodeRef,
) -> Option<(&'p CallFact, bool)> {
    let of = eval.linker.program.module(ix);
    let Fact::Parameter(i) = of.fact(node) else {
        return None;
    };
    let binding = &of.summary.bindings[i as usize];
    if binding.index > 1 || !binding.path.is_empty() {
        return None;
    }
    let Some(Role::Argument(call, 0)) = of.role(binding.function) else {
        return None;
    };
    let promise = of.summary.calls.get(call as usize)?;
    (promise.kind == CallKind::New && is_promise(eval, ix, promise.callee))
        .then_some((promise, binding.index == 1))
}

fn thrown(
    eval: &mut Eval<'_, '_>,
    ix: ModuleIx,
    function: NodeRef,
    value: ShapeRef,
    leaving: Leaving,
    errors: &mut ModuleErrors,
) {
    eval.refuel();
    let values = eval.shape(ix, value);
    for value in values.iter() {
        let class = match value {
            Value::Inst(place, _) => {
                let of = eval.linker.program.module(place.module);
                match of.class(place.node) {
                    Some(_) => ErrorClass::Class(*place),
                    None => continue,
                }
            }
            Value::ExtInst(specifier, path) => {
                let path = if path.is_empty() { "default" } else { path };
                let specifier = specifier.strip_prefix("node:").unwrap_or(specifier);
                ErrorClass::External(specifier.into(), path.into())
            }
            _ => continue,
        };
        let thrown = Thrown {
            function: Place {
                module: ix,
                node: function,
            },
            class,
            leaving,
        };
        if !errors.thrown.contains(&thrown) {
            errors.thrown.push(thrown);
        }
    }
}
