//! Names of what has none: context names of functions, classes and literals.

use std::borrow::Cow;

use swc_ecma_ast::*;

use super::text::{last_name, transparent};
use crate::builder::Builder;
use crate::builder::metadata::cut;
use graph_model::summary::Sym;

/// What a function, class or literal would be called by its position.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Context<'a> {
    /// Initialiser, default or assigned value of a binding.
    Binding(Sym),
    /// Value of a property, field, member or export.
    Plain(Sym),
    /// A fixed name such as `<return>`.
    Fixed(&'static str),
    /// Argument of a call.
    Argument {
        /// What is called; `None` for `super`.
        callee: Option<&'a Expr>,
        /// The first argument, whose text tells calls of one callee apart.
        first: Option<&'a Expr>,
    },
    /// Value of a JSX attribute.
    Attribute(Sym),
}

/// The most general context.
pub(crate) const ANONYMOUS: Context<'static> = Context::Fixed("<anonymous>");

/// So much of a string argument is part of a context name, in UTF-16 units.
const MAX_ARGUMENT_UNITS: usize = 40;

impl<'a> Builder<'a> {
    /// The name, and whether it is plain: a name that a person wrote for this value.
    pub(crate) fn context_name(&mut self, context: Context<'a>) -> (Sym, bool) {
        match context {
            Context::Binding(name) | Context::Plain(name) => (name, true),
            Context::Fixed(name) => (self.word(name), false),
            Context::Attribute(name) => {
                let text = ["<", self.names.get(name), ">"].concat();
                (self.sym(&text), false)
            }
            Context::Argument { callee, first } => {
                let mut text = std::mem::take(&mut self.scratch);
                text.clear();
                text.push('<');
                match callee {
                    Some(callee) => text.push_str(&last_name(callee)),
                    None => text.push_str("super"),
                }
                if let Some(string) = first.and_then(string_argument) {
                    text.push(':');
                    text.push_str(cut(&string, MAX_ARGUMENT_UNITS));
                }
                text.push('>');
                let name = self.sym(&text);
                self.scratch = text;
                (name, false)
            }
        }
    }

    /// Name of an object or array literal; whether the literal owns what is inside it.
    pub(crate) fn literal_name(&mut self, base: &'static str, context: Context<'a>) -> (Sym, bool) {
        match context {
            Context::Binding(name) | Context::Plain(name) => {
                let mut text = std::mem::take(&mut self.scratch);
                text.clear();
                text.push_str(base);
                text.push(':');
                text.push_str(self.names.get(name));
                let name = self.sym(&text);
                self.scratch = text;
                (name, true)
            }
            _ => (self.word(base), false),
        }
    }
}

fn string_argument(expr: &Expr) -> Option<Cow<'_, str>> {
    match transparent(expr) {
        Expr::Lit(Lit::Str(s)) => Some(s.value.to_string_lossy()),
        _ => None,
    }
}
