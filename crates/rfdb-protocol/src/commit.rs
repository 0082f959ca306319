//! The commit of our own clients: `commitBatch` with the additional field `owner`.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, Error as _, Visitor};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use crate::batch::{Batch, Section};
use crate::table::{EdgeTable, NodeTable, packed};
use crate::wire;

/// A batch on its way into the database, with all that a commit can be told.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Commit {
    /// The records with their owners.
    pub batch: Batch,
    /// Leave the indexes to `rebuildIndexes`.
    pub defer_index: bool,
    /// Answer with what the commit changed. Computing it reads the graph before and after, so a bulk load does without;
    /// the answer's delta is empty then.
    pub want_delta: bool,
    /// The rows travel as one string of bytes: for a server whose handshake lists `packedRows`. Without effect in process.
    pub packed: bool,
    /// Set if the batch was cut because it exceeds a frame: the server puts the parts together and commits
    /// them at once when the last one is there.
    pub part: Option<Part>,
}

/// Which part of a cut batch a request carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// A name that the client gives the whole batch, unique on its connection.
    pub batch: String,
    /// Whether this is the last part.
    pub last: bool,
}

/// One owner on the wire; its rows are the next `nodes` and `edges` ones of the request's lists.
#[derive(Serialize, Deserialize)]
struct OwnerEntry<'a> {
    file: Cow<'a, str>,
    #[serde(default)]
    context: Cow<'a, str>,
    nodes: usize,
    edges: usize,
}

/// Rows on their way out, packed.
struct PackedRows<'a>(&'a NodeTable, &'a EdgeTable);

impl Serialize for PackedRows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::new();
        packed::put(&mut bytes, self.0, self.1);
        serializer.serialize_bytes(&bytes)
    }
}

/// Rows that came packed.
struct UnpackedRows(NodeTable, EdgeTable);

impl<'de> Deserialize<'de> for UnpackedRows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = UnpackedRows;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("packed rows")
            }
            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<UnpackedRows, E> {
                packed::take(bytes)
                    .map(|(nodes, edges)| UnpackedRows(nodes, edges))
                    .map_err(E::custom)
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}

/// Reads a value that may be absent but not nil.
fn some<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// `owner` on the wire: one owner of all rows, or a list of owners with their shares.
#[derive(Deserialize)]
#[serde(untagged)]
enum OwnerField {
    Shares(Vec<OwnerEntry<'static>>),
    All {
        file: String,
        #[serde(default)]
        context: String,
    },
}

impl Serialize for Commit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let owner: Vec<_> = self
            .batch
            .sections()
            .iter()
            .map(|section| OwnerEntry {
                file: Cow::Borrowed(&section.file),
                context: Cow::Borrowed(&section.context),
                nodes: section.nodes.len(),
                edges: section.edges.len(),
            })
            .collect();
        let fields = 5 + usize::from(self.part.is_some()) + usize::from(!self.packed);
        let mut map = serializer.serialize_struct("Commit", fields)?;
        map.serialize_field("owner", &owner)?;
        // A server that does not know owners replaces by file instead.
        let mut files: Vec<_> = owner.iter().map(|entry| &entry.file).collect();
        files.dedup();
        map.serialize_field("changedFiles", &files)?;
        if let Some(part) = &self.part {
            map.serialize_field("part", part)?;
        }
        if self.packed {
            map.serialize_field("rows", &PackedRows(self.batch.nodes(), self.batch.edges()))?;
        } else {
            map.serialize_field("nodes", self.batch.nodes())?;
            map.serialize_field("edges", self.batch.edges())?;
        }
        map.serialize_field("deferIndex", &self.defer_index)?;
        map.serialize_field("delta", &self.want_delta)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for Commit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Fields {
            owner: OwnerField,
            #[serde(default, deserialize_with = "some")]
            nodes: Option<NodeTable>,
            #[serde(default, deserialize_with = "some")]
            edges: Option<EdgeTable>,
            #[serde(default)]
            rows: Option<UnpackedRows>,
            #[serde(default, deserialize_with = "wire::or_default")]
            defer_index: bool,
            #[serde(default)]
            delta: Option<bool>,
            #[serde(default)]
            part: Option<Part>,
        }
        let fields = Fields::deserialize(deserializer)?;
        let packed = fields.rows.is_some();
        let (node_table, edge_table) = match fields.rows {
            Some(UnpackedRows(nodes, edges)) => (nodes, edges),
            None => (
                fields
                    .nodes
                    .ok_or_else(|| D::Error::missing_field("nodes"))?,
                fields
                    .edges
                    .ok_or_else(|| D::Error::missing_field("edges"))?,
            ),
        };
        let (nodes, edges) = (node_table.len(), edge_table.len());
        let sections = match fields.owner {
            OwnerField::All { file, context } => vec![Section {
                file: file.into(),
                context: context.into(),
                nodes: 0..nodes,
                edges: 0..edges,
            }],
            OwnerField::Shares(shares) => {
                let mut sections = Vec::with_capacity(shares.len());
                let (mut node, mut edge) = (0_usize, 0_usize);
                for share in shares {
                    let end = |start: usize, count: usize, rows: usize, of: &str| {
                        start
                            .checked_add(count)
                            .filter(|end| *end <= rows)
                            .ok_or_else(|| {
                                D::Error::custom(format_args!(
                                    "`owner` counts more {of} than there are ({rows})"
                                ))
                            })
                    };
                    let node_end = end(node, share.nodes, nodes, "nodes")?;
                    let edge_end = end(edge, share.edges, edges, "edges")?;
                    sections.push(Section {
                        file: share.file.into(),
                        context: share.context.into(),
                        nodes: node..node_end,
                        edges: edge..edge_end,
                    });
                    (node, edge) = (node_end, edge_end);
                }
                if (node, edge) != (nodes, edges) {
                    return Err(D::Error::custom(format_args!(
                        "`owner` counts {node} nodes and {edge} edges, but there are {nodes} and {edges}"
                    )));
                }
                sections
            }
        };
        Ok(Self {
            batch: Batch::from_tables(node_table, edge_table, sections),
            defer_index: fields.defer_index,
            want_delta: fields.delta.unwrap_or(true),
            packed,
            part: fields.part,
        })
    }
}
