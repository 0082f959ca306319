//! A graph for examples, and answers as texts.

use rfdb_datalog::{Answer, Error, Limits, MemoryGraph, Question, evaluate};

/// Two modules; `main` calls `load`, `load` and `parse` call each other, `parse` calls `log`; nothing calls `unused`.
pub(crate) fn graph() -> MemoryGraph {
    let mut graph = MemoryGraph::default();
    for file in ["a.js", "b.js"] {
        graph.node(file, "MODULE", &[("name", file), ("file", file)]);
    }
    for (id, file, line) in [
        ("main", "a.js", "1"),
        ("load", "a.js", "9"),
        ("parse", "b.js", "10"),
        ("log", "b.js", "20"),
        ("unused", "b.js", "30"),
    ] {
        graph.node(
            id,
            "FUNCTION",
            &[("name", id), ("file", file), ("line", line)],
        );
        graph.edge(file, id, "CONTAINS", "");
    }
    graph.node(
        "route",
        "http:route",
        &[("name", "GET /"), ("file", "a.js")],
    );
    graph.edge("main", "load", "CALLS", r#"{"at":{"line":3}}"#);
    graph.edge("load", "parse", "CALLS", "");
    graph.edge("parse", "load", "CALLS", "");
    graph.edge("parse", "log", "CALLS", r#"{"at":{"line":12}}"#);
    graph.edge("route", "main", "HANDLED_BY", "");
    graph
}

/// The rows of an answer as texts, sorted; ids are given back as the ids of the example.
pub(crate) fn rows(answer: &Answer) -> Vec<String> {
    let names = [
        "main", "load", "parse", "log", "unused", "route", "a.js", "b.js",
    ];
    let show = |value| {
        let text = answer.texts().show(value).into_owned();
        let name = names
            .iter()
            .find(|n| rfdb_datalog::node_id(n).to_string() == text);
        name.map_or(text, |name| format!("<{name}>"))
    };
    let mut rows: Vec<String> = answer
        .rows()
        .map(|row| {
            row.iter()
                .map(|value| show(*value))
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    rows.sort();
    rows
}

pub(crate) fn answer(question: Result<Question, Error>) -> Answer {
    evaluate(
        question.expect("a good program"),
        &graph(),
        &Limits::default(),
        false,
    )
    .expect("no limits")
}

pub(crate) fn query(source: &str) -> Vec<String> {
    rows(&answer(Question::query(source)))
}

pub(crate) fn program(source: &str) -> Vec<String> {
    rows(&answer(Question::program(source)))
}
