//! What link passes produce.

use std::borrow::Cow;
use std::collections::BTreeSet;

use graph_model::{EdgeType, NodeId, STDIO_ID, external_function_id, external_module_id};
use rustc_hash::FxHashMap;

/// An edge that a pass found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkEdge {
    /// Source: a node of the module that the pass looks at.
    pub src: NodeId,
    /// Destination.
    pub dst: NodeId,
    /// Type.
    pub edge_type: EdgeType,
    /// Text of a JSON object, or empty.
    pub metadata: Cow<'static, str>,
}

/// A node of a package, named by the edges of a module.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum External {
    /// EXTERNAL_MODULE.
    Module {
        /// Specifier without `node:`.
        specifier: Box<str>,
    },
    /// EXTERNAL_FUNCTION.
    Function {
        /// Specifier without `node:`.
        specifier: Box<str>,
        /// Names, joined by dots.
        path: Box<str>,
    },
    /// Console and process output.
    Stdio,
}

/// What the passes found for one module.
#[derive(Debug, Default)]
pub struct FileLinks {
    edges: Vec<LinkEdge>,
    positions: FxHashMap<(NodeId, NodeId, EdgeType), u32>,
    externals: BTreeSet<External>,
    /// Ids of the members of packages that were named before, by specifier and path with a 0 between.
    functions: FxHashMap<Box<str>, NodeId>,
    /// Room for such a key.
    key: String,
}

impl FileLinks {
    /// None yet, and room for about so many edges.
    pub(crate) fn with_capacity(edges: usize) -> Self {
        FileLinks {
            edges: Vec::with_capacity(edges),
            positions: FxHashMap::with_capacity_and_hasher(edges, rustc_hash::FxBuildHasher),
            ..FileLinks::default()
        }
    }

    /// Makes room for more edges.
    pub(crate) fn reserve(&mut self, edges: usize) {
        self.edges.reserve(edges);
        self.positions.reserve(edges);
    }

    /// Adds an edge. If it is there already, its first metadata stays and other metadata is added under `also`.
    pub fn add(&mut self, edge: LinkEdge) {
        match self.positions.entry((edge.src, edge.dst, edge.edge_type)) {
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert(self.edges.len() as u32);
                self.edges.push(edge);
            }
            std::collections::hash_map::Entry::Occupied(entry) => {
                let first = &mut self.edges[*entry.get() as usize];
                if first.metadata != edge.metadata {
                    first.metadata = add_also(&first.metadata, &edge.metadata).into();
                }
            }
        }
    }

    /// Adds an edge by its parts.
    pub fn edge(
        &mut self,
        src: NodeId,
        edge_type: EdgeType,
        dst: NodeId,
        metadata: impl Into<Cow<'static, str>>,
    ) {
        self.add(LinkEdge {
            src,
            dst,
            edge_type,
            metadata: metadata.into(),
        });
    }

    /// The node of a package.
    pub fn external_module(&mut self, specifier: &str) -> NodeId {
        let specifier = plain(specifier);
        let id = NodeId::of(&external_module_id(specifier));
        self.externals.insert(External::Module {
            specifier: specifier.into(),
        });
        id
    }

    /// The node of a member of a package.
    pub fn external_function(&mut self, specifier: &str, path: &str) -> NodeId {
        let specifier = plain(specifier);
        self.key.clear();
        self.key.extend([specifier, "\0", path]);
        if let Some(&id) = self.functions.get(self.key.as_str()) {
            return id;
        }
        let id = NodeId::of(&external_function_id(specifier, path));
        self.functions.insert(self.key.as_str().into(), id);
        self.externals.insert(External::Module {
            specifier: specifier.into(),
        });
        self.externals.insert(External::Function {
            specifier: specifier.into(),
            path: path.into(),
        });
        id
    }

    /// The node of console and process output.
    pub fn stdio(&mut self) -> NodeId {
        self.externals.insert(External::Stdio);
        NodeId::of(STDIO_ID)
    }

    /// Number of edges.
    #[must_use]
    pub fn len(&self) -> usize {
        self.edges.len()
    }

    /// Whether there is no edge.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.edges.is_empty()
    }

    /// The edges, in the order in which they were found.
    #[must_use]
    pub fn edges(&self) -> &[LinkEdge] {
        &self.edges
    }

    /// The nodes of packages, sorted.
    pub fn externals(&self) -> impl Iterator<Item = &External> {
        self.externals.iter()
    }
}

impl External {
    /// Semantic id of the node.
    #[must_use]
    pub fn id(&self) -> String {
        match self {
            External::Module { specifier } => external_module_id(specifier),
            External::Function { specifier, path } => external_function_id(specifier, path),
            External::Stdio => STDIO_ID.to_owned(),
        }
    }
}

fn plain(specifier: &str) -> &str {
    specifier.strip_prefix("node:").unwrap_or(specifier)
}

/// A text as a JSON string.
#[must_use]
pub fn json_string(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    push_json_string(&mut json, text);
    json
}

/// Appends a text as a JSON string.
pub(crate) fn push_json_string(json: &mut String, text: &str) {
    // Without a way out of the loop, so that it looks at many bytes at once.
    let special = |found: bool, b: u8| found | (b < 0x20) | (b == b'"') | (b == b'\\');
    if !text.bytes().fold(false, special) {
        json.push('"');
        json.push_str(text);
        json.push('"');
    } else {
        json.push_str(&serde_json::Value::from(text).to_string());
    }
}

/// Appends a number.
pub(crate) fn push_number(json: &mut String, number: u32) {
    if number < 10 {
        json.push(char::from(b'0' + number as u8));
    } else {
        json.push_str(&number.to_string());
    }
}

/// Adds metadata of a further edge with the same ends and type to the list `also` of the first.
fn add_also(first: &str, other: &str) -> String {
    let parse = |text: &str| -> serde_json::Map<String, serde_json::Value> {
        serde_json::from_str(if text.is_empty() { "{}" } else { text }).unwrap_or_default()
    };
    let (mut first, other) = (parse(first), parse(other));
    let same = |map: &serde_json::Map<String, serde_json::Value>| {
        map.iter().filter(|(k, _)| *k != "also").eq(other.iter())
    };
    if !same(&first) {
        let also = first
            .entry("also")
            .or_insert_with(|| serde_json::Value::Array(Vec::new()));
        if let Some(list) = also.as_array_mut() {
            let other = serde_json::Value::Object(other);
            if !list.contains(&other) {
                list.push(other);
            }
        }
    }
    serde_json::Value::Object(first).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edge_is_kept_once_with_all_that_was_said_of_it() {
        let mut links = FileLinks::default();
        let (a, b) = (NodeId(1), NodeId(2));
        for metadata in [
            r#"{"imported":"x"}"#,
            r#"{"imported":"y"}"#,
            r#"{"imported":"x"}"#,
            r#"{"imported":"y"}"#,
        ] {
            links.edge(a, EdgeType::ImportsFrom, b, metadata);
        }
        links.edge(a, EdgeType::DependsOn, b, "");
        assert_eq!(links.len(), 2);
        assert_eq!(
            links.edges()[0].metadata,
            r#"{"imported":"x","also":[{"imported":"y"}]}"#
        );
    }
}
