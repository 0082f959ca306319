//! What ends a run.

use std::path::{Path, PathBuf};

/// Why a run failed. What a run can go on after is a [`Diagnostic`](crate::Diagnostic).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The project's folder is not there.
    #[error("{} does not exist; give the folder of the project to analyze", .0.display())]
    NoSuchFolder(PathBuf),
    /// The path is that of a file.
    #[error("{} is a file; give the folder of the project to analyze", .0.display())]
    NotAFolder(PathBuf),
    /// Nothing to analyze.
    #[error(
        "no JavaScript or TypeScript files in {}; looked for {} outside of node_modules, build output and what .gitignore excludes",
        .0.display(), graph_model::SOURCE_EXTENSIONS.iter().map(|e| format!(".{e}")).collect::<Vec<_>>().join(" ")
    )]
    NoFiles(PathBuf),
    /// The operating system refused something.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The threads could not be started.
    #[error("cannot start {threads} threads: {message}; try a smaller number with --threads")]
    Threads {
        /// How many.
        threads: usize,
        /// What went wrong.
        message: String,
    },
    /// The database refused something.
    #[error(transparent)]
    Store(#[from] crate::StoreError),
}

impl Error {
    pub(crate) fn io(action: &'static str, path: &Path, source: std::io::Error) -> Self {
        Error::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }
}
