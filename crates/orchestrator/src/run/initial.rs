//! An initial run: everything is analyzed, and the graph is loaded anew, its indexes built once at the end.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::OnceLock;

use graph_model::NodeType;
use linker::program::Module;

use super::keeper::Keeper;
use super::{Run, gaps};
use crate::analysis::Graphs;
use crate::cache::{Cache, OwnerHashes};
use crate::report::{Changes, InitialReason, Mode, Report};
use crate::{Error, Phase, Store};
use rfdb_protocol::Rows;

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
    match run.cache.as_ref().map(Cache::new_summaries) {
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
        // Their summaries are kept while the graph is stored.
        run.analyze(&files, &commit, None, Module::new)
    })?;
    let times = std::mem::take(&mut analyzed.times);
    run.clock.add_all(Phase::Analysis, times);
    analyzed.records.sort_by(|a, b| a.path.cmp(&b.path));

    let mut joined = run.join(above, analyzed.modules, &analyzed.records)?;
    let rows = std::mem::take(&mut joined.rows);
    let keeper = writer.map(|writer| Keeper::new(&joined, writer));
    let mut owners = OwnerHashes::new();
    let clock = &mut run.clock;
    let cancellation = &run.options.cancellation;
    let mut load = || {
        clock.step("commit", || {
            let hash = || {
                if keeper.is_some() {
                    crate::rows::hash_owners(&rows, &mut owners);
                }
            };
            let store = || rayon::join(|| commit(&rows), || joined.each_links(&commit));
            let ((), (rows, links)) = rayon::join(hash, store);
            rows.and(links)
        })?;
        cancellation.check()?;
        let indexed = clock.step("indexes", || store.rebuild_indexes());
        indexed.map_err(Error::from)
    };
    match &keeper {
        None => load(),
        Some(keeper) => {
            let pieces = keeper.pieces(project, &run.options.config);
            gaps::fill(run.pool, pieces, || {
                load().inspect_err(|_| keeper.give_up())
            })
        }
    }?;
    let kept = keeper.map(|keeper| keeper.finish(&mut analyzed.records));

    let removed = before
        .into_iter()
        .filter(|file| joined.program.find(file).is_none());
    let changes = Changes {
        removed: removed.collect(),
        ..Changes::default()
    };
    let (mut summaries, mut links, mut inputs) = (None, None, Vec::new());
    if let Some(kept) = kept {
        inputs = kept.inputs;
        links = kept.links;
        match kept.summaries {
            Ok(number) => summaries = Some(number),
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
