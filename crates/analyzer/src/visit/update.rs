//! `++`, `--` and `delete`.

use graph_model::{EdgeType, NodeType};
use swc_common::Span;
use swc_ecma_ast::*;

use super::text::{expression_text, transparent};
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
        let kind = self.word("number");
        let shape = self.shape(Shape::Primitive(kind));
        value.with_shape(shape)
    }

    pub(crate) fn delete(&mut self, unary: &'a UnaryExpr) -> Val {
        let text = format!("delete {}", expression_text(&unary.arg));
        self.update_node(&text, "delete", true, &unary.arg, unary.span)
    }

    fn update_node(
        &mut self,
        text: &str,
        operator: &'static str,
        prefix: bool,
        target: &'a Expr,
        span: Span,
    ) -> Val {
        let name = self.sym(text);
        let range = self.range(span);
        let node = self.add(NodeType::UpdateExpression, name, range);
        let inner = transparent(target);
        let fragment = self.node_fragment();
        self.m_word("operator", operator);
        self.m_bool("prefix", prefix);
        let mut computed = false;
        match inner {
            Expr::Ident(ident) => {
                self.m_word("targetType", "IDENTIFIER");
                self.m_str("variableName", &ident.sym);
            }
            _ => {
                self.m_word("targetType", "MEMBER_EXPRESSION");
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
                    let (name, key) = self.member_key(&member.prop);
                    computed = key.is_some();
                    match computed {
                        false => self.m_sym("propertyName", name),
                        true => self.m_str("propertyName", "<computed>"),
                    }
                    self.m_computed_key(key);
                }
            }
        }
        self.set_meta(node, fragment);

        let place = self.place(target);
        let fragment = self.fragment();
        let mutation = match (operator, computed, place.mutation) {
            ("delete", ..) => Some("delete"),
            (_, true, _) => Some("computed"),
            (_, _, mutation) => mutation,
        };
        if let Some(mutation) = mutation {
            self.m_word("mutationType", mutation);
        }
        if let Some(&last) = place.path.last() {
            self.m_sym("propertyName", last);
        }
        if place.setter == NO_NODE {
            self.edge_with(node, place.node, EdgeType::Modifies, fragment);
        } else {
            let meta = self.end(fragment);
            self.writes_through_setter(node, place.setter, EdgeType::Modifies, meta);
        }
        if operator != "delete" {
            let source = match inner {
                Expr::Member(member) if place.setter != NO_NODE => {
                    let (name, _) = self.member_key(&member.prop);
                    self.this_member(name).map_or(NO_NODE, |found| found.read)
                }
                _ => place.node,
            };
            let fragment = self.fragment();
            self.m_path("propertyPath", &place.path);
            self.edge_with(node, source, EdgeType::DerivesFrom, fragment);
        }
        Val::new(node, ShapeRef::UNKNOWN)
    }
}
