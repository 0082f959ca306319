//! Symbols of texts that are told by where they lie: the parser's atoms, and words of the program.

use std::hash::{Hash, Hasher};

use graph_model::summary::Sym;
use swc_atoms::Atom;

/// The last atoms that were asked for, and their symbols.
///
/// A module writes the same few names again and again. The parser has each of them once, so that a look at the atom alone tells
/// which it is: its text need not be read and hashed.
pub(super) struct AtomSyms {
    /// By the lower bits of the hash; a power of two.
    places: Vec<(Atom, Sym)>,
}

/// So many atoms are remembered at most: as many as fit into the nearest cache of a processor, beside other things.
const MOST: usize = 1 << 10;
const LEAST: usize = 1 << 4;

impl AtomSyms {
    /// For a module of about so many names. `empty` is the symbol of the empty text.
    pub(super) fn new(names: usize, empty: Sym) -> Self {
        let places = names.next_power_of_two().clamp(LEAST, MOST);
        AtomSyms {
            places: vec![(Atom::default(), empty); places],
        }
    }

    /// The symbol of an atom. `intern` tells it where it is not remembered.
    #[inline]
    pub(super) fn symbol(&mut self, atom: &Atom, intern: impl FnOnce(&str) -> Sym) -> Sym {
        let mut hash = AtomHash(0);
        atom.hash(&mut hash);
        let place = hash.0 as usize & (self.places.len() - 1);
        let (known, sym) = &mut self.places[place];
        if known != atom {
            *sym = intern(atom);
            *known = atom.clone();
        }
        *sym
    }
}

/// The last words that were asked for, and their symbols.
pub(super) struct WordSyms {
    places: [(&'static str, Sym); WORDS],
}

const WORDS: usize = 1 << 5;

impl WordSyms {
    /// `empty` is the symbol of the empty text.
    pub(super) fn new(empty: Sym) -> Self {
        WordSyms {
            places: [("", empty); WORDS],
        }
    }

    /// The symbol of a word. `intern` tells it where it is not remembered.
    #[inline]
    pub(super) fn symbol(&mut self, word: &'static str, intern: impl FnOnce(&str) -> Sym) -> Sym {
        let address = word.as_ptr().addr().wrapping_mul(0x9e37_79b9);
        let (known, sym) = &mut self.places[(address >> 16) & (WORDS - 1)];
        if !std::ptr::eq(*known, word) {
            *sym = intern(word);
            *known = word;
        }
        *sym
    }
}

/// Takes the hash that an atom has already.
struct AtomHash(u64);

impl Hasher for AtomHash {
    #[inline]
    fn write_u64(&mut self, hash: u64) {
        // The upper bits are the better ones of the hash of a text, and a short text has its letters in the lower ones.
        self.0 = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(20);
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(self.0 ^ u64::from(*byte));
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builder::interner::Interner;

    #[test]
    fn words_have_the_symbols_of_their_texts() {
        let mut names = Interner::default();
        let empty = names.intern("");
        let mut words = WordSyms::new(empty);
        // Parts of one text begin at the same place, or overlap.
        const TEXT: &str = "instanceof delete function constructor";
        let parts = (0..TEXT.len())
            .flat_map(|start| (start..=TEXT.len()).map(move |end| &TEXT[start..end]));
        for word in parts {
            let of_word = words.symbol(word, |text| names.intern(text));
            assert_eq!(of_word, names.intern(word), "{word:?}");
        }
    }

    #[test]
    fn atoms_have_the_symbols_of_their_texts() {
        let mut names = Interner::default();
        let empty = names.intern("");
        let mut atoms = AtomSyms::new(0, empty);
        // More texts than places, short ones and long ones, in turn and again.
        let texts: Vec<String> = (0..100)
            .map(|n| {
                if n % 2 == 0 {
                    format!("a{n}")
                } else {
                    format!("aLongName{n}")
                }
            })
            .chain(["".to_owned(), "ü".to_owned(), "\0".to_owned()])
            .collect();
        for text in texts.iter().chain(&texts).chain(texts.iter().rev()) {
            let of_atom = atoms.symbol(&Atom::from(text.as_str()), |text| names.intern(text));
            assert_eq!(of_atom, names.intern(text), "{text:?}");
        }
    }
}
