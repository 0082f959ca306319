//! Plugins: what runs in the phases of a run, besides reading, parsing and linking.
//!
//! A plugin implements [`Plugin`] and the trait of its phase. It gets a context to read, and what it adds to the graph goes
//! into a [`Rows`] of its own: the rows are stored under the context `plugin:{name}`, where they replace what the same plugin
//! wrote before, and nothing else. An error or a panic of a plugin becomes a diagnostic, and the run goes on without it,
//! unless the plugin says that it is [fatal](Metadata::fatal).
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

mod external;
mod registry;
mod rows;
mod schedule;

use std::path::Path;
use std::sync::Mutex;

use graph_model::facts::Fact;
use graph_model::{Diagnostic, ModuleSummary};
use linker::packages::Packages;
use linker::{Links, Program};
use rustc_hash::FxHashMap;

use crate::cancellation::Cancellation;
use crate::config::{Config, ServiceConfig};
use crate::{Error, Store};

pub use external::ExternalPlugin;
pub use registry::Registry;
pub(crate) use registry::Runner;
pub(crate) use rows::Ordinals;
pub use rows::Rows;
pub use schedule::{CycleError, order};

/// What a plugin tells of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Its name: lower case, with hyphens.
    pub name: String,
    /// Names of plugins of the same phase that must run before it; those that do not run are passed over.
    pub dependencies: Vec<String>,
    /// Types of nodes and edges that it reads.
    pub consumes: Vec<String>,
    /// Types of nodes and edges that it writes. Producers of a type run before its consumers.
    pub produces: Vec<String>,
    /// The npm packages that it is about. If none of them is a dependency of the project, the plugin does not run.
    pub covers: Vec<String>,
    /// Whether it does without [`Links::files`](linker::Links::files), if it is of ENRICHMENT or VALIDATION. As long as one
    /// runs that does not, every incremental run links all modules; otherwise the list may be empty.
    pub without_links: bool,
    /// Whether an error of it ends the run.
    pub fatal: bool,
}

fn owned<'t>(texts: impl IntoIterator<Item = &'t str>) -> Vec<String> {
    texts.into_iter().map(str::to_owned).collect()
}

impl Metadata {
    /// The metadata of a plugin that depends on nothing.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Metadata {
            name: name.to_owned(),
            ..Metadata::default()
        }
    }

    /// Adds [`Metadata::dependencies`].
    #[must_use]
    pub fn after<'t>(mut self, names: impl IntoIterator<Item = &'t str>) -> Self {
        self.dependencies.extend(owned(names));
        self
    }

    /// Adds [`Metadata::consumes`].
    #[must_use]
    pub fn consumes<'t>(mut self, types: impl IntoIterator<Item = &'t str>) -> Self {
        self.consumes.extend(owned(types));
        self
    }

    /// Adds [`Metadata::produces`].
    #[must_use]
    pub fn produces<'t>(mut self, types: impl IntoIterator<Item = &'t str>) -> Self {
        self.produces.extend(owned(types));
        self
    }

    /// Sets [`Metadata::without_links`].
    #[must_use]
    pub fn without_links(mut self) -> Self {
        self.without_links = true;
        self
    }

    /// Adds [`Metadata::covers`].
    #[must_use]
    pub fn covers<'t>(mut self, packages: impl IntoIterator<Item = &'t str>) -> Self {
        self.covers.extend(owned(packages));
        self
    }
}

/// Why a plugin could not do its work, in words for a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PluginError(pub String);

impl PluginError {
    /// An error with a text.
    pub fn new(text: impl Into<String>) -> Self {
        PluginError(text.into())
    }
}

/// What all plugins are.
pub trait Plugin: Send + Sync {
    /// What the plugin tells of itself; always the same.
    fn metadata(&self) -> Metadata;
}

/// DISCOVERY: finds services.
pub trait DiscoveryPlugin: Plugin {
    /// The services of a project; none if it is not a project of the kind that the plugin knows.
    ///
    /// # Errors
    /// Why they cannot be told.
    fn discover(&self, cx: &DiscoveryContext<'_>) -> Result<Vec<ServiceConfig>, PluginError>;
}

/// INDEXING: adds what is above the modules.
pub trait IndexingPlugin: Plugin {
    /// Adds nodes and edges.
    ///
    /// # Errors
    /// Why it cannot be done.
    fn index(&self, cx: &DiscoveryContext<'_>, rows: &mut Rows) -> Result<(), PluginError>;
}

/// ANALYSIS: looks at each module on its own.
pub trait AnalysisPlugin: Plugin {
    /// Adds nodes and edges for one module. It must depend on nothing else: the modules come in any order, and an incremental
    /// run only has those that changed.
    ///
    /// # Errors
    /// Why it cannot be done.
    fn analyze(&self, module: &ModuleContext<'_>, rows: &mut Rows) -> Result<(), PluginError>;
}

/// ENRICHMENT: looks at the whole program.
pub trait EnrichmentPlugin: Plugin {
    /// Adds nodes and edges.
    ///
    /// # Errors
    /// Why it cannot be done.
    fn enrich(&self, cx: &ProgramContext<'_>, rows: &mut Rows) -> Result<(), PluginError>;
}

/// VALIDATION: looks at the stored graph.
pub trait ValidationPlugin: Plugin {
    /// Reports what is wrong.
    ///
    /// # Errors
    /// Why it cannot be told.
    fn validate(&self, cx: &ValidationContext<'_>) -> Result<(), PluginError>;
}

/// What is known before a module is analyzed.
pub struct DiscoveryContext<'a> {
    /// The project's folder.
    pub root: &'a Path,
    /// Its configuration.
    pub config: &'a Config,
    /// Its `package.json` files.
    pub packages: &'a Packages,
}

/// A module on its own.
pub struct ModuleContext<'a> {
    /// Its summary.
    pub summary: &'a ModuleSummary,
    /// What detectors of frameworks noticed in it, in source order.
    pub facts: &'a [Fact],
}

/// What detectors of frameworks noticed, by file.
pub type Facts<'a> = FxHashMap<&'a str, &'a [Fact]>;

/// What is known when modules are joined.
pub struct ProgramContext<'a> {
    /// The project's configuration.
    pub config: &'a Config,
    /// All modules.
    pub program: &'a Program,
    /// What detectors of frameworks noticed; files in which they noticed nothing are not there.
    pub facts: &'a Facts<'a>,
    /// What the linker found, for each module of the program. If all plugins that run do
    /// [without](Metadata::without_links), an incremental run has no files here.
    pub links: &'a Links,
    /// Where to say what is wrong with the project.
    pub reporter: &'a Reporter,
    /// Whether the run is to stop; a plugin that takes long asks from time to time.
    pub cancellation: &'a Cancellation,
}

/// What is known when the graph is stored.
pub struct ValidationContext<'a> {
    /// The program, and where to report.
    pub program: &'a ProgramContext<'a>,
    /// The stored graph.
    pub store: &'a dyn Store,
    /// The files whose own rows were written by this run; all of them in an initial one.
    pub written: &'a [&'a str],
}

/// Takes diagnostics, from several threads.
#[derive(Debug, Default)]
pub struct Reporter(Mutex<Vec<Diagnostic>>);

impl Reporter {
    /// Reports something.
    pub fn report(&self, diagnostic: Diagnostic) {
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .push(diagnostic);
    }

    /// What was reported, sorted.
    pub(crate) fn take(&self) -> Vec<Diagnostic> {
        let mut all = std::mem::take(
            &mut *self
                .0
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner()),
        );
        all.sort_unstable();
        all
    }
}

/// Why plugins cannot be run at all.
pub(crate) fn cycle(error: CycleError) -> Error {
    Error::Plugins(error.to_string())
}
