//! Where values lie.

use std::alloc::Layout;

use bumpalo::Bump;

/// Memory that all goes at once. What lies in it has nothing to free.
#[derive(Debug)]
pub(crate) struct Arena(Bump);

impl Arena {
    /// Bytes of a piece of memory. Pieces would double without a limit, and large ones come fresh from the system, which clears
    /// each page first: on 1,200 files that took 5 % of the time of linking. From 32 KiB to 1 MiB all sizes are as good.
    const PIECE: usize = 128 << 10;

    pub(crate) fn new() -> Self {
        Arena(Bump::new())
    }

    pub(crate) fn one<T>(&self, value: T) -> &T {
        const { assert!(!std::mem::needs_drop::<T>()) };
        self.reserve(Layout::new::<T>());
        self.0.alloc(value)
    }

    pub(crate) fn list<T: Copy>(&self, items: &[T]) -> &[T] {
        self.reserve(Layout::for_value(items));
        self.0.alloc_slice_copy(items)
    }

    pub(crate) fn text(&self, text: &str) -> &str {
        self.reserve(Layout::for_value(text));
        self.0.alloc_str(text)
    }

    /// Allows one more piece where the last one has no room. Of the size that it would like bumpalo takes halves until one is
    /// allowed, as long as the request fits: so twice the request must be. That sizes are rounded up to pages the piece pays.
    #[inline]
    fn reserve(&self, layout: Layout) {
        if self.0.chunk_capacity() < layout.size() + layout.align() {
            let all = self.0.allocated_bytes() + Self::PIECE + 2 * layout.size();
            self.0.set_allocation_limit(Some(all));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Arena;

    #[test]
    fn pieces_stay_small_and_hold_what_is_large() {
        let arena = Arena::new();
        let all: Vec<&u64> = (0..200_000).map(|n| arena.one(n)).collect();
        let bytes = arena.0.allocated_bytes();
        assert!(all.iter().zip(0..).all(|(&&value, n)| value == n));
        assert!(bytes < 200_000 * 8 + 2 * Arena::PIECE, "{bytes}");
        let large = vec![7u32; Arena::PIECE];
        assert_eq!(arena.list(&large), large);
        let text = "x".repeat(3 * Arena::PIECE);
        assert_eq!(arena.text(&text), text);
    }
}
