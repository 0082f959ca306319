//! Edits of a project's sources, for measuring and checking incremental runs.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use orchestrator::{AnalyzeOptions, NoProgress, Report, analyze};
use rfdb_client::Client;
use rfdb_server::{Config, Dispatcher};

/// Numbers that look random and are the same in every run.
#[derive(Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        // SplitMix64, of Steele, Lea and Flood.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % limit.max(1) as u64) as usize
    }
}

/// Copies a project: the files that are analyzed, and those that decide how.
pub(crate) fn copy_project(from: &Path, to: &Path) -> anyhow::Result<()> {
    for entry in ignore::WalkBuilder::new(from).hidden(false).build() {
        let entry = entry?;
        let relative = entry.path().strip_prefix(from)?;
        let ours = relative
            .components()
            .any(|part| part.as_os_str() == ".grafema" || part.as_os_str() == ".git");
        let target = to.join(relative);
        if ours {
            continue;
        } else if entry.file_type().is_some_and(|t| t.is_dir()) {
            fs::create_dir_all(&target)?;
        } else if entry.file_type().is_some_and(|t| t.is_file()) {
            fs::copy(entry.path(), &target)
                .with_context(|| format!("cannot copy {}", entry.path().display()))?;
        }
    }
    Ok(())
}

/// A project with a graph on disk and a cache, as a person has it.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) data: tempfile::TempDir,
}

impl Workspace {
    pub(crate) fn new(root: &Path) -> anyhow::Result<Self> {
        Ok(Workspace {
            root: root.to_owned(),
            data: tempfile::tempdir()?,
        })
    }

    fn database(&self) -> PathBuf {
        self.data.path().join("graph.rfdb")
    }

    /// Opens the database, analyzes, and closes it: what a process does.
    pub(crate) fn analyze(&self, clear: bool) -> anyhow::Result<Report> {
        let mut config = Config::default();
        config.options.index_on_read = true;
        config.options.volatile_loads = true;
        let server = Dispatcher::open_or_create(self.database(), config)?;
        let client = Client::in_process(server.session());
        let options = AnalyzeOptions {
            clear,
            cache: Some(self.data.path().join("cache")),
            ..AnalyzeOptions::default()
        };
        Ok(analyze(&self.root, &client, &options, &NoProgress)?)
    }

    /// The whole graph.
    pub(crate) fn export(&self) -> anyhow::Result<Vec<u8>> {
        let server = Dispatcher::open(self.database(), Config::default())?;
        let client = Client::in_process(server.session());
        let mut out = Vec::new();
        orchestrator::export::export_jsonl(&client, &mut out)?;
        Ok(out)
    }
}
