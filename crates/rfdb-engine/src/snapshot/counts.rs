//! Counts by type.

use std::collections::{BTreeMap, BTreeSet};

use super::Version;
use crate::{NodeId, Result};

/// Numbers of nodes and edges.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct GraphCounts {
    pub(crate) nodes: BTreeMap<String, u64>,
    pub(crate) edges: BTreeMap<String, u64>,
    pub(crate) node_total: u64,
    pub(crate) edge_total: u64,
}

fn change(counts: &mut BTreeMap<String, u64>, name: &str, by: i64) {
    let count = counts.entry(name.to_owned()).or_default();
    *count = count.saturating_add_signed(by);
}

impl Version {
    /// Counts: those of the oldest run as its index has them, corrected by what newer runs and superseded blocks change.
    /// Costs what was written since the index was built, and is kept.
    pub(crate) fn counts(&self) -> Result<&GraphCounts> {
        if let Some(counts) = self.counts.get() {
            return Ok(counts);
        }
        let counts = self.count()?;
        Ok(self.counts.get_or_init(|| counts))
    }

    fn count(&self) -> Result<GraphCounts> {
        let mut counts = GraphCounts::default();
        let Some((oldest, newer)) = self.runs.split_last() else {
            return Ok(counts);
        };
        let image = oldest.image()?;
        for number in 0..image.type_count() {
            let (nodes, edges) = image.type_counts(number)?;
            change(
                &mut counts.nodes,
                image.type_name(number)?,
                i64::from(nodes),
            );
            change(
                &mut counts.edges,
                image.type_name(number)?,
                i64::from(edges),
            );
        }
        if !newer.is_empty() || !oldest.all_live(self.number) {
            self.correct_nodes(&mut counts)?;
            self.correct_edges(&mut counts)?;
        }
        counts.nodes.retain(|_, count| *count > 0);
        counts.edges.retain(|_, count| *count > 0);
        counts.node_total = counts.nodes.values().sum();
        counts.edge_total = counts.edges.values().sum();
        Ok(counts)
    }

    fn correct_nodes(&self, counts: &mut GraphCounts) -> Result<()> {
        let Some((oldest, newer)) = self.runs.split_last() else {
            return Ok(());
        };
        let mut ids = Vec::new();
        for run in newer {
            let image = run.image()?;
            for vertex in 0..image.counts().vertices {
                if image.newest_position(vertex)?.is_some() {
                    ids.push(image.id(vertex)?);
                }
            }
        }
        for block in (0..oldest.block_count()).filter(|&b| !oldest.is_live(b, self.number)) {
            let view = oldest.block(block)?;
            for row in 0..view.nodes {
                ids.push(view.slot_id(row).ok_or_else(|| oldest.bad_block(block))?);
            }
        }
        ids.sort_unstable();
        ids.dedup();
        let image = oldest.image()?;
        for id in ids {
            if let Some(vertex) = image.vertex(id)?
                && let Some(position) = image.newest_position(vertex)?
            {
                let (block, row) = image.node_row(position)?;
                let counted = oldest
                    .block(block)?
                    .node_type(row as usize)
                    .ok_or_else(|| oldest.bad_block(block))?;
                change(&mut counts.nodes, counted, -1);
            }
            if let Some(place) = self.locate(id)? {
                let run = &self.runs[place.run];
                let view = run.block(place.block)?;
                let seen = view
                    .node_type(place.row as usize)
                    .ok_or_else(|| run.bad_block(place.block))?;
                change(&mut counts.nodes, seen, 1);
            }
        }
        Ok(())
    }

    fn correct_edges(&self, counts: &mut GraphCounts) -> Result<()> {
        let Some((oldest, newer)) = self.runs.split_last() else {
            return Ok(());
        };
        let mut keys: BTreeSet<(NodeId, NodeId, &str)> = BTreeSet::new();
        for run in newer {
            let image = run.image()?;
            for vertex in 0..image.counts().vertices {
                for at in image.out_list(vertex)? {
                    let target = image.id(image.out_target(at)?)?;
                    keys.insert((
                        image.id(vertex)?,
                        target,
                        image.type_name(image.out_type(at)?)?,
                    ));
                }
            }
        }
        for block in (0..oldest.block_count()).filter(|&b| !oldest.is_live(b, self.number)) {
            let view = oldest.block(block)?;
            for row in 0..view.edges {
                let key = || {
                    let (src, dst, code) = view.edge_key(row)?;
                    Some((
                        view.slot_id(src as usize)?,
                        view.slot_id(dst as usize)?,
                        view.type_name(code)?,
                    ))
                };
                keys.insert(key().ok_or_else(|| oldest.bad_block(block))?);
            }
        }
        let image = oldest.image()?;
        for (src, dst, edge_type) in keys {
            let counted = Self::has_edge_row(image, src, dst, edge_type)?;
            let seen = self.locate_edge(src, dst, edge_type)?.is_some();
            change(
                &mut counts.edges,
                edge_type,
                i64::from(seen) - i64::from(counted),
            );
        }
        Ok(())
    }
}
