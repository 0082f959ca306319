//! Adjacency in compressed sparse rows: the edges of each vertex, one after the other, in both directions.
//!
//! Vertices are split into buckets that are small enough for the processor's cache. Entries are first dealt out to the buckets
//! of their vertices, then each bucket is sorted and written to its place in the sections.

use std::sync::atomic::Ordering;

use super::Section;
use super::entry::{Bits, Entry};
use super::layout::{BadBlock, BlockSource, Layout, cut, map, shares, sort_list, try_map};
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

/// Entries of one part of the edges, by bucket of their key.
#[derive(Debug)]
struct Group<E> {
    of_bucket: Vec<Vec<E>>,
}

impl<E: Entry> Group<E> {
    /// With room for so many entries, if they are spread about evenly, as ids that are hashes are.
    fn new(buckets: Buckets, entries: usize) -> Self {
        let share = entries / buckets.count;
        let room = if buckets.count == 1 {
            share
        } else {
            share + share / 8 + 8
        };
        Self {
            of_bucket: std::iter::repeat_with(|| Vec::with_capacity(room))
                .take(buckets.count)
                .collect(),
        }
    }

    #[inline]
    fn push(&mut self, bucket: usize, entry: E) {
        self.of_bucket[bucket].push(entry);
    }
}

/// Number of entries of each bucket.
fn sizes<E: Entry>(groups: &[Group<E>], buckets: Buckets) -> Vec<usize> {
    let size = |bucket: usize| {
        groups
            .iter()
            .map(|group| group.of_bucket[bucket].len())
            .sum()
    };
    (0..buckets.count).map(size).collect()
}

/// The parts of sections that belong to each bucket, with the bucket and the number of its first entry.
fn placed<S>(sections: impl Iterator<Item = S>, sizes: &[usize]) -> Vec<(usize, u32, S)> {
    let mut first = 0;
    let place = |(bucket, (sections, &size)): (usize, (S, &usize))| {
        let start = first;
        first += size as u32;
        (bucket, start, sections)
    };
    sections.zip(sizes).enumerate().map(place).collect()
}

/// Entries of a bucket, sorted, and where the list of each of its vertices ends. Its memory is used for many buckets.
#[derive(Debug, Default)]
struct Sorted<E> {
    entries: Vec<E>,
    ends: Vec<u32>,
}

impl<E: Entry> Sorted<E> {
    fn sort(&mut self, groups: &[Group<E>], buckets: Buckets, bits: Bits, bucket: usize) {
        let Self { entries, ends } = self;
        let vertices = buckets.range(bucket).len();
        ends.clear();
        ends.resize(vertices + 1, 0);
        let parts = || groups.iter().map(|group| &group.of_bucket[bucket][..]);
        for part in parts() {
            for entry in part {
                ends[entry.key(bits) as usize + 1] += 1;
            }
        }
        let mut sum = 0;
        for end in ends.iter_mut() {
            sum += *end;
            *end = sum;
        }
        entries.clear();
        entries.resize(sum as usize, E::default());
        for part in parts() {
            for &entry in part {
                // Moves from the start of the list to its end, which is the start of the next.
                let place = &mut ends[entry.key(bits) as usize];
                entries[*place as usize] = entry;
                *place += 1;
            }
        }
        ends.pop();
        let mut start = 0;
        for &end in &*ends {
            sort_list(&mut entries[start as usize..end as usize]);
            start = end;
        }
    }
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
    let edges = range.clone().map(|n| blocks[n].view.edges).sum();
    let mut group = Group::new(buckets, edges);
    // Vertices of the slots of a block.
    let mut of_slot = Vec::new();
    let mut columns = Default::default();
    // Later rows come first among equal edges. The blocks of a range follow each other.
    let first = layout.edges.get(range.start).copied().unwrap_or_default();
    let mut order = layout.edge_rows as u32 - first;
    for number in range {
        let view = &blocks[number].view;
        of_slot.clear();
        for slots in layout.slots_of(number, view) {
            let vertices = &vertices.of_slot[slots];
            of_slot.extend(vertices.iter().map(|v| v.load(Ordering::Relaxed)));
        }
        let types = &type_maps[number];
        let [sources, targets, codes] = &mut columns;
        view.edge_columns([sources, targets, codes]).ok_or(number)?;
        for ((&src, &dst), &code) in sources.iter().zip(&*targets).zip(&*codes) {
            let (Some(&src), Some(&dst), Some(&edge_type)) = (
                of_slot.get(src as usize),
                of_slot.get(dst as usize),
                types.get(code as usize),
            ) else {
                return Err(number);
            };
            let entry = E::pack(bits, buckets.within(src), edge_type, dst, order);
            group.push(buckets.of(src), entry);
            order -= 1;
        }
    }
    Ok(group)
}

/// The edges of all blocks by their sources, and dealt out to the buckets of their targets. `types` is the number of types.
pub(super) fn adjacency(
    blocks: &[BlockSource<'_>],
    layout: &Layout,
    groups: &[std::ops::Range<usize>],
    vertices: &Vertices,
    type_maps: &[Vec<u32>],
    types: usize,
) -> Result<(Adjacency, Outgoing, Turned), BadBlock> {
    let parallel = layout.parallel;
    let (edges, buckets) = (
        layout.edge_rows,
        Buckets::new(vertices.count, layout.edge_rows),
    );
    let turned = |groups, bits| Turned {
        groups,
        buckets,
        bits,
        edges,
    };
    match Bits::narrow(buckets.shift, buckets.vertices, types, edges) {
        // Half the memory to go through, for all but huge graphs.
        Some(bits) => {
            let dealt: Vec<Group<u64>> = try_map(groups.to_vec(), parallel, |range| {
                deal(blocks, layout, range, vertices, type_maps, buckets, bits)
            })?;
            let (all, out, groups) = by_source(dealt, buckets, bits, edges, types, parallel);
            Ok((all, out, turned(TurnedGroups::Narrow(groups), bits)))
        }
        None => {
            let bits = Bits::WIDE;
            let dealt: Vec<Group<u128>> = try_map(groups.to_vec(), parallel, |range| {
                deal(blocks, layout, range, vertices, type_maps, buckets, bits)
            })?;
            let (all, out, groups) = by_source(dealt, buckets, bits, edges, types, parallel);
            Ok((all, out, turned(TurnedGroups::Wide(groups), bits)))
        }
    }
}

/// The sections of outgoing edges.
#[derive(Debug)]
pub(super) struct Outgoing {
    ends: Vec<u8>,
    targets: Vec<u8>,
    types: Vec<u8>,
    positions: Vec<u8>,
}

impl Outgoing {
    /// Gives them.
    pub(super) fn put(self, sink: &dyn SectionSink) {
        sink.put(Section::OutEnds, self.ends);
        sink.put(Section::OutTargets, self.targets);
        sink.put(Section::OutTypes, self.types);
        sink.put(Section::OutPositions, self.positions);
    }
}

/// Edges that are dealt out to the buckets of their targets.
#[derive(Debug)]
pub(super) struct Turned {
    groups: TurnedGroups,
    buckets: Buckets,
    bits: Bits,
    edges: usize,
}

#[derive(Debug)]
enum TurnedGroups {
    Narrow(Vec<Group<u64>>),
    Wide(Vec<Group<u128>>),
}

impl Turned {
    /// The edges by their targets.
    pub(super) fn by_target(self, parallel: bool) -> Incoming {
        let Self {
            groups,
            buckets,
            bits,
            edges,
        } = self;
        match groups {
            TurnedGroups::Narrow(groups) => {
                Incoming::sorted(&groups, buckets, bits, edges, parallel)
            }
            TurnedGroups::Wide(groups) => Incoming::sorted(&groups, buckets, bits, edges, parallel),
        }
    }
}

/// Makes the sections of edges that were dealt out to the buckets of their sources, and deals them out to those of their targets.
fn by_source<E: Entry>(
    dealt: Vec<Group<E>>,
    buckets: Buckets,
    bits: Bits,
    edges: usize,
    types: usize,
    parallel: bool,
) -> (Adjacency, Outgoing, Vec<Group<E>>) {
    let type_width = width_for(types.saturating_sub(1) as u32).max(1);
    let width = usize::from(type_width);
    let mut out_ends = vec![0; buckets.vertices * 4];
    let mut out_targets = vec![0; edges * 4];
    let mut out_types = vec![0; edges * width];
    let mut out_positions = vec![0; edges * 4];
    let mut all_counts = vec![0; types];
    let list_bytes = || (0..buckets.count).map(|bucket| buckets.range(bucket).len() * 4);

    // While a bucket is in the cache its edges are dealt out to the buckets of their targets.
    let sizes_out = sizes(&dealt, buckets);
    let column_bytes = || sizes_out.iter().map(|size| size * 4);
    let sections = cut(&mut out_ends, list_bytes())
        .into_iter()
        .zip(cut(&mut out_targets, column_bytes()))
        .zip(cut(
            &mut out_types,
            sizes_out.iter().map(|size| size * width),
        ))
        .zip(cut(&mut out_positions, column_bytes()));
    let work = placed(sections, &sizes_out);
    let turned = map(shares(work, parallel), parallel, |share| {
        let entries = share.iter().map(|(bucket, ..)| sizes_out[*bucket]).sum();
        let mut group: Group<E> = Group::new(buckets, entries);
        let mut counts = vec![0u32; types];
        let mut sorted = Sorted::default();
        for (bucket, first, sections) in share {
            let (((ends_out, targets), codes), positions) = sections;
            sorted.sort(&dealt, buckets, bits, bucket);
            let Sorted { entries, ends } = &sorted;
            put(ends_out, ends.iter().map(|end| first + end));
            put_types(codes, width, entries.iter().map(|e| e.edge_type(bits)));
            let first_vertex = buckets.range(bucket).start as u32;
            let all_rows = edges as u32;
            let mut previous: Option<E> = None;
            let columns =
                (targets.as_chunks_mut().0.iter_mut()).zip(positions.as_chunks_mut().0.iter_mut());
            for ((&entry, (target, position)), place) in entries.iter().zip(columns).zip(first..) {
                let (other, edge_type) = (entry.other(bits), entry.edge_type(bits));
                *target = other.to_le_bytes();
                *position = (all_rows - entry.order(bits)).to_le_bytes();
                if previous.is_none_or(|previous| !previous.same_edge(entry, bits)) {
                    counts[edge_type as usize] += 1;
                }
                previous = Some(entry);
                let source = first_vertex + entry.key(bits);
                let turned = E::pack(bits, buckets.within(other), edge_type, source, place);
                group.push(buckets.of(other), turned);
            }
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
    let adjacency = Adjacency {
        counts: all_counts,
        type_width,
    };
    let outgoing = Outgoing {
        ends: out_ends,
        targets: out_targets,
        types: out_types,
        positions: out_positions,
    };
    (adjacency, outgoing, incoming)
}

/// The sections of incoming edges.
#[derive(Debug)]
pub(super) struct Incoming {
    ends: Vec<u8>,
    sources: Vec<u8>,
    edges: Vec<u8>,
}

impl Incoming {
    /// Of edges that were dealt out to the buckets of their targets.
    fn sorted<E: Entry>(
        incoming: &[Group<E>],
        buckets: Buckets,
        bits: Bits,
        edges: usize,
        parallel: bool,
    ) -> Self {
        let mut in_ends = vec![0; buckets.vertices * 4];
        let mut in_sources = vec![0; edges * 4];
        let mut in_edges = vec![0; edges * 4];
        let sizes = sizes(incoming, buckets);
        let column_bytes = || sizes.iter().map(|size| size * 4);
        let list_bytes = (0..buckets.count).map(|bucket| buckets.range(bucket).len() * 4);
        let sections = cut(&mut in_ends, list_bytes)
            .into_iter()
            .zip(cut(&mut in_sources, column_bytes()))
            .zip(cut(&mut in_edges, column_bytes()));
        let work = placed(sections, &sizes);
        map(shares(work, parallel), parallel, |share| {
            let mut sorted = Sorted::default();
            for (bucket, first, sections) in share {
                let ((ends_in, sources), edges) = sections;
                sorted.sort(incoming, buckets, bits, bucket);
                let Sorted { entries, ends } = &sorted;
                put(ends_in, ends.iter().map(|end| first + end));
                put(sources, entries.iter().map(|e| e.other(bits)));
                put(edges, entries.iter().map(|e| e.order(bits)));
            }
        });
        Self {
            ends: in_ends,
            sources: in_sources,
            edges: in_edges,
        }
    }

    /// Gives them.
    pub(super) fn put(self, sink: &dyn SectionSink) {
        sink.put(Section::InEnds, self.ends);
        sink.put(Section::InSources, self.sources);
        sink.put(Section::InEdges, self.edges);
    }
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
            let mut group: Group<E> = Group::new(buckets, part.len());
            for &(src, edge_type, dst, row) in part {
                let order = rows.len() as u32 - row;
                let entry = E::pack(bits, buckets.within(src), edge_type, dst, order);
                group.push(buckets.of(src), entry);
            }
            group
        };
        let (a, b) = rows.split_at(split);
        let kept = Kept::default();
        let dealt = vec![group(a), group(b)];
        let edges = rows.len();
        let (all, outgoing, turned) = by_source(dealt, buckets, bits, edges, types, parallel);
        outgoing.put(&kept);
        Incoming::sorted(&turned, buckets, bits, edges, parallel).put(&kept);
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
