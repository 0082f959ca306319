//! Why a command failed, on the client's side.

use std::path::PathBuf;
use std::time::Duration;

use rfdb_protocol::{ErrorCode, WireError};

/// Result of a command.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server refused or failed; its message says why.
    #[error(transparent)]
    Server(#[from] WireError),
    /// Nobody answers at the socket.
    #[error("cannot connect to {}: {source}; is the server running?", path.display())]
    Connect {
        /// The socket.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The operating system takes paths of about a hundred bytes for sockets.
    #[error(
        "cannot connect to {}: the path has {} bytes, more than the operating system takes for a socket (about 100)",
        .0.display(),
        .0.as_os_str().len()
    )]
    SocketPath(PathBuf),
    /// The connection ended while an answer was awaited.
    #[error("the connection to the server is closed: {reason}")]
    Closed {
        /// What ended it.
        reason: String,
    },
    /// The answer did not come in time. The command may still have its effect.
    #[error("{command} got no answer within {} ms", after.as_millis())]
    Timeout {
        /// The command.
        command: &'static str,
        /// The limit.
        after: Duration,
    },
    /// A request is larger than a frame may be.
    #[error("{command} is too large for one request: {bytes} bytes of at most {limit}")]
    TooLarge {
        /// The command.
        command: &'static str,
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The server said something that the protocol does not know.
    #[error("the server's answer is not understood: {0}")]
    Protocol(String),
}

impl Error {
    /// The server's error code, if the server gave one.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Server(error) => error.code,
            _ => None,
        }
    }
}
