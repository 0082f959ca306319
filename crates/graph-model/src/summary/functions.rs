//! Functions, calls and what a function does with values.

use serde::{Deserialize, Serialize};

use super::{List, NodeRef, ShapeRef, SignatureRef, Sym, TypeRef};

/// A callable: FUNCTION or METHOD.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionFact {
    /// FUNCTION or METHOD.
    pub node: NodeRef,
    /// What it takes and gives.
    pub signature: SignatureRef,
    /// Its overloads, if it has some: those are what callers see. In
    /// [`ModuleSummary::overloads`](super::ModuleSummary::overloads).
    pub overloads: List,
    /// CLASS that it is a member of.
    pub class: Option<NodeRef>,
    /// OBJECT_LITERAL that it is a method of.
    pub object: Option<NodeRef>,
    /// The value that it is assigned to as a property, and that a call has as `this`.
    pub this_shape: ShapeRef,
    /// `static`.
    pub is_static: bool,
    /// `async`.
    pub is_async: bool,
    /// A generator.
    pub is_generator: bool,
    /// An arrow function.
    pub is_arrow: bool,
    /// It has a body.
    pub has_body: bool,
    /// Its types come from a comment.
    pub js_doc: bool,
    /// Shapes of what it returns, in [`ModuleSummary::shape_lists`](super::ModuleSummary::shape_lists).
    pub returned: List,
    /// Shapes of what it yields; what it delegates to is under `*`.
    pub yielded: List,
}

/// A PARAMETER: which part of which parameter it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterBinding {
    /// PARAMETER.
    pub node: NodeRef,
    /// The callable.
    pub function: NodeRef,
    /// Position of the parameter; `u32::MAX` for the implicit ones.
    pub index: u32,
    /// The part that is bound, for a destructured parameter.
    pub path: Box<[Sym]>,
    /// Shape of its own default, for a destructured parameter.
    pub default: ShapeRef,
}

/// The kind of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CallKind {
    /// `f()`, `o.m()`, a tagged template.
    Call,
    /// `new C()`.
    New,
    /// `super()`.
    Super,
    /// `<C />`.
    Jsx,
}

/// An argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Argument {
    /// Its value node.
    pub node: Option<NodeRef>,
    /// Its shape.
    pub shape: ShapeRef,
    /// `...x`.
    pub spread: bool,
}

/// A call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallFact {
    /// CALL, CONSTRUCTOR_CALL, DECORATOR or JSX_ELEMENT.
    pub node: NodeRef,
    /// The kind of call.
    pub kind: CallKind,
    /// What is called.
    pub callee: ShapeRef,
    /// The callable of this module that the analyzer has already drawn the CALLS edge to.
    pub resolved: Option<NodeRef>,
    /// Its arguments, in [`ModuleSummary::arguments`](super::ModuleSummary::arguments). A tagged template begins with
    /// an argument of no shape.
    pub arguments: List,
    /// Explicit type arguments.
    pub type_arguments: List,
    /// Innermost callable around it.
    pub caller: Option<NodeRef>,
    /// It stands under `await`, or is what the caller returns.
    pub settles: bool,
    /// An error is caught by a `try` around it.
    pub protected: bool,
}

/// A read of a member: PROPERTY_ACCESS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessFact {
    /// PROPERTY_ACCESS.
    pub node: NodeRef,
    /// Its shape: a [`Shape::Member`](super::Shape::Member), perhaps narrowed.
    pub shape: ShapeRef,
}

/// A write of a property: `o.p = v`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteFact {
    /// The object.
    pub object: ShapeRef,
    /// The property; `*` for a computed one.
    pub name: Sym,
    /// The value.
    pub value: ShapeRef,
    /// Its node.
    pub node: Option<NodeRef>,
    /// Declared type, from a comment.
    pub declared: TypeRef,
}

/// A narrowing, as an index into [`ModuleSummary::guards`](super::ModuleSummary::guards).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GuardRef(pub u32);

/// What is known of a value where it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum GuardTest {
    /// `x instanceof C`.
    InstanceOf(ShapeRef),
    /// `typeof x === 's'`.
    TypeOf(Sym),
    /// `'k' in x`.
    Has(Sym),
    /// `x.p === literal`; the literal as in [`Type::Literal`](super::Type::Literal).
    Property(Sym, Sym),
    /// The call of a predicate, and which argument it is.
    Predicate(NodeRef, u32),
    /// `Array.isArray(x)`.
    IsArray,
    /// Another test, if the call is of a function that only returns where that argument holds.
    Asserted(NodeRef, u32, GuardRef),
    /// One of two others, or both.
    Either(GuardRef, GuardRef),
}

/// A narrowing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guard {
    /// The test.
    pub test: GuardTest,
    /// It does not hold.
    pub negated: bool,
}

/// The kind of a thrown value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ThrowKind {
    /// `throw v`.
    Throw,
    /// `Promise.reject(v)`.
    Reject,
}

/// A `throw` that leaves its callable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThrowFact {
    /// The callable.
    pub function: NodeRef,
    /// How.
    pub kind: ThrowKind,
    /// Shape of the value.
    pub shape: ShapeRef,
}
