//! Loops.

use graph_model::{EdgeType, NodeType};
use swc_common::{Span, Spanned};
use swc_ecma_ast::*;

use super::hoist::for_each_ident;
use super::naming::ANONYMOUS;
use super::pattern::Leaves;
use super::variable::kind_of;
use crate::builder::scope::BindingKind;
use crate::builder::{Builder, NodeIdx, Val};

impl<'a> Builder<'a> {
    fn loop_node(
        &mut self,
        kind: &'static str,
        span: Span,
        test: Option<&'a Expr>,
        is_await: bool,
    ) -> NodeIdx {
        if is_await {
            self.note_await();
        }
        let control = &mut self.frame_mut().control;
        control.has_loops = true;
        control.decisions += 1;
        let name = self.word(kind);
        let range = self.range(span);
        let node = self.add(NodeType::Loop, name, range);
        let fragment = self.node_fragment();
        self.m_word("loopType", kind);
        self.m_flag("async", is_await);
        if let Some(label) = self.label.take() {
            self.m_sym("label", label);
        }
        if let Some(test) = test {
            self.constant_test(test);
        }
        self.set_meta(node, fragment);
        node
    }

    fn loop_body(&mut self, node: NodeIdx, body: &'a Stmt) {
        let name = self.word("loop");
        let range = self.range(body.span());
        let scope = self.add(NodeType::Scope, name, range);
        let fragment = self.node_fragment();
        self.m_word("scopeType", "loop_body");
        self.set_meta(scope, fragment);
        self.edge(node, scope, EdgeType::HasBody);
        self.body_of(scope, body);
    }

    fn inside_loop<R>(&mut self, f: impl FnOnce(&mut Self) -> R) -> R {
        self.frame_mut().loops += 1;
        let result = f(self);
        self.frame_mut().loops -= 1;
        result
    }

    pub(crate) fn while_loop(&mut self, stmt: &'a WhileStmt) {
        let node = self.loop_node("while", stmt.span, Some(&stmt.test), false);
        self.in_container(node, |b| {
            b.inside_loop(|b| {
                let test = b.test(&stmt.test);
                b.condition(node, test);
                b.loop_body(node, &stmt.body);
            });
        });
    }

    pub(crate) fn do_while(&mut self, stmt: &'a DoWhileStmt) {
        let node = self.loop_node("do-while", stmt.span, Some(&stmt.test), false);
        self.in_container(node, |b| {
            b.inside_loop(|b| {
                b.loop_body(node, &stmt.body);
                let test = b.test(&stmt.test);
                b.condition(node, test);
            });
        });
    }

    pub(crate) fn for_loop(&mut self, stmt: &'a ForStmt) {
        let node = self.loop_node("for", stmt.span, stmt.test.as_deref(), false);
        self.in_container(node, |b| {
            b.in_scope(|b| {
                match &stmt.init {
                    Some(VarDeclOrExpr::VarDecl(var)) => {
                        if var.kind != VarDeclKind::Var {
                            for declarator in &var.decls {
                                b.hoist_declarator(
                                    declarator,
                                    var.kind == VarDeclKind::Const,
                                    BindingKind::Lexical,
                                );
                            }
                        }
                        b.variables(var);
                        for declarator in &var.decls {
                            b.has_init(node, &declarator.name);
                        }
                    }
                    Some(VarDeclOrExpr::Expr(expr)) => b.effect(expr),
                    None => {}
                }
                b.inside_loop(|b| {
                    if let Some(test) = &stmt.test {
                        let test = b.test(test);
                        b.condition(node, test);
                    }
                    if let Some(update) = &stmt.update {
                        b.loop_update(node, update);
                    }
                    b.loop_body(node, &stmt.body);
                });
            });
        });
    }

    /// `HAS_UPDATE` to the node of the update; each part of a sequence is one.
    fn loop_update(&mut self, node: NodeIdx, update: &'a Expr) {
        match update {
            Expr::Seq(seq) => seq.exprs.iter().for_each(|e| self.loop_update(node, e)),
            Expr::Paren(e) => self.loop_update(node, &e.expr),
            Expr::Update(_) | Expr::Call(_) | Expr::Assign(_) => {
                let value = self.value(update, ANONYMOUS);
                let fragment = self.fragment();
                self.value_edge(node, value, EdgeType::HasUpdate, fragment);
            }
            _ => self.effect(update),
        }
    }

    fn has_init(&mut self, node: NodeIdx, pattern: &'a Pat) {
        for_each_ident(pattern, &mut |ident| {
            if let Some(binding) = self.reserved_node(ident) {
                self.edge(node, binding, EdgeType::HasInit);
            }
        });
    }

    pub(crate) fn for_of(&mut self, stmt: &'a ForOfStmt) {
        let node = self.loop_node("for-of", stmt.span, None, stmt.is_await);
        self.for_each_loop(
            node,
            &stmt.left,
            &stmt.right,
            &stmt.body,
            "for-of",
            stmt.span,
        );
    }

    pub(crate) fn for_in(&mut self, stmt: &'a ForInStmt) {
        let node = self.loop_node("for-in", stmt.span, None, false);
        self.for_each_loop(
            node,
            &stmt.left,
            &stmt.right,
            &stmt.body,
            "for-in",
            stmt.span,
        );
    }

    fn for_each_loop(
        &mut self,
        node: NodeIdx,
        left: &'a ForHead,
        right: &'a Expr,
        body: &'a Stmt,
        via: &'static str,
        span: Span,
    ) {
        self.in_container(node, |b| {
            let value = b.value(right, ANONYMOUS);
            let fragment = b.fragment();
            b.m_word("iterates", if via == "for-of" { "values" } else { "keys" });
            b.value_edge(node, value, EdgeType::IteratesOver, fragment);
            b.in_scope(|b| {
                b.loop_head(left, value, via, span);
                b.inside_loop(|b| b.loop_body(node, body));
            });
        });
    }

    fn loop_head(&mut self, left: &'a ForHead, value: Val, via: &'static str, span: Span) {
        let leaves = Leaves::Loop { value, via };
        let mut path = Vec::new();
        match left {
            ForHead::VarDecl(var) => {
                for declarator in &var.decls {
                    if var.kind != VarDeclKind::Var {
                        self.hoist_declarator(declarator, false, BindingKind::Lexical);
                    }
                    self.declared_nodes(&declarator.name, kind_of(var.kind), false, None);
                    if let Some(init) = &declarator.init {
                        self.effect(init);
                    }
                    self.pattern(&declarator.name, &leaves, &mut path);
                }
            }
            ForHead::UsingDecl(using) => {
                for declarator in &using.decls {
                    self.hoist_declarator(declarator, false, BindingKind::Lexical);
                    self.declared_nodes(&declarator.name, "using", false, None);
                    self.pattern(&declarator.name, &leaves, &mut path);
                }
            }
            ForHead::Pat(pattern) => {
                let leaves = if via == "for-of" {
                    Leaves::LoopAssigned { value, span }
                } else {
                    Leaves::Assigned { value, span }
                };
                self.pattern(pattern, &leaves, &mut path);
            }
        }
    }
}
