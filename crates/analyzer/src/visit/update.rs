//! `++`, `--` and `delete`.

use graph_model::{EdgeType, NodeType};
use swc_common::Span;
use swc_ecma_ast::*;

use super::text::{expression_text, static_key, transparent};
use crate::builder::{Builder, NO_NODE, Val};
use graph_model::summary::{Shape, ShapeRef};

impl<'a> Builder<'a> {
    pub(crate) fn update(&mut self, update: &'a UpdateExpr) -> Val {
        let target = expression_text(&update.arg);
        let operator = update.op.as_str();
        let text = if update.prefix {
            format!("{operator}{target}")
        } else {
            format!("{target}{operator}")
        };
        let value = self.update_node(&text, operator, update.prefix, &update.arg, update.span);
        let kind = self.sym("number");
        Val {
            shape: self.shape(Shape::Primitive(kind)),
            ..value
        }
    }

    pub(crate) fn delete(&mut self, unary: &'a UnaryExpr) -> Val {
        let text = format!("delete {}", expression_text(&unary.arg));
        self.update_node(&text, "delete", true, &unary.arg, unary.span)
    }

    fn update_node(
        &mut self,
        text: &str,
        operator: &str,
        prefix: bool,
        target: &'a Expr,
        span: Span,
    ) -> Val {
        let name = self.sym(text);
        let range = self.range(span);
        let node = self.add(NodeType::UpdateExpression, name, range);
        let inner = transparent(target);
        let fragment = self.fragment();
        self.m_str("operator", operator);
        self.m_bool("prefix", prefix);
        let mut computed = false;
        match inner {
            Expr::Ident(ident) => {
                self.m_str("targetType", "IDENTIFIER");
                self.m_str("variableName", &ident.sym);
            }
            _ => {
                self.m_str("targetType", "MEMBER_EXPRESSION");
                let member = match inner {
                    Expr::Member(member) => Some(member),
                    Expr::OptChain(chain) => match &*chain.base {
                        OptChainBase::Member(member) => Some(member),
                        OptChainBase::Call(_) => None,
                    },
                    _ => None,
                };
                if let Some(member) = member {
                    self.m_str("objectName", &expression_text(&member.obj));
                    match &member.prop {
                        MemberProp::Ident(name) => self.m_str("propertyName", &name.sym),
                        MemberProp::PrivateName(name) => {
                            self.m_str("propertyName", &format!("#{}", name.name))
                        }
                        MemberProp::Computed(key) => match static_key(&key.expr) {
                            Some(key) => self.m_str("propertyName", &key),
                            None => {
                                computed = true;
                                self.m_str("propertyName", "<computed>");
                                if let Expr::Ident(key) = &*key.expr {
                                    self.m_str("computedPropertyVar", &key.sym);
                                }
                            }
                        },
                    }
                }
            }
        }
        self.set_meta(node, fragment);

        let place = self.place(target);
        let place_node = if place.setter == NO_NODE {
            place.node
        } else {
            place.setter
        };
        let fragment = self.fragment();
        let mutation = match (operator, computed, place.mutation) {
            ("delete", ..) => Some("delete"),
            (_, true, _) => Some("computed"),
            (_, _, mutation) => mutation,
        };
        if let Some(mutation) = mutation {
            self.m_str("mutationType", mutation);
        }
        if let Some(&last) = place.path.last() {
            self.m_sym("propertyName", last);
        }
        self.edge_with(node, place_node, EdgeType::Modifies, fragment);
        if operator != "delete" {
            let fragment = self.fragment();
            self.m_path("propertyPath", &place.path);
            self.edge_with(node, place_node, EdgeType::DerivesFrom, fragment);
        }
        Val::new(node, ShapeRef::UNKNOWN)
    }
}
