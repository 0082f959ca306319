//! Statements that are no construct of their own: blocks, expressions, labels, `with`.

use swc_ecma_ast::*;

use super::naming::ANONYMOUS;
use super::with_stack;
use crate::builder::{Builder, NodeIdx};

impl<'a> Builder<'a> {
    pub(crate) fn statements(&mut self, stmts: &'a [Stmt]) {
        let guards = self.guards.len();
        for stmt in stmts {
            self.statement(stmt);
        }
        self.guards.truncate(guards);
    }

    pub(crate) fn statement(&mut self, stmt: &'a Stmt) {
        with_stack(|| {
            self.doc_anchor = self.start_of(stmt);
            match stmt {
                Stmt::Expr(stmt) => {
                    self.effect(&stmt.expr);
                    self.assume_asserted(&stmt.expr);
                }
                Stmt::Decl(decl) => self.declaration(decl),
                Stmt::Return(stmt) => self.return_statement(stmt),
                Stmt::If(stmt) => self.if_statement(stmt),
                Stmt::Block(block) => self.block(block),
                Stmt::Throw(stmt) => self.throw(stmt),
                Stmt::Try(stmt) => self.try_statement(stmt),
                Stmt::Switch(stmt) => self.switch(stmt),
                Stmt::For(stmt) => self.for_loop(stmt),
                Stmt::ForOf(stmt) => self.for_of(stmt),
                Stmt::ForIn(stmt) => self.for_in(stmt),
                Stmt::While(stmt) => self.while_loop(stmt),
                Stmt::DoWhile(stmt) => self.do_while(stmt),
                Stmt::Labeled(stmt) => {
                    let named = matches!(
                        *stmt.body,
                        Stmt::For(_)
                            | Stmt::ForIn(_)
                            | Stmt::ForOf(_)
                            | Stmt::While(_)
                            | Stmt::DoWhile(_)
                    );
                    self.label = named.then(|| self.atom(&stmt.label.sym));
                    self.statement(&stmt.body);
                    self.label = None;
                }
                Stmt::With(stmt) => self.with(stmt),
                Stmt::Empty(_) | Stmt::Debugger(_) | Stmt::Break(_) | Stmt::Continue(_) => {}
            }
        });
    }

    pub(crate) fn declaration(&mut self, decl: &'a Decl) {
        match decl {
            Decl::Var(var) => self.variables(var),
            Decl::Using(using) => self.using(using),
            Decl::Fn(function) => self.function_declaration(function),
            Decl::Class(class) => self.class_declaration(class),
            Decl::TsInterface(interface) => self.interface(interface),
            Decl::TsTypeAlias(alias) => self.type_alias(alias),
            Decl::TsEnum(decl) => self.enumeration(decl),
            Decl::TsModule(module) => {
                self.namespace(module);
            }
        }
    }

    pub(crate) fn block(&mut self, block: &'a BlockStmt) {
        self.in_scope(|b| {
            b.hoist_block(&block.stmts);
            b.statements(&block.stmts);
        });
    }

    /// A statement as the content of a SCOPE.
    pub(crate) fn body_of(&mut self, scope: NodeIdx, stmt: &'a Stmt) {
        self.in_container(scope, |b| match stmt {
            Stmt::Block(block) => b.block(block),
            stmt => b.in_scope(|b| {
                b.hoist_block(std::slice::from_ref(stmt));
                b.statement(stmt);
            }),
        });
    }

    /// Names inside `with` may be properties of its object.
    fn with(&mut self, stmt: &'a WithStmt) {
        let value = self.value(&stmt.obj, ANONYMOUS);
        self.container_uses(value, "read");
        let outer = std::mem::replace(&mut self.with_level, self.scopes.level());
        self.in_scope(|b| {
            b.hoist_block(std::slice::from_ref(&*stmt.body));
            b.statement(&stmt.body);
        });
        self.with_level = outer;
    }
}

/// Whether control can reach the end of a list of statements.
pub(crate) fn end_is_reachable(stmts: &[Stmt]) -> bool {
    stmts.iter().all(can_complete)
}

fn can_complete(stmt: &Stmt) -> bool {
    with_stack(|| match stmt {
        Stmt::Return(_) | Stmt::Throw(_) | Stmt::Break(_) | Stmt::Continue(_) => false,
        Stmt::Block(block) => end_is_reachable(&block.stmts),
        Stmt::If(stmt) => match &stmt.alt {
            Some(alt) => can_complete(&stmt.cons) || can_complete(alt),
            None => true,
        },
        Stmt::Try(stmt) => {
            let finally = stmt
                .finalizer
                .as_ref()
                .is_none_or(|f| end_is_reachable(&f.stmts));
            let handler = stmt
                .handler
                .as_ref()
                .is_some_and(|h| end_is_reachable(&h.body.stmts));
            finally && (end_is_reachable(&stmt.block.stmts) || handler)
        }
        _ => true,
    })
}
