//! `check-graph`: what must hold for every graph, checked on its export.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use orchestrator::check::check_export;

/// Arguments of `check-graph`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What `grafema-rs export` wrote
    export: PathBuf,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Checks an export; an error if something is wrong with it.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let file = File::open(&args.export)
        .with_context(|| format!("cannot open {}", args.export.display()))?;
    let check = check_export(BufReader::with_capacity(1 << 20, file))
        .with_context(|| format!("cannot check {}", args.export.display()))?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&check)?);
    } else {
        let (nodes, edges): (u64, u64) = (check.nodes.values().sum(), check.edges.values().sum());
        println!(
            "{nodes} nodes of {} types, {edges} edges of {} types",
            check.nodes.len(),
            check.edges.len()
        );
        for (kind, problems) in &check.problems {
            println!("{kind}: {}", problems.count);
            for text in &problems.first {
                println!("    {text}");
            }
        }
    }
    if !check.is_sound() {
        bail!(
            "{} kinds of problems in {}",
            check.problems.len(),
            args.export.display()
        );
    }
    if !args.json {
        println!("sound");
    }
    Ok(())
}
