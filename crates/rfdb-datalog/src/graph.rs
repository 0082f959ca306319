//! What the evaluator asks a graph for.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// Called with the source, the target and the type of an edge; may end the walk.
pub type VisitEdge<'a> = dyn FnMut(u128, u128, &str) -> ControlFlow<()> + 'a;

/// A graph that does not change while it is asked. Every walk has an order of its own that is always the same, and
/// meets each node and each edge once.
pub trait Graph {
    /// Why the graph cannot be read.
    type Error: std::error::Error + Send + Sync + 'static;
    /// An edge type that was looked up once.
    type EdgeType: Clone;

    /// Looks an edge type up. The name is taken exactly.
    ///
    /// # Errors
    /// The graph cannot be read; so for all others.
    fn edge_type(&self, name: &str) -> Result<Self::EdgeType, Self::Error>;

    /// Number of nodes of each type.
    ///
    /// # Errors
    /// As said.
    fn count_nodes(&self) -> Result<Cow<'_, BTreeMap<String, u64>>, Self::Error>;

    /// Number of edges of each type.
    ///
    /// # Errors
    /// As said.
    fn count_edges(&self) -> Result<Cow<'_, BTreeMap<String, u64>>, Self::Error>;

    /// Walks over the nodes of a type; a type may end in `*`.
    ///
    /// # Errors
    /// As said.
    fn nodes(
        &self,
        node_type: &str,
        visit: &mut dyn FnMut(u128) -> ControlFlow<()>,
    ) -> Result<(), Self::Error>;

    /// Walks over the nodes with an attribute, as [`Graph::attribute`] would give it.
    ///
    /// # Errors
    /// As said.
    fn nodes_with(
        &self,
        name: &str,
        value: &str,
        visit: &mut dyn FnMut(u128) -> ControlFlow<()>,
    ) -> Result<(), Self::Error>;

    /// The type of a node.
    ///
    /// # Errors
    /// As said.
    fn node_type(&self, id: u128) -> Result<Option<&str>, Self::Error>;

    /// An attribute of a node: `name`, `file`, `type`, `exported`, `id`, `semantic_id`, or one of its metadata.
    ///
    /// # Errors
    /// As said.
    fn attribute(&self, id: u128, name: &str) -> Result<Option<Cow<'_, str>>, Self::Error>;

    /// Walks over the edges that start at a node, of one type or of all.
    ///
    /// # Errors
    /// As said.
    fn outgoing(
        &self,
        id: u128,
        edge_type: Option<&Self::EdgeType>,
        visit: &mut VisitEdge<'_>,
    ) -> Result<(), Self::Error>;

    /// Walks over the edges that point to a node, of one type or of all.
    ///
    /// # Errors
    /// As said.
    fn incoming(
        &self,
        id: u128,
        edge_type: Option<&Self::EdgeType>,
        visit: &mut VisitEdge<'_>,
    ) -> Result<(), Self::Error>;

    /// Walks over all edges, of one type or of all.
    ///
    /// # Errors
    /// As said.
    fn edges(
        &self,
        edge_type: Option<&Self::EdgeType>,
        visit: &mut VisitEdge<'_>,
    ) -> Result<(), Self::Error>;

    /// A field of the metadata of an edge.
    ///
    /// # Errors
    /// As said.
    fn edge_attribute(
        &self,
        src: u128,
        dst: u128,
        edge_type: &str,
        name: &str,
    ) -> Result<Option<Cow<'_, str>>, Self::Error>;
}

/// The number of a node that a text names: a decimal number below 2^128 is that number, anything else is hashed.
#[must_use]
pub fn node_id(text: &str) -> u128 {
    let digits = text.strip_prefix('+').unwrap_or(text);
    if !digits.is_empty()
        && digits.bytes().all(|b| b.is_ascii_digit())
        && let Ok(number) = digits.parse()
    {
        return number;
    }
    let hash = blake3::hash(text.as_bytes());
    let mut first = [0; 16];
    first.copy_from_slice(&hash.as_bytes()[..16]);
    u128::from_le_bytes(first)
}

/// A field of a metadata object as Datalog sees it: strings as they are, numbers and booleans as JSON writes them, nothing
/// else. The name is tried as a key first, and then, if it has dots, as a path through objects.
#[must_use]
pub fn metadata_field(metadata: &str, name: &str) -> Option<String> {
    if metadata.is_empty() {
        return None;
    }
    // Most texts do not have the field; looking for its quoted name is cheaper than parsing.
    let first = name.split('.').next().unwrap_or(name);
    if !metadata.contains(first) && !metadata.contains('\\') {
        return None;
    }
    let object: serde_json::Value = serde_json::from_str(metadata).ok()?;
    let mut found = object.get(name);
    if found.is_none() && name.contains('.') {
        found = name
            .split('.')
            .try_fold(&object, |value, key| value.get(key));
    }
    match found? {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        serde_json::Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_metadata() {
        let text = r#"{"a.b":"x","a":{"b":1,"c":{"d":true}},"n":1.50,"l":[1],"z":null,"q\"":"y"}"#;
        for (name, value) in [
            ("a.b", Some("x")),
            ("a.c.d", Some("true")),
            ("n", Some("1.5")),
            ("q\"", Some("y")),
            ("a", None),
            ("l", None),
            ("l.0", None),
            ("z", None),
            ("a..b", None),
            ("", None),
        ] {
            assert_eq!(metadata_field(text, name).as_deref(), value, "{name}");
        }
        assert_eq!(metadata_field("", "a"), None);
        assert_eq!(metadata_field("{", "a"), None);
    }

    #[test]
    fn ids_are_numbers_or_hashes() {
        assert_eq!(node_id("042"), 42);
        assert_eq!(node_id("+42"), 42);
        assert_eq!(node_id("a"), 216574666740290548698916528555046172183);
        assert_ne!(node_id(" 42"), 42);
    }
}
