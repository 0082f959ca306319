//! Pass: where calls go (CALLS, RENDERS, INSTANCE_OF of `new`), and why some go nowhere.

mod constructors;

use std::borrow::Cow;

use graph_model::summary::{CallFact, CallKind, ModuleType, Shape, ShapeRef};
use graph_model::{EdgeType, GLOBAL_MODULE, NodeId, NodeType};
use serde::{Deserialize, Serialize};

use crate::Linker;
use crate::arguments::{self, Received};
use crate::bound::{self, BIND};
use crate::edges::FileLinks;
use crate::errors::ModuleErrors;
use crate::eval::{Env, Eval, Lib, Place, Set, Value};
use crate::flows;
use crate::followed::{confidence, followed, in_way, settle};
use crate::higher_order;
use crate::points::{Points, Way};
use crate::program::{Fact, ModuleIx};
use crate::{inherited, outside, rewritten, unresolved};

/// More targets than these are none.
pub(crate) const MAX_TARGETS: usize = 16;
/// Classes above a class that are looked at; more only exist in cycles.
const MAX_ANCESTORS: u32 = 64;

/// Counts of this pass.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallCounts {
    /// CALL and CONSTRUCTOR_CALL nodes.
    pub total: u64,
    /// Of those, how many have a CALLS edge.
    pub resolved: u64,
}

impl CallCounts {
    /// Adds those of another module.
    pub fn add(&mut self, other: CallCounts) {
        self.total += other.total;
        self.resolved += other.resolved;
    }
}

/// How sure a target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Confidence {
    Exact,
    Likely,
    Possible,
}

/// Where a call goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CallTarget<'a> {
    pub(crate) callee: Callee<'a>,
    pub(crate) resolution: &'static str,
    pub(crate) confidence: Confidence,
    /// Arguments before the first parameter's one.
    pub(crate) shift: i32,
    /// The argument there is a list of those that are passed.
    pub(crate) applies: bool,
}

/// What is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Callee<'a> {
    /// A callable or class of the project.
    Node(Place),
    /// A function of a package: specifier and path.
    External(&'a str, &'a str),
}

/// What other passes need to know of the targets of calls.
#[derive(Debug, Default)]
pub(crate) struct Noted<'l> {
    pub(crate) received: Vec<Received>,
    pub(crate) errors: ModuleErrors,
    /// Calls of functions that may call what they are passed.
    pub(crate) passing: Vec<(&'l CallFact, CallTarget<'l>)>,
}

impl<'l> Noted<'l> {
    fn target(
        &mut self,
        linker: &Linker<'_>,
        ix: ModuleIx,
        call: &'l CallFact,
        target: CallTarget<'l>,
    ) {
        let way = arguments::Way::Argument;
        arguments::collect(linker, ix, call, &target, way, &mut self.received);
        if target.resolution != BIND {
            self.errors.note(linker, ix, call, &target);
        }
        if higher_order::may_run(linker, ix, call, &target) {
            self.passing.push((call, target));
        }
    }
}

/// Runs the pass for one module.
pub(crate) fn run<'l>(
    eval: &mut Eval<'l, '_>,
    ix: ModuleIx,
    points: &Points,
    links: &mut FileLinks,
    noted: &mut Noted<'l>,
) -> CallCounts {
    let linker = eval.linker;
    let module = linker.program.module(ix);
    let mut counts = CallCounts::default();
    for (i, call) in (0..).zip(&module.summary.calls) {
        counts.total += 1;
        let src = module.summary.node(call.node).node_id();
        if let Some(node) = call.resolved {
            counts.resolved += 1;
            let target = CallTarget {
                callee: Callee::Node(Place { module: ix, node }),
                resolution: "",
                confidence: Confidence::Exact,
                shift: 0,
                applies: false,
            };
            noted.target(linker, ix, call, target);
            continue;
        }
        eval.refuel();
        let mut found = targets(eval, ix, call);
        settle(&mut found, points.of_call(i));
        let edge = match call.kind {
            CallKind::Jsx => EdgeType::Renders,
            _ => EdgeType::Calls,
        };
        let mut any = false;
        let mut is_outside = found.iter().any(outside::is_outside);
        for target in &found {
            let dst = match &target.callee {
                Callee::Node(place) => linker.node_id(*place),
                Callee::External(specifier, path) => links.external_function(specifier, path),
            };
            links.edge(src, edge, dst, metadata(target));
            if let Callee::External(specifier, path) = &target.callee
                && writes_output(specifier, path)
            {
                let stdio = links.stdio();
                links.edge(src, EdgeType::WritesTo, stdio, "");
            }
            any = true;
        }
        for target in &found {
            noted.target(linker, ix, call, target.clone());
        }
        flows::run(eval, ix, call, &found, links, &mut noted.received);
        for target in bound::passed(eval, ix, call) {
            noted.target(linker, ix, call, target);
        }
        for target in followed(eval, ix, call, points.of_call(i), &found) {
            let Callee::Node(place) = target.callee else {
                continue;
            };
            any = true;
            let dst = linker.node_id(place);
            if !links.has(src, edge, dst) {
                links.edge(src, edge, dst, metadata(&target));
                noted.target(linker, ix, call, target);
            }
        }
        for &getter in points.getters_of_call(i) {
            let dst = linker.node_id(getter);
            if !links.has(src, edge, dst) {
                let metadata = r#"{"callType":"getter","confidence":"possible"}"#;
                links.edge(src, edge, dst, metadata);
            }
        }
        let callbacks = in_way(points.of_call(i), Way::Callback);
        for (function, _) in callbacks.clone() {
            let dst = linker.node_id(*function);
            if !links.has(src, edge, dst) {
                let metadata = match confidence(callbacks.clone()) {
                    Confidence::Possible => r#"{"callType":"callback","confidence":"possible"}"#,
                    _ => r#"{"callType":"callback","confidence":"likely"}"#,
                };
                links.edge(src, edge, dst, metadata);
            }
        }
        if !any {
            match inherited::method(eval, ix, call) {
                Some(path) => {
                    let dst = links.external_function(GLOBAL_MODULE, &path);
                    links.edge(src, edge, dst, r#"{"resolution":"builtin"}"#);
                    any = true;
                }
                None => {
                    let reason = unresolved::record(eval, ix, call, links);
                    is_outside = reason == unresolved::EXTERNAL_VALUE;
                }
            }
        }
        if is_outside {
            outside::passed(eval, ix, call, links);
        }
        if call.kind == CallKind::New {
            constructed(eval, ix, call, src, links);
        }
        counts.resolved += u64::from(any);
    }
    counts
}

/// Whether a function of the global object, or of Node's `process`, writes to the console or the process's output.
fn writes_output(specifier: &str, path: &str) -> bool {
    let path = match specifier {
        GLOBAL_MODULE => path,
        "process" | "node:process" => {
            return matches!(path, "stdout.write" | "stderr.write");
        }
        _ => return false,
    };
    match path.strip_prefix("console.") {
        Some(method) => OUTPUT.contains(&method),
        None => matches!(path, "process.stdout.write" | "process.stderr.write"),
    }
}

/// Methods of `console` that write.
const OUTPUT: &[&str] = &[
    "log",
    "error",
    "warn",
    "info",
    "debug",
    "trace",
    "dir",
    "dirxml",
    "table",
    "group",
    "groupCollapsed",
    "assert",
    "count",
    "timeEnd",
    "timeLog",
];

/// INSTANCE_OF of a `new`.
fn constructed(
    eval: &mut Eval<'_, '_>,
    ix: ModuleIx,
    call: &CallFact,
    src: NodeId,
    links: &mut FileLinks,
) {
    let linker = eval.linker;
    let classes = eval.shape(ix, call.callee);
    let classes: Vec<Value<'_>> = classes
        .iter()
        .filter(|v| matches!(v, Value::Ctor(_) | Value::Fn(..) | Value::Ext(..)))
        .copied()
        .collect();
    let [class] = classes.as_slice() else { return };
    match class {
        Value::Ctor(place) | Value::Fn(place, _) => {
            let dst = linker.node_id(*place);
            if is_local_class(linker, ix, call.callee) {
                return; // the analyzer has said so
            }
            links.edge(src, EdgeType::InstanceOf, dst, "");
        }
        Value::Ext(specifier, path) => {
            let path = if path.is_empty() { "default" } else { path };
            let dst = links.external_function(specifier, path);
            links.edge(src, EdgeType::InstanceOf, dst, "");
        }
        _ => {}
    }
}

fn is_local_class(linker: &Linker<'_>, ix: ModuleIx, callee: ShapeRef) -> bool {
    let of = linker.program.module(ix);
    let mut shape = callee;
    while let Shape::Narrow(inner, _) = *of.summary.shape(shape) {
        shape = inner;
    }
    match *of.summary.shape(shape) {
        Shape::Binding(node) | Shape::Class(node) => {
            of.summary.node(node).node_type() == Some(NodeType::Class)
        }
        _ => false,
    }
}

/// Where a call goes, the surest first.
pub(crate) fn targets<'l>(
    eval: &mut Eval<'l, '_>,
    ix: ModuleIx,
    call: &CallFact,
) -> Vec<CallTarget<'l>> {
    let mut found = Found::default();
    if let Some((functions, name)) = eval.bound_function(ix, call)
        && name != "bind"
    {
        let shift = if name == "reflect" { 2 } else { 1 };
        for value in functions.iter() {
            found.callable(eval, value, "bound", shift);
        }
        let mut targets = found.finish();
        for target in &mut targets {
            target.applies = name != "call";
        }
        return targets;
    }
    eval.assumed = Confidence::Exact;
    let callee = eval.shape(ix, call.callee);
    let mut assumed = eval.assumed;
    if rewritten::stands_in(eval.linker, ix, call) || rewritten::by_others(eval, ix, call) {
        assumed = Confidence::Possible;
    }
    let way = way(eval, ix, call.callee);
    found.targets.reserve_exact(callee.iter().len());
    for value in callee.iter() {
        match call.kind {
            CallKind::New => {
                let env = match value {
                    Value::Ctor(class) => eval.with_given(*class, Env::NONE, ix, call.callee),
                    _ => Env::NONE,
                };
                found.constructor(eval, value, env);
            }
            CallKind::Super => {
                if let Value::Inst(place, env) = value {
                    let class = match eval.linker.program.module(place.module).fact(place.node) {
                        Fact::Function(_) => Value::Fn(*place, Env::NONE),
                        _ => Value::Ctor(*place),
                    };
                    found.constructor(eval, &class, *env);
                } else if let Value::ExtInst(specifier, path) = value {
                    found.external(specifier, path, "external");
                }
            }
            CallKind::Jsx => match value {
                Value::Ctor(place) => found.push(Callee::Node(*place), way, Confidence::Exact, 0),
                value => found.callable(eval, value, way, 0),
            },
            CallKind::Call => found.callable(eval, value, way, 0),
        }
    }
    match call.kind {
        CallKind::Call => found.overrides(eval, ix, call.callee),
        CallKind::New => found.heirs(eval, ix, call.callee),
        _ => {}
    }
    let mut targets = found.finish();
    for target in &mut targets {
        let is_node = matches!(target.callee, Callee::Node(_));
        if is_node {
            target.confidence = target.confidence.max(assumed);
        }
    }
    if targets.is_empty() && callee.is_empty() && call.kind == CallKind::Call {
        return members_of_scripts(eval, ix, call);
    }
    targets
}

/// In a script: the functions that scripts have as members of that name, where nothing is known of the receiver.
fn members_of_scripts<'l>(
    eval: &mut Eval<'l, '_>,
    ix: ModuleIx,
    call: &CallFact,
) -> Vec<CallTarget<'l>> {
    let linker = eval.linker;
    let of = linker.program.module(ix);
    let Shape::Member(receiver, name) = *of.summary.shape(call.callee) else {
        return Vec::new();
    };
    if of.summary.module_type != ModuleType::Script || !eval.shape(ix, receiver).is_empty() {
        return Vec::new();
    }
    let places = linker.script_members(of.summary.name(name));
    let places = places.filter(|places| places.len() <= MAX_TARGETS);
    let target = |&place: &Place| CallTarget {
        callee: Callee::Node(place),
        resolution: "field",
        confidence: Confidence::Possible,
        shift: 0,
        applies: false,
    };
    places.into_iter().flatten().map(target).collect()
}

#[derive(Default)]
struct Found<'a> {
    targets: Vec<CallTarget<'a>>,
    /// How many values the callee has that count as alternatives.
    sure: usize,
}

impl<'a> Found<'a> {
    fn push(
        &mut self,
        callee: Callee<'a>,
        resolution: &'static str,
        confidence: Confidence,
        shift: i32,
    ) {
        if let Some(known) = self.targets.iter_mut().find(|t| t.callee == callee) {
            if confidence < known.confidence {
                known.confidence = confidence;
                known.resolution = resolution;
            }
            return;
        }
        if confidence < Confidence::Possible {
            self.sure += 1;
        }
        self.targets.push(CallTarget {
            callee,
            resolution,
            confidence,
            shift,
            applies: false,
        });
    }

    fn external(&mut self, specifier: &'a str, path: &'a str, resolution: &'static str) {
        let path = match path.is_empty() {
            true => "default",
            false => path,
        };
        self.push(
            Callee::External(specifier, path),
            resolution,
            Confidence::Exact,
            0,
        );
    }

    /// A value that is called.
    fn callable(
        &mut self,
        eval: &mut Eval<'a, '_>,
        value: &Value<'a>,
        way: &'static str,
        shift: i32,
    ) {
        match value {
            Value::Fn(place, _) => {
                let of = eval.linker.program.module(place.module);
                let has_body = of.function(place.node).is_none_or(|f| f.has_body);
                if has_body {
                    self.push(Callee::Node(*place), way, Confidence::Exact, shift);
                    return;
                }
                let class = of.function(place.node).and_then(|f| f.class);
                match class {
                    Some(class) => {
                        let owner = Place {
                            module: place.module,
                            node: class,
                        };
                        self.signature(eval, *place, owner, way, shift);
                    }
                    None => self.push(Callee::Node(*place), way, Confidence::Exact, shift),
                }
            }
            Value::Bound(place, _, given) => {
                let shift = shift - i32::from(*given);
                self.push(Callee::Node(*place), way, Confidence::Exact, shift);
            }
            Value::Sig(_, _, Some(place), env) => {
                if let Some(place) = eval.function_of(value) {
                    return self.push(Callee::Node(place), way, Confidence::Exact, shift);
                }
                // The interface that the signature stands in, or the class that is merged with it, is `this` of its environment.
                let owner = env.get(crate::eval::THIS).and_then(|this| {
                    this.iter().find_map(|v| match v {
                        Value::Iface(place, _) | Value::Inst(place, _) => Some(*place),
                        _ => None,
                    })
                });
                match owner {
                    Some(owner) => self.signature(eval, *place, owner, way, shift),
                    None => {
                        self.push(Callee::Node(*place), way, Confidence::Possible, shift);
                    }
                }
            }
            Value::LibMethod(lib, _, name) => {
                let path = eval.method_path(*lib, name);
                self.external(GLOBAL_MODULE, path, "builtin");
            }
            Value::Wrapped(place, known) => {
                let confidence = match known {
                    true => Confidence::Likely,
                    false => Confidence::Possible,
                };
                self.push(Callee::Node(*place), "wrapper", confidence, shift);
            }
            Value::Iface(..) | Value::Anon(..) => {
                for place in value.functions_behind() {
                    self.push(Callee::Node(place), way, Confidence::Likely, shift);
                }
            }
            Value::Ext(specifier, path) => {
                self.external(specifier, path, way_outside(specifier));
            }
            // A class that is called like a function is compiled code, or a decorator.
            _ => {}
        }
    }

    /// A method without a body: the methods that implement it.
    fn signature(
        &mut self,
        eval: &mut Eval<'_, '_>,
        signature: Place,
        owner: Place,
        way: &'static str,
        shift: i32,
    ) {
        let implementations = crate::hierarchy::implementations(eval, signature, owner);
        let confidence = match implementations.len() {
            0 => return self.push(Callee::Node(signature), way, Confidence::Possible, shift),
            1 => Confidence::Likely,
            2..=MAX_TARGETS => Confidence::Possible,
            _ => return,
        };
        for place in implementations {
            self.push(Callee::Node(place), "interface", confidence, shift);
        }
        self.push(Callee::Node(signature), way, Confidence::Possible, shift);
    }

    /// Methods of subclasses that a call may reach instead.
    fn overrides(&mut self, eval: &mut Eval<'_, '_>, ix: ModuleIx, callee: ShapeRef) {
        let mut shape = callee;
        let of = eval.linker.program.module(ix);
        while let Shape::Narrow(inner, _) = *of.summary.shape(shape) {
            shape = inner;
        }
        let Shape::Member(receiver, _) = *of.summary.shape(shape) else {
            return;
        };
        if matches!(of.summary.shape(receiver), Shape::Super(..)) {
            return;
        }
        let known: Vec<Place> = self
            .targets
            .iter()
            .filter_map(|t| match t.callee {
                Callee::Node(place) => Some(place),
                Callee::External(..) => None,
            })
            .collect();
        let mut all = Vec::new();
        for place in known {
            all.extend_from_slice(crate::hierarchy::overriding(eval, place));
        }
        if all.is_empty() {
            return;
        }
        if let Some(is_below) = below_all(eval, ix, receiver) {
            all.retain(|(class, _)| is_below(*class));
        }
        if all.len() + self.targets.len() > MAX_TARGETS {
            return;
        }
        for (_, place) in all {
            self.push(Callee::Node(place), "override", Confidence::Possible, 0);
        }
    }

    fn finish(mut self) -> Vec<CallTarget<'a>> {
        if self.targets.len() > MAX_TARGETS {
            return Vec::new();
        }
        if self.sure > 1 {
            for target in &mut self.targets {
                target.confidence = Confidence::Possible;
            }
        }
        self.targets
    }
}

/// How a callee is reached, in the model's words.
fn way(eval: &mut Eval<'_, '_>, ix: ModuleIx, callee: ShapeRef) -> &'static str {
    let of = eval.linker.program.module(ix);
    let mut shape = callee;
    loop {
        match *of.summary.shape(shape) {
            Shape::Narrow(inner, _) | Shape::Cast(inner, _) | Shape::Await(inner) => shape = inner,
            Shape::Binding(node) => {
                return match of.fact(node) {
                    Fact::Import(_) => "import",
                    Fact::Function(_) | Fact::Class(_) => "",
                    Fact::Parameter(_) => "parameter",
                    Fact::Variable(i) => {
                        let init = of.summary.variables[i as usize].init;
                        let path = &of.summary.variables[i as usize].path;
                        match of.summary.shape(init) {
                            Shape::Import(_) if path.len() <= 1 => "import",
                            _ => "alias",
                        }
                    }
                    _ => "alias",
                };
            }
            Shape::Import(_) => return "import",
            Shape::Member(object, name) => {
                if of.summary.name(name) == "*" {
                    return "computed";
                }
                match *of.summary.shape(object) {
                    Shape::This(..) => return "this",
                    Shape::Super(..) => return "super",
                    _ => {}
                }
                let receiver: Set<'_> = eval.shape(ix, object);
                if receiver.iter().any(|v| matches!(v, Value::Ns(_))) {
                    return "import";
                }
                for value in receiver.iter() {
                    match value {
                        Value::Scope(_) => return "namespace",
                        Value::Obj(_) | Value::Ctor(_) | Value::Fn(..) => return "object",
                        Value::Proto(_) => return "prototype",
                        Value::Inst(place, _) => {
                            let of = eval.linker.program.module(place.module);
                            return match of.fact(place.node) {
                                Fact::Function(_) => "prototype",
                                _ => "type",
                            };
                        }
                        Value::Lib(Lib::Nothing, _) => {}
                        _ => return "type",
                    }
                }
                return "type";
            }
            _ => return "alias",
        }
    }
}

/// Text of the metadata of a CALLS edge.
pub(crate) fn metadata(target: &CallTarget<'_>) -> Cow<'static, str> {
    if target.shift == 0 && target.confidence == Confidence::Exact {
        // What most edges say.
        match target.resolution {
            "" => return "".into(),
            "import" => return r#"{"resolution":"import"}"#.into(),
            "alias" => return r#"{"resolution":"alias"}"#.into(),
            "this" => return r#"{"resolution":"this"}"#.into(),
            "type" => return r#"{"resolution":"type"}"#.into(),
            "object" => return r#"{"resolution":"object"}"#.into(),
            "builtin" => return r#"{"resolution":"builtin"}"#.into(),
            "external" => return r#"{"resolution":"external"}"#.into(),
            "constructor" => return r#"{"resolution":"constructor"}"#.into(),
            _ => {}
        }
    }
    let mut text = String::with_capacity(64);
    text.push('{');
    if !target.resolution.is_empty() {
        text.push_str("\"resolution\":\"");
        text.push_str(target.resolution);
        text.push_str("\",");
    }
    match target.confidence {
        Confidence::Exact => {}
        Confidence::Likely => text.push_str("\"confidence\":\"likely\","),
        Confidence::Possible => text.push_str("\"confidence\":\"possible\","),
    }
    if target.shift != 0 {
        text.push_str(&format!("\"argShift\":{},", target.shift));
    }
    if text.len() == 1 {
        return "".into();
    }
    text.pop();
    text.push('}');
    text.into()
}

/// How a call reaches what is outside of the project.
fn way_outside(specifier: &str) -> &'static str {
    match specifier {
        GLOBAL_MODULE => "builtin",
        _ => "external",
    }
}

/// Whether a class is below one that a receiver is an instance of; `None` if it may be an instance of any class.
fn below_all<'l>(
    eval: &mut Eval<'l, '_>,
    ix: ModuleIx,
    receiver: ShapeRef,
) -> Option<impl Fn(Place) -> bool + use<'l>> {
    let receivers = eval.shape(ix, receiver);
    let mut below = Vec::new();
    for value in receivers.iter() {
        match value {
            // What a class passes to a mixin is above the class, and has methods that the mixin's class has not.
            Value::Inst(class, env) if !eval.extends_unknown(*class, *env) => {
                below.push(crate::hierarchy::heirs(eval, *class));
            }
            Value::Lib(..) | Value::Literal(..) | Value::Text(_) => {}
            _ => return None,
        }
    }
    let is_below = move |class: Place| {
        below
            .iter()
            .any(|heirs| heirs.binary_search(&class).is_ok())
    };
    (!receivers.is_empty()).then_some(is_below)
}
