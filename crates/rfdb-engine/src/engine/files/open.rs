//! Creating and opening: what is there is replayed and checked, what is left over is removed.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::names::{MARK, index_name, is_ours, manifest_name, number_in, segment_name};
use super::{Files, SEGMENT_TARGET};
use crate::block::BlockView;
use crate::block_ref::BlockDesc;
use crate::engine::Options;
use crate::engine::mark::Mark;
use crate::index;
use crate::manifest::{self, Contents, Edit};
use crate::run::Base;
use crate::segment::DataFile;
use crate::storage::Storage;
use crate::{Error, LockHolder, Result};

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
    pub(in crate::engine) fn exists(storage: &dyn Storage, dir: &Path) -> Result<bool> {
        match storage.list(dir) {
            Ok(names) => Ok(names
                .iter()
                .any(|n| number_in::<u64>(n, "manifest-", ".log").is_some())),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(e) => Err(Error::io("list", dir, e)),
        }
    }

    /// Makes a new database; files of an unfinished creation and, if `replace`, of a whole database are removed.
    pub(in crate::engine) fn create(
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
        // It is synced before the manifest is written.
        let unsynced = vec![Arc::clone(&mark)];
        let mut files = Self {
            storage,
            dir: dir.to_path_buf(),
            durability: options.durability,
            manifest_number: 0,
            manifest: None,
            manifest_len: 0,
            manifest_unsynced: false,
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
    pub(in crate::engine) fn open(
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
            manifest_unsynced: false,
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
        let recovered = manifest::read(&bytes, &path, number, durable, |edits| {
            // After a power cut a frame may be there and the block it names not; so it may be after the death of a process that
            // kept the block in memory (`volatile_loads`).
            edits.iter().all(|edit| match edit {
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
                files.manifest_unsynced = true;
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
        // the power is cut before its retirement is durable. Segments of the base are left as they are, so that files that
        // are saved often share a segment with each other only.
        let named = listed.iter().map(|block| (block.segment, block.end()));
        let ends = named.chain(base.into_iter().flat_map(Base::segment_ends));
        self.manifest = Some(manifest);
        self.mark = Some(mark);
        if let Some((number, end)) = ends.max() {
            let path = self.dir.join(segment_name(number));
            let len = self.storage.len(&path).unwrap_or(0).max(end);
            let of_base = base.is_some_and(|base| base.segment_ends().any(|(n, _)| n == number));
            if len < SEGMENT_TARGET && number < contents.next_file && !of_base {
                let file = open(&path)?;
                self.append_to(number, file, len);
            }
        }
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
}
