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
/// So many records are made bytes together, where all are made at once, and records again.
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

/// What linking left behind, as it is written: a list of records, each with its length, so that those that stay need not be
/// written anew.
#[derive(Debug, Default)]
pub(crate) struct EncodedLinks(Vec<u8>);

impl EncodedLinks {
    /// The records of all modules. Those that are told to be `kept` are taken from before as they are. Runs on the current
    /// pool.
    pub(crate) fn new(records: &[LinkRecord], kept: Option<&KeptLinks>) -> io::Result<Self> {
        let before = kept.map(|kept| kept.encoded.records()).unwrap_or_default();
        let known = |at: usize| {
            let is_kept = kept.is_some_and(|kept| kept.is_kept[at]);
            before.get(at).copied().filter(|_| is_kept)
        };
        let all: Vec<usize> = (0..records.len()).collect();
        let parts: Vec<Vec<u8>> = all
            .par_chunks(CHUNK)
            .with_max_len(1)
            .map(|part| {
                let mut bytes = Vec::new();
                part.iter()
                    .try_for_each(|&at| push_record(&mut bytes, &records[at], known(at)))?;
                Ok(bytes)
            })
            .collect::<io::Result<_>>()?;
        Self::of_parts(records.len(), &parts)
    }

    /// Some of the records, one after the other.
    pub(crate) fn part(records: &[LinkRecord]) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        records
            .iter()
            .try_for_each(|record| push_record(&mut bytes, record, None))?;
        Ok(bytes)
    }

    /// All records, of which there are so many, from their parts in order.
    pub(crate) fn of_parts(records: usize, parts: &[Vec<u8>]) -> io::Result<Self> {
        let mut bytes = super::encode(&records)?;
        parts.iter().for_each(|part| bytes.extend_from_slice(part));
        Ok(EncodedLinks(bytes))
    }

    /// The bytes of each record; none if they are damaged.
    fn records(&self) -> Vec<&[u8]> {
        postcard::from_bytes(&self.0).unwrap_or_default()
    }

    fn decode(&self) -> Option<Vec<LinkRecord>> {
        let records: Vec<&[u8]> = postcard::from_bytes(&self.0).ok()?;
        records
            .par_iter()
            .with_min_len(CHUNK)
            .map(|record| postcard::from_bytes(record).ok())
            .collect()
    }
}

/// Appends a record with its length, as it was encoded before if that is `known`.
fn push_record(bytes: &mut Vec<u8>, record: &LinkRecord, known: Option<&[u8]>) -> io::Result<()> {
    let new;
    let encoded = match known {
        Some(known) => {
            debug_assert_eq!(known, super::encode(record)?);
            known
        }
        None => {
            new = super::encode(record)?;
            &new
        }
    };
    bytes.append(&mut super::encode(&encoded.len())?);
    bytes.extend_from_slice(encoded);
    Ok(())
}

/// What linking left behind before, and which records of it are still true.
#[derive(Debug)]
pub(crate) struct KeptLinks {
    pub(crate) encoded: EncodedLinks,
    /// For each module.
    pub(crate) is_kept: Vec<bool>,
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
    pub(crate) fn load_links(&self, id: LinksId) -> Option<(Vec<LinkRecord>, EncodedLinks)> {
        let links = EncodedLinks(fs::read(self.folder.join(FILE)).ok()?);
        let records = (LinksId::of(&links.0) == id).then(|| links.decode())?;
        Some((records?, links))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_that_stay_are_written_as_they_were() {
        let record = |code: &str| LinkRecord {
            trace: Trace::default(),
            diagnostics: vec![(&graph_model::Diagnostic::file_warning("c", code, code)).into()],
        };
        let before: Vec<_> = (0..300).map(|n| record(&n.to_string())).collect();
        let encoded = EncodedLinks::new(&before, None).unwrap();
        let mut now = before.clone();
        now[7] = record("a longer text than before");
        now[299] = record("");
        let kept = KeptLinks {
            encoded,
            is_kept: (0..300).map(|at| at != 7 && at != 299).collect(),
        };
        let again = EncodedLinks::new(&now, Some(&kept)).unwrap();
        assert_eq!(again.0, EncodedLinks::new(&now, None).unwrap().0);
        let decoded = again.decode().unwrap();
        assert_eq!(decoded.len(), 300);
        assert!(
            decoded
                .iter()
                .zip(&now)
                .all(|(a, b)| a.diagnostics == b.diagnostics)
        );
        // What is not kept is not looked at, were it damaged.
        let cut = EncodedLinks(again.0[..again.0.len() / 2].to_vec());
        assert!(cut.decode().is_none() && cut.records().is_empty());
    }
}
