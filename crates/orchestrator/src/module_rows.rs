//! The graph of a module as rows of its file.

use analyzer::ModuleGraph;
use graph_model::{EdgeType, NodeType};
use rfdb_protocol::{CodedEdge, CodedId, CodedMetadata, CodedNode, Node, RowDictionary, RowSink};

use crate::analysis::ANALYSIS_CONTEXT;

/// Numbers of edge types follow those of node types.
const FIRST_EDGE_TYPE: u32 = NodeType::ALL.len() as u32;

/// So many rows are handed on at once: more of a call than of its beginning, and few enough to stay in the nearest cache.
const CHUNK: usize = 64;

/// What the numbers in a module's rows mean.
struct Dictionary<'a>(&'a ModuleGraph);

impl RowDictionary for Dictionary<'_> {
    fn text(&self, number: u32) -> &str {
        self.0.text(number)
    }

    fn template(&self, number: u32) -> &str {
        self.0.template(number)
    }

    fn type_name(&self, number: u32) -> &str {
        if number < FIRST_EDGE_TYPE {
            NodeType::ALL[number as usize].as_str()
        } else {
            EdgeType::ALL[(number - FIRST_EDGE_TYPE) as usize].as_str()
        }
    }
}

fn coded(metadata: analyzer::CodedMetadata<'_>) -> CodedMetadata<'_> {
    match metadata {
        analyzer::CodedMetadata::Text(text) => CodedMetadata::Text(text),
        analyzer::CodedMetadata::Filled { template, holes } => {
            CodedMetadata::Filled { template, holes }
        }
    }
}

/// Writes a module's graph as the rows of its file.
pub(crate) fn push_graph(graph: &ModuleGraph, sink: &mut dyn RowSink) {
    sink.owner(graph.file(), ANALYSIS_CONTEXT);
    sink.reserve(graph.nodes().len(), graph.edges().len());
    let dictionary = Dictionary(graph);
    let mut nodes = Vec::with_capacity(CHUNK);
    for chunk in graph.nodes().chunks(CHUNK) {
        for node in chunk {
            let file = graph.node_file(node);
            let Some(id) = graph.coded_id(node) else {
                sink.coded_nodes(&dictionary, &nodes);
                nodes.clear();
                sink.node(Node {
                    id: node.id.0,
                    semantic_id: &graph.semantic_id(node),
                    node_type: node.node_type.as_str(),
                    name: graph.name(node),
                    file,
                    exported: node.exported,
                    metadata: &graph.node_metadata(node),
                });
                continue;
            };
            nodes.push(CodedNode {
                id: node.id.0,
                semantic_id: CodedId {
                    named: id.named,
                    text: id.text,
                    ordinal: id.ordinal,
                },
                node_type: node.node_type as u32,
                name: node.name,
                file,
                exported: node.exported,
                metadata: coded(graph.coded_node_metadata(node)),
            });
        }
        sink.coded_nodes(&dictionary, &nodes);
        nodes.clear();
    }
    let mut edges = Vec::with_capacity(CHUNK);
    for chunk in graph.edges().chunks(CHUNK) {
        edges.clear();
        edges.extend(chunk.iter().map(|edge| CodedEdge {
            src: edge.src,
            dst: edge.dst,
            edge_type: FIRST_EDGE_TYPE + edge.edge_type as u32,
            metadata: coded(graph.coded_edge_metadata(edge)),
        }));
        sink.coded_edges(&dictionary, &edges);
    }
}
