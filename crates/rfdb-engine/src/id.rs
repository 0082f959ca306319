//! Node identifiers.

use std::fmt;

/// Identifier of a node: 128 bits.
///
/// The id of a semantic id is the first 16 bytes of its BLAKE3 hash, read as a little-endian number, so that the
/// hexadecimal form of the number is the beginning of the usual hexadecimal form of the hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct NodeId(pub u128);

impl NodeId {
    /// The id of the node with this semantic id.
    ///
    /// ```
    /// # use rfdb_engine::NodeId;
    /// assert_eq!(NodeId::from_semantic("a"), NodeId(216574666740290548698916528555046172183));
    /// ```
    #[must_use]
    pub fn from_semantic(semantic_id: &str) -> Self {
        let hash = blake3::hash(semantic_id.as_bytes());
        let mut first = [0u8; 16];
        first.copy_from_slice(&hash.as_bytes()[..16]);
        Self(u128::from_le_bytes(first))
    }

    /// The id that a text stands for: a decimal number below 2^128 is taken as it is, anything else is a semantic id.
    ///
    /// ```
    /// # use rfdb_engine::NodeId;
    /// assert_eq!(NodeId::parse("42"), NodeId(42));
    /// assert_eq!(NodeId::parse("a.ts->MODULE->a.ts"), NodeId::from_semantic("a.ts->MODULE->a.ts"));
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Self {
        if !text.is_empty()
            && text.len() <= 39
            && text.bytes().all(|b| b.is_ascii_digit())
            && let Ok(number) = text.parse::<u128>()
        {
            return Self(number);
        }
        Self::from_semantic(text)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl From<u128> for NodeId {
    fn from(number: u128) -> Self {
        Self(number)
    }
}
