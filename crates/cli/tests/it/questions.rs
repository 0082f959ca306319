//! `who`, `trace` and `impact` as a person uses them.

use std::fs;

use serde_json::Value;

use crate::common::{ok, project, run};

fn shop() -> tempfile::TempDir {
    let folder = project(&[
        ("package.json", r#"{"name":"shop"}"#),
        (
            "src/tax.ts",
            "const RATE = 0.2;\nexport function tax(price: number) {\n  return price * RATE;\n}\n",
        ),
        (
            "src/shop.ts",
            "import { tax } from './tax.js';\nexport function sum(list: number[]) {\n  let total = tax(1);\n  total += 3;\n  return total;\n}\nsum([]);\nexport const any = (x: any) => x.tax(2);\n",
        ),
    ]);
    ok(folder.path(), &["analyze", "--quiet"]);
    folder
}

fn json(folder: &std::path::Path, args: &[&str]) -> Value {
    serde_json::from_str(&ok(folder, args)).unwrap()
}

#[test]
fn who() {
    let folder = shop();
    let root = folder.path();
    let text = ok(root, &["who", "tax"]);
    for part in [
        "FUNCTION  tax  src/tax.ts:2:8",
        "1 call\n  src/shop.ts:3:15  in sum  import\n      let total = tax(1);\n",
        "imports",
        "x.tax(2)",
    ] {
        assert!(text.contains(part), "{part} not in\n{text}");
    }
    let answer = json(root, &["who", "src/tax.ts:tax", "--json"]);
    let call = &answer["subjects"][0]["calls"][0];
    assert_eq!(answer["question"], "who");
    assert_eq!(answer["totals"][0]["calls"], 1);
    assert_eq!(
        (&call["file"], &call["line"], &call["column"], &call["text"]),
        (
            &Value::from("src/shop.ts"),
            &Value::from(3),
            &Value::from(14),
            &Value::from("let total = tax(1);")
        )
    );
    assert_eq!(call["resolution"], "import");
    assert_eq!(call["confidence"], "exact");
    assert_eq!(call["enclosing"]["name"], "sum");
    assert!(ok(root, &["who", "any"]).contains("no callers found"));
}

#[test]
fn trace() {
    let folder = shop();
    let root = folder.path();
    let text = ok(root, &["trace", "total"]);
    for part in [
        "← CALL tax  src/shop.ts:3:15",
        "• literal",
        "ends:",
        "return price * RATE;",
    ] {
        assert!(text.contains(part), "{part} not in\n{text}");
    }
    let answer = json(root, &["trace", "total", "--json"]);
    let steps = answer["traces"][0]["steps"].as_array().unwrap();
    assert_eq!(
        (&answer["question"], &answer["direction"]),
        (&"trace".into(), &"backward".into())
    );
    assert!(
        steps[0].get("parent").is_none() && steps[1]["parent"] == 0,
        "{steps:#?}"
    );
    let forward = ok(root, &["trace", "RATE", "--forward"]);
    assert!(
        forward.contains("→") && forward.contains("total"),
        "{forward}"
    );
    let cut = ok(root, &["trace", "total", "--depth", "1"]);
    assert!(cut.contains("cut: ") && cut.contains("--depth"), "{cut}");
    assert!(ok(root, &["trace", "src/shop.ts:4:12"]).contains("literal"));
}

#[test]
fn impact() {
    let folder = shop();
    let root = folder.path();
    let text = ok(root, &["impact", "tax"]);
    for part in [
        "2 callers, in 1 module",
        "src/shop.ts  2",
        "(top level)",
        "level 2",
    ] {
        assert!(text.contains(part), "{part} not in\n{text}");
    }
    let answer = json(root, &["impact", "tax", "--json"]);
    assert_eq!(answer["levels"], serde_json::json!([1, 1]));
    assert_eq!(answer["totals"]["callers"], 2);
    assert_eq!(answer["modules"][0]["callers"][0]["name"], "sum");
    assert!(ok(root, &["impact", "tax", "--depth", "1"]).contains("more levels"));
}

#[test]
fn what_a_question_cannot_say_it_tells() {
    let folder = shop();
    let root = folder.path();
    for question in ["who", "trace", "impact"] {
        let (code, out, err) = run(root, &[question, "totall"]);
        assert_eq!((code, out.as_str()), (1, ""), "{err}");
        assert!(
            err.starts_with("error: nothing in the graph is named 'totall'")
                && err.contains("did you mean total?"),
            "{err}"
        );
        let (code, _, err) = run(root, &[question]);
        assert!(code == 2 && err.contains("--help"), "{err}");
    }
    fs::write(root.join("src/shop.ts"), "// other\n").unwrap();
    let text = ok(root, &["who", "tax"]);
    assert!(
        text.contains("note: src/shop.ts changed since the analysis")
            && !text.contains("let total = tax(1)"),
        "{text}"
    );
    let answer = json(root, &["who", "tax", "--json"]);
    assert_eq!(answer["changedFiles"], serde_json::json!(["src/shop.ts"]));
}

#[test]
fn coverage_tells_what_an_entry_point_reaches() {
    let folder = project(&[
        ("package.json", r#"{"name":"root","workspaces":["apps/*"]}"#),
        (
            "apps/api/package.json",
            r#"{"name":"api","main":"dist/main.js"}"#,
        ),
        (
            "apps/api/src/main.ts",
            "import { run } from './run.js'; import '../../web/index.js'; run();",
        ),
        (
            "apps/api/src/run.ts",
            "export const run = () => require('./late');",
        ),
        ("apps/api/src/late.ts", "export {};"),
        ("apps/api/src/old.ts", "import './run.js';"),
        ("apps/web/package.json", r#"{"name":"web"}"#),
        ("apps/web/index.ts", "export {};"),
        ("apps/cli/package.json", r#"{"name":"cli","main":"bin.js"}"#),
        ("apps/cli/other.js", "1;"),
    ]);
    ok(folder.path(), &["analyze", "--quiet"]);
    let told = ok(folder.path(), &["coverage"]);
    assert_eq!(
        told,
        "api: 3 of 4 files reachable from apps/api/src/main.ts (75.0 %)\n  not reachable  apps/api/src/old.ts\n\
         cli: 1 file; its entry point bin.js is none of them\n\
         web: 1 file; no entry point is known\n"
    );
    let json: serde_json::Value =
        serde_json::from_str(&ok(folder.path(), &["coverage", "--json"])).unwrap();
    assert_eq!(json["services"][0]["unreachable"][0], "apps/api/src/old.ts");
    assert_eq!(json["services"][1]["entryFile"], serde_json::Value::Null);
    // A start that is told on the command line is the project's.
    ok(
        folder.path(),
        &["analyze", "--quiet", "--entrypoint", "apps/cli/other.js"],
    );
    let told = ok(folder.path(), &["coverage", "--limit", "1"]);
    assert!(
        told.contains("root: 1 of 6 files reachable from apps/cli/other.js (16.6 %)"),
        "{told}"
    );
    assert!(told.contains("and 4 more"), "{told}");
}
