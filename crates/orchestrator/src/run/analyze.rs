//! ANALYSIS as both kinds of run do it.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use graph_model::ModuleSummary;

use super::Run;
use crate::Error;
use crate::analysis::{AnalyzedFile, Graphs, Sink, analyze_files};
use crate::cache::{FileRecord, SummaryWriter, stored};
use crate::discovery::SourceFile;

/// What came of the files that were analyzed.
pub(super) struct Analyzed<M> {
    /// What is to be remembered of them, in any order.
    pub(super) records: Vec<FileRecord>,
    /// What was made of their summaries, in any order.
    pub(super) modules: Vec<M>,
    /// How long each plugin took.
    pub(super) times: Vec<(String, Duration)>,
    /// Why summaries could not be kept for the next run.
    pub(super) cache_error: Option<io::Error>,
}

impl Run<'_> {
    /// Analyzes files, hands their graphs to `commit`, and their summaries to the cache and to `make`.
    pub(super) fn analyze<M: Send>(
        &self,
        files: &[&SourceFile],
        commit: &(dyn Fn(Graphs) -> Result<(), Error> + Sync),
        cache: Option<&SummaryWriter>,
        make: impl Fn(ModuleSummary) -> M + Sync,
    ) -> Result<Analyzed<M>, Error> {
        let result = Mutex::new(Analyzed {
            records: Vec::new(),
            modules: Vec::new(),
            times: Vec::new(),
            cache_error: None,
        });
        let done = |file: AnalyzedFile| {
            let source = files[file.file as usize];
            let (mut record, error) = record(source, &file, cache);
            record.facts = file.facts;
            let made = file.summary.map(&make);
            let mut result = result.lock().unwrap_or_else(PoisonError::into_inner);
            result.records.push(record);
            result.modules.extend(made);
            if result.cache_error.is_none() {
                result.cache_error = error;
            }
            Ok(())
        };
        let sink = Sink {
            commit,
            done: &done,
            progress: self.progress,
            cancellation: &self.options.cancellation,
        };
        let analyzers = self.plugins.analyzers();
        let times = analyze_files(self.pool, &self.project.root, &analyzers, files, &sink)?;
        let mut result = result.into_inner().unwrap_or_else(PoisonError::into_inner);
        result.times = times;
        Ok(result)
    }
}

fn record(
    source: &SourceFile,
    file: &AnalyzedFile,
    cache: Option<&SummaryWriter>,
) -> (FileRecord, Option<io::Error>) {
    let mut error = None;
    let span = match (&file.summary, cache) {
        (Some(summary), Some(cache)) => cache.put(summary).map_err(|e| error = Some(e)).ok(),
        _ => None,
    };
    let record = FileRecord {
        path: source.path.clone(),
        stamp: source.stamp,
        hash: file.summary.as_ref().map(|summary| summary.content_hash),
        bytes: file.bytes,
        lines: file.lines,
        failed: file.failed,
        diagnostics: stored(&file.diagnostics),
        facts: Vec::new(),
        summary: span,
        links: None,
    };
    (record, error)
}
