//! The configuration of TypeScript for files that none includes.
//!
//! `include` says what the compiler compiles. Tests and scripts beside that, and JavaScript without `allowJs`, are run with the
//! same `paths` all the same: by test runners, bundlers and loaders.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use oxc_resolver::{
    ResolveOptions, ResolverGeneric, TsConfig, TsconfigDiscovery, TsconfigOptions,
    TsconfigReferences,
};
use rustc_hash::FxHashMap;

use crate::file_view::{FileView, SharedView, TSCONFIG};
use crate::folders::has_tsconfig;
use crate::mutex::locked;

/// Resolvers for the configurations around a folder that have paths: those of the nearest `tsconfig.json`, and of what it
/// references, in order.
pub(crate) type Around = Arc<[ResolverGeneric<SharedView>]>;

/// Configurations by folder.
pub(crate) struct Configs {
    view: Arc<FileView>,
    options: ResolveOptions,
    /// The nearest folder with a configuration.
    nearest: Mutex<FxHashMap<PathBuf, Option<PathBuf>>>,
    around: Mutex<FxHashMap<PathBuf, Around>>,
}

impl Configs {
    /// With the files and the options that resolvers have in common.
    pub(crate) fn new(view: Arc<FileView>, options: ResolveOptions) -> Self {
        Configs {
            view,
            options,
            nearest: Mutex::default(),
            around: Mutex::default(),
        }
    }

    /// The nearest folder, from a folder upwards, that has a configuration.
    pub(crate) fn nearest(&self, folder: &Path) -> Option<PathBuf> {
        if let Some(known) = locked(&self.nearest).get(folder) {
            return known.clone();
        }
        let found = folder.ancestors().find(|folder| has_tsconfig(folder));
        let found = found.map(Path::to_owned);
        locked(&self.nearest).insert(folder.to_owned(), found.clone());
        found
    }

    /// Resolvers with the paths of a folder's configuration. `resolver` reads it.
    pub(crate) fn around(&self, folder: &Path, resolver: &ResolverGeneric<SharedView>) -> Around {
        if let Some(known) = locked(&self.around).get(folder) {
            return Arc::clone(known);
        }
        let mut resolvers = Vec::new();
        // One that is broken has none.
        if let Ok(config) = resolver.resolve_tsconfig(folder.join(TSCONFIG)) {
            let references = config.references_resolved.iter().map(|config| &**config);
            for config in std::iter::once(&*config).chain(references) {
                if has_paths(config) {
                    let options = ResolveOptions {
                        tsconfig: Some(TsconfigDiscovery::Manual(TsconfigOptions {
                            config_file: config.path().to_owned(),
                            references: TsconfigReferences::Disabled,
                        })),
                        ..self.options.clone()
                    };
                    // No copy of the other: they would share which configuration counts for a file.
                    let view = SharedView(Arc::clone(&self.view));
                    resolvers.push(ResolverGeneric::new_with_file_system(view, options));
                }
            }
        }
        let around: Around = resolvers.into();
        locked(&self.around).insert(folder.to_owned(), Arc::clone(&around));
        around
    }
}

fn has_paths(config: &TsConfig) -> bool {
    let options = &config.compiler_options;
    options.paths.is_some() || options.base_url.is_some()
}
