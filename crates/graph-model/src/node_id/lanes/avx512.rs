//! Registers of 512 bits.

use std::arch::x86_64::{
    __m512i, _mm512_add_epi32, _mm512_loadu_si512, _mm512_ror_epi32, _mm512_set1_epi32,
    _mm512_setzero_si512, _mm512_shuffle_i32x4, _mm512_storeu_si512, _mm512_unpackhi_epi32,
    _mm512_unpackhi_epi64, _mm512_unpacklo_epi32, _mm512_unpacklo_epi64, _mm512_xor_si512,
};

use super::{BLOCK, Block, IV, LANES, SCHEDULE, Word, flag};

type Register = __m512i;
const WIDTH: usize = 16;

algorithm!("avx512f");

#[inline]
#[target_feature(enable = "avx512f")]
fn add(a: Register, b: Register) -> Register {
    _mm512_add_epi32(a, b)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn xor(a: Register, b: Register) -> Register {
    _mm512_xor_si512(a, b)
}

/// Rotates each word to the right.
#[inline]
#[target_feature(enable = "avx512f")]
fn rotate_16(value: Register) -> Register {
    _mm512_ror_epi32::<16>(value)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn rotate_12(value: Register) -> Register {
    _mm512_ror_epi32::<12>(value)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn rotate_8(value: Register) -> Register {
    _mm512_ror_epi32::<8>(value)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn rotate_7(value: Register) -> Register {
    _mm512_ror_epi32::<7>(value)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn splat(word: u32) -> Register {
    _mm512_set1_epi32(word.cast_signed())
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load_words(words: &[u32; WIDTH]) -> Register {
    // SAFETY: the pointer is that of 64 bytes which can be read; the instruction does not ask for an alignment.
    unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load_block(bytes: &Block) -> Register {
    // SAFETY: as above.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store(value: Register) -> [u32; WIDTH] {
    let mut words = [0; WIDTH];
    // SAFETY: the pointer is that of 64 bytes which can be written; the instruction does not ask for an alignment.
    unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), value) };
    words
}

/// The words of a block, each of all texts: rows of sixteen words as columns.
#[inline]
#[target_feature(enable = "avx512f")]
fn words_of(block: [&Block; WIDTH]) -> [Register; 16] {
    let mut fours = [[_mm512_setzero_si512(); 4]; 4];
    let (groups, _) = block.as_chunks::<4>();
    for (four, group) in fours.iter_mut().zip(groups) {
        *four = fours_of(group.map(|bytes| load_block(bytes)));
    }
    let mut words = [_mm512_setzero_si512(); 16];
    for place in 0..4 {
        // Each has, in its quarter number `q`, word `4 * q + place` of four texts.
        let [a, b, c, d] = fours.map(|four| four[place]);
        let (even_ab, odd_ab) = (
            _mm512_shuffle_i32x4::<0b10_00_10_00>(a, b),
            _mm512_shuffle_i32x4::<0b11_01_11_01>(a, b),
        );
        let (even_cd, odd_cd) = (
            _mm512_shuffle_i32x4::<0b10_00_10_00>(c, d),
            _mm512_shuffle_i32x4::<0b11_01_11_01>(c, d),
        );
        words[place] = _mm512_shuffle_i32x4::<0b10_00_10_00>(even_ab, even_cd);
        words[4 + place] = _mm512_shuffle_i32x4::<0b10_00_10_00>(odd_ab, odd_cd);
        words[8 + place] = _mm512_shuffle_i32x4::<0b11_01_11_01>(even_ab, even_cd);
        words[12 + place] = _mm512_shuffle_i32x4::<0b11_01_11_01>(odd_ab, odd_cd);
    }
    words
}

/// In each quarter of the registers four rows of four words as columns: pairs of words, then fours change places.
#[inline]
#[target_feature(enable = "avx512f")]
fn fours_of([r0, r1, r2, r3]: [Register; 4]) -> [Register; 4] {
    let (p0, p1) = (_mm512_unpacklo_epi32(r0, r1), _mm512_unpackhi_epi32(r0, r1));
    let (p2, p3) = (_mm512_unpacklo_epi32(r2, r3), _mm512_unpackhi_epi32(r2, r3));
    [
        _mm512_unpacklo_epi64(p0, p2),
        _mm512_unpackhi_epi64(p0, p2),
        _mm512_unpacklo_epi64(p1, p3),
        _mm512_unpackhi_epi64(p1, p3),
    ]
}
