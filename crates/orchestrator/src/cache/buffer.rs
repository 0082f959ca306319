//! Writing values as postcard has them.

use std::io;

use postcard::ser_flavors::Flavor;
use serde::Serialize;

/// Bytes that grow. Nearly all that is written are numbers of one to three bytes, for which a call of `memcpy` each, as with
/// postcard's own buffer, costs more than everything else.
struct Buffer(Vec<u8>);

impl Flavor for Buffer {
    type Output = Vec<u8>;

    #[inline]
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    #[inline]
    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        match *bytes {
            [a] => self.0.push(a),
            [a, b] => self.0.extend_from_slice(&[a, b]),
            [a, b, c] => self.0.extend_from_slice(&[a, b, c]),
            _ => self.0.extend_from_slice(bytes),
        }
        Ok(())
    }

    fn finalize(self) -> postcard::Result<Vec<u8>> {
        Ok(self.0)
    }
}

/// The bytes of a value, for which room is made for so many.
pub(super) fn encode<T: Serialize + ?Sized>(value: &T, room: usize) -> io::Result<Vec<u8>> {
    postcard::serialize_with_flavor(value, Buffer(Vec::with_capacity(room)))
        .map_err(io::Error::other)
}
