//! Functions, arrows and methods: parameters, body, `controlFlow`.

use std::borrow::Cow;

use graph_model::{EdgeType, NodeType};
use smallvec::SmallVec;
use swc_common::{Span, Spanned};
use swc_ecma_ast::*;

use super::js_doc::comment_at_end;
use super::naming::{ANONYMOUS, Context};
use super::parameter::{Parameter, ParameterPattern, binding_span};
use crate::builder::facts::list;
use crate::builder::metadata::cut;
use crate::builder::scope::{BindingKind, Space};
use crate::builder::templates::Flag;
use crate::builder::{Builder, Frame, FrameKind, NO_NODE, NodeIdx, Val};
use graph_model::summary::{
    FunctionFact, List, NodeRef, ParameterFact, ShapeRef, Signature, SignatureRef, Sym, TypeRef,
};

/// The parts that all callables have.
#[derive(Clone, Copy)]
pub(crate) struct Callable<'a> {
    parameters: Parameters<'a>,
    body: Body<'a>,
    is_async: bool,
    is_generator: bool,
    arrow: bool,
    type_params: Option<&'a TsTypeParamDecl>,
    return_type: Option<&'a TsTypeAnn>,
    this_type: Option<&'a TsTypeAnn>,
    span: Span,
}

#[derive(Clone, Copy)]
enum Parameters<'a> {
    Function(&'a [Param]),
    Arrow(&'a [Pat]),
    Constructor(&'a [ParamOrTsParamProp]),
}

#[derive(Clone, Copy)]
enum Body<'a> {
    None,
    Block(&'a FunctionBody),
    Expression(&'a Expr),
}

/// A method or accessor of an object literal.
pub(crate) struct ObjectMethod<'a> {
    pub(crate) key: Option<Sym>,
    pub(crate) prefix: &'static str,
    pub(crate) span: Span,
    pub(crate) object: Context<'a>,
}

/// How a callable is bound to `this`, and what else its metadata says.
#[derive(Clone, Default)]
pub(crate) struct Role {
    pub(crate) class: Option<usize>,
    pub(crate) is_static: bool,
    pub(crate) is_callback: bool,
    /// Members of the metadata that only this kind of callable has.
    pub(crate) extra: SmallVec<[Extra; 4]>,
    /// First byte of the text whose leading comment documents it; `u32::MAX` for none.
    pub(crate) doc: u32,
}

/// See [`Builder::parameter_texts`].
type ParameterTexts<'a> = (SmallVec<[Cow<'a, str>; 4]>, SmallVec<[&'a str; 4]>);

/// A member of the metadata, with its key.
#[derive(Clone, Copy)]
pub(crate) enum Extra {
    True(&'static str),
    Word(&'static str, &'static str),
    Name(&'static str, Sym),
}

impl<'a> Callable<'a> {
    pub(crate) fn of_function(function: &'a Function) -> Self {
        Callable {
            parameters: Parameters::Function(&function.params),
            body: function.body.as_ref().map_or(Body::None, Body::Block),
            is_async: function.is_async,
            is_generator: function.is_generator,
            arrow: false,
            type_params: function.type_params.as_deref(),
            return_type: function.return_type.as_deref(),
            this_type: function
                .this_param
                .as_ref()
                .and_then(|p| p.type_ann.as_deref()),
            span: function.span,
        }
    }

    pub(crate) fn of_constructor(constructor: &'a Constructor) -> Self {
        Callable {
            parameters: Parameters::Constructor(&constructor.params),
            body: constructor.body.as_ref().map_or(Body::None, Body::Block),
            is_async: false,
            is_generator: false,
            arrow: false,
            type_params: None,
            return_type: None,
            this_type: None,
            span: constructor.span,
        }
    }

    fn of_arrow(arrow: &'a ArrowExpr) -> Self {
        Callable {
            parameters: Parameters::Arrow(&arrow.params),
            body: match &*arrow.body {
                ArrowFunctionBody::FunctionBody(body) => Body::Block(body),
                ArrowFunctionBody::Expr(expr) => Body::Expression(expr),
            },
            is_async: arrow.is_async,
            is_generator: arrow.is_generator,
            arrow: true,
            type_params: arrow.type_params.as_deref(),
            return_type: arrow.return_type.as_deref(),
            this_type: None,
            span: arrow.span,
        }
    }

    pub(crate) fn has_body(&self) -> bool {
        !matches!(self.body, Body::None)
    }

    fn parameters(&self) -> SmallVec<[Parameter<'a>; 4]> {
        match self.parameters {
            Parameters::Function(params) => params.iter().map(Parameter::of_param).collect(),
            Parameters::Arrow(patterns) => patterns.iter().map(Parameter::of_pattern).collect(),
            Parameters::Constructor(params) => params
                .iter()
                .map(|param| match param {
                    ParamOrTsParamProp::Param(param) => Parameter::of_param(param),
                    ParamOrTsParamProp::TsParamProp(prop) => {
                        let (pattern, span) = match &prop.param {
                            TsParamPropParam::Ident(ident) => {
                                (ParameterPattern::Ident(ident), binding_span(ident))
                            }
                            TsParamPropParam::Assign(assign) => {
                                (ParameterPattern::Assign(assign), assign.span)
                            }
                        };
                        Parameter {
                            pattern,
                            span,
                            decorators: &prop.decorators,
                            property: true,
                        }
                    }
                })
                .collect(),
        }
    }
}

impl<'a> Builder<'a> {
    /// `function f() {}` as a statement; its node was made when its scope was entered.
    pub(crate) fn function_declaration(&mut self, decl: &'a FnDecl) {
        if self.overload(&decl.function) {
            return;
        }
        let Some(node) = self.reserved_node(&decl.ident) else {
            return;
        };
        self.contain(node);
        let mut role = Role {
            doc: self.doc_anchor,
            ..Role::default()
        };
        if decl.declare {
            role.extra.push(Extra::True("declare"));
        }
        self.set_flag(node, crate::builder::flag::SHOWS_EXPORTED);
        self.callable_body(node, Callable::of_function(&decl.function), &role, None);
    }

    /// Notes the signature of an overload for the function that it belongs to; whether it is one.
    fn overload(&mut self, function: &'a Function) -> bool {
        let Some(&node) = self.overload_of.get(&self.start_of(&function.span)) else {
            return false;
        };
        let signature = self.lower_declared(function);
        let signatures = self.overload_signatures.entry(node).or_default();
        signatures.push(signature);
        true
    }

    /// Functions without a body have their overloads after them.
    pub(crate) fn late_overloads(&mut self) {
        if self.overload_signatures.is_empty() {
            return;
        }
        for at in 0..self.facts.functions.len() {
            let NodeRef(node) = self.facts.functions[at].node;
            if let Some(others) = self.overload_signatures.remove(&node) {
                let mut all = vec![self.facts.functions[at].signature];
                all.extend(others);
                self.facts.functions[at].overloads = list(&mut self.facts.overloads, &all);
            }
        }
    }

    /// `export default function …`.
    pub(crate) fn default_function(&mut self, function: &'a FnExpr) -> Option<NodeIdx> {
        if self.overload(&function.function) {
            return None;
        }
        let start = self.start_of(&function.function.span);
        let node = *self.reserved.get(&start)?;
        self.contain(node);
        let role = Role {
            doc: self.doc_anchor,
            ..Role::default()
        };
        self.set_flag(node, crate::builder::flag::SHOWS_EXPORTED);
        self.callable_body(node, Callable::of_function(&function.function), &role, None);
        Some(node)
    }

    pub(crate) fn function_expression(
        &mut self,
        function: &'a FnExpr,
        context: Context<'a>,
    ) -> Val {
        let own = function.ident.as_ref();
        self.function_value(Callable::of_function(&function.function), own, context)
    }

    pub(crate) fn arrow(&mut self, arrow: &'a ArrowExpr, context: Context<'a>) -> Val {
        self.function_value(Callable::of_arrow(arrow), None, context)
    }

    fn function_value(
        &mut self,
        callable: Callable<'a>,
        own: Option<&'a Ident>,
        context: Context<'a>,
    ) -> Val {
        let (name, plain) = match own {
            Some(ident) => (self.atom(&ident.sym), true),
            None => self.context_name(context),
        };
        let range = self.range(callable.span);
        let node = self.add(NodeType::Function, name, range);
        let mut role = Role {
            is_callback: matches!(context, Context::Argument { .. }),
            doc: if plain { self.doc_anchor } else { u32::MAX },
            ..Role::default()
        };
        if self.frame().kind == FrameKind::Field && matches!(context, Context::Plain(_)) {
            role.extra.push(Extra::True("isClassProperty"));
        }
        self.set_flag(node, crate::builder::flag::SHOWS_EXPORTED);
        self.callable_body(node, callable, &role, own);
        self.node_value(node)
    }

    /// A method, getter or setter of an object literal.
    pub(crate) fn object_method(
        &mut self,
        callable: Callable<'a>,
        method: ObjectMethod<'a>,
    ) -> Val {
        let (key, id_name) = match method.key {
            Some(key) => {
                let text = [method.prefix, self.names.get(key)].concat();
                (key, self.sym(&text))
            }
            None => {
                let key = self.word("<computed>");
                let text = format!("{}<computed>", method.prefix);
                (key, self.sym(&text))
            }
        };
        let range = self.range(method.span);
        let node = self.add(NodeType::Function, id_name, range);
        self.nodes[node as usize].name = key;
        let mut role = Role {
            doc: range.0,
            ..Role::default()
        };
        let kind = match method.prefix {
            "get:" => "get",
            "set:" => "set",
            _ => "method",
        };
        role.extra.push(Extra::Word("methodKind", kind));
        if let Context::Binding(object) | Context::Plain(object) = method.object {
            role.extra.push(Extra::Name("objectName", object));
        }
        self.set_flag(node, crate::builder::flag::SHOWS_EXPORTED);
        self.callable_body(node, callable, &role, None);
        self.node_value(node)
    }

    /// Everything inside a callable, and its metadata.
    pub(crate) fn callable_body(
        &mut self,
        node: NodeIdx,
        callable: Callable<'a>,
        role: &Role,
        own_name: Option<&'a Ident>,
    ) {
        let outer_anchor = std::mem::replace(&mut self.doc_anchor, u32::MAX);
        let outer_owner = std::mem::replace(&mut self.owner, node);
        let outer_container = std::mem::replace(&mut self.container, node);
        let outer_strict = self.strict;

        let mut frame = Frame::new(
            if callable.arrow {
                FrameKind::Arrow
            } else {
                FrameKind::Function
            },
            node,
            NO_NODE,
        );
        frame.class = role.class;
        frame.is_static = role.is_static;
        frame.is_async = callable.is_async;
        self.frames.push(frame);

        self.scopes.enter();
        if let Some(ident) = own_name {
            let name = self.atom(&ident.sym);
            self.declare(Space::Value, name, node, BindingKind::SelfName);
        }
        self.scopes.enter();
        let outer_guards = self.guards.len();
        let type_vars = match callable.type_params {
            Some(params) => self.type_parameters(node, params),
            None => List::EMPTY,
        };
        let parameters = callable.parameters();
        let doc = if self.typed {
            None
        } else {
            self.function_doc(role.doc, callable.span)
        };
        let mut facts: SmallVec<[ParameterFact; 4]> = SmallVec::with_capacity(parameters.len());
        for parameter in &parameters {
            let mut fact = self.parameter_fact(parameter);
            if let Some(doc) = &doc {
                self.document_parameter(&mut fact, doc, facts.len());
            }
            facts.push(fact);
        }
        let mut returns = self.lower_annotation(callable.return_type);
        let mut this_type = self.lower_annotation(callable.this_type);
        let mut js_doc = false;
        if let Some(doc) = &doc {
            js_doc = true;
            if returns == TypeRef::UNKNOWN {
                returns = doc.returns;
            }
            if this_type == TypeRef::UNKNOWN {
                this_type = doc.this_type;
            }
        }
        if callable.has_body() {
            // The body's node comes first: defaults may already be captured by it.
            let body_span = match callable.body {
                Body::Block(body) => body.span,
                Body::Expression(expr) => expr.span(),
                Body::None => callable.span,
            };
            let range = self.range(body_span);
            let body_name = self.known.body;
            let body = self.make(NodeType::Scope, body_name, range);
            let fragment = self.node_fragment();
            self.m_word("scopeType", "function_body");
            self.set_meta(body, fragment);
            self.tree_edge(
                node,
                body,
                EdgeType::HasScope,
                crate::builder::metadata::NO_META,
            );
            self.frame_mut().body = body;

            for (index, parameter) in parameters.iter().enumerate() {
                self.declare_parameter(node, parameter, index as u32);
            }
            for (parameter, fact) in parameters.iter().zip(&mut facts) {
                fact.default = self.visit_parameter(parameter, role.class);
            }
            self.return_type(node, &callable);
            self.container = body;
            match callable.body {
                Body::Block(block) => self.function_block(block),
                Body::Expression(expr) => {
                    let value = self.value(expr, Context::Fixed("<return>"));
                    let fragment = self.fragment();
                    self.m_bool("implicit", true);
                    self.value_edge_to(value, node, EdgeType::Returns, fragment);
                    self.note_returned(value);
                }
                Body::None => {}
            }
        } else {
            for parameter in &parameters {
                if let Some(annotation) = parameter.type_annotation() {
                    self.type_of(node, annotation);
                }
            }
            self.return_type(node, &callable);
        }
        self.scopes.leave();
        self.scopes.leave();

        self.guards.truncate(outer_guards);
        let frame = self.frames.pop();
        let parameter_facts = list(&mut self.facts.parameters, &facts);
        self.facts.signatures.push(Signature {
            type_vars,
            parameters: parameter_facts,
            returns,
            this_type,
        });
        let signature = SignatureRef(self.facts.signatures.len() as u32 - 1);
        let (mut returned, mut yielded) = (List::EMPTY, List::EMPTY);
        if let Some(frame) = &frame {
            returned = self.facts.shape_list(&frame.returned);
            yielded = self.facts.shape_list(&frame.yielded);
        }
        let overloads = match self.overload_signatures.remove(&node) {
            Some(signatures) => list(&mut self.facts.overloads, &signatures),
            None => List::EMPTY,
        };
        let class = role.class.map(|class| NodeRef(self.classes[class].node));
        self.facts.functions.push(FunctionFact {
            node: NodeRef(node),
            signature,
            overloads,
            class,
            object: None,
            this_shape: ShapeRef::UNKNOWN,
            is_static: role.is_static,
            is_async: callable.is_async,
            is_generator: callable.is_generator,
            is_arrow: callable.arrow,
            has_body: callable.has_body(),
            js_doc,
            returned,
            yielded,
        });
        self.owner = outer_owner;
        self.container = outer_container;
        self.strict = outer_strict;
        self.doc_anchor = outer_anchor;
        let control = frame.map(|f| f.control).filter(|_| callable.has_body());
        self.callable_metadata(node, &callable, &parameters, role, control);
    }

    fn return_type(&mut self, node: NodeIdx, callable: &Callable<'a>) {
        if let Some(annotation) = callable.return_type {
            self.returned_type(node, annotation);
        }
        if let Some(annotation) = callable.this_type {
            self.type_of(node, annotation);
        }
    }

    fn function_block(&mut self, block: &'a FunctionBody) {
        self.scopes.enter();
        self.strict = self.strict || has_use_strict(&block.stmts);
        self.hoist_body(&block.stmts);
        let (last, init) = match block.stmts.split_last() {
            Some((last, init)) => (Some(last), init),
            None => (None, &[][..]),
        };
        for stmt in init {
            self.statement(stmt);
        }
        if let Some(last) = last {
            // A return that ends the body is not an early one.
            let early = self.frame().control.early_return;
            self.statement(last);
            if matches!(last, Stmt::Return(_)) {
                self.frame_mut().control.early_return = early;
            }
        }
        self.scopes.leave();
    }

    fn callable_metadata(
        &mut self,
        node: NodeIdx,
        callable: &Callable<'a>,
        parameters: &[Parameter<'a>],
        role: &Role,
        control: Option<crate::builder::ControlFlow>,
    ) {
        let is_function = self.node(node).node_type == NodeType::Function;
        let fragment = self.node_fragment();
        const KIND: &[Flag; 2] = &[Flag::Shown("async"), Flag::Shown("generator")];
        self.m_flags(KIND, [callable.is_async, callable.is_generator]);
        if is_function {
            self.m_bool("arrowFunction", callable.arrow);
        }
        for &extra in &role.extra {
            match extra {
                Extra::True(key) => self.m_bool(key, true),
                Extra::Word(key, word) => self.m_word(key, word),
                Extra::Name(key, name) => self.m_sym(key, name),
            }
        }
        let (names, types) = self.parameter_texts(parameters);
        self.m_elements("params", |b| {
            for (parameter, text) in parameters.iter().zip(&names) {
                match parameter.ident() {
                    Some(ident) if matches!(text, Cow::Borrowed(_)) => {
                        let name = b.atom(&ident.id.sym);
                        b.m_name_element(name);
                    }
                    _ => b.m_string_element(text),
                }
            }
        });
        self.m_elements("paramTypes", |b| {
            for (parameter, text) in parameters.iter().zip(&types) {
                match parameter.type_annotation() {
                    None => b.m_word_element("any"),
                    Some(_) => b.m_string_element(text),
                }
            }
        });
        let result = callable.return_type.map(|t| self.type_text(&t.type_ann));
        if let Some(result) = result {
            self.m_str("returnType", result);
        }
        let signature = signature(&names, &types, result);
        self.m_str("signature", &signature);
        if let Some(text) = self.doc_comment(role.doc) {
            self.m_str("jsdocSummary", &text);
        }
        if let Some(overloads) = self.overloads.remove(&node) {
            self.m_list("overloads", &overloads);
        }
        self.m_flag("isSignature", !callable.has_body());
        self.m_flag("isCallback", role.is_callback);
        if let Some(control) = control {
            self.m_object("controlFlow", |b| {
                const FLAGS: &[Flag; 7] = &[
                    Flag::IfTrue("hasBranches"),
                    Flag::IfTrue("hasLoops"),
                    Flag::IfTrue("hasTryCatch"),
                    Flag::IfTrue("hasEarlyReturn"),
                    Flag::IfTrue("hasThrow"),
                    Flag::IfTrue("canReject"),
                    Flag::IfTrue("hasAsyncThrow"),
                ];
                let values = [
                    control.branches,
                    control.has_loops,
                    control.has_try,
                    control.early_return,
                    control.throws,
                    control.rejects,
                    control.async_throw,
                ];
                b.m_flags(FLAGS, values);
                b.m_int("cyclomaticComplexity", control.decisions + 1);
            });
        }
        self.set_meta(node, fragment);
    }

    /// The signature of a function without its body, as overloads show it.
    pub(crate) fn signature_text(&self, function: &'a Function) -> String {
        self.callable_signature(&Callable::of_function(function))
    }

    pub(crate) fn callable_signature(&self, callable: &Callable<'a>) -> String {
        let (names, types) = self.parameter_texts(&callable.parameters());
        signature(
            &names,
            &types,
            callable.return_type.map(|t| self.type_text(&t.type_ann)),
        )
    }

    /// Parameters as they are written, and their types.
    fn parameter_texts(&self, parameters: &[Parameter<'a>]) -> ParameterTexts<'a> {
        let names = parameters.iter().map(|p| self.parameter_text(p));
        let types = parameters.iter().map(|p| {
            p.type_annotation()
                .map_or("any", |t| self.type_text(&t.type_ann))
        });
        (names.collect(), types.collect())
    }

    /// First line of prose of the `/** … */` that ends right before `start`.
    fn doc_comment(&self, start: u32) -> Option<String> {
        let before = self.source.get(..start as usize)?.trim_end();
        comment_at_end(before)?
            .lines()
            .map(|line| line.trim().trim_start_matches('*').trim())
            .take_while(|line| !line.starts_with('@'))
            .find(|line| !line.is_empty())
            .map(|line| cut(line, 200).to_owned())
    }

    /// An expression whose value a callable gives back.
    pub(crate) fn return_statement(&mut self, stmt: &'a ReturnStmt) {
        self.frame_mut().control.early_return = true;
        let Some(arg) = &stmt.arg else { return };
        let value = self.value(arg, Context::Fixed("<return>"));
        let callable = self.callable();
        if !self.node(callable).node_type.is_callable() {
            self.container_uses(value, "read");
            return;
        }
        let fragment = self.fragment();
        self.value_edge_to(value, callable, EdgeType::Returns, fragment);
        self.note_returned(value);
    }

    fn note_returned(&mut self, value: Val) {
        if value.exists() {
            let function = NodeRef(self.callable());
            self.facts.returns.push((function, NodeRef(value.node)));
        }
        self.frame_mut().returned.push(value.shape());
        if let Some(call) = self.facts.calls.last_mut()
            && call.node.0 == value.node
        {
            call.settles = true;
        }
    }

    /// A default value, for its own sake.
    pub(crate) fn default_value(&mut self, expr: &'a Expr, name: Option<Sym>) -> Val {
        self.value(expr, name.map_or(ANONYMOUS, Context::Binding))
    }
}

fn signature(names: &[Cow<'_, str>], types: &[&str], result: Option<&str>) -> String {
    let result = result.unwrap_or("any");
    let parameters = names.iter().map(|name| name.len() + 4).sum::<usize>()
        + types.iter().map(|ty| ty.len()).sum::<usize>();
    let mut out = String::with_capacity(parameters + result.len() + 8);
    out.push('(');
    for (i, (name, ty)) in names.iter().zip(types).enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        out.push_str(name);
        out.push_str(": ");
        out.push_str(ty);
    }
    out.push_str(") => ");
    out.push_str(result);
    out
}

/// Whether a body begins with the directive `"use strict"`.
pub(crate) fn has_use_strict(stmts: &[Stmt]) -> bool {
    directives(stmts).any(|d| d == "use strict")
}

/// The directives at the start of a body.
pub(crate) fn directives(stmts: &[Stmt]) -> impl Iterator<Item = String> + '_ {
    stmts.iter().map_while(|stmt| match stmt {
        Stmt::Expr(ExprStmt { expr, .. }) => match &**expr {
            Expr::Lit(Lit::Str(s)) => Some(s.value.to_string_lossy().into_owned()),
            _ => None,
        },
        _ => None,
    })
}
