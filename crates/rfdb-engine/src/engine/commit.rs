//! Committing: blocks are appended, owners' pointers move.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::delta::CommitDelta;
use super::files::Files;
use super::finalize::Scope;
use super::inner::{BlockRef, Inner, OwnerKey, Writer};
use super::prepared::Prepared;
use super::state::guard;
use super::{Durability, IndexMode};
use crate::block::{BlockBuilder, BlockView};
use crate::block_ref::BlockDesc;
use crate::manifest::Edit;
use crate::run::{BlockHandle, Run};
use crate::storage::Bytes;
use crate::{Batch, Error, Owner, Result};

/// Overlay rows below which the indexes are not built anew in the background. A process that opens the database indexes the
/// overlay again, so commands that only look pay for a large one each time.
const OVERLAY_FLOOR: u64 = 1 << 15;
/// Superseded bytes and manifest edits below which files are not rewritten in the background.
const GARBAGE_FLOOR: u64 = 1 << 12;

impl Inner {
    pub(super) fn commit(self: &Arc<Self>, batch: Batch, mode: IndexMode) -> Result<CommitDelta> {
        self.refuse_read_only()?;
        if batch.ownerless {
            return Err(Error::NoOwner);
        }
        let mut owners = Vec::new();
        let mut prepared = Prepared::default();
        for builder in batch.into_builders() {
            let owner = builder.owner();
            owners.push((owner.file.to_owned(), owner.context.to_owned()));
            if !builder.is_empty() {
                prepared.push(builder, None)?;
            }
        }
        self.relieve(mode);
        let mut writer = self.writable()?;
        let mut retire = Vec::new();
        for (file, context) in &owners {
            retire.extend(writer.blocks_of(Owner::new(file, context))?);
        }
        self.apply(&mut writer, retire, prepared, mode)
    }

    /// Adds a block to those of its owner.
    pub(super) fn add(self: &Arc<Self>, builder: BlockBuilder) -> Result<CommitDelta> {
        self.refuse_read_only()?;
        let mut prepared = Prepared::default();
        if !builder.is_empty() {
            prepared.push(builder, None)?;
        }
        self.relieve(IndexMode::Immediate);
        let mut writer = self.writable()?;
        self.apply(&mut writer, Vec::new(), prepared, IndexMode::Immediate)
    }

    /// Lets a writer that supersedes faster than the background thread cleans up wait for it, or do the work itself, before it
    /// writes more, so that the disk does not fill.
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
            // Whatever comes of this, what is to be committed can be.
            let _ = self.finalize(Scope::Overlay);
        }
    }

    /// Takes blocks away and puts blocks in, in one commit. Everything that can fail comes before anything is changed.
    pub(super) fn apply(
        self: &Arc<Self>,
        writer: &mut Writer,
        retire: Vec<BlockRef>,
        add: Prepared,
        mode: IndexMode,
    ) -> Result<CommitDelta> {
        if retire.is_empty() && add.is_empty() {
            let moment = guard(&self.state).moment();
            return Ok(CommitDelta::new(moment, Vec::new(), Vec::new()));
        }
        let version = writer.version + 1;
        let sync = mode == IndexMode::Immediate && self.options.durability == Durability::Sync;
        let volatile = self.options.volatile_loads && writer.loading && mode == IndexMode::Deferred;
        let (mut segment, mut first) = (0, 0);
        if let Some(files) = &mut writer.files
            && !add.is_empty()
        {
            (segment, first) = files.append(add.buffers(), volatile)?;
        }
        let mut next_block = writer.next_block;
        let mut edits: Vec<Edit> = retire
            .iter()
            .map(|block| Edit::Retire {
                id: block.id(),
                version,
            })
            .collect();
        let mut handles = Vec::with_capacity(add.blocks().len());
        for block in add.blocks() {
            let bytes = add.bytes_of(block);
            let id = block.id.unwrap_or_else(|| {
                next_block += 1;
                next_block - 1
            });
            let desc = BlockDesc {
                id,
                commit: version,
                segment,
                offset: first + block.offset,
                len: bytes.len() as u32,
                checksum: BlockView::stored_checksum(bytes).unwrap_or_default(),
                nodes: block.nodes,
                edges: block.edges,
                file: Arc::clone(&block.file),
                context: Arc::clone(&block.context),
            };
            edits.push(Edit::Add(desc.clone()));
            let file = writer
                .files
                .as_mut()
                .map(|files| files.segment(desc.segment));
            // A deferred load must not keep what it wrote in memory; what is read next may stay.
            let keep = file.is_none() || mode == IndexMode::Immediate;
            let bytes = keep.then(|| Bytes::from(bytes.to_vec()));
            handles.push(Arc::new(BlockHandle::written(desc, file, bytes)));
        }
        if volatile {
            self.log_before_blocks(writer, &edits, sync)?;
        } else {
            self.log(writer, &edits, sync)?;
        }

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
        let (moment, next) = {
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
            let moment = state.moment();
            if mode == IndexMode::Immediate {
                (moment, Some(state.publish()))
            } else {
                self.stale.store(true, Ordering::Release);
                (moment, None)
            }
        };
        let on_disk = writer.files.is_some();
        if let Some(next) = next {
            self.replace_current(next, true);
            let (overlay, base) = {
                let state = guard(&self.state);
                (state.overlay_rows(), state.base_rows())
            };
            let live = writer.data_bytes.saturating_sub(writer.garbage);
            let log = writer.files.as_ref().map_or(0, Files::log_bytes);
            let grown = overlay > (base / 4).max(OVERLAY_FLOOR)
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
}
