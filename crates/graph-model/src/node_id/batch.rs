//! The ids of many nodes, computed side by side.

use super::NodeId;
#[cfg(target_arch = "x86_64")]
use super::lanes::{BLOCK, LANES, Level};

/// Computes the ids of many nodes whose semantic ids begin alike, several at a time where the processor can.
///
/// The ids are those of [`NodeId::of`], in the order in which the semantic ids were given.
///
/// ```
/// # use graph_model::{NodeId, NodeIdBatch};
/// let mut ids = NodeIdBatch::new("src/a.js->", 2);
/// ids.push(["FUNCTION->", "f"]);
/// ids.push(["FUNCTION->", "g"]);
/// assert_eq!(ids.finish()[1], NodeId::of("src/a.js->FUNCTION->g"));
/// ```
#[derive(Debug)]
pub struct NodeIdBatch {
    prefix: String,
    ids: Vec<NodeId>,
    /// Texts that wait for others of as many blocks: of one block, of two, and so on. None where each is hashed alone.
    #[cfg(target_arch = "x86_64")]
    waiting: Vec<Waiting>,
}

impl NodeIdBatch {
    /// An empty batch of ids that begin with `prefix`, with room for `capacity` of them.
    pub fn new(prefix: &str, capacity: usize) -> NodeIdBatch {
        NodeIdBatch {
            prefix: prefix.to_owned(),
            ids: Vec::with_capacity(capacity),
            #[cfg(target_arch = "x86_64")]
            waiting: Level::available().map_or_else(Vec::new, |level| waiting(level, prefix)),
        }
    }

    /// Takes one more semantic id: what comes after the prefix, in parts.
    pub fn push<const PARTS: usize>(&mut self, parts: [&str; PARTS]) {
        #[cfg(target_arch = "x86_64")]
        {
            let length = self.prefix.len() + parts.iter().map(|part| part.len()).sum::<usize>();
            let blocks = length.div_ceil(BLOCK);
            if let Some(waiting) = blocks.checked_sub(1).and_then(|i| self.waiting.get_mut(i)) {
                let place = self.ids.len();
                self.ids.push(NodeId(0));
                if waiting.push(place, &self.prefix, parts, length) {
                    waiting.hash(&mut self.ids);
                }
                return;
            }
        }
        let semantic_id = [&[&*self.prefix], &parts[..]].concat().concat();
        self.ids.push(NodeId::of(&semantic_id));
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
fn waiting(level: Level, prefix: &str) -> Vec<Waiting> {
    (1..=MAX_BLOCKS)
        .map(|blocks| Waiting::new(level, blocks, prefix.as_bytes()))
        .collect()
}

#[cfg(target_arch = "x86_64")]
impl Waiting {
    fn new(level: Level, each: usize, prefix: &[u8]) -> Waiting {
        let mut blocks = vec![[0; BLOCK]; each * LANES];
        let common = prefix.len().min(each * BLOCK);
        for text in blocks.chunks_exact_mut(each) {
            text.as_flattened_mut()[..common].copy_from_slice(&prefix[..common]);
        }
        Waiting {
            level,
            blocks,
            each,
            lengths: [0; LANES],
            places: [0; LANES],
            filled: 0,
        }
    }

    /// Takes a text of as many blocks, that begins with the prefix. Whether all lanes are filled now.
    fn push<const PARTS: usize>(
        &mut self,
        place: usize,
        prefix: &str,
        parts: [&str; PARTS],
        length: usize,
    ) -> bool {
        let lane = self.filled;
        let text = &mut self.blocks[lane * self.each..][..self.each];
        if let Some(last) = text.last_mut() {
            *last = [0; BLOCK];
        }
        let text = text.as_flattened_mut();
        let before_last = (self.each - 1) * BLOCK;
        if let Some(common) = prefix.as_bytes().get(before_last..) {
            // It reaches into the last block.
            text[before_last..prefix.len()].copy_from_slice(common);
        }
        let mut at = prefix.len();
        for part in parts {
            text[at..at + part.len()].copy_from_slice(part.as_bytes());
            at += part.len();
        }
        self.lengths[lane] = (length - before_last) as u32;
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
        let check = |prefix: &str, new: &dyn Fn() -> NodeIdBatch| {
            let mut batch = new();
            let mut alone = Vec::new();
            for text in &texts {
                // A part of some texts is long, of others short or nothing.
                let cut = text.floor_char_boundary(text.len() * 3 / 4);
                batch.push([&text[..cut], &text[cut..]]);
                alone.push(NodeId::of(&format!("{prefix}{text}")));
            }
            assert_eq!(batch.finish(), alone);
        };
        // As long as nothing, as a part of a block, as one, as some and a part, and longer than all that is hashed side by side.
        for length in [0, 11, 63, 64, 65, 128, 150, 192, 255, 256, 300] {
            let prefix = "packages/core/src/".repeat(20);
            let prefix = &prefix[..length];
            check(prefix, &|| NodeIdBatch::new(prefix, texts.len()));
            #[cfg(target_arch = "x86_64")]
            if Level::available().is_some() {
                check(prefix, &|| NodeIdBatch {
                    prefix: prefix.to_owned(),
                    ids: Vec::new(),
                    waiting: waiting(Level::Avx2, prefix),
                });
            }
        }
    }
}
