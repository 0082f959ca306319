//! Where members are declared: in the chain of a class, or in a type and what it extends.

use graph_model::NodeType;
use graph_model::summary::{List, MemberFact, MemberKind, Type};

use super::Eval;
use super::members::MAX_ANCESTORS;
use super::value::{Env, Place, Union, Value};
use crate::member_lists::read_member;
use crate::program::{Fact, ModuleIx, Name};

/// A member of a class or type, where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    /// METHOD or PROPERTY.
    pub(crate) place: Option<Place>,
    pub(crate) module: ModuleIx,
    pub(crate) member: MemberFact,
}

impl<'l> Eval<'l, '_> {
    /// Whether a value may have a member.
    pub(crate) fn has_member(&mut self, value: &Value<'l>, name: &str) -> bool {
        match value {
            Value::Inst(place, env) | Value::Iface(place, env) => {
                self.member_fact(*place, *env, name, false).is_some()
            }
            Value::Anon(module, ty, _) => match self.module(*module).summary.type_at(*ty) {
                Type::Object(members) => {
                    read_member(self.linker.program, *module, members, name);
                    let of = self.module(*module);
                    of.members_named(members, name).next().is_some()
                }
                _ => false,
            },
            Value::Lib(..) | Value::Tuple(_) | Value::Fn(..) | Value::Sig(..) => false,
            _ => true,
        }
    }

    /// The declaration of a member in the chain of a class, or in a type and what it extends.
    pub(crate) fn member_fact(
        &mut self,
        place: Place,
        env: Env<'l>,
        name: &str,
        is_static: bool,
    ) -> Option<Found> {
        let mut stack = vec![(place, env)];
        let mut seen = Vec::new();
        while let Some((at, env)) = stack.pop() {
            let is_seen = |seen: &(Place, Env<'l>)| seen.0 == at && seen.1 == env;
            if seen.len() > MAX_ANCESTORS || seen.iter().any(is_seen) {
                continue;
            }
            let of = self.module(at.module);
            let members = match of.fact(at.node) {
                Fact::Class(i) => of.summary.classes[i as usize].members,
                Fact::Type(i) => {
                    let members = of.summary.type_facts[i as usize].members;
                    read_member(self.linker.program, at.module, members, name);
                    members
                }
                _ => List::EMPTY,
            };
            let found = (of.members_named(members, name).map(|m| m.1))
                .find(|m| m.is_static == is_static && m.kind != MemberKind::Setter);
            if let Some(member) = found {
                return Some(Found {
                    place: member.node.map(|node| Place {
                        module: at.module,
                        node,
                    }),
                    module: at.module,
                    member: *member,
                });
            }
            seen.push((at, env));
            let bases = match of.fact(at.node) {
                Fact::Type(i) => {
                    let extends = of.summary.type_facts[i as usize].extends;
                    let mut all = Union::default();
                    for &base in extends.of(&of.summary.type_lists) {
                        all.add(self.ty(at.module, base, Env::NONE));
                    }
                    all.finish(self.arena)
                }
                _ => self.base_in(at, env),
            };
            // After what is extended.
            stack.extend(self.merged_interface(at).map(|interface| (interface, env)));
            for value in bases.iter() {
                if let Value::Inst(place, env) | Value::Iface(place, env) = value {
                    stack.push((*place, *env));
                }
            }
        }
        None
    }

    /// The PROPERTY of a class or type: declared, or written to in its own methods.
    pub(crate) fn property(&mut self, class: Place, name: &str, is_static: bool) -> Option<Place> {
        let found = self.member_fact(class, Env::NONE, name, is_static);
        let place = found.and_then(|f| f.place).or_else(|| {
            let of = self.module(class.module);
            let mut writes = of.class(class.node)?.writes.iter();
            let name = Name::new(name);
            let write = writes.find(|w| w.1 == is_static && of.is_named(w.0, name))?;
            Some(Place {
                module: class.module,
                node: write.2,
            })
        })?;
        let of = self.module(place.module);
        let node_type = of.summary.node(place.node).node_type();
        (node_type == Some(NodeType::Property)).then_some(place)
    }
}
