//! From types to values, and what type variables stand for.

use graph_model::GLOBAL_MODULE;
use graph_model::summary::{List, NodeRef, Sym, Type, TypeRef, VarRef};

use smallvec::SmallVec;

use super::value::{Env, Lib, Place, Set, THIS, Union, Value, Var};
use super::{Eval, Key, library};
use crate::exports::Found;
use crate::program::{Fact, ModuleIx, Name};
use crate::specifiers::Target;

impl<'l> Eval<'l, '_> {
    /// The values of a type.
    pub(crate) fn ty(&mut self, module: ModuleIx, ty: TypeRef, env: Env<'l>) -> Set<'l> {
        let of = self.module(module);
        match of.summary.type_at(ty) {
            Type::Unknown => Set::NONE,
            Type::Primitive(name) => self.primitive(self.name(module, name)),
            Type::Literal(text) => Set::one(self.arena, Value::Literal(module, text)),
            Type::Var(var) => match env.get((module, var)) {
                Some(set) => set,
                None => Set::one(self.arena, Value::Var((module, var))),
            },
            Type::Function(signature) => {
                Set::one(self.arena, Value::Sig(module, signature, None, env))
            }
            Type::Constructor(signature) => {
                Set::one(self.arena, Value::New(module, signature, env))
            }
            Type::Object(_) => Set::one(self.arena, Value::Anon(module, ty, env)),
            Type::KeyOf(_) => self.lib(Lib::String, &[]),
            Type::Predicate(..) => self.lib(Lib::Boolean, &[]),
            Type::TypeOf(shape) => self.shape(module, shape),
            Type::This => env.get(THIS).unwrap_or_default(),
            _ if env.is_empty() || of.closed_types().has(ty) => {
                self.ask(Key::Type(module, ty), |e| e.composed(module, ty, Env::NONE))
            }
            _ => self.bound_type(module, ty, env),
        }
    }

    fn types(&mut self, module: ModuleIx, list: List, env: Env<'l>) -> SmallVec<[Set<'l>; 6]> {
        let of = self.module(module);
        list.of(&of.summary.type_lists)
            .iter()
            .map(|&t| self.ty(module, t, env))
            .collect()
    }

    pub(super) fn composed(&mut self, module: ModuleIx, ty: TypeRef, env: Env<'l>) -> Set<'l> {
        let of = self.module(module);
        match of.summary.type_at(ty) {
            Type::Ref(node, path, arguments) => self.reference(module, node, path, arguments, env),
            Type::Global(name, path, arguments) => {
                self.global_type(module, name, path, arguments, env)
            }
            Type::Alias(inner) => self.ty(module, inner, env),
            Type::Array(inner) => {
                let inner = self.ty(module, inner, env);
                self.lib(Lib::Array, &[inner])
            }
            Type::Tuple(list) => {
                let rest = list
                    .of(&of.summary.type_lists)
                    .iter()
                    .any(|&t| matches!(of.summary.type_at(t), Type::Rest(_)));
                let parts = self.types(module, list, env);
                if rest {
                    let all = self.united(parts);
                    return self.lib(Lib::Array, &[all]);
                }
                self.tuple(&parts)
            }
            Type::Rest(inner) => {
                let inner = self.ty(module, inner, env);
                self.element(inner)
            }
            Type::Union(list) | Type::Intersection(list) => {
                let parts = self.types(module, list, env);
                self.united(parts)
            }
            Type::Conditional(..) => {
                // One after the other where the last case is one again: there are long chains of them.
                let (mut all, mut rest) = (Union::default(), ty);
                while let Type::Conditional(yes, no) = of.summary.type_at(rest) {
                    all.add(self.ty(module, yes, env));
                    // What a type is made of stands before it; where it does not, it is asked for by itself.
                    if std::mem::replace(&mut rest, no) <= no {
                        break;
                    }
                }
                all.add(self.ty(module, rest, env));
                all.finish(self.arena)
            }
            Type::Mapped(value) => {
                let value = self.ty(module, value, env);
                self.lib(Lib::Record, &[value])
            }
            Type::Indexed(object, key) => {
                let key = self.ty(module, key, env);
                let names_member = |key: &Value<'_>| {
                    matches!(
                        key,
                        Value::Literal(..) | Value::Text(_) | Value::Lib(Lib::Number, _)
                    )
                };
                if !key.iter().any(names_member) {
                    return Set::NONE;
                }
                let object = self.ty(module, object, env);
                let mut all = Union::default();
                for key in key.iter() {
                    all.add(match key {
                        Value::Literal(m, text) => {
                            let text = self.name(*m, *text);
                            let text = text.strip_prefix('\'').unwrap_or(text);
                            self.member(object, text)
                        }
                        Value::Text(text) => self.member(object, text),
                        Value::Lib(Lib::Number, _) => self.element(object),
                        _ => Set::NONE,
                    });
                }
                all.finish(self.arena)
            }
            Type::Import(specifier, path, arguments) => {
                let arguments = self.types(module, arguments, env);
                match self.linker.specifiers.target(module, specifier) {
                    Target::Module(target) => {
                        let names: Vec<&str> = path
                            .of(&of.summary.paths)
                            .iter()
                            .map(|&n| self.name(module, n))
                            .collect();
                        self.imported_type(target, &names, &arguments)
                    }
                    Target::External => {
                        let path = path
                            .of(&of.summary.paths)
                            .first()
                            .map_or("", |&n| self.name(module, n));
                        Set::one(
                            self.arena,
                            Value::ExtInst(self.name(module, specifier), path),
                        )
                    }
                    Target::Asset | Target::Missing => Set::NONE,
                }
            }
            _ => Set::NONE,
        }
    }

    fn reference(
        &mut self,
        module: ModuleIx,
        node: NodeRef,
        path: List,
        arguments: List,
        env: Env<'l>,
    ) -> Set<'l> {
        let of = self.module(module);
        let arguments = self.types(module, arguments, env);
        let names: Vec<&str> = path
            .of(&of.summary.paths)
            .iter()
            .map(|&n| self.name(module, n))
            .collect();
        self.named_type(Place { module, node }, &names, &arguments)
    }

    /// What a declaration means as a type, after further names.
    pub(crate) fn named_type(
        &mut self,
        place: Place,
        path: &[&str],
        arguments: &[Set<'l>],
    ) -> Set<'l> {
        let of = self.module(place.module);
        if let Fact::Import(i) = of.fact(place.node) {
            let import = &of.summary.imports[i as usize];
            let Some(specifier) = import.specifier else {
                return Set::NONE;
            };
            let imported = of.summary.name(import.imported);
            return match self.linker.specifiers.target(place.module, specifier) {
                Target::Module(target) => {
                    let mut names: Vec<&str> = Vec::with_capacity(path.len() + 1);
                    if imported != "*" {
                        names.push(imported);
                    }
                    names.extend_from_slice(path);
                    self.deeper(|e| e.imported_type(target, &names, arguments))
                }
                Target::External => {
                    let name = if matches!(imported, "*" | "default") {
                        path.first().copied().unwrap_or("")
                    } else {
                        imported
                    };
                    let name = self.interned(name);
                    Set::one(self.arena, Value::ExtInst(of.summary.name(specifier), name))
                }
                Target::Asset | Target::Missing => Set::NONE,
            };
        }
        if let Some((first, rest)) = path.split_first() {
            if let Some(scope) = of.scope(place.node) {
                let members: Vec<NodeRef> = scope
                    .members
                    .iter()
                    .filter(|(name, _)| of.summary.name(*name) == *first)
                    .map(|m| m.1)
                    .collect();
                let mut all = Set::NONE;
                for node in members {
                    let place = Place {
                        module: place.module,
                        node,
                    };
                    all = all.union(self.arena, self.named_type(place, rest, arguments));
                }
                if !all.is_empty() {
                    return all;
                }
                if of.summary.node(place.node).node_type() == Some(graph_model::NodeType::Enum) {
                    return Set::one(self.arena, Value::Enum(place));
                }
                return Set::NONE;
            }
            // A name of a value: `typeof` is implied in comments.
            let value = self.node(place);
            let mut value = self.member(value, first);
            for name in rest {
                value = self.member(value, name);
            }
            return self.instances(value);
        }
        match of.fact(place.node) {
            Fact::Class(i) => {
                let vars = of.summary.classes[i as usize].type_vars;
                let env = self.bind(place.module, vars, arguments);
                Set::one(self.arena, Value::Inst(place, env))
            }
            Fact::Type(i) => {
                let fact = of.summary.type_facts[i as usize];
                let env = self.bind(place.module, fact.type_vars, arguments);
                if !fact.alias.is_known() {
                    return Set::one(self.arena, Value::Iface(place, env));
                }
                self.ty(place.module, fact.alias, env)
            }
            Fact::Scope(_) => Set::one(self.arena, Value::Enum(place)),
            Fact::TypeVar(var) => Set::one(self.arena, Value::Var((place.module, VarRef(var)))),
            Fact::Variable(_) | Fact::Function(_) => {
                let value = self.node(place);
                self.instances(value)
            }
            _ => Set::NONE,
        }
    }

    /// What a name of a module means as a type.
    fn imported_type(&mut self, module: ModuleIx, path: &[&str], arguments: &[Set<'l>]) -> Set<'l> {
        let Some((first, rest)) = path.split_first() else {
            let value = self.whole_module(module, true);
            return self.instances(value);
        };
        let found = self.linker.exports.lookup(module, Name::new(first));
        let set = self.found_type(&found, first, rest, arguments);
        if !set.is_empty() {
            return set;
        }
        if rest.is_empty() {
            let of = self.module(module);
            let defined = of
                .summary
                .typedefs
                .iter()
                .find(|(name, _)| of.summary.name(*name) == *first);
            if let Some(&(_, ty)) = defined {
                return self.ty(module, ty, Env::NONE);
            }
        }
        // A static or other member of what the module is.
        if self.module(module).export_equals().is_some() {
            let value = self.whole_module(module, true);
            let member = self.member(value, first);
            return self.instances(member);
        }
        Set::NONE
    }

    fn found_type(
        &mut self,
        found: &Found,
        name: &str,
        path: &[&str],
        arguments: &[Set<'l>],
    ) -> Set<'l> {
        match found {
            Found::Export(at, _) => {
                let of = self.module(at.module);
                match &of.export(at.export).target {
                    graph_model::summary::ExportTarget::Local(nodes)
                    | graph_model::summary::ExportTarget::Equals(nodes) => {
                        let mut all = Union::default();
                        for &node in nodes {
                            let place = Place {
                                module: at.module,
                                node,
                            };
                            all.add(self.deeper(|e| e.named_type(place, path, arguments)));
                        }
                        all.finish(self.arena)
                    }
                    _ => match self.linker.exports.step(*at) {
                        Some(found) => self.deeper(|e| e.found_type(&found, name, path, arguments)),
                        None => Set::NONE,
                    },
                }
            }
            Found::Module(module) => match path.is_empty() {
                true => Set::NONE,
                false => self.deeper(|e| e.imported_type(*module, path, arguments)),
            },
            Found::External(at) => {
                let name = path.first().copied().unwrap_or(name);
                match self.linker.external_specifier(*at) {
                    Some(specifier) => {
                        let name = self.interned(name);
                        Set::one(self.arena, Value::ExtInst(specifier, name))
                    }
                    None => Set::NONE,
                }
            }
            Found::None | Found::Ambiguous => Set::NONE,
        }
    }

    /// Type variables bound to arguments, or to their defaults.
    pub(crate) fn bind(&mut self, module: ModuleIx, vars: List, arguments: &[Set<'l>]) -> Env<'l> {
        if vars.is_empty() {
            return Env::NONE;
        }
        let of = self.module(module);
        let mut bound: SmallVec<[(Var, Set<'l>); 6]> = SmallVec::new();
        for (i, var) in vars.indexes().enumerate() {
            let set = match arguments.get(i) {
                Some(set) => *set,
                None => {
                    let default = of.summary.type_vars[var as usize].default;
                    // Written without arguments: all defaults, if there are some.
                    if i == 0 && !default.is_known() {
                        return Env::NONE;
                    }
                    let env = match of.closed_types().has(default) {
                        true => Env::NONE,
                        false => Env::sorted(self.arena, &bound),
                    };
                    self.ty(module, default, env)
                }
            };
            bound.push(((module, VarRef(var)), set));
        }
        Env::sorted(self.arena, &bound)
    }

    fn global_type(
        &mut self,
        module: ModuleIx,
        name: Sym,
        path: List,
        arguments: List,
        env: Env<'l>,
    ) -> Set<'l> {
        let name = self.name(module, name);
        if let Some(places) = self.linker.globals.get(name) {
            let arguments = self.types(module, arguments, env);
            let of = self.module(module);
            let names: Vec<&str> = path
                .of(&of.summary.paths)
                .iter()
                .map(|&n| self.name(module, n))
                .collect();
            let mut all = Union::default();
            for &place in places {
                all.add(self.named_type(place, &names, &arguments));
            }
            return all.finish(self.arena);
        }
        let arguments = self.types(module, arguments, env);
        let first = || arguments.first().copied().unwrap_or_default();
        match name {
            "Readonly" | "Partial" | "Required" | "Pick" | "Omit" | "Extract" | "Exclude"
            | "NoInfer" | "ThisType" => first(),
            "NonNullable" => self.without_nothing(first()),
            "Awaited" => self.awaited(first()),
            "ReturnType" => {
                let function = first();
                self.returned_by_expected(function)
            }
            "InstanceType" => {
                let class = first();
                self.instances(class)
            }
            "Parameters" | "ConstructorParameters" => Set::NONE,
            "Function" | "Object" | "any" => Set::NONE,
            "Record" => {
                let value = arguments.get(1).copied().unwrap_or_default();
                self.lib(Lib::Record, &[value])
            }
            _ => match library::named(name) {
                Some(lib) => self.lib(lib, &arguments),
                None => Set::one(self.arena, Value::ExtInst(GLOBAL_MODULE, name)),
            },
        }
    }

    /// Puts what type variables stand for into values.
    pub(crate) fn subst(&mut self, set: Set<'l>, env: Env<'l>) -> Set<'l> {
        if env.is_empty() || set.is_empty() {
            return set;
        }
        self.deeper(|e| e.substituted(set, env))
    }

    fn substituted(&mut self, set: Set<'l>, env: Env<'l>) -> Set<'l> {
        let mut all = Vec::with_capacity(set.iter().len());
        for value in set.iter() {
            match value {
                Value::Var(var) => match env.get(*var) {
                    Some(bound) => all.extend(bound.iter().copied()),
                    None => all.push(*value),
                },
                Value::Lib(lib, arguments) if !arguments.is_empty() => {
                    let arguments: Vec<Set<'l>> =
                        arguments.iter().map(|a| self.subst(*a, env)).collect();
                    all.push(Value::Lib(*lib, self.arena.list(&arguments)));
                }
                Value::Tuple(parts) => {
                    let parts: Vec<Set<'l>> = parts.iter().map(|a| self.subst(*a, env)).collect();
                    all.push(Value::Tuple(self.arena.list(&parts)));
                }
                Value::Inst(place, inner) => {
                    let env = self.subst_env(*place, *inner, env);
                    all.push(Value::Inst(*place, env));
                }
                Value::Iface(place, inner) => {
                    let env = self.subst_env(*place, *inner, env);
                    all.push(Value::Iface(*place, env));
                }
                Value::Fn(place, inner) => {
                    let env = self.closed(*inner, env);
                    all.push(Value::Fn(*place, env));
                }
                Value::Bound(place, inner, given) => {
                    let env = self.closed(*inner, env);
                    all.push(Value::Bound(*place, env, *given));
                }
                Value::Sig(module, signature, node, inner) => {
                    let env = self.closed(*inner, env);
                    all.push(Value::Sig(*module, *signature, *node, env));
                }
                Value::New(module, signature, inner) => {
                    let env = self.closed(*inner, env);
                    all.push(Value::New(*module, *signature, env));
                }
                Value::Anon(module, ty, inner) => {
                    let env = self.closed(*inner, env);
                    all.push(Value::Anon(*module, *ty, env));
                }
                value => all.push(*value),
            }
        }
        Set::of(self.arena, all)
    }

    /// The environment of something that may use any variable around it.
    fn closed(&mut self, inner: Env<'l>, env: Env<'l>) -> Env<'l> {
        let mut bound: Vec<(Var, Set<'l>)> = Vec::new();
        for &(var, set) in inner.iter() {
            bound.push((var, self.subst(set, env)));
        }
        env.with(self.arena, bound)
    }

    /// The environment of an instance: its own variables only.
    fn subst_env(&mut self, place: Place, inner: Env<'l>, env: Env<'l>) -> Env<'l> {
        if inner.is_empty() {
            let vars = self.type_vars(place);
            let bound: Vec<(Var, Set<'l>)> = vars
                .indexes()
                .filter_map(|v| {
                    let var = (place.module, VarRef(v));
                    Some((var, env.get(var)?))
                })
                .collect();
            return Env::of(self.arena, bound);
        }
        let mut bound = Vec::with_capacity(inner.iter().len());
        for &(var, set) in inner.iter() {
            bound.push((var, self.subst(set, env)));
        }
        Env::of(self.arena, bound)
    }

    /// The type variables of a class or type.
    pub(crate) fn type_vars(&self, place: Place) -> List {
        let of = self.module(place.module);
        match of.fact(place.node) {
            Fact::Class(i) => of.summary.classes[i as usize].type_vars,
            Fact::Type(i) => of.summary.type_facts[i as usize].type_vars,
            _ => List::EMPTY,
        }
    }

    /// What an awaited value becomes.
    pub(crate) fn awaited(&mut self, set: Set<'l>) -> Set<'l> {
        let mut all = Union::default();
        for value in set.iter() {
            all.add(match value {
                Value::Lib(Lib::Promise, arguments) => {
                    arguments.first().copied().unwrap_or_default()
                }
                value => Set::one(self.arena, *value),
            });
        }
        all.finish(self.arena)
    }

    /// What iterating over a value gives.
    pub(crate) fn element(&mut self, set: Set<'l>) -> Set<'l> {
        let mut all = Union::default();
        for value in set.iter() {
            all.add(match value {
                Value::Lib(Lib::Array | Lib::Set | Lib::Record, arguments) => {
                    arguments.first().copied().unwrap_or_default()
                }
                Value::Lib(Lib::Map, arguments) => Set::one(self.arena, Value::Tuple(arguments)),
                Value::Lib(Lib::String, _) => self.lib(Lib::String, &[]),
                Value::Tuple(parts) => self.united(parts.iter().copied()),
                Value::Iface(..) | Value::Inst(..) | Value::Anon(..) => {
                    let indexed = self.indexed(value);
                    if indexed.is_empty() {
                        let iterator = self.member(Set::one(self.arena, *value), "@@iterator");
                        let iterated = self.returned_by_expected(iterator);
                        if iterated.is_empty() {
                            Set::NONE
                        } else {
                            self.deeper(|e| e.element(iterated))
                        }
                    } else {
                        indexed
                    }
                }
                Value::Var(var) => {
                    let constraint = self.constraint(*var);
                    self.deeper(|e| e.element(constraint))
                }
                _ => Set::NONE,
            });
        }
        all.finish(self.arena)
    }

    /// What a type variable extends.
    pub(crate) fn constraint(&mut self, var: Var) -> Set<'l> {
        if var == THIS {
            return Set::NONE;
        }
        match self.module(var.0).summary.type_vars.get(var.1.0 as usize) {
            Some(fact) => self.ty(var.0, fact.constraint, Env::NONE),
            None => Set::NONE,
        }
    }
}
