//! `grafema-rs analyze`.

use std::io::{self, BufWriter, Write};

use orchestrator::{AnalyzeOptions, Phase, Project, Report};

use crate::args::AnalyzeArgs;
use crate::error::Error;
use crate::progress::TerminalProgress;
use crate::{database, diagnostics, text};

pub(crate) fn run(args: &AnalyzeArgs) -> Result<(), Error> {
    let progress = TerminalProgress::new(args.quiet || args.json);
    let options = AnalyzeOptions {
        clear: args.clear,
        threads: args.threads.map(usize::from),
    };
    // A database is made only if there is something to put into it.
    let result = Project::discover(&args.path, &progress)
        .map_err(Error::from)
        .and_then(|project| {
            let client = match &args.socket {
                Some(socket) => database::connect(socket, args.database.as_deref())?,
                None => database::open_or_create(project.root())?,
            };
            Ok(project.analyze(&client, &options, &progress)?)
        });
    progress.finish(result.is_ok());
    let report = result?;
    if args.json {
        let mut out = BufWriter::new(io::stdout().lock());
        serde_json::to_writer_pretty(&mut out, &report)?;
        writeln!(out)?;
        out.flush()?;
        return Ok(());
    }
    if args.quiet {
        return Ok(());
    }
    {
        let mut err = BufWriter::new(io::stderr().lock());
        // Warnings that nobody reads do not make the analysis fail.
        let _ = diagnostics::print(&report, &mut err).and_then(|()| err.flush());
    }
    let mut out = BufWriter::new(io::stdout().lock());
    let graph = match (&args.socket, &args.database) {
        (Some(socket), Some(name)) => format!("{name} at {}", socket.display()),
        (Some(socket), None) => socket.display().to_string(),
        (None, _) => database::location(&report.root).display().to_string(),
    };
    summary(&report, &graph, &mut out)?;
    out.flush()?;
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
