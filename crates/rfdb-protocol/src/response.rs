//! Responses.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::table::{EdgeTable, Node, NodeTable};
use crate::{ErrorCode, NodeId, WireError, wire};

/// The value `true` of the key `ok`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct True;

impl Serialize for True {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(true)
    }
}

impl<'de> Deserialize<'de> for True {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bool::deserialize(deserializer).map(|_| Self)
    }
}

macro_rules! kinds {
    ($($name:ident = $text:literal,)*) => {
        /// Which variant of [`Response`] an answer is; the wire does not say it, the request does.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[allow(missing_docs, reason = "each is the variant of Response with the same name")]
        pub enum ResponseKind { $($name,)* }

        impl ResponseKind {
            pub(crate) fn variant(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

kinds! {
    Ok = "ok",
    Hello = "hello",
    DatabaseCreated = "databaseCreated",
    DatabaseOpened = "databaseOpened",
    Databases = "databases",
    CurrentDatabase = "currentDatabase",
    Node = "node",
    Nodes = "nodes",
    NodeChunk = "nodeChunk",
    NodePage = "nodePage",
    Edges = "edges",
    EdgePage = "edgePage",
    Ids = "ids",
    Value = "value",
    Identifier = "identifier",
    Count = "count",
    Counts = "counts",
    Pong = "pong",
    Stats = "stats",
    Committed = "committed",
    LoadState = "loadState",
    BatchBegun = "batchBegun",
    Violations = "violations",
    Results = "results",
    Explained = "explained",
    Files = "files",
    SnapshotVersion = "snapshotVersion",
    Snapshots = "snapshots",
    SnapshotsDiffer = "snapshotsDiffer",
    Error = "error",
}

/// The answer to a request. Which variant a request gets is said by
/// [`Request::response_kind`](crate::Request::response_kind); any request may get [`Response::Error`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
#[allow(missing_docs, reason = "the fields repeat the keys of the protocol")]
pub enum Response {
    /// Done, with nothing to tell.
    Ok { ok: True },
    /// The handshake's answer.
    Hello {
        ok: True,
        protocol_version: u32,
        server_version: String,
        features: Vec<String>,
    },
    /// The database was made.
    DatabaseCreated { ok: True, database_id: String },
    /// The database is the session's.
    DatabaseOpened {
        ok: True,
        database_id: String,
        mode: String,
        node_count: u64,
        edge_count: u64,
    },
    /// All databases.
    Databases { databases: Vec<DatabaseEntry> },
    /// The session's database and mode, if it has one.
    CurrentDatabase {
        database: Option<String>,
        mode: Option<String>,
    },
    /// One node, or none.
    Node { node: NodeBox },
    /// Nodes.
    Nodes { nodes: NodeTable },
    /// A part of a streamed list of nodes.
    NodeChunk {
        nodes: NodeTable,
        done: bool,
        chunk_index: u32,
    },
    /// A page of a scan of nodes.
    NodePage {
        nodes: NodeTable,
        /// Where the next page starts; absent after the last.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cursor: Option<String>,
    },
    /// Edges.
    Edges { edges: EdgeTable },
    /// A page of a scan of edges.
    EdgePage {
        edges: EdgeTable,
        /// Where the next page starts; absent after the last.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cursor: Option<String>,
    },
    /// Ids.
    Ids {
        #[serde(with = "wire::ids")]
        ids: Vec<NodeId>,
    },
    /// Yes or no.
    Value { value: bool },
    /// A name, or none.
    Identifier { identifier: Option<String> },
    /// A number.
    Count { count: u64 },
    /// Numbers by type.
    Counts { counts: BTreeMap<String, u64> },
    /// The server is there.
    Pong { pong: True, version: String },
    /// Counts and timings.
    Stats(Box<Stats>),
    /// What a commit changed.
    Committed { ok: True, delta: Delta },
    /// Whether a load is unfinished.
    LoadState { loading: bool },
    /// A batch was marked as begun.
    BatchBegun { ok: True, batch_id: String },
    /// Solutions of `violation`.
    Violations {
        violations: Vec<Solution>,
        /// What is odd about the program, though not wrong. (Not in other servers.)
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        warnings: Vec<String>,
    },
    /// Solutions of a query.
    Results {
        results: Vec<Solution>,
        /// What is odd about the program, though not wrong. (Not in other servers.)
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        warnings: Vec<String>,
    },
    /// Solutions with the plan and its costs.
    Explained(Box<Explained>),
    /// Paths of files.
    Files { files: Vec<String> },
    /// A version, or none.
    SnapshotVersion { version: Option<u64> },
    /// Versions of the database.
    Snapshots { snapshots: Vec<SnapshotEntry> },
    /// What differs between two versions.
    SnapshotsDiffer { diff: SnapshotDiff },
    /// The command failed.
    Error {
        error: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<ErrorCode>,
    },
}

impl Response {
    /// Done, with nothing to tell.
    pub const OK: Self = Self::Ok { ok: True };

    /// Which variant this is.
    #[must_use]
    pub fn kind(&self) -> ResponseKind {
        use ResponseKind as Kind;
        match self {
            Self::Ok { .. } => Kind::Ok,
            Self::Hello { .. } => Kind::Hello,
            Self::DatabaseCreated { .. } => Kind::DatabaseCreated,
            Self::DatabaseOpened { .. } => Kind::DatabaseOpened,
            Self::Databases { .. } => Kind::Databases,
            Self::CurrentDatabase { .. } => Kind::CurrentDatabase,
            Self::Node { .. } => Kind::Node,
            Self::Nodes { .. } => Kind::Nodes,
            Self::NodeChunk { .. } => Kind::NodeChunk,
            Self::NodePage { .. } => Kind::NodePage,
            Self::Edges { .. } => Kind::Edges,
            Self::EdgePage { .. } => Kind::EdgePage,
            Self::Ids { .. } => Kind::Ids,
            Self::Value { .. } => Kind::Value,
            Self::Identifier { .. } => Kind::Identifier,
            Self::Count { .. } => Kind::Count,
            Self::Counts { .. } => Kind::Counts,
            Self::Pong { .. } => Kind::Pong,
            Self::Stats(_) => Kind::Stats,
            Self::Committed { .. } => Kind::Committed,
            Self::LoadState { .. } => Kind::LoadState,
            Self::BatchBegun { .. } => Kind::BatchBegun,
            Self::Violations { .. } => Kind::Violations,
            Self::Results { .. } => Kind::Results,
            Self::Explained(_) => Kind::Explained,
            Self::Files { .. } => Kind::Files,
            Self::SnapshotVersion { .. } => Kind::SnapshotVersion,
            Self::Snapshots { .. } => Kind::Snapshots,
            Self::SnapshotsDiffer { .. } => Kind::SnapshotsDiffer,
            Self::Error { .. } => Kind::Error,
        }
    }
}

impl From<WireError> for Response {
    fn from(error: WireError) -> Self {
        Self::Error {
            error: error.message,
            code: error.code,
        }
    }
}

impl<E: Into<WireError>> From<Result<Response, E>> for Response {
    fn from(result: Result<Response, E>) -> Self {
        result.unwrap_or_else(|error| error.into().into())
    }
}

/// At most one node; as a table so that it needs no strings of its own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeBox(pub(crate) NodeTable);

impl NodeBox {
    /// The node, if there is one.
    #[must_use]
    pub fn get(&self) -> Option<Node<'_>> {
        self.0.get(0)
    }
}

impl<'a> From<Option<Node<'a>>> for NodeBox {
    fn from(node: Option<Node<'a>>) -> Self {
        Self(node.into_iter().collect())
    }
}

/// One line of `listDatabases`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseEntry {
    /// Its name.
    pub name: String,
    /// Kept in memory, and gone when its last session closes it.
    pub ephemeral: bool,
    /// Nodes.
    pub node_count: u64,
    /// Edges.
    pub edge_count: u64,
    /// Sessions whose current database it is.
    pub connection_count: u64,
}

/// What a commit changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delta {
    /// The files as the request named them.
    pub changed_files: Vec<String>,
    /// For [`Request::CommitBatch`](crate::Request::CommitBatch): how many nodes the request held. For
    /// [`Request::Commit`](crate::Request::Commit): how many exist now that did not.
    pub nodes_added: u64,
    /// Nodes that were deleted; for `CommitBatch` also those that the request brought back.
    pub nodes_removed: u64,
    /// Like `nodes_added`.
    pub edges_added: u64,
    /// Like `nodes_removed`.
    pub edges_removed: u64,
    /// Types of the nodes that were added or removed, sorted.
    pub changed_node_types: Vec<String>,
    /// Types of the edges that were added or removed, sorted.
    pub changed_edge_types: Vec<String>,
}

/// Counts and timings of the server and the session's database.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the fields repeat the keys of the protocol")]
pub struct Stats {
    pub node_count: u64,
    pub edge_count: u64,
    /// Records that are not yet part of the indexed base.
    pub delta_size: u64,
    /// Share of the machine's memory that is in use, in percent.
    pub memory_percent: f32,
    pub query_count: u64,
    pub slow_query_count: u64,
    pub query_p50_ms: u64,
    pub query_p95_ms: u64,
    pub query_p99_ms: u64,
    pub flush_count: u64,
    pub last_flush_ms: u64,
    pub last_flush_nodes: u64,
    pub last_flush_edges: u64,
    pub top_slow_queries: Vec<SlowQuery>,
    pub uptime_secs: u64,
    pub timed_out_count: u64,
    pub cancelled_count: u64,
    /// Always empty: the engine has no shards.
    pub shard_diagnostics: Vec<()>,
}

/// A request that took long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SlowQuery {
    /// The command.
    pub operation: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// When it ended, in milliseconds since 1970.
    pub timestamp_ms: u64,
}

/// One solution of a Datalog query: variables and their values as text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Solution {
    /// Values by variable.
    pub bindings: BTreeMap<String, String>,
}

/// Solutions of a Datalog query with the plan and its costs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the fields repeat the keys of the protocol")]
pub struct Explained {
    pub bindings: Vec<BTreeMap<String, String>>,
    pub stats: ExplainStats,
    pub profile: ExplainProfile,
    pub explain_steps: Vec<ExplainStep>,
    pub warnings: Vec<String>,
}

/// How often the evaluation asked the graph.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the fields repeat the keys of the protocol")]
pub struct ExplainStats {
    pub nodes_visited: u64,
    pub edges_traversed: u64,
    pub find_by_type_calls: u64,
    pub get_node_calls: u64,
    pub outgoing_edge_calls: u64,
    pub incoming_edge_calls: u64,
    pub all_edges_calls: u64,
    pub bfs_calls: u64,
    pub total_results: u64,
    pub rule_evaluations: u64,
    pub intermediate_counts: Vec<u64>,
}

/// Where the evaluation's time went, in microseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the fields repeat the keys of the protocol")]
pub struct ExplainProfile {
    pub total_duration_us: u64,
    pub predicate_times: BTreeMap<String, u64>,
    pub rule_eval_time_us: u64,
    pub projection_time_us: u64,
}

/// One step of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the fields repeat the keys of the protocol")]
pub struct ExplainStep {
    /// From 1.
    pub step: u64,
    pub operation: String,
    pub predicate: String,
    pub args: Vec<String>,
    pub result_count: u64,
    pub duration_us: u64,
    pub details: Option<String>,
}

/// One version of a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotEntry {
    /// Its number.
    pub version: u64,
    /// When it was made, in seconds since 1970.
    pub created_at: u64,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Nodes in it.
    pub total_nodes: u64,
    /// Edges in it.
    pub total_edges: u64,
}

/// How many records a version has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotTotals {
    /// Nodes.
    pub total_nodes: u64,
    /// Edges.
    pub total_edges: u64,
}

/// What differs between two versions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the fields repeat the keys of the protocol")]
pub struct SnapshotDiff {
    pub from_version: u64,
    pub to_version: u64,
    pub added_node_segments: u64,
    pub removed_node_segments: u64,
    pub added_edge_segments: u64,
    pub removed_edge_segments: u64,
    pub stats_from: SnapshotTotals,
    pub stats_to: SnapshotTotals,
}
