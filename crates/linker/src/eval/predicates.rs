//! What calls of type predicates and of assertions tell of their arguments.

use graph_model::summary::{CallFact, SignatureRef, Type, TypeRef};

use super::value::Union;
use super::{Env, Eval, Set, Value};
use crate::program::ModuleIx;

impl<'l> Eval<'l, '_> {
    /// What a predicate says of its argument.
    pub(crate) fn predicate(&mut self, module: ModuleIx, fact: &CallFact, index: usize) -> Set<'l> {
        let call = self.call_of(module, fact, None);
        let callee = self.callee(module, fact);
        let mut all = Union::default();
        for value in callee.iter() {
            let Some((m, signature, env)) = self.first_signature(value) else {
                continue;
            };
            let of = self.module(m);
            let signature = of.summary.signature(signature);
            let Type::Predicate(name, ty) = of.summary.type_at(signature.returns) else {
                continue;
            };
            let parameters = signature.parameters.of(&of.summary.parameters);
            if parameters.get(index).is_some_and(|p| p.name == name) {
                let env = self.bound_for(m, signature, ty, env, &call);
                all.add(self.ty(m, ty, env));
            }
        }
        all.finish(self.arena)
    }

    /// The signature of a function, the first of its overloads.
    fn first_signature(&self, value: &Value<'l>) -> Option<(ModuleIx, SignatureRef, Env<'l>)> {
        match value {
            Value::Fn(place, env) => {
                let of = self.module(place.module);
                let function = of.function(place.node)?;
                let overload = function.overloads.of(&of.summary.overloads).first();
                let signature = overload.copied().unwrap_or(function.signature);
                Some((place.module, signature, *env))
            }
            Value::Sig(m, signature, _, env) => Some((*m, *signature, *env)),
            _ => None,
        }
    }

    /// Whether a call only returns if an argument holds: `asserts test`, or a function of Node's that says so.
    pub(crate) fn asserts(&mut self, module: ModuleIx, fact: &CallFact, index: usize) -> bool {
        let callee = self.callee(module, fact);
        callee.iter().any(|value| {
            if let Value::Ext(specifier, path) = value {
                let of_node = matches!(
                    specifier.trim_start_matches("node:"),
                    "assert" | "assert/strict"
                );
                return of_node
                    && index == 0
                    && matches!(&**path, "" | "default" | "ok" | "strict" | "strict.ok");
            }
            let Some((m, signature, _)) = self.first_signature(value) else {
                return false;
            };
            let of = self.module(m);
            let signature = of.summary.signature(signature);
            let parameters = signature.parameters.of(&of.summary.parameters);
            match of.summary.type_at(signature.returns) {
                Type::Predicate(name, TypeRef::UNKNOWN) => {
                    parameters.get(index).is_some_and(|p| p.name == name)
                }
                _ => false,
            }
        })
    }

    /// The type that predicates tell.
    pub(super) fn predicate_type(&mut self, functions: Set<'l>) -> Set<'l> {
        let mut all = Union::default();
        for value in functions.iter() {
            let (m, signature, env) = match value {
                Value::Fn(place, env) => match self.module(place.module).function(place.node) {
                    Some(function) => (place.module, function.signature, *env),
                    None => continue,
                },
                Value::Sig(m, signature, _, env) => (*m, *signature, *env),
                _ => continue,
            };
            let of = self.module(m);
            let returns = of.summary.signature(signature).returns;
            if let Type::Predicate(_, ty) = of.summary.type_at(returns) {
                all.add(self.ty(m, ty, env));
            }
        }
        all.finish(self.arena)
    }
}
