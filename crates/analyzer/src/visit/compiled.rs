//! Exports that compilers write in calls of helpers: `__exportStar(require('x'), exports)` of TypeScript,
//! `__export(exports, { a: () => a })` and `__reExport(…)` of esbuild, `_export` and `_export_star` of swc,
//! `Object.keys(x).forEach(…)` of Babel. And modules that they import so: `__importStar(require('x'))`.
//!
//! A helper is told by its name, which no person gives a function, and by what it is handed.

use graph_model::summary::{Shape, Sym};
use swc_ecma_ast::*;

use super::name::Meaning;
use super::text::{last_name, static_key, transparent};
use crate::builder::{Builder, Listed, NO_NODE, NodeIdx};
use crate::words::Word;

/// What a call exports.
#[derive(Debug, Clone, Copy)]
pub(super) enum CompiledExport {
    /// All of the module that a specifier names.
    Star(Sym),
    /// What the getters in the second argument return; [`NO_NODE`], or the variable that stands for `exports`.
    Getters(NodeIdx),
}

impl<'a> Builder<'a> {
    /// Before a call is visited: what it exports.
    pub(super) fn compiled_export(&mut self, call: &'a CallExpr) -> Option<CompiledExport> {
        if !self.mentioned.have(Word::Exports) {
            return None;
        }
        let Callee::Expr(callee) = &call.callee else {
            return None;
        };
        if let [argument] = &call.args[..] {
            return self.copied_keys(callee, &argument.expr);
        }
        let [first, second, ..] = &call.args[..] else {
            return None;
        };
        match &*last_name(callee) {
            "__exportStar" | "_export_star" if self.is_exports(&second.expr) => {
                self.required(&first.expr).map(CompiledExport::Star)
            }
            "__reExport" if self.stands_for_exports(&first.expr) => {
                self.required(&second.expr).map(CompiledExport::Star)
            }
            "__export" | "_export" if matches!(&*second.expr, Expr::Object(_)) => {
                if self.is_exports(&first.expr) {
                    return Some(CompiledExport::Getters(NO_NODE));
                }
                self.variable(&first.expr).map(CompiledExport::Getters)
            }
            _ => None,
        }
    }

    /// After the arguments of such a call: its EXPORTs. `first_edge` is an edge from before their visit.
    pub(super) fn finish_compiled_export(
        &mut self,
        export: CompiledExport,
        call: &'a CallExpr,
        first_edge: usize,
    ) {
        match export {
            CompiledExport::Star(specifier) => {
                let range = self.range(call.span);
                self.export_star(specifier, false, true, range);
            }
            CompiledExport::Getters(variable) => {
                let mut exports = Vec::new();
                for (name, getter, range) in std::mem::take(&mut self.listed) {
                    let returned = self.returned_by(getter.node, first_edge);
                    exports.extend(returned.into_iter().map(|value| (name, value, range)));
                }
                if variable == NO_NODE {
                    self.export_getters(exports);
                } else {
                    self.compiled_exports.insert(variable, exports);
                }
            }
        }
    }

    /// `module.exports = __toCommonJS(x)`: what `x` was given before are exports.
    pub(super) fn export_compiled(&mut self, right: &'a Expr) {
        if let Expr::Call(call) = transparent(right)
            && let Callee::Expr(callee) = &call.callee
            && let [argument] = &call.args[..]
            && &*last_name(callee) == "__toCommonJS"
            && let Some(variable) = self.variable(&argument.expr)
            && let Some(exports) = self.compiled_exports.get_mut(&variable)
        {
            let exports = std::mem::take(exports);
            self.export_getters(exports);
        }
    }

    fn export_getters(&mut self, exports: Vec<Listed>) {
        for (name, value, range) in exports {
            self.export_property(name, value, range);
        }
    }

    /// `Object.keys(x).forEach(function (key) { … exports … key … })`, where `x` is a module.
    fn copied_keys(&mut self, callee: &'a Expr, copy: &'a Expr) -> Option<CompiledExport> {
        let Expr::Member(each) = callee else {
            return None;
        };
        let Expr::Call(keys) = &*each.obj else {
            return None;
        };
        let (Callee::Expr(of), [module]) = (&keys.callee, &keys.args[..]) else {
            return None;
        };
        let is_copy = matches!(&each.prop, MemberProp::Ident(name) if &*name.sym == "forEach")
            && is_object_keys(of)
            && copies_to_exports(self.source_of(copy), copy);
        if !is_copy {
            return None;
        }
        let variable = self.variable(&module.expr)?;
        let facts = &self.facts;
        let init = facts
            .variables
            .iter()
            .rfind(|fact| fact.node.0 == variable && !fact.reassigned && fact.path.is_empty())?
            .init;
        let Shape::Import(import) = *facts.shape_of(init) else {
            return None;
        };
        let import = self.import_fact(import.0)?;
        import.specifier.map(CompiledExport::Star)
    }

    /// The specifier in `require('x')`, in the helpers of interoperation or not.
    fn required(&mut self, expr: &'a Expr) -> Option<Sym> {
        let Expr::Call(call) = transparent(expr) else {
            return None;
        };
        let (Callee::Expr(callee), Some(argument)) = (&call.callee, call.args.first()) else {
            return None;
        };
        if let Expr::Ident(ident) = &**callee
            && self.is_require(ident)
        {
            let specifier = static_key(&argument.expr)?;
            return Some(self.sym(&specifier));
        }
        is_interop(callee)
            .then(|| self.required(&argument.expr))
            .flatten()
    }

    /// Whether a call gives back the module that its argument requires, as ES modules see it: `__importStar(require('x'))`.
    pub(super) fn is_interop(&mut self, call: &'a CallExpr) -> bool {
        let (Callee::Expr(callee), Some(argument)) = (&call.callee, call.args.first()) else {
            return false;
        };
        matches!(&*argument.expr, Expr::Call(_))
            && is_interop(callee)
            && self.required(&argument.expr).is_some()
    }

    /// `exports`, or a variable whose getters were exported.
    fn stands_for_exports(&mut self, expr: &'a Expr) -> bool {
        if self.is_exports(expr) {
            return true;
        }
        let variable = self.variable(expr);
        variable.is_some_and(|variable| self.compiled_exports.contains_key(&variable))
    }

    /// The node of the variable that a name means.
    fn variable(&mut self, expr: &'a Expr) -> Option<NodeIdx> {
        let Expr::Ident(ident) = expr else {
            return None;
        };
        match self.meaning(ident) {
            Meaning::Bound(id) => Some(self.scopes.get(id).node).filter(|&node| node != NO_NODE),
            _ => None,
        }
    }
}

/// Whether a callee is a helper of interoperation by its name: of TypeScript, esbuild, Babel or swc.
fn is_interop(callee: &Expr) -> bool {
    matches!(
        &*last_name(callee),
        "__importStar"
            | "__importDefault"
            | "__toESM"
            | "__toModule"
            | "_interopRequireDefault"
            | "_interopRequireWildcard"
            | "_interop_require_default"
            | "_interop_require_wildcard"
    )
}

fn is_object_keys(callee: &Expr) -> bool {
    let Expr::Member(member) = callee else {
        return false;
    };
    matches!(&*member.obj, Expr::Ident(object) if &*object.sym == "Object")
        && matches!(&member.prop, MemberProp::Ident(name) if &*name.sym == "keys")
}

/// Whether a function, whose text is given, writes to `exports` under its parameter.
fn copies_to_exports(text: &str, function: &Expr) -> bool {
    let key = match function {
        Expr::Fn(function) => function.function.params.first().map(|p| &p.pat),
        Expr::Arrow(arrow) => arrow.params.first(),
        _ => None,
    };
    let Some(Pat::Ident(key)) = key else {
        return false;
    };
    let key = key.id.sym.as_str();
    text.contains(&["exports[", key, "] ="].concat())
        || text.contains(&["(exports, ", key, ","].concat())
}
