//! How nodes, edges and ids look on the wire.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Serialize, Serializer};

use crate::request::{SnapshotPair, SnapshotRef};
use crate::response::NodeBox;
use crate::table::{Edge, EdgeTable, Node, NodeTable};
use crate::{NodeId, hash_id, parse_id};

/// Takes nil as the default value.
pub(crate) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A string, borrowed from the frame where possible; `bin` holding UTF-8 counts as one.
#[derive(Debug, Default)]
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(value)))
            }
            fn visit_str<E>(self, value: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(value.into())))
            }
            fn visit_borrowed_bytes<E: serde::de::Error>(
                self,
                value: &'de [u8],
            ) -> Result<Text<'de>, E> {
                std::str::from_utf8(value)
                    .map(|text| Text(Cow::Borrowed(text)))
                    .map_err(|_| E::invalid_value(serde::de::Unexpected::Bytes(value), &self))
            }
            fn visit_bytes<E: serde::de::Error>(self, value: &[u8]) -> Result<Text<'de>, E> {
                std::str::from_utf8(value)
                    .map(|text| Text(Cow::Owned(text.into())))
                    .map_err(|_| E::invalid_value(serde::de::Unexpected::Bytes(value), &self))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

/// An id as a decimal string.
struct Decimal(NodeId);

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(itoa::Buffer::new().format(self.0))
    }
}

/// An id: a string on the wire.
pub(crate) mod id {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(id: &NodeId, serializer: S) -> Result<S::Ok, S::Error> {
        Decimal(*id).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<NodeId, D::Error> {
        Text::deserialize(deserializer).map(|text| parse_id(&text.0))
    }
}

/// A list of ids.
pub(crate) mod ids {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        ids: &[NodeId],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(ids.iter().map(|id| Decimal(*id)))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<NodeId>, D::Error> {
        rows(deserializer, Vec::new(), |ids, text: Text<'de>| {
            ids.push(parse_id(&text.0));
        })
    }
}

/// Reads a list row by row into a table; nil is an empty list.
fn rows<'de, D, T, R>(deserializer: D, table: T, push: impl FnMut(&mut T, R)) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    R: Deserialize<'de>,
{
    struct RowVisitor<T, R, F>(T, F, std::marker::PhantomData<R>);
    impl<'de, T, R: Deserialize<'de>, F: FnMut(&mut T, R)> Visitor<'de> for RowVisitor<T, R, F> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }
        fn visit_unit<E>(self) -> Result<T, E> {
            Ok(self.0)
        }
        fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<T, A::Error> {
            while let Some(row) = seq.next_element()? {
                (self.1)(&mut self.0, row);
            }
            Ok(self.0)
        }
    }
    deserializer.deserialize_any(RowVisitor(table, push, std::marker::PhantomData))
}

/// A node as it travels.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NodeFields<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow, default)]
    semantic_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    node_type: Option<Text<'a>>,
    #[serde(borrow, default)]
    name: Option<Text<'a>>,
    #[serde(borrow, default)]
    file: Option<Text<'a>>,
    #[serde(default, deserialize_with = "or_default")]
    exported: bool,
    #[serde(borrow, default)]
    metadata: Option<Text<'a>>,
}

const UNKNOWN: &str = "UNKNOWN";

/// The text, or a stand-in if there is none.
fn text_or<'a>(text: Option<&'a Text<'_>>, absent: &'a str) -> &'a str {
    text.map_or(absent, |text| &text.0)
}

impl NodeFields<'_> {
    /// Appends the node under a key. Without a semantic id it gets a label, as old servers make it.
    fn push(&self, table: &mut NodeTable, id: NodeId) {
        let node_type = text_or(self.node_type.as_ref(), UNKNOWN);
        let name = text_or(self.name.as_ref(), "");
        let file = text_or(self.file.as_ref(), "");
        let semantic_id = match &self.semantic_id {
            Some(text) => Cow::Borrowed(&*text.0),
            None => Cow::Owned(format!("{node_type}:{name}@{file}")),
        };
        table.push(Node {
            id,
            semantic_id: &semantic_id,
            node_type,
            name,
            file,
            exported: self.exported,
            metadata: text_or(self.metadata.as_ref(), ""),
        });
    }
}

/// Reads nodes as old clients send them: the key is the hash of the semantic id if there is one, and otherwise `id`.
pub(crate) fn keyed_nodes_from<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<NodeTable, D::Error> {
    rows(
        deserializer,
        NodeTable::default(),
        |table, node: NodeFields<'de>| {
            let id = match &node.semantic_id {
                Some(text) => hash_id(&text.0),
                None => parse_id(&node.id.0),
            };
            node.push(table, id);
        },
    )
}

/// Writes nodes for [`keyed_nodes_from`]: with the semantic id only where it hashes to the key.
pub(crate) fn keyed_nodes<S: Serializer>(
    table: &NodeTable,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(table.iter().map(|node| NodeRow {
        with_semantic_id: hash_id(node.semantic_id) == node.id,
        node,
    }))
}

/// Nodes whose key is `id`: those of answers and of commits that name their owners.
impl<'de> Deserialize<'de> for NodeTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        rows(
            deserializer,
            Self::default(),
            |table, node: NodeFields<'de>| node.push(table, parse_id(&node.id.0)),
        )
    }
}

struct NodeRow<'a> {
    node: Node<'a>,
    with_semantic_id: bool,
}

impl Serialize for NodeRow<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let node = &self.node;
        let with_metadata = !node.metadata.is_empty() && node.metadata != "{}";
        let fields = 5 + usize::from(self.with_semantic_id) + usize::from(with_metadata);
        let mut map = serializer.serialize_map(Some(fields))?;
        map.serialize_entry("id", &Decimal(node.id))?;
        if self.with_semantic_id {
            map.serialize_entry("semanticId", node.semantic_id)?;
        }
        map.serialize_entry("nodeType", node.node_type)?;
        map.serialize_entry("name", node.name)?;
        map.serialize_entry("file", node.file)?;
        map.serialize_entry("exported", &node.exported)?;
        if with_metadata {
            map.serialize_entry("metadata", node.metadata)?;
        }
        map.end()
    }
}

impl Serialize for NodeTable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(|node| NodeRow {
            node,
            with_semantic_id: true,
        }))
    }
}

impl Serialize for NodeBox {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.get()
            .map(|node| NodeRow {
                node,
                with_semantic_id: true,
            })
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for NodeBox {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut table = NodeTable::default();
        if let Some(node) = Option::<NodeFields<'de>>::deserialize(deserializer)? {
            node.push(&mut table, parse_id(&node.id.0));
        }
        Ok(Self(table))
    }
}

/// An edge as it travels.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EdgeFields<'a> {
    #[serde(borrow)]
    src: Text<'a>,
    #[serde(borrow)]
    dst: Text<'a>,
    #[serde(borrow, default)]
    edge_type: Option<Text<'a>>,
    #[serde(borrow, default)]
    metadata: Option<Text<'a>>,
}

impl<'de> Deserialize<'de> for EdgeTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        rows(
            deserializer,
            Self::default(),
            |table, edge: EdgeFields<'de>| {
                table.push(Edge {
                    src: parse_id(&edge.src.0),
                    dst: parse_id(&edge.dst.0),
                    edge_type: text_or(edge.edge_type.as_ref(), UNKNOWN),
                    metadata: text_or(edge.metadata.as_ref(), ""),
                });
            },
        )
    }
}

impl Serialize for EdgeTable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Row<'a>(&'a EdgeTable, Edge<'a>);
        impl Row<'_> {
            fn end<M: SerializeMap>(
                &self,
                map: &mut M,
                key: &str,
                id: NodeId,
            ) -> Result<(), M::Error> {
                match self.0.label(id) {
                    Some(label) => map.serialize_entry(key, label),
                    None => map.serialize_entry(key, &Decimal(id)),
                }
            }
        }
        impl Serialize for Row<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let edge = &self.1;
                let with_metadata = !edge.metadata.is_empty();
                let mut map = serializer.serialize_map(Some(3 + usize::from(with_metadata)))?;
                self.end(&mut map, "src", edge.src)?;
                self.end(&mut map, "dst", edge.dst)?;
                map.serialize_entry("edgeType", edge.edge_type)?;
                if with_metadata {
                    map.serialize_entry("metadata", edge.metadata)?;
                }
                map.end()
            }
        }
        let mut seq = serializer.serialize_seq(Some(self.len()))?;
        for edge in self.iter() {
            seq.serialize_element(&Row(self, edge))?;
        }
        seq.end()
    }
}

/// Both ways in which `diffSnapshots` may name its versions.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SnapshotPairFields {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from_version: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to_version: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<SnapshotRef>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<SnapshotRef>,
}

impl TryFrom<SnapshotPairFields> for SnapshotPair {
    type Error = serde::de::value::Error;

    fn try_from(fields: SnapshotPairFields) -> Result<Self, Self::Error> {
        let end = |version: Option<u64>, reference, name| {
            version
                .map(|version| SnapshotRef::Version { version })
                .or(reference)
                .ok_or_else(|| Self::Error::missing_field(name))
        };
        Ok(Self {
            from: end(fields.from_version, fields.from, "fromVersion")?,
            to: end(fields.to_version, fields.to, "toVersion")?,
        })
    }
}

impl From<SnapshotPair> for SnapshotPairFields {
    fn from(pair: SnapshotPair) -> Self {
        let split = |reference| match reference {
            SnapshotRef::Version { version } => (Some(version), None),
            tag @ SnapshotRef::Tag { .. } => (None, Some(tag)),
        };
        let (from_version, from) = split(pair.from);
        let (to_version, to) = split(pair.to);
        Self {
            from_version,
            to_version,
            from,
            to,
        }
    }
}
