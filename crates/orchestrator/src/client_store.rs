//! The client of the RFDB protocol as a [`Store`].

use rfdb_client::{AttrQuery, Client, Error, IndexMode};
use rfdb_protocol::{EdgeTable, NodeTable, Rows};

use crate::store::{Counts, GraphVersion, Store, StoreError};

/// Rows of one page of a scan.
const PAGE: u32 = 65_536;

fn failed(action: &'static str) -> impl Fn(Error) -> StoreError {
    move |error| StoreError::new(action, error)
}

impl Store for Client {
    fn begin_load(&self) -> Result<(), StoreError> {
        Client::begin_load(self).map_err(failed("begin a load"))
    }

    fn is_loading(&self) -> Result<bool, StoreError> {
        Client::is_loading(self).map_err(failed("tell its state"))
    }

    fn clear(&self) -> Result<(), StoreError> {
        Client::clear(self).map_err(failed("clear itself"))
    }

    fn load(&self, rows: &dyn Rows) -> Result<(), StoreError> {
        Client::commit_rows(self, &[rows], IndexMode::Deferred).map_err(failed("store rows"))
    }

    fn commit(&self, parts: &[&dyn Rows]) -> Result<(), StoreError> {
        Client::commit_rows(self, parts, IndexMode::Immediate).map_err(failed("store rows"))
    }

    fn version(&self) -> Result<GraphVersion, StoreError> {
        let versions = self
            .list_snapshots(None)
            .map_err(failed("tell its version"))?;
        let current = versions.iter().max_by_key(|entry| entry.version);
        Ok(
            current.map_or_else(GraphVersion::default, |entry| GraphVersion {
                number: entry.version,
                nodes: entry.total_nodes,
                edges: entry.total_edges,
            }),
        )
    }

    fn rebuild_indexes(&self) -> Result<(), StoreError> {
        Client::rebuild_indexes(self).map_err(failed("build its indexes"))
    }

    fn counts(&self) -> Result<Counts, StoreError> {
        Ok(Counts {
            nodes: self
                .count_nodes_by_type(None)
                .map_err(failed("count nodes"))?,
            edges: self
                .count_edges_by_type(None)
                .map_err(failed("count edges"))?,
        })
    }

    fn files_with(&self, node_type: &str) -> Result<Vec<String>, StoreError> {
        let query = AttrQuery {
            node_type: Some(node_type.to_owned()),
            ..AttrQuery::default()
        };
        let nodes = self.query_nodes(query).map_err(failed("list files"))?;
        Ok(nodes.files().map(str::to_owned).collect())
    }

    fn nodes_of_file(&self, file: &str) -> Result<Vec<u128>, StoreError> {
        let query = AttrQuery {
            file: Some(file.to_owned()),
            ..AttrQuery::default()
        };
        self.find_by_attr(query)
            .map_err(failed("list the nodes of a file"))
    }

    fn reachable(&self, from: &[u128], edge_types: &[&str]) -> Result<Vec<u128>, StoreError> {
        self.bfs(from, u32::MAX, edge_types)
            .map_err(failed("follow edges"))
    }

    fn scan_nodes(&self, page: &mut dyn FnMut(&NodeTable)) -> Result<(), StoreError> {
        self.for_each_node_page(PAGE, |rows| {
            page(rows);
            Ok::<(), Error>(())
        })
        .map_err(failed("list nodes"))
    }

    fn scan_edges(&self, page: &mut dyn FnMut(&EdgeTable)) -> Result<(), StoreError> {
        self.for_each_edge_page(PAGE, |rows| {
            page(rows);
            Ok::<(), Error>(())
        })
        .map_err(failed("list edges"))
    }
}
