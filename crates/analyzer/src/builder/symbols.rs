//! Symbols of a module's names.

use graph_model::summary::Sym;
use swc_atoms::Atom;

use super::{Builder, Interner};

/// Symbols of names that the analyzer itself looks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    pub(crate) empty: Sym,
    pub(crate) star: Sym,
    pub(crate) rest: Sym,
    pub(crate) default: Sym,
    pub(crate) equals: Sym,
    pub(crate) this: Sym,
    pub(crate) arguments: Sym,
    pub(crate) require: Sym,
    pub(crate) module: Sym,
    pub(crate) exports: Sym,
    pub(crate) undefined: Sym,
    pub(crate) constructor: Sym,
    pub(crate) body: Sym,
}

impl Known {
    /// Gives them the first symbols.
    pub(super) fn new(names: &mut Interner) -> Self {
        Known {
            empty: names.intern(""),
            star: names.intern("*"),
            rest: names.intern("..."),
            default: names.intern("default"),
            equals: names.intern("export="),
            this: names.intern("this"),
            arguments: names.intern("arguments"),
            require: names.intern("require"),
            module: names.intern("module"),
            exports: names.intern("exports"),
            undefined: names.intern("undefined"),
            constructor: names.intern("constructor"),
            body: names.intern("body"),
        }
    }
}

impl Builder<'_> {
    /// The symbol of a text.
    pub(crate) fn sym(&mut self, text: &str) -> Sym {
        self.names.intern(text)
    }

    /// The symbol of a name that the parser read.
    pub(crate) fn atom(&mut self, atom: &Atom) -> Sym {
        let names = &mut self.names;
        self.atoms.symbol(atom, |text| names.intern(text))
    }

    /// The symbol of a word of the program.
    pub(crate) fn word(&mut self, word: &'static str) -> Sym {
        let names = &mut self.names;
        self.words.symbol(word, |text| names.intern(text))
    }
}
