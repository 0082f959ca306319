//! Names of one module, each stored once.

use std::hash::Hasher;

use hashbrown::HashTable;
use rustc_hash::FxHasher;

use graph_model::summary::{Names, Sym};

/// Maps texts to symbols and back.
#[derive(Default)]
pub(crate) struct Interner {
    names: Names,
    table: HashTable<Sym>,
}

impl Interner {
    /// An empty one with room for so many names.
    pub(crate) fn with_capacity(names: usize) -> Self {
        Interner {
            names: Names::with_capacity(names, names * 12),
            table: HashTable::with_capacity(names),
        }
    }

    /// The symbol of a text; the same text has the same symbol.
    pub(crate) fn intern(&mut self, text: &str) -> Sym {
        let hash = hash(text);
        if let Some(&sym) = self.table.find(hash, |&sym| self.names.is(sym, text)) {
            return sym;
        }
        let sym = self.names.push(text);
        self.table
            .insert_unique(hash, sym, |&sym| self::hash(self.names.get(sym)));
        sym
    }

    pub(crate) fn get(&self, sym: Sym) -> &str {
        self.names.get(sym)
    }

    pub(crate) fn into_names(self) -> Names {
        self.names
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(text.as_bytes());
    hasher.finish()
}
