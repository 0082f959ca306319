//! Metadata as JSON text, written once and never parsed on the way.
//!
//! While a module is analyzed, a fragment is a list of members that each end in
//! a comma, without braces: `"kind":"const","isReassigned":true,`.

use std::fmt::Write as _;

use graph_model::summary::Sym;

use super::Builder;

/// Appends a JSON string.
pub(crate) fn push_json_string(out: &mut String, text: &str) {
    out.push('"');
    // Without a branch for each byte, so that the compiler takes many at once.
    let special = |b: u8| (b < 0x20) | (b == b'"') | (b == b'\\');
    if !text.bytes().fold(false, |found, b| found | special(b)) {
        out.push_str(text);
        out.push('"');
        return;
    }
    let mut start = 0;
    for (i, byte) in text.bytes().enumerate() {
        if !special(byte) {
            continue;
        }
        out.push_str(&text[start..i]);
        start = i + 1;
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
    out.push_str(&text[start..]);
    out.push('"');
}

/// Appends a JSON number; what JSON cannot say becomes a string.
pub(crate) fn push_json_number(out: &mut String, value: f64) {
    if value.is_finite() {
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

/// A fragment that is being written; it ends where the next one starts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fragment(pub(crate) u32);

/// The fragment of a node or an edge without metadata.
pub(crate) const NO_META: (u32, u32) = (0, 0);

impl Builder<'_> {
    pub(crate) fn fragment(&self) -> Fragment {
        Fragment(self.meta.len() as u32)
    }

    pub(crate) fn end(&self, fragment: Fragment) -> (u32, u32) {
        (fragment.0, self.meta.len() as u32)
    }

    pub(crate) fn m_key(&mut self, key: &str) {
        self.meta.push('"');
        self.meta.push_str(key);
        self.meta.push_str("\":");
    }

    pub(crate) fn m_str(&mut self, key: &str, value: &str) {
        self.m_key(key);
        push_json_string(&mut self.meta, value);
        self.meta.push(',');
    }

    pub(crate) fn m_sym(&mut self, key: &str, value: Sym) {
        self.m_key(key);
        push_json_string(&mut self.meta, self.names.get(value));
        self.meta.push(',');
    }

    pub(crate) fn m_int(&mut self, key: &str, value: u32) {
        self.m_key(key);
        push_int(&mut self.meta, value);
        self.meta.push(',');
    }

    /// A key that is always present.
    pub(crate) fn m_bool(&mut self, key: &str, value: bool) {
        self.m_key(key);
        self.meta.push_str(if value { "true," } else { "false," });
    }

    /// A key that is left out when false.
    pub(crate) fn m_flag(&mut self, key: &str, value: bool) {
        if value {
            self.m_bool(key, true);
        }
    }

    pub(crate) fn m_path(&mut self, key: &str, path: &[Sym]) {
        if path.is_empty() {
            return;
        }
        self.m_key(key);
        self.meta.push('[');
        for &step in path {
            push_json_string(&mut self.meta, self.names.get(step));
            self.meta.push(',');
        }
        self.meta.pop();
        self.meta.push_str("],");
    }

    /// A list of strings; left out when empty.
    pub(crate) fn m_list<S: AsRef<str>>(&mut self, key: &str, items: &[S]) {
        if !items.is_empty() {
            self.m_list_always(key, items);
        }
    }

    /// A list of strings, also when empty.
    pub(crate) fn m_list_always<S: AsRef<str>>(&mut self, key: &str, items: &[S]) {
        self.m_key(key);
        self.meta.push('[');
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                self.meta.push(',');
            }
            push_json_string(&mut self.meta, item.as_ref());
        }
        self.meta.push_str("],");
    }

    /// A key with JSON text that is already written.
    pub(crate) fn m_json(&mut self, key: &str, json: &str) {
        self.m_key(key);
        self.meta.push_str(json);
        self.meta.push(',');
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
    fn cuts_at_utf16_units() {
        assert_eq!(cut("a😀b", 2), "a");
        assert_eq!(cut("a😀b", 3), "a😀");
    }
}
