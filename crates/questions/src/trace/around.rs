//! What the rules of the backward trace need beyond the edges of a node itself.

use graph_model::{EdgeType, NodeType, SemanticId};
use rfdb_client::{AttrQuery, NodeId, hash_id};
use rustc_hash::FxHashMap;

use super::state::{Edges, State};
use crate::Result;
use crate::graph::Graph;

/// Fetched before the rules run, for all states of a level at once.
#[derive(Debug, Default)]
pub(crate) struct Around {
    /// Exports of a module: those of the name that is selected, else those that pass on others.
    pub(super) exports: FxHashMap<(NodeId, String), Vec<NodeId>>,
    /// The class, or other container, of the callable that an implicit parameter belongs to, and that callable.
    pub(super) owner: FxHashMap<NodeId, (NodeId, Option<NodeId>)>,
    /// Methods of a class or members of a namespace: what it contains.
    pub(super) members: FxHashMap<NodeId, Vec<NodeId>>,
}

impl Around {
    /// Fetches what the rules will ask about these states.
    pub(crate) fn load(
        &mut self,
        graph: &mut Graph<'_>,
        edges: &mut Edges,
        states: &[State],
    ) -> Result<()> {
        let mut implicit = Vec::new();
        let mut containers = Vec::new();
        let mut calls = Vec::new();
        for state in states {
            let Some(node) = graph.node(state.node) else {
                continue;
            };
            let kind = node.kind;
            match (kind, state.path.split_first()) {
                (Some(NodeType::Module), Some((name, _))) => {
                    let (file, name) = (node.file.clone(), name.to_owned());
                    self.load_exports(graph, state.node, file, name)?;
                }
                (Some(NodeType::Parameter), _) => implicit.push(state.node),
                (Some(NodeType::Class | NodeType::Namespace), Some(_)) => {
                    containers.push(state.node);
                }
                _ => {}
            }
            if kind == Some(NodeType::ConstructorCall) {
                calls.extend(
                    edges
                        .incoming_of(state.node, EdgeType::ResolvesTo)
                        .map(|e| e.src),
                );
            }
        }
        // The arguments of the calls that resolve a promise.
        edges.load(graph, calls)?;
        containers.retain(|id| !self.members.contains_key(id));
        let found = graph.edges(
            &containers,
            rfdb_client::Direction::Outgoing,
            &[EdgeType::Contains, EdgeType::Declares],
        )?;
        graph.load(found.iter().map(|e| e.dst))?;
        for id in containers {
            self.members.insert(id, Vec::new());
        }
        for edge in found {
            self.members.entry(edge.src).or_default().push(edge.dst);
        }
        implicit.retain(|id| !self.owner.contains_key(id));
        graph.load_enclosing(implicit.iter().copied())?;
        let callables: Vec<(NodeId, NodeId)> = implicit
            .iter()
            .filter_map(|id| Some((*id, (*graph.parents.get(id)?)?)))
            .collect();
        graph.load_enclosing(callables.iter().map(|(_, callable)| *callable))?;
        for (id, callable) in callables {
            let owner = graph.parents.get(&callable).copied().flatten();
            self.owner.insert(id, (callable, owner));
        }
        Ok(())
    }

    fn load_exports(
        &mut self,
        graph: &mut Graph<'_>,
        module: NodeId,
        file: String,
        name: String,
    ) -> Result<()> {
        if self.exports.contains_key(&(module, name.clone())) {
            return Ok(());
        }
        let id = hash_id(&SemanticId::new(&*file, NodeType::Export, &name).to_string());
        graph.load([id])?;
        let found = if graph.node(id).is_some() {
            vec![id]
        } else {
            graph.find(AttrQuery {
                node_type: Some(NodeType::Export.as_str().to_owned()),
                // Any name, or those that pass on what another module exports.
                name: (name != "*").then(|| "*".to_owned()),
                file: Some(file),
                ..AttrQuery::default()
            })?
        };
        self.exports.insert((module, name), found);
        Ok(())
    }
}
