//! What link passes produce.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use graph_model::summary::{ModuleSummary, NodeRef};
use graph_model::{EdgeType, NodeId, NodeType, STDIO_ID, external_function_id, external_module_id};
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use rustc_hash::FxHashMap;

/// An edge that a pass found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkEdge<'a> {
    /// Source: a node of the module that the pass looks at.
    pub src: NodeId,
    /// Destination.
    pub dst: NodeId,
    /// Type.
    pub edge_type: EdgeType,
    /// Text of a JSON object, or empty.
    pub metadata: &'a str,
}

/// An edge as it is kept.
#[derive(Debug, Clone, Copy)]
struct Kept {
    src: NodeId,
    dst: NodeId,
    edge_type: EdgeType,
    metadata: Metadata,
}

impl Kept {
    fn view<'a>(&self, written: &'a str) -> LinkEdge<'a> {
        LinkEdge {
            src: self.src,
            dst: self.dst,
            edge_type: self.edge_type,
            metadata: self.metadata.text(written),
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Metadata {
    Fixed(&'static str),
    /// A piece of [`Part::text`].
    Written {
        start: u32,
        end: u32,
    },
}

impl Metadata {
    fn text(self, written: &str) -> &str {
        match self {
            Metadata::Fixed(text) => text,
            Metadata::Written { start, end } => &written[start as usize..end as usize],
        }
    }
}

/// A node of a package, named by the edges of a module.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum External {
    /// EXTERNAL_MODULE.
    Module {
        /// Specifier without `node:`.
        specifier: Box<str>,
    },
    /// EXTERNAL_FUNCTION.
    Function {
        /// Specifier without `node:`.
        specifier: Box<str>,
        /// Names, joined by dots.
        path: Box<str>,
    },
    /// Console and process output.
    Stdio,
}

/// Edges that were found one after the other.
#[derive(Debug, Default)]
struct Part {
    edges: Vec<Kept>,
    /// Metadata of the edges, one after the other.
    text: String,
}

impl Part {
    fn written(&mut self, metadata: impl FnOnce(&mut String)) -> Metadata {
        let start = self.text.len() as u32;
        metadata(&mut self.text);
        let end = self.text.len() as u32;
        Metadata::Written { start, end }
    }

    fn edges(&self) -> impl Iterator<Item = LinkEdge<'_>> {
        self.edges.iter().map(|edge| edge.view(&self.text))
    }
}

/// What the passes found for one module.
#[derive(Debug, Default)]
pub struct FileLinks {
    /// What is found of the module itself.
    own: Part,
    /// What is added when all modules are known: none of it is there already.
    more: Part,
    /// Sorted.
    externals: Vec<Arc<External>>,
    desk: Desk,
}

/// What finding the links of a module needs, and the next module again.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    /// Indexes of edges by their ends and type.
    positions: HashTable<u32>,
    /// Nodes of packages by specifier, or by specifier and path with a 0 between.
    names: FxHashMap<Box<str>, Named>,
    /// Functions of packages by where a caller has their specifier and path, mostly in the arena of its thread. Something else can
    /// come to lie there, so the texts are compared.
    near: FxHashMap<(usize, usize), Named>,
    /// Room for a key of `names`.
    key: String,
    /// Number of the module.
    module: u32,
    /// Room for the edges of a module, while they are found.
    room: Part,
}

/// A node of a package.
#[derive(Debug, Clone)]
struct Named {
    id: NodeId,
    external: Arc<External>,
    /// The last module that names it.
    module: u32,
}

/// Ids are hashes themselves.
fn position_hash(src: NodeId, dst: NodeId, edge_type: EdgeType) -> u64 {
    let ends = (src.0 as u64).wrapping_add((dst.0 as u64).rotate_left(23));
    ends ^ (edge_type as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl FileLinks {
    /// None yet.
    pub(crate) fn with_desk(mut desk: Desk) -> Self {
        FileLinks {
            own: std::mem::take(&mut desk.room),
            desk,
            ..FileLinks::default()
        }
    }

    /// Takes the desk for the next module; to this one only such edges are added from now on that it has not.
    pub(crate) fn clear_desk(&mut self) -> Desk {
        let mut desk = std::mem::take(&mut self.desk);
        desk.positions.clear();
        desk.module += 1;
        // They stay in as much memory as they need, and what they were found in is warm for the next.
        let own = Part {
            edges: self.own.edges.as_slice().to_vec(),
            text: self.own.text.as_str().to_owned(),
        };
        desk.room = std::mem::replace(&mut self.own, own);
        desk.room.edges.clear();
        desk.room.text.clear();
        desk
    }

    /// Makes room for more edges that are pushed, and so many bytes of metadata.
    pub(crate) fn reserve(&mut self, edges: usize, bytes: usize) {
        self.more.edges.reserve_exact(edges);
        self.more.text.reserve_exact(bytes);
    }

    /// Adds an edge by its parts. If it is there already, its first metadata stays and other metadata is added under
    /// `also`.
    pub fn edge(
        &mut self,
        src: NodeId,
        edge_type: EdgeType,
        dst: NodeId,
        metadata: impl Into<Cow<'static, str>>,
    ) {
        let metadata = match metadata.into() {
            Cow::Borrowed(text) => Metadata::Fixed(text),
            Cow::Owned(text) => self.own.written(|to| to.push_str(&text)),
        };
        self.add(src, edge_type, dst, metadata);
    }

    /// The same, with metadata that is written.
    pub(crate) fn write(
        &mut self,
        src: NodeId,
        edge_type: EdgeType,
        dst: NodeId,
        metadata: impl FnOnce(&mut String),
    ) {
        let metadata = self.own.written(metadata);
        self.add(src, edge_type, dst, metadata);
    }

    fn add(&mut self, src: NodeId, edge_type: EdgeType, dst: NodeId, metadata: Metadata) {
        let edges = &mut self.own.edges;
        let of = (src, dst, edge_type);
        let key = |edge: &Kept| (edge.src, edge.dst, edge.edge_type);
        let entry = self.desk.positions.entry(
            position_hash(src, dst, edge_type),
            |&at| key(&edges[at as usize]) == of,
            |&at| {
                let (src, dst, edge_type) = key(&edges[at as usize]);
                position_hash(src, dst, edge_type)
            },
        );
        let first = match entry {
            Entry::Vacant(entry) => {
                entry.insert(edges.len() as u32);
                edges.push(Kept {
                    src,
                    dst,
                    edge_type,
                    metadata,
                });
                return;
            }
            Entry::Occupied(entry) => *entry.get() as usize,
        };
        let known = self.own.edges[first].metadata.text(&self.own.text);
        let other = metadata.text(&self.own.text);
        if known != other {
            let both = add_also(known, other);
            self.own.edges[first].metadata = self.own.written(|text| text.push_str(&both));
        }
    }

    /// Whether an edge is there, of those that were not pushed.
    pub(crate) fn has(&self, src: NodeId, edge_type: EdgeType, dst: NodeId) -> bool {
        let is_it = |&at: &u32| {
            let edge = &self.own.edges[at as usize];
            (edge.src, edge.dst, edge.edge_type) == (src, dst, edge_type)
        };
        let hash = position_hash(src, dst, edge_type);
        self.desk.positions.find(hash, is_it).is_some()
    }

    /// Adds an edge that is not there, with metadata that is written.
    pub(crate) fn push(
        &mut self,
        src: NodeId,
        edge_type: EdgeType,
        dst: NodeId,
        metadata: impl FnOnce(&mut String),
    ) {
        let metadata = self.more.written(metadata);
        self.more.edges.push(Kept {
            src,
            dst,
            edge_type,
            metadata,
        });
    }

    /// Takes edges away again.
    pub(crate) fn remove(&mut self, is_gone: impl Fn(LinkEdge<'_>) -> bool) {
        for part in [&mut self.own, &mut self.more] {
            let text = &part.text;
            part.edges.retain(|edge| !is_gone(edge.view(text)));
        }
    }

    /// The node of a package.
    pub fn external_module(&mut self, specifier: &str) -> NodeId {
        let specifier = plain(specifier);
        self.named(specifier, specifier.len(), || External::Module {
            specifier: specifier.into(),
        })
    }

    /// The node of a member of a package.
    pub fn external_function(&mut self, specifier: &str, path: &str) -> NodeId {
        let specifier = plain(specifier);
        let place = (specifier.as_ptr().addr(), path.as_ptr().addr());
        let module = self.desk.module;
        if let Some(near) = self.desk.near.get_mut(&place)
            && near.external.is_function(specifier, path)
        {
            let id = near.id;
            if near.module != module {
                near.module = module;
                let external = Arc::clone(&near.external);
                self.insert(external);
                self.external_module(specifier);
            }
            return id;
        }
        let mut key = std::mem::take(&mut self.desk.key);
        key.clear();
        key.extend([specifier, "\0", path]);
        let id = self.named(&key, specifier.len(), || External::Function {
            specifier: specifier.into(),
            path: path.into(),
        });
        if let Some(named) = self.desk.names.get(&*key) {
            self.desk.near.insert(place, named.clone());
        }
        self.desk.key = key;
        id
    }

    /// The node of a key that begins with a specifier. A member of a package brings the package.
    fn named(&mut self, key: &str, specifier: usize, make: impl Fn() -> External) -> NodeId {
        let module = self.desk.module;
        let known = match self.desk.names.get_mut(key) {
            Some(known) => {
                if known.module == module {
                    return known.id;
                }
                known.module = module;
                (known.id, Arc::clone(&known.external))
            }
            None => {
                let external = make();
                let id = NodeId::of(&external.id());
                let external = Arc::new(external);
                let named = Named {
                    id,
                    external: Arc::clone(&external),
                    module,
                };
                self.desk.names.insert(key.into(), named);
                (id, external)
            }
        };
        let (id, external) = known;
        self.insert(external);
        if key.len() > specifier {
            self.external_module(&key[..specifier]);
        }
        id
    }

    fn insert(&mut self, external: Arc<External>) {
        if let Err(at) = self.externals.binary_search(&external) {
            self.externals.insert(at, external);
        }
    }

    /// The node of console and process output.
    pub fn stdio(&mut self) -> NodeId {
        self.insert(Arc::new(External::Stdio));
        NodeId::of(STDIO_ID)
    }

    /// Number of edges.
    #[must_use]
    pub fn len(&self) -> usize {
        self.own.edges.len() + self.more.edges.len()
    }

    /// Whether there is no edge.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The edges, in the order in which they were found.
    pub fn edges(&self) -> impl Iterator<Item = LinkEdge<'_>> {
        self.own.edges().chain(self.more.edges())
    }

    /// The nodes of packages, sorted.
    pub fn externals(&self) -> impl Iterator<Item = &External> {
        self.externals.iter().map(|external| &**external)
    }
}

impl External {
    fn is_function(&self, of: &str, name: &str) -> bool {
        match self {
            External::Function { specifier, path } => **specifier == *of && **path == *name,
            External::Module { .. } | External::Stdio => false,
        }
    }

    /// Semantic id of the node.
    #[must_use]
    pub fn id(&self) -> String {
        match self {
            External::Module { specifier } => external_module_id(specifier),
            External::Function { specifier, path } => external_function_id(specifier, path),
            External::Stdio => STDIO_ID.to_owned(),
        }
    }
}

fn plain(specifier: &str) -> &str {
    specifier.strip_prefix("node:").unwrap_or(specifier)
}

/// A text as a JSON string.
#[must_use]
pub fn json_string(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    push_json_string(&mut json, text);
    json
}

/// Whether a text stands in a string of JSON as it is.
fn is_plain(text: &str) -> bool {
    // Without a way out of the loop, so that it looks at many bytes at once.
    let special = |found: bool, b: u8| found | (b < 0x20) | (b == b'"') | (b == b'\\');
    !text.bytes().fold(false, special)
}

/// Appends a text as a JSON string.
pub(crate) fn push_json_string(json: &mut String, text: &str) {
    if is_plain(text) {
        json.push('"');
        json.push_str(text);
        json.push('"');
    } else {
        json.push_str(&serde_json::Value::from(text).to_string());
    }
}

/// How types stand in semantic ids, by their number.
static ARROWS: LazyLock<Vec<String>> =
    LazyLock::new(|| NodeType::ALL.iter().map(|ty| format!("->{ty}->")).collect());

/// Appends the semantic id of a node as a JSON string.
pub(crate) fn push_json_id(json: &mut String, summary: &ModuleSummary, node: NodeRef) {
    let local = summary.local_id(node);
    let node_type = summary.node(node).node_type();
    let node_type = node_type.map_or("->->", |of| &*ARROWS[of as usize]);
    if is_plain(&summary.file) && is_plain(local) {
        json.extend(["\"", &summary.file, node_type, local, "\""]);
    } else {
        push_json_string(json, &summary.semantic_id(node));
    }
}

/// Appends a number.
pub(crate) fn push_number(json: &mut String, number: u32) {
    if number < 10 {
        json.push(char::from(b'0' + number as u8));
    } else {
        json.push_str(&number.to_string());
    }
}

/// Adds metadata of a further edge with the same ends and type to the list `also` of the first.
fn add_also(first: &str, other: &str) -> String {
    let parse = |text: &str| -> serde_json::Map<String, serde_json::Value> {
        serde_json::from_str(if text.is_empty() { "{}" } else { text }).unwrap_or_default()
    };
    let (mut first, other) = (parse(first), parse(other));
    let same = |map: &serde_json::Map<String, serde_json::Value>| {
        map.iter().filter(|(k, _)| *k != "also").eq(other.iter())
    };
    if !same(&first) {
        let also = first
            .entry("also")
            .or_insert_with(|| serde_json::Value::Array(Vec::new()));
        if let Some(list) = also.as_array_mut() {
            let other = serde_json::Value::Object(other);
            if !list.contains(&other) {
                list.push(other);
            }
        }
    }
    serde_json::Value::Object(first).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edge_is_kept_once_with_all_that_was_said_of_it() {
        let mut links = FileLinks::default();
        let (a, b) = (NodeId(1), NodeId(2));
        for metadata in [
            r#"{"imported":"x"}"#,
            r#"{"imported":"y"}"#,
            r#"{"imported":"x"}"#,
            r#"{"imported":"y"}"#,
        ] {
            links.edge(a, EdgeType::ImportsFrom, b, metadata);
        }
        links.edge(a, EdgeType::DependsOn, b, "");
        assert_eq!(links.len(), 2);
        assert_eq!(
            links.edges().next().unwrap().metadata,
            r#"{"imported":"x","also":[{"imported":"y"}]}"#
        );
    }
}
