//! Long lists of small numbers as one run of bytes: to hand each number to serde costs several times as much as to write it.
//!
//! Numbers are varints: seven bits a byte, the lowest first, the highest bit set where another byte follows.

use serde::de::{Error, Visitor};
use serde::{Deserializer, Serializer};

/// Appends a number.
pub(super) fn push_number(out: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Takes a number off the front; `None` if there is none.
pub(super) fn take_number(bytes: &mut &[u8]) -> Option<u32> {
    let mut number = 0u32;
    for place in 0..5 {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u32::from(byte & 0x7f) << (7 * place);
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

struct Bytes<F>(F);

impl<'de, T, F: FnOnce(&[u8]) -> Option<T>> Visitor<'de> for Bytes<F> {
    type Value = T;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("packed numbers")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<T, E> {
        self.0(bytes).ok_or_else(|| E::custom("the packed numbers are damaged"))
    }
}

/// Hands the bytes to `read`.
fn read<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    read: impl FnOnce(&[u8]) -> Option<T>,
) -> Result<T, D::Error> {
    deserializer.deserialize_bytes(Bytes(read))
}

/// The nodes of a summary, one after the other: 16 bytes of the id, one of the type, line and column.
pub(super) mod nodes {
    use super::super::SummaryNode;
    use super::{Deserializer, Serializer, push_number, take_number};

    pub(in super::super) fn serialize<S: Serializer>(
        nodes: &[SummaryNode],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let mut out = Vec::with_capacity(nodes.len() * 24);
        for node in nodes {
            out.extend_from_slice(&node.id.to_le_bytes());
            out.push(node.node_type);
            push_number(&mut out, node.line);
            push_number(&mut out, node.column);
        }
        serializer.serialize_bytes(&out)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<SummaryNode>, D::Error> {
        super::read(deserializer, |mut bytes| {
            let mut nodes = Vec::with_capacity(bytes.len() / 19);
            while let Some((id, rest)) = bytes.split_first_chunk() {
                let (&node_type, rest) = rest.split_first()?;
                bytes = rest;
                nodes.push(SummaryNode {
                    id: u128::from_le_bytes(*id),
                    node_type,
                    line: take_number(&mut bytes)?,
                    column: take_number(&mut bytes)?,
                });
            }
            bytes.is_empty().then_some(nodes)
        })
    }
}

/// Numbers of which none is less than the one before it, as the differences.
pub(super) mod ascending {
    use super::{Deserializer, Serializer, push_number, take_number};

    pub(in super::super) fn serialize<S: Serializer>(
        numbers: &[u32],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let mut out = Vec::with_capacity(numbers.len() + numbers.len() / 8);
        let mut before = 0;
        for &number in numbers {
            push_number(&mut out, number - before);
            before = number;
        }
        serializer.serialize_bytes(&out)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u32>, D::Error> {
        super::read(deserializer, |mut bytes| {
            let mut numbers = Vec::with_capacity(bytes.len());
            let mut before = 0u32;
            while !bytes.is_empty() {
                before = before.checked_add(take_number(&mut bytes)?)?;
                numbers.push(before);
            }
            Some(numbers)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        let numbers = [0, 1, 0x7f, 0x80, 0x3fff, 0x4000, 1 << 28, u32::MAX];
        let mut bytes = Vec::new();
        numbers
            .iter()
            .for_each(|&number| push_number(&mut bytes, number));
        let mut rest = &bytes[..];
        let read: Vec<u32> = std::iter::from_fn(|| take_number(&mut rest)).collect();
        assert_eq!(read, numbers);
        assert_eq!(take_number(&mut &[0x80][..]), None);
        assert_eq!(take_number(&mut &[0xff; 6][..]), None);
    }
}
