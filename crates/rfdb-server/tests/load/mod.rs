//! Many clients at once: reads, commits into separate and common databases, cancellations, drops in mid-frame. Checks
//! what must hold at every moment and at the end, and panics if it does not.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rfdb_client::{AttrQuery, Batch, Client, Edge, IndexMode, Node, SocketOptions, hash_id};

/// What was done.
#[derive(Debug)]
pub(crate) struct Report {
    /// Acknowledged commits.
    pub(crate) commits: u64,
    /// Reads that were checked.
    pub(crate) reads: u64,
    /// Connections that were cut in the middle of a frame.
    pub(crate) drops: u64,
}

/// Nodes of every batch. A reader never sees another number of a file.
const ROWS: usize = 25;

fn batch(file: &str, round: u64) -> Batch {
    let mut batch = Batch::new();
    batch.owner(file, "");
    let stamp = format!("{{\"round\":{round}}}");
    let id = |index: usize| hash_id(&format!("{file}#{index}"));
    for index in 0..ROWS {
        batch.push_node(Node {
            id: id(index),
            semantic_id: &format!("{file}#{index}"),
            node_type: "N",
            name: "n",
            file,
            exported: false,
            metadata: &stamp,
        });
        batch.push_edge(Edge {
            src: id(index),
            dst: id((index + 1) % ROWS),
            edge_type: "E",
            metadata: &stamp,
        });
    }
    batch
}

/// A file's rows are all of one commit.
fn check_whole(client: &Client, file: &str) {
    let query = AttrQuery {
        file: Some(file.to_owned()),
        ..AttrQuery::default()
    };
    let nodes = client.query_nodes(query).unwrap();
    assert_eq!(nodes.len(), ROWS, "{file}: a commit was lost or cut");
    let stamp = nodes.get(0).unwrap().metadata;
    assert!(
        nodes.iter().all(|node| node.metadata == stamp),
        "{file}: two commits are mixed"
    );
}

/// Sends the beginning of a frame, or requests whose answers nobody reads, and leaves.
fn drop_in_mid_frame(socket: &Path, round: u64) {
    let Ok(mut stream) = UnixStream::connect(socket) else {
        return;
    };
    let mut frame = Vec::new();
    rfdb_protocol::frame::write(&mut frame, |out| {
        rfdb_protocol::encode_request(&rfdb_protocol::Request::GetAllEdges, Some("r1"), out)
            .map_err(|_| rfdb_protocol::frame::FrameTooLarge {
                announced: 0,
                limit: 0,
            })
    })
    .unwrap();
    let cut = if round.is_multiple_of(2) {
        frame.len()
    } else {
        (round as usize / 2) % frame.len()
    };
    let _ = stream.write_all(&frame[..cut]);
}

/// Runs this many clients for this time against the server.
pub(crate) fn run(socket: &Path, clients: usize, time: Duration) -> Report {
    let (commits, reads, drops) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let end = Instant::now() + time;
    let connect = || Client::connect(socket, SocketOptions::default()).unwrap();
    connect().create_database("common", false).unwrap();
    std::thread::scope(|scope| {
        for number in 0..clients {
            let (commits, reads, drops) = (&commits, &reads, &drops);
            scope.spawn(move || {
                let client = connect();
                // Every fourth has a database of its own, the others share one.
                let own = number % 4 == 0;
                if own {
                    let name = format!("own-{number}");
                    client.create_database(&name, true).unwrap();
                    client.open_database(&name, "rw").unwrap();
                } else {
                    client.open_database("common", "rw").unwrap();
                }
                let file = |index: u64| format!("{number}/{}.js", index % 8);
                let mut round = 0;
                while Instant::now() < end {
                    let mode = if round % 3 == 0 {
                        IndexMode::Deferred
                    } else {
                        IndexMode::Immediate
                    };
                    client.commit(batch(&file(round), round), mode).unwrap();
                    commits.fetch_add(1, Ordering::Relaxed);
                    check_whole(&client, &file(round));
                    check_whole(&client, &file(0));
                    let first = hash_id(&format!("{}#0", file(round)));
                    assert_eq!(client.bfs(&[first], 100, &[]).unwrap().len(), ROWS);
                    let ring = client.outgoing_edges(first, None).unwrap();
                    assert_eq!(ring.len(), 1);
                    let asked =
                        format!("attr(X, \"file\", \"{}\"), edge(X, Y, \"E\")", file(round));
                    assert_eq!(client.datalog_query(&asked).unwrap().len(), ROWS);
                    reads.fetch_add(5, Ordering::Relaxed);
                    client.cancel_query("r0").unwrap();
                    if round % 5 == 0 {
                        drop_in_mid_frame(socket, round);
                        drops.fetch_add(1, Ordering::Relaxed);
                    }
                    round += 1;
                }
                let files = round.min(8);
                for index in 0..files {
                    check_whole(&client, &file(index));
                }
                if own {
                    assert_eq!(client.node_count().unwrap(), files * ROWS as u64);
                    assert_eq!(client.edge_count().unwrap(), files * ROWS as u64);
                }
            });
        }
    });
    Report {
        commits: commits.into_inner(),
        reads: reads.into_inner(),
        drops: drops.into_inner(),
    }
}
