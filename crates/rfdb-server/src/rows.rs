//! Rows of the engine to rows of the protocol and back. Both are borrowed columns, so nothing is allocated per row.

use rayon::prelude::*;
use rfdb_engine as engine;
use rfdb_protocol::{
    CodedEdge, CodedMetadata, CodedNode, Edge, EdgeTable, Node, NodeTable, RowDictionary, RowSink,
    Rows,
};

pub(crate) fn push_node(table: &mut NodeTable, node: &engine::Node<'_>) {
    table.push(Node {
        id: node.id.0,
        semantic_id: &node.semantic_id,
        node_type: node.node_type,
        name: node.name,
        file: node.file,
        exported: node.exported,
        metadata: &node.metadata,
    });
}

pub(crate) fn push_edge(table: &mut EdgeTable, edge: &engine::Edge<'_>) {
    table.push(Edge {
        src: edge.src.0,
        dst: edge.dst.0,
        edge_type: edge.edge_type,
        metadata: &edge.metadata,
    });
}

pub(crate) fn node_row(node: Node<'_>) -> engine::NodeRow<'_> {
    engine::NodeRow {
        id: engine::NodeId(node.id),
        semantic_id: node.semantic_id,
        node_type: node.node_type,
        name: node.name,
        file: node.file,
        exported: node.exported,
        metadata: node.metadata,
    }
}

pub(crate) fn edge_row(edge: Edge<'_>) -> engine::EdgeRow<'_> {
    engine::EdgeRow {
        src: engine::NodeId(edge.src),
        dst: engine::NodeId(edge.dst),
        edge_type: edge.edge_type,
        metadata: edge.metadata,
    }
}

/// The dictionary of the protocol as one of the engine.
struct Dictionary<'a>(&'a dyn RowDictionary);

impl engine::RowDictionary for Dictionary<'_> {
    fn text(&self, number: u32) -> &str {
        self.0.text(number)
    }

    fn template(&self, number: u32) -> &str {
        self.0.template(number)
    }

    fn type_name(&self, number: u32) -> &str {
        self.0.type_name(number)
    }
}

fn coded_metadata(metadata: CodedMetadata<'_>) -> engine::CodedMetadata<'_> {
    match metadata {
        CodedMetadata::Text(text) => engine::CodedMetadata::Text(text),
        CodedMetadata::Filled { template, holes } => {
            engine::CodedMetadata::Filled { template, holes }
        }
    }
}

/// Rows, encoded for the engine.
#[derive(Default)]
pub(crate) struct Encoded {
    pub(crate) batch: engine::Batch,
    /// Files of the owners, in the order in which they were named.
    pub(crate) files: Vec<String>,
}

impl Encoded {
    /// Encodes rows. It needs no lock and is done by the thread that commits.
    pub(crate) fn of(rows: &dyn Rows) -> Self {
        let mut encoded = Self::default();
        rows.write_to(&mut encoded);
        encoded
    }

    /// Encodes parts at the same time, on the threads of the current pool.
    pub(crate) fn of_parts(parts: &[&dyn Rows]) -> Self {
        let encoded: Vec<Self> = match parts {
            [part] => vec![Self::of(*part)],
            parts => parts.par_iter().map(|part| Self::of(*part)).collect(),
        };
        let mut all = encoded.into_iter();
        let mut whole = all.next().unwrap_or_default();
        for part in all {
            whole.batch.append(part.batch);
            whole.files.extend(part.files);
        }
        whole
    }
}

impl RowSink for Encoded {
    fn owner(&mut self, file: &str, context: &str) {
        if self.files.last().is_none_or(|last| last != file) {
            self.files.push(file.to_owned());
        }
        self.batch.owner(engine::Owner::new(file, context));
    }

    fn reserve(&mut self, nodes: usize, edges: usize) {
        self.batch.reserve(nodes, edges);
    }

    fn node(&mut self, node: Node<'_>) {
        self.batch.push_node(node_row(node));
    }

    fn edge(&mut self, edge: Edge<'_>) {
        self.batch.push_edge(edge_row(edge));
    }

    fn coded_nodes(&mut self, dictionary: &dyn RowDictionary, nodes: &[CodedNode<'_>]) {
        let rows = nodes.iter().map(|node| engine::CodedNodeRow {
            id: engine::NodeId(node.id),
            semantic_id: engine::CodedId {
                named: node.semantic_id.named,
                text: node.semantic_id.text,
                ordinal: node.semantic_id.ordinal,
            },
            node_type: node.node_type,
            name: node.name,
            file: node.file,
            exported: node.exported,
            metadata: coded_metadata(node.metadata),
        });
        self.batch.push_coded_nodes(&Dictionary(dictionary), rows);
    }

    fn coded_edges(&mut self, dictionary: &dyn RowDictionary, edges: &[CodedEdge<'_>]) {
        let rows = edges.iter().map(|edge| engine::CodedEdgeRow {
            src: edge.src,
            dst: edge.dst,
            edge_type: edge.edge_type,
            metadata: coded_metadata(edge.metadata),
        });
        self.batch.push_coded_edges(&Dictionary(dictionary), rows);
    }
}
