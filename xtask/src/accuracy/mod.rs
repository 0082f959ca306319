//! `accuracy`: where the graph says that calls go, against where the TypeScript checker says that they go.

pub(crate) mod graph;
mod links;
pub(crate) mod oracle;
pub(crate) mod score;

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;

use crate::table::table;
use graph::Graph;
use oracle::Oracle;
use score::{Score, Share, score};

/// Arguments of `accuracy`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folders of the projects
    #[arg(required = true)]
    projects: Vec<PathBuf>,
    /// Write what is not as the oracle says to DIR/PROJECT.jsonl
    #[arg(long, value_name = "DIR")]
    misses: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    project: String,
    #[serde(flatten)]
    score: Score,
    /// Import bindings that reach a declaration.
    imports: Share,
    /// Arguments that reach their parameter.
    arguments: Share,
}

/// Runs oracle, analysis and comparison for each project.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let oracle = Oracle::install()?;
    let mut rows = Vec::new();
    for project in &args.projects {
        let project = fs::canonicalize(project)
            .with_context(|| format!("cannot open {}", project.display()))?;
        rows.push(measure(&oracle, &project, args.misses.as_deref())?);
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    let header = [
        "project",
        "calls",
        "found %",
        "recall %",
        "function %",
        "abstract %",
        "reachable %",
        "precision %",
        "aside %",
        "+possible: recall %",
        "right %",
        "imports %",
        "arguments %",
    ];
    let lines: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let score = &row.score;
            vec![
                row.project.clone(),
                score.recall.whole.to_string(),
                score.found.text(),
                score.recall.text(),
                score.recall_function.text(),
                score.recall_abstract.text(),
                score.reachable_recall.text(),
                score.precision.text(),
                score.precision_aside.text(),
                score.possible_recall.text(),
                score.possible_precision.text(),
                row.imports.text(),
                row.arguments.text(),
            ]
        })
        .collect();
    println!("{}", table(&header, &lines));
    println!(
        "calls: with a target in the project. Recall and precision without edges of confidence `possible`; those apart.\n\
         reachable: recall without calls of abstract members that nothing in the project has with a body.\n\
         aside: precision without f.call() and new C() where the oracle names what the language calls (Function.prototype.call,\n\
         an inherited constructor) and the graph names f and C."
    );
    Ok(())
}

fn measure(oracle: &Oracle, project: &Path, misses: Option<&Path>) -> anyhow::Result<Row> {
    let name = project
        .file_name()
        .map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let truth = oracle.truth(project)?;
    let graph = Graph::analyze(project, links::EDGES)?;
    let mut out: Box<dyn Write> = match misses {
        Some(dir) => {
            fs::create_dir_all(dir)?;
            let path = dir.join(format!("{name}.jsonl"));
            let file =
                File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
            Box::new(BufWriter::new(file))
        }
        None => Box::new(std::io::sink()),
    };
    let truth = BufReader::with_capacity(1 << 20, File::open(&truth)?);
    let score = score(&graph, truth, &mut out)?;
    out.flush()?;
    Ok(Row {
        project: name,
        score,
        imports: links::imports(&graph),
        arguments: links::arguments(&graph),
    })
}
