//! What the linker needs to know of a module: nothing else of it is read when
//! modules are joined.
//!
//! Names are symbols of the summary's own table, nodes are indexes into
//! [`ModuleSummary::nodes`], so that a summary is compact, can be serialised,
//! and stands alone without the module's graph.

mod functions;
mod names;
mod packed;
mod types;

pub use functions::*;
pub use names::{List, Names, Sym};
pub use types::*;

use std::sync::Arc;

use crate::{NodeId, NodeType};
use serde::{Deserialize, Serialize};

/// Version of the summary's layout and meaning. A cached summary of another
/// version is not read.
pub const SUMMARY_VERSION: u32 = 9;

/// A node, as an index into [`ModuleSummary::nodes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NodeRef(pub u32);

/// A node that the summary mentions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SummaryNode {
    /// Hash of the semantic id.
    pub id: u128,
    /// Type, as its position in [`NodeType::ALL`].
    pub node_type: u8,
    /// Line, from 1; 0 for a node without a file.
    pub line: u32,
    /// Column, from 0, in UTF-16 units.
    pub column: u32,
}

impl SummaryNode {
    /// The id of the node.
    pub fn node_id(&self) -> NodeId {
        NodeId(self.id)
    }

    /// Whether the node stands in the file of the module. Members of the global object, which all modules share, do not.
    pub fn is_in_file(&self) -> bool {
        self.line > 0
    }

    /// The type of the node; `None` if the summary is damaged.
    pub fn node_type(&self) -> Option<NodeType> {
        NodeType::ALL.get(usize::from(self.node_type)).copied()
    }
}

/// The kind of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ModuleType {
    /// It has `import`, `export` or `import.meta`.
    Esm,
    /// A script that uses an undeclared `require`, `module` or `exports`.
    CommonJs,
    /// A script.
    #[default]
    Script,
    /// A JSON file.
    Json,
}

impl ModuleType {
    /// As it stands in the metadata of MODULE.
    pub fn as_str(self) -> &'static str {
        match self {
            ModuleType::Esm => "esm",
            ModuleType::CommonJs => "commonjs",
            ModuleType::Script => "script",
            ModuleType::Json => "json",
        }
    }
}

/// How a module is imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ImportForm {
    /// `import … from 's'`.
    Static,
    /// `import 's'`.
    SideEffect,
    /// `import('s')`.
    Dynamic,
    /// `require('s')`.
    Require,
    /// `import x = require('s')`.
    Equals,
}

/// An IMPORT node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportFact {
    /// The IMPORT.
    pub node: NodeRef,
    /// The module specifier; `None` where it is not a string.
    pub specifier: Option<Sym>,
    /// How it is imported.
    pub form: ImportForm,
    /// The imported name, `default`, or `*` for the whole module.
    pub imported: Sym,
    /// `import type`.
    pub type_only: bool,
    /// Names statically selected from the whole module: `ns.x`, `const { x } = require(…)`.
    pub selected: Vec<Sym>,
}

/// What an EXPORT stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExportTarget {
    /// Nodes of this module: declarations or values.
    Local(Vec<NodeRef>),
    /// `export { imported as name } from 'specifier'`.
    Reexport {
        /// The specifier.
        specifier: Sym,
        /// The name in that module.
        imported: Sym,
    },
    /// `export * from 'specifier'`.
    Star {
        /// The specifier.
        specifier: Sym,
    },
    /// `export * as name from 'specifier'`.
    StarAs {
        /// The specifier.
        specifier: Sym,
    },
    /// `export = value` or `module.exports = value`.
    Equals(Vec<NodeRef>),
}

/// An EXPORT node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExportFact {
    /// The EXPORT.
    pub node: NodeRef,
    /// The exported name; `*` for `export *`, `export=` for the module's value.
    pub name: Sym,
    /// What is exported.
    pub target: ExportTarget,
    /// Shape of an exported value.
    pub shape: ShapeRef,
    /// `export type`.
    pub type_only: bool,
    /// An assignment to `exports` or `module.exports`.
    pub common_js: bool,
}

/// A shape, as an index into [`ModuleSummary::shapes`].
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
pub struct ShapeRef(pub u32);

impl ShapeRef {
    /// The shape of which nothing is known: the first of every summary.
    pub const UNKNOWN: ShapeRef = ShapeRef(0);
}

/// Where a value comes from, as far as the module itself can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Shape {
    /// Nothing is known.
    #[default]
    Unknown,
    /// A name that the module declares.
    Binding(NodeRef),
    /// A name that no scope declares.
    Global(Sym),
    /// `this`: of a class, or of a function outside of classes; whether of its static side.
    This(NodeRef, bool),
    /// `super` of a class; whether of its static side. In a method of an object literal: of that method.
    Super(NodeRef, bool),
    /// A member of a value; the name is `*` where it is computed.
    Member(ShapeRef, Sym),
    /// The result of a call.
    Call(NodeRef),
    /// The result of `new`.
    New(NodeRef),
    /// A function or arrow.
    Function(NodeRef),
    /// A class.
    Class(NodeRef),
    /// An object literal.
    Object(NodeRef),
    /// An array literal.
    Array(NodeRef),
    /// `require(…)` or `import(…)`.
    Import(NodeRef),
    /// A JSX element.
    Jsx(NodeRef),
    /// A literal or computed primitive: `string`, `number`, `boolean`, …
    Primitive(Sym),
    /// A string literal that can name a property and is passed to a call: its text.
    Text(Sym),
    /// What an awaited value becomes.
    Await(ShapeRef),
    /// Any of several values, in [`ModuleSummary::shape_lists`].
    OneOf(List),
    /// What iterating over a value gives.
    Element(ShapeRef),
    /// A part of a value that is not told by one name: names from it, in [`ModuleSummary::paths`].
    Path(ShapeRef, List),
    /// A value that is said to have a type.
    Cast(ShapeRef, TypeRef),
    /// A value under a test.
    Narrow(ShapeRef, GuardRef),
    /// `module.exports` of the module itself.
    Exports,
    /// `arguments` of a function.
    Arguments(NodeRef),
    /// What `next` passes to a generator: the value of its `yield`.
    Sent(NodeRef),
    /// What a generator returns that another delegates to: the value of `yield*`.
    Delegated(ShapeRef),
}

/// A variable and what it is initialised with, or a later write to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VariableFact {
    /// VARIABLE or CONSTANT; for a write also PARAMETER.
    pub node: NodeRef,
    /// Declared type.
    pub declared: TypeRef,
    /// Shape of the initialiser.
    pub init: ShapeRef,
    /// The part of the initialiser that is bound, for a destructured name.
    pub path: Box<[Sym]>,
    /// It is a later write, not the declaration.
    pub reassigned: bool,
    /// `const`.
    pub is_const: bool,
}

/// A class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassFact {
    /// CLASS.
    pub node: NodeRef,
    /// Its type variables.
    pub type_vars: List,
    /// What it extends.
    pub extends: Option<ShapeRef>,
    /// Type arguments of `extends`.
    pub extends_arguments: List,
    /// What it implements.
    pub implements: List,
    /// Its own constructor, if it has one with a body.
    pub constructor: Option<NodeRef>,
    /// `abstract`.
    pub is_abstract: bool,
    /// Its members, in [`ModuleSummary::members`].
    pub members: List,
    /// What is assigned to `this.p` inside: name, whether static, PROPERTY, shape.
    pub writes: Vec<(Sym, bool, NodeRef, ShapeRef)>,
}

/// The kind of a property of an object literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PropertyKind {
    /// A value.
    Value,
    /// A getter.
    Getter,
    /// A setter.
    Setter,
    /// `...value`.
    Spread,
}

/// A property of an object literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PropertyFact {
    /// Its name; `*` for a computed one.
    pub name: Sym,
    /// Its value.
    pub shape: ShapeRef,
    /// Its kind.
    pub kind: PropertyKind,
}

/// An object literal.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ObjectFact {
    /// OBJECT_LITERAL.
    pub node: NodeRef,
    /// Its properties, in [`ModuleSummary::properties`].
    pub properties: List,
}

/// An array literal.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ArrayFact {
    /// ARRAY_LITERAL.
    pub node: NodeRef,
    /// Shapes of its elements, in [`ModuleSummary::shape_lists`]; a spread is a [`Shape::Element`].
    pub elements: List,
}

/// All that the linker needs to know of one module.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ModuleSummary {
    /// [`SUMMARY_VERSION`] of the analyzer that wrote it.
    pub version: u32,
    /// Path, relative to the project, with `/`.
    pub file: String,
    /// SHA-256 of the file's bytes.
    pub content_hash: [u8; 32],
    /// Kind of module.
    pub module_type: ModuleType,
    /// Whether it marks itself with `__esModule`.
    pub es_module_marker: bool,
    /// Table of names.
    pub names: Arc<Names>,
    /// Table of nodes; the MODULE is the first.
    #[serde(with = "packed::nodes")]
    pub nodes: Vec<SummaryNode>,
    /// What the semantic ids of the nodes say after the file and the type, at the same indexes. Empty where only the hash is
    /// needed.
    pub ids: Names,
    /// Table of shapes; the first is [`Shape::Unknown`].
    pub shapes: Vec<Shape>,
    /// Its imports.
    pub imports: Vec<ImportFact>,
    /// Its exports.
    pub exports: Vec<ExportFact>,
    /// Its calls.
    pub calls: Vec<CallFact>,
    /// Its variables.
    pub variables: Vec<VariableFact>,
    /// Its classes.
    pub classes: Vec<ClassFact>,
    /// Its object literals.
    pub objects: Vec<ObjectFact>,
    /// Properties of the object literals.
    pub properties: Vec<PropertyFact>,
    /// Its array literals.
    pub arrays: Vec<ArrayFact>,
    /// Table of lists of shapes.
    pub shape_lists: Vec<ShapeRef>,
    /// Table of types; the first is [`Type::Unknown`].
    pub types: Vec<Type>,
    /// Table of lists of types.
    pub type_lists: Vec<TypeRef>,
    /// Table of lists of names.
    pub paths: Vec<Sym>,
    /// Table of type variables.
    pub type_vars: Vec<TypeVar>,
    /// Table of signatures.
    pub signatures: Vec<Signature>,
    /// Table of lists of signatures.
    pub overloads: Vec<SignatureRef>,
    /// Parameters of the signatures.
    pub parameters: Vec<ParameterFact>,
    /// Members of classes, interfaces and object types.
    pub members: Vec<MemberFact>,
    /// Its interfaces and type aliases.
    pub type_facts: Vec<TypeFact>,
    /// Types that comments define, by name.
    pub typedefs: Vec<(Sym, TypeRef)>,
    /// Its enums and namespaces.
    pub scopes: Vec<ScopeFact>,
    /// TYPE_PARAMETER nodes and what they stand for.
    pub type_parameters: Vec<(NodeRef, VarRef)>,
    /// Its functions.
    pub functions: Vec<FunctionFact>,
    /// Its PARAMETER nodes.
    pub bindings: Vec<ParameterBinding>,
    /// Arguments of the calls.
    pub arguments: Vec<Argument>,
    /// Reads of members.
    pub accesses: Vec<AccessFact>,
    /// Writes of properties.
    pub writes: Vec<WriteFact>,
    /// Narrowings.
    pub guards: Vec<Guard>,
    /// Thrown values.
    pub throws: Vec<ThrowFact>,
    /// Receivers of calls that have a node: call, value. In the order of the source.
    pub receivers: Vec<(NodeRef, NodeRef)>,
    /// What functions return, as far as it has a node: callable, value.
    pub returns: Vec<(NodeRef, NodeRef)>,
}

impl ModuleSummary {
    /// The text of a name.
    pub fn name(&self, sym: Sym) -> &str {
        self.names.get(sym)
    }

    /// The node of a reference.
    ///
    /// # Panics
    /// When the reference belongs to another summary.
    pub fn node(&self, node: NodeRef) -> &SummaryNode {
        &self.nodes[node.0 as usize]
    }

    /// What the semantic id of a node says after the file and the type: `a.b[in:scope]#2` of `file->CALL->a.b[in:scope]#2`.
    /// Empty for nodes whose ids nobody needs as text.
    pub fn local_id(&self, node: NodeRef) -> &str {
        self.ids.get(Sym(node.0))
    }

    /// The semantic id of a node as text; empty where [`ModuleSummary::local_id`] is.
    ///
    /// # Panics
    /// When the reference belongs to another summary.
    pub fn semantic_id(&self, node: NodeRef) -> String {
        let local = self.local_id(node);
        match self.node(node).node_type() {
            Some(node_type) if !local.is_empty() => {
                [&*self.file, "->", node_type.as_str(), "->", local].concat()
            }
            _ => String::new(),
        }
    }

    /// The shape of a reference; [`Shape::Unknown`] for one that is not in the table.
    pub fn shape(&self, shape: ShapeRef) -> &Shape {
        self.shapes.get(shape.0 as usize).unwrap_or(&Shape::Unknown)
    }

    /// A shape without the narrowings and casts around it: they change no value.
    pub fn unwrapped(&self, mut shape: ShapeRef) -> ShapeRef {
        while let Shape::Narrow(inner, _) | Shape::Cast(inner, _) = *self.shape(shape) {
            shape = inner;
        }
        shape
    }

    /// The type of a reference; [`Type::Unknown`] for one that is not in the table.
    pub fn type_at(&self, ty: TypeRef) -> Type {
        self.types.get(ty.0 as usize).copied().unwrap_or_default()
    }

    /// A signature.
    ///
    /// # Panics
    /// When the reference belongs to another summary.
    pub fn signature(&self, signature: SignatureRef) -> &Signature {
        &self.signatures[signature.0 as usize]
    }

    /// The MODULE node.
    pub fn module(&self) -> &SummaryNode {
        &self.nodes[0]
    }
}
