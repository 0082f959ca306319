//! Deleting and adding in one commit, for writers that do not work by owner.

use std::collections::HashSet;
use std::sync::Arc;

use super::IndexMode;
use super::delete::rewrite;
use super::delta::CommitDelta;
use super::inner::Inner;
use super::prepared::Prepared;
use crate::{Batch, EdgeRow, Error, NodeId, NodeRow, Result};

impl Inner {
    pub(super) fn edit(
        self: &Arc<Self>,
        nodes: &[NodeId],
        edges: &[(NodeId, NodeId, &str)],
        add: Batch,
        mode: IndexMode,
    ) -> Result<CommitDelta> {
        self.refuse_read_only()?;
        if add.ownerless {
            return Err(Error::NoOwner);
        }
        let mut added = Prepared::default();
        for builder in add.into_builders() {
            if !builder.is_empty() {
                added.push(builder, None)?;
            }
        }
        let mut writer = self.writable()?;
        let version = self.version();
        let mut blocks = Vec::new();
        let mut gone = HashSet::new();
        for &id in nodes {
            if version.locate(id)?.is_some() && gone.insert(id) {
                blocks.extend(version.rows_touching(id)?);
            }
        }
        let mut gone_edges = HashSet::new();
        for &(src, dst, edge_type) in edges {
            if gone_edges.insert((src, dst, edge_type)) {
                let places = version.edge_rows(src, dst, edge_type)?;
                blocks.extend(places.into_iter().map(|place| (place.run, place.block)));
            }
        }
        // Each block is written again once, however many of its rows go.
        blocks.sort_unstable();
        blocks.dedup();
        let keep_node = |node: &NodeRow<'_>| !gone.contains(&node.id);
        let keep_edge = |edge: &EdgeRow<'_>| {
            !gone.contains(&edge.src)
                && !gone.contains(&edge.dst)
                && !gone_edges.contains(&(edge.src, edge.dst, edge.edge_type))
        };
        let (retire, mut written) = rewrite(&version, &blocks, keep_node, keep_edge)?;
        written.append(added);
        self.apply(&mut writer, retire, written, mode)
    }
}

#[cfg(test)]
mod tests {
    use crate::{Batch, EdgeRow, Engine, IndexMode, NodeId, NodeRow, Options, Owner};

    fn node(id: u128) -> NodeRow<'static> {
        NodeRow {
            id: NodeId(id),
            semantic_id: "",
            node_type: "N",
            name: "",
            file: "",
            exported: false,
            metadata: "",
        }
    }

    fn edge(src: u128, dst: u128) -> EdgeRow<'static> {
        EdgeRow {
            src: NodeId(src),
            dst: NodeId(dst),
            edge_type: "E",
            metadata: "",
        }
    }

    #[test]
    fn deletes_then_adds_and_keeps_the_rest_of_the_owner() -> crate::Result<()> {
        let engine = Engine::in_memory(Options::default());
        let owner = Owner::new("a", "");
        engine.add_nodes(owner, &[node(1), node(2), node(3)])?;
        engine.add_edges(
            Owner::new("b", ""),
            &[edge(1, 2), edge(2, 3), edge(3, 1), edge(3, 3)],
        )?;
        let mut add = Batch::new();
        add.owner(owner);
        add.push_node(node(4));
        // To a node that goes in the same commit: the edge is new, and stays.
        add.push_edge(edge(4, 2));
        let nodes = [NodeId(2), NodeId(2), NodeId(99)];
        let edges = [(NodeId(3), NodeId(3), "E"), (NodeId(3), NodeId(1), "other")];
        engine.edit(&nodes, &edges, add, IndexMode::Immediate)?;
        let snapshot = engine.snapshot();
        let ids: Vec<_> = snapshot
            .iter_nodes()
            .map(|node| node.map(|node| node.id.0))
            .collect::<crate::Result<_>>()?;
        assert_eq!(ids, [1, 3, 4]);
        let edges: Vec<_> = snapshot
            .iter_edges()
            .map(|edge| edge.map(|edge| (edge.src.0, edge.dst.0)))
            .collect::<crate::Result<_>>()?;
        assert_eq!(edges, [(3, 1), (4, 2)]);
        Ok(())
    }
}
