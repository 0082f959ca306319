//! A batch: what one worker hands to the database in one commit.

use std::ops::Range;

use crate::NodeId;
use crate::table::{Edge, EdgeTable, Node, NodeTable};

/// Who wrote records, and so whose earlier records a commit replaces: a file's analysis
/// (`context` empty), or a named context of it such as an enricher's results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Owner<'a> {
    /// The file; may be empty for records that belong to the whole project.
    pub file: &'a str,
    /// Empty for the analysis of the file, otherwise for instance the name of an enricher.
    pub context: &'a str,
}

/// The rows of one owner in a [`Batch`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// See [`Owner::file`].
    pub file: Box<str>,
    /// See [`Owner::context`].
    pub context: Box<str>,
    /// Positions in [`Batch::nodes`].
    pub nodes: Range<usize>,
    /// Positions in [`Batch::edges`].
    pub edges: Range<usize>,
}

/// Nodes and edges of one or several owners, as columns. It belongs to whoever fills it; committing
/// moves it. Pushing copies strings and does nothing else.
///
/// ```
/// use rfdb_protocol::{Batch, Edge, Node, hash_id};
///
/// let mut batch = Batch::new();
/// batch.owner("src/a.js", "");
/// let main = hash_id("src/a.js->FUNCTION->main");
/// batch.push_node(Node {
///     id: main,
///     semantic_id: "src/a.js->FUNCTION->main",
///     node_type: "FUNCTION",
///     name: "main",
///     file: "src/a.js",
///     exported: true,
///     metadata: r#"{"line":1}"#,
/// });
/// batch.push_edge(Edge { src: main, dst: main, edge_type: "CALLS", metadata: "" });
/// assert_eq!(batch.sections().len(), 1);
/// assert_eq!(batch.nodes().len(), 1);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    nodes: NodeTable,
    edges: EdgeTable,
    sections: Vec<Section>,
}

impl Batch {
    /// An empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins the rows of an owner: everything pushed from here to the next call is its. An owner without
    /// rows loses what it had.
    pub fn owner(&mut self, file: &str, context: &str) -> &mut Self {
        let (nodes, edges) = (self.nodes.len(), self.edges.len());
        self.sections.push(Section {
            file: file.into(),
            context: context.into(),
            nodes: nodes..nodes,
            edges: edges..edges,
        });
        self
    }

    /// Appends a node to the current owner. Rows pushed before any owner was named belong to the owner
    /// with empty file and context.
    pub fn push_node(&mut self, node: Node<'_>) {
        self.nodes.push(node);
        self.current().nodes.end = self.nodes.len();
    }

    /// Appends an edge to the current owner.
    pub fn push_edge(&mut self, edge: Edge<'_>) {
        self.edges.push(edge);
        self.current().edges.end = self.edges.len();
    }

    /// The id of the node at a position among those of the current owner.
    ///
    /// # Panics
    /// If there are not so many.
    pub(crate) fn current_node(&mut self, position: u32) -> NodeId {
        let at = self.current().nodes.start + position as usize;
        self.nodes
            .get(at)
            .expect("a coded edge names nodes that were handed on before")
            .id
    }

    fn current(&mut self) -> &mut Section {
        if self.sections.is_empty() {
            self.sections.push(Section {
                file: "".into(),
                context: "".into(),
                nodes: 0..0,
                edges: 0..0,
            });
        }
        let last = self.sections.len() - 1;
        &mut self.sections[last]
    }

    /// The owners with their rows, in the order in which they were named.
    #[must_use]
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// All nodes.
    #[must_use]
    pub fn nodes(&self) -> &NodeTable {
        &self.nodes
    }

    /// All edges.
    #[must_use]
    pub fn edges(&self) -> &EdgeTable {
        &self.edges
    }

    /// One owner's nodes.
    pub fn nodes_of<'a>(
        &'a self,
        section: &Section,
    ) -> impl ExactSizeIterator<Item = Node<'a>> + Clone + use<'a> {
        self.nodes.range(section.nodes.clone())
    }

    /// One owner's edges.
    pub fn edges_of<'a>(
        &'a self,
        section: &Section,
    ) -> impl ExactSizeIterator<Item = Edge<'a>> + Clone + use<'a> {
        self.edges.range(section.edges.clone())
    }

    /// Whether no owner was named and nothing was pushed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sections.is_empty()
    }

    /// Bytes that the rows take, for deciding when to commit.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.nodes.bytes() + self.edges.bytes()
    }

    /// Empties the batch and keeps its memory for the next one.
    pub fn clear(&mut self) {
        self.nodes.clear();
        self.edges.clear();
        self.sections.clear();
    }

    /// Appends another batch. If it goes on with the owner that this one ended with, the rows join that
    /// owner's: this is how the parts of a batch that was cut for the wire come together again.
    pub fn append(&mut self, other: &Self) {
        for section in other.sections() {
            let continues = self
                .sections
                .last()
                .is_some_and(|last| last.file == section.file && last.context == section.context);
            if !continues {
                self.owner(&section.file, &section.context);
            }
            for node in other.nodes_of(section) {
                self.push_node(node);
            }
            for edge in other.edges_of(section) {
                self.push_edge(edge);
            }
        }
    }

    /// Cuts the batch into pieces of about `bytes` each, in order; [`append`](Self::append) puts them
    /// together again.
    #[must_use]
    pub fn split(&self, bytes: usize) -> Vec<Self> {
        let mut pieces = Vec::new();
        let mut piece = Self::new();
        for section in &self.sections {
            piece.owner(&section.file, &section.context);
            let cut = |piece: &mut Self, pieces: &mut Vec<Self>| {
                if piece.bytes() >= bytes {
                    pieces.push(std::mem::take(piece));
                    piece.owner(&section.file, &section.context);
                }
            };
            for node in self.nodes_of(section) {
                piece.push_node(node);
                cut(&mut piece, &mut pieces);
            }
            for edge in self.edges_of(section) {
                piece.push_edge(edge);
                cut(&mut piece, &mut pieces);
            }
        }
        pieces.push(piece);
        pieces
    }

    pub(crate) fn from_tables(nodes: NodeTable, edges: EdgeTable, sections: Vec<Section>) -> Self {
        Self {
            nodes,
            edges,
            sections,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn node(id: u128, name: &str) -> Node<'_> {
        Node {
            id,
            name,
            ..Node::default()
        }
    }

    #[test]
    fn rows_belong_to_the_owner_named_last() {
        let mut batch = Batch::new();
        batch.push_node(node(0, "nobody's"));
        batch.owner("a.js", "");
        batch.push_node(node(1, "a"));
        batch.owner("gone.js", "");
        batch.owner("b.js", "calls");
        batch.push_edge(Edge {
            src: 1,
            dst: 2,
            ..Edge::default()
        });
        batch.push_node(node(2, "b"));
        let names: Vec<_> = batch
            .sections()
            .iter()
            .map(|section| {
                (
                    &*section.file,
                    batch
                        .nodes_of(section)
                        .map(|node| node.name)
                        .collect::<Vec<_>>(),
                    batch.edges_of(section).len(),
                )
            })
            .collect();
        assert_eq!(
            names,
            [
                ("", vec!["nobody's"], 0),
                ("a.js", vec!["a"], 0),
                ("gone.js", vec![], 0),
                ("b.js", vec!["b"], 1)
            ]
        );
    }

    proptest! {
        #[test]
        fn pieces_join_to_the_whole(
            owners in prop::collection::vec(("[ab]", 0..20_usize, 0..20_usize), 0..8),
            bytes in 1..2000_usize,
        ) {
            let mut batch = Batch::new();
            for (index, (file, nodes, edges)) in owners.iter().enumerate() {
                // Two sections in a row with one owner are one owner's rows, and so may join.
                batch.owner(&format!("{file}{index}"), "");
                for id in 0..*nodes {
                    batch.push_node(node(id as u128, "name"));
                }
                for id in 0..*edges {
                    batch.push_edge(Edge { src: id as u128, ..Edge::default() });
                }
            }
            let mut joined = Batch::new();
            for piece in batch.split(bytes) {
                joined.append(&piece);
            }
            prop_assert_eq!(joined, batch);
        }
    }
}
