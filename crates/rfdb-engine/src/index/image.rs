//! Reading an index.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::{BLOCK_RECORD, Built, Counts, HINT_SHIFT, NO_NODE, Section};
use crate::batch::hash_owner;
use crate::block_ref::BlockDesc;
use crate::codec::{Packed, id_at, u32_at, u64_at};
use crate::storage::Bytes;
use crate::{Error, NodeId, Owner, Result};

/// Bytes that one checksum of an index file covers.
pub(crate) const CHUNK: usize = 1 << 16;

/// Checksums of a section, looked at when its bytes are first read.
#[derive(Debug)]
pub(super) struct Checks {
    /// CRC-32C of each chunk, u32.
    pub(super) checksums: Bytes,
    /// One bit for each chunk that was found right.
    pub(super) verified: Box<[AtomicU64]>,
    /// Where the section begins in the file.
    pub(super) offset: u64,
}

#[derive(Debug)]
pub(super) struct SectionData {
    pub(super) bytes: Bytes,
    /// `None` for an index on the heap.
    pub(super) checks: Option<Checks>,
}

/// An index, in a file or on the heap.
#[derive(Debug)]
pub(crate) struct Image {
    pub(super) counts: Counts,
    pub(super) sections: Vec<SectionData>,
    pub(super) path: PathBuf,
}

/// Block record of an index.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BlockRecord<'a>(&'a [u8]);

impl BlockRecord<'_> {
    fn narrow(&self, index: usize) -> u32 {
        u32_at(self.0, 24 + index * 4).unwrap_or_default()
    }

    fn wide(&self, index: usize) -> u64 {
        u64_at(self.0, index * 8).unwrap_or_default()
    }

    pub(crate) fn id(&self) -> u64 {
        self.wide(0)
    }

    pub(crate) fn offset(&self) -> u64 {
        self.wide(2)
    }

    pub(crate) fn segment(&self) -> u32 {
        self.narrow(0)
    }

    pub(crate) fn len(&self) -> u32 {
        self.narrow(1)
    }

    pub(crate) fn checksum(&self) -> u32 {
        self.narrow(2)
    }

    pub(crate) fn nodes(&self) -> u32 {
        self.narrow(3)
    }

    pub(crate) fn edges(&self) -> u32 {
        self.narrow(4)
    }

    fn first_node(&self) -> u32 {
        self.narrow(5)
    }

    fn first_edge(&self) -> u32 {
        self.narrow(6)
    }
}

impl Image {
    /// An index on the heap.
    pub(crate) fn from_built(built: Built) -> Self {
        let sections = built
            .sections
            .into_iter()
            .map(|s| SectionData {
                bytes: Bytes::from(s),
                checks: None,
            })
            .collect();
        Self {
            counts: built.counts,
            sections,
            path: PathBuf::from("(memory)"),
        }
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// An error that says that the contents of a section make no sense.
    #[cold]
    pub(crate) fn damaged(&self, section: Section, offset: usize) -> Error {
        let base = self.sections[section as usize]
            .checks
            .as_ref()
            .map_or(0, |c| c.offset);
        Error::damaged(
            &self.path,
            base + offset as u64,
            format!("{section:?} of the index is inconsistent"),
        )
    }

    /// Bytes of a section, checked.
    #[inline]
    pub(crate) fn range(&self, section: Section, start: usize, end: usize) -> Result<&[u8]> {
        let data = &self.sections[section as usize];
        if let Some(checks) = &data.checks
            && start < end
        {
            for chunk in start / CHUNK..=(end - 1) / CHUNK {
                let known = checks
                    .verified
                    .get(chunk / 64)
                    .is_some_and(|w| w.load(Ordering::Acquire) >> (chunk % 64) & 1 == 1);
                if !known {
                    self.verify_chunk(section, chunk)?;
                }
            }
        }
        data.bytes
            .get(start..end)
            .ok_or_else(|| self.damaged(section, start))
    }

    #[cold]
    fn verify_chunk(&self, section: Section, chunk: usize) -> Result<()> {
        let data = &self.sections[section as usize];
        let Some(checks) = &data.checks else {
            return Ok(());
        };
        let start = chunk * CHUNK;
        let end = (start + CHUNK).min(data.bytes.len());
        let stored = u32_at(&checks.checksums, chunk * 4);
        let actual = data.bytes.get(start..end).map(crc32c::crc32c);
        if stored.is_none() || stored != actual {
            let what = format!("checksum of {section:?} of the index does not match");
            return Err(Error::damaged(
                &self.path,
                checks.offset + start as u64,
                what,
            ));
        }
        if let Some(word) = checks.verified.get(chunk / 64) {
            word.fetch_or(1 << (chunk % 64), Ordering::Release);
        }
        Ok(())
    }

    /// Checks all checksums.
    pub(crate) fn verify(&self) -> Result<()> {
        for section in Section::ALL {
            for chunk in 0..self.sections[section as usize].bytes.len().div_ceil(CHUNK) {
                self.verify_chunk(section, chunk)?;
            }
        }
        Ok(())
    }

    pub(crate) fn section_len(&self, section: Section) -> usize {
        self.sections[section as usize].bytes.len()
    }

    #[inline]
    fn u32(&self, section: Section, index: usize) -> Result<u32> {
        let start = index * 4;
        u32_at(self.range(section, start, start + 4)?, 0)
            .ok_or_else(|| self.damaged(section, start))
    }

    /// Consecutive numbers of a section.
    pub(crate) fn u32s(
        &self,
        section: Section,
        start: usize,
        end: usize,
    ) -> Result<impl Iterator<Item = u32> + '_> {
        if start > end {
            return Err(self.damaged(section, start * 4));
        }
        let bytes = self.range(section, start * 4, end * 4)?;
        Ok(bytes
            .chunks_exact(4)
            .map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])))
    }

    /// Range of a list from the column of ends.
    #[inline]
    fn list(
        &self,
        ends: Section,
        index: usize,
        stride: usize,
        offset: usize,
    ) -> Result<(usize, usize)> {
        let start = if index == 0 {
            0
        } else {
            self.u32(ends, (index - 1) * stride + offset)?
        };
        let end = self.u32(ends, index * stride + offset)?;
        if start > end {
            Err(self.damaged(ends, index * stride * 4))
        } else {
            Ok((start as usize, end as usize))
        }
    }

    pub(crate) fn string(&self, number: u32) -> Result<&str> {
        let (start, end) = self.list(Section::StringEnds, number as usize, 1, 0)?;
        let bytes = self.range(Section::StringBytes, start, end)?;
        std::str::from_utf8(bytes).map_err(|_| self.damaged(Section::StringBytes, start))
    }

    // Blocks.

    #[inline]
    pub(crate) fn block(&self, number: u32) -> Result<BlockRecord<'_>> {
        let start = number as usize * BLOCK_RECORD;
        Ok(BlockRecord(self.range(
            Section::Blocks,
            start,
            start + BLOCK_RECORD,
        )?))
    }

    pub(crate) fn block_owner(&self, number: u32) -> Result<Owner<'_>> {
        let record = self.block(number)?;
        Ok(Owner {
            file: self.string(record.narrow(7))?,
            context: self.string(record.narrow(8))?,
        })
    }

    pub(crate) fn block_desc(&self, number: u32) -> Result<BlockDesc> {
        let record = self.block(number)?;
        let owner = self.block_owner(number)?;
        Ok(BlockDesc {
            id: record.id(),
            commit: record.wide(1),
            segment: record.segment(),
            offset: record.offset(),
            len: record.len(),
            checksum: record.checksum(),
            nodes: record.nodes(),
            edges: record.edges(),
            file: owner.file.into(),
            context: owner.context.into(),
        })
    }

    /// Number of the block with an id.
    pub(crate) fn block_of_id(&self, id: u64) -> Result<Option<u32>> {
        let (mut low, mut high) = (0, self.counts.blocks);
        while low < high {
            let middle = low + (high - low) / 2;
            let found = self.block(middle)?.id();
            match found.cmp(&id) {
                std::cmp::Ordering::Equal => return Ok(Some(middle)),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Ok(None)
    }

    /// Blocks of an owner, oldest first.
    pub(crate) fn blocks_of_owner(&self, owner: Owner<'_>) -> Result<Vec<u32>> {
        let hash = hash_owner(owner);
        let count = self.section_len(Section::Owners) / 16;
        let read = |index: usize| -> Result<(u64, u32)> {
            let bytes = self.range(Section::Owners, index * 16, index * 16 + 16)?;
            Ok((
                u64_at(bytes, 0).unwrap_or_default(),
                u32_at(bytes, 8).unwrap_or_default(),
            ))
        };
        let mut at = partition(count, |index| Ok(read(index)?.0 < hash))?;
        let mut blocks = Vec::new();
        while at < count {
            let (found, block) = read(at)?;
            if found != hash {
                break;
            }
            if self.block_owner(block)? == owner {
                blocks.push(block);
            }
            at += 1;
        }
        Ok(blocks)
    }

    fn block_of_position(
        &self,
        position: u32,
        hints: Section,
        first: impl Fn(&BlockRecord<'_>) -> u32,
        count: impl Fn(&BlockRecord<'_>) -> u32,
    ) -> Result<(u32, u32)> {
        let mut block = self.u32(hints, (position >> HINT_SHIFT) as usize)?;
        for _ in 0..8 {
            let record = self.block(block)?;
            let start = first(&record);
            if position >= start && position - start < count(&record) {
                return Ok((block, position - start));
            }
            block += 1;
            if block >= self.counts.blocks {
                break;
            }
        }
        // Many blocks without rows of this kind stand between: search.
        let after = partition(self.counts.blocks as usize, |b| {
            Ok(first(&self.block(b as u32)?) <= position)
        })?;
        let mut block = after as u32;
        while block > 0 {
            block -= 1;
            let record = self.block(block)?;
            let start = first(&record);
            if position >= start && position - start < count(&record) {
                return Ok((block, position - start));
            }
            if count(&record) > 0 {
                break;
            }
        }
        Err(self.damaged(hints, position as usize))
    }

    /// Block and row of a node position.
    #[inline]
    pub(crate) fn node_row(&self, position: u32) -> Result<(u32, u32)> {
        self.block_of_position(
            position,
            Section::NodeHints,
            |r: &BlockRecord<'_>| r.first_node(),
            |r: &BlockRecord<'_>| r.nodes(),
        )
    }

    /// Block and row of an edge position.
    #[inline]
    pub(crate) fn edge_row(&self, position: u32) -> Result<(u32, u32)> {
        self.block_of_position(
            position,
            Section::EdgeHints,
            |r: &BlockRecord<'_>| r.first_edge(),
            |r: &BlockRecord<'_>| r.edges(),
        )
    }

    // Vertices.

    #[inline]
    pub(crate) fn id(&self, vertex: u32) -> Result<NodeId> {
        let start = vertex as usize * 16;
        id_at(self.range(Section::Ids, start, start + 16)?, 0)
            .ok_or_else(|| self.damaged(Section::Ids, start))
    }

    /// Vertex of an id.
    #[inline]
    pub(crate) fn vertex(&self, id: NodeId) -> Result<Option<u32>> {
        let bits = self.counts.id_bits;
        if bits > 31 {
            return Err(self.damaged(Section::IdDirectory, 0));
        }
        let bucket = if bits == 0 {
            0
        } else {
            (id.0 >> (128 - bits)) as usize
        };
        let start = self.u32(Section::IdDirectory, bucket)? as usize;
        let end = self.u32(Section::IdDirectory, bucket + 1)? as usize;
        if start > end {
            return Err(self.damaged(Section::IdDirectory, bucket * 4));
        }
        let ids = self.range(Section::Ids, start * 16, end * 16)?;
        let (mut low, mut high) = (0, end - start);
        while low < high {
            let middle = low + (high - low) / 2;
            let Some(found) = id_at(ids, middle * 16) else {
                return Err(self.damaged(Section::Ids, start * 16));
            };
            match found.cmp(&id) {
                std::cmp::Ordering::Equal => return Ok(Some((start + middle) as u32)),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Ok(None)
    }

    /// Position of the newest node row of a vertex.
    #[inline]
    pub(crate) fn newest_position(&self, vertex: u32) -> Result<Option<u32>> {
        let position = self.u32(Section::NodePositions, vertex as usize)?;
        Ok((position != NO_NODE).then_some(position))
    }

    pub(crate) fn has_older_rows(&self) -> bool {
        self.section_len(Section::OlderRows) > 0
    }

    /// Positions of the older node rows of a vertex, newest first.
    pub(crate) fn older_positions(&self, vertex: u32) -> Result<Vec<u32>> {
        let count = self.section_len(Section::OlderRows) / 8;
        let mut at = partition(count, |index| {
            Ok(self.u32(Section::OlderRows, index * 2)? < vertex)
        })?;
        let mut positions = Vec::new();
        while at < count && self.u32(Section::OlderRows, at * 2)? == vertex {
            positions.push(self.u32(Section::OlderRows, at * 2 + 1)?);
            at += 1;
        }
        Ok(positions)
    }

    // Types.

    pub(crate) fn type_count(&self) -> u32 {
        (self.section_len(Section::Types) / 16) as u32
    }

    #[inline]
    pub(crate) fn type_name(&self, number: u32) -> Result<&str> {
        self.string(self.u32(Section::Types, number as usize * 4)?)
    }

    /// Nodes and edges of a type, as long as every block is live.
    pub(crate) fn type_counts(&self, number: u32) -> Result<(u32, u32)> {
        let number = number as usize * 4;
        Ok((
            self.u32(Section::Types, number + 2)?,
            self.u32(Section::Types, number + 3)?,
        ))
    }

    /// Types with a name, or with a prefix if the pattern ends in `*`.
    pub(crate) fn types_like(&self, pattern: &str) -> Result<std::ops::Range<u32>> {
        let count = self.type_count();
        let (text, prefix) = match pattern.strip_suffix('*') {
            Some(text) => (text, true),
            None => (pattern, false),
        };
        let start = partition(count as usize, |t| Ok(self.type_name(t as u32)? < text))? as u32;
        let mut end = start;
        while end < count {
            let name = self.type_name(end)?;
            if !(if prefix {
                name.starts_with(text)
            } else {
                name == text
            }) {
                break;
            }
            end += 1;
        }
        Ok(start..end)
    }

    /// The type with a name, which may end in `*` here.
    pub(crate) fn types_like_exact(&self, name: &str) -> Result<Option<u32>> {
        let count = self.type_count() as usize;
        let at = partition(count, |t| Ok(self.type_name(t as u32)? < name))?;
        Ok((at < count && self.type_name(at as u32)? == name).then_some(at as u32))
    }

    /// Vertices that have a row of a type.
    pub(crate) fn type_postings(&self, number: u32) -> Result<impl Iterator<Item = u32> + '_> {
        let (start, end) = self.list(Section::Types, number as usize, 4, 1)?;
        self.u32s(Section::TypePostings, start, end)
    }

    // Files, names, fields.

    /// Blocks that have node rows of a file.
    pub(crate) fn file_blocks(&self, file: &str) -> Result<Vec<u32>> {
        let count = self.section_len(Section::Files) / 8;
        let name = |index: usize| self.string(self.u32(Section::Files, index * 2)?);
        let at = partition(count, |index| Ok(name(index)? < file))?;
        if at == count || name(at)? != file {
            return Ok(Vec::new());
        }
        let (start, end) = self.list(Section::Files, at, 2, 1)?;
        Ok(self.u32s(Section::FilePostings, start, end)?.collect())
    }

    /// Vertices that may have a row with a name.
    pub(crate) fn name_candidates(&self, name: &str) -> Result<Vec<u32>> {
        let hash = super::name_hash(name.as_bytes());
        let count = self.section_len(Section::Names) / 8;
        let mut at = partition(count, |index| {
            Ok(self.u32(Section::Names, index * 2)? < hash)
        })?;
        let mut vertices = Vec::new();
        while at < count && self.u32(Section::Names, at * 2)? == hash {
            vertices.push(self.u32(Section::Names, at * 2 + 1)?);
            at += 1;
        }
        Ok(vertices)
    }

    /// Whether a field has an index here.
    pub(crate) fn indexes_field(&self, field: &str) -> Result<bool> {
        for number in 0..self.section_len(Section::Fields) / 4 {
            if self.string(self.u32(Section::Fields, number)?)? == field {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Vertices that have a row with a value of an indexed field.
    pub(crate) fn field_postings(&self, field: &str, value: &str) -> Result<Vec<u32>> {
        let count = self.section_len(Section::FieldValues) / 12;
        let key = |index: usize| -> Result<(&str, &str)> {
            let field = self.string(self.u32(Section::FieldValues, index * 3)?)?;
            Ok((
                field,
                self.string(self.u32(Section::FieldValues, index * 3 + 1)?)?,
            ))
        };
        let at = partition(count, |index| Ok(key(index)? < (field, value)))?;
        if at == count || key(at)? != (field, value) {
            return Ok(Vec::new());
        }
        let (start, end) = self.list(Section::FieldValues, at, 3, 2)?;
        Ok(self.u32s(Section::FieldPostings, start, end)?.collect())
    }

    // Edges.

    /// Places of the outgoing edges of a vertex.
    #[inline]
    pub(crate) fn out_list(&self, vertex: u32) -> Result<std::ops::Range<usize>> {
        let (start, end) = self.list(Section::OutEnds, vertex as usize, 1, 0)?;
        Ok(start..end)
    }

    /// Places of the incoming edges of a vertex.
    #[inline]
    pub(crate) fn in_list(&self, vertex: u32) -> Result<std::ops::Range<usize>> {
        let (start, end) = self.list(Section::InEnds, vertex as usize, 1, 0)?;
        Ok(start..end)
    }

    #[inline]
    pub(crate) fn out_target(&self, place: usize) -> Result<u32> {
        self.u32(Section::OutTargets, place)
    }

    #[inline]
    pub(crate) fn out_type(&self, place: usize) -> Result<u32> {
        let width = self.counts.type_width as usize;
        let bytes = self.range(Section::OutTypes, place * width, (place + 1) * width)?;
        Packed::new(bytes, width as u8)
            .and_then(|column| column.get(0))
            .ok_or_else(|| self.damaged(Section::OutTypes, place * width))
    }

    #[inline]
    pub(crate) fn out_position(&self, place: usize) -> Result<u32> {
        self.u32(Section::OutPositions, place)
    }

    /// Source vertex and place among the outgoing edges.
    #[inline]
    pub(crate) fn in_edge(&self, place: usize) -> Result<(u32, usize)> {
        Ok((
            self.u32(Section::InSources, place)?,
            self.u32(Section::InEdges, place)? as usize,
        ))
    }
}

/// First index for which the condition does not hold.
pub(crate) fn partition(
    count: usize,
    mut holds: impl FnMut(usize) -> Result<bool>,
) -> Result<usize> {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle)? {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}
