//! Writing metadata: JSON objects, as a template and the values that fill it.
//!
//! While a module is analyzed, a fragment is a list of members that each end in
//! a comma, without braces: `"kind":"const","isReassigned":true,`.

use std::fmt::Write as _;

use graph_model::summary::Sym;

use super::Builder;
use super::interner::Interner;
use super::templates::{EMPTY, Flag, Frame, INTEGER_HOLE, Piece, STRING_HOLE, State, Templates};

/// Whether a text stands in a string of JSON as it is.
fn is_plain(text: &str) -> bool {
    first_special(text.as_bytes()).is_none()
}

/// The first byte that is escaped. Looks at eight at a time: most texts are short, and have none.
fn first_special(bytes: &[u8]) -> Option<usize> {
    const LOW: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    // Of the bytes before the first one that is meant their upper bits are not set, as nothing was borrowed from it.
    let is_less = |word: u64, than: u8| word.wrapping_sub(LOW * u64::from(than)) & !word & HIGH;
    let special = |word: u64| {
        is_less(word, 0x20)
            | is_less(word ^ (LOW * u64::from(b'"')), 1)
            | is_less(word ^ (LOW * u64::from(b'\\')), 1)
    };
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let found = special(u64::from_le_bytes(*word));
        if found != 0 {
            return Some(index * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    // What is left is looked at with some bytes before it, which are none.
    if let (false, Some(last)) = (rest.is_empty(), bytes.last_chunk()) {
        let found = special(u64::from_le_bytes(*last));
        return (found != 0).then(|| bytes.len() - 8 + found.trailing_zeros() as usize / 8);
    }
    rest.iter().position(|&byte| is_special(byte))
}

fn is_special(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

/// Appends a JSON string.
pub(crate) fn push_json_string(out: &mut String, text: &str) {
    out.push('"');
    if is_plain(text) {
        out.push_str(text);
    } else {
        push_escaped_contents(out, text);
    }
    out.push('"');
}

/// Appends the contents of a JSON string.
fn push_escaped_contents(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = first_special(rest.as_bytes()) {
        out.push_str(&rest[..at]);
        let byte = rest.as_bytes()[at];
        rest = &rest[at + 1..];
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            _ => {
                let _ = write!(out, "\\u{byte:04x}");
            }
        }
    }
    out.push_str(rest);
}

/// Appends a JSON number; what JSON cannot say becomes a string.
pub(crate) fn push_json_number(out: &mut String, value: f64) {
    if let Some(value) = small_integer(value) {
        push_int(out, value);
    } else if value.is_finite() {
        if value.abs() >= 1e21 || (value != 0.0 && value.abs() < 1e-6) {
            let _ = write!(out, "{value:e}");
        } else if value == 0.0 {
            out.push('0');
        } else {
            let _ = write!(out, "{value}");
        }
    } else {
        let _ = write!(out, "\"{}\"", crate::visit::number_text(value));
    }
}

/// The number, if it is such an integer. The negative zero is shown as the other.
fn small_integer(value: f64) -> Option<u32> {
    let integer = value as u32;
    (f64::from(integer) == value).then_some(integer)
}

/// Appends an unsigned integer.
pub(crate) fn push_int(out: &mut String, value: u32) {
    out.push_str(itoa::Buffer::new().format(value));
}

/// Cuts a text to so many UTF-16 units.
pub(crate) fn cut(text: &str, units: usize) -> &str {
    if text.len() <= units {
        return text;
    }
    let mut used = 0;
    for (i, c) in text.char_indices() {
        used += c.len_utf16();
        if used > units {
            return &text[..i];
        }
    }
    text
}

/// Metadata that was written: a shape, and what fills it, in [`MetadataWriter::holes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Meta {
    pub(crate) state: State,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// No metadata.
pub(crate) const NO_META: Meta = Meta {
    state: EMPTY,
    start: 0,
    end: 0,
};

impl Meta {
    pub(crate) fn is_empty(self) -> bool {
        self.state == EMPTY
    }
}

/// Metadata of an edge that are being written; they end where the next begin.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fragment(u32);

/// The same of a node. Before its values there is room for its place, which is known last but stands first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NodeFragment(Fragment);

/// Line, column, end line and end column of a node.
pub(crate) const PLACE: usize = 4;

/// The number of a text in the dictionary of the module: of a name, or of another text.
pub(crate) fn name_code(name: Sym) -> u32 {
    name.0 << 1
}

fn text_code(text: Sym) -> u32 {
    (text.0 << 1) | 1
}

/// Writes metadata.
pub(crate) struct MetadataWriter {
    pub(crate) templates: Box<Templates>,
    /// What has been written of the current fragment, besides its values.
    state: State,
    /// Values of all fragments.
    pub(crate) holes: Vec<u32>,
    /// Texts that are no names of the module, and names that JSON escapes.
    pub(crate) texts: Interner,
    /// For each name the number of its text as JSON has it, where it is known.
    json_names: Vec<u32>,
}

const UNKNOWN: u32 = u32::MAX;

impl MetadataWriter {
    /// With room for the metadata of a source of so many bytes.
    pub(crate) fn new(source_len: usize) -> Self {
        MetadataWriter {
            templates: Templates::take(),
            state: EMPTY,
            holes: Vec::with_capacity(source_len / 2 + 64),
            texts: Interner::with_capacity(source_len / 48 + 32),
            json_names: Vec::new(),
        }
    }

    fn step(&mut self, piece: Piece, text: &'static str) {
        self.state = self.templates.step(self.state, piece, text);
    }

    fn literal(&mut self, text: &str) {
        if !text.is_empty() {
            self.state = self.templates.literal(self.state, text);
        }
    }

    /// The number of a text.
    pub(crate) fn text(&mut self, text: &str) -> u32 {
        text_code(self.texts.intern(text))
    }

    /// A number for a text that is not looked for: it is not there, or hardly ever.
    pub(crate) fn new_text(&mut self, text: &str) -> u32 {
        text_code(self.texts.append(text))
    }

    /// The number of a text as it stands in a string of JSON.
    fn json_text(&mut self, text: &str) -> u32 {
        if is_plain(text) {
            return self.text(text);
        }
        let mut escaped = String::with_capacity(text.len() + 8);
        push_escaped_contents(&mut escaped, text);
        self.text(&escaped)
    }

    /// The same of a name.
    fn json_name(&mut self, name: Sym, names: &Interner) -> u32 {
        let place = name.0 as usize;
        if self.json_names.len() <= place {
            self.json_names.resize(place + place / 2 + 64, UNKNOWN);
        }
        if self.json_names[place] == UNKNOWN {
            let text = names.get(name);
            self.json_names[place] = if is_plain(text) {
                name_code(name)
            } else {
                self.json_text(text)
            };
        }
        self.json_names[place]
    }

    /// JSON as it is: strings that are no keys, and integers, become values.
    fn json(&mut self, json: &str) {
        let bytes = json.as_bytes();
        // What lies before `written` is written.
        let (mut at, mut written) = (0, 0);
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'"' => {
                    let mut end = at + 1;
                    while let Some(&inner) = bytes.get(end)
                        && inner != b'"'
                    {
                        end += if inner == b'\\' { 2 } else { 1 };
                    }
                    if bytes.get(end + 1) != Some(&b':') {
                        self.literal(&json[written..=at]);
                        let contents = self.text(&json[at + 1..end]);
                        self.step(Piece::Contents, "");
                        self.holes.push(contents);
                        written = end;
                    }
                    at = end + 1;
                }
                b'0'..=b'9' if at == 0 || matches!(bytes[at - 1], b':' | b',' | b'[') => {
                    let digits = bytes[at..]
                        .iter()
                        .take_while(|b| b.is_ascii_digit())
                        .count();
                    let end = at + digits;
                    let goes_on = matches!(bytes.get(end), Some(b'.' | b'e' | b'E'));
                    if !goes_on && let Ok(value) = json[at..end].parse::<u32>() {
                        self.literal(&json[written..at]);
                        self.step(Piece::Integer, "");
                        self.holes.push(value);
                        written = end;
                    }
                    at = end;
                }
                _ => at += 1,
            }
        }
        self.literal(&json[written..]);
    }

    /// Whether the same was written twice.
    pub(crate) fn are_equal(&self, a: Meta, b: Meta) -> bool {
        let holes = |meta: Meta| &self.holes[meta.start as usize..meta.end as usize];
        a.state == b.state && holes(a) == holes(b)
    }

    /// Appends what was written as text: members that each end in a comma.
    pub(crate) fn push_members(&mut self, meta: Meta, names: &Interner, out: &mut String) {
        if meta.is_empty() {
            return;
        }
        let Self {
            templates,
            texts,
            holes,
            ..
        } = self;
        let object = templates.text(meta.state, Frame::Edge);
        let members = &object[1..object.len() - 1];
        out.reserve(members.len() + 32);
        fill(
            members,
            &holes[meta.start as usize..meta.end as usize],
            |number| {
                let of = if number & 1 == 0 { names } else { &*texts };
                of.get(Sym(number >> 1))
            },
            out,
        );
        out.push(',');
    }
}

/// Appends the text that a template and its holes give.
pub(crate) fn fill<'a>(
    template: &str,
    holes: &[u32],
    text: impl Fn(u32) -> &'a str,
    out: &mut String,
) {
    let mut holes = holes.iter();
    let mut rest = template;
    while let Some(at) = rest.find([INTEGER_HOLE, STRING_HOLE]) {
        out.push_str(&rest[..at]);
        let is_integer = rest[at..].starts_with(INTEGER_HOLE);
        rest = &rest[at + 1..];
        let hole = holes.next().copied().unwrap_or_default();
        if is_integer {
            push_int(out, hole);
        } else {
            out.push_str(text(hole));
        }
    }
    out.push_str(rest);
}

impl Builder<'_> {
    pub(crate) fn fragment(&mut self) -> Fragment {
        self.meta.state = EMPTY;
        Fragment(self.meta.holes.len() as u32)
    }

    pub(crate) fn node_fragment(&mut self) -> NodeFragment {
        self.meta.holes.extend([0; PLACE]);
        NodeFragment(self.fragment())
    }

    pub(crate) fn end_node(&self, fragment: NodeFragment) -> Meta {
        self.end(fragment.0)
    }

    pub(crate) fn end(&self, fragment: Fragment) -> Meta {
        Meta {
            state: self.meta.state,
            start: fragment.0,
            end: self.meta.holes.len() as u32,
        }
    }

    pub(crate) fn m_str(&mut self, key: &'static str, value: &str) {
        let value = self.meta.json_text(value);
        self.meta.step(Piece::StringMember, key);
        self.meta.holes.push(value);
    }

    /// A value that is one of a few, all known to the program and plain: it is part of the template.
    pub(crate) fn m_word(&mut self, key: &'static str, word: &'static str) {
        debug_assert!(is_plain(word), "{word:?} has to be escaped");
        self.meta.state = self.meta.templates.word(self.meta.state, key, word);
    }

    pub(crate) fn m_sym(&mut self, key: &'static str, value: Sym) {
        let value = self.meta.json_name(value, &self.names);
        self.meta.step(Piece::StringMember, key);
        self.meta.holes.push(value);
    }

    pub(crate) fn m_int(&mut self, key: &'static str, value: u32) {
        self.meta.step(Piece::IntegerMember, key);
        self.meta.holes.push(value);
    }

    /// A number; what JSON cannot say becomes a string.
    pub(crate) fn m_number(&mut self, key: &'static str, value: f64) {
        if let Some(value) = small_integer(value) {
            return self.m_int(key, value);
        }
        let mut json = String::new();
        push_json_number(&mut json, value);
        self.m_json(key, &json);
    }

    /// A key that is always present.
    pub(crate) fn m_bool(&mut self, key: &'static str, value: bool) {
        let piece = if value {
            Piece::TrueMember
        } else {
            Piece::FalseMember
        };
        self.meta.step(piece, key);
    }

    /// Members that are true or false.
    pub(crate) fn m_flags<const N: usize>(&mut self, flags: &'static [Flag; N], values: [bool; N]) {
        const { assert!(N <= 32) };
        let bits = values.iter().rev();
        let bits = bits.fold(0, |bits, &value| bits << 1 | u32::from(value));
        if bits != 0 || flags.iter().any(|flag| matches!(flag, Flag::Shown(_))) {
            self.meta.state = self.meta.templates.flags(self.meta.state, flags, bits);
        }
    }

    /// `line` and `column` of an edge.
    pub(crate) fn m_position(&mut self, (line, column): (u32, u32)) {
        self.meta.step(Piece::Position, "");
        self.meta.holes.extend([line, column]);
    }

    /// A key that is left out when false.
    pub(crate) fn m_flag(&mut self, key: &'static str, value: bool) {
        if value {
            self.m_bool(key, true);
        }
    }

    pub(crate) fn m_path(&mut self, key: &'static str, path: &[Sym]) {
        if !path.is_empty() {
            self.m_syms(key, path);
        }
    }

    /// A list of names, also when empty.
    pub(crate) fn m_syms(&mut self, key: &'static str, names: &[Sym]) {
        self.meta.step(Piece::BeginList, key);
        for &name in names {
            self.m_name_element(name);
        }
        self.meta.step(Piece::EndList, "");
    }

    /// A list of strings; left out when empty.
    pub(crate) fn m_list<S: AsRef<str>>(&mut self, key: &'static str, items: &[S]) {
        if !items.is_empty() {
            self.m_list_always(key, items);
        }
    }

    /// A list of strings, also when empty.
    pub(crate) fn m_list_always<S: AsRef<str>>(&mut self, key: &'static str, items: &[S]) {
        self.meta.step(Piece::BeginList, key);
        for item in items {
            self.m_string_element(item.as_ref());
        }
        self.meta.step(Piece::EndList, "");
    }

    /// A string as an element.
    pub(crate) fn m_string_element(&mut self, text: &str) {
        let text = self.meta.json_text(text);
        self.meta.step(Piece::StringElement, "");
        self.meta.holes.push(text);
    }

    /// A name as an element.
    pub(crate) fn m_name_element(&mut self, name: Sym) {
        let name = self.meta.json_name(name, &self.names);
        self.meta.step(Piece::StringElement, "");
        self.meta.holes.push(name);
    }

    /// One of a few words, as of [`Builder::m_word`], as an element.
    pub(crate) fn m_word_element(&mut self, word: &'static str) {
        debug_assert!(is_plain(word), "{word:?} has to be escaped");
        self.meta.step(Piece::WordElement, word);
    }

    /// A list whose elements `write` adds.
    pub(crate) fn m_elements(&mut self, key: &'static str, write: impl FnOnce(&mut Self)) {
        self.meta.step(Piece::BeginList, key);
        write(self);
        self.meta.step(Piece::EndList, "");
    }

    /// A number as an element.
    pub(crate) fn m_number_element(&mut self, value: f64) {
        match small_integer(value) {
            Some(value) => {
                self.meta.step(Piece::Integer, "");
                self.meta.holes.push(value);
            }
            None => {
                let mut json = String::new();
                push_json_number(&mut json, value);
                self.meta.json(&json);
            }
        }
        self.meta.step(Piece::Comma, "");
    }

    /// JSON that is already written as an element.
    pub(crate) fn m_json_element(&mut self, json: &str) {
        self.meta.json(json);
        self.meta.step(Piece::Comma, "");
    }

    /// An object whose members `write` adds.
    pub(crate) fn m_object(&mut self, key: &'static str, write: impl FnOnce(&mut Self)) {
        self.meta.step(Piece::BeginObject, key);
        write(self);
        self.meta.step(Piece::EndObject, "");
    }

    /// A key with JSON that is already written.
    pub(crate) fn m_json(&mut self, key: &'static str, json: &str) {
        self.meta.step(Piece::Key, key);
        self.meta.json(json);
        self.meta.step(Piece::Comma, "");
    }

    /// Members that are already written, each with a comma at its end.
    pub(crate) fn m_members(&mut self, members: &str) {
        self.meta.json(members);
    }

    /// What was written before, as members that each end in a comma.
    pub(crate) fn members(&mut self, meta: Meta) -> String {
        let mut out = String::new();
        self.meta.push_members(meta, &self.names, &mut out);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped_as_json() {
        let mut out = String::new();
        push_json_string(&mut out, "a\"b\\c\n\u{1}\u{2028}é");
        assert_eq!(out, "\"a\\\"b\\\\c\\n\\u0001\u{2028}é\"");
    }

    #[test]
    fn bytes_that_are_escaped_are_found_wherever_they_stand() {
        for length in 0..20 {
            assert_eq!(first_special(&vec![b' '; length]), None);
            for at in 0..length {
                for byte in 0..=u8::MAX {
                    for other in [b' ', b'!', b'#', 0x7f, 0x80, 0xa2, 0xdc, 0xff] {
                        let mut bytes = vec![other; length];
                        bytes[at] = byte;
                        let found = is_special(byte).then_some(at);
                        assert_eq!(first_special(&bytes), found, "{bytes:?}");
                    }
                }
            }
        }
        assert_eq!(first_special(b"0123456789\n\"\\"), Some(10));
    }

    #[test]
    fn numbers_are_valid_json() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (5.0, "5"),
            (0.2, "0.2"),
            (1e21, "1e21"),
            (1e-7, "1e-7"),
            (f64::INFINITY, "\"Infinity\""),
        ] {
            let mut out = String::new();
            push_json_number(&mut out, value);
            assert_eq!(out, text);
        }
    }

    #[test]
    fn what_is_written_is_read_back_and_only_values_are_holes() {
        let lines = graph_model::LineIndex::new("");
        let mut b = Builder::new("a.js", "js", "", &lines, crate::parse::BASE);
        let name = b.sym("q\"uote");
        for (json, holes) in [
            ("null", 0),
            ("\"text \\\" \\\\\"", 1),
            ("7", 1),
            ("4294967295", 1),
            ("4294967296", 0),
            ("-7", 0),
            ("0.5", 0),
            ("1e21", 0),
            ("[1,-1,\"a\",[2.5,true],{\"key\":\"b\",\"n\":3}]", 4),
            ("{\"a\":{\"b\\\"\":\"c\"}}", 1),
            ("[]", 0),
        ] {
            let fragment = b.fragment();
            b.m_json("value", json);
            let meta = b.end(fragment);
            assert_eq!(b.members(meta), format!("\"value\":{json},"));
            assert_eq!(meta.end - meta.start, holes, "{json}");
        }
        let fragment = b.fragment();
        b.m_sym("name", name);
        b.m_path("path", &[name, name]);
        b.m_list("none", &[] as &[&str]);
        b.m_object("inner", |b| b.m_number("n", 2.0));
        let meta = b.end(fragment);
        assert_eq!(
            b.members(meta),
            "\"name\":\"q\\\"uote\",\"path\":[\"q\\\"uote\",\"q\\\"uote\"],\"inner\":{\"n\":2},"
        );
        let text = b.members(meta);
        let fragment = b.fragment();
        b.m_members(&text);
        let again = b.end(fragment);
        assert_eq!(b.members(again), text);
        let fragment = b.fragment();
        assert!(b.end(fragment).is_empty());
    }

    #[test]
    fn cuts_at_utf16_units() {
        assert_eq!(cut("a😀b", 2), "a");
        assert_eq!(cut("a😀b", 3), "a😀");
    }
}
