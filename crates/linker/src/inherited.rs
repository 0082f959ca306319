//! Calls of methods that every function or object has, of a receiver that has none of its own: `f.bind(this)`,
//! `options.hasOwnProperty(name)`.

use graph_model::summary::{CallFact, CallKind, Shape};

use crate::eval::{Eval, Lib, OBJECT_METHODS, Value};
use crate::program::ModuleIx;

const OF_FUNCTIONS: &[&str] = &["apply", "bind", "call"];

/// The path from the global object to the method that a call without another target calls.
pub(crate) fn method(eval: &mut Eval<'_, '_>, ix: ModuleIx, call: &CallFact) -> Option<String> {
    if call.kind != CallKind::Call {
        return None;
    }
    let of = eval.linker.program.module(ix);
    let callee = of.summary.unwrapped(call.callee);
    let Shape::Member(receiver, name) = *of.summary.shape(callee) else {
        return None;
    };
    let name = of.summary.name(name);
    let (prototype, is_one): (&str, fn(&Value<'_>) -> bool) = if OF_FUNCTIONS.contains(&name) {
        ("Function", is_function)
    } else if OBJECT_METHODS.contains(&name) {
        ("Object", is_object)
    } else {
        return None;
    };
    let receivers = eval.shape(ix, receiver);
    let mut receivers = receivers
        .iter()
        .filter(|value| !matches!(value, Value::Lib(Lib::Nothing, _)))
        .peekable();
    receivers.peek()?;
    let is_inherited = receivers.all(is_one);
    is_inherited.then(|| format!("{prototype}.prototype.{name}"))
}

fn is_function(value: &Value<'_>) -> bool {
    matches!(
        value,
        Value::Fn(..) | Value::Bound(..) | Value::Sig(..) | Value::New(..) | Value::Ctor(_)
    )
}

fn is_object(value: &Value<'_>) -> bool {
    is_function(value)
        || matches!(
            value,
            Value::Inst(..)
                | Value::Proto(_)
                | Value::Obj(_)
                | Value::Iface(..)
                | Value::Anon(..)
                | Value::Lib(..)
                | Value::Tuple(_)
                | Value::Literal(..)
                | Value::Text(_)
        )
}
