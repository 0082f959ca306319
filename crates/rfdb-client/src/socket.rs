//! The blocking way over a Unix socket.
//!
//! There is no thread behind it: whoever waits for an answer reads for all who wait. So a single caller pays no handing
//! over between threads, and many callers share the connection without waiting for each other's round trips.

use std::collections::{HashMap, VecDeque};
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use rfdb_protocol::frame::{self, Decoder};
use rfdb_protocol::{Request, Response};

use crate::transport::{Transport, checked};
use crate::wire::{InFlight, check_path, pack, push_request, reads_packed_rows};
use crate::{Error, Result};

/// How a client connects.
#[derive(Debug, Clone)]
pub struct SocketOptions {
    /// How long an answer may take.
    pub timeout: Duration,
    /// Bytes of a request at most; what the server accepts.
    pub request_bytes: usize,
    /// Bytes of an answer at most.
    pub response_bytes: usize,
    /// How the client calls itself to the server.
    pub client_id: String,
}

impl Default for SocketOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(60),
            request_bytes: frame::MAX_REQUEST_BYTES,
            response_bytes: u32::MAX as usize,
            client_id: "rfdb-client".into(),
        }
    }
}

impl SocketOptions {
    /// The first request of a connection.
    pub(crate) fn hello(&self) -> Request {
        Request::Hello {
            protocol_version: Some(3),
            client_id: Some(self.client_id.clone()),
            decimal_edges: true,
            packed_rows: true,
        }
    }
}

/// Requests in one write of a pipeline: less than what the kernel buffers, so that writing never waits for a server
/// that waits for its answers to be read.
const WINDOW_BYTES: usize = 48 << 10;

/// Commits that may be on their way at the same time. Their answers fit into what the kernel buffers many times over, so
/// writing goes on although nobody reads them yet.
const OPEN_COMMITS: usize = 16;

/// Whether a request is large and its answer is not.
fn has_short_answer(request: &Request) -> bool {
    matches!(request, Request::Commit(commit) if !commit.want_delta)
}

#[derive(Debug)]
struct Writer {
    stream: UnixStream,
    next: u64,
    buffer: Vec<u8>,
}

#[derive(Debug)]
struct Reader {
    stream: UnixStream,
    decoder: Decoder,
}

#[derive(Debug, Default)]
struct State {
    in_flight: InFlight,
    answers: HashMap<u64, Response>,
    /// Requests whose caller no longer waits.
    abandoned: Vec<u64>,
    /// Why the connection is of no use any more.
    broken: Option<String>,
}

/// A connection to a server. Several threads may use it at the same time.
#[derive(Debug)]
pub(crate) struct Socket {
    writer: Mutex<Writer>,
    reader: Mutex<Reader>,
    state: Mutex<State>,
    changed: Condvar,
    /// The server reads packed rows.
    packed_rows: bool,
    options: SocketOptions,
    path: PathBuf,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic in between leaves a connection that fails by itself at the next use.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Socket {
    pub(crate) fn connect(path: &Path, options: SocketOptions) -> Result<Self> {
        let fail = |source| Error::Connect {
            path: path.to_path_buf(),
            source,
        };
        check_path(path)?;
        let stream = UnixStream::connect(path).map_err(fail)?;
        stream
            .set_write_timeout(Some(options.timeout))
            .map_err(fail)?;
        let mut socket = Self {
            writer: Mutex::new(Writer {
                stream: stream.try_clone().map_err(fail)?,
                next: 0,
                buffer: Vec::new(),
            }),
            reader: Mutex::new(Reader {
                stream,
                decoder: Decoder::new(options.response_bytes),
            }),
            state: Mutex::default(),
            changed: Condvar::new(),
            packed_rows: false,
            path: path.to_path_buf(),
            options,
        };
        socket.packed_rows = reads_packed_rows(&checked(socket.call(socket.options.hello())?)?);
        Ok(socket)
    }

    fn closed(&self, reason: &str) -> Error {
        Error::Closed {
            reason: format!("{} ({})", reason, self.path.display()),
        }
    }

    /// Marks the connection as of no use and wakes everybody up.
    fn break_off(&self, reason: &str) -> Error {
        let mut state = lock(&self.state);
        let reason = state
            .broken
            .get_or_insert_with(|| reason.to_owned())
            .clone();
        state.in_flight.drain().for_each(drop);
        drop(state);
        self.changed.notify_all();
        self.closed(&reason)
    }

    /// Writes requests in one go and gives their numbers.
    fn send(&self, requests: &[Request]) -> Result<Vec<u64>> {
        let mut writer = lock(&self.writer);
        let writer = &mut *writer;
        writer.buffer.clear();
        let mut sent = Vec::with_capacity(requests.len());
        for request in requests {
            sent.push(push_request(
                &mut writer.buffer,
                request,
                writer.next,
                self.options.request_bytes,
            )?);
            writer.next += 1;
        }
        let numbers = sent.iter().map(|sent| sent.number).collect();
        {
            // Announced before they are written, under the writer's lock, so that the order is that of the answers.
            let mut state = lock(&self.state);
            if let Some(reason) = &state.broken {
                return Err(self.closed(reason));
            }
            sent.into_iter().for_each(|sent| state.in_flight.sent(sent));
        }
        let written = writer.stream.write_all(&writer.buffer);
        writer.buffer.shrink_to(4 * WINDOW_BYTES);
        match written {
            Ok(()) => Ok(numbers),
            Err(error) => {
                // The server may have said why before it closed.
                let reason = self.last_words().unwrap_or_else(|| error.to_string());
                Err(self.break_off(&reason))
            }
        }
    }

    /// After a failed write: an error that the server sent before it closed the connection.
    fn last_words(&self) -> Option<String> {
        let mut reader = lock(&self.reader);
        let reader = &mut *reader;
        reader
            .stream
            .set_read_timeout(Some(Duration::from_millis(200)))
            .ok()?;
        loop {
            while let Ok(Some(bytes)) = reader.decoder.next_frame() {
                let bytes = bytes.to_vec();
                if let Ok(answer) =
                    rfdb_protocol::decode_response(&bytes, rfdb_protocol::ResponseKind::Ok)
                    && let Response::Error { error, .. } = answer.response
                    && answer.request_id.is_none()
                {
                    return Some(error);
                }
            }
            if read_some(&mut reader.stream, &mut reader.decoder).ok()? == 0 {
                return None;
            }
        }
    }

    /// Waits for the answer to a request, reading for others too if nobody else does.
    fn wait(&self, number: u64, command: &'static str) -> Result<Response> {
        let deadline = Instant::now() + self.options.timeout;
        loop {
            let mut state = lock(&self.state);
            if let Some(response) = state.answers.remove(&number) {
                return Ok(response);
            }
            if let Some(reason) = &state.broken {
                return Err(self.closed(reason));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                state.abandoned.push(number);
                return Err(Error::Timeout {
                    command,
                    after: self.options.timeout,
                });
            }
            match self.reader.try_lock() {
                Ok(mut reader) => {
                    drop(state);
                    let result = self.read_for_all(&mut reader, left);
                    drop(reader);
                    // Whoever waits looks for its answer, and one of them reads on. Passing through the state's lock makes
                    // sure that everybody who saw the reader taken is asleep by now and is woken up.
                    drop(lock(&self.state));
                    self.changed.notify_all();
                    result?;
                }
                Err(TryLockError::Poisoned(_)) => {
                    drop(state);
                    return Err(self.break_off("a thread panicked while reading"));
                }
                Err(TryLockError::WouldBlock) => {
                    drop(
                        self.changed
                            .wait_timeout(state, left)
                            .unwrap_or_else(PoisonError::into_inner),
                    );
                }
            }
        }
    }

    /// Reads once and hands out all answers that are complete.
    fn read_for_all(&self, reader: &mut Reader, left: Duration) -> Result<()> {
        if let Err(error) = reader.stream.set_read_timeout(Some(left)) {
            return Err(self.break_off(&error.to_string()));
        }
        match read_some(&mut reader.stream, &mut reader.decoder) {
            Ok(0) => return Err(self.break_off("the server closed it")),
            Ok(_) => {}
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock
                        | io::ErrorKind::TimedOut
                        | io::ErrorKind::Interrupted
                ) =>
            {
                return Ok(());
            }
            Err(error) => return Err(self.break_off(&error.to_string())),
        }
        let mut state = lock(&self.state);
        loop {
            match reader.decoder.next_frame() {
                Ok(None) => return Ok(()),
                Err(error) => {
                    drop(state);
                    return Err(self.break_off(&error.to_string()));
                }
                Ok(Some(bytes)) => match state.in_flight.arrived(bytes) {
                    Ok(None) => {}
                    Ok(Some((number, response))) => {
                        let abandoned = state.abandoned.iter().position(|&other| other == number);
                        match abandoned {
                            Some(position) => {
                                state.abandoned.swap_remove(position);
                            }
                            None => {
                                state.answers.insert(number, response);
                            }
                        }
                    }
                    Err(error) => {
                        drop(state);
                        return Err(self.break_off(&error.to_string()));
                    }
                },
            }
        }
    }
}

fn read_some(stream: &mut UnixStream, decoder: &mut Decoder) -> io::Result<usize> {
    const CHUNK: usize = 64 << 10;
    let buffer = decoder.buffer();
    let filled = buffer.len();
    buffer.resize(filled + CHUNK, 0);
    let read = stream.read(&mut buffer[filled..]);
    buffer.truncate(filled + *read.as_ref().unwrap_or(&0));
    read
}

impl Transport for Socket {
    fn call(&self, mut request: Request) -> Result<Response> {
        pack(&mut request, self.packed_rows);
        let numbers = self.send(std::slice::from_ref(&request))?;
        let command = request.command();
        match numbers.first() {
            Some(&number) => self.wait(number, command),
            None => Err(self.closed("nothing was sent")),
        }
    }

    fn call_many(&self, mut requests: Vec<Request>) -> Result<Vec<Response>> {
        for request in &mut requests {
            pack(request, self.packed_rows);
        }
        let mut responses = Vec::with_capacity(requests.len());
        let mut rest = requests.as_slice();
        // Requests with short answers that were sent and not answered yet.
        let mut open: VecDeque<(u64, &'static str)> = VecDeque::new();
        while let Some(first) = rest.first() {
            if has_short_answer(first) {
                // The next one is encoded while the server works on this one.
                let numbers = self.send(std::slice::from_ref(first))?;
                open.extend(numbers.into_iter().map(|number| (number, first.command())));
                if open.len() > OPEN_COMMITS
                    && let Some((number, command)) = open.pop_front()
                {
                    responses.push(self.wait(number, command)?);
                }
                rest = &rest[1..];
                continue;
            }
            for (number, command) in open.drain(..) {
                responses.push(self.wait(number, command)?);
            }
            // A window holds small requests only; a large one goes alone.
            let mut bytes = 0;
            let count = rest
                .iter()
                .take_while(|request| {
                    bytes += estimated_bytes(request);
                    bytes <= WINDOW_BYTES
                })
                .count()
                .max(1);
            let (window, behind) = rest.split_at(count);
            for (number, request) in self.send(window)?.into_iter().zip(window) {
                responses.push(self.wait(number, request.command())?);
            }
            rest = behind;
        }
        for (number, command) in open {
            responses.push(self.wait(number, command)?);
        }
        Ok(responses)
    }

    fn request_limit(&self) -> Option<usize> {
        Some(self.options.request_bytes)
    }
}

/// At least about what the request takes on the wire.
fn estimated_bytes(request: &Request) -> usize {
    const SMALL: usize = 128;
    match request {
        Request::GetNode { .. }
        | Request::NodeExists { .. }
        | Request::IsEndpoint { .. }
        | Request::GetNodeIdentifier { .. }
        | Request::Ping
        | Request::NodeCount
        | Request::EdgeCount => SMALL,
        Request::GetOutgoingEdges { edge_types, .. }
        | Request::GetIncomingEdges { edge_types, .. } => {
            SMALL
                + edge_types
                    .iter()
                    .flatten()
                    .map(|name| name.len() + 5)
                    .sum::<usize>()
        }
        Request::FindByType { node_type } => SMALL + node_type.len(),
        // Anything else may be large and goes alone.
        _ => WINDOW_BYTES,
    }
}
