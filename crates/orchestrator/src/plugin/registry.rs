//! The plugins of a run.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{
    AnalysisPlugin, DiscoveryPlugin, EnrichmentPlugin, IndexingPlugin, Metadata, Plugin, Sources,
    ValidationPlugin,
};
use crate::Phase;

/// Plugins by phase, in the order in which they were added.
#[derive(Clone, Default)]
pub struct Registry {
    pub(super) discovery: Vec<Arc<dyn DiscoveryPlugin>>,
    pub(super) indexing: Vec<Arc<dyn IndexingPlugin>>,
    pub(super) analysis: Vec<Arc<dyn AnalysisPlugin>>,
    pub(super) enrichment: Vec<Arc<dyn EnrichmentPlugin>>,
    pub(super) validation: Vec<Arc<dyn ValidationPlugin>>,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

fn about<P: Plugin + ?Sized>(plugins: &[Arc<P>]) -> Vec<Metadata> {
    plugins.iter().map(|plugin| plugin.metadata()).collect()
}

/// Takes away the plugins in whose place others stand. Of two that stand in place of each other, the later one stays.
fn settle<P: Plugin + ?Sized>(plugins: &mut Vec<Arc<P>>) {
    let all = about(plugins);
    let replaces = |a: &Metadata, b: &Metadata| a.instead_of.contains(&b.name);
    let mut at = 0..all.len();
    plugins.retain(|_| {
        let Some(at) = at.next() else { return true };
        let mut others = all.iter().enumerate().filter(|(other, _)| *other != at);
        !others.any(|(other, by)| replaces(by, &all[at]) && (other > at || !replaces(&all[at], by)))
    });
}

impl Registry {
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

    /// Adds the plugins of another registry, and takes away those in whose place others stand.
    pub(crate) fn append(&mut self, other: &Registry) {
        self.discovery.extend_from_slice(&other.discovery);
        self.indexing.extend_from_slice(&other.indexing);
        self.analysis.extend_from_slice(&other.analysis);
        self.enrichment.extend_from_slice(&other.enrichment);
        self.validation.extend_from_slice(&other.validation);
        settle(&mut self.discovery);
        settle(&mut self.indexing);
        settle(&mut self.analysis);
        settle(&mut self.enrichment);
        settle(&mut self.validation);
    }

    /// What the plugins of a phase tell of themselves.
    #[must_use]
    pub fn of_phase(&self, phase: Phase) -> Vec<Metadata> {
        match phase {
            Phase::Discovery => about(&self.discovery),
            Phase::Indexing => about(&self.indexing),
            Phase::Analysis => about(&self.analysis),
            Phase::Enrichment => about(&self.enrichment),
            Phase::Validation => about(&self.validation),
        }
    }

    /// Phases and names of all plugins, those of a phase together.
    #[must_use]
    pub fn names(&self) -> Vec<(Phase, String)> {
        let named = |phase| {
            let of_phase = self.of_phase(phase).into_iter();
            of_phase.map(move |about| (phase, about.name))
        };
        Phase::ALL.into_iter().flat_map(named).collect()
    }

    /// Keeps the plugins of a phase that fulfil a condition on their names.
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

    /// Who makes modules of which files.
    pub(crate) fn analyzers(&self) -> Analyzers {
        let mut analyzers = Analyzers::default();
        for plugin in &self.analysis {
            let name: Arc<str> = plugin.metadata().name.into();
            for extension in plugin.extensions() {
                let analyzer = (Arc::clone(&name), Arc::clone(plugin));
                analyzers.0.insert((*extension).to_owned(), analyzer);
            }
        }
        analyzers
    }

    /// A text that differs if the plugins or their versions do: what one of them made counts only as long as it is the same.
    pub(crate) fn key(&self) -> String {
        let phases = Phase::ALL.map(|phase| (phase, self.of_phase(phase)));
        let extensions = self.analysis.iter().map(|plugin| plugin.extensions());
        format!("{phases:?} {:?}", extensions.collect::<Vec<_>>())
    }
}

/// The plugins that make modules, by the extension of files.
#[derive(Clone, Default)]
pub(crate) struct Analyzers(BTreeMap<String, (Arc<str>, Arc<dyn AnalysisPlugin>)>);

impl Analyzers {
    /// The plugin that makes a module of a file, and its name.
    pub(crate) fn of(&self, path: &str) -> Option<(&str, &dyn AnalysisPlugin)> {
        let (_, extension) = path.rsplit_once('.')?;
        let (name, plugin) = self.0.get(extension)?;
        Some((name, &**plugin))
    }

    /// The files of which modules are made.
    pub(crate) fn sources(&self) -> Sources {
        Sources::new(self.0.keys().map(String::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::{IndexContext, PluginError, Rows};

    struct Named(Metadata);

    impl Plugin for Named {
        fn metadata(&self) -> Metadata {
            self.0.clone()
        }
    }

    impl IndexingPlugin for Named {
        fn index(&self, _: &IndexContext<'_>, _: &mut Rows) -> Result<(), PluginError> {
            Ok(())
        }
    }

    fn settled(plugins: impl IntoIterator<Item = Metadata>) -> Vec<String> {
        let mut registry = Registry::default();
        for plugin in plugins {
            registry.indexing(Named(plugin));
        }
        registry.append(&Registry::default());
        let names = registry.names().into_iter();
        names.map(|(_, name)| name).collect()
    }

    #[test]
    fn a_plugin_takes_the_place_of_another() {
        let own = Metadata::new("own").instead_of(["index"]);
        let index = || Metadata::new("index");
        assert_eq!(settled([index(), own.clone()]), ["own"]);
        assert_eq!(settled([own.clone(), index()]), ["own"]);
        // Of two that do, the later one.
        assert_eq!(settled([own, index().instead_of(["own"])]), ["index"]);
        // A newer one of the same name.
        let newer = index().version("2").instead_of(["index"]);
        assert_eq!(settled([index(), newer]), ["index"]);
    }

    #[test]
    fn the_key_tells_versions_apart() {
        let key = |about: Metadata| Registry::default().indexing(Named(about)).key();
        let about = || Metadata::new("a");
        assert_eq!(key(about()), key(about()));
        assert_ne!(key(about()), key(about().version("2")));
        assert_ne!(key(about()), key(about().consumes(["X"])));
    }
}
