//! Pass: what the language's own functions do with values: functions that they call (CALLS with `callType`, and what
//! those receive), what their results come from (DERIVES_FROM), what they write into collections (FLOWS_INTO).

use graph_model::GLOBAL_MODULE;
use graph_model::summary::{Argument, CallFact, CallKind, NodeRef, Shape};
use graph_model::{EdgeType, NodeId, NodeType};

use crate::arguments::{BuiltinSource, Received, receive_builtin};
use crate::calls::{CallTarget, Callee, Confidence};
use crate::edges::{FileLinks, push_number};
use crate::eval::hooks::{called_arguments, ends_effects, is_react};
use crate::eval::{Eval, Place, Value};
use crate::is_builtin;
use crate::program::{Fact, ModuleIx};

/// Where a parameter of a callback gets its value from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// From nothing that has a node: an index, a key.
    Nothing,
    /// An element of the receiver.
    Element,
    /// The receiver.
    Receiver,
    /// An argument of the call.
    Argument(usize),
    /// An element of an argument.
    ElementOf(usize),
}

/// What the result of a call comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Result {
    Nothing,
    Receiver,
    /// An element of the receiver.
    Element,
    /// An array of what the callback returns: the argument that is the callback.
    Mapped(usize),
    /// What the callback returns.
    Returned(usize),
    Argument(usize),
    /// An array, map or set of the elements of an argument; the paths in the argument and in the result.
    Elements(&'static str),
    /// A value computed from all arguments and the receiver.
    Pure,
}

use Source::{Element, ElementOf, Nothing, Receiver};

const EACH: &[Source] = &[Element, Nothing, Receiver];
const VALUES: &str = r#"{"propertyPath":["*"],"resultPath":["*"],"via":"builtin"}"#;
const ENTRIES: &str = r#"{"propertyPath":["*"],"resultPath":["*","1"],"via":"builtin"}"#;
const PAIRS: &str = r#"{"propertyPath":["*","1"],"resultPath":["*"],"via":"builtin"}"#;

/// Class and name of a method: `Array.prototype.map`.
fn method(path: &str) -> Option<(&str, &str)> {
    let (class, member) = at_dot(path)?;
    Some((class, member.strip_prefix("prototype.")?))
}

/// The first name of a path and what comes after it. Paths are short, and there are many.
fn at_dot(path: &str) -> Option<(&str, &str)> {
    let dot = path.bytes().position(|byte| byte == b'.')?;
    Some((&path[..dot], &path[dot + 1..]))
}

/// What a function does with its callback: which argument that is, and what its parameters get.
fn callback(path: &str) -> Option<(usize, &'static [Source])> {
    Some(match path {
        "Promise" => (0, &[]),
        "Array.from" => (1, &[ElementOf(0)]),
        "JSON.parse" | "JSON.stringify" => (1, &[]),
        "setTimeout" | "setInterval" => (0, &[Source::Argument(2), Source::Argument(3)]),
        "setImmediate" | "process.nextTick" => (0, &[Source::Argument(1), Source::Argument(2)]),
        "queueMicrotask" | "requestAnimationFrame" | "requestIdleCallback" => (0, &[]),
        _ => match method(path)? {
            ("Array", method) => array_callback(method)?,
            ("Map" | "Set", "forEach") => (0, &[Element, Nothing, Receiver]),
            ("Promise", "then") => (0, &[Receiver]),
            ("Promise", "catch" | "finally") => (0, &[]),
            ("String", "replace" | "replaceAll") => (1, &[]),
            _ => return None,
        },
    })
}

fn array_callback(method: &str) -> Option<(usize, &'static [Source])> {
    Some(match method {
        "forEach" | "map" | "filter" | "find" | "findIndex" | "findLast" | "findLastIndex"
        | "some" | "every" | "flatMap" => (0, EACH),
        "reduce" | "reduceRight" => (0, &[Source::Argument(1), Element]),
        "sort" | "toSorted" => (0, &[Element, Element]),
        _ => return None,
    })
}

/// The same where only the name of the method is known.
fn likely_callback(method: &str) -> Option<(usize, &'static [Source])> {
    match method {
        "then" => Some((0, &[Receiver])),
        "catch" | "finally" => Some((0, &[])),
        "forEach" | "map" | "filter" | "find" | "findIndex" | "some" | "every" | "reduce"
        | "flatMap" => array_callback(method),
        _ => None,
    }
}

/// Modules of Node whose functions call their last argument, if that is a function.
fn takes_callback(specifier: &str) -> bool {
    matches!(
        specifier.strip_prefix("node:").unwrap_or(specifier),
        "child_process"
            | "crypto"
            | "dns"
            | "fs"
            | "http"
            | "http2"
            | "https"
            | "net"
            | "readline"
            | "stream"
            | "tls"
            | "zlib"
    )
}

/// Methods that add a listener: the argument after the name of the event.
fn is_listener_method(path: &str) -> bool {
    let dot = path.bytes().rposition(|byte| byte == b'.');
    dot.is_some_and(|dot| dot > 0 && adds_listener(&path[dot + 1..]))
}

fn adds_listener(method: &str) -> bool {
    matches!(
        method,
        "on" | "once" | "addListener" | "addEventListener" | "prependListener"
    )
}

/// The methods of an argument that a function of the language may call, the first of them that there is.
fn converted_by(path: &str) -> &'static [&'static str] {
    match path {
        "String" => &["toString", "valueOf"],
        "Number" | "BigInt" => &["valueOf", "toString"],
        "JSON.stringify" => &["toJSON"],
        _ => &[],
    }
}

fn result(path: &str) -> Result {
    match path {
        "Object.freeze" | "Object.seal" | "Object.assign" | "Promise.resolve"
        | "structuredClone" => Result::Argument(0),
        "Promise.all" | "Object.values" | "Set" | "Array.from" => Result::Elements(VALUES),
        "Object.entries" => Result::Elements(ENTRIES),
        "Map" => Result::Elements(PAIRS),
        "String" | "Number" | "Boolean" | "parseInt" | "parseFloat" | "encodeURIComponent"
        | "decodeURIComponent" | "encodeURI" | "decodeURI" => Result::Pure,
        _ => match at_dot(path) {
            Some(("Math" | "JSON", _)) => Result::Pure,
            Some(("String" | "Number" | "Boolean" | "RegExp", _)) => Result::Pure,
            Some(("Array", method)) => match method.strip_prefix("prototype.") {
                Some(
                    "filter" | "slice" | "concat" | "sort" | "reverse" | "splice" | "toSorted"
                    | "toReversed" | "fill" | "flat",
                ) => Result::Receiver,
                Some("find" | "findLast" | "at" | "pop" | "shift" | "values") => Result::Element,
                Some("next") => Result::Element,
                Some("map" | "flatMap") => Result::Mapped(0),
                Some("reduce" | "reduceRight") => Result::Returned(0),
                Some("join" | "indexOf" | "includes") => Result::Pure,
                _ => Result::Nothing,
            },
            Some(("Map" | "Set", method)) => match method.strip_prefix("prototype.") {
                Some("get" | "values" | "next") => Result::Element,
                Some("set" | "add") => Result::Receiver,
                _ => Result::Nothing,
            },
            Some(("Promise", method)) => match method.strip_prefix("prototype.") {
                Some("then") => Result::Returned(0),
                Some("catch" | "finally") => Result::Receiver,
                _ => Result::Nothing,
            },
            _ => Result::Nothing,
        },
    }
}

/// Which arguments a method writes into its receiver: from this one on, to this one.
fn written(path: &str) -> Option<(usize, usize)> {
    Some(match method(path)? {
        ("Array", "push" | "unshift") => (0, usize::MAX),
        ("Array", "splice") => (2, usize::MAX),
        ("Array", "fill") | ("Set" | "WeakSet", "add") => (0, 0),
        ("Map" | "WeakMap" | "FormData" | "URLSearchParams" | "Headers", "set" | "append") => {
            (1, 1)
        }
        _ => return None,
    })
}

/// A call of a module and what the pass needs of it.
struct Site<'p> {
    ix: ModuleIx,
    call: &'p CallFact,
    src: NodeId,
    arguments: &'p [Argument],
    receiver: Option<NodeRef>,
}

/// Whether a target is a METHOD without a body.
fn is_signature(eval: &Eval<'_, '_>, target: &CallTarget<'_>) -> bool {
    let Callee::Node(place) = target.callee else {
        return false;
    };
    let of = eval.linker.program.module(place.module);
    of.summary.node(place.node).node_type() == Some(NodeType::Method)
        && of
            .function(place.node)
            .is_none_or(|method| !method.has_body)
}

/// Notes what a call does that reaches the targets, if one of them is of the language or a package.
pub(crate) fn run(
    eval: &mut Eval<'_, '_>,
    ix: ModuleIx,
    call: &CallFact,
    targets: &[CallTarget<'_>],
    links: &mut FileLinks,
    received: &mut Vec<Received>,
) {
    let of = eval.linker.program.module(ix);
    let site = Site {
        ix,
        call: match of.call(call.node) {
            Some(call) => call,
            None => return,
        },
        src: of.summary.node(call.node).node_id(),
        arguments: call.arguments.of(&of.summary.arguments),
        receiver: of.receiver(call.node),
    };
    if targets.is_empty() {
        return site.unknown(eval, links, received);
    }
    // What an interface says of a method is no other method.
    let mut with_body = targets.iter().filter(|t| !is_signature(eval, t));
    let (Some(target), None) = (with_body.next(), with_body.next()) else {
        return;
    };
    let Callee::External(specifier, path) = &target.callee else {
        return;
    };
    if *specifier == GLOBAL_MODULE {
        if let Some((at, sources)) = callback(path) {
            let exact = Confidence::Exact;
            site.calls_back(eval, at, sources, "callback", exact, links, received);
            if &**path == "Promise.prototype.then" {
                site.calls_back(eval, 1, &[], "callback", exact, links, received);
            }
        } else if is_listener_method(path) {
            site.calls_back(eval, 1, &[], "event", Confidence::Exact, links, received);
        }
        let methods = converted_by(path);
        if !methods.is_empty() {
            site.converts(eval, methods, links);
        }
        site.derives(eval, result(path), path, links);
        if let Some((first, last)) = written(path) {
            let method = path.rsplit('.').next().unwrap_or(path);
            site.writes(eval, method, first, last, Confidence::Exact, links);
        } else if &**path == "Object.assign" {
            site.assigns(eval, links);
        }
    } else if is_react(specifier) {
        for &at in called_arguments(path) {
            let exact = Confidence::Exact;
            site.calls_back(eval, at, &[], "callback", exact, links, received);
        }
        if ends_effects(path) {
            site.ends_effect(eval, links);
        }
    } else if is_listener_method(path) {
        site.calls_back(eval, 1, &[], "event", Confidence::Exact, links, received);
    } else if is_builtin(specifier) {
        if matches!(&**specifier, "path" | "node:path") {
            site.derives(eval, Result::Pure, path, links);
        }
        if takes_callback(specifier)
            && call.kind == CallKind::Call
            && let Some(last) = site.arguments.len().checked_sub(1)
        {
            site.calls_back(
                eval,
                last,
                &[],
                "callback",
                Confidence::Exact,
                links,
                received,
            );
        }
    }
}

impl Site<'_> {
    fn id(&self, eval: &Eval<'_, '_>, node: NodeRef) -> NodeId {
        eval.linker
            .program
            .module(self.ix)
            .summary
            .node(node)
            .node_id()
    }

    fn argument(&self, at: usize) -> Option<NodeRef> {
        self.arguments.get(at).filter(|a| !a.spread)?.node
    }

    /// Functions that an argument is.
    fn functions(&self, eval: &mut Eval<'_, '_>, at: usize) -> Vec<Place> {
        let Some(argument) = self.arguments.get(at).filter(|a| !a.spread) else {
            return Vec::new();
        };
        let values = eval.shape(self.ix, argument.shape);
        let functions = values.iter().filter_map(|v| eval.function_of(v));
        functions.collect()
    }

    /// The argument is a function that the callee calls.
    #[allow(clippy::too_many_arguments)]
    fn calls_back(
        &self,
        eval: &mut Eval<'_, '_>,
        at: usize,
        sources: &[Source],
        call_type: &str,
        confidence: Confidence,
        links: &mut FileLinks,
        received: &mut Vec<Received>,
    ) {
        let functions = self.functions(eval, at);
        let confidence = match functions.len() {
            0 => return self.calls_builtin_back(eval, at, call_type, links),
            1 => confidence,
            _ => Confidence::Possible,
        };
        for function in functions {
            let target = eval.linker.node_id(function);
            links.write(self.src, EdgeType::Calls, target, |metadata| {
                metadata.extend(["{\"callType\":\"", call_type, "\""]);
                match confidence {
                    Confidence::Exact => {}
                    Confidence::Likely => metadata.push_str(",\"confidence\":\"likely\""),
                    Confidence::Possible => metadata.push_str(",\"confidence\":\"possible\""),
                }
                metadata.push('}');
            });
            for (parameter, source) in (0..).zip(sources) {
                let (node, element) = match *source {
                    Nothing => (None, false),
                    Element => (self.receiver, true),
                    Receiver => (self.receiver, false),
                    Source::Argument(i) => (self.argument(i), false),
                    ElementOf(i) => (self.argument(i), true),
                };
                let Some(node) = node else { continue };
                let source = BuiltinSource {
                    parameter,
                    value: self.id(eval, node),
                    element,
                    call: Place {
                        module: self.ix,
                        node: self.call.node,
                    },
                    confidence,
                };
                receive_builtin(eval.linker, function, &source, received);
            }
        }
    }

    /// The argument is a function of the language or of a package that the callee calls.
    fn calls_builtin_back(
        &self,
        eval: &mut Eval<'_, '_>,
        at: usize,
        call_type: &str,
        links: &mut FileLinks,
    ) {
        let Some(argument) = self.arguments.get(at).filter(|a| !a.spread) else {
            return;
        };
        let values = eval.shape(self.ix, argument.shape);
        let mut values = values.iter();
        if let (Some(Value::Ext(specifier, path)), None) = (values.next(), values.next())
            && !path.is_empty()
        {
            let target = links.external_function(specifier, path);
            links.write(self.src, EdgeType::Calls, target, |metadata| {
                metadata.extend(["{\"callType\":\"", call_type, "\"}"]);
            });
        }
    }

    /// A function of the language makes a text or number of an argument: by its own method, if it has one.
    fn converts(&self, eval: &mut Eval<'_, '_>, methods: &[&str], links: &mut FileLinks) {
        let Some(argument) = self.arguments.first().filter(|a| !a.spread) else {
            return;
        };
        let values = eval.shape(self.ix, argument.shape);
        let is_object = |v: &Value<'_>| matches!(v, Value::Inst(..) | Value::Obj(_));
        if values.is_empty() || !values.iter().all(is_object) {
            return;
        }
        for method in methods {
            let found = eval.member(values, method);
            let functions = found.iter().filter_map(|v| eval.function_of(v));
            let functions: Vec<Place> = functions.collect();
            for &function in &functions {
                let target = eval.linker.node_id(function);
                let metadata = r#"{"callType":"callback","confidence":"possible"}"#;
                links.edge(self.src, EdgeType::Calls, target, metadata);
            }
            if !functions.is_empty() {
                return;
            }
        }
    }

    /// What the first argument gives back is called when the effect ends.
    fn ends_effect(&self, eval: &mut Eval<'_, '_>, links: &mut FileLinks) {
        let Some(argument) = self.arguments.first().filter(|a| !a.spread) else {
            return;
        };
        let effect = eval.shape(self.ix, argument.shape);
        let ends = eval.returned_by_expected(effect);
        for end in ends.iter().filter_map(|v| eval.function_of(v)) {
            let target = eval.linker.node_id(end);
            let metadata = r#"{"callType":"callback"}"#;
            links.edge(self.src, EdgeType::Calls, target, metadata);
        }
    }

    /// What the result comes from.
    fn derives(&self, eval: &mut Eval<'_, '_>, result: Result, path: &str, links: &mut FileLinks) {
        let builtin = r#"{"via":"builtin"}"#;
        let element = r#"{"propertyPath":["*"],"via":"builtin"}"#;
        let mapped = r#"{"resultPath":["*"],"via":"builtin"}"#;
        let mut edge = |eval: &Eval<'_, '_>, node: Option<NodeRef>, metadata: &'static str| {
            if let Some(node) = node {
                let dst = self.id(eval, node);
                links.edge(self.src, EdgeType::DerivesFrom, dst, metadata);
            }
        };
        match result {
            Result::Nothing => {}
            Result::Receiver => {
                edge(eval, self.receiver, builtin);
                if path.ends_with(".concat") {
                    for at in 0..self.arguments.len() {
                        edge(eval, self.argument(at), builtin);
                    }
                }
            }
            Result::Element => edge(eval, self.receiver, element),
            Result::Argument(at) => edge(eval, self.argument(at), builtin),
            Result::Elements(metadata) => {
                if path == "Array.from" && self.arguments.len() > 1 {
                    for node in self.returned(eval, 1) {
                        edge(eval, Some(node), mapped);
                    }
                } else {
                    edge(eval, self.argument(0), metadata);
                }
            }
            Result::Mapped(at) | Result::Returned(at) => {
                let metadata = match result {
                    Result::Mapped(_) => mapped,
                    _ => builtin,
                };
                let returned = self.returned(eval, at);
                for &node in &returned {
                    edge(eval, Some(node), metadata);
                }
                let is_then = path == "Promise.prototype.then";
                if is_then && self.arguments.iter().all(|a| a.node.is_none()) {
                    edge(eval, self.receiver, builtin);
                }
            }
            Result::Pure => {
                let pure = r#"{"via":"pure"}"#;
                for at in 0..self.arguments.len() {
                    edge(eval, self.argument(at), pure);
                }
                edge(eval, self.receiver, pure);
            }
        }
    }

    /// What functions of this module that an argument is return.
    fn returned(&self, eval: &mut Eval<'_, '_>, at: usize) -> Vec<NodeRef> {
        let functions = self.functions(eval, at);
        let of = eval.linker.program.module(self.ix);
        let own = functions.iter().filter(|f| f.module == self.ix);
        own.flat_map(|f| of.returns(f.node)).collect()
    }

    /// Arguments go into the receiver.
    fn writes(
        &self,
        eval: &mut Eval<'_, '_>,
        method: &str,
        first: usize,
        last: usize,
        confidence: Confidence,
        links: &mut FileLinks,
    ) {
        let Some(place) = self.target(eval) else {
            return;
        };
        let target = eval.linker.node_id(place);
        let arguments = self.arguments.iter().enumerate();
        for (at, argument) in arguments.skip(first).take_while(|(at, _)| *at <= last) {
            let Some(node) = argument.node else { continue };
            if !eval.linker.owns_edge(self.ix, node, place.module) {
                continue;
            }
            links.write(
                self.id(eval, node),
                EdgeType::FlowsInto,
                target,
                |metadata| {
                    metadata.extend(["{\"mutationMethod\":\"", method, "\",\"argIndex\":"]);
                    push_number(metadata, at as u32);
                    metadata.push_str(",\"propertyPath\":[\"*\"]");
                    if argument.spread {
                        metadata.push_str(",\"sourcePath\":[\"*\"],\"isSpread\":true");
                    }
                    if confidence == Confidence::Possible {
                        metadata.push_str(",\"confidence\":\"possible\"");
                    }
                    metadata.push('}');
                },
            );
        }
    }

    /// The binding or PROPERTY that the receiver is.
    fn target(&self, eval: &mut Eval<'_, '_>) -> Option<Place> {
        let of = eval.linker.program.module(self.ix);
        let callee = of.summary.unwrapped(self.call.callee);
        let Shape::Member(receiver, _) = *of.summary.shape(callee) else {
            return None;
        };
        match *of.summary.shape(of.summary.unwrapped(receiver)) {
            Shape::Binding(node) => match of.fact(node) {
                Fact::Variable(_) | Fact::Parameter(_) => Some(Place {
                    module: self.ix,
                    node,
                }),
                _ => None,
            },
            Shape::Member(object, name) => {
                let name = of.summary.name(name);
                let object = eval.shape(self.ix, object);
                let mut values = object.iter();
                let (Some(value), None) = (values.next(), values.next()) else {
                    return None;
                };
                match value {
                    Value::Inst(place, _) | Value::Iface(place, _) => {
                        eval.property(*place, name, false)
                    }
                    Value::Ctor(place) => eval.property(*place, name, true),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// `Object.assign(target, …sources)`.
    fn assigns(&self, eval: &mut Eval<'_, '_>, links: &mut FileLinks) {
        let Some(target) = self.argument(0) else {
            return;
        };
        let of = eval.linker.program.module(self.ix);
        let target = of.summary.node(target);
        for at in 1..self.arguments.len() {
            if let Some(node) = self.argument(at) {
                let src = of.summary.node(node);
                // What belongs to no file other modules assign to as well: the edge says nothing of one of them.
                let metadata = match src.is_in_file() || target.is_in_file() {
                    true => r#"{"mutationType":"assign"}"#,
                    false => "",
                };
                if src.id != target.id {
                    links.edge(
                        src.node_id(),
                        EdgeType::FlowsInto,
                        target.node_id(),
                        metadata,
                    );
                }
            }
        }
    }

    /// A method of a receiver of which nothing is known.
    fn unknown(
        &self,
        eval: &mut Eval<'_, '_>,
        links: &mut FileLinks,
        received: &mut Vec<Received>,
    ) {
        if self.call.kind != CallKind::Call {
            return;
        }
        let of = eval.linker.program.module(self.ix);
        let Shape::Member(object, name) = *of.summary.shape(self.call.callee) else {
            return;
        };
        let name = of.summary.name(name);
        if adds_listener(name) {
            let is_text = |shape| matches!(shape, Shape::Primitive(_) | Shape::Text(_));
            let first = self.arguments.first();
            let is_named = first.is_some_and(|a| is_text(*of.summary.shape(a.shape)));
            if is_named && eval.shape(self.ix, object).is_empty() {
                let possible = Confidence::Possible;
                self.calls_back(eval, 1, &[], "event", possible, links, received);
            }
            return;
        }
        if !matches!(name, "push" | "unshift") && likely_callback(name).is_none()
            || !eval.shape(self.ix, object).is_empty()
        {
            return;
        }
        match likely_callback(name) {
            Some((at, sources)) => {
                let likely = Confidence::Likely;
                self.calls_back(eval, at, sources, "callback", likely, links, received);
            }
            None => self.writes(eval, name, 0, usize::MAX, Confidence::Possible, links),
        }
    }
}
