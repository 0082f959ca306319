//! `trace-ends`: what the backward traces of a project's values end at, and how many of them in nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context as _;
use questions::{EndKind, TraceDirection, TraceLimits, Tracer, value_nodes};
use serde::Serialize;

use crate::accuracy::graph::Graph;
use crate::table::table;

/// Limits of each trace; how many were cut is printed.
const LIMITS: TraceLimits = TraceLimits {
    depth: 200,
    steps: 5_000,
};

/// Arguments of `trace-ends`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folders of the projects
    #[arg(required = true)]
    projects: Vec<PathBuf>,
    /// How many values of each
    #[arg(long, default_value_t = 200)]
    values: usize,
    /// List the values whose trace has a dead end
    #[arg(long)]
    list: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    project: String,
    values: usize,
    /// Ends of all traces, by kind. A node at which several traces end counts for each.
    ends: BTreeMap<&'static str, u64>,
    /// Ends of all kinds.
    total: u64,
    /// Ends at which nothing is known.
    dead: u64,
    /// Values of which no trace ends anywhere else.
    dead_values: u64,
    /// Traces that were cut by a limit.
    cut: u64,
}

/// Whether nothing is known of where the value comes from.
fn is_dead(end: EndKind) -> bool {
    matches!(end, EndKind::DeadEnd | EndKind::UnresolvedImport)
}

/// Traces values of each project and prints what they end at.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for project in &args.projects {
        rows.push(measure(args, project)?);
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    for row in &rows {
        let percent = |n: u64| format!("{:.1}", 100.0 * n as f64 / (row.total.max(1)) as f64);
        let mut ends: Vec<(&&str, &u64)> = row.ends.iter().collect();
        ends.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
        let lines: Vec<Vec<String>> = ends
            .iter()
            .map(|(kind, n)| vec![(**kind).to_owned(), n.to_string(), percent(**n)])
            .collect();
        println!(
            "{}: {} values, {} cut by limits",
            row.project, row.values, row.cut
        );
        println!("{}", table(&["end", "number", "%"], &lines));
        println!(
            "dead ends: {} of {} ends ({} %); values that end nowhere else: {} of {}\n",
            row.dead,
            row.total,
            percent(row.dead),
            row.dead_values,
            row.values
        );
    }
    Ok(())
}

fn measure(args: &Args, project: &std::path::Path) -> anyhow::Result<Row> {
    let analyzed = Graph::analyze(project, &[])?;
    let project = std::fs::canonicalize(project)
        .with_context(|| format!("cannot open {}", project.display()))?;
    // Ids are hashes: the first of them are values from all over the project, and the same in every run.
    let mut values = value_nodes(&analyzed.client)?;
    values.truncate(args.values);
    let mut graph = questions::Graph::new(&analyzed.client);
    let mut tracer = Tracer::new(TraceDirection::Backward);
    let mut row = Row {
        project: project
            .file_name()
            .map_or_else(String::new, |n| n.to_string_lossy().into_owned()),
        values: values.len(),
        ..Row::default()
    };
    for id in values {
        let trace = tracer.trace(&mut graph, id, LIMITS)?;
        row.cut += u64::from(trace.cut.is_some());
        // That one of several objects lacks a property is an end only if no other has it.
        let absent = trace
            .ends
            .get(&EndKind::Absent)
            .copied()
            .unwrap_or_default();
        let known: u64 = trace
            .ends
            .iter()
            .filter(|(end, _)| !is_dead(**end) && **end != EndKind::Absent)
            .map(|(_, n)| n)
            .sum();
        for (end, n) in &trace.ends {
            if *end == EndKind::Absent {
                continue;
            }
            *row.ends.entry(end.describe()).or_default() += n;
            row.total += n;
            row.dead += if is_dead(*end) { *n } else { 0 };
        }
        if known == 0 {
            row.dead_values += 1;
            if absent > 0 && trace.ends.len() == 1 {
                *row.ends.entry(EndKind::Absent.describe()).or_default() += absent;
                row.total += absent;
                row.dead += absent;
            }
        }
        let dead: Vec<_> = trace
            .steps
            .iter()
            .filter(|s| s.end.is_some_and(is_dead))
            .collect();
        if args.list && !dead.is_empty() {
            println!("{}", trace.node.id);
            for step in dead {
                println!(
                    "    {} {:?} at {} {:?}",
                    step.end.map_or("", EndKind::describe),
                    step.path,
                    step.node.id,
                    step.node.line
                );
            }
        }
    }
    Ok(row)
}
