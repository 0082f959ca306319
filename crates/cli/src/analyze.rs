//! `grafema-rs analyze`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use orchestrator::config::Config;
use orchestrator::discovery::project_root;
use orchestrator::{AnalyzeOptions, Cancellation, Mode, Phase, Project, Report, Severity, Store};

use crate::args::AnalyzeArgs;
use crate::error::Error;
use crate::progress::TerminalProgress;
use crate::{database, diagnostics, interrupt, staging, text, watch};

/// How often to look whether the graph is free.
const WAIT: Duration = Duration::from_millis(100);

pub(crate) fn run(args: &AnalyzeArgs) -> Result<(), Error> {
    let cancellation = interrupt::cancellation();
    if !args.watch {
        return once(args, &cancellation).and_then(|report| strict(args, &report));
    }
    let root = orchestrator::discovery::project_root(&args.path)?;
    let mut first = true;
    watch::watch(&root, &cancellation, || {
        match once_or_again(args, &cancellation, std::mem::take(&mut first)) {
            // Whoever watches sees the end of it; a half-saved file is no reason to end.
            Err(Error::Run(orchestrator::Error::Cancelled)) => Ok(()),
            Err(error) => {
                writeln!(io::stderr(), "error: {error}")?;
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    })
}

/// A run of `--watch`: the first tells all, the others what changed.
fn once_or_again(
    args: &AnalyzeArgs,
    cancellation: &Cancellation,
    first: bool,
) -> Result<(), Error> {
    if first {
        return once(args, cancellation).map(drop);
    }
    let (report, _) = analyze(args, cancellation, true)?;
    if report.mode == Mode::Incremental && report.changes.is_empty() {
        return Ok(());
    }
    let mut out = io::stdout().lock();
    if args.json {
        serde_json::to_writer(&mut out, &report)?;
        return Ok(writeln!(out)?);
    }
    Ok(writeln!(
        out,
        "{}: {}",
        text::time(report.time),
        changes(&report)
    )?)
}

/// Analyzes, and tells the result.
fn once(args: &AnalyzeArgs, cancellation: &Cancellation) -> Result<Report, Error> {
    let (report, root) = analyze(args, cancellation, args.quiet || args.json)?;
    if args.json {
        let mut out = BufWriter::new(io::stdout().lock());
        serde_json::to_writer_pretty(&mut out, &report)?;
        writeln!(out)?;
        out.flush()?;
    } else if !args.quiet {
        {
            let mut err = BufWriter::new(io::stderr().lock());
            // Warnings that nobody reads do not make the analysis fail.
            let _ = diagnostics::print(&report, &mut err).and_then(|()| err.flush());
        }
        let mut out = BufWriter::new(io::stdout().lock());
        let graph = match (&args.socket, &args.database) {
            (Some(socket), Some(name)) => format!("{name} at {}", socket.display()),
            (Some(socket), None) => socket.display().to_string(),
            (None, _) => database::location(&root).display().to_string(),
        };
        summary(&report, &graph, &mut out)?;
        if args.profile {
            profile(&report, &mut out)?;
        }
        out.flush()?;
    }
    Ok(report)
}

/// Analyzes, and answers the project's folder too.
fn analyze(
    args: &AnalyzeArgs,
    cancellation: &Cancellation,
    silent: bool,
) -> Result<(Report, PathBuf), Error> {
    let progress = TerminalProgress::new(silent);
    // A database is made only if there is something to put into it.
    let result = (|| {
        let root = project_root(&args.path)?;
        let options = AnalyzeOptions {
            clear: args.clear,
            threads: args.threads.map(usize::from),
            // What is remembered is of the project's own graph.
            cache: args.socket.is_none().then(|| database::cache(&root)),
            config: Config::load(&root)?,
            service: args.service.clone(),
            entry_point: args.entrypoint.clone(),
            cancellation: cancellation.clone(),
            ..AnalyzeOptions::default()
        };
        let (project, store) = project_and_store(args, &root, &options, &progress, silent)?;
        let report = project.analyze(&*store, &progress)?;
        // A graph that lies elsewhere leaves nothing in the project.
        if args.socket.is_none() {
            log(&root, &report)?;
        }
        Ok((report, root))
    })();
    progress.finish(result.is_ok());
    result
}

/// Finds the files of the project, and opens the graph that is written: while the files are looked for, if there is one and
/// nobody else has it.
fn project_and_store(
    args: &AnalyzeArgs,
    root: &Path,
    options: &AnalyzeOptions,
    progress: &TerminalProgress,
    silent: bool,
) -> Result<(Project, Box<dyn Store + Send>), Error> {
    let discover = || Ok::<_, Error>(Project::discover(&args.path, options, progress)?);
    if let Some(socket) = &args.socket {
        let project = discover()?;
        let client = database::connect(socket, args.database.as_deref())?;
        return Ok((project, Box::new(client)));
    }
    let (project, opened) = std::thread::scope(|scope| {
        let opening = database::location(root)
            .is_dir()
            .then(|| scope.spawn(|| staging::open(root)));
        let project = discover();
        let opened =
            opening.map(|opening| opening.join().unwrap_or_else(|panic| resume_unwind(panic)));
        (project, opened)
    });
    let project = project?;
    if let Some(Ok(store)) = opened {
        return Ok((project, store));
    }
    let (store, waited) = open(root, args, &options.cancellation, silent)?;
    // Files may have changed meanwhile.
    let project = if waited { discover()? } else { project };
    Ok((project, store))
}

/// Opens the graph of a project; while another process has it, waits for that, and tells whether it did.
fn open(
    root: &Path,
    args: &AnalyzeArgs,
    cancellation: &Cancellation,
    silent: bool,
) -> Result<(Box<dyn Store + Send>, bool), Error> {
    let mut told = None;
    loop {
        match staging::open(root) {
            Ok(store) => return Ok((store, told.is_some())),
            Err(error) => {
                let holder = match error.holder() {
                    Some(holder) if !args.no_wait => holder,
                    _ => return Err(error),
                };
                if told != Some(holder.pid) {
                    told = Some(holder.pid);
                    if !silent {
                        writeln!(
                            io::stderr(),
                            "waiting for {holder}, which has the graph of {} (--no-wait fails instead)",
                            root.display()
                        )?;
                    }
                }
            }
        }
        cancellation.check()?;
        std::thread::sleep(WAIT);
    }
}

/// Writes what the run had to say, one JSON object a line.
fn log(root: &Path, report: &Report) -> Result<(), Error> {
    let path = database::make_folder(root)?.join(database::LOG);
    let mut text = Vec::new();
    for diagnostic in &report.diagnostics {
        serde_json::to_writer(&mut text, diagnostic)?;
        text.push(b'\n');
    }
    fs::write(&path, text).map_err(|e| Error::io("write", &path, e))
}

/// Fails if the analysis is strict and something is wrong with the project.
fn strict(args: &AnalyzeArgs, report: &Report) -> Result<(), Error> {
    if !args.strict && !report.strict {
        return Ok(());
    }
    let wrong = report.diagnostics.iter().filter(|d| {
        d.severity == Severity::Error || matches!(d.code, "unresolved-import" | "missing-export")
    });
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for diagnostic in wrong {
        *counts.entry(diagnostic.code).or_default() += 1;
    }
    if counts.is_empty() {
        return Ok(());
    }
    let counts: Vec<String> = counts
        .iter()
        .map(|(code, n)| format!("{} {code}", text::number(*n)))
        .collect();
    Err(Error::Strict(counts.join(", ")))
}

/// What a run did, in a few words.
fn changes(report: &Report) -> String {
    if let Mode::Initial { reason } = &report.mode {
        return format!("analyzed everything ({reason})");
    }
    let parts = [
        ("added", &report.changes.added),
        ("changed", &report.changes.changed),
        ("removed", &report.changes.removed),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(_, files)| !files.is_empty())
        .map(|(what, files)| {
            format!(
                "{} {what} ({})",
                text::number(files.len() as u64),
                list(files)
            )
        })
        .collect();
    if parts.is_empty() {
        "nothing changed".to_owned()
    } else {
        parts.join(", ")
    }
}

fn profile(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out)?;
    for phase in &report.phases {
        writeln!(out, "{:<30} {:>10}", phase.phase, text::time(phase.time))?;
        for step in &phase.steps {
            writeln!(out, "  {:<28} {:>10}", step.step, text::time(step.time))?;
        }
    }
    Ok(())
}

fn summary(report: &Report, graph: &str, out: &mut dyn Write) -> io::Result<()> {
    let files = &report.files;
    writeln!(
        out,
        "{}: {} ({} lines, {:.1} MB) in {} on {}",
        report.project,
        text::count(files.analyzed, "file"),
        text::number(files.lines),
        files.bytes as f64 / 1e6,
        text::time(report.time),
        text::count(report.threads as u64, "thread"),
    )?;
    for (number, what) in [
        (files.failed, "could not be parsed"),
        (files.skipped, "skipped"),
        (files.removed, "no longer there, removed from the graph"),
    ] {
        if number > 0 {
            writeln!(out, "  {} {what}", text::count(number, "file"))?;
        }
    }
    writeln!(out, "  {}", changes(report))?;
    if !report.services.is_empty() {
        writeln!(
            out,
            "  {}: {}",
            text::count(report.services.len() as u64, "service"),
            list(&report.services)
        )?;
    }
    writeln!(out)?;
    write!(
        out,
        "{}",
        text::two_columns(
            (
                &format!("{} nodes", text::number(report.nodes.total)),
                &report.nodes.by_type
            ),
            (
                &format!("{} edges", text::number(report.edges.total)),
                &report.edges.by_type
            ),
        )
    )?;
    writeln!(out)?;
    for (what, resolved) in [
        ("calls with a known target", report.calls),
        ("imports between files resolved", report.imports),
    ] {
        writeln!(
            out,
            "{what:<30} {} of {} ({})",
            text::number(resolved.resolved),
            text::number(resolved.total),
            text::percent(resolved.resolved, resolved.total)
        )?;
    }
    if !report.diagnostics.is_empty() {
        let counts = report.diagnostic_counts();
        let counts: Vec<String> = counts
            .iter()
            .map(|(code, n)| format!("{} {code}", text::number(*n)))
            .collect();
        writeln!(out, "{:<30} {}", "diagnostics", counts.join(", "))?;
    }
    let phases: Vec<String> = Phase::ALL
        .iter()
        .filter_map(|phase| report.phases.iter().find(|p| p.phase == *phase))
        .map(|p| format!("{} {}", p.phase, text::time(p.time)))
        .collect();
    writeln!(out, "{:<30} {}", "phases", phases.join(", "))?;
    writeln!(out, "{:<30} {graph}", "graph")
}

/// The first few of a list.
fn list(items: &[String]) -> String {
    const SHOWN: usize = 8;
    let shown = items
        .iter()
        .take(SHOWN)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if items.len() > SHOWN {
        format!("{shown}, and {} more", items.len() - SHOWN)
    } else {
        shown
    }
}
