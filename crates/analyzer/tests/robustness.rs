//! Sources that break analyzers: extreme depth, odd encodings, broken syntax.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use analyzer::{ModuleAnalysis, Options, Severity, analyze_module};
use graph_model::NodeType;

const DEPTH: usize = 10_000;
/// The same where every level is an owner: an id names all owners around it, so the
/// length of all ids together grows with the square of the depth.
const OWNERS: usize = 2_000;

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
    parses("arrows", &format!("x = {}1;", "() => ".repeat(OWNERS)));
    parses(
        "objects",
        &format!("x = {}f(){};", "{a:".repeat(OWNERS), "}".repeat(OWNERS)),
    );
    parses("unary", &format!("x = {}y;", "!".repeat(DEPTH)));
}

#[test]
fn deep_functions_and_classes() {
    let functions = parses(
        "functions",
        &format!(
            "{}{}",
            "function f() { return ".repeat(DEPTH),
            "}".repeat(DEPTH)
        ),
    );
    assert_eq!(count(&functions, NodeType::Function), DEPTH);
    parses(
        "callbacks",
        &format!("{}{}", "f(() => { ".repeat(OWNERS), "});".repeat(OWNERS)),
    );
    parses(
        "classes",
        &format!(
            "x = {}1{};",
            "class { a = ".repeat(OWNERS),
            "}".repeat(OWNERS)
        ),
    );
}

#[test]
fn deep_jsx() {
    let module = parses(
        "elements",
        &format!("x = {}{};", "<a>".repeat(DEPTH), "</a>".repeat(DEPTH)),
    );
    assert_eq!(count(&module, NodeType::JsxElement), DEPTH);
    parses("tags", &format!("x = <a{} />;", ".b".repeat(DEPTH)));
    parses(
        "attributes",
        &format!("x = {}1{};", "<a b={".repeat(DEPTH), "} />".repeat(DEPTH)),
    );
}

#[test]
fn deep_templates_and_members() {
    parses(
        "templates",
        &format!("x = {}1{};", "`${".repeat(DEPTH), "}`".repeat(DEPTH)),
    );
    let module = parses("members", &format!("x = a{};", ".b".repeat(DEPTH)));
    assert_eq!(count(&module, NodeType::PropertyAccess), DEPTH);
    parses("written members", &format!("a{} = 1;", ".b".repeat(DEPTH)));
    parses("optional chains", &format!("x = a{};", "?.b".repeat(DEPTH)));
    parses(
        "concatenations",
        &format!("x = a{};", " + 'b' + `c${d}`".repeat(DEPTH)),
    );
    parses("assignments", &format!("{}1;", "x = ".repeat(DEPTH)));
    parses("sequences", &format!("x = (a{});", ", b".repeat(DEPTH)));
    parses(
        "awaits",
        &format!("async function f() {{ {} p; }}", "await ".repeat(DEPTH)),
    );
    parses("new", &format!("x = {}C;", "new ".repeat(DEPTH)));
    parses(
        "spreads",
        &format!("x = {}[]{};", "[...".repeat(DEPTH), "]".repeat(DEPTH)),
    );
}

#[test]
fn deep_patterns() {
    parses(
        "patterns",
        &format!("const {}a{} = x;", "[".repeat(DEPTH), "]".repeat(DEPTH)),
    );
    parses(
        "object patterns",
        &format!("const {}a{} = x;", "{ b: ".repeat(DEPTH), "}".repeat(DEPTH)),
    );
}

#[test]
fn deep_statements() {
    for (name, open) in [
        ("if", "if (a) "),
        ("while", "while (a) "),
        ("for", "for (;;) "),
        ("for of", "for (const x of y) "),
    ] {
        parses(name, &format!("{}f();", open.repeat(DEPTH)));
    }
    parses("labels", &{
        let labels: Vec<String> = (0..DEPTH).map(|i| format!("l{i}: ")).collect();
        format!("{}f();", labels.concat())
    });
    parses(
        "try",
        &format!(
            "{}f();{}",
            "try { ".repeat(DEPTH),
            "} catch {}".repeat(DEPTH)
        ),
    );
    parses(
        "switch",
        &format!(
            "{}f();{}",
            "switch (a) { case 1: ".repeat(DEPTH),
            "}".repeat(DEPTH)
        ),
    );
}

#[test]
fn deep_types() {
    let parses = |name: &str, source: &str| {
        let module = analyze("deep.ts", source);
        assert!(
            module.diagnostics.is_empty(),
            "{name}: {}",
            module.diagnostics[0]
        );
        module
    };
    parses(
        "arguments",
        &format!("type A = {}B{};", "X<".repeat(DEPTH), " >".repeat(DEPTH)),
    );
    parses(
        "conditionals",
        &format!("type A<T> = {}B;", "T extends 1 ? 2 : ".repeat(DEPTH)),
    );
    parses("arrays", &format!("type A = B{};", "[]".repeat(DEPTH)));
    parses("unions", &format!("type A = B{};", " | C".repeat(DEPTH)));
    parses(
        "parentheses",
        &format!("type A = {}B{};", "(".repeat(DEPTH), ")".repeat(DEPTH)),
    );
    parses(
        "objects",
        &format!("type A = {}B{};", "{ a: ".repeat(DEPTH), "}".repeat(DEPTH)),
    );
    parses(
        "functions",
        &format!("type A = {}B;", "() => ".repeat(DEPTH)),
    );
    parses(
        "qualified names",
        &format!("let a: b{};", ".c".repeat(DEPTH)),
    );
    parses("casts", &format!("x = y{};", " as A".repeat(DEPTH)));
    parses(
        "namespaces",
        &format!("namespace a{} {{}}", ".b".repeat(OWNERS)),
    );
}

#[test]
fn depth_that_does_not_parse() {
    for source in [
        "(".repeat(DEPTH),
        "[".repeat(DEPTH),
        "f(".repeat(DEPTH),
        "a ? ".repeat(DEPTH),
        "`${".repeat(DEPTH),
        "<a>".repeat(DEPTH),
        "x = <a b={".repeat(DEPTH),
        "class A { b = ".repeat(DEPTH),
    ] {
        let module = analyze("deep.js", &source);
        let what = &source[..source.len().min(16)];
        assert!(
            module
                .diagnostics
                .iter()
                .any(|d| d.severity == Severity::Error),
            "{what}"
        );
        assert_eq!(module.graph.nodes().len(), 1, "{what}");
    }
}

/// Neither time nor stack may grow faster than the file.
#[test]
fn flat_files_of_a_hundred_thousand_elements() {
    const WIDTH: usize = 100_000;
    let array = parses("array", &format!("x = [{}];", "f,".repeat(WIDTH)));
    assert_eq!(count(&array, NodeType::ArrayLiteral), 1);
    parses("literals", &format!("const x = [{}];", "1,".repeat(WIDTH)));
    let calls = parses("statements", &"f();\n".repeat(WIDTH));
    assert_eq!(count(&calls, NodeType::Call), WIDTH);
    let arguments = parses("arguments", &format!("f({});", "g(),".repeat(WIDTH)));
    assert_eq!(count(&arguments, NodeType::Call), WIDTH + 1);
    let object: String = (0..WIDTH).map(|i| format!("k{i}: f,")).collect();
    parses("object", &format!("x = {{{object}}};"));
    let declarations: String = (0..WIDTH).map(|i| format!("const k{i} = f;\n")).collect();
    let variables = parses("declarations", &declarations);
    assert_eq!(count(&variables, NodeType::Variable), WIDTH);
    let cases: String = (0..WIDTH).map(|i| format!("case {i}: f();")).collect();
    parses("cases", &format!("switch (x) {{ {cases} }}"));
    parses("one name", &"var x = f;".repeat(WIDTH));
    parses(
        "one line of strings",
        &format!("f({});", "'a',".repeat(WIDTH)),
    );
    parses("template", &format!("x = `{}`;", "a${b}".repeat(WIDTH)));
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
