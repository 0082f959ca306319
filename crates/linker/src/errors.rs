//! Pass: what functions throw and reject with, and their callers in the same module too (THROWS, REJECTS); which calls
//! settle a promise (RESOLVES_TO).
//!
//! Errors pass from callees to callers until nothing changes, as sets of bits over the classes of errors of the module.
//! They do not pass from module to module: what a module's pass gives depends on what the module reads of others, and
//! not on what all of them call.

use std::rc::Rc;

use graph_model::summary::{CallFact, CallKind, NodeRef, Shape, ShapeRef, ThrowKind};
use graph_model::{EdgeType, NodeId};
use rustc_hash::FxHashMap;

use crate::Linker;
use crate::calls::{CallTarget, Callee, Confidence};
use crate::edges::{FileLinks, push_json_string};
use crate::eval::{Eval, Place, Value};
use crate::program::{Fact, ModuleIx, Role};

/// Of a function that more kinds of errors than these reach only those are told that it throws itself.
const MAX_CLASSES: usize = 16;

/// The class of an error.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum ErrorClass {
    /// A CLASS of the project.
    Class(Place),
    /// A class of a package: specifier and path.
    External(Box<str>, Box<str>),
}

/// A function throws or rejects with an error itself.
#[derive(Debug)]
struct Thrown {
    function: NodeRef,
    class: ErrorClass,
    /// How it rejects; `None` where it throws.
    rejects: Option<&'static str>,
}

/// A call of a function of the same module through which errors pass.
#[derive(Debug)]
struct Way {
    caller: NodeRef,
    callee: NodeRef,
    /// It is awaited or returned, so rejections pass too.
    settles: bool,
}

/// What one module says of errors.
#[derive(Debug)]
pub(crate) struct ModuleErrors {
    module: ModuleIx,
    thrown: Vec<Thrown>,
    ways: Vec<Way>,
}

impl ModuleErrors {
    pub(crate) fn new(module: ModuleIx) -> Self {
        ModuleErrors {
            module,
            thrown: Vec::new(),
            ways: Vec::new(),
        }
    }

    /// Notes that errors of a target reach the caller.
    pub(crate) fn note(&mut self, call: &CallFact, target: &CallTarget) {
        if let (Some(caller), false) = (call.caller, call.protected)
            && target.confidence < Confidence::Possible
            && let Callee::Node(callee) = target.callee
            && callee.module == self.module
        {
            self.ways.push(Way {
                caller,
                callee: callee.node,
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
    mut errors: ModuleErrors,
) {
    let of = eval.linker.program.module(ix);
    let errors = &mut errors;
    for throw in &of.summary.throws {
        let is_async = of.function(throw.function).is_some_and(|f| f.is_async);
        let rejects = match (throw.kind, is_async) {
            (ThrowKind::Reject, _) => Some("promise_reject"),
            (ThrowKind::Throw, true) => Some("async_throw"),
            (ThrowKind::Throw, false) => None,
        };
        thrown(eval, ix, throw.function, throw.shape, rejects, errors);
    }
    for call in &of.summary.calls {
        match *of.summary.shape(call.callee) {
            Shape::Member(object, name)
                if of.summary.name(name) == "reject" && is_promise(eval, ix, object) =>
            {
                if let (Some(caller), Some(value)) = (call.caller, argument(eval, ix, call)) {
                    thrown(eval, ix, caller, value, Some("promise_reject"), errors);
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
                    thrown(eval, ix, maker, value, Some("executor_reject"), errors);
                }
            }
            _ => {}
        }
    }
    write(eval.linker, errors, links);
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
    rejects: Option<&'static str>,
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
                ErrorClass::External((&**specifier).into(), path.into())
            }
            _ => continue,
        };
        errors.thrown.push(Thrown {
            function,
            class,
            rejects,
        });
    }
}

/// What a function throws and rejects with: two bits for each class.
#[derive(Clone, Default, PartialEq, Eq)]
struct Bits(Vec<u64>);

impl Bits {
    fn set(&mut self, bit: usize) {
        if self.0.len() <= bit / 64 {
            self.0.resize(bit / 64 + 1, 0);
        }
        self.0[bit / 64] |= 1 << (bit % 64);
    }

    fn has(&self, bit: usize) -> bool {
        self.0
            .get(bit / 64)
            .is_some_and(|w| w >> (bit % 64) & 1 == 1)
    }

    fn count(&self) -> usize {
        self.0.iter().map(|w| w.count_ones() as usize).sum()
    }

    fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.0.len() * 64).filter(|&bit| self.has(bit))
    }
}

struct Function {
    node: NodeRef,
    throws: Bits,
    rejects: Bits,
    /// Those that it throws itself, with how it rejects.
    own: Vec<(usize, Option<&'static str>)>,
    /// Where its errors come from: callees, and whether their rejections pass.
    ways: Vec<(u32, bool)>,
    callers: Vec<u32>,
    is_async: bool,
}

/// Lets errors pass from callees to callers, and writes what every function throws.
fn write(linker: &Linker<'_>, errors: &ModuleErrors, links: &mut FileLinks) {
    if errors.thrown.is_empty() {
        return;
    }
    let of = linker.program.module(errors.module);
    let mut classes: Vec<&ErrorClass> = Vec::new();
    let mut class_of: FxHashMap<&ErrorClass, usize> = FxHashMap::default();
    let mut functions: Vec<Function> = Vec::new();
    let mut function_of: FxHashMap<NodeRef, u32> = FxHashMap::default();
    let mut index = |node: NodeRef, functions: &mut Vec<Function>| {
        *function_of.entry(node).or_insert_with(|| {
            functions.push(Function {
                node,
                throws: Bits::default(),
                rejects: Bits::default(),
                own: Vec::new(),
                ways: Vec::new(),
                callers: Vec::new(),
                is_async: of.function(node).is_some_and(|f| f.is_async),
            });
            functions.len() as u32 - 1
        })
    };
    for thrown in &errors.thrown {
        let class = *class_of.entry(&thrown.class).or_insert_with(|| {
            classes.push(&thrown.class);
            classes.len() - 1
        });
        let at = index(thrown.function, &mut functions);
        let function = &mut functions[at as usize];
        match thrown.rejects {
            Some(_) => function.rejects.set(class),
            None => function.throws.set(class),
        }
        if !function.own.contains(&(class, thrown.rejects)) {
            function.own.push((class, thrown.rejects));
        }
    }
    for way in &errors.ways {
        let caller = index(way.caller, &mut functions);
        let callee = index(way.callee, &mut functions);
        if caller != callee {
            functions[caller as usize].ways.push((callee, way.settles));
            functions[callee as usize].callers.push(caller);
        }
    }
    propagate(&mut functions);
    for function in &functions {
        write_function(linker, errors.module, &functions, &classes, function, links);
    }
}

fn propagate(functions: &mut [Function]) {
    let mut waiting: Vec<u32> = (0..functions.len() as u32)
        .filter(|&f| !functions[f as usize].own.is_empty())
        .collect();
    let mut is_waiting: Vec<bool> = functions.iter().map(|f| !f.own.is_empty()).collect();
    let mut next = 0;
    while next < waiting.len() {
        let at = waiting[next] as usize;
        next += 1;
        is_waiting[at] = false;
        let function = &functions[at];
        let (throws, rejects) = (function.throws.clone(), function.rejects.clone());
        let callers = std::mem::take(&mut functions[at].callers);
        for &caller in &callers {
            let to = &mut functions[caller as usize];
            let settles = to.ways.iter().any(|w| w.0 as usize == at && w.1);
            let before = (to.throws.count(), to.rejects.count());
            for bit in throws.iter() {
                match to.is_async {
                    true => to.rejects.set(bit),
                    false => to.throws.set(bit),
                }
            }
            if settles {
                rejects.iter().for_each(|bit| to.rejects.set(bit));
            }
            if before != (to.throws.count(), to.rejects.count()) && !is_waiting[caller as usize] {
                is_waiting[caller as usize] = true;
                waiting.push(caller);
            }
        }
        functions[at].callers = callers;
    }
}

fn write_function(
    linker: &Linker<'_>,
    module: ModuleIx,
    functions: &[Function],
    classes: &[&ErrorClass],
    function: &Function,
    links: &mut FileLinks,
) {
    let summary = &linker.program.module(module).summary;
    let src = summary.node(function.node).node_id();
    for rejects in [false, true] {
        let bits = if rejects {
            &function.rejects
        } else {
            &function.throws
        };
        for class in bits.iter() {
            let own = (function.own.iter())
                .find(|o| o.0 == class && o.1.is_some() == rejects)
                .map(|o| o.1);
            if own.is_none() && bits.count() > MAX_CLASSES {
                continue;
            }
            let (dst, name) = class_node(linker, classes[class], links);
            let mut metadata = String::from("{\"errorClassName\":");
            push_json_string(&mut metadata, &name);
            if own.is_none() {
                let from = (origin(functions, function, class, rejects))
                    .map(|node| summary.semantic_id(node))
                    .min();
                metadata.push_str(",\"propagatedFrom\":");
                push_json_string(&mut metadata, from.unwrap_or_default());
            }
            if rejects {
                let kind = own.flatten().unwrap_or("propagated");
                metadata.extend([",\"rejectionType\":\"", kind, "\""]);
            }
            metadata.push('}');
            let edge = match rejects {
                true => EdgeType::Rejects,
                false => EdgeType::Throws,
            };
            links.edge(src, edge, dst, metadata);
        }
    }
}

/// The callees that an error comes from.
fn origin<'f>(
    functions: &'f [Function],
    function: &'f Function,
    class: usize,
    rejects: bool,
) -> impl Iterator<Item = NodeRef> + 'f {
    let callees = function.ways.iter().filter(move |(callee, settles)| {
        let callee = &functions[*callee as usize];
        rejects == function.is_async && callee.throws.has(class)
            || rejects && *settles && callee.rejects.has(class)
    });
    callees.map(|(callee, _)| functions[*callee as usize].node)
}

fn class_node(linker: &Linker<'_>, class: &ErrorClass, links: &mut FileLinks) -> (NodeId, Rc<str>) {
    match class {
        ErrorClass::Class(place) => {
            let of = linker.program.module(place.module);
            let name = of.id_name(place.node);
            (of.summary.node(place.node).node_id(), name.into())
        }
        ErrorClass::External(specifier, path) => {
            let name = path.rsplit('.').next().unwrap_or(path);
            (links.external_function(specifier, path), name.into())
        }
    }
}
