//! Loads a generated graph and prints where the time goes: `load [MODULES] [THREADS]`.

use std::time::Instant;

use rfdb_engine::{Batch, Durability, EdgeRow, Engine, IndexMode, NodeId, NodeRow, Options, Owner};

fn module(m: usize) -> (Batch, f64) {
    let file = format!(
        "packages/library/src/feature_{:03}/module_{m:05}.ts",
        m % 97
    );
    let types = [
        "FUNCTION",
        "CALL",
        "VARIABLE",
        "CONSTANT",
        "PARAMETER",
        "SCOPE",
        "IMPORT",
        "CLASS",
        "METHOD",
    ];
    let mut rows = Vec::new();
    for n in 0..100usize {
        let t = types[n % 9];
        let name = format!("name_{}_{}", n, m % 50);
        let sid = format!("{file}->{t}->{name}[in:scope{}]#{n}", n / 10);
        let meta = format!(
            r#"{{"line":{},"column":{},"endLine":{},"endColumn":{},"kind":"const","callee":"obj.method{}","async":false}}"#,
            n * 3,
            n % 80,
            n * 3 + 1,
            n % 70,
            n % 7
        );
        rows.push((sid, t, name, meta));
    }
    let ids: Vec<NodeId> = rows.iter().map(|r| NodeId::from_semantic(&r.0)).collect();
    let start = Instant::now();
    let mut batch = Batch::new();
    batch.owner(Owner::new(&file, "analysis"));
    for (id, (sid, t, name, meta)) in ids.iter().zip(&rows) {
        batch.push_node(NodeRow {
            id: *id,
            semantic_id: sid,
            node_type: t,
            name,
            file: &file,
            exported: false,
            metadata: meta,
        });
    }
    for e in 0..250usize {
        let dst = if e % 10 == 0 {
            NodeId::from_semantic(&format!("global{}", (e * 7 + m) % 5000))
        } else {
            ids[(e * 7 + 3) % 100]
        };
        batch.push_edge(EdgeRow {
            src: ids[e % 100],
            dst,
            edge_type: ["CONTAINS", "CALLS", "USES"][e % 3],
            metadata: "",
        });
    }
    (batch, start.elapsed().as_secs_f64())
}

fn main() {
    let mut args = std::env::args().skip(1);
    let modules: usize = args.next().map_or(2400, |a| a.parse().unwrap());
    let threads: usize = args.next().map_or(2, |a| a.parse().unwrap());
    let dir = std::env::temp_dir().join("rfdb-load-example");
    let _ = std::fs::remove_dir_all(&dir);
    let options = Options {
        durability: Durability::None,
        ..Options::default()
    };
    let engine = Engine::create(&dir, options.clone()).unwrap();
    engine.begin_load().unwrap();
    let start = Instant::now();
    let sums: Vec<(f64, f64)> = std::thread::scope(|s| {
        let handles: Vec<_> = (0..threads)
            .map(|t| {
                let engine = engine.clone();
                s.spawn(move || {
                    let (mut push, mut commit) = (0.0, 0.0);
                    for m in (t..modules).step_by(threads) {
                        let (batch, p) = module(m);
                        push += p;
                        let start = Instant::now();
                        engine.commit(batch, IndexMode::Deferred).unwrap();
                        commit += start.elapsed().as_secs_f64();
                    }
                    (push, commit)
                })
            })
            .collect();
        handles.into_iter().map(|h| h.join().unwrap()).collect()
    });
    let (push, commit) = sums.iter().fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
    let n = (modules * 100) as f64;
    println!(
        "load wall {:.3}s  push {:.0} ns/node (with 2.5 edges)  commit {:.0} ns/node",
        start.elapsed().as_secs_f64(),
        push / n * 1e9,
        commit / n * 1e9
    );
    let start = Instant::now();
    engine.rebuild_indexes().unwrap();
    let f = start.elapsed().as_secs_f64();
    println!(
        "finalize wall {:.3}s = {:.0} ns/node, {:.0} ns/row",
        f,
        f / n * 1e9,
        f / n * 1e9 / 3.5
    );
    let start = Instant::now();
    drop(engine);
    println!("close {:.3} ms", start.elapsed().as_secs_f64() * 1e3);
    let start = Instant::now();
    let engine = Engine::open(&dir, options).unwrap();
    println!("open {:.3} ms", start.elapsed().as_secs_f64() * 1e3);
    let snapshot = engine.snapshot();
    println!(
        "nodes {} edges {}",
        snapshot.node_count().unwrap(),
        snapshot.edge_count().unwrap()
    );
    let bytes: u64 = std::fs::read_dir(&dir)
        .unwrap()
        .map(|e| e.unwrap().metadata().unwrap().len())
        .sum();
    println!("disk {bytes} = {:.1} bytes/node", bytes as f64 / n);
}
