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

mod arguments;
mod builtins;
mod calls;
mod edges;
mod errors;
mod eval;
mod exports;
mod file_view;
mod flows;
mod globals;
mod heritage;
mod hierarchy;
mod imports;
mod instances;
pub mod packages;
mod private;
pub mod program;
mod specifiers;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod unresolved;

pub use builtins::is_builtin;
pub use calls::CallCounts;
pub use edges::{External, FileLinks, LinkEdge, json_string};
pub use imports::ImportCounts;
pub use program::Program;

use std::sync::atomic::{AtomicUsize, Ordering};

use graph_model::NodeId;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::program::{ModuleIx, export_specifier};
use eval::{Eval, Place};
use exports::{ExportIx, Exports};
use graph_model::Diagnostic;
use hierarchy::Hierarchy;
use specifiers::Specifiers;

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
    /// Names of the global object that the project itself declares.
    globals: FxHashMap<&'p str, Vec<Place>>,
    scripts: globals::Scripts<'p>,
    hierarchy: Hierarchy,
}

impl<'p> Linker<'p> {
    fn node_id(&self, place: Place) -> NodeId {
        self.program
            .module(place.module)
            .summary
            .node(place.node)
            .node_id()
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
    let mut linker = Linker {
        program,
        specifiers: &specifiers,
        exports: Exports::new(program, &specifiers),
        failed,
        globals: globals::declared(program),
        scripts: globals::Scripts::of(program),
        hierarchy: Hierarchy::default(),
    };
    let pairs = each_module(&linker, |eval, ix| Hierarchy::of_module(eval, ix));
    linker.hierarchy = Hierarchy::new(pairs.into_iter().flatten());
    let results = each_module(&linker, |eval, ix| {
        let summary = &eval.linker.program.module(ix).summary;
        let room = summary.calls.len() + summary.accesses.len() / 2 + 2 * summary.imports.len();
        let (mut file, mut diagnostics) = (FileLinks::with_capacity(room), Vec::new());
        let imports = imports::run(eval.linker, ix, &mut file, &mut diagnostics);
        let mut received = Vec::new();
        let mut errors = errors::ModuleErrors::new(ix);
        let calls = calls::run(eval, ix, &mut file, &mut received, &mut errors);
        heritage::run(eval, ix, &mut file);
        instances::run(eval, ix, &mut file);
        errors::run(eval, ix, &mut file, errors);
        (file, diagnostics, imports, calls, received)
    });
    let mut received: Vec<Vec<arguments::Received>> =
        program.modules().iter().map(|_| Vec::new()).collect();
    for (file, diagnostics, imports, calls, passed) in results {
        for one in passed {
            received[one.module.0 as usize].push(one);
        }
        links.files.push(file);
        links.diagnostics.extend(diagnostics);
        links.imports.internal += imports.internal;
        links.imports.resolved += imports.resolved;
        links.calls.total += calls.total;
        links.calls.resolved += calls.resolved;
    }
    links
        .files
        .par_iter_mut()
        .zip(&received)
        .for_each(|(file, received)| arguments::write(&linker, received, file));
    links.diagnostics.sort_unstable();
    links
}

/// Runs `f` for each module, in parallel. Every thread has an evaluation of its own and takes the next module that no
/// other has taken; that no answer depends on who asked first makes the results independent of it.
fn each_module<'p, R: Send>(
    linker: &Linker<'p>,
    f: impl Fn(&mut Eval<'_, 'p>, ModuleIx) -> R + Sync,
) -> Vec<R> {
    let modules = linker.program.modules().len();
    let next = AtomicUsize::new(0);
    let parts: Vec<Vec<(usize, R)>> = (0..rayon::current_num_threads().max(1))
        .into_par_iter()
        .with_max_len(1)
        .map(|_| {
            let mut eval = Eval::new(linker);
            let mut results = Vec::new();
            loop {
                let i = next.fetch_add(1, Ordering::Relaxed);
                if i >= modules {
                    return results;
                }
                let ix = ModuleIx(i as u32);
                eval.enter_module(ix);
                results.push((i, f(&mut eval, ix)));
            }
        })
        .collect();
    let mut results: Vec<Option<R>> = (0..modules).map(|_| None).collect();
    for (i, result) in parts.into_iter().flatten() {
        results[i] = Some(result);
    }
    results.into_iter().flatten().collect()
}
