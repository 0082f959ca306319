//! A plain model of the graph, and comparison of an engine with it.

use std::collections::{BTreeMap, BTreeSet};

use rfdb_engine::{
    Batch, Changes, Direction, EdgeRow, Engine, LoadState, NodeId, NodeQuery, NodeRow, Owner,
    Snapshot, Traversal,
};

/// A node as the model has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ModelNode {
    pub(crate) semantic_id: String,
    pub(crate) node_type: String,
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) exported: bool,
    pub(crate) metadata: String,
}

pub(crate) type EdgeKey = (u128, u128, String);
pub(crate) type OwnerKey = (String, String);

/// Rows of one write.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) nodes: Vec<(u128, ModelNode)>,
    pub(crate) edges: Vec<(EdgeKey, String)>,
}

/// All writes that are live, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Model {
    pub(crate) writes: Vec<(OwnerKey, Rows)>,
    pub(crate) loading: bool,
}

impl Model {
    pub(crate) fn replace(&mut self, owner: &OwnerKey, rows: Rows) {
        self.writes.retain(|(o, _)| o != owner);
        self.add(owner, rows);
    }

    pub(crate) fn add(&mut self, owner: &OwnerKey, rows: Rows) {
        if !rows.nodes.is_empty() || !rows.edges.is_empty() {
            self.writes.push((owner.clone(), rows));
        }
    }

    pub(crate) fn delete_node(&mut self, id: u128) {
        if !self.nodes().contains_key(&id) {
            return;
        }
        for (_, rows) in &mut self.writes {
            rows.nodes.retain(|(n, _)| *n != id);
            rows.edges
                .retain(|((src, dst, _), _)| *src != id && *dst != id);
        }
        self.writes
            .retain(|(_, rows)| !rows.nodes.is_empty() || !rows.edges.is_empty());
    }

    pub(crate) fn delete_edge(&mut self, key: &EdgeKey) {
        for (_, rows) in &mut self.writes {
            rows.edges.retain(|(k, _)| k != key);
        }
        self.writes
            .retain(|(_, rows)| !rows.nodes.is_empty() || !rows.edges.is_empty());
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn nodes(&self) -> BTreeMap<u128, ModelNode> {
        self.writes
            .iter()
            .flat_map(|(_, rows)| rows.nodes.iter().cloned())
            .collect()
    }

    pub(crate) fn edges(&self) -> BTreeMap<EdgeKey, String> {
        self.writes
            .iter()
            .flat_map(|(_, rows)| rows.edges.iter().cloned())
            .collect()
    }

    /// The difference from an earlier model.
    pub(crate) fn changes_since(&self, before: &Self) -> Changes {
        let mut changes = Changes::default();
        let (old, new) = (before.nodes(), self.nodes());
        let (mut node_types, mut edge_types) = (BTreeSet::new(), BTreeSet::new());
        for id in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
            let (a, b) = (old.get(id), new.get(id));
            if a == b {
                continue;
            }
            match (a, b) {
                (None, _) => changes.nodes_added += 1,
                (_, None) => {
                    changes.nodes_removed += 1;
                    changes.removed_node_ids.push(NodeId(*id));
                }
                _ => changes.nodes_modified += 1,
            }
            node_types.extend(a.into_iter().chain(b).map(|n| n.node_type.clone()));
        }
        let (old, new) = (before.edges(), self.edges());
        for key in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
            let (a, b) = (old.get(key), new.get(key));
            if a == b {
                continue;
            }
            match (a, b) {
                (None, _) => changes.edges_added += 1,
                (_, None) => changes.edges_removed += 1,
                _ => changes.edges_modified += 1,
            }
            edge_types.insert(key.2.clone());
        }
        changes.node_types = node_types.into_iter().collect();
        changes.edge_types = edge_types.into_iter().collect();
        changes
    }
}

pub(crate) fn node_row(id: u128, node: &ModelNode) -> NodeRow<'_> {
    NodeRow {
        id: NodeId(id),
        semantic_id: &node.semantic_id,
        node_type: &node.node_type,
        name: &node.name,
        file: &node.file,
        exported: node.exported,
        metadata: &node.metadata,
    }
}

pub(crate) fn edge_row<'a>(key: &'a EdgeKey, metadata: &'a str) -> EdgeRow<'a> {
    EdgeRow {
        src: NodeId(key.0),
        dst: NodeId(key.1),
        edge_type: &key.2,
        metadata,
    }
}

pub(crate) fn push(batch: &mut Batch, owner: &OwnerKey, rows: &Rows) {
    batch.owner(Owner::new(&owner.0, &owner.1));
    rows.nodes
        .iter()
        .for_each(|(id, node)| batch.push_node(node_row(*id, node)));
    rows.edges
        .iter()
        .for_each(|(key, metadata)| batch.push_edge(edge_row(key, metadata)));
}

/// A small node, all of whose columns follow from two numbers.
pub(crate) fn sample_node(id: u128, salt: u8) -> ModelNode {
    let node_type = ["FUNCTION", "CLASS", "http:route", "http:request"][usize::from(salt) % 4];
    let name = format!("n{}", (id + u128::from(salt)) % 5);
    let file = format!("f{}.ts", id % 3);
    ModelNode {
        semantic_id: format!("{file}->{node_type}->{name}#{id}"),
        node_type: node_type.into(),
        name,
        file,
        exported: salt.is_multiple_of(3),
        metadata: if salt.is_multiple_of(5) {
            String::new()
        } else {
            format!(r#"{{"line":{},"kind":"k{}"}}"#, salt, salt % 2)
        },
    }
}

/// All nodes and edges of a snapshot.
pub(crate) fn contents(
    snapshot: &Snapshot,
) -> (BTreeMap<u128, ModelNode>, BTreeMap<EdgeKey, String>) {
    let nodes = snapshot.iter_nodes().map(|node| {
        let node = node.unwrap();
        let owned = ModelNode {
            semantic_id: node.semantic_id.to_string(),
            node_type: node.node_type.into(),
            name: node.name.into(),
            file: node.file.into(),
            exported: node.exported,
            metadata: node.metadata.to_string(),
        };
        (node.id.0, owned)
    });
    let edges = snapshot.iter_edges().map(|edge| {
        let edge = edge.unwrap();
        (
            (edge.src.0, edge.dst.0, edge.edge_type.to_owned()),
            edge.metadata.to_string(),
        )
    });
    (nodes.collect(), edges.collect())
}

/// Everything that can be asked of a snapshot, compared with the model.
pub(crate) fn assert_same(snapshot: &Snapshot, model: &Model) {
    let (nodes, edges) = (model.nodes(), model.edges());

    // Iteration, order included.
    let all: Vec<(u128, ModelNode)> = snapshot
        .iter_nodes()
        .map(|node| {
            let node = node.unwrap();
            let owned = ModelNode {
                semantic_id: node.semantic_id.to_string(),
                node_type: node.node_type.into(),
                name: node.name.into(),
                file: node.file.into(),
                exported: node.exported,
                metadata: node.metadata.to_string(),
            };
            (node.id.0, owned)
        })
        .collect();
    assert_eq!(all, nodes.clone().into_iter().collect::<Vec<_>>());
    let all: Vec<(EdgeKey, String)> = snapshot
        .iter_edges()
        .map(|edge| {
            let edge = edge.unwrap();
            (
                (edge.src.0, edge.dst.0, edge.edge_type.to_owned()),
                edge.metadata.to_string(),
            )
        })
        .collect();
    let mut expected: Vec<(EdgeKey, String)> = edges.clone().into_iter().collect();
    expected.sort_by(|((s1, d1, t1), _), ((s2, d2, t2), _)| (s1, t1, d1).cmp(&(s2, t2, d2)));
    assert_eq!(all, expected);

    // Counts.
    let mut by_type = BTreeMap::new();
    nodes
        .values()
        .for_each(|n| *by_type.entry(n.node_type.clone()).or_insert(0u64) += 1);
    assert_eq!(snapshot.count_nodes_by_type().unwrap(), by_type);
    assert_eq!(snapshot.node_count().unwrap(), nodes.len() as u64);
    let mut by_type = BTreeMap::new();
    edges
        .keys()
        .for_each(|(_, _, t)| *by_type.entry(t.clone()).or_insert(0u64) += 1);
    assert_eq!(snapshot.count_edges_by_type().unwrap(), by_type);
    assert_eq!(snapshot.edge_count().unwrap(), edges.len() as u64);

    // Single reads, also of ids that no node has.
    let mut ids: BTreeSet<u128> = nodes.keys().copied().collect();
    ids.extend(edges.keys().flat_map(|(src, dst, _)| [*src, *dst]));
    ids.insert(u128::MAX);
    for &id in &ids {
        let node = snapshot.node(NodeId(id)).unwrap();
        assert_eq!(
            node.as_ref().map(|n| n.as_row()),
            nodes.get(&id).map(|n| node_row(id, n))
        );
        for types in [&[][..], &["CALLS"], &["CO*", "CALLS"]] {
            let wanted = |t: &str| {
                types.is_empty() || types.contains(&t) || (types.len() == 2 && t.starts_with("CO"))
            };
            let mut expected: Vec<_> = edges
                .keys()
                .filter(|(s, _, t)| *s == id && wanted(t))
                .map(|(_, d, t)| (t.clone(), *d))
                .collect();
            expected.sort();
            let found: Vec<_> = snapshot
                .outgoing(NodeId(id), types)
                .unwrap()
                .iter()
                .map(|e| (e.edge_type.to_owned(), e.dst.0))
                .collect();
            assert_eq!(found, expected);
            let mut expected: Vec<_> = edges
                .keys()
                .filter(|(_, d, t)| *d == id && wanted(t))
                .map(|(s, _, t)| (t.clone(), *s))
                .collect();
            expected.sort();
            let found: Vec<_> = snapshot
                .incoming(NodeId(id), types)
                .unwrap()
                .iter()
                .map(|e| (e.edge_type.to_owned(), e.src.0))
                .collect();
            assert_eq!(found, expected);
        }
    }
    for (key, metadata) in edges.iter().take(5) {
        let edge = snapshot
            .edge(NodeId(key.0), NodeId(key.1), &key.2)
            .unwrap()
            .unwrap();
        assert_eq!(&edge.metadata, metadata);
    }
    assert!(
        snapshot
            .edge(NodeId(1), NodeId(1), "NO_SUCH_TYPE")
            .unwrap()
            .is_none()
    );

    // Finding.
    let queries = [
        NodeQuery::default(),
        NodeQuery::default().with_type("CLASS"),
        NodeQuery::default().with_type("http:*"),
        NodeQuery::default().with_name("n1"),
        NodeQuery::default().with_name_containing("2"),
        NodeQuery::default().with_file("f1.ts"),
        NodeQuery::default().with_exported(true),
        NodeQuery::default().with_field("kind", "k1"),
        NodeQuery::default().with_field("line", "7"),
        NodeQuery::default()
            .with_type("http:*")
            .with_file("f0.ts")
            .with_exported(false)
            .with_field("kind", "k0"),
        NodeQuery::default().with_name("n3").with_type("FUNCTION"),
        NodeQuery::default().with_type("http:*").with_limit(2),
        NodeQuery::default().with_name_containing("n").with_limit(1),
    ];
    for query in &queries {
        let expected: Vec<NodeId> = nodes
            .iter()
            .filter(|(_, n)| matches(query, n))
            .map(|(id, _)| NodeId(*id))
            .take(query.limit.unwrap_or(usize::MAX))
            .collect();
        assert_eq!(snapshot.find(query).unwrap(), expected, "{query:?}");
    }

    // Dangling edges and owners.
    let dangling: BTreeSet<EdgeKey> = edges
        .keys()
        .filter(|(s, d, _)| !nodes.contains_key(s) || !nodes.contains_key(d))
        .cloned()
        .collect();
    let found: Vec<EdgeKey> = snapshot
        .dangling_edges()
        .unwrap()
        .into_iter()
        .map(|e| (e.src.0, e.dst.0, e.edge_type))
        .collect();
    assert_eq!(found.len(), dangling.len());
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), dangling);
    let owners: BTreeSet<OwnerKey> = model
        .writes
        .iter()
        .map(|(owner, _)| owner.clone())
        .collect();
    let found: BTreeSet<OwnerKey> = snapshot
        .owners()
        .unwrap()
        .into_iter()
        .map(|o| (o.file, o.context))
        .collect();
    assert_eq!(found, owners);

    // Traversal.
    if let Some(&start) = ids.first() {
        for (direction, max_depth) in [
            (Direction::Outgoing, None),
            (Direction::Incoming, Some(2)),
            (Direction::Both, Some(1)),
        ] {
            let traversal = Traversal {
                direction,
                max_depth,
                edge_types: vec!["CALLS".into(), "CO*".into()],
            };
            let expected = model_bfs(&edges, start, &traversal);
            let found: BTreeMap<u128, u32> = snapshot
                .bfs(&[NodeId(start)], &traversal)
                .unwrap()
                .into_iter()
                .map(|(id, depth)| (id.0, depth))
                .collect();
            assert_eq!(found, expected);
            let visited: BTreeSet<u128> = snapshot
                .dfs(&[NodeId(start)], &traversal)
                .unwrap()
                .into_iter()
                .map(|(id, _)| id.0)
                .collect();
            assert_eq!(visited, expected.keys().copied().collect());
            let reachable: Vec<u128> = snapshot
                .reachable(&[NodeId(start)], &traversal)
                .unwrap()
                .into_iter()
                .map(|id| id.0)
                .collect();
            assert_eq!(reachable, expected.keys().copied().collect::<Vec<_>>());
        }
    }
}

fn model_bfs(
    edges: &BTreeMap<EdgeKey, String>,
    start: u128,
    traversal: &Traversal,
) -> BTreeMap<u128, u32> {
    let mut depths = BTreeMap::from([(start, 0)]);
    let mut frontier = vec![start];
    let mut depth = 0;
    while !frontier.is_empty() && traversal.max_depth.is_none_or(|max| depth < max) {
        depth += 1;
        let mut next = Vec::new();
        for (src, dst, edge_type) in edges.keys() {
            if edge_type != "CALLS" && !edge_type.starts_with("CO") {
                continue;
            }
            let mut step = |from: u128, to: u128| {
                if frontier.contains(&from) && !depths.contains_key(&to) {
                    depths.insert(to, depth);
                    next.push(to);
                }
            };
            if traversal.direction != Direction::Incoming {
                step(*src, *dst);
            }
            if traversal.direction != Direction::Outgoing {
                step(*dst, *src);
            }
        }
        frontier = next;
    }
    depths
}

/// Whether a node meets all conditions.
pub(crate) fn matches(query: &NodeQuery, node: &ModelNode) -> bool {
    let type_matches =
        query
            .node_type
            .as_ref()
            .is_none_or(|pattern| match pattern.strip_suffix('*') {
                Some(prefix) => node.node_type.starts_with(prefix),
                None => *pattern == node.node_type,
            });
    let name_matches = query.name.as_ref().is_none_or(|name| match name {
        rfdb_engine::TextMatch::Exact(text) => *text == node.name,
        rfdb_engine::TextMatch::Contains(text) => node.name.contains(text.as_str()),
    });
    let object: serde_json::Value = serde_json::from_str(&node.metadata).unwrap_or_default();
    type_matches
        && name_matches
        && query.file.as_ref().is_none_or(|file| *file == node.file)
        && query
            .exported
            .is_none_or(|exported| exported == node.exported)
        && query
            .fields
            .iter()
            .all(|(field, value)| match object.get(field) {
                Some(serde_json::Value::String(text)) => text == value,
                Some(other) => &other.to_string() == value,
                None => false,
            })
}

/// Compares an engine with a model.
pub(crate) fn assert_engine(engine: &Engine, model: &Model) {
    let state = if model.loading {
        LoadState::Unfinished
    } else {
        LoadState::Complete
    };
    assert_eq!(engine.load_state(), state);
    assert_same(&engine.snapshot(), model);
}
