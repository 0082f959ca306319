//! Members that a key names which is no name: a value that nobody knows, or a constant that stands for one.

use std::borrow::Cow;

use graph_model::NodeType;
use graph_model::summary::{MemberKind, PropertyKind, Shape, ShapeRef, Type};

use super::value::Union;
use super::{Eval, Set, Value};
use crate::program::{Fact, Module};

impl<'l> Eval<'l, '_> {
    /// What a key gives that a constant stands for. What the key is nobody tells: if it is not that of a member, it may be the
    /// text of one.
    pub(super) fn imported_member(&mut self, value: &Value<'l>, key: &str) -> Set<'l> {
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
    pub(super) fn computed_member(&mut self, value: &Value<'l>) -> Set<'l> {
        match value {
            Value::Obj(place) => {
                let of = self.module(place.module);
                let Some(object) = of.object(place.node) else {
                    return Set::NONE;
                };
                let mut all = Union::default();
                for property in object.properties.of(&of.summary.properties) {
                    if property.kind == PropertyKind::Value {
                        all.add(self.shape(place.module, property.shape));
                    }
                }
                all.finish(self.arena)
            }
            Value::Iface(..) | Value::Anon(..) | Value::Inst(..) => self.indexed(value),
            value => self.element(Set::one(self.arena, *value)),
        }
    }

    /// What an index signature gives.
    pub(crate) fn indexed(&mut self, value: &Value<'l>) -> Set<'l> {
        let (module, members, env) = match value {
            Value::Iface(place, env) => {
                let of = self.module(place.module);
                let Fact::Type(i) = of.fact(place.node) else {
                    return Set::NONE;
                };
                (
                    place.module,
                    of.summary.type_facts[i as usize].members,
                    *env,
                )
            }
            Value::Anon(module, ty, env) => match self.module(*module).summary.type_at(*ty) {
                Type::Object(members) => (*module, members, *env),
                _ => return Set::NONE,
            },
            _ => return Set::NONE,
        };
        let of = self.module(module);
        for member in members.of(&of.summary.members) {
            if member.kind == MemberKind::Index {
                return self.ty(module, member.declared, env);
            }
        }
        Set::NONE
    }
}

/// The key that a value is: a text, or a member of an enum by their names, as the analyzer names members by such keys.
pub(super) fn key_of(of: &Module, shape: ShapeRef) -> Option<Cow<'_, str>> {
    let summary = &of.summary;
    let (object, name) = match *summary.shape(shape) {
        Shape::Text(text) => return Some(summary.name(text).into()),
        Shape::Member(object, name) => (object, name),
        _ => return None,
    };
    let imported = |node| of.import(node).map(|import| summary.name(import.imported));
    let constants = match *summary.shape(object) {
        Shape::Binding(node) if summary.node(node).node_type() == Some(NodeType::Enum) => {
            of.id_name(node)
        }
        Shape::Binding(node) => imported(node).filter(|name| !matches!(*name, "*" | "default"))?,
        // `module.Enum.Member`.
        Shape::Member(module, name) => match *summary.shape(module) {
            Shape::Binding(node) if imported(node) == Some("*") => summary.name(name),
            _ => return None,
        },
        _ => return None,
    };
    Some(format!("@@{constants}.{}", summary.name(name)).into())
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
