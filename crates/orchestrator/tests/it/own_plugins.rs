//! Plugins in place of ours: whoever lists files, makes modules, joins them.

use std::fs;
use std::path::Path;

use crate::common::{edges, export, project, write};
use orchestrator::config::Config;
use orchestrator::discovery::Discovery;
use orchestrator::plugin::{
    AnalysisPlugin, DiscoveryPlugin, EnrichmentPlugin, FilesContext, IndexContext, IndexingPlugin,
    LinkContext, Linked, Metadata, ModuleAnalysis, Plugin, PluginError, Registry, Rows, Source,
};
use orchestrator::{
    AnalyzeOptions, Error, InitialReason, MemoryStore, Mode, NoProgress, Report, analyze,
};

/// Lists the files that a list in the project names, instead of walking through folders.
struct FromList;

impl Plugin for FromList {
    fn metadata(&self) -> Metadata {
        Metadata::new("from-list").instead_of(["file-walk"])
    }
}

impl DiscoveryPlugin for FromList {
    fn files(&self, cx: &FilesContext<'_>) -> Result<Option<Discovery>, PluginError> {
        let list = fs::read_to_string(cx.root.join("files.txt"));
        let list = list.map_err(|error| PluginError::new(format!("files.txt: {error}")))?;
        let mut found = Discovery::default();
        list.lines().for_each(|path| found.add(cx, path));
        Ok(Some(found))
    }
}

/// Makes modules of files of a language of its own: each line `use NAME` imports a module and calls what it exports by
/// default. The number of the version stands in every call.
struct Uses(&'static str);

impl Plugin for Uses {
    fn metadata(&self) -> Metadata {
        Metadata::new("uses").version(self.0)
    }
}

impl AnalysisPlugin for Uses {
    fn extensions(&self) -> &[&str] {
        &["uses"]
    }

    fn module(&self, source: &Source<'_>) -> Result<ModuleAnalysis, PluginError> {
        let mut script = String::new();
        for line in source.text.lines() {
            let name = line.strip_prefix("use ");
            let name = name.ok_or_else(|| PluginError::new(format!("what is `{line}`?")))?;
            let call = format!("import {name} from './{name}'; {name}({});\n", self.0);
            script.push_str(&call);
        }
        Ok(source.analyze_part(&script, "js"))
    }
}

/// Joins modules as ours does, and takes away the edges of tests.
struct WithoutTests;

impl Plugin for WithoutTests {
    fn metadata(&self) -> Metadata {
        Metadata::new("without-tests")
            .instead_of(["linker"])
            .without_links()
    }
}

impl EnrichmentPlugin for WithoutTests {
    fn link(&self, cx: &LinkContext<'_>) -> Result<Option<Linked>, PluginError> {
        let mut links = linker::link(cx.program, cx.failed);
        for (file, links) in cx.program.files().iter().zip(&mut links.files) {
            if file.contains(".test.") {
                *links = linker::FileLinks::default();
            }
        }
        let traces = Vec::new();
        Ok(Some(Linked { links, traces }))
    }
}

/// A project, its graph, what is remembered of it, and how it is analyzed.
struct Workspace {
    project: tempfile::TempDir,
    cache: tempfile::TempDir,
    store: MemoryStore,
}

impl Workspace {
    fn new(files: &[(&str, &str)]) -> Self {
        Workspace {
            project: project(files),
            cache: tempfile::tempdir().unwrap(),
            store: MemoryStore::new(),
        }
    }

    fn root(&self) -> &Path {
        self.project.path()
    }

    fn analyze(&self, plugins: &Registry) -> Report {
        let options = AnalyzeOptions {
            threads: Some(2),
            cache: Some(self.cache.path().to_owned()),
            plugins: plugins.clone(),
            ..AnalyzeOptions::default()
        };
        analyze(self.root(), &self.store, &options, &NoProgress).unwrap()
    }

    /// Analyzes, and compares graph and diagnostics with those of a run from scratch.
    fn law(&self, plugins: &Registry) -> (Report, String) {
        let report = self.analyze(plugins);
        let options = AnalyzeOptions {
            plugins: plugins.clone(),
            ..AnalyzeOptions::default()
        };
        let store = MemoryStore::new();
        let fresh = analyze(self.root(), &store, &options, &NoProgress).unwrap();
        let graph = export(&self.store);
        assert_eq!(graph, export(&store), "{:#?}", report.changes);
        assert_eq!(report.diagnostics, fresh.diagnostics);
        (report, graph)
    }
}

fn modules(graph: &str) -> Vec<String> {
    let rows = graph.lines().map(serde_json::from_str::<serde_json::Value>);
    let rows = rows
        .map(Result::unwrap)
        .filter(|row| row["type"] == "MODULE");
    let text = |row: serde_json::Value| row["file"].as_str().unwrap().to_owned();
    rows.map(text).collect()
}

#[test]
fn files_can_be_listed_by_another_plugin() {
    let workspace = Workspace::new(&[
        ("files.txt", "a.js\nlib/b.js\nlib/style.css\n"),
        ("a.js", "import { b } from './lib/b.js'; b();"),
        ("lib/b.js", "export function b() {}"),
        ("unlisted.js", "import './a.js';"),
    ]);
    let mut plugins = Registry::default();
    plugins.discovery(FromList);
    let (report, graph) = workspace.law(&plugins);
    assert_eq!(modules(&graph), ["a.js", "lib/b.js"]);
    assert!(
        report
            .step(orchestrator::Phase::Discovery, "from-list")
            .is_some()
    );
    assert!(
        report
            .step(orchestrator::Phase::Discovery, "file-walk")
            .is_none()
    );

    let changed = |list: &str| {
        write(workspace.root(), "files.txt", list);
        let (report, graph) = workspace.law(&plugins);
        assert_eq!(report.mode, Mode::Incremental);
        modules(&graph)
    };
    assert_eq!(
        changed("a.js\nlib/b.js\nunlisted.js\n"),
        ["a.js", "lib/b.js", "unlisted.js"]
    );
    assert_eq!(
        changed("a.js\nunlisted.js\na.js\n"),
        ["a.js", "unlisted.js"]
    );
    // Ours beside it: what both list is there once.
    let ours = workspace.analyze(&Registry::default());
    let reason = InitialReason::OtherConfiguration;
    assert_eq!(ours.mode, Mode::Initial { reason });
    assert_eq!(ours.files.analyzed, 3);

    let failure = |list: &str| {
        write(workspace.root(), "files.txt", list);
        let options = AnalyzeOptions {
            plugins: plugins.clone(),
            ..AnalyzeOptions::default()
        };
        let store = MemoryStore::new();
        let error = analyze(workspace.root(), &store, &options, &NoProgress);
        error.unwrap_err().to_string()
    };
    let outside = project(&[("a.js", "1;")]);
    let outside = outside.path().join("a.js");
    let error = failure(outside.to_str().unwrap());
    assert!(error.contains("which is no path relative"), "{error}");
    fs::remove_file(workspace.root().join("files.txt")).unwrap();
    fs::create_dir(workspace.root().join("files.txt")).unwrap();
    let options = AnalyzeOptions {
        plugins: plugins.clone(),
        ..AnalyzeOptions::default()
    };
    let error = analyze(workspace.root(), &MemoryStore::new(), &options, &NoProgress).unwrap_err();
    assert!(
        matches!(&error, Error::Plugins(text) if text.starts_with("plugin from-list failed: files.txt")),
        "{error}"
    );
}

#[test]
fn modules_can_be_made_of_other_files() {
    let workspace = Workspace::new(&[
        ("main.uses", "use a\n"),
        ("a.js", "export default function a(x) {}"),
        (
            "b.js",
            "import './main.uses'; export default function b(x) {}",
        ),
        ("wrong.uses", "nonsense\n"),
    ]);
    let plugins = |version| {
        let mut plugins = Registry::default();
        plugins.analysis(Uses(version));
        plugins
    };
    let (report, graph) = workspace.law(&plugins("1"));
    // A file of which it can make nothing is left out, and nothing leads to it.
    assert_eq!(modules(&graph), ["a.js", "b.js", "main.uses"]);
    let told: Vec<_> = report
        .diagnostics
        .iter()
        .map(|d| (d.code, &*d.file))
        .collect();
    assert_eq!(told, [("plugin-failed", "wrong.uses")]);
    assert!(
        report.diagnostics[0]
            .message
            .contains("what is `nonsense`?")
    );
    assert_eq!(
        edges(&graph, "DEPENDS_ON"),
        [
            "b.js->MODULE->module => main.uses->MODULE->module",
            "main.uses->MODULE->module => a.js->MODULE->module"
        ]
    );
    assert_eq!(
        edges(&graph, "CALLS"),
        ["main.uses->CALL->a => a.js->FUNCTION->a"]
    );

    fs::remove_file(workspace.root().join("wrong.uses")).unwrap();
    workspace.law(&plugins("1"));
    write(workspace.root(), "main.uses", "use a\nuse b\n");
    let (report, graph) = workspace.law(&plugins("1"));
    assert_eq!(report.mode, Mode::Incremental);
    assert_eq!(report.changes.changed, ["main.uses"]);
    assert_eq!(edges(&graph, "CALLS").len(), 2);
    // Another version makes other modules of the same files.
    let (report, graph) = workspace.law(&plugins("2"));
    let reason = InitialReason::OtherConfiguration;
    assert_eq!(report.mode, Mode::Initial { reason });
    assert!(
        graph.contains("\"name\":\"2\"") && !graph.contains("\"name\":\"1\""),
        "{graph}"
    );
    // Without it, they are no sources.
    let (report, graph) = workspace.law(&Registry::default());
    assert_eq!(modules(&graph), ["a.js", "b.js"]);
    assert_eq!(report.diagnostics, []);
}

#[test]
fn modules_can_be_joined_by_another_plugin() {
    let workspace = Workspace::new(&[
        ("a.js", "export function a() {}"),
        ("b.js", "import { a } from './a.js'; a();"),
        ("a.test.js", "import { a } from './a.js'; a();"),
    ]);
    let mut plugins = Registry::default();
    plugins.enrichment(WithoutTests);
    let calls = |text: &str| {
        write(workspace.root(), "b.js", text);
        let (_, graph) = workspace.law(&plugins);
        edges(&graph, "CALLS")
    };
    let one = "b.js->CALL->a => a.js->FUNCTION->a";
    assert_eq!(calls("import { a } from './a.js'; a();"), [one]);
    assert_eq!(calls("import { a } from './a.js';"), [""; 0]);
    assert_eq!(calls("import { a } from './a.js'; a(1);"), [one]);
    // Ours again.
    let (report, graph) = workspace.law(&Registry::default());
    assert!(matches!(report.mode, Mode::Initial { .. }));
    assert_eq!(edges(&graph, "CALLS").len(), 2);
}

#[test]
fn without_a_linker_modules_stand_alone() {
    let folder = project(&[
        (
            "a.js",
            "export function a() {} a(); let most, of, it, stays;",
        ),
        ("b.js", "import { a } from './a.js'; a();"),
    ]);
    let cache = tempfile::tempdir().unwrap();
    let store = MemoryStore::new();
    let run = || {
        let options = AnalyzeOptions {
            cache: Some(cache.path().to_owned()),
            config: Config::parse("plugins: {enrichment: ['!linker']}").unwrap(),
            ..AnalyzeOptions::default()
        };
        let report = analyze(folder.path(), &store, &options, &NoProgress).unwrap();
        (report, export(&store))
    };
    let (report, graph) = run();
    let [told] = &report.diagnostics[..] else {
        panic!("{:?}", report.diagnostics);
    };
    assert_eq!(
        (told.code, &*told.file),
        ("plugin-left-out", ".grafema/config.yaml")
    );
    assert!(told.message.contains("no DEPENDS_ON, IMPORTS"), "{told:?}");
    assert_eq!(edges(&graph, "DEPENDS_ON"), [""; 0]);
    assert_eq!(
        edges(&graph, "CALLS"),
        ["a.js->CALL->a => a.js->FUNCTION->a"]
    );
    // It is told as long as it is so.
    write(folder.path(), "b.js", "import { a } from './a.js'; a(1);");
    let (again, _) = run();
    assert_eq!(
        (again.mode, again.diagnostics),
        (Mode::Incremental, report.diagnostics)
    );
}

#[test]
fn without_files_or_modules_there_is_no_run() {
    let folder = project(&[("a.js", "1;")]);
    let error = |text: &str| {
        let options = AnalyzeOptions {
            config: Config::parse(text).unwrap(),
            ..AnalyzeOptions::default()
        };
        let error = analyze(folder.path(), &MemoryStore::new(), &options, &NoProgress);
        error.unwrap_err().to_string()
    };
    assert_eq!(
        error("plugins: {discovery: ['!file-walk']}"),
        "no plugin of DISCOVERY lists the files of the project, as file-walk does"
    );
    assert_eq!(
        error("plugins: {analysis: ['!module-analyzer']}"),
        "no plugin of ANALYSIS makes modules of files, as module-analyzer does"
    );
}

/// One service for each folder of the project, instead of PROJECT and its packages.
struct Folders;

impl Plugin for Folders {
    fn metadata(&self) -> Metadata {
        Metadata::new("folders").instead_of(["project-index"])
    }
}

impl IndexingPlugin for Folders {
    fn index(&self, cx: &IndexContext<'_>, rows: &mut Rows) -> Result<(), PluginError> {
        let project = rows.node("", "PROJECT", cx.name, (0, 0), "{}")?;
        for file in cx.files {
            let folder = file.path.split('/').next().unwrap_or_default();
            let service = rows.node("", "SERVICE", folder, (0, 0), "{}")?;
            rows.edge(project, "CONTAINS", service, "");
            let module = graph_model::NodeId::of(&graph_model::module_id(&file.path));
            rows.edge(service, "CONTAINS", module, "");
        }
        Ok(())
    }
}

#[test]
fn what_is_above_the_modules_can_be_made_by_another_plugin() {
    let large = "let x = 'most of the sources did not change';".repeat(9);
    let workspace = Workspace::new(&[("a/x.js", "1;"), ("b/y.js", &large)]);
    let mut plugins = Registry::default();
    plugins.indexing(Folders);
    workspace.law(&plugins);
    write(workspace.root(), "c/z.js", "3;");
    fs::remove_file(workspace.root().join("a/x.js")).unwrap();
    // Not text: it is left out, and nothing contains it.
    write(workspace.root(), "d/w.js", [0xff_u8, 0xfe]);
    let (report, graph) = workspace.law(&plugins);
    assert_eq!(report.mode, Mode::Incremental);
    let contains = edges(&graph, "CONTAINS");
    let of_services = contains.iter().filter(|edge| edge.starts_with("SERVICE:"));
    assert_eq!(
        of_services.collect::<Vec<_>>(),
        [
            "SERVICE:b => b/y.js->MODULE->module",
            "SERVICE:c => c/z.js->MODULE->module"
        ]
    );
}
