//! Vertices: all ids of the blocks, sorted, each once.

use std::sync::atomic::{AtomicU32, Ordering};

use rayon::prelude::*;

use super::NO_NODE;
use super::layout::{BlockSource, Layout, map, sort_list};
use super::sink::Parts;

#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct IdEntry {
    high: u64,
    low: u64,
    /// Position of the node row; ids of nodes outside of their block come after all node positions.
    slot: u32,
}

impl IdEntry {
    /// Whether the ids are the same.
    #[inline]
    fn is_twin(&self, other: &Self) -> bool {
        (self.high, self.low) == (other.high, other.low)
    }
}

/// Writes the entries of a bucket in order. Ids are hashes, so their upper bits are spread evenly: counting by as many of
/// them as there are entries puts each entry about where it belongs, and what is left to sort are twos and threes. Ids
/// that are not spread are sorted, only not as quickly. `used` is the number of upper bits that all entries share.
fn sort_spread<'e, I: Iterator<Item = &'e [IdEntry]>>(
    out: &mut [IdEntry],
    parts: impl Fn() -> I,
    used: u32,
    ends: &mut Vec<u32>,
) {
    let bits = out.len().max(2).ilog2();
    let digit = |entry: &IdEntry| (entry.high << used >> (u64::BITS - bits)) as usize;
    ends.clear();
    ends.resize((1 << bits) + 1, 0);
    for part in parts() {
        for entry in part {
            ends[digit(entry) + 1] += 1;
        }
    }
    let mut sum = 0;
    for end in ends.iter_mut() {
        sum += *end;
        *end = sum;
    }
    for part in parts() {
        for entry in part {
            let place = &mut ends[digit(entry)];
            out[*place as usize] = *entry;
            *place += 1;
        }
    }
    let mut start = 0;
    for &end in &ends[..1 << bits] {
        let same = &mut out[start as usize..end as usize];
        if same.len() > 100_000 {
            same.par_sort_unstable();
        } else {
            sort_list(same);
        }
        start = end;
    }
}

/// Vertices: sorted distinct ids, and what each is.
pub(super) struct Vertices {
    /// In parts.
    pub(super) ids: Parts,
    pub(super) count: usize,
    /// Of the newest node row of each vertex, or [`NO_NODE`]; in the same parts.
    pub(super) positions: Vec<Vec<u32>>,
    pub(super) older: Vec<(u32, u32)>,
    /// Vertex of each slot.
    pub(super) of_slot: Vec<AtomicU32>,
    pub(super) nodes: u32,
}

pub(super) fn vertices(
    blocks: &[BlockSource<'_>],
    layout: &Layout,
    groups: &[std::ops::Range<usize>],
    parallel: bool,
) -> Vertices {
    let bits = ((layout.slots / 128).max(1).ilog2()).min(12);
    let buckets = 1usize << bits;
    // In two steps, because a number cannot be shifted by all of its bits.
    let bucket = |high: u64| (high >> 1 >> (u64::BITS - 1 - bits)) as usize;

    // Every group sorts its entries into buckets.
    let grouped = map(groups.to_vec(), parallel, |range| {
        let mut starts = vec![0u32; buckets + 1];
        for block in &blocks[range.clone()] {
            for id in block.view.id_bytes().as_chunks::<16>().0 {
                let high = (u128::from_le_bytes(*id) >> 64) as u64;
                starts[bucket(high) + 1] += 1;
            }
        }
        for b in 0..buckets {
            starts[b + 1] += starts[b];
        }
        let mut next = starts.clone();
        let mut entries = vec![IdEntry::default(); starts[buckets] as usize];
        for number in range {
            let view = &blocks[number].view;
            let ids = view.id_bytes().as_chunks::<16>().0;
            let (nodes, outside) = ids.split_at(view.nodes.min(ids.len()));
            for (slots, ids) in layout
                .slots_of(number, view)
                .into_iter()
                .zip([nodes, outside])
            {
                for (slot, id) in slots.zip(ids) {
                    let id = u128::from_le_bytes(*id);
                    let (high, low, slot) = ((id >> 64) as u64, id as u64, slot as u32);
                    let place = &mut next[bucket(high)];
                    entries[*place as usize] = IdEntry { high, low, slot };
                    *place += 1;
                }
            }
        }
        (entries, starts)
    });

    // Ranges of buckets are sorted on their own.
    let ranges = if parallel { buckets.min(64) } else { 1 };
    let per_range = buckets / ranges;
    let node_rows = layout.node_rows as u32;
    let sorted = map((0..ranges).collect(), parallel, |range| {
        let parts = |bucket: usize| {
            grouped.iter().map(move |(entries, starts)| {
                &entries[starts[bucket] as usize..starts[bucket + 1] as usize]
            })
        };
        let buckets = range * per_range..(range + 1) * per_range;
        let size = |bucket| parts(bucket).map(<[IdEntry]>::len).sum::<usize>();
        let mut part = Part::with_capacity(buckets.clone().map(size).sum());
        let (mut entries, mut ends) = (Vec::new(), Vec::new());
        for bucket in buckets {
            entries.clear();
            entries.resize(size(bucket), IdEntry::default());
            sort_spread(&mut entries, || parts(bucket), bits, &mut ends);
            part.push_sorted(&entries, node_rows);
        }
        part
    });
    drop(grouped);

    // Now that it is known how many there are in the ranges before, vertices have their numbers.
    let count = sorted.iter().map(|part| part.positions.len()).sum();
    let mut older = Vec::new();
    let mut nodes = 0;
    let mut firsts = Vec::with_capacity(sorted.len());
    let mut first = 0;
    for part in &sorted {
        older.extend(part.older.iter().map(|&(v, row)| (first + v, row)));
        nodes += part.nodes;
        firsts.push(first);
        first += part.positions.len() as u32;
    }
    let of_slot: Vec<AtomicU32> = std::iter::repeat_with(|| AtomicU32::new(0))
        .take(layout.slots)
        .collect();
    let work: Vec<_> = sorted.into_iter().zip(firsts).collect();
    let parts = map(work, parallel, |(part, first)| {
        for (slot, vertex) in part.of_slot {
            of_slot[slot as usize].store(first + vertex, Ordering::Relaxed);
        }
        (part.ids.into_flattened(), part.positions)
    });
    let (ids, positions) = parts.into_iter().unzip();
    Vertices {
        ids,
        count,
        positions,
        older,
        of_slot,
        nodes,
    }
}

/// The vertices of a range of ids, counted from the first of the range.
struct Part {
    ids: Vec<[u8; 16]>,
    positions: Vec<u32>,
    older: Vec<(u32, u32)>,
    /// Each slot of the range and its vertex.
    of_slot: Vec<(u32, u32)>,
    nodes: u32,
}

impl Part {
    fn with_capacity(slots: usize) -> Self {
        Self {
            ids: Vec::with_capacity(slots),
            positions: Vec::with_capacity(slots),
            older: Vec::new(),
            of_slot: Vec::with_capacity(slots),
            nodes: 0,
        }
    }

    /// Adds entries that follow those before. Slots of nodes are below `node_rows`.
    fn push_sorted(&mut self, entries: &[IdEntry], node_rows: u32) {
        for same in entries.chunk_by(IdEntry::is_twin) {
            let vertex = self.positions.len() as u32;
            let id = u128::from(same[0].high) << 64 | u128::from(same[0].low);
            self.ids.push(id.to_le_bytes());
            // Slots ascend, so the last node row is the newest.
            let mut newest = NO_NODE;
            for entry in same.iter().rev() {
                self.of_slot.push((entry.slot, vertex));
                if entry.slot < node_rows {
                    if newest == NO_NODE {
                        newest = entry.slot;
                        self.nodes += 1;
                    } else {
                        self.older.push((vertex, entry.slot));
                    }
                }
            }
            self.positions.push(newest);
        }
    }
}

/// Bits of the directory over the upper bits of ids, and the first vertex of each value of them.
pub(super) fn id_directory(ids: &[Vec<u8>], count: usize) -> (u32, Vec<u32>) {
    let bits = (count / 8).max(1).ilog2();
    let mut directory = vec![0u32; (1 << bits) + 1];
    for id in ids.iter().flat_map(|part| part.chunks_exact(16)) {
        let high = u64::from_le_bytes(id[8..].try_into().unwrap_or_default());
        let bucket = if bits == 0 {
            0
        } else {
            (high >> (64 - bits)) as usize
        };
        directory[bucket + 1] += 1;
    }
    for bucket in 0..1 << bits {
        directory[bucket + 1] += directory[bucket];
    }
    (bits, directory)
}
