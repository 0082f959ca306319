//! Input that is strange, huge or wrong.

use std::path::Path;
use std::sync::Arc;

use rfdb_engine::storage::{Fault, FaultStorage, MemoryStorage};
use rfdb_engine::{
    Batch, EdgeRow, Engine, Error, IndexMode, NodeId, NodeQuery, NodeRow, Options, Owner, Traversal,
};

fn engine() -> Engine {
    Engine::create_in(Arc::new(MemoryStorage::new()), "/db", Options::default()).unwrap()
}

fn commit(engine: &Engine, node: NodeRow<'_>) -> rfdb_engine::Result<()> {
    let mut batch = Batch::new();
    batch.owner(Owner::new("o", ""));
    batch.push_node(node);
    engine.commit(batch, IndexMode::Immediate).map(|_| ())
}

const NODE: NodeRow<'static> = NodeRow {
    id: NodeId(1),
    semantic_id: "s",
    node_type: "T",
    name: "n",
    file: "f",
    exported: false,
    metadata: "",
};

#[test]
fn unknown_ids_are_no_errors() {
    let engine = engine();
    let snapshot = engine.snapshot();
    let id = NodeId(u128::MAX);
    assert!(snapshot.node(id).unwrap().is_none());
    assert!(snapshot.outgoing(id, &["X"]).unwrap().is_empty());
    assert_eq!(
        snapshot.bfs(&[id], &Traversal::default()).unwrap(),
        [(id, 0)]
    );
    assert!(engine.delete_node(id).unwrap().changes().unwrap() == rfdb_engine::Changes::default());
    assert!(matches!(
        engine.snapshot_at(7),
        Err(Error::UnknownSnapshot(7))
    ));
    assert!(matches!(
        engine.drop_snapshot(7),
        Err(Error::UnknownSnapshot(7))
    ));
}

#[test]
fn huge_strings_and_any_unicode_come_back() {
    let engine = engine();
    let huge = "\u{0}ü→𝄞\"\\\n".repeat(16 * 1024 * 1024 / 14);
    let metadata = serde_json::json!({ "\u{0}": huge }).to_string();
    let node = NodeRow {
        semantic_id: &huge,
        node_type: &huge,
        name: &huge,
        file: &huge,
        metadata: &metadata,
        ..NODE
    };
    commit(&engine, node).unwrap();
    for _ in 0..2 {
        let snapshot = engine.snapshot();
        let found = snapshot.node(NodeId(1)).unwrap().unwrap();
        assert!(
            found.as_row() == node,
            "the huge node is not what was written"
        );
        assert_eq!(
            snapshot
                .find(&NodeQuery::default().with_name(huge.as_str()))
                .unwrap(),
            [NodeId(1)]
        );
        engine.rebuild_indexes().unwrap();
    }
}

#[test]
fn a_hundred_thousand_edges_on_one_node() {
    // In each direction; more would make the test slow without optimization. `cargo xtask bench-engine` does it with a
    // million.
    let engine = engine();
    let mut batch = Batch::new();
    batch.owner(Owner::new("hub", ""));
    let count = 100_000u128;
    for n in 1..=count {
        batch.push_edge(EdgeRow {
            src: NodeId(0),
            dst: NodeId(n),
            edge_type: "E",
            metadata: "",
        });
        batch.push_edge(EdgeRow {
            src: NodeId(n),
            dst: NodeId(0),
            edge_type: "E",
            metadata: "",
        });
    }
    engine.commit(batch, IndexMode::Immediate).unwrap();
    let snapshot = engine.snapshot();
    assert_eq!(
        snapshot.outgoing(NodeId(0), &[]).unwrap().len() as u128,
        count
    );
    assert_eq!(
        snapshot.incoming(NodeId(0), &["E"]).unwrap().len() as u128,
        count
    );
    assert!(
        snapshot
            .edge(NodeId(0), NodeId(777), "E")
            .unwrap()
            .is_some()
    );
    assert_eq!(snapshot.edge_count().unwrap() as u128, 2 * count);
}

#[test]
fn very_many_types() {
    let engine = engine();
    let mut batch = Batch::new();
    batch.owner(Owner::new("types", ""));
    let types: Vec<String> = (0..70_000).map(|n| format!("T{n:05}")).collect();
    for (n, edge_type) in types.iter().enumerate() {
        batch.push_edge(EdgeRow {
            src: NodeId(1),
            dst: NodeId(n as u128),
            edge_type,
            metadata: "",
        });
    }
    engine.commit(batch, IndexMode::Immediate).unwrap();
    let snapshot = engine.snapshot();
    assert_eq!(snapshot.outgoing(NodeId(1), &["T6999*"]).unwrap().len(), 10);
    assert_eq!(snapshot.count_edges_by_type().unwrap().len(), 70_000);
}

#[test]
fn deep_json_is_an_error_and_not_a_crash() {
    let engine = engine();
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(matches!(
        commit(
            &engine,
            NodeRow {
                metadata: &deep,
                ..NODE
            }
        ),
        Err(Error::InvalidMetadata { .. })
    ));
}

#[test]
fn a_read_only_engine_writes_nothing() {
    let storage = MemoryStorage::new();
    let engine = Engine::create_in(Arc::new(storage.clone()), "/db", Options::default()).unwrap();
    commit(&engine, NODE).unwrap();
    drop(engine);
    // Any change of a file would fail.
    let frozen = FaultStorage::new(storage, Fault::Stop, 0);
    let options = Options {
        read_only: true,
        ..Options::default()
    };
    let engine = Engine::open_in(Arc::new(frozen.clone()), "/db", options.clone()).unwrap();
    assert!(engine.snapshot().contains(NodeId(1)).unwrap());
    assert!(matches!(commit(&engine, NODE), Err(Error::ReadOnly(_))));
    assert!(matches!(engine.clear(), Err(Error::ReadOnly(_))));
    assert!(matches!(engine.rebuild_indexes(), Err(Error::ReadOnly(_))));
    assert!(matches!(
        engine.delete_node(NodeId(1)),
        Err(Error::ReadOnly(_))
    ));
    drop(engine);
    assert_eq!(frozen.operations(), 0);
    assert!(matches!(
        Engine::create_in(Arc::new(MemoryStorage::new()), "/db", options),
        Err(Error::ReadOnly(_))
    ));
}

#[test]
fn a_directory_that_cannot_be_written_is_named() {
    // `/proc` refuses to make directories, for the administrator too.
    let error = Engine::create(Path::new("/proc/rfdb"), Options::default()).expect_err("refused");
    assert!(matches!(error, Error::Io { .. }), "{error}");
    assert!(error.to_string().contains("/proc/rfdb"), "{error}");
    // A file where the directory should be.
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = Engine::open_or_create(file.path(), Options::default()).expect_err("refused");
    assert!(
        error.to_string().contains(file.path().to_str().unwrap()),
        "{error}"
    );
}
