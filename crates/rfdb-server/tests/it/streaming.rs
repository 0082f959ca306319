//! Streamed answers of `queryNodes`.

use crate::support::{Raw, TestServer, Value, json};

fn fill(server: &TestServer, count: usize) -> Raw {
    let mut raw = server.connect();
    let nodes: Vec<_> = (0..count)
        .map(|id| json!({"id": id.to_string(), "nodeType": if id < 101 { "A" } else { "B" }}))
        .collect();
    raw.ok(json!({"cmd": "addNodes", "nodes": nodes}));
    raw
}

fn chunks(raw: &mut Raw, query: Value) -> Vec<(usize, Value, Value)> {
    raw.send(&json!({"cmd": "queryNodes", "query": query, "requestId": "r9"}));
    raw.send(&json!({"cmd": "ping", "requestId": "behind"}));
    let mut chunks = Vec::new();
    loop {
        let answer = raw.receive();
        if answer["requestId"] == "behind" {
            return chunks;
        }
        assert_eq!(answer["requestId"], "r9");
        chunks.push((
            answer["nodes"].as_array().unwrap().len(),
            answer["done"].clone(),
            answer["chunkIndex"].clone(),
        ));
    }
}

#[test]
fn more_than_a_hundred_nodes_are_streamed_to_version_3() {
    let server = TestServer::start();
    let mut raw = fill(&server, 1201);
    raw.ok(json!({"cmd": "hello", "protocolVersion": 3}));
    assert_eq!(
        chunks(&mut raw, json!({})),
        [
            (500, json!(false), json!(0)),
            (500, json!(false), json!(1)),
            (201, json!(true), json!(2)),
        ]
    );
    assert_eq!(
        chunks(&mut raw, json!({"nodeType": "A"})),
        [(101, json!(true), json!(0))]
    );
    assert_eq!(
        chunks(&mut raw, json!({"nodeType": "none"})),
        [(0, Value::Null, Value::Null)]
    );
    raw.ok(json!({"cmd": "deleteNode", "id": "0"}));
    assert_eq!(
        chunks(&mut raw, json!({"nodeType": "A"})),
        [(100, Value::Null, Value::Null)]
    );
}

#[test]
fn other_sessions_get_one_frame() {
    let server = TestServer::start();
    let mut raw = fill(&server, 1201);
    let whole = [(1201, Value::Null, Value::Null)];
    assert_eq!(chunks(&mut raw, json!({})), whole);
    raw.ok(json!({"cmd": "hello", "protocolVersion": 2}));
    assert_eq!(chunks(&mut raw, json!({})), whole);
    raw.ok(json!({"cmd": "hello"}));
    assert_eq!(chunks(&mut raw, json!({})), whole);
    // This client reads one frame per request, whatever it says of its version.
    raw.ok(json!({"cmd": "hello", "protocolVersion": 3, "clientId": "grafema-orchestrator"}));
    assert_eq!(chunks(&mut raw, json!({})), whole);
}

#[test]
fn a_stream_that_nobody_reads_to_its_end_harms_nobody() {
    let server = TestServer::start();
    let mut raw = fill(&server, 50_000);
    raw.ok(json!({"cmd": "hello", "protocolVersion": 3}));
    raw.send(&json!({"cmd": "queryNodes", "query": {}}));
    raw.receive();
    drop(raw);
    assert_eq!(
        server.connect().ok(json!({"cmd": "nodeCount"}))["count"],
        50_000
    );
}
