//! Files of a database that readers use and that go away when the last of them has finished.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::storage::{Bytes, Storage};
use crate::{Error, Result};

/// A file that is removed when it is retired and nobody holds it any more.
#[derive(Debug)]
pub(crate) struct DataFile {
    storage: Arc<dyn Storage>,
    path: PathBuf,
    /// Contents as long as they were when last asked for.
    mapped: Mutex<Bytes>,
    retired: AtomicBool,
}

impl DataFile {
    pub(crate) fn new(storage: Arc<dyn Storage>, path: PathBuf) -> Self {
        Self {
            storage,
            path,
            mapped: Mutex::default(),
            retired: AtomicBool::new(false),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The contents, at least up to `end`.
    pub(crate) fn bytes(&self, end: u64) -> Result<Bytes> {
        let mut mapped = self.mapped.lock().unwrap_or_else(PoisonError::into_inner);
        if (mapped.len() as u64) < end {
            *mapped = self.storage.map(&self.path).map_err(|e| match e.kind() {
                std::io::ErrorKind::NotFound => {
                    Error::damaged(&self.path, 0, "the file is missing")
                }
                _ => Error::io("read", &self.path, e),
            })?;
            if (mapped.len() as u64) < end {
                return Err(Error::damaged(
                    &self.path,
                    mapped.len() as u64,
                    "the file is cut off",
                ));
            }
        }
        Ok(mapped.clone())
    }

    /// Maps the file as it is now. A failure shows when the contents are asked for.
    pub(crate) fn map_all(&self) {
        if let Ok(len) = self.storage.len(&self.path) {
            let _ = self.bytes(len);
        }
    }

    /// Lets the file be removed when the last holder is gone. Holders that outlive the engine can read it even if its name
    /// is gone by then.
    pub(crate) fn retire(&self) {
        self.map_all();
        self.retired.store(true, Ordering::Release);
    }
}

impl DataFile {
    /// Undoes `retire`.
    pub(crate) fn keep(&self) {
        self.retired.store(false, Ordering::Release);
    }
}

impl Drop for DataFile {
    fn drop(&mut self) {
        if self.retired.load(Ordering::Acquire) {
            // A file that stays is removed by the sweep of the next opening.
            let _ = self.storage.remove(&self.path);
        }
    }
}
