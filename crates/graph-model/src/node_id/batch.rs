//! The ids of many nodes, computed side by side.

use super::NodeId;
#[cfg(target_arch = "x86_64")]
use super::lanes::{BLOCK, LANES, Level};

/// Computes the ids of many nodes, several at a time where the processor can.
///
/// The ids are those of [`NodeId::of`], in the order in which the semantic ids were given.
///
/// ```
/// # use graph_model::{NodeId, NodeIdBatch};
/// let mut ids = NodeIdBatch::with_capacity(2);
/// ids.push("src/a.js->FUNCTION->f");
/// ids.push("src/a.js->FUNCTION->g");
/// assert_eq!(ids.finish()[1], NodeId::of("src/a.js->FUNCTION->g"));
/// ```
#[derive(Debug)]
pub struct NodeIdBatch {
    ids: Vec<NodeId>,
    /// Texts that wait for others of as many blocks: of one block, of two, and so on. None where each is hashed alone.
    #[cfg(target_arch = "x86_64")]
    waiting: Vec<Waiting>,
}

impl NodeIdBatch {
    /// An empty batch with room for `capacity` ids.
    pub fn with_capacity(capacity: usize) -> NodeIdBatch {
        NodeIdBatch {
            ids: Vec::with_capacity(capacity),
            #[cfg(target_arch = "x86_64")]
            waiting: Level::available().map_or_else(Vec::new, waiting),
        }
    }

    /// Takes one more semantic id.
    pub fn push(&mut self, semantic_id: &str) {
        #[cfg(target_arch = "x86_64")]
        {
            let blocks = semantic_id.len().div_ceil(BLOCK);
            if let Some(waiting) = blocks.checked_sub(1).and_then(|i| self.waiting.get_mut(i)) {
                let place = self.ids.len();
                self.ids.push(NodeId(0));
                if waiting.push(place, semantic_id.as_bytes()) {
                    waiting.hash(&mut self.ids);
                }
                return;
            }
        }
        self.ids.push(NodeId::of(semantic_id));
    }

    /// The ids of all that was pushed, in that order.
    pub fn finish(mut self) -> Vec<NodeId> {
        #[cfg(target_arch = "x86_64")]
        for waiting in &mut self.waiting {
            waiting.hash(&mut self.ids);
        }
        self.ids
    }
}

/// Longer texts are rare, and are hashed alone.
#[cfg(target_arch = "x86_64")]
const MAX_BLOCKS: usize = 4;

/// Texts of as many blocks that are to be hashed side by side.
#[cfg(target_arch = "x86_64")]
#[derive(Debug)]
struct Waiting {
    /// One that is available.
    level: Level,
    /// Blocks of each, one text after the other.
    blocks: Vec<[u8; BLOCK]>,
    /// Blocks of one text.
    each: usize,
    /// Bytes in the last block.
    lengths: [u32; LANES],
    /// Where the ids go.
    places: [usize; LANES],
    filled: usize,
}

/// For each number of blocks, with a level that is available.
#[cfg(target_arch = "x86_64")]
fn waiting(level: Level) -> Vec<Waiting> {
    (1..=MAX_BLOCKS)
        .map(|blocks| Waiting::new(level, blocks))
        .collect()
}

#[cfg(target_arch = "x86_64")]
impl Waiting {
    fn new(level: Level, blocks: usize) -> Waiting {
        Waiting {
            level,
            blocks: vec![[0; BLOCK]; blocks * LANES],
            each: blocks,
            lengths: [0; LANES],
            places: [0; LANES],
            filled: 0,
        }
    }

    /// Takes a text of as many blocks. Whether all lanes are filled now.
    fn push(&mut self, place: usize, text: &[u8]) -> bool {
        let lane = self.filled;
        let blocks = &mut self.blocks[lane * self.each..][..self.each];
        if let Some(last) = blocks.last_mut() {
            *last = [0; BLOCK];
        }
        blocks.as_flattened_mut()[..text.len()].copy_from_slice(text);
        self.lengths[lane] = (text.len() - (self.each - 1) * BLOCK) as u32;
        self.places[lane] = place;
        self.filled += 1;
        self.filled == LANES
    }

    /// Hashes what waits.
    fn hash(&mut self, ids: &mut [NodeId]) {
        if self.filled == 0 {
            return;
        }
        // SAFETY: the level is one that is available.
        let hashes = unsafe { self.level.hash(&self.blocks, &self.lengths) };
        for (&place, hash) in self.places[..self.filled].iter().zip(hashes) {
            ids[place] = NodeId(hash);
        }
        self.filled = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lengths around the ends of blocks, in an order that fills groups in turn and leaves some unfilled.
    #[test]
    fn ids_are_those_of_texts_alone() {
        let text = "src/geometry/Überall.ts->METHOD->draw[in:Circle]#2 ".repeat(12);
        let mut texts: Vec<&str> = (0..text.len()).filter_map(|n| text.get(..n)).collect();
        texts.extend(texts.clone().into_iter().rev().step_by(3));
        texts.push("");
        let alone: Vec<NodeId> = texts.iter().map(|text| NodeId::of(text)).collect();
        let check = |mut batch: NodeIdBatch| {
            for text in &texts {
                batch.push(text);
            }
            assert_eq!(batch.finish(), alone);
        };
        check(NodeIdBatch::with_capacity(texts.len()));
        #[cfg(target_arch = "x86_64")]
        if Level::available().is_some() {
            check(NodeIdBatch {
                ids: Vec::new(),
                waiting: waiting(Level::Avx2),
            });
        }
    }
}
