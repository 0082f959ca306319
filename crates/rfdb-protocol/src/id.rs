//! Node ids: 128-bit numbers that travel as decimal strings.

/// The id of a node: BLAKE3 of its semantic id, or a decimal number taken as it is.
pub type NodeId = u128;

/// The id that a semantic id hashes to: the first 16 bytes of its BLAKE3 hash, little-endian.
///
/// ```
/// assert_eq!(rfdb_protocol::hash_id("a"), 216574666740290548698916528555046172183);
/// ```
#[must_use]
pub fn hash_id(semantic_id: &str) -> NodeId {
    let hash = blake3::hash(semantic_id.as_bytes());
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&hash.as_bytes()[..16]);
    u128::from_le_bytes(bytes)
}

/// Reads an id as the protocol does: a whole decimal number (with an optional `+` and leading zeros)
/// that fits 128 bits is that number, and any other text is hashed with [`hash_id`].
///
/// ```
/// use rfdb_protocol::{hash_id, parse_id};
/// assert_eq!(parse_id("042"), 42);
/// assert_eq!(parse_id("+42"), 42);
/// assert_eq!(parse_id(" 42"), hash_id(" 42"));
/// ```
#[must_use]
pub fn parse_id(text: &str) -> NodeId {
    parse_decimal(text.as_bytes()).unwrap_or_else(|| hash_id(text))
}

/// The number that `text` writes in decimal, or nothing if it is no such number or exceeds 128 bits.
fn parse_decimal(text: &[u8]) -> Option<u128> {
    // Ten to the power of the length of a chunk: 128-bit multiplications are slow, so the digits are
    // gathered in 64 bits first.
    const CHUNK: usize = 19;
    let digits = text.strip_prefix(b"+").unwrap_or(text);
    if digits.is_empty() {
        return None;
    }
    let mut value = 0_u128;
    for chunk in digits.chunks(CHUNK) {
        let mut part = 0_u64;
        let mut scale = 1_u64;
        for &digit in chunk {
            let digit = digit.wrapping_sub(b'0');
            if digit > 9 {
                return None;
            }
            part = part * 10 + u64::from(digit);
            scale *= 10;
        }
        value = value
            .checked_mul(u128::from(scale))?
            .checked_add(u128::from(part))?;
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_hashes() {
        assert_eq!(
            hash_id("sid-a"),
            212_248_148_304_510_490_804_459_264_110_114_191_706
        );
        assert_eq!(
            hash_id("plain"),
            59_900_215_995_050_427_731_964_720_436_899_453_911
        );
    }

    #[test]
    fn numbers_and_texts() {
        assert_eq!(parse_id("0"), 0);
        assert_eq!(parse_id(&u128::MAX.to_string()), u128::MAX);
        let too_large = "340282366920938463463374607431768211456";
        assert_eq!(parse_id(too_large), hash_id(too_large));
        for text in ["", "+", "-1", "1a", "++1", "1.0", "\0"] {
            assert_eq!(parse_id(text), hash_id(text), "{text:?}");
        }
        assert_eq!(
            parse_id("0000000000000000000000000000000000000000000000000042"),
            42
        );
    }

    proptest! {
        #[test]
        fn agrees_with_the_standard_parser(text in "[+]?[0-9]{0,45}", number: u128) {
            let expected = text.parse::<u128>().unwrap_or_else(|_| hash_id(&text));
            prop_assert_eq!(parse_id(&text), expected);
            prop_assert_eq!(parse_id(&number.to_string()), number);
        }
    }
}
