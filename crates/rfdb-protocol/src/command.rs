//! What is known of a command by its kind: its name, what it needs, and how its answer looks.

use crate::request::Request;
use crate::response::ResponseKind;

/// What a command needs of the session's database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nothing: it works without one.
    None,
    /// To read it.
    Read,
    /// To write it.
    Write,
}

impl Request {
    /// The command's name on the wire.
    #[must_use]
    pub fn command(&self) -> &'static str {
        match self {
            Self::Hello { .. } => "hello",
            Self::CreateDatabase { .. } => "createDatabase",
            Self::OpenDatabase { .. } => "openDatabase",
            Self::CloseDatabase => "closeDatabase",
            Self::DropDatabase { .. } => "dropDatabase",
            Self::ListDatabases => "listDatabases",
            Self::CurrentDatabase => "currentDatabase",
            Self::AddNodes { .. } => "addNodes",
            Self::AddEdges { .. } => "addEdges",
            Self::DeleteNode { .. } => "deleteNode",
            Self::DeleteEdge { .. } => "deleteEdge",
            Self::GetNode { .. } => "getNode",
            Self::GetNodes { .. } => "getNodes",
            Self::NodeExists { .. } => "nodeExists",
            Self::FindByType { .. } => "findByType",
            Self::FindByAttr { .. } => "findByAttr",
            Self::QueryNodes { .. } => "queryNodes",
            Self::Neighbors { .. } => "neighbors",
            Self::Bfs { .. } => "bfs",
            Self::Dfs { .. } => "dfs",
            Self::Reachability { .. } => "reachability",
            Self::GetOutgoingEdges { .. } => "getOutgoingEdges",
            Self::GetIncomingEdges { .. } => "getIncomingEdges",
            Self::QueryEdges { .. } => "queryEdges",
            Self::FindDependentFiles { .. } => "findDependentFiles",
            Self::GetEdges { .. } => "getEdges",
            Self::ScanNodes { .. } => "scanNodes",
            Self::ScanEdges { .. } => "scanEdges",
            Self::NodeCount => "nodeCount",
            Self::EdgeCount => "edgeCount",
            Self::CountNodesByType { .. } => "countNodesByType",
            Self::CountEdgesByType { .. } => "countEdgesByType",
            Self::Flush => "flush",
            Self::Compact => "compact",
            Self::Clear => "clear",
            Self::Ping => "ping",
            Self::Shutdown => "shutdown",
            Self::GetStats => "getStats",
            Self::GetAllEdges => "getAllEdges",
            Self::CheckGuarantee { .. } => "checkGuarantee",
            Self::DatalogLoadRules { .. } => "datalogLoadRules",
            Self::DatalogClearRules => "datalogClearRules",
            Self::DatalogQuery { .. } => "datalogQuery",
            Self::ExecuteDatalog { .. } => "executeDatalog",
            Self::IsEndpoint { .. } => "isEndpoint",
            Self::GetNodeIdentifier { .. } => "getNodeIdentifier",
            Self::UpdateNodeVersion { .. } => "updateNodeVersion",
            Self::DeclareFields { .. } => "declareFields",
            Self::CommitBatch(_) | Self::Commit(_) => "commitBatch",
            Self::BeginLoad => "beginLoad",
            Self::RebuildIndexes => "rebuildIndexes",
            Self::GetLoadState => "getLoadState",
            Self::BeginBatch => "beginBatch",
            Self::AbortBatch => "abortBatch",
            Self::TagSnapshot { .. } => "tagSnapshot",
            Self::FindSnapshot { .. } => "findSnapshot",
            Self::ListSnapshots { .. } => "listSnapshots",
            Self::DiffSnapshots(_) => "diffSnapshots",
            Self::CypherQuery { .. } => "cypherQuery",
            Self::CancelQuery { .. } => "cancelQuery",
        }
    }

    /// What the command needs of the session's database.
    #[must_use]
    pub fn access(&self) -> Access {
        match self {
            Self::Hello { .. }
            | Self::CreateDatabase { .. }
            | Self::OpenDatabase { .. }
            | Self::CloseDatabase
            | Self::DropDatabase { .. }
            | Self::ListDatabases
            | Self::CurrentDatabase
            | Self::Ping
            | Self::Shutdown
            | Self::GetStats
            | Self::DatalogClearRules
            | Self::BeginBatch
            | Self::AbortBatch
            | Self::CancelQuery { .. } => Access::None,
            Self::AddNodes { .. }
            | Self::AddEdges { .. }
            | Self::DeleteNode { .. }
            | Self::DeleteEdge { .. }
            | Self::UpdateNodeVersion { .. }
            | Self::DeclareFields { .. }
            | Self::Flush
            | Self::Compact
            | Self::Clear
            | Self::CommitBatch(_)
            | Self::Commit(_)
            | Self::BeginLoad
            | Self::RebuildIndexes
            | Self::TagSnapshot { .. } => Access::Write,
            _ => Access::Read,
        }
    }

    /// What a successful answer looks like.
    #[must_use]
    pub fn response_kind(&self) -> ResponseKind {
        use ResponseKind as Kind;
        match self {
            Self::Hello { .. } => Kind::Hello,
            Self::CreateDatabase { .. } => Kind::DatabaseCreated,
            Self::OpenDatabase { .. } => Kind::DatabaseOpened,
            Self::ListDatabases => Kind::Databases,
            Self::CurrentDatabase => Kind::CurrentDatabase,
            Self::GetNode { .. } => Kind::Node,
            Self::GetNodes { .. } | Self::QueryNodes { .. } => Kind::Nodes,
            Self::NodeExists { .. } | Self::IsEndpoint { .. } => Kind::Value,
            Self::FindByType { .. }
            | Self::FindByAttr { .. }
            | Self::Neighbors { .. }
            | Self::Bfs { .. }
            | Self::Dfs { .. }
            | Self::Reachability { .. } => Kind::Ids,
            Self::GetOutgoingEdges { .. }
            | Self::GetIncomingEdges { .. }
            | Self::QueryEdges { .. }
            | Self::GetEdges { .. }
            | Self::GetAllEdges => Kind::Edges,
            Self::ScanNodes { .. } => Kind::NodePage,
            Self::ScanEdges { .. } => Kind::EdgePage,
            Self::FindDependentFiles { .. } => Kind::Files,
            Self::NodeCount
            | Self::EdgeCount
            | Self::DatalogLoadRules { .. }
            | Self::DeclareFields { .. } => Kind::Count,
            Self::CountNodesByType { .. } | Self::CountEdgesByType { .. } => Kind::Counts,
            Self::Ping => Kind::Pong,
            Self::GetStats => Kind::Stats,
            Self::CheckGuarantee { explain, .. } => {
                if *explain {
                    Kind::Explained
                } else {
                    Kind::Violations
                }
            }
            Self::DatalogQuery { explain, .. } | Self::ExecuteDatalog { explain, .. } => {
                if *explain {
                    Kind::Explained
                } else {
                    Kind::Results
                }
            }
            Self::GetNodeIdentifier { .. } => Kind::Identifier,
            Self::CommitBatch(_) | Self::Commit(_) => Kind::Committed,
            Self::GetLoadState => Kind::LoadState,
            Self::BeginBatch => Kind::BatchBegun,
            Self::FindSnapshot { .. } => Kind::SnapshotVersion,
            Self::ListSnapshots { .. } => Kind::Snapshots,
            Self::DiffSnapshots(_) => Kind::SnapshotsDiffer,
            Self::CloseDatabase
            | Self::DropDatabase { .. }
            | Self::AddNodes { .. }
            | Self::AddEdges { .. }
            | Self::DeleteNode { .. }
            | Self::DeleteEdge { .. }
            | Self::Flush
            | Self::Compact
            | Self::Clear
            | Self::Shutdown
            | Self::DatalogClearRules
            | Self::UpdateNodeVersion { .. }
            | Self::BeginLoad
            | Self::RebuildIndexes
            | Self::AbortBatch
            | Self::TagSnapshot { .. }
            | Self::CypherQuery { .. }
            | Self::CancelQuery { .. } => Kind::Ok,
        }
    }
}
