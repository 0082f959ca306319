//! Who waits for the disk, and who need not.

use std::any::Any;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use rfdb_engine::storage::{Bytes, MemoryStorage, Storage, StorageFile};
use rfdb_engine::{
    Batch, Durability, Engine, IndexMode, LockHolder, NodeId, NodeRow, Options, Owner, Result,
};

/// Syncs of blocks, or of names, wait while it is shut; all syncs are counted.
#[derive(Debug, Default)]
struct Gate {
    of_names: AtomicBool,
    shut: Mutex<bool>,
    changed: Condvar,
    waiting: AtomicUsize,
    syncs: AtomicUsize,
}

impl Gate {
    fn set(&self, shut: bool) {
        *self.shut.lock().unwrap() = shut;
        self.changed.notify_all();
    }

    fn pass(&self) {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let shut = self.shut.lock().unwrap();
        drop(self.changed.wait_while(shut, |shut| *shut).unwrap());
        self.waiting.fetch_sub(1, Ordering::SeqCst);
    }

    fn syncs(&self) -> usize {
        self.syncs.load(Ordering::SeqCst)
    }
}

#[derive(Debug, Clone, Default)]
struct Gated {
    inner: MemoryStorage,
    gate: Arc<Gate>,
}

#[derive(Debug)]
struct GatedFile {
    inner: Arc<dyn StorageFile>,
    of_blocks: bool,
    gate: Arc<Gate>,
}

impl Gated {
    fn file(&self, path: &Path, inner: Arc<dyn StorageFile>) -> Arc<dyn StorageFile> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Arc::new(GatedFile {
            inner,
            of_blocks: name.starts_with("blocks-"),
            gate: Arc::clone(&self.gate),
        })
    }
}

impl StorageFile for GatedFile {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.inner.write_at(offset, bytes)
    }

    fn sync(&self) -> io::Result<()> {
        self.gate.syncs.fetch_add(1, Ordering::SeqCst);
        if self.of_blocks && !self.gate.of_names.load(Ordering::SeqCst) {
            self.gate.pass();
        }
        self.inner.sync()
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        self.inner.truncate(len)
    }
}

impl Storage for Gated {
    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.inner.create_dir_all(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.inner.list(dir)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        Ok(self.file(path, self.inner.create(path)?))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        Ok(self.file(path, self.inner.open(path)?))
    }

    fn map(&self, path: &Path) -> io::Result<Bytes> {
        self.inner.map(path)
    }

    fn len(&self, path: &Path) -> io::Result<u64> {
        self.inner.len(path)
    }

    fn boot_id(&self) -> Option<u64> {
        self.inner.boot_id()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.inner.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.inner.remove(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.gate.syncs.fetch_add(1, Ordering::SeqCst);
        if self.gate.of_names.load(Ordering::SeqCst) {
            self.gate.pass();
        }
        self.inner.sync_dir(dir)
    }

    fn lock(
        &self,
        dir: &Path,
        holder: &LockHolder,
        shared: bool,
    ) -> Result<Box<dyn Any + Send + Sync>> {
        self.inner.lock(dir, holder, shared)
    }
}

fn options() -> Options {
    Options {
        durability: Durability::Group,
        ..Options::default()
    }
}

fn node(id: u128) -> Batch {
    let mut batch = Batch::new();
    let file = format!("f{id}");
    batch.owner(Owner::new(&file, ""));
    batch.push_node(NodeRow {
        id: NodeId(id),
        semantic_id: "",
        node_type: "T",
        name: "n",
        file: &file,
        exported: false,
        metadata: "",
    });
    batch
}

/// What is durable while a group of commits is being synced and `act` is called: whoever acknowledges must have waited.
fn while_a_group_is_synced(act: impl Fn(&Engine) -> Result<()> + Sync) {
    let storage = Gated::default();
    let dir = Path::new("/db");
    let engine = Engine::create_in(Arc::new(storage.clone()), dir, options()).unwrap();
    storage.gate.set(true);
    engine.commit(node(1), IndexMode::Immediate).unwrap();
    while storage.gate.waiting.load(Ordering::SeqCst) == 0 {
        std::thread::yield_now();
    }
    let open_after_power_cut = || {
        let storage = storage.inner.after_crash(true);
        Engine::open_in(Arc::new(storage), dir, options()).map(|engine| {
            let nodes = engine.snapshot().node_count().unwrap();
            (nodes, engine.verify().unwrap().problems.is_empty())
        })
    };
    std::thread::scope(|scope| {
        let acting = scope.spawn(|| act(&engine));
        // It must not end before the gate opens, and nothing may count that is not durable.
        let mut seen = Vec::new();
        for _ in 0..50 {
            std::thread::sleep(Duration::from_millis(1));
            let power_cut = open_after_power_cut().map_err(|error| error.to_string());
            seen.push((acting.is_finished(), power_cut));
        }
        storage.gate.set(false);
        acting.join().unwrap().unwrap();
        assert_eq!(seen, vec![(false, Ok((0, true))); seen.len()]);
    });
    assert_eq!(open_after_power_cut().unwrap(), (1, true));
}

#[test]
fn a_flush_waits_for_a_group_that_is_being_synced() {
    while_a_group_is_synced(Engine::flush);
}

#[test]
fn indexes_wait_for_a_group_that_is_being_synced() {
    while_a_group_is_synced(Engine::rebuild_indexes);
}

#[test]
fn a_flush_waits_for_names_that_a_load_syncs() {
    let storage = Gated::default();
    let dir = Path::new("/db");
    let engine = Engine::create_in(Arc::new(storage.clone()), dir, options()).unwrap();
    engine.begin_load().unwrap();
    engine.commit(node(1), IndexMode::Deferred).unwrap();
    storage.gate.of_names.store(true, Ordering::SeqCst);
    storage.gate.set(true);
    std::thread::scope(|scope| {
        let building = scope.spawn(|| engine.rebuild_indexes());
        while storage.gate.waiting.load(Ordering::SeqCst) == 0 {
            std::thread::yield_now();
        }
        let flushing = scope.spawn(|| engine.flush());
        std::thread::sleep(Duration::from_millis(50));
        let acknowledged = flushing.is_finished();
        storage.gate.set(false);
        flushing.join().unwrap().unwrap();
        building.join().unwrap().unwrap();
        assert!(!acknowledged, "the name of the segment was not durable");
    });
    let storage = storage.inner.after_crash(true);
    let engine = Engine::open_in(Arc::new(storage), dir, options()).unwrap();
    assert_eq!(engine.snapshot().node_count().unwrap(), 1);
}

#[test]
fn closing_syncs_only_what_was_written() {
    let storage = Gated::default();
    let dir = Path::new("/db");
    let open = || Engine::open_in(Arc::new(storage.clone()), dir, options()).unwrap();
    let engine = Engine::create_in(Arc::new(storage.clone()), dir, options()).unwrap();
    engine.begin_load().unwrap();
    engine.commit(node(1), IndexMode::Deferred).unwrap();
    engine.rebuild_indexes().unwrap();
    let synced = storage.gate.syncs();
    drop(engine);
    drop(open());
    assert_eq!(storage.gate.syncs(), synced, "nothing was written");

    let engine = open();
    engine.begin_load().unwrap();
    engine.commit(node(2), IndexMode::Deferred).unwrap();
    drop(engine);
    assert!(storage.gate.syncs() > synced);
    let storage = storage.inner.after_crash(true);
    let engine = Engine::open_in(Arc::new(storage), dir, options()).unwrap();
    assert_eq!(engine.snapshot().node_count().unwrap(), 2);
}
