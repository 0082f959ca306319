//! Where the sections of an index go as they are built.

use std::sync::{Mutex, PoisonError};

use super::{Built, Counts, SECTIONS, Section};

/// Takes the sections of an index, in any order and from any thread. A section that is not given is empty.
pub(crate) trait SectionSink: Sync {
    fn put(&self, section: Section, bytes: Vec<u8>);
}

/// Keeps them.
#[derive(Debug, Default)]
pub(super) struct Kept(Mutex<[Vec<u8>; SECTIONS]>);

impl SectionSink for Kept {
    fn put(&self, section: Section, bytes: Vec<u8>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)[section as usize] = bytes;
    }
}

impl Kept {
    pub(super) fn built(self, counts: Counts) -> Built {
        let sections = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        Built { counts, sections }
    }
}
