//! Following edges.

use std::collections::VecDeque;

use rustc_hash::FxHashSet;

use super::Version;
use crate::{Direction, NodeId, Result, Traversal};

impl Version {
    /// Calls with the other ends of the edges of a node: outgoing before incoming, by (type, other end).
    pub(crate) fn neighbors(
        &self,
        id: NodeId,
        traversal: &Traversal,
        f: &mut dyn FnMut(NodeId),
    ) -> Result<()> {
        let types: Vec<&str> = traversal.edge_types.iter().map(String::as_str).collect();
        if traversal.direction != Direction::Incoming {
            self.edge_hits(id, &types, true)?
                .into_iter()
                .for_each(|hit| f(hit.other));
        }
        if traversal.direction != Direction::Outgoing {
            self.edge_hits(id, &types, false)?
                .into_iter()
                .for_each(|hit| f(hit.other));
        }
        Ok(())
    }

    pub(crate) fn bfs(
        &self,
        start: &[NodeId],
        traversal: &Traversal,
    ) -> Result<Vec<(NodeId, u32)>> {
        let mut seen = FxHashSet::default();
        let mut queue: VecDeque<(NodeId, u32)> = start
            .iter()
            .filter(|id| seen.insert(**id))
            .map(|&id| (id, 0))
            .collect();
        let mut reached = Vec::new();
        while let Some((id, depth)) = queue.pop_front() {
            reached.push((id, depth));
            if traversal.max_depth.is_none_or(|max| depth < max) {
                self.neighbors(id, traversal, &mut |other| {
                    if seen.insert(other) {
                        queue.push_back((other, depth + 1));
                    }
                })?;
            }
        }
        Ok(reached)
    }

    pub(crate) fn dfs(
        &self,
        start: &[NodeId],
        traversal: &Traversal,
    ) -> Result<Vec<(NodeId, u32)>> {
        // With a greatest depth, a node first met deep may have to be passed again on a shorter way, or what lies behind it
        // would be missed. It is listed once, at its first visit.
        let mut best = rustc_hash::FxHashMap::<NodeId, u32>::default();
        let mut reached = Vec::new();
        let mut stack: Vec<(NodeId, u32)> = start.iter().rev().map(|&id| (id, 0)).collect();
        let mut others = Vec::new();
        while let Some((id, depth)) = stack.pop() {
            match best.get_mut(&id) {
                Some(known) if traversal.max_depth.is_none() || *known <= depth => continue,
                Some(known) => *known = depth,
                None => {
                    best.insert(id, depth);
                    reached.push((id, depth));
                }
            }
            if traversal.max_depth.is_none_or(|max| depth < max) {
                others.clear();
                self.neighbors(id, traversal, &mut |other| others.push(other))?;
                stack.extend(others.iter().rev().map(|&other| (other, depth + 1)));
            }
        }
        Ok(reached)
    }
}
