//! BLAKE3 of sixteen short texts at a time, in the lanes of vector registers.
//!
//! Semantic ids are some 50 to 200 bytes long. The `blake3` crate is made for long inputs, which it splits into parts
//! that it hashes side by side; of short inputs it hashes one after the other, at about 140 ns each, which was a tenth
//! of all that analyzing a module costs. Side by side they take 24 ns with AVX2, and 13 ns with AVX-512. Source of the
//! algorithm: section 2 of <https://github.com/BLAKE3-team/BLAKE3-specs/blob/master/blake3.pdf>; here only inputs of a
//! single chunk.

/// Compiles the algorithm for a set of instructions. Where it stands there are `Register`, which holds a word of `WIDTH` texts, and
/// the functions that make and combine registers.
macro_rules! algorithm {
    ($features:literal) => {
        /// The first 16 bytes of the hash of each text, whose blocks are given one text after the other, each with zeros after its
        /// end.
        ///
        /// `lengths` are the bytes of each text in the last block.
        #[target_feature(enable = $features)]
        pub(super) fn hash(blocks: &[Block], lengths: &Word) -> [u128; LANES] {
            let mut hashes = [0; LANES];
            let (hashed, _) = hashes.as_chunks_mut::<WIDTH>();
            let (lengths, _) = lengths.as_chunks::<WIDTH>();
            let texts = blocks.chunks_exact(blocks.len() / (LANES / WIDTH));
            for ((hashed, texts), lengths) in hashed.iter_mut().zip(texts).zip(lengths) {
                *hashed = hash_some(texts, lengths);
            }
            hashes
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn hash_some(blocks: &[Block], lengths: &[u32; WIDTH]) -> [u128; WIDTH] {
            let mut chain = IV.map(|word| splat(word));
            let each = blocks.len() / WIDTH;
            for index in 0..each {
                let mut flags = 0;
                if index == 0 {
                    flags |= flag::CHUNK_START;
                }
                let mut length = splat(BLOCK as u32);
                if index + 1 == each {
                    flags |= flag::CHUNK_END | flag::ROOT;
                    length = load_words(lengths);
                }
                let block = std::array::from_fn(|lane| &blocks[lane * each + index]);
                compress(&mut chain, &words_of(block), length, flags);
            }
            let [first, second, third, fourth, ..] = chain;
            let words = [first, second, third, fourth].map(|words| store(words));
            std::array::from_fn(|lane| {
                words
                    .iter()
                    .rev()
                    .fold(0, |number, word| (number << 32) | u128::from(word[lane]))
            })
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn compress(
            chain: &mut [Register; 8],
            block: &[Register; 16],
            length: Register,
            flags: u32,
        ) {
            let mut state = [splat(0); 16];
            state[..8].copy_from_slice(chain);
            for (value, initial) in state[8..].iter_mut().zip(&IV[..4]) {
                *value = splat(*initial);
            }
            // Places 12 and 13 count chunks: there is one, number 0.
            state[14] = length;
            state[15] = splat(flags);
            round::<0>(&mut state, block);
            round::<1>(&mut state, block);
            round::<2>(&mut state, block);
            round::<3>(&mut state, block);
            round::<4>(&mut state, block);
            round::<5>(&mut state, block);
            round::<6>(&mut state, block);
            for (index, value) in chain.iter_mut().enumerate() {
                *value = xor(state[index], state[index + 8]);
            }
        }

        /// The number of the round is a constant, so that the schedule costs nothing.
        #[inline]
        #[target_feature(enable = $features)]
        fn round<const R: usize>(state: &mut [Register; 16], block: &[Register; 16]) {
            let word = |place: usize| block[const { SCHEDULE[R] }[place]];
            mix(state, [0, 4, 8, 12], word(0), word(1));
            mix(state, [1, 5, 9, 13], word(2), word(3));
            mix(state, [2, 6, 10, 14], word(4), word(5));
            mix(state, [3, 7, 11, 15], word(6), word(7));
            mix(state, [0, 5, 10, 15], word(8), word(9));
            mix(state, [1, 6, 11, 12], word(10), word(11));
            mix(state, [2, 7, 8, 13], word(12), word(13));
            mix(state, [3, 4, 9, 14], word(14), word(15));
        }

        /// The quarter round.
        #[inline]
        #[target_feature(enable = $features)]
        fn mix(state: &mut [Register; 16], [a, b, c, d]: [usize; 4], x: Register, y: Register) {
            state[a] = add(add(state[a], x), state[b]);
            state[d] = rotate_16(xor(state[d], state[a]));
            state[c] = add(state[c], state[d]);
            state[b] = rotate_12(xor(state[b], state[c]));
            state[a] = add(add(state[a], y), state[b]);
            state[d] = rotate_8(xor(state[d], state[a]));
            state[c] = add(state[c], state[d]);
            state[b] = rotate_7(xor(state[b], state[c]));
        }
    };
}

mod avx2;
mod avx512;

/// Texts that are hashed side by side.
pub(super) const LANES: usize = 16;

/// Bytes that one compression takes in.
pub(super) const BLOCK: usize = 64;

/// The same word of each text.
type Word = [u32; LANES];

/// A block of a text.
type Block = [u8; BLOCK];

/// What a compression is told of the place of its block.
mod flag {
    pub(super) const CHUNK_START: u32 = 1;
    pub(super) const CHUNK_END: u32 = 1 << 1;
    pub(super) const ROOT: u32 = 1 << 3;
}

/// The initialization vector, that of SHA-256.
const IV: [u32; 8] = [
    0x6A09_E667,
    0xBB67_AE85,
    0x3C6E_F372,
    0xA54F_F53A,
    0x510E_527F,
    0x9B05_688C,
    0x1F83_D9AB,
    0x5BE0_CD19,
];

const ROUNDS: usize = 7;

/// Which word of the block each round takes in each of its sixteen places.
const SCHEDULE: [[usize; 16]; ROUNDS] = {
    const PERMUTATION: [usize; 16] = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];
    let mut schedule = [[0; 16]; ROUNDS];
    let mut round = 0;
    while round < ROUNDS {
        let mut place = 0;
        while place < 16 {
            schedule[round][place] = if round == 0 {
                place
            } else {
                schedule[round - 1][PERMUTATION[place]]
            };
            place += 1;
        }
        round += 1;
    }
    schedule
};

/// Which instructions this machine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// Two registers for a word of all texts.
    Avx2,
    /// One register for a word of all texts, twice as many of them, and an instruction that rotates.
    Avx512,
}

impl Level {
    /// The best that this machine has; `None` if it has none of them.
    pub(super) fn available() -> Option<Level> {
        if !std::arch::is_x86_feature_detected!("avx2") {
            None
        } else if std::arch::is_x86_feature_detected!("avx512f") {
            Some(Level::Avx512)
        } else {
            Some(Level::Avx2)
        }
    }

    /// The first 16 bytes of the hash of each text, whose blocks are given one text after the other, each with zeros after its end.
    ///
    /// `lengths` are the bytes of each text in the last block.
    ///
    /// # Safety
    /// The machine has the instructions, as [`Level::available`] says.
    pub(super) unsafe fn hash(self, blocks: &[Block], lengths: &Word) -> [u128; LANES] {
        match self {
            // SAFETY: the caller has made sure of both.
            Level::Avx2 => unsafe { avx2::hash(blocks, lengths) },
            // SAFETY: as above.
            Level::Avx512 => unsafe { avx512::hash(blocks, lengths) },
        }
    }
}
