//! Plugins: ours, those that fail, and programs.

use std::fs;
use std::path::Path;

use crate::common::{edges, export, project};
use orchestrator::config::Config;
use orchestrator::plugin::{
    EnrichmentPlugin, Metadata, Plugin, PluginError, ProgramContext, Registry, Rows,
};
use orchestrator::{AnalyzeOptions, Error, MemoryStore, NoProgress, Report, analyze};

fn run(root: &Path, options: AnalyzeOptions) -> (Report, String) {
    let store = MemoryStore::new();
    let options = AnalyzeOptions {
        threads: Some(2),
        ..options
    };
    let report = analyze(root, &store, &options, &NoProgress).unwrap();
    (report, export(&store))
}

fn configured(text: &str) -> AnalyzeOptions {
    AnalyzeOptions {
        config: Config::parse(text).unwrap(),
        ..AnalyzeOptions::default()
    }
}

/// Names and a metadata key of the nodes of a type.
fn nodes(export: &str, node_type: &str, key: &str) -> Vec<String> {
    export
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|row| row["type"] == node_type)
        .map(|row| format!("{} {}", row["name"].as_str().unwrap(), row["metadata"][key]))
        .collect()
}

#[test]
fn routes_have_full_paths_over_modules() {
    let folder = project(&[
        (
            "package.json",
            r#"{"name":"shop","dependencies":{"express":"4"}}"#,
        ),
        (
            "app.js",
            "import express from 'express';\nimport users from './users.js';\nimport { orders as o } from './orders.js';\nconst old = require('./old.cjs');\nconst app = express();\napp.use(express.json());\napp.use('/api', users);\napp.use('/api/v2', users);\napp.use('/orders', o);\napp.use('/old', old);\napp.get('/health', (req, res) => res.send('ok'));\napp.get('title');\n",
        ),
        (
            "users.js",
            "import { Router } from 'express';\nconst router = Router();\nfunction list(req, res) {}\nrouter.get('/users', list);\nrouter.route('/users/:id').get(list).delete(check, list);\nexport default router;\n",
        ),
        (
            "orders.js",
            "import express from 'express';\nexport const orders = express.Router();\norders.post('/', create);\nconst lost = express.Router();\nlost.get('/lost', create);\n",
        ),
        (
            "old.cjs",
            "const express = require('express');\nconst router = express.Router();\nrouter.get('/a', (q, s) => 1);\nmodule.exports = router;\n",
        ),
    ]);
    let (report, export) = run(folder.path(), AnalyzeOptions::default());
    assert!(report.diagnostics.is_empty(), "{:?}", report.diagnostics);
    assert_eq!(
        nodes(&export, "http:route", "fullPath"),
        [
            "GET /health \"/health\"",
            "GET /a \"/old/a\"",
            "GET /lost null",
            "POST / \"/orders\"",
            "DELETE /users/:id \"/api/users/:id\"",
            "GET /users \"/api/users\"",
            "GET /users/:id \"/api/users/:id\"",
        ]
    );
    assert!(
        export.contains(r#""otherPaths":["/api/v2/users"]"#),
        "{export}"
    );
    let handled = edges(&export, "HANDLED_BY");
    assert!(
        handled
            .contains(&"users.js->http:route->GET /users => users.js->FUNCTION->list".to_owned()),
        "{handled:#?}"
    );
    // A project that does not depend on express is not looked at.
    fs::write(folder.path().join("package.json"), r#"{"name":"shop"}"#).unwrap();
    let (report, _) = run(folder.path(), AnalyzeOptions::default());
    assert!(!report.nodes.by_type.contains_key("http:route"));
}

#[test]
fn imported_functions_handle_routes() {
    let folder = project(&[
        (
            "package.json",
            r#"{"name":"shop","dependencies":{"express":"4"}}"#,
        ),
        (
            "app.js",
            "import express from 'express';\nimport { list, show as detail } from './barrel.js';\nimport * as all from './handlers.js';\nimport orders from './orders.js';\nimport remove from './remove.cjs';\nconst app = express();\nconst local = (q, s) => s.end();\napp.get('/list', list);\napp.get('/show', detail);\napp.post('/list', all.create);\napp.get('/orders', orders.latest);\napp.delete('/list', remove);\napp.get('/local', local);\n",
        ),
        (
            "handlers.js",
            "export function list(q, s) {}\nexport const show = (q, s) => s.end();\nexport async function create(q, s) {}\n",
        ),
        ("barrel.js", "export { list, show } from './handlers.js';\n"),
        (
            "orders.js",
            "function latest(q, s) {}\nexport default { latest };\n",
        ),
        ("remove.cjs", "module.exports = function remove(q, s) {};\n"),
    ]);
    let (report, export) = run(folder.path(), AnalyzeOptions::default());
    assert!(report.diagnostics.is_empty(), "{:?}", report.diagnostics);
    assert_eq!(
        edges(&export, "HANDLED_BY"),
        [
            "app.js->http:route->DELETE /list => remove.cjs->FUNCTION->remove",
            "app.js->http:route->GET /list => handlers.js->FUNCTION->list",
            "app.js->http:route->GET /local => app.js->FUNCTION->local",
            "app.js->http:route->GET /orders => orders.js->FUNCTION->latest",
            "app.js->http:route->GET /show => handlers.js->FUNCTION->show",
            "app.js->http:route->POST /list => handlers.js->FUNCTION->create",
        ]
    );
}

#[test]
fn requests_are_made_by_calls() {
    let folder = project(&[(
        "a.ts",
        "import axios from 'axios';\nexport async function f(id: string) {\n  await fetch(`/users/${id}`, { method: 'post' }).then((r) => r.json());\n  axios.delete('/x');\n  return fetch(id);\n}\n",
    )]);
    let (_, export) = run(folder.path(), AnalyzeOptions::default());
    assert_eq!(
        nodes(&export, "http:request", "methodSource"),
        [
            "DELETE /x \"explicit\"",
            "GET dynamic \"default\"",
            "POST /users/${} \"explicit\"",
        ]
    );
    let made = edges(&export, "MAKES_REQUEST");
    assert_eq!(made.len(), 3, "{made:#?}");
    assert!(
        made[0].starts_with("a.ts->CALL->axios.delete[in:f] => "),
        "{made:#?}"
    );
}

struct Failing(&'static str);

impl Plugin for Failing {
    fn metadata(&self) -> Metadata {
        Metadata {
            fatal: self.0 == "fatal",
            ..Metadata::new(self.0)
        }
    }
}

impl EnrichmentPlugin for Failing {
    fn enrich(&self, _: &ProgramContext<'_>, rows: &mut Rows) -> Result<(), PluginError> {
        match self.0 {
            "panics" => panic!("oh no"),
            "steals" => rows.node("a.js", "FUNCTION", "f", (1, 0), "{}").map(drop),
            "first" | "second" => rows.node("a.js", "x:y", "same", (1, 0), "{}").map(drop),
            _ => Err(PluginError::new("it is broken")),
        }
    }
}

#[test]
fn a_plugin_that_fails_leaves_the_rest_alone() {
    let folder = project(&[("a.js", "export function f() {}")]);
    let mut plugins = Registry::default();
    for name in ["panics", "steals", "errs", "first", "second"] {
        plugins.enrichment(Failing(name));
    }
    // The validator of connectivity runs where it is named.
    let named = "plugins:\n  validation:\n    - graph-connectivity\n";
    let options = AnalyzeOptions {
        plugins,
        config: Config::parse(named).unwrap(),
        ..AnalyzeOptions::default()
    };
    let (report, export) = run(folder.path(), options);
    let told: Vec<&str> = report
        .diagnostics
        .iter()
        .map(|d| d.message.as_str())
        .collect();
    assert_eq!(told.len(), 5, "{told:#?}");
    for part in [
        // The node of `first` has no parent, and the validator says so.
        "1 nodes are not contained",
        "plugin panics failed",
        "oh no",
        "plugin errs failed",
        "it is broken",
        "mine:function",
        "already written by plugin first",
    ] {
        assert!(told.iter().any(|t| t.contains(part)), "{part}: {told:#?}");
    }
    assert!(export.contains("a.js->FUNCTION->f") && export.contains("a.js->x:y->same"));
    let mut plugins = Registry::default();
    plugins.enrichment(Failing("fatal"));
    let options = AnalyzeOptions {
        plugins,
        ..AnalyzeOptions::default()
    };
    let error = analyze(folder.path(), &MemoryStore::new(), &options, &NoProgress).unwrap_err();
    assert!(
        matches!(&error, Error::Plugins(text) if text.contains("fatal")),
        "{error}"
    );
}

#[cfg(unix)]
#[test]
fn a_program_can_be_a_plugin() {
    let folder = project(&[
        ("a.js", "import './b.js';"),
        ("b.js", ""),
        // Answers a node for each dependency, and what it was given.
        (
            "plugin.sh",
            "grep -c '\"kind\":\"module\"' > count\necho '{\"kind\":\"node\",\"file\":\"a.js\",\"type\":\"my:note\",\"name\":\"n\",\"line\":1,\"metadata\":{\"k\":[1]}}'\necho '{\"kind\":\"edge\",\"src\":\"a.js->my:note->n\",\"dst\":\"b.js->MODULE->module\",\"type\":\"MY_EDGE\"}'\necho '{\"kind\":\"diagnostic\",\"file\":\"b.js\",\"line\":1,\"code\":\"my-code\",\"message\":\"empty\"}'\n",
        ),
        ("slow.sh", "sleep 30\n"),
        ("wrong.sh", "echo nonsense\n"),
        ("fails.sh", "echo because >&2\nexit 3\n"),
    ]);
    let config = "plugins:\n  enrichment:\n    - {name: mine, command: [sh, plugin.sh]}\n    - {name: slow, command: [sh, slow.sh], timeout: 0.3}\n    - {name: wrong, command: sh wrong.sh}\n    - {name: fails, command: sh fails.sh}\n    - {name: absent, command: [no-such-program-here]}\n";
    let (report, export) = run(folder.path(), configured(config));
    assert_eq!(nodes(&export, "my:note", "k"), ["n [1]"]);
    assert_eq!(
        edges(&export, "MY_EDGE"),
        ["a.js->my:note->n => b.js->MODULE->module"]
    );
    assert_eq!(
        fs::read_to_string(folder.path().join("count"))
            .unwrap()
            .trim(),
        "2"
    );
    let told: Vec<&str> = report
        .diagnostics
        .iter()
        .map(|d| d.message.as_str())
        .collect();
    for part in [
        "slow failed",
        "longer than",
        "line 1 of its output",
        "because",
        "cannot start `no-such-program-here`",
        "empty",
    ] {
        assert!(told.iter().any(|t| t.contains(part)), "{part}: {told:#?}");
    }
    assert_eq!(told.len(), 5, "{told:#?}");
}

#[test]
fn a_program_that_changed_runs_again() {
    let script = |name: &str| {
        format!(
            "cat > /dev/null\necho '{{\"kind\":\"node\",\"file\":\"a.js\",\"type\":\"my:note\",\"name\":\"{name}\"}}'\n"
        )
    };
    let folder = project(&[("a.js", "1;"), ("plugin.sh", &script("one"))]);
    let cache = tempfile::tempdir().unwrap();
    let store = MemoryStore::new();
    let note = || {
        let options = AnalyzeOptions {
            cache: Some(cache.path().to_owned()),
            ..configured("plugins:\n  enrichment:\n    - {name: mine, command: [sh, plugin.sh]}\n")
        };
        analyze(folder.path(), &store, &options, &NoProgress).unwrap();
        nodes(&crate::common::export(&store), "my:note", "k")
    };
    assert_eq!(note(), ["one null"]);
    fs::write(folder.path().join("plugin.sh"), script("other")).unwrap();
    assert_eq!(note(), ["other null"]);
}

#[test]
fn configuration_selects_files_and_services() {
    let folder = project(&[
        ("apps/api/src/a.ts", "export const a = 1;"),
        ("apps/api/src/a.test.ts", ""),
        ("apps/web/b.ts", ""),
        ("tools/t.ts", ""),
    ]);
    let files = |options: AnalyzeOptions| {
        let (report, export) = run(folder.path(), options);
        (report.services, nodes(&export, "MODULE", "none").len())
    };
    let text = "services:\n - {name: api, path: apps/api, entryPoint: src/a.ts}\n - {name: web, path: apps/web}\nexclude: ['**/*.test.ts']\n";
    let names = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    assert_eq!(files(configured(text)), (names(&["api", "web"]), 2));
    assert_eq!(files(configured("include: [apps]\n")).1, 3);
    assert_eq!(files(configured("workspace: {roots: [tools]}\n")).1, 1);
    let service = |name: &str| AnalyzeOptions {
        service: Some(name.to_owned()),
        ..configured(text)
    };
    assert_eq!(files(service("web")).1, 1);
    let error = analyze(
        folder.path(),
        &MemoryStore::new(),
        &service("nope"),
        &NoProgress,
    )
    .unwrap_err();
    assert!(
        error.to_string().contains("the services are api, web"),
        "{error}"
    );
    let error = analyze(
        folder.path(),
        &MemoryStore::new(),
        &configured("include: ['x/**']"),
        &NoProgress,
    )
    .unwrap_err();
    assert!(
        error.to_string().contains("nothing to analyze is left"),
        "{error}"
    );
}

/// Consumes what the linker produces, and stands after it by name too.
struct AfterLinking;

impl Plugin for AfterLinking {
    fn metadata(&self) -> Metadata {
        Metadata::new("after-linking")
            .after(["linker", "module-analyzer"])
            .consumes(["CALLS"])
    }
}

impl EnrichmentPlugin for AfterLinking {
    fn enrich(&self, cx: &ProgramContext<'_>, _: &mut Rows) -> Result<(), PluginError> {
        match cx.links.files.len() {
            2 => Ok(()),
            other => Err(PluginError::new(format!("{other} files are linked"))),
        }
    }
}

#[test]
fn what_a_run_does_is_done_by_plugins() {
    let folder = project(&[
        ("a.js", "export const a = 1;"),
        ("b.js", "import './a.js';"),
    ]);
    let mut plugins = Registry::default();
    plugins.enrichment(AfterLinking);
    let options = AnalyzeOptions {
        plugins,
        ..configured("plugins:\n  enrichment: [linker]\n  validation: []\n")
    };
    assert_eq!(options.config.warnings, []);
    let (report, _) = run(folder.path(), options);
    assert_eq!(report.diagnostics, []);
    let steps: Vec<(String, Vec<&str>)> = report
        .phases
        .iter()
        .map(|of| {
            let steps = of.steps.iter().map(|step| step.step.as_str());
            (of.phase.to_string(), steps.collect())
        })
        .collect();
    for (phase, step) in [
        ("DISCOVERY", "file-walk"),
        ("INDEXING", "project-index"),
        ("DISCOVERY", "single-project"),
        ("ANALYSIS", "module-analyzer"),
        ("ENRICHMENT", "linker"),
        ("ENRICHMENT", "after-linking"),
        ("VALIDATION", "graph-counts"),
    ] {
        let of_phase = steps.iter().find(|(of, _)| of == phase);
        assert!(
            of_phase.is_some_and(|(_, steps)| steps.contains(&step)),
            "{phase} has no {step}: {steps:?}"
        );
    }
    let typo = Config::parse("plugins:\n  enrichment: [liker]\n");
    let text = format!("{:?}", typo.map_err(|error| error.to_string()));
    assert!(text.contains("did you mean `linker`?"), "{text}");
}

/// Two services behind a proxy, and one that calls them.
fn services() -> tempfile::TempDir {
    project(&[
        (
            "package.json",
            r#"{"name":"shop","dependencies":{"express":"4"}}"#,
        ),
        (
            "api/app.js",
            "import express from 'express';\nimport users from './users.js';\nconst app = express();\napp.use('/v1', users);\napp.get('/health', (q, s) => s.end());\n",
        ),
        (
            "api/users.js",
            "import { Router } from 'express';\nconst router = Router();\nrouter.get('/users/me', (q, s) => s.end());\nrouter.get('/users/:id', (q, s) => s.end());\nrouter.all('/users', (q, s) => s.end());\nexport default router;\n",
        ),
        (
            "billing/app.js",
            "import express from 'express';\nconst app = express();\napp.get('/health', (q, s) => s.end());\napp.post('/invoices', (q, s) => s.end());\n",
        ),
        (
            "web/main.js",
            "fetch('/api/users/me');\nfetch('/api/users/7?full=1');\nfetch('/api/users', { method: 'DELETE' });\nfetch('/invoices', { method: 'POST' });\nfetch('http://billing.local/health');\nfetch('/api/nothing');\nfetch(window.name);\n",
        ),
    ])
}

const SERVICES: &str = "services:\n  - {name: api, path: api}\n  - {name: billing, path: billing}\n  - {name: web, path: web}\n";

#[test]
fn requests_reach_routes_as_routing_says() {
    let folder = services();
    let routing = "routing:\n  - {from: web, to: api, stripPrefix: /api, addPrefix: /v1}\n";
    let (report, export) = run(folder.path(), configured(&format!("{SERVICES}{routing}")));
    assert_eq!(report.diagnostics, []);
    assert_eq!(
        edges(&export, "INTERACTS_WITH"),
        [
            "web/main.js->http:request->DELETE /api/users => api/users.js->http:route->ALL /users",
            "web/main.js->http:request->GET /api/users/7?full=1 => api/users.js->http:route->GET /users/:id",
            "web/main.js->http:request->GET /api/users/me => api/users.js->http:route->GET /users/me",
            "web/main.js->http:request->GET http://billing.local/health => api/app.js->http:route->GET /health",
            "web/main.js->http:request->GET http://billing.local/health => billing/app.js->http:route->GET /health",
            "web/main.js->http:request->POST /invoices => billing/app.js->http:route->POST /invoices",
        ]
    );
    assert!(export.contains(r#"{"matchType":"parametric"}"#), "{export}");

    // Of the rules that fit, one counts.
    let to_billing = format!("{SERVICES}{routing}  - {{from: web, to: billing, priority: 1}}\n");
    let (_, export) = run(folder.path(), configured(&to_billing));
    assert_eq!(
        edges(&export, "INTERACTS_WITH"),
        [
            "web/main.js->http:request->GET http://billing.local/health => billing/app.js->http:route->GET /health",
            "web/main.js->http:request->POST /invoices => billing/app.js->http:route->POST /invoices",
        ]
    );
    // Without rules, paths are taken as they are.
    let (_, export) = run(folder.path(), AnalyzeOptions::default());
    assert_eq!(edges(&export, "INTERACTS_WITH").len(), 3);
}
