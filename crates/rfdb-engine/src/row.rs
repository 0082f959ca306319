//! The rows that go in and come out.

use std::borrow::Cow;

use crate::NodeId;

/// A node as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeRow<'a> {
    /// Identity of the node; a later write of the same id replaces an earlier one.
    pub id: NodeId,
    /// The text that the id was derived from; may be empty.
    pub semantic_id: &'a str,
    /// Type, e.g. `FUNCTION` or `http:request`.
    pub node_type: &'a str,
    /// Name, may be empty.
    pub name: &'a str,
    /// File the node belongs to, may be empty.
    pub file: &'a str,
    /// Whether the node is visible outside of its file.
    pub exported: bool,
    /// A JSON object as text, or empty.
    pub metadata: &'a str,
}

/// An edge as it is written. Its identity is (`src`, `dst`, `edge_type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EdgeRow<'a> {
    /// Node the edge starts at; it need not exist.
    pub src: NodeId,
    /// Node the edge points to; it need not exist.
    pub dst: NodeId,
    /// Type, e.g. `CALLS`.
    pub edge_type: &'a str,
    /// A JSON object as text, or empty.
    pub metadata: &'a str,
}

/// Who wrote a set of rows. Committing an owner replaces all that the same owner wrote before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner<'a> {
    /// The file, or any other text that names the source of the rows.
    pub file: &'a str,
    /// What part of the work on the file: empty or `analysis`, `index`, `enrichment`, `plugin:x`, ...
    pub context: &'a str,
}

impl<'a> Owner<'a> {
    /// An owner.
    #[must_use]
    pub fn new(file: &'a str, context: &'a str) -> Self {
        Self { file, context }
    }
}

/// A node as it is read; it borrows from the snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node<'s> {
    /// Identity.
    pub id: NodeId,
    /// The text that the id was derived from.
    pub semantic_id: Cow<'s, str>,
    /// Type.
    pub node_type: &'s str,
    /// Name.
    pub name: &'s str,
    /// File.
    pub file: &'s str,
    /// Whether the node is visible outside of its file.
    pub exported: bool,
    /// A JSON object as text exactly as it was written, or empty.
    pub metadata: Cow<'s, str>,
}

impl Node<'_> {
    /// The node as a row to write.
    #[must_use]
    pub fn as_row(&self) -> NodeRow<'_> {
        NodeRow {
            id: self.id,
            semantic_id: &self.semantic_id,
            node_type: self.node_type,
            name: self.name,
            file: self.file,
            exported: self.exported,
            metadata: &self.metadata,
        }
    }
}

/// An edge as it is read; it borrows from the snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge<'s> {
    /// Node the edge starts at.
    pub src: NodeId,
    /// Node the edge points to.
    pub dst: NodeId,
    /// Type.
    pub edge_type: &'s str,
    /// A JSON object as text exactly as it was written, or empty.
    pub metadata: Cow<'s, str>,
}

impl Edge<'_> {
    /// The edge as a row to write.
    #[must_use]
    pub fn as_row(&self) -> EdgeRow<'_> {
        EdgeRow {
            src: self.src,
            dst: self.dst,
            edge_type: self.edge_type,
            metadata: &self.metadata,
        }
    }
}
