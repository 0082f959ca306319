//! `cargo xtask bench-engine`: the storage engine on generated modules, with SQLite beside it on the same data.
//!
//! Every row of the table is measured in a process of its own, so that peak memory is that of the row. Times are CPU times of
//! the whole process, background threads included, without the time to generate the data.

mod clock;
mod data;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rfdb_engine::{
    Batch, Durability, EdgeRow, Engine, IndexMode, NodeId, NodeQuery, Options, Owner,
};

use clock::Commits;
use data::{NODES, semantic_id};

pub(crate) use clock::{process_cpu, thread_cpu};
pub(crate) use data::{Module, module};

/// Arguments of `bench-engine`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// Numbers of commits.
    #[arg(long, value_delimiter = ',', default_values_t = [330, 1000, 5000, 20000])]
    commits: Vec<usize>,
    /// SQLite runs up to so many commits. With indexes from the start, 20000 commits take it minutes.
    #[arg(long, default_value_t = 20000)]
    sqlite_max: usize,
    /// Prints JSON only.
    #[arg(long)]
    json: bool,
    /// Runs one row and prints it; used by the benchmark itself.
    #[arg(long, hide = true)]
    child: Option<String>,
}

type Row = BTreeMap<String, f64>;

fn set(row: &mut Row, name: &str, value: f64) {
    row.insert(name.to_owned(), value);
}

pub(crate) fn status_kb(field: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find(|line| line.starts_with(field))
        .unwrap_or_default();
    line.split_whitespace()
        .nth(1)
        .and_then(|number| number.parse().ok())
        .unwrap_or(f64::NAN)
}

fn disk(dir: &Path) -> f64 {
    let files = std::fs::read_dir(dir).into_iter().flatten().flatten();
    files
        .filter_map(|file| file.metadata().ok())
        .map(|data| data.len() as f64)
        .sum()
}

fn put_commits(row: &mut Row, commits: &Commits) {
    let (first, last) = commits.tenths();
    set(row, "commit_cpu_s", commits.total());
    set(row, "first_tenth_ms", first);
    set(row, "last_tenth_ms", last);
    set(row, "growth", last / first);
}

fn median_us(count: usize, mut f: impl FnMut(usize) -> Result<()>) -> Result<f64> {
    let mut times = Vec::with_capacity(count);
    for n in 0..count {
        let start = Instant::now();
        f(n)?;
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[count / 2])
}

fn options() -> Options {
    Options {
        durability: Durability::None,
        program: "bench-engine".to_owned(),
        ..Options::default()
    }
}

/// What a load took: CPU since its rows were in, time since it began, and memory.
fn put_end(row: &mut Row, begun: Instant, cpu_of_commits: Duration) {
    let finish = process_cpu() - cpu_of_commits;
    set(row, "finish_cpu_s", finish.as_secs_f64());
    set(row, "wall_s", begun.elapsed().as_secs_f64());
    set(row, "peak_mb", status_kb("VmHWM") / 1024.0);
}

fn run_engine(dir: &Path, count: usize, mode: IndexMode) -> Result<Row> {
    let mut row = Row::new();
    let wall = Instant::now();
    let engine = Engine::create(dir, options())?;
    if mode == IndexMode::Deferred {
        engine.begin_load()?;
    }
    let commits = Commits::run(count, |module| {
        engine.commit(module.batch(), mode)?;
        Ok(())
    })?;
    put_commits(&mut row, &commits);
    let before = process_cpu();
    engine.rebuild_indexes()?;
    put_end(&mut row, wall, before);
    drop(engine);
    set(
        &mut row,
        "bytes_per_node",
        disk(dir) / (count * NODES) as f64,
    );
    Ok(row)
}

fn query_engine(dir: &Path, count: usize) -> Result<Row> {
    let mut row = Row::new();
    let before_kb = status_kb("VmRSS");
    let (start, cpu) = (Instant::now(), process_cpu());
    let engine = Engine::open(dir, options())?;
    let snapshot = engine.snapshot();
    let id = |n: usize| NodeId::from_semantic(&semantic_id(n * 7919 % count, n * 31 % NODES).2);
    let found = snapshot.node(id(1))?;
    if found.is_none() {
        bail!("a node is missing");
    }
    set(&mut row, "reopen_ms", start.elapsed().as_secs_f64() * 1e3);
    let cpu = (process_cpu() - cpu).as_secs_f64();
    set(&mut row, "reopen_cpu_ms", cpu * 1e3);
    set(
        &mut row,
        "reopen_mb",
        (status_kb("VmRSS") - before_kb) / 1024.0,
    );
    drop(found);
    let rounds = 100_000;
    let ids: Vec<NodeId> = (0..rounds).map(id).collect();
    // Once to check what is read for the first time, then measured.
    for measured in [false, true] {
        let get = median_us(rounds, |n| {
            std::hint::black_box(snapshot.node(ids[n])?);
            Ok(())
        })?;
        let out = median_us(rounds, |n| {
            std::hint::black_box(snapshot.outgoing(ids[n], &[])?);
            Ok(())
        })?;
        let incoming = median_us(rounds, |n| {
            std::hint::black_box(snapshot.incoming(ids[n], &[])?);
            Ok(())
        })?;
        if measured {
            set(&mut row, "get_us", get);
            set(&mut row, "out_us", out);
            set(&mut row, "in_us", incoming);
        }
    }
    let query = NodeQuery::default().with_type("FUNCTION");
    let mut rows = snapshot.find(&query)?.len();
    let start = Instant::now();
    let rounds = 20;
    for _ in 0..rounds {
        rows = std::hint::black_box(snapshot.find(&query)?).len();
    }
    set(&mut row, "type_rows", rows as f64);
    set(
        &mut row,
        "type_mrows_per_s",
        (rows * rounds) as f64 / start.elapsed().as_secs_f64() / 1e6,
    );
    Ok(row)
}

fn run_sqlite(dir: &Path, count: usize, indexes_first: bool) -> Result<Row> {
    const INDEXES: &str = "CREATE UNIQUE INDEX node_id ON nodes(id); CREATE INDEX node_type ON nodes(type); \
         CREATE INDEX node_file ON nodes(file); CREATE INDEX node_name ON nodes(name); \
         CREATE UNIQUE INDEX edge_key ON edges(src, type, dst); CREATE INDEX edge_dst ON edges(dst, type);";
    let mut row = Row::new();
    std::fs::create_dir_all(dir)?;
    let mut db = rusqlite::Connection::open(dir.join("db.sqlite"))?;
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536; \
         CREATE TABLE nodes(id BLOB NOT NULL, semantic_id TEXT, type TEXT, name TEXT, file TEXT, exported INT, metadata TEXT); \
         CREATE TABLE edges(src BLOB NOT NULL, dst BLOB NOT NULL, type TEXT, metadata TEXT);",
    )?;
    if indexes_first {
        db.execute_batch(INDEXES)?;
    }
    let wall = Instant::now();
    let commits = Commits::run(count, |module| {
        let transaction = db.transaction()?;
        {
            let mut node = transaction.prepare_cached("INSERT INTO nodes VALUES(?,?,?,?,?,?,?)")?;
            for n in &module.nodes {
                node.execute((
                    &n.id.0.to_be_bytes()[..],
                    &n.semantic_id,
                    n.node_type,
                    &n.name,
                    &module.file,
                    0,
                    &n.metadata,
                ))?;
            }
            let mut edge =
                transaction.prepare_cached("INSERT OR REPLACE INTO edges VALUES(?,?,?,'')")?;
            for (src, dst, edge_type) in &module.edges {
                edge.execute((
                    &src.0.to_be_bytes()[..],
                    &dst.0.to_be_bytes()[..],
                    edge_type,
                ))?;
            }
        }
        transaction.commit()?;
        Ok(())
    })?;
    put_commits(&mut row, &commits);
    let before = process_cpu();
    if !indexes_first {
        db.execute_batch(INDEXES)?;
    }
    db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
    put_end(&mut row, wall, before);
    set(
        &mut row,
        "bytes_per_node",
        disk(dir) / (count * NODES) as f64,
    );
    Ok(row)
}

/// Disk while one of some files is saved again and again.
fn run_replace(dir: &Path, count: usize) -> Result<Row> {
    let mut row = Row::new();
    let engine = Engine::create(dir, options())?;
    for m in 0..count {
        engine.commit(module(m).batch(), IndexMode::Deferred)?;
    }
    engine.rebuild_indexes()?;
    let live = disk(dir);
    let done = AtomicBool::new(false);
    let most = std::thread::scope(|scope| -> Result<f64> {
        // Looks also while indexes are being built in the background.
        let watcher = scope.spawn(|| {
            let mut most = live;
            while !done.load(Ordering::Relaxed) {
                most = most.max(disk(dir));
                std::thread::sleep(Duration::from_micros(300));
            }
            most
        });
        let replaced = (0..200).try_for_each(|_| -> Result<()> {
            engine.commit(module(count / 2).batch(), IndexMode::Immediate)?;
            // A person saves at most a few times a second; this is much faster.
            std::thread::sleep(Duration::from_millis(2));
            Ok(())
        });
        done.store(true, Ordering::Relaxed);
        let most = watcher.join();
        replaced?;
        most.map_err(|_| anyhow::anyhow!("the watcher panicked"))
    })?;
    drop(engine);
    set(&mut row, "live_bytes", live);
    set(&mut row, "most_over_live", most / live);
    set(&mut row, "end_over_live", disk(dir) / live);
    Ok(row)
}

/// A node with as many edges, in each direction.
fn run_hub(dir: &Path, count: usize) -> Result<Row> {
    let mut row = Row::new();
    let hub = NodeId(0);
    let mut batch = Batch::new();
    batch.owner(Owner::new("hub", "analysis"));
    for n in 1..=count {
        let (other, edge_type, metadata) = (NodeId(n as u128), "CALLS", "");
        for (src, dst) in [(hub, other), (other, hub)] {
            batch.push_edge(EdgeRow {
                src,
                dst,
                edge_type,
                metadata,
            });
        }
    }
    let engine = Engine::create(dir, options())?;
    for phase in ["overlay", "base"] {
        let before = process_cpu();
        if phase == "overlay" {
            engine.commit(std::mem::take(&mut batch), IndexMode::Immediate)?;
        } else {
            engine.rebuild_indexes()?;
        }
        let snapshot = engine.snapshot();
        let (out, incoming) = (
            snapshot.outgoing(hub, &[])?.len(),
            snapshot.incoming(hub, &["CALLS"])?.len(),
        );
        if (out, incoming) != (count, count) {
            bail!("{count} edges each way were written, {out} and {incoming} are read");
        }
        let some = snapshot.edge(hub, NodeId(count as u128 / 2), "CALLS")?;
        if some.is_none() || snapshot.edge_count()? != 2 * count as u64 {
            bail!("an edge of the hub is missing");
        }
        let cpu = (process_cpu() - before).as_secs_f64();
        set(&mut row, &format!("{phase}_cpu_s"), cpu);
    }
    Ok(row)
}

fn quantiles(mut times: Vec<f64>) -> (f64, f64) {
    times.sort_by(f64::total_cmp);
    let at = |q: f64| times[((times.len() - 1) as f64 * q) as usize];
    (at(0.5), at(0.99))
}

/// Latencies of reads, and of work of the same size that has nothing to do with the engine, in turns on one thread.
#[derive(Default)]
struct Latencies {
    reads: Vec<f64>,
    control: Vec<f64>,
}

/// Latency of a reader alone, and beside a writer that commits without pause. What the reader pays for sharing the machine with
/// anyone is told by the control, a search in an array of its own: it meets the same processor, caches and scheduler.
fn run_readers(dir: &Path, count: usize) -> Result<Row> {
    let mut row = Row::new();
    let engine = Engine::create(dir, options())?;
    for m in 0..count {
        engine.commit(module(m).batch(), IndexMode::Deferred)?;
    }
    engine.rebuild_indexes()?;
    let ids: Vec<NodeId> = (0..50_000)
        .map(|n| NodeId::from_semantic(&semantic_id(n * 7919 % count, n * 31 % NODES).2))
        .collect();
    let mut array = ids.clone();
    array.sort_unstable();
    let modules: Vec<Module> = (0..64).map(|n| module(n * 13 % count)).collect();
    let read = |time: Duration| -> Result<Latencies> {
        let mut latencies = Latencies::default();
        let end = Instant::now() + time;
        while Instant::now() < end {
            for id in ids.iter().skip(latencies.reads.len() % 1000).step_by(97) {
                let start = Instant::now();
                let snapshot = engine.snapshot();
                if snapshot.node(*id)?.is_none() {
                    bail!("a node is missing");
                }
                drop(snapshot);
                let between = Instant::now();
                std::hint::black_box(array.binary_search(id).is_ok());
                let control = between.elapsed();
                latencies.reads.push((between - start).as_secs_f64() * 1e6);
                latencies.control.push(control.as_secs_f64() * 1e6);
            }
        }
        Ok(latencies)
    };
    read(Duration::from_millis(300))?;
    let idle = read(Duration::from_secs(2))?;
    let stop = AtomicBool::new(false);
    let (busy, commits) = std::thread::scope(|scope| -> Result<_> {
        let writer = scope.spawn(|| -> Result<usize> {
            let mut commits = 0;
            while !stop.load(Ordering::Relaxed) {
                engine.commit(
                    modules[commits % modules.len()].batch(),
                    IndexMode::Immediate,
                )?;
                commits += 1;
            }
            Ok(commits)
        });
        let times = read(Duration::from_secs(2));
        stop.store(true, Ordering::Relaxed);
        let commits = writer
            .join()
            .map_err(|_| anyhow::anyhow!("the writer panicked"))??;
        Ok((times?, commits))
    })?;
    set(&mut row, "reads_meanwhile", busy.reads.len() as f64);
    for (name, idle, busy) in [
        ("", idle.reads, busy.reads),
        ("control_", idle.control, busy.control),
    ] {
        let (idle, busy) = (quantiles(idle), quantiles(busy));
        set(&mut row, &format!("{name}idle_p50_us"), idle.0);
        set(&mut row, &format!("{name}idle_p99_us"), idle.1);
        set(&mut row, &format!("{name}busy_p50_us"), busy.0);
        set(&mut row, &format!("{name}busy_p99_us"), busy.1);
        set(&mut row, &format!("{name}p50_ratio"), busy.0 / idle.0);
        set(&mut row, &format!("{name}p99_ratio"), busy.1 / idle.1);
    }
    set(&mut row, "commits_meanwhile", commits as f64);
    Ok(row)
}

fn run_child(what: &str) -> Result<()> {
    let (what, rest) = what.split_once(':').context("kind:commits:directory")?;
    let (count, dir) = rest.split_once(':').context("kind:commits:directory")?;
    let (count, dir) = (count.parse::<usize>()?, Path::new(dir));
    let row = match what {
        "deferred" => run_engine(dir, count, IndexMode::Deferred)?,
        "immediate" => run_engine(dir, count, IndexMode::Immediate)?,
        "query" => query_engine(dir, count)?,
        "sqlite-idx" => run_sqlite(dir, count, true)?,
        "sqlite-end" => run_sqlite(dir, count, false)?,
        "replace" => run_replace(dir, count)?,
        "readers" => run_readers(dir, count)?,
        "hub" => run_hub(dir, count)?,
        other => bail!("unknown row {other}"),
    };
    println!("{}", serde_json::to_string(&row)?);
    Ok(())
}

fn child(what: &str, count: usize, dir: &Path) -> Result<Row> {
    let output = Command::new(std::env::current_exe()?)
        .args([
            "bench-engine",
            "--child",
            &format!("{what}:{count}:{}", dir.display()),
        ])
        .output()?;
    if !output.status.success() {
        bail!(
            "{what} with {count} commits failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Runs the benchmark.
pub(crate) fn run(args: Args) -> Result<()> {
    if let Some(what) = &args.child {
        return run_child(what);
    }
    let root = tempfile::tempdir()?;
    let mut results: BTreeMap<String, Row> = BTreeMap::new();
    let mut lines = Vec::new();
    for &count in &args.commits {
        for kind in ["deferred", "immediate", "sqlite-end", "sqlite-idx"] {
            if kind.starts_with("sqlite") && count > args.sqlite_max {
                continue;
            }
            let dir = root.path().join(format!("{kind}-{count}"));
            let mut row = child(kind, count, &dir)?;
            if !kind.starts_with("sqlite") {
                row.extend(child("query", count, &dir)?);
            }
            std::fs::remove_dir_all(&dir)?;
            let cell = |name: &str, digits: usize| {
                row.get(name)
                    .map_or(String::new(), |v| format!("{v:.digits$}"))
            };
            lines.push(format!(
                "{kind:<11}{count:>7}{:>9}{:>9}{:>9}{:>9}{:>8}{:>8}{:>8}{:>7}{:>7}{:>8}{:>9}{:>8}",
                cell("commit_cpu_s", 3),
                cell("finish_cpu_s", 3),
                cell("first_tenth_ms", 3),
                cell("last_tenth_ms", 3),
                cell("growth", 2),
                cell("bytes_per_node", 1),
                cell("peak_mb", 0),
                cell("get_us", 2),
                cell("out_us", 2),
                cell("type_mrows_per_s", 0),
                cell("reopen_cpu_ms", 2),
                cell("reopen_mb", 1),
            ));
            results.insert(format!("{kind}-{count}"), row);
        }
    }
    for (kind, count) in [
        ("replace", 330),
        ("replace", 1),
        ("readers", 1000),
        ("hub", 1_000_000),
    ] {
        let dir = root.path().join(kind);
        results.insert(format!("{kind}-{count}"), child(kind, count, &dir)?);
        std::fs::remove_dir_all(&dir)?;
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&results)?);
        return Ok(());
    }
    println!(
        "{:<11}{:>7}{:>9}{:>9}{:>9}{:>9}{:>8}{:>8}{:>8}{:>7}{:>7}{:>8}{:>9}{:>8}",
        "engine",
        "commits",
        "commit s",
        "finish s",
        "first ms",
        "last ms",
        "growth",
        "B/node",
        "peak MB",
        "get us",
        "out us",
        "Mrows/s",
        "reopen ms",
        "+MB"
    );
    lines.iter().for_each(|line| println!("{line}"));
    let total = |name: &str| {
        results.get(name).map(|row| {
            row.get("commit_cpu_s").unwrap_or(&0.0) + row.get("finish_cpu_s").unwrap_or(&0.0)
        })
    };
    for &count in &args.commits {
        for (ours, theirs) in [("deferred", "sqlite-end"), ("immediate", "sqlite-idx")] {
            if let (Some(a), Some(b)) = (
                total(&format!("{ours}-{count}")),
                total(&format!("{theirs}-{count}")),
            ) {
                println!(
                    "{count} commits: {ours} takes {:.1} times less CPU than {theirs}",
                    b / a
                );
            }
        }
    }
    for name in ["replace-330", "replace-1", "readers-1000", "hub-1000000"] {
        println!("{name}: {}", serde_json::to_string(&results[name])?);
    }
    println!("{}", serde_json::to_string(&results)?);
    Ok(())
}
