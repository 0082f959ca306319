//! `coverage`: which files of a service can be reached from where it starts.
//!
//! A service names its entry point in the configuration or in `package.json`, often as the file that a build makes of it. A
//! file is reachable if imports, re-exports and `require` calls lead to it from there; what a test runner or a bundler finds
//! in other ways is not.

use std::collections::BTreeSet;

use graph_model::{EdgeType, NodeType, SOURCE_EXTENSIONS};
use rfdb_client::{AttrQuery, Direction, NodeId};
use rustc_hash::FxHashSet;
use serde::Serialize;

use crate::{Graph, Node, Result};

/// Folders that builds write into.
const OUTPUT_FOLDERS: &[&str] = &["dist", "build", "lib", "out"];

/// How much of each service is reachable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Coverage {
    /// The services, by folder; the project itself if it has an entry point of its own.
    pub services: Vec<ServiceCoverage>,
}

/// How much of a service is reachable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceCoverage {
    /// Its name.
    pub name: String,
    /// Its folder, relative to the project; empty for the project's own.
    pub directory: String,
    /// Where it starts, as it is written; nothing if nobody says.
    pub entry_point: Option<String>,
    /// The source file that is meant; nothing if none of the service's files can be.
    pub entry_file: Option<String>,
    /// Its files.
    pub files: usize,
    /// Those of them that are reachable; 0 without an entry file.
    pub reachable: usize,
    /// The others, sorted; all of them without an entry file.
    pub unreachable: Vec<String>,
}

/// Asks how much of each service is reachable from where it starts.
///
/// # Errors
/// When the database fails.
pub fn coverage(graph: &mut Graph<'_>) -> Result<Coverage> {
    let mut services = Vec::new();
    let modules = of_type(graph, NodeType::Module)?;
    let files: BTreeSet<&str> = modules.iter().map(|module| module.file.as_str()).collect();
    for service in of_type(graph, NodeType::Service)? {
        let contained = graph.edges(&[service.id], Direction::Outgoing, &[EdgeType::Contains])?;
        let contained: FxHashSet<NodeId> = contained.iter().map(|edge| edge.dst).collect();
        let own = modules
            .iter()
            .filter(|module| contained.contains(&module.id));
        services.push(service_coverage(graph, &service, own.collect(), &files)?);
    }
    for project in of_type(graph, NodeType::Project)? {
        if text(&project, "entrypoint").is_some() {
            let all = modules.iter().collect();
            services.push(service_coverage(graph, &project, all, &files)?);
        }
    }
    services.sort_by(|a, b| (&a.directory, &a.name).cmp(&(&b.directory, &b.name)));
    Ok(Coverage { services })
}

fn of_type(graph: &mut Graph<'_>, node_type: NodeType) -> Result<Vec<Node>> {
    let ids = graph.find(AttrQuery {
        node_type: Some(node_type.as_str().to_owned()),
        ..AttrQuery::default()
    })?;
    Ok(ids
        .iter()
        .filter_map(|&id| graph.node(id).cloned())
        .collect())
}

fn text(node: &Node, key: &str) -> Option<String> {
    Some(node.metadata_value(key)?.as_str()?.to_owned())
}

fn service_coverage(
    graph: &Graph<'_>,
    service: &Node,
    own: Vec<&Node>,
    files: &BTreeSet<&str>,
) -> Result<ServiceCoverage> {
    let directory = text(service, "directory").unwrap_or_default();
    let entry_point = text(service, "entrypoint");
    let entry_file = entry_point
        .as_deref()
        .and_then(|entry| entry_file(&directory, entry, files));
    let start = own.iter().find(|m| Some(m.file.as_str()) == entry_file);
    let reached: FxHashSet<NodeId> = match start {
        Some(start) => {
            let depends = [EdgeType::DependsOn.as_str()];
            let reached = graph.client().bfs(&[start.id], u32::MAX, &depends)?;
            reached.into_iter().collect()
        }
        None => FxHashSet::default(),
    };
    let mut unreachable: Vec<String> = own
        .iter()
        .filter(|module| !reached.contains(&module.id))
        .map(|module| module.file.clone())
        .collect();
    unreachable.sort();
    Ok(ServiceCoverage {
        name: service.name.clone(),
        directory,
        entry_file: start.map(|start| start.file.clone()),
        entry_point,
        files: own.len(),
        reachable: own.len() - unreachable.len(),
        unreachable,
    })
}

/// The source that an entry point means: the file itself, one of another extension, the index of a folder, or the source of
/// a build product.
fn entry_file<'f>(directory: &str, entry: &str, files: &BTreeSet<&'f str>) -> Option<&'f str> {
    let mut segments: Vec<&str> = directory.split('/').filter(|s| !s.is_empty()).collect();
    let folder = segments.len();
    for segment in entry.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    let mut candidates = vec![segments.join("/")];
    let output = (folder..segments.len().saturating_sub(1))
        .find(|&at| OUTPUT_FOLDERS.contains(&segments[at]));
    if let Some(at) = output {
        // `dist/esm/a.js` comes from `src/esm/a.ts` or, if the first folder names a format, `src/a.ts`.
        for skipped in 0..2.min(segments.len() - at - 1) {
            let inner = &segments[at + 1 + skipped..];
            let path = segments[..at].iter().chain(&["src"]).chain(inner);
            candidates.push(path.copied().collect::<Vec<_>>().join("/"));
        }
    }
    candidates.iter().find_map(|path| source(path, files))
}

fn source<'f>(path: &str, files: &BTreeSet<&'f str>) -> Option<&'f str> {
    let known = |path: &str| files.get(path).copied();
    let stem = SOURCE_EXTENSIONS
        .iter()
        .find_map(|extension| path.strip_suffix(extension)?.strip_suffix('.'));
    let index = format!("{path}/index");
    known(path).or_else(|| {
        [stem, Some(path), Some(index.as_str())]
            .into_iter()
            .flatten()
            .find_map(|stem| {
                let mut extensions = SOURCE_EXTENSIONS.iter();
                extensions.find_map(|extension| known(&format!("{stem}.{extension}")))
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entry_points_mean_sources() {
        let files = BTreeSet::from([
            "index.js",
            "apps/api/src/main.ts",
            "apps/api/src/deep/a.ts",
            "lib/x/index.tsx",
        ]);
        let of = |directory, entry| entry_file(directory, entry, &files);
        assert_eq!(of("", "./index.js"), Some("index.js"));
        assert_eq!(of("", "index"), Some("index.js"));
        assert_eq!(of("apps/api", "src/main.js"), Some("apps/api/src/main.ts"));
        assert_eq!(of("apps/api", "dist/main.js"), Some("apps/api/src/main.ts"));
        assert_eq!(
            of("apps/api", "dist/cjs/main.js"),
            Some("apps/api/src/main.ts")
        );
        assert_eq!(
            of("apps/api", "dist/deep/a.cjs"),
            Some("apps/api/src/deep/a.ts")
        );
        assert_eq!(of("lib", "x"), Some("lib/x/index.tsx"));
        assert_eq!(of("apps/api", "absent.js"), None);
        assert_eq!(of("", "dist"), None);
    }
}
