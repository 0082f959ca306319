//! Names that all modules see without an import: those of `declare global`; and what scripts share, which have no other
//! way to name each other's functions than the global object.

use graph_model::NodeType;
use graph_model::summary::{MemberKind, ModuleType, NodeRef, PropertyKind, Shape};
use rustc_hash::FxHashMap;

use crate::eval::Place;
use crate::program::{Module, ModuleIx, Program, Role};

/// Nodes by name.
type Named<'p> = FxHashMap<&'p str, Vec<Place>>;

/// Names that `declare global` declares, with their nodes.
pub(crate) fn declared(program: &Program, modules: impl Iterator<Item = ModuleIx>) -> Named<'_> {
    named(program, modules, of_module)
}

/// What scripts tell each other by names alone: targets by these are only possible ones.
#[derive(Debug, Default)]
pub(crate) struct Scripts<'p> {
    /// Functions and classes at the top of scripts.
    pub(crate) globals: Named<'p>,
    /// Functions that are members of something.
    pub(crate) members: Named<'p>,
}

impl<'p> Scripts<'p> {
    /// Those of some modules.
    pub(crate) fn of<I: Iterator<Item = ModuleIx>>(
        program: &'p Program,
        modules: impl Fn() -> I,
    ) -> Self {
        Scripts {
            globals: named(program, modules(), script_globals),
            members: named(program, modules(), script_members),
        }
    }
}

fn named<'p, I: Iterator<Item = (&'p str, NodeRef)>>(
    program: &'p Program,
    modules: impl Iterator<Item = ModuleIx>,
    of_module: impl Fn(&'p Module) -> I,
) -> Named<'p> {
    let mut all: Named<'p> = FxHashMap::default();
    for module in modules {
        let of = program.module(module);
        for (name, node) in of_module(of) {
            all.entry(name).or_default().push(Place { module, node });
        }
    }
    all
}

/// Those of `declare global` in one module.
pub(crate) fn of_module(of: &Module) -> impl Iterator<Item = (&str, NodeRef)> {
    let scopes = of.summary.scopes.iter().filter(|scope| {
        of.summary.node(scope.node).node_type() == Some(NodeType::Namespace)
            && of.summary.local_id(scope.node) == "global"
    });
    let members = scopes.flat_map(|scope| scope.members.iter());
    members.map(|&(name, node)| (of.summary.name(name), node))
}

/// The functions and classes that a script declares at its top.
pub(crate) fn script_globals(of: &Module) -> impl Iterator<Item = (&str, NodeRef)> {
    let is_script = of.summary.module_type == ModuleType::Script;
    let functions = of.summary.functions.iter().map(|f| f.node);
    let functions = functions.filter(|&f| matches!(of.role(f), None | Some(Role::Variable(_))));
    let classes = of.summary.classes.iter().map(|c| c.node);
    let nodes = functions.chain(classes).filter(move |_| is_script);
    nodes.filter_map(|node| {
        // As the id tells it: with `[in:scope]` for one that is not at the top.
        let name = of.summary.local_id(node);
        let node_type = of.summary.node(node).node_type()?;
        let plain = !name.is_empty() && !name.contains(['[', '#', '<']);
        (plain && matches!(node_type, NodeType::Function | NodeType::Class)).then_some((name, node))
    })
}

/// The functions that a script makes members of something: methods, properties of literals, written properties.
pub(crate) fn script_members(of: &Module) -> impl Iterator<Item = (&str, NodeRef)> {
    let summary = &of.summary;
    let is_script = summary.module_type == ModuleType::Script;
    let methods = summary.members.iter().filter_map(|m| match m.kind {
        MemberKind::Method if of.function(m.node?)?.has_body => Some((m.name, m.node?)),
        _ => None,
    });
    let function = |shape| match *summary.shape(shape) {
        Shape::Function(node) => Some(node),
        _ => None,
    };
    let properties = summary.properties.iter();
    let properties = properties.filter(|p| p.kind == PropertyKind::Value);
    let properties = properties.filter_map(move |p| Some((p.name, function(p.shape)?)));
    let writes = summary.writes.iter();
    let writes = writes.filter_map(move |w| Some((w.name, function(w.value)?)));
    let all = methods
        .chain(properties)
        .chain(writes)
        .filter(move |_| is_script);
    all.map(|(name, node)| (summary.name(name), node))
}
