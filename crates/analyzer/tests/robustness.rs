//! Sources that break analyzers: extreme depth, odd encodings, broken syntax.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use analyzer::{ModuleAnalysis, Options, Severity, analyze_module};
use graph_model::NodeType;

const DEPTH: usize = 10_000;

fn analyze(path: &str, source: &str) -> ModuleAnalysis {
    analyze_module(path, source, &Options::default())
}

fn count(module: &ModuleAnalysis, node_type: NodeType) -> usize {
    module
        .graph
        .nodes()
        .iter()
        .filter(|n| n.node_type == node_type)
        .count()
}

/// Test threads have 2 MiB of stack, much less than these trees need.
fn parses(name: &str, source: &str) -> ModuleAnalysis {
    let module = analyze("deep.js", source);
    assert!(
        module
            .diagnostics
            .iter()
            .all(|d| d.severity == Severity::Warning),
        "{name}: {}",
        module.diagnostics[0]
    );
    module
}

#[test]
fn deep_parentheses() {
    parses(
        "parentheses",
        &format!("x = {}1{};", "(".repeat(DEPTH), ")".repeat(DEPTH)),
    );
}

#[test]
fn deep_arrays() {
    let module = parses(
        "arrays",
        &format!("x = {}f(){};", "[".repeat(DEPTH), "]".repeat(DEPTH)),
    );
    assert_eq!(count(&module, NodeType::ArrayLiteral), DEPTH);
}

#[test]
fn deep_literal_arrays() {
    parses(
        "literal arrays",
        &format!("const x = {}1{};", "[".repeat(DEPTH), "]".repeat(DEPTH)),
    );
}

#[test]
fn long_chains_of_calls() {
    let module = parses("chained calls", &format!("x{};", ".then(f)".repeat(DEPTH)));
    assert_eq!(count(&module, NodeType::Call), DEPTH);
}

#[test]
fn long_chains_of_binary_operators() {
    let module = parses(
        "binary operators",
        &format!("x = a{};", " + b".repeat(DEPTH)),
    );
    assert_eq!(count(&module, NodeType::Expression), 1);
}

#[test]
fn long_chains_of_logical_operators_and_ternaries() {
    parses("logical", &format!("x = a{};", " || b".repeat(DEPTH)));
    parses("ternaries", &format!("x = {}d;", "a ? b : ".repeat(DEPTH)));
}

#[test]
fn deep_blocks_and_else_ifs() {
    parses(
        "blocks",
        &format!("{}f();{}", "{".repeat(DEPTH), "}".repeat(DEPTH)),
    );
    parses(
        "else if",
        &format!("{}f();", "if (a) {} else ".repeat(DEPTH)),
    );
}

#[test]
fn deep_functions_and_objects() {
    parses("arrows", &format!("x = {}1;", "() => ".repeat(2_000)));
    parses(
        "objects",
        &format!("x = {}f(){};", "{a:".repeat(2_000), "}".repeat(2_000)),
    );
    parses("unary", &format!("x = {}y;", "!".repeat(DEPTH)));
}

#[test]
fn a_file_that_does_not_parse_keeps_its_module() {
    let module = analyze("src/a.js", "function f() {\n  if (a {\n}\n");
    assert_eq!(module.graph.nodes().len(), 1);
    let metadata = module.graph.node_metadata(&module.graph.nodes()[0]);
    assert!(metadata.contains("\"parseError\":\"2:"), "{metadata}");
    let error = &module.diagnostics[0];
    let line = error.place.map(|place| place.line);
    assert_eq!((error.severity, line), (Severity::Error, Some(2)));
    assert!(error.to_string().starts_with("src/a.js:2:"), "{error}");
}

#[test]
fn flow_is_recognised() {
    let module = analyze("src/a.js", "// @flow\ntype Props = {| a: string |};\n");
    assert_eq!(module.diagnostics[0].code, "flow-syntax");
    assert!(module.diagnostics[0].message.contains("Flow"));
}

#[test]
fn the_path_decides_the_language() {
    assert!(
        !analyze("a.ts", "const a = <T>x;")
            .diagnostics
            .iter()
            .any(|d| d.severity == Severity::Error)
    );
    assert_eq!(
        count(
            &analyze("a.tsx", "const a = <T>x</T>;"),
            NodeType::JsxElement
        ),
        1
    );
    assert_eq!(
        count(
            &analyze("a.js", "const a = <T>x</T>;"),
            NodeType::JsxElement
        ),
        1
    );
}

#[test]
fn a_byte_order_mark_has_no_width() {
    let with = analyze("a.ts", "\u{feff}const a = f();\n");
    let without = analyze("a.ts", "const a = f();\n");
    let spans = |m: &ModuleAnalysis| m.graph.nodes().iter().map(|n| n.span).collect::<Vec<_>>();
    assert_eq!(spans(&with), spans(&without));
}

#[test]
fn the_same_source_gives_the_same_graph() {
    let source = include_str!("fixtures/control_flow/try_nested.js").repeat(20);
    let once = analyze("a.js", &source);
    let again = std::thread::spawn({
        let source = source.clone();
        move || analyze("a.js", &source)
    })
    .join()
    .unwrap();
    let texts = |m: &ModuleAnalysis| {
        m.graph
            .nodes()
            .iter()
            .map(|n| format!("{} {}", m.graph.semantic_id(n), m.graph.node_metadata(n)))
            .chain(m.graph.edges().iter().map(|e| {
                format!(
                    "{} {} {} {}",
                    e.src,
                    e.edge_type,
                    e.dst,
                    m.graph.edge_metadata(e)
                )
            }))
            .collect::<Vec<_>>()
    };
    assert_eq!(texts(&once), texts(&again));
    assert_eq!(once.summary, again.summary);
}
