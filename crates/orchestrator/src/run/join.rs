//! Joining modules: PROJECT and services above them, the linker between them.

use std::path::Path;
use std::sync::OnceLock;

use graph_model::{Diagnostic, NodeId, module_id};
use linker::packages::Packages;
use linker::program::{Module, ModuleIx};
use linker::relink::Trace;
use linker::{FileLinks, Links, Program};
use rayon::prelude::*;
use rfdb_protocol::{Batch, RowSink, Rows};
use rustc_hash::FxHashSet;

use super::Run;
use crate::cache::{FileRecord, Hash, KeptLinks, LinkRecord, OwnerHashes};
use crate::config::ServiceConfig;
use crate::link_rows::{ExternalRows, push_changed_links, push_containment, push_links};
use crate::plugin::{
    DiscoveryContext, Facts, IndexContext, LinkContext, Linked, ProgramContext, Reporter, Runner,
    ValidationContext,
};
use crate::rows;
use crate::store::Counts;
use crate::{Error, Phase};

/// Links of so many modules are made rows together.
const LINK_CHUNK: usize = 16;

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
    /// Name of the project.
    pub(super) project: String,
    pub(super) services: Vec<ServiceConfig>,
    /// Rows of plugins.
    pub(super) rows: Batch,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// A joined program, and the rows that come of it.
pub(super) struct Joined {
    pub(super) program: Program,
    pub(super) links: Links,
    /// Name of the plugin that joined it; empty if none did.
    pub(super) linker: String,
    /// Name of the project.
    pub(super) project: String,
    pub(super) services: Vec<ServiceConfig>,
    /// All rows but those of the links.
    pub(super) rows: Batch,
    /// What was found on the way.
    pub(super) diagnostics: Vec<Diagnostic>,
    /// What linking left behind; none if it is not to be remembered.
    pub(super) records: Vec<LinkRecord>,
    /// What it left behind before, if most of it is still true.
    pub(super) kept: Option<KeptLinks>,
    /// Number of modules that were linked.
    pub(super) linked: usize,
}

impl Run<'_> {
    /// INDEXING: what is above the modules.
    pub(super) fn above(&mut self) -> Result<Above, Error> {
        let root = &self.project.root;
        let mut diagnostics = Vec::new();
        let manifests = &self.project.discovery.manifests;
        let packages = self.clock.step("packages", || {
            Packages::read(root, manifests, &mut diagnostics)
        });
        let config = &self.options.config;
        let mut runner = Runner::new(self.plugins, &packages);
        let (services, found) = runner.services(&DiscoveryContext {
            root,
            config,
            packages: &packages,
        })?;
        let project = project_name(root, &packages);
        let indexed = runner.index(&IndexContext {
            root,
            config,
            packages: &packages,
            name: &project,
            entry_point: self.options.entry_point.as_deref(),
            services: &services,
            files: &self.project.discovery.files,
        })?;
        diagnostics.extend(found.diagnostics);
        diagnostics.extend(indexed.diagnostics);
        self.clock.add_all(Phase::Discovery, found.times);
        self.clock.add_all(Phase::Indexing, indexed.times);
        Ok(Above {
            packages,
            project,
            services,
            rows: indexed.rows,
            diagnostics,
        })
    }

    /// ENRICHMENT, up to the rows that are to be stored.
    pub(super) fn join(
        &mut self,
        above: Above,
        modules: Vec<Box<Module>>,
        records: &[FileRecord],
    ) -> Result<Joined, Error> {
        let Above {
            packages,
            project,
            services,
            rows: of_index,
            mut diagnostics,
        } = above;
        self.options.cancellation.check()?;
        self.clock.begin(Phase::Enrichment, None);
        let root = &self.project.root;
        let failed: FxHashSet<String> = records
            .iter()
            .filter(|file| file.failed)
            .map(|file| file.path.clone())
            .collect();
        let program = self
            .clock
            .step("program", || Program::of(root, packages, modules));
        let remembered = self.cache.is_some();
        let link_context = LinkContext {
            program: &program,
            failed: &failed,
            traced: remembered,
        };
        let mut runner = Runner::new(self.plugins, &program.packages);
        let (linked, output) = runner.link(&link_context)?;
        self.clock.add_all(Phase::Enrichment, output.times);
        diagnostics.extend(output.diagnostics);
        let (linker, linked) = linked.unwrap_or_else(|| (String::new(), unlinked(program.len())));
        let Linked { links, traces } = linked;
        let left = link_records(&program, traces, &links.diagnostics);
        self.options.cancellation.check()?;
        let mut rows = without_left_out(of_index, records);
        push_containment(links.files.iter().flat_map(|f| f.externals()), &mut rows);

        let reporter = Reporter::default();
        let cx = ProgramContext {
            config: &self.options.config,
            program: &program,
            facts: &facts_of(records),
            links: &links,
            reporter: &reporter,
            cancellation: &self.options.cancellation,
        };
        let all: Vec<ModuleIx> = program.indexes().collect();
        let outputs = [runner.analyze(&cx, &all)?, runner.enrich(&cx)?];
        let in_parts = outputs
            .iter()
            .all(|output| !output.scattered && output.diagnostics.is_empty());
        for (phase, output) in [Phase::Analysis, Phase::Enrichment]
            .into_iter()
            .zip(outputs)
        {
            rows.append(&output.rows);
            diagnostics.extend(output.diagnostics);
            self.clock.add_all(phase, output.times);
        }
        diagnostics.extend(reporter.take());
        self.options.cancellation.check()?;
        Ok(Joined {
            program,
            links,
            linker,
            project,
            services,
            rows,
            diagnostics,
            linked: all.len(),
            records: if in_parts { left } else { Vec::new() },
            kept: None,
        })
    }

    /// VALIDATION by plugins. What the linker found counts if a plugin reports it; the rest is told in any case.
    pub(super) fn validate(
        &mut self,
        joined: &Joined,
        records: &[FileRecord],
        written: &[&str],
        counts: &OnceLock<Counts>,
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
            counts,
        };
        let mut runner = Runner::new(self.plugins, &joined.program.packages);
        let output = runner.validate(&cx)?;
        self.clock.add_all(Phase::Validation, output.times);
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

fn project_name(root: &Path, packages: &Packages) -> String {
    let named = packages.root().and_then(|package| package.name.clone());
    let folder = || Some(root.file_name()?.to_string_lossy().into_owned());
    (named.or_else(folder)).unwrap_or_else(|| "project".to_owned())
}

/// What is there if no plugin joins modules.
fn unlinked(modules: usize) -> Linked {
    Linked {
        links: Links {
            files: (0..modules).map(|_| FileLinks::default()).collect(),
            ..Links::default()
        },
        traces: Vec::new(),
    }
}

/// The rows without edges of the modules of files that were left out when they were analyzed.
fn without_left_out(rows: Batch, records: &[FileRecord]) -> Batch {
    let left_out = records.iter().filter(|file| file.hash.is_none());
    let left_out: FxHashSet<u128> = left_out
        .map(|file| NodeId::of(&module_id(&file.path)).0)
        .collect();
    if left_out.is_empty() {
        return rows;
    }
    let mut kept = Batch::new();
    for section in rows.sections() {
        kept.owner(&section.file, &section.context);
        rows.nodes_of(section).for_each(|node| kept.push_node(node));
        rows.edges_of(section)
            .filter(|edge| !left_out.contains(&edge.src) && !left_out.contains(&edge.dst))
            .for_each(|edge| kept.push_edge(edge));
    }
    kept
}

/// The links of some modules, as rows of their files.
struct LinkRows<'a> {
    files: &'a [Box<str>],
    links: &'a [FileLinks],
}

impl Rows for LinkRows<'_> {
    fn write_to(&self, sink: &mut dyn RowSink) {
        let mut externals = ExternalRows::default();
        for (file, links) in self.files.iter().zip(self.links) {
            push_links(links, file, &mut externals, sink);
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
            .with_max_len(1)
            .try_for_each(|(files, links)| commit(&LinkRows { files, links }))
    }

    fn link_hashes(&self) -> Vec<Hash> {
        self.links
            .files
            .par_iter()
            .with_min_len(LINK_CHUNK)
            .with_max_len(LINK_CHUNK * 2)
            .map(rows::hash_links)
            .collect()
    }

    /// Adds the rows that differ from the stored ones to a batch, notes the links of each file, and answers the hashes of all
    /// other rows. `analyzed` are the files whose modules are written too. Runs on the current pool.
    pub(super) fn push_changed(
        &self,
        stored: &OwnerHashes,
        analyzed: &FxHashSet<&str>,
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
            let at = module.0 as usize;
            let is_analyzed = analyzed.contains(record.path.as_str());
            let links = &self.links.files[at];
            push_changed_links(links, of_links[at], record, is_analyzed, batch);
        }
        rows::push_gone(stored, &hashes, batch);
        hashes
    }
}
