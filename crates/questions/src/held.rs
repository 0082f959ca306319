//! Functions that are called under the name of a variable: `const map = dual(2, function)`, `const left = internal.left`.
//!
//! Edges of calls lead to functions, and such a function has no name of its own, or another one. Who asks for the variable
//! means the calls of its name.

use graph_model::{EdgeType, NodeType};
use rfdb_client::{Direction, NodeId};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::Result;
use crate::graph::{Edge, Graph};

/// So many edges lead from a variable to a function at most.
const MAX_STEPS: usize = 8;

/// And over so many values at once.
const MAX_VALUES: usize = 1000;

/// From a value to where it comes from; out of calls to what they are passed, and to nothing else.
const LEAD_ON: &[EdgeType] = &[
    EdgeType::AssignedFrom,
    EdgeType::ReadsFrom,
    EdgeType::ImportsFrom,
    EdgeType::Exports,
    EdgeType::PassesArgument,
];

/// By function, the variables that may hold it: as their value, as that of a variable that they are assigned from, or as an
/// argument of the call whose result they are. More than are called under their names: edges of calls decide.
fn held(
    graph: &mut Graph<'_>,
    variables: impl IntoIterator<Item = NodeId>,
) -> Result<Vec<(NodeId, NodeId)>> {
    let mut level: Vec<(NodeId, NodeId)> = variables.into_iter().map(|id| (id, id)).collect();
    graph.load(level.iter().map(|one| one.0))?;
    level.retain(|(id, _)| graph.node(*id).is_some_and(|n| n.is(NodeType::Variable)));
    let mut seen: FxHashSet<(NodeId, NodeId)> = level.iter().copied().collect();
    let mut functions = Vec::new();
    for _ in 0..MAX_STEPS {
        let mut holders: FxHashMap<NodeId, Vec<NodeId>> = FxHashMap::default();
        for &(value, variable) in &level {
            holders.entry(value).or_default().push(variable);
        }
        level.clear();
        let mut ids: Vec<NodeId> = holders.keys().copied().collect();
        ids.sort_unstable();
        let mut edges = graph.edges(&ids, Direction::Outgoing, LEAD_ON)?;
        edges.retain(|edge| {
            let is_call = graph.node(edge.src).is_some_and(|n| n.is(NodeType::Call));
            is_call == (edge.edge_type == EdgeType::PassesArgument)
        });
        graph.load(edges.iter().map(|edge| edge.dst))?;
        for edge in edges {
            let Some(node) = graph.node(edge.dst) else {
                continue;
            };
            let list = match node.is_callable() {
                true => &mut functions,
                false => &mut level,
            };
            for &variable in holders.get(&edge.src).into_iter().flatten() {
                let next = (edge.dst, variable);
                if seen.insert(next) {
                    list.push(next);
                }
            }
        }
        if level.is_empty() || level.len() > MAX_VALUES {
            break;
        }
    }
    functions.sort_unstable();
    Ok(functions)
}

/// The calls of functions that variables hold, under the names of these: each with the variable.
pub(crate) fn calls_of_held(
    graph: &mut Graph<'_>,
    variables: impl IntoIterator<Item = NodeId>,
) -> Result<Vec<(NodeId, Edge)>> {
    let held = held(graph, variables)?;
    let mut functions: Vec<NodeId> = held.iter().map(|one| one.0).collect();
    functions.dedup();
    let calls = [EdgeType::Calls, EdgeType::Renders];
    let edges = graph.edges(&functions, Direction::Incoming, &calls)?;
    graph.load(edges.iter().map(|edge| edge.src))?;
    let mut found = Vec::new();
    for edge in edges {
        let Some(call) = graph.node(edge.src) else {
            continue;
        };
        let called = call.name.rsplit('.').next().unwrap_or(&call.name);
        let first = held.partition_point(|one| one.0 < edge.dst);
        for &(_, variable) in held[first..].iter().take_while(|one| one.0 == edge.dst) {
            let is_its_name = graph.node(variable).is_some_and(|n| n.name == called);
            if is_its_name && edge.facts.call_type.is_none() {
                found.push((variable, edge.clone()));
            }
        }
    }
    Ok(found)
}
