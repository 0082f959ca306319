//! The walk through the folders of a project. Folders are listed on all threads of the current pool; what a listing tells is
//! not asked of the file system again.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;

use graph_model::Diagnostic;
use rayon::prelude::*;

use super::ignored::{OuterRules, Rules};
use super::{BUILD_DIRECTORIES, Discovery, SKIPPED_DIRECTORIES, unreadable};
use crate::plugin::Sources;

/// A walk below one root.
pub(super) struct Walk<'a> {
    root: &'a Path,
    sources: &'a Sources,
    outer: OuterRules,
}

/// A folder on the way.
struct Folder<'a> {
    path: &'a Path,
    /// Relative to the root, with `/` at its end; empty for the root.
    prefix: &'a str,
    rules: Option<&'a Rules<'a>>,
    /// Whether it has a `package.json`, or is the root.
    is_package: bool,
}

/// What an entry is, links followed.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Folder,
    File,
    Other,
}

impl<'a> Walk<'a> {
    pub(super) fn new(root: &'a Path, sources: &'a Sources) -> Self {
        Walk {
            root,
            sources,
            outer: OuterRules::around(root),
        }
    }

    /// All that is below the root, in no particular order.
    pub(super) fn run(&self) -> Discovery {
        self.folder(self.root, "", None)
    }

    fn folder(&self, path: &Path, prefix: &str, above: Option<&Rules<'_>>) -> Discovery {
        let mut found = Discovery::default();
        let name = || prefix.trim_end_matches('/').to_owned();
        let entries = fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let entries = match entries {
            Ok(entries) => entries,
            Err(error) => {
                found.warnings.push(unreadable(name(), &error));
                return found;
            }
        };
        let has = |wanted: &str| {
            let entry = entries.iter().find(|entry| entry.file_name() == wanted);
            entry.map(|entry| kind(entry, path))
        };
        let has_ignore = has(".gitignore") == Some(Some(Kind::File));
        let is_repository = has(".git").flatten().is_some();
        let own = (has_ignore || is_repository).then(|| {
            let mut errors = Vec::new();
            let rules = Rules::read(path, above, has_ignore, is_repository, &mut errors);
            let warnings = errors.iter().map(|error| {
                let message = format!("not all of it counts: {error}");
                Diagnostic::file_warning(
                    "invalid-gitignore",
                    format!("{prefix}.gitignore"),
                    message,
                )
            });
            found.warnings.extend(warnings);
            rules
        });
        let folder = Folder {
            path,
            prefix,
            rules: own.as_ref().or(above),
            is_package: prefix.is_empty() || has("package.json") == Some(Some(Kind::File)),
        };
        let mut folders = Vec::new();
        for entry in &entries {
            if let Some(below) = self.entry(&folder, entry, &mut found) {
                folders.push(below);
            }
        }
        drop(entries);
        let below: Vec<Discovery> = folders
            .into_par_iter()
            .map(|name| {
                let prefix = format!("{prefix}{}/", name.to_string_lossy());
                self.folder(&path.join(&name), &prefix, folder.rules)
            })
            .collect();
        for one in below {
            found.append(one);
        }
        found
    }

    /// Looks at an entry; answers its name if it is a folder to be entered.
    fn entry(
        &self,
        folder: &Folder<'_>,
        entry: &fs::DirEntry,
        found: &mut Discovery,
    ) -> Option<std::ffi::OsString> {
        let file_name = entry.file_name();
        let name = file_name.to_string_lossy();
        let Some(kind) = kind(entry, folder.path) else {
            // A link to nothing concerns us only if it looks like a source file.
            if self.sources.contains(&name) {
                let message = "symbolic link to a file that is not there";
                let warning =
                    Diagnostic::file_warning("broken-symlink", folder.file(&name), message);
                found.warnings.push(warning);
            }
            return None;
        };
        let is_dir = kind == Kind::Folder;
        if is_dir && !may_be_entered(&name, folder.is_package) {
            return None;
        }
        if folder.rules.is_some() || !self.outer.is_empty() {
            let path = folder.path.join(&file_name);
            if folder
                .rules
                .is_some_and(|rules| rules.exclude(&path, is_dir))
                || self.outer.exclude(&path, is_dir)
            {
                return None;
            }
        }
        let is_link = entry.file_type().is_ok_and(|t| t.is_symlink());
        let matters = || is_dir || self.sources.contains(&name);
        if is_link && matters() && !self.is_followed(folder, &file_name, found) {
            return None;
        }
        match kind {
            Kind::Folder => return Some(file_name),
            Kind::File => {
                let metadata = || match is_link {
                    true => fs::metadata(folder.path.join(&file_name)),
                    false => entry.metadata(),
                };
                let of = (folder.prefix, folder.path.to_str().is_some());
                found.add_file(self.sources, of, &file_name, metadata);
            }
            Kind::Other => {}
        }
        None
    }

    /// Whether a symbolic link is followed: where it leads out of the project, and not to a folder around it.
    fn is_followed(&self, folder: &Folder<'_>, name: &OsStr, found: &mut Discovery) -> bool {
        let path = folder.path.join(name);
        let Ok(target) = fs::canonicalize(&path) else {
            return true;
        };
        // A folder outside of the project can be around the link too, if another link led there.
        let mut around = path.ancestors().skip(1);
        let is_loop = path.starts_with(&target)
            || self.root.starts_with(&target)
            || around.any(|around| {
                around.starts_with(self.root)
                    && fs::canonicalize(around).is_ok_and(|around| around == target)
            });
        if is_loop {
            found.warnings.push(Diagnostic::file_warning(
                "symlink-loop",
                folder.file(&name.to_string_lossy()),
                format!(
                    "symbolic link to the folder around it, {}: not followed",
                    target.display()
                ),
            ));
            return false;
        }
        !target.starts_with(self.root)
    }
}

impl Folder<'_> {
    /// The relative path of something in it.
    fn file(&self, name: &str) -> String {
        let mut path = String::with_capacity(self.prefix.len() + name.len());
        path.push_str(self.prefix);
        path.push_str(name);
        path
    }
}

/// What an entry is; `None` for a link to nothing.
fn kind(entry: &fs::DirEntry, folder: &Path) -> Option<Kind> {
    let mut kind = entry.file_type().ok()?;
    if kind.is_symlink() {
        kind = fs::metadata(folder.join(entry.file_name()))
            .ok()?
            .file_type();
    }
    Some(if kind.is_dir() {
        Kind::Folder
    } else if kind.is_file() {
        Kind::File
    } else {
        Kind::Other
    })
}

fn may_be_entered(name: &str, in_package: bool) -> bool {
    let is_output = in_package && BUILD_DIRECTORIES.contains(&name);
    !is_output && !SKIPPED_DIRECTORIES.contains(&name)
}
