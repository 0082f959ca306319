//! A batch: the rows of one or more owners, encoded while they are pushed.

use hashbrown::HashTable;

use crate::block::BlockBuilder;
use crate::dictionary::hash_bytes;
use crate::{CodedEdgeRow, CodedNodeRow, EdgeRow, NodeRow, Owner, RowDictionary};

/// Rows of one or more owners, to be committed together. A batch is a value of one thread; nothing in it is shared.
///
/// Rows are encoded when they are pushed, so that the work is done by the thread that has them. Within a batch the last
/// row of a node id, and of an edge key, wins.
#[derive(Debug, Default)]
pub struct Batch {
    builders: Vec<BlockBuilder>,
    by_owner: HashTable<usize>,
    current: usize,
    /// A row was pushed before the first owner.
    pub(crate) ownerless: bool,
}

pub(crate) fn hash_owner(owner: Owner<'_>) -> u64 {
    hash_bytes(owner.file.as_bytes()).rotate_left(1) ^ hash_bytes(owner.context.as_bytes())
}

impl Batch {
    /// An empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins the rows of an owner, or goes on with them if the batch has the owner already. An owner without rows is
    /// deleted by the commit.
    pub fn owner(&mut self, owner: Owner<'_>) {
        let Self {
            builders,
            by_owner,
            current,
            ..
        } = self;
        let hash = hash_owner(owner);
        if let Some(&number) = by_owner.find(hash, |&number| builders[number].owner() == owner) {
            *current = number;
            builders[number].begin_codes();
            return;
        }
        *current = builders.len();
        builders.push(BlockBuilder::new(owner));
        by_owner.insert_unique(hash, *current, |&number| {
            hash_owner(builders[number].owner())
        });
    }

    /// Makes room for so many more rows of the current owner. Without it columns grow as rows come.
    pub fn reserve(&mut self, nodes: usize, edges: usize) {
        if let Some(builder) = self.builders.get_mut(self.current) {
            builder.reserve(nodes, edges);
        }
    }

    /// Adds a node to the current owner. A wrong row (metadata that is not a JSON object) makes the commit fail.
    pub fn push_node(&mut self, node: NodeRow<'_>) {
        match self.builders.get_mut(self.current) {
            Some(builder) => builder.push_node(node),
            None => self.ownerless = true,
        }
    }

    /// Adds an edge to the current owner. A wrong row (metadata that is not a JSON object) makes the commit fail.
    pub fn push_edge(&mut self, edge: EdgeRow<'_>) {
        match self.builders.get_mut(self.current) {
            Some(builder) => builder.push_edge(edge),
            None => self.ownerless = true,
        }
    }

    /// Adds nodes to the current owner. From one call of [`Batch::owner`] to the next the dictionary is the same.
    pub fn push_coded_nodes<'r>(
        &mut self,
        dictionary: &dyn RowDictionary,
        nodes: impl ExactSizeIterator<Item = CodedNodeRow<'r>>,
    ) {
        match self.builders.get_mut(self.current) {
            Some(builder) => builder.push_coded_nodes(dictionary, nodes),
            None => self.ownerless = true,
        }
    }

    /// Adds edges to the current owner. One between nodes that were not pushed makes the commit fail.
    pub fn push_coded_edges<'r>(
        &mut self,
        dictionary: &dyn RowDictionary,
        edges: impl ExactSizeIterator<Item = CodedEdgeRow<'r>>,
    ) {
        match self.builders.get_mut(self.current) {
            Some(builder) => builder.push_coded_edges(dictionary, edges),
            None => self.ownerless = true,
        }
    }

    /// Adds the rows of another batch. An owner that both have has those of the other.
    pub fn append(&mut self, other: Batch) {
        self.ownerless |= other.ownerless;
        let others = other.builders;
        if others.is_empty() {
            return;
        }
        self.builders.reserve(others.len());
        for builder in others {
            let owner = builder.owner();
            let hash = hash_owner(owner);
            let known = (self.by_owner).find(hash, |&at| self.builders[at].owner() == owner);
            match known {
                Some(&at) => self.builders[at] = builder,
                None => {
                    let at = self.builders.len();
                    self.builders.push(builder);
                    let builders = &self.builders;
                    let hash_of = |&at: &usize| hash_owner(builders[at].owner());
                    self.by_owner.insert_unique(hash, at, hash_of);
                }
            }
        }
        // Rows without an owner would be rows of the last one.
        self.current = self.builders.len();
    }

    pub(crate) fn into_builders(self) -> Vec<BlockBuilder> {
        self.builders
    }
}
