//! Names that scripts share: what a script declares at its top is a name of the global object for the others.

use graph_model::NodeType;
use graph_model::summary::ModuleType;
use rustc_hash::FxHashMap;

use crate::eval::Place;
use crate::program::Program;

/// Names that `declare global` declares, with their nodes.
pub(crate) fn declared(program: &Program) -> FxHashMap<&str, Vec<Place>> {
    let mut globals: FxHashMap<&str, Vec<Place>> = FxHashMap::default();
    for (module, of) in program.indexed() {
        let _ = ModuleType::Script;
        for scope in &of.summary.scopes {
            if of
                .summary
                .semantic_id(scope.node)
                .ends_with("->NAMESPACE->global")
            {
                for &(name, node) in &scope.members {
                    // An interface adds to the library's own one, which has more members.
                    let node_type = of.summary.node(node).node_type();
                    if matches!(node_type, Some(NodeType::Interface | NodeType::Type)) {
                        continue;
                    }
                    globals
                        .entry(of.summary.name(name))
                        .or_default()
                        .push(Place { module, node });
                }
            }
        }
    }
    globals
}
