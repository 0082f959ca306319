//! An initial run: everything is analyzed, and the graph is loaded anew, its indexes built once at the end.

use std::collections::BTreeSet;
use std::io;

use graph_model::NodeType;

use super::Run;
use crate::cache::{EncodedLinks, InputRecord, OwnerHashes};
use crate::inputs;
use crate::report::{Changes, InitialReason, Mode, Report};
use crate::{Error, Phase};
use rfdb_protocol::Rows;

/// What is kept for the next run.
struct Left {
    links: io::Result<EncodedLinks>,
    inputs: Vec<InputRecord>,
    /// Number of the file of summaries.
    summaries: io::Result<u32>,
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
    // What is kept for the next run fills the gaps in which the indexes keep one thread busy.
    let records = &mut analyzed.records;
    let (indexed, left) = run.clock.step("indexes", || {
        pool.install(|| {
            rayon::join(
                || store.rebuild_indexes(),
                || {
                    writer.map(|writer| {
                        joined.hash_links(records);
                        let config = &run.options.config;
                        Left {
                            links: EncodedLinks::new(&joined.records),
                            inputs: inputs::collect(
                                &project.root,
                                &project.discovery,
                                config,
                                &[],
                                0,
                            ),
                            summaries: writer.finish(),
                        }
                    })
                },
            )
        })
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
