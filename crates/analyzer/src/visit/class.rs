//! Classes and their members.

use graph_model::{EdgeType, NodeType};
use rustc_hash::FxHashMap;
use swc_ecma_ast::*;

use super::function::{Callable, Role};
use super::naming::{ANONYMOUS, Context};
use super::text::{static_key, transparent};
use crate::builder::metadata::push_json_string;
use crate::builder::scope::{BindingKind, Space};
use crate::builder::{Builder, ClassContext, Frame, FrameKind, NO_NODE, NodeIdx, Val, flag};
use graph_model::summary::{ClassFact, NodeRef, ShapeRef};

impl<'a> Builder<'a> {
    pub(crate) fn class_declaration(&mut self, decl: &'a ClassDecl) {
        let Some(node) = self.reserved_node(&decl.ident) else {
            return;
        };
        self.contain(node);
        self.class(node, &decl.class, None, decl.declare);
    }

    pub(crate) fn class_expression(&mut self, class: &'a ClassExpr, context: Context<'a>) -> Val {
        let name = match &class.ident {
            Some(ident) => self.sym(&ident.sym),
            None => self.context_name(context).0,
        };
        let range = self.class_range(&class.class);
        let node = self.add(NodeType::Class, name, range);
        self.class(node, &class.class, class.ident.as_ref(), false);
        self.node_value(node)
    }

    /// `export default class`, whose node may have been made already.
    pub(crate) fn default_class(&mut self, class: &'a ClassExpr) -> NodeIdx {
        let reserved = class
            .ident
            .as_ref()
            .and_then(|ident| self.reserved_node(ident));
        let node = match reserved {
            Some(node) => node,
            None => {
                let name = self.known.default;
                let range = self.class_range(&class.class);
                self.make(NodeType::Class, name, range)
            }
        };
        self.contain(node);
        self.class(node, &class.class, None, false);
        node
    }

    /// The class without its decorators and without `export`.
    pub(crate) fn class_range(&self, class: &Class) -> (u32, u32) {
        let (start, end) = self.range(class.span);
        match class
            .decorators
            .iter()
            .map(|d| self.range(d.span))
            .filter(|d| d.0 >= start)
            .map(|d| d.1)
            .max()
        {
            Some(after) => (
                self.skip_trivia(after, &["export", "default", "declare"]),
                end,
            ),
            None => (start, end),
        }
    }

    /// First byte after white space, comments and the given words.
    pub(crate) fn skip_trivia(&self, start: u32, words: &[&str]) -> u32 {
        let mut at = start as usize;
        loop {
            let rest = &self.source[at..];
            let trimmed = rest.trim_start();
            at += rest.len() - trimmed.len();
            if let Some(comment) = trimmed.strip_prefix("//") {
                at += 2 + comment
                    .find(['\n', '\r', '\u{2028}', '\u{2029}'])
                    .unwrap_or(comment.len());
            } else if let Some(comment) = trimmed.strip_prefix("/*") {
                at += 2 + comment.find("*/").map_or(comment.len(), |i| i + 2);
            } else if let Some(word) = words.iter().find(|w| {
                trimmed.strip_prefix(**w).is_some_and(|r| {
                    !r.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$')
                })
            }) {
                at += word.len();
            } else {
                return at as u32;
            }
        }
    }

    fn class(
        &mut self,
        node: NodeIdx,
        class: &'a Class,
        own_name: Option<&'a Ident>,
        declare: bool,
    ) {
        let outside = self.container;
        let name = self.node(node).name;
        let outer_anchor = std::mem::replace(&mut self.doc_anchor, u32::MAX);
        let outer_owner = std::mem::replace(&mut self.owner, node);
        let outer_container = std::mem::replace(&mut self.container, node);
        let outer_strict = std::mem::replace(&mut self.strict, true);
        self.scopes.enter();
        if let Some(ident) = own_name {
            let name = self.sym(&ident.sym);
            self.declare(Space::Value, name, node, BindingKind::Class);
            self.declare(Space::Type, name, node, BindingKind::Class);
        }
        if let Some(params) = &class.type_params {
            self.type_parameters(node, params);
        }
        let extends = self.heritage(node, class);
        self.class_metadata(node, class, declare);

        let fact = self.facts.classes.len();
        self.facts.classes.push(ClassFact {
            node: NodeRef(node),
            extends,
            constructor: None,
            methods: Vec::new(),
        });
        self.classes.push(ClassContext {
            node,
            name,
            outside,
            members: FxHashMap::default(),
            pending_reads: Vec::new(),
            pending_writes: Vec::new(),
        });
        let index = self.classes.len() - 1;
        self.decorators_of(node, &class.decorators, "CLASS");
        let nodes = self.reserve_members(index, class);
        for (member, member_node) in class.body.iter().zip(nodes) {
            self.member_of_class(index, member, member_node, fact);
        }
        self.finish_class();
        self.scopes.leave();
        self.owner = outer_owner;
        self.container = outer_container;
        self.strict = outer_strict;
        self.doc_anchor = outer_anchor;
    }

    /// `extends` and `implements`.
    fn heritage(&mut self, node: NodeIdx, class: &'a Class) -> Option<ShapeRef> {
        let mut extends = None;
        if let Some(superclass) = &class.super_class {
            let value = match transparent(superclass) {
                Expr::Ident(ident) => self.identifier(ident),
                _ => self.value(superclass, ANONYMOUS),
            };
            extends = Some(value.shape);
            if value.exists() && self.node(value.node).node_type == NodeType::Class {
                self.edge(node, value.node, EdgeType::Extends);
            } else {
                self.uses(node, value, "heritage");
            }
        }
        if let Some(arguments) = &class.super_type_params {
            self.type_arguments_used(arguments);
        }
        for implemented in &class.implements {
            self.implemented(node, implemented, EdgeType::Implements);
        }
        extends
    }

    /// A type that a class implements or an interface extends.
    pub(crate) fn implemented(
        &mut self,
        node: NodeIdx,
        implemented: &'a TsExprWithTypeArgs,
        edge: EdgeType,
    ) {
        let mut expr = &*implemented.expr;
        while let Expr::Member(member) = expr {
            expr = &member.obj;
        }
        if let Expr::Ident(ident) = expr
            && let Some(target) = self.resolve_type(ident)
        {
            let direct = std::ptr::eq(expr, &*implemented.expr);
            match self.node(target).node_type {
                NodeType::Interface | NodeType::Type | NodeType::Class if direct => {
                    self.edge(node, target, edge)
                }
                _ => self.uses(node, Val::new(target, ShapeRef::UNKNOWN), "heritage"),
            }
        }
        if let Some(arguments) = &implemented.type_args {
            self.type_arguments_used(arguments);
        }
    }

    fn class_metadata(&mut self, node: NodeIdx, class: &'a Class, declare: bool) {
        let fragment = self.fragment();
        if let Some(superclass) = &class.super_class {
            let text = super::text::expression_text(superclass);
            self.m_str("superClass", &text);
        }
        let implemented: Vec<&str> = class
            .implements
            .iter()
            .map(|i| self.text_of(i.span))
            .collect();
        self.m_list("implements", &implemented);
        self.m_flag("isAbstract", class.is_abstract);
        self.m_flag("declare", declare);
        self.set_meta(node, fragment);
        self.set_flag(node, flag::SHOWS_EXPORTED);
    }

    fn member_of_class(
        &mut self,
        class: usize,
        member: &'a ClassMember,
        node: NodeIdx,
        fact: usize,
    ) {
        match member {
            ClassMember::Constructor(constructor) if node != NO_NODE => {
                self.contain(node);
                let mut role =
                    self.method_role(class, false, "constructor", constructor.accessibility);
                role.doc = self.range(constructor.span).0;
                if constructor.body.is_some() {
                    self.facts.classes[fact].constructor = Some(NodeRef(node));
                }
                self.callable_body(node, Callable::of_constructor(constructor), &role, None);
            }
            ClassMember::Method(method) if node != NO_NODE => {
                self.contain(node);
                self.computed_key_used(&method.key);
                let mut role = self.method_role(
                    class,
                    method.is_static,
                    method_kind(method.kind),
                    method.accessibility,
                );
                flag_into(&mut role.extra, "isAbstract", method.is_abstract);
                flag_into(&mut role.extra, "isOverride", method.is_override);
                flag_into(&mut role.extra, "isOptional", method.is_optional);
                role.doc = self.range(method.span).0;
                self.method(
                    node,
                    method.kind,
                    method.is_static,
                    &method.function,
                    &role,
                    fact,
                );
            }
            ClassMember::PrivateMethod(method) if node != NO_NODE => {
                self.contain(node);
                let mut role =
                    self.method_role(class, method.is_static, method_kind(method.kind), None);
                role.extra.push_str("\"isPrivate\":true,");
                role.doc = self.range(method.span).0;
                self.method(
                    node,
                    method.kind,
                    method.is_static,
                    &method.function,
                    &role,
                    fact,
                );
            }
            ClassMember::ClassProp(prop) => {
                self.contain(node);
                self.computed_key_used(&prop.key);
                self.decorators_of(node, &prop.decorators, "PROPERTY");
                let fragment = self.fragment();
                self.property_metadata(
                    class,
                    "field",
                    prop.type_ann.as_deref(),
                    prop.is_static,
                    prop.accessibility,
                );
                self.m_flag("isReadonly", prop.readonly);
                self.m_flag("isOptional", prop.is_optional);
                self.m_flag("isAbstract", prop.is_abstract);
                self.m_flag("declare", prop.declare);
                self.set_meta(node, fragment);
                let doc = self.range(prop.span).0;
                self.field(
                    class,
                    node,
                    prop.is_static,
                    prop.type_ann.as_deref(),
                    prop.value.as_deref(),
                    doc,
                );
            }
            ClassMember::PrivateProp(prop) => {
                self.contain(node);
                self.decorators_of(node, &prop.decorators, "PROPERTY");
                let fragment = self.fragment();
                self.property_metadata(
                    class,
                    "field",
                    prop.type_ann.as_deref(),
                    prop.is_static,
                    prop.accessibility,
                );
                self.m_bool("isPrivate", true);
                self.m_flag("isReadonly", prop.readonly);
                self.m_flag("isOptional", prop.is_optional);
                self.set_meta(node, fragment);
                let doc = self.range(prop.span).0;
                self.field(
                    class,
                    node,
                    prop.is_static,
                    prop.type_ann.as_deref(),
                    prop.value.as_deref(),
                    doc,
                );
            }
            ClassMember::AutoAccessor(accessor) => {
                self.contain(node);
                if let Key::Public(key) = &accessor.key {
                    self.computed_key_used(key);
                }
                self.decorators_of(node, &accessor.decorators, "PROPERTY");
                let fragment = self.fragment();
                let annotation = accessor.type_ann.as_deref();
                self.property_metadata(
                    class,
                    "accessor",
                    annotation,
                    accessor.is_static,
                    accessor.accessibility,
                );
                self.m_flag("isPrivate", matches!(accessor.key, Key::Private(_)));
                self.m_flag("isAbstract", accessor.is_abstract);
                self.set_meta(node, fragment);
                let doc = self.range(accessor.span).0;
                self.field(
                    class,
                    node,
                    accessor.is_static,
                    annotation,
                    accessor.value.as_deref(),
                    doc,
                );
            }
            ClassMember::StaticBlock(block) => self.static_block(class, block),
            ClassMember::TsIndexSignature(signature) => {
                if let Some(annotation) = &signature.type_ann {
                    self.type_used(&annotation.type_ann);
                }
            }
            ClassMember::Empty(_)
            | ClassMember::Constructor(_)
            | ClassMember::Method(_)
            | ClassMember::PrivateMethod(_) => {}
        }
    }

    fn method(
        &mut self,
        node: NodeIdx,
        kind: MethodKind,
        is_static: bool,
        function: &'a Function,
        role: &Role,
        fact: usize,
    ) {
        self.decorators_of(node, &function.decorators, "METHOD");
        self.callable_body(node, Callable::of_function(function), role, None);
        if kind == MethodKind::Setter
            && let Some(Param { pat, .. }) = function.params.first()
        {
            let ident = match pat {
                Pat::Ident(ident) => Some(&ident.id),
                Pat::Assign(assign) => assign.left.as_ident().map(|ident| &ident.id),
                _ => None,
            };
            if let Some(parameter) = ident.and_then(|ident| self.reserved_node(ident)) {
                self.setter_parameters.insert(node, parameter);
            }
        }
        if kind == MethodKind::Method {
            let name = self.node(node).name;
            self.facts.classes[fact]
                .methods
                .push((name, is_static, NodeRef(node)));
        }
    }

    fn method_role(
        &mut self,
        class: usize,
        is_static: bool,
        kind: &str,
        accessibility: Option<Accessibility>,
    ) -> Role {
        let mut extra = String::from("\"methodKind\":");
        push_json_string(&mut extra, kind);
        extra.push_str(",\"className\":");
        push_json_string(&mut extra, self.names.get(self.classes[class].name));
        extra.push_str(",\"isClassMethod\":true,");
        flag_into(&mut extra, "isStatic", is_static);
        if let Some(accessibility) = accessibility {
            extra.push_str("\"visibility\":");
            push_json_string(&mut extra, visibility(accessibility));
            extra.push(',');
        }
        Role {
            class: Some(class),
            is_static,
            extra,
            doc: u32::MAX,
            ..Role::default()
        }
    }

    fn property_metadata(
        &mut self,
        class: usize,
        kind: &str,
        annotation: Option<&'a TsTypeAnn>,
        is_static: bool,
        accessibility: Option<Accessibility>,
    ) {
        let class_name = self.classes[class].name;
        self.m_str("propertyKind", kind);
        self.m_sym("className", class_name);
        if let Some(annotation) = annotation {
            let text = self.type_text(&annotation.type_ann);
            self.m_str("typeAnnotation", text);
        }
        self.m_flag("isStatic", is_static);
        if let Some(accessibility) = accessibility {
            self.m_str("visibility", visibility(accessibility));
        }
    }

    /// The initialiser of a field, which has the `this` of the class.
    fn field(
        &mut self,
        class: usize,
        node: NodeIdx,
        is_static: bool,
        annotation: Option<&'a TsTypeAnn>,
        value: Option<&'a Expr>,
        doc: u32,
    ) {
        if let Some(annotation) = annotation {
            self.type_of(node, annotation);
        }
        let Some(value) = value else { return };
        let class_node = self.classes[class].node;
        let mut frame = Frame::new(FrameKind::Field, class_node, class_node);
        frame.class = Some(class);
        frame.is_static = is_static;
        self.frames.push(frame);
        self.doc_anchor = doc;
        let name = self.node(node).name;
        let value = self.value(value, Context::Plain(name));
        self.frames.pop();
        let fragment = self.fragment();
        self.value_edge(node, value, EdgeType::AssignedFrom, fragment);
    }

    fn static_block(&mut self, class: usize, block: &'a StaticBlock) {
        let name = self.sym("static");
        let range = self.range(block.span);
        let scope = self.add(NodeType::Scope, name, range);
        let fragment = self.fragment();
        self.m_str("scopeType", "static_block");
        self.set_meta(scope, fragment);
        let class_node = self.classes[class].node;
        let mut frame = Frame::new(FrameKind::StaticBlock, class_node, scope);
        frame.class = Some(class);
        frame.is_static = true;
        self.frames.push(frame);
        self.in_container(scope, |b| {
            b.in_scope(|b| {
                b.hoist_body(&block.body.stmts);
                b.statements(&block.body.stmts);
            });
        });
        self.frames.pop();
    }

    fn computed_key_used(&mut self, key: &'a PropName) {
        if let PropName::Computed(computed) = key
            && static_key(&computed.expr).is_none()
            && symbol_key(&computed.expr).is_none()
        {
            let value = self.operand(&computed.expr);
            self.container_uses(value, "key");
        }
    }

    fn decorators_of(&mut self, node: NodeIdx, decorators: &'a [Decorator], target: &str) {
        for (index, decorator) in decorators.iter().enumerate() {
            self.decorator(node, decorator, index, target);
        }
    }

    /// Reads and writes of members that were not known when they were met.
    fn finish_class(&mut self) {
        let Some(class) = self.classes.pop() else {
            return;
        };
        for (access, name, is_static) in class.pending_reads {
            if let Some(member) = class.members.get(&(name, is_static)) {
                self.edge(access, member.read, EdgeType::ReadsFrom);
            }
        }
        for (value, setter, meta) in class.pending_writes {
            let target = self
                .setter_parameters
                .get(&setter)
                .copied()
                .unwrap_or(setter);
            self.edge_meta(value, target, EdgeType::FlowsInto, meta);
        }
    }
}

/// `@@x` for `[Symbol.x]`.
pub(crate) fn symbol_key(key: &Expr) -> Option<String> {
    let Expr::Member(member) = transparent(key) else {
        return None;
    };
    let (Expr::Ident(object), MemberProp::Ident(name)) = (&*member.obj, &member.prop) else {
        return None;
    };
    (&*object.sym == "Symbol").then(|| format!("@@{}", name.sym))
}

fn method_kind(kind: MethodKind) -> &'static str {
    match kind {
        MethodKind::Method => "method",
        MethodKind::Getter => "get",
        MethodKind::Setter => "set",
    }
}

pub(super) fn visibility(accessibility: Accessibility) -> &'static str {
    match accessibility {
        Accessibility::Public => "public",
        Accessibility::Protected => "protected",
        Accessibility::Private => "private",
    }
}

fn flag_into(out: &mut String, key: &str, value: bool) {
    if value {
        out.push('"');
        out.push_str(key);
        out.push_str("\":true,");
    }
}
