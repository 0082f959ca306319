//! Runs over projects that change, and over projects with something wrong in them.

use std::fs;

use crate::common::{edges, export, project, run, write};
use orchestrator::{AnalyzeOptions, Error, MemoryStore, NoProgress, Severity, Store as _, analyze};

fn options() -> AnalyzeOptions {
    AnalyzeOptions {
        threads: Some(2),
        ..AnalyzeOptions::default()
    }
}

#[test]
fn a_later_run_ends_in_the_graph_of_a_first_one() {
    let folder = project(&[
        ("package.json", r#"{"name":"p"}"#),
        ("a.js", "import { b } from './b.js'; b(); import './c.js';"),
        ("b.js", "export function b() { return 1; }"),
        ("c.js", "import fs from 'fs'; fs.existsSync('x');"),
    ]);
    let root = folder.path();
    let store = MemoryStore::new();
    analyze(root, &store, &options(), &NoProgress).unwrap();
    fs::remove_file(root.join("c.js")).unwrap();
    write(root, "b.js", "export const b = () => 2;");
    write(root, "d/e.ts", "export class E {}");
    let report = analyze(root, &store, &options(), &NoProgress).unwrap();
    assert_eq!(report.files.removed, 1);
    let (_, fresh) = run(root, 1);
    assert_eq!(export(&store), fresh);
    assert!(!fresh.contains("c.js->"));
}

#[test]
fn an_unfinished_load_is_begun_anew() {
    let folder = project(&[("a.js", "f();")]);
    let store = MemoryStore::new();
    store.begin_load().unwrap();
    let mut batch = rfdb_protocol::Batch::new();
    batch.owner("stale.js", "somebody");
    batch.push_node(rfdb_protocol::Node {
        id: 1,
        semantic_id: "stale",
        ..Default::default()
    });
    store.load(&batch).unwrap();
    analyze(folder.path(), &store, &options(), &NoProgress).unwrap();
    assert!(!store.is_loading().unwrap());
    assert_eq!(export(&store), run(folder.path(), 2).1);
}

#[test]
fn a_file_that_does_not_parse_keeps_its_module() {
    let folder = project(&[
        ("bad.ts", "export const x = 1;\nlet = = ;\n"),
        ("good.ts", "import { x } from './bad'; x;"),
    ]);
    let (report, export) = run(folder.path(), 2);
    assert_eq!((report.files.analyzed, report.files.failed), (2, 1));
    let parse = report
        .diagnostics
        .iter()
        .find(|d| d.severity == Severity::Error)
        .unwrap();
    assert_eq!(parse.file, "bad.ts");
    assert_eq!(parse.place.unwrap().line, 2);
    assert!(export.contains(r#""id":"bad.ts->MODULE->module""#));
    // What a broken file exports is unknown, not missing.
    assert!(
        report
            .diagnostics
            .iter()
            .all(|d| d.code != "missing-export"),
        "{:?}",
        report.diagnostics
    );
    assert_eq!(
        edges(&export, "DEPENDS_ON"),
        ["good.ts->MODULE->module => bad.ts->MODULE->module"]
    );
}

#[test]
fn files_that_are_no_text_are_skipped_and_named() {
    let folder = project(&[
        ("ok.js", "ok();"),
        ("empty.js", ""),
        ("bom.js", "\u{feff}f();"),
    ]);
    write(folder.path(), "binary.js", b"\x7fELF\0\0\x01");
    write(folder.path(), "latin1.js", b"// caf\xe9");
    write(folder.path(), "utf16.js", b"\xff\xfea\0");
    let (report, export) = run(folder.path(), 2);
    assert_eq!((report.files.analyzed, report.files.skipped), (3, 3));
    let named: Vec<_> = report
        .diagnostics
        .iter()
        .map(|d| (d.file.as_str(), d.code))
        .collect();
    assert_eq!(
        named,
        [
            ("binary.js", "binary-file"),
            ("latin1.js", "not-utf-8"),
            ("utf16.js", "not-utf-8")
        ]
    );
    assert!(export.contains(r#""id":"bom.js->CALL->f""#));
    assert!(!export.contains("binary.js"));
}

#[test]
fn deep_nesting_needs_no_luck() {
    let deep = format!("const x = {}1{};", "[".repeat(3000), "]".repeat(3000));
    let chain = format!("const y = a{};", ".b()".repeat(3000));
    let sum = format!("const z = {}1;", "1 + ".repeat(5000));
    let folder = project(&[("deep.js", &deep), ("chain.js", &chain), ("sum.js", &sum)]);
    let (report, _) = run(folder.path(), 2);
    assert_eq!(report.files.analyzed, 3);
}

#[test]
fn nothing_to_analyze_leaves_the_store_alone() {
    let folder = project(&[("README.md", "words")]);
    let store = MemoryStore::new();
    let error = analyze(folder.path(), &store, &options(), &NoProgress).unwrap_err();
    assert!(matches!(error, Error::NoFiles(_)), "{error}");
    assert!(!store.is_loading().unwrap());
}

#[test]
fn unresolved_imports_say_where_they_are() {
    let folder = project(&[("src/a.ts", "const one = 1;\nimport { x } from './nope';\n")]);
    let (report, _) = run(folder.path(), 1);
    let found: Vec<String> = report
        .diagnostics
        .iter()
        .map(|d| format!("{} {d}", d.code))
        .collect();
    assert_eq!(
        found,
        ["unresolved-import src/a.ts:2:10: cannot find module './nope'"]
    );
}

#[test]
fn whoever_names_a_member_of_the_global_object_says_the_same_of_it() {
    // `Boolean` is known by name in one file, and followed to by the linker in the other: the files' rows are alike, so that it
    // does not matter whose are read.
    let direct = "console.log(Boolean('x'), Object.keys({}), window.foo.bar());";
    let followed = "import { check, keys, far } from './names'; [check('x'), keys({}), far.bar()];";
    let names = "export const check = Boolean; export const keys = Object.keys; export const far = window.foo;";
    let (_, both) = run(
        project(&[("a.js", direct), ("b.js", followed), ("names.js", names)]).path(),
        1,
    );
    let (_, one) = run(
        project(&[("b.js", followed), ("names.js", names)]).path(),
        1,
    );
    let globals = |export: &str| -> std::collections::BTreeSet<String> {
        let lines = export.lines();
        lines
            .filter(|line| {
                line.starts_with("{\"kind\":\"node\",\"id\":\"EXTERNAL_FUNCTION:<global>")
            })
            .map(str::to_owned)
            .collect()
    };
    let (both, one) = (globals(&both), globals(&one));
    let said = |text: &str| one.iter().any(|line| line.contains(text));
    assert!(
        said(r#""exportedName":"Boolean","isBuiltin":true"#),
        "{one:#?}"
    );
    assert!(
        said(r#""exportedName":"Object.keys","isBuiltin":true"#),
        "{one:#?}"
    );
    let missing: Vec<_> = one.difference(&both).collect();
    assert!(missing.is_empty(), "{missing:#?} not in {both:#?}");
}

/// Several modules have an edge between the same two nodes where neither is in one of their files. Which of them is stored last
/// depends on how large they are, and on the threads.
#[test]
fn an_edge_that_modules_share_does_not_depend_on_their_order() {
    let registry =
        "export class Registry { list = []; }\nexport const registry = new Registry();\n";
    let modules = [
        "import { registry } from './registry.js';\nError.stackTraceLimit = Infinity;\nregistry.list.push(Infinity);\n",
        "import { registry } from './registry.js';\n\nError.limit ||= Infinity;\nregistry.list.unshift(NaN, Infinity);\n",
    ];
    let edges = |large: usize| {
        let text = |i: usize| match i == large {
            true => format!("{}{}", modules[i], "// large\n".repeat(100)),
            false => modules[i].to_owned(),
        };
        let (a, b) = (text(0), text(1));
        let project = project(&[("registry.js", registry), ("a.js", &a), ("b.js", &b)]);
        let (_, export) = run(project.path(), 1);
        let shared = |line: &&str| line.contains(r#""src":"EXTERNAL_FUNCTION:<global>.Infinity""#);
        export
            .lines()
            .filter(shared)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let first = edges(0);
    assert_eq!(
        first,
        [
            r#"{"kind":"edge","type":"FLOWS_INTO","src":"EXTERNAL_FUNCTION:<global>.Infinity","dst":"EXTERNAL_FUNCTION:<global>.Error","metadata":{}}"#
        ]
    );
    assert_eq!(first, edges(1));
}
