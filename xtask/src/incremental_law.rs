//! `incremental-law`: edits a copy of a project again and again; after each round an incremental run must end in the graph of a
//! run from scratch, byte for byte.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use orchestrator::discovery::discover;
use orchestrator::{Mode, Report};

use crate::edits::{Random, Workspace, copy_project};

/// Arguments of `incremental-law`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Project; it is copied and not changed
    project: PathBuf,
    /// Rounds of edits
    #[arg(long, default_value_t = 20)]
    rounds: usize,
    /// Edits of one round, at most
    #[arg(long, default_value_t = 12)]
    edits: usize,
    /// Where the random numbers begin
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Checks the law.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let root = fs::canonicalize(folder.path())?.join("project");
    copy_project(&args.project, &root)?;
    let workspace = Workspace::new(&root)?;
    let first = workspace.analyze(true)?;
    println!("{}: {} files", first.project, first.files.analyzed);
    let mut random = Random(args.seed);
    for round in 1..=args.rounds {
        let count = 1 + random.below(args.edits);
        let mut done = Vec::new();
        for _ in 0..count {
            // Where files come or go, everything is linked; every other round is linked in parts.
            done.extend(edit(&root, round % 2 == 0, &mut random)?);
        }
        let report = workspace.analyze(false)?;
        if let Err(error) = check(&workspace, &report) {
            let kept = folder.keep();
            return Err(error.context(format!(
                "round {round} of seed {}: {}; the edited copy is in {}",
                args.seed,
                done.join(", "),
                kept.display()
            )));
        }
        println!(
            "round {round}: {} edits, equal ({})",
            done.len(),
            told(&report)
        );
    }
    Ok(())
}

fn told(report: &Report) -> String {
    match &report.mode {
        Mode::Initial { reason } => format!("initial: {reason}"),
        Mode::Incremental => format!(
            "{} added, {} changed, {} removed; {:.0} ms",
            report.changes.added.len(),
            report.changes.changed.len(),
            report.changes.removed.len(),
            report.time.as_secs_f64() * 1e3
        ),
    }
}

fn check(workspace: &Workspace, report: &Report) -> anyhow::Result<()> {
    let scratch = Workspace::new(&workspace.root)?;
    let fresh = scratch.analyze(true)?;
    let (got, expected) = (workspace.export()?, scratch.export()?);
    if got != expected {
        let (got, expected) = (
            String::from_utf8_lossy(&got),
            String::from_utf8_lossy(&expected),
        );
        let difference = got.lines().zip(expected.lines()).find(|(a, b)| a != b);
        bail!("the graphs differ: {difference:#?}");
    }
    if report.diagnostics != fresh.diagnostics {
        bail!("the diagnostics differ");
    }
    Ok(())
}

/// Does one random edit, and says which. `in_place`: no file comes or goes.
fn edit(root: &Path, in_place: bool, random: &mut Random) -> anyhow::Result<Option<String>> {
    let files = discover(root).files;
    if files.is_empty() {
        bail!("all files are removed; use fewer rounds");
    }
    let mut pick = || files[random.below(files.len())].path.clone();
    let (one, other) = (pick(), pick());
    let path = root.join(&one);
    // A file of another encoding is left as it is.
    let Ok(text) = fs::read_to_string(&path) else {
        return Ok(None);
    };
    let mut kind = random.below(15);
    if in_place && matches!(kind, 4 | 5) {
        kind = 9;
    }
    let what = match kind {
        0 => {
            fs::write(&path, format!("// one more line\n{text}"))?;
            "a comment in"
        }
        1 => {
            fs::write(
                &path,
                format!(
                    "{text}\nexport function added{}(x) {{ return x; }}\n",
                    random.below(9)
                ),
            )?;
            "an export in"
        }
        2 => {
            fs::write(&path, format!("{text}\nlet = = ;\n"))?;
            "a syntax error in"
        }
        3 => {
            fs::write(&path, text.replace("\nlet = = ;\n", ""))?;
            "syntax errors mended in"
        }
        4 => {
            fs::remove_file(&path)?;
            "removed"
        }
        5 => {
            let folder = root.join(format!("moved{}", random.below(3)));
            fs::create_dir_all(&folder)?;
            let name = path.file_name().context("a name")?;
            fs::rename(&path, folder.join(name))?;
            "moved"
        }
        6 => {
            fs::copy(root.join(&other), &path)?;
            "replaced by another:"
        }
        7 => {
            // Half of the lines: what it exports and calls changes.
            let lines: Vec<&str> = text.lines().collect();
            fs::write(&path, lines[..lines.len() / 2].join("\n"))?;
            "cut in half"
        }
        8 => {
            fs::write(
                &path,
                text.replace("export ", "export /* */ ")
                    .replace("function ", "function  "),
            )?;
            "formatted"
        }
        _ => {
            let Some(text) = edit_member(&text, random) else {
                return Ok(None);
            };
            fs::write(&path, text)?;
            "a member in"
        }
    };
    Ok(Some(format!("{what} {one}")))
}

/// Edits a line that declares a member of a type, or a property of an object: it goes, gets another name, another type, a
/// neighbour, or another place.
fn edit_member(text: &str, random: &mut Random) -> Option<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let members: Vec<usize> = (0..lines.len())
        .filter(|&at| {
            let line = &lines[at];
            let name = line.trim_start().split([':', '?', '(']).next();
            let is_name = name.is_some_and(|name| {
                !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_')
            });
            is_name && line.starts_with("  ") && line.contains(": ")
        })
        .collect();
    let pick = |random: &mut Random| members.get(random.below(members.len())).copied();
    let (one, other) = (pick(random)?, pick(random)?);
    match random.below(6) {
        0 => {
            lines.remove(one);
        }
        1 => lines[one] = lines[one].replacen(": ", "X: ", 1),
        2 => {
            let (name, _) = lines[one].split_once(": ")?;
            let (_, ty) = lines[other].split_once(": ")?;
            lines[one] = format!("{name}: {ty}");
        }
        3 => {
            let line = lines[one].replacen(": ", "Y: ", 1);
            lines.insert(one, line);
        }
        4 => lines.swap(one, other),
        _ => lines[one] = lines[one].replacen(": (", ": (added, ", 1),
    }
    Some(lines.join("\n") + "\n")
}
