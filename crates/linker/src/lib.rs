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
//! assert_eq!(links.files[1].edges().filter(|edge| edge.edge_type == EdgeType::Calls).count(), 1);
//! ```
//!
//! The linker reads a [`Program`] and nothing else, and no pass asks the database. Each pass is a file here: a function
//! from a module (with the whole program around it) to edges whose sources are nodes of that module. So modules are
//! linked in parallel and the result does not depend on how many threads do it.

mod arguments;
mod bound;
mod builtins;
mod calls;
mod closed_types;
mod configs;
mod edges;
mod entry_points;
mod error_ways;
mod errors;
mod eval;
mod exports;
mod file_view;
mod flows;
mod folders;
mod followed;
mod globals;
mod heritage;
mod hierarchy;
mod higher_order;
mod imports;
mod inherited;
mod instances;
mod member_lists;
mod mutex;
mod outside;
pub mod packages;
mod points;
mod private;
pub mod program;
mod reads;
pub mod relink;
mod rewritten;
mod roles;
mod shares;
mod specifiers;
mod surface;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod type_variables;
mod unresolved;

pub use builtins::is_builtin;
pub use calls::CallCounts;
pub use edges::{External, FileLinks, LinkEdge, json_string};
pub use file_view::tsconfig_names;
pub use imports::ImportCounts;
pub use program::Program;

use std::sync::OnceLock;

use graph_model::NodeId;
use graph_model::summary::{ModuleType, NodeRef};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::arguments::Received;
use crate::error_ways::Errors;
use crate::errors::ModuleErrors;
use crate::higher_order::Run;
use crate::program::{ModuleIx, export_specifier};
use crate::reads::Reads;
use crate::relink::Trace;
use eval::{Eval, Place};
use exports::{ExportIx, Exports};
use graph_model::Diagnostic;
use hierarchy::Hierarchy;
use shares::each_module;
use specifiers::Specifiers;

/// Modules whose links are written in one piece. Left to itself, a thread would take a large part of all at once, and
/// the others would wait.
const PIECE: usize = 16;

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
    specifiers: &'p Specifiers<'p>,
    exports: Exports<'p>,
    /// Files without a tree: nothing is known of their exports.
    failed: &'p FxHashSet<String>,
    /// Names of the global object that the project itself declares.
    globals: FxHashMap<&'p str, Vec<Place>>,
    /// Modules that are scripts, and what they tell each other.
    script_modules: Vec<ModuleIx>,
    scripts: OnceLock<globals::Scripts<'p>>,
    hierarchy: Hierarchy,
    /// What is found for modules that are solved together.
    worlds: points::Worlds,
    /// Whether it is written down what modules read of each other.
    traced: bool,
}

/// What the passes found for one module.
struct Linked {
    file: FileLinks,
    diagnostics: Vec<Diagnostic>,
    imports: ImportCounts,
    calls: CallCounts,
    received: Vec<Received>,
    /// What calls of parameters run that its calls pass.
    runs: Vec<Run>,
    errors: ModuleErrors,
    reads: Reads,
}

impl<'p> Linker<'p> {
    /// What scripts tell each other.
    fn scripts(&self) -> &globals::Scripts<'p> {
        let modules = || self.script_modules.iter().copied();
        self.scripts
            .get_or_init(|| globals::Scripts::of(self.program, modules))
    }

    /// Functions and classes of a name at the top of scripts.
    fn script_globals(&self, name: &str) -> Option<&[Place]> {
        reads::read(reads::SCRIPTS, reads::name_key(name));
        self.scripts().globals.get(name).map(Vec::as_slice)
    }

    /// Functions that scripts have as members of a name.
    fn script_members(&self, name: &str) -> Option<&[Place]> {
        reads::read(reads::SCRIPTS, reads::name_key(name));
        self.scripts().members.get(name).map(Vec::as_slice)
    }

    fn node_id(&self, place: Place) -> NodeId {
        self.program
            .module(place.module)
            .summary
            .node(place.node)
            .node_id()
    }

    /// Whether an edge from a node of a module to a node of another is the module's to write. A node without a file other modules
    /// have too, and could say other things of the edge.
    fn owns_edge(&self, ix: ModuleIx, src: NodeRef, to: ModuleIx) -> bool {
        to == ix || self.program.module(ix).summary.node(src).is_in_file()
    }

    fn semantic_id(&self, export: ExportIx) -> String {
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
    whole(program, failed, false).0
}

/// Links a program, and notes for each of its modules what [`relink`](relink::relink) needs to know.
#[must_use]
pub fn link_traced(program: &Program, failed: &FxHashSet<String>) -> (Links, Vec<Trace>) {
    whole(program, failed, true)
}

fn whole(program: &Program, failed: &FxHashSet<String>, traced: bool) -> (Links, Vec<Trace>) {
    let specifiers = Specifiers::new(program, &|_| None);
    let modules: Vec<ModuleIx> = program.indexes().collect();
    let of_globals = || {
        let is_script = |of: &program::Module| of.summary.module_type == ModuleType::Script;
        let scripts = program.indexed().filter(|(_, of)| is_script(of));
        let scripts: Vec<ModuleIx> = scripts.map(|(ix, _)| ix).collect();
        (globals::declared(program, modules.iter().copied()), scripts)
    };
    let ((), (globals, script_modules)) = rayon::join(|| specifiers.prepare(), of_globals);
    let mut linker = Linker {
        program,
        specifiers: &specifiers,
        exports: Exports::new(program, &specifiers, traced),
        failed,
        globals,
        script_modules,
        scripts: OnceLock::new(),
        hierarchy: Hierarchy::default(),
        worlds: points::Worlds::default(),
        traced,
    };
    linker.worlds = points::Worlds::new(&linker);
    let mut heirs = heirs_of(&linker, &modules);
    let pairs = heirs.iter().flat_map(|(pairs, _)| pairs.iter().copied());
    linker.hierarchy = Hierarchy::new(pairs);
    let mut results = each_module(&linker, &modules, bound_types(program), linked);
    let passed: Vec<Vec<Received>> = results
        .iter_mut()
        .map(|linked| std::mem::take(&mut linked.received))
        .collect();
    let said: Vec<ModuleErrors> = results
        .iter_mut()
        .map(|linked| std::mem::take(&mut linked.errors))
        .collect();
    let of_callees = || {
        let received = arguments::by_callee(&passed, modules.len());
        let crowded = higher_order::crowded(results.iter().flat_map(|linked| &linked.runs));
        let mut runs: Vec<Vec<Run>> = modules.iter().map(|_| Vec::new()).collect();
        for run in results.iter().flat_map(|linked| &linked.runs) {
            runs[run.call.module.0 as usize].push(*run);
        }
        (received, crowded, runs)
    };
    let ((received, crowded, runs), errors) = rayon::join(of_callees, || Errors::new(said.iter()));
    results
        .par_iter_mut()
        .zip(modules.par_iter().zip(received.par_iter().zip(&runs)))
        .with_max_len(PIECE)
        .for_each(|(linked, (&ix, (received, runs)))| {
            arguments::write(&linker, received, &crowded, &mut linked.file);
            higher_order::write(&linker, runs, &crowded, &mut linked.file);
            errors.write(&linker, ix, &mut linked.file);
        });
    for (linked, passed) in results.iter_mut().zip(passed) {
        linked.received = passed;
    }
    for (linked, said) in results.iter_mut().zip(said) {
        linked.errors = said;
    }
    let traces = if traced {
        let found = heirs.par_drain(..).zip(&mut results).enumerate();
        found
            .with_max_len(PIECE)
            .map(|(i, ((pairs, reads), linked))| {
                let ix = ModuleIx(i as u32);
                Trace::new(&linker, ix, pairs, reads, linked)
            })
            .collect()
    } else {
        Vec::new()
    };
    let mut links = Links::default();
    for linked in results {
        links.files.push(linked.file);
        links.diagnostics.extend(linked.diagnostics);
        links.imports.add(linked.imports);
        links.calls.add(linked.calls);
    }
    links.diagnostics.sort_unstable();
    (links, traces)
}

/// How many types are asked for under an environment, roughly: half as many as there are, in a program with many generic ones.
fn bound_types(program: &Program) -> usize {
    let types = program.indexed().map(|(_, of)| of.summary.types.len());
    types.sum::<usize>() / 2
}

/// The pairs of ancestor and heir that modules declare, and what was read for them.
fn heirs_of(linker: &Linker<'_>, modules: &[ModuleIx]) -> Vec<(Vec<(Place, Place)>, Reads)> {
    each_module(linker, modules, 0, |eval, ix| {
        let pairs = Hierarchy::of_module(eval, ix);
        (pairs, reads::take(ix.0))
    })
}

/// All passes for one module. The result is large, and goes from list to list.
fn linked(eval: &mut Eval<'_, '_>, ix: ModuleIx) -> Box<Linked> {
    let mut file = FileLinks::with_desk(std::mem::take(&mut eval.desk));
    let mut diagnostics = eval.linker.specifiers.diagnostics(ix).to_vec();
    let imports = imports::run(eval.linker, ix, &mut file, &mut diagnostics);
    let mut noted = calls::Noted::default();
    let linker = eval.linker;
    let points = linker.worlds.of(linker, ix);
    let calls = calls::run(eval, ix, points, &mut file, &mut noted);
    heritage::run(eval, ix, &mut file);
    instances::run(eval, ix, points, &mut file);
    errors::run(eval, ix, &mut file, &mut noted.errors);
    let mut received = noted.received;
    let mut runs = Vec::new();
    higher_order::run(
        eval,
        ix,
        &noted.passing,
        &mut file,
        &mut received,
        &mut runs,
    );
    eval.desk = file.clear_desk();
    Box::new(Linked {
        file,
        diagnostics,
        imports,
        calls,
        received,
        runs,
        errors: noted.errors,
        reads: reads::take(ix.0),
    })
}
