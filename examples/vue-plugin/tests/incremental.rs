//! An incremental run of a project with components ends where a run from scratch does.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use orchestrator::export::export_jsonl;
use orchestrator::plugin::Registry;
use orchestrator::{AnalyzeOptions, MemoryStore, Mode, NoProgress, Report, analyze};
use vue_plugin::Components;

const CART: &str = "<script lang=\"ts\">\nimport { price } from './price';\nexport default { methods: { total(n: number) { return price(n); } } };\n</script>\n";

fn run(root: &Path, store: &MemoryStore, cache: Option<&Path>) -> (Report, String) {
    let mut plugins = Registry::default();
    plugins.analysis(Components);
    let options = AnalyzeOptions {
        cache: cache.map(Path::to_owned),
        plugins,
        ..AnalyzeOptions::default()
    };
    let report = analyze(root, store, &options, &NoProgress).unwrap();
    let mut graph = Vec::new();
    export_jsonl(store, &mut graph).unwrap();
    (report, String::from_utf8(graph).unwrap())
}

#[test]
fn components_are_modules_like_others() {
    let (folder, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let root = folder.path();
    let write = |file: &str, text: &str| fs::write(root.join(file), text).unwrap();
    let price = "export function price(n: number) { return n; }\n";
    let stays = "// Most of the sources stays as it is.\n".repeat(9);
    write("price.ts", &[price, &stays].concat());
    write("Cart.vue", CART);
    write(
        "main.ts",
        "import Cart from './Cart.vue';\nCart.methods.total(2);\n",
    );
    let store = MemoryStore::new();
    let law = || {
        let (report, graph) = run(root, &store, Some(cache.path()));
        let (fresh, expected) = run(root, &MemoryStore::new(), None);
        assert_eq!(graph, expected);
        assert_eq!(report.diagnostics, fresh.diagnostics);
        (report, graph)
    };
    let call = r#""src":"Cart.vue->CALL->price[in:default.methods.total]","dst":"price.ts->FUNCTION->price""#;
    let (report, graph) = law();
    assert_eq!(report.files.analyzed, 3);
    assert!(graph.contains(call), "{graph}");
    // Another module calls into the component.
    let into = r#""src":"main.ts->CALL->Cart.methods.total""#;
    let calls = |graph: &str| {
        graph
            .lines()
            .any(|row| row.contains("CALLS") && row.contains(into))
    };
    assert!(calls(&graph), "{graph}");

    write("Cart.vue", &CART.replace("return price(n)", "return n"));
    let (report, graph) = law();
    assert_eq!(report.mode, Mode::Incremental);
    assert_eq!(report.changes.changed, ["Cart.vue"]);
    assert!(!graph.contains(call));

    write("Cart.vue", &format!("<template><b/></template>\n{CART}"));
    write(
        "main.ts",
        "import Cart from './Cart.vue';\nexport default Cart;\n",
    );
    let (_, graph) = law();
    assert!(graph.contains(call) && !calls(&graph));
    fs::rename(root.join("Cart.vue"), root.join("Basket.vue")).unwrap();
    law();
}
