//! The RFDB protocol: requests, responses and batches as Rust values, their form as MessagePack, and frames.
//!
//! The crate does no I/O and knows no engine. A request is a [`Request`]; over a socket it travels as one frame, in
//! process it is moved into a [`Handler`].
//!
//! ```
//! use rfdb_protocol::{
//!     Request, Response, ResponseKind, decode_request, decode_response, encode_request, encode_response,
//! };
//!
//! // The client's side.
//! let mut bytes = Vec::new();
//! encode_request(&Request::GetNode { id: 42 }, Some("r0"), &mut bytes)?;
//!
//! // The server's side.
//! let incoming = decode_request(&bytes);
//! assert_eq!(incoming.request, Ok(Request::GetNode { id: 42 }));
//! let mut answer = Vec::new();
//! encode_response(&Response::Value { value: true }, incoming.request_id.as_deref(), &mut answer)?;
//!
//! // The client's side again: it knows what it asked for.
//! let answer = decode_response(&answer, ResponseKind::Value)?;
//! assert_eq!(answer.request_id.as_deref(), Some("r0"));
//! assert_eq!(answer.response, Response::Value { value: true });
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod batch;
mod codec;
mod coded;
mod command;
mod commit;
mod envelope;
mod error;
pub mod frame;
mod handler;
mod id;
mod query;
mod request;
mod response;
mod rows;
mod table;
mod wire;

pub use batch::{Batch, Owner, Section};
pub use codec::{
    Answer, DecodeError, Incoming, decode_request, decode_response, encode_request,
    encode_response, response_id,
};
pub use coded::{
    CodedEdge, CodedId, CodedMetadata, CodedNode, INTEGER_HOLE, RowDictionary, STRING_HOLE,
};
pub use command::Access;
pub use commit::{Commit, Part};
pub use error::{ErrorCode, WireError};
pub use handler::Handler;
pub use id::{NodeId, hash_id, parse_id};
pub use query::{AttrQuery, Direction};
pub use request::{FieldDeclaration, FileCommit, Request, SnapshotPair, SnapshotRef};
pub use response::{
    DatabaseEntry, Delta, ExplainProfile, ExplainStats, ExplainStep, Explained, NodeBox, Response,
    ResponseKind, SlowQuery, SnapshotDiff, SnapshotEntry, SnapshotTotals, Solution, Stats, True,
};
pub use rows::{RowSink, Rows, to_batch};
pub use table::{Edge, EdgeTable, Node, NodeTable};
