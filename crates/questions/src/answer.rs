//! Parts that all answers share. Their JSON form is stable: keys are added, never renamed or removed.

use graph_model::NodeType;
use rfdb_client::NodeId;
use serde::Serialize;

use crate::graph::{Graph, Node};

/// A node as an answer shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeRef {
    /// Its readable identity, with which it can be asked for.
    pub id: String,
    /// Its type.
    pub r#type: String,
    /// Its name.
    pub name: String,
    /// Names of what it lies in, outermost first, joined by `.`; empty at module level.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// Its file; empty for what lies outside of the project.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// From 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// From 0, in UTF-16 units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// The source line that it begins on, without its indentation; absent if the file is not as it was analyzed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl NodeRef {
    /// A node that was loaded; a bare id for one that the graph does not hold.
    #[must_use]
    pub fn of(graph: &Graph<'_>, id: NodeId) -> Self {
        match graph.node(id) {
            Some(node) => Self::from(node),
            None => NodeRef {
                id: id.to_string(),
                r#type: String::new(),
                name: String::new(),
                scope: String::new(),
                file: String::new(),
                line: None,
                column: None,
                text: None,
            },
        }
    }

    /// The name with what it lies in: `Repo.save`, `main.<map>`; a module's is its file.
    #[must_use]
    pub fn full_name(&self) -> String {
        if self.r#type == NodeType::Module.as_str() {
            return self.file.clone();
        }
        if self.r#type == NodeType::ExternalFunction.as_str() {
            let id = self
                .id
                .strip_prefix("EXTERNAL_FUNCTION:")
                .unwrap_or(&self.id);
            return id.strip_prefix("<global>.").unwrap_or(id).to_owned();
        }
        if self.scope.is_empty() {
            self.name.clone()
        } else {
            format!("{}.{}", self.scope, self.name)
        }
    }
}

impl From<&Node> for NodeRef {
    fn from(node: &Node) -> Self {
        NodeRef {
            id: node.semantic_id.clone(),
            r#type: node.node_type.clone(),
            name: node.name.clone(),
            scope: node.scope().unwrap_or_default(),
            file: node.file.clone(),
            line: node.span.map(|s| s.line),
            column: node.span.map(|s| s.column),
            text: None,
        }
    }
}
