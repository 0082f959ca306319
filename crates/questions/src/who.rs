//! Who uses a declaration: callers and references.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use graph_model::{EdgeType, NodeType};
use rfdb_client::{Direction, NodeId};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Serialize;

use crate::Result;
use crate::answer::NodeRef;
use crate::graph::{Confidence, Graph};
use crate::held::calls_of_held;
use crate::names::{Named, Subject, Wanted, find};
use crate::references::{Aliases, USES, USES_OUT, Use, uses};
use crate::unresolved::{Unresolved, unresolved_calls};

/// Things of one name that are answered for; further ones are counted.
const MAX_SUBJECTS: usize = 10;

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Who {
    /// What was asked.
    pub name: String,
    /// One answer for each thing of that name.
    pub subjects: Vec<UsesOf>,
    /// Further things of that name that are not answered for.
    pub more_subjects: usize,
    /// Local variables and parameters of that name, which are not answered for beside declarations.
    pub others: usize,
}

/// The uses of one declaration.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UsesOf {
    /// The declaration.
    pub node: NodeRef,
    /// Calls of it, by place: those that are certain or likely.
    pub calls: Vec<UseRef>,
    /// Calls that may reach it.
    pub possible_calls: Vec<UseRef>,
    /// Everything else that names it.
    pub references: Vec<UseRef>,
    /// Calls of its name that have no target in the graph: they might reach it.
    pub unresolved_calls: Vec<UnresolvedRef>,
}

/// One use.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UseRef {
    /// Where it is.
    #[serde(flatten)]
    pub at: NodeRef,
    /// The type of the edge: CALLS, IMPORTS_FROM, EXTENDS, …
    pub edge: &'static str,
    /// For calls: the rule that found the target; `lexical` for names in scope.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolution: Option<String>,
    /// How sure it is.
    pub confidence: Confidence,
    /// `callback` or `event`: not called there, but by what it is passed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_type: Option<String>,
    /// The callable or module that the place lies in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enclosing: Option<NodeRef>,
    /// Id of the import, export or binding under whose name it is used; of the function, where the call of a variable leads to
    /// one that it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
}

/// A call of the same name without a target.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UnresolvedRef {
    /// Where it is.
    #[serde(flatten)]
    pub at: NodeRef,
    /// Why it has no target, if that was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The callable or module that the place lies in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enclosing: Option<NodeRef>,
}

impl Who {
    /// Keeps so many entries of each list, and tells how many there were in all: calls, possible calls, references and
    /// unresolved calls of each subject.
    pub fn truncate(&mut self, limit: usize) -> Vec<[usize; 4]> {
        let mut totals = Vec::with_capacity(self.subjects.len());
        for subject in &mut self.subjects {
            totals.push([
                subject.calls.len(),
                subject.possible_calls.len(),
                subject.references.len(),
                subject.unresolved_calls.len(),
            ]);
            subject.calls.truncate(limit);
            subject.possible_calls.truncate(limit);
            subject.references.truncate(limit);
            subject.unresolved_calls.truncate(limit);
        }
        totals
    }

    /// The nodes whose source lines are shown.
    pub fn places_mut(&mut self) -> impl Iterator<Item = &mut NodeRef> {
        self.subjects.iter_mut().flat_map(|s| {
            std::iter::once(&mut s.node)
                .chain(s.calls.iter_mut().map(|u| &mut u.at))
                .chain(s.possible_calls.iter_mut().map(|u| &mut u.at))
                .chain(s.references.iter_mut().map(|u| &mut u.at))
                .chain(s.unresolved_calls.iter_mut().map(|u| &mut u.at))
        })
    }
}

/// Who uses what has this name; [`find`] says how it may be written.
///
/// # Errors
/// [`Error::UnknownName`](crate::Error::UnknownName), or what the database says.
pub fn who(graph: &mut Graph<'_>, name: &str) -> Result<Who> {
    let Named {
        mut subjects,
        others,
    } = find(graph, name, Wanted::Declarations)?;
    let more_subjects = subjects.len().saturating_sub(MAX_SUBJECTS);
    subjects.truncate(MAX_SUBJECTS);
    let constructors = constructors(graph, &subjects)?;
    let declared = subjects.iter().flat_map(|s| {
        let own = constructors.get(&s.node).copied();
        s.nodes().chain(own).map(|id| (id, s.node))
    });
    let aliases = Aliases::of(graph, declared)?;
    let mut found = uses(graph, &aliases, USES, USES_OUT)?;
    for (origin, edge) in calls_of_held(graph, subjects.iter().map(|s| s.node))? {
        found.push(Use {
            node: edge.src,
            origin,
            via: Some(edge.dst),
            edge,
        });
    }
    graph.load_enclosing(found.iter().map(|u| u.node))?;
    let misses = possible_misses(graph, subjects.iter().map(|s| s.node))?;
    let mut answers = Vec::with_capacity(subjects.len());
    for subject in &subjects {
        let of: Vec<&Use> = found.iter().filter(|u| u.origin == subject.node).collect();
        let misses = graph.node(subject.node).and_then(|n| misses.get(&n.name));
        answers.push(answer(
            graph,
            subject,
            &of,
            misses.map_or(&[], Vec::as_slice),
        )?);
    }
    Ok(Who {
        name: name.to_owned(),
        subjects: answers,
        more_subjects,
        others,
    })
}

/// The constructor of each class: `new` of a class leads to it.
fn constructors(graph: &mut Graph<'_>, subjects: &[Subject]) -> Result<FxHashMap<NodeId, NodeId>> {
    let classes: Vec<NodeId> = subjects
        .iter()
        .map(|s| s.node)
        .filter(|id| graph.node(*id).is_some_and(|n| n.is(NodeType::Class)))
        .collect();
    let edges = graph.edges(&classes, Direction::Outgoing, &[EdgeType::Contains])?;
    graph.load(edges.iter().map(|edge| edge.dst))?;
    Ok(edges
        .iter()
        .filter(|edge| {
            graph
                .node(edge.dst)
                .is_some_and(|n| n.is(NodeType::Method) && n.name == "constructor")
        })
        .map(|edge| (edge.src, edge.dst))
        .collect())
}

/// How telling an edge is of what a node does with a declaration: of several, the first is shown.
fn rank(edge: EdgeType) -> usize {
    const FIRST: &[EdgeType] = &[
        EdgeType::Calls,
        EdgeType::Renders,
        EdgeType::InstanceOf,
        EdgeType::Extends,
        EdgeType::Implements,
        EdgeType::Overrides,
        EdgeType::PassesArgument,
        EdgeType::ReadsFrom,
    ];
    FIRST
        .iter()
        .position(|first| *first == edge)
        .unwrap_or(FIRST.len())
}

fn answer(
    graph: &mut Graph<'_>,
    subject: &Subject,
    found: &[&Use],
    misses: &[Unresolved],
) -> Result<UsesOf> {
    let mut best: FxHashMap<NodeId, &Use> = FxHashMap::default();
    for &found in found {
        // What has a call edge says nothing new by naming its callee; what only reads it may do it in several ways.
        let entry = best.entry(found.node).or_insert(found);
        let key = |u: &Use| {
            (
                rank(u.edge.edge_type),
                u.edge.facts.confidence(),
                u.edge.edge_type,
            )
        };
        if key(found) < key(entry) {
            *entry = found;
        }
    }
    let mut ids: Vec<NodeId> = best.keys().copied().collect();
    graph.sort(&mut ids);
    let (mut calls, mut possible_calls, mut references) = (Vec::new(), Vec::new(), Vec::new());
    for id in ids {
        let Some(&found) = best.get(&id) else {
            continue;
        };
        let is_call = match found.edge.edge_type {
            EdgeType::Calls | EdgeType::Renders => true,
            // `new` of a class whose constructor is not known.
            EdgeType::InstanceOf => graph
                .node(id)
                .is_some_and(|n| n.is(NodeType::ConstructorCall)),
            _ => false,
        };
        let confidence = found.edge.facts.confidence();
        let list = match (is_call, confidence) {
            (true, Confidence::Possible) => &mut possible_calls,
            (true, _) => &mut calls,
            (false, _) => &mut references,
        };
        let facts = &found.edge.facts;
        let resolution = &facts.resolution;
        let mut at = NodeRef::of(graph, id);
        // A value that is written somewhere: the place of the write, not of the declaration that it is written to.
        if found.edge.src != id && facts.line.is_some() {
            (at.line, at.column) = (facts.line, facts.column);
        }
        list.push(UseRef {
            at,
            edge: found.edge.edge_type.as_str(),
            resolution: is_call.then(|| resolution.clone().unwrap_or_else(|| "lexical".to_owned())),
            confidence,
            call_type: facts.call_type.clone(),
            enclosing: graph.enclosing(id).map(|id| NodeRef::of(graph, id)),
            via: found
                .via
                .and_then(|id| graph.node(id))
                .map(|n| n.semantic_id.clone()),
        });
    }
    let known: FxHashSet<NodeId> = best.keys().copied().collect();
    let unresolved_calls = unresolved(graph, misses, &known)?;
    // Sure ones first; the sort keeps the places in order.
    references.sort_by_key(|u| Reverse(u.confidence != Confidence::Possible));
    Ok(UsesOf {
        node: NodeRef::of(graph, subject.node),
        calls,
        possible_calls,
        references,
        unresolved_calls,
    })
}

/// Calls of the subject's name without a target that are not among its uses anyway.
fn unresolved(
    graph: &mut Graph<'_>,
    calls: &[Unresolved],
    known: &FxHashSet<NodeId>,
) -> Result<Vec<UnresolvedRef>> {
    let calls: Vec<&Unresolved> = calls.iter().filter(|u| !known.contains(&u.call)).collect();
    graph.load_enclosing(calls.iter().map(|u| u.call))?;
    Ok(calls
        .into_iter()
        .map(|u| UnresolvedRef {
            at: NodeRef::of(graph, u.call),
            reason: u.reason.clone(),
            enclosing: graph.enclosing(u.call).map(|id| NodeRef::of(graph, id)),
        })
        .collect())
}

/// By name, the calls without a target that may be calls of these nodes.
pub(crate) fn possible_misses(
    graph: &mut Graph<'_>,
    ids: impl Iterator<Item = NodeId>,
) -> Result<BTreeMap<String, Vec<Unresolved>>> {
    let names: BTreeSet<String> = ids
        .filter_map(|id| graph.node(id))
        .filter(|node| {
            node.kind.is_some_and(|k| {
                matches!(
                    k,
                    NodeType::Function
                        | NodeType::Method
                        | NodeType::Class
                        | NodeType::Property
                        | NodeType::Variable
                )
            })
        })
        .map(|node| node.name.clone())
        .collect();
    let mut misses = BTreeMap::new();
    for name in names {
        let calls = unresolved_calls(graph, &[name.as_str()])?;
        misses.insert(name, calls);
    }
    Ok(misses)
}
