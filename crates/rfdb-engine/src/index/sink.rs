//! Where the sections of an index go as they are built.

use std::sync::{Mutex, PoisonError};

use super::{Built, Counts, SECTIONS, Section};

/// Bytes of a section: parts that follow each other, as they were made by several threads. To put them together one thread would
/// touch all of it again.
pub(crate) type Parts = Vec<Vec<u8>>;

/// Takes the sections of an index, in any order and from any thread. A section that is not given is empty.
pub(crate) trait SectionSink: Sync {
    fn put(&self, section: Section, parts: Parts);
}

/// Keeps them.
#[derive(Debug, Default)]
pub(super) struct Kept(Mutex<[Vec<u8>; SECTIONS]>);

impl SectionSink for Kept {
    fn put(&self, section: Section, parts: Parts) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)[section as usize] = parts.concat();
    }
}

impl Kept {
    pub(super) fn built(self, counts: Counts) -> Built {
        let sections = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        Built { counts, sections }
    }
}
