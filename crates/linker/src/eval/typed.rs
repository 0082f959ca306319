//! Functions that values of function types are known to be: the type says what a call gives, the function where it goes.

use graph_model::summary::{MemberKind, ShapeRef};

use super::Eval;
use super::calls::Call;
use super::value::{Place, Set, Union, Value};
use crate::program::{ModuleIx, Role};

/// So many functions may be behind a value that is known by its type.
const MAX_FUNCTIONS: usize = 4;

impl<'l, 'p> Eval<'l, 'p> {
    /// The function with a body that a value is.
    pub(crate) fn function_of(&self, value: &Value<'l>) -> Option<Place> {
        match *value {
            Value::Fn(place, _) => Some(place),
            Value::Sig(_, _, Some(place), _) => {
                let of = self.linker.program.module(place.module);
                let function = of.function(place.node);
                function.filter(|f| f.has_body).map(|_| place)
            }
            _ => None,
        }
    }

    /// Values of types, with the functions that a value of them is known to be: the types say what calls of them give, the
    /// functions where they go.
    pub(super) fn typed_functions(
        &mut self,
        typed: Set<'l>,
        module: ModuleIx,
        value: ShapeRef,
    ) -> Set<'l> {
        if typed.is_empty() || !typed.iter().all(Value::is_known_by_type) {
            return typed;
        }
        let known = self.shape(module, value);
        self.with_functions(typed, known)
    }

    /// The same for values that are known.
    pub(super) fn with_functions(&mut self, typed: Set<'l>, known: Set<'l>) -> Set<'l> {
        if typed.is_empty() || !typed.iter().all(Value::is_known_by_type) {
            return typed;
        }
        let mut functions: Vec<Place> = Vec::new();
        for value in known.iter() {
            match self.function_of(value) {
                Some(place) => functions.push(place),
                None if value.is_known_by_type() => functions.extend(value.functions_behind()),
                None => return typed,
            }
        }
        if functions.is_empty() || functions.len() > MAX_FUNCTIONS {
            return typed;
        }
        functions.sort_unstable();
        functions.dedup();
        let mut all = Vec::new();
        for value in typed.iter() {
            match value {
                Value::Sig(module, signature, None, env) => all.extend(
                    (functions.iter()).map(|&at| Value::Sig(*module, *signature, Some(at), *env)),
                ),
                value => all.push(value.with_functions(self.arena, &functions)),
            }
        }
        Set::of(self.arena, all)
    }

    /// What a call of a value gives by the value's type; nothing if that is none of a function.
    pub(super) fn typed_result(&mut self, value: &Value<'l>, call: &Call<'p>) -> Set<'l> {
        match value {
            Value::Sig(module, signature, _, env) => {
                self.signature_result(*module, *signature, *env, Some(call))
            }
            Value::Iface(..) | Value::Anon(..) => {
                let signatures = self.signatures(value, MemberKind::Call);
                self.best_result(&signatures, call)
            }
            _ => Set::NONE,
        }
    }

    /// What a function gives back by the type of the variable that it is the value of.
    pub(super) fn declared_result(&mut self, place: Place, call: &Call<'p>) -> Set<'l> {
        let Some(Role::Variable(_)) = self.module(place.module).role(place.node) else {
            return Set::NONE;
        };
        let mut all = Union::default();
        for value in self.expected(place).iter() {
            all.add(self.typed_result(value, call));
        }
        all.finish(self.arena)
    }
}
