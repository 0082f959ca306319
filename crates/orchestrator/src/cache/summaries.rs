//! The file of summaries: one after the other, each found by its place.

use std::cell::RefCell;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use graph_model::ModuleSummary;
use serde::{Deserialize, Serialize};

/// Where a summary stands in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Span {
    offset: u64,
    length: u32,
    checksum: u32,
}

impl Span {
    pub(crate) fn len(&self) -> u64 {
        u64::from(self.length)
    }
}

fn path_of(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("summaries-{number}.bin"))
}

/// The number in a file's name.
pub(super) fn number_of(name: &str) -> Option<u32> {
    name.strip_prefix("summaries-")?
        .strip_suffix(".bin")?
        .parse()
        .ok()
}

/// The system takes what begins and ends at multiples of this in half the time, because it keeps it in few pieces.
const STEP: usize = 1 << 18;

/// Appends summaries; used from many threads.
#[derive(Debug)]
pub(crate) struct SummaryWriter {
    number: u32,
    file: Mutex<(BufWriter<File>, u64)>,
}

impl SummaryWriter {
    pub(super) fn create(folder: &Path, number: u32) -> io::Result<Self> {
        Self::with(File::create(path_of(folder, number))?, number)
    }

    pub(super) fn append(folder: &Path, number: u32) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).open(path_of(folder, number))?;
        // Whatever an interrupted run left behind is garbage that nobody names.
        file.seek(io::SeekFrom::End(0))?;
        Self::with(file, number)
    }

    fn with(mut file: File, number: u32) -> io::Result<Self> {
        let end = file.stream_position()?;
        Ok(SummaryWriter {
            number,
            file: Mutex::new((BufWriter::with_capacity(STEP, file), end)),
        })
    }

    /// Writes a summary.
    pub(crate) fn put(&self, summary: &ModuleSummary) -> io::Result<Span> {
        self.put_bytes(&super::buffer::encode(
            summary,
            summary.names.text_len() * 8,
        )?)
    }

    fn put_bytes(&self, bytes: &[u8]) -> io::Result<Span> {
        let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        let checksum = crc32c::crc32c(bytes);
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let (out, end) = &mut *file;
        let offset = *end;
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = STEP - (*end % STEP as u64) as usize;
            let (piece, after) = rest.split_at(rest.len().min(room));
            out.write_all(piece)?;
            if piece.len() == room {
                out.flush()?;
            }
            *end += piece.len() as u64;
            rest = after;
        }
        Ok(Span {
            offset,
            length,
            checksum,
        })
    }

    /// Copies a summary from another file.
    pub(crate) fn copy(&self, from: &SummaryFile, span: Span) -> io::Result<Span> {
        from.with_bytes(span, |bytes| self.put_bytes(bytes))
            .map_err(io::Error::other)?
    }

    /// Ends the writing; answers the file's number.
    pub(crate) fn finish(self) -> io::Result<u32> {
        let file = self
            .file
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        file.0
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        Ok(self.number)
    }
}

/// A file of summaries that is read where it is asked for.
#[derive(Debug, Clone)]
pub(crate) struct SummaryFile {
    file: Arc<File>,
    length: u64,
}

impl SummaryFile {
    pub(super) fn open(folder: &Path, number: u32) -> io::Result<Self> {
        let file = File::open(path_of(folder, number))?;
        Ok(SummaryFile {
            length: file.metadata()?.len(),
            file: Arc::new(file),
        })
    }

    /// Size of the file when it was opened.
    pub(crate) fn len(&self) -> u64 {
        self.length
    }

    /// Reads the bytes of a summary, and does something with them.
    fn with_bytes<T>(&self, span: Span, f: impl FnOnce(&[u8]) -> T) -> Result<T, String> {
        thread_local! {
            /// Room that was used before need not be made, and emptied, again.
            static ROOM: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
        }
        // The length is not trusted before the file is known to have so much.
        if span.offset.saturating_add(span.len()) > self.length {
            return Err("a summary is not there".to_owned());
        }
        ROOM.with_borrow_mut(|room| {
            let length = span.length as usize;
            if room.len() < length {
                room.resize(length, 0);
            }
            let bytes = &mut room[..length];
            read_at(&self.file, bytes, span.offset).map_err(|e| e.to_string())?;
            if crc32c::crc32c(bytes) != span.checksum {
                return Err("the checksum of a summary is wrong".to_owned());
            }
            Ok(f(bytes))
        })
    }

    /// The summary at a place.
    pub(crate) fn get(&self, span: Span) -> Result<ModuleSummary, String> {
        self.with_bytes(span, super::decode)?
    }
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_at(file: &File, mut bytes: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let read = std::os::windows::fs::FileExt::seek_read(file, bytes, offset)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes = &mut bytes[read..];
        offset += read as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::Cache;

    #[test]
    fn summaries_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path());
        let sources = [
            "export const a = [1, 'b'];",
            "import { a } from './0.js'; a();",
        ];
        let summaries: Vec<_> = (0..)
            .zip(sources)
            .map(|(i, text)| {
                analyzer::analyze_module(&format!("{i}.js"), text, &Default::default()).summary
            })
            .collect();
        let writer = cache.new_summaries().unwrap();
        let first = writer.put(&summaries[0]).unwrap();
        let number = writer.finish().unwrap();
        let writer = cache.append_summaries(number).unwrap();
        let second = writer.put(&summaries[1]).unwrap();
        writer.finish().unwrap();
        let file = cache.open_summaries(number).unwrap();
        assert_eq!(file.get(first).unwrap(), summaries[0]);
        assert_eq!(file.get(second).unwrap(), summaries[1]);
        let wrong = super::Span {
            checksum: first.checksum ^ 1,
            ..first
        };
        assert!(file.get(wrong).is_err());
        let outside = super::Span {
            length: u32::MAX,
            ..first
        };
        assert!(file.get(outside).is_err());
    }
}
