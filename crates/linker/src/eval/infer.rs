//! What type variables stand for, by matching types of parameters with arguments.

use graph_model::summary::{List, MemberKind, Shape, Signature, Type, TypeRef, VarRef};

use super::calls::{Call, parameter_at};
use super::keys::key_of;
use super::value::{Env, Lib, Place, Set, Union, Value, Var};
use super::{Eval, library};
use crate::member_lists::read_members;
use crate::program::{Fact, Module, ModuleIx};
use crate::type_variables::Variables;

impl<'l, 'p> Eval<'l, 'p> {
    /// What the type variables of a signature stand for in a call, as far as a type depends on them: often what is given back
    /// has little to do with what is passed, and what nobody asks for need not be told from large types.
    pub(super) fn bound_for(
        &mut self,
        module: ModuleIx,
        signature: &Signature,
        ty: TypeRef,
        env: Env<'l>,
        call: &Call<'p>,
    ) -> Env<'l> {
        let of = self.module(module);
        if signature.type_vars.is_empty() || of.closed_types().has(ty) {
            return env;
        }
        let needed = Variables::needed(&of.summary, signature, ty);
        self.told_by(module, signature, needed, env, call)
    }

    /// What all type variables of a signature stand for in a call.
    pub(super) fn bound_by(
        &mut self,
        module: ModuleIx,
        signature: &Signature,
        env: Env<'l>,
        call: &Call<'p>,
    ) -> Env<'l> {
        self.told_by(module, signature, Variables::ALL, env, call)
    }

    /// What some of its type variables stand for in a call.
    fn told_by(
        &mut self,
        module: ModuleIx,
        signature: &Signature,
        needed: Variables,
        env: Env<'l>,
        call: &Call<'p>,
    ) -> Env<'l> {
        let vars = signature.type_vars;
        if vars.is_empty() || needed.is_empty() {
            return env;
        }
        let of = self.module(module);
        let mut bound: Vec<(Var, Set<'l>)> = Vec::new();
        let explicit = call
            .type_arguments
            .of(&self.module(call.module).summary.type_lists);
        for (var, &ty) in vars.indexes().zip(explicit) {
            if !needed.allow(vars, VarRef(var)) {
                continue;
            }
            let mut set = self.ty(call.module, ty, Env::NONE);
            // What has a type of which nothing else is known is an argument of this type.
            let parameters = signature.parameters.of(&of.summary.parameters);
            for (parameter, argument) in parameters.iter().zip(call.arguments) {
                let is_var = of.summary.type_at(parameter.declared) == Type::Var(VarRef(var));
                let shape = self.module(call.module).summary.shape(argument.shape);
                if is_var && !argument.spread && matches!(shape, Shape::Function(_)) {
                    set = self.typed_functions(set, call.module, argument.shape);
                }
            }
            bound.push(((module, VarRef(var)), set));
        }
        if explicit.is_empty() {
            let parameters = signature.parameters.of(&of.summary.parameters);
            // Functions last: their parameters depend on what the other arguments tell.
            for pass in 0..2 {
                for (i, argument) in call.arguments.iter().enumerate() {
                    let shape = *self.module(call.module).summary.shape(argument.shape);
                    let late = matches!(shape, Shape::Function(_) | Shape::Object(_));
                    if late != (pass == 1) || call.skip == Some(i) {
                        continue;
                    }
                    let Some(parameter) = parameter_at(parameters, i) else {
                        break;
                    };
                    if !Variables::named(&of.summary, vars, parameter.declared).meet(needed) {
                        continue;
                    }
                    if let Type::Var(var) = of.summary.type_at(parameter.declared)
                        && is_key(of, var)
                        && let Some(key) = key_of(self.module(call.module), argument.shape)
                    {
                        let key = Set::one(self.arena, Value::Text(self.interned(&key)));
                        self.infer(module, parameter.declared, key, env, &mut bound);
                        continue;
                    }
                    let set = self.shape(call.module, argument.shape);
                    if parameter.rest {
                        let set = if argument.spread {
                            set
                        } else {
                            self.lib(Lib::Array, &[set])
                        };
                        self.infer(module, parameter.declared, set, env, &mut bound);
                    } else if !argument.spread {
                        self.infer(module, parameter.declared, set, env, &mut bound);
                    }
                }
            }
        }
        bound.retain(|b| b.0.0 != module || needed.allow(vars, b.0.1));
        for var in vars.indexes() {
            let key = (module, VarRef(var));
            if !needed.allow(vars, VarRef(var)) {
                continue;
            }
            if bound.iter().any(|b| b.0 == key && !b.1.is_empty()) {
                continue;
            }
            bound.retain(|b| b.0 != key);
            let fact = of.summary.type_vars[var as usize];
            let fallback = if fact.default.is_known() {
                fact.default
            } else {
                fact.constraint
            };
            let inner = match of.closed_types().has(fallback) {
                true => Env::NONE,
                false => env.with(self.arena, bound.clone()),
            };
            let set = self.ty(module, fallback, inner);
            bound.push((key, set));
        }
        env.with(self.arena, bound)
    }

    /// Matches a parameter's type with an argument.
    pub(super) fn infer(
        &mut self,
        module: ModuleIx,
        ty: TypeRef,
        set: Set<'l>,
        env: Env<'l>,
        bound: &mut Vec<(Var, Set<'l>)>,
    ) {
        let of = self.module(module);
        // Most parts of types name no variable, and to look at what the argument has there is work for nothing.
        let names_none = |ty| of.closed_types().has(ty);
        if set.is_empty() || names_none(ty) || !self.step() {
            return;
        }
        if self.depth >= super::MAX_DEPTH {
            self.tainted = true;
            return;
        }
        match of.summary.type_at(ty) {
            Type::Var(var) => {
                let key = (module, var);
                if env.get(key).is_some() {
                    return;
                }
                match bound.iter_mut().find(|b| b.0 == key) {
                    Some(known) => known.1 = known.1.union(self.arena, set),
                    None => bound.push((key, set)),
                }
            }
            Type::Alias(inner) => self.infer(module, inner, set, env, bound),
            Type::Array(inner) => {
                let arrays: Vec<Value<'l>> = set
                    .iter()
                    .filter(|v| matches!(v, Value::Lib(Lib::Array | Lib::Set, _) | Value::Tuple(_)))
                    .copied()
                    .collect();
                let element = self.element(Set::of(self.arena, arrays));
                self.infer(module, inner, element, env, bound);
            }
            Type::Tuple(list) => {
                for (i, &part) in list.of(&of.summary.type_lists).iter().enumerate() {
                    if names_none(part) {
                        continue;
                    }
                    let index = i.to_string();
                    let member = self.member(set, &index);
                    self.infer(module, part, member, env, bound);
                }
            }
            Type::Union(list) | Type::Intersection(list) => {
                let parts = list.of(&of.summary.type_lists);
                // `T | Promise<T>`: what fits a part with a structure is not for the bare variable.
                let bare = |t: &TypeRef| matches!(of.summary.type_at(*t), Type::Var(_));
                let before = bound.len();
                for part in parts.iter().filter(|t| !bare(t)) {
                    self.infer(module, *part, set, env, bound);
                }
                if bound.len() == before {
                    let set = self.without_nothing(set);
                    for part in parts.iter().filter(|t| bare(t)) {
                        self.infer(module, *part, set, env, bound);
                    }
                }
            }
            Type::Function(signature) => {
                let signature = of.summary.signature(signature);
                if let Type::Predicate(_, ty) = of.summary.type_at(signature.returns) {
                    if !names_none(ty) {
                        let narrowed = self.predicate_type(set);
                        self.infer(module, ty, narrowed, env, bound);
                    }
                    return;
                }
                if !names_none(signature.returns) {
                    let returned = self.returned_by_expected(set);
                    self.infer(module, signature.returns, returned, env, bound);
                }
                let parameters = signature.parameters.of(&of.summary.parameters);
                for (i, parameter) in parameters.iter().enumerate() {
                    if !names_none(parameter.declared) {
                        let given = self.annotated_parameter(set, i);
                        self.infer(module, parameter.declared, given, env, bound);
                    }
                }
            }
            Type::Constructor(signature) => {
                let returns = of.summary.signature(signature).returns;
                let instances = self.instances(set);
                self.infer(module, returns, instances, env, bound);
            }
            Type::Object(members) => {
                read_members(self.linker.program, module, members);
                for member in members.of(&of.summary.members) {
                    match member.kind {
                        MemberKind::Property | MemberKind::Getter
                            if !names_none(member.declared) =>
                        {
                            let name = of.summary.name(member.name);
                            let given = self.member(set, name);
                            self.infer(module, member.declared, given, env, bound);
                        }
                        MemberKind::Method => {
                            let signature = member.signature.map(|s| of.summary.signature(s));
                            let returns = signature.map(|s| s.returns);
                            if let Some(returns) = returns.filter(|&ty| !names_none(ty)) {
                                let name = of.summary.name(member.name);
                                let given = self.member(set, name);
                                let returned = self.returned_by_expected(given);
                                self.infer(module, returns, returned, env, bound);
                            }
                        }
                        MemberKind::Index if !names_none(member.declared) => {
                            let mut all = Union::default();
                            for value in set.iter() {
                                all.add(self.member(Set::one(self.arena, *value), "*"));
                            }
                            let all = all.finish(self.arena);
                            self.infer(module, member.declared, all, env, bound);
                        }
                        _ => {}
                    }
                }
            }
            Type::Mapped(value) => {
                let all = self.member(set, "*");
                self.infer(module, value, all, env, bound);
            }
            Type::Global(name, _, arguments) => {
                let arguments = arguments.of(&of.summary.type_lists);
                match of.summary.name(name) {
                    "Readonly" | "Partial" | "Required" | "NonNullable" => {
                        if let Some(&inner) = arguments.first() {
                            self.infer(module, inner, set, env, bound);
                        }
                    }
                    "Record" => {
                        if let Some(&value) = arguments.get(1) {
                            let all = self.member(set, "*");
                            self.infer(module, value, all, env, bound);
                        }
                    }
                    name => {
                        let Some(lib) = library::named(name) else {
                            return;
                        };
                        if lib == Lib::Array {
                            if let Some(&inner) = arguments.first() {
                                let element = self.element(set);
                                self.infer(module, inner, element, env, bound);
                            }
                            return;
                        }
                        for value in set.iter() {
                            if let Value::Lib(l, given) = value
                                && *l == lib
                            {
                                for (&wanted, given) in arguments.iter().zip(given.iter()) {
                                    self.infer(module, wanted, *given, env, bound);
                                }
                            }
                        }
                    }
                }
            }
            Type::Ref(_, _, arguments) if !arguments.is_empty() => {
                self.infer_reference(module, ty, arguments, set, env, bound);
            }
            _ => {}
        }
    }

    fn infer_reference(
        &mut self,
        module: ModuleIx,
        ty: TypeRef,
        arguments: List,
        set: Set<'l>,
        env: Env<'l>,
        bound: &mut Vec<(Var, Set<'l>)>,
    ) {
        let of = self.module(module);
        let Some(declared) = self.declaration(module, ty) else {
            return;
        };
        let vars = self.type_vars(declared);
        let wanted = arguments.of(&of.summary.type_lists);
        // What the declaration's own variables stand for in the argument.
        let mut inner: Vec<(Var, Set<'l>)> = Vec::new();
        for value in set.iter() {
            if let Some(env) = self.seen_as(value, declared) {
                for bound in env.iter() {
                    match inner.iter_mut().find(|b| b.0 == bound.0) {
                        Some(known) => known.1 = known.1.union(self.arena, bound.1),
                        None => inner.push(*bound),
                    }
                }
            }
        }
        if inner.is_empty() {
            let of = self.module(declared.module);
            let names_none = |ty| of.closed_types().has(ty);
            if let Fact::Type(i) = of.fact(declared.node) {
                let fact = of.summary.type_facts[i as usize];
                self.depth += 1;
                self.deepest = self.deepest.max(self.depth);
                if fact.alias.is_known() {
                    self.infer(declared.module, fact.alias, set, Env::NONE, &mut inner);
                } else {
                    read_members(self.linker.program, declared.module, fact.members);
                    for member in fact.members.of(&of.summary.members) {
                        if let (MemberKind::Call, Some(signature)) = (member.kind, member.signature)
                        {
                            let returns = of.summary.signature(signature).returns;
                            if names_none(returns) {
                                continue;
                            }
                            let returned = self.returned_by_expected(set);
                            self.infer(declared.module, returns, returned, Env::NONE, &mut inner);
                        } else if member.kind == MemberKind::Property
                            && !names_none(member.declared)
                        {
                            let name = of.summary.name(member.name);
                            let given = self.member(set, name);
                            self.infer(
                                declared.module,
                                member.declared,
                                given,
                                Env::NONE,
                                &mut inner,
                            );
                        }
                    }
                    for &base in fact.extends.of(&of.summary.type_lists) {
                        self.infer(declared.module, base, set, Env::NONE, &mut inner);
                    }
                }
                self.depth -= 1;
            }
        }
        for (var, &wanted) in vars.indexes().zip(wanted) {
            let key = (declared.module, VarRef(var));
            if let Some(&(_, given)) = inner.iter().find(|b| b.0 == key) {
                self.infer(module, wanted, given, env, bound);
            }
        }
    }

    /// The class or type that a type refers to.
    fn declaration(&mut self, module: ModuleIx, ty: TypeRef) -> Option<Place> {
        let of = self.module(module);
        let Type::Ref(node, path, _) = of.summary.type_at(ty) else {
            return None;
        };
        let place = Place { module, node };
        if path.is_empty()
            && let Fact::Type(_) | Fact::Class(_) = of.fact(node)
        {
            return Some(place);
        }
        // Through imports: the declaration behind them, without arguments.
        self.type_place(place, path)
    }

    fn type_place(&mut self, place: Place, path: List) -> Option<Place> {
        let of = self.module(place.module);
        let Fact::Import(i) = of.fact(place.node) else {
            return None;
        };
        let import = &of.summary.imports[i as usize];
        let specifier = import.specifier?;
        let crate::specifiers::Target::Module(target) =
            self.linker.specifiers.target(place.module, specifier)
        else {
            return None;
        };
        let imported = of.summary.name(import.imported);
        let name = match (imported, path.of(&of.summary.paths)) {
            ("*", [name]) => of.hashed(*name),
            ("*", _) => return None,
            (_, []) => of.hashed(import.imported),
            _ => return None,
        };
        let crate::exports::Found::Export(at, _) = self.linker.exports.lookup(target, name) else {
            return None;
        };
        let at = self.linker.exports.origin(at);
        let of = self.module(at.module);
        match &of.export(at.export).target {
            graph_model::summary::ExportTarget::Local(nodes)
            | graph_model::summary::ExportTarget::Equals(nodes) => {
                let is_type = |n: &&graph_model::summary::NodeRef| {
                    matches!(of.fact(**n), Fact::Type(_) | Fact::Class(_))
                };
                match nodes.iter().find(is_type) {
                    Some(&node) => Some(Place {
                        module: at.module,
                        node,
                    }),
                    None => {
                        let &node = nodes.first()?;
                        self.type_place(
                            Place {
                                module: at.module,
                                node,
                            },
                            List::EMPTY,
                        )
                    }
                }
            }
            _ => None,
        }
    }

    /// What the variables of a class or type stand for in a value that is, or descends from, one.
    pub(super) fn seen_as(&mut self, value: &Value<'l>, declared: Place) -> Option<Env<'l>> {
        let mut value = *value;
        for _ in 0..16 {
            let (place, env) = match &value {
                Value::Inst(place, env) | Value::Iface(place, env) => (*place, *env),
                _ => return None,
            };
            if place == declared {
                return Some(env);
            }
            let of = self.module(place.module);
            let bases = match of.fact(place.node) {
                Fact::Type(i) => {
                    let extends = of.summary.type_facts[i as usize].extends;
                    let mut all = Union::default();
                    for &base in extends.of(&of.summary.type_lists) {
                        all.add(self.ty(place.module, base, env));
                    }
                    all.finish(self.arena)
                }
                Fact::Class(i) => {
                    let implements = of.summary.classes[i as usize].implements;
                    let mut all = Set::NONE;
                    for &implemented in implements.of(&of.summary.type_lists) {
                        let set = self.ty(place.module, implemented, env);
                        for v in set.iter() {
                            if matches!(v, Value::Iface(p, _) if *p == declared) {
                                return match v {
                                    Value::Iface(_, env) => Some(*env),
                                    _ => None,
                                };
                            }
                        }
                        all = all.union(self.arena, set);
                    }
                    let base = self.base_in(place, env);
                    let base = self.subst(base, env);
                    if base.is_empty() { all } else { base }
                }
                _ => return None,
            };
            value = *bases
                .iter()
                .find(|v| matches!(v, Value::Inst(..) | Value::Iface(..)))?;
        }
        None
    }
}

/// Whether a type variable stands for a key: `K extends keyof T`, or a part of such.
fn is_key(of: &Module, var: VarRef) -> bool {
    fn names_keys(of: &Module, ty: TypeRef, depth: u32) -> bool {
        let Some(depth) = depth.checked_sub(1) else {
            return false;
        };
        let any = |list: List| {
            let mut types = list.of(&of.summary.type_lists).iter();
            types.any(|&ty| names_keys(of, ty, depth))
        };
        match of.summary.type_at(ty) {
            Type::KeyOf(_) => true,
            Type::Union(list) | Type::Intersection(list) => any(list),
            // `Extract<keyof T, string>`.
            Type::Global(_, _, arguments) => any(arguments),
            Type::Ref(node, ..) => match of.fact(node) {
                Fact::Type(i) => names_keys(of, of.summary.type_facts[i as usize].alias, depth),
                _ => false,
            },
            _ => false,
        }
    }
    let fact = of.summary.type_vars.get(var.0 as usize);
    fact.is_some_and(|fact| names_keys(of, fact.constraint, 4))
}
