//! The whole program as the linker sees it: every module's summary, indexed, and never changed.

use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use graph_model::ModuleSummary;
use graph_model::summary::{
    CallFact, ClassFact, ExportFact, ExportTarget, FunctionFact, ImportFact, List, MemberFact,
    NodeRef, ObjectFact, ParameterBinding, ScopeFact, Shape, ShapeRef, Sym, VariableFact,
};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::closed_types::ClosedTypes;
use crate::higher_order::{self, ParameterUse};
use crate::member_lists::MemberLists;
use crate::packages::Packages;
use crate::private;
pub use crate::roles::Role;
use crate::roles::{Roles, roles};

/// So many steps from name to name are followed inside of one module.
const MAX_STEPS: usize = 16;

/// A module, as an index into [`Program::modules`].
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub struct ModuleIx(pub u32);

/// What is known of a node of a summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fact {
    /// No more than the node itself.
    #[default]
    None,
    /// Index into [`ModuleSummary::imports`].
    Import(u32),
    /// Index into [`ModuleSummary::variables`].
    Variable(u32),
    /// Index into [`ModuleSummary::classes`].
    Class(u32),
    /// Index into [`ModuleSummary::objects`].
    Object(u32),
    /// Index into [`ModuleSummary::arrays`].
    Array(u32),
    /// Index into [`ModuleSummary::functions`].
    Function(u32),
    /// Index into [`ModuleSummary::bindings`].
    Parameter(u32),
    /// Index into [`ModuleSummary::type_facts`].
    Type(u32),
    /// Index into [`ModuleSummary::scopes`].
    Scope(u32),
    /// Index into [`ModuleSummary::calls`].
    Call(u32),
    /// Index into [`ModuleSummary::type_vars`].
    TypeVar(u32),
}

/// What properties are written to, as far as the module itself shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// A function, class, object literal or other node.
    Node(NodeRef),
    /// The prototype of a function or class.
    Prototype(NodeRef),
    /// `this` of a function.
    This(NodeRef),
    /// `module.exports`.
    Exports,
}

/// A module: its summary and the ways into it.
#[derive(Debug)]
pub struct Module {
    /// The summary.
    pub summary: ModuleSummary,
    facts: Vec<Fact>,
    roles: Roles,
    /// Indexes into [`ModuleSummary::objects`] of what components get, by the calls that render them.
    props: FxHashMap<NodeRef, u32>,
    /// Indexes into [`ModuleSummary::scopes`].
    scopes: FxHashMap<NodeRef, u32>,
    /// For each variable fact, one more than the next one of the same node.
    next_variable: Vec<u32>,
    /// First variable fact of nodes that are no variables.
    writes_to: FxHashMap<NodeRef, u32>,
    property_writes: FxHashMap<Target, Vec<u32>>,
    /// First PARAMETER fact of a function; they stand in a row.
    first_binding: FxHashMap<NodeRef, u32>,
    /// Exports with the hashes of their names, by that.
    exports_by_name: Vec<(u32, u32)>,
    /// The one that stands for the module as a value.
    export_equals: Option<u32>,
    stars: Vec<u32>,
    /// Receivers of calls by the call, and values that functions return by the function; sorted.
    receivers: Vec<(NodeRef, NodeRef)>,
    returns: Vec<(NodeRef, NodeRef)>,
    /// Functions that only calls of the module reach, with the indexes of the calls.
    private_calls: FxHashMap<NodeRef, Vec<u32>>,
    /// Calls that do something with parameters that may be functions.
    parameter_uses: OnceLock<Vec<ParameterUse>>,
    /// Hashes of all names, and of those of members at the indexes of the members.
    name_hashes: Vec<u32>,
    member_names: Vec<u32>,
    /// Object types that others read by member.
    member_lists: OnceLock<MemberLists>,
    closed_types: OnceLock<ClosedTypes>,
    /// INTERFACE of the same name and scope, by the CLASS that it is merged with.
    merged: FxHashMap<NodeRef, NodeRef>,
}

/// Hash of a name: most comparisons of names end with it. Traces that are kept for the next run hold it too.
fn name_hash(name: &str) -> u32 {
    let mut hasher = rustc_hash::FxHasher::default();
    name.hash(&mut hasher);
    (hasher.finish() >> 32) as u32
}

/// A name that others are compared with.
#[derive(Clone, Copy)]
pub(crate) struct Name<'n> {
    text: &'n str,
    hash: u32,
}

impl<'n> Name<'n> {
    pub(crate) fn new(text: &'n str) -> Self {
        Name {
            text,
            hash: name_hash(text),
        }
    }

    /// The name itself.
    pub(crate) fn text(self) -> &'n str {
        self.text
    }

    /// Its hash.
    pub(crate) fn hash(self) -> u32 {
        self.hash
    }
}

/// Classes and the interfaces that they are merged with.
fn merged(summary: &ModuleSummary) -> FxHashMap<NodeRef, NodeRef> {
    if summary.classes.is_empty() || summary.type_facts.is_empty() {
        return FxHashMap::default();
    }
    let classes = summary.classes.iter().map(|class| class.node);
    let classes: FxHashMap<&str, NodeRef> = classes.map(|c| (summary.local_id(c), c)).collect();
    let interfaces = summary
        .type_facts
        .iter()
        .filter(|fact| !fact.alias.is_known());
    let merged = interfaces.filter_map(|fact| {
        let class = classes.get(summary.local_id(fact.node))?;
        Some((*class, fact.node))
    });
    merged.collect()
}

impl Module {
    /// Indexes the summary: quickest by the thread that made it, while it is in the processor's cache.
    #[must_use]
    pub fn new(summary: ModuleSummary) -> Box<Self> {
        let mut facts = vec![Fact::None; summary.nodes.len()];
        let mut set = |node: NodeRef, fact| {
            if let Some(slot) = facts.get_mut(node.0 as usize) {
                *slot = fact;
            }
        };
        for (i, fact) in (0..).zip(&summary.imports) {
            set(fact.node, Fact::Import(i));
        }
        for (i, fact) in (0..).zip(&summary.classes) {
            set(fact.node, Fact::Class(i));
        }
        for (i, fact) in (0..).zip(&summary.objects) {
            set(fact.node, Fact::Object(i));
        }
        for (i, fact) in (0..).zip(&summary.arrays) {
            set(fact.node, Fact::Array(i));
        }
        for (i, fact) in (0..).zip(&summary.functions) {
            set(fact.node, Fact::Function(i));
        }
        for (i, fact) in (0..).zip(&summary.bindings) {
            set(fact.node, Fact::Parameter(i));
        }
        for (i, fact) in (0..).zip(&summary.type_facts) {
            set(fact.node, Fact::Type(i));
        }
        for (i, fact) in (0..).zip(&summary.calls) {
            set(fact.node, Fact::Call(i));
        }
        for (node, var) in &summary.type_parameters {
            set(*node, Fact::TypeVar(var.0));
        }
        let is_call = |node: NodeRef| matches!(facts.get(node.0 as usize), Some(Fact::Call(_)));
        let props = (0..).zip(&summary.objects);
        let props = props.filter(|(_, object)| is_call(object.node));
        let props = props.map(|(i, object)| (object.node, i)).collect();
        // Backwards, so that the first fact of a variable is the one at its node.
        let mut next_variable = vec![0; summary.variables.len()];
        let mut writes_to: FxHashMap<NodeRef, u32> = FxHashMap::default();
        for (i, fact) in summary.variables.iter().enumerate().rev() {
            let i = i as u32;
            match facts.get(fact.node.0 as usize) {
                Some(Fact::Variable(next)) => next_variable[i as usize] = next + 1,
                Some(Fact::None) => {}
                _ => {
                    if let Some(next) = writes_to.insert(fact.node, i) {
                        next_variable[i as usize] = next + 1;
                    }
                    continue;
                }
            }
            if let Some(slot) = facts.get_mut(fact.node.0 as usize) {
                *slot = Fact::Variable(i);
            }
        }
        // A namespace may be merged with a class, function or variable, which keeps its own fact.
        let mut scopes: FxHashMap<NodeRef, u32> = FxHashMap::default();
        for (i, fact) in (0..).zip(&summary.scopes) {
            scopes.insert(fact.node, i);
            if let Some(slot @ Fact::None) = facts.get_mut(fact.node.0 as usize) {
                *slot = Fact::Scope(i);
            }
        }
        let mut first_binding: FxHashMap<NodeRef, u32> = FxHashMap::default();
        for (i, binding) in (0..).zip(&summary.bindings) {
            first_binding.entry(binding.function).or_insert(i);
        }
        let mut module = Box::new(Module {
            roles: roles(&summary),
            summary,
            facts,
            scopes,
            props,
            next_variable,
            writes_to,
            property_writes: FxHashMap::default(),
            first_binding,
            exports_by_name: Vec::new(),
            export_equals: None,
            name_hashes: Vec::new(),
            parameter_uses: OnceLock::new(),
            stars: Vec::new(),
            member_names: Vec::new(),
            member_lists: OnceLock::new(),
            closed_types: OnceLock::new(),
            private_calls: FxHashMap::default(),
            receivers: Vec::new(),
            returns: Vec::new(),
            merged: FxHashMap::default(),
        });
        module.merged = merged(&module.summary);
        let names = (0..module.summary.names.len() as u32).map(Sym);
        module.name_hashes = names.map(|n| name_hash(module.summary.name(n))).collect();
        module.private_calls = private::private_calls(&module.summary, &module.roles);
        module.receivers = module.summary.receivers.clone();
        module.returns = module.summary.returns.clone();
        module.receivers.sort_unstable();
        // Stable: what is returned first comes first.
        module.returns.sort_by_key(|r| r.0);
        module.member_names = (module.summary.members.iter())
            .map(|m| module.name_hash(m.name))
            .collect();
        let mut property_writes: FxHashMap<Target, Vec<u32>> = FxHashMap::default();
        for (i, write) in (0..).zip(&module.summary.writes) {
            if let Some(target) = module.written(write.object, MAX_STEPS) {
                property_writes.entry(target).or_default().push(i);
            }
        }
        module.property_writes = property_writes;
        let summary = &module.summary;
        let is_star = |e: &ExportFact| matches!(e.target, ExportTarget::Star { .. });
        let (stars, named): (Vec<u32>, Vec<u32>) =
            (0..summary.exports.len() as u32).partition(|&i| is_star(&summary.exports[i as usize]));
        let named = named.into_iter();
        let mut exports_by_name: Vec<(u32, u32)> = named
            .map(|i| (module.name_hash(summary.exports[i as usize].name), i))
            .collect();
        // Of several exports of one name the first in the source comes first.
        exports_by_name.sort_unstable();
        module.exports_by_name = exports_by_name;
        module.export_equals = module.export_named("export=");
        module.stars = stars;
        module
    }

    /// The INTERFACE that a CLASS is merged with.
    pub(crate) fn merged_interface(&self, class: NodeRef) -> Option<NodeRef> {
        self.merged.get(&class).copied()
    }

    /// What a write to a property of `object` writes to.
    fn written(&self, object: ShapeRef, steps: usize) -> Option<Target> {
        let steps = steps.checked_sub(1)?;
        match *self.summary.shape(object) {
            Shape::Exports => Some(Target::Exports),
            Shape::Function(node) | Shape::Class(node) | Shape::Object(node) => {
                Some(Target::Node(node))
            }
            Shape::New(node) => Some(Target::Node(node)),
            Shape::Call(node) => Some(Target::Node(node)),
            Shape::This(owner, false) => match self.fact(owner) {
                Fact::Function(i) => {
                    let function = self.summary.functions.get(i as usize)?;
                    if let Some(object) = function.object {
                        return Some(Target::Node(object));
                    }
                    match self.written(function.this_shape, steps) {
                        Some(Target::Prototype(class)) => Some(Target::This(class)),
                        Some(target) => Some(target),
                        None => Some(Target::This(owner)),
                    }
                }
                _ => Some(Target::This(owner)),
            },
            Shape::This(owner, true) => Some(Target::Node(owner)),
            Shape::Narrow(inner, _) | Shape::Cast(inner, _) => self.written(inner, steps),
            Shape::OneOf(list) => list
                .of(&self.summary.shape_lists)
                .iter()
                .find_map(|&s| self.written(s, steps)),
            Shape::Member(inner, name) if self.summary.name(name) == "prototype" => {
                match self.written(inner, steps)? {
                    Target::Node(node) => Some(Target::Prototype(node)),
                    _ => None,
                }
            }
            Shape::Binding(node) => match self.fact(node) {
                Fact::Variable(_) => {
                    let mut variables = self.variables(node);
                    let variable = variables.find(|v| v.init != ShapeRef::UNKNOWN)?;
                    if !variable.path.is_empty() {
                        return None;
                    }
                    self.written(variable.init, steps)
                        .or(Some(Target::Node(node)))
                }
                Fact::Parameter(_) | Fact::Import(_) => None,
                _ => Some(Target::Node(node)),
            },
            _ => None,
        }
    }

    /// Indexes of the writes to properties of something.
    #[must_use]
    pub fn property_writes(&self, target: Target) -> &[u32] {
        self.property_writes.get(&target).map_or(&[], Vec::as_slice)
    }

    /// Where a function, object or array literal stands.
    #[must_use]
    pub fn role(&self, node: NodeRef) -> Option<Role> {
        self.roles.get(node)
    }

    /// The declaration of a variable or parameter, if it has a fact, and all writes to it.
    pub fn variables(&self, node: NodeRef) -> impl Iterator<Item = &VariableFact> {
        let mut next = match self.fact(node) {
            Fact::Variable(i) => i + 1,
            _ => self.writes_to.get(&node).map_or(0, |i| i + 1),
        };
        std::iter::from_fn(move || {
            let at = next.checked_sub(1)? as usize;
            next = self.next_variable.get(at).copied().unwrap_or(0);
            self.summary.variables.get(at)
        })
    }

    /// The PARAMETER facts of a function, with their indexes.
    pub fn bindings_of(&self, function: NodeRef) -> impl Iterator<Item = (u32, &ParameterBinding)> {
        let first = self.first_binding.get(&function).copied();
        let start = first.unwrap_or(0);
        let rest = first.map_or(&[][..], |f| &self.summary.bindings[f as usize..]);
        (start..)
            .zip(rest)
            .take_while(move |(_, binding)| binding.function == function)
    }

    /// Functions and classes whose prototype is written to, in the order of their nodes.
    #[must_use]
    pub fn prototypes(&self) -> Vec<NodeRef> {
        let mut nodes: Vec<NodeRef> = self
            .property_writes
            .iter()
            .filter_map(|(target, writes)| match target {
                Target::Prototype(node) => Some(*node),
                Target::Node(node) => writes
                    .iter()
                    .any(|&w| {
                        let name = self.summary.writes[w as usize].name;
                        self.summary.name(name) == "prototype"
                    })
                    .then_some(*node),
                _ => None,
            })
            .collect();
        // `inherits(F, G)`, whose F may have no members of its own.
        for call in &self.summary.calls {
            let name = match *self.summary.shape(call.callee) {
                Shape::Member(_, name) => self.summary.name(name),
                Shape::Binding(_) => "",
                _ => continue,
            };
            let arguments = call.arguments.of(&self.summary.arguments);
            if let [child, _] = arguments
                && matches!(name, "inherits" | "setPrototypeOf" | "")
                && let Shape::Binding(node) = *self.summary.shape(child.shape)
                && self.function(node).is_some()
            {
                nodes.push(node);
            }
        }
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }

    /// The object types that others read by member.
    pub(crate) fn member_lists(&self) -> &MemberLists {
        (self.member_lists).get_or_init(|| MemberLists::new(&self.summary))
    }

    /// The types that need no environment.
    pub(crate) fn closed_types(&self) -> &ClosedTypes {
        (self.closed_types).get_or_init(|| ClosedTypes::new(&self.summary))
    }

    /// Those of some members that have a name, with their indexes in the table of members.
    pub fn members_named<'m>(
        &'m self,
        members: List,
        name: &'m str,
    ) -> impl Iterator<Item = (u32, &'m MemberFact)> {
        let hash = name_hash(name);
        (members.indexes())
            .zip(members.of(&self.member_names))
            .filter(move |(_, of)| **of == hash)
            .filter_map(|(i, _)| Some((i, self.summary.members.get(i as usize)?)))
            .filter(move |(_, m)| self.summary.name(m.name) == name)
    }

    /// Indexes of all calls of a function, if nothing but calls of this module can reach it.
    #[must_use]
    pub fn private_calls(&self, function: NodeRef) -> &[u32] {
        self.private_calls.get(&function).map_or(&[], Vec::as_slice)
    }

    /// The value that a method is called on, if it has a node.
    #[must_use]
    pub fn receiver(&self, call: NodeRef) -> Option<NodeRef> {
        let at = self.receivers.binary_search_by_key(&call, |r| r.0).ok()?;
        Some(self.receivers[at].1)
    }

    /// The values that a function returns, as far as they have nodes.
    pub fn returns(&self, function: NodeRef) -> impl Iterator<Item = NodeRef> + '_ {
        let start = self.returns.partition_point(|r| r.0 < function);
        let rest = self.returns[start..].iter();
        rest.take_while(move |r| r.0 == function).map(|r| r.1)
    }

    /// The function fact of a FUNCTION or METHOD node.
    #[must_use]
    pub fn function(&self, node: NodeRef) -> Option<&FunctionFact> {
        match self.fact(node) {
            Fact::Function(i) => self.summary.functions.get(i as usize),
            _ => None,
        }
    }

    /// The fact of a call.
    #[must_use]
    pub fn call(&self, node: NodeRef) -> Option<&CallFact> {
        match self.fact(node) {
            Fact::Call(i) => self.summary.calls.get(i as usize),
            _ => None,
        }
    }

    /// The calls that do something with a parameter that may be a function; by the index of its fact.
    pub(crate) fn parameter_uses(&self, binding: u32) -> &[ParameterUse] {
        let uses = self
            .parameter_uses
            .get_or_init(|| higher_order::parameter_uses(&self.summary, |node| self.fact(node)));
        higher_order::uses_of(uses, binding)
    }

    /// The name of a node as its id tells it: `a.b` of `file->CALL->a.b[in:scope]#2`.
    #[must_use]
    pub fn id_name(&self, node: NodeRef) -> &str {
        let id = self.summary.local_id(node);
        let end = id.bytes().position(|byte| matches!(byte, b'[' | b'#'));
        &id[..end.unwrap_or(id.len())]
    }

    /// Path relative to the project.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.summary.file
    }

    /// What is known of a node.
    #[must_use]
    pub fn fact(&self, node: NodeRef) -> Fact {
        self.facts.get(node.0 as usize).copied().unwrap_or_default()
    }

    /// Members of the namespaces and enums of a name that means this node.
    #[must_use]
    pub fn scope(&self, node: NodeRef) -> Option<&ScopeFact> {
        self.summary.scopes.get(*self.scopes.get(&node)? as usize)
    }

    /// The import fact of an IMPORT node.
    #[must_use]
    pub fn import(&self, node: NodeRef) -> Option<&ImportFact> {
        match self.fact(node) {
            Fact::Import(i) => self.summary.imports.get(i as usize),
            _ => None,
        }
    }

    /// The first variable fact of a VARIABLE or CONSTANT node.
    #[must_use]
    pub fn variable(&self, node: NodeRef) -> Option<&VariableFact> {
        match self.fact(node) {
            Fact::Variable(i) => self.summary.variables.get(i as usize),
            _ => None,
        }
    }

    /// The class fact of a CLASS node.
    #[must_use]
    pub fn class(&self, node: NodeRef) -> Option<&ClassFact> {
        match self.fact(node) {
            Fact::Class(i) => self.summary.classes.get(i as usize),
            _ => None,
        }
    }

    /// The object fact of an OBJECT_LITERAL node.
    #[must_use]
    pub fn object(&self, node: NodeRef) -> Option<&ObjectFact> {
        match self.fact(node) {
            Fact::Object(i) => self.summary.objects.get(i as usize),
            // What a component gets is told by the node that renders it.
            Fact::Call(_) if !self.props.is_empty() => {
                let i = self.props.get(&node)?;
                self.summary.objects.get(*i as usize)
            }
            _ => None,
        }
    }

    /// Index of the first export of a name that the module itself writes (`export *` aside).
    #[must_use]
    pub fn export_named(&self, name: &str) -> Option<u32> {
        self.export_of(Name::new(name))
    }

    /// The same, of a name whose hash is known.
    pub(crate) fn export_of(&self, name: Name<'_>) -> Option<u32> {
        let at = (self.exports_by_name).partition_point(|&(hash, _)| hash < name.hash);
        let same = self.exports_by_name[at..].iter();
        let mut same = same.take_while(|(hash, _)| *hash == name.hash);
        let (names, exports) = (&self.summary.names, &self.summary.exports);
        let is_named = |&&(_, i): &&(u32, u32)| names.is(exports[i as usize].name, name.text);
        same.find(is_named).map(|&(_, i)| i)
    }

    /// Index of the first export that stands for the module as a value.
    #[must_use]
    pub fn export_equals(&self) -> Option<u32> {
        self.export_equals
    }

    fn name_hash(&self, name: Sym) -> u32 {
        self.name_hashes.get(name.0 as usize).copied().unwrap_or(0)
    }

    /// A name of the module, to compare others with.
    pub(crate) fn hashed(&self, name: Sym) -> Name<'_> {
        match self.name_hashes.get(name.0 as usize) {
            Some(&hash) => Name {
                text: self.summary.name(name),
                hash,
            },
            None => Name::new(""),
        }
    }

    /// Whether a name of the module is this one.
    pub(crate) fn is_named(&self, of: Sym, name: Name<'_>) -> bool {
        self.name_hash(of) == name.hash && self.summary.names.is(of, name.text)
    }

    /// Indexes of the `export * from`.
    #[must_use]
    pub fn stars(&self) -> &[u32] {
        &self.stars
    }

    /// An export by its index.
    #[must_use]
    pub fn export(&self, export: u32) -> &ExportFact {
        &self.summary.exports[export as usize]
    }

    /// The import behind a shape, if the shape is that of `require(…)` itself or of a variable that holds it.
    #[must_use]
    pub fn required_by_shape(&self, shape: ShapeRef) -> Option<&ImportFact> {
        let mut shape = shape;
        for _ in 0..MAX_STEPS {
            match self.summary.shape(shape) {
                Shape::Import(node) => return self.import(*node),
                Shape::Binding(node) => {
                    let variable = self.variable(*node)?;
                    if self.variables(*node).count() > 1 || !variable.path.is_empty() {
                        return None;
                    }
                    shape = variable.init;
                }
                _ => return None,
            }
        }
        None
    }

    /// The specifiers that the module names, with those of its re-exports; a specifier can come more than once.
    pub fn specifiers(&self) -> impl Iterator<Item = (Sym, NodeRef)> + '_ {
        let imports = self
            .summary
            .imports
            .iter()
            .filter_map(|i| Some((i.specifier?, i.node)));
        let exports = self
            .summary
            .exports
            .iter()
            .filter_map(|e| Some((export_specifier(&e.target)?, e.node)));
        imports.chain(exports)
    }
}

/// The specifier of a re-export.
#[must_use]
pub fn export_specifier(target: &ExportTarget) -> Option<Sym> {
    match target {
        ExportTarget::Reexport { specifier, .. }
        | ExportTarget::Star { specifier }
        | ExportTarget::StarAs { specifier } => Some(*specifier),
        ExportTarget::Local(_) | ExportTarget::Equals(_) => None,
    }
}

/// Gives the summary of a module that is needed; `None` if it is damaged.
pub type Load = Box<dyn Fn(ModuleIx) -> Option<ModuleSummary> + Send + Sync>;

/// All modules of a project and what lies around them.
pub struct Program {
    /// Absolute path of the project.
    pub root: PathBuf,
    /// Its packages.
    pub packages: Packages,
    /// Paths of the modules, sorted.
    files: Vec<Box<str>>,
    modules: Vec<OnceLock<Box<Module>>>,
    load: Option<Load>,
    damaged: AtomicBool,
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program")
            .field("root", &self.root)
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

/// What is thrown where a summary is needed that is damaged, through whatever needed it. It is no panic, so that nobody is
/// told of one: who gave [`Load`] catches it, and asks [`Program::is_damaged`].
#[derive(Debug)]
struct Damaged;

impl Program {
    /// Indexes summaries, on the threads of the current pool; their order does not matter.
    #[must_use]
    pub fn new(root: &Path, packages: Packages, summaries: Vec<ModuleSummary>) -> Self {
        let modules = summaries.into_par_iter();
        Self::of(root, packages, modules.map(Module::new).collect())
    }

    /// A program of modules that are indexed already; their order does not matter.
    #[must_use]
    pub fn of(root: &Path, packages: Packages, mut modules: Vec<Box<Module>>) -> Self {
        modules.sort_unstable_by(|a, b| a.file().cmp(b.file()));
        Program {
            root: root.to_owned(),
            packages,
            files: modules.iter().map(|module| module.file().into()).collect(),
            modules: modules.into_iter().map(OnceLock::from).collect(),
            load: None,
            damaged: AtomicBool::new(false),
        }
    }

    /// A program of which each summary is fetched when it is needed. `files` are sorted.
    #[must_use]
    pub fn lazy(root: &Path, packages: Packages, files: Vec<Box<str>>, load: Load) -> Self {
        Program {
            root: root.to_owned(),
            packages,
            modules: files.iter().map(|_| OnceLock::new()).collect(),
            files,
            load: Some(load),
            damaged: AtomicBool::new(false),
        }
    }

    /// Whether a summary was needed and is damaged: what was made of the program is of no use then.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }

    /// Number of modules.
    #[must_use]
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there are no modules.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Paths of all modules, sorted.
    #[must_use]
    pub fn files(&self) -> &[Box<str>] {
        &self.files
    }

    /// All modules, by path.
    pub fn modules(&self) -> impl ExactSizeIterator<Item = &Module> {
        self.indexes().map(|ix| self.module(ix))
    }

    /// The indexes of all modules.
    pub fn indexes(&self) -> impl ExactSizeIterator<Item = ModuleIx> + use<> {
        (0..self.files.len() as u32).map(ModuleIx)
    }

    /// All modules with their indexes.
    pub fn indexed(&self) -> impl Iterator<Item = (ModuleIx, &Module)> {
        self.indexes().zip(self.modules())
    }

    /// A module.
    #[must_use]
    #[inline]
    pub fn module(&self, module: ModuleIx) -> &Module {
        let slot = &self.modules[module.0 as usize];
        match slot.get() {
            Some(known) => known,
            None => self.loaded(module, slot),
        }
    }

    #[cold]
    fn loaded<'p>(&'p self, module: ModuleIx, slot: &'p OnceLock<Box<Module>>) -> &'p Module {
        slot.get_or_init(|| {
            let summary = self.load.as_ref().and_then(|load| load(module));
            Module::new(summary.unwrap_or_else(|| {
                self.damaged.store(true, Ordering::Relaxed);
                std::panic::resume_unwind(Box::new(Damaged))
            }))
        })
    }

    /// The module of a path.
    #[must_use]
    pub fn find(&self, file: &str) -> Option<ModuleIx> {
        let at = self.files.binary_search_by(|known| (**known).cmp(file));
        at.ok().map(|at| ModuleIx(at as u32))
    }
}
