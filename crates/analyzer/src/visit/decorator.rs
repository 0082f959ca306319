//! Decorators. They lie outside the spans of what they decorate; what their
//! arguments hold hangs on the container around the class.

use graph_model::{EdgeType, NodeType};
use swc_ecma_ast::*;

use super::literal::{is_literal_tree, literal_json};
use super::naming::Context;
use super::text::expression_text;
use crate::builder::facts::list;
use crate::builder::{Builder, NodeIdx};
use graph_model::summary::CallKind;

impl<'a> Builder<'a> {
    pub(crate) fn decorator(
        &mut self,
        target: NodeIdx,
        decorator: &'a Decorator,
        index: usize,
        kind: &'static str,
    ) {
        let outside = self
            .classes
            .last()
            .map_or(self.container, |class| class.outside);
        let (callee, arguments): (&'a Expr, &'a [ExprOrSpread]) = match &*decorator.expr {
            Expr::Call(CallExpr {
                callee: Callee::Expr(callee),
                args,
                ..
            }) => (callee, args),
            expr => (expr, &[]),
        };
        let name = self.sym(&expression_text(callee));
        let range = self.range(decorator.span);
        let owner = self.node(target).owner;
        let outer = std::mem::replace(&mut self.owner, owner);
        let node = self.make(NodeType::Decorator, name, range);
        let fragment = self.fragment();
        self.m_int("index", index as u32);
        let meta = self.end(fragment);
        self.tree_edge(target, node, EdgeType::DecoratedBy, meta);

        let fragment = self.node_fragment();
        let literals: Vec<String> = arguments
            .iter()
            .filter(|a| a.spread.is_none() && is_literal_tree(&a.expr))
            .filter_map(|a| {
                let source = |e: &Expr| self.source_of(e).to_owned();
                literal_json(&a.expr, &source, 1024)
            })
            .collect();
        if !literals.is_empty() {
            self.m_json("arguments", &format!("[{}]", literals.join(",")));
        }
        self.m_word("targetType", kind);
        self.set_meta(node, fragment);

        self.in_container(outside, |b| {
            let (called, shape) = b.callee(node, callee);
            let first = arguments
                .first()
                .filter(|a| a.spread.is_none())
                .map(|a| &*a.expr);
            let mut passed = Vec::new();
            for (i, argument) in arguments.iter().enumerate() {
                let value = b.value(
                    &argument.expr,
                    Context::Argument {
                        callee: Some(callee),
                        first,
                    },
                );
                b.passes_argument(node, value, i as u32, argument.spread.is_some());
                passed.push(super::call::argument(value, argument.spread.is_some()));
            }
            let arguments = list(&mut b.facts.arguments, &passed);
            b.target_edge(node, called, CallKind::Call, shape, arguments);
        });
        self.owner = outer;
    }

    pub(crate) fn is_global(&self, node: NodeIdx) -> bool {
        self.node(node).flags & crate::builder::flag::GLOBAL != 0
    }
}
