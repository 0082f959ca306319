//! Running plugins: each hook of all plugins of a phase, in their order.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use graph_model::{Diagnostic, Severity};
use linker::program::ModuleIx;
use linker::relink::{Edited, Relinked, Trace};
use rayon::prelude::*;
use rfdb_protocol::Batch;

use super::{
    DiscoveryContext, FilesContext, IndexContext, LinkContext, Linked, Metadata, ModuleContext,
    Plugin, PluginError, ProgramContext, Registry, Rows, ValidationContext, order, rows,
};
use crate::config::ServiceConfig;
use crate::discovery::Discovery;
use crate::{Error, Phase};

/// What the plugins of a phase did.
#[derive(Default)]
pub(crate) struct Output {
    /// Their rows, each under its plugin's context.
    pub(crate) rows: Batch,
    /// Their failures.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// How long each took.
    pub(crate) times: Vec<(String, Duration)>,
    /// Whether a plugin of ANALYSIS wrote rows that belong to no file, or to another than the module's.
    pub(crate) scattered: bool,
}

/// Plugins in the order in which they run.
fn ordered<P: Plugin + ?Sized>(plugins: &[Arc<P>]) -> Result<Vec<(&P, Metadata)>, Error> {
    let mut about: Vec<Metadata> = plugins.iter().map(|plugin| plugin.metadata()).collect();
    let order = order(&about).map_err(|cycle| Error::Plugins(cycle.to_string()))?;
    let plugin = |at: usize| (&*plugins[at], std::mem::take(&mut about[at]));
    Ok(order.into_iter().map(plugin).collect())
}

/// A hook of a plugin; a panic of it is an error.
fn guarded<T>(hook: impl FnOnce() -> Result<T, PluginError>) -> Result<T, PluginError> {
    catch_unwind(AssertUnwindSafe(hook)).unwrap_or_else(|payload| {
        let text = panic_text(&*payload);
        Err(PluginError(format!("it panicked: {text}")))
    })
}

fn fatal(about: &Metadata, error: &PluginError) -> Error {
    Error::Plugins(format!("plugin {} failed: {error}", about.name))
}

fn failure(about: &Metadata, error: &PluginError) -> Result<Diagnostic, Error> {
    if about.fatal {
        return Err(fatal(about, error));
    }
    Ok(Diagnostic {
        file: String::new(),
        place: None,
        code: "plugin-failed",
        severity: Severity::Error,
        message: format!(
            "plugin {} failed, and its results are missing: {error}",
            about.name
        ),
    })
}

pub(crate) fn panic_text(payload: &(dyn std::any::Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

/// DISCOVERY of files: what all plugins list, and how long each took. It comes before all else, so what a plugin
/// [covers](Metadata::covers) does not count.
pub(crate) fn list_files(
    plugins: &Registry,
    cx: &FilesContext<'_>,
) -> Result<(Discovery, Vec<(String, Duration)>), Error> {
    let mut found: Option<Discovery> = None;
    let mut times = Vec::new();
    for (plugin, about) in ordered(&plugins.discovery)? {
        let begun = Instant::now();
        let files = guarded(|| {
            let files = plugin.files(cx)?;
            files.map(Discovery::checked).transpose()
        });
        match files {
            Ok(None) => continue,
            Ok(Some(files)) => match &mut found {
                None => found = Some(files),
                Some(found) => found.append(files),
            },
            Err(error) => return Err(fatal(&about, &error)),
        }
        times.push((about.name, begun.elapsed()));
    }
    match found {
        Some(found) => Ok((found.sorted(), times)),
        None => Err(Error::Plugins(
            "no plugin of DISCOVERY lists the files of the project, as file-walk does".to_owned(),
        )),
    }
}

/// Runs plugins.
pub(crate) struct Runner<'a> {
    plugins: &'a Registry,
    /// Packages on which the project depends.
    dependencies: Vec<&'a str>,
    /// Who wrote which node.
    written: BTreeMap<u128, String>,
}

impl<'a> Runner<'a> {
    pub(crate) fn new(plugins: &'a Registry, packages: &'a linker::packages::Packages) -> Self {
        let mut dependencies: Vec<&str> = packages
            .all
            .iter()
            .flat_map(|package| package.dependencies.iter().map(String::as_str))
            .collect();
        dependencies.sort_unstable();
        dependencies.dedup();
        Runner {
            plugins,
            dependencies,
            written: BTreeMap::new(),
        }
    }

    /// The services that the first plugin that knows any knows.
    pub(crate) fn services(
        &mut self,
        cx: &DiscoveryContext<'_>,
    ) -> Result<(Vec<ServiceConfig>, Output), Error> {
        let mut output = Output::default();
        for (plugin, about) in ordered(&self.plugins.discovery)? {
            if !self.runs(&about) {
                continue;
            }
            let begun = Instant::now();
            match guarded(|| plugin.services(cx)) {
                Ok(None) => {}
                Ok(Some(services)) => {
                    output.times.push((about.name, begun.elapsed()));
                    return Ok((services, output));
                }
                Err(error) => output.diagnostics.push(failure(&about, &error)?),
            }
        }
        Ok((Vec::new(), output))
    }

    pub(crate) fn index(&mut self, cx: &IndexContext<'_>) -> Result<Output, Error> {
        self.each(Phase::Indexing, &self.plugins.indexing, |plugin, rows| {
            plugin.index(cx, rows)
        })
    }

    /// Runs the plugins of ANALYSIS on some modules.
    pub(crate) fn analyze(
        &mut self,
        cx: &ProgramContext<'_>,
        modules: &[ModuleIx],
    ) -> Result<Output, Error> {
        let mut scattered = false;
        let mut output = self.each(Phase::Analysis, &self.plugins.analysis, |plugin, rows| {
            let name = plugin.metadata().name;
            let parts: Vec<Result<(Rows, bool), PluginError>> = modules
                .par_iter()
                .with_min_len(64)
                .map(|&ix| {
                    let module = cx.program.module(ix);
                    let mut rows = Rows::new(&name, Phase::Analysis);
                    let module = ModuleContext {
                        summary: &module.summary,
                        facts: cx.facts.get(module.file()).copied().unwrap_or_default(),
                    };
                    plugin.analyze(&module, &mut rows)?;
                    let elsewhere = !rows.only_of(&module.summary.file);
                    Ok((rows, elsewhere))
                })
                .collect();
            for part in parts {
                let (part, elsewhere) = part?;
                scattered |= elsewhere;
                rows.append(part);
            }
            Ok(())
        })?;
        output.scattered = scattered;
        Ok(output)
    }

    /// Whether a plugin that is to run reads the links of files.
    pub(crate) fn reads_links(&self) -> bool {
        let enrichment = self.plugins.of_phase(Phase::Enrichment).into_iter();
        enrichment
            .chain(self.plugins.of_phase(Phase::Validation))
            .any(|about| !about.without_links && self.runs(&about))
    }

    /// The contexts under which plugins of ANALYSIS write.
    pub(crate) fn contexts_by_file(&self) -> Vec<String> {
        let analysis = self.plugins.of_phase(Phase::Analysis).into_iter();
        analysis.map(|about| rows::context(&about.name)).collect()
    }

    /// Whether the project depends on a package that a plugin is about.
    fn runs(&self, about: &Metadata) -> bool {
        let covered = |package: &String| self.dependencies.contains(&package.as_str());
        about.covers.is_empty() || about.covers.iter().any(covered)
    }

    /// Joins all modules; answers the name of the plugin that did too. `None` if there is none that does.
    pub(crate) fn link(
        &self,
        cx: &LinkContext<'_>,
    ) -> Result<(Option<(String, Linked)>, Output), Error> {
        let mut output = Output::default();
        for (plugin, about) in ordered(&self.plugins.enrichment)? {
            if !self.runs(&about) {
                continue;
            }
            let begun = Instant::now();
            match guarded(|| plugin.link(cx)?.map(|linked| whole(linked, cx)).transpose()) {
                Ok(None) => {}
                Ok(Some(linked)) => {
                    output.times.push((about.name.clone(), begun.elapsed()));
                    return Ok((Some((about.name, linked)), output));
                }
                Err(error) => {
                    output.diagnostics.push(failure(&about, &error)?);
                    break;
                }
            }
        }
        Ok((None, output))
    }

    /// Joins modules again, by the plugin that did before. `None` if everything is to be linked.
    pub(crate) fn relink(
        &self,
        linker: &str,
        cx: &LinkContext<'_>,
        traces: &mut [Trace],
        edited: Vec<Edited>,
    ) -> Result<Option<Relinked>, Error> {
        let plugins = ordered(&self.plugins.enrichment)?;
        let mut named = plugins
            .into_iter()
            .filter(|(_, about)| about.name == linker);
        let Some((plugin, _)) = named.next() else {
            return Ok(None);
        };
        // Linking everything tells what is wrong.
        let relinked = guarded(|| plugin.relink(cx, traces, edited)).unwrap_or_default();
        let is_module = |ix: ModuleIx| (ix.0 as usize) < cx.program.len();
        Ok(relinked.filter(|relinked| {
            let linked = relinked.modules.iter().map(|one| one.0);
            linked.chain(relinked.moved.iter().copied()).all(is_module)
        }))
    }

    pub(crate) fn enrich(&mut self, cx: &ProgramContext<'_>) -> Result<Output, Error> {
        self.each(
            Phase::Enrichment,
            &self.plugins.enrichment,
            |plugin, rows| plugin.enrich(cx, rows),
        )
    }

    pub(crate) fn validate(&mut self, cx: &ValidationContext<'_>) -> Result<Output, Error> {
        self.each(Phase::Validation, &self.plugins.validation, |plugin, _| {
            plugin.validate(cx)
        })
    }

    /// Runs a hook of the plugins of a phase, one after the other, each on rows of its own.
    fn each<P: Plugin + ?Sized>(
        &mut self,
        phase: Phase,
        plugins: &[Arc<P>],
        mut hook: impl FnMut(&P, &mut Rows) -> Result<(), PluginError>,
    ) -> Result<Output, Error> {
        let mut output = Output::default();
        for (plugin, about) in ordered(plugins)? {
            if !self.runs(&about) {
                continue;
            }
            let begun = Instant::now();
            let mut rows = Rows::new(&about.name, phase);
            let done = guarded(|| hook(plugin, &mut rows));
            output.times.push((about.name.clone(), begun.elapsed()));
            match done.and_then(|()| self.claim(&about, rows)) {
                Ok(batch) => output.rows.append(&batch),
                Err(error) => output.diagnostics.push(failure(&about, &error)?),
            }
        }
        Ok(output)
    }

    /// The rows of a plugin, if no other wrote a node of the same id.
    fn claim(&mut self, about: &Metadata, rows: Rows) -> Result<Batch, PluginError> {
        let batch = rows.into_batch();
        for node in batch.nodes().iter() {
            if let Some(other) = self.written.get(&node.id)
                && *other != about.name
            {
                return Err(PluginError(format!(
                    "the node {} is already written by plugin {other}",
                    node.semantic_id
                )));
            }
        }
        let ids = batch
            .nodes()
            .iter()
            .map(|node| (node.id, about.name.clone()));
        self.written.extend(ids);
        Ok(batch)
    }
}

/// What a linker answered, if it is about all modules.
fn whole(linked: Linked, cx: &LinkContext<'_>) -> Result<Linked, PluginError> {
    let modules = cx.program.len();
    let (files, traces) = (linked.links.files.len(), linked.traces.len());
    if files != modules || (traces != 0 && traces != modules) {
        return Err(PluginError(format!(
            "it answered links of {files} and traces of {traces} of {modules} modules"
        )));
    }
    Ok(linked)
}
