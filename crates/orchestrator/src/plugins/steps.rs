//! The run's own step of each phase. It begins the phase and cannot be left out, since what comes later is made of what it
//! makes. For the others it is a plugin like any other: it has a name on which they can depend, types that it produces, and a
//! time in the profile.

use graph_model::{EdgeType, NodeType};

use crate::Phase;
use crate::plugin::{Metadata, Plugin, Registry};

/// DISCOVERY: finds files (`discovery/`).
pub(crate) const FILE_WALK: &str = "file-walk";
/// INDEXING: reads `package.json` files, and plans what is above the modules (`index.rs`).
pub(crate) const PROJECT_INDEX: &str = "project-index";
/// ANALYSIS: makes a graph of each module (the crate `analyzer`).
pub(crate) const MODULE_ANALYZER: &str = "module-analyzer";
/// ENRICHMENT: joins modules (the crate `linker`).
pub(crate) const LINKER: &str = "linker";
/// VALIDATION: counts what is stored, and compares it with what was analyzed (`run/result.rs`).
pub(crate) const GRAPH_COUNTS: &str = "graph-counts";

/// Types of edges that linking makes.
const LINKED: &[EdgeType] = &[
    EdgeType::Calls,
    EdgeType::Contains,
    EdgeType::DependsOn,
    EdgeType::DerivesFrom,
    EdgeType::Extends,
    EdgeType::FlowsInto,
    EdgeType::Implements,
    EdgeType::Imports,
    EdgeType::ImportsFrom,
    EdgeType::InstanceOf,
    EdgeType::Overrides,
    EdgeType::ReadsFrom,
    EdgeType::ReceivesArgument,
    EdgeType::Rejects,
    EdgeType::Renders,
    EdgeType::ResolvesTo,
    EdgeType::Throws,
    EdgeType::UnresolvedCall,
    EdgeType::WritesTo,
];

/// Types of edges that a module alone does not have.
const BETWEEN_MODULES: &[EdgeType] = &[
    EdgeType::DependsOn,
    EdgeType::Imports,
    EdgeType::ImportsFrom,
    EdgeType::Overrides,
    EdgeType::ReceivesArgument,
    EdgeType::UnresolvedCall,
];

/// Types of nodes above the modules.
const ABOVE: &[NodeType] = &[NodeType::Project, NodeType::Service];

/// Types of nodes outside of the project.
const OUTSIDE: &[NodeType] = &[
    NodeType::ExternalModule,
    NodeType::ExternalFunction,
    NodeType::NetStdio,
];

struct Step {
    name: &'static str,
    produces: Vec<&'static str>,
}

impl Plugin for Step {
    fn metadata(&self) -> Metadata {
        Metadata::new(self.name).produces(self.produces.iter().copied())
    }
}

fn words(
    nodes: impl Iterator<Item = NodeType>,
    edges: impl Iterator<Item = EdgeType>,
) -> Vec<&'static str> {
    let nodes = nodes.map(NodeType::as_str);
    nodes.chain(edges.map(EdgeType::as_str)).collect()
}

/// Registers the steps.
pub(super) fn register(plugins: &mut Registry) {
    let contains = [EdgeType::Contains].into_iter();
    let above = words(ABOVE.iter().copied(), contains);
    let analyzed = words(
        NodeType::ALL.iter().copied().filter(|t| !ABOVE.contains(t)),
        EdgeType::ALL
            .iter()
            .copied()
            .filter(|t| !BETWEEN_MODULES.contains(t)),
    );
    let linked = words(OUTSIDE.iter().copied(), LINKED.iter().copied());
    for (phase, name, produces) in [
        (Phase::Discovery, FILE_WALK, Vec::new()),
        (Phase::Indexing, PROJECT_INDEX, above),
        (Phase::Analysis, MODULE_ANALYZER, analyzed),
        (Phase::Enrichment, LINKER, linked),
        (Phase::Validation, GRAPH_COUNTS, Vec::new()),
    ] {
        plugins.step(phase, Step { name, produces });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use linker::Program;
    use linker::packages::Packages;

    use super::*;
    use crate::discovery::discover;

    fn produced(name: &str) -> BTreeSet<String> {
        let mut plugins = Registry::default();
        register(&mut plugins);
        let steps = Phase::ALL
            .into_iter()
            .flat_map(|phase| plugins.steps_of(phase));
        let mut of_name = steps.filter(|step| step.name == name);
        of_name.next().unwrap().produces.into_iter().collect()
    }

    #[test]
    fn steps_produce_what_they_say() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
        let root = std::fs::canonicalize(root).unwrap();
        let (mut of_modules, mut of_links) = (BTreeSet::new(), BTreeSet::new());
        let mut summaries = Vec::new();
        for file in discover(&root).files {
            let text = std::fs::read_to_string(root.join(&file.path)).unwrap();
            let module = analyzer::analyze_module(&file.path, &text, &Default::default());
            of_modules.extend(
                module
                    .graph
                    .nodes()
                    .iter()
                    .map(|n| n.node_type.as_str().to_owned()),
            );
            of_modules.extend(
                module
                    .graph
                    .edges()
                    .iter()
                    .map(|e| e.edge_type.as_str().to_owned()),
            );
            summaries.push(module.summary);
        }
        let program = Program::new(&root, Packages { all: Vec::new() }, summaries);
        for links in linker::link(&program, &Default::default()).files {
            of_links.extend(links.edges().map(|edge| edge.edge_type.as_str().to_owned()));
        }
        for (step, found) in [(MODULE_ANALYZER, of_modules), (LINKER, of_links)] {
            assert!(found.len() > 10, "{step} finds too little: {found:?}");
            let told = produced(step);
            let untold: Vec<_> = found.difference(&told).collect();
            assert!(
                untold.is_empty(),
                "{step} does not tell that it produces {untold:?}"
            );
        }
    }
}
