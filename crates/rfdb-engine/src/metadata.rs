//! Metadata texts as a template with holes.
//!
//! The rows of a block mostly carry the same JSON keys in the same order with different numbers and strings. A text is
//! therefore stored as a *template*, which is the text with a marker in place of every canonical integer and of the
//! contents of every string value, and the values of the holes. Filling the holes gives back the text byte for
//! byte. A template is valid JSON with its holes filled if and only if the text is, so validation runs once per template.

use crate::codec::{Cursor, unzigzag};

/// Stands for an integer.
pub(crate) const INTEGER: u8 = 0x01;
/// Stands for the contents of a string, between its quotes.
pub(crate) const STRING: u8 = 0x02;

/// Value of a hole of a text being encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hole {
    Integer(i64),
    /// Where in the text the contents are.
    String {
        start: usize,
        end: usize,
    },
}

/// Reads an integer in its only canonical form from `at`; answers it and where it ends.
pub(crate) fn canonical_integer(text: &[u8], at: usize) -> Option<(i64, usize)> {
    let negative = text.get(at) == Some(&b'-');
    let start = at + usize::from(negative);
    let mut end = start;
    let mut value: i64 = 0;
    while let Some(digit) = text.get(end).filter(|b| b.is_ascii_digit()) {
        if end - start == 18 {
            return None;
        }
        value = value * 10 + i64::from(digit - b'0');
        end += 1;
    }
    let leading_zero = text.get(start) == Some(&b'0') && (end - start > 1 || negative);
    if end == start
        || leading_zero
        || matches!(text.get(end), Some(b'.' | b'e' | b'E' | b'+' | b'-'))
    {
        return None;
    }
    Some((if negative { -value } else { value }, end))
}

/// Where the string that begins after a quote at `start - 1` ends, if it is a string of JSON.
pub(crate) fn string_end(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        at = next_special(text, at)?;
        if text[at] == b'"' {
            return Some(at);
        }
        at += escape_len(&text[at..])?;
    }
}

/// Whether a text can stand between the quotes of a string of JSON.
pub(crate) fn is_contents(text: &[u8]) -> bool {
    let mut at = 0;
    while let Some(special) = next_special(text, at) {
        match escape_len(&text[special..]) {
            Some(len) => at = special + len,
            None => return false,
        }
    }
    true
}

/// The length of the escape that a text begins with.
fn escape_len(text: &[u8]) -> Option<usize> {
    match *text {
        [
            b'\\',
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't',
            ..,
        ] => Some(2),
        [b'\\', b'u', a, b, c, d, ..] if [a, b, c, d].iter().all(u8::is_ascii_hexdigit) => Some(6),
        _ => None,
    }
}

/// The first quote, backslash or control character from `start`.
fn next_special(text: &[u8], start: usize) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    // Eight bytes at a time: the lowest high bit that is left marks the first byte below the bound.
    let below = |word: u64, bound: u64| word.wrapping_sub(ONES * bound) & !word & HIGH;
    let mut rest = text.get(start..)?;
    let mut at = start;
    while let Some((chunk, after)) = rest.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*chunk);
        let stops = below(word, 0x20)
            | below(word ^ (ONES * u64::from(b'"')), 1)
            | below(word ^ (ONES * u64::from(b'\\')), 1);
        if stops != 0 {
            return Some(at + stops.trailing_zeros() as usize / 8);
        }
        at += 8;
        rest = after;
    }
    let len = rest
        .iter()
        .position(|&b| b == b'"' || b == b'\\' || b < 0x20)?;
    Some(at + len)
}

/// Splits a text into its template and its holes. Both outputs are cleared first.
pub(crate) fn split(text: &str, template: &mut Vec<u8>, holes: &mut Vec<Hole>) {
    template.clear();
    holes.clear();
    let bytes = text.as_bytes();
    // What lies before `copied` is in the template.
    let (mut at, mut copied) = (0, 0);
    let mut value_may_begin = false;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => {
                if let Some(end) = string_end(bytes, at + 1) {
                    if bytes.get(end + 1) != Some(&b':') {
                        template.extend_from_slice(&bytes[copied..=at]);
                        template.push(STRING);
                        copied = end;
                        holes.push(Hole::String { start: at + 1, end });
                    }
                    at = end + 1;
                } else {
                    // What is no string of JSON stays literal, and is refused with its template.
                    at += 1;
                    while let Some(&inner) = bytes.get(at) {
                        at += if inner == b'\\' { 2 } else { 1 };
                        if inner == b'"' {
                            break;
                        }
                    }
                }
                value_may_begin = false;
            }
            b'-' | b'0'..=b'9' if value_may_begin => {
                if let Some((value, end)) = canonical_integer(bytes, at) {
                    template.extend_from_slice(&bytes[copied..at]);
                    template.push(INTEGER);
                    holes.push(Hole::Integer(value));
                    at = end;
                    copied = end;
                } else {
                    at += 1;
                }
                value_may_begin = false;
            }
            _ => {
                value_may_begin =
                    matches!(byte, b':' | b',' | b'[') || (value_may_begin && byte == b' ');
                at += 1;
            }
        }
    }
    template.extend_from_slice(&bytes[copied..]);
}

/// Whether the texts of a template are JSON objects.
pub(crate) fn is_object(template: &[u8]) -> bool {
    let mut filled = Vec::with_capacity(template.len() + 16);
    for &byte in template {
        match byte {
            INTEGER => filled.push(b'0'),
            STRING => {}
            _ => filled.push(byte),
        }
    }
    let begins = filled.iter().find(|b| !b.is_ascii_whitespace());
    begins == Some(&b'{')
        && serde_json::from_slice::<serde::de::IgnoredAny>(&filled).is_ok()
        && depth(&filled) < MAX_DEPTH
}

/// Readers that build a tree of JSON refuse deeper texts (`serde_json` does), so they are not stored.
const MAX_DEPTH: usize = 128;

/// How deep the arrays and objects of a valid JSON text nest.
fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    let mut bytes = json.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                while let Some(&inner) = bytes.next() {
                    match inner {
                        b'\\' => {
                            bytes.next();
                        }
                        b'"' => break,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    deepest
}

/// The text that a template and its stored holes give. `None` if the stored bytes are wrong.
pub(crate) fn fill<'a>(
    template: &[u8],
    holes: &mut Cursor<'_>,
    string: impl Fn(u32) -> Option<&'a [u8]>,
) -> Option<String> {
    let mut out = Vec::with_capacity(template.len() + 24);
    let mut start = 0;
    for (at, &byte) in template.iter().enumerate() {
        if byte > STRING {
            continue;
        }
        out.extend_from_slice(&template[start..at]);
        start = at + 1;
        if byte == STRING {
            out.extend_from_slice(string(holes.varint32()?)?);
        } else {
            let value = unzigzag(holes.varint()?);
            out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
        }
    }
    out.extend_from_slice(&template[start..]);
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{put_varint, zigzag};
    use proptest::prelude::*;

    fn round_trip(text: &str) -> (Vec<u8>, String) {
        let (mut template, mut holes) = (Vec::new(), Vec::new());
        split(text, &mut template, &mut holes);
        let (mut stored, mut strings) = (Vec::new(), Vec::new());
        for hole in holes {
            match hole {
                Hole::Integer(value) => put_varint(&mut stored, zigzag(value)),
                Hole::String { start, end } => {
                    put_varint(&mut stored, strings.len() as u64);
                    strings.push(&text[start..end]);
                }
            }
        }
        let out = fill(&template, &mut Cursor::new(&stored), |i| {
            strings.get(i as usize).map(|s| s.as_bytes())
        })
        .unwrap();
        (template, out)
    }

    #[test]
    fn texts_come_back() {
        for text in [
            r#"{"line":12,"kind":"let","deep":[1,-5,0,{"a":""}],"b":true}"#,
            r#"{"a":-0,"b":01,"c":1.5,"d":1e9,"e":12345678901234567890,"f":"q\"uo\\te","g": 7}"#,
            r#"{"unclosed":"x"#,
            r#"{"escape at the end":"\"#,
            "{}",
            r#"{"ü":"ß→"}"#,
        ] {
            assert_eq!(round_trip(text).1, text);
        }
    }

    #[test]
    fn rows_of_one_shape_share_a_template() {
        assert_eq!(
            round_trip(r#"{"line":1,"n":"a"}"#).0,
            round_trip(r#"{"line":-77,"n":"other"}"#).0
        );
    }

    #[test]
    fn only_objects_are_metadata() {
        let valid = |text: &str| is_object(&round_trip(text).0);
        assert!(valid(r#" {"a":{"b":[1,"x"]}} "#));
        for text in [
            "[]",
            "1",
            "x",
            r#"{"a":}"#,
            r#"{"a":1"#,
            "{\"a\":\"\u{3}\"}",
        ] {
            assert!(!valid(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_without_markers_comes_back(text in "[ \\{\\}\\[\\]:,\"\\\\a-c0-9.eE+-]{0,60}") {
            prop_assert_eq!(round_trip(&text).1, text);
        }
    }
}
