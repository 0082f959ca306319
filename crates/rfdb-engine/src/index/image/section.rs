//! One section of an index: its bytes, and which of them were checked.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::codec::u32_at;
use crate::index::Section;
use crate::storage::Bytes;
use crate::{Error, Result};

/// Bytes that one checksum of an index file covers.
pub(crate) const CHUNK: usize = 1 << 16;

/// Checksums of a section, looked at when its bytes are first read.
#[derive(Debug)]
struct Checks {
    /// CRC-32C of each chunk, u32.
    checksums: Bytes,
    /// One bit for each chunk that was found right.
    verified: Box<[AtomicU64]>,
    /// Where the section begins in the file.
    offset: u64,
}

/// A section of an index.
#[derive(Debug)]
pub(in crate::index) struct SectionData {
    bytes: Bytes,
    /// `None` for an index on the heap.
    checks: Option<Checks>,
}

impl SectionData {
    /// A section on the heap, which needs no check.
    pub(super) fn on_heap(bytes: Vec<u8>) -> Self {
        Self {
            bytes: Bytes::from(bytes),
            checks: None,
        }
    }

    /// A section of a file that begins at `offset`.
    pub(in crate::index) fn in_file(bytes: Bytes, checksums: Bytes, offset: u64) -> Self {
        let words = bytes.len().div_ceil(CHUNK).div_ceil(64);
        let verified = std::iter::repeat_with(|| AtomicU64::new(0));
        Self {
            bytes,
            checks: Some(Checks {
                checksums,
                verified: verified.take(words).collect(),
                offset,
            }),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Where the section begins in the file, 0 on the heap.
    pub(super) fn offset(&self) -> u64 {
        self.checks.as_ref().map_or(0, |checks| checks.offset)
    }

    /// Bytes `start..end`, if they are known to be right and lie within the section. Every read of an index goes through
    /// here, so the usual case, a few bytes in one chunk, is a load and a test.
    #[inline]
    pub(super) fn known(&self, start: usize, end: usize) -> Option<&[u8]> {
        if let Some(checks) = &self.checks {
            let chunk = start / CHUNK;
            let word = checks.verified.get(chunk / 64)?.load(Ordering::Acquire);
            if word >> (chunk % 64) & 1 == 0 || end > (chunk + 1) * CHUNK {
                return None;
            }
        }
        self.bytes.get(start..end)
    }

    /// Begins to load the cache line of a byte that will be read soon, while the processor waits for others.
    #[inline]
    pub(super) fn touch(&self, at: usize) {
        std::hint::black_box(self.bytes.get(at).copied());
    }

    /// Bytes `start..end`, checked. `Ok(None)` if they do not lie within the section.
    #[cold]
    pub(super) fn check(
        &self,
        section: Section,
        path: &Path,
        start: usize,
        end: usize,
    ) -> Result<Option<&[u8]>> {
        let bytes = self.bytes.get(start..end);
        if bytes.is_some() && start < end {
            for chunk in start / CHUNK..=(end - 1) / CHUNK {
                self.check_chunk(section, path, chunk)?;
            }
        }
        Ok(bytes)
    }

    fn check_chunk(&self, section: Section, path: &Path, chunk: usize) -> Result<()> {
        let Some(checks) = &self.checks else {
            return Ok(());
        };
        let word = checks.verified.get(chunk / 64);
        if word.is_some_and(|word| word.load(Ordering::Acquire) >> (chunk % 64) & 1 == 1) {
            return Ok(());
        }
        let start = chunk * CHUNK;
        let end = (start + CHUNK).min(self.bytes.len());
        let stored = u32_at(&checks.checksums, chunk * 4);
        let actual = self.bytes.get(start..end).map(crc32c::crc32c);
        if stored.is_none() || stored != actual {
            return Err(Error::damaged(
                path,
                checks.offset + start as u64,
                format!("checksum of {section:?} of the index does not match"),
            ));
        }
        if let Some(word) = word {
            word.fetch_or(1 << (chunk % 64), Ordering::Release);
        }
        Ok(())
    }
}
