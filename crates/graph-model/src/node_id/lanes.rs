//! BLAKE3 of eight short texts at a time, in the lanes of registers of 256 bits.
//!
//! Semantic ids are some 50 to 200 bytes long. The `blake3` crate is made for long inputs, which it splits into parts
//! that it hashes side by side; of short inputs it hashes one after the other, at about 140 ns each, which was a tenth
//! of all that analyzing a module costs. Side by side they take 24 ns. Source of the algorithm: section 2 of
//! <https://github.com/BLAKE3-team/BLAKE3-specs/blob/master/blake3.pdf>; here only inputs of a single chunk.

use std::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_loadu_si256, _mm256_or_si256, _mm256_permute2x128_si256,
    _mm256_set1_epi32, _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_slli_epi32,
    _mm256_srli_epi32, _mm256_storeu_si256, _mm256_unpackhi_epi32, _mm256_unpackhi_epi64,
    _mm256_unpacklo_epi32, _mm256_unpacklo_epi64, _mm256_xor_si256,
};

/// Texts that are hashed side by side.
pub(super) const LANES: usize = 8;

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
    Avx2,
    /// With twice the registers, so that nothing is spilled, and an instruction that rotates.
    Avx512,
}

impl Level {
    /// The best that this machine has; `None` if it has none of them.
    pub(super) fn available() -> Option<Level> {
        if !std::arch::is_x86_feature_detected!("avx2") {
            None
        } else if std::arch::is_x86_feature_detected!("avx512f")
            && std::arch::is_x86_feature_detected!("avx512vl")
        {
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

/// The same code for two sets of instructions, as a function is compiled for one.
macro_rules! lanes {
    ($name:ident, $features:literal, rotates: $rotates:literal) => {
        mod $name {
            use super::*;

            /// The first 16 bytes of the hash of each text, whose blocks are given one text after the other, each with zeros after its end.
            ///
            /// `lengths` are the bytes of each text in the last block.
            #[target_feature(enable = $features)]
            pub(super) fn hash(blocks: &[Block], lengths: &Word) -> [u128; LANES] {
                let mut chain = [_mm256_setzero_si256(); 8];
                for (value, initial) in chain.iter_mut().zip(IV) {
                    *value = splat(initial);
                }
                let each = blocks.len() / LANES;
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
                let words: [Word; 4] = [
                    store(chain[0]),
                    store(chain[1]),
                    store(chain[2]),
                    store(chain[3]),
                ];
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
                chain: &mut [__m256i; 8],
                block: &[__m256i; 16],
                length: __m256i,
                flags: u32,
            ) {
                let mut state = [_mm256_setzero_si256(); 16];
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
                    *value = _mm256_xor_si256(state[index], state[index + 8]);
                }
            }

            /// The number of the round is a constant, so that the schedule costs nothing.
            #[inline]
            #[target_feature(enable = $features)]
            fn round<const R: usize>(state: &mut [__m256i; 16], block: &[__m256i; 16]) {
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
            fn mix(state: &mut [__m256i; 16], [a, b, c, d]: [usize; 4], x: __m256i, y: __m256i) {
                state[a] = _mm256_add_epi32(_mm256_add_epi32(state[a], x), state[b]);
                state[d] = rotate_bytes::<2, 16, 16>(_mm256_xor_si256(state[d], state[a]));
                state[c] = _mm256_add_epi32(state[c], state[d]);
                state[b] = rotate::<12, 20>(_mm256_xor_si256(state[b], state[c]));
                state[a] = _mm256_add_epi32(_mm256_add_epi32(state[a], y), state[b]);
                state[d] = rotate_bytes::<1, 8, 24>(_mm256_xor_si256(state[d], state[a]));
                state[c] = _mm256_add_epi32(state[c], state[d]);
                state[b] = rotate::<7, 25>(_mm256_xor_si256(state[b], state[c]));
            }

            /// Rotates each word to the right by so many bytes; the other numbers say the same in bits, as of [`rotate`].
            #[inline]
            #[target_feature(enable = $features)]
            fn rotate_bytes<const BYTES: u8, const RIGHT: i32, const LEFT: i32>(
                value: __m256i,
            ) -> __m256i {
                if $rotates {
                    return rotate::<RIGHT, LEFT>(value);
                }
                let places = const {
                    let mut places = [0; 32];
                    let mut at = 0;
                    while at < 32 {
                        // Within its word; the instruction counts from the half of the register.
                        places[at as usize] = at % 16 / 4 * 4 + (at + BYTES) % 4;
                        at += 1;
                    }
                    places
                };
                _mm256_shuffle_epi8(value, load_bytes(&places))
            }

            /// Rotates each word to the right; `LEFT` is 32 less `RIGHT`. Where one instruction does it, the compiler takes that.
            #[inline]
            #[target_feature(enable = $features)]
            fn rotate<const RIGHT: i32, const LEFT: i32>(value: __m256i) -> __m256i {
                _mm256_or_si256(
                    _mm256_srli_epi32::<RIGHT>(value),
                    _mm256_slli_epi32::<LEFT>(value),
                )
            }

            #[inline]
            #[target_feature(enable = $features)]
            fn splat(word: u32) -> __m256i {
                _mm256_set1_epi32(word.cast_signed())
            }

            #[inline]
            #[target_feature(enable = $features)]
            fn load_words(words: &Word) -> __m256i {
                // SAFETY: the pointer is that of 32 bytes which can be read; the instruction does not ask for an alignment.
                unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
            }

            #[inline]
            #[target_feature(enable = $features)]
            fn load_bytes(bytes: &[u8; 32]) -> __m256i {
                // SAFETY: as above.
                unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
            }

            /// The words of a block, each of all texts.
            #[inline]
            #[target_feature(enable = $features)]
            fn words_of(block: [&Block; LANES]) -> [__m256i; 16] {
                let mut rows = [[_mm256_setzero_si256(); LANES]; 2];
                for (lane, bytes) in block.into_iter().enumerate() {
                    let (halves, _) = bytes.as_chunks::<32>();
                    for (rows, half) in rows.iter_mut().zip(halves) {
                        rows[lane] = load_bytes(half);
                    }
                }
                let [first, second] = rows.map(|rows| transposed(rows));
                std::array::from_fn(|word| {
                    if word < 8 {
                        first[word]
                    } else {
                        second[word - 8]
                    }
                })
            }

            /// Eight rows of eight words as eight columns: pairs of words, then fours, then halves change places.
            #[inline]
            #[target_feature(enable = $features)]
            fn transposed(r: [__m256i; 8]) -> [__m256i; 8] {
                let (p0, p1) = (
                    _mm256_unpacklo_epi32(r[0], r[1]),
                    _mm256_unpackhi_epi32(r[0], r[1]),
                );
                let (p2, p3) = (
                    _mm256_unpacklo_epi32(r[2], r[3]),
                    _mm256_unpackhi_epi32(r[2], r[3]),
                );
                let (p4, p5) = (
                    _mm256_unpacklo_epi32(r[4], r[5]),
                    _mm256_unpackhi_epi32(r[4], r[5]),
                );
                let (p6, p7) = (
                    _mm256_unpacklo_epi32(r[6], r[7]),
                    _mm256_unpackhi_epi32(r[6], r[7]),
                );
                let (q0, q1) = (_mm256_unpacklo_epi64(p0, p2), _mm256_unpackhi_epi64(p0, p2));
                let (q2, q3) = (_mm256_unpacklo_epi64(p1, p3), _mm256_unpackhi_epi64(p1, p3));
                let (q4, q5) = (_mm256_unpacklo_epi64(p4, p6), _mm256_unpackhi_epi64(p4, p6));
                let (q6, q7) = (_mm256_unpacklo_epi64(p5, p7), _mm256_unpackhi_epi64(p5, p7));
                [
                    _mm256_permute2x128_si256::<0x20>(q0, q4),
                    _mm256_permute2x128_si256::<0x20>(q1, q5),
                    _mm256_permute2x128_si256::<0x20>(q2, q6),
                    _mm256_permute2x128_si256::<0x20>(q3, q7),
                    _mm256_permute2x128_si256::<0x31>(q0, q4),
                    _mm256_permute2x128_si256::<0x31>(q1, q5),
                    _mm256_permute2x128_si256::<0x31>(q2, q6),
                    _mm256_permute2x128_si256::<0x31>(q3, q7),
                ]
            }

            #[inline]
            #[target_feature(enable = $features)]
            fn store(value: __m256i) -> Word {
                let mut word = [0; LANES];
                // SAFETY: the pointer is that of 32 bytes which can be written; the instruction does not ask for an alignment.
                unsafe { _mm256_storeu_si256(word.as_mut_ptr().cast(), value) };
                word
            }
        }
    };
}

lanes!(avx2, "avx2", rotates: false);
lanes!(avx512, "avx2,avx512f,avx512vl", rotates: true);
