//! The file of what linking left behind: `links.bin`, written as a whole after each run that changed something.
//!
//! The state names it by its length and checksum. If it is another one, all modules are linked again, and nothing is lost but
//! time.

use std::fs;
use std::io;

use linker::relink::Trace;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Cache, StoredDiagnostic};

const FILE: &str = "links.bin";
/// So many records are made bytes, and records again, by one thread.
const CHUNK: usize = 128;

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

/// What linking left behind, as it is written.
#[derive(Debug)]
pub(crate) struct EncodedLinks(Vec<u8>);

impl EncodedLinks {
    /// Runs on the current pool.
    pub(crate) fn new(records: &[LinkRecord]) -> io::Result<Self> {
        let parts: Vec<Vec<u8>> = records
            .par_chunks(CHUNK)
            .map(|records| super::encode(&records))
            .collect::<io::Result<_>>()?;
        // A list of pieces, each with its length.
        let mut bytes = super::encode(&parts.len())?;
        for part in parts {
            bytes.append(&mut super::encode(&part.len())?);
            bytes.extend_from_slice(&part);
        }
        Ok(EncodedLinks(bytes))
    }

    fn decode(&self) -> Option<Vec<LinkRecord>> {
        let parts: Vec<&[u8]> = postcard::from_bytes(&self.0).ok()?;
        let parts: Vec<Vec<LinkRecord>> = parts
            .into_par_iter()
            .map(|part| postcard::from_bytes(part).ok())
            .collect::<Option<_>>()?;
        Some(parts.into_iter().flatten().collect())
    }
}

impl Cache {
    /// Replaces the file. It counts with the state that names it.
    pub(crate) fn save_links(&self, links: &EncodedLinks) -> io::Result<LinksId> {
        let new = self.folder.join("links.new");
        fs::write(&new, &links.0)?;
        super::replace(&new, &self.folder.join(FILE))?;
        Ok(LinksId::of(&links.0))
    }

    /// Reads the file; `None` if it is not the one that is meant, or damaged. Runs on the current pool.
    pub(crate) fn load_links(&self, id: LinksId) -> Option<Vec<LinkRecord>> {
        let links = EncodedLinks(fs::read(self.folder.join(FILE)).ok()?);
        (LinksId::of(&links.0) == id)
            .then(|| links.decode())
            .flatten()
    }
}
