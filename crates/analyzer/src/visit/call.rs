//! Calls and `new`.

use graph_model::{EdgeType, NodeType, is_standard_class};
use smallvec::SmallVec;
use swc_common::Span;
use swc_ecma_ast::*;

use super::compiled::CompiledExport;
use super::name::Meaning;
use super::naming::{ANONYMOUS, Context};
use super::text::{
    expression_text, last_name, shown, static_key, super_text, write_member, write_text,
};
use crate::builder::facts::list;
use crate::builder::scope::BindingKind;
use crate::builder::templates::Flag;
use crate::builder::{Builder, NO_NODE, NodeIdx, PendingCall, Val};
use crate::words::Word;
use graph_model::summary::{Argument, CallFact, CallKind, List, NodeRef, Shape, ShapeRef, Sym};

/// What the metadata of a call says of its place.
struct Site<'a> {
    span: Span,
    awaited: bool,
    optional: bool,
    tagged: bool,
    type_arguments: Option<&'a TsTypeParamInstantiation>,
    arguments: u32,
}

/// What is called.
#[derive(Clone, Copy)]
pub(super) enum Target {
    /// A function of this module, by its declaration or as an IIFE.
    Function(NodeIdx),
    /// A name whose initialiser may turn out to be a function.
    Binding(crate::builder::scope::BindingId),
    Other,
}

impl<'a> Builder<'a> {
    /// `f(…)`, `o.m(…)`, `super(…)`, `import(…)`, `require(…)`.
    pub(crate) fn call(&mut self, call: &'a CallExpr, awaited: bool, context: Context<'a>) -> Val {
        let callee = match &call.callee {
            Callee::Import(_) => return self.dynamic_import(call, awaited),
            Callee::Super(_) => None,
            Callee::Expr(callee) => Some(&**callee),
        };
        if let Some(Expr::Ident(ident)) = callee
            && !call.args.is_empty()
            && self.is_require(ident)
        {
            return self.require(call, awaited, context);
        }
        let defined = self.defined_export(call);
        let compiled = match defined {
            None => self.compiled_export(call),
            Some(_) => None,
        };
        let listed = match (defined, compiled) {
            (Some(_), _) => Some(2),
            (_, Some(CompiledExport::Getters(_))) => Some(1),
            _ => None,
        };
        let first_edge = self.edges.len();
        let site = Site {
            span: call.span,
            awaited,
            optional: false,
            tagged: false,
            type_arguments: call.type_args.as_deref(),
            arguments: call.args.len() as u32,
        };
        let node = self.call_node(callee, &site);
        let (target, shape) = match callee {
            Some(callee) => self.callee(node, callee),
            None => (Target::Other, self.super_shape()),
        };
        let arguments = self.arguments(node, callee, &call.args, listed);
        if let Some(name) = defined {
            self.finish_defined_export(name, call, first_edge);
        }
        if let Some(export) = compiled {
            self.finish_compiled_export(export, call, first_edge);
        }
        let kind = if callee.is_none() {
            CallKind::Super
        } else {
            CallKind::Call
        };
        self.finish_call(node, kind, target, shape, arguments, &site);
        if self.is_interop(call)
            && let Some(module) = arguments.of(&self.facts.arguments).first()
        {
            return Val::new(node, module.shape);
        }
        self.node_value(node)
    }

    /// `f?.(…)`.
    pub(crate) fn optional_call(
        &mut self,
        chain: &'a OptChainExpr,
        call: &'a OptCall,
        awaited: bool,
    ) -> Val {
        let site = Site {
            span: chain.span,
            awaited,
            optional: chain.optional,
            tagged: false,
            type_arguments: call.type_args.as_deref(),
            arguments: call.args.len() as u32,
        };
        let node = self.call_node(Some(&call.callee), &site);
        let (target, shape) = self.callee(node, &call.callee);
        let arguments = self.arguments(node, Some(&call.callee), &call.args, None);
        self.finish_call(node, CallKind::Call, target, shape, arguments, &site);
        self.node_value(node)
    }

    /// A template with a tag: the holes are the arguments after the first.
    pub(crate) fn tagged_template(&mut self, tagged: &'a TaggedTpl, awaited: bool) -> Val {
        let site = Site {
            span: tagged.span,
            awaited,
            optional: false,
            tagged: true,
            type_arguments: tagged.type_params.as_deref(),
            arguments: tagged.tpl.exprs.len() as u32 + 1,
        };
        let node = self.call_node(Some(&tagged.tag), &site);
        let (target, shape) = self.callee(node, &tagged.tag);
        let mut arguments = vec![Argument {
            node: None,
            shape: ShapeRef::UNKNOWN,
            spread: false,
        }];
        for (i, hole) in tagged.tpl.exprs.iter().enumerate() {
            let value = self.value(
                hole,
                Context::Argument {
                    callee: Some(&tagged.tag),
                    first: None,
                },
            );
            self.passes_argument(node, value, i as u32 + 1, false);
            arguments.push(argument(value, false));
        }
        let arguments = list(&mut self.facts.arguments, &arguments);
        self.finish_call(node, CallKind::Call, target, shape, arguments, &site);
        self.node_value(node)
    }

    fn call_node(&mut self, callee: Option<&'a Expr>, site: &Site<'a>) -> NodeIdx {
        let range = self.range(site.span);
        let fragment = self.node_fragment();
        let mut text = std::mem::take(&mut self.scratch);
        match callee.map(super::text::without_wrappers) {
            None => {
                text.clear();
                text.push_str("super");
                self.m_bool("isSuper", true);
                self.m_bool("computed", false);
            }
            Some(Expr::Fn(_) | Expr::Arrow(_)) => {
                text.clear();
                text.push_str("<iife>");
                self.m_bool("computed", false);
            }
            Some(Expr::SuperProp(member)) => {
                text.clear();
                text.push_str(&super_text(member));
                self.m_str("object", "super");
                let key = self.super_key(&member.prop);
                self.method_metadata(key);
                self.m_bool("isSuper", true);
            }
            Some(callee) => match called_member(callee) {
                Some(member) => {
                    let object = write_member(&mut text, &member.obj, &member.prop);
                    let object = object.map(|length| &text[..length]);
                    self.m_object_text("object", &member.obj, object);
                    let key = self.member_key(&member.prop);
                    self.method_metadata(key);
                    if object.is_none() {
                        text.clear();
                        text.push_str("<chain>");
                    }
                }
                None => {
                    write_text(&mut text, callee);
                    self.m_bool("computed", false);
                }
            },
        }
        let name = match callee {
            Some(Expr::Ident(ident)) if text == *ident.sym => self.atom(&ident.sym),
            _ => self.names.intern(shown(&text)),
        };
        self.scratch = text;
        let node = self.add(NodeType::Call, name, range);
        self.m_flag(
            "isOptional",
            site.optional || callee.is_some_and(is_optional_member),
        );
        self.m_flag("isTagged", site.tagged);
        self.site_metadata(site, range.0);
        self.set_meta(node, fragment);
        if let Some(types) = site.type_arguments {
            self.type_arguments_of(node, types);
        }
        self.may_throw(
            node,
            if site.awaited {
                "awaited_call"
            } else {
                "sync_call"
            },
            range.0,
        );
        node
    }

    /// The text of the object of a member; `None` for one that is not shown.
    pub(crate) fn m_object_text(&mut self, key: &'static str, object: &Expr, text: Option<&str>) {
        match (object, text) {
            (_, None) => self.m_str(key, "<chain>"),
            (Expr::This(_), _) => self.m_sym(key, self.known.this),
            (Expr::Ident(ident), Some(_)) => {
                let name = self.atom(&ident.sym);
                self.m_sym(key, name);
            }
            (_, Some(text)) => self.m_str(key, text),
        }
    }

    fn method_metadata(&mut self, (name, key): (Sym, Option<&'a Expr>)) {
        if key.is_none() {
            self.m_sym("method", name);
            let flags = &[Flag::Shown("computed"), Flag::Shown("isMethodCall")];
            return self.m_flags(flags, [false, true]);
        }
        self.m_str("method", "<computed>");
        self.m_bool("computed", true);
        self.m_computed_key(key);
        self.m_bool("isMethodCall", true);
    }

    fn site_metadata(&mut self, site: &Site<'a>, start: u32) {
        const FLAGS: &[Flag; 3] = &[
            Flag::Shown("isAwaited"),
            Flag::Shown("isInsideTry"),
            Flag::IfTrue("isInsideLoop"),
        ];
        let (tries, loops) = (self.frame().tries, self.frame().loops);
        self.m_flags(FLAGS, [site.awaited, tries > 0, loops > 0]);
        self.m_int("argCount", site.arguments);
        if let Some(types) = site.type_arguments {
            let texts: Vec<&str> = types.params.iter().map(|t| self.type_text(t)).collect();
            self.m_list("typeArguments", &texts);
        }
        if self.mentioned.have(Word::Grafema) {
            self.ignore_comment(start);
        }
    }

    /// What a call calls: `USES` its receiver, or the callee itself.
    pub(super) fn callee(&mut self, call: NodeIdx, callee: &'a Expr) -> (Target, ShapeRef) {
        match callee {
            Expr::Paren(e) => {
                let (target, shape) = self.callee(call, &e.expr);
                (
                    target,
                    self.doc_cast(e, Val::NONE.with_shape(shape)).shape(),
                )
            }
            Expr::TsNonNull(e) => self.callee(call, &e.expr),
            Expr::TsInstantiation(e) => self.callee(call, &e.expr),
            Expr::TsAs(TsAsExpr { expr, type_ann, .. })
            | Expr::TsTypeAssertion(TsTypeAssertion { expr, type_ann, .. }) => {
                let (target, shape) = self.callee(call, expr);
                self.cast_type(type_ann);
                (target, self.cast_shape(shape, type_ann))
            }
            Expr::TsSatisfies(e) => {
                let result = self.callee(call, &e.expr);
                self.cast_type(&e.type_ann);
                result
            }
            Expr::Ident(ident) => self.named_callee(call, ident),
            Expr::Member(member) => (Target::Other, self.member_callee(call, member)),
            Expr::OptChain(chain) if matches!(&*chain.base, OptChainBase::Member(_)) => {
                match &*chain.base {
                    OptChainBase::Member(member) => {
                        (Target::Other, self.member_callee(call, member))
                    }
                    OptChainBase::Call(_) => (Target::Other, ShapeRef::UNKNOWN),
                }
            }
            Expr::SuperProp(member) => {
                let receiver = self.super_shape();
                let name = match &member.prop {
                    SuperProp::Ident(name) => self.atom(&name.sym),
                    SuperProp::Computed(key) => self.computed_key(call, &key.expr),
                };
                (Target::Other, self.member_shape(receiver, name))
            }
            Expr::Fn(_) | Expr::Arrow(_) => {
                let value = self.value(callee, Context::Fixed("<iife>"));
                (Target::Function(value.node), value.shape())
            }
            _ => {
                let value = self.operand(callee);
                self.uses(call, value, "callee");
                (Target::Other, value.shape())
            }
        }
    }

    fn named_callee(&mut self, call: NodeIdx, ident: &'a Ident) -> (Target, ShapeRef) {
        let meaning = self.meaning(ident);
        let value = self.identifier_quietly(ident);
        let Meaning::Bound(id) = meaning else {
            if value.exists() {
                self.uses(call, value, "callee");
            }
            return (Target::Other, value.shape());
        };
        let binding = *self.scopes.get(id);
        let is_function = matches!(binding.kind, BindingKind::Function | BindingKind::SelfName)
            && value.exists()
            && self.node(value.node).node_type == NodeType::Function;
        if is_function {
            return (Target::Function(value.node), value.shape());
        }
        self.uses(call, value, "callee");
        (Target::Binding(id), value.shape())
    }

    fn member_callee(&mut self, call: NodeIdx, member: &'a MemberExpr) -> ShapeRef {
        let receiver = self.receiver(&member.obj);
        self.uses(call, receiver, "receiver");
        if receiver.exists() {
            let pair = (NodeRef(call), NodeRef(receiver.node));
            self.facts.receivers.push(pair);
        }
        let name = match &member.prop {
            MemberProp::Ident(name) => self.atom(&name.sym),
            MemberProp::PrivateName(name) => self.private_name(name),
            MemberProp::Computed(key) => self.computed_key(call, &key.expr),
        };
        self.note_import_meta(&member.obj, name);
        self.note_selected(receiver, name);
        self.member_shape(receiver.shape(), name)
    }

    /// The receiver of a member: `this` and undeclared names give a shape only.
    pub(crate) fn receiver(&mut self, object: &'a Expr) -> Val {
        match object {
            Expr::Paren(e) => {
                let value = self.receiver(&e.expr);
                self.doc_cast(e, value)
            }
            Expr::TsNonNull(e) => self.receiver(&e.expr),
            Expr::TsAs(TsAsExpr { expr, type_ann, .. })
            | Expr::TsTypeAssertion(TsTypeAssertion { expr, type_ann, .. }) => {
                let value = self.receiver(expr);
                self.cast_type(type_ann);
                let shape = self.cast_shape(value.shape(), type_ann);
                value.with_shape(shape)
            }
            Expr::TsSatisfies(e) => {
                let value = self.receiver(&e.expr);
                self.cast_type(&e.type_ann);
                value
            }
            Expr::This(_) => {
                let shape = self.this_shape();
                Val::NONE.with_shape(shape)
            }
            Expr::Ident(ident) => self.identifier_quietly(ident),
            _ => self.value(object, ANONYMOUS),
        }
    }

    /// The name that a computed key gives; `*` where nothing is known of it. `USES` the key where it is not static.
    fn computed_key(&mut self, user: NodeIdx, key: &'a Expr) -> Sym {
        match static_key(key) {
            Some(key) => self.sym(&key),
            None => {
                let value = self.operand(key);
                self.uses(user, value, "key");
                self.known_key(key).unwrap_or(self.known.star)
            }
        }
    }

    pub(crate) fn private_name(&mut self, name: &'a PrivateName) -> Sym {
        self.sym(&["#", &name.name].concat())
    }

    /// The properties of the argument at `listed`, an object literal, tell what is exported.
    fn arguments(
        &mut self,
        call: NodeIdx,
        callee: Option<&'a Expr>,
        arguments: &'a [ExprOrSpread],
        listed: Option<usize>,
    ) -> List {
        let mut facts: SmallVec<[Argument; 4]> = SmallVec::with_capacity(arguments.len());
        let first = arguments
            .first()
            .filter(|a| a.spread.is_none())
            .map(|a| &*a.expr);
        for (i, argument) in arguments.iter().enumerate() {
            self.list_properties = listed == Some(i);
            let value = self.value(&argument.expr, Context::Argument { callee, first });
            self.passes_argument(call, value, i as u32, argument.spread.is_some());
            let mut fact = self::argument(value, argument.spread.is_some());
            if let Expr::Lit(Lit::Str(text)) = &*argument.expr
                && argument.spread.is_none()
                && let Some(key) = key_text(text)
            {
                let key = self.sym(key);
                fact.shape = self.shape(Shape::Text(key));
            }
            facts.push(fact);
        }
        // `Object.defineProperty(o, 'p', …)`: which property that is.
        if let ([_, key, _], [_, name, _]) = (arguments, &mut facts[..])
            && let Some(member) = callee.and_then(called_member)
            && member
                .prop
                .as_ident()
                .is_some_and(|p| &*p.sym == "defineProperty")
            && let Some(key) = static_key(&key.expr)
        {
            let key = self.sym(&key);
            name.shape = self.shape(Shape::Text(key));
        }
        list(&mut self.facts.arguments, &facts)
    }

    pub(crate) fn passes_argument(&mut self, call: NodeIdx, value: Val, index: u32, spread: bool) {
        if !value.exists() {
            return;
        }
        let fragment = self.fragment();
        self.m_int("argIndex", index);
        self.m_flag("isSpread", spread);
        self.value_edge(call, value, EdgeType::PassesArgument, fragment);
    }

    fn finish_call(
        &mut self,
        node: NodeIdx,
        kind: CallKind,
        target: Target,
        callee: ShapeRef,
        arguments: List,
        site: &Site<'a>,
    ) {
        let fact = self.target_edge(node, target, kind, callee, arguments);
        self.facts.calls[fact].settles = site.awaited;
        self.facts.calls[fact].type_arguments = self.lower_arguments(site.type_arguments);
    }

    /// The edge of a call to a target of this module, and the fact of the call; answers the index of the fact.
    pub(super) fn target_edge(
        &mut self,
        node: NodeIdx,
        target: Target,
        kind: CallKind,
        callee: ShapeRef,
        arguments: List,
    ) -> usize {
        let fact = self.facts.calls.len();
        let mut resolved = None;
        match target {
            Target::Function(function) => {
                self.edge(node, function, EdgeType::Calls);
                resolved = Some(NodeRef(function));
            }
            Target::Binding(binding) => self.pending_calls.push(PendingCall {
                call: node,
                binding,
                fact,
                edge: EdgeType::Calls,
            }),
            Target::Other => {}
        }
        let mut call = self.call_fact(node, kind, callee, arguments);
        call.resolved = resolved;
        self.facts.calls.push(call);
        fact
    }

    /// The fact of a call at this place.
    pub(crate) fn call_fact(
        &self,
        node: NodeIdx,
        kind: CallKind,
        callee: ShapeRef,
        arguments: List,
    ) -> CallFact {
        let caller = self.callable();
        CallFact {
            node: NodeRef(node),
            kind,
            callee,
            resolved: None,
            arguments,
            type_arguments: List::EMPTY,
            caller: self
                .node(caller)
                .node_type
                .is_callable()
                .then_some(NodeRef(caller)),
            settles: false,
            protected: self.is_protected(),
        }
    }

    /// Whether a `try` of this callable catches what is thrown here.
    pub(crate) fn is_protected(&self) -> bool {
        let frame = self.frames.len() - 1;
        self.tries
            .iter()
            .rev()
            .take_while(|t| t.frame == frame)
            .any(|t| t.has_catch)
    }

    /// `new C(…)`.
    pub(crate) fn new_expression(&mut self, new: &'a NewExpr, awaited: bool) -> Val {
        let text = expression_text(&new.callee);
        let name = self.sym(&if text == "<chain>" {
            text
        } else {
            ["new ", &text, "()"].concat()
        });
        let range = self.range(new.span);
        let node = self.add(NodeType::ConstructorCall, name, range);
        let class_name = last_name(&new.callee);
        let mut global = None;
        if let Expr::Ident(ident) = super::text::transparent(&new.callee)
            && let Meaning::Global(name) = self.meaning(ident)
        {
            global = Some(name);
        }
        let builtin = global.is_some_and(|name| is_standard_class(self.names.get(name)));
        let arguments = new.args.as_deref().unwrap_or(&[]);
        let fragment = self.node_fragment();
        self.m_str("className", &class_name);
        self.m_bool("isBuiltin", builtin);
        self.m_bool("isNew", true);
        let site = Site {
            span: new.span,
            awaited,
            optional: false,
            tagged: false,
            type_arguments: new.type_args.as_deref(),
            arguments: arguments.len() as u32,
        };
        self.site_metadata(&site, range.0);
        self.set_meta(node, fragment);
        if let Some(types) = site.type_arguments {
            self.type_arguments_of(node, types);
        }
        self.may_throw(node, "constructor_call", range.0);

        let callee = match super::text::transparent(&new.callee) {
            Expr::Ident(ident) => {
                let value = self.identifier_quietly(ident);
                self.constructed(node, value)
            }
            Expr::Member(member) => self.member_callee(node, member),
            callee => {
                let value = self.value(callee, Context::Fixed("<iife>"));
                self.constructed(node, value)
            }
        };
        let fact = self.facts.calls.len();
        let call = self.call_fact(node, CallKind::New, callee, List::EMPTY);
        self.facts.calls.push(call);
        let arguments = self.arguments(node, Some(&new.callee), arguments, None);
        let type_arguments = self.lower_arguments(new.type_args.as_deref());
        let call = &mut self.facts.calls[fact];
        call.arguments = arguments;
        call.type_arguments = type_arguments;
        self.node_value(node)
    }

    /// `INSTANCE_OF` a class of this module, else `USES` what is called; gives back its shape.
    fn constructed(&mut self, node: NodeIdx, value: Val) -> ShapeRef {
        if value.exists() && self.node(value.node).node_type == NodeType::Class {
            self.edge(node, value.node, EdgeType::InstanceOf);
            // The fact of the call is the next one.
            let fact = self.facts.calls.len();
            self.pending_news.push((node, value.node, fact));
        } else {
            self.uses(node, value, "callee");
        }
        value.shape()
    }

    /// Notes a call, `new` or thrown value for the catch clause that would see it.
    pub(crate) fn may_throw(&mut self, node: NodeIdx, source: &'static str, start: u32) {
        if node == NO_NODE {
            return;
        }
        let frame = self.frames.len() - 1;
        let catcher = self
            .tries
            .iter_mut()
            .rev()
            .take_while(|t| t.frame == frame)
            .find(|t| t.has_catch);
        if let Some(catcher) = catcher {
            catcher.sources.push((node, source, start));
        }
    }

    /// `grafema-ignore CODE - reason` in the comment before a call's line, or at its end.
    fn ignore_comment(&mut self, start: u32) {
        let before = &self.source[..start as usize];
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        let previous_start = before[..line_start.saturating_sub(1)]
            .rfind('\n')
            .map_or(0, |i| i + 1);
        let text = &before[previous_start..];
        let Some(at) = text.rfind("grafema-ignore") else {
            return;
        };
        let rest = &text[at + "grafema-ignore".len()..];
        let rest = rest.strip_prefix("-next-line").unwrap_or(rest);
        let rest = rest
            .lines()
            .next()
            .unwrap_or("")
            .trim_end()
            .trim_end_matches("*/")
            .trim();
        let (code, reason) = match rest.split_once(" - ") {
            Some((code, reason)) => (code.trim(), reason.trim()),
            None => (rest, ""),
        };
        if code.is_empty() {
            return;
        }
        self.m_object("grafemaIgnore", |b| {
            b.m_str("code", code);
            if !reason.is_empty() {
                b.m_str("reason", reason);
            }
        });
    }
}

/// The text of a string that can name a property: no prose.
fn key_text(text: &Str) -> Option<&str> {
    const LONGEST: usize = 64;
    let text = text.value.as_str()?;
    let fits = !text.is_empty() && text.len() <= LONGEST;
    (fits && !text.bytes().any(|b| b <= b' ')).then_some(text)
}

/// The fact of an argument.
pub(crate) fn argument(value: Val, spread: bool) -> Argument {
    Argument {
        node: value.exists().then_some(NodeRef(value.node)),
        shape: value.shape(),
        spread,
    }
}

/// The member expression that a callee is.
fn called_member(callee: &Expr) -> Option<&MemberExpr> {
    match callee {
        Expr::Member(member) => Some(member),
        Expr::OptChain(chain) => chain.base.as_member(),
        _ => None,
    }
}

fn is_optional_member(callee: &Expr) -> bool {
    matches!(callee, Expr::OptChain(chain) if chain.optional && matches!(&*chain.base, OptChainBase::Member(_)))
}
