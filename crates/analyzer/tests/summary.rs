//! What the linker is told of a module.

use analyzer::summary::CallKind;
use analyzer::{Options, analyze_module};
use graph_model::NodeType;

/// The callee of `new` may hold calls of its own, whose facts come before that of the `new`.
#[test]
fn a_resolved_new_is_not_taken_for_a_call_inside_its_class() {
    let module = analyze_module("a.js", "new (class { x = f(); })();", &Options::default());
    let facts: Vec<_> = module
        .summary
        .calls
        .iter()
        .map(|c| (c.kind, c.resolved.is_some()))
        .collect();
    assert_eq!(facts, [(CallKind::Call, false), (CallKind::New, true)]);
}

#[test]
fn a_part_of_a_file_is_analyzed_in_its_own_language() {
    let part = |text: &str| {
        let options = Options::part_of_file("ts", [7; 32]);
        analyze_module("src/a.vue", text, &options)
    };
    let module = part("\n  export const add = (a: number): number => a + 1;");
    assert!(module.diagnostics.is_empty(), "{:?}", module.diagnostics);
    assert_eq!(module.summary.content_hash, [7; 32]);
    let nodes = module.graph.nodes();
    let function = nodes.iter().find(|n| n.node_type == NodeType::Function);
    let function = function.unwrap();
    assert_eq!((function.span.line, function.span.column), (2, 21));
    assert_eq!(
        module.graph.semantic_id(function),
        "src/a.vue->FUNCTION->add"
    );
    let metadata = module.graph.node_metadata(&nodes[0]);
    assert!(metadata.contains(r#""language":"ts""#), "{metadata}");
    // What is wrong is said of the file.
    assert_eq!(part("let = = ;").diagnostics[0].file, "src/a.vue");
}
