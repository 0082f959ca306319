//! The graph of a project while it is analyzed: a graph that is loaded anew is loaded beside the old one, and takes its place
//! when it is whole. So whatever stops an analysis, the graph is as it was before; and until the end, questions are answered
//! from the old one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use orchestrator::{Counts, GraphVersion, Store, StoreError};
use rfdb_client::Client;
use rfdb_protocol::{EdgeTable, NodeTable, Rows};
use rfdb_server::{Config, Dispatcher};

use crate::database::{self, Opened};
use crate::error::Error;

/// See the module.
struct GraphStore {
    path: PathBuf,
    open: Mutex<Open>,
}

struct Open {
    /// The graph; `None` only while it is replaced.
    current: Option<Client>,
    /// The graph that is loaded.
    staged: Option<Staged>,
    /// Deletes the graph that was replaced.
    deletion: Option<JoinHandle<()>>,
}

struct Staged {
    client: Client,
    /// Whether nothing was loaded yet.
    is_new: bool,
}

/// Opens the graph of a project for an analysis; makes it if there is none. If a server has it, the server loads it in
/// place.
pub(crate) fn open(root: &Path) -> Result<Box<dyn Store + Send>, Error> {
    database::make_folder(root)?;
    let path = database::location(root);
    let opened = Dispatcher::open_or_create(&path, config());
    let current = match database::open_here_or_there(opened)? {
        Opened::Here(client) => client,
        Opened::There(client) => return Ok(Box::new(client)),
    };
    // Nobody else loads while this process holds the graph. What cannot be removed is removed by the next load.
    let _ = remove(&beside(&path));
    let _ = remove(&replaced(&path));
    Ok(Box::new(GraphStore {
        path,
        open: Mutex::new(Open {
            current: Some(current),
            staged: None,
            deletion: None,
        }),
    }))
}

impl GraphStore {
    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What requests are about.
    fn client(&self) -> Result<Client, StoreError> {
        let open = self.lock();
        let staged = open.staged.as_ref().map(|staged| &staged.client);
        staged.or(open.current.as_ref()).cloned().ok_or_else(|| {
            StoreError::new("open", "the graph was replaced and could not be opened")
        })
    }

    fn staging(&self) -> PathBuf {
        beside(&self.path)
    }
}

/// Where a graph is loaded that is to take the place of another.
pub(crate) fn beside(path: &Path) -> PathBuf {
    with_suffix(path, ".new")
}

/// Where a graph is that was replaced, until it is deleted.
fn replaced(path: &Path) -> PathBuf {
    with_suffix(path, ".old")
}

/// An analysis writes last and reads little: what it wrote is indexed by those who ask. What it loads it loads beside the graph,
/// for nobody if it is killed.
fn config() -> Config {
    let mut config = database::config("analyze", false);
    config.options.index_on_read = true;
    config.options.volatile_loads = true;
    config
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn open_alone(path: &Path) -> Result<Client, rfdb_server::Error> {
    let server = Dispatcher::open_or_create(path, config())?;
    Ok(Client::in_process(server.session()))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

/// Removes a folder, its files at once: to let go of those of a large graph takes the system milliseconds each, and whoever
/// analyzed waits for it.
fn remove_at_once(path: &Path) {
    const THREADS: usize = 8;
    let files = fs::read_dir(path).into_iter().flatten().flatten();
    let files: Vec<PathBuf> = files.map(|file| file.path()).collect();
    std::thread::scope(|threads| {
        for share in files.chunks(files.len().div_ceil(THREADS).max(1)) {
            threads.spawn(move || {
                for file in share {
                    // What cannot be deleted is tried again below.
                    let _ = fs::remove_file(file);
                }
            });
        }
    });
    // What cannot be deleted is deleted by the next analysis.
    let _ = remove(path);
}

/// Puts a folder in the place of another, which gets a third name.
fn replace(old: &Path, new: &Path, gone: &Path) -> io::Result<()> {
    remove(gone)?;
    if exchange(old, new) {
        return fs::rename(new, gone);
    }
    fs::rename(old, gone)?;
    fs::rename(new, old)
}

/// Exchanges two folders at once, where the system can.
#[cfg(target_os = "linux")]
fn exchange(a: &Path, b: &Path) -> bool {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn exchange(_: &Path, _: &Path) -> bool {
    false
}

impl Store for GraphStore {
    fn begin_load(&self) -> Result<(), StoreError> {
        let mut guard = self.lock();
        if guard.staged.is_some() {
            return Ok(());
        }
        let path = self.staging();
        remove(&path).map_err(|e| StoreError::new("begin a load", e))?;
        let client = open_alone(&path).map_err(|e| StoreError::new("begin a load", e))?;
        Store::begin_load(&client)?;
        guard.staged = Some(Staged {
            client,
            is_new: true,
        });
        Ok(())
    }

    fn is_loading(&self) -> Result<bool, StoreError> {
        Store::is_loading(&self.client()?)
    }

    fn clear(&self) -> Result<(), StoreError> {
        if let Some(staged) = &self.lock().staged {
            if staged.is_new {
                return Ok(());
            }
            // The mark of a load may go away with everything else.
            Store::clear(&staged.client)?;
            return Store::begin_load(&staged.client);
        }
        Store::clear(&self.client()?)
    }

    fn load(&self, rows: &dyn Rows) -> Result<(), StoreError> {
        if let Some(staged) = &mut self.lock().staged {
            staged.is_new = false;
        }
        self.client()?.load(rows)
    }

    fn commit(&self, parts: &[&dyn Rows]) -> Result<(), StoreError> {
        Store::commit(&self.client()?, parts)
    }

    fn version(&self) -> Result<GraphVersion, StoreError> {
        self.client()?.version()
    }

    fn rebuild_indexes(&self) -> Result<(), StoreError> {
        Store::rebuild_indexes(&self.client()?)
    }

    fn publish(&self) -> Result<(), StoreError> {
        let mut guard = self.lock();
        if let Some(staged) = guard.staged.take() {
            let failed = |e: &dyn std::fmt::Display| {
                StoreError::new("take the place of the old graph", e.to_string())
            };
            // Both are closed while their folders change names.
            drop(staged);
            guard.current = None;
            let gone = replaced(&self.path);
            replace(&self.path, &self.staging(), &gone).map_err(|e| failed(&e))?;
            guard.deletion = Some(std::thread::spawn(move || remove_at_once(&gone)));
            guard.current = Some(open_alone(&self.path).map_err(|e| failed(&e))?);
        }
        Ok(())
    }

    fn counts(&self) -> Result<Counts, StoreError> {
        self.client()?.counts()
    }

    fn files_with(&self, node_type: &str) -> Result<Vec<String>, StoreError> {
        self.client()?.files_with(node_type)
    }

    fn nodes_of_file(&self, file: &str) -> Result<Vec<u128>, StoreError> {
        self.client()?.nodes_of_file(file)
    }

    fn reachable(&self, from: &[u128], edge_types: &[&str]) -> Result<Vec<u128>, StoreError> {
        self.client()?.reachable(from, edge_types)
    }

    fn scan_nodes(&self, page: &mut dyn FnMut(&NodeTable)) -> Result<(), StoreError> {
        Store::scan_nodes(&self.client()?, page)
    }

    fn scan_edges(&self, page: &mut dyn FnMut(&EdgeTable)) -> Result<(), StoreError> {
        Store::scan_edges(&self.client()?, page)
    }
}

impl Drop for GraphStore {
    fn drop(&mut self) {
        let open = self.open.get_mut().unwrap_or_else(PoisonError::into_inner);
        if open.staged.take().is_some() {
            // What stays is removed by the next load.
            let _ = remove(&beside(&self.path));
        }
        if let Some(deletion) = open.deletion.take() {
            let _ = deletion.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rfdb_protocol::{Batch, Node};

    fn nodes(root: &Path) -> u64 {
        let client = open_alone(&database::location(root)).unwrap();
        let counts = Store::counts(&client).unwrap();
        counts.nodes.values().sum()
    }

    /// Loads a graph of some nodes, and lets it take the place of the old one or not.
    fn load(root: &Path, count: u64, publishes: bool) {
        let store = open(root).unwrap();
        store.begin_load().unwrap();
        let mut batch = Batch::new();
        batch.owner("a.js", "test");
        for id in 0..u128::from(count) {
            batch.push_node(Node {
                id,
                semantic_id: "a",
                node_type: "T",
                ..Node::default()
            });
        }
        store.load(&batch).unwrap();
        store.rebuild_indexes().unwrap();
        // Whoever loads reads what was loaded.
        let counts = store.counts().unwrap();
        assert_eq!(counts.nodes.values().sum::<u64>(), count);
        let version = store.version().unwrap();
        if publishes {
            store.publish().unwrap();
            store.publish().unwrap();
            assert_eq!(store.version().unwrap(), version);
        }
    }

    #[test]
    fn a_graph_stays_until_the_one_beside_it_is_published() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        load(root, 3, true);
        assert_eq!(nodes(root), 3);
        load(root, 1, false);
        assert_eq!(nodes(root), 3);
        load(root, 1, true);
        assert_eq!(nodes(root), 1);
        let path = database::location(root);
        assert!(!beside(&path).exists() && !replaced(&path).exists());
    }
}
