//! Which row of its block, or which id outside of it, an end of an edge is.

use hashbrown::HashTable;

use crate::NodeId;

/// No row: the id belongs to a node outside of the block.
const EXTERNAL: u32 = u32::MAX;

/// Numbers of ids in a block that is being built. As long as no edge has named an end by its id, the number of a node is its
/// row, and nothing is kept here.
#[derive(Debug, Default)]
pub(super) struct Slots {
    /// An edge has named an end by its id: all that follows is kept.
    tabled: bool,
    /// Distinct ids, and rows that came before the table, in the order of their first use.
    ids: Vec<NodeId>,
    /// Row of the node of each, if it is in the block.
    rows: Vec<u32>,
    /// Number of each row.
    of_row: Vec<u32>,
    table: HashTable<u32>,
    last: u32,
}

fn hash_id(id: NodeId) -> u64 {
    // Ids are mostly hashes already; the multiplication spreads small decimal ones.
    ((id.0 as u64) ^ ((id.0 >> 64) as u64).rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl Slots {
    /// Empties the table and keeps its memory.
    pub(super) fn clear(&mut self) {
        self.tabled = false;
        self.ids.clear();
        self.rows.clear();
        self.of_row.clear();
        self.table.clear();
        self.last = 0;
    }

    /// Distinct ids that edges may name, if there is a table of them.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// Ids that there is room for.
    pub(super) fn capacity(&self) -> usize {
        self.ids.capacity()
    }

    /// Notes a row that is not one of `nodes` yet.
    #[inline]
    pub(super) fn push_row(&mut self, nodes: &[NodeId], id: NodeId) {
        if self.tabled {
            let slot = self.find_near(nodes, id);
            self.rows[slot as usize] = nodes.len() as u32;
            self.of_row.push(slot);
        }
    }

    /// The number of a row's node.
    #[inline]
    pub(super) fn of_row(&self, row: usize) -> u32 {
        match self.of_row.get(row) {
            Some(&slot) if self.tabled => slot,
            _ => row as u32,
        }
    }

    /// The number of an id, which mostly is the one that was asked for last: edges come grouped by their source.
    pub(super) fn find_near(&mut self, nodes: &[NodeId], id: NodeId) -> u32 {
        if self.ids.get(self.last as usize) == Some(&id) {
            return self.last;
        }
        self.last = self.find(nodes, id);
        self.last
    }

    /// The number of an id.
    pub(super) fn find(&mut self, nodes: &[NodeId], id: NodeId) -> u32 {
        if !self.tabled {
            self.begin(nodes);
        }
        let Self {
            ids, rows, table, ..
        } = self;
        let hash = hash_id(id);
        if let Some(&slot) = table.find(hash, |&slot| ids[slot as usize] == id) {
            return slot;
        }
        let slot = ids.len() as u32;
        ids.push(id);
        rows.push(EXTERNAL);
        table.insert_unique(hash, slot, |&slot| hash_id(ids[slot as usize]));
        slot
    }

    fn begin(&mut self, nodes: &[NodeId]) {
        let Self {
            ids,
            rows,
            of_row,
            table,
            ..
        } = self;
        ids.extend_from_slice(nodes);
        rows.extend(0..nodes.len() as u32);
        of_row.extend(0..nodes.len() as u32);
        table.reserve(nodes.len(), |&slot| hash_id(ids[slot as usize]));
        for (slot, &id) in (0..).zip(nodes) {
            let same = |&other: &u32| ids[other as usize] == id;
            // Of several rows of a node the last one counts.
            table
                .entry(hash_id(id), same, |&slot| hash_id(ids[slot as usize]))
                .insert(slot);
        }
        self.tabled = true;
    }

    /// Nodes of a block come first, in the order of their rows, then the ids of nodes outside. Answers these, and the place of
    /// each number; `None` if numbers are places.
    pub(super) fn places(&self) -> (Vec<NodeId>, Option<Vec<u32>>) {
        if !self.tabled {
            return (Vec::new(), None);
        }
        let nodes = self.of_row.len();
        let mut external = Vec::new();
        let place = |(&row, &id): (&u32, &NodeId)| {
            if row == EXTERNAL {
                external.push(id);
                (nodes + external.len() - 1) as u32
            } else {
                row
            }
        };
        let places = self.rows.iter().zip(&self.ids).map(place).collect();
        (external, Some(places))
    }
}
