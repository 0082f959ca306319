//! Where a value comes from, or where it goes: the model's traversal of data flow as a tree.

mod around;
mod backward;
mod forward;
mod path;
mod state;

use std::collections::BTreeMap;

use graph_model::NodeType;
use rfdb_client::{Client, NodeId};
use rustc_hash::FxHashMap;
use serde::Serialize;

use crate::Result;
use crate::answer::NodeRef;
use crate::graph::{Confidence, Graph};
use crate::names::{Named, Wanted, find};
use path::Path;
pub use state::{Aspect, EndKind};
use state::{Edges, Expansion, Next, State};

/// Things of one name that are answered for; further ones are counted.
const MAX_SUBJECTS: usize = 5;

/// Which way to follow values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TraceDirection {
    /// To where they come from.
    #[default]
    Backward,
    /// To where they go.
    Forward,
}

/// How far to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceLimits {
    /// Edges between the start and the last step.
    pub depth: u32,
    /// Steps in all.
    pub steps: usize,
}

impl Default for TraceLimits {
    fn default() -> Self {
        TraceLimits {
            depth: 200,
            steps: 10_000,
        }
    }
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Trace {
    /// What was asked.
    pub name: String,
    /// Which way.
    pub direction: TraceDirection,
    /// One tree for each thing of that name.
    pub traces: Vec<TraceOf>,
    /// Further things of that name that are not answered for.
    pub more_subjects: usize,
}

/// The trace of one value.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TraceOf {
    /// Where it starts.
    pub node: NodeRef,
    /// The tree: every step but the first has a parent before it.
    pub steps: Vec<Step>,
    /// How many different ends of each kind there are.
    pub ends: BTreeMap<EndKind, u64>,
    /// What is missing because of a limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut: Option<Cut>,
}

/// A limit that was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cut {
    /// `depth` or `steps`.
    pub by: &'static str,
    /// How many steps have unknown continuations.
    pub steps: u64,
}

/// A step of a trace.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// The node.
    #[serde(flatten)]
    pub node: NodeRef,
    /// Position of the step before; nothing for the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<usize>,
    /// The type of the edge between them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edge: Option<&'static str>,
    /// Which value of the node.
    pub aspect: Aspect,
    /// Which part of that value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<String>,
    /// How sure the step is.
    pub confidence: Confidence,
    /// Only a part of the one value is the other.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
    /// What it ends at here, if it does. It may have further steps nevertheless.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<EndKind>,
    /// Literals that it is computed from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub literals: Vec<String>,
    /// Position of an earlier step that is the same: it continues there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen: Option<usize>,
    /// It continues, but a limit was reached.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

impl Trace {
    /// The nodes whose source lines are shown.
    pub fn places_mut(&mut self) -> impl Iterator<Item = &mut NodeRef> {
        self.traces.iter_mut().flat_map(|t| {
            std::iter::once(&mut t.node).chain(t.steps.iter_mut().map(|s| &mut s.node))
        })
    }
}

/// The data flow of what has this name; [`find`] says how it may be written. Of a callable, what it returns is traced.
///
/// # Errors
/// [`Error::UnknownName`](crate::Error::UnknownName), or what the database says.
pub fn trace(
    graph: &mut Graph<'_>,
    name: &str,
    direction: TraceDirection,
    limits: TraceLimits,
) -> Result<Trace> {
    let Named { mut subjects, .. } = find(graph, name, Wanted::Values)?;
    let more_subjects = subjects.len().saturating_sub(MAX_SUBJECTS);
    subjects.truncate(MAX_SUBJECTS);
    let mut tracer = Tracer::new(direction);
    let traces = subjects
        .iter()
        .map(|s| tracer.trace(graph, s.node, limits))
        .collect::<Result<_>>()?;
    Ok(Trace {
        name: name.to_owned(),
        direction,
        traces,
        more_subjects,
    })
}

/// Follows values, and keeps what it has read of the graph from one to the next.
#[derive(Debug)]
pub struct Tracer {
    direction: TraceDirection,
    edges: Edges,
    around: around::Around,
}

impl Tracer {
    /// Nothing is read yet.
    #[must_use]
    pub fn new(direction: TraceDirection) -> Self {
        let edges = match direction {
            TraceDirection::Backward => Edges::new(backward::OUTGOING, backward::INCOMING),
            TraceDirection::Forward => Edges::new(forward::OUTGOING, forward::INCOMING),
        };
        Tracer {
            direction,
            edges,
            around: around::Around::default(),
        }
    }

    /// The trace of one node's value; of a callable, of what it returns.
    ///
    /// # Errors
    /// When the database fails.
    pub fn trace(
        &mut self,
        graph: &mut Graph<'_>,
        start: NodeId,
        limits: TraceLimits,
    ) -> Result<TraceOf> {
        graph.load([start])?;
        let callable = graph
            .node(start)
            .is_some_and(crate::graph::Node::is_callable);
        let first = if callable {
            State::returned(start, Path::default())
        } else {
            State::value(start, Path::default())
        };
        let mut tree = Tree::default();
        tree.add(graph, None, &first, None);
        tree.known.insert(first.clone(), 0);
        let mut level: Vec<(usize, State)> = vec![(0, first)];
        let mut depth = 0;
        while !level.is_empty() {
            let states: Vec<State> = level.iter().map(|(_, state)| state.clone()).collect();
            self.load(graph, &states)?;
            let mut next_level = Vec::new();
            for (at, state) in level {
                let Expansion {
                    mut next,
                    end,
                    literals,
                } = self.expand(graph, &state);
                tree.steps[at].end = end;
                tree.steps[at].literals = literals;
                next.sort_by(|a, b| {
                    let key = |n: &Next| graph.node(n.state.node).map(crate::graph::Node::order);
                    (key(a), &a.state.path, a.confidence).cmp(&(
                        key(b),
                        &b.state.path,
                        b.confidence,
                    ))
                });
                next.dedup_by(|b, a| a.state == b.state);
                if depth >= limits.depth || tree.steps.len() >= limits.steps {
                    // What leads to known steps only is not missing.
                    if next.iter().any(|n| !tree.known.contains_key(&n.state)) {
                        tree.steps[at].cut = true;
                        tree.cut(if depth >= limits.depth {
                            "depth"
                        } else {
                            "steps"
                        });
                    }
                    continue;
                }
                for next in next {
                    let step = tree.add(graph, Some(at), &next.state, Some(&next));
                    if let Some(&seen) = tree.known.get(&next.state) {
                        tree.steps[step].seen = Some(seen);
                    } else {
                        tree.known.insert(next.state.clone(), step);
                        next_level.push((step, next.state));
                    }
                }
            }
            level = next_level;
            depth += 1;
        }
        Ok(tree.finish(graph, start))
    }

    fn load(&mut self, graph: &mut Graph<'_>, states: &[State]) -> Result<()> {
        graph.load(states.iter().map(|s| s.node))?;
        // What a trace ends at has edges to everything that uses it.
        let ends = |kind: Option<NodeType>| {
            self.direction == TraceDirection::Backward
                && matches!(
                    kind,
                    Some(
                        NodeType::Literal
                            | NodeType::ExternalFunction
                            | NodeType::ExternalModule
                            | NodeType::NetStdio
                    )
                )
        };
        let ids: Vec<NodeId> = states
            .iter()
            .map(|s| s.node)
            .filter(|id| !ends(graph.node(*id).and_then(|n| n.kind)))
            .collect();
        self.edges.load(graph, ids)?;
        match self.direction {
            TraceDirection::Backward => self.around.load(graph, &mut self.edges, states),
            TraceDirection::Forward => forward::load_around(graph, &mut self.edges, states),
        }
    }

    fn expand(&self, graph: &Graph<'_>, state: &State) -> Expansion {
        match self.direction {
            TraceDirection::Backward => backward::expand(graph, &self.edges, &self.around, state),
            TraceDirection::Forward => forward::expand(graph, &self.edges, state),
        }
    }
}

#[derive(Default)]
struct Tree {
    steps: Vec<Step>,
    states: Vec<NodeId>,
    known: FxHashMap<State, usize>,
    cut: Option<Cut>,
}

impl Tree {
    fn add(
        &mut self,
        graph: &Graph<'_>,
        parent: Option<usize>,
        state: &State,
        next: Option<&Next>,
    ) -> usize {
        self.steps.push(Step {
            node: NodeRef::of(graph, state.node),
            parent,
            edge: next.map(|n| n.edge.as_str()),
            aspect: state.aspect,
            path: state.path.steps(),
            confidence: next.map_or(Confidence::Exact, |n| n.confidence),
            partial: next.is_some_and(|n| n.partial),
            end: None,
            literals: Vec::new(),
            seen: None,
            cut: false,
        });
        self.states.push(state.node);
        self.steps.len() - 1
    }

    fn cut(&mut self, by: &'static str) {
        self.cut.get_or_insert(Cut { by, steps: 0 }).steps += 1;
    }

    fn finish(self, graph: &Graph<'_>, start: NodeId) -> TraceOf {
        let mut ends: BTreeMap<EndKind, Vec<NodeId>> = BTreeMap::new();
        let mut literals = 0;
        for (step, node) in self.steps.iter().zip(&self.states) {
            if let Some(end) = step.end {
                ends.entry(end).or_default().push(*node);
            }
            if step.seen.is_none() {
                literals += step.literals.len() as u64;
            }
        }
        let mut ends: BTreeMap<EndKind, u64> = ends
            .into_iter()
            .map(|(end, mut nodes)| {
                nodes.sort_unstable();
                nodes.dedup();
                (end, nodes.len() as u64)
            })
            .collect();
        if literals > 0 {
            *ends.entry(EndKind::Literal).or_default() += literals;
        }
        TraceOf {
            node: NodeRef::of(graph, start),
            steps: self.steps,
            ends,
            cut: self.cut,
        }
    }
}

/// Ids of all nodes that hold or are a value: what a trace can start from. Ascending.
///
/// # Errors
/// When the database fails.
pub fn value_nodes(client: &Client) -> Result<Vec<NodeId>> {
    let mut ids = Vec::new();
    for kind in [
        NodeType::Variable,
        NodeType::Parameter,
        NodeType::Property,
        NodeType::Call,
        NodeType::PropertyAccess,
        NodeType::Expression,
    ] {
        ids.extend(client.find_by_type(kind.as_str())?);
    }
    ids.sort_unstable();
    Ok(ids)
}
