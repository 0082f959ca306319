//! The part of `cargo xtask bench-server` about Datalog: on the graph of a project, against loops written by hand.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, bail};
use orchestrator::{AnalyzeOptions, NoProgress, analyze};
use rfdb_client::Client;
use rfdb_datalog::{Limits, Question, evaluate};
use rfdb_engine::{Engine, NodeId, NodeQuery, Snapshot, Traversal};
use rfdb_server::datalog::SnapshotGraph;
use rfdb_server::{Config, Dispatcher, Options};

use crate::bench_server::Figure;

const JOIN: &str = r#"pair(X, Y, F) :- node(X, "CALL"), edge(X, Y, "CALLS"), node(Y, "FUNCTION"), attr(X, "file", F)."#;

/// Edges from a function to what it contains, and from calls to functions.
const STEPS: [&str; 3] = ["HAS_SCOPE", "CONTAINS", "CALLS"];

/// What a function can call: through what it contains, and on from there.
fn reach(function: NodeId) -> String {
    format!(
        r#"q(G) :- reach("{function}", G), node(G, "FUNCTION").
           step(X, Y) :- edge(X, Y, "HAS_SCOPE").
           step(X, Y) :- edge(X, Y, "CONTAINS").
           step(X, Y) :- edge(X, Y, "CALLS").
           reach(X, Y) :- step(X, Y).
           reach(X, Y) :- reach(X, Z), step(Z, Y)."#
    )
}

fn least(
    repeat: u32,
    mut action: impl FnMut() -> anyhow::Result<usize>,
) -> anyhow::Result<(f64, usize)> {
    let (mut best, mut rows) = (f64::MAX, 0);
    for _ in 0..repeat {
        let start = Instant::now();
        rows = action()?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok((best, rows))
}

fn ask(snapshot: &Snapshot, source: &str) -> anyhow::Result<usize> {
    let graph = SnapshotGraph::new(snapshot)?;
    let answer = evaluate(
        Question::program(source)?,
        &graph,
        &Limits::default(),
        false,
    )?;
    Ok(answer.len())
}

/// The join as a loop: the fastest reads that the engine has.
fn join_by_hand(snapshot: &Snapshot) -> anyhow::Result<usize> {
    let probe = snapshot.probe()?;
    let calls = probe.edge_type("CALLS")?;
    let mut rows: Vec<(NodeId, NodeId, String)> = Vec::new();
    for src in snapshot.find(&NodeQuery::default().with_type("CALL"))? {
        let mut targets = Vec::new();
        probe.edges_of(src, true, Some(&calls), &mut |dst, _| {
            targets.push(dst);
            ControlFlow::Continue(())
        })?;
        for dst in targets {
            if probe.node_type(dst)? == Some("FUNCTION")
                && let Some(node) = probe.brief(src)?
            {
                rows.push((src, dst, node.file.to_owned()));
            }
        }
    }
    Ok(rows.len())
}

/// The same with the reads that copy.
fn join_by_nodes(snapshot: &Snapshot) -> anyhow::Result<usize> {
    let mut rows: Vec<(NodeId, NodeId, String)> = Vec::new();
    for src in snapshot.find(&NodeQuery::default().with_type("CALL"))? {
        for edge in snapshot.outgoing(src, &["CALLS"])? {
            if snapshot
                .node(edge.dst)?
                .is_some_and(|node| node.node_type == "FUNCTION")
                && let Some(node) = snapshot.node(src)?
            {
                rows.push((src, edge.dst, node.file.to_owned()));
            }
        }
    }
    Ok(rows.len())
}

/// The function from which most others are reached, of some hundred.
fn widest(snapshot: &Snapshot) -> anyhow::Result<NodeId> {
    let traversal = Traversal {
        edge_types: STEPS.map(String::from).into(),
        ..Traversal::default()
    };
    let functions = snapshot.find(&NodeQuery::default().with_type("FUNCTION"))?;
    let some = functions.iter().step_by((functions.len() / 300).max(1));
    let mut best: Option<(usize, NodeId)> = None;
    for &function in some {
        let reached = snapshot.bfs(&[function], &traversal)?.len();
        best = best.max(Some((reached, function)));
    }
    best.map(|(_, function)| function)
        .context("the project has no functions")
}

/// Measures Datalog on the graph of a project.
///
/// # Errors
/// An analysis that fails, and answers that differ.
pub(crate) fn measure(project: &Path, repeat: u32) -> anyhow::Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let database = folder.path().join("graph.rfdb");
    {
        let server = Dispatcher::open_or_create(&database, Config::default())?;
        let client = Client::in_process(server.session());
        analyze(project, &client, &AnalyzeOptions::default(), &NoProgress)?;
    }
    let options = Options {
        read_only: true,
        ..Options::default()
    };
    let engine = Engine::open(&database, options)?;
    let snapshot = engine.snapshot();
    let (plain, plain_rows) = least(repeat, || join_by_nodes(&snapshot))?;
    let (by_hand, rows) = least(repeat, || join_by_hand(&snapshot))?;
    let (by_rule, found) = least(repeat, || ask(&snapshot, JOIN))?;
    if found != rows || plain_rows != rows {
        bail!("Datalog finds {found} pairs, the loops {rows} and {plain_rows}");
    }
    let start = widest(&snapshot)?;
    let program = reach(start);
    let (recursion, reached) = least(repeat, || ask(&snapshot, &program))?;
    let traversal = Traversal {
        edge_types: STEPS.map(String::from).into(),
        ..Traversal::default()
    };
    let (walk, visited) = least(repeat, || Ok(snapshot.bfs(&[start], &traversal)?.len()))?;
    Ok(vec![
        Figure {
            what: "Datalog: all CALLS pairs of CALL and FUNCTION with their file, against a loop",
            measured: format!(
                "{:.1} ms against {:.1} ms ({:.1} ms with reads that copy) for {rows} pairs: {:.2} times",
                by_rule * 1e3,
                by_hand * 1e3,
                plain * 1e3,
                by_rule / by_hand
            ),
            value: by_rule / by_hand,
            aim: "at most 3 times".into(),
            reached: by_rule <= by_hand * 3.0,
        },
        Figure {
            what: "Datalog: recursive reachability from one function",
            measured: format!(
                "{:.1} ms for {reached} functions (a breadth-first search over the {visited} nodes: {:.1} ms)",
                recursion * 1e3,
                walk * 1e3
            ),
            value: recursion * 1e3,
            aim: "below 50 ms".into(),
            reached: recursion < 0.05,
        },
    ])
}
