//! Joining modules: PROJECT and services above them, the linker between them.

use graph_model::{Diagnostic, ModuleSummary, NodeId};
use linker::packages::Packages;
use linker::{Links, Program};
use rayon::prelude::*;
use rfdb_protocol::Batch;
use rustc_hash::FxHashSet;

use super::Run;
use crate::cache::{FileRecord, Hash, OwnerHashes};
use crate::index::ProjectIndex;
use crate::link_rows::{ENRICHMENT_CONTEXT, push_containment, push_links};
use crate::rows;
use crate::{Error, Phase};

/// Links of so many modules are made rows together.
const LINK_CHUNK: usize = 512;

/// A joined program, and the rows that come of it.
pub(super) struct Joined {
    pub(super) program: Program,
    pub(super) links: Links,
    pub(super) index: ProjectIndex,
    /// All rows but those of the links.
    pub(super) rows: Batch,
    /// What was found on the way.
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Run<'_> {
    /// INDEXING: what is above the modules.
    pub(super) fn packages(&self, diagnostics: &mut Vec<Diagnostic>) -> (Packages, ProjectIndex) {
        let root = &self.project.root;
        let packages = Packages::read(root, &self.project.discovery.manifests, diagnostics);
        let folder_name = root
            .file_name()
            .map_or_else(|| "project".into(), |name| name.to_string_lossy());
        let index = ProjectIndex::new(&folder_name, &packages);
        (packages, index)
    }

    /// ENRICHMENT, up to the rows that are to be stored.
    pub(super) fn join(
        &mut self,
        (packages, index): (Packages, ProjectIndex),
        summaries: Vec<ModuleSummary>,
        records: &[FileRecord],
        mut diagnostics: Vec<Diagnostic>,
    ) -> Result<Joined, Error> {
        self.options.cancellation.check()?;
        self.clock.begin(Phase::Enrichment, None);
        let root = &self.project.root;
        let pool = &self.pool;
        let failed: FxHashSet<String> = records
            .iter()
            .filter(|file| file.failed)
            .map(|file| file.path.clone())
            .collect();
        let program = self
            .clock
            .step("program", || Program::new(root, packages, summaries));
        let mut links = self
            .clock
            .step("link", || pool.install(|| linker::link(&program, &failed)));
        diagnostics.append(&mut links.diagnostics);
        let modules = program
            .modules()
            .iter()
            .map(|m| (m.file(), m.summary.module().node_id()));
        let modules: Vec<(&str, NodeId)> = modules.collect();
        let mut rows = index.batch(modules);
        push_containment(links.files.iter().flat_map(|f| f.externals()), &mut rows);
        self.options.cancellation.check()?;
        Ok(Joined {
            program,
            links,
            index,
            rows,
            diagnostics,
        })
    }
}

impl Joined {
    /// Hands on the rows of all links, in batches, from several threads.
    pub(super) fn each_links_batch(
        &self,
        commit: &(dyn Fn(Batch) -> Result<(), Error> + Sync),
    ) -> Result<(), Error> {
        self.program
            .modules()
            .par_chunks(LINK_CHUNK)
            .zip(self.links.files.par_chunks(LINK_CHUNK))
            .try_for_each(|(modules, files)| {
                let mut batch = Batch::new();
                for (module, links) in modules.iter().zip(files) {
                    push_links(links, module.file(), &mut batch);
                }
                commit(batch)
            })
    }

    /// Hashes the rows of all links. Runs on the current pool.
    pub(super) fn hash_links(&self, hashes: &mut OwnerHashes) {
        let of_links = self.link_hashes();
        let now = hashes.entry(ENRICHMENT_CONTEXT.to_owned()).or_default();
        for (module, hash) in self.program.modules().iter().zip(of_links) {
            now.insert(module.file().to_owned(), hash);
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

    /// Adds the rows that differ from the stored ones to a batch, and answers the hashes of all. Runs on the current pool.
    pub(super) fn push_changed(&self, stored: &OwnerHashes, batch: &mut Batch) -> OwnerHashes {
        let mut hashes = OwnerHashes::new();
        rows::push_changed(&self.rows, stored, batch, &mut hashes);
        let of_links = self.link_hashes();
        let stored_links = stored.get(ENRICHMENT_CONTEXT);
        let now = hashes.entry(ENRICHMENT_CONTEXT.to_owned()).or_default();
        let modules = self.program.modules().iter().zip(&self.links.files);
        for ((module, links), hash) in modules.zip(of_links) {
            let file = module.file();
            if stored_links.and_then(|files| files.get(file)) != Some(&hash) {
                push_links(links, file, batch);
            }
            now.insert(file.to_owned(), hash);
        }
        rows::push_gone(stored, &hashes, batch);
        hashes
    }
}
