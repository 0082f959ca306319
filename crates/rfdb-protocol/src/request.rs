//! Requests: every command with its fields.

use serde::{Deserialize, Serialize};

use crate::commit::Commit;
use crate::query::{AttrQuery, Direction};
use crate::table::{EdgeTable, NodeTable};
use crate::{NodeId, wire};

/// A command with its fields. The variant's name in camelCase is the command's name on the wire, with one
/// exception: [`Request::Commit`] travels as `commitBatch` with the additional field `owner`.
///
/// In process a request is moved, never serialised.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Request {
    /// Says which version of the protocol the session speaks.
    Hello {
        /// 2 if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        protocol_version: Option<u32>,
        /// A name of the client, for logs.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client_id: Option<String>,
        /// Show the ends of edges as numbers although the version is 3 or more. (Not in other servers.)
        #[serde(
            default,
            deserialize_with = "wire::or_default",
            skip_serializing_if = "std::ops::Not::not"
        )]
        decimal_edges: bool,
        /// Ask whether the server reads packed rows; it then lists `packedRows` among its features. (Not in other servers.)
        #[serde(
            default,
            deserialize_with = "wire::or_default",
            skip_serializing_if = "std::ops::Not::not"
        )]
        packed_rows: bool,
    },
    /// Makes a database without opening it.
    CreateDatabase {
        /// 1 to 128 characters of `A-Za-z0-9_-`.
        name: String,
        /// Kept in memory, and gone when its last session closes it.
        #[serde(default, deserialize_with = "wire::or_default")]
        ephemeral: bool,
    },
    /// Closes the session's database and opens another.
    OpenDatabase {
        /// Its name.
        name: String,
        /// `ro`, `readonly` and `read-only` forbid writing; anything else allows it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mode: Option<String>,
    },
    /// Leaves the session without a database.
    CloseDatabase,
    /// Deletes a database that nobody has open.
    DropDatabase {
        /// Its name.
        name: String,
    },
    /// All databases with their counts.
    ListDatabases,
    /// The session's database.
    CurrentDatabase,
    /// Writes nodes, replacing those with the same id.
    AddNodes {
        /// The nodes.
        #[serde(
            serialize_with = "wire::keyed_nodes",
            deserialize_with = "wire::keyed_nodes_from"
        )]
        nodes: NodeTable,
    },
    /// Writes edges, replacing those with the same ends and type.
    AddEdges {
        /// The edges.
        edges: EdgeTable,
        /// Without effect.
        #[serde(default, deserialize_with = "wire::or_default")]
        skip_validation: bool,
    },
    /// Deletes a node and all its edges.
    DeleteNode {
        /// The node.
        #[serde(with = "wire::id")]
        id: NodeId,
    },
    /// Deletes one edge.
    DeleteEdge {
        /// Where it starts.
        #[serde(with = "wire::id")]
        src: NodeId,
        /// Where it ends.
        #[serde(with = "wire::id")]
        dst: NodeId,
        /// Its type.
        edge_type: String,
    },
    /// One node.
    GetNode {
        /// The node.
        #[serde(with = "wire::id")]
        id: NodeId,
    },
    /// Many nodes in one request; ids without a node are left out. (Not in other servers.)
    GetNodes {
        /// The nodes.
        #[serde(with = "wire::ids")]
        ids: Vec<NodeId>,
    },
    /// Whether a node exists.
    NodeExists {
        /// The node.
        #[serde(with = "wire::id")]
        id: NodeId,
    },
    /// Ids of the nodes of a type.
    FindByType {
        /// A type, or the beginning of types with a `*` behind it.
        node_type: String,
    },
    /// Ids of the nodes that fulfil all conditions.
    FindByAttr {
        /// The conditions.
        query: AttrQuery,
    },
    /// The nodes that fulfil all conditions.
    QueryNodes {
        /// The conditions.
        query: AttrQuery,
    },
    /// Destinations of the outgoing edges.
    Neighbors {
        /// The node.
        #[serde(with = "wire::id")]
        id: NodeId,
        /// Exact types; empty for all.
        #[serde(deserialize_with = "wire::or_default")]
        edge_types: Vec<String>,
    },
    /// Breadth-first search along outgoing edges.
    Bfs {
        /// Where to start.
        #[serde(with = "wire::ids")]
        start_ids: Vec<NodeId>,
        /// How many edges to follow at most; 0 gives the starts.
        max_depth: u32,
        /// Exact types; empty for all.
        #[serde(deserialize_with = "wire::or_default")]
        edge_types: Vec<String>,
    },
    /// Depth-first search along outgoing edges.
    Dfs {
        /// Where to start.
        #[serde(with = "wire::ids")]
        start_ids: Vec<NodeId>,
        /// How many edges to follow at most.
        max_depth: u32,
        /// Exact types; empty for all.
        #[serde(deserialize_with = "wire::or_default")]
        edge_types: Vec<String>,
    },
    /// Like [`Request::Bfs`], in either direction.
    Reachability {
        /// Where to start.
        #[serde(with = "wire::ids")]
        start_ids: Vec<NodeId>,
        /// How many edges to follow at most.
        max_depth: u32,
        /// Exact types; empty for all.
        #[serde(deserialize_with = "wire::or_default")]
        edge_types: Vec<String>,
        /// Follow incoming edges.
        #[serde(default, deserialize_with = "wire::or_default")]
        backward: bool,
    },
    /// Edges that start at a node.
    GetOutgoingEdges {
        /// The node.
        #[serde(with = "wire::id")]
        id: NodeId,
        /// Exact types; all if absent, none if empty.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        edge_types: Option<Vec<String>>,
    },
    /// Edges that end at a node.
    GetIncomingEdges {
        /// The node.
        #[serde(with = "wire::id")]
        id: NodeId,
        /// Exact types; all if absent, none if empty.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        edge_types: Option<Vec<String>>,
    },
    /// Edges of a node in either direction.
    QueryEdges {
        /// The node.
        #[serde(with = "wire::id")]
        id: NodeId,
        /// Which edges.
        direction: Direction,
        /// Exact types; all if absent, none if empty.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        edge_types: Option<Vec<String>>,
        /// At most so many.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u32>,
    },
    /// Files of the nodes from which edges lead to a node.
    FindDependentFiles {
        /// The node.
        #[serde(with = "wire::id")]
        id: NodeId,
        /// Exact types; all if absent, none if empty.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        edge_types: Option<Vec<String>>,
    },
    /// Edges of many nodes in one request, node by node. (Not in other servers.)
    GetEdges {
        /// The nodes.
        #[serde(with = "wire::ids")]
        ids: Vec<NodeId>,
        /// Which edges.
        direction: Direction,
        /// Exact types; all if absent, none if empty.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        edge_types: Option<Vec<String>>,
    },
    /// A page of all nodes, from one snapshot for the whole scan. (Not in other servers.)
    ScanNodes {
        /// Where the page before said that this one starts; absent for the first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cursor: Option<String>,
        /// Rows in the page at most.
        limit: u32,
    },
    /// A page of all edges, from one snapshot for the whole scan. (Not in other servers.)
    ScanEdges {
        /// Where the page before said that this one starts; absent for the first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cursor: Option<String>,
        /// Rows in the page at most.
        limit: u32,
    },
    /// How many nodes there are.
    NodeCount,
    /// How many edges there are.
    EdgeCount,
    /// How many nodes of each type there are.
    CountNodesByType {
        /// Types, or beginnings of types with a `*` behind; all if absent, none if empty.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        types: Option<Vec<String>>,
    },
    /// How many edges of each type there are.
    CountEdgesByType {
        /// Types, or beginnings of types with a `*` behind; all if absent, none if empty.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        edge_types: Option<Vec<String>>,
    },
    /// Makes everything written durable.
    Flush,
    /// Gives back the space of what was replaced.
    Compact,
    /// Empties the database.
    Clear,
    /// Whether the server is there.
    Ping,
    /// Flushes, answers, and ends the server.
    Shutdown,
    /// Counts and timings.
    GetStats,
    /// All edges.
    GetAllEdges,
    /// Evaluates the `violation` rules of a Datalog program.
    CheckGuarantee {
        /// The program.
        rule_source: String,
        /// Answer with the plan and its costs.
        #[serde(default, deserialize_with = "wire::or_default")]
        explain: bool,
        /// Show ids of nodes as semantic ids where they have one. (Not in other servers.)
        #[serde(
            default,
            deserialize_with = "wire::or_default",
            skip_serializing_if = "std::ops::Not::not"
        )]
        semantic_ids: bool,
    },
    /// Parses a Datalog program and counts its rules.
    DatalogLoadRules {
        /// The program.
        source: String,
    },
    /// Does nothing: rules are not kept between requests.
    DatalogClearRules,
    /// Evaluates a Datalog conjunction.
    DatalogQuery {
        /// The conjunction.
        query: String,
        /// Answer with the plan and its costs.
        #[serde(default, deserialize_with = "wire::or_default")]
        explain: bool,
        /// Show ids of nodes as semantic ids where they have one. (Not in other servers.)
        #[serde(
            default,
            deserialize_with = "wire::or_default",
            skip_serializing_if = "std::ops::Not::not"
        )]
        semantic_ids: bool,
    },
    /// Evaluates the first rule of a Datalog program, or a conjunction.
    ExecuteDatalog {
        /// The program or conjunction.
        source: String,
        /// Answer with the plan and its costs.
        #[serde(default, deserialize_with = "wire::or_default")]
        explain: bool,
        /// Show ids of nodes as semantic ids where they have one. (Not in other servers.)
        #[serde(
            default,
            deserialize_with = "wire::or_default",
            skip_serializing_if = "std::ops::Not::not"
        )]
        semantic_ids: bool,
    },
    /// Whether the node is where a program meets the outside, such as a route or a database query.
    IsEndpoint {
        /// The node.
        #[serde(with = "wire::id")]
        id: NodeId,
    },
    /// The node's name.
    GetNodeIdentifier {
        /// The node.
        #[serde(with = "wire::id")]
        id: NodeId,
    },
    /// Does nothing.
    UpdateNodeVersion {
        /// The node.
        #[serde(with = "wire::id")]
        id: NodeId,
        /// Ignored.
        version: String,
    },
    /// Says which metadata keys are asked for often.
    DeclareFields {
        /// The keys; they replace what was declared before.
        fields: Vec<FieldDeclaration>,
    },
    /// A commit as clients of other servers send it: the nodes of the changed files go with all their edges, then
    /// the given ones are written.
    CommitBatch(Box<FileCommit>),
    /// A commit that names the owners of its records: what these owners wrote before is replaced and nothing else.
    Commit(Box<Commit>),
    /// Begins a load that defers all indexes; until [`Request::RebuildIndexes`] the database is recognisable as not
    /// fully loaded. (Not in other servers.)
    BeginLoad,
    /// Ends a load: builds all indexes.
    RebuildIndexes,
    /// Whether a load began and did not end. (Not in other servers.)
    GetLoadState,
    /// Marks the session as inside a batch; without any other effect.
    BeginBatch,
    /// Takes the mark of [`Request::BeginBatch`] away.
    AbortBatch,
    /// Gives a version of the database tags.
    TagSnapshot {
        /// The version.
        version: u64,
        /// Keys and values.
        tags: std::collections::BTreeMap<String, String>,
    },
    /// The version with a tag.
    FindSnapshot {
        /// The tag's key.
        tag_key: String,
        /// The tag's value.
        tag_value: String,
    },
    /// The versions of the database.
    ListSnapshots {
        /// Only those that have a tag with this key.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        filter_tag: Option<String>,
    },
    /// What differs between two versions.
    DiffSnapshots(SnapshotPair),
    /// Not supported.
    CypherQuery {
        /// The query.
        query: String,
        /// Ignored.
        #[serde(default, deserialize_with = "wire::or_default")]
        explain: bool,
    },
    /// Stops a query of this connection that is running or waiting.
    CancelQuery {
        /// The query's `requestId`. If absent, the `requestId` of this request names the query to cancel, as other
        /// clients' documentation has it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target: Option<String>,
    },
}

/// The fields of [`Request::CommitBatch`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileCommit {
    /// The files whose nodes are deleted first.
    #[serde(deserialize_with = "wire::or_default")]
    pub changed_files: Vec<String>,
    /// The nodes to write, of any file.
    #[serde(
        serialize_with = "wire::keyed_nodes",
        deserialize_with = "wire::keyed_nodes_from"
    )]
    pub nodes: NodeTable,
    /// The edges to write.
    pub edges: EdgeTable,
    /// Without effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// The virtual file that the edges belong to, for instance `__enrichment__/calls/a.js`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_context: Option<String>,
    /// Leave the indexes to `rebuildIndexes`.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub defer_index: bool,
    /// Types of nodes that stay although their file changed.
    #[serde(
        default,
        deserialize_with = "wire::or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub protected_types: Vec<String>,
}

/// A metadata key that is asked for often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldDeclaration {
    /// The top-level key.
    pub name: String,
    /// `string`, `bool`, `int` or `id`; anything else is taken as `string`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field_type: Option<String>,
    /// The types of the nodes that have it; all if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_types: Option<Vec<String>>,
}

/// A snapshot: by its version, or by a tag of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub enum SnapshotRef {
    /// By number.
    Version {
        /// The number.
        version: u64,
    },
    /// By tag.
    Tag {
        /// The tag's key.
        tag_key: String,
        /// The tag's value.
        tag_value: String,
    },
}

/// The fields of [`Request::DiffSnapshots`]: `fromVersion` and `toVersion`, or `from` and `to` as the TypeScript
/// client sends them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    try_from = "wire::SnapshotPairFields",
    into = "wire::SnapshotPairFields"
)]
pub struct SnapshotPair {
    /// The older one.
    pub from: SnapshotRef,
    /// The newer one.
    pub to: SnapshotRef,
}
