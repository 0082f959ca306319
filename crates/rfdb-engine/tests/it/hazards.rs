//! The ways in which the engine that this one replaces lost or mixed up data, each with the outcome that is wanted.

use std::sync::Arc;

use crate::common::{Model, Rows, assert_engine, contents, push, sample_node};
use rfdb_engine::{
    Batch, Durability, EdgeRow, Engine, Error, FieldDeclaration, IndexMode, NodeId, NodeQuery,
    NodeRow, Options, Owner,
};
use tempfile::TempDir;

const OPTIONS: Options = Options {
    durability: Durability::None,
    program: String::new(),
    socket: None,
    read_only: false,
    index_on_read: false,
    volatile_loads: false,
};

fn create() -> (TempDir, Engine) {
    let dir = TempDir::new().unwrap();
    let engine = Engine::create(dir.path().join("db"), OPTIONS).unwrap();
    (dir, engine)
}

fn reopen(dir: &TempDir, engine: Engine) -> Engine {
    drop(engine);
    Engine::open(dir.path().join("db"), OPTIONS).unwrap()
}

fn node(id: u128, file: &'static str) -> NodeRow<'static> {
    NodeRow {
        id: NodeId(id),
        semantic_id: "",
        node_type: "FUNCTION",
        name: "n",
        file,
        exported: false,
        metadata: "",
    }
}

fn edge(src: u128, dst: u128, metadata: &str) -> EdgeRow<'_> {
    EdgeRow {
        src: NodeId(src),
        dst: NodeId(dst),
        edge_type: "CALLS",
        metadata,
    }
}

fn file(
    engine: &Engine,
    file: &'static str,
    ids: std::ops::Range<u128>,
    edges: &[(u128, u128)],
    mode: IndexMode,
) {
    let mut batch = Batch::new();
    batch.owner(Owner::new(file, "analysis"));
    ids.for_each(|id| batch.push_node(node(id, file)));
    edges
        .iter()
        .for_each(|&(src, dst)| batch.push_edge(edge(src, dst, "")));
    engine.commit(batch, mode).unwrap();
}

fn counts(engine: &Engine) -> (u64, u64) {
    let snapshot = engine.snapshot();
    (
        snapshot.node_count().unwrap(),
        snapshot.edge_count().unwrap(),
    )
}

use IndexMode::{Deferred, Immediate};

#[test]
fn v1_v2_v11_empty_strings_stay_empty() {
    let (dir, engine) = create();
    let mut batch = Batch::new();
    batch.owner(Owner::new("", ""));
    let metadata = r#"{"first":"string"}"#;
    batch.push_node(NodeRow {
        id: NodeId(1),
        semantic_id: "",
        node_type: "",
        name: "",
        file: "",
        exported: false,
        metadata,
    });
    batch.push_node(NodeRow {
        id: NodeId(2),
        semantic_id: "x",
        node_type: "T",
        name: "n",
        file: "f",
        exported: true,
        metadata: "",
    });
    batch.push_edge(EdgeRow {
        src: NodeId(1),
        dst: NodeId(2),
        edge_type: "",
        metadata,
    });
    engine.commit(batch, Immediate).unwrap();
    engine.rebuild_indexes().unwrap();
    let engine = reopen(&dir, engine);
    let snapshot = engine.snapshot();
    let first = snapshot.node(NodeId(1)).unwrap().unwrap();
    assert_eq!(
        (first.node_type, first.name, first.file, &*first.semantic_id),
        ("", "", "", "")
    );
    assert_eq!(first.metadata, metadata);
    let edges = snapshot.outgoing(NodeId(1), &[]).unwrap();
    assert_eq!((edges[0].edge_type, &*edges[0].metadata), ("", metadata));
}

#[test]
fn v3_v4_h3_deferred_commits_after_a_rebuild_read_right() {
    let (dir, engine) = create();
    file(&engine, "a", 0..20, &[], Immediate);
    engine.rebuild_indexes().unwrap();
    file(&engine, "a", 0..10, &[], Deferred);
    assert_eq!(counts(&engine), (10, 0));
    for id in 0..20 {
        let found = engine.snapshot().node(NodeId(id)).unwrap().map(|n| n.id);
        assert_eq!(found, (id < 10).then_some(NodeId(id)));
    }
    // Removed and added again in one session.
    file(&engine, "a", 0..20, &[], Deferred);
    assert_eq!(counts(&engine), (20, 0));
    file(&engine, "a", 15..17, &[(15, 16)], Deferred);
    assert_eq!(counts(&engine), (2, 1));
    assert_eq!(counts(&reopen(&dir, engine)), (2, 1));
}

#[test]
fn v5_h6_clear_stays_cleared_and_what_follows_stays() {
    let (dir, engine) = create();
    file(&engine, "a", 0..10, &[(0, 1)], Immediate);
    engine.rebuild_indexes().unwrap();
    engine.clear().unwrap();
    let engine = reopen(&dir, engine);
    assert_eq!(counts(&engine), (0, 0));
    file(&engine, "b", 5..8, &[], Immediate);
    engine.clear().unwrap();
    file(&engine, "c", 20..24, &[], Immediate);
    engine.flush().unwrap();
    let engine = reopen(&dir, engine);
    assert_eq!(counts(&engine), (4, 0));
    assert!(
        engine
            .snapshot()
            .find(&NodeQuery::default().with_file("a"))
            .unwrap()
            .is_empty()
    );
}

/// The files of a database whose names end in `suffix`.
fn files(dir: &TempDir, suffix: &str) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(dir.path().join("db")).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.to_str().unwrap().ends_with(suffix));
    paths.sort();
    paths
}

/// All nodes and edges, or the first error on the way.
fn read_all(engine: &Engine) -> rfdb_engine::Result<(usize, usize)> {
    let snapshot = engine.snapshot();
    let nodes = snapshot
        .iter_nodes()
        .collect::<rfdb_engine::Result<Vec<_>>>()?;
    let edges = snapshot
        .iter_edges()
        .collect::<rfdb_engine::Result<Vec<_>>>()?;
    Ok((nodes.len(), edges.len()))
}

#[test]
fn v6_v7_a_file_that_is_cut_off_is_an_error_that_names_it() {
    for suffix in [".seg", ".idx", ".log"] {
        for from_end in [1, 100] {
            let (dir, engine) = create();
            file(&engine, "a", 0..20, &[(0, 1), (1, 2)], Immediate);
            engine.rebuild_indexes().unwrap();
            drop(engine);
            let path = files(&dir, suffix).pop().unwrap();
            let data = std::fs::read(&path).unwrap();
            std::fs::write(&path, &data[..data.len().saturating_sub(from_end)]).unwrap();
            let opened = Engine::open(dir.path().join("db"), OPTIONS);
            let error = opened
                .and_then(|engine| read_all(&engine))
                .expect_err("cut off");
            assert!(matches!(error, Error::Damaged { .. }), "{error}");
            let name = path.file_name().unwrap().to_str().unwrap();
            assert!(error.to_string().contains(name), "{name}: {error}");
        }
    }
}

#[test]
fn v8_a_crash_between_two_files_leaves_the_graph_of_before_or_after() {
    use rfdb_engine::storage::{Fault, FaultStorage, MemoryStorage};
    let mut ends = [0, 0];
    for at in 0.. {
        let disk = MemoryStorage::new();
        let engine = Engine::create_in(Arc::new(disk.clone()), "/db", OPTIONS).unwrap();
        file(&engine, "a", 0..10, &[(0, 1)], Immediate);
        engine.rebuild_indexes().unwrap();
        drop(engine);
        let storage = FaultStorage::new(disk.clone(), Fault::Stop, at);
        let stopped = (|| {
            let engine = Engine::open_in(Arc::new(storage.clone()), "/db", OPTIONS)?;
            let mut batch = Batch::new();
            batch.owner(Owner::new("b", "analysis"));
            (10..20).for_each(|id| batch.push_node(node(id, "b")));
            batch.push_edge(edge(10, 0, ""));
            engine.commit(batch, Immediate)?;
            engine.rebuild_indexes()
        })();
        let engine = Engine::open_in(Arc::new(disk.after_crash(false)), "/db", OPTIONS).unwrap();
        let found = read_all(&engine).unwrap();
        assert!(
            found == (10, 1) || found == (20, 2),
            "stopped at {at}: {found:?}"
        );
        assert!(engine.snapshot().dangling_edges().unwrap().is_empty());
        ends[usize::from(found == (20, 2))] += 1;
        if stopped.is_ok() {
            break;
        }
    }
    assert!(ends[0] > 0 && ends[1] > 1, "both outcomes occur: {ends:?}");
}

#[test]
fn v9_after_a_failed_write_nothing_is_lost() {
    use rfdb_engine::storage::{Fault, FaultStorage, MemoryStorage};
    let mut failed = 0;
    for at in 0..40 {
        let disk = MemoryStorage::new();
        let engine = Engine::create_in(Arc::new(disk.clone()), "/db", OPTIONS).unwrap();
        file(&engine, "a", 0..100, &[], Immediate);
        drop(engine);
        let storage = Arc::new(FaultStorage::new(disk.clone(), Fault::FailOnce, at));
        let Ok(engine) = Engine::open_in(storage, "/db", OPTIONS) else {
            failed += 1;
            continue;
        };
        for _ in 0..2 {
            let mut batch = Batch::new();
            batch.owner(Owner::new("b", "analysis"));
            batch.push_node(node(100, "b"));
            let written = engine
                .commit(batch, Immediate)
                .and_then(|_| engine.rebuild_indexes());
            failed += u32::from(written.is_err());
        }
        assert_eq!(counts(&engine), (101, 0), "failed at {at}");
        drop(engine);
        let engine = Engine::open_in(Arc::new(disk), "/db", OPTIONS).unwrap();
        assert_eq!(counts(&engine), (101, 0), "failed at {at}, reopened");
    }
    assert!(failed > 5, "the failures were met: {failed}");
}

#[test]
fn v10_h16_the_last_write_of_an_edge_wins_in_both_modes() {
    for mode in [Immediate, Deferred] {
        let (dir, engine) = create();
        let write = |engine: &Engine, metadata: &str| {
            let mut batch = Batch::new();
            batch.owner(Owner::new("a", ""));
            batch.push_edge(edge(1, 2, r#"{"v":0}"#));
            batch.push_edge(edge(1, 2, metadata));
            engine.commit(batch, mode).unwrap();
        };
        write(&engine, r#"{"v":1}"#);
        engine
            .add_edges(Owner::new("b", ""), &[edge(1, 2, r#"{"v":2}"#)])
            .unwrap();
        for _ in 0..2 {
            let edges = engine
                .snapshot()
                .outgoing(NodeId(1), &[])
                .unwrap()
                .iter()
                .map(|e| e.metadata.to_string())
                .collect::<Vec<_>>();
            assert_eq!(edges, [r#"{"v":2}"#]);
            assert_eq!(counts(&engine).1, 1);
            engine.rebuild_indexes().unwrap();
        }
        write(&engine, r#"{"v":3}"#);
        let engine = reopen(&dir, engine);
        assert_eq!(
            engine
                .snapshot()
                .edge(NodeId(1), NodeId(2), "CALLS")
                .unwrap()
                .unwrap()
                .metadata,
            r#"{"v":3}"#
        );
    }
}

#[test]
fn v12_edges_are_right_in_deferred_mode_before_any_rebuild() {
    let (_dir, engine) = create();
    engine.begin_load().unwrap();
    let edges: Vec<(u128, u128)> = (0..39).map(|n| (n, n + 1)).collect();
    file(&engine, "a", 0..40, &edges, Deferred);
    for n in 0..39 {
        let found = engine.snapshot();
        assert_eq!(
            found.outgoing(NodeId(n), &[]).unwrap()[0].dst,
            NodeId(n + 1)
        );
        assert_eq!(
            found.incoming(NodeId(n + 1), &[]).unwrap()[0].src,
            NodeId(n)
        );
    }
}

#[test]
fn h1_a_file_committed_again_is_counted_once() {
    let (dir, engine) = create();
    for _ in 0..5 {
        file(&engine, "a", 0..10, &[(0, 1)], Immediate);
    }
    assert_eq!(counts(&engine), (10, 1));
    let engine = reopen(&dir, engine);
    assert_eq!(counts(&engine), (10, 1));
    let mut batch = Batch::new();
    batch.owner(Owner::new("a", "analysis"));
    (0..10).for_each(|id| batch.push_node(node(id, "a")));
    batch.push_edge(edge(0, 1, ""));
    let changes = engine.commit(batch, Immediate).unwrap().changes().unwrap();
    assert_eq!(
        changes,
        rfdb_engine::Changes::default(),
        "the same content changes nothing"
    );
}

#[test]
fn h2_what_is_deleted_stays_deleted() {
    let (dir, engine) = create();
    file(&engine, "a", 0..10, &[(3, 4), (4, 5)], Immediate);
    file(&engine, "b", 10..12, &[(10, 4)], Immediate);
    engine.rebuild_indexes().unwrap();
    let changes = engine.delete_node(NodeId(4)).unwrap().changes().unwrap();
    assert_eq!((changes.nodes_removed, changes.edges_removed), (1, 3));
    file(&engine, "b", 10..11, &[], Immediate);
    let engine = reopen(&dir, engine);
    assert_eq!(counts(&engine), (10, 0));
    assert!(engine.snapshot().node(NodeId(4)).unwrap().is_none());
    engine.rebuild_indexes().unwrap();
    assert_eq!(counts(&reopen(&dir, engine)), (10, 0));
}

#[test]
fn h4_h5_compaction_and_what_follows_lose_nothing() {
    let (dir, engine) = create();
    file(&engine, "a", 0..8, &[], Immediate);
    engine.compact().unwrap();
    let functions = NodeQuery::default().with_type("FUNCTION");
    assert_eq!(engine.snapshot().find(&functions).unwrap().len(), 8);
    file(&engine, "b", 8..9, &[], Immediate);
    let engine = reopen(&dir, engine);
    assert_eq!(engine.snapshot().find(&functions).unwrap().len(), 9);
    engine.compact().unwrap();
    assert_eq!(counts(&reopen(&dir, engine)), (9, 0));
}

#[test]
fn h7_an_enrichment_context_is_replaced_apart_from_the_analysis() {
    let (_dir, engine) = create();
    file(&engine, "a", 0..4, &[(0, 1)], Immediate);
    for targets in [vec![2, 3], vec![3]] {
        let mut batch = Batch::new();
        batch.owner(Owner::new("a", "enrichment"));
        targets
            .iter()
            .for_each(|&dst| batch.push_edge(edge(0, dst, "")));
        engine.commit(batch, Immediate).unwrap();
    }
    let found: Vec<u128> = engine
        .snapshot()
        .outgoing(NodeId(0), &[])
        .unwrap()
        .iter()
        .map(|e| e.dst.0)
        .collect();
    assert_eq!(found, [1, 3]);
}

#[test]
fn h8_h9_edges_belong_to_their_writer_and_may_wait_for_their_ends() {
    let (dir, engine) = create();
    // The caller's file comes first: its edge points to nothing yet.
    file(&engine, "caller", 0..1, &[(0, 10)], Immediate);
    let dangling = engine.snapshot().dangling_edges().unwrap();
    assert_eq!(
        (
            dangling.len(),
            dangling[0].dst_missing,
            dangling[0].src_missing
        ),
        (1, true, false)
    );
    file(&engine, "callee", 10..12, &[], Immediate);
    assert!(engine.snapshot().dangling_edges().unwrap().is_empty());
    // The callee's file is analyzed again: the caller's edge stays.
    file(&engine, "callee", 10..11, &[], Immediate);
    assert_eq!(
        engine.snapshot().incoming(NodeId(10), &[]).unwrap().len(),
        1
    );
    // Its node goes: the edge stays and is reported.
    file(&engine, "callee", 11..12, &[], Immediate);
    assert_eq!(engine.snapshot().dangling_edges().unwrap().len(), 1);
    // An edge before its source.
    let mut batch = Batch::new();
    batch.owner(Owner::new("early", "enrichment"));
    batch.push_edge(edge(50, 0, ""));
    assert_eq!(
        engine
            .commit(batch, Immediate)
            .unwrap()
            .changes()
            .unwrap()
            .edges_added,
        1
    );
    assert_eq!(counts(&reopen(&dir, engine)).1, 2);
}

#[test]
fn h10_a_damaged_segment_does_not_take_the_rest_with_it() {
    for empty in [true, false] {
        let (dir, engine) = create();
        file(&engine, "a", 0..10, &[], Immediate);
        engine.rebuild_indexes().unwrap();
        file(&engine, "b", 10..20, &[], Immediate);
        drop(engine);
        // The second segment holds what was committed after the indexes were built.
        let segments = files(&dir, ".seg");
        assert_eq!(segments.len(), 2);
        let mut data = std::fs::read(&segments[0]).unwrap();
        if empty {
            data.clear();
        } else {
            // H10b: a flipped bit is found and not served as truth.
            let middle = data.len() / 2;
            data[middle] ^= 1;
        }
        std::fs::write(&segments[0], data).unwrap();
        let engine = Engine::open(dir.path().join("db"), OPTIONS).unwrap();
        let snapshot = engine.snapshot();
        for id in 10..20 {
            assert_eq!(snapshot.node(NodeId(id)).unwrap().unwrap().file, "b");
        }
        for id in 0..10 {
            let error = snapshot
                .node(NodeId(id))
                .expect_err("its segment is damaged");
            let name = segments[0].file_name().unwrap().to_str().unwrap();
            assert!(error.to_string().contains(name), "{name}: {error}");
        }
        let report = engine.verify().unwrap();
        let lost: Vec<_> = report.problems.iter().map(|p| p.owner.clone()).collect();
        assert_eq!(lost, [Some(("a".to_owned(), "analysis".to_owned()))]);
        // The lost file is analysed again, and all is well.
        file(&engine, "a", 0..10, &[], Immediate);
        assert_eq!(read_all(&engine).unwrap(), (20, 0));
    }
}

#[test]
fn h11_acknowledged_deferred_commits_survive_the_death_of_the_process() {
    let storage = rfdb_engine::storage::MemoryStorage::new();
    let engine = Engine::create_in(Arc::new(storage.clone()), "/db", OPTIONS).unwrap();
    for n in 0..20 {
        let mut batch = Batch::new();
        batch.owner(Owner::new(&format!("f{n}"), "analysis"));
        batch.push_node(node(n, ""));
        engine.commit(batch, Deferred).unwrap();
    }
    // Nothing is closed: the files as they are when the process is killed. `cargo xtask kill-campaign` kills real ones.
    let after = Engine::open_in(Arc::new(storage.after_crash(false)), "/db", OPTIONS).unwrap();
    assert_eq!(counts(&after), (20, 0));
}

#[test]
fn h12_an_unfinished_creation_is_created_again() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("db");
    std::fs::create_dir(&path).unwrap();
    std::fs::write(path.join("SYNCED"), b"").unwrap();
    std::fs::write(path.join("manifest-000001.tmp"), b"half").unwrap();
    assert!(matches!(
        Engine::open(&path, OPTIONS),
        Err(Error::NotFound(_))
    ));
    let engine = Engine::open_or_create(&path, OPTIONS).unwrap();
    file(&engine, "a", 0..1, &[], Immediate);
    drop(engine);
    assert_eq!(
        counts(&Engine::open_or_create(&path, OPTIONS).unwrap()),
        (1, 0)
    );
    assert!(matches!(
        Engine::create(&path, OPTIONS),
        Err(Error::AlreadyExists(_))
    ));
}

#[test]
fn h13_a_second_opener_is_refused_and_told_who_holds_the_database() {
    let dir = TempDir::new().unwrap();
    let options = Options {
        program: "the first".into(),
        socket: Some("/run/first.sock".into()),
        ..OPTIONS
    };
    let path = dir.path().join("db");
    let engine = Engine::create(&path, options).unwrap();
    file(&engine, "a", 0..5, &[], Immediate);
    let error = Engine::open(&path, OPTIONS).expect_err("locked");
    let Error::Locked { holder, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(
        (holder.pid, &*holder.program),
        (std::process::id(), "the first")
    );
    assert_eq!(
        holder.socket.as_deref(),
        Some(std::path::Path::new("/run/first.sock"))
    );
    assert!(error.to_string().contains("the first"), "{error}");
    drop(engine);
    assert_eq!(counts(&Engine::open(&path, OPTIONS).unwrap()), (5, 0));
}

#[test]
fn h14_wrong_metadata_is_refused_and_nothing_else_happens() {
    let (_dir, engine) = create();
    file(&engine, "a", 0..3, &[], Immediate);
    for metadata in ["not json", "[1]", "{\"a\":", "7"] {
        let mut batch = Batch::new();
        batch.owner(Owner::new("a", "enrichment"));
        batch.push_edge(edge(0, 1, metadata));
        let error = engine.commit(batch, Immediate).expect_err("wrong");
        assert!(matches!(error, Error::InvalidMetadata { .. }), "{error}");
    }
    assert_eq!(counts(&engine), (3, 0));
    file(&engine, "b", 3..4, &[], Immediate);
    assert_eq!(counts(&engine), (4, 0));
    let mut batch = Batch::new();
    batch.push_node(node(9, "a"));
    assert!(matches!(
        engine.commit(batch, Immediate),
        Err(Error::NoOwner)
    ));
}

#[test]
fn h15_a_file_is_found_among_many() {
    let (dir, engine) = create();
    let mut batch = Batch::new();
    batch.owner(Owner::new("all", "index"));
    let files: Vec<String> = (0..12_000).map(|n| format!("src/{n}.ts")).collect();
    for (id, file) in files.iter().enumerate() {
        batch.push_node(NodeRow {
            file,
            ..node(id as u128, "")
        });
    }
    engine.commit(batch, Immediate).unwrap();
    for _ in 0..2 {
        for n in [0, 9_999, 10_001, 11_999] {
            let found = engine
                .snapshot()
                .find(&NodeQuery::default().with_file(files[n].as_str()))
                .unwrap();
            assert_eq!(found, [NodeId(n as u128)]);
        }
        engine.rebuild_indexes().unwrap();
    }
    assert_eq!(counts(&reopen(&dir, engine)), (12_000, 0));
}

fn disk(dir: &TempDir) -> u64 {
    std::fs::read_dir(dir.path().join("db"))
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum()
}

#[test]
fn h19_saving_a_file_many_times_does_not_fill_the_disk() {
    let (dir, engine) = create();
    for n in 0..40 {
        let name: &'static str = Box::leak(format!("f{n}").into_boxed_str());
        file(
            &engine,
            name,
            n * 100..n * 100 + 100,
            &[(n * 100, n * 100 + 1)],
            Deferred,
        );
    }
    engine.rebuild_indexes().unwrap();
    let live = disk(&dir);
    for _ in 0..200 {
        file(&engine, "f7", 700..800, &[(700, 701)], Immediate);
    }
    engine.rebuild_indexes().unwrap();
    assert!(
        disk(&dir) <= live * 2,
        "{} after, {live} before",
        disk(&dir)
    );
    engine.compact().unwrap();
    assert!(
        disk(&dir) <= live * 11 / 10,
        "{} after, {live} before",
        disk(&dir)
    );
    assert_eq!(counts(&engine), (4000, 40));
}

#[test]
fn declared_fields_survive_and_answer_the_same_with_and_without_index() {
    let (dir, engine) = create();
    let mut model = Model::default();
    let rows = Rows {
        nodes: (0..30).map(|id| (id, sample_node(id, id as u8))).collect(),
        edges: Vec::new(),
    };
    let owner = ("a".to_owned(), "analysis".to_owned());
    let mut batch = Batch::new();
    push(&mut batch, &owner, &rows);
    model.replace(&owner, rows);
    engine.commit(batch, Immediate).unwrap();
    assert_engine(&engine, &model);
    engine
        .declare_fields(&[FieldDeclaration::new("kind"), FieldDeclaration::new("line")])
        .unwrap();
    assert_engine(&engine, &model);
    engine.rebuild_indexes().unwrap();
    assert_engine(&engine, &model);
    let engine = reopen(&dir, engine);
    assert_eq!(engine.declared_fields().len(), 2);
    assert_engine(&engine, &model);
}

#[test]
fn a_batch_is_all_or_nothing_over_its_owners() {
    let (_dir, engine) = create();
    let mut batch = Batch::new();
    for owner in ["a", "b"] {
        batch.owner(Owner::new(owner, ""));
        batch.push_node(node(u128::from(owner.as_bytes()[0]), "f"));
    }
    batch.owner(Owner::new("a", ""));
    batch.push_node(node(1, "f"));
    engine.commit(batch, Immediate).unwrap();
    assert_eq!(counts(&engine), (3, 0));
    let mut batch = Batch::new();
    batch.owner(Owner::new("a", ""));
    batch.owner(Owner::new("b", ""));
    batch.push_node(NodeRow {
        metadata: "wrong",
        ..node(5, "f")
    });
    assert!(engine.commit(batch, Immediate).is_err());
    assert_eq!(counts(&engine), (3, 0));
    // An owner without rows is deleted.
    let mut batch = Batch::new();
    batch.owner(Owner::new("a", ""));
    engine.commit(batch, Immediate).unwrap();
    assert_eq!(counts(&engine), (1, 0));
    assert!(!contents(&engine.snapshot()).0.contains_key(&1));
}

#[test]
fn batches_of_several_threads_become_one() {
    let (_dir, engine) = create();
    let of = |owner, ids: std::ops::Range<u128>| {
        let mut batch = Batch::new();
        batch.owner(Owner::new(owner, ""));
        ids.for_each(|id| batch.push_node(node(id, "f")));
        batch
    };
    let mut whole = of("a", 0..3);
    whole.append(of("b", 3..5));
    whole.append(Batch::new());
    // Of an owner that both have, the rows of the other count.
    whole.append(of("a", 7..8));
    engine.commit(whole, Immediate).unwrap();
    let ids: Vec<u128> = contents(&engine.snapshot()).0.keys().copied().collect();
    assert_eq!(ids, [3, 4, 7]);
    // What is pushed next belongs to no owner.
    let mut whole = of("a", 0..1);
    whole.append(of("b", 1..2));
    whole.push_node(node(9, "f"));
    assert!(engine.commit(whole, Immediate).is_err());
}
