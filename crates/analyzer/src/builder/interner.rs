//! Texts of one module, each stored once, but for those that are appended.

use std::hash::Hasher;

use hashbrown::{HashTable, hash_table};
use rustc_hash::FxHasher;

use graph_model::summary::{Names, Sym};

/// Maps texts to symbols and back.
#[derive(Default)]
pub(crate) struct Interner {
    names: Names,
    table: HashTable<Entry>,
}

/// A text of up to eight bytes, as most names are, is told by its key and length, without a look at what is stored.
#[derive(Clone, Copy)]
struct Entry {
    key: u64,
    /// [`LONG`] if the key is only a hash.
    len: u32,
    sym: Sym,
}

const LONG: u32 = u32::MAX;

impl Interner {
    /// An empty one with room for so many texts.
    pub(crate) fn with_capacity(texts: usize) -> Self {
        Interner {
            names: Names::with_capacity(texts, texts * 16),
            table: HashTable::with_capacity(texts),
        }
    }

    /// Forgets all texts, and keeps its room.
    pub(crate) fn clear(&mut self) {
        self.names.clear();
        self.table.clear();
    }

    /// The symbol of a text; the same text has the same symbol.
    pub(crate) fn intern(&mut self, text: &str) -> Sym {
        let Self { names, table } = self;
        let (key, len) = key(text);
        let entry = table.entry(
            hash(key, len),
            |entry| {
                entry.key == key && entry.len == len && (len != LONG || names.is(entry.sym, text))
            },
            |entry| hash(entry.key, entry.len),
        );
        match entry {
            hash_table::Entry::Occupied(entry) => entry.get().sym,
            hash_table::Entry::Vacant(place) => {
                let sym = names.push(text);
                place.insert(Entry { key, len, sym });
                sym
            }
        }
    }

    /// A symbol for a text that is not looked for: one that is there already, or comes again, has another one beside.
    pub(crate) fn append(&mut self, text: &str) -> Sym {
        self.names.push(text)
    }

    /// Number of texts.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    pub(crate) fn get(&self, sym: Sym) -> &str {
        self.names.get(sym)
    }

    pub(crate) fn bytes(&self, sym: Sym) -> &[u8] {
        self.names.bytes(sym)
    }

    pub(crate) fn into_names(self) -> Names {
        self.names
    }
}

/// A short text as a number, with its length; of a longer one a hash.
#[inline]
fn key(text: &str) -> (u64, u32) {
    let bytes = text.as_bytes();
    let len = bytes.len();
    let key = match len {
        0 => 0,
        // The first byte, the one in the middle, the last: with the length they say which text it is.
        1..4 => {
            u64::from(bytes[0]) | u64::from(bytes[len / 2]) << 8 | u64::from(bytes[len - 1]) << 16
        }
        4..9 => match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
            (Some(first), Some(last)) => {
                u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32
            }
            _ => 0,
        },
        _ => {
            let mut hasher = FxHasher::default();
            hasher.write(bytes);
            return (hasher.finish(), LONG);
        }
    };
    (key, len as u32)
}

/// A hash whose upper and lower bits are both good: the table uses both.
#[inline]
fn hash(key: u64, len: u32) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write_u64(key ^ u64::from(len));
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_and_only_they_share_a_symbol() {
        let mut texts = vec![String::new()];
        // All texts of up to five letters of two, and some longer ones around the bounds.
        for len in 1..=5u32 {
            texts.extend((0..1u32 << len).map(|bits| {
                (0..len)
                    .map(|i| if bits >> i & 1 == 0 { 'a' } else { 'b' })
                    .collect()
            }));
        }
        for len in 6..=20 {
            for place in 0..len {
                let mut text = "x".repeat(len);
                text.replace_range(place..=place, "y");
                texts.push(text);
            }
        }
        let mut interner = Interner::default();
        let symbols: Vec<Sym> = texts.iter().map(|text| interner.intern(text)).collect();
        for (i, (text, &sym)) in texts.iter().zip(&symbols).enumerate() {
            assert_eq!(sym, Sym(i as u32), "{text}");
            assert_eq!(interner.get(sym), text);
            assert_eq!(interner.intern(text), sym);
        }
    }
}
