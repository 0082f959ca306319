//! The writer: opening, committing, finalizing.

use std::path::{Path, PathBuf};

use crate::{Batch, EdgeRow, FieldDeclaration, NodeId, NodeRow, Owner, Result, Snapshot};

/// When the work on indexes runs. What a read answers does not depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IndexMode {
    /// The commit adds its rows to the overlay index.
    #[default]
    Immediate,
    /// The rows are indexed by the first read, or by `rebuild_indexes`. For bulk loads.
    Deferred,
}

/// What an acknowledged commit survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// The death of the process, not that of the machine.
    None,
    /// As `None` at once, and a power cut after the next group sync some milliseconds later; [`Engine::flush`] waits for it.
    #[default]
    Group,
    /// A power cut, from the acknowledgement on.
    Sync,
}

/// How a database is opened.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// What an acknowledged immediate commit survives. Deferred commits always survive the death of the process and are
    /// synced by `rebuild_indexes`.
    pub durability: Durability,
    /// How this process calls itself in the lock file.
    pub program: String,
    /// Socket under which this process answers requests; told to others by the lock file.
    pub socket: Option<PathBuf>,
    /// Opens for reading only: nothing is written, not even a repair.
    pub read_only: bool,
}

/// Whether the last bulk load came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadState {
    /// The graph is whole.
    Complete,
    /// A load began and did not end: clear and load again.
    Unfinished,
}

/// What a commit did.
#[derive(Debug)]
pub struct CommitDelta {}

impl CommitDelta {
    /// Version of the graph that the commit made.
    #[must_use]
    pub fn version(&self) -> u64 {
        0
    }

    /// Exact difference between the graph before the commit and the graph after it. Computed here, not by the commit.
    ///
    /// # Errors
    /// A damaged file.
    pub fn changes(&self) -> Result<Changes> {
        unimplemented!()
    }
}

/// Exact difference that one commit made to the visible graph.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// Nodes that were not there before.
    pub nodes_added: u64,
    /// Nodes that are gone.
    pub nodes_removed: u64,
    /// Nodes whose columns changed.
    pub nodes_modified: u64,
    /// Edges that were not there before.
    pub edges_added: u64,
    /// Edges that are gone.
    pub edges_removed: u64,
    /// Edges whose metadata changed.
    pub edges_modified: u64,
    /// Types of the nodes added, removed or modified (before and after), sorted.
    pub node_types: Vec<String>,
    /// Types of the edges added, removed or modified, sorted.
    pub edge_types: Vec<String>,
    /// Ids of the removed nodes, ascending.
    pub removed_node_ids: Vec<NodeId>,
}

/// A tagged snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotInfo {
    /// Version of the graph.
    pub version: u64,
    /// When it was tagged, seconds since 1970.
    pub created_at: u64,
    /// Its tags.
    pub tags: std::collections::BTreeMap<String, String>,
    /// Number of nodes.
    pub node_count: u64,
    /// Number of edges.
    pub edge_count: u64,
}

/// An open database. Cheap to clone and to share between threads.
#[derive(Debug, Clone)]
pub struct Engine {}

impl Engine {
    /// Creates a database in a directory that has none; the directory is made if it is missing.
    ///
    /// # Errors
    /// `AlreadyExists`, `Locked`, `Io`.
    pub fn create(path: impl AsRef<Path>, options: Options) -> Result<Self> {
        let _ = (path, options);
        unimplemented!()
    }

    /// Opens an existing database.
    ///
    /// # Errors
    /// `NotFound`, `Locked`, `Damaged`, `NewerFormat`, `Io`.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self> {
        let _ = (path, options);
        unimplemented!()
    }

    /// Opens a database, or creates it if there is none.
    ///
    /// # Errors
    /// As `open` and `create`.
    pub fn open_or_create(path: impl AsRef<Path>, options: Options) -> Result<Self> {
        let _ = (path, options);
        unimplemented!()
    }

    /// A database that lives in memory only.
    #[must_use]
    pub fn in_memory(options: Options) -> Self {
        let _ = options;
        unimplemented!()
    }

    /// Directory of the database, `None` in memory.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        unimplemented!()
    }

    /// The graph as it is now. Takes no lock that a commit holds while it works.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        unimplemented!()
    }

    /// Begins a bulk load: until `rebuild_indexes` the database says `Unfinished`, also after the process died.
    ///
    /// # Errors
    /// `Io`, `ReadOnly`.
    pub fn begin_load(&self) -> Result<()> {
        unimplemented!()
    }

    /// Whether the last load came to its end.
    #[must_use]
    pub fn load_state(&self) -> LoadState {
        unimplemented!()
    }

    /// Replaces all that the owners of the batch wrote before by the rows of the batch.
    ///
    /// # Errors
    /// `InvalidMetadata`, `NoOwner`, `TooLarge`, `Io`, `ReadOnly`; nothing has changed then.
    pub fn commit(&self, batch: Batch, mode: IndexMode) -> Result<CommitDelta> {
        let _ = (batch, mode);
        unimplemented!()
    }

    /// Writes nodes under an owner and keeps the other rows of the owner.
    ///
    /// # Errors
    /// As `commit`.
    pub fn add_nodes(&self, owner: Owner<'_>, nodes: &[NodeRow<'_>]) -> Result<CommitDelta> {
        let _ = (owner, nodes);
        unimplemented!()
    }

    /// Writes edges under an owner and keeps the other rows of the owner.
    ///
    /// # Errors
    /// As `commit`.
    pub fn add_edges(&self, owner: Owner<'_>, edges: &[EdgeRow<'_>]) -> Result<CommitDelta> {
        let _ = (owner, edges);
        unimplemented!()
    }

    /// Deletes a node, whoever wrote it, and all edges that touch it.
    ///
    /// # Errors
    /// `Io`, `Damaged`, `ReadOnly`. An unknown node is no error; the delta is empty.
    pub fn delete_node(&self, id: NodeId) -> Result<CommitDelta> {
        let _ = id;
        unimplemented!()
    }

    /// Deletes an edge, whoever wrote it.
    ///
    /// # Errors
    /// `Io`, `Damaged`, `ReadOnly`. An unknown edge is no error; the delta is empty.
    pub fn delete_edge(&self, src: NodeId, dst: NodeId, edge_type: &str) -> Result<CommitDelta> {
        let _ = (src, dst, edge_type);
        unimplemented!()
    }

    /// Builds the indexes of everything, writes them to disk, and ends a bulk load.
    ///
    /// # Errors
    /// `Io`, `Damaged`, `ReadOnly`.
    pub fn rebuild_indexes(&self) -> Result<()> {
        unimplemented!()
    }

    /// `rebuild_indexes`, and rewrites data files so that they hold live blocks only.
    ///
    /// # Errors
    /// `Io`, `Damaged`, `ReadOnly`.
    pub fn compact(&self) -> Result<()> {
        unimplemented!()
    }

    /// Removes all nodes, edges, declared fields and snapshots.
    ///
    /// # Errors
    /// `Io`, `ReadOnly`.
    pub fn clear(&self) -> Result<()> {
        unimplemented!()
    }

    /// Waits until all that is acknowledged survives a power cut.
    ///
    /// # Errors
    /// `Io`.
    pub fn flush(&self) -> Result<()> {
        unimplemented!()
    }

    /// Replaces the list of metadata fields that have an index.
    ///
    /// # Errors
    /// `Io`, `ReadOnly`.
    pub fn declare_fields(&self, fields: &[FieldDeclaration]) -> Result<()> {
        let _ = fields;
        unimplemented!()
    }

    /// Declared fields, sorted.
    #[must_use]
    pub fn declared_fields(&self) -> Vec<FieldDeclaration> {
        unimplemented!()
    }

    /// Keeps the current graph as a snapshot with tags (merged into the tags it has) and answers its version. It can be
    /// read with `snapshot_at` until it is dropped, also after reopening.
    ///
    /// # Errors
    /// `Io`, `ReadOnly`.
    pub fn tag_snapshot(&self, tags: &[(&str, &str)]) -> Result<u64> {
        let _ = tags;
        unimplemented!()
    }

    /// Kept snapshots by version.
    #[must_use]
    pub fn snapshots(&self) -> Vec<SnapshotInfo> {
        unimplemented!()
    }

    /// The graph as it was when the snapshot was tagged.
    ///
    /// # Errors
    /// `UnknownSnapshot`, `Damaged`, `Io`.
    pub fn snapshot_at(&self, version: u64) -> Result<Snapshot> {
        let _ = version;
        unimplemented!()
    }

    /// Forgets a kept snapshot.
    ///
    /// # Errors
    /// `UnknownSnapshot`, `Io`, `ReadOnly`.
    pub fn drop_snapshot(&self, version: u64) -> Result<()> {
        let _ = version;
        unimplemented!()
    }
}
