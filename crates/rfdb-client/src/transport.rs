//! The ways to a server.

use std::sync::Arc;

use rfdb_protocol::{Handler, Request, Response, Rows};

use crate::{Error, Result};

/// A way to a server. Several threads may use one at the same time.
pub trait Transport: Send + Sync {
    /// Sends a request and waits for the answer. An error answer is an `Ok` here.
    ///
    /// # Errors
    /// Failures on the way.
    fn call(&self, request: Request) -> Result<Response>;

    /// Sends many requests without waiting in between; the answers come in the order of the requests.
    ///
    /// # Errors
    /// Failures on the way.
    fn call_many(&self, requests: Vec<Request>) -> Result<Vec<Response>> {
        requests
            .into_iter()
            .map(|request| self.call(request))
            .collect()
    }

    /// Commits rows without making a batch of them. `None` where they have to be one: then nothing was sent.
    fn commit_rows(&self, parts: &[&dyn Rows], defer_index: bool) -> Option<Result<Response>> {
        let _ = (parts, defer_index);
        None
    }

    /// Bytes of a request at most; nothing if requests are not serialised.
    fn request_limit(&self) -> Option<usize>;
}

/// The way into a server of the same process: a function call.
pub(crate) struct InProcess(pub(crate) Arc<dyn Handler>);

impl Transport for InProcess {
    fn call(&self, request: Request) -> Result<Response> {
        Ok(self.0.handle(request))
    }

    fn commit_rows(&self, parts: &[&dyn Rows], defer_index: bool) -> Option<Result<Response>> {
        Some(Ok(self.0.commit_rows(parts, defer_index)))
    }

    fn request_limit(&self) -> Option<usize> {
        None
    }
}

/// Takes an error answer for a failure.
pub(crate) fn checked(response: Response) -> Result<Response> {
    match response {
        Response::Error { error, code } => Err(Error::Server(rfdb_protocol::WireError {
            code,
            message: error,
        })),
        other => Ok(other),
    }
}

/// The error for an answer of another kind than the request has.
pub(crate) fn unexpected(response: &Response) -> Error {
    Error::Protocol(format!("an answer of the kind {:?}", response.kind()))
}
