//! Joins the modules of a program from their summaries, in memory: which export an import means, which function a
//! call reaches.
//!
//! ```
//! use std::path::Path;
//! use graph_model::EdgeType;
//! use linker::{Program, link, packages::Packages};
//!
//! let sources = [("a.js", "export function f() {}"), ("b.js", "import { f } from './a.js'; f();")];
//! let summaries = sources.map(|(path, text)| analyzer::analyze_module(path, text, &Default::default()).summary);
//! let program = Program::new(Path::new("/project"), Packages::default(), summaries.into());
//! let links = link(&program, &Default::default());
//! assert_eq!(links.files[1].edges().iter().filter(|edge| edge.edge_type == EdgeType::Calls).count(), 1);
//! ```
//!
//! The linker reads a [`Program`] and nothing else, and no pass asks the database. Each pass is a file here: a function
//! from a module (with the whole program around it) to edges whose sources are nodes of that module. So modules are
//! linked in parallel and the result does not depend on how many threads do it.

mod builtins;
mod calls;
mod edges;
mod exports;
mod file_view;
mod imports;
pub mod packages;
pub mod program;
mod specifiers;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod values;

pub use builtins::is_builtin;
pub use calls::CallCounts;
pub use edges::{External, FileLinks, LinkEdge, json_string};
pub use imports::ImportCounts;
pub use program::Program;

use graph_model::{NodeId, NodeType};
use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::program::{ModuleIx, export_specifier};
use exports::{ExportIx, Exports};
use graph_model::Diagnostic;
use specifiers::Specifiers;
use values::Place;

/// What a link found.
#[derive(Debug, Default)]
pub struct Links {
    /// For each module of the program, in its order.
    pub files: Vec<FileLinks>,
    /// Imports that lead nowhere.
    pub diagnostics: Vec<Diagnostic>,
    /// Counts of imports.
    pub imports: ImportCounts,
    /// Counts of calls.
    pub calls: CallCounts,
}

/// What all passes read.
pub(crate) struct Linker<'p> {
    program: &'p Program,
    specifiers: &'p Specifiers,
    exports: Exports<'p>,
    /// Files without a tree: nothing is known of their exports.
    failed: &'p FxHashSet<String>,
}

impl<'p> Linker<'p> {
    fn node_id(&self, place: Place) -> NodeId {
        self.program
            .module(place.module)
            .summary
            .node(place.node)
            .node_id()
    }

    fn node_type(&self, place: Place) -> Option<NodeType> {
        self.program
            .module(place.module)
            .summary
            .node(place.node)
            .node_type()
    }

    fn semantic_id(&self, export: ExportIx) -> &'p str {
        let of = self.program.module(export.module);
        of.summary.semantic_id(of.export(export.export).node)
    }

    /// The specifier of an export that leads out of the project: that of the re-export, or of the `require` that is
    /// exported.
    fn external_specifier(&self, at: ExportIx) -> Option<&'p str> {
        let of = self.program.module(at.module);
        let export = of.export(at.export);
        let specifier = match export_specifier(&export.target) {
            Some(specifier) => specifier,
            None => of.required_by_shape(export.shape)?.specifier?,
        };
        Some(of.summary.name(specifier))
    }
}

/// Links a program. `failed` are the files that could not be parsed. Runs on the current rayon pool.
#[must_use]
pub fn link(program: &Program, failed: &FxHashSet<String>) -> Links {
    let mut links = Links::default();
    let specifiers = Specifiers::resolve(program, &mut links.diagnostics);
    let linker = Linker {
        program,
        specifiers: &specifiers,
        exports: Exports::new(program, &specifiers),
        failed,
    };
    let results: Vec<_> = (0..program.modules().len() as u32)
        .into_par_iter()
        .map(|i| {
            let (mut file, mut diagnostics) = (FileLinks::default(), Vec::new());
            let imports = imports::run(&linker, ModuleIx(i), &mut file, &mut diagnostics);
            let calls = calls::run(&linker, ModuleIx(i), &mut file);
            (file, diagnostics, imports, calls)
        })
        .collect();
    for (file, diagnostics, imports, calls) in results {
        links.files.push(file);
        links.diagnostics.extend(diagnostics);
        links.imports.internal += imports.internal;
        links.imports.resolved += imports.resolved;
        links.calls.total += calls.total;
        links.calls.resolved += calls.resolved;
    }
    links.diagnostics.sort_unstable();
    links
}
