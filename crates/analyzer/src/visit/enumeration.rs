//! Enums.

use graph_model::{EdgeType, NodeType};
use swc_ecma_ast::*;

use super::name::Meaning;
use super::naming::Context;
use super::text::transparent;
use crate::builder::scope::{BindingId, BindingKind, Space};
use crate::builder::{Builder, NO_NODE, NodeIdx, flag};
use graph_model::summary::Sym;
use rustc_hash::FxHashMap;

/// The value of a constant member of an enum.
#[derive(Debug, Clone, PartialEq)]
enum EnumValue {
    Number(f64),
    Text(String),
}

/// What is known of the enums of a module.
#[derive(Default)]
pub(crate) struct Enums<'a> {
    /// Enums of the scope that is being entered, whose members have no nodes yet.
    noted: Vec<(&'a TsEnumDecl, NodeIdx)>,
    /// Those whose values are not known yet.
    unknown: FxHashMap<NodeIdx, &'a TsEnumDecl>,
    /// What the name of each ENUM means: the first of its declarations.
    merged: FxHashMap<NodeIdx, NodeIdx>,
    /// Members of all declarations of an enum.
    names: FxHashMap<NodeIdx, Vec<(Sym, BindingId)>>,
    /// Values of members and of constants.
    values: FxHashMap<NodeIdx, EnumValue>,
}

impl<'a> Builder<'a> {
    pub(crate) fn enumeration(&mut self, decl: &'a TsEnumDecl) {
        let Some(node) = self.reserved_node(&decl.id) else {
            return;
        };
        self.contain(node);
        let fragment = self.node_fragment();
        self.m_flag("isConst", decl.is_const);
        self.m_flag("declare", decl.declare);
        self.set_meta(node, fragment);
        self.set_flag(node, flag::SHOWS_EXPORTED);
        let outer_owner = std::mem::replace(&mut self.owner, node);
        let outer_container = std::mem::replace(&mut self.container, node);
        self.scopes.enter();
        self.declare_members(node);
        for (index, member) in decl.members.iter().enumerate() {
            let Some(&member_node) = self.reserved.get(&self.start_of(&member.id)) else {
                continue;
            };
            let fragment = self.fragment();
            self.m_int("index", index as u32);
            let meta = self.end(fragment);
            self.tree_edge(node, member_node, EdgeType::HasMember, meta);
            let value = self.enums.values.get(&member_node).cloned();
            let fragment = self.node_fragment();
            match &value {
                Some(EnumValue::Number(number)) => {
                    self.m_number("value", *number);
                }
                Some(EnumValue::Text(text)) => self.m_str("value", text),
                None => {}
            }
            self.set_meta(member_node, fragment);
            // A constant that reads other members is joined to them all the same.
            if let Some(init) = member.init.as_deref()
                && !(value.is_some() && is_closed(init))
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

    /// Notes an enum whose name was declared.
    pub(super) fn note_enum(&mut self, decl: &'a TsEnumDecl, node: NodeIdx) {
        let name = self.atom(&decl.id.sym);
        let merged = match self.scopes.resolve(Space::Value, name) {
            Some(id) => self.scopes.get(id).node,
            None => node,
        };
        self.enums.merged.insert(node, merged);
        self.enums.noted.push((decl, node));
    }

    /// Makes the members of the enums that a scope declares, and finds their values: a member
    /// may be computed from an enum that is declared later.
    pub(super) fn hoist_enums(&mut self) {
        if self.enums.noted.is_empty() {
            return;
        }
        let noted = std::mem::take(&mut self.enums.noted);
        for &(decl, node) in &noted {
            let merged = self.enums.merged[&node];
            for member in &decl.members {
                let name = match &member.id {
                    TsEnumMemberId::Ident(ident) => self.atom(&ident.sym),
                    TsEnumMemberId::Str(s) => {
                        let text = s.value.to_string_lossy();
                        self.sym(&text)
                    }
                };
                let range = self.range(member.span);
                let member_node =
                    self.in_owner(node, |b| b.make(NodeType::EnumMember, name, range));
                let key = self.start_of(&member.id);
                self.reserved.insert(key, member_node);
                self.members.entry((merged, name)).or_insert(member_node);
                // Bound one scope further in, where it will be visible.
                let id = self.in_scope(|b| {
                    b.declare(Space::Value, name, member_node, BindingKind::EnumMember)
                });
                self.enums.names.entry(merged).or_default().push((name, id));
            }
            self.enums.unknown.insert(node, decl);
        }
        for (_, node) in noted {
            self.enum_values(node);
        }
    }

    /// Members of all declarations of an enum are visible in each of them.
    fn declare_members(&mut self, node: NodeIdx) {
        let merged = self.enums.merged.get(&node);
        let names = merged.and_then(|merged| self.enums.names.get(merged));
        for &(name, id) in names.into_iter().flatten() {
            self.scopes.alias(Space::Value, name, id);
        }
    }

    /// Finds the values of an enum's members, unless it is known or being found.
    fn enum_values(&mut self, node: NodeIdx) {
        let Some(decl) = self.enums.unknown.remove(&node) else {
            return;
        };
        self.scopes.enter();
        self.declare_members(node);
        // The next automatic number, while the one before it is known.
        let mut next = Some(0.0);
        for member in &decl.members {
            let value = match member.init.as_deref() {
                None => next.map(EnumValue::Number),
                Some(init) => self.enum_constant(node, init),
            };
            next = match value {
                Some(EnumValue::Number(number)) => Some(number + 1.0),
                _ => None,
            };
            let member = self.reserved.get(&self.start_of(&member.id)).copied();
            if let (Some(member), Some(value)) = (member, value) {
                self.enums.values.insert(member, value);
            }
        }
        self.scopes.leave();
    }

    /// The value of a member, or of a constant; `within` is the enum that asks.
    fn known_value(&mut self, within: NodeIdx, node: NodeIdx) -> Option<EnumValue> {
        if node == NO_NODE {
            return None;
        }
        let owner = self.node(node).owner;
        if owner != within && self.enums.unknown.contains_key(&owner) {
            // It is computed outside the scope of the one that asks.
            self.scopes.leave();
            self.enum_values(owner);
            self.scopes.enter();
            self.declare_members(within);
        }
        self.enums.values.get(&node).cloned()
    }

    /// Notes the value of a `const`, from which members can be computed.
    pub(super) fn note_constant(&mut self, node: NodeIdx, init: Option<&Expr>) {
        let value = match init {
            Some(Expr::Lit(Lit::Num(n))) => EnumValue::Number(n.value),
            Some(Expr::Lit(Lit::Str(s))) => EnumValue::Text(s.value.to_string_lossy().into_owned()),
            _ => return,
        };
        self.enums.values.insert(node, value);
    }

    /// The value of a constant expression: literals, members of enums, and operators.
    fn enum_constant(&mut self, within: NodeIdx, expr: &'a Expr) -> Option<EnumValue> {
        super::with_stack(|| match transparent(expr) {
            Expr::Lit(Lit::Num(n)) => Some(EnumValue::Number(n.value)),
            Expr::Lit(Lit::Str(s)) => Some(EnumValue::Text(s.value.to_string_lossy().into_owned())),
            Expr::Tpl(tpl) => {
                let mut text = String::new();
                for (i, quasi) in tpl.quasis.iter().enumerate() {
                    text.push_str(&quasi.cooked.as_ref()?.to_string_lossy());
                    if let Some(hole) = tpl.exprs.get(i) {
                        push_text(&mut text, &self.enum_constant(within, hole)?);
                    }
                }
                Some(EnumValue::Text(text))
            }
            Expr::Ident(ident) => match self.meaning(ident) {
                Meaning::Bound(id) => {
                    let member = self.scopes.get(id).node;
                    self.known_value(within, member)
                }
                Meaning::Global(name) => match self.names.get(name) {
                    "Infinity" => Some(EnumValue::Number(f64::INFINITY)),
                    "NaN" => Some(EnumValue::Number(f64::NAN)),
                    _ => None,
                },
                Meaning::Hidden => None,
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
                let &member = self.members.get(&(self.scopes.get(id).node, name))?;
                self.known_value(within, member)
            }
            Expr::Unary(unary) => {
                let EnumValue::Number(value) = self.enum_constant(within, &unary.arg)? else {
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
                    self.enum_constant(within, &bin.left)?,
                    self.enum_constant(within, &bin.right)?,
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
        EnumValue::Number(number) => out.push_str(&super::text::number_text(*number)),
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
