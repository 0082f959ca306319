//! `recorded`: which functions the calls of programs run, recorded while they run, against what the graph says.
//!
//! Recording is one run: what a program may do besides is not in it. So recall is what it is, and precision a lower bound.

mod compare;
mod programs;
mod record;

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::Context as _;

use crate::table::table;
use crate::tidy::repository_root;
use compare::{Counts, compare};
use record::Recorder;

/// Arguments of `recorded`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folders of families of programs: a file, or a folder with main.js, main.mjs or index.html, is a program
    /// [default: fixtures/recorded]
    folders: Vec<PathBuf>,
    /// A row for each program, not only for each family
    #[arg(long)]
    each: bool,
    /// Write calls that are not found, and edges of calls that ran without taking them, to FILE
    #[arg(long, value_name = "FILE")]
    misses: Option<PathBuf>,
}

/// Records, analyzes and compares.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let mut folders = args.folders.clone();
    if folders.is_empty() {
        folders.push(repository_root()?.join("fixtures/recorded"));
    }
    let recorder = Recorder::install()?;
    let scratch = tempfile::tempdir()?;
    let mut programs = Vec::new();
    for folder in &folders {
        let folder = fs::canonicalize(folder)
            .with_context(|| format!("cannot open {}", folder.display()))?;
        programs.extend(programs::collect(&folder, scratch.path())?);
    }
    recorder.instrument(&programs)?;
    let mut misses: Box<dyn Write> = match &args.misses {
        Some(path) => {
            let file =
                File::create(path).with_context(|| format!("cannot create {}", path.display()))?;
            Box::new(BufWriter::new(file))
        }
        None => Box::new(std::io::sink()),
    };
    let mut rows: Vec<(String, Counts)> = Vec::new();
    let mut total = Counts::default();
    for program in &programs {
        let Some(recorded) = recorder.run(program)? else {
            eprintln!("{}: does not run, left out", program.name);
            continue;
        };
        let counts = compare(program, &recorded, &mut misses)
            .with_context(|| format!("program {}", program.name))?;
        total.add(&counts);
        let name = if args.each {
            &program.name
        } else {
            &program.family
        };
        match rows.last_mut() {
            Some((last, of)) if last == name => of.add(&counts),
            _ => rows.push((name.clone(), counts)),
        }
    }
    misses.flush()?;
    rows.push(("total".to_owned(), total));
    let header = [
        "programs",
        "fun→fun",
        "found %",
        "+possible %",
        "call→fun",
        "found %",
        "+possible %",
        "precision %",
        "+possible %",
        "complete",
    ];
    let lines: Vec<Vec<String>> = rows.iter().map(|(name, counts)| counts.row(name)).collect();
    println!("{}", table(&header, &lines));
    println!(
        "fun→fun, call→fun: recorded pairs of functions, and of calls and functions. Precision: of each call that ran and has\n\
         edges to functions of the program, the share of those that it took; the mean. complete: programs of which every\n\
         recorded pair of functions is found."
    );
    Ok(())
}
