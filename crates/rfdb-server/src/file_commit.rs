//! `commitBatch` as old clients send it: by file, not by owner.
//!
//! All nodes of the changed files go with every edge that touches them, whoever wrote it; then the nodes and edges of
//! the request are written. What comes back unchanged in its key is not deleted first but overwritten, so that a file
//! that is committed again costs what it holds.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use rfdb_engine::{Batch, Engine, IndexMode, NodeId, NodeQuery, Owner, Snapshot};
use rfdb_protocol::{Delta, EdgeTable, FileCommit, NodeTable, WireError};

use crate::error::ToWire;
use crate::rows::{edge_row, node_row};

/// Context of the records that come without an owner.
pub(crate) const CONTEXT: &str = "wire";

/// Key of an edge.
type Triple = (u128, u128, String);

/// What goes.
#[derive(Default)]
struct Doomed {
    nodes: BTreeSet<u128>,
    edges: BTreeSet<Triple>,
    node_types: BTreeSet<String>,
    edge_types: BTreeSet<String>,
}

impl Doomed {
    /// The nodes of the files that are not protected, and their edges.
    fn find(
        snapshot: &Snapshot,
        files: &[String],
        protected: &[String],
    ) -> Result<Self, WireError> {
        let mut doomed = Self::default();
        let files: BTreeSet<&String> = files.iter().collect();
        for file in files {
            let query = NodeQuery::default().with_file(file.as_str());
            for node in snapshot.find_nodes(&query).to_wire()? {
                if !protected.iter().any(|name| name == node.node_type) {
                    doomed.nodes.insert(node.id.0);
                    doomed.node_types.insert(node.node_type.to_owned());
                }
            }
        }
        for &id in &doomed.nodes {
            let id = NodeId(id);
            let outgoing = snapshot.outgoing(id, &[]).to_wire()?;
            let incoming = snapshot.incoming(id, &[]).to_wire()?;
            for edge in outgoing.iter().chain(&incoming) {
                let triple = (edge.src.0, edge.dst.0, edge.edge_type.to_owned());
                if doomed.edges.insert(triple) {
                    doomed.edge_types.insert(edge.edge_type.to_owned());
                }
            }
        }
        Ok(doomed)
    }

    /// What the request does not bring back: the nodes, and the edges that do not go with them.
    fn without<'a>(
        &'a self,
        nodes: &NodeTable,
        edges: &EdgeTable,
    ) -> (Vec<NodeId>, Vec<(NodeId, NodeId, &'a str)>) {
        let kept_nodes: HashSet<u128> = nodes.iter().map(|node| node.id).collect();
        let kept_edges: HashSet<(u128, u128, &str)> = edges
            .iter()
            .map(|edge| (edge.src, edge.dst, edge.edge_type))
            .collect();
        let gone = |id: &u128| self.nodes.contains(id) && !kept_nodes.contains(id);
        let gone_nodes = self
            .nodes
            .iter()
            .filter(|id| gone(id))
            .map(|id| NodeId(*id));
        let gone_edges = self
            .edges
            .iter()
            .filter(|(src, dst, edge_type)| {
                !gone(src) && !gone(dst) && !kept_edges.contains(&(*src, *dst, edge_type.as_str()))
            })
            .map(|(src, dst, edge_type)| (NodeId(*src), NodeId(*dst), edge_type.as_str()));
        (gone_nodes.collect(), gone_edges.collect())
    }
}

/// Refuses metadata that the engine would refuse, before anything is deleted.
pub(crate) fn check_metadata(nodes: &NodeTable, edges: &EdgeTable) -> Result<(), WireError> {
    let check = |what: &dyn Fn() -> String, metadata: &str| {
        let is_object = metadata.is_empty()
            || (metadata.trim_start().starts_with('{')
                && serde_json::from_str::<serde::de::IgnoredAny>(metadata).is_ok());
        if is_object {
            return Ok(());
        }
        Err(WireError::invalid_request(format_args!(
            "metadata of {} is not a JSON object: {}",
            what(),
            metadata.chars().take(60).collect::<String>()
        )))
    };
    for node in nodes.iter() {
        check(&|| format!("node {}", node.semantic_id), node.metadata)?;
    }
    for edge in edges.iter() {
        check(
            &|| format!("edge {} -{}-> {}", edge.src, edge.edge_type, edge.dst),
            edge.metadata,
        )?;
    }
    Ok(())
}

/// Metadata with the context that the edge belongs to, as old servers store it.
fn with_context(metadata: &str, context: &str) -> Result<String, WireError> {
    let mut object: BTreeMap<String, serde_json::Value> = if metadata.is_empty() {
        BTreeMap::new()
    } else {
        serde_json::from_str(metadata).map_err(WireError::invalid_request)?
    };
    object.insert("__file_context".into(), context.into());
    serde_json::to_string(&object).map_err(WireError::invalid_request)
}

fn edges_with_context(edges: &EdgeTable, context: &str) -> Result<EdgeTable, WireError> {
    let mut marked = EdgeTable::default();
    for edge in edges.iter() {
        let metadata = with_context(edge.metadata, context)?;
        marked.push(rfdb_protocol::Edge {
            metadata: &metadata,
            ..edge
        });
    }
    Ok(marked)
}

/// Does the commit. The caller sees to it that no other write comes between.
pub(crate) fn commit(
    engine: &Engine,
    snapshot: &Snapshot,
    request: FileCommit,
) -> Result<Delta, WireError> {
    let mut files = request.changed_files;
    if let Some(context) = &request.file_context
        && !files.contains(context)
    {
        files.push(context.clone());
    }
    check_metadata(&request.nodes, &request.edges)?;
    let edges = match &request.file_context {
        Some(context) => edges_with_context(&request.edges, context)?,
        None => request.edges,
    };
    let nodes = request.nodes;

    let mut doomed = Doomed::find(snapshot, &files, &request.protected_types)?;
    let mut node_types = std::mem::take(&mut doomed.node_types);
    let mut edge_types = std::mem::take(&mut doomed.edge_types);
    let (gone_nodes, gone_edges) = doomed.without(&nodes, &edges);
    let mut edges_removed = doomed.edges.len() as u64;

    node_types.extend(nodes.types().map(str::to_owned));
    edge_types.extend(edges.types().map(str::to_owned));

    let mode = if request.defer_index {
        IndexMode::Deferred
    } else {
        IndexMode::Immediate
    };
    let owner = request
        .file_context
        .as_ref()
        .or(files.first())
        .map(String::as_str)
        .or_else(|| nodes.files().next())
        .unwrap_or_default();
    let mut batch = Batch::new();
    batch.owner(Owner::new(owner, CONTEXT));
    nodes
        .iter()
        .for_each(|node| batch.push_node(node_row(node)));
    edges
        .iter()
        .for_each(|edge| batch.push_edge(edge_row(edge)));
    if request.file_context.is_some() {
        // The records of a context are replaced as a whole.
        if !gone_nodes.is_empty() || !gone_edges.is_empty() {
            engine
                .edit(&gone_nodes, &gone_edges, Batch::new(), mode)
                .to_wire()?;
        }
        let changes = engine.commit(batch, mode).to_wire()?.changes().to_wire()?;
        edges_removed += changes.edges_removed;
        edge_types.extend(changes.edge_types);
    } else {
        engine
            .edit(&gone_nodes, &gone_edges, batch, mode)
            .to_wire()?;
    }
    Ok(Delta {
        changed_files: files,
        nodes_added: nodes.len() as u64,
        nodes_removed: doomed.nodes.len() as u64,
        edges_added: edges.len() as u64,
        edges_removed,
        changed_node_types: node_types.into_iter().collect(),
        changed_edge_types: edge_types.into_iter().collect(),
    })
}
