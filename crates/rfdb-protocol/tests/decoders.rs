//! Decoders against anything: the twins of the fuzz targets, and round trips of all requests and responses.

use proptest::prelude::*;
use rfdb_protocol::frame::Decoder;
use rfdb_protocol::{
    Answer, AttrQuery, Batch, Commit, Delta, Direction, Edge, EdgeTable, ErrorCode, Explained,
    FieldDeclaration, FileCommit, Node, NodeBox, NodeTable, Part, Request, Response, SnapshotPair,
    SnapshotRef, Solution, Stats, True, decode_request, decode_response, encode_request,
    encode_response, hash_id,
};

#[allow(clippy::unwrap_used, reason = "a helper of tests")]
fn round_trip(request: &Request) {
    let mut bytes = Vec::new();
    encode_request(request, Some("r1"), &mut bytes).unwrap();
    let incoming = decode_request(&bytes);
    assert_eq!(incoming.request_id.as_deref(), Some("r1"));
    assert_eq!(incoming.request.as_ref(), Ok(request));
}

fn nodes() -> NodeTable {
    [
        Node {
            id: hash_id("a"),
            semantic_id: "a",
            node_type: "T",
            name: "n",
            file: "f",
            exported: true,
            metadata: "{\"a\":1}",
        },
        Node {
            id: hash_id("b"),
            semantic_id: "b",
            node_type: "T",
            ..Node::default()
        },
    ]
    .into_iter()
    .collect()
}

fn edges() -> EdgeTable {
    [
        Edge {
            src: 1,
            dst: u128::MAX,
            edge_type: "E",
            metadata: "{}",
        },
        Edge {
            src: 0,
            dst: 2,
            edge_type: "F",
            metadata: "",
        },
    ]
    .into_iter()
    .collect()
}

fn every_request() -> Vec<Request> {
    let text = || "text".to_owned();
    let types = || Some(vec![text()]);
    let mut batch = Batch::new();
    batch.owner("a.js", "");
    nodes().iter().for_each(|node| batch.push_node(node));
    batch.owner("a.js", "enrich");
    edges().iter().for_each(|edge| batch.push_edge(edge));
    batch.owner("gone.js", "");
    let query = || AttrQuery {
        node_type: Some(text()),
        name: Some(String::new()),
        file: None,
        exported: Some(false),
        substring_match: true,
        metadata: vec![("key".into(), "1".into())],
    };
    let (id, start_ids, edge_types, max_depth) = (7, vec![1, 2], vec![text()], 3);
    vec![
        Request::Hello {
            protocol_version: Some(3),
            client_id: types().map(|t| t[0].clone()),
            decimal_edges: true,
            packed_rows: true,
        },
        Request::Hello {
            protocol_version: None,
            client_id: None,
            decimal_edges: false,
            packed_rows: false,
        },
        Request::CreateDatabase {
            name: text(),
            ephemeral: true,
        },
        Request::OpenDatabase {
            name: text(),
            mode: Some("ro".into()),
        },
        Request::CloseDatabase,
        Request::DropDatabase { name: text() },
        Request::ListDatabases,
        Request::CurrentDatabase,
        Request::AddNodes { nodes: nodes() },
        Request::AddEdges {
            edges: edges(),
            skip_validation: true,
        },
        Request::DeleteNode { id },
        Request::DeleteEdge {
            src: 1,
            dst: 2,
            edge_type: text(),
        },
        Request::GetNode { id },
        Request::GetNodes {
            ids: start_ids.clone(),
        },
        Request::NodeExists { id },
        Request::FindByType { node_type: text() },
        Request::FindByAttr { query: query() },
        Request::QueryNodes {
            query: AttrQuery::default(),
        },
        Request::Neighbors {
            id,
            edge_types: edge_types.clone(),
        },
        Request::Bfs {
            start_ids: start_ids.clone(),
            max_depth,
            edge_types: vec![],
        },
        Request::Dfs {
            start_ids: start_ids.clone(),
            max_depth,
            edge_types: edge_types.clone(),
        },
        Request::Reachability {
            start_ids: start_ids.clone(),
            max_depth,
            edge_types,
            backward: true,
        },
        Request::GetOutgoingEdges {
            id,
            edge_types: types(),
        },
        Request::GetIncomingEdges {
            id,
            edge_types: None,
        },
        Request::QueryEdges {
            id,
            direction: Direction::Both,
            edge_types: Some(vec![]),
            limit: Some(u32::MAX),
        },
        Request::FindDependentFiles {
            id,
            edge_types: types(),
        },
        Request::GetEdges {
            ids: start_ids,
            direction: Direction::Incoming,
            edge_types: types(),
        },
        Request::ScanNodes {
            cursor: None,
            limit: 1,
        },
        Request::ScanEdges {
            cursor: Some(text()),
            limit: 1,
        },
        Request::NodeCount,
        Request::EdgeCount,
        Request::CountNodesByType { types: types() },
        Request::CountEdgesByType { edge_types: None },
        Request::Flush,
        Request::Compact,
        Request::Clear,
        Request::Ping,
        Request::Shutdown,
        Request::GetStats,
        Request::GetAllEdges,
        Request::CheckGuarantee {
            rule_source: text(),
            explain: true,
            semantic_ids: true,
        },
        Request::DatalogLoadRules { source: text() },
        Request::DatalogClearRules,
        Request::DatalogQuery {
            query: text(),
            explain: false,
            semantic_ids: true,
        },
        Request::ExecuteDatalog {
            source: text(),
            explain: true,
            semantic_ids: false,
        },
        Request::IsEndpoint { id },
        Request::GetNodeIdentifier { id },
        Request::UpdateNodeVersion {
            id,
            version: text(),
        },
        Request::DeclareFields {
            fields: vec![FieldDeclaration {
                name: text(),
                field_type: Some("int".into()),
                node_types: types(),
            }],
        },
        Request::CommitBatch(Box::new(FileCommit {
            changed_files: vec![text()],
            nodes: nodes(),
            edges: edges(),
            tags: types(),
            file_context: Some(text()),
            defer_index: true,
            protected_types: vec![text()],
        })),
        Request::Commit(Box::new(Commit {
            batch: batch.clone(),
            defer_index: true,
            want_delta: true,
            packed: true,
            part: None,
        })),
        Request::Commit(Box::new(Commit {
            batch,
            defer_index: true,
            want_delta: false,
            packed: false,
            part: Some(Part {
                batch: text(),
                last: false,
            }),
        })),
        Request::BeginLoad,
        Request::RebuildIndexes,
        Request::GetLoadState,
        Request::BeginBatch,
        Request::AbortBatch,
        Request::TagSnapshot {
            version: u64::MAX,
            tags: [(text(), text())].into(),
        },
        Request::FindSnapshot {
            tag_key: text(),
            tag_value: text(),
        },
        Request::ListSnapshots {
            filter_tag: Some(text()),
        },
        Request::DiffSnapshots(SnapshotPair {
            from: SnapshotRef::Version { version: 1 },
            to: SnapshotRef::Tag {
                tag_key: text(),
                tag_value: text(),
            },
        }),
        Request::CypherQuery {
            query: text(),
            explain: false,
        },
        Request::CancelQuery {
            target: Some(text()),
        },
    ]
}

#[test]
fn every_request_comes_back() {
    for request in every_request() {
        round_trip(&request);
    }
}

#[test]
fn every_command_of_the_protocol_is_known() {
    let commands = "hello createDatabase openDatabase closeDatabase dropDatabase listDatabases currentDatabase addNodes addEdges \
        deleteNode deleteEdge getNode nodeExists findByType findByAttr neighbors bfs reachability dfs getOutgoingEdges \
        getIncomingEdges nodeCount edgeCount countNodesByType countEdgesByType flush compact clear ping shutdown getStats \
        getAllEdges queryNodes checkGuarantee datalogLoadRules datalogClearRules datalogQuery executeDatalog isEndpoint \
        getNodeIdentifier updateNodeVersion declareFields commitBatch rebuildIndexes beginBatch abortBatch tagSnapshot \
        findSnapshot listSnapshots diffSnapshots queryEdges findDependentFiles cypherQuery cancelQuery";
    let ours: Vec<_> = every_request().iter().map(Request::command).collect();
    for command in commands.split_whitespace() {
        assert!(ours.contains(&command), "{command}");
    }
}

#[test]
fn every_response_comes_back() {
    let responses = [
        Response::OK,
        Response::Hello {
            ok: True,
            protocol_version: 3,
            server_version: "1".into(),
            features: vec!["a".into()],
        },
        Response::DatabaseCreated {
            ok: True,
            database_id: "a".into(),
        },
        Response::DatabaseOpened {
            ok: True,
            database_id: "a".into(),
            mode: "rw".into(),
            node_count: 1,
            edge_count: 2,
        },
        Response::Databases { databases: vec![] },
        Response::CurrentDatabase {
            database: None,
            mode: Some("ro".into()),
        },
        Response::Node {
            node: NodeBox::from(nodes().get(0)),
        },
        Response::Node {
            node: NodeBox::default(),
        },
        Response::Nodes { nodes: nodes() },
        Response::NodeChunk {
            nodes: nodes(),
            done: false,
            chunk_index: 4,
        },
        Response::NodePage {
            nodes: nodes(),
            cursor: Some("1.1".into()),
        },
        Response::Edges { edges: edges() },
        Response::EdgePage {
            edges: edges(),
            cursor: None,
        },
        Response::Ids {
            ids: vec![0, u128::MAX],
        },
        Response::Value { value: false },
        Response::Identifier { identifier: None },
        Response::Count { count: u64::MAX },
        Response::Counts {
            counts: [("a".to_owned(), 1)].into(),
        },
        Response::Pong {
            pong: True,
            version: "1".into(),
        },
        Response::Stats(Box::new(Stats {
            memory_percent: 0.5,
            query_count: 3,
            ..Stats::default()
        })),
        Response::Committed {
            ok: True,
            delta: Delta {
                nodes_added: 1,
                ..Delta::default()
            },
        },
        Response::LoadState { loading: true },
        Response::BatchBegun {
            ok: True,
            batch_id: "b".into(),
        },
        Response::Violations {
            violations: vec![Solution {
                bindings: [("X".to_owned(), "1".to_owned())].into(),
            }],
            warnings: vec!["w".into()],
        },
        Response::Results {
            results: vec![Solution::default()],
            warnings: vec![],
        },
        Response::Explained(Box::default()),
        Response::Files {
            files: vec!["f".into()],
        },
        Response::SnapshotVersion { version: Some(1) },
        Response::Snapshots { snapshots: vec![] },
        Response::SnapshotsDiffer {
            diff: Default::default(),
        },
        Response::Error {
            error: "text".into(),
            code: Some(ErrorCode::DatabaseInUse),
        },
        Response::Error {
            error: "text".into(),
            code: None,
        },
    ];
    for response in responses {
        for request_id in [None, Some("r7")] {
            let mut bytes = Vec::new();
            encode_response(&response, request_id, &mut bytes).unwrap();
            let expected = Answer {
                request_id: request_id.map(String::from),
                more: matches!(response, Response::NodeChunk { .. }),
                response: response.clone(),
            };
            // A chunk is recognised where nodes are expected, and an error anywhere.
            let kind = match response {
                Response::NodeChunk { .. } => rfdb_protocol::ResponseKind::Nodes,
                Response::Error { .. } => rfdb_protocol::ResponseKind::Ids,
                ref other => other.kind(),
            };
            assert_eq!(decode_response(&bytes, kind).unwrap(), expected);
        }
    }
    let _ = Explained::default();
}

fn frames(decoder: &mut Decoder, out: &mut Vec<Vec<u8>>) -> bool {
    loop {
        match decoder.next_frame() {
            Ok(Some(frame)) => out.push(frame.to_vec()),
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}

proptest! {
    #[test]
    fn frames_do_not_depend_on_how_bytes_arrive(
        parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..10),
        tail in prop::collection::vec(any::<u8>(), 0..10),
        piece in 1..64_usize,
    ) {
        let mut bytes = Vec::new();
        for part in &parts {
            bytes.extend_from_slice(&(part.len() as u32).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        bytes.extend_from_slice(&tail);
        let mut whole = Vec::new();
        let mut decoder = Decoder::new(1000);
        decoder.push(&bytes);
        prop_assert_eq!(decoder.peek_frames().count() >= parts.len(), true);
        let whole_good = frames(&mut decoder, &mut whole);
        prop_assert!(whole.len() >= parts.len());
        prop_assert_eq!(&whole[..parts.len()], &parts[..]);
        let (mut pieces, mut good) = (Vec::new(), true);
        let mut decoder = Decoder::new(1000);
        for chunk in bytes.chunks(piece) {
            decoder.push(chunk);
            good = good && frames(&mut decoder, &mut pieces);
            prop_assert!(decoder.buffer().capacity() <= 4 * bytes.len() + 64);
        }
        prop_assert_eq!((whole, whole_good), (pieces, good));
    }

    #[test]
    fn any_bytes_are_a_request_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let incoming = decode_request(&bytes);
        if let Ok(request) = incoming.request {
            round_trip(&request);
        }
        let _ = decode_response(&bytes, rfdb_protocol::ResponseKind::Nodes);
    }

    /// Requests with a few bytes changed come much deeper into the decoder than noise.
    #[test]
    fn damaged_requests_are_a_request_or_an_error(
        which in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
        cuts in any::<bool>(),
    ) {
        let requests = every_request();
        let mut bytes = Vec::new();
        encode_request(which.get(&requests), Some("r1"), &mut bytes).unwrap();
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if cuts {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(request) = decode_request(&bytes).request {
            let mut again = Vec::new();
            encode_request(&request, None, &mut again).unwrap();
            prop_assert_eq!(decode_request(&again).request, Ok(request));
        }
    }
}
