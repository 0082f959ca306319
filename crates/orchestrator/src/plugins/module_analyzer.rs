//! Makes a graph and a summary of each module (the crate `analyzer`).

use graph_model::{EdgeType, NodeType, SOURCE_EXTENSIONS};

use super::BETWEEN_MODULES;
use crate::plugin::{ABOVE, AnalysisPlugin, Metadata, ModuleAnalysis, Plugin, PluginError, Source};

/// See the module.
pub(super) struct ModuleAnalyzer;

impl Plugin for ModuleAnalyzer {
    fn metadata(&self) -> Metadata {
        let nodes = NodeType::ALL.iter().filter(|t| !ABOVE.contains(t));
        let edges = EdgeType::ALL
            .iter()
            .filter(|t| !BETWEEN_MODULES.contains(t));
        Metadata::new("module-analyzer")
            .produces(nodes.map(|t| t.as_str()))
            .produces(edges.map(|t| t.as_str()))
    }
}

impl AnalysisPlugin for ModuleAnalyzer {
    fn extensions(&self) -> &[&str] {
        SOURCE_EXTENSIONS
    }

    fn module(&self, source: &Source<'_>) -> Result<ModuleAnalysis, PluginError> {
        Ok(source.analyze())
    }
}
