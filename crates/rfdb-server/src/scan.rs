//! Scans: all nodes or all edges of one snapshot, page by page.
//!
//! A scan is a thread that walks the snapshot and hands over one page at a time; it is at most one page ahead of its
//! reader. So a page costs what it holds, wherever it lies, and a reader that stays away costs one page of memory.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use rfdb_engine::Snapshot;
use rfdb_protocol::{EdgeTable, ErrorCode, NodeTable, Response, WireError};

use crate::error::ToWire;
use crate::rows::{push_edge, push_node};

/// Scans that a session may have open; beginning one more ends the oldest.
const MAX_SCANS: usize = 4;

/// Rows in a page, whatever the client asks for.
const MAX_PAGE: u32 = 100_000;

/// What is walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    Nodes,
    Edges,
}

enum Page {
    Nodes(NodeTable),
    Edges(EdgeTable),
}

type Pages = Result<Page, WireError>;

struct Scan {
    rows: Rows,
    pages: Receiver<Pages>,
    /// The page that is handed out next, so that the end is known in time.
    next: Option<Page>,
    page: u64,
}

/// The scans that a session has open.
#[derive(Default)]
pub(crate) struct Scans {
    open: BTreeMap<u64, Scan>,
    begun: u64,
}

impl std::fmt::Debug for Scans {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scans")
            .field("open", &self.open.len())
            .finish()
    }
}

fn invalid(cursor: &str) -> WireError {
    WireError::new(
        ErrorCode::InvalidCursor,
        format!("The cursor '{cursor}' is unknown or has expired; begin the scan again"),
    )
}

impl Scans {
    /// The first page of a new scan.
    pub(crate) fn begin(
        &mut self,
        snapshot: Snapshot,
        rows: Rows,
        limit: u32,
    ) -> Result<Response, WireError> {
        let limit = limit.clamp(1, MAX_PAGE) as usize;
        let (sender, pages) = sync_channel(1);
        std::thread::Builder::new()
            .name("scan".into())
            .spawn(move || walk(&snapshot, rows, limit, &sender))
            .map_err(|error| {
                WireError::new(
                    ErrorCode::InternalError,
                    format!("cannot start a scan: {error}"),
                )
            })?;
        while self.open.len() >= MAX_SCANS {
            self.open.pop_first();
        }
        self.begun += 1;
        let mut scan = Scan {
            rows,
            pages,
            next: None,
            page: 0,
        };
        scan.advance()?;
        self.open.insert(self.begun, scan);
        self.page(self.begun)
    }

    /// The page that a cursor names.
    pub(crate) fn resume(&mut self, cursor: &str, rows: Rows) -> Result<Response, WireError> {
        let (number, page) = cursor
            .split_once('.')
            .and_then(|(scan, page)| Some((scan.parse().ok()?, page.parse::<u64>().ok()?)))
            .ok_or_else(|| invalid(cursor))?;
        self.open
            .get(&number)
            .filter(|scan| scan.rows == rows && scan.page == page)
            .ok_or_else(|| invalid(cursor))?;
        self.page(number)
    }

    fn page(&mut self, number: u64) -> Result<Response, WireError> {
        let Some(scan) = self.open.get_mut(&number) else {
            return Err(invalid(&number.to_string()));
        };
        let current = scan.next.take();
        let advanced = scan.advance();
        let cursor = scan
            .next
            .is_some()
            .then(|| format!("{number}.{}", scan.page));
        let rows = scan.rows;
        if cursor.is_none() {
            self.open.remove(&number);
        }
        advanced?;
        Ok(match (current, rows) {
            (Some(Page::Nodes(nodes)), _) => Response::NodePage { nodes, cursor },
            (Some(Page::Edges(edges)), _) => Response::EdgePage { edges, cursor },
            (None, Rows::Nodes) => Response::NodePage {
                nodes: NodeTable::default(),
                cursor,
            },
            (None, Rows::Edges) => Response::EdgePage {
                edges: EdgeTable::default(),
                cursor,
            },
        })
    }

    /// Ends all scans.
    pub(crate) fn clear(&mut self) {
        self.open.clear();
    }
}

impl Scan {
    fn advance(&mut self) -> Result<(), WireError> {
        // A closed channel is the end of the scan.
        self.next = self.pages.recv().ok().transpose()?;
        self.page += 1;
        Ok(())
    }
}

/// Sends all pages; ends early when nobody listens any more.
fn walk(snapshot: &Snapshot, rows: Rows, limit: usize, sender: &SyncSender<Pages>) {
    let result = match rows {
        Rows::Nodes => walk_nodes(snapshot, limit, sender),
        Rows::Edges => walk_edges(snapshot, limit, sender),
    };
    if let Err(error) = result {
        let _ = sender.send(Err(error));
    }
}

fn walk_nodes(
    snapshot: &Snapshot,
    limit: usize,
    sender: &SyncSender<Pages>,
) -> Result<(), WireError> {
    let mut page = NodeTable::default();
    for node in snapshot.iter_nodes() {
        push_node(&mut page, &node.to_wire()?);
        if page.len() == limit
            && sender
                .send(Ok(Page::Nodes(std::mem::take(&mut page))))
                .is_err()
        {
            return Ok(());
        }
    }
    if !page.is_empty() {
        let _ = sender.send(Ok(Page::Nodes(page)));
    }
    Ok(())
}

fn walk_edges(
    snapshot: &Snapshot,
    limit: usize,
    sender: &SyncSender<Pages>,
) -> Result<(), WireError> {
    let mut page = EdgeTable::default();
    for edge in snapshot.iter_edges() {
        push_edge(&mut page, &edge.to_wire()?);
        if page.len() == limit
            && sender
                .send(Ok(Page::Edges(std::mem::take(&mut page))))
                .is_err()
        {
            return Ok(());
        }
    }
    if !page.is_empty() {
        let _ = sender.send(Ok(Page::Edges(page)));
    }
    Ok(())
}
