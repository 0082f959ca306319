//! Commands that read: their fields and answers.

use crate::support::{Raw, TestServer, Value, edge_texts, json, sorted};

/// The id of a text as the wire shows it.
fn id(text: &str) -> String {
    rfdb_protocol::parse_id(text).to_string()
}

/// A small graph: `a` calls `b` and `c`, `b` calls `c` and reads `v`, `c` calls itself, and `c` points to nothing known.
fn graph(server: &TestServer) -> Raw {
    let mut raw = server.connect();
    raw.ok(json!({"cmd": "addNodes", "nodes": [
        {"id": "a", "semanticId": "a", "nodeType": "FUNCTION", "name": "alpha", "file": "src/a.js", "exported": true,
            "metadata": "{\"async\":true,\"line\":3,\"kind\":\"arrow\",\"nested\":{\"x\":[1]},\"ratio\":0.5}"},
        {"id": "b", "semanticId": "b", "nodeType": "FUNCTION", "name": "beta", "file": "src/b.js"},
        {"id": "c", "semanticId": "c", "nodeType": "METHOD", "name": "", "file": ""},
        {"id": "v", "semanticId": "v", "nodeType": "http:route", "name": "GET /", "file": "src/b.js", "metadata": "{}"},
    ]}));
    raw.ok(json!({"cmd": "addEdges", "edges": [
        {"src": "a", "dst": "b", "edgeType": "CALLS", "metadata": "{\"line\":1}"},
        {"src": "a", "dst": "c", "edgeType": "CALLS"},
        {"src": "b", "dst": "c", "edgeType": "CALLS", "metadata": "{}"},
        {"src": "b", "dst": "v", "edgeType": "READS"},
        {"src": "c", "dst": "c", "edgeType": "CALLS"},
        {"src": "c", "dst": "nowhere"},
    ], "skipValidation": true}));
    raw
}

fn ids(texts: &[&str]) -> Vec<String> {
    let mut ids: Vec<_> = texts.iter().map(|text| id(text)).collect();
    ids.sort();
    ids
}

#[test]
fn ids_may_be_decimal_or_semantic() {
    let server = TestServer::start();
    let mut raw = graph(&server);
    let node = raw.ok(json!({"cmd": "getNode", "id": "a"}))["node"].clone();
    assert_eq!(node["id"], "216574666740290548698916528555046172183");
    assert_eq!(
        raw.ok(json!({"cmd": "getNode", "id": node["id"]}))["node"],
        node
    );
    // `semanticId` decides, and `id` is ignored beside it.
    raw.ok(json!({"cmd": "addNodes", "nodes": [{"id": "ignored", "semanticId": "sid-a"}]}));
    assert_eq!(
        raw.ok(json!({"cmd": "getNode", "id": "sid-a"}))["node"]["id"],
        "212248148304510490804459264110114191706"
    );
    assert_eq!(
        raw.ok(json!({"cmd": "nodeExists", "id": "ignored"}))["value"],
        false
    );
    raw.ok(json!({"cmd": "addNodes", "nodes": [{"id": "042"}]}));
    assert_eq!(
        raw.ok(json!({"cmd": "nodeExists", "id": "+42"}))["value"],
        true
    );
    assert_eq!(
        raw.ok(json!({"cmd": "nodeExists", "id": " 42"}))["value"],
        false
    );
    raw.ok(json!({"cmd": "addNodes", "nodes": [{"id": "nul \u{0} ü"}]}));
    assert_eq!(
        raw.ok(json!({"cmd": "nodeExists", "id": "nul \u{0} ü"}))["value"],
        true
    );
}

#[test]
fn nodes_have_all_their_fields() {
    let server = TestServer::start();
    let mut raw = graph(&server);
    let node = raw.ok(json!({"cmd": "getNode", "id": "a"}))["node"].clone();
    let metadata: Value = serde_json::from_str(node["metadata"].as_str().unwrap()).unwrap();
    assert_eq!(
        metadata,
        json!({"async": true, "line": 3, "kind": "arrow", "nested": {"x": [1]}, "ratio": 0.5})
    );
    assert_eq!(node["semanticId"], "a");
    assert_eq!(node["exported"], true);
    // Empty metadata is left out, and `{}` counts as empty.
    assert!(
        raw.ok(json!({"cmd": "getNode", "id": "v"}))["node"]
            .get("metadata")
            .is_none()
    );
    assert_eq!(
        raw.ok(json!({"cmd": "getNodeIdentifier", "id": "a"}))["identifier"],
        "alpha"
    );
    assert_eq!(
        raw.ok(json!({"cmd": "getNodeIdentifier", "id": "c"}))["identifier"],
        ""
    );
    assert_eq!(
        raw.ok(json!({"cmd": "getNodeIdentifier", "id": "nowhere"})),
        json!({"identifier": null})
    );
    assert_eq!(
        raw.ok(json!({"cmd": "isEndpoint", "id": "v"}))["value"],
        true
    );
    assert_eq!(
        raw.ok(json!({"cmd": "isEndpoint", "id": "a"}))["value"],
        false
    );
    assert_eq!(
        raw.ok(json!({"cmd": "isEndpoint", "id": "nowhere"}))["value"],
        false
    );
}

#[test]
fn types_may_be_prefixes() {
    let server = TestServer::start();
    let mut raw = graph(&server);
    for (pattern, expected) in [
        ("FUNCTION", &["a", "b"][..]),
        ("FUN*", &["a", "b"]),
        ("FUN***", &["a", "b"]),
        ("http:*", &["v"]),
        ("*", &["a", "b", "c", "v"]),
        ("function", &[]),
        ("FUN", &[]),
        ("F*N", &[]),
    ] {
        assert_eq!(
            sorted(&raw.ok(json!({"cmd": "findByType", "nodeType": pattern}))["ids"]),
            ids(expected),
            "{pattern}"
        );
        assert_eq!(
            sorted(&raw.ok(json!({"cmd": "findByAttr", "query": {"nodeType": pattern}}))["ids"]),
            ids(expected)
        );
    }
}

#[test]
fn conditions_are_all_to_hold() {
    let server = TestServer::start();
    let mut raw = graph(&server);
    for (query, expected) in [
        (json!({}), &["a", "b", "c", "v"][..]),
        (json!({"name": "alpha"}), &["a"]),
        (json!({"name": "alph"}), &[]),
        (json!({"name": ""}), &["c"]),
        (json!({"file": "src/b.js"}), &["b", "v"]),
        (json!({"file": "src/b.js", "nodeType": "FUNCTION"}), &["b"]),
        (json!({"exported": true}), &["a"]),
        (json!({"exported": false, "nodeType": "FUNCTION"}), &["b"]),
        (
            json!({"exported": null, "name": null, "nodeType": null, "file": null}),
            &["a", "b", "c", "v"],
        ),
        // Metadata, compared as text.
        (json!({"line": 3}), &["a"]),
        (json!({"line": "3"}), &["a"]),
        (json!({"async": true}), &["a"]),
        (json!({"async": "true"}), &["a"]),
        (json!({"ratio": 0.5}), &["a"]),
        (json!({"kind": "arrow", "name": "alpha"}), &["a"]),
        (json!({"kind": "arrow", "name": "beta"}), &[]),
        (json!({"type": "FUNCTION"}), &[]),
        // No filters.
        (
            json!({"kind": null, "line": [1], "x": {"y": 1}, "name": "alpha"}),
            &["a"],
        ),
        // Parts.
        (json!({"substringMatch": true, "name": "lph"}), &["a"]),
        (
            json!({"substringMatch": true, "name": "", "file": "src/"}),
            &["a", "b", "v"],
        ),
        (
            json!({"substringMatch": true, "name": "et", "file": "b.j"}),
            &["b"],
        ),
        (json!({"substringMatch": null, "name": "beta"}), &["b"]),
    ] {
        let by_attr = raw.ok(json!({"cmd": "findByAttr", "query": query}));
        assert_eq!(sorted(&by_attr["ids"]), ids(expected), "{query}");
        let nodes = raw.ok(json!({"cmd": "queryNodes", "query": query}))["nodes"].clone();
        let mut found: Vec<_> = nodes
            .as_array()
            .unwrap()
            .iter()
            .map(|node| node["id"].as_str().unwrap().to_owned())
            .collect();
        found.sort();
        assert_eq!(found, ids(expected), "{query}");
    }
    assert_eq!(
        raw.fails(json!({"cmd": "findByAttr", "query": []})).0,
        "INVALID_REQUEST"
    );
    assert_eq!(
        raw.fails(json!({"cmd": "findByAttr", "query": {"name": 3}}))
            .0,
        "INVALID_REQUEST"
    );
}

#[test]
fn edges_of_a_node() {
    let server = TestServer::start();
    let mut raw = graph(&server);
    let edge = |src: &str, name: &str, dst: &str| format!("{} {name} {}", id(src), id(dst));
    let out_of_b = {
        let mut edges = [edge("b", "CALLS", "c"), edge("b", "READS", "v")];
        edges.sort();
        edges
    };
    for types in [json!(null), json!(["CALLS", "READS"])] {
        let answer = raw.ok(json!({"cmd": "getOutgoingEdges", "id": "b", "edgeTypes": types}));
        assert_eq!(edge_texts(&answer), out_of_b);
    }
    assert_eq!(
        edge_texts(&raw.ok(json!({"cmd": "getOutgoingEdges", "id": "b"}))),
        out_of_b
    );
    // Types match exactly, and an empty list means none.
    for types in [json!([]), json!(["CALL*"]), json!(["*"]), json!(["calls"])] {
        for command in ["getOutgoingEdges", "getIncomingEdges"] {
            let answer = raw.ok(json!({"cmd": command, "id": "c", "edgeTypes": types}));
            assert!(edge_texts(&answer).is_empty(), "{command} {types}");
        }
        let answer = raw
            .ok(json!({"cmd": "queryEdges", "id": "c", "direction": "both", "edgeTypes": types}));
        assert!(edge_texts(&answer).is_empty());
    }
    let answer = raw.ok(json!({"cmd": "getIncomingEdges", "id": "c", "edgeTypes": ["CALLS"]}));
    assert_eq!(answer["edges"].as_array().unwrap().len(), 3);
    // Metadata comes as it was sent, and not at all when there is none.
    let answer = raw.ok(json!({"cmd": "getOutgoingEdges", "id": "a"}));
    for edge in answer["edges"].as_array().unwrap() {
        let expected = if edge["dst"] == id("b").as_str() {
            json!("{\"line\":1}")
        } else {
            Value::Null
        };
        assert_eq!(edge.get("metadata").cloned().unwrap_or_default(), expected);
    }
    let answer = raw.ok(json!({"cmd": "getOutgoingEdges", "id": "b", "edgeTypes": ["CALLS"]}));
    assert_eq!(answer["edges"][0]["metadata"], "{}");
    // The type of an edge without one.
    let answer = raw.ok(json!({"cmd": "getIncomingEdges", "id": "nowhere"}));
    assert_eq!(edge_texts(&answer), [edge("c", "UNKNOWN", "nowhere")]);

    let count = |raw: &mut Raw, direction: &str, limit: Value| {
        let answer =
            raw.ok(json!({"cmd": "queryEdges", "id": "c", "direction": direction, "limit": limit}));
        answer["edges"].as_array().unwrap().len()
    };
    assert_eq!(count(&mut raw, "outgoing", json!(null)), 2);
    assert_eq!(count(&mut raw, "incoming", json!(null)), 3);
    assert_eq!(count(&mut raw, "both", json!(null)), 5);
    assert_eq!(count(&mut raw, "sideways", json!(null)), 5);
    assert_eq!(count(&mut raw, "both", json!(1)), 1);
    assert_eq!(count(&mut raw, "both", json!(0)), 0);
    assert_eq!(
        raw.ok(json!({"cmd": "getAllEdges"}))["edges"]
            .as_array()
            .unwrap()
            .len(),
        6
    );
}

#[test]
fn version_3_shows_ends_of_edges_by_semantic_id() {
    let server = TestServer::start();
    let mut raw = graph(&server);
    raw.ok(json!({"cmd": "hello", "protocolVersion": 3}));
    let expected = [
        "a CALLS b".to_owned(),
        "a CALLS c".to_owned(),
        "b CALLS c".to_owned(),
        "b READS v".to_owned(),
        "c CALLS c".to_owned(),
        // No such node: its number.
        format!("c UNKNOWN {}", id("nowhere")),
    ];
    assert_eq!(edge_texts(&raw.ok(json!({"cmd": "getAllEdges"}))), expected);
    assert_eq!(
        edge_texts(&raw.ok(json!({"cmd": "getOutgoingEdges", "id": "a"}))),
        expected[..2]
    );
    assert_eq!(
        edge_texts(&raw.ok(json!({"cmd": "getIncomingEdges", "id": "b"}))),
        expected[..1]
    );
    // Always numbers here.
    let answer = raw.ok(json!({"cmd": "queryEdges", "id": "b", "direction": "incoming"}));
    assert_eq!(
        edge_texts(&answer),
        [format!("{} CALLS {}", id("a"), id("b"))]
    );
    assert_eq!(
        raw.ok(json!({"cmd": "neighbors", "id": "b", "edgeTypes": ["READS"]}))["ids"],
        json!([id("v")])
    );
    // A session may ask for numbers everywhere.
    raw.ok(json!({"cmd": "hello", "protocolVersion": 3, "decimalEdges": true}));
    let answer = raw.ok(json!({"cmd": "getIncomingEdges", "id": "b"}));
    assert_eq!(
        edge_texts(&answer),
        [format!("{} CALLS {}", id("a"), id("b"))]
    );
    raw.ok(json!({"cmd": "hello", "protocolVersion": 2}));
    assert_eq!(
        edge_texts(&raw.ok(json!({"cmd": "getIncomingEdges", "id": "b"}))),
        [format!("{} CALLS {}", id("a"), id("b"))]
    );
}

#[test]
fn traversals() {
    let server = TestServer::start();
    let mut raw = graph(&server);
    let mut run = |command: &str, start: &[&str], depth: u32, types: Value, backward: bool| {
        let answer = raw.ok(json!({"cmd": command, "startIds": start, "maxDepth": depth, "edgeTypes": types, "backward": backward}));
        sorted(&answer["ids"])
    };
    for command in ["bfs", "dfs", "reachability"] {
        assert_eq!(run(command, &["a"], 0, json!([]), false), ids(&["a"]));
        assert_eq!(
            run(command, &["a"], 1, json!([]), false),
            ids(&["a", "b", "c"])
        );
        assert_eq!(
            run(command, &["a"], 9, json!([]), false),
            ids(&["a", "b", "c", "v", "nowhere"])
        );
        assert_eq!(
            run(command, &["a"], 9, json!(["CALLS"]), false),
            ids(&["a", "b", "c"])
        );
        assert_eq!(
            run(command, &["a"], 9, json!(["CALL*"]), false),
            ids(&["a"])
        );
        assert_eq!(
            run(command, &["a", "unknown", "a"], 0, json!([]), false),
            ids(&["a", "unknown"])
        );
        assert!(run(command, &[], 5, json!([]), false).is_empty());
    }
    assert_eq!(
        run("reachability", &["v"], 9, json!(["READS", "CALLS"]), true),
        ids(&["v", "b", "a"])
    );
    assert_eq!(
        run("reachability", &["nowhere"], 1, json!([]), true),
        ids(&["nowhere", "c"])
    );
    let visited = raw.ok(json!({"cmd": "bfs", "startIds": ["a"], "maxDepth": 9, "edgeTypes": []}))
        ["ids"]
        .clone();
    assert_eq!(visited[0], id("a"), "the start comes first");

    // One id per edge: two types to the same node give it twice.
    raw.ok(json!({"cmd": "addEdges", "edges": [{"src": "a", "dst": "b", "edgeType": "READS"}]}));
    assert_eq!(
        sorted(&raw.ok(json!({"cmd": "neighbors", "id": "a", "edgeTypes": []}))["ids"]),
        ids(&["b", "b", "c"])
    );
    assert_eq!(
        sorted(&raw.ok(json!({"cmd": "neighbors", "id": "c", "edgeTypes": []}))["ids"]),
        ids(&["c", "nowhere"])
    );
    let files = |raw: &mut Raw, types: Value| {
        raw.ok(json!({"cmd": "findDependentFiles", "id": "c", "edgeTypes": types}))["files"].clone()
    };
    assert_eq!(
        files(&mut raw, json!(null)),
        json!(["", "src/a.js", "src/b.js"])
    );
    assert_eq!(files(&mut raw, json!([])), json!([]));
    assert_eq!(files(&mut raw, json!(["READS"])), json!([]));
}

#[test]
fn counts_are_exact() {
    let server = TestServer::start();
    let mut raw = graph(&server);
    assert_eq!(raw.ok(json!({"cmd": "nodeCount"})), json!({"count": 4}));
    assert_eq!(raw.ok(json!({"cmd": "edgeCount"})), json!({"count": 6}));
    assert_eq!(
        raw.ok(json!({"cmd": "countNodesByType"})),
        json!({"counts": {"FUNCTION": 2, "METHOD": 1, "http:route": 1}})
    );
    assert_eq!(
        raw.ok(json!({"cmd": "countNodesByType", "types": ["http:*", "METHOD", "none"]}))["counts"],
        json!({"METHOD": 1, "http:route": 1})
    );
    assert_eq!(
        raw.ok(json!({"cmd": "countNodesByType", "types": []}))["counts"],
        json!({})
    );
    assert_eq!(
        raw.ok(json!({"cmd": "countEdgesByType", "edgeTypes": null}))["counts"],
        json!({"CALLS": 4, "READS": 1, "UNKNOWN": 1})
    );
    assert_eq!(
        raw.ok(json!({"cmd": "countEdgesByType", "edgeTypes": ["CALL*"]}))["counts"],
        json!({"CALLS": 4})
    );
    assert_eq!(
        raw.ok(json!({"cmd": "countEdgesByType", "edgeTypes": []}))["counts"],
        json!({})
    );
    let opened = raw.ok(json!({"cmd": "openDatabase", "name": "default"}));
    assert_eq!(
        (&opened["nodeCount"], &opened["edgeCount"]),
        (&json!(4), &json!(6))
    );
}

#[test]
fn stats_have_all_fields() {
    let server = TestServer::start();
    let mut raw = graph(&server);
    let stats = raw.ok(json!({"cmd": "getStats"}));
    assert_eq!(stats["nodeCount"], 4);
    assert_eq!(stats["edgeCount"], 6);
    assert!(stats["memoryPercent"].as_f64().unwrap() > 0.0);
    assert_eq!(stats["queryCount"], 0);
    assert_eq!(stats["uptimeSecs"], 0);
    for key in [
        "deltaSize",
        "slowQueryCount",
        "queryP50Ms",
        "queryP95Ms",
        "queryP99Ms",
        "flushCount",
        "lastFlushMs",
        "lastFlushNodes",
        "lastFlushEdges",
        "timedOutCount",
        "cancelledCount",
    ] {
        assert!(stats[key].is_u64(), "{key}");
    }
    assert_eq!(stats["topSlowQueries"], json!([]));
    assert_eq!(stats["shardDiagnostics"], json!([]));

    let server = TestServer::start_with(&["--metrics"]);
    let mut raw = server.connect();
    raw.ok(json!({"cmd": "nodeCount"}));
    raw.ok(json!({"cmd": "nodeCount"}));
    assert_eq!(
        raw.ok(json!({"cmd": "getStats", "requestId": "r1"}))["queryCount"],
        2
    );
}

#[test]
fn many_ids_at_once_and_pages() {
    let server = TestServer::start();
    let mut raw = graph(&server);
    let nodes = raw.ok(json!({"cmd": "getNodes", "ids": ["b", "nowhere", "a"]}))["nodes"].clone();
    assert_eq!(
        (
            &nodes[0]["name"],
            &nodes[1]["name"],
            nodes.as_array().unwrap().len()
        ),
        (&json!("beta"), &json!("alpha"), 2)
    );
    let answer = raw.ok(json!({"cmd": "getEdges", "ids": ["b", "a"], "direction": "outgoing", "edgeTypes": ["CALLS"]}));
    let sources: Vec<_> = answer["edges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|edge| edge["src"].clone())
        .collect();
    assert_eq!(sources, [json!(id("b")), json!(id("a")), json!(id("a"))]);

    for (command, key, total) in [("scanNodes", "nodes", 4), ("scanEdges", "edges", 6)] {
        for limit in [1, 2, 3, 4, 6, 100] {
            let mut rows = Vec::new();
            let mut cursor = Value::Null;
            let mut pages = 0;
            loop {
                let page = raw.ok(json!({"cmd": command, "limit": limit, "cursor": cursor}));
                rows.extend(page[key].as_array().unwrap().iter().cloned());
                pages += 1;
                // All pages are of one moment, whatever is written in between.
                raw.ok(
                    json!({"cmd": "addNodes", "nodes": [{"id": format!("later {limit} {pages}")}]}),
                );
                cursor = page["cursor"].clone();
                if cursor.is_null() {
                    break;
                }
            }
            if command == "scanEdges" || limit == 1 {
                assert_eq!(rows.len(), total, "{command} {limit}");
                assert_eq!(pages, total.div_ceil(limit));
            }
        }
    }
    let page = raw.ok(json!({"cmd": "scanNodes", "limit": 1}));
    for cursor in [json!("nonsense"), json!("1.1"), json!("9999.1")] {
        assert_eq!(
            raw.fails(json!({"cmd": "scanNodes", "limit": 1, "cursor": cursor}))
                .0,
            "INVALID_CURSOR"
        );
    }
    assert_eq!(
        raw.fails(json!({"cmd": "scanEdges", "limit": 1, "cursor": page["cursor"]}))
            .0,
        "INVALID_CURSOR"
    );
    // Another session's cursor means nothing here.
    assert_eq!(
        server
            .connect()
            .fails(json!({"cmd": "scanNodes", "limit": 1, "cursor": page["cursor"]}))
            .0,
        "INVALID_CURSOR"
    );
    // A few scans at once; the oldest gives way.
    for _ in 0..4 {
        raw.ok(json!({"cmd": "scanNodes", "limit": 1}));
    }
    assert_eq!(
        raw.fails(json!({"cmd": "scanNodes", "limit": 1, "cursor": page["cursor"]}))
            .0,
        "INVALID_CURSOR"
    );
}

#[test]
fn what_this_server_does_not_offer_says_so() {
    let server = TestServer::start();
    let mut raw = server.connect();
    assert_eq!(
        raw.fails(json!({"cmd": "cypherQuery", "query": "MATCH (n) RETURN n", "explain": false}))
            .0,
        "NOT_SUPPORTED"
    );
    assert_eq!(
        raw.ok(json!({"cmd": "datalogClearRules"})),
        json!({"ok": true})
    );
    // Whether or not the query language is there, cancelling what is not running is fine.
    assert_eq!(
        raw.ok(json!({"cmd": "cancelQuery", "requestId": "r77"}))["ok"],
        true
    );
    assert_eq!(
        raw.ok(json!({"cmd": "cancelQuery", "requestId": "r78", "target": "r1"}))["requestId"],
        "r78"
    );
    assert_eq!(
        raw.fails(json!({"cmd": "getAllNodes"})).0,
        "INVALID_REQUEST"
    );
}
