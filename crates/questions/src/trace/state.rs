//! Where a trace stands, and how it gets from one place to the next.

use graph_model::{EdgeType, NodeType};
use rfdb_client::{Direction, NodeId};
use rustc_hash::FxHashMap;
use serde::Serialize;

use super::path::Path;
use crate::Result;
use crate::graph::{Confidence, Edge, Graph, Node};

/// Which value of a node is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Aspect {
    /// What the node is or holds.
    Value,
    /// What a callable gives back to its callers; with the first step `*`, what a generator yields.
    Returned,
    /// What an instance of a class, or of a constructor function, holds in its fields.
    Instance,
}

/// A part of a value of a node.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) node: NodeId,
    pub(crate) path: Path,
    pub(crate) aspect: Aspect,
}

impl State {
    pub(crate) fn value(node: NodeId, path: Path) -> Self {
        State {
            node,
            path,
            aspect: Aspect::Value,
        }
    }

    pub(crate) fn returned(node: NodeId, path: Path) -> Self {
        State {
            node,
            path,
            aspect: Aspect::Returned,
        }
    }

    pub(crate) fn instance(node: NodeId, path: Path) -> Self {
        State {
            node,
            path,
            aspect: Aspect::Instance,
        }
    }
}

/// A step to another state.
#[derive(Debug, Clone)]
pub(crate) struct Next {
    pub(crate) state: State,
    /// The edge that leads there, as its type.
    pub(crate) edge: EdgeType,
    pub(crate) confidence: Confidence,
    /// Only a part of the one is the other.
    pub(crate) partial: bool,
}

impl Next {
    pub(crate) fn new(state: State, edge: &Edge) -> Self {
        Next {
            state,
            edge: edge.edge_type,
            confidence: edge.facts.confidence(),
            partial: false,
        }
    }

    pub(crate) fn partial(mut self, partial: bool) -> Self {
        self.partial = partial;
        self
    }
}

/// What a trace ends at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum EndKind {
    /// A literal, a constant of an enum, `undefined`.
    Literal,
    /// A new object: `{…}`, `[…]`, `new`, JSX.
    New,
    /// A function or class as a value.
    Function,
    /// A parameter of an exported function, or of a member of an exported class: given from outside.
    ExportedParameter,
    /// Another parameter that no argument is known for.
    Parameter,
    /// `this` or `arguments`.
    This,
    /// Something of a package, of the runtime, or of the language.
    External,
    /// What a called function gives back that returns nothing.
    Nothing,
    /// What a `catch` catches from the calls in its `try`.
    Caught,
    /// A call that has no target in the graph.
    UnresolvedCall,
    /// An import that leads nowhere.
    UnresolvedImport,
    /// A declaration without a value: `declare`, members of interfaces, abstract ones.
    Declared,
    /// This object has no such property: the value does not come from here, unless it is `undefined`.
    Absent,
    /// Nothing is known: a variable or field that is never written, a field that no class above has.
    DeadEnd,
    /// Forward: an argument of a call whose target is not in the project or not known.
    Argument,
    /// Forward: a condition, an operand, an iterated or deleted value: used, and does not go on.
    Used,
    /// Forward: exported, and not imported by a module of the project.
    Exported,
    /// Forward: nothing reads it.
    Unused,
}

impl EndKind {
    /// The kind in words.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            EndKind::Literal => "literal",
            EndKind::New => "new object",
            EndKind::Function => "function or class",
            EndKind::ExportedParameter => "parameter of an exported function",
            EndKind::Parameter => "parameter without known arguments",
            EndKind::This => "this",
            EndKind::External => "external",
            EndKind::Nothing => "undefined: the function returns nothing",
            EndKind::Caught => "caught error",
            EndKind::UnresolvedCall => "call without a known target",
            EndKind::UnresolvedImport => "import that leads nowhere",
            EndKind::Declared => "declared without a value",
            EndKind::Absent => "this object has no such property",
            EndKind::DeadEnd => "dead end",
            EndKind::Argument => "passed out of the project",
            EndKind::Used => "used",
            EndKind::Exported => "exported",
            EndKind::Unused => "not read",
        }
    }
}

/// Where one state leads.
#[derive(Debug, Default)]
pub(crate) struct Expansion {
    pub(crate) next: Vec<Next>,
    /// What it is if it is an end; may be so beside further steps.
    pub(crate) end: Option<EndKind>,
    /// Literals that it is computed from and that have no node.
    pub(crate) literals: Vec<String>,
}

/// Edges of the nodes of a trace, fetched for a whole level at a time.
#[derive(Debug)]
pub(crate) struct Edges {
    outgoing: FxHashMap<NodeId, Vec<Edge>>,
    incoming: FxHashMap<NodeId, Vec<Edge>>,
    outgoing_types: &'static [EdgeType],
    incoming_types: &'static [EdgeType],
}

impl Edges {
    pub(crate) fn new(
        outgoing_types: &'static [EdgeType],
        incoming_types: &'static [EdgeType],
    ) -> Self {
        Edges {
            outgoing: FxHashMap::default(),
            incoming: FxHashMap::default(),
            outgoing_types,
            incoming_types,
        }
    }

    /// Fetches edges and the nodes at their ends: three requests, whatever the number of nodes.
    pub(crate) fn load(
        &mut self,
        graph: &mut Graph<'_>,
        ids: impl IntoIterator<Item = NodeId>,
    ) -> Result<()> {
        let mut ids: Vec<NodeId> = ids
            .into_iter()
            .filter(|id| !self.outgoing.contains_key(id))
            .collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Ok(());
        }
        graph.load(ids.iter().copied())?;
        let outgoing = graph.edges(&ids, Direction::Outgoing, self.outgoing_types)?;
        let incoming = graph.edges(&ids, Direction::Incoming, self.incoming_types)?;
        graph.load(
            outgoing
                .iter()
                .map(|edge| edge.dst)
                .chain(incoming.iter().map(|edge| edge.src)),
        )?;
        for id in ids {
            self.outgoing.insert(id, Vec::new());
            self.incoming.insert(id, Vec::new());
        }
        for edge in outgoing {
            self.outgoing.entry(edge.src).or_default().push(edge);
        }
        for edge in incoming {
            self.incoming.entry(edge.dst).or_default().push(edge);
        }
        Ok(())
    }

    pub(crate) fn outgoing(&self, id: NodeId) -> &[Edge] {
        self.outgoing.get(&id).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn incoming(&self, id: NodeId) -> &[Edge] {
        self.incoming.get(&id).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn outgoing_of(&self, id: NodeId, of: EdgeType) -> impl Iterator<Item = &Edge> {
        self.outgoing(id).iter().filter(move |e| e.edge_type == of)
    }

    pub(crate) fn incoming_of(&self, id: NodeId, of: EdgeType) -> impl Iterator<Item = &Edge> {
        self.incoming(id).iter().filter(move |e| e.edge_type == of)
    }
}

/// Whether a metadata value of a node is this text.
pub(crate) fn metadata_is(node: &Node, key: &str, text: &str) -> bool {
    node.metadata_value(key)
        .is_some_and(|v| v.as_str() == Some(text))
}

/// Whether a metadata flag of a node is set.
pub(crate) fn flag(node: &Node, key: &str) -> bool {
    node.metadata_value(key)
        .is_some_and(|v| v.as_bool() == Some(true))
}

/// Whether the node computes a new value from its operands, so that paths end there.
pub(crate) fn computes(node: &Node) -> bool {
    node.is(NodeType::UpdateExpression)
        || (node.is(NodeType::Expression)
            && !metadata_is(node, "expressionType", "LogicalExpression"))
}

/// Whether a callable is a getter, so that reading it is calling it.
pub(crate) fn is_getter(node: &Node) -> bool {
    metadata_is(node, "methodKind", "get")
}
