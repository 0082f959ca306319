//! Reading index files.

use std::path::Path;

use super::image::{CHUNK, Image, SectionData};
use super::{Counts, SECTIONS, Section};
use crate::codec::{u32_at, u64_at};
use crate::storage::{Bytes, Storage};
use crate::{Error, Result};

pub(super) const MAGIC: [u8; 8] = *b"RFDBIDX1";
/// Bytes before the first section.
pub(super) const HEADER: usize = 1024;
/// Newest version that is read.
pub(crate) const VERSION: u32 = 1;
/// Sections begin at multiples of this.
pub(super) const ALIGN: usize = 64;

impl Section {
    /// All sections in order.
    pub(crate) const ALL: [Self; SECTIONS] = [
        Self::Blocks,
        Self::StringEnds,
        Self::StringBytes,
        Self::Owners,
        Self::Ids,
        Self::IdDirectory,
        Self::NodePositions,
        Self::OlderRows,
        Self::NodeHints,
        Self::EdgeHints,
        Self::Types,
        Self::TypePostings,
        Self::Files,
        Self::FilePostings,
        Self::Names,
        Self::OutEnds,
        Self::OutTargets,
        Self::OutTypes,
        Self::OutPositions,
        Self::InEnds,
        Self::InSources,
        Self::InEdges,
        Self::FieldValues,
        Self::FieldPostings,
        Self::Fields,
    ];
}

/// Opens an index file. The header is checked here, everything else when it is first read.
pub(crate) fn open(storage: &dyn Storage, path: &Path, expected: (u64, u32)) -> Result<Image> {
    let bytes = storage.map(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => Error::damaged(path, 0, "the file is missing"),
        _ => Error::io("read", path, e),
    })?;
    parse(bytes, path, Some(expected))
}

/// Lays an index over bytes.
pub(crate) fn parse(bytes: Bytes, path: &Path, expected: Option<(u64, u32)>) -> Result<Image> {
    let damaged = |offset: usize, what: &str| Error::damaged(path, offset as u64, what);
    let header: &[u8; HEADER] = bytes
        .first_chunk()
        .ok_or_else(|| damaged(bytes.len(), "the index is cut off"))?;
    if header[..8] != MAGIC {
        return Err(damaged(0, "this is not an index file"));
    }
    let version = u32_at(header, 8).unwrap_or_default();
    let checksum = u32_at(header, 12).unwrap_or_default();
    if crc32c::crc32c(&header[16..]) != checksum {
        return Err(damaged(12, "checksum of the index header does not match"));
    }
    if version > VERSION {
        return Err(Error::NewerFormat {
            file: path.to_path_buf(),
            found: version,
            supported: VERSION,
        });
    }
    if version != VERSION {
        return Err(damaged(8, "the format version is unknown"));
    }
    let len = u64_at(header, 16).unwrap_or_default();
    if len != bytes.len() as u64 {
        return Err(damaged(
            bytes.len(),
            "the index does not have the length that its header gives",
        ));
    }
    if expected.is_some_and(|expected| expected != (len, checksum)) {
        return Err(damaged(12, "this is not the index that the manifest names"));
    }
    let number = |index: usize| u32_at(header, 24 + index * 4).unwrap_or_default();
    let counts = Counts {
        blocks: number(0),
        vertices: number(1),
        node_rows: number(2),
        edge_rows: number(3),
        nodes: number(4),
        edges: number(5),
        id_bits: number(6),
        type_width: number(7),
    };
    let place = |index: usize| -> Result<(usize, usize)> {
        let at = 64 + index * 16;
        let offset = u64_at(header, at).unwrap_or(u64::MAX);
        let length = u64_at(header, at + 8).unwrap_or(u64::MAX);
        let end = offset.checked_add(length).filter(|&end| end <= len);
        end.map(|end| (offset as usize, end as usize))
            .ok_or_else(|| damaged(at, "a section lies outside of the file"))
    };
    let (start, end) = place(SECTIONS)?;
    let checksums = bytes
        .slice(start..end)
        .ok_or_else(|| damaged(64, "a section lies outside of the file"))?;
    if crc32c::crc32c(&checksums) != u32_at(header, 60).unwrap_or_default() {
        return Err(damaged(start, "checksum of the checksums does not match"));
    }
    let mut sections = Vec::with_capacity(SECTIONS);
    let mut first = 0;
    for index in 0..SECTIONS {
        let (start, end) = place(index)?;
        let section = bytes
            .slice(start..end)
            .ok_or_else(|| damaged(64, "a section lies outside of the file"))?;
        let chunks = section.len().div_ceil(CHUNK);
        let checksums = checksums
            .slice(first * 4..(first + chunks) * 4)
            .ok_or_else(|| damaged(end, "there are fewer checksums than chunks"))?;
        first += chunks;
        sections.push(SectionData::in_file(section, checksums, start as u64));
    }
    let sections = sections
        .try_into()
        .map_err(|_| damaged(64, "the index does not have all sections"))?;
    Ok(Image::from_file(counts, sections, path))
}

/// Makes the checksums of an index right, whatever they cover.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn repair(bytes: &mut [u8]) {
    if bytes.len() < HEADER {
        return;
    }
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
    let len = bytes.len() as u64;
    bytes[16..24].copy_from_slice(&len.to_le_bytes());
    let place = |bytes: &[u8], index: usize| {
        let at = 64 + index * 16;
        let (offset, length) = (
            u64_at(bytes, at).unwrap_or_default(),
            u64_at(bytes, at + 8).unwrap_or_default(),
        );
        offset
            .checked_add(length)
            .filter(|&end| end <= len)
            .map(|end| offset as usize..end as usize)
    };
    if let Some(checksums) = place(bytes, SECTIONS) {
        let mut at = checksums.start;
        for index in 0..SECTIONS {
            let Some(section) = place(bytes, index) else {
                continue;
            };
            let chunks: Vec<u32> = bytes[section].chunks(CHUNK).map(crc32c::crc32c).collect();
            for checksum in chunks {
                if at + 4 <= checksums.end {
                    bytes[at..at + 4].copy_from_slice(&checksum.to_le_bytes());
                }
                at += 4;
            }
        }
        let checksum = crc32c::crc32c(&bytes[checksums]);
        bytes[60..64].copy_from_slice(&checksum.to_le_bytes());
    }
    let checksum = crc32c::crc32c(&bytes[16..HEADER]);
    bytes[12..16].copy_from_slice(&checksum.to_le_bytes());
}
