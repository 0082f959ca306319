//! What answers requests, wherever it is.

use crate::rows::to_batch;
use crate::{Commit, Request, Response, Rows};

/// One session of a server: answers requests one by one, or several at once from several threads. Dropping it ends
/// the session.
///
/// The server implements it; the in-process transport of a client calls it, and so does the loop behind a socket.
pub trait Handler: Send + Sync {
    /// Answers a request. Failures are answers too: [`Response::Error`].
    fn handle(&self, request: Request) -> Response;

    /// Commits rows that are in no batch, as [`Request::Commit`] does with one. The parts are one commit; each owner is in
    /// one of them.
    fn commit_rows(&self, parts: &[&dyn Rows], defer_index: bool) -> Response {
        self.handle(Request::Commit(Box::new(Commit {
            batch: to_batch(parts),
            defer_index,
            ..Commit::default()
        })))
    }
}
