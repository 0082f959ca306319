//! The graph of one module, as the analyzer returns it.
//!
//! Texts are numbers in a dictionary that the graph owns, and metadata are templates with what fills their holes: nearly
//! all texts of a module come many times. Whoever stores the graph can take the numbers ([`ModuleGraph::coded_id`],
//! [`ModuleGraph::coded_node_metadata`]); whoever reads it has the texts put together.

use std::sync::Arc;

use graph_model::summary::{Names, Sym};
use graph_model::{EdgeType, NodeId, NodeType, Span};

use crate::builder::metadata::{fill, push_int};
use crate::builder::templates::UsedTemplates;

/// A part of the text that a [`ModuleGraph`] owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TextRange {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// How the metadata of a row are kept: as text, or as the number of a template and the values that fill it. Rows are many, so
/// that their size counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stored {
    /// [`Stored::TEXT`] if there is none.
    template: u32,
    /// Of the text, or of [`ModuleGraph::holes`].
    range: TextRange,
}

impl Stored {
    /// No metadata.
    pub(crate) const NONE: Stored = Stored::text(TextRange { start: 0, end: 0 });
    const TEXT: u32 = u32::MAX;

    /// As text.
    pub(crate) const fn text(range: TextRange) -> Stored {
        Stored {
            template: Stored::TEXT,
            range,
        }
    }

    /// As the number of a template, with values from [`ModuleGraph::holes`].
    pub(crate) fn filled(template: u32, holes: TextRange) -> Stored {
        Stored {
            template,
            range: holes,
        }
    }
}

/// How the semantic id of a node is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StoredId {
    kind: IdKind,
    /// Number of the text after the name, or [`StoredId::NONE`]; of a whole id its start.
    text: u32,
    /// The number after that, or 0 for none; of a whole id its end.
    ordinal: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum IdKind {
    /// A text, for nodes without a file.
    Whole,
    /// The name is no part of it.
    Unnamed,
    /// The name comes first.
    Named,
}

impl StoredId {
    const NONE: u32 = u32::MAX;

    /// As text.
    pub(crate) fn whole(range: TextRange) -> StoredId {
        StoredId {
            kind: IdKind::Whole,
            text: range.start,
            ordinal: range.end,
        }
    }

    /// By its parts.
    pub(crate) fn parts(id: CodedId) -> StoredId {
        StoredId {
            kind: if id.named {
                IdKind::Named
            } else {
                IdKind::Unnamed
            },
            text: id.text.unwrap_or(StoredId::NONE),
            ordinal: id.ordinal.unwrap_or(0),
        }
    }

    fn read(self) -> ReadId {
        if self.kind == IdKind::Whole {
            return ReadId::Whole(TextRange {
                start: self.text,
                end: self.ordinal,
            });
        }
        ReadId::Parts(CodedId {
            named: self.kind == IdKind::Named,
            text: Some(self.text).filter(|&text| text != StoredId::NONE),
            ordinal: Some(self.ordinal).filter(|&ordinal| ordinal != 0),
        })
    }
}

/// A [`StoredId`] as it is read.
enum ReadId {
    Whole(TextRange),
    Parts(CodedId),
}

/// A node of the graph. Its texts are read through [`ModuleGraph`].
#[derive(Debug, Clone, Copy)]
pub struct Node {
    /// Hash of the semantic id.
    pub id: NodeId,
    /// Type.
    pub node_type: NodeType,
    /// Whether an export of the module names it.
    pub exported: bool,
    /// Whether the node has a file and a position. Nodes of external functions have none.
    pub in_file: bool,
    /// Place in the file; zero for nodes without a file.
    pub span: Span,
    /// Number of the name.
    pub name: u32,
    pub(crate) semantic_id: StoredId,
    pub(crate) metadata: Stored,
}

/// An edge between two nodes of one [`ModuleGraph`].
#[derive(Debug, Clone, Copy)]
pub struct Edge {
    /// Index of the source in [`ModuleGraph::nodes`].
    pub src: u32,
    /// Index of the destination in [`ModuleGraph::nodes`].
    pub dst: u32,
    /// Type.
    pub edge_type: EdgeType,
    pub(crate) metadata: Stored,
}

/// The parts of a semantic id after `file->TYPE->`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodedId {
    /// Whether the name comes first, as it stands in its column.
    pub named: bool,
    /// Number of the text that comes next.
    pub text: Option<u32>,
    /// The number that comes last, after a `#`.
    pub ordinal: Option<u32>,
}

/// Metadata of a node or an edge.
#[derive(Debug, Clone, Copy)]
pub enum CodedMetadata<'a> {
    /// The text of a JSON object, or empty for none.
    Text(&'a str),
    /// A template and what fills it.
    Filled {
        /// Number of the template.
        template: u32,
        /// One for each hole, in their order: the integer itself, or the number of the text.
        holes: &'a [u32],
    },
}

/// Nodes and edges of one module.
///
/// Nodes stand in source order (start, then longer first); nodes without a file
/// come last, by id. No two edges share source, destination and type.
#[derive(Debug, Default)]
pub struct ModuleGraph {
    pub(crate) file: String,
    pub(crate) names: Arc<Names>,
    pub(crate) texts: Names,
    pub(crate) templates: UsedTemplates,
    pub(crate) holes: Vec<u32>,
    pub(crate) plain: String,
    pub(crate) nodes: Vec<Node>,
    pub(crate) edges: Vec<Edge>,
}

impl ModuleGraph {
    /// Path of the module, relative to the project, with `/`.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// All nodes; the MODULE node is the first.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// All edges.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// The id of a node as text.
    pub fn semantic_id(&self, node: &Node) -> String {
        let mut out = String::with_capacity(self.file.len() + 64);
        self.write_semantic_id(node, &mut out);
        out
    }

    /// Appends the id of a node.
    pub fn write_semantic_id(&self, node: &Node, out: &mut String) {
        let id = match node.semantic_id.read() {
            ReadId::Whole(text) => return out.push_str(self.plain(text)),
            ReadId::Parts(parts) => parts,
        };
        out.extend([&*self.file, "->", node.node_type.as_str(), "->"]);
        self.write_parts(node, id, out);
    }

    /// Appends what the id of a node says after the file and the type; nothing for nodes without a file.
    pub(crate) fn write_local_id(&self, node: &Node, out: &mut String) {
        if let ReadId::Parts(id) = node.semantic_id.read() {
            self.write_parts(node, id, out);
        }
    }

    fn write_parts(&self, node: &Node, id: CodedId, out: &mut String) {
        if id.named {
            out.push_str(self.name(node));
        }
        if let Some(text) = id.text {
            out.push_str(self.text(text));
        }
        if let Some(ordinal) = id.ordinal {
            out.push('#');
            push_int(out, ordinal);
        }
    }

    /// The name of a node as a person would write it.
    pub fn name(&self, node: &Node) -> &str {
        self.text(node.name)
    }

    /// The file of a node; empty for nodes that belong to none.
    pub fn node_file(&self, node: &Node) -> &str {
        if node.in_file { &self.file } else { "" }
    }

    /// Metadata of a node: the text of a JSON object, `line`, `column`,
    /// `endLine` and `endColumn` included. Empty for none.
    pub fn node_metadata(&self, node: &Node) -> String {
        self.written(node.metadata)
    }

    /// Metadata of an edge: the text of a JSON object, or empty for none.
    pub fn edge_metadata(&self, edge: &Edge) -> String {
        self.written(edge.metadata)
    }

    /// The text of a number. In a string of metadata it is escaped as in JSON.
    pub fn text(&self, number: u32) -> &str {
        let of = if number & 1 == 0 {
            &self.names
        } else {
            &self.texts
        };
        of.get(Sym(number >> 1))
    }

    /// The template of a number: the text of a JSON object with U+0001 in place of integers and U+0002 in place of the contents
    /// of strings.
    pub fn template(&self, number: u32) -> &str {
        self.templates.get(number).unwrap_or("{}")
    }

    /// The parts of a node's semantic id; `None` if it is of another form, as those of nodes without a file are.
    pub fn coded_id(&self, node: &Node) -> Option<CodedId> {
        match node.semantic_id.read() {
            ReadId::Whole(_) => None,
            ReadId::Parts(id) => Some(id),
        }
    }

    /// Metadata of a node.
    pub fn coded_node_metadata(&self, node: &Node) -> CodedMetadata<'_> {
        self.coded(node.metadata)
    }

    /// Metadata of an edge.
    pub fn coded_edge_metadata(&self, edge: &Edge) -> CodedMetadata<'_> {
        self.coded(edge.metadata)
    }

    /// Bytes that the graph takes, about.
    pub fn size(&self) -> usize {
        self.plain.len()
            + self.texts.text_len()
            + size_of_val(&*self.holes)
            + size_of_val(&*self.nodes)
            + size_of_val(&*self.edges)
    }

    fn coded(&self, metadata: Stored) -> CodedMetadata<'_> {
        let Stored { template, range } = metadata;
        if template == Stored::TEXT {
            return CodedMetadata::Text(self.plain(range));
        }
        CodedMetadata::Filled {
            template,
            holes: &self.holes[range.start as usize..range.end as usize],
        }
    }

    fn written(&self, metadata: Stored) -> String {
        match self.coded(metadata) {
            CodedMetadata::Text(text) => text.to_owned(),
            CodedMetadata::Filled { template, holes } => {
                let template = self.template(template);
                let mut out = String::with_capacity(template.len() + 32);
                fill(template, holes, |number| self.text(number), &mut out);
                out
            }
        }
    }

    fn plain(&self, range: TextRange) -> &str {
        &self.plain[range.start as usize..range.end as usize]
    }
}
