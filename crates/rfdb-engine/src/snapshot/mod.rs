//! A graph that does not change: what readers see.

mod counts;
mod find;
mod iterate;
mod probe;
mod traverse;
mod version;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::{Edge, Node, NodeId, NodeQuery, Result, Traversal};

pub use probe::{Brief, EdgeType, Probe, VisitEnd};
pub(crate) use version::Version;

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
pub struct Snapshot {
    pub(crate) version: Arc<Version>,
}

impl Snapshot {
    /// Version of the graph: the number of the last commit in it.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version.number
    }

    /// A node.
    ///
    /// # Errors
    /// A damaged file; so for all reads.
    pub fn node(&self, id: NodeId) -> Result<Option<Node<'_>>> {
        self.version.node(id)
    }

    /// Whether a node exists.
    ///
    /// # Errors
    /// A damaged file.
    pub fn contains(&self, id: NodeId) -> Result<bool> {
        Ok(self.version.locate(id)?.is_some())
    }

    /// Many nodes, in the order of the ids.
    ///
    /// # Errors
    /// A damaged file.
    pub fn nodes(&self, ids: &[NodeId]) -> Result<Vec<Option<Node<'_>>>> {
        ids.iter().map(|&id| self.version.node(id)).collect()
    }

    /// An edge.
    ///
    /// # Errors
    /// A damaged file.
    pub fn edge(&self, src: NodeId, dst: NodeId, edge_type: &str) -> Result<Option<Edge<'_>>> {
        self.version.edge(src, dst, edge_type)
    }

    /// Ids of the nodes that meet all conditions, ascending.
    ///
    /// # Errors
    /// A damaged file.
    pub fn find(&self, query: &NodeQuery) -> Result<Vec<NodeId>> {
        self.version.find(query)
    }

    /// The nodes that meet all conditions, by ascending id.
    ///
    /// # Errors
    /// A damaged file.
    pub fn find_nodes(&self, query: &NodeQuery) -> Result<Vec<Node<'_>>> {
        let ids = self.find(query)?;
        ids.into_iter()
            .filter_map(|id| self.version.node(id).transpose())
            .collect()
    }

    /// Edges that start at a node, by (type, target). An empty list of types means all; a type may end in `*`.
    ///
    /// # Errors
    /// A damaged file.
    pub fn outgoing(&self, id: NodeId, edge_types: &[&str]) -> Result<Vec<Edge<'_>>> {
        self.version.edges_of(id, edge_types, true)
    }

    /// Edges that point to a node, by (type, source).
    ///
    /// # Errors
    /// A damaged file.
    pub fn incoming(&self, id: NodeId, edge_types: &[&str]) -> Result<Vec<Edge<'_>>> {
        self.version.edges_of(id, edge_types, false)
    }

    /// Ids at the other ends of the edges of a node, ascending and without repetition. Faster than reading the edges.
    ///
    /// # Errors
    /// A damaged file.
    pub fn neighbors(&self, id: NodeId, traversal: &Traversal) -> Result<Vec<NodeId>> {
        let mut ids = Vec::new();
        self.version
            .neighbors(id, traversal, &mut |id| ids.push(id))?;
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    /// Edges that start at each of many nodes, in the order of the ids.
    ///
    /// # Errors
    /// A damaged file.
    pub fn outgoing_many(&self, ids: &[NodeId], edge_types: &[&str]) -> Result<Vec<Vec<Edge<'_>>>> {
        ids.iter()
            .map(|&id| self.outgoing(id, edge_types))
            .collect()
    }

    /// Edges that point to each of many nodes, in the order of the ids.
    ///
    /// # Errors
    /// A damaged file.
    pub fn incoming_many(&self, ids: &[NodeId], edge_types: &[&str]) -> Result<Vec<Vec<Edge<'_>>>> {
        ids.iter()
            .map(|&id| self.incoming(id, edge_types))
            .collect()
    }

    /// Number of nodes of each type.
    ///
    /// # Errors
    /// A damaged file.
    pub fn count_nodes_by_type(&self) -> Result<BTreeMap<String, u64>> {
        Ok(self.version.counts()?.nodes.clone())
    }

    /// Number of edges of each type.
    ///
    /// # Errors
    /// A damaged file.
    pub fn count_edges_by_type(&self) -> Result<BTreeMap<String, u64>> {
        Ok(self.version.counts()?.edges.clone())
    }

    /// Number of nodes.
    ///
    /// # Errors
    /// A damaged file.
    pub fn node_count(&self) -> Result<u64> {
        Ok(self.version.counts()?.node_total)
    }

    /// Number of edges.
    ///
    /// # Errors
    /// A damaged file.
    pub fn edge_count(&self) -> Result<u64> {
        Ok(self.version.counts()?.edge_total)
    }

    /// Nodes reached from the start nodes, nearest first, with their distance. The start nodes come first, at distance 0.
    /// Ids without a node are passed through as edges lead to them.
    ///
    /// # Errors
    /// A damaged file.
    pub fn bfs(&self, start: &[NodeId], traversal: &Traversal) -> Result<Vec<(NodeId, u32)>> {
        self.version.bfs(start, traversal)
    }

    /// Nodes reached from the start nodes in depth-first preorder, with the depth of the visit.
    ///
    /// # Errors
    /// A damaged file.
    pub fn dfs(&self, start: &[NodeId], traversal: &Traversal) -> Result<Vec<(NodeId, u32)>> {
        self.version.dfs(start, traversal)
    }

    /// Everything that can be reached from the start nodes (they included), ascending.
    ///
    /// # Errors
    /// A damaged file.
    pub fn reachable(&self, start: &[NodeId], traversal: &Traversal) -> Result<Vec<NodeId>> {
        let mut ids: Vec<NodeId> = self
            .version
            .bfs(start, traversal)?
            .into_iter()
            .map(|(id, _)| id)
            .collect();
        ids.sort_unstable();
        Ok(ids)
    }

    /// All nodes by ascending id.
    pub fn iter_nodes(&self) -> impl Iterator<Item = Result<Node<'_>>> + '_ {
        self.version.iter_nodes()
    }

    /// All edges by ascending (source, type, target).
    pub fn iter_edges(&self) -> impl Iterator<Item = Result<Edge<'_>>> + '_ {
        self.version.iter_edges()
    }

    /// Edges whose source or target does not exist, in the order of `iter_edges`.
    ///
    /// # Errors
    /// A damaged file.
    pub fn dangling_edges(&self) -> Result<Vec<DanglingEdge>> {
        self.version.dangling_edges()
    }

    /// Owners that have rows, sorted.
    ///
    /// # Errors
    /// A damaged file.
    pub fn owners(&self) -> Result<Vec<OwnerInfo>> {
        self.version.owners()
    }
}
