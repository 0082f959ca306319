//! Joining modules: PROJECT and services above them, the linker between them.

use graph_model::{Diagnostic, ModuleSummary, NodeId};
use linker::packages::Packages;
use linker::program::ModuleIx;
use linker::relink::Trace;
use linker::{FileLinks, Links, Program};
use rayon::prelude::*;
use rfdb_protocol::{Batch, RowSink, Rows};
use rustc_hash::FxHashSet;

use super::Run;
use crate::cache::{FileRecord, Hash, LinkRecord, OwnerHashes};
use crate::index::ProjectIndex;
use crate::link_rows::{push_containment, push_links};
use crate::plugin::{DiscoveryContext, Facts, ProgramContext, Reporter, Runner, ValidationContext};
use crate::plugins::steps;
use crate::rows;
use crate::{Error, Phase};

/// Links of so many modules are made rows together.
const LINK_CHUNK: usize = 64;

/// What is to be remembered of the links of each module.
fn link_records(
    program: &Program,
    traces: Vec<Trace>,
    diagnostics: &[Diagnostic],
) -> Vec<LinkRecord> {
    let mut records: Vec<LinkRecord> = traces
        .into_iter()
        .map(|trace| LinkRecord {
            trace,
            diagnostics: Vec::new(),
        })
        .collect();
    for diagnostic in diagnostics {
        let of = program.find(&diagnostic.file);
        if let Some(record) = of.and_then(|ix| records.get_mut(ix.0 as usize)) {
            record.diagnostics.push(diagnostic.into());
        }
    }
    records
}

pub(super) fn facts_of(records: &[FileRecord]) -> Facts<'_> {
    records
        .iter()
        .filter(|file| !file.facts.is_empty())
        .map(|file| (file.path.as_str(), &file.facts[..]))
        .collect()
}

/// What is above the modules.
pub(super) struct Above {
    pub(super) packages: Packages,
    pub(super) index: ProjectIndex,
    /// Rows of plugins.
    pub(super) rows: Batch,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// A joined program, and the rows that come of it.
pub(super) struct Joined {
    pub(super) program: Program,
    pub(super) links: Links,
    pub(super) index: ProjectIndex,
    /// All rows but those of the links.
    pub(super) rows: Batch,
    /// What was found on the way.
    pub(super) diagnostics: Vec<Diagnostic>,
    /// What linking left behind; none if it is not to be remembered.
    pub(super) records: Vec<LinkRecord>,
    /// Number of modules that were linked.
    pub(super) linked: usize,
}

impl Run<'_> {
    /// INDEXING: what is above the modules.
    pub(super) fn above(&mut self) -> Result<Above, Error> {
        let root = &self.project.root;
        let mut diagnostics = Vec::new();
        let manifests = &self.project.discovery.manifests;
        let packages = self.clock.step(steps::PROJECT_INDEX, || {
            Packages::read(root, manifests, &mut diagnostics)
        });
        let config = &self.options.config;
        let mut rows = Batch::new();
        let mut times = Vec::new();
        let services = {
            let mut runner = Runner::new(&self.plugins, &packages);
            let cx = DiscoveryContext {
                root,
                config,
                packages: &packages,
            };
            let (services, found) = runner.services(&cx)?;
            let indexed = runner.index(&cx)?;
            for output in [found, indexed] {
                rows.append(&output.rows);
                diagnostics.extend(output.diagnostics);
                times.extend(output.times);
            }
            services
        };
        for (plugin, time) in times {
            self.clock.add(&plugin, time);
        }
        let folder_name = root
            .file_name()
            .map_or_else(|| "project".into(), |name| name.to_string_lossy());
        let entry_point = self.options.entry_point.as_deref();
        let index = ProjectIndex::new(&folder_name, &packages, &services, entry_point);
        Ok(Above {
            packages,
            index,
            rows,
            diagnostics,
        })
    }

    /// ENRICHMENT, up to the rows that are to be stored.
    pub(super) fn join(
        &mut self,
        above: Above,
        summaries: Vec<ModuleSummary>,
        records: &[FileRecord],
    ) -> Result<Joined, Error> {
        let Above {
            packages,
            index,
            rows: of_index,
            mut diagnostics,
        } = above;
        self.options.cancellation.check()?;
        self.clock.begin(Phase::Enrichment, None);
        let root = &self.project.root;
        let pool = self.pool;
        let failed: FxHashSet<String> = records
            .iter()
            .filter(|file| file.failed)
            .map(|file| file.path.clone())
            .collect();
        let program = self.clock.step("program", || {
            pool.install(|| Program::new(root, packages, summaries))
        });
        let remembered = self.cache.is_some();
        let (links, traces) = self.clock.step(steps::LINKER, || {
            pool.install(|| {
                if remembered {
                    linker::link_traced(&program, &failed)
                } else {
                    (linker::link(&program, &failed), Vec::new())
                }
            })
        });
        let left = link_records(&program, traces, &links.diagnostics);
        self.options.cancellation.check()?;
        let modules = program
            .modules()
            .map(|m| (m.file(), m.summary.module().node_id()));
        let modules: Vec<(&str, NodeId)> = modules.collect();
        let mut rows = index.batch(modules);
        push_containment(links.files.iter().flat_map(|f| f.externals()), &mut rows);
        rows.append(&of_index);

        let reporter = Reporter::default();
        let cx = ProgramContext {
            config: &self.options.config,
            program: &program,
            facts: &facts_of(records),
            links: &links,
            reporter: &reporter,
            cancellation: &self.options.cancellation,
        };
        let mut runner = Runner::new(&self.plugins, &program.packages);
        let all: Vec<ModuleIx> = program.indexes().collect();
        let outputs =
            pool.install(|| Ok::<_, Error>([runner.analyze(&cx, &all)?, runner.enrich(&cx)?]))?;
        let in_parts = outputs
            .iter()
            .all(|output| !output.scattered && output.diagnostics.is_empty());
        for output in outputs {
            rows.append(&output.rows);
            diagnostics.extend(output.diagnostics);
            for (plugin, time) in output.times {
                self.clock.add(&plugin, time);
            }
        }
        diagnostics.extend(reporter.take());
        self.options.cancellation.check()?;
        Ok(Joined {
            program,
            links,
            index,
            rows,
            diagnostics,
            linked: all.len(),
            records: if in_parts { left } else { Vec::new() },
        })
    }

    /// VALIDATION by plugins. What the linker found counts if a plugin reports it; the rest is told in any case.
    pub(super) fn validate(
        &mut self,
        joined: &Joined,
        records: &[FileRecord],
        written: &[&str],
    ) -> Result<Vec<Diagnostic>, Error> {
        let reporter = Reporter::default();
        let program = ProgramContext {
            config: &self.options.config,
            program: &joined.program,
            facts: &facts_of(records),
            links: &joined.links,
            reporter: &reporter,
            cancellation: &self.options.cancellation,
        };
        let cx = ValidationContext {
            program: &program,
            store: self.store,
            written,
        };
        let mut runner = Runner::new(&self.plugins, &joined.program.packages);
        let output = self.pool.install(|| runner.validate(&cx))?;
        for (plugin, time) in output.times {
            self.clock.add(&plugin, time);
        }
        let mut diagnostics = output.diagnostics;
        diagnostics.extend(reporter.take());
        let of_linker = joined.links.diagnostics.iter();
        diagnostics.extend(
            of_linker
                .filter(|d| !crate::plugins::is_validated(d.code))
                .cloned(),
        );
        Ok(diagnostics)
    }
}

/// The links of some modules, as rows of their files.
struct LinkRows<'a> {
    files: &'a [Box<str>],
    links: &'a [FileLinks],
}

impl Rows for LinkRows<'_> {
    fn write_to(&self, sink: &mut dyn RowSink) {
        for (file, links) in self.files.iter().zip(self.links) {
            push_links(links, file, sink);
        }
    }
}

impl Joined {
    /// Hands on the rows of all links, of some modules at once, from several threads.
    pub(super) fn each_links(
        &self,
        commit: &(dyn Fn(&dyn Rows) -> Result<(), Error> + Sync),
    ) -> Result<(), Error> {
        self.program
            .files()
            .par_chunks(LINK_CHUNK)
            .zip(self.links.files.par_chunks(LINK_CHUNK))
            .try_for_each(|(files, links)| commit(&LinkRows { files, links }))
    }

    /// Hashes the rows of all links, and notes what is stored of each file. Runs on the current pool.
    pub(super) fn hash_links(&self, records: &mut [FileRecord]) {
        let hashes = self.link_hashes();
        for record in records {
            let module = self.program.find(&record.path);
            record.links = module.map(|module| hashes[module.0 as usize]);
        }
    }

    fn link_hashes(&self) -> Vec<Hash> {
        self.links
            .files
            .par_iter()
            .with_min_len(16)
            .map(rows::hash_links)
            .collect()
    }

    /// Adds the rows that differ from the stored ones to a batch, notes the links of each file, and answers the hashes of all
    /// other rows. Runs on the current pool.
    pub(super) fn push_changed(
        &self,
        stored: &OwnerHashes,
        records: &mut [FileRecord],
        batch: &mut Batch,
    ) -> OwnerHashes {
        let mut hashes = OwnerHashes::new();
        rows::push_changed(&self.rows, stored, batch, &mut hashes);
        let of_links = self.link_hashes();
        for record in records {
            let Some(module) = self.program.find(&record.path) else {
                continue;
            };
            let (at, file) = (module.0 as usize, &record.path);
            if record.links.replace(of_links[at]) != Some(of_links[at]) {
                push_links(&self.links.files[at], file, batch);
            }
        }
        rows::push_gone(stored, &hashes, batch);
        hashes
    }
}
