//! What plugins are given to read, phase by phase.

use std::path::Path;
use std::sync::{Mutex, OnceLock};

use analyzer::{ModuleAnalysis, Options, analyze_module};
use graph_model::facts::Fact;
use graph_model::{Diagnostic, ModuleSummary, is_declaration};
use linker::packages::Packages;
use linker::{Links, Program};
use rustc_hash::{FxHashMap, FxHashSet};

use super::PluginError;
use crate::Store;
use crate::cancellation::Cancellation;
use crate::config::{Config, ServiceConfig};
use crate::discovery::SourceFile;
use crate::store::Counts;

/// What is known before files are listed.
pub struct FilesContext<'a> {
    /// The project's folder, an absolute path without symbolic links.
    pub root: &'a Path,
    /// Its configuration.
    pub config: &'a Config,
    /// Which files are sources.
    pub sources: &'a Sources,
}

/// What is known when files are listed.
pub struct DiscoveryContext<'a> {
    /// The project's folder.
    pub root: &'a Path,
    /// Its configuration.
    pub config: &'a Config,
    /// Its `package.json` files.
    pub packages: &'a Packages,
}

/// What is known before modules are analyzed.
pub struct IndexContext<'a> {
    /// The project's folder.
    pub root: &'a Path,
    /// Its configuration.
    pub config: &'a Config,
    /// Its `package.json` files.
    pub packages: &'a Packages,
    /// Name of the project: that of its `package.json`, else of its folder.
    pub name: &'a str,
    /// Where it starts, if somebody said so.
    pub entry_point: Option<&'a str>,
    /// Its services.
    pub services: &'a [ServiceConfig],
    /// The files that are analyzed, by path. Edges of modules that are left out then, such as those of files that cannot be
    /// read, are not stored.
    pub files: &'a [SourceFile],
}

/// Which files are sources: those with an extension of which a plugin makes modules, but for declaration files.
#[derive(Debug, Clone, Default)]
pub struct Sources(FxHashSet<String>);

impl Sources {
    /// The files with some extensions.
    pub fn new(extensions: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Sources(extensions.into_iter().map(Into::into).collect())
    }

    /// Whether a file of this name is a source.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        let extension = name.rsplit_once('.').map(|(_, extension)| extension);
        extension.is_some_and(|extension| self.0.contains(extension)) && !is_declaration(name)
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A file of which a module is to be made.
pub struct Source<'a> {
    /// Path relative to the project, with `/`.
    pub path: &'a str,
    /// Its text.
    pub text: &'a str,
    /// Identifies its bytes.
    pub(crate) hash: [u8; 32],
}

impl Source<'_> {
    /// The module that the text is, by the language that the file's extension names: what `module-analyzer` makes of it.
    #[must_use]
    pub fn analyze(&self) -> ModuleAnalysis {
        analyze_module(self.path, self.text, &Options::with_hash(self.hash))
    }

    /// The module that another text is, in the language of an extension such as `ts`. It stands for the file: line and
    /// column of everything in it are those in the file if what is around it is blank.
    #[must_use]
    pub fn analyze_part(&self, text: &str, language: &'static str) -> ModuleAnalysis {
        let options = Options::part_of_file(language, self.hash);
        analyze_module(self.path, text, &options)
    }
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

/// What is known when modules are to be joined.
pub struct LinkContext<'a> {
    /// All modules.
    pub program: &'a Program,
    /// The files that could not be parsed.
    pub failed: &'a FxHashSet<String>,
    /// Whether there is a next run, for which [`Linked::traces`](super::Linked::traces) are worth making.
    pub traced: bool,
}

/// What is known when modules are joined.
pub struct ProgramContext<'a> {
    /// The project's configuration.
    pub config: &'a Config,
    /// All modules.
    pub program: &'a Program,
    /// What detectors of frameworks noticed; files in which they noticed nothing are not there.
    pub facts: &'a Facts<'a>,
    /// What the linker found, for each module of the program. If all plugins that run do
    /// [without](super::Metadata::without_links), an incremental run has no files here.
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
    pub(crate) counts: &'a OnceLock<Counts>,
}

impl ValidationContext<'_> {
    /// How much is stored of each type. The run tells this too, so it is counted once.
    ///
    /// # Errors
    /// The store's own.
    pub fn counts(&self) -> Result<&Counts, PluginError> {
        if let Some(counts) = self.counts.get() {
            return Ok(counts);
        }
        let counts = self.store.counts();
        let counts = counts.map_err(|error| PluginError::new(error.to_string()))?;
        Ok(self.counts.get_or_init(|| counts))
    }
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
