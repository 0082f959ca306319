//! Counts by type.

use std::collections::BTreeMap;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::Version;
use crate::run::Run;
use crate::{NodeId, Result};

type Counts = BTreeMap<String, u64>;

/// So many ids are searched by one thread at least.
const IDS_AT_ONCE: usize = 1024;

/// Numbers of nodes and edges.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct GraphCounts {
    pub(crate) nodes: Counts,
    pub(crate) edges: Counts,
    pub(crate) node_total: u64,
    pub(crate) edge_total: u64,
}

fn change(counts: &mut Counts, name: &str, by: i64) {
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
            let GraphCounts { nodes, edges, .. } = &mut counts;
            let (nodes, edges) =
                rayon::join(|| self.correct_nodes(nodes), || self.correct_edges(edges));
            nodes.and(edges)?;
        }
        counts.nodes.retain(|_, count| *count > 0);
        counts.edges.retain(|_, count| *count > 0);
        counts.node_total = counts.nodes.values().sum();
        counts.edge_total = counts.edges.values().sum();
        Ok(counts)
    }

    fn correct_nodes(&self, counts: &mut Counts) -> Result<()> {
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
        // Each id is searched in every run, which is most of the work after large edits.
        let changes: Vec<Vec<(&str, i64)>> = ids
            .par_chunks(IDS_AT_ONCE)
            .map(|ids| {
                let mut changes = Vec::new();
                for &id in ids {
                    let counted = match image.vertex(id)? {
                        Some(vertex) => match image.newest_position(vertex)? {
                            Some(position) => Some(type_at(oldest, position)?),
                            None => None,
                        },
                        None => None,
                    };
                    let seen = self.seen_type(id)?;
                    if counted != seen {
                        changes.extend(counted.map(|name| (name, -1)));
                        changes.extend(seen.map(|name| (name, 1)));
                    }
                }
                Ok(changes)
            })
            .collect::<Result<_>>()?;
        for (name, by) in changes.into_iter().flatten() {
            change(counts, name, by);
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

    /// An edge counts otherwise than in the oldest run only if a newer run has a live row of it, or if a block of the oldest
    /// that had one is superseded.
    fn correct_edges(&self, counts: &mut Counts) -> Result<()> {
        let Some((oldest, newer)) = self.runs.split_last() else {
            return Ok(());
        };
        let mut edges: FxHashMap<(NodeId, NodeId, &str), Known> = FxHashMap::default();
        for run in newer {
            let image = run.image()?;
            let all_live = run.all_live(self.number);
            for vertex in 0..image.counts().vertices {
                let list = image.out_list(vertex)?;
                let src = image.id(vertex)?;
                for at in list {
                    let live = all_live || {
                        let (block, _) = image.edge_row(image.out_position(at)?)?;
                        run.is_live(block, self.number)
                    };
                    if live {
                        let dst = image.id(image.out_target(at)?)?;
                        let edge_type = image.type_name(image.out_type(at)?)?;
                        edges.entry((src, dst, edge_type)).or_default().seen = true;
                    }
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
                let key = key().ok_or_else(|| oldest.bad_block(block))?;
                edges.entry(key).or_default().counted = true;
            }
        }
        let image = oldest.image()?;
        for ((src, dst, edge_type), known) in edges {
            let counted = known.counted || Self::has_edge_row(image, src, dst, edge_type)?;
            let seen = known.seen || self.locate_edge(src, dst, edge_type)?.is_some();
            if counted != seen {
                let by = i64::from(seen) - i64::from(counted);
                change(counts, edge_type, by);
            }
        }
        Ok(())
    }
}

/// What is known of an edge without a search.
#[derive(Default)]
struct Known {
    /// A newer run has a live row of it.
    seen: bool,
    /// The oldest run counts it.
    counted: bool,
}
