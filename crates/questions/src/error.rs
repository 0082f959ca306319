//! Why a question has no answer.

/// Result of a question.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database refused or failed.
    #[error(transparent)]
    Database(#[from] rfdb_client::Error),
    /// Nothing in the graph has the name.
    #[error("nothing in the graph is named '{name}'")]
    UnknownName {
        /// The name that was asked for.
        name: String,
        /// Names that are nearly the same, best first; each can be asked for as it stands.
        near: Vec<String>,
    },
    /// There is a node at the place or of the name, but none that the question is about.
    #[error("{name} is {found}: {why}")]
    NotAskable {
        /// The name that was asked for.
        name: String,
        /// What it is.
        found: String,
        /// What the question is about.
        why: &'static str,
    },
}
