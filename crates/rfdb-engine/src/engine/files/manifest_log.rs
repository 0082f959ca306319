//! The manifest: appending frames, and beginning a new one.

use super::Files;
use super::names::manifest_name;
use crate::engine::Durability;
use crate::manifest::{self, Contents, Edit};
use crate::{Error, Result};

impl Files {
    /// Appends a frame to the manifest. With `sync`, data and manifest are durable afterwards.
    ///
    /// On an error before anything was synced the log is as it was; the flag of the error says whether writing must stop.
    pub(in crate::engine) fn append_frame(
        &mut self,
        edits: &[Edit],
        sync: bool,
    ) -> Result<(), (Error, bool)> {
        let path = self.dir.join(manifest_name(self.manifest_number));
        let Some(manifest) = self.manifest.clone() else {
            return Err((Error::ReadOnly(self.dir.clone()), false));
        };
        if sync {
            self.sync_data().map_err(|error| (error, true))?;
        }
        let frame = manifest::frame(self.manifest_number, self.manifest_len, edits);
        if let Err(error) = manifest.write_at(self.manifest_len, &frame) {
            // What was written of the frame is cut off, or overwritten by the next.
            let _ = manifest.truncate(self.manifest_len);
            return Err((Error::io("write", path, error), false));
        }
        if sync && let Err(error) = manifest.sync() {
            return Err((Error::io("sync", path, error), true));
        }
        self.manifest_len += frame.len() as u64;
        self.manifest_unsynced = !sync;
        if sync {
            self.write_mark(0).map_err(|error| (error, true))?;
        }
        Ok(())
    }

    /// Begins a new manifest with the given contents and removes the old one. On an error the old one goes on, unless the
    /// flag of the error says that writing must stop.
    pub(in crate::engine) fn checkpoint(
        &mut self,
        contents: &Contents,
    ) -> Result<(), (Error, bool)> {
        self.begin_manifest(contents)
            .map_err(|error| (error, false))?;
        self.settle_manifest().map_err(|error| (error, true))
    }

    fn begin_manifest(&mut self, contents: &Contents) -> Result<()> {
        let sync = self.durability != Durability::None;
        let number = self.manifest_number + 1;
        let temporary = self.dir.join(format!("manifest-{number:06}.tmp"));
        let path = self.dir.join(manifest_name(number));
        let bytes = manifest::checkpoint(number, contents);
        self.write_kept()?;
        if sync {
            self.sync_data()?;
        }
        let file = self
            .storage
            .create(&temporary)
            .map_err(|e| Error::io("create", &temporary, e))?;
        file.write_at(0, &bytes)
            .map_err(|e| Error::io("write", &temporary, e))?;
        if sync {
            file.sync().map_err(|e| Error::io("sync", &temporary, e))?;
        }
        self.storage
            .rename(&temporary, &path)
            .map_err(|e| Error::io("rename", &temporary, e))?;
        self.manifest_number = number;
        self.manifest = Some(file);
        self.manifest_len = bytes.len() as u64;
        self.manifest_unsynced = !sync;
        self.checkpoint_len = self.manifest_len;
        self.index = contents.index;
        Ok(())
    }

    /// Makes the name of the new manifest durable, then removes the old one.
    fn settle_manifest(&mut self) -> Result<()> {
        if self.durability == Durability::None {
            self.dir_changed = true;
            self.mark_written()?;
        } else {
            self.storage
                .sync_dir(&self.dir)
                .map_err(|e| Error::io("sync", &self.dir, e))?;
            self.dir_changed = false;
            self.write_mark(0)?;
        }
        if self.manifest_number > 1 {
            // One that stays is older, so it does no harm, and the next opening removes it.
            let _ = self
                .storage
                .remove(&self.dir.join(manifest_name(self.manifest_number - 1)));
        }
        Ok(())
    }
}
