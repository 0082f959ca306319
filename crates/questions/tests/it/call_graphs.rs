//! Small programs with hand-written call graphs: what the whole pipeline finds of them.
//!
//! `fixtures/call-graphs/PROGRAM/expected.json` lists the calls of functions that happen when the program runs, or may
//! happen; `fixtures/call-graphs/found.txt` what was found of them when it was last written. A call that was found and is
//! not any more, or a new wrong one that is claimed for sure, fails the test. When more is found, the file is written
//! again with `UPDATE_CALL_GRAPHS=1 cargo test -p questions call_graphs`, so that a review sees what has changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use graph_model::{EdgeType, SemanticId};
use orchestrator::{AnalyzeOptions, NoProgress, analyze};
use questions::{Confidence, Graph};
use rfdb_client::{Client, Direction, NodeId};
use rfdb_server::{Config, Dispatcher};
use serde::Deserialize;

#[derive(Deserialize)]
struct Program {
    calls: BTreeSet<String>,
}

/// Status of a call: `found`, `possible` (found, but not for sure), `missing`; `wrong` and `maybe wrong` for calls that
/// never happen.
type Calls = BTreeMap<(String, String), String>;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/call-graphs")
}

#[test]
fn call_graphs() {
    let mut now = Calls::new();
    let mut programs: Vec<PathBuf> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    programs.sort();
    for program in &programs {
        let name = program.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(program.join("expected.json")).unwrap();
        let expected: Program = serde_json::from_str(&text).unwrap();
        let found = found_calls(program);
        for call in &expected.calls {
            let status = match found.get(call) {
                Some(Confidence::Possible) => "possible",
                Some(_) => "found",
                None => "missing",
            };
            now.insert((name.clone(), call.clone()), status.to_owned());
        }
        for (call, confidence) in found {
            let status = if confidence == Confidence::Possible {
                "maybe wrong"
            } else {
                "wrong"
            };
            now.entry((name.clone(), call))
                .or_insert_with(|| status.to_owned());
        }
    }
    print_shares(&programs, &now);
    let file = folder().join("found.txt");
    if std::env::var_os("UPDATE_CALL_GRAPHS").is_some() {
        fs::write(&file, written(&now)).unwrap();
        return;
    }
    let before = read(&fs::read_to_string(&file).unwrap());
    let is_found = |status: Option<&String>| {
        status.is_some_and(|s| matches!(s.as_str(), "found" | "possible"))
    };
    let mut worse = Vec::new();
    for (key, status) in &before {
        if is_found(Some(status)) && !is_found(now.get(key)) {
            worse.push(format!("not found any more: {} {}", key.0, key.1));
        }
    }
    for (key, status) in &now {
        if status == "wrong" && before.get(key).is_none_or(|s| s != "wrong") {
            worse.push(format!("wrong: {} {}", key.0, key.1));
        }
    }
    assert!(worse.is_empty(), "{worse:#?}");
    if before != now {
        println!(
            "fixtures/call-graphs/found.txt is not up to date: see the comment in call_graphs.rs"
        );
    }
}

fn print_shares(programs: &[PathBuf], calls: &Calls) {
    let count = |of: &[&str]| calls.values().filter(|s| of.contains(&s.as_str())).count();
    let percent = |part: usize, whole: usize| 100.0 * part as f64 / whole.max(1) as f64;
    let expected = count(&["found", "possible", "missing"]);
    let sure = count(&["found"]);
    let all = count(&["found", "possible"]);
    let (wrong, maybe) = (count(&["wrong"]), count(&["maybe wrong"]));
    println!(
        "{} programs, {expected} calls: recall {:.1} %, precision {:.1} %; with possible ones recall {:.1} %, precision {:.1} %",
        programs.len(),
        percent(sure, expected),
        percent(sure, sure + wrong),
        percent(all, expected),
        percent(all, all + wrong + maybe),
    );
}

fn written(calls: &Calls) -> String {
    let mut text = String::new();
    for ((program, call), status) in calls {
        text.push_str(&format!("{program}: {status}: {call}\n"));
    }
    text
}

fn read(text: &str) -> Calls {
    text.lines()
        .filter_map(|line| {
            let (program, rest) = line.split_once(": ")?;
            let (status, call) = rest.split_once(": ")?;
            Some(((program.to_owned(), call.to_owned()), status.to_owned()))
        })
        .collect()
}

/// The calls from function to function that the graph holds, each with its best confidence.
fn found_calls(program: &Path) -> BTreeMap<String, Confidence> {
    let client = Client::in_process(Dispatcher::in_memory(Config::default()).session());
    analyze(program, &client, &AnalyzeOptions::default(), &NoProgress).unwrap();
    let mut graph = Graph::new(&client);
    let mut sites: Vec<NodeId> = Vec::new();
    for kind in [
        "CALL",
        "CONSTRUCTOR_CALL",
        "JSX_ELEMENT",
        "PROPERTY_ACCESS",
        "DECORATOR",
    ] {
        sites.extend(client.find_by_type(kind).unwrap());
    }
    // A setter runs where its parameter is written.
    let setters: Vec<NodeId> = client.find_by_type("PARAMETER").unwrap();
    let types = [EdgeType::Calls, EdgeType::Renders, EdgeType::ReadsFrom];
    let mut edges = graph.edges(&sites, Direction::Outgoing, &types).unwrap();
    let writes = graph
        .edges(&setters, Direction::Incoming, &[EdgeType::FlowsInto])
        .unwrap();
    graph
        .load_enclosing(
            edges
                .iter()
                .map(|e| e.src)
                .chain(writes.iter().flat_map(|e| [e.src, e.dst])),
        )
        .unwrap();
    graph.load(edges.iter().map(|e| e.dst)).unwrap();
    for mut write in writes {
        let setter = graph.enclosing(write.dst);
        if let Some(setter) = setter
            && graph
                .node(setter)
                .is_some_and(|n| n.metadata_value("methodKind").is_some_and(|k| k == "set"))
            && graph.enclosing(write.src) != Some(setter)
        {
            write.dst = setter;
            edges.push(write);
        }
    }
    let mut found: BTreeMap<String, Confidence> = BTreeMap::new();
    for edge in &edges {
        // What a function of the program is given to call has an edge where it is called.
        if edge.facts.resolution.as_deref() == Some("higher-order") {
            continue;
        }
        let callee = graph.node(edge.dst).unwrap();
        let getter = callee
            .metadata_value("methodKind")
            .is_some_and(|k| k == "get");
        if !callee.is_callable() || (edge.edge_type == EdgeType::ReadsFrom && !getter) {
            continue;
        }
        let Some(caller) = graph.enclosing(edge.src) else {
            continue;
        };
        let call = format!(
            "{} -> {}",
            name(&graph.node(caller).unwrap().semantic_id),
            name(&callee.semantic_id)
        );
        let confidence = edge.facts.confidence();
        let best = found.entry(call).or_insert(confidence);
        *best = confidence.min(*best);
    }
    found
}

/// `main.js:Box.read`, `main.js:<module>`.
fn name(semantic_id: &str) -> String {
    let id = SemanticId::parse(semantic_id).unwrap();
    if id.node_type == "MODULE" {
        return format!("{}:<module>", id.file);
    }
    let own = id.name.strip_prefix("static:").unwrap_or(&id.name);
    let scope = id.scope.map_or_else(String::new, |s| format!("{s}."));
    let ordinal = match id.ordinal {
        1 => String::new(),
        n => format!("#{n}"),
    };
    format!("{}:{scope}{own}{ordinal}", id.file)
}
