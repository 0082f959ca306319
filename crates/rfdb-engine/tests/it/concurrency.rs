//! Readers and writers at once.

use std::sync::atomic::{AtomicBool, Ordering};

use rfdb_engine::{
    Batch, Durability, EdgeRow, Engine, IndexMode, NodeId, NodeQuery, NodeRow, Options, Owner,
};
use tempfile::TempDir;

fn rows(owner: u128, generation: u64) -> Batch {
    let mut batch = Batch::new();
    let file = format!("f{owner}");
    batch.owner(Owner::new(&file, ""));
    let name = format!("g{generation}");
    for n in 0..20 {
        let id = NodeId(owner * 100 + n);
        batch.push_node(NodeRow {
            id,
            semantic_id: "",
            node_type: "T",
            name: &name,
            file: &file,
            exported: false,
            metadata: "",
        });
        let dst = NodeId(owner * 100 + (n + 1) % 20);
        batch.push_edge(EdgeRow {
            src: id,
            dst,
            edge_type: "E",
            metadata: &format!(r#"{{"g":{generation}}}"#),
        });
    }
    batch
}

#[test]
fn readers_see_whole_commits_only() {
    let dir = TempDir::new().unwrap();
    let options = Options {
        durability: Durability::Group,
        ..Options::default()
    };
    let engine = Engine::create(dir.path().join("db"), options.clone()).unwrap();
    let writers = 3u128;
    for owner in 0..writers {
        engine.commit(rows(owner, 0), IndexMode::Deferred).unwrap();
    }
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut seen = vec![0u64; writers as usize];
                while !stop.load(Ordering::Relaxed) {
                    let snapshot = engine.snapshot();
                    assert_eq!(snapshot.node_count().unwrap(), 20 * writers as u64);
                    for owner in 0..writers {
                        let query = NodeQuery::default().with_file(format!("f{owner}"));
                        let nodes = snapshot.find_nodes(&query).unwrap();
                        assert_eq!(nodes.len(), 20);
                        assert!(
                            nodes.iter().all(|n| n.name == nodes[0].name),
                            "a commit was seen in part"
                        );
                        let generation: u64 = nodes[0].name[1..].parse().unwrap();
                        assert!(generation >= seen[owner as usize], "time went backwards");
                        seen[owner as usize] = generation;
                        let edges = snapshot.outgoing(nodes[3].id, &[]).unwrap();
                        assert_eq!(edges[0].metadata, format!(r#"{{"g":{generation}}}"#));
                    }
                }
            });
        }
        let writing: Vec<_> = (0..writers)
            .map(|owner| {
                let engine = &engine;
                scope.spawn(move || {
                    for generation in 1..150 {
                        let mode = if generation % 3 == 0 {
                            IndexMode::Deferred
                        } else {
                            IndexMode::Immediate
                        };
                        engine.commit(rows(owner, generation), mode).unwrap();
                        if owner == 0 && generation % 40 == 0 {
                            engine.rebuild_indexes().unwrap();
                        }
                    }
                })
            })
            .collect();
        writing
            .into_iter()
            .for_each(|writer| writer.join().unwrap());
        stop.store(true, Ordering::Relaxed);
    });
    drop(engine);
    let engine = Engine::open(dir.path().join("db"), options).unwrap();
    assert!(engine.verify().unwrap().problems.is_empty());
    let names: Vec<String> = engine
        .snapshot()
        .iter_nodes()
        .map(|n| n.unwrap().name.to_owned())
        .collect();
    assert_eq!(names, vec!["g149"; 60]);
}

#[test]
fn a_parallel_load_gives_the_same_graph_whatever_the_threads() {
    let load = |threads: usize| {
        let engine = Engine::in_memory(Options::default());
        engine.begin_load().unwrap();
        std::thread::scope(|scope| {
            for thread in 0..threads {
                let engine = &engine;
                scope.spawn(move || {
                    for owner in (thread..40).step_by(threads) {
                        let mut batch = rows(owner as u128, 7);
                        // A node that all write, with the same contents.
                        batch.push_node(NodeRow {
                            id: NodeId(9_999_999),
                            semantic_id: "global",
                            node_type: "EXTERNAL",
                            name: "g",
                            file: "",
                            exported: true,
                            metadata: "",
                        });
                        engine.commit(batch, IndexMode::Deferred).unwrap();
                    }
                });
            }
        });
        engine.rebuild_indexes().unwrap();
        let snapshot = engine.snapshot();
        let nodes: Vec<String> = snapshot
            .iter_nodes()
            .map(|n| format!("{:?}", n.unwrap()))
            .collect();
        let edges: Vec<String> = snapshot
            .iter_edges()
            .map(|e| format!("{:?}", e.unwrap()))
            .collect();
        assert_eq!(snapshot.node_count().unwrap(), 40 * 20 + 1);
        (nodes, edges)
    };
    assert_eq!(load(1), load(4));
}
