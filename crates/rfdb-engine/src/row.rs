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

/// What the numbers of coded rows mean. Numbers are dense: tables of their size are made.
pub trait RowDictionary {
    /// The text of a number: a name, a part of a semantic id, or the contents of a string in metadata, escaped as in JSON.
    fn text(&self, number: u32) -> &str;

    /// The template of a number: the text of a JSON object with the character 1 in place of integers and the character 2 in
    /// place of the contents of strings, as FORMAT.md has them.
    fn template(&self, number: u32) -> &str;

    /// The name of a node or edge type.
    fn type_name(&self, number: u32) -> &str;
}

/// A node as it is written, with numbers of a [`RowDictionary`] for its texts.
#[derive(Debug, Clone, Copy)]
pub struct CodedNodeRow<'a> {
    /// Identity of the node.
    pub id: NodeId,
    /// What the semantic id is made of.
    pub semantic_id: CodedId,
    /// Number of the type.
    pub node_type: u32,
    /// Number of the name.
    pub name: u32,
    /// File the node belongs to, may be empty.
    pub file: &'a str,
    /// Whether the node is visible outside of its file.
    pub exported: bool,
    /// Metadata.
    pub metadata: CodedMetadata<'a>,
}

/// A semantic id: `file->TYPE->`, then the name if it is `named`, the text if there is one, `#` and the ordinal if there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodedId {
    /// Whether the name stands in it as in its column.
    pub named: bool,
    /// Number of the text.
    pub text: Option<u32>,
    /// The number at the end.
    pub ordinal: Option<u32>,
}

/// An edge as it is written, between two nodes that were pushed since [`Batch::owner`](crate::Batch::owner) was called last.
#[derive(Debug, Clone, Copy)]
pub struct CodedEdgeRow<'a> {
    /// Source: position among those nodes.
    pub src: u32,
    /// Target: position among those nodes.
    pub dst: u32,
    /// Number of the type.
    pub edge_type: u32,
    /// Metadata.
    pub metadata: CodedMetadata<'a>,
}

/// Metadata of a coded row.
#[derive(Debug, Clone, Copy)]
pub enum CodedMetadata<'a> {
    /// A JSON object as text, or empty.
    Text(&'a str),
    /// A template with what fills its holes.
    Filled {
        /// Number of the template.
        template: u32,
        /// One for each hole, in their order: the integer itself, or the number of the text.
        holes: &'a [u32],
    },
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
