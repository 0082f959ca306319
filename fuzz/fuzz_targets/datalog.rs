//! Any text is a question or an error; a question has an answer or meets a limit.
#![no_main]

use std::cell::Cell;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use rfdb_datalog::{Error, Limits, MemoryGraph, Question, evaluate};

fn graph() -> &'static MemoryGraph {
    static GRAPH: OnceLock<MemoryGraph> = OnceLock::new();
    GRAPH.get_or_init(|| {
        let mut graph = MemoryGraph::default();
        for id in 0..6 {
            let id = id.to_string();
            graph.node(&id, if id.as_str() < "3" { "A" } else { "B" }, &[("name", &id), ("file", "f")]);
        }
        for (src, dst) in [(0, 1), (1, 2), (2, 0), (2, 3), (3, 3), (4, 9)] {
            graph.edge(&src.to_string(), &dst.to_string(), "E", r#"{"k":1}"#);
        }
        graph
    })
}

fuzz_target!(|source: &str| {
    for question in [
        Question::query(source),
        Question::program(source),
        Question::guarantee(source),
    ] {
        let question = match question {
            Ok(question) => question,
            Err(error) => {
                let _ = error.render(source);
                continue;
            }
        };
        let looks = Cell::new(0);
        let check = || {
            looks.set(looks.get() + 1);
            if looks.get() > 50 { Err(Error::Timeout) } else { Ok(()) }
        };
        let limits = Limits {
            max_rows: Some(20_000),
            max_bytes: Some(8 << 20),
            check: Some(&check),
        };
        let _ = evaluate(question, graph(), &limits, true);
    }
});
