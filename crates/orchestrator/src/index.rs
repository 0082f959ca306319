//! INDEXING: the nodes above the modules (PROJECT and one SERVICE per workspace package) and who contains whom.

use std::collections::BTreeMap;

use graph_model::{EdgeType, NodeId, NodeType, project_id, service_id};
use rfdb_protocol::{Batch, Edge, Node};

use linker::packages::{Package, Packages};

use crate::config::ServiceConfig;

/// Context under which the index is stored; its owner's file is empty.
pub const INDEX_CONTEXT: &str = "index";

/// PROJECT, SERVICEs and their folders.
#[derive(Debug, Clone)]
pub struct ProjectIndex {
    /// Name of the project: that of its `package.json`, else of its folder.
    pub name: String,
    /// Services by folder.
    services: BTreeMap<String, Service>,
    entry_point: Option<String>,
}

#[derive(Debug, Clone)]
struct Service {
    name: String,
    metadata: String,
}

impl ProjectIndex {
    /// Plans the nodes. `entry_point` is where the project starts, if that is known.
    #[must_use]
    pub fn new(
        folder_name: &str,
        packages: &Packages,
        services: &[ServiceConfig],
        entry_point: Option<&str>,
    ) -> Self {
        let name = packages
            .root()
            .and_then(|p| p.name.clone())
            .unwrap_or_else(|| folder_name.to_owned());
        let services = services.iter().map(|service| {
            let package = packages.all.iter().find(|p| p.directory == service.path);
            let planned = Service {
                name: service.name.clone(),
                metadata: metadata(service, package),
            };
            (service.path.clone(), planned)
        });
        ProjectIndex {
            name,
            services: services.collect(),
            entry_point: entry_point.map(str::to_owned),
        }
    }

    /// Names of the services, by folder.
    pub fn services(&self) -> impl Iterator<Item = &str> {
        self.services.values().map(|s| s.name.as_str())
    }

    /// The nodes, and the CONTAINS edges to services and modules. `modules` are paths and ids of the MODULE nodes that
    /// were stored.
    pub fn batch<'m>(&self, modules: impl IntoIterator<Item = (&'m str, NodeId)>) -> Batch {
        let mut batch = Batch::new();
        batch.owner("", INDEX_CONTEXT);
        let project_metadata = self.entry_point.as_ref().map_or_else(String::new, |entry| {
            serde_json::json!({ "entrypoint": entry }).to_string()
        });
        let project = project_id(&self.name);
        let project_node = NodeId::of(&project);
        batch.push_node(Node {
            id: project_node.0,
            semantic_id: &project,
            node_type: NodeType::Project.as_str(),
            name: &self.name,
            file: "",
            exported: false,
            metadata: &project_metadata,
        });
        let contains = |src: NodeId, dst: NodeId| Edge {
            src: src.0,
            dst: dst.0,
            edge_type: EdgeType::Contains.as_str(),
            metadata: "",
        };
        for (directory, service) in &self.services {
            let id = service_id(&service.name);
            let node = NodeId::of(&id);
            batch.push_node(Node {
                id: node.0,
                semantic_id: &id,
                node_type: NodeType::Service.as_str(),
                name: &service.name,
                file: "",
                exported: false,
                metadata: &service.metadata,
            });
            let container = match directory.rsplit_once('/') {
                Some((parent, _)) => self.container(parent, project_node),
                None if directory.is_empty() => project_node,
                None => self.container("", project_node),
            };
            batch.push_edge(contains(container, node));
        }
        for (file, module) in modules {
            let directory = file.rsplit_once('/').map_or("", |(directory, _)| directory);
            batch.push_edge(contains(self.container(directory, project_node), module));
        }
        batch
    }

    /// The service with the longest folder around a folder, else the project.
    fn container(&self, directory: &str, project: NodeId) -> NodeId {
        let mut directory = directory;
        loop {
            if let Some(service) = self.services.get(directory) {
                return NodeId::of(&service_id(&service.name));
            }
            match directory.rsplit_once('/') {
                Some((parent, _)) => directory = parent,
                None if directory.is_empty() => return project,
                None => directory = "",
            }
        }
    }
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
    use super::*;

    fn package(directory: &str, name: &str, is_workspace: bool) -> Package {
        Package {
            directory: directory.to_owned(),
            name: Some(name.to_owned()),
            version: None,
            main: None,
            dependencies: Vec::new(),
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
            service("a", "packages/a"),
            service("packages/a/nested", "packages/a/nested"),
        ];
        let index = ProjectIndex::new("folder", &packages, &services, None);
        let files = [
            "x.js",
            "packages/a/src/x.js",
            "packages/a/nested/x.js",
            "packages/ab/x.js",
            "tools/x.js",
        ];
        let batch = index.batch(files.iter().map(|f| (*f, NodeId::of(f))));
        let parent = |id: NodeId| {
            let src = batch.edges().iter().find(|e| e.dst == id.0).unwrap().src;
            batch
                .nodes()
                .iter()
                .find(|n| n.id == src)
                .unwrap()
                .semantic_id
                .to_owned()
        };
        let parents: Vec<_> = files.iter().map(|f| parent(NodeId::of(f))).collect();
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
        assert_eq!(parent(NodeId::of("SERVICE:packages/a/nested")), "SERVICE:a");
    }
}
