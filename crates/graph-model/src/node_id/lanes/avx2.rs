//! Registers of 256 bits.

use std::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_loadu_si256, _mm256_or_si256, _mm256_permute2x128_si256,
    _mm256_set1_epi32, _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_slli_epi32,
    _mm256_srli_epi32, _mm256_storeu_si256, _mm256_unpackhi_epi32, _mm256_unpackhi_epi64,
    _mm256_unpacklo_epi32, _mm256_unpacklo_epi64, _mm256_xor_si256,
};

use super::{BLOCK, Block, IV, LANES, SCHEDULE, Word, flag};

type Register = __m256i;
const WIDTH: usize = 8;

algorithm!("avx2");

#[inline]
#[target_feature(enable = "avx2")]
fn add(a: Register, b: Register) -> Register {
    _mm256_add_epi32(a, b)
}

#[inline]
#[target_feature(enable = "avx2")]
fn xor(a: Register, b: Register) -> Register {
    _mm256_xor_si256(a, b)
}

/// Rotates each word to the right.
#[inline]
#[target_feature(enable = "avx2")]
fn rotate_16(value: Register) -> Register {
    rotate_bytes::<2>(value)
}

#[inline]
#[target_feature(enable = "avx2")]
fn rotate_12(value: Register) -> Register {
    _mm256_or_si256(
        _mm256_srli_epi32::<12>(value),
        _mm256_slli_epi32::<20>(value),
    )
}

#[inline]
#[target_feature(enable = "avx2")]
fn rotate_8(value: Register) -> Register {
    rotate_bytes::<1>(value)
}

#[inline]
#[target_feature(enable = "avx2")]
fn rotate_7(value: Register) -> Register {
    _mm256_or_si256(
        _mm256_srli_epi32::<7>(value),
        _mm256_slli_epi32::<25>(value),
    )
}

/// Rotates each word to the right by so many bytes.
#[inline]
#[target_feature(enable = "avx2")]
fn rotate_bytes<const BYTES: u8>(value: Register) -> Register {
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

#[inline]
#[target_feature(enable = "avx2")]
fn splat(word: u32) -> Register {
    _mm256_set1_epi32(word.cast_signed())
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_words(words: &[u32; WIDTH]) -> Register {
    // SAFETY: the pointer is that of 32 bytes which can be read; the instruction does not ask for an alignment.
    unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_bytes(bytes: &[u8; 32]) -> Register {
    // SAFETY: as above.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(value: Register) -> [u32; WIDTH] {
    let mut words = [0; WIDTH];
    // SAFETY: the pointer is that of 32 bytes which can be written; the instruction does not ask for an alignment.
    unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), value) };
    words
}

/// The words of a block, each of all texts.
#[inline]
#[target_feature(enable = "avx2")]
fn words_of(block: [&Block; WIDTH]) -> [Register; 16] {
    let mut rows = [[_mm256_setzero_si256(); WIDTH]; 2];
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
#[target_feature(enable = "avx2")]
fn transposed(r: [Register; 8]) -> [Register; 8] {
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
