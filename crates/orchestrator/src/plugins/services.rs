//! Which services a project has: those of the configuration, else its workspace packages, else itself.

use std::collections::BTreeSet;

use crate::config::ServiceConfig;
use crate::plugin::{DiscoveryContext, DiscoveryPlugin, Metadata, Plugin, PluginError};

/// The services that the configuration names.
pub(super) struct Configured;

/// The workspace packages of npm, pnpm, yarn and lerna.
pub(super) struct Workspaces;

/// The project itself.
pub(super) struct SingleProject;

impl Plugin for Configured {
    fn metadata(&self) -> Metadata {
        Metadata::new("configured-services")
    }
}

impl DiscoveryPlugin for Configured {
    fn services(
        &self,
        cx: &DiscoveryContext<'_>,
    ) -> Result<Option<Vec<ServiceConfig>>, PluginError> {
        Ok(Some(cx.config.services.clone()).filter(|services| !services.is_empty()))
    }
}

impl Plugin for Workspaces {
    fn metadata(&self) -> Metadata {
        Metadata::new("workspace-packages").after(["configured-services"])
    }
}

impl DiscoveryPlugin for Workspaces {
    fn services(
        &self,
        cx: &DiscoveryContext<'_>,
    ) -> Result<Option<Vec<ServiceConfig>>, PluginError> {
        let mut names = BTreeSet::new();
        let services: Vec<ServiceConfig> = cx
            .packages
            .workspaces()
            .map(|package| ServiceConfig {
                // Two packages of one name stay apart by their folders.
                name: package
                    .name
                    .clone()
                    .filter(|name| names.insert(name.clone()))
                    .unwrap_or_else(|| package.directory.clone()),
                path: package.directory.clone(),
                entry_point: package.main.clone(),
                customer_facing: false,
            })
            .collect();
        Ok(Some(services).filter(|services| !services.is_empty()))
    }
}

impl Plugin for SingleProject {
    fn metadata(&self) -> Metadata {
        Metadata::new("single-project").after(["workspace-packages"])
    }
}

impl DiscoveryPlugin for SingleProject {
    fn services(
        &self,
        cx: &DiscoveryContext<'_>,
    ) -> Result<Option<Vec<ServiceConfig>>, PluginError> {
        let package = cx.packages.root();
        let folder = cx
            .root
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let name = package.and_then(|package| package.name.clone()).or(folder);
        Ok(Some(vec![ServiceConfig {
            name: name.unwrap_or_else(|| "project".to_owned()),
            path: String::new(),
            entry_point: package.and_then(|package| package.main.clone()),
            customer_facing: false,
        }]))
    }
}
