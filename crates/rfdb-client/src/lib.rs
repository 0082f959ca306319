//! A client of an RFDB server. One interface, [`Client`], over two ways: in process, where a request is a function call,
//! and over a socket. What a program asks is written once and does not know which way it goes.
//!
//! ```
//! use rfdb_client::{Batch, Client, Edge, IndexMode, Node, hash_id};
//! use rfdb_server::{Config, Dispatcher};
//!
//! let client = Client::in_process(Dispatcher::in_memory(Config::default()).session());
//!
//! // A batch is a value of whoever fills it. Many threads may each fill and commit their own at the same time.
//! let (main, helper) = (hash_id("a.js->FUNCTION->main"), hash_id("a.js->FUNCTION->helper"));
//! let mut batch = Batch::new();
//! batch.owner("a.js", "");
//! for (id, semantic_id, name) in
//!     [(main, "a.js->FUNCTION->main", "main"), (helper, "a.js->FUNCTION->helper", "helper")]
//! {
//!     batch.push_node(Node {
//!         id, semantic_id, node_type: "FUNCTION", name, file: "a.js", exported: false, metadata: "",
//!     });
//! }
//! batch.push_edge(Edge { src: main, dst: helper, edge_type: "CALLS", metadata: "" });
//! client.commit(batch, IndexMode::Deferred)?;
//! client.rebuild_indexes()?;
//!
//! let calls = client.outgoing_edges(main, Some(&["CALLS"]))?;
//! assert_eq!(calls.get(0).map(|edge| edge.dst), Some(helper));
//! # Ok::<(), rfdb_client::Error>(())
//! ```

#[cfg(all(unix, feature = "tokio"))]
mod asynchronous;
mod client;
mod commands;
mod error;
#[cfg(unix)]
mod socket;
mod transport;
#[cfg(unix)]
mod wire;

#[cfg(all(unix, feature = "tokio"))]
pub use asynchronous::AsyncClient;
pub use client::{Client, IndexMode};
pub use commands::{Handshake, Opened, Page, Solutions};
pub use error::{Error, Result};
pub use rfdb_protocol::{
    AttrQuery, Batch, Commit, DatabaseEntry, Delta, Direction, Edge, EdgeTable, ErrorCode,
    Explained, FieldDeclaration, FileCommit, Handler, Node, NodeBox, NodeId, NodeTable, Owner,
    Request, Response, SnapshotDiff, SnapshotEntry, SnapshotRef, Solution, Stats, WireError,
    hash_id, parse_id,
};
#[cfg(unix)]
pub use socket::SocketOptions;
pub use transport::Transport;
