//! A module's graph as a person reads it: nodes in source order, each with its
//! span, metadata and outgoing edges; ids without the file.

use std::fmt::Write as _;

use analyzer::{ModuleAnalysis, ModuleGraph, Node};

/// The text of a whole module.
pub(crate) fn render(module: &ModuleAnalysis) -> String {
    let graph = &module.graph;
    let mut out = String::new();
    for diagnostic in &module.diagnostics {
        let _ = writeln!(
            out,
            "! {:?} {}: {diagnostic}",
            diagnostic.severity, diagnostic.code
        );
    }
    let mut outgoing: Vec<Vec<String>> = vec![Vec::new(); graph.nodes().len()];
    for edge in graph.edges() {
        let target = short(graph, &graph.nodes()[edge.dst as usize]);
        let metadata = metadata(&graph.edge_metadata(edge), &[]);
        outgoing[edge.src as usize].push(format!("  {} {target}{metadata}", edge.edge_type));
    }
    for (node, edges) in graph.nodes().iter().zip(&mut outgoing) {
        let span = node.span;
        let place = if node.in_file {
            format!(
                " {}:{}-{}:{}",
                span.line, span.column, span.end_line, span.end_column
            )
        } else {
            String::new()
        };
        let exported = if node.exported { " exported" } else { "" };
        let id = short(graph, node);
        let name = graph.name(node);
        let plain = id.split_once("->").map_or(id.as_str(), |(_, rest)| rest);
        let name = if plain.split(['[', '#']).next() == Some(name)
            || node.in_file && plain.starts_with(name)
        {
            String::new()
        } else {
            format!(" \"{name}\"")
        };
        let hidden = ["line", "column", "endLine", "endColumn", "contentHash"];
        let metadata = metadata(&graph.node_metadata(node), &hidden);
        let _ = writeln!(out, "{id}{name}{place}{exported}{metadata}");
        edges.sort();
        for edge in edges {
            let _ = writeln!(out, "{edge}");
        }
    }
    out
}

fn short(graph: &ModuleGraph, node: &Node) -> String {
    let id = graph.semantic_id(node);
    id.strip_prefix(graph.file())
        .and_then(|rest| rest.strip_prefix("->"))
        .map_or_else(|| id.clone(), str::to_owned)
}

/// Members without quotes around the keys; those that are false or hidden left out.
fn metadata(json: &str, hidden: &[&str]) -> String {
    if json.is_empty() {
        return String::new();
    }
    let value: serde_json::Map<String, serde_json::Value> = match serde_json::from_str(json) {
        Ok(value) => value,
        Err(error) => return format!(" INVALID JSON ({error}): {json}"),
    };
    let members: Vec<String> = value
        .iter()
        .filter(|(key, value)| {
            !hidden.contains(&key.as_str()) && **value != serde_json::Value::Bool(false)
        })
        .map(|(key, value)| {
            if *value == serde_json::Value::Bool(true) {
                key.clone()
            } else {
                format!("{key} {value}")
            }
        })
        .collect();
    if members.is_empty() {
        String::new()
    } else {
        format!(" {{{}}}", members.join(", "))
    }
}
