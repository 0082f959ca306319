//! Counts what is stored, and compares it with what was analyzed: the first thing that would be wrong if rows were lost.

use graph_model::{Diagnostic, NodeType, Severity};

use crate::plugin::{Metadata, Plugin, PluginError, ValidationContext, ValidationPlugin};

/// See the module.
pub(super) struct GraphCounts;

impl Plugin for GraphCounts {
    fn metadata(&self) -> Metadata {
        Metadata::new("graph-counts").without_links()
    }
}

impl ValidationPlugin for GraphCounts {
    fn validate(&self, cx: &ValidationContext<'_>) -> Result<(), PluginError> {
        let stored = cx.counts()?.nodes.get(NodeType::Module.as_str());
        let stored = stored.copied().unwrap_or(0);
        let analyzed = cx.program.program.len() as u64;
        if stored != analyzed {
            cx.program.reporter.report(Diagnostic {
                file: String::new(),
                place: None,
                code: "graph-incomplete",
                severity: Severity::Error,
                message: format!(
                    "{analyzed} modules were analyzed and {stored} are in the graph; analyze again with --clear"
                ),
            });
        }
        Ok(())
    }
}
