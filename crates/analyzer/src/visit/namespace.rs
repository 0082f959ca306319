//! Namespaces, ambient modules and `declare global`.

use graph_model::NodeType;
use rustc_hash::FxHashMap;
use swc_ecma_ast::*;

use super::hoist::for_each_ident;
use crate::builder::scope::{BindingId, BindingKind, Space};
use crate::builder::{Builder, Frame, FrameKind, NO_NODE, NodeIdx, flag};
use graph_model::summary::Sym;

/// Names that a scope declares.
type Names = Vec<(Space, Sym, BindingId)>;

/// Namespaces that are declared more than once: what one declaration exports is visible in
/// all of them.
#[derive(Default)]
pub(crate) struct Namespaces<'a> {
    /// Declarations, by what their name means as a value: the first NAMESPACE, or the CLASS,
    /// FUNCTION or variable that it is merged with.
    merged: FxHashMap<NodeIdx, Vec<Declaration<'a>>>,
    /// Names of declarations whose scope is known before they are visited, by NAMESPACE.
    hoisted: FxHashMap<NodeIdx, Names>,
    /// First declaration of each ambient module.
    ambient: FxHashMap<Sym, NodeIdx>,
    /// What all declarations export, by what the name means.
    exports: FxHashMap<NodeIdx, Names>,
}

/// One declaration of a namespace.
#[derive(Clone, Copy)]
struct Declaration<'a> {
    node: NodeIdx,
    body: &'a TsNamespaceBody,
    ambient: bool,
}

impl Namespaces<'_> {
    /// The first NAMESPACE of a name that means `node` as a value.
    pub(crate) fn first(&self, node: NodeIdx) -> Option<NodeIdx> {
        Some(self.merged.get(&node)?.first()?.node)
    }
}

impl<'a> Builder<'a> {
    /// `namespace A.B { … }` is two nodes; gives back the outer one.
    pub(crate) fn namespace(&mut self, module: &'a TsModuleDecl) -> Option<NodeIdx> {
        let range = self.range(module.span);
        let (node, ambient) = match &module.id {
            TsModuleName::Ident(_) if module.global => {
                let name = self.word("global");
                (self.make(NodeType::Namespace, name, range), false)
            }
            TsModuleName::Ident(ident) => (self.reserved_node(ident)?, false),
            TsModuleName::Str(s) => {
                let node = self.reserved.get(&self.start_of(s)).copied();
                let node = match node {
                    Some(node) => node,
                    None => self.ambient_module(s, range),
                };
                (node, true)
            }
        };
        self.contain(node);
        let fragment = self.node_fragment();
        self.m_flag("isAmbientModule", ambient);
        self.m_flag("isGlobal", module.global);
        self.m_flag("declare", module.declare);
        self.set_meta(node, fragment);
        self.set_flag(node, flag::SHOWS_EXPORTED);
        if let Some(body) = &module.body {
            let merged = match &module.id {
                TsModuleName::Ident(ident) if !module.global => {
                    let name = self.atom(&ident.sym);
                    self.scopes
                        .resolve(Space::Value, name)
                        .map(|id| self.scopes.get(id).node)
                }
                TsModuleName::Str(_) => {
                    let name = self.node(node).name;
                    self.namespaces.ambient.get(&name).copied()
                }
                TsModuleName::Ident(_) => None,
            };
            let outer = self.ambient;
            self.ambient |= module.declare;
            self.namespace_body(node, merged.unwrap_or(node), body);
            self.ambient = outer;
        }
        Some(node)
    }

    /// Notes a declaration of a namespace, once all names around it are declared.
    pub(super) fn note_namespace(&mut self, module: &'a TsModuleDecl) {
        let Some(body) = &module.body else { return };
        let ident = match &module.id {
            TsModuleName::Ident(ident) if !module.global => ident,
            TsModuleName::Ident(_) => return,
            TsModuleName::Str(s) => {
                let range = self.range(module.span);
                let node = self.ambient_module(s, range);
                let name = self.node(node).name;
                let first = *self.namespaces.ambient.entry(name).or_insert(node);
                self.note_declaration(first, node, body, true);
                return;
            }
        };
        let name = self.atom(&ident.sym);
        let (Some(node), Some(id)) = (
            self.reserved_node(ident),
            self.scopes.resolve(Space::Value, name),
        ) else {
            return;
        };
        let merged = self.scopes.get(id).node;
        self.note_declaration(merged, node, body, self.ambient | module.declare);
    }

    /// The NAMESPACE of `declare module 's'`.
    fn ambient_module(&mut self, s: &'a Str, range: (u32, u32)) -> NodeIdx {
        let text = format!("'{}'", s.value.to_string_lossy());
        let name = self.sym(&text);
        let node = self.make(NodeType::Namespace, name, range);
        let key = self.start_of(s);
        self.reserved.insert(key, node);
        node
    }

    fn note_declaration(
        &mut self,
        merged: NodeIdx,
        node: NodeIdx,
        body: &'a TsNamespaceBody,
        ambient: bool,
    ) {
        let known = self.namespaces.merged.entry(merged).or_default();
        if known.iter().all(|declaration| declaration.node != node) {
            known.push(Declaration {
                node,
                body,
                ambient,
            });
        }
    }

    /// Runs `f` inside a namespace.
    fn in_namespace(&mut self, node: NodeIdx, f: impl FnOnce(&mut Self)) {
        let outer_owner = std::mem::replace(&mut self.owner, node);
        let outer_container = std::mem::replace(&mut self.container, node);
        self.frames
            .push(Frame::new(FrameKind::Namespace, node, node));
        self.in_scope(f);
        self.frames.pop();
        self.owner = outer_owner;
        self.container = outer_container;
    }

    /// `merged` is what the name of the namespace means: an earlier declaration of it, or
    /// a class or function.
    fn namespace_body(&mut self, node: NodeIdx, merged: NodeIdx, body: &'a TsNamespaceBody) {
        self.hoist_merged(merged);
        self.in_namespace(node, |b| {
            match b.namespaces.hoisted.remove(&node) {
                Some(names) => {
                    b.declare_exports(merged);
                    for (space, name, id) in names {
                        b.scopes.alias(space, name, id);
                    }
                }
                None => b.hoist_namespace_body(merged, body),
            }
            match body {
                TsNamespaceBody::TsModuleBlock(block) => {
                    for item in &block.body {
                        b.namespace_item(merged, item);
                    }
                }
                TsNamespaceBody::TsNamespaceDecl(inner) => {
                    let name = b.atom(&inner.id.sym);
                    let (Some(node), Some(&merged)) =
                        (b.reserved_node(&inner.id), b.members.get(&(merged, name)))
                    else {
                        return;
                    };
                    b.contain(node);
                    b.set_flag(node, flag::EXPORTED | flag::SHOWS_EXPORTED);
                    b.namespace_body(node, merged, &inner.body);
                }
            }
        });
    }

    /// Declares the names of all declarations of a namespace that has several, when the first
    /// of them is met.
    fn hoist_merged(&mut self, merged: NodeIdx) {
        let Some(declarations) = self.namespaces.merged.get(&merged) else {
            return;
        };
        if declarations.len() < 2 || self.namespaces.exports.contains_key(&merged) {
            return;
        }
        let declarations = declarations.clone();
        self.namespaces.exports.insert(merged, Names::new());
        for declaration in declarations {
            let ambient = std::mem::replace(&mut self.ambient, declaration.ambient);
            self.in_namespace(declaration.node, |b| {
                b.declare_exports(merged);
                b.hoist_namespace_body(merged, declaration.body);
                let names = b.scopes.declared_here();
                b.namespaces.hoisted.insert(declaration.node, names);
                b.note_exports(merged, declaration.body);
            });
            self.ambient = ambient;
        }
    }

    fn declare_exports(&mut self, merged: NodeIdx) {
        for &(space, name, id) in self.namespaces.exports.get(&merged).into_iter().flatten() {
            self.scopes.alias(space, name, id);
        }
    }

    fn hoist_namespace_body(&mut self, merged: NodeIdx, body: &'a TsNamespaceBody) {
        match body {
            TsNamespaceBody::TsModuleBlock(block) => self.hoist_module_items(&block.body),
            TsNamespaceBody::TsNamespaceDecl(inner) => {
                let range = (self.start_of(&inner.id), self.range(inner.span).1);
                let node = self.reserve(NodeType::Namespace, &inner.id, range);
                self.declare_first(Space::Value, &inner.id, node, BindingKind::Namespace);
                self.declare_first(Space::Type, &inner.id, node, BindingKind::Namespace);
                let name = self.atom(&inner.id.sym);
                let meant = self
                    .scopes
                    .resolve(Space::Value, name)
                    .map_or(node, |id| self.scopes.get(id).node);
                let merged = *self.members.entry((merged, name)).or_insert(meant);
                self.type_members.entry((merged, name)).or_insert(meant);
                self.note_declaration(merged, node, &inner.body, self.ambient);
            }
        }
    }

    /// Notes what a declaration exports, whose names are declared in the open scope.
    fn note_exports(&mut self, merged: NodeIdx, body: &'a TsNamespaceBody) {
        let mut exported: Vec<(Sym, Sym)> = Vec::new();
        match body {
            TsNamespaceBody::TsNamespaceDecl(inner) => {
                let name = self.atom(&inner.id.sym);
                exported.push((name, name));
            }
            TsNamespaceBody::TsModuleBlock(block) => {
                for item in &block.body {
                    self.exported_names(item, &mut exported);
                }
            }
        }
        for (local, name) in exported {
            for space in [Space::Value, Space::Type] {
                let Some(id) = self.scopes.resolve_here(space, local) else {
                    continue;
                };
                let exports = self.namespaces.exports.entry(merged).or_default();
                exports.push((space, name, id));
            }
        }
    }

    /// Local and exported names of what an item of a namespace exports.
    fn exported_names(&mut self, item: &'a ModuleItem, exported: &mut Vec<(Sym, Sym)>) {
        match item {
            ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(export)) => {
                for (name, _) in self.declared_by(&export.decl) {
                    exported.push((name, name));
                }
            }
            ModuleItem::Stmt(Stmt::Decl(decl)) if self.ambient => {
                for (name, _) in self.declared_by(decl) {
                    exported.push((name, name));
                }
            }
            ModuleItem::ModuleDecl(ModuleDecl::TsImportEquals(import)) if import.is_export => {
                let name = self.atom(&import.id.sym);
                exported.push((name, name));
            }
            ModuleItem::ModuleDecl(ModuleDecl::ExportNamed(export)) if export.src.is_none() => {
                for specifier in &export.specifiers {
                    if let ExportSpecifier::Named(ExportNamedSpecifier {
                        orig: ModuleExportName::Ident(local),
                        exported: name,
                        ..
                    }) = specifier
                    {
                        let local = self.atom(&local.sym);
                        let name = match name {
                            Some(ModuleExportName::Ident(name)) => self.atom(&name.sym),
                            _ => local,
                        };
                        exported.push((local, name));
                    }
                }
            }
            _ => {}
        }
    }

    fn namespace_item(&mut self, node: NodeIdx, item: &'a ModuleItem) {
        match item {
            ModuleItem::Stmt(stmt) => {
                self.statement(stmt);
                if self.ambient
                    && let Stmt::Decl(decl) = stmt
                {
                    for (name, _) in self.declared_by(decl) {
                        self.namespace_member(node, name, name);
                    }
                }
            }
            ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(export)) => {
                self.doc_anchor = self.range(export.span).0;
                self.declaration(&export.decl);
                for (name, member) in self.declared_by(&export.decl) {
                    self.set_flag(member, flag::EXPORTED);
                    self.namespace_member(node, name, name);
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
                        Some(ModuleExportName::Ident(name)) => self.atom(&name.sym),
                        _ => self.atom(&original.sym),
                    };
                    for member in self.meanings(original) {
                        self.set_flag(member, flag::EXPORTED);
                    }
                    let local = self.atom(&original.sym);
                    self.namespace_member(node, local, exported);
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
                if import.is_export {
                    let name = self.atom(&import.id.sym);
                    self.namespace_member(node, name, name);
                }
            }
            ModuleItem::ModuleDecl(_) => {}
        }
    }

    /// What `local` means inside a namespace is its member `exported`, for reads from outside.
    fn namespace_member(&mut self, namespace: NodeIdx, local: Sym, exported: Sym) {
        for space in [Space::Value, Space::Type] {
            let Some(id) = self.scopes.resolve_here(space, local) else {
                continue;
            };
            let node = self.scopes.get(id).node;
            if node == NO_NODE {
                continue;
            }
            let members = match space {
                Space::Value => &mut self.members,
                Space::Type => &mut self.type_members,
            };
            members.entry((namespace, exported)).or_insert(node);
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
                    let node = self.default_class(class);
                    self.set_flag(node, flag::EXPORTED);
                }
                DefaultDecl::Fn(function) => {
                    if let Some(node) = self.default_function(function) {
                        self.set_flag(node, flag::EXPORTED);
                    }
                }
                DefaultDecl::TsInterfaceDecl(interface) => {
                    self.interface(interface);
                    if let Some(node) = self.reserved_node(&interface.id) {
                        self.set_flag(node, flag::EXPORTED);
                    }
                }
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
                let name = self.atom(&ident.sym);
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
        let name = self.atom(&ident.sym);
        let mut nodes = Vec::new();
        for space in [Space::Value, Space::Type] {
            if let Some(id) = self.scopes.resolve(space, name) {
                let node = self.scopes.get(id).node;
                if node != NO_NODE && !nodes.contains(&node) {
                    nodes.push(node);
                }
            }
        }
        nodes
    }
}
