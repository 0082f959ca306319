//! The programs of folders.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// A program that is recorded.
#[derive(Debug)]
pub(crate) struct Program {
    /// Family and name.
    pub(crate) name: String,
    pub(crate) family: String,
    /// A folder with nothing but the program.
    pub(crate) folder: PathBuf,
    /// Where its instrumented form and what it records are put.
    pub(crate) work: PathBuf,
}

/// What a folder begins with that is one program.
const STARTS: &[&str] = &["main.js", "main.cjs", "main.mjs", "index.html"];

/// All programs below a folder, in order; those that are a file are copied into a folder of their own in `scratch`.
pub(crate) fn collect(folder: &Path, scratch: &Path) -> anyhow::Result<Vec<Program>> {
    let mut found = Vec::new();
    below(folder, "", scratch, &mut found)?;
    Ok(found)
}

fn below(
    folder: &Path,
    family: &str,
    scratch: &Path,
    found: &mut Vec<Program>,
) -> anyhow::Result<()> {
    let mut entries = Vec::new();
    for entry in
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?
    {
        entries.push(entry?.path());
    }
    entries.sort();
    for path in entries {
        let name = path
            .file_stem()
            .map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let of_family = match family {
            "" => name.clone(),
            family => format!("{family}/{name}"),
        };
        let group = if family.is_empty() { &name } else { family };
        let slot = scratch.join(format!("{}", scratch_number(scratch)?));
        if path.is_dir() {
            if !STARTS.iter().any(|start| path.join(start).exists()) {
                below(&path, &of_family, scratch, found)?;
                continue;
            }
            found.push(Program {
                name: of_family.clone(),
                family: group.to_owned(),
                folder: path,
                work: slot.join("recorded"),
            });
        } else if let Some(extension) = path.extension().and_then(|e| e.to_str())
            && matches!(extension, "js" | "mjs" | "cjs")
        {
            let alone = slot.join("program");
            fs::create_dir_all(&alone)?;
            fs::copy(&path, alone.join(format!("main.{extension}")))?;
            found.push(Program {
                name: of_family.clone(),
                family: group.to_owned(),
                folder: alone,
                work: slot.join("recorded"),
            });
        }
        fs::create_dir_all(&slot)?;
    }
    Ok(())
}

/// A number that no folder in `scratch` has yet.
fn scratch_number(scratch: &Path) -> anyhow::Result<usize> {
    Ok(fs::read_dir(scratch)?.count())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn files_and_folders_are_programs() {
        let folder = tempfile::tempdir().unwrap();
        let scratch = tempfile::tempdir().unwrap();
        let write = |path: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        };
        for path in [
            "keys/a.js",
            "keys/note.txt",
            "modules/two/main.mjs",
            "modules/two/lib.mjs",
            "page/index.html",
            "page/a.js",
        ] {
            write(path);
        }
        let programs = collect(folder.path(), scratch.path()).unwrap();
        let names: Vec<(&str, &str)> = programs
            .iter()
            .map(|p| (p.family.as_str(), p.name.as_str()))
            .collect();
        assert_eq!(
            names,
            [
                ("keys", "keys/a"),
                ("modules", "modules/two"),
                ("page", "page")
            ]
        );
        assert!(programs[0].folder.join("main.js").exists());
        assert_ne!(programs[0].work, programs[1].work);
    }
}
