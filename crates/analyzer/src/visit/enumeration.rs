//! Enums.

use graph_model::{EdgeType, NodeType};
use swc_ecma_ast::*;

use super::literal::{is_literal, literal_json};
use super::naming::Context;
use super::text::transparent;
use crate::builder::metadata::push_json_number;
use crate::builder::scope::{BindingKind, Space};
use crate::builder::{Builder, flag};

impl<'a> Builder<'a> {
    pub(crate) fn enumeration(&mut self, decl: &'a TsEnumDecl) {
        let Some(node) = self.reserved_node(&decl.id) else {
            return;
        };
        self.contain(node);
        let fragment = self.fragment();
        self.m_flag("isConst", decl.is_const);
        self.m_flag("declare", decl.declare);
        self.set_meta(node, fragment);
        self.set_flag(node, flag::SHOWS_EXPORTED);
        let outer_owner = std::mem::replace(&mut self.owner, node);
        let outer_container = std::mem::replace(&mut self.container, node);
        self.scopes.enter();
        let mut members = Vec::with_capacity(decl.members.len());
        for (index, member) in decl.members.iter().enumerate() {
            let name = match &member.id {
                TsEnumMemberId::Ident(ident) => self.sym(&ident.sym),
                TsEnumMemberId::Str(s) => {
                    let text = s.value.to_string_lossy();
                    self.sym(&text)
                }
            };
            let range = self.range(member.span);
            let member_node = self.make(NodeType::EnumMember, name, range);
            let fragment = self.fragment();
            self.m_int("index", index as u32);
            let meta = self.end(fragment);
            self.tree_edge(node, member_node, EdgeType::HasMember, meta);
            self.declare(Space::Value, name, member_node, BindingKind::EnumMember);
            self.members.insert((node, name), member_node);
            members.push(member_node);
        }
        // The next automatic number, while all before it are known.
        let mut next = Some(0.0);
        for (member, member_node) in decl.members.iter().zip(members) {
            let fragment = self.fragment();
            match member.init.as_deref() {
                None => {
                    if let Some(value) = next {
                        self.m_key("value");
                        push_json_number(&mut self.meta, value);
                        self.meta.push(',');
                        next = Some(value + 1.0);
                    }
                    self.set_meta(member_node, fragment);
                }
                Some(init) => {
                    let literal = transparent(init);
                    next = numeric(literal).map(|value| value + 1.0);
                    if let Some(value) = numeric(literal) {
                        self.m_key("value");
                        push_json_number(&mut self.meta, value);
                        self.meta.push(',');
                        self.set_meta(member_node, fragment);
                    } else if is_literal(literal) {
                        let source = |e: &Expr| self.source_of(e).to_owned();
                        if let Some(json) = literal_json(literal, &source, 1024) {
                            self.m_json("value", &json);
                        }
                        self.set_meta(member_node, fragment);
                    } else {
                        let name = self.node(member_node).name;
                        let value = self.value(init, Context::Plain(name));
                        let fragment = self.fragment();
                        self.value_edge(member_node, value, EdgeType::DerivesFrom, fragment);
                    }
                }
            }
        }
        self.scopes.leave();
        self.owner = outer_owner;
        self.container = outer_container;
    }
}

/// The number that a constant expression of literals makes.
fn numeric(expr: &Expr) -> Option<f64> {
    super::with_stack(|| match transparent(expr) {
        Expr::Lit(Lit::Num(n)) => Some(n.value),
        Expr::Unary(unary) => {
            let value = numeric(&unary.arg)?;
            match unary.op {
                UnaryOp::Minus => Some(-value),
                UnaryOp::Plus => Some(value),
                UnaryOp::Tilde => Some(f64::from(!to_int32(value))),
                _ => None,
            }
        }
        Expr::Bin(bin) => {
            let (a, b) = (numeric(&bin.left)?, numeric(&bin.right)?);
            let shift = to_int32(b) as u32 & 31;
            Some(match bin.op {
                BinaryOp::Add => a + b,
                BinaryOp::Sub => a - b,
                BinaryOp::Mul => a * b,
                BinaryOp::Div => a / b,
                BinaryOp::Mod => a % b,
                BinaryOp::Exp => a.powf(b),
                BinaryOp::LShift => f64::from(to_int32(a).wrapping_shl(shift)),
                BinaryOp::RShift => f64::from(to_int32(a) >> shift),
                BinaryOp::ZeroFillRShift => f64::from(to_int32(a) as u32 >> shift),
                BinaryOp::BitOr => f64::from(to_int32(a) | to_int32(b)),
                BinaryOp::BitAnd => f64::from(to_int32(a) & to_int32(b)),
                BinaryOp::BitXor => f64::from(to_int32(a) ^ to_int32(b)),
                _ => return None,
            })
        }
        _ => None,
    })
}

/// ToInt32 of ECMAScript.
fn to_int32(value: f64) -> i32 {
    if !value.is_finite() {
        return 0;
    }
    value.trunc().rem_euclid(4_294_967_296.0) as u32 as i32
}
