//! Little-endian numbers and variable-length integers over byte slices; every access is checked.

use crate::NodeId;

/// Appends an unsigned number, 7 bits a byte, lowest first (LEB128).
#[inline]
pub(crate) fn put_varint(out: &mut Vec<u8>, value: u64) {
    if value < 0x80 {
        out.push(value as u8);
    } else if value < 1 << 14 {
        out.extend_from_slice(&[(value as u8) | 0x80, (value >> 7) as u8]);
    } else {
        Varints::new(out).put(value);
    }
}

/// Appends numbers as [`put_varint`] does, many at a time: they are gathered before the vector sees them.
pub(crate) struct Varints<'a> {
    out: &'a mut Vec<u8>,
    bytes: [u8; ROOM],
    len: usize,
}

/// Bytes that are gathered; a power of two.
const ROOM: usize = 64;
/// Bytes of the longest number.
const LONGEST: usize = 10;

impl<'a> Varints<'a> {
    #[inline]
    pub(crate) fn new(out: &'a mut Vec<u8>) -> Self {
        Self {
            out,
            bytes: [0; ROOM],
            len: 0,
        }
    }

    #[inline]
    pub(crate) fn put(&mut self, value: u64) {
        if self.len > ROOM - LONGEST {
            self.flush();
        }
        if value < 1 << 14 {
            // Both bytes are written, and the second is written over if there is none: which columns have two no processor
            // foresees.
            let is_long = value >= 0x80;
            let first = (value as u8 & 0x7f) | (u8::from(is_long) << 7);
            self.bytes[self.len & (ROOM - 1)] = first;
            self.bytes[(self.len + 1) & (ROOM - 1)] = (value >> 7) as u8;
            self.len += 1 + usize::from(is_long);
        } else {
            self.put_long(value);
        }
    }

    fn put_long(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.byte((value as u8) | 0x80);
            value >>= 7;
        }
        self.byte(value as u8);
    }

    #[inline]
    fn byte(&mut self, byte: u8) {
        // The mask changes nothing, and spares a check.
        self.bytes[self.len & (ROOM - 1)] = byte;
        self.len += 1;
    }

    /// Length of the vector with all that was put.
    #[inline]
    pub(crate) fn position(&self) -> usize {
        self.out.len() + self.len
    }

    fn flush(&mut self) {
        // A copy of a length that is known is a few instructions; most of what is copied too much is written over by the next.
        let end = self.out.len() + self.len;
        self.out.extend_from_slice(&self.bytes);
        self.out.truncate(end);
        self.len = 0;
    }
}

impl Drop for Varints<'_> {
    #[inline]
    fn drop(&mut self) {
        self.flush();
    }
}

/// Appends a length and the bytes.
pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Maps small negative numbers to small unsigned ones.
pub(crate) fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// Undoes `zigzag`.
pub(crate) fn unzigzag(value: u64) -> i64 {
    ((value >> 1) as i64) ^ -((value & 1) as i64)
}

/// Reads from the front of a slice; every read answers `None` past its end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    #[inline]
    pub(crate) fn u8(&mut self) -> Option<u8> {
        let (&first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        let (first, rest) = self.rest.split_first_chunk::<4>()?;
        self.rest = rest;
        Some(u32::from_le_bytes(*first))
    }

    #[inline]
    pub(crate) fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let part = u64::from(byte & 0x7f);
            if shift == 63 && part > 1 {
                return None;
            }
            value |= part << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    pub(crate) fn varint32(&mut self) -> Option<u32> {
        u32::try_from(self.varint()?).ok()
    }

    pub(crate) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (first, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(first)
    }

    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(self.varint()?).ok()?;
        self.take(len)
    }

    pub(crate) fn str(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }
}

#[inline]
pub(crate) fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    bytes
        .get(offset..)?
        .first_chunk::<4>()
        .map(|b| u32::from_le_bytes(*b))
}

#[inline]
pub(crate) fn u64_at(bytes: &[u8], offset: usize) -> Option<u64> {
    bytes
        .get(offset..)?
        .first_chunk::<8>()
        .map(|b| u64::from_le_bytes(*b))
}

#[inline]
pub(crate) fn id_at(bytes: &[u8], offset: usize) -> Option<NodeId> {
    bytes
        .get(offset..)?
        .first_chunk::<16>()
        .map(|b| NodeId(u128::from_le_bytes(*b)))
}

/// Bytes that a column needs per number for values up to `max`.
pub(crate) fn width_for(max: u32) -> u8 {
    match max {
        0 => 0,
        1..=0xff => 1,
        0x100..=0xffff => 2,
        _ => 4,
    }
}

/// Appends a column of numbers at the smallest width, which it answers.
pub(crate) fn put_column(out: &mut Vec<u8>, values: &[u32]) -> u8 {
    // As wide as the greatest, and found by many at once.
    let greatest = values.iter().fold(0, |all, value| all | value);
    put_numbers(out, values.iter().copied(), greatest)
}

/// Appends one number of each row at the smallest width for numbers that have no other bits than `greatest`; answers the width.
pub(crate) fn put_lane<const LANE: usize>(
    out: &mut Vec<u8>,
    rows: &[[u32; 4]],
    greatest: u32,
) -> u8 {
    put_numbers(out, rows.iter().map(|row| row[LANE]), greatest)
}

fn put_numbers(out: &mut Vec<u8>, values: impl ExactSizeIterator<Item = u32>, greatest: u32) -> u8 {
    let width = width_for(greatest);
    match width {
        0 => {}
        1 => put_fixed(out, values, |v| [v as u8]),
        2 => put_fixed(out, values, |v| (v as u16).to_le_bytes()),
        _ => put_fixed(out, values, u32::to_le_bytes),
    }
    width
}

/// Appends numbers of one width, many at once.
pub(crate) fn put_fixed<T, const WIDTH: usize>(
    out: &mut Vec<u8>,
    values: impl ExactSizeIterator<Item = T>,
    bytes: impl Fn(T) -> [u8; WIDTH],
) {
    let start = out.len();
    out.resize(start + values.len() * WIDTH, 0);
    let (places, _) = out[start..].as_chunks_mut::<WIDTH>();
    for (place, value) in places.iter_mut().zip(values) {
        *place = bytes(value);
    }
}

/// A column of numbers of the same width.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Packed<'a> {
    bytes: &'a [u8],
    width: u8,
}

impl<'a> Packed<'a> {
    /// Numbers of 0, 1, 2 or 4 bytes; a greater or odd width counts as 4.
    #[inline]
    pub(crate) fn new(bytes: &'a [u8], width: u8) -> Self {
        Self { bytes, width }
    }

    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<u32> {
        match self.width {
            0 => Some(0),
            1 => self.bytes.get(index).map(|&b| u32::from(b)),
            2 => self
                .bytes
                .get(index * 2..)?
                .first_chunk::<2>()
                .map(|b| u32::from(u16::from_le_bytes(*b))),
            _ => u32_at(self.bytes, index * 4),
        }
    }

    /// Appends all of `len` numbers.
    pub(crate) fn read(&self, len: usize, out: &mut Vec<u32>) -> Option<()> {
        let bytes = self.bytes.get(..len * usize::from(self.width))?;
        match self.width {
            0 => out.resize(out.len() + len, 0),
            1 => out.extend(bytes.iter().map(|&b| u32::from(b))),
            2 => {
                out.extend((bytes.as_chunks().0.iter()).map(|b| u32::from(u16::from_le_bytes(*b))))
            }
            _ => out.extend(bytes.as_chunks().0.iter().map(|b| u32::from_le_bytes(*b))),
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_come_back(value in any::<u64>(), signed in any::<i64>()) {
            let mut out = Vec::new();
            put_varint(&mut out, value);
            prop_assert_eq!(Cursor::new(&out).varint(), Some(value));
            prop_assert_eq!(unzigzag(zigzag(signed)), signed);
        }

        #[test]
        fn numbers_gathered_are_numbers_put(values in prop::collection::vec(prop_oneof![0..300u64, any::<u64>()], 0..40)) {
            let (mut gathered, mut put) = (vec![7], vec![7]);
            let mut varints = Varints::new(&mut gathered);
            values.iter().for_each(|&value| varints.put(value));
            drop(varints);
            values.iter().for_each(|&value| put_varint(&mut put, value));
            prop_assert_eq!(gathered, put);
        }

        #[test]
        fn columns_come_back(values in prop::collection::vec(prop_oneof![0..3u32, 0..300u32, any::<u32>()], 0..50)) {
            let mut out = Vec::new();
            let width = put_column(&mut out, &values);
            let column = Packed::new(&out, width);
            let read: Vec<u32> = (0..values.len()).map(|i| column.get(i).unwrap()).collect();
            prop_assert_eq!(&read, &values);
            let mut read = vec![7];
            column.read(values.len(), &mut read).unwrap();
            prop_assert_eq!(&read[1..], &values);
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut cursor = Cursor::new(&bytes);
            let _ = (cursor.varint(), cursor.bytes(), cursor.str(), cursor.u32());
        }
    }
}
