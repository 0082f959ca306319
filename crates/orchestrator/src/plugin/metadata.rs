//! What plugins tell of themselves, and what went wrong with one.

/// What a plugin tells of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Its name: lower case, with hyphens.
    pub name: String,
    /// Its version. An incremental run goes on from what the same version of every plugin made, so whoever changes what a
    /// plugin makes changes this. Our own plugins are known by the version of the program.
    pub version: String,
    /// Names of plugins of the same phase in whose place it stands: they do not run, and who depends on them depends on it.
    pub instead_of: Vec<String>,
    /// Names of plugins of the same phase that must run before it; those that do not run are passed over.
    pub dependencies: Vec<String>,
    /// Types of nodes and edges that it reads.
    pub consumes: Vec<String>,
    /// Types of nodes and edges that it writes. Producers of a type run before its consumers.
    pub produces: Vec<String>,
    /// The npm packages that it is about. If none of them is a dependency of the project, the plugin does not run. That is
    /// known when files are, so it does not count for [`files`](super::DiscoveryPlugin::files) and
    /// [`module`](super::AnalysisPlugin::module).
    pub covers: Vec<String>,
    /// Whether it does without [`Links::files`](linker::Links::files), if it is of ENRICHMENT or VALIDATION. As long as one
    /// runs that does not, every incremental run links all modules; otherwise the list may be empty.
    pub without_links: bool,
    /// Whether an error of it ends the run.
    pub fatal: bool,
}

fn owned<'t>(texts: impl IntoIterator<Item = &'t str>) -> Vec<String> {
    texts.into_iter().map(str::to_owned).collect()
}

impl Metadata {
    /// The metadata of a plugin that depends on nothing.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Metadata {
            name: name.to_owned(),
            ..Metadata::default()
        }
    }

    /// Sets [`Metadata::version`].
    #[must_use]
    pub fn version(mut self, version: &str) -> Self {
        version.clone_into(&mut self.version);
        self
    }

    /// Adds to [`Metadata::instead_of`].
    #[must_use]
    pub fn instead_of<'t>(mut self, names: impl IntoIterator<Item = &'t str>) -> Self {
        self.instead_of.extend(owned(names));
        self
    }

    /// Adds [`Metadata::dependencies`].
    #[must_use]
    pub fn after<'t>(mut self, names: impl IntoIterator<Item = &'t str>) -> Self {
        self.dependencies.extend(owned(names));
        self
    }

    /// Adds [`Metadata::consumes`].
    #[must_use]
    pub fn consumes<'t>(mut self, types: impl IntoIterator<Item = &'t str>) -> Self {
        self.consumes.extend(owned(types));
        self
    }

    /// Adds [`Metadata::produces`].
    #[must_use]
    pub fn produces<'t>(mut self, types: impl IntoIterator<Item = &'t str>) -> Self {
        self.produces.extend(owned(types));
        self
    }

    /// Sets [`Metadata::without_links`].
    #[must_use]
    pub fn without_links(mut self) -> Self {
        self.without_links = true;
        self
    }

    /// Adds [`Metadata::covers`].
    #[must_use]
    pub fn covers<'t>(mut self, packages: impl IntoIterator<Item = &'t str>) -> Self {
        self.covers.extend(owned(packages));
        self
    }

    /// Whether it is meant by a name: its own, or that of one in whose place it stands.
    pub(crate) fn answers_to(&self, name: &str) -> bool {
        self.name == name || self.instead_of.iter().any(|other| other == name)
    }
}

/// Why a plugin could not do its work, in words for a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PluginError(pub String);

impl PluginError {
    /// An error with a text.
    pub fn new(text: impl Into<String>) -> Self {
        PluginError(text.into())
    }
}
