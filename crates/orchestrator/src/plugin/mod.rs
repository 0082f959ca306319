//! Plugins: all that the phases of a run do.
//!
//! A plugin implements [`Plugin`] and the trait of its phase. The methods of these traits are hooks: a plugin has those that
//! it is about, and the run calls each hook of all plugins of a phase, in the order of the plugins, before the next one.
//!
//! | phase | hook | ours |
//! |---|---|---|
//! | DISCOVERY | [`files`](DiscoveryPlugin::files) | `file-walk` |
//! | | [`services`](DiscoveryPlugin::services) | `configured-services`, `workspace-packages`, `single-project` |
//! | INDEXING | [`index`](IndexingPlugin::index) | `project-index` |
//! | ANALYSIS | [`module`](AnalysisPlugin::module), on all threads | `module-analyzer` |
//! | | [`analyze`](AnalysisPlugin::analyze) | `http-requests` |
//! | ENRICHMENT | [`link`](EnrichmentPlugin::link), [`relink`](EnrichmentPlugin::relink) | `linker` |
//! | | [`enrich`](EnrichmentPlugin::enrich) | `express-routes`, `service-connections` |
//! | VALIDATION | [`validate`](ValidationPlugin::validate) | `graph-counts`, `broken-imports`, ... |
//!
//! A plugin of a user is registered in a [`Registry`] and takes part like ours, or [in place of](Metadata::instead_of) one of
//! them. It gets a context to read, and what it adds to the graph goes into a [`Rows`] of its own: the rows are stored under
//! the context `plugin:{name}`, where they replace what the same plugin wrote before, and nothing else. An error or a panic of
//! a plugin becomes a diagnostic, and the run goes on without it, unless the plugin says that it is
//! [fatal](Metadata::fatal).
//!
//! ```
//! use orchestrator::plugin::{EnrichmentPlugin, Metadata, Plugin, PluginError, ProgramContext, Registry, Rows};
//! use orchestrator::{AnalyzeOptions, MemoryStore, NoProgress, analyze};
//!
//! /// One node for each module with many imports.
//! struct Hubs;
//!
//! impl Plugin for Hubs {
//!     fn metadata(&self) -> Metadata {
//!         Metadata::new("hubs").produces(["quality:hub"])
//!     }
//! }
//!
//! impl EnrichmentPlugin for Hubs {
//!     fn enrich(&self, cx: &ProgramContext<'_>, rows: &mut Rows) -> Result<(), PluginError> {
//!         for module in cx.program.modules() {
//!             if module.summary.imports.len() >= 2 {
//!                 let hub = rows.node(module.file(), "quality:hub", "hub", (1, 0), "{}")?;
//!                 rows.edge(module.summary.module().node_id(), "CONTAINS", hub, "{}");
//!             }
//!         }
//!         Ok(())
//!     }
//! }
//!
//! # let folder = tempfile::tempdir().unwrap();
//! # let project = folder.path();
//! std::fs::write(project.join("a.js"), "import x from 'x'; import y from 'y';").unwrap();
//! let mut plugins = Registry::default();
//! plugins.enrichment(Hubs);
//! let options = AnalyzeOptions { plugins, ..AnalyzeOptions::default() };
//! let report = analyze(project, &MemoryStore::new(), &options, &NoProgress).unwrap();
//! assert_eq!(report.nodes.by_type["quality:hub"], 1);
//! ```

mod context;
mod external;
mod metadata;
mod registry;
mod rows;
mod runner;
mod schedule;

pub use analyzer::ModuleAnalysis;
pub use linker::Links;
pub use linker::relink::{Edited, Relinked, Trace};

use crate::config::ServiceConfig;
use crate::discovery::Discovery;

pub use context::{
    DiscoveryContext, Facts, FilesContext, IndexContext, LinkContext, ModuleContext,
    ProgramContext, Reporter, Source, Sources, ValidationContext,
};
pub use external::ExternalPlugin;
pub use metadata::{Metadata, PluginError};
pub(crate) use registry::Analyzers;
pub use registry::Registry;
pub use rows::Rows;
pub(crate) use rows::{ABOVE, Ordinals};
pub(crate) use runner::{Runner, list_files, panic_text};
pub use schedule::{CycleError, order};

/// What all plugins are.
pub trait Plugin: Send + Sync {
    /// What the plugin tells of itself; always the same.
    fn metadata(&self) -> Metadata;
}

/// DISCOVERY: finds files and services.
pub trait DiscoveryPlugin: Plugin {
    /// The files of a project; `None` if the plugin lists none. What several plugins list is put together, each path once.
    /// It is asked in every run, on the run's threads, and its answer must depend on nothing but the files: an incremental
    /// run takes what is no longer listed out of the graph.
    ///
    /// # Errors
    /// Why they cannot be listed. That ends the run: a graph without them would be wrong.
    fn files(&self, _cx: &FilesContext<'_>) -> Result<Option<Discovery>, PluginError> {
        Ok(None)
    }

    /// The services of a project; `None` if it is not a project of the kind that the plugin knows. The first plugin that
    /// knows any decides.
    ///
    /// # Errors
    /// Why they cannot be told.
    fn services(
        &self,
        _cx: &DiscoveryContext<'_>,
    ) -> Result<Option<Vec<ServiceConfig>>, PluginError> {
        Ok(None)
    }
}

/// INDEXING: adds what is above the modules.
pub trait IndexingPlugin: Plugin {
    /// Adds nodes and edges. The nodes may be of the types PROJECT and SERVICE too.
    ///
    /// # Errors
    /// Why it cannot be done.
    fn index(&self, cx: &IndexContext<'_>, rows: &mut Rows) -> Result<(), PluginError>;
}

/// ANALYSIS: makes modules of files, and looks at each module on its own.
pub trait AnalysisPlugin: Plugin {
    /// The extensions of the files of which it makes modules; always the same. Of several plugins that name one, the last
    /// that was registered has it.
    fn extensions(&self) -> &[&str] {
        &[]
    }

    /// Makes a module of a file with one of the [extensions](Self::extensions): its graph, which is stored as it is, and
    /// what other phases are told of it. It is called once for each file, from all threads, and must depend on nothing else.
    ///
    /// # Errors
    /// Why it cannot be done; the file is left out then.
    fn module(&self, _source: &Source<'_>) -> Result<ModuleAnalysis, PluginError> {
        Err(PluginError::new("it makes no modules of files"))
    }

    /// Adds nodes and edges for one module. It must depend on nothing else: the modules come in any order, and an incremental
    /// run only has those that changed.
    ///
    /// # Errors
    /// Why it cannot be done.
    fn analyze(&self, _module: &ModuleContext<'_>, _rows: &mut Rows) -> Result<(), PluginError> {
        Ok(())
    }
}

/// Joined modules.
#[derive(Debug)]
pub struct Linked {
    /// The edges from each module to others.
    pub links: Links,
    /// What each module read of others, for [`EnrichmentPlugin::relink`]; none if everything is to be linked in the next run.
    pub traces: Vec<Trace>,
}

/// ENRICHMENT: joins modules, and looks at the whole program.
pub trait EnrichmentPlugin: Plugin {
    /// Joins the modules of a program; `None` if the plugin does not do that. The first plugin that does is the linker.
    ///
    /// # Errors
    /// Why it cannot be done; the modules are not joined then.
    fn link(&self, _cx: &LinkContext<'_>) -> Result<Option<Linked>, PluginError> {
        Ok(None)
    }

    /// Joins modules again after edits, and brings the traces up to date: those that the last run of the same plugin left.
    /// `None` if everything is to be linked.
    ///
    /// # Errors
    /// Why it cannot be done; everything is linked then.
    fn relink(
        &self,
        _cx: &LinkContext<'_>,
        _traces: &mut [Trace],
        _edited: Vec<Edited>,
    ) -> Result<Option<Relinked>, PluginError> {
        Ok(None)
    }

    /// Adds nodes and edges.
    ///
    /// # Errors
    /// Why it cannot be done.
    fn enrich(&self, _cx: &ProgramContext<'_>, _rows: &mut Rows) -> Result<(), PluginError> {
        Ok(())
    }
}

/// VALIDATION: looks at the stored graph.
pub trait ValidationPlugin: Plugin {
    /// Reports what is wrong.
    ///
    /// # Errors
    /// Why it cannot be told.
    fn validate(&self, cx: &ValidationContext<'_>) -> Result<(), PluginError>;
}
