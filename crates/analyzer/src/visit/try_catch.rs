//! `try`, `catch`, `finally` and `throw`.

use graph_model::{EdgeType, NodeType};
use swc_ecma_ast::*;

use super::naming::ANONYMOUS;
use super::pattern::{Leaves, PatternPaths};
use crate::builder::scope::BindingKind;
use crate::builder::{Builder, TryContext};
use graph_model::summary::{NodeRef, ThrowFact, ThrowKind};

impl<'a> Builder<'a> {
    pub(crate) fn try_statement(&mut self, stmt: &'a TryStmt) {
        self.frame_mut().control.has_try = true;
        let name = self.word("try");
        let range = self.range(stmt.span);
        let node = self.add(NodeType::TryBlock, name, range);
        self.in_container(node, |b| {
            b.tries.push(TryContext {
                frame: b.frames.len() - 1,
                has_catch: stmt.handler.is_some(),
                sources: Vec::new(),
                thrown: Vec::new(),
            });
            b.frame_mut().tries += 1;
            b.block(&stmt.block);
            b.frame_mut().tries -= 1;
            let context = b.tries.pop();
            if let (Some(handler), Some(context)) = (&stmt.handler, context) {
                b.catch_clause(node, handler, &context);
            }
            if let Some(finalizer) = &stmt.finalizer {
                let name = b.word("finally");
                let range = b.range(finalizer.span);
                let finally = b.add(NodeType::FinallyBlock, name, range);
                b.edge(node, finally, EdgeType::HasFinally);
                b.in_container(finally, |b| b.block(finalizer));
            }
        });
    }

    fn catch_clause(&mut self, try_node: u32, handler: &'a CatchClause, context: &TryContext) {
        let name = self.word("catch");
        let range = self.range(handler.span);
        let node = self.add(NodeType::CatchBlock, name, range);
        self.edge(try_node, node, EdgeType::HasCatch);
        let parameter = handler.param.as_ref().map(|pattern| match pattern {
            Pat::Ident(ident) => ident.id.sym.as_str().to_owned(),
            pattern => self.text_of(swc_common::Spanned::span(pattern)).to_owned(),
        });
        let fragment = self.node_fragment();
        if let Some(parameter) = &parameter {
            self.m_str("parameterName", parameter);
        }
        self.set_meta(node, fragment);
        for &(source, kind, start) in &context.sources {
            let fragment = self.fragment();
            if let Some(parameter) = &parameter {
                self.m_str("parameterName", parameter);
            }
            self.m_word("sourceType", kind);
            let (line, _) = self.lines.position(start);
            self.m_int("sourceLine", line);
            self.edge_with(node, source, EdgeType::CatchesFrom, fragment);
        }
        self.in_container(node, |b| {
            b.in_scope(|b| {
                if let Some(pattern) = &handler.param {
                    b.hoist_pattern(pattern, BindingKind::Catch);
                    b.declared_nodes(pattern, "catch", false, None);
                    let mut paths = PatternPaths::new();
                    b.pattern_paths(pattern, &mut Vec::new(), &mut paths);
                    for (ident, path, _) in paths {
                        let Some(variable) = b.reserved_node(ident) else {
                            continue;
                        };
                        for &thrown in &context.thrown {
                            let fragment = b.fragment();
                            b.m_path("propertyPath", &path);
                            b.edge_with(variable, thrown, EdgeType::DerivesFrom, fragment);
                        }
                    }
                    b.pattern(pattern, &Leaves::Catch, &mut Vec::new());
                }
                b.block(&handler.body);
            });
        });
    }

    pub(crate) fn throw(&mut self, stmt: &'a ThrowStmt) {
        let control = self.frame().is_async;
        let flow = &mut self.frame_mut().control;
        flow.throws = true;
        if control {
            flow.async_throw = true;
            flow.rejects = true;
        }
        let value = self.value(&stmt.arg, ANONYMOUS);
        if !value.exists() {
            return;
        }
        let start = self.range(stmt.span).0;
        let thrower = self.callable();
        let frame = self.frames.len() - 1;
        let catcher = self
            .tries
            .iter_mut()
            .rev()
            .take_while(|t| t.frame == frame)
            .find(|t| t.has_catch);
        let caught = catcher.is_some();
        if let Some(catcher) = catcher {
            catcher.thrown.push(value.node);
        }
        self.may_throw(value.node, "throw_statement", start);
        if !caught {
            if self.node(thrower).node_type.is_callable() {
                self.facts.throws.push(ThrowFact {
                    function: NodeRef(thrower),
                    kind: ThrowKind::Throw,
                    shape: value.shape(),
                });
            }
            let is_name = matches!(
                self.node(value.node).node_type,
                NodeType::Variable | NodeType::Constant | NodeType::Parameter | NodeType::Import
            );
            if is_name {
                self.container_uses(value, "read");
            }
        }
    }
}
