//! Small projects, analyzed into a database in memory.

use std::fs;

use orchestrator::{AnalyzeOptions, NoProgress, analyze};
use questions::{EndKind, Graph, TraceDirection, TraceLimits, TraceOf, trace};
use rfdb_client::{Batch, Client, Edge, IndexMode, hash_id};
use rfdb_server::{Config, Dispatcher};

/// An analyzed project.
pub(crate) struct Project {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) client: Client,
}

/// Analyzes files, given as one text: `// path` lines begin a file, as in the model's worked examples.
pub(crate) fn project(text: &str) -> Project {
    let folder = tempfile::tempdir().unwrap();
    let mut files: Vec<(String, Vec<&str>)> = Vec::new();
    for line in text.trim().lines() {
        match line.strip_prefix("// ") {
            Some(path) if path.contains('.') && !path.contains(' ') => {
                files.push((path.to_owned(), Vec::new()));
            }
            _ => files.last_mut().expect("a file first").1.push(line),
        }
    }
    for (path, lines) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, lines.join("\n")).unwrap();
    }
    let client = Client::in_process(Dispatcher::in_memory(Config::default()).session());
    analyze(
        folder.path(),
        &client,
        &AnalyzeOptions::default(),
        &NoProgress,
    )
    .unwrap();
    Project { folder, client }
}

impl Project {
    /// Adds edges that the model's linker emits, so that what follows from them is tested whether or not it emits them
    /// already: `source EDGE target {metadata}` a line.
    pub(crate) fn with_edges(self, lines: &[&str]) -> Self {
        let mut batch = Batch::new();
        batch.owner("", "test");
        for line in lines {
            let mut parts = line.splitn(4, ' ');
            let mut next = || parts.next().unwrap_or_default();
            let (src, edge_type, dst, metadata) = (next(), next(), next(), next());
            for id in [src, dst] {
                let known = self.client.node_exists(hash_id(id)).unwrap();
                assert!(known, "the graph has no {id}");
            }
            batch.push_edge(Edge {
                src: hash_id(src),
                dst: hash_id(dst),
                edge_type,
                metadata,
            });
        }
        self.client.commit(batch, IndexMode::Immediate).unwrap();
        self
    }

    pub(crate) fn graph(&self) -> Graph<'_> {
        Graph::new(&self.client)
    }

    pub(crate) fn trace(&self, name: &str, direction: TraceDirection) -> TraceOf {
        let mut answer = trace(&mut self.graph(), name, direction, TraceLimits::default()).unwrap();
        assert_eq!(answer.traces.len(), 1, "{name} is one thing");
        answer.traces.remove(0)
    }

    /// Where the value comes from: the ends of its backward trace as `kind id-without-file`, and literals without a
    /// node; sorted, each once.
    pub(crate) fn sources(&self, name: &str) -> Vec<String> {
        ends(&self.trace(name, TraceDirection::Backward))
    }

    /// Where the value goes: the ends of its forward trace.
    pub(crate) fn sinks(&self, name: &str) -> Vec<String> {
        ends(&self.trace(name, TraceDirection::Forward))
    }
}

fn ends(trace: &TraceOf) -> Vec<String> {
    let mut ends: Vec<String> = Vec::new();
    for step in &trace.steps {
        if let Some(end) = step.end {
            let id = &step.node.id;
            let id = id.split_once("->").map_or(id.as_str(), |(_, rest)| rest);
            // This object simply is not where the value comes from.
            if end != EndKind::Absent {
                ends.push(format!("{} {id}", kind(end)));
            }
        }
        ends.extend(step.literals.iter().map(|l| format!("literal {l}")));
    }
    ends.sort();
    ends.dedup();
    ends
}

fn kind(end: EndKind) -> String {
    serde_json::to_value(end)
        .unwrap()
        .as_str()
        .unwrap()
        .to_owned()
}
