//! The plugins that come with the program. To add one, write its file here and register it in [`all`].

mod broken_imports;
mod express_routes;
mod file_walk;
mod graph_connectivity;
mod graph_counts;
mod http_requests;
mod linker;
mod module_analyzer;
mod project_index;
mod service_connections;
mod services;
mod unresolved_calls;

use std::collections::BTreeSet;

use graph_model::facts::{Fact, Term};
use graph_model::{Diagnostic, EdgeType, ModuleSummary, NodeId, NodeType};

use crate::Phase;
use crate::config::{self, Config, near};
use crate::plugin::{ExternalPlugin, Registry};

/// Plugins that run only if the configuration names them. `graph-connectivity` walks every edge of the graph to find what
/// must not be there, which took a sixth of an initial run; the tests check the same of every graph that they make.
const ON_DEMAND: &[&str] = &["graph-connectivity", "unresolved-calls"];

/// Plugins on which all others rest. They run also where a configuration names the plugins of their phase and not them, unless
/// it says that they are not to run.
const FOUNDATION: &[&str] = &[
    "file-walk",
    "project-index",
    "module-analyzer",
    "linker",
    "graph-counts",
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

/// Plugins of Grafema whose work is done by reading, linking, or a plugin of another name: its configurations can be used.
const ELSEWHERE: &[&str] = &[
    "SimpleProjectDiscovery",
    "MonorepoServiceDiscovery",
    "WorkspaceDiscovery",
    "JSModuleIndexer",
    "JSASTAnalyzer",
    "ImportExportLinker",
    "FunctionCallResolver",
    "MethodCallResolver",
    "ArgumentParameterLinker",
    "AliasTracker",
    "CallbackCallResolver",
    "ClosureCaptureEnricher",
    "InstanceOfResolver",
    "ExternalCallResolver",
    "NodejsBuiltinsResolver",
    "ExpressRouteAnalyzer",
    "MountPointResolver",
    "ExpressHandlerLinker",
    "FetchAnalyzer",
    "ConfigRoutingMapBuilder",
    "ServiceConnectionEnricher",
    "GraphConnectivityValidator",
    "BrokenImportValidator",
    "CallResolverValidator",
];

fn all() -> Registry {
    let mut plugins = Registry::default();
    plugins
        .discovery(file_walk::FileWalk)
        .discovery(services::Configured)
        .discovery(services::Workspaces)
        .discovery(services::SingleProject)
        .indexing(project_index::ProjectIndex)
        .analysis(module_analyzer::ModuleAnalyzer)
        .analysis(http_requests::HttpRequests)
        .enrichment(linker::Linker)
        .enrichment(express_routes::ExpressRoutes)
        .enrichment(service_connections::ServiceConnections)
        .validation(graph_counts::GraphCounts)
        .validation(graph_connectivity::GraphConnectivity)
        .validation(broken_imports::BrokenImports)
        .validation(unresolved_calls::UnresolvedCalls);
    plugins
}

/// The plugins that run if nothing is configured.
#[must_use]
pub fn default_plugins() -> Registry {
    let mut plugins = all();
    for phase in Phase::ALL {
        plugins.retain(phase, |name| !ON_DEMAND.contains(&name));
    }
    plugins
}

/// The plugins that a configuration asks for.
#[must_use]
pub fn configured_plugins(config: &Config) -> Registry {
    let mut plugins = all();
    for phase in Phase::ALL {
        match config.plugins.iter().find(|(of, _)| *of == phase) {
            None => plugins.retain(phase, |name| !ON_DEMAND.contains(&name)),
            Some((_, named)) => {
                let says = |name: &str, left_out: bool| {
                    let mut of_name = named.iter().filter(|plugin| plugin.name == name);
                    of_name.any(|plugin| plugin.left_out == left_out)
                };
                // A list that only takes away takes away from the default.
                let takes_away = !named.is_empty() && named.iter().all(|plugin| plugin.left_out);
                plugins.retain(phase, |name| {
                    let is_default = match takes_away {
                        true => !ON_DEMAND.contains(&name),
                        false => FOUNDATION.contains(&name) || says(name, false),
                    };
                    is_default && !says(name, true)
                });
                for external in named.iter().filter_map(ExternalPlugin::of) {
                    if phase == Phase::Validation {
                        plugins.validation(external);
                    } else {
                        plugins.enrichment(external);
                    }
                }
            }
        }
    }
    plugins
}

/// The plugins of a run, those of a configuration and others, and what the graph lacks without those that the configuration
/// leaves out.
pub(crate) fn plugins_of_run(config: &Config, others: &Registry) -> (Registry, Vec<Diagnostic>) {
    let mut plugins = configured_plugins(config);
    plugins.append(others);
    let produced = |plugins: &Registry| -> BTreeSet<String> {
        let phases = Phase::ALL.into_iter();
        let about = phases.flat_map(|phase| plugins.of_phase(phase));
        about.flat_map(|about| about.produces).collect()
    };
    let now = produced(&plugins);
    let ours = all();
    let of_model = |name: &String| {
        NodeType::parse(name).is_some() || EdgeType::ALL.iter().any(|edge| edge.as_str() == name)
    };
    let mut lacks = Vec::new();
    for phase in Phase::ALL {
        let running = plugins.of_phase(phase);
        for left_out in ours.of_phase(phase) {
            let missing: Vec<&str> = (left_out.produces.iter())
                .filter(|name| of_model(name) && !now.contains(*name))
                .map(String::as_str)
                .collect();
            if running.iter().any(|about| about.answers_to(&left_out.name)) || missing.is_empty() {
                continue;
            }
            lacks.push(Diagnostic::file_warning(
                "plugin-left-out",
                config::FILE,
                format!(
                    "`plugins` leaves out {}: the graph has no {}",
                    left_out.name,
                    missing.join(", ")
                ),
            ));
        }
    }
    (plugins, lacks)
}

/// Whether a diagnostic of the linker is told only if a plugin reports it.
pub(crate) fn is_validated(code: &str) -> bool {
    broken_imports::CODES.contains(&code)
}

/// Whether a plugin is known by a name.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let known = all().names();
    let names = || known.iter().map(|(_, name)| name.as_str());
    if names().any(|known| known == name) || ELSEWHERE.contains(&name) {
        return Ok(());
    }
    Err(match near(name, names()) {
        Some(near) => format!("there is no plugin `{name}`; did you mean `{near}`?"),
        None => format!(
            "there is no plugin `{name}`, and it has no `command`; known are {}",
            names().collect::<Vec<_>>().join(", ")
        ),
    })
}

/// The CALL that a fact is about, if the summary mentions it.
fn call_node(summary: &ModuleSummary, fact: &Fact) -> Option<NodeId> {
    let Term::Call(callee, _) = &fact.term else {
        return None;
    };
    let path = callee.path()?;
    let calls = summary.calls.iter().map(|call| call.node);
    let mut calls = calls.filter(|&node| {
        let at = summary.node(node);
        // A chain of calls begins at one place; the names tell its calls apart.
        (at.line, at.column) == (fact.span.line, fact.span.column)
            && at.node_type() == Some(NodeType::Call)
            && summary
                .local_id(node)
                .strip_prefix(path.as_str())
                .is_some_and(ends)
    });
    Some(summary.node(calls.next()?).node_id())
}

/// Whether a name in an id ends here: nothing but a scope or a number follows.
fn ends(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with("[in:") || rest.starts_with('#')
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use ::linker::Program;
    use ::linker::packages::Packages;

    use super::*;
    use crate::discovery::discover;

    fn configured(text: &str) -> (Vec<String>, Vec<String>) {
        let config = Config::parse(text).unwrap();
        let (plugins, lacks) = plugins_of_run(&config, &Registry::default());
        let names = plugins.names().into_iter().map(|(_, name)| name);
        let lacks = lacks.into_iter().map(|lack| lack.message);
        (names.collect(), lacks.collect())
    }

    #[test]
    fn a_configuration_names_plugins_or_leaves_them_out() {
        let (default, lacks) = configured("");
        assert_eq!(lacks, Vec::<String>::new());
        let without = |names: &[&str]| -> Vec<String> {
            let kept = default
                .iter()
                .filter(|name| !names.contains(&name.as_str()));
            kept.cloned().collect()
        };
        // Whoever names plugins means those beside the foundation; whoever leaves some out, all others.
        let named = configured("plugins: {enrichment: [service-connections]}");
        assert_eq!(named, (without(&["express-routes"]), Vec::new()));
        let none = configured("plugins: {enrichment: [], analysis: []}").0;
        let added = ["express-routes", "service-connections", "http-requests"];
        assert_eq!(none, without(&added));
        let fewer = configured("plugins: {enrichment: ['!express-routes']}");
        assert_eq!(fewer, (without(&["express-routes"]), Vec::new()));

        let (names, lacks) = configured("plugins: {enrichment: ['!linker', express-routes]}");
        assert_eq!(names, without(&["linker", "service-connections"]));
        let lacking = "`plugins` leaves out linker: the graph has no DEPENDS_ON, IMPORTS, IMPORTS_FROM, OVERRIDES, RECEIVES_ARGUMENT, UNRESOLVED_CALL";
        assert_eq!(lacks, [lacking]);
        let (_, lacks) = configured("plugins: {indexing: ['!project-index']}");
        assert_eq!(
            lacks,
            ["`plugins` leaves out project-index: the graph has no PROJECT, SERVICE"]
        );
    }

    #[test]
    fn plugins_produce_what_they_say() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
        let root = std::fs::canonicalize(root).unwrap();
        let (mut of_modules, mut of_links) = (BTreeSet::new(), BTreeSet::new());
        let mut summaries = Vec::new();
        for file in discover(&root).files {
            let text = std::fs::read_to_string(root.join(&file.path)).unwrap();
            let module = analyzer::analyze_module(&file.path, &text, &Default::default());
            let nodes = module.graph.nodes().iter();
            of_modules.extend(nodes.map(|node| node.node_type.as_str().to_owned()));
            let edges = module.graph.edges().iter();
            of_modules.extend(edges.map(|edge| edge.edge_type.as_str().to_owned()));
            summaries.push(module.summary);
        }
        let program = Program::new(&root, Packages { all: Vec::new() }, summaries);
        for links in ::linker::link(&program, &Default::default()).files {
            of_links.extend(links.edges().map(|edge| edge.edge_type.as_str().to_owned()));
        }
        let plugins = all();
        let about = |phase, name: &str| {
            let mut about = plugins.of_phase(phase).into_iter();
            about.find(|about| about.name == name).unwrap()
        };
        for (about, found) in [
            (about(Phase::Analysis, "module-analyzer"), of_modules),
            (about(Phase::Enrichment, "linker"), of_links),
        ] {
            assert!(
                found.len() > 10,
                "{} finds too little: {found:?}",
                about.name
            );
            let mut untold = found.iter().filter(|name| !about.produces.contains(name));
            assert_eq!(untold.next(), None, "{} does not tell it", about.name);
        }
    }
}
