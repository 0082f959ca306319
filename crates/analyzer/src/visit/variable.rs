//! `var`, `let`, `const` and `using`.

use std::borrow::Cow;

use graph_model::NodeType;
use swc_common::Span;
use swc_ecma_ast::*;

use super::member::constant_key;
use super::name::Meaning;
use super::naming::{ANONYMOUS, Context};
use super::object::property_key;
use super::pattern::{Leaves, PatternPaths};
use super::text::{static_key, transparent};
use crate::builder::scope::{BindingKind, NO_FUNCTION};
use crate::builder::{Builder, NO_NODE, NodeIdx, Val, flag};
use graph_model::summary::{NodeRef, ShapeRef, Sym, TypeRef, VariableFact};

/// JSON of a constant's value is kept up to so many bytes.
const MAX_CONSTANT_JSON: usize = 1024;

impl<'a> Builder<'a> {
    /// A declaration statement.
    pub(crate) fn variables(&mut self, var: &'a VarDecl) {
        let kind = match var.kind {
            VarDeclKind::Const => self.const_or_using(var),
            kind => kind_of(kind),
        };
        for declarator in &var.decls {
            self.declarator(declarator, kind, var.declare, declarator.span);
        }
    }

    /// The parser got the `using` of `for (using x = …;;)` as `const`.
    fn const_or_using(&mut self, var: &'a VarDecl) -> &'static str {
        let written = self.text_of(var.span);
        if written.starts_with("await") {
            self.note_await();
        } else if !written.starts_with("using") {
            return "const";
        }
        "using"
    }

    pub(crate) fn using(&mut self, using: &'a UsingDecl) {
        if using.is_await {
            self.note_await();
        }
        for declarator in &using.decls {
            self.declarator(declarator, "using", false, declarator.span);
        }
    }

    fn declarator(
        &mut self,
        declarator: &'a VarDeclarator,
        kind: &'static str,
        declare: bool,
        span: Span,
    ) {
        self.declared_nodes(&declarator.name, kind, declare, declarator.init.as_deref());
        let Some(init) = &declarator.init else {
            return;
        };
        let (context, ident) = match &declarator.name {
            Pat::Ident(ident) => (Context::Binding(self.atom(&ident.id.sym)), Some(&ident.id)),
            _ => (ANONYMOUS, None),
        };
        let value = self.value(init, context);
        if let (Some(ident), "var") = (ident, kind)
            && let Meaning::Bound(id) = self.meaning(ident)
            && self.scopes.get(id).kind == BindingKind::Catch
        {
            // `catch (e) { var e = v }` assigns to the `e` of the catch clause.
            let place = self.name_place(ident);
            self.write(value, &place, span, None, &[], false);
            return;
        }
        if let Some(ident) = ident {
            self.note_initialiser(ident, value);
        }
        if kind == "const" {
            if let Pat::Ident(ident) = &declarator.name {
                self.note_constant_text(ident, init);
            }
            if self.is_whole_module(init, value) {
                self.note_module_names(&declarator.name);
            }
        }
        if let (Pat::Object(pattern), Expr::MetaProp(_)) = (&declarator.name, transparent(init)) {
            for prop in &pattern.props {
                let name = match prop {
                    ObjectPatProp::KeyValue(prop) => property_key(&prop.key),
                    ObjectPatProp::Assign(prop) => Some(Cow::Borrowed(prop.key.sym.as_str())),
                    ObjectPatProp::Rest(_) => None,
                };
                if let Some(name) = name {
                    let name = self.sym(&name);
                    self.note_import_meta(init, name);
                }
            }
        }
        let mut path = Vec::new();
        self.pattern(
            &declarator.name,
            &Leaves::Declared { value, span },
            &mut path,
        );
    }

    /// Containment, metadata and types of the bindings of one declarator.
    pub(crate) fn declared_nodes(
        &mut self,
        pattern: &'a Pat,
        kind: &'static str,
        declare: bool,
        init: Option<&'a Expr>,
    ) {
        let annotation = super::parameter::pattern_type(pattern);
        let mut declared = self.lower_annotation(annotation);
        if !self.typed {
            declared = self.doc_type(self.doc_anchor);
        }
        let mut found = PatternPaths::new();
        self.pattern_paths(pattern, &mut Vec::new(), &mut found);
        for (ident, path, _) in found {
            let Some(node) = self.reserved_node(ident) else {
                continue;
            };
            if !matches!(
                self.node(node).node_type,
                NodeType::Variable | NodeType::Constant
            ) {
                continue; // `var` over a parameter or a function
            }
            if self.node(node).flags & flag::CONTAINED != 0 {
                continue; // declared before
            }
            let parent = if kind == "var" {
                self.frame().body
            } else {
                self.container
            };
            let parent = if parent == NO_NODE {
                self.container
            } else {
                parent
            };
            self.contain_in(parent, node);
            self.set_flag(node, flag::SHOWS_EXPORTED);
            let simple = path.is_empty();
            self.variable_metadata(
                node,
                kind,
                declare,
                annotation.filter(|_| simple),
                &path,
                init,
            );
            if declared != TypeRef::UNKNOWN {
                self.facts.variables.push(VariableFact {
                    node: NodeRef(node),
                    declared,
                    init: ShapeRef::UNKNOWN,
                    path: path.as_slice().into(),
                    reassigned: false,
                    is_const: kind == "const",
                });
            }
            if let Some(annotation) = annotation {
                if simple {
                    self.type_of(node, annotation);
                } else {
                    self.type_used(&annotation.type_ann);
                }
            }
        }
    }

    fn variable_metadata(
        &mut self,
        node: NodeIdx,
        kind: &'static str,
        declare: bool,
        annotation: Option<&'a TsTypeAnn>,
        path: &[Sym],
        init: Option<&'a Expr>,
    ) {
        let fragment = self.node_fragment();
        self.m_word("kind", kind);
        if let Some(annotation) = annotation {
            let text = self.type_text(&annotation.type_ann);
            self.m_str("typeAnnotation", text);
        }
        self.m_path("propertyPath", path);
        self.m_flag("declare", declare);
        if self.node(node).node_type == NodeType::Constant
            && let Some(init) = init
        {
            self.m_literal("value", init, MAX_CONSTANT_JSON);
        }
        self.set_meta(node, fragment);
    }

    /// What a constant names as a key.
    fn note_constant_text(&mut self, ident: &'a BindingIdent, init: &'a Expr) {
        let text = match transparent(init) {
            Expr::Lit(Lit::Str(_)) | Expr::Tpl(_) => static_key(init),
            // A symbol is told from others by its own name.
            init if is_unique_symbol(ident.type_ann.as_deref()) || makes_symbol(init) => {
                Some(Cow::Owned(constant_key(&ident.sym)))
            }
            _ => None,
        };
        if let Some(text) = text
            && let Meaning::Bound(id) = self.meaning(&ident.id)
        {
            let text = self.sym(&text);
            self.constant_texts.insert(id.0, text);
        }
    }

    /// Whether the value of a constant is a whole module.
    fn is_whole_module(&mut self, init: &'a Expr, value: Val) -> bool {
        match transparent(init) {
            Expr::Call(_) => self.is_module_import(value.node),
            Expr::Ident(ident) => self.names_module(ident),
            _ => false,
        }
    }

    /// Remembers what names stand for that a whole module is bound to: itself, or what it exports. That is a key of its
    /// own, whatever it is: the same in all modules that take it from there.
    fn note_module_names(&mut self, pattern: &'a Pat) {
        match pattern {
            Pat::Ident(ident) => {
                if let Meaning::Bound(id) = self.meaning(&ident.id) {
                    self.module_names.insert(id.0);
                }
            }
            Pat::Object(object) => {
                for prop in &object.props {
                    let (key, local) = match prop {
                        ObjectPatProp::KeyValue(prop) => match (&prop.key, &*prop.value) {
                            (PropName::Ident(key), Pat::Ident(local)) => (&key.sym, &local.id),
                            _ => continue,
                        },
                        ObjectPatProp::Assign(prop) => (&prop.key.sym, &prop.key.id),
                        ObjectPatProp::Rest(_) => continue,
                    };
                    if let Meaning::Bound(id) = self.meaning(local) {
                        let text = self.sym(&constant_key(key));
                        self.constant_texts.insert(id.0, text);
                    }
                }
            }
            _ => {}
        }
    }

    /// Remembers the initialiser of a variable, for calls of it; the second one of
    /// a `var` assigns to it again.
    fn note_initialiser(&mut self, ident: &'a Ident, value: Val) {
        let Meaning::Bound(id) = self.meaning(ident) else {
            return;
        };
        if self.scopes.get(id).function != NO_NODE {
            self.mark_reassigned(id);
            return;
        }
        let is_function = value.exists() && self.node(value.node).node_type == NodeType::Function;
        self.scopes.get_mut(id).function = if is_function { value.node } else { NO_FUNCTION };
    }
}

/// `Symbol(…)` or `Symbol.for(…)`.
fn makes_symbol(expr: &Expr) -> bool {
    let Expr::Call(CallExpr {
        callee: Callee::Expr(callee),
        ..
    }) = expr
    else {
        return false;
    };
    let maker = match &**callee {
        Expr::Member(member) if member.prop.is_ident_with("for") => &*member.obj,
        callee => callee,
    };
    maker.is_ident_ref_to("Symbol")
}

/// `unique symbol`.
fn is_unique_symbol(annotation: Option<&TsTypeAnn>) -> bool {
    annotation.is_some_and(|annotation| {
        matches!(
            &*annotation.type_ann,
            TsType::TsTypeOperator(operator) if operator.op == TsTypeOperatorOp::Unique
        )
    })
}

pub(crate) fn kind_of(kind: VarDeclKind) -> &'static str {
    match kind {
        VarDeclKind::Var => "var",
        VarDeclKind::Let => "let",
        VarDeclKind::Const => "const",
    }
}
