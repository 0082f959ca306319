//! What a caller can ask for.

/// How a text has to match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextMatch {
    /// The whole text, case-sensitive.
    Exact(String),
    /// A part of the text, case-sensitive.
    Contains(String),
}

/// Conditions on nodes; all that are given must hold. The default matches every node.
///
/// ```
/// # use rfdb_engine::NodeQuery;
/// let query = NodeQuery::default().with_type("http:*").with_name("GET /users");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeQuery {
    /// Type, or a prefix of types that ends in `*` (`http:*`).
    pub node_type: Option<String>,
    /// Name.
    pub name: Option<TextMatch>,
    /// File, whole text.
    pub file: Option<String>,
    /// Export flag.
    pub exported: Option<bool>,
    /// Top-level metadata fields and their values. A value is compared with the contents of a JSON string, and with the
    /// JSON text of anything else (`true`, `3`). Declared fields are looked up in an index, others are searched.
    pub fields: Vec<(String, String)>,
    /// At most so many results.
    pub limit: Option<usize>,
}

impl NodeQuery {
    /// Requires a type, or a prefix of types that ends in `*`.
    #[must_use]
    pub fn with_type(mut self, node_type: impl Into<String>) -> Self {
        self.node_type = Some(node_type.into());
        self
    }

    /// Requires a name.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(TextMatch::Exact(name.into()));
        self
    }

    /// Requires that the name contains a text.
    #[must_use]
    pub fn with_name_containing(mut self, part: impl Into<String>) -> Self {
        self.name = Some(TextMatch::Contains(part.into()));
        self
    }

    /// Requires a file.
    #[must_use]
    pub fn with_file(mut self, file: impl Into<String>) -> Self {
        self.file = Some(file.into());
        self
    }

    /// Requires an export flag.
    #[must_use]
    pub fn with_exported(mut self, exported: bool) -> Self {
        self.exported = Some(exported);
        self
    }

    /// Requires the value of a top-level metadata field.
    #[must_use]
    pub fn with_field(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.fields.push((name.into(), value.into()));
        self
    }

    /// Ends after so many results.
    #[must_use]
    pub fn with_limit(mut self, limit: usize) -> Self {
        self.limit = Some(limit);
        self
    }
}

/// Along or against the edges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// From source to target.
    #[default]
    Outgoing,
    /// From target to source.
    Incoming,
    /// Both ways.
    Both,
}

/// How far and along which edges a traversal goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Traversal {
    /// Direction of the steps.
    pub direction: Direction,
    /// Greatest distance from a start node; `None` goes on to the end.
    pub max_depth: Option<u32>,
    /// Types of the edges to follow; empty follows all. A type may end in `*`.
    pub edge_types: Vec<String>,
}

/// A metadata field that gets an index.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldDeclaration {
    /// Top-level key of the metadata object.
    pub name: String,
    /// Node types that carry the field; empty means all.
    pub node_types: Vec<String>,
}

impl FieldDeclaration {
    /// A field of all node types.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            node_types: Vec::new(),
        }
    }
}
