//! `rfdb`: checks and shows a database directory.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use rfdb_engine::{Engine, LoadState, Options, Snapshot};

/// Checks and shows an RFDB database. Nothing is ever written.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Reads and checks every byte; names what is damaged and whose rows are lost.
    Verify {
        /// Directory of the database.
        dir: PathBuf,
    },
    /// Prints all nodes and edges, one JSON object a line, sorted.
    Dump {
        /// Directory of the database.
        dir: PathBuf,
    },
    /// Prints numbers: nodes and edges by type, owners, files.
    Stats {
        /// Directory of the database.
        dir: PathBuf,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut out = BufWriter::new(io::stdout().lock());
    let done = run(&cli.command, &mut out).and_then(|code| {
        out.flush()?;
        Ok(code)
    });
    match done {
        Ok(code) => code,
        Err(error) if error.root_cause().downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe) => {
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("rfdb: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn open(dir: &PathBuf) -> rfdb_engine::Result<Engine> {
    Engine::open(dir, Options { read_only: true, program: "rfdb".to_owned(), ..Options::default() })
}

fn run(command: &Command, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    match command {
        Command::Verify { dir } => verify(&open(dir)?, out),
        Command::Dump { dir } => dump(&open(dir)?.snapshot(), out).map(|()| ExitCode::SUCCESS),
        Command::Stats { dir, json } => stats(&open(dir)?, dir, *json, out).map(|()| ExitCode::SUCCESS),
    }
}

fn verify(engine: &Engine, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let report = engine.verify()?;
    for problem in &report.problems {
        match &problem.owner {
            Some((file, context)) => writeln!(out, "{}; lost: {file} {context}", problem.error)?,
            None => writeln!(out, "{}", problem.error)?,
        }
    }
    if engine.load_state() == LoadState::Unfinished {
        writeln!(out, "the last load did not finish; run the analysis again with --clear")?;
    }
    let (blocks, nodes, edges) = (report.blocks, report.node_rows, report.edge_rows);
    writeln!(out, "{blocks} blocks, {nodes} node rows, {edges} edge rows, {} problems", report.problems.len())?;
    Ok(if report.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn metadata(text: &str) -> anyhow::Result<serde_json::Value> {
    if text.is_empty() {
        return Ok(serde_json::Value::Object(serde_json::Map::new()));
    }
    serde_json::from_str(text).context("metadata is not JSON")
}

fn dump(snapshot: &Snapshot, out: &mut impl Write) -> anyhow::Result<()> {
    for node in snapshot.iter_nodes() {
        let node = node?;
        let line = serde_json::json!({
            "kind": "node", "id": node.id.to_string(), "semanticId": node.semantic_id, "type": node.node_type,
            "name": node.name, "file": node.file, "exported": node.exported, "metadata": metadata(&node.metadata)?,
        });
        writeln!(out, "{line}")?;
    }
    for edge in snapshot.iter_edges() {
        let edge = edge?;
        let line = serde_json::json!({
            "kind": "edge", "src": edge.src.to_string(), "dst": edge.dst.to_string(), "type": edge.edge_type,
            "metadata": metadata(&edge.metadata)?,
        });
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn stats(engine: &Engine, dir: &PathBuf, json: bool, out: &mut impl Write) -> anyhow::Result<()> {
    let snapshot = engine.snapshot();
    let (nodes, edges) = (snapshot.count_nodes_by_type()?, snapshot.count_edges_by_type()?);
    let (node_count, edge_count) = (snapshot.node_count()?, snapshot.edge_count()?);
    let mut files = std::collections::BTreeMap::new();
    for entry in std::fs::read_dir(dir).with_context(|| format!("cannot list {}", dir.display()))? {
        let entry = entry?;
        files.insert(entry.file_name().to_string_lossy().into_owned(), entry.metadata()?.len());
    }
    let unfinished = engine.load_state() == LoadState::Unfinished;
    let owners = snapshot.owners()?.len();
    if json {
        let value = serde_json::json!({
            "version": snapshot.version(), "unfinished": unfinished, "nodes": node_count, "edges": edge_count,
            "owners": owners, "nodesByType": nodes, "edgesByType": edges, "files": files,
            "snapshots": engine.snapshots().len(),
        });
        writeln!(out, "{value:#}")?;
        return Ok(());
    }
    if unfinished {
        writeln!(out, "the last load did not finish; run the analysis again with --clear")?;
    }
    writeln!(out, "{node_count} nodes, {edge_count} edges, {owners} owners, version {}", snapshot.version())?;
    nodes.iter().try_for_each(|(name, count)| writeln!(out, "  node {name}: {count}"))?;
    edges.iter().try_for_each(|(name, count)| writeln!(out, "  edge {name}: {count}"))?;
    files.iter().try_for_each(|(name, bytes)| writeln!(out, "  file {name}: {bytes} bytes"))?;
    Ok(())
}
