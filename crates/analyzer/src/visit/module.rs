//! Modules: imports and exports of the language.

use graph_model::{EdgeType, NodeType};
use swc_ecma_ast::*;

use super::naming::Context;
use crate::builder::metadata::NO_META;
use crate::builder::scope::{BindingKind, NO_FUNCTION};
use crate::builder::{Builder, NO_NODE, NodeIdx, RawNode, Val, flag};
use graph_model::summary::{
    ExportFact, ExportTarget, ImportFact, ImportForm, NodeRef, ScopeFact, Shape, ShapeRef, Sym,
    TypeRef, VariableFact,
};

/// What is known of an IMPORT.
pub(crate) struct ImportParts<'s> {
    pub(crate) source: &'s str,
    /// `source` is the specifier as written.
    pub(crate) literal: bool,
    pub(crate) imported: &'s str,
    pub(crate) local: &'s str,
    pub(crate) kind: &'static str,
    pub(crate) form: ImportForm,
    pub(crate) type_only: bool,
    /// Text of a specifier that is no string.
    pub(crate) dynamic_path: Option<&'s str>,
}

/// What is known of an EXPORT.
pub(crate) struct ExportParts<'s> {
    pub(crate) name: Sym,
    pub(crate) kind: &'static str,
    pub(crate) local: Option<&'s str>,
    pub(crate) source: Option<&'s str>,
    pub(crate) type_only: bool,
    pub(crate) common_js: bool,
    pub(crate) range: (u32, u32),
}

impl<'a> Builder<'a> {
    /// The whole file.
    pub(crate) fn program(&mut self, program: &'a Program) {
        self.scopes.enter();
        match program {
            Program::Module(module) => {
                self.is_module = self.is_module
                    || module
                        .body
                        .iter()
                        .any(|item| matches!(item, ModuleItem::ModuleDecl(_)));
                self.strict = true;
                self.directives = module
                    .body
                    .iter()
                    .map_while(|item| match item {
                        ModuleItem::Stmt(stmt) => {
                            super::function::directives(std::slice::from_ref(stmt)).next()
                        }
                        ModuleItem::ModuleDecl(_) => None,
                    })
                    .collect();
                self.hoist_module_items(&module.body);
                self.doc_definitions();
                for item in &module.body {
                    match item {
                        ModuleItem::Stmt(stmt) => self.statement(stmt),
                        ModuleItem::ModuleDecl(decl) => self.module_declaration(decl),
                    }
                }
            }
            Program::Script(script) => {
                self.strict = super::function::has_use_strict(&script.body);
                self.directives = super::function::directives(&script.body).collect();
                self.hoist_body(&script.body);
                for stmt in &script.body {
                    if let Stmt::Decl(Decl::TsModule(module)) = stmt {
                        self.note_namespace(module);
                    }
                }
                self.doc_definitions();
                self.statements(&script.body);
            }
        }
        self.scopes.leave();
        self.late_overloads();
        self.resolve_pending();
    }

    pub(crate) fn module_declaration(&mut self, decl: &'a ModuleDecl) {
        match decl {
            ModuleDecl::Import(import) => self.import(import),
            ModuleDecl::ExportDecl(export) => self.export_declaration(export),
            ModuleDecl::ExportNamed(export) => self.export_names(export),
            ModuleDecl::ExportDefaultDecl(export) => self.export_default_declaration(export),
            ModuleDecl::ExportDefaultExpr(export) => self.export_default_expression(export),
            ModuleDecl::ExportAll(export) => self.export_all(export),
            ModuleDecl::TsImportEquals(import) => {
                let node = self.import_equals(import);
                if import.is_export
                    && let Some(node) = node
                {
                    let name = self.atom(&import.id.sym);
                    let range = self.range(import.span);
                    self.export_nodes(
                        ExportParts {
                            name,
                            kind: "named",
                            local: Some(&import.id.sym),
                            source: None,
                            type_only: import.is_type_only,
                            common_js: false,
                            range,
                        },
                        &[node],
                        ShapeRef::UNKNOWN,
                    );
                }
            }
            ModuleDecl::TsExportAssignment(export) => {
                let range = self.range(export.span);
                let equals = self.known.equals;
                let value = self.value(&export.expr, Context::Plain(equals));
                self.export_value(equals, "equals", &export.expr, value, range, false);
            }
            ModuleDecl::TsNamespaceExport(export) => {
                let name = self.atom(&export.id.sym);
                let range = self.range(export.span);
                self.export_nodes(
                    ExportParts {
                        name,
                        kind: "umd",
                        local: None,
                        source: None,
                        type_only: false,
                        common_js: false,
                        range,
                    },
                    &[],
                    ShapeRef::UNKNOWN,
                );
            }
        }
    }

    pub(crate) fn import(&mut self, import: &'a ImportDecl) {
        let source = import.src.value.to_string_lossy();
        if import.specifiers.is_empty() {
            let name = self.sym(&source);
            let range = self.range(import.span);
            let node = self.add(NodeType::Import, name, range);
            self.import_metadata(
                node,
                &ImportParts {
                    source: &source,
                    literal: true,
                    imported: "*",
                    local: "",
                    kind: "sideEffect",
                    form: ImportForm::SideEffect,
                    type_only: import.type_only,
                    dynamic_path: None,
                },
            );
            return;
        }
        for specifier in &import.specifiers {
            let (local, imported, kind, type_only) = match specifier {
                ImportSpecifier::Named(s) => {
                    let imported = s
                        .imported
                        .as_ref()
                        .map_or_else(|| s.local.sym.as_str().to_owned(), export_name);
                    let kind = if imported == "default" {
                        "default"
                    } else {
                        "named"
                    };
                    (&s.local, imported, kind, s.is_type_only)
                }
                ImportSpecifier::Default(s) => (&s.local, "default".to_owned(), "default", false),
                ImportSpecifier::Namespace(s) => (&s.local, "*".to_owned(), "namespace", false),
            };
            let Some(node) = self.reserved_node(local) else {
                continue;
            };
            self.contain(node);
            self.import_metadata(
                node,
                &ImportParts {
                    source: &source,
                    literal: true,
                    imported: &imported,
                    local: &local.sym,
                    kind,
                    form: ImportForm::Static,
                    type_only: import.type_only || type_only,
                    dynamic_path: None,
                },
            );
        }
    }

    /// Metadata and fact of an IMPORT.
    pub(crate) fn import_metadata(&mut self, node: NodeIdx, import: &ImportParts<'_>) {
        let fragment = self.node_fragment();
        self.m_str("source", import.source);
        self.m_str("imported", import.imported);
        self.m_str("local", import.local);
        self.m_word("importType", import.kind);
        self.m_word(
            "importBinding",
            if import.type_only { "type" } else { "value" },
        );
        self.m_flag("sideEffect", import.form == ImportForm::SideEffect);
        let dynamic = import.form == ImportForm::Dynamic || !import.literal;
        self.m_flag("isDynamic", dynamic);
        self.m_flag("isResolvable", dynamic && import.literal);
        if let Some(path) = import.dynamic_path {
            self.m_str("dynamicPath", path);
        }
        self.set_meta(node, fragment);
        let specifier = import.literal.then(|| self.sym(import.source));
        let imported = self.sym(import.imported);
        self.import_facts.insert(node, self.facts.imports.len());
        self.facts.imports.push(ImportFact {
            node: NodeRef(node),
            specifier,
            form: import.form,
            imported,
            type_only: import.type_only,
            selected: Vec::new(),
        });
    }

    /// `import x = require('s')` and `import x = A.B`.
    pub(crate) fn import_equals(&mut self, import: &'a TsImportEqualsDecl) -> Option<NodeIdx> {
        let node = self.reserved_node(&import.id)?;
        self.contain(node);
        match &import.module_ref {
            TsModuleRef::TsExternalModuleRef(module) => {
                let source = module.expr.value.to_string_lossy();
                self.import_metadata(
                    node,
                    &ImportParts {
                        source: &source,
                        literal: true,
                        imported: "*",
                        local: &import.id.sym,
                        kind: "equals",
                        form: ImportForm::Equals,
                        type_only: import.is_type_only,
                        dynamic_path: None,
                    },
                );
            }
            TsModuleRef::TsEntityName(entity) => {
                let mut path = Vec::new();
                let mut root = entity;
                while let TsEntityName::TsQualifiedName(name) = root {
                    path.push(self.atom(&name.right.sym));
                    root = &name.left;
                }
                path.reverse();
                let TsEntityName::Ident(ident) = root else {
                    return Some(node);
                };
                let fragment = self.node_fragment();
                self.m_str("source", "");
                let last = path.last().copied().unwrap_or(self.known.star);
                self.m_sym("imported", last);
                self.m_str("local", &import.id.sym);
                self.m_word("importType", "alias");
                self.m_word(
                    "importBinding",
                    if import.is_type_only { "type" } else { "value" },
                );
                self.set_meta(node, fragment);
                if let Some(target) = self.resolve_type(ident) {
                    let init = self.shape(Shape::Binding(NodeRef(target)));
                    self.facts.variables.push(VariableFact {
                        node: NodeRef(node),
                        declared: TypeRef::UNKNOWN,
                        init,
                        path: path.as_slice().into(),
                        reassigned: false,
                        is_const: true,
                    });
                    let fragment = self.fragment();
                    self.m_path("propertyPath", &path);
                    self.edge_with(node, target, EdgeType::DerivesFrom, fragment);
                }
            }
        }
        Some(node)
    }

    fn export_declaration(&mut self, export: &'a ExportDecl) {
        self.doc_anchor = self.range(export.span).0;
        self.declaration(&export.decl);
        let range = self.range(export.span);
        let type_only = matches!(export.decl, Decl::TsInterface(_) | Decl::TsTypeAlias(_));
        for (name, node) in self.declared_by(&export.decl) {
            let local = self.names.get(name).to_owned();
            let shape = self.shape(Shape::Binding(NodeRef(node)));
            let parts = ExportParts {
                name,
                kind: "named",
                local: Some(&local),
                source: None,
                type_only,
                common_js: false,
                range,
            };
            self.export_nodes(parts, &[node], shape);
        }
    }

    fn export_names(&mut self, export: &'a NamedExport) {
        let source = export
            .src
            .as_ref()
            .map(|s| s.value.to_string_lossy().into_owned());
        for specifier in &export.specifiers {
            match specifier {
                ExportSpecifier::Named(specifier) => {
                    let original = export_name(&specifier.orig);
                    let exported = specifier
                        .exported
                        .as_ref()
                        .map_or_else(|| original.clone(), export_name);
                    let name = self.sym(&exported);
                    let range = self.range(specifier.span);
                    let type_only = export.type_only || specifier.is_type_only;
                    let kind = if exported == "default" {
                        "default"
                    } else {
                        "named"
                    };
                    match &source {
                        Some(source) => {
                            let imported = self.sym(&original);
                            let specifier = self.sym(source);
                            let target = ExportTarget::Reexport {
                                specifier,
                                imported,
                            };
                            let parts = ExportParts {
                                name,
                                kind,
                                local: Some(&original),
                                source: Some(source),
                                type_only,
                                common_js: false,
                                range,
                            };
                            self.reexport(name, &parts, target);
                        }
                        None => {
                            let ModuleExportName::Ident(ident) = &specifier.orig else {
                                continue;
                            };
                            let nodes = self.meanings(ident);
                            let only_types =
                                !nodes.is_empty() && nodes.iter().all(|&n| self.is_only_type(n));
                            let shape = match nodes.first() {
                                Some(&node) => self.shape(Shape::Binding(NodeRef(node))),
                                None => self.shape(Shape::Global(name)),
                            };
                            let parts = ExportParts {
                                name,
                                kind,
                                local: Some(&original),
                                source: None,
                                type_only: type_only || only_types,
                                common_js: false,
                                range,
                            };
                            self.export_nodes(parts, &nodes, shape);
                        }
                    }
                }
                ExportSpecifier::Namespace(specifier) => {
                    let Some(source) = &source else { continue };
                    let exported = export_name(&specifier.name);
                    let name = self.sym(&exported);
                    let range = self.range(specifier.span);
                    let target = ExportTarget::StarAs {
                        specifier: self.sym(source),
                    };
                    let parts = ExportParts {
                        name,
                        kind: "namespace",
                        local: None,
                        source: Some(source),
                        type_only: export.type_only,
                        common_js: false,
                        range,
                    };
                    self.reexport(name, &parts, target);
                }
                ExportSpecifier::Default(specifier) => {
                    let Some(source) = &source else { continue };
                    let name = self.atom(&specifier.exported.sym);
                    let range = self.range(specifier.exported.span);
                    let target = ExportTarget::Reexport {
                        specifier: self.sym(source),
                        imported: self.known.default,
                    };
                    let parts = ExportParts {
                        name,
                        kind: "named",
                        local: Some("default"),
                        source: Some(source),
                        type_only: export.type_only,
                        common_js: false,
                        range,
                    };
                    self.reexport(name, &parts, target);
                }
            }
        }
    }

    /// Whether a declaration has no value: a type, or an import of one.
    fn is_only_type(&self, node: NodeIdx) -> bool {
        match self.node(node).node_type {
            NodeType::Interface | NodeType::Type => true,
            NodeType::Import => {
                let import = self.import_fact(node);
                import.is_some_and(|import| import.type_only)
            }
            _ => false,
        }
    }

    fn export_all(&mut self, export: &'a ExportAll) {
        let source = export.src.value.to_string_lossy();
        let specifier = self.sym(&source);
        let range = self.range(export.span);
        self.export_star(specifier, export.type_only, false, range);
    }

    /// An EXPORT of all that a module exports.
    pub(super) fn export_star(
        &mut self,
        specifier: Sym,
        type_only: bool,
        common_js: bool,
        range: (u32, u32),
    ) {
        let source = self.names.get(specifier).to_owned();
        let id_name = self.sym(&["*:", &*source].concat());
        let parts = ExportParts {
            name: self.known.star,
            kind: "all",
            local: None,
            source: Some(&source),
            type_only,
            common_js,
            range,
        };
        self.reexport(id_name, &parts, ExportTarget::Star { specifier });
    }

    fn reexport(&mut self, id_name: Sym, parts: &ExportParts<'_>, target: ExportTarget) {
        let node = self.export_node(parts, id_name);
        let fact = self.facts.exports.len();
        if parts.name != self.known.star {
            self.exports.insert(parts.name, (node, fact));
        }
        self.facts.exports.push(ExportFact {
            node: NodeRef(node),
            name: parts.name,
            target,
            shape: ShapeRef::UNKNOWN,
            type_only: parts.type_only,
            common_js: parts.common_js,
        });
    }

    fn export_default_declaration(&mut self, export: &'a ExportDefaultDecl) {
        self.doc_anchor = self.range(export.span).0;
        let (node, local) = match &export.decl {
            DefaultDecl::Class(class) => (self.default_class(class), class.ident.as_ref()),
            DefaultDecl::Fn(function) => match self.default_function(function) {
                Some(node) => (node, function.ident.as_ref()),
                None => return, // an overload; its implementation is exported
            },
            DefaultDecl::TsInterfaceDecl(interface) => {
                self.interface(interface);
                match self.reserved_node(&interface.id) {
                    Some(node) => (node, Some(&interface.id)),
                    None => return,
                }
            }
        };
        let range = self.range(export.span);
        let shape = self.shape(Shape::Binding(NodeRef(node)));
        let parts = ExportParts {
            name: self.known.default,
            kind: "default",
            local: local.map(|ident| &*ident.sym),
            source: None,
            type_only: matches!(export.decl, DefaultDecl::TsInterfaceDecl(_)),
            common_js: false,
            range,
        };
        self.export_nodes(parts, &[node], shape);
    }

    fn export_default_expression(&mut self, export: &'a ExportDefaultExpr) {
        let range = self.range(export.span);
        self.doc_anchor = range.0;
        let default = self.known.default;
        if let Expr::Ident(ident) = super::text::transparent(&export.expr) {
            let nodes = self.meanings(ident);
            if !nodes.is_empty() {
                let shape = self.shape(Shape::Binding(NodeRef(nodes[0])));
                let parts = ExportParts {
                    name: default,
                    kind: "default",
                    local: Some(&ident.sym),
                    source: None,
                    type_only: false,
                    common_js: false,
                    range,
                };
                self.export_nodes(parts, &nodes, shape);
                return;
            }
        }
        let value = self.value(&export.expr, Context::Plain(default));
        self.export_value(default, "default", &export.expr, value, range, false);
    }

    /// An EXPORT of the value of an expression.
    pub(crate) fn export_value(
        &mut self,
        name: Sym,
        kind: &'static str,
        expr: &'a Expr,
        value: Val,
        range: (u32, u32),
        common_js: bool,
    ) {
        let local = match super::text::transparent(expr) {
            Expr::Ident(ident) => Some(ident.sym.as_str().to_owned()),
            _ => None,
        };
        let parts = ExportParts {
            name,
            kind,
            local: local.as_deref(),
            source: None,
            type_only: false,
            common_js,
            range,
        };
        let nodes: &[NodeIdx] = if value.exists() { &[value.node] } else { &[] };
        self.export_nodes(parts, nodes, value.shape());
    }

    /// One EXPORT for each name; a repeated name adds to the first.
    pub(crate) fn export_nodes(
        &mut self,
        parts: ExportParts<'_>,
        nodes: &[NodeIdx],
        shape: ShapeRef,
    ) {
        let name = parts.name;
        let (node, fact) = match self.exports.get(&name) {
            Some(&known) => known,
            None => {
                let node = self.export_node(&parts, name);
                let fact = self.facts.exports.len();
                let target = if name == self.known.equals {
                    ExportTarget::Equals(Vec::new())
                } else {
                    ExportTarget::Local(Vec::new())
                };
                self.facts.exports.push(ExportFact {
                    node: NodeRef(node),
                    name,
                    target,
                    shape,
                    type_only: parts.type_only,
                    common_js: parts.common_js,
                });
                self.exports.insert(name, (node, fact));
                (node, fact)
            }
        };
        for &target in nodes {
            self.edge_meta(node, target, EdgeType::Exports, NO_META);
            if is_declaration(self.node(target).node_type) {
                self.set_flag(target, flag::EXPORTED);
            }
            let export = &mut self.facts.exports[fact];
            if let ExportTarget::Local(targets) | ExportTarget::Equals(targets) = &mut export.target
                && !targets.contains(&NodeRef(target))
            {
                targets.push(NodeRef(target));
            }
        }
    }

    fn export_node(&mut self, parts: &ExportParts<'_>, id_name: Sym) -> NodeIdx {
        let node = self.push_node(RawNode {
            node_type: NodeType::Export,
            flags: flag::EXPORT_NODE,
            id_name,
            name: parts.name,
            owner: NO_NODE,
            start: parts.range.0,
            end: parts.range.1,
            meta: NO_META,
        });
        let fragment = self.node_fragment();
        self.m_word("exportKind", if parts.type_only { "type" } else { "value" });
        self.m_word("exportType", parts.kind);
        if let Some(local) = parts.local {
            self.m_str("local", local);
        }
        if let Some(source) = parts.source {
            self.m_str("source", source);
        }
        self.m_flag("default", parts.kind == "default");
        self.m_flag("isCommonJS", parts.common_js);
        self.set_meta(node, fragment);
        self.contain_in(Self::MODULE, node);
        node
    }

    /// What could not be joined before the whole module was known.
    fn resolve_pending(&mut self) {
        for pending in std::mem::take(&mut self.pending_calls) {
            let binding = *self.scopes.get(pending.binding);
            let variable = matches!(binding.kind, BindingKind::Var | BindingKind::Lexical);
            let function = !matches!(binding.function, NO_NODE | NO_FUNCTION);
            if variable && function && !binding.reassigned {
                self.edge(pending.call, binding.function, pending.edge);
                self.facts.calls[pending.fact].resolved = Some(NodeRef(binding.function));
            }
        }
        let constructors: rustc_hash::FxHashMap<NodeIdx, (Option<NodeIdx>, bool)> = self
            .facts
            .classes
            .iter()
            .map(|class| {
                (
                    class.node.0,
                    (class.constructor.map(|c| c.0), class.extends.is_some()),
                )
            })
            .collect();
        for (call, class, fact) in std::mem::take(&mut self.pending_news) {
            let target = match constructors.get(&class) {
                Some((Some(constructor), _)) => *constructor,
                Some((None, false)) => class,
                _ => continue,
            };
            self.edge(call, target, EdgeType::Calls);
            self.facts.calls[fact].resolved = Some(NodeRef(target));
        }
        let mut scopes: std::collections::BTreeMap<NodeIdx, Vec<(Sym, NodeRef)>> =
            Default::default();
        let types = self.type_members.iter();
        let types = types.filter(|(key, member)| self.members.get(*key) != Some(*member));
        for (&(owner, name), &member) in self.members.iter().chain(types) {
            scopes
                .entry(owner)
                .or_default()
                .push((name, NodeRef(member)));
        }
        for (owner, mut members) in scopes {
            members.sort_by_key(|member| member.0); // stable: values before types
            self.facts.scopes.push(ScopeFact {
                node: NodeRef(owner),
                members,
            });
        }
        for (access, owner, name) in std::mem::take(&mut self.pending_members) {
            if let Some(&member) = self.members.get(&(owner, name)) {
                self.edge(access, member, EdgeType::ReadsFrom);
            }
        }
        self.resolve_pending_types();
    }
}

/// Types of nodes that carry `exported` when an export names them.
fn is_declaration(node_type: NodeType) -> bool {
    matches!(
        node_type,
        NodeType::Function
            | NodeType::Class
            | NodeType::Variable
            | NodeType::Constant
            | NodeType::Interface
            | NodeType::Type
            | NodeType::Enum
            | NodeType::Namespace
    )
}

/// An exported or imported name, which may be a string.
fn export_name(name: &ModuleExportName) -> String {
    match name {
        ModuleExportName::Ident(ident) => ident.sym.as_str().to_owned(),
        ModuleExportName::Str(s) => s.value.to_string_lossy().into_owned(),
    }
}
