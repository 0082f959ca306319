//! Sessions and databases.

use crate::support::{TestServer, Value, json, wait_until};

fn names(answer: &Value) -> Vec<String> {
    answer["databases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_handshake_answers_version_3_whatever_was_asked() {
    let server = TestServer::start();
    let mut raw = server.connect();
    for version in [json!(null), json!(1), json!(2), json!(3), json!(99)] {
        let answer =
            raw.ok(json!({"cmd": "hello", "protocolVersion": version, "clientId": "test"}));
        assert_eq!(
            answer,
            json!({"ok": true, "protocolVersion": 3, "serverVersion": env!("CARGO_PKG_VERSION"),
                "features": ["multiDatabase", "ephemeral", "semanticIds", "streaming"]})
        );
    }
    // Who asks for it is told that rows may travel packed.
    let answer = raw.ok(json!({"cmd": "hello", "protocolVersion": 3, "packedRows": true}));
    assert_eq!(answer["features"][4], json!("packedRows"));
    let wrong =
        json!({"cmd": "commitBatch", "owner": {"file": "a"}, "changedFiles": [], "rows": [1, 2]});
    assert!(
        raw.call(wrong)["error"]
            .as_str()
            .unwrap()
            .contains("packed rows")
    );
    let ping = raw.ok(json!({"cmd": "ping"}));
    assert_eq!(
        ping,
        json!({"pong": true, "version": env!("CARGO_PKG_VERSION")})
    );
}

#[test]
fn a_session_begins_on_the_default_database() {
    let server = TestServer::start();
    let mut raw = server.connect();
    assert_eq!(
        raw.ok(json!({"cmd": "currentDatabase"})),
        json!({"database": "default", "mode": "rw"})
    );
    assert_eq!(
        raw.ok(json!({"cmd": "listDatabases"})),
        json!({"databases": [{"name": "default", "ephemeral": false, "nodeCount": 0, "edgeCount": 0, "connectionCount": 1}]})
    );
    assert_eq!(raw.ok(json!({"cmd": "closeDatabase"})), json!({"ok": true}));
    assert_eq!(
        raw.ok(json!({"cmd": "currentDatabase"})),
        json!({"database": null, "mode": null})
    );
    assert_eq!(
        raw.fails(json!({"cmd": "closeDatabase"})).1,
        "No database currently open"
    );
    // Nothing that needs a database works now; what needs none does.
    for request in [
        json!({"cmd": "nodeCount"}),
        json!({"cmd": "getNode", "id": "x"}),
        json!({"cmd": "addNodes", "nodes": []}),
        json!({"cmd": "flush"}),
        json!({"cmd": "datalogQuery", "query": "node(X, \"T\")"}),
        json!({"cmd": "cypherQuery", "query": "MATCH (n) RETURN n"}),
        json!({"cmd": "listSnapshots"}),
        json!({"cmd": "commitBatch", "changedFiles": [], "nodes": [], "edges": []}),
        json!({"cmd": "scanNodes", "limit": 1}),
    ] {
        assert_eq!(
            raw.fails(request),
            (
                "NO_DATABASE_SELECTED".into(),
                "No database selected. Use openDatabase first.".into()
            )
        );
    }
    raw.ok(json!({"cmd": "ping"}));
    assert_eq!(raw.ok(json!({"cmd": "getStats"}))["nodeCount"], 0);
    raw.ok(json!({"cmd": "datalogClearRules"}));
    raw.ok(json!({"cmd": "beginBatch"}));
    raw.ok(json!({"cmd": "abortBatch"}));
}

#[test]
fn names_are_checked() {
    let server = TestServer::start();
    let mut raw = server.connect();
    for (name, reason) in [
        ("", "Name must be 1-128 characters"),
        (&*"x".repeat(129), "Name must be 1-128 characters"),
        ("a/b", "Name can only contain a-z, A-Z, 0-9, _, -"),
        ("..", "Name can only contain a-z, A-Z, 0-9, _, -"),
        ("ä", "Name can only contain a-z, A-Z, 0-9, _, -"),
    ] {
        for ephemeral in [true, false] {
            assert_eq!(
                raw.fails(json!({"cmd": "createDatabase", "name": name, "ephemeral": ephemeral})),
                (
                    "INVALID_DATABASE_NAME".into(),
                    format!("Invalid database name: {reason}")
                )
            );
        }
        assert_eq!(
            raw.fails(json!({"cmd": "openDatabase", "name": name})).0,
            "DATABASE_NOT_FOUND"
        );
        assert_eq!(
            raw.fails(json!({"cmd": "dropDatabase", "name": name})).0,
            "DATABASE_NOT_FOUND"
        );
    }
    let long = "x".repeat(128);
    assert_eq!(
        raw.ok(json!({"cmd": "createDatabase", "name": long, "ephemeral": true})),
        json!({"ok": true, "databaseId": long})
    );
}

#[test]
fn databases_share_nothing() {
    let server = TestServer::start();
    let mut one = server.ephemeral("one");
    let mut two = server.ephemeral("two");
    one.ok(json!({"cmd": "addNodes", "nodes": [{"id": "n", "name": "of one"}]}));
    assert_eq!(two.ok(json!({"cmd": "nodeCount"}))["count"], 0);
    assert_eq!(
        two.ok(json!({"cmd": "nodeExists", "id": "n"}))["value"],
        false
    );
    let mut also_one = server.connect();
    let opened = also_one.ok(json!({"cmd": "openDatabase", "name": "one"}));
    assert_eq!(
        opened,
        json!({"ok": true, "databaseId": "one", "mode": "rw", "nodeCount": 1, "edgeCount": 0})
    );
    // Writes are visible at once, flushed or not.
    also_one.ok(json!({"cmd": "addNodes", "nodes": [{"id": "m"}]}));
    assert_eq!(one.ok(json!({"cmd": "nodeCount"}))["count"], 2);
    assert_eq!(
        one.fails(json!({"cmd": "createDatabase", "name": "one", "ephemeral": true})),
        (
            "DATABASE_EXISTS".into(),
            "Database 'one' already exists".into()
        )
    );
}

#[test]
fn an_ephemeral_database_goes_with_its_last_session() {
    let server = TestServer::start();
    let mut watcher = server.connect();
    watcher.ok(json!({"cmd": "createDatabase", "name": "unopened", "ephemeral": true}));
    let one = server.ephemeral("short");
    let mut two = server.connect();
    two.ok(json!({"cmd": "openDatabase", "name": "short"}));
    let entry = watcher.ok(json!({"cmd": "listDatabases"}))["databases"][1].clone();
    assert_eq!(
        entry,
        json!({"name": "short", "ephemeral": true, "nodeCount": 0, "edgeCount": 0, "connectionCount": 2})
    );
    drop(one);
    two.ok(json!({"cmd": "nodeCount"}));
    drop(two);
    wait_until("it is gone", || {
        names(&watcher.ok(json!({"cmd": "listDatabases"}))) == ["default", "unopened"]
    });
    // Opening it again from its only session destroys it first.
    let mut raw = server.ephemeral("again");
    assert_eq!(
        raw.fails(json!({"cmd": "openDatabase", "name": "again"})).0,
        "DATABASE_NOT_FOUND"
    );
    // After a failed open there is no current database.
    assert_eq!(
        raw.ok(json!({"cmd": "currentDatabase"}))["database"],
        Value::Null
    );
}

#[test]
fn a_database_in_use_is_not_dropped() {
    let server = TestServer::start();
    let mut raw = server.ephemeral("used");
    assert_eq!(
        raw.fails(json!({"cmd": "dropDatabase", "name": "used"})),
        (
            "DATABASE_IN_USE".into(),
            "Database 'used' is in use and cannot be dropped".into()
        )
    );
    assert_eq!(
        raw.fails(json!({"cmd": "dropDatabase", "name": "unknown"})),
        (
            "DATABASE_NOT_FOUND".into(),
            "Database 'unknown' not found".into()
        )
    );
    raw.ok(json!({"cmd": "createDatabase", "name": "disk"}));
    assert!(server.path().join("disk.rfdb").is_dir());
    raw.ok(json!({"cmd": "dropDatabase", "name": "disk"}));
    assert!(!server.path().join("disk.rfdb").exists());
    // The default database too, when nobody has it; its files stay.
    raw.ok(json!({"cmd": "dropDatabase", "name": "default"}));
    assert!(server.path().join("graph.rfdb").is_dir());
    assert_eq!(
        server.connect().ok(json!({"cmd": "currentDatabase"}))["database"],
        Value::Null
    );
}

#[test]
fn a_read_only_session_cannot_write() {
    let server = TestServer::start();
    let mut raw = server.connect();
    for mode in ["ro", "readonly", "read-only"] {
        assert_eq!(
            raw.ok(json!({"cmd": "openDatabase", "name": "default", "mode": mode}))["mode"],
            "ro"
        );
    }
    assert_eq!(
        raw.ok(json!({"cmd": "currentDatabase"})),
        json!({"database": "default", "mode": "ro"})
    );
    for request in [
        json!({"cmd": "addNodes", "nodes": []}),
        json!({"cmd": "addEdges", "edges": []}),
        json!({"cmd": "deleteNode", "id": "1"}),
        json!({"cmd": "deleteEdge", "src": "1", "dst": "1", "edgeType": "T"}),
        json!({"cmd": "updateNodeVersion", "id": "1", "version": "v"}),
        json!({"cmd": "declareFields", "fields": []}),
        json!({"cmd": "flush"}),
        json!({"cmd": "compact"}),
        json!({"cmd": "clear"}),
        json!({"cmd": "commitBatch", "changedFiles": [], "nodes": [], "edges": []}),
        json!({"cmd": "commitBatch", "owner": {"file": "a"}, "nodes": [], "edges": []}),
        json!({"cmd": "rebuildIndexes"}),
        json!({"cmd": "beginLoad"}),
        json!({"cmd": "tagSnapshot", "version": 1, "tags": {}}),
    ] {
        assert_eq!(
            raw.fails(request),
            (
                "READ_ONLY_MODE".into(),
                "Operation not allowed in read-only mode".into()
            )
        );
    }
    raw.ok(json!({"cmd": "nodeCount"}));
    raw.ok(json!({"cmd": "beginBatch"}));
    for mode in [json!("rw"), json!("anything"), json!(null)] {
        assert_eq!(
            raw.ok(json!({"cmd": "openDatabase", "name": "default", "mode": mode}))["mode"],
            "rw"
        );
    }
}

#[test]
fn persistent_databases_are_found_again_after_a_restart() {
    let server = TestServer::start();
    let mut raw = server.connect();
    raw.ok(json!({"cmd": "createDatabase", "name": "kept"}));
    raw.ok(json!({"cmd": "openDatabase", "name": "kept"}));
    raw.ok(json!({"cmd": "addNodes", "nodes": [{"id": "n"}]}));
    let mut other = server.connect();
    other.ok(json!({"cmd": "addNodes", "nodes": [{"id": "a"}, {"id": "b"}]}));
    other.ok(json!({"cmd": "flush"}));
    raw.ok(json!({"cmd": "flush"}));
    // A directory that is no database is not taken for one.
    std::fs::create_dir(server.path().join("not-ours.rfdb")).unwrap();
    let server = server.restart(&[]);
    let mut raw = server.connect();
    assert_eq!(
        raw.ok(json!({"cmd": "listDatabases"})),
        json!({"databases": [
            {"name": "default", "ephemeral": false, "nodeCount": 2, "edgeCount": 0, "connectionCount": 1},
            {"name": "kept", "ephemeral": false, "nodeCount": 1, "edgeCount": 0, "connectionCount": 0},
        ]})
    );
    let server = server.restart(&[]);
    let mut raw = server.connect();
    // Known without a listing before.
    assert_eq!(
        raw.fails(json!({"cmd": "createDatabase", "name": "kept"}))
            .0,
        "DATABASE_EXISTS"
    );
    assert_eq!(
        raw.fails(json!({"cmd": "openDatabase", "name": "not-ours"}))
            .0,
        "DATABASE_NOT_FOUND"
    );
    assert_eq!(
        raw.ok(json!({"cmd": "openDatabase", "name": "kept"}))["nodeCount"],
        1
    );
    // The default database's directory is not a second one.
    assert_eq!(
        raw.fails(json!({"cmd": "openDatabase", "name": "graph"})).0,
        "DATABASE_NOT_FOUND"
    );
}

#[test]
fn other_databases_live_where_the_server_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("not/yet/there");
    let server = TestServer::start_with(&["--data-dir", data.to_str().unwrap()]);
    let mut raw = server.connect();
    raw.ok(json!({"cmd": "createDatabase", "name": "x"}));
    assert!(data.join("x.rfdb").is_dir());
}
