//! An embedded graph engine: rows are written, replaced and deleted per *owner*, indexes are built once and mapped.
//!
//! ```
//! use rfdb_engine::{Batch, EdgeRow, Engine, IndexMode, NodeId, NodeQuery, NodeRow, Options, Owner};
//!
//! # fn main() -> rfdb_engine::Result<()> {
//! let engine = Engine::in_memory(Options::default()); // or `Engine::open_or_create("graph.rfdb", ..)`
//! let (caller, callee) = (NodeId::from_semantic("a->FUNCTION->f"), NodeId::from_semantic("a->FUNCTION->g"));
//! let mut batch = Batch::new();
//! batch.owner(Owner::new("a", "analysis"));
//! for (id, semantic_id, name) in [(caller, "a->FUNCTION->f", "f"), (callee, "a->FUNCTION->g", "g")] {
//!     batch.push_node(NodeRow { id, semantic_id, node_type: "FUNCTION", name, file: "a", exported: false, metadata: "" });
//! }
//! batch.push_edge(EdgeRow { src: caller, dst: callee, edge_type: "CALLS", metadata: "" });
//! engine.commit(batch, IndexMode::Immediate)?;
//!
//! let snapshot = engine.snapshot();
//! assert_eq!(snapshot.find(&NodeQuery::default().with_name("f"))?, [caller]);
//! assert_eq!(snapshot.outgoing(caller, &["CALLS"])?[0].dst, callee);
//! # Ok(())
//! # }
//! ```
//!
//! # How it works
//!
//! A [`Batch`] encodes the rows of one or more owners as columns while they are pushed, in the thread that has them. A commit
//! appends one block per owner to a segment file and one frame to the manifest log; it reads and rewrites nothing, so its cost
//! is that of its rows, whatever the graph holds. Which block of an owner is live is one pointer: replacing or deleting an
//! owner's rows needs no tombstones. [`Engine::rebuild_indexes`] reads the live blocks once and writes mapped indexes, the
//! *base*; later commits are indexed on the heap, the *overlay*, until they are many and the base is built anew in the
//! background. In [`IndexMode::Deferred`] that is left to the first read. A [`Snapshot`] never changes and holds no lock.
//!
//! Where several owners have a row of the same node id or edge key, the one committed last is read; when its owner drops it,
//! the one before it shows again. Nodes and edges come in an order that follows from their contents alone.
//!
//! The files are described in `FORMAT.md`.

mod batch;
mod block;
mod block_ref;
mod codec;
mod dictionary;
mod engine;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod id;
mod index;
mod manifest;
mod metadata;
mod query;
mod row;
mod run;
mod segment;
mod snapshot;
pub mod storage;
mod templates;

pub use batch::Batch;
pub use engine::{
    Changes, CommitDelta, Durability, Engine, IndexMode, LoadState, Options, Problem, SnapshotInfo,
    VerifyReport,
};
pub use error::{Error, LockHolder, Result};
pub use id::NodeId;
pub use query::{Direction, FieldDeclaration, NodeQuery, TextMatch, Traversal};
pub use row::{
    CodedEdgeRow, CodedId, CodedMetadata, CodedNodeRow, Edge, EdgeRow, Node, NodeRow, Owner,
    RowDictionary,
};
pub use snapshot::{Brief, DanglingEdge, EdgeType, OwnerInfo, Probe, Snapshot, VisitEnd};
