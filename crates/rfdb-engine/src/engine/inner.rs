//! The shared part of an engine, and committing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use rustc_hash::FxHashMap;

use super::background::Background;
use super::delta::CommitDelta;
use super::files::Files;
use super::finalize::Scope;
use super::state::{State, guard};
use super::{Durability, IndexMode, Options, SnapshotInfo};
use crate::block::{BlockBuilder, BlockView};
use crate::block_ref::BlockDesc;
use crate::manifest::{Edit, Kept};
use crate::run::{BlockHandle, Run};
use crate::snapshot::Version;
use crate::storage::{Bytes, Storage};
use crate::{Batch, Error, FieldDeclaration, Owner, Result};

/// Overlay rows below which the indexes are not built anew in the background.
const OVERLAY_FLOOR: u64 = 1 << 16;
/// Superseded bytes and manifest edits below which files are not rewritten in the background.
const GARBAGE_FLOOR: u64 = 1 << 13;

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

/// A block that is encoded and not yet written.
pub(super) struct Prepared {
    pub(super) file: Arc<str>,
    pub(super) context: Arc<str>,
    pub(super) nodes: u32,
    pub(super) edges: u32,
    pub(super) bytes: Vec<u8>,
    /// Keeps its number if it takes the place of another block.
    pub(super) id: Option<u64>,
}

impl Prepared {
    pub(super) fn new(builder: BlockBuilder, id: Option<u64>) -> Result<Self> {
        let (nodes, edges) = builder.row_counts();
        let owner = builder.owner();
        let (file, context) = (owner.file.into(), owner.context.into());
        Ok(Self {
            file,
            context,
            nodes,
            edges,
            bytes: builder.finish()?,
            id,
        })
    }
}

type OwnerKey = (Arc<str>, Arc<str>);

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
    /// Held while indexes are built or everything is cleared.
    pub(super) finalizing: Mutex<()>,
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
            finalizing: Mutex::new(()),
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
            let handle = Arc::new(BlockHandle::new(desc, Some(file), None));
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

    /// Appends edits to the manifest.
    pub(super) fn log(&self, writer: &mut Writer, edits: &[Edit], sync: bool) -> Result<()> {
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

    pub(super) fn commit(self: &Arc<Self>, batch: Batch, mode: IndexMode) -> Result<CommitDelta> {
        self.refuse_read_only()?;
        if batch.ownerless {
            return Err(Error::NoOwner);
        }
        let mut owners = Vec::new();
        let mut prepared = Vec::new();
        for builder in batch.into_builders() {
            let owner = builder.owner();
            owners.push((owner.file.to_owned(), owner.context.to_owned()));
            if !builder.is_empty() {
                prepared.push(Prepared::new(builder, None)?);
            }
        }
        let mut writer = self.writable()?;
        let mut retire = Vec::new();
        for (file, context) in &owners {
            retire.extend(writer.blocks_of(Owner::new(file, context))?);
        }
        let delta = self.apply(&mut writer, retire, prepared, mode)?;
        drop(writer);
        self.relieve(mode);
        Ok(delta)
    }

    /// Adds a block to those of its owner.
    pub(super) fn add(self: &Arc<Self>, builder: BlockBuilder) -> Result<CommitDelta> {
        self.refuse_read_only()?;
        let mut prepared = Vec::new();
        if !builder.is_empty() {
            prepared.push(Prepared::new(builder, None)?);
        }
        let mut writer = self.writable()?;
        let delta = self.apply(&mut writer, Vec::new(), prepared, IndexMode::Immediate)?;
        drop(writer);
        self.relieve(IndexMode::Immediate);
        Ok(delta)
    }

    /// Lets a writer that supersedes faster than the background thread cleans up do the work itself, so that the disk does not
    /// fill.
    fn relieve(self: &Arc<Self>, mode: IndexMode) {
        if mode == IndexMode::Deferred {
            return;
        }
        let overdue = {
            let writer = guard(&self.writer);
            let log = writer.files.as_ref().map_or(0, Files::log_bytes);
            let live = writer.data_bytes.saturating_sub(writer.garbage);
            !writer.loading
                && writer.stopped.is_none()
                && writer.garbage + log > (live / 2).max(GARBAGE_FLOOR)
        };
        if overdue {
            // The commit stands, whatever comes of this.
            let _ = self.finalize(Scope::Overlay);
        }
    }

    /// Takes blocks away and puts blocks in, in one commit. Everything that can fail comes before anything is changed.
    pub(super) fn apply(
        self: &Arc<Self>,
        writer: &mut Writer,
        retire: Vec<BlockRef>,
        add: Vec<Prepared>,
        mode: IndexMode,
    ) -> Result<CommitDelta> {
        if retire.is_empty() && add.is_empty() {
            let moment = guard(&self.state).moment();
            return Ok(CommitDelta::new(moment, Vec::new(), Vec::new()));
        }
        let version = writer.version + 1;
        let sync = mode == IndexMode::Immediate && self.options.durability == Durability::Sync;
        let mut places = (0, vec![0; add.len()]);
        if let Some(files) = &mut writer.files
            && !add.is_empty()
        {
            places = files
                .append_blocks(&add.iter().map(|block| &block.bytes[..]).collect::<Vec<_>>())?;
        }
        let mut next_block = writer.next_block;
        let mut edits: Vec<Edit> = retire
            .iter()
            .map(|block| Edit::Retire {
                id: block.id(),
                version,
            })
            .collect();
        let mut handles = Vec::with_capacity(add.len());
        for (block, offset) in add.into_iter().zip(places.1) {
            let id = block.id.unwrap_or_else(|| {
                next_block += 1;
                next_block - 1
            });
            let desc = BlockDesc {
                id,
                commit: version,
                segment: places.0,
                offset,
                len: block.bytes.len() as u32,
                checksum: BlockView::stored_checksum(&block.bytes).unwrap_or_default(),
                nodes: block.nodes,
                edges: block.edges,
                file: block.file,
                context: block.context,
            };
            edits.push(Edit::Add(desc.clone()));
            let file = writer
                .files
                .as_mut()
                .map(|files| files.segment(desc.segment));
            // A deferred load must not keep what it wrote in memory; what is read next may stay.
            let keep = file.is_none() || mode == IndexMode::Immediate;
            let bytes = keep.then(|| Bytes::from(block.bytes));
            handles.push(Arc::new(BlockHandle::new(desc, file, bytes)));
        }
        self.log(writer, &edits, sync)?;

        // From here on nothing fails.
        writer.version = version;
        writer.next_block = next_block;
        for block in &retire {
            writer.garbage += writer.block_len(block);
            writer.overlay.remove(&block.id());
            if let Some(log) = &mut writer.retired_meanwhile {
                log.push((block.id(), version));
            }
        }
        self.update_owners(writer, &retire, &handles);
        for handle in &handles {
            writer.data_bytes += u64::from(handle.desc.len);
            writer.overlay.insert(handle.desc.id, Arc::clone(handle));
        }
        let moment = {
            let mut state = guard(&self.state);
            for block in &retire {
                match block {
                    BlockRef::Overlay(block) => block.kill(version),
                    BlockRef::Base(number, _) => {
                        if let Some(base) = writer.base.as_deref().and_then(Run::as_base) {
                            base.kill(*number, version);
                        }
                    }
                }
            }
            for handle in &handles {
                state.pending.push(Arc::clone(handle));
            }
            state.pending_len += handles.len();
            state.version = version;
            self.stale.store(true, Ordering::Release);
            state.moment()
        };
        let on_disk = writer.files.is_some();
        if mode == IndexMode::Immediate {
            let version = self.version();
            // An index that cannot be built is reported by the read that needs it; the commit stands.
            for run in &version.runs {
                let _ = run.image();
            }
            let (overlay, base) = {
                let state = guard(&self.state);
                (state.overlay_rows(), state.base_rows())
            };
            let live = writer.data_bytes.saturating_sub(writer.garbage);
            let log = writer.files.as_ref().map_or(0, Files::log_bytes);
            let grown = overlay > (base / 2).max(OVERLAY_FLOOR)
                || writer.garbage + log > (live / 4).max(GARBAGE_FLOOR);
            if grown && !writer.loading && on_disk {
                self.background.request_finalize(self);
            }
        }
        // A load is synced when its indexes are built; a sync in between would only hold up its appends.
        if on_disk && !writer.loading && self.options.durability == Durability::Group {
            self.background.request_sync(self);
        }
        Ok(CommitDelta::new(moment, retire, handles))
    }

    fn update_owners(&self, writer: &mut Writer, retired: &[BlockRef], added: &[Arc<BlockHandle>]) {
        let mut changed: BTreeMap<OwnerKey, Vec<BlockRef>> = BTreeMap::new();
        let gone: rustc_hash::FxHashSet<u64> = retired.iter().map(BlockRef::id).collect();
        let owner_of = |block: &BlockRef| match block {
            BlockRef::Overlay(block) => Some((
                Arc::clone(&block.desc.file),
                Arc::clone(&block.desc.context),
            )),
            BlockRef::Base(number, _) => {
                let base = writer.base.as_deref().and_then(Run::as_base)?;
                let owner = base.image().block_owner(*number).ok()?;
                Some((Arc::from(owner.file), Arc::from(owner.context)))
            }
        };
        let keys = retired.iter().filter_map(owner_of).chain(
            added
                .iter()
                .map(|b| (Arc::clone(&b.desc.file), Arc::clone(&b.desc.context))),
        );
        for key in keys {
            changed.entry(key).or_insert_with_key(|key| {
                let mut blocks = writer
                    .blocks_of(Owner::new(&key.0, &key.1))
                    .unwrap_or_default();
                blocks.retain(|block| !gone.contains(&block.id()));
                blocks
            });
        }
        for block in added {
            let key = (
                Arc::clone(&block.desc.file),
                Arc::clone(&block.desc.context),
            );
            changed
                .entry(key)
                .or_default()
                .push(BlockRef::Overlay(Arc::clone(block)));
        }
        writer.owners.extend(changed);
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

    pub(super) fn tag_snapshot(self: &Arc<Self>, tags: &[(&str, &str)]) -> Result<u64> {
        let _finalizing = guard(&self.finalizing);
        let mut writer = self.writable()?;
        let version = self.version();
        let mut kept = match writer.kept.get(&version.number) {
            Some(kept) => kept.clone(),
            None => {
                let counts = version.counts()?;
                let mut blocks = Vec::new();
                version.each_live_block(|run, block| {
                    blocks.push(run.block_desc(block)?);
                    Ok(())
                })?;
                blocks.sort_by_key(|block| block.id);
                let created_at = SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .map_or(0, |since| since.as_secs());
                let (nodes, edges) = (counts.node_total, counts.edge_total);
                Kept {
                    version: version.number,
                    created_at,
                    tags: BTreeMap::new(),
                    nodes,
                    edges,
                    blocks,
                }
            }
        };
        kept.tags.extend(
            tags.iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned())),
        );
        self.log(
            &mut writer,
            &[Edit::Keep(kept.clone())],
            self.options.durability == Durability::Sync,
        )?;
        writer.kept.insert(kept.version, kept);
        guard(&self.kept_versions).insert(version.number, Arc::clone(&version));
        Ok(version.number)
    }

    pub(super) fn kept_snapshots(&self) -> Vec<SnapshotInfo> {
        let writer = guard(&self.writer);
        let info = |kept: &Kept| SnapshotInfo {
            version: kept.version,
            created_at: kept.created_at,
            tags: kept.tags.clone(),
            node_count: kept.nodes,
            edge_count: kept.edges,
        };
        writer.kept.values().map(info).collect()
    }

    pub(super) fn snapshot_at(&self, number: u64) -> Result<Arc<Version>> {
        let mut writer = guard(&self.writer);
        let Some(kept) = writer.kept.get(&number).cloned() else {
            return Err(Error::UnknownSnapshot(number));
        };
        if let Some(version) = guard(&self.kept_versions).get(&number) {
            return Ok(Arc::clone(version));
        }
        let Some(files) = &mut writer.files else {
            return Err(Error::UnknownSnapshot(number));
        };
        let blocks = kept
            .blocks
            .into_iter()
            .map(|desc| {
                let file = files.segment(desc.segment);
                Arc::new(BlockHandle::new(desc, Some(file), None))
            })
            .collect();
        let version = Arc::new(Version::new(
            number,
            vec![Arc::new(Run::overlay(blocks, Arc::default()))],
        ));
        guard(&self.kept_versions).insert(number, Arc::clone(&version));
        Ok(version)
    }

    pub(super) fn drop_snapshot(self: &Arc<Self>, number: u64) -> Result<()> {
        let mut writer = self.writable()?;
        if !writer.kept.contains_key(&number) {
            return Err(Error::UnknownSnapshot(number));
        }
        self.log(
            &mut writer,
            &[Edit::Forget { version: number }],
            self.options.durability == Durability::Sync,
        )?;
        writer.kept.remove(&number);
        guard(&self.kept_versions).remove(&number);
        Ok(())
    }

    /// Ends the background thread and waits for what it is doing.
    pub(super) fn stop_background(&self) {
        self.background.stop();
    }

    pub(super) fn flush(&self) -> Result<()> {
        if self.options.read_only {
            return Ok(());
        }
        let mut writer = self.writable()?;
        let Some(files) = &mut writer.files else {
            return Ok(());
        };
        let work = files.take_sync_work();
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
        // What cannot be synced at the end is found out by the next opening.
        if options.durability == Durability::None {
            let _ = files.mark_written();
        } else {
            let _ = files.take_sync_work().run();
        }
    }
}
