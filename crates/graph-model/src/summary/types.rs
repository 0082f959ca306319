//! Types as they are written, in flat tables.

use serde::{Deserialize, Serialize};

use super::{List, NodeRef, ShapeRef, Sym};

/// A type, as an index into [`ModuleSummary::types`](super::ModuleSummary::types).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
pub struct TypeRef(pub u32);

impl TypeRef {
    /// The type of which nothing is known: the first of every summary.
    pub const UNKNOWN: TypeRef = TypeRef(0);

    /// Whether a type is written at all.
    pub fn is_known(self) -> bool {
        self.0 != 0
    }
}

/// A signature, as an index into [`ModuleSummary::signatures`](super::ModuleSummary::signatures).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SignatureRef(pub u32);

/// A type variable, as an index into [`ModuleSummary::type_vars`](super::ModuleSummary::type_vars).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct VarRef(pub u32);

/// A type as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Type {
    /// Not written, or of no use to the linker.
    #[default]
    Unknown,
    /// `string`, `any`, …
    Primitive(Sym),
    /// A literal type: strings begin with `'`, others are as written.
    Literal(Sym),
    /// A type that the module declares or imports: node, further names, type arguments.
    Ref(NodeRef, List, List),
    /// The same for a name that the module does not declare.
    Global(Sym, List, List),
    /// A type that a comment of the module defines.
    Alias(TypeRef),
    /// A type variable.
    Var(VarRef),
    /// `T[]`.
    Array(TypeRef),
    /// `[A, B]`.
    Tuple(List),
    /// `A | B`.
    Union(List),
    /// `A & B`.
    Intersection(List),
    /// `(x: A) => B`.
    Function(SignatureRef),
    /// `new (x: A) => B`.
    Constructor(SignatureRef),
    /// `{ … }`: its members.
    Object(List),
    /// `typeof x`.
    TypeOf(ShapeRef),
    /// `T[K]`.
    Indexed(TypeRef, TypeRef),
    /// `keyof T`.
    KeyOf(TypeRef),
    /// `x is T`, `asserts x is T`.
    Predicate(Sym, TypeRef),
    /// `import('s').A.B<T>`: specifier, names, type arguments.
    Import(Sym, List, List),
    /// `this`.
    This,
    /// `A extends B ? C : D`: both results.
    Conditional(TypeRef, TypeRef),
    /// `{ [K in T]: V }`: the type of the values.
    Mapped(TypeRef),
    /// `...T` in a tuple.
    Rest(TypeRef),
}

/// A type variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeVar {
    /// `extends` of it.
    pub constraint: TypeRef,
    /// Its default.
    pub default: TypeRef,
}

/// A formal parameter of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterFact {
    /// Its name; empty for a pattern.
    pub name: Sym,
    /// Declared type.
    pub declared: TypeRef,
    /// Shape of its default value.
    pub default: ShapeRef,
    /// `...x`.
    pub rest: bool,
    /// `x?` or with a default.
    pub optional: bool,
}

/// What a function takes and gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// Its own type variables.
    pub type_vars: List,
    /// Its parameters, in [`ModuleSummary::parameters`](super::ModuleSummary::parameters).
    pub parameters: List,
    /// Declared result.
    pub returns: TypeRef,
    /// Declared `this`.
    pub this_type: TypeRef,
}

/// The kind of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MemberKind {
    /// A method or a method signature.
    Method,
    /// A getter.
    Getter,
    /// A setter.
    Setter,
    /// A field or property.
    Property,
    /// `[key: K]: V`.
    Index,
    /// A call signature.
    Call,
    /// A construct signature.
    Construct,
}

/// A member of a class, interface or object type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberFact {
    /// Its name.
    pub name: Sym,
    /// METHOD or PROPERTY, if it has a node of its own.
    pub node: Option<NodeRef>,
    /// Its kind.
    pub kind: MemberKind,
    /// `static`.
    pub is_static: bool,
    /// `x?`.
    pub optional: bool,
    /// `abstract`, or without a body.
    pub is_abstract: bool,
    /// Declared type of a property; result of an accessor or index signature.
    pub declared: TypeRef,
    /// Shape of the initialiser.
    pub init: ShapeRef,
    /// Signature of a method, call or construct signature.
    pub signature: Option<SignatureRef>,
}

/// INTERFACE, or TYPE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeFact {
    /// INTERFACE or TYPE.
    pub node: NodeRef,
    /// Its name.
    pub name: Sym,
    /// Its type variables.
    pub type_vars: List,
    /// What an interface extends.
    pub extends: List,
    /// Members of an interface, or of an alias that is an object type.
    pub members: List,
    /// What an alias stands for.
    pub alias: TypeRef,
}

/// ENUM, or NAMESPACE: its members by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeFact {
    /// ENUM or NAMESPACE.
    pub node: NodeRef,
    /// Name and node of each member, sorted by symbol.
    pub members: Vec<(Sym, NodeRef)>,
}
