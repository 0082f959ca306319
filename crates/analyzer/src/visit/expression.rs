//! Expressions by position: where a value flows, where it is an operand, a test,
//! or evaluated for its effect only.

use graph_model::{EdgeType, NodeType};
use swc_common::Spanned;
use swc_ecma_ast::*;

use super::literal::is_literal;
use super::naming::{ANONYMOUS, Context};
use super::operator::is_logical;
use super::text::transparent;
use super::with_stack;
use crate::builder::{Builder, FrameKind, Val};
use graph_model::summary::{NodeRef, Shape, ShapeRef};

impl<'a> Builder<'a> {
    /// An expression in flow position; gives back its value node.
    pub(crate) fn value(&mut self, expr: &'a Expr, context: Context<'a>) -> Val {
        // A copy of the context would be waited for.
        with_stack(|| self.value_of(expr, &context))
    }

    fn value_of(&mut self, expr: &'a Expr, context: &Context<'a>) -> Val {
        let awaited = std::mem::take(&mut self.awaited);
        let value = match expr {
            // Transparent wrappers.
            Expr::Paren(e) => {
                self.awaited = awaited;
                let value = self.value(&e.expr, *context);
                return self.doc_cast(e, value);
            }
            Expr::TsNonNull(e) => {
                self.awaited = awaited;
                return self.value(&e.expr, *context);
            }
            Expr::TsConstAssertion(e) => {
                self.awaited = awaited;
                return self.value(&e.expr, *context);
            }
            Expr::TsAs(e) => {
                self.awaited = awaited;
                let value = self.value(&e.expr, *context);
                self.cast_type(&e.type_ann);
                let shape = self.cast_shape(value.shape(), &e.type_ann);
                return value.with_shape(shape);
            }
            Expr::TsSatisfies(e) => {
                self.awaited = awaited;
                let value = self.value(&e.expr, *context);
                self.cast_type(&e.type_ann);
                return value;
            }
            Expr::TsTypeAssertion(e) => {
                self.cast_type(&e.type_ann);
                self.awaited = awaited;
                let value = self.value(&e.expr, *context);
                let shape = self.cast_shape(value.shape(), &e.type_ann);
                return value.with_shape(shape);
            }
            Expr::TsInstantiation(e) => {
                self.awaited = awaited;
                let value = self.value(&e.expr, *context);
                self.type_arguments_used(&e.type_args);
                return value;
            }
            Expr::Await(e) => return self.awaited_value(e, *context),

            Expr::Call(call) => return self.call(call, awaited, *context),
            Expr::New(new) => return self.new_expression(new, awaited),
            Expr::TaggedTpl(tagged) => return self.tagged_template(tagged, awaited),
            Expr::OptChain(chain) => match &*chain.base {
                OptChainBase::Call(call) => return self.optional_call(chain, call, awaited),
                OptChainBase::Member(member) => {
                    self.property_access(member, chain.span, chain.optional)
                }
            },

            Expr::Ident(ident) if &*ident.sym == "undefined" && self.is_undefined(ident) => {
                self.literal(expr)
            }
            Expr::Ident(ident) => self.identifier(ident),
            Expr::This(this) => self.this_value(this.span),
            Expr::Lit(Lit::JSXText(_)) => Val::NONE,
            Expr::Lit(_) => self.literal(expr),
            Expr::Tpl(_) | Expr::Unary(_) if is_literal(expr) => self.literal(expr),
            Expr::Member(member) => self.member(member),
            Expr::SuperProp(member) => self.super_property(member),
            Expr::MetaProp(meta) => self.meta_property(meta),
            Expr::Fn(function) => self.function_expression(function, *context),
            Expr::Arrow(arrow) => self.arrow(arrow, *context),
            Expr::Class(class) => self.class_expression(class, *context),
            Expr::Object(object) => self.object_literal(object, *context),
            Expr::Array(array) => self.array_literal(array, *context),
            Expr::Cond(cond) => self.ternary(cond, *context),
            Expr::Assign(assign) => self.assignment(assign),
            Expr::Seq(seq) => {
                let Some((last, effects)) = seq.exprs.split_last() else {
                    return Val::NONE;
                };
                for effect in effects {
                    self.effect(effect);
                }
                self.awaited = awaited;
                return self.value(last, *context);
            }
            Expr::Yield(e) => self.yield_value(e),
            Expr::Update(update) => self.update(update),
            Expr::Unary(unary) if unary.op == UnaryOp::Delete => self.delete(unary),
            Expr::Unary(_) | Expr::Tpl(_) => self.computing(expr),
            Expr::Bin(bin) if is_logical(bin.op) => self.logical(bin, *context),
            Expr::Bin(_) => self.computing(expr),
            Expr::JSXElement(element) => self.jsx_element(element),
            Expr::JSXFragment(fragment) => self.jsx_fragment(fragment),
            Expr::JSXMember(_)
            | Expr::JSXNamespacedName(_)
            | Expr::JSXEmpty(_)
            | Expr::PrivateName(_)
            | Expr::Invalid(_) => Val::NONE,
        };
        if awaited { self.await_of(value) } else { value }
    }

    fn await_of(&mut self, value: Val) -> Val {
        let shape = self.shape(Shape::Await(value.shape()));
        value.with_shape(shape).with_awaited(value.exists())
    }

    fn awaited_value(&mut self, e: &'a AwaitExpr, context: Context<'a>) -> Val {
        self.note_await();
        self.awaited = true;
        let value = self.value(&e.arg, context);
        self.awaited = false;
        // A call, `new` or cast does not pass the mark on to its shape.
        if matches!(
            self.facts.shape_of(value.shape()),
            Shape::Unknown | Shape::Await(_)
        ) {
            return value;
        }
        let shape = self.shape(Shape::Await(value.shape()));
        value.with_shape(shape)
    }

    /// The shape of a value that is said to have a type.
    pub(crate) fn cast_shape(&mut self, shape: ShapeRef, ty: &'a TsType) -> ShapeRef {
        let ty = self.lower(ty);
        self.shape(Shape::Cast(shape, ty))
    }

    /// `await` in any form: the module remembers those outside of functions.
    pub(crate) fn note_await(&mut self) {
        if self.frame().kind == FrameKind::Module {
            self.has_top_level_await = true;
        }
    }

    /// Whether an identifier named `undefined` is the global one.
    pub(crate) fn is_undefined(&mut self, ident: &'a Ident) -> bool {
        matches!(self.meaning(ident), super::name::Meaning::Global(_))
    }

    /// An operand of an operator, a computed key, a discriminant: as
    /// [`Builder::value`], but literals get no node.
    pub(crate) fn operand(&mut self, expr: &'a Expr) -> Val {
        let inner = transparent(expr);
        if is_literal(inner) {
            let shape = self.literal_shape(inner);
            return Val::NONE.with_shape(shape);
        }
        if self.names_undefined(inner) {
            return Val::NONE;
        }
        self.value(expr, ANONYMOUS)
    }

    /// Whether it is `undefined`, and no declared name of that kind.
    pub(crate) fn names_undefined(&mut self, expr: &'a Expr) -> bool {
        match transparent(expr) {
            Expr::Ident(ident) => &*ident.sym == "undefined" && self.is_undefined(ident),
            _ => false,
        }
    }

    /// The test of a branch or loop: one EXPRESSION for a whole tree of operators,
    /// else the value itself; nothing for a literal.
    pub(crate) fn test(&mut self, expr: &'a Expr) -> Val {
        let inner = transparent(expr);
        let tree = match inner {
            Expr::Bin(_) => true,
            Expr::Unary(unary) => unary.op != UnaryOp::Delete && !is_literal(inner),
            _ => false,
        };
        if tree && !matches!(expr, Expr::Await(_)) {
            self.test_tree(inner)
        } else {
            self.operand(expr)
        }
    }

    /// An expression whose value nobody takes.
    pub(crate) fn effect(&mut self, expr: &'a Expr) {
        with_stack(|| match expr {
            Expr::Paren(e) => self.effect(&e.expr),
            Expr::Seq(seq) => {
                for e in &seq.exprs {
                    self.effect(e);
                }
            }
            Expr::Bin(_) | Expr::Tpl(_) => self.effect_tree(expr),
            Expr::Unary(unary) if unary.op != UnaryOp::Delete => self.effect_tree(expr),
            Expr::Yield(e) => self.yield_effect(e),
            Expr::Cond(cond) => {
                self.ternary(cond, ANONYMOUS);
            }
            _ if is_literal(expr) => {}
            Expr::Assign(assign) => {
                self.assignment(assign);
            }
            Expr::Ident(_) | Expr::This(_) => {
                let value = self.operand(expr);
                self.container_uses(value, "read");
            }
            Expr::Await(e) if matches!(transparent(&e.arg), Expr::Ident(_)) => {
                let value = self.value(expr, ANONYMOUS);
                self.container_uses(value, "read");
            }
            _ => {
                self.value(expr, ANONYMOUS);
            }
        });
    }

    /// The leaves of an operator tree that is evaluated for its effects.
    fn effect_tree(&mut self, expr: &'a Expr) {
        let mut stack = vec![expr];
        while let Some(expr) = stack.pop() {
            match expr {
                Expr::Paren(e) => stack.push(&e.expr),
                Expr::Bin(bin) => {
                    stack.push(&bin.right);
                    stack.push(&bin.left);
                }
                Expr::Unary(unary) if unary.op != UnaryOp::Delete => stack.push(&unary.arg),
                Expr::Tpl(tpl) => stack.extend(tpl.exprs.iter().rev().map(|e| &**e)),
                _ => self.effect(expr),
            }
        }
        self.count_logical(expr);
    }

    fn yield_value(&mut self, e: &'a YieldExpr) -> Val {
        let value = self.yield_operand(e);
        let name = self.word("yield");
        let range = self.range(e.span);
        let node = self.add(NodeType::Expression, name, range);
        let fragment = self.node_fragment();
        self.m_word("expressionType", "YieldExpression");
        self.m_word("operator", if e.delegate { "yield*" } else { "yield" });
        let text = self.short_text(e.span);
        self.m_str("text", text);
        self.set_meta(node, fragment);
        let fragment = self.fragment();
        self.value_edge(node, value, EdgeType::DerivesFrom, fragment);
        let shape = match e.delegate {
            true => Shape::Delegated(value.shape()),
            false => Shape::Sent(NodeRef(self.callable())),
        };
        let shape = self.shape(shape);
        Val::new(node, shape)
    }

    fn yield_effect(&mut self, e: &'a YieldExpr) {
        self.yield_operand(e);
    }

    fn yield_operand(&mut self, e: &'a YieldExpr) -> Val {
        let Some(arg) = &e.arg else { return Val::NONE };
        let value = self.value(arg, Context::Fixed("<yield>"));
        let edge = if e.delegate {
            EdgeType::DelegatesTo
        } else {
            EdgeType::Yields
        };
        let callable = self.callable();
        let fragment = self.fragment();
        self.value_edge_to(value, callable, edge, fragment);
        let shape = if e.delegate {
            self.shape(Shape::Element(value.shape()))
        } else {
            value.shape()
        };
        self.frame_mut().yielded.push(shape);
        value
    }

    /// The source text of a construct as metadata shows it: 120 UTF-16 units.
    pub(crate) fn short_text(&self, span: swc_common::Span) -> &'a str {
        crate::builder::metadata::cut(self.text_of(span), 120)
    }

    /// The source text of an expression.
    pub(crate) fn source_of(&self, expr: &Expr) -> &'a str {
        self.text_of(expr.span())
    }
}
