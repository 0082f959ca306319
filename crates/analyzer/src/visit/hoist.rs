//! Declarations are known in their whole scope, before they are visited: on
//! entering a scope its declarations get their nodes and bindings.

use graph_model::NodeType;
use rustc_hash::FxHashMap;
use swc_common::Spanned;
use swc_ecma_ast::*;

use super::literal::is_literal_tree;
use super::with_stack;
use crate::builder::scope::{BindingKind, Space};
use crate::builder::{Builder, FrameKind, NodeIdx};
use graph_model::summary::Sym;

impl<'a> Builder<'a> {
    /// Declarations of a module or of a namespace's body.
    pub(crate) fn hoist_module_items(&mut self, items: &'a [ModuleItem]) {
        let functions: Vec<&'a FnDecl> = items
            .iter()
            .filter_map(|item| match item {
                ModuleItem::Stmt(Stmt::Decl(Decl::Fn(f)))
                | ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(ExportDecl {
                    decl: Decl::Fn(f),
                    ..
                })) => Some(f),
                _ => None,
            })
            .collect();
        self.hoist_functions(&functions);
        self.hoist_default_functions(items);
        for item in items {
            match item {
                ModuleItem::Stmt(Stmt::Decl(decl)) => self.hoist_declaration(decl),
                ModuleItem::Stmt(_) => {}
                ModuleItem::ModuleDecl(decl) => match decl {
                    ModuleDecl::Import(import) => self.hoist_import(import),
                    ModuleDecl::ExportDecl(export) => self.hoist_declaration(&export.decl),
                    ModuleDecl::ExportDefaultDecl(export) => match &export.decl {
                        DefaultDecl::Class(class) => {
                            if let Some(ident) = &class.ident {
                                self.hoist_class(ident, &class.class);
                            }
                        }
                        DefaultDecl::TsInterfaceDecl(interface) => self.hoist_interface(interface),
                        DefaultDecl::Fn(_) => {}
                    },
                    ModuleDecl::TsImportEquals(import) => self.hoist_import_equals(import),
                    _ => {}
                },
            }
        }
        for item in items {
            match item {
                ModuleItem::Stmt(stmt) => self.hoist_vars_of(stmt, true),
                ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(ExportDecl {
                    decl: Decl::Var(var),
                    ..
                })) => {
                    self.hoist_var(var);
                }
                ModuleItem::ModuleDecl(_) => {}
            }
        }
        self.hoist_enums();
        for item in items {
            if let ModuleItem::Stmt(Stmt::Decl(Decl::TsModule(module)))
            | ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(ExportDecl {
                decl: Decl::TsModule(module),
                ..
            })) = item
            {
                self.note_namespace(module);
            }
        }
    }

    /// Declarations of the body of a function, script or static block.
    pub(crate) fn hoist_body(&mut self, stmts: &'a [Stmt]) {
        self.hoist_block(stmts);
        for stmt in stmts {
            self.hoist_vars_of(stmt, true);
        }
    }

    /// Lexical declarations of a block.
    pub(crate) fn hoist_block(&mut self, stmts: &'a [Stmt]) {
        self.hoist_block_of(stmts.iter());
    }

    /// Lexical declarations of the clauses of a switch, which share one scope.
    pub(crate) fn hoist_block_of(&mut self, stmts: impl Iterator<Item = &'a Stmt> + Clone) {
        let functions: Vec<&'a FnDecl> = stmts
            .clone()
            .filter_map(|stmt| match stmt {
                Stmt::Decl(Decl::Fn(f)) => Some(f),
                _ => None,
            })
            .collect();
        if !functions.is_empty() {
            self.hoist_functions(&functions);
        }
        for stmt in stmts {
            if let Stmt::Decl(decl) = stmt {
                self.hoist_declaration(decl);
            }
        }
        self.hoist_enums();
    }

    fn hoist_declaration(&mut self, decl: &'a Decl) {
        match decl {
            Decl::Class(class) => self.hoist_class(&class.ident, &class.class),
            Decl::Fn(_) => {}
            Decl::Var(var) if var.kind != VarDeclKind::Var => {
                for declarator in &var.decls {
                    self.hoist_declarator(
                        declarator,
                        var.kind == VarDeclKind::Const,
                        BindingKind::Lexical,
                    );
                }
            }
            Decl::Var(_) => {}
            Decl::Using(using) => {
                for declarator in &using.decls {
                    self.hoist_declarator(declarator, false, BindingKind::Lexical);
                }
            }
            Decl::TsInterface(interface) => self.hoist_interface(interface),
            Decl::TsTypeAlias(alias) => {
                let range = self.range(alias.span);
                let node = self.reserve(NodeType::Type, &alias.id, range);
                self.declare_first(Space::Type, &alias.id, node, BindingKind::Type);
            }
            Decl::TsEnum(decl) => {
                let range = self.range(decl.span);
                let node = self.reserve(NodeType::Enum, &decl.id, range);
                self.declare_first(Space::Value, &decl.id, node, BindingKind::Enum);
                self.declare_first(Space::Type, &decl.id, node, BindingKind::Enum);
                self.note_enum(decl, node);
            }
            Decl::TsModule(module) => self.hoist_namespace(module),
        }
    }

    fn hoist_interface(&mut self, interface: &'a TsInterfaceDecl) {
        let range = self.range(interface.span);
        let node = self.reserve(NodeType::Interface, &interface.id, range);
        self.declare_first(Space::Type, &interface.id, node, BindingKind::Type);
    }

    fn hoist_namespace(&mut self, module: &'a TsModuleDecl) {
        let TsModuleName::Ident(ident) = &module.id else {
            return;
        };
        if module.global {
            return;
        }
        let range = self.range(module.span);
        let node = self.reserve(NodeType::Namespace, ident, range);
        self.declare_first(Space::Value, ident, node, BindingKind::Namespace);
        self.declare_first(Space::Type, ident, node, BindingKind::Namespace);
    }

    fn hoist_class(&mut self, ident: &'a Ident, class: &'a Class) {
        let range = self.class_range(class);
        let node = self.reserve(NodeType::Class, ident, range);
        let name = self.atom(&ident.sym);
        self.declare(Space::Value, name, node, BindingKind::Class);
        self.declare(Space::Type, name, node, BindingKind::Class);
    }

    fn hoist_import(&mut self, import: &'a ImportDecl) {
        for specifier in &import.specifiers {
            let (local, span) = match specifier {
                ImportSpecifier::Named(s) => (&s.local, s.span),
                ImportSpecifier::Default(s) => (&s.local, s.span),
                ImportSpecifier::Namespace(s) => (&s.local, s.span),
            };
            let range = self.range(span);
            self.declare_import(local, range);
        }
    }

    fn hoist_import_equals(&mut self, import: &'a TsImportEqualsDecl) {
        let range = self.range(import.span);
        self.declare_import(&import.id, range);
    }

    fn declare_import(&mut self, local: &'a Ident, range: (u32, u32)) {
        let node = self.reserve(NodeType::Import, local, range);
        let name = self.atom(&local.sym);
        self.declare(Space::Value, name, node, BindingKind::Import);
        self.declare(Space::Type, name, node, BindingKind::Import);
    }

    /// Of several functions of a name the last is the binding; signatures of
    /// overloads belong to the implementation and have no node.
    fn hoist_functions(&mut self, functions: &[&'a FnDecl]) {
        let mut implemented: FxHashMap<Sym, NodeIdx> = FxHashMap::default();
        if functions.iter().any(|f| f.function.body.is_none()) {
            for f in functions.iter().filter(|f| f.function.body.is_some()) {
                let name = self.atom(&f.ident.sym);
                let node = self.reserve_function(&f.ident, &f.function);
                implemented.entry(name).or_insert(node);
            }
        }
        for f in functions {
            let name = self.atom(&f.ident.sym);
            if f.function.body.is_none() {
                if let Some(&node) = implemented.get(&name) {
                    self.hoist_overload(&f.function, node);
                    continue;
                }
                let node = self.reserve_function(&f.ident, &f.function);
                implemented.insert(name, node);
                self.declare(Space::Value, name, node, BindingKind::Function);
                continue;
            }
            let node = self.reserve_function(&f.ident, &f.function);
            self.declare(Space::Value, name, node, BindingKind::Function);
        }
    }

    /// `export default function f`, whose overloads are default exports too.
    fn hoist_default_functions(&mut self, items: &'a [ModuleItem]) {
        let defaults: Vec<&'a FnExpr> = items
            .iter()
            .filter_map(|item| match item {
                ModuleItem::ModuleDecl(ModuleDecl::ExportDefaultDecl(ExportDefaultDecl {
                    decl: DefaultDecl::Fn(f),
                    ..
                })) => Some(f),
                _ => None,
            })
            .collect();
        let Some(last) = defaults
            .iter()
            .rfind(|f| f.function.body.is_some())
            .or(defaults.first())
        else {
            return;
        };
        let name = match &last.ident {
            Some(ident) => self.atom(&ident.sym),
            None => self.known.default,
        };
        let range = self.range(last.function.span);
        let node = self.make(NodeType::Function, name, range);
        self.reserved.insert(range.0, node);
        if last.ident.is_some() {
            self.declare(Space::Value, name, node, BindingKind::Function);
        }
        for f in defaults
            .iter()
            .filter(|f| f.function.body.is_none() && !std::ptr::eq(**f, *last))
        {
            self.hoist_overload(&f.function, node);
        }
    }

    fn hoist_overload(&mut self, function: &'a Function, of: NodeIdx) {
        let text = self.signature_text(function);
        self.overloads.entry(of).or_default().push(text);
        let start = self.start_of(&function.span);
        self.overload_of.insert(start, of);
    }

    fn reserve_function(&mut self, ident: &'a Ident, function: &'a Function) -> NodeIdx {
        let range = self.range(function.span);
        self.reserve(NodeType::Function, ident, range)
    }

    /// The node of a declaration, made once for each identifier.
    pub(super) fn reserve(
        &mut self,
        node_type: NodeType,
        ident: &'a Ident,
        range: (u32, u32),
    ) -> NodeIdx {
        let key = self.offset(ident.span.lo);
        if let Some(&node) = self.reserved.get(&key) {
            return node;
        }
        let name = self.atom(&ident.sym);
        let node = self.make(node_type, name, range);
        self.reserved.insert(key, node);
        node
    }

    /// Declares a name unless this scope has it already. A namespace is a type only as long
    /// as nothing else is.
    pub(super) fn declare_first(
        &mut self,
        space: Space,
        ident: &'a Ident,
        node: NodeIdx,
        kind: BindingKind,
    ) {
        let name = self.atom(&ident.sym);
        let here = self.scopes.resolve_here(space, name);
        let replaced = here.is_none_or(|id| {
            space == Space::Type
                && kind != BindingKind::Namespace
                && self.scopes.get(id).kind == BindingKind::Namespace
        });
        if replaced {
            self.declare(space, name, node, kind);
        }
    }

    /// The bindings of `let`, `const` and `using`, of loop heads and catch clauses.
    pub(crate) fn hoist_declarator(
        &mut self,
        declarator: &'a VarDeclarator,
        is_const: bool,
        kind: BindingKind,
    ) {
        if let Pat::Ident(ident) = &declarator.name {
            let range = self.range(declarator.span);
            let constant = is_const && declarator.init.as_deref().is_some_and(is_literal_tree);
            let node_type = if constant {
                NodeType::Constant
            } else {
                NodeType::Variable
            };
            let node = self.reserve(node_type, &ident.id, range);
            if constant && self.typed && ident.type_ann.is_none() {
                self.note_constant(node, declarator.init.as_deref());
            }
            let name = self.atom(&ident.id.sym);
            let kind = match declarator.init.as_deref() {
                Some(init) if is_create_require(init) => {
                    self.creates_require = true;
                    BindingKind::Require
                }
                _ => kind,
            };
            self.declare(Space::Value, name, node, kind);
        } else {
            self.hoist_pattern(&declarator.name, kind);
        }
    }

    /// The bindings of a destructuring pattern; each has the span of its identifier.
    pub(crate) fn hoist_pattern(&mut self, pattern: &'a Pat, kind: BindingKind) {
        for_each_ident(pattern, &mut |ident| {
            let range = self.range(ident.span);
            let node = self.reserve(NodeType::Variable, ident, range);
            let name = self.atom(&ident.sym);
            self.declare(Space::Value, name, node, kind);
        });
    }

    fn hoist_var(&mut self, var: &'a VarDecl) {
        if var.kind != VarDeclKind::Var {
            return;
        }
        for declarator in &var.decls {
            let whole =
                matches!(declarator.name, Pat::Ident(_)).then(|| self.range(declarator.span));
            for_each_ident(&declarator.name, &mut |ident| {
                let key = self.offset(ident.span.lo);
                if self.reserved.contains_key(&key) {
                    return;
                }
                let name = self.atom(&ident.sym);
                if let Some(node) = self.var_declared(name) {
                    self.reserved.insert(key, node);
                    return;
                }
                let range = whole.unwrap_or_else(|| self.range(ident.span));
                let node = self.reserve(NodeType::Variable, ident, range);
                self.declare(Space::Value, name, node, BindingKind::Var);
            });
        }
    }

    /// The node of a name that this function has already, as a var, parameter or function.
    fn var_declared(&self, name: Sym) -> Option<NodeIdx> {
        let id = self.scopes.resolve(Space::Value, name)?;
        let binding = self.scopes.get(id);
        let same_frame = binding.frame + 1 == self.frames.len() as u32;
        (same_frame
            && matches!(
                binding.kind,
                BindingKind::Var
                    | BindingKind::Parameter
                    | BindingKind::Function
                    | BindingKind::Lexical
            ))
        .then_some(binding.node)
    }

    /// `var` declarations anywhere in a statement, and in sloppy code the functions of its blocks.
    fn hoist_vars_of(&mut self, stmt: &'a Stmt, top: bool) {
        let holds_none = matches!(
            stmt,
            Stmt::Expr(_) | Stmt::Return(_) | Stmt::Throw(_) | Stmt::Break(_) | Stmt::Continue(_)
        );
        if holds_none || self.strict && !self.mentions_var {
            return;
        }
        with_stack(|| match stmt {
            Stmt::Decl(Decl::Var(var)) => self.hoist_var(var),
            Stmt::Decl(Decl::Fn(f)) if !top && !self.strict => self.hoist_block_function(f),
            Stmt::Block(block) => self.hoist_vars_in(&block.stmts),
            Stmt::If(s) => {
                self.hoist_vars_of(&s.cons, false);
                if let Some(alt) = &s.alt {
                    self.hoist_vars_of(alt, false);
                }
            }
            Stmt::For(s) => {
                if let Some(VarDeclOrExpr::VarDecl(var)) = &s.init {
                    self.hoist_var(var);
                }
                self.hoist_vars_of(&s.body, false);
            }
            Stmt::ForIn(s) => {
                if let ForHead::VarDecl(var) = &s.left {
                    self.hoist_var(var);
                }
                self.hoist_vars_of(&s.body, false);
            }
            Stmt::ForOf(s) => {
                if let ForHead::VarDecl(var) = &s.left {
                    self.hoist_var(var);
                }
                self.hoist_vars_of(&s.body, false);
            }
            Stmt::While(s) => self.hoist_vars_of(&s.body, false),
            Stmt::DoWhile(s) => self.hoist_vars_of(&s.body, false),
            Stmt::Labeled(s) => self.hoist_vars_of(&s.body, top),
            Stmt::With(s) => self.hoist_vars_of(&s.body, false),
            Stmt::Try(s) => {
                self.hoist_vars_in(&s.block.stmts);
                if let Some(handler) = &s.handler {
                    self.hoist_vars_in(&handler.body.stmts);
                }
                if let Some(finalizer) = &s.finalizer {
                    self.hoist_vars_in(&finalizer.stmts);
                }
            }
            Stmt::Switch(s) => {
                for case in &s.cases {
                    self.hoist_vars_in(&case.cons);
                }
            }
            _ => {}
        });
    }

    fn hoist_vars_in(&mut self, stmts: &'a [Stmt]) {
        for stmt in stmts {
            self.hoist_vars_of(stmt, false);
        }
    }

    fn hoist_block_function(&mut self, f: &'a FnDecl) {
        if f.function.body.is_none() || self.frame().kind == FrameKind::StaticBlock {
            return;
        }
        let name = self.atom(&f.ident.sym);
        let taken = self
            .scopes
            .resolve(Space::Value, name)
            .is_some_and(|id| self.scopes.get(id).frame + 1 == self.frames.len() as u32);
        if !taken {
            let node = self.reserve_function(&f.ident, &f.function);
            self.declare(Space::Value, name, node, BindingKind::Function);
        }
    }

    /// The node of a declaration that was hoisted.
    pub(crate) fn reserved_node(&self, ident: &Ident) -> Option<NodeIdx> {
        self.reserved.get(&self.offset(ident.span_lo())).copied()
    }
}

/// `createRequire(…)` of Node, by whatever path it is reached.
fn is_create_require(init: &Expr) -> bool {
    let Expr::Call(CallExpr {
        callee: Callee::Expr(callee),
        ..
    }) = init
    else {
        return false;
    };
    match &**callee {
        Expr::Ident(name) => &*name.sym == "createRequire",
        Expr::Member(member) => member
            .prop
            .as_ident()
            .is_some_and(|name| &*name.sym == "createRequire"),
        _ => false,
    }
}

/// Every identifier that a pattern binds, in source order.
pub(crate) fn for_each_ident<'a>(pattern: &'a Pat, f: &mut dyn FnMut(&'a Ident)) {
    match pattern {
        Pat::Ident(ident) => f(&ident.id),
        Pat::Array(array) => array
            .elems
            .iter()
            .flatten()
            .for_each(|p| for_each_ident(p, f)),
        Pat::Rest(rest) => for_each_ident(&rest.arg, f),
        Pat::Object(object) => {
            for prop in &object.props {
                match prop {
                    ObjectPatProp::KeyValue(p) => for_each_ident(&p.value, f),
                    ObjectPatProp::Assign(p) => f(&p.key.id),
                    ObjectPatProp::Rest(p) => for_each_ident(&p.arg, f),
                }
            }
        }
        Pat::Assign(assign) => for_each_ident(&assign.left, f),
        Pat::Invalid(_) | Pat::Expr(_) => {}
    }
}

/// Whether `var` stands somewhere as a word, at the beginning of no text: programs that write programs have many that do.
pub(crate) fn may_declare_var(source: &[u8]) -> bool {
    let in_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$');
    let word = b"var";
    memchr::memmem::find_iter(source, word).any(|at| {
        let before = at.checked_sub(1).map_or(b' ', |before| source[before]);
        let after = source.get(at + word.len()).copied().unwrap_or(b' ');
        !in_name(after) && !in_name(before) && !matches!(before, b'.' | b'"' | b'\'' | b'`')
    })
}

#[cfg(test)]
mod tests {
    use super::may_declare_var;

    #[test]
    fn declarations_with_var_are_seen() {
        for source in [
            "var a",
            "{var a}",
            "f();var[a]=b",
            "for(var{a}of b);",
            "a:var b",
            "/**/var/**/a",
            "a\nvar\nb",
            "variable; 'var'; var a",
        ] {
            assert!(may_declare_var(source.as_bytes()), "{source}");
        }
        for source in [
            "",
            "variable",
            "a.var",
            "'var a'",
            "`var ${a}`",
            "$var",
            "var_",
            "va r",
        ] {
            assert!(!may_declare_var(source.as_bytes()), "{source}");
        }
    }
}
