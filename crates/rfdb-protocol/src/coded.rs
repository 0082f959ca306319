//! Rows whose texts are numbers in a dictionary.
//!
//! Whoever makes many rows has most of their texts many times: names, types, the keys of metadata. Handed on as numbers,
//! they need not be written out as text by the one side and taken apart again by the other.

use crate::{Edge, Node, NodeId};

/// Stands for an integer in a template.
pub const INTEGER_HOLE: char = '\u{1}';
/// Stands for the contents of a string in a template, between its quotes.
pub const STRING_HOLE: char = '\u{2}';

/// What the numbers of coded rows mean. Numbers are dense: tables of their size are made.
pub trait RowDictionary {
    /// The text of a number: a name, a part of a semantic id, or the contents of a string in metadata, escaped as in JSON.
    fn text(&self, number: u32) -> &str;

    /// The template of a number: the text of a JSON object with [`INTEGER_HOLE`] in place of integers and [`STRING_HOLE`] in
    /// place of the contents of strings.
    fn template(&self, number: u32) -> &str;

    /// The name of a node or edge type.
    fn type_name(&self, number: u32) -> &str;
}

/// A node whose texts are numbers.
#[derive(Debug, Clone, Copy)]
pub struct CodedNode<'a> {
    /// The key.
    pub id: NodeId,
    /// What the semantic id is made of.
    pub semantic_id: CodedId,
    /// Number of the type.
    pub node_type: u32,
    /// Number of the name.
    pub name: u32,
    /// The path of the file.
    pub file: &'a str,
    /// Whether other modules may import it.
    pub exported: bool,
    /// Metadata.
    pub metadata: CodedMetadata<'a>,
}

/// A semantic id of the form `file->TYPE->name`, with what may follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodedId {
    /// Whether the name stands in it as in its column. If not, it is in the text.
    pub named: bool,
    /// Number of what follows.
    pub text: Option<u32>,
    /// The number after a `#` at the end.
    pub ordinal: Option<u32>,
}

/// An edge between two nodes of the same owner.
#[derive(Debug, Clone, Copy)]
pub struct CodedEdge<'a> {
    /// Source: position among the nodes of the owner.
    pub src: u32,
    /// Target: position among the nodes of the owner.
    pub dst: u32,
    /// Number of the type.
    pub edge_type: u32,
    /// Metadata.
    pub metadata: CodedMetadata<'a>,
}

/// Metadata of a coded row.
#[derive(Debug, Clone, Copy)]
pub enum CodedMetadata<'a> {
    /// The text of a JSON object, or empty for none.
    Text(&'a str),
    /// A template with what fills its holes.
    Filled {
        /// Number of the template.
        template: u32,
        /// One for each hole, in their order: the integer itself, or the number of the text.
        holes: &'a [u32],
    },
}

impl CodedMetadata<'_> {
    /// Appends the text of the JSON object; nothing for none.
    pub fn write(&self, dictionary: &dyn RowDictionary, out: &mut String) {
        match *self {
            CodedMetadata::Text(text) => out.push_str(text),
            CodedMetadata::Filled { template, holes } => {
                fill(dictionary.template(template), holes, dictionary, out);
            }
        }
    }
}

fn fill(template: &str, holes: &[u32], dictionary: &dyn RowDictionary, out: &mut String) {
    let mut holes = holes.iter();
    let mut rest = template;
    while let Some(at) = rest.find([INTEGER_HOLE, STRING_HOLE]) {
        out.push_str(&rest[..at]);
        let is_integer = rest[at..].starts_with(INTEGER_HOLE);
        rest = &rest[at + 1..];
        if let Some(&hole) = holes.next() {
            if is_integer {
                out.push_str(itoa::Buffer::new().format(hole));
            } else {
                out.push_str(dictionary.text(hole));
            }
        }
    }
    out.push_str(rest);
}

/// Writes coded nodes out as text.
#[derive(Debug, Default)]
pub(crate) struct Plain {
    semantic_id: String,
    metadata: String,
}

impl Plain {
    /// The node as text.
    pub(crate) fn node<'a>(
        &'a mut self,
        dictionary: &'a dyn RowDictionary,
        node: &CodedNode<'a>,
    ) -> Node<'a> {
        let (node_type, name) = (
            dictionary.type_name(node.node_type),
            dictionary.text(node.name),
        );
        let id = &mut self.semantic_id;
        id.clear();
        for part in [node.file, "->", node_type, "->"] {
            id.push_str(part);
        }
        if node.semantic_id.named {
            id.push_str(name);
        }
        if let Some(text) = node.semantic_id.text {
            id.push_str(dictionary.text(text));
        }
        if let Some(ordinal) = node.semantic_id.ordinal {
            id.push('#');
            id.push_str(itoa::Buffer::new().format(ordinal));
        }
        self.metadata.clear();
        node.metadata.write(dictionary, &mut self.metadata);
        Node {
            id: node.id,
            semantic_id: &self.semantic_id,
            node_type,
            name,
            file: node.file,
            exported: node.exported,
            metadata: &self.metadata,
        }
    }

    /// The edge as text, between nodes with these ids.
    pub(crate) fn edge<'a>(
        &'a mut self,
        dictionary: &'a dyn RowDictionary,
        edge: &CodedEdge<'_>,
        (src, dst): (NodeId, NodeId),
    ) -> Edge<'a> {
        self.metadata.clear();
        edge.metadata.write(dictionary, &mut self.metadata);
        Edge {
            src,
            dst,
            edge_type: dictionary.type_name(edge.edge_type),
            metadata: &self.metadata,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Batch, RowSink as _};

    struct Dictionary;

    impl RowDictionary for Dictionary {
        fn text(&self, number: u32) -> &str {
            ["f", "[in:g]", "q\\\"", "f[in:g]"][number as usize]
        }

        fn template(&self, _: u32) -> &str {
            "{\"line\":\u{1},\"kind\":\"\u{2}\",\"flag\":true}"
        }

        fn type_name(&self, number: u32) -> &str {
            ["FUNCTION", "CALLS"][number as usize]
        }
    }

    #[test]
    fn a_batch_takes_coded_rows_as_text() {
        let mut batch = Batch::new();
        batch.owner("other", "");
        batch.push_node(Node::default());
        batch.owner("a.js", "");
        let node = |id, semantic_id| CodedNode {
            id,
            semantic_id,
            node_type: 0,
            name: 0,
            file: "a.js",
            exported: true,
            metadata: CodedMetadata::Filled {
                template: 0,
                holes: &[12, 2],
            },
        };
        let named = CodedId {
            named: true,
            text: Some(1),
            ordinal: Some(2),
        };
        let whole = CodedId {
            named: false,
            text: Some(3),
            ordinal: None,
        };
        batch.coded_nodes(&Dictionary, &[node(7, named), node(8, whole)]);
        batch.coded_edges(
            &Dictionary,
            &[CodedEdge {
                src: 1,
                dst: 0,
                edge_type: 1,
                metadata: CodedMetadata::Text(""),
            }],
        );
        let section = &batch.sections()[1];
        let nodes: Vec<Node<'_>> = batch.nodes_of(section).collect();
        assert_eq!(
            nodes[0],
            Node {
                id: 7,
                semantic_id: "a.js->FUNCTION->f[in:g]#2",
                node_type: "FUNCTION",
                name: "f",
                file: "a.js",
                exported: true,
                metadata: r#"{"line":12,"kind":"q\"","flag":true}"#,
            }
        );
        assert_eq!(nodes[1].semantic_id, "a.js->FUNCTION->f[in:g]");
        let edges: Vec<Edge<'_>> = batch.edges_of(section).collect();
        assert_eq!((edges[0].src, edges[0].dst), (8, 7));
        assert_eq!((edges[0].edge_type, edges[0].metadata), ("CALLS", ""));
    }
}
