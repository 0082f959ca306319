//! Deleting single nodes and edges.
//!
//! There are no tombstones: the blocks that hold the rows are written again without them, under the same number, so that what
//! they hide and what hides them stays the same.

use std::sync::Arc;

use super::IndexMode;
use super::delta::CommitDelta;
use super::inner::{BlockRef, Inner};
use super::prepared::Prepared;
use crate::block::BlockBuilder;
use crate::run::Run;
use crate::snapshot::Version;
use crate::{EdgeRow, NodeId, NodeRow, Owner, Result};

impl Inner {
    pub(super) fn delete_node(self: &Arc<Self>, id: NodeId) -> Result<CommitDelta> {
        let mut writer = self.writable()?;
        let version = self.version();
        let blocks = if version.locate(id)?.is_some() {
            version.rows_touching(id)?
        } else {
            Vec::new()
        };
        let keep_node = |node: &NodeRow<'_>| node.id != id;
        let keep_edge = |edge: &EdgeRow<'_>| edge.src != id && edge.dst != id;
        let (retire, add) = rewrite(&version, &blocks, keep_node, keep_edge)?;
        self.apply(&mut writer, retire, add, IndexMode::Immediate)
    }

    pub(super) fn delete_edge(
        self: &Arc<Self>,
        src: NodeId,
        dst: NodeId,
        edge_type: &str,
    ) -> Result<CommitDelta> {
        let mut writer = self.writable()?;
        let version = self.version();
        let mut blocks: Vec<(usize, u32)> = version
            .edge_rows(src, dst, edge_type)?
            .into_iter()
            .map(|place| (place.run, place.block))
            .collect();
        blocks.sort_unstable();
        blocks.dedup();
        let keep_edge =
            |edge: &EdgeRow<'_>| (edge.src, edge.dst, edge.edge_type) != (src, dst, edge_type);
        let (retire, add) = rewrite(&version, &blocks, |_| true, keep_edge)?;
        self.apply(&mut writer, retire, add, IndexMode::Immediate)
    }
}

/// The blocks again without some of their rows.
pub(super) fn rewrite(
    version: &Version,
    blocks: &[(usize, u32)],
    keep_node: impl Fn(&NodeRow<'_>) -> bool,
    keep_edge: impl Fn(&EdgeRow<'_>) -> bool,
) -> Result<(Vec<BlockRef>, Prepared)> {
    let (mut retire, mut add) = (Vec::new(), Prepared::default());
    for &(run, number) in blocks {
        let run: &Arc<Run> = &version.runs[run];
        let view = run.block(number)?;
        let owner = run.owner(number)?;
        let mut builder = BlockBuilder::new(Owner::new(owner.file, owner.context));
        for row in 0..view.nodes {
            let node = view.node(row).ok_or_else(|| run.bad_block(number))?;
            if keep_node(&node.as_row()) {
                builder.push_node(node.as_row());
            }
        }
        for row in 0..view.edges {
            let edge = view.edge(row).ok_or_else(|| run.bad_block(number))?;
            if keep_edge(&edge.as_row()) {
                builder.push_edge(edge.as_row());
            }
        }
        let id = run.block_id(number)?;
        if !builder.is_empty() {
            add.push(builder, Some(id))?;
        }
        retire.push(match run.handles().get(number as usize) {
            Some(handle) => BlockRef::Overlay(Arc::clone(handle)),
            None => BlockRef::Base(number, id),
        });
    }
    Ok((retire, add))
}
