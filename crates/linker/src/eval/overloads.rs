//! Which of several signatures a call means.

use graph_model::ModuleSummary;
use graph_model::summary::{Shape, ShapeRef, SignatureRef, Type, TypeRef};

use super::Eval;
use super::calls::Call;
use super::value::{Env, Set};
use crate::program::ModuleIx;

impl<'p> Eval<'_, 'p> {
    /// The signature that fits a call best: the first that takes its arguments.
    pub(super) fn best_result(
        &mut self,
        signatures: &[(ModuleIx, SignatureRef, Env)],
        call: &Call<'p>,
    ) -> Set {
        let Some((module, signature, env)) = self.best(signatures, call) else {
            return Set::NONE;
        };
        self.signature_result(module, signature, &env, Some(call))
    }

    pub(super) fn best(
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
            let given = &self.module(call.module).summary;
            if !takes(&of.summary, parameter.declared, given, argument.shape) {
                return false;
            }
        }
        true
    }
}

/// Whether an argument can have a type, as far as both can be told at sight.
fn takes(of: &ModuleSummary, ty: TypeRef, given: &ModuleSummary, argument: ShapeRef) -> bool {
    let shape = *given.shape(argument);
    match of.type_at(ty) {
        Type::Union(list) => {
            let mut parts = list.of(&of.type_lists).iter();
            parts.any(|&part| takes_as(of, of.type_at(part), given, shape))
        }
        ty => takes_as(of, ty, given, shape),
    }
}

fn takes_as(of: &ModuleSummary, ty: Type, given: &ModuleSummary, shape: Shape) -> bool {
    let is_known = |name| matches!(name, "string" | "number" | "boolean");
    match (ty, shape) {
        (
            Type::Function(_),
            Shape::Object(_) | Shape::Primitive(_) | Shape::Text(_) | Shape::Array(_),
        )
        | (
            Type::Primitive(_) | Type::Literal(_) | Type::Array(_) | Type::Object(_),
            Shape::Function(_),
        )
        | (Type::Literal(_), Shape::Object(_) | Shape::Array(_)) => false,
        (Type::Primitive(wanted), Shape::Primitive(given_as)) => {
            let (wanted, given) = (of.name(wanted), given.name(given_as));
            !is_known(wanted) || !is_known(given) || wanted == given
        }
        (Type::Primitive(wanted), Shape::Text(_)) => {
            let wanted = of.name(wanted);
            !is_known(wanted) || wanted == "string"
        }
        (Type::Primitive(wanted), Shape::Object(_) | Shape::Array(_)) => !is_known(of.name(wanted)),
        // Strings begin with a quote.
        (Type::Literal(wanted), Shape::Text(text)) => {
            of.name(wanted).strip_prefix('\'') == Some(given.name(text))
        }
        (Type::Literal(wanted), Shape::Primitive(given_as)) => {
            let is_text = of.name(wanted).starts_with('\'');
            let given = given.name(given_as);
            !is_known(given) || is_text == (given == "string")
        }
        _ => true,
    }
}
