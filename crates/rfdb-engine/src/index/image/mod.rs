//! Reading an index.

mod attributes;
mod blocks;
mod edges;
mod filter;
mod section;
mod vertices;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::{Built, Counts, SECTIONS, Section};
use crate::codec::u32_at;
use crate::{Error, Result};

use filter::Filter;
pub(super) use section::{CHUNK, SectionData};

/// An index, in a file or on the heap.
#[derive(Debug)]
pub(crate) struct Image {
    counts: Counts,
    sections: Box<[SectionData; SECTIONS]>,
    path: PathBuf,
    /// Names of all types, copied when one is first asked for: there are few, and every edge that is read has one.
    type_names: OnceLock<Box<[Box<str>]>>,
    /// Tells most ids apart that are not in the index, for one of the many small indexes of an overlay.
    filter: Option<Filter>,
}

impl Image {
    /// An index whose sections were read from a file.
    pub(super) fn from_file(
        counts: Counts,
        sections: Box<[SectionData; SECTIONS]>,
        path: &Path,
    ) -> Self {
        Self {
            counts,
            sections,
            path: path.to_path_buf(),
            type_names: OnceLock::new(),
            filter: None,
        }
    }

    /// An index on the heap.
    pub(crate) fn from_built(built: Built) -> Self {
        let filter = Filter::new(&built.sections[Section::Ids as usize]);
        let sections = built.sections.map(SectionData::on_heap);
        Self {
            filter,
            ..Self::from_file(built.counts, Box::new(sections), Path::new("(memory)"))
        }
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// An error that says that the contents of a section make no sense.
    #[cold]
    pub(crate) fn damaged(&self, section: Section, offset: usize) -> Error {
        Error::damaged(
            &self.path,
            self.sections[section as usize].offset() + offset as u64,
            format!("{section:?} of the index is inconsistent"),
        )
    }

    /// Bytes of a section, checked.
    #[inline]
    pub(crate) fn range(&self, section: Section, start: usize, end: usize) -> Result<&[u8]> {
        match self.sections[section as usize].known(start, end) {
            Some(bytes) => Ok(bytes),
            None => self.check(section, start, end),
        }
    }

    #[cold]
    fn check(&self, section: Section, start: usize, end: usize) -> Result<&[u8]> {
        self.sections[section as usize]
            .check(section, &self.path, start, end)?
            .ok_or_else(|| self.damaged(section, start))
    }

    /// Checks all checksums.
    pub(crate) fn verify(&self) -> Result<()> {
        for section in Section::ALL {
            self.check(section, 0, self.section_len(section))?;
        }
        Ok(())
    }

    pub(crate) fn section_len(&self, section: Section) -> usize {
        self.sections[section as usize].len()
    }

    #[inline]
    fn u32(&self, section: Section, index: usize) -> Result<u32> {
        let start = index * 4;
        u32_at(self.range(section, start, start + 4)?, 0)
            .ok_or_else(|| self.damaged(section, start))
    }

    /// Consecutive numbers of a section.
    pub(crate) fn u32s(
        &self,
        section: Section,
        start: usize,
        end: usize,
    ) -> Result<impl Iterator<Item = u32> + '_> {
        if start > end {
            return Err(self.damaged(section, start * 4));
        }
        let bytes = self.range(section, start * 4, end * 4)?;
        Ok(bytes
            .chunks_exact(4)
            .map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])))
    }

    /// Range of a list from the column of ends.
    #[inline]
    fn list(
        &self,
        ends: Section,
        index: usize,
        stride: usize,
        offset: usize,
    ) -> Result<(usize, usize)> {
        let (start, end) = if index == 0 {
            (0, self.u32(ends, offset)?)
        } else {
            let before = ((index - 1) * stride + offset) * 4;
            let both = self.range(ends, before, before + stride * 4 + 4)?;
            let number = |at: usize| u32_at(both, at).ok_or_else(|| self.damaged(ends, before));
            (number(0)?, number(stride * 4)?)
        };
        if start > end {
            return Err(self.damaged(ends, index * stride * 4));
        }
        Ok((start as usize, end as usize))
    }

    #[inline]
    pub(crate) fn string(&self, number: u32) -> Result<&str> {
        let (start, end) = self.list(Section::StringEnds, number as usize, 1, 0)?;
        let bytes = self.range(Section::StringBytes, start, end)?;
        std::str::from_utf8(bytes).map_err(|_| self.damaged(Section::StringBytes, start))
    }
}

/// First index for which the condition does not hold.
pub(crate) fn partition(
    count: usize,
    mut holds: impl FnMut(usize) -> Result<bool>,
) -> Result<usize> {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle)? {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}
