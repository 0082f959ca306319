//! Making what was written durable: data first, then the manifest that names it, then the mark that says so.

use std::path::PathBuf;
use std::sync::Arc;

use super::Files;
use super::names::MARK;
use crate::engine::mark::Mark;
use crate::storage::{Storage, StorageFile};
use crate::{Error, Result};

/// What is to be synced, so that it can be done without holding a lock.
pub(in crate::engine) struct SyncWork {
    storage: Arc<dyn Storage>,
    dir: PathBuf,
    data: Vec<Arc<dyn StorageFile>>,
    dir_changed: bool,
    manifest: Option<Arc<dyn StorageFile>>,
    mark_file: Option<Arc<dyn StorageFile>>,
    mark: Mark,
}

impl SyncWork {
    /// Data first, then the manifest that names it, then the mark that says so.
    pub(in crate::engine) fn run(&self) -> Result<()> {
        let failed = |e| Error::io("sync", &self.dir, e);
        for file in &self.data {
            file.sync().map_err(failed)?;
        }
        if self.dir_changed {
            self.storage.sync_dir(&self.dir).map_err(failed)?;
        }
        if let Some(manifest) = &self.manifest {
            manifest.sync().map_err(failed)?;
        }
        if let Some(file) = &self.mark_file {
            let (at, slot) = self.mark.encode();
            file.write_at(at, &slot).map_err(failed)?;
        }
        Ok(())
    }
}

impl Files {
    /// A file was written that the next sync has to include.
    pub(in crate::engine) fn must_sync(&mut self, file: Arc<dyn StorageFile>) {
        self.unsynced.push(file);
        self.dir_changed = true;
    }

    /// What can be synced before the next manifest is written: data files, and the names of all files there are now. Both are asked
    /// to be synced again at the end, which costs nothing if nothing was written since; whoever acknowledges meanwhile must not
    /// rely on a sync that is under way.
    pub(in crate::engine) fn take_early_sync(&mut self) -> SyncWork {
        SyncWork {
            data: self.unsynced.clone(),
            dir_changed: self.dir_changed,
            manifest: None,
            mark_file: None,
            ..self.sync_work(Vec::new(), false)
        }
    }

    pub(super) fn sync_data(&mut self) -> Result<()> {
        for file in &self.unsynced {
            file.sync().map_err(|e| Error::io("sync", &self.dir, e))?;
        }
        self.unsynced.clear();
        if self.dir_changed {
            self.storage
                .sync_dir(&self.dir)
                .map_err(|e| Error::io("sync", &self.dir, e))?;
            self.dir_changed = false;
        }
        Ok(())
    }

    /// `boot` 0 says that all is synced.
    pub(super) fn write_mark(&self, boot: u64) -> Result<()> {
        let mark = Mark {
            manifest: self.manifest_number,
            len: self.manifest_len,
            boot,
        };
        let (at, slot) = mark.encode();
        match &self.mark {
            Some(file) => file
                .write_at(at, &slot)
                .map_err(|e| Error::io("write", self.dir.join(MARK), e)),
            None => Ok(()),
        }
    }

    /// Says that the manifest, and what it names, is whole as long as the machine is not started anew.
    pub(in crate::engine) fn mark_written(&self) -> Result<()> {
        self.write_kept()?;
        self.storage
            .boot_id()
            .map_or(Ok(()), |boot| self.write_mark(boot.max(1)))
    }

    /// What has to be synced for everything written so far to be durable: nothing, if nothing was written since the last sync.
    ///
    /// # Errors
    /// What a load keeps in memory cannot be written; nothing was taken then.
    pub(in crate::engine) fn take_sync_work(&mut self) -> Result<SyncWork> {
        self.write_kept()?;
        let data = std::mem::take(&mut self.unsynced);
        let dir_changed = std::mem::take(&mut self.dir_changed);
        let manifest_unsynced = std::mem::take(&mut self.manifest_unsynced);
        let is_written = manifest_unsynced || dir_changed || !data.is_empty();
        let work = self.sync_work(data, dir_changed);
        if is_written {
            return Ok(work);
        }
        // To ask costs a write to the disk even so: file systems keep when a file was changed.
        Ok(SyncWork {
            manifest: None,
            mark_file: None,
            ..work
        })
    }

    fn sync_work(&self, data: Vec<Arc<dyn StorageFile>>, dir_changed: bool) -> SyncWork {
        SyncWork {
            storage: Arc::clone(&self.storage),
            dir: self.dir.clone(),
            data,
            dir_changed,
            manifest: self.manifest.clone(),
            mark_file: self.mark.clone(),
            mark: Mark {
                manifest: self.manifest_number,
                len: self.manifest_len,
                boot: 0,
            },
        }
    }
}
