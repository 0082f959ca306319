//! The linker's results as rows of batches.

use graph_model::{
    EdgeType, GLOBAL_MODULE, NodeId, NodeType, STDIO_ID, STDIO_NAME, external_function_id,
    external_module_id, is_standard_global, is_standard_value,
};
use linker::{External, FileLinks, is_builtin, json_string};
use rfdb_protocol::{Batch, Edge, Node, RowSink};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::cache::{FileRecord, Hash};

/// Context under which the linker's results are stored, for each file.
pub(crate) const ENRICHMENT_CONTEXT: &str = "enrichment";

/// Nodes of packages as rows, which most modules of a project name again.
#[derive(Default)]
pub(crate) struct ExternalRows<'e> {
    /// By address: what several modules name they share.
    rows: FxHashMap<*const External, ExternalRow<'e>>,
}

/// Writes the rows of a module's file.
pub(crate) fn push_links<'e>(
    links: &'e FileLinks,
    file: &str,
    externals: &mut ExternalRows<'e>,
    sink: &mut dyn RowSink,
) {
    sink.owner(file, ENRICHMENT_CONTEXT);
    for external in links.externals() {
        let row = externals.rows.entry(external);
        let row = row.or_insert_with(|| ExternalRow::new(external));
        sink.node(row.node());
    }
    for edge in links.edges() {
        sink.edge(Edge {
            src: edge.src.0,
            dst: edge.dst.0,
            edge_type: edge.edge_type.as_str(),
            metadata: edge.metadata,
        });
    }
}

/// Writes the links of a file if they differ from the stored ones, and notes them. Of a file whose module is written too, they
/// are written after it if they may hide edges of it.
pub(crate) fn push_changed_links(
    links: &FileLinks,
    hash: Hash,
    record: &mut FileRecord,
    is_analyzed: bool,
    batch: &mut Batch,
) {
    let differ = record.links.replace(hash) != Some(hash);
    if differ || (is_analyzed && is_written_by_both(links)) {
        push_links(links, &record.path, &mut ExternalRows::default(), batch);
    }
}

/// Whether some of the edges may be the analyzer's too, with other facts: where a value goes into an array by `push` and by an
/// assignment.
fn is_written_by_both(links: &FileLinks) -> bool {
    links
        .edges()
        .any(|edge| edge.edge_type == EdgeType::FlowsInto)
}

/// Writes the edges whose source belongs to no file: a package contains its functions.
pub(crate) fn push_containment<'e>(
    externals: impl IntoIterator<Item = &'e External>,
    batch: &mut Batch,
) {
    batch.owner("", ENRICHMENT_CONTEXT);
    // Most are named by many modules.
    let functions: FxHashSet<(&str, &str)> = externals
        .into_iter()
        .filter_map(|external| match external {
            External::Function { specifier, path } => Some((&**specifier, &**path)),
            External::Module { .. } | External::Stdio => None,
        })
        .collect();
    let mut functions: Vec<_> = functions.into_iter().collect();
    functions.sort_unstable();
    for (specifier, path) in functions {
        batch.push_edge(Edge {
            src: NodeId::of(&external_module_id(specifier)).0,
            dst: NodeId::of(&external_function_id(specifier, path)).0,
            edge_type: EdgeType::Contains.as_str(),
            metadata: "",
        });
    }
}

/// A node of a package.
struct ExternalRow<'e> {
    id: NodeId,
    semantic_id: String,
    node_type: NodeType,
    name: &'e str,
    metadata: String,
}

impl<'e> ExternalRow<'e> {
    fn new(external: &'e External) -> Self {
        let (semantic_id, node_type, name, metadata) = match external {
            External::Module { specifier } => {
                let metadata = if is_builtin(specifier) || **specifier == *GLOBAL_MODULE {
                    r#"{"isBuiltin":true}"#
                } else {
                    ""
                };
                (
                    external_module_id(specifier),
                    NodeType::ExternalModule,
                    &**specifier,
                    metadata.to_owned(),
                )
            }
            External::Stdio => (
                STDIO_ID.to_owned(),
                NodeType::NetStdio,
                STDIO_NAME,
                String::new(),
            ),
            External::Function { specifier, path } => {
                let builtin = if is_builtin(specifier) {
                    r#","isBuiltin":true"#
                } else {
                    ""
                };
                let exported = path.split('.').next().unwrap_or(path);
                let metadata = if **specifier == *GLOBAL_MODULE {
                    global_metadata(path)
                } else {
                    format!(
                        r#"{{"module":{},"exportedName":{}{builtin}}}"#,
                        json_string(specifier),
                        json_string(exported)
                    )
                };
                (
                    external_function_id(specifier, path),
                    NodeType::ExternalFunction,
                    &**path,
                    metadata,
                )
            }
        };
        Self {
            id: NodeId::of(&semantic_id),
            semantic_id,
            node_type,
            name,
            metadata,
        }
    }

    fn node(&self) -> Node<'_> {
        Node {
            id: self.id.0,
            semantic_id: &self.semantic_id,
            node_type: self.node_type.as_str(),
            name: self.name,
            file: "",
            exported: false,
            metadata: &self.metadata,
        }
    }
}

/// Metadata of a member of the global object: what the analyzer writes where it knows the member itself.
fn global_metadata(path: &str) -> String {
    let root = path.split('.').next().unwrap_or(path);
    let builtin = if is_standard_global(root) {
        r#","isBuiltin":true"#
    } else {
        ""
    };
    let value = if is_standard_value(path) {
        r#","isValue":true"#
    } else {
        ""
    };
    format!(
        r#"{{"module":"{GLOBAL_MODULE}","exportedName":{}{builtin}{value}}}"#,
        json_string(path)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn externals_are_written_without_the_prefix_of_node() {
        let mut links = FileLinks::default();
        let read = links.external_function("node:fs", "readFile");
        assert_eq!(read, NodeId::of("EXTERNAL_FUNCTION:fs.readFile"));
        let mut batch = Batch::new();
        push_links(&links, "a.js", &mut ExternalRows::default(), &mut batch);
        let nodes: Vec<_> = batch
            .nodes()
            .iter()
            .map(|n| (n.semantic_id, n.name, n.metadata))
            .collect();
        assert_eq!(
            nodes,
            [
                ("EXTERNAL_MODULE:fs", "fs", r#"{"isBuiltin":true}"#),
                (
                    "EXTERNAL_FUNCTION:fs.readFile",
                    "readFile",
                    r#"{"module":"fs","exportedName":"readFile","isBuiltin":true}"#
                )
            ]
        );
    }
}
