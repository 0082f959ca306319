//! A run: from a folder to a stored graph, phase by phase.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use graph_model::{NodeId, NodeType};
use rayon::prelude::*;
use rfdb_protocol::Batch;

use crate::analysis::{ANALYSIS_CONTEXT, Analyzed, analyze_files};
use crate::discovery::{Discovery, discover, project_root};
use crate::index::ProjectIndex;
use crate::link_rows::{ENRICHMENT_CONTEXT, push_containment, push_links};
use crate::report::{FileCounts, PhaseTime, Report, Resolved, StepTime, TypeCounts};
use crate::{Diagnostic, Error, Phase, Progress, Store};
use graph_model::Severity;
use linker::Links;
use linker::Program;
use linker::packages::Packages;

/// Trees can be as deep as a file is long. Pages of a stack that are never touched cost nothing.
const STACK_BYTES: usize = 256 << 20;

/// Name of the threads that analyze, so that a panic hook can know them.
pub const THREAD_NAME: &str = "analysis";

/// Links of so many modules are committed together.
const LINK_CHUNK: usize = 512;

/// How a project is analyzed.
#[derive(Debug, Clone, Default)]
pub struct AnalyzeOptions {
    /// Empty the database first.
    pub clear: bool,
    /// Threads; `None` for one per core.
    pub threads: Option<usize>,
}

struct Clock {
    phases: Vec<PhaseTime>,
    begun: Instant,
}

impl Clock {
    fn begin(&mut self, phase: Phase) {
        // The first phase is timed before the clock is made.
        if self.phases.len() > 1 {
            self.end();
        }
        self.phases.push(PhaseTime {
            phase,
            time: Duration::ZERO,
            steps: Vec::new(),
        });
        self.begun = Instant::now();
    }

    fn end(&mut self) {
        if let Some(phase) = self.phases.last_mut() {
            phase.time = self.begun.elapsed();
        }
    }

    fn step<T>(&mut self, step: &'static str, work: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let result = work();
        if let Some(phase) = self.phases.last_mut() {
            phase.steps.push(StepTime {
                step,
                time: begun.elapsed(),
            });
        }
        result
    }
}

/// A project whose files are known: DISCOVERY is done, and nothing is stored yet.
#[derive(Debug)]
pub struct Project {
    root: PathBuf,
    discovery: Discovery,
    begun: Instant,
    discovered: Instant,
}

impl Project {
    /// Finds the files of the project at `path`.
    ///
    /// # Errors
    /// The folder is not there, or has nothing to analyze.
    pub fn discover(path: &Path, progress: &dyn Progress) -> Result<Self, Error> {
        let begun = Instant::now();
        progress.phase(Phase::Discovery, None);
        let root = project_root(path)?;
        let discovery = discover(&root);
        if discovery.files.is_empty() {
            return Err(Error::NoFiles(root));
        }
        Ok(Project {
            root,
            discovery,
            begun,
            discovered: Instant::now(),
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
    pub fn analyze(
        self,
        store: &dyn Store,
        options: &AnalyzeOptions,
        progress: &dyn Progress,
    ) -> Result<Report, Error> {
        run(self, store, options, progress)
    }
}

/// Analyzes the project at `path` into a store.
///
/// Until the end the store is marked as loading, so that a run that did not come to its end is recognised. Without
/// [`AnalyzeOptions::clear`] what is there is replaced file by file, and files that are gone leave the graph; a load that
/// did not end is begun anew.
///
/// # Errors
/// The folder is not there or has nothing to analyze (the store is untouched then), or the store refuses something.
pub fn analyze(
    path: &Path,
    store: &dyn Store,
    options: &AnalyzeOptions,
    progress: &dyn Progress,
) -> Result<Report, Error> {
    Project::discover(path, progress)?.analyze(store, options, progress)
}

fn run(
    project: Project,
    store: &dyn Store,
    options: &AnalyzeOptions,
    progress: &dyn Progress,
) -> Result<Report, Error> {
    let Project {
        root,
        discovery,
        begun,
        discovered,
    } = project;
    let Discovery {
        files,
        manifests,
        warnings: mut diagnostics,
    } = discovery;
    let mut clock = Clock {
        phases: Vec::new(),
        begun: discovered,
    };
    clock.phases.push(PhaseTime {
        phase: Phase::Discovery,
        time: discovered - begun,
        steps: Vec::new(),
    });
    let skipped_early = diagnostics
        .iter()
        .filter(|d| SKIPS_A_FILE.contains(&d.code))
        .count() as u64;

    progress.phase(Phase::Indexing, None);
    clock.begin(Phase::Indexing);
    let packages = Packages::read(&root, &manifests, &mut diagnostics);
    let folder_name = root
        .file_name()
        .map_or_else(|| "project".into(), |name| name.to_string_lossy());
    let index = ProjectIndex::new(&folder_name, &packages);
    let clear = options.clear || store.is_loading()?;
    let before: BTreeSet<String> = if clear {
        BTreeSet::new()
    } else {
        store
            .files_with(NodeType::Module.as_str())?
            .into_iter()
            .collect()
    };
    store.begin_load()?;
    if clear {
        store.clear()?;
        // Clearing may have taken the mark away with everything else.
        store.begin_load()?;
    }

    progress.phase(Phase::Analysis, Some(files.len() as u64));
    clock.begin(Phase::Analysis);
    let pool = thread_pool(options.threads)?;
    let Analyzed {
        summaries,
        failed,
        diagnostics: found,
        bytes,
        lines,
    } = analyze_files(&pool, &root, &files, store, progress)?;
    let skipped_late = (files.len() - summaries.len()) as u64;
    diagnostics.extend(found);

    progress.phase(Phase::Enrichment, None);
    clock.begin(Phase::Enrichment);
    let program = clock.step("program", || Program::new(&root, packages, summaries));
    let links = clock.step("link", || pool.install(|| linker::link(&program, &failed)));
    let removed: Vec<&String> = before
        .iter()
        .filter(|file| program.find(file).is_none())
        .collect();
    clock.step("commit", || {
        let modules = program
            .modules()
            .iter()
            .map(|m| (m.file(), m.summary.module().node_id()));
        let modules: Vec<(&str, NodeId)> = modules.collect();
        let mut batch = index.batch(modules);
        for file in &removed {
            batch.owner(file, ANALYSIS_CONTEXT);
            batch.owner(file, ENRICHMENT_CONTEXT);
        }
        push_containment(links.files.iter().flat_map(|f| f.externals()), &mut batch);
        store.commit_deferred(batch)?;
        pool.install(|| commit_links(&program, &links, store))
    })?;
    clock.step("indexes", || store.rebuild_indexes())?;

    progress.phase(Phase::Validation, None);
    clock.begin(Phase::Validation);
    let counts = store.counts()?;
    diagnostics.extend(links.diagnostics);
    diagnostics.extend(missing_modules(
        &counts.nodes,
        program.modules().len() as u64,
    ));
    diagnostics.sort_unstable();
    clock.end();

    let (nodes, edges) = TypeCounts::of(counts);
    Ok(Report {
        project: index.name.clone(),
        root,
        threads: pool.current_num_threads(),
        files: FileCounts {
            analyzed: program.modules().len() as u64,
            failed: failed.len() as u64,
            skipped: skipped_early + skipped_late,
            removed: removed.len() as u64,
            bytes,
            lines,
        },
        services: index.services().map(str::to_owned).collect(),
        nodes,
        edges,
        imports: Resolved {
            total: links.imports.internal,
            resolved: links.imports.resolved,
        },
        calls: Resolved {
            total: links.calls.total,
            resolved: links.calls.resolved,
        },
        phases: clock.phases,
        time: begun.elapsed(),
        diagnostics,
    })
}

/// Codes of DISCOVERY's warnings that stand for one source file each.
const SKIPS_A_FILE: &[&str] = &[
    "file-too-large",
    "unreadable",
    "path-not-unicode",
    "broken-symlink",
];

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

fn commit_links(program: &Program, links: &Links, store: &dyn Store) -> Result<(), Error> {
    program
        .modules()
        .par_chunks(LINK_CHUNK)
        .zip(links.files.par_chunks(LINK_CHUNK))
        .try_for_each(|(modules, files)| {
            let mut batch = Batch::new();
            for (module, links) in modules.iter().zip(files) {
                push_links(links, module.file(), &mut batch);
            }
            Ok(store.commit_deferred(batch)?)
        })
}

/// The first thing that would be wrong if a batch were lost.
fn missing_modules(
    nodes: &std::collections::BTreeMap<String, u64>,
    analyzed: u64,
) -> Option<Diagnostic> {
    let stored = nodes.get(NodeType::Module.as_str()).copied().unwrap_or(0);
    (stored != analyzed).then(|| Diagnostic {
        file: String::new(),
        place: None,
        code: "graph-incomplete",
        severity: Severity::Error,
        message: format!("{analyzed} modules were analyzed and {stored} are in the graph; analyze again with --clear"),
    })
}
