//! The files of a database on disk: what is open, and appending.

mod manifest_log;
mod names;
mod open;
mod sync;

use std::any::Any;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Sender;

use rustc_hash::FxHashMap;

use super::Durability;
use crate::index;
use crate::manifest::IndexRef;
use crate::segment::{Appender, DataFile};
use crate::storage::{Storage, StorageFile};
use crate::{Error, Result};

use names::{index_name, segment_name};

/// A segment that has grown past this is not appended to any more.
const SEGMENT_TARGET: u64 = 64 << 20;

/// The segment that blocks are appended to.
#[derive(Debug)]
struct Active {
    number: u32,
    file: Arc<Appender>,
}

/// Open files of a database.
pub(super) struct Files {
    pub(super) storage: Arc<dyn Storage>,
    pub(super) dir: PathBuf,
    durability: Durability,
    manifest_number: u64,
    manifest: Option<Arc<dyn StorageFile>>,
    manifest_len: u64,
    /// Whether the manifest was written to since it was synced.
    manifest_unsynced: bool,
    /// Length of the manifest when it was begun.
    checkpoint_len: u64,
    mark: Option<Arc<dyn StorageFile>>,
    active: Option<Active>,
    pub(super) next_file: u32,
    pub(super) segments: FxHashMap<u32, Arc<DataFile>>,
    pub(super) index: Option<IndexRef>,
    unsynced: Vec<Arc<dyn StorageFile>>,
    dir_changed: bool,
    /// Released last.
    _lock: Box<dyn Any + Send + Sync>,
}

impl Files {
    /// Maps every segment, so that snapshots that outlive the engine can be read whatever becomes of the files.
    pub(super) fn map_all(&self) {
        self.segments.values().for_each(|file| file.map_all());
    }

    /// Path of a segment.
    pub(super) fn segment_path(dir: &Path, number: u32) -> PathBuf {
        dir.join(segment_name(number))
    }

    /// The file of a segment.
    pub(super) fn segment(&mut self, number: u32) -> Arc<DataFile> {
        let (storage, dir) = (&self.storage, &self.dir);
        let new = || {
            Arc::new(DataFile::new(
                Arc::clone(storage),
                dir.join(segment_name(number)),
            ))
        };
        Arc::clone(self.segments.entry(number).or_insert_with(new))
    }

    /// Number of the segment that is appended to.
    pub(super) fn active_segment(&self) -> Option<u32> {
        self.active.as_ref().map(|active| active.number)
    }

    /// Bytes of edits since the manifest was begun by this process.
    pub(super) fn log_bytes(&self) -> u64 {
        self.manifest_len - self.checkpoint_len
    }

    /// Lets the next block begin a new segment.
    pub(super) fn rotate(&mut self) -> Result<()> {
        self.write_kept()?;
        self.active = None;
        Ok(())
    }

    /// Writes what a load keeps in memory of the segment that is appended to. None of the others has such bytes.
    pub(super) fn write_kept(&self) -> Result<()> {
        let Some(active) = &self.active else {
            return Ok(());
        };
        active.file.flush().map_err(|e| {
            let path = self.dir.join(segment_name(active.number));
            Error::io("write", path, e)
        })
    }

    /// Bytes of all files that the database uses.
    pub(super) fn segment_len(&self, number: u32) -> u64 {
        match &self.active {
            Some(active) if active.number == number => active.file.len(),
            _ => self
                .storage
                .len(&self.dir.join(segment_name(number)))
                .unwrap_or(0),
        }
    }

    /// Appends blocks that lie one after the other, and answers the segment and the offset of the first. With `keep` the last need
    /// not be in the file afterwards: who reads it, or syncs it, sees to that.
    pub(super) fn append(&mut self, blocks: &[Vec<u8>], keep: bool) -> Result<(u32, u64)> {
        if self
            .active
            .as_ref()
            .is_none_or(|active| active.file.len() >= SEGMENT_TARGET)
        {
            self.rotate()?;
            let number = self.next_file;
            let path = self.dir.join(segment_name(number));
            let file = self
                .storage
                .create(&path)
                .map_err(|e| Error::io("create", &path, e))?;
            self.next_file += 1;
            self.dir_changed = true;
            self.append_to(number, file, 0);
        }
        let Some(active) = &mut self.active else {
            return Err(Error::io(
                "write",
                &self.dir,
                io::Error::other("no segment"),
            ));
        };
        let start = active.file.len();
        active.file.append(blocks, keep).map_err(|e| {
            let path = self.dir.join(segment_name(active.number));
            Error::io("write", path, e)
        })?;
        let file: Arc<dyn StorageFile> = active.file.clone();
        if !self.unsynced.iter().any(|other| Arc::ptr_eq(other, &file)) {
            self.unsynced.push(file);
        }
        Ok((active.number, start))
    }

    /// Lets blocks be appended to a segment of so many bytes.
    fn append_to(&mut self, number: u32, file: Arc<dyn StorageFile>, len: u64) {
        let file = Arc::new(Appender::new(file, len));
        self.segment(number).is_appended_by(&file);
        self.active = Some(Active { number, file });
    }

    /// Creates the file of an index, which is still empty.
    pub(super) fn create_index(
        storage: &dyn Storage,
        dir: &Path,
        number: u32,
    ) -> Result<(PathBuf, Arc<dyn StorageFile>)> {
        let path = dir.join(index_name(number));
        let file = storage
            .create(&path)
            .map_err(|e| Error::io("create", &path, e))?;
        Ok((path, file))
    }

    /// Writes an index to its file while it is built. `part_written` is told when it is worth to sync what there is.
    pub(super) fn write_index(
        (path, file): (&Path, &dyn StorageFile),
        number: u32,
        part_written: Option<Sender<()>>,
        build: impl FnOnce(&dyn index::SectionSink) -> Result<index::Counts>,
    ) -> Result<IndexRef> {
        let writer = index::Writer::new(file, path, part_written);
        let counts = build(&writer)?;
        let (len, checksum) = writer.finish(&counts)?;
        Ok(IndexRef {
            number,
            len,
            checksum,
        })
    }

    /// Lets segments go that nothing names any more.
    pub(super) fn retire_segments(&mut self, named: &BTreeSet<u32>) {
        let active = self.active_segment();
        self.segments.retain(|number, file| {
            let keep = named.contains(number) || Some(*number) == active;
            if !keep {
                file.retire();
            }
            keep
        });
    }
}
