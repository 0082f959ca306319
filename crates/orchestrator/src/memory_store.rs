//! A store in memory, for tests and measurements.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rfdb_protocol::{Edge, EdgeTable, Node, NodeTable, Rows, to_batch};

use crate::store::{Counts, GraphVersion, Store, StoreError};

/// Keeps the rows of each owner in memory. With [`MemoryStore::discarding`] it drops them, so that a run can be
/// measured without its storage.
#[derive(Debug, Default)]
pub struct MemoryStore {
    owners: Mutex<BTreeMap<(String, String), (NodeTable, EdgeTable)>>,
    loading: AtomicBool,
    commits: AtomicU64,
    discard: bool,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A store that takes everything and keeps nothing.
    #[must_use]
    pub fn discarding() -> Self {
        MemoryStore {
            discard: true,
            ..Self::default()
        }
    }

    fn owners(
        &self,
    ) -> std::sync::MutexGuard<'_, BTreeMap<(String, String), (NodeTable, EdgeTable)>> {
        self.owners
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Store for MemoryStore {
    fn begin_load(&self) -> Result<(), StoreError> {
        self.loading.store(true, Ordering::SeqCst);
        Ok(())
    }

    fn is_loading(&self) -> Result<bool, StoreError> {
        Ok(self.loading.load(Ordering::SeqCst))
    }

    fn clear(&self) -> Result<(), StoreError> {
        self.commits.fetch_add(1, Ordering::SeqCst);
        self.owners().clear();
        Ok(())
    }

    fn load(&self, rows: &dyn Rows) -> Result<(), StoreError> {
        self.commits.fetch_add(1, Ordering::SeqCst);
        if self.discard {
            return Ok(());
        }
        let batch = rows.to_batch();
        let mut owners = self.owners();
        for section in batch.sections() {
            let rows = (
                batch.nodes_of(section).collect::<NodeTable>(),
                batch.edges_of(section).collect::<EdgeTable>(),
            );
            let owner = (section.file.to_string(), section.context.to_string());
            if rows.0.is_empty() && rows.1.is_empty() {
                owners.remove(&owner);
            } else {
                owners.insert(owner, rows);
            }
        }
        Ok(())
    }

    fn commit(&self, parts: &[&dyn Rows]) -> Result<(), StoreError> {
        self.load(&to_batch(parts))
    }

    fn version(&self) -> Result<GraphVersion, StoreError> {
        let owners = self.owners();
        Ok(GraphVersion {
            number: self.commits.load(Ordering::SeqCst),
            nodes: owners.values().map(|rows| rows.0.len() as u64).sum(),
            edges: owners.values().map(|rows| rows.1.len() as u64).sum(),
        })
    }

    fn rebuild_indexes(&self) -> Result<(), StoreError> {
        self.loading.store(false, Ordering::SeqCst);
        Ok(())
    }

    fn counts(&self) -> Result<Counts, StoreError> {
        let mut counts = Counts::default();
        self.scan_nodes(&mut |page| {
            for node in page.iter() {
                *counts.nodes.entry(node.node_type.to_owned()).or_default() += 1;
            }
        })?;
        self.scan_edges(&mut |page| {
            for edge in page.iter() {
                *counts.edges.entry(edge.edge_type.to_owned()).or_default() += 1;
            }
        })?;
        Ok(counts)
    }

    fn files_with(&self, node_type: &str) -> Result<Vec<String>, StoreError> {
        let mut files = std::collections::BTreeSet::new();
        self.scan_nodes(&mut |page| {
            files.extend(
                page.iter()
                    .filter(|n| n.node_type == node_type)
                    .map(|n| n.file.to_owned()),
            );
        })?;
        Ok(files.into_iter().collect())
    }

    fn nodes_of_file(&self, file: &str) -> Result<Vec<u128>, StoreError> {
        let mut ids = Vec::new();
        self.scan_nodes(&mut |page| {
            ids.extend(page.iter().filter(|n| n.file == file).map(|n| n.id));
        })?;
        Ok(ids)
    }

    fn reachable(&self, from: &[u128], edge_types: &[&str]) -> Result<Vec<u128>, StoreError> {
        let mut next: HashMap<u128, Vec<u128>> = HashMap::new();
        self.scan_edges(&mut |page| {
            for edge in page.iter().filter(|e| edge_types.contains(&e.edge_type)) {
                next.entry(edge.src).or_default().push(edge.dst);
            }
        })?;
        let mut seen: std::collections::BTreeSet<u128> = from.iter().copied().collect();
        let mut open = from.to_vec();
        while let Some(id) = open.pop() {
            for &to in next.get(&id).map_or(&[][..], Vec::as_slice) {
                if seen.insert(to) {
                    open.push(to);
                }
            }
        }
        Ok(seen.into_iter().collect())
    }

    fn scan_nodes(&self, page: &mut dyn FnMut(&NodeTable)) -> Result<(), StoreError> {
        let owners = self.owners();
        let mut rows: HashMap<u128, Node<'_>> = HashMap::new();
        for (nodes, _) in owners.values() {
            rows.extend(nodes.iter().map(|node| (node.id, node)));
        }
        page(&rows.into_values().collect());
        Ok(())
    }

    fn scan_edges(&self, page: &mut dyn FnMut(&EdgeTable)) -> Result<(), StoreError> {
        let owners = self.owners();
        let mut rows: HashMap<(u128, u128, &str), Edge<'_>> = HashMap::new();
        for (_, edges) in owners.values() {
            rows.extend(
                edges
                    .iter()
                    .map(|edge| ((edge.src, edge.dst, edge.edge_type), edge)),
            );
        }
        page(&rows.into_values().collect());
        Ok(())
    }
}
