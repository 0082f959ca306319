//! Runs programs under Node, so that they say which functions their calls run.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde::Deserialize;

use super::programs::Program;
use crate::accuracy::oracle::Oracle;

const INSTRUMENT: &str = include_str!("../../recorder/instrument.cjs");
const RUNNER: &str = include_str!("../../recorder/runner.cjs");

/// A program may run so long.
const LIMIT: Duration = Duration::from_secs(20);

/// A place in the source.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Span {
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) end_line: u32,
    pub(crate) end_column: u32,
}

/// A function with a body.
#[derive(Debug, Deserialize)]
pub(crate) struct Function {
    #[serde(flatten)]
    pub(crate) at: Span,
    pub(crate) name: String,
}

/// Something that may run a function.
#[derive(Debug, Deserialize)]
pub(crate) struct Site {
    #[serde(flatten)]
    pub(crate) at: Span,
    pub(crate) kind: SiteKind,
    /// Number of the function around it; -1 at the top of a file.
    pub(crate) caller: i64,
    pub(crate) text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SiteKind {
    Call,
    New,
    Get,
    Set,
}

/// What a program is made of.
#[derive(Debug, Deserialize)]
struct Places {
    functions: Vec<Function>,
    sites: Vec<Site>,
}

/// What happened.
#[derive(Debug, Deserialize)]
struct Happened {
    edges: Vec<(usize, usize)>,
    ran: Vec<usize>,
    alone: Vec<usize>,
}

/// What a run of a program has shown.
#[derive(Debug)]
pub(crate) struct Recorded {
    pub(crate) functions: Vec<Function>,
    pub(crate) sites: Vec<Site>,
    /// Sites and the functions that they ran.
    pub(crate) edges: Vec<(usize, usize)>,
    /// Sites that were reached.
    pub(crate) ran: Vec<usize>,
    /// Functions that ran without a call of the program.
    pub(crate) alone: Vec<usize>,
}

/// The recorder, installed beside the oracle of `accuracy`, whose TypeScript it uses.
pub(crate) struct Recorder {
    folder: PathBuf,
}

impl Recorder {
    pub(crate) fn install() -> anyhow::Result<Self> {
        let oracle = Oracle::install()?;
        fs::write(oracle.folder.join("instrument.cjs"), INSTRUMENT)?;
        fs::write(oracle.folder.join("runner.cjs"), RUNNER)?;
        Ok(Recorder {
            folder: oracle.folder,
        })
    }

    /// Writes the instrumented form of all programs.
    pub(crate) fn instrument(&self, programs: &[Program]) -> anyhow::Result<()> {
        let pairs = programs.iter().flat_map(|p| [&p.folder, &p.work]);
        let output = Command::new("node")
            .arg(self.folder.join("instrument.cjs"))
            .args(pairs)
            .output()
            .context("cannot run node")?;
        if !output.status.success() {
            bail!(
                "instrumenting failed: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Ok(())
    }

    /// Runs an instrumented program; `None` if it does not end well.
    pub(crate) fn run(&self, program: &Program) -> anyhow::Result<Option<Recorded>> {
        let result = program.work.join("result.json");
        let mut child = Command::new("node")
            .arg(self.folder.join("runner.cjs"))
            .args([&program.work, &result])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot run node")?;
        let begun = Instant::now();
        loop {
            match child.try_wait()? {
                Some(status) if status.success() => break,
                Some(_) => return Ok(None),
                None if begun.elapsed() > LIMIT => {
                    child.kill()?;
                    child.wait()?;
                    return Ok(None);
                }
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        }
        let places: Places = serde_json::from_slice(&fs::read(program.work.join("places.json"))?)?;
        let happened: Happened = serde_json::from_slice(&fs::read(&result)?)?;
        Ok(Some(Recorded {
            functions: places.functions,
            sites: places.sites,
            edges: happened.edges,
            ran: happened.ran,
            alone: happened.alone,
        }))
    }
}
