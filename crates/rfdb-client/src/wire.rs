//! What the blocking and the asynchronous connection share: requests in flight and the answers to them.

use std::collections::VecDeque;
use std::os::unix::net::SocketAddr;
use std::path::Path;

use rfdb_protocol::frame;
use rfdb_protocol::{
    NodeTable, Request, Response, ResponseKind, decode_response, encode_request, response_id,
};

use crate::{Error, Result};

/// A request in flight.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent {
    pub(crate) number: u64,
    pub(crate) kind: ResponseKind,
}

/// Appends a request as a frame. The error leaves the buffer as it was.
pub(crate) fn push_request(
    out: &mut Vec<u8>,
    request: &Request,
    number: u64,
    limit: usize,
) -> Result<Sent> {
    let start = out.len();
    // Old servers and clients agree on ids of this form.
    let request_id = format!("r{number}");
    let too_large = |bytes| Error::TooLarge {
        command: request.command(),
        bytes,
        limit,
    };
    frame::write(out, |out| {
        encode_request(request, Some(&request_id), out).map_err(|_| frame::FrameTooLarge {
            announced: 0,
            limit,
        })
    })
    .map_err(|error| too_large(error.announced))?;
    let bytes = out.len() - start - frame::HEADER_BYTES;
    if bytes > limit {
        out.truncate(start);
        return Err(too_large(bytes));
    }
    Ok(Sent {
        number,
        kind: request.response_kind(),
    })
}

/// Refuses a path that no socket can have.
pub(crate) fn check_path(path: &Path) -> Result<()> {
    SocketAddr::from_pathname(path)
        .map(drop)
        .map_err(|_| Error::SocketPath(path.to_path_buf()))
}

/// Whether the answer to the handshake says that the server reads packed rows.
pub(crate) fn reads_packed_rows(hello: &Response) -> bool {
    matches!(hello, Response::Hello { features, .. } if features.iter().any(|f| f == "packedRows"))
}

/// Lets the rows of a commit travel packed, if the server reads that.
pub(crate) fn pack(request: &mut Request, packed_rows: bool) {
    if let Request::Commit(commit) = request {
        commit.packed = packed_rows;
    }
}

/// Requests in flight, in the order in which they were sent, which is the order of their answers.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    waiting: VecDeque<Sent>,
    /// Nodes of the streamed answer that is arriving.
    streamed: NodeTable,
}

impl InFlight {
    pub(crate) fn sent(&mut self, sent: Sent) {
        self.waiting.push_back(sent);
    }

    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Sent> {
        self.waiting.drain(..)
    }

    /// Takes a frame in. Gives the answer and the number of its request, or nothing if more frames belong to it.
    pub(crate) fn arrived(&mut self, bytes: &[u8]) -> Result<Option<(u64, Response)>> {
        let protocol = |error: rfdb_protocol::DecodeError| Error::Protocol(error.to_string());
        let id = response_id(bytes).map_err(protocol)?;
        let number = id
            .as_deref()
            .and_then(|id| id.strip_prefix('r')?.parse::<u64>().ok());
        // A response without an id, such as that to a request that old servers could not read, is the next one's.
        let position = match number {
            Some(number) => self.waiting.iter().position(|sent| sent.number == number),
            None => (!self.waiting.is_empty()).then_some(0),
        };
        let Some(&sent) = position.and_then(|position| self.waiting.get(position)) else {
            // An error that nobody asked for tells why the server is about to close.
            let answer = decode_response(bytes, ResponseKind::Ok).map_err(protocol)?;
            return match answer.response {
                Response::Error { error, code } => Err(Error::Server(rfdb_protocol::WireError {
                    code,
                    message: error,
                })),
                _ => Err(Error::Protocol("an answer to no request".into())),
            };
        };
        let answer = decode_response(bytes, sent.kind).map_err(protocol)?;
        if let Response::NodeChunk { nodes, done, .. } = &answer.response {
            self.streamed.extend(nodes);
            if !done {
                return Ok(None);
            }
        }
        if let Some(position) = position {
            self.waiting.remove(position);
        }
        let response = match answer.response {
            Response::NodeChunk { .. } => Response::Nodes {
                nodes: std::mem::take(&mut self.streamed),
            },
            other => {
                self.streamed.clear();
                other
            }
        };
        Ok(Some((sent.number, response)))
    }
}
