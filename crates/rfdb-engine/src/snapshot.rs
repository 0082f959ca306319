//! A graph that does not change: what readers see.

use std::collections::BTreeMap;

use crate::{Edge, Node, NodeId, NodeQuery, Result, Traversal};

/// Rows of one owner in a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OwnerInfo {
    /// File of the owner.
    pub file: String,
    /// Context of the owner.
    pub context: String,
    /// Rows it wrote, also those that another owner's row of the same id hides.
    pub nodes: u64,
    /// Rows it wrote, also those that another owner's row of the same key hides.
    pub edges: u64,
}

/// An edge whose source or target does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DanglingEdge {
    /// Source.
    pub src: NodeId,
    /// Target.
    pub dst: NodeId,
    /// Type.
    pub edge_type: String,
    /// Whether the source does not exist.
    pub src_missing: bool,
    /// Whether the target does not exist.
    pub dst_missing: bool,
}

/// The whole graph at one version. Cheap to clone; holds no lock; sees whole commits only. Files stay as long as a
/// snapshot needs them. Reads check what they touch for the first time, so any of them can answer with `Damaged`.
#[derive(Debug, Clone)]
pub struct Snapshot {}

impl Snapshot {
    /// Version of the graph: the number of the last commit in it.
    #[must_use]
    pub fn version(&self) -> u64 {
        0
    }

    /// A node.
    ///
    /// # Errors
    /// A damaged file; so for all reads.
    pub fn node(&self, id: NodeId) -> Result<Option<Node<'_>>> {
        let _ = id;
        unimplemented!()
    }

    /// Whether a node exists.
    ///
    /// # Errors
    /// A damaged file.
    pub fn contains(&self, id: NodeId) -> Result<bool> {
        let _ = id;
        unimplemented!()
    }

    /// Many nodes, in the order of the ids.
    ///
    /// # Errors
    /// A damaged file.
    pub fn nodes(&self, ids: &[NodeId]) -> Result<Vec<Option<Node<'_>>>> {
        let _ = ids;
        unimplemented!()
    }

    /// An edge.
    ///
    /// # Errors
    /// A damaged file.
    pub fn edge(&self, src: NodeId, dst: NodeId, edge_type: &str) -> Result<Option<Edge<'_>>> {
        let _ = (src, dst, edge_type);
        unimplemented!()
    }

    /// Ids of the nodes that meet all conditions, ascending.
    ///
    /// # Errors
    /// A damaged file.
    pub fn find(&self, query: &NodeQuery) -> Result<Vec<NodeId>> {
        let _ = query;
        unimplemented!()
    }

    /// The nodes that meet all conditions, by ascending id.
    ///
    /// # Errors
    /// A damaged file.
    pub fn find_nodes(&self, query: &NodeQuery) -> Result<Vec<Node<'_>>> {
        let _ = query;
        unimplemented!()
    }

    /// Edges that start at a node, by (type, target). An empty list of types means all; a type may end in `*`.
    ///
    /// # Errors
    /// A damaged file.
    pub fn outgoing(&self, id: NodeId, edge_types: &[&str]) -> Result<Vec<Edge<'_>>> {
        let _ = (id, edge_types);
        unimplemented!()
    }

    /// Edges that point to a node, by (type, source).
    ///
    /// # Errors
    /// A damaged file.
    pub fn incoming(&self, id: NodeId, edge_types: &[&str]) -> Result<Vec<Edge<'_>>> {
        let _ = (id, edge_types);
        unimplemented!()
    }

    /// Edges that start at each of many nodes, in the order of the ids.
    ///
    /// # Errors
    /// A damaged file.
    pub fn outgoing_many(&self, ids: &[NodeId], edge_types: &[&str]) -> Result<Vec<Vec<Edge<'_>>>> {
        let _ = (ids, edge_types);
        unimplemented!()
    }

    /// Edges that point to each of many nodes, in the order of the ids.
    ///
    /// # Errors
    /// A damaged file.
    pub fn incoming_many(&self, ids: &[NodeId], edge_types: &[&str]) -> Result<Vec<Vec<Edge<'_>>>> {
        let _ = (ids, edge_types);
        unimplemented!()
    }

    /// Number of nodes of each type.
    ///
    /// # Errors
    /// A damaged file.
    pub fn count_nodes_by_type(&self) -> Result<BTreeMap<String, u64>> {
        unimplemented!()
    }

    /// Number of edges of each type.
    ///
    /// # Errors
    /// A damaged file.
    pub fn count_edges_by_type(&self) -> Result<BTreeMap<String, u64>> {
        unimplemented!()
    }

    /// Number of nodes.
    ///
    /// # Errors
    /// A damaged file.
    pub fn node_count(&self) -> Result<u64> {
        unimplemented!()
    }

    /// Number of edges.
    ///
    /// # Errors
    /// A damaged file.
    pub fn edge_count(&self) -> Result<u64> {
        unimplemented!()
    }

    /// Nodes reached from the start nodes, nearest first, with their distance. The start nodes come first, at distance 0.
    /// Ids without a node are passed through as edges lead to them.
    ///
    /// # Errors
    /// A damaged file.
    pub fn bfs(&self, start: &[NodeId], traversal: &Traversal) -> Result<Vec<(NodeId, u32)>> {
        let _ = (start, traversal);
        unimplemented!()
    }

    /// Nodes reached from the start nodes in depth-first preorder, with the depth of the visit.
    ///
    /// # Errors
    /// A damaged file.
    pub fn dfs(&self, start: &[NodeId], traversal: &Traversal) -> Result<Vec<(NodeId, u32)>> {
        let _ = (start, traversal);
        unimplemented!()
    }

    /// Everything that can be reached from the start nodes (they included), ascending.
    ///
    /// # Errors
    /// A damaged file.
    pub fn reachable(&self, start: &[NodeId], traversal: &Traversal) -> Result<Vec<NodeId>> {
        let _ = (start, traversal);
        unimplemented!()
    }

    /// All nodes by ascending id.
    pub fn iter_nodes(&self) -> impl Iterator<Item = Result<Node<'_>>> + '_ {
        std::iter::empty()
    }

    /// All edges by ascending (source, type, target).
    pub fn iter_edges(&self) -> impl Iterator<Item = Result<Edge<'_>>> + '_ {
        std::iter::empty()
    }

    /// Edges whose source or target does not exist, in the order of `iter_edges`.
    ///
    /// # Errors
    /// A damaged file.
    pub fn dangling_edges(&self) -> Result<Vec<DanglingEdge>> {
        unimplemented!()
    }

    /// Owners that have rows, sorted.
    ///
    /// # Errors
    /// A damaged file.
    pub fn owners(&self) -> Result<Vec<OwnerInfo>> {
        unimplemented!()
    }
}
