//! Where a block is and what it holds.

use std::sync::Arc;

use crate::Owner;

/// Facts about a block, as the manifest and the index keep them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BlockDesc {
    /// Number of the block; later blocks have greater numbers and win over earlier ones.
    pub(crate) id: u64,
    /// Commit that wrote it.
    pub(crate) commit: u64,
    /// Segment file.
    pub(crate) segment: u32,
    /// Where it begins in the file.
    pub(crate) offset: u64,
    /// Bytes.
    pub(crate) len: u32,
    /// CRC-32C from byte 8 of the block on.
    pub(crate) checksum: u32,
    /// Node rows.
    pub(crate) nodes: u32,
    /// Edge rows.
    pub(crate) edges: u32,
    /// File of the owner.
    pub(crate) file: Arc<str>,
    /// Context of the owner.
    pub(crate) context: Arc<str>,
}

impl BlockDesc {
    pub(crate) fn owner(&self) -> Owner<'_> {
        Owner {
            file: &self.file,
            context: &self.context,
        }
    }

    pub(crate) fn rows(&self) -> u64 {
        u64::from(self.nodes) + u64::from(self.edges)
    }

    /// First byte after the block.
    pub(crate) fn end(&self) -> u64 {
        self.offset.saturating_add(u64::from(self.len))
    }
}
