//! Which of several signatures a call means.

use graph_model::summary::{FunctionFact, Shape, SignatureRef};

use super::Eval;
use super::calls::Call;
use super::value::{Env, Lib, Place, Set, Union, Value};
use crate::program::ModuleIx;

/// A signature, and what the type variables around it stand for.
pub(super) type Overload<'a> = (ModuleIx, SignatureRef, Env<'a>);

/// Whether a signature takes the arguments of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    No,
    /// Too little is known of an argument, or it fits by its structure if at all.
    Unsure,
    Yes,
}

/// What a value is at sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Boolean,
    Nothing,
    List,
    Function,
    Object,
}

impl<'l, 'p> Eval<'l, 'p> {
    /// The overloads of a function, if it has some.
    pub(super) fn overloads(
        &self,
        place: Place,
        function: &FunctionFact,
        env: Env<'l>,
    ) -> Vec<Overload<'l>> {
        let overloads = function.overloads;
        let overloads = overloads.of(&self.module(place.module).summary.overloads);
        overloads.iter().map(|&s| (place.module, s, env)).collect()
    }

    /// What a call gives, by the signatures that it may mean.
    pub(super) fn best_result(&mut self, signatures: &[Overload<'l>], call: &Call<'p>) -> Set<'l> {
        let mut all = Union::default();
        for (module, signature, env) in self.meant(signatures, call) {
            all.add(self.signature_result(module, signature, env, Some(call)));
        }
        all.finish(self.arena)
    }

    /// The signatures that a call may mean: the first of which an argument shows that it is meant; else those up to the first that
    /// takes everything; if there is none, the last.
    pub(super) fn meant(
        &mut self,
        signatures: &[Overload<'l>],
        call: &Call<'p>,
    ) -> Vec<Overload<'l>> {
        if let [one] = signatures {
            return vec![*one];
        }
        let mut unsure = Vec::new();
        for overload in signatures {
            match self.takes(overload, call) {
                (Fit::Yes, is_shown) if is_shown || unsure.is_empty() => {
                    return vec![*overload];
                }
                (Fit::Yes, _) => {
                    unsure.push(*overload);
                    break;
                }
                (Fit::Unsure, _) => unsure.push(*overload),
                (Fit::No, _) => {}
            }
        }
        if unsure.is_empty() {
            unsure.extend(signatures.last().copied());
        }
        unsure
    }

    /// Whether a signature takes the arguments of a call, and whether one of them shows it: what takes anything shows nothing.
    fn takes(&mut self, (module, signature, env): &Overload<'l>, call: &Call<'p>) -> (Fit, bool) {
        let of = self.module(*module);
        let signature = of.summary.signature(*signature);
        let parameters = signature.parameters.of(&of.summary.parameters);
        let required = parameters.iter().filter(|p| !p.optional && !p.rest).count();
        let rest = parameters.last().filter(|p| p.rest);
        let spread = call.arguments.iter().any(|a| a.spread);
        let count = call.arguments.len();
        if !spread && (count < required || (count > parameters.len() && rest.is_none())) {
            return (Fit::No, false);
        }
        if !call.type_arguments.is_empty() && call.type_arguments.len > signature.type_vars.len {
            return (Fit::No, false);
        }
        let (mut all, mut is_shown) = (Fit::Yes, false);
        for (i, argument) in call.arguments.iter().enumerate() {
            if argument.spread {
                return (all.min(Fit::Unsure), false);
            }
            if call.skip == Some(i) {
                continue;
            }
            let Some(parameter) = parameters.get(i).or(rest) else {
                break;
            };
            if !parameter.declared.is_known() {
                continue;
            }
            let mut wanted = self.ty(*module, parameter.declared, *env);
            let is_any =
                |wanted: Set<'l>| wanted.iter().any(|value| matches!(value, Value::Var(_)));
            if parameter.rest && !is_any(wanted) {
                wanted = self.element(wanted);
            }
            if wanted.is_empty() || is_any(wanted) {
                continue;
            }
            let given = match *self.module(call.module).summary.shape(argument.shape) {
                Shape::Text(text) => {
                    let text = self.interned(self.name(call.module, text));
                    Set::one(self.arena, Value::Text(text))
                }
                _ => self.shape(call.module, argument.shape),
            };
            let fit = self.fits(given, wanted);
            is_shown |= fit == Fit::Yes;
            all = all.min(fit);
            if all == Fit::No {
                return (Fit::No, false);
            }
        }
        (all, is_shown)
    }

    fn fits(&mut self, given: Set<'l>, wanted: Set<'l>) -> Fit {
        if given.is_empty() {
            return Fit::Unsure;
        }
        let (mut least, mut most) = (Fit::Yes, Fit::No);
        for given in given.iter() {
            let mut best = Fit::No;
            for wanted in wanted.iter() {
                best = best.max(self.fits_as(given, wanted));
            }
            (least, most) = (least.min(best), most.max(best));
        }
        match least == most {
            true => least,
            false => Fit::Unsure,
        }
    }

    fn fits_as(&mut self, given: &Value<'l>, wanted: &Value<'l>) -> Fit {
        if matches!(wanted, Value::Var(_)) {
            return Fit::Yes;
        }
        let (Some(is), Some(to_be)) = (self.kind(given), self.kind(wanted)) else {
            return Fit::Unsure;
        };
        match (is, to_be) {
            // What can be called, and what has indexes, can have the structure of an object.
            (Kind::Function | Kind::List, Kind::Object) if wanted.is_known_by_type() => Fit::Unsure,
            (Kind::Object, Kind::Function | Kind::List) if given.is_known_by_type() => Fit::Unsure,
            _ if is != to_be => Fit::No,
            (Kind::Text | Kind::Number | Kind::Boolean, _) => self.fits_literal(given, wanted),
            (Kind::List, _) => match (given, wanted) {
                (Value::Lib(_, given), Value::Lib(_, wanted)) => {
                    match (given.first(), wanted.first()) {
                        (Some(&given), Some(&wanted))
                            if !given.is_empty() && !wanted.is_empty() =>
                        {
                            self.fits(given, wanted)
                        }
                        _ => Fit::Yes,
                    }
                }
                _ => Fit::Yes,
            },
            (Kind::Object, _) => self.fits_object(given, wanted),
            _ => Fit::Yes,
        }
    }

    fn fits_literal(&self, given: &Value<'l>, wanted: &Value<'l>) -> Fit {
        let Value::Literal(module, wanted) = wanted else {
            return Fit::Yes;
        };
        match self.is_literal(given, self.name(*module, *wanted)) {
            Some(true) => Fit::Yes,
            Some(false) => Fit::No,
            None => Fit::Unsure,
        }
    }

    fn fits_object(&mut self, given: &Value<'l>, wanted: &Value<'l>) -> Fit {
        match (given, wanted) {
            (
                Value::Inst(..) | Value::Iface(..),
                Value::Inst(place, _) | Value::Iface(place, _),
            ) if self.seen_as(given, *place).is_some() => Fit::Yes,
            (Value::Lib(given, _), Value::Lib(wanted, _)) if given == wanted => Fit::Yes,
            (Value::Obj(_), Value::Lib(Lib::Record, _)) => Fit::Yes,
            (Value::Lib(..), Value::Lib(..) | Value::Inst(..)) | (_, Value::Lib(..)) => Fit::No,
            (given, wanted) if given == wanted => Fit::Yes,
            _ => Fit::Unsure,
        }
    }

    fn kind(&self, value: &Value<'l>) -> Option<Kind> {
        Some(match value {
            Value::Text(_) => Kind::Text,
            Value::Literal(module, text) => match self.name(*module, *text) {
                text if text.starts_with('\'') => Kind::Text,
                "true" | "false" => Kind::Boolean,
                _ => Kind::Number,
            },
            Value::Lib(lib, _) => match lib {
                Lib::String => Kind::Text,
                Lib::Number => Kind::Number,
                Lib::Boolean => Kind::Boolean,
                Lib::Nothing => Kind::Nothing,
                Lib::Array => Kind::List,
                _ => Kind::Object,
            },
            Value::Tuple(_) => Kind::List,
            Value::Fn(..)
            | Value::Bound(..)
            | Value::Sig(..)
            | Value::New(..)
            | Value::LibMethod(..)
            | Value::Ctor(_) => Kind::Function,
            Value::Inst(..)
            | Value::Obj(_)
            | Value::Iface(..)
            | Value::Anon(..)
            | Value::Proto(_)
            | Value::ExtInst(..) => Kind::Object,
            _ => return None,
        })
    }
}
