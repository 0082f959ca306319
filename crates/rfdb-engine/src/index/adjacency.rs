//! Adjacency in compressed sparse rows: the edges of each vertex, one after the other, in both directions.
//!
//! Vertices are split into buckets that are small enough for the processor's cache. Entries are first dealt out to the buckets
//! of their vertices, then each bucket is sorted and written to its place in the sections.

use std::sync::atomic::Ordering;

use super::Section;
use super::entry::{Bits, Entry};
use super::layout::{BadBlock, BlockSource, Layout, both, cut, map, try_map};
use super::sink::SectionSink;
use super::vertices::Vertices;
use crate::codec::width_for;

/// What is told of the edges besides their sections.
#[derive(Debug, Default)]
pub(super) struct Adjacency {
    /// Distinct edges of each type.
    pub(super) counts: Vec<u32>,
    /// Bytes of a type.
    pub(super) type_width: u8,
}

/// How vertices are split into buckets: by their upper bits.
#[derive(Debug, Clone, Copy)]
struct Buckets {
    shift: u32,
    count: usize,
    vertices: usize,
}

impl Buckets {
    fn new(vertices: usize, edges: usize) -> Self {
        let wanted = (edges / 8192).clamp(1, 512).next_power_of_two();
        let bits = usize::BITS - vertices.saturating_sub(1).leading_zeros();
        let shift = bits.saturating_sub(wanted.trailing_zeros());
        Self {
            shift,
            count: (vertices.saturating_sub(1) >> shift) + 1,
            vertices,
        }
    }

    #[inline]
    fn of(self, vertex: u32) -> usize {
        (vertex >> self.shift) as usize
    }

    /// A vertex, counted from the first of its bucket.
    #[inline]
    fn within(self, vertex: u32) -> u32 {
        vertex & ((1 << self.shift) - 1)
    }

    /// Vertices of a bucket.
    fn range(self, bucket: usize) -> std::ops::Range<usize> {
        let end = ((bucket + 1) << self.shift).min(self.vertices);
        (bucket << self.shift).min(end)..end
    }
}

/// Entries of one part of the edges, grouped by bucket of their key. All keys are counted, then the entries are put.
#[derive(Debug)]
struct Group<E> {
    buckets: Buckets,
    entries: Vec<E>,
    /// Start of each bucket, and the end; one place up while keys are counted.
    starts: Vec<u32>,
    next: Vec<u32>,
}

impl<E: Entry> Group<E> {
    fn new(buckets: Buckets) -> Self {
        Self {
            buckets,
            entries: Vec::new(),
            starts: vec![0; buckets.count + 1],
            next: Vec::new(),
        }
    }

    #[inline]
    fn count(&mut self, key: u32) {
        self.starts[self.buckets.of(key) + 1] += 1;
    }

    fn counted(&mut self) {
        for bucket in 0..self.buckets.count {
            self.starts[bucket + 1] += self.starts[bucket];
        }
        self.next = self.starts.clone();
        self.entries = vec![E::default(); self.starts[self.buckets.count] as usize];
    }

    /// The order within a bucket is kept.
    #[inline]
    fn put(&mut self, key: u32, entry: E) {
        let place = &mut self.next[self.buckets.of(key)];
        self.entries[*place as usize] = entry;
        *place += 1;
    }

    fn bucket(&self, bucket: usize) -> &[E] {
        &self.entries[self.starts[bucket] as usize..self.starts[bucket + 1] as usize]
    }
}

/// Number of entries of each bucket.
fn sizes<E: Entry>(groups: &[Group<E>], buckets: Buckets) -> Vec<usize> {
    let size = |bucket| groups.iter().map(|group| group.bucket(bucket).len()).sum();
    (0..buckets.count).map(size).collect()
}

/// Entries of a bucket, sorted, and where the list of each of its vertices ends.
fn sorted<E: Entry>(
    groups: &[Group<E>],
    buckets: Buckets,
    bits: Bits,
    bucket: usize,
) -> (Vec<E>, Vec<u32>) {
    let vertices = buckets.range(bucket);
    let all = || groups.iter().flat_map(|group| group.bucket(bucket));
    let mut ends = vec![0u32; vertices.len() + 1];
    for &entry in all() {
        ends[entry.key(bits) as usize + 1] += 1;
    }
    for vertex in 0..vertices.len() {
        ends[vertex + 1] += ends[vertex];
    }
    let mut entries = vec![E::default(); ends[vertices.len()] as usize];
    for &entry in all() {
        // Moves from the start of the list to its end, which is the start of the next.
        let place = &mut ends[entry.key(bits) as usize];
        entries[*place as usize] = entry;
        *place += 1;
    }
    let mut start = 0;
    for &end in &ends[..vertices.len()] {
        let list = &mut entries[start as usize..end as usize];
        if list.len() > 1 {
            list.sort_unstable();
        }
        start = end;
    }
    ends.pop();
    (entries, ends)
}

fn put(bytes: &mut [u8], values: impl Iterator<Item = u32>) {
    for (bytes, value) in bytes.as_chunks_mut().0.iter_mut().zip(values) {
        *bytes = value.to_le_bytes();
    }
}

fn put_types(bytes: &mut [u8], width: usize, types: impl Iterator<Item = u32>) {
    if width == 1 {
        for (byte, edge_type) in bytes.iter_mut().zip(types) {
            *byte = edge_type as u8;
        }
    } else {
        for (bytes, edge_type) in bytes.chunks_exact_mut(width).zip(types) {
            bytes.copy_from_slice(&edge_type.to_le_bytes()[..width]);
        }
    }
}

/// Deals the edges of blocks out to the buckets of their sources.
fn deal<E: Entry>(
    blocks: &[BlockSource<'_>],
    layout: &Layout,
    range: std::ops::Range<usize>,
    vertices: &Vertices,
    type_maps: &[Vec<u32>],
    buckets: Buckets,
    bits: Bits,
) -> Result<Group<E>, BadBlock> {
    let mut group = Group::new(buckets);
    let vertex = |number: usize, local: u32| {
        let slot = layout.slot(number, &blocks[number].view, local as usize);
        vertices.of_slot[slot].load(Ordering::Relaxed)
    };
    let mut edges = Vec::with_capacity(range.clone().map(|n| blocks[n].view.edges).sum());
    let mut columns = Default::default();
    for number in range.clone() {
        let view = &blocks[number].view;
        let (slots, types) = (view.nodes + view.external, &type_maps[number]);
        let [sources, targets, codes] = &mut columns;
        view.edge_columns([sources, targets, codes]).ok_or(number)?;
        for ((&src, &dst), &code) in sources.iter().zip(&*targets).zip(&*codes) {
            if src as usize >= slots || dst as usize >= slots {
                return Err(number);
            }
            let edge_type = *types.get(code as usize).ok_or(number)?;
            let src = vertex(number, src);
            group.count(src);
            edges.push((src, edge_type, vertex(number, dst)));
        }
    }
    group.counted();
    // The blocks of a range follow each other.
    let first = layout.edges.get(range.start).copied().unwrap_or_default();
    for (row, &(src, edge_type, dst)) in (first..).zip(&edges) {
        // Later rows come first among equal edges.
        let order = (layout.edge_rows as u32) - row;
        let entry = E::pack(bits, buckets.within(src), edge_type, dst, order);
        group.put(src, entry);
    }
    Ok(group)
}

/// Edges of all blocks in both directions, whose sections go to `sink`. `types` is the number of types.
pub(super) fn adjacency(
    blocks: &[BlockSource<'_>],
    layout: &Layout,
    groups: &[std::ops::Range<usize>],
    vertices: &Vertices,
    type_maps: &[Vec<u32>],
    types: usize,
    sink: &dyn SectionSink,
) -> Result<Adjacency, BadBlock> {
    let parallel = layout.parallel;
    let (edges, buckets) = (
        layout.edge_rows,
        Buckets::new(vertices.count, layout.edge_rows),
    );
    match Bits::narrow(buckets.shift, buckets.vertices, types, edges) {
        // Half the memory to go through, for all but huge graphs.
        Some(bits) => {
            let dealt: Vec<Group<u64>> = try_map(groups.to_vec(), parallel, |range| {
                deal(blocks, layout, range, vertices, type_maps, buckets, bits)
            })?;
            Ok(both_directions(
                dealt, buckets, bits, edges, types, parallel, sink,
            ))
        }
        None => {
            let bits = Bits::WIDE;
            let dealt: Vec<Group<u128>> = try_map(groups.to_vec(), parallel, |range| {
                deal(blocks, layout, range, vertices, type_maps, buckets, bits)
            })?;
            Ok(both_directions(
                dealt, buckets, bits, edges, types, parallel, sink,
            ))
        }
    }
}

/// Gives the sections of edges that were dealt out to the buckets of their sources.
fn both_directions<E: Entry>(
    dealt: Vec<Group<E>>,
    buckets: Buckets,
    bits: Bits,
    edges: usize,
    types: usize,
    parallel: bool,
    sink: &dyn SectionSink,
) -> Adjacency {
    let type_width = width_for(types.saturating_sub(1) as u32).max(1);
    let width = usize::from(type_width);
    let mut out_ends = vec![0; buckets.vertices * 4];
    let mut out_targets = vec![0; edges * 4];
    let mut out_types = vec![0; edges * width];
    let mut out_positions = vec![0; edges * 4];
    let mut all_counts = vec![0; types];
    let list_bytes = || (0..buckets.count).map(|bucket| buckets.range(bucket).len() * 4);

    // Outgoing edges; while a bucket is in the cache its edges are dealt out to the buckets of their targets.
    let sizes_out = sizes(&dealt, buckets);
    let column_bytes = || sizes_out.iter().map(|size| size * 4);
    let mut first = 0u32;
    let work: Vec<_> = cut(&mut out_ends, list_bytes())
        .into_iter()
        .zip(cut(&mut out_targets, column_bytes()))
        .zip(cut(
            &mut out_types,
            sizes_out.iter().map(|size| size * width),
        ))
        .zip(cut(&mut out_positions, column_bytes()))
        .enumerate()
        .map(|(bucket, sections)| {
            let start = first;
            first += sizes_out[bucket] as u32;
            (bucket, start, sections)
        })
        .collect();
    let turned = map(work, parallel, |(bucket, first, sections)| {
        let (((ends_out, targets), codes), positions) = sections;
        let (entries, ends) = sorted(&dealt, buckets, bits, bucket);
        put(ends_out, ends.iter().map(|end| first + end));
        put(targets, entries.iter().map(|e| e.other(bits)));
        let all_rows = edges as u32;
        put(positions, entries.iter().map(|e| all_rows - e.order(bits)));
        put_types(codes, width, entries.iter().map(|e| e.edge_type(bits)));
        let first_vertex = buckets.range(bucket).start as u32;
        let mut group: Group<E> = Group::new(buckets);
        let mut counts = vec![0u32; types];
        let mut previous: Option<E> = None;
        for &entry in &entries {
            group.count(entry.other(bits));
            if previous.is_none_or(|previous| !previous.same_edge(entry, bits)) {
                counts[entry.edge_type(bits) as usize] += 1;
                previous = Some(entry);
            }
        }
        group.counted();
        for (place, &out) in entries.iter().enumerate() {
            let place = first + place as u32;
            let (target, source) = (out.other(bits), first_vertex + out.key(bits));
            let key = buckets.within(target);
            let entry = E::pack(bits, key, out.edge_type(bits), source, place);
            group.put(target, entry);
        }
        (group, counts)
    });
    drop(dealt);
    let mut incoming = Vec::with_capacity(turned.len());
    for (group, counts) in turned {
        all_counts
            .iter_mut()
            .zip(counts)
            .for_each(|(sum, count)| *sum += count);
        incoming.push(group);
    }
    let put_out = || {
        sink.put(Section::OutEnds, out_ends);
        sink.put(Section::OutTargets, out_targets);
        sink.put(Section::OutTypes, out_types);
        sink.put(Section::OutPositions, out_positions);
    };
    both(parallel, put_out, || {
        put_incoming(&incoming, buckets, bits, edges, parallel, sink);
    });
    Adjacency {
        counts: all_counts,
        type_width,
    }
}

/// Gives the sections of edges that were dealt out to the buckets of their targets.
fn put_incoming<E: Entry>(
    incoming: &[Group<E>],
    buckets: Buckets,
    bits: Bits,
    edges: usize,
    parallel: bool,
    sink: &dyn SectionSink,
) {
    let mut in_ends = vec![0; buckets.vertices * 4];
    let mut in_sources = vec![0; edges * 4];
    let mut in_edges = vec![0; edges * 4];
    let sizes = sizes(incoming, buckets);
    let column_bytes = || sizes.iter().map(|size| size * 4);
    let list_bytes = (0..buckets.count).map(|bucket| buckets.range(bucket).len() * 4);
    let mut first = 0u32;
    let work: Vec<_> = cut(&mut in_ends, list_bytes)
        .into_iter()
        .zip(cut(&mut in_sources, column_bytes()))
        .zip(cut(&mut in_edges, column_bytes()))
        .enumerate()
        .map(|(bucket, sections)| {
            let start = first;
            first += sizes[bucket] as u32;
            (bucket, start, sections)
        })
        .collect();
    map(work, parallel, |(bucket, first, sections)| {
        let ((ends_in, sources), edges) = sections;
        let (entries, ends) = sorted(incoming, buckets, bits, bucket);
        put(ends_in, ends.iter().map(|end| first + end));
        put(sources, entries.iter().map(|e| e.other(bits)));
        put(edges, entries.iter().map(|e| e.order(bits)));
    });
    sink.put(Section::InEnds, in_ends);
    sink.put(Section::InSources, in_sources);
    sink.put(Section::InEdges, in_edges);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::sink::Kept;
    use crate::index::{Built, Counts};
    use proptest::prelude::*;

    fn numbers(bytes: &[u8]) -> Vec<u32> {
        bytes
            .chunks_exact(4)
            .map(|b| u32::from_le_bytes(b.try_into().unwrap()))
            .collect()
    }

    /// (key, type, other, last column) of every entry of a direction.
    fn rows(ends: &[u8], types: &[u32], others: &[u8], last: &[u8]) -> Vec<(u32, u32, u32, u32)> {
        let (others, last) = (numbers(others), numbers(last));
        let mut start = 0;
        let mut rows = Vec::new();
        for (key, end) in numbers(ends).into_iter().enumerate() {
            for at in start..end as usize {
                rows.push((key as u32, types[at], others[at], last[at]));
            }
            start = end as usize;
        }
        rows
    }

    /// The sections of rows (source, type, target, number) that come in two groups.
    fn sections<E: Entry>(
        rows: &[(u32, u32, u32, u32)],
        split: usize,
        buckets: Buckets,
        bits: Bits,
        types: usize,
        parallel: bool,
    ) -> (Adjacency, Built) {
        let group = |part: &[(u32, u32, u32, u32)]| {
            let mut group: Group<E> = Group::new(buckets);
            part.iter().for_each(|row| group.count(row.0));
            group.counted();
            for &(src, edge_type, dst, row) in part {
                let order = rows.len() as u32 - row;
                let entry = E::pack(bits, buckets.within(src), edge_type, dst, order);
                group.put(src, entry);
            }
            group
        };
        let (a, b) = rows.split_at(split);
        let kept = Kept::default();
        let all = both_directions(
            vec![group(a), group(b)],
            buckets,
            bits,
            rows.len(),
            types,
            parallel,
            &kept,
        );
        (all, kept.built(Counts::default()))
    }

    proptest! {
        #[test]
        fn lists_are_sorted_and_complete(
            edges in prop::collection::vec((0..40u32, 0..40u32, 0..3u32), 0..200),
            cut in 0..200usize, wide in any::<bool>(), many_types in any::<bool>(), huge in any::<bool>(),
        ) {
            let vertices = 40;
            let buckets = Buckets::new(vertices, if wide { 100_000 } else { 1 });
            let types = if many_types { 300 } else { 3 };
            let offset = types as u32 - 3;
            let rows_of = |edges: &[(u32, u32, u32)]| -> Vec<(u32, u32, u32, u32)> {
                let rows = edges.iter().zip(0..);
                rows.map(|(&(key, other, t), row)| (key, t + offset, other, row)).collect()
            };
            let all_rows = rows_of(&edges);
            let split = cut.min(all_rows.len());
            let (all, built) = if huge {
                sections::<u128>(&all_rows, split, buckets, Bits::WIDE, types, wide)
            } else {
                let bits = Bits::narrow(buckets.shift, buckets.vertices, types, edges.len()).unwrap();
                sections::<u64>(&all_rows, split, buckets, bits, types, wide)
            };
            let width = if many_types { 2 } else { 1 };
            prop_assert_eq!(usize::from(all.type_width), width);
            let section = |section: Section| &built.sections[section as usize][..];
            let codes: Vec<u32> = section(Section::OutTypes)
                .chunks_exact(width)
                .map(|b| b.iter().rev().fold(0, |code, byte| code << 8 | u32::from(*byte)))
                .collect();
            let out = rows(section(Section::OutEnds), &codes, section(Section::OutTargets), section(Section::OutPositions));
            let last_first = |&(key, t, other, row): &(u32, u32, u32, u32)| (key, t, other, !row);
            let mut expected: Vec<_> = all_rows.iter().map(last_first).collect();
            expected.sort_unstable();
            let mut distinct: Vec<_> = expected.iter().map(|e| (e.0, e.1, e.2)).collect();
            distinct.dedup();
            for t in 0..types {
                prop_assert_eq!(all.counts[t] as usize, distinct.iter().filter(|e| e.1 as usize == t).count());
            }
            let expected: Vec<_> = expected.into_iter().map(|e| (e.0, e.1, e.2, !e.3)).collect();
            prop_assert_eq!(&out, &expected);
            let types_in: Vec<u32> = numbers(section(Section::InEdges)).iter().map(|&at| codes[at as usize]).collect();
            let incoming = rows(section(Section::InEnds), &types_in, section(Section::InSources), section(Section::InEdges));
            let mut turned: Vec<_> = out.iter().enumerate().map(|(at, e)| (e.2, e.1, e.0, at as u32)).collect();
            turned.sort_unstable();
            prop_assert_eq!(incoming, turned);
        }
    }
}
