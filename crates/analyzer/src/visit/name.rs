//! Identifiers, `this` and `arguments` as values.

use graph_model::{EdgeType, NodeType};
use swc_common::Span;
use swc_ecma_ast::*;

use crate::builder::metadata::NO_META;
use crate::builder::scope::{BindingId, BindingKind, Space};
use crate::builder::{Builder, FrameKind, NO_NODE, NodeIdx, RawNode, Val};
use graph_model::summary::{NodeRef, Shape, ShapeRef, Sym};

/// What a name means.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Meaning {
    Bound(BindingId),
    /// No scope declares it.
    Global(Sym),
    /// `with` may provide it.
    Hidden,
}

impl<'a> Builder<'a> {
    /// Looks a name up in the space of values, without any edge.
    pub(crate) fn meaning(&mut self, ident: &Ident) -> Meaning {
        let name = self.atom(&ident.sym);
        self.meaning_of(name)
    }

    pub(crate) fn meaning_of(&mut self, name: Sym) -> Meaning {
        match self.scopes.resolve(Space::Value, name) {
            Some(id) if self.scopes.get(id).level > self.with_level => Meaning::Bound(id),
            _ if self.with_level > 0 => Meaning::Hidden,
            _ => {
                if name == self.known.require
                    || name == self.known.module
                    || name == self.known.exports
                {
                    self.uses_common_js = true;
                }
                Meaning::Global(name)
            }
        }
    }

    /// The value of an identifier that is read.
    pub(crate) fn identifier(&mut self, ident: &'a Ident) -> Val {
        let name = self.atom(&ident.sym);
        self.named_value(name, ident.span)
    }

    fn named_value(&mut self, name: Sym, span: Span) -> Val {
        if name == self.known.arguments && self.scopes.resolve(Space::Value, name).is_none() {
            let node = self.implicit_parameter(true, span);
            if node != NO_NODE {
                let frame = self.this_frame();
                let callable = NodeRef(self.frames[frame].callable);
                let shape = self.shape(Shape::Arguments(callable));
                return Val::new(node, shape);
            }
        }
        match self.meaning_of(name) {
            Meaning::Bound(id) => self.bound_value(id, false),
            Meaning::Global(name) if name == self.known.undefined => Val::NONE,
            Meaning::Global(name) if name == self.known.exports => {
                let shape = self.shape(Shape::Exports);
                Val::new(Self::MODULE, shape)
            }
            Meaning::Global(name) => {
                let node = self.global(name);
                let shape = self.shape(Shape::Global(name));
                Val::new(node, shape)
            }
            Meaning::Hidden => Val::NONE,
        }
    }

    /// The value of an identifier as callee or receiver: an undeclared name has a
    /// shape but no node.
    pub(crate) fn identifier_quietly(&mut self, ident: &'a Ident) -> Val {
        let name = self.atom(&ident.sym);
        match self.meaning_of(name) {
            Meaning::Global(name) if name == self.known.exports => {
                let shape = self.shape(Shape::Exports);
                Val::new(Self::MODULE, shape)
            }
            Meaning::Global(name) if name != self.known.arguments => {
                let shape = self.shape(Shape::Global(name));
                Val::new(NO_NODE, shape)
            }
            _ => self.named_value(name, ident.span),
        }
    }

    pub(crate) fn bound_value(&mut self, id: BindingId, write: bool) -> Val {
        let binding = *self.scopes.get(id);
        if binding.node == NO_NODE {
            return Val::NONE;
        }
        self.capture(id, write);
        if binding.shape != ShapeRef::UNKNOWN {
            let shape = self.narrowed(binding.shape);
            return Val::new(binding.node, shape);
        }
        let shape = self.shape(Shape::Binding(NodeRef(binding.node)));
        self.scopes.get_mut(id).shape = shape;
        let shape = self.narrowed(shape);
        Val::new(binding.node, shape)
    }

    /// `CAPTURES` from the body of the current callable, for a binding of an enclosing one.
    fn capture(&mut self, id: BindingId, write: bool) {
        let binding = *self.scopes.get(id);
        let frame = binding.frame as usize;
        let current = self.frames.len() - 1;
        if frame >= current
            || !matches!(
                self.frames[frame].kind,
                FrameKind::Function | FrameKind::Arrow
            )
        {
            return;
        }
        let callable = |k: FrameKind| matches!(k, FrameKind::Function | FrameKind::Arrow);
        let Some(inner) = self.frames.iter().rposition(|f| callable(f.kind)) else {
            return;
        };
        if inner <= frame || binding.kind == BindingKind::SelfName && inner == frame {
            return;
        }
        let depth = self.frames[frame + 1..=inner]
            .iter()
            .filter(|f| callable(f.kind))
            .count() as u32;
        let body = self.frames[inner].body;
        if depth == 0 || body == NO_NODE {
            return;
        }
        let fragment = self.fragment();
        self.m_int("depth", depth);
        self.m_flag("isWritten", write);
        self.edge_with(body, binding.node, EdgeType::Captures, fragment);
    }

    /// The value of `this`.
    pub(crate) fn this_value(&mut self, span: Span) -> Val {
        let shape = self.this_shape();
        let frame = self.this_frame();
        let node = match self.frames[frame].kind {
            // As `exports` is: what `this` is at the top of a CommonJS module, and what a script hands on in its place.
            FrameKind::Module if !self.is_module => Self::MODULE,
            FrameKind::Module => NO_NODE,
            FrameKind::Namespace => NO_NODE,
            FrameKind::Field | FrameKind::StaticBlock => self.frames[frame].callable,
            FrameKind::Function | FrameKind::Arrow => self.implicit_parameter(false, span),
        };
        Val::new(node, shape)
    }

    /// The implicit PARAMETER `this` or `arguments` of the callable that owns it;
    /// no node where no callable does.
    pub(crate) fn implicit_parameter(&mut self, arguments: bool, span: Span) -> NodeIdx {
        let index = self.this_frame();
        let frame = &self.frames[index];
        if frame.kind != FrameKind::Function {
            return NO_NODE;
        }
        let known = if arguments {
            frame.arguments_node
        } else {
            frame.this_node
        };
        if known != NO_NODE {
            return known;
        }
        let callable = frame.callable;
        let (start, end) = self.range(span);
        let name = if arguments {
            self.known.arguments
        } else {
            self.known.this
        };
        let node = self.push_node(RawNode {
            node_type: NodeType::Parameter,
            flags: 0,
            id_name: name,
            name,
            owner: callable,
            start,
            end,
            meta: NO_META,
        });
        let fragment = self.node_fragment();
        self.m_json("index", "-1");
        self.m_bool("implicit", true);
        self.set_meta(node, fragment);
        let fragment = self.fragment();
        self.m_json("index", "-1");
        let meta = self.end(fragment);
        self.tree_edge(callable, node, EdgeType::HasParameter, meta);
        let frame = &mut self.frames[index];
        if arguments {
            frame.arguments_node = node;
        } else {
            frame.this_node = node;
        }
        node
    }

    /// Notes that code assigns to a binding.
    pub(crate) fn mark_reassigned(&mut self, id: BindingId) {
        self.scopes.get_mut(id).reassigned = true;
        let node = self.scopes.get(id).node;
        if node != NO_NODE
            && matches!(
                self.node(node).node_type,
                NodeType::Variable | NodeType::Constant
            )
        {
            self.set_flag(node, crate::builder::flag::REASSIGNED);
        }
    }
}
