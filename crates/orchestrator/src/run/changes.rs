//! Which files changed since the last run.

use std::path::Path;

use rayon::prelude::*;

use crate::cache::{FileRecord, State};
use crate::discovery::SourceFile;
use crate::report::Changes;

/// What became of the files of the last run.
pub(crate) struct FileChanges<'a> {
    /// Files to analyze: new ones and changed ones, by path.
    pub(crate) analyze: Vec<&'a SourceFile>,
    /// What is known of the others, by path.
    pub(crate) kept: Vec<FileRecord>,
    /// Files that are gone, by path.
    pub(crate) removed: Vec<String>,
    /// The same in numbers.
    pub(crate) counts: Changes,
    /// Whether a stamp was renewed, so that the state is worth writing although nothing changed.
    pub(crate) renewed: bool,
}

enum Found {
    Kept(Box<FileRecord>, bool),
    Changed,
}

impl FileChanges<'_> {
    /// Compares. Files whose stamp is another one, or could be the same by chance, are read and hashed.
    pub(crate) fn find<'a>(root: &Path, files: &'a [SourceFile], state: &State) -> FileChanges<'a> {
        let known = |path: &str| {
            let at = state.files.binary_search_by(|f| f.path.as_str().cmp(path));
            at.ok().map(|at| &state.files[at])
        };
        let found: Vec<Option<Found>> = files
            .par_iter()
            .with_min_len(16)
            .map(|file| known(&file.path).map(|known| compare(root, file, known, state.seen)))
            .collect();
        let mut changes = FileChanges {
            analyze: Vec::new(),
            kept: Vec::new(),
            removed: Vec::new(),
            counts: Changes::default(),
            renewed: false,
        };
        for (file, found) in files.iter().zip(found) {
            match found {
                None => {
                    changes.counts.added.push(file.path.clone());
                    changes.analyze.push(file);
                }
                Some(Found::Changed) => {
                    changes.counts.changed.push(file.path.clone());
                    changes.analyze.push(file);
                }
                Some(Found::Kept(record, renewed)) => {
                    changes.kept.push(*record);
                    changes.renewed |= renewed;
                }
            }
        }
        let now = |path: &str| {
            files
                .binary_search_by(|f| f.path.as_str().cmp(path))
                .is_ok()
        };
        changes.removed = state
            .files
            .iter()
            .filter(|f| !now(&f.path))
            .map(|f| f.path.clone())
            .collect();
        changes.counts.removed = changes.removed.clone();
        changes
    }

    /// Whether all files are as they were.
    pub(crate) fn is_empty(&self) -> bool {
        self.analyze.is_empty() && self.removed.is_empty()
    }
}

fn compare(root: &Path, file: &SourceFile, known: &FileRecord, seen: i64) -> Found {
    let racy = file.stamp.is_racy(seen);
    if file.stamp == known.stamp && !racy {
        return Found::Kept(Box::new(known.clone()), false);
    }
    // A file that was left out is tried again.
    let Some(hash) = known.hash else {
        return Found::Changed;
    };
    match std::fs::read(root.join(&file.path)) {
        Ok(bytes) if analyzer::content_hash(&bytes) == hash => Found::Kept(
            Box::new(FileRecord {
                stamp: file.stamp,
                ..known.clone()
            }),
            true,
        ),
        _ => Found::Changed,
    }
}
