//! `rfdb-client` against the server: both interfaces, both transports, many at once.

use std::future::Future as _;
use std::task::Poll;
use std::time::Duration;

use rfdb_client::{
    AsyncClient, AttrQuery, Batch, Client, Direction, Edge, Error, ErrorCode, FieldDeclaration,
    FileCommit, IndexMode, Node, Request, Response, SnapshotRef, SocketOptions, hash_id,
};
use rfdb_protocol::decode_request;
use rfdb_server::{Config, Dispatcher};

use crate::support::{Raw, TestServer, json};

fn connect(server: &TestServer) -> Client {
    Client::connect(&server.socket, SocketOptions::default()).unwrap()
}

/// A batch of one owner: a chain of nodes.
fn chain(file: &str, length: usize) -> Batch {
    let mut batch = Batch::new();
    batch.owner(file, "");
    let name = |index: usize| format!("{file}->N->{index}");
    for index in 0..length {
        let semantic_id = name(index);
        batch.push_node(Node {
            id: hash_id(&semantic_id),
            semantic_id: &semantic_id,
            node_type: "N",
            name: &index.to_string(),
            file,
            exported: index == 0,
            metadata: r#"{"line":1}"#,
        });
        batch.push_edge(Edge {
            src: hash_id(&name(index)),
            dst: hash_id(&name(index + 1)),
            edge_type: "NEXT",
            metadata: "",
        });
    }
    batch
}

/// Every command once, through whatever transport.
fn every_command(client: &Client, database: &str) {
    assert_eq!(
        client
            .hello(Some(3), Some("test"), true)
            .unwrap()
            .protocol_version,
        3
    );
    client.create_database(database, true).unwrap();
    assert_eq!(
        client.create_database(database, true).unwrap_err().code(),
        Some(ErrorCode::DatabaseExists)
    );
    assert_eq!(client.open_database(database, "rw").unwrap().node_count, 0);
    assert_eq!(
        client.current_database().unwrap(),
        Some((database.into(), "rw".into()))
    );
    assert!(
        client
            .list_databases()
            .unwrap()
            .iter()
            .any(|entry| entry.name == database && entry.connection_count == 1)
    );

    client.begin_load().unwrap();
    assert!(client.is_loading().unwrap());
    let delta = client
        .commit_with_delta(chain("a.js", 5), IndexMode::Deferred)
        .unwrap();
    assert_eq!((delta.nodes_added, delta.edges_added), (5, 5));
    client.rebuild_indexes().unwrap();
    assert!(!client.is_loading().unwrap());
    client
        .commit(chain("b.js", 3), IndexMode::Immediate)
        .unwrap();

    let first = hash_id("a.js->N->0");
    let second = hash_id("a.js->N->1");
    let node = client.get_node(first).unwrap();
    let node = node.get().unwrap();
    assert_eq!(
        (node.name, node.file, node.exported, node.metadata),
        ("0", "a.js", true, r#"{"line":1}"#)
    );
    assert_eq!(node.semantic_id, "a.js->N->0");
    assert!(client.get_node(7).unwrap().get().is_none());
    assert_eq!(client.get_nodes(&[second, 7, first]).unwrap().len(), 2);
    assert!(client.node_exists(first).unwrap());
    assert!(!client.is_endpoint(first).unwrap());
    assert_eq!(
        client.node_identifier(second).unwrap().as_deref(),
        Some("1")
    );
    assert_eq!(client.find_by_type("N").unwrap().len(), 8);
    let of_b = || AttrQuery {
        file: Some("b.js".into()),
        metadata: vec![("line".into(), "1".into())],
        ..AttrQuery::default()
    };
    assert_eq!(client.find_by_attr(of_b()).unwrap().len(), 3);
    assert_eq!(client.query_nodes(of_b()).unwrap().len(), 3);
    assert_eq!(client.neighbors(first, &["NEXT"]).unwrap(), [second]);
    assert_eq!(client.bfs(&[first], 2, &[]).unwrap().len(), 3);
    assert_eq!(client.dfs(&[first], 2, &[]).unwrap().len(), 3);
    assert_eq!(
        client.reachability(&[second], 2, &[], true).unwrap(),
        [second, first]
    );
    assert_eq!(
        client
            .outgoing_edges(first, None)
            .unwrap()
            .get(0)
            .unwrap()
            .dst,
        second
    );
    assert!(client.outgoing_edges(first, Some(&[])).unwrap().is_empty());
    assert_eq!(
        client
            .incoming_edges(second, Some(&["NEXT"]))
            .unwrap()
            .get(0)
            .unwrap()
            .src,
        first
    );
    assert_eq!(
        client
            .query_edges(second, Direction::Both, None, Some(1))
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        client
            .get_edges(&[first, second], Direction::Both, None)
            .unwrap()
            .len(),
        3
    );
    assert_eq!(client.dependent_files(second, None).unwrap(), ["a.js"]);
    assert_eq!(client.all_edges().unwrap().len(), 8);
    let (mut nodes, mut edges) = (0, 0);
    client
        .for_each_node_page(3, |page| {
            nodes += page.len();
            Ok::<_, Error>(())
        })
        .unwrap();
    client
        .for_each_edge_page(3, |page| {
            edges += page.len();
            Ok::<_, Error>(())
        })
        .unwrap();
    assert_eq!((nodes, edges), (8, 8));
    assert_eq!(
        (client.node_count().unwrap(), client.edge_count().unwrap()),
        (8, 8)
    );
    assert_eq!(client.count_nodes_by_type(Some(&["N*"])).unwrap()["N"], 8);
    assert_eq!(client.count_edges_by_type(None).unwrap()["NEXT"], 8);
    assert_eq!(client.stats().unwrap().node_count, 8);
    assert!(!client.ping().unwrap().is_empty());

    let extra = Node {
        id: 99,
        semantic_id: "label",
        node_type: "X",
        name: "extra",
        ..Node::default()
    };
    client.add_nodes(&[extra]).unwrap();
    client
        .add_edges(&[Edge {
            src: 99,
            dst: first,
            edge_type: "X",
            metadata: "",
        }])
        .unwrap();
    assert!(client.node_exists(99).unwrap());
    client.delete_edge(99, first, "X").unwrap();
    client.delete_node(99).unwrap();
    client.update_node_version(99, "x").unwrap();
    assert_eq!(
        client
            .declare_fields(vec![FieldDeclaration {
                name: "line".into(),
                field_type: None,
                node_types: None
            }])
            .unwrap(),
        1
    );
    let delta = client
        .commit_files(FileCommit {
            changed_files: vec!["b.js".into()],
            ..FileCommit::default()
        })
        .unwrap();
    assert_eq!((delta.nodes_removed, delta.edges_removed), (3, 3));
    client.begin_batch().unwrap();
    client.abort_batch().unwrap();
    assert_eq!(client.find_snapshot("a", "b").unwrap(), None);
    let version = client.list_snapshots(None).unwrap()[0].version;
    assert_eq!(
        client
            .tag_snapshot(version, [("a".into(), "b".into())].into())
            .unwrap_err()
            .code(),
        Some(ErrorCode::EphemeralDatabase)
    );
    let here = || SnapshotRef::Version { version };
    assert_eq!(
        client
            .diff_snapshots(here(), here())
            .unwrap()
            .stats_to
            .total_nodes,
        5
    );
    client.clear_rules().unwrap();
    client.cancel_query("r0").unwrap();
    client.flush().unwrap();
    client.compact().unwrap();
    let answers = client
        .call_many((0..500).map(|_| Request::GetNode { id: first }).collect())
        .unwrap();
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer, Response::Node { node } if node.get().is_some()))
    );
    client.clear().unwrap();
    assert_eq!(client.node_count().unwrap(), 0);
    client.open_database("default", "ro").unwrap();
    let rows = client.commit_rows(&[&chain("a.js", 1)], IndexMode::Immediate);
    for refused in [client.clear(), rows] {
        assert_eq!(refused.unwrap_err().code(), Some(ErrorCode::ReadOnlyMode));
    }
    client.close_database().unwrap();
    assert_eq!(client.current_database().unwrap(), None);
    assert_eq!(
        client.node_count().unwrap_err().code(),
        Some(ErrorCode::NoDatabaseSelected)
    );
    assert_eq!(
        client.drop_database(database).unwrap_err().code(),
        Some(ErrorCode::DatabaseNotFound)
    );
}

#[test]
fn every_command_works_in_process_and_over_the_socket() {
    every_command(
        &Client::in_process(Dispatcher::in_memory(Config::default()).session()),
        "own",
    );
    let mut server = TestServer::start();
    let client = connect(&server);
    every_command(&client, "own");
    client.shutdown().unwrap();
    assert_eq!(server.wait_end().code(), Some(0));
    assert!(matches!(client.ping(), Err(Error::Closed { .. })));
    assert!(matches!(
        Client::connect(&server.socket, SocketOptions::default()),
        Err(Error::Connect { .. })
    ));
}

#[test]
fn both_ways_leave_the_same_graph() {
    let server = TestServer::start();
    let embedded = Client::in_process(Dispatcher::in_memory(Config::default()).session());
    let remote = connect(&server);
    for client in [&embedded, &remote] {
        for file in 0..20 {
            let rows = chain(&format!("{file}.js"), 50);
            // Rows that are in no batch become one on the way to a socket.
            match file % 2 {
                0 => client.commit(rows, IndexMode::Deferred).unwrap(),
                _ => client.commit_rows(&[&rows], IndexMode::Deferred).unwrap(),
            }
        }
        client
            .commit(chain("3.js", 7), IndexMode::Deferred)
            .unwrap();
        // Several parts are one commit.
        let parts = [chain("4.js", 9), chain("5.js", 3), chain("21.js", 2)];
        let parts = parts
            .each_ref()
            .map(|part| part as &dyn rfdb_protocol::Rows);
        client.commit_rows(&parts, IndexMode::Deferred).unwrap();
        client.rebuild_indexes().unwrap();
    }
    assert_eq!(
        embedded.scan_nodes(None, 10_000).unwrap().rows,
        remote.scan_nodes(None, 10_000).unwrap().rows
    );
    assert_eq!(
        embedded.scan_edges(None, 10_000).unwrap().rows,
        remote.scan_edges(None, 10_000).unwrap().rows
    );
    // Streamed on the way, one table in the end.
    assert_eq!(remote.query_nodes(AttrQuery::default()).unwrap().len(), 871);
}

#[test]
fn a_batch_larger_than_a_frame_goes_in_parts() {
    let server = TestServer::start();
    let client = connect(&server);
    let mut batch = Batch::new();
    let metadata = format!("{{\"text\":\"{}\"}}", "x".repeat(3_000_000));
    for file in 0..4 {
        let file = format!("{file}.js");
        batch.owner(&file, "");
        for id in 0..4 {
            let semantic_id = format!("{file}#{id}");
            batch.push_node(Node {
                id: hash_id(&semantic_id),
                semantic_id: &semantic_id,
                file: &file,
                metadata: &metadata,
                ..Node::default()
            });
        }
    }
    let delta = client
        .commit_with_delta(batch, IndexMode::Immediate)
        .unwrap();
    assert_eq!(delta.nodes_added, 16);
    assert_eq!(
        client
            .get_node(hash_id("3.js#3"))
            .unwrap()
            .get()
            .unwrap()
            .metadata,
        metadata
    );
    // One that does not fit even so is an error of the client, and the connection lives on.
    let small = SocketOptions {
        request_bytes: 1000,
        ..SocketOptions::default()
    };
    let client = Client::connect(&server.socket, small).unwrap();
    assert!(matches!(
        client.commit(chain("x.js", 100), IndexMode::Immediate),
        Err(Error::TooLarge { .. })
    ));
    client.ping().unwrap();
}

#[test]
fn an_answer_that_does_not_come_is_a_timeout() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("silent.sock");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let silent = std::thread::spawn(move || {
        let mut raw = Raw::new(listener.accept().unwrap().0);
        let hello = raw.receive();
        raw.send(&json!({"ok": true, "protocolVersion": 3, "serverVersion": "x", "features": [], "requestId": hello["requestId"]}));
        let late = raw.receive();
        let next = raw.receive();
        // The late answer is passed over.
        raw.send(&json!({"count": 1, "requestId": late["requestId"]}));
        raw.send(&json!({"count": 2, "requestId": next["requestId"]}));
        // An answer without an id is that of the oldest request.
        raw.receive();
        raw.send(&json!({"error": "Invalid request: x"}));
        raw
    });
    let options = SocketOptions {
        timeout: Duration::from_millis(500),
        ..SocketOptions::default()
    };
    let client = Client::connect(&path, options).unwrap();
    assert!(matches!(
        client.node_count(),
        Err(Error::Timeout {
            command: "nodeCount",
            ..
        })
    ));
    assert_eq!(client.edge_count().unwrap(), 2);
    assert!(matches!(client.ping(), Err(Error::Server(_))));
    drop(silent.join().unwrap());
    assert!(matches!(client.ping(), Err(Error::Closed { .. })));
}

#[test]
fn a_socket_path_that_is_too_long_is_an_error_that_says_so() {
    let path = std::env::temp_dir().join("x".repeat(200));
    let error = Client::connect(&path, SocketOptions::default()).unwrap_err();
    assert!(matches!(&error, Error::SocketPath(of) if *of == path));
    assert!(
        error
            .to_string()
            .contains("more than the operating system takes")
    );
}

#[test]
fn rows_travel_packed_only_to_a_server_that_reads_them() {
    let dir = tempfile::tempdir().unwrap();
    for (name, features, packed) in [
        ("old.sock", json!(["streaming"]), false),
        ("new.sock", json!(["streaming", "packedRows"]), true),
    ] {
        let path = dir.path().join(name);
        let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let server = std::thread::spawn(move || {
            let mut raw = Raw::new(listener.accept().unwrap().0);
            let hello = raw.receive();
            assert_eq!(hello["packedRows"], json!(true));
            raw.send(&json!({"ok": true, "protocolVersion": 3, "serverVersion": "x", "features": features, "requestId": hello["requestId"]}));
            let bytes = raw.receive_bytes().unwrap();
            let Ok(Request::Commit(commit)) = decode_request(&bytes).request else {
                panic!("no commit came");
            };
            raw.send(&json!({"error": "enough", "code": "X"}));
            commit
        });
        let client = Client::connect(&path, SocketOptions::default()).unwrap();
        let answer = client.commit(chain("a.js", 3), IndexMode::Immediate);
        assert!(matches!(answer, Err(Error::Server(_))));
        let commit = server.join().unwrap();
        assert_eq!(commit.packed, packed);
        assert_eq!(commit.batch, chain("a.js", 3));
    }
}

#[test]
fn threads_share_one_client_and_keep_their_batches_apart() {
    let server = TestServer::start();
    let embedded = Client::in_process(Dispatcher::in_memory(Config::default()).session());
    for client in [embedded, connect(&server)] {
        std::thread::scope(|scope| {
            for worker in 0..4 {
                let client = &client;
                scope.spawn(move || {
                    for round in 0..25 {
                        let file = format!("{worker}-{round}.js");
                        client
                            .commit(chain(&file, 10), IndexMode::Immediate)
                            .unwrap();
                        let first = hash_id(&format!("{file}->N->0"));
                        assert_eq!(client.bfs(&[first], 100, &[]).unwrap().len(), 11);
                        let query = AttrQuery {
                            file: Some(file),
                            ..AttrQuery::default()
                        };
                        assert_eq!(client.query_nodes(query).unwrap().len(), 10);
                    }
                });
            }
        });
        assert_eq!(client.node_count().unwrap(), 1000);
        assert_eq!(client.edge_count().unwrap(), 1000);
    }
}

#[test]
fn the_asynchronous_client_shares_a_connection_between_calls() {
    let server = TestServer::start();
    let blocking = connect(&server);
    blocking
        .commit(chain("a.js", 300), IndexMode::Immediate)
        .unwrap();
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(async {
            let client = AsyncClient::connect(&server.socket, SocketOptions::default())
                .await
                .unwrap();
            let mut tasks = Vec::new();
            for index in 0..300 {
                let client = client.clone();
                tasks.push(tokio::spawn(async move {
                    let node = client
                        .get_node(hash_id(&format!("a.js->N->{index}")))
                        .await
                        .unwrap();
                    assert_eq!(node.get().unwrap().name, index.to_string());
                }));
            }
            let (nodes, edges, all) = tokio::join!(
                client.node_count(),
                client.edge_count(),
                client.query_nodes(AttrQuery::default())
            );
            assert_eq!(
                (nodes.unwrap(), edges.unwrap(), all.unwrap().len()),
                (300, 300, 300)
            );
            for task in tasks {
                task.await.unwrap();
            }
            // A call that is given up does not disturb the next ones. It is polled once: on a
            // runtime of one thread no answer can be taken from the socket within that poll.
            {
                let mut given_up = std::pin::pin!(client.all_edges());
                let polled_once = std::future::poll_fn(|context| {
                    Poll::Ready(given_up.as_mut().poll(context).is_pending())
                });
                assert!(polled_once.await);
            }
            assert_eq!(client.node_count().await.unwrap(), 300);
            assert_eq!(
                client.open_database("none", "rw").await.unwrap_err().code(),
                Some(ErrorCode::DatabaseNotFound)
            );
            client.shutdown().await.unwrap();
            assert!(matches!(client.ping().await, Err(Error::Closed { .. })));
            assert!(matches!(
                AsyncClient::connect("/nonexistent", SocketOptions::default()).await,
                Err(Error::Connect { .. })
            ));
        });
}

#[test]
fn many_clients_at_once() {
    let server = TestServer::start();
    // The campaign of `cargo xtask soak` sets them.
    let number = |name: &str, default: u64| {
        std::env::var(name).map_or(default, |text| text.parse().unwrap())
    };
    let memory = |server: &TestServer| {
        let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id()))
            .unwrap_or_default();
        status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .unwrap_or_default()
            .to_owned()
    };
    let clients = number("RFDB_LOAD_CLIENTS", 16);
    let seconds = number("RFDB_LOAD_SECONDS", 2);
    let report = rfdb_client_load::run(
        &server.socket,
        clients as usize,
        Duration::from_secs(seconds),
    );
    println!(
        "{clients} clients, {seconds} s: {report:?}; server {}",
        memory(&server)
    );
    assert!(
        report.commits > 0 && report.reads > 0 && report.drops > 0,
        "{report:?}"
    );
    // Everybody left; nothing of them stays.
    let mut raw = server.connect();
    crate::support::wait_until("all sessions have ended", || {
        let databases = raw.ok(json!({"cmd": "listDatabases"}))["databases"].clone();
        databases
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["connectionCount"].as_u64().unwrap())
            .sum::<u64>()
            == 1
    });
}

/// The load of many clients, shared with the long campaign.
#[path = "../load/mod.rs"]
mod rfdb_client_load;

#[test]
fn many_commits_are_pipelined_in_order() {
    let server = TestServer::start();
    let batch = |file: u32, round: u32| {
        let mut batch = Batch::new();
        batch.owner(&format!("{file}.js"), "");
        for row in 0..200_u32 {
            let semantic_id = format!("{file}#{row}");
            batch.push_node(Node {
                id: hash_id(&semantic_id),
                semantic_id: &semantic_id,
                node_type: "N",
                name: &round.to_string(),
                file: &format!("{file}.js"),
                ..Node::default()
            });
        }
        batch
    };
    // More than may be on their way at once, each file twice: the later one stays.
    let batches = (0..2).flat_map(|round| (0..30).map(move |file| (file, round)));
    let client = connect(&server);
    client
        .commit_many(
            batches.map(|(file, round)| batch(file, round)).collect(),
            IndexMode::Deferred,
        )
        .unwrap();
    assert_eq!(client.node_count().unwrap(), 30 * 200);
    let query = |name: &str| AttrQuery {
        name: Some(name.to_owned()),
        ..AttrQuery::default()
    };
    assert_eq!(client.find_by_attr(query("0")).unwrap().len(), 0);
    assert_eq!(client.find_by_attr(query("1")).unwrap().len(), 30 * 200);
    // A failure is told, and the connection goes on.
    client.open_database("default", "ro").unwrap();
    let refused = client.commit_many(vec![batch(0, 2), batch(1, 2)], IndexMode::Immediate);
    assert_eq!(refused.unwrap_err().code(), Some(ErrorCode::ReadOnlyMode));
    assert_eq!(client.node_count().unwrap(), 30 * 200);
}
