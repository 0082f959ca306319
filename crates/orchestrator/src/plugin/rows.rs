//! What a plugin adds to the graph.

use std::collections::BTreeMap;

use graph_model::{NodeId, NodeType, escape_name};
use rfdb_protocol::{Batch, Edge, Node};

use super::PluginError;
use crate::Phase;

/// Types of nodes above the modules.
pub(crate) const ABOVE: &[NodeType] = &[NodeType::Project, NodeType::Service];

/// Nodes and edges of one plugin. Each belongs to a file, or to none.
#[derive(Debug)]
pub struct Rows {
    context: String,
    phase: Phase,
    files: BTreeMap<String, Batch>,
    /// Files of the nodes that were written, so that their edges belong to them.
    owners: BTreeMap<u128, String>,
    ordinals: Ordinals,
}

/// How many nodes of a type and name each file has.
#[derive(Debug, Default)]
pub(crate) struct Ordinals(BTreeMap<(String, String, String), u32>);

impl Ordinals {
    /// The id of the next node of a file, type and name.
    pub(crate) fn next_id(&mut self, file: &str, node_type: &str, name: &str) -> String {
        let key = (file.to_owned(), node_type.to_owned(), name.to_owned());
        let ordinal = self.0.entry(key).or_insert(0);
        *ordinal += 1;
        let suffix = match *ordinal {
            1 => String::new(),
            more => format!("#{more}"),
        };
        let escaped = escape_name(name);
        if file.is_empty() {
            format!("{node_type}:{escaped}{suffix}")
        } else {
            format!("{file}->{node_type}->{escaped}{suffix}")
        }
    }
}

/// The context under which the rows of a plugin are stored.
pub(super) fn context(plugin: &str) -> String {
    format!("plugin:{plugin}")
}

impl Rows {
    pub(crate) fn new(plugin: &str, phase: Phase) -> Self {
        Rows {
            context: context(plugin),
            phase,
            files: BTreeMap::new(),
            owners: BTreeMap::new(),
            ordinals: Ordinals::default(),
        }
    }

    fn of(&mut self, file: &str) -> &mut Batch {
        let context = &self.context;
        self.files.entry(file.to_owned()).or_insert_with(|| {
            let mut batch = Batch::new();
            batch.owner(file, context);
            batch
        })
    }

    /// Adds a node. `position` is its line, from 1, and column, from 0; `metadata` is the text of a JSON object, and must
    /// not name a position. Of several nodes of one type and name in a file, each gets a number.
    ///
    /// # Errors
    /// The type is one of the analyzer's (INDEXING may add nodes of the types PROJECT and SERVICE), or the metadata is no JSON object.
    pub fn node(
        &mut self,
        file: &str,
        node_type: &str,
        name: &str,
        position: (u32, u32),
        metadata: &str,
    ) -> Result<NodeId, PluginError> {
        self.spanning(file, node_type, name, (position, position), metadata)
    }

    /// As [`Rows::node`], for a node that covers a span.
    ///
    /// # Errors
    /// As [`Rows::node`].
    pub fn spanning(
        &mut self,
        file: &str,
        node_type: &str,
        name: &str,
        (start, end): ((u32, u32), (u32, u32)),
        metadata: &str,
    ) -> Result<NodeId, PluginError> {
        let is_above = self.phase == Phase::Indexing
            && NodeType::parse(node_type).is_some_and(|node_type| ABOVE.contains(&node_type));
        if node_type.is_empty() || (NodeType::parse(node_type).is_some() && !is_above) {
            return Err(PluginError(format!(
                "a plugin cannot write nodes of the type `{node_type}`; it needs a type of its own, such as `mine:{}`",
                node_type.to_lowercase()
            )));
        }
        let extra: serde_json::Map<String, serde_json::Value> = serde_json::from_str(metadata)
            .map_err(|e| {
                PluginError(format!(
                    "the metadata of {node_type} {name} is no JSON object: {e}"
                ))
            })?;
        let mut object = serde_json::Map::new();
        if !file.is_empty() {
            for (key, value) in [
                ("line", start.0),
                ("column", start.1),
                ("endLine", end.0),
                ("endColumn", end.1),
            ] {
                object.insert(key.to_owned(), value.into());
            }
        }
        object.extend(extra);
        let semantic_id = self.ordinals.next_id(file, node_type, name);
        let id = NodeId::of(&semantic_id);
        self.of(file).push_node(Node {
            id: id.0,
            semantic_id: &semantic_id,
            node_type,
            name,
            file,
            exported: false,
            metadata: &serde_json::Value::Object(object).to_string(),
        });
        self.owners.insert(id.0, file.to_owned());
        Ok(id)
    }

    /// Adds an edge. `metadata` is the text of a JSON object, or empty.
    pub fn edge(&mut self, src: NodeId, edge_type: &str, dst: NodeId, metadata: &str) {
        let file = self
            .owners
            .get(&src.0)
            .or_else(|| self.owners.get(&dst.0))
            .cloned()
            .unwrap_or_default();
        self.edge_of(&file, src, edge_type, dst, metadata);
    }

    /// As [`Rows::edge`], from a node that another wrote and that belongs to a file.
    pub fn edge_of(
        &mut self,
        file: &str,
        src: NodeId,
        edge_type: &str,
        dst: NodeId,
        metadata: &str,
    ) {
        let metadata = if metadata == "{}" { "" } else { metadata };
        let batch = match self.files.get_mut(file) {
            Some(batch) => batch,
            None => self.of(file),
        };
        batch.push_edge(Edge {
            src: src.0,
            dst: dst.0,
            edge_type,
            metadata,
        });
    }

    /// Whether all rows belong to one file.
    pub(super) fn only_of(&self, file: &str) -> bool {
        self.files.keys().all(|of| of == file)
    }

    /// Number of nodes.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.files.values().map(|batch| batch.nodes().len()).sum()
    }

    /// Adds what another instance of the same plugin wrote, about other files.
    pub(super) fn append(&mut self, other: Rows) {
        self.owners.extend(other.owners);
        for (file, batch) in other.files {
            match self.files.entry(file) {
                std::collections::btree_map::Entry::Vacant(entry) => {
                    entry.insert(batch);
                }
                std::collections::btree_map::Entry::Occupied(mut entry) => {
                    entry.get_mut().append(&batch);
                }
            }
        }
    }

    /// All rows, file by file.
    pub(crate) fn into_batch(self) -> Batch {
        let mut files = self.files.into_values();
        let mut all = files.next().unwrap_or_default();
        files.for_each(|batch| all.append(&batch));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_belong_to_the_plugin_and_to_files() {
        let mut rows = Rows::new("p", Phase::Analysis);
        let a = rows.node("a.js", "p:x", "n", (1, 2), "{\"k\":1}").unwrap();
        let b = rows.node("a.js", "p:x", "n", (2, 0), "{}").unwrap();
        rows.edge(a, "P_EDGE", b, "");
        rows.edge(NodeId(7), "CONTAINS", a, "{}");
        let batch = rows.into_batch();
        assert_eq!(batch.sections().len(), 1);
        assert_eq!(&*batch.sections()[0].context, "plugin:p");
        let ids: Vec<&str> = batch.nodes().iter().map(|n| n.semantic_id).collect();
        assert_eq!(ids, ["a.js->p:x->n", "a.js->p:x->n#2"]);
        assert_eq!(batch.edges().len(), 2);
    }

    #[test]
    fn types_of_the_analyzer_are_refused() {
        let error = Rows::new("p", Phase::Analysis)
            .node("a.js", "FUNCTION", "f", (1, 0), "{}")
            .unwrap_err();
        assert!(error.0.contains("mine:function"), "{error}");
        assert!(
            Rows::new("p", Phase::Analysis)
                .node("a.js", "p:f", "f", (1, 0), "[]")
                .is_err()
        );
        let service = |phase| Rows::new("p", phase).node("", "SERVICE", "s", (1, 0), "{}");
        assert!(service(Phase::Enrichment).is_err());
        assert_eq!(service(Phase::Indexing), Ok(NodeId::of("SERVICE:s")));
    }
}
