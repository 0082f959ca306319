//! Every file of a small database cut off and with bits flipped: it reads right, or gives an error that names the file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::common::{Model, Rows, contents, push, sample_node};
use rfdb_engine::storage::MemoryStorage;
use rfdb_engine::{Batch, Engine, Error, FieldDeclaration, IndexMode, NodeQuery, Options, Result};

const DIR: &str = "/db";

/// A database with a base, an overlay, a superseded block and a kept snapshot, closed in order.
fn database() -> (MemoryStorage, Model, Model) {
    let storage = MemoryStorage::new();
    let engine = Engine::create_in(Arc::new(storage.clone()), DIR, Options::default()).unwrap();
    let mut model = Model::default();
    engine
        .declare_fields(&[FieldDeclaration::new("kind")])
        .unwrap();
    let mut commit = |engine: &Engine, file: u128, salt: u8, mode| {
        let owner = (format!("f{file}.ts"), "analysis".to_owned());
        let nodes: Vec<_> = (0..12)
            .map(|n| (file * 100 + n, sample_node(file * 100 + n, salt + n as u8)))
            .collect();
        let edges = (0..15)
            .map(|n| {
                let (src, dst) = (file * 100 + n % 12, (file * 100 + n * 7) % 300);
                let metadata = if n % 2 == 0 {
                    String::new()
                } else {
                    format!(r#"{{"at":{n}}}"#)
                };
                (
                    (
                        src,
                        dst,
                        ["CALLS", "CONTAINS", "COVERS"][n as usize % 3].to_owned(),
                    ),
                    metadata,
                )
            })
            .collect();
        let rows = Rows { nodes, edges };
        let mut batch = Batch::new();
        push(&mut batch, &owner, &rows);
        engine.commit(batch, mode).unwrap();
        model.replace(&owner, rows);
        model.clone()
    };
    for file in 0..3 {
        commit(&engine, file, 1, IndexMode::Deferred);
    }
    engine.rebuild_indexes().unwrap();
    let kept = commit(&engine, 1, 4, IndexMode::Immediate);
    engine.tag_snapshot(&[("name", "before")]).unwrap();
    let model = commit(&engine, 2, 7, IndexMode::Immediate);
    drop(engine);
    (storage, model, kept)
}

type Everything = (
    (
        std::collections::BTreeMap<u128, crate::common::ModelNode>,
        std::collections::BTreeMap<crate::common::EdgeKey, String>,
    ),
    Vec<Vec<rfdb_engine::NodeId>>,
);

/// Opens and reads all there is, in several ways.
fn read(storage: &MemoryStorage) -> Result<(Everything, Everything)> {
    let options = Options {
        read_only: true,
        ..Options::default()
    };
    let engine = Engine::open_in(Arc::new(storage.clone()), DIR, options)?;
    let version = engine.snapshots().first().map(|info| info.version);
    let snapshot = engine.snapshot();
    let kept = engine.snapshot_at(version.unwrap_or_default())?;
    let mut all = Vec::new();
    for snapshot in [&snapshot, &kept] {
        for node in snapshot.iter_nodes() {
            node?;
        }
        for edge in snapshot.iter_edges() {
            edge?;
        }
        let mut found = Vec::new();
        for query in [
            NodeQuery::default().with_type("http:*"),
            NodeQuery::default().with_name("n2"),
            NodeQuery::default().with_file("f1.ts"),
            NodeQuery::default().with_field("kind", "k1"),
            NodeQuery::default().with_name_containing("3"),
        ] {
            found.push(snapshot.find(&query)?);
        }
        for id in snapshot.find(&NodeQuery::default())? {
            snapshot.incoming(id, &[])?;
        }
        snapshot.count_nodes_by_type()?;
        snapshot.count_edges_by_type()?;
        snapshot.dangling_edges()?;
        snapshot.owners()?;
        all.push((contents(snapshot), found));
    }
    let kept = all.remove(1);
    Ok((all.remove(0), kept))
}

fn damaged_copy(storage: &MemoryStorage, path: &Path, data: Vec<u8>) -> MemoryStorage {
    let copy = storage.after_crash(false);
    copy.put(path, data);
    copy
}

fn check(
    storage: &MemoryStorage,
    expected: &(Everything, Everything),
    path: &Path,
    data: Vec<u8>,
    what: &str,
) -> bool {
    let copy = damaged_copy(storage, path, data);
    match read(&copy) {
        Ok(found) => {
            assert_eq!(&found, expected, "{}, {what}: wrong answer", path.display());
            true
        }
        Err(error) => {
            let name = path.file_name().unwrap().to_str().unwrap();
            assert!(
                error.to_string().contains(name),
                "{}, {what}: error does not name the file: {error}",
                path.display()
            );
            assert!(
                matches!(error, Error::Damaged { .. } | Error::NewerFormat { .. }),
                "{error}"
            );
            false
        }
    }
}

#[test]
fn damage_is_found_and_named() {
    let (storage, model, kept_model) = database();
    let expected = read(&storage).unwrap();
    assert_eq!(expected.0.0, (model.nodes(), model.edges()));
    assert_eq!(expected.1.0, (kept_model.nodes(), kept_model.edges()));
    let (mut found, mut harmless) = (0, 0);
    let files: Vec<(PathBuf, Vec<u8>)> = storage.files();
    assert!(files.len() >= 4, "manifest, index, blocks, mark");
    for (path, data) in &files {
        for len in (0..data.len()).step_by(64) {
            let right = check(
                &storage,
                &expected,
                path,
                data[..len].to_vec(),
                &format!("cut at {len}"),
            );
            *(if right { &mut harmless } else { &mut found }) += 1;
        }
        for at in (0..data.len()).step_by(16) {
            let mut flipped = data.clone();
            flipped[at] ^= 1 << (at / 16 % 8);
            let right = check(
                &storage,
                &expected,
                path,
                flipped,
                &format!("bit flipped at {at}"),
            );
            *(if right { &mut harmless } else { &mut found }) += 1;
        }
    }
    assert!(
        found > harmless,
        "most damage must be found: {found} found, {harmless} harmless"
    );
}

#[test]
fn a_missing_file_is_named() {
    let (storage, ..) = database();
    for (path, _) in storage.files() {
        let copy = storage.after_crash(false);
        rfdb_engine::storage::Storage::remove(&copy, &path).unwrap();
        let error = read(&copy).expect_err("every file is needed");
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.starts_with("manifest") {
            assert!(matches!(error, Error::NotFound(_)), "{error}");
        } else {
            assert!(error.to_string().contains(name), "{name}: {error}");
        }
    }
}

#[test]
fn verify_reports_the_owners_that_are_lost() {
    let (storage, ..) = database();
    let (path, mut data) = storage
        .files()
        .into_iter()
        .find(|(path, _)| path.to_str().unwrap().ends_with(".seg"))
        .unwrap();
    data[100] ^= 1;
    let engine = Engine::open_in(
        Arc::new(damaged_copy(&storage, &path, data)),
        DIR,
        Options::default(),
    )
    .unwrap();
    let report = engine.verify().unwrap();
    assert_eq!(report.problems.len(), 1);
    assert_eq!(
        report.problems[0].owner,
        Some(("f0.ts".to_owned(), "analysis".to_owned()))
    );
    // The rest of the graph can be read.
    assert!(
        engine
            .snapshot()
            .node(rfdb_engine::NodeId(101))
            .unwrap()
            .is_some()
    );
    assert!(engine.snapshot().node(rfdb_engine::NodeId(1)).is_err());
}

#[test]
fn a_newer_format_is_refused() {
    let (storage, ..) = database();
    for (suffix, at) in [(".log", 8), (".idx", 8)] {
        let (path, mut data) = storage
            .files()
            .into_iter()
            .find(|(path, _)| path.to_str().unwrap().ends_with(suffix))
            .unwrap();
        data[at] = 99;
        let error = read(&damaged_copy(&storage, &path, data)).expect_err("newer");
        assert!(
            matches!(error, Error::NewerFormat { found: 99, .. }),
            "{error}"
        );
    }
}

#[test]
fn verify_checks_blocks_that_the_same_process_wrote() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("db");
    let engine = Engine::create(&dir, Options::default()).unwrap();
    let nodes = (0..12).map(|n| (n, sample_node(n, 1))).collect();
    let mut batch = Batch::new();
    let owner = ("a.ts".to_owned(), "analysis".to_owned());
    let edges = Default::default();
    push(&mut batch, &owner, &Rows { nodes, edges });
    engine.commit(batch, IndexMode::Deferred).unwrap();
    let segment = std::fs::read_dir(&dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|e| e == "seg"))
        .unwrap();
    let mut data = std::fs::read(&segment).unwrap();
    data[100] ^= 1;
    std::fs::write(&segment, data).unwrap();
    let report = engine.verify().unwrap();
    assert_eq!(report.problems[0].owner, Some(owner));
}
