//! Which files changed since the last run.

use std::path::Path;

use rayon::prelude::*;

use crate::cache::FileRecord;
use crate::discovery::SourceFile;
use crate::report::Changes;

/// What became of the files of the last run.
#[derive(Default)]
pub(crate) struct FileChanges<'a> {
    /// Files to analyze: new ones and changed ones, by path.
    pub(crate) analyze: Vec<&'a SourceFile>,
    /// What is known of the others, by path.
    pub(crate) kept: Vec<FileRecord>,
    /// What was known of the changed ones, by path.
    pub(crate) before: Vec<FileRecord>,
    /// What was known of files that are gone, by path.
    pub(crate) removed: Vec<FileRecord>,
    /// The same in numbers.
    pub(crate) counts: Changes,
    /// Whether a stamp was renewed, so that the state is worth writing although nothing changed.
    pub(crate) renewed: bool,
}

impl<'a> FileChanges<'a> {
    /// Compares with what was known at the time `seen`; both are sorted by path. Files whose stamp is another one, or could be
    /// the same by chance, are read and hashed.
    pub(crate) fn find(
        root: &Path,
        files: &'a [SourceFile],
        known: Vec<FileRecord>,
        seen: i64,
    ) -> Self {
        let mut changes = FileChanges::default();
        let mut doubtful = Vec::new();
        let mut known = known.into_iter().peekable();
        changes.kept.reserve(known.len());
        for file in files {
            while let Some(gone) = known.next_if(|known| known.path < file.path) {
                changes.removed.push(gone);
            }
            match known.next_if(|known| known.path == file.path) {
                None => {
                    changes.counts.added.push(file.path.clone());
                    changes.analyze.push(file);
                }
                Some(known) if known.stamp == file.stamp && !file.stamp.is_racy(seen) => {
                    changes.kept.push(known);
                }
                // Of another size, it has another content.
                Some(known) if known.hash.is_some() && known.stamp.size != file.stamp.size => {
                    changes.counts.changed.push(file.path.clone());
                    changes.analyze.push(file);
                    changes.before.push(known);
                }
                Some(known) => doubtful.push((file, known)),
            }
        }
        changes.removed.extend(known);
        let names = changes.removed.iter().map(|file| file.path.clone());
        changes.counts.removed = names.collect();
        changes.decide(root, doubtful);
        changes
    }

    /// Reads the files that may have changed.
    fn decide(&mut self, root: &Path, doubtful: Vec<(&'a SourceFile, FileRecord)>) {
        if doubtful.is_empty() {
            return;
        }
        let same: Vec<bool> = doubtful
            .par_iter()
            .map(|(file, known)| is_same(root, file, known))
            .collect();
        for ((file, mut known), same) in doubtful.into_iter().zip(same) {
            if same {
                known.stamp = file.stamp;
                self.kept.push(known);
                self.renewed = true;
            } else {
                self.counts.changed.push(file.path.clone());
                self.analyze.push(file);
                self.before.push(known);
            }
        }
        self.kept.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        self.analyze.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        self.before.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        self.counts.changed.sort_unstable();
    }

    /// Whether all files are as they were.
    pub(crate) fn is_empty(&self) -> bool {
        self.analyze.is_empty() && self.removed.is_empty()
    }
}

fn is_same(root: &Path, file: &SourceFile, known: &FileRecord) -> bool {
    // A file that was left out is tried again.
    let Some(hash) = known.hash else {
        return false;
    };
    std::fs::read(root.join(&file.path)).is_ok_and(|bytes| analyzer::content_hash(&bytes) == hash)
}
