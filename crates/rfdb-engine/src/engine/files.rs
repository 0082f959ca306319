//! The files of a database on disk: names, opening, recovery, writing.

use std::any::Any;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::mark::Mark;
use super::{Durability, Options};
use crate::block::BlockView;
use crate::block_ref::BlockDesc;
use crate::index::{self, Built};
use crate::manifest::{self, Contents, Edit, IndexRef};
use crate::run::Base;
use crate::segment::DataFile;
use crate::storage::{Storage, StorageFile};
use crate::{Error, LockHolder, Result};

const MARK: &str = "SYNCED";
/// A segment that has grown past this is not appended to any more.
const SEGMENT_TARGET: u64 = 64 << 20;

fn manifest_name(number: u64) -> String {
    format!("manifest-{number:06}.log")
}

fn segment_name(number: u32) -> String {
    format!("blocks-{number:06}.seg")
}

fn index_name(number: u32) -> String {
    format!("index-{number:06}.idx")
}

fn number_in<T: std::str::FromStr>(name: &str, prefix: &str, suffix: &str) -> Option<T> {
    name.strip_prefix(prefix)?
        .strip_suffix(suffix)?
        .parse()
        .ok()
}

/// Whether the engine gives files such names.
fn is_ours(name: &str) -> bool {
    number_in::<u64>(name, "manifest-", ".log").is_some()
        || number_in::<u64>(name, "manifest-", ".tmp").is_some()
        || number_in::<u32>(name, "blocks-", ".seg").is_some()
        || number_in::<u32>(name, "index-", ".idx").is_some()
}

/// The segment that blocks are appended to.
#[derive(Debug)]
struct Active {
    number: u32,
    file: Arc<dyn StorageFile>,
    len: u64,
}

/// Open files of a database.
pub(super) struct Files {
    pub(super) storage: Arc<dyn Storage>,
    pub(super) dir: PathBuf,
    durability: Durability,
    manifest_number: u64,
    manifest: Option<Arc<dyn StorageFile>>,
    manifest_len: u64,
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

/// What is to be synced, so that it can be done without holding a lock.
pub(super) struct SyncWork {
    storage: Arc<dyn Storage>,
    dir: PathBuf,
    data: Vec<Arc<dyn StorageFile>>,
    dir_changed: bool,
    manifest: Option<Arc<dyn StorageFile>>,
    mark_file: Option<Arc<dyn StorageFile>>,
    mark: Mark,
}

impl SyncWork {
    /// Data first, then the manifest that names it, then the mark that says so.
    pub(super) fn run(&self) -> Result<()> {
        let failed = |e| Error::io("sync", &self.dir, e);
        for file in &self.data {
            file.sync().map_err(failed)?;
        }
        if self.dir_changed {
            self.storage.sync_dir(&self.dir).map_err(failed)?;
        }
        if let Some(manifest) = &self.manifest {
            manifest.sync().map_err(failed)?;
        }
        if let Some(file) = &self.mark_file {
            let (at, slot) = self.mark.encode();
            file.write_at(at, &slot).map_err(failed)?;
        }
        Ok(())
    }
}

fn lock_holder(options: &Options) -> LockHolder {
    let program = if options.program.is_empty() {
        "rfdb-engine"
    } else {
        &options.program
    };
    LockHolder {
        pid: std::process::id(),
        program: program.to_owned(),
        socket: options.socket.clone(),
    }
}

impl Files {
    /// Whether a directory holds a database.
    pub(super) fn exists(storage: &dyn Storage, dir: &Path) -> Result<bool> {
        match storage.list(dir) {
            Ok(names) => Ok(names
                .iter()
                .any(|n| number_in::<u64>(n, "manifest-", ".log").is_some())),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(e) => Err(Error::io("list", dir, e)),
        }
    }

    /// Makes a new database; files of an unfinished creation and, if `replace`, of a whole database are removed.
    pub(super) fn create(
        storage: Arc<dyn Storage>,
        dir: &Path,
        options: &Options,
        replace: bool,
    ) -> Result<Self> {
        storage
            .create_dir_all(dir)
            .map_err(|e| Error::io("create", dir, e))?;
        let lock = storage.lock(dir, &lock_holder(options), false)?;
        if Self::exists(&*storage, dir)? && !replace {
            return Err(Error::AlreadyExists(dir.to_path_buf()));
        }
        let mut names = storage.list(dir).map_err(|e| Error::io("list", dir, e))?;
        // Manifests first: with them the database is gone, whatever happens then.
        names.sort_unstable_by_key(|name| !name.starts_with("manifest-"));
        for name in names.iter().filter(|name| is_ours(name)) {
            let path = dir.join(name);
            storage
                .remove(&path)
                .map_err(|e| Error::io("remove", &path, e))?;
        }
        let path = dir.join(MARK);
        let mark = storage
            .create(&path)
            .map_err(|e| Error::io("create", &path, e))?;
        let (at, slot) = Mark::default().encode();
        mark.write_at(at, &slot)
            .map_err(|e| Error::io("write", &path, e))?;
        if options.durability != Durability::None {
            mark.sync().map_err(|e| Error::io("sync", &path, e))?;
        }
        let unsynced = vec![Arc::clone(&mark)];
        let mut files = Self {
            storage,
            dir: dir.to_path_buf(),
            durability: options.durability,
            manifest_number: 0,
            manifest: None,
            manifest_len: 0,
            checkpoint_len: 0,
            mark: Some(mark),
            active: None,
            next_file: 1,
            segments: FxHashMap::default(),
            index: None,
            unsynced,
            dir_changed: true,
            _lock: lock,
        };
        files
            .checkpoint(&Contents {
                next_block: 1,
                next_file: 1,
                ..Contents::default()
            })
            .map_err(|(error, _)| error)?;
        Ok(files)
    }

    /// Opens a database and replays its manifest.
    pub(super) fn open(
        storage: Arc<dyn Storage>,
        dir: &Path,
        options: &Options,
    ) -> Result<(Self, Contents, Option<Base>)> {
        let list = || match storage.list(dir) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                Err(Error::NotFound(dir.to_path_buf()))
            }
            other => other.map_err(|e| Error::io("list", dir, e)),
        };
        let newest = |names: &[String]| {
            names
                .iter()
                .filter_map(|n| number_in::<u64>(n, "manifest-", ".log"))
                .max()
        };
        if newest(&list()?).is_none() {
            return Err(Error::NotFound(dir.to_path_buf()));
        }
        let lock = storage.lock(dir, &lock_holder(options), options.read_only)?;
        // What the directory holds is known once the lock is held.
        let names = list()?;
        let Some(number) = newest(&names) else {
            return Err(Error::NotFound(dir.to_path_buf()));
        };
        let path = dir.join(manifest_name(number));
        let mark_path = dir.join(MARK);
        let mark_bytes = match storage.map(&mark_path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Err(Error::damaged(&mark_path, 0, "the file is missing"));
            }
            Err(e) => return Err(Error::io("read", &mark_path, e)),
        };
        let mark = Mark::read(&mark_bytes, storage.boot_id())
            .ok_or_else(|| Error::damaged(&mark_path, 0, "no slot has a valid checksum"))?;
        if mark.manifest > number {
            let missing = dir.join(manifest_name(mark.manifest));
            return Err(Error::damaged(missing, 0, "the manifest is missing"));
        }
        let durable = if mark.manifest == number { mark.len } else { 0 };
        let bytes = storage
            .map(&path)
            .map_err(|e| Error::io("read", &path, e))?;

        let mut files = Self {
            storage: Arc::clone(&storage),
            dir: dir.to_path_buf(),
            durability: options.durability,
            manifest_number: number,
            manifest: None,
            manifest_len: 0,
            checkpoint_len: 0,
            mark: None,
            active: None,
            next_file: 1,
            segments: FxHashMap::default(),
            index: None,
            unsynced: Vec::new(),
            dir_changed: false,
            _lock: lock,
        };
        let recovered = manifest::read(&bytes, &path, number, durable, |edits, loading| {
            // After a power cut a frame may be there and the block it names not. During a load this is of no interest, as
            // the load has to be started again.
            loading
                || edits.iter().all(|edit| match edit {
                    Edit::Add(block) => files.block_is_intact(block).unwrap_or(false),
                    _ => true,
                })
        })?;
        let contents = recovered.contents;
        files.manifest_len = recovered.end;
        files.next_file = contents.next_file.max(1);
        files.index = contents.index;

        let mut base = None;
        if let Some(reference) = contents.index {
            let path = dir.join(index_name(reference.number));
            let image = index::open(&*storage, &path, (reference.len, reference.checksum))?;
            let mut ends = FxHashMap::<u32, u64>::default();
            for block in 0..image.counts().blocks {
                let record = image.block(block)?;
                let end = ends.entry(record.segment()).or_default();
                *end = (*end).max(record.offset().saturating_add(u64::from(record.len())));
            }
            let segments = ends
                .into_iter()
                .map(|(n, end)| (n, end, files.segment(n)))
                .collect();
            let file = Arc::new(DataFile::new(Arc::clone(&storage), path));
            base = Some(Base::new(image, file, segments));
        }
        if mark.manifest != number {
            // Not known to be durable: look at everything once.
            if let Some(base) = &base {
                base.verify()?;
            }
            for block in contents.blocks.values().filter(|_| !contents.loading) {
                if !files.block_is_intact(block)? {
                    let path = dir.join(segment_name(block.segment));
                    return Err(Error::damaged(
                        path,
                        block.offset,
                        "the checksum of a block does not match",
                    ));
                }
            }
        }
        let listed: Vec<&BlockDesc> = contents
            .blocks
            .values()
            .chain(contents.kept.values().flat_map(|kept| &kept.blocks))
            .collect();
        for block in &listed {
            files.segment(block.segment);
        }
        if !options.read_only {
            files.start_writing(&contents, base.as_ref(), &listed)?;
            let synced = Mark::read(&mark_bytes, None).unwrap_or_default();
            if synced.manifest != number || synced.len < files.manifest_len {
                files.doubt_all()?;
            }
            files.sweep(&names);
        }
        Ok((files, contents, base))
    }

    fn start_writing(
        &mut self,
        contents: &Contents,
        base: Option<&Base>,
        listed: &[&BlockDesc],
    ) -> Result<()> {
        let open = |path: &Path| {
            self.storage
                .open(path)
                .map_err(|e| Error::io("open", path, e))
        };
        let manifest = open(&self.dir.join(manifest_name(self.manifest_number)))?;
        manifest
            .truncate(self.manifest_len)
            .map_err(|e| Error::io("write", &self.dir, e))?;
        let mark = open(&self.dir.join(MARK))?;
        // Appending goes on behind all that was ever written to the last segment: what is dead now may come back to life if
        // the power is cut before its retirement is durable.
        let named = listed.iter().map(|block| (block.segment, block.end()));
        let ends = named.chain(base.into_iter().flat_map(Base::segment_ends));
        let mut active = None;
        if let Some((number, end)) = ends.max() {
            let path = self.dir.join(segment_name(number));
            let len = self.storage.len(&path).unwrap_or(0).max(end);
            if len < SEGMENT_TARGET && number < contents.next_file {
                active = Some(Active {
                    number,
                    file: open(&path)?,
                    len,
                });
            }
        }
        self.manifest = Some(manifest);
        self.mark = Some(mark);
        self.active = active;
        Ok(())
    }

    /// Lets the next sync be one of all files, because an earlier process did not sync what it wrote.
    fn doubt_all(&mut self) -> Result<()> {
        let segments = self.segments.keys().map(|&number| segment_name(number));
        let names: Vec<String> = segments
            .chain(self.index.map(|index| index_name(index.number)))
            .collect();
        for name in names {
            let path = self.dir.join(name);
            match self.storage.open(&path) {
                Ok(file) => self.unsynced.push(file),
                // Its absence is reported by the read that needs it.
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(Error::io("open", &path, e)),
            }
        }
        self.dir_changed = true;
        Ok(())
    }

    /// A file was written that the next sync has to include.
    pub(super) fn must_sync(&mut self, file: Arc<dyn StorageFile>) {
        self.unsynced.push(file);
        self.dir_changed = true;
    }

    /// Removes files that nothing names: left over by a crash.
    fn sweep(&self, names: &[String]) {
        let mut known: BTreeSet<String> = self.segments.keys().map(|&n| segment_name(n)).collect();
        known.extend(self.index.map(|index| index_name(index.number)));
        known.insert(manifest_name(self.manifest_number));
        known.extend(
            self.active
                .as_ref()
                .map(|active| segment_name(active.number)),
        );
        for name in names
            .iter()
            .filter(|name| is_ours(name) && !known.contains(*name))
        {
            // One that stays does no harm.
            let _ = self.storage.remove(&self.dir.join(name));
        }
    }

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

    fn block_is_intact(&self, block: &BlockDesc) -> Result<bool> {
        let path = self.dir.join(segment_name(block.segment));
        let file = match self.segments.get(&block.segment) {
            Some(file) => Arc::clone(file),
            None => Arc::new(DataFile::new(Arc::clone(&self.storage), path)),
        };
        let Ok(bytes) = file.bytes(block.end()) else {
            return Ok(false);
        };
        let block_bytes = bytes.get(block.offset as usize..block.end() as usize);
        Ok(block_bytes.is_some_and(|bytes| BlockView::is_intact(bytes, block.checksum)))
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
    pub(super) fn rotate(&mut self) {
        self.active = None;
    }

    /// Bytes of all files that the database uses.
    pub(super) fn segment_len(&self, number: u32) -> u64 {
        match &self.active {
            Some(active) if active.number == number => active.len,
            _ => self
                .storage
                .len(&self.dir.join(segment_name(number)))
                .unwrap_or(0),
        }
    }

    /// Appends blocks and answers the segment and the offset of each.
    pub(super) fn append_blocks(&mut self, blocks: &[&[u8]]) -> Result<(u32, Vec<u64>)> {
        if self
            .active
            .as_ref()
            .is_none_or(|active| active.len >= SEGMENT_TARGET)
        {
            let number = self.next_file;
            let path = self.dir.join(segment_name(number));
            let file = self
                .storage
                .create(&path)
                .map_err(|e| Error::io("create", &path, e))?;
            self.next_file += 1;
            self.dir_changed = true;
            self.active = Some(Active {
                number,
                file,
                len: 0,
            });
            self.segment(number);
        }
        let Some(active) = &mut self.active else {
            return Err(Error::io(
                "write",
                &self.dir,
                io::Error::other("no segment"),
            ));
        };
        let mut offsets = Vec::with_capacity(blocks.len());
        let mut end = active.len;
        for block in blocks {
            offsets.push(end);
            end += block.len() as u64;
        }
        let joined;
        let bytes = match blocks {
            [] => &[][..],
            [only] => only,
            _ => {
                joined = blocks.concat();
                &joined
            }
        };
        let path = || self.dir.join(segment_name(active.number));
        active
            .file
            .write_at(active.len, bytes)
            .map_err(|e| Error::io("write", path(), e))?;
        active.len = end;
        if !self
            .unsynced
            .iter()
            .any(|file| Arc::ptr_eq(file, &active.file))
        {
            self.unsynced.push(Arc::clone(&active.file));
        }
        Ok((active.number, offsets))
    }

    /// Appends a frame to the manifest. With `sync`, data and manifest are durable afterwards.
    ///
    /// On an error before anything was synced the log is as it was; the flag of the error says whether writing must stop.
    pub(super) fn append_frame(&mut self, edits: &[Edit], sync: bool) -> Result<(), (Error, bool)> {
        let path = self.dir.join(manifest_name(self.manifest_number));
        let Some(manifest) = self.manifest.clone() else {
            return Err((Error::ReadOnly(self.dir.clone()), false));
        };
        if sync {
            self.sync_data().map_err(|error| (error, true))?;
        }
        let frame = manifest::frame(self.manifest_number, self.manifest_len, edits);
        if let Err(error) = manifest.write_at(self.manifest_len, &frame) {
            // What was written of the frame is cut off, or overwritten by the next.
            let _ = manifest.truncate(self.manifest_len);
            return Err((Error::io("write", path, error), false));
        }
        if sync {
            if let Err(error) = manifest.sync() {
                return Err((Error::io("sync", path, error), true));
            }
        }
        self.manifest_len += frame.len() as u64;
        if sync {
            self.write_mark(0).map_err(|error| (error, true))?;
        }
        Ok(())
    }

    fn sync_data(&mut self) -> Result<()> {
        for file in &self.unsynced {
            file.sync().map_err(|e| Error::io("sync", &self.dir, e))?;
        }
        self.unsynced.clear();
        if self.dir_changed {
            self.storage
                .sync_dir(&self.dir)
                .map_err(|e| Error::io("sync", &self.dir, e))?;
            self.dir_changed = false;
        }
        Ok(())
    }

    /// `boot` 0 says that all is synced.
    fn write_mark(&self, boot: u64) -> Result<()> {
        let mark = Mark {
            manifest: self.manifest_number,
            len: self.manifest_len,
            boot,
        };
        let (at, slot) = mark.encode();
        match &self.mark {
            Some(file) => file
                .write_at(at, &slot)
                .map_err(|e| Error::io("write", self.dir.join(MARK), e)),
            None => Ok(()),
        }
    }

    /// Says that the manifest is whole as long as the machine is not started anew.
    pub(super) fn mark_written(&self) -> Result<()> {
        self.storage
            .boot_id()
            .map_or(Ok(()), |boot| self.write_mark(boot.max(1)))
    }

    /// What has to be synced for everything written so far to be durable.
    pub(super) fn take_sync_work(&mut self) -> SyncWork {
        SyncWork {
            storage: Arc::clone(&self.storage),
            dir: self.dir.clone(),
            data: std::mem::take(&mut self.unsynced),
            dir_changed: std::mem::take(&mut self.dir_changed),
            manifest: self.manifest.clone(),
            mark_file: self.mark.clone(),
            mark: Mark {
                manifest: self.manifest_number,
                len: self.manifest_len,
                boot: 0,
            },
        }
    }

    /// Writes an index file.
    pub(super) fn write_index(
        storage: &dyn Storage,
        dir: &Path,
        number: u32,
        built: &Built,
        sync: bool,
    ) -> Result<(PathBuf, IndexRef, Arc<dyn StorageFile>)> {
        let path = dir.join(index_name(number));
        let (file, len, checksum) = index::write(storage, &path, built)?;
        if sync {
            file.sync().map_err(|e| Error::io("sync", &path, e))?;
        }
        Ok((
            path,
            IndexRef {
                number,
                len,
                checksum,
            },
            file,
        ))
    }

    /// Begins a new manifest with the given contents and removes the old one. On an error the old one goes on, unless the
    /// flag of the error says that writing must stop.
    pub(super) fn checkpoint(&mut self, contents: &Contents) -> Result<(), (Error, bool)> {
        self.begin_manifest(contents)
            .map_err(|error| (error, false))?;
        self.settle_manifest().map_err(|error| (error, true))
    }

    fn begin_manifest(&mut self, contents: &Contents) -> Result<()> {
        let sync = self.durability != Durability::None;
        let number = self.manifest_number + 1;
        let temporary = self.dir.join(format!("manifest-{number:06}.tmp"));
        let path = self.dir.join(manifest_name(number));
        let bytes = manifest::checkpoint(number, contents);
        if sync {
            self.sync_data()?;
        }
        let file = self
            .storage
            .create(&temporary)
            .map_err(|e| Error::io("create", &temporary, e))?;
        file.write_at(0, &bytes)
            .map_err(|e| Error::io("write", &temporary, e))?;
        if sync {
            file.sync().map_err(|e| Error::io("sync", &temporary, e))?;
        }
        self.storage
            .rename(&temporary, &path)
            .map_err(|e| Error::io("rename", &temporary, e))?;
        self.manifest_number = number;
        self.manifest = Some(file);
        self.manifest_len = bytes.len() as u64;
        self.checkpoint_len = self.manifest_len;
        self.index = contents.index;
        Ok(())
    }

    /// Makes the name of the new manifest durable, then removes the old one.
    fn settle_manifest(&mut self) -> Result<()> {
        if self.durability == Durability::None {
            self.dir_changed = true;
            self.mark_written()?;
        } else {
            self.storage
                .sync_dir(&self.dir)
                .map_err(|e| Error::io("sync", &self.dir, e))?;
            self.dir_changed = false;
            self.write_mark(0)?;
        }
        if self.manifest_number > 1 {
            // One that stays is older, so it does no harm, and the next opening removes it.
            let _ = self
                .storage
                .remove(&self.dir.join(manifest_name(self.manifest_number - 1)));
        }
        Ok(())
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
