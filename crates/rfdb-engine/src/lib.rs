//! An embedded graph engine: rows are written, replaced and deleted per *owner*, indexes are built once and mapped.
//!
//! ```no_run
//! use rfdb_engine::{Batch, EdgeRow, Engine, IndexMode, NodeId, NodeQuery, NodeRow, Options, Owner};
//!
//! # fn main() -> rfdb_engine::Result<()> {
//! let engine = Engine::open_or_create("graph.rfdb", Options::default())?;
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

pub use batch::Batch;
pub use engine::{
    Changes, CommitDelta, Durability, Engine, IndexMode, LoadState, Options, Problem, SnapshotInfo,
    VerifyReport,
};
pub use error::{Error, LockHolder, Result};
pub use id::NodeId;
pub use query::{Direction, FieldDeclaration, NodeQuery, TextMatch, Traversal};
pub use row::{Edge, EdgeRow, Node, NodeRow, Owner};
pub use snapshot::{DanglingEdge, OwnerInfo, Snapshot};
