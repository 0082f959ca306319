//! Types that are the same whatever the type variables around them stand for, so that they need be evaluated once only.

use graph_model::summary::{List, ModuleSummary, Type, TypeRef};

/// For each type of a module, whether it is such a type.
#[derive(Debug)]
pub(crate) struct ClosedTypes(Box<[bool]>);

impl ClosedTypes {
    pub(crate) fn new(summary: &ModuleSummary) -> Self {
        let mut closed = vec![false; summary.types.len()];
        for (at, ty) in summary.types.iter().enumerate() {
            // What a type is made of stands before it; where it does not, nothing is said.
            let (before, here) = closed.split_at_mut(at);
            let is_closed = |ty: TypeRef| before.get(ty.0 as usize).copied().unwrap_or(false);
            let of = |list: List| list.of(&summary.type_lists);
            let are_closed = |list: List| of(list).iter().all(|&ty| is_closed(ty));
            here[0] = match *ty {
                Type::Unknown
                | Type::Primitive(_)
                | Type::Literal(_)
                | Type::KeyOf(_)
                | Type::Predicate(..)
                | Type::TypeOf(_) => true,
                // Functions and objects keep what is around them.
                Type::Var(_)
                | Type::This
                | Type::Function(_)
                | Type::Constructor(_)
                | Type::Object(_) => false,
                Type::Alias(ty) | Type::Array(ty) | Type::Mapped(ty) | Type::Rest(ty) => {
                    is_closed(ty)
                }
                Type::Indexed(a, b) | Type::Conditional(a, b) => is_closed(a) && is_closed(b),
                Type::Tuple(list) | Type::Union(list) | Type::Intersection(list) => {
                    are_closed(list)
                }
                Type::Ref(_, _, arguments)
                | Type::Global(_, _, arguments)
                | Type::Import(_, _, arguments) => are_closed(arguments),
            };
        }
        ClosedTypes(closed.into())
    }

    pub(crate) fn has(&self, ty: TypeRef) -> bool {
        self.0.get(ty.0 as usize).copied().unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_that_use_no_variable_around_them() {
        let source = "type F<T> = { a: string | B, b: B<T>, c: B<[C, 'x']>[], d: () => C, e: T['x'], f: this,
            g: C extends T ? C : Map<C, B>, h: keyof T, i: { [K in 'a']: T }, j: { x: C }, k: typeof f };";
        let summary =
            analyzer::analyze_module("a.ts", source, &analyzer::Options::default()).summary;
        let closed = ClosedTypes::new(&summary);
        let members = summary.members.iter().map(|member| {
            let name = summary.name(member.name);
            (name, closed.has(member.declared))
        });
        let mut open: Vec<&str> = members.filter(|member| !member.1).map(|m| m.0).collect();
        open.sort_unstable();
        assert_eq!(open, ["b", "d", "e", "f", "i", "j"]);
    }
}
