//! Turns one JavaScript or TypeScript module into its graph and its summary.
//!
//! The analyzer is a pure function from a path and a source text. It knows the
//! language, and no library, no other file, no database.
//!
//! ```
//! use analyzer::{Options, analyze_module};
//! use graph_model::NodeType;
//!
//! let module = analyze_module("src/a.ts", "export const add = (a: number) => a + 1; add(2);", &Options::default());
//! assert!(module.diagnostics.is_empty());
//! let call = module.graph.nodes().iter().find(|n| n.node_type == NodeType::Call).unwrap();
//! assert_eq!(module.graph.semantic_id(call), "src/a.ts->CALL->add");
//! assert_eq!((call.span.line, call.span.column), (1, 41));
//! ```

mod builder;
mod facts;
mod graph;
mod parse;
mod visit;
mod words;

use sha2::{Digest, Sha256};

use builder::{Builder, Outcome};
use graph_model::LineIndex;
use graph_model::facts::Fact;
use graph_model::summary::ModuleType;
use parse::Parsed;

pub use graph::{CodedId, CodedMetadata, Edge, ModuleGraph, Node};
pub use graph_model::summary::{self, ModuleSummary};
pub use graph_model::{Diagnostic, Severity};

/// How a module is analyzed.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Options {
    /// The language that the text is written in, as an extension such as `ts`; `None` for that of the path.
    pub language: Option<&'static str>,
    /// What [`content_hash`] says of the file; `None` if the text is the whole file.
    pub content_hash: Option<[u8; 32]>,
}

impl Options {
    /// For a text that was taken out of a file of another language. Where it stood in the file, the text has to stand
    /// too: what is around it is blank.
    #[must_use]
    pub fn part_of_file(language: &'static str, content_hash: [u8; 32]) -> Self {
        Options {
            language: Some(language),
            content_hash: Some(content_hash),
        }
    }

    /// For a whole file whose [`content_hash`] is known already.
    #[must_use]
    pub fn with_hash(content_hash: [u8; 32]) -> Self {
        Options {
            language: None,
            content_hash: Some(content_hash),
        }
    }
}

/// What is known of a module after its analysis.
#[derive(Debug)]
pub struct ModuleAnalysis {
    /// Its nodes and edges.
    pub graph: ModuleGraph,
    /// What the linker needs to know of it.
    pub summary: ModuleSummary,
    /// What detectors of frameworks noticed, in source order.
    pub facts: Vec<Fact>,
    /// Syntax errors, in source order.
    pub diagnostics: Vec<Diagnostic>,
}

/// Analyzes one module.
///
/// `path` is relative to the project, with `/`; its extension says which language
/// the file is written in, if the options do not. `source` is the whole text, a byte order mark included.
/// The result depends on nothing else.
pub fn analyze_module(path: &str, source: &str, options: &Options) -> ModuleAnalysis {
    with_stack_for(source, || analyze(path, source, options))
}

fn analyze(path: &str, source: &str, options: &Options) -> ModuleAnalysis {
    let language = options.language.unwrap_or_else(|| parse::extension(path));
    let Parsed {
        program,
        diagnostics,
    } = parse::parse(path, language, source);
    let lines = LineIndex::new(source);
    let mut builder = Builder::new(path, language, source, &lines, parse::BASE);
    if let Some(program) = &program {
        builder.program(program);
    }
    let parse_error = diagnostics
        .iter()
        .find(|d| d.severity == Severity::Error)
        .map(|d| match d.place {
            Some(place) => format!("{}:{}: {}", place.line, place.column + 1, d.message),
            None => d.message.clone(),
        });
    let outcome = Outcome {
        module_type: builder.module_type(),
        content_hash: (options.content_hash).unwrap_or_else(|| content_hash(source.as_bytes())),
        parse_error,
    };
    let facts = program
        .as_ref()
        .map(|program| facts::detect(source, builder.mentioned, program, &lines, parse::BASE))
        .unwrap_or_default();
    let walked = builder.close(&outcome);
    drop(program);
    let (graph, summary) = walked.finish(path, source, &lines);
    ModuleAnalysis {
        graph,
        summary,
        facts,
        diagnostics,
    }
}

/// Runs `f` with stack for the deepest tree that the source can have.
///
/// The parser and the drop of a tree recurse once a level. Brackets cost most:
/// measured unoptimised, 2.5 KiB for a parenthesis; chains of prefix operators,
/// arms and `else if` take less, and more bytes of source. Stack that is not
/// touched costs nothing.
fn with_stack_for<R>(source: &str, f: impl FnOnce() -> R) -> R {
    const LEAST: usize = 4 << 20;
    const MOST: usize = 2 << 30;
    const FOR_CHAINS: usize = 64 << 20;
    const PER_BRACKET: usize = 8 << 10;
    // Threads that analyze have enough for most files, whatever stands in them.
    let most = source.len().saturating_mul(PER_BRACKET).max(LEAST);
    if stacker::remaining_stack().is_some_and(|left| left >= most) {
        return f();
    }
    let chains = source.len().saturating_mul(1024).min(FOR_CHAINS);
    let mut brackets = opening_brackets(source).saturating_mul(PER_BRACKET);
    if brackets > chains {
        brackets = nesting(source).saturating_mul(PER_BRACKET);
    }
    let need = chains.max(brackets).clamp(LEAST, MOST);
    stacker::maybe_grow(need, need + LEAST, f)
}

/// How many brackets open. Counted in bytes of small parts, which the compiler does for many at once.
fn opening_brackets(source: &str) -> usize {
    let opens = |&b: &u8| u8::from((b == b'(') | (b == b'[') | (b == b'{'));
    let (parts, rest) = source.as_bytes().as_chunks::<128>();
    let in_parts = parts
        .iter()
        .map(|part| usize::from(part.iter().map(opens).sum::<u8>()));
    in_parts.sum::<usize>() + usize::from(rest.iter().map(opens).sum::<u8>())
}

/// How deep brackets nest, those in strings and comments counted too.
fn nesting(source: &str) -> usize {
    let mut depth = 0usize;
    let mut deepest = 0;
    for byte in source.bytes() {
        match byte {
            b'(' | b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// The syntax tree of a module, as [`analyze_module`] sees it: for tools that check
/// or measure the analyzer. Byte positions count from 1.
pub fn parse_module(path: &str, source: &str) -> Option<swc_ecma_ast::Program> {
    let language = parse::extension(path);
    with_stack_for(source, || parse::parse(path, language, source).program)
}

/// SHA-256 of a file's bytes, as [`ModuleSummary::content_hash`] holds it.
pub fn content_hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

impl Builder<'_> {
    fn module_type(&self) -> ModuleType {
        if self.is_module {
            ModuleType::Esm
        } else if self.uses_common_js {
            ModuleType::CommonJs
        } else {
            ModuleType::Script
        }
    }
}
