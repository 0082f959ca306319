//! The end of a run: VALIDATION, what is remembered, what is told.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::{Run, cache_warning, join::Joined};
use crate::cache::{
    EncodedLinks, FileRecord, InputRecord, Outcome, OwnerHashes, State, restored, stored,
};
use crate::config::ServiceConfig;
use crate::report::{Changes, FileCounts, Mode, Report, Resolved};
use crate::{Error, Phase};

/// What a run leaves is freed after so long. To free so many small things takes milliseconds, for which nobody need wait, and a
/// process that ends with the run is spared it.
const LEFT_FOR: Duration = Duration::from_millis(20);

/// What is to be remembered of a run besides what it joined.
pub(super) struct Stored {
    pub(super) records: Vec<FileRecord>,
    pub(super) owners: OwnerHashes,
    pub(super) inputs: Vec<InputRecord>,
    /// Number of the file of summaries; `None` if nothing can be remembered.
    pub(super) summaries: Option<u32>,
    /// What linking left behind, as it is written; `None` if nothing is remembered.
    pub(super) links: Option<std::io::Result<EncodedLinks>>,
    /// Why nothing can be remembered.
    pub(super) cache_error: Option<std::io::Error>,
    /// Files that were analyzed.
    pub(super) written: Vec<String>,
}

impl Run<'_> {
    /// Validates the stored graph, writes the cache, and reports.
    pub(super) fn finish(
        mut self,
        joined: Joined,
        mut result: Stored,
        mode: Mode,
        mut changes: Changes,
    ) -> Result<Report, Error> {
        changes.linked = joined.linked as u64;
        self.clock.begin(Phase::Validation, None);
        let written: Vec<&str> = result.written.iter().map(String::as_str).collect();
        let counts = OnceLock::new();
        // What linking left behind counts only with the state that names it, so it can be written before all is well.
        let links = result.links.take();
        let remembered = result.summaries.is_some() && !joined.records.is_empty();
        let cache = self.cache.clone().filter(|_| remembered);
        let (validated, saved) = rayon::join(
            || self.validate(&joined, &result.records, &written, &counts),
            || {
                let begun = Instant::now();
                let cache = cache?;
                let saved = links?.and_then(|links| cache.save_links(&links));
                Some((saved, begun.elapsed()))
            },
        );
        let mut diagnostics = validated?;
        diagnostics.extend(joined.diagnostics);
        let counts = match counts.into_inner() {
            Some(counts) => counts,
            None => self.clock.step("counts", || self.store.counts())?,
        };
        let (imports, calls) = (joined.links.imports, joined.links.calls);
        let graph = self.store.version()?;
        // Before the state, which counts for the graph that it names.
        self.store.publish()?;
        let mut links = None;
        if let Some((saved, time)) = saved {
            self.clock.add("links", time);
            match saved {
                Ok(id) => links = Some(id),
                Err(error) => result.cache_error = result.cache_error.or(Some(error)),
            }
        }
        let state = State {
            links,
            graph,
            configuration: self.configuration,
            seen: self.project.seen,
            summaries: result.summaries.unwrap_or_default(),
            files: result.records,
            inputs: result.inputs,
            listing: self.project.discovery.listing,
            owners: result.owners,
            linker: joined.linker,
            project: joined.project,
            services: services(joined.services),
            outcome: Outcome {
                nodes: counts.nodes,
                edges: counts.edges,
                imports: (imports.internal, imports.resolved),
                calls: (calls.total, calls.resolved),
                diagnostics: stored(&diagnostics),
            },
        };
        let mut saved = None;
        if let Some(cache) = self.cache.clone()
            && result.summaries.is_some()
        {
            match self.clock.step("cache", || cache.save(&state)) {
                Ok(()) => saved = Some(cache),
                Err(error) => result.cache_error = result.cache_error.or(Some(error)),
            }
        }
        let done = (joined.program, joined.links, joined.records);
        let pool = self.pool;
        // The system takes a while to remove large files.
        let (report, _) = rayon::join(
            || self.report(&state, mode, changes, result.cache_error),
            || saved.map(|cache| cache.remove_other_summaries(state.summaries)),
        );
        pool.spawn(move || {
            std::thread::sleep(LEFT_FOR);
            drop(done);
        });
        Ok(report)
    }

    /// What a run tells, from what it remembers.
    pub(super) fn report(
        self,
        state: &State,
        mode: Mode,
        changes: Changes,
        cache_error: Option<std::io::Error>,
    ) -> Report {
        let discovery = &self.project.discovery;
        let skipped_early = discovery
            .warnings
            .iter()
            .filter(|d| SKIPS_A_FILE.contains(&d.code))
            .count() as u64;
        let mut diagnostics = discovery.warnings.clone();
        diagnostics.extend(self.options.config.warnings.iter().cloned());
        diagnostics.extend(self.project.lacks.iter().cloned());
        for file in &state.files {
            diagnostics.extend(file.restored());
        }
        diagnostics.extend(restored(&state.outcome.diagnostics));
        diagnostics.extend(cache_error.as_ref().map(cache_warning));
        diagnostics.sort_unstable();
        let in_graph = || state.files.iter().filter(|file| file.hash.is_some());
        let resolved = |(total, resolved)| Resolved { total, resolved };
        Report {
            project: state.project.clone(),
            root: self.project.root.clone(),
            threads: self.pool.current_num_threads(),
            mode,
            strict: self.options.config.strict,
            files: FileCounts {
                analyzed: in_graph().count() as u64,
                failed: in_graph().filter(|file| file.failed).count() as u64,
                skipped: skipped_early + (state.files.len() - in_graph().count()) as u64,
                removed: changes.removed.len() as u64,
                bytes: in_graph().map(|file| file.bytes).sum(),
                lines: in_graph().map(|file| file.lines).sum(),
            },
            changes,
            services: state.services.clone(),
            nodes: state.outcome.nodes.clone().into(),
            edges: state.outcome.edges.clone().into(),
            imports: resolved(state.outcome.imports),
            calls: resolved(state.outcome.calls),
            phases: self.clock.finish(),
            time: self.project.begun.elapsed(),
            diagnostics,
        }
    }
}

/// Codes of DISCOVERY's warnings that stand for one source file each.
const SKIPS_A_FILE: &[&str] = &[
    "file-too-large",
    "unreadable",
    "path-not-unicode",
    "broken-symlink",
];

/// Names of services, by folder.
fn services(mut services: Vec<ServiceConfig>) -> Vec<String> {
    services.sort_by(|a, b| a.path.cmp(&b.path));
    services.into_iter().map(|service| service.name).collect()
}
