//! The whole program as the linker sees it: every module's summary, indexed, and never changed.

use std::path::{Path, PathBuf};

use graph_model::ModuleSummary;
use graph_model::summary::{
    ClassFact, ExportFact, ExportTarget, ImportFact, NodeRef, ObjectFact, Shape, ShapeRef, Sym,
    VariableFact,
};
use rustc_hash::FxHashMap;

use crate::packages::Packages;

/// So many steps from name to name are followed inside of one module.
const MAX_STEPS: usize = 16;

/// A module, as an index into [`Program::modules`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModuleIx(pub u32);

/// What is known of a node of a summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fact {
    /// No more than the node itself.
    #[default]
    None,
    /// Index into [`ModuleSummary::imports`].
    Import(u32),
    /// Index into [`ModuleSummary::variables`].
    Variable(u32),
    /// Index into [`ModuleSummary::classes`].
    Class(u32),
    /// Index into [`ModuleSummary::objects`].
    Object(u32),
}

/// A module: its summary and the ways into it.
#[derive(Debug)]
pub struct Module {
    /// The summary.
    pub summary: ModuleSummary,
    facts: Vec<Fact>,
    exports_by_name: Vec<u32>,
    stars: Vec<u32>,
}

impl Module {
    fn new(summary: ModuleSummary) -> Self {
        let mut facts = vec![Fact::None; summary.nodes.len()];
        let mut set = |node: NodeRef, fact| {
            if let Some(slot) = facts.get_mut(node.0 as usize) {
                *slot = fact;
            }
        };
        for (i, fact) in (0..).zip(&summary.imports) {
            set(fact.node, Fact::Import(i));
        }
        for (i, fact) in (0..).zip(&summary.variables) {
            set(fact.node, Fact::Variable(i));
        }
        for (i, fact) in (0..).zip(&summary.classes) {
            set(fact.node, Fact::Class(i));
        }
        for (i, fact) in (0..).zip(&summary.objects) {
            set(fact.node, Fact::Object(i));
        }
        let is_star = |e: &ExportFact| matches!(e.target, ExportTarget::Star { .. });
        let (stars, mut exports_by_name): (Vec<u32>, Vec<u32>) =
            (0..summary.exports.len() as u32).partition(|&i| is_star(&summary.exports[i as usize]));
        // Stable: of several exports of one name the first in the source comes first.
        exports_by_name.sort_by(|&a, &b| {
            summary
                .name(summary.exports[a as usize].name)
                .cmp(summary.name(summary.exports[b as usize].name))
        });
        Module {
            summary,
            facts,
            exports_by_name,
            stars,
        }
    }

    /// Path relative to the project.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.summary.file
    }

    /// What is known of a node.
    #[must_use]
    pub fn fact(&self, node: NodeRef) -> Fact {
        self.facts.get(node.0 as usize).copied().unwrap_or_default()
    }

    /// The import fact of an IMPORT node.
    #[must_use]
    pub fn import(&self, node: NodeRef) -> Option<&ImportFact> {
        match self.fact(node) {
            Fact::Import(i) => self.summary.imports.get(i as usize),
            _ => None,
        }
    }

    /// The variable fact of a VARIABLE or CONSTANT node.
    #[must_use]
    pub fn variable(&self, node: NodeRef) -> Option<&VariableFact> {
        match self.fact(node) {
            Fact::Variable(i) => self.summary.variables.get(i as usize),
            _ => None,
        }
    }

    /// The class fact of a CLASS node.
    #[must_use]
    pub fn class(&self, node: NodeRef) -> Option<&ClassFact> {
        match self.fact(node) {
            Fact::Class(i) => self.summary.classes.get(i as usize),
            _ => None,
        }
    }

    /// The object fact of an OBJECT_LITERAL node.
    #[must_use]
    pub fn object(&self, node: NodeRef) -> Option<&ObjectFact> {
        match self.fact(node) {
            Fact::Object(i) => self.summary.objects.get(i as usize),
            _ => None,
        }
    }

    /// Index of the first export of a name that the module itself writes (`export *` aside).
    #[must_use]
    pub fn export_named(&self, name: &str) -> Option<u32> {
        let text = |i: u32| self.summary.name(self.summary.exports[i as usize].name);
        let at = self.exports_by_name.partition_point(|&i| text(i) < name);
        self.exports_by_name
            .get(at)
            .copied()
            .filter(|&i| text(i) == name)
    }

    /// Indexes of the `export * from`.
    #[must_use]
    pub fn stars(&self) -> &[u32] {
        &self.stars
    }

    /// An export by its index.
    #[must_use]
    pub fn export(&self, export: u32) -> &ExportFact {
        &self.summary.exports[export as usize]
    }

    /// The import behind a shape, if the shape is that of `require(…)` itself or of a variable that holds it.
    #[must_use]
    pub fn required_by_shape(&self, shape: ShapeRef) -> Option<&ImportFact> {
        let mut shape = shape;
        for _ in 0..MAX_STEPS {
            match self.summary.shape(shape) {
                Shape::Import(node) => return self.import(*node),
                Shape::Binding(node) => {
                    let variable = self.variable(*node)?;
                    if variable.reassigned || !variable.path.is_empty() {
                        return None;
                    }
                    shape = variable.init;
                }
                _ => return None,
            }
        }
        None
    }

    /// The specifiers that the module names, with those of its re-exports; a specifier can come more than once.
    pub fn specifiers(&self) -> impl Iterator<Item = (Sym, NodeRef)> + '_ {
        let imports = self
            .summary
            .imports
            .iter()
            .filter_map(|i| Some((i.specifier?, i.node)));
        let exports = self
            .summary
            .exports
            .iter()
            .filter_map(|e| Some((export_specifier(&e.target)?, e.node)));
        imports.chain(exports)
    }
}

/// The specifier of a re-export.
#[must_use]
pub fn export_specifier(target: &ExportTarget) -> Option<Sym> {
    match target {
        ExportTarget::Reexport { specifier, .. }
        | ExportTarget::Star { specifier }
        | ExportTarget::StarAs { specifier } => Some(*specifier),
        ExportTarget::Local(_) | ExportTarget::Equals(_) => None,
    }
}

/// All modules of a project and what lies around them.
#[derive(Debug)]
pub struct Program {
    /// Absolute path of the project.
    pub root: PathBuf,
    /// Its packages.
    pub packages: Packages,
    modules: Vec<Module>,
    by_file: FxHashMap<Box<str>, ModuleIx>,
}

impl Program {
    /// Indexes summaries; their order does not matter.
    #[must_use]
    pub fn new(root: &Path, packages: Packages, mut summaries: Vec<ModuleSummary>) -> Self {
        summaries.sort_unstable_by(|a, b| a.file.cmp(&b.file));
        let modules: Vec<Module> = summaries.into_iter().map(Module::new).collect();
        let by_file = (0..)
            .zip(&modules)
            .map(|(i, m)| (m.file().into(), ModuleIx(i)))
            .collect();
        Program {
            root: root.to_owned(),
            packages,
            modules,
            by_file,
        }
    }

    /// All modules, by path.
    #[must_use]
    pub fn modules(&self) -> &[Module] {
        &self.modules
    }

    /// All modules with their indexes.
    pub fn indexed(&self) -> impl Iterator<Item = (ModuleIx, &Module)> {
        (0..).map(ModuleIx).zip(&self.modules)
    }

    /// A module.
    #[must_use]
    pub fn module(&self, module: ModuleIx) -> &Module {
        &self.modules[module.0 as usize]
    }

    /// The module of a path.
    #[must_use]
    pub fn find(&self, file: &str) -> Option<ModuleIx> {
        self.by_file.get(file).copied()
    }
}
