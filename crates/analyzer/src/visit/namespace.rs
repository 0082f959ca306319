//! Namespaces, ambient modules and `declare global`.

use graph_model::NodeType;
use swc_ecma_ast::*;

use super::hoist::for_each_ident;
use crate::builder::scope::{BindingKind, Space};
use crate::builder::{Builder, Frame, FrameKind, NodeIdx, flag};
use graph_model::summary::Sym;

impl<'a> Builder<'a> {
    /// `namespace A.B { … }` is two nodes; gives back the outer one.
    pub(crate) fn namespace(&mut self, module: &'a TsModuleDecl) -> Option<NodeIdx> {
        let range = self.range(module.span);
        let (node, ambient) = match &module.id {
            TsModuleName::Ident(_) if module.global => {
                let name = self.sym("global");
                (self.make(NodeType::Namespace, name, range), false)
            }
            TsModuleName::Ident(ident) => (self.reserved_node(ident)?, false),
            TsModuleName::Str(s) => {
                let text = format!("'{}'", s.value.to_string_lossy());
                let name = self.sym(&text);
                (self.make(NodeType::Namespace, name, range), true)
            }
        };
        self.contain(node);
        let fragment = self.fragment();
        self.m_flag("isAmbientModule", ambient);
        self.m_flag("isGlobal", module.global);
        self.m_flag("declare", module.declare);
        self.set_meta(node, fragment);
        self.set_flag(node, flag::SHOWS_EXPORTED);
        if let Some(body) = &module.body {
            self.namespace_body(node, body);
        }
        Some(node)
    }

    fn namespace_body(&mut self, node: NodeIdx, body: &'a TsNamespaceBody) {
        let outer_owner = std::mem::replace(&mut self.owner, node);
        let outer_container = std::mem::replace(&mut self.container, node);
        self.frames
            .push(Frame::new(FrameKind::Namespace, node, node));
        self.in_scope(|b| match body {
            TsNamespaceBody::TsModuleBlock(block) => {
                b.hoist_module_items(&block.body);
                for item in &block.body {
                    b.namespace_item(node, item);
                }
            }
            TsNamespaceBody::TsNamespaceDecl(inner) => {
                let range = (b.start_of(&inner.id), b.range(inner.span).1);
                let name = b.sym(&inner.id.sym);
                let inner_node = b.add(NodeType::Namespace, name, range);
                b.declare(Space::Value, name, inner_node, BindingKind::Namespace);
                b.declare(Space::Type, name, inner_node, BindingKind::Namespace);
                b.members.insert((node, name), inner_node);
                b.set_flag(inner_node, flag::EXPORTED | flag::SHOWS_EXPORTED);
                b.namespace_body(inner_node, &inner.body);
            }
        });
        self.frames.pop();
        self.owner = outer_owner;
        self.container = outer_container;
    }

    fn namespace_item(&mut self, node: NodeIdx, item: &'a ModuleItem) {
        match item {
            ModuleItem::Stmt(stmt) => self.statement(stmt),
            ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(export)) => {
                self.doc_anchor = self.range(export.span).0;
                self.declaration(&export.decl);
                for (name, member) in self.declared_by(&export.decl) {
                    self.set_flag(member, flag::EXPORTED);
                    self.members.entry((node, name)).or_insert(member);
                }
            }
            ModuleItem::ModuleDecl(ModuleDecl::ExportNamed(export)) if export.src.is_none() => {
                for specifier in &export.specifiers {
                    let ExportSpecifier::Named(specifier) = specifier else {
                        continue;
                    };
                    let ModuleExportName::Ident(original) = &specifier.orig else {
                        continue;
                    };
                    let exported = match &specifier.exported {
                        Some(ModuleExportName::Ident(name)) => self.sym(&name.sym),
                        _ => self.sym(&original.sym),
                    };
                    for member in self.meanings(original) {
                        self.set_flag(member, flag::EXPORTED);
                        self.members.entry((node, exported)).or_insert(member);
                    }
                }
            }
            ModuleItem::ModuleDecl(
                ModuleDecl::ExportDefaultDecl(_) | ModuleDecl::ExportDefaultExpr(_),
            ) => {
                self.exported_default_in_namespace(item);
            }
            ModuleItem::ModuleDecl(ModuleDecl::Import(import)) => self.import(import),
            ModuleItem::ModuleDecl(ModuleDecl::TsImportEquals(import)) => {
                self.import_equals(import);
            }
            ModuleItem::ModuleDecl(_) => {}
        }
    }

    /// Ambient modules may have default exports, which have no EXPORT node.
    fn exported_default_in_namespace(&mut self, item: &'a ModuleItem) {
        match item {
            ModuleItem::ModuleDecl(ModuleDecl::ExportDefaultExpr(export)) => {
                let value = self.value(
                    &export.expr,
                    super::naming::Context::Plain(self.known.default),
                );
                self.container_uses(value, "read");
            }
            ModuleItem::ModuleDecl(ModuleDecl::ExportDefaultDecl(export)) => match &export.decl {
                DefaultDecl::Class(class) => {
                    self.default_class(class);
                }
                DefaultDecl::Fn(function) => {
                    self.default_function(function);
                }
                DefaultDecl::TsInterfaceDecl(interface) => self.interface(interface),
            },
            _ => {}
        }
    }

    /// Names and nodes that a declaration declares.
    pub(crate) fn declared_by(&mut self, decl: &'a Decl) -> Vec<(Sym, NodeIdx)> {
        let mut idents: Vec<&'a Ident> = Vec::new();
        match decl {
            Decl::Class(d) => idents.push(&d.ident),
            Decl::Fn(d) => idents.push(&d.ident),
            Decl::Var(d) => d
                .decls
                .iter()
                .for_each(|v| for_each_ident(&v.name, &mut |i| idents.push(i))),
            Decl::Using(d) => d
                .decls
                .iter()
                .for_each(|v| for_each_ident(&v.name, &mut |i| idents.push(i))),
            Decl::TsInterface(d) => idents.push(&d.id),
            Decl::TsTypeAlias(d) => idents.push(&d.id),
            Decl::TsEnum(d) => idents.push(&d.id),
            Decl::TsModule(d) => {
                if let TsModuleName::Ident(ident) = &d.id
                    && !d.global
                {
                    idents.push(ident);
                }
            }
        }
        idents
            .into_iter()
            .filter_map(|ident| {
                let name = self.sym(&ident.sym);
                let node = self.reserved_node(ident).or_else(|| {
                    // A signature of an overloaded function: its implementation.
                    let id = self.scopes.resolve(Space::Value, name)?;
                    Some(self.scopes.get(id).node)
                })?;
                Some((name, node))
            })
            .collect()
    }

    /// Every node that a name means, as a value and as a type.
    pub(crate) fn meanings(&mut self, ident: &'a Ident) -> Vec<NodeIdx> {
        let name = self.sym(&ident.sym);
        let mut nodes = Vec::new();
        for space in [Space::Value, Space::Type] {
            if let Some(id) = self.scopes.resolve(space, name) {
                let node = self.scopes.get(id).node;
                if node != crate::builder::NO_NODE && !nodes.contains(&node) {
                    nodes.push(node);
                }
            }
        }
        nodes
    }
}
