//! From a project's folder to a stored graph: discovery, the phases of a run, the export.
//!
//! ```
//! use orchestrator::{AnalyzeOptions, MemoryStore, NoProgress, analyze};
//!
//! # let folder = tempfile::tempdir().unwrap();
//! # let project = folder.path();
//! std::fs::write(project.join("a.js"), "export function f() {}").unwrap();
//! std::fs::write(project.join("b.js"), "import { f } from './a.js'; f();").unwrap();
//!
//! let store = MemoryStore::new(); // or a client of a database
//! let report = analyze(project, &store, &AnalyzeOptions::default(), &NoProgress).unwrap();
//! assert_eq!(report.files.analyzed, 2);
//! assert_eq!(report.edges.by_type["DEPENDS_ON"], 1);
//! assert_eq!(report.edges.by_type["CALLS"], 1);
//! ```

mod analysis;
mod cache;
mod cancellation;
pub mod check;
mod client_store;
pub mod config;
pub mod discovery;
mod error;
pub mod export;
mod inputs;
mod link_rows;
mod memory_store;
mod module_rows;
pub mod plugin;
pub mod plugins;
mod progress;
mod project;
mod report;
mod rows;
mod run;
mod selection;
mod source;
pub mod stamp;
mod store;

pub use cancellation::Cancellation;
pub use error::Error;
pub use graph_model::{Diagnostic, Place, Severity};
pub use linker::Program;
pub use memory_store::MemoryStore;
pub use progress::{NoProgress, Phase, Progress};
pub use project::{AnalyzeOptions, Project, THREAD_NAME, analyze, thread_pool};
pub use report::{
    Changes, FileCounts, InitialReason, Mode, PhaseTime, Report, Resolved, StepTime, TypeCounts,
};
pub use source::read_for_display;
pub use store::{Counts, GraphVersion, Store, StoreError};
