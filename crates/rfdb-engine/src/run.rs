//! Runs: sets of blocks with one index over them.
//!
//! A graph is a list of runs, newest first. The *base* is the run that `rebuild_indexes` wrote to disk; the others are the
//! overlay and live on the heap. Which blocks of a run a reader sees follows from its version alone: a block is live from its
//! commit until the commit that superseded it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::block::{BlockView, CheckedBlock};
use crate::block_ref::BlockDesc;
use crate::index::{self, BlockSource, Image};
use crate::segment::DataFile;
use crate::storage::Bytes;
use crate::{Error, FieldDeclaration, Owner, Result};

/// A block of the overlay.
#[derive(Debug)]
pub(crate) struct BlockHandle {
    pub(crate) desc: BlockDesc,
    /// File of the block, `None` in memory.
    pub(crate) file: Option<Arc<DataFile>>,
    bytes: OnceLock<Bytes>,
    /// Whether this process wrote the block: then its checksum need not be compared.
    written_here: bool,
    /// Commit that superseded the block, 0 while it is live.
    died: AtomicU64,
}

impl BlockHandle {
    /// A block that was found in a file.
    pub(crate) fn found(desc: BlockDesc, file: Arc<DataFile>) -> Self {
        Self {
            desc,
            file: Some(file),
            bytes: OnceLock::new(),
            written_here: false,
            died: AtomicU64::new(0),
        }
    }

    /// A block that this process has written, whose bytes may be kept on the heap.
    pub(crate) fn written(
        desc: BlockDesc,
        file: Option<Arc<DataFile>>,
        bytes: Option<Bytes>,
    ) -> Self {
        Self {
            desc,
            file,
            bytes: bytes.map_or_else(OnceLock::new, OnceLock::from),
            written_here: true,
            died: AtomicU64::new(0),
        }
    }

    fn path(&self) -> PathBuf {
        self.file.as_ref().map_or_else(
            || PathBuf::from("(memory)"),
            |file| file.path().to_path_buf(),
        )
    }

    #[cold]
    fn damaged(&self, what: &str) -> Error {
        Error::damaged(
            self.path(),
            self.desc.offset,
            format!("{what} in the block of {}", self.desc.file),
        )
    }

    /// The bytes, read, and checked if another process wrote them, when they are first asked for.
    pub(crate) fn bytes(&self) -> Result<&Bytes> {
        if let Some(bytes) = self.bytes.get() {
            return Ok(bytes);
        }
        let file = self
            .file
            .as_ref()
            .ok_or_else(|| self.damaged("contents are missing"))?;
        let all = file.bytes(self.desc.end())?;
        let bytes = all
            .slice(self.desc.offset as usize..self.desc.end() as usize)
            .ok_or_else(|| self.damaged("contents are missing"))?;
        if !self.written_here {
            self.check(&bytes)?;
        }
        Ok(self.bytes.get_or_init(|| bytes))
    }

    /// Compares the checksum, whoever wrote the block.
    pub(crate) fn verify(&self) -> Result<()> {
        self.check(self.bytes()?)
    }

    fn check(&self, bytes: &[u8]) -> Result<()> {
        match BlockView::is_intact(bytes, self.desc.checksum) {
            true => Ok(()),
            false => Err(self.damaged("the checksum does not match")),
        }
    }

    pub(crate) fn view(&self) -> Result<BlockView<'_>> {
        BlockView::parse(self.bytes()?).ok_or_else(|| self.damaged("columns are inconsistent"))
    }

    pub(crate) fn is_live_at(&self, version: u64) -> bool {
        let died = self.died.load(Ordering::Acquire);
        self.desc.commit <= version && (died == 0 || died > version)
    }

    pub(crate) fn kill(&self, version: u64) {
        self.died.store(version, Ordering::Release);
    }
}

/// A file with blocks of the base.
#[derive(Debug)]
struct BaseSegment {
    number: u32,
    end: u64,
    file: Arc<DataFile>,
    bytes: OnceLock<Bytes>,
}

/// The run on disk.
#[derive(Debug)]
pub(crate) struct Base {
    image: Image,
    /// The index file, kept while the run is in use.
    pub(crate) file: Arc<DataFile>,
    segments: Vec<BaseSegment>,
    died: Box<[AtomicU64]>,
    /// Blocks that were read before.
    checked: Box<[OnceLock<Box<CheckedBlock>>]>,
    dead: AtomicU32,
}

impl Base {
    pub(crate) fn new(
        image: Image,
        file: Arc<DataFile>,
        segments: Vec<(u32, u64, Arc<DataFile>)>,
    ) -> Self {
        let blocks = image.counts().blocks as usize;
        let mut segments: Vec<BaseSegment> = segments
            .into_iter()
            .map(|(number, end, file)| BaseSegment {
                number,
                end,
                file,
                bytes: OnceLock::new(),
            })
            .collect();
        segments.sort_by_key(|s| s.number);
        Self {
            image,
            file,
            segments,
            died: std::iter::repeat_with(|| AtomicU64::new(0))
                .take(blocks)
                .collect(),
            checked: std::iter::repeat_with(OnceLock::new).take(blocks).collect(),
            dead: AtomicU32::new(0),
        }
    }

    /// End of the last block of each segment.
    pub(crate) fn segment_ends(&self) -> impl Iterator<Item = (u32, u64)> {
        self.segments.iter().map(|s| (s.number, s.end))
    }

    /// Checks every checksum of the index and of its blocks.
    pub(crate) fn verify(&self) -> Result<()> {
        self.image.verify()?;
        (0..self.image.counts().blocks).try_for_each(|block| self.block(block).map(|_| ()))
    }

    pub(crate) fn image(&self) -> &Image {
        &self.image
    }

    pub(crate) fn is_dead(&self, number: u32) -> bool {
        self.died
            .get(number as usize)
            .is_none_or(|died| died.load(Ordering::Acquire) != 0)
    }

    fn segment(&self, number: u32) -> Result<&BaseSegment> {
        self.segments
            .binary_search_by_key(&number, |s| s.number)
            .ok()
            .and_then(|at| self.segments.get(at))
            .ok_or_else(|| {
                Error::damaged(
                    self.image.path(),
                    0,
                    "a block lies in a file that the index does not name",
                )
            })
    }

    /// A block, with the check of its first use.
    #[inline]
    fn block(&self, number: u32) -> Result<&CheckedBlock> {
        match self.checked.get(number as usize).and_then(OnceLock::get) {
            Some(block) => Ok(block),
            None => self.check(number),
        }
    }

    #[cold]
    fn check(&self, number: u32) -> Result<&CheckedBlock> {
        let record = self.image.block(number)?;
        let segment = self.segment(record.segment())?;
        let all = match segment.bytes.get() {
            Some(bytes) => bytes,
            None => {
                let bytes = segment.file.bytes(segment.end)?;
                segment.bytes.get_or_init(|| bytes)
            }
        };
        let damaged = |what: &str| Error::damaged(segment.file.path(), record.offset(), what);
        let end = record.offset().saturating_add(u64::from(record.len()));
        let bytes = all
            .slice(record.offset() as usize..end as usize)
            .ok_or_else(|| damaged("the file is cut off"))?;
        let block = CheckedBlock::read(bytes, record.checksum()).map_err(damaged)?;
        let cell = self.checked.get(number as usize);
        let cell = cell.ok_or_else(|| damaged("a block number is out of range"))?;
        Ok(cell.get_or_init(|| Box::new(block)))
    }

    pub(crate) fn kill(&self, number: u32, version: u64) {
        if let Some(died) = self.died.get(number as usize)
            && died.swap(version, Ordering::AcqRel) == 0
        {
            self.dead.fetch_add(1, Ordering::AcqRel);
        }
    }
}

#[derive(Debug)]
enum Blocks {
    Base(Base),
    Overlay(Vec<Arc<BlockHandle>>),
}

/// Blocks with one index, which an overlay run builds when it is first read.
#[derive(Debug)]
pub(crate) struct Run {
    blocks: Blocks,
    image: OnceLock<Image>,
    building: Mutex<()>,
    fields: Arc<[FieldDeclaration]>,
    rows: u64,
}

impl Run {
    pub(crate) fn base(base: Base) -> Self {
        let counts = base.image.counts();
        let rows = u64::from(counts.node_rows) + u64::from(counts.edge_rows);
        let fields = Arc::default();
        Self {
            blocks: Blocks::Base(base),
            image: OnceLock::new(),
            building: Mutex::new(()),
            fields,
            rows,
        }
    }

    /// Blocks by ascending number.
    pub(crate) fn overlay(blocks: Vec<Arc<BlockHandle>>, fields: Arc<[FieldDeclaration]>) -> Self {
        let rows = blocks.iter().map(|b| b.desc.rows()).sum();
        Self {
            blocks: Blocks::Overlay(blocks),
            image: OnceLock::new(),
            building: Mutex::new(()),
            fields,
            rows,
        }
    }

    pub(crate) fn as_base(&self) -> Option<&Base> {
        match &self.blocks {
            Blocks::Base(base) => Some(base),
            Blocks::Overlay(_) => None,
        }
    }

    /// Blocks of an overlay run.
    pub(crate) fn handles(&self) -> &[Arc<BlockHandle>] {
        match &self.blocks {
            Blocks::Base(_) => &[],
            Blocks::Overlay(blocks) => blocks,
        }
    }

    /// Rows of all blocks, live or not.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// The index; built here if it is missing.
    #[inline]
    pub(crate) fn image(&self) -> Result<&Image> {
        match &self.blocks {
            Blocks::Base(base) => Ok(&base.image),
            Blocks::Overlay(blocks) => match self.image.get() {
                Some(image) => Ok(image),
                None => self.build(blocks),
            },
        }
    }

    #[cold]
    fn build(&self, blocks: &[Arc<BlockHandle>]) -> Result<&Image> {
        let _building = self.building.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(image) = self.image.get() {
            return Ok(image);
        }
        let sources: Vec<BlockSource<'_>> = blocks
            .iter()
            .map(|block| {
                Ok(BlockSource {
                    desc: &block.desc,
                    view: block.view()?,
                })
            })
            .collect::<Result<_>>()?;
        let built = index::build_on_heap(&sources, &self.fields)
            .map_err(|bad| blocks[bad].damaged("contents are inconsistent"))?;
        Ok(self.image.get_or_init(|| Image::from_built(built)))
    }

    pub(crate) fn block_count(&self) -> u32 {
        match &self.blocks {
            Blocks::Base(base) => base.image.counts().blocks,
            Blocks::Overlay(blocks) => blocks.len() as u32,
        }
    }

    pub(crate) fn block_bytes(&self, number: u32) -> Result<&[u8]> {
        match &self.blocks {
            Blocks::Base(base) => Ok(base.block(number)?.bytes()),
            Blocks::Overlay(blocks) => match blocks.get(number as usize) {
                Some(block) => Ok(block.bytes()?),
                None => Err(Error::damaged(
                    "(memory)",
                    0,
                    "a block number is out of range",
                )),
            },
        }
    }

    pub(crate) fn block(&self, number: u32) -> Result<BlockView<'_>> {
        match &self.blocks {
            Blocks::Base(base) => Ok(base.block(number)?.view()),
            Blocks::Overlay(_) => {
                BlockView::parse(self.block_bytes(number)?).ok_or_else(|| self.bad_block(number))
            }
        }
    }

    /// An error that names the file of a block whose contents make no sense.
    #[cold]
    pub(crate) fn bad_block(&self, number: u32) -> Error {
        match &self.blocks {
            Blocks::Base(base) => match base.image.block(number) {
                Ok(record) => match base.segment(record.segment()) {
                    Ok(segment) => Error::damaged(
                        segment.file.path(),
                        record.offset(),
                        "columns of a block are inconsistent",
                    ),
                    Err(error) => error,
                },
                Err(error) => error,
            },
            Blocks::Overlay(blocks) => match blocks.get(number as usize) {
                Some(block) => block.damaged("columns are inconsistent"),
                None => Error::damaged("(memory)", 0, "a block number is out of range"),
            },
        }
    }

    pub(crate) fn block_desc(&self, number: u32) -> Result<BlockDesc> {
        match &self.blocks {
            Blocks::Base(base) => base.image.block_desc(number),
            Blocks::Overlay(blocks) => Ok(blocks[number as usize].desc.clone()),
        }
    }

    pub(crate) fn block_id(&self, number: u32) -> Result<u64> {
        match &self.blocks {
            Blocks::Base(base) => Ok(base.image.block(number)?.id()),
            Blocks::Overlay(blocks) => Ok(blocks[number as usize].desc.id),
        }
    }

    pub(crate) fn owner(&self, number: u32) -> Result<Owner<'_>> {
        match &self.blocks {
            Blocks::Base(base) => base.image.block_owner(number),
            Blocks::Overlay(blocks) => Ok(blocks[number as usize].desc.owner()),
        }
    }

    /// Whether a reader of a version sees a block.
    #[inline]
    pub(crate) fn is_live(&self, number: u32, version: u64) -> bool {
        match &self.blocks {
            Blocks::Base(base) => base.died.get(number as usize).is_some_and(|died| {
                let died = died.load(Ordering::Acquire);
                died == 0 || died > version
            }),
            Blocks::Overlay(blocks) => blocks
                .get(number as usize)
                .is_some_and(|b| b.is_live_at(version)),
        }
    }

    /// Whether a reader of a version sees every block.
    pub(crate) fn all_live(&self, version: u64) -> bool {
        match &self.blocks {
            Blocks::Base(base) => {
                base.dead.load(Ordering::Acquire) == 0
                    || base.died.iter().all(|died| {
                        let died = died.load(Ordering::Acquire);
                        died == 0 || died > version
                    })
            }
            Blocks::Overlay(blocks) => blocks.iter().all(|b| b.is_live_at(version)),
        }
    }
}
