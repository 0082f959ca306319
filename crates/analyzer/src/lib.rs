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

mod diagnostic;
mod graph;
pub mod summary;

pub use diagnostic::{Diagnostic, Severity};
pub use graph::{Edge, ModuleGraph, Node, TextRange};
pub use summary::ModuleSummary;

/// How a module is analyzed.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Options {}

/// What is known of a module after its analysis.
#[derive(Debug)]
pub struct ModuleAnalysis {
    /// Its nodes and edges.
    pub graph: ModuleGraph,
    /// What the linker needs to know of it.
    pub summary: ModuleSummary,
    /// Syntax errors, in source order.
    pub diagnostics: Vec<Diagnostic>,
}

/// Analyzes one module.
///
/// `path` is relative to the project, with `/`; its extension says which language
/// the file is written in. `source` is the whole text, a byte order mark included.
/// The result depends on nothing else.
pub fn analyze_module(path: &str, source: &str, options: &Options) -> ModuleAnalysis {
    let _ = (path, source, options);
    unimplemented!("written next")
}
