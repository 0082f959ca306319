//! A plugin in a crate of its own. It marks *barrels*: modules that do nothing but pass on what others export, and reports
//! barrels that pass on other barrels, which make imports slow and cycles likely.
//!
//! ```
//! use barrel_plugin::Barrels;
//! use orchestrator::plugin::Registry;
//! use orchestrator::{AnalyzeOptions, MemoryStore, NoProgress, analyze};
//!
//! # let folder = tempfile::tempdir().unwrap();
//! # let project = folder.path();
//! std::fs::write(project.join("a.js"), "export const a = 1;").unwrap();
//! std::fs::write(project.join("index.js"), "export * from './a.js';").unwrap();
//! std::fs::write(project.join("all.js"), "export * from './index.js';").unwrap();
//! let mut plugins = Registry::default();
//! plugins.enrichment(Barrels);
//! let options = AnalyzeOptions { plugins, ..AnalyzeOptions::default() };
//! let report = analyze(project, &MemoryStore::new(), &options, &NoProgress).unwrap();
//! assert_eq!(report.nodes.by_type["modules:barrel"], 2);
//! assert_eq!(report.diagnostics[0].file, "all.js");
//! ```

use std::collections::HashMap;

use graph_model::summary::ExportTarget;
use graph_model::{Diagnostic, EdgeType, ModuleSummary};
use orchestrator::plugin::{EnrichmentPlugin, Metadata, Plugin, PluginError, ProgramContext, Rows};

/// See the crate.
#[derive(Debug, Clone, Copy)]
pub struct Barrels;

impl Plugin for Barrels {
    fn metadata(&self) -> Metadata {
        Metadata::new("barrels")
            .consumes(["DEPENDS_ON"])
            .produces(["modules:barrel", "PASSES_ON"])
    }
}

impl EnrichmentPlugin for Barrels {
    fn enrich(&self, cx: &ProgramContext<'_>, rows: &mut Rows) -> Result<(), PluginError> {
        let mut barrels = HashMap::new();
        for module in cx.program.modules() {
            let summary = &module.summary;
            if is_barrel(summary) {
                let metadata = format!(r#"{{"exports":{}}}"#, summary.exports.len());
                // A node needs a place and something that contains it; the rows belong to its file.
                let barrel =
                    rows.node(module.file(), "modules:barrel", "barrel", (1, 0), &metadata)?;
                let id = summary.module().node_id();
                rows.edge(id, EdgeType::Contains.as_str(), barrel, "");
                barrels.insert(id, (barrel, module.file()));
            }
        }
        // What the linker found says which modules they pass on.
        for edge in cx.links.files.iter().flat_map(|links| links.edges()) {
            if edge.edge_type == EdgeType::DependsOn
                && let (Some((from, file)), Some((to, other))) =
                    (barrels.get(&edge.src), barrels.get(&edge.dst))
            {
                rows.edge(*from, "PASSES_ON", *to, "");
                cx.reporter.report(Diagnostic::file_warning(
                    "barrel-of-barrels",
                    *file,
                    format!("passes on {other}, which itself only passes on others"),
                ));
            }
        }
        Ok(())
    }
}

/// Whether a module only passes on exports of others.
fn is_barrel(module: &ModuleSummary) -> bool {
    let passes_on = |target: &ExportTarget| {
        matches!(
            target,
            ExportTarget::Reexport { .. } | ExportTarget::Star { .. } | ExportTarget::StarAs { .. }
        )
    };
    !module.exports.is_empty()
        && module.calls.is_empty()
        && module
            .exports
            .iter()
            .all(|export| passes_on(&export.target))
}
