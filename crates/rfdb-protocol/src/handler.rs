//! What answers requests, wherever it is.

use crate::{Request, Response};

/// One session of a server: answers requests one by one, or several at once from several threads. Dropping it ends
/// the session.
///
/// The server implements it; the in-process transport of a client calls it, and so does the loop behind a socket.
pub trait Handler: Send + Sync {
    /// Answers a request. Failures are answers too: [`Response::Error`].
    fn handle(&self, request: Request) -> Response;
}
