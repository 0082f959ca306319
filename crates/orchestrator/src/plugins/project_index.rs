//! The nodes above the modules (PROJECT and one SERVICE per workspace package), and who contains whom.

use std::collections::BTreeMap;

use graph_model::{EdgeType, NodeId, NodeType, module_id};
use linker::packages::Package;

use crate::config::ServiceConfig;
use crate::plugin::{ABOVE, IndexContext, IndexingPlugin, Metadata, Plugin, PluginError, Rows};

const CONTAINS: &str = EdgeType::Contains.as_str();

/// See the module.
pub(super) struct ProjectIndex;

impl Plugin for ProjectIndex {
    fn metadata(&self) -> Metadata {
        Metadata::new("project-index")
            .produces(ABOVE.iter().map(|t| t.as_str()))
            .produces([CONTAINS])
    }
}

impl IndexingPlugin for ProjectIndex {
    fn index(&self, cx: &IndexContext<'_>, rows: &mut Rows) -> Result<(), PluginError> {
        let project = NodeType::Project.as_str();
        let about = match cx.entry_point {
            Some(entry) => serde_json::json!({ "entrypoint": entry }).to_string(),
            None => "{}".to_owned(),
        };
        let project = rows.node("", project, cx.name, (0, 0), &about)?;
        let mut above = Above {
            project,
            services: BTreeMap::new(),
        };
        // By folder, so that of services of one name each has the same number in every run.
        let mut services: Vec<&ServiceConfig> = cx.services.iter().collect();
        services.sort_by_key(|service| &service.path);
        for service in &services {
            let mut packages = cx.packages.all.iter();
            let package = packages.find(|package| package.directory == service.path);
            let about = metadata(service, package);
            let service_type = NodeType::Service.as_str();
            let node = rows.node("", service_type, &service.name, (0, 0), &about)?;
            above.services.insert(&service.path, node);
        }
        for (&folder, &service) in &above.services {
            let container = match folder {
                "" => project,
                folder => above.container(parent(folder)),
            };
            rows.edge(container, CONTAINS, service, "");
        }
        // The files of a folder stand together.
        let mut last = ("", above.container(""));
        for file in cx.files {
            let folder = parent(&file.path);
            if folder != last.0 {
                last = (folder, above.container(folder));
            }
            let module = NodeId::of(&module_id(&file.path));
            rows.edge_of("", last.1, CONTAINS, module, "");
        }
        Ok(())
    }
}

struct Above<'a> {
    project: NodeId,
    /// By folder.
    services: BTreeMap<&'a str, NodeId>,
}

impl Above<'_> {
    /// The service with the longest folder around a folder, else the project.
    fn container(&self, mut folder: &str) -> NodeId {
        loop {
            if let Some(&service) = self.services.get(folder) {
                return service;
            }
            if folder.is_empty() {
                return self.project;
            }
            folder = parent(folder);
        }
    }
}

/// The folder of a file or folder of the project.
fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn metadata(service: &ServiceConfig, package: Option<&Package>) -> String {
    let mut map = serde_json::Map::new();
    let mut put = |key: &str, value: Option<&String>| {
        if let Some(value) = value {
            map.insert(key.to_owned(), value.as_str().into());
        }
    };
    put("version", package.and_then(|p| p.version.as_ref()));
    put("entrypoint", service.entry_point.as_ref());
    put("directory", Some(&service.path));
    let method = match package {
        Some(package) if package.is_workspace => "workspace",
        _ if service.path.is_empty() => "project",
        _ => "config",
    };
    map.insert("discoveryMethod".to_owned(), method.into());
    if service.customer_facing {
        map.insert("customerFacing".to_owned(), true.into());
    }
    if let Some(package) = package.filter(|p| !p.dependencies.is_empty()) {
        map.insert(
            "dependencies".to_owned(),
            package.dependencies.clone().into(),
        );
    }
    serde_json::Value::Object(map).to_string()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use linker::packages::Packages;

    use super::*;
    use crate::Phase;
    use crate::config::Config;
    use crate::discovery::SourceFile;

    fn package(directory: &str, name: &str, is_workspace: bool) -> Package {
        Package {
            directory: directory.to_owned(),
            name: Some(name.to_owned()),
            version: None,
            main: None,
            dependencies: Vec::new(),
            entry_points: Vec::new(),
            source_conditions: Vec::new(),
            is_workspace,
        }
    }

    #[test]
    fn modules_belong_to_the_service_with_the_longest_folder() {
        let packages = Packages {
            all: vec![
                package("", "shop", false),
                package("packages/a", "a", true),
                package("packages/a/nested", "a", true),
                package("tools", "tools", false),
            ],
        };
        let service = |name: &str, path: &str| ServiceConfig {
            name: name.to_owned(),
            path: path.to_owned(),
            entry_point: None,
            customer_facing: false,
        };
        let services = [
            service("packages/a/nested", "packages/a/nested"),
            service("a", "packages/a"),
        ];
        let paths = [
            "x.js",
            "packages/a/src/x.js",
            "packages/a/nested/x.js",
            "packages/ab/x.js",
            "tools/x.js",
        ];
        let files = paths.map(|path| SourceFile {
            path: path.to_owned(),
            bytes: 0,
            stamp: Default::default(),
        });
        let cx = IndexContext {
            root: Path::new("/folder"),
            config: &Config::default(),
            packages: &packages,
            name: "shop",
            entry_point: None,
            services: &services,
            files: &files,
        };
        let mut rows = Rows::new("project-index", Phase::Indexing);
        ProjectIndex.index(&cx, &mut rows).unwrap();
        let batch = rows.into_batch();
        let parent = |id: &str| {
            let id = NodeId::of(id);
            let src = batch.edges().iter().find(|e| e.dst == id.0).unwrap().src;
            let mut nodes = batch.nodes().iter();
            let node = nodes.find(|n| n.id == src).unwrap();
            node.semantic_id.to_owned()
        };
        let parents = paths.map(|path| parent(&module_id(path)));
        assert_eq!(
            parents,
            [
                "PROJECT:shop",
                "SERVICE:a",
                "SERVICE:packages/a/nested",
                "PROJECT:shop",
                "PROJECT:shop"
            ]
        );
        assert_eq!(parent("SERVICE:packages/a/nested"), "SERVICE:a");
    }
}
