//! An incremental run: only what changed is analyzed, modules are joined from summaries, and what differs from the stored
//! graph is written in one commit.

use std::sync::{Mutex, PoisonError};

use linker::program::Module;
use rayon::prelude::*;
use rfdb_protocol::{Batch, Rows};

use super::changes::FileChanges;
use super::relink::{Edits, Work};
use super::result::Stored;
use super::{Previous, Run, initial};
use crate::analysis::{ANALYSIS_CONTEXT, Graphs};
use crate::cache::{
    Cache, EncodedLinks, FileRecord, Hash, OwnerHashes, Span, State, SummaryFile, SummaryWriter,
    restored,
};
use crate::inputs::same_contents;
use crate::link_rows::ENRICHMENT_CONTEXT;
use crate::report::{InitialReason, Mode, Report};
use crate::{Error, Phase};

/// Bytes of summaries that nobody names any more, from which on the file is written anew if they are more than the others.
const GARBAGE_FLOOR: u64 = 1 << 20;

pub(super) fn run(mut run: Run<'_>, mut previous: Previous<'_>) -> Result<Report, Error> {
    let same_inputs = same_contents(&previous.inputs, &previous.state.inputs);
    if previous.changes.is_empty() && same_inputs && same_listing(&run, &previous.state) {
        return nothing_changed(run, previous);
    }
    let Some(cache) = run.cache.clone() else {
        return initial::run(run, InitialReason::NoCache);
    };
    run.clock
        .begin(Phase::Analysis, Some(previous.changes.analyze.len() as u64));
    let file = match cache.open_summaries(previous.state.summaries) {
        Ok(file) => file,
        Err(e) => return initial::run(run, InitialReason::DamagedCache(e.to_string())),
    };
    let mut cache_error = None;
    // Where summaries are now: the file may be written anew.
    let kept: Vec<Span> = previous
        .changes
        .kept
        .iter()
        .filter_map(|file| file.summary)
        .collect();
    let edits = if same_inputs && same_listing(&run, &previous.state) {
        Edits::new(&previous, file.clone())
    } else {
        None
    };
    let writer = match open_writer(&cache, &mut previous, &file) {
        Ok(writer) => Some(writer),
        Err(error) => {
            cache_error = Some(error);
            None
        }
    };
    // They stay as they are until all of the run is committed.
    let graphs = Mutex::new(Vec::new());
    let keep = |some: Graphs| {
        let mut graphs = graphs.lock().unwrap_or_else(PoisonError::into_inner);
        graphs.push(some);
        Ok(())
    };
    let left = previous.state.links.filter(|_| edits.is_some());
    let (analyzed, left) = rayon::join(
        || {
            run.analyze(
                &previous.changes.analyze,
                &keep,
                writer.as_ref(),
                |summary| summary,
            )
        },
        || cache.load_links(left?),
    );
    let mut analyzed = analyzed?;
    let times = std::mem::take(&mut analyzed.times);
    run.clock.add_all(Phase::Analysis, times);
    cache_error = cache_error.or(analyzed.cache_error.take());
    let graphs = graphs.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut batch = Batch::new();
    // Of files that are gone, or are left out now, nothing stays.
    let removed = std::mem::take(&mut previous.changes.removed);
    let left_out = analyzed.records.iter().filter(|file| file.hash.is_none());
    for file in left_out.chain(&removed) {
        batch.owner(&file.path, ANALYSIS_CONTEXT);
    }
    let mut records = merged(&mut previous.changes, analyzed.records);
    let left_out = records.iter_mut().filter(|file| file.hash.is_none());
    let with_links = left_out
        .filter_map(|file| file.links.take().map(|_| &file.path))
        .chain(removed.iter().map(|file| &file.path));
    for path in with_links {
        batch.owner(path, ENRICHMENT_CONTEXT);
    }

    let mut stored = std::mem::take(&mut previous.state.owners);
    write_again(&previous, &mut stored);
    let mut above = run.above()?;
    let relinked = match edits.zip(left) {
        Some((edits, left)) => {
            let work = Work {
                linker: &previous.state.linker,
                records: &mut records,
                stored: &stored,
                batch: &mut batch,
            };
            run.relink(&mut above, edits, left, &analyzed.modules, work)?
        }
        None => None,
    };
    let (joined, owners) = match relinked {
        Some(relinked) => relinked,
        None => {
            let read = (run.clock).step("summaries", || read_modules(&file, &kept));
            let mut modules = match read {
                Ok(modules) => modules,
                Err(what) => return initial::run(run, InitialReason::DamagedCache(what)),
            };
            modules.par_extend(analyzed.modules.into_par_iter().map(Module::new));
            let joined = run.join(above, modules, &records)?;
            let owners = run.clock.step("compare", || {
                let analyzed = previous.changes.analyze.iter().map(|file| &*file.path);
                let analyzed = analyzed.collect();
                joined.push_changed(&stored, &analyzed, &mut records, &mut batch)
            });
            (joined, owners)
        }
    };
    drop(file);
    let summaries = match writer.map(SummaryWriter::finish) {
        Some(Ok(number)) => Some(number),
        Some(Err(error)) => {
            cache_error = Some(error);
            None
        }
        None => None,
    };
    // Up to here nothing was changed that counts; the commit changes all of it.
    run.options.cancellation.check()?;
    let store = run.store;
    let (committed, links) = run.clock.step("commit", || {
        rayon::join(
            || {
                let graphs = graphs.iter().map(|graphs| graphs as &dyn Rows);
                let batch = Some(&batch as &dyn Rows).filter(|_| !batch.is_empty());
                let parts: Vec<&dyn Rows> = graphs.chain(batch).collect();
                match parts.is_empty() {
                    true => Ok(()),
                    false => store.commit(&parts),
                }
            },
            || EncodedLinks::new(&joined.records, joined.kept.as_ref()),
        )
    });
    committed?;
    let stored = Stored {
        records,
        owners,
        inputs: std::mem::take(&mut previous.inputs),
        summaries: summaries.filter(|_| cache_error.is_none()),
        links: Some(links),
        cache_error,
        written: (previous.changes.analyze.iter())
            .map(|file| file.path.clone())
            .collect(),
    };
    run.finish(joined, stored, Mode::Incremental, previous.changes.counts)
}

/// What is known of all files: of the changed ones it is new, but what is stored of their links.
fn merged(changes: &mut FileChanges<'_>, mut analyzed: Vec<FileRecord>) -> Vec<FileRecord> {
    for file in &mut analyzed {
        let before = &changes.before;
        if let Ok(at) = before.binary_search_by(|before| before.path.cmp(&file.path)) {
            file.links = before[at].links;
        }
    }
    let mut records = std::mem::take(&mut changes.kept);
    records.append(&mut analyzed);
    records.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    records
}

/// Lets what plugins wrote of files that were analyzed be written again, after their modules as in a first run: of an edge that
/// is written by several the last counts. `link_rows` says of which links this is so.
fn write_again(previous: &Previous<'_>, stored: &mut OwnerHashes) {
    for file in &previous.changes.analyze {
        for files in stored.values_mut() {
            if let Some(hash) = files.get_mut(&file.path) {
                *hash = Hash::default();
            }
        }
    }
}

/// Whether files came or went that could be what an import means that leads nowhere.
fn same_listing(run: &Run<'_>, state: &State) -> bool {
    state.listing == run.project.discovery.listing
        || !restored(&state.outcome.diagnostics).any(|d| d.code == "unresolved-import")
}

/// The graph is as it should be: nothing is read of it, and nothing written.
fn nothing_changed(run: Run<'_>, previous: Previous<'_>) -> Result<Report, Error> {
    let Previous {
        mut state,
        changes,
        inputs,
    } = previous;
    let worth_writing = changes.renewed || inputs != state.inputs;
    state.files = changes.kept;
    state.inputs = inputs;
    let mut cache_error = None;
    if worth_writing && let Some(cache) = &run.cache {
        state.seen = run.project.seen;
        state.listing = run.project.discovery.listing;
        match cache.save(&state) {
            Ok(()) => cache.remove_other_summaries(state.summaries),
            Err(error) => cache_error = Some(error),
        }
    }
    Ok(run.report(&state, Mode::Incremental, changes.counts, cache_error))
}

fn read_modules(file: &SummaryFile, kept: &[Span]) -> Result<Vec<Box<Module>>, String> {
    kept.par_iter()
        .with_min_len(16)
        .map(|&span| file.get(span).map(Module::new))
        .collect()
}

/// Goes on with the file of summaries, or begins a new one if most of it is garbage.
fn open_writer(
    cache: &Cache,
    previous: &mut Previous<'_>,
    file: &SummaryFile,
) -> std::io::Result<SummaryWriter> {
    let kept = &mut previous.changes.kept;
    let live: u64 = kept
        .iter()
        .filter_map(|record| record.summary)
        .map(|span| span.len())
        .sum();
    if file.len() - live.min(file.len()) <= live + GARBAGE_FLOOR {
        return cache.append_summaries(previous.state.summaries);
    }
    let writer = cache.new_summaries()?;
    for record in kept {
        if let Some(span) = &mut record.summary {
            *span = writer.copy(file, *span)?;
        }
    }
    Ok(writer)
}
