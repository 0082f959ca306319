//! ENRICHMENT of an incremental run after edits: only modules that the edits can reach are linked again
//! (`linker::relink`), summaries are read where linking needs them, and the rows of all other files stay as they are.

use std::sync::{Mutex, PoisonError};

use graph_model::ModuleSummary;
use linker::program::{Load, ModuleIx};
use linker::relink::{Edited, Relinked};
use linker::{External, FileLinks, Links, Program};
use rayon::prelude::*;
use rfdb_protocol::Batch;
use rustc_hash::{FxHashMap, FxHashSet};

use super::join::{Above, Joined, facts_of};
use super::{Previous, Run};
use crate::cache::{
    EncodedLinks, FileRecord, KeptLinks, LinkRecord, OwnerHashes, Span, SummaryFile,
};
use crate::link_rows::{ENRICHMENT_CONTEXT, push_changed_links, push_containment};
use crate::plugin::{LinkContext, ProgramContext, Reporter, Runner};
use crate::rows;
use crate::{Error, Phase};

/// What is known of the files before, if only some modules are to be linked again.
pub(super) struct Edits {
    file: SummaryFile,
    /// Where the summaries of unchanged files are, by path.
    kept: Vec<Span>,
    /// The edited files by path, and where their summaries were before.
    edited: Vec<(Box<str>, Span, bool)>,
}

/// What an incremental run works on.
pub(super) struct Work<'a> {
    /// The plugin that joined the modules before.
    pub(super) linker: &'a str,
    /// What is known of all files.
    pub(super) records: &'a mut [FileRecord],
    /// Hashes of the stored rows of owners.
    pub(super) stored: &'a OwnerHashes,
    /// The rows that differ from the stored ones.
    pub(super) batch: &'a mut Batch,
}

impl Edits {
    /// What is needed to link in parts; `None` if that cannot be done, because files came or went, or one was left out.
    pub(super) fn new(previous: &Previous<'_>, file: SummaryFile) -> Option<Edits> {
        let changes = &previous.changes;
        if !changes.counts.added.is_empty() || !changes.counts.removed.is_empty() {
            return None;
        }
        let edited = changes
            .before
            .iter()
            .map(|known| Some((known.path.as_str().into(), known.summary?, known.failed)));
        Some(Edits {
            file,
            kept: (changes.kept.iter())
                .filter_map(|file| file.summary)
                .collect(),
            edited: edited.collect::<Option<_>>()?,
        })
    }
}

impl Run<'_> {
    /// Links what edits can reach, runs plugins, and adds the rows that differ from the stored ones to a batch. Answers `None`
    /// if everything is to be linked instead; nothing was added then.
    pub(super) fn relink(
        &mut self,
        above: &mut Above,
        edits: Edits,
        (mut links, encoded): (Vec<LinkRecord>, EncodedLinks),
        summaries: &[ModuleSummary],
        work: Work<'_>,
    ) -> Result<Option<(Joined, OwnerHashes)>, Error> {
        let Work {
            linker,
            records,
            stored,
            batch,
        } = work;
        self.clock.begin(Phase::Enrichment, None);
        let runner = Runner::new(self.plugins, &above.packages);
        if runner.reads_links() {
            return Ok(None);
        }
        let modules = records.iter().filter(|file| file.hash.is_some());
        let files: Vec<Box<str>> = modules.map(|file| file.path.as_str().into()).collect();
        let Edits { file, kept, edited } = edits;
        if files.len() != links.len() || files.len() != kept.len() + summaries.len() {
            return Ok(None);
        }
        let mut kept = kept.into_iter();
        let spans: Vec<Option<Span>> = files
            .iter()
            .map(
                |file| match edited.binary_search_by(|one| one.0.cmp(file)) {
                    Ok(_) => None,
                    Err(_) => kept.next(),
                },
            )
            .collect();
        let before: Option<Vec<(Box<str>, ModuleSummary, bool)>> = edited
            .into_par_iter()
            .map(|(path, span, failed)| Some((path, file.get(span).ok()?, failed)))
            .collect();
        let Some(before) = before else {
            return Ok(None);
        };
        let load = load(file, spans, files.clone(), summaries.to_vec());
        let packages = std::mem::take(&mut above.packages);
        let program = Program::lazy(&self.project.root, packages, files, load);
        let failed: FxHashSet<String> = records
            .iter()
            .filter(|file| file.failed)
            .map(|file| file.path.clone())
            .collect();
        let mut traces: Vec<_> = (links.iter_mut())
            .map(|record| std::mem::take(&mut record.trace))
            .collect();
        let edited: Vec<Edited> = before
            .into_iter()
            .filter_map(|(path, before, failed_before)| {
                Some(Edited {
                    module: program.find(&path)?,
                    before,
                    failed_before,
                })
            })
            .collect();
        let changed: Vec<ModuleIx> = edited.iter().map(|edited| edited.module).collect();
        let link_context = LinkContext {
            program: &program,
            failed: &failed,
            traced: true,
        };
        let runner = Runner::new(self.plugins, &program.packages);
        let linked = self.clock.step(linker, || {
            runner.relink(linker, &link_context, &mut traces, edited)
        })?;
        let Some(relinked) = linked.filter(|_| !program.is_damaged()) else {
            above.packages = program.packages;
            return Ok(None);
        };
        self.options.cancellation.check()?;
        for (record, trace) in links.iter_mut().zip(traces) {
            record.trace = trace;
        }
        for (ix, _, diagnostics) in &relinked.modules {
            let diagnostics = diagnostics.iter().map(Into::into);
            links[ix.0 as usize].diagnostics = diagnostics.collect();
        }
        let mut is_kept = vec![true; links.len()];
        let linked = relinked.modules.iter().map(|one| one.0);
        for ix in linked.chain(relinked.moved.iter().copied()) {
            is_kept[ix.0 as usize] = false;
        }

        let totals = totals(&links);
        let reporter = Reporter::default();
        let cx = ProgramContext {
            config: &self.options.config,
            program: &program,
            facts: &facts_of(records),
            links: &totals,
            reporter: &reporter,
            cancellation: &self.options.cancellation,
        };
        let mut runner = Runner::new(self.plugins, &program.packages);
        let (by_file, whole) = (runner.analyze(&cx, &changed)?, runner.enrich(&cx)?);
        if program.is_damaged() || by_file.scattered || !by_file.diagnostics.is_empty() {
            above.packages = program.packages;
            return Ok(None);
        }
        self.options.cancellation.check()?;
        let mut rows = Batch::new();
        let functions: Vec<External> = links
            .iter()
            .flat_map(|record| &record.trace.functions)
            .map(|(specifier, path)| External::Function {
                specifier: specifier.clone(),
                path: path.clone(),
            })
            .collect();
        push_containment(&functions, &mut rows);
        rows.append(&above.rows);
        rows.append(&whole.rows);
        let by_file_contexts = runner.contexts_by_file();
        let clock = &mut self.clock;
        let owners = clock.step("compare", || {
            let mut owners = stored.clone();
            let files: Vec<&str> = changed
                .iter()
                .map(|ix| &*program.files()[ix.0 as usize])
                .collect();
            push_relinked(&relinked, &changed, records, batch);
            let contexts = &by_file_contexts;
            rows::replace(&by_file.rows, &mut owners, batch, |context, file| {
                contexts.iter().any(|c| c == context) && files.contains(&file)
            });
            rows::replace(&rows, &mut owners, batch, |context, file| {
                let of_plugin = context.starts_with("plugin:");
                let of_linker = context == ENRICHMENT_CONTEXT && file.is_empty();
                of_linker || (of_plugin && !contexts.iter().any(|c| c == context))
            });
            owners
        });
        self.clock.add_all(Phase::Analysis, by_file.times);
        self.clock.add_all(Phase::Enrichment, whole.times);
        let mut diagnostics = std::mem::take(&mut above.diagnostics);
        diagnostics.extend(whole.diagnostics);
        diagnostics.extend(reporter.take());
        Ok(Some((
            Joined {
                program,
                links: totals,
                linker: linker.to_owned(),
                project: std::mem::take(&mut above.project),
                services: std::mem::take(&mut above.services),
                rows: Batch::new(),
                diagnostics,
                records: links,
                kept: Some(KeptLinks { encoded, is_kept }),
                linked: relinked.modules.len(),
            },
            owners,
        )))
    }
}

/// Gives summaries: new ones, and unchanged ones from the file. `spans` are those of the unchanged ones.
fn load(
    file: SummaryFile,
    spans: Vec<Option<Span>>,
    files: Vec<Box<str>>,
    summaries: Vec<ModuleSummary>,
) -> Load {
    let new: FxHashMap<String, ModuleSummary> = summaries
        .into_iter()
        .map(|summary| (summary.file.clone(), summary))
        .collect();
    let new = Mutex::new(new);
    Box::new(move |ix| match spans[ix.0 as usize] {
        Some(span) => file.get(span).ok(),
        None => {
            let mut new = new.lock().unwrap_or_else(PoisonError::into_inner);
            new.remove(&*files[ix.0 as usize])
        }
    })
}

/// What is told of the links of all modules.
fn totals(records: &[LinkRecord]) -> Links {
    let mut links = Links::default();
    for record in records {
        links.imports.add(record.trace.imports);
        links.calls.add(record.trace.calls);
        links
            .diagnostics
            .extend(record.diagnostics.iter().map(Into::into));
    }
    links.diagnostics.sort_unstable();
    links
}

/// Adds the links that differ from the stored ones, and notes them. `edited` are the modules that are written too, in order.
fn push_relinked(
    relinked: &Relinked,
    edited: &[ModuleIx],
    records: &mut [FileRecord],
    batch: &mut Batch,
) {
    let hash = |links: &FileLinks| rows::hash_links(links);
    let hashes: Vec<_> = relinked.modules.par_iter().map(|m| hash(&m.1)).collect();
    let mut modules: Vec<&mut FileRecord> = records
        .iter_mut()
        .filter(|file| file.hash.is_some())
        .collect();
    for ((ix, links, _), hash) in relinked.modules.iter().zip(hashes) {
        let is_analyzed = edited.binary_search(ix).is_ok();
        push_changed_links(links, hash, modules[ix.0 as usize], is_analyzed, batch);
    }
}
