//! CommonJS: `require`, `exports`, `module.exports`; and `import()`.

use std::borrow::Cow;

use graph_model::{EdgeType, NodeType};
use swc_common::Spanned;
use swc_ecma_ast::*;

use super::module::{ExportParts, ImportParts};
use super::name::Meaning;
use super::naming::Context;
use super::text::{static_key, transparent};
use crate::builder::metadata::cut;
use crate::builder::scope::BindingKind;
use crate::builder::{Builder, NodeIdx, Val};
use graph_model::summary::{ImportForm, ShapeRef, Sym};

impl<'a> Builder<'a> {
    /// Whether a name is `require`, or a `require` made by `createRequire`.
    pub(crate) fn is_require(&mut self, ident: &'a Ident) -> bool {
        if &*ident.sym != "require" && !self.creates_require {
            return false;
        }
        match self.meaning(ident) {
            Meaning::Global(name) => name == self.known.require,
            Meaning::Bound(id) if self.scopes.get(id).kind == BindingKind::Require => {
                let value = self.bound_value(id, false);
                self.container_uses(value, "read");
                true
            }
            _ => false,
        }
    }

    /// `require(e)`, which is a value and no CALL.
    pub(crate) fn require(
        &mut self,
        call: &'a CallExpr,
        awaited: bool,
        context: Context<'a>,
    ) -> Val {
        let local = match context {
            Context::Binding(name) => self.names.get(name).to_owned(),
            _ => "*".to_owned(),
        };
        self.runtime_import(call, "require", ImportForm::Require, &local, awaited)
    }

    /// `import(e)`.
    pub(crate) fn dynamic_import(&mut self, call: &'a CallExpr, awaited: bool) -> Val {
        self.runtime_import(call, "dynamic", ImportForm::Dynamic, "*", awaited)
    }

    fn runtime_import(
        &mut self,
        call: &'a CallExpr,
        kind: &'static str,
        form: ImportForm,
        local: &str,
        awaited: bool,
    ) -> Val {
        let argument = call.args.first();
        let literal = argument
            .filter(|a| a.spread.is_none())
            .and_then(|a| static_key(&a.expr));
        let source = match (&literal, argument) {
            (Some(literal), _) => Cow::Borrowed(&**literal),
            (None, Some(argument)) => static_prefix(&argument.expr),
            (None, None) => Cow::Borrowed("<dynamic>"),
        };
        let function = if form == ImportForm::Require {
            "require"
        } else {
            "import"
        };
        let name = self.sym(&[function, "(", &*source, ")"].concat());
        let range = self.range(call.span);
        let node = self.add(NodeType::Import, name, range);
        let path = match (&literal, argument) {
            (None, Some(argument)) => Some(cut(self.text_of(argument.expr.span()), 120)),
            _ => None,
        };
        self.import_metadata(
            node,
            &ImportParts {
                source: &source,
                literal: literal.is_some(),
                imported: "*",
                local,
                kind,
                form,
                type_only: false,
                dynamic_path: path,
            },
        );
        if literal.is_none()
            && let Some(argument) = argument
        {
            self.effect(&argument.expr);
        }
        for option in call.args.iter().skip(1) {
            let value = self.operand(&option.expr);
            self.container_uses(value, "read");
        }
        let value = self.node_value(node);
        value.with_awaited(awaited)
    }

    /// `module.exports`, unless the module declares `module` itself.
    pub(crate) fn is_module_exports(&mut self, member: &'a MemberExpr) -> bool {
        let Expr::Ident(object) = &*member.obj else {
            return false;
        };
        if &*object.sym != "module" {
            return false;
        }
        let exports = match &member.prop {
            MemberProp::Ident(name) => &*name.sym == "exports",
            MemberProp::Computed(key) => static_key(&key.expr).as_deref() == Some("exports"),
            MemberProp::PrivateName(_) => false,
        };
        exports && matches!(self.meaning(object), Meaning::Global(_))
    }

    /// `exports` or `module.exports`.
    pub(super) fn is_exports(&mut self, expr: &'a Expr) -> bool {
        match transparent(expr) {
            Expr::Ident(ident) => {
                &*ident.sym == "exports" && matches!(self.meaning(ident), Meaning::Global(_))
            }
            Expr::Member(member) => self.is_module_exports(member),
            _ => false,
        }
    }

    /// `exports.x = v` and `module.exports = v`; `None` for any other assignment.
    pub(crate) fn common_js_assignment(
        &mut self,
        assign: &'a AssignExpr,
        target: &'a SimpleAssignTarget,
    ) -> Option<Val> {
        let SimpleAssignTarget::Member(member) = target else {
            return None;
        };
        let range = self.range(assign.span);
        if self.is_module_exports(member) {
            return Some(self.assign_module_exports(&assign.right, range));
        }
        if !self.is_exports(&member.obj) {
            return None;
        }
        let (name, None) = self.member_key(&member.prop) else {
            return None;
        };
        if self.names.get(name) == "__esModule" {
            self.es_module_marker = true;
            self.effect(&assign.right);
            return Some(Val::NONE);
        }
        let value = self.value_or_assigned(&assign.right, Context::Plain(name));
        if !is_void(&assign.right) {
            self.export_value(name, "named", &assign.right, value, range, true);
        }
        Some(value)
    }

    /// The right side of an export; `exports.a = exports.b = v` exports both.
    fn value_or_assigned(&mut self, expr: &'a Expr, context: Context<'a>) -> Val {
        if is_void(expr) {
            return Val::NONE;
        }
        self.value(expr, context)
    }

    fn assign_module_exports(&mut self, right: &'a Expr, range: (u32, u32)) -> Val {
        let is_object = matches!(transparent(right), Expr::Object(_));
        let first_edge = self.edges.len();
        self.list_properties = is_object;
        let exports = self.known.exports;
        let value = self.value(right, Context::Plain(exports));
        self.list_properties = false;
        let equals = self.known.equals;
        self.export_value(equals, "equals", right, value, range, true);
        self.export_compiled(right);
        if is_object {
            for (name, value, range) in std::mem::take(&mut self.listed) {
                let is_getter = value.exists() && self.is_getter(value.node);
                if !is_getter {
                    self.export_property(name, value, range);
                    continue;
                }
                let returned = self.returned_by(value.node, first_edge);
                if returned.is_empty() {
                    self.export_property(name, Val::NONE, range);
                }
                for value in returned {
                    self.export_property(name, value, range);
                }
            }
        }
        value
    }

    pub(super) fn export_property(&mut self, name: Sym, value: Val, range: (u32, u32)) {
        let local = self
            .declared_outside(value, range)
            .map(|name| self.names.get(name).to_owned());
        let parts = ExportParts {
            name,
            kind: "named",
            local: local.as_deref(),
            source: None,
            type_only: false,
            common_js: true,
            range,
        };
        let nodes: &[NodeIdx] = if value.exists() { &[value.node] } else { &[] };
        self.export_nodes(parts, nodes, value.shape());
    }

    /// The name of the declaration that a property's value is.
    fn declared_outside(&self, value: Val, range: (u32, u32)) -> Option<Sym> {
        if !value.exists() || self.is_global(value.node) {
            return None;
        }
        let node = self.node(value.node);
        let declaration = matches!(
            node.node_type,
            NodeType::Variable
                | NodeType::Constant
                | NodeType::Parameter
                | NodeType::Function
                | NodeType::Class
                | NodeType::Import
                | NodeType::Enum
        );
        let inside = range.0 <= node.start && node.end <= range.1;
        (declaration && !inside).then_some(node.name)
    }

    /// Whether a FUNCTION is the getter of an object literal.
    fn is_getter(&self, node: NodeIdx) -> bool {
        let node = self.node(node);
        node.node_type == NodeType::Function
            && node.id_name != node.name
            && self.names.get(node.id_name).strip_prefix("get:") == Some(self.names.get(node.name))
    }

    /// Of a getter, what it returns; `first_edge` is an edge from before its visit.
    pub(super) fn returned_by(&mut self, getter: NodeIdx, first_edge: usize) -> Vec<Val> {
        let nodes: Vec<NodeIdx> = self.edges[first_edge..]
            .iter()
            .filter(|e| e.edge_type == EdgeType::Returns && e.dst == getter)
            .map(|e| e.src)
            .collect();
        nodes
            .into_iter()
            .map(|node| {
                if self.node(node).node_type != NodeType::PropertyAccess {
                    return self.node_value(node);
                }
                // `return a.b` was visited a moment ago.
                let mut accesses = self.facts.accesses.iter().rev();
                let access = accesses.find(|access| access.node.0 == node);
                Val::new(
                    node,
                    access.map_or(ShapeRef::UNKNOWN, |access| access.shape),
                )
            })
            .collect()
    }

    /// `Object.defineProperty(exports, 'x', …)`: the name that it defines.
    pub(crate) fn defined_export(&mut self, call: &'a CallExpr) -> Option<Sym> {
        let Callee::Expr(callee) = &call.callee else {
            return None;
        };
        let Expr::Member(member) = &**callee else {
            return None;
        };
        let (Expr::Ident(object), MemberProp::Ident(method)) = (&*member.obj, &member.prop) else {
            return None;
        };
        if &*object.sym != "Object" || &*method.sym != "defineProperty" || call.args.len() < 3 {
            return None;
        }
        if !self.is_exports(&call.args[0].expr) {
            return None;
        }
        let name = static_key(&call.args[1].expr)?;
        if name == "__esModule" {
            self.es_module_marker = true;
            return None;
        }
        Some(self.sym(&name))
    }

    /// After the arguments of such a call: its EXPORT.
    pub(crate) fn finish_defined_export(
        &mut self,
        name: Sym,
        call: &'a CallExpr,
        first_edge: usize,
    ) {
        let range = self.range(call.span);
        for (key, value, _) in std::mem::take(&mut self.listed) {
            match self.names.get(key) {
                "value" => self.export_property(name, value, range),
                "get" => {
                    for value in self.returned_by(value.node, first_edge) {
                        self.export_property(name, value, range);
                    }
                }
                _ => {}
            }
        }
    }
}

/// `void 0` or `undefined`: a placeholder that compilers write.
fn is_void(expr: &Expr) -> bool {
    match transparent(expr) {
        Expr::Unary(unary) => unary.op == UnaryOp::Void,
        Expr::Ident(ident) => &*ident.sym == "undefined",
        Expr::Assign(assign) => is_void(&assign.right),
        _ => false,
    }
}

/// The part of a computed specifier that is certain.
fn static_prefix(expr: &Expr) -> Cow<'_, str> {
    let mut expr = transparent(expr);
    loop {
        match expr {
            Expr::Bin(bin) if bin.op == BinaryOp::Add => expr = transparent(&bin.left),
            Expr::Lit(Lit::Str(s)) => return s.value.to_string_lossy(),
            Expr::Tpl(tpl) => {
                return match super::text::template_text(tpl) {
                    Some(text) if !text.is_empty() => text,
                    _ => Cow::Borrowed("<dynamic>"),
                };
            }
            _ => return Cow::Borrowed("<dynamic>"),
        }
    }
}
