//! The id of a node with a file, as text:
//! `file->TYPE->name[in:scope]#n`.
//!
//! An id depends on the path, the type, the names of the node and of its owners,
//! and the ordinal among siblings of one name; never on positions or formatting.

use std::fmt;

use crate::NodeType;

/// Names longer than this (in UTF-16 units) are cut.
const MAX_NAME_UNITS: usize = 80;
/// So much of a long name is kept before `~` and its hash.
const KEPT_NAME_UNITS: usize = 64;

/// The parts of an id. `name` and `scope` hold the escaped text as it stands in
/// the id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SemanticId {
    /// Path of the file, relative to the project, with `/`.
    pub file: String,
    /// Type of the node as text, since plugins have types of their own.
    pub node_type: String,
    /// Escaped name.
    pub name: String,
    /// Escaped segments of the owners, outermost first, joined by `.`; `None` at module level.
    pub scope: Option<String>,
    /// Ordinal among nodes of equal type, name and scope; the first is 1 and is not written.
    pub ordinal: u32,
}

impl SemanticId {
    /// The id of the first node of this name at module level; escapes the name.
    pub fn new(file: impl Into<String>, node_type: NodeType, name: &str) -> Self {
        SemanticId {
            file: file.into(),
            node_type: node_type.as_str().to_owned(),
            name: escape_name(name),
            scope: None,
            ordinal: 1,
        }
    }

    /// The same, inside a scope that is given as it stands in the id.
    #[must_use]
    pub fn in_scope(mut self, scope: &str) -> Self {
        self.scope = Some(scope.to_owned());
        self
    }

    /// Reads an id: splits at the first two `->`, strips a trailing `#digits`,
    /// strips a trailing `[in:…]`.
    ///
    /// # Errors
    /// When there are fewer than two `->`.
    pub fn parse(text: &str) -> Result<Self, ParseIdError> {
        let error = || ParseIdError {
            text: text.to_owned(),
        };
        let (file, rest) = text.split_once("->").ok_or_else(error)?;
        let (node_type, mut rest) = rest.split_once("->").ok_or_else(error)?;
        let mut ordinal = 1;
        if let Some((head, digits)) = rest.rsplit_once('#')
            && !digits.is_empty()
            && digits.bytes().all(|b| b.is_ascii_digit())
            && let Ok(n) = digits.parse()
        {
            (rest, ordinal) = (head, n);
        }
        let mut scope = None;
        if let Some(inner) = rest.strip_suffix(']')
            && let Some((head, s)) = inner.rsplit_once("[in:")
        {
            (rest, scope) = (head, Some(s.to_owned()));
        }
        Ok(SemanticId {
            file: file.to_owned(),
            node_type: node_type.to_owned(),
            name: rest.to_owned(),
            scope,
            ordinal,
        })
    }
}

impl fmt::Display for SemanticId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}->{}->{}", self.file, self.node_type, self.name)?;
        if let Some(scope) = &self.scope {
            write!(f, "[in:{scope}]")?;
        }
        if self.ordinal > 1 {
            write!(f, "#{}", self.ordinal)?;
        }
        Ok(())
    }
}

/// A text that is no semantic id of a node with a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an id of the form file->TYPE->name")]
pub struct ParseIdError {
    /// The text as given.
    pub text: String,
}

/// The name as it stands in an id: cut when long, then escaped.
///
/// ```
/// # use graph_model::escape_name;
/// assert_eq!(escape_name("a[0]->b#1"), "a%5B0%5D-%3Eb%231");
/// ```
pub fn escape_name(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    push_escaped_name(&mut out, name);
    out
}

/// As [`escape_name`], for a segment of a scope, where `.` is escaped too.
pub fn escape_segment(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    push_escaped_segment(&mut out, name);
    out
}

/// Appends [`escape_name`]`(name)` to `out`.
pub fn push_escaped_name(out: &mut String, name: &str) {
    push_escaped(out, name, false);
}

/// Appends [`escape_segment`]`(name)` to `out`.
pub fn push_escaped_segment(out: &mut String, name: &str) {
    push_escaped(out, name, true);
}

/// Whether a name surely stands in ids as it is. That of few others does too.
pub fn is_plain_name(name: &str) -> bool {
    name.len() <= MAX_NAME_UNITS && !has_special(name.as_bytes())
}

/// Whether some byte is one of [`SPECIAL`]. Most texts are short: they are looked at in one go, some of their bytes twice.
fn has_special(bytes: &[u8]) -> bool {
    fn one(bytes: [u8; 16]) -> bool {
        // No table, and no end before the last byte: so the compiler looks at all bytes at once.
        let found = bytes.map(|b| {
            u8::from(b < 0x20)
                | u8::from(b == b'%')
                | u8::from(b == b'[')
                | u8::from(b == b']')
                | u8::from(b == b'#')
                | u8::from(b == b'>')
                | u8::from(b == 0x7f)
                | u8::from(b == 0xc2)
        });
        u128::from_le_bytes(found) != 0
    }
    let (parts, rest) = bytes.as_chunks::<16>();
    if parts.iter().any(|part| one(*part)) {
        return true;
    }
    if let Some(last) = bytes.last_chunk::<16>() {
        return one(*last);
    }
    if let (Some(first), Some(last)) = (rest.first_chunk::<8>(), rest.last_chunk::<8>()) {
        let both = u128::from(u64::from_le_bytes(*first)) << 64;
        return one((both | u128::from(u64::from_le_bytes(*last))).to_le_bytes());
    }
    if let (Some(first), Some(last)) = (rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
        let both = u64::from(u32::from_le_bytes(*first)) << 32;
        let both = both | u64::from(u32::from_le_bytes(*last));
        return one((u128::from(both) << 64 | u128::from(both)).to_le_bytes());
    }
    rest.iter().any(|&b| SPECIAL[usize::from(b)])
}

fn push_escaped(out: &mut String, name: &str, segment: bool) {
    if name.len() > MAX_NAME_UNITS && utf16_len(name) > MAX_NAME_UNITS {
        let hash = fnv1a_32(name.as_bytes());
        let mut units = 0;
        let kept = name
            .char_indices()
            .find(|(_, c)| {
                units += c.len_utf16();
                units > KEPT_NAME_UNITS
            })
            .map_or(name.len(), |(i, _)| i);
        escape_into(out, &name[..kept], segment);
        use std::fmt::Write as _;
        let _ = write!(out, "~{hash:08x}");
    } else {
        escape_into(out, name, segment);
    }
}

fn utf16_len(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

fn escape_into(out: &mut String, name: &str, segment: bool) {
    let bytes = name.as_bytes();
    let has_dot = segment && bytes.contains(&b'.');
    if !has_special(bytes) && !has_dot {
        out.push_str(name);
        return;
    }
    // A `#` counts only when nothing but digits follows up to the end.
    let ordinal_hash = bytes
        .iter()
        .rposition(|b| !b.is_ascii_digit())
        .filter(|&i| bytes[i] == b'#' && i + 1 < bytes.len());
    // What lies before is written.
    let mut written = 0;
    for (i, &byte) in bytes.iter().enumerate() {
        if !SPECIAL[usize::from(byte)] && byte != b'.' {
            continue;
        }
        let escaped = match byte {
            b'#' => usize::from(ordinal_hash == Some(i)),
            b'>' => usize::from(bytes[..i].ends_with(b"-")),
            b'.' => usize::from(segment),
            // U+0080 to U+009F are control characters.
            0xc2 if matches!(bytes.get(i + 1), Some(0x80..=0x9f)) => 2,
            0xc2 => 0,
            _ => 1,
        };
        if escaped == 0 {
            continue;
        }
        out.push_str(&name[written..i]);
        written = i + escaped;
        for byte in &bytes[i..written] {
            out.push('%');
            out.push(char::from(b"0123456789ABCDEF"[usize::from(byte >> 4)]));
            out.push(char::from(b"0123456789ABCDEF"[usize::from(byte & 15)]));
        }
    }
    out.push_str(&name[written..]);
}

/// Bytes that an escaped character may begin with.
const SPECIAL: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] =
            byte < 0x20 || matches!(byte as u8, b'%' | b'[' | b']' | b'#' | b'>' | 0x7f | 0xc2);
        byte += 1;
    }
    table
};

/// FNV-1a with 32 bits (Fowler, Noll, Vo).
fn fnv1a_32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, &b| {
        (hash ^ u32::from(b)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_only_what_would_be_misread() {
        assert_eq!(escape_name("#x"), "#x");
        assert_eq!(escape_name("#12"), "%2312");
        assert_eq!(escape_name("a#12"), "a%2312");
        assert_eq!(escape_name("a>b"), "a>b");
        assert_eq!(escape_name("100%\n"), "100%25%0A");
        assert_eq!(escape_name("r.json"), "r.json");
        assert_eq!(escape_segment("r.json"), "r%2Ejson");
    }

    #[test]
    fn what_is_escaped_is_seen_wherever_it_stands() {
        for len in 1..40 {
            for at in 0..len {
                for special in ["%", "[", "]", "\t", "\u{7f}", "\u{85}", "->", "."] {
                    let name = ["x".repeat(at), special.into(), "x".repeat(len - at)].concat();
                    let escaped = match special {
                        "->" => "-%3E".to_owned(),
                        "." => ".".to_owned(),
                        special => special.bytes().map(|b| format!("%{b:02X}")).collect(),
                    };
                    let expected = ["x".repeat(at), escaped, "x".repeat(len - at)].concat();
                    assert_eq!(escape_name(&name), expected);
                    assert_eq!(is_plain_name(&name), special == ".", "{name:?}");
                    let plain = name.replace(special, "é");
                    assert!(is_plain_name(&plain), "{plain:?}");
                    assert_eq!(escape_segment(&plain), plain);
                }
            }
        }
        assert_eq!(escape_name("\u{a0}>\u{80}"), "\u{a0}>%C2%80");
        assert_eq!(escape_segment("a.b>."), "a%2Eb>%2E");
    }

    #[test]
    fn long_names_are_cut_and_keep_apart() {
        let long = "x".repeat(81);
        assert_eq!(
            escape_name(&long),
            format!("{}~{:08x}", "x".repeat(64), fnv1a_32(long.as_bytes()))
        );
        assert_eq!(escape_name(&"x".repeat(80)), "x".repeat(80));
    }

    #[test]
    fn fnv_vectors() {
        assert_eq!(
            (fnv1a_32(b""), fnv1a_32(b"a"), fnv1a_32(b"foobar")),
            (0x811c9dc5, 0xe40c292c, 0xbf9cf968)
        );
    }

    #[test]
    fn parse_is_the_inverse_of_display() {
        for name in [
            "a",
            "a[in:b]",
            "x#2",
            "<it:adds>",
            "a->b",
            "#p",
            "*:./b",
            "'s'",
        ] {
            for scope in [None, Some("A.b#2")] {
                for ordinal in [1, 7] {
                    let mut id = SemanticId::new("src/a.ts", NodeType::Variable, name);
                    id.scope = scope.map(str::to_owned);
                    id.ordinal = ordinal;
                    assert_eq!(SemanticId::parse(&id.to_string()), Ok(id));
                }
            }
        }
        assert!(SemanticId::parse("nonsense").is_err());
    }
}
