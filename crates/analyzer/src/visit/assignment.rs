//! Assignments: values flow into the place that is written.

use graph_model::{EdgeType, NodeType};
use swc_common::Span;
use swc_ecma_ast::*;

use super::name::Meaning;
use super::naming::{ANONYMOUS, Context};
use super::pattern::Leaves;
use super::text::transparent;
use crate::builder::metadata::Meta;
use crate::builder::{Builder, FrameKind, NO_NODE, NodeIdx, Val};
use graph_model::summary::{NodeRef, Shape, ShapeRef, Sym, TypeRef, WriteFact};

/// A place that can be written.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Binding, PROPERTY, or value node of the chain's root; `NO_NODE` where there is none.
    pub(crate) node: NodeIdx,
    /// The part of it that is written.
    pub(crate) path: Vec<Sym>,
    /// `mutationType`.
    pub(crate) mutation: Option<&'static str>,
    /// METHOD of a setter that is called instead.
    pub(crate) setter: NodeIdx,
}

impl Place {
    fn whole(node: NodeIdx) -> Place {
        Place {
            node,
            path: Vec::new(),
            mutation: None,
            setter: NO_NODE,
        }
    }
}

impl<'a> Builder<'a> {
    pub(crate) fn assignment(&mut self, assign: &'a AssignExpr) -> Val {
        match &assign.left {
            AssignTarget::Pat(pattern) => {
                let value = self.value(&assign.right, ANONYMOUS);
                let mut path = Vec::new();
                let leaves = Leaves::Assigned {
                    value,
                    span: assign.span,
                };
                match pattern {
                    AssignTargetPat::Array(array) => self.array_pattern(array, &leaves, &mut path),
                    AssignTargetPat::Object(object) => {
                        self.object_pattern(object, &leaves, &mut path)
                    }
                    AssignTargetPat::Invalid(_) => {}
                }
                value
            }
            AssignTarget::Simple(target) => self.simple_assignment(assign, target),
        }
    }

    fn simple_assignment(&mut self, assign: &'a AssignExpr, target: &'a SimpleAssignTarget) -> Val {
        let plain = assign.op == AssignOp::Assign;
        let gives_right_side = matches!(
            assign.op,
            AssignOp::Assign | AssignOp::NullishAssign | AssignOp::OrAssign | AssignOp::AndAssign
        );
        if gives_right_side && let Some(value) = self.common_js_assignment(assign, target) {
            return value;
        }
        let context = self.target_context(target);
        let doc = self.doc_anchor;
        let object = match target {
            SimpleAssignTarget::Member(member) => self.quiet_shape(&member.obj),
            _ => graph_model::summary::ShapeRef::UNKNOWN,
        };
        let value = self.value(&assign.right, context);
        if let Some(function) = self.facts.functions.last_mut()
            && function.node.0 == value.node
        {
            function.this_shape = object;
        }
        let place = self.target_place(target);
        if let SimpleAssignTarget::Ident(ident) = target {
            self.note_write(&ident.id, value);
        }
        if let SimpleAssignTarget::Member(member) = target {
            self.note_property_write(member, object, value, &place, doc);
        }
        self.write(
            value,
            &place,
            assign.span,
            (!plain).then(|| assign.op.as_str()),
            &[],
            false,
        );
        if plain {
            return value;
        }
        match target {
            SimpleAssignTarget::Ident(ident) => self.identifier(&ident.id),
            SimpleAssignTarget::Member(member) if gives_right_side => {
                let name = self.shape_name(&member.prop);
                let before = match transparent(&member.obj) {
                    Expr::This(_) => self.this_shape(),
                    _ => object,
                };
                let before = self.member_shape(before, name);
                let shape = self.facts.one_of(&[before, value.shape()]);
                Val::new(place.node, shape)
            }
            _ => Val::new(place.node, ShapeRef::UNKNOWN),
        }
    }

    /// A FUNCTION that is assigned to a variable without an initialiser counts as its only value.
    fn note_write(&mut self, ident: &'a Ident, value: Val) {
        let id = match self.meaning(ident) {
            Meaning::Bound(id) => id,
            Meaning::Global(name) if value.shape() != ShapeRef::UNKNOWN => {
                // A property of the global object.
                let global = self.word("globalThis");
                let object = self.shape(Shape::Global(global));
                self.facts.writes.push(WriteFact {
                    object,
                    name,
                    value: value.shape(),
                    node: None,
                    declared: TypeRef::UNKNOWN,
                });
                return;
            }
            _ => return,
        };
        let node = self.scopes.get(id).node;
        if node == NO_NODE
            || !matches!(
                self.node(node).node_type,
                NodeType::Variable | NodeType::Parameter
            )
        {
            return;
        }
        self.variable_fact(node, value.shape(), &[], true);
    }

    /// Notes a value of a property: of the class itself, or of whatever object.
    fn note_property_write(
        &mut self,
        member: &'a MemberExpr,
        object: ShapeRef,
        value: Val,
        place: &Place,
        doc: u32,
    ) {
        let name = self.shape_name(&member.prop);
        let declared = if self.typed {
            TypeRef::UNKNOWN
        } else {
            self.doc_type(doc)
        };
        if matches!(transparent(&member.obj), Expr::This(_)) {
            let frame = &self.frames[self.this_frame()];
            if let Some(class) = frame.class {
                let is_static = frame.is_static;
                if place.node != NO_NODE {
                    let mut shape = value.shape();
                    if declared != TypeRef::UNKNOWN {
                        shape = self.shape(Shape::Cast(shape, declared));
                    }
                    let node = NodeRef(place.node);
                    self.classes[class]
                        .writes
                        .push((name, is_static, node, shape));
                }
                return;
            }
        }
        if object == ShapeRef::UNKNOWN {
            return;
        }
        self.facts.writes.push(WriteFact {
            object,
            name,
            value: value.shape(),
            node: value.exists().then_some(NodeRef(value.node)),
            declared,
        });
    }

    fn target_context(&mut self, target: &'a SimpleAssignTarget) -> Context<'a> {
        match target {
            SimpleAssignTarget::Ident(ident) => Context::Binding(self.atom(&ident.id.sym)),
            SimpleAssignTarget::Member(member) => match self.member_key(&member.prop) {
                (name, None) => Context::Plain(name),
                _ => ANONYMOUS,
            },
            SimpleAssignTarget::SuperProp(SuperPropExpr {
                prop: SuperProp::Ident(name),
                ..
            }) => Context::Plain(self.atom(&name.sym)),
            SimpleAssignTarget::Paren(e) => self.expression_context(&e.expr),
            SimpleAssignTarget::TsAs(e) => self.expression_context(&e.expr),
            SimpleAssignTarget::TsNonNull(e) => self.expression_context(&e.expr),
            SimpleAssignTarget::TsSatisfies(e) => self.expression_context(&e.expr),
            SimpleAssignTarget::TsTypeAssertion(e) => self.expression_context(&e.expr),
            _ => ANONYMOUS,
        }
    }

    fn expression_context(&mut self, target: &'a Expr) -> Context<'a> {
        match transparent(target) {
            Expr::Ident(ident) => Context::Binding(self.atom(&ident.sym)),
            Expr::Member(member) => match self.member_key(&member.prop) {
                (name, None) => Context::Plain(name),
                _ => ANONYMOUS,
            },
            _ => ANONYMOUS,
        }
    }

    fn target_place(&mut self, target: &'a SimpleAssignTarget) -> Place {
        match target {
            SimpleAssignTarget::Ident(ident) => self.name_place(&ident.id),
            SimpleAssignTarget::Member(member) => self.member_place(member),
            SimpleAssignTarget::SuperProp(member) => self.super_place(member),
            SimpleAssignTarget::Paren(e) => self.place(&e.expr),
            SimpleAssignTarget::TsAs(e) => self.place(&e.expr),
            SimpleAssignTarget::TsNonNull(e) => self.place(&e.expr),
            SimpleAssignTarget::TsSatisfies(e) => self.place(&e.expr),
            SimpleAssignTarget::TsTypeAssertion(e) => self.place(&e.expr),
            SimpleAssignTarget::TsInstantiation(e) => self.place(&e.expr),
            SimpleAssignTarget::OptChain(_) | SimpleAssignTarget::Invalid(_) => {
                Place::whole(NO_NODE)
            }
        }
    }

    /// The place that an expression names when it is written.
    pub(crate) fn place(&mut self, target: &'a Expr) -> Place {
        match transparent(target) {
            Expr::Ident(ident) => self.name_place(ident),
            Expr::Member(member) => self.member_place(member),
            Expr::SuperProp(member) => self.super_place(member),
            Expr::OptChain(chain) => match &*chain.base {
                OptChainBase::Member(member) => self.member_place(member),
                OptChainBase::Call(_) => Place::whole(self.value(target, ANONYMOUS).node),
            },
            _ => Place::whole(self.value(target, ANONYMOUS).node),
        }
    }

    pub(super) fn name_place(&mut self, ident: &'a Ident) -> Place {
        match self.meaning(ident) {
            Meaning::Bound(id) => {
                self.mark_reassigned(id);
                Place::whole(self.bound_value(id, true).node)
            }
            // `exports = …` changes the name only; what is exported has its EXPORT.
            Meaning::Global(name) if name == self.known.exports => Place::whole(NO_NODE),
            Meaning::Global(name) => Place::whole(self.global(name)),
            Meaning::Hidden => Place::whole(NO_NODE),
        }
    }

    fn super_place(&mut self, member: &'a SuperPropExpr) -> Place {
        match &member.prop {
            SuperProp::Ident(name) => {
                let name = self.atom(&name.sym);
                self.this_place(name, member.span)
            }
            SuperProp::Computed(key) => {
                let value = self.operand(&key.expr);
                self.container_uses(value, "key");
                Place::whole(NO_NODE)
            }
        }
    }

    fn member_place(&mut self, member: &'a MemberExpr) -> Place {
        let (name, key) = self.member_key(&member.prop);
        if matches!(transparent(&member.obj), Expr::This(_)) && key.is_none() {
            return self.this_place(name, member.span);
        }
        let mut path = Vec::new();
        let node = self.chain_root(&member.obj, &mut path);
        if let Some(key) = key {
            let value = self.operand(key);
            self.container_uses(value, "key");
        }
        path.push(name);
        let prototype = path.len() == 2 && self.names.get(path[0]) == "prototype";
        let mutation = match (prototype, key) {
            (true, _) => "prototype",
            (false, Some(_)) => "computed",
            (false, None) => "property",
        };
        Place {
            node,
            path,
            mutation: Some(mutation),
            setter: NO_NODE,
        }
    }

    /// `this.name` as a target: a member of the class, or a part of the implicit parameter.
    fn this_place(&mut self, name: Sym, span: Span) -> Place {
        let index = self.this_frame();
        let frame = &self.frames[index];
        let Some(class) = frame.class else {
            let node = match frame.kind {
                FrameKind::Function => self.implicit_parameter(false, this_span(span)),
                _ => NO_NODE,
            };
            return Place {
                node,
                path: vec![name],
                mutation: Some("property"),
                setter: NO_NODE,
            };
        };
        let is_static = frame.is_static;
        if let Some(member) = self.classes[class].members.get(&(name, is_static)).copied() {
            let node = if member.setter == NO_NODE {
                member.write
            } else {
                NO_NODE
            };
            return Place {
                node,
                path: Vec::new(),
                mutation: Some("property"),
                setter: member.setter,
            };
        }
        let property = self.implicit_property(class, name, is_static, span);
        Place {
            node: property,
            path: Vec::new(),
            mutation: Some("property"),
            setter: NO_NODE,
        }
    }

    /// Root of a chain of members; the steps from it are appended to `path`.
    fn chain_root(&mut self, expr: &'a Expr, path: &mut Vec<Sym>) -> NodeIdx {
        super::with_stack(|| match transparent(expr) {
            Expr::Member(member) => {
                if self.is_module_exports(member) {
                    return Self::MODULE;
                }
                let (name, key) = self.member_key(&member.prop);
                if matches!(transparent(&member.obj), Expr::This(_))
                    && key.is_none()
                    && let Some(found) = self.this_member_or_assigned(name)
                    && found.read != NO_NODE
                {
                    return found.read;
                }
                let node = self.chain_root(&member.obj, path);
                if let Some(key) = key {
                    let value = self.operand(key);
                    self.container_uses(value, "key");
                }
                path.push(name);
                node
            }
            root => self.value(root, ANONYMOUS).node,
        })
    }

    /// An edge to the PARAMETER of a setter, which may not have been visited.
    pub(crate) fn writes_through_setter(
        &mut self,
        src: NodeIdx,
        setter: NodeIdx,
        edge: EdgeType,
        meta: Meta,
    ) {
        let frame = &self.frames[self.this_frame()];
        if let Some(class) = frame.class {
            self.classes[class]
                .pending_writes
                .push((src, setter, edge, meta));
        }
    }

    /// `FLOWS_INTO` a place.
    pub(crate) fn write(
        &mut self,
        value: Val,
        place: &Place,
        span: Span,
        operator: Option<&'static str>,
        source_path: &[Sym],
        spread: bool,
    ) {
        if !value.exists() {
            return;
        }
        let fragment = self.fragment();
        self.m_position(self.lines.position(self.offset(span.lo)));
        if let Some(operator) = operator {
            self.m_word("operator", operator);
        }
        self.m_path("propertyPath", &place.path);
        if let Some(&last) = place.path.last() {
            self.m_sym("propertyName", last);
        }
        self.m_path("sourcePath", source_path);
        if let Some(mutation) = place.mutation {
            self.m_word("mutationType", mutation);
        }
        self.m_flag("isSpread", spread);
        if place.setter != NO_NODE {
            self.m_flag("isAwaited", value.is_awaited());
            let meta = self.end(fragment);
            self.writes_through_setter(value.node, place.setter, EdgeType::FlowsInto, meta);
            return;
        }
        self.value_edge_to(value, place.node, EdgeType::FlowsInto, fragment);
    }
}

/// The `this` (or `super`) at the start of a member's span.
fn this_span(span: Span) -> Span {
    Span::new(span.lo, span.lo + swc_common::BytePos(4))
}
