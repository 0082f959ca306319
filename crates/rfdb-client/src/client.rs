//! The blocking client.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rfdb_protocol::{
    Batch, Commit, Delta, EdgeTable, Handler, NodeTable, Part, Request, Response, Rows,
};

use crate::transport::{InProcess, Transport, checked};
use crate::{Page, Result};

/// Bytes of a batch's rows that go into one request at most. On the wire a row takes up to about three times what it
/// takes in the batch, so that this stays far below a frame's limit.
const PART_BYTES: usize = 16 << 20;

/// When a commit's rows are indexed. What a read answers does not depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IndexMode {
    /// By the commit.
    #[default]
    Immediate,
    /// By `rebuild_indexes`, or by the first read that needs it. For bulk loads.
    Deferred,
}

/// A client whose calls wait for their answers. Cheap to clone, and to be used from many threads at once: it holds no
/// batch and no other state of a caller.
#[derive(Clone)]
pub struct Client {
    transport: Arc<dyn Transport>,
    batches: Arc<AtomicU64>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

impl Client {
    /// A client over any transport.
    #[must_use]
    pub fn new(transport: Arc<dyn Transport>) -> Self {
        Self {
            transport,
            batches: Arc::default(),
        }
    }

    /// A client of a server in the same process. Requests are moved, never serialised.
    #[must_use]
    pub fn in_process(session: impl Handler + 'static) -> Self {
        Self::new(Arc::new(InProcess(Arc::new(session))))
    }

    /// Connects to a server's Unix socket and says hello.
    ///
    /// # Errors
    /// [`Error::Connect`](crate::Error::Connect) if nobody answers there.
    #[cfg(unix)]
    pub fn connect(
        path: impl AsRef<std::path::Path>,
        options: crate::SocketOptions,
    ) -> Result<Self> {
        let socket = crate::socket::Socket::connect(path.as_ref(), options)?;
        Ok(Self::new(Arc::new(socket)))
    }

    /// Sends any request and waits for its answer.
    ///
    /// # Errors
    /// See [`Error`](crate::Error); an error answer is [`Error::Server`](crate::Error::Server).
    pub fn call(&self, request: Request) -> Result<Response> {
        self.transport.call(request).and_then(checked)
    }

    /// Sends many requests without waiting in between and gives the answers in the order of the requests. An error
    /// answer is among them as it is.
    ///
    /// # Errors
    /// Failures on the way; see [`Error`](crate::Error).
    pub fn call_many(&self, requests: Vec<Request>) -> Result<Vec<Response>> {
        self.transport.call_many(requests)
    }

    /// Replaces what the batch's owners wrote before by the rows of the batch, all or nothing. Does not compute what
    /// changed; [`commit_with_delta`](Self::commit_with_delta) does.
    ///
    /// # Errors
    /// See [`Error`](crate::Error). The graph is then as it was, except after a timeout or a lost connection, where the
    /// commit may have been done.
    pub fn commit(&self, batch: Batch, mode: IndexMode) -> Result<()> {
        self.commit_in_parts(batch, mode, false).map(drop)
    }

    /// As [`commit`](Self::commit), for rows that are in no batch: in process they are stored as they are handed on, the parts
    /// at the same time. All parts are one commit; each owner is in one of them.
    ///
    /// # Errors
    /// As [`commit`](Self::commit).
    pub fn commit_rows(&self, parts: &[&dyn Rows], mode: IndexMode) -> Result<()> {
        match (self.transport).commit_rows(parts, mode == IndexMode::Deferred) {
            Some(response) => checked(response?).map(drop),
            None => self.commit(rfdb_protocol::to_batch(parts), mode),
        }
    }

    /// As [`commit`](Self::commit), and tells exactly what changed in the graph.
    ///
    /// # Errors
    /// As [`commit`](Self::commit).
    pub fn commit_with_delta(&self, batch: Batch, mode: IndexMode) -> Result<Delta> {
        self.commit_in_parts(batch, mode, true)
    }

    /// Commits many batches in their order, each all or nothing, without waiting for one before the next is sent. Does not
    /// compute what changed.
    ///
    /// # Errors
    /// The first failure; batches after it may have been committed.
    pub fn commit_many(&self, batches: Vec<Batch>, mode: IndexMode) -> Result<()> {
        let limited = self.transport.request_limit().is_some();
        let mut waiting: Vec<Request> = Vec::new();
        let send = |waiting: &mut Vec<Request>| -> Result<()> {
            for response in self.transport.call_many(std::mem::take(waiting))? {
                checked(response)?;
            }
            Ok(())
        };
        for batch in batches {
            if limited && batch.bytes() > PART_BYTES {
                send(&mut waiting)?;
                self.commit(batch, mode)?;
                continue;
            }
            waiting.push(Request::Commit(Box::new(Commit {
                batch,
                defer_index: mode == IndexMode::Deferred,
                want_delta: false,
                packed: false,
                part: None,
            })));
        }
        send(&mut waiting)
    }

    fn commit_in_parts(&self, batch: Batch, mode: IndexMode, want_delta: bool) -> Result<Delta> {
        let commit = Commit {
            batch,
            defer_index: mode == IndexMode::Deferred,
            want_delta,
            packed: false,
            part: None,
        };
        let small = self.transport.request_limit().is_none() || commit.batch.bytes() <= PART_BYTES;
        if small {
            return self.commit_whole(commit);
        }
        let name = self.batches.fetch_add(1, Ordering::Relaxed).to_string();
        let pieces = commit.batch.split(PART_BYTES);
        let count = pieces.len();
        let mut delta = Delta::default();
        for (index, piece) in pieces.into_iter().enumerate() {
            delta = self.commit_whole(Commit {
                batch: piece,
                part: Some(Part {
                    batch: name.clone(),
                    last: index + 1 == count,
                }),
                ..commit
            })?;
        }
        Ok(delta)
    }

    /// Walks all nodes by ascending id, page by page, of one snapshot.
    ///
    /// # Errors
    /// See [`Error`](crate::Error), and what `each` answers.
    pub fn for_each_node_page<E: From<crate::Error>>(
        &self,
        rows: u32,
        mut each: impl FnMut(&NodeTable) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut cursor = None;
        loop {
            let page: Page<_> = self.scan_nodes(cursor, rows)?;
            each(&page.rows)?;
            cursor = page.cursor;
            if cursor.is_none() {
                return Ok(());
            }
        }
    }

    /// Walks all edges by ascending source, type and target, page by page, of one snapshot.
    ///
    /// # Errors
    /// See [`Error`](crate::Error), and what `each` answers.
    pub fn for_each_edge_page<E: From<crate::Error>>(
        &self,
        rows: u32,
        mut each: impl FnMut(&EdgeTable) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut cursor = None;
        loop {
            let page: Page<_> = self.scan_edges(cursor, rows)?;
            each(&page.rows)?;
            cursor = page.cursor;
            if cursor.is_none() {
                return Ok(());
            }
        }
    }
}
