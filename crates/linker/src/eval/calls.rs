//! Results of calls, and what type variables stand for in a call.

use graph_model::summary::{
    Argument, CallFact, List, MemberKind, ParameterFact, Shape, Signature, SignatureRef, Type,
    TypeRef, VarRef,
};

use super::library::{self, Part};
use super::value::{Env, Lib, Place, Set, Value, Var};
use super::{Eval, Key};
use crate::program::{Fact, ModuleIx};

/// A call as signatures see it.
struct Call<'p> {
    module: ModuleIx,
    arguments: &'p [Argument],
    type_arguments: List,
    /// An argument that is not to be looked at: it is the one that is asked for.
    skip: Option<usize>,
}

impl<'p> Eval<'_, 'p> {
    fn call_of(&self, module: ModuleIx, call: &CallFact, skip: Option<usize>) -> Call<'p> {
        Call {
            module,
            arguments: call.arguments.of(&self.module(module).summary.arguments),
            type_arguments: call.type_arguments,
            skip,
        }
    }

    /// What a call gives.
    pub(crate) fn call_result(&mut self, module: ModuleIx, fact: &CallFact) -> Set {
        let call = self.call_of(module, fact, None);
        let callee = self.callee(module, fact);
        let mut all = Set::NONE;
        for value in callee.iter() {
            all = all.union(self.result(value, &call, fact));
        }
        all
    }

    /// The values of a callee; the function that the analyzer found, where it did.
    pub(crate) fn callee(&mut self, module: ModuleIx, fact: &CallFact) -> Set {
        if let Some(node) = fact.resolved
            && self.module(module).function(node).is_some()
            && fact.kind == graph_model::summary::CallKind::Call
        {
            return Set::one(Value::Fn(Place { module, node }, Env::NONE));
        }
        self.shape(module, fact.callee)
    }

    fn result(&mut self, callee: &Value, call: &Call<'p>, fact: &CallFact) -> Set {
        match callee {
            Value::Fn(place, env) => self.function_result(*place, env, Some(call)),
            Value::Sig(module, signature, _, env) => {
                self.signature_result(*module, *signature, env, Some(call))
            }
            Value::Iface(..) | Value::Anon(..) => {
                let signatures = self.signatures(callee, MemberKind::Call);
                self.best_result(&signatures, call)
            }
            Value::LibMethod(lib, arguments, name) => {
                self.lib_result(*lib, arguments, name, call, fact)
            }
            Value::Ext(specifier, path) if &**specifier == "<global>" => {
                self.global_result(path, call)
            }
            Value::Var(var) => {
                let constraint = self.constraint(*var);
                let mut all = Set::NONE;
                for value in constraint.iter() {
                    all = all.union(self.deeper(|e| e.result(value, call, fact)));
                }
                all
            }
            _ => self.bound_result(callee, call, fact),
        }
    }

    /// `f.call(…)`, `f.apply(…)`, `f.bind(…)`.
    fn bound_result(&mut self, _callee: &Value, call: &Call<'p>, fact: &CallFact) -> Set {
        let _ = (call, fact);
        Set::NONE
    }

    /// The function behind `f.call`, `f.apply` or `f.bind`.
    pub(crate) fn bound_function(
        &mut self,
        module: ModuleIx,
        fact: &CallFact,
    ) -> Option<(Set, &'static str)> {
        let Shape::Member(object, name) = *self.module(module).summary.shape(fact.callee) else {
            return None;
        };
        let name = match self.name(module, name) {
            "call" => "call",
            "apply" => "apply",
            "bind" => "bind",
            _ => return None,
        };
        let object = self.shape(module, object);
        let functions: Vec<Value> = object
            .iter()
            .filter(|v| matches!(v, Value::Fn(..) | Value::Sig(..)))
            .cloned()
            .collect();
        (!functions.is_empty()).then(|| (Set::of(functions), name))
    }

    /// What a function gives back.
    fn function_result(&mut self, place: Place, env: &Env, call: Option<&Call<'p>>) -> Set {
        let of = self.module(place.module);
        let Some(function) = of.function(place.node) else {
            return Set::NONE;
        };
        let overloads: Vec<(ModuleIx, SignatureRef, Env)> = function
            .overloads
            .of(&of.summary.overloads)
            .iter()
            .map(|&s| (place.module, s, env.clone()))
            .collect();
        if !overloads.is_empty() {
            return match call {
                Some(call) => self.best_result(&overloads, call),
                None => {
                    let returns = of.summary.signature(overloads[0].1).returns;
                    self.ty(place.module, returns, env)
                }
            };
        }
        let signature = of.summary.signature(function.signature);
        if signature.returns.is_known() {
            let declared = self.signature_result(place.module, function.signature, env, call);
            if !declared.is_empty() {
                return declared;
            }
        }
        let key = Key::Returned(place.module, place.node);
        let returned = self.ask(key, |e| {
            let mut all = Set::NONE;
            for &shape in function.returned.of(&of.summary.shape_lists) {
                let set = e.shape(place.module, shape);
                all = all.union(e.without_nothing(&set));
            }
            if function.is_generator {
                let mut yielded = Set::NONE;
                for &shape in function.yielded.of(&of.summary.shape_lists) {
                    yielded = yielded.union(e.shape(place.module, shape));
                }
                return Set::lib(Lib::Array, &[yielded]);
            }
            if function.is_async {
                let all = e.awaited(&all);
                return Set::lib(Lib::Promise, &[all]);
            }
            all
        });
        let env = match call {
            Some(call) => self.bound_by(place.module, signature, env, call),
            None => env.clone(),
        };
        self.subst(&returned, &env)
    }

    /// The signature that fits a call best: the first that takes its arguments.
    fn best_result(
        &mut self,
        signatures: &[(ModuleIx, SignatureRef, Env)],
        call: &Call<'p>,
    ) -> Set {
        let Some((module, signature, env)) = self.best(signatures, call) else {
            return Set::NONE;
        };
        self.signature_result(module, signature, &env, Some(call))
    }

    fn best(
        &mut self,
        signatures: &[(ModuleIx, SignatureRef, Env)],
        call: &Call<'p>,
    ) -> Option<(ModuleIx, SignatureRef, Env)> {
        let fitting = signatures
            .iter()
            .find(|(module, signature, _)| self.accepts(*module, *signature, call));
        fitting.or(signatures.last()).cloned()
    }

    fn accepts(&mut self, module: ModuleIx, signature: SignatureRef, call: &Call<'p>) -> bool {
        let of = self.module(module);
        let signature = of.summary.signature(signature);
        let parameters = signature.parameters.of(&of.summary.parameters);
        let required = parameters.iter().filter(|p| !p.optional).count();
        let rest = parameters.last().is_some_and(|p| p.rest);
        let spread = call.arguments.iter().any(|a| a.spread);
        let count = call.arguments.len();
        if !spread && (count < required || (count > parameters.len() && !rest)) {
            return false;
        }
        if !call.type_arguments.is_empty() && call.type_arguments.len > signature.type_vars.len {
            return false;
        }
        for (i, argument) in call.arguments.iter().enumerate() {
            if argument.spread || call.skip == Some(i) {
                break;
            }
            let Some(parameter) = parameters.get(i) else {
                break;
            };
            let is_function = matches!(
                self.module(call.module).summary.shape(argument.shape),
                Shape::Function(_)
            );
            let fits = match of.summary.type_at(parameter.declared) {
                Type::Function(_) => {
                    is_function
                        || !matches!(
                            self.module(call.module).summary.shape(argument.shape),
                            Shape::Object(_) | Shape::Primitive(_) | Shape::Array(_)
                        )
                }
                Type::Primitive(_) | Type::Array(_) | Type::Object(_) if is_function => false,
                Type::Primitive(name) => {
                    match *self.module(call.module).summary.shape(argument.shape) {
                        Shape::Primitive(given) => {
                            let (wanted, given) =
                                (of.summary.name(name), self.name(call.module, given));
                            !matches!(wanted, "string" | "number" | "boolean")
                                || !matches!(given, "string" | "number" | "boolean")
                                || wanted == given
                        }
                        Shape::Object(_) | Shape::Array(_) => {
                            !matches!(of.summary.name(name), "string" | "number" | "boolean")
                        }
                        _ => true,
                    }
                }
                _ => true,
            };
            if !fits {
                return false;
            }
        }
        true
    }

    fn signature_result(
        &mut self,
        module: ModuleIx,
        signature: SignatureRef,
        env: &Env,
        call: Option<&Call<'p>>,
    ) -> Set {
        let fact = self.module(module).summary.signature(signature);
        let env = match call {
            Some(call) => self.bound_by(module, fact, env, call),
            None => env.clone(),
        };
        self.ty(module, fact.returns, &env)
    }

    /// What the type variables of a signature stand for in a call.
    fn bound_by(
        &mut self,
        module: ModuleIx,
        signature: &Signature,
        env: &Env,
        call: &Call<'p>,
    ) -> Env {
        if signature.type_vars.is_empty() {
            return env.clone();
        }
        let of = self.module(module);
        let mut bound: Vec<(Var, Set)> = Vec::new();
        let explicit = call
            .type_arguments
            .of(&self.module(call.module).summary.type_lists);
        for (var, &ty) in signature.type_vars.indexes().zip(explicit) {
            let set = self.ty(call.module, ty, &Env::NONE);
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
                    if !parameter.declared.is_known() {
                        continue;
                    }
                    let set = self.shape(call.module, argument.shape);
                    if parameter.rest {
                        let set = if argument.spread {
                            set
                        } else {
                            Set::lib(Lib::Array, &[set])
                        };
                        self.infer(module, parameter.declared, &set, env, &mut bound);
                    } else if !argument.spread {
                        self.infer(module, parameter.declared, &set, env, &mut bound);
                    }
                }
            }
        }
        for var in signature.type_vars.indexes() {
            let key = (module, VarRef(var));
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
            let inner = env.with(bound.clone());
            let set = self.ty(module, fallback, &inner);
            bound.push((key, set));
        }
        env.with(bound)
    }

    /// Matches a parameter's type with an argument.
    fn infer(
        &mut self,
        module: ModuleIx,
        ty: TypeRef,
        set: &Set,
        env: &Env,
        bound: &mut Vec<(Var, Set)>,
    ) {
        if set.is_empty() || !self.step() || self.depth >= super::MAX_DEPTH {
            return;
        }
        let of = self.module(module);
        match of.summary.type_at(ty) {
            Type::Var(var) => {
                let key = (module, var);
                if env.get(key).is_some() {
                    return;
                }
                match bound.iter_mut().find(|b| b.0 == key) {
                    Some(known) => known.1 = known.1.clone().union(set.clone()),
                    None => bound.push((key, set.clone())),
                }
            }
            Type::Alias(inner) => self.infer(module, inner, set, env, bound),
            Type::Array(inner) => {
                let arrays: Vec<Value> = set
                    .iter()
                    .filter(|v| matches!(v, Value::Lib(Lib::Array | Lib::Set, _) | Value::Tuple(_)))
                    .cloned()
                    .collect();
                let element = self.element(&Set::of(arrays));
                self.infer(module, inner, &element, env, bound);
            }
            Type::Tuple(list) => {
                for (i, &part) in list.of(&of.summary.type_lists).iter().enumerate() {
                    let index = i.to_string();
                    let member = self.member(set, &index);
                    self.infer(module, part, &member, env, bound);
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
                        self.infer(module, *part, &set, env, bound);
                    }
                }
            }
            Type::Function(signature) => {
                let signature = of.summary.signature(signature);
                if signature.returns.is_known() {
                    let returned = self.returned_by_expected(set);
                    let returns = match of.summary.type_at(signature.returns) {
                        Type::Predicate(_, ty) => {
                            let narrowed = self.predicate_type(set);
                            self.infer(module, ty, &narrowed, env, bound);
                            return;
                        }
                        _ => signature.returns,
                    };
                    self.infer(module, returns, &returned, env, bound);
                }
                let parameters = signature.parameters.of(&of.summary.parameters);
                for (i, parameter) in parameters.iter().enumerate() {
                    if parameter.declared.is_known() {
                        let given = self.annotated_parameter(set, i);
                        self.infer(module, parameter.declared, &given, env, bound);
                    }
                }
            }
            Type::Constructor(signature) => {
                let returns = of.summary.signature(signature).returns;
                let instances = self.instances(set);
                self.infer(module, returns, &instances, env, bound);
            }
            Type::Object(members) => {
                for member in members.of(&of.summary.members) {
                    match member.kind {
                        MemberKind::Property | MemberKind::Getter => {
                            let name = of.summary.name(member.name);
                            let given = self.member(set, name);
                            self.infer(module, member.declared, &given, env, bound);
                        }
                        MemberKind::Method => {
                            let name = of.summary.name(member.name);
                            let given = self.member(set, name);
                            if let Some(signature) = member.signature {
                                let returns = of.summary.signature(signature).returns;
                                let returned = self.returned_by_expected(&given);
                                self.infer(module, returns, &returned, env, bound);
                            }
                        }
                        MemberKind::Index => {
                            let mut all = Set::NONE;
                            for value in set.iter() {
                                all = all.union(self.member(&Set::one(value.clone()), "*"));
                            }
                            self.infer(module, member.declared, &all, env, bound);
                        }
                        _ => {}
                    }
                }
            }
            Type::Mapped(value) => {
                let all = self.member(set, "*");
                self.infer(module, value, &all, env, bound);
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
                            self.infer(module, value, &all, env, bound);
                        }
                    }
                    name => {
                        let Some(lib) = library::named(name) else {
                            return;
                        };
                        if lib == Lib::Array {
                            if let Some(&inner) = arguments.first() {
                                let element = self.element(set);
                                self.infer(module, inner, &element, env, bound);
                            }
                            return;
                        }
                        for value in set.iter() {
                            if let Value::Lib(l, given) = value
                                && *l == lib
                            {
                                for (&wanted, given) in arguments.iter().zip(given.iter()) {
                                    self.infer(module, wanted, given, env, bound);
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
        set: &Set,
        env: &Env,
        bound: &mut Vec<(Var, Set)>,
    ) {
        let of = self.module(module);
        let Some(declared) = self.declaration(module, ty) else {
            return;
        };
        let vars = self.type_vars(declared);
        let wanted = arguments.of(&of.summary.type_lists);
        // What the declaration's own variables stand for in the argument.
        let mut inner: Vec<(Var, Set)> = Vec::new();
        for value in set.iter() {
            if let Some(env) = self.seen_as(value, declared) {
                for bound in env.iter() {
                    match inner.iter_mut().find(|b| b.0 == bound.0) {
                        Some(known) => known.1 = known.1.clone().union(bound.1.clone()),
                        None => inner.push(bound.clone()),
                    }
                }
            }
        }
        if inner.is_empty() {
            let of = self.module(declared.module);
            if let Fact::Type(i) = of.fact(declared.node) {
                let fact = of.summary.type_facts[i as usize];
                self.depth += 1;
                if fact.alias.is_known() {
                    self.infer(declared.module, fact.alias, set, &Env::NONE, &mut inner);
                } else {
                    for member in fact.members.of(&of.summary.members) {
                        if let (MemberKind::Call, Some(signature)) = (member.kind, member.signature)
                        {
                            let returns = of.summary.signature(signature).returns;
                            let returned = self.returned_by_expected(set);
                            self.infer(declared.module, returns, &returned, &Env::NONE, &mut inner);
                        } else if member.kind == MemberKind::Property && member.declared.is_known()
                        {
                            let name = of.summary.name(member.name);
                            let given = self.member(set, name);
                            self.infer(
                                declared.module,
                                member.declared,
                                &given,
                                &Env::NONE,
                                &mut inner,
                            );
                        }
                    }
                    for &base in fact.extends.of(&of.summary.type_lists) {
                        self.infer(declared.module, base, set, &Env::NONE, &mut inner);
                    }
                }
                self.depth -= 1;
            }
        }
        for (var, &wanted) in vars.indexes().zip(wanted) {
            let key = (declared.module, VarRef(var));
            if let Some((_, given)) = inner.iter().find(|b| b.0 == key) {
                let given = given.clone();
                self.infer(module, wanted, &given, env, bound);
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
            ("*", [name]) => of.summary.name(*name),
            ("*", _) => return None,
            (name, []) => name,
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
    fn seen_as(&mut self, value: &Value, declared: Place) -> Option<Env> {
        let mut value = value.clone();
        for _ in 0..16 {
            let (place, env) = match &value {
                Value::Inst(place, env) | Value::Iface(place, env) => (*place, env.clone()),
                _ => return None,
            };
            if place == declared {
                return Some(env);
            }
            let of = self.module(place.module);
            let bases = match of.fact(place.node) {
                Fact::Type(i) => {
                    let extends = of.summary.type_facts[i as usize].extends;
                    let mut all = Set::NONE;
                    for &base in extends.of(&of.summary.type_lists) {
                        all = all.union(self.ty(place.module, base, &env));
                    }
                    all
                }
                Fact::Class(i) => {
                    let implements = of.summary.classes[i as usize].implements;
                    let mut all = Set::NONE;
                    for &implemented in implements.of(&of.summary.type_lists) {
                        let set = self.ty(place.module, implemented, &env);
                        for v in set.iter() {
                            if matches!(v, Value::Iface(p, _) if *p == declared) {
                                return match v {
                                    Value::Iface(_, env) => Some(env.clone()),
                                    _ => None,
                                };
                            }
                        }
                        all = all.union(set);
                    }
                    let base = self.base(place);
                    let base = self.subst(&base, &env);
                    if base.is_empty() { all } else { base }
                }
                _ => return None,
            };
            value = bases
                .iter()
                .find(|v| matches!(v, Value::Inst(..) | Value::Iface(..)))?
                .clone();
        }
        None
    }

    /// What `new` gives.
    pub(crate) fn new_result(&mut self, module: ModuleIx, fact: &CallFact) -> Set {
        let call = self.call_of(module, fact, None);
        let classes = self.shape(module, fact.callee);
        let mut all = Set::NONE;
        for class in classes.iter() {
            all = all.union(match class {
                Value::Ctor(place) => self.new_instance(*place, &call),
                Value::New(m, signature, env) => {
                    self.signature_result(*m, *signature, env, Some(&call))
                }
                Value::Iface(..) | Value::Anon(..) => {
                    let signatures = self.signatures(class, MemberKind::Construct);
                    self.best_result(&signatures, &call)
                }
                Value::Ext(specifier, path)
                    if &**specifier == "<global>" && library::named(path).is_some() =>
                {
                    let lib = library::named(path).unwrap_or(Lib::Record);
                    self.new_library(lib, &call)
                }
                value => {
                    let one = Set::one(value.clone());
                    self.instances(&one)
                }
            });
        }
        all
    }

    fn new_library(&mut self, lib: Lib, call: &Call<'p>) -> Set {
        let types = call
            .type_arguments
            .of(&self.module(call.module).summary.type_lists);
        if !types.is_empty() {
            let arguments: Vec<Set> = types
                .iter()
                .map(|&t| self.ty(call.module, t, &Env::NONE))
                .collect();
            return Set::lib(lib, &arguments);
        }
        let first = match call.arguments.first() {
            Some(argument) if matches!(lib, Lib::Map | Lib::Set) => {
                self.shape(call.module, argument.shape)
            }
            _ => Set::NONE,
        };
        let element = self.element(&first);
        match lib {
            Lib::Map => {
                let key = self.member(&element, "0");
                let value = self.member(&element, "1");
                Set::lib(lib, &[key, value])
            }
            Lib::Set => Set::lib(lib, &[element]),
            _ => Set::lib(lib, &[]),
        }
    }

    fn new_instance(&mut self, class: Place, call: &Call<'p>) -> Set {
        let vars = self.type_vars(class);
        if vars.is_empty() {
            return Set::one(Value::Inst(class, Env::NONE));
        }
        let types = call
            .type_arguments
            .of(&self.module(call.module).summary.type_lists);
        if !types.is_empty() {
            let arguments: Vec<Set> = types
                .iter()
                .map(|&t| self.ty(call.module, t, &Env::NONE))
                .collect();
            let env = self.bind(class.module, vars, &arguments);
            return Set::one(Value::Inst(class, env));
        }
        // From the constructor's parameters.
        let of = self.module(class.module);
        let constructor = of
            .class(class.node)
            .and_then(|c| c.constructor)
            .and_then(|c| of.function(c));
        if let Some(constructor) = constructor {
            let own = of.summary.signature(constructor.signature);
            let signature = Signature {
                type_vars: vars,
                ..*own
            };
            let env = self.bound_by(class.module, &signature, &Env::NONE, call);
            return Set::one(Value::Inst(class, env));
        }
        Set::one(Value::Inst(class, Env::NONE))
    }

    /// What a call expects as an argument.
    pub(crate) fn expected_argument(
        &mut self,
        module: ModuleIx,
        fact: &CallFact,
        index: usize,
    ) -> Set {
        let call = self.call_of(module, fact, Some(index));
        let callee = self.callee(module, fact);
        let mut all = Set::NONE;
        for value in callee.iter() {
            let set = match value {
                Value::Fn(place, env) => {
                    let of = self.module(place.module);
                    let Some(function) = of.function(place.node) else {
                        continue;
                    };
                    let mut signatures: Vec<(ModuleIx, SignatureRef, Env)> = function
                        .overloads
                        .of(&of.summary.overloads)
                        .iter()
                        .map(|&s| (place.module, s, env.clone()))
                        .collect();
                    if signatures.is_empty() {
                        signatures.push((place.module, function.signature, env.clone()));
                    }
                    self.expected_of(&signatures, &call, index)
                }
                Value::Sig(m, signature, _, env) => {
                    self.expected_of(&[(*m, *signature, env.clone())], &call, index)
                }
                Value::Iface(..) | Value::Anon(..) => {
                    let kind = match fact.kind {
                        graph_model::summary::CallKind::New => MemberKind::Construct,
                        _ => MemberKind::Call,
                    };
                    let signatures = self.signatures(value, kind);
                    self.expected_of(&signatures, &call, index)
                }
                Value::New(m, signature, env) => {
                    self.expected_of(&[(*m, *signature, env.clone())], &call, index)
                }
                Value::Ctor(class) => {
                    let of = self.module(class.module);
                    let constructor = of
                        .class(class.node)
                        .and_then(|c| c.constructor)
                        .and_then(|c| of.function(c));
                    match constructor {
                        Some(constructor) => {
                            let own = of.summary.signature(constructor.signature);
                            let signature = Signature {
                                type_vars: self.type_vars(*class),
                                ..*own
                            };
                            let env = self.bound_by(class.module, &signature, &Env::NONE, &call);
                            self.parameter_type(class.module, &signature, index, &env)
                        }
                        None => Set::NONE,
                    }
                }
                Value::LibMethod(lib, arguments, name) => {
                    Set::one(Value::LibMethod(*lib, arguments.clone(), name.clone()))
                }
                _ => Set::NONE,
            };
            all = all.union(set);
        }
        all
    }

    fn expected_of(
        &mut self,
        signatures: &[(ModuleIx, SignatureRef, Env)],
        call: &Call<'p>,
        index: usize,
    ) -> Set {
        let Some((module, signature, env)) = self.best(signatures, call) else {
            return Set::NONE;
        };
        let fact = self.module(module).summary.signature(signature);
        let env = self.bound_by(module, fact, &env, call);
        self.parameter_type(module, fact, index, &env)
    }

    fn parameter_type(
        &mut self,
        module: ModuleIx,
        signature: &Signature,
        index: usize,
        env: &Env,
    ) -> Set {
        let parameters = signature
            .parameters
            .of(&self.module(module).summary.parameters);
        let Some(parameter) = parameter_at(parameters, index) else {
            return Set::NONE;
        };
        let set = self.ty(module, parameter.declared, env);
        if parameter.rest {
            return self.element(&set);
        }
        set
    }

    /// The values of a parameter of a function that stands where functions of these types are expected.
    pub(crate) fn parameter_of(&mut self, expected: &Set, index: usize, rest: bool) -> Set {
        let mut all = Set::NONE;
        for value in expected.iter() {
            let signatures = match value {
                Value::Sig(m, signature, _, env) => vec![(*m, *signature, env.clone())],
                Value::Fn(place, env) => match self.module(place.module).function(place.node) {
                    Some(function) => vec![(place.module, function.signature, env.clone())],
                    None => Vec::new(),
                },
                Value::Iface(..) | Value::Anon(..) => self.signatures(value, MemberKind::Call),
                Value::LibMethod(lib, arguments, name) => {
                    let set = self.lib_parameter(*lib, arguments, name, index);
                    all = all.union(set);
                    continue;
                }
                _ => Vec::new(),
            };
            for (module, signature, env) in signatures {
                let fact = self.module(module).summary.signature(signature);
                let set = self.parameter_type(module, fact, index, &env);
                let set = if rest && !set.is_empty() {
                    Set::lib(Lib::Array, &[set])
                } else {
                    set
                };
                all = all.union(set);
            }
        }
        all
    }

    /// Declared types of a parameter of functions.
    fn annotated_parameter(&mut self, functions: &Set, index: usize) -> Set {
        let mut all = Set::NONE;
        for value in functions.iter() {
            let (module, signature, env) = match value {
                Value::Sig(m, signature, _, env) => (*m, *signature, env.clone()),
                Value::Fn(place, env) => match self.module(place.module).function(place.node) {
                    Some(function) => (place.module, function.signature, env.clone()),
                    None => continue,
                },
                _ => continue,
            };
            let fact = self.module(module).summary.signature(signature);
            all = all.union(self.parameter_type(module, fact, index, &env));
        }
        all
    }

    /// What functions give back, whatever they are called with.
    pub(crate) fn returned_by_expected(&mut self, functions: &Set) -> Set {
        let mut all = Set::NONE;
        for value in functions.iter() {
            let set = match value {
                Value::Fn(place, env) => self.deeper(|e| e.function_result(*place, env, None)),
                Value::Sig(m, signature, _, env) => {
                    self.deeper(|e| e.signature_result(*m, *signature, env, None))
                }
                Value::Iface(..) | Value::Anon(..) => {
                    match self.signatures(value, MemberKind::Call).first() {
                        Some((m, signature, env)) => {
                            let (m, signature, env) = (*m, *signature, env.clone());
                            self.deeper(|e| e.signature_result(m, signature, &env, None))
                        }
                        None => Set::NONE,
                    }
                }
                _ => Set::NONE,
            };
            all = all.union(set);
        }
        all
    }

    /// What a predicate says of its argument.
    pub(crate) fn predicate(&mut self, module: ModuleIx, fact: &CallFact, index: usize) -> Set {
        let call = self.call_of(module, fact, None);
        let callee = self.callee(module, fact);
        let mut all = Set::NONE;
        for value in callee.iter() {
            let (m, signature, env) = match value {
                Value::Fn(place, env) => {
                    let of = self.module(place.module);
                    match of.function(place.node) {
                        Some(function) => {
                            let overload = function.overloads.of(&of.summary.overloads).first();
                            let signature = overload.copied().unwrap_or(function.signature);
                            (place.module, signature, env.clone())
                        }
                        None => continue,
                    }
                }
                Value::Sig(m, signature, _, env) => (*m, *signature, env.clone()),
                _ => continue,
            };
            let of = self.module(m);
            let signature = of.summary.signature(signature);
            let Type::Predicate(name, ty) = of.summary.type_at(signature.returns) else {
                continue;
            };
            let parameters = signature.parameters.of(&of.summary.parameters);
            if parameters.get(index).is_some_and(|p| p.name == name) {
                let env = self.bound_by(m, signature, &env, &call);
                all = all.union(self.ty(m, ty, &env));
            }
        }
        all
    }

    /// The type that predicates tell.
    fn predicate_type(&mut self, functions: &Set) -> Set {
        let mut all = Set::NONE;
        for value in functions.iter() {
            let (m, signature, env) = match value {
                Value::Fn(place, env) => match self.module(place.module).function(place.node) {
                    Some(function) => (place.module, function.signature, env.clone()),
                    None => continue,
                },
                Value::Sig(m, signature, _, env) => (*m, *signature, env.clone()),
                _ => continue,
            };
            let of = self.module(m);
            let returns = of.summary.signature(signature).returns;
            if let Type::Predicate(_, ty) = of.summary.type_at(returns) {
                all = all.union(self.ty(m, ty, &env));
            }
        }
        all
    }

    fn lib_result(
        &mut self,
        lib: Lib,
        arguments: &[Set],
        name: &str,
        call: &Call<'p>,
        fact: &CallFact,
    ) -> Set {
        let Some(method) = library::find(lib, name) else {
            return match lib {
                Lib::String => Set::lib(Lib::String, &[]),
                Lib::Number if name.starts_with("to") => Set::lib(Lib::String, &[]),
                _ => Set::NONE,
            };
        };
        let _ = fact;
        let callback = |e: &mut Self| -> Set {
            let Some(first) = call.arguments.first().filter(|_| call.skip != Some(0)) else {
                return Set::NONE;
            };
            let function = e.shape(call.module, first.shape);
            e.returned_by_expected(&function)
        };
        match method.returns {
            Part::CallbackArray => {
                let inner = callback(self);
                Set::lib(Lib::Array, &[inner])
            }
            Part::CallbackFlat => {
                let inner = callback(self);
                let flat = self.element(&inner);
                Set::lib(Lib::Array, &[if flat.is_empty() { inner } else { flat }])
            }
            Part::CallbackPromise => {
                let inner = callback(self);
                let inner = self.awaited(&inner);
                Set::lib(Lib::Promise, &[inner])
            }
            Part::Callback => {
                let types = call
                    .type_arguments
                    .of(&self.module(call.module).summary.type_lists);
                if let Some(&ty) = types.first() {
                    return self.ty(call.module, ty, &Env::NONE);
                }
                let initial = match call.arguments.get(1) {
                    Some(initial) => self.shape(call.module, initial.shape),
                    None => arguments.first().cloned().unwrap_or_default(),
                };
                if initial.is_empty() {
                    return callback(self);
                }
                initial
            }
            Part::Receiver if name == "filter" => {
                // A predicate tells what is left.
                let narrowed = match call.arguments.first() {
                    Some(first) if call.skip != Some(0) => {
                        let function = self.shape(call.module, first.shape);
                        self.predicate_type(&function)
                    }
                    _ => Set::NONE,
                };
                if narrowed.is_empty() {
                    return Set::lib(lib, arguments);
                }
                Set::lib(lib, &[narrowed])
            }
            part => self.lib_part(part, lib, arguments),
        }
    }

    fn lib_part(&mut self, part: Part, lib: Lib, arguments: &[Set]) -> Set {
        let argument = |i: usize| arguments.get(i).cloned().unwrap_or_default();
        match part {
            Part::Receiver => Set::lib(lib, arguments),
            Part::Argument(i) => argument(usize::from(i)),
            Part::String => Set::lib(Lib::String, &[]),
            Part::Number => Set::lib(Lib::Number, &[]),
            Part::Boolean => Set::lib(Lib::Boolean, &[]),
            Part::Strings => {
                let string = Set::lib(Lib::String, &[]);
                Set::lib(Lib::Array, &[string])
            }
            Part::Entries => {
                let pair = match lib {
                    Lib::Array => [Set::lib(Lib::Number, &[]), argument(0)],
                    Lib::Set => [argument(0), argument(0)],
                    _ => [argument(0), argument(1)],
                };
                let pair = Set::one(Value::Tuple(pair.to_vec().into()));
                Set::lib(Lib::Array, &[pair])
            }
            Part::Keys => Set::lib(Lib::Array, &[argument(0)]),
            Part::Values => Set::lib(Lib::Array, &[argument(1)]),
            Part::Step => Set::lib(Lib::Array, arguments),
            Part::Flat => {
                let inner = argument(0);
                let flat = self.element(&inner);
                Set::lib(Lib::Array, &[if flat.is_empty() { inner } else { flat }])
            }
            _ => Set::NONE,
        }
    }

    /// What a method of a built-in class passes to its callback.
    fn lib_parameter(&mut self, lib: Lib, arguments: &[Set], name: &str, index: usize) -> Set {
        let Some(method) = library::find(lib, name) else {
            return Set::NONE;
        };
        match method.callback.get(index) {
            Some(&part) => self.lib_part(part, lib, arguments),
            None => Set::NONE,
        }
    }

    fn global_result(&mut self, path: &str, call: &Call<'p>) -> Set {
        let argument = |e: &mut Self, i: usize| match call.arguments.get(i) {
            Some(argument) if call.skip != Some(i) => e.shape(call.module, argument.shape),
            _ => Set::NONE,
        };
        match path {
            "Promise.resolve" => {
                let value = argument(self, 0);
                let value = self.awaited(&value);
                return Set::lib(Lib::Promise, &[value]);
            }
            "Promise.all" | "Promise.allSettled" => {
                let list = argument(self, 0);
                let mut parts = Set::NONE;
                for value in list.iter() {
                    parts = parts.union(match value {
                        Value::Tuple(elements) => {
                            let elements: Vec<Set> =
                                elements.iter().map(|e| self.awaited(e)).collect();
                            Set::one(Value::Tuple(elements.into()))
                        }
                        value => {
                            let element = self.element(&Set::one(value.clone()));
                            let element = self.awaited(&element);
                            Set::lib(Lib::Array, &[element])
                        }
                    });
                }
                return Set::lib(Lib::Promise, &[parts]);
            }
            "Promise.race" | "Promise.any" => {
                let list = argument(self, 0);
                let element = self.element(&list);
                let element = self.awaited(&element);
                return Set::lib(Lib::Promise, &[element]);
            }
            "Object.freeze" | "Object.seal" | "Object.preventExtensions" | "structuredClone" => {
                return argument(self, 0);
            }
            "Object.assign" => {
                let mut all = Set::NONE;
                for i in 0..call.arguments.len().min(6) {
                    all = all.union(argument(self, i));
                }
                return all;
            }
            "Object.create" => {
                let prototype = argument(self, 0);
                let made: Vec<Value> = prototype
                    .iter()
                    .filter_map(|v| match v {
                        Value::Proto(place) => Some(Value::Inst(*place, Env::NONE)),
                        Value::Lib(Lib::Nothing, _) => None,
                        v => Some(v.clone()),
                    })
                    .collect();
                return Set::of(made);
            }
            "Object.values" => {
                let object = argument(self, 0);
                let values = self.member(&object, "*");
                return Set::lib(Lib::Array, &[values]);
            }
            "Object.entries" => {
                let object = argument(self, 0);
                let values = self.member(&object, "*");
                let string = Set::lib(Lib::String, &[]);
                let pair = Set::one(Value::Tuple(vec![string, values].into()));
                return Set::lib(Lib::Array, &[pair]);
            }
            "Array.from" => {
                let list = argument(self, 0);
                let element = self.element(&list);
                if call.arguments.len() > 1 {
                    let function = argument(self, 1);
                    let mapped = self.returned_by_expected(&function);
                    return Set::lib(Lib::Array, &[mapped]);
                }
                return Set::lib(Lib::Array, &[element]);
            }
            "Array.of" => {
                let element = argument(self, 0);
                return Set::lib(Lib::Array, &[element]);
            }
            _ => {}
        }
        match library::global(path) {
            Some(part) => self.lib_part(part, Lib::Record, &[]),
            None => Set::NONE,
        }
    }
}

/// The parameter that takes an argument; the rest parameter takes all that are left.
fn parameter_at(parameters: &[ParameterFact], index: usize) -> Option<&ParameterFact> {
    parameters
        .get(index)
        .or_else(|| parameters.last().filter(|p| p.rest))
}
