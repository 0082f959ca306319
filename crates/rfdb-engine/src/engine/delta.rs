//! What a commit changed.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Changes;
use super::inner::BlockRef;
use super::state::Moment;
use crate::block::BlockView;
use crate::run::{BlockHandle, Run};
use crate::snapshot::Version;
use crate::{NodeId, Result};

/// What a commit did. The exact difference is computed by [`CommitDelta::changes`], so that a bulk load, which does not ask,
/// does not pay for it. The delta keeps what it needs to answer at any later time, so drop it when it is read.
#[derive(Debug)]
pub struct CommitDelta {
    moment: Moment,
    retired: Vec<BlockRef>,
    added: Vec<Arc<BlockHandle>>,
}

impl CommitDelta {
    pub(super) fn new(
        moment: Moment,
        retired: Vec<BlockRef>,
        added: Vec<Arc<BlockHandle>>,
    ) -> Self {
        Self {
            moment,
            retired,
            added,
        }
    }

    /// Version of the graph that the commit made.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.moment.version
    }

    /// Node rows and edge rows that the commit wrote.
    #[must_use]
    pub fn rows_written(&self) -> (u64, u64) {
        let rows =
            |f: fn(&BlockHandle) -> u32| self.added.iter().map(|block| u64::from(f(block))).sum();
        (
            rows(|block| block.desc.nodes),
            rows(|block| block.desc.edges),
        )
    }

    /// Exact difference between the graph before the commit and the graph after it.
    ///
    /// # Errors
    /// A damaged file.
    pub fn changes(&self) -> Result<Changes> {
        let mut changes = Changes::default();
        if self.retired.is_empty() && self.added.is_empty() {
            return Ok(changes);
        }
        // The same runs read at two versions: superseded blocks are live in the first, new ones in the second.
        let runs = self.moment.runs();
        let before = Version::new(self.moment.version - 1, runs.clone());
        let after = Version::new(self.moment.version, runs);
        let mut ids = BTreeSet::new();
        let mut keys = BTreeSet::new();
        for block in &self.added {
            collect(&block.view()?, &mut ids, &mut keys);
        }
        for block in &self.retired {
            match block {
                BlockRef::Overlay(block) => collect(&block.view()?, &mut ids, &mut keys),
                BlockRef::Base(number, _) => {
                    if let Some(base) = after.runs.iter().find(|run| run.as_base().is_some()) {
                        collect(&Run::block(base, *number)?, &mut ids, &mut keys);
                    }
                }
            }
        }
        let (mut node_types, mut edge_types) = (BTreeSet::new(), BTreeSet::new());
        for id in ids {
            let (old, new) = (before.node(id)?, after.node(id)?);
            if old == new {
                continue;
            }
            match (&old, &new) {
                (None, _) => changes.nodes_added += 1,
                (Some(_), None) => {
                    changes.nodes_removed += 1;
                    changes.removed_node_ids.push(id);
                }
                _ => changes.nodes_modified += 1,
            }
            node_types.extend(old.iter().chain(&new).map(|node| node.node_type.to_owned()));
        }
        for (src, dst, edge_type) in keys {
            let (old, new) = (
                before.edge(src, dst, &edge_type)?,
                after.edge(src, dst, &edge_type)?,
            );
            if old == new {
                continue;
            }
            match (&old, &new) {
                (None, _) => changes.edges_added += 1,
                (Some(_), None) => changes.edges_removed += 1,
                _ => changes.edges_modified += 1,
            }
            edge_types.insert(edge_type);
        }
        changes.node_types = node_types.into_iter().collect();
        changes.edge_types = edge_types.into_iter().collect();
        Ok(changes)
    }
}

fn collect(
    view: &BlockView<'_>,
    ids: &mut BTreeSet<NodeId>,
    keys: &mut BTreeSet<(NodeId, NodeId, String)>,
) {
    ids.extend((0..view.nodes).filter_map(|row| view.slot_id(row)));
    keys.extend((0..view.edges).filter_map(|row| {
        let (src, dst, code) = view.edge_key(row)?;
        Some((
            view.slot_id(src as usize)?,
            view.slot_id(dst as usize)?,
            view.type_name(code)?.to_owned(),
        ))
    }));
}
