//! Generated modules: the same at every call, so that every engine gets the same rows.

use rfdb_engine::{Batch, EdgeRow, NodeId, NodeRow, Owner};

/// Nodes of a module.
pub(crate) const NODES: usize = 100;
/// Edges of a module.
pub(crate) const EDGES: usize = 150;
/// Edges of a module that end in an earlier one.
const OUTSIDE: usize = 11;

/// A generated node.
#[derive(Debug, Clone)]
pub(crate) struct GeneratedNode {
    /// Identity.
    pub(crate) id: NodeId,
    /// 45 bytes.
    pub(crate) semantic_id: String,
    /// One of nine.
    pub(crate) node_type: &'static str,
    /// Name within the module.
    pub(crate) name: String,
    /// JSON object.
    pub(crate) metadata: String,
}

/// The rows of one module.
#[derive(Debug, Clone)]
pub(crate) struct Module {
    /// File, the owner of the rows.
    pub(crate) file: String,
    /// [`NODES`] nodes.
    pub(crate) nodes: Vec<GeneratedNode>,
    /// [`EDGES`] edges.
    pub(crate) edges: Vec<(NodeId, NodeId, &'static str)>,
}

const NODE_TYPES: [&str; 9] = [
    "FUNCTION",
    "CALL",
    "VARIABLE",
    "CONSTANT",
    "PARAMETER",
    "SCOPE",
    "IMPORT",
    "CLASS",
    "http:route",
];
const EDGE_TYPES: [&str; 3] = ["CONTAINS", "CALLS", "DEPENDS_ON"];

fn node_type(n: usize) -> &'static str {
    // 15 of 100 are functions, so that 500,000 nodes have 75,000.
    if n < 15 {
        NODE_TYPES[0]
    } else {
        NODE_TYPES[1 + n % 8]
    }
}

/// File, name and semantic id of a node.
pub(super) fn semantic_id(module: usize, n: usize) -> (String, String, String) {
    let file = format!("src/dir{:02}/module_{module:05}.ts", module % 100);
    let node_type = node_type(n);
    let mut name = format!("n{n:02}");
    let mut id = format!("{file}->{node_type}->{name}");
    while id.len() < 45 {
        let letter = char::from(b'a' + ((module * 7 + n * 3 + name.len()) % 26) as u8);
        name.push(letter);
        id.push(letter);
    }
    (file, name, id)
}

/// Module number `m`, the same at every call.
pub(crate) fn module(m: usize) -> Module {
    let mut nodes = Vec::with_capacity(NODES);
    let mut file = String::new();
    for n in 0..NODES {
        let (its_file, name, semantic_id) = semantic_id(m, n);
        file = its_file;
        let (line, column) = (n * 3 + m % 7, (n * 13) % 80);
        let metadata = format!(
            r#"{{"line":{line},"column":{column},"async":{},"kind":"k{}"}}"#,
            n % 5 == 0,
            (m + n) % 4
        );
        let id = NodeId::from_semantic(&semantic_id);
        nodes.push(GeneratedNode {
            id,
            semantic_id,
            node_type: node_type(n),
            name,
            metadata,
        });
    }
    let mut edges = Vec::with_capacity(EDGES);
    for e in 0..EDGES {
        let src = nodes[(e * 7) % NODES].id;
        let dst = if e < OUTSIDE && m > 0 {
            let earlier = (m * 31 + e * 17) % m;
            NodeId::from_semantic(&semantic_id(earlier, (e * 5) % 15).2)
        } else {
            nodes[(e * 11 + 1 + e / NODES) % NODES].id
        };
        edges.push((src, dst, EDGE_TYPES[e % 3]));
    }
    Module { file, nodes, edges }
}

impl Module {
    /// The module as a batch of its file's analysis.
    pub(crate) fn batch(&self) -> Batch {
        let mut batch = Batch::new();
        batch.owner(Owner::new(&self.file, "analysis"));
        for node in &self.nodes {
            batch.push_node(NodeRow {
                id: node.id,
                semantic_id: &node.semantic_id,
                node_type: node.node_type,
                name: &node.name,
                file: &self.file,
                exported: false,
                metadata: &node.metadata,
            });
        }
        for &(src, dst, edge_type) in &self.edges {
            batch.push_edge(EdgeRow {
                src,
                dst,
                edge_type,
                metadata: "",
            });
        }
        batch
    }
}
