//! Versions of a database and their tags.

use crate::support::{TestServer, Value, json};

#[test]
fn a_tagged_version_is_found_listed_and_compared() {
    let server = TestServer::start();
    let mut raw = server.connect();
    let current = |answer: &Value| {
        answer["snapshots"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["version"].as_u64().unwrap())
            .max()
            .unwrap()
    };
    raw.ok(json!({"cmd": "addNodes", "nodes": [{"id": "a", "file": "a.js"}]}));
    let first = current(&raw.ok(json!({"cmd": "listSnapshots"})));
    assert_eq!(
        raw.ok(
            json!({"cmd": "tagSnapshot", "version": first, "tags": {"name": "before", "x": "y"}})
        ),
        json!({"ok": true})
    );
    raw.ok(json!({"cmd": "addNodes", "nodes": [{"id": "b", "file": "b.js"}, {"id": "c", "file": "b.js"}]}));
    let second = current(&raw.ok(json!({"cmd": "listSnapshots"})));
    assert!(second > first);
    raw.ok(json!({"cmd": "tagSnapshot", "version": second, "tags": {"name": "after"}}));

    assert_eq!(
        raw.ok(json!({"cmd": "findSnapshot", "tagKey": "name", "tagValue": "before"})),
        json!({"version": first})
    );
    assert_eq!(
        raw.ok(json!({"cmd": "findSnapshot", "tagKey": "name", "tagValue": "never"})),
        json!({"version": null})
    );
    // What is tagged is listed with its tags.
    let listed = raw.ok(json!({"cmd": "listSnapshots", "filterTag": "x"}))["snapshots"].clone();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(listed[0]["tags"], json!({"name": "before", "x": "y"}));
    assert_eq!(
        (&listed[0]["totalNodes"], &listed[0]["totalEdges"]),
        (&json!(1), &json!(0))
    );
    assert!(listed[0]["createdAt"].is_u64());

    let expected = json!({"fromVersion": first, "toVersion": second, "addedNodeSegments": 1, "removedNodeSegments": 0,
        "addedEdgeSegments": 0, "removedEdgeSegments": 0,
        "statsFrom": {"totalNodes": 1, "totalEdges": 0}, "statsTo": {"totalNodes": 3, "totalEdges": 0}});
    for request in [
        json!({"cmd": "diffSnapshots", "fromVersion": first, "toVersion": second}),
        // As the TypeScript client sends it.
        json!({"cmd": "diffSnapshots", "from": {"version": first}, "to": {"tagKey": "name", "tagValue": "after"}}),
    ] {
        assert_eq!(raw.ok(request)["diff"], expected);
    }
    let server = server.restart(&[]);
    let mut raw = server.connect();
    assert_eq!(
        raw.ok(json!({"cmd": "findSnapshot", "tagKey": "name", "tagValue": "before"}))["version"],
        first
    );
}

#[test]
fn what_does_not_exist_is_an_error_with_a_code() {
    let server = TestServer::start();
    let mut raw = server.connect();
    assert_eq!(
        raw.fails(json!({"cmd": "tagSnapshot", "version": 999, "tags": {}}))
            .0,
        "SNAPSHOT_NOT_FOUND"
    );
    assert_eq!(
        raw.fails(json!({"cmd": "diffSnapshots", "fromVersion": 998, "toVersion": 999}))
            .0,
        "SNAPSHOT_NOT_FOUND"
    );
    assert_eq!(raw.fails(json!({"cmd": "diffSnapshots", "from": {"tagKey": "a", "tagValue": "b"}, "toVersion": 999})).0, "SNAPSHOT_NOT_FOUND");
    let (code, text) = raw.fails(json!({"cmd": "diffSnapshots", "toVersion": 1}));
    assert_eq!(code, "INVALID_REQUEST");
    assert!(text.contains("missing field `fromVersion`"), "{text}");
    let mut ephemeral = server.ephemeral("e");
    let version = ephemeral.ok(json!({"cmd": "listSnapshots"}))["snapshots"][0]["version"].clone();
    let (code, text) =
        ephemeral.fails(json!({"cmd": "tagSnapshot", "version": version, "tags": {"a": "b"}}));
    assert_eq!(
        (code.as_str(), text.as_str()),
        (
            "EPHEMERAL_DATABASE",
            "Invalid file format: Cannot tag ephemeral snapshot"
        )
    );
}
