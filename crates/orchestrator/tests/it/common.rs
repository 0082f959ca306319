//! Projects for tests, and what a run makes of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use orchestrator::check::check_export;
use orchestrator::export::export_jsonl;
use orchestrator::{AnalyzeOptions, MemoryStore, NoProgress, Report, Store, analyze};

/// The project that the README names.
pub(crate) fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/sample")
}

/// A project with these files.
pub(crate) fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        write(folder.path(), path, text);
    }
    folder
}

pub(crate) fn write(root: &Path, path: &str, text: impl AsRef<[u8]>) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

pub(crate) fn export(store: &dyn Store) -> String {
    let mut out = Vec::new();
    export_jsonl(store, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Analyzes into a new store with so many threads; the graph must pass the check.
pub(crate) fn run(root: &Path, threads: usize) -> (Report, String) {
    let store = MemoryStore::new();
    let options = AnalyzeOptions {
        clear: true,
        threads: Some(threads),
        ..AnalyzeOptions::default()
    };
    let report = analyze(root, &store, &options, &NoProgress).unwrap();
    let text = export(&store);
    let check = check_export(text.as_bytes()).unwrap();
    assert!(check.is_sound(), "{:#?}", check.problems);
    (report, text)
}

/// Edges of a type as `src => dst`, sorted.
pub(crate) fn edges(export: &str, edge_type: &str) -> Vec<String> {
    export
        .lines()
        .map(|line| serde_json::from_str::<BTreeMap<String, serde_json::Value>>(line).unwrap())
        .filter(|row| row["kind"] == "edge" && row["type"] == edge_type)
        .map(|row| {
            format!(
                "{} => {}",
                row["src"].as_str().unwrap(),
                row["dst"].as_str().unwrap()
            )
        })
        .collect()
}
