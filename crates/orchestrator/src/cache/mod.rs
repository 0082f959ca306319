//! What a run remembers for the next one: summaries, hashes of what was stored, and what it told.
//!
//! Three files in `.grafema/cache`. `summaries-N.bin` is appended to: each changed module adds its new summary. `state.bin`
//! names the live summaries in it, with their checksums, and all else; it is replaced as a whole, at the end of a run.
//! `links.bin` says what linking each module read of others.
//!
//! A state counts only if the graph still has the version that it was written for. So whatever stops a run, wherever it is:
//! if the graph had not been changed, the old state fits it; if it had, no state does, and the next run begins anew. The
//! same holds for a cache that is damaged, or that another version of the analyzer wrote.

mod buffer;
pub(crate) mod fixed;
mod links;
mod state;
mod summaries;

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use links::{EncodedLinks, KeptLinks, LinkRecord, LinksId};
pub(crate) use state::{
    FileRecord, Hash, InputRecord, Outcome, OwnerHashes, State, StoredDiagnostic, interned,
    restored, stored,
};
pub(crate) use summaries::{Span, SummaryFile, SummaryWriter};

const STATE: &str = "state.bin";
const MAGIC: &[u8; 8] = b"grafcach";
/// Version of the files' layout; that of what is in them is [`fingerprint`].
const FORMAT: u32 = 2;
const HEADER: usize = 24;

/// Identifies the code that makes graphs out of sources: two builds of the same sources have the same.
pub(crate) fn fingerprint() -> &'static str {
    concat!(env!("CARGO_PKG_VERSION"), "-", env!("ORCHESTRATOR_SOURCES"))
}

/// Why there is no state to go on from.
#[derive(Debug)]
pub(crate) enum Unusable {
    /// There is none.
    Missing,
    /// It is of another version of the program.
    OtherVersion,
    /// It cannot be read.
    Damaged(String),
}

/// The folder of a cache.
#[derive(Debug, Clone)]
pub(crate) struct Cache {
    folder: PathBuf,
}

impl Cache {
    pub(crate) fn new(folder: &Path) -> Self {
        Cache {
            folder: folder.to_owned(),
        }
    }

    /// Reads the state of the last run.
    pub(crate) fn load(&self) -> Result<State, Unusable> {
        let bytes = match fs::read(self.folder.join(STATE)) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(Unusable::Missing),
            Err(e) => return Err(Unusable::Damaged(e.to_string())),
        };
        let damaged = |what: &str| Unusable::Damaged(what.to_owned());
        let (header, payload) = bytes
            .split_first_chunk::<HEADER>()
            .ok_or_else(|| damaged("it is too short"))?;
        if header[..8] != *MAGIC {
            return Err(damaged("it is no cache"));
        }
        let number = |at: usize| {
            let bytes = header[at..at + 4].first_chunk::<4>();
            bytes.map_or(0, |b| u32::from_le_bytes(*b))
        };
        if number(8) != FORMAT {
            return Err(Unusable::OtherVersion);
        }
        if number(12) != crc32c::crc32c(payload) || number(16) as usize != payload.len() {
            return Err(damaged("its checksum is wrong"));
        }
        // The first field is read on its own: the layout of the rest is that of the same version only.
        let (written_by, rest): (&str, &[u8]) =
            postcard::take_from_bytes(payload).map_err(|e| damaged(&e.to_string()))?;
        if written_by != fingerprint() {
            return Err(Unusable::OtherVersion);
        }
        decode(rest).map_err(|e| damaged(&e))
    }

    /// Replaces the state. Files that it does not name are left to [`Cache::remove_other_summaries`].
    pub(crate) fn save(&self, state: &State) -> io::Result<()> {
        self.create_folder()?;
        let payload = encode(&(fingerprint(), state))?;
        let length = u32::try_from(payload.len()).map_err(io::Error::other)?;
        let mut header = [0; HEADER];
        header[..8].copy_from_slice(MAGIC);
        header[8..12].copy_from_slice(&FORMAT.to_le_bytes());
        header[12..16].copy_from_slice(&crc32c::crc32c(&payload).to_le_bytes());
        header[16..20].copy_from_slice(&length.to_le_bytes());
        let new = self.folder.join("state.new");
        let mut file = fs::File::create(&new)?;
        file.write_all(&header)?;
        file.write_all(&payload)?;
        drop(file);
        replace(&new, &self.folder.join(STATE))
    }

    /// Removes files of summaries that the state does not name any more.
    pub(crate) fn remove_other_summaries(&self, keep: u32) {
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return;
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let number = name.to_str().and_then(summaries::number_of);
            if number.is_some_and(|number| number != keep) {
                // What stays is found again by the next run.
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn create_folder(&self) -> io::Result<()> {
        fs::create_dir_all(&self.folder)
    }

    /// Begins a new file of summaries. It takes effect with the state that names it.
    pub(crate) fn new_summaries(&self) -> io::Result<SummaryWriter> {
        self.create_folder()?;
        let used = fs::read_dir(&self.folder)?
            .flatten()
            .filter_map(|entry| summaries::number_of(entry.file_name().to_str()?))
            .max();
        SummaryWriter::create(
            &self.folder,
            used.map_or(1, |number| number.wrapping_add(1)),
        )
    }

    /// Goes on with the file of summaries of a state.
    pub(crate) fn append_summaries(&self, number: u32) -> io::Result<SummaryWriter> {
        SummaryWriter::append(&self.folder, number)
    }

    /// Opens the summaries of a state.
    pub(crate) fn open_summaries(&self, number: u32) -> io::Result<SummaryFile> {
        SummaryFile::open(&self.folder, number)
    }
}

/// Puts a file in the place of another, which is of no use any more. It is taken away before: file systems make a file durable
/// that takes the place of another, and keep us waiting for it. If this is stopped in between, the next run begins anew.
fn replace(new: &Path, old: &Path) -> io::Result<()> {
    match fs::remove_file(old) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    fs::rename(new, old)
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok(_) => Err("there are bytes after its end".to_owned()),
        Err(e) => Err(e.to_string()),
    }
}

fn encode<T: Serialize>(value: &T) -> io::Result<Vec<u8>> {
    buffer::encode(value, 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_comes_back_unless_it_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path());
        assert!(matches!(cache.load(), Err(Unusable::Missing)));
        let state = State {
            project: "p".to_owned(),
            ..State::default()
        };
        cache.save(&state).unwrap();
        assert_eq!(cache.load().unwrap().project, "p");
        let path = folder.path().join(STATE);
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x40;
            fs::write(&path, &bytes).unwrap();
            // Four bytes of the header mean nothing.
            assert_eq!(cache.load().is_ok(), (20..24).contains(&at), "byte {at}");
            fs::write(&path, &whole[..at]).unwrap();
            assert!(cache.load().is_err(), "cut to {at} bytes");
        }
    }
}
