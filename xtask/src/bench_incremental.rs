//! `bench-incremental`: what runs after edits cost, as shares of a full run.
//!
//! Each repetition does every kind of run once, on one copy of the project, so that drift of the machine falls on all of them
//! alike; the ratios are medians of the ratios of each repetition. Full runs whose peak memory or growth is measured have
//! processes of their own.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use orchestrator::{Mode, Report};
use serde::{Deserialize, Serialize};

use crate::bench_engine::{process_cpu, status_kb};
use crate::edits::{Workspace, copy_project};
use crate::table::table;

/// So many importers has the file that stands for those that many others import, or the nearest number.
const IMPORTERS: usize = 200;

/// What is edited before a run, and its aim in percent of a full run. The aim for a file that many import is one aim, with the
/// function that few of them call and the type that most of them read.
const KINDS: [(&str, f64); 5] = [
    ("nothing changed", 3.0),
    ("one leaf file edited", 6.0),
    ("a function of a file that many import", 15.0),
    ("a type of a file that many import", 15.0),
    ("10 % of the files edited", 25.0),
];

/// Arguments of `bench-incremental`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Project; it is copied and not changed
    project: PathBuf,
    /// Measured repetitions; one more warms up
    #[arg(long, default_value_t = 5)]
    repetitions: usize,
    /// Only measure one full run of the project as it is, and print JSON (what the other processes do)
    #[arg(long, hide = true)]
    full: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct Full {
    cpu_ms: f64,
    wall_ms: f64,
    peak_mb: f64,
    source_mb: f64,
    files: u64,
}

/// One run.
#[derive(Clone, Copy)]
struct Cost {
    cpu: Duration,
    wall: Duration,
}

/// Measures and prints.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    if args.full {
        println!("{}", serde_json::to_string(&full(&args.project)?)?);
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let base = fs::canonicalize(folder.path())?;
    let root = base.join("project");
    copy_project(&args.project, &root)?;
    let workspace = Workspace::new(&root)?;
    let report = workspace.analyze(true)?;
    let importers = importers(&workspace.export()?)?;
    let (leaf, hub) = (leaf(&root, &importers)?, hub(&importers)?);
    let files: Vec<PathBuf> = importers.keys().map(|file| root.join(file)).collect();
    println!(
        "{}: {} files, {:.1} MB; leaf {leaf}; {} is imported by {} files",
        report.project,
        report.files.analyzed,
        report.files.bytes as f64 / 1e6,
        hub.0,
        hub.1
    );

    let mut samples: BTreeMap<usize, Vec<[Cost; 2]>> = BTreeMap::new();
    let mut rewritten = [(0, 0); KINDS.len()];
    for repetition in 0..=args.repetitions {
        let (full, _) = measured(&workspace, true, false)?;
        // Files just written are hashed again; then they are old enough.
        std::thread::sleep(Duration::from_millis(2100));
        workspace.analyze(false)?;
        for (kind, rewritten) in rewritten.iter_mut().enumerate() {
            match kind {
                0 => {}
                1 => append(&root.join(&leaf), repetition)?,
                2 => change_signature(&root.join(&hub.0), repetition)?,
                3 => change_type(&root.join(&hub.0), repetition)?,
                _ => {
                    for file in files.iter().step_by(10) {
                        append(file, repetition)?;
                    }
                }
            }
            let (cost, report) = measured(&workspace, false, kind > 0)?;
            *rewritten = (report.changes.changed.len(), report.changes.linked);
            if repetition > 0 {
                samples.entry(kind).or_default().push([cost, full]);
            }
        }
    }
    let mut rows = Vec::new();
    for (kind, samples) in &samples {
        let of = |f: &dyn Fn(&[Cost; 2]) -> f64| median(samples.iter().map(f).collect());
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        rows.push(vec![
            KINDS[*kind].0.to_owned(),
            rewritten[*kind].0.to_string(),
            rewritten[*kind].1.to_string(),
            format!("{:.1}", of(&|s| ms(s[0].wall))),
            format!("{:.1}", of(&|s| ms(s[1].wall))),
            format!("{:.1} %", of(&|s| 100.0 * ms(s[0].wall) / ms(s[1].wall))),
            format!("{:.1} %", of(&|s| 100.0 * ms(s[0].cpu) / ms(s[1].cpu))),
            format!("{} %", KINDS[*kind].1),
        ]);
    }
    let heads = [
        "",
        "files",
        "linked",
        "ms",
        "full ms",
        "of full, wall",
        "of full, CPU",
        "aim",
    ];
    println!("{}", table(&heads, &rows));
    growth(&args.project, &base)
}

/// Full runs of one, two and four copies side by side, each in a process of its own.
fn growth(project: &Path, base: &Path) -> anyhow::Result<()> {
    let side = base.join("side");
    let mut rows = Vec::new();
    let mut last: Option<Full> = None;
    for copies in [1, 2, 4] {
        for copy in 0..copies {
            let target = side.join(format!("copy{copy}"));
            if !target.exists() {
                copy_project(project, &target)?;
            }
        }
        // Of several runs the cheapest is the least disturbed one.
        let mut best: Option<Full> = None;
        for _ in 0..3 {
            let output = std::process::Command::new(std::env::current_exe()?)
                .args(["bench-incremental", "--full"])
                .arg(&side)
                .output()?;
            if !output.status.success() {
                bail!("{}", String::from_utf8_lossy(&output.stderr));
            }
            let full: Full = serde_json::from_slice(&output.stdout)?;
            if best.as_ref().is_none_or(|best| full.cpu_ms < best.cpu_ms) {
                best = Some(full);
            }
        }
        let full = best.context("a run")?;
        let ratio = last.as_ref().map_or("-".to_owned(), |last| {
            format!(
                "{:.2} CPU, {:.2} wall",
                full.cpu_ms / last.cpu_ms,
                full.wall_ms / last.wall_ms
            )
        });
        rows.push(vec![
            format!(
                "{copies} x ({} files, {:.1} MB)",
                full.files, full.source_mb
            ),
            format!("{:.0}", full.wall_ms),
            format!("{:.0}", full.cpu_ms),
            ratio,
            format!("{:.0}", full.peak_mb),
            format!("{:.0}", 12.0 * full.source_mb + 100.0),
        ]);
        last = Some(full);
    }
    let heads = [
        "full runs",
        "ms",
        "CPU ms",
        "times the last (aim 2.1)",
        "peak MB",
        "aim",
    ];
    println!("{}", table(&heads, &rows));
    Ok(())
}

fn full(project: &Path) -> anyhow::Result<Full> {
    let workspace = Workspace::new(project)?;
    let (cost, report) = measured(&workspace, true, true)?;
    Ok(Full {
        cpu_ms: cost.cpu.as_secs_f64() * 1e3,
        wall_ms: cost.wall.as_secs_f64() * 1e3,
        peak_mb: status_kb("VmHWM") / 1024.0,
        source_mb: report.files.bytes as f64 / 1e6,
        files: report.files.analyzed,
    })
}

fn measured(workspace: &Workspace, clear: bool, changed: bool) -> anyhow::Result<(Cost, Report)> {
    let (wall, cpu) = (Instant::now(), process_cpu());
    let report = workspace.analyze(clear)?;
    let cost = Cost {
        cpu: process_cpu().saturating_sub(cpu),
        wall: wall.elapsed(),
    };
    if !clear && (report.mode != Mode::Incremental || report.changes.is_empty() == changed) {
        bail!("not the run that was to be measured: {:?}", report.mode);
    }
    Ok((cost, report))
}

/// How many files import each file.
fn importers(export: &[u8]) -> anyhow::Result<BTreeMap<String, usize>> {
    let mut importers = BTreeMap::new();
    for line in export
        .split(|byte| *byte == b'\n')
        .filter(|l| !l.is_empty())
    {
        let row: serde_json::Value = serde_json::from_slice(line)?;
        let text = |key: &str| row[key].as_str().unwrap_or_default();
        if text("type") == "MODULE" {
            importers.entry(text("file").to_owned()).or_insert(0);
        } else if text("type") == "DEPENDS_ON"
            && let Some((file, _)) = text("dst").split_once("->")
        {
            *importers.entry(file.to_owned()).or_insert(0) += 1;
        }
    }
    Ok(importers)
}

/// A file of usual size that nobody imports.
fn leaf(root: &Path, importers: &BTreeMap<String, usize>) -> anyhow::Result<String> {
    let mut leaves: Vec<(u64, &String)> = importers
        .iter()
        .filter(|(_, importers)| **importers == 0)
        .filter_map(|(file, _)| Some((fs::metadata(root.join(file)).ok()?.len(), file)))
        .collect();
    leaves.sort();
    let middle = leaves
        .get(leaves.len() / 2)
        .context("every file is imported")?;
    Ok(middle.1.clone())
}

fn hub(importers: &BTreeMap<String, usize>) -> anyhow::Result<(String, usize)> {
    let nearest = importers.iter().min_by_key(|(_, n)| n.abs_diff(IMPORTERS));
    let (file, importers) = nearest.context("there are no files")?;
    Ok((file.clone(), *importers))
}

fn append(path: &Path, number: usize) -> anyhow::Result<()> {
    let text = fs::read_to_string(path)?;
    Ok(fs::write(
        path,
        format!("{text}\nconst edited{number} = (x) => [x, {number}];\n"),
    )?)
}

/// Gives the first exported function one more parameter, and the module one more export.
fn change_signature(path: &Path, number: usize) -> anyhow::Result<()> {
    let mut text = fs::read_to_string(path)?;
    let mut line_start = 0;
    let mut found = None;
    for line in text.split_inclusive('\n') {
        let name = line.split_once('(').map_or("", |(name, _)| name);
        if name.starts_with("export ") && name.contains("function ") && !name.contains('<') {
            found = Some(line_start + name.len() + 1);
            break;
        }
        line_start += line.len();
    }
    if let Some(at) = found {
        add_parameter(&mut text, at, number);
    }
    let function = format!("\nexport function changed{number}(x) {{ return x; }}\n");
    Ok(fs::write(path, text + &function)?)
}

/// Gives the first optional member of a type that is a function one more parameter, if there is one.
fn change_type(path: &Path, number: usize) -> anyhow::Result<()> {
    const BEGIN: &str = "?: (";
    let mut text = fs::read_to_string(path)?;
    match text.find(BEGIN) {
        Some(at) => add_parameter(&mut text, at + BEGIN.len(), number),
        None => text.push('\n'),
    }
    Ok(fs::write(path, text)?)
}

fn add_parameter(text: &mut String, at: usize, number: usize) {
    let is_first = text[at..].trim_start().starts_with(')');
    let separator = if is_first { "" } else { ", " };
    text.insert_str(at, &format!("added{number}{separator}"));
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
