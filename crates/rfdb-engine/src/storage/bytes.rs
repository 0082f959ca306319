//! Shared, immutable bytes: on the heap or mapped.

use std::ops::{Deref, Range};
use std::sync::Arc;

use memmap2::Mmap;

/// Immutable bytes that are cheap to clone and to cut.
#[derive(Debug, Clone)]
pub struct Bytes {
    backing: Backing,
    start: usize,
    len: usize,
}

#[derive(Debug, Clone)]
enum Backing {
    Heap(Arc<Vec<u8>>),
    Map(Arc<Mmap>),
}

impl Bytes {
    /// A part of these bytes, `None` if it does not lie within.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Option<Self> {
        (range.start <= range.end && range.end <= self.len).then(|| Self {
            backing: self.backing.clone(),
            start: self.start + range.start,
            len: range.end - range.start,
        })
    }
}

impl Default for Bytes {
    fn default() -> Self {
        Self::from(Vec::new())
    }
}

impl Deref for Bytes {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        let all: &[u8] = match &self.backing {
            Backing::Heap(data) => data,
            Backing::Map(map) => map,
        };
        &all[self.start..self.start + self.len]
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(data: Vec<u8>) -> Self {
        let len = data.len();
        Self {
            backing: Backing::Heap(Arc::new(data)),
            start: 0,
            len,
        }
    }
}

impl From<Mmap> for Bytes {
    fn from(map: Mmap) -> Self {
        let len = map.len();
        Self {
            backing: Backing::Map(Arc::new(map)),
            start: 0,
            len,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_share_and_refuse_what_lies_outside() {
        let bytes = Bytes::from(vec![1, 2, 3, 4]);
        let middle = bytes.slice(1..3).unwrap();
        assert_eq!(&*middle, [2, 3]);
        assert_eq!(&*middle.slice(1..2).unwrap(), [3]);
        assert!(middle.slice(1..3).is_none());
        assert!(bytes.slice(Range { start: 3, end: 2 }).is_none());
    }
}
