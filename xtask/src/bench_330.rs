//! `cargo xtask bench-330`: what a commit costs at the beginning and at the end of a load, in three ways.
//!
//! *Rebuild* builds every index at every commit, as the tool did that this one replaces; it exists in this benchmark only.
//! *Immediate* adds each commit to the overlay index; *deferred* builds all indexes once at the end.

use std::time::Instant;

use anyhow::Result;
use rfdb_engine::{Batch, Durability, Engine, IndexMode, Options};

use crate::bench_engine::{self, process_cpu, thread_cpu};

/// Arguments of `bench-330`.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Number of modules.
    #[arg(long, default_value_t = 330)]
    modules: usize,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// Where the rows of the modules come from.
pub trait ModuleSource {
    /// The rows of a module before they are encoded.
    type Rows;
    /// Number of modules.
    fn count(&self) -> usize;
    /// The rows of a module; every call gives the same. What it costs is not counted.
    fn rows(&self, module: usize) -> Result<Self::Rows>;
    /// The rows as a batch. What it costs is part of the commit.
    fn batch(&self, rows: &Self::Rows) -> Batch;
}

/// Modules of 100 nodes and 150 edges, without a parser.
#[derive(Debug)]
pub struct Generated(pub usize);

impl ModuleSource for Generated {
    type Rows = bench_engine::Module;

    fn count(&self) -> usize {
        self.0
    }

    fn rows(&self, module: usize) -> Result<Self::Rows> {
        Ok(bench_engine::module(module))
    }

    fn batch(&self, rows: &Self::Rows) -> Batch {
        rows.batch()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Rebuild,
    Immediate,
    Deferred,
}

/// What one way of loading cost.
#[derive(Debug, serde::Serialize)]
struct Outcome {
    way: String,
    modules: usize,
    nodes: u64,
    edges: u64,
    first_tenth_ms: f64,
    last_tenth_ms: f64,
    growth: f64,
    commits_s: f64,
    finalize_s: f64,
    total_s: f64,
    wall_s: f64,
}

fn load<S: ModuleSource>(source: &S, way: Way) -> Result<Outcome> {
    let dir = tempfile::tempdir()?;
    let options = Options { durability: Durability::None, program: "bench-330".to_owned(), ..Options::default() };
    let engine = Engine::create(dir.path().join("graph.rfdb"), options)?;
    if way == Way::Deferred {
        engine.begin_load()?;
    }
    let wall = Instant::now();
    let mut seconds = Vec::with_capacity(source.count());
    let mut before = process_cpu();
    for module in 0..source.count() {
        let preparing = thread_cpu();
        let rows = source.rows(module)?;
        let preparing = thread_cpu() - preparing;
        let batch = source.batch(&rows);
        engine.commit(batch, if way == Way::Immediate { IndexMode::Immediate } else { IndexMode::Deferred })?;
        if way == Way::Rebuild {
            engine.rebuild_indexes()?;
        }
        let now = process_cpu();
        seconds.push((now - before).saturating_sub(preparing).as_secs_f64());
        before = now;
    }
    let commits_s: f64 = seconds.iter().sum();
    if way != Way::Rebuild {
        engine.rebuild_indexes()?;
    }
    let finalize_s = (process_cpu() - before).as_secs_f64();
    let wall_s = wall.elapsed().as_secs_f64();
    let snapshot = engine.snapshot();
    let tenth = (seconds.len() / 10).max(1);
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len().max(1) as f64 * 1e3;
    let first = mean(&seconds[..tenth.min(seconds.len())]);
    let last = mean(&seconds[seconds.len().saturating_sub(tenth)..]);
    Ok(Outcome {
        way: format!("{way:?}").to_lowercase(),
        modules: source.count(),
        nodes: snapshot.node_count()?,
        edges: snapshot.edge_count()?,
        first_tenth_ms: first,
        last_tenth_ms: last,
        growth: last / first,
        commits_s,
        finalize_s,
        total_s: commits_s + finalize_s,
        wall_s,
    })
}

/// Loads a source in the three ways and prints the table.
pub fn run_with<S: ModuleSource>(source: &S, json: bool) -> Result<()> {
    let outcomes = [Way::Rebuild, Way::Immediate, Way::Deferred]
        .into_iter()
        .map(|way| load(source, way))
        .collect::<Result<Vec<_>>>()?;
    if json {
        println!("{}", serde_json::to_string_pretty(&outcomes)?);
        return Ok(());
    }
    println!(
        "{:<10}{:>9}{:>10}{:>10}{:>12}{:>12}{:>8}{:>11}{:>11}{:>9}{:>14}",
        "way", "modules", "nodes", "edges", "first ms", "last ms", "growth", "commits s", "finalize s", "total s",
        "over deferred"
    );
    let deferred = outcomes.last().map_or(1.0, |outcome| outcome.total_s);
    for o in &outcomes {
        println!(
            "{:<10}{:>9}{:>10}{:>10}{:>12.3}{:>12.3}{:>8.2}{:>11.3}{:>11.3}{:>9.3}{:>14.1}",
            o.way, o.modules, o.nodes, o.edges, o.first_tenth_ms, o.last_tenth_ms, o.growth, o.commits_s, o.finalize_s,
            o.total_s, o.total_s / deferred
        );
    }
    println!("CPU times of the whole process, without preparing the rows; milliseconds are per commit");
    Ok(())
}

/// Runs the benchmark on generated modules.
pub fn run(args: Args) -> Result<()> {
    run_with(&Generated(args.modules), args.json)
}
