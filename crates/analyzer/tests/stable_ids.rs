//! Ids outlive edits elsewhere in the file: what is inserted at the top of a real
//! module changes no id of the code below it, unless it takes a name.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashSet;

use analyzer::{Options, analyze_module};

/// Ids of the module's nodes, without the MODULE itself.
fn ids(path: &str, source: &str) -> HashSet<String> {
    let module = analyze_module(path, source, &Options::default());
    module
        .graph
        .nodes()
        .iter()
        .skip(1)
        .filter(|n| n.in_file)
        .map(|n| module.graph.semantic_id(n).to_owned())
        .collect()
}

/// Share of the ids of `source` that are still there after `edit`.
fn survivors(path: &str, source: &str, edit: &str) -> (usize, usize) {
    let before = ids(path, source);
    let after = ids(path, &format!("{edit}{source}"));
    (before.intersection(&after).count(), before.len())
}

const EDITS: [&str; 4] = [
    "\n\n\n",
    "/** A long comment.\n * About nothing. */\n",
    "function insertedHelper(alpha, beta) {\n  const sum = alpha + beta;\n  return sum ? insertedOther(sum) : [];\n}\n",
    "const insertedTable = { one: 1, two: () => insertedOther(2) };\n",
];

#[test]
fn insertions_at_the_top_leave_ids_as_they_were() {
    let sources = [
        (
            "src/a.js",
            include_str!("fixtures/control_flow/try_catch_finally.js"),
        ),
        (
            "src/b.js",
            include_str!("fixtures/owners/repeated_callbacks.js"),
        ),
        ("src/c.ts", include_str!("fixtures/classes/overloads.ts")),
        (
            "src/d.js",
            include_str!("fixtures/functions/context_names.js"),
        ),
        ("src/e.jsx", include_str!("fixtures/jsx/elements.jsx")),
    ];
    let (mut kept, mut all) = (0, 0);
    for (path, source) in sources {
        for edit in EDITS {
            let (survived, total) = survivors(path, source, edit);
            kept += survived;
            all += total;
        }
    }
    assert!(kept * 100 >= all * 99, "{kept} of {all} ids survived");
}

#[test]
fn formatting_changes_no_id() {
    let source = include_str!("fixtures/control_flow/try_catch_finally.js");
    let spread: String = source.replace("; ", ";\n\n    ").replace('{', "{\n");
    assert_eq!(ids("a.js", source), ids("a.js", &spread));
}
