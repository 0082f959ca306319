//! Blocks that are encoded and not yet written.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

use crate::Result;
use crate::block::BlockBuilder;

/// Room of a buffer. A block that may need more than is left begins a new one, so that none need grow.
const ROOM: usize = 256 << 10;
/// So many buffers of a thread wait for its next commit: as many as a usual one fills.
const POOL: usize = 2;

thread_local! {
    /// Buffers whose memory is used again: it is warm, and what is new has to be cleared first.
    static BUFFERS: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
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
        let most = builder.most_bytes();
        let has_room = |buffer: &Vec<u8>| buffer.capacity() - buffer.len() >= most;
        if !self.buffers.last().is_some_and(has_room) {
            let known = (most <= ROOM).then(|| BUFFERS.with_borrow_mut(Vec::pop));
            let new = || Vec::with_capacity(most.max(ROOM));
            self.buffers.push(known.flatten().unwrap_or_else(new));
        }
        let (nodes, edges) = builder.row_counts();
        let owner = builder.owner();
        let (file, context) = (owner.file.into(), owner.context.into());
        let number = self.buffers.len() - 1;
        let buffer = &mut self.buffers[number];
        let start = buffer.len();
        builder.finish_into(buffer)?;
        let place = start..buffer.len();
        debug_assert!(place.len() <= most, "{} of {most} bytes", place.len());
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
        BUFFERS.with_borrow_mut(|buffers| {
            for mut buffer in self.buffers.drain(..) {
                if buffers.len() < POOL && (ROOM..=ROOM * 2).contains(&buffer.capacity()) {
                    buffer.clear();
                    buffers.push(buffer);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::BlockView;
    use crate::{NodeId, NodeRow, Owner};

    fn block(file: &str, name: &str) -> BlockBuilder {
        let mut builder = BlockBuilder::new(Owner::new(file, "context"));
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
        let long = "x".repeat(ROOM);
        let (mut all, mut more) = (Prepared::default(), Prepared::default());
        all.push(block("a", "a"), None).unwrap();
        let most = block("b", &long).most_bytes();
        all.push(block("b", &long), Some(7)).unwrap();
        // It has a buffer that was made for it and did not grow.
        assert_eq!(all.buffers()[1].capacity(), most);
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
