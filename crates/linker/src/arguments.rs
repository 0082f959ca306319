//! Pass: which arguments reach which parameters (RECEIVES_ARGUMENT). Its edges belong to the file of the callee.

use graph_model::summary::{CallFact, NodeRef, ParameterBinding};
use graph_model::{EdgeType, NodeId};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::Linker;
use crate::calls::{CallTarget, Callee, Confidence};
use crate::edges::{FileLinks, json_string};
use crate::eval::Place;
use crate::program::ModuleIx;

/// A parameter receives a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Received {
    /// The module of the callee.
    pub(crate) module: ModuleIx,
    /// Index of the PARAMETER's fact.
    pub(crate) binding: u32,
    /// Id of the argument's node.
    value: u128,
    index: u32,
    pub(crate) call: Place,
    confidence: Confidence,
    /// Where in a rest parameter it becomes an element.
    element: Option<u32>,
    /// It is an element of a spread value.
    spread: bool,
}

/// Notes what a call passes to a target.
pub(crate) fn collect(
    linker: &Linker<'_>,
    ix: ModuleIx,
    call: &CallFact,
    target: &CallTarget,
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
    let spread_at = arguments.iter().position(|a| a.spread);
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

/// Writes what was noted, for the module of the callees. In the order of callers and calls.
pub(crate) fn write(linker: &Linker<'_>, received: &[Received], links: &mut FileLinks) {
    // The edges of one parameter and value are one.
    let mut groups: FxHashMap<(u32, u128), Vec<Received>> = FxHashMap::default();
    let mut order: Vec<(u32, u128)> = Vec::new();
    for one in received {
        let key = (one.binding, one.value);
        let group = groups.entry(key).or_default();
        if group.is_empty() {
            order.push(key);
        }
        group.push(*one);
    }
    for key in order {
        let group = &groups[&key];
        let first = group[0];
        let of = linker.program.module(first.module);
        let binding = &of.summary.bindings[first.binding as usize];
        let src = of.summary.node(binding.node).node_id();
        links.edge(src, EdgeType::ReceivesArgument, NodeId(first.value), {
            metadata(linker, binding, group)
        });
    }
}

fn metadata(linker: &Linker<'_>, binding: &ParameterBinding, group: &[Received]) -> String {
    let first = group[0];
    let id = |one: &Received| {
        let of = linker.program.module(one.call.module);
        json_string(of.summary.semantic_id(one.call.node))
    };
    let mut text = format!("{{\"argIndex\":{},\"callId\":{}", first.index, id(&first));
    let mut indexes: Vec<u32> = group.iter().map(|g| g.index).collect();
    indexes.dedup();
    let mut ids: Vec<(ModuleIx, NodeRef)> =
        group.iter().map(|g| (g.call.module, g.call.node)).collect();
    ids.dedup();
    if indexes.len() > 1 {
        let all: Vec<String> = indexes.iter().map(u32::to_string).collect();
        text.push_str(&format!(",\"argIndexes\":[{}]", all.join(",")));
    }
    if ids.len() > 1 {
        let all: Vec<String> = ids
            .iter()
            .map(|&(module, node)| {
                json_string(linker.program.module(module).summary.semantic_id(node))
            })
            .collect();
        text.push_str(&format!(",\"callIds\":[{}]", all.join(",")));
    }
    let of = linker.program.module(first.module);
    let mut path: Vec<String> = Vec::new();
    if first.spread {
        path.push("\"*\"".to_owned());
    }
    path.extend(
        binding
            .path
            .iter()
            .map(|&p| json_string(of.summary.name(p))),
    );
    if !path.is_empty() {
        text.push_str(&format!(",\"propertyPath\":[{}]", path.join(",")));
    }
    if let Some(element) = first.element {
        text.push_str(&format!(",\"resultPath\":[\"{element}\"]"));
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
    text.push('}');
    text
}
