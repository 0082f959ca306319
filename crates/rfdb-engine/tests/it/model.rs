//! Random histories of all operations against a plain model; equal after every step.

use std::sync::Arc;

use crate::common::{
    EdgeKey, Model, OwnerKey, Rows, assert_engine, assert_same, push, sample_node,
};
use proptest::prelude::*;
use rfdb_engine::storage::{MemoryStorage, Storage};
use rfdb_engine::{Batch, Engine, FieldDeclaration, IndexMode, NodeId, Options, Owner};

#[derive(Debug, Clone)]
enum Operation {
    Commit {
        owners: Vec<(OwnerKey, Rows)>,
        deferred: bool,
    },
    AddNodes {
        owner: OwnerKey,
        rows: Rows,
    },
    AddEdges {
        owner: OwnerKey,
        rows: Rows,
    },
    DeleteNode(u128),
    DeleteEdge(EdgeKey),
    BeginLoad,
    Rebuild,
    Compact,
    Clear,
    Flush,
    Declare(u8),
    Reopen,
    Pin,
    Keep,
    Drop,
}

fn owner() -> impl Strategy<Value = OwnerKey> {
    (0..4u8, prop_oneof![Just("analysis"), Just("enrichment")])
        .prop_map(|(file, context)| (format!("f{file}.ts"), context.to_owned()))
}

fn edge_key() -> impl Strategy<Value = EdgeKey> {
    (
        0..14u128,
        0..14u128,
        prop_oneof![
            Just("CALLS"),
            Just("CONTAINS"),
            Just("COVERS"),
            Just("USES")
        ],
    )
        .prop_map(|(src, dst, edge_type)| (src, dst, edge_type.to_owned()))
}

fn rows() -> impl Strategy<Value = Rows> {
    let nodes = prop::collection::vec(
        (0..12u128, 0..12u8).prop_map(|(id, salt)| (id, sample_node(id, salt))),
        0..6,
    );
    let metadata = prop_oneof![
        Just(String::new()),
        (0..3u8).prop_map(|n| format!(r#"{{"n":{n}}}"#))
    ];
    let edges = prop::collection::vec((edge_key(), metadata), 0..8);
    (nodes, edges).prop_map(|(nodes, edges)| Rows { nodes, edges })
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        8 => (prop::collection::vec((owner(), rows()), 1..3), any::<bool>()).prop_map(|(mut owners, deferred)| {
            owners.sort_by(|a, b| a.0.cmp(&b.0));
            owners.dedup_by(|a, b| a.0 == b.0);
            Operation::Commit { owners, deferred }
        }),
        2 => (owner(), rows()).prop_map(|(owner, rows)| Operation::AddNodes { owner, rows }),
        2 => (owner(), rows()).prop_map(|(owner, rows)| Operation::AddEdges { owner, rows }),
        2 => (0..12u128).prop_map(Operation::DeleteNode),
        2 => edge_key().prop_map(Operation::DeleteEdge),
        1 => Just(Operation::BeginLoad),
        2 => Just(Operation::Rebuild),
        1 => Just(Operation::Compact),
        1 => Just(Operation::Clear),
        1 => Just(Operation::Flush),
        1 => (0..4u8).prop_map(Operation::Declare),
        2 => Just(Operation::Reopen),
        1 => Just(Operation::Pin),
        1 => Just(Operation::Keep),
        1 => Just(Operation::Drop),
    ]
}

const DIR: &str = "/db";

struct World {
    options: Options,
    storage: Option<MemoryStorage>,
    engine: Option<Engine>,
    model: Model,
    pinned: Vec<(rfdb_engine::Snapshot, Model)>,
    kept: Vec<(u64, Model)>,
}

impl World {
    fn new(on_disk: bool, index_on_read: bool) -> Self {
        let options = Options {
            index_on_read,
            ..Options::default()
        };
        let storage = on_disk.then(MemoryStorage::new);
        let engine = match &storage {
            Some(storage) => {
                Engine::create_in(Arc::new(storage.clone()), DIR, options.clone()).unwrap()
            }
            None => Engine::in_memory(options.clone()),
        };
        Self {
            options,
            storage,
            engine: Some(engine),
            model: Model::default(),
            pinned: Vec::new(),
            kept: Vec::new(),
        }
    }

    fn engine(&self) -> &Engine {
        self.engine.as_ref().unwrap()
    }

    fn apply(&mut self, operation: &Operation) {
        let before = self.model.clone();
        match operation {
            Operation::Commit { owners, deferred } => {
                let mut batch = Batch::new();
                for (owner, rows) in owners {
                    push(&mut batch, owner, rows);
                    self.model.replace(owner, rows.clone());
                }
                let mode = if *deferred {
                    IndexMode::Deferred
                } else {
                    IndexMode::Immediate
                };
                let delta = self.engine().commit(batch, mode).unwrap();
                assert_eq!(delta.changes().unwrap(), self.model.changes_since(&before));
            }
            Operation::AddNodes { owner, rows } => {
                let nodes: Vec<_> = rows
                    .nodes
                    .iter()
                    .map(|(id, node)| crate::common::node_row(*id, node))
                    .collect();
                let delta = self
                    .engine()
                    .add_nodes(Owner::new(&owner.0, &owner.1), &nodes)
                    .unwrap();
                self.model.add(
                    owner,
                    Rows {
                        nodes: rows.nodes.clone(),
                        edges: Vec::new(),
                    },
                );
                assert_eq!(delta.changes().unwrap(), self.model.changes_since(&before));
            }
            Operation::AddEdges { owner, rows } => {
                let edges: Vec<_> = rows
                    .edges
                    .iter()
                    .map(|(key, text)| crate::common::edge_row(key, text))
                    .collect();
                let delta = self
                    .engine()
                    .add_edges(Owner::new(&owner.0, &owner.1), &edges)
                    .unwrap();
                self.model.add(
                    owner,
                    Rows {
                        nodes: Vec::new(),
                        edges: rows.edges.clone(),
                    },
                );
                assert_eq!(delta.changes().unwrap(), self.model.changes_since(&before));
            }
            Operation::DeleteNode(id) => {
                let delta = self.engine().delete_node(NodeId(*id)).unwrap();
                self.model.delete_node(*id);
                assert_eq!(delta.changes().unwrap(), self.model.changes_since(&before));
            }
            Operation::DeleteEdge(key) => {
                let delta = self
                    .engine()
                    .delete_edge(NodeId(key.0), NodeId(key.1), &key.2)
                    .unwrap();
                self.model.delete_edge(key);
                assert_eq!(delta.changes().unwrap(), self.model.changes_since(&before));
            }
            Operation::BeginLoad => {
                self.engine().begin_load().unwrap();
                self.model.loading = true;
            }
            Operation::Rebuild => {
                self.engine().rebuild_indexes().unwrap();
                self.model.loading = false;
            }
            Operation::Compact => {
                self.engine().compact().unwrap();
                self.model.loading = false;
            }
            Operation::Clear => {
                self.engine().clear().unwrap();
                self.model.clear();
                self.kept.clear();
            }
            Operation::Flush => self.engine().flush().unwrap(),
            Operation::Declare(n) => {
                let fields: Vec<_> = ["kind", "line"]
                    .into_iter()
                    .take(usize::from(*n))
                    .map(FieldDeclaration::new)
                    .collect();
                self.engine().declare_fields(&fields).unwrap();
            }
            Operation::Reopen => {
                if let Some(storage) = &self.storage {
                    self.engine = None;
                    let storage: Arc<dyn Storage> = Arc::new(storage.clone());
                    self.engine =
                        Some(Engine::open_in(storage, DIR, self.options.clone()).unwrap());
                }
            }
            Operation::Pin => self
                .pinned
                .push((self.engine().snapshot(), self.model.clone())),
            Operation::Keep => {
                let version = self.engine().tag_snapshot(&[("k", "v")]).unwrap();
                self.kept.retain(|(kept, _)| *kept != version);
                self.kept.push((version, self.model.clone()));
            }
            Operation::Drop => {
                if let Some((version, _)) = self.kept.pop() {
                    self.engine().drop_snapshot(version).unwrap();
                }
            }
        }
    }

    fn check(&self) {
        assert_engine(self.engine(), &self.model);
        let versions: Vec<u64> = self
            .engine()
            .snapshots()
            .iter()
            .map(|info| info.version)
            .collect();
        let mut expected: Vec<u64> = self.kept.iter().map(|(version, _)| *version).collect();
        expected.sort_unstable();
        assert_eq!(versions, expected);
    }

    fn check_old(&self) {
        for (snapshot, model) in &self.pinned {
            assert_same(snapshot, model);
        }
        for (version, model) in &self.kept {
            assert_same(&self.engine().snapshot_at(*version).unwrap(), model);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, max_shrink_iters: 2000, ..ProptestConfig::default() })]

    #[test]
    fn every_history_matches_the_model(
        operations in prop::collection::vec(operation(), 1..30), on_disk in prop::bool::weighted(0.8),
        index_on_read: bool,
    ) {
        let mut world = World::new(on_disk, index_on_read);
        for operation in &operations {
            world.apply(operation);
            world.check();
        }
        world.check_old();
        if let Some(storage) = world.storage.clone() {
            world.apply(&Operation::Reopen);
            world.check();
            world.check_old();
            let report = world.engine().verify().unwrap();
            prop_assert!(report.problems.is_empty(), "{:?}", report.problems);
            drop(world);
            let _ = storage;
        }
    }

    #[test]
    fn reads_are_not_needed_between_deferred_commits(
        operations in prop::collection::vec(operation(), 1..40), index_on_read: bool,
    ) {
        // The same without a read after each step, so that blocks gather unindexed.
        let mut world = World::new(true, index_on_read);
        for operation in &operations {
            match operation {
                Operation::Commit { owners, .. } => {
                    let mut batch = Batch::new();
                    for (owner, rows) in owners {
                        push(&mut batch, owner, rows);
                        world.model.replace(owner, rows.clone());
                    }
                    world.engine().commit(batch, IndexMode::Deferred).unwrap();
                }
                other => world.apply(other),
            }
        }
        world.check();
        world.check_old();
    }
}
