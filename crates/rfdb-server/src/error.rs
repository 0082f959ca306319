//! Errors of the server, and what they become on the wire.

use std::path::PathBuf;

use rfdb_protocol::{ErrorCode, WireError};

/// Why a server cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The engine refused; its message says where and what to do.
    #[error(transparent)]
    Engine(#[from] rfdb_engine::Error),
    /// A file operation outside of the engine failed.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Something answers at the socket already.
    #[error("a server is already running at {}; stop it first, or choose another --socket", .0.display())]
    SocketInUse(PathBuf),
    /// The operating system takes paths of about a hundred bytes for sockets.
    #[error(
        "the path of the socket has {} bytes, more than the operating system takes (about 100); choose a shorter --socket: {}",
        .0.as_os_str().len(),
        .0.display()
    )]
    SocketPath(PathBuf),
}

/// An engine's error as the wire tells it.
pub(crate) fn engine_error(error: &rfdb_engine::Error) -> WireError {
    use rfdb_engine::Error as E;
    let code = match error {
        E::Locked { .. } => ErrorCode::DatabaseLocked,
        E::ReadOnly(_) => ErrorCode::ReadOnlyMode,
        E::InvalidMetadata { .. } | E::NoSuchRow { .. } | E::NoOwner | E::TooLarge { .. } => {
            return WireError::invalid_request(error);
        }
        E::UnknownSnapshot(_) => ErrorCode::SnapshotNotFound,
        _ => ErrorCode::InternalError,
    };
    WireError::new(code, error.to_string())
}

/// Turns engine results into wire results.
pub(crate) trait ToWire<T> {
    fn to_wire(self) -> Result<T, WireError>;
}

impl<T> ToWire<T> for rfdb_engine::Result<T> {
    fn to_wire(self) -> Result<T, WireError> {
        self.map_err(|error| engine_error(&error))
    }
}
