//! Semantic ids as a reference to the other columns of the row.
//!
//! Most semantic ids are `file->TYPE->name`, followed by a text that many rows share and by `#n`. What repeats the file, type
//! and name columns is not stored; any other text is stored whole.

use super::flag;

/// A semantic id taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parts<'a> {
    /// `PREFIX`, `NAME`, `NUMBER`, `TEXT`.
    pub(super) flags: u8,
    /// What the flags do not say.
    pub(super) text: &'a str,
    /// The number after `#`.
    pub(super) number: u64,
}

pub(super) fn split<'a>(
    semantic_id: &'a str,
    file: &str,
    node_type: &str,
    name: &str,
) -> Parts<'a> {
    let mut flags = 0;
    let mut text = semantic_id;
    let after_prefix = semantic_id
        .strip_prefix(file)
        .and_then(|rest| rest.strip_prefix("->"))
        .and_then(|rest| rest.strip_prefix(node_type))
        .and_then(|rest| rest.strip_prefix("->"));
    if let Some(rest) = after_prefix {
        flags |= flag::PREFIX;
        text = rest;
        if let Some(rest) = rest.strip_prefix(name) {
            flags |= flag::NAME;
            text = rest;
        }
    }
    let mut number = 0;
    let digits = text
        .bytes()
        .rev()
        .take(19)
        .take_while(u8::is_ascii_digit)
        .count();
    if (1..19).contains(&digits) {
        let (before, digits) = text.split_at(text.len() - digits);
        // Only the canonical form of a number comes back from a number.
        if let Some(before) = before.strip_suffix('#')
            && (digits == "0" || !digits.starts_with('0'))
            && let Ok(value) = digits.parse()
        {
            flags |= flag::NUMBER;
            text = before;
            number = value;
        }
    }
    if !text.is_empty() {
        flags |= flag::TEXT;
    }
    Parts {
        flags,
        text,
        number,
    }
}

pub(super) fn join(parts: &Parts<'_>, file: &str, node_type: &str, name: &str) -> String {
    let mut out =
        String::with_capacity(file.len() + node_type.len() + name.len() + parts.text.len() + 16);
    if parts.flags & flag::PREFIX != 0 {
        out.push_str(file);
        out.push_str("->");
        out.push_str(node_type);
        out.push_str("->");
    }
    if parts.flags & flag::NAME != 0 {
        out.push_str(name);
    }
    out.push_str(parts.text);
    if parts.flags & flag::NUMBER != 0 {
        out.push('#');
        out.push_str(itoa::Buffer::new().format(parts.number));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_usual_form_needs_no_text() {
        let parts = split("a.ts->CALL->f#12", "a.ts", "CALL", "f");
        assert_eq!(
            parts,
            Parts {
                flags: flag::PREFIX | flag::NAME | flag::NUMBER,
                text: "",
                number: 12
            }
        );
        assert_eq!(
            split("a.ts->CALL->f[in:g]#2", "a.ts", "CALL", "f").text,
            "[in:g]"
        );
    }

    proptest! {
        #[test]
        fn any_semantic_id_comes_back(
            file in "[a-b]{0,2}", node_type in "[A-B]{0,2}", name in "[a-b#0-1]{0,3}",
            free in "[a-b>#0-9-]{0,8}", whole in any::<bool>(),
        ) {
            let id = if whole { free } else { format!("{file}->{node_type}->{name}{free}") };
            let parts = split(&id, &file, &node_type, &name);
            prop_assert_eq!(join(&parts, &file, &node_type, &name), id);
        }
    }
}
