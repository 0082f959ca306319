//! The real file system.

use std::any::Any;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use memmap2::Mmap;

use super::{Bytes, Storage, StorageFile};
use crate::{Error, LockHolder, Result};

/// Name of the lock file.
const LOCK: &str = "LOCK";

/// The file system of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct FileSystem;

#[derive(Debug)]
struct OpenFile(File);

impl StorageFile for OpenFile {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }
}

impl Storage for FileSystem {
    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(dir)? {
            // A name that is not UTF-8 is not ours.
            if let Ok(name) = entry?.file_name().into_string() {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)?;
        Ok(Arc::new(OpenFile(file)))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        Ok(Arc::new(OpenFile(
            OpenOptions::new().read(true).write(true).open(path)?,
        )))
    }

    fn map(&self, path: &Path) -> io::Result<Bytes> {
        let file = File::open(path)?;
        if file.metadata()?.len() == 0 {
            return Ok(Bytes::default());
        }
        // SAFETY: the files of a database are changed by the holder of its lock only, and the engine never changes or
        // cuts off bytes that a mapping covers: block files are appended to, index files are written once, and
        // removing a name leaves the mapped contents. Measured: reading the files to the heap instead makes opening
        // proportional to the data.
        let map = unsafe { Mmap::map(&file)? };
        Ok(Bytes::from(map))
    }

    fn len(&self, path: &Path) -> io::Result<u64> {
        Ok(fs::metadata(path)?.len())
    }

    fn boot_id(&self) -> Option<u64> {
        let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        Some(crate::dictionary::hash_bytes(text.trim().as_bytes()))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }

    fn lock(
        &self,
        dir: &Path,
        holder: &LockHolder,
        shared: bool,
    ) -> Result<Box<dyn Any + Send + Sync>> {
        let path = dir.join(LOCK);
        let opened = if shared {
            match File::open(&path) {
                // A database without a lock file was never written by this program version or was copied: read it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Box::new(())),
                opened => opened,
            }
        } else {
            OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)
        };
        let mut file = opened.map_err(|source| Error::io("open", &path, source))?;
        let taken = if shared {
            file.try_lock_shared()
        } else {
            file.try_lock()
        };
        match taken {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::Locked {
                    path: dir.to_path_buf(),
                    holder: LockHolder::last(dir).unwrap_or_default(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(Error::io("lock", &path, source)),
        }
        if !shared {
            let text = format_holder(holder);
            file.set_len(0)
                .and_then(|()| file.write_all(text.as_bytes()))
                .map_err(|source| Error::io("write", &path, source))?;
        }
        Ok(Box::new(file))
    }
}

impl LockHolder {
    /// Who took the lock of the database in a directory last, whether or not it has it still; `None` if nobody ever did. Does
    /// not touch the lock.
    pub fn last(dir: &Path) -> Option<LockHolder> {
        let text = fs::read_to_string(dir.join(LOCK)).ok()?;
        Some(parse_holder(&text))
    }
}

fn format_holder(holder: &LockHolder) -> String {
    let one_line = |text: &str| text.replace(['\n', '\r'], " ");
    let mut text = format!(
        "pid {}\nprogram {}\n",
        holder.pid,
        one_line(&holder.program)
    );
    if let Some(socket) = &holder.socket {
        text.push_str(&format!("socket {}\n", one_line(&socket.to_string_lossy())));
    }
    text
}

fn parse_holder(text: &str) -> LockHolder {
    let mut holder = LockHolder::default();
    for line in text.lines() {
        match line.split_once(' ') {
            Some(("pid", pid)) => holder.pid = pid.parse().unwrap_or(0),
            Some(("program", program)) => holder.program = program.to_owned(),
            Some(("socket", socket)) => holder.socket = Some(socket.into()),
            _ => {}
        }
    }
    holder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_took_a_lock_last_is_told_without_taking_it() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(LockHolder::last(dir.path()), None);
        let holder = LockHolder {
            pid: 7,
            program: "a".into(),
            socket: None,
        };
        let lock = FileSystem.lock(dir.path(), &holder, false).unwrap();
        assert_eq!(LockHolder::last(dir.path()), Some(holder.clone()));
        drop(lock);
        assert_eq!(LockHolder::last(dir.path()), Some(holder));
    }

    #[test]
    fn a_holder_is_read_as_it_was_written() {
        let holder = LockHolder {
            pid: 7,
            program: "a b".into(),
            socket: Some("/tmp/x y".into()),
        };
        assert_eq!(parse_holder(&format_holder(&holder)), holder);
        assert_eq!(parse_holder("\u{0}garbage\npid x"), LockHolder::default());
    }
}
