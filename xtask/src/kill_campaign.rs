//! `cargo xtask kill-campaign`: kills a writing process again and again; nothing that it acknowledged may be lost.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rfdb_engine::{Batch, Durability, EdgeRow, Engine, IndexMode, LoadState, NodeId, NodeQuery, NodeRow, Options, Owner};

/// Owners that the writer replaces in turn.
const OWNERS: u64 = 23;
/// Nodes of an owner.
const NODES: u64 = 40;

/// Arguments of `kill-campaign`.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// How often the process is killed.
    #[arg(long, default_value_t = 200)]
    kills: u64,
    /// Runs the writing process; used by the campaign itself.
    #[arg(long, hide = true)]
    child: Option<PathBuf>,
    /// First commit number of the writing process.
    #[arg(long, hide = true, default_value_t = 0)]
    from: u64,
    /// Kind of the writing process.
    #[arg(long, hide = true, default_value_t = 0)]
    kind: u64,
}

fn options(kind: u64) -> Options {
    let durability = [Durability::None, Durability::Group, Durability::Sync][(kind % 3) as usize];
    Options { durability, program: "kill-campaign".to_owned(), ..Options::default() }
}

fn batch(commit: u64) -> Batch {
    let owner = commit % OWNERS;
    let file = format!("f{owner}.ts");
    let name = commit.to_string();
    let mut batch = Batch::new();
    batch.owner(Owner::new(&file, "analysis"));
    let id = |n: u64| NodeId(u128::from(owner * 1000 + n % NODES));
    for n in 0..NODES {
        batch.push_node(NodeRow {
            id: id(n),
            semantic_id: &format!("{file}->T->{n}"),
            node_type: "T",
            name: &name,
            file: &file,
            exported: false,
            metadata: &format!(r#"{{"commit":{commit}}}"#),
        });
        batch.push_edge(EdgeRow { src: id(n), dst: id(n + 1), edge_type: "NEXT", metadata: "" });
    }
    batch
}

/// Writes for ever, and tells every commit once it is acknowledged.
fn write(dir: &Path, from: u64, kind: u64) -> Result<()> {
    let engine = Engine::open_or_create(dir, options(kind))?;
    let mut out = std::io::stdout().lock();
    if kind % 4 == 3 {
        engine.begin_load()?;
        writeln!(out, "loading")?;
        out.flush()?;
    }
    for commit in from.. {
        let mode = if commit % 5 < kind % 5 || kind % 4 == 3 { IndexMode::Deferred } else { IndexMode::Immediate };
        engine.commit(batch(commit), mode)?;
        writeln!(out, "{commit}")?;
        out.flush()?;
        if commit % 97 == 96 && kind % 4 != 3 {
            engine.rebuild_indexes()?;
        }
    }
    Ok(())
}

/// What the database holds must be, for every owner, its last acknowledged commit or the one that was under way.
fn check(dir: &Path, acknowledged: &BTreeMap<u64, u64>, next: u64, loading: bool, kind: u64) -> Result<()> {
    let engine = Engine::open(dir, options(kind))?;
    let unfinished = engine.load_state() == LoadState::Unfinished;
    if unfinished != loading {
        bail!("the load state says unfinished = {unfinished}, and it is {loading}");
    }
    let snapshot = engine.snapshot();
    for (&owner, &commit) in acknowledged {
        let nodes = snapshot.find_nodes(&NodeQuery::default().with_file(format!("f{owner}.ts")))?;
        let found: u64 = nodes.first().context("an acknowledged owner is gone")?.name.parse()?;
        let under_way = if next % OWNERS == owner { next } else { commit };
        if found != commit && found != under_way {
            bail!("owner {owner} has commit {found} instead of {commit}");
        }
        if nodes.len() as u64 != NODES || nodes.iter().any(|node| node.name != nodes[0].name) {
            bail!("owner {owner} has a part of a commit");
        }
        for node in &nodes {
            if snapshot.outgoing(node.id, &["NEXT"])?.len() != 1 {
                bail!("an edge of owner {owner} is lost");
            }
        }
    }
    let problems = engine.verify()?.problems;
    if let Some(problem) = problems.first() {
        bail!("{}", problem.error);
    }
    Ok(())
}

/// Runs the campaign.
pub fn run(args: Args) -> Result<()> {
    if let Some(dir) = &args.child {
        return write(dir, args.from, args.kind);
    }
    let root = tempfile::tempdir()?;
    let dir = root.path().join("db");
    let start = Instant::now();
    let mut acknowledged: BTreeMap<u64, u64> = BTreeMap::new();
    let (mut next, mut random, mut commits) = (0u64, 0x9e37_79b9_7f4a_7c15u64, 0u64);
    let mut loading = false;
    for kill in 0..args.kills {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        if loading {
            // As a user would: the load is started again.
            let engine = Engine::open(&dir, options(kill))?;
            engine.clear()?;
            acknowledged.clear();
            loading = false;
        }
        let mut child = Command::new(std::env::current_exe()?)
            .args(["kill-campaign", "--child"])
            .arg(&dir)
            .args(["--from", &next.to_string(), "--kind", &kill.to_string()])
            .stdout(Stdio::piped())
            .spawn()?;
        let out = BufReader::new(child.stdout.take().context("no output of the writing process")?);
        // A thread kills after a random time, wherever the writer is then.
        let pid = rustix::process::Pid::from_child(&child);
        let wait = Duration::from_micros(3_000 + random % 60_000);
        let killer = std::thread::spawn(move || {
            std::thread::sleep(wait);
            rustix::process::kill_process(pid, rustix::process::Signal::KILL)
        });
        for line in out.lines() {
            let line = line?;
            if line == "loading" {
                loading = true;
                continue;
            }
            // The last line may be cut off by the kill; it was then not acknowledged as a whole.
            let Ok(commit) = line.parse::<u64>() else { continue };
            if commit != next {
                continue;
            }
            acknowledged.insert(commit % OWNERS, commit);
            next = commit + 1;
            commits += 1;
        }
        killer.join().map_err(|_| anyhow::anyhow!("the killer panicked"))??;
        let status = child.wait()?;
        if status.success() {
            bail!("the writer ended by itself");
        }
        if dir.join("manifest-000001.log").exists() || Engine::open(&dir, options(kill)).is_ok() {
            let unfinished = Engine::open(&dir, options(kill))?.load_state() == LoadState::Unfinished;
            // The process may have died between beginning the load and telling so.
            loading = loading || (unfinished && kill % 4 == 3);
            check(&dir, &acknowledged, next, loading, kill)
                .with_context(|| format!("after kill {kill}, {} commits acknowledged", commits))?;
        } else if !acknowledged.is_empty() {
            bail!("the database is gone after kill {kill}");
        }
        // What was under way may have been committed: the next number must not be taken for it.
        next += 1;
    }
    println!(
        "{} kills, {commits} acknowledged commits, none lost, in {:.1} s",
        args.kills,
        start.elapsed().as_secs_f64()
    );
    Ok(())
}
