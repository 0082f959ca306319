//! LITERAL nodes, and literal trees as JSON.

use graph_model::NodeType;
use smallvec::{SmallVec, smallvec};
use swc_common::Spanned;
use swc_ecma_ast::*;

use super::text::{template_text, transparent};
use crate::builder::metadata::{cut, push_json_number, push_json_string};
use crate::builder::{Builder, Val};
use graph_model::summary::{Shape, ShapeRef};

/// The name column of a literal is cut to so many UTF-16 units.
const MAX_NAME_UNITS: usize = 64;
/// The value in the metadata is cut to so many UTF-16 units.
const MAX_VALUE_UNITS: usize = 1024;

impl<'a> Builder<'a> {
    /// A LITERAL for an expression that [`is_literal`].
    pub(crate) fn literal(&mut self, expr: &'a Expr) -> Val {
        let range = self.range(expr.span());
        let source = self
            .source
            .get(range.0 as usize..range.1 as usize)
            .unwrap_or("");
        let fragment = self.node_fragment();
        let (kind, name) = match expr {
            Expr::Lit(Lit::Str(s)) => self.string_literal(&s.value.to_string_lossy()),
            Expr::Tpl(tpl) => {
                let text = template_text(tpl).unwrap_or_default();
                self.string_literal(&text)
            }
            Expr::Lit(Lit::Num(n)) => {
                self.m_number("value", n.value);
                ("number", self.names.intern(source))
            }
            Expr::Unary(unary) => {
                if let Expr::Lit(Lit::Num(n)) = transparent(&unary.arg) {
                    self.m_number("value", -n.value);
                    ("number", self.names.intern(source))
                } else {
                    self.m_str("value", cut(source, MAX_VALUE_UNITS));
                    ("bigint", self.names.intern(source))
                }
            }
            Expr::Lit(Lit::Bool(b)) => {
                let text = if b.value { "true" } else { "false" };
                self.m_bool("value", b.value);
                ("boolean", self.word(text))
            }
            Expr::Lit(Lit::Null(_)) => {
                self.m_json("value", "null");
                ("null", self.word("null"))
            }
            Expr::Ident(_) => {
                // JSON has no `undefined`; `valueType` says it.
                self.m_json("value", "null");
                ("undefined", self.known.undefined)
            }
            Expr::Lit(Lit::BigInt(_)) => {
                self.m_str("value", cut(source, MAX_VALUE_UNITS));
                ("bigint", self.names.intern(source))
            }
            _ => {
                self.m_str("value", cut(source, MAX_VALUE_UNITS));
                ("regexp", self.names.intern(source))
            }
        };
        self.m_word("valueType", kind);
        if range.1 - range.0 > MAX_VALUE_UNITS as u32 {
            self.m_bool("truncated", true);
        }
        let shown = self.names.get(name);
        let shown = cut(shown, MAX_NAME_UNITS);
        let column = if shown.len() == self.names.get(name).len() {
            name
        } else {
            let shown = shown.to_owned();
            self.sym(&shown)
        };
        let node = self.add(NodeType::Literal, name, range);
        self.nodes[node as usize].name = column;
        self.set_meta(node, fragment);
        let kind = self.word(kind);
        let shape = self.shape(Shape::Primitive(kind));
        Val::new(node, shape)
    }

    fn string_literal(&mut self, text: &str) -> (&'static str, graph_model::summary::Sym) {
        self.m_str("value", cut(text, MAX_VALUE_UNITS));
        self.scratch.clear();
        self.scratch.push('\'');
        self.scratch.push_str(text);
        self.scratch.push('\'');
        ("string", self.names.intern(&self.scratch))
    }

    /// A member whose value is that of a literal tree, if its JSON has at most `limit` bytes.
    pub(crate) fn m_literal(&mut self, key: &'static str, expr: &'a Expr, limit: usize) {
        match transparent(expr) {
            Expr::Lit(Lit::Num(number)) => self.m_number(key, number.value),
            Expr::Lit(Lit::Bool(b)) => self.m_bool(key, b.value),
            Expr::Lit(Lit::Str(text)) if is_short(text, limit) => {
                self.m_str(key, &text.value.to_string_lossy());
            }
            _ => {
                let source = |e: &Expr| self.source_of(e).to_owned();
                if let Some(json) = literal_json(expr, &source, limit) {
                    self.m_json(key, &json);
                }
            }
        }
    }

    /// A literal that gets no node: only its shape.
    pub(crate) fn literal_shape(&mut self, expr: &'a Expr) -> ShapeRef {
        let kind = match expr {
            Expr::Lit(Lit::Str(_)) | Expr::Tpl(_) => "string",
            Expr::Lit(Lit::Num(_)) | Expr::Unary(_) => "number",
            Expr::Lit(Lit::Bool(_)) => "boolean",
            Expr::Lit(Lit::Regex(_)) => "regexp",
            Expr::Lit(Lit::BigInt(_)) => "bigint",
            Expr::Lit(Lit::Null(_)) => "null",
            _ => "undefined",
        };
        let kind = self.word(kind);
        self.shape(Shape::Primitive(kind))
    }
}

/// Whether the expression is one LITERAL: a literal, a negative number, a
/// template without holes. (`undefined` depends on the scope.)
pub(crate) fn is_literal(expr: &Expr) -> bool {
    match expr {
        Expr::Lit(Lit::JSXText(_)) => false,
        Expr::Lit(_) => true,
        Expr::Tpl(tpl) => tpl.exprs.is_empty(),
        Expr::Unary(unary) => {
            unary.op == UnaryOp::Minus
                && matches!(
                    transparent(&unary.arg),
                    Expr::Lit(Lit::Num(_) | Lit::BigInt(_))
                )
        }
        _ => false,
    }
}

/// Whether the JSON of a text has at most `limit` bytes, however many each of its own has when it is escaped.
pub(crate) fn is_short(text: &Str, limit: usize) -> bool {
    text.value.len() <= limit / 8
}

/// Whether the expression is a literal or an array or object of literal trees.
pub(crate) fn is_literal_tree(expr: &Expr) -> bool {
    literal_entries(expr).is_some()
}

/// Number of entries of a literal tree; `None` for any other expression.
pub(crate) fn literal_entries(expr: &Expr) -> Option<usize> {
    if is_literal(transparent(expr)) && !matches!(expr, Expr::Await(_)) {
        return Some(0);
    }
    // An explicit stack: data files nest deeply.
    let mut stack: SmallVec<[&Expr; 16]> = smallvec![expr];
    let mut entries = 0;
    while let Some(expr) = stack.pop() {
        let expr = match expr {
            Expr::Await(_) => return None,
            expr => transparent(expr),
        };
        match expr {
            Expr::Array(array) => {
                entries += array.elems.len();
                for element in &array.elems {
                    let element = element.as_ref()?;
                    if element.spread.is_some() {
                        return None;
                    }
                    stack.push(&element.expr);
                }
            }
            Expr::Object(object) => {
                entries += object.props.len();
                for prop in &object.props {
                    let PropOrSpread::Prop(prop) = prop else {
                        return None;
                    };
                    let Prop::KeyValue(prop) = &**prop else {
                        return None;
                    };
                    if matches!(prop.key, PropName::Computed(_)) {
                        return None;
                    }
                    stack.push(&prop.value);
                }
            }
            expr if is_literal(expr) => {}
            _ => return None,
        }
    }
    Some(entries)
}

/// Whether an array holds literals only.
pub(crate) fn is_primitive_array(array: &ArrayLit) -> bool {
    !array.elems.is_empty()
        && array.elems.iter().all(|element| {
            element
                .as_ref()
                .is_some_and(|e| e.spread.is_none() && is_literal(transparent(&e.expr)))
        })
}

/// The JSON of a literal tree, if it has at most `limit` bytes.
pub(crate) fn literal_json(
    expr: &Expr,
    source: &dyn Fn(&Expr) -> String,
    limit: usize,
) -> Option<String> {
    let mut out = String::with_capacity(32);
    push_literal_json(&mut out, expr, source, limit).then_some(out)
}

fn push_literal_json(
    out: &mut String,
    expr: &Expr,
    source: &dyn Fn(&Expr) -> String,
    limit: usize,
) -> bool {
    if out.len() > limit {
        return false;
    }
    super::with_stack(|| {
        match transparent(expr) {
            Expr::Lit(Lit::Str(s)) => push_json_string(out, &s.value.to_string_lossy()),
            Expr::Lit(Lit::Num(n)) => push_json_number(out, n.value),
            Expr::Lit(Lit::Bool(b)) => out.push_str(if b.value { "true" } else { "false" }),
            Expr::Lit(Lit::Null(_)) => out.push_str("null"),
            Expr::Tpl(tpl) => push_json_string(out, &template_text(tpl).unwrap_or_default()),
            Expr::Unary(unary) => match transparent(&unary.arg) {
                Expr::Lit(Lit::Num(n)) => push_json_number(out, -n.value),
                _ => push_json_string(out, &source(expr)),
            },
            Expr::Array(array) => {
                out.push('[');
                for (i, element) in array.elems.iter().flatten().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    if !push_literal_json(out, &element.expr, source, limit) {
                        return false;
                    }
                }
                out.push(']');
            }
            Expr::Object(object) => {
                out.push('{');
                let mut first = true;
                for prop in &object.props {
                    let PropOrSpread::Prop(prop) = prop else {
                        continue;
                    };
                    let Prop::KeyValue(prop) = &**prop else {
                        continue;
                    };
                    if !first {
                        out.push(',');
                    }
                    first = false;
                    push_json_string(
                        out,
                        &super::object::property_key(&prop.key).unwrap_or_default(),
                    );
                    out.push(':');
                    if !push_literal_json(out, &prop.value, source, limit) {
                        return false;
                    }
                }
                out.push('}');
            }
            other => push_json_string(out, &source(other)),
        }
        out.len() <= limit
    })
}
