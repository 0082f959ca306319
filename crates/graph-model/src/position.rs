//! Lines and columns.

use serde::{Deserialize, Serialize};

/// Where a node stands in its file. Lines count from 1, columns from 0 in
/// UTF-16 code units; the end is exclusive. A byte order mark has no width.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
pub struct Span {
    /// First line, from 1.
    pub line: u32,
    /// First column, from 0, in UTF-16 units.
    pub column: u32,
    /// Last line, from 1.
    pub end_line: u32,
    /// Column after the last one, from 0, in UTF-16 units.
    pub end_column: u32,
}

/// Appends the place after each `\n`, and the lines of each chunk. Lines are short: to look at many bytes at a time takes a third of
/// the steps that a search takes which begins anew at each line.
fn push_line_starts(bytes: &[u8], starts: &mut Vec<u32>, lines: &mut Vec<Chunk>) {
    let (chunks, rest) = bytes.as_chunks::<CHUNK>();
    let mut last_chunk = [0; CHUNK];
    last_chunk[..rest.len()].copy_from_slice(rest);
    for (number, chunk) in chunks.iter().chain([&last_chunk]).enumerate() {
        let mut last = newlines(chunk);
        let line = starts.len() as u32 - 1;
        lines.push(Chunk { last, line });
        while last != 0 {
            let place = number * CHUNK + last.trailing_zeros() as usize;
            starts.push(place as u32 + 1);
            last &= last - 1;
        }
    }
}

const CHUNK: usize = 64;

/// A bit for each byte that is a newline.
#[cfg(target_arch = "x86_64")]
fn newlines(chunk: &[u8; CHUNK]) -> u64 {
    use std::arch::x86_64::{_mm_cmpeq_epi8, _mm_movemask_epi8, _mm_set_epi64x, _mm_set1_epi8};
    let (parts, _) = chunk.as_chunks::<16>();
    parts.iter().rev().fold(0, |found, part| {
        let word = u128::from_le_bytes(*part);
        // SAFETY: all processors of this architecture have these instructions, which touch no memory.
        let equal = unsafe {
            let bytes = _mm_set_epi64x((word >> 64) as i64, word as i64);
            _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'\n' as i8)))
        };
        (found << 16) | u64::from(equal as u16)
    })
}

/// A bit for each byte that is a newline.
#[cfg(not(target_arch = "x86_64"))]
fn newlines(chunk: &[u8; CHUNK]) -> u64 {
    newlines_by_words(chunk)
}

/// The same for every processor, eight bytes at a time.
#[cfg(any(not(target_arch = "x86_64"), test))]
fn newlines_by_words(chunk: &[u8; CHUNK]) -> u64 {
    const LOW: u64 = u64::from_ne_bytes([0x7f; 8]);
    const NEWLINES: u64 = u64::from_ne_bytes([b'\n'; 8]);
    // Brings the lowest bits of eight bytes together in the upper one.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let (parts, _) = chunk.as_chunks::<8>();
    parts.iter().rev().fold(0, |found, part| {
        // A byte of it is zero where there is a newline; then its upper bit is set below, and no other.
        let word = u64::from_le_bytes(*part) ^ NEWLINES;
        let upper = !(((word & LOW) + LOW) | word | LOW);
        (found << 8) | ((upper >> 7).wrapping_mul(GATHER) >> 56)
    })
}

/// Turns byte offsets of one text into lines and columns.
///
/// Lines end at `\n`, `\r\n`, `\r`, U+2028 and U+2029, as ECMAScript says.
///
/// ```
/// # use graph_model::LineIndex;
/// let index = LineIndex::new("let a;\nlet ö, b;");
/// assert_eq!(index.position(7), (2, 0));
/// assert_eq!(index.position(14), (2, 6)); // the two bytes of ö are one unit
/// ```
#[derive(Debug)]
pub struct LineIndex<'a> {
    text: &'a str,
    starts: Vec<u32>,
    /// Of each [`CHUNK`] of bytes, the last one of fewer: what line an offset is on is told by where it is, without a search whose
    /// steps no processor foresees.
    chunks: Vec<Chunk>,
    /// Characters that are not of ASCII: mostly few or none.
    wide: Vec<Wide>,
}

/// Lines that begin in some bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Chunk {
    /// A bit for each byte that is the last of a line.
    last: u64,
    /// The line (from 0) of its first byte.
    line: u32,
}

/// The chunks of a text of so many bytes.
fn chunks_of(starts: &[u32], len: usize) -> Vec<Chunk> {
    let mut chunks = vec![Chunk::default(); len / CHUNK + 1];
    for start in &starts[1..] {
        let last = *start as usize - 1;
        chunks[last / CHUNK].last |= 1 << (last % CHUNK);
    }
    let mut line = 0;
    for chunk in &mut chunks {
        chunk.line = line;
        line += chunk.last.count_ones();
    }
    chunks
}

/// A character that has more bytes than UTF-16 units.
#[derive(Debug, Clone, Copy)]
struct Wide {
    /// First byte.
    at: u32,
    /// By how much the bytes up to its end are more than the units.
    excess: u32,
}

/// First byte of U+2028 and U+2029, E2 80 A8 and E2 80 A9.
const SEPARATOR: u8 = 0xE2;

fn is_separator(bytes: &[u8], at: usize) -> bool {
    matches!(bytes.get(at + 1..at + 3), Some([0x80, 0xA8 | 0xA9]))
}

/// Whether some line ends in another way than with `\n`.
fn has_rare_line_ends(bytes: &[u8], ascii: bool) -> bool {
    let mut returns = memchr::memchr_iter(b'\r', bytes);
    let mut separators = memchr::memchr_iter(SEPARATOR, if ascii { &[] } else { bytes });
    returns.any(|at| bytes.get(at + 1) != Some(&b'\n'))
        || separators.any(|at| is_separator(bytes, at))
}

/// The characters that are not of ASCII.
fn wide_of(text: &str) -> Vec<Wide> {
    let mut wide = Vec::new();
    let mut excess = 0;
    let chunks = text.as_bytes().chunks(CHUNK).enumerate();
    for (number, chunk) in chunks.filter(|(_, chunk)| !chunk.is_ascii()) {
        for at in (number * CHUNK..).take(chunk.len()) {
            let begins = !text.as_bytes()[at].is_ascii() && text.is_char_boundary(at);
            let Some(c) = begins.then(|| text[at..].chars().next()).flatten() else {
                continue;
            };
            // A byte order mark has no width.
            let units = if at == 0 && c == '\u{feff}' {
                0
            } else {
                c.len_utf16()
            };
            excess += (c.len_utf8() - units) as u32;
            wide.push(Wide {
                at: at as u32,
                excess,
            });
        }
    }
    wide
}

impl<'a> LineIndex<'a> {
    /// Finds the line starts of `text`. Texts of 4 GiB or more are not supported.
    pub fn new(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        let ascii = text.is_ascii();
        let mut starts = Vec::with_capacity(bytes.len() / 32 + 1);
        starts.push(0);
        let mut chunks = Vec::new();
        if has_rare_line_ends(bytes, ascii) {
            for i in 0..bytes.len() {
                match bytes[i] {
                    b'\n' => starts.push(i as u32 + 1),
                    b'\r' if bytes.get(i + 1) != Some(&b'\n') => starts.push(i as u32 + 1),
                    SEPARATOR if is_separator(bytes, i) => starts.push(i as u32 + 3),
                    _ => {}
                }
            }
            chunks = chunks_of(&starts, bytes.len());
        } else {
            chunks.reserve_exact(bytes.len() / CHUNK + 1);
            push_line_starts(bytes, &mut starts, &mut chunks);
        }
        let wide = if ascii { Vec::new() } else { wide_of(text) };
        LineIndex {
            text,
            starts,
            chunks,
            wide,
        }
    }

    /// Line (from 1) and UTF-16 column (from 0) of a byte offset. An offset past
    /// the end counts as the end; one inside a character as its start.
    #[inline]
    pub fn position(&self, offset: u32) -> (u32, u32) {
        self.position_on_line(self.line_of(offset), offset)
    }

    /// The number (from 0) of the line of an offset.
    #[inline]
    fn line_of(&self, offset: u32) -> usize {
        let offset = offset as usize;
        match self.chunks.get(offset / CHUNK) {
            Some(chunk) => {
                let before = (1u64 << (offset % CHUNK)) - 1;
                chunk.line as usize + (chunk.last & before).count_ones() as usize
            }
            None => self.starts.len() - 1,
        }
    }

    #[inline]
    fn position_on_line(&self, line: usize, offset: u32) -> (u32, u32) {
        if self.wide.is_empty() {
            let end = offset.min(self.text.len() as u32);
            return (line as u32 + 1, end - self.starts[line]);
        }
        self.position_on_wide_line(line, offset)
    }

    /// As [`LineIndex::position_on_line`], where there are other characters than those of ASCII.
    fn position_on_wide_line(&self, line: usize, offset: u32) -> (u32, u32) {
        let start = self.starts[line];
        let end = offset.min(self.text.len() as u32);
        // What stands before the line does not count.
        let before = self.wide.partition_point(|wide| wide.at < start);
        let on_line = &self.wide[before..];
        let on_line = &on_line[..on_line.partition_point(|wide| wide.at < end)];
        let excess_before = before.checked_sub(1).map_or(0, |i| self.wide[i].excess);
        let column = match on_line.split_last() {
            None => end - start,
            Some((last, others)) => {
                // An offset inside a character counts as its start.
                let is_inside = !self.text.is_char_boundary(end as usize);
                let (end, excess) = if is_inside {
                    (
                        last.at,
                        others.last().map_or(excess_before, |wide| wide.excess),
                    )
                } else {
                    (end, last.excess)
                };
                end - start - (excess - excess_before)
            }
        };
        (line as u32 + 1, column)
    }

    /// The span between two byte offsets.
    #[inline]
    pub fn span(&self, start: u32, end: u32) -> Span {
        let (line, column) = self.position(start);
        let (end_line, end_column) = self.position(end);
        Span {
            line,
            column,
            end_line,
            end_column,
        }
    }

    /// Bytes of a line (from 1), without its end; `None` if there are not so many lines.
    ///
    /// ```
    /// # use graph_model::LineIndex;
    /// let text = "a;\r\nb;\u{2028}c;";
    /// let index = LineIndex::new(text);
    /// let lines = [1, 2, 3, 4].map(|line| index.line_range(line).map(|bytes| &text[bytes]));
    /// assert_eq!(lines, [Some("a;"), Some("b;"), Some("c;"), None]);
    /// ```
    #[must_use]
    pub fn line_range(&self, line: u32) -> Option<std::ops::Range<usize>> {
        let line = (line as usize).checked_sub(1)?;
        let start = *self.starts.get(line)? as usize;
        let next = self.starts.get(line + 1);
        let bytes = &self.text[start..next.map_or(self.text.len(), |&next| next as usize)];
        let bytes = bytes.trim_end_matches('\n').trim_end_matches('\r');
        let bytes = bytes.trim_end_matches(['\u{2028}', '\u{2029}']);
        Some(start..start + bytes.len())
    }

    /// Number of lines.
    pub fn lines(&self) -> usize {
        self.starts.len()
    }
}

#[cfg(test)]
mod tests {
    use super::LineIndex;

    #[test]
    fn line_ends_of_ecmascript() {
        let index = LineIndex::new("a\r\nb\rc\u{2028}d\ne");
        let lines: Vec<_> = "a\r\nb\rc\u{2028}d\ne"
            .char_indices()
            .map(|(i, c)| (c, index.position(i as u32)))
            .collect();
        let at = |c| lines.iter().find(|l| l.0 == c).unwrap().1;
        assert_eq!(
            (at('b'), at('c'), at('d'), at('e')),
            ((2, 0), (3, 0), (4, 0), (5, 0))
        );
    }

    #[test]
    fn newlines_are_found_wherever_they_stand() {
        // Every pattern of newlines in eleven bytes: at the beginning, inside of a chunk, around its end, and in what is no whole
        // chunk. The other bytes differ from a newline by one bit, or have none in common with it.
        for pattern in 0..1u32 << 11 {
            for other in [b'\x0b', b'\x08', b'x', b'\0', 0x8a, 0xff] {
                let is_newline = |i: usize| pattern >> i & 1 == 1;
                let part: Vec<u8> = (0..11)
                    .map(|i| if is_newline(i) { b'\n' } else { other })
                    .collect();
                for before in [0, 29, 59, 67] {
                    let mut bytes = vec![other; before];
                    bytes.extend(&part);
                    bytes.resize(before.max(64) + 11, other);
                    let (mut starts, mut chunks) = (vec![0], Vec::new());
                    super::push_line_starts(&bytes, &mut starts, &mut chunks);
                    let expected = (0..11).filter(|&i| is_newline(i));
                    let expected = expected.map(|i| (before + i) as u32 + 1);
                    let expected: Vec<u32> = [0].into_iter().chain(expected).collect();
                    assert_eq!(starts, expected, "{bytes:?}");
                    assert_eq!(chunks, super::chunks_of(&starts, bytes.len()));
                    let chunk = bytes.first_chunk().unwrap();
                    assert_eq!(super::newlines(chunk), super::newlines_by_words(chunk));
                }
            }
        }
    }

    #[test]
    fn utf16_columns_and_bom() {
        let text = "\u{feff}a😀b";
        let index = LineIndex::new(text);
        assert_eq!(index.position(3), (1, 0));
        assert_eq!(index.position(8), (1, 3));
        assert_eq!(index.position(99), (1, 4));
        assert_eq!(LineIndex::new("").position(0), (1, 0));
    }

    #[test]
    fn columns_are_counted_on_lines_of_ascii_and_on_others() {
        for text in [
            "ab\nä😀c\nde\n\u{2028}fg\r\nhö",
            "\u{feff}ab\ncd",
            "ö",
            "a\nb😀",
        ] {
            let index = LineIndex::new(text);
            let (mut line, mut column) = (1, 0);
            let mut chars = text.char_indices().peekable();
            while let Some((at, c)) = chars.next() {
                assert_eq!(
                    index.position(at as u32),
                    (line, column),
                    "{text:?} at {at}"
                );
                let crlf = c == '\r' && chars.peek().is_some_and(|next| next.1 == '\n');
                match c {
                    '\n' | '\u{2028}' => (line, column) = (line + 1, 0),
                    '\r' if !crlf => (line, column) = (line + 1, 0),
                    '\u{feff}' => {}
                    c => column += c.len_utf16() as u32,
                }
            }
            assert_eq!(
                index.position(text.len() as u32),
                (line, column),
                "{text:?}"
            );
        }
    }

    #[test]
    fn lines_are_told_by_where_offsets_are() {
        // Lines that end at every place of a chunk, and texts that do.
        let lines = (0..150).map(|n| {
            [
                "x".repeat(n % 70),
                ["\n", "\r", "\r\n", "\u{2029}"][n % 4].into(),
            ]
            .concat()
        });
        let text: String = lines.collect();
        for len in [0, 1, 63, 64, 65, 128, text.len()] {
            let text = &text[..text.floor_char_boundary(len)];
            let index = LineIndex::new(text);
            for offset in 0..text.len() as u32 + 200 {
                let begun = index.starts.iter().filter(|&&start| start <= offset);
                let (line, column) = index.position(offset);
                assert_eq!(line as usize, begun.count());
                let span = index.span(offset, offset + 70);
                assert_eq!((span.line, span.column), (line, column));
                let end = index.position(offset + 70);
                assert_eq!((span.end_line, span.end_column), end);
            }
        }
    }
}
