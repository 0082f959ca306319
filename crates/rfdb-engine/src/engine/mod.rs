//! The writer: opening, committing, finalizing.

mod background;
mod commit;
mod delete;
mod delta;
mod edit;
mod files;
mod finalize;
mod inner;
mod kept;
mod mark;
mod prepared;
mod state;
mod verify;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::block::BlockBuilder;
use crate::storage::{FileSystem, Storage};
use crate::{Batch, EdgeRow, Error, FieldDeclaration, NodeId, NodeRow, Owner, Result, Snapshot};

pub use delta::CommitDelta;
pub(crate) use inner::Inner;
pub use verify::{Problem, VerifyReport};

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
    /// What an acknowledged immediate commit survives. Deferred commits survive the death of the process (but for
    /// `volatile_loads`) and are synced by `rebuild_indexes`.
    pub durability: Durability,
    /// How this process calls itself in the lock file.
    pub program: String,
    /// Socket under which this process answers requests; told to others by the lock file.
    pub socket: Option<PathBuf>,
    /// Opens for reading only: nothing is written, not even a repair.
    pub read_only: bool,
    /// Leaves the index of what an immediate commit wrote to whoever reads it first: for a process that commits and ends.
    /// Otherwise the commit builds it, so that no reader waits for it.
    pub index_on_read: bool,
    /// Lets the end of what a bulk load commits stay in memory, 256 KiB at most, until it is read or flushed or the load ends: for a
    /// process that would start the load again in any case if it were killed. It writes in fewer and larger steps then.
    pub volatile_loads: bool,
}

/// Whether the last bulk load came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadState {
    /// The graph is whole.
    Complete,
    /// A load began and did not end: clear and load again.
    Unfinished,
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
    pub tags: BTreeMap<String, String>,
    /// Number of nodes.
    pub node_count: u64,
    /// Number of edges.
    pub edge_count: u64,
}

/// An open database. Cheap to clone and to share between threads.
#[derive(Debug, Clone)]
pub struct Engine {
    inner: Arc<Handle>,
}

/// Ends the background thread with the last engine, which then is the last to hold the database.
#[derive(Debug)]
struct Handle(Arc<Inner>);

impl std::ops::Deref for Handle {
    type Target = Arc<Inner>;

    fn deref(&self) -> &Arc<Inner> {
        &self.0
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.stop_background();
    }
}

impl From<Arc<Inner>> for Engine {
    fn from(inner: Arc<Inner>) -> Self {
        Self {
            inner: Arc::new(Handle(inner)),
        }
    }
}

impl Engine {
    /// Creates a database in a directory that has none; the directory is made if it is missing.
    ///
    /// # Errors
    /// `AlreadyExists`, `Locked`, `Io`.
    pub fn create(path: impl AsRef<Path>, options: Options) -> Result<Self> {
        Self::create_in(Arc::new(FileSystem), path, options)
    }

    /// Opens an existing database.
    ///
    /// # Errors
    /// `NotFound`, `Locked`, `Damaged`, `NewerFormat`, `Io`.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self> {
        Self::open_in(Arc::new(FileSystem), path, options)
    }

    /// Opens a database, or creates it if there is none.
    ///
    /// # Errors
    /// As `open` and `create`.
    pub fn open_or_create(path: impl AsRef<Path>, options: Options) -> Result<Self> {
        let path = path.as_ref();
        match Self::open(path, options.clone()) {
            Err(Error::NotFound(_)) if !options.read_only => Self::create(path, options),
            other => other,
        }
    }

    /// As `create`, over any file layer.
    ///
    /// # Errors
    /// As `create`.
    pub fn create_in(
        storage: Arc<dyn Storage>,
        path: impl AsRef<Path>,
        options: Options,
    ) -> Result<Self> {
        Ok(Self::from(Inner::create(
            storage,
            path.as_ref(),
            options,
            false,
        )?))
    }

    /// As `open`, over any file layer.
    ///
    /// # Errors
    /// As `open`.
    pub fn open_in(
        storage: Arc<dyn Storage>,
        path: impl AsRef<Path>,
        options: Options,
    ) -> Result<Self> {
        Ok(Self::from(Inner::open(storage, path.as_ref(), options)?))
    }

    /// Creates an empty database in place of whatever is in the directory, also if that is damaged. Files that the engine
    /// did not write stay.
    ///
    /// # Errors
    /// `Locked`, `Io`.
    pub fn recreate(path: impl AsRef<Path>, options: Options) -> Result<Self> {
        Ok(Self::from(Inner::create(
            Arc::new(FileSystem),
            path.as_ref(),
            options,
            true,
        )?))
    }

    /// Reads and checks everything. An error is a failure to look; what was found wrong is in the report.
    ///
    /// # Errors
    /// `Io`.
    pub fn verify(&self) -> Result<VerifyReport> {
        self.inner.verify()
    }

    /// A database that lives in memory only.
    #[must_use]
    pub fn in_memory(options: Options) -> Self {
        Self::from(Inner::in_memory(options))
    }

    /// Directory of the database, `None` in memory.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.inner.dir()
    }

    /// The graph as it is now. Takes no lock that a commit holds while it works.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            version: self.inner.version(),
        }
    }

    /// Begins a bulk load: until `rebuild_indexes` the database says `Unfinished`, also after the process died.
    ///
    /// # Errors
    /// `Io`, `ReadOnly`.
    pub fn begin_load(&self) -> Result<()> {
        self.inner.set_loading(true)
    }

    /// Whether the last load came to its end.
    #[must_use]
    pub fn load_state(&self) -> LoadState {
        if self.inner.is_loading() {
            LoadState::Unfinished
        } else {
            LoadState::Complete
        }
    }

    /// Replaces all that the owners of the batch wrote before by the rows of the batch.
    ///
    /// # Errors
    /// `InvalidMetadata`, `NoOwner`, `TooLarge`, `Io`, `ReadOnly`; nothing has changed then.
    pub fn commit(&self, batch: Batch, mode: IndexMode) -> Result<CommitDelta> {
        self.inner.commit(batch, mode)
    }

    /// Writes nodes under an owner and keeps the other rows of the owner.
    ///
    /// # Errors
    /// As `commit`.
    pub fn add_nodes(&self, owner: Owner<'_>, nodes: &[NodeRow<'_>]) -> Result<CommitDelta> {
        let mut builder = BlockBuilder::new(owner);
        nodes.iter().for_each(|node| builder.push_node(*node));
        self.inner.add(builder)
    }

    /// Writes edges under an owner and keeps the other rows of the owner.
    ///
    /// # Errors
    /// As `commit`.
    pub fn add_edges(&self, owner: Owner<'_>, edges: &[EdgeRow<'_>]) -> Result<CommitDelta> {
        let mut builder = BlockBuilder::new(owner);
        edges.iter().for_each(|edge| builder.push_edge(*edge));
        self.inner.add(builder)
    }

    /// Deletes a node, whoever wrote it, and all edges that touch it.
    ///
    /// # Errors
    /// `Io`, `Damaged`, `ReadOnly`. An unknown node is no error; the delta is empty.
    pub fn delete_node(&self, id: NodeId) -> Result<CommitDelta> {
        self.inner.delete_node(id)
    }

    /// Deletes an edge, whoever wrote it.
    ///
    /// # Errors
    /// `Io`, `Damaged`, `ReadOnly`. An unknown edge is no error; the delta is empty.
    pub fn delete_edge(&self, src: NodeId, dst: NodeId, edge_type: &str) -> Result<CommitDelta> {
        self.inner.delete_edge(src, dst, edge_type)
    }

    /// Deletes nodes with all edges that touch them, deletes edges, and then adds the rows of a batch to those that its
    /// owners have, all in one commit. What does not exist is passed over.
    ///
    /// # Errors
    /// As `commit`; nothing has changed then.
    pub fn edit(
        &self,
        nodes: &[NodeId],
        edges: &[(NodeId, NodeId, &str)],
        add: Batch,
        mode: IndexMode,
    ) -> Result<CommitDelta> {
        self.inner.edit(nodes, edges, add, mode)
    }

    /// Builds the indexes of everything, writes them to disk, and ends a bulk load.
    ///
    /// # Errors
    /// `Io`, `Damaged`, `ReadOnly`.
    pub fn rebuild_indexes(&self) -> Result<()> {
        self.inner.finalize(finalize::Scope::Load)
    }

    /// `rebuild_indexes`, and rewrites data files so that they hold live blocks only.
    ///
    /// # Errors
    /// `Io`, `Damaged`, `ReadOnly`.
    pub fn compact(&self) -> Result<()> {
        self.inner.finalize(finalize::Scope::Compact)
    }

    /// Removes all nodes, edges, declared fields and snapshots.
    ///
    /// # Errors
    /// `Io`, `ReadOnly`.
    pub fn clear(&self) -> Result<()> {
        self.inner.clear()
    }

    /// Waits until all that is acknowledged survives a power cut.
    ///
    /// # Errors
    /// `Io`.
    pub fn flush(&self) -> Result<()> {
        self.inner.flush()
    }

    /// Replaces the list of metadata fields that have an index.
    ///
    /// # Errors
    /// `Io`, `ReadOnly`.
    pub fn declare_fields(&self, fields: &[FieldDeclaration]) -> Result<()> {
        self.inner.declare_fields(fields)
    }

    /// Declared fields, sorted.
    #[must_use]
    pub fn declared_fields(&self) -> Vec<FieldDeclaration> {
        self.inner.declared_fields()
    }

    /// Keeps the current graph as a snapshot with tags (merged into the tags it has) and answers its version. It can be
    /// read with `snapshot_at` until it is dropped, also after reopening.
    ///
    /// # Errors
    /// `Io`, `ReadOnly`.
    pub fn tag_snapshot(&self, tags: &[(&str, &str)]) -> Result<u64> {
        self.inner.tag_snapshot(tags)
    }

    /// Kept snapshots by version.
    #[must_use]
    pub fn snapshots(&self) -> Vec<SnapshotInfo> {
        self.inner.kept_snapshots()
    }

    /// The graph as it was when the snapshot was tagged.
    ///
    /// # Errors
    /// `UnknownSnapshot`, `Damaged`, `Io`.
    pub fn snapshot_at(&self, version: u64) -> Result<Snapshot> {
        self.inner
            .snapshot_at(version)
            .map(|version| Snapshot { version })
    }

    /// Forgets a kept snapshot.
    ///
    /// # Errors
    /// `UnknownSnapshot`, `Io`, `ReadOnly`.
    pub fn drop_snapshot(&self, version: u64) -> Result<()> {
        self.inner.drop_snapshot(version)
    }
}
