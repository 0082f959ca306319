//! What a node lies in.

use graph_model::{EdgeType, NodeType};
use rfdb_client::{Direction, NodeId};

use crate::Result;
use crate::graph::Graph;

const CONTAINMENT: &[EdgeType] = &[
    EdgeType::Contains,
    EdgeType::Declares,
    EdgeType::HasScope,
    EdgeType::HasParameter,
    EdgeType::HasTypeParameter,
    EdgeType::HasMember,
    EdgeType::DecoratedBy,
    EdgeType::HasProperty,
];

impl Graph<'_> {
    /// Finds what these nodes lie in, up to the callables and modules; one request for each level.
    ///
    /// # Errors
    /// When the database fails.
    pub fn load_enclosing(&mut self, ids: impl IntoIterator<Item = NodeId>) -> Result<()> {
        let mut level: Vec<NodeId> = ids.into_iter().collect();
        loop {
            self.load(level.iter().copied())?;
            level.retain(|id| {
                !self.parents.contains_key(id)
                    && self
                        .node(*id)
                        .is_some_and(|n| !n.file.is_empty() && !n.is(NodeType::Module))
            });
            level.sort_unstable();
            level.dedup();
            if level.is_empty() {
                return Ok(());
            }
            let edges = self.edges(&level, Direction::Incoming, CONTAINMENT)?;
            self.load(edges.iter().map(|edge| edge.src))?;
            for id in &level {
                self.parents.insert(*id, None);
            }
            let mut next = Vec::with_capacity(level.len());
            for edge in &edges {
                // An object literal has properties without containing them.
                let contains = edge.edge_type != EdgeType::HasProperty
                    || self
                        .node(edge.dst)
                        .is_some_and(|n| n.is(NodeType::Property));
                if contains {
                    self.parents.insert(edge.dst, Some(edge.src));
                    // The callable itself is where most questions end.
                    if self.node(edge.src).is_some_and(|n| !n.is_callable()) {
                        next.push(edge.src);
                    }
                }
            }
            level = next;
        }
    }

    /// The callable or, outside of all, the module or class that a node lies in. The node's parents must have been
    /// loaded with [`load_enclosing`](Self::load_enclosing).
    #[must_use]
    pub fn enclosing(&self, id: NodeId) -> Option<NodeId> {
        let mut at = id;
        while let Some(Some(parent)) = self.parents.get(&at) {
            at = *parent;
            let node = self.node(at)?;
            if node.is_callable() || node.is(NodeType::Module) {
                return Some(at);
            }
        }
        None
    }
}
