//! Errors as they travel: a text for people and a code for programs.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What went wrong, for programs. On the wire it is the string beside the variant.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $($(#[$doc])* #[doc = concat!("On the wire: `", $text, "`.")] $name,)*
            /// A code that this version does not know.
            Other,
        }

        impl ErrorCode {
            /// Every code that this version knows.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code as it travels.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                    Self::Other => "OTHER",
                }
            }

            /// The code that a string on the wire means.
            #[must_use]
            pub fn parse(text: &str) -> Self {
                match text {
                    $($text => Self::$name,)*
                    _ => Self::Other,
                }
            }
        }
    };
}

codes! {
    /// The command needs a current database and the session has none.
    NoDatabaseSelected = "NO_DATABASE_SELECTED",
    /// A writing command in a session that opened its database read-only.
    ReadOnlyMode = "READ_ONLY_MODE",
    /// `createDatabase` with the name of a database that exists.
    DatabaseExists = "DATABASE_EXISTS",
    /// `openDatabase` or `dropDatabase` with an unknown name.
    DatabaseNotFound = "DATABASE_NOT_FOUND",
    /// `dropDatabase` while a session has it open.
    DatabaseInUse = "DATABASE_IN_USE",
    /// `createDatabase` with a name that is empty, too long, or has other characters than `A-Za-z0-9_-`.
    InvalidDatabaseName = "INVALID_DATABASE_NAME",
    /// Another process holds the database.
    DatabaseLocked = "DATABASE_LOCKED",
    /// The storage failed or is damaged; the text says where.
    InternalError = "INTERNAL_ERROR",
    /// The request cannot be decoded or its values do not fit together.
    InvalidRequest = "INVALID_REQUEST",
    /// The command exists in other servers and is not offered here.
    NotSupported = "NOT_SUPPORTED",
    /// `beginBatch` while a batch is in progress.
    BatchInProgress = "BATCH_IN_PROGRESS",
    /// `abortBatch` without a batch.
    NoBatchInProgress = "NO_BATCH_IN_PROGRESS",
    /// A snapshot version that does not exist.
    SnapshotNotFound = "SNAPSHOT_NOT_FOUND",
    /// Tags need a database on disk.
    EphemeralDatabase = "EPHEMERAL_DATABASE",
    /// A scan cursor that is unknown or has expired.
    InvalidCursor = "INVALID_CURSOR",
    /// The command exists but this build of the server cannot answer it.
    NotAvailable = "NOT_AVAILABLE",
    /// A Datalog program or query that does not parse or is not safe.
    DatalogError = "DATALOG_ERROR",
    /// The query took longer than the server allows.
    QueryTimeout = "QUERY_TIMEOUT",
    /// The client cancelled the query.
    QueryCancelled = "QUERY_CANCELLED",
    /// The query needed more intermediate rows than the server allows.
    QueryLimitExceeded = "QUERY_LIMIT_EXCEEDED",
    /// The answer is larger than the server sends in one piece.
    ResultTooLarge = "RESULT_TOO_LARGE",
    /// The parts of a cut batch are together larger than the server keeps.
    BatchTooLarge = "BATCH_TOO_LARGE",
    /// A frame announces more bytes than the server accepts.
    FrameTooLarge = "FRAME_TOO_LARGE",
    /// A frame began and did not go on for too long.
    FrameTimeout = "FRAME_TIMEOUT",
    /// The server has as many connections as it allows.
    TooManyConnections = "TOO_MANY_CONNECTIONS",
    /// The server is about to exit.
    ShuttingDown = "SHUTTING_DOWN",
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ErrorCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::parse(&String::deserialize(deserializer)?))
    }
}

/// A failed command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct WireError {
    /// What went wrong, for programs.
    pub code: Option<ErrorCode>,
    /// What went wrong, for people.
    pub message: String,
}

impl WireError {
    /// An error with a code.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code: Some(code),
            message: message.into(),
        }
    }

    /// No current database.
    #[must_use]
    pub fn no_database() -> Self {
        Self::new(
            ErrorCode::NoDatabaseSelected,
            "No database selected. Use openDatabase first.",
        )
    }

    /// The request does not decode, or its values do not fit together.
    pub fn invalid_request(reason: impl std::fmt::Display) -> Self {
        Self::new(
            ErrorCode::InvalidRequest,
            format!("Invalid request: {reason}"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_parse_back() {
        for &code in ErrorCode::ALL {
            assert_eq!(ErrorCode::parse(code.as_str()), code);
        }
        assert_eq!(ErrorCode::parse("NEWER_THAN_WE"), ErrorCode::Other);
    }
}
