//! `cargo xtask bench-server`: the server over its socket against the embedded engine, in the same run.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rfdb_client::{Batch, Client, Edge, IndexMode, Node, NodeId, Request, SocketOptions, hash_id};
use rfdb_server::{Config, Dispatcher};

/// Measures the server over its socket against the embedded engine.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Batches to commit.
    #[arg(long, default_value_t = 330)]
    batches: u32,
    /// Seconds for each measurement of latency and throughput.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Repetitions of the load; the best of each is compared.
    #[arg(long, default_value_t = 5)]
    repeat: u32,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// A project, to measure Datalog on its graph.
    #[arg(long)]
    project: Option<PathBuf>,
}

/// One line of the table.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Figure {
    pub(crate) what: &'static str,
    pub(crate) measured: String,
    /// The figure that the aim is about.
    pub(crate) value: f64,
    pub(crate) aim: String,
    pub(crate) reached: bool,
}

const NODES: u32 = 100;
const EDGES: u32 = 150;

fn batch(number: u32) -> Batch {
    let file = format!("src/module-{number:05}/index.js");
    let mut batch = Batch::new();
    batch.owner(&file, "");
    let ids: Vec<NodeId> = (0..NODES)
        .map(|index| {
            let semantic_id = format!("{file}->FUNCTION->function{index:03}");
            let id = hash_id(&semantic_id);
            batch.push_node(Node {
                id,
                semantic_id: &semantic_id,
                node_type: if index % 3 == 0 { "FUNCTION" } else { "CALL" },
                name: &semantic_id[file.len() + 12..],
                file: &file,
                exported: index % 10 == 0,
                metadata: r#"{"line":12,"column":4,"async":false}"#,
            });
            id
        })
        .collect();
    for index in 0..EDGES {
        batch.push_edge(Edge {
            src: ids[(index % NODES) as usize],
            dst: ids[((index * 7 + 1 + index / NODES) % NODES) as usize],
            edge_type: if index % 2 == 0 { "CALLS" } else { "CONTAINS" },
            metadata: "",
        });
    }
    batch
}

struct Process {
    child: Child,
    socket: PathBuf,
}

impl Process {
    fn start(directory: &Path) -> anyhow::Result<Self> {
        let binary = std::env::current_exe()?.with_file_name("rfdb-server");
        if !binary.exists() {
            let built = Command::new(env!("CARGO"))
                .args(["build", "--release", "--package", "rfdb-server"])
                .status()?;
            if !built.success() || !binary.exists() {
                bail!("cannot build {}", binary.display());
            }
        }
        let socket = directory.join("rfdb.sock");
        let child = Command::new(&binary)
            .arg(directory.join("graph.rfdb"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        let deadline = Instant::now() + Duration::from_secs(10);
        while !socket.exists() {
            if Instant::now() > deadline {
                bail!("{} does not appear", socket.display());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(Self { child, socket })
    }

    fn connect(&self) -> anyhow::Result<Client> {
        Ok(Client::connect(&self.socket, SocketOptions::default())?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Commits all batches and gives the seconds that the commits took.
fn load(client: &Client, batches: &[Batch], pipelined: bool) -> anyhow::Result<f64> {
    client.clear()?;
    let batches = batches.to_vec();
    let start = Instant::now();
    if pipelined {
        client.commit_many(batches, IndexMode::Deferred)?;
    } else {
        for batch in batches {
            client.commit(batch, IndexMode::Deferred)?;
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    client.rebuild_indexes()?;
    Ok(seconds)
}

/// Latencies in seconds of an action repeated for some time, sorted.
fn latencies(
    seconds: f64,
    action: impl FnMut(u64) -> anyhow::Result<()>,
) -> anyhow::Result<Vec<f64>> {
    let mut times = latencies_in_order(seconds, action)?;
    times.sort_by(f64::total_cmp);
    Ok(times)
}

/// Latencies in seconds of an action repeated for some time, in the order of the repetitions.
fn latencies_in_order(
    seconds: f64,
    mut action: impl FnMut(u64) -> anyhow::Result<()>,
) -> anyhow::Result<Vec<f64>> {
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    let mut times = Vec::new();
    let mut number = 0;
    while Instant::now() < end {
        let start = Instant::now();
        action(number)?;
        times.push(start.elapsed().as_secs_f64());
        number += 1;
    }
    if times.is_empty() {
        bail!("no time to measure");
    }
    Ok(times)
}

fn percentile(times: &[f64], share: f64) -> f64 {
    times[((times.len() - 1) as f64 * share) as usize]
}

fn micros(seconds: f64) -> String {
    format!("{:.1} µs", seconds * 1e6)
}

fn commits(directory: &Path, server: &Process, args: &Args) -> anyhow::Result<Figure> {
    let batches: Vec<_> = (0..args.batches).map(batch).collect();
    let dispatcher =
        Dispatcher::open_or_create(directory.join("embedded.rfdb"), Config::default())?;
    let embedded = Client::in_process(dispatcher.session());
    let remote = server.connect()?;
    let (mut local_best, mut remote_best, mut single_best) = (f64::MAX, f64::MAX, f64::MAX);
    // Alternating, so that both meet the same moods of the machine.
    for _ in 0..args.repeat {
        local_best = local_best.min(load(&embedded, &batches, true)?);
        remote_best = remote_best.min(load(&remote, &batches, true)?);
        single_best = single_best.min(load(&remote, &batches, false)?);
    }
    let ratio = remote_best / local_best;
    Ok(Figure {
        what: "commits over the socket, deferred, against embedded",
        measured: format!(
            "{:.1} ms against {:.1} ms for {} batches: {ratio:.2} times ({:.1} ms if each waits for the one before)",
            remote_best * 1e3,
            local_best * 1e3,
            args.batches,
            single_best * 1e3
        ),
        value: ratio,
        aim: "at most 3 times".into(),
        reached: ratio <= 3.0,
    })
}

fn ids(client: &Client) -> anyhow::Result<Vec<NodeId>> {
    Ok(client.find_by_type("*")?)
}

fn round_trip(server: &Process, args: &Args) -> anyhow::Result<Figure> {
    let client = server.connect()?;
    let ids = ids(&client)?;
    let (mut ping, mut get) = (f64::MAX, f64::MAX);
    for _ in 0..3 {
        let times = latencies(args.seconds / 3.0, |_| Ok(client.ping().map(drop)?))?;
        ping = ping.min(percentile(&times, 0.5));
        let times = latencies(args.seconds / 3.0, |number| {
            let id = ids[(number as usize * 7919) % ids.len()];
            Ok(client.get_node(id).map(drop)?)
        })?;
        get = get.min(percentile(&times, 0.5));
    }
    let ratio = get / ping;
    Ok(Figure {
        what: "get-node round trip, one client, against ping",
        measured: format!("{} against {}: {ratio:.2} times", micros(get), micros(ping)),
        value: ratio,
        aim: "at most 3 times".into(),
        reached: ratio <= 3.0,
    })
}

fn pipelined(server: &Process, args: &Args) -> anyhow::Result<Figure> {
    const CLIENTS: usize = 8;
    let ids = ids(&server.connect()?)?;
    let end = Instant::now() + Duration::from_secs_f64(args.seconds);
    let start = Instant::now();
    let counts: Vec<anyhow::Result<u64>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let ids = &ids;
                scope.spawn(move || -> anyhow::Result<u64> {
                    let client = server.connect()?;
                    let mut count = 0;
                    while Instant::now() < end {
                        let requests = (0..256)
                            .map(|index| Request::GetNode {
                                id: ids[(count as usize + index * 7919 + number) % ids.len()],
                            })
                            .collect();
                        count += client.call_many(requests)?.len() as u64;
                    }
                    Ok(count)
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|_| Err(anyhow::anyhow!("a client panicked")))
            })
            .collect()
    });
    let mut total = 0;
    for count in counts {
        total += count?;
    }
    let rate = total as f64 / start.elapsed().as_secs_f64();
    Ok(Figure {
        what: "get-node pipelined by 8 clients",
        measured: format!("{rate:.0} a second"),
        value: rate,
        aim: "at least 100000 a second".into(),
        reached: rate >= 100_000.0,
    })
}

/// Latencies of a reader and, in turns, of a bare ping, which touches no database: it tells what sharing the machine with
/// the committing client costs by itself.
struct ReaderAndPing {
    reads: Vec<f64>,
    pings: Vec<f64>,
}

fn read_and_ping(client: &Client, ids: &[NodeId], seconds: f64) -> anyhow::Result<ReaderAndPing> {
    let turns = latencies_in_order(seconds, |number| {
        if number % 2 == 1 {
            client.ping()?;
        } else {
            client.get_node(ids[(number as usize * 7919) % ids.len()])?;
        }
        Ok(())
    })?;
    let every_second = |from: usize| {
        let mut times: Vec<f64> = turns.iter().copied().skip(from).step_by(2).collect();
        times.sort_by(f64::total_cmp);
        times
    };
    let (reads, pings) = (every_second(0), every_second(1));
    if pings.is_empty() {
        bail!("no time to measure");
    }
    Ok(ReaderAndPing { reads, pings })
}

fn beside_writer(server: &Process, args: &Args) -> anyhow::Result<[Figure; 2]> {
    let client = server.connect()?;
    let ids = ids(&client)?;
    let idle = read_and_ping(&client, &ids, args.seconds)?;
    let done = AtomicBool::new(false);
    let (busy, commits) = std::thread::scope(|scope| -> anyhow::Result<_> {
        let writer = scope.spawn(|| -> anyhow::Result<u32> {
            let client = server.connect()?;
            let mut number = 0;
            while !done.load(Ordering::Relaxed) {
                client.commit(batch(number % args.batches), IndexMode::Immediate)?;
                number += 1;
            }
            Ok(number)
        });
        let busy = read_and_ping(&client, &ids, args.seconds);
        done.store(true, Ordering::Relaxed);
        let commits = writer
            .join()
            .map_err(|_| anyhow::anyhow!("the writer panicked"))??;
        Ok((busy?, commits))
    })?;
    let figure = |what, share, limit: f64| {
        let (quiet, loud) = (
            percentile(&idle.reads, share),
            percentile(&busy.reads, share),
        );
        let ratio = loud / quiet;
        let ping = percentile(&busy.pings, share) / percentile(&idle.pings, share);
        Figure {
            what,
            measured: format!(
                "{} against {} idle: {ratio:.2} times; a bare ping {ping:.2} times ({commits} commits meanwhile)",
                micros(loud),
                micros(quiet)
            ),
            value: ratio,
            aim: format!("at most {limit} times"),
            reached: ratio <= limit,
        }
    };
    Ok([
        figure("reader beside a committing client, median", 0.5, 2.0),
        figure("reader beside a committing client, p99", 0.99, 10.0),
    ])
}

/// Runs the benchmark.
///
/// # Errors
/// A server that does not start, or a command that fails.
pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let directory = std::env::temp_dir().join(format!("bench-server-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    let result = measure(&directory, &args);
    let _ = std::fs::remove_dir_all(&directory);
    let figures = result?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&figures)?);
        return Ok(());
    }
    for figure in &figures {
        let mark = if figure.reached { "reached" } else { "MISSED" };
        println!(
            "{}\n    {}; aim: {} ({mark})",
            figure.what, figure.measured, figure.aim
        );
    }
    Ok(())
}

fn measure(directory: &Path, args: &Args) -> anyhow::Result<Vec<Figure>> {
    let server = Process::start(directory)?;
    let mut figures = vec![commits(directory, &server, args)?];
    figures.push(round_trip(&server, args)?);
    figures.push(pipelined(&server, args)?);
    figures.extend(beside_writer(&server, args)?);
    if let Some(project) = &args.project {
        figures.extend(crate::bench_datalog::measure(project, args.repeat)?);
    }
    Ok(figures)
}
