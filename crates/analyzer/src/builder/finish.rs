//! From the builder to the finished graph: order, ids, positions, metadata.

use std::sync::Arc;

use graph_model::{
    EdgeType, GLOBAL_MODULE, LineIndex, NodeId, NodeType, Span, external_function_id,
    external_module_id, is_standard_global, is_standard_value,
};
use rustc_hash::{FxHashMap, FxHashSet};

use super::ids::IdWriter;
use super::interner::Interner;
use super::metadata::{Meta, MetadataWriter, PLACE, name_code, push_json_string};
use super::templates::Frame;
use super::{Builder, Facts, NO_NODE, NodeIdx, RawEdge, RawNode, flag};
use crate::graph::{Edge, ModuleGraph, Node, Stored, StoredId, TextRange};
use crate::parse::is_declaration_file;
use graph_model::summary::{
    ModuleSummary, ModuleType, Names, NodeRef, SUMMARY_VERSION, SummaryNode, Sym,
};

/// A builder whose tree has been walked, with the module's own facts.
pub(crate) struct Outcome {
    pub(crate) module_type: ModuleType,
    pub(crate) content_hash: [u8; 32],
    /// Place and message of what kept the file from being parsed.
    pub(crate) parse_error: Option<String>,
}

/// What a builder knows after the walk. It does not refer to the tree, which can go before the graph is made.
pub(crate) struct Walked {
    module_type: ModuleType,
    content_hash: [u8; 32],
    es_module_marker: bool,
    nodes: Vec<RawNode>,
    edges: Vec<RawEdge>,
    /// As in the builder.
    repeated: Vec<(u32, Meta)>,
    names: Interner,
    globals: FxHashMap<Sym, NodeIdx>,
    meta: MetadataWriter,
    facts: Facts,
}

impl Builder<'_> {
    /// Ends the walk.
    pub(crate) fn close(mut self, outcome: &Outcome) -> Walked {
        self.module_metadata(outcome);
        Walked {
            module_type: outcome.module_type,
            content_hash: outcome.content_hash,
            es_module_marker: self.es_module_marker,
            nodes: self.nodes,
            edges: self.edges,
            repeated: self.repeated,
            names: self.names,
            globals: self.globals,
            meta: self.meta,
            facts: self.facts,
        }
    }

    fn module_metadata(&mut self, outcome: &Outcome) {
        let fragment = self.node_fragment();
        let mut hash = String::with_capacity(64);
        for byte in outcome.content_hash {
            hash.push(char::from(b"0123456789abcdef"[usize::from(byte >> 4)]));
            hash.push(char::from(b"0123456789abcdef"[usize::from(byte & 15)]));
        }
        self.m_str("contentHash", &hash);
        let file = self.file;
        self.m_str("language", self.language);
        self.m_str("moduleType", outcome.module_type.as_str());
        self.m_bool("isTest", is_test(file));
        self.m_flag("isDeclarationFile", is_declaration_file(file));
        let import_meta = std::mem::take(&mut self.import_meta);
        self.m_list("importMeta", &import_meta);
        self.m_flag("hasTopLevelAwait", self.has_top_level_await);
        let directives = std::mem::take(&mut self.directives);
        self.m_list("directives", &directives);
        if let Some(error) = &outcome.parse_error {
            self.m_str("parseError", error);
        }
        self.set_meta(Self::MODULE, fragment);
    }
}

impl Walked {
    /// The graph and the summary of the file.
    pub(crate) fn finish(
        mut self,
        file: &str,
        source: &str,
        lines: &LineIndex<'_>,
    ) -> (ModuleGraph, ModuleSummary) {
        let order = self.source_order(source);
        let mut place = vec![0u32; self.nodes.len()];
        for (new, &old) in order.iter().enumerate() {
            place[old as usize] = new as u32;
        }

        let mut graph = ModuleGraph {
            file: file.to_owned(),
            nodes: Vec::with_capacity(self.nodes.len() + 1),
            ..ModuleGraph::default()
        };
        self.write_nodes(file, lines, &order, &mut graph);
        self.write_edges(&place, &mut graph);
        self.add_global_module(&place, &mut graph);
        graph.holes = self.meta.holes;
        let mut names = self.names.into_names();
        names.shrink_to_fit();
        graph.names = Arc::new(names);
        graph.texts = self.meta.texts.into_names();
        graph.templates = self.meta.templates.give_back();
        let mut summary = summarise(self.facts, &place, &graph, self.module_type);
        summary.content_hash = self.content_hash;
        summary.module_type = self.module_type;
        summary.es_module_marker = self.es_module_marker;
        (graph, summary)
    }

    /// Nodes by start, the longer first, then by creation; global ones last.
    fn source_order(&self, source: &str) -> Vec<u32> {
        // Nodes by the part of the source that they start in; each part has few.
        const PART: u32 = 8;
        let is_global = |node: &RawNode| node.flags & flag::GLOBAL != 0;
        let in_file = || (0..).zip(&self.nodes).filter(|(_, node)| !is_global(node));
        let mut ends = vec![0u32; source.len() / PART as usize + 1];
        for (_, node) in in_file() {
            ends[(node.start / PART) as usize] += 1;
        }
        let mut sum = 0;
        for end in &mut ends {
            sum += std::mem::replace(end, sum);
        }
        let mut order = vec![0u32; sum as usize];
        for (index, node) in in_file() {
            let end = &mut ends[(node.start / PART) as usize];
            order[*end as usize] = index;
            *end += 1;
        }
        let mut start = 0;
        for end in ends {
            let part = &mut order[start..end as usize];
            if part.len() > 1 {
                part.sort_unstable_by_key(|&i| {
                    let node = &self.nodes[i as usize];
                    (node.start, !node.end, i)
                });
            }
            start = end as usize;
        }
        let files = order.len();
        let global = (0..).zip(&self.nodes).filter(|(_, node)| is_global(node));
        order.extend(global.map(|(i, _)| i));
        order[files..].sort_by_key(|&i| self.names.get(self.nodes[i as usize].name));
        order
    }

    fn write_nodes(
        &mut self,
        file: &str,
        lines: &LineIndex<'_>,
        order: &[u32],
        graph: &mut ModuleGraph,
    ) {
        let mut ids = IdWriter::take(file, &self.names, self.nodes.len());
        let first = graph.nodes.len();

        for &index in order {
            let node = self.nodes[index as usize];
            if node.flags & flag::GLOBAL != 0 {
                self.write_global(&node, graph);
                continue;
            }
            let semantic_id = ids.write(index, &self.nodes, &self.names, &mut self.meta);
            let span = lines.span(node.start, node.end);
            let metadata = self.node_metadata(&node, span);
            graph.nodes.push(Node {
                // Set below.
                id: NodeId(0),
                node_type: node.node_type,
                exported: node.flags & (flag::EXPORTED | flag::EXPORT_NODE) != 0,
                in_file: true,
                span,
                name: name_code(node.name),
                semantic_id: StoredId::parts(semantic_id),
                metadata,
            });
        }
        // Global nodes, which have theirs, come after all others.
        let mut nodes = graph.nodes[first..].iter_mut();
        ids.finish(|id| {
            if let Some(node) = nodes.next() {
                node.id = id;
            }
        });
    }

    fn node_metadata(&mut self, node: &RawNode, span: Span) -> Stored {
        let place = [span.line, span.column, span.end_line, span.end_column];
        let holes = &mut self.meta.holes;
        let start = match (node.meta.start as usize).checked_sub(PLACE) {
            Some(start) => {
                holes[start..start + PLACE].copy_from_slice(&place);
                start as u32
            }
            // A node without metadata of its own.
            None => {
                holes.extend_from_slice(&place);
                (holes.len() - PLACE) as u32
            }
        };
        let frame = Frame::Node {
            reassigned: node.flags & flag::REASSIGNED != 0,
            exported: node.flags & flag::EXPORTED != 0 && node.flags & flag::SHOWS_EXPORTED != 0,
        };
        let end = node.meta.end.max(start + PLACE as u32);
        let template = self.meta.templates.number(node.meta.state, frame);
        Stored::filled(template, TextRange { start, end })
    }

    fn write_global(&self, node: &RawNode, graph: &mut ModuleGraph) {
        let path = self.names.get(node.name);
        let id = external_function_id(GLOBAL_MODULE, path);
        let semantic_id = push(&mut graph.plain, &id);
        let start = graph.plain.len() as u32;
        push_global_metadata(&mut graph.plain, path);
        let metadata = TextRange {
            start,
            end: graph.plain.len() as u32,
        };
        graph.nodes.push(Node {
            id: NodeId::of(&id),
            node_type: node.node_type,
            exported: false,
            in_file: false,
            span: Span::default(),
            name: name_code(node.name),
            semantic_id: StoredId::whole(semantic_id),
            metadata: Stored::text(metadata),
        });
    }

    fn write_edges(&mut self, place: &[u32], graph: &mut ModuleGraph) {
        let mut repeated = std::mem::take(&mut self.repeated);
        repeated.sort_by_key(|&(edge, _)| edge);
        let merged: Vec<(u32, Stored)> = repeated
            .chunk_by(|a, b| a.0 == b.0)
            .map(|others| {
                let edge = others[0].0;
                let start = graph.plain.len() as u32;
                self.write_repeated(self.edges[edge as usize], others, &mut graph.plain);
                let end = graph.plain.len() as u32;
                (edge, Stored::text(TextRange { start, end }))
            })
            .collect();
        let templates = &mut self.meta.templates;
        // Where the edges were the others are written, which are no larger.
        graph.edges = std::mem::take(&mut self.edges)
            .into_iter()
            .map(|edge| Edge {
                src: place[edge.src as usize],
                dst: place[edge.dst as usize],
                edge_type: edge.edge_type,
                metadata: if edge.meta.is_empty() {
                    Stored::NONE
                } else {
                    let holes = TextRange {
                        start: edge.meta.start,
                        end: edge.meta.end,
                    };
                    Stored::filled(templates.number(edge.meta.state, Frame::Edge), holes)
                },
            })
            .collect();
        for (edge, metadata) in merged {
            graph.edges[edge as usize].metadata = metadata;
        }
    }

    /// One edge for a fact that was met more than once.
    fn write_repeated(&mut self, edge: RawEdge, others: &[(u32, Meta)], out: &mut String) {
        let mut metas: Vec<String> = std::iter::once(edge.meta)
            .chain(others.iter().map(|&(_, meta)| meta))
            .map(|meta| {
                let mut members = String::new();
                self.meta.push_members(meta, &self.names, &mut members);
                members
            })
            .collect();
        if edge.edge_type == EdgeType::FlowsInto {
            // Of `a.x = a.y = v` the inner write is met first.
            metas.sort_by_key(|meta| written_at(meta));
        }
        let arguments = edge.edge_type == EdgeType::PassesArgument;
        let (first, others) = (&metas[0], &metas[1..]);
        let mut members = first.clone();
        if arguments {
            // The indexes of all arguments that are this value.
            members.push_str("\"argIndexes\":[");
            for index in metas.iter().filter_map(|meta| argument_index(meta)) {
                members.push_str(index);
                members.push(',');
            }
            members.pop();
            members.push_str("],");
        }
        let mut seen = FxHashSet::default();
        seen.insert(without_index(first, arguments));
        let mut also = String::new();
        for meta in others {
            let other = without_index(meta, arguments);
            if seen.insert(other) {
                also.push('{');
                also.push_str(other.strip_suffix(',').unwrap_or(other));
                also.push_str("},");
            }
        }
        if !also.is_empty() {
            also.pop();
            members.push_str("\"also\":[");
            members.push_str(&also);
            members.push_str("],");
        }
        if members.is_empty() {
            return;
        }
        out.push('{');
        out.push_str(members.strip_suffix(',').unwrap_or(&members));
        out.push('}');
    }

    /// EXTERNAL_MODULE of the global object, where undeclared names are used as values.
    fn add_global_module(&mut self, place: &[u32], graph: &mut ModuleGraph) {
        if self.globals.is_empty() {
            return;
        }
        let id = external_module_id(GLOBAL_MODULE);
        let name = name_code(self.names.intern(GLOBAL_MODULE));
        let semantic_id = StoredId::whole(push(&mut graph.plain, &id));
        let metadata = Stored::text(push(&mut graph.plain, "{\"isBuiltin\":true}"));
        let module = graph.nodes.len() as u32;
        graph.nodes.push(Node {
            id: NodeId::of(&id),
            node_type: NodeType::ExternalModule,
            exported: false,
            in_file: false,
            span: Span::default(),
            semantic_id,
            name,
            metadata,
        });
        let mut members: Vec<u32> = self
            .globals
            .values()
            .map(|&node| place[node as usize])
            .collect();
        members.sort_unstable();
        for member in members {
            graph.edges.push(Edge {
                src: module,
                dst: member,
                edge_type: EdgeType::Contains,
                metadata: Stored::NONE,
            });
        }
    }
}

/// The summary of a module whose graph is complete.
fn summarise(
    mut facts: Facts,
    place: &[u32],
    graph: &ModuleGraph,
    module_type: ModuleType,
) -> ModuleSummary {
    let mut nodes = SummaryNodes::new(place, graph, module_type);
    nodes.reference(Builder::MODULE);
    facts.for_each_node(|node| *node = nodes.reference(node.0));
    let mut summary = facts.into_summary();
    summary.version = SUMMARY_VERSION;
    summary.file = graph.file.clone();
    summary.names = graph.names.clone();
    summary.nodes = nodes.nodes;
    summary.nodes.shrink_to_fit();
    summary.ids = nodes.ids;
    summary.ids.shrink_to_fit();
    summary
}

/// The nodes that facts name, in the order in which they are first named.
struct SummaryNodes<'g> {
    graph: &'g ModuleGraph,
    place: &'g [u32],
    is_script: bool,
    nodes: Vec<SummaryNode>,
    ids: Names,
    /// For each node of the builder its number, or [`NO_NODE`].
    numbers: Vec<u32>,
    scratch: String,
}

impl<'g> SummaryNodes<'g> {
    fn new(place: &'g [u32], graph: &'g ModuleGraph, module_type: ModuleType) -> Self {
        // Most nodes are named.
        let most = place.len() - place.len() / 8;
        SummaryNodes {
            graph,
            place,
            is_script: module_type == ModuleType::Script,
            nodes: Vec::with_capacity(most),
            ids: Names::with_capacity(most, place.len() * 16),
            numbers: vec![NO_NODE; place.len()],
            scratch: String::with_capacity(128),
        }
    }

    /// The number of a node of the builder.
    #[inline]
    fn reference(&mut self, node: NodeIdx) -> NodeRef {
        let number = self.numbers[node as usize];
        if number == NO_NODE {
            return self.add(node);
        }
        NodeRef(number)
    }

    #[inline(never)]
    fn add(&mut self, index: NodeIdx) -> NodeRef {
        let node = &self.graph.nodes[self.place[index as usize] as usize];
        // Only ids that metadata of the linker's edges can name, and those that tell what is merged with a class, or the name of
        // an enum.
        let named = matches!(
            node.node_type,
            NodeType::Module
                | NodeType::Export
                | NodeType::Call
                | NodeType::ConstructorCall
                | NodeType::Decorator
                | NodeType::JsxElement
                | NodeType::Function
                | NodeType::Method
                | NodeType::Class
                | NodeType::Interface
                | NodeType::Enum
                | NodeType::Namespace
        );
        let id = &mut self.scratch;
        id.clear();
        if named {
            self.graph.write_local_id(node, id);
        } else if self.is_script
            && matches!(node.node_type, NodeType::Variable | NodeType::Constant)
        {
            // What stands at the top of a script others see by its name.
            self.graph.write_local_id(node, id);
            if id.contains('[') {
                id.clear();
            }
        }
        self.ids.push(id);
        let number = self.nodes.len() as u32;
        self.nodes.push(SummaryNode {
            id: node.id.0,
            node_type: node.node_type as u8,
            line: node.span.line,
            column: node.span.column,
        });
        self.numbers[index as usize] = number;
        NodeRef(number)
    }
}

/// A directory or a stem that says so.
fn is_test(file: &str) -> bool {
    let mut parts: Vec<&str> = file.split('/').collect();
    let name = parts.pop().unwrap_or("");
    let directory = |part: &&str| {
        matches!(
            *part,
            "test" | "tests" | "__tests__" | "spec" | "fixture" | "fixtures"
        )
    };
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    parts.iter().any(directory)
        || [".test", ".spec", "_test"]
            .iter()
            .any(|end| stem.ends_with(end))
}

fn push(out: &mut String, text: &str) -> TextRange {
    let start = out.len() as u32;
    out.push_str(text);
    TextRange {
        start,
        end: out.len() as u32,
    }
}

/// Line and column of a write, from the metadata of its edge.
fn written_at(meta: &str) -> (u32, u32) {
    let number = |key: &str| {
        let rest = meta.split_once(key)?.1;
        rest.split_once(',')?.0.parse().ok()
    };
    (
        number("\"line\":").unwrap_or(0),
        number("\"column\":").unwrap_or(0),
    )
}

fn argument_index(meta: &str) -> Option<&str> {
    argument_member(meta).map(|(index, _)| index)
}

/// The index of an argument, which stands first in the metadata of its edge, and what comes after it.
fn argument_member(meta: &str) -> Option<(&str, &str)> {
    meta.strip_prefix("\"argIndex\":")?.split_once(',')
}

/// Metadata without the index of an argument.
fn without_index(meta: &str, argument: bool) -> &str {
    match argument_member(meta) {
        Some((_, rest)) if argument => rest,
        _ => meta,
    }
}

/// Metadata of a member of the global object; the linker writes the same.
pub(crate) fn push_global_metadata(out: &mut String, path: &str) {
    out.push_str("{\"module\":\"<global>\",\"exportedName\":");
    push_json_string(out, path);
    let root = path.split('.').next().unwrap_or(path);
    if is_standard_global(root) {
        out.push_str(",\"isBuiltin\":true");
    }
    if is_standard_value(path) {
        out.push_str(",\"isValue\":true");
    }
    out.push('}');
}
