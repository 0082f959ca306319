//! `grafema-rs stats`.

use std::io::{self, BufWriter, Write};

use orchestrator::{Store as _, TypeCounts};
use serde::Serialize;

use crate::args::StatsArgs;
use crate::error::Error;
use crate::{database, text};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Stats<'a> {
    root: &'a std::path::Path,
    database: std::path::PathBuf,
    nodes: TypeCounts,
    edges: TypeCounts,
    /// Whether the last analysis was stopped, so that this is the graph of the one before.
    last_analysis_stopped: bool,
}

pub(crate) fn run(args: &StatsArgs) -> Result<(), Error> {
    let (root, client) = database::open(args.project.path(), "stats")?;
    let (nodes, edges) = TypeCounts::of(client.counts()?);
    let mut out = BufWriter::new(io::stdout().lock());
    if args.json {
        let stats = Stats {
            root: &root,
            database: database::location(&root),
            nodes,
            edges,
            last_analysis_stopped: database::was_stopped(&root),
        };
        serde_json::to_writer_pretty(&mut out, &stats)?;
        writeln!(out)?;
    } else {
        let titles = [&nodes, &edges].map(|counts| text::number(counts.total));
        let [nodes_title, edges_title] = [
            format!("{} nodes", titles[0]),
            format!("{} edges", titles[1]),
        ];
        write!(
            out,
            "{}",
            text::two_columns(
                (&nodes_title, &nodes.by_type),
                (&edges_title, &edges.by_type)
            )
        )?;
    }
    out.flush()?;
    Ok(())
}
