//! JSX.

use graph_model::{EdgeType, NodeType};
use swc_common::Span;
use swc_ecma_ast::*;

use super::literal::{is_literal, literal_json};
use super::name::Meaning;
use super::naming::Context;
use super::text::transparent;
use crate::builder::facts::list;
use crate::builder::metadata::push_json_string;
use crate::builder::{Builder, NO_NODE, NodeIdx, PendingCall, Val};
use graph_model::summary::{
    Argument, CallKind, NodeRef, ObjectFact, PropertyFact, PropertyKind, Shape, ShapeRef, Sym,
};

impl<'a> Builder<'a> {
    pub(crate) fn jsx_element(&mut self, element: &'a JSXElement) -> Val {
        let tag = name_text(&element.opening.name);
        let component = match &element.opening.name {
            JSXElementName::Ident(ident) => {
                !ident.sym.starts_with(|c: char| c.is_ascii_lowercase())
            }
            JSXElementName::JSXMemberExpr(_) => true,
            JSXElementName::JSXNamespacedName(_) => false,
        };
        let node = self.jsx_node(&tag, element.span, component, &element.opening.attrs);
        if let Some(arguments) = &element.opening.type_args {
            self.type_arguments_used(arguments);
        }
        let callee = if component {
            self.rendered(node, &element.opening.name)
        } else {
            ShapeRef::UNKNOWN
        };
        if component {
            // What a component gets is an object of its attributes, which is told by the same node.
            let arguments = [Argument {
                node: Some(NodeRef(node)),
                shape: self.shape(Shape::Object(NodeRef(node))),
                spread: false,
            }];
            let arguments = list(&mut self.facts.arguments, &arguments);
            let fact = self.call_fact(node, CallKind::Jsx, callee, arguments);
            self.facts.calls.push(fact);
        }
        let mut props = Vec::new();
        for attribute in &element.opening.attrs {
            self.jsx_attribute(node, attribute, &mut props);
        }
        self.jsx_children(node, &element.children, &mut props);
        if component {
            let properties = list(&mut self.facts.properties, &props);
            self.facts.objects.push(ObjectFact {
                node: NodeRef(node),
                properties,
            });
        }
        self.node_value(node)
    }

    pub(crate) fn jsx_fragment(&mut self, fragment: &'a JSXFragment) -> Val {
        let node = self.jsx_node("<>", fragment.span, false, &[]);
        self.jsx_children(node, &fragment.children, &mut Vec::new());
        self.node_value(node)
    }

    fn jsx_node(
        &mut self,
        tag: &str,
        span: Span,
        component: bool,
        attributes: &'a [JSXAttrOrSpread],
    ) -> NodeIdx {
        let name = self.sym(tag);
        let range = self.range(span);
        let node = self.add(NodeType::JsxElement, name, range);
        let fragment = self.node_fragment();
        self.m_str("tag", tag);
        self.m_bool("isComponent", component);
        let props = self.literal_props(attributes);
        if !props.is_empty() {
            self.m_json("props", &format!("{{{}}}", props.join(",")));
        }
        self.m_flag(
            "hasSpread",
            attributes
                .iter()
                .any(|a| matches!(a, JSXAttrOrSpread::SpreadElement(_))),
        );
        self.set_meta(node, fragment);
        node
    }

    /// Members of the JSON object of literal attributes.
    fn literal_props(&self, attributes: &'a [JSXAttrOrSpread]) -> Vec<String> {
        attributes
            .iter()
            .filter_map(|attribute| {
                let JSXAttrOrSpread::JSXAttr(attribute) = attribute else {
                    return None;
                };
                let mut member = String::new();
                push_json_string(&mut member, &attribute_name(&attribute.name));
                member.push(':');
                match &attribute.value {
                    None => member.push_str("true"),
                    Some(JSXAttrValue::Str(s)) => {
                        push_json_string(&mut member, &s.value.to_string_lossy())
                    }
                    Some(JSXAttrValue::JSXExprContainer(JSXExprContainer {
                        expr: JSXExpr::Expr(expr),
                        ..
                    })) if is_literal(transparent(expr)) => {
                        let source = |e: &Expr| self.source_of(e).to_owned();
                        member.push_str(&literal_json(expr, &source, 1024)?);
                    }
                    Some(_) => return None,
                }
                Some(member)
            })
            .collect()
    }

    /// `RENDERS` a local component, else `USES` what the tag names.
    fn rendered(&mut self, node: NodeIdx, name: &'a JSXElementName) -> ShapeRef {
        match name {
            JSXElementName::Ident(ident) => {
                let meaning = self.meaning(ident);
                let value = self.identifier_quietly(ident);
                if let Meaning::Bound(_) = meaning
                    && value.exists()
                    && matches!(
                        self.node(value.node).node_type,
                        NodeType::Function | NodeType::Class
                    )
                {
                    self.edge(node, value.node, EdgeType::Renders);
                } else {
                    self.uses(node, value, "callee");
                    if let Meaning::Bound(binding) = meaning {
                        self.pending_calls.push(PendingCall {
                            call: node,
                            binding,
                            fact: self.facts.calls.len(),
                            edge: EdgeType::Renders,
                        });
                    }
                }
                value.shape()
            }
            JSXElementName::JSXMemberExpr(member) => {
                let receiver = match &member.obj {
                    JSXObject::Ident(ident) if &*ident.sym == "this" => self.this_receiver(),
                    JSXObject::Ident(ident) => self.identifier_quietly(ident),
                    JSXObject::JSXMemberExpr(inner) => self.jsx_access(inner).0,
                };
                self.uses(node, receiver, "receiver");
                let name = self.atom(&member.prop.sym);
                self.note_selected(receiver, name);
                self.member_shape(receiver.shape(), name)
            }
            JSXElementName::JSXNamespacedName(_) => ShapeRef::UNKNOWN,
        }
    }

    /// The PROPERTY_ACCESS of `a.b` in `<a.b.c>`, and its text.
    fn jsx_access(&mut self, member: &'a JSXMemberExpr) -> (Val, String) {
        super::with_stack(|| self.jsx_access_of(member))
    }

    fn jsx_access_of(&mut self, member: &'a JSXMemberExpr) -> (Val, String) {
        let name = self.atom(&member.prop.sym);
        let range = self.range(member.span);
        let node = self.add(NodeType::PropertyAccess, name, range);
        let (object, object_text) = match &member.obj {
            JSXObject::Ident(ident) if &*ident.sym == "this" => {
                self.reads_this_member(node, name);
                (self.this_receiver(), "this".to_owned())
            }
            JSXObject::Ident(ident) => (self.identifier(ident), ident.sym.as_str().to_owned()),
            JSXObject::JSXMemberExpr(inner) => self.jsx_access(inner),
        };
        let text = match object_text.as_str() {
            "<chain>" => object_text.clone(),
            object => super::text::shown(&format!("{object}.{}", member.prop.sym)).to_owned(),
        };
        self.nodes[node as usize].id_name = self.sym(&text);
        let fragment = self.node_fragment();
        self.m_str("objectName", &object_text);
        self.set_meta(node, fragment);
        let fragment = self.fragment();
        self.m_path("propertyPath", &[name]);
        self.value_edge(node, object, EdgeType::DerivesFrom, fragment);
        self.note_selected(object, name);
        let shape = self.member_shape(object.shape(), name);
        (Val::new(node, shape), text)
    }

    /// `this` as a mere receiver: a shape without a node.
    fn this_receiver(&mut self) -> Val {
        let shape = self.this_shape();
        Val::NONE.with_shape(shape)
    }

    fn jsx_attribute(
        &mut self,
        node: NodeIdx,
        attribute: &'a JSXAttrOrSpread,
        props: &mut Vec<PropertyFact>,
    ) {
        match attribute {
            JSXAttrOrSpread::SpreadElement(spread) => {
                let value = self.value(&spread.expr, super::naming::ANONYMOUS);
                self.passes_prop(node, value, "<spread>");
                props.push(PropertyFact {
                    name: self.known.rest,
                    shape: value.shape(),
                    kind: PropertyKind::Spread,
                });
            }
            JSXAttrOrSpread::JSXAttr(attribute) => {
                let name = attribute_name(&attribute.name);
                let sym = self.sym(&name);
                let context = Context::Attribute(sym);
                let value = match &attribute.value {
                    Some(JSXAttrValue::JSXExprContainer(JSXExprContainer {
                        expr: JSXExpr::Expr(expr),
                        ..
                    })) if !is_literal(transparent(expr)) => self.value(expr, context),
                    Some(JSXAttrValue::JSXElement(element)) => self.jsx_element(element),
                    Some(JSXAttrValue::JSXFragment(fragment)) => self.jsx_fragment(fragment),
                    _ => return,
                };
                self.passes_prop(node, value, &name);
                props.push(prop(sym, value));
            }
        }
    }

    fn jsx_children(
        &mut self,
        node: NodeIdx,
        children: &'a [JSXElementChild],
        props: &mut Vec<PropertyFact>,
    ) {
        for child in children {
            let value = super::with_stack(|| match child {
                JSXElementChild::JSXText(_) => Val::NONE,
                JSXElementChild::JSXExprContainer(container) => match &container.expr {
                    JSXExpr::Expr(expr) => self.value(expr, Context::Fixed("<children>")),
                    JSXExpr::JSXEmptyExpr(_) => Val::NONE,
                },
                JSXElementChild::JSXSpreadChild(spread) => {
                    self.value(&spread.expr, Context::Fixed("<children>"))
                }
                JSXElementChild::JSXElement(element) => self.jsx_element(element),
                JSXElementChild::JSXFragment(fragment) => self.jsx_fragment(fragment),
            });
            self.passes_prop(node, value, "children");
            if value.shape() != ShapeRef::UNKNOWN {
                let name = self.word("children");
                props.push(prop(name, value));
            }
        }
    }

    fn passes_prop(&mut self, node: NodeIdx, value: Val, name: &str) {
        if value.node == NO_NODE {
            return;
        }
        let fragment = self.fragment();
        self.m_str("propName", name);
        self.value_edge(node, value, EdgeType::PassesProp, fragment);
    }
}

fn prop(name: Sym, value: Val) -> PropertyFact {
    PropertyFact {
        name,
        shape: value.shape(),
        kind: PropertyKind::Value,
    }
}

fn attribute_name(name: &JSXAttrName) -> String {
    match name {
        JSXAttrName::Ident(name) => name.sym.as_str().to_owned(),
        JSXAttrName::JSXNamespacedName(name) => format!("{}:{}", name.ns.sym, name.name.sym),
    }
}

fn member_text(mut member: &JSXMemberExpr) -> String {
    let mut names = vec![&*member.prop.sym];
    loop {
        match &member.obj {
            JSXObject::Ident(ident) => {
                names.push(&ident.sym);
                names.reverse();
                return names.join(".");
            }
            JSXObject::JSXMemberExpr(inner) => {
                names.push(&inner.prop.sym);
                member = inner;
            }
        }
    }
}

fn name_text(name: &JSXElementName) -> String {
    match name {
        JSXElementName::Ident(ident) => ident.sym.as_str().to_owned(),
        JSXElementName::JSXMemberExpr(m) => member_text(m),
        JSXElementName::JSXNamespacedName(n) => format!("{}:{}", n.ns.sym, n.name.sym),
    }
}
