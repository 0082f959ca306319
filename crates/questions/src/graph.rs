//! Reading the graph in batches: nodes are fetched many at a time and kept, edges are fetched for many nodes at once.

use graph_model::{EdgeType, NodeType, Span};
use rfdb_client::{AttrQuery, Client, Direction, NodeId, NodeTable, hash_id};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::Result;

/// A node of the graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The key.
    pub id: NodeId,
    /// The readable identity.
    pub semantic_id: String,
    /// Its type; a plugin's own types have none.
    pub kind: Option<NodeType>,
    /// The type as it is stored.
    pub node_type: String,
    /// The name.
    pub name: String,
    /// The file, relative to the project; empty for nodes that belong to none.
    pub file: String,
    /// Whether it is exported.
    pub exported: bool,
    /// Where it is; nothing for nodes that belong to no file.
    pub span: Option<Span>,
    /// The metadata as JSON text; may be empty.
    pub metadata: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Position {
    line: Option<u32>,
    column: Option<u32>,
    end_line: Option<u32>,
    end_column: Option<u32>,
}

impl Node {
    fn of(row: rfdb_client::Node<'_>) -> Self {
        let at: Position = serde_json::from_str(row.metadata).unwrap_or_default();
        Node {
            id: row.id,
            semantic_id: row.semantic_id.to_owned(),
            kind: NodeType::parse(row.node_type),
            node_type: row.node_type.to_owned(),
            name: row.name.to_owned(),
            file: row.file.to_owned(),
            exported: row.exported,
            span: at.line.zip(at.column).map(|(line, column)| Span {
                line,
                column,
                end_line: at.end_line.unwrap_or(line),
                end_column: at.end_column.unwrap_or(column),
            }),
            metadata: row.metadata.to_owned(),
        }
    }

    /// Whether edges that name a callable accept it.
    #[must_use]
    pub fn is_callable(&self) -> bool {
        self.kind.is_some_and(NodeType::is_callable)
    }

    /// Whether it is of this type.
    #[must_use]
    pub fn is(&self, kind: NodeType) -> bool {
        self.kind == Some(kind)
    }

    /// A metadata value.
    #[must_use]
    pub fn metadata_value(&self, key: &str) -> Option<serde_json::Value> {
        let object: serde_json::Value = serde_json::from_str(&self.metadata).ok()?;
        object.get(key).cloned()
    }

    /// The names of what it lies in, outermost first and joined by `.`; nothing at module level.
    #[must_use]
    pub fn scope(&self) -> Option<String> {
        graph_model::SemanticId::parse(&self.semantic_id)
            .ok()
            .and_then(|id| id.scope)
    }

    /// What answers are sorted by: the place, then the identity.
    #[must_use]
    pub fn order(&self) -> (&str, u32, u32, &str) {
        let span = self.span.unwrap_or_default();
        (&self.file, span.line, span.column, &self.semantic_id)
    }
}

/// What an edge says beside its ends and its type. Path keys are explained in the model's section on data flow.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EdgeFacts {
    /// How a call was resolved.
    pub resolution: Option<String>,
    /// Absent means exact.
    pub confidence: Option<String>,
    /// `callback` or `event`: the function is not the callee, but is called by it.
    pub call_type: Option<String>,
    /// Part of the value, or place in the target.
    pub property_path: Vec<String>,
    /// Which part of the source it becomes.
    pub result_path: Vec<String>,
    /// Which part of the source flows.
    pub source_path: Vec<String>,
    /// `builtin`, `pure`, `for-of`, `for-in`.
    pub via: Option<String>,
    /// Which name was imported.
    pub imported: Option<String>,
    /// Of an operand of USES.
    pub role: Option<String>,
    /// Key of a property of an object literal.
    pub property_name: Option<String>,
    /// `get` or `set` for accessors of an object literal.
    pub kind: Option<String>,
    /// Position of an element.
    pub element_index: Option<u64>,
    /// Position of an argument.
    pub arg_index: Option<u64>,
    /// The value is spread.
    pub is_spread: bool,
    /// Attribute of a JSX element.
    pub prop_name: Option<String>,
    /// Line of a write, from 1.
    pub line: Option<u32>,
    /// Column of a write, from 0.
    pub column: Option<u32>,
    /// Rejecting instead of resolving.
    pub is_reject: bool,
    /// The same edge again, with other facts.
    pub also: Vec<EdgeFacts>,
}

/// How sure an edge is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// It follows from the rules of the language.
    Exact,
    /// One candidate, under an assumption.
    Likely,
    /// One of several candidates.
    Possible,
}

impl EdgeFacts {
    /// How sure the edge is.
    #[must_use]
    pub fn confidence(&self) -> Confidence {
        match self.confidence.as_deref() {
            None | Some("exact") => Confidence::Exact,
            Some("likely") => Confidence::Likely,
            Some(_) => Confidence::Possible,
        }
    }
}

/// An edge of the graph.
#[derive(Debug, Clone, PartialEq)]
pub struct Edge {
    /// Where it starts.
    pub src: NodeId,
    /// Where it ends.
    pub dst: NodeId,
    /// Its type.
    pub edge_type: EdgeType,
    /// What it says beside.
    pub facts: EdgeFacts,
}

impl Edge {
    /// The facts of every occurrence: an edge that was to be stored several times is stored once, and keeps what
    /// differs in `also`.
    pub fn occurrences(&self) -> impl Iterator<Item = &EdgeFacts> {
        std::iter::once(&self.facts).chain(&self.facts.also)
    }
}

/// A database with the nodes that were read from it.
#[derive(Debug)]
pub struct Graph<'c> {
    client: &'c Client,
    nodes: FxHashMap<NodeId, Node>,
    /// Containment parents, as far as known; a root has none.
    pub(crate) parents: FxHashMap<NodeId, Option<NodeId>>,
}

impl<'c> Graph<'c> {
    /// Nothing is read yet.
    #[must_use]
    pub fn new(client: &'c Client) -> Self {
        Graph {
            client,
            nodes: FxHashMap::default(),
            parents: FxHashMap::default(),
        }
    }

    /// Fetches those of the nodes that are not there yet, in one request.
    ///
    /// # Errors
    /// When the database fails.
    pub fn load(&mut self, ids: impl IntoIterator<Item = NodeId>) -> Result<()> {
        let mut missing: Vec<NodeId> = ids
            .into_iter()
            .filter(|id| !self.nodes.contains_key(id))
            .collect();
        missing.sort_unstable();
        missing.dedup();
        if !missing.is_empty() {
            let table = self.client.get_nodes(&missing)?;
            self.keep(&table);
        }
        Ok(())
    }

    fn keep(&mut self, table: &NodeTable) -> Vec<NodeId> {
        table
            .iter()
            .map(|row| {
                self.nodes.entry(row.id).or_insert_with(|| Node::of(row));
                row.id
            })
            .collect()
    }

    /// A node that was loaded; nothing if the graph does not hold it.
    #[must_use]
    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(&id)
    }

    /// The nodes that fulfil the conditions.
    ///
    /// # Errors
    /// When the database fails.
    pub fn find(&mut self, query: AttrQuery) -> Result<Vec<NodeId>> {
        let table = self.client.query_nodes(query)?;
        Ok(self.keep(&table))
    }

    /// The node with this semantic id.
    ///
    /// # Errors
    /// When the database fails.
    pub fn by_semantic_id(&mut self, semantic_id: &str) -> Result<Option<&Node>> {
        let id = hash_id(semantic_id);
        self.load([id])?;
        Ok(self.node(id))
    }

    /// Edges of many nodes, in one request. The rows come node by node, in the order of the ids.
    ///
    /// # Errors
    /// When the database fails.
    pub fn edges(
        &self,
        ids: &[NodeId],
        direction: Direction,
        types: &[EdgeType],
    ) -> Result<Vec<Edge>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let names: Vec<&str> = types.iter().map(|t| t.as_str()).collect();
        let table = self.client.get_edges(ids, direction, Some(&names))?;
        let edges = table.iter().filter_map(|row| {
            Some(Edge {
                src: row.src,
                dst: row.dst,
                edge_type: EdgeType::parse(row.edge_type)?,
                facts: if row.metadata.is_empty() {
                    EdgeFacts::default()
                } else {
                    serde_json::from_str(row.metadata).unwrap_or_default()
                },
            })
        });
        Ok(edges.collect())
    }

    /// The client, for questions that are asked whole.
    #[must_use]
    pub fn client(&self) -> &'c Client {
        self.client
    }

    /// Sorts ids of loaded nodes by place and takes out what occurs twice.
    pub(crate) fn sort(&self, ids: &mut Vec<NodeId>) {
        ids.sort_by(|a, b| {
            let key = |id: &NodeId| self.nodes.get(id).map(Node::order);
            key(a).cmp(&key(b)).then(a.cmp(b))
        });
        ids.dedup();
    }
}
