//! The file layer: everything that the engine asks of a file system, so that tests can make it fail.

mod bytes;
mod coalesce;
mod fault;
mod file_system;
mod memory;

use std::any::Any;
use std::fmt::Debug;
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::{LockHolder, Result};

pub use bytes::Bytes;
pub(crate) use coalesce::Coalescer;
pub use fault::{Fault, FaultStorage};
pub use file_system::FileSystem;
pub use memory::MemoryStorage;

/// What the engine needs of a file system.
///
/// Durability is as in POSIX: contents survive a power cut after [`StorageFile::sync`], names after
/// [`Storage::sync_dir`].
pub trait Storage: Debug + Send + Sync {
    /// Makes a directory and its parents.
    ///
    /// # Errors
    /// As the file system; so for all methods.
    fn create_dir_all(&self, path: &Path) -> io::Result<()>;
    /// Names of the files in a directory, in no order.
    ///
    /// # Errors
    /// As the file system.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;
    /// Creates an empty file for writing, or empties an existing one.
    ///
    /// # Errors
    /// As the file system.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>>;
    /// Opens an existing file for writing.
    ///
    /// # Errors
    /// As the file system.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>>;
    /// The contents of a file, as long as it is now.
    ///
    /// # Errors
    /// As the file system.
    fn map(&self, path: &Path) -> io::Result<Bytes>;
    /// Length of a file in bytes.
    ///
    /// # Errors
    /// As the file system.
    fn len(&self, path: &Path) -> io::Result<u64>;
    /// A number that changes when the machine starts anew, `None` if that cannot be known. What was written since the
    /// start is readable even if it was not synced.
    fn boot_id(&self) -> Option<u64>;
    /// Renames a file, replacing the target.
    ///
    /// # Errors
    /// As the file system.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file; mapped contents stay readable.
    ///
    /// # Errors
    /// As the file system.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes created, renamed and removed names durable.
    ///
    /// # Errors
    /// As the file system.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
    /// Takes the lock of a database; it is released when the guard is dropped or the process dies.
    ///
    /// # Errors
    /// [`crate::Error::Locked`] if another has it.
    fn lock(
        &self,
        dir: &Path,
        holder: &LockHolder,
        shared: bool,
    ) -> Result<Box<dyn Any + Send + Sync>>;
}

/// An open file.
pub trait StorageFile: Debug + Send + Sync {
    /// Writes all bytes at an offset.
    ///
    /// # Errors
    /// As the file system; a part may have been written.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Makes the contents durable.
    ///
    /// # Errors
    /// As the file system.
    fn sync(&self) -> io::Result<()>;
    /// Sets the length.
    ///
    /// # Errors
    /// As the file system.
    fn truncate(&self, len: u64) -> io::Result<()>;
}
