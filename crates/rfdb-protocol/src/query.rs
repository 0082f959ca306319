//! Conditions on nodes, and the direction of edges.

use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

/// Conditions on a node, all of which it must fulfil. None at all matches every node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AttrQuery {
    /// A type, or the beginning of types with a `*` behind it.
    pub node_type: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// The file.
    pub file: Option<String>,
    /// Whether it is exported.
    pub exported: Option<bool>,
    /// Take `name` and `file` as parts of the name and the file; an empty one is then no condition.
    pub substring_match: bool,
    /// Top-level metadata keys and the text of their values.
    pub metadata: Vec<(String, String)>,
}

impl Serialize for AttrQuery {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in [
            ("nodeType", &self.node_type),
            ("name", &self.name),
            ("file", &self.file),
        ] {
            if let Some(value) = value {
                map.serialize_entry(key, value)?;
            }
        }
        if let Some(exported) = self.exported {
            map.serialize_entry("exported", &exported)?;
        }
        if self.substring_match {
            map.serialize_entry("substringMatch", &true)?;
        }
        for (key, value) in &self.metadata {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// The value of a filter as text; nil, lists and maps are no filter.
struct FilterText(Option<String>);

impl<'de> Deserialize<'de> for FilterText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = FilterText;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, a boolean or a number")
            }
            fn visit_bool<E>(self, value: bool) -> Result<FilterText, E> {
                Ok(FilterText(Some(value.to_string())))
            }
            fn visit_i64<E>(self, value: i64) -> Result<FilterText, E> {
                Ok(FilterText(Some(value.to_string())))
            }
            fn visit_u64<E>(self, value: u64) -> Result<FilterText, E> {
                Ok(FilterText(Some(value.to_string())))
            }
            fn visit_f64<E>(self, value: f64) -> Result<FilterText, E> {
                // `{:?}` is the form with a fraction or an exponent, as JSON writes it.
                Ok(FilterText(value.is_finite().then(|| format!("{value:?}"))))
            }
            fn visit_str<E>(self, value: &str) -> Result<FilterText, E> {
                Ok(FilterText(Some(value.into())))
            }
            fn visit_bytes<E>(self, value: &[u8]) -> Result<FilterText, E> {
                Ok(FilterText(
                    std::str::from_utf8(value).ok().map(String::from),
                ))
            }
            fn visit_unit<E>(self) -> Result<FilterText, E> {
                Ok(FilterText(None))
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut seq: A,
            ) -> Result<FilterText, A::Error> {
                while seq.next_element::<serde::de::IgnoredAny>()?.is_some() {}
                Ok(FilterText(None))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FilterText, A::Error> {
                while map
                    .next_entry::<serde::de::IgnoredAny, serde::de::IgnoredAny>()?
                    .is_some()
                {}
                Ok(FilterText(None))
            }
        }
        deserializer.deserialize_any(TextVisitor)
    }
}

impl<'de> Deserialize<'de> for AttrQuery {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct QueryVisitor;
        impl<'de> Visitor<'de> for QueryVisitor {
            type Value = AttrQuery;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of conditions")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<AttrQuery, A::Error> {
                let mut query = AttrQuery::default();
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "nodeType" => query.node_type = map.next_value()?,
                        "name" => query.name = map.next_value()?,
                        "file" => query.file = map.next_value()?,
                        "exported" => query.exported = map.next_value()?,
                        "substringMatch" => {
                            query.substring_match =
                                map.next_value::<Option<bool>>()?.unwrap_or_default();
                        }
                        _ => {
                            if let FilterText(Some(text)) = map.next_value()? {
                                query.metadata.push((key, text));
                            }
                        }
                    }
                }
                Ok(query)
            }
        }
        deserializer.deserialize_map(QueryVisitor)
    }
}

/// Which edges of a node are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Direction {
    /// Those that start at it.
    Outgoing,
    /// Those that end at it.
    Incoming,
    /// First those that start at it, then those that end at it; a loop twice.
    Both,
}

impl From<String> for Direction {
    fn from(text: String) -> Self {
        match text.as_str() {
            "outgoing" => Self::Outgoing,
            "incoming" => Self::Incoming,
            _ => Self::Both,
        }
    }
}

impl From<Direction> for String {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::Outgoing => "outgoing",
            Direction::Incoming => "incoming",
            Direction::Both => "both",
        }
        .into()
    }
}
