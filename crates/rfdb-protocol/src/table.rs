//! Columns of nodes and edges: what batches carry and answers hold, without an allocation per row.

pub(crate) mod packed;

use rustc_hash::FxHashMap;

use crate::NodeId;

/// One node, borrowed from a [`NodeTable`] or on its way into one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Node<'a> {
    /// The key: BLAKE3 of the semantic id, or a number taken as it is.
    pub id: NodeId,
    /// The readable identity, for instance `src/a.js->FUNCTION->main`.
    pub semantic_id: &'a str,
    /// For instance `FUNCTION` or `http:route`.
    pub node_type: &'a str,
    /// The name in the source; may be empty.
    pub name: &'a str,
    /// The path of the file that the node lies in; may be empty.
    pub file: &'a str,
    /// Whether other modules may import it.
    pub exported: bool,
    /// JSON text of an object, or empty for none.
    pub metadata: &'a str,
}

/// One edge, borrowed from an [`EdgeTable`] or on its way into one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Edge<'a> {
    /// Where it starts.
    pub src: NodeId,
    /// Where it ends; the node need not exist.
    pub dst: NodeId,
    /// For instance `CALLS`.
    pub edge_type: &'a str,
    /// JSON text, or empty for none.
    pub metadata: &'a str,
}

/// Strings that repeat, each stored once and named by its number.
#[derive(Debug, Clone, Default)]
struct Symbols {
    texts: Vec<Box<str>>,
    numbers: FxHashMap<Box<str>, u32>,
    /// The symbol that was last seen for each [`Symbols::place`]: rows have few types, which alternate.
    seen: Vec<u32>,
}

const PLACES: usize = 64;

impl Symbols {
    /// A cheap hash that keeps the names of types apart.
    fn place(text: &str) -> usize {
        let bytes = text.as_bytes();
        let first = bytes.first().copied().unwrap_or(0) as usize;
        let last = bytes.last().copied().unwrap_or(0) as usize;
        (bytes.len() * 5 + first + last * 3) % PLACES
    }

    fn number(&mut self, text: &str) -> u32 {
        let place = Self::place(text);
        let seen = self.seen.get(place).copied().unwrap_or(u32::MAX);
        if self
            .texts
            .get(seen as usize)
            .is_some_and(|known| &**known == text)
        {
            return seen;
        }
        let number = if let Some(&number) = self.numbers.get(text) {
            number
        } else {
            let number =
                u32::try_from(self.texts.len()).expect("fewer than 2^32 rows, so fewer symbols");
            self.texts.push(text.into());
            self.numbers.insert(text.into(), number);
            number
        };
        self.seen.resize(PLACES, u32::MAX);
        self.seen[place] = number;
        number
    }

    fn text(&self, number: u32) -> &str {
        &self.texts[number as usize]
    }

    fn clear(&mut self) {
        self.texts.clear();
        self.numbers.clear();
        self.seen.clear();
    }
}

#[derive(Debug, Clone, Copy)]
struct NodeRow {
    id: NodeId,
    /// Where semantic id, name and metadata begin in the arena, one after the other.
    text: usize,
    semantic_id: u32,
    name: u32,
    metadata: u32,
    node_type: u32,
    file: u32,
    exported: bool,
}

/// Nodes as rows over one string arena.
///
/// ```
/// use rfdb_protocol::{Node, NodeTable};
/// let mut table = NodeTable::default();
/// table.push(Node { id: 7, name: "main", node_type: "FUNCTION", ..Node::default() });
/// assert_eq!(table.iter().next().map(|node| node.name), Some("main"));
/// ```
#[derive(Debug, Clone, Default)]
pub struct NodeTable {
    rows: Vec<NodeRow>,
    texts: String,
    types: Symbols,
    files: Symbols,
}

/// A length as it is stored. Texts above 4 GiB cannot come from a frame, whose limit is far below.
fn length(text: &str) -> u32 {
    u32::try_from(text.len()).expect("a text of a node or an edge is shorter than 4 GiB")
}

impl NodeTable {
    /// Appends a row by copying its strings.
    ///
    /// # Panics
    /// If one string is 4 GiB long or longer.
    pub fn push(&mut self, node: Node<'_>) {
        let text = self.texts.len();
        self.texts.push_str(node.semantic_id);
        self.texts.push_str(node.name);
        self.texts.push_str(node.metadata);
        self.rows.push(NodeRow {
            id: node.id,
            text,
            semantic_id: length(node.semantic_id),
            name: length(node.name),
            metadata: length(node.metadata),
            node_type: self.types.number(node.node_type),
            file: self.files.number(node.file),
            exported: node.exported,
        });
    }

    /// The row at a position.
    #[must_use]
    pub fn get(&self, position: usize) -> Option<Node<'_>> {
        self.rows.get(position).map(|row| self.resolve(row))
    }

    fn resolve(&self, row: &NodeRow) -> Node<'_> {
        let name = row.text + row.semantic_id as usize;
        let metadata = name + row.name as usize;
        Node {
            id: row.id,
            semantic_id: &self.texts[row.text..name],
            node_type: self.types.text(row.node_type),
            name: &self.texts[name..metadata],
            file: self.files.text(row.file),
            exported: row.exported,
            metadata: &self.texts[metadata..metadata + row.metadata as usize],
        }
    }

    /// All rows, in the order in which they were pushed.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Node<'_>> + Clone {
        self.rows.iter().map(|row| self.resolve(row))
    }

    /// The rows of a range of positions.
    ///
    /// # Panics
    /// If the range reaches past the end.
    pub fn range(
        &self,
        range: std::ops::Range<usize>,
    ) -> impl ExactSizeIterator<Item = Node<'_>> + Clone {
        self.rows[range].iter().map(|row| self.resolve(row))
    }

    /// The distinct node types of the rows, in the order of their first appearance.
    pub fn types(&self) -> impl Iterator<Item = &str> {
        self.types.texts.iter().map(|text| &**text)
    }

    /// The distinct files of the rows, in the order of their first appearance.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.files.texts.iter().map(|text| &**text)
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Bytes of strings and rows, for limits and for cutting into frames.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.texts.len() + self.rows.len() * size_of::<NodeRow>()
    }

    /// Makes room for this many further rows.
    pub fn reserve(&mut self, rows: usize) {
        self.rows.reserve(rows);
    }

    /// Appends all rows of another table.
    pub fn extend(&mut self, other: &Self) {
        self.reserve(other.len());
        for node in other.iter() {
            self.push(node);
        }
    }

    /// Removes all rows and keeps the memory for the next ones.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.texts.clear();
        self.types.clear();
        self.files.clear();
    }
}

/// Two tables are equal if their rows are.
impl PartialEq for NodeTable {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for NodeTable {}

impl<'a> FromIterator<Node<'a>> for NodeTable {
    fn from_iter<I: IntoIterator<Item = Node<'a>>>(rows: I) -> Self {
        let mut table = Self::default();
        for row in rows {
            table.push(row);
        }
        table
    }
}

#[derive(Debug, Clone, Copy)]
struct EdgeRow {
    src: NodeId,
    dst: NodeId,
    text: usize,
    metadata: u32,
    edge_type: u32,
}

/// Edges as rows over one string arena.
#[derive(Debug, Clone, Default)]
pub struct EdgeTable {
    rows: Vec<EdgeRow>,
    texts: String,
    types: Symbols,
    labels: FxHashMap<NodeId, Box<str>>,
}

impl EdgeTable {
    /// Appends a row by copying its strings.
    ///
    /// # Panics
    /// If one string is 4 GiB long or longer.
    pub fn push(&mut self, edge: Edge<'_>) {
        let text = self.texts.len();
        self.texts.push_str(edge.metadata);
        self.rows.push(EdgeRow {
            src: edge.src,
            dst: edge.dst,
            text,
            metadata: length(edge.metadata),
            edge_type: self.types.number(edge.edge_type),
        });
    }

    /// The row at a position.
    #[must_use]
    pub fn get(&self, position: usize) -> Option<Edge<'_>> {
        self.rows.get(position).map(|row| self.resolve(row))
    }

    fn resolve(&self, row: &EdgeRow) -> Edge<'_> {
        Edge {
            src: row.src,
            dst: row.dst,
            edge_type: self.types.text(row.edge_type),
            metadata: &self.texts[row.text..row.text + row.metadata as usize],
        }
    }

    /// All rows, in the order in which they were pushed.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Edge<'_>> + Clone {
        self.rows.iter().map(|row| self.resolve(row))
    }

    /// The rows of a range of positions.
    ///
    /// # Panics
    /// If the range reaches past the end.
    pub fn range(
        &self,
        range: std::ops::Range<usize>,
    ) -> impl ExactSizeIterator<Item = Edge<'_>> + Clone {
        self.rows[range].iter().map(|row| self.resolve(row))
    }

    /// The distinct edge types of the rows, in the order of their first appearance.
    pub fn types(&self) -> impl Iterator<Item = &str> {
        self.types.texts.iter().map(|text| &**text)
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Bytes of strings and rows, for limits and for cutting into frames.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.texts.len() + self.rows.len() * size_of::<EdgeRow>()
    }

    /// Makes room for this many further rows.
    pub fn reserve(&mut self, rows: usize) {
        self.rows.reserve(rows);
    }

    /// Appends all rows of another table.
    pub fn extend(&mut self, other: &Self) {
        self.reserve(other.len());
        for edge in other.iter() {
            self.push(edge);
        }
    }

    /// Keeps the first rows only.
    pub fn truncate(&mut self, rows: usize) {
        self.rows.truncate(rows);
    }

    /// Removes all rows and keeps the memory for the next ones.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.texts.clear();
        self.types.clear();
        self.labels.clear();
    }

    /// Says under which semantic id an endpoint is to be shown on the wire instead of its number.
    pub fn set_label(&mut self, id: NodeId, semantic_id: &str) {
        self.labels.insert(id, semantic_id.into());
    }

    /// The semantic id that an endpoint is shown under, if one was set.
    #[must_use]
    pub fn label(&self, id: NodeId) -> Option<&str> {
        self.labels.get(&id).map(|label| &**label)
    }
}

/// Two tables are equal if their rows are.
impl PartialEq for EdgeTable {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for EdgeTable {}

impl<'a> FromIterator<Edge<'a>> for EdgeTable {
    fn from_iter<I: IntoIterator<Item = Edge<'a>>>(rows: I) -> Self {
        let mut table = Self::default();
        for row in rows {
            table.push(row);
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_as_they_went_in() {
        let nodes = [
            Node {
                id: 1,
                semantic_id: "a.js->M",
                node_type: "MODULE",
                name: "",
                file: "a.js",
                exported: false,
                metadata: "{}",
            },
            Node {
                id: u128::MAX,
                semantic_id: "",
                node_type: "",
                name: "\0ü",
                file: "",
                exported: true,
                metadata: "",
            },
            Node {
                id: 1,
                file: "a.js",
                node_type: "MODULE",
                ..Node::default()
            },
        ];
        let table: NodeTable = nodes.into_iter().collect();
        assert!(table.iter().eq(nodes));
        assert_eq!(table.range(1..2).next(), Some(nodes[1]));
        assert_eq!(table.types().collect::<Vec<_>>(), ["MODULE", ""]);
        assert_eq!(table.get(3), None);
        let mut twice = table.clone();
        twice.extend(&table);
        assert_eq!(twice.len(), 6);
        twice.clear();
        assert!(twice.is_empty());
    }

    #[test]
    fn edges_come_back_as_they_went_in() {
        let edges = [
            Edge {
                src: 1,
                dst: 2,
                edge_type: "CALLS",
                metadata: "{\"line\":1}",
            },
            Edge {
                src: 2,
                dst: 1,
                edge_type: "",
                metadata: "",
            },
        ];
        let mut table: EdgeTable = edges.into_iter().collect();
        assert!(table.iter().eq(edges));
        table.set_label(1, "one");
        assert_eq!(table.label(1), Some("one"));
        assert_eq!(table.label(2), None);
        table.truncate(1);
        assert_eq!(table.len(), 1);
    }
}
