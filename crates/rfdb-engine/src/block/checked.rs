//! A block that was read before.

use super::{BlockView, Layout};
use crate::storage::Bytes;

/// A block whose checksum was found right. Keeping where its columns are saves a reader the header, and with it one of the
/// cache misses that the reading of a single row consists of; keeping whether its strings are text saves the check of each.
#[derive(Debug)]
pub(crate) struct CheckedBlock {
    bytes: Bytes,
    layout: Layout,
    /// The string bytes as a whole are UTF-8.
    is_text: bool,
}

impl CheckedBlock {
    /// Checks a block. The error says what is wrong.
    pub(crate) fn read(bytes: Bytes, checksum: u32) -> Result<Self, &'static str> {
        if !BlockView::is_intact(&bytes, checksum) {
            return Err("the checksum of a block does not match");
        }
        let layout = Layout::read(&bytes).ok_or("columns of a block are inconsistent")?;
        let is_text = std::str::from_utf8(layout.string_area(&bytes)).is_ok();
        Ok(Self {
            bytes,
            layout,
            is_text,
        })
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    #[inline]
    pub(crate) fn view(&self) -> BlockView<'_> {
        BlockView {
            bytes: &self.bytes,
            layout: self.layout,
            is_text: self.is_text,
        }
    }
}
