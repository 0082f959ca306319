//! A project whose files are known, and how it is analyzed.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::cancellation::Cancellation;
use crate::config::Config;
use crate::discovery::{Discovery, project_root};
use crate::plugin::{FilesContext, Registry, list_files};
use crate::plugins::plugins_of_run;
use crate::{Diagnostic, Error, Phase, Progress, Report, Store, run, stamp};

/// Trees can be as deep as a file is long. Pages of a stack that are never touched cost nothing.
const STACK_BYTES: usize = 256 << 20;

/// Name of the threads that analyze, so that a panic hook can know them.
pub const THREAD_NAME: &str = "analysis";

/// How a project is analyzed.
#[derive(Debug, Clone, Default)]
pub struct AnalyzeOptions {
    /// Empty the database first, and analyze every file.
    pub clear: bool,
    /// Threads; `None` for one per core.
    pub threads: Option<usize>,
    /// Folder of what a run remembers for the next one, for one database. Without it every run analyzes every file.
    pub cache: Option<PathBuf>,
    /// The project's configuration; see [`Config::load`].
    pub config: Config,
    /// Plugins besides those of the configuration, or in place of them.
    pub plugins: Registry,
    /// Only the services whose name or path is or contains this.
    pub service: Option<String>,
    /// Where the project starts, relative to its folder.
    pub entry_point: Option<String>,
    /// Tells the run to stop.
    pub cancellation: Cancellation,
}

/// A project whose files are known: DISCOVERY is done, and nothing is stored yet.
#[derive(Debug)]
pub struct Project {
    pub(crate) root: PathBuf,
    pub(crate) options: AnalyzeOptions,
    pub(crate) plugins: Registry,
    /// What the graph lacks because of plugins that are left out.
    pub(crate) lacks: Vec<Diagnostic>,
    /// The threads of all phases.
    pub(crate) pool: rayon::ThreadPool,
    pub(crate) discovery: Discovery,
    pub(crate) begun: Instant,
    pub(crate) discovered: Instant,
    /// How long each plugin took that lists files.
    pub(crate) times: Vec<(String, Duration)>,
    /// When the first file was looked at, in nanoseconds since 1970.
    pub(crate) seen: i64,
}

impl Project {
    /// Finds the files of the project at `path`, and keeps the options for the rest of the run.
    ///
    /// # Errors
    /// The folder is not there, or has nothing to analyze; a plugin cannot list files.
    pub fn discover(
        path: &Path,
        options: &AnalyzeOptions,
        progress: &dyn Progress,
    ) -> Result<Self, Error> {
        let (begun, seen) = (Instant::now(), stamp::now());
        progress.phase(Phase::Discovery, None);
        let root = project_root(path)?;
        let pool = thread_pool(options.threads)?;
        let (plugins, lacks) = plugins_of_run(&options.config, &options.plugins);
        let sources = plugins.analyzers().sources();
        if sources.is_empty() {
            return Err(Error::Plugins(
                "no plugin of ANALYSIS makes modules of files, as module-analyzer does".to_owned(),
            ));
        }
        let cx = FilesContext {
            root: &root,
            config: &options.config,
            sources: &sources,
        };
        let (discovery, times) = pool.install(|| list_files(&plugins, &cx))?;
        if discovery.files.is_empty() {
            return Err(Error::NoFiles(root));
        }
        Ok(Project {
            root,
            options: options.clone(),
            plugins,
            lacks,
            pool,
            discovery,
            begun,
            discovered: Instant::now(),
            times,
            seen,
        })
    }

    /// Absolute path of the folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What DISCOVERY found.
    #[must_use]
    pub fn discovery(&self) -> &Discovery {
        &self.discovery
    }

    /// Analyzes the project into a store; see [`analyze`].
    ///
    /// # Errors
    /// The store refuses something.
    pub fn analyze(self, store: &dyn Store, progress: &dyn Progress) -> Result<Report, Error> {
        run::run(self, store, progress)
    }
}

/// Analyzes the project at `path` into a store.
///
/// With [`AnalyzeOptions::cache`], a run after the first one analyzes only the files that changed, and ends in the graph
/// that a run from scratch would make, byte for byte; it changes the store in one commit. Otherwise the store is emptied
/// and loaded anew, and marked as loading until that is done.
///
/// # Errors
/// The folder is not there or has nothing to analyze (the store is untouched then), or the store refuses something.
pub fn analyze(
    path: &Path,
    store: &dyn Store,
    options: &AnalyzeOptions,
    progress: &dyn Progress,
) -> Result<Report, Error> {
    Project::discover(path, options, progress)?.analyze(store, progress)
}

/// The threads of a run.
///
/// # Errors
/// [`Error::Threads`].
pub fn thread_pool(threads: Option<usize>) -> Result<rayon::ThreadPool, Error> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads.unwrap_or(0))
        .stack_size(STACK_BYTES)
        .thread_name(|_| THREAD_NAME.to_owned())
        .build()
        .map_err(|e| Error::Threads {
            threads: threads.unwrap_or(0),
            message: e.to_string(),
        })
}
