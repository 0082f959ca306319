//! The RFDB server: databases, sessions, and the way from a request to the engine. As a library it answers requests in
//! process; the binary `rfdb-server` answers them over a socket. Both ways use the same requests and responses.
//!
//! ```
//! use rfdb_protocol::{Batch, Commit, Handler, Node, Request, Response};
//! use rfdb_server::{Config, Dispatcher};
//!
//! let server = Dispatcher::in_memory(Config::default());
//! let session = server.session();
//!
//! let mut batch = Batch::new();
//! batch.owner("a.js", "");
//! batch.push_node(Node { id: 1, node_type: "MODULE", name: "a.js", file: "a.js", ..Node::default() });
//! session.handle(Request::Commit(Box::new(Commit { batch, ..Commit::default() })));
//!
//! assert_eq!(session.handle(Request::NodeCount), Response::Count { count: 1 });
//! ```

mod database;
pub mod datalog;
mod dispatcher;
mod error;
mod file_commit;
mod metrics;
#[cfg(feature = "net")]
mod net;
#[cfg(feature = "net")]
mod program;
mod read;
mod registry;
mod rows;
mod scan;
mod session;
mod versions;

pub use dispatcher::{Config, Dispatcher, Limits};
pub use error::Error;
#[cfg(feature = "net")]
pub use net::{NetLimits, Server, ServerOptions};
#[cfg(feature = "net")]
pub use program::run_program;
pub use registry::served_name;
pub use rfdb_engine::{Durability, Error as EngineError, LockHolder, Options};
pub use session::Session;
