//! One connection on the Unix socket: frames in, frames out, in order.
//!
//! Requests of a connection are answered one after the other by the task that reads them. While an answer is not
//! taken, nothing is read: a slow client slows itself down and holds one answer of memory.

use std::io;
use std::sync::Arc;

use rfdb_engine::{NodeId, Snapshot};
use rfdb_protocol::frame::{self, Decoder};
use rfdb_protocol::{
    ErrorCode, Handler, NodeTable, Request, Response, WireError, decode_request, encode_response,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::Session;
use crate::error::ToWire;
use crate::net::listener::Shared;
use crate::rows::push_node;

/// Results with more nodes are streamed to sessions that understand it.
const STREAM_ABOVE: usize = 100;
/// Nodes in one frame of a stream.
const STREAM_CHUNK: usize = 500;
/// Answers are collected up to this size before they are written.
const WRITE_BYTES: usize = 64 << 10;
/// Room for bytes of requests at each reading.
const READ_BYTES: usize = 64 << 10;
/// Bytes that may arrive while a query runs; they are looked through for a cancellation.
const READ_AHEAD: usize = 1 << 20;

pub(crate) struct Connection {
    shared: Arc<Shared>,
    session: Arc<Session>,
    reader: OwnedReadHalf,
    writer: OwnedWriteHalf,
    decoder: Decoder,
    out: Vec<u8>,
    stopped: watch::Receiver<bool>,
}

/// Why a connection ends.
enum End {
    /// The client left, between two frames.
    Closed,
    /// The client left or failed in the middle of something.
    Broken(io::Error),
    /// The server is ending.
    Stopped,
    /// The client broke a rule after which the stream is of no use; it is told why.
    Refused(WireError),
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}

fn timed_out<T>(_: T) -> End {
    End::Broken(io::Error::new(
        io::ErrorKind::TimedOut,
        "the client does not take its answers",
    ))
}

/// Whether answering takes so little time that the task may do it itself instead of giving its thread up.
fn is_quick(request: &Request) -> bool {
    matches!(
        request,
        Request::Ping
            | Request::Hello { .. }
            | Request::GetNode { .. }
            | Request::NodeExists { .. }
            | Request::IsEndpoint { .. }
            | Request::GetNodeIdentifier { .. }
            | Request::GetOutgoingEdges { .. }
            | Request::GetIncomingEdges { .. }
            | Request::QueryEdges { .. }
            | Request::Neighbors { .. }
            | Request::NodeCount
            | Request::EdgeCount
            | Request::CurrentDatabase
    )
}

fn is_datalog(request: &Request) -> bool {
    matches!(
        request,
        Request::DatalogQuery { .. }
            | Request::ExecuteDatalog { .. }
            | Request::CheckGuarantee { .. }
    )
}

/// Appends a response as a frame; one that is too large becomes an error.
pub(crate) fn push_response(
    out: &mut Vec<u8>,
    response: &Response,
    request_id: Option<&str>,
    limit: usize,
) {
    let start = out.len();
    let write = |out: &mut Vec<u8>, response: &Response| {
        frame::write(out, |out| {
            encode_response(response, request_id, out).map_err(|_| frame::FrameTooLarge {
                announced: 0,
                limit,
            })
        })
    };
    let written = write(out, response);
    if written.is_ok() && out.len() - start <= limit.saturating_add(frame::HEADER_BYTES) {
        return;
    }
    out.truncate(start);
    let error = Response::from(WireError::new(
        ErrorCode::ResultTooLarge,
        format!(
            "The answer exceeds {limit} bytes; narrow the query, or read page by page with scanNodes and scanEdges"
        ),
    ));
    // An error is a few hundred bytes and always fits.
    let _ = write(out, &error);
}

impl Connection {
    pub(crate) fn new(shared: Arc<Shared>, stream: UnixStream) -> Self {
        let (reader, writer) = stream.into_split();
        Self {
            session: Arc::new(shared.dispatcher.session()),
            decoder: Decoder::new(shared.limits.request_bytes),
            stopped: shared.stop.subscribe(),
            shared,
            reader,
            writer,
            out: Vec::new(),
        }
    }

    /// Serves until the client leaves or the server ends.
    pub(crate) async fn serve(mut self) {
        let number = self.session.number();
        tracing::info!("Client {number} connected");
        let end = loop {
            if let Err(end) = self.answer_arrived().await {
                break end;
            }
            if let Err(end) = self.read_some().await {
                break end;
            }
        };
        match end {
            End::Closed => tracing::info!("Client {number} disconnected"),
            End::Stopped => {
                // What was answered still goes out.
                let _ = self.write_out().await;
            }
            End::Broken(error) => tracing::info!("Client {number} disconnected: {error}"),
            End::Refused(error) => {
                tracing::warn!("Client {number} refused: {error}");
                let limit = self.shared.limits.response_bytes;
                push_response(&mut self.out, &error.into(), None, limit);
                let _ = self.write_out().await;
                let _ = self.writer.shutdown().await;
            }
        }
    }

    /// Reads what has arrived, at least one byte.
    async fn read_some(&mut self) -> Result<(), End> {
        let inside = self.decoder.is_inside_frame();
        let pause = self.shared.limits.frame_pause;
        let buffer = self.decoder.buffer();
        buffer.reserve(READ_BYTES);
        let read = async {
            if inside {
                match timeout(pause, self.reader.read_buf(buffer)).await {
                    Ok(read) => read.map_err(End::from),
                    Err(_) => Err(End::Refused(WireError::new(
                        ErrorCode::FrameTimeout,
                        format!("A request rested half-sent for {} ms", pause.as_millis()),
                    ))),
                }
            } else {
                self.reader.read_buf(buffer).await.map_err(End::from)
            }
        };
        let count = tokio::select! {
            biased;
            count = read => count?,
            _ = self.stopped.wait_for(|stop| *stop) => return Err(End::Stopped),
        };
        if count > 0 {
            return Ok(());
        }
        Err(if inside {
            End::Broken(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the connection ended inside a request",
            ))
        } else {
            End::Closed
        })
    }

    /// Answers all requests that have arrived completely.
    async fn answer_arrived(&mut self) -> Result<(), End> {
        loop {
            if *self.stopped.borrow() {
                return Err(End::Stopped);
            }
            let incoming = match self.decoder.next_frame() {
                Ok(Some(bytes)) => decode_request(bytes),
                Ok(None) => return self.write_out().await,
                Err(error) => {
                    return Err(End::Refused(WireError::new(
                        ErrorCode::FrameTooLarge,
                        error.to_string(),
                    )));
                }
            };
            let request_id = incoming.request_id.as_deref();
            match incoming.request {
                Err(error) => self.push(&error.into(), request_id),
                Ok(request) => self.answer(request, request_id).await?,
            }
            if self.out.len() >= WRITE_BYTES {
                self.write_out().await?;
            }
        }
    }

    fn push(&mut self, response: &Response, request_id: Option<&str>) {
        let limit = self.shared.limits.response_bytes;
        push_response(&mut self.out, response, request_id, limit);
    }

    async fn answer(&mut self, request: Request, request_id: Option<&str>) -> Result<(), End> {
        if is_quick(&request) {
            let response = self.session.handle(request);
            self.push(&response, request_id);
            return Ok(());
        }
        if let Request::QueryNodes { query } = &request
            && let Some(stream) = tokio::task::block_in_place(|| self.session.stream(query))
        {
            return self.stream(stream, request_id).await;
        }
        if is_datalog(&request) {
            return self.answer_cancellable(request, request_id).await;
        }
        if let Request::CancelQuery { .. } = request {
            // Its query was answered before, since answers keep the order of the requests: nothing is left to cancel.
            self.push(&Response::OK, request_id);
            return Ok(());
        }
        let ends_server = matches!(request, Request::Shutdown);
        let response = tokio::task::block_in_place(|| self.session.handle(request));
        self.push(&response, request_id);
        if ends_server && matches!(response, Response::Ok { .. }) {
            self.write_out().await?;
            self.shared.stop.send_replace(true);
            return Err(End::Stopped);
        }
        Ok(())
    }

    /// Sends nodes in frames of a few hundred, so that neither side holds all of them.
    async fn stream(
        &mut self,
        found: Result<(Snapshot, Vec<NodeId>), WireError>,
        request_id: Option<&str>,
    ) -> Result<(), End> {
        let (snapshot, ids) = match found {
            Ok(found) => found,
            Err(error) => {
                self.push(&error.into(), request_id);
                return Ok(());
            }
        };
        let chunks = ids.len().div_ceil(STREAM_CHUNK);
        let streamed = ids.len() > STREAM_ABOVE;
        for (index, ids) in ids.chunks(STREAM_CHUNK).enumerate() {
            let nodes = tokio::task::block_in_place(|| nodes_of(&snapshot, ids));
            let response = match nodes {
                Ok(nodes) if streamed => Response::NodeChunk {
                    nodes,
                    done: index + 1 == chunks,
                    chunk_index: u32::try_from(index).unwrap_or(u32::MAX),
                },
                Ok(nodes) => Response::Nodes { nodes },
                Err(error) => {
                    self.push(&error.into(), request_id);
                    return Ok(());
                }
            };
            self.push(&response, request_id);
            if self.out.len() >= WRITE_BYTES {
                self.write_out().await?;
            }
        }
        if chunks == 0 {
            let nodes = NodeTable::default();
            self.push(&Response::Nodes { nodes }, request_id);
        }
        Ok(())
    }

    /// Answers a query on another thread and meanwhile reads on, to find out whether the client cancels it.
    async fn answer_cancellable(
        &mut self,
        request: Request,
        request_id: Option<&str>,
    ) -> Result<(), End> {
        self.session.reset_cancel();
        let session = Arc::clone(&self.session);
        let mut running = tokio::task::spawn_blocking(move || session.handle(request));
        let mut may_read = true;
        let response = loop {
            if self.is_cancelled(request_id) {
                self.session.cancel();
            }
            may_read &= self.decoder.waiting() < READ_AHEAD;
            let buffer = self.decoder.buffer();
            buffer.reserve(4096);
            tokio::select! {
                response = &mut running => break response,
                read = self.reader.read_buf(buffer), if may_read => {
                    // The end of the stream is no cancellation: a client may close its side and wait for the answer.
                    may_read = matches!(read, Ok(count) if count > 0);
                }
                _ = self.stopped.wait_for(|stop| *stop) => self.session.cancel(),
            }
            if *self.stopped.borrow() {
                break running.await;
            }
        };
        let response = response.unwrap_or_else(|error| {
            WireError::new(
                ErrorCode::InternalError,
                format!("the query failed: {error}"),
            )
            .into()
        });
        self.push(&response, request_id);
        Ok(())
    }

    /// Whether a request that waits behind the running one cancels it.
    fn is_cancelled(&self, running: Option<&str>) -> bool {
        let Some(running) = running else {
            return false;
        };
        self.decoder.peek_frames().any(|bytes| {
            // A cancellation is small; large frames are not worth decoding twice.
            let incoming = (bytes.len() < 1024).then(|| decode_request(bytes));
            incoming.is_some_and(|incoming| match incoming.request {
                Ok(Request::CancelQuery { target }) => {
                    target.or(incoming.request_id).as_deref() == Some(running)
                }
                _ => false,
            })
        })
    }

    async fn write_out(&mut self) -> Result<(), End> {
        if self.out.is_empty() {
            return Ok(());
        }
        timeout(
            self.shared.limits.write_time,
            self.writer.write_all(&self.out),
        )
        .await
        .map_err(timed_out)??;
        self.out.clear();
        self.out.shrink_to(2 * WRITE_BYTES);
        Ok(())
    }
}

fn nodes_of(snapshot: &Snapshot, ids: &[NodeId]) -> Result<NodeTable, WireError> {
    let mut table = NodeTable::default();
    for node in snapshot.nodes(ids).to_wire()?.iter().flatten() {
        push_node(&mut table, node);
    }
    Ok(table)
}
