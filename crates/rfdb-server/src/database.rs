//! One open database: the engine, and what the server adds around it.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use rfdb_engine::{Engine, Snapshot};

/// One open database, shared by all sessions that use it.
#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) name: String,
    pub(crate) ephemeral: bool,
    pub(crate) engine: Engine,
    /// Held shared by writers of one engine call, and exclusively by [`Database::compound`].
    gate: RwLock<()>,
    /// What readers see while a compound write is going on.
    before: RwLock<Option<Snapshot>>,
}

impl Database {
    pub(crate) fn new(name: &str, ephemeral: bool, engine: Engine) -> Self {
        Self {
            name: name.into(),
            ephemeral,
            engine,
            gate: RwLock::new(()),
            before: RwLock::new(None),
        }
    }

    /// The graph as readers see it now.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let before = read(&self.before);
        match &*before {
            Some(snapshot) => snapshot.clone(),
            None => self.engine.snapshot(),
        }
    }

    /// Runs a write that is one call of the engine, and so atomic by itself.
    pub(crate) fn single<T>(&self, work: impl FnOnce(&Engine) -> T) -> T {
        let _gate = read(&self.gate);
        work(&self.engine)
    }

    /// Runs a write of several calls so that readers see none or all of it, and no other write comes between. The work
    /// gets the graph as it is before.
    pub(crate) fn compound<T>(&self, work: impl FnOnce(&Engine, &Snapshot) -> T) -> T {
        /// Lets readers see the new graph, also after a panic.
        struct Publish<'a>(&'a Database);
        impl Drop for Publish<'_> {
            fn drop(&mut self) {
                *write(&self.0.before) = None;
            }
        }
        let _gate = write(&self.gate);
        let snapshot = self.engine.snapshot();
        *write(&self.before) = Some(snapshot.clone());
        let _publish = Publish(self);
        work(&self.engine, &snapshot)
    }
}

// The locks guard no invariant that a panic could break half-way: a poisoned one is as good as any.
fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
