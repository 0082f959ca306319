//! Types: no node of their own, but edges to the declarations that they name.

use graph_model::{EdgeType, NodeType};
use swc_common::Spanned;
use swc_ecma_ast::*;

use super::interface::fn_param_type;
use crate::builder::scope::{BindingKind, Space};
use crate::builder::{Builder, NO_NODE, NodeIdx, PendingType, Sink, Val};
use graph_model::summary::{List, NodeRef, ShapeRef, Sym};

impl<'a> Builder<'a> {
    /// The source text of a type.
    pub(crate) fn type_text(&self, ty: &TsType) -> &'a str {
        self.text_of(ty.span())
    }

    /// `HAS_TYPE`.
    pub(crate) fn type_of(&mut self, node: NodeIdx, annotation: &'a TsTypeAnn) {
        self.walk_type(
            &annotation.type_ann,
            Sink {
                src: node,
                edge: EdgeType::HasType,
            },
            true,
        );
    }

    pub(crate) fn type_of_alias(&mut self, node: NodeIdx, ty: &'a TsType) {
        self.walk_type(
            ty,
            Sink {
                src: node,
                edge: EdgeType::HasType,
            },
            true,
        );
    }

    /// `RETURNS_TYPE`.
    pub(crate) fn returned_type(&mut self, node: NodeIdx, annotation: &'a TsTypeAnn) {
        self.walk_type(
            &annotation.type_ann,
            Sink {
                src: node,
                edge: EdgeType::ReturnsType,
            },
            true,
        );
    }

    /// `HAS_TYPE` from a call to its type arguments.
    pub(crate) fn type_arguments_of(
        &mut self,
        node: NodeIdx,
        arguments: &'a TsTypeParamInstantiation,
    ) {
        for ty in &arguments.params {
            self.walk_type(
                ty,
                Sink {
                    src: node,
                    edge: EdgeType::HasType,
                },
                false,
            );
        }
    }

    /// `USES` from the container to the names of a type without a place of its own.
    pub(crate) fn type_used(&mut self, ty: &'a TsType) {
        self.walk_type(
            ty,
            Sink {
                src: self.container,
                edge: EdgeType::Uses,
            },
            true,
        );
    }

    pub(crate) fn type_arguments_used(&mut self, arguments: &'a TsTypeParamInstantiation) {
        for ty in &arguments.params {
            self.type_used(ty);
        }
    }

    /// The type of a cast or `satisfies`.
    pub(crate) fn cast_type(&mut self, ty: &'a TsType) {
        self.type_used(ty);
    }

    /// The types of a signature that has no node.
    pub(crate) fn signature_types_used(
        &mut self,
        type_params: Option<&'a TsTypeParamDecl>,
        params: &'a [TsFnParam],
        result: Option<&'a TsTypeAnn>,
    ) {
        let sink = Sink {
            src: self.container,
            edge: EdgeType::Uses,
        };
        self.walk_signature(type_params, params, result, sink);
    }

    /// TYPE_PARAMETER nodes of a generic declaration; declares them in the open scope.
    pub(crate) fn type_parameters(&mut self, node: NodeIdx, decl: &'a TsTypeParamDecl) -> List {
        let start = self.facts.type_vars.len() as u32;
        let mut nodes = Vec::with_capacity(decl.params.len());
        for (index, param) in decl.params.iter().enumerate() {
            let name = self.atom(&param.name.sym);
            let range = self.range(param.span);
            let parameter = self.make(NodeType::TypeParameter, name, range);
            let fragment = self.fragment();
            self.m_int("index", index as u32);
            let meta = self.end(fragment);
            self.tree_edge(node, parameter, EdgeType::HasTypeParameter, meta);
            let var = self.facts.type_var();
            self.facts.type_parameters.push((NodeRef(parameter), var));
            let id = self.declare(Space::Type, name, parameter, BindingKind::Type);
            self.scopes.get_mut(id).type_var = var.0 + 1;
            let fragment = self.node_fragment();
            if let Some(constraint) = &param.constraint {
                let text = self.type_text(constraint);
                self.m_str("constraint", text);
            }
            if let Some(default) = &param.default {
                let text = self.type_text(default);
                self.m_str("defaultType", text);
            }
            let variance = match (param.is_in, param.is_out) {
                (true, true) => Some("in out"),
                (true, false) => Some("in"),
                (false, true) => Some("out"),
                (false, false) => None,
            };
            if let Some(variance) = variance {
                self.m_word("variance", variance);
            }
            self.m_flag("isConst", param.is_const);
            self.set_meta(parameter, fragment);
            nodes.push(parameter);
        }
        for (i, param) in decl.params.iter().enumerate() {
            self.lower_type_param(start + i as u32, param);
        }
        for (param, parameter) in decl.params.iter().zip(nodes) {
            if let Some(constraint) = &param.constraint {
                self.walk_type(
                    constraint,
                    Sink {
                        src: parameter,
                        edge: EdgeType::Extends,
                    },
                    true,
                );
            }
            if let Some(default) = &param.default {
                self.walk_type(
                    default,
                    Sink {
                        src: parameter,
                        edge: EdgeType::Uses,
                    },
                    true,
                );
            }
        }
        List {
            start,
            len: decl.params.len() as u32,
        }
    }

    /// The node that a name means as a type.
    pub(crate) fn resolve_type(&mut self, ident: &'a Ident) -> Option<NodeIdx> {
        let name = self.atom(&ident.sym);
        let id = self
            .scopes
            .resolve(Space::Type, name)
            .or_else(|| self.scopes.resolve(Space::Value, name))?;
        let node = self.scopes.get(id).node;
        (node != NO_NODE).then_some(node)
    }

    fn resolve_type_only(&mut self, ident: &'a Ident, qualified: bool) -> Option<NodeIdx> {
        if qualified {
            return self.resolve_type(ident);
        }
        let name = self.atom(&ident.sym);
        let id = self.scopes.resolve(Space::Type, name)?;
        let node = self.scopes.get(id).node;
        (node != NO_NODE).then_some(node)
    }

    fn named_type(&mut self, target: Option<NodeIdx>, sink: Sink, root: bool) {
        let Some(target) = target else { return };
        if target == sink.src {
            return;
        }
        match sink.edge {
            EdgeType::Uses => self.uses(sink.src, Val::new(target, ShapeRef::UNKNOWN), "type"),
            EdgeType::Extends => {
                // Only the constraint itself is extended; what it mentions is used.
                let heir = matches!(
                    self.node(target).node_type,
                    NodeType::Class
                        | NodeType::Interface
                        | NodeType::Type
                        | NodeType::TypeParameter
                        | NodeType::Enum
                );
                if root && heir {
                    self.edge(sink.src, target, EdgeType::Extends);
                } else {
                    self.uses(sink.src, Val::new(target, ShapeRef::UNKNOWN), "type");
                }
            }
            edge => {
                let fragment = self.fragment();
                self.m_word("position", if root { "root" } else { "argument" });
                self.edge_with(sink.src, target, edge, fragment);
            }
        }
    }

    /// What the name of a namespace means as a value, where it qualifies a type.
    pub(crate) fn namespace_meant(&self, name: Sym) -> Option<NodeIdx> {
        let value = self.scopes.get(self.scopes.resolve(Space::Value, name)?);
        let hidden = self
            .scopes
            .resolve(Space::Type, name)
            .is_some_and(|id| self.scopes.get(id).level > value.level);
        let is_namespace = value.node != NO_NODE
            && (self.node(value.node).node_type == NodeType::Namespace
                || self.namespaces.first(value.node).is_some());
        (is_namespace && !hidden).then_some(value.node)
    }

    fn entity(&mut self, mut name: &'a TsEntityName, sink: Sink, root: bool) {
        let mut path = Vec::new();
        let ident = loop {
            match name {
                TsEntityName::TsQualifiedName(inner) => {
                    path.push(self.atom(&inner.right.sym));
                    name = &inner.left;
                }
                TsEntityName::Ident(ident) => break ident,
            }
        };
        let target = self.resolve_type_only(ident, !path.is_empty());
        if !path.is_empty() {
            let name = self.atom(&ident.sym);
            if let Some(namespace) = self.namespace_meant(name) {
                let first = self.namespaces.first(namespace).unwrap_or(namespace);
                path.reverse();
                self.uses(sink.src, Val::new(first, ShapeRef::UNKNOWN), "type");
                let merged = |t: &NodeIdx| {
                    matches!(self.node(*t).node_type, NodeType::Class | NodeType::Enum)
                };
                self.pending_types.push(PendingType {
                    sink,
                    root,
                    namespace,
                    otherwise: target.filter(merged),
                    path,
                });
                return;
            }
        }
        self.named_type(target, sink, root);
    }

    /// Types of namespaces, now that all their members are known.
    pub(crate) fn resolve_pending_types(&mut self) {
        for pending in std::mem::take(&mut self.pending_types) {
            let mut at = pending.namespace;
            let Some((&last, steps)) = pending.path.split_last() else {
                continue;
            };
            let reached = steps.iter().all(|&step| {
                match self.members.get(&(at, step)) {
                    Some(&next) => at = next,
                    None => return false,
                }
                true
            });
            let target = match self.node(at).node_type {
                _ if !reached => None,
                NodeType::Enum if !steps.is_empty() => Some(at),
                _ => self.type_members.get(&(at, last)).copied(),
            };
            let target = target.or(pending.otherwise);
            self.named_type(target, pending.sink, pending.root);
        }
    }

    fn walk_type(&mut self, ty: &'a TsType, sink: Sink, root: bool) {
        super::with_stack(|| match ty {
            TsType::TsTypeRef(reference) => {
                self.entity(&reference.type_name, sink, root);
                if let Some(arguments) = &reference.type_params {
                    for argument in &arguments.params {
                        self.walk_type(argument, sink, false);
                    }
                }
            }
            TsType::TsArrayType(array) => self.walk_type(&array.elem_type, sink, root),
            TsType::TsParenthesizedType(inner) => self.walk_type(&inner.type_ann, sink, root),
            TsType::TsOptionalType(inner) => self.walk_type(&inner.type_ann, sink, root),
            TsType::TsRestType(inner) => self.walk_type(&inner.type_ann, sink, root),
            TsType::TsTypeOperator(inner) => self.walk_type(&inner.type_ann, sink, root),
            TsType::TsTupleType(tuple) => {
                for element in &tuple.elem_types {
                    self.walk_type(&element.ty, sink, false);
                }
            }
            TsType::TsUnionOrIntersectionType(TsUnionOrIntersectionType::TsUnionType(union)) => {
                for part in &union.types {
                    self.walk_type(part, sink, root);
                }
            }
            TsType::TsUnionOrIntersectionType(TsUnionOrIntersectionType::TsIntersectionType(
                intersection,
            )) => {
                for part in &intersection.types {
                    self.walk_type(part, sink, root);
                }
            }
            TsType::TsFnOrConstructorType(function) => {
                let (type_params, params, result) = match function {
                    TsFnOrConstructorType::TsFnType(f) => (&f.type_params, &f.params, &f.type_ann),
                    TsFnOrConstructorType::TsConstructorType(f) => {
                        (&f.type_params, &f.params, &f.type_ann)
                    }
                };
                self.walk_signature(type_params.as_deref(), params, Some(result), sink);
            }
            TsType::TsTypeLit(literal) => self.walk_members(&literal.members, sink),
            TsType::TsTypeQuery(query) => {
                if let TsTypeQueryExpr::TsEntityName(name) = &query.expr_name {
                    self.queried_value(name, sink, root);
                }
                if let Some(arguments) = &query.type_args {
                    for argument in &arguments.params {
                        self.walk_type(argument, sink, false);
                    }
                }
            }
            TsType::TsConditionalType(conditional) => self.in_scope(|b| {
                b.walk_type(&conditional.check_type, sink, false);
                b.walk_type(&conditional.extends_type, sink, false);
                b.walk_type(&conditional.true_type, sink, false);
                b.walk_type(&conditional.false_type, sink, false);
            }),
            TsType::TsInferType(infer) => self.local_type_name(&infer.type_param, sink),
            TsType::TsIndexedAccessType(access) => {
                self.walk_type(&access.obj_type, sink, false);
                self.walk_type(&access.index_type, sink, false);
            }
            TsType::TsMappedType(mapped) => self.in_scope(|b| {
                b.local_type_name(&mapped.type_param, sink);
                if let Some(name) = &mapped.name_type {
                    b.walk_type(name, sink, false);
                }
                if let Some(ty) = &mapped.type_ann {
                    b.walk_type(ty, sink, false);
                }
            }),
            TsType::TsLitType(TsLitType {
                lit: TsLit::Tpl(template),
                ..
            }) => {
                for ty in &template.types {
                    self.walk_type(ty, sink, false);
                }
            }
            TsType::TsTypePredicate(predicate) => {
                if let Some(annotation) = &predicate.type_ann {
                    self.walk_type(&annotation.type_ann, sink, false);
                }
            }
            TsType::TsImportType(import) => {
                if let Some(arguments) = &import.type_args {
                    for argument in &arguments.params {
                        self.walk_type(argument, sink, false);
                    }
                }
            }
            TsType::TsLitType(_) | TsType::TsKeywordType(_) | TsType::TsThisType(_) => {}
        });
    }

    fn walk_signature(
        &mut self,
        type_params: Option<&'a TsTypeParamDecl>,
        params: &'a [TsFnParam],
        result: Option<&'a TsTypeAnn>,
        sink: Sink,
    ) {
        self.in_scope(|b| {
            if let Some(decl) = type_params {
                for param in &decl.params {
                    b.local_type_name(param, sink);
                }
            }
            for param in params {
                if let Some(annotation) = fn_param_type(param) {
                    b.walk_type(&annotation.type_ann, sink, false);
                }
            }
            if let Some(annotation) = result {
                b.walk_type(&annotation.type_ann, sink, false);
            }
        });
    }

    fn walk_members(&mut self, members: &'a [TsTypeElement], sink: Sink) {
        for member in members {
            match member {
                TsTypeElement::TsPropertySignature(m) => {
                    if let Some(annotation) = &m.type_ann {
                        self.walk_type(&annotation.type_ann, sink, false);
                    }
                }
                TsTypeElement::TsMethodSignature(m) => {
                    self.walk_signature(
                        m.type_params.as_deref(),
                        &m.params,
                        m.type_ann.as_deref(),
                        sink,
                    );
                }
                TsTypeElement::TsCallSignatureDecl(m) => {
                    self.walk_signature(
                        m.type_params.as_deref(),
                        &m.params,
                        m.type_ann.as_deref(),
                        sink,
                    );
                }
                TsTypeElement::TsConstructSignatureDecl(m) => {
                    self.walk_signature(
                        m.type_params.as_deref(),
                        &m.params,
                        m.type_ann.as_deref(),
                        sink,
                    );
                }
                TsTypeElement::TsIndexSignature(m) => {
                    self.walk_signature(None, &m.params, m.type_ann.as_deref(), sink);
                }
                TsTypeElement::TsGetterSignature(m) => {
                    if let Some(annotation) = &m.type_ann {
                        self.walk_type(&annotation.type_ann, sink, false);
                    }
                }
                TsTypeElement::TsSetterSignature(m) => {
                    if let Some(annotation) = fn_param_type(&m.param) {
                        self.walk_type(&annotation.type_ann, sink, false);
                    }
                }
            }
        }
    }

    /// A name that a type declares for itself: it hides others and has no node.
    fn local_type_name(&mut self, param: &'a TsTypeParam, sink: Sink) {
        let name = self.atom(&param.name.sym);
        self.declare(Space::Type, name, NO_NODE, BindingKind::Type);
        if let Some(constraint) = &param.constraint {
            self.walk_type(constraint, sink, false);
        }
        if let Some(default) = &param.default {
            self.walk_type(default, sink, false);
        }
    }

    /// `typeof x` in a type names a value.
    fn queried_value(&mut self, mut name: &'a TsEntityName, sink: Sink, root: bool) {
        loop {
            match name {
                TsEntityName::TsQualifiedName(inner) => name = &inner.left,
                TsEntityName::Ident(ident) => {
                    let sym = self.atom(&ident.sym);
                    let target = self
                        .scopes
                        .resolve(Space::Value, sym)
                        .map(|id| self.scopes.get(id).node);
                    self.named_type(target.filter(|&node| node != NO_NODE), sink, root);
                    return;
                }
            }
        }
    }
}
