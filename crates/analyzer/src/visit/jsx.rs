//! JSX.

use graph_model::{EdgeType, NodeType};
use swc_common::Span;
use swc_ecma_ast::*;

use super::literal::{is_literal, literal_json};
use super::name::Meaning;
use super::naming::Context;
use super::text::transparent;
use crate::builder::metadata::push_json_string;
use crate::builder::{Builder, NO_NODE, NodeIdx, Val};
use graph_model::summary::{CallFact, CallKind, NodeRef, Shape, ShapeRef};

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
        let callee = if component {
            self.rendered(node, &element.opening.name)
        } else {
            ShapeRef::UNKNOWN
        };
        if component {
            let fact = CallFact {
                node: NodeRef(node),
                kind: CallKind::Call,
                callee,
                resolved: false,
            };
            self.facts.calls.push(fact);
        }
        for attribute in &element.opening.attrs {
            self.jsx_attribute(node, attribute);
        }
        self.jsx_children(node, &element.children);
        self.node_value(node)
    }

    pub(crate) fn jsx_fragment(&mut self, fragment: &'a JSXFragment) -> Val {
        let node = self.jsx_node("<>", fragment.span, false, &[]);
        self.jsx_children(node, &fragment.children);
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
        let fragment = self.fragment();
        self.m_str("tag", tag);
        self.m_bool("isComponent", component);
        let props = self.literal_props(attributes);
        if !props.is_empty() {
            self.m_key("props");
            self.meta.push('{');
            self.meta.push_str(&props.join(","));
            self.meta.push_str("},");
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
                }
                value.shape
            }
            JSXElementName::JSXMemberExpr(member) => {
                let (root, shape) = self.jsx_member(member);
                self.uses(node, root, "receiver");
                shape
            }
            JSXElementName::JSXNamespacedName(_) => ShapeRef::UNKNOWN,
        }
    }

    /// The value of the first name of `<a.b.c>`, and the shape of the whole.
    fn jsx_member(&mut self, member: &'a JSXMemberExpr) -> (Val, ShapeRef) {
        let (root, object) = match &member.obj {
            JSXObject::Ident(ident) if &*ident.sym == "this" => {
                let shape = self.shape(Shape::This);
                (Val { shape, ..Val::NONE }, shape)
            }
            JSXObject::Ident(ident) => {
                let value = self.identifier_quietly(ident);
                (value, value.shape)
            }
            JSXObject::JSXMemberExpr(inner) => self.jsx_member(inner),
        };
        let name = self.sym(&member.prop.sym);
        self.note_selected(root, name);
        let shape = self.shape(Shape::Member(object, name));
        (root, shape)
    }

    fn jsx_attribute(&mut self, node: NodeIdx, attribute: &'a JSXAttrOrSpread) {
        match attribute {
            JSXAttrOrSpread::SpreadElement(spread) => {
                let value = self.value(&spread.expr, super::naming::ANONYMOUS);
                self.passes_prop(node, value, "<spread>");
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
            }
        }
    }

    fn jsx_children(&mut self, node: NodeIdx, children: &'a [JSXElementChild]) {
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

fn attribute_name(name: &JSXAttrName) -> String {
    match name {
        JSXAttrName::Ident(name) => name.sym.to_string(),
        JSXAttrName::JSXNamespacedName(name) => format!("{}:{}", name.ns.sym, name.name.sym),
    }
}

fn name_text(name: &JSXElementName) -> String {
    fn member(m: &JSXMemberExpr) -> String {
        let object = match &m.obj {
            JSXObject::Ident(ident) => ident.sym.to_string(),
            JSXObject::JSXMemberExpr(inner) => member(inner),
        };
        format!("{object}.{}", m.prop.sym)
    }
    match name {
        JSXElementName::Ident(ident) => ident.sym.to_string(),
        JSXElementName::JSXMemberExpr(m) => member(m),
        JSXElementName::JSXNamespacedName(n) => format!("{}:{}", n.ns.sym, n.name.sym),
    }
}
