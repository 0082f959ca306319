//! Adjacency in compressed sparse rows: the edges of each vertex, one after the other, in both directions.
//!
//! Vertices are split into buckets that are small enough for the processor's cache. Entries are first dealt out to the buckets
//! of their vertices, then each bucket is sorted and written to its place in the sections.

use std::sync::atomic::Ordering;

use super::Section;
use super::entry::{Bits, Entry};
use super::layout::{BadBlock, BlockSource, Layout, map, shares, sort_list, try_map};
use super::sink::{Parts, SectionSink};
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

/// Each bucket and the number of its first entry.
fn numbered(sizes: &[usize]) -> Vec<(usize, u32)> {
    let mut first = 0;
    let number = |(bucket, &size): (usize, &usize)| {
        let start = first;
        first += size as u32;
        (bucket, start)
    };
    sizes.iter().enumerate().map(number).collect()
}

/// Numbers of the entries and of the vertices of some buckets.
fn room(share: &[(usize, u32)], sizes: &[usize], buckets: Buckets) -> (usize, usize) {
    let entries = share.iter().map(|(bucket, _)| sizes[*bucket]).sum();
    let vertices = share.iter().map(|(bucket, _)| buckets.range(*bucket).len());
    (entries, vertices.sum())
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

/// A column of numbers while it is made.
struct Column(Vec<[u8; 4]>);

impl Column {
    fn with_capacity(numbers: usize) -> Self {
        Self(Vec::with_capacity(numbers))
    }

    #[inline]
    fn extend(&mut self, numbers: impl Iterator<Item = u32>) {
        self.0.extend(numbers.map(u32::to_le_bytes));
    }

    fn into_bytes(self) -> Vec<u8> {
        self.0.into_flattened()
    }
}

fn put_types(bytes: &mut Vec<u8>, width: usize, types: impl Iterator<Item = u32>) {
    if width == 1 {
        bytes.extend(types.map(|edge_type| edge_type as u8));
    } else {
        for edge_type in types {
            bytes.extend_from_slice(&edge_type.to_le_bytes()[..width]);
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
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    ends: Parts,
    targets: Parts,
    types: Parts,
    positions: Parts,
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
        } = self;
        match groups {
            TurnedGroups::Narrow(groups) => Incoming::sorted(&groups, buckets, bits, parallel),
            TurnedGroups::Wide(groups) => Incoming::sorted(&groups, buckets, bits, parallel),
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
    let sizes = sizes(&dealt, buckets);
    let all_rows = edges as u32;
    let work = shares(numbered(&sizes), parallel);
    // While a bucket is in the cache its edges are dealt out to the buckets of their targets.
    let made = map(work, parallel, |share| {
        let (entries, vertices) = room(&share, &sizes, buckets);
        let mut group: Group<E> = Group::new(buckets, entries);
        let mut counts = vec![0u32; types];
        let mut ends_out = Column::with_capacity(vertices);
        let mut targets = Column::with_capacity(entries);
        let mut codes = Vec::with_capacity(entries * width);
        let mut positions = Column::with_capacity(entries);
        let mut sorted = Sorted::default();
        for (bucket, first) in share {
            sorted.sort(&dealt, buckets, bits, bucket);
            let Sorted { entries, ends } = &sorted;
            ends_out.extend(ends.iter().map(|end| first + end));
            put_types(&mut codes, width, entries.iter().map(|e| e.edge_type(bits)));
            targets.extend(entries.iter().map(|e| e.other(bits)));
            positions.extend(entries.iter().map(|e| all_rows - e.order(bits)));
            let first_vertex = buckets.range(bucket).start as u32;
            let mut previous: Option<E> = None;
            for (&entry, place) in entries.iter().zip(first..) {
                let (other, edge_type) = (entry.other(bits), entry.edge_type(bits));
                if previous.is_none_or(|previous| !previous.same_edge(entry, bits)) {
                    counts[edge_type as usize] += 1;
                }
                previous = Some(entry);
                let source = first_vertex + entry.key(bits);
                let turned = E::pack(bits, buckets.within(other), edge_type, source, place);
                group.push(buckets.of(other), turned);
            }
        }
        let columns = [
            ends_out.into_bytes(),
            targets.into_bytes(),
            codes,
            positions.into_bytes(),
        ];
        (group, counts, columns)
    });
    drop(dealt);
    let mut all = Adjacency {
        counts: vec![0; types],
        type_width,
    };
    let mut turned = Vec::with_capacity(made.len());
    let mut out = Outgoing::default();
    for (group, counts, [ends, targets, types, positions]) in made {
        for (sum, count) in all.counts.iter_mut().zip(counts) {
            *sum += count;
        }
        turned.push(group);
        out.ends.push(ends);
        out.targets.push(targets);
        out.types.push(types);
        out.positions.push(positions);
    }
    (all, out, turned)
}

/// The sections of incoming edges.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    ends: Parts,
    sources: Parts,
    edges: Parts,
}

impl Incoming {
    /// Of edges that were dealt out to the buckets of their targets.
    fn sorted<E: Entry>(turned: &[Group<E>], buckets: Buckets, bits: Bits, parallel: bool) -> Self {
        let sizes = sizes(turned, buckets);
        let work = shares(numbered(&sizes), parallel);
        let made = map(work, parallel, |share| {
            let (entries, vertices) = room(&share, &sizes, buckets);
            let mut ends_in = Column::with_capacity(vertices);
            let mut sources = Column::with_capacity(entries);
            let mut edges = Column::with_capacity(entries);
            let mut sorted = Sorted::default();
            for (bucket, first) in share {
                sorted.sort(turned, buckets, bits, bucket);
                let Sorted { entries, ends } = &sorted;
                ends_in.extend(ends.iter().map(|end| first + end));
                sources.extend(entries.iter().map(|e| e.other(bits)));
                edges.extend(entries.iter().map(|e| e.order(bits)));
            }
            [ends_in, sources, edges].map(Column::into_bytes)
        });
        let mut all = Self::default();
        for [ends, sources, edges] in made {
            all.ends.push(ends);
            all.sources.push(sources);
            all.edges.push(edges);
        }
        all
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
        Incoming::sorted(&turned, buckets, bits, parallel).put(&kept);
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
