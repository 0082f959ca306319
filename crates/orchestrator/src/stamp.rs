//! What the file system says of a file, by which an unchanged one is known without reading it.

use std::fs::Metadata;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::cache::fixed;

/// Times of file systems advance in steps: of some milliseconds in the kernel's clock, of two seconds on FAT. A file that
/// was changed so shortly before it was looked at can change again under the same time.
const GRANULARITY: i64 = 2_000_000_000;

/// Size, times and number of a file. Two equal stamps mean the same content, unless the older one is [racy](Stamp::is_racy).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp {
    /// Bytes.
    pub size: u64,
    /// Time of the last write, in nanoseconds since 1970.
    pub modified: i64,
    /// Time of the last change of anything about the file, which no program can set; 0 where there is none.
    pub changed: i64,
    /// Number of the file in its file system; 0 where there is none.
    pub inode: u64,
}

impl Stamp {
    /// The stamp of a file.
    #[must_use]
    pub fn of(metadata: &Metadata) -> Self {
        let modified = metadata.modified().map_or(0, nanoseconds);
        let (changed, inode) = unix(metadata);
        Stamp {
            size: metadata.len(),
            modified,
            changed,
            inode,
        }
    }

    /// All of it.
    pub(crate) fn bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        let (modified, changed) = (self.modified.to_le_bytes(), self.changed.to_le_bytes());
        let (size, inode) = (self.size.to_le_bytes(), self.inode.to_le_bytes());
        let parts = [size, modified, changed, inode];
        for (piece, part) in bytes.chunks_exact_mut(8).zip(parts) {
            piece.copy_from_slice(&part);
        }
        bytes
    }

    /// Whether the file may have changed after it was looked at, at the time `seen`, without a change of its stamp.
    #[must_use]
    pub fn is_racy(&self, seen: i64) -> bool {
        self.modified.max(self.changed) >= seen.saturating_sub(GRANULARITY)
    }
}

/// A state holds a stamp of every file: it is written as one piece.
impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        fixed::serialize(&self.bytes(), to)
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let bytes: [u8; 32] = fixed::deserialize(from)?;
        let part = |at: usize| {
            let mut part = [0; 8];
            part.copy_from_slice(&bytes[at * 8..][..8]);
            part
        };
        Ok(Stamp {
            size: u64::from_le_bytes(part(0)),
            modified: i64::from_le_bytes(part(1)),
            changed: i64::from_le_bytes(part(2)),
            inode: u64::from_le_bytes(part(3)),
        })
    }
}

#[cfg(unix)]
fn unix(metadata: &Metadata) -> (i64, u64) {
    use std::os::unix::fs::MetadataExt as _;
    let changed = metadata
        .ctime()
        .saturating_mul(1_000_000_000)
        .saturating_add(metadata.ctime_nsec());
    (changed, metadata.ino())
}

#[cfg(not(unix))]
fn unix(_: &Metadata) -> (i64, u64) {
    (0, 0)
}

/// Now, in nanoseconds since 1970.
#[must_use]
pub fn now() -> i64 {
    nanoseconds(SystemTime::now())
}

fn nanoseconds(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => {
            i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, std::ops::Neg::neg)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_just_written_is_racy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "1").unwrap();
        let stamp = Stamp::of(&std::fs::metadata(&path).unwrap());
        assert!(stamp.is_racy(now()));
        assert!(!stamp.is_racy(now() + 2 * GRANULARITY));
        assert_eq!(stamp.size, 1);
        let bytes = postcard::to_stdvec(&stamp).unwrap();
        assert_eq!(postcard::from_bytes::<Stamp>(&bytes).unwrap(), stamp);
    }
}
