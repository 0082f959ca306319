//! Writing values as postcard has them.

use std::io;

use postcard::ser_flavors::Flavor;
use serde::Serialize;

/// Bytes that grow. Nearly all that is written are numbers of one to three bytes, for which a call of `memcpy` each, as with
/// postcard's own buffer, costs more than everything else: they are gathered before the vector sees them.
struct Buffer {
    out: Vec<u8>,
    gathered: [u8; ROOM],
    len: usize,
}

/// Bytes that are gathered; a power of two.
const ROOM: usize = 256;
/// Longer pieces are not gathered.
const SHORT: usize = 8;

impl Buffer {
    fn flush(&mut self) {
        self.out.extend_from_slice(&self.gathered[..self.len]);
        self.len = 0;
    }

    #[inline(never)]
    fn extend(&mut self, bytes: &[u8]) {
        if bytes.len() > SHORT {
            self.flush();
            self.out.extend_from_slice(bytes);
            return;
        }
        if self.len > ROOM - SHORT {
            self.flush();
        }
        bytes.iter().for_each(|&byte| self.gather(byte));
    }

    #[inline]
    fn gather(&mut self, byte: u8) {
        // The mask changes nothing, and spares a check.
        self.gathered[self.len & (ROOM - 1)] = byte;
        self.len += 1;
    }
}

impl Flavor for Buffer {
    type Output = Vec<u8>;

    #[inline]
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        if self.len == ROOM {
            self.flush();
        }
        self.gather(byte);
        Ok(())
    }

    // It stands at hundreds of places, but what it does there is little: measured, a call costs twice as much.
    #[inline(always)]
    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        match *bytes {
            // As nearly all numbers are.
            [a] if self.len < ROOM => self.gather(a),
            [a, b] if self.len < ROOM - 1 => {
                self.gather(a);
                self.gather(b);
            }
            _ => self.extend(bytes),
        }
        Ok(())
    }

    fn finalize(mut self) -> postcard::Result<Vec<u8>> {
        self.flush();
        Ok(self.out)
    }
}

/// The bytes of a value, for which room is made for so many.
pub(super) fn encode<T: Serialize + ?Sized>(value: &T, room: usize) -> io::Result<Vec<u8>> {
    let buffer = Buffer {
        out: Vec::with_capacity(room),
        gathered: [0; ROOM],
        len: 0,
    };
    postcard::serialize_with_flavor(value, buffer).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_those_of_postcard() {
        let numbers: Vec<u64> = (0..2000).map(|n| 1 << (n % 64)).collect();
        let texts: Vec<String> = (0..700).map(|n| "x".repeat(n % 300)).collect();
        let ids: Vec<Vec<u8>> = (0..300).map(|n| vec![n as u8; 10 + n % 10]).collect();
        let value = (numbers, texts, ids, Some(-1i16), 'y');
        assert_eq!(
            encode(&value, 0).unwrap(),
            postcard::to_stdvec(&value).unwrap()
        );
    }
}
