//! Classes and their members.

use std::borrow::Cow;

use graph_model::{EdgeType, NodeType};
use rustc_hash::FxHashMap;
use smallvec::smallvec;
use swc_ecma_ast::*;

use super::class_members::{FieldMember, MemberName, MethodMember};
use super::function::{Callable, Extra, Role};
use super::member::constant_key;
use super::naming::{ANONYMOUS, Context};
use super::text::{static_key, transparent};
use crate::builder::facts::list;
use crate::builder::scope::{BindingKind, Space};
use crate::builder::{Builder, ClassContext, Frame, FrameKind, NO_NODE, NodeIdx, Val, flag};
use graph_model::summary::{
    ClassFact, List, MemberFact, MemberKind, NodeRef, Shape, ShapeRef, TypeRef,
};

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
            Some(ident) => self.atom(&ident.sym),
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
            let name = self.atom(&ident.sym);
            self.declare(Space::Value, name, node, BindingKind::Class);
            self.declare(Space::Type, name, node, BindingKind::Class);
        }
        let type_vars = match &class.type_params {
            Some(params) => self.type_parameters(node, params),
            None => List::EMPTY,
        };
        let extends = self.heritage(node, class);
        let extends_arguments = self.lower_arguments(class.super_type_params.as_deref());
        let implements: Vec<TypeRef> = class
            .implements
            .iter()
            .map(|i| self.lower_heritage(i))
            .collect();
        let implements = self.facts.type_list(&implements);
        self.class_metadata(node, class, declare);

        let fact = self.facts.classes.len();
        self.facts.classes.push(ClassFact {
            node: NodeRef(node),
            type_vars,
            extends,
            extends_arguments,
            implements,
            constructor: None,
            is_abstract: class.is_abstract,
            members: List::EMPTY,
            writes: Vec::new(),
        });
        self.classes.push(ClassContext {
            decl: class,
            node,
            name,
            outside,
            members: FxHashMap::default(),
            assigned: None,
            member_facts: Vec::new(),
            known_names: Vec::new(),
            overloads: FxHashMap::default(),
            writes: Vec::new(),
            pending_reads: Vec::new(),
            pending_writes: Vec::new(),
        });
        let index = self.classes.len() - 1;
        self.decorators_of(node, &class.decorators, "CLASS");
        let nodes = self.reserve_members(index, class);
        for (member, member_node) in class.body.iter().zip(nodes) {
            self.member_of_class(index, member, member_node, fact);
        }
        self.finish_class(fact);
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
            extends = Some(value.shape());
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

    /// The type of a heritage clause.
    pub(crate) fn lower_heritage(&mut self, heritage: &TsExprWithTypeArgs) -> TypeRef {
        let mut path = Vec::new();
        let mut expr = &*heritage.expr;
        while let Expr::Member(member) = expr {
            let MemberProp::Ident(name) = &member.prop else {
                return TypeRef::UNKNOWN;
            };
            path.push(self.atom(&name.sym));
            expr = &member.obj;
        }
        let Expr::Ident(ident) = expr else {
            return TypeRef::UNKNOWN;
        };
        path.reverse();
        let arguments = self.lower_arguments(heritage.type_args.as_deref());
        let root = self.atom(&ident.sym);
        let ty = self.named(root, path, arguments);
        self.facts.ty(ty)
    }

    /// Notes a member of the class being visited.
    fn member_fact(&mut self, class: usize, node: NodeIdx, kind: MemberKind, is_static: bool) {
        let name = self.node(node).name;
        self.classes[class].member_facts.push(MemberFact {
            name,
            node: Some(NodeRef(node)),
            kind,
            is_static,
            optional: false,
            is_abstract: false,
            declared: TypeRef::UNKNOWN,
            init: ShapeRef::UNKNOWN,
            signature: None,
        });
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
        let fragment = self.node_fragment();
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
        if node != NO_NODE
            && let Some(method) = MethodMember::of(member)
        {
            self.method(class, node, &method);
            return;
        }
        if let Some(field) = FieldMember::of(member) {
            self.field(class, node, &field);
            return;
        }
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
                self.parameter_properties(class, constructor);
            }
            ClassMember::StaticBlock(block) => self.static_block(class, block),
            ClassMember::TsIndexSignature(signature) => {
                if let Some(annotation) = &signature.type_ann {
                    self.type_used(&annotation.type_ann);
                }
            }
            // An overload, which has no node.
            ClassMember::Method(method) => {
                let signature = self.lower_declared(&method.function);
                if let Some(key) = super::object::property_key(&method.key) {
                    let key = self.sym(&key);
                    self.classes[class]
                        .overloads
                        .entry((key, method.is_static))
                        .or_default()
                        .push(signature);
                }
            }
            _ => {}
        }
    }

    fn method(&mut self, class: usize, node: NodeIdx, method: &MethodMember<'a>) {
        self.contain(node);
        self.computed_key_used(node, method.key);
        let (kind, is_static, function) = (method.kind, method.is_static, method.function);
        let mut role = self.method_role(class, is_static, method_kind(kind), method.accessibility);
        for (key, value) in [
            ("isPrivate", method.key.is_private()),
            ("isAbstract", method.is_abstract),
            ("isOverride", method.is_override),
            ("isOptional", method.is_optional),
        ] {
            role.extra.extend(value.then_some(Extra::True(key)));
        }
        role.doc = self.range(method.span).0;
        self.decorators_of(node, &function.decorators, "METHOD");
        let member = match kind {
            MethodKind::Method => MemberKind::Method,
            MethodKind::Getter => MemberKind::Getter,
            MethodKind::Setter => MemberKind::Setter,
        };
        self.member_fact(class, node, member, is_static);
        if let Some(fact) = self.classes[class].member_facts.last_mut() {
            fact.is_abstract = function.body.is_none();
        }
        let key = (self.node(node).name, is_static);
        if kind == MethodKind::Method
            && let Some(signatures) = self.classes[class].overloads.remove(&key)
        {
            self.overload_signatures.insert(node, signatures);
        }
        self.callable_body(node, Callable::of_function(function), &role, None);
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
    }

    fn method_role(
        &mut self,
        class: usize,
        is_static: bool,
        kind: &'static str,
        accessibility: Option<Accessibility>,
    ) -> Role {
        let mut extra = smallvec![
            Extra::Word("methodKind", kind),
            Extra::Name("className", self.classes[class].name),
            Extra::True("isClassMethod"),
        ];
        extra.extend(is_static.then_some(Extra::True("isStatic")));
        extra.extend(accessibility.map(|a| Extra::Word("visibility", visibility(a))));
        Role {
            class: Some(class),
            is_static,
            extra,
            doc: u32::MAX,
            ..Role::default()
        }
    }

    /// A field, with its initialiser, which has the `this` of the class.
    fn field(&mut self, class: usize, node: NodeIdx, field: &FieldMember<'a>) {
        self.contain(node);
        self.computed_key_used(node, field.key);
        self.decorators_of(node, field.decorators, "PROPERTY");
        let class_name = self.classes[class].name;
        let fragment = self.node_fragment();
        self.m_word("propertyKind", field.kind);
        self.m_sym("className", class_name);
        if let Some(annotation) = field.annotation {
            let text = self.type_text(&annotation.type_ann);
            self.m_str("typeAnnotation", text);
        }
        self.m_flag("isStatic", field.is_static);
        if let Some(accessibility) = field.accessibility {
            self.m_word("visibility", visibility(accessibility));
        }
        self.m_flag("isPrivate", field.key.is_private());
        self.m_flag("isReadonly", field.is_readonly);
        self.m_flag("isOptional", field.is_optional);
        self.m_flag("isAbstract", field.is_abstract);
        self.m_flag("declare", field.declare);
        self.set_meta(node, fragment);

        if let Some(annotation) = field.annotation {
            self.type_of(node, annotation);
        }
        let mut declared = self.lower_annotation(field.annotation);
        if !self.typed && declared == TypeRef::UNKNOWN {
            declared = self.doc_type(self.range(field.span).0);
        }
        self.member_fact(class, node, MemberKind::Property, field.is_static);
        let fact = self.classes[class].member_facts.len() - 1;
        self.classes[class].member_facts[fact].declared = declared;
        let Some(value) = field.value else { return };
        let class_node = self.classes[class].node;
        let mut frame = Frame::new(FrameKind::Field, class_node, class_node);
        frame.class = Some(class);
        frame.is_static = field.is_static;
        self.frames.push(frame);
        self.doc_anchor = self.range(field.span).0;
        let name = self.node(node).name;
        let value = self.value(value, Context::Plain(name));
        self.frames.pop();
        self.classes[class].member_facts[fact].init = value.shape();
        let fragment = self.fragment();
        self.value_edge(node, value, EdgeType::AssignedFrom, fragment);
    }

    /// Fields that the constructor's parameters declare.
    fn parameter_properties(&mut self, class: usize, constructor: &'a Constructor) {
        for param in &constructor.params {
            let ParamOrTsParamProp::TsParamProp(prop) = param else {
                continue;
            };
            let (ident, annotation) = match &prop.param {
                TsParamPropParam::Ident(ident) => (&ident.id, ident.type_ann.as_deref()),
                TsParamPropParam::Assign(assign) => match &*assign.left {
                    Pat::Ident(ident) => (&ident.id, ident.type_ann.as_deref()),
                    _ => continue,
                },
            };
            let name = self.atom(&ident.sym);
            let Some(member) = self.classes[class].members.get(&(name, false)).copied() else {
                continue;
            };
            if member.read == NO_NODE {
                continue;
            }
            self.member_fact(class, member.read, MemberKind::Property, false);
            let declared = self.lower_annotation(annotation);
            let init = match self.reserved_node(ident) {
                Some(parameter) => self.shape(Shape::Binding(NodeRef(parameter))),
                None => ShapeRef::UNKNOWN,
            };
            if let Some(fact) = self.classes[class].member_facts.last_mut() {
                fact.name = name;
                fact.declared = declared;
                fact.init = init;
            }
        }
    }

    fn static_block(&mut self, class: usize, block: &'a StaticBlock) {
        let name = self.word("static");
        let range = self.range(block.span);
        let scope = self.add(NodeType::Scope, name, range);
        let fragment = self.node_fragment();
        self.m_word("scopeType", "static_block");
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

    fn computed_key_used(&mut self, member: NodeIdx, key: MemberName<'a>) {
        if let MemberName::Public(PropName::Computed(computed)) = key
            && static_key(&computed.expr).is_none()
            && symbol_key(&computed.expr).is_none()
        {
            let value = self.operand(&computed.expr);
            self.container_uses(value, "key");
            // A constant tells the name that the member has for others.
            if let Some(name) = self.known_key(&computed.expr)
                && let Some(class) = self.classes.last_mut()
            {
                class.known_names.push((member, name));
            }
        }
    }

    fn decorators_of(&mut self, node: NodeIdx, decorators: &'a [Decorator], target: &'static str) {
        for (index, decorator) in decorators.iter().enumerate() {
            self.decorator(node, decorator, index, target);
        }
    }

    /// Reads and writes of members that were not known when they were met.
    fn finish_class(&mut self, fact: usize) {
        let Some(class) = self.classes.pop() else {
            return;
        };
        let mut member_facts = class.member_facts;
        for (member, name) in class.known_names {
            let node = Some(NodeRef(member));
            for fact in member_facts.iter_mut().filter(|m| m.node == node) {
                fact.name = name;
            }
        }
        let members = list(&mut self.facts.members, &member_facts);
        let fact = &mut self.facts.classes[fact];
        fact.members = members;
        fact.writes = class.writes;
        for (access, name, is_static) in class.pending_reads {
            if let Some(member) = class.members.get(&(name, is_static)) {
                self.edge(access, member.read, EdgeType::ReadsFrom);
            }
        }
        for (src, setter, edge, meta) in class.pending_writes {
            let target = self
                .setter_parameters
                .get(&setter)
                .copied()
                .unwrap_or(setter);
            self.edge_meta(src, target, edge, meta);
        }
    }
}

/// `@@x` for `[Symbol.x]`.
pub(crate) fn symbol_key(key: &Expr) -> Option<Cow<'_, str>> {
    let Expr::Member(member) = transparent(key) else {
        return None;
    };
    let (Expr::Ident(object), MemberProp::Ident(name)) = (&*member.obj, &member.prop) else {
        return None;
    };
    (&*object.sym == "Symbol").then(|| Cow::Owned(constant_key(&name.sym)))
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
