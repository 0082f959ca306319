//! A Bloom filter over the ids of an index.
//!
//! A reader looks an id up in every run of the overlay, and it is in few of them. Without a filter each look costs two or three
//! cache misses, with one mostly a single load. All bits of an id are in one word ("blocked" after Putze, Sanders and Singler,
//! *Cache-, Hash- and Space-Efficient Bloom Filters*, 2007).

use crate::NodeId;

/// Ids above which there is no filter: what has so many is no small part of the graph, and most ids are in it.
const MOST_IDS: usize = 1 << 17;
/// Ids per word of 64 bits. With two bits of each, about one in fifty of the absent ids passes.
const IDS_PER_WORD: usize = 4;

#[derive(Debug)]
pub(super) struct Filter {
    /// A power of two of them.
    words: Box<[u64]>,
}

/// Number of the word, before it is reduced to the count of them, and the bits in it.
#[inline]
fn place(id: NodeId) -> (u64, u64) {
    // Ids that are not hashes, such as decimal ones, are spread by a multiplication (by 2^64 over the golden ratio).
    let hash = (id.0 as u64 ^ (id.0 >> 64) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let bits = 1 << (hash >> 58) | 1 << (hash >> 52 & 63);
    (hash >> 20, bits)
}

impl Filter {
    /// A filter over ids of 16 bytes each.
    pub(super) fn new(ids: &[u8]) -> Option<Self> {
        let count = ids.len() / 16;
        if count > MOST_IDS {
            return None;
        }
        let len = (count / IDS_PER_WORD).next_power_of_two();
        let mut words = vec![0u64; len].into_boxed_slice();
        for id in ids.chunks_exact(16) {
            let id = NodeId(u128::from_le_bytes(id.try_into().unwrap_or_default()));
            let (word, bits) = place(id);
            words[word as usize & (len - 1)] |= bits;
        }
        Some(Self { words })
    }

    /// `false` if the id is not there.
    #[inline]
    pub(super) fn may_hold(&self, id: NodeId) -> bool {
        let (word, bits) = place(id);
        self.words[word as usize & (self.words.len() - 1)] & bits == bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(ids: impl Iterator<Item = u128>) -> Filter {
        let bytes: Vec<u8> = ids.flat_map(u128::to_le_bytes).collect();
        Filter::new(&bytes).unwrap()
    }

    #[test]
    fn holds_all_and_few_others() {
        let hashed = |n: u128| NodeId::from_semantic(&n.to_string()).0;
        let plain = |n: u128| n;
        let wide = |n: u128| n << 64;
        for id in [hashed, plain, wide] {
            let some = filter((0..5000).map(id));
            assert!((0..5000).all(|n| some.may_hold(NodeId(id(n)))));
            let passed = (5000..25000)
                .filter(|n| some.may_hold(NodeId(id(*n))))
                .count();
            assert!(passed < 20000 / 10, "{passed} of 20000 pass");
        }
        let none = filter(std::iter::empty());
        assert!(!none.may_hold(NodeId(1)));
    }

    #[test]
    fn a_large_index_has_none() {
        assert!(Filter::new(&vec![0; 16 * (MOST_IDS + 1)]).is_none());
    }
}
