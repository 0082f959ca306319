//! The walk over the syntax tree, one file for each family of constructs.
//!
//! Every function is a method of [`Builder`](crate::builder::Builder) that takes
//! a part of the tree, makes its nodes and edges, and gives back the value of an
//! expression where there is one. The positions of section 7 of the model are
//! four entry points: [`value`](expression), `operand`, `test` and `effect`.

mod assignment;
mod branch;
mod call;
mod class;
mod class_members;
mod common_js;
mod compiled;
mod decorator;
mod doc_type;
mod enumeration;
mod expression;
mod function;
mod hoist;
mod implicit_fields;
mod interface;
mod js_doc;
mod jsx;
mod literal;
mod loops;
mod lower;
mod member;
mod module;
mod name;
mod namespace;
mod naming;
mod narrow;
mod object;
mod operator;
mod parameter;
mod pattern;
mod statement;
mod text;
mod try_catch;
mod types;
mod update;
mod variable;

pub(crate) use assignment::Place;
pub(crate) use enumeration::Enums;
pub(crate) use hoist::may_declare_var;
pub(crate) use namespace::Namespaces;
pub(crate) use narrow::Narrowing;
pub(crate) use text::number_text;

/// So much stack must be left before a visit goes one level deeper.
const RED_ZONE: usize = 256 * 1024;
/// So much stack is added when it is not.
const STACK_STEP: usize = 16 * 1024 * 1024;

/// Runs `f` with enough stack: sources may nest ten thousand levels deep.
#[inline]
pub(crate) fn with_stack<R>(f: impl FnOnce() -> R) -> R {
    stacker::maybe_grow(RED_ZONE, STACK_STEP, f)
}
