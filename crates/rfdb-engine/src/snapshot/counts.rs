//! Counts by type.

use std::collections::BTreeMap;

use super::Version;
use crate::run::Run;
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

/// The type of the node at a position of a run.
fn type_at(run: &Run, position: u32) -> Result<&str> {
    let (block, row) = run.image()?.node_row(position)?;
    run.block(block)?
        .node_type(row as usize)
        .ok_or_else(|| run.bad_block(block))
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
            let counted = match image.vertex(id)? {
                Some(vertex) => match image.newest_position(vertex)? {
                    Some(position) => Some(type_at(oldest, position)?),
                    None => None,
                },
                None => None,
            };
            let seen = self.seen_type(id)?;
            if counted != seen {
                for (name, by) in counted.iter().zip([-1]).chain(seen.iter().zip([1])) {
                    change(&mut counts.nodes, name, by);
                }
            }
        }
        Ok(())
    }

    /// The type of the node that is read under an id.
    fn seen_type(&self, id: NodeId) -> Result<Option<&str>> {
        let Some(place) = self.locate(id)? else {
            return Ok(None);
        };
        let run = &self.runs[place.run];
        let seen = run
            .block(place.block)?
            .node_type(place.row as usize)
            .ok_or_else(|| run.bad_block(place.block))?;
        Ok(Some(seen))
    }

    fn correct_edges(&self, counts: &mut GraphCounts) -> Result<()> {
        let Some((oldest, newer)) = self.runs.split_last() else {
            return Ok(());
        };
        let mut keys: Vec<Key<'_>> = Vec::new();
        for run in newer {
            let image = run.image()?;
            let seen = run.all_live(self.number);
            for vertex in 0..image.counts().vertices {
                let src = image.id(vertex)?;
                for at in image.out_list(vertex)? {
                    keys.push(Key {
                        src,
                        dst: image.id(image.out_target(at)?)?,
                        edge_type: image.type_name(image.out_type(at)?)?,
                        seen,
                        counted: false,
                    });
                }
            }
        }
        for block in (0..oldest.block_count()).filter(|&b| !oldest.is_live(b, self.number)) {
            let view = oldest.block(block)?;
            for row in 0..view.edges {
                let key = || {
                    let (src, dst, code) = view.edge_key(row)?;
                    Some(Key {
                        src: view.slot_id(src as usize)?,
                        dst: view.slot_id(dst as usize)?,
                        edge_type: view.type_name(code)?,
                        seen: false,
                        counted: true,
                    })
                };
                keys.push(key().ok_or_else(|| oldest.bad_block(block))?);
            }
        }
        keys.sort_unstable_by(|a, b| a.edge().cmp(&b.edge()));
        let image = oldest.image()?;
        for same in keys.chunk_by(|a, b| a.edge() == b.edge()) {
            let (src, dst, edge_type) = same[0].edge();
            let counted = same.iter().any(|key| key.counted)
                || Self::has_edge_row(image, src, dst, edge_type)?;
            let seen =
                same.iter().any(|key| key.seen) || self.locate_edge(src, dst, edge_type)?.is_some();
            if counted != seen {
                let by = i64::from(seen) - i64::from(counted);
                change(&mut counts.edges, edge_type, by);
            }
        }
        Ok(())
    }
}

/// An edge whose count may be another than that of the oldest run.
struct Key<'v> {
    src: NodeId,
    dst: NodeId,
    edge_type: &'v str,
    /// It is known that it can be seen.
    seen: bool,
    /// It is known that the oldest run counts it.
    counted: bool,
}

impl<'v> Key<'v> {
    fn edge(&self) -> (NodeId, NodeId, &'v str) {
        (self.src, self.dst, self.edge_type)
    }
}
