//! Counts by type.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::Version;
use crate::block::BlockView;
use crate::run::Run;
use crate::{Error, NodeId, Result};

type Counts = BTreeMap<String, u64>;

/// Numbers of nodes and edges.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct GraphCounts {
    pub(crate) nodes: Counts,
    pub(crate) edges: Counts,
    pub(crate) node_total: u64,
    pub(crate) edge_total: u64,
}

fn change(counts: &mut Counts, name: &str, by: i64) {
    match counts.get_mut(name) {
        Some(count) => *count = count.saturating_add_signed(by),
        None => {
            counts.insert(name.to_owned(), 0u64.saturating_add_signed(by));
        }
    }
}

impl Version {
    /// Counts: those of the oldest run as its index has them, corrected by what newer runs and superseded blocks change.
    /// Costs what was written since the index was built, and is kept. Of newer runs only blocks are read, so that a process
    /// that only counts need not index them.
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
            let changed = self.changed_blocks(oldest, newer)?;
            let GraphCounts { nodes, edges, .. } = &mut counts;
            let (nodes, edges) = rayon::join(
                || self.correct_nodes(&changed, nodes),
                || self.correct_edges(&changed, edges),
            );
            nodes.and(edges)?;
        }
        counts.nodes.retain(|_, count| *count > 0);
        counts.edges.retain(|_, count| *count > 0);
        counts.node_total = counts.nodes.values().sum();
        counts.edge_total = counts.edges.values().sum();
        Ok(counts)
    }

    /// Which blocks make the counts differ from those of the oldest run.
    fn changed_blocks<'s>(&'s self, oldest: &'s Run, newer: &'s [Arc<Run>]) -> Result<Changed<'s>> {
        let mut changed = Changed {
            oldest,
            superseded: Vec::new(),
            added: Vec::new(),
            names: Vec::new(),
        };
        let mut names = Vec::new();
        let mut numbers: FxHashMap<&str, u32> = FxHashMap::default();
        let mut block = |run: &'s Run, number: u32, changed: &mut Vec<Block<'s>>| {
            let view = run.block(number)?;
            let codes = (0..view.types as u32).map(|code| {
                let name = view.type_name(code)?;
                Some(*numbers.entry(name).or_insert_with(|| {
                    names.push(name);
                    names.len() as u32 - 1
                }))
            });
            let types: Option<Vec<u32>> = codes.collect();
            changed.push(Block {
                run,
                number,
                id: run.block_id(number)?,
                view,
                types: types.ok_or_else(|| run.bad_block(number))?,
            });
            Ok::<(), Error>(())
        };
        for number in (0..oldest.block_count()).filter(|&b| !oldest.is_live(b, self.number)) {
            block(oldest, number, &mut changed.superseded)?;
        }
        for run in newer {
            for number in (0..run.block_count()).filter(|&b| run.is_live(b, self.number)) {
                block(run, number, &mut changed.added)?;
            }
        }
        changed.names = names;
        Ok(changed)
    }

    /// A node has other rows in the oldest run than those of superseded blocks if it has several there, which few have, or if
    /// no superseded block has it. Only then it is searched.
    fn correct_nodes(&self, changed: &Changed<'_>, counts: &mut Counts) -> Result<()> {
        let oldest = changed.oldest;
        let image = oldest.image()?;
        let mut crowded: FxHashSet<NodeId> = FxHashSet::default();
        for vertex in image.with_older_rows() {
            crowded.insert(image.id(vertex?)?);
        }
        let mut nodes: FxHashMap<NodeId, NodeKnown> = FxHashMap::default();
        nodes.reserve(changed.most(|block| block.view.nodes));
        for block in &changed.superseded {
            for row in 0..block.view.nodes {
                let (id, node_type) = block.node(row)?;
                nodes.entry(id).or_default().counted = Some(node_type);
            }
        }
        for block in &changed.added {
            for row in 0..block.view.nodes {
                let (id, node_type) = block.node(row)?;
                let seen = &mut nodes.entry(id).or_default().seen;
                // Of the rows of one block the last counts.
                if seen.is_none_or(|(newest, _)| block.id >= newest) {
                    *seen = Some((block.id, node_type));
                }
            }
        }
        for (id, known) in nodes {
            let name = |number| changed.names.get(number as usize).copied();
            let mut counted = known.counted.and_then(name);
            let mut seen = known.seen.map(|(block, number)| (block, name(number)));
            if known.counted.is_none() || crowded.contains(&id) {
                let vertex = image.vertex(id)?;
                let newest = vertex.map(|vertex| image.newest_position(vertex));
                counted = match newest.transpose()?.flatten() {
                    Some(position) => {
                        let (block, row) = image.node_row(position)?;
                        Some(type_at(oldest, block, row)?)
                    }
                    None => None,
                };
                let number = self.runs.len() - 1;
                let live = vertex.map(|vertex| self.live_row(number, image, vertex));
                if let Some(place) = live.transpose()?.flatten() {
                    let block = oldest.block_id(place.block)?;
                    if seen.is_none_or(|(newest, _)| block > newest) {
                        seen = Some((block, Some(type_at(oldest, place.block, place.row)?)));
                    }
                }
            }
            let seen = seen.and_then(|(_, name)| name);
            if counted != seen {
                for (name, by) in [(counted, -1), (seen, 1)] {
                    name.into_iter().for_each(|name| change(counts, name, by));
                }
            }
        }
        Ok(())
    }

    /// An edge counts otherwise than in the oldest run only if a newer run has a live row of it, or if a block of the oldest
    /// that had one is superseded.
    fn correct_edges(&self, changed: &Changed<'_>, counts: &mut Counts) -> Result<()> {
        let mut edges: FxHashMap<(NodeId, NodeId, u32), EdgeKnown> = FxHashMap::default();
        edges.reserve(changed.most(|block| block.view.edges));
        for block in &changed.superseded {
            for row in 0..block.view.edges {
                edges.entry(block.edge(row)?).or_default().counted = true;
            }
        }
        for block in &changed.added {
            for row in 0..block.view.edges {
                edges.entry(block.edge(row)?).or_default().seen = true;
            }
        }
        let image = changed.oldest.image()?;
        for ((src, dst, number), known) in edges {
            let Some(&edge_type) = changed.names.get(number as usize) else {
                continue;
            };
            let counted = known.counted || Self::has_edge_row(image, src, dst, edge_type)?;
            let seen = known.seen || self.oldest_has_edge(src, dst, edge_type)?;
            if counted != seen {
                change(counts, edge_type, i64::from(seen) - i64::from(counted));
            }
        }
        Ok(())
    }
}

/// A block that makes the counts differ.
struct Block<'s> {
    run: &'s Run,
    /// Place in the run.
    number: u32,
    id: u64,
    view: BlockView<'s>,
    /// Numbers of the names of its types.
    types: Vec<u32>,
}

impl Block<'_> {
    fn type_number(&self, code: u32) -> Option<u32> {
        self.types.get(code as usize).copied()
    }

    /// Id and number of the type of a node.
    fn node(&self, row: usize) -> Result<(NodeId, u32)> {
        let node = || {
            let code = self.view.node_type_codes().get(row)?;
            Some((self.view.slot_id(row)?, self.type_number(code)?))
        };
        node().ok_or_else(|| self.run.bad_block(self.number))
    }

    /// Ends and number of the type of an edge.
    fn edge(&self, row: usize) -> Result<(NodeId, NodeId, u32)> {
        let edge = || {
            let (src, dst, code) = self.view.edge_key(row)?;
            Some((
                self.view.slot_id(src as usize)?,
                self.view.slot_id(dst as usize)?,
                self.type_number(code)?,
            ))
        };
        edge().ok_or_else(|| self.run.bad_block(self.number))
    }
}

/// What makes the counts differ from those of the oldest run.
struct Changed<'s> {
    oldest: &'s Run,
    /// Blocks of the oldest run that do not count any more.
    superseded: Vec<Block<'s>>,
    /// Blocks of newer runs that count.
    added: Vec<Block<'s>>,
    /// Names of types by number.
    names: Vec<&'s str>,
}

impl Changed<'_> {
    /// The rows of the superseded or of the added blocks, whichever are more.
    fn most(&self, rows: impl Fn(&Block<'_>) -> usize) -> usize {
        let sum = |blocks: &[Block<'_>]| blocks.iter().map(&rows).sum::<usize>();
        sum(&self.superseded).max(sum(&self.added))
    }
}

/// What is known of an edge without a search.
#[derive(Default)]
struct EdgeKnown {
    /// A superseded block of the oldest run has it.
    counted: bool,
    /// A block of the newer runs has it.
    seen: bool,
}

/// What is known of a node without a search; types are numbers.
#[derive(Default)]
struct NodeKnown {
    /// As what a superseded block of the oldest run has it.
    counted: Option<u32>,
    /// The newest block of the newer runs that has it, and as what.
    seen: Option<(u64, u32)>,
}

/// The type of a node of a run.
fn type_at(run: &Run, block: u32, row: u32) -> Result<&str> {
    run.block(block)?
        .node_type(row as usize)
        .ok_or_else(|| run.bad_block(block))
}
