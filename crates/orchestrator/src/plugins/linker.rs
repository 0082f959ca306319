//! Joins the modules of the program (the crate `linker`).

use graph_model::{EdgeType, NodeType};

use crate::plugin::{
    Edited, EnrichmentPlugin, LinkContext, Linked, Metadata, Plugin, PluginError, Relinked, Trace,
};

/// Types of edges that linking makes.
const LINKED: &[EdgeType] = &[
    EdgeType::Calls,
    EdgeType::Contains,
    EdgeType::DependsOn,
    EdgeType::DerivesFrom,
    EdgeType::Extends,
    EdgeType::FlowsInto,
    EdgeType::Implements,
    EdgeType::Imports,
    EdgeType::ImportsFrom,
    EdgeType::InstanceOf,
    EdgeType::Overrides,
    EdgeType::ReadsFrom,
    EdgeType::ReceivesArgument,
    EdgeType::Rejects,
    EdgeType::Renders,
    EdgeType::ResolvesTo,
    EdgeType::Throws,
    EdgeType::UnresolvedCall,
    EdgeType::WritesTo,
];

/// Types of nodes outside of the project.
const OUTSIDE: &[NodeType] = &[
    NodeType::ExternalModule,
    NodeType::ExternalFunction,
    NodeType::NetStdio,
];

/// See the module.
pub(super) struct Linker;

impl Plugin for Linker {
    fn metadata(&self) -> Metadata {
        Metadata::new("linker")
            .produces(OUTSIDE.iter().map(|t| t.as_str()))
            .produces(LINKED.iter().map(|t| t.as_str()))
            .without_links()
    }
}

impl EnrichmentPlugin for Linker {
    fn link(&self, cx: &LinkContext<'_>) -> Result<Option<Linked>, PluginError> {
        let (links, traces) = match cx.traced {
            true => linker::link_traced(cx.program, cx.failed),
            false => (linker::link(cx.program, cx.failed), Vec::new()),
        };
        Ok(Some(Linked { links, traces }))
    }

    fn relink(
        &self,
        cx: &LinkContext<'_>,
        traces: &mut [Trace],
        edited: Vec<Edited>,
    ) -> Result<Option<Relinked>, PluginError> {
        Ok(linker::relink::relink(
            cx.program, cx.failed, traces, edited,
        ))
    }
}
