//! Files of a database that readers use and that go away when the last of them has finished; and how segments are appended to.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::storage::{Bytes, Coalescer, Storage, StorageFile};
use crate::{Error, Result};

/// A segment that blocks are appended to, which may keep the last of them in memory until somebody needs them in the file.
#[derive(Debug)]
pub(crate) struct Appender {
    file: Arc<dyn StorageFile>,
    kept: Mutex<Coalescer>,
    /// Bytes that count, whether or not they are in the file. Behind them it may hold a part of a write that failed.
    len: AtomicU64,
}

impl Appender {
    /// Appends to a file of so many bytes.
    pub(crate) fn new(file: Arc<dyn StorageFile>, len: u64) -> Self {
        Self {
            file,
            kept: Mutex::default(),
            len: AtomicU64::new(len),
        }
    }

    /// Bytes that were appended, and those before.
    pub(crate) fn len(&self) -> u64 {
        self.len.load(Ordering::Acquire)
    }

    /// Appends pieces, all or none, one caller at a time. With `keep` the last of them need not be in the file afterwards.
    pub(crate) fn append(&self, pieces: &[Vec<u8>], keep: bool) -> io::Result<()> {
        let start = self.len();
        let mut end = start;
        let mut write = || {
            for bytes in pieces {
                self.write_at(end, bytes)?;
                end += bytes.len() as u64;
            }
            if keep { Ok(()) } else { self.flush() }
        };
        write().inspect_err(|_| self.kept().cut(start))?;
        self.len.store(end, Ordering::Release);
        Ok(())
    }

    fn kept(&self) -> MutexGuard<'_, Coalescer> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what is kept in memory.
    pub(crate) fn flush(&self) -> io::Result<()> {
        self.kept().flush(&*self.file)
    }
}

impl StorageFile for Appender {
    /// What is written is in the file after [`Appender::flush`] or [`StorageFile::sync`] only.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.kept().write_at(&*self.file, offset, bytes)
    }

    fn sync(&self) -> io::Result<()> {
        self.flush()?;
        self.file.sync()
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        self.flush()?;
        self.file.truncate(len)
    }
}

/// A file that is removed when it is retired and nobody holds it any more.
#[derive(Debug)]
pub(crate) struct DataFile {
    storage: Arc<dyn Storage>,
    path: PathBuf,
    /// Who appends to it, if anybody did since the database was opened.
    appender: OnceLock<Arc<Appender>>,
    /// Contents as long as they were when last asked for.
    mapped: Mutex<Bytes>,
    retired: AtomicBool,
}

impl DataFile {
    pub(crate) fn new(storage: Arc<dyn Storage>, path: PathBuf) -> Self {
        Self {
            storage,
            path,
            appender: OnceLock::new(),
            mapped: Mutex::default(),
            retired: AtomicBool::new(false),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Lets readers find what is appended. There is one appender for each segment.
    pub(crate) fn is_appended_by(&self, appender: &Arc<Appender>) {
        self.appender.get_or_init(|| Arc::clone(appender));
    }

    fn flush(&self) -> Result<()> {
        match self.appender.get() {
            Some(appender) => appender
                .flush()
                .map_err(|e| Error::io("write", &self.path, e)),
            None => Ok(()),
        }
    }

    /// The contents, at least up to `end`.
    pub(crate) fn bytes(&self, end: u64) -> Result<Bytes> {
        let mut mapped = self.mapped.lock().unwrap_or_else(PoisonError::into_inner);
        if (mapped.len() as u64) < end {
            // What is appended meanwhile is for the next who asks for it.
            let len = self.appender.get().map(|appender| appender.len());
            self.flush()?;
            let all = self.storage.map(&self.path).map_err(|e| match e.kind() {
                std::io::ErrorKind::NotFound => {
                    Error::damaged(&self.path, 0, "the file is missing")
                }
                _ => Error::io("read", &self.path, e),
            })?;
            let counts = len.map_or(all.len(), |len| all.len().min(len as usize));
            *mapped = all.slice(0..counts).unwrap_or_default();
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
        let len = match self.appender.get() {
            Some(appender) => Ok(appender.len()),
            None => self.storage.len(&self.path),
        };
        if let Ok(len) = len {
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
