//! `.grafema/config.yaml`: which files, which services, which plugins.
//!
//! ```
//! use orchestrator::config::Config;
//!
//! let config = Config::parse("services:\n  - name: api\n    path: apps/api\nexclude: ['**/*.test.ts']\n").unwrap();
//! assert_eq!(config.services[0].name, "api");
//! let error = Config::parse("exclude: src\n").unwrap_err();
//! assert_eq!(error.to_string(), ".grafema/config.yaml:1:10: `exclude` must be a list of texts, not a text");
//! let typo = Config::parse("exlude: []\n").unwrap();
//! assert!(typo.warnings[0].message.contains("did you mean `exclude`?"));
//! ```

mod read;
mod template;
mod tree;

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use graph_model::Diagnostic;
use serde::Serialize;

use crate::{Error, Phase};

pub(crate) use read::near;
pub use template::{Initialized, initialize};

/// Path of the configuration, relative to the project.
pub const FILE: &str = ".grafema/config.yaml";

/// How a project is to be analyzed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Config {
    /// `version`: which version of the program wrote the file. Informative.
    pub version: Option<String>,
    /// `services`; empty for one service for each workspace package, or one for the project.
    pub services: Vec<ServiceConfig>,
    /// `include`: globs of the files to analyze; empty for all.
    pub include: Vec<String>,
    /// `exclude`: globs of files that are not analyzed, also if they are included.
    pub exclude: Vec<String>,
    /// `plugins`, by phase; a phase that is not named has its default plugins, and one whose list only says what is not to
    /// run (`'!linker'`) all others of them.
    pub plugins: Vec<(Phase, Vec<PluginConfig>)>,
    /// `strict`: an analysis with unresolved imports or calls fails.
    pub strict: bool,
    /// `routing`: how requests of one service reach another.
    pub routing: Vec<RoutingRule>,
    /// `workspace.roots`: folders to which the analysis is confined; empty for the whole project.
    pub roots: Vec<String>,
    /// Keys that mean nothing, and names that are not known.
    #[serde(skip)]
    pub warnings: Vec<Diagnostic>,
}

impl Config {
    /// The programs of external plugins.
    pub(crate) fn programs(&self) -> impl Iterator<Item = &str> {
        let plugins = self.plugins.iter().flat_map(|(_, plugins)| plugins);
        plugins.filter_map(|plugin| plugin.command.as_ref()?.first().map(String::as_str))
    }

    /// Words of the commands of external plugins; some of them are files.
    pub(crate) fn command_words(&self) -> impl Iterator<Item = &str> {
        let plugins = self.plugins.iter().flat_map(|(_, plugins)| plugins);
        plugins
            .flat_map(|plugin| plugin.command.iter().flatten())
            .map(String::as_str)
    }
}

/// A service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceConfig {
    /// Its name.
    pub name: String,
    /// Its folder, relative to the project, with `/`.
    pub path: String,
    /// Where it starts, relative to its folder.
    pub entry_point: Option<String>,
    /// Whether its routes are called from outside.
    pub customer_facing: bool,
}

/// A plugin to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PluginConfig {
    /// Its name.
    pub name: String,
    /// Whether it is not to run: the configuration has `!` before its name.
    pub left_out: bool,
    /// The program of an external plugin, with its arguments.
    pub command: Option<Vec<String>>,
    /// How long an external plugin may take.
    pub timeout: Duration,
}

/// How requests from one service reach another, for instance through a proxy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoutingRule {
    /// Name of the calling service.
    pub from: String,
    /// Name of the called service.
    pub to: String,
    /// Taken away from the front of the path.
    pub strip_prefix: Option<String>,
    /// Put before the path.
    pub add_prefix: Option<String>,
    /// Of several rules that fit a request, the one with the highest counts.
    pub priority: i64,
}

/// What is wrong in a configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{FILE}:{line}:{}: {message}", column + 1)]
pub struct ConfigError {
    /// From 1.
    pub line: u32,
    /// From 0.
    pub column: u32,
    /// What is wrong, with the key.
    pub message: String,
}

impl Config {
    /// Reads the configuration of a project; the default if it has none.
    ///
    /// # Errors
    /// [`Error::Config`], [`Error::Io`].
    pub fn load(root: &Path) -> Result<Self, Error> {
        let path = root.join(FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(e) => return Err(Error::io("read", &path, e)),
        };
        let config = Self::parse(&text)?;
        for service in &config.services {
            if !root.join(&service.path).is_dir() {
                let at = text.lines().position(|line| line.contains(&service.path));
                return Err(Error::Config(ConfigError {
                    line: at.map_or(1, |at| at as u32 + 1),
                    column: 0,
                    message: format!(
                        "`path` of the service `{}`: there is no folder {}",
                        service.name, service.path
                    ),
                }));
            }
        }
        Ok(config)
    }

    /// Reads a configuration from its text.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        read::read(text)
    }

    /// Identifies everything that has an influence on the graph.
    #[must_use]
    pub(crate) fn hash(&self) -> [u8; 32] {
        let essential = Config {
            version: None,
            strict: false,
            warnings: Vec::new(),
            ..self.clone()
        };
        // A configuration is texts and lists of texts: it can always be written.
        let text = serde_json::to_vec(&essential).unwrap_or_default();
        analyzer::content_hash(&text)
    }
}
