//! The plugins of a run, and running them.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use graph_model::{Diagnostic, Severity};
use linker::program::ModuleIx;
use rayon::prelude::*;
use rfdb_protocol::Batch;

use super::{
    AnalysisPlugin, DiscoveryContext, DiscoveryPlugin, EnrichmentPlugin, IndexingPlugin, Metadata,
    ModuleContext, Plugin, PluginError, ProgramContext, Rows, ValidationContext, ValidationPlugin,
    order, rows,
};
use crate::config::ServiceConfig;
use crate::{Error, Phase};

/// Plugins by phase, in the order in which they were added.
#[derive(Clone, Default)]
pub struct Registry {
    /// The run's own steps: they begin their phases.
    steps: Vec<(Phase, Arc<dyn Plugin>)>,
    discovery: Vec<Arc<dyn DiscoveryPlugin>>,
    indexing: Vec<Arc<dyn IndexingPlugin>>,
    analysis: Vec<Arc<dyn AnalysisPlugin>>,
    enrichment: Vec<Arc<dyn EnrichmentPlugin>>,
    validation: Vec<Arc<dyn ValidationPlugin>>,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

fn named<P: Plugin + ?Sized>(plugins: &[Arc<P>], phase: Phase) -> Vec<(Phase, String)> {
    plugins
        .iter()
        .map(|plugin| (phase, plugin.metadata().name))
        .collect()
}

impl Registry {
    /// Adds a step of the run itself. It takes place before all plugins of its phase.
    pub(crate) fn step(&mut self, phase: Phase, step: impl Plugin + 'static) {
        self.steps.push((phase, Arc::new(step)));
    }

    /// Metadata of the steps of a phase.
    pub(crate) fn steps_of(&self, phase: Phase) -> impl Iterator<Item = Metadata> {
        let steps = self.steps.iter().filter(move |(of, _)| *of == phase);
        steps.map(|(_, step)| step.metadata())
    }

    /// Adds a plugin to DISCOVERY.
    pub fn discovery(&mut self, plugin: impl DiscoveryPlugin + 'static) -> &mut Self {
        self.discovery.push(Arc::new(plugin));
        self
    }

    /// Adds a plugin to INDEXING.
    pub fn indexing(&mut self, plugin: impl IndexingPlugin + 'static) -> &mut Self {
        self.indexing.push(Arc::new(plugin));
        self
    }

    /// Adds a plugin to ANALYSIS.
    pub fn analysis(&mut self, plugin: impl AnalysisPlugin + 'static) -> &mut Self {
        self.analysis.push(Arc::new(plugin));
        self
    }

    /// Adds a plugin to ENRICHMENT.
    pub fn enrichment(&mut self, plugin: impl EnrichmentPlugin + 'static) -> &mut Self {
        self.enrichment.push(Arc::new(plugin));
        self
    }

    /// Adds a plugin to VALIDATION.
    pub fn validation(&mut self, plugin: impl ValidationPlugin + 'static) -> &mut Self {
        self.validation.push(Arc::new(plugin));
        self
    }

    /// Adds the plugins of another registry.
    pub(crate) fn append(&mut self, other: &Registry) {
        self.steps.extend_from_slice(&other.steps);
        self.discovery.extend_from_slice(&other.discovery);
        self.indexing.extend_from_slice(&other.indexing);
        self.analysis.extend_from_slice(&other.analysis);
        self.enrichment.extend_from_slice(&other.enrichment);
        self.validation.extend_from_slice(&other.validation);
    }

    /// Phases and names of all plugins, those of a phase together, the run's own step first.
    #[must_use]
    pub fn names(&self) -> Vec<(Phase, String)> {
        Phase::ALL
            .into_iter()
            .flat_map(|phase| {
                let steps = self.steps_of(phase).map(move |step| (phase, step.name));
                steps.chain(match phase {
                    Phase::Discovery => named(&self.discovery, phase),
                    Phase::Indexing => named(&self.indexing, phase),
                    Phase::Analysis => named(&self.analysis, phase),
                    Phase::Enrichment => named(&self.enrichment, phase),
                    Phase::Validation => named(&self.validation, phase),
                })
            })
            .collect()
    }

    /// Keeps the plugins of a phase that fulfil a condition on their names. Steps stay.
    pub(crate) fn retain(&mut self, phase: Phase, keep: impl Fn(&str) -> bool) {
        fn of<P: Plugin + ?Sized>(plugins: &mut Vec<Arc<P>>, keep: impl Fn(&str) -> bool) {
            plugins.retain(|plugin| keep(&plugin.metadata().name));
        }
        match phase {
            Phase::Discovery => of(&mut self.discovery, keep),
            Phase::Indexing => of(&mut self.indexing, keep),
            Phase::Analysis => of(&mut self.analysis, keep),
            Phase::Enrichment => of(&mut self.enrichment, keep),
            Phase::Validation => of(&mut self.validation, keep),
        }
    }
}

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
        let mut services = Vec::new();
        let output = self.each(Phase::Discovery, &self.plugins.discovery, |plugin, _| {
            if services.is_empty() {
                services = plugin.discover(cx)?;
            }
            Ok(())
        })?;
        Ok((services, output))
    }

    pub(crate) fn index(&mut self, cx: &DiscoveryContext<'_>) -> Result<Output, Error> {
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
                    let mut rows = Rows::new(&name);
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
        let enrichment = self.plugins.enrichment.iter().map(|p| p.metadata());
        let validation = self.plugins.validation.iter().map(|p| p.metadata());
        enrichment
            .chain(validation)
            .any(|about| !about.without_links && self.runs(&about))
    }

    /// The contexts under which plugins of ANALYSIS write.
    pub(crate) fn contexts_by_file(&self) -> Vec<String> {
        let analysis = self.plugins.analysis.iter();
        analysis
            .map(|plugin| rows::context(&plugin.metadata().name))
            .collect()
    }

    /// Whether the project depends on a package that a plugin is about.
    fn runs(&self, about: &Metadata) -> bool {
        let covered = |package: &String| self.dependencies.contains(&package.as_str());
        about.covers.is_empty() || about.covers.iter().any(covered)
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

    /// The order of the plugins of a phase, as positions in the list. Its steps have taken place already: a plugin that would
    /// have to run before one of them is an error.
    fn ordered<P: Plugin + ?Sized>(
        &self,
        phase: Phase,
        plugins: &[Arc<P>],
    ) -> Result<Vec<(usize, Metadata)>, Error> {
        let mut metadata: Vec<Metadata> = self.plugins.steps_of(phase).collect();
        let steps = metadata.len();
        metadata.extend(plugins.iter().map(|plugin| plugin.metadata()));
        let order = order(&metadata).map_err(super::cycle)?;
        if let Some(early) = order[..steps].iter().find(|&&at| at >= steps) {
            return Err(Error::Plugins(format!(
                "{phase} begins with {}, and plugin {} would have to run before it",
                metadata[0].name, metadata[*early].name
            )));
        }
        let plugins = order.into_iter().filter(|&at| at >= steps);
        Ok(plugins
            .map(|at| (at - steps, std::mem::take(&mut metadata[at])))
            .collect())
    }

    /// Runs the plugins of a phase, one after the other, each on rows of its own.
    fn each<P: Plugin + ?Sized>(
        &mut self,
        phase: Phase,
        plugins: &[Arc<P>],
        mut work: impl FnMut(&P, &mut Rows) -> Result<(), PluginError>,
    ) -> Result<Output, Error> {
        let mut output = Output::default();
        for (at, about) in self.ordered(phase, plugins)? {
            let (plugin, about) = (&plugins[at], &about);
            if !self.runs(about) {
                continue;
            }
            let begun = Instant::now();
            let mut rows = Rows::new(&about.name);
            let done = catch_unwind(AssertUnwindSafe(|| work(plugin, &mut rows)));
            output.times.push((about.name.clone(), begun.elapsed()));
            let result = match done {
                Ok(result) => result.and_then(|()| self.claim(about, rows)),
                Err(payload) => Err(PluginError(format!(
                    "it panicked: {}",
                    panic_text(&*payload)
                ))),
            };
            match result {
                Ok(batch) => output.rows.append(&batch),
                Err(error) if about.fatal => {
                    return Err(Error::Plugins(format!(
                        "plugin {} failed: {error}",
                        about.name
                    )));
                }
                Err(error) => output.diagnostics.push(Diagnostic {
                    file: String::new(),
                    place: None,
                    code: "plugin-failed",
                    severity: Severity::Error,
                    message: format!(
                        "plugin {} failed, and its results are missing: {error}",
                        about.name
                    ),
                }),
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

fn panic_text(payload: &(dyn std::any::Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Named(Metadata);

    impl Plugin for Named {
        fn metadata(&self) -> Metadata {
            self.0.clone()
        }
    }

    impl EnrichmentPlugin for Named {
        fn enrich(&self, _: &ProgramContext<'_>, _: &mut Rows) -> Result<(), PluginError> {
            Ok(())
        }
    }

    fn ordered(step: Metadata, plugins: [Metadata; 2]) -> Result<Vec<String>, String> {
        let mut registry = Registry::default();
        registry.step(Phase::Enrichment, Named(step));
        for plugin in plugins {
            registry.enrichment(Named(plugin));
        }
        let packages = linker::packages::Packages { all: Vec::new() };
        let runner = Runner::new(&registry, &packages);
        let ordered = runner.ordered(Phase::Enrichment, &registry.enrichment);
        let names = ordered.map(|order| order.into_iter().map(|(_, about)| about.name).collect());
        names.map_err(|error| error.to_string())
    }

    #[test]
    fn plugins_depend_on_the_step_of_their_phase_as_on_each_other() {
        let step = || Metadata::new("linker").produces(["CALLS"]);
        let late = || Metadata::new("late").after(["early"]).consumes(["CALLS"]);
        let early = || Metadata::new("early").after(["linker"]);
        assert_eq!(
            ordered(step(), [late(), early()]).unwrap(),
            ["early", "late"]
        );
        let before = Metadata::new("before").produces(["HINT"]);
        let error = ordered(step().consumes(["HINT"]), [before, early()]).unwrap_err();
        assert!(
            error.contains("begins with linker, and plugin before would have to run before it"),
            "{error}"
        );
    }
}
