//! Writing an index file while the index is built.
//!
//! The sections that are built first are on their way to the disk while processors sort the others. Whoever gives a section
//! writes what can be written then, unless another is at it: no thread waits for the file.

use std::path::Path;
use std::sync::mpsc::Sender;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::file::{ALIGN, HEADER, MAGIC, VERSION};
use super::image::CHUNK;
use super::sink::{Parts, SectionSink};
use super::{Counts, SECTIONS, Section};
use crate::storage::{Coalescer, StorageFile};
use crate::{Error, Result};

/// How sections lie in the file: about in the order in which they are built, and the same whatever that was.
const ORDER: [Section; SECTIONS] = [
    Section::Ids,
    Section::IdDirectory,
    Section::NodePositions,
    Section::OlderRows,
    Section::OutEnds,
    Section::OutTargets,
    Section::OutTypes,
    Section::OutPositions,
    Section::InEnds,
    Section::InSources,
    Section::InEdges,
    Section::TypePostings,
    Section::Names,
    Section::Blocks,
    Section::StringEnds,
    Section::StringBytes,
    Section::Owners,
    Section::NodeHints,
    Section::EdgeHints,
    Section::Types,
    Section::Files,
    Section::FilePostings,
    Section::FieldValues,
    Section::FieldPostings,
    Section::Fields,
];

/// Much of the bytes of an index is written with each of these sections and those before it.
const PARTS: [Section; 2] = [Section::OutPositions, Section::InEdges];
/// A file of fewer bytes is not worth an early sync.
const WORTH_A_SYNC: u64 = 1 << 20;

/// Sections that were given and not written yet.
#[derive(Debug, Default)]
struct Waiting {
    sections: [Option<Parts>; SECTIONS],
    /// Place in [`ORDER`] of the section that is written next.
    next: usize,
    /// Some thread writes.
    busy: bool,
}

#[derive(Debug, Default)]
struct Written {
    /// Offset and length of each section.
    places: [(u64, u64); SECTIONS],
    /// Of the chunks of each section.
    checksums: [Vec<u8>; SECTIONS],
    end: u64,
    writes: Coalescer,
}

/// Of each chunk of bytes that come in parts.
fn checksums(parts: &[Vec<u8>]) -> Vec<u8> {
    let bytes: usize = parts.iter().map(Vec::len).sum();
    let mut all = Vec::with_capacity(bytes.div_ceil(CHUNK) * 4);
    // Of what there is of the chunk that is not at its end, and its length.
    let (mut checksum, mut len) = (0, 0);
    for mut rest in parts.iter().map(Vec::as_slice) {
        while !rest.is_empty() {
            let (more, after) = rest.split_at(rest.len().min(CHUNK - len));
            checksum = crc32c::crc32c_append(checksum, more);
            len += more.len();
            if len == CHUNK {
                all.extend_from_slice(&checksum.to_le_bytes());
                (checksum, len) = (0, 0);
            }
            rest = after;
        }
    }
    if len > 0 {
        all.extend_from_slice(&checksum.to_le_bytes());
    }
    all
}

/// Writes the sections of an index to a file.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    file: &'a dyn StorageFile,
    path: &'a Path,
    waiting: Mutex<Waiting>,
    /// The error ends the writing.
    written: Mutex<Result<Written>>,
    /// Is told when a large part of a large index is written.
    part_written: Option<Mutex<Sender<()>>>,
}

fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a> Writer<'a> {
    /// Writes to an empty file. `part_written` is told each time when it is worth while that the disk takes in what there is.
    pub(crate) fn new(
        file: &'a dyn StorageFile,
        path: &'a Path,
        part_written: Option<Sender<()>>,
    ) -> Self {
        Self {
            file,
            path,
            waiting: Mutex::default(),
            written: Mutex::new(Ok(Written {
                end: HEADER as u64,
                ..Written::default()
            })),
            part_written: part_written.map(Mutex::new),
        }
    }

    /// Adds bytes to the end of the file.
    fn append(&self, written: &mut Written, bytes: &[u8]) -> Result<()> {
        let at = written.end;
        written.end += bytes.len() as u64;
        written
            .writes
            .write_at(self.file, at, bytes)
            .map_err(|e| Error::io("write", self.path, e))
    }

    /// Zeros up to where a section may begin.
    fn align(&self, written: &mut Written) -> Result<()> {
        let gap = written.end.next_multiple_of(ALIGN as u64) - written.end;
        self.append(written, &[0; ALIGN][..gap as usize])
    }

    fn write(&self, section: Section, parts: &[Vec<u8>]) {
        let mut result = guard(&self.written);
        let Ok(written) = &mut *result else {
            return;
        };
        written.checksums[section as usize] = checksums(parts);
        let start = written.end;
        // After an error the rest does not count.
        let done = parts.iter().try_for_each(|part| self.append(written, part));
        written.places[section as usize] = (start, written.end - start);
        let done = done.and_then(|()| self.align(written));
        if PARTS.contains(&section)
            && written.end >= WORTH_A_SYNC
            && let Some(sender) = &self.part_written
        {
            // Whoever waits for it may be gone.
            let _ = guard(sender).send(());
        }
        if let Err(error) = done {
            *result = Err(error);
        }
    }

    /// Writes what is left, and answers the length of the file and the checksum of its header.
    pub(crate) fn finish(self, counts: &Counts) -> Result<(u64, u32)> {
        let waiting = std::mem::take(&mut *guard(&self.waiting));
        for section in &ORDER[waiting.next..] {
            let parts = waiting.sections[*section as usize].as_deref();
            self.write(*section, parts.unwrap_or_default());
        }
        let mut written = std::mem::replace(&mut *guard(&self.written), Ok(Written::default()))?;
        let checksums = written.checksums.concat();
        let place = (written.end, checksums.len() as u64);
        let len = (written.end + place.1).next_multiple_of(ALIGN as u64);

        let mut header = vec![0u8; HEADER];
        header[..8].copy_from_slice(&MAGIC);
        header[8..12].copy_from_slice(&VERSION.to_le_bytes());
        header[16..24].copy_from_slice(&len.to_le_bytes());
        for (index, number) in counts.numbers().into_iter().enumerate() {
            header[24 + index * 4..28 + index * 4].copy_from_slice(&number.to_le_bytes());
        }
        for (index, (offset, length)) in written.places.into_iter().chain([place]).enumerate() {
            let at = 64 + index * 16;
            header[at..at + 8].copy_from_slice(&offset.to_le_bytes());
            header[at + 8..at + 16].copy_from_slice(&length.to_le_bytes());
        }
        header[60..64].copy_from_slice(&crc32c::crc32c(&checksums).to_le_bytes());
        let checksum = crc32c::crc32c(&header[16..]);
        header[12..16].copy_from_slice(&checksum.to_le_bytes());

        self.append(&mut written, &checksums)?;
        let mut end = || {
            written.writes.flush(self.file)?;
            self.file.write_at(0, &header)?;
            self.file.truncate(len)
        };
        end().map_err(|e| Error::io("write", self.path, e))?;
        Ok((len, checksum))
    }
}

impl SectionSink for Writer<'_> {
    fn put(&self, section: Section, parts: Parts) {
        let mut waiting = guard(&self.waiting);
        waiting.sections[section as usize] = Some(parts);
        if std::mem::replace(&mut waiting.busy, true) {
            return;
        }
        while let Some(&section) = ORDER.get(waiting.next)
            && let Some(parts) = waiting.sections[section as usize].take()
        {
            waiting.next += 1;
            drop(waiting);
            self.write(section, &parts);
            drop(parts);
            waiting = guard(&self.waiting);
        }
        waiting.busy = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::{parse, sink::Kept};
    use crate::storage::{MemoryStorage, Storage};
    use proptest::prelude::*;

    #[test]
    fn every_section_has_its_place() {
        for section in Section::ALL {
            assert_eq!(ORDER.iter().filter(|s| **s == section).count(), 1);
        }
    }

    proptest! {
        /// Whatever the order and the parts in which sections come, the file is the same, and all of them are in it.
        #[test]
        fn the_file_does_not_depend_on_the_order(
            sizes in prop::collection::vec(0..200_000usize, SECTIONS),
            order in Just((0..SECTIONS).collect::<Vec<_>>()).prop_shuffle(),
            given in prop::collection::vec(any::<bool>(), SECTIONS),
            part in 1..100_000usize,
        ) {
            let bytes = |index: usize| -> Vec<u8> {
                let len = if given[index] { sizes[index] } else { 0 };
                (0..len).map(|i| (i * 31 + index) as u8).collect()
            };
            let storage = MemoryStorage::new();
            let dir = Path::new("/");
            storage.create_dir_all(dir).unwrap();
            let write = |name: &str, order: &[usize], part: usize| {
                let path = dir.join(name);
                let file = storage.create(&path).unwrap();
                let writer = Writer::new(&*file, &path, None);
                for &index in order.iter().filter(|&&index| given[index]) {
                    let parts = bytes(index).chunks(part).map(<[u8]>::to_vec).collect();
                    writer.put(Section::ALL[index], parts);
                }
                let reference = writer.finish(&Counts::default()).unwrap();
                (storage.map(&path).unwrap(), reference, path)
            };
            let (a, reference, path) = write("a", &order, part);
            let (b, other, _) = write("b", &(0..SECTIONS).collect::<Vec<_>>(), usize::MAX);
            prop_assert_eq!(&*a, &*b);
            prop_assert_eq!(reference, other);
            let image = parse(a, &path, Some(reference)).unwrap();
            image.verify().unwrap();
            let kept = Kept::default();
            for index in order {
                kept.put(Section::ALL[index], vec![bytes(index)]);
            }
            let built = kept.built(Counts::default());
            for section in Section::ALL {
                let len = image.section_len(section);
                prop_assert_eq!(image.range(section, 0, len).unwrap(), &built.sections[section as usize][..]);
            }
        }
    }
}
