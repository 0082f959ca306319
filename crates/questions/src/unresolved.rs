//! Calls that have no target in the graph: an answer that is empty because of them must say so.

use graph_model::{EdgeType, NodeType};
use rfdb_client::{AttrQuery, Direction, NodeId};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Deserialize;

use crate::Result;
use crate::graph::Graph;

/// A call without a target, by its name one of those that were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unresolved {
    /// The call.
    pub call: NodeId,
    /// Why it has no target, if it was recorded.
    pub reason: Option<String>,
}

/// The edge from such a call to its module, which says why.
const RECORD: &str = "UNRESOLVED_CALL";
/// The reason of calls of what packages and the runtime give: they seldom lead back into the project.
const EXTERNAL: &str = "external-value";

#[derive(Deserialize)]
struct Record {
    reason: Option<String>,
}

/// Calls whose callee, or the last part of it, has one of these names, and that no CALLS edge leads out of.
///
/// # Errors
/// When the database fails.
pub fn unresolved_calls(graph: &mut Graph<'_>, names: &[&str]) -> Result<Vec<Unresolved>> {
    let mut calls = Vec::new();
    for name in names {
        // Names in brackets are made up, no call is written with them.
        if name.is_empty() || name.starts_with('<') {
            continue;
        }
        let call = |text: String, kind: NodeType| AttrQuery {
            node_type: Some(kind.as_str().to_owned()),
            name: Some(text),
            ..AttrQuery::default()
        };
        calls.extend(graph.find(call((*name).to_owned(), NodeType::Call))?);
        calls.extend(graph.find(call(format!("new {name}()"), NodeType::ConstructorCall))?);
        // A call's name is the text of its callee: `repo.find` for the method `find`.
        let member = format!(".{name}");
        let members = graph.find(AttrQuery {
            substring_match: true,
            ..call(member.clone(), NodeType::Call)
        })?;
        calls.extend(
            members
                .into_iter()
                .filter(|id| graph.node(*id).is_some_and(|n| n.name.ends_with(&member))),
        );
        // Where that would be too long, only the metadata tells.
        calls.extend(graph.find(AttrQuery {
            metadata: vec![("method".to_owned(), (*name).to_owned())],
            ..call("<chain>".to_owned(), NodeType::Call)
        })?);
    }
    graph.sort(&mut calls);
    let resolved: FxHashSet<NodeId> = graph
        .edges(&calls, Direction::Outgoing, &[EdgeType::Calls])?
        .into_iter()
        .filter(|edge| edge.facts.call_type.is_none())
        .map(|edge| edge.src)
        .collect();
    calls.retain(|id| !resolved.contains(id));
    let records = graph
        .client()
        .get_edges(&calls, Direction::Outgoing, Some(&[RECORD]))?;
    let reasons: FxHashMap<NodeId, String> = records
        .iter()
        .filter_map(|edge| {
            let record: Record = serde_json::from_str(edge.metadata).ok()?;
            Some((edge.src, record.reason?))
        })
        .collect();
    let mut calls: Vec<Unresolved> = calls
        .into_iter()
        .map(|call| Unresolved {
            call,
            reason: reasons.get(&call).cloned(),
        })
        .collect();
    // The likelier ones first; otherwise by place.
    calls.sort_by_key(|u| u.reason.as_deref() == Some(EXTERNAL));
    Ok(calls)
}
