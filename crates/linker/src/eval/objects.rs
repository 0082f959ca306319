//! Members of object literals, their own and inherited ones.

use graph_model::summary::{PropertyFact, PropertyKind};

use super::Eval;
use super::value::{Place, Set};
use crate::program::{Name, Target};

impl<'l> Eval<'l, '_> {
    /// A member of an object literal.
    pub(super) fn object_member(&mut self, place: Place, name: &str) -> Set<'l> {
        let of = self.module(place.module);
        let Some(object) = of.object(place.node) else {
            return Set::NONE;
        };
        let properties = object.properties.of(&of.summary.properties);
        let named = Name::new(name);
        // The last of several properties of one name is the one that stays.
        for property in properties.iter().rev() {
            match property.kind {
                PropertyKind::Spread => {
                    let spread = self.shape(place.module, property.shape);
                    let set = self.member(spread, name);
                    if !set.is_empty() {
                        return set;
                    }
                }
                PropertyKind::Setter => {}
                _ if !of.is_named(property.name, named) => {}
                PropertyKind::Getter => {
                    let getter = self.shape(place.module, property.shape);
                    return self.returned_by_expected(getter);
                }
                PropertyKind::Value => {
                    let set = self.shape(place.module, property.shape);
                    let set = self.without_nothing(set);
                    if !set.is_empty() {
                        return set;
                    }
                }
            }
        }
        let set = self.written(place, Target::Node(place.node), name);
        if !set.is_empty() {
            return set;
        }
        let inherited = self.object_prototype(place);
        self.member(inherited, name)
    }

    /// What an object literal says that it inherits from.
    pub(super) fn object_prototype(&mut self, place: Place) -> Set<'l> {
        let of = self.module(place.module);
        let Some(object) = of.object(place.node) else {
            return Set::NONE;
        };
        let named = Name::new("__proto__");
        let mut properties = object.properties.of(&of.summary.properties).iter();
        let is_it = |p: &&PropertyFact| p.kind == PropertyKind::Value && of.is_named(p.name, named);
        match properties.find(is_it) {
            Some(property) => self.shape(place.module, property.shape),
            None => Set::NONE,
        }
    }
}
