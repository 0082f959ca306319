//! What a `package.json` says of the files that others use it by.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Conditions of `exports` that say for whom a file is, not what it is: `browser` and the like can name a source that others
/// must not get.
const PLATFORMS: &[&str] = &[
    "browser",
    "bun",
    "deno",
    "edge",
    "edge-light",
    "edge-routine",
    "electron",
    "fastly",
    "netlify",
    "node",
    "node-addons",
    "production",
    "react-native",
    "react-server",
    "require",
    "test",
    "wintercg",
    "worker",
    "workerd",
    "worklet",
];

/// The files of a package that others use it by.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct EntryPoints {
    /// Paths in the package, sorted. Many are products of a build that is not there.
    pub(crate) files: Vec<String>,
    /// Conditions under which it names its own sources, as `@org/source`, sorted.
    pub(crate) source_conditions: Vec<String>,
}

impl EntryPoints {
    /// Of the `main` of a `package.json` and its other fields.
    pub(crate) fn of(main: Option<&Value>, others: &Map<String, Value>) -> EntryPoints {
        let mut found = Found::default();
        let fields = ["module", "types", "typings", "exports", "imports"];
        let others = fields.iter().filter_map(|&field| others.get(field));
        for value in main.into_iter().chain(others) {
            found.add(value, None);
        }
        EntryPoints {
            files: found.files.into_iter().collect(),
            source_conditions: found.conditions.into_iter().collect(),
        }
    }
}

#[derive(Default)]
struct Found {
    files: BTreeSet<String>,
    conditions: BTreeSet<String>,
}

impl Found {
    /// A target, or what names targets, under a condition.
    fn add(&mut self, value: &Value, condition: Option<&str>) {
        match value {
            Value::String(file) => self.add_file(file, condition),
            Value::Array(targets) => targets
                .iter()
                .for_each(|target| self.add(target, condition)),
            Value::Object(targets) => {
                for (key, target) in targets {
                    // A subpath, or an import of the package itself.
                    let is_path = key.starts_with(['.', '#']);
                    self.add(target, (!is_path).then_some(key));
                }
            }
            _ => {}
        }
    }

    fn add_file(&mut self, file: &str, condition: Option<&str>) {
        let file = file.strip_prefix("./").unwrap_or(file);
        if file.is_empty() || file.starts_with(['.', '/']) {
            return;
        }
        if let Some(condition) = condition
            && is_typescript(file)
            && !PLATFORMS.contains(&condition)
        {
            self.conditions.insert(condition.to_owned());
        }
        if !file.contains('*') {
            self.files.insert(file.to_owned());
        }
    }
}

/// Whether a file is a source in TypeScript, which no package is published with for others than itself.
fn is_typescript(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    let is_source = [".ts", ".tsx", ".mts", ".cts"]
        .iter()
        .any(|extension| name.ends_with(extension));
    is_source && !name.contains(".d.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(manifest: &str) -> (Vec<String>, Vec<String>) {
        let manifest: Map<String, Value> = serde_json::from_str(manifest).unwrap();
        let found = EntryPoints::of(manifest.get("main"), &manifest);
        (found.files, found.source_conditions)
    }

    #[test]
    fn files_and_conditions_are_found_at_any_depth() {
        let (files, conditions) = of(r##"{
            "main": "./index.cjs",
            "types": "index.d.ts",
            "bin": { "tool": "./bin.js" },
            "exports": {
                ".": {
                    "@org/source": "./src/index.ts",
                    "import": { "development": "./src/dev.mts", "default": ["./esm/index.js", null] }
                },
                "./*": { "@org/all": "./src/*.ts", "import": "./*.js" },
                "./styles.css": "./styles.css"
            },
            "imports": { "#own": { "src": "./src/own.tsx", "browser": "./src/web.ts", "types": "./own.d.ts" } }
        }"##);
        assert_eq!(
            files,
            [
                "esm/index.js",
                "index.cjs",
                "index.d.ts",
                "own.d.ts",
                "src/dev.mts",
                "src/index.ts",
                "src/own.tsx",
                "src/web.ts",
                "styles.css"
            ]
        );
        assert_eq!(
            conditions,
            ["@org/all", "@org/source", "development", "src"]
        );
    }

    #[test]
    fn what_is_no_path_in_the_package_is_left_out() {
        let (files, conditions) =
            of(r#"{ "main": "../up.js", "module": 1, "exports": ["/a.ts", "", false] }"#);
        assert!(files.is_empty() && conditions.is_empty());
    }
}
