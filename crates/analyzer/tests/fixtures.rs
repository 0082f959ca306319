//! Source in, graph out: every file below `fixtures/` has a snapshot beside it.
//! After a change, `INSTA_UPDATE=always cargo test -p analyzer --test fixtures`
//! writes them anew; read the difference before you commit it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/render.rs"]
mod render;

use analyzer::{Options, analyze_module};
use graph_model::NodeId;

#[test]
fn graphs_of_fixtures() {
    insta::glob!("fixtures/**/*.{js,jsx,cjs,mjs,ts,tsx,mts,cts}", |path| {
        let source = std::fs::read_to_string(path).unwrap();
        let name = format!("src/{}", path.file_name().unwrap().to_string_lossy());
        let module = analyze_module(&name, &source, &Options::default());
        for node in module.graph.nodes() {
            let semantic_id = module.graph.semantic_id(node);
            assert_eq!(node.id, NodeId::of(&semantic_id), "{semantic_id}");
        }
        let report = format!(
            "{}\n=== graph\n{}",
            source.trim_end(),
            render::render(&module)
        );
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(report);
        });
    });
}
