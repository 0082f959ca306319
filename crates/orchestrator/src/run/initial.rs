//! An initial run: everything is analyzed, and the graph is loaded anew, its indexes built once at the end.

use std::collections::BTreeSet;

use graph_model::NodeType;

use super::Run;
use crate::cache::{OwnerHashes, SummaryWriter};
use crate::inputs;
use crate::report::{Changes, InitialReason, Mode, Report};
use crate::{Error, Phase};
use rfdb_protocol::Rows;

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
    run.store.begin_load()?;
    run.store.clear()?;
    // Clearing may have taken the mark away with everything else.
    run.store.begin_load()?;

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
    let mut analyzed = run.analyze(&files, &commit, writer.as_ref())?;
    analyzed.records.sort_by(|a, b| a.path.cmp(&b.path));
    cache_error = cache_error.or(analyzed.cache_error.take());

    let mut joined = run.join(above, analyzed.summaries, &analyzed.records)?;
    let pool = run.pool;
    let rows = std::mem::take(&mut joined.rows);
    let mut owners = OwnerHashes::new();
    run.clock.step("commit", || {
        if writer.is_some() {
            crate::rows::hash_owners(&rows, &mut owners);
        }
        store.load(&rows)?;
        pool.install(|| joined.each_links(&commit))
    })?;
    run.options.cancellation.check()?;
    // What is hashed for the next run fills the gaps in which the indexes keep one thread busy.
    run.clock.step("indexes", || {
        pool.install(|| {
            rayon::join(
                || store.rebuild_indexes(),
                || {
                    if writer.is_some() {
                        joined.hash_links(&mut owners);
                    }
                },
            )
            .0
        })
    })?;

    let removed = before
        .into_iter()
        .filter(|file| joined.program.find(file).is_none());
    let changes = Changes {
        removed: removed.collect(),
        ..Changes::default()
    };
    let summaries = match writer.map(SummaryWriter::finish) {
        Some(Ok(number)) if cache_error.is_none() => Some(number),
        Some(Err(error)) => {
            cache_error = Some(error);
            None
        }
        _ => None,
    };
    let inputs = if summaries.is_some() {
        inputs::collect(
            &project.root,
            &project.discovery,
            &run.options.config,
            &[],
            0,
        )
    } else {
        Vec::new()
    };
    run.finish(
        joined,
        super::result::Stored {
            records: analyzed.records,
            owners,
            inputs,
            summaries,
            cache_error,
            written: files.iter().map(|file| file.path.clone()).collect(),
        },
        Mode::Initial { reason },
        changes,
    )
}
