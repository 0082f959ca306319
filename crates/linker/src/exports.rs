//! From a module and a name to the export that the name means: ECMAScript's `ResolveExport`, and what stands for it in
//! CommonJS.

use std::sync::Mutex;

use graph_model::summary::{ExportTarget, ModuleType};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::mutex::locked;
use crate::program::{ModuleIx, Name, Program};
use crate::reads;
use crate::specifiers::{Specifiers, Target};

/// An export of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ExportIx {
    /// The module.
    pub module: ModuleIx,
    /// Index into its exports.
    pub export: u32,
}

/// What a name of a module means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// An export, and the `export *` on the way to it.
    Export(ExportIx, Box<[ExportIx]>),
    /// The module as a value.
    Module(ModuleIx),
    /// Something of a package: the specifier is that of this export.
    External(ExportIx),
    /// Nothing.
    None,
    /// Different things through different `export *`.
    Ambiguous,
}

/// What names were found to mean, and what was read for it.
type Remembered = FxHashMap<Box<str>, (Found, reads::List)>;

/// Looks names up and remembers what it found.
pub(crate) struct Exports<'p> {
    program: &'p Program,
    specifiers: &'p Specifiers<'p>,
    /// What names mean that come through an `export *`, for each module.
    through_stars: Vec<Mutex<Remembered>>,
    /// Nothing is remembered without what was read for it.
    traced: bool,
}

/// The names that are being looked up through `export *`, in which modules: re-exports can lead back to one of them.
#[derive(Default)]
struct Open {
    searches: Vec<(ModuleIx, Box<str>)>,
    /// Whether one did.
    is_cycle: bool,
    /// What was found in a cycle. It depends on where the cycle was entered, so it counts until the outermost search ends.
    found: FxHashMap<(ModuleIx, Box<str>), (Found, reads::List)>,
}

/// Re-exports of re-exports are followed so far; longer chains only exist in cycles.
const MAX_CHAIN: usize = 64;

impl<'p> Exports<'p> {
    /// Nothing looked up yet. In a program that is `traced`, threads that keep no log remember nothing.
    #[must_use]
    pub(crate) fn new(program: &'p Program, specifiers: &'p Specifiers<'p>, traced: bool) -> Self {
        let through_stars = (0..program.len()).map(|_| Mutex::default()).collect();
        Exports {
            program,
            specifiers,
            through_stars,
            traced,
        }
    }

    /// What a name means in a module. The export that is found may be a re-export; [`Exports::origin`] follows it.
    #[must_use]
    pub(crate) fn lookup(&self, module: ModuleIx, name: Name<'_>) -> Found {
        self.lookup_in(module, name, &mut Open::default())
    }

    fn lookup_in(&self, module: ModuleIx, name: Name<'_>, open: &mut Open) -> Found {
        reads::read(module.0, reads::key_of_name(name));
        let of = self.program.module(module);
        let common_js = of.summary.module_type == ModuleType::CommonJs;
        let is_default = name.text() == "default";
        if is_default && common_js && !of.summary.es_module_marker {
            return match of.export_equals() {
                Some(export) => Found::Export(ExportIx { module, export }, Box::default()),
                None => Found::Module(module),
            };
        }
        if let Some(export) = of.export_of(name) {
            return Found::Export(ExportIx { module, export }, Box::default());
        }
        if is_default {
            return match of.export_equals() {
                Some(export) => Found::Export(ExportIx { module, export }, Box::default()),
                None => Found::None,
            };
        }
        if of.stars().is_empty() {
            return self.lookup_in_value(module, name);
        }
        let memo = &self.through_stars[module.0 as usize];
        if let Some((found, list)) = locked(memo).get(name.text()) {
            reads::all_of(list);
            return found.clone();
        }
        let of_name = (module, Box::from(name.text()));
        if open.searches.contains(&of_name) {
            open.is_cycle = true;
            return Found::None;
        }
        if let Some((found, list)) = open.found.get(&of_name) {
            open.is_cycle = true;
            reads::all_of(list);
            return found.clone();
        }
        open.searches.push(of_name);
        let outer = std::mem::replace(&mut open.is_cycle, false);
        let remembered = reads::listed(|| self.search(module, name, open));
        let found = remembered.0.clone();
        open.searches.pop();
        if !open.is_cycle || open.searches.is_empty() {
            if !self.traced || reads::are_logged() {
                locked(memo).insert(name.text().into(), remembered);
            }
        } else {
            open.found.insert((module, name.text().into()), remembered);
        }
        open.is_cycle |= outer;
        found
    }

    /// What a name means that comes through an `export *`.
    fn search(&self, module: ModuleIx, name: Name<'_>, open: &mut Open) -> Found {
        let mut search = StarSearch {
            exports: self,
            name,
            visited: FxHashSet::default(),
            path: Vec::new(),
            found: Vec::new(),
            external: None,
        };
        search.visit(module);
        match search.found.as_slice() {
            [] => match search.external {
                Some(export) => Found::External(export),
                None => self.lookup_in_value(module, name),
            },
            [(export, through), others @ ..] => {
                let origin = self.origin_in(*export, open);
                if others
                    .iter()
                    .all(|(other, _)| self.origin_in(*other, open) == origin)
                {
                    Found::Export(*export, through.clone())
                } else {
                    Found::Ambiguous
                }
            }
        }
    }

    /// A name of a module whose value is assigned as a whole: if the value is that of another module, the name is
    /// looked up there. Members of an object literal are exports themselves.
    fn lookup_in_value(&self, module: ModuleIx, name: Name<'_>) -> Found {
        let mut module = module;
        for _ in 0..MAX_CHAIN {
            let of = self.program.module(module);
            let Some(export) = of.export_equals() else {
                return Found::None;
            };
            let Some(required) = of.required_by_shape(of.export(export).shape) else {
                return Found::None;
            };
            let Some(specifier) = required.specifier else {
                return Found::None;
            };
            match self.specifiers.target(module, specifier) {
                Target::Module(next) => {
                    reads::read(next.0, reads::key_of_name(name));
                    if let Some(export) = self.program.module(next).export_of(name) {
                        return Found::Export(
                            ExportIx {
                                module: next,
                                export,
                            },
                            Box::default(),
                        );
                    }
                    module = next;
                }
                Target::External => return Found::External(ExportIx { module, export }),
                Target::Asset | Target::Missing => return Found::None,
            }
        }
        Found::None
    }

    /// The export at the end of a chain of re-exports, as far as it stays in the project.
    #[must_use]
    pub(crate) fn origin(&self, export: ExportIx) -> ExportIx {
        self.origin_in(export, &mut Open::default())
    }

    fn origin_in(&self, export: ExportIx, open: &mut Open) -> ExportIx {
        let mut at = export;
        for _ in 0..MAX_CHAIN {
            match self.step_in(at, open) {
                Some(Found::Export(next, _)) => at = next,
                _ => break,
            }
        }
        at
    }

    /// Where a re-export leads; `None` for an export of the module's own.
    #[must_use]
    pub(crate) fn step(&self, export: ExportIx) -> Option<Found> {
        self.step_in(export, &mut Open::default())
    }

    fn step_in(&self, export: ExportIx, open: &mut Open) -> Option<Found> {
        let of = self.program.module(export.module);
        match &of.export(export.export).target {
            ExportTarget::Local(_) | ExportTarget::Equals(_) => None,
            ExportTarget::Reexport {
                specifier,
                imported,
            } => Some(match self.specifiers.target(export.module, *specifier) {
                Target::Module(target) => self.lookup_in(target, of.hashed(*imported), open),
                Target::External => Found::External(export),
                Target::Asset | Target::Missing => Found::None,
            }),
            ExportTarget::Star { specifier } | ExportTarget::StarAs { specifier } => {
                Some(match self.specifiers.target(export.module, *specifier) {
                    Target::Module(target) => Found::Module(target),
                    Target::External => Found::External(export),
                    Target::Asset | Target::Missing => Found::None,
                })
            }
        }
    }
}

/// Goes through `export *` and collects every export of a name that no nearer one hides.
struct StarSearch<'s, 'p> {
    exports: &'s Exports<'p>,
    name: Name<'s>,
    visited: FxHashSet<ModuleIx>,
    path: Vec<ExportIx>,
    found: Vec<(ExportIx, Box<[ExportIx]>)>,
    external: Option<ExportIx>,
}

impl StarSearch<'_, '_> {
    fn visit(&mut self, module: ModuleIx) {
        // A second way to the same module leads to the same export, and a cycle to nothing.
        if !self.visited.insert(module) {
            return;
        }
        reads::read(module.0, reads::key_of_name(self.name));
        let of = self.exports.program.module(module);
        if let Some(export) = of.export_of(self.name) {
            self.found
                .push((ExportIx { module, export }, self.path.as_slice().into()));
            return;
        }
        for &star in of.stars() {
            let at = ExportIx {
                module,
                export: star,
            };
            let ExportTarget::Star { specifier } = of.export(star).target else {
                continue;
            };
            match self.exports.specifiers.target(module, specifier) {
                Target::Module(next) => {
                    self.path.push(at);
                    self.visit(next);
                    self.path.pop();
                }
                Target::External => self.external = self.external.or(Some(at)),
                Target::Asset | Target::Missing => {}
            }
        }
    }
}
