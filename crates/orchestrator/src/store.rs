//! What a run needs of a database.

use rfdb_protocol::{EdgeTable, NodeTable, Rows};
use serde::{Deserialize, Serialize};

/// A failed request to the database, in its own words.
#[derive(Debug, thiserror::Error)]
#[error("the database failed to {action}: {source}")]
pub struct StoreError {
    /// What was asked of it.
    pub action: &'static str,
    /// Why it failed.
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

impl StoreError {
    /// A failure of `action`.
    pub fn new(
        action: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        StoreError {
            action,
            source: source.into(),
        }
    }
}

/// A database as a run sees it: something that takes batches from several threads at once, and can be read from end to
/// end. The client of the RFDB protocol implements it, over both of its transports.
pub trait Store: Sync {
    /// Marks the database as being loaded; [`Store::rebuild_indexes`] takes the mark away.
    ///
    /// # Errors
    /// The database's own; so for all methods.
    fn begin_load(&self) -> Result<(), StoreError>;

    /// Whether a load began and did not end.
    ///
    /// # Errors
    /// The database's own.
    fn is_loading(&self) -> Result<bool, StoreError>;

    /// Removes everything.
    ///
    /// # Errors
    /// The database's own.
    fn clear(&self) -> Result<(), StoreError>;

    /// Replaces what the owners of the rows wrote before. Indexes are left to [`Store::rebuild_indexes`].
    ///
    /// # Errors
    /// The database's own; none of the rows is there then.
    fn load(&self, rows: &dyn Rows) -> Result<(), StoreError>;

    /// Replaces what the owners of the rows wrote before, all or nothing, and leaves everything indexed. Each owner is in one
    /// of the parts, which may be stored at the same time.
    ///
    /// # Errors
    /// The database's own; nothing of the rows is there then.
    fn commit(&self, parts: &[&dyn Rows]) -> Result<(), StoreError>;

    /// Which graph this is; every commit makes another one.
    ///
    /// # Errors
    /// The database's own.
    fn version(&self) -> Result<GraphVersion, StoreError>;

    /// Builds all indexes and ends a load.
    ///
    /// # Errors
    /// The database's own.
    fn rebuild_indexes(&self) -> Result<(), StoreError>;

    /// Ends a load whose graph was found to be as it should: a store that loads beside the graph that questions are answered
    /// from lets the new one take its place. Others have nothing to do.
    ///
    /// # Errors
    /// The database's own.
    fn publish(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Numbers of nodes and of edges by type, sorted by type.
    ///
    /// # Errors
    /// The database's own.
    fn counts(&self) -> Result<Counts, StoreError>;

    /// The files that have a node of a type, in any order.
    ///
    /// # Errors
    /// The database's own.
    fn files_with(&self, node_type: &str) -> Result<Vec<String>, StoreError>;

    /// Ids of the nodes of a file, in any order.
    ///
    /// # Errors
    /// The database's own.
    fn nodes_of_file(&self, file: &str) -> Result<Vec<u128>, StoreError>;

    /// Ids of the nodes to which edges of some types lead from some nodes, those included, in any order.
    ///
    /// # Errors
    /// The database's own.
    fn reachable(&self, from: &[u128], edge_types: &[&str]) -> Result<Vec<u128>, StoreError>;

    /// Hands all nodes to `page`, in any order.
    ///
    /// # Errors
    /// The database's own.
    fn scan_nodes(&self, page: &mut dyn FnMut(&NodeTable)) -> Result<(), StoreError>;

    /// Hands all edges to `page`, in any order.
    ///
    /// # Errors
    /// The database's own.
    fn scan_edges(&self, page: &mut dyn FnMut(&EdgeTable)) -> Result<(), StoreError>;
}

/// Tells graphs apart: two that a database had at different times, and mostly those of different databases.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraphVersion {
    /// Counts commits.
    pub number: u64,
    /// Nodes.
    pub nodes: u64,
    /// Edges.
    pub edges: u64,
}

/// Numbers by type, sorted by type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Nodes.
    pub nodes: std::collections::BTreeMap<String, u64>,
    /// Edges.
    pub edges: std::collections::BTreeMap<String, u64>,
}
