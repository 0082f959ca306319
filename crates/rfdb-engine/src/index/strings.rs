//! Sorted strings of an index.

use rustc_hash::FxHashMap;

/// Collects strings, then numbers them in sorted order.
#[derive(Debug, Default)]
pub(super) struct StringSet<'a> {
    numbers: FxHashMap<&'a str, u32>,
}

impl<'a> StringSet<'a> {
    pub(super) fn insert(&mut self, string: &'a str) {
        self.numbers.insert(string, 0);
    }

    /// Numbers all strings; answers ends and bytes.
    pub(super) fn seal(&mut self) -> (Vec<u32>, Vec<u8>) {
        let mut sorted: Vec<&str> = self.numbers.keys().copied().collect();
        sorted.sort_unstable();
        let (mut ends, mut bytes) = (Vec::with_capacity(sorted.len()), Vec::new());
        for (number, string) in sorted.into_iter().enumerate() {
            bytes.extend_from_slice(string.as_bytes());
            ends.push(bytes.len() as u32);
            self.numbers.insert(string, number as u32);
        }
        (ends, bytes)
    }

    /// Number of a string that was inserted before `seal`.
    pub(super) fn number(&self, string: &str) -> u32 {
        self.numbers[string]
    }
}
