//! Where the columns of a block are.

use super::{HEADER, MAGIC, width};
use crate::codec::u32_at;

/// Places of the parts of a block, as its header gives them. Readers keep it, so that a row is found without the header.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    /// Node rows.
    pub(crate) nodes: usize,
    /// Ids that are not of a node of the block.
    pub(crate) external: usize,
    /// Edge rows.
    pub(crate) edges: usize,
    /// Strings.
    pub(crate) strings: usize,
    /// Types.
    pub(crate) types: usize,
    /// Strings of the owner's file and context.
    pub(super) owner: (u32, u32),
    /// String of the file of all nodes, if they have the same.
    pub(super) only_file: u32,
    /// Where each column begins.
    pub(super) columns: [u32; width::COUNT],
    /// Bytes of a number of each column.
    pub(super) widths: [u8; width::COUNT],
    pub(super) node_payload: u32,
    pub(super) edge_payload: u32,
    pub(super) string_bytes: u32,
    pub(super) end: u32,
}

impl Layout {
    /// Reads the header. `None` unless the parts that it announces fill the bytes exactly, so all of them lie within.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let header: &[u8; HEADER] = bytes.first_chunk()?;
        if header[..4] != MAGIC {
            return None;
        }
        let number = |index: usize| u32_at(header, 8 + index * 4);
        let end = number(0)?;
        if end as usize != bytes.len() {
            return None;
        }
        let (nodes, external, edges) = (number(1)?, number(2)?, number(3)?);
        let (strings, types) = (number(4)?, number(5)?);
        let mut widths = [0; width::COUNT];
        widths.copy_from_slice(&header[52..52 + width::COUNT]);
        if widths.iter().any(|width| !matches!(width, 0 | 1 | 2 | 4)) {
            return None;
        }
        let mut at = HEADER as u64 + (u64::from(nodes) + u64::from(external)) * 16;
        let mut columns = [0; width::COUNT];
        for (column, start) in columns.iter_mut().enumerate() {
            let rows = match column {
                width::NODE_TYPE..=width::NODE_END => nodes,
                width::EDGE_SRC..=width::EDGE_END => edges,
                width::TYPE => types,
                _ => strings,
            };
            *start = u32::try_from(at).ok()?;
            at += u64::from(rows) * u64::from(widths[column]);
        }
        let node_payload = u32::try_from(at).ok()?;
        let edge_payload = node_payload.checked_add(number(8)?)?;
        let string_bytes = edge_payload.checked_add(number(9)?)?;
        if string_bytes > end {
            return None;
        }
        Some(Self {
            nodes: nodes as usize,
            external: external as usize,
            edges: edges as usize,
            strings: strings as usize,
            types: types as usize,
            owner: (number(6)?, number(7)?),
            only_file: number(10)?,
            columns,
            widths,
            node_payload,
            edge_payload,
            string_bytes,
            end,
        })
    }

    /// The strings of the block, one after the other.
    pub(super) fn string_area<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        bytes
            .get(self.string_bytes as usize..self.end as usize)
            .unwrap_or_default()
    }
}
