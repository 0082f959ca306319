//! What resolving specifiers asks of folders again and again: the package around one, whether a tsconfig can count in it,
//! which names are in it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::file_view::tsconfig_names;
use crate::mutex::locked;
use crate::program::Program;

/// Folders that are there, and in which a specifier that names no path means the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Folder {
    /// The innermost package around it, as an index; one more than that, or 0.
    pub(crate) package: u32,
    /// Whether it or a folder above it has a `tsconfig.json`, or what stands in its place.
    pub(crate) has_tsconfig: bool,
}

/// Remembers folders; shared by all threads.
pub(crate) struct Folders<'p> {
    root: &'p Path,
    packages: FxHashMap<&'p str, u32>,
    known: Mutex<FxHashMap<Box<str>, Folder>>,
    names: Mutex<FxHashMap<PathBuf, Arc<FxHashSet<OsString>>>>,
}

impl<'p> Folders<'p> {
    pub(crate) fn new(program: &'p Program) -> Self {
        let packages = program.packages.all.iter().zip(1..);
        Folders {
            root: &program.root,
            packages: packages.map(|(p, i)| (p.directory.as_str(), i)).collect(),
            known: Mutex::default(),
            names: Mutex::default(),
        }
    }

    /// A folder of the project, by its path relative to it.
    pub(crate) fn get(&self, folder: &str) -> Folder {
        if let Some(&known) = locked(&self.known).get(folder) {
            return known;
        }
        let above = match folder {
            "" => Folder {
                package: 0,
                has_tsconfig: (self.root.ancestors().skip(1)).any(has_tsconfig),
            },
            _ => self.get(folder_of(folder)),
        };
        let found = Folder {
            package: self.packages.get(folder).copied().unwrap_or(above.package),
            has_tsconfig: above.has_tsconfig || has_tsconfig(&self.root.join(folder)),
        };
        locked(&self.known).insert(folder.into(), found);
        found
    }

    /// Whether a file or folder with one of some names is in a folder. Asks the disk once for each folder.
    pub(crate) fn names(&self, folder: &Path) -> Arc<FxHashSet<OsString>> {
        if let Some(names) = locked(&self.names).get(folder) {
            return Arc::clone(names);
        }
        let entries = std::fs::read_dir(folder).into_iter().flatten();
        let names: FxHashSet<OsString> = entries.flatten().map(|e| e.file_name()).collect();
        let names = Arc::new(names);
        locked(&self.names).insert(folder.to_owned(), Arc::clone(&names));
        names
    }
}

/// The folder of a file or folder, by their paths relative to the root; that of the outermost is empty.
pub(crate) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Whether there is a `tsconfig.json` in a folder, or what stands in its place.
pub(crate) fn has_tsconfig(folder: &Path) -> bool {
    tsconfig_names().any(|name| folder.join(name).is_file())
}
