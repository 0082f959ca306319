//! `if`, `switch` and the conditional expression.

use graph_model::{EdgeType, NodeType};
use swc_common::Spanned;
use swc_ecma_ast::*;

use super::literal::is_literal;
use super::naming::Context;
use super::statement::end_is_reachable;
use super::text::transparent;
use crate::builder::metadata::{NO_META, cut};
use crate::builder::{Builder, NodeIdx, Val};

impl<'a> Builder<'a> {
    pub(crate) fn if_statement(&mut self, stmt: &'a IfStmt) {
        let name = self.word("if");
        let range = self.range(stmt.span);
        let node = self.add(NodeType::Branch, name, range);
        self.if_parts(node, stmt);
    }

    fn if_parts(&mut self, node: NodeIdx, stmt: &'a IfStmt) {
        let control = &mut self.frame_mut().control;
        control.branches = true;
        control.decisions += 1;
        self.branch_metadata(node, "if", &stmt.test);
        self.in_container(node, |b| {
            let test = b.test(&stmt.test);
            b.condition(node, test);
            let guards = b.guards.len();
            b.assume(&stmt.test, true);
            let then = b.arm("then", "if_statement", &stmt.cons, &stmt.test);
            b.guards.truncate(guards);
            b.assume(&stmt.test, false);
            b.edge(node, then, EdgeType::HasConsequent);
            match stmt.alt.as_deref() {
                None => {}
                Some(Stmt::If(inner)) => {
                    let name = b.word("if");
                    let range = b.range(inner.span);
                    let alternate = b.add(NodeType::Branch, name, range);
                    b.edge(node, alternate, EdgeType::HasAlternate);
                    super::with_stack(|| b.if_parts(alternate, inner));
                }
                Some(alt) => {
                    let alternate = b.arm("else", "else_statement", alt, &stmt.test);
                    b.edge(node, alternate, EdgeType::HasAlternate);
                }
            }
            // What follows an arm that never ends is under the other one's assumption.
            if stmt.alt.is_some() || end_is_reachable(std::slice::from_ref(&*stmt.cons)) {
                b.guards.truncate(guards);
            }
        });
    }

    /// The SCOPE of one arm.
    fn arm(
        &mut self,
        name: &'static str,
        scope_type: &'static str,
        stmt: &'a Stmt,
        test: &'a Expr,
    ) -> NodeIdx {
        let name = self.word(name);
        let range = self.range(stmt.span());
        let scope = self.add(NodeType::Scope, name, range);
        let fragment = self.node_fragment();
        self.m_word("scopeType", scope_type);
        self.m_bool("conditional", true);
        let text = cut(self.source_of(test), 200);
        self.m_str("condition", text);
        self.set_meta(scope, fragment);
        self.body_of(scope, stmt);
        scope
    }

    fn branch_metadata(&mut self, node: NodeIdx, kind: &'static str, test: &'a Expr) {
        let fragment = self.node_fragment();
        self.m_word("branchType", kind);
        self.constant_test(test);
        self.set_meta(node, fragment);
    }

    /// `constantTest`, where a test is a literal.
    pub(crate) fn constant_test(&mut self, test: &'a Expr) {
        let test = transparent(test);
        if is_literal(test) {
            self.m_literal("constantTest", test, 256);
        }
    }

    pub(crate) fn condition(&mut self, node: NodeIdx, test: Val) {
        let fragment = self.fragment();
        self.value_edge(node, test, EdgeType::HasCondition, fragment);
    }

    pub(crate) fn switch(&mut self, stmt: &'a SwitchStmt) {
        self.frame_mut().control.branches = true;
        let name = self.word("switch");
        let range = self.range(stmt.span);
        let node = self.add(NodeType::Branch, name, range);
        self.branch_metadata(node, "switch", &stmt.discriminant);
        self.in_container(node, |b| {
            let value = b.operand(&stmt.discriminant);
            b.condition(node, value);
            b.in_scope(|b| {
                b.hoist_block_of(stmt.cases.iter().flat_map(|case| case.cons.iter()));
                for (index, case) in stmt.cases.iter().enumerate() {
                    b.case(node, case, index as u32, index + 1 < stmt.cases.len());
                }
            });
        });
    }

    fn case(&mut self, switch: NodeIdx, case: &'a SwitchCase, index: u32, followed: bool) {
        let text = match &case.test {
            Some(test) => ["case ", cut(self.source_of(test), 200)].concat(),
            None => "default".to_owned(),
        };
        let name = self.sym(&text);
        let range = self.range(case.span);
        let node = self.add(NodeType::Case, name, range);
        let fragment = self.node_fragment();
        if let Some(test) = &case.test
            && is_literal(transparent(test))
        {
            self.m_literal("value", test, 256);
        }
        self.m_bool("isDefault", case.test.is_none());
        self.m_flag("fallsThrough", followed && end_is_reachable(&case.cons));
        self.m_flag("isEmpty", case.cons.is_empty());
        self.set_meta(node, fragment);
        let fragment = self.fragment();
        self.m_int("index", index);
        let edge = if case.test.is_none() {
            EdgeType::HasDefault
        } else {
            EdgeType::HasCase
        };
        self.edge_with(switch, node, edge, fragment);
        self.in_container(node, |b| {
            if let Some(test) = &case.test {
                b.frame_mut().control.decisions += 1;
                let value = b.operand(test);
                b.condition(node, value);
            }
            b.statements(&case.cons);
        });
    }

    /// `c ? a : b`.
    pub(crate) fn ternary(&mut self, cond: &'a CondExpr, context: Context<'a>) -> Val {
        let control = &mut self.frame_mut().control;
        control.branches = true;
        control.decisions += 1;
        let name = self.word("ternary");
        let range = self.range(cond.span);
        let node = self.add(NodeType::Branch, name, range);
        self.branch_metadata(node, "ternary", &cond.test);
        let test = self.test(&cond.test);
        self.condition(node, test);
        let guards = self.guards.len();
        self.assume(&cond.test, true);
        let consequent = self.value(&cond.cons, context);
        self.guards.truncate(guards);
        self.assume(&cond.test, false);
        let alternate = self.value(&cond.alt, context);
        self.guards.truncate(guards);
        for (value, edge) in [
            (consequent, EdgeType::HasConsequent),
            (alternate, EdgeType::HasAlternate),
        ] {
            self.edge_meta(node, value.node, edge, NO_META);
            let fragment = self.fragment();
            self.value_edge(node, value, EdgeType::DerivesFrom, fragment);
        }
        let shapes = [consequent.shape(), alternate.shape()];
        let shape = self.facts.one_of(&shapes);
        Val::new(node, shape)
    }
}
