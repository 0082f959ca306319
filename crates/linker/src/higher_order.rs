//! Pass: functions that are passed to functions of the program which call them (CALLS with `callType`), and what those calls
//! reach then (CALLS by "parameter").

use graph_model::summary::{Argument, CallFact, CallKind, NodeRef, Shape, ShapeRef, Sym};
use graph_model::{EdgeType, ModuleSummary, NodeId};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use crate::Linker;
use crate::arguments::{self, Received, Way};
use crate::bound::BIND;
use crate::calls::{CallTarget, Callee, Confidence};
use crate::edges::FileLinks;
use crate::eval::{Eval, Place, Set, Value};
use crate::program::{Fact, Module, ModuleIx};
use crate::reads;

/// A parameter is passed on so often at most.
const MAX_PASSED_ON: usize = 4;
/// More functions, or more calls of one, than these are none.
const MAX_FUNCTIONS: usize = 16;

/// A call that does something with a parameter that may be a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ParameterUse {
    /// Index of the parameter's fact.
    binding: u32,
    /// Index of the call's fact.
    pub(crate) call: u32,
    how: How,
}

impl ParameterUse {
    /// The position at which it is passed on.
    pub(crate) fn passed_to(&self) -> Option<u32> {
        match self.how {
            How::Passed(at) => Some(at),
            How::Called { .. } | How::Method(_) => None,
        }
    }

    /// The method that is called.
    pub(crate) fn method(&self) -> Option<Sym> {
        match self.how {
            How::Method(name) => Some(name),
            How::Called { .. } | How::Passed(_) => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum How {
    /// `f()`; with `f.call(…)` or `f.apply(…)` there are arguments before those for the function.
    Called { shift: i32, applies: bool },
    /// `f.name()`.
    Method(Sym),
    /// `g(f)`: the position. Not to methods: what is passed to those is mostly no function, and an edit of such a call
    /// would be one of what others see of the function around it.
    Passed(u32),
}

/// A call of a parameter runs a function that is passed for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) call: Place,
    pub(crate) function: Place,
}

/// The calls that run more functions than are told.
pub(crate) fn crowded<'r>(runs: impl IntoIterator<Item = &'r Run>) -> FxHashSet<Place> {
    let mut functions: FxHashMap<Place, Vec<Place>> = FxHashMap::default();
    for run in runs {
        let of = functions.entry(run.call).or_default();
        if of.len() <= MAX_FUNCTIONS && !of.contains(&run.function) {
            of.push(run.function);
        }
    }
    functions.retain(|_, of| of.len() > MAX_FUNCTIONS);
    functions.into_keys().collect()
}

/// Writes what the calls of a module run that other calls pass; in the order of those.
pub(crate) fn write(
    linker: &Linker<'_>,
    runs: &[Run],
    crowded: &FxHashSet<Place>,
    links: &mut FileLinks,
) {
    let mut runs: Vec<(NodeId, NodeId)> = (runs.iter())
        .filter(|run| !crowded.contains(&run.call))
        .map(|run| (linker.node_id(run.call), linker.node_id(run.function)))
        .collect();
    if runs.is_empty() {
        return;
    }
    let calls: FxHashSet<NodeId> = runs.iter().map(|run| run.0).collect();
    links.remove(|edge| edge.edge_type == EdgeType::UnresolvedCall && calls.contains(&edge.src));
    let known = (links.edges())
        .filter(|edge| edge.edge_type == EdgeType::Calls && calls.contains(&edge.src));
    let mut known: FxHashSet<(NodeId, NodeId)> = known.map(|edge| (edge.src, edge.dst)).collect();
    runs.retain(|run| known.insert(*run));
    for (call, function) in runs {
        let metadata = r#"{"resolution":"parameter","confidence":"possible"}"#;
        links.push(call, EdgeType::Calls, function, |text| {
            text.push_str(metadata)
        });
    }
}

/// Such calls of a module, sorted.
pub(crate) fn parameter_uses(
    summary: &ModuleSummary,
    fact: impl Fn(NodeRef) -> Fact,
) -> Vec<ParameterUse> {
    let plain = |shape: ShapeRef| *summary.shape(summary.unwrapped(shape));
    let binding = |shape: Shape| match shape {
        Shape::Binding(node) => match fact(node) {
            Fact::Parameter(i) => Some(i),
            _ => None,
        },
        _ => None,
    };
    let mut uses = Vec::new();
    for (call, of) in (0..).zip(&summary.calls) {
        if of.kind == CallKind::Jsx {
            continue;
        }
        let callee = plain(of.callee);
        let called = match callee {
            Shape::Member(object, name) => binding(plain(object)).map(|binding| {
                let how = match summary.name(name) {
                    "call" => How::Called {
                        shift: 1,
                        applies: false,
                    },
                    "apply" => How::Called {
                        shift: 1,
                        applies: true,
                    },
                    _ => How::Method(name),
                };
                (binding, how)
            }),
            callee => binding(callee).map(|binding| {
                let how = How::Called {
                    shift: 0,
                    applies: false,
                };
                (binding, how)
            }),
        };
        if let Some((binding, how)) = called
            && of.kind == CallKind::Call
        {
            uses.push(ParameterUse { binding, call, how });
        }
        if of.kind != CallKind::Call || matches!(callee, Shape::Member(..)) {
            continue;
        }
        for (at, argument) in (0..).zip(of.arguments.of(&summary.arguments)) {
            if argument.spread {
                break;
            }
            if let Some(binding) = binding(plain(argument.shape)) {
                let how = How::Passed(at);
                uses.push(ParameterUse { binding, call, how });
            }
        }
    }
    uses.sort_unstable();
    uses
}

/// Those of one parameter.
pub(crate) fn uses_of(uses: &[ParameterUse], binding: u32) -> &[ParameterUse] {
    let start = uses.partition_point(|one| one.binding < binding);
    let rest = &uses[start..];
    &rest[..rest.partition_point(|one| one.binding == binding)]
}

/// A call that runs a function which is passed, or a method of an object which is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Site {
    module: ModuleIx,
    call: u32,
    how: How,
}

/// Whether a target may call what a call passes to it.
pub(crate) fn may_run(
    linker: &Linker<'_>,
    ix: ModuleIx,
    call: &CallFact,
    target: &CallTarget<'_>,
) -> bool {
    let Callee::Node(callee) = target.callee else {
        return false;
    };
    let caller = &linker.program.module(ix).summary;
    let arguments = call.arguments.of(&caller.arguments);
    // Most arguments are no functions at sight.
    let may_be = |argument: &Argument| {
        !matches!(
            caller.shape(argument.shape),
            Shape::Unknown
                | Shape::Primitive(_)
                | Shape::Text(_)
                | Shape::Array(_)
                | Shape::New(_)
                | Shape::Jsx(_)
        )
    };
    if !arguments.iter().any(may_be) || target.applies || target.confidence == Confidence::Possible
    {
        return false;
    }
    let of = linker.program.module(callee.module);
    // That there are none can change too.
    if reads::are_logged() {
        let function = reads::function_key(&of.summary, callee.node);
        reads::read(callee.module.0, function);
    }
    let mut bindings = of.bindings_of(callee.node);
    bindings.any(|(i, _)| !of.parameter_uses(i).is_empty())
}

/// Runs the pass for one module: calls and their targets that [`may_run`] what is passed.
pub(crate) fn run(
    eval: &mut Eval<'_, '_>,
    ix: ModuleIx,
    passing: &[(&CallFact, CallTarget<'_>)],
    links: &mut FileLinks,
    received: &mut Vec<Received>,
    runs: &mut Vec<Run>,
) {
    for (call, target) in passing {
        passes(eval, ix, call, target, links, received, runs);
    }
}

/// Notes which functions a call passes to a target that calls them.
fn passes(
    eval: &mut Eval<'_, '_>,
    ix: ModuleIx,
    call: &CallFact,
    target: &CallTarget<'_>,
    links: &mut FileLinks,
    received: &mut Vec<Received>,
    runs: &mut Vec<Run>,
) {
    let Callee::Node(callee) = target.callee else {
        return;
    };
    let linker = eval.linker;
    let of = linker.program.module(callee.module);
    let caller = linker.program.module(ix);
    let arguments = call.arguments.of(&caller.summary.arguments);
    let spread = arguments.iter().position(|a| a.spread);
    for (i, binding) in of.bindings_of(callee.node) {
        let Ok(at) = usize::try_from(i64::from(binding.index) + i64::from(target.shift)) else {
            continue;
        };
        let Some(argument) = arguments.get(at) else {
            continue;
        };
        if spread.is_some_and(|spread| spread <= at)
            || of.parameter_uses(i).is_empty()
            || is_rest(of, callee.node, binding.index)
        {
            continue;
        }
        eval.refuel();
        let mut values = eval.shape(ix, argument.shape);
        for &name in &binding.path {
            values = eval.member_named(values, callee.module, name);
        }
        if !values
            .iter()
            .any(|v| eval.function_of(v).is_some() || matches!(v, Value::Obj(_)))
        {
            continue;
        }
        let mut sites = Vec::new();
        let mut seen = Vec::new();
        find_sites(eval, callee.module, i, &mut seen, &mut sites);
        if sites.len() > MAX_FUNCTIONS {
            continue;
        }
        for site in sites {
            reach(
                eval,
                ix,
                call,
                (target.confidence, target.resolution),
                values,
                site,
                links,
                received,
                runs,
            );
        }
    }
}

fn is_rest(of: &Module, function: NodeRef, index: u32) -> bool {
    let parameters = of.function(function).map(|function| {
        let parameters = of.summary.signature(function.signature).parameters;
        parameters.of(&of.summary.parameters)
    });
    let parameter = parameters.and_then(|p| p.get(index as usize));
    parameter.is_none_or(|parameter| parameter.rest)
}

/// The calls that run what a parameter gets, in its function and in those that it is passed on to.
fn find_sites(
    eval: &mut Eval<'_, '_>,
    module: ModuleIx,
    binding: u32,
    seen: &mut Vec<(ModuleIx, u32)>,
    sites: &mut Vec<Site>,
) {
    if seen.len() > MAX_PASSED_ON || seen.contains(&(module, binding)) {
        return;
    }
    seen.push((module, binding));
    let program = eval.linker.program;
    let of = program.module(module);
    if reads::are_logged()
        && let Some(binding) = of.summary.bindings.get(binding as usize)
    {
        let function = reads::function_key(&of.summary, binding.function);
        reads::read(module.0, function);
    }
    for one in of.parameter_uses(binding) {
        let How::Passed(at) = one.how else {
            sites.push(Site {
                module,
                call: one.call,
                how: one.how,
            });
            continue;
        };
        let call = &of.summary.calls[one.call as usize];
        if call.kind != CallKind::Call {
            continue;
        }
        for value in eval.callee(module, call).iter() {
            let Some(function) = eval.function_of(value) else {
                continue;
            };
            let next = program.module(function.module);
            for (i, binding) in next.bindings_of(function.node) {
                if binding.index == at
                    && binding.path.is_empty()
                    && !is_rest(next, function.node, at)
                {
                    find_sites(eval, function.module, i, seen, sites);
                }
            }
        }
    }
}

/// One call runs what is passed: the edges of the call that passes it, and what the modules of the others are told.
#[allow(clippy::too_many_arguments)]
fn reach<'l>(
    eval: &mut Eval<'l, '_>,
    ix: ModuleIx,
    call: &CallFact,
    (confidence, resolution): (Confidence, &str),
    values: Set<'l>,
    site: Site,
    links: &mut FileLinks,
    received: &mut Vec<Received>,
    runs: &mut Vec<Run>,
) {
    let linker = eval.linker;
    let (values, shift, applies) = match site.how {
        How::Called { shift, applies } => (values, shift, applies),
        // Only of objects as they are written: what else has methods is no function that is passed.
        How::Method(name) => {
            let objects = values.iter().filter(|v| matches!(v, Value::Obj(_)));
            let objects = Set::of(eval.arena, objects.copied().collect());
            (eval.member_named(objects, site.module, name), 0, false)
        }
        How::Passed(_) => return,
    };
    let functions = values.iter().filter_map(|v| eval.function_of(v));
    let functions: Vec<Place> = functions.collect();
    let confidence = match functions.len() {
        1 => confidence,
        _ => Confidence::Possible,
    };
    let caller = linker.program.module(ix);
    let src = caller.summary.node(call.node).node_id();
    let inner = &linker.program.module(site.module).summary.calls[site.call as usize];
    for function in functions {
        let metadata = match confidence {
            Confidence::Exact => r#"{"callType":"callback","resolution":"higher-order"}"#,
            Confidence::Likely => {
                r#"{"callType":"callback","resolution":"higher-order","confidence":"likely"}"#
            }
            Confidence::Possible => {
                r#"{"callType":"callback","resolution":"higher-order","confidence":"possible"}"#
            }
        };
        // A call that passes a function to itself has its edge from the analyzer. An element renders, and calls nothing.
        if (function.module != ix || call.resolved != Some(function.node))
            && call.kind != CallKind::Jsx
            && resolution != BIND
        {
            links.edge(src, EdgeType::Calls, linker.node_id(function), metadata);
        }
        runs.push(Run {
            call: Place {
                module: site.module,
                node: inner.node,
            },
            function,
        });
        let target = CallTarget {
            callee: Callee::Node(function),
            resolution: "parameter",
            confidence: Confidence::Possible,
            shift,
            applies,
        };
        arguments::collect(linker, site.module, inner, &target, Way::Run, received);
    }
}
