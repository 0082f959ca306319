//! The blocks of an index, and which of them holds a row.

use super::{Image, partition};
use crate::batch::hash_owner;
use crate::block_ref::BlockDesc;
use crate::codec::{u32_at, u64_at};
use crate::index::{BLOCK_RECORD, HINT_SHIFT, Section};
use crate::{Owner, Result};

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

    /// Bytes of metadata of all edges of the block.
    #[inline]
    pub(crate) fn edge_payload(&self) -> u32 {
        self.narrow(9)
    }

    fn first_node(&self) -> u32 {
        self.narrow(5)
    }

    fn first_edge(&self) -> u32 {
        self.narrow(6)
    }
}

impl Image {
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
}
