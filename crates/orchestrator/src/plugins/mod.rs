//! The plugins that come with the program. To add one, write its file here and register it in [`all`].

mod broken_imports;
mod express_routes;
mod graph_connectivity;
mod http_requests;
mod service_connections;
mod services;
pub(crate) mod steps;
mod unresolved_calls;

use graph_model::facts::{Fact, Term};
use graph_model::{ModuleSummary, NodeId};

use crate::Phase;
use crate::config::{Config, near};
use crate::plugin::{ExternalPlugin, Registry};

/// Plugins that run only if the configuration names them. `graph-connectivity` walks every edge of the graph to find what
/// must not be there, which took a sixth of an initial run; the tests check the same of every graph that they make.
const ON_DEMAND: &[&str] = &["graph-connectivity", "unresolved-calls"];

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
    steps::register(&mut plugins);
    plugins
        .discovery(services::Configured)
        .discovery(services::Workspaces)
        .discovery(services::SingleProject)
        .analysis(http_requests::HttpRequests)
        .enrichment(express_routes::ExpressRoutes)
        .enrichment(service_connections::ServiceConnections)
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
                plugins.retain(phase, |name| named.iter().any(|plugin| plugin.name == name));
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
            && summary
                .semantic_id(node)
                .split("->CALL->")
                .nth(1)
                .is_some_and(|name| name.strip_prefix(path.as_str()).is_some_and(ends))
    });
    Some(summary.node(calls.next()?).node_id())
}

/// Whether a name in an id ends here: nothing but a scope or a number follows.
fn ends(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with("[in:") || rest.starts_with('#')
}
