//! Commands that write, and what the old servers got wrong about them.

use crate::support::{Raw, TestServer, Value, edge_texts, json, sorted};

fn node(id: &str, file: &str) -> Value {
    json!({"id": id, "semanticId": id, "nodeType": "FUNCTION", "name": id, "file": file})
}

fn edge(src: &str, dst: &str) -> Value {
    json!({"src": src, "dst": dst, "edgeType": "CALLS"})
}

fn commit(raw: &mut Raw, files: &[&str], nodes: &[Value], edges: &[Value]) -> Value {
    raw.ok(json!({"cmd": "commitBatch", "changedFiles": files, "nodes": nodes, "edges": edges}))["delta"].clone()
}

/// All names, and all edges by the names of their ends.
fn graph(raw: &mut Raw) -> (Vec<String>, Vec<String>) {
    raw.ok(json!({"cmd": "hello", "protocolVersion": 3, "clientId": "grafema-orchestrator"}));
    let nodes = raw.ok(json!({"cmd": "queryNodes", "query": {}}))["nodes"].clone();
    let mut names: Vec<_> = nodes
        .as_array()
        .unwrap()
        .iter()
        .map(|node| node["semanticId"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    let edges = edge_texts(&raw.ok(json!({"cmd": "getAllEdges"})));
    assert_eq!(raw.ok(json!({"cmd": "nodeCount"}))["count"], names.len());
    assert_eq!(raw.ok(json!({"cmd": "edgeCount"}))["count"], edges.len());
    (names, edges)
}

#[test]
fn adding_is_replacing() {
    let server = TestServer::start();
    let mut raw = server.connect();
    raw.ok(json!({"cmd": "addNodes", "nodes": [node("a", "x.js"), node("b", "x.js")]}));
    raw.ok(json!({"cmd": "addEdges", "edges": [edge("a", "b")]}));
    // The whole record; its edges stay, and it is found under its new file only.
    raw.ok(json!({"cmd": "addNodes", "nodes": [
        {"id": "a", "semanticId": "a", "nodeType": "CLASS", "name": "other", "file": "dir/y.js", "exported": true, "metadata": "{\"k\":1}"}
    ]}));
    let stored = raw.ok(json!({"cmd": "getNode", "id": "a"}))["node"].clone();
    assert_eq!(stored["nodeType"], "CLASS");
    assert_eq!(stored["exported"], true);
    assert_eq!(
        graph(&mut raw),
        (vec!["a".into(), "b".into()], vec!["a CALLS b".into()])
    );
    assert_eq!(
        sorted(&raw.ok(json!({"cmd": "findByAttr", "query": {"file": "x.js"}}))["ids"]).len(),
        1
    );
    raw.ok(json!({"cmd": "addNodes", "nodes": [node("a", "x.js")]}));
    let stored = raw.ok(json!({"cmd": "getNode", "id": "a"}))["node"].clone();
    assert_eq!(
        (stored.get("metadata"), &stored["exported"]),
        (None, &json!(false))
    );
    // An edge's metadata too, also across a flush.
    raw.ok(json!({"cmd": "flush"}));
    raw.ok(json!({"cmd": "addEdges", "edges": [{"src": "a", "dst": "b", "edgeType": "CALLS", "metadata": "{\"n\":2}"}]}));
    let edges = raw.ok(json!({"cmd": "getOutgoingEdges", "id": "a"}))["edges"].clone();
    assert_eq!(edges.as_array().unwrap().len(), 1);
    assert_eq!(edges[0]["metadata"], "{\"n\":2}");
    let edges = raw.ok(json!({"cmd": "getIncomingEdges", "id": "b"}))["edges"].clone();
    assert_eq!(edges[0]["metadata"], "{\"n\":2}");
}

#[test]
fn deleting_a_node_takes_its_edges() {
    let server = TestServer::start();
    let mut raw = server.connect();
    raw.ok(json!({"cmd": "addNodes", "nodes": [node("a", "x"), node("b", "x"), node("c", "x")]}));
    raw.ok(json!({"cmd": "addEdges", "edges": [edge("a", "b"), edge("b", "c"), edge("a", "c"), edge("b", "b")]}));
    assert_eq!(
        raw.ok(json!({"cmd": "deleteNode", "id": "b"})),
        json!({"ok": true})
    );
    assert_eq!(
        graph(&mut raw),
        (vec!["a".into(), "c".into()], vec!["a CALLS c".into()])
    );
    raw.ok(json!({"cmd": "deleteNode", "id": "unknown"}));
    raw.ok(json!({"cmd": "deleteEdge", "src": "a", "dst": "c", "edgeType": "READS"}));
    assert_eq!(raw.ok(json!({"cmd": "edgeCount"}))["count"], 1);
    raw.ok(json!({"cmd": "deleteEdge", "src": "a", "dst": "c", "edgeType": "CALLS"}));
    assert_eq!(raw.ok(json!({"cmd": "edgeCount"}))["count"], 0);
    assert_eq!(raw.ok(json!({"cmd": "nodeCount"}))["count"], 2);
}

#[test]
fn what_was_deleted_and_flushed_can_come_back_and_stays_deleted_otherwise() {
    let server = TestServer::start();
    let mut raw = server.connect();
    raw.ok(json!({"cmd": "addNodes", "nodes": [node("a", "x"), node("b", "x"), node("c", "x")]}));
    raw.ok(json!({"cmd": "addEdges", "edges": [edge("a", "b"), edge("b", "c")]}));
    raw.ok(json!({"cmd": "flush"}));
    raw.ok(json!({"cmd": "deleteNode", "id": "b"}));
    raw.ok(json!({"cmd": "deleteNode", "id": "c"}));
    raw.ok(json!({"cmd": "flush"}));
    raw.ok(json!({"cmd": "addNodes", "nodes": [node("b", "x")]}));
    assert_eq!(graph(&mut raw), (vec!["a".into(), "b".into()], vec![]));
    raw.ok(json!({"cmd": "addEdges", "edges": [edge("a", "b")]}));
    raw.ok(json!({"cmd": "flush"}));
    let server = server.restart(&[]);
    let mut raw = server.connect();
    assert_eq!(
        graph(&mut raw),
        (vec!["a".into(), "b".into()], vec!["a CALLS b".into()])
    );
    // Compacting changes nothing that can be asked.
    raw.ok(json!({"cmd": "compact"}));
    assert_eq!(
        graph(&mut raw),
        (vec!["a".into(), "b".into()], vec!["a CALLS b".into()])
    );
    assert_eq!(
        raw.ok(json!({"cmd": "findByType", "nodeType": "FUNCTION"}))["ids"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        raw.ok(json!({"cmd": "findByAttr", "query": {"file": "x"}}))["ids"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn clearing_stays_on_disk() {
    let server = TestServer::start();
    let mut raw = server.connect();
    raw.ok(json!({"cmd": "addNodes", "nodes": [node("old", "x")]}));
    raw.ok(json!({"cmd": "flush"}));
    raw.ok(json!({"cmd": "clear"}));
    assert_eq!(raw.ok(json!({"cmd": "nodeCount"}))["count"], 0);
    raw.ok(json!({"cmd": "addNodes", "nodes": [node("new", "x")]}));
    raw.ok(json!({"cmd": "flush"}));
    let server = server.restart(&[]);
    assert_eq!(graph(&mut server.connect()).0, ["new"]);
}

#[test]
fn edges_may_come_before_their_nodes() {
    let server = TestServer::start();
    let mut raw = server.connect();
    raw.ok(json!({"cmd": "addEdges", "edges": [edge("later", "never")]}));
    raw.ok(json!({"cmd": "addNodes", "nodes": [node("later", "x")]}));
    assert_eq!(
        raw.ok(json!({"cmd": "getOutgoingEdges", "id": "later"}))["edges"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        raw.ok(json!({"cmd": "getIncomingEdges", "id": "never"}))["edges"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn a_commit_replaces_the_nodes_of_its_files_with_all_their_edges() {
    let server = TestServer::start();
    let mut raw = server.connect();
    let delta = commit(
        &mut raw,
        &["a.js", "b.js"],
        &[node("a1", "a.js"), node("a2", "a.js"), node("b1", "b.js")],
        &[edge("a1", "a2"), edge("a1", "b1"), edge("b1", "a1")],
    );
    assert_eq!(
        delta,
        json!({"changedFiles": ["a.js", "b.js"], "nodesAdded": 3, "nodesRemoved": 0, "edgesAdded": 3, "edgesRemoved": 0,
            "changedNodeTypes": ["FUNCTION"], "changedEdgeTypes": ["CALLS"]})
    );
    // The same again: everything goes and comes back.
    let delta = commit(
        &mut raw,
        &["a.js"],
        &[node("a1", "a.js"), node("a2", "a.js")],
        &[edge("a1", "a2")],
    );
    assert_eq!(
        (&delta["nodesAdded"], &delta["nodesRemoved"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(
        (&delta["edgesAdded"], &delta["edgesRemoved"]),
        (&json!(1), &json!(3))
    );
    // Edges of other files at the file's nodes are gone unless the batch brings them.
    assert_eq!(
        graph(&mut raw),
        (
            vec!["a1".into(), "a2".into(), "b1".into()],
            vec!["a1 CALLS a2".into()]
        )
    );
    // Nodes that the batch does not bring are gone.
    commit(
        &mut raw,
        &["a.js", "a.js"],
        &[node("a2", "a.js")],
        &[edge("a2", "b1"), edge("gone", "a2")],
    );
    assert_eq!(
        graph(&mut raw),
        (vec!["a2".into(), "b1".into()], {
            let mut edges = vec![
                "a2 CALLS b1".into(),
                format!("{} CALLS a2", rfdb_protocol::hash_id("gone")),
            ];
            edges.sort();
            edges
        })
    );
    // An entity that was away for one commit comes back.
    commit(&mut raw, &["a.js"], &[node("a1", "a.js")], &[]);
    commit(
        &mut raw,
        &["a.js"],
        &[node("a1", "a.js"), node("a2", "a.js")],
        &[edge("a1", "a2")],
    );
    assert_eq!(
        graph(&mut raw),
        (
            vec!["a1".into(), "a2".into(), "b1".into()],
            vec!["a1 CALLS a2".into()]
        )
    );
    // No files: only added.
    commit(&mut raw, &[], &[node("a3", "a.js")], &[edge("a3", "a1")]);
    assert_eq!(graph(&mut raw).0, ["a1", "a2", "a3", "b1"]);
    // A file without nodes: deleted, with what came without files too.
    let delta = commit(&mut raw, &["a.js"], &[], &[]);
    assert_eq!(
        (&delta["nodesRemoved"], &delta["edgesRemoved"]),
        (&json!(3), &json!(2))
    );
    assert_eq!(delta["changedNodeTypes"], json!(["FUNCTION"]));
    assert_eq!(graph(&mut raw), (vec!["b1".into()], vec![]));
}

#[test]
fn a_batch_may_delete_a_node_and_keep_an_edge_to_it() {
    let server = TestServer::start();
    let mut raw = server.connect();
    commit(
        &mut raw,
        &["a.js"],
        &[node("a1", "a.js"), node("a2", "a.js")],
        &[edge("a1", "a2")],
    );
    commit(
        &mut raw,
        &["a.js"],
        &[node("a1", "a.js")],
        &[edge("a1", "a2")],
    );
    assert_eq!(
        graph(&mut raw),
        (
            vec!["a1".into()],
            vec![format!("a1 CALLS {}", rfdb_protocol::hash_id("a2"))]
        )
    );
}

#[test]
fn protected_types_stay_with_their_edges() {
    let server = TestServer::start();
    let mut raw = server.connect();
    let module = json!({"id": "m", "semanticId": "m", "nodeType": "MODULE", "file": "a.js"});
    let other = json!({"id": "o", "semanticId": "o", "nodeType": "MODULE", "file": "b.js"});
    commit(
        &mut raw,
        &[],
        &[module, other, node("f", "a.js")],
        &[edge("m", "o"), edge("m", "f")],
    );
    let answer = raw.ok(json!({"cmd": "commitBatch", "changedFiles": ["a.js"], "nodes": [], "edges": [], "protectedTypes": ["MODULE"]}));
    assert_eq!(
        (
            &answer["delta"]["nodesRemoved"],
            &answer["delta"]["edgesRemoved"]
        ),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        graph(&mut raw),
        (vec!["m".into(), "o".into()], vec!["m CALLS o".into()])
    );
}

#[test]
fn a_context_marks_its_edges_and_replaces_them_as_a_whole() {
    let server = TestServer::start();
    let mut raw = server.connect();
    commit(
        &mut raw,
        &["a.js"],
        &[node("a", "a.js"), node("b", "a.js")],
        &[],
    );
    let mut enrich = |edges: Value| {
        raw.call(json!({"cmd": "commitBatch", "changedFiles": [], "nodes": [], "edges": edges, "fileContext": "__enrichment__/x"}))
    };
    let answer = enrich(json!([
        {"src": "a", "dst": "b", "edgeType": "CALLS", "metadata": "{\"z\":1}"},
        {"src": "unknown", "dst": "b", "edgeType": "CALLS"},
    ]));
    assert_eq!(answer["delta"]["changedFiles"], json!(["__enrichment__/x"]));
    assert_eq!(answer["delta"]["edgesAdded"], 2);
    // Metadata that is no object is refused, and the database lives on.
    let answer = enrich(json!([{"src": "a", "dst": "b", "edgeType": "T", "metadata": "[1]"}]));
    assert_eq!(answer["code"], "INVALID_REQUEST");
    let edges = raw.ok(json!({"cmd": "getOutgoingEdges", "id": "a"}))["edges"].clone();
    assert_eq!(
        edges[0]["metadata"],
        "{\"__file_context\":\"__enrichment__/x\",\"z\":1}"
    );
    let mut enrich = |edges: Value| {
        raw.ok(json!({"cmd": "commitBatch", "changedFiles": [], "nodes": [], "edges": edges, "fileContext": "__enrichment__/x"}))
    };
    enrich(json!([edge("b", "a")]));
    assert_eq!(graph(&mut raw).1, ["b CALLS a"]);
}

#[test]
fn metadata_that_is_no_object_is_refused_and_nothing_changes() {
    let server = TestServer::start();
    let mut raw = server.connect();
    commit(&mut raw, &["a.js"], &[node("a", "a.js")], &[]);
    for metadata in ["[1]", "text", "{", "{} {}", "null"] {
        let mut bad = node("bad", "a.js");
        bad["metadata"] = json!(metadata);
        for request in [
            json!({"cmd": "commitBatch", "changedFiles": ["a.js"], "nodes": [bad], "edges": []}),
            json!({"cmd": "commitBatch", "changedFiles": ["a.js"], "nodes": [], "edges": [{"src": "a", "dst": "a", "metadata": metadata}]}),
        ] {
            let (code, text) = raw.fails(request);
            assert_eq!(code, "INVALID_REQUEST");
            assert!(text.contains("not a JSON object"), "{text}");
        }
    }
    assert_eq!(graph(&mut raw).0, ["a"]);
}

#[test]
fn our_own_commit_replaces_what_its_owner_wrote_and_nothing_else() {
    let server = TestServer::start();
    let mut raw = server.connect();
    let mut own = |owner: Value, nodes: &[Value], edges: &[Value]| {
        // The key is `id`; `changedFiles` is not needed.
        let nodes: Vec<_> = nodes
            .iter()
            .map(|node| {
                let mut node = node.clone();
                node["id"] =
                    json!(rfdb_protocol::hash_id(node["semanticId"].as_str().unwrap()).to_string());
                node
            })
            .collect();
        raw.ok(json!({"cmd": "commitBatch", "owner": owner, "nodes": nodes, "edges": edges}))["delta"].clone()
    };
    own(
        json!({"file": "a.js"}),
        &[node("a", "a.js")],
        &[edge("a", "b")],
    );
    own(
        json!({"file": "b.js", "context": ""}),
        &[node("b", "b.js")],
        &[],
    );
    own(
        json!({"file": "a.js", "context": "enrich"}),
        &[],
        &[edge("b", "a")],
    );
    // Written again without a change: nothing changed, and the caller's edge stays.
    let delta = own(json!({"file": "b.js"}), &[node("b", "b.js")], &[]);
    assert_eq!(
        delta,
        json!({"changedFiles": ["b.js"], "nodesAdded": 0, "nodesRemoved": 0, "edgesAdded": 0, "edgesRemoved": 0,
            "changedNodeTypes": [], "changedEdgeTypes": []})
    );
    // Several owners in one request, each with its share.
    let delta = own(
        json!([{"file": "c.js", "nodes": 1, "edges": 0}, {"file": "a.js", "context": "enrich", "nodes": 0, "edges": 1}]),
        &[node("c", "c.js")],
        &[edge("c", "a")],
    );
    assert_eq!(delta["changedFiles"], json!(["c.js", "a.js"]));
    assert_eq!(
        (
            &delta["nodesAdded"],
            &delta["edgesAdded"],
            &delta["edgesRemoved"]
        ),
        (&json!(1), &json!(1), &json!(1))
    );
    assert_eq!(
        graph(&mut raw),
        (
            vec!["a".into(), "b".into(), "c".into()],
            vec!["a CALLS b".into(), "c CALLS a".into()]
        )
    );
    for owner in [
        json!([{"file": "c.js", "nodes": 2, "edges": 0}]),
        json!([{"file": "c.js", "nodes": 0, "edges": 0}]),
        json!([{"file": "c.js", "nodes": u64::MAX, "edges": 0}]),
        json!(7),
    ] {
        let request = json!({"cmd": "commitBatch", "owner": owner, "nodes": [node("x", "c.js")], "edges": []});
        assert_eq!(raw.fails(request).0, "INVALID_REQUEST");
    }
}

#[test]
fn a_batch_in_parts_is_all_or_nothing() {
    let server = TestServer::start_with(&["--max-batch-bytes", "100000"]);
    let mut raw = server.connect();
    let part = |batch: &str, last: bool, name: &str| {
        json!({"cmd": "commitBatch", "owner": {"file": "a.js"}, "part": {"batch": batch, "last": last},
            "nodes": [{"id": name, "file": "a.js"}], "edges": []})
    };
    raw.ok(part("1", false, "1"));
    raw.ok(part("2", false, "2"));
    raw.ok(part("1", false, "3"));
    assert_eq!(raw.ok(json!({"cmd": "nodeCount"}))["count"], 0);
    assert_eq!(raw.ok(part("1", true, "4"))["delta"]["nodesAdded"], 3);
    assert_eq!(raw.ok(json!({"cmd": "nodeCount"}))["count"], 3);
    // What never gets its last part never happens.
    drop(raw);
    let mut raw = server.connect();
    assert_eq!(raw.ok(json!({"cmd": "nodeCount"}))["count"], 3);
    let large = json!({"cmd": "commitBatch", "owner": {"file": "a.js"}, "part": {"batch": "9", "last": false},
        "nodes": [{"id": "1", "name": "x".repeat(200_000)}], "edges": []});
    assert_eq!(raw.fails(large).0, "BATCH_TOO_LARGE");
}

#[test]
fn deferred_commits_are_visible_at_once() {
    let server = TestServer::start();
    let mut raw = server.connect();
    raw.ok(json!({"cmd": "rebuildIndexes"}));
    for round in 0..3 {
        raw.ok(
            json!({"cmd": "commitBatch", "changedFiles": ["a.js"], "deferIndex": true,
            "nodes": [node(&format!("n{round}"), "a.js")], "edges": []}),
        );
        assert_eq!(graph(&mut raw).0, [format!("n{round}")]);
        assert!(!raw.ok(json!({"cmd": "getNode", "id": format!("n{round}")}))["node"].is_null());
    }
    raw.ok(json!({"cmd": "rebuildIndexes"}));
    raw.ok(json!({"cmd": "rebuildIndexes"}));
    assert_eq!(graph(&mut raw).0, ["n2"]);
    assert_eq!(
        raw.ok(json!({"cmd": "getLoadState"})),
        json!({"loading": false})
    );
    raw.ok(json!({"cmd": "beginLoad"}));
    assert_eq!(
        raw.ok(json!({"cmd": "getLoadState"})),
        json!({"loading": true})
    );
    raw.ok(json!({"cmd": "rebuildIndexes"}));
    assert_eq!(
        raw.ok(json!({"cmd": "getLoadState"})),
        json!({"loading": false})
    );
}

#[test]
fn batches_are_a_mark_without_effect() {
    let server = TestServer::start();
    let mut raw = server.connect();
    assert_eq!(
        raw.fails(json!({"cmd": "abortBatch"})).1,
        "No batch in progress"
    );
    let batch = raw.ok(json!({"cmd": "beginBatch"}))["batchId"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(batch.starts_with("batch-"));
    raw.ok(json!({"cmd": "addNodes", "nodes": [node("a", "x")]}));
    assert_eq!(server.connect().ok(json!({"cmd": "nodeCount"}))["count"], 1);
    commit(&mut raw, &[], &[], &[]);
    assert_eq!(
        raw.fails(json!({"cmd": "beginBatch"})).1,
        format!("Batch already in progress: {batch}")
    );
    raw.ok(json!({"cmd": "abortBatch"}));
    raw.ok(json!({"cmd": "beginBatch"}));
    // Leaving the database clears it.
    raw.ok(json!({"cmd": "openDatabase", "name": "default"}));
    raw.ok(json!({"cmd": "beginBatch"}));
}

#[test]
fn fields_without_effect_are_accepted() {
    let server = TestServer::start();
    let mut raw = server.connect();
    assert_eq!(
        raw.ok(json!({"cmd": "updateNodeVersion", "id": "x", "version": "main"})),
        json!({"ok": true})
    );
    assert_eq!(
        raw.ok(json!({"cmd": "declareFields", "fields": [
            {"name": "async"}, {"name": "line", "fieldType": "int", "nodeTypes": ["CALL"]}, {"name": "x", "fieldType": "odd", "nodeTypes": null},
        ]})),
        json!({"count": 3})
    );
    raw.ok(json!({"cmd": "addNodes", "nodes": [{"id": "n", "metadata": "{\"async\":true}", "contentHash": "unknown key"}]}));
    assert_eq!(
        raw.ok(json!({"cmd": "findByAttr", "query": {"async": true}}))["ids"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    raw.ok(json!({"cmd": "commitBatch", "changedFiles": [], "nodes": [], "edges": [], "tags": ["a", "b"]}));
}
