//! What the linker needs to know of a module: nothing else of it is read when
//! modules are joined.
//!
//! Names are symbols of the summary's own table, nodes are indexes into
//! [`ModuleSummary::nodes`], so that a summary is compact, can be serialised,
//! and stands alone without the module's graph.

use crate::{NodeId, NodeType};
use serde::{Deserialize, Serialize};

/// Version of the summary's layout and meaning. A cached summary of another
/// version is not read.
pub const SUMMARY_VERSION: u32 = 1;

/// A name, as an index into [`ModuleSummary::names`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Sym(pub u32);

/// A node, as an index into [`ModuleSummary::nodes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NodeRef(pub u32);

/// A node that the summary mentions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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

    /// The type of the node; `None` if the summary is damaged.
    pub fn node_type(&self) -> Option<NodeType> {
        NodeType::ALL.get(usize::from(self.node_type)).copied()
    }
}

/// The kind of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ModuleType {
    /// It has `import`, `export` or `import.meta`.
    Esm,
    /// A script that uses an undeclared `require`, `module` or `exports`.
    CommonJs,
    /// A script.
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
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Shape {
    /// Nothing is known.
    #[default]
    Unknown,
    /// A name that the module declares.
    Binding(NodeRef),
    /// A name that no scope declares.
    Global(Sym),
    /// `this`, inside the callable or class of the reference.
    This,
    /// `super`.
    Super,
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
    /// What an awaited value becomes.
    Await(ShapeRef),
    /// Any of several values.
    OneOf(Box<[ShapeRef]>),
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
}

/// A call that the module itself does not resolve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallFact {
    /// CALL or CONSTRUCTOR_CALL.
    pub node: NodeRef,
    /// The kind of call.
    pub kind: CallKind,
    /// What is called.
    pub callee: ShapeRef,
    /// Whether the analyzer has already drawn the CALLS edge.
    pub resolved: bool,
}

/// A variable and what it is initialised with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VariableFact {
    /// VARIABLE or CONSTANT.
    pub node: NodeRef,
    /// Shape of the initialiser.
    pub init: ShapeRef,
    /// The part of the initialiser that is bound, for a destructured name.
    pub path: Vec<Sym>,
    /// Whether there are later writes.
    pub reassigned: bool,
}

/// A class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassFact {
    /// CLASS.
    pub node: NodeRef,
    /// What it extends.
    pub extends: Option<ShapeRef>,
    /// Its own constructor, if it has one with a body.
    pub constructor: Option<NodeRef>,
    /// Names and nodes of its methods.
    pub methods: Vec<(Sym, bool, NodeRef)>,
}

/// An object literal: its statically named values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ObjectFact {
    /// OBJECT_LITERAL.
    pub node: NodeRef,
    /// Name and shape of each value.
    pub properties: Vec<(Sym, ShapeRef)>,
}

/// All that the linker needs to know of one module.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    pub names: Names,
    /// Table of nodes; the MODULE is the first.
    pub nodes: Vec<SummaryNode>,
    /// Ids of the nodes as texts, at the same indexes.
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

    /// The id of a node as text.
    pub fn semantic_id(&self, node: NodeRef) -> &str {
        self.ids.get(Sym(node.0))
    }

    /// The shape of a reference; [`Shape::Unknown`] for one that is not in the table.
    pub fn shape(&self, shape: ShapeRef) -> &Shape {
        self.shapes.get(shape.0 as usize).unwrap_or(&Shape::Unknown)
    }

    /// The MODULE node.
    pub fn module(&self) -> &SummaryNode {
        &self.nodes[0]
    }
}

/// A table of names in one allocation.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Names {
    text: String,
    ends: Vec<u32>,
}

impl Names {
    /// The text of a symbol; empty for one that is not in the table.
    pub fn get(&self, sym: Sym) -> &str {
        let i = sym.0 as usize;
        let start = if i == 0 {
            0
        } else {
            self.ends.get(i - 1).copied().unwrap_or(0)
        };
        let Some(&end) = self.ends.get(i) else {
            return "";
        };
        self.text.get(start as usize..end as usize).unwrap_or("")
    }

    /// Number of names.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are no names.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Appends a name and returns its symbol; does not look whether it is there.
    pub fn push(&mut self, name: &str) -> Sym {
        self.text.push_str(name);
        self.ends.push(self.text.len() as u32);
        Sym(self.ends.len() as u32 - 1)
    }
}
