//! The worked examples of the graph model: what it lists for enrichment is what the linker gives, all edges and no others.
//!
//! Sources and the labels of nodes are those of the analyzer's tests of the same examples. Left out, as in the model: the
//! usual value of `kinds`, and that packages contain their functions, which belongs to no file.

use std::collections::{BTreeMap, BTreeSet};

use crate::common::linked;
use linker::FileLinks;

#[test]
fn data_flow_in_one_module() {
    check(
        include_str!("../../../analyzer/tests/worked_examples/data_flow.txt"),
        &[
            r#"6 RECEIVES_ARGUMENT 28 {"argIndex":0,"callId":27}"#,
            r#"23 RECEIVES_ARGUMENT 19 {"argIndex":0,"callId":18}"#,
            r#"25 CALLS EXTERNAL_FUNCTION:<global>.Math.round {"resolution":"builtin"}"#,
            r#"25 DERIVES_FROM 23 {"via":"pure"}"#,
            r#"26 CALLS EXTERNAL_FUNCTION:<global>.console.log {"resolution":"builtin"}"#,
            "26 WRITES_TO net:stdio#__stdio__",
        ],
    );
}

#[test]
fn inheritance_and_a_method_call_across_modules() {
    check(
        include_str!("../../../analyzer/tests/worked_examples/inheritance.txt"),
        &[
            r#"b12 CALLS EXTERNAL_FUNCTION:<global>.Array.prototype.push {"resolution":"builtin"}"#,
            r#"b13 FLOWS_INTO b6 {"mutationMethod":"push","argIndex":0,"propertyPath":["*"]}"#,
            r#"b5 RECEIVES_ARGUMENT u12 {"argIndex":0,"callId":u11}"#,
            r#"b9 RECEIVES_ARGUMENT u6 {"argIndex":0,"callId":u8}"#,
            "u1 DEPENDS_ON b1",
            "u2 IMPORTS_FROM b2",
            "u4 EXTENDS b3",
            r#"u8 CALLS b8 {"resolution":"this"}"#,
            r#"u11 CALLS b4 {"resolution":"inherited"}"#,
            "u10 INSTANCE_OF u4",
            r#"u6 RECEIVES_ARGUMENT a5 {"argIndex":0,"callId":a4}"#,
            "a1 DEPENDS_ON u1",
            "a2 IMPORTS_FROM u9",
            "a2 INSTANCE_OF u4",
            r#"a4 CALLS u5 {"resolution":"type"}"#,
        ],
    );
}

#[test]
fn common_js() {
    check(
        include_str!("../../../analyzer/tests/worked_examples/commonjs.txt"),
        &[
            r#"u3 RECEIVES_ARGUMENT u10 {"argIndex":0,"callId":u12}"#,
            r#"u4 RECEIVES_ARGUMENT u13 {"argIndex":1,"callId":u12}"#,
            r#"u10 RECEIVES_ARGUMENT m12 {"argIndex":0,"callId":m11}"#,
            "m1 DEPENDS_ON u1",
            "m1 IMPORTS EXTERNAL_MODULE:fs",
            "m3 IMPORTS_FROM u1",
            r#"m3 IMPORTS_FROM u8 {"imported":"inc"}"#,
            r#"m5 IMPORTS_FROM EXTERNAL_MODULE:fs {"imported":"*"}"#,
            r#"m11 CALLS u9 {"resolution":"import"}"#,
            r#"m13 CALLS EXTERNAL_FUNCTION:fs.statSync {"resolution":"external"}"#,
        ],
    );
}

/// The sources of an example and the labels of its nodes.
fn parse(text: &str) -> (Vec<(String, String)>, BTreeMap<String, String>) {
    let mut sources: Vec<(String, String)> = Vec::new();
    let mut labels = BTreeMap::new();
    let mut file = None;
    for line in text.lines() {
        if let Some(path) = line.strip_prefix("// ") {
            sources.push((path.to_owned(), String::new()));
        } else if let Some(path) = line.strip_prefix("nodes, F = ") {
            file = Some(path);
        } else if line == "edges, analysis" {
            break;
        } else if let Some(file) = file {
            for entry in line.split(" ; ").map(str::trim) {
                if let Some((label, node)) = entry.trim_end_matches(" ;").split_once(' ') {
                    let node = node.split(" {").next().unwrap_or(node);
                    let node = node.trim_end_matches(" exported");
                    let id = node.rsplit_once(' ').map_or(node, |(id, _)| id);
                    labels.insert(format!("{file}->{id}"), label.to_owned());
                }
            }
        } else if let Some((_, source)) = sources.last_mut() {
            if !source.is_empty() {
                source.push('\n');
            }
            source.push_str(line);
        }
    }
    (sources, labels)
}

fn check(example: &str, listed: &[&str]) {
    let (sources, labels) = parse(example);
    let (links, names) = linked(
        sources
            .iter()
            .map(|(path, source)| (path.as_str(), source.as_str())),
    );
    let label = |id: &str| labels.get(id).cloned().unwrap_or_else(|| id.to_owned());
    let found: BTreeSet<String> = (links.files.iter())
        .flat_map(FileLinks::edges)
        .map(|edge| {
            let mut metadata = match edge.metadata {
                r#"{"kinds":["static"]}"# | r#"{"kinds":["require"]}"# => "",
                metadata => metadata,
            }
            .to_owned();
            for (id, label) in &labels {
                metadata = metadata.replace(&format!("\"{id}\""), label);
            }
            let (src, dst) = (label(&names[&edge.src]), label(&names[&edge.dst]));
            let text = format!("{src} {} {dst} {metadata}", edge.edge_type);
            text.trim_end().to_owned()
        })
        .collect();
    let listed: BTreeSet<String> = listed.iter().map(|&e| e.to_owned()).collect();
    let missing: Vec<_> = listed.difference(&found).collect();
    let unlisted: Vec<_> = found.difference(&listed).collect();
    assert!(
        missing.is_empty() && unlisted.is_empty(),
        "missing: {missing:#?}\nnot in the list: {unlisted:#?}"
    );
}
