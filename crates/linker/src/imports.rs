//! Pass: what modules depend on, and which export each import means (DEPENDS_ON, IMPORTS, IMPORTS_FROM).

use std::borrow::Cow;
use std::collections::BTreeMap;

use graph_model::summary::{ExportTarget, ImportFact, ImportForm, ModuleType, NodeRef, Sym};
use graph_model::{EdgeType, NodeId};
use serde::{Deserialize, Serialize};

use crate::Linker;
use crate::edges::{FileLinks, push_json_string};
use crate::exports::{ExportIx, Found};
use crate::program::{Module, ModuleIx, export_specifier};
use crate::specifiers::Target;
use graph_model::Diagnostic;
use graph_model::{Place, Severity};

/// How a module depends on another, in the order of the metadata.
const KINDS: [&str; 4] = ["static", "reexport", "dynamic", "require"];

#[derive(Default)]
struct Dependency {
    kinds: [bool; KINDS.len()],
    has_value: bool,
}

/// Counts of this pass.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportCounts {
    /// IMPORT nodes whose specifier leads to a module of the project.
    pub internal: u64,
    /// Of those, how many reach an export or the module itself.
    pub resolved: u64,
}

impl ImportCounts {
    /// Adds those of another module.
    pub fn add(&mut self, other: ImportCounts) {
        self.internal += other.internal;
        self.resolved += other.resolved;
    }
}

/// Runs the pass for one module.
pub(crate) fn run(
    linker: &Linker<'_>,
    ix: ModuleIx,
    links: &mut FileLinks,
    diagnostics: &mut Vec<Diagnostic>,
) -> ImportCounts {
    let module = linker.program.module(ix);
    dependencies(linker, ix, module, links);
    let mut counts = ImportCounts::default();
    let mut target = linker.specifiers.in_turn(ix);
    for import in &module.summary.imports {
        let Some(specifier) = import.specifier else {
            continue;
        };
        match target(specifier) {
            Target::Module(target) => {
                counts.internal += 1;
                counts.resolved += u64::from(import_edges(
                    linker,
                    module,
                    import,
                    target,
                    links,
                    diagnostics,
                ));
            }
            Target::External => external_import(module, import, specifier, links),
            Target::Asset | Target::Missing => {}
        }
    }
    for (i, export) in (0..).zip(&module.summary.exports) {
        reexport_edges(
            linker,
            module,
            ExportIx {
                module: ix,
                export: i,
            },
            &export.target,
            links,
            diagnostics,
        );
    }
    counts
}

/// One DEPENDS_ON or IMPORTS edge for each module and package.
fn dependencies(linker: &Linker<'_>, ix: ModuleIx, module: &Module, links: &mut FileLinks) {
    let summary = &module.summary;
    let mut modules: BTreeMap<ModuleIx, Dependency> = BTreeMap::new();
    let mut packages: BTreeMap<&str, Dependency> = BTreeMap::new();
    let mut target = linker.specifiers.in_turn(ix);
    let mut add = |specifier: Sym, kind: usize, type_only: bool| {
        let dependency = match target(specifier) {
            Target::Module(target) => modules.entry(target).or_default(),
            Target::External => packages.entry(summary.name(specifier)).or_default(),
            Target::Asset | Target::Missing => return,
        };
        dependency.kinds[kind] = true;
        dependency.has_value |= !type_only;
    };
    for import in &summary.imports {
        let Some(specifier) = import.specifier else {
            continue;
        };
        let kind = match import.form {
            ImportForm::Static | ImportForm::SideEffect => 0,
            ImportForm::Dynamic => 2,
            ImportForm::Require | ImportForm::Equals => 3,
        };
        add(specifier, kind, import.type_only);
    }
    for export in &summary.exports {
        if let Some(specifier) = export_specifier(&export.target) {
            add(specifier, 1, export.type_only);
        }
    }
    let src = summary.module().node_id();
    for (target, dependency) in modules {
        let dst = linker.program.module(target).summary.module().node_id();
        links.edge(src, EdgeType::DependsOn, dst, dependency.metadata());
    }
    for (specifier, dependency) in packages {
        let dst = links.external_module(specifier);
        links.edge(src, EdgeType::Imports, dst, dependency.metadata());
    }
}

impl Dependency {
    fn metadata(&self) -> Cow<'static, str> {
        // What most dependencies are.
        match (self.kinds, self.has_value) {
            ([true, false, false, false], true) => return r#"{"kinds":["static"]}"#.into(),
            ([true, false, false, false], false) => {
                return r#"{"kinds":["static"],"typeOnly":true}"#.into();
            }
            ([false, true, false, false], true) => return r#"{"kinds":["reexport"]}"#.into(),
            ([false, false, false, true], true) => return r#"{"kinds":["require"]}"#.into(),
            _ => {}
        }
        let mut metadata = "{\"kinds\":[".to_owned();
        let mut comma = "";
        for (kind, _) in KINDS.iter().zip(self.kinds).filter(|(_, used)| *used) {
            metadata.extend([std::mem::replace(&mut comma, ","), "\"", kind, "\""]);
        }
        metadata.push(']');
        if !self.has_value {
            metadata.push_str(",\"typeOnly\":true");
        }
        metadata.push('}');
        metadata.into()
    }
}

/// The IMPORTS_FROM edges of one IMPORT; whether it reached something.
fn import_edges(
    linker: &Linker<'_>,
    module: &Module,
    import: &ImportFact,
    target: ModuleIx,
    links: &mut FileLinks,
    diagnostics: &mut Vec<Diagnostic>,
) -> bool {
    let src = module.summary.node(import.node).node_id();
    let imported = module.summary.name(import.imported);
    let whole = imported == "*" || import.form == ImportForm::SideEffect;
    if !whole {
        let found = linker
            .exports
            .lookup(target, module.hashed(import.imported));
        return found_edge(linker, src, &found, (imported, false), links)
            || missing_export(linker, module, import.node, target, imported, diagnostics);
    }
    let of = linker.program.module(target);
    let value = match import.form {
        ImportForm::Static | ImportForm::SideEffect => None,
        _ => of.export_equals(),
    };
    let dst = match value {
        Some(export) => of.summary.node(of.export(export).node).node_id(),
        None => of.summary.module().node_id(),
    };
    links.edge(src, EdgeType::ImportsFrom, dst, "");
    for &name in &import.selected {
        let name = module.hashed(name);
        let found = linker.exports.lookup(target, name);
        found_edge(linker, src, &found, (name.text(), true), links);
    }
    true
}

fn external_import(module: &Module, import: &ImportFact, specifier: Sym, links: &mut FileLinks) {
    let src = module.summary.node(import.node).node_id();
    let dst = links.external_module(module.summary.name(specifier));
    let metadata = if import.form == ImportForm::SideEffect {
        String::new()
    } else {
        imported_metadata(module.summary.name(import.imported), &[])
    };
    links.edge(src, EdgeType::ImportsFrom, dst, metadata);
}

fn reexport_edges(
    linker: &Linker<'_>,
    module: &Module,
    at: ExportIx,
    target: &ExportTarget,
    links: &mut FileLinks,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let node = module.export(at.export).node;
    let src = module.summary.node(node).node_id();
    let Some(found) = linker.exports.step(at) else {
        return;
    };
    match (&found, target) {
        (Found::External(found_at), _) => {
            let name = match target {
                ExportTarget::Reexport { imported, .. } => module.summary.name(*imported),
                _ => "*",
            };
            external_found(linker, src, *found_at, name, links);
        }
        (
            _,
            ExportTarget::Reexport {
                specifier,
                imported,
            },
        ) => {
            let name = module.summary.name(*imported);
            if !found_edge(linker, src, &found, (name, false), links)
                && let Target::Module(target) = linker.specifiers.target(at.module, *specifier)
            {
                missing_export(linker, module, node, target, name, diagnostics);
            }
        }
        _ => {
            found_edge(linker, src, &found, ("*", false), links);
        }
    }
}

/// The edge to what a name means, which says the name where `told`; whether it means something.
fn found_edge(
    linker: &Linker<'_>,
    src: NodeId,
    found: &Found,
    (name, told): (&str, bool),
    links: &mut FileLinks,
) -> bool {
    match found {
        Found::Export(export, through) => {
            let of = linker.program.module(export.module);
            let dst = of.summary.node(of.export(export.export).node).node_id();
            let through: Vec<String> = through
                .iter()
                .map(|star| linker.semantic_id(*star))
                .collect();
            let metadata = match through.as_slice() {
                through if told => imported_metadata(name, through),
                [] => String::new(),
                through => format!("{{\"through\":{}}}", json_list(through)),
            };
            links.edge(src, EdgeType::ImportsFrom, dst, metadata);
            true
        }
        Found::Module(module) => {
            links.edge(
                src,
                EdgeType::ImportsFrom,
                linker.program.module(*module).summary.module().node_id(),
                "",
            );
            true
        }
        Found::External(at) => {
            external_found(linker, src, *at, name, links);
            true
        }
        Found::None | Found::Ambiguous => false,
    }
}

/// The edge to the package that an export of the project has its name from, which may have another there.
fn external_found(
    linker: &Linker<'_>,
    src: NodeId,
    at: ExportIx,
    name: &str,
    links: &mut FileLinks,
) {
    let Some(specifier) = linker.external_specifier(at) else {
        return;
    };
    let dst = links.external_module(specifier);
    let of = linker.program.module(at.module);
    let export = of.export(at.export);
    let name = match &export.target {
        ExportTarget::Reexport { imported, .. } => of.summary.name(*imported),
        ExportTarget::StarAs { .. } => "*",
        _ => name,
    };
    let through = linker.semantic_id(at);
    let is_itself = of.summary.node(export.node).node_id() == src;
    let through: &[String] = if is_itself { &[] } else { &[through] };
    links.edge(
        src,
        EdgeType::ImportsFrom,
        dst,
        imported_metadata(name, through),
    );
}

fn imported_metadata(imported: &str, through: &[String]) -> String {
    let mut metadata = String::with_capacity(imported.len() + 32);
    metadata.push_str("{\"imported\":");
    push_json_string(&mut metadata, imported);
    if !through.is_empty() {
        metadata.extend([",\"through\":", &json_list(through)]);
    }
    metadata.push('}');
    metadata
}

fn json_list(items: &[String]) -> String {
    serde_json::Value::from(items.to_vec()).to_string()
}

/// Tells of a name that an ECMAScript module does not export; CommonJS modules can export in ways that nobody sees.
/// Always `false`: nothing was reached.
fn missing_export(
    linker: &Linker<'_>,
    module: &Module,
    node: NodeRef,
    target: ModuleIx,
    name: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> bool {
    let of = linker.program.module(target);
    if of.summary.module_type == ModuleType::Esm && !linker.failed.contains(of.file()) {
        let at = module.summary.node(node);
        diagnostics.push(Diagnostic {
            file: module.file().to_owned(),
            place: Some(Place {
                line: at.line,
                column: at.column,
                offset: None,
                length: 0,
            }),
            code: "missing-export",
            severity: Severity::Warning,
            message: format!("{} has no export '{name}'", of.file()),
        });
    }
    false
}
