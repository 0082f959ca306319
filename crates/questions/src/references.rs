//! What refers to declarations: under their own name, and under the names that they were exported and imported as.

use graph_model::{EdgeType, NodeType};
use rfdb_client::{Direction, NodeId};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::Result;
use crate::graph::{Edge, EdgeFacts, Graph};

/// Edges into a declaration, or into an alias of it, that are uses of it. Left out is what says the same as another:
/// RECEIVES_ARGUMENT (PASSES_ARGUMENT does), CAPTURES, and the parts of branches and loops.
pub(crate) const USES: &[EdgeType] = &[
    EdgeType::Calls,
    EdgeType::Renders,
    EdgeType::Uses,
    EdgeType::PassesArgument,
    EdgeType::PassesProp,
    EdgeType::ReadsFrom,
    EdgeType::AssignedFrom,
    EdgeType::DerivesFrom,
    EdgeType::FlowsInto,
    EdgeType::HasProperty,
    EdgeType::HasElement,
    EdgeType::HasCondition,
    EdgeType::IteratesOver,
    EdgeType::Modifies,
    EdgeType::InstanceOf,
    EdgeType::Extends,
    EdgeType::Implements,
    EdgeType::Overrides,
    EdgeType::HasType,
    EdgeType::ReturnsType,
    EdgeType::Throws,
    EdgeType::Rejects,
    EdgeType::Exports,
    EdgeType::ImportsFrom,
    EdgeType::DependsOn,
    EdgeType::Imports,
];

/// Edges out of a value that are uses of it.
pub(crate) const USES_OUT: &[EdgeType] = &[
    EdgeType::FlowsInto,
    EdgeType::Returns,
    EdgeType::Yields,
    EdgeType::DelegatesTo,
];

/// Edges by which a caller depends on a callable: it is called there, or handed on to be called.
pub(crate) const CALLS: &[EdgeType] = &[
    EdgeType::Calls,
    EdgeType::Renders,
    EdgeType::PassesArgument,
    EdgeType::PassesProp,
];

/// Declarations with everything that stands for them.
#[derive(Debug, Default)]
pub(crate) struct Aliases {
    /// From a declaration, export, import or destructured binding to the declaration that it stands for.
    pub(crate) origin: FxHashMap<NodeId, NodeId>,
    /// From a namespace (or `require`d module) and a name in it to the declaration.
    members: FxHashMap<NodeId, Vec<(String, NodeId)>>,
}

impl Aliases {
    /// Follows exports and imports from declarations; one request for each step of the chain.
    pub(crate) fn of(
        graph: &mut Graph<'_>,
        declarations: impl IntoIterator<Item = (NodeId, NodeId)>,
    ) -> Result<Self> {
        let mut aliases = Aliases::default();
        let mut level = Vec::new();
        for (node, origin) in declarations {
            if aliases.origin.insert(node, origin).is_none() {
                level.push(node);
            }
        }
        graph.load(level.iter().copied())?;
        // Who imports a whole module or package has no other name for one thing in it.
        level.retain(|id| {
            graph
                .node(*id)
                .is_some_and(|n| !n.is(NodeType::Module) && !n.is(NodeType::ExternalModule))
        });
        let mut namespaces: Vec<NodeId> = Vec::new();
        while !level.is_empty() || !namespaces.is_empty() {
            let named = graph.edges(
                &level,
                Direction::Incoming,
                &[EdgeType::Exports, EdgeType::ImportsFrom],
            )?;
            // `const add = require('./add')`: the import is a value, and the constant its name.
            let required: Vec<NodeId> = level
                .iter()
                .copied()
                .filter(|id| graph.node(*id).is_some_and(|n| n.is(NodeType::Import)))
                .collect();
            let bound = graph.edges(&required, Direction::Incoming, &[EdgeType::AssignedFrom])?;
            let selected =
                graph.edges(&namespaces, Direction::Incoming, &[EdgeType::AssignedFrom])?;
            level.clear();
            namespaces.clear();
            for edge in named {
                let Some(&origin) = aliases.origin.get(&edge.dst) else {
                    continue;
                };
                match &edge.facts.imported {
                    None => {
                        if aliases.add(edge.src, origin) {
                            level.push(edge.src);
                        }
                    }
                    Some(name) => {
                        let members = aliases.members.entry(edge.src).or_default();
                        if members.is_empty() {
                            namespaces.push(edge.src);
                        }
                        let member = (name.clone(), origin);
                        if !members.contains(&member) {
                            members.push(member);
                        }
                    }
                }
            }
            for edge in bound {
                let whole = edge.facts.property_path.is_empty();
                if let Some(&origin) = aliases.origin.get(&edge.dst)
                    && whole
                    && aliases.add(edge.src, origin)
                {
                    level.push(edge.src);
                }
            }
            for edge in selected {
                let origin = edge
                    .occurrences()
                    .find_map(|facts| aliases.member(edge.dst, facts));
                if let Some(origin) = origin
                    && aliases.add(edge.src, origin)
                {
                    level.push(edge.src);
                }
            }
            graph.load(level.iter().copied())?;
        }
        Ok(aliases)
    }

    fn add(&mut self, alias: NodeId, origin: NodeId) -> bool {
        let new = !self.origin.contains_key(&alias);
        if new {
            self.origin.insert(alias, origin);
        }
        new
    }

    /// The declaration that a namespace's member of this path is.
    fn member(&self, namespace: NodeId, facts: &EdgeFacts) -> Option<NodeId> {
        let [name] = facts.property_path.as_slice() else {
            return None;
        };
        self.members
            .get(&namespace)?
            .iter()
            .find(|(member, _)| member == name)
            .map(|(_, origin)| *origin)
    }
}

/// A place that uses a declaration.
#[derive(Debug)]
pub(crate) struct Use {
    /// The node that uses it, where the use is to be shown.
    pub(crate) node: NodeId,
    /// The declaration.
    pub(crate) origin: NodeId,
    /// Under which other node it is known there, if it is.
    pub(crate) via: Option<NodeId>,
    /// How it is used.
    pub(crate) edge: Edge,
}

/// Everything that uses the declarations of these aliases by edges of these types, in no particular order. Uses inside
/// the declaration's own chain of names are not among them, except exports and imports themselves.
pub(crate) fn uses(
    graph: &mut Graph<'_>,
    aliases: &Aliases,
    incoming: &[EdgeType],
    outgoing: &[EdgeType],
) -> Result<Vec<Use>> {
    let mut ids: Vec<NodeId> = aliases.origin.keys().copied().collect();
    ids.sort_unstable();
    let mut found: Vec<Use> = Vec::new();
    let mut seen: FxHashSet<(NodeId, NodeId, EdgeType)> = FxHashSet::default();
    let mut push = |found: &mut Vec<Use>, node, alias: NodeId, origin, edge: Edge| {
        if seen.insert((node, origin, edge.edge_type)) {
            found.push(Use {
                node,
                origin,
                via: (alias != origin).then_some(alias),
                edge,
            });
        }
    };
    for edge in graph.edges(&ids, Direction::Incoming, incoming)? {
        let Some(&origin) = aliases.origin.get(&edge.dst) else {
            continue;
        };
        let chain = matches!(edge.edge_type, EdgeType::Exports | EdgeType::ImportsFrom);
        // `const f = function () {}`, and names that lead to the same declaration.
        if !chain && aliases.origin.get(&edge.src) == Some(&origin) {
            continue;
        }
        push(&mut found, edge.src, edge.dst, origin, edge);
    }
    for edge in graph.edges(&ids, Direction::Outgoing, outgoing)? {
        if let Some(&origin) = aliases.origin.get(&edge.src) {
            push(&mut found, edge.dst, edge.src, origin, edge);
        }
    }
    let mut namespaces: Vec<NodeId> = aliases.members.keys().copied().collect();
    namespaces.sort_unstable();
    let reads = graph.edges(&namespaces, Direction::Incoming, &[EdgeType::DerivesFrom])?;
    for edge in reads {
        let origin = edge
            .occurrences()
            .find_map(|facts| aliases.member(edge.dst, facts));
        if let Some(origin) = origin {
            push(&mut found, edge.src, edge.dst, origin, edge);
        }
    }
    Ok(found)
}
