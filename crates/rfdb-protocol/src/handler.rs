//! What answers requests, wherever it is.

use crate::{Commit, Request, Response, Rows};

/// One session of a server: answers requests one by one, or several at once from several threads. Dropping it ends
/// the session.
///
/// The server implements it; the in-process transport of a client calls it, and so does the loop behind a socket.
pub trait Handler: Send + Sync {
    /// Answers a request. Failures are answers too: [`Response::Error`].
    fn handle(&self, request: Request) -> Response;

    /// Commits rows that are in no batch, as [`Request::Commit`] does with one.
    fn commit_rows(&self, rows: &dyn Rows, defer_index: bool) -> Response {
        self.handle(Request::Commit(Box::new(Commit {
            batch: rows.to_batch(),
            defer_index,
            ..Commit::default()
        })))
    }
}
