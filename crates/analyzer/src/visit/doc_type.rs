//! Types as comments write them: names, type arguments, arrays, unions, functions, objects and literals. Whatever else stands
//! in a comment is for the parser of TypeScript, which takes ten times as long for one of these.

use crate::builder::Builder;
use crate::builder::facts::list;
use graph_model::summary::{
    List, MemberFact, ParameterFact, ShapeRef, Signature, SignatureRef, Sym, Type, TypeRef,
};

/// Types are nested so deep at most.
const MAX_DEPTH: u32 = 32;

/// A type of a comment. Most are names and travel through many functions, so the others are not to make them large.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum DocType<'s> {
    /// `a`
    Name(&'s str),
    /// `a.b<T>`
    Reference(Box<Reference<'s>>),
    /// `'a'`
    Text(&'s str),
    /// `1`
    Number(&'s str),
    /// `T[]`
    Array(Box<DocType<'s>>),
    /// `[A, B]`
    Tuple(Vec<DocType<'s>>),
    /// `...T` in a tuple
    Rest(Box<DocType<'s>>),
    /// `T[K]`
    Indexed(Box<DocType<'s>>, Box<DocType<'s>>),
    /// `keyof T`
    KeyOf(Box<DocType<'s>>),
    /// `A & B`
    Intersection(Vec<DocType<'s>>),
    /// `A | B`
    Union(Vec<DocType<'s>>),
    /// `{ a: A, b?: B }`
    Object(Vec<Field<'s>>),
    /// `(a: A, b?: B) => C`
    Function(Box<(Vec<Field<'s>>, DocType<'s>)>),
}

/// A name with names or type arguments behind it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reference<'s> {
    root: &'s str,
    path: Vec<&'s str>,
    arguments: Vec<DocType<'s>>,
}

/// A parameter, or a member of an object.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Field<'s> {
    name: &'s str,
    optional: bool,
    rest: bool,
    ty: Option<DocType<'s>>,
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
    /// Skips blanks, and the star that a line of a comment begins with.
    #[inline]
    fn blanks(&mut self) {
        let is_blank = |byte: &u8| byte.is_ascii_whitespace();
        if self.rest.as_bytes().first().is_some_and(is_blank) {
            self.skip_blanks();
        }
    }

    fn skip_blanks(&mut self) {
        loop {
            let before = self.rest;
            self.rest = before.trim_ascii_start();
            let skipped = &before[..before.len() - self.rest.len()];
            if !skipped.contains('\n') {
                return;
            }
            match self.rest.strip_prefix('*') {
                Some(rest) => self.rest = rest,
                None => return,
            }
        }
    }

    /// Takes a mark, and blanks before it, if it comes next.
    #[inline]
    fn takes(&mut self, mark: &'static str) -> bool {
        self.blanks();
        // Most marks are not there, which the first byte tells.
        if self.rest.as_bytes().first() != mark.as_bytes().first() {
            return false;
        }
        match self.rest.strip_prefix(mark) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn union(&mut self, depth: u32) -> Option<DocType<'s>> {
        let depth = depth.checked_sub(1)?;
        self.all("|", DocType::Union, |reader| {
            reader.all("&", DocType::Intersection, |reader| reader.operand(depth))
        })
    }

    /// `keyof T`, or `readonly T`, which is shown as `T`.
    fn operand(&mut self, depth: u32) -> Option<DocType<'s>> {
        self.blanks();
        let may_be_operator = matches!(self.rest.as_bytes().first(), Some(b'k' | b'r'));
        for operator in ["keyof", "readonly"] {
            if may_be_operator
                && let Some(rest) = self.rest.strip_prefix(operator)
                && !rest.starts_with(is_part)
            {
                self.rest = rest;
                let ty = self.operand(depth.checked_sub(1)?)?;
                return Some(match operator {
                    "keyof" => DocType::KeyOf(Box::new(ty)),
                    _ => ty,
                });
            }
        }
        self.array(depth)
    }

    /// One or more types with a mark between them.
    fn all(
        &mut self,
        mark: &'static str,
        join: impl Fn(Vec<DocType<'s>>) -> DocType<'s>,
        one: impl Fn(&mut Self) -> Option<DocType<'s>>,
    ) -> Option<DocType<'s>> {
        let first = one(self)?;
        if !self.takes(mark) {
            return Some(first);
        }
        let mut types = vec![first];
        loop {
            types.push(one(self)?);
            if !self.takes(mark) {
                return Some(join(types));
            }
        }
    }

    fn array(&mut self, depth: u32) -> Option<DocType<'s>> {
        let mut ty = self.single(depth)?;
        while self.takes("[") {
            ty = if self.takes("]") {
                DocType::Array(Box::new(ty))
            } else {
                let index = self.union(depth)?;
                if !self.takes("]") {
                    return None;
                }
                DocType::Indexed(Box::new(ty), Box::new(index))
            };
        }
        Some(ty)
    }

    /// Behind its bracket. Elements have neither names nor question marks.
    fn tuple(&mut self, depth: u32) -> Option<DocType<'s>> {
        let mut elements = Vec::new();
        while !self.takes("]") {
            let rest = self.takes("...");
            let element = self.union(depth)?;
            elements.push(match rest {
                true => DocType::Rest(Box::new(element)),
                false => element,
            });
            if !self.takes(",") && !self.rest.starts_with(']') {
                return None;
            }
        }
        Some(DocType::Tuple(elements))
    }

    fn single(&mut self, depth: u32) -> Option<DocType<'s>> {
        if self.takes("(") {
            let inside = self.rest;
            if let Some(function) = self.function(depth) {
                return Some(function);
            }
            self.rest = inside;
            let ty = self.union(depth)?;
            return self.takes(")").then_some(ty);
        }
        if self.takes("{") {
            return self.fields("}", depth).map(DocType::Object);
        }
        if self.takes("[") {
            return self.tuple(depth);
        }
        let &first = self.rest.as_bytes().first()?;
        match first {
            b'"' | b'\'' => self.text().map(DocType::Text),
            b'1'..=b'9' => {
                let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
                let (number, rest) = self.rest.split_at(digits);
                self.rest = rest;
                // Others are shown in another way than they are written.
                let is_whole = digits < 10 && !rest.starts_with(|c: char| c == '.' || is_part(c));
                is_whole.then_some(DocType::Number(number))
            }
            _ => self.reference(depth),
        }
    }

    /// A text without escapes.
    fn text(&mut self) -> Option<&'s str> {
        let quote = self.rest.chars().next()?;
        let (text, rest) = self.rest[1..].split_once(quote)?;
        self.rest = rest;
        (!text.contains(['\\', '\n'])).then_some(text)
    }

    fn reference(&mut self, depth: u32) -> Option<DocType<'s>> {
        let root = self.name().filter(|name| is_name(name))?;
        self.blanks();
        if !self.rest.starts_with(['.', '<']) {
            return Some(DocType::Name(root));
        }
        let mut path = Vec::new();
        while self.takes(".") {
            path.push(self.name()?);
        }
        let mut arguments = Vec::new();
        if self.takes("<") {
            loop {
                arguments.push(self.union(depth)?);
                if self.takes(">") {
                    break;
                }
                if !self.takes(",") {
                    return None;
                }
            }
        }
        Some(DocType::Reference(Box::new(Reference {
            root,
            path,
            arguments,
        })))
    }

    /// Behind its first parenthesis.
    fn function(&mut self, depth: u32) -> Option<DocType<'s>> {
        let parameters = self.fields(")", depth)?;
        if !self.takes("=>") {
            return None;
        }
        let result = self.union(depth)?;
        Some(DocType::Function(Box::new((parameters, result))))
    }

    /// Parameters or members up to a mark.
    fn fields(&mut self, end: &'static str, depth: u32) -> Option<Vec<Field<'s>>> {
        let is_object = end == "}";
        let mut fields = Vec::new();
        while !self.takes(end) {
            let rest = !is_object && self.takes("...");
            let is_text = is_object && self.rest.starts_with(['"', '\'']);
            let name = if is_text { self.text()? } else { self.name()? };
            let optional = self.takes("?");
            let ty = match self.takes(":") {
                true => Some(self.union(depth)?),
                false => None,
            };
            fields.push(Field {
                name,
                optional,
                rest,
                ty,
            });
            let goes_on = self.takes(",") || is_object && self.takes(";");
            if !goes_on {
                return self.takes(end).then_some(fields);
            }
        }
        Some(fields)
    }

    fn name(&mut self) -> Option<&'s str> {
        self.blanks();
        let end = self.rest.bytes().position(|b| !is_part_byte(b));
        let (name, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        name.starts_with(|c: char| !c.is_ascii_digit())
            .then_some(name)
    }
}

fn is_part(c: char) -> bool {
    u8::try_from(c).is_ok_and(is_part_byte)
}

/// Whether a byte is one of a name, all of which are ASCII here.
#[inline]
pub(super) fn is_part_byte(b: u8) -> bool {
    const IS_PART: [bool; 256] = {
        let mut is_part = [false; 256];
        let mut b = 0u8;
        while b < 0x80 {
            is_part[b as usize] = b.is_ascii_alphanumeric() || b == b'_' || b == b'$';
            b += 1;
        }
        is_part
    };
    IS_PART[usize::from(b)]
}

/// Whether a text is the name of a type.
pub(super) fn is_name(text: &str) -> bool {
    text.bytes().next().is_some_and(|b| !b.is_ascii_digit())
        && text.bytes().all(is_part_byte)
        && !is_operator(text)
}

/// Words that make a type of what comes after them, or that are no names.
fn is_operator(word: &str) -> bool {
    matches!(
        word,
        "keyof" | "typeof" | "infer" | "readonly" | "unique" | "asserts" | "is" | "new"
    ) || matches!(
        word,
        "abstract" | "function" | "import" | "this" | "intrinsic" | "extends"
    )
}

impl Builder<'_> {
    /// A type that is only a name.
    pub(super) fn lower_doc_name(&mut self, name: &str) -> TypeRef {
        let ty = self.doc_name(name);
        self.facts.ty(ty)
    }

    /// As the types of TypeScript files are lowered.
    pub(super) fn lower_doc_type(&mut self, ty: &DocType<'_>) -> TypeRef {
        let ty = match ty {
            DocType::Name(name) => return self.lower_doc_name(name),
            DocType::Reference(reference) => {
                let arguments = self.lower_doc_types(&reference.arguments);
                let root = self.sym(reference.root);
                let path = reference.path.iter().map(|name| self.sym(name));
                let path: Vec<Sym> = path.collect();
                self.named(root, path, arguments)
            }
            DocType::Text(text) => Type::Literal(self.sym(&["'", text].concat())),
            DocType::Number(text) => Type::Literal(self.sym(text)),
            DocType::Array(element) => Type::Array(self.lower_doc_type(element)),
            DocType::Tuple(elements) => Type::Tuple(self.lower_doc_types(elements)),
            DocType::Rest(ty) => Type::Rest(self.lower_doc_type(ty)),
            DocType::Indexed(ty, index) => {
                let ty = self.lower_doc_type(ty);
                Type::Indexed(ty, self.lower_doc_type(index))
            }
            DocType::KeyOf(ty) => Type::KeyOf(self.lower_doc_type(ty)),
            DocType::Intersection(types) => Type::Intersection(self.lower_doc_types(types)),
            DocType::Union(types) => Type::Union(self.lower_doc_types(types)),
            DocType::Object(members) => self.doc_object(members),
            DocType::Function(function) => self.doc_function(&function.0, &function.1),
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
            "unknown" => Type::Primitive(self.word("any")),
            "true" | "false" => Type::Literal(sym),
            _ => self.named(sym, Vec::new(), List::EMPTY),
        }
    }

    fn doc_field_type(&mut self, field: &Field<'_>) -> TypeRef {
        let ty = field.ty.as_ref();
        ty.map_or(TypeRef::UNKNOWN, |ty| self.lower_doc_type(ty))
    }

    fn doc_object(&mut self, members: &[Field<'_>]) -> Type {
        let mut facts = Vec::with_capacity(members.len());
        for member in members {
            let name = self.sym(member.name);
            facts.push(MemberFact {
                optional: member.optional,
                declared: self.doc_field_type(member),
                ..super::lower::property_of_type(name)
            });
        }
        Type::Object(list(&mut self.facts.members, &facts))
    }

    fn doc_function(&mut self, parameters: &[Field<'_>], result: &DocType<'_>) -> Type {
        let mut this_type = TypeRef::UNKNOWN;
        let mut facts = Vec::with_capacity(parameters.len());
        for parameter in parameters {
            let name = if parameter.rest {
                self.known.empty
            } else {
                self.sym(parameter.name)
            };
            let declared = self.doc_field_type(parameter);
            if name == self.known.this {
                this_type = declared;
                continue;
            }
            facts.push(ParameterFact {
                name,
                declared,
                default: ShapeRef::UNKNOWN,
                rest: parameter.rest,
                optional: parameter.optional || parameter.rest,
            });
        }
        let returns = self.lower_doc_type(result);
        let parameters = list(&mut self.facts.parameters, &facts);
        self.facts.signatures.push(Signature {
            type_vars: List::EMPTY,
            parameters,
            returns,
            this_type,
        });
        Type::Function(SignatureRef(self.facts.signatures.len() as u32 - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::{DocType, Field};

    /// The type with all parentheses.
    fn shown(ty: &DocType<'_>) -> String {
        let all = |types: &[DocType<'_>], with: &str| {
            types.iter().map(shown).collect::<Vec<_>>().join(with)
        };
        let fields = |fields: &[Field<'_>]| {
            let text = fields.iter().map(|field| {
                let rest = if field.rest { "..." } else { "" };
                let optional = if field.optional { "?" } else { "" };
                let ty = field.ty.as_ref().map_or("-".to_owned(), shown);
                format!("{rest}{}{optional}: {ty}", field.name)
            });
            text.collect::<Vec<_>>().join(", ")
        };
        match ty {
            DocType::Name(name) => (*name).to_owned(),
            DocType::Reference(reference) => {
                let mut text = [&[reference.root], &reference.path[..]].concat().join(".");
                if !reference.arguments.is_empty() {
                    text += &format!("<{}>", all(&reference.arguments, ", "));
                }
                text
            }
            DocType::Text(text) => format!("'{text}'"),
            DocType::Number(text) => (*text).to_owned(),
            DocType::Array(element) => format!("{}[]", shown(element)),
            DocType::Tuple(elements) => format!("[{}]", all(elements, ", ")),
            DocType::Rest(ty) => format!("...{}", shown(ty)),
            DocType::Indexed(ty, index) => format!("{}[{}]", shown(ty), shown(index)),
            DocType::KeyOf(ty) => format!("(keyof {})", shown(ty)),
            DocType::Intersection(types) => format!("({})", all(types, " & ")),
            DocType::Union(types) => format!("({})", all(types, " | ")),
            DocType::Object(members) => format!("{{ {} }}", fields(members)),
            DocType::Function(function) => {
                format!("({}) => {}", fields(&function.0), shown(&function.1))
            }
        }
    }

    #[test]
    fn what_comments_write_is_read() {
        for (text, read) in [
            ("string", "string"),
            ("string|null", "(string | null)"),
            ("(string | number) []", "(string | number)[]"),
            (
                "Map<string, Set< a.b.C>>[][]",
                "Map<string, Set<a.b.C>>[][]",
            ),
            ("\"a b\" | 'c' | 1", "('a b' | 'c' | 1)"),
            ("A | (B | C) & D", "(A | ((B | C) & D))"),
            ("() => void", "() => void"),
            (
                "(a, b?: B[], ...c: C) => D | E",
                "(a: -, b?: B[], ...c: C) => (D | E)",
            ),
            ("((a: A) => B) | null", "((a: A) => B | null)"),
            ("{}", "{  }"),
            (
                "{ a: A, 'b-c'?: B; this: C, }[]",
                "{ a: A, b-c?: B, this: C }[]",
            ),
            ("{\n\t * a: A,\n * b: B\n }", "{ a: A, b: B }"),
            ("[A , B[], ...C | D,]", "[A, B[], ...(C | D)]"),
            ("[]", "[]"),
            ("Set<[A, [B]]>[]", "Set<[A, [B]]>[]"),
            ("A['b'][C | D][]", "A['b'][(C | D)][]"),
            ("keyof A[] & B", "((keyof A[]) & B)"),
            ("(keyof A)[]", "(keyof A)[]"),
            ("readonly A[] | keyof  readonly B", "(A[] | (keyof B))"),
            ("keyofA | readonly_", "(keyofA | readonly_)"),
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
            "01",
            "1.5",
            "1e3",
            "keyof",
            "keyof typeof A",
            "readonly",
            "unique symbol",
            "typeof x",
            "[a: A]",
            "[A?]",
            "[A",
            "[A B]",
            "[,]",
            "A[B",
            "'a\\'b'",
            "Array.<a>",
            "import('a').b",
            "ä",
            "(a: b)",
            "(a.b) => c",
            "<T>(a: T) => T",
            "{ [key: string]: a }",
            "{ a(): b }",
            "{ a: b",
            "* a",
            &deep,
        ] {
            assert_eq!(DocType::read(text), None, "{text}");
        }
    }
}
