//! What the walk hands on for an expression.

use graph_model::summary::ShapeRef;

use super::{NO_NODE, NodeIdx};

/// The value of an expression: its node, and what it can be evaluated to.
///
/// Two numbers, which functions return in registers: with a third they would go through memory, and be waited for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Val {
    pub(crate) node: NodeIdx,
    /// The shape; the highest bit says that the value stood under `await` and no CALL says so.
    told: u32,
}

impl Val {
    const AWAITED: u32 = 1 << 31;

    pub(crate) const NONE: Val = Val {
        node: NO_NODE,
        told: ShapeRef::UNKNOWN.0,
    };

    #[inline]
    pub(crate) fn new(node: NodeIdx, shape: ShapeRef) -> Val {
        Val {
            node,
            told: shape.0,
        }
    }

    #[inline]
    pub(crate) fn exists(self) -> bool {
        self.node != NO_NODE
    }

    #[inline]
    pub(crate) fn shape(self) -> ShapeRef {
        ShapeRef(self.told & !Self::AWAITED)
    }

    #[inline]
    pub(crate) fn is_awaited(self) -> bool {
        self.told & Self::AWAITED != 0
    }

    /// The same value with another shape.
    #[inline]
    pub(crate) fn with_shape(self, shape: ShapeRef) -> Val {
        Val {
            told: shape.0 | self.told & Self::AWAITED,
            ..self
        }
    }

    /// The same value, which stood under `await` or not.
    #[inline]
    pub(crate) fn with_awaited(self, awaited: bool) -> Val {
        Val {
            told: self.shape().0 | if awaited { Self::AWAITED } else { 0 },
            ..self
        }
    }
}
