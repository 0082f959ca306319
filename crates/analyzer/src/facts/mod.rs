//! Detectors of frameworks: what plugins want to know of a module, noted while its tree is there.
//!
//! A detector looks at calls and at values that are bound to names. It first says from the text whether the module can hold
//! anything for it; a module that no detector wants is not walked. To add a detector, write its file here and name it in
//! [`DETECTORS`].

mod express;
mod http;

use graph_model::facts::{Fact, Term};
use graph_model::{LineIndex, Span};
use memchr::memmem;
use swc_common::{BytePos, Span as Range, Spanned as _};
use swc_ecma_ast::{
    CallExpr, Callee, Expr, ImportDecl, ImportSpecifier, Lit, MemberProp, ModuleExportName,
    ObjectPatProp, Pat, Program, Prop, PropName, PropOrSpread, VarDeclarator,
};
use swc_ecma_visit::{Visit, VisitWith as _};

use crate::words::Words;

/// All detectors.
const DETECTORS: &[&dyn Detector] = &[&express::Express, &http::Http];

/// Expressions are looked into so deeply.
const DEPTH: u32 = 16;

/// Knows a framework.
trait Detector: Sync {
    /// Its name in facts.
    fn name(&self) -> &'static str;

    /// A detection of one module, if its text can hold anything. Words tell that of most modules without a look at it.
    fn begin(&self, source: &str, words: Words) -> Option<Box<dyn Detection>>;
}

/// A detector at work on one module. What it hears comes in the order of the source.
trait Detection {
    /// A name is imported: by `import`, or by `require` and destructuring. The whole module is `*`.
    fn import(&mut self, specifier: &str, imported: &str, local: &str);

    /// A variable is initialised. Answers what it is, if it is something.
    fn bound(&mut self, name: &str, value: &Term) -> Option<&'static str>;

    /// A call. Answers what it is, if it is something.
    fn call(&mut self, callee: &Term, arguments: &[Term]) -> Option<&'static str>;
}

/// What the detectors notice in a module.
pub(crate) fn detect(
    source: &str,
    words: Words,
    program: &Program,
    lines: &LineIndex<'_>,
    base: BytePos,
) -> Vec<Fact> {
    let detections: Vec<_> = DETECTORS
        .iter()
        .filter_map(|detector| Some((detector.name(), detector.begin(source, words)?)))
        .collect();
    if detections.is_empty() {
        return Vec::new();
    }
    let mut walk = Walk {
        detections,
        lines,
        base,
        facts: Vec::new(),
    };
    program.visit_with(&mut walk);
    walk.facts
}

/// Whether a text holds a word, which is no part of a longer one.
fn mentions(source: &str, word: &str) -> bool {
    has_word(source, word, |_, _| true)
}

/// Whether a text may call a function of this name, or import it from a package whose name ends so.
fn is_called(source: &str, name: &str) -> bool {
    has_word(source, name, |before, after| {
        // A comment may stand before the arguments, and types.
        match after.trim_ascii_start().first() {
            Some(b'(' | b'<' | b'?' | b'!' | b'/' | b')') => true,
            Some(b'"' | b'\'' | b'`') => before == Some(&b'-'),
            _ => false,
        }
    })
}

fn has_word(source: &str, word: &str, fits: impl Fn(Option<&u8>, &[u8]) -> bool) -> bool {
    let bytes = source.as_bytes();
    let goes_on = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    memmem::find_iter(bytes, word.as_bytes()).any(|at| {
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        let after = &bytes[at + word.len()..];
        !goes_on(before) && !goes_on(after.first()) && fits(before, after)
    })
}

struct Walk<'s> {
    detections: Vec<(&'static str, Box<dyn Detection>)>,
    lines: &'s LineIndex<'s>,
    base: BytePos,
    facts: Vec<Fact>,
}

impl Walk<'_> {
    fn position(&self, at: BytePos) -> (u32, u32) {
        self.lines.position(at.0.saturating_sub(self.base.0))
    }

    fn span(&self, range: Range) -> Span {
        let ((line, column), (end_line, end_column)) =
            (self.position(range.lo), self.position(range.hi));
        Span {
            line,
            column,
            end_line,
            end_column,
        }
    }

    fn term(&self, expr: &Expr, depth: u32) -> Term {
        if depth == 0 {
            return Term::Other;
        }
        let inner = |expr: &Expr| self.term(expr, depth - 1);
        match expr {
            Expr::Ident(ident) => Term::Name(ident.sym.as_str().to_owned()),
            Expr::Lit(Lit::Str(text)) => Term::Text(text.value.to_string_lossy().into_owned()),
            Expr::Tpl(template) => {
                let parts: Vec<String> = template
                    .quasis
                    .iter()
                    .map(|q| q.raw.as_str().to_owned())
                    .collect();
                let text = parts.join("${}");
                if template.exprs.is_empty() {
                    Term::Text(text)
                } else {
                    Term::Template(text)
                }
            }
            Expr::Member(member) => match &member.prop {
                MemberProp::Ident(name) => {
                    Term::Member(Box::new(inner(&member.obj)), name.sym.as_str().to_owned())
                }
                _ => Term::Other,
            },
            Expr::Call(call) => self.call_term(call, depth),
            Expr::Object(object) => {
                let properties = object.props.iter().filter_map(|prop| match prop {
                    PropOrSpread::Prop(prop) => match &**prop {
                        Prop::KeyValue(pair) => Some((key(&pair.key)?, inner(&pair.value))),
                        Prop::Shorthand(ident) => {
                            let name = ident.sym.as_str().to_owned();
                            Some((name.clone(), Term::Name(name)))
                        }
                        _ => None,
                    },
                    PropOrSpread::Spread(_) => None,
                });
                Term::Object(properties.collect())
            }
            Expr::Array(array) => {
                let items = array.elems.iter().flatten().map(|item| inner(&item.expr));
                Term::List(items.collect())
            }
            Expr::Arrow(arrow) => self.function(arrow.span),
            Expr::Fn(function) => self.function(function.span()),
            Expr::Paren(paren) => inner(&paren.expr),
            Expr::Await(awaited) => inner(&awaited.arg),
            Expr::TsAs(cast) => inner(&cast.expr),
            Expr::TsSatisfies(cast) => inner(&cast.expr),
            Expr::TsNonNull(cast) => inner(&cast.expr),
            _ => Term::Other,
        }
    }

    fn function(&self, range: Range) -> Term {
        let (line, column) = self.position(range.lo);
        Term::Function(line, column)
    }

    fn call_term(&self, call: &CallExpr, depth: u32) -> Term {
        let Callee::Expr(callee) = &call.callee else {
            return Term::Other;
        };
        let arguments = call.args.iter().map(|argument| {
            if argument.spread.is_some() {
                Term::Other
            } else {
                self.term(&argument.expr, depth.saturating_sub(1))
            }
        });
        Term::Call(
            Box::new(self.term(callee, depth.saturating_sub(1))),
            arguments.collect(),
        )
    }

    fn note(
        &mut self,
        kind: Option<&'static str>,
        at: usize,
        name: &str,
        range: Range,
        term: &Term,
    ) {
        if let Some(kind) = kind {
            self.facts.push(Fact {
                detector: self.detections[at].0.to_owned(),
                kind: kind.to_owned(),
                name: name.to_owned(),
                span: self.span(range),
                term: term.clone(),
            });
        }
    }
}

fn key(key: &PropName) -> Option<String> {
    match key {
        PropName::Ident(name) => Some(name.sym.as_str().to_owned()),
        PropName::Str(text) => Some(text.value.to_string_lossy().into_owned()),
        _ => None,
    }
}

/// The specifier of `require('specifier')`.
fn required(term: &Term) -> Option<&str> {
    match term {
        Term::Call(callee, arguments) if **callee == Term::Name("require".to_owned()) => {
            match &arguments[..] {
                [Term::Text(specifier)] => Some(specifier),
                _ => None,
            }
        }
        _ => None,
    }
}

impl Visit for Walk<'_> {
    fn visit_import_decl(&mut self, import: &ImportDecl) {
        let specifier = import.src.value.to_string_lossy();
        for name in &import.specifiers {
            let (imported, local) = match name {
                ImportSpecifier::Default(name) => ("default".to_owned(), &name.local),
                ImportSpecifier::Namespace(name) => ("*".to_owned(), &name.local),
                ImportSpecifier::Named(name) => {
                    let imported = match &name.imported {
                        Some(ModuleExportName::Ident(ident)) => ident.sym.as_str().to_owned(),
                        Some(ModuleExportName::Str(text)) => {
                            text.value.to_string_lossy().into_owned()
                        }
                        None => name.local.sym.as_str().to_owned(),
                    };
                    (imported, &name.local)
                }
            };
            for (_, detection) in &mut self.detections {
                detection.import(&specifier, &imported, &local.sym);
            }
        }
    }

    fn visit_var_declarator(&mut self, variable: &VarDeclarator) {
        if let Some(init) = &variable.init {
            let value = self.term(init, DEPTH);
            match &variable.name {
                Pat::Ident(name) => {
                    for at in 0..self.detections.len() {
                        let detection = &mut self.detections[at].1;
                        if let Some(specifier) = required(&value) {
                            detection.import(specifier, "*", &name.sym);
                        }
                        let kind = detection.bound(&name.sym, &value);
                        self.note(kind, at, &name.sym, variable.span, &value);
                    }
                }
                Pat::Object(pattern) => {
                    if let Some(specifier) = required(&value) {
                        for prop in &pattern.props {
                            let (imported, local) = match prop {
                                ObjectPatProp::Assign(name) => (
                                    name.key.sym.as_str().to_owned(),
                                    name.key.sym.as_str().to_owned(),
                                ),
                                ObjectPatProp::KeyValue(pair) => {
                                    match (key(&pair.key), &*pair.value) {
                                        (Some(key), Pat::Ident(name)) => {
                                            (key, name.sym.as_str().to_owned())
                                        }
                                        _ => continue,
                                    }
                                }
                                ObjectPatProp::Rest(_) => continue,
                            };
                            for (_, detection) in &mut self.detections {
                                detection.import(specifier, &imported, &local);
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        variable.visit_children_with(self);
    }

    fn visit_call_expr(&mut self, call: &CallExpr) {
        // What is called comes first: chains are noted from left to right.
        call.visit_children_with(self);
        let term = self.call_term(call, DEPTH);
        if let Term::Call(callee, arguments) = &term {
            for at in 0..self.detections.len() {
                let kind = self.detections[at].1.call(callee, arguments);
                self.note(kind, at, "", call.span, &term);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Options, analyze_module};

    /// Kinds, names and calls, one a line.
    fn facts(source: &str) -> Vec<String> {
        analyze_module("a.ts", source, &Options::default())
            .facts
            .iter()
            .map(|f| {
                let text = f.term.path().unwrap_or_default();
                format!(
                    "{} {} {}:{} {text}",
                    f.kind, f.name, f.span.line, f.span.column
                )
            })
            .collect()
    }

    #[test]
    fn express() {
        let found = facts(
            "import express, { Router as R } from 'express';\nconst app = express();\nconst r = R();\nr.get('/x', h);\napp.use('/api', r);\napp.get('setting');\nr.route('/y').post(h).put(h);\nother.get('/z', h);\n",
        );
        assert_eq!(
            found,
            [
                "application app 2:6 express()",
                "router r 3:6 R()",
                "route  4:0 r.get()",
                "mount  5:0 app.use()",
                "route  7:0 r.route().post()",
                "route  7:0 r.route().post().put()",
            ]
        );
    }

    #[test]
    fn requests() {
        let found = facts(
            "import http from 'axios';\nfetch(`/a/${id}`, { method: 'POST' }).then(x);\nhttp.get('/b');\nhttp({ url: '/c' });\nthis.fetch(1);\n",
        );
        assert_eq!(
            found,
            [
                "request  2:0 fetch()",
                "request  3:0 http.get()",
                "request  4:0 http()"
            ]
        );
    }

    #[test]
    fn a_function_with_a_longer_name_hides_no_fetch() {
        let found = facts("async function fetchAll(path) { return fetch(path); }");
        assert_eq!(found, ["request  1:39 fetch()"]);
    }

    #[test]
    fn nothing_is_noticed_where_there_is_nothing() {
        assert!(facts("const app = express(); app.get('/x', h); f();").is_empty());
        assert!(facts("function fetch(x) {} fetch(1);").is_empty());
    }
}
