//! `corpora`: real JavaScript and TypeScript to analyze, from the sources that some npm packages ship.
//!
//! Each becomes a folder with its `package.json` and its sources, without dependencies, declarations and build output.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use graph_model::is_source;

/// A project: its name, the npm package, and the parts of it that are sources.
struct Corpus {
    name: &'static str,
    package: &'static str,
    parts: &'static [&'static str],
}

const CORPORA: &[Corpus] = &[
    Corpus {
        name: "express",
        package: "express@5.1.0",
        parts: &["lib", "index.js"],
    },
    Corpus {
        name: "fastify",
        package: "fastify@5.3.3",
        parts: &["lib", "fastify.js", "types"],
    },
    Corpus {
        name: "eslint",
        package: "eslint@9.28.0",
        parts: &["lib", "bin"],
    },
    Corpus {
        name: "mongoose",
        package: "mongoose@8.15.1",
        parts: &["lib", "index.js"],
    },
    Corpus {
        name: "webpack",
        package: "webpack@5.99.9",
        parts: &["lib", "bin", "hot", "schemas"],
    },
    Corpus {
        name: "three",
        package: "three@0.177.0",
        parts: &["src", "examples/jsm"],
    },
    Corpus {
        name: "rxjs",
        package: "rxjs@7.8.2",
        parts: &["src"],
    },
    Corpus {
        name: "toolkit",
        package: "@reduxjs/toolkit@2.8.2",
        parts: &["src"],
    },
    Corpus {
        name: "trpc",
        package: "@trpc/server@11.3.1",
        parts: &["src"],
    },
    Corpus {
        name: "mobx",
        package: "mobx@6.13.7",
        parts: &["src"],
    },
    Corpus {
        name: "ethers",
        package: "ethers@6.14.3",
        parts: &["src.ts"],
    },
    Corpus {
        name: "effect",
        package: "effect@3.16.0",
        parts: &["src"],
    },
    Corpus {
        name: "viem",
        package: "viem@2.31.0",
        parts: &["."],
    },
];

/// Taken along with the parts.
const ALWAYS: &[&str] = &["package.json", "tsconfig.json"];
/// Build output at the top of some packages.
const TOP_BUILD_OUTPUT: &[&str] = &["_cjs", "_esm", "_types"];

/// Arguments of `corpora`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where the projects are put; what is there already is left as it is
    dir: PathBuf,
    /// Only these projects
    names: Vec<String>,
}

/// Fetches what is missing.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    if let Some(name) = args
        .names
        .iter()
        .find(|name| CORPORA.iter().all(|c| c.name != **name))
    {
        let known: Vec<&str> = CORPORA.iter().map(|c| c.name).collect();
        bail!("there is no corpus {name}; there are {}", known.join(", "));
    }
    fs::create_dir_all(&args.dir)
        .with_context(|| format!("cannot create {}", args.dir.display()))?;
    for corpus in CORPORA
        .iter()
        .filter(|c| args.names.is_empty() || args.names.iter().any(|n| n == c.name))
    {
        let target = args.dir.join(corpus.name);
        if !target.exists() {
            fetch(corpus, &target).with_context(|| format!("cannot fetch {}", corpus.name))?;
        }
        println!("{:<10} {:>6} files", corpus.name, count_sources(&target)?);
    }
    Ok(())
}

fn fetch(corpus: &Corpus, target: &Path) -> anyhow::Result<()> {
    let work = tempfile::tempdir()?;
    let run = |command: &mut Command| -> anyhow::Result<()> {
        let output = command
            .current_dir(work.path())
            .output()
            .with_context(|| format!("cannot run {command:?}"))?;
        if !output.status.success() {
            bail!(
                "{command:?} failed: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Ok(())
    };
    run(Command::new("npm").args(["pack", corpus.package, "--silent"]))?;
    let archive = fs::read_dir(work.path())?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|e| e == "tgz"))
        .context("npm pack left no archive")?;
    run(Command::new("tar").arg("xzf").arg(&archive))?;
    let package = work.path().join("package");
    // Complete or not there: a copy that was interrupted is not taken for a project.
    let partial = target.with_extension("part");
    if partial.exists() {
        fs::remove_dir_all(&partial)?;
    }
    fs::create_dir_all(&partial)?;
    for part in corpus.parts.iter().chain(ALWAYS) {
        let from = package.join(part);
        if from.exists() {
            copy(&from, &partial.join(part), *part == ".")?;
        }
    }
    fs::rename(&partial, target)?;
    Ok(())
}

fn copy(from: &Path, to: &Path, is_top: bool) -> anyhow::Result<()> {
    if from.is_file() {
        let name = from
            .file_name()
            .and_then(|n| n.to_str())
            .unwrap_or_default();
        if !name.ends_with(".d.ts") && !name.ends_with(".map") {
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::copy(from, to)?;
        }
        return Ok(());
    }
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if !(is_top && TOP_BUILD_OUTPUT.iter().any(|skip| name == *skip)) {
            copy(&entry.path(), &to.join(&name), false)?;
        }
    }
    Ok(())
}

fn count_sources(dir: &Path) -> anyhow::Result<u64> {
    let mut count = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            count += count_sources(&entry.path())?;
        } else {
            count += u64::from(is_source(&entry.file_name().to_string_lossy()));
        }
    }
    Ok(count)
}
