//! Blocks that are encoded and not yet written.

use std::cell::Cell;
use std::ops::Range;
use std::sync::Arc;

use crate::Result;
use crate::block::BlockBuilder;

/// A buffer that has become longer gets no more blocks, so that growing it does not copy much.
const LONG_ENOUGH: usize = 1 << 20;
/// A buffer that has become larger is given back.
const LARGEST_KEPT: usize = 4 << 20;

thread_local! {
    /// A buffer whose memory is used again: it is warm, and what is new has to be cleared first.
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Blocks, one after the other as they are to be written.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    buffers: Vec<Vec<u8>>,
    blocks: Vec<PreparedBlock>,
    len: usize,
}

/// What is known of a block besides its bytes.
#[derive(Debug)]
pub(super) struct PreparedBlock {
    pub(super) file: Arc<str>,
    pub(super) context: Arc<str>,
    pub(super) nodes: u32,
    pub(super) edges: u32,
    /// Keeps its number if it takes the place of another block.
    pub(super) id: Option<u64>,
    /// Distance from the beginning of the first block.
    pub(super) offset: u64,
    buffer: usize,
    place: Range<usize>,
}

impl Prepared {
    /// Encodes a block. It keeps its number if it takes the place of another.
    pub(super) fn push(&mut self, builder: BlockBuilder, id: Option<u64>) -> Result<()> {
        if (self.buffers.last()).is_none_or(|buffer| buffer.len() >= LONG_ENOUGH) {
            self.buffers.push(BUFFER.take());
        }
        let (nodes, edges) = builder.row_counts();
        let owner = builder.owner();
        let (file, context) = (owner.file.into(), owner.context.into());
        let number = self.buffers.len() - 1;
        let buffer = &mut self.buffers[number];
        let start = buffer.len();
        builder.finish_into(buffer)?;
        let place = start..buffer.len();
        self.blocks.push(PreparedBlock {
            file,
            context,
            nodes,
            edges,
            id,
            offset: self.len as u64,
            buffer: number,
            place: place.clone(),
        });
        self.len += place.len();
        Ok(())
    }

    /// Adds other blocks after these.
    pub(super) fn append(&mut self, mut other: Self) {
        for block in &mut other.blocks {
            block.offset += self.len as u64;
            block.buffer += self.buffers.len();
        }
        self.len += std::mem::take(&mut other.len);
        self.buffers.append(&mut other.buffers);
        self.blocks.append(&mut other.blocks);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// The bytes of all blocks, in parts.
    pub(super) fn buffers(&self) -> &[Vec<u8>] {
        &self.buffers
    }

    pub(super) fn blocks(&self) -> &[PreparedBlock] {
        &self.blocks
    }

    pub(super) fn bytes_of(&self, block: &PreparedBlock) -> &[u8] {
        &self.buffers[block.buffer][block.place.clone()]
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        if let Some(mut buffer) = self.buffers.pop()
            && buffer.capacity() <= LARGEST_KEPT
        {
            buffer.clear();
            BUFFER.set(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::BlockView;
    use crate::{NodeId, NodeRow, Owner};

    fn block(file: &str, name: &str) -> BlockBuilder {
        let mut builder = BlockBuilder::new(Owner::new(file, ""));
        builder.push_node(NodeRow {
            id: NodeId(1),
            semantic_id: "",
            node_type: "N",
            name,
            file,
            exported: false,
            metadata: "",
        });
        builder
    }

    #[test]
    fn blocks_lie_one_after_the_other() {
        let long = "x".repeat(LONG_ENOUGH);
        let (mut all, mut more) = (Prepared::default(), Prepared::default());
        all.push(block("a", "a"), None).unwrap();
        all.push(block("b", &long), Some(7)).unwrap();
        all.push(block("c", "c"), None).unwrap();
        more.push(block("d", "d"), None).unwrap();
        all.append(more);
        let whole = all.buffers().concat();
        let files: Vec<&str> = (all.blocks().iter())
            .map(|block| {
                let bytes = all.bytes_of(block);
                let start = block.offset as usize;
                assert_eq!(&whole[start..start + bytes.len()], bytes);
                let checksum = BlockView::stored_checksum(bytes).unwrap();
                assert!(BlockView::is_intact(bytes, checksum));
                &*block.file
            })
            .collect();
        assert_eq!(files, ["a", "b", "c", "d"]);
        assert_eq!(all.blocks()[1].id, Some(7));
    }
}
