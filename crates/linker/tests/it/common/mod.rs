//! Programs in source, through the analyzer: the edges that the linker adds, as the model writes them.

use std::collections::HashMap;
use std::path::Path;

use graph_model::NodeId;
use linker::packages::Packages;
use linker::{FileLinks, Links, Program, link};

/// What the linker finds in some files, and the ids as texts of all nodes.
pub(crate) fn linked<'s>(
    files: impl IntoIterator<Item = (&'s str, &'s str)>,
) -> (Links, HashMap<NodeId, String>) {
    let mut names = HashMap::new();
    let mut summaries = Vec::new();
    for (path, text) in files {
        let module = analyzer::analyze_module(path, text, &Default::default());
        assert!(module.diagnostics.is_empty(), "{:?}", module.diagnostics);
        for node in module.graph.nodes() {
            names.insert(node.id, module.graph.semantic_id(node).to_owned());
        }
        summaries.push(module.summary);
    }
    let program = Program::new(Path::new("/project"), Packages::default(), summaries);
    let links = link(&program, &Default::default());
    for external in links.files.iter().flat_map(FileLinks::externals) {
        let id = external.id();
        names.insert(NodeId::of(&id), id);
    }
    (links, names)
}

/// Edges of some types, `src TYPE dst metadata`, without the file where there is one file only.
pub(crate) fn edges(files: &[(&str, &str)], types: &[&str]) -> Vec<String> {
    let (links, names) = linked(files.iter().copied());
    let single = files.len() == 1;
    let short = |id: NodeId| {
        let name = &names[&id];
        match name.split_once("->") {
            Some((_, rest)) if single => rest.to_owned(),
            _ => name.clone(),
        }
    };
    let mut edges: Vec<String> = links
        .files
        .iter()
        .flat_map(FileLinks::edges)
        .filter(|e| types.contains(&e.edge_type.as_str()))
        .map(|e| {
            let text = format!(
                "{} {} {} {}",
                short(e.src),
                e.edge_type,
                short(e.dst),
                e.metadata
            );
            text.trim_end().to_owned()
        })
        .collect();
    edges.sort();
    edges
}
