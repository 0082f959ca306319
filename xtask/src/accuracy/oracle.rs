//! The oracle: the TypeScript checker, run by Node. What it says of a project is kept until the project changes.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use graph_model::is_source;
use rfdb_protocol::hash_id;

use crate::tidy::repository_root;

const SCRIPT: &str = include_str!("../../oracle/oracle.mjs");
const MANIFEST: &str = include_str!("../../oracle/package.json");

/// An oracle with its dependencies installed.
pub(crate) struct Oracle {
    pub(crate) folder: PathBuf,
    /// Where answers are kept.
    truth: PathBuf,
}

impl Oracle {
    /// Installs the oracle under `target/`, unless it is there already.
    pub(crate) fn install() -> anyhow::Result<Self> {
        need("node", "the oracle is a program for Node 18 or later")?;
        let base = repository_root()?.join("target/accuracy");
        // A changed manifest is another installation.
        let folder = base.join(format!("oracle-{:08x}", hash_id(MANIFEST) as u32));
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        fs::write(folder.join("oracle.mjs"), SCRIPT)?;
        if !folder.join("node_modules/typescript/package.json").exists() {
            need("npm", "it installs TypeScript, which the oracle asks")?;
            fs::write(folder.join("package.json"), MANIFEST)?;
            eprintln!("installing TypeScript for the oracle");
            let output = npm()
                .args(["install", "--no-audit", "--no-fund", "--loglevel=error"])
                .current_dir(&folder)
                .output()
                .context("cannot run npm")?;
            if !output.status.success() {
                bail!(
                    "npm install failed in {}: {}",
                    folder.display(),
                    String::from_utf8_lossy(&output.stderr).trim()
                );
            }
        }
        let truth = base.join("truth");
        fs::create_dir_all(&truth)?;
        Ok(Oracle { folder, truth })
    }

    /// The file that says where the calls of a project go; made now if the project, or the oracle, is new.
    pub(crate) fn truth(&self, project: &Path) -> anyhow::Result<PathBuf> {
        let name = project
            .file_name()
            .map_or_else(|| "project".into(), |n| n.to_string_lossy().into_owned());
        let hash = hash_id(&format!("{SCRIPT}{MANIFEST}{}", content(project)?));
        let path = self.truth.join(format!("{name}-{hash:032x}.jsonl"));
        if path.exists() {
            return Ok(path);
        }
        eprintln!("asking the TypeScript checker about {name}");
        let partial = path.with_extension("partial");
        let output = Command::new("node")
            .arg("--max-old-space-size=8192")
            .arg(self.folder.join("oracle.mjs"))
            .arg(project)
            .stdout(File::create(&partial)?)
            .output()
            .context("cannot run node")?;
        if !output.status.success() {
            bail!(
                "the oracle failed on {}: {}",
                project.display(),
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        fs::rename(&partial, &path)?;
        Ok(path)
    }
}

fn npm() -> Command {
    Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" })
}

/// An error that says what a program is needed for, if it is not there.
fn need(program: &str, why: &str) -> anyhow::Result<()> {
    let mut command = if program == "npm" {
        npm()
    } else {
        Command::new(program)
    };
    match command.arg("--version").output() {
        Ok(output) if output.status.success() => Ok(()),
        _ => bail!(
            "{program} is needed and cannot be run: {why}. Install Node (with npm) and try again"
        ),
    }
}

/// Paths and hashes of all that the oracle reads of a project.
fn content(project: &Path) -> anyhow::Result<String> {
    let mut files = Vec::new();
    collect(project, project, &mut files)?;
    files.sort();
    let mut text = String::new();
    for file in files {
        let bytes = fs::read(project.join(&file))?;
        let hash = hash_id(&String::from_utf8_lossy(&bytes));
        text.push_str(&format!("{file}\t{hash:x}\n"));
    }
    Ok(text)
}

fn collect(root: &Path, dir: &Path, files: &mut Vec<String>) -> anyhow::Result<()> {
    for entry in fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            if !matches!(name.as_str(), "node_modules" | ".git" | ".grafema") {
                collect(root, &path, files)?;
            }
        } else if is_source(&name) || name.ends_with(".json") || name.ends_with(".d.ts") {
            let relative = path.strip_prefix(root)?;
            files.push(relative.to_string_lossy().into_owned());
        }
    }
    Ok(())
}
