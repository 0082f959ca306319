//! Rows of the engine to rows of the protocol and back. Both are borrowed columns, so nothing is allocated per row.

use rfdb_engine as engine;
use rfdb_protocol::{Batch, Edge, EdgeTable, Node, NodeTable};

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

/// Encodes a batch for the engine. It needs no lock and is done by the thread that commits.
pub(crate) fn encode_batch(batch: &Batch) -> engine::Batch {
    let mut encoded = engine::Batch::new();
    for section in batch.sections() {
        encoded.owner(engine::Owner::new(&section.file, &section.context));
        for node in batch.nodes_of(section) {
            encoded.push_node(node_row(node));
        }
        for edge in batch.edges_of(section) {
            encoded.push_edge(edge_row(edge));
        }
    }
    encoded
}
