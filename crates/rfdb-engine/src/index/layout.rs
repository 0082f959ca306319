//! What an index is built from: blocks, how their rows are counted through, and how the work is shared out to threads.

use std::ops::Range;

use rayon::prelude::*;

use crate::block::BlockView;
use crate::block_ref::BlockDesc;

/// Rows from which threads pay.
const PARALLEL_ROWS: usize = 30_000;

/// A block to index.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BlockSource<'a> {
    pub(crate) desc: &'a BlockDesc,
    pub(crate) view: BlockView<'a>,
}

/// Number of the block whose contents are wrong.
pub(crate) type BadBlock = usize;

/// First node position, outside-id slot and edge position of each block.
pub(super) struct Layout {
    pub(super) nodes: Vec<u32>,
    pub(super) external: Vec<u32>,
    pub(super) edges: Vec<u32>,
    pub(super) node_rows: usize,
    pub(super) slots: usize,
    pub(super) edge_rows: usize,
    /// Threads pay.
    pub(super) parallel: bool,
}

impl Layout {
    pub(super) fn new(blocks: &[BlockSource<'_>]) -> Self {
        let (mut nodes, mut external, mut edges) = (Vec::new(), Vec::new(), Vec::new());
        let (mut node, mut outside, mut edge) = (0usize, 0usize, 0usize);
        for block in blocks {
            nodes.push(node as u32);
            external.push(outside as u32);
            edges.push(edge as u32);
            node += block.view.nodes;
            outside += block.view.external;
            edge += block.view.edges;
        }
        Self {
            nodes,
            external,
            edges,
            node_rows: node,
            slots: node + outside,
            edge_rows: edge,
            parallel: node + outside + edge > PARALLEL_ROWS,
        }
    }

    /// Slots among all blocks of the slots of one block: those of its nodes, then those of ids outside.
    pub(super) fn slots_of(&self, block: usize, view: &BlockView<'_>) -> [Range<usize>; 2] {
        let first = self.nodes[block] as usize;
        let outside = self.node_rows + self.external[block] as usize;
        [first..first + view.nodes, outside..outside + view.external]
    }
}

/// Contiguous groups of blocks of about the same number of rows.
pub(super) fn groups(blocks: &[BlockSource<'_>], parallel: bool) -> Vec<std::ops::Range<usize>> {
    if !parallel {
        return std::iter::once(0..blocks.len()).collect();
    }
    let total: usize = blocks.iter().map(|b| b.view.nodes + b.view.edges).sum();
    let wanted = (rayon::current_num_threads() * 4).max(1);
    let share = total / wanted + 1;
    let (mut groups, mut start, mut rows) = (Vec::new(), 0, 0);
    for (number, block) in blocks.iter().enumerate() {
        rows += block.view.nodes + block.view.edges;
        if rows >= share {
            groups.push(start..number + 1);
            (start, rows) = (number + 1, 0);
        }
    }
    if start < blocks.len() {
        groups.push(start..blocks.len());
    }
    groups
}

/// Sorts a list that mostly is of one or two.
#[inline]
pub(super) fn sort_list<T: Ord>(list: &mut [T]) {
    match list {
        [] | [_] => {}
        [a, b] => {
            if *b < *a {
                std::mem::swap(a, b);
            }
        }
        list => list.sort_unstable(),
    }
}

/// Cuts a list of work into consecutive shares, a few for each thread.
pub(super) fn shares<T>(work: Vec<T>, parallel: bool) -> Vec<Vec<T>> {
    let ranges = ranges(work.len(), 8, parallel);
    let mut work = work.into_iter();
    let share = |range: Range<usize>| work.by_ref().take(range.len()).collect();
    ranges.into_iter().map(share).collect()
}

/// Cuts so many things into consecutive ranges, so many for each thread.
pub(super) fn ranges(count: usize, each: usize, parallel: bool) -> Vec<Range<usize>> {
    let wanted = match parallel {
        true => rayon::current_num_threads() * each,
        false => 1,
    };
    let size = count.div_ceil(wanted).max(1);
    let starts = (0..count).step_by(size);
    starts
        .map(|start| start..(start + size).min(count))
        .collect()
}

/// Does something with each of some items; one at a time, so that threads are done at about the same time.
pub(super) fn map<I: Send, O: Send>(
    items: Vec<I>,
    parallel: bool,
    f: impl Fn(I) -> O + Sync + Send,
) -> Vec<O> {
    if parallel {
        items.into_par_iter().with_max_len(1).map(f).collect()
    } else {
        items.into_iter().map(f).collect()
    }
}

/// As [`map`], of what can fail.
pub(super) fn try_map<I: Send, O: Send, E: Send>(
    items: Vec<I>,
    parallel: bool,
    f: impl Fn(I) -> Result<O, E> + Sync + Send,
) -> Result<Vec<O>, E> {
    if parallel {
        items.into_par_iter().with_max_len(1).map(f).collect()
    } else {
        items.into_iter().map(f).collect()
    }
}

/// Does two things, at once if threads pay.
pub(super) fn both<A: Send, B: Send>(
    parallel: bool,
    a: impl FnOnce() -> A + Send,
    b: impl FnOnce() -> B + Send,
) -> (A, B) {
    if parallel {
        rayon::join(a, b)
    } else {
        (a(), b())
    }
}

/// Cuts a slice into consecutive pieces.
pub(super) fn cut<T>(mut slice: &mut [T], lengths: impl Iterator<Item = usize>) -> Vec<&mut [T]> {
    let mut pieces = Vec::new();
    for length in lengths {
        let (piece, rest) = slice.split_at_mut(length);
        pieces.push(piece);
        slice = rest;
    }
    pieces
}
