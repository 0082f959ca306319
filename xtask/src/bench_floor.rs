//! `bench-floor`: a whole analysis against the floor below which none can go: reading and parsing the same files.
//!
//! All is measured in one process, on the same number of threads, in interleaved repetitions, so that drift of the
//! machine falls on all of it alike. Compare ratios; absolute times are those of one machine on one day.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use analyzer::{Options, analyze_module};
use anyhow::Context as _;
use orchestrator::{AnalyzeOptions, NoProgress, Phase, Project, Report, thread_pool};
use rfdb_client::Client;
use rfdb_server::{Config, Dispatcher};
use serde::Serialize;
use swc_common::BytePos;
use swc_ecma_ast::EsVersion;
use swc_ecma_parser::{EsSyntax, Lexer, Parser, StringInput, Syntax, TsSyntax};

use crate::bench_engine::process_cpu;
use crate::table::table;

/// Arguments of `bench-floor`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Project to measure
    project: PathBuf,
    /// Number of threads [default: one per core]
    #[arg(long)]
    threads: Option<usize>,
    /// Measured repetitions of each; one more warms up
    #[arg(long, default_value_t = 11)]
    repetitions: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Result {
    project: String,
    threads: usize,
    repetitions: usize,
    files: u64,
    bytes: u64,
    lines: u64,
    nodes: u64,
    edges: u64,
    nodes_per_line: f64,
    /// Reading and parsing alone.
    floor_milliseconds: f64,
    /// Its CPU time, of all threads.
    floor_cpu_milliseconds: f64,
    /// Parts of the whole, their medians and what they are of the floor.
    parts: Vec<Part>,
}

#[derive(Serialize)]
struct Part {
    part: &'static str,
    milliseconds: f64,
    ratio: f64,
    /// CPU time of all threads, where the part was measured by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_milliseconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_ratio: Option<f64>,
}

/// So long a run may have things to free after its end.
const SETTLE: Duration = Duration::from_millis(60);

/// Wall time, and CPU time of all threads.
#[derive(Clone, Copy)]
struct Times {
    wall: Duration,
    cpu: Duration,
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Times) {
    let (begun, cpu) = (Instant::now(), process_cpu());
    let result = work();
    let times = Times {
        wall: begun.elapsed(),
        cpu: process_cpu().saturating_sub(cpu),
    };
    (result, times)
}

/// One repetition.
struct Sample {
    floor: Duration,
    floor_cpu: Duration,
    analysis_cpu: Duration,
    whole_cpu: Duration,
    discovery: Duration,
    analysis: Duration,
    storage: Duration,
    link: Duration,
    finalize: Duration,
    rest: Duration,
    whole: Duration,
}

/// Picks a part of a repetition.
type PartOf = fn(&Sample) -> Duration;

/// Measures and prints.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let threads = AnalyzeOptions {
        threads: args.threads,
        ..AnalyzeOptions::default()
    };
    let project = Project::discover(&args.project, &threads, &NoProgress)?;
    let root = project.root().to_owned();
    let mut files: Vec<(PathBuf, u64)> = project
        .discovery()
        .files
        .iter()
        .map(|f| (root.join(&f.path), f.bytes))
        .collect();
    files.sort_by_key(|f| std::cmp::Reverse(f.1));
    let pool = thread_pool(args.threads)?;
    let options = AnalyzeOptions {
        clear: true,
        threads: Some(pool.current_num_threads()),
        ..AnalyzeOptions::default()
    };
    let mut samples = Vec::new();
    let mut last = None;
    for repetition in 0..=args.repetitions {
        let ((), floor) = timed(|| {
            for_each_file(&pool, &files, |path, text| {
                std::hint::black_box(parse(path, text));
            })
        });
        let ((), analysis) = timed(|| {
            for_each_file(&pool, &files, |path, text| {
                let relative = path.strip_prefix(&root).unwrap_or(path).to_string_lossy();
                std::hint::black_box(analyze_module(&relative, text, &Options::default()));
            })
        });
        let (report, times) = timed(|| whole(&root, &options));
        let report = report?;
        // A run frees the program when it has ended; whoever is measured next is not to share the processors with that.
        std::thread::sleep(SETTLE);
        if repetition > 0 {
            samples.push(sample(floor, analysis, times, &report)?);
        }
        last = Some(report);
    }
    let report = last.context("at least one repetition")?;
    let result = summarize(args, &report, &samples);
    if args.json {
        println!("{}", serde_json::to_string_pretty(&result)?);
    } else {
        print(&result);
    }
    Ok(())
}

/// Reads every file on all threads of the pool, each thread the next file, as the analysis does.
fn for_each_file(
    pool: &rayon::ThreadPool,
    files: &[(PathBuf, u64)],
    work: impl Fn(&Path, &str) + Sync,
) {
    let next = AtomicUsize::new(0);
    pool.broadcast(|_| {
        while let Some((path, _)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            // Files that the analysis skips are as cheap here.
            let Ok(text) = std::fs::read_to_string(path) else {
                continue;
            };
            work(path, &text);
        }
    });
}

fn parse(path: &Path, text: &str) -> bool {
    let extension = path
        .extension()
        .and_then(|e| e.to_str())
        .unwrap_or_default();
    let syntax = match extension {
        "ts" | "mts" | "cts" | "tsx" => Syntax::Typescript(TsSyntax {
            tsx: extension == "tsx",
            decorators: true,
            no_early_errors: true,
            ..TsSyntax::default()
        }),
        _ => Syntax::Es(EsSyntax {
            jsx: true,
            decorators: true,
            decorators_before_export: true,
            auto_accessors: true,
            explicit_resource_management: true,
            allow_return_outside_function: true,
            ..EsSyntax::default()
        }),
    };
    let input = StringInput::new(text, BytePos(1), BytePos(text.len() as u32 + 1));
    let mut parser = Parser::new_from(Lexer::new(syntax, EsVersion::EsNext, input, None));
    let parsed = parser.parse_program().is_ok();
    parsed && parser.take_errors().is_empty()
}

/// `analyze --clear` into a new database on disk, making and closing it included, and what is kept for incremental runs. As in
/// the program, the database is made while other work goes on.
fn whole(root: &Path, options: &AnalyzeOptions) -> anyhow::Result<Report> {
    let folder = tempfile::tempdir()?;
    let options = &AnalyzeOptions {
        cache: Some(folder.path().join("cache")),
        ..options.clone()
    };
    let path = folder.path().join("graph.rfdb");
    let mut config = Config::default();
    config.options.volatile_loads = true;
    let begun = Instant::now();
    let (server, project) = std::thread::scope(|scope| {
        let server = scope.spawn(|| Dispatcher::open_or_create(path, config));
        let project = Project::discover(root, options, &NoProgress);
        (server.join(), project)
    });
    let server = server.map_err(|_| anyhow::anyhow!("making the database panicked"))??;
    let client = Client::in_process(server.session());
    let mut report = project?.analyze(&client, &NoProgress)?;
    drop(client);
    drop(server);
    report.time = begun.elapsed();
    Ok(report)
}

fn sample(floor: Times, analysis: Times, times: Times, report: &Report) -> anyhow::Result<Sample> {
    let phase = |phase: Phase| {
        report
            .phases
            .iter()
            .find(|p| p.phase == phase)
            .map(|p| p.time)
    };
    let step = |step| {
        report
            .step(Phase::Enrichment, step)
            .with_context(|| format!("step {step}"))
    };
    let discovery = phase(Phase::Discovery).context("DISCOVERY")?;
    let with = phase(Phase::Analysis).context("ANALYSIS")?;
    let link = step("program")? + step("linker")?;
    let finalize = step("indexes")?;
    let storage = with.saturating_sub(analysis.wall) + step("commit")?;
    let whole = report.time;
    let rest = whole.saturating_sub(discovery + analysis.wall + storage + link + finalize);
    Ok(Sample {
        floor: floor.wall,
        floor_cpu: floor.cpu,
        analysis_cpu: analysis.cpu,
        whole_cpu: times.cpu,
        discovery,
        analysis: analysis.wall,
        storage,
        link,
        finalize,
        rest,
        whole,
    })
}

fn summarize(args: &Args, report: &Report, samples: &[Sample]) -> Result {
    let of = |part: PartOf| {
        median(
            samples
                .iter()
                .map(|s| part(s).as_secs_f64() * 1e3)
                .collect(),
        )
    };
    // Ratios of each repetition, so that what slowed one down falls out.
    let ratio = |part: PartOf, floor: PartOf| {
        median(
            samples
                .iter()
                .map(|s| part(s).as_secs_f64() / floor(s).as_secs_f64())
                .collect(),
        )
    };
    let parts: [(&str, PartOf, Option<PartOf>); 7] = [
        ("discovery", |s| s.discovery, None),
        (
            "read, parse and analyze, nothing stored",
            |s| s.analysis,
            Some(|s| s.analysis_cpu),
        ),
        ("storage", |s| s.storage, None),
        ("link", |s| s.link, None),
        ("finalize", |s| s.finalize, None),
        ("rest", |s| s.rest, None),
        ("whole analyze --clear", |s| s.whole, Some(|s| s.whole_cpu)),
    ];
    Result {
        project: report.project.clone(),
        threads: report.threads,
        repetitions: args.repetitions,
        files: report.files.analyzed,
        bytes: report.files.bytes,
        lines: report.files.lines,
        nodes: report.nodes.total,
        edges: report.edges.total,
        nodes_per_line: report.nodes.total as f64 / report.files.lines.max(1) as f64,
        floor_milliseconds: of(|s| s.floor),
        floor_cpu_milliseconds: of(|s| s.floor_cpu),
        parts: parts
            .into_iter()
            .map(|(part, get, cpu)| Part {
                part,
                milliseconds: of(get),
                ratio: ratio(get, |s| s.floor),
                cpu_milliseconds: cpu.map(of),
                cpu_ratio: cpu.map(|cpu| ratio(cpu, |s| s.floor_cpu)),
            })
            .collect(),
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[n / 2],
        n => f64::midpoint(values[n / 2 - 1], values[n / 2]),
    }
}

fn print(result: &Result) {
    println!(
        "{}: {} files, {} lines, {:.1} MB; {} nodes ({:.2} a line), {} edges; {} threads, medians of {} repetitions",
        result.project,
        result.files,
        result.lines,
        result.bytes as f64 / 1e6,
        result.nodes,
        result.nodes_per_line,
        result.edges,
        result.threads,
        result.repetitions
    );
    let number = |value: Option<f64>, digits: usize| {
        value.map_or_else(String::new, |value| format!("{value:.digits$}"))
    };
    let row = |part: &str, wall: (f64, f64), cpu: (Option<f64>, Option<f64>)| {
        vec![
            part.to_owned(),
            number(Some(wall.0), 1),
            number(Some(wall.1), 2),
            number(cpu.0, 1),
            number(cpu.1, 2),
        ]
    };
    let mut rows = vec![row(
        "floor: read and parse with swc",
        (result.floor_milliseconds, 1.0),
        (Some(result.floor_cpu_milliseconds), Some(1.0)),
    )];
    rows.extend(result.parts.iter().map(|p| {
        row(
            p.part,
            (p.milliseconds, p.ratio),
            (p.cpu_milliseconds, p.cpu_ratio),
        )
    }));
    println!(
        "{}",
        table(&["", "ms", "x floor", "CPU ms", "x floor"], &rows)
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(
            (
                median(vec![3.0, 1.0, 2.0]),
                median(vec![4.0, 1.0, 2.0, 3.0]),
                median(vec![])
            ),
            (2.0, 2.5, 0.0)
        );
    }

    #[test]
    fn the_floor_parses() {
        assert!(parse(Path::new("a.tsx"), "const a = <b>{1 as number}</b>;"));
        assert!(parse(Path::new("a.ts"), "const a = <T>(x: T) => x;"));
        assert!(parse(Path::new("a.js"), "@d class A {}"));
        assert!(!parse(Path::new("a.js"), "let = = ;"));
    }
}
