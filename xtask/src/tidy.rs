//! `tidy`: rules of the repository that neither formatter nor linter knows.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

/// Longer files hold more than one subject.
const MAX_LINES: usize = 800;
/// Beginnings of paths that exist on one machine only, in two parts so that this file does not hold them.
const MACHINE_PATHS: &[(&str, &str)] = &[
    ("/ro", "ot/"),
    ("/ho", "me/"),
    ("/Us", "ers/"),
    ("/wo", "rk/"),
    ("C:\\Us", "ers\\"),
];

/// Arguments of `tidy`: there are none.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Checks every file that Git knows.
pub(crate) fn run(_: &Args) -> anyhow::Result<()> {
    let root = repository_root()?;
    let mut problems = Vec::new();
    for file in tracked_files(&root)? {
        // A deleted file is still known until the deletion is committed; a binary one is none of ours.
        let Ok(text) = fs::read_to_string(root.join(&file)) else {
            continue;
        };
        problems.extend(file_problems(&file, &text));
    }
    for problem in &problems {
        println!("{problem}");
    }
    if !problems.is_empty() {
        bail!("{} untidy places", problems.len());
    }
    Ok(())
}

fn file_problems(file: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let lines = text.lines().count();
    if file.ends_with(".rs") && lines > MAX_LINES {
        problems.push(format!(
            "{file}: {lines} lines, more than {MAX_LINES}: does it hold two subjects?"
        ));
    }
    if file.starts_with("crates/") && file.ends_with("/src/lib.rs") {
        let has_example = text
            .lines()
            .take_while(|l| l.starts_with("//!"))
            .any(|l| l.starts_with("//! ```"));
        if !has_example {
            problems.push(format!(
                "{file}: the crate's documentation does not open with an example"
            ));
        }
    }
    for (number, line) in text.lines().enumerate() {
        for (head, tail) in MACHINE_PATHS {
            if line.contains(&format!("{head}{tail}")) {
                problems.push(format!(
                    "{file}:{}: a path of one machine, {head}{tail}",
                    number + 1
                ));
            }
        }
    }
    problems
}

/// The folder of the repository.
pub(crate) fn repository_root() -> anyhow::Result<PathBuf> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest
        .parent()
        .map(Path::to_path_buf)
        .context("xtask lies in the repository")
}

fn tracked_files(root: &Path) -> anyhow::Result<Vec<String>> {
    let output = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root)
        .output()
        .context("cannot run git")?;
    if !output.status.success() {
        bail!(
            "git ls-files failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout)
        .split('\0')
        .filter(|f| !f.is_empty())
        .map(str::to_owned)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn untidy_places_are_seen() {
        let long = "\n".repeat(MAX_LINES + 1);
        assert_eq!(file_problems("crates/a/src/b.rs", &long).len(), 1);
        assert_eq!(
            file_problems("crates/a/src/lib.rs", "//! Words.\nfn f() {}\n").len(),
            1
        );
        assert_eq!(
            file_problems("crates/a/src/lib.rs", "//! Words.\n//!\n//! ```\n//! ```\n"),
            Vec::<String>::new()
        );
        let path = format!("see {}{}me", MACHINE_PATHS[1].0, MACHINE_PATHS[1].1);
        assert_eq!(file_problems("README.md", &path).len(), 1);
    }
}
