//! What can go wrong, with the path, position or id that a caller needs to act on it.

use std::path::{Path, PathBuf};

use crate::NodeId;

/// Result of an engine operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Who holds the lock of a database, as the lock file tells it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LockHolder {
    /// Process id of the holder, 0 if the lock file does not tell.
    pub pid: u32,
    /// What the holder called itself, e.g. `grafema-rs analyze`; may be empty.
    pub program: String,
    /// Socket under which the holder answers requests, if it serves any.
    pub socket: Option<PathBuf>,
}

impl std::fmt::Display for LockHolder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let program = if self.program.is_empty() {
            "another process"
        } else {
            &self.program
        };
        write!(f, "{program}")?;
        if self.pid != 0 {
            write!(f, " (pid {})", self.pid)?;
        }
        if let Some(socket) = &self.socket {
            write!(f, " at socket {}", socket.display())?;
        }
        Ok(())
    }
}

/// Why an engine operation failed. The database is as it was before the operation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused a file operation (disk full, no permission, ...).
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried: `read`, `write`, `create`, `sync`, ...
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// There is no database in this directory.
    #[error("there is no database at {}; create one by analyzing the project", .0.display())]
    NotFound(PathBuf),
    /// `create` found a database in the directory.
    #[error("there is already a database at {}; open it, or choose another directory", .0.display())]
    AlreadyExists(PathBuf),
    /// Another process has the database open.
    #[error(
        "the database at {} is in use by {holder}; ask that process, or stop it and try again",
        path.display()
    )]
    Locked {
        /// Directory of the database.
        path: PathBuf,
        /// The process that has it.
        holder: LockHolder,
    },
    /// A file is damaged: its checksum, structure or length is wrong.
    #[error("{} is damaged at byte {offset}: {what}; run the analysis again with --clear", file.display())]
    Damaged {
        /// The damaged file.
        file: PathBuf,
        /// Where in the file the damage was seen.
        offset: u64,
        /// What is wrong.
        what: String,
    },
    /// The database was written by a newer version of the program.
    #[error(
        "{} has format version {found}, this program reads up to version {supported}; use a newer program",
        file.display()
    )]
    NewerFormat {
        /// The file that says so.
        file: PathBuf,
        /// Version in the file.
        found: u32,
        /// Newest version that this program knows.
        supported: u32,
    },
    /// Node or edge metadata is neither empty nor a JSON object.
    #[error("metadata of {what} is not a JSON object: {text}")]
    InvalidMetadata {
        /// The node or edge, by id.
        what: String,
        /// The beginning of the text.
        text: String,
    },
    /// A coded edge names a node that was not pushed since its owner was named.
    #[error("edge {edge} names a row that its owner does not have: there are {nodes} nodes")]
    NoSuchRow {
        /// The edge: row, type, row.
        edge: String,
        /// Number of nodes.
        nodes: usize,
    },
    /// A batch holds rows before the first owner was named.
    #[error("a batch must name an owner before the first node or edge")]
    NoOwner,
    /// One block would be larger than the format allows.
    #[error(
        "owner {file} {context} is too large for one block: {what}; split it over several owners"
    )]
    TooLarge {
        /// File of the owner.
        file: String,
        /// Context of the owner.
        context: String,
        /// Which limit was exceeded.
        what: String,
    },
    /// The node to delete or to start from does not exist.
    #[error("there is no node {0}")]
    UnknownNode(NodeId),
    /// There is no snapshot of this version.
    #[error("there is no snapshot of version {0}; list the snapshots to see which exist")]
    UnknownSnapshot(u64),
    /// The database was opened for reading only.
    #[error("the database at {} is open for reading only", .0.display())]
    ReadOnly(PathBuf),
    /// An earlier write failed in a way that leaves the end of a file unknown; reads go on.
    #[error("writing to {} is stopped because an earlier write failed ({cause}); open the database again", path.display())]
    WriterStopped {
        /// Directory of the database.
        path: PathBuf,
        /// The failure.
        cause: String,
    },
}

impl Error {
    pub(crate) fn io(action: &'static str, path: impl AsRef<Path>, source: std::io::Error) -> Self {
        Self::Io {
            action,
            path: path.as_ref().to_path_buf(),
            source,
        }
    }

    pub(crate) fn damaged(file: impl AsRef<Path>, offset: u64, what: impl Into<String>) -> Self {
        Self::Damaged {
            file: file.as_ref().to_path_buf(),
            offset,
            what: what.into(),
        }
    }
}
