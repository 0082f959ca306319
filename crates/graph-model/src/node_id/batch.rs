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
/// let mut ids = NodeIdBatch::new();
/// for file in ["src/a.js->", "src/b.js->"] {
///     ids.begin(file);
///     ids.push(["FUNCTION->", "f"]);
///     ids.push(["FUNCTION->", "g"]);
///     let ids: Vec<NodeId> = ids.finish().collect();
///     assert_eq!(ids[1], NodeId::of(&format!("{file}FUNCTION->g")));
/// }
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
    /// An empty batch, of ids that begin with nothing.
    pub fn new() -> NodeIdBatch {
        NodeIdBatch {
            prefix: String::new(),
            ids: Vec::new(),
            #[cfg(target_arch = "x86_64")]
            waiting: Level::available().map_or_else(Vec::new, waiting),
        }
    }

    /// The next semantic ids begin with `prefix`. Ids that nobody took are forgotten.
    pub fn begin(&mut self, prefix: &str) {
        self.prefix.clear();
        self.prefix.push_str(prefix);
        self.ids.clear();
        #[cfg(target_arch = "x86_64")]
        for waiting in &mut self.waiting {
            waiting.begin(prefix);
        }
    }

    /// Takes one more semantic id: what comes after the prefix, in parts, which are text.
    pub fn push<Part: AsRef<[u8]>, const PARTS: usize>(&mut self, parts: [Part; PARTS]) {
        let parts = parts.each_ref().map(AsRef::as_ref);
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
        let semantic_id = [self.prefix.as_bytes(), &parts.concat()].concat();
        self.ids.push(NodeId::of_bytes(&semantic_id));
    }

    /// The ids of all that was pushed, in that order. More ids with the same prefix may follow.
    pub fn finish(&mut self) -> std::vec::Drain<'_, NodeId> {
        #[cfg(target_arch = "x86_64")]
        for waiting in &mut self.waiting {
            waiting.hash(&mut self.ids);
        }
        self.ids.drain(..)
    }
}

impl Default for NodeIdBatch {
    fn default() -> Self {
        NodeIdBatch::new()
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
    /// So many texts begin with the prefix already.
    prefixed: usize,
    /// What of the prefix reaches into the last block, and zeros.
    last: [u8; BLOCK],
}

/// For each number of blocks, with a level that is available.
#[cfg(target_arch = "x86_64")]
fn waiting(level: Level) -> Vec<Waiting> {
    (1..=MAX_BLOCKS)
        .map(|blocks| Waiting::new(level, blocks))
        .collect()
}

/// Copies a text that is mostly short: of two copies that overlap the lengths are known, so that neither is a call.
#[cfg(target_arch = "x86_64")]
#[inline]
fn copy_short(to: &mut [u8], from: &[u8]) {
    match from.len() {
        0 => {}
        1..4 => {
            copy_ends::<1>(to, from);
            let middle = from.len() / 2;
            to[middle] = from[middle];
        }
        4..8 => copy_ends::<4>(to, from),
        8..16 => copy_ends::<8>(to, from),
        16..32 => copy_ends::<16>(to, from),
        32..=64 => copy_ends::<32>(to, from),
        _ => to.copy_from_slice(from),
    }
}

/// Copies the first bytes and the last ones: all of a text of one to two times so many.
#[cfg(target_arch = "x86_64")]
#[inline]
fn copy_ends<const N: usize>(to: &mut [u8], from: &[u8]) {
    if let (Some(to), Some(from)) = (to.first_chunk_mut::<N>(), from.first_chunk()) {
        *to = *from;
    }
    if let (Some(to), Some(from)) = (to.last_chunk_mut::<N>(), from.last_chunk()) {
        *to = *from;
    }
}

#[cfg(target_arch = "x86_64")]
impl Waiting {
    fn new(level: Level, each: usize) -> Waiting {
        Waiting {
            level,
            blocks: vec![[0; BLOCK]; each * LANES],
            each,
            lengths: [0; LANES],
            places: [0; LANES],
            filled: 0,
            prefixed: 0,
            last: [0; BLOCK],
        }
    }

    /// Begins anew with texts that begin with the prefix.
    fn begin(&mut self, prefix: &str) {
        self.filled = 0;
        self.prefixed = 0;
        self.last = [0; BLOCK];
        let reaching = prefix.as_bytes().get((self.each - 1) * BLOCK..);
        for (to, &from) in self.last.iter_mut().zip(reaching.unwrap_or_default()) {
            *to = from;
        }
    }

    /// Takes a text of as many blocks, that begins with the prefix. Whether all lanes are filled now.
    fn push<const PARTS: usize>(
        &mut self,
        place: usize,
        prefix: &str,
        parts: [&[u8]; PARTS],
        length: usize,
    ) -> bool {
        let lane = self.filled;
        let text = &mut self.blocks[lane * self.each..][..self.each];
        if let Some(last) = text.last_mut() {
            *last = self.last;
        }
        let text = text.as_flattened_mut();
        let before_last = (self.each - 1) * BLOCK;
        if lane >= self.prefixed {
            // The other blocks have it for as long as the prefix is the same.
            let before = prefix.len().min(before_last);
            text[..before].copy_from_slice(&prefix.as_bytes()[..before]);
            self.prefixed = lane + 1;
        }
        let mut at = prefix.len();
        for part in parts {
            copy_short(&mut text[at..at + part.len()], part);
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
        let check = |prefix: &str, batch: &mut NodeIdBatch| {
            batch.begin(prefix);
            let mut alone = Vec::new();
            for text in &texts {
                // A part of some texts is long, of others short or nothing.
                let cut = text.floor_char_boundary(text.len() * 3 / 4);
                batch.push([&text[..cut], &text[cut..]]);
                alone.push(NodeId::of(&format!("{prefix}{text}")));
            }
            assert!(batch.finish().eq(alone));
        };
        let mut batch = NodeIdBatch::new();
        // As long as nothing, as a part of a block, as one, as some and a part, and longer than all that is hashed side by side.
        for length in [0, 11, 63, 64, 65, 128, 150, 192, 255, 256, 300] {
            let prefix = "packages/core/src/".repeat(20);
            let prefix = &prefix[..length];
            check(prefix, &mut batch);
            #[cfg(target_arch = "x86_64")]
            if Level::available().is_some() {
                let mut batch = NodeIdBatch {
                    waiting: waiting(Level::Avx2),
                    ..NodeIdBatch::new()
                };
                check(prefix, &mut batch);
            }
        }
    }
}
