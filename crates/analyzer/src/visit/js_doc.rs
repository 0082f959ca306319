//! Types that stand in documentation comments: `@param`, `@returns`, `@type`, `@this`, `@template`, `@typedef` and
//! `@callback`, as TypeScript reads them in JavaScript files. They only fill the summary; the graph does not show them.

use memchr::memmem;
use swc_common::Span;

use super::doc_type::{DocType, is_name, is_part_byte};
use crate::builder::facts::list;
use crate::builder::{Builder, Val};
use crate::parse::parse_type;
use graph_model::summary::{
    List, MemberFact, ParameterFact, Shape, ShapeRef, Signature, SignatureRef, Sym, Type, TypeRef,
};

/// What the comment of a function says.
#[derive(Default)]
pub(crate) struct FunctionDoc<'a> {
    parameters: Vec<(&'a str, TypeRef, bool)>,
    pub(crate) returns: TypeRef,
    pub(crate) this_type: TypeRef,
    /// `@type` of the whole function.
    whole: Option<SignatureRef>,
}

/// A tag of a comment: its name, its type in braces, the text after.
struct Tag<'s> {
    name: &'s str,
    ty: &'s str,
    rest: &'s str,
}

impl<'a> Builder<'a> {
    /// The `/** … */` that ends right before a place, if it has tags.
    fn comment_before(&self, start: u32) -> Option<&'a str> {
        let before = self.source.get(..start as usize)?;
        let last = before.bytes().rfind(|&b| !char::from(b).is_whitespace())?;
        // Before most places stands none, which one byte tells.
        if last.is_ascii() && !matches!(last, b'/' | b'(') {
            return None;
        }
        let before = before.trim_end();
        let before = before.strip_suffix('(').map_or(before, str::trim_end);
        let text = comment_at_end(before)?;
        memchr::memchr(b'@', text.as_bytes()).map(|_| text)
    }

    /// The `@type` before a place.
    pub(crate) fn doc_type(&mut self, start: u32) -> TypeRef {
        let Some(comment) = self.comment_before(start) else {
            return TypeRef::UNKNOWN;
        };
        match tags(comment).find(|tag| tag.name == "type") {
            Some(tag) => self.doc_type_text(tag.ty),
            None => TypeRef::UNKNOWN,
        }
    }

    /// `/** @type {T} */ (value)`, which is a cast.
    pub(crate) fn doc_cast(&mut self, paren: &swc_ecma_ast::ParenExpr, value: Val) -> Val {
        if self.typed {
            return value;
        }
        let start = self.range(paren.span).0;
        let before = self.source.get(..start as usize).unwrap_or("");
        if !before.trim_end().ends_with("*/") {
            return value;
        }
        let ty = self.doc_type(start);
        if ty == TypeRef::UNKNOWN {
            return value;
        }
        let shape = self.shape(Shape::Cast(value.shape(), ty));
        value.with_shape(shape)
    }

    /// The comment of a function: before itself, or before the statement or member that it is the value of.
    pub(crate) fn function_doc(&mut self, anchor: u32, span: Span) -> Option<FunctionDoc<'a>> {
        let start = self.range(span).0;
        let comment = self
            .comment_before(start)
            .or_else(|| self.comment_before(anchor))?;
        let mut doc = FunctionDoc::default();
        let tags: Vec<Tag<'a>> = tags(comment).collect();
        for tag in &tags {
            if tag.name == "template" {
                self.doc_templates(tag);
            }
        }
        for tag in &tags {
            match tag.name {
                "param" | "arg" | "argument" => {
                    let Some((name, optional)) = parameter_name(tag.rest) else {
                        continue;
                    };
                    let ty = self.doc_type_text(tag.ty);
                    let optional = optional || tag.ty.ends_with('=');
                    doc.parameters.push((name, ty, optional));
                }
                "returns" | "return" => doc.returns = self.doc_type_text(tag.ty),
                "this" => doc.this_type = self.doc_type_text(tag.ty),
                "type" => {
                    let ty = self.doc_type_text(tag.ty);
                    if let Type::Function(signature) = self.facts.type_at(ty) {
                        doc.whole = Some(signature);
                        doc.returns = self.facts.signature(signature).returns;
                    }
                }
                _ => {}
            }
        }
        Some(doc)
    }

    fn doc_templates(&mut self, tag: &Tag<'_>) {
        let constraint = if tag.ty.is_empty() {
            TypeRef::UNKNOWN
        } else {
            self.doc_type_text(tag.ty)
        };
        for name in tag.rest.split(',') {
            let name = name.trim().trim_matches(|c| c == '[' || c == ']');
            let name = name.split([' ', '=', '\t']).next().unwrap_or("");
            if name.is_empty() {
                break;
            }
            let name = self.sym(name);
            let var = self.local_type_var(name);
            self.facts.type_vars[var.0 as usize].constraint = constraint;
        }
    }

    /// Fills in what the comment says of a parameter.
    pub(crate) fn document_parameter(
        &mut self,
        fact: &mut ParameterFact,
        doc: &FunctionDoc<'_>,
        index: usize,
    ) {
        if fact.declared != TypeRef::UNKNOWN {
            return;
        }
        if let Some(signature) = doc.whole {
            let parameters = self.facts.signature(signature).parameters;
            if let Some(parameter) = parameters.of(&self.facts.parameters).get(index) {
                fact.declared = parameter.declared;
            }
            return;
        }
        let name = self.names.get(fact.name);
        let found = if name.is_empty() {
            doc.parameters.get(index)
        } else {
            doc.parameters.iter().find(|p| p.0 == name)
        };
        if let Some((_, ty, optional)) = found {
            fact.declared = *ty;
            fact.optional |= optional;
        }
    }

    /// A type as a comment writes it.
    fn doc_type_text(&mut self, text: &str) -> TypeRef {
        if is_name(text) && text != "unknown" {
            return self.lower_doc_name(text);
        }
        let text = text.trim();
        let text = text.strip_suffix('=').unwrap_or(text);
        let (text, rest) = match text.strip_prefix("...") {
            Some(text) => (text, true),
            None => (text, false),
        };
        let text = text.trim_matches(|c| c == '?' || c == '!').trim();
        if text.is_empty() || text == "*" {
            return TypeRef::UNKNOWN;
        }
        let ty = if text == "unknown" {
            TypeRef::UNKNOWN
        } else if let Some((specifier, names)) = imported_type(text) {
            let ty = self.imported(specifier, names.split('.').filter(|name| !name.is_empty()));
            self.facts.ty(ty)
        } else if let Some(ty) = DocType::read(text) {
            self.lower_doc_type(&ty)
        } else {
            let plain = text
                .replace(".<", "<")
                .replace("\n", " ")
                .replace(" * ", " ");
            match parse_type(&plain) {
                Some(ty) => self.lower(&ty),
                None => TypeRef::UNKNOWN,
            }
        };
        if rest {
            return self.facts.ty(Type::Array(ty));
        }
        ty
    }

    /// The types that comments of the module define; before anything else is visited, and after names are known.
    pub(crate) fn doc_definitions(&mut self) {
        if self.typed {
            return;
        }
        let source = self.source;
        // The tags of each comment, and where the types go that it defines.
        let mut found: Vec<(Vec<Tag<'a>>, Vec<TypeRef>)> = Vec::new();
        // From the first definition to the end of its comment, then on to the next.
        let mut at = 0;
        while let Some(definition) = first_definition(&source[at..]) {
            let definition = at + definition;
            let (Some(open), Some(length)) = (
                memmem::rfind(&source.as_bytes()[at..definition], b"/**"),
                memmem::find(&source.as_bytes()[definition..], b"*/"),
            ) else {
                at = definition + 1;
                continue;
            };
            let comment = &source[at + open + 3..definition + length];
            at = definition + length + 2;
            if comment.contains("*/") {
                at = definition + 1;
                continue;
            }
            let tags: Vec<Tag<'a>> = tags(comment).collect();
            for tag in tags.iter().filter(|tag| tag.name == "import") {
                self.doc_import(tag);
            }
            let mut slots = Vec::with_capacity(1);
            for name in tags.iter().filter_map(defined_name) {
                // A slot that is filled below: definitions refer to each other.
                self.facts.types.push(Type::Unknown);
                let ty = TypeRef(self.facts.types.len() as u32 - 1);
                let name = self.sym(name);
                self.typedefs.insert(name, ty);
                self.facts.typedefs.push((name, ty));
                slots.push(ty);
            }
            found.push((tags, slots));
        }
        for (tags, slots) in &found {
            self.scopes.enter();
            for tag in tags.iter().filter(|t| t.name == "template") {
                self.doc_templates(tag);
            }
            let defining = (0..tags.len()).filter(|&i| defined_name(&tags[i]).is_some());
            for (i, slot) in defining.zip(slots) {
                let rest = &tags[i + 1..];
                let parts = rest.iter().position(|tag| defined_name(tag).is_some());
                let parts = &rest[..parts.unwrap_or(rest.len())];
                let ty = self.defined_type(&tags[i], parts);
                self.facts.types[slot.0 as usize] = ty;
            }
            self.scopes.leave();
        }
    }

    /// `@import a, { b as c } from 'x'`, as TypeScript has it since version 5.5.
    fn doc_import(&mut self, tag: &Tag<'a>) {
        let (before, named, after) = match tag.rest.split_once('{') {
            // Braces that come first were taken for a type.
            _ if !tag.ty.is_empty() => ("", tag.ty, tag.rest),
            Some((before, rest)) => match rest.split_once('}') {
                Some((named, after)) => (before, named, after),
                None => return,
            },
            None => ("", "", tag.rest),
        };
        let Some(specifier) = quoted(after) else {
            return;
        };
        let (default, star) = match tag.rest.trim_start().strip_prefix("as ") {
            // The star was taken for that of a line.
            Some(local) if named.is_empty() => ("", local),
            _ if named.is_empty() => (after, ""),
            _ => (before, ""),
        };
        for (local, imported) in [
            (first_name(default), Some("default")),
            (first_name(star), None),
        ] {
            if let Some(local) = local {
                self.define_import(local, specifier, imported);
            }
        }
        for name in named.split(',') {
            let mut words = name.split_whitespace().filter(|word| *word != "*");
            let (Some(imported), mut rest) = (words.next(), words) else {
                continue;
            };
            let local = rest.next_back().unwrap_or(imported);
            self.define_import(local, specifier, Some(imported));
        }
    }

    fn define_import(&mut self, local: &str, specifier: &str, imported: Option<&str>) {
        let ty = self.imported(specifier, imported.into_iter());
        let ty = self.facts.ty(ty);
        let local = self.sym(local);
        self.typedefs.insert(local, ty);
    }

    fn defined_type(&mut self, tag: &Tag<'a>, parts: &[Tag<'a>]) -> Type {
        if tag.name == "callback" {
            let mut parameters = Vec::new();
            let mut returns = TypeRef::UNKNOWN;
            for part in parts {
                match part.name {
                    "param" => {
                        let Some((name, optional)) = parameter_name(part.rest) else {
                            continue;
                        };
                        let name = self.sym(name);
                        parameters.push(ParameterFact {
                            name,
                            declared: self.doc_type_text(part.ty),
                            default: ShapeRef::UNKNOWN,
                            rest: part.ty.starts_with("..."),
                            optional,
                        });
                    }
                    "returns" | "return" => returns = self.doc_type_text(part.ty),
                    _ => {}
                }
            }
            let parameters = list(&mut self.facts.parameters, &parameters);
            self.facts.signatures.push(Signature {
                type_vars: List::EMPTY,
                parameters,
                returns,
                this_type: TypeRef::UNKNOWN,
            });
            return Type::Function(SignatureRef(self.facts.signatures.len() as u32 - 1));
        }
        let members: Vec<MemberFact> = parts
            .iter()
            .filter(|p| matches!(p.name, "property" | "prop"))
            .filter_map(|p| Some((p, parameter_name(p.rest)?)))
            .map(|(p, (name, optional))| {
                let name = self.sym(name);
                MemberFact {
                    optional,
                    declared: self.doc_type_text(p.ty),
                    ..super::lower::property_of_type(name)
                }
            })
            .collect();
        if !members.is_empty() {
            return Type::Object(list(&mut self.facts.members, &members));
        }
        let ty = self.doc_type_text(tag.ty);
        self.facts.type_at(ty)
    }

    /// The type that a comment of the module defines under a name.
    pub(crate) fn doc_defined(&self, name: Sym) -> Option<TypeRef> {
        self.typedefs.get(&name).copied()
    }
}

/// What stands in the `/** … */` that a text ends in.
pub(super) fn comment_at_end(text: &str) -> Option<&str> {
    let comment = text.strip_suffix("*/")?;
    // Back to where it opens; another one may end before that.
    for at in memchr::memrchr_iter(b'/', comment.as_bytes()) {
        if comment.as_bytes()[at..].starts_with(b"/**") {
            return Some(&comment[at + 3..]);
        }
        if comment.as_bytes()[..at].ends_with(b"*") {
            return None;
        }
    }
    None
}

/// Where the first tag that defines a type may be.
fn first_definition(source: &str) -> Option<usize> {
    memchr::memchr_iter(b'@', source.as_bytes()).find(|&at| {
        let tag = &source.as_bytes()[at..];
        [&b"@typedef"[..], b"@callback", b"@import"]
            .iter()
            .any(|name| tag.starts_with(name))
    })
}

/// `import("specifier").A.B`, which most definitions are, without type arguments: the specifier, and the names with a dot
/// before each.
fn imported_type(text: &str) -> Option<(&str, &str)> {
    let quoted = text.strip_prefix("import(")?;
    let quote = quoted.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (specifier, rest) = quoted[1..].split_once(quote)?;
    let names = rest.strip_prefix(')')?;
    let is_word = |name: &str| {
        name.starts_with(|c: char| !c.is_ascii_digit()) && name.bytes().all(is_part_byte)
    };
    let plain = !specifier.contains('\\')
        && (names.is_empty()
            || names
                .strip_prefix('.')
                .is_some_and(|names| names.split('.').all(is_word)));
    plain.then_some((specifier, names))
}

/// The text in the first quotes.
fn quoted(text: &str) -> Option<&str> {
    let at = text.find(['"', '\''])?;
    let quote = char::from(text.as_bytes()[at]);
    text[at + 1..].split_once(quote).map(|(inside, _)| inside)
}

/// The name that a text begins with.
fn first_name(text: &str) -> Option<&str> {
    let (name, _) = split_name(text.trim_start());
    Some(name).filter(|name| !name.is_empty())
}

/// The name that a text begins with, which may be empty, and what comes after it.
fn split_name(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$')
        .unwrap_or(text.len());
    text.split_at(end)
}

/// The name that a tag defines a type under.
fn defined_name<'s>(tag: &Tag<'s>) -> Option<&'s str> {
    if !matches!(tag.name, "typedef" | "callback") {
        return None;
    }
    first_name(tag.rest)
}

/// A parameter's name, and whether it stands in brackets; none for a part of one.
fn parameter_name(text: &str) -> Option<(&str, bool)> {
    let text = text.trim_start();
    let (text, optional) = match text.strip_prefix('[') {
        Some(text) => (text, true),
        None => (text, false),
    };
    let (name, rest) = split_name(text.strip_prefix("...").unwrap_or(text));
    (!name.is_empty() && !rest.starts_with('.') && !rest.starts_with('['))
        .then_some((name, optional))
}

/// The tags of a comment.
fn tags(comment: &str) -> impl Iterator<Item = Tag<'_>> {
    let mut rest = comment;
    std::iter::from_fn(move || {
        loop {
            let at = memchr::memchr(b'@', rest.as_bytes())?;
            let first_on_line = begins_line(&rest[..at]);
            rest = &rest[at + 1..];
            if !first_on_line {
                continue;
            }
            let letters = rest.bytes().position(|b| !b.is_ascii_alphabetic());
            let (name, after) = rest.split_at(letters.unwrap_or(rest.len()));
            let after = without_first(after, |b| matches!(b, b' ' | b'\t'));
            let (mut ty, mut text) = ("", after);
            if after.starts_with('{') {
                let mut depth = 0usize;
                for at in memchr::memchr2_iter(b'{', b'}', after.as_bytes()) {
                    if after.as_bytes()[at] == b'{' {
                        depth += 1;
                    } else {
                        depth -= 1;
                    }
                    if depth == 0 {
                        (ty, text) = (&after[1..at], &after[at + 1..]);
                        break;
                    }
                }
            }
            rest = text;
            return Some(Tag {
                name,
                ty,
                rest: without_first(text, |b| matches!(b, b' ' | b'\t' | b'\n' | b'*')),
            });
        }
    })
}

/// Whether a line begins at the end of a text, but for white space and stars.
fn begins_line(before: &str) -> bool {
    let is_blank = |c: char| c == '*' || c.is_whitespace() && c != '\n';
    let line = before.trim_end_matches(is_blank);
    line.is_empty() || line.ends_with('\n')
}

/// A text without those first bytes, all of ASCII, that `cut` names.
fn without_first(text: &str, cut: impl Fn(u8) -> bool) -> &str {
    &text[text.bytes().take_while(|&b| cut(b)).count()..]
}

#[cfg(test)]
mod tests {
    use super::{begins_line, tags};

    #[test]
    fn tags_stand_first_on_their_lines() {
        for (before, first) in [
            ("", true),
            (" * ", true),
            ("a\n\t* ", true),
            ("a\r\n", true),
            ("a\n\u{a0}\u{3000}* \u{2003}", true),
            ("a \n\u{b}\u{c}", true),
            ("a", false),
            ("a * ", false),
            ("\n{", false),
            ("\né ", false),
            ("\n\u{a0}漢\u{a0}* ", false),
            ("\n\u{1}", false),
        ] {
            assert_eq!(begins_line(before), first, "{before:?}");
        }
        let tags: Vec<_> = tags("* @type {{ a: {} }} b\n * c @d\n\u{a0}@e")
            .map(|tag| (tag.name, tag.ty))
            .collect();
        assert_eq!(tags, [("type", "{ a: {} }"), ("e", "")]);
    }
}
