//! A file system in memory that knows what a power cut would leave.

use std::any::Any;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Bytes, Storage, StorageFile};
use crate::{Error, LockHolder, Result};

#[derive(Debug, Clone, Default)]
struct Contents {
    data: Vec<u8>,
    synced: Vec<u8>,
}

type Inode = Arc<Mutex<Contents>>;

#[derive(Debug, Default)]
struct Tree {
    names: BTreeMap<PathBuf, Inode>,
    synced_names: BTreeMap<PathBuf, Inode>,
    locked: BTreeMap<PathBuf, LockHolder>,
    boots: u64,
}

/// Files in memory. Clones share the files.
#[derive(Debug, Clone, Default)]
pub struct MemoryStorage(Arc<Mutex<Tree>>);

fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn not_found() -> io::Error {
    io::Error::from(io::ErrorKind::NotFound)
}

impl MemoryStorage {
    /// An empty file system.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A copy of the files as a crash leaves them: all that was written if only the process died, or only what was
    /// synced if the power was cut.
    #[must_use]
    pub fn after_crash(&self, power_cut: bool) -> Self {
        let tree = guard(&self.0);
        let source = if power_cut {
            &tree.synced_names
        } else {
            &tree.names
        };
        let names: BTreeMap<PathBuf, Inode> = source
            .iter()
            .map(|(path, inode)| {
                let contents = guard(inode);
                let data = if power_cut {
                    contents.synced.clone()
                } else {
                    contents.data.clone()
                };
                (
                    path.clone(),
                    Arc::new(Mutex::new(Contents {
                        synced: data.clone(),
                        data,
                    })),
                )
            })
            .collect();
        Self(Arc::new(Mutex::new(Tree {
            synced_names: names.clone(),
            names,
            locked: BTreeMap::new(),
            boots: tree.boots + u64::from(power_cut),
        })))
    }

    /// All files with their contents, for tests that damage them.
    #[must_use]
    pub fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        guard(&self.0)
            .names
            .iter()
            .map(|(path, inode)| (path.clone(), guard(inode).data.clone()))
            .collect()
    }

    /// Puts a file, durable at once.
    pub fn put(&self, path: &Path, data: Vec<u8>) {
        let inode = Arc::new(Mutex::new(Contents {
            synced: data.clone(),
            data,
        }));
        let mut tree = guard(&self.0);
        tree.names.insert(path.to_path_buf(), Arc::clone(&inode));
        tree.synced_names.insert(path.to_path_buf(), inode);
    }
}

#[derive(Debug)]
struct MemoryFile(Inode);

impl StorageFile for MemoryFile {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut contents = guard(&self.0);
        let start = usize::try_from(offset).map_err(io::Error::other)?;
        let end = start + bytes.len();
        if contents.data.len() < end {
            contents.data.resize(end, 0);
        }
        contents.data[start..end].copy_from_slice(bytes);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let contents = &mut *guard(&self.0);
        contents.synced.clone_from(&contents.data);
        Ok(())
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        guard(&self.0)
            .data
            .resize(usize::try_from(len).map_err(io::Error::other)?, 0);
        Ok(())
    }
}

struct Unlock(MemoryStorage, PathBuf);

impl Drop for Unlock {
    fn drop(&mut self) {
        guard(&self.0.0).locked.remove(&self.1);
    }
}

impl Storage for MemoryStorage {
    fn create_dir_all(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let tree = guard(&self.0);
        let inside = tree.names.keys().filter(|path| path.parent() == Some(dir));
        Ok(inside
            .filter_map(|path| path.file_name()?.to_str().map(str::to_owned))
            .collect())
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        let mut tree = guard(&self.0);
        let inode = tree.names.entry(path.to_path_buf()).or_default();
        guard(inode).data.clear();
        Ok(Arc::new(MemoryFile(Arc::clone(inode))))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        let tree = guard(&self.0);
        Ok(Arc::new(MemoryFile(Arc::clone(
            tree.names.get(path).ok_or_else(not_found)?,
        ))))
    }

    fn map(&self, path: &Path) -> io::Result<Bytes> {
        let tree = guard(&self.0);
        let inode = tree.names.get(path).ok_or_else(not_found)?;
        Ok(Bytes::from(guard(inode).data.clone()))
    }

    fn len(&self, path: &Path) -> io::Result<u64> {
        let tree = guard(&self.0);
        let inode = tree.names.get(path).ok_or_else(not_found)?;
        let contents = guard(inode);
        Ok(contents.data.len() as u64)
    }

    fn boot_id(&self) -> Option<u64> {
        Some(guard(&self.0).boots)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut tree = guard(&self.0);
        let inode = tree.names.remove(from).ok_or_else(not_found)?;
        tree.names.insert(to.to_path_buf(), inode);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        guard(&self.0)
            .names
            .remove(path)
            .map(|_| ())
            .ok_or_else(not_found)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let tree = &mut *guard(&self.0);
        tree.synced_names
            .retain(|path, _| path.parent() != Some(dir));
        let inside = tree
            .names
            .iter()
            .filter(|(path, _)| path.parent() == Some(dir));
        tree.synced_names
            .extend(inside.map(|(path, inode)| (path.clone(), Arc::clone(inode))));
        Ok(())
    }

    fn lock(
        &self,
        dir: &Path,
        holder: &LockHolder,
        _shared: bool,
    ) -> Result<Box<dyn Any + Send + Sync>> {
        let mut tree = guard(&self.0);
        if let Some(other) = tree.locked.get(dir) {
            return Err(Error::Locked {
                path: dir.to_path_buf(),
                holder: other.clone(),
            });
        }
        tree.locked.insert(dir.to_path_buf(), holder.clone());
        drop(tree);
        Ok(Box::new(Unlock(self.clone(), dir.to_path_buf())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_power_cut_takes_what_was_not_synced() {
        let storage = MemoryStorage::new();
        let dir = Path::new("/db");
        let file = storage.create(&dir.join("a")).unwrap();
        file.write_at(0, b"one").unwrap();
        file.sync().unwrap();
        file.write_at(3, b"two").unwrap();
        assert!(
            storage.after_crash(true).map(&dir.join("a")).is_err(),
            "the name was not synced"
        );
        storage.sync_dir(dir).unwrap();
        assert_eq!(
            &*storage.after_crash(true).map(&dir.join("a")).unwrap(),
            b"one"
        );
        assert_eq!(
            &*storage.after_crash(false).map(&dir.join("a")).unwrap(),
            b"onetwo"
        );
    }
}
