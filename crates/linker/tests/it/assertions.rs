//! What is known after a call that only returns where something holds.

use crate::common::edges;

const NODES: (&str, &str) = (
    "nodes.ts",
    "export class Text { size() {} }\nexport class Line { size() {} }\n\
     export type Node = Text | Line;\n\
     export function isText(node: Node): node is Text { return node instanceof Text; }\n\
     export function assertIsText(node: Node): asserts node is Text {}\n\
     export function invariant(holds: unknown, message?: string): asserts holds {}\n\
     export function check(node: unknown) {}",
);

fn calls(source: &str) -> Vec<String> {
    let header = "import { Text, Line, isText, assertIsText, invariant, check } from './nodes';\n\
                  import type { Node } from './nodes';\n";
    let main = [header, source].concat();
    let mut found = edges(&[NODES, ("main.ts", &main)], &["CALLS", "UNRESOLVED_CALL"]);
    found.retain(|edge| edge.contains("CALL->node."));
    found
}

#[test]
fn a_test_that_is_asserted_holds_from_there_on() {
    let one = r#"main.ts->CALL->node.size[in:f] CALLS nodes.ts->METHOD->size[in:Text] {"resolution":"type"}"#;
    for statement in [
        "assertIsText(node);",
        "invariant(isText(node), 'a text');",
        "invariant(node instanceof Text);",
        "invariant(!(node instanceof Line));",
        "invariant(other && node instanceof Text);",
    ] {
        let source =
            format!("export function f(node: Node, other: boolean) {{ {statement} node.size(); }}");
        assert_eq!(calls(&source), [one], "{statement}");
    }
}

#[test]
fn what_asserts_nothing_tells_nothing() {
    for body in [
        "check(node instanceof Text); node.size();",
        "invariant(other, node instanceof Text); node.size();",
        "node.size(); assertIsText(node);",
        "{ assertIsText(node); } node.size();",
    ] {
        let source = format!("export function f(node: Node, other: boolean) {{ {body} }}");
        let found = calls(&source);
        assert_eq!(found.len(), 2, "{body}: {found:?}");
    }
}

#[test]
fn assertions_of_node() {
    let source = "import assert from 'node:assert';\n\
                  export function f(node: Node) { assert(isText(node)); node.size(); }";
    assert_eq!(calls(source).len(), 1);
}

#[test]
fn what_is_left_where_one_of_two_tests_holds() {
    let nodes = (
        "nodes.ts",
        "export class Text { size() {} }\nexport class Line { size() {} }\nexport class Root { size() {} }\n\
         export type Node = Text | Line | Root;\n\
         export function isText(node: Node): node is Text { return node instanceof Text; }",
    );
    let targets = |body: &str| {
        let main = format!(
            "import {{ Text, Line, Root, isText }} from './nodes';\nimport type {{ Node }} from './nodes';\n\
             export function f(node: Node, other: boolean) {{ {body} }}"
        );
        let mut found = edges(&[nodes, ("main.ts", &main)], &["CALLS"]);
        found.retain(|edge| edge.contains("CALL->node.size"));
        let class = |edge: &String| {
            edge.split("[in:")
                .nth(2)?
                .split(']')
                .next()
                .map(str::to_owned)
        };
        found.iter().filter_map(class).collect::<Vec<_>>().join(" ")
    };
    for (body, classes) in [
        (
            "if (isText(node) || node instanceof Line) node.size();",
            "Line Text",
        ),
        (
            "if (!isText(node) && !(node instanceof Line)) return;\nnode.size();",
            "Line Text",
        ),
        (
            "if (!(isText(node) || node instanceof Line || node instanceof Root)) return;\nnode.size();",
            "Line Root Text",
        ),
        ("if (isText(node) || other) node.size();", "Line Root Text"),
        (
            "if (isText(node) || node instanceof Line) return;\nnode.size();",
            "Root",
        ),
    ] {
        assert_eq!(targets(body), classes, "{body}");
    }
}
