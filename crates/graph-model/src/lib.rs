//! The vocabulary of the code graph: node and edge types, ids, positions.
//!
//! What passes from the analyzer to the linker is here too: [`summary`] and [`Diagnostic`]; both can be read and
//! written without the parser.
//!
//! Every other crate that speaks about the graph of a JavaScript or TypeScript
//! project takes its words from here. The crate does no I/O and knows neither
//! the parser nor the storage engine.
//!
//! ```
//! use graph_model::{NodeId, NodeType, SemanticId};
//!
//! let id = SemanticId::new("src/a.ts", NodeType::Method, "get:size").in_scope("Repo");
//! assert_eq!(id.to_string(), "src/a.ts->METHOD->get:size[in:Repo]");
//! assert_eq!(NodeId::of(&id.to_string()), NodeId::of("src/a.ts->METHOD->get:size[in:Repo]"));
//!
//! let parsed = SemanticId::parse("src/a.ts->VARIABLE->x[in:Repo.save]#2").unwrap();
//! assert_eq!((parsed.name.as_str(), parsed.scope.as_deref(), parsed.ordinal), ("x", Some("Repo.save"), 2));
//! ```

mod diagnostic;
mod edge_type;
pub mod facts;
mod globals;
mod node_id;
mod node_type;
mod position;
mod semantic_id;
mod source_file;
pub mod summary;
mod vocabulary;

pub use diagnostic::{Diagnostic, Place, Severity};
pub use edge_type::EdgeType;
pub use globals::{
    GLOBAL_MODULE, STDIO_ID, STDIO_NAME, external_function_id, external_module_id,
    is_standard_class, is_standard_global, is_standard_value, module_id,
};
pub use node_id::{NodeId, NodeIdBatch};
pub use node_type::NodeType;
pub use position::{LineIndex, Span};
pub use semantic_id::{
    ParseIdError, SemanticId, escape_name, escape_segment, is_plain_name, push_escaped_name,
    push_escaped_segment,
};
pub use source_file::{SOURCE_EXTENSIONS, is_declaration, is_source};
pub use summary::ModuleSummary;
