//! Accepting connections, and ending well.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rfdb_protocol::{ErrorCode, Response, WireError, encode_response, frame};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::sync::watch;

use crate::net::connection::Connection;
use crate::net::socket::{self, BoundSocket};
use crate::net::websocket;
use crate::{Dispatcher, Error};

/// What a connection may cost.
#[derive(Debug, Clone)]
pub struct NetLimits {
    /// Bytes of a request.
    pub request_bytes: usize,
    /// Bytes of an answer.
    pub response_bytes: usize,
    /// Connections at the same time, WebSocket included.
    pub connections: usize,
    /// How long a frame may rest half-sent.
    pub frame_pause: Duration,
    /// How long a client may leave an answer unread.
    pub write_time: Duration,
}

impl Default for NetLimits {
    fn default() -> Self {
        Self {
            request_bytes: frame::MAX_REQUEST_BYTES,
            response_bytes: 1 << 30,
            connections: 1024,
            frame_pause: Duration::from_secs(30),
            write_time: Duration::from_secs(60),
        }
    }
}

/// Where a server listens.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// The Unix socket.
    pub socket: PathBuf,
    /// A WebSocket on this port of the loopback address.
    pub ws_port: Option<u16>,
    /// What a connection may cost.
    pub limits: NetLimits,
}

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) dispatcher: Arc<Dispatcher>,
    pub(crate) limits: NetLimits,
    /// Turns true when the server is to end.
    pub(crate) stop: watch::Sender<bool>,
    connections: AtomicUsize,
}

/// One of the places that the limit of connections counts.
pub(crate) struct Place(Arc<Shared>);

impl Shared {
    fn place(self: &Arc<Self>) -> Option<Place> {
        let before = self.connections.fetch_add(1, Ordering::AcqRel);
        let place = Place(Arc::clone(self));
        (before < self.limits.connections).then_some(place)
    }

    /// The error for a client that finds no place.
    pub(crate) fn full(&self) -> Response {
        Response::from(WireError::new(
            ErrorCode::TooManyConnections,
            format!(
                "The server has {} connections, which is its limit; close one, or raise --max-connections",
                self.limits.connections
            ),
        ))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A server that listens. Clients can connect from the moment that [`Server::bind`] has returned.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    unix: UnixListener,
    ws: Option<TcpListener>,
    bound: BoundSocket,
}

/// How long the server waits for requests that are being answered when it ends.
const GRACE: Duration = Duration::from_secs(5);

impl Server {
    /// Binds the sockets. The dispatcher's database is open by then, so that the socket's file says that the server is
    /// ready. To be called inside of a tokio runtime.
    ///
    /// # Errors
    /// [`Error::SocketInUse`] if a live server has the socket; [`Error::Io`].
    pub async fn bind(dispatcher: Arc<Dispatcher>, options: ServerOptions) -> Result<Self, Error> {
        let fail = |action| {
            let path = options.socket.clone();
            move |source| Error::Io {
                action,
                path,
                source,
            }
        };
        let ws =
            match options.ws_port {
                None => None,
                Some(port) => Some(TcpListener::bind(("127.0.0.1", port)).await.map_err(
                    |source| Error::Io {
                        action: "listen on",
                        path: PathBuf::from(format!("127.0.0.1:{port}")),
                        source,
                    },
                )?),
            };
        let (unix, bound) = socket::bind(&options.socket)?;
        unix.set_nonblocking(true).map_err(fail("set up socket"))?;
        let unix = UnixListener::from_std(unix).map_err(fail("set up socket"))?;
        Ok(Self {
            shared: Arc::new(Shared {
                dispatcher,
                limits: options.limits,
                stop: watch::Sender::new(false),
                connections: AtomicUsize::new(0),
            }),
            unix,
            ws,
            bound,
        })
    }

    /// Makes a running server end, from another task or thread.
    #[must_use]
    pub fn stopper(&self) -> impl Fn() + Send + Sync + 'static + use<> {
        let shared = Arc::clone(&self.shared);
        move || {
            shared.stop.send_replace(true);
        }
    }

    /// Serves until a client says `shutdown` or the stopper is called; then flushes all databases and removes the
    /// socket.
    ///
    /// # Errors
    /// What the flush says.
    pub async fn run(self) -> Result<(), WireError> {
        let Self {
            shared,
            unix,
            ws,
            bound,
        } = self;
        let mut stopped = shared.stop.subscribe();
        loop {
            tokio::select! {
                _ = stopped.wait_for(|stop| *stop) => break,
                accepted = unix.accept() => match accepted {
                    Ok((stream, _)) => accept_unix(&shared, stream),
                    Err(error) => accept_failed(&error).await,
                },
                accepted = accept_ws(ws.as_ref()) => match accepted {
                    Ok((stream, _)) => {
                        let place = shared.place();
                        tokio::spawn(websocket::serve(Arc::clone(&shared), stream, place));
                    }
                    Err(error) => accept_failed(&error).await,
                },
            }
        }
        drop(unix);
        drop(ws);
        // Requests that are being answered come to their end; waiting ones do not begin.
        let _ = tokio::time::timeout(GRACE, async {
            while shared.connections.load(Ordering::Acquire) > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
        let flushed = tokio::task::block_in_place(|| shared.dispatcher.flush());
        drop(bound);
        flushed
    }
}

async fn accept_ws(
    listener: Option<&TcpListener>,
) -> std::io::Result<(tokio::net::TcpStream, std::net::SocketAddr)> {
    match listener {
        Some(listener) => listener.accept().await,
        None => std::future::pending().await,
    }
}

/// Too few file descriptors, for instance: another attempt at once would fail as well.
async fn accept_failed(error: &std::io::Error) {
    tracing::warn!("cannot accept a connection: {error}");
    tokio::time::sleep(Duration::from_millis(50)).await;
}

fn accept_unix(shared: &Arc<Shared>, mut stream: UnixStream) {
    let place = shared.place();
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        let Some(place) = place else {
            let mut out = Vec::new();
            let encoded = frame::write(&mut out, |out| {
                encode_response(&shared.full(), None, out).map_err(|_| frame::FrameTooLarge {
                    announced: 0,
                    limit: 0,
                })
            });
            if encoded.is_ok() {
                let _ = tokio::time::timeout(Duration::from_secs(1), stream.write_all(&out)).await;
            }
            return;
        };
        let connection = Connection::new(shared, stream);
        connection.serve().await;
        drop(place);
    });
}
