//! Semantic ids of the nodes of a module: name, scope, and which of those that share both.

use std::cell::Cell;
use std::hash::Hasher;
use std::sync::LazyLock;

use graph_model::summary::Sym;
use graph_model::{
    NodeId, NodeIdBatch, NodeType, is_plain_name, push_escaped_name, push_escaped_segment,
};
use hashbrown::{HashTable, hash_table};
use rustc_hash::FxHasher;

use super::interner::Interner;
use super::metadata::{MetadataWriter, push_int};
use super::{NodeIdx, RawNode};
use crate::graph::{CodedId, TextRange};

/// Writes the ids of the nodes of a module, in source order.
pub(super) struct IdWriter {
    ordinals: Ordinals,
    scopes: ScopeTexts,
    names: NamesInIds,
    /// For every node, by its index, the number of the scope inside it, or [`NOT_ENTERED`] and its ordinal.
    inside: Vec<u32>,
    scratch: String,
    types: &'static [String],
    batch: NodeIdBatch,
}

/// How types stand in ids, by their number.
static TYPES: LazyLock<Vec<String>> =
    LazyLock::new(|| NodeType::ALL.iter().map(|ty| format!("{ty}->")).collect());

/// Nobody has asked for the scope inside a node, as of most nobody does.
const NOT_ENTERED: u32 = 1 << 31;

/// A writer for more nodes than these is not kept.
const MOST_KEPT: usize = 1 << 14;

thread_local! {
    /// That of the last module, for its room.
    static WRITER: Cell<Option<Box<IdWriter>>> = const { Cell::new(None) };
}

impl IdWriter {
    /// For so many nodes of a file, with all of their names.
    pub(super) fn take(file: &str, names: &Interner, nodes: usize) -> Box<Self> {
        let mut writer = WRITER.take().unwrap_or_else(|| {
            Box::new(IdWriter {
                ordinals: Ordinals::default(),
                scopes: ScopeTexts::default(),
                names: NamesInIds::default(),
                inside: Vec::new(),
                scratch: String::new(),
                types: &TYPES,
                batch: NodeIdBatch::new(),
            })
        });
        writer.ordinals.begin(nodes);
        writer.scopes.begin();
        writer.names.begin(names.len());
        writer.inside.clear();
        writer.inside.resize(nodes, ScopeTexts::MODULE);
        writer.scratch.clear();
        writer.scratch.extend([file, "->"]);
        writer.batch.begin(&writer.scratch);
        writer
    }

    /// Takes the id of the next node; its parts. Owners come before what is in them.
    pub(super) fn write(
        &mut self,
        index: NodeIdx,
        nodes: &[RawNode],
        names: &Interner,
        meta: &mut MetadataWriter,
    ) -> CodedId {
        let node = &nodes[index as usize];
        let scope = self.scope_inside(node.owner, nodes, names);
        let ordinal = self.ordinals.next(index, scope, nodes);
        if is_owner(node.node_type) {
            self.inside[index as usize] = NOT_ENTERED | ordinal;
        }

        let escaped = self.names.escaped(names, node.id_name);
        let name = match escaped {
            None => names.bytes(node.id_name),
            Some(escaped) => escaped.as_bytes(),
        };
        let named = if node.id_name == node.name {
            escaped.is_none()
        } else {
            name == names.bytes(node.name)
        };
        let text = if !named {
            self.scratch.clear();
            let name = escaped.unwrap_or_else(|| names.get(node.id_name));
            self.scratch.extend([name, self.scopes.text(scope)]);
            // The first of a type, name and scope has, nearly always, a text that no other node had.
            Some(match ordinal {
                1 => meta.new_text(&self.scratch),
                _ => meta.text(&self.scratch),
            })
        } else if scope == ScopeTexts::MODULE {
            None
        } else {
            Some(self.scopes.code(scope, meta))
        };
        let node_type = self.types[node.node_type as usize].as_bytes();
        let suffix = self.scopes.texts.bytes(Sym(scope));
        if ordinal > 1 {
            let mut digits = itoa::Buffer::new();
            let ordinal = digits.format(ordinal).as_bytes();
            self.batch.push([node_type, name, suffix, b"#", ordinal]);
        } else {
            self.batch.push([node_type, name, suffix]);
        }
        CodedId {
            named,
            text,
            ordinal: (ordinal > 1).then_some(ordinal),
        }
    }

    /// Calls `f` with the ids of all nodes that were written, in that order.
    pub(super) fn finish(mut self: Box<Self>, f: impl FnMut(NodeId)) {
        self.batch.finish().for_each(f);
        if self.inside.len() <= MOST_KEPT {
            WRITER.set(Some(self));
        }
    }

    /// The number of the scope inside a node.
    fn scope_inside(&mut self, owner: NodeIdx, nodes: &[RawNode], names: &Interner) -> u32 {
        let Some(&scope) = self.inside.get(owner as usize) else {
            return ScopeTexts::MODULE;
        };
        if scope & NOT_ENTERED == 0 {
            return scope;
        }
        let node = &nodes[owner as usize];
        // It was asked for already, when the owner was written.
        let outer = self.scope_inside(node.owner, nodes, names);
        let name = names.get(node.id_name);
        let segment = name
            .strip_prefix("<object>:")
            .filter(|_| node.node_type == NodeType::ObjectLiteral)
            .unwrap_or(name);
        let scope = self.scopes.inside(outer, segment, scope & !NOT_ENTERED);
        self.inside[owner as usize] = scope;
        scope
    }
}

/// How many nodes of a type and a name there were in a scope.
///
/// Most are alone. The table has therefore only the indexes of nodes: a look-up that finds nothing touches little memory.
#[derive(Default)]
struct Ordinals {
    /// The first node of each type, name and scope.
    first: HashTable<NodeIdx>,
    /// By the index of a node: the number of its scope, and, if it is the first, how many like it there were.
    counted: Vec<(u32, u32)>,
}

impl Ordinals {
    /// Begins anew with so many nodes.
    fn begin(&mut self, nodes: usize) {
        self.first.clear();
        self.first.reserve(nodes, |_| 0);
        self.counted.clear();
        self.counted.resize(nodes, (0, 0));
    }

    /// Which of those of its type and name in a scope a node is, from 1.
    fn next(&mut self, index: NodeIdx, scope: u32, nodes: &[RawNode]) -> u32 {
        let Self { first, counted } = self;
        let node = &nodes[index as usize];
        let same = |&other: &NodeIdx| {
            let (other, (other_scope, _)) = (&nodes[other as usize], counted[other as usize]);
            other_scope == scope
                && other.id_name == node.id_name
                && other.node_type == node.node_type
        };
        let hash = Self::hash(node, scope);
        let rehash =
            |&other: &NodeIdx| Self::hash(&nodes[other as usize], counted[other as usize].0);
        match first.entry(hash, same, rehash) {
            hash_table::Entry::Occupied(first) => {
                let count = &mut counted[*first.get() as usize].1;
                *count += 1;
                *count
            }
            hash_table::Entry::Vacant(place) => {
                place.insert(index);
                counted[index as usize] = (scope, 1);
                1
            }
        }
    }

    fn hash(node: &RawNode, scope: u32) -> u64 {
        let mut hasher = FxHasher::default();
        hasher.write_u64(u64::from(node.id_name.0) << 32 | u64::from(scope));
        hasher.write_u8(node.node_type as u8);
        hasher.finish()
    }
}

/// Scopes as they stand in ids, `[in:a.b]`, by number; empty for the module. They are compared as texts: an interface and a
/// class of one name share theirs.
#[derive(Default)]
struct ScopeTexts {
    texts: Interner,
    /// Numbers of these in the dictionary, where they are known.
    codes: Vec<Option<u32>>,
    scratch: String,
}

impl ScopeTexts {
    /// Begins anew, with the module.
    fn begin(&mut self) {
        self.texts.clear();
        self.texts.intern("");
        self.codes.clear();
        self.codes.push(None);
    }

    const BEGIN: &str = "[in:";
    const MODULE: u32 = 0;

    /// What ids of nodes in a scope end in.
    fn text(&self, scope: u32) -> &str {
        self.texts.get(Sym(scope))
    }

    /// The number of that text in the dictionary.
    fn code(&mut self, scope: u32, meta: &mut MetadataWriter) -> u32 {
        let code = &mut self.codes[scope as usize];
        *code.get_or_insert_with(|| meta.text(self.texts.get(Sym(scope))))
    }

    /// The number of the scope inside an owner.
    fn inside(&mut self, scope: u32, segment: &str, ordinal: u32) -> u32 {
        let text = &mut self.scratch;
        text.clear();
        let outer = self.texts.get(Sym(scope));
        match outer.strip_suffix(']') {
            None => text.push_str(Self::BEGIN),
            Some(outer) => text.extend([outer, "."]),
        }
        push_escaped_segment(text, segment);
        if ordinal > 1 {
            text.push('#');
            push_int(text, ordinal);
        }
        text.push(']');
        let number = self.texts.intern(text).0;
        if self.codes.len() <= number as usize {
            self.codes.push(None);
        }
        number
    }
}

/// Remembers how names stand in ids: nearly all as they are.
#[derive(Default)]
struct NamesInIds {
    /// By name, where it is known.
    known: Vec<Option<InIds>>,
    /// Names that are escaped.
    escaped: String,
}

/// How a name stands in ids.
#[derive(Clone, Copy)]
enum InIds {
    AsItIs,
    Escaped(TextRange),
}

impl NamesInIds {
    /// Begins anew with so many names, which are all.
    fn begin(&mut self, names: usize) {
        self.known.clear();
        self.known.resize(names, None);
        self.escaped.clear();
    }

    /// A name as it stands in ids, if that is not as it is.
    fn escaped(&mut self, names: &Interner, name: Sym) -> Option<&str> {
        let place = name.0 as usize;
        let known = match self.known[place] {
            Some(known) => known,
            None => {
                let known = self.escape(names.get(name));
                self.known[place] = Some(known);
                known
            }
        };
        match known {
            InIds::AsItIs => None,
            InIds::Escaped(range) => Some(&self.escaped[range.start as usize..range.end as usize]),
        }
    }

    fn escape(&mut self, name: &str) -> InIds {
        if is_plain_name(name) {
            return InIds::AsItIs;
        }
        let start = self.escaped.len();
        push_escaped_name(&mut self.escaped, name);
        if self.escaped[start..] == *name {
            self.escaped.truncate(start);
            return InIds::AsItIs;
        }
        InIds::Escaped(TextRange {
            start: start as u32,
            end: self.escaped.len() as u32,
        })
    }
}

/// Whether ids of what is inside name this node. Of object literals only those with
/// a plain context name are ever set as the owner of a node.
fn is_owner(node_type: NodeType) -> bool {
    matches!(
        node_type,
        NodeType::Namespace
            | NodeType::Class
            | NodeType::Interface
            | NodeType::Type
            | NodeType::Enum
            | NodeType::Function
            | NodeType::Method
            | NodeType::ObjectLiteral
    )
}
