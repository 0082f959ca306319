//! From source text to syntax tree.

use swc_common::{BytePos, Spanned};
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

fn syntax(path: &str) -> Syntax {
    match extension(path) {
        "ts" | "mts" | "cts" | "tsx" => Syntax::Typescript(TsSyntax {
            tsx: path.ends_with(".tsx"),
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

/// Parses a file by the language that its extension names.
pub(crate) fn parse(path: &str, source: &str) -> Parsed {
    // The parser does not know byte order marks.
    let bom = source.len() - source.trim_start_matches('\u{feff}').len();
    let text = &source[bom..];
    let start = BASE + BytePos(bom as u32);
    let input = StringInput::new(text, start, start + BytePos(text.len() as u32));
    let lexer = Lexer::new(syntax(path), EsVersion::EsNext, input, None);
    let mut parser = Parser::new_from(lexer);
    let result = parser.parse_program();
    let mut errors = parser.take_errors();
    let mut diagnostics = Vec::new();
    let program = match result {
        Ok(program) => Some(program),
        Err(error) => {
            let flow = is_flow(path, source);
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
fn is_flow(path: &str, source: &str) -> bool {
    if !matches!(extension(path), "js" | "jsx" | "mjs" | "cjs") {
        return false;
    }
    let head = crate::builder::metadata::cut(source, 4096);
    head.lines().take(40).any(|line| {
        line.split_once("@flow")
            .is_some_and(|(_, rest)| !rest.starts_with(|c: char| c.is_alphanumeric()))
    }) || source.contains("import type ")
        || source.contains("export type ")
}
