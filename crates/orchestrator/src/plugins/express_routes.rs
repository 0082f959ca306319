//! Routes of Express, with the paths under which routers are mounted: an `http:route` node for each, handled by its function.
//!
//! A router is known by its module and its name. `use` mounts one router on another, or on an application, under a path; the
//! full paths of a route are the paths of all ways from an application to its router, followed by its own.

use std::collections::{BTreeMap, BTreeSet};

use graph_model::facts::{Fact, Term};
use graph_model::summary::{ExportTarget, NodeRef, Shape, SummaryNode};
use graph_model::{EdgeType, ModuleSummary, NodeId, NodeType, SemanticId};
use linker::program::ModuleIx;
use rustc_hash::FxHashMap;

use crate::plugin::{
    EnrichmentPlugin, Metadata, Ordinals, Plugin, PluginError, ProgramContext, Rows,
};

const NODE_TYPE: &str = "http:route";

/// Mounts are followed over so many routers: a router that is mounted on itself has no end.
const MAX_MOUNTS: usize = 8;

/// See the module.
pub(super) struct ExpressRoutes;

/// A router or application: the position of its module, and its name.
type Router = (usize, String);

struct Mount {
    on: Router,
    path: String,
    router: Router,
}

impl Plugin for ExpressRoutes {
    fn metadata(&self) -> Metadata {
        Metadata::new("express-routes")
            .produces(["http:route", "HANDLED_BY"])
            .covers(["express"])
    }
}

impl EnrichmentPlugin for ExpressRoutes {
    fn enrich(&self, cx: &ProgramContext<'_>, rows: &mut Rows) -> Result<(), PluginError> {
        let names = Names::new(cx);
        for found in routes_of(&names) {
            found.write(&names, rows)?;
        }
        Ok(())
    }
}

/// The routes of a program.
pub(super) fn routes(cx: &ProgramContext<'_>) -> Vec<Route> {
    let names = Names::new(cx);
    let routes = routes_of(&names).into_iter();
    routes.map(|found| found.route).collect()
}

fn routes_of<'a>(names: &Names<'a>) -> Vec<Found<'a>> {
    let mut applications = BTreeSet::new();
    let mut mounts = Vec::new();
    for (at, fact) in names.facts() {
        match (fact.kind.as_str(), &fact.term) {
            ("application", _) => drop(applications.insert((at, fact.name.clone()))),
            ("mount", Term::Call(callee, arguments)) => {
                let Some(on) = receiver(callee) else { continue };
                let (path, mounted) = match arguments.split_first() {
                    Some((first, rest)) if first.text().is_some() => {
                        (first.text().unwrap_or_default(), rest)
                    }
                    _ => ("", &arguments[..]),
                };
                for router in mounted.iter().filter_map(|term| names.router(at, term)) {
                    mounts.push(Mount {
                        on: (at, on.to_owned()),
                        path: path.to_owned(),
                        router,
                    });
                }
            }
            _ => {}
        }
    }
    let prefixes = prefixes(applications, &mounts);
    let mut ids = Ordinals::default();
    let facts = names.facts().filter(|(_, fact)| fact.kind == "route");
    facts
        .filter_map(|(at, fact)| Found::new(names, at, fact, &prefixes, &mut ids))
        .collect()
}

/// The paths under which each router can be reached.
fn prefixes(
    applications: BTreeSet<Router>,
    mounts: &[Mount],
) -> BTreeMap<Router, BTreeSet<String>> {
    let mut prefixes: BTreeMap<Router, BTreeSet<String>> = applications
        .into_iter()
        .map(|router| (router, BTreeSet::from([String::new()])))
        .collect();
    for _ in 0..MAX_MOUNTS {
        let mut grown = false;
        for mount in mounts {
            let Some(on) = prefixes.get(&mount.on).cloned() else {
                continue;
            };
            let of = prefixes.entry(mount.router.clone()).or_default();
            for prefix in on {
                grown |= of.insert(join(&prefix, &mount.path));
            }
        }
        if !grown {
            break;
        }
    }
    prefixes
}

/// A route.
pub(super) struct Route {
    pub(super) file: String,
    /// Its `http:route` node.
    pub(super) node: NodeId,
    /// In capitals; `ALL` for any.
    pub(super) method: String,
    /// As the source has it.
    path: String,
    /// With the paths under which its router is mounted; none if it is not.
    pub(super) full_paths: Vec<String>,
}

/// A route, and what tells of it.
struct Found<'a> {
    route: Route,
    name: String,
    at: usize,
    fact: &'a Fact,
    arguments: &'a [Term],
}

impl<'a> Found<'a> {
    fn new(
        names: &Names<'a>,
        at: usize,
        fact: &'a Fact,
        prefixes: &BTreeMap<Router, BTreeSet<String>>,
        ids: &mut Ordinals,
    ) -> Option<Self> {
        let Term::Call(callee, arguments) = &fact.term else {
            return None;
        };
        let (Some(on), Term::Member(_, method)) = (receiver(callee), &**callee) else {
            return None;
        };
        let path = chained_path(callee).or_else(|| arguments.first()?.text())?;
        let method = method.to_uppercase();
        let mounted = prefixes.get(&(at, on.to_owned())).into_iter().flatten();
        let name = format!("{method} {path}");
        let file = names.summary(at).file.clone();
        Some(Found {
            route: Route {
                node: NodeId::of(&ids.next_id(&file, NODE_TYPE, &name)),
                file,
                method,
                path: path.to_owned(),
                full_paths: mounted.map(|prefix| join(prefix, path)).collect(),
            },
            name,
            at,
            fact,
            arguments,
        })
    }

    fn write(&self, names: &Names<'_>, rows: &mut Rows) -> Result<(), PluginError> {
        let route = &self.route;
        let mut metadata = serde_json::json!({
            "framework": "express",
            "method": route.method,
            "path": route.path,
        });
        match &route.full_paths[..] {
            [] => metadata["mounted"] = false.into(),
            [first, others @ ..] => {
                metadata["fullPath"] = first.as_str().into();
                if !others.is_empty() {
                    metadata["otherPaths"] = others.into();
                }
            }
        }
        let at = self.fact.span;
        let span = ((at.line, at.column), (at.end_line, at.end_column));
        let metadata = metadata.to_string();
        let node = rows.spanning(&route.file, NODE_TYPE, &self.name, span, &metadata)?;
        let module = names.summary(self.at).module().node_id();
        rows.edge(module, EdgeType::Contains.as_str(), node, "");
        // What comes before the last one is middleware.
        let handler = self.arguments.last();
        if let Some(handler) = handler.and_then(|term| names.function(self.at, term)) {
            rows.edge(node, "HANDLED_BY", handler, "");
        }
        Ok(())
    }
}

/// The variable on which a chain of calls begins.
fn receiver(callee: &Term) -> Option<&str> {
    match callee {
        Term::Name(name) => Some(name),
        Term::Member(of, _) => receiver(of),
        Term::Call(callee, _) => receiver(callee),
        _ => None,
    }
}

/// The path of `route('/path')` in a chain.
fn chained_path(callee: &Term) -> Option<&str> {
    let Term::Member(of, _) = callee else {
        return None;
    };
    let Term::Call(before, arguments) = &**of else {
        return None;
    };
    match &**before {
        Term::Member(_, name) if name == "route" => arguments.first()?.text(),
        _ => chained_path(before),
    }
}

fn join(prefix: &str, path: &str) -> String {
    let path = path.trim_start_matches('/');
    let prefix = prefix.trim_end_matches('/');
    let joined = if path.is_empty() {
        prefix.to_owned()
    } else {
        format!("{prefix}/{path}")
    };
    if joined.is_empty() {
        "/".to_owned()
    } else if joined.starts_with('/') {
        joined
    } else {
        format!("/{joined}")
    }
}

/// What names in modules stand for.
struct Names<'a> {
    cx: &'a ProgramContext<'a>,
    /// EXPORT and MODULE nodes, by their modules; an EXPORT with its position.
    targets: FxHashMap<NodeId, (usize, Option<usize>)>,
}

impl<'a> Names<'a> {
    fn new(cx: &'a ProgramContext<'a>) -> Self {
        let mut targets = FxHashMap::default();
        for (at, module) in cx.program.modules().enumerate() {
            let summary = &module.summary;
            targets.insert(summary.module().node_id(), (at, None));
            for (export, fact) in summary.exports.iter().enumerate() {
                targets.insert(summary.node(fact.node).node_id(), (at, Some(export)));
            }
        }
        Names { cx, targets }
    }

    /// Facts about Express, with the positions of their modules.
    fn facts(&self) -> impl Iterator<Item = (usize, &'a Fact)> {
        let cx = self.cx;
        let modules = cx.program.modules().enumerate();
        modules.flat_map(move |(at, module)| {
            let facts = cx.facts.get(module.file()).copied().unwrap_or_default();
            facts
                .iter()
                .filter(|fact| fact.detector == "express")
                .map(move |fact| (at, fact))
        })
    }

    fn summary(&self, at: usize) -> &'a ModuleSummary {
        &self.cx.program.module(ModuleIx(at as u32)).summary
    }

    /// The router that an expression stands for.
    fn router(&self, at: usize, term: &Term) -> Option<Router> {
        match term {
            Term::Name(name) if self.is_router(at, name) => Some((at, name.clone())),
            Term::Name(name) => {
                let import = self.import_named(at, name)?;
                self.exported(at, import, self.cx.program.len())
            }
            Term::Call(callee, arguments) if **callee == Term::Name("require".to_owned()) => {
                let specifier = arguments.first()?.text()?;
                let summary = self.summary(at);
                let import = summary.imports.iter().find(|import| {
                    import
                        .specifier
                        .is_some_and(|s| summary.name(s) == specifier)
                })?;
                self.exported(at, import.node, self.cx.program.len())
            }
            _ => None,
        }
    }

    fn is_router(&self, at: usize, name: &str) -> bool {
        let file = self.summary(at).file.as_str();
        let facts = self.cx.facts.get(file).copied().unwrap_or_default();
        facts.iter().any(|fact| {
            fact.detector == "express"
                && fact.name == name
                && matches!(fact.kind.as_str(), "router" | "application")
        })
    }

    /// The IMPORT that a name of a module stands for, also through `const name = require(…)`.
    fn import_named(&self, at: usize, name: &str) -> Option<NodeRef> {
        let summary = self.summary(at);
        let is_named = |node: NodeRef| is_named(summary, node, name);
        let variables = summary.variables.iter().filter(|v| is_named(v.node));
        let required = variables.filter_map(|v| match summary.shape(v.init) {
            Shape::Import(node) => Some(*node),
            _ => None,
        });
        let imported = summary.imports.iter().map(|import| import.node);
        imported
            .filter(|node| is_named(*node))
            .chain(required)
            .next()
    }

    /// The router that an IMPORT or EXPORT leads to, over at most so many modules.
    fn exported(&self, at: usize, node: NodeRef, steps: usize) -> Option<Router> {
        self.targets_of(at, node).find_map(|(module, export)| {
            let summary = self.summary(module);
            // A module as a whole is what it assigns to `module.exports`.
            let mut exports = match export {
                Some(export) => summary.exports.get(export..=export)?.iter(),
                None => summary.exports.iter(),
            };
            exports.find_map(|fact| match &fact.target {
                ExportTarget::Local(nodes) if export.is_some() => self.named(module, nodes),
                ExportTarget::Equals(nodes) => self.named(module, nodes),
                ExportTarget::Reexport { .. } if export.is_some() && steps > 0 => {
                    self.exported(module, fact.node, steps - 1)
                }
                _ => None,
            })
        })
    }

    fn named(&self, at: usize, nodes: &[NodeRef]) -> Option<Router> {
        let summary = self.summary(at);
        let facts = self.cx.facts.get(summary.file.as_str())?;
        let names = facts.iter().map(|fact| fact.name.as_str());
        let mut routers = names.filter(|name| !name.is_empty() && self.is_router(at, name));
        let router =
            routers.find(|name| nodes.iter().any(|&node| is_named(summary, node, name)))?;
        Some((at, router.to_owned()))
    }

    /// The FUNCTION that an expression stands for, if the summary mentions it; also through an import.
    fn function(&self, at: usize, term: &Term) -> Option<NodeId> {
        let summary = self.summary(at);
        let mut nodes = (0..).map(NodeRef).zip(&summary.nodes);
        match term {
            Term::Function(line, column) => {
                let found = nodes
                    .find(|(_, n)| is_function(n) && (n.line, n.column) == (*line, *column))?;
                Some(found.1.node_id())
            }
            Term::Name(name) => match self.import_named(at, name) {
                Some(import) => self.imported_function(at, import, self.cx.program.len()),
                None => {
                    let mut named = nodes.filter(|(node, _)| is_named(summary, *node, name));
                    named.find_map(|(node, _)| held_function(summary, node))
                }
            },
            // `controller.list` of `import * as controller`, or of an object that is exported.
            Term::Member(of, name) => {
                let Term::Name(whole) = &**of else {
                    return None;
                };
                let import = self.import_named(at, whole)?;
                self.targets_of(at, import).find_map(|(module, export)| {
                    let summary = self.summary(module);
                    match export {
                        None => self.exported_function(module, name, self.cx.program.len()),
                        Some(export) => {
                            let nodes = local_nodes(&summary.exports.get(export)?.target)?;
                            nodes
                                .iter()
                                .find_map(|&node| property_function(summary, node, name))
                        }
                    }
                })
            }
            _ => None,
        }
    }

    /// Where the link of an IMPORT or EXPORT leads: modules, and positions of exports in them.
    fn targets_of(
        &self,
        at: usize,
        node: NodeRef,
    ) -> impl Iterator<Item = (usize, Option<usize>)> + '_ {
        let src = self.summary(at).node(node).node_id();
        let links = self.cx.links.files.get(at).into_iter();
        let from = links
            .flat_map(|links| links.edges())
            .filter(move |e| e.src == src && e.edge_type == EdgeType::ImportsFrom);
        from.filter_map(|edge| self.targets.get(&edge.dst).copied())
    }

    /// The FUNCTION that an IMPORT or EXPORT leads to, over at most so many modules.
    fn imported_function(&self, at: usize, node: NodeRef, steps: usize) -> Option<NodeId> {
        self.targets_of(at, node).find_map(|(module, export)| {
            let summary = self.summary(module);
            let exports = match export {
                Some(export) => summary.exports.get(export..=export)?,
                // A module as a whole is what it assigns to `module.exports`.
                None => &summary.exports[..],
            };
            exports.iter().find_map(|fact| match &fact.target {
                ExportTarget::Local(nodes) if export.is_some() => {
                    nodes.iter().find_map(|&node| held_function(summary, node))
                }
                ExportTarget::Equals(nodes) => {
                    nodes.iter().find_map(|&node| held_function(summary, node))
                }
                ExportTarget::Reexport { .. } if export.is_some() && steps > 0 => {
                    self.imported_function(module, fact.node, steps - 1)
                }
                _ => None,
            })
        })
    }

    /// The FUNCTION that a module exports under a name.
    fn exported_function(&self, module: usize, name: &str, steps: usize) -> Option<NodeId> {
        let summary = self.summary(module);
        let named = summary
            .exports
            .iter()
            .filter(|fact| summary.name(fact.name) == name);
        let mut own = named.clone().filter_map(|fact| local_nodes(&fact.target));
        own.find_map(|nodes| nodes.iter().find_map(|&node| held_function(summary, node)))
            .or_else(|| {
                let mut reexports = named;
                reexports.find_map(|fact| self.imported_function(module, fact.node, steps))
            })
    }
}

fn is_function(node: &SummaryNode) -> bool {
    matches!(
        node.node_type(),
        Some(NodeType::Function | NodeType::Method)
    )
}

/// The nodes of its own module that an export stands for.
fn local_nodes(target: &ExportTarget) -> Option<&[NodeRef]> {
    match target {
        ExportTarget::Local(nodes) | ExportTarget::Equals(nodes) => Some(nodes),
        _ => None,
    }
}

/// The function that a node is, or that a variable is initialised with.
fn held_function(summary: &ModuleSummary, node: NodeRef) -> Option<NodeId> {
    let at = summary.node(node);
    if is_function(at) {
        return Some(at.node_id());
    }
    let variable = summary.variables.iter().find(|v| v.node == node)?;
    match *summary.shape(variable.init) {
        Shape::Function(function) => Some(summary.node(function).node_id()),
        _ => None,
    }
}

/// The function that an object literal, or a variable that holds one, has under a name.
fn property_function(summary: &ModuleSummary, node: NodeRef, name: &str) -> Option<NodeId> {
    let variable = summary.variables.iter().find(|v| v.node == node);
    let object = match variable.map(|v| *summary.shape(v.init)) {
        Some(Shape::Object(object)) => object,
        _ => node,
    };
    let object = summary.objects.iter().find(|o| o.node == object)?;
    let properties = object.properties.of(&summary.properties).iter();
    let mut named = properties.filter(|property| summary.name(property.name) == name);
    named.find_map(|property| match *summary.shape(property.shape) {
        Shape::Function(function) => Some(summary.node(function).node_id()),
        Shape::Binding(node) => held_function(summary, node),
        _ => None,
    })
}

/// Types of nodes that a name at the top of a module can stand for.
const NAMED: [NodeType; 4] = [
    NodeType::Import,
    NodeType::Variable,
    NodeType::Constant,
    NodeType::Function,
];

/// Whether a node is what a name at the top of its module stands for. Not every summary has the texts of its ids.
fn is_named(summary: &ModuleSummary, node: NodeRef, name: &str) -> bool {
    let node = summary.node(node);
    let node_type = node.node_type().filter(|ty| NAMED.contains(ty));
    node_type.is_some_and(|ty| {
        let id = SemanticId::new(summary.file.as_str(), ty, name).to_string();
        NodeId::of(&id) == node.node_id()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_join() {
        assert_eq!(join("", ""), "/");
        assert_eq!(join("/api/", "/users"), "/api/users");
        assert_eq!(join("/api", "/"), "/api");
        assert_eq!(join("", "users/:id"), "/users/:id");
    }
}
