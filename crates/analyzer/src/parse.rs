//! From source text to syntax tree.

use swc_common::comments::{CommentKind, Comments, SingleThreadedComments};
use swc_common::{BytePos, Span, Spanned};
use swc_ecma_ast::{EsVersion, Program};
use swc_ecma_parser::{EsSyntax, Lexer, Parser, StringInput, Syntax, TsSyntax, error::Error};

use graph_model::{Diagnostic, Place, Severity};

/// Position of the first byte of every source: swc keeps 0 for "nowhere".
pub(crate) const BASE: BytePos = BytePos(1);

/// What the parser made of a file.
pub(crate) struct Parsed {
    /// The tree; `None` if there is none.
    pub(crate) program: Option<Program>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// The part of a file's name after the last dot.
pub(crate) fn extension(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or("", |(_, extension)| extension)
}

/// Whether a file only declares types.
pub(crate) fn is_declaration_file(path: &str) -> bool {
    [".d.ts", ".d.mts", ".d.cts"]
        .iter()
        .any(|end| path.ends_with(end))
}

fn syntax(path: &str, language: &str) -> Syntax {
    match language {
        "ts" | "mts" | "cts" | "tsx" => Syntax::Typescript(TsSyntax {
            tsx: language == "tsx",
            decorators: true,
            dts: is_declaration_file(path),
            no_early_errors: true,
            ..TsSyntax::default()
        }),
        _ => Syntax::Es(EsSyntax {
            jsx: true,
            decorators: true,
            decorators_before_export: true,
            export_default_from: true,
            import_attributes: true,
            allow_super_outside_method: true,
            allow_return_outside_function: true,
            auto_accessors: true,
            explicit_resource_management: true,
            ..EsSyntax::default()
        }),
    }
}

/// Parses a file that is written in a language, which is named by an extension.
pub(crate) fn parse(path: &str, language: &str, source: &str) -> Parsed {
    // The parser does not know byte order marks.
    let bom = source.len() - source.trim_start_matches('\u{feff}').len();
    let text = &source[bom..];
    let start = BASE + BytePos(bom as u32);
    let mut read = read(path, language, text, start);
    let mut text = std::borrow::Cow::Borrowed(text);
    for _ in 0..MOST_USING_HEADS {
        let Err(error) = &read.result else { break };
        let at = error.span().lo.0.saturating_sub(start.0) as usize;
        let Some(declared) = with_using_as_const(&text, at) else {
            break;
        };
        text = declared.into();
        read = self::read(path, language, &text, start);
    }
    if !read.html_comments.is_empty() {
        // The parser counts them to the token that follows.
        let blanked = without_comments(&text, start, &read.html_comments);
        read = self::read(path, language, &blanked, start);
    }
    let (result, mut errors) = (read.result, read.errors);
    let mut diagnostics = Vec::new();
    let program = match result {
        Ok(program) => Some(program),
        Err(error) => {
            let flow = is_flow(language, source);
            diagnostics.push(diagnostic(path, source, &error, Severity::Error, flow));
            None
        }
    };
    errors.sort_by_key(|e| e.span().lo);
    diagnostics.extend(
        errors
            .iter()
            .map(|e| diagnostic(path, source, e, Severity::Warning, false)),
    );
    diagnostics.dedup_by(|a, b| (a.place, &a.message) == (b.place, &b.message));
    Parsed {
        program,
        diagnostics,
    }
}

/// Whether `<!--` or `-->` stands somewhere.
fn may_have_html_comments(mut text: &str) -> bool {
    while let Some(at) = memchr::memmem::find(text.as_bytes(), b"--") {
        let (before, dashes) = text.split_at(at);
        let after = dashes.trim_start_matches('-');
        if before.ends_with("<!") || after.starts_with('>') {
            return true;
        }
        text = after;
    }
    false
}

/// What the parser gives back.
struct Read {
    result: Result<Program, Error>,
    errors: Vec<Error>,
    /// `<!--` and `-->` up to the end of their lines.
    html_comments: Vec<Span>,
}

fn read(path: &str, language: &str, text: &str, base: BytePos) -> Read {
    let end = base + BytePos(text.len() as u32);
    let input = StringInput::new(text, base, end);
    let comments = may_have_html_comments(text).then(SingleThreadedComments::default);
    let lexer = Lexer::new(
        syntax(path, language),
        EsVersion::EsNext,
        input,
        comments.as_ref().map(|c| c as &dyn Comments),
    );
    let mut parser = Parser::new_from(lexer);
    let result = parser.parse_program();
    let errors = parser.take_errors();
    let mut html_comments = Vec::new();
    if let Some(comments) = comments {
        let (leading, trailing) = comments.take_all();
        for comments in [leading, trailing] {
            for comment in comments.borrow().values().flatten() {
                let at = (comment.span.lo - base).0 as usize;
                let bytes = text.as_bytes();
                if comment.kind != CommentKind::Line || bytes[at..].starts_with(b"//") {
                    continue;
                }
                // The span starts inside the mark, behind it, or at it.
                let mark = [b"<!--".as_slice(), b"-->"].iter().find_map(|mark| {
                    (0..=mark.len().min(at))
                        .map(|back| at - back)
                        .find(|&start| bytes[start..].starts_with(mark))
                });
                if let Some(start) = mark {
                    let hi = comment.span.hi.min(end);
                    html_comments.push(Span::new(base + BytePos(start as u32), hi));
                }
            }
        }
    }
    Read {
        result,
        errors,
        html_comments,
    }
}

/// The text with white space in place of some comments, which changes no position.
fn without_comments(text: &str, start: BytePos, comments: &[Span]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for comment in comments {
        let range = (comment.lo - start).0 as usize..(comment.hi - start).0 as usize;
        bytes[range].fill(b' ');
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// So many heads of `for` that declare with `using` are found in one file.
const MOST_USING_HEADS: usize = 64;

/// The text with `const` in place of the `using` of `for (using x = …;;)`, which the parser
/// does not know; `at` is where it failed. No position changes, and what was written is still
/// read from the source.
fn with_using_as_const(text: &str, at: usize) -> Option<String> {
    // It fails behind `using`, or at it behind an `await` that it took for a name.
    let rest = text.get(at..)?;
    let at = at + if rest.starts_with("using") { 5 } else { 0 };
    let head = text.get(..at)?.trim_end();
    let before = head.strip_suffix("using")?.trim_end();
    let before = before.strip_suffix("await").unwrap_or(before).trim_end();
    before.strip_suffix('(')?.trim_end().strip_suffix("for")?;
    let start = before.len() + text[before.len()..].find(['a', 'u'])?;
    let width = head.len() - start;
    let declared = format!("{:width$}", "const");
    Some([&text[..start], &declared, &text[head.len()..]].concat())
}

fn diagnostic(
    path: &str,
    source: &str,
    error: &Error,
    severity: Severity,
    flow: bool,
) -> Diagnostic {
    let span = error.span();
    let offset = span.lo.0.saturating_sub(BASE.0).min(source.len() as u32);
    let end = span
        .hi
        .0
        .saturating_sub(BASE.0)
        .clamp(offset, source.len() as u32);
    let (line, column) = graph_model::LineIndex::new(source).position(offset);
    let mut message = error.kind().msg().into_owned();
    let mut code = if severity == Severity::Error {
        "parse-error"
    } else {
        "syntax-error"
    };
    if flow && severity == Severity::Error {
        code = "flow-syntax";
        message = format!("this file is written in Flow, whose types are not supported: {message}");
    }
    Diagnostic {
        code,
        severity,
        file: path.to_owned(),
        place: Some(Place {
            line,
            column,
            offset: Some(offset),
            length: (end - offset)
                .max(1)
                .min((source.len() as u32).saturating_sub(offset)),
        }),
        message,
    }
}

/// Whether a JavaScript file says that it has Flow types.
fn is_flow(language: &str, source: &str) -> bool {
    if !matches!(language, "js" | "jsx" | "mjs" | "cjs") {
        return false;
    }
    let head = crate::builder::metadata::cut(source, 4096);
    head.lines().take(40).any(|line| {
        line.split_once("@flow")
            .is_some_and(|(_, rest)| !rest.starts_with(|c: char| c.is_alphanumeric()))
    }) || source.contains("import type ")
        || source.contains("export type ")
}

/// A type that stands alone, as in a comment.
pub(crate) fn parse_type(text: &str) -> Option<Box<swc_ecma_ast::TsType>> {
    use swc_ecma_ast::{Decl, ModuleItem, Stmt};
    let text = format!("type T = {text};");
    let input = StringInput::new(&text, BASE, BASE + BytePos(text.len() as u32));
    let syntax = Syntax::Typescript(TsSyntax::default());
    let lexer = Lexer::new(syntax, EsVersion::EsNext, input, None);
    let mut parser = Parser::new_from(lexer);
    let mut module = parser.parse_module().ok()?;
    match module.body.pop()? {
        ModuleItem::Stmt(Stmt::Decl(Decl::TsTypeAlias(alias))) if module.body.is_empty() => {
            Some(alias.type_ann)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::may_have_html_comments;

    #[test]
    fn marks_of_html_comments_are_seen() {
        for text in ["<!-- x", "a\n--> x", "---->", "i--; <!--", "<!----"] {
            assert!(may_have_html_comments(text), "{text}");
        }
        for text in ["", "i-- > 0", "// ---- >", "< !--", "<!-", "->", "-- <! --"] {
            assert!(!may_have_html_comments(text), "{text}");
        }
    }
}
