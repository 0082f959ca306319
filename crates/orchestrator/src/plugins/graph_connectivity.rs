//! Whether every node can be reached from the project, or from the module of its file, through containment.
//!
//! An initial run checks the whole graph, an incremental one the files that it wrote. Nothing is found unless something is
//! wrong with the program itself, or with a plugin.

use graph_model::{Diagnostic, EdgeType, NodeType, Severity};

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::StoreError;
use crate::plugin::{Metadata, Plugin, PluginError, ValidationContext, ValidationPlugin};

/// See the module.
pub(super) struct GraphConnectivity;

impl Plugin for GraphConnectivity {
    fn metadata(&self) -> Metadata {
        Metadata::new("graph-connectivity")
            .without_links()
            .consumes(["CONTAINS"])
    }
}

impl ValidationPlugin for GraphConnectivity {
    fn validate(&self, cx: &ValidationContext<'_>) -> Result<(), PluginError> {
        let containment: Vec<&str> = EdgeType::ALL
            .iter()
            .filter(|edge| edge.is_containment() || **edge == EdgeType::HasProperty)
            .map(|edge| edge.as_str())
            .collect();
        let failed = |e: StoreError| PluginError(e.to_string());
        cx.written.par_iter().try_for_each(|&file| {
            let program = cx.program.program;
            let Some(module) = program.find(file) else {
                return Ok(());
            };
            if cx.program.cancellation.is_cancelled() {
                return Ok(());
            }
            let module = program.module(module).summary.module().node_id();
            let reached = cx.store.reachable(&[module.0], &containment);
            let reached: FxHashSet<u128> = reached.map_err(failed)?.into_iter().collect();
            let mut nodes = cx.store.nodes_of_file(file).map_err(failed)?;
            nodes.retain(|id| !reached.contains(id));
            if !nodes.is_empty() {
                cx.program.reporter.report(Diagnostic {
                    file: file.to_owned(),
                    place: None,
                    code: "disconnected-nodes",
                    severity: Severity::Error,
                    message: format!(
                        "{} nodes are not contained by the file's {}: a fault of grafema-rs or of a plugin",
                        nodes.len(),
                        NodeType::Module.as_str()
                    ),
                });
            }
            Ok(())
        })
    }
}
