//! Why a call has no target: recorded in the graph, so that an empty answer can say what it does not know.

use graph_model::EdgeType;
use graph_model::summary::{CallFact, CallKind, Shape, ShapeRef};

use crate::edges::{FileLinks, push_json_string};
use crate::eval::{Eval, Value, is_imported_key};
use crate::program::{Fact, ModuleIx, Role};
use crate::specifiers::Target;

/// So far a receiver is followed to its root.
const MAX_STEPS: usize = 16;

/// The reason of calls of what a package gives.
pub(crate) const EXTERNAL_VALUE: &str = "external-value";

/// Adds the record: CALL UNRESOLVED_CALL its MODULE, with the name that is called and the reason; answers that.
pub(crate) fn record(
    eval: &mut Eval<'_, '_>,
    ix: ModuleIx,
    call: &CallFact,
    links: &mut FileLinks,
) -> &'static str {
    let of = eval.linker.program.module(ix);
    let (reason, name) = (reason(eval, ix, call), called_name(eval, ix, call));
    let src = of.summary.node(call.node).node_id();
    let dst = of.summary.module().node_id();
    links.write(src, EdgeType::UnresolvedCall, dst, |metadata| {
        metadata.push_str("{\"name\":");
        push_json_string(metadata, name);
        metadata.extend([",\"reason\":\"", reason, "\"}"]);
    });
    reason
}

/// The last name of what is called.
fn called_name<'p>(eval: &Eval<'_, 'p>, ix: ModuleIx, call: &CallFact) -> &'p str {
    let of = eval.linker.program.module(ix);
    if call.kind == CallKind::Super {
        return "super";
    }
    if let Shape::Member(_, name) = *of.summary.shape(of.summary.unwrapped(call.callee)) {
        let name = of.summary.name(name);
        return match name == "*" || is_imported_key(name) {
            true => "<computed>",
            false => name,
        };
    }
    let text = of.id_name(call.node);
    let mut text = text.strip_prefix("new ").unwrap_or(text);
    while let Some(callee) = text.strip_suffix("()") {
        text = callee;
    }
    let dot = text.bytes().rposition(|byte| byte == b'.');
    &text[dot.map_or(0, |dot| dot + 1)..]
}

fn reason(eval: &mut Eval<'_, '_>, ix: ModuleIx, call: &CallFact) -> &'static str {
    let of = eval.linker.program.module(ix);
    let mut shape = of.summary.unwrapped(call.callee);
    let first = shape;
    let name = match *of.summary.shape(shape) {
        Shape::Member(_, name) => of.summary.name(name),
        _ => "",
    };
    if name == "*" {
        return "computed-name";
    }
    let values = eval.shape(ix, shape);
    if !values.is_empty() {
        let is_type = |v: &Value<'_>| v.is_known_by_type() || matches!(v, Value::Var(_));
        return match values.iter().all(is_type) {
            true => "known-by-type-only",
            false => "too-many-candidates",
        };
    }
    if is_imported_key(name) {
        return "computed-name";
    }
    for _ in 0..MAX_STEPS {
        match *of.summary.shape(shape) {
            Shape::Member(inner, _)
            | Shape::Await(inner)
            | Shape::Element(inner)
            | Shape::Narrow(inner, _)
            | Shape::Cast(inner, _)
            | Shape::Path(inner, _) => shape = inner,
            Shape::Call(node) | Shape::New(node) => match of.call(node) {
                Some(call) => shape = call.callee,
                None => break,
            },
            Shape::Binding(node) => match of.fact(node) {
                Fact::Import(i) => {
                    let Some(specifier) = of.summary.imports[i as usize].specifier else {
                        return "computed-name";
                    };
                    return match eval.linker.specifiers.target(ix, specifier) {
                        Target::External => EXTERNAL_VALUE,
                        Target::Missing | Target::Asset => "missing-module",
                        Target::Module(_) => break,
                    };
                }
                Fact::Variable(i) => {
                    let init = of.summary.variables[i as usize].init;
                    if init == ShapeRef::UNKNOWN || init == shape {
                        break;
                    }
                    shape = init;
                }
                Fact::Parameter(i) if given_by_others(eval, ix, i) => return EXTERNAL_VALUE,
                _ => break,
            },
            Shape::Import(node) => {
                let specifier = of.import(node).and_then(|i| i.specifier);
                return match specifier.map(|s| eval.linker.specifiers.target(ix, s)) {
                    Some(Target::External) => EXTERNAL_VALUE,
                    Some(Target::Missing | Target::Asset) => "missing-module",
                    Some(Target::Module(_)) => break,
                    None => "computed-name",
                };
            }
            Shape::Global(_) => return EXTERNAL_VALUE,
            _ => break,
        }
        let values = eval.shape(ix, shape);
        if !values.is_empty() && values.iter().all(is_external) {
            return EXTERNAL_VALUE;
        }
    }
    match *of.summary.shape(first) {
        Shape::Member(receiver, _) => {
            if eval.shape(ix, receiver).is_empty() {
                "unknown-receiver"
            } else {
                "unknown-member"
            }
        }
        _ => "unknown-value",
    }
}

/// Whether a parameter is one of a function that is passed to something outside of the project, which calls it.
fn given_by_others(eval: &mut Eval<'_, '_>, ix: ModuleIx, parameter: u32) -> bool {
    let of = eval.linker.program.module(ix);
    let function = of.summary.bindings[parameter as usize].function;
    let Some(Role::Argument(call, _)) = of.role(function) else {
        return false;
    };
    let call = &of.summary.calls[call as usize];
    let callee = eval.callee(ix, call);
    !callee.is_empty() && callee.iter().all(is_external)
}

fn is_external(value: &Value<'_>) -> bool {
    matches!(
        value,
        Value::Ext(..) | Value::ExtInst(..) | Value::LibMethod(..) | Value::Wrapped(..)
    )
}
