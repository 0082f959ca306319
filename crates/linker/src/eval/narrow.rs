//! What tests leave of values.

use graph_model::summary::{Guard, GuardRef, GuardTest};

use super::{Eval, Lib, Set, Value};
use crate::program::ModuleIx;

/// Tests inside of tests are looked into so deep: as deep as the analyzer does.
const MAX_INNER_GUARDS: u32 = 16;

impl<'l> Eval<'l, '_> {
    /// Whether a value is a literal, as types name it; `None` if it is not known which literal it is.
    pub(super) fn is_literal(&self, value: &Value<'l>, literal: &str) -> Option<bool> {
        match value {
            Value::Literal(module, text) => Some(self.name(*module, *text) == literal),
            // Strings begin with a quote.
            Value::Text(text) => Some(literal.strip_prefix('\'') == Some(&**text)),
            _ => None,
        }
    }

    /// What is left of values under a test.
    pub(super) fn narrow(&mut self, module: ModuleIx, set: Set<'l>, guard: Guard) -> Set<'l> {
        self.narrow_within(module, set, guard, MAX_INNER_GUARDS)
    }

    /// As [`Eval::narrow`], with tests inside of tests so deep.
    fn narrow_within(
        &mut self,
        module: ModuleIx,
        set: Set<'l>,
        guard: Guard,
        depth: u32,
    ) -> Set<'l> {
        let inner = |inner: GuardRef| {
            let of = self.linker.program.module(module);
            let inner = of.summary.guards.get(inner.0 as usize).copied();
            inner.zip(depth.checked_sub(1))
        };
        match guard.test {
            GuardTest::InstanceOf(class) => {
                let classes = self.shape(module, class);
                let instances = self.instances(classes);
                if guard.negated {
                    let left: Vec<Value<'l>> = set
                        .iter()
                        .filter(|v| !instances.iter().any(|i| same_class(v, i)))
                        .copied()
                        .collect();
                    return if left.is_empty() {
                        set
                    } else {
                        Set::of(self.arena, left)
                    };
                }
                let kept: Vec<Value<'l>> = set
                    .iter()
                    .filter(|v| instances.iter().any(|i| same_class(v, i)))
                    .copied()
                    .collect();
                if !kept.is_empty() {
                    return Set::of(self.arena, kept);
                }
                if instances.is_empty() {
                    return set;
                }
                instances
            }
            GuardTest::IsArray => {
                let is_array =
                    |v: &Value<'l>| matches!(v, Value::Lib(Lib::Array, _) | Value::Tuple(_));
                self.filter(set, |v| is_array(v) != guard.negated)
            }
            GuardTest::TypeOf(name) => {
                let name = self.name(module, name);
                self.filter(set, |v| match type_of(v) {
                    Some(t) => (t == name) != guard.negated,
                    None => true,
                })
            }
            GuardTest::Has(key) => {
                let key = self.name(module, key);
                let has: Vec<bool> = set
                    .iter()
                    .map(|v| self.has_member(v, key) != guard.negated)
                    .collect();
                let mut has = has.into_iter();
                self.filter(set, |_| has.next().unwrap_or(true))
            }
            GuardTest::Property(name, literal) => {
                let name = self.name(module, name);
                let literal = self.name(module, literal);
                let mut kept = Vec::new();
                for value in set.iter() {
                    let property = self.member(Set::one(self.arena, *value), name);
                    let mut literals =
                        (property.iter()).filter_map(|v| self.is_literal(v, literal));
                    let fits = match literals.next() {
                        None => true,
                        Some(first) => {
                            let any = first || literals.any(|l| l);
                            let only = property.iter().count() == 1;
                            if guard.negated { !(any && only) } else { any }
                        }
                    };
                    if fits {
                        kept.push(*value);
                    }
                }
                if kept.is_empty() {
                    return set;
                }
                Set::of(self.arena, kept)
            }
            GuardTest::Asserted(node, index, tested) => {
                match (self.module(module).call(node), inner(tested)) {
                    (Some(call), Some((tested, depth)))
                        if self.asserts(module, call, index as usize) =>
                    {
                        self.narrow_within(module, set, tested, depth)
                    }
                    _ => set,
                }
            }
            GuardTest::Either(first, second) => match (inner(first), inner(second)) {
                (Some((first, depth)), Some((second, _))) => {
                    let first = self.narrow_within(module, set, first, depth);
                    let second = self.narrow_within(module, set, second, depth);
                    first.union(self.arena, second)
                }
                _ => set,
            },
            GuardTest::Predicate(node, index) => {
                let Some(call) = self.module(module).call(node) else {
                    return set;
                };
                let narrowed = self.predicate(module, call, index as usize);
                if narrowed.is_empty() {
                    return set;
                }
                if guard.negated {
                    return self.filter(set, |v| !narrowed.iter().any(|n| same_class(v, n)));
                }
                let kept: Vec<Value<'l>> = set
                    .iter()
                    .filter(|v| narrowed.iter().any(|n| same_class(v, n)))
                    .copied()
                    .collect();
                if kept.is_empty() {
                    narrowed
                } else {
                    Set::of(self.arena, kept)
                }
            }
        }
    }

    fn filter(&self, set: Set<'l>, mut keep: impl FnMut(&Value<'l>) -> bool) -> Set<'l> {
        let kept: Vec<Value<'l>> = set.iter().filter(|v| keep(v)).copied().collect();
        if kept.is_empty() {
            return set;
        }
        Set::of(self.arena, kept)
    }
}

/// Whether two values are instances of one class, or of one type.
fn same_class(a: &Value<'_>, b: &Value<'_>) -> bool {
    match (a, b) {
        (Value::Inst(x, _), Value::Inst(y, _)) | (Value::Iface(x, _), Value::Iface(y, _)) => x == y,
        (Value::Lib(x, _), Value::Lib(y, _)) => x == y,
        (a, b) => a == b,
    }
}

fn type_of(value: &Value<'_>) -> Option<&'static str> {
    Some(match value {
        Value::Fn(..) | Value::Bound(..) | Value::Sig(..) | Value::New(..) | Value::Ctor(_) => {
            "function"
        }
        Value::Lib(Lib::String, _) | Value::Text(_) => "string",
        Value::Lib(Lib::Number, _) => "number",
        Value::Lib(Lib::Boolean, _) => "boolean",
        Value::Lib(Lib::Nothing, _) => "undefined",
        Value::Inst(..)
        | Value::Obj(_)
        | Value::Anon(..)
        | Value::Lib(..)
        | Value::Tuple(_)
        | Value::Ns(_) => "object",
        _ => return None,
    })
}
