//! The graph of a module while it is being built.
//!
//! Nodes get an index when they are made; ids, ordinals and positions are
//! computed once, at the end ([`finish`]), because an ordinal depends on all
//! siblings of a name. Everything that is needed of the syntax tree is written
//! into the builder at the moment of the visit: the tree is dropped before the
//! builder is finished.

mod atoms;
mod edge_index;
pub(crate) mod facts;
mod finish;
mod ids;
mod interner;
pub(crate) mod metadata;
pub(crate) mod scope;
mod symbols;
mod template_texts;
pub(crate) mod templates;
mod value;

use graph_model::{EdgeType, LineIndex, NodeType};
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;
use swc_common::{BytePos, Span, Spanned};

use graph_model::summary::{MemberFact, NodeRef, Shape, ShapeRef, SignatureRef, Sym};

use atoms::{AtomSyms, WordSyms};
use edge_index::{EdgeIndex, NO_EDGE};
pub(crate) use facts::Facts;
pub(crate) use finish::Outcome;
pub(crate) use interner::Interner;
use metadata::{Fragment, Meta, MetadataWriter, NO_META, NodeFragment};
use scope::{Binding, BindingId, BindingKind, Scopes, Space};
pub(crate) use symbols::Known;
use templates::State;

use crate::words::Words;
pub(crate) use value::Val;

/// Index of a node in the order of creation.
pub(crate) type NodeIdx = u32;
/// No node.
pub(crate) const NO_NODE: NodeIdx = u32::MAX;

/// Bits of [`RawNode::flags`].
pub(crate) mod flag {
    /// An export names it; also shown as `isExported` in its metadata.
    pub(crate) const EXPORTED: u8 = 1;
    /// `exported` without `isExported`: EXPORT nodes.
    pub(crate) const EXPORT_NODE: u8 = 2;
    /// `isReassigned`.
    pub(crate) const REASSIGNED: u8 = 4;
    /// It belongs to no file.
    pub(crate) const GLOBAL: u8 = 8;
    /// Its metadata shows `isExported`.
    pub(crate) const SHOWS_EXPORTED: u8 = 16;
    /// It has a container.
    pub(crate) const CONTAINED: u8 = 32;
}

/// A node before it has an id.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawNode {
    pub(crate) node_type: NodeType,
    pub(crate) flags: u8,
    /// Name in the id.
    pub(crate) id_name: Sym,
    /// Name in the name column.
    pub(crate) name: Sym,
    /// Innermost owner, which gives the scope of the id.
    pub(crate) owner: NodeIdx,
    /// First byte.
    pub(crate) start: u32,
    /// Byte after the last one.
    pub(crate) end: u32,
    pub(crate) meta: Meta,
}

/// An edge between two nodes of the builder.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawEdge {
    pub(crate) src: NodeIdx,
    pub(crate) dst: NodeIdx,
    pub(crate) edge_type: EdgeType,
    pub(crate) meta: Meta,
    /// Another edge of the same source, for [`EdgeIndex`].
    previous: u32,
}

/// Key, value and place of a property; of a getter, what it returns.
pub(crate) type Listed = (Sym, Val, (u32, u32));

/// What `this`, `return` and `await` refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FrameKind {
    Module,
    Namespace,
    Function,
    Arrow,
    /// The initialiser of a field.
    Field,
    StaticBlock,
}

/// A callable, or what stands in its place.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) kind: FrameKind,
    /// FUNCTION, METHOD, MODULE, NAMESPACE or CLASS.
    pub(crate) callable: NodeIdx,
    /// Container of its `var`s: the body SCOPE, MODULE or NAMESPACE.
    pub(crate) body: NodeIdx,
    /// Members of the class it belongs to are static.
    pub(crate) is_static: bool,
    /// Index in [`Builder::classes`] of the class whose `this` it has.
    pub(crate) class: Option<usize>,
    /// Implicit PARAMETER `this`.
    pub(crate) this_node: NodeIdx,
    /// Implicit PARAMETER `arguments`.
    pub(crate) arguments_node: NodeIdx,
    pub(crate) is_async: bool,
    pub(crate) loops: u32,
    pub(crate) tries: u32,
    /// Shapes of what the callable returns and yields.
    pub(crate) returned: SmallVec<[ShapeRef; 4]>,
    pub(crate) yielded: SmallVec<[ShapeRef; 1]>,
    pub(crate) control: ControlFlow,
}

/// What `controlFlow` of a callable is made of.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ControlFlow {
    pub(crate) branches: bool,
    pub(crate) has_loops: bool,
    pub(crate) has_try: bool,
    pub(crate) early_return: bool,
    pub(crate) throws: bool,
    pub(crate) rejects: bool,
    pub(crate) async_throw: bool,
    /// Decisions; the cyclomatic complexity is one more.
    pub(crate) decisions: u32,
}

/// A member of a class whose body is being visited.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Member {
    /// PROPERTY, or the METHOD that is no setter.
    pub(crate) read: NodeIdx,
    /// PROPERTY, METHOD, or the PARAMETER of the setter.
    pub(crate) write: NodeIdx,
    /// METHOD of the setter, whose PARAMETER is not known before its visit.
    pub(crate) setter: NodeIdx,
}

/// A class whose body is being visited.
#[derive(Debug)]
pub(crate) struct ClassContext<'a> {
    pub(crate) decl: &'a swc_ecma_ast::Class,
    pub(crate) node: NodeIdx,
    pub(crate) name: Sym,
    /// The container around the class.
    pub(crate) outside: NodeIdx,
    pub(crate) members: FxHashMap<(Sym, bool), Member>,
    /// Where `this.p` is first assigned, once that had to be known before its visit.
    pub(crate) assigned: Option<FxHashMap<(Sym, bool), Span>>,
    /// Facts of its members.
    pub(crate) member_facts: Vec<MemberFact>,
    /// Names of members that constants tell.
    pub(crate) known_names: Vec<(NodeIdx, Sym)>,
    /// Signatures of overloads of its methods.
    pub(crate) overloads: FxHashMap<(Sym, bool), Vec<SignatureRef>>,
    /// Values assigned to `this.p`: name, static, PROPERTY, shape.
    pub(crate) writes: Vec<(Sym, bool, NodeRef, ShapeRef)>,
    /// Reads of `this.p` that no declared member answers; an implicit PROPERTY may come.
    pub(crate) pending_reads: Vec<(NodeIdx, Sym, bool)>,
    /// Writes to accessors whose setter may not have been visited: source, setter, type of
    /// the edge, metadata.
    pub(crate) pending_writes: Vec<(NodeIdx, NodeIdx, EdgeType, Meta)>,
}

/// A `try` part that is being visited.
#[derive(Debug)]
pub(crate) struct TryContext {
    /// Index of the frame it stands in.
    pub(crate) frame: usize,
    pub(crate) has_catch: bool,
    /// What may throw: node, `sourceType`, first byte.
    pub(crate) sources: Vec<(NodeIdx, &'static str, u32)>,
    /// Values thrown by `throw` statements.
    pub(crate) thrown: Vec<NodeIdx>,
}

/// A call that can be joined to a local callable once all is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PendingCall {
    pub(crate) call: NodeIdx,
    pub(crate) binding: BindingId,
    /// Index of its fact in the summary.
    pub(crate) fact: usize,
    /// CALLS, or RENDERS for JSX.
    pub(crate) edge: EdgeType,
}

/// A type `N.T` of a NAMESPACE of this module, which may be declared later.
#[derive(Debug)]
pub(crate) struct PendingType {
    pub(crate) sink: Sink,
    pub(crate) root: bool,
    /// What the name of the namespace means as a value.
    pub(crate) namespace: NodeIdx,
    /// CLASS or ENUM of the same name, which it is if the namespace has no such member.
    pub(crate) otherwise: Option<NodeIdx>,
    /// The names after that of the namespace.
    pub(crate) path: Vec<Sym>,
}

/// What a name in a type is joined to, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sink {
    pub(crate) src: NodeIdx,
    pub(crate) edge: EdgeType,
}

/// State of the analysis of one module.
pub(crate) struct Builder<'a> {
    pub(crate) file: &'a str,
    /// Of the text, as an extension.
    pub(crate) language: &'a str,
    pub(crate) source: &'a str,
    pub(crate) lines: &'a LineIndex<'a>,
    /// Byte position of the first byte of the source.
    base: u32,
    pub(crate) names: Interner,
    atoms: AtomSyms,
    words: WordSyms,
    pub(crate) nodes: Vec<RawNode>,
    pub(crate) edges: Vec<RawEdge>,
    edge_index: EdgeIndex,
    /// Metadata of repeated edges: index of the first one, metadata of the other.
    repeated: Vec<(u32, Meta)>,
    pub(crate) meta: MetadataWriter,
    pub(crate) scopes: Scopes,
    pub(crate) frames: Vec<Frame>,
    pub(crate) classes: Vec<ClassContext<'a>>,
    pub(crate) tries: Vec<TryContext>,
    pub(crate) container: NodeIdx,
    pub(crate) owner: NodeIdx,
    /// Nodes that were made before their declaration is visited, by the first byte of their identifier.
    pub(crate) reserved: FxHashMap<u32, NodeIdx>,
    /// Signatures of overloads, by the node that they belong to.
    pub(crate) overloads: FxHashMap<NodeIdx, Vec<String>>,
    pub(crate) globals: FxHashMap<Sym, NodeIdx>,
    /// EXPORT of each exported name, and the index of its fact.
    pub(crate) exports: FxHashMap<Sym, (NodeIdx, usize)>,
    /// The next object literal lists its values in [`Builder::listed`].
    pub(crate) list_properties: bool,
    /// The properties of the last listed object literal.
    pub(crate) listed: Vec<Listed>,
    /// What getters of the variable that stands for `exports` export, once it is given out.
    pub(crate) compiled_exports: FxHashMap<NodeIdx, Vec<Listed>>,
    /// The source may declare something with `var` ([`may_declare_var`](crate::visit::may_declare_var)).
    pub(crate) mentions_var: bool,
    /// What decides what is looked for: hardly any module mentions `exports` without CommonJS.
    pub(crate) mentioned: Words,
    pub(crate) pending_calls: Vec<PendingCall>,
    /// `new` of a class of this module: call, CLASS, index of its fact.
    pub(crate) pending_news: Vec<(NodeIdx, NodeIdx, usize)>,
    /// Reads of a member of an ENUM or NAMESPACE of this module.
    pub(crate) pending_members: Vec<(NodeIdx, NodeIdx, Sym)>,
    /// Members of the ENUMs and NAMESPACEs of this module, by what their name means: of
    /// merged declarations the first, or the class or function.
    pub(crate) members: FxHashMap<(NodeIdx, Sym), NodeIdx>,
    /// The types among them.
    pub(crate) type_members: FxHashMap<(NodeIdx, Sym), NodeIdx>,
    pub(crate) namespaces: crate::visit::Namespaces<'a>,
    pub(crate) enums: crate::visit::Enums<'a>,
    pub(crate) pending_types: Vec<PendingType>,
    pub(crate) facts: Facts,
    /// The language has types; elsewhere they stand in comments.
    pub(crate) typed: bool,
    /// Signatures of overloads, by the node of the implementation.
    pub(crate) overload_signatures: FxHashMap<NodeIdx, Vec<SignatureRef>>,
    /// Where a function without a body begins that is an overload of another, and that.
    pub(crate) overload_of: FxHashMap<u32, NodeIdx>,
    /// Shape of the default of the parameter that is being visited.
    pub(crate) parameter_default: ShapeRef,
    /// Places of targets in patterns that have defaults, by their first byte.
    pub(crate) target_places: FxHashMap<u32, crate::visit::Place>,
    /// Texts of constants, by their bindings.
    pub(crate) constant_texts: FxHashMap<u32, Sym>,
    /// Bindings of constants that are whole modules.
    pub(crate) module_names: FxHashSet<u32>,
    /// Types that comments define.
    pub(crate) typedefs: FxHashMap<Sym, graph_model::summary::TypeRef>,
    /// Narrowings in force.
    pub(crate) guards: Vec<crate::visit::Narrowing>,
    /// Index of the fact of an IMPORT.
    pub(crate) import_facts: FxHashMap<NodeIdx, usize>,
    /// The next call or value stands under `await`.
    pub(crate) awaited: bool,
    /// Scope level outside of which `with` hides names; 0 for none.
    pub(crate) with_level: u32,
    pub(crate) strict: bool,
    /// Inside `declare namespace` or `declare module`, where all is exported.
    pub(crate) ambient: bool,
    pub(crate) is_module: bool,
    pub(crate) uses_common_js: bool,
    /// Some name is bound to what `createRequire` gives.
    pub(crate) creates_require: bool,
    pub(crate) es_module_marker: bool,
    pub(crate) import_meta: Vec<String>,
    pub(crate) has_top_level_await: bool,
    pub(crate) directives: Vec<String>,
    /// First byte of the statement or member whose leading comment documents what is in it.
    pub(crate) doc_anchor: u32,
    /// Scratch for expression texts.
    pub(crate) scratch: String,
    /// Label of the loop that comes next.
    pub(crate) label: Option<Sym>,
    /// First PARAMETER of each setter.
    pub(crate) setter_parameters: FxHashMap<NodeIdx, NodeIdx>,
    pub(crate) known: Known,
}

impl<'a> Builder<'a> {
    /// A builder whose only node is the MODULE.
    pub(crate) fn new(
        file: &'a str,
        language: &'a str,
        source: &'a str,
        lines: &'a LineIndex<'a>,
        base: BytePos,
    ) -> Self {
        let mut names = Interner::with_capacity(source.len() / 32 + 32);
        let known = Known::new(&mut names);
        // Room for what most modules need; what is not used is not touched.
        let guess = source.len() / 16 + 16;
        let mut builder = Builder {
            file,
            language,
            source,
            lines,
            base: base.0,
            nodes: Vec::with_capacity(guess),
            edges: Vec::with_capacity(guess * 3),
            edge_index: EdgeIndex::with_capacity(guess),
            repeated: Vec::new(),
            meta: MetadataWriter::new(source.len()),
            scopes: Scopes::default(),
            frames: Vec::new(),
            classes: Vec::new(),
            tries: Vec::new(),
            container: NO_NODE,
            owner: NO_NODE,
            reserved: FxHashMap::default(),
            overloads: FxHashMap::default(),
            globals: FxHashMap::default(),
            exports: FxHashMap::default(),
            list_properties: false,
            listed: Vec::new(),
            compiled_exports: FxHashMap::default(),
            mentions_var: crate::visit::may_declare_var(source.as_bytes()),
            mentioned: Words::of(source),
            pending_calls: Vec::new(),
            pending_news: Vec::new(),
            pending_members: Vec::new(),
            members: FxHashMap::default(),
            type_members: FxHashMap::default(),
            namespaces: Default::default(),
            enums: Default::default(),
            pending_types: Vec::new(),
            facts: Facts::default(),
            typed: matches!(language, "ts" | "tsx" | "mts" | "cts"),
            overload_signatures: FxHashMap::default(),
            overload_of: FxHashMap::default(),
            parameter_default: ShapeRef::UNKNOWN,
            target_places: FxHashMap::default(),
            constant_texts: FxHashMap::default(),
            module_names: FxHashSet::default(),
            typedefs: FxHashMap::default(),
            guards: Vec::new(),
            import_facts: FxHashMap::default(),
            awaited: false,
            with_level: 0,
            strict: false,
            ambient: false,
            is_module: false,
            uses_common_js: false,
            creates_require: false,
            es_module_marker: false,
            import_meta: Vec::new(),
            has_top_level_await: false,
            directives: Vec::new(),
            doc_anchor: u32::MAX,
            scratch: String::new(),
            label: None,
            setter_parameters: FxHashMap::default(),
            atoms: AtomSyms::new(source.len() / 64, known.empty),
            words: WordSyms::new(known.empty),
            names,
            known,
        };
        let (id_name, name) = (known.module, builder.names.intern(file));
        let module = builder.push_node(RawNode {
            node_type: NodeType::Module,
            flags: 0,
            id_name,
            name,
            owner: NO_NODE,
            start: 0,
            end: source.len() as u32,
            meta: NO_META,
        });
        builder.container = module;
        builder
            .frames
            .push(Frame::new(FrameKind::Module, module, module));
        builder
    }

    /// The MODULE node.
    pub(crate) const MODULE: NodeIdx = 0;

    /// First and last byte of a span in the source.
    pub(crate) fn range(&self, span: Span) -> (u32, u32) {
        (self.offset(span.lo), self.offset(span.hi))
    }

    pub(crate) fn offset(&self, pos: BytePos) -> u32 {
        pos.0
            .saturating_sub(self.base)
            .min(self.source.len() as u32)
    }

    pub(crate) fn start_of(&self, node: &impl Spanned) -> u32 {
        self.offset(node.span_lo())
    }

    /// The source text of a span.
    pub(crate) fn text_of(&self, span: Span) -> &'a str {
        let (start, end) = self.range(span);
        self.source.get(start as usize..end as usize).unwrap_or("")
    }

    pub(crate) fn push_node(&mut self, node: RawNode) -> NodeIdx {
        self.nodes.push(node);
        self.nodes.len() as u32 - 1
    }

    /// Makes a node whose two names are equal; it has no container yet.
    pub(crate) fn make(&mut self, node_type: NodeType, name: Sym, range: (u32, u32)) -> NodeIdx {
        self.push_node(RawNode {
            node_type,
            flags: 0,
            id_name: name,
            name,
            owner: self.owner,
            start: range.0,
            end: range.1,
            meta: NO_META,
        })
    }

    /// Makes a node inside the current container.
    pub(crate) fn add(&mut self, node_type: NodeType, name: Sym, range: (u32, u32)) -> NodeIdx {
        let node = self.make(node_type, name, range);
        self.contain(node);
        node
    }

    pub(crate) fn set_meta(&mut self, node: NodeIdx, fragment: NodeFragment) {
        self.nodes[node as usize].meta = self.end_node(fragment);
    }

    pub(crate) fn node(&self, node: NodeIdx) -> &RawNode {
        &self.nodes[node as usize]
    }

    pub(crate) fn set_flag(&mut self, node: NodeIdx, flag: u8) {
        self.nodes[node as usize].flags |= flag;
    }

    /// Puts a node into the current container.
    pub(crate) fn contain(&mut self, node: NodeIdx) {
        let parent = self.container;
        self.contain_in(parent, node);
    }

    pub(crate) fn contain_in(&mut self, parent: NodeIdx, node: NodeIdx) {
        let holds_variables = !matches!(
            self.node(parent).node_type,
            NodeType::Class | NodeType::Interface | NodeType::Type | NodeType::Enum
        );
        let edge = match self.node(node).node_type {
            NodeType::Variable | NodeType::Constant if holds_variables => EdgeType::Declares,
            NodeType::Property => EdgeType::HasProperty,
            _ => EdgeType::Contains,
        };
        self.tree_edge(parent, node, edge, NO_META);
    }

    /// An edge of the containment tree, which cannot repeat.
    pub(crate) fn tree_edge(
        &mut self,
        src: NodeIdx,
        dst: NodeIdx,
        edge_type: EdgeType,
        meta: Meta,
    ) {
        self.set_flag(dst, flag::CONTAINED);
        self.edges.push(RawEdge {
            src,
            dst,
            edge_type,
            meta,
            previous: NO_EDGE,
        });
    }

    /// An edge without metadata. Does nothing where an end is missing.
    pub(crate) fn edge(&mut self, src: NodeIdx, dst: NodeIdx, edge_type: EdgeType) {
        self.edge_meta(src, dst, edge_type, NO_META);
    }

    /// An edge with metadata; a repeated one is merged at the end.
    #[inline]
    pub(crate) fn edge_meta(
        &mut self,
        src: NodeIdx,
        dst: NodeIdx,
        edge_type: EdgeType,
        meta: Meta,
    ) {
        // As numbers: in one piece they would go through memory, and be waited for.
        let Meta { state, start, end } = meta;
        self.edge_numbers(src, dst, edge_type, state, (start, end));
    }

    #[inline(never)]
    fn edge_numbers(
        &mut self,
        src: NodeIdx,
        dst: NodeIdx,
        edge_type: EdgeType,
        state: State,
        (start, end): (u32, u32),
    ) {
        let meta = Meta { state, start, end };
        if src == NO_NODE || dst == NO_NODE {
            return;
        }
        // What belongs to no file other modules write to as well: the edge says nothing of one of them.
        let is_global = |node| self.node(node).flags & flag::GLOBAL != 0;
        let is_shared = edge_type == EdgeType::FlowsInto && is_global(src) && is_global(dst);
        let meta = if is_shared { NO_META } else { meta };
        match self.edge_index.find(&self.edges, src, dst, edge_type) {
            Some(there) => self.repeat(there, meta),
            None => {
                let edge = RawEdge {
                    src,
                    dst,
                    edge_type,
                    meta,
                    previous: NO_EDGE,
                };
                self.edge_index.push(&mut self.edges, edge);
            }
        }
    }

    /// Notes a fact that an edge is there for already, if it tells something new. Which arguments a value is counts each time.
    fn repeat(&mut self, edge: u32, meta: Meta) {
        let first = &self.edges[edge as usize];
        let latest = self.repeated.last().filter(|repeated| repeated.0 == edge);
        let is_known = first.edge_type != EdgeType::PassesArgument
            && (self.meta.are_equal(first.meta, meta)
                || latest.is_some_and(|repeated| self.meta.are_equal(repeated.1, meta)));
        if !is_known {
            self.repeated.push((edge, meta));
        }
    }

    /// Ends a fragment and makes the edge that it describes.
    pub(crate) fn edge_with(
        &mut self,
        src: NodeIdx,
        dst: NodeIdx,
        edge_type: EdgeType,
        fragment: Fragment,
    ) {
        let meta = self.end(fragment);
        self.edge_meta(src, dst, edge_type, meta);
    }

    /// An edge that carries a value; says so where the value was awaited.
    pub(crate) fn value_edge(
        &mut self,
        src: NodeIdx,
        value: Val,
        edge_type: EdgeType,
        fragment: Fragment,
    ) {
        self.m_flag("isAwaited", value.is_awaited());
        self.edge_with(src, value.node, edge_type, fragment);
    }

    /// The same for edges that start at the value.
    pub(crate) fn value_edge_to(
        &mut self,
        value: Val,
        dst: NodeIdx,
        edge_type: EdgeType,
        fragment: Fragment,
    ) {
        self.m_flag("isAwaited", value.is_awaited());
        self.edge_with(value.node, dst, edge_type, fragment);
    }

    /// `src USES value`, with the role.
    pub(crate) fn uses(&mut self, src: NodeIdx, value: Val, role: &'static str) {
        if !value.exists() {
            return;
        }
        let fragment = self.fragment();
        self.m_word("role", role);
        self.value_edge(src, value, EdgeType::Uses, fragment);
    }

    /// The same from the current container.
    pub(crate) fn container_uses(&mut self, value: Val, role: &'static str) {
        let container = self.container;
        if value.node != container {
            self.uses(container, value, role);
        }
    }

    /// Runs `f` with another container.
    pub(crate) fn in_container<R>(
        &mut self,
        container: NodeIdx,
        f: impl FnOnce(&mut Self) -> R,
    ) -> R {
        let outer = std::mem::replace(&mut self.container, container);
        let result = f(self);
        self.container = outer;
        result
    }

    /// Runs `f` with another owner.
    pub(crate) fn in_owner<R>(&mut self, owner: NodeIdx, f: impl FnOnce(&mut Self) -> R) -> R {
        let outer = std::mem::replace(&mut self.owner, owner);
        let result = f(self);
        self.owner = outer;
        result
    }

    /// Runs `f` inside a new lexical scope.
    pub(crate) fn in_scope<R>(&mut self, f: impl FnOnce(&mut Self) -> R) -> R {
        self.scopes.enter();
        let result = f(self);
        self.scopes.leave();
        result
    }

    pub(crate) fn frame(&self) -> &Frame {
        &self.frames[self.frames.len() - 1]
    }

    pub(crate) fn frame_mut(&mut self) -> &mut Frame {
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    /// The frame that `this` belongs to.
    pub(crate) fn this_frame(&self) -> usize {
        self.frames
            .iter()
            .rposition(|f| f.kind != FrameKind::Arrow)
            .unwrap_or(0)
    }

    /// The innermost callable, or the module.
    pub(crate) fn callable(&self) -> NodeIdx {
        self.frame().callable
    }

    pub(crate) fn declare(
        &mut self,
        space: Space,
        name: Sym,
        node: NodeIdx,
        kind: BindingKind,
    ) -> BindingId {
        let binding = Binding {
            node,
            kind,
            frame: self.frames.len() as u32 - 1,
            level: self.scopes.level(),
            reassigned: false,
            function: NO_NODE,
            shape: ShapeRef::UNKNOWN,
            type_var: 0,
        };
        self.scopes.declare(space, name, binding)
    }

    pub(crate) fn shape(&mut self, shape: Shape) -> ShapeRef {
        self.facts.shape(shape)
    }

    /// A value that is its own node, with the shape that the type of the node tells.
    pub(crate) fn node_value(&mut self, node: NodeIdx) -> Val {
        let reference = NodeRef(node);
        let shape = match self.node(node).node_type {
            NodeType::Call => Shape::Call(reference),
            NodeType::ConstructorCall => Shape::New(reference),
            NodeType::Function | NodeType::Method => Shape::Function(reference),
            NodeType::Class => Shape::Class(reference),
            NodeType::ObjectLiteral => Shape::Object(reference),
            NodeType::ArrayLiteral => Shape::Array(reference),
            NodeType::Import => Shape::Import(reference),
            NodeType::JsxElement => Shape::Jsx(reference),
            _ => Shape::Unknown,
        };
        let shape = self.shape(shape);
        Val::new(node, shape)
    }

    /// The node of an undeclared name.
    pub(crate) fn global(&mut self, name: Sym) -> NodeIdx {
        if let Some(&node) = self.globals.get(&name) {
            return node;
        }
        let node = self.push_node(RawNode {
            node_type: NodeType::ExternalFunction,
            flags: flag::GLOBAL,
            id_name: name,
            name,
            owner: NO_NODE,
            start: u32::MAX,
            end: u32::MAX,
            meta: NO_META,
        });
        self.globals.insert(name, node);
        node
    }
}

impl Frame {
    pub(crate) fn new(kind: FrameKind, callable: NodeIdx, body: NodeIdx) -> Self {
        Frame {
            kind,
            callable,
            body,
            is_static: false,
            class: None,
            this_node: NO_NODE,
            arguments_node: NO_NODE,
            is_async: false,
            loops: 0,
            tries: 0,
            returned: SmallVec::new(),
            yielded: SmallVec::new(),
            control: ControlFlow::default(),
        }
    }
}
