//! `grafema-rs datalog`.

use std::fs;
use std::io::{self, BufWriter, Read as _, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use rfdb_client::{Client, Explained, Solution, Solutions};
use rfdb_datalog::Question;

use crate::database;
use crate::error::Error;
use crate::text;

#[derive(Debug, Args)]
pub(crate) struct DatalogArgs {
    /// Rules, of which the first is asked, or literals: 'node(X, "CLASS"), attr(X, "name", N)'; `-` reads standard input
    #[arg(value_name = "RULES", required_unless_present = "file")]
    source: Option<String>,
    /// Read the rules from a file
    #[arg(short, long, value_name = "FILE", conflicts_with = "source")]
    file: Option<PathBuf>,
    /// Ask for the `violation` rules; the exit code is 1 if there are violations
    #[arg(short, long)]
    guarantee: bool,
    /// Show in which order the literals were evaluated, and with how many rows
    #[arg(short, long, conflicts_with = "guarantee")]
    explain: bool,
    /// Show at most so many rows
    #[arg(short, long, value_name = "N", default_value_t = 1000)]
    limit: usize,
    /// Folder of the project [default: the nearest folder upwards that has a graph]
    #[arg(short, long, value_name = "PATH")]
    path: Option<PathBuf>,
    /// Print JSON
    #[arg(short, long)]
    json: bool,
}

impl DatalogArgs {
    fn source(&self) -> Result<String, Error> {
        match (&self.file, self.source.as_deref()) {
            (Some(file), _) => fs::read_to_string(file).map_err(|e| Error::io("read", file, e)),
            (None, Some("-")) => {
                let mut source = String::new();
                io::stdin()
                    .read_to_string(&mut source)
                    .map_err(|e| Error::io("read", Path::new("standard input"), e))?;
                Ok(source)
            }
            (None, source) => Ok(source.unwrap_or_default().to_owned()),
        }
    }
}

/// Answers the question; says whether a guarantee is broken.
pub(crate) fn run(args: &DatalogArgs) -> Result<bool, Error> {
    let source = args.source()?;
    // Checked here, where the source is at hand to be shown.
    let checked = if args.guarantee {
        Question::guarantee(&source)
    } else {
        Question::program(&source)
    };
    let question = checked.map_err(|error| Error::Datalog(error.render(&source)))?;
    let columns: Vec<&str> = question.columns().iter().map(|c| c.name.as_str()).collect();
    let (_, client) = database::open(args.path.as_deref(), "datalog")?;
    if args.explain {
        let explained = client.explain_datalog(&source)?;
        return explain(args, &columns, explained).map(|()| false);
    }
    let mut answer = if args.guarantee {
        client.ask_guarantee(&source)?
    } else {
        client.ask_datalog(&source)?
    };
    answer.rows.sort_by(|a, b| a.bindings.cmp(&b.bindings));
    let broken = args.guarantee && !answer.rows.is_empty();
    let mut out = BufWriter::new(io::stdout().lock());
    if args.json {
        let rows: Vec<_> = answer.rows.iter().map(|row| &row.bindings).collect();
        serde_json::to_writer_pretty(&mut out, &rows)?;
        writeln!(out)?;
    } else {
        table(&columns, &answer.rows, args.limit, &mut out)?;
    }
    out.flush()?;
    drop(out);
    notes(&client, args, &source, &answer)?;
    Ok(broken)
}

/// What is odd about the program and why there are no rows, on standard error.
fn notes(
    client: &Client,
    args: &DatalogArgs,
    source: &str,
    answer: &Solutions,
) -> Result<(), Error> {
    let mut err = io::stderr().lock();
    // Notes that nobody reads do not make the question fail.
    for warning in &answer.warnings {
        let _ = writeln!(err, "warning: {warning}");
    }
    if answer.rows.is_empty() && !args.guarantee {
        for reason in client.explain_datalog(source)?.warnings {
            if !answer.warnings.contains(&reason) {
                let _ = writeln!(err, "note: {reason}");
            }
        }
    }
    Ok(())
}

fn table(
    columns: &[&str],
    rows: &[Solution],
    limit: usize,
    out: &mut dyn Write,
) -> Result<(), Error> {
    const WIDEST: usize = 60;
    let shown = &rows[..rows.len().min(limit)];
    let cell = |row: &Solution, column: &str| row.bindings.get(column).cloned().unwrap_or_default();
    let width = |column: &&str| {
        let cells = shown.iter().map(|row| cell(row, column).chars().count());
        cells.chain([column.len()]).max().unwrap_or(0).min(WIDEST)
    };
    let widths: Vec<usize> = columns.iter().map(width).collect();
    let mut line = |cells: Vec<String>| {
        let padded = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"));
        let text = padded.collect::<Vec<_>>().join("  ");
        writeln!(out, "{}", text.trim_end())
    };
    if !columns.is_empty() && !shown.is_empty() {
        line(columns.iter().map(|&column| column.to_owned()).collect())?;
        for row in shown {
            line(columns.iter().map(|column| cell(row, column)).collect())?;
        }
    }
    match (columns.is_empty(), rows.len()) {
        (true, 0) => writeln!(out, "no")?,
        (true, _) => writeln!(out, "yes")?,
        (false, count) => writeln!(out, "{}", text::count(count as u64, "row"))?,
    }
    if rows.len() > shown.len() {
        let more = text::number((rows.len() - shown.len()) as u64);
        writeln!(
            out,
            "{more} of them not shown; --limit {} shows all",
            rows.len()
        )?;
    }
    Ok(())
}

fn explain(args: &DatalogArgs, columns: &[&str], explained: Explained) -> Result<(), Error> {
    let mut out = BufWriter::new(io::stdout().lock());
    if args.json {
        serde_json::to_writer_pretty(&mut out, &explained)?;
        writeln!(out)?;
        out.flush()?;
        return Ok(());
    }
    let rows: Vec<Solution> = explained
        .bindings
        .into_iter()
        .map(|bindings| Solution { bindings })
        .collect();
    table(columns, &rows, args.limit, &mut out)?;
    writeln!(out)?;
    for step in &explained.explain_steps {
        let details = step.details.as_deref().unwrap_or_default();
        let time = format!("{} µs", text::number(step.duration_us));
        writeln!(out, "{:>3}  {time:>10}  {details}", step.step)?;
    }
    writeln!(
        out,
        "{} in all",
        text::time(std::time::Duration::from_micros(
            explained.profile.total_duration_us
        ))
    )?;
    for warning in &explained.warnings {
        writeln!(out, "note: {warning}")?;
    }
    out.flush()?;
    Ok(())
}
