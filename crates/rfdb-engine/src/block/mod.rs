//! Blocks: all rows that one owner wrote in one commit, as columns. The layout is in FORMAT.md, "Block".

mod build;
mod checked;
mod coded;
mod layout;
mod memo;
mod semantic_id;
mod slots;
mod view;

pub(crate) use build::BlockBuilder;
pub(crate) use checked::CheckedBlock;
use layout::Layout;
pub(crate) use view::BlockView;

/// First bytes of a block.
const MAGIC: [u8; 4] = *b"RFB1";
/// Bytes before the columns.
const HEADER: usize = 64;
/// Greatest size of a block; numbers within a block are 32 bits.
pub(crate) const MAX_BLOCK: usize = 1 << 31;

/// Order of the column widths in the header.
mod width {
    pub(super) const NODE_TYPE: usize = 0;
    pub(super) const NODE_FILE: usize = 1;
    pub(super) const NODE_NAME: usize = 2;
    pub(super) const NODE_END: usize = 3;
    pub(super) const EDGE_SRC: usize = 4;
    pub(super) const EDGE_DST: usize = 5;
    pub(super) const EDGE_TYPE: usize = 6;
    pub(super) const EDGE_END: usize = 7;
    pub(super) const TYPE: usize = 8;
    pub(super) const STRING_END: usize = 9;
    /// Number of columns.
    pub(super) const COUNT: usize = 10;
}

/// Bits of the first byte of a node's payload.
mod flag {
    pub(super) const EXPORTED: u8 = 1;
    pub(super) const METADATA: u8 = 2;
    /// The semantic id is `file->TYPE->` and the rest.
    pub(super) const PREFIX: u8 = 4;
    /// The rest begins with the name.
    pub(super) const NAME: u8 = 8;
    /// What is left ends in `#` and a number.
    pub(super) const NUMBER: u8 = 16;
    /// What is left besides is a string of the dictionary; otherwise nothing is left.
    pub(super) const TEXT: u8 = 32;
}
