//! The graph as JSON lines: first nodes by id, then edges by source, destination and type.
//!
//! ```text
//! {"kind":"node","id","type","name","file","line","column","endLine","endColumn","exported","metadata":{…}}
//! {"kind":"edge","type","src","dst","metadata":{…}}
//! ```
//!
//! `id`, `src` and `dst` are semantic ids. Nodes without a file have no position. Equal graphs give equal bytes.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};

use rayon::prelude::*;
use rfdb_protocol::{EdgeTable, Node, NodeTable};
use rustc_hash::FxHashMap;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::{Store, StoreError};

/// Rows that are rendered together by one thread.
const CHUNK: usize = 4096;
/// Chunks that are held before they are written.
const CHUNKS: usize = 32;

/// What ended an export.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The database refused something.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The output cannot be written.
    #[error("cannot write the export: {0}")]
    Write(#[from] io::Error),
    /// A row of the database has metadata that is no JSON object.
    #[error("the metadata of {id} is not a JSON object: {source}")]
    Metadata {
        /// Id of the node, or source of the edge.
        id: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exported {
    /// Node lines.
    pub nodes: u64,
    /// Edge lines.
    pub edges: u64,
}

/// Writes all of a store as JSON lines.
///
/// # Errors
/// [`ExportError`].
pub fn export_jsonl(store: &dyn Store, out: &mut dyn Write) -> Result<Exported, ExportError> {
    let mut nodes = NodeTable::default();
    store.scan_nodes(&mut |page| nodes.extend(page))?;
    // The texts stand beside the row numbers, so that sorting does not look for them.
    let mut order: Vec<(&str, u32)> = (0..)
        .zip(nodes.iter())
        .map(|(i, node)| (node.semantic_id, i))
        .collect();
    let row = |i: u32| nodes.get(i as usize).unwrap_or_default();
    order.par_sort_unstable_by(|a, b| a.0.cmp(b.0).then_with(|| row(a.1).id.cmp(&row(b.1).id)));
    write_chunks(&order, out, |&(_, i), line| write_node(line, &row(i)))?;
    let ranks: FxHashMap<u128, u32> = (0..)
        .zip(&order)
        .map(|(rank, &(_, i))| (row(i).id, rank))
        .collect();
    let edges = write_edges(store, out, &ranks, |rank| match order[rank as usize] {
        ("", i) => row(i).id.to_string().into(),
        (text, _) => text.into(),
    })?;
    out.flush()?;
    Ok(Exported {
        nodes: order.len() as u64,
        edges,
    })
}

/// An edge with its ends as ranks of nodes, so that sorting compares numbers.
struct EdgeKey {
    src: u32,
    dst: u32,
    row: u32,
}

fn write_edges<'n>(
    store: &dyn Store,
    out: &mut dyn Write,
    ranks: &FxHashMap<u128, u32>,
    id: impl Fn(u32) -> Cow<'n, str> + Sync,
) -> Result<u64, ExportError> {
    let mut edges = EdgeTable::default();
    store.scan_edges(&mut |page| edges.extend(page))?;
    // Ends that are no nodes come last, and are told apart by their numbers.
    let rank = |id: u128| ranks.get(&id).copied().unwrap_or(u32::MAX);
    let row = |i: u32| edges.get(i as usize).unwrap_or_default();
    let mut keys: Vec<EdgeKey> = (0..edges.len() as u32)
        .map(|i| {
            let edge = row(i);
            EdgeKey {
                src: rank(edge.src),
                dst: rank(edge.dst),
                row: i,
            }
        })
        .collect();
    keys.par_sort_unstable_by(|a, b| {
        (a.src, a.dst).cmp(&(b.src, b.dst)).then_with(|| {
            let (a, b) = (row(a.row), row(b.row));
            (a.edge_type, a.src, a.dst).cmp(&(b.edge_type, b.src, b.dst))
        })
    });
    write_chunks(&keys, out, |key, line| {
        let edge = row(key.row);
        let end = |rank: u32, number: u128| {
            if rank == u32::MAX {
                Cow::Owned(number.to_string())
            } else {
                id(rank)
            }
        };
        let (src, dst) = (end(key.src, edge.src), end(key.dst, edge.dst));
        line.extend_from_slice(b"{\"kind\":\"edge\",\"type\":");
        push_string(line, edge.edge_type);
        line.extend_from_slice(b",\"src\":");
        push_string(line, &src);
        line.extend_from_slice(b",\"dst\":");
        push_string(line, &dst);
        line.extend_from_slice(b",\"metadata\":");
        line.extend_from_slice(if edge.metadata.is_empty() {
            b"{}"
        } else {
            edge.metadata.as_bytes()
        });
        line.extend_from_slice(b"}\n");
        Ok(())
    })?;
    Ok(keys.len() as u64)
}

/// Renders rows on all threads and writes them in order.
fn write_chunks<T: Sync>(
    rows: &[T],
    out: &mut dyn Write,
    render: impl Fn(&T, &mut Vec<u8>) -> Result<(), ExportError> + Sync,
) -> Result<(), ExportError> {
    for window in rows.chunks(CHUNK * CHUNKS) {
        let rendered: Vec<Result<Vec<u8>, ExportError>> = window
            .par_chunks(CHUNK)
            .map(|chunk| {
                let mut lines = Vec::with_capacity(chunk.len() * 256);
                for row in chunk {
                    render(row, &mut lines)?;
                }
                Ok(lines)
            })
            .collect();
        for lines in rendered {
            out.write_all(&lines?)?;
        }
    }
    Ok(())
}

/// The semantic id; for nodes of foreign writers that have none, the number.
fn id_text<'n>(node: &Node<'n>) -> Cow<'n, str> {
    if node.semantic_id.is_empty() {
        node.id.to_string().into()
    } else {
        node.semantic_id.into()
    }
}

/// Keys of the metadata that stand beside it in the export.
const POSITION_KEYS: [&str; 4] = ["line", "column", "endLine", "endColumn"];

/// Appends the line of a node.
///
/// # Errors
/// [`ExportError::Metadata`].
pub fn write_node(line: &mut Vec<u8>, node: &Node<'_>) -> Result<(), ExportError> {
    let metadata = match node.metadata {
        "" => Entries(Vec::new()),
        text => serde_json::from_str(text).map_err(|source| ExportError::Metadata {
            id: id_text(node).into_owned(),
            source,
        })?,
    };
    line.extend_from_slice(b"{\"kind\":\"node\",\"id\":");
    push_string(line, &id_text(node));
    line.extend_from_slice(b",\"type\":");
    push_string(line, node.node_type);
    line.extend_from_slice(b",\"name\":");
    push_string(line, node.name);
    line.extend_from_slice(b",\"file\":");
    push_string(line, node.file);
    for key in POSITION_KEYS {
        if let Some((_, value)) = metadata.0.iter().find(|(k, _)| k == key) {
            line.push(b',');
            push_string(line, key);
            line.push(b':');
            line.extend_from_slice(value.get().as_bytes());
        }
    }
    line.extend_from_slice(if node.exported {
        b",\"exported\":true"
    } else {
        b",\"exported\":false"
    });
    line.extend_from_slice(b",\"metadata\":{");
    let mut first = true;
    for (key, value) in metadata
        .0
        .iter()
        .filter(|(key, _)| !POSITION_KEYS.contains(&&**key))
    {
        if !std::mem::take(&mut first) {
            line.push(b',');
        }
        push_string(line, key);
        line.push(b':');
        line.extend_from_slice(value.get().as_bytes());
    }
    line.extend_from_slice(b"}}\n");
    Ok(())
}

fn push_string(line: &mut Vec<u8>, text: &str) {
    if text.bytes().all(|b| b >= 0x20 && b != b'"' && b != b'\\') {
        line.push(b'"');
        line.extend_from_slice(text.as_bytes());
        line.push(b'"');
    } else {
        // Writing to a vector does not fail.
        let _ = serde_json::to_writer(&mut *line, text);
    }
}

/// The entries of a JSON object, in their order, with the values as text.
struct Entries<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntriesVisitor;
        impl<'de> Visitor<'de> for EntriesVisitor {
            type Value = Entries<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<'de>, A::Error> {
                let mut entries = Vec::with_capacity(16);
                while let Some(Key(key)) = map.next_key()? {
                    entries.push((key, map.next_value()?));
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(EntriesVisitor)
    }
}

/// A key that is borrowed where it holds no escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(key)))
            }
            fn visit_str<E>(self, key: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

#[cfg(test)]
mod tests {
    use rfdb_protocol::{Batch, Edge};

    use super::*;
    use crate::MemoryStore;

    #[test]
    fn rows_are_sorted_and_positions_stand_beside_the_metadata() {
        let mut batch = Batch::new();
        batch.owner("a.js", "analysis");
        let node = |id, semantic_id, metadata| Node {
            id,
            semantic_id,
            node_type: "FUNCTION",
            name: "f\"\n",
            file: "a.js",
            exported: id == 1,
            metadata,
        };
        batch.push_node(node(
            1,
            "b",
            r#"{"line":1,"column":0,"x":"li\"ne","endLine":2,"endColumn":3,"y":[1,{"line":7}]}"#,
        ));
        batch.push_node(node(2, "a", ""));
        for (src, dst, edge_type) in [
            (1, 2, "USES"),
            (1, 2, "CALLS"),
            (2, 99, "USES"),
            (2, 1, "USES"),
        ] {
            batch.push_edge(Edge {
                src,
                dst,
                edge_type,
                metadata: if dst == 1 { r#"{"k":1}"# } else { "" },
            });
        }
        let store = MemoryStore::new();
        store.load(&batch).unwrap();
        let mut out = Vec::new();
        assert_eq!(
            export_jsonl(&store, &mut out).unwrap(),
            Exported { nodes: 2, edges: 4 }
        );
        let expected = r#"{"kind":"node","id":"a","type":"FUNCTION","name":"f\"\n","file":"a.js","exported":false,"metadata":{}}
{"kind":"node","id":"b","type":"FUNCTION","name":"f\"\n","file":"a.js","line":1,"column":0,"endLine":2,"endColumn":3,"exported":true,"metadata":{"x":"li\"ne","y":[1,{"line":7}]}}
{"kind":"edge","type":"USES","src":"a","dst":"b","metadata":{"k":1}}
{"kind":"edge","type":"USES","src":"a","dst":"99","metadata":{}}
{"kind":"edge","type":"CALLS","src":"b","dst":"a","metadata":{}}
{"kind":"edge","type":"USES","src":"b","dst":"a","metadata":{}}
"#;
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn metadata_that_is_no_object_is_named() {
        let mut batch = Batch::new();
        batch.push_node(Node {
            id: 1,
            semantic_id: "a",
            metadata: "[]",
            ..Node::default()
        });
        let store = MemoryStore::new();
        store.load(&batch).unwrap();
        let error = export_jsonl(&store, &mut Vec::new())
            .unwrap_err()
            .to_string();
        assert!(error.contains("metadata of a"), "{error}");
    }
}
