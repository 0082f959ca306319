//! Pass: which arguments reach which parameters (RECEIVES_ARGUMENT). Its edges belong to the file of the callee.

use std::collections::hash_map::Entry;

use graph_model::summary::{CallFact, ParameterBinding};
use graph_model::{EdgeType, NodeId};
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use crate::Linker;
use crate::calls::{CallTarget, Callee, Confidence};
use crate::edges::{FileLinks, push_json_id, push_json_string, push_number};
use crate::eval::Place;
use crate::program::ModuleIx;

/// The metadata of an edge is about so long.
const METADATA_LENGTH: usize = 96;

/// A parameter receives a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Received {
    /// The module of the callee.
    pub(crate) module: ModuleIx,
    /// Index of the PARAMETER's fact.
    pub(crate) binding: u32,
    /// Id of the argument's node.
    #[serde(with = "whole")]
    value: u128,
    index: u32,
    pub(crate) call: Place,
    confidence: Confidence,
    /// Where in a rest parameter it becomes an element.
    element: Option<u32>,
    /// It is an element of a spread value, or of what a built-in function takes elements of.
    spread: bool,
    pub(crate) way: Way,
}

/// Ids, which are hashes, as bytes: to write them seven bits at a time takes several times as long, and more bytes.
mod whole {
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(id: &u128, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(&id.to_le_bytes())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u128, D::Error> {
        let bytes = <&[u8]>::deserialize(from)?;
        let bytes = bytes.try_into().map_err(D::Error::custom)?;
        Ok(u128::from_le_bytes(bytes))
    }
}

/// How a value comes to a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Way {
    /// A call passes it.
    Argument,
    /// A built-in function passes it; the index is that of the parameter.
    Builtin,
    /// A call of a parameter passes it, whose function another call passes ([`Run`](crate::higher_order::Run)).
    Run,
}

/// What a built-in function passes to a callback.
pub(crate) struct BuiltinSource {
    /// Position of the parameter.
    pub(crate) parameter: u32,
    pub(crate) value: NodeId,
    /// An element of the value, not the value itself.
    pub(crate) element: bool,
    pub(crate) call: Place,
    pub(crate) confidence: Confidence,
}

/// Notes what a built-in function passes to a callback.
pub(crate) fn receive_builtin(
    linker: &Linker<'_>,
    function: Place,
    source: &BuiltinSource,
    out: &mut Vec<Received>,
) {
    let of = linker.program.module(function.module);
    for (i, binding) in of.bindings_of(function.node) {
        if binding.index == source.parameter {
            out.push(Received {
                module: function.module,
                binding: i,
                value: source.value.0,
                index: source.parameter,
                call: source.call,
                confidence: source.confidence,
                element: None,
                spread: source.element,
                way: Way::Builtin,
            });
        }
    }
}

/// Notes what a call passes to a target.
pub(crate) fn collect(
    linker: &Linker<'_>,
    ix: ModuleIx,
    call: &CallFact,
    target: &CallTarget<'_>,
    way: Way,
    out: &mut Vec<Received>,
) {
    let Callee::Node(place) = target.callee else {
        return;
    };
    let of = linker.program.module(place.module);
    let caller = linker.program.module(ix);
    let arguments = call.arguments.of(&caller.summary.arguments);
    if arguments.is_empty() {
        return;
    }
    let rest = |binding: &ParameterBinding| {
        let function = of.function(binding.function)?;
        let parameters = of.summary.signature(function.signature).parameters;
        let parameters = parameters.of(&of.summary.parameters);
        Some(parameters.get(binding.index as usize)?.rest)
    };
    let spread_at = match target.applies {
        // `f.apply(t, list)`: what is in the list is passed.
        true => usize::try_from(target.shift).ok(),
        false => arguments.iter().position(|a| a.spread),
    };
    for (i, binding) in of.bindings_of(place.node) {
        let Ok(first) = usize::try_from(i64::from(binding.index) + i64::from(target.shift)) else {
            continue;
        };
        let mut receive = |at: usize, element: Option<u32>, spread: bool| {
            if let Some(node) = arguments.get(at).and_then(|a| a.node) {
                out.push(Received {
                    module: place.module,
                    binding: i,
                    value: caller.summary.node(node).id,
                    index: at as u32,
                    call: Place {
                        module: ix,
                        node: call.node,
                    },
                    confidence: target.confidence,
                    element,
                    spread,
                    way,
                });
            }
        };
        if rest(binding).unwrap_or(false) {
            for at in first..arguments.len() {
                let spread = spread_at.is_some_and(|s| s <= at);
                receive(at, Some((at - first) as u32), spread);
            }
            continue;
        }
        match spread_at {
            Some(at) if at <= first => receive(at, None, true),
            _ => receive(first, None, false),
        }
    }
}

/// What each of so many modules receives, in the order of callers and calls, out of what each module passes.
pub(crate) fn by_callee(passed: &[Vec<Received>], modules: usize) -> Vec<Vec<&Received>> {
    let mut counts = vec![0; modules];
    for one in passed.iter().flatten() {
        counts[one.module.0 as usize] += 1;
    }
    let mut received: Vec<Vec<&Received>> = counts.into_iter().map(Vec::with_capacity).collect();
    for one in passed.iter().flatten() {
        received[one.module.0 as usize].push(one);
    }
    received
}

/// Writes what was noted, for the module of the callees. In the order of callers and calls.
pub(crate) fn write(
    linker: &Linker<'_>,
    received: &[&Received],
    crowded: &FxHashSet<Place>,
    links: &mut FileLinks,
) {
    // The edges of one parameter and value are one; they come where its first call does.
    const END: u32 = u32::MAX;
    let mut next = vec![END; received.len()];
    let mut ends: Vec<(u32, u32)> = Vec::with_capacity(received.len());
    let mut groups: FxHashMap<(u32, u128), u32> =
        FxHashMap::with_capacity_and_hasher(received.len(), FxBuildHasher);
    for (at, one) in (0..).zip(received) {
        if one.way == Way::Run && crowded.contains(&one.call) {
            continue;
        }
        match groups.entry((one.binding, one.value)) {
            Entry::Vacant(group) => {
                group.insert(ends.len() as u32);
                ends.push((at, at));
            }
            Entry::Occupied(group) => {
                let (_, last) = &mut ends[*group.get() as usize];
                next[std::mem::replace(last, at) as usize] = at;
            }
        }
    }
    links.reserve(ends.len(), ends.len() * METADATA_LENGTH);
    let mut group: Vec<&Received> = Vec::new();
    for (first, _) in ends {
        group.clear();
        let after = |&at: &u32| Some(next[at as usize]).filter(|&next| next != END);
        let all = std::iter::successors(Some(first), after);
        group.extend(all.map(|at| received[at as usize]));
        let first = group[0];
        let of = linker.program.module(first.module);
        let binding = &of.summary.bindings[first.binding as usize];
        let src = of.summary.node(binding.node).node_id();
        links.push(
            src,
            EdgeType::ReceivesArgument,
            NodeId(first.value),
            |text| write_metadata(linker, binding, &group, text),
        );
    }
}

fn write_metadata(
    linker: &Linker<'_>,
    binding: &ParameterBinding,
    group: &[&Received],
    text: &mut String,
) {
    let first = group[0];
    let push_id = |text: &mut String, call: Place| {
        push_json_id(text, &linker.program.module(call.module).summary, call.node);
    };
    text.push_str("{\"argIndex\":");
    push_number(text, first.index);
    text.push_str(",\"callId\":");
    push_id(text, first.call);
    if group.len() > 1 {
        let mut indexes: Vec<u32> = group.iter().map(|g| g.index).collect();
        indexes.dedup();
        let mut seen: FxHashSet<Place> = FxHashSet::default();
        let calls = group.iter().map(|g| g.call).filter(|c| seen.insert(*c));
        let calls: Vec<Place> = calls.collect();
        if indexes.len() > 1 {
            push_list(text, "argIndexes", indexes, push_number);
        }
        if calls.len() > 1 {
            push_list(text, "callIds", calls, push_id);
        }
    }
    let names = &linker.program.module(first.module).summary;
    let path = binding.path.iter().map(|&name| names.name(name));
    let path: Vec<&str> = first
        .spread
        .then_some("*")
        .into_iter()
        .chain(path)
        .collect();
    if !path.is_empty() {
        push_list(text, "propertyPath", path, push_json_string);
    }
    if let Some(element) = first.element {
        text.push_str(",\"resultPath\":[\"");
        push_number(text, element);
        text.push_str("\"]");
    }
    let confidence = group
        .iter()
        .map(|g| g.confidence)
        .min()
        .unwrap_or(Confidence::Exact);
    match confidence {
        Confidence::Exact => {}
        Confidence::Likely => text.push_str(",\"confidence\":\"likely\""),
        Confidence::Possible => text.push_str(",\"confidence\":\"possible\""),
    }
    if first.way == Way::Builtin {
        text.push_str(",\"via\":\"builtin\"");
    }
    text.push('}');
}

/// Appends `,"key":[…]`.
fn push_list<T>(text: &mut String, key: &str, items: Vec<T>, push: impl Fn(&mut String, T)) {
    text.push_str(",\"");
    text.push_str(key);
    text.push_str("\":[");
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            text.push(',');
        }
        push(text, item);
    }
    text.push(']');
}
