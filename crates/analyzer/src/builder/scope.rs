//! Lexical scopes, and which binding a name means.
//!
//! Names are symbols, so the binding that a name means right now stands in a
//! table at the symbol's index; entering a scope overwrites entries, leaving it
//! puts the old ones back. A look-up is one array access.

use graph_model::summary::{ShapeRef, Sym};

use super::NodeIdx;

/// A binding, as an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BindingId(pub(crate) u32);

const NONE: u32 = u32::MAX;

/// [`Binding::function`] of a variable whose initialiser is no function.
pub(crate) const NO_FUNCTION: NodeIdx = u32::MAX - 1;

/// The two spaces of names of TypeScript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Space {
    Value,
    Type,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BindingKind {
    Var,
    Lexical,
    Parameter,
    Function,
    /// The name of a function expression inside itself.
    SelfName,
    Class,
    Import,
    Enum,
    EnumMember,
    Namespace,
    Catch,
    Type,
    /// `const require = createRequire(…)`.
    Require,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Binding {
    /// The node that a reference means; `NO_NODE` for a name without one (`infer T`).
    pub(crate) node: NodeIdx,
    pub(crate) kind: BindingKind,
    /// Index of the frame (callable, module) that declares it.
    pub(crate) frame: u32,
    /// How many scopes enclosed the declaration.
    pub(crate) level: u32,
    /// Some code assigns to it after its declaration.
    pub(crate) reassigned: bool,
    /// FUNCTION that is its initialiser; [`NO_FUNCTION`] for any other, `NO_NODE` for none.
    pub(crate) function: NodeIdx,
    /// Shape of a reference to it, once there is one.
    pub(crate) shape: ShapeRef,
    /// One more than the type variable that it is; 0 for none.
    pub(crate) type_var: u32,
}

#[derive(Default)]
pub(crate) struct Scopes {
    pub(crate) bindings: Vec<Binding>,
    values: Vec<u32>,
    types: Vec<u32>,
    undo: Vec<(Space, Sym, u32)>,
    starts: Vec<u32>,
}

impl Scopes {
    pub(crate) fn enter(&mut self) {
        self.starts.push(self.undo.len() as u32);
    }

    pub(crate) fn leave(&mut self) {
        let start = self.starts.pop().unwrap_or(0) as usize;
        for (space, sym, old) in self.undo.drain(start..).rev() {
            let table = match space {
                Space::Value => &mut self.values,
                Space::Type => &mut self.types,
            };
            table[sym.0 as usize] = old;
        }
    }

    /// Number of open scopes.
    pub(crate) fn level(&self) -> u32 {
        self.starts.len() as u32
    }

    /// Makes a name mean `binding` until the innermost scope is left.
    pub(crate) fn declare(&mut self, space: Space, sym: Sym, binding: Binding) -> BindingId {
        let id = BindingId(self.bindings.len() as u32);
        self.bindings.push(binding);
        self.alias(space, sym, id);
        id
    }

    /// Makes a name mean a binding that is there already.
    pub(crate) fn alias(&mut self, space: Space, sym: Sym, id: BindingId) {
        let table = match space {
            Space::Value => &mut self.values,
            Space::Type => &mut self.types,
        };
        let i = sym.0 as usize;
        if table.len() <= i {
            // Names come one after the other.
            table.resize(i + i / 2 + 64, NONE);
        }
        self.undo.push((space, sym, table[i]));
        table[i] = id.0;
    }

    /// What the innermost scope declares, in order.
    pub(crate) fn declared_here(&self) -> Vec<(Space, Sym, BindingId)> {
        let start = self.starts.last().copied().unwrap_or(0) as usize;
        self.undo[start..]
            .iter()
            .filter_map(|&(space, sym, _)| Some((space, sym, self.resolve(space, sym)?)))
            .collect()
    }

    pub(crate) fn resolve(&self, space: Space, sym: Sym) -> Option<BindingId> {
        let table = match space {
            Space::Value => &self.values,
            Space::Type => &self.types,
        };
        table
            .get(sym.0 as usize)
            .copied()
            .filter(|&id| id != NONE)
            .map(BindingId)
    }

    /// The binding of a name that the innermost scope itself declares.
    pub(crate) fn resolve_here(&self, space: Space, sym: Sym) -> Option<BindingId> {
        let id = self.resolve(space, sym)?;
        (self.get(id).level == self.level()).then_some(id)
    }

    pub(crate) fn get(&self, id: BindingId) -> &Binding {
        &self.bindings[id.0 as usize]
    }

    pub(crate) fn get_mut(&mut self, id: BindingId) -> &mut Binding {
        &mut self.bindings[id.0 as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inner_declarations_end_with_their_scope() {
        let mut scopes = Scopes::default();
        let binding = |node, level| Binding {
            node,
            kind: BindingKind::Lexical,
            frame: 0,
            level,
            reassigned: false,
            function: NONE,
            shape: ShapeRef::UNKNOWN,
            type_var: 0,
        };
        scopes.enter();
        scopes.declare(Space::Value, Sym(3), binding(1, 1));
        scopes.enter();
        let outer = scopes.resolve(Space::Value, Sym(3)).unwrap();
        assert_eq!(scopes.get(outer).node, 1);
        assert!(scopes.resolve_here(Space::Value, Sym(3)).is_none());
        scopes.declare(Space::Value, Sym(3), binding(2, 2));
        assert_eq!(
            scopes
                .get(scopes.resolve(Space::Value, Sym(3)).unwrap())
                .node,
            2
        );
        assert!(scopes.resolve(Space::Type, Sym(3)).is_none());
        scopes.leave();
        assert_eq!(scopes.resolve(Space::Value, Sym(3)), Some(outer));
        scopes.leave();
        assert!(scopes.resolve(Space::Value, Sym(3)).is_none());
    }
}
