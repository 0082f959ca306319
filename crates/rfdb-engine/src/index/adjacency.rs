//! Adjacency in compressed sparse rows: the edges of each vertex, one after the other.

use rayon::prelude::*;

/// One end of an edge.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// Vertex whose list the entry is in.
    pub(super) key: u32,
    /// Vertex at the other end.
    pub(super) other: u32,
    /// Type number.
    pub(super) edge_type: u32,
    /// Tells entries of the same key, type and other end apart; the lowest comes first.
    pub(super) order: u32,
}

/// How vertices are split into buckets: by their upper bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Buckets {
    shift: u32,
    pub(super) count: usize,
}

impl Buckets {
    pub(super) fn new(vertices: usize, edges: usize) -> Self {
        let wanted = (edges / 8192).clamp(1, 512).next_power_of_two();
        let bits = usize::BITS - vertices.saturating_sub(1).leading_zeros();
        let shift = bits.saturating_sub(wanted.trailing_zeros());
        Self {
            shift,
            count: (vertices.saturating_sub(1) >> shift) + 1,
        }
    }

    fn of(self, vertex: u32) -> usize {
        (vertex >> self.shift) as usize
    }
}

/// Entries of one part of the edges, grouped by bucket of their key.
#[derive(Debug)]
pub(super) struct Group {
    entries: Vec<Entry>,
    starts: Vec<u32>,
}

impl Group {
    /// Groups entries; the order within a bucket is kept.
    pub(super) fn new(unsorted: &[Entry], buckets: Buckets) -> Self {
        let mut starts = vec![0u32; buckets.count + 1];
        for entry in unsorted {
            starts[buckets.of(entry.key) + 1] += 1;
        }
        for bucket in 0..buckets.count {
            starts[bucket + 1] += starts[bucket];
        }
        let mut next = starts.clone();
        let mut entries = vec![
            Entry {
                key: 0,
                other: 0,
                edge_type: 0,
                order: 0
            };
            unsorted.len()
        ];
        for entry in unsorted {
            let slot = &mut next[buckets.of(entry.key)];
            entries[*slot as usize] = *entry;
            *slot += 1;
        }
        Self { entries, starts }
    }

    fn bucket(&self, bucket: usize) -> &[Entry] {
        &self.entries[self.starts[bucket] as usize..self.starts[bucket + 1] as usize]
    }
}

/// Sorted entries of a range of vertices.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) entries: Vec<Entry>,
    /// End of the list of each vertex of the range, from the start of the part.
    pub(super) ends: Vec<u32>,
}

/// All lists: parts in the order of the vertices.
pub(super) fn sort(
    groups: &[Group],
    buckets: Buckets,
    vertices: usize,
    parallel: bool,
) -> Vec<Part> {
    let part = |bucket: usize| {
        let first = bucket << buckets.shift;
        let last = ((bucket + 1) << buckets.shift).min(vertices);
        let size = last.saturating_sub(first);
        let mut ends = vec![0u32; size + 1];
        for entry in groups.iter().flat_map(|group| group.bucket(bucket)) {
            ends[entry.key as usize - first + 1] += 1;
        }
        for vertex in 0..size {
            ends[vertex + 1] += ends[vertex];
        }
        let mut next = ends.clone();
        let mut entries = vec![
            Entry {
                key: 0,
                other: 0,
                edge_type: 0,
                order: 0
            };
            ends[size] as usize
        ];
        for entry in groups.iter().flat_map(|group| group.bucket(bucket)) {
            let slot = &mut next[entry.key as usize - first];
            entries[*slot as usize] = *entry;
            *slot += 1;
        }
        for vertex in 0..size {
            let list = &mut entries[ends[vertex] as usize..ends[vertex + 1] as usize];
            if list.len() > 1 {
                list.sort_unstable_by_key(|e| (e.edge_type, e.other, e.order));
            }
        }
        ends.remove(0);
        Part { entries, ends }
    };
    if parallel {
        (0..buckets.count).into_par_iter().map(part).collect()
    } else {
        (0..buckets.count).map(part).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lists_are_sorted_and_complete(
            edges in prop::collection::vec((0..40u32, 0..40u32, 0..3u32), 0..200), cut in 0..200usize, wide in any::<bool>(),
        ) {
            let vertices = 40;
            let buckets = Buckets::new(vertices, if wide { 100_000 } else { 1 });
            let entries: Vec<Entry> = edges
                .iter()
                .enumerate()
                .map(|(order, &(key, other, edge_type))| Entry { key, other, edge_type, order: order as u32 })
                .collect();
            let (a, b) = entries.split_at(cut.min(entries.len()));
            let parts = sort(&[Group::new(a, buckets), Group::new(b, buckets)], buckets, vertices, wide);
            prop_assert_eq!(parts.iter().map(|p| p.ends.len()).sum::<usize>(), vertices);
            let sorted: Vec<_> =
                parts.iter().flat_map(|p| &p.entries).map(|e| (e.key, e.edge_type, e.other, e.order)).collect();
            let mut expected: Vec<_> = entries.iter().map(|e| (e.key, e.edge_type, e.other, e.order)).collect();
            expected.sort_unstable();
            prop_assert_eq!(sorted, expected);
        }
    }
}
