//! A run: from a project's files to a stored graph, phase by phase.
//!
//! A run is initial (everything is analyzed, and the graph is loaded anew) or incremental (only what changed is analyzed, and
//! the graph is changed in one commit); [`decide`] says which. Both analyze with `analyze.rs`, join modules with `join.rs`,
//! and end with `result.rs`.

mod analyze;
mod changes;
mod clock;
mod gaps;
mod incremental;
mod initial;
mod join;
mod keeper;
mod relink;
mod result;

use graph_model::{Diagnostic, Severity};

use crate::cache::{Cache, FileRecord, InputRecord, State, Unusable};
use crate::plugin::Registry;
use crate::project::{AnalyzeOptions, Project};
use crate::report::{InitialReason, Report};
use crate::{Error, Phase, Progress, Store, inputs, selection};
use changes::FileChanges;
use clock::Clock;

/// If more than one of so many bytes of source changed, it is quicker to load the graph anew.
const LARGE_CHANGE: u64 = 2;

/// All that the phases of a run share.
struct Run<'a> {
    project: &'a Project,
    store: &'a dyn Store,
    options: &'a AnalyzeOptions,
    progress: &'a dyn Progress,
    pool: &'a rayon::ThreadPool,
    cache: Option<Cache>,
    clock: Clock<'a>,
    plugins: &'a Registry,
    /// Hash of the configuration, the options that count, and what the plugins tell of themselves.
    configuration: [u8; 32],
}

/// How a run begins.
enum Start<'a> {
    Initial(InitialReason),
    Incremental(Box<Previous<'a>>),
}

/// The last run, and what changed since.
struct Previous<'a> {
    /// What it left, but the records of files, which are in `changes`.
    state: State,
    changes: FileChanges<'a>,
    inputs: Vec<InputRecord>,
}

pub(crate) fn run(
    mut project: Project,
    store: &dyn Store,
    progress: &dyn Progress,
) -> Result<Report, Error> {
    selection::select(&mut project)?;
    let project = &project;
    let options = &project.options;
    let mut run = Run {
        project,
        store,
        options,
        progress,
        pool: &project.pool,
        cache: options.cache.as_deref().map(Cache::new),
        clock: Clock::new(progress, project),
        plugins: &project.plugins,
        configuration: configuration(options, &project.plugins),
    };
    // All of it on a thread of the pool, which is the current one everywhere then, and goes on by itself where one part of
    // the run ends and the next begins: to wake another thread takes up to a millisecond.
    project.pool.install(|| {
        run.clock.begin(Phase::Indexing, None);
        match decide(&run)? {
            Start::Initial(reason) => initial::run(run, reason),
            Start::Incremental(previous) => incremental::run(run, *previous),
        }
    })
}

/// Identifies what decides about the graph besides files and code.
fn configuration(options: &AnalyzeOptions, plugins: &Registry) -> [u8; 32] {
    let text = format!(
        "{:?} {} {:?} {:?}",
        options.config.hash(),
        plugins.key(),
        options.service,
        options.entry_point
    );
    analyzer::content_hash(text.as_bytes())
}

/// Whether there is a last run to go on from, and what changed since.
fn decide<'a>(run: &Run<'a>) -> Result<Start<'a>, Error> {
    let initial = |reason| Ok(Start::Initial(reason));
    if run.options.clear {
        return initial(InitialReason::Asked);
    }
    if run.store.is_loading()? {
        return initial(InitialReason::UnfinishedLoad);
    }
    let (store, cache) = (run.store, &run.cache);
    let (graph, known) = rayon::join(
        || store.version(),
        || cache.as_ref().map(|cache| cache.load()),
    );
    let graph = graph?;
    if graph.nodes == 0 {
        return initial(InitialReason::EmptyGraph);
    }
    let mut state = match known {
        Some(Ok(state)) => state,
        None | Some(Err(Unusable::Missing)) => return initial(InitialReason::NoCache),
        Some(Err(Unusable::OtherVersion)) => return initial(InitialReason::OtherAnalyzer),
        Some(Err(Unusable::Damaged(what))) => return initial(InitialReason::DamagedCache(what)),
    };
    if state.graph != graph {
        return initial(InitialReason::OtherGraph);
    }
    if state.configuration != run.configuration {
        return initial(InitialReason::OtherConfiguration);
    }
    let project = run.project;
    let known_files: Vec<FileRecord> = std::mem::take(&mut state.files);
    let (changes, inputs) = rayon::join(
        || {
            let files = &project.discovery.files;
            FileChanges::find(&project.root, files, known_files, state.seen)
        },
        || {
            let known = (&state.inputs[..], state.seen);
            let config = &run.options.config;
            inputs::collect(&project.root, &project.discovery, config, known.0, known.1)
        },
    );
    let bytes = |files: &mut dyn Iterator<Item = u64>| files.sum::<u64>();
    let changed = bytes(&mut changes.analyze.iter().map(|file| file.bytes));
    let all = bytes(&mut project.discovery.files.iter().map(|file| file.bytes));
    if changed > all / LARGE_CHANGE {
        return initial(InitialReason::MostChanged);
    }
    Ok(Start::Incremental(Box::new(Previous {
        state,
        changes,
        inputs,
    })))
}

/// A warning that the next run will not know of this one.
fn cache_warning(error: &std::io::Error) -> Diagnostic {
    Diagnostic {
        file: String::new(),
        place: None,
        code: "cache-not-written",
        severity: Severity::Warning,
        message: format!(
            "the next analysis will analyze every file, because the cache cannot be written: {error}"
        ),
    }
}
