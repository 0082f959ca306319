//! The text of an expression as names and `object` show it: `a.b().c`.

use std::borrow::Cow;

use swc_ecma_ast::*;

/// Longer texts are shown as `<chain>`, in UTF-16 units.
const MAX_UNITS: usize = 80;
/// Every link adds at least two characters, so a deeper chain is too long anyway.
const MAX_LINKS: usize = MAX_UNITS / 2;

/// The text of `expr`, or `<chain>` when it is too long.
pub(crate) fn expression_text(expr: &Expr) -> String {
    let mut out = String::with_capacity(24);
    write_text(&mut out, expr);
    out
}

/// Replaces the content of `out` by the text of `expr`.
pub(crate) fn write_text(out: &mut String, expr: &Expr) {
    out.clear();
    let fits = push_expr(out, expr, 0);
    limit(out, fits);
}

/// Replaces the content of `out` by the text of a member and gives back how much
/// of it is the object's; `None` where that alone is too long. The whole may be
/// too long too: see [`shown`].
pub(crate) fn write_member(out: &mut String, object: &Expr, prop: &MemberProp) -> Option<usize> {
    out.clear();
    if !push_expr(out, object, 1) || too_long(out) {
        return None;
    }
    let length = out.len();
    push_member(out, prop);
    Some(length)
}

/// The text itself, or `<chain>` when it is too long.
pub(crate) fn shown(text: &str) -> &str {
    if too_long(text) { "<chain>" } else { text }
}

/// Whether a text has more than the units that are shown.
pub(crate) fn too_long(text: &str) -> bool {
    text.len() > MAX_UNITS && text.chars().map(char::len_utf16).sum::<usize>() > MAX_UNITS
}

fn limit(out: &mut String, fits: bool) {
    if !fits || too_long(out) {
        out.clear();
        out.push_str("<chain>");
    }
}

/// The text of a `super.p`.
pub(crate) fn super_text(member: &SuperPropExpr) -> String {
    let mut out = String::from("super");
    push_super(&mut out, &member.prop);
    finish(true, out)
}

fn finish(fits: bool, mut out: String) -> String {
    limit(&mut out, fits);
    out
}

/// Whether the text still has room.
fn push_expr(out: &mut String, expr: &Expr, links: usize) -> bool {
    if links > MAX_LINKS {
        return false;
    }
    let text = match expr {
        Expr::Ident(ident) => {
            out.push_str(&ident.sym);
            return true;
        }
        Expr::Member(member) => {
            return push_expr(out, &member.obj, links + 1) && push_member(out, &member.prop);
        }
        Expr::OptChain(chain) => {
            return match &*chain.base {
                OptChainBase::Member(member) => {
                    push_expr(out, &member.obj, links + 1) && push_member(out, &member.prop)
                }
                OptChainBase::Call(call) => {
                    let fits = push_expr(out, &call.callee, links + 1);
                    out.push_str("()");
                    fits
                }
            };
        }
        Expr::Call(call) => {
            return match &call.callee {
                Callee::Expr(callee) => {
                    if is_function(callee) {
                        out.push_str("<iife>()");
                        return true;
                    }
                    let fits = push_expr(out, callee, links + 1);
                    out.push_str("()");
                    fits
                }
                Callee::Super(_) => {
                    out.push_str("super()");
                    true
                }
                _ => {
                    out.push_str("import()");
                    true
                }
            };
        }
        Expr::TaggedTpl(tagged) => {
            let fits = push_expr(out, &tagged.tag, links + 1);
            out.push_str("()");
            return fits;
        }
        Expr::New(new) => {
            out.push_str("new ");
            let fits = push_expr(out, &new.callee, links + 1);
            out.push_str("()");
            return fits;
        }
        Expr::SuperProp(member) => {
            out.push_str("super");
            push_super(out, &member.prop);
            return true;
        }
        Expr::Paren(e) => return push_expr(out, &e.expr, links),
        Expr::TsAs(e) => return push_expr(out, &e.expr, links),
        Expr::TsTypeAssertion(e) => return push_expr(out, &e.expr, links),
        Expr::TsNonNull(e) => return push_expr(out, &e.expr, links),
        Expr::TsSatisfies(e) => return push_expr(out, &e.expr, links),
        Expr::TsConstAssertion(e) => return push_expr(out, &e.expr, links),
        Expr::TsInstantiation(e) => return push_expr(out, &e.expr, links),
        Expr::Await(e) => return push_expr(out, &e.arg, links),
        Expr::This(_) => "this",
        Expr::MetaProp(meta) => match meta.kind {
            MetaPropKind::ImportMeta => "import.meta",
            _ => "new.target",
        },
        Expr::Lit(lit) => match lit {
            Lit::Str(_) => "<string>",
            Lit::Num(_) | Lit::BigInt(_) => "<number>",
            Lit::Regex(_) => "<regexp>",
            _ => "<expr>",
        },
        Expr::Tpl(_) => "<template>",
        Expr::Array(_) => "<array>",
        Expr::Object(_) => "<object>",
        Expr::Fn(_) | Expr::Arrow(_) => "<iife>",
        _ => "<expr>",
    };
    out.push_str(text);
    true
}

fn push_member(out: &mut String, prop: &MemberProp) -> bool {
    match prop {
        MemberProp::Ident(name) => {
            out.push('.');
            out.push_str(&name.sym);
        }
        MemberProp::PrivateName(name) => {
            out.push_str(".#");
            out.push_str(&name.name);
        }
        MemberProp::Computed(computed) => push_computed(out, &computed.expr),
    }
    out.len() <= MAX_UNITS * 3
}

fn push_super(out: &mut String, prop: &SuperProp) {
    match prop {
        SuperProp::Ident(name) => {
            out.push('.');
            out.push_str(&name.sym);
        }
        SuperProp::Computed(computed) => push_computed(out, &computed.expr),
    }
}

fn push_computed(out: &mut String, key: &Expr) {
    out.push('.');
    match static_key(key) {
        Some(key) => out.push_str(&key),
        None => out.push_str("<computed>"),
    }
}

/// The property that a computed key surely names: `o['p']`, `o[0]`.
pub(crate) fn static_key(key: &Expr) -> Option<Cow<'_, str>> {
    match transparent(key) {
        Expr::Lit(Lit::Str(s)) => Some(s.value.to_string_lossy()),
        Expr::Lit(Lit::Num(n)) => Some(Cow::Owned(number_text(n.value))),
        Expr::Tpl(tpl) if tpl.exprs.is_empty() => template_text(tpl),
        _ => None,
    }
}

/// The text of a template without holes.
pub(crate) fn template_text(tpl: &Tpl) -> Option<Cow<'_, str>> {
    let quasi = tpl.quasis.first()?;
    Some(match &quasi.cooked {
        Some(cooked) => cooked.to_string_lossy(),
        None => Cow::Borrowed(quasi.raw.as_str()),
    })
}

/// A number as JavaScript shows it as a property name.
pub(crate) fn number_text(value: f64) -> String {
    if value == 0.0 {
        "0".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else {
        format!("{value}")
    }
}

/// The expression inside parentheses, casts and `await`.
pub(crate) fn transparent(mut expr: &Expr) -> &Expr {
    loop {
        expr = match expr {
            Expr::Paren(e) => &e.expr,
            Expr::TsAs(e) => &e.expr,
            Expr::TsTypeAssertion(e) => &e.expr,
            Expr::TsNonNull(e) => &e.expr,
            Expr::TsSatisfies(e) => &e.expr,
            Expr::TsConstAssertion(e) => &e.expr,
            Expr::TsInstantiation(e) => &e.expr,
            Expr::Await(e) => &e.arg,
            _ => return expr,
        }
    }
}

/// The expression inside parentheses and casts, `await` kept.
pub(crate) fn without_wrappers(mut expr: &Expr) -> &Expr {
    loop {
        expr = match expr {
            Expr::Paren(e) => &e.expr,
            Expr::TsAs(e) => &e.expr,
            Expr::TsNonNull(e) => &e.expr,
            Expr::TsInstantiation(e) => &e.expr,
            _ => return expr,
        }
    }
}

/// Whether the expression is a function or arrow, in parentheses or not.
pub(crate) fn is_function(expr: &Expr) -> bool {
    matches!(transparent(expr), Expr::Fn(_) | Expr::Arrow(_))
}

/// The last name of a callee: `it` of `it()`, `get` of `app.get()`.
pub(crate) fn last_name(mut callee: &Expr) -> Cow<'_, str> {
    loop {
        return match transparent(callee) {
            Expr::Ident(ident) => Cow::Borrowed(ident.sym.as_str()),
            Expr::Member(member) => member_name(&member.prop),
            Expr::SuperProp(member) => match &member.prop {
                SuperProp::Ident(name) => Cow::Borrowed(name.sym.as_str()),
                _ => Cow::Borrowed("computed"),
            },
            Expr::OptChain(chain) => match &*chain.base {
                OptChainBase::Member(member) => member_name(&member.prop),
                OptChainBase::Call(call) => {
                    callee = &call.callee;
                    continue;
                }
            },
            Expr::Call(call) => match &call.callee {
                Callee::Expr(inner) => {
                    callee = inner;
                    continue;
                }
                Callee::Super(_) => Cow::Borrowed("super"),
                _ => Cow::Borrowed("import"),
            },
            Expr::This(_) => Cow::Borrowed("this"),
            Expr::MetaProp(meta) => match meta.kind {
                MetaPropKind::NewTarget => Cow::Borrowed("target"),
                MetaPropKind::ImportMeta => Cow::Borrowed("meta"),
            },
            Expr::TaggedTpl(tagged) => {
                callee = &tagged.tag;
                continue;
            }
            Expr::Fn(_) | Expr::Arrow(_) => Cow::Borrowed("iife"),
            _ => Cow::Borrowed("expr"),
        };
    }
}

/// The name of a member: `computed` where it is not static.
pub(crate) fn member_name(prop: &MemberProp) -> Cow<'_, str> {
    match prop {
        MemberProp::Ident(name) => Cow::Borrowed(name.sym.as_str()),
        MemberProp::PrivateName(name) => Cow::Owned(format!("#{}", name.name)),
        MemberProp::Computed(computed) => {
            static_key(&computed.expr).unwrap_or(Cow::Borrowed("computed"))
        }
    }
}
