//! Interfaces, type aliases and the members of object types.

use graph_model::{EdgeType, NodeType};
use rustc_hash::FxHashMap;
use swc_common::Spanned;
use swc_ecma_ast::*;

use super::class::symbol_key;
use super::text::static_key;
use crate::builder::metadata::{cut, push_json_string};
use crate::builder::{Builder, NodeIdx, flag};
use graph_model::summary::{List, NodeRef, Sym, TypeFact, TypeRef};

/// What the metadata of a signature says of its parameters and result.
struct SignatureTexts<'a> {
    names: Vec<String>,
    types: Vec<&'a str>,
    result: Option<&'a str>,
    signature: String,
}

impl<'a> Builder<'a> {
    pub(crate) fn interface(&mut self, decl: &'a TsInterfaceDecl) {
        let Some(node) = self.reserved_node(&decl.id) else {
            return;
        };
        self.contain(node);
        self.inside_type(node, |b| {
            let type_vars = match &decl.type_params {
                Some(params) => b.type_parameters(node, params),
                None => List::EMPTY,
            };
            for extended in &decl.extends {
                b.implemented(node, extended, EdgeType::Extends);
            }
            let fragment = b.node_fragment();
            let extends: Vec<&str> = decl.extends.iter().map(|e| b.text_of(e.span)).collect();
            b.m_list("extends", &extends);
            b.object_type_metadata(&decl.body.body);
            b.m_flag("declare", decl.declare);
            b.set_meta(node, fragment);
            b.set_flag(node, flag::SHOWS_EXPORTED);
            let nodes = b.type_members(node, &decl.body.body);
            let extends: Vec<TypeRef> = decl.extends.iter().map(|e| b.lower_heritage(e)).collect();
            let extends = b.facts.type_list(&extends);
            let members = b.lower_members(&decl.body.body, &nodes);
            let name = b.node(node).name;
            b.facts.type_facts.push(TypeFact {
                node: NodeRef(node),
                name,
                type_vars,
                extends,
                members,
                alias: TypeRef::UNKNOWN,
            });
        });
    }

    pub(crate) fn type_alias(&mut self, decl: &'a TsTypeAliasDecl) {
        let Some(node) = self.reserved_node(&decl.id) else {
            return;
        };
        self.contain(node);
        self.inside_type(node, |b| {
            let type_vars = match &decl.type_params {
                Some(params) => b.type_parameters(node, params),
                None => List::EMPTY,
            };
            let fragment = b.node_fragment();
            let text = cut(b.type_text(&decl.type_ann), 2048);
            b.m_str("aliasOf", text);
            b.m_flag("declare", decl.declare);
            b.set_meta(node, fragment);
            b.set_flag(node, flag::SHOWS_EXPORTED);
            let (mut members, mut alias) = (List::EMPTY, TypeRef::UNKNOWN);
            match &*decl.type_ann {
                TsType::TsTypeLit(literal) => {
                    let nodes = b.type_members(node, &literal.members);
                    members = b.lower_members(&literal.members, &nodes);
                }
                ty => {
                    b.type_of_alias(node, ty);
                    alias = b.lower(ty);
                }
            }
            let name = b.node(node).name;
            b.facts.type_facts.push(TypeFact {
                node: NodeRef(node),
                name,
                type_vars,
                extends: List::EMPTY,
                members,
                alias,
            });
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

    /// Gives back the nodes of the members, where they have some.
    fn type_members(
        &mut self,
        parent: NodeIdx,
        members: &'a [TsTypeElement],
    ) -> Vec<Option<NodeRef>> {
        let mut methods: FxHashMap<Sym, NodeIdx> = FxHashMap::default();
        let mut nodes = vec![None; members.len()];
        for (i, member) in members.iter().enumerate() {
            match member {
                TsTypeElement::TsMethodSignature(m) => {
                    nodes[i] = Some(NodeRef(self.method_signature(parent, m, &mut methods)));
                }
                TsTypeElement::TsPropertySignature(m) => {
                    let name = self.signature_key(&m.key, m.computed);
                    let range = self.signature_range(m.span);
                    let node = self.add(NodeType::Property, name, range);
                    let class_name = self.node(parent).name;
                    let fragment = self.node_fragment();
                    self.m_word("propertyKind", "signature");
                    self.m_sym("className", class_name);
                    if let Some(annotation) = &m.type_ann {
                        let text = cut(self.type_text(&annotation.type_ann), 2048);
                        self.m_str("typeAnnotation", text);
                    }
                    self.m_flag("isReadonly", m.readonly);
                    self.m_flag("isOptional", m.optional);
                    self.set_meta(node, fragment);
                    nodes[i] = Some(NodeRef(node));
                    if let Some(annotation) = &m.type_ann {
                        self.type_of(node, annotation);
                    }
                }
                TsTypeElement::TsGetterSignature(m) => {
                    let result = m.type_ann.as_deref();
                    let key = self.signature_key(&m.key, m.computed);
                    let node = self.accessor_signature(parent, key, m.span, None, result);
                    nodes[i] = Some(NodeRef(node));
                    if let Some(annotation) = &m.type_ann {
                        self.returned_type(node, annotation);
                    }
                }
                TsTypeElement::TsSetterSignature(m) => {
                    let key = self.signature_key(&m.key, m.computed);
                    let node = self.accessor_signature(parent, key, m.span, Some(&m.param), None);
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
        nodes
    }

    fn method_signature(
        &mut self,
        parent: NodeIdx,
        m: &'a TsMethodSignature,
        methods: &mut FxHashMap<Sym, NodeIdx>,
    ) -> NodeIdx {
        let name = self.signature_key(&m.key, m.computed);
        // Keys that nobody knows may be the same; those of two constants are not.
        let key = if m.computed && name == self.word("<computed>") {
            self.known_key(&m.key)
        } else {
            Some(name)
        };
        let texts = self.signature_texts(m.params.iter(), m.type_ann.as_deref());
        if let Some(&node) = key.and_then(|key| methods.get(&key)) {
            // A further overload: only its text, in the metadata of the first.
            let old = self.node(node).meta;
            let old = self.members(old);
            let fragment = self.node_fragment();
            match old.split_once("\"overloads\":[") {
                Some((head, tail)) => {
                    let mut members = format!("{head}\"overloads\":[");
                    push_json_string(&mut members, &texts.signature);
                    self.m_members(&format!("{members},{tail}"));
                }
                None => {
                    self.m_members(&old);
                    self.m_list("overloads", &[&texts.signature]);
                }
            }
            self.set_meta(node, fragment);
            self.signature_types_used(m.type_params.as_deref(), &m.params, m.type_ann.as_deref());
            return node;
        }
        let range = self.signature_range(m.span);
        let node = self.add(NodeType::Method, name, range);
        if let Some(key) = key {
            methods.insert(key, node);
        }
        let class_name = self.node(parent).name;
        let fragment = self.node_fragment();
        self.m_bool("async", false);
        self.m_bool("generator", false);
        self.m_word("methodKind", "method");
        self.m_sym("className", class_name);
        self.m_flag("isOptional", m.optional);
        self.signature_metadata(&texts);
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
        node
    }

    fn accessor_signature(
        &mut self,
        parent: NodeIdx,
        name: Sym,
        span: swc_common::Span,
        set: Option<&'a TsFnParam>,
        result: Option<&'a TsTypeAnn>,
    ) -> NodeIdx {
        let kind = if set.is_some() { "set" } else { "get" };
        let text = format!("{kind}:{}", self.names.get(name));
        let id_name = self.sym(&text);
        let range = self.signature_range(span);
        let node = self.add(NodeType::Method, id_name, range);
        self.nodes[node as usize].name = name;
        let class_name = self.node(parent).name;
        let fragment = self.node_fragment();
        self.m_bool("async", false);
        self.m_bool("generator", false);
        self.m_word("methodKind", kind);
        self.m_sym("className", class_name);
        let texts = self.signature_texts(set.into_iter(), result);
        self.signature_metadata(&texts);
        self.set_meta(node, fragment);
        node
    }

    fn signature_texts(
        &self,
        params: impl Iterator<Item = &'a TsFnParam> + Clone,
        result: Option<&'a TsTypeAnn>,
    ) -> SignatureTexts<'a> {
        let names: Vec<String> = params.clone().map(|p| self.fn_param_text(p)).collect();
        let types: Vec<&str> = params
            .map(|p| fn_param_type(p).map_or("any", |t| self.type_text(&t.type_ann)))
            .collect();
        let result = result.map(|t| self.type_text(&t.type_ann));
        let parameters: Vec<String> = names
            .iter()
            .zip(&types)
            .map(|(name, ty)| format!("{name}: {ty}"))
            .collect();
        let signature = format!("({}) => {}", parameters.join(", "), result.unwrap_or("any"));
        SignatureTexts {
            names,
            types,
            result,
            signature,
        }
    }

    fn signature_metadata(&mut self, texts: &SignatureTexts<'a>) {
        self.m_list_always("params", &texts.names);
        self.m_list_always("paramTypes", &texts.types);
        if let Some(result) = texts.result {
            self.m_str("returnType", result);
        }
        self.m_str("signature", &texts.signature);
        self.m_bool("isSignature", true);
    }

    /// A signature without the `;` or `,` that ends it.
    fn signature_range(&self, span: swc_common::Span) -> (u32, u32) {
        let (start, end) = self.range(span);
        let text = self.source.get(start as usize..end as usize).unwrap_or("");
        (start, start + trimmed(text).len() as u32)
    }

    fn signature_key(&mut self, key: &'a Expr, computed: bool) -> Sym {
        let text = match key {
            Expr::Ident(ident) if !computed => ident.sym.as_str().to_owned(),
            key => match static_key(key).or_else(|| symbol_key(key)) {
                Some(text) => text.into_owned(),
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
            TsFnParam::Array(array) => {
                self.pattern_text(array.span, array.type_ann.as_deref(), array.optional)
            }
            TsFnParam::Object(object) => {
                self.pattern_text(object.span, object.type_ann.as_deref(), object.optional)
            }
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
