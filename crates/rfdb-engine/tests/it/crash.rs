//! Every point at which a process can die or the power can be cut, for random histories.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::common::{Model, OwnerKey, Rows, assert_same, push, sample_node};
use proptest::prelude::*;
use rfdb_engine::storage::{Fault, FaultStorage, MemoryStorage};
use rfdb_engine::{Batch, Durability, Engine, Error, IndexMode, LoadState, NodeId, Options};

const DIR: &str = "/db";

#[derive(Debug, Clone)]
enum Step {
    Commit {
        owner: OwnerKey,
        rows: Rows,
        deferred: bool,
    },
    DeleteNode(u128),
    BeginLoad,
    Rebuild,
    Compact,
    Clear,
    Flush,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let owner = (0..3u8).prop_map(|file| (format!("f{file}.ts"), "analysis".to_owned()));
    let nodes = prop::collection::vec(
        (0..9u128, 0..12u8).prop_map(|(id, salt)| (id, sample_node(id, salt))),
        1..4,
    );
    let edges = prop::collection::vec(
        (0..9u128, 0..9u128).prop_map(|(src, dst)| ((src, dst, "CALLS".to_owned()), String::new())),
        0..3,
    );
    let rows = (nodes, edges).prop_map(|(nodes, edges)| Rows { nodes, edges });
    prop_oneof![
        6 => (owner, rows, prop::bool::weighted(0.3))
            .prop_map(|(owner, rows, deferred)| Step::Commit { owner, rows, deferred }),
        1 => (0..9u128).prop_map(Step::DeleteNode),
        1 => Just(Step::BeginLoad),
        2 => Just(Step::Rebuild),
        1 => Just(Step::Compact),
        1 => Just(Step::Clear),
        1 => Just(Step::Flush),
        1 => Just(Step::Reopen),
    ]
}

fn options(durability: Durability) -> Options {
    Options {
        durability,
        ..Options::default()
    }
}

fn volatile(durability: Durability) -> Options {
    Options {
        volatile_loads: true,
        ..options(durability)
    }
}

/// States of the graph after each acknowledged step, how many of them surely outlive the process, and how many a power cut.
struct History {
    states: Vec<Model>,
    written: usize,
    durable: usize,
    /// The step during which the storage failed had begun.
    begun: Option<Model>,
}

/// Runs steps until the storage stops.
fn run(storage: &FaultStorage<MemoryStorage>, options: &Options, steps: &[Step]) -> History {
    let durability = options.durability;
    let mut history = History {
        states: Vec::new(),
        written: 0,
        durable: 0,
        begun: Some(Model::default()),
    };
    let arc = || Arc::new(storage.clone());
    let Ok(engine) = Engine::create_in(arc(), DIR, options.clone()) else {
        return history;
    };
    let mut engine = Some(engine);
    history.states.push(Model::default());
    history.written = 1;
    if durability != Durability::None {
        history.durable = 1;
    }
    let mut model = Model::default();
    for step in steps {
        let before = model.clone();
        let mut synced = durability == Durability::Sync;
        match step {
            Step::Commit {
                owner,
                rows,
                deferred,
            } => {
                model.replace(owner, rows.clone());
                synced &= !deferred;
            }
            Step::DeleteNode(id) => {
                model.delete_node(*id);
                // Nothing is written, nor synced, if there is no such node.
                synced &= model != before;
            }
            Step::BeginLoad => {
                synced &= !model.loading;
                model.loading = true;
            }
            Step::Rebuild | Step::Compact => {
                model.loading = false;
                synced = durability != Durability::None;
            }
            Step::Clear => {
                model.clear();
                synced = durability != Durability::None;
            }
            Step::Flush => synced = true,
            Step::Reopen => synced = durability != Durability::None,
        }
        history.begun = Some(model.clone());
        if matches!(step, Step::Reopen) {
            drop(engine.take());
            match Engine::open_in(arc(), DIR, options.clone()) {
                Ok(opened) => engine = Some(opened),
                Err(_) => return history,
            }
            // Closing syncs if it can; whether it could is not told.
            history.begun = Some(before);
            continue;
        }
        let Some(open) = &engine else { return history };
        let done = match step {
            Step::Commit {
                owner,
                rows,
                deferred,
            } => {
                let mut batch = Batch::new();
                push(&mut batch, owner, rows);
                let mode = if *deferred {
                    IndexMode::Deferred
                } else {
                    IndexMode::Immediate
                };
                open.commit(batch, mode).map(|_| ())
            }
            Step::DeleteNode(id) => open.delete_node(NodeId(*id)).map(|_| ()),
            Step::BeginLoad => open.begin_load(),
            Step::Rebuild => open.rebuild_indexes(),
            Step::Compact => open.compact(),
            Step::Clear => open.clear(),
            Step::Flush => open.flush(),
            Step::Reopen => Ok(()),
        };
        match done {
            Ok(()) => {
                history.states.push(model.clone());
                // What a load writes may be in memory for a while, and what comes later does not count without it.
                let of_load = options.volatile_loads
                    && before.loading
                    && matches!(
                        step,
                        Step::Commit { deferred: true, .. } | Step::DeleteNode(_) | Step::BeginLoad
                    );
                if !of_load {
                    history.written = history.states.len();
                }
                if synced {
                    history.durable = history.states.len();
                }
                history.begun = None;
            }
            Err(_) => {
                // Refused: what readers of the running process see is as before. What a load wrote may have to go to the file,
                // which takes no more, before it can be read.
                if !(options.volatile_loads && before.loading) {
                    assert_same(&open.snapshot(), &before);
                }
                return history;
            }
        }
    }
    history
}

/// After a crash the database opens to a prefix of the history that holds all that was durable.
fn check(storage: MemoryStorage, history: &History, options: &Options, power_cut: bool, at: u64) {
    let acknowledged = history.states.len();
    let least = if power_cut {
        history.durable
    } else {
        history.written
    };
    let opened = Engine::open_in(Arc::new(storage), DIR, options.clone());
    let engine = match opened {
        Ok(engine) => engine,
        Err(Error::NotFound(_)) if least == 0 => return,
        // Without syncing, a power cut may leave files that do not fit together. That is found, not read.
        Err(Error::Damaged { .. }) if power_cut && options.durability == Durability::None => return,
        Err(error) => panic!(
            "operation {at}, power cut {power_cut}: {error} ({least} of {acknowledged} durable)"
        ),
    };
    let mut candidates: Vec<&Model> = history.states[least.saturating_sub(1)..].iter().collect();
    candidates.extend(&history.begun);
    let snapshot = engine.snapshot();
    let loading = engine.load_state() == LoadState::Unfinished;
    if loading && power_cut {
        // The load has to be started again; that it says so is enough.
        assert!(
            candidates.iter().any(|model| model.loading),
            "operation {at}"
        );
        return;
    }
    let (nodes, edges) = crate::common::contents(&snapshot);
    let owners: BTreeSet<OwnerKey> = snapshot
        .owners()
        .unwrap()
        .into_iter()
        .map(|o| (o.file, o.context))
        .collect();
    let same = candidates.iter().rev().find(|model| {
        let known: BTreeSet<OwnerKey> = model
            .writes
            .iter()
            .map(|(owner, _)| owner.clone())
            .collect();
        model.loading == loading
            && model.nodes() == nodes
            && model.edges() == edges
            && known == owners
    });
    let Some(same) = same else {
        panic!(
            "operation {at}, power cut {power_cut}: no acknowledged state; {least} of {acknowledged}, nodes {nodes:?}"
        );
    };
    assert_same(&snapshot, same);
    assert!(engine.verify().unwrap().problems.is_empty());
    // The database can be written again.
    let mut batch = Batch::new();
    let rows = Rows {
        nodes: vec![(77, sample_node(77, 1))],
        edges: Vec::new(),
    };
    push(&mut batch, &("new".into(), String::new()), &rows);
    engine.commit(batch, IndexMode::Immediate).unwrap();
    assert!(engine.snapshot().contains(NodeId(77)).unwrap());
}

fn every_crash_point(options: &Options, steps: &[Step]) {
    let count = {
        let storage = FaultStorage::new(MemoryStorage::new(), Fault::Stop, u64::MAX);
        run(&storage, options, steps);
        storage.operations()
    };
    for at in 0..count {
        let memory = MemoryStorage::new();
        let storage = FaultStorage::new(memory.clone(), Fault::Stop, at);
        let history = run(&storage, options, steps);
        for power_cut in [false, true] {
            check(
                memory.after_crash(power_cut),
                &history,
                options,
                power_cut,
                at,
            );
        }
    }
}

/// A node whose name has so many bytes, and is its own.
fn node_of(id: u128, bytes: usize) -> (Batch, String) {
    let name = format!("{id}").repeat(bytes);
    let mut node = sample_node(id, 0);
    node.name.clone_from(&name);
    let rows = Rows {
        nodes: vec![(id, node)],
        edges: Vec::new(),
    };
    let mut batch = Batch::new();
    push(&mut batch, &(format!("f{id}.ts"), String::new()), &rows);
    (batch, name)
}

/// Blocks larger and smaller than what is kept in memory, read after some of the commits, and one failed operation anywhere: what
/// was refused is not there, what was accepted is, byte for byte.
#[test]
fn a_full_disk_during_a_load_leaves_no_wrong_bytes() {
    let sizes = [10, 600_000, 10, 300_000, 10, 10];
    let check = |engine: &Engine, expected: &[(u128, String)]| {
        let snapshot = engine.snapshot();
        for (id, name) in expected {
            let read = || snapshot.node(NodeId(*id));
            // The first read may be what fails.
            let node = read().or_else(|_| read()).unwrap().unwrap();
            assert!(node.name == *name, "node {id}");
        }
        let count = || snapshot.node_count();
        assert_eq!(count().or_else(|_| count()).unwrap(), expected.len() as u64);
    };
    let run = |storage: &FaultStorage<MemoryStorage>, reads: u32| -> Option<Engine> {
        let options = volatile(Durability::Group);
        let engine = Engine::create_in(Arc::new(storage.clone()), DIR, options).ok()?;
        engine.begin_load().ok()?;
        let mut expected = Vec::new();
        for (id, bytes) in (1..).zip(sizes) {
            let (batch, name) = node_of(id, bytes);
            if engine.commit(batch, IndexMode::Deferred).is_ok() {
                expected.push((id, name));
            }
            if reads >> id & 1 == 1 {
                check(&engine, &expected);
            }
        }
        let build = || engine.rebuild_indexes();
        match build().or_else(|_| build()) {
            // What a sync that failed left on the disk nobody knows.
            Err(Error::WriterStopped { .. }) => return None,
            done => done.unwrap(),
        }
        check(&engine, &expected);
        Some(engine)
    };
    for reads in [
        0, 0b111_1110, 0b010_1010, 0b101_0100, 0b100_0100, 0b100_1010,
    ] {
        let all = FaultStorage::new(MemoryStorage::new(), Fault::Stop, u64::MAX);
        run(&all, reads).unwrap();
        let mut reached = 0;
        for at in 0..all.operations() {
            let storage = FaultStorage::new(MemoryStorage::new(), Fault::FailOnce, at);
            reached += u32::from(run(&storage, reads).is_some());
        }
        assert!(reached > 8, "{reached} of {}", all.operations());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn sync_commits_survive_every_crash_point(steps in prop::collection::vec(step(), 1..10)) {
        every_crash_point(&options(Durability::Sync), &steps);
    }

    #[test]
    fn unsynced_commits_survive_the_death_of_the_process(steps in prop::collection::vec(step(), 1..10)) {
        every_crash_point(&options(Durability::None), &steps);
    }

    #[test]
    fn group_commits_survive_the_death_of_the_process(steps in prop::collection::vec(step(), 1..8)) {
        every_crash_point(&options(Durability::Group), &steps);
    }

    #[test]
    fn loads_that_need_not_outlive_the_process_lose_their_end_at_most(
        steps in prop::collection::vec(step(), 1..8),
        durability in prop::sample::select(vec![Durability::None, Durability::Group, Durability::Sync]),
    ) {
        every_crash_point(&volatile(durability), &steps);
    }

    /// One failed operation: the step fails or not, the graph is as it was, and everything goes on.
    #[test]
    fn a_full_disk_leaves_the_database_as_it_was(steps in prop::collection::vec(step(), 1..8)) {
        let count = {
            let storage = FaultStorage::new(MemoryStorage::new(), Fault::Stop, u64::MAX);
            run(&storage, &options(Durability::None), &steps);
            storage.operations()
        };
        for at in 0..count {
            let memory = MemoryStorage::new();
            let storage = FaultStorage::new(memory.clone(), Fault::FailOnce, at);
            let history = run(&storage, &options(Durability::None), &steps);
            check(memory.after_crash(false), &history, &options(Durability::None), false, at);
        }
    }
}
