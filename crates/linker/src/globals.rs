//! Names that all modules see without an import: those of `declare global`.

use graph_model::NodeType;
use graph_model::summary::{NodeRef, Sym};
use rustc_hash::FxHashMap;

use crate::eval::Place;
use crate::program::{Module, ModuleIx, Program};

/// Names that `declare global` declares in some modules, with their nodes.
pub(crate) fn declared(
    program: &Program,
    modules: impl Iterator<Item = ModuleIx>,
) -> FxHashMap<&str, Vec<Place>> {
    let mut globals: FxHashMap<&str, Vec<Place>> = FxHashMap::default();
    for module in modules {
        let of = program.module(module);
        for (name, node) in of_module(of) {
            globals
                .entry(of.summary.name(name))
                .or_default()
                .push(Place { module, node });
        }
    }
    globals
}

/// Those of one module.
pub(crate) fn of_module(of: &Module) -> impl Iterator<Item = (Sym, NodeRef)> + '_ {
    let scopes = of.summary.scopes.iter().filter(|scope| {
        of.summary
            .semantic_id(scope.node)
            .ends_with("->NAMESPACE->global")
    });
    let members = scopes.flat_map(|scope| scope.members.iter().copied());
    // An interface adds to the library's own one, which has more members.
    members.filter(|&(_, node)| {
        let node_type = of.summary.node(node).node_type();
        !matches!(node_type, Some(NodeType::Interface | NodeType::Type))
    })
}
