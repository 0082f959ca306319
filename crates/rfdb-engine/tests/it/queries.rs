//! Every mix of conditions, batch reads, and what a commit says it changed.

use crate::common::{Model, OwnerKey, Rows, matches, push, sample_node};
use rfdb_engine::{
    Batch, Changes, Engine, FieldDeclaration, IndexMode, NodeId, NodeQuery, Options, Snapshot,
};

fn owner(number: u128) -> OwnerKey {
    (format!("f{number}.ts"), "analysis".to_owned())
}

/// Forty nodes, some of which the rows of other owners hide, and edges among them.
fn rows(number: u128, salt: u8) -> Rows {
    let ids = number * 30..number * 30 + 40;
    Rows {
        nodes: ids
            .clone()
            .map(|id| (id, sample_node(id, salt.wrapping_add((id % 13) as u8))))
            .collect(),
        edges: ids
            .map(|id| ((id, id * 7 % 130, "CALLS".to_owned()), String::new()))
            .collect(),
    }
}

fn commit(engine: &Engine, model: &mut Model, number: u128, rows: Rows, mode: IndexMode) {
    let mut batch = Batch::new();
    push(&mut batch, &owner(number), &rows);
    engine.commit(batch, mode).unwrap();
    model.replace(&owner(number), rows);
}

fn every_query() -> Vec<NodeQuery> {
    let mut queries = vec![NodeQuery::default()];
    let mut extend = |add: &dyn Fn(NodeQuery) -> Vec<NodeQuery>| {
        queries = queries.drain(..).flat_map(add).collect();
    };
    extend(&|q| {
        let types = ["CLASS", "http:*", "*", "http:route", "none:*"];
        let mut out: Vec<_> = types.map(|t| q.clone().with_type(t)).into();
        out.push(q);
        out
    });
    extend(&|q| {
        let exact = q.clone().with_name("n1");
        let part = q.clone().with_name_containing("2");
        vec![q, exact, part]
    });
    extend(&|q| vec![q.clone().with_file("f1.ts"), q]);
    extend(&|q| {
        let flags = [true, false].map(|flag| q.clone().with_exported(flag));
        [flags.to_vec(), vec![q]].concat()
    });
    extend(&|q| {
        let (kind, line) = (
            q.clone().with_field("kind", "k1"),
            q.clone().with_field("line", "7"),
        );
        vec![kind.clone().with_field("line", "7"), kind, line, q]
    });
    extend(&|q| vec![q.clone().with_limit(3), q]);
    queries
}

fn check(snapshot: &Snapshot, model: &Model) {
    let nodes = model.nodes();
    let mut found = 0;
    for query in every_query() {
        let expected: Vec<NodeId> = nodes
            .iter()
            .filter(|(_, node)| matches(&query, node))
            .map(|(&id, _)| NodeId(id))
            .take(query.limit.unwrap_or(usize::MAX))
            .collect();
        assert_eq!(snapshot.find(&query).unwrap(), expected, "{query:?}");
        found += usize::from(!expected.is_empty());
    }
    assert!(found > 100, "most conditions meet something: {found}");

    let ids: Vec<NodeId> = [5, 3, 3, 9999, 64].map(NodeId).to_vec();
    let many = snapshot.nodes(&ids).unwrap();
    let (out, incoming) = (
        snapshot.outgoing_many(&ids, &["CALLS"]).unwrap(),
        snapshot.incoming_many(&ids, &[]).unwrap(),
    );
    for (at, &id) in ids.iter().enumerate() {
        assert_eq!(many[at], snapshot.node(id).unwrap());
        assert_eq!(out[at], snapshot.outgoing(id, &["CALLS"]).unwrap());
        assert_eq!(incoming[at], snapshot.incoming(id, &[]).unwrap());
    }
}

#[test]
fn any_mix_of_conditions_is_answered_right_at_every_moment() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::create(dir.path(), Options::default()).unwrap();
    let mut model = Model::default();
    for number in 0..3 {
        commit(
            &engine,
            &mut model,
            number,
            rows(number, 0),
            IndexMode::Deferred,
        );
    }
    check(&engine.snapshot(), &model);
    engine
        .declare_fields(&[FieldDeclaration::new("kind")])
        .unwrap();
    check(&engine.snapshot(), &model);
    engine.rebuild_indexes().unwrap();
    check(&engine.snapshot(), &model);
    // An overlay beside the base, with rows that hide rows of the base and rows that no longer do.
    commit(&engine, &mut model, 1, rows(1, 5), IndexMode::Immediate);
    check(&engine.snapshot(), &model);
    commit(&engine, &mut model, 2, Rows::default(), IndexMode::Deferred);
    check(&engine.snapshot(), &model);
    drop(engine);
    let engine = Engine::open(dir.path(), Options::default()).unwrap();
    check(&engine.snapshot(), &model);
    engine.compact().unwrap();
    check(&engine.snapshot(), &model);
}

#[test]
fn committing_the_same_again_changes_nothing() {
    let engine = Engine::in_memory(Options::default());
    for mode in [IndexMode::Immediate, IndexMode::Deferred] {
        for rebuild in [false, true] {
            let mut deltas = Vec::new();
            for _ in 0..2 {
                let mut batch = Batch::new();
                push(&mut batch, &owner(0), &rows(0, 0));
                push(&mut batch, &owner(1), &rows(1, 0));
                deltas.push(engine.commit(batch, mode).unwrap().changes().unwrap());
                if rebuild {
                    engine.rebuild_indexes().unwrap();
                }
            }
            assert_eq!(deltas[1], Changes::default());
        }
    }
}
