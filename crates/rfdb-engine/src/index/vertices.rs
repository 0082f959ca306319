//! Vertices: all ids of the blocks, sorted, each once.

use std::sync::atomic::{AtomicU32, Ordering};

use rayon::prelude::*;

use super::NO_NODE;
use super::layout::{BlockSource, Layout, cut, map};

#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct IdEntry {
    high: u64,
    low: u64,
    /// Position of the node row; ids of nodes outside of their block come after all node positions.
    slot: u32,
}

/// Writes the entries of a bucket in order. Ids are hashes, so their upper bits are spread evenly: counting by as many of
/// them as there are entries puts each entry about where it belongs, and what is left to sort are twos and threes. Ids
/// that are not spread are sorted, only not as quickly. `used` is the number of upper bits that all entries share.
fn sort_spread<'e, I: Iterator<Item = &'e IdEntry>>(
    out: &mut [IdEntry],
    entries: impl Fn() -> I,
    used: u32,
    ends: &mut Vec<u32>,
) {
    let bits = out.len().max(2).ilog2();
    let digit = |entry: &IdEntry| (entry.high << used >> (u64::BITS - bits)) as usize;
    ends.clear();
    ends.resize((1 << bits) + 1, 0);
    for entry in entries() {
        ends[digit(entry) + 1] += 1;
    }
    for value in 0..1 << bits {
        ends[value + 1] += ends[value];
    }
    for entry in entries() {
        let place = &mut ends[digit(entry)];
        out[*place as usize] = *entry;
        *place += 1;
    }
    let mut start = 0;
    for &end in &ends[..1 << bits] {
        let same = &mut out[start as usize..end as usize];
        if same.len() > 100_000 {
            same.par_sort_unstable();
        } else if same.len() > 1 {
            same.sort_unstable();
        }
        start = end;
    }
}

/// Vertices: sorted distinct ids, and what each is.
pub(super) struct Vertices {
    pub(super) ids: Vec<u8>,
    pub(super) count: usize,
    pub(super) positions: Vec<u32>,
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
    let bucket = |high: u64| {
        if bits == 0 {
            0
        } else {
            (high >> (64 - bits)) as usize
        }
    };

    // Every group sorts its entries into buckets.
    let grouped = map(groups.to_vec(), parallel, |range| {
        let mut starts = vec![0u32; buckets + 1];
        let each = |f: &mut dyn FnMut(usize, usize, u64, u64)| {
            for number in range.clone() {
                for (local, id) in blocks[number].view.id_bytes().chunks_exact(16).enumerate() {
                    let id = u128::from_le_bytes(id.try_into().unwrap_or_default());
                    f(number, local, (id >> 64) as u64, id as u64);
                }
            }
        };
        each(&mut |_, _, high, _| starts[bucket(high) + 1] += 1);
        for b in 0..buckets {
            starts[b + 1] += starts[b];
        }
        let mut next = starts.clone();
        let mut entries = vec![IdEntry::default(); starts[buckets] as usize];
        each(&mut |number, local, high, low| {
            let slot = layout.slot(number, &blocks[number].view, local) as u32;
            let place = &mut next[bucket(high)];
            entries[*place as usize] = IdEntry { high, low, slot };
            *place += 1;
        });
        (entries, starts)
    });

    // Ranges of buckets are sorted on their own.
    let ranges = if parallel { buckets.min(64) } else { 1 };
    let per_range = buckets / ranges;
    let sorted = map((0..ranges).collect(), parallel, |range| {
        let range = range * per_range..(range + 1) * per_range;
        let parts = |bucket: usize| {
            grouped.iter().map(move |(entries, starts)| {
                &entries[starts[bucket] as usize..starts[bucket + 1] as usize]
            })
        };
        let size = |bucket| parts(bucket).map(<[IdEntry]>::len).sum::<usize>();
        let mut entries = vec![IdEntry::default(); range.clone().map(size).sum()];
        let (mut start, mut distinct) = (0, 0);
        let mut ends = Vec::new();
        for bucket in range {
            let end = start + size(bucket);
            let part = &mut entries[start..end];
            sort_spread(part, || parts(bucket).flatten(), bits, &mut ends);
            distinct += part
                .chunk_by(|a, b| (a.high, a.low) == (b.high, b.low))
                .count();
            start = end;
        }
        (entries, distinct)
    });
    drop(grouped);

    let count: usize = sorted.iter().map(|(_, distinct)| distinct).sum();
    let mut ids = vec![0u8; count * 16];
    let mut positions = vec![NO_NODE; count];
    let of_slot: Vec<AtomicU32> = std::iter::repeat_with(|| AtomicU32::new(0))
        .take(layout.slots)
        .collect();
    let id_pieces = cut(&mut ids, sorted.iter().map(|(_, distinct)| distinct * 16));
    let position_pieces = cut(&mut positions, sorted.iter().map(|(_, distinct)| *distinct));
    let mut first = 0;
    let mut work = Vec::new();
    for (((entries, distinct), ids), positions) in
        sorted.into_iter().zip(id_pieces).zip(position_pieces)
    {
        work.push((entries, first as u32, ids, positions));
        first += distinct;
    }
    let node_rows = layout.node_rows as u32;
    let parts = map(work, parallel, |(entries, first, ids, positions)| {
        let (mut older, mut nodes) = (Vec::new(), 0u32);
        let same_id = entries.chunk_by(|a, b| (a.high, a.low) == (b.high, b.low));
        for ((local, same), id) in same_id.enumerate().zip(ids.chunks_exact_mut(16)) {
            let vertex = first + local as u32;
            id[..8].copy_from_slice(&same[0].low.to_le_bytes());
            id[8..].copy_from_slice(&same[0].high.to_le_bytes());
            // Slots ascend, so the last node row is the newest.
            let mut newest = None;
            for entry in same.iter().rev() {
                of_slot[entry.slot as usize].store(vertex, Ordering::Relaxed);
                if entry.slot < node_rows {
                    match newest {
                        None => newest = Some(entry.slot),
                        Some(_) => older.push((vertex, entry.slot)),
                    }
                }
            }
            if let Some(position) = newest {
                positions[local] = position;
                nodes += 1;
            }
        }
        (older, nodes)
    });
    let nodes = parts.iter().map(|(_, nodes)| nodes).sum();
    let older = parts.into_iter().flat_map(|(older, _)| older).collect();
    Vertices {
        ids,
        count,
        positions,
        older,
        of_slot,
        nodes,
    }
}

/// Bits of the directory over the upper bits of ids, and the first vertex of each value of them.
pub(super) fn id_directory(ids: &[u8], count: usize) -> (u32, Vec<u32>) {
    let bits = (count / 8).max(1).ilog2();
    let mut directory = vec![0u32; (1 << bits) + 1];
    for id in ids.chunks_exact(16) {
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
