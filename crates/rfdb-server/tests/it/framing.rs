//! Frames, request ids, order, and what the server does with bytes that are no request.

use std::io::Write;
use std::net::Shutdown;

use crate::support::{Raw, TestServer, framed, json, pack};

/// A MessagePack map of a few pairs, with the encoding of each under control.
fn map(pairs: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0x80 | u8::try_from(pairs.len()).unwrap()];
    for (key, value) in pairs {
        bytes.extend_from_slice(key);
        bytes.extend_from_slice(value);
    }
    bytes
}

fn text(text: &str) -> Vec<u8> {
    let mut bytes = vec![0xa0 | u8::try_from(text.len()).unwrap()];
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

fn bin(text: &str) -> Vec<u8> {
    let mut bytes = vec![0xc4, u8::try_from(text.len()).unwrap()];
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

fn invalid(raw: &mut Raw, content: &[u8], part: &str) {
    raw.send_bytes(content);
    let answer = raw.receive();
    let error = answer["error"]
        .as_str()
        .unwrap_or_else(|| panic!("{answer}"));
    assert!(error.starts_with("Invalid request: "), "{error}");
    assert!(error.contains(part), "{error} does not contain {part}");
    assert_eq!(answer["code"], "INVALID_REQUEST");
    // The connection lives on.
    assert_eq!(raw.call(json!({"cmd": "ping"}))["pong"], true);
}

#[test]
fn what_is_no_request_is_answered_and_the_connection_stays() {
    let server = TestServer::start();
    let mut raw = server.connect();
    invalid(&mut raw, b"", "");
    invalid(&mut raw, &pack(&json!(["ping"])), "map");
    invalid(&mut raw, &pack(&json!("ping")), "map");
    invalid(&mut raw, b"\xc1\xc1\xc1", "");
    invalid(&mut raw, b"GET / HTTP/1.1\r\n\r\n", "");
    invalid(&mut raw, &pack(&json!({})), "missing field `cmd`");
    invalid(
        &mut raw,
        &pack(&json!({"cmd": "Ping"})),
        "unknown variant `Ping`, expected one of `hello`",
    );
    invalid(&mut raw, &pack(&json!({"cmd": 7})), "");
    invalid(
        &mut raw,
        &pack(&json!({"cmd": "getNode"})),
        "missing field `id`",
    );
    invalid(&mut raw, &pack(&json!({"cmd": "getNode", "id": null})), "");
    invalid(&mut raw, &pack(&json!({"cmd": "getNode", "id": 7})), "");
    invalid(&mut raw, &pack(&json!({"cmd": "ping", "requestId": 7})), "");
    invalid(
        &mut raw,
        &pack(&json!({"cmd": "bfs", "startIds": ["1"], "maxDepth": 1.5, "edgeTypes": []})),
        "",
    );
    invalid(
        &mut raw,
        &pack(&json!({"cmd": "bfs", "startIds": ["1"], "maxDepth": -1, "edgeTypes": []})),
        "",
    );
    invalid(
        &mut raw,
        &pack(&json!({"cmd": "bfs", "startIds": ["1"], "maxDepth": 1})),
        "edgeTypes",
    );
    invalid(
        &mut raw,
        &pack(&json!({"cmd": "commitBatch", "nodes": [], "edges": []})),
        "changedFiles",
    );
    invalid(
        &mut raw,
        &pack(&json!({"cmd": "addNodes", "nodes": [{"name": "x"}]})),
        "missing field `id`",
    );
    invalid(
        &mut raw,
        &pack(&json!({"cmd": "addEdges", "edges": [{"src": "x"}]})),
        "missing field `dst`",
    );
    invalid(
        &mut raw,
        &pack(
            &json!({"cmd": "commitBatch", "changedFiles": [], "nodes": [], "edges": [], "tags": {}}),
        ),
        "",
    );
    // A truncated value.
    let mut cut = pack(&json!({"cmd": "getNode", "id": "12345"}));
    cut.truncate(cut.len() - 2);
    invalid(&mut raw, &cut, "");
    // Nested far deeper than anything of the protocol.
    let mut deep = map(&[(&text("cmd"), &text("ping")), (&text("x"), b"")]);
    deep.extend(std::iter::repeat_n(0x91, 100_000));
    deep.push(0xc0);
    invalid(&mut raw, &deep, "");
}

#[test]
fn a_readable_request_id_comes_back_even_with_an_error() {
    let server = TestServer::start();
    let mut raw = server.connect();
    let answer = raw.call(json!({"cmd": "nonsense", "requestId": "r5"}));
    assert_eq!(answer["requestId"], "r5");
    let answer = raw.call(json!({"cmd": "ping", "requestId": "any text ü"}));
    assert_eq!(answer["requestId"], "any text ü");
    assert!(raw.call(json!({"cmd": "ping"})).get("requestId").is_none());
    assert!(
        raw.call(json!({"cmd": "ping", "requestId": null}))
            .get("requestId")
            .is_none()
    );
}

#[test]
fn the_lenient_cases() {
    let server = TestServer::start();
    let mut raw = server.connect();
    // Bytes behind the value.
    let mut trailing = pack(&json!({"cmd": "ping"}));
    trailing.extend_from_slice(b"whatever");
    raw.send_bytes(&trailing);
    assert_eq!(raw.receive()["pong"], true);
    // `cmd` not first, unknown keys.
    raw.send_bytes(&map(&[
        (&text("unknown"), &pack(&json!({"a": [1, {"b": null}]}))),
        (&text("cmd"), &text("ping")),
    ]));
    assert_eq!(raw.receive()["pong"], true);
    // `bin` where a string is meant, as key and as value.
    raw.send_bytes(&map(&[
        (&bin("cmd"), &bin("addNodes")),
        (
            &bin("nodes"),
            &[
                &[0x91][..],
                &map(&[
                    (&bin("id"), &bin("bin-node")),
                    (&text("name"), &bin("näme")),
                    (&text("unknown"), b"\xc0"),
                ]),
            ]
            .concat(),
        ),
    ]));
    assert_eq!(raw.receive()["ok"], true);
    raw.send_bytes(&map(&[
        (&text("cmd"), &text("getNode")),
        (&text("id"), &bin("bin-node")),
    ]));
    assert_eq!(raw.receive()["node"]["name"], "näme");
    raw.send_bytes(&map(&[
        (&text("cmd"), &text("getNode")),
        (&text("id"), b"\xc4\x02\xff\xfe"),
    ]));
    assert_eq!(raw.receive()["code"], "INVALID_REQUEST");
    // nil where a default exists.
    raw.ok(json!({"cmd": "addNodes", "nodes": [{"id": "n", "exported": null, "metadata": null, "name": null}]}));
    raw.ok(json!({"cmd": "neighbors", "id": "n", "edgeTypes": null}));
    raw.ok(json!({"cmd": "reachability", "startIds": ["n"], "maxDepth": 1, "edgeTypes": [], "backward": null}));
    raw.ok(json!({"cmd": "commitBatch", "changedFiles": null, "nodes": null, "edges": null, "tags": null,
        "deferIndex": null, "protectedTypes": null, "fileContext": null}));
}

#[test]
fn responses_are_maps_and_absent_values_are_left_out() {
    let server = TestServer::start();
    let mut raw = server.connect();
    raw.send(&json!({"cmd": "nodeExists", "id": "x", "requestId": "r0"}));
    // {requestId: "r0", value: false}, written out.
    let expected = [
        &[0x82][..],
        &text("requestId"),
        &text("r0"),
        &text("value"),
        &[0xc2],
    ]
    .concat();
    assert_eq!(raw.receive_bytes().unwrap(), expected);
    raw.ok(json!({"cmd": "addNodes", "nodes": [{"id": "7"}]}));
    let node = &raw.ok(json!({"cmd": "getNode", "id": "7"}))["node"];
    assert_eq!(
        *node,
        json!({"id": "7", "semanticId": "UNKNOWN:@", "nodeType": "UNKNOWN", "name": "", "file": "", "exported": false})
    );
    assert!(raw.ok(json!({"cmd": "getNode", "id": "8"}))["node"].is_null());
}

#[test]
fn pipelined_answers_keep_the_order_of_the_requests() {
    let server = TestServer::start();
    let mut raw = server.connect();
    let commands = [
        "ping",
        "listDatabases",
        "nodeCount",
        "getAllEdges",
        "flush",
        "currentDatabase",
    ];
    let mut bytes = Vec::new();
    for index in 0..3000 {
        let request =
            json!({"cmd": commands[index % commands.len()], "requestId": format!("r{index}")});
        bytes.extend(framed(&pack(&request)));
    }
    let mut writer = raw.stream.try_clone().unwrap();
    let sender = std::thread::spawn(move || writer.write_all(&bytes).unwrap());
    for index in 0..3000 {
        assert_eq!(raw.receive()["requestId"], format!("r{index}"));
    }
    sender.join().unwrap();
}

#[test]
fn frames_may_come_byte_by_byte() {
    let server = TestServer::start();
    let mut raw = server.connect();
    for byte in framed(&pack(&json!({"cmd": "ping"}))) {
        raw.stream.write_all(&[byte]).unwrap();
        raw.stream.flush().unwrap();
    }
    assert_eq!(raw.receive()["pong"], true);
}

#[test]
fn a_half_closed_connection_gets_its_answers() {
    let server = TestServer::start();
    let mut raw = server.connect();
    raw.send(&json!({"cmd": "nodeCount"}));
    raw.send(&json!({"cmd": "ping"}));
    raw.stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(raw.receive()["count"], 0);
    assert_eq!(raw.receive()["pong"], true);
    assert!(raw.is_closed());
}

#[test]
fn a_frame_over_the_limit_is_refused_with_a_code() {
    let server = TestServer::start_with(&["--max-frame-bytes", "1000"]);
    let mut raw = server.connect();
    let padding = |bytes: usize| json!({"cmd": "ping", "padding": "x".repeat(bytes)});
    let exact = padding(1000 - pack(&padding(500)).len() + 500);
    assert_eq!(pack(&exact).len(), 1000);
    assert_eq!(raw.call(exact)["pong"], true);
    raw.stream.write_all(&1001_u32.to_be_bytes()).unwrap();
    assert_eq!(raw.receive()["code"], "FRAME_TOO_LARGE");
    assert!(raw.is_closed());
    // Without the option it is 100 MiB, inclusive; nothing is allocated for what is only announced.
    let server = TestServer::start();
    let mut raw = server.connect();
    raw.stream
        .write_all(&104_857_601_u32.to_be_bytes())
        .unwrap();
    assert_eq!(raw.receive()["code"], "FRAME_TOO_LARGE");
    let mut raw = server.connect();
    raw.stream
        .write_all(&104_857_600_u32.to_be_bytes())
        .unwrap();
    drop(raw);
    assert_eq!(server.connect().call(json!({"cmd": "ping"}))["pong"], true);
}

#[test]
fn a_frame_that_rests_half_sent_is_refused_with_a_code() {
    let server = TestServer::start_with(&["--frame-pause-ms", "50"]);
    let mut raw = server.connect();
    raw.stream.write_all(&[0, 0, 0, 10, 1, 2]).unwrap();
    assert_eq!(raw.receive()["code"], "FRAME_TIMEOUT");
    assert!(raw.is_closed());
    // Resting between frames is fine.
    let mut raw = server.connect();
    std::thread::sleep(std::time::Duration::from_millis(150));
    assert_eq!(raw.call(json!({"cmd": "ping"}))["pong"], true);
}

fn answers_ping(raw: &mut Raw) -> bool {
    raw.stream
        .write_all(&framed(&pack(&json!({"cmd": "ping"}))))
        .is_ok()
        && raw.receive_bytes().is_some_and(|bytes| {
            rmp_serde::from_slice::<serde_json::Value>(&bytes).unwrap()["pong"] == true
        })
}

#[test]
fn a_connection_over_the_limit_is_refused_with_a_code() {
    let server = TestServer::start_with(&["--max-connections", "2"]);
    // The connection that found out that the server is ready may not have left yet.
    let mut place = || loop {
        let mut raw = server.connect();
        if answers_ping(&mut raw) {
            return raw;
        }
    };
    let (first, mut second) = (place(), place());
    let mut third = server.connect();
    assert_eq!(third.receive()["code"], "TOO_MANY_CONNECTIONS");
    assert!(third.is_closed());
    drop(first);
    crate::support::wait_until("a place is free", || answers_ping(&mut server.connect()));
    second.ok(json!({"cmd": "ping"}));
}

#[test]
fn an_answer_over_the_limit_is_refused_with_a_code() {
    let server = TestServer::start_with(&["--max-result-bytes", "5000"]);
    let mut raw = server.connect();
    let nodes: Vec<_> = (0..2000)
        .map(|id| json!({"id": id.to_string(), "nodeType": "T"}))
        .collect();
    raw.ok(json!({"cmd": "addNodes", "nodes": nodes}));
    for request in [
        json!({"cmd": "queryNodes", "query": {}, "requestId": "r1"}),
        json!({"cmd": "findByType", "nodeType": "T", "requestId": "r1"}),
    ] {
        let answer = raw.call(request);
        assert_eq!(answer["code"], "RESULT_TOO_LARGE");
        assert_eq!(answer["requestId"], "r1");
    }
    assert_eq!(raw.ok(json!({"cmd": "nodeCount"}))["count"], 2000);
}

#[test]
fn a_client_that_does_not_read_harms_nobody() {
    let server = TestServer::start();
    let mut writer = server.connect();
    let nodes: Vec<_> = (0..5000)
        .map(|id| json!({"id": id.to_string(), "name": "a name of some length"}))
        .collect();
    writer.ok(json!({"cmd": "addNodes", "nodes": nodes}));
    let mut deaf = server.connect();
    for _ in 0..50 {
        deaf.send(&json!({"cmd": "queryNodes", "query": {}}));
    }
    for id in 0..200 {
        assert!(!writer.ok(json!({"cmd": "getNode", "id": id.to_string()}))["node"].is_null());
        writer.ok(json!({"cmd": "addNodes", "nodes": [{"id": format!("new {id}")}]}));
    }
    // It gets its answers when it wants them, each of one moment.
    for _ in 0..50 {
        let count = deaf.receive()["nodes"].as_array().unwrap().len();
        assert!((5000..=5200).contains(&count));
    }
}

#[test]
fn a_slow_client_is_cut_off_in_the_end() {
    let server = TestServer::start_with(&["--write-timeout-ms", "100"]);
    let mut raw = server.connect();
    let nodes: Vec<_> = (0..20000)
        .map(|id| json!({"id": id.to_string(), "name": "x".repeat(50)}))
        .collect();
    raw.ok(json!({"cmd": "addNodes", "nodes": nodes}));
    raw.send(&json!({"cmd": "queryNodes", "query": {}}));
    let mut other = server.connect();
    crate::support::wait_until("only the other connection is left", || {
        other.ok(json!({"cmd": "listDatabases"}))["databases"][0]["connectionCount"] == 1
    });
}
