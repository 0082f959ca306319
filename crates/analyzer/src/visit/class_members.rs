//! Members of classes get their nodes before any is visited, so that `this.p`
//! means one of them wherever it stands.

use graph_model::NodeType;
use rustc_hash::FxHashMap;
use swc_common::Span;
use swc_ecma_ast::*;

use super::class::{symbol_key, visibility};
use super::function::Callable;
use super::object::property_key;
use crate::builder::metadata::NO_META;
use crate::builder::{Builder, Member, NO_NODE, NodeIdx, RawNode};
use graph_model::summary::Sym;

/// A key of a member: its name, and the expression where only that tells it.
struct MemberKey<'a> {
    name: Sym,
    computed: Option<&'a Expr>,
}

/// The key of a member as the tree has it.
#[derive(Clone, Copy)]
pub(super) enum MemberName<'a> {
    Public(&'a PropName),
    Private(&'a PrivateName),
}

impl MemberName<'_> {
    pub(super) fn is_private(self) -> bool {
        matches!(self, MemberName::Private(_))
    }
}

/// A method or accessor, whichever of the tree's types holds it.
pub(super) struct MethodMember<'a> {
    pub(super) key: MemberName<'a>,
    pub(super) kind: MethodKind,
    pub(super) is_static: bool,
    pub(super) accessibility: Option<Accessibility>,
    pub(super) is_abstract: bool,
    pub(super) is_override: bool,
    pub(super) is_optional: bool,
    pub(super) function: &'a Function,
    pub(super) span: Span,
}

impl<'a> MethodMember<'a> {
    pub(super) fn of(member: &'a ClassMember) -> Option<Self> {
        match member {
            ClassMember::Method(m) => Some(MethodMember {
                key: MemberName::Public(&m.key),
                kind: m.kind,
                is_static: m.is_static,
                accessibility: m.accessibility,
                is_abstract: m.is_abstract,
                is_override: m.is_override,
                is_optional: m.is_optional,
                function: &m.function,
                span: m.span,
            }),
            ClassMember::PrivateMethod(m) => Some(MethodMember {
                key: MemberName::Private(&m.key),
                kind: m.kind,
                is_static: m.is_static,
                accessibility: m.accessibility,
                is_abstract: m.is_abstract,
                is_override: m.is_override,
                is_optional: m.is_optional,
                function: &m.function,
                span: m.span,
            }),
            _ => None,
        }
    }
}

/// A field or `accessor`, whichever of the tree's types holds it.
pub(super) struct FieldMember<'a> {
    pub(super) key: MemberName<'a>,
    /// `propertyKind`.
    pub(super) kind: &'static str,
    pub(super) is_static: bool,
    pub(super) accessibility: Option<Accessibility>,
    pub(super) is_readonly: bool,
    pub(super) is_optional: bool,
    pub(super) is_abstract: bool,
    pub(super) declare: bool,
    pub(super) annotation: Option<&'a TsTypeAnn>,
    pub(super) value: Option<&'a Expr>,
    pub(super) decorators: &'a [Decorator],
    pub(super) span: Span,
}

impl<'a> FieldMember<'a> {
    pub(super) fn of(member: &'a ClassMember) -> Option<Self> {
        match member {
            ClassMember::ClassProp(f) => Some(FieldMember {
                key: MemberName::Public(&f.key),
                kind: "field",
                is_static: f.is_static,
                accessibility: f.accessibility,
                is_readonly: f.readonly,
                is_optional: f.is_optional,
                is_abstract: f.is_abstract,
                declare: f.declare,
                annotation: f.type_ann.as_deref(),
                value: f.value.as_deref(),
                decorators: &f.decorators,
                span: f.span,
            }),
            ClassMember::PrivateProp(f) => Some(FieldMember {
                key: MemberName::Private(&f.key),
                kind: "field",
                is_static: f.is_static,
                accessibility: f.accessibility,
                is_readonly: f.readonly,
                is_optional: f.is_optional,
                is_abstract: false,
                declare: false,
                annotation: f.type_ann.as_deref(),
                value: f.value.as_deref(),
                decorators: &f.decorators,
                span: f.span,
            }),
            ClassMember::AutoAccessor(f) => Some(FieldMember {
                key: match &f.key {
                    Key::Public(key) => MemberName::Public(key),
                    Key::Private(key) => MemberName::Private(key),
                },
                kind: "accessor",
                is_static: f.is_static,
                accessibility: f.accessibility,
                is_readonly: false,
                is_optional: false,
                is_abstract: f.is_abstract,
                declare: false,
                annotation: f.type_ann.as_deref(),
                value: f.value.as_deref(),
                decorators: &f.decorators,
                span: f.span,
            }),
            _ => None,
        }
    }
}

impl<'a> Builder<'a> {
    /// Nodes of all members, so that `this.p` means one before it is visited.
    pub(super) fn reserve_members(&mut self, class: usize, decl: &'a Class) -> Vec<NodeIdx> {
        let mut implementations: FxHashMap<(Sym, bool), NodeIdx> = FxHashMap::default();
        let mut nodes = vec![NO_NODE; decl.body.len()];
        // Implementations first, so that overloads before them find their node.
        for pass in 0..2 {
            for (i, member) in decl.body.iter().enumerate() {
                let has_body = has_body(member);
                if (pass == 0) != has_body || nodes[i] != NO_NODE {
                    continue;
                }
                nodes[i] = self.reserve_member(class, member, &mut implementations);
            }
        }
        nodes
    }

    fn reserve_member(
        &mut self,
        class: usize,
        member: &'a ClassMember,
        implementations: &mut FxHashMap<(Sym, bool), NodeIdx>,
    ) -> NodeIdx {
        if let Some(method) = MethodMember::of(member) {
            return self.reserve_method(class, &method, implementations);
        }
        if let Some(field) = FieldMember::of(member) {
            return self.reserve_property(class, &field);
        }
        match member {
            ClassMember::Constructor(constructor) => {
                let name = self.known.constructor;
                if constructor.body.is_none()
                    && let Some(&node) = implementations.get(&(name, false))
                {
                    let text = self.callable_signature(&Callable::of_constructor(constructor));
                    self.overloads.entry(node).or_default().push(text);
                    return NO_NODE;
                }
                let range = self.range(constructor.span);
                let node = self.make(NodeType::Method, name, range);
                implementations.insert((name, false), node);
                for param in &constructor.params {
                    if let ParamOrTsParamProp::TsParamProp(prop) = param {
                        self.parameter_property(class, prop);
                    }
                }
                node
            }
            _ => NO_NODE,
        }
    }

    fn reserve_method(
        &mut self,
        class: usize,
        method: &MethodMember<'a>,
        implementations: &mut FxHashMap<(Sym, bool), NodeIdx>,
    ) -> NodeIdx {
        let key = self.member_name(method.key);
        let (kind, is_static, function) = (method.kind, method.is_static, method.function);
        let prefix = match kind {
            MethodKind::Method => "",
            MethodKind::Getter => "get:",
            MethodKind::Setter => "set:",
        };
        let id_name = self.prefixed(key.name, is_static, prefix);
        if kind == MethodKind::Method
            && key.computed.is_none()
            && function.body.is_none()
            && let Some(&node) = implementations.get(&(key.name, is_static))
        {
            let text = self.signature_text(function);
            self.overloads.entry(node).or_default().push(text);
            return NO_NODE;
        }
        let range = self.member_range(method.span, &function.decorators);
        let node = self.make(NodeType::Method, id_name, range);
        self.nodes[node as usize].name = key.name;
        if key.computed.is_some() {
            return node;
        }
        if kind == MethodKind::Method {
            implementations.insert((key.name, is_static), node);
        }
        let members = &mut self.classes[class].members;
        let member = members.entry((key.name, is_static)).or_insert(Member {
            read: NO_NODE,
            write: NO_NODE,
            setter: NO_NODE,
        });
        match kind {
            MethodKind::Method => {
                *member = Member {
                    read: node,
                    write: node,
                    setter: NO_NODE,
                }
            }
            MethodKind::Getter => {
                member.read = node;
                if member.write == NO_NODE {
                    member.write = node;
                }
            }
            MethodKind::Setter => {
                member.setter = node;
                member.write = node;
                if member.read == NO_NODE {
                    member.read = node;
                }
            }
        }
        node
    }

    fn reserve_property(&mut self, class: usize, field: &FieldMember<'a>) -> NodeIdx {
        let key = self.member_name(field.key);
        let is_static = field.is_static;
        let id_name = self.prefixed(key.name, is_static, "");
        let (start, end) = self.member_range(field.span, field.decorators);
        let text = self.source.get(start as usize..end as usize).unwrap_or("");
        let range = (
            start,
            start
                + text
                    .trim_end_matches(|c: char| c == ';' || c.is_whitespace())
                    .len() as u32,
        );
        let node = self.make(NodeType::Property, id_name, range);
        self.nodes[node as usize].name = key.name;
        if key.computed.is_none() {
            let member = Member {
                read: node,
                write: node,
                setter: NO_NODE,
            };
            self.classes[class]
                .members
                .insert((key.name, is_static), member);
        }
        node
    }

    /// The PROPERTY that a parameter with a modifier declares.
    fn parameter_property(&mut self, class: usize, prop: &'a TsParamProp) {
        let (ident, range) = match &prop.param {
            TsParamPropParam::Ident(ident) => {
                let (start, end) = self.range(ident.id.span);
                (
                    ident,
                    (
                        start,
                        ident
                            .type_ann
                            .as_ref()
                            .map_or(end, |t| self.range(t.span).1.max(end)),
                    ),
                )
            }
            TsParamPropParam::Assign(assign) => match &*assign.left {
                Pat::Ident(ident) => (ident, self.range(assign.span)),
                _ => return,
            },
        };
        let name = self.atom(&ident.id.sym);
        let (class_node, class_name) = (self.classes[class].node, self.classes[class].name);
        let node = self.push_node(RawNode {
            node_type: NodeType::Property,
            flags: 0,
            id_name: name,
            name,
            owner: class_node,
            start: range.0,
            end: range.1,
            meta: NO_META,
        });
        let fragment = self.node_fragment();
        self.m_word("propertyKind", "parameter");
        self.m_sym("className", class_name);
        if let Some(annotation) = &ident.type_ann {
            let text = self.type_text(&annotation.type_ann);
            self.m_str("typeAnnotation", text);
        }
        self.m_flag("isReadonly", prop.readonly);
        if let Some(accessibility) = prop.accessibility {
            self.m_word("visibility", visibility(accessibility));
        }
        self.set_meta(node, fragment);
        self.contain_in(class_node, node);
        if let Some(annotation) = &ident.type_ann {
            self.type_of(node, annotation);
        }
        let member = Member {
            read: node,
            write: node,
            setter: NO_NODE,
        };
        self.classes[class].members.insert((name, false), member);
    }

    fn prefixed(&mut self, name: Sym, is_static: bool, prefix: &str) -> Sym {
        if !is_static && prefix.is_empty() {
            return name;
        }
        let text = format!(
            "{}{prefix}{}",
            if is_static { "static:" } else { "" },
            self.names.get(name)
        );
        self.sym(&text)
    }

    fn member_range(&self, span: Span, decorators: &[Decorator]) -> (u32, u32) {
        let (start, end) = self.range(span);
        match decorators.iter().map(|d| self.range(d.span).1).max() {
            Some(after) if after > start => (self.skip_trivia(after, &[]), end),
            _ => (start, end),
        }
    }

    fn member_name(&mut self, key: MemberName<'a>) -> MemberKey<'a> {
        let key = match key {
            MemberName::Public(key) => key,
            MemberName::Private(key) => {
                return MemberKey {
                    name: self.private_name(key),
                    computed: None,
                };
            }
        };
        if let Some(text) = property_key(key) {
            return MemberKey {
                name: self.sym(&text),
                computed: None,
            };
        }
        match key {
            PropName::Computed(computed) => self.computed_member_key(&computed.expr),
            _ => MemberKey {
                name: self.known.empty,
                computed: None,
            },
        }
    }

    fn computed_member_key(&mut self, key: &'a Expr) -> MemberKey<'a> {
        if let Some(text) = symbol_key(key) {
            return MemberKey {
                name: self.sym(&text),
                computed: None,
            };
        }
        MemberKey {
            name: self.word("<computed>"),
            computed: Some(key),
        }
    }
}

fn has_body(member: &ClassMember) -> bool {
    match member {
        ClassMember::Constructor(constructor) => constructor.body.is_some(),
        member => MethodMember::of(member).is_none_or(|method| method.function.body.is_some()),
    }
}
