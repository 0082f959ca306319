//! The worked examples of the graph model: what it lists for the analyzer is what the
//! analyzer gives, nodes with their spans and all edges.
//!
//! The files in `worked_examples/` hold sources, each after a line `// path`, then nodes as
//! `label id span {metadata}` and edges as `source TYPE target {metadata}, target & TYPE target`,
//! separated by ` ; `. Of nodes they leave out keys at their usual value and texts derived
//! from the source.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use analyzer::{Options, analyze_module};
use serde_json::{Map, Value};

#[test]
fn data_flow_in_one_module() {
    check(include_str!("worked_examples/data_flow.txt"));
}

#[test]
fn inheritance_and_a_method_call_across_modules() {
    check(include_str!("worked_examples/inheritance.txt"));
}

#[test]
fn common_js() {
    check(include_str!("worked_examples/commonjs.txt"));
}

struct ListedNode {
    id: String,
    span: String,
    exported: bool,
    metadata: Map<String, Value>,
}

#[derive(Default)]
struct Example {
    sources: Vec<(String, String)>,
    nodes: BTreeMap<String, ListedNode>,
    /// Source, type, target, metadata, with labels in place of ids.
    edges: BTreeSet<(String, String, String, String)>,
}

/// Keys that the lists leave out where they hold `true`.
const USUAL: [&str; 5] = [
    "isMethodCall",
    "isExported",
    "isClassMethod",
    "isNew",
    "conditional",
];

fn check(text: &str) {
    let example = parse(text);
    let labels: BTreeMap<&str, &str> = example
        .nodes
        .iter()
        .map(|(label, node)| (node.id.as_str(), label.as_str()))
        .collect();
    let mut nodes = 0;
    let mut edges = BTreeSet::new();
    for (path, source) in &example.sources {
        let module = analyze_module(path, source, &Options::default());
        assert!(module.diagnostics.is_empty());
        let graph = &module.graph;
        let label = |index: u32| {
            let id = graph.semantic_id(&graph.nodes()[index as usize]);
            labels.get(&*id).copied().unwrap_or(&id).to_owned()
        };
        for node in graph.nodes() {
            let id = graph.semantic_id(node);
            let label = labels
                .get(&*id)
                .unwrap_or_else(|| panic!("{id} is not in the list"));
            let listed = &example.nodes[*label];
            let span = node.span;
            let place = format!(
                "{}:{}-{}:{}",
                span.line, span.column, span.end_line, span.end_column
            );
            assert_eq!(
                (&listed.span, listed.exported),
                (&place, node.exported),
                "{id}"
            );
            let metadata: Map<String, Value> =
                serde_json::from_str(&graph.node_metadata(node)).unwrap();
            for (key, value) in &listed.metadata {
                let name = Value::from(graph.name(node));
                let actual = metadata.get(key).unwrap_or(&name);
                assert_eq!(actual, value, "{key} of {id}");
            }
            for (key, value) in &metadata {
                let left_out = *value != true || USUAL.contains(&key.as_str());
                assert!(
                    left_out || listed.metadata.contains_key(key),
                    "{id} has {key}, which is not in the list"
                );
            }
            nodes += 1;
        }
        for edge in graph.edges() {
            let metadata = match graph.edge_metadata(edge).as_str() {
                "" => Map::new(),
                text => serde_json::from_str(text).unwrap(),
            };
            edges.insert((
                label(edge.src),
                edge.edge_type.to_string(),
                label(edge.dst),
                text_of(&metadata),
            ));
        }
    }
    assert_eq!(nodes, example.nodes.len(), "nodes of the list are missing");
    let missing: Vec<_> = example.edges.difference(&edges).collect();
    let unlisted: Vec<_> = edges.difference(&example.edges).collect();
    assert!(
        missing.is_empty() && unlisted.is_empty(),
        "missing: {missing:#?}\nnot in the list: {unlisted:#?}"
    );
}

/// Metadata with its keys sorted, without keys at their usual value.
fn text_of(metadata: &Map<String, Value>) -> String {
    let sorted: BTreeMap<&String, &Value> = metadata
        .iter()
        // The name of a write is the last step of its path, which is listed.
        .filter(|(key, _)| *key != "propertyName" || !metadata.contains_key("mutationType"))
        .collect();
    serde_json::to_string(&sorted).unwrap()
}

fn parse(text: &str) -> Example {
    let mut example = Example::default();
    let mut file = String::new();
    let mut section = "source";
    let mut entries: Vec<(&str, String, String)> = Vec::new();
    for line in text.lines() {
        if let Some(path) = line.strip_prefix("// ") {
            example.sources.push((path.to_owned(), String::new()));
        } else if let Some(path) = line.strip_prefix("nodes, F = ") {
            section = "nodes";
            file = path.to_owned();
        } else if line == "edges, analysis" {
            section = "edges";
        } else if section == "source" {
            let source = &mut example.sources.last_mut().unwrap().1;
            if !source.is_empty() {
                source.push('\n');
            }
            source.push_str(line);
        } else {
            for entry in line.split(" ; ") {
                let entry = entry.trim().trim_end_matches(';').trim();
                entries.push((section, file.clone(), entry.to_owned()));
            }
        }
    }
    for (section, file, entry) in entries {
        if entry.is_empty() {
            continue;
        }
        if section == "nodes" {
            let (label, node) = parse_node(&file, &entry);
            example.nodes.insert(label, node);
        } else {
            parse_edges(&entry, &mut example.edges);
        }
    }
    example
}

/// `label id span exported {metadata}`; an id may hold spaces.
fn parse_node(file: &str, entry: &str) -> (String, ListedNode) {
    let (label, rest) = entry.split_once(' ').unwrap();
    let (rest, metadata) = split_metadata(rest);
    let (rest, exported) = match rest.strip_suffix(" exported") {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    let (id, span) = rest.rsplit_once(' ').unwrap();
    let node = ListedNode {
        id: format!("{file}->{id}"),
        span: span.to_owned(),
        exported,
        metadata,
    };
    (label.to_owned(), node)
}

/// `source TYPE target {metadata}, target & TYPE target`.
fn parse_edges(entry: &str, edges: &mut BTreeSet<(String, String, String, String)>) {
    let (source, rest) = entry.split_once(' ').unwrap();
    for part in rest.split(" & ") {
        let (edge_type, targets) = part.split_once(' ').unwrap();
        for target in split_outside(targets) {
            let (target, metadata) = split_metadata(&target);
            edges.insert((
                source.to_owned(),
                edge_type.to_owned(),
                target.to_owned(),
                text_of(&metadata),
            ));
        }
    }
}

/// What stands before `{…}`, and its members: `key value` or a bare key for `true`.
fn split_metadata(text: &str) -> (&str, Map<String, Value>) {
    let Some((head, members)) = text.split_once(" {") else {
        return (text, Map::new());
    };
    let members = members.strip_suffix('}').unwrap();
    let members = split_outside(members)
        .into_iter()
        .map(|member| match member.split_once(' ') {
            Some((key, value)) => (key.to_owned(), serde_json::from_str(value).unwrap()),
            None => (member, Value::Bool(true)),
        })
        .collect();
    (head, members)
}

/// Parts at the commas outside of brackets and strings.
fn split_outside(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let (mut depth, mut quoted) = (0, false);
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            '[' | '{' if !quoted => depth += 1,
            ']' | '}' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().unwrap().push(c);
    }
    parts.iter().map(|part| part.trim().to_owned()).collect()
}
