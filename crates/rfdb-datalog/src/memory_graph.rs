//! A small graph in memory, for examples and tests.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::ops::ControlFlow;

use crate::graph::{Graph, VisitEdge, metadata_field, node_id};

#[derive(Debug, Clone, Default)]
struct Node {
    node_type: String,
    attributes: BTreeMap<String, String>,
}

/// A graph in memory. It is meant for examples and tests: every question but those for single nodes walks over all of it.
#[derive(Debug, Clone, Default)]
pub struct MemoryGraph {
    nodes: BTreeMap<u128, Node>,
    edges: BTreeMap<(u128, u128, String), String>,
    node_counts: BTreeMap<String, u64>,
    edge_counts: BTreeMap<String, u64>,
}

impl MemoryGraph {
    /// Adds a node, with its semantic id or number, and its attributes.
    pub fn node(&mut self, id: &str, node_type: &str, attributes: &[(&str, &str)]) -> u128 {
        let number = node_id(id);
        let mut node = Node {
            node_type: node_type.to_owned(),
            attributes: attributes
                .iter()
                .map(|&(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        };
        node.attributes.insert("semantic_id".into(), id.into());
        if let Some(before) = self.nodes.insert(number, node)
            && let Some(count) = self.node_counts.get_mut(&before.node_type)
        {
            *count -= 1;
        }
        *self.node_counts.entry(node_type.into()).or_default() += 1;
        self.node_counts.retain(|_, count| *count > 0);
        number
    }

    /// Adds an edge.
    pub fn edge(&mut self, src: &str, dst: &str, edge_type: &str, metadata: &str) {
        let key = (node_id(src), node_id(dst), edge_type.to_owned());
        if self.edges.insert(key, metadata.to_owned()).is_none() {
            *self.edge_counts.entry(edge_type.into()).or_default() += 1;
        }
    }

    /// Ids of all nodes.
    pub fn ids(&self) -> impl Iterator<Item = u128> + '_ {
        self.nodes.keys().copied()
    }

    /// All texts that attributes, types and metadata fields may have, for checks by enumeration.
    #[must_use]
    pub fn texts(&self) -> BTreeSet<String> {
        let nodes = self.nodes.values();
        nodes
            .flat_map(|node| node.attributes.values().chain([&node.node_type]))
            .chain(self.edges.keys().map(|(_, _, edge_type)| edge_type))
            .cloned()
            .collect()
    }

    fn walk(
        &self,
        wanted: impl Fn(u128, u128, &str) -> bool,
        visit: &mut VisitEdge<'_>,
    ) -> Result<(), Infallible> {
        for (src, dst, edge_type) in self.edges.keys() {
            if wanted(*src, *dst, edge_type) && visit(*src, *dst, edge_type).is_break() {
                break;
            }
        }
        Ok(())
    }
}

impl Graph for MemoryGraph {
    type Error = Infallible;
    type EdgeType = String;

    fn edge_type(&self, name: &str) -> Result<String, Infallible> {
        Ok(name.to_owned())
    }

    fn count_nodes(&self) -> Result<Cow<'_, BTreeMap<String, u64>>, Infallible> {
        Ok(Cow::Borrowed(&self.node_counts))
    }

    fn count_edges(&self) -> Result<Cow<'_, BTreeMap<String, u64>>, Infallible> {
        Ok(Cow::Borrowed(&self.edge_counts))
    }

    fn nodes(
        &self,
        node_type: &str,
        visit: &mut dyn FnMut(u128) -> ControlFlow<()>,
    ) -> Result<(), Infallible> {
        for (&id, node) in &self.nodes {
            let matches = match node_type.strip_suffix('*') {
                Some(prefix) => node.node_type.starts_with(prefix.trim_end_matches('*')),
                None => node.node_type == node_type,
            };
            if matches && visit(id).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn nodes_with(
        &self,
        name: &str,
        value: &str,
        visit: &mut dyn FnMut(u128) -> ControlFlow<()>,
    ) -> Result<(), Infallible> {
        for &id in self.nodes.keys() {
            if self.attribute(id, name)?.as_deref() == Some(value) && visit(id).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn node_type(&self, id: u128) -> Result<Option<&str>, Infallible> {
        Ok(self.nodes.get(&id).map(|node| node.node_type.as_str()))
    }

    fn attribute(&self, id: u128, name: &str) -> Result<Option<Cow<'_, str>>, Infallible> {
        let Some(node) = self.nodes.get(&id) else {
            return Ok(None);
        };
        Ok(match name {
            "type" => Some(Cow::Borrowed(node.node_type.as_str())),
            "id" => Some(Cow::Owned(id.to_string())),
            name => node.attributes.get(name).map(|v| Cow::Borrowed(v.as_str())),
        })
    }

    fn outgoing(
        &self,
        id: u128,
        edge_type: Option<&String>,
        visit: &mut VisitEdge<'_>,
    ) -> Result<(), Infallible> {
        self.walk(
            |src, _, t| src == id && edge_type.is_none_or(|w| w == t),
            visit,
        )
    }

    fn incoming(
        &self,
        id: u128,
        edge_type: Option<&String>,
        visit: &mut VisitEdge<'_>,
    ) -> Result<(), Infallible> {
        self.walk(
            |_, dst, t| dst == id && edge_type.is_none_or(|w| w == t),
            visit,
        )
    }

    fn edges(
        &self,
        edge_type: Option<&String>,
        visit: &mut VisitEdge<'_>,
    ) -> Result<(), Infallible> {
        self.walk(|_, _, t| edge_type.is_none_or(|w| w == t), visit)
    }

    fn edge_attribute(
        &self,
        src: u128,
        dst: u128,
        edge_type: &str,
        name: &str,
    ) -> Result<Option<Cow<'_, str>>, Infallible> {
        let metadata = self.edges.get(&(src, dst, edge_type.to_owned()));
        Ok(metadata
            .and_then(|m| metadata_field(m, name))
            .map(Cow::Owned))
    }
}
