//! Names and lists: the tables that all facts of a summary refer to.

use serde::{Deserialize, Serialize};

/// A name, as an index into [`ModuleSummary::names`](super::ModuleSummary::names).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Sym(pub u32);

/// A run of entries of one of the summary's tables; which table, the field says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct List {
    /// Index of the first entry.
    pub start: u32,
    /// Number of entries.
    pub len: u32,
}

impl List {
    /// No entries.
    pub const EMPTY: List = List { start: 0, len: 0 };

    /// Whether there are no entries.
    pub fn is_empty(self) -> bool {
        self.len == 0
    }

    /// The entries, out of their table; none if the summary is damaged.
    pub fn of<T>(self, table: &[T]) -> &[T] {
        let start = self.start as usize;
        table
            .get(start..start + self.len as usize)
            .unwrap_or_default()
    }

    /// The indexes of the entries.
    pub fn indexes(self) -> std::ops::Range<u32> {
        self.start..self.start + self.len
    }
}

/// A table of names in one allocation.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Names {
    text: String,
    #[serde(with = "super::packed::ascending")]
    ends: Vec<u32>,
}

impl Names {
    /// An empty table with room for so many names, and so many bytes of them.
    pub fn with_capacity(names: usize, bytes: usize) -> Self {
        Names {
            text: String::with_capacity(bytes),
            ends: Vec::with_capacity(names),
        }
    }

    /// The text of a symbol; empty for one that is not in the table.
    #[inline]
    pub fn get(&self, sym: Sym) -> &str {
        self.range(sym)
            .and_then(|range| self.text.get(range))
            .unwrap_or("")
    }

    /// Whether a symbol is that of a text.
    pub fn is(&self, sym: Sym, text: &str) -> bool {
        self.range(sym).is_some() && self.bytes(sym) == text.as_bytes()
    }

    /// The bytes of a symbol's text: cheaper than [`Names::get`], which looks where characters begin.
    #[inline]
    pub fn bytes(&self, sym: Sym) -> &[u8] {
        self.range(sym)
            .and_then(|range| self.text.as_bytes().get(range))
            .unwrap_or_default()
    }

    #[inline]
    fn range(&self, sym: Sym) -> Option<std::ops::Range<usize>> {
        let i = sym.0 as usize;
        let &end = self.ends.get(i)?;
        let start = match i {
            0 => 0,
            _ => *self.ends.get(i - 1)?,
        };
        Some(start as usize..end as usize)
    }

    /// Gives back room that is not used.
    pub fn shrink_to_fit(&mut self) {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
    }

    /// Number of names.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are no names.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Removes all names, and keeps the room.
    pub fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    /// Bytes of all names.
    pub fn text_len(&self) -> usize {
        self.text.len()
    }

    /// Appends a name and returns its symbol; does not look whether it is there.
    pub fn push(&mut self, name: &str) -> Sym {
        self.text.push_str(name);
        self.ends.push(self.text.len() as u32);
        Sym(self.ends.len() as u32 - 1)
    }
}
