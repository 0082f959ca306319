//! Forward: where a value goes. The same relation as backward, inverted: a state (node, path) says that the value lies
//! in the node at that path.

use graph_model::{EdgeType, NodeType, SemanticId};
use rfdb_client::{NodeId, hash_id};

use super::path::{Path, Prefix};
use super::state::{Aspect, Edges, EndKind, Expansion, Next, State, computes, is_getter};
use crate::Result;
use crate::graph::{Confidence, Edge, Graph, Node};

pub(crate) const OUTGOING: &[EdgeType] = &[
    EdgeType::FlowsInto,
    EdgeType::Returns,
    EdgeType::Yields,
    EdgeType::DelegatesTo,
    EdgeType::Overrides,
    EdgeType::ResolvesTo,
    EdgeType::ReadsFrom,
    EdgeType::Calls,
];
pub(crate) const INCOMING: &[EdgeType] = &[
    EdgeType::AssignedFrom,
    EdgeType::DerivesFrom,
    EdgeType::ReceivesArgument,
    EdgeType::ReadsFrom,
    EdgeType::HasProperty,
    EdgeType::HasElement,
    EdgeType::PassesProp,
    EdgeType::PassesArgument,
    EdgeType::Calls,
    EdgeType::InstanceOf,
    EdgeType::Extends,
    EdgeType::ImportsFrom,
    EdgeType::Exports,
    EdgeType::Overrides,
    EdgeType::HasCondition,
    EdgeType::IteratesOver,
    EdgeType::Modifies,
    EdgeType::Uses,
];

/// Fetches what the rules will ask about these states beyond their own edges.
pub(crate) fn load_around(
    graph: &mut Graph<'_>,
    edges: &mut Edges,
    states: &[State],
) -> Result<()> {
    let fields: Vec<NodeId> = states
        .iter()
        .filter(|s| {
            graph
                .node(s.node)
                .is_some_and(|n| n.is(NodeType::Property) || n.is(NodeType::Method))
        })
        .map(|s| s.node)
        .collect();
    graph.load_enclosing(fields)?;
    let modules: Vec<NodeId> = states
        .iter()
        .filter_map(|s| graph.node(s.node))
        .filter(|n| n.is(NodeType::Export))
        .map(module_of)
        .collect();
    edges.load(graph, modules)?;
    // Calls that resolve a promise, and what called functions are.
    let calls: Vec<NodeId> = states
        .iter()
        .flat_map(|s| edges.incoming_of(s.node, EdgeType::PassesArgument))
        .map(|e| e.src)
        .collect();
    edges.load(graph, calls)?;
    // A property access that reads a known member does not read its object.
    let reads: Vec<NodeId> = states
        .iter()
        .flat_map(|s| edges.incoming_of(s.node, EdgeType::DerivesFrom))
        .map(|e| e.src)
        .filter(|id| {
            graph
                .node(*id)
                .is_some_and(|n| n.is(NodeType::PropertyAccess))
        })
        .collect();
    edges.load(graph, reads)
}

fn module_of(node: &Node) -> NodeId {
    hash_id(&SemanticId::new(&*node.file, NodeType::Module, "module").to_string())
}

/// Where one state leads. Its edges must have been loaded.
pub(crate) fn expand(graph: &Graph<'_>, edges: &Edges, state: &State) -> Expansion {
    let mut out = Expansion::default();
    let Some(node) = graph.node(state.node) else {
        out.end = Some(EndKind::Unused);
        return out;
    };
    let rules = Rules {
        graph,
        edges,
        node,
        path: &state.path,
    };
    match state.aspect {
        Aspect::Value => rules.value(&mut out),
        Aspect::Returned => rules.returned(&mut out),
        Aspect::Instance => rules.instance(&mut out),
    }
    if out.next.is_empty() && out.end.is_none() {
        out.end = Some(match node.kind {
            Some(NodeType::Export) => EndKind::Exported,
            // Written to something outside: a global, an export of a package.
            Some(NodeType::ExternalFunction | NodeType::ExternalModule) => EndKind::Argument,
            _ => EndKind::Unused,
        });
    }
    out
}

struct Rules<'a> {
    graph: &'a Graph<'a>,
    edges: &'a Edges,
    node: &'a Node,
    path: &'a Path,
}

impl Rules<'_> {
    fn value(&self, out: &mut Expansion) {
        for edge in self.edges.outgoing(self.node.id) {
            self.leaves(out, edge);
        }
        for edge in self.edges.incoming(self.node.id) {
            self.enters(out, edge);
        }
        // A field is part of every instance of its class.
        if self.node.is(NodeType::Property)
            && let Some(Some(class)) = self.graph.parents.get(&self.node.id)
        {
            self.step(
                out,
                State::instance(*class, self.path.under(&self.node.name)),
                EdgeType::HasProperty,
            );
        }
        if self.node.is(NodeType::Export) && self.node.name != "*" {
            let module = module_of(self.node);
            // Who imports the whole module can select it there.
            let imported = self.edges.incoming_of(module, EdgeType::ImportsFrom);
            if imported.count() > 0 {
                self.step(
                    out,
                    State::value(module, self.path.under(&self.node.name)),
                    EdgeType::Exports,
                );
            }
        }
    }

    fn step(&self, out: &mut Expansion, state: State, edge: EdgeType) {
        out.next.push(Next {
            state,
            edge,
            confidence: Confidence::Exact,
            partial: false,
        });
    }

    /// Edges that start at the value.
    fn leaves(&self, out: &mut Expansion, edge: &Edge) {
        match edge.edge_type {
            EdgeType::FlowsInto => {
                for facts in edge.occurrences() {
                    self.flow(
                        out,
                        edge,
                        edge.dst,
                        &facts.source_path,
                        &facts.property_path,
                    );
                }
            }
            EdgeType::Returns | EdgeType::DelegatesTo => {
                push(
                    out,
                    State::returned(edge.dst, self.path.clone()),
                    edge,
                    false,
                );
            }
            EdgeType::Yields => {
                push(
                    out,
                    State::returned(edge.dst, self.path.under("*")),
                    edge,
                    false,
                );
            }
            EdgeType::Overrides if self.node.is(NodeType::Property) => {
                push(out, State::value(edge.dst, self.path.clone()), edge, false);
            }
            _ => {}
        }
    }

    /// Edges that end at the value.
    fn enters(&self, out: &mut Expansion, edge: &Edge) {
        let Some(user) = self.graph.node(edge.src) else {
            return;
        };
        match edge.edge_type {
            EdgeType::AssignedFrom | EdgeType::DerivesFrom | EdgeType::ReceivesArgument => {
                let derives = edge.edge_type == EdgeType::DerivesFrom;
                let reads_member = user.is(NodeType::PropertyAccess)
                    && self
                        .edges
                        .outgoing_of(edge.src, EdgeType::ReadsFrom)
                        .next()
                        .is_some();
                if derives && reads_member {
                    return;
                }
                for facts in edge.occurrences() {
                    if derives && (computes(user) || facts.via.as_deref() == Some("pure")) {
                        if self.path.is_empty() {
                            push(out, State::value(edge.src, Path::default()), edge, false);
                        }
                    } else {
                        self.flow(
                            out,
                            edge,
                            edge.src,
                            &facts.property_path,
                            &facts.result_path,
                        );
                    }
                }
            }
            EdgeType::ReadsFrom if !self.node.is_callable() || !is_getter(self.node) => {
                push(out, State::value(edge.src, self.path.clone()), edge, false);
            }
            EdgeType::HasProperty if user.is(NodeType::ObjectLiteral) => {
                let name = edge.facts.property_name.as_deref().unwrap_or("<computed>");
                // The value of a getter is what it returns.
                if edge.facts.kind.is_none() {
                    self.part_of(out, edge, name);
                }
            }
            EdgeType::HasElement => {
                let index = edge.facts.element_index.unwrap_or_default().to_string();
                let name = if edge.facts.is_spread {
                    "<spread>"
                } else {
                    &index
                };
                self.part_of(out, edge, name);
            }
            EdgeType::PassesProp => {
                let name = edge.facts.prop_name.as_deref().unwrap_or("<spread>");
                self.part_of(out, edge, name);
            }
            EdgeType::ImportsFrom => match &edge.facts.imported {
                Some(name) if self.node.is(NodeType::Export) => {
                    push(
                        out,
                        State::value(edge.src, self.path.under(name)),
                        edge,
                        false,
                    );
                }
                _ => push(out, State::value(edge.src, self.path.clone()), edge, false),
            },
            EdgeType::Exports => {
                push(out, State::value(edge.src, self.path.clone()), edge, false);
            }
            EdgeType::Overrides if self.node.is(NodeType::Property) => {
                push(out, State::value(edge.src, self.path.clone()), edge, false);
            }
            EdgeType::PassesArgument => self.argument(out, edge),
            EdgeType::HasCondition | EdgeType::IteratesOver | EdgeType::Modifies => {
                if self.path.is_empty() {
                    out.end.get_or_insert(EndKind::Used);
                }
            }
            EdgeType::Uses => {
                let read = matches!(
                    edge.facts.role.as_deref(),
                    Some("read" | "key" | "receiver" | "callee")
                );
                if self.path.is_empty() && read {
                    out.end.get_or_insert(EndKind::Used);
                }
            }
            _ => {}
        }
    }

    /// An argument: resolves a promise, goes on in the parameters (which have edges of their own), or leaves.
    fn argument(&self, out: &mut Expansion, edge: &Edge) {
        for resolved in self.edges.outgoing_of(edge.src, EdgeType::ResolvesTo) {
            if !resolved.facts.is_reject {
                push(
                    out,
                    State::value(resolved.dst, self.path.clone()),
                    resolved,
                    false,
                );
                return;
            }
        }
        let known = self
            .edges
            .outgoing_of(edge.src, EdgeType::Calls)
            .filter(|call| call.facts.call_type.is_none())
            .any(|call| {
                self.graph
                    .node(call.dst)
                    .is_some_and(|callee| callee.is_callable() || callee.is(NodeType::Class))
            });
        if !known {
            out.end.get_or_insert(EndKind::Argument);
        }
    }

    fn part_of(&self, out: &mut Expansion, edge: &Edge, name: &str) {
        let path = match name {
            "<spread>" => self.path.clone(),
            "<computed>" => self.path.under("*"),
            name => self.path.under(name),
        };
        push(out, State::value(edge.src, path), edge, false);
    }

    /// One value edge: `part` says which part of this node flows, `becomes` which part of the target it becomes.
    fn flow(
        &self,
        out: &mut Expansion,
        edge: &Edge,
        target: NodeId,
        part: &[String],
        becomes: &[String],
    ) {
        match self.path.prefix(part) {
            Prefix::Whole(rest) => {
                push(
                    out,
                    State::value(target, Path::join(becomes, rest)),
                    edge,
                    false,
                );
            }
            // Only a part of the value goes there.
            Prefix::Partial => push(
                out,
                State::value(target, Path::join(becomes, &[])),
                edge,
                true,
            ),
            Prefix::No => {}
        }
    }

    /// What a callable returns goes to its calls; what a getter returns, to its reads.
    fn returned(&self, out: &mut Expansion) {
        for edge in self.edges.incoming(self.node.id) {
            match edge.edge_type {
                EdgeType::Calls if edge.facts.call_type.is_none() => {
                    push(out, State::value(edge.src, self.path.clone()), edge, false);
                }
                EdgeType::ReadsFrom if is_getter(self.node) => {
                    push(out, State::value(edge.src, self.path.clone()), edge, false);
                }
                EdgeType::HasProperty if edge.facts.kind.as_deref() == Some("get") => {
                    let name = edge.facts.property_name.as_deref().unwrap_or("<computed>");
                    self.part_of(out, edge, name);
                }
                _ => {}
            }
        }
        if out.next.is_empty() && self.node.exported {
            out.end = Some(EndKind::Exported);
        }
    }

    /// A field of all instances of a class, and of the classes below.
    fn instance(&self, out: &mut Expansion) {
        for edge in self.edges.incoming(self.node.id) {
            let user = self.graph.node(edge.src);
            match edge.edge_type {
                EdgeType::InstanceOf if user.is_some_and(|n| n.is(NodeType::ConstructorCall)) => {
                    push(out, State::value(edge.src, self.path.clone()), edge, false);
                }
                EdgeType::Extends => {
                    push(
                        out,
                        State::instance(edge.src, self.path.clone()),
                        edge,
                        false,
                    );
                }
                _ => {}
            }
        }
    }
}

fn push(out: &mut Expansion, state: State, edge: &Edge, partial: bool) {
    out.next.push(Next::new(state, edge).partial(partial));
}
