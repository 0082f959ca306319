//! Interning of strings while a block is built.

use std::hash::Hasher as _;

use hashbrown::HashTable;

/// Distinct strings, numbered from 0 in the order of their first use.
#[derive(Debug, Default)]
pub(crate) struct Dictionary {
    bytes: Vec<u8>,
    ends: Vec<u32>,
    table: HashTable<u32>,
}

pub(crate) fn hash_bytes(bytes: &[u8]) -> u64 {
    let mut hasher = rustc_hash::FxHasher::default();
    hasher.write(bytes);
    hasher.finish()
}

fn string_at<'a>(bytes: &'a [u8], ends: &[u32], number: u32) -> &'a [u8] {
    let number = number as usize;
    let start = if number == 0 { 0 } else { ends[number - 1] };
    &bytes[start as usize..ends[number] as usize]
}

impl Dictionary {
    /// The number of a string; new strings get the next number. `None` if the dictionary would grow past `limit` bytes.
    pub(crate) fn intern(&mut self, string: &[u8], limit: usize) -> Option<u32> {
        let Self { bytes, ends, table } = self;
        let hash = hash_bytes(string);
        if let Some(&number) = table.find(hash, |&number| string_at(bytes, ends, number) == string)
        {
            return Some(number);
        }
        if bytes.len() + string.len() > limit {
            return None;
        }
        let number = u32::try_from(ends.len()).ok()?;
        bytes.extend_from_slice(string);
        ends.push(u32::try_from(bytes.len()).ok()?);
        table.insert_unique(hash, number, |&number| {
            hash_bytes(string_at(bytes, ends, number))
        });
        Some(number)
    }

    /// A new number for a string that is not looked for, and never found. For strings that are known to be distinct.
    pub(crate) fn push(&mut self, string: &[u8], limit: usize) -> Option<u32> {
        if self.bytes.len() + string.len() > limit {
            return None;
        }
        let number = u32::try_from(self.ends.len()).ok()?;
        self.bytes.extend_from_slice(string);
        self.ends.push(u32::try_from(self.bytes.len()).ok()?);
        Some(number)
    }

    /// The number of a string that is there.
    pub(crate) fn find(&self, string: &[u8]) -> Option<u32> {
        let Self { bytes, ends, table } = self;
        let same = |&number: &u32| string_at(bytes, ends, number) == string;
        table.find(hash_bytes(string), same).copied()
    }

    /// Makes room.
    pub(crate) fn reserve(&mut self, strings: usize, more_bytes: usize) {
        self.bytes.reserve(more_bytes);
        self.ends.reserve(strings);
    }

    /// Removes all strings and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.table.clear();
    }

    pub(crate) fn get(&self, number: u32) -> &[u8] {
        string_at(&self.bytes, &self.ends, number)
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn ends(&self) -> &[u32] {
        &self.ends
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_strings_get_equal_numbers() {
        let mut dictionary = Dictionary::default();
        let numbers: Vec<_> = ["a", "", "b", "a", ""]
            .iter()
            .map(|s| dictionary.intern(s.as_bytes(), 100).unwrap())
            .collect();
        assert_eq!(numbers, [0, 1, 2, 0, 1]);
        assert_eq!(
            (dictionary.get(1), dictionary.get(2)),
            (&b""[..], &b"b"[..])
        );
        assert_eq!(dictionary.push(b"a", 100), Some(3));
        assert_eq!(dictionary.get(3), b"a");
        assert_eq!(dictionary.find(b"a"), Some(0));
        for full in [
            dictionary.intern(b"too long", 5),
            dictionary.push(b"too long", 5),
        ] {
            assert_eq!(full, None);
        }
    }
}
