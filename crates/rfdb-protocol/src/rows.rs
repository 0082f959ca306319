//! Rows that are not in a batch.

use crate::coded::Plain;
use crate::{Batch, CodedEdge, CodedNode, Edge, Node, RowDictionary};

/// Rows that their holder keeps in a form of its own and hands on one by one, so that whoever stores them need not have
/// them copied into a [`Batch`] first.
///
/// ```
/// use rfdb_protocol::{Node, RowSink, Rows};
///
/// struct Names(Vec<String>);
///
/// impl Rows for Names {
///     fn write_to(&self, sink: &mut dyn RowSink) {
///         sink.owner("names.txt", "");
///         for (id, name) in (1..).zip(&self.0) {
///             sink.node(Node { id, name, ..Node::default() });
///         }
///     }
/// }
///
/// let names = Names(vec!["a".to_owned(), "b".to_owned()]);
/// assert_eq!(names.to_batch().nodes().len(), 2);
/// ```
pub trait Rows: Sync {
    /// Hands on all rows: an owner, then its rows, then the next owner. The same rows each time.
    fn write_to(&self, sink: &mut dyn RowSink);

    /// The rows as a batch.
    fn to_batch(&self) -> Batch {
        let mut batch = Batch::new();
        self.write_to(&mut batch);
        batch
    }
}

/// The rows of several parts as one batch.
pub fn to_batch(parts: &[&dyn Rows]) -> Batch {
    match parts {
        [part] => part.to_batch(),
        parts => {
            let mut batch = Batch::new();
            parts.iter().for_each(|part| part.write_to(&mut batch));
            batch
        }
    }
}

/// Takes rows, as a [`Batch`] does.
pub trait RowSink {
    /// Begins the rows of an owner. One without rows loses what it had.
    fn owner(&mut self, file: &str, context: &str);

    /// Says about how many rows of the current owner come, so that room is made for them at once.
    fn reserve(&mut self, nodes: usize, edges: usize) {
        let _ = (nodes, edges);
    }

    /// Takes a node of the current owner.
    fn node(&mut self, node: Node<'_>);

    /// Takes an edge of the current owner.
    fn edge(&mut self, edge: Edge<'_>);

    /// Takes nodes of the current owner whose texts are numbers. All coded rows between two calls of [`RowSink::owner`] have
    /// the same dictionary.
    fn coded_nodes(&mut self, dictionary: &dyn RowDictionary, nodes: &[CodedNode<'_>]);

    /// Takes edges between nodes that were handed on since the last call of [`RowSink::owner`], by
    /// [`RowSink::node`] or [`RowSink::coded_nodes`].
    fn coded_edges(&mut self, dictionary: &dyn RowDictionary, edges: &[CodedEdge<'_>]);
}

impl RowSink for Batch {
    fn owner(&mut self, file: &str, context: &str) {
        Batch::owner(self, file, context);
    }

    fn node(&mut self, node: Node<'_>) {
        self.push_node(node);
    }

    fn edge(&mut self, edge: Edge<'_>) {
        self.push_edge(edge);
    }

    fn coded_nodes(&mut self, dictionary: &dyn RowDictionary, nodes: &[CodedNode<'_>]) {
        let mut plain = Plain::default();
        for node in nodes {
            self.push_node(plain.node(dictionary, node));
        }
    }

    fn coded_edges(&mut self, dictionary: &dyn RowDictionary, edges: &[CodedEdge<'_>]) {
        let mut plain = Plain::default();
        for edge in edges {
            let ends = (self.current_node(edge.src), self.current_node(edge.dst));
            self.push_edge(plain.edge(dictionary, edge, ends));
        }
    }
}

impl Rows for Batch {
    fn write_to(&self, sink: &mut dyn RowSink) {
        for section in self.sections() {
            sink.owner(&section.file, &section.context);
            self.nodes_of(section).for_each(|node| sink.node(node));
            self.edges_of(section).for_each(|edge| sink.edge(edge));
        }
    }

    fn to_batch(&self) -> Batch {
        self.clone()
    }
}
