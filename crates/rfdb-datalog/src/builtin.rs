//! The predicates that the language has of itself.

/// A predicate that the language has of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Builtin {
    Node,
    Edge,
    Incoming,
    Path,
    Attr,
    AttrEdge,
    ParentFunction,
    Test(Test),
}

/// A predicate that compares two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Test {
    Eq,
    Neq,
    Lt,
    Lte,
    Gt,
    Gte,
    StartsWith,
    NotStartsWith,
    EndsWith,
    NotEndsWith,
    Contains,
    NotContains,
}

/// What an argument holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The id of a node. Constants may be semantic ids.
    Id,
    /// A text that is no id.
    Text,
    /// Anything; the other argument of the same test is of the same kind.
    Same,
}

struct Entry {
    name: &'static str,
    builtin: Builtin,
    least: usize,
    kinds: &'static [Kind],
}

use Kind::{Id, Same, Text};

const fn entry(
    name: &'static str,
    builtin: Builtin,
    least: usize,
    kinds: &'static [Kind],
) -> Entry {
    Entry {
        name,
        builtin,
        least,
        kinds,
    }
}

const fn test(name: &'static str, test: Test, kinds: &'static [Kind]) -> Entry {
    entry(name, Builtin::Test(test), 2, kinds)
}

const TEXTS: &[Kind] = &[Text, Text];
const SAME: &[Kind] = &[Same, Same];

const TABLE: &[Entry] = &[
    entry("node", Builtin::Node, 2, &[Id, Text]),
    entry("type", Builtin::Node, 2, &[Id, Text]),
    entry("edge", Builtin::Edge, 2, &[Id, Id, Text]),
    entry("incoming", Builtin::Incoming, 2, &[Id, Id, Text]),
    entry("path", Builtin::Path, 2, &[Id, Id]),
    entry("attr", Builtin::Attr, 3, &[Id, Text, Text]),
    entry(
        "attr_edge",
        Builtin::AttrEdge,
        5,
        &[Id, Id, Text, Text, Text],
    ),
    entry("parent_function", Builtin::ParentFunction, 2, &[Id, Id]),
    test("eq", Test::Eq, SAME),
    test("neq", Test::Neq, SAME),
    test("lt", Test::Lt, TEXTS),
    test("lte", Test::Lte, TEXTS),
    test("gt", Test::Gt, TEXTS),
    test("gte", Test::Gte, TEXTS),
    test("starts_with", Test::StartsWith, TEXTS),
    test("not_starts_with", Test::NotStartsWith, TEXTS),
    test("ends_with", Test::EndsWith, TEXTS),
    test("not_ends_with", Test::NotEndsWith, TEXTS),
    test("string_contains", Test::Contains, TEXTS),
    test("contains", Test::Contains, TEXTS),
    test("not_contains", Test::NotContains, TEXTS),
];

impl Builtin {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        TABLE.iter().find(|e| e.name == name).map(|e| e.builtin)
    }

    fn entry(self) -> &'static Entry {
        TABLE
            .iter()
            .find(|entry| entry.builtin == self)
            .unwrap_or(&TABLE[0])
    }

    /// Kinds of the arguments; the last of them may be left out.
    pub(crate) fn kinds(self) -> &'static [Kind] {
        self.entry().kinds
    }

    /// How many arguments it may have.
    pub(crate) fn arity(self) -> std::ops::RangeInclusive<usize> {
        self.entry().least..=self.entry().kinds.len()
    }

    /// Whether it can be evaluated with these arguments known. Constants are known; wildcards never are.
    pub(crate) fn is_ready(self, known: impl Fn(usize) -> bool) -> bool {
        match self {
            Self::Node | Self::Edge | Self::Incoming => true,
            Self::Path => known(0) || known(1),
            Self::Attr => known(1),
            Self::AttrEdge => known(3),
            Self::ParentFunction => known(0),
            Self::Test(Test::Eq) => known(0) || known(1),
            Self::Test(_) => known(0) && known(1),
        }
    }

    /// What has to be known first, for messages.
    pub(crate) fn needs(self) -> &'static str {
        match self {
            Self::Node | Self::Edge | Self::Incoming => "nothing",
            Self::Path => "one of its arguments",
            Self::Attr => "the name of the attribute",
            Self::AttrEdge => "the name of the attribute",
            Self::ParentFunction => "its first argument",
            Self::Test(Test::Eq) => "one of its arguments",
            Self::Test(_) => "both of its arguments",
        }
    }
}

/// Names of all predicates of the language.
pub fn builtin_names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|entry| entry.name)
}

impl Test {
    /// Whether the test holds for two texts.
    pub(crate) fn holds(self, a: &str, b: &str) -> bool {
        match self {
            Self::Eq => a == b,
            Self::Neq => a != b,
            Self::Lt => compare(a, b).is_lt(),
            Self::Lte => compare(a, b).is_le(),
            Self::Gt => compare(a, b).is_gt(),
            Self::Gte => compare(a, b).is_ge(),
            Self::StartsWith => a.starts_with(b),
            Self::NotStartsWith => !a.starts_with(b),
            Self::EndsWith => a.ends_with(b),
            Self::NotEndsWith => !a.ends_with(b),
            Self::Contains => a.contains(b),
            Self::NotContains => !a.contains(b),
        }
    }
}

/// The order of values: numbers before texts, numbers by their size, texts by their characters.
pub(crate) fn compare(a: &str, b: &str) -> std::cmp::Ordering {
    let numbers = (decimal(a), decimal(b));
    match numbers {
        (Some(x), Some(y)) => match (crate::value::number(a), crate::value::number(b)) {
            (Some(x), Some(y)) => x.cmp(&y),
            _ => x.total_cmp(&y).then_with(|| a.cmp(b)),
        },
        (Some(_), None) => std::cmp::Ordering::Less,
        (None, Some(_)) => std::cmp::Ordering::Greater,
        (None, None) => a.cmp(b),
    }
}

/// The number that a text writes as JSON does.
fn decimal(text: &str) -> Option<f64> {
    let first = *text.as_bytes().first()?;
    if !first.is_ascii_digit() && first != b'-' {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_compare_as_numbers() {
        assert!(Test::Lt.holds("9", "10"));
        assert!(Test::Gte.holds("1.5", "-2"));
        assert!(Test::Lt.holds("10", "a"));
        assert!(Test::Gt.holds("b", "abc"));
        assert!(Test::Lt.holds("9007199254740993", "9007199254740994"));
        assert!(!Test::Lt.holds("1", "1"));
    }

    #[test]
    fn every_entry_is_found() {
        for entry in TABLE {
            assert_eq!(Builtin::parse(entry.name), Some(entry.builtin));
            assert!(entry.builtin.arity().contains(&entry.kinds.len()));
        }
    }
}
