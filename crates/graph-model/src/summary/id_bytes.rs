//! Ids as bytes: a hash has no small values, so nothing is gained by writing it as a number of varying length.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserializer, Serializer};

pub(super) fn serialize<S: Serializer>(id: &u128, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_bytes(&id.to_le_bytes())
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u128, D::Error> {
    struct Bytes;

    impl Visitor<'_> for Bytes {
        type Value = u128;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the 16 bytes of an id")
        }

        fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<u128, E> {
            bytes
                .try_into()
                .map(u128::from_le_bytes)
                .map_err(|_| E::invalid_length(bytes.len(), &self))
        }
    }

    from.deserialize_bytes(Bytes)
}
