//! The commands as a person uses them.

use std::fs;

use crate::common::{ok, project, run, small_project};

#[test]
fn analyze_and_ask() {
    let folder = small_project();
    let root = folder.path();
    let summary = ok(root, &["analyze", "--clear", "."]);
    for part in [
        "small: 2 files",
        "FUNCTION",
        "CALLS",
        "ANALYSIS",
        "graph.rfdb",
    ] {
        assert!(summary.contains(part), "{part} not in\n{summary}");
    }
    assert!(root.join(".grafema/graph.rfdb").is_dir());

    let stats: serde_json::Value = serde_json::from_str(&ok(root, &["stats", "--json"])).unwrap();
    assert_eq!(stats["nodes"]["byType"]["MODULE"], 2);
    assert_eq!(stats["edges"]["byType"]["DEPENDS_ON"], 1);
    assert!(ok(root, &["stats"]).contains("MODULE"));
    // From a folder inside, and from outside.
    assert!(ok(&root.join("src"), &["stats"]).contains("MODULE"));
    assert!(ok(root.parent().unwrap(), &["stats", root.to_str().unwrap()]).contains("MODULE"));

    let found = ok(root, &["query", "add"]);
    assert!(found.starts_with("FUNCTION"), "{found}");
    assert!(found.contains("src/a.ts:1:8"), "{found}");
    assert!(found.contains("src/b.ts:2:1"), "{found}");
    let json: serde_json::Value =
        serde_json::from_str(&ok(root, &["query", "add", "--type", "call", "--json"])).unwrap();
    let calls = json.as_array().unwrap();
    assert_eq!(
        (calls.len(), calls[0]["id"].as_str()),
        (1, Some("src/b.ts->CALL->add"))
    );
    assert_eq!(
        (calls[0]["line"].as_u64(), calls[0]["column"].as_u64()),
        (Some(2), Some(0))
    );
    assert!(ok(root, &["query", "src/a.ts->FUNCTION->add"]).contains("src/a.ts:1:8"));
    assert!(ok(root, &["query", "dd"]).contains("these names contain it"));
    assert!(ok(root, &["query", "nothing"]).contains("no node"));
    assert_eq!(ok(root, &["query", "nothing", "--json"]).trim(), "[]");

    let lines = ok(root, &["export"]);
    assert!(
        lines
            .lines()
            .all(|l| serde_json::from_str::<serde_json::Value>(l).is_ok())
    );
    ok(root, &["export", "-o", "graph.jsonl", "--format", "jsonl"]);
    assert_eq!(fs::read_to_string(root.join("graph.jsonl")).unwrap(), lines);
    assert!(!root.join("graph.jsonl.partial").exists());
}

#[test]
fn a_second_analysis_and_other_threads_give_the_same_bytes() {
    let folder = small_project();
    let root = folder.path();
    ok(root, &["analyze", "--clear", "--threads", "1"]);
    let first = ok(root, &["export"]);
    for args in [
        &["analyze"][..],
        &["analyze", "--threads", "2"],
        &["analyze", "--clear", "--threads", "2", "--quiet"],
    ] {
        ok(root, args);
        assert_eq!(ok(root, &["export"]), first, "{args:?}");
    }
    fs::remove_file(root.join("src/b.ts")).unwrap();
    assert!(ok(root, &["analyze"]).contains("removed from the graph"));
    let after = ok(root, &["export"]);
    assert!(!after.contains("src/b.ts"));
    ok(root, &["analyze", "--clear"]);
    assert_eq!(ok(root, &["export"]), after);
}

/// The linker finds an edge that the analyzer wrote too, with other facts. One of them is seen: the same after any run.
#[test]
fn what_is_found_twice_is_stored_in_one_order() {
    let stack = "class Stack {\n  constructor() { this.stack = []; }\n  addAll(map) {\n    this.stack.push(map);\n    for (let i = 3; i > 0; i--) this.stack[i - 1] = map;\n  }\n}\nmodule.exports = Stack;\n";
    let folder = project(&[("stack.js", stack)]);
    let root = folder.path();
    for n in 0..12 {
        fs::write(root.join(format!("m{n}.js")), "exports.f = () => 1;\n").unwrap();
    }
    ok(root, &["analyze"]);
    fs::write(root.join("stack.js"), format!("{stack}// more\n")).unwrap();
    assert!(ok(root, &["analyze"]).contains("1 changed"));
    let after_the_edit = ok(root, &["export"]);
    ok(root, &["analyze", "--clear"]);
    assert_eq!(ok(root, &["export"]), after_the_edit);
}

#[test]
fn output_goes_where_it_belongs() {
    let folder = project(&[("bad.js", "let = = ;\n"), ("a.js", "import './nope.js';\n")]);
    let root = folder.path();
    let (code, out, err) = run(root, &["analyze"]);
    assert_eq!(code, 0);
    // Progress and diagnostics, with their source line, are no results.
    assert!(
        err.contains("ANALYSIS") && err.contains("let = = ;") && err.contains("./nope.js"),
        "{err}"
    );
    assert!(
        out.contains("1 file could not be parsed") && !out.contains("let = = ;"),
        "{out}"
    );
    let (code, out, err) = run(root, &["analyze", "--quiet"]);
    assert_eq!((code, out.as_str(), err.as_str()), (0, "", ""));
    let (code, out, err) = run(root, &["analyze", "--json"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["files"]["analyzed"], 2);
    assert_eq!(report["files"]["failed"], 1);
    assert_eq!(report["diagnostics"].as_array().unwrap().len(), 2);
    // Nothing changed since the run before, so there are no more phases than it takes to see that.
    assert!(!report["phases"].as_array().unwrap().is_empty() && report["milliseconds"].is_number());
}

#[test]
fn wrong_usage_is_exit_code_2() {
    let folder = small_project();
    for args in [
        &["analyse"][..],
        &["analyze", "--threads", "0"],
        &["analyze", "--threads", "many"],
        &["analyze", "a", "b"],
        &["query"],
        &["export", "--format", "xml"],
        &["stats", "--nope"],
    ] {
        let (code, out, err) = run(folder.path(), args);
        assert_eq!((code, out.as_str()), (2, ""), "{args:?}");
        assert!(err.contains("--help"), "{args:?}: {err}");
    }
    let (code, _, err) = run(folder.path(), &[]);
    assert!(code == 2 && err.contains("Usage"), "{err}");
    assert!(ok(folder.path(), &["--version"]).contains(env!("CARGO_PKG_VERSION")));
}

#[test]
fn failures_say_what_to_do() {
    let folder = small_project();
    let root = folder.path();
    for (args, parts) in [
        (&["analyze", "nope"][..], &["nope does not exist"][..]),
        (&["analyze", "src/a.ts"], &["is a file"]),
        (&["stats"], &["no graph", "grafema-rs analyze"]),
        (&["query", "add"], &["no graph", "grafema-rs analyze"]),
        (&["export"], &["no graph", "grafema-rs analyze"]),
    ] {
        let (code, out, err) = run(root, args);
        assert_eq!((code, out.as_str()), (1, ""), "{args:?}");
        for part in parts {
            assert!(err.contains(part), "{args:?}: {err}");
        }
        assert!(
            err.starts_with("error: ") && !err.contains("panicked"),
            "{err}"
        );
    }
    let empty = project(&[("README.md", "")]);
    let (code, _, err) = run(empty.path(), &["analyze"]);
    assert!(
        code == 1 && err.contains("no JavaScript or TypeScript files"),
        "{err}"
    );
    assert!(
        !empty.path().join(".grafema").exists(),
        "nothing is made for nothing"
    );
    ok(root, &["analyze"]);
    let (code, _, err) = run(root, &["query", "add", "--type", "FUNKTION"]);
    assert!(
        code == 1 && err.contains("FUNKTION") && err.contains("FUNCTION"),
        "{err}"
    );
    let (code, _, err) = run(root, &["export", "-o", "no/such/folder/x.jsonl"]);
    assert!(code == 1 && err.contains("x.jsonl"), "{err}");
}

#[test]
fn a_damaged_database_is_named() {
    let folder = small_project();
    let root = folder.path();
    ok(root, &["analyze"]);
    let database = root.join(".grafema/graph.rfdb");
    for entry in fs::read_dir(&database).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::write(path, b"not a database").unwrap();
        }
    }
    let (code, out, err) = run(root, &["stats"]);
    assert_eq!((code, out.as_str()), (1, ""), "{err}");
    assert!(
        err.contains("graph.rfdb") && !err.contains("panicked"),
        "{err}"
    );
}

#[test]
fn a_configuration_is_made_and_checked() {
    let folder = small_project();
    let root = folder.path();
    fs::write(root.join(".gitignore"), "dist").unwrap();
    assert!(ok(root, &["init"]).contains("config.yaml"));
    assert!(ok(root, &["init"]).contains("is there already"));
    assert!(
        fs::read_to_string(root.join(".gitignore"))
            .unwrap()
            .contains(".grafema/cache/")
    );
    ok(root, &["analyze"]);
    fs::write(
        root.join(".grafema/config.yaml"),
        "exclude: ['src/b.ts']\nexlude: 1\n",
    )
    .unwrap();
    let (code, out, err) = run(root, &["analyze", "--profile"]);
    assert_eq!(code, 0, "{err}");
    assert!(
        out.contains("the configuration changed") && out.contains("broken-imports"),
        "{out}"
    );
    assert!(err.contains("did you mean `exclude`?"), "{err}");
    assert!(!ok(root, &["export"]).contains("src/b.ts"));
    fs::write(root.join(".grafema/config.yaml"), "strict: maybe\n").unwrap();
    let (code, _, err) = run(root, &["analyze"]);
    assert_eq!(code, 1);
    assert!(
        err.contains(".grafema/config.yaml:1:9: `strict` must be true or false"),
        "{err}"
    );
}

#[test]
fn strict_fails_and_the_log_has_what_was_told() {
    let folder = project(&[("a.js", "import './nope.js';\n")]);
    let root = folder.path();
    ok(root, &["analyze"]);
    let log = fs::read_to_string(root.join(".grafema/diagnostics.log")).unwrap();
    let line: serde_json::Value = serde_json::from_str(log.trim()).unwrap();
    assert_eq!(
        (line["code"].as_str(), line["line"].as_u64()),
        (Some("unresolved-import"), Some(1))
    );
    let (code, _, err) = run(root, &["analyze", "--strict"]);
    assert_eq!(code, 1);
    assert!(
        err.contains("1 unresolved-import, and the analysis is strict"),
        "{err}"
    );
    assert!(ok(root, &["analyze"]).contains("nothing changed"));
}

/// Some edges are written by analyzer and linker; the file of the analyzer's may be written again, and that of the linker's not.
#[test]
fn an_edit_ends_in_the_graph_of_a_run_from_scratch() {
    let parser = "class Parser {\n  get isValid() { return this.reason === null; }\n  get reason() { return null; }\n  \
         explain() { return this.isValid ? 1 : this.reason; }\n}\nexport const made = new Parser().explain();\n";
    let folder = project(&[
        ("parser.js", parser),
        (
            "most.js",
            &format!("// {}", "most of the sources ".repeat(100)),
        ),
    ]);
    let root = folder.path();
    ok(root, &["analyze"]);
    fs::write(root.join("parser.js"), format!("{parser}'more';\n")).unwrap();
    let edited = ok(root, &["analyze"]);
    assert!(edited.contains("1 changed"), "{edited}");
    let incremental = ok(root, &["export"]);
    ok(root, &["analyze", "--clear"]);
    assert_eq!(incremental, ok(root, &["export"]));
}
