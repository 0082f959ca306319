//! INDEXING: the nodes above the modules (PROJECT and one SERVICE per workspace package) and who contains whom.

use std::collections::{BTreeMap, BTreeSet};

use graph_model::{EdgeType, NodeId, NodeType, project_id, service_id};
use rfdb_protocol::{Batch, Edge, Node};

use linker::packages::{Package, Packages};

/// Context under which the index is stored; its owner's file is empty.
pub const INDEX_CONTEXT: &str = "index";

/// PROJECT, SERVICEs and their folders.
#[derive(Debug)]
pub struct ProjectIndex {
    /// Name of the project: that of its `package.json`, else of its folder.
    pub name: String,
    /// Services by folder.
    services: BTreeMap<String, Service>,
}

#[derive(Debug)]
struct Service {
    name: String,
    metadata: String,
}

impl ProjectIndex {
    /// Plans the nodes.
    #[must_use]
    pub fn new(folder_name: &str, packages: &Packages) -> Self {
        let name = packages
            .root()
            .and_then(|p| p.name.clone())
            .unwrap_or_else(|| folder_name.to_owned());
        let mut names = BTreeSet::new();
        let mut services = BTreeMap::new();
        for package in packages.workspaces() {
            // Two packages of one name stay apart by their folders.
            let name = package
                .name
                .clone()
                .filter(|name| names.insert(name.clone()))
                .unwrap_or_else(|| package.directory.clone());
            services.insert(
                package.directory.clone(),
                Service {
                    name,
                    metadata: metadata(package),
                },
            );
        }
        ProjectIndex { name, services }
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
        let project = project_id(&self.name);
        let project_node = NodeId::of(&project);
        batch.push_node(Node {
            id: project_node.0,
            semantic_id: &project,
            node_type: NodeType::Project.as_str(),
            name: &self.name,
            file: "",
            exported: false,
            metadata: "",
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
            let parent = directory.rsplit_once('/').map_or("", |(parent, _)| parent);
            batch.push_edge(contains(self.container(parent, project_node), node));
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

fn metadata(package: &Package) -> String {
    let mut map = serde_json::Map::new();
    let mut put = |key: &str, value: Option<&String>| {
        if let Some(value) = value {
            map.insert(key.to_owned(), value.as_str().into());
        }
    };
    put("version", package.version.as_ref());
    put("entrypoint", package.main.as_ref());
    put("directory", Some(&package.directory));
    map.insert("discoveryMethod".to_owned(), "workspace".into());
    if !package.dependencies.is_empty() {
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
        let index = ProjectIndex::new("folder", &packages);
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
