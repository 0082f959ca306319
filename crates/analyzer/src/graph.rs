//! The graph of one module, as the analyzer returns it.

use graph_model::{EdgeType, NodeId, NodeType, Span};

/// A part of the text that a [`ModuleGraph`] owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TextRange {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl TextRange {
    /// Whether the text is empty.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }
}

/// A node of the graph. Its texts are read through [`ModuleGraph`].
#[derive(Debug, Clone, Copy)]
pub struct Node {
    /// Hash of the semantic id.
    pub id: NodeId,
    /// Type.
    pub node_type: NodeType,
    /// Whether an export of the module names it.
    pub exported: bool,
    /// Whether the node has a file and a position. Nodes of external functions have none.
    pub in_file: bool,
    /// Place in the file; zero for nodes without a file.
    pub span: Span,
    pub(crate) semantic_id: TextRange,
    pub(crate) name: TextRange,
    pub(crate) metadata: TextRange,
}

/// An edge between two nodes of one [`ModuleGraph`].
#[derive(Debug, Clone, Copy)]
pub struct Edge {
    /// Index of the source in [`ModuleGraph::nodes`].
    pub src: u32,
    /// Index of the destination in [`ModuleGraph::nodes`].
    pub dst: u32,
    /// Type.
    pub edge_type: EdgeType,
    pub(crate) metadata: TextRange,
}

/// Nodes and edges of one module, with all their texts in one allocation.
///
/// Nodes stand in source order (start, then longer first); nodes without a file
/// come last, by id. No two edges share source, destination and type.
#[derive(Debug, Default)]
pub struct ModuleGraph {
    pub(crate) file: String,
    pub(crate) text: String,
    pub(crate) nodes: Vec<Node>,
    pub(crate) edges: Vec<Edge>,
}

impl ModuleGraph {
    /// Path of the module, relative to the project, with `/`.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// All nodes; the MODULE node is the first.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// All edges.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// The id of a node as text.
    pub fn semantic_id(&self, node: &Node) -> &str {
        self.slice(node.semantic_id)
    }

    /// The name of a node as a person would write it.
    pub fn name(&self, node: &Node) -> &str {
        self.slice(node.name)
    }

    /// The file of a node; empty for nodes that belong to none.
    pub fn node_file(&self, node: &Node) -> &str {
        if node.in_file { &self.file } else { "" }
    }

    /// Metadata of a node: the text of a JSON object, `line`, `column`,
    /// `endLine` and `endColumn` included. Empty for none.
    pub fn node_metadata(&self, node: &Node) -> &str {
        self.slice(node.metadata)
    }

    /// Metadata of an edge: the text of a JSON object, or empty for none.
    pub fn edge_metadata(&self, edge: &Edge) -> &str {
        self.slice(edge.metadata)
    }

    /// Bytes of text that the graph owns.
    pub fn text_len(&self) -> usize {
        self.text.len()
    }

    fn slice(&self, range: TextRange) -> &str {
        &self.text[range.start as usize..range.end as usize]
    }
}
