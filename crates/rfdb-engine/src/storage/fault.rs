//! A file layer that fails or stops at a chosen operation.

use std::any::Any;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Bytes, Storage, StorageFile};
use crate::{LockHolder, Result};

/// What happens at the chosen operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The operation fails with "no space left" and those after it work again. A write leaves half of its bytes.
    FailOnce,
    /// This operation and all later ones fail, as if the process had died. A write leaves half of its bytes.
    Stop,
}

#[derive(Debug)]
struct Plan {
    fault: Fault,
    at: u64,
    done: AtomicU64,
}

impl Plan {
    /// Counts a changing operation; the error says that it must not take place.
    fn step(&self) -> io::Result<()> {
        let number = self.done.fetch_add(1, Ordering::SeqCst);
        let fails = match self.fault {
            Fault::FailOnce => number == self.at,
            Fault::Stop => number >= self.at,
        };
        if fails {
            Err(io::Error::from(io::ErrorKind::StorageFull))
        } else {
            Ok(())
        }
    }
}

/// A storage whose changing operations (write, sync, truncate, create, rename, remove, sync of a directory) are counted,
/// and fail from or at a given number. Reading never fails.
#[derive(Debug, Clone)]
pub struct FaultStorage<S> {
    inner: S,
    plan: Arc<Plan>,
}

impl<S: Storage> FaultStorage<S> {
    /// Fails at operation number `at`, counted from 0.
    pub fn new(inner: S, fault: Fault, at: u64) -> Self {
        Self {
            inner,
            plan: Arc::new(Plan {
                fault,
                at,
                done: AtomicU64::new(0),
            }),
        }
    }

    /// Number of changing operations so far.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.plan.done.load(Ordering::SeqCst)
    }
}

#[derive(Debug)]
struct FaultFile {
    inner: Arc<dyn StorageFile>,
    plan: Arc<Plan>,
}

impl StorageFile for FaultFile {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let before = self.plan.done.load(Ordering::SeqCst);
        if let Err(error) = self.plan.step() {
            if before == self.plan.at {
                self.inner.write_at(offset, &bytes[..bytes.len() / 2])?;
            }
            return Err(error);
        }
        self.inner.write_at(offset, bytes)
    }

    fn sync(&self) -> io::Result<()> {
        self.plan.step()?;
        self.inner.sync()
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        self.plan.step()?;
        self.inner.truncate(len)
    }
}

impl<S: Storage> Storage for FaultStorage<S> {
    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.inner.create_dir_all(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.inner.list(dir)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        self.plan.step()?;
        Ok(Arc::new(FaultFile {
            inner: self.inner.create(path)?,
            plan: Arc::clone(&self.plan),
        }))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        Ok(Arc::new(FaultFile {
            inner: self.inner.open(path)?,
            plan: Arc::clone(&self.plan),
        }))
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
        self.plan.step()?;
        self.inner.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.plan.step()?;
        self.inner.remove(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.plan.step()?;
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
