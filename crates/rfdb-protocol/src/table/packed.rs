//! Rows as one string of bytes: how our own clients send a batch to a server that says it understands this.
//!
//! A map per row with ids as decimal text is what old clients send; to write and to read one costs several times what storing
//! the row does. Here the tables travel about as they lie in memory. All numbers are little endian:
//!
//! | part | contents |
//! |---|---|
//! | nodes | count u32, types, files, rows, texts |
//! | edges | count u32, types, rows, texts |
//! | types, files | count u32, then of each: length u32, UTF-8 |
//! | node row | id 16 bytes; lengths of semantic id, name and metadata, type, file: u32; exported: a byte, 0 or 1 |
//! | edge row | source and target 16 bytes each; type, length of metadata: u32 |
//! | texts | length u64, then the texts of all rows one after the other |

use super::{EdgeRow, EdgeTable, NodeRow, NodeTable, Symbols};

/// Bytes of a node row.
const NODE: usize = 16 + 5 * 4 + 1;
/// Bytes of an edge row.
const EDGE: usize = 2 * 16 + 2 * 4;

/// Why bytes are no packed rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("packed rows are cut off")]
    CutOff,
    #[error("packed rows have bytes behind them")]
    Trailing,
    #[error("a text of packed rows is not UTF-8")]
    NotText,
    #[error("a packed row names a type or a file that is not listed")]
    UnknownSymbol,
    #[error("the texts of packed rows are not as long as the rows say")]
    WrongLengths,
}

fn put_number(out: &mut Vec<u8>, number: usize) {
    // Counts and lengths of single texts are below 2^32, see `length` and `Symbols::number`.
    out.extend_from_slice(&(number as u32).to_le_bytes());
}

fn put_symbols(out: &mut Vec<u8>, symbols: &Symbols) {
    put_number(out, symbols.texts.len());
    for text in &symbols.texts {
        put_number(out, text.len());
        out.extend_from_slice(text.as_bytes());
    }
}

fn put_texts(out: &mut Vec<u8>, texts: &str) {
    out.extend_from_slice(&(texts.len() as u64).to_le_bytes());
    out.extend_from_slice(texts.as_bytes());
}

/// Appends the rows of two tables.
pub(crate) fn put(out: &mut Vec<u8>, nodes: &NodeTable, edges: &EdgeTable) {
    let rows = nodes.rows.len() * NODE + edges.rows.len() * EDGE;
    out.reserve(rows + nodes.texts.len() + edges.texts.len() + 256);
    put_number(out, nodes.rows.len());
    put_symbols(out, &nodes.types);
    put_symbols(out, &nodes.files);
    let mut end = 0;
    for row in &nodes.rows {
        let mut bytes = [0; NODE];
        bytes[..16].copy_from_slice(&row.id.to_le_bytes());
        let numbers = [
            row.semantic_id,
            row.name,
            row.metadata,
            row.node_type,
            row.file,
        ];
        for (bytes, number) in bytes[16..NODE - 1].chunks_exact_mut(4).zip(numbers) {
            bytes.copy_from_slice(&number.to_le_bytes());
        }
        bytes[NODE - 1] = u8::from(row.exported);
        out.extend_from_slice(&bytes);
        end = row.text + row.semantic_id as usize + row.name as usize + row.metadata as usize;
    }
    put_texts(out, &nodes.texts[..end]);
    put_number(out, edges.rows.len());
    put_symbols(out, &edges.types);
    let mut end = 0;
    for row in &edges.rows {
        let mut bytes = [0; EDGE];
        bytes[..16].copy_from_slice(&row.src.to_le_bytes());
        bytes[16..32].copy_from_slice(&row.dst.to_le_bytes());
        bytes[32..36].copy_from_slice(&row.edge_type.to_le_bytes());
        bytes[36..].copy_from_slice(&row.metadata.to_le_bytes());
        out.extend_from_slice(&bytes);
        end = row.text + row.metadata as usize;
    }
    put_texts(out, &edges.texts[..end]);
}

/// What is left to read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(Malformed::CutOff)?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<usize, Malformed> {
        self.take(4).map(|bytes| u32_at(bytes, 0) as usize)
    }

    fn text(&mut self, len: usize) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.take(len)?).map_err(|_| Malformed::NotText)
    }

    fn texts(&mut self) -> Result<&'a str, Malformed> {
        let len = self.take(8)?.try_into().map(u64::from_le_bytes);
        let len = usize::try_from(len.unwrap_or(u64::MAX)).map_err(|_| Malformed::CutOff)?;
        self.text(len)
    }

    /// Reads symbols and what each listed number is in them.
    fn symbols(&mut self) -> Result<(Symbols, Vec<u32>), Malformed> {
        let mut symbols = Symbols::default();
        let mut numbers = Vec::new();
        for _ in 0..self.number()? {
            let len = self.number()?;
            numbers.push(symbols.number(self.text(len)?));
        }
        Ok((symbols, numbers))
    }

    fn rows(&mut self, count: usize, size: usize) -> Result<&'a [u8], Malformed> {
        self.take(count.checked_mul(size).ok_or(Malformed::CutOff)?)
    }
}

/// A number of a row, whose length was checked before.
fn u32_at(row: &[u8], at: usize) -> u32 {
    row.get(at..at + 4)
        .and_then(|bytes| bytes.try_into().ok())
        .map_or(0, u32::from_le_bytes)
}

fn u128_at(row: &[u8], at: usize) -> u128 {
    row.get(at..at + 16)
        .and_then(|bytes| bytes.try_into().ok())
        .map_or(0, u128::from_le_bytes)
}

/// The end of a text that begins at `start`.
fn text_end(texts: &str, start: usize, len: u32) -> Result<usize, Malformed> {
    let end = start
        .checked_add(len as usize)
        .ok_or(Malformed::WrongLengths)?;
    if texts.is_char_boundary(end) {
        Ok(end)
    } else {
        Err(Malformed::WrongLengths)
    }
}

fn known(symbols: &[u32], number: u32) -> Result<u32, Malformed> {
    symbols
        .get(number as usize)
        .copied()
        .ok_or(Malformed::UnknownSymbol)
}

fn nodes(rest: &mut Rest<'_>) -> Result<NodeTable, Malformed> {
    let count = rest.number()?;
    let (types, type_numbers) = rest.symbols()?;
    let (files, file_numbers) = rest.symbols()?;
    let packed = rest.rows(count, NODE)?;
    let texts = rest.texts()?;
    let mut rows = Vec::with_capacity(count);
    let mut text = 0;
    for bytes in packed.chunks_exact(NODE) {
        let row = NodeRow {
            id: u128_at(bytes, 0),
            text,
            semantic_id: u32_at(bytes, 16),
            name: u32_at(bytes, 20),
            metadata: u32_at(bytes, 24),
            node_type: known(&type_numbers, u32_at(bytes, 28))?,
            file: known(&file_numbers, u32_at(bytes, 32))?,
            exported: bytes[NODE - 1] != 0,
        };
        text = text_end(texts, text, row.semantic_id)?;
        text = text_end(texts, text, row.name)?;
        text = text_end(texts, text, row.metadata)?;
        rows.push(row);
    }
    if text != texts.len() {
        return Err(Malformed::WrongLengths);
    }
    Ok(NodeTable {
        rows,
        texts: texts.to_owned(),
        types,
        files,
    })
}

fn edges(rest: &mut Rest<'_>) -> Result<EdgeTable, Malformed> {
    let count = rest.number()?;
    let (types, type_numbers) = rest.symbols()?;
    let packed = rest.rows(count, EDGE)?;
    let texts = rest.texts()?;
    let mut rows = Vec::with_capacity(count);
    let mut text = 0;
    for bytes in packed.chunks_exact(EDGE) {
        let row = EdgeRow {
            src: u128_at(bytes, 0),
            dst: u128_at(bytes, 16),
            text,
            edge_type: known(&type_numbers, u32_at(bytes, 32))?,
            metadata: u32_at(bytes, 36),
        };
        text = text_end(texts, text, row.metadata)?;
        rows.push(row);
    }
    if text != texts.len() {
        return Err(Malformed::WrongLengths);
    }
    Ok(EdgeTable {
        rows,
        texts: texts.to_owned(),
        types,
        ..EdgeTable::default()
    })
}

/// Reads what [`put`] wrote.
pub(crate) fn take(bytes: &[u8]) -> Result<(NodeTable, EdgeTable), Malformed> {
    let mut rest = Rest(bytes);
    let tables = (nodes(&mut rest)?, edges(&mut rest)?);
    if rest.0.is_empty() {
        Ok(tables)
    } else {
        Err(Malformed::Trailing)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::table::{Edge, Node};

    fn tables() -> impl Strategy<Value = (NodeTable, EdgeTable)> {
        let text = || prop_oneof![Just(String::new()), "[a-cä\0]{1,4}"];
        let node = (any::<u128>(), text(), text(), text(), "[AB]", any::<bool>());
        let edge = (any::<u128>(), any::<u128>(), "[CD]?", text());
        (
            prop::collection::vec(node, 0..12),
            prop::collection::vec(edge, 0..12),
        )
            .prop_map(|(nodes, edges)| {
                let mut tables = (NodeTable::default(), EdgeTable::default());
                for (id, semantic_id, name, metadata, node_type, exported) in &nodes {
                    tables.0.push(Node {
                        id: *id,
                        semantic_id,
                        node_type,
                        name,
                        file: &semantic_id
                            [..semantic_id.len().min(1) * usize::from(semantic_id.is_ascii())],
                        exported: *exported,
                        metadata,
                    });
                }
                for (src, dst, edge_type, metadata) in &edges {
                    let (src, dst) = (*src, *dst);
                    tables.1.push(Edge {
                        src,
                        dst,
                        edge_type,
                        metadata,
                    });
                }
                tables
            })
    }

    fn packed(nodes: &NodeTable, edges: &EdgeTable) -> Vec<u8> {
        let mut bytes = Vec::new();
        put(&mut bytes, nodes, edges);
        bytes
    }

    proptest! {
        #[test]
        fn rows_come_back((nodes, mut edges) in tables(), keep in 0..12_usize) {
            prop_assert_eq!(take(&packed(&nodes, &edges)).unwrap(), (nodes.clone(), edges.clone()));
            edges.truncate(keep);
            prop_assert_eq!(take(&packed(&nodes, &edges)).unwrap(), (nodes, edges));
        }

        #[test]
        fn wrong_bytes_are_refused_or_readable(
            (nodes, edges) in tables(), at in any::<prop::sample::Index>(), value in any::<u8>(), cut in any::<prop::sample::Index>(),
        ) {
            let mut bytes = packed(&nodes, &edges);
            let at = at.index(bytes.len());
            bytes[at] = value;
            if let Ok((nodes, edges)) = take(&bytes) {
                // Reading every text would panic if one were not in its bounds.
                prop_assert_eq!(nodes.iter().count(), nodes.len());
                prop_assert_eq!(edges.iter().count(), edges.len());
            }
            let cut = cut.index(bytes.len());
            prop_assert!(take(&packed(&nodes, &edges)[..cut]).is_err());
        }
    }

    #[test]
    fn a_count_without_rows_allocates_nothing() {
        let mut bytes = packed(&NodeTable::default(), &EdgeTable::default());
        bytes[..4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(take(&bytes), Err(Malformed::CutOff));
        bytes.push(0);
        bytes[..4].copy_from_slice(&[0; 4]);
        assert_eq!(take(&bytes), Err(Malformed::Trailing));
    }
}
