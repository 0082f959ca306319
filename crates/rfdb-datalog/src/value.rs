//! Values: numbers up to 2^128 and texts, 16 bytes each.

use std::borrow::Cow;
use std::hash::{BuildHasher, BuildHasherDefault};

use hashbrown::HashTable;
use rustc_hash::FxHasher;

/// A value of a row. A text that writes a number in its shortest decimal form is that number; so are the ids of nodes.
/// Values are equal if and only if their texts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Value(u128);

/// The upper 96 bits of a value that stands for a text. Numbers that happen to begin like this are kept as texts.
const TEXT: u128 = 0x7e1f_a5c3_9b40_d286_5ec7_138d << 32;

impl Value {
    /// The number zero.
    pub(crate) const ZERO: Self = Self(0);

    fn symbol(self) -> Option<usize> {
        (self.0 & !0xffff_ffff == TEXT).then_some((self.0 & 0xffff_ffff) as usize)
    }
}

/// The texts that values stand for.
#[derive(Debug, Clone, Default)]
pub struct Values {
    bytes: String,
    ends: Vec<usize>,
    table: HashTable<u32>,
}

fn hash(text: &str) -> u64 {
    BuildHasherDefault::<FxHasher>::default().hash_one(text)
}

/// The number that a text writes in its shortest decimal form.
pub(crate) fn number(text: &str) -> Option<u128> {
    let bytes = text.as_bytes();
    let canonical = match bytes {
        [b'0'] => true,
        [b'1'..=b'9', rest @ ..] => rest.len() < 39 && rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if canonical { text.parse().ok() } else { None }
}

impl Values {
    fn text_at(&self, index: usize) -> &str {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.bytes[start..self.ends[index]]
    }

    /// The value of a text.
    pub fn text(&mut self, text: &str) -> Value {
        match number(text) {
            Some(number) => self.number(number),
            None => self.intern(text),
        }
    }

    /// The value of a number.
    pub fn number(&mut self, number: u128) -> Value {
        if Value(number).symbol().is_some() {
            self.intern(&number.to_string())
        } else {
            Value(number)
        }
    }

    fn intern(&mut self, text: &str) -> Value {
        let hash_of = hash(text);
        if let Some(&index) = self
            .table
            .find(hash_of, |&index| self.text_at(index as usize) == text)
        {
            return Value(TEXT | u128::from(index));
        }
        // A table of 2^32 texts is beyond every limit on memory.
        let index = u32::try_from(self.ends.len()).expect("fewer texts than fit into memory");
        self.bytes.push_str(text);
        self.ends.push(self.bytes.len());
        let (bytes, ends) = (&self.bytes, &self.ends);
        self.table.insert_unique(hash_of, index, |&other| {
            let other = other as usize;
            let start = if other == 0 { 0 } else { ends[other - 1] };
            hash(&bytes[start..ends[other]])
        });
        Value(TEXT | u128::from(index))
    }

    /// The number that a value is, for example the id of a node.
    #[must_use]
    pub fn as_number(&self, value: Value) -> Option<u128> {
        match value.symbol() {
            None => Some(value.0),
            Some(index) => number(self.text_at(index)),
        }
    }

    /// The text of a value.
    #[must_use]
    pub fn show(&self, value: Value) -> Cow<'_, str> {
        match value.symbol() {
            None => Cow::Owned(value.0.to_string()),
            Some(index) => Cow::Borrowed(self.text_at(index)),
        }
    }

    /// Bytes of memory that the texts use.
    pub(crate) fn memory(&self) -> usize {
        self.bytes.capacity() + self.ends.capacity() * 8 + self.table.capacity() * 5
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn texts_come_back(texts in prop::collection::vec("[0-9]{0,3}|[a-c+]{0,2}|[0-9]{37,42}", 0..20)) {
            let mut values = Values::default();
            let known: Vec<Value> = texts.iter().map(|text| values.text(text)).collect();
            for (a, value) in texts.iter().zip(&known) {
                prop_assert_eq!(&*values.show(*value), a.as_str());
                for (b, other) in texts.iter().zip(&known) {
                    prop_assert_eq!(a == b, value == other);
                }
            }
        }
    }

    #[test]
    fn a_number_that_looks_like_a_text_is_kept() {
        let mut values = Values::default();
        let odd = TEXT | 3;
        for _ in 0..2 {
            let value = values.number(odd);
            assert_eq!(values.as_number(value), Some(odd));
            assert_eq!(values.show(value), odd.to_string());
            assert_eq!(values.text(&odd.to_string()), value);
        }
        let zeros = values.text("042");
        assert_eq!(values.as_number(zeros), None);
        assert_eq!(values.as_number(Value(42)), Some(42));
    }
}
