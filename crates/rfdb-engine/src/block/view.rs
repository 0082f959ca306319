//! Reading a block in place.

use std::borrow::Cow;
use std::ops::Deref;

use super::{HEADER, Layout, flag, semantic_id, width};
use crate::codec::{Cursor, Packed, id_at, u32_at};
use crate::{Edge, Node, NodeId, Owner, metadata};

/// A block in its bytes. `None` from any accessor means that the bytes are wrong.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BlockView<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) layout: Layout,
    /// The string bytes as a whole were found to be UTF-8. Only [`super::CheckedBlock`] says so.
    pub(super) is_text: bool,
}

impl Deref for BlockView<'_> {
    type Target = Layout;

    fn deref(&self) -> &Layout {
        &self.layout
    }
}

impl<'a> BlockView<'a> {
    /// The checksum that the header of a block gives for the rest.
    pub(crate) fn stored_checksum(bytes: &[u8]) -> Option<u32> {
        u32_at(bytes, 4)
    }

    /// Whether the bytes are a whole block with the right checksum.
    pub(crate) fn is_intact(bytes: &[u8], checksum: u32) -> bool {
        bytes.len() >= HEADER
            && Self::stored_checksum(bytes) == Some(checksum)
            && crc32c::crc32c(&bytes[8..]) == checksum
    }

    /// Lays the columns over the bytes. The checksum is not looked at.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        Layout::read(bytes).map(|layout| Self {
            bytes,
            layout,
            is_text: false,
        })
    }

    /// A number of a column that has `rows` numbers.
    #[inline]
    fn cell(&self, column: usize, rows: usize, row: usize) -> Option<u32> {
        if row >= rows {
            return None;
        }
        let start = self.columns[column] as usize;
        match self.widths[column] {
            0 => Some(0),
            1 => self.bytes.get(start + row).map(|&byte| u32::from(byte)),
            2 => {
                let two = self.bytes.get(start + row * 2..)?.first_chunk::<2>()?;
                Some(u32::from(u16::from_le_bytes(*two)))
            }
            _ => u32_at(self.bytes, start + row * 4),
        }
    }

    /// A whole column of `rows` numbers.
    fn column(&self, column: usize, rows: usize) -> Packed<'a> {
        let (start, width) = (self.columns[column] as usize, self.widths[column]);
        let bytes = self.bytes.get(start..start + rows * usize::from(width));
        Packed::new(bytes.unwrap_or_default(), width)
    }

    /// Where entry `row` of a list begins and ends, by the column of ends.
    #[inline]
    fn span(&self, ends: usize, rows: usize, row: usize) -> Option<(usize, usize)> {
        let start = if row == 0 {
            0
        } else {
            self.cell(ends, rows, row - 1)?
        };
        Some((start as usize, self.cell(ends, rows, row)? as usize))
    }

    fn part(&self, start: u32, end: u32) -> &'a [u8] {
        self.bytes
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }

    pub(crate) fn owner(&self) -> Option<Owner<'a>> {
        Some(Owner {
            file: self.string(self.owner.0)?,
            context: self.string(self.owner.1)?,
        })
    }

    /// Where a string begins and ends in the string bytes.
    #[inline]
    fn string_span(&self, number: u32) -> Option<(usize, usize)> {
        self.span(width::STRING_END, self.strings, number as usize)
    }

    #[inline]
    pub(crate) fn string_bytes(&self, number: u32) -> Option<&'a [u8]> {
        let (start, end) = self.string_span(number)?;
        self.all_strings().get(start..end)
    }

    /// A part of the string bytes as text.
    #[inline]
    fn text_of(&self, (start, end): (usize, usize)) -> Option<&'a str> {
        let all = self.all_strings();
        if !self.is_text {
            return std::str::from_utf8(all.get(start..end)?).ok();
        }
        // SAFETY: `is_text` says that exactly these bytes were found to be UTF-8 when the block was first read, and the
        // bytes of a block never change. Measured: checking the strings of a node at each read takes an eighth of the
        // instructions of the read.
        let all = unsafe { std::str::from_utf8_unchecked(all) };
        all.get(start..end)
    }

    #[inline]
    pub(crate) fn string(&self, number: u32) -> Option<&'a str> {
        self.text_of(self.string_span(number)?)
    }

    /// Bytes of metadata of all edges.
    pub(crate) fn edge_payload_bytes(&self) -> usize {
        (self.string_bytes - self.edge_payload) as usize
    }

    /// All strings of the block, one after the other.
    pub(crate) fn all_strings(&self) -> &'a [u8] {
        self.layout.string_area(self.bytes)
    }

    /// Id of a slot: nodes by row, then ids of nodes outside.
    #[inline]
    pub(crate) fn slot_id(&self, slot: usize) -> Option<NodeId> {
        if slot >= self.nodes + self.external {
            return None;
        }
        id_at(self.bytes, HEADER + slot * 16)
    }

    /// Ids of all slots, 16 bytes each, little endian.
    pub(crate) fn id_bytes(&self) -> &'a [u8] {
        self.part(HEADER as u32, self.columns[width::NODE_TYPE])
    }

    pub(crate) fn type_name(&self, code: u32) -> Option<&'a str> {
        self.string(self.cell(width::TYPE, self.types, code as usize)?)
    }

    pub(crate) fn type_name_bytes(&self, code: u32) -> Option<&'a [u8]> {
        self.string_bytes(self.cell(width::TYPE, self.types, code as usize)?)
    }

    pub(crate) fn node_type_codes(&self) -> Packed<'a> {
        self.column(width::NODE_TYPE, self.nodes)
    }

    pub(crate) fn node_name_strings(&self) -> Packed<'a> {
        self.column(width::NODE_NAME, self.nodes)
    }

    pub(crate) fn node_type(&self, row: usize) -> Option<&'a str> {
        self.type_name(self.cell(width::NODE_TYPE, self.nodes, row)?)
    }

    pub(crate) fn node_name(&self, row: usize) -> Option<&'a str> {
        self.string(self.cell(width::NODE_NAME, self.nodes, row)?)
    }

    /// Number of the file string of a row.
    pub(crate) fn node_file_string(&self, row: usize) -> Option<u32> {
        match self.only_file() {
            Some(file) => Some(file),
            None => self.cell(width::NODE_FILE, self.nodes, row),
        }
    }

    pub(crate) fn node_file(&self, row: usize) -> Option<&'a str> {
        self.string(self.node_file_string(row)?)
    }

    /// Number of the file string of all rows, if they have the same.
    pub(crate) fn only_file(&self) -> Option<u32> {
        (self.widths[width::NODE_FILE] == 0).then_some(self.only_file)
    }

    #[inline]
    fn node_payload(&self, row: usize) -> Option<Cursor<'a>> {
        let (start, end) = self.span(width::NODE_END, self.nodes, row)?;
        let first = self.node_payload as usize;
        self.bytes
            .get(first + start..first + end)
            .filter(|_| first + end <= self.edge_payload as usize)
            .map(Cursor::new)
    }

    #[inline]
    fn edge_payload(&self, row: usize) -> Option<Cursor<'a>> {
        let (start, end) = self.span(width::EDGE_END, self.edges, row)?;
        let first = self.edge_payload as usize;
        self.bytes
            .get(first + start..first + end)
            .filter(|_| first + end <= self.string_bytes as usize)
            .map(Cursor::new)
    }

    pub(crate) fn node_exported(&self, row: usize) -> Option<bool> {
        Some(self.node_payload(row)?.u8()? & flag::EXPORTED != 0)
    }

    fn metadata(&self, cursor: &mut Cursor<'_>) -> Option<String> {
        let template = self.string_bytes(cursor.varint32()?)?;
        metadata::fill(template, cursor, |number| self.string_bytes(number))
    }

    /// Metadata text of a node.
    pub(crate) fn node_metadata(&self, row: usize) -> Option<Cow<'a, str>> {
        let mut cursor = self.node_payload(row)?;
        let flags = cursor.u8()?;
        if flags & flag::METADATA == 0 {
            return Some(Cow::Borrowed(""));
        }
        if flags & flag::TEXT != 0 {
            cursor.varint()?;
        }
        if flags & flag::NUMBER != 0 {
            cursor.varint()?;
        }
        Some(Cow::Owned(self.metadata(&mut cursor)?))
    }

    /// Begins to load the cache line of a byte that will be read soon.
    #[inline]
    fn touch(&self, at: u32) {
        std::hint::black_box(self.bytes.get(at as usize).copied());
    }

    /// A node. The time goes into waiting for memory, so what each step needs is asked for together: first the numbers of
    /// the row and the strings that most rows share, which are the first of the block, then what the numbers lead to.
    pub(crate) fn node(&self, row: usize) -> Option<Node<'a>> {
        self.node_of(self.slot_id(row)?, row)
    }

    /// As `node`, for a caller that knows the id.
    pub(crate) fn node_of(&self, id: NodeId, row: usize) -> Option<Node<'a>> {
        self.touch(self.columns[width::TYPE]);
        self.touch(self.string_bytes);
        self.touch(self.string_bytes + 64);
        let code = self.cell(width::NODE_TYPE, self.nodes, row)?;
        let name = self.cell(width::NODE_NAME, self.nodes, row)?;
        let file = self.node_file_string(row)?;
        let mut cursor = self.node_payload(row)?;
        let node_type = self.cell(width::TYPE, self.types, code as usize)?;
        let (name, file) = (self.string_span(name)?, self.string_span(file)?);
        let node_type = self.string_span(node_type)?;
        let flags = cursor.u8()?;
        let text = if flags & flag::TEXT != 0 {
            self.string(cursor.varint32()?)?
        } else {
            ""
        };
        let number = if flags & flag::NUMBER != 0 {
            cursor.varint()?
        } else {
            0
        };
        let (name, file) = (self.text_of(name)?, self.text_of(file)?);
        let node_type = self.text_of(node_type)?;
        let metadata = if flags & flag::METADATA != 0 {
            Cow::Owned(self.metadata(&mut cursor)?)
        } else {
            Cow::Borrowed("")
        };
        let semantic_id = if flags & (flag::PREFIX | flag::NAME | flag::NUMBER) == 0 {
            Cow::Borrowed(text)
        } else {
            Cow::Owned(semantic_id::join(
                &semantic_id::Parts {
                    flags,
                    text,
                    number,
                },
                file,
                node_type,
                name,
            ))
        };
        Some(Node {
            id,
            semantic_id,
            node_type,
            name,
            file,
            exported: flags & flag::EXPORTED != 0,
            metadata,
        })
    }

    /// Slots of source and target and the type code of an edge.
    #[inline]
    pub(crate) fn edge_key(&self, row: usize) -> Option<(u32, u32, u32)> {
        Some((
            self.cell(width::EDGE_SRC, self.edges, row)?,
            self.cell(width::EDGE_DST, self.edges, row)?,
            self.cell(width::EDGE_TYPE, self.edges, row)?,
        ))
    }

    /// Reads source slots, target slots and type codes of all edges in place of what the columns hold.
    pub(crate) fn edge_columns(&self, columns: [&mut Vec<u32>; 3]) -> Option<()> {
        let which = [width::EDGE_SRC, width::EDGE_DST, width::EDGE_TYPE];
        for (which, values) in which.into_iter().zip(columns) {
            values.clear();
            self.column(which, self.edges).read(self.edges, values)?;
        }
        Some(())
    }

    /// Metadata text of an edge.
    pub(crate) fn edge_metadata(&self, row: usize) -> Option<Cow<'a, str>> {
        let mut cursor = self.edge_payload(row)?;
        if cursor.is_empty() {
            return Some(Cow::Borrowed(""));
        }
        Some(Cow::Owned(self.metadata(&mut cursor)?))
    }

    pub(crate) fn edge(&self, row: usize) -> Option<Edge<'a>> {
        if row >= self.edges {
            return None;
        }
        let (src, dst, code) = self.edge_key(row)?;
        Some(Edge {
            src: self.slot_id(src as usize)?,
            dst: self.slot_id(dst as usize)?,
            edge_type: self.type_name(code)?,
            metadata: self.edge_metadata(row)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::BlockBuilder;
    use crate::{EdgeRow, NodeRow};
    use proptest::prelude::*;

    type OwnedNode = (u128, String, String, String, String, bool, String);

    fn metadata_text() -> impl Strategy<Value = String> {
        prop_oneof![
            Just(String::new()),
            any::<(i64, String)>()
                .prop_map(|(n, s)| serde_json::json!({"n": n, "s": s, "k": "let"}).to_string()),
        ]
    }

    fn node() -> impl Strategy<Value = OwnedNode> {
        (
            0..6u128,
            prop_oneof!["[a-c]{0,3}", any::<String>(), Just("f->T->n#3".to_owned())],
            prop_oneof![Just("T".to_owned()), any::<String>()],
            prop_oneof![Just("n".to_owned()), any::<String>()],
            prop_oneof![Just("f".to_owned()), any::<String>()],
            any::<bool>(),
            metadata_text(),
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn rows_come_back(
            nodes in prop::collection::vec(node(), 0..12),
            edges in prop::collection::vec((0..9u128, 0..9u128, "[A-B]{0,1}", metadata_text()), 0..12),
        ) {
            let mut builder = BlockBuilder::new(Owner::new("f", "c"));
            for (id, semantic_id, node_type, name, file, exported, metadata) in &nodes {
                builder.push_node(NodeRow { id: NodeId(*id), semantic_id, node_type, name, file, exported: *exported, metadata });
            }
            for (src, dst, edge_type, metadata) in &edges {
                builder.push_edge(EdgeRow { src: NodeId(*src), dst: NodeId(*dst), edge_type, metadata });
            }
            let bytes = builder.finish().unwrap();
            prop_assert!(BlockView::is_intact(&bytes, BlockView::stored_checksum(&bytes).unwrap()));
            let view = BlockView::parse(&bytes).unwrap();
            prop_assert_eq!(view.owner().unwrap(), Owner::new("f", "c"));
            prop_assert_eq!((view.nodes, view.edges), (nodes.len(), edges.len()));
            for (row, (id, semantic_id, node_type, name, file, exported, metadata)) in nodes.iter().enumerate() {
                let expected = NodeRow { id: NodeId(*id), semantic_id, node_type, name, file, exported: *exported, metadata };
                let node = view.node(row).unwrap();
                prop_assert_eq!(node.as_row(), expected);
                prop_assert_eq!(view.node_metadata(row).unwrap(), metadata.as_str());
                prop_assert_eq!(view.node_exported(row).unwrap(), *exported);
            }
            for (row, (src, dst, edge_type, metadata)) in edges.iter().enumerate() {
                let expected = EdgeRow { src: NodeId(*src), dst: NodeId(*dst), edge_type, metadata };
                let edge = view.edge(row).unwrap();
                prop_assert_eq!(edge.as_row(), expected);
            }
        }

        #[test]
        fn wrong_bytes_do_not_panic(at in any::<prop::sample::Index>(), value in any::<u8>(), cut in any::<prop::sample::Index>()) {
            let mut builder = BlockBuilder::new(Owner::new("f", "c"));
            for id in 0..5 {
                builder.push_node(NodeRow {
                    id: NodeId(id), semantic_id: "f->T->n#1", node_type: "T", name: "n", file: "f", exported: true,
                    metadata: r#"{"a":1,"b":"x"}"#,
                });
                builder.push_edge(EdgeRow { src: NodeId(id), dst: NodeId(id + 1), edge_type: "E", metadata: r#"{"a":1}"# });
            }
            let mut bytes = builder.finish().unwrap();
            let at = at.index(bytes.len());
            bytes[at] = value;
            let cut = cut.index(bytes.len());
            for bytes in [&bytes[..], &bytes[..cut]] {
                if let Some(view) = BlockView::parse(bytes) {
                    let _ = view.owner();
                    (0..view.nodes.min(10)).for_each(|row| drop(view.node(row)));
                    (0..view.edges.min(10)).for_each(|row| drop(view.edge(row)));
                }
            }
        }
    }

    #[test]
    fn h10c_a_string_number_out_of_range_is_no_string() {
        let mut builder = BlockBuilder::new(Owner::new("f", "c"));
        builder.push_node(NodeRow {
            id: NodeId(1),
            semantic_id: "",
            node_type: "T",
            name: "n",
            file: "f",
            exported: false,
            metadata: "",
        });
        let mut bytes = builder.finish().unwrap();
        let name = Layout::read(&bytes).unwrap().columns[width::NODE_NAME] as usize;
        bytes[name] = 0xff;
        let view = BlockView::parse(&bytes).unwrap();
        assert_eq!((view.node(0), view.node_name(0)), (None, None));
        // Also when the checksum says that the bytes are right.
        let checksum = crc32c::crc32c(&bytes[8..]);
        bytes[4..8].copy_from_slice(&checksum.to_le_bytes());
        let block = crate::block::CheckedBlock::read(bytes.into(), checksum).unwrap();
        assert_eq!(block.view().node(0), None);
    }

    #[test]
    fn metadata_must_be_an_object() {
        for text in ["1", "[]", "{", "null"] {
            let mut builder = BlockBuilder::new(Owner::new("f", ""));
            builder.push_edge(EdgeRow {
                src: NodeId(1),
                dst: NodeId(2),
                edge_type: "E",
                metadata: text,
            });
            assert!(
                matches!(builder.finish(), Err(crate::Error::InvalidMetadata { .. })),
                "{text}"
            );
        }
    }
}
