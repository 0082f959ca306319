//! Shared, immutable bytes: on the heap or mapped.

use std::ops::{Deref, Range};

use memmap2::Mmap;

/// Immutable bytes that are cheap to clone and to cut.
#[derive(Debug, Clone, Default)]
pub struct Bytes(bytes::Bytes);

impl Bytes {
    /// A part of these bytes, `None` if it does not lie within.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Option<Self> {
        (range.start <= range.end && range.end <= self.0.len()).then(|| Self(self.0.slice(range)))
    }
}

impl Deref for Bytes {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(data: Vec<u8>) -> Self {
        Self(data.into())
    }
}

impl From<Mmap> for Bytes {
    fn from(map: Mmap) -> Self {
        Self(bytes::Bytes::from_owner(map))
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
