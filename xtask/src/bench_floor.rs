//! `bench-floor`: a whole analysis against the floor below which none can go: reading and parsing the same files.
//!
//! All is measured in one process, on the same number of threads, in interleaved repetitions, so that drift of the
//! machine falls on all of it alike. Compare ratios; absolute times are those of one machine on one day.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use orchestrator::{
    AnalyzeOptions, MemoryStore, NoProgress, Phase, Project, Report, analyze, thread_pool,
};
use rfdb_client::Client;
use rfdb_server::{Config, Dispatcher};
use serde::Serialize;
use swc_common::BytePos;
use swc_ecma_ast::EsVersion;
use swc_ecma_parser::{EsSyntax, Lexer, Parser, StringInput, Syntax, TsSyntax};

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
    #[arg(long, default_value_t = 5)]
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
    /// Parts of the whole, their medians and what they are of the floor.
    parts: Vec<Part>,
}

#[derive(Serialize)]
struct Part {
    part: &'static str,
    milliseconds: f64,
    ratio: f64,
}

/// One repetition.
struct Sample {
    floor: Duration,
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
    let project = Project::discover(&args.project, &NoProgress)?;
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
        let floor = read_and_parse(&pool, &files);
        let without_storage = analyze(&root, &MemoryStore::discarding(), &options, &NoProgress)?;
        let report = whole(&root, &options)?;
        if repetition > 0 {
            samples.push(sample(floor, &without_storage, &report)?);
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

/// Reads and parses every file on all threads of the pool, each thread the next file, as the analysis does.
fn read_and_parse(pool: &rayon::ThreadPool, files: &[(PathBuf, u64)]) -> Duration {
    let next = AtomicUsize::new(0);
    let begun = Instant::now();
    pool.broadcast(|_| {
        while let Some((path, _)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            // Files that the analysis skips are as cheap here.
            let Ok(text) = std::fs::read_to_string(path) else {
                continue;
            };
            std::hint::black_box(parse(path, &text));
        }
    });
    begun.elapsed()
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

/// `analyze --clear` into a new database on disk, opening and closing included.
fn whole(root: &Path, options: &AnalyzeOptions) -> anyhow::Result<Report> {
    let folder = tempfile::tempdir()?;
    let begun = Instant::now();
    let server = Dispatcher::open_or_create(folder.path().join("graph.rfdb"), Config::default())?;
    let client = Client::in_process(server.session());
    let mut report = analyze(root, &client, options, &NoProgress)?;
    drop(client);
    drop(server);
    report.time = begun.elapsed();
    Ok(report)
}

fn sample(floor: Duration, without_storage: &Report, report: &Report) -> anyhow::Result<Sample> {
    let phase = |report: &Report, phase: Phase| {
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
    let discovery = phase(report, Phase::Discovery).context("DISCOVERY")?;
    let with = phase(report, Phase::Analysis).context("ANALYSIS")?;
    let analysis = phase(without_storage, Phase::Analysis).context("ANALYSIS")?;
    let link = step("program")? + step("link")?;
    let finalize = step("indexes")?;
    let storage = with.saturating_sub(analysis) + step("commit")?;
    let whole = report.time;
    let rest = whole.saturating_sub(discovery + analysis + storage + link + finalize);
    Ok(Sample {
        floor,
        discovery,
        analysis,
        storage,
        link,
        finalize,
        rest,
        whole,
    })
}

fn summarize(args: &Args, report: &Report, samples: &[Sample]) -> Result {
    let of = |part: fn(&Sample) -> Duration| {
        median(
            samples
                .iter()
                .map(|s| part(s).as_secs_f64() * 1e3)
                .collect(),
        )
    };
    // Ratios of each repetition, so that what slowed one down falls out.
    let ratio = |part: fn(&Sample) -> Duration| {
        median(
            samples
                .iter()
                .map(|s| part(s).as_secs_f64() / s.floor.as_secs_f64())
                .collect(),
        )
    };
    let parts: [(&str, PartOf); 7] = [
        ("discovery", |s| s.discovery),
        ("parse and analysis, without storage", |s| s.analysis),
        ("storage", |s| s.storage),
        ("link", |s| s.link),
        ("finalize", |s| s.finalize),
        ("rest", |s| s.rest),
        ("whole analyze --clear", |s| s.whole),
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
        parts: parts
            .into_iter()
            .map(|(part, get)| Part {
                part,
                milliseconds: of(get),
                ratio: ratio(get),
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
    let row = |part: &str, milliseconds: f64, ratio: f64| {
        vec![
            part.to_owned(),
            format!("{milliseconds:.1}"),
            format!("{ratio:.2}"),
        ]
    };
    let mut rows = vec![row(
        "floor: read and parse with swc",
        result.floor_milliseconds,
        1.0,
    )];
    rows.extend(
        result
            .parts
            .iter()
            .map(|p| row(p.part, p.milliseconds, p.ratio)),
    );
    println!("{}", table(&["", "ms", "x floor"], &rows));
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
