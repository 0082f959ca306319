//! Interfaces, type aliases and the members of object types.

use graph_model::{EdgeType, NodeType};
use rustc_hash::FxHashMap;
use swc_common::Spanned;
use swc_ecma_ast::*;

use super::class::symbol_key;
use super::text::static_key;
use crate::builder::metadata::cut;
use crate::builder::{Builder, NodeIdx, flag};
use graph_model::summary::Sym;

impl<'a> Builder<'a> {
    pub(crate) fn interface(&mut self, decl: &'a TsInterfaceDecl) {
        let Some(node) = self.reserved_node(&decl.id) else {
            return;
        };
        self.contain(node);
        self.inside_type(node, |b| {
            if let Some(params) = &decl.type_params {
                b.type_parameters(node, params);
            }
            for extended in &decl.extends {
                b.implemented(node, extended, EdgeType::Extends);
            }
            let fragment = b.fragment();
            let extends: Vec<&str> = decl.extends.iter().map(|e| b.text_of(e.span)).collect();
            b.m_list("extends", &extends);
            b.object_type_metadata(&decl.body.body);
            b.m_flag("declare", decl.declare);
            b.set_meta(node, fragment);
            b.set_flag(node, flag::SHOWS_EXPORTED);
            b.type_members(node, &decl.body.body);
        });
    }

    pub(crate) fn type_alias(&mut self, decl: &'a TsTypeAliasDecl) {
        let Some(node) = self.reserved_node(&decl.id) else {
            return;
        };
        self.contain(node);
        self.inside_type(node, |b| {
            if let Some(params) = &decl.type_params {
                b.type_parameters(node, params);
            }
            let fragment = b.fragment();
            let text = cut(b.type_text(&decl.type_ann), 2048);
            b.m_str("aliasOf", text);
            b.m_flag("declare", decl.declare);
            b.set_meta(node, fragment);
            b.set_flag(node, flag::SHOWS_EXPORTED);
            match &*decl.type_ann {
                TsType::TsTypeLit(literal) => b.type_members(node, &literal.members),
                ty => b.type_of_alias(node, ty),
            }
        });
    }

    fn inside_type(&mut self, node: NodeIdx, f: impl FnOnce(&mut Self)) {
        let outer_owner = std::mem::replace(&mut self.owner, node);
        let outer_container = std::mem::replace(&mut self.container, node);
        self.in_scope(f);
        self.owner = outer_owner;
        self.container = outer_container;
    }

    /// Signatures that have no node of their own.
    fn object_type_metadata(&mut self, members: &'a [TsTypeElement]) {
        let mut call = Vec::new();
        let mut construct = Vec::new();
        let mut index = Vec::new();
        for member in members {
            match member {
                TsTypeElement::TsCallSignatureDecl(m) => call.push(trimmed(self.text_of(m.span))),
                TsTypeElement::TsConstructSignatureDecl(m) => {
                    construct.push(trimmed(self.text_of(m.span)))
                }
                TsTypeElement::TsIndexSignature(m) => index.push(trimmed(self.text_of(m.span))),
                _ => {}
            }
        }
        self.m_list("callSignatures", &call);
        self.m_list("constructSignatures", &construct);
        self.m_list("indexSignatures", &index);
    }

    fn type_members(&mut self, parent: NodeIdx, members: &'a [TsTypeElement]) {
        let mut methods: FxHashMap<Sym, NodeIdx> = FxHashMap::default();
        for member in members {
            match member {
                TsTypeElement::TsMethodSignature(m) => {
                    self.method_signature(parent, m, &mut methods)
                }
                TsTypeElement::TsPropertySignature(m) => {
                    let name = self.signature_key(&m.key, m.computed);
                    let range = self.signature_range(m.span);
                    let node = self.add(NodeType::Property, name, range);
                    let class_name = self.node(parent).name;
                    let fragment = self.fragment();
                    self.m_str("propertyKind", "signature");
                    self.m_sym("className", class_name);
                    if let Some(annotation) = &m.type_ann {
                        let text = cut(self.type_text(&annotation.type_ann), 2048);
                        self.m_str("typeAnnotation", text);
                    }
                    self.m_flag("isReadonly", m.readonly);
                    self.m_flag("isOptional", m.optional);
                    self.set_meta(node, fragment);
                    if let Some(annotation) = &m.type_ann {
                        self.type_of(node, annotation);
                    }
                }
                TsTypeElement::TsGetterSignature(m) => {
                    let node = self.accessor_signature(parent, &m.key, m.computed, m.span, "get");
                    if let Some(annotation) = &m.type_ann {
                        self.returned_type(node, annotation);
                    }
                }
                TsTypeElement::TsSetterSignature(m) => {
                    let node = self.accessor_signature(parent, &m.key, m.computed, m.span, "set");
                    if let Some(annotation) = fn_param_type(&m.param) {
                        self.type_of(node, annotation);
                    }
                }
                TsTypeElement::TsCallSignatureDecl(m) => {
                    self.signature_types_used(
                        m.type_params.as_deref(),
                        &m.params,
                        m.type_ann.as_deref(),
                    );
                }
                TsTypeElement::TsConstructSignatureDecl(m) => {
                    self.signature_types_used(
                        m.type_params.as_deref(),
                        &m.params,
                        m.type_ann.as_deref(),
                    );
                }
                TsTypeElement::TsIndexSignature(m) => {
                    self.signature_types_used(None, &m.params, m.type_ann.as_deref());
                }
            }
        }
    }

    fn method_signature(
        &mut self,
        parent: NodeIdx,
        m: &'a TsMethodSignature,
        methods: &mut FxHashMap<Sym, NodeIdx>,
    ) {
        let name = self.signature_key(&m.key, m.computed);
        let names: Vec<String> = m.params.iter().map(|p| self.fn_param_text(p)).collect();
        let types: Vec<&str> = m
            .params
            .iter()
            .map(|p| fn_param_type(p).map_or("any", |t| self.type_text(&t.type_ann)))
            .collect();
        let result = m.type_ann.as_ref().map(|t| self.type_text(&t.type_ann));
        let mut signature = String::from("(");
        for (i, (name, ty)) in names.iter().zip(&types).enumerate() {
            if i > 0 {
                signature.push_str(", ");
            }
            signature.push_str(name);
            signature.push_str(": ");
            signature.push_str(ty);
        }
        signature.push_str(") => ");
        signature.push_str(result.unwrap_or("any"));
        if let Some(&node) = methods.get(&name) {
            // A further overload: only its text, in the metadata of the first.
            let old = self.node(node).meta;
            let old = self.meta[old.0 as usize..old.1 as usize].to_owned();
            let fragment = self.fragment();
            match old.split_once("\"overloads\":[") {
                Some((head, tail)) => {
                    self.meta.push_str(head);
                    self.meta.push_str("\"overloads\":[");
                    crate::builder::metadata::push_json_string(&mut self.meta, &signature);
                    self.meta.push(',');
                    self.meta.push_str(tail);
                }
                None => {
                    self.meta.push_str(&old);
                    self.m_list("overloads", &[&signature]);
                }
            }
            self.set_meta(node, fragment);
            self.signature_types_used(m.type_params.as_deref(), &m.params, m.type_ann.as_deref());
            return;
        }
        let range = self.signature_range(m.span);
        let node = self.add(NodeType::Method, name, range);
        methods.insert(name, node);
        let class_name = self.node(parent).name;
        let fragment = self.fragment();
        self.m_bool("async", false);
        self.m_bool("generator", false);
        self.m_str("methodKind", "method");
        self.m_sym("className", class_name);
        self.m_flag("isOptional", m.optional);
        self.m_list_always("params", &names);
        self.m_list_always("paramTypes", &types);
        if let Some(result) = result {
            self.m_str("returnType", result);
        }
        self.m_str("signature", &signature);
        self.m_bool("isSignature", true);
        self.set_meta(node, fragment);
        self.in_owner(node, |b| {
            b.in_scope(|b| {
                if let Some(params) = &m.type_params {
                    b.type_parameters(node, params);
                }
                for param in &m.params {
                    if let Some(annotation) = fn_param_type(param) {
                        b.type_of(node, annotation);
                    }
                }
                if let Some(annotation) = &m.type_ann {
                    b.returned_type(node, annotation);
                }
            });
        });
    }

    fn accessor_signature(
        &mut self,
        parent: NodeIdx,
        key: &'a Expr,
        computed: bool,
        span: swc_common::Span,
        kind: &str,
    ) -> NodeIdx {
        let name = self.signature_key(key, computed);
        let text = format!("{kind}:{}", self.names.get(name));
        let id_name = self.sym(&text);
        let range = self.signature_range(span);
        let node = self.add(NodeType::Method, id_name, range);
        self.nodes[node as usize].name = name;
        let class_name = self.node(parent).name;
        let fragment = self.fragment();
        self.m_bool("async", false);
        self.m_bool("generator", false);
        self.m_str("methodKind", kind);
        self.m_sym("className", class_name);
        self.m_list_always::<&str>("params", &[]);
        self.m_list_always::<&str>("paramTypes", &[]);
        self.m_str("signature", "() => any");
        self.m_bool("isSignature", true);
        self.set_meta(node, fragment);
        node
    }

    /// A signature without the `;` or `,` that ends it.
    fn signature_range(&self, span: swc_common::Span) -> (u32, u32) {
        let (start, end) = self.range(span);
        let text = self.source.get(start as usize..end as usize).unwrap_or("");
        (start, start + trimmed(text).len() as u32)
    }

    fn signature_key(&mut self, key: &'a Expr, computed: bool) -> Sym {
        let text = match key {
            Expr::Ident(ident) if !computed => ident.sym.to_string(),
            key => match static_key(key).or_else(|| symbol_key(key)) {
                Some(text) => text,
                None => {
                    if computed {
                        let value = self.operand(key);
                        self.container_uses(value, "key");
                    }
                    "<computed>".to_owned()
                }
            },
        };
        self.sym(&text)
    }

    fn fn_param_text(&self, param: &'a TsFnParam) -> String {
        match param {
            TsFnParam::Ident(ident) => format!(
                "{}{}",
                ident.id.sym,
                if ident.id.optional { "?" } else { "" }
            ),
            TsFnParam::Rest(rest) => match &*rest.arg {
                Pat::Ident(ident) => format!("...{}", ident.id.sym),
                pattern => format!("...{}", cut(self.text_of(pattern.span()), 120)),
            },
            TsFnParam::Array(array) => cut(self.text_of(array.span), 120).to_owned(),
            TsFnParam::Object(object) => cut(self.text_of(object.span), 120).to_owned(),
        }
    }
}

/// The annotation of a parameter of a function type.
pub(crate) fn fn_param_type(param: &TsFnParam) -> Option<&TsTypeAnn> {
    match param {
        TsFnParam::Ident(ident) => ident.type_ann.as_deref(),
        TsFnParam::Array(array) => array.type_ann.as_deref(),
        TsFnParam::Rest(rest) => rest.type_ann.as_deref(),
        TsFnParam::Object(object) => object.type_ann.as_deref(),
    }
}

fn trimmed(text: &str) -> &str {
    text.trim_end().trim_end_matches([';', ',']).trim_end()
}
