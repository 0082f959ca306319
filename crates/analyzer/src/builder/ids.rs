//! Semantic ids of the nodes of a module: name, scope, and which of those that share both.

use graph_model::summary::Sym;
use graph_model::{
    NodeId, NodeIdBatch, NodeType, is_plain_name, push_escaped_name, push_escaped_segment,
};
use rustc_hash::FxHashMap;

use super::interner::Interner;
use super::metadata::{MetadataWriter, push_int};
use super::{NodeIdx, RawNode};
use crate::graph::{CodedId, TextRange};

/// Writes the ids of the nodes of a module, in source order.
pub(super) struct IdWriter {
    /// How many nodes of a type and a name there were in a scope.
    ordinals: FxHashMap<(NodeType, Sym, u32), u32>,
    scopes: ScopeTexts,
    names: NamesInIds,
    /// For every node, by its index, the number of the scope inside it, or [`NOT_ENTERED`] and its ordinal.
    inside: Vec<u32>,
    /// The last id. All begin with the file.
    id: String,
    prefix: usize,
    batch: NodeIdBatch,
}

/// Nobody has asked for the scope inside a node, as of most nobody does.
const NOT_ENTERED: u32 = 1 << 31;

impl IdWriter {
    /// For so many nodes of a file, with all of their names.
    pub(super) fn new(file: &str, names: &Interner, nodes: usize) -> Self {
        let mut ordinals = FxHashMap::default();
        ordinals.reserve(nodes);
        let mut id = String::with_capacity(file.len() + 256);
        id.extend([file, "->"]);
        IdWriter {
            ordinals,
            scopes: ScopeTexts::with_capacity(nodes / 16 + 8),
            names: NamesInIds::new(names.len()),
            inside: vec![ScopeTexts::MODULE; nodes],
            prefix: id.len(),
            id,
            batch: NodeIdBatch::with_capacity(nodes),
        }
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
        let ordinal = self
            .ordinals
            .entry((node.node_type, node.id_name, scope))
            .or_insert(0);
        *ordinal += 1;
        let ordinal = *ordinal;
        if is_owner(node.node_type) {
            self.inside[index as usize] = NOT_ENTERED | ordinal;
        }

        let id = &mut self.id;
        id.truncate(self.prefix);
        id.push_str(node.node_type.as_str());
        id.push_str("->");
        let after_type = id.len();
        let stands = self.names.push(names, node.id_name, id);
        let named = if node.id_name == node.name {
            stands
        } else {
            id[after_type..] == *names.get(node.name)
        };
        id.push_str(self.scopes.suffix(scope));
        let text = if named {
            self.scopes.suffix_code(scope, meta)
        } else {
            Some(meta.text(&id[after_type..]))
        };
        if ordinal > 1 {
            id.push('#');
            push_int(id, ordinal);
        }
        self.batch.push(id);
        CodedId {
            named,
            text,
            ordinal: (ordinal > 1).then_some(ordinal),
        }
    }

    /// The ids of all nodes that were written, in that order.
    pub(super) fn finish(self) -> Vec<NodeId> {
        self.batch.finish()
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

/// Scopes as they stand in ids, `[in:a.b]`, by number; empty for the module. They are compared as texts: an interface and a
/// class of one name share theirs.
struct ScopeTexts {
    texts: Interner,
    /// Numbers of these in the dictionary, where they are known.
    codes: Vec<Option<u32>>,
    scratch: String,
}

impl ScopeTexts {
    /// With room for about so many.
    fn with_capacity(scopes: usize) -> Self {
        let mut texts = Interner::with_capacity(scopes);
        texts.intern("");
        let mut codes = Vec::with_capacity(scopes);
        codes.push(None);
        ScopeTexts {
            texts,
            codes,
            scratch: String::with_capacity(128),
        }
    }

    const BEGIN: &str = "[in:";
    const MODULE: u32 = 0;

    /// What ids of nodes in a scope end in.
    fn suffix(&self, scope: u32) -> &str {
        if scope == Self::MODULE {
            return "";
        }
        self.texts.get(Sym(scope))
    }

    /// The number of that text; none if it is empty.
    fn suffix_code(&mut self, scope: u32, meta: &mut MetadataWriter) -> Option<u32> {
        if scope == Self::MODULE {
            return None;
        }
        let code = &mut self.codes[scope as usize];
        if code.is_none() {
            *code = Some(meta.text(self.texts.get(Sym(scope))));
        }
        *code
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
    /// For so many names, which are all.
    fn new(names: usize) -> Self {
        NamesInIds {
            known: vec![None; names],
            escaped: String::new(),
        }
    }

    /// Appends a name as it stands in ids; whether that is as it is.
    fn push(&mut self, names: &Interner, name: Sym, id: &mut String) -> bool {
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
            InIds::AsItIs => id.push_str(names.get(name)),
            InIds::Escaped(range) => {
                id.push_str(&self.escaped[range.start as usize..range.end as usize]);
            }
        }
        matches!(known, InIds::AsItIs)
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
