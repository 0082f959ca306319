//! Every command as a method, written once for the blocking and the asynchronous client.

use std::collections::BTreeMap;

use rfdb_protocol::{
    AttrQuery, Commit, DatabaseEntry, Delta, Direction, Edge, EdgeTable, Explained,
    FieldDeclaration, FileCommit, Node, NodeBox, NodeId, NodeTable, Request, Response,
    SnapshotDiff, SnapshotEntry, SnapshotPair, SnapshotRef, Solution, Stats,
};

use crate::transport::unexpected;
use crate::{Client, Result};

/// A database that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Its name.
    pub database_id: String,
    /// `rw` or `ro`.
    pub mode: String,
    /// Nodes in it.
    pub node_count: u64,
    /// Edges in it.
    pub edge_count: u64,
}

/// What the handshake told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handshake {
    /// The protocol that the server speaks.
    pub protocol_version: u32,
    /// The server's version.
    pub server_version: String,
    /// What it can do.
    pub features: Vec<String>,
}

/// The answer to a Datalog program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Solutions {
    /// Its rows.
    pub rows: Vec<Solution>,
    /// What is odd about the program, though not wrong.
    pub warnings: Vec<String>,
}

/// A page of a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub rows: T,
    /// Where the next page starts; nothing after the last.
    pub cursor: Option<String>,
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

fn owned_if(texts: Option<&[&str]>) -> Option<Vec<String>> {
    texts.map(owned)
}

macro_rules! commands {
    ($(
        $(#[$meta:meta])*
        $name:ident($($arg:ident: $type:ty),*) -> $out:ty {
            $request:expr => $pattern:pat => $value:expr
        }
    )*) => {
        /// Every command. All of them fail as [`Error`](crate::Error) tells.
        impl Client {
            $(
                $(#[$meta])*
                ///
                /// # Errors
                /// See [`Error`](crate::Error).
                pub fn $name(&self, $($arg: $type),*) -> Result<$out> {
                    match self.call($request)? {
                        $pattern => Ok($value),
                        other => Err(unexpected(&other)),
                    }
                }
            )*
        }

        /// Every command. All of them fail as [`Error`](crate::Error) tells.
        #[cfg(feature = "tokio")]
        impl crate::AsyncClient {
            $(
                $(#[$meta])*
                ///
                /// # Errors
                /// See [`Error`](crate::Error).
                pub async fn $name(&self, $($arg: $type),*) -> Result<$out> {
                    match self.call($request).await? {
                        $pattern => Ok($value),
                        other => Err(unexpected(&other)),
                    }
                }
            )*
        }
    };
}

commands! {
    /// Says which version of the protocol the session speaks. A client that connects by itself has done it.
    hello(protocol_version: Option<u32>, client_id: Option<&str>, decimal_edges: bool) -> Handshake {
        Request::Hello { protocol_version, client_id: client_id.map(str::to_owned), decimal_edges, packed_rows: false }
        => Response::Hello { protocol_version, server_version, features, .. }
        => Handshake { protocol_version, server_version, features }
    }
    /// Makes a database without opening it.
    create_database(name: &str, ephemeral: bool) -> () {
        Request::CreateDatabase { name: name.to_owned(), ephemeral } => Response::DatabaseCreated { .. } => ()
    }
    /// Leaves the session's database and opens another, for reading and writing or, with mode `ro`, for reading.
    open_database(name: &str, mode: &str) -> Opened {
        Request::OpenDatabase { name: name.to_owned(), mode: Some(mode.to_owned()) }
        => Response::DatabaseOpened { database_id, mode, node_count, edge_count, .. }
        => Opened { database_id, mode, node_count, edge_count }
    }
    /// Leaves the session without a database.
    close_database() -> () { Request::CloseDatabase => Response::Ok { .. } => () }
    /// Deletes a database that nobody has open.
    drop_database(name: &str) -> () {
        Request::DropDatabase { name: name.to_owned() } => Response::Ok { .. } => ()
    }
    /// All databases.
    list_databases() -> Vec<DatabaseEntry> {
        Request::ListDatabases => Response::Databases { databases } => databases
    }
    /// Name and mode of the session's database.
    current_database() -> Option<(String, String)> {
        Request::CurrentDatabase => Response::CurrentDatabase { database, mode } => database.zip(mode)
    }
    /// Writes nodes, replacing those with the same id and no others.
    add_nodes(nodes: &[Node<'_>]) -> () {
        Request::AddNodes { nodes: nodes.iter().copied().collect() } => Response::Ok { .. } => ()
    }
    /// Writes edges, replacing those with the same ends and type and no others.
    add_edges(edges: &[Edge<'_>]) -> () {
        Request::AddEdges { edges: edges.iter().copied().collect(), skip_validation: false }
        => Response::Ok { .. } => ()
    }
    /// Deletes a node and all its edges. An unknown one is no error.
    delete_node(id: NodeId) -> () { Request::DeleteNode { id } => Response::Ok { .. } => () }
    /// Deletes an edge. An unknown one is no error.
    delete_edge(src: NodeId, dst: NodeId, edge_type: &str) -> () {
        Request::DeleteEdge { src, dst, edge_type: edge_type.to_owned() } => Response::Ok { .. } => ()
    }
    /// One node.
    get_node(id: NodeId) -> NodeBox { Request::GetNode { id } => Response::Node { node } => node }
    /// Many nodes; ids without a node are left out.
    get_nodes(ids: &[NodeId]) -> NodeTable {
        Request::GetNodes { ids: ids.to_vec() } => Response::Nodes { nodes } => nodes
    }
    /// Whether a node exists.
    node_exists(id: NodeId) -> bool { Request::NodeExists { id } => Response::Value { value } => value }
    /// Ids of the nodes of a type, or with a `*` behind it of the types that begin so.
    find_by_type(node_type: &str) -> Vec<NodeId> {
        Request::FindByType { node_type: node_type.to_owned() } => Response::Ids { ids } => ids
    }
    /// Ids of the nodes that fulfil all conditions.
    find_by_attr(query: AttrQuery) -> Vec<NodeId> {
        Request::FindByAttr { query } => Response::Ids { ids } => ids
    }
    /// The nodes that fulfil all conditions.
    query_nodes(query: AttrQuery) -> NodeTable {
        Request::QueryNodes { query } => Response::Nodes { nodes } => nodes
    }
    /// Destinations of the outgoing edges; no types mean all.
    neighbors(id: NodeId, edge_types: &[&str]) -> Vec<NodeId> {
        Request::Neighbors { id, edge_types: owned(edge_types) } => Response::Ids { ids } => ids
    }
    /// Breadth-first search along outgoing edges; the result includes the starts. No types mean all.
    bfs(start_ids: &[NodeId], max_depth: u32, edge_types: &[&str]) -> Vec<NodeId> {
        Request::Bfs { start_ids: start_ids.to_vec(), max_depth, edge_types: owned(edge_types) }
        => Response::Ids { ids } => ids
    }
    /// Depth-first search along outgoing edges; the result includes the starts. No types mean all.
    dfs(start_ids: &[NodeId], max_depth: u32, edge_types: &[&str]) -> Vec<NodeId> {
        Request::Dfs { start_ids: start_ids.to_vec(), max_depth, edge_types: owned(edge_types) }
        => Response::Ids { ids } => ids
    }
    /// Breadth-first search along outgoing edges or, backward, along incoming ones. No types mean all.
    reachability(start_ids: &[NodeId], max_depth: u32, edge_types: &[&str], backward: bool) -> Vec<NodeId> {
        Request::Reachability { start_ids: start_ids.to_vec(), max_depth, edge_types: owned(edge_types), backward }
        => Response::Ids { ids } => ids
    }
    /// Edges that start at a node; `None` means all types, an empty list means none.
    outgoing_edges(id: NodeId, edge_types: Option<&[&str]>) -> EdgeTable {
        Request::GetOutgoingEdges { id, edge_types: owned_if(edge_types) } => Response::Edges { edges } => edges
    }
    /// Edges that end at a node; `None` means all types, an empty list means none.
    incoming_edges(id: NodeId, edge_types: Option<&[&str]>) -> EdgeTable {
        Request::GetIncomingEdges { id, edge_types: owned_if(edge_types) } => Response::Edges { edges } => edges
    }
    /// Edges of a node, in either direction, at most `limit`.
    query_edges(id: NodeId, direction: Direction, edge_types: Option<&[&str]>, limit: Option<u32>) -> EdgeTable {
        Request::QueryEdges { id, direction, edge_types: owned_if(edge_types), limit }
        => Response::Edges { edges } => edges
    }
    /// Edges of many nodes, node by node in the order of the ids.
    get_edges(ids: &[NodeId], direction: Direction, edge_types: Option<&[&str]>) -> EdgeTable {
        Request::GetEdges { ids: ids.to_vec(), direction, edge_types: owned_if(edge_types) }
        => Response::Edges { edges } => edges
    }
    /// Files of the nodes from which edges lead to a node, sorted.
    dependent_files(id: NodeId, edge_types: Option<&[&str]>) -> Vec<String> {
        Request::FindDependentFiles { id, edge_types: owned_if(edge_types) } => Response::Files { files } => files
    }
    /// All edges at once; [`scan_edges`](Self::scan_edges) gives them page by page.
    all_edges() -> EdgeTable { Request::GetAllEdges => Response::Edges { edges } => edges }
    /// A page of all nodes by ascending id. The first page takes no cursor; all pages are of one snapshot.
    scan_nodes(cursor: Option<String>, limit: u32) -> Page<NodeTable> {
        Request::ScanNodes { cursor, limit } => Response::NodePage { nodes, cursor } => Page { rows: nodes, cursor }
    }
    /// A page of all edges by ascending source, type and target. The first page takes no cursor; all pages are of one
    /// snapshot.
    scan_edges(cursor: Option<String>, limit: u32) -> Page<EdgeTable> {
        Request::ScanEdges { cursor, limit } => Response::EdgePage { edges, cursor } => Page { rows: edges, cursor }
    }
    /// How many nodes there are.
    node_count() -> u64 { Request::NodeCount => Response::Count { count } => count }
    /// How many edges there are.
    edge_count() -> u64 { Request::EdgeCount => Response::Count { count } => count }
    /// How many nodes of each type there are; with a list, of these types or beginnings (`http:*`).
    count_nodes_by_type(types: Option<&[&str]>) -> BTreeMap<String, u64> {
        Request::CountNodesByType { types: owned_if(types) } => Response::Counts { counts } => counts
    }
    /// How many edges of each type there are; with a list, of these types or beginnings.
    count_edges_by_type(edge_types: Option<&[&str]>) -> BTreeMap<String, u64> {
        Request::CountEdgesByType { edge_types: owned_if(edge_types) } => Response::Counts { counts } => counts
    }
    /// Makes everything written durable.
    flush() -> () { Request::Flush => Response::Ok { .. } => () }
    /// Gives back the space of what was replaced.
    compact() -> () { Request::Compact => Response::Ok { .. } => () }
    /// Empties the database.
    clear() -> () { Request::Clear => Response::Ok { .. } => () }
    /// The server's version.
    ping() -> String { Request::Ping => Response::Pong { version, .. } => version }
    /// Ends the server. In process it flushes all databases and nothing else.
    shutdown() -> () { Request::Shutdown => Response::Ok { .. } => () }
    /// Counts and timings.
    stats() -> Stats { Request::GetStats => Response::Stats(stats) => *stats }
    /// Whether the node is where a program meets the outside.
    is_endpoint(id: NodeId) -> bool { Request::IsEndpoint { id } => Response::Value { value } => value }
    /// The node's name.
    node_identifier(id: NodeId) -> Option<String> {
        Request::GetNodeIdentifier { id } => Response::Identifier { identifier } => identifier
    }
    /// Does nothing; there for completeness.
    update_node_version(id: NodeId, version: &str) -> () {
        Request::UpdateNodeVersion { id, version: version.to_owned() } => Response::Ok { .. } => ()
    }
    /// Says which metadata keys are asked for often; replaces the list of before.
    declare_fields(fields: Vec<FieldDeclaration>) -> u64 {
        Request::DeclareFields { fields } => Response::Count { count } => count
    }
    /// A commit by files instead of owners, as clients of other servers do it.
    commit_files(commit: FileCommit) -> Delta {
        Request::CommitBatch(Box::new(commit)) => Response::Committed { delta, .. } => delta
    }
    /// Begins a bulk load; until [`rebuild_indexes`](Self::rebuild_indexes) the database is marked as unfinished.
    begin_load() -> () { Request::BeginLoad => Response::Ok { .. } => () }
    /// Builds all indexes and ends a bulk load.
    rebuild_indexes() -> () { Request::RebuildIndexes => Response::Ok { .. } => () }
    /// Whether a bulk load began and did not end.
    is_loading() -> bool { Request::GetLoadState => Response::LoadState { loading } => loading }
    /// Marks the session as inside a batch, without any other effect.
    begin_batch() -> String { Request::BeginBatch => Response::BatchBegun { batch_id, .. } => batch_id }
    /// Takes the mark of [`begin_batch`](Self::begin_batch) away.
    abort_batch() -> () { Request::AbortBatch => Response::Ok { .. } => () }
    /// Gives the current version of the database tags.
    tag_snapshot(version: u64, tags: BTreeMap<String, String>) -> () {
        Request::TagSnapshot { version, tags } => Response::Ok { .. } => ()
    }
    /// The version with a tag.
    find_snapshot(tag_key: &str, tag_value: &str) -> Option<u64> {
        Request::FindSnapshot { tag_key: tag_key.to_owned(), tag_value: tag_value.to_owned() }
        => Response::SnapshotVersion { version } => version
    }
    /// The versions of the database, or those with a tag of this key.
    list_snapshots(filter_tag: Option<&str>) -> Vec<SnapshotEntry> {
        Request::ListSnapshots { filter_tag: filter_tag.map(str::to_owned) }
        => Response::Snapshots { snapshots } => snapshots
    }
    /// What differs between two versions.
    diff_snapshots(from: SnapshotRef, to: SnapshotRef) -> SnapshotDiff {
        Request::DiffSnapshots(SnapshotPair { from, to }) => Response::SnapshotsDiffer { diff } => diff
    }
    /// Solutions of a Datalog conjunction.
    datalog_query(query: &str) -> Vec<Solution> {
        Request::DatalogQuery { query: query.to_owned(), explain: false, semantic_ids: false }
        => Response::Results { results, .. } => results
    }
    /// Solutions of the first rule of a Datalog program, or of a conjunction.
    execute_datalog(source: &str) -> Vec<Solution> {
        Request::ExecuteDatalog { source: source.to_owned(), explain: false, semantic_ids: false }
        => Response::Results { results, .. } => results
    }
    /// The same, with semantic ids in place of numbers, and with what is odd about the program.
    ask_datalog(source: &str) -> Solutions {
        Request::ExecuteDatalog { source: source.to_owned(), explain: false, semantic_ids: true }
        => Response::Results { results, warnings } => Solutions { rows: results, warnings }
    }
    /// Solutions of the `violation` rules of a Datalog program.
    check_guarantee(rule_source: &str) -> Vec<Solution> {
        Request::CheckGuarantee { rule_source: rule_source.to_owned(), explain: false, semantic_ids: false }
        => Response::Violations { violations, .. } => violations
    }
    /// The same, with semantic ids in place of numbers, and with what is odd about the program.
    ask_guarantee(rule_source: &str) -> Solutions {
        Request::CheckGuarantee { rule_source: rule_source.to_owned(), explain: false, semantic_ids: true }
        => Response::Violations { violations, warnings } => Solutions { rows: violations, warnings }
    }
    /// Solutions of a Datalog program or conjunction with the plan and its costs, with semantic ids.
    explain_datalog(source: &str) -> Explained {
        Request::ExecuteDatalog { source: source.to_owned(), explain: true, semantic_ids: true }
        => Response::Explained(explained) => *explained
    }
    /// How many rules a Datalog program has; nothing is kept.
    load_rules(source: &str) -> u64 {
        Request::DatalogLoadRules { source: source.to_owned() } => Response::Count { count } => count
    }
    /// Does nothing; there for completeness.
    clear_rules() -> () { Request::DatalogClearRules => Response::Ok { .. } => () }
    /// Stops a query of this connection, by the id of its request.
    cancel_query(target: &str) -> () {
        Request::CancelQuery { target: Some(target.to_owned()) } => Response::Ok { .. } => ()
    }
    /// Sends a commit as it is; [`commit`](Self::commit) cuts it where it has to be.
    commit_whole(commit: Commit) -> Delta {
        Request::Commit(Box::new(commit)) => Response::Committed { delta, .. } => delta
    }
}
