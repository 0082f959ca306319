//! A batch: the rows of one or more owners, encoded while they are pushed.

use crate::{EdgeRow, NodeRow, Owner};

/// Rows of one or more owners, to be committed together. A batch is a value of one thread; nothing in it is shared.
#[derive(Debug, Default)]
pub struct Batch {}

impl Batch {
    /// An empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins the rows of an owner, or goes on with them if the batch has the owner already. An owner without rows is
    /// deleted by the commit.
    pub fn owner(&mut self, owner: Owner<'_>) {
        let _ = owner;
    }

    /// Adds a node to the current owner. A wrong row (metadata that is not a JSON object) makes the commit fail.
    pub fn push_node(&mut self, node: NodeRow<'_>) {
        let _ = node;
    }

    /// Adds an edge to the current owner. A wrong row (metadata that is not a JSON object) makes the commit fail.
    pub fn push_edge(&mut self, edge: EdgeRow<'_>) {
        let _ = edge;
    }
}
