//! What a change reaches: the callers of a declaration, their callers, and so on.

use std::collections::BTreeMap;

use graph_model::{EdgeType, NodeType};
use rfdb_client::{AttrQuery, Direction, NodeId};
use rustc_hash::FxHashMap;
use serde::Serialize;

use crate::Result;
use crate::answer::NodeRef;
use crate::graph::{Confidence, Graph};
use crate::held::calls_of_held;
use crate::names::{Named, Subject, Wanted, find};
use crate::references::{Aliases, CALLS, Use, uses};
use crate::who::{UnresolvedRef, possible_misses};

/// Callables that are visited at most; the answer says when that was not enough.
const MAX_CALLABLES: usize = 100_000;

/// How far to go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImpactLimits {
    /// Levels of callers; all of them without.
    pub depth: Option<u32>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Impact {
    /// What was asked.
    pub name: String,
    /// The declarations of that name; the answer is about all of them together.
    pub targets: Vec<NodeRef>,
    /// How many callables and modules are reached at each level, from 1. Certain and likely ones.
    pub levels: Vec<u64>,
    /// The same for those that are reached only over calls that are merely possible.
    pub possible_levels: Vec<u64>,
    /// What is reached, by module: the modules with the nearest and most callers first.
    pub modules: Vec<ModuleImpact>,
    /// Calls of the targets' names that have no target in the graph: there may be more callers behind them.
    pub unresolved_calls: Vec<UnresolvedRef>,
    /// Local variables and parameters of that name, which are not answered for beside declarations.
    pub others: usize,
    /// Why callers are missing that the graph would give: a limit that was reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut: Option<&'static str>,
}

/// What is reached in one module.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModuleImpact {
    /// Its file.
    pub file: String,
    /// Callables in it that are reached for certain or likely.
    pub count: u64,
    /// Callables in it that may be reached.
    pub possible: u64,
    /// They, by level and place.
    pub callers: Vec<CallerRef>,
}

/// A callable, or the top level of a module, that calls a target or another caller.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CallerRef {
    /// The callable or module.
    #[serde(flatten)]
    pub node: NodeRef,
    /// Calls between it and the target, from 1.
    pub level: u32,
    /// `possible` if every way to the target has a call that is merely possible.
    pub confidence: Confidence,
    /// Id of the callable that it calls, on the way to the target.
    pub calls: String,
    /// The call.
    pub call: NodeRef,
    /// `CALLS`, `RENDERS`, or how the callable is handed on; `INSTANCE_OF` for `new` of a class without a constructor;
    /// `CONTAINS` for what a function without a name is written in.
    pub edge: &'static str,
}

impl Impact {
    /// Keeps so many callers of each module, and so many modules; tells how many modules there were.
    pub fn truncate(&mut self, limit: usize) -> usize {
        let modules = self.modules.len();
        self.modules.truncate(limit);
        for module in &mut self.modules {
            module.callers.truncate(limit);
        }
        self.unresolved_calls.truncate(limit);
        modules
    }

    /// The nodes whose source lines are shown.
    pub fn places_mut(&mut self) -> impl Iterator<Item = &mut NodeRef> {
        self.targets
            .iter_mut()
            .chain(
                self.modules
                    .iter_mut()
                    .flat_map(|m| m.callers.iter_mut().map(|c| &mut c.call)),
            )
            .chain(self.unresolved_calls.iter_mut().map(|u| &mut u.at))
    }
}

/// How a callable was reached first.
#[derive(Debug, Clone, Copy)]
struct Reached {
    level: u32,
    confidence: Confidence,
    calls: NodeId,
    call: NodeId,
    edge: EdgeType,
}

/// Who calls what has this name, and who calls those, up to the limits. Cycles end where they meet what was reached.
///
/// # Errors
/// [`Error::UnknownName`](crate::Error::UnknownName), or what the database says.
pub fn impact(graph: &mut Graph<'_>, name: &str, limits: ImpactLimits) -> Result<Impact> {
    let Named { subjects, others } = find(graph, name, Wanted::Declarations)?;
    let targets = seeds(graph, &subjects)?;
    let mut walk = Walk::new(targets);
    // Over sure calls first, so that what can be reached by them is not called merely possible.
    walk.run(graph, limits, false)?;
    walk.run(graph, limits, true)?;
    let unresolved_calls: Vec<_> = possible_misses(graph, subjects.iter().map(|s| s.node))?
        .into_values()
        .flatten()
        .collect();
    graph.load_enclosing(unresolved_calls.iter().map(|u| u.call))?;
    let unresolved_calls = unresolved_calls
        .into_iter()
        .map(|u| UnresolvedRef {
            at: NodeRef::of(graph, u.call),
            reason: u.reason,
            enclosing: graph.enclosing(u.call).map(|id| NodeRef::of(graph, id)),
        })
        .collect();
    Ok(Impact {
        name: name.to_owned(),
        targets: subjects
            .iter()
            .map(|s| NodeRef::of(graph, s.node))
            .collect(),
        levels: walk.levels(false),
        possible_levels: walk.levels(true),
        modules: walk.modules(graph),
        unresolved_calls,
        others,
        cut: walk.cut,
    })
}

/// The callables that a change of the subjects changes: they themselves; of a class or object all it holds; of a module
/// all in it.
fn seeds(graph: &mut Graph<'_>, subjects: &[Subject]) -> Result<Vec<NodeId>> {
    let mut seeds: Vec<NodeId> = subjects.iter().flat_map(Subject::nodes).collect();
    let of_kind = |graph: &Graph<'_>, kinds: &[NodeType]| -> Vec<NodeId> {
        seeds
            .iter()
            .copied()
            .filter(|id| {
                graph
                    .node(*id)
                    .and_then(|n| n.kind)
                    .is_some_and(|k| kinds.contains(&k))
            })
            .collect()
    };
    let classes = of_kind(
        graph,
        &[NodeType::Class, NodeType::Interface, NodeType::Type],
    );
    let modules = of_kind(graph, &[NodeType::Module]);
    let members = graph.edges(
        &classes,
        Direction::Outgoing,
        &[EdgeType::Contains, EdgeType::HasProperty],
    )?;
    graph.load(members.iter().map(|edge| edge.dst))?;
    let fields: Vec<NodeId> = members
        .iter()
        .map(|edge| edge.dst)
        .filter(|id| graph.node(*id).is_some_and(|n| n.is(NodeType::Property)))
        .collect();
    let values = graph.edges(&fields, Direction::Outgoing, &[EdgeType::AssignedFrom])?;
    graph.load(values.iter().map(|edge| edge.dst))?;
    seeds.extend(
        members
            .iter()
            .chain(&values)
            .map(|edge| edge.dst)
            .filter(|id| graph.node(*id).is_some_and(crate::graph::Node::is_callable)),
    );
    for module in modules {
        let file = graph.node(module).map(|n| n.file.clone());
        for kind in [NodeType::Function, NodeType::Method, NodeType::Class] {
            seeds.extend(graph.find(AttrQuery {
                file: file.clone(),
                node_type: Some(kind.as_str().to_owned()),
                ..AttrQuery::default()
            })?);
        }
    }
    // Of a variable the functions that are called under its name.
    let called = calls_of_held(graph, subjects.iter().map(|s| s.node))?;
    seeds.extend(called.iter().map(|(_, edge)| edge.dst));
    graph.sort(&mut seeds);
    seeds.dedup();
    Ok(seeds)
}

struct Walk {
    /// The targets at level 0, and what was reached.
    reached: FxHashMap<NodeId, Option<Reached>>,
    targets: Vec<NodeId>,
    cut: Option<&'static str>,
}

impl Walk {
    fn new(targets: Vec<NodeId>) -> Self {
        Walk {
            reached: targets.iter().map(|id| (*id, None)).collect(),
            targets,
            cut: None,
        }
    }

    /// One pass, level by level, over calls that are sure; or over all, from everything that was reached before.
    fn run(&mut self, graph: &mut Graph<'_>, limits: ImpactLimits, possible: bool) -> Result<()> {
        let mut pending: BTreeMap<u32, Vec<NodeId>> = BTreeMap::new();
        pending.insert(0, self.targets.clone());
        if possible {
            for (id, reached) in &self.reached {
                if let Some(reached) = reached {
                    pending.entry(reached.level).or_default().push(*id);
                }
            }
        }
        while let Some((level, mut callees)) = pending.pop_first() {
            graph.sort(&mut callees);
            if self.reached.len() > MAX_CALLABLES {
                self.cut = Some("size");
                break;
            }
            let callers = callers(graph, &callees, level + 1, possible)?;
            if limits.depth.is_some_and(|depth| level >= depth) {
                // Only what would have been another caller is missing.
                if callers.iter().any(|(id, _)| !self.reached.contains_key(id)) {
                    self.cut = Some("depth");
                }
                break;
            }
            for (caller, reached) in callers {
                let confidence = match self.reached.get(&reached.calls) {
                    Some(Some(callee)) => callee.confidence.max(reached.confidence),
                    _ => reached.confidence,
                };
                self.reached.entry(caller).or_insert_with(|| {
                    pending.entry(level + 1).or_default().push(caller);
                    Some(Reached {
                        confidence,
                        ..reached
                    })
                });
            }
        }
        Ok(())
    }

    fn callers(&self) -> impl Iterator<Item = (NodeId, Reached)> {
        self.reached
            .iter()
            .filter_map(|(id, reached)| reached.map(|r| (*id, r)))
    }

    fn levels(&self, possible: bool) -> Vec<u64> {
        let mut levels = Vec::new();
        for (_, reached) in self.callers() {
            if (reached.confidence == Confidence::Possible) == possible {
                let at = reached.level as usize;
                if levels.len() < at {
                    levels.resize(at, 0);
                }
                levels[at - 1] += 1;
            }
        }
        levels
    }

    fn modules(&self, graph: &Graph<'_>) -> Vec<ModuleImpact> {
        let mut modules: BTreeMap<String, Vec<(NodeId, Reached)>> = BTreeMap::new();
        for (id, reached) in self.callers() {
            let file = graph.node(id).map_or_else(String::new, |n| n.file.clone());
            modules.entry(file).or_default().push((id, reached));
        }
        let mut modules: Vec<ModuleImpact> = modules
            .into_iter()
            .map(|(file, mut callers)| {
                callers.sort_by(|(a, ra), (b, rb)| {
                    let key = |id: &NodeId| graph.node(*id).map(crate::graph::Node::order);
                    (ra.confidence == Confidence::Possible, ra.level)
                        .cmp(&(rb.confidence == Confidence::Possible, rb.level))
                        .then_with(|| key(a).cmp(&key(b)))
                });
                let possible = callers
                    .iter()
                    .filter(|(_, r)| r.confidence == Confidence::Possible)
                    .count() as u64;
                ModuleImpact {
                    file,
                    count: callers.len() as u64 - possible,
                    possible,
                    callers: callers
                        .into_iter()
                        .map(|(id, reached)| CallerRef {
                            node: NodeRef::of(graph, id),
                            level: reached.level,
                            confidence: reached.confidence,
                            calls: graph
                                .node(reached.calls)
                                .map_or_else(String::new, |n| n.semantic_id.clone()),
                            call: NodeRef::of(graph, reached.call),
                            edge: reached.edge.as_str(),
                        })
                        .collect(),
                }
            })
            .collect();
        let nearest = |m: &ModuleImpact| m.callers.first().map_or(u32::MAX, |c| c.level);
        modules.sort_by(|a, b| {
            (a.count == 0, nearest(a), std::cmp::Reverse(a.count))
                .cmp(&(b.count == 0, nearest(b), std::cmp::Reverse(b.count)))
                .then_with(|| a.file.cmp(&b.file))
        });
        modules
    }
}

/// The callables and modules that call these, each with its best call: the surest, then the first.
fn callers(
    graph: &mut Graph<'_>,
    callees: &[NodeId],
    level: u32,
    possible: bool,
) -> Result<Vec<(NodeId, Reached)>> {
    // A module is called by nobody; who imports it calls its functions.
    let called: Vec<NodeId> = callees
        .iter()
        .copied()
        .filter(|id| graph.node(*id).is_some_and(|n| !n.is(NodeType::Module)))
        .collect();
    let aliases = Aliases::of(graph, called.iter().map(|id| (*id, *id)))?;
    // Of a class without a constructor of its own, `new` calls an inherited one or none.
    let kinds = [CALLS, &[EdgeType::InstanceOf]].concat();
    let mut found: Vec<Use> = uses(graph, &aliases, &kinds, &[])?;
    found.retain(|u| possible || u.edge.facts.confidence() != Confidence::Possible);
    graph.load(found.iter().map(|u| u.node))?;
    found.retain(|u| {
        let node = graph.node(u.node);
        u.edge.edge_type != EdgeType::InstanceOf
            || node.is_some_and(|n| n.is(NodeType::ConstructorCall))
    });
    graph.load_enclosing(found.iter().map(|u| u.node).chain(called.iter().copied()))?;
    found.sort_by(|a, b| {
        let key = |u: &Use| graph.node(u.node).map(crate::graph::Node::order);
        (a.edge.facts.confidence(), a.edge.edge_type)
            .cmp(&(b.edge.facts.confidence(), b.edge.edge_type))
            .then_with(|| key(a).cmp(&key(b)))
            .then(a.origin.cmp(&b.origin))
    });
    let mut callers: Vec<(NodeId, Reached)> = found
        .iter()
        .filter_map(|u| {
            let caller = graph.enclosing(u.node)?;
            Some((
                caller,
                Reached {
                    level,
                    confidence: u.edge.facts.confidence(),
                    calls: u.origin,
                    call: u.node,
                    edge: u.edge.edge_type,
                },
            ))
        })
        .collect();
    // A function without a name is reached through the code that it is written in.
    callers.extend(called.iter().filter_map(|id| {
        let node = graph.node(*id)?;
        if !(node.is(NodeType::Function) && node.name.starts_with('<')) {
            return None;
        }
        Some((
            graph.enclosing(*id)?,
            Reached {
                level,
                confidence: Confidence::Exact,
                calls: *id,
                call: *id,
                edge: EdgeType::Contains,
            },
        ))
    }));
    Ok(callers)
}
