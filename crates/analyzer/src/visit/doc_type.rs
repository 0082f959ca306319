//! Types as most comments write them: names, type arguments, arrays, unions and texts. Whatever else stands in a comment is
//! for the parser of TypeScript, which takes ten times as long for one of these.

use crate::builder::Builder;
use graph_model::summary::{List, Sym, Type, TypeRef};

/// Types are nested so deep at most.
const MAX_DEPTH: u32 = 32;

/// A type of a comment.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum DocType<'s> {
    /// `a.b<T>`
    Name(&'s str, Vec<&'s str>, Vec<DocType<'s>>),
    /// `'a'`
    Text(&'s str),
    /// `T[]`
    Array(Box<DocType<'s>>),
    /// `A | B`
    Union(Vec<DocType<'s>>),
}

impl<'s> DocType<'s> {
    /// Reads a type; none if it is of another kind.
    pub(super) fn read(text: &'s str) -> Option<DocType<'s>> {
        let mut reader = Reader { rest: text };
        let ty = reader.union(MAX_DEPTH)?;
        reader.blanks();
        reader.rest.is_empty().then_some(ty)
    }
}

struct Reader<'s> {
    rest: &'s str,
}

impl<'s> Reader<'s> {
    fn blanks(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    /// Takes a character, and blanks before it, if it comes next.
    fn takes(&mut self, character: u8) -> bool {
        self.blanks();
        let found = self.rest.as_bytes().first() == Some(&character);
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }

    fn union(&mut self, depth: u32) -> Option<DocType<'s>> {
        let first = self.array(depth.checked_sub(1)?)?;
        if !self.takes(b'|') {
            return Some(first);
        }
        let mut types = vec![first];
        loop {
            types.push(self.array(depth - 1)?);
            if !self.takes(b'|') {
                return Some(DocType::Union(types));
            }
        }
    }

    fn array(&mut self, depth: u32) -> Option<DocType<'s>> {
        let mut ty = self.single(depth)?;
        while self.takes(b'[') {
            if !self.takes(b']') {
                return None;
            }
            ty = DocType::Array(Box::new(ty));
        }
        Some(ty)
    }

    fn single(&mut self, depth: u32) -> Option<DocType<'s>> {
        if self.takes(b'(') {
            let ty = self.union(depth)?;
            return self.takes(b')').then_some(ty);
        }
        let &first = self.rest.as_bytes().first()?;
        if matches!(first, b'"' | b'\'') {
            let (text, rest) = self.rest[1..].split_once(char::from(first))?;
            self.rest = rest;
            return (!text.contains(['\\', '\n'])).then_some(DocType::Text(text));
        }
        let root = self.name()?;
        let mut path = Vec::new();
        while self.takes(b'.') {
            path.push(self.name()?);
        }
        let mut arguments = Vec::new();
        if self.takes(b'<') {
            loop {
                arguments.push(self.union(depth)?);
                if self.takes(b'>') {
                    break;
                }
                if !self.takes(b',') {
                    return None;
                }
            }
        }
        Some(DocType::Name(root, path, arguments))
    }

    fn name(&mut self) -> Option<&'s str> {
        let bytes = self.rest.as_bytes();
        let part = |b: &&u8| b.is_ascii_alphanumeric() || matches!(**b, b'_' | b'$');
        let (name, rest) = self.rest.split_at(bytes.iter().take_while(part).count());
        self.rest = rest;
        let is_name = name.starts_with(|c: char| !c.is_ascii_digit()) && !is_operator(name);
        is_name.then_some(name)
    }
}

/// Words that make a type of what comes after them, or that are no names.
fn is_operator(word: &str) -> bool {
    matches!(
        word,
        "keyof"
            | "typeof"
            | "infer"
            | "readonly"
            | "unique"
            | "asserts"
            | "is"
            | "new"
            | "abstract"
    ) || matches!(
        word,
        "function" | "import" | "this" | "intrinsic" | "extends"
    )
}

impl Builder<'_> {
    /// As the types of TypeScript files are lowered.
    pub(super) fn lower_doc_type(&mut self, ty: &DocType<'_>) -> TypeRef {
        let ty = match ty {
            DocType::Name(root, path, arguments) if path.is_empty() && arguments.is_empty() => {
                self.doc_name(root)
            }
            DocType::Name(root, path, arguments) => {
                let arguments = self.lower_doc_types(arguments);
                let root = self.sym(root);
                let path: Vec<Sym> = path.iter().map(|name| self.sym(name)).collect();
                self.named(root, path, arguments)
            }
            DocType::Text(text) => Type::Literal(self.sym(&["'", text].concat())),
            DocType::Array(element) => Type::Array(self.lower_doc_type(element)),
            DocType::Union(types) => Type::Union(self.lower_doc_types(types)),
        };
        self.facts.ty(ty)
    }

    fn lower_doc_types(&mut self, types: &[DocType<'_>]) -> List {
        if types.is_empty() {
            return List::EMPTY;
        }
        let types: Vec<TypeRef> = types.iter().map(|ty| self.lower_doc_type(ty)).collect();
        self.facts.type_list(&types)
    }

    fn doc_name(&mut self, name: &str) -> Type {
        let sym = self.sym(name);
        match name {
            "string" | "number" | "boolean" | "bigint" | "symbol" | "void" | "undefined"
            | "null" | "never" | "object" | "any" => Type::Primitive(sym),
            "unknown" => Type::Primitive(self.sym("any")),
            "true" | "false" => Type::Literal(sym),
            _ => self.named(sym, Vec::new(), List::EMPTY),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::DocType;

    /// The type with all parentheses.
    fn shown(ty: &DocType<'_>) -> String {
        let all = |types: &[DocType<'_>], with: &str| {
            types.iter().map(shown).collect::<Vec<_>>().join(with)
        };
        match ty {
            DocType::Name(root, path, arguments) => {
                let mut text = [&[*root][..], path].concat().join(".");
                if !arguments.is_empty() {
                    text += &format!("<{}>", all(arguments, ", "));
                }
                text
            }
            DocType::Text(text) => format!("'{text}'"),
            DocType::Array(element) => format!("{}[]", shown(element)),
            DocType::Union(types) => format!("({})", all(types, " | ")),
        }
    }

    #[test]
    fn what_most_comments_write_is_read() {
        for (text, read) in [
            ("string", "string"),
            ("string|null", "(string | null)"),
            ("(string | number) []", "(string | number)[]"),
            (
                "Map<string, Set< a.b.C>>[][]",
                "Map<string, Set<a.b.C>>[][]",
            ),
            ("\"a b\" | 'c'", "('a b' | 'c')"),
            ("A | (B | C)", "(A | (B | C))"),
        ] {
            assert_eq!(
                DocType::read(text).map(|ty| shown(&ty)).as_deref(),
                Some(read)
            );
        }
    }

    #[test]
    fn what_is_of_another_kind_is_left_to_the_parser() {
        let deep = "(".repeat(1000);
        for text in [
            "",
            "|a",
            "a|",
            "a b",
            "a<",
            "a<>",
            "a[0]",
            "a.",
            "1",
            "keyof A",
            "typeof x",
            "{ a: b }",
            "() => void",
            "a & b",
            "'a\\'b'",
            "Array.<a>",
            "import('a').b",
            "ä",
            &deep,
        ] {
            assert_eq!(DocType::read(text), None, "{text}");
        }
    }
}
