//! How far the manifest is known to be whole.
//!
//! A log that ends early looks the same after a crash and after damage. The file `SYNCED` tells them apart: up to the length
//! it names, a bad or missing frame is damage; behind it, it is where a crash cut the log. FORMAT.md, "SYNCED".

use crate::codec::{u32_at, u64_at};

/// Bytes of a slot.
const SLOT: usize = 64;

/// A manifest, and how much of it is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Mark {
    pub(super) manifest: u64,
    pub(super) len: u64,
    /// 0: synced, so true for ever. Otherwise true as long as the machine was not started anew since.
    pub(super) boot: u64,
}

impl Mark {
    /// Where the mark goes, and its bytes.
    pub(super) fn encode(self) -> (u64, [u8; SLOT]) {
        let mut slot = [0; SLOT];
        slot[..4].copy_from_slice(b"MARK");
        slot[8..16].copy_from_slice(&self.manifest.to_le_bytes());
        slot[16..24].copy_from_slice(&self.len.to_le_bytes());
        slot[24..32].copy_from_slice(&self.boot.to_le_bytes());
        let checksum = crc32c::crc32c(&slot[8..]);
        slot[4..8].copy_from_slice(&checksum.to_le_bytes());
        (if self.boot == 0 { 0 } else { SLOT as u64 }, slot)
    }

    fn decode(slot: &[u8]) -> Option<Self> {
        let slot = slot.first_chunk::<SLOT>()?;
        if slot[..4] != *b"MARK" || u32_at(slot, 4)? != crc32c::crc32c(&slot[8..]) {
            return None;
        }
        Some(Self {
            manifest: u64_at(slot, 8)?,
            len: u64_at(slot, 16)?,
            boot: u64_at(slot, 24)?,
        })
    }

    /// The strongest statement of a mark file, `None` if it has none that can be read.
    pub(super) fn read(bytes: &[u8], boot: Option<u64>) -> Option<Self> {
        let slots = bytes.chunks(SLOT).take(2).filter_map(Self::decode);
        slots
            .filter(|mark| mark.boot == 0 || Some(mark.boot) == boot)
            .max_by_key(|mark| (mark.manifest, mark.len))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_valid_slot_counts() {
        let synced = Mark {
            manifest: 2,
            len: 70,
            boot: 0,
        };
        let written = Mark {
            manifest: 2,
            len: 90,
            boot: 5,
        };
        let mut file = vec![0; 128];
        for mark in [synced, written] {
            let (at, slot) = mark.encode();
            file[at as usize..][..SLOT].copy_from_slice(&slot);
        }
        assert_eq!(Mark::read(&file, Some(5)), Some(written));
        assert_eq!(
            Mark::read(&file, Some(6)),
            Some(synced),
            "the machine was started anew"
        );
        file[20] ^= 1;
        assert_eq!(Mark::read(&file, Some(5)), Some(written));
        file[64 + 20] ^= 1;
        assert_eq!(Mark::read(&file, Some(5)), None);
    }
}
