//! An end of an edge as one number, while adjacency is sorted.

/// One end of an edge as one number, by which it is sorted: from the upper bits on the vertex whose list the entry is in (its
/// *key*, counted from the first of its bucket), type number, vertex at the other end, and what tells entries apart that have
/// all this in common.
pub(super) trait Entry: Copy + Ord + Default + Send + Sync {
    fn pack(bits: Bits, key: u32, edge_type: u32, other: u32, order: u32) -> Self;
    fn key(self, bits: Bits) -> u32;
    fn edge_type(self, bits: Bits) -> u32;
    fn other(self, bits: Bits) -> u32;
    fn order(self, bits: Bits) -> u32;
    /// Whether two entries are of one edge: they differ in order only.
    fn same_edge(self, other: Self, bits: Bits) -> bool;
}

/// Bits of the parts of an entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bits {
    edge_type: u32,
    other: u32,
    order: u32,
}

impl Bits {
    /// Wide enough for anything.
    pub(super) const WIDE: Self = Self {
        edge_type: 32,
        other: 32,
        order: 32,
    };

    /// As many as are needed, if they fit into 63 (a shift by 64 is none) with keys of so many.
    pub(super) fn narrow(key: u32, vertices: usize, types: usize, edges: usize) -> Option<Self> {
        let bits = |count: usize| usize::BITS - count.leading_zeros();
        let needed = Self {
            edge_type: bits(types),
            other: bits(vertices),
            order: bits(edges),
        };
        let all = key + needed.edge_type + needed.other + needed.order;
        (all < u64::BITS).then_some(needed)
    }
}

macro_rules! entry {
    ($number:ty) => {
        impl Entry for $number {
            #[inline]
            fn pack(bits: Bits, key: u32, edge_type: u32, other: u32, order: u32) -> Self {
                ((Self::from(key) << bits.edge_type | Self::from(edge_type)) << bits.other
                    | Self::from(other))
                    << bits.order
                    | Self::from(order)
            }

            #[inline]
            fn key(self, bits: Bits) -> u32 {
                (self >> (bits.edge_type + bits.other + bits.order)) as u32
            }

            #[inline]
            fn edge_type(self, bits: Bits) -> u32 {
                (self >> (bits.other + bits.order) & ((1 << bits.edge_type) - 1)) as u32
            }

            #[inline]
            fn other(self, bits: Bits) -> u32 {
                (self >> bits.order & ((1 << bits.other) - 1)) as u32
            }

            #[inline]
            fn order(self, bits: Bits) -> u32 {
                (self & ((1 << bits.order) - 1)) as u32
            }

            #[inline]
            fn same_edge(self, other: Self, bits: Bits) -> bool {
                self >> bits.order == other >> bits.order
            }
        }
    };
}

entry!(u64);
entry!(u128);
