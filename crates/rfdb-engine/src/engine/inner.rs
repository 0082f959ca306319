//! The shared part of an engine: what the writer and the readers have.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use rustc_hash::FxHashMap;

use super::background::Background;
use super::files::Files;
use super::state::{State, guard};
use super::{Durability, Options};
use crate::manifest::{Edit, Kept};
use crate::run::{BlockHandle, Run};
use crate::snapshot::Version;
use crate::storage::Storage;
use crate::{Error, FieldDeclaration, Owner, Result};

/// A live block of an owner.
#[derive(Debug, Clone)]
pub(super) enum BlockRef {
    Overlay(Arc<BlockHandle>),
    /// Number in the base, and id.
    Base(u32, u64),
}

impl BlockRef {
    pub(super) fn id(&self) -> u64 {
        match self {
            Self::Overlay(block) => block.desc.id,
            Self::Base(_, id) => *id,
        }
    }
}

pub(super) type OwnerKey = (Arc<str>, Arc<str>);

/// What only the one who writes needs.
pub(super) struct Writer {
    pub(super) files: Option<Files>,
    pub(super) version: u64,
    pub(super) next_block: u64,
    pub(super) loading: bool,
    pub(super) kept: BTreeMap<u64, Kept>,
    pub(super) base: Option<Arc<Run>>,
    /// Live blocks that are not in the base.
    pub(super) overlay: BTreeMap<u64, Arc<BlockHandle>>,
    /// Live blocks of the owners that were written since the base was built; the base knows the others.
    pub(super) owners: FxHashMap<OwnerKey, Vec<BlockRef>>,
    /// Blocks retired while indexes are being built.
    pub(super) retired_meanwhile: Option<Vec<(u64, u64)>>,
    /// Bytes in data files, live or not.
    pub(super) data_bytes: u64,
    /// Bytes of superseded blocks in data files.
    pub(super) garbage: u64,
    /// Why nothing can be written any more.
    pub(super) stopped: Option<String>,
}

pub(crate) struct Inner {
    pub(super) options: Options,
    pub(super) dir: Option<PathBuf>,
    pub(super) storage: Option<Arc<dyn Storage>>,
    pub(super) writer: Mutex<Writer>,
    pub(super) state: Mutex<State>,
    pub(super) current: ArcSwap<Version>,
    /// Whether `current` is behind `state`.
    pub(super) stale: AtomicBool,
    /// Versions that were current and that a reader may still hold. The writer lets go of them after the reader has: a
    /// reader would otherwise spend its time on freeing what the writer allocated.
    outgoing: Mutex<Vec<Arc<Version>>>,
    /// Held while indexes are built or everything is cleared.
    pub(super) finalizing: Mutex<()>,
    /// Held while files are synced that the writer does not name any more as to be synced, and while a manifest is written that
    /// relies on them. Taken before the writer, after `finalizing`.
    pub(super) syncing: Mutex<()>,
    pub(super) background: Background,
    /// Versions of kept snapshots that were asked for, or that live in memory only.
    pub(super) kept_versions: Mutex<BTreeMap<u64, Arc<Version>>>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner")
            .field("dir", &self.dir)
            .finish_non_exhaustive()
    }
}

impl Writer {
    fn empty(files: Option<Files>) -> Self {
        Self {
            files,
            version: 0,
            next_block: 1,
            loading: false,
            kept: BTreeMap::new(),
            base: None,
            overlay: BTreeMap::new(),
            owners: FxHashMap::default(),
            retired_meanwhile: None,
            data_bytes: 0,
            garbage: 0,
            stopped: None,
        }
    }

    /// Live blocks of an owner.
    pub(super) fn blocks_of(&self, owner: Owner<'_>) -> Result<Vec<BlockRef>> {
        if let Some(blocks) = self
            .owners
            .get(&(Arc::from(owner.file), Arc::from(owner.context)))
        {
            return Ok(blocks.clone());
        }
        let Some(base) = self.base.as_deref().and_then(Run::as_base) else {
            return Ok(Vec::new());
        };
        let mut blocks = Vec::new();
        for number in base.image().blocks_of_owner(owner)? {
            if !base.is_dead(number) {
                blocks.push(BlockRef::Base(number, base.image().block(number)?.id()));
            }
        }
        Ok(blocks)
    }

    pub(super) fn block_len(&self, block: &BlockRef) -> u64 {
        match block {
            BlockRef::Overlay(block) => u64::from(block.desc.len),
            BlockRef::Base(number, _) => {
                let base = self.base.as_deref().and_then(Run::as_base);
                base.and_then(|base| base.image().block(*number).ok())
                    .map_or(0, |record| u64::from(record.len()))
            }
        }
    }
}

impl Inner {
    fn new(
        options: Options,
        dir: Option<PathBuf>,
        storage: Option<Arc<dyn Storage>>,
        writer: Writer,
        state: State,
    ) -> Arc<Self> {
        let version = Version::new(state.version, state.runs.to_vec());
        Arc::new(Self {
            options,
            dir,
            storage,
            writer: Mutex::new(writer),
            state: Mutex::new(state),
            current: ArcSwap::from_pointee(version),
            stale: AtomicBool::new(true),
            outgoing: Mutex::default(),
            finalizing: Mutex::new(()),
            syncing: Mutex::new(()),
            background: Background::default(),
            kept_versions: Mutex::default(),
        })
    }

    pub(super) fn in_memory(options: Options) -> Arc<Self> {
        Self::new(options, None, None, Writer::empty(None), State::default())
    }

    pub(super) fn create(
        storage: Arc<dyn Storage>,
        dir: &Path,
        options: Options,
        replace: bool,
    ) -> Result<Arc<Self>> {
        if options.read_only {
            return Err(Error::ReadOnly(dir.to_path_buf()));
        }
        let files = Files::create(Arc::clone(&storage), dir, &options, replace)?;
        let writer = Writer::empty(Some(files));
        Ok(Self::new(
            options,
            Some(dir.to_path_buf()),
            Some(storage),
            writer,
            State::default(),
        ))
    }

    pub(super) fn open(
        storage: Arc<dyn Storage>,
        dir: &Path,
        options: Options,
    ) -> Result<Arc<Self>> {
        let (mut files, contents, base) = Files::open(Arc::clone(&storage), dir, &options)?;
        let fields: Arc<[FieldDeclaration]> = contents.fields.clone().into();
        if let Some(base) = &base {
            for &(id, version) in &contents.retired {
                if let Some(number) = base.image().block_of_id(id)? {
                    base.kill(number, version);
                }
            }
        }
        let mut writer = Writer::empty(None);
        writer.version = contents.version;
        writer.next_block = contents.next_block;
        writer.loading = contents.loading;
        writer.base = base.map(|base| Arc::new(Run::base(base)));
        let pending = super::state::Pending::default();
        let mut pending_len = 0;
        for (id, desc) in contents.blocks {
            let file = files.segment(desc.segment);
            let handle = Arc::new(BlockHandle::found(desc, file));
            pending.push(Arc::clone(&handle));
            pending_len += 1;
            writer.overlay.insert(id, handle);
        }
        writer.kept = contents.kept;
        if !options.read_only {
            let numbers: Vec<u32> = files.segments.keys().copied().collect();
            writer.data_bytes = numbers
                .into_iter()
                .map(|number| files.segment_len(number))
                .sum();
        }
        writer.files = Some(files);
        writer.rebuild_owners(0)?;
        let state = State {
            version: writer.version,
            runs: Arc::new(writer.base.iter().cloned().collect()),
            pending: Arc::new(pending),
            pending_len,
            fields,
        };
        Ok(Self::new(
            options,
            Some(dir.to_path_buf()),
            Some(storage),
            writer,
            state,
        ))
    }

    pub(super) fn dir(&self) -> Option<&Path> {
        self.dir.as_deref()
    }

    /// The current version, with everything that is committed.
    pub(super) fn version(&self) -> Arc<Version> {
        if self.stale.load(Ordering::Acquire) {
            let mut state = guard(&self.state);
            if self.stale.load(Ordering::Acquire) {
                self.current.store(Arc::new(state.publish()));
                self.stale.store(false, Ordering::Release);
            }
        }
        self.current.load_full()
    }

    /// Makes a version the current one, for the holder of the writer. Its indexes are built before, so that readers, who go
    /// on with the version before meanwhile, never wait for them; or left to them, as the options say.
    pub(super) fn replace_current(&self, version: Version, same_base: bool) {
        if !self.options.index_on_read {
            for run in &version.runs {
                // An index that cannot be built is reported by the read that needs it; the commit stands.
                let _ = run.image();
            }
        }
        let old = self.current.swap(Arc::new(version));
        self.stale.store(false, Ordering::Release);
        let mut outgoing = guard(&self.outgoing);
        outgoing.push(old);
        if same_base {
            outgoing.retain(|version| Arc::strong_count(version) > 1);
        } else {
            // Nothing here needs the old runs any more; let go of their files.
            outgoing.clear();
        }
    }

    pub(super) fn refuse_read_only(&self) -> Result<()> {
        if self.options.read_only {
            return Err(Error::ReadOnly(self.dir.clone().unwrap_or_default()));
        }
        Ok(())
    }

    /// The writer, if it may write.
    pub(super) fn writable(&self) -> Result<std::sync::MutexGuard<'_, Writer>> {
        self.refuse_read_only()?;
        let writer = guard(&self.writer);
        if let Some(cause) = &writer.stopped {
            return Err(Error::WriterStopped {
                path: self.dir.clone().unwrap_or_default(),
                cause: cause.clone(),
            });
        }
        Ok(writer)
    }

    /// Appends edits to the manifest, behind all blocks that were committed before.
    pub(super) fn log(&self, writer: &mut Writer, edits: &[Edit], sync: bool) -> Result<()> {
        if let Some(files) = &writer.files {
            files.write_kept()?;
        }
        self.log_before_blocks(writer, edits, sync)
    }

    /// Appends edits to the manifest although blocks may be in memory still.
    pub(super) fn log_before_blocks(
        &self,
        writer: &mut Writer,
        edits: &[Edit],
        sync: bool,
    ) -> Result<()> {
        let Some(files) = &mut writer.files else {
            return Ok(());
        };
        files.append_frame(edits, sync).map_err(|(error, stop)| {
            if stop {
                writer.stopped = Some(error.to_string());
            }
            error
        })
    }

    pub(super) fn set_loading(self: &Arc<Self>, loading: bool) -> Result<()> {
        let mut writer = self.writable()?;
        if writer.loading != loading {
            self.log(
                &mut writer,
                &[Edit::Loading(loading)],
                self.options.durability == Durability::Sync,
            )?;
            writer.loading = loading;
        }
        Ok(())
    }

    pub(super) fn is_loading(&self) -> bool {
        guard(&self.writer).loading
    }

    pub(super) fn declare_fields(self: &Arc<Self>, fields: &[FieldDeclaration]) -> Result<()> {
        let _finalizing = guard(&self.finalizing);
        let mut fields = fields.to_vec();
        fields.sort();
        fields.dedup();
        let mut writer = self.writable()?;
        if *guard(&self.state).fields == *fields {
            return Ok(());
        }
        self.log(
            &mut writer,
            &[Edit::Fields(fields.clone())],
            self.options.durability == Durability::Sync,
        )?;
        // Runs that are there already answer without an index for the field until they are built anew.
        guard(&self.state).fields = fields.into();
        Ok(())
    }

    pub(super) fn declared_fields(&self) -> Vec<FieldDeclaration> {
        guard(&self.state).fields.to_vec()
    }

    /// Ends the background thread and waits for what it is doing.
    pub(super) fn stop_background(&self) {
        self.background.stop();
    }

    pub(super) fn flush(&self) -> Result<()> {
        if self.options.read_only {
            return Ok(());
        }
        let _syncing = guard(&self.syncing);
        let mut writer = self.writable()?;
        let Some(files) = &mut writer.files else {
            return Ok(());
        };
        let work = files.take_sync_work()?;
        work.run()
            .inspect_err(|error| writer.stopped = Some(error.to_string()))
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let options = self.options.clone();
        let writer = self
            .writer
            .get_mut()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let Some(files) = &mut writer.files else {
            return;
        };
        files.map_all();
        if options.read_only || writer.stopped.is_some() {
            return;
        }
        // What cannot be written or synced at the end is found out by the next opening, unless a mark says that all is well.
        if options.durability == Durability::None {
            let _ = files.mark_written();
        } else {
            let _ = files.take_sync_work().and_then(|work| work.run());
        }
    }
}
