//! Writes that follow one another in a file, made into few large ones.
//!
//! What the system does for a write depends less on its bytes than on the pieces of memory that it keeps them in, and these are
//! as large as a write and the place where it begins allow. Measured on ext4 of Linux 6.18 with pieces of 40 to 130 KB, as
//! blocks come: one after the other they take 0.6 to 1.6 ms for each MB, cut at multiples of 256 KiB 0.4.

use std::io;

use super::StorageFile;

/// Writes begin and end at multiples of this, but for the first and the last.
const STEP: usize = 1 << 18;

/// Bytes that are not written yet, and where they belong.
#[derive(Debug, Default)]
pub(crate) struct Coalescer {
    start: u64,
    bytes: Vec<u8>,
}

impl Coalescer {
    /// Writes bytes, or keeps them until there are enough. What is kept is written first if they do not belong behind it.
    ///
    /// # Errors
    /// Those of the file. What was kept is kept still then, and none of `bytes` is.
    pub(crate) fn write_at(
        &mut self,
        file: &dyn StorageFile,
        offset: u64,
        mut bytes: &[u8],
    ) -> io::Result<()> {
        if self.end() != offset {
            self.flush(file)?;
            self.start = offset;
        }
        let kept = self.bytes.len();
        let room = STEP - (offset % STEP as u64) as usize;
        if bytes.len() < room {
            self.keep(bytes);
            return Ok(());
        }
        let mut end = offset;
        if kept > 0 {
            let (fitting, rest) = bytes.split_at(room);
            self.keep(fitting);
            if let Err(error) = file.write_at(self.start, &self.bytes) {
                self.bytes.truncate(kept);
                return Err(error);
            }
            (end, bytes) = (offset + room as u64, rest);
        }
        // What is left and fills whole steps goes past the memory here.
        let last = (end + bytes.len() as u64) / STEP as u64 * STEP as u64;
        let (whole, rest) = bytes.split_at(last.saturating_sub(end) as usize);
        if !whole.is_empty()
            && let Err(error) = file.write_at(end, whole)
        {
            // They are written again, which does no harm.
            self.bytes.truncate(kept);
            return Err(error);
        }
        self.start = end + whole.len() as u64;
        self.bytes.clear();
        self.keep(rest);
        Ok(())
    }

    /// Writes what was kept.
    ///
    /// # Errors
    /// Those of the file. What was kept is kept still then.
    pub(crate) fn flush(&mut self, file: &dyn StorageFile) -> io::Result<()> {
        if !self.bytes.is_empty() {
            file.write_at(self.start, &self.bytes)?;
            self.start = self.end();
            self.bytes.clear();
        }
        Ok(())
    }

    /// Forgets what was kept and belongs behind an offset.
    pub(crate) fn cut(&mut self, end: u64) {
        self.bytes.truncate(end.saturating_sub(self.start) as usize);
    }

    fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.bytes.capacity() == 0 && !bytes.is_empty() {
            self.bytes.reserve_exact(STEP);
        }
        self.bytes.extend_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, Ordering};

    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Default)]
    struct File {
        bytes: Mutex<Vec<u8>>,
        writes: Mutex<Vec<(u64, usize)>>,
        full: AtomicBool,
    }

    impl StorageFile for File {
        fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
            if self.full.load(Ordering::Relaxed) {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.writes.lock().unwrap().push((offset, bytes.len()));
            put(&mut self.bytes.lock().unwrap(), offset, bytes);
            Ok(())
        }

        fn sync(&self) -> io::Result<()> {
            Ok(())
        }

        fn truncate(&self, _: u64) -> io::Result<()> {
            Ok(())
        }
    }

    fn put(all: &mut Vec<u8>, offset: u64, bytes: &[u8]) {
        let end = offset as usize + bytes.len();
        all.resize(all.len().max(end), 0);
        all[offset as usize..end].copy_from_slice(bytes);
    }

    #[test]
    fn few_large_writes_are_made_of_many() {
        let file = File::default();
        let mut writes = Coalescer::default();
        let mut end = 0;
        for len in [100_000; 8].into_iter().chain([900_000, 0, 10]) {
            writes.write_at(&file, end, &vec![7; len]).unwrap();
            end += len as u64;
        }
        let step = STEP as u64;
        let made = || file.writes.lock().unwrap().clone();
        let whole = [(0, STEP), (step, STEP), (2 * step, STEP), (3 * step, STEP)];
        assert_eq!(made()[..4], whole);
        assert_eq!(made()[4..], [(4 * step, 2 * STEP)]);
        writes.flush(&file).unwrap();
        assert_eq!(made()[5..], [(6 * step, end as usize - 6 * STEP)]);
        assert_eq!(*file.bytes.lock().unwrap(), vec![7; end as usize]);
    }

    #[derive(Debug, Clone)]
    enum Step {
        Append(usize),
        Elsewhere(u64, usize),
        Flush,
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        /// What was accepted is in the file after a flush, whatever failed in between; what was refused and cut off is not.
        #[test]
        fn nothing_is_lost(
            steps in prop::collection::vec(
                (
                    prop_oneof![
                        6 => (0..3 * STEP).prop_map(Step::Append),
                        1 => (0..2 * STEP as u64, 0..STEP).prop_map(|(at, len)| Step::Elsewhere(at, len)),
                        1 => Just(Step::Flush),
                    ],
                    prop::bool::weighted(0.2),
                ),
                1..12,
            ),
        ) {
            let file = File::default();
            let mut writes = Coalescer::default();
            let (mut expected, mut end) = (Vec::new(), 0u64);
            for (salt, (step, full)) in steps.into_iter().enumerate() {
                file.full.store(full, Ordering::Relaxed);
                let (at, len) = match step {
                    Step::Flush => {
                        let done = writes.flush(&file);
                        prop_assert!(done.is_ok() || full);
                        continue;
                    }
                    Step::Append(len) => (end, len),
                    Step::Elsewhere(at, len) => (at, len),
                };
                let bytes: Vec<u8> = (0..len).map(|i| (i + salt) as u8).collect();
                match writes.write_at(&file, at, &bytes) {
                    Ok(()) => {
                        put(&mut expected, at, &bytes);
                        end = at + len as u64;
                    }
                    Err(_) => prop_assert!(full),
                }
            }
            file.full.store(false, Ordering::Relaxed);
            writes.flush(&file).unwrap();
            prop_assert_eq!(&*file.bytes.lock().unwrap(), &expected);
        }
    }
}
