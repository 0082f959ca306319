//! Building the base: indexes over all live blocks, and data files without superseded ones.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, mpsc};

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::Durability;
use super::files::Files;
use super::inner::{BlockRef, Inner, Writer};
use super::state::{Pending, State, guard};
use crate::block::BlockView;
use crate::block_ref::BlockDesc;
use crate::index::{self, BlockSource, Counts, Image, SectionSink};
use crate::manifest::{Contents, IndexRef};
use crate::run::{Base, BlockHandle, Run};
use crate::segment::DataFile;
use crate::snapshot::Version;
use crate::storage::{Coalescer, Storage, StorageFile};
use crate::{Error, Result};

/// What a call is to bring about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// The overlay becomes part of the base.
    Overlay,
    /// As `Overlay`, and a bulk load ends.
    Load,
    /// As `Load`, and no superseded bytes stay.
    Compact,
}

/// Superseded share of a segment, in percent, from which its live blocks are moved.
const MOVE_PERCENT: u64 = 25;
/// A segment with less than this share of all live bytes, as a divisor, is moved too: so there are few segments, though
/// each building of indexes begins a new one.
const SMALL_SEGMENT: u64 = 8;

/// A live block and the bytes of it.
struct Source {
    run: Arc<Run>,
    number: u32,
    desc: BlockDesc,
}

/// An index that was written, and what is to be known of it before it becomes the base.
struct NewBase {
    image: Image,
    /// End of the last block of each segment.
    segment_ends: BTreeMap<u32, u64>,
}

impl NewBase {
    fn open(storage: &dyn Storage, path: &Path, reference: IndexRef) -> Result<Self> {
        let image = index::open(storage, path, (reference.len, reference.checksum))?;
        let mut segment_ends = BTreeMap::<u32, u64>::new();
        for block in 0..image.counts().blocks {
            let record = image.block(block)?;
            let end = segment_ends.entry(record.segment()).or_default();
            *end = (*end).max(record.offset() + u64::from(record.len()));
        }
        Ok(Self {
            image,
            segment_ends,
        })
    }
}

impl Writer {
    /// Makes the owner table from the base and the overlay blocks that are newer than a version.
    pub(super) fn rebuild_owners(&mut self, since: u64) -> Result<()> {
        self.owners = FxHashMap::default();
        let newer: Vec<Arc<BlockHandle>> = self
            .overlay
            .values()
            .filter(|block| block.desc.commit > since)
            .cloned()
            .collect();
        for block in newer {
            let key = (
                Arc::clone(&block.desc.file),
                Arc::clone(&block.desc.context),
            );
            let mut blocks = self.blocks_of(block.desc.owner())?;
            blocks.push(BlockRef::Overlay(block));
            self.owners.insert(key, blocks);
        }
        Ok(())
    }

    fn named_segments(&self) -> BTreeSet<u32> {
        let base = self.base.as_deref().and_then(Run::as_base);
        let kept = self
            .kept
            .values()
            .flat_map(|kept| kept.blocks.iter().map(|block| block.segment));
        let overlay = self.overlay.values().map(|block| block.desc.segment);
        base.into_iter()
            .flat_map(Base::segment_ends)
            .map(|(number, _)| number)
            .chain(kept)
            .chain(overlay)
            .collect()
    }
}

impl Inner {
    /// Builds the base anew.
    pub(super) fn finalize(self: &Arc<Self>, scope: Scope) -> Result<()> {
        let _finalizing = guard(&self.finalizing);
        // What is to be indexed, and from when on later commits are set aside.
        let (version, fields, segments, kept_segments, active) = {
            let mut writer = self.writable()?;
            let version = self.version();
            writer.retired_meanwhile = Some(Vec::new());
            let segments = writer.files.as_ref().map_or_else(Vec::new, |files| {
                let numbers = files.segments.keys();
                numbers
                    .map(|&number| (number, files.segment_len(number)))
                    .collect()
            });
            let kept: BTreeSet<u32> = writer
                .kept
                .values()
                .flat_map(|kept| kept.blocks.iter().map(|block| block.segment))
                .collect();
            let active = writer.files.as_ref().and_then(Files::active_segment);
            (
                version,
                Arc::clone(&guard(&self.state).fields),
                segments,
                kept,
                active,
            )
        };
        let done =
            self.finalize_version(scope, version, &fields, &segments, &kept_segments, active);
        if done.is_err() {
            guard(&self.writer).retired_meanwhile = None;
        }
        done
    }

    fn finalize_version(
        self: &Arc<Self>,
        scope: Scope,
        version: Arc<Version>,
        fields: &Arc<[crate::FieldDeclaration]>,
        segments: &[(u32, u64)],
        kept_segments: &BTreeSet<u32>,
        active: Option<u32>,
    ) -> Result<()> {
        let mut sources = Vec::new();
        version.each_live_block(|run, number| {
            sources.push(Source {
                run: Arc::clone(run),
                number,
                desc: run.block_desc(number)?,
            });
            Ok(())
        })?;
        sources.sort_by_key(|source| source.desc.id);

        let Some(storage) = self.storage.clone() else {
            return self.finalize_in_memory(scope, &version, sources, fields);
        };
        let to_move = segments_to_move(scope, &sources, segments, kept_segments);
        if to_move.is_empty() && self.base_is_current(&version, fields)? {
            let mut writer = self.writable()?;
            writer.retired_meanwhile = None;
            drop(writer);
            return if scope == Scope::Overlay {
                Ok(())
            } else {
                self.end_load()
            };
        }

        let sync = self.options.durability != Durability::None;
        let dir = self.dir.clone().unwrap_or_default();
        let number = {
            let mut writer = self.writable()?;
            let Some(files) = &mut writer.files else {
                return Err(Error::ReadOnly(dir));
            };
            // What is committed from now on goes to a segment of its own. If one file is saved again and again, that
            // segment is moved and not everything that was loaded before.
            if active.is_some() && files.active_segment() == active {
                files.rotate()?;
            }
            files.next_file += 2;
            files.next_file - 2
        };
        let (path, index_file) = Files::create_index(&*storage, &dir, number)?;
        let file = Arc::new(DataFile::new(Arc::clone(&storage), path.clone()));
        // The file goes away again unless it is published.
        file.retire();
        let moved = self.move_blocks(&*storage, &mut sources, &to_move, number + 1, sync)?;
        let early = match &mut self.writable()?.files {
            Some(files) if sync && scope != Scope::Overlay => Some(files.take_early_sync()),
            _ => None,
        };
        let indexed = version.number;
        let written = std::thread::scope(|threads| {
            let (index_file, path, storage) = (&*index_file, &path, &*storage);
            let sync_index = move || index_file.sync().map_err(|e| Error::io("sync", path, e));
            // The disk takes in what a load wrote while its indexes are built, parts of the index while the rest is, and the last
            // of it while the new base is made ready.
            let (sender, syncing) = match early {
                Some(early) => {
                    let (sender, part_written) = mpsc::channel();
                    let syncing = threads.spawn(move || {
                        early.run()?;
                        while part_written.recv().is_ok() {
                            sync_index()?;
                        }
                        Ok(())
                    });
                    (Some(sender), Some(syncing))
                }
                None => (None, None),
            };
            let write = || {
                let build = |sections: &dyn SectionSink| build(&sources, fields, sections);
                let all_written = sender.clone();
                let reference = Files::write_index((path, index_file), number, sender, build)?;
                match all_written {
                    // What went wrong with it, its thread tells.
                    Some(all_written) => drop(all_written.send(())),
                    None if sync => sync_index()?,
                    None => {}
                }
                // What is replaced goes away with the publishing, before another commit adds to it.
                drop(sources);
                drop(version);
                let base = NewBase::open(storage, path, reference)?;
                Ok((reference, base))
            };
            let written = write();
            let synced = match syncing.map(std::thread::ScopedJoinHandle::join) {
                None => Ok(()),
                Some(Ok(synced)) => synced,
                Some(Err(panic)) => std::panic::resume_unwind(panic),
            };
            // Why it was not written says more than why it could not be synced.
            written.and_then(|written| synced.map(|()| written))
        });
        if let Some(files) = &mut self.writable()?.files
            && !sync
        {
            moved
                .into_iter()
                .chain([index_file])
                .for_each(|file| files.must_sync(file));
        }
        let (reference, base) = written?;
        if scope != Scope::Overlay {
            return self.publish_base(scope, indexed, base, &file, reference);
        }
        // Readers are there already: what each would check at its first read of the new files is checked here.
        base.image.verify()?;
        self.publish_base(scope, indexed, base, &file, reference)?;
        match self.version().runs.last().and_then(|run| run.as_base()) {
            Some(base) => base.verify(),
            None => Ok(()),
        }
    }

    fn base_is_current(
        &self,
        version: &Version,
        fields: &[crate::FieldDeclaration],
    ) -> Result<bool> {
        let [run] = &version.runs[..] else {
            return Ok(false);
        };
        let Some(base) = run.as_base() else {
            return Ok(false);
        };
        for field in fields {
            if !base.image().indexes_field(&field.name)? {
                return Ok(false);
            }
        }
        Ok(run.all_live(version.number))
    }

    fn end_load(self: &Arc<Self>) -> Result<()> {
        self.set_loading(false)?;
        if self.options.durability == Durability::None {
            Ok(())
        } else {
            self.flush()
        }
    }

    /// Copies live blocks out of segments that hold much else.
    fn move_blocks(
        &self,
        storage: &dyn Storage,
        sources: &mut [Source],
        to_move: &BTreeSet<u32>,
        number: u32,
        sync: bool,
    ) -> Result<Option<Arc<dyn StorageFile>>> {
        if !sources
            .iter()
            .any(|source| to_move.contains(&source.desc.segment))
        {
            return Ok(None);
        }
        let path = Files::segment_path(&self.dir.clone().unwrap_or_default(), number);
        let file = storage
            .create(&path)
            .map_err(|e| Error::io("create", &path, e))?;
        let failed = |e| Error::io("write", &path, e);
        let (mut end, mut writes) = (0, Coalescer::default());
        for source in sources
            .iter_mut()
            .filter(|source| to_move.contains(&source.desc.segment))
        {
            let bytes = source.run.block_bytes(source.number)?;
            source.desc.segment = number;
            source.desc.offset = end;
            writes.write_at(&*file, end, bytes).map_err(failed)?;
            end += bytes.len() as u64;
        }
        writes.flush(&*file).map_err(failed)?;
        if sync {
            file.sync().map_err(|e| Error::io("sync", &path, e))?;
        }
        Ok(Some(file))
    }

    /// Lets the new base take the place of all that was live at the version.
    fn publish_base(
        self: &Arc<Self>,
        scope: Scope,
        version: u64,
        new: NewBase,
        file: &Arc<DataFile>,
        reference: IndexRef,
    ) -> Result<()> {
        let _syncing = guard(&self.syncing);
        let mut writer = self.writable()?;
        let writer = &mut *writer;
        let retired: Vec<(u64, u64)> = writer.retired_meanwhile.take().unwrap_or_default();
        let Some(files) = &mut writer.files else {
            return Ok(());
        };
        let segments = (new.segment_ends.into_iter())
            .map(|(n, end)| (n, end, files.segment(n)))
            .collect();
        let base = Base::new(new.image, Arc::clone(file), segments);
        // A block that was retired meanwhile is dead in the new base; one of the same number that took its place is in
        // the overlay.
        let mut dead = BTreeMap::new();
        for (id, since) in retired {
            if let Some(number) = base.image().block_of_id(id)? {
                dead.entry(id).or_insert((number, since));
            }
        }
        for &(number, since) in dead.values() {
            base.kill(number, since);
        }
        let loading = writer.loading && scope == Scope::Overlay;
        let newer = |block: &&Arc<BlockHandle>| block.desc.commit > version;
        let contents = Contents {
            next_block: writer.next_block,
            version: writer.version,
            next_file: files.next_file,
            index: Some(reference),
            blocks: writer
                .overlay
                .values()
                .filter(newer)
                .map(|b| (b.desc.id, b.desc.clone()))
                .collect(),
            retired: dead.iter().map(|(&id, &(_, since))| (id, since)).collect(),
            loading,
            fields: guard(&self.state).fields.to_vec(),
            kept: writer.kept.clone(),
        };
        if let Err((error, stop)) = files.checkpoint(&contents) {
            if stop {
                writer.stopped = Some(error.to_string());
                // The new manifest may be the one that counts: its files stay.
                file.keep();
            }
            return Err(error);
        }

        // From here on nothing fails.
        file.keep();
        let old = writer.base.replace(Arc::new(Run::base(base)));
        if let Some(old) = old.as_deref().and_then(Run::as_base) {
            old.file.retire();
        }
        writer.loading = loading;
        writer
            .overlay
            .retain(|_, block| block.desc.commit > version);
        // The base was just read without an error, so its owners can be read.
        let _ = writer.rebuild_owners(version);
        let named = writer.named_segments();
        if let Some(files) = &mut writer.files {
            files.retire_segments(&named);
            let numbers: Vec<u32> = files.segments.keys().copied().collect();
            writer.data_bytes = numbers
                .into_iter()
                .map(|number| files.segment_len(number))
                .sum();
        }
        // What is dead now is a small share of its file, or held by a kept snapshot: not worth asking again for.
        writer.garbage = 0;
        let runs = writer.base.iter().cloned().collect();
        self.replace_runs(writer, runs, writer.overlay.values().cloned().collect());
        Ok(())
    }

    /// Publishes other runs for the same contents.
    fn replace_runs(&self, writer: &Writer, runs: Vec<Arc<Run>>, pending: Vec<Arc<BlockHandle>>) {
        let mut state = guard(&self.state);
        let fresh = Pending::default();
        let pending_len = pending.len();
        pending.into_iter().for_each(|block| fresh.push(block));
        *state = State {
            version: writer.version,
            runs: Arc::new(runs),
            pending: Arc::new(fresh),
            pending_len,
            fields: Arc::clone(&state.fields),
        };
        let next = state.publish();
        drop(state);
        self.replace_current(next, false);
    }

    /// Without files the base is an index over all blocks on the heap.
    fn finalize_in_memory(
        self: &Arc<Self>,
        scope: Scope,
        version: &Version,
        sources: Vec<Source>,
        fields: &Arc<[crate::FieldDeclaration]>,
    ) -> Result<()> {
        let handles: Vec<Arc<BlockHandle>> = sources
            .iter()
            .filter_map(|source| source.run.handles().get(source.number as usize).cloned())
            .collect();
        let run = Arc::new(Run::overlay(handles, Arc::clone(fields)));
        run.image()?;
        let mut writer = self.writable()?;
        writer.retired_meanwhile = None;
        if scope != Scope::Overlay {
            writer.loading = false;
        }
        let newer = writer
            .overlay
            .values()
            .filter(|block| block.desc.commit > version.number)
            .cloned()
            .collect();
        self.replace_runs(&writer, vec![run], newer);
        Ok(())
    }

    /// Removes everything.
    pub(super) fn clear(self: &Arc<Self>) -> Result<()> {
        let _finalizing = guard(&self.finalizing);
        let _syncing = guard(&self.syncing);
        let mut writer = self.writable()?;
        let writer = &mut *writer;
        let version = writer.version + 1;
        if let Some(files) = &mut writer.files {
            files.rotate()?;
            let contents = Contents {
                next_block: writer.next_block,
                version,
                next_file: files.next_file,
                ..Contents::default()
            };
            if let Err((error, stop)) = files.checkpoint(&contents) {
                if stop {
                    writer.stopped = Some(error.to_string());
                }
                return Err(error);
            }
            files.retire_segments(&BTreeSet::new());
        }
        if let Some(base) = writer.base.take().as_deref().and_then(Run::as_base) {
            base.file.retire();
        }
        writer.version = version;
        writer.loading = false;
        writer.kept.clear();
        writer.overlay.clear();
        writer.owners.clear();
        (writer.data_bytes, writer.garbage) = (0, 0);
        guard(&self.kept_versions).clear();
        guard(&self.state).fields = Arc::default();
        self.replace_runs(writer, Vec::new(), Vec::new());
        Ok(())
    }
}

fn build(
    sources: &[Source],
    fields: &[crate::FieldDeclaration],
    sections: &dyn SectionSink,
) -> Result<Counts> {
    // The first read of a block checks it, so this is work for several threads.
    let blocks: Vec<BlockSource<'_>> = sources
        .par_iter()
        .with_max_len(32)
        .map(|source| {
            let view = BlockView::parse(source.run.block_bytes(source.number)?)
                .ok_or_else(|| source.run.bad_block(source.number))?;
            Ok(BlockSource {
                desc: &source.desc,
                view,
            })
        })
        .collect::<Result<_>>()?;
    index::build(&blocks, fields, sections)
        .map_err(|bad| sources[bad].run.bad_block(sources[bad].number))
}

fn segments_to_move(
    scope: Scope,
    sources: &[Source],
    segments: &[(u32, u64)],
    kept: &BTreeSet<u32>,
) -> BTreeSet<u32> {
    let mut live = BTreeMap::<u32, u64>::new();
    for source in sources {
        *live.entry(source.desc.segment).or_default() += u64::from(source.desc.len);
    }
    let all: u64 = live.values().sum();
    let live_in = |number| live.get(&number).copied().unwrap_or(0);
    let wasteful = |&&(number, len): &&(u32, u64)| {
        let dead = len.saturating_sub(live_in(number));
        let limit = if scope == Scope::Compact {
            0
        } else {
            len * MOVE_PERCENT / 100
        };
        dead > limit && !kept.contains(&number)
    };
    let small = |&&(number, _): &&(u32, u64)| {
        live_in(number) < all / SMALL_SEGMENT && !kept.contains(&number)
    };
    // One small segment alone gains nothing by moving.
    let several = segments.iter().filter(small).count() > 1;
    segments
        .iter()
        .filter(|segment| wasteful(segment) || (several && small(segment)))
        .map(|&(number, _)| number)
        .collect()
}
