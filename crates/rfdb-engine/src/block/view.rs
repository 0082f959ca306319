//! Reading a block in place.

use std::borrow::Cow;

use super::{HEADER, MAGIC, flag, semantic_id, width};
use crate::codec::{Cursor, Packed, id_at, u32_at};
use crate::{Edge, Node, NodeId, Owner, metadata};

/// A block in its bytes. `None` from any accessor means that the bytes are wrong.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BlockView<'a> {
    pub(crate) nodes: usize,
    pub(crate) external: usize,
    pub(crate) edges: usize,
    pub(crate) strings: usize,
    pub(crate) types: usize,
    owner: (u32, u32),
    only_file: u32,
    ids: &'a [u8],
    node_types: Packed<'a>,
    node_files: Option<Packed<'a>>,
    node_names: Packed<'a>,
    node_ends: Packed<'a>,
    edge_src: Packed<'a>,
    edge_dst: Packed<'a>,
    edge_types: Packed<'a>,
    edge_ends: Packed<'a>,
    type_strings: Packed<'a>,
    string_ends: Packed<'a>,
    node_payload: &'a [u8],
    edge_payload: &'a [u8],
    string_bytes: &'a [u8],
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
    #[inline]
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let header: &[u8; HEADER] = bytes.first_chunk()?;
        if header[..4] != MAGIC {
            return None;
        }
        let number = |index: usize| u32_at(header, 8 + index * 4).map(|n| n as usize);
        if number(0)? != bytes.len() {
            return None;
        }
        let (nodes, external, edges) = (number(1)?, number(2)?, number(3)?);
        let (strings, types) = (number(4)?, number(5)?);
        let widths = &header[52..62];
        let mut cursor = Cursor::new(&bytes[HEADER..]);
        let ids = cursor.take((nodes + external) * 16)?;
        let mut column = |count: usize, which: usize| {
            let width = widths[which];
            Packed::new(cursor.take(count * usize::from(width))?, width)
        };
        let node_types = column(nodes, width::NODE_TYPE)?;
        let node_files = column(nodes, width::NODE_FILE)?;
        let node_names = column(nodes, width::NODE_NAME)?;
        let node_ends = column(nodes, width::NODE_END)?;
        let edge_src = column(edges, width::EDGE_SRC)?;
        let edge_dst = column(edges, width::EDGE_DST)?;
        let edge_types = column(edges, width::EDGE_TYPE)?;
        let edge_ends = column(edges, width::EDGE_END)?;
        let type_strings = column(types, width::TYPE)?;
        let string_ends = column(strings, width::STRING_END)?;
        Some(Self {
            nodes,
            external,
            edges,
            strings,
            types,
            owner: (number(6)? as u32, number(7)? as u32),
            only_file: number(10)? as u32,
            ids,
            node_types,
            node_files: (widths[width::NODE_FILE] != 0).then_some(node_files),
            node_names,
            node_ends,
            edge_src,
            edge_dst,
            edge_types,
            edge_ends,
            type_strings,
            string_ends,
            node_payload: cursor.take(number(8)?)?,
            edge_payload: cursor.take(number(9)?)?,
            string_bytes: cursor.take(bytes.len().checked_sub(
                HEADER
                    + ids.len()
                    + number(8)?
                    + number(9)?
                    + nodes * widths[..4].iter().map(|&w| usize::from(w)).sum::<usize>()
                    + edges * widths[4..8].iter().map(|&w| usize::from(w)).sum::<usize>()
                    + types * usize::from(widths[width::TYPE])
                    + strings * usize::from(widths[width::STRING_END]),
            )?)?,
        })
    }

    pub(crate) fn owner(&self) -> Option<Owner<'a>> {
        Some(Owner {
            file: self.string(self.owner.0)?,
            context: self.string(self.owner.1)?,
        })
    }

    #[inline]
    fn string_bytes(&self, number: u32) -> Option<&'a [u8]> {
        let number = number as usize;
        if number >= self.strings {
            return None;
        }
        let start = if number == 0 {
            0
        } else {
            self.string_ends.get(number - 1)?
        };
        let end = self.string_ends.get(number)?;
        self.string_bytes.get(start as usize..end as usize)
    }

    #[inline]
    pub(crate) fn string(&self, number: u32) -> Option<&'a str> {
        std::str::from_utf8(self.string_bytes(number)?).ok()
    }

    /// All strings of the block, one after the other.
    pub(crate) fn all_strings(&self) -> &'a [u8] {
        self.string_bytes
    }

    /// Id of a slot: nodes by row, then ids of nodes outside.
    #[inline]
    pub(crate) fn slot_id(&self, slot: usize) -> Option<NodeId> {
        id_at(self.ids, slot * 16)
    }

    /// Ids of all slots, 16 bytes each, little endian.
    pub(crate) fn id_bytes(&self) -> &'a [u8] {
        self.ids
    }

    pub(crate) fn type_name(&self, code: u32) -> Option<&'a str> {
        self.string(self.type_strings.get(code as usize)?)
    }

    pub(crate) fn node_type_codes(&self) -> Packed<'a> {
        self.node_types
    }

    pub(crate) fn node_name_strings(&self) -> Packed<'a> {
        self.node_names
    }

    pub(crate) fn node_type(&self, row: usize) -> Option<&'a str> {
        self.type_name(self.node_types.get(row)?)
    }

    pub(crate) fn node_name(&self, row: usize) -> Option<&'a str> {
        self.string(self.node_names.get(row)?)
    }

    /// Number of the file string of a row.
    pub(crate) fn node_file_string(&self, row: usize) -> Option<u32> {
        match &self.node_files {
            Some(files) => files.get(row),
            None => Some(self.only_file),
        }
    }

    pub(crate) fn node_file(&self, row: usize) -> Option<&'a str> {
        self.string(self.node_file_string(row)?)
    }

    /// Number of the file string of all rows, if they have the same.
    pub(crate) fn only_file(&self) -> Option<u32> {
        self.node_files.is_none().then_some(self.only_file)
    }

    fn payload(&self, ends: &Packed<'a>, all: &'a [u8], row: usize) -> Option<Cursor<'a>> {
        let start = if row == 0 { 0 } else { ends.get(row - 1)? };
        Some(Cursor::new(
            all.get(start as usize..ends.get(row)? as usize)?,
        ))
    }

    pub(crate) fn node_exported(&self, row: usize) -> Option<bool> {
        Some(
            self.payload(&self.node_ends, self.node_payload, row)?
                .u8()?
                & flag::EXPORTED
                != 0,
        )
    }

    fn metadata(&self, cursor: &mut Cursor<'_>) -> Option<String> {
        let template = self.string_bytes(cursor.varint32()?)?;
        let mut out = String::with_capacity(template.len() + 24);
        metadata::fill(template, cursor, |number| self.string(number), &mut out)?;
        Some(out)
    }

    /// Metadata text of a node.
    pub(crate) fn node_metadata(&self, row: usize) -> Option<Cow<'a, str>> {
        let mut cursor = self.payload(&self.node_ends, self.node_payload, row)?;
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

    pub(crate) fn node(&self, row: usize) -> Option<Node<'a>> {
        if row >= self.nodes {
            return None;
        }
        let mut cursor = self.payload(&self.node_ends, self.node_payload, row)?;
        let flags = cursor.u8()?;
        let (node_type, name, file) = (
            self.node_type(row)?,
            self.node_name(row)?,
            self.node_file(row)?,
        );
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
        let metadata = if flags & flag::METADATA != 0 {
            Cow::Owned(self.metadata(&mut cursor)?)
        } else {
            Cow::Borrowed("")
        };
        Some(Node {
            id: self.slot_id(row)?,
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
            self.edge_src.get(row)?,
            self.edge_dst.get(row)?,
            self.edge_types.get(row)?,
        ))
    }

    /// Calls with number, source slot, target slot and type code of all edges.
    pub(crate) fn for_each_edge(&self, mut f: impl FnMut(usize, u32, u32, u32)) -> Option<()> {
        for row in 0..self.edges {
            let (src, dst, code) = self.edge_key(row)?;
            f(row, src, dst, code);
        }
        Some(())
    }

    /// Metadata text of an edge.
    pub(crate) fn edge_metadata(&self, row: usize) -> Option<Cow<'a, str>> {
        let mut cursor = self.payload(&self.edge_ends, self.edge_payload, row)?;
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
