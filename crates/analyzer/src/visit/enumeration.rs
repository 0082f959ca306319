//! Enums.

use graph_model::{EdgeType, NodeType};
use swc_ecma_ast::*;

use super::name::Meaning;
use super::naming::Context;
use super::text::transparent;
use crate::builder::metadata::push_json_number;
use crate::builder::scope::{BindingKind, Space};
use crate::builder::{Builder, EnumValue, flag};

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
        let name = self.sym(&decl.id.sym);
        let merged = match self.scopes.resolve(Space::Value, name) {
            Some(id) => self.scopes.get(id).node,
            None => node,
        };
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
            self.members.entry((merged, name)).or_insert(member_node);
            members.push(member_node);
        }
        // The next automatic number, while the one before it is known.
        let mut next = Some(0.0);
        for (member, member_node) in decl.members.iter().zip(members) {
            let value = match member.init.as_deref() {
                None => next.map(EnumValue::Number),
                Some(init) => self.enum_constant(init),
            };
            next = match value {
                Some(EnumValue::Number(number)) => Some(number + 1.0),
                _ => None,
            };
            let fragment = self.fragment();
            match &value {
                Some(EnumValue::Number(number)) => {
                    self.m_key("value");
                    push_json_number(&mut self.meta, *number);
                    self.meta.push(',');
                }
                Some(EnumValue::Text(text)) => self.m_str("value", text),
                None => {}
            }
            self.set_meta(member_node, fragment);
            let constant = value.is_some();
            if let Some(value) = value {
                self.enum_values.insert(member_node, value);
            }
            // A constant that reads other members is joined to them all the same.
            if let Some(init) = member.init.as_deref()
                && !(constant && is_closed(init))
            {
                let name = self.node(member_node).name;
                let value = self.value(init, Context::Plain(name));
                let fragment = self.fragment();
                self.value_edge(member_node, value, EdgeType::DerivesFrom, fragment);
            }
        }
        self.scopes.leave();
        self.owner = outer_owner;
        self.container = outer_container;
    }

    /// The value of a constant expression: literals, members of enums, and operators.
    fn enum_constant(&mut self, expr: &'a Expr) -> Option<EnumValue> {
        super::with_stack(|| match transparent(expr) {
            Expr::Lit(Lit::Num(n)) => Some(EnumValue::Number(n.value)),
            Expr::Lit(Lit::Str(s)) => Some(EnumValue::Text(s.value.to_string_lossy().into_owned())),
            Expr::Tpl(tpl) => {
                let mut text = String::new();
                for (i, quasi) in tpl.quasis.iter().enumerate() {
                    text.push_str(&quasi.cooked.as_ref()?.to_string_lossy());
                    if let Some(hole) = tpl.exprs.get(i) {
                        push_text(&mut text, &self.enum_constant(hole)?);
                    }
                }
                Some(EnumValue::Text(text))
            }
            Expr::Ident(ident) => match self.meaning(ident) {
                Meaning::Bound(id) => {
                    let member = self.scopes.get(id).node;
                    self.enum_values.get(&member).cloned()
                }
                _ => None,
            },
            Expr::Member(member) => {
                let Expr::Ident(object) = transparent(&member.obj) else {
                    return None;
                };
                let (name, None) = self.member_key(&member.prop) else {
                    return None;
                };
                let Meaning::Bound(id) = self.meaning(object) else {
                    return None;
                };
                let member = self.members.get(&(self.scopes.get(id).node, name))?;
                self.enum_values.get(member).cloned()
            }
            Expr::Unary(unary) => {
                let EnumValue::Number(value) = self.enum_constant(&unary.arg)? else {
                    return None;
                };
                Some(EnumValue::Number(match unary.op {
                    UnaryOp::Minus => -value,
                    UnaryOp::Plus => value,
                    UnaryOp::Tilde => f64::from(!to_int32(value)),
                    _ => return None,
                }))
            }
            Expr::Bin(bin) => {
                match (
                    self.enum_constant(&bin.left)?,
                    self.enum_constant(&bin.right)?,
                ) {
                    (EnumValue::Number(a), EnumValue::Number(b)) => {
                        arithmetic(bin.op, a, b).map(EnumValue::Number)
                    }
                    (left, right) if bin.op == BinaryOp::Add => {
                        let mut text = String::new();
                        push_text(&mut text, &left);
                        push_text(&mut text, &right);
                        Some(EnumValue::Text(text))
                    }
                    _ => None,
                }
            }
            _ => None,
        })
    }
}

/// Whether a constant expression is made of literals only.
fn is_closed(expr: &Expr) -> bool {
    super::with_stack(|| match transparent(expr) {
        Expr::Lit(_) => true,
        Expr::Tpl(tpl) => tpl.exprs.iter().all(|e| is_closed(e)),
        Expr::Unary(unary) => is_closed(&unary.arg),
        Expr::Bin(bin) => is_closed(&bin.left) && is_closed(&bin.right),
        _ => false,
    })
}

fn push_text(out: &mut String, value: &EnumValue) {
    match value {
        EnumValue::Number(number) => push_json_number(out, *number),
        EnumValue::Text(text) => out.push_str(text),
    }
}

fn arithmetic(op: BinaryOp, a: f64, b: f64) -> Option<f64> {
    let shift = to_int32(b) as u32 & 31;
    Some(match op {
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

/// ToInt32 of ECMAScript.
fn to_int32(value: f64) -> i32 {
    if !value.is_finite() {
        return 0;
    }
    value.trunc().rem_euclid(4_294_967_296.0) as u32 as i32
}
