//! Results of calls, and what they expect.

use graph_model::GLOBAL_MODULE;
use graph_model::summary::{
    Argument, CallFact, FunctionFact, List, MemberKind, ParameterFact, Shape, Signature,
    SignatureRef,
};

use super::library;
use super::overloads::Overload;
use super::value::{Env, Lib, Place, Set, Union, Value};
use super::{Eval, Key};
use crate::program::ModuleIx;

/// A call as signatures see it.
pub(super) struct Call<'p> {
    pub(super) module: ModuleIx,
    pub(super) arguments: &'p [Argument],
    pub(super) type_arguments: List,
    /// An argument that is not to be looked at: it is the one that is asked for.
    pub(super) skip: Option<usize>,
}

impl<'l, 'p> Eval<'l, 'p> {
    pub(super) fn call_of(
        &self,
        module: ModuleIx,
        call: &CallFact,
        skip: Option<usize>,
    ) -> Call<'p> {
        Call {
            module,
            arguments: call.arguments.of(&self.module(module).summary.arguments),
            type_arguments: call.type_arguments,
            skip,
        }
    }

    /// What a call gives.
    pub(crate) fn call_result(&mut self, module: ModuleIx, fact: &CallFact) -> Set<'l> {
        if let Some((functions, way)) = self.bound_function(module, fact) {
            return self.bound_result(functions, way, fact);
        }
        let call = self.call_of(module, fact, None);
        let callee = self.callee(module, fact);
        let mut all = Union::default();
        for value in callee.iter() {
            all.add(self.result(value, &call));
        }
        all.finish(self.arena)
    }

    /// The values of a callee; the function that the analyzer found, where it did.
    pub(crate) fn callee(&mut self, module: ModuleIx, fact: &CallFact) -> Set<'l> {
        if let Some(node) = fact.resolved
            && self.module(module).function(node).is_some()
            && fact.kind == graph_model::summary::CallKind::Call
        {
            return Set::one(self.arena, Value::Fn(Place { module, node }, Env::NONE));
        }
        self.shape(module, fact.callee)
    }

    fn result(&mut self, callee: &Value<'l>, call: &Call<'p>) -> Set<'l> {
        match callee {
            Value::Fn(place, env) => self.function_result(*place, *env, Some(call)),
            Value::Sig(..) | Value::Iface(..) | Value::Anon(..) => self.typed_result(callee, call),
            Value::LibMethod(lib, arguments, name) => self.lib_result(*lib, arguments, name, call),
            Value::Ext(specifier, path) if *specifier == GLOBAL_MODULE => {
                self.global_result(path, call)
            }
            Value::Ext(specifier, path) => self.package_result(specifier, path, call),
            Value::Wrapped(..) => self.wrapped_arguments(call),
            Value::Var(var) => {
                let constraint = self.constraint(*var);
                let mut all = Union::default();
                for value in constraint.iter() {
                    all.add(self.deeper(|e| e.result(value, call)));
                }
                all.finish(self.arena)
            }
            Value::Bound(place, env, _) => self.function_result(*place, *env, None),
            _ => Set::NONE,
        }
    }

    /// The result of `f.call(…)`, `f.apply(…)` or `f.bind(…)`.
    fn bound_result(&mut self, functions: Set<'l>, way: &str, fact: &CallFact) -> Set<'l> {
        if way != "bind" {
            return self.returned_by_expected(functions);
        }
        // Without the value for `this`.
        let given = fact.arguments.len.saturating_sub(1);
        let bound = functions.iter().map(|value| match (value, given) {
            (Value::Fn(place, env), 1..) => {
                Value::Bound(*place, *env, u8::try_from(given).unwrap_or(u8::MAX))
            }
            (value, _) => *value,
        });
        Set::of(self.arena, bound.collect())
    }

    /// The function behind `f.call`, `f.apply` or `f.bind`.
    pub(crate) fn bound_function(
        &mut self,
        module: ModuleIx,
        fact: &CallFact,
    ) -> Option<(Set<'l>, &'static str)> {
        let Shape::Member(object, name) = *self.module(module).summary.shape(fact.callee) else {
            return None;
        };
        let of = self.module(module);
        let words = self.words.iter();
        let name = words.copied().find(|w| of.is_named(name, w.1))?.0;
        // `Reflect.apply(f, t, list)`.
        let (object, name) = match *of.summary.shape(object) {
            Shape::Global(global) if name == "apply" && of.summary.name(global) == "Reflect" => {
                let first = fact.arguments.of(&of.summary.arguments).first()?;
                (first.shape, "reflect")
            }
            _ => (object, name),
        };
        let object = self.shape(module, object);
        let functions: Vec<Value<'l>> = object
            .iter()
            .filter(|v| matches!(v, Value::Fn(..) | Value::Bound(..) | Value::Sig(..)))
            .copied()
            .collect();
        (!functions.is_empty()).then(|| (Set::of(self.arena, functions), name))
    }

    /// What a function gives back.
    fn function_result(&mut self, place: Place, env: Env<'l>, call: Option<&Call<'p>>) -> Set<'l> {
        let of = self.module(place.module);
        let Some(function) = of.function(place.node) else {
            return Set::NONE;
        };
        let signature = of.summary.signature(function.signature);
        let overloads = self.overloads(place, function, env);
        let declared = match (&overloads[..], call) {
            ([], _) if !signature.returns.is_known() => Set::NONE,
            ([], call) => self.signature_result(place.module, function.signature, env, call),
            (overloads, None) => {
                let mut all = Union::default();
                for (module, overload, env) in overloads {
                    all.add(self.signature_result(*module, *overload, *env, None));
                }
                all.finish(self.arena)
            }
            (overloads, Some(call)) => self.best_result(overloads, call),
        };
        if !overloads.is_empty()
            && let Some(made) = self.made(declared, place, function)
        {
            return made;
        }
        if !declared.is_empty() && !self.is_told_by_body(declared, place, function, env) {
            // Of a function the type does not say which one it is.
            let is_called = declared.iter().any(|value| match value {
                Value::Sig(_, _, None, _) => true,
                Value::Anon(..) => !self.signatures(value, MemberKind::Call).is_empty(),
                _ => false,
            });
            if !is_called {
                return declared;
            }
            let returned = self.returned(place, function);
            return self.with_functions(declared, returned);
        }
        let returned = self.returned(place, function);
        if let Some(call) = call {
            let declared = self.declared_result(place, call);
            if !declared.is_empty() {
                return self.with_functions(declared, returned);
            }
        }
        let env = match call {
            Some(call) => self.bound_by(place.module, signature, env, call),
            None => env,
        };
        self.subst(returned, env)
    }

    /// The instances that the body of a function with overloads makes, if they are all of one class that is, or is below, the
    /// declared one.
    fn made(
        &mut self,
        declared: Set<'l>,
        place: Place,
        function: &FunctionFact,
    ) -> Option<Set<'l>> {
        let mut classes = declared.iter();
        let (Some(Value::Inst(class, env)), None) = (classes.next(), classes.next()) else {
            return None;
        };
        if !env.is_empty() {
            return None;
        }
        let returned = self.returned(place, function);
        let mut values = returned.iter();
        match (values.next(), values.next()) {
            (Some(made @ Value::Inst(..)), None) if self.seen_as(made, *class).is_some() => {
                Some(returned)
            }
            _ => None,
        }
    }

    /// Whether the body of a function tells more than the types of its overloads: an implementation without a type gives back
    /// objects and functions of which the types only say what they have in common.
    fn is_told_by_body(
        &mut self,
        declared: Set<'l>,
        place: Place,
        function: &FunctionFact,
        env: Env<'l>,
    ) -> bool {
        if function.overloads.is_empty() {
            return false;
        }
        // A class that is made, of which the type says how it is called.
        let constructs = |value: &Value<'l>| matches!(value, Value::New(..));
        let returned = self.returned(place, function);
        if declared.iter().any(constructs)
            && !returned.is_empty()
            && returned.iter().all(|value| matches!(value, Value::Ctor(_)))
        {
            return true;
        }
        let tells_nothing = |value: &Value<'l>| match value {
            Value::Var(_) | Value::Literal(..) => true,
            Value::Lib(_, arguments) => arguments.is_empty(),
            value => value.is_known_by_type(),
        };
        if !declared.iter().any(Value::is_known_by_type) || !declared.iter().all(tells_nothing) {
            return false;
        }
        let signature = function.signature;
        !returned.is_empty()
            && self
                .signature_result(place.module, signature, env, None)
                .is_empty()
    }

    /// What the body of a function gives back.
    fn returned(&mut self, place: Place, function: &FunctionFact) -> Set<'l> {
        let of = self.module(place.module);
        self.ask(Key::Returned(place.module, place.node), |e| {
            let mut all = Set::NONE;
            for &shape in function.returned.of(&of.summary.shape_lists) {
                let set = e.shape(place.module, shape);
                all = all.union(e.arena, e.without_nothing(set));
            }
            if function.is_generator {
                let mut yielded = Set::NONE;
                for &shape in function.yielded.of(&of.summary.shape_lists) {
                    yielded = yielded.union(e.arena, e.shape(place.module, shape));
                }
                return e.lib(Lib::Array, &[yielded]);
            }
            if function.is_async {
                let all = e.awaited(all);
                return e.lib(Lib::Promise, &[all]);
            }
            all
        })
    }

    pub(super) fn signature_result(
        &mut self,
        module: ModuleIx,
        signature: SignatureRef,
        env: Env<'l>,
        call: Option<&Call<'p>>,
    ) -> Set<'l> {
        let of = self.module(module);
        let fact = of.summary.signature(signature);
        let env = match call {
            Some(call) => self.bound_for(module, fact, fact.returns, env, call),
            None => env,
        };
        self.ty(module, fact.returns, env)
    }

    /// What `new` gives.
    pub(crate) fn new_result(&mut self, module: ModuleIx, fact: &CallFact) -> Set<'l> {
        let call = self.call_of(module, fact, None);
        let classes = self.shape(module, fact.callee);
        let mut all = Union::default();
        for class in classes.iter() {
            all.add(match class {
                Value::Ctor(place) => {
                    let made = self.new_instance(*place, &call);
                    self.seen_through(made, module, fact.callee)
                }
                Value::New(m, signature, env) => {
                    self.signature_result(*m, *signature, *env, Some(&call))
                }
                Value::Iface(..) | Value::Anon(..) => {
                    let signatures = self.signatures(class, MemberKind::Construct);
                    self.best_result(&signatures, &call)
                }
                Value::Ext(specifier, path)
                    if *specifier == GLOBAL_MODULE && library::named(path).is_some() =>
                {
                    let lib = library::named(path).unwrap_or(Lib::Record);
                    self.new_library(lib, &call)
                }
                value => {
                    let one = Set::one(self.arena, *value);
                    self.instances(one)
                }
            });
        }
        all.finish(self.arena)
    }

    fn new_library(&mut self, lib: Lib, call: &Call<'p>) -> Set<'l> {
        let types = call
            .type_arguments
            .of(&self.module(call.module).summary.type_lists);
        if !types.is_empty() {
            let arguments: Vec<Set<'l>> = types
                .iter()
                .map(|&t| self.ty(call.module, t, Env::NONE))
                .collect();
            return self.lib(lib, &arguments);
        }
        let first = match call.arguments.first() {
            Some(argument) if matches!(lib, Lib::Map | Lib::Set) => {
                self.shape(call.module, argument.shape)
            }
            _ => Set::NONE,
        };
        let element = self.element(first);
        match lib {
            Lib::Map => {
                let key = self.member(element, "0");
                let value = self.member(element, "1");
                self.lib(lib, &[key, value])
            }
            Lib::Set => self.lib(lib, &[element]),
            _ => self.lib(lib, &[]),
        }
    }

    fn new_instance(&mut self, class: Place, call: &Call<'p>) -> Set<'l> {
        let vars = self.type_vars(class);
        if vars.is_empty() {
            return Set::one(self.arena, Value::Inst(class, Env::NONE));
        }
        let types = call
            .type_arguments
            .of(&self.module(call.module).summary.type_lists);
        if !types.is_empty() {
            let arguments: Vec<Set<'l>> = types
                .iter()
                .map(|&t| self.ty(call.module, t, Env::NONE))
                .collect();
            let env = self.bind(class.module, vars, &arguments);
            return Set::one(self.arena, Value::Inst(class, env));
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
            let env = self.bound_by(class.module, &signature, Env::NONE, call);
            return Set::one(self.arena, Value::Inst(class, env));
        }
        Set::one(self.arena, Value::Inst(class, Env::NONE))
    }

    /// What a call expects as an argument.
    pub(crate) fn expected_argument(
        &mut self,
        module: ModuleIx,
        fact: &CallFact,
        index: usize,
    ) -> Set<'l> {
        let call = self.call_of(module, fact, Some(index));
        let callee = self.callee(module, fact);
        let mut all = Union::default();
        for value in callee.iter() {
            let set = match value {
                Value::Fn(place, env) => {
                    let of = self.module(place.module);
                    let Some(function) = of.function(place.node) else {
                        continue;
                    };
                    let mut signatures = self.overloads(*place, function, *env);
                    if signatures.is_empty() {
                        signatures.push((place.module, function.signature, *env));
                    }
                    self.expected_of(&signatures, &call, index)
                }
                Value::Sig(m, signature, _, env) => {
                    self.expected_of(&[(*m, *signature, *env)], &call, index)
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
                    self.expected_of(&[(*m, *signature, *env)], &call, index)
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
                            let env = self.bound_by(class.module, &signature, Env::NONE, &call);
                            self.parameter_type(class.module, &signature, index, env)
                        }
                        None => Set::NONE,
                    }
                }
                Value::LibMethod(lib, elements, name) if library::accumulates(*lib, name) => {
                    let element = elements.first().copied().unwrap_or_default();
                    let accumulated = self.accumulated(element, &call);
                    let arguments = self.arena.list(&[element, accumulated]);
                    Set::one(self.arena, Value::LibMethod(*lib, arguments, name))
                }
                Value::LibMethod(lib, arguments, name) => {
                    Set::one(self.arena, Value::LibMethod(*lib, arguments, name))
                }
                _ => Set::NONE,
            };
            all.add(set);
        }
        all.finish(self.arena)
    }

    fn expected_of(
        &mut self,
        signatures: &[Overload<'l>],
        call: &Call<'p>,
        index: usize,
    ) -> Set<'l> {
        let mut all = Union::default();
        for (module, signature, env) in self.meant(signatures, call) {
            let of = self.module(module);
            let fact = of.summary.signature(signature);
            let parameters = fact.parameters.of(&of.summary.parameters);
            let env = match parameter_at(parameters, index) {
                Some(expected) => self.bound_for(module, fact, expected.declared, env, call),
                None => env,
            };
            all.add(self.parameter_type(module, fact, index, env));
        }
        all.finish(self.arena)
    }

    fn parameter_type(
        &mut self,
        module: ModuleIx,
        signature: &Signature,
        index: usize,
        env: Env<'l>,
    ) -> Set<'l> {
        let parameters = signature
            .parameters
            .of(&self.module(module).summary.parameters);
        let Some(parameter) = parameter_at(parameters, index) else {
            return Set::NONE;
        };
        let set = self.ty(module, parameter.declared, env);
        if parameter.rest {
            return self.element(set);
        }
        set
    }

    /// The values of a parameter of a function that stands where functions of these types are expected.
    pub(crate) fn parameter_of(&mut self, expected: Set<'l>, index: usize, rest: bool) -> Set<'l> {
        let mut all = Union::default();
        for value in expected.iter() {
            let signatures = match value {
                Value::Sig(m, signature, _, env) => vec![(*m, *signature, *env)],
                Value::Fn(place, env) => match self.module(place.module).function(place.node) {
                    Some(function) => vec![(place.module, function.signature, *env)],
                    None => Vec::new(),
                },
                Value::Iface(..) | Value::Anon(..) => self.signatures(value, MemberKind::Call),
                Value::LibMethod(lib, arguments, name) => {
                    let set = self.lib_parameter(*lib, arguments, name, index);
                    all.add(set);
                    continue;
                }
                _ => Vec::new(),
            };
            for (module, signature, env) in signatures {
                let fact = self.module(module).summary.signature(signature);
                let set = self.parameter_type(module, fact, index, env);
                let set = if rest && !set.is_empty() {
                    self.lib(Lib::Array, &[set])
                } else {
                    set
                };
                all.add(set);
            }
        }
        all.finish(self.arena)
    }

    /// Declared types of a parameter of functions.
    pub(super) fn annotated_parameter(&mut self, functions: Set<'l>, index: usize) -> Set<'l> {
        let mut all = Union::default();
        for value in functions.iter() {
            let (module, signature, env) = match value {
                Value::Sig(m, signature, _, env) => (*m, *signature, *env),
                Value::Fn(place, env) => match self.module(place.module).function(place.node) {
                    Some(function) => (place.module, function.signature, *env),
                    None => continue,
                },
                _ => continue,
            };
            let fact = self.module(module).summary.signature(signature);
            all.add(self.parameter_type(module, fact, index, env));
        }
        all.finish(self.arena)
    }

    /// What functions give back, whatever they are called with.
    pub(crate) fn returned_by_expected(&mut self, functions: Set<'l>) -> Set<'l> {
        let mut all = Union::default();
        for value in functions.iter() {
            let set = match value {
                Value::Fn(place, env) | Value::Bound(place, env, _) => {
                    self.deeper(|e| e.function_result(*place, *env, None))
                }
                Value::Sig(m, signature, _, env) => {
                    self.deeper(|e| e.signature_result(*m, *signature, *env, None))
                }
                Value::Iface(..) | Value::Anon(..) => {
                    match self.signatures(value, MemberKind::Call).first() {
                        Some((m, signature, env)) => {
                            let (m, signature, env) = (*m, *signature, *env);
                            self.deeper(|e| e.signature_result(m, signature, env, None))
                        }
                        None => Set::NONE,
                    }
                }
                _ => Set::NONE,
            };
            all.add(set);
        }
        all.finish(self.arena)
    }
}

/// The parameter that takes an argument; the rest parameter takes all that are left.
pub(super) fn parameter_at(parameters: &[ParameterFact], index: usize) -> Option<&ParameterFact> {
    parameters
        .get(index)
        .or_else(|| parameters.last().filter(|p| p.rest))
}
