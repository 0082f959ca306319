//! Members of values: the chain of classes, interfaces, object literals, modules, built-ins.

use graph_model::NodeType;
use graph_model::summary::{List, MemberKind, Shape, Sym, Type, TypeRef, VarRef};

use super::value::{Env, Lib, Place, Set, THIS, Union, Value, Var};
use super::{Eval, Key, hooks, is_imported_key, library};
use crate::member_lists::read_member;
use crate::program::{Fact, ModuleIx, Name, Target};

/// Classes above a class that are looked at.
pub(super) const MAX_ANCESTORS: usize = 32;

/// What type variables stand for around the members of an object type; and what `this` is there, which is put to them when the first
/// member is asked for that may use it.
struct Around<'l, 'v> {
    env: Env<'l>,
    this: Option<&'v Value<'l>>,
}

impl<'l, 'v> Around<'l, 'v> {
    fn of(env: Env<'l>, this: &'v Value<'l>) -> Self {
        let this = Some(this);
        Around { env, this }
    }
}

impl<'l> Eval<'l, '_> {
    pub(crate) fn member_named(&mut self, set: Set<'l>, module: ModuleIx, name: Sym) -> Set<'l> {
        let name = self.name(module, name);
        self.member(set, name)
    }

    /// The values of a member of values.
    pub(crate) fn member(&mut self, set: Set<'l>, name: &str) -> Set<'l> {
        // In `Options | boolean` the options are meant.
        if set.iter().any(|value| self.lacks(value, name)) {
            let meant = set.iter().filter(|value| !self.lacks(value, name));
            let meant: Vec<&Value<'l>> = meant.collect();
            return self.member_of_each(meant.into_iter(), name);
        }
        self.member_of_each(set.iter(), name)
    }

    fn lacks(&self, value: &Value<'l>, name: &str) -> bool {
        match value {
            Value::Lib(lib, _) => library::lacks(*lib, name),
            Value::Literal(module, text) => {
                self.name(*module, *text).starts_with('\'') && library::lacks(Lib::String, name)
            }
            Value::Text(_) => library::lacks(Lib::String, name),
            _ => false,
        }
    }

    fn member_of_each(
        &mut self,
        values: impl Iterator<Item = &'l Value<'l>>,
        name: &str,
    ) -> Set<'l> {
        let mut all = Union::default();
        for value in values {
            all.add(self.deeper(|e| e.member_of(value, name)));
        }
        all.finish(self.arena)
    }

    /// A member of a namespace or enum, by what its name means.
    fn scope_member(&mut self, place: Place, name: &str) -> Set<'l> {
        let of = self.module(place.module);
        let Some(scope) = of.scope(place.node) else {
            return Set::NONE;
        };
        let name = Name::new(name);
        let mut all = Union::default();
        for &(key, node) in &scope.members {
            if !of.is_named(key, name) {
                continue;
            }
            if of.summary.node(node).node_type() == Some(NodeType::EnumMember) {
                return Set::one(self.arena, Value::Enum(place));
            }
            all.add(self.node(Place {
                module: place.module,
                node,
            }));
        }
        all.finish(self.arena)
    }

    fn member_of(&mut self, value: &Value<'l>, name: &str) -> Set<'l> {
        match name {
            "*" => return self.computed_member(value),
            key if is_imported_key(key) => return self.imported_member(value, key),
            // The rest of a list is another one: nobody tells where it begins.
            "..." => {
                return match value {
                    Value::Tuple(parts) => {
                        let all = self.united(parts.iter().copied());
                        self.lib(Lib::Array, &[all])
                    }
                    value => Set::one(self.arena, *value),
                };
            }
            _ => {}
        }
        self.named_member(value, name)
    }

    pub(super) fn named_member(&mut self, value: &Value<'l>, name: &str) -> Set<'l> {
        match value {
            Value::Inst(place, env) => self.instance_member(*place, *env, name, value),
            Value::Proto(place) => {
                if name == "constructor" {
                    return self.node(*place);
                }
                self.instance_member(*place, Env::NONE, name, value)
            }
            Value::Ctor(place) => {
                let set = self.static_member(*place, name);
                if set.is_empty() {
                    return self.scope_member(*place, name);
                }
                set
            }
            Value::Iface(place, env) => {
                let mut around = Around::of(*env, value);
                self.type_member(*place, &mut around, name)
            }
            Value::Anon(module, ty, env) => {
                let Type::Object(members) = self.module(*module).summary.type_at(*ty) else {
                    return Set::NONE;
                };
                let mut around = Around::of(*env, value);
                self.member_in(*module, members, &mut around, name)
                    .unwrap_or_default()
            }
            Value::Obj(place) => self.object_member(*place, name),
            Value::Fn(place, _) => {
                if name == "prototype" {
                    return Set::one(self.arena, Value::Proto(*place));
                }
                let set = self.written(*place, Target::Node(place.node), name);
                if set.is_empty() {
                    return self.scope_member(*place, name);
                }
                set
            }
            Value::Ns(module) => {
                let found = self.linker.exports.lookup(*module, Name::new(name));
                let set = self.found(&found, name);
                if !set.is_empty() {
                    return set;
                }
                if let Some(export) = self.module(*module).export_equals() {
                    let value = self.export(crate::exports::ExportIx {
                        module: *module,
                        export,
                    });
                    let own: Vec<Value<'l>> = value
                        .iter()
                        .filter(|v| !matches!(v, Value::Ns(m) if m == module))
                        .copied()
                        .collect();
                    return self.member(Set::of(self.arena, own), name);
                }
                Set::NONE
            }
            Value::Scope(place) => self.scope_member(*place, name),
            Value::Lib(lib, arguments) => self.lib_member(*lib, arguments, name),
            Value::Tuple(parts) => {
                if let Ok(index) = name.parse::<usize>() {
                    return parts.get(index).copied().unwrap_or_default();
                }
                let elements = [self.united(parts.iter().copied())];
                self.lib_member(Lib::Array, self.arena.list(&elements), name)
            }
            Value::Ext(specifier, path) => {
                let path = match path.is_empty() {
                    true => self.arena.text(name),
                    false => self.arena.text(&[path, ".", name].concat()),
                };
                Set::one(self.arena, Value::Ext(specifier, path))
            }
            Value::ExtInst(specifier, path) => {
                let path = match path.is_empty() {
                    true => ["prototype.", name].concat(),
                    false => [path, ".prototype.", name].concat(),
                };
                Set::one(self.arena, Value::Ext(specifier, self.arena.text(&path)))
            }
            Value::Var(var) => {
                let constraint = self.constraint(*var);
                self.member(constraint, name)
            }
            Value::Literal(module, text) => {
                if self.name(*module, *text).starts_with('\'') {
                    return self.lib_member(Lib::String, &[], name);
                }
                Set::NONE
            }
            Value::Text(_) => self.lib_member(Lib::String, &[], name),
            Value::Bound(..)
            | Value::Wrapped(..)
            | Value::Sig(..)
            | Value::New(..)
            | Value::Enum(_)
            | Value::LibMethod(..) => Set::NONE,
        }
    }

    fn lib_member(&mut self, lib: Lib, arguments: &'l [Set<'l>], name: &str) -> Set<'l> {
        match (lib, name) {
            (Lib::Nothing | Lib::Context, _) => return Set::NONE,
            (Lib::Record, _) => return arguments.first().copied().unwrap_or_default(),
            (Lib::Array, _) if name.bytes().all(|b| b.is_ascii_digit()) => {
                return arguments.first().copied().unwrap_or_default();
            }
            (Lib::Array | Lib::String, "length") | (Lib::Map | Lib::Set, "size") => {
                return self.lib(Lib::Number, &[]);
            }
            (Lib::Array, "value") => return arguments.first().copied().unwrap_or_default(),
            _ => {}
        }
        let name = self.interned(name);
        Set::one(self.arena, Value::LibMethod(lib, arguments, name))
    }

    /// The members of an object type, by their facts.
    fn member_in(
        &mut self,
        module: ModuleIx,
        members: List,
        around: &mut Around<'l, '_>,
        name: &str,
    ) -> Option<Set<'l>> {
        read_member(self.linker.program, module, members, name);
        let of = self.module(module);
        let mut all: Option<Set<'l>> = None;
        let mut index = None;
        for member in members.of(&of.summary.members) {
            if member.kind == MemberKind::Index {
                index = Some(member.declared);
            }
        }
        for (_, member) in of.members_named(members, name) {
            match member.kind {
                MemberKind::Index
                | MemberKind::Call
                | MemberKind::Construct
                | MemberKind::Setter => {}
                MemberKind::Method => {
                    let place = member.node.map(|node| Place { module, node });
                    if let Some(signature) = member.signature {
                        let env = self.env_of(around);
                        let value = Value::Sig(module, signature, place, env);
                        all = Some(
                            all.unwrap_or_default()
                                .union(self.arena, Set::one(self.arena, value)),
                        );
                    }
                }
                _ => {
                    let set = self.type_in(module, member.declared, around);
                    all = Some(all.unwrap_or_default().union(self.arena, set));
                }
            }
        }
        if all.is_none()
            && let Some(index) = index
        {
            return Some(self.type_in(module, index, around));
        }
        all
    }

    /// The environment of members, with `this`.
    fn env_of(&mut self, around: &mut Around<'l, '_>) -> Env<'l> {
        if let Some(this) = around.this.take() {
            around.env = self.with_this(around.env, this);
        }
        around.env
    }

    /// The values of a type that stands in an object type.
    fn type_in(&mut self, module: ModuleIx, ty: TypeRef, around: &mut Around<'l, '_>) -> Set<'l> {
        let env = match self.module(module).closed_types().has(ty) {
            true => Env::NONE,
            false => self.env_of(around),
        };
        self.ty(module, ty, env)
    }

    /// A member of an interface or of an alias that is an object type.
    fn type_member(&mut self, place: Place, around: &mut Around<'l, '_>, name: &str) -> Set<'l> {
        let of = self.module(place.module);
        let Fact::Type(i) = of.fact(place.node) else {
            return Set::NONE;
        };
        let fact = of.summary.type_facts[i as usize];
        if let Some(set) = self.member_in(place.module, fact.members, around, name) {
            return set;
        }
        // Further declarations of the same interface.
        for other in &of.summary.type_facts {
            if other.name == fact.name
                && other.node != fact.node
                && !other.alias.is_known()
                && let Some(set) = self.member_in(place.module, other.members, around, name)
            {
                return set;
            }
        }
        for &base in fact.extends.of(&of.summary.type_lists) {
            let base = self.type_in(place.module, base, around);
            let set = self.known_member(base, name);
            if !set.is_empty() {
                return set;
            }
        }
        Set::NONE
    }

    /// A member of what an interface extends or a class implements. Of the classes of the language only what they are known to
    /// have: `interface List<T> extends Methods, Iterable<T>` has most of its members from elsewhere.
    fn known_member(&mut self, bases: Set<'l>, name: &str) -> Set<'l> {
        let lacks = |base: &Value<'l>| matches!(base, Value::Lib(lib, _) if library::find(*lib, name).is_none());
        self.member_of_each(bases.iter().filter(|base| !lacks(base)), name)
    }

    /// The instance that a class extends.
    pub(crate) fn base(&mut self, class: Place) -> Set<'l> {
        let of = self.module(class.module);
        let Some(fact) = of.class(class.node) else {
            return self.prototype_base(class);
        };
        let Some(extends) = fact.extends else {
            return Set::NONE;
        };
        let arguments = fact.extends_arguments;
        self.ask(Key::Base(class.module, class.node), |e| {
            let arguments: Vec<Set<'l>> = arguments
                .of(&e.module(class.module).summary.type_lists)
                .iter()
                .map(|&t| e.ty(class.module, t, Env::NONE))
                .collect();
            let classes = e.shape(class.module, extends);
            let instances = e.instances(classes);
            let mut all = Vec::new();
            for value in instances.iter() {
                match value {
                    Value::Inst(place, env) if env.is_empty() => {
                        let vars = e.type_vars(*place);
                        let env = e.bind(place.module, vars, &arguments);
                        let env = e.with_given(*place, env, class.module, extends);
                        all.push(Value::Inst(*place, env));
                    }
                    value => all.push(*value),
                }
            }
            Set::of(self.arena, all)
        })
    }

    /// A member of an instance of a class or constructor function.
    fn instance_member(
        &mut self,
        class: Place,
        env: Env<'l>,
        name: &str,
        this: &Value<'l>,
    ) -> Set<'l> {
        let mut merged = Set::NONE;
        match self.chain_member(class, env, name, this, &mut merged) {
            // An interface says what members are, classes have them. What a class of a package has nobody knows.
            Some(found) if found.iter().all(|value| matches!(value, Value::Ext(..))) => {
                found.union(self.arena, merged)
            }
            Some(found) => found,
            None if merged.is_empty() => self.implemented_member(class, name),
            None => merged,
        }
    }

    /// A member that a class or one above it has, if one has it; and what the first interface says that one of them is merged with.
    fn chain_member(
        &mut self,
        class: Place,
        env: Env<'l>,
        name: &str,
        this: &Value<'l>,
        merged: &mut Set<'l>,
    ) -> Option<Set<'l>> {
        let mut at = class;
        let mut env = env;
        for _ in 0..MAX_ANCESTORS {
            let bound = self.with_this(env, this);
            if let Some(set) = self.own_member(at, bound, name, false) {
                return Some(set);
            }
            if merged.is_empty() {
                *merged = self.merged_member(at, bound, name);
            }
            let base = self.base_in(at, env);
            let mut next = None;
            let mut others = Set::NONE;
            for value in base.iter() {
                match value {
                    Value::Inst(place, inner) if next.is_none() => {
                        next = Some((*place, *inner));
                    }
                    value => others = others.union(self.arena, self.outer_member(at, value, name)),
                }
            }
            match next {
                Some((place, inner)) => {
                    // The base's arguments are in terms of this class's variables.
                    let mut mapped: Vec<(Var, Set<'l>)> = Vec::new();
                    for &(var, set) in inner.iter() {
                        mapped.push((var, self.subst(set, env)));
                    }
                    env = Env::of(self.arena, mapped);
                    at = place;
                    if !others.is_empty() {
                        return Some(others);
                    }
                }
                None => return (!others.is_empty()).then_some(others),
            }
        }
        None
    }

    /// A member of what a class extends that is no class of the project.
    fn outer_member(&mut self, class: Place, base: &Value<'l>, name: &str) -> Set<'l> {
        let of = self.module(class.module);
        if let Value::ExtInst(specifier, path) = base
            && let Some(fact) = of.class(class.node)
            && let Some(at) = hooks::type_argument_of(specifier, path, name)
            && let Some(&ty) = fact.extends_arguments.of(&of.summary.type_lists).get(at)
        {
            return self.ty(class.module, ty, Env::NONE);
        }
        self.member(Set::one(self.arena, *base), name)
    }

    /// A member of the interface that a class is merged with.
    fn merged_member(&mut self, class: Place, env: Env<'l>, name: &str) -> Set<'l> {
        let Some(interface) = self.merged_interface(class) else {
            return Set::NONE;
        };
        let of = self.module(class.module);
        let (Some(fact), Fact::Type(i)) = (of.class(class.node), of.fact(interface.node)) else {
            return Set::NONE;
        };
        // Their type variables have the same names, and are others.
        let vars = of.summary.type_facts[i as usize].type_vars.indexes();
        let bound = fact.type_vars.indexes().zip(vars).map(|(of_class, var)| {
            let of_class = (class.module, VarRef(of_class));
            let set = env.get(of_class);
            let set = set.unwrap_or_else(|| Set::one(self.arena, Value::Var(of_class)));
            ((class.module, VarRef(var)), set)
        });
        let env = env.with(self.arena, bound.collect());
        let mut around = Around { env, this: None };
        self.type_member(interface, &mut around, name)
    }

    pub(super) fn merged_interface(&self, class: Place) -> Option<Place> {
        let node = self.module(class.module).merged_interface(class.node)?;
        Some(Place { node, ..class })
    }

    fn implemented_member(&mut self, class: Place, name: &str) -> Set<'l> {
        let of = self.module(class.module);
        let Some(fact) = of.class(class.node) else {
            return Set::NONE;
        };
        for &implemented in fact.implements.of(&of.summary.type_lists) {
            let ty = self.ty(class.module, implemented, Env::NONE);
            let set = self.known_member(ty, name);
            if !set.is_empty() {
                return set;
            }
        }
        Set::NONE
    }

    /// A member that a class itself has.
    pub(crate) fn own_member(
        &mut self,
        class: Place,
        env: Env<'l>,
        name: &str,
        is_static: bool,
    ) -> Option<Set<'l>> {
        let of = self.module(class.module);
        let module = class.module;
        if let Some(fact) = of.class(class.node) {
            let mut result: Option<Set<'l>> = None;
            for (i, member) in of.members_named(fact.members, name) {
                if member.is_static != is_static {
                    continue;
                }
                match member.kind {
                    MemberKind::Method => {
                        let node = member.node?;
                        return Some(Set::one(self.arena, Value::Fn(Place { module, node }, env)));
                    }
                    MemberKind::Getter => {
                        let node = member.node?;
                        let getter = Value::Fn(Place { module, node }, env);
                        return Some(self.returned_by_expected(Set::one(self.arena, getter)));
                    }
                    MemberKind::Property => {
                        let declared = self.ty(module, member.declared, env);
                        if !declared.is_empty() {
                            // What is known of the initialiser says which function it is.
                            if matches!(of.summary.shape(member.init), Shape::Function(_)) {
                                return Some(self.shape(module, member.init));
                            }
                            return Some(declared);
                        }
                        let key = Key::ClassMember(module, class.node, i, u32::MAX);
                        let values = self.ask(key, |e| {
                            let init = e.shape(module, member.init);
                            let written = e.class_writes(class, member.name, is_static);
                            let all = e.without_nothing(init);
                            all.union(self.arena, e.without_nothing(written))
                        });
                        let set = self.subst(values, env);
                        result = Some(result.unwrap_or_default().union(self.arena, set));
                    }
                    _ => {}
                }
            }
            if result.is_some() {
                return result;
            }
            let named = Name::new(name);
            let written =
                (fact.writes.iter()).find(|w| w.1 == is_static && of.is_named(w.0, named));
            if let Some(write) = written {
                let sym = write.0;
                let key = Key::ClassMember(module, class.node, u32::MAX, sym.0);
                let values = self.ask(key, |e| {
                    let written = e.class_writes(class, sym, is_static);
                    e.without_nothing(written)
                });
                return Some(self.subst(values, env));
            }
        }
        let targets = if is_static {
            [Some(Target::Node(class.node)), None]
        } else {
            [
                Some(Target::Prototype(class.node)),
                Some(Target::This(class.node)),
            ]
        };
        for target in targets.into_iter().flatten() {
            let set = self.written(class, target, name);
            if !set.is_empty() {
                return Some(set);
            }
        }
        if !is_static {
            // `F.prototype = { … }`.
            for &i in of.property_writes(Target::Node(class.node)) {
                let write = of.summary.writes[i as usize];
                if of.summary.name(write.name) == "prototype" {
                    let value = self.shape(module, write.value);
                    let objects: Vec<Value<'l>> = value
                        .iter()
                        .filter(|v| matches!(v, Value::Obj(_)))
                        .copied()
                        .collect();
                    let set = self.member(Set::of(self.arena, objects), name);
                    if !set.is_empty() {
                        return Some(set);
                    }
                }
            }
        }
        None
    }

    fn class_writes(&mut self, class: Place, name: Sym, is_static: bool) -> Set<'l> {
        let of = self.module(class.module);
        let Some(fact) = of.class(class.node) else {
            return Set::NONE;
        };
        // A declared type, from a comment, counts alone.
        for write in &fact.writes {
            if write.0 == name
                && write.1 == is_static
                && matches!(of.summary.shape(write.3), Shape::Cast(..))
            {
                let set = self.shape(class.module, write.3);
                if !set.is_empty() {
                    return set;
                }
            }
        }
        let mut all = Union::default();
        for write in &fact.writes {
            if write.0 == name && write.1 == is_static {
                all.add(self.shape(class.module, write.3));
            }
        }
        all.finish(self.arena)
    }

    /// What is written to a property of something, in its own module.
    pub(super) fn written(&mut self, place: Place, target: Target, name: &str) -> Set<'l> {
        let of = self.module(place.module);
        let writes = of.property_writes(target);
        if writes.is_empty() {
            return Set::NONE;
        }
        let name = Name::new(name);
        let mut all = Union::default();
        for &i in writes {
            let write = of.summary.writes[i as usize];
            if !of.is_named(write.name, name) {
                continue;
            }
            if write.declared.is_known() {
                let set = self.ty(place.module, write.declared, Env::NONE);
                if !set.is_empty() {
                    return set;
                }
            }
            let set = self.shape(place.module, write.value);
            all.add(self.without_nothing(set));
        }
        all.finish(self.arena)
    }

    fn static_member(&mut self, class: Place, name: &str) -> Set<'l> {
        if name == "prototype" {
            return Set::one(self.arena, Value::Proto(class));
        }
        let this = Env::of(
            self.arena,
            vec![(THIS, Set::one(self.arena, Value::Inst(class, Env::NONE)))],
        );
        let (mut at, mut env) = (class, Env::NONE);
        for _ in 0..MAX_ANCESTORS {
            if let Some(set) = self.own_member(at, this, name, true) {
                return set;
            }
            match first_instance(self.base_in(at, env)) {
                Some(next) => (at, env) = next,
                None => break,
            }
        }
        Set::NONE
    }

    /// What a construct signature of a type gives.
    pub(crate) fn constructed(&mut self, value: &Value<'l>) -> Set<'l> {
        let mut all = Union::default();
        for (module, signature, env) in self.signatures(value, MemberKind::Construct) {
            let returns = self.module(module).summary.signature(signature).returns;
            all.add(self.ty(module, returns, env));
        }
        all.finish(self.arena)
    }

    /// The call or construct signatures of a type.
    pub(crate) fn signatures(
        &mut self,
        value: &Value<'l>,
        kind: MemberKind,
    ) -> Vec<(ModuleIx, graph_model::summary::SignatureRef, Env<'l>)> {
        let (module, members, env, extends) = match value {
            Value::Iface(place, env) => {
                let of = self.module(place.module);
                let Fact::Type(i) = of.fact(place.node) else {
                    return Vec::new();
                };
                let fact = of.summary.type_facts[i as usize];
                (place.module, fact.members, *env, fact.extends)
            }
            Value::Anon(module, ty, env) => match self.module(*module).summary.type_at(*ty) {
                Type::Object(members) => (*module, members, *env, List::EMPTY),
                _ => return Vec::new(),
            },
            _ => return Vec::new(),
        };
        let of = self.module(module);
        let mut found: Vec<_> = members
            .of(&of.summary.members)
            .iter()
            .filter(|m| m.kind == kind)
            .filter_map(|m| Some((module, m.signature?, env)))
            .collect();
        if found.is_empty() && self.depth < super::MAX_DEPTH {
            self.depth += 1;
            for &base in extends.of(&of.summary.type_lists) {
                let base = self.ty(module, base, env);
                for value in base.iter() {
                    found.extend(self.signatures(value, kind));
                }
            }
            self.depth -= 1;
        }
        found
    }
}

/// The first class that values are instances of, and what is known in it.
pub(crate) fn first_instance<'a>(set: Set<'a>) -> Option<(Place, Env<'a>)> {
    set.iter().find_map(|value| match value {
        Value::Inst(place, env) => Some((*place, *env)),
        _ => None,
    })
}
