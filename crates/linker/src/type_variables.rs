//! Which type variables of a signature a type names.

use graph_model::summary::{List, ModuleSummary, Signature, Type, TypeRef, VarRef};

/// Type variables of one signature, by their place in its list, those from the last bit on as one; and whether there are variables
/// of what stands around the signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Variables {
    own: u64,
    outer: bool,
}

/// A type of more parts than these names all variables.
const MAX_PARTS: u32 = 1 << 10;

impl Variables {
    pub(crate) const ALL: Variables = Variables {
        own: u64::MAX,
        outer: true,
    };

    /// Those on which the values of a type depend, if it is looked at in a call: what it names, and what stands in the defaults
    /// and constraints of that.
    pub(crate) fn needed(summary: &ModuleSummary, signature: &Signature, ty: TypeRef) -> Self {
        let vars = signature.type_vars;
        let mut needed = Self::named(summary, vars, ty);
        let mut looked_at = Variables::default();
        while let Some(at) = (0..vars.len).find(|&at| needed.has(at) && !looked_at.has(at)) {
            looked_at.add(at);
            if let Some(var) = summary.type_vars.get((vars.start + at) as usize) {
                for ty in [var.default, var.constraint] {
                    needed.unite(Self::named(summary, vars, ty));
                }
            }
            if needed == Self::ALL {
                break;
            }
        }
        needed
    }

    /// Those that a type names, or what functions and objects in it are made of.
    pub(crate) fn named(summary: &ModuleSummary, vars: List, ty: TypeRef) -> Self {
        let mut found = Variables::default();
        let mut left = MAX_PARTS;
        found.look(summary, vars, ty, &mut left);
        if left == 0 { Self::ALL } else { found }
    }

    pub(crate) fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// Whether one of them is among others.
    pub(crate) fn meet(self, others: Self) -> bool {
        self.own & others.own != 0 || self.outer && others.outer
    }

    fn unite(&mut self, others: Self) {
        self.own |= others.own;
        self.outer |= others.outer;
    }

    /// Whether the variable at a place of the list is one of them.
    fn has(self, at: u32) -> bool {
        self.own & Self::bit(at) != 0
    }

    /// Whether a variable is one of them, or none of the signature's.
    pub(crate) fn allow(self, vars: List, var: VarRef) -> bool {
        place_in(vars, var).is_none_or(|at| self.has(at))
    }

    fn add(&mut self, at: u32) {
        self.own |= Self::bit(at);
    }

    fn bit(at: u32) -> u64 {
        1 << at.min(u64::BITS - 1)
    }

    fn look(&mut self, summary: &ModuleSummary, vars: List, ty: TypeRef, left: &mut u32) {
        *left = left.saturating_sub(1);
        if *left == 0 {
            return;
        }
        match summary.type_at(ty) {
            Type::Var(var) => match place_in(vars, var) {
                Some(at) => self.add(at),
                None => self.outer = true,
            },
            Type::Unknown
            | Type::Primitive(_)
            | Type::Literal(_)
            | Type::TypeOf(_)
            | Type::This => {}
            Type::Alias(ty)
            | Type::Array(ty)
            | Type::KeyOf(ty)
            | Type::Mapped(ty)
            | Type::Rest(ty)
            | Type::Predicate(_, ty) => self.look(summary, vars, ty, left),
            Type::Indexed(a, b) | Type::Conditional(a, b) => {
                self.look(summary, vars, a, left);
                self.look(summary, vars, b, left);
            }
            Type::Tuple(list)
            | Type::Union(list)
            | Type::Intersection(list)
            | Type::Ref(_, _, list)
            | Type::Global(_, _, list)
            | Type::Import(_, _, list) => {
                for &ty in list.of(&summary.type_lists) {
                    self.look(summary, vars, ty, left);
                }
            }
            Type::Function(signature) | Type::Constructor(signature) => {
                self.look_at_signature(summary, vars, summary.signature(signature), left);
            }
            Type::Object(members) => {
                for member in members.of(&summary.members) {
                    self.look(summary, vars, member.declared, left);
                    if let Some(signature) = member.signature {
                        self.look_at_signature(summary, vars, summary.signature(signature), left);
                    }
                }
            }
        }
    }

    fn look_at_signature(
        &mut self,
        summary: &ModuleSummary,
        vars: List,
        signature: &Signature,
        left: &mut u32,
    ) {
        self.look(summary, vars, signature.returns, left);
        self.look(summary, vars, signature.this_type, left);
        for parameter in signature.parameters.of(&summary.parameters) {
            self.look(summary, vars, parameter.declared, left);
        }
        for var in signature.type_vars.of(&summary.type_vars) {
            self.look(summary, vars, var.constraint, left);
            self.look(summary, vars, var.default, left);
        }
    }
}

/// The place of a variable in a list.
fn place_in(vars: List, var: VarRef) -> Option<u32> {
    let at = var.0.checked_sub(vars.start)?;
    (at < vars.len).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of what the result of `f` needs, of the variables A to F.
    fn needed(source: &str) -> String {
        let options = analyzer::Options::default();
        let summary = analyzer::analyze_module("a.ts", source, &options).summary;
        let function = &summary.functions[0];
        let signature = summary.signature(function.signature);
        let needed = Variables::needed(&summary, signature, signature.returns);
        let names = "ABCDEF".chars().zip(0..signature.type_vars.len);
        names.filter(|n| needed.has(n.1)).map(|n| n.0).collect()
    }

    #[test]
    fn what_a_result_names_and_what_that_depends_on() {
        assert_eq!(needed("function f<A, B>(a: A): string { return '' }"), "");
        assert_eq!(
            needed("function f<A, B>(a: A, b: B): B[] { return [b] }"),
            "B"
        );
        assert_eq!(
            needed("declare function f<A, B, C, D>(a: A): (b: B) => { c(d: D): D }"),
            "BD"
        );
        assert_eq!(
            needed("declare function f<A extends B, B = C[], C = 1, D = 1>(a: A): Promise<A>"),
            "ABC"
        );
        assert_eq!(
            needed("declare function f<A, B, C>(a: unknown): a is Map<A, B extends 1 ? C : 0>"),
            "AC"
        );
        assert_eq!(
            needed("declare function f<A, B>(a: A): <C extends B>(c: C) => C"),
            "B"
        );
    }

    #[test]
    fn what_stands_around_a_signature_is_told_apart() {
        let source = "class Store<T> { own<U>(v: T, u: U): U { return u } outer<U>(v: T, u: U): T[] { return [v] } }";
        let options = analyzer::Options::default();
        let summary = analyzer::analyze_module("a.ts", source, &options).summary;
        let found = summary.functions.iter().map(|function| {
            let signature = summary.signature(function.signature);
            let needed = Variables::needed(&summary, signature, signature.returns);
            let parameters = signature.parameters.of(&summary.parameters).iter();
            let named =
                parameters.map(|p| Variables::named(&summary, signature.type_vars, p.declared));
            named.map(|named| named.meet(needed)).collect::<Vec<_>>()
        });
        assert_eq!(found.collect::<Vec<_>>(), [[false, true], [true, false]]);
    }
}
