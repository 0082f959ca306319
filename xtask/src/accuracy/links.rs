//! Shares that need no oracle: imports that reach a declaration, arguments that reach their parameter.

use std::collections::{HashMap, HashSet};

use rfdb_client::NodeId;

use super::graph::Graph;
use super::score::Share;

/// Edges that [`imports`] and [`arguments`] look at.
pub(crate) const EDGES: &[&str] = &[
    "IMPORTS_FROM",
    "EXPORTS",
    "CALLS",
    "HAS_PARAMETER",
    "PASSES_ARGUMENT",
    "RECEIVES_ARGUMENT",
];

/// Import bindings that lead to a declaration, of those whose specifier names a file of the project.
pub(crate) fn imports(graph: &Graph) -> Share {
    let from = graph.by_source("IMPORTS_FROM");
    let exports = graph.by_source("EXPORTS");
    let reaches = |start: NodeId| {
        let mut seen = HashSet::new();
        let mut open = vec![start];
        while let Some(id) = open.pop() {
            if !seen.insert(id) {
                continue;
            }
            match graph.nodes.get(&id).map(|n| n.node_type.as_str()) {
                None => {}
                Some("EXPORT" | "IMPORT") => {
                    let next = from.get(&id).into_iter().chain(exports.get(&id)).flatten();
                    open.extend(next.map(|edge| edge.dst));
                }
                // A value, a module, or a package.
                Some(_) => return true,
            }
        }
        false
    };
    let mut reached = 0;
    for (id, edges) in &from {
        let is_import = graph.nodes.get(id).is_some_and(|n| n.node_type == "IMPORT");
        // What a file of the project has from a package is reached through that file.
        let inside = edges.iter().any(|edge| {
            let node = graph.nodes.get(&edge.dst);
            node.is_some_and(|n| !n.file.is_empty()) || !edge.facts.through.is_empty()
        });
        reached += u64::from(is_import && inside && reaches(*id));
    }
    Share {
        part: reached,
        whole: graph.report.imports.total,
    }
}

/// Arguments of resolved calls for which there is a parameter, and of those the ones that it receives.
pub(crate) fn arguments(graph: &Graph) -> Share {
    let parameters = graph.by_source("HAS_PARAMETER");
    let passed = graph.by_source("PASSES_ARGUMENT");
    let received: HashSet<(NodeId, NodeId)> = graph
        .edges("RECEIVES_ARGUMENT")
        .iter()
        .map(|edge| (edge.src, edge.dst))
        .collect();
    let mut by_callable: HashMap<NodeId, Vec<(i64, bool, NodeId)>> = HashMap::new();
    for (callable, edges) in &parameters {
        for edge in edges {
            if let Some(node) = graph.nodes.get(&edge.dst) {
                let index = node.at.index.unwrap_or(-1);
                let entry = (index, node.at.is_rest, edge.dst);
                by_callable.entry(*callable).or_default().push(entry);
            }
        }
    }
    let mut share = Share::default();
    for call in graph.edges("CALLS") {
        if call.facts.call_type.is_some() || call.facts.is_possible() {
            continue;
        }
        let Some(parameters) = by_callable.get(&call.dst) else {
            continue;
        };
        for argument in passed.get(&call.src).into_iter().flatten() {
            if argument.facts.is_spread {
                continue;
            }
            let indexes = if argument.facts.arg_indexes.is_empty() {
                argument.facts.arg_index.into_iter().collect()
            } else {
                argument.facts.arg_indexes.clone()
            };
            for index in indexes {
                let index = index - call.facts.arg_shift;
                let mut bindings = parameters
                    .iter()
                    .filter(|(at, rest, _)| *at == index || (*rest && *at >= 0 && *at <= index))
                    .peekable();
                if index >= 0 && bindings.peek().is_some() {
                    share.count(bindings.any(|(_, _, id)| received.contains(&(*id, argument.dst))));
                }
            }
        }
    }
    share
}
