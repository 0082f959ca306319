//! Fields that are never declared: code of the class assigns to `this.p`.

use std::borrow::Cow;

use graph_model::NodeType;
use rustc_hash::FxHashMap;
use swc_common::Span;
use swc_ecma_ast::*;
use swc_ecma_visit::{Visit, VisitWith as _};

use super::class_members::{FieldMember, MethodMember};
use super::text::{static_key, transparent};
use super::with_stack;
use crate::builder::metadata::NO_META;
use crate::builder::{Builder, Member, NO_NODE, NodeIdx, RawNode};
use graph_model::summary::Sym;

impl Builder<'_> {
    /// The PROPERTY of a field that is only ever assigned.
    pub(super) fn implicit_property(
        &mut self,
        class: usize,
        name: Sym,
        is_static: bool,
        span: Span,
    ) -> NodeIdx {
        let (start, end) = self.range(span);
        let (class_node, class_name) = (self.classes[class].node, self.classes[class].name);
        let id_name = if is_static {
            let text = format!("static:{}", self.names.get(name));
            self.sym(&text)
        } else {
            name
        };
        let node = self.push_node(RawNode {
            node_type: NodeType::Property,
            flags: 0,
            id_name,
            name,
            owner: class_node,
            start,
            end,
            meta: NO_META,
        });
        let fragment = self.node_fragment();
        self.m_word("propertyKind", "implicit");
        self.m_sym("className", class_name);
        self.m_flag("isStatic", is_static);
        self.m_flag("isPrivate", self.names.get(name).starts_with('#'));
        self.set_meta(node, fragment);
        self.contain_in(class_node, node);
        let context = &mut self.classes[class];
        context.members.insert(
            (name, is_static),
            Member {
                read: node,
                write: node,
                setter: NO_NODE,
            },
        );
        node
    }

    /// The member that `this.name` means, be it one that is only assigned, and further down.
    pub(super) fn this_member_or_assigned(&mut self, name: Sym) -> Option<Member> {
        if let Some(member) = self.this_member(name) {
            return Some(member);
        }
        let frame = &self.frames[self.this_frame()];
        let (class, key) = (frame.class?, (name, frame.is_static));
        if self.classes[class].assigned.is_none() {
            let assigned = self.assigned_fields(self.classes[class].decl);
            self.classes[class].assigned = Some(assigned);
        }
        let span = *self.classes[class].assigned.as_ref()?.get(&key)?;
        self.implicit_property(class, name, key.1, span);
        self.this_member(name)
    }

    /// First place in a class where each `this.p` is assigned, by name and whether it is static.
    fn assigned_fields(&mut self, class: &Class) -> FxHashMap<(Sym, bool), Span> {
        let mut found = Assigned::default();
        for member in &class.body {
            if let Some(method) = MethodMember::of(member) {
                found.is_static = method.is_static;
                method.function.visit_children_with(&mut found);
            } else if let Some(field) = FieldMember::of(member) {
                found.is_static = field.is_static;
                if let Some(value) = field.value {
                    found.visit_expr(value);
                }
            } else if let ClassMember::Constructor(constructor) = member {
                found.is_static = false;
                constructor.visit_children_with(&mut found);
            } else if let ClassMember::StaticBlock(block) = member {
                found.is_static = true;
                block.visit_children_with(&mut found);
            }
        }
        let mut fields = FxHashMap::default();
        for (name, is_static, span) in found.targets {
            fields.entry((self.sym(&name), is_static)).or_insert(span);
        }
        fields
    }
}

/// Collects the targets `this.p` of one class, in source order.
#[derive(Default)]
struct Assigned {
    is_static: bool,
    targets: Vec<(String, bool, Span)>,
}

impl Assigned {
    fn target(&mut self, target: &Expr) {
        if let Expr::Member(member) = transparent(target) {
            self.member(member);
        }
    }

    fn member(&mut self, member: &MemberExpr) {
        if !matches!(transparent(&member.obj), Expr::This(_)) {
            return;
        }
        let name = match &member.prop {
            MemberProp::Ident(name) => Some(name.sym.as_str().to_owned()),
            MemberProp::PrivateName(name) => Some(format!("#{}", name.name)),
            MemberProp::Computed(key) => static_key(&key.expr).map(Cow::into_owned),
        };
        self.targets
            .extend(name.map(|name| (name, self.is_static, member.span)));
    }
}

impl Visit for Assigned {
    fn visit_assign_expr(&mut self, assign: &AssignExpr) {
        match &assign.left {
            AssignTarget::Simple(SimpleAssignTarget::Member(member)) => self.member(member),
            AssignTarget::Simple(SimpleAssignTarget::Paren(inner)) => self.target(&inner.expr),
            AssignTarget::Simple(SimpleAssignTarget::TsAs(inner)) => self.target(&inner.expr),
            AssignTarget::Simple(SimpleAssignTarget::TsNonNull(inner)) => self.target(&inner.expr),
            _ => {}
        }
        assign.visit_children_with(self);
    }

    fn visit_pat(&mut self, pattern: &Pat) {
        if let Pat::Expr(target) = pattern {
            self.target(target);
        }
        with_stack(|| pattern.visit_children_with(self));
    }

    fn visit_update_expr(&mut self, update: &UpdateExpr) {
        self.target(&update.arg);
        update.visit_children_with(self);
    }

    fn visit_expr(&mut self, expr: &Expr) {
        if let Expr::Unary(unary) = expr
            && unary.op == UnaryOp::Delete
        {
            self.target(&unary.arg);
        }
        with_stack(|| expr.visit_children_with(self));
    }

    fn visit_stmt(&mut self, stmt: &Stmt) {
        with_stack(|| stmt.visit_children_with(self));
    }

    // These have a `this` of their own, or none.
    fn visit_function(&mut self, _: &Function) {}
    fn visit_class(&mut self, _: &Class) {}
    fn visit_getter_prop(&mut self, _: &GetterProp) {}
    fn visit_setter_prop(&mut self, _: &SetterProp) {}
    fn visit_ts_type(&mut self, _: &TsType) {}
}
