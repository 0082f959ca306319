//! Members that a key names which is no name: a value that nobody knows, or a constant that stands for one.

use graph_model::summary::{MemberKind, PropertyKind, Type};

use super::{Eval, Set, Value};
use crate::program::Fact;

impl Eval<'_, '_> {
    /// What a key gives that a constant stands for. What the key is nobody tells: if it is not that of a member, it may be the
    /// text of one.
    pub(super) fn imported_member(&mut self, value: &Value, key: &str) -> Set {
        let found = match value {
            Value::Lib(..) | Value::Tuple(_) | Value::Ext(..) => Set::NONE,
            value => self.named_member(value, key),
        };
        if found.is_empty() {
            return self.computed_member(value);
        }
        found
    }

    /// Any member: what an index signature, or all properties, give.
    pub(super) fn computed_member(&mut self, value: &Value) -> Set {
        match value {
            Value::Obj(place) => {
                let of = self.module(place.module);
                let Some(object) = of.object(place.node) else {
                    return Set::NONE;
                };
                let mut all = Set::NONE;
                for property in object.properties.of(&of.summary.properties) {
                    if property.kind == PropertyKind::Value {
                        all = all.union(self.shape(place.module, property.shape));
                    }
                }
                all
            }
            Value::Iface(..) | Value::Anon(..) | Value::Inst(..) => self.indexed(value),
            value => self.element(&Set::one(value.clone())),
        }
    }

    /// What an index signature gives.
    pub(crate) fn indexed(&mut self, value: &Value) -> Set {
        let (module, members, env) = match value {
            Value::Iface(place, env) => {
                let of = self.module(place.module);
                let Fact::Type(i) = of.fact(place.node) else {
                    return Set::NONE;
                };
                (
                    place.module,
                    of.summary.type_facts[i as usize].members,
                    env.clone(),
                )
            }
            Value::Anon(module, ty, env) => match self.module(*module).summary.type_at(*ty) {
                Type::Object(members) => (*module, members, env.clone()),
                _ => return Set::NONE,
            },
            _ => return Set::NONE,
        };
        let of = self.module(module);
        for member in members.of(&of.summary.members) {
            if member.kind == MemberKind::Index {
                return self.ty(module, member.declared, &env);
            }
        }
        Set::NONE
    }
}

/// Whether a name is that of a constant that stands for a key: the analyzer writes those of symbols and of imports so. Those
/// that all programs share are members of built-in types too.
pub(crate) fn is_imported_key(name: &str) -> bool {
    name.strip_prefix("@@").is_some_and(|symbol| {
        !matches!(
            symbol,
            "iterator"
                | "asyncIterator"
                | "dispose"
                | "asyncDispose"
                | "hasInstance"
                | "isConcatSpreadable"
                | "match"
                | "matchAll"
                | "replace"
                | "search"
                | "species"
                | "split"
                | "toPrimitive"
                | "toStringTag"
                | "unscopables"
        )
    })
}
