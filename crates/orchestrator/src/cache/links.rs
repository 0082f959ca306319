//! The file of what linking left behind: `links.bin`, written as a whole after each run that changed something.
//!
//! The state names it by its length and checksum. If it is another one, all modules are linked again, and nothing is lost but
//! time.

use std::fs;
use std::io;

use linker::relink::Trace;
use serde::{Deserialize, Serialize};

use super::{Cache, StoredDiagnostic};

const FILE: &str = "links.bin";

/// What linking one module left behind.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LinkRecord {
    pub(crate) trace: Trace,
    /// What is wrong with its imports.
    pub(crate) diagnostics: Vec<StoredDiagnostic>,
}

/// Identifies the contents of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LinksId {
    length: u64,
    checksum: u32,
}

impl LinksId {
    fn of(bytes: &[u8]) -> Self {
        LinksId {
            length: bytes.len() as u64,
            checksum: crc32c::crc32c(bytes),
        }
    }
}

impl Cache {
    /// Replaces the file. It counts with the state that names it.
    pub(crate) fn save_links(&self, records: &[LinkRecord]) -> io::Result<LinksId> {
        let bytes = super::encode(&records)?;
        let new = self.folder.join("links.new");
        fs::write(&new, &bytes)?;
        fs::rename(&new, self.folder.join(FILE))?;
        Ok(LinksId::of(&bytes))
    }

    /// Reads the file; `None` if it is not the one that is meant, or damaged.
    pub(crate) fn load_links(&self, id: LinksId) -> Option<Vec<LinkRecord>> {
        let bytes = fs::read(self.folder.join(FILE)).ok()?;
        (LinksId::of(&bytes) == id)
            .then(|| postcard::from_bytes(&bytes).ok())
            .flatten()
    }
}
