//! An initial run: everything is analyzed, and the graph is loaded anew, its indexes built once at the end.

use std::collections::BTreeSet;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::OnceLock;

use graph_model::NodeType;
use linker::program::Module;

use super::Run;
use crate::analysis::Graphs;
use crate::cache::{EncodedLinks, InputRecord, OwnerHashes};
use crate::inputs;
use crate::report::{Changes, InitialReason, Mode, Report};
use crate::{Error, Phase, Store};
use rfdb_protocol::Rows;

/// What is kept for the next run.
struct Left {
    links: io::Result<EncodedLinks>,
    inputs: Vec<InputRecord>,
    /// Number of the file of summaries.
    summaries: io::Result<u32>,
}

/// Tells whether the store is empty and marked as loading, when that is known.
struct Emptied(OnceLock<bool>);

impl Emptied {
    fn wait(&self) -> Result<(), Error> {
        // What went wrong is told by whoever emptied it.
        self.0.wait().then_some(()).ok_or(Error::Cancelled)
    }
}

/// Begins to load a store, and does work meanwhile: a database waits for the disk then.
fn while_emptied<T>(
    store: &dyn Store,
    work: impl FnOnce(&Emptied) -> Result<T, Error>,
) -> Result<T, Error> {
    let emptied = Emptied(OnceLock::new());
    std::thread::scope(|scope| {
        let begun = scope.spawn(|| {
            let begin = || {
                store.begin_load()?;
                store.clear()?;
                // Clearing may have taken the mark away with everything else.
                store.begin_load()
            };
            // Nobody is to wait for ever, whatever happens here.
            let result = catch_unwind(AssertUnwindSafe(begin));
            emptied.0.get_or_init(|| matches!(result, Ok(Ok(()))));
            result.unwrap_or_else(|panic| resume_unwind(panic))
        });
        let result = work(&emptied);
        match begun.join() {
            Ok(begun) => begun.map_err(Error::from).and(result),
            Err(panic) => resume_unwind(panic),
        }
    })
}

pub(super) fn run(mut run: Run<'_>, reason: InitialReason) -> Result<Report, Error> {
    let project = run.project;
    let above = run.above()?;
    // Files that are gone are told, unless the graph was not meant to last.
    let before: BTreeSet<String> = if run.options.clear || reason == InitialReason::UnfinishedLoad {
        BTreeSet::new()
    } else {
        let files = run.store.files_with(NodeType::Module.as_str())?;
        files.into_iter().collect()
    };
    run.options.cancellation.check()?;
    let files: Vec<_> = project.discovery.files.iter().collect();
    run.clock.begin(Phase::Analysis, Some(files.len() as u64));
    let mut writer = None;
    let mut cache_error = None;
    match run.cache.as_ref().map(crate::cache::Cache::new_summaries) {
        Some(Ok(new)) => writer = Some(new),
        Some(Err(error)) => cache_error = Some(error),
        None => {}
    }
    let store = run.store;
    let commit = |rows: &dyn Rows| Ok(store.load(rows)?);
    let mut analyzed = while_emptied(store, |emptied| {
        let commit = |graphs: Graphs| {
            emptied.wait()?;
            commit(&graphs)
        };
        run.analyze(&files, &commit, writer.as_ref(), Module::new)
    })?;
    let times = std::mem::take(&mut analyzed.times);
    run.clock.add_all(Phase::Analysis, times);
    analyzed.records.sort_by(|a, b| a.path.cmp(&b.path));
    cache_error = cache_error.or(analyzed.cache_error.take());

    let mut joined = run.join(above, analyzed.modules, &analyzed.records)?;
    let rows = std::mem::take(&mut joined.rows);
    let mut owners = OwnerHashes::new();
    run.clock.step("commit", || {
        let hash = || {
            if writer.is_some() {
                crate::rows::hash_owners(&rows, &mut owners);
            }
        };
        let store = || rayon::join(|| commit(&rows), || joined.each_links(&commit));
        let ((), (rows, links)) = rayon::join(hash, store);
        rows.and(links)
    })?;
    run.options.cancellation.check()?;
    // What is kept for the next run fills the gaps in which the indexes keep one thread busy.
    let records = &mut analyzed.records;
    let (indexed, left) = run.clock.step("indexes", || {
        rayon::join(
            || store.rebuild_indexes(),
            || {
                writer.map(|writer| {
                    joined.hash_links(records);
                    let config = &run.options.config;
                    let (root, discovery) = (&project.root, &project.discovery);
                    Left {
                        links: EncodedLinks::new(&joined.records, None),
                        inputs: inputs::collect(root, discovery, config, &[], 0),
                        summaries: writer.finish(),
                    }
                })
            },
        )
    });
    indexed?;

    let removed = before
        .into_iter()
        .filter(|file| joined.program.find(file).is_none());
    let changes = Changes {
        removed: removed.collect(),
        ..Changes::default()
    };
    let (mut summaries, mut links, mut inputs) = (None, None, Vec::new());
    if let Some(left) = left {
        inputs = left.inputs;
        links = Some(left.links);
        match left.summaries {
            Ok(number) => summaries = Some(number).filter(|_| cache_error.is_none()),
            Err(error) => cache_error = Some(error),
        }
    }
    run.finish(
        joined,
        super::result::Stored {
            records: analyzed.records,
            owners,
            inputs,
            summaries,
            links,
            cache_error,
            written: files.iter().map(|file| file.path.clone()).collect(),
        },
        Mode::Initial { reason },
        changes,
    )
}
