//! The `package.json` files of a project, and which of them are its workspace packages.

use std::fs;
use std::path::Path;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use rayon::prelude::*;
use serde::Deserialize;
use yaml_rust2::YamlLoader;

use graph_model::Diagnostic;

use crate::entry_points::EntryPoints;

/// A `package.json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Folder relative to the project, with `/`; empty for the project's own.
    pub directory: String,
    /// `name`.
    pub name: Option<String>,
    /// `version`.
    pub version: Option<String>,
    /// `main`.
    pub main: Option<String>,
    /// Names of `dependencies`, sorted.
    pub dependencies: Vec<String>,
    /// Paths in its folder of the files that `main`, `module`, `types`, `exports` and `imports` name, sorted; those with a `*`
    /// left out. Many are products of a build that is not there.
    pub entry_points: Vec<String>,
    /// Conditions under which `exports` and `imports` name sources in TypeScript, as `@org/source`, sorted.
    pub source_conditions: Vec<String>,
    /// Whether the project's root lists it as a workspace.
    pub is_workspace: bool,
}

/// All packages of a project.
#[derive(Debug, Clone, Default)]
pub struct Packages {
    /// By folder, the project's own first.
    pub all: Vec<Package>,
}

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    name: Option<serde_json::Value>,
    #[serde(default)]
    version: Option<serde_json::Value>,
    #[serde(default)]
    main: Option<serde_json::Value>,
    #[serde(default)]
    dependencies: Option<serde_json::Value>,
    #[serde(default)]
    workspaces: Option<serde_json::Value>,
    #[serde(flatten)]
    others: serde_json::Map<String, serde_json::Value>,
}

impl Packages {
    /// Reads the `package.json` files that DISCOVERY found, on the threads of the current pool. One that cannot be read or is no
    /// JSON object is left out with a warning.
    #[must_use]
    pub fn read(root: &Path, manifests: &[String], warnings: &mut Vec<Diagnostic>) -> Self {
        let mut patterns = Patterns::default();
        patterns.add_pnpm(root, warnings);
        patterns.add_lerna(root, warnings);
        let read: Vec<Result<(Package, Option<serde_json::Value>), Diagnostic>> = manifests
            .par_iter()
            .with_max_len(8)
            .map(|file| Package::read(root, file))
            .collect();
        let mut all = Vec::with_capacity(read.len());
        for package in read {
            match package {
                Ok((package, workspaces)) => {
                    if package.directory.is_empty() {
                        patterns.add_json(workspaces.as_ref());
                    }
                    all.push(package);
                }
                Err(warning) => warnings.push(warning),
            }
        }
        all.sort_by(|a, b| a.directory.cmp(&b.directory));
        let set = patterns.build(warnings);
        for package in &mut all {
            package.is_workspace =
                !package.directory.is_empty() && set.contains(&package.directory);
        }
        Packages { all }
    }

    /// The workspace packages, by folder.
    pub fn workspaces(&self) -> impl Iterator<Item = &Package> {
        self.all.iter().filter(|p| p.is_workspace)
    }

    /// The project's own package.
    #[must_use]
    pub fn root(&self) -> Option<&Package> {
        self.all.first().filter(|p| p.directory.is_empty())
    }
}

impl Package {
    /// Reads a `package.json`; also its list of workspaces, which counts in the project's own.
    fn read(root: &Path, file: &str) -> Result<(Package, Option<serde_json::Value>), Diagnostic> {
        let invalid =
            |message: String| Diagnostic::file_warning("invalid-package-json", file, message);
        let text = fs::read_to_string(root.join(file))
            .map_err(|error| invalid(format!("cannot be read: {error}")))?;
        let manifest: Manifest = serde_json::from_str(text.trim_start_matches('\u{feff}'))
            .map_err(|error| invalid(format!("not a valid package.json: {error}")))?;
        let directory = file
            .strip_suffix("package.json")
            .unwrap_or(file)
            .trim_end_matches('/')
            .to_owned();
        let text = |value: Option<serde_json::Value>| {
            value
                .and_then(|v| v.as_str().map(str::to_owned))
                .filter(|text| !text.is_empty())
        };
        let mut dependencies: Vec<String> = manifest
            .dependencies
            .as_ref()
            .and_then(|d| d.as_object())
            .map(|d| d.keys().cloned().collect())
            .unwrap_or_default();
        dependencies.sort_unstable();
        let entry_points = EntryPoints::of(manifest.main.as_ref(), &manifest.others);
        let package = Package {
            directory,
            name: text(manifest.name),
            version: text(manifest.version),
            main: text(manifest.main),
            dependencies,
            entry_points: entry_points.files,
            source_conditions: entry_points.source_conditions,
            is_workspace: false,
        };
        Ok((package, manifest.workspaces))
    }
}

/// Globs that name workspace folders; one that begins with `!` takes folders away.
#[derive(Default)]
struct Patterns {
    globs: Vec<String>,
}

struct WorkspaceSet {
    included: GlobSet,
    excluded: GlobSet,
}

impl WorkspaceSet {
    fn contains(&self, directory: &str) -> bool {
        self.included.is_match(directory) && !self.excluded.is_match(directory)
    }
}

impl Patterns {
    /// `workspaces` of npm and yarn: a list, or an object with the list `packages`.
    fn add_json(&mut self, value: Option<&serde_json::Value>) {
        let list = value.and_then(|v| v.as_array().or_else(|| v.get("packages")?.as_array()));
        self.globs.extend(
            list.into_iter()
                .flatten()
                .filter_map(|v| v.as_str().map(str::to_owned)),
        );
    }

    fn add_lerna(&mut self, root: &Path, warnings: &mut Vec<Diagnostic>) {
        let Ok(text) = fs::read_to_string(root.join("lerna.json")) else {
            return;
        };
        match serde_json::from_str::<serde_json::Value>(&text) {
            Ok(value) => self.add_json(Some(&value)),
            Err(error) => {
                warnings.push(Diagnostic::file_warning(
                    "invalid-workspaces",
                    "lerna.json",
                    error.to_string(),
                ));
            }
        }
    }

    fn add_pnpm(&mut self, root: &Path, warnings: &mut Vec<Diagnostic>) {
        const FILE: &str = "pnpm-workspace.yaml";
        let Ok(text) = fs::read_to_string(root.join(FILE)) else {
            return;
        };
        match YamlLoader::load_from_str(&text) {
            Ok(documents) => {
                let list = documents.first().and_then(|d| d["packages"].as_vec());
                self.globs.extend(
                    list.into_iter()
                        .flatten()
                        .filter_map(|v| v.as_str().map(str::to_owned)),
                );
            }
            Err(error) => warnings.push(Diagnostic::file_warning(
                "invalid-workspaces",
                FILE,
                error.to_string(),
            )),
        }
    }

    fn build(self, warnings: &mut Vec<Diagnostic>) -> WorkspaceSet {
        let (mut included, mut excluded) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        for glob in &self.globs {
            let (set, pattern) = match glob.strip_prefix('!') {
                Some(pattern) => (&mut excluded, pattern),
                None => (&mut included, glob.as_str()),
            };
            let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
            match GlobBuilder::new(pattern).literal_separator(true).build() {
                Ok(glob) => {
                    set.add(glob);
                }
                Err(error) => {
                    warnings.push(Diagnostic::file_warning(
                        "invalid-workspaces",
                        "package.json",
                        error.to_string(),
                    ));
                }
            }
        }
        let build = |set: GlobSetBuilder| set.build().unwrap_or_else(|_| GlobSet::empty());
        WorkspaceSet {
            included: build(included),
            excluded: build(excluded),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(files: &[(&str, &str)]) -> (Packages, Vec<Diagnostic>) {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let manifests: Vec<String> = files
            .iter()
            .map(|f| f.0.to_owned())
            .filter(|f| f.ends_with("package.json"))
            .collect();
        let mut warnings = Vec::new();
        let packages = Packages::read(dir.path(), &manifests, &mut warnings);
        (packages, warnings)
    }

    fn workspaces(files: &[(&str, &str)]) -> Vec<String> {
        read(files)
            .0
            .workspaces()
            .map(|p| p.directory.clone())
            .collect()
    }

    #[test]
    fn workspaces_of_npm_yarn_pnpm_and_lerna() {
        let packages = [
            ("packages/a/package.json", "{}"),
            ("packages/b/package.json", "{}"),
            ("x/package.json", "{}"),
        ];
        let with = |file, text| {
            let mut files = packages.to_vec();
            files.push((file, text));
            workspaces(&files)
        };
        let both = ["packages/a", "packages/b"];
        assert_eq!(
            with("package.json", r#"{"workspaces":["packages/*"]}"#),
            both
        );
        assert_eq!(
            with(
                "package.json",
                r#"{"workspaces":{"packages":["./packages/*/"]}}"#
            ),
            both
        );
        assert_eq!(
            with(
                "pnpm-workspace.yaml",
                "packages:\n  - 'packages/**'\n  - '!**/b'\n"
            ),
            ["packages/a"]
        );
        assert_eq!(with("lerna.json", r#"{"packages":["x"]}"#), ["x"]);
        assert!(workspaces(&packages).is_empty());
    }

    #[test]
    fn broken_manifests_are_named() {
        let (packages, warnings) = read(&[
            ("package.json", "{"),
            ("a/package.json", r#"{"name":7,"version":"1.0.0"}"#),
        ]);
        assert_eq!(packages.all.len(), 1);
        assert_eq!(
            (
                packages.all[0].name.as_deref(),
                packages.all[0].version.as_deref()
            ),
            (None, Some("1.0.0"))
        );
        assert_eq!(
            (warnings[0].code, warnings[0].file.as_str()),
            ("invalid-package-json", "package.json")
        );
    }
}
