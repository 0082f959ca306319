//! The asynchronous client, over a Unix socket.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rfdb_protocol::frame::Decoder;
use rfdb_protocol::{Request, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::socket::SocketOptions;
use crate::transport::checked;
use crate::wire::{InFlight, check_path, pack, push_request, reads_packed_rows};
use crate::{Error, Result};

/// Requests that may wait to be written.
const QUEUE: usize = 1024;

type Reply = oneshot::Sender<Result<Response>>;

#[derive(Default)]
struct Shared {
    in_flight: InFlight,
    replies: HashMap<u64, Reply>,
    broken: Option<String>,
}

struct Tasks {
    writer: JoinHandle<()>,
    reader: JoinHandle<()>,
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.writer.abort();
        self.reader.abort();
    }
}

/// A client whose calls are futures. Cheap to clone; many calls may be under way at once and share the connection.
///
/// ```no_run
/// # async fn example() -> rfdb_client::Result<()> {
/// use rfdb_client::AsyncClient;
///
/// let client = AsyncClient::connect(".grafema/rfdb.sock", Default::default()).await?;
/// let (nodes, edges) = tokio::join!(client.node_count(), client.edge_count());
/// println!("{} nodes, {} edges", nodes?, edges?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct AsyncClient {
    queue: mpsc::Sender<(Request, Reply)>,
    options: Arc<SocketOptions>,
    /// The server reads packed rows.
    packed_rows: bool,
    _tasks: Arc<Tasks>,
}

impl std::fmt::Debug for AsyncClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AsyncClient").finish_non_exhaustive()
    }
}

fn closed(reason: impl Into<String>) -> Error {
    Error::Closed {
        reason: reason.into(),
    }
}

impl AsyncClient {
    /// Connects to a server's Unix socket and says hello. To be called inside of a tokio runtime.
    ///
    /// # Errors
    /// [`Error::Connect`] if nobody answers there.
    pub async fn connect(path: impl AsRef<Path>, options: SocketOptions) -> Result<Self> {
        let path = path.as_ref();
        check_path(path)?;
        let stream = UnixStream::connect(path)
            .await
            .map_err(|source| Error::Connect {
                path: path.to_path_buf(),
                source,
            })?;
        let (read, write) = stream.into_split();
        let shared = Arc::new(Mutex::new(Shared::default()));
        let (queue, requests) = mpsc::channel(QUEUE);
        let mut client = Self {
            _tasks: Arc::new(Tasks {
                writer: tokio::spawn(write_all(
                    write,
                    requests,
                    Arc::clone(&shared),
                    options.request_bytes,
                )),
                reader: tokio::spawn(read_all(read, Decoder::new(options.response_bytes), shared)),
            }),
            queue,
            options: Arc::new(options),
            packed_rows: false,
        };
        client.packed_rows = reads_packed_rows(&client.call(client.options.hello()).await?);
        Ok(client)
    }

    /// Sends any request. Requests of several calls that are polled at once go out without waiting for each other.
    ///
    /// # Errors
    /// See [`Error`]; an error answer is [`Error::Server`].
    pub async fn call(&self, mut request: Request) -> Result<Response> {
        pack(&mut request, self.packed_rows);
        let command = request.command();
        let answer = async {
            let (reply, answer) = oneshot::channel();
            self.queue
                .send((request, reply))
                .await
                .map_err(|_| closed("its task has ended"))?;
            answer
                .await
                .unwrap_or_else(|_| Err(closed("its task has ended")))
        };
        tokio::time::timeout(self.options.timeout, answer)
            .await
            .map_err(|_| Error::Timeout {
                command,
                after: self.options.timeout,
            })?
            .and_then(checked)
    }
}

fn break_off(shared: &Mutex<Shared>, reason: &str) {
    let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
    let reason = shared
        .broken
        .get_or_insert_with(|| reason.to_owned())
        .clone();
    for (_, reply) in shared.replies.drain() {
        let _ = reply.send(Err(closed(reason.as_str())));
    }
}

/// Writes requests, as many as wait in one go.
async fn write_all(
    mut stream: OwnedWriteHalf,
    mut requests: mpsc::Receiver<(Request, Reply)>,
    shared: Arc<Mutex<Shared>>,
    limit: usize,
) {
    const AT_ONCE: usize = 256;
    let mut buffer = Vec::new();
    let mut waiting = Vec::new();
    let mut number = 0_u64;
    while requests.recv_many(&mut waiting, AT_ONCE).await > 0 {
        buffer.clear();
        {
            let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
            for (request, reply) in waiting.drain(..) {
                if let Some(reason) = &shared.broken {
                    let _ = reply.send(Err(closed(reason.as_str())));
                    continue;
                }
                match push_request(&mut buffer, &request, number, limit) {
                    Ok(sent) => {
                        shared.in_flight.sent(sent);
                        shared.replies.insert(number, reply);
                        number += 1;
                    }
                    Err(error) => {
                        let _ = reply.send(Err(error));
                    }
                }
            }
        }
        if let Err(error) = stream.write_all(&buffer).await {
            // The reader may find a better reason in what the server said last.
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            break_off(&shared, &error.to_string());
        }
    }
}

/// Reads answers and hands them out.
async fn read_all(mut stream: OwnedReadHalf, mut decoder: Decoder, shared: Arc<Mutex<Shared>>) {
    loop {
        let buffer = decoder.buffer();
        buffer.reserve(64 << 10);
        match stream.read_buf(buffer).await {
            Ok(0) => return break_off(&shared, "the server closed it"),
            Ok(_) => {}
            Err(error) => return break_off(&shared, &error.to_string()),
        }
        let taken = take_frames(&mut decoder, &shared);
        if let Err(reason) = taken {
            return break_off(&shared, &reason);
        }
    }
}

fn take_frames(decoder: &mut Decoder, shared: &Mutex<Shared>) -> Result<(), String> {
    let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
    while let Some(bytes) = decoder.next_frame().map_err(|error| error.to_string())? {
        let arrived = shared
            .in_flight
            .arrived(bytes)
            .map_err(|error| error.to_string())?;
        if let Some((number, response)) = arrived
            && let Some(reply) = shared.replies.remove(&number)
        {
            // A caller that no longer waits is no failure.
            let _ = reply.send(Ok(response));
        }
    }
    Ok(())
}
