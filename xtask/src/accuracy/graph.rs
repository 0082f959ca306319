//! The rows of a graph that accuracy is measured on.

use std::collections::HashMap;
use std::path::Path;

use anyhow::Context as _;
use orchestrator::{AnalyzeOptions, NoProgress, Report, analyze};
use rfdb_client::{Client, NodeId};
use rfdb_server::{Config, Dispatcher};
use serde::Deserialize;

/// Rows of a page of a scan.
const PAGE: u32 = 65_536;

/// A node.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) node_type: String,
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) at: Position,
}

/// The part of a node's metadata that is needed.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Position {
    pub(crate) line: Option<u32>,
    pub(crate) column: Option<u32>,
    pub(crate) end_line: Option<u32>,
    pub(crate) end_column: Option<u32>,
    pub(crate) index: Option<i64>,
    pub(crate) is_rest: bool,
    method_kind: Option<String>,
}

impl Position {
    /// Whether a method is a `get`, `set`, …
    pub(crate) fn is_kind(&self, kind: &str) -> bool {
        self.method_kind.as_deref() == Some(kind)
    }
}

/// An edge.
#[derive(Debug)]
pub(crate) struct Edge {
    pub(crate) src: NodeId,
    pub(crate) dst: NodeId,
    pub(crate) facts: Facts,
}

/// The part of an edge's metadata that is needed.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Facts {
    pub(crate) confidence: Option<String>,
    pub(crate) call_type: Option<String>,
    pub(crate) resolution: Option<String>,
    pub(crate) arg_index: Option<i64>,
    pub(crate) arg_indexes: Vec<i64>,
    pub(crate) arg_shift: i64,
    pub(crate) is_spread: bool,
    pub(crate) through: Vec<String>,
}

impl Facts {
    pub(crate) fn is_possible(&self) -> bool {
        self.confidence.as_deref() == Some("possible")
    }
}

/// An analyzed project.
pub(crate) struct Graph {
    pub(crate) client: Client,
    pub(crate) report: Report,
    pub(crate) nodes: HashMap<NodeId, Node>,
    /// Edges by type, of the types that were asked for.
    pub(crate) edges: HashMap<String, Vec<Edge>>,
}

impl Graph {
    /// Analyzes a project into memory; nothing is written into its folder.
    pub(crate) fn analyze(project: &Path, edge_types: &[&str]) -> anyhow::Result<Self> {
        let client = Client::in_process(Dispatcher::in_memory(Config::default()).session());
        let report = analyze(project, &client, &AnalyzeOptions::default(), &NoProgress)
            .with_context(|| format!("cannot analyze {}", project.display()))?;
        let mut nodes = HashMap::new();
        let mut edges: HashMap<String, Vec<Edge>> = HashMap::new();
        if !edge_types.is_empty() {
            client.for_each_node_page(PAGE, |page| {
                for node in page.iter() {
                    nodes.insert(
                        node.id,
                        Node {
                            node_type: node.node_type.to_owned(),
                            name: node.name.to_owned(),
                            file: node.file.to_owned(),
                            at: serde_json::from_str(node.metadata).unwrap_or_default(),
                        },
                    );
                }
                anyhow::Ok(())
            })?;
            client.for_each_edge_page(PAGE, |page| {
                for edge in page.iter() {
                    if edge_types.contains(&edge.edge_type) {
                        edges
                            .entry(edge.edge_type.to_owned())
                            .or_default()
                            .push(Edge {
                                src: edge.src,
                                dst: edge.dst,
                                facts: serde_json::from_str(edge.metadata).unwrap_or_default(),
                            });
                    }
                }
                anyhow::Ok(())
            })?;
        }
        Ok(Graph {
            client,
            report,
            nodes,
            edges,
        })
    }

    /// All edges of a type.
    pub(crate) fn edges(&self, edge_type: &str) -> &[Edge] {
        self.edges.get(edge_type).map_or(&[], Vec::as_slice)
    }

    /// Edges of a type by their source.
    pub(crate) fn by_source(&self, edge_type: &str) -> HashMap<NodeId, Vec<&Edge>> {
        let mut map: HashMap<NodeId, Vec<&Edge>> = HashMap::new();
        for edge in self.edges(edge_type) {
            map.entry(edge.src).or_default().push(edge);
        }
        map
    }
}
