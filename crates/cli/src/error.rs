//! Why a command failed, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use rfdb_server::{EngineError, LockHolder};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Run(#[from] orchestrator::Error),
    #[error(transparent)]
    Open(#[from] rfdb_server::Error),
    #[error(transparent)]
    Request(#[from] rfdb_client::Error),
    #[error(transparent)]
    Store(#[from] orchestrator::StoreError),
    #[error(transparent)]
    Export(#[from] orchestrator::export::ExportError),
    #[error(transparent)]
    Question(#[from] questions::Error),
    #[error("there is no graph of {} yet", .0.display())]
    NoGraph(PathBuf),
    #[error("the last analysis of {} did not finish: it was stopped, or is still running, so its graph is incomplete", .0.display())]
    Unfinished(PathBuf),
    #[error("the last analysis of {} did not finish: it was stopped; this is the graph as it was before it", .0.display())]
    Stopped(PathBuf),
    #[error("no node in the graph has the type {asked}; its types are {known}")]
    UnknownType { asked: String, known: String },
    #[error("{0}, and the analysis is strict")]
    Strict(String),
    #[error("cannot watch {}: {source}", path.display())]
    Watch {
        path: PathBuf,
        source: notify::Error,
    },
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("{0}")]
    Server(String),
    #[error("{0}")]
    Datalog(String),
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
    #[error("cannot write the output as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl Error {
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Error::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }

    /// The process that has the graph, if that is why it could not be opened.
    pub(crate) fn holder(&self) -> Option<&LockHolder> {
        match self {
            Error::Open(rfdb_server::Error::Engine(EngineError::Locked { holder, .. })) => {
                Some(holder)
            }
            _ => None,
        }
    }

    /// Whether the reader of our standard output has gone.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        let kind = match self {
            Error::Output(e) => Some(e.kind()),
            Error::Json(e) => e.io_error_kind(),
            Error::Export(orchestrator::export::ExportError::Write(e)) => Some(e.kind()),
            _ => None,
        };
        kind == Some(io::ErrorKind::BrokenPipe)
    }

    /// What to do, where the message does not say it.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Error::NoGraph(path) => Some(format!(
                "make it with: grafema-rs analyze {}",
                shell_word(path)
            )),
            Error::Unfinished(path) | Error::Stopped(path) => Some(format!(
                "redo it with: grafema-rs analyze --clear {}",
                shell_word(path)
            )),
            Error::Question(questions::Error::UnknownName { near, .. }) if !near.is_empty() => {
                Some(format!("did you mean {}?", near.join(", ")))
            }
            Error::Question(questions::Error::UnknownName { .. }) => {
                Some("grafema-rs query NAME finds names that contain a text".to_owned())
            }
            Error::Run(orchestrator::Error::Cancelled) => {
                Some("the graph is as it was before".to_owned())
            }
            _ => None,
        }
    }
}

/// A path as one word of a command line.
fn shell_word(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| {
        c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '@' | '+' | ':' | '\\')
    };
    if text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_can_be_pasted() {
        assert_eq!(shell_word(Path::new("/a/b-c.d")), "/a/b-c.d");
        assert_eq!(shell_word(Path::new("/a b/it's")), r"'/a b/it'\''s'");
    }
}
