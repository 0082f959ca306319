//! The 128-bit id under which a node is stored.

mod batch;
#[cfg(target_arch = "x86_64")]
mod lanes;

use std::fmt;

pub use batch::NodeIdBatch;

/// The id of a node: the first 16 bytes, read as little-endian, of the BLAKE3
/// hash of its semantic id. This is the rule of the RFDB wire protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u128);

impl NodeId {
    /// The id of the node with this semantic id.
    ///
    /// ```
    /// # use graph_model::NodeId;
    /// assert_eq!(NodeId::of("a").0, 216574666740290548698916528555046172183);
    /// ```
    pub fn of(semantic_id: &str) -> NodeId {
        NodeId::of_bytes(semantic_id.as_bytes())
    }

    fn of_bytes(semantic_id: &[u8]) -> NodeId {
        let hash = blake3::hash(semantic_id);
        let mut first = [0; 16];
        first.copy_from_slice(&hash.as_bytes()[..16]);
        NodeId(u128::from_le_bytes(first))
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::NodeId;

    /// Vectors of the wire protocol.
    #[test]
    fn matches_the_protocol() {
        assert_eq!(
            NodeId::of("sid-a").0,
            212248148304510490804459264110114191706
        );
        assert_eq!(
            NodeId::of("plain").0,
            59900215995050427731964720436899453911
        );
    }
}
