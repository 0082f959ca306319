//! Commands that read: each on the snapshot it is given.

use std::collections::{BTreeMap, BTreeSet};

use rfdb_engine::{
    Direction as EngineDirection, NodeId, NodeQuery, Snapshot, TextMatch, Traversal,
};
use rfdb_protocol::{
    AttrQuery, Direction, EdgeTable, ErrorCode, NodeBox, NodeTable, Response, WireError,
};

use crate::error::ToWire;
use crate::rows::{push_edge, push_node};

type Result<T = Response> = std::result::Result<T, WireError>;

/// Node types where a program meets the outside.
const ENDPOINT_TYPES: [&str; 9] = [
    "db:query",
    "graphql:mutation",
    "graphql:query",
    "graphql:subscription",
    "grpc:method",
    "http:endpoint",
    "http:request",
    "http:route",
    "websocket:handler",
];

/// Whether a type is what a pattern names: itself, or with a `*` behind it the types that begin with it.
pub(crate) fn type_matches(pattern: &str, value: &str) -> bool {
    if pattern.ends_with('*') {
        value.starts_with(pattern.trim_end_matches('*'))
    } else {
        pattern == value
    }
}

/// A pattern as the engine takes it: all trailing stars count as one.
fn type_pattern(pattern: &str) -> String {
    if pattern.ends_with('*') {
        format!("{}*", pattern.trim_end_matches('*'))
    } else {
        pattern.to_owned()
    }
}

/// Edge types to follow.
pub(crate) enum EdgeTypes<'a> {
    All,
    None,
    Only(Vec<&'a str>),
}

impl<'a> EdgeTypes<'a> {
    /// On the wire edge types match exactly, while the engine takes a trailing `*` as a pattern; no edge has a type
    /// that ends in one.
    fn exact(types: &'a [String]) -> Self {
        let types: Vec<_> = types
            .iter()
            .map(String::as_str)
            .filter(|name| !name.ends_with('*'))
            .collect();
        if types.is_empty() {
            Self::None
        } else {
            Self::Only(types)
        }
    }

    /// For commands where an empty list means all.
    pub(crate) fn empty_is_all(types: &'a [String]) -> Self {
        if types.is_empty() {
            Self::All
        } else {
            Self::exact(types)
        }
    }

    /// For commands where only an absent list means all.
    pub(crate) fn absent_is_all(types: Option<&'a Vec<String>>) -> Self {
        types.map_or(Self::All, |types| Self::exact(types))
    }

    /// The engine's list, where empty means all; nothing if no edge can match.
    fn as_list(&self) -> Option<&[&'a str]> {
        match self {
            Self::All => Some(&[]),
            Self::None => None,
            Self::Only(types) => Some(types),
        }
    }
}

/// Refuses answers that are larger than allowed while they are built, not after.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SizeLimit(pub(crate) Option<usize>);

impl SizeLimit {
    pub(crate) fn check(self, bytes: usize) -> Result<()> {
        match self.0 {
            Some(limit) if bytes > limit => Err(WireError::new(
                ErrorCode::ResultTooLarge,
                format!(
                    "The answer exceeds {limit} bytes; narrow the query, or read page by page with scanNodes and scanEdges"
                ),
            )),
            _ => Ok(()),
        }
    }
}

fn wire_ids(ids: impl IntoIterator<Item = NodeId>) -> Vec<u128> {
    ids.into_iter().map(|id| id.0).collect()
}

pub(crate) fn engine_ids(ids: &[u128]) -> Vec<NodeId> {
    ids.iter().map(|&id| NodeId(id)).collect()
}

pub(crate) fn get_node(snapshot: &Snapshot, id: u128) -> Result {
    let mut table = NodeTable::default();
    if let Some(node) = snapshot.node(NodeId(id)).to_wire()? {
        push_node(&mut table, &node);
    }
    Ok(Response::Node {
        node: NodeBox::from(table.get(0)),
    })
}

pub(crate) fn get_nodes(snapshot: &Snapshot, ids: &[u128], limit: SizeLimit) -> Result {
    let mut nodes = NodeTable::default();
    // Pieces, so that the limit is met before everything was read.
    for ids in engine_ids(ids).chunks(4096) {
        for node in snapshot.nodes(ids).to_wire()?.iter().flatten() {
            push_node(&mut nodes, node);
        }
        limit.check(nodes.bytes())?;
    }
    Ok(Response::Nodes { nodes })
}

pub(crate) fn node_exists(snapshot: &Snapshot, id: u128) -> Result {
    let value = snapshot.contains(NodeId(id)).to_wire()?;
    Ok(Response::Value { value })
}

pub(crate) fn is_endpoint(snapshot: &Snapshot, id: u128) -> Result {
    let value = snapshot
        .node(NodeId(id))
        .to_wire()?
        .is_some_and(|node| ENDPOINT_TYPES.contains(&node.node_type));
    Ok(Response::Value { value })
}

pub(crate) fn identifier(snapshot: &Snapshot, id: u128) -> Result {
    let node = snapshot.node(NodeId(id)).to_wire()?;
    Ok(Response::Identifier {
        identifier: node.map(|node| node.name.to_owned()),
    })
}

pub(crate) fn find_by_type(snapshot: &Snapshot, pattern: &str) -> Result {
    let query = NodeQuery::default().with_type(type_pattern(pattern));
    Ok(Response::Ids {
        ids: wire_ids(snapshot.find(&query).to_wire()?),
    })
}

/// Ids of the nodes that fulfil a query of the wire, ascending.
pub(crate) fn find(snapshot: &Snapshot, query: &AttrQuery) -> Result<Vec<NodeId>> {
    let mut engine_query = NodeQuery {
        node_type: query.node_type.as_deref().map(type_pattern),
        exported: query.exported,
        fields: query.metadata.clone(),
        ..NodeQuery::default()
    };
    if !query.substring_match {
        engine_query.name = query.name.clone().map(TextMatch::Exact);
        engine_query.file = query.file.clone();
        return snapshot.find(&engine_query).to_wire();
    }
    let part = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    engine_query.name = part(&query.name).map(TextMatch::Contains);
    let Some(file) = part(&query.file) else {
        return snapshot.find(&engine_query).to_wire();
    };
    let nodes = snapshot.find_nodes(&engine_query).to_wire()?;
    Ok(nodes
        .iter()
        .filter(|node| node.file.contains(&file))
        .map(|node| node.id)
        .collect())
}

pub(crate) fn find_by_attr(snapshot: &Snapshot, query: &AttrQuery) -> Result {
    Ok(Response::Ids {
        ids: wire_ids(find(snapshot, query)?),
    })
}

pub(crate) fn query_nodes(snapshot: &Snapshot, query: &AttrQuery, limit: SizeLimit) -> Result {
    let ids = wire_ids(find(snapshot, query)?);
    get_nodes(snapshot, &ids, limit)
}

/// How edges are asked for.
pub(crate) struct EdgesOf<'a> {
    pub(crate) ids: &'a [u128],
    pub(crate) direction: Direction,
    pub(crate) types: EdgeTypes<'a>,
    pub(crate) rows: Option<u32>,
    /// Show endpoints under their semantic ids.
    pub(crate) labelled: bool,
}

pub(crate) fn edges_of(snapshot: &Snapshot, query: &EdgesOf<'_>, limit: SizeLimit) -> Result {
    let mut edges = EdgeTable::default();
    if let Some(types) = query.types.as_list() {
        for &id in query.ids {
            let id = NodeId(id);
            if query.direction != Direction::Incoming {
                for edge in snapshot.outgoing(id, types).to_wire()? {
                    push_edge(&mut edges, &edge);
                }
            }
            if query.direction != Direction::Outgoing {
                for edge in snapshot.incoming(id, types).to_wire()? {
                    push_edge(&mut edges, &edge);
                }
            }
            limit.check(edges.bytes())?;
        }
    }
    if let Some(rows) = query.rows {
        edges.truncate(rows as usize);
    }
    if query.labelled {
        label(snapshot, &mut edges)?;
    }
    Ok(Response::Edges { edges })
}

/// Shows the endpoints that exist under their semantic ids.
fn label(snapshot: &Snapshot, edges: &mut EdgeTable) -> Result<()> {
    let ends: BTreeSet<u128> = edges.iter().flat_map(|edge| [edge.src, edge.dst]).collect();
    let ends: Vec<_> = ends.into_iter().map(NodeId).collect();
    for ids in ends.chunks(4096) {
        for node in snapshot.nodes(ids).to_wire()?.iter().flatten() {
            if !node.semantic_id.is_empty() {
                edges.set_label(node.id.0, &node.semantic_id);
            }
        }
    }
    Ok(())
}

pub(crate) fn all_edges(snapshot: &Snapshot, labelled: bool, limit: SizeLimit) -> Result {
    let mut edges = EdgeTable::default();
    for (row, edge) in snapshot.iter_edges().enumerate() {
        push_edge(&mut edges, &edge.to_wire()?);
        if row % 4096 == 0 {
            limit.check(edges.bytes())?;
        }
    }
    limit.check(edges.bytes())?;
    if labelled {
        label(snapshot, &mut edges)?;
    }
    Ok(Response::Edges { edges })
}

pub(crate) fn neighbors(snapshot: &Snapshot, id: u128, types: &EdgeTypes<'_>) -> Result {
    let ids = match types.as_list() {
        Some(types) => snapshot
            .outgoing(NodeId(id), types)
            .to_wire()?
            .iter()
            .map(|edge| edge.dst.0)
            .collect(),
        None => Vec::new(),
    };
    Ok(Response::Ids { ids })
}

/// In which order a traversal visits nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Breadth,
    Depth,
}

pub(crate) fn traverse(
    snapshot: &Snapshot,
    order: Order,
    start: &[u128],
    max_depth: u32,
    types: &EdgeTypes<'_>,
    backward: bool,
) -> Result {
    let start = engine_ids(start);
    let mut traversal = Traversal {
        direction: if backward {
            EngineDirection::Incoming
        } else {
            EngineDirection::Outgoing
        },
        max_depth: Some(max_depth),
        edge_types: Vec::new(),
    };
    match types.as_list() {
        Some(types) => traversal.edge_types = types.iter().map(|&name| name.to_owned()).collect(),
        None => traversal.max_depth = Some(0),
    }
    let visited = match order {
        Order::Breadth => snapshot.bfs(&start, &traversal),
        Order::Depth => snapshot.dfs(&start, &traversal),
    };
    Ok(Response::Ids {
        ids: wire_ids(visited.to_wire()?.into_iter().map(|(id, _)| id)),
    })
}

pub(crate) fn dependent_files(snapshot: &Snapshot, id: u128, types: &EdgeTypes<'_>) -> Result {
    let mut files = BTreeSet::new();
    if let Some(types) = types.as_list() {
        for edge in snapshot.incoming(NodeId(id), types).to_wire()? {
            if let Some(node) = snapshot.node(edge.src).to_wire()? {
                files.insert(node.file.to_owned());
            }
        }
    }
    Ok(Response::Files {
        files: files.into_iter().collect(),
    })
}

/// Keeps the counts of the types that a list of patterns names; all without a list.
pub(crate) fn counts(
    mut counts: BTreeMap<String, u64>,
    patterns: Option<&Vec<String>>,
) -> Response {
    if let Some(patterns) = patterns {
        counts.retain(|name, _| patterns.iter().any(|pattern| type_matches(pattern, name)));
    }
    counts.retain(|_, count| *count > 0);
    Response::Counts { counts }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_name_types() {
        assert!(type_matches("http:*", "http:route"));
        assert!(type_matches("*", ""));
        assert!(type_matches("FUN**", "FUNCTION"));
        assert!(!type_matches("FUN", "FUNCTION"));
        assert!(!type_matches("*TION", "FUNCTION"));
        assert!(type_matches("A*B", "A*B"));
        assert!(!type_matches("function", "FUNCTION"));
    }
}
