//! Files besides sources that decide how modules are joined: `package.json`, the workspace lists of package managers,
//! `tsconfig.json`, or what stands in its place, with all that it extends; and the programs that are plugins.
//!
//! The linker reads them itself. Here is only told whether any of them changed since the last run.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use crate::cache::InputRecord;
use crate::config::Config;
use crate::discovery::Discovery;
use crate::stamp::Stamp;

/// Files of the project's root that list workspace packages.
const WORKSPACE_LISTS: &[&str] = &["pnpm-workspace.yaml", "lerna.json"];
/// What is meant in a folder that is extended.
const TSCONFIG: &str = "tsconfig.json";

/// The inputs as they are now, by path; `known` are those of the last run, at the time `seen`. A file whose stamp did not
/// change is not read.
pub(crate) fn collect(
    root: &Path,
    discovery: &Discovery,
    config: &Config,
    known: &[InputRecord],
    seen: i64,
) -> Vec<InputRecord> {
    let programs: BTreeSet<String> = match std::env::var_os("PATH") {
        Some(folders) if !config.plugins.is_empty() => config
            .programs()
            .filter_map(|program| on_path(root, program, &folders))
            .map(|program| text(&program))
            .collect(),
        _ => BTreeSet::new(),
    };
    let discovered: BTreeSet<String> = discovery
        .manifests
        .iter()
        .chain(&discovery.configs)
        .cloned()
        .chain(WORKSPACE_LISTS.iter().map(|file| (*file).to_owned()))
        .chain(
            root.ancestors()
                .skip(1)
                .flat_map(|folder| linker::tsconfig_names().map(|name| text(&folder.join(name)))),
        )
        .chain(programs.iter().cloned())
        // The other programs of external plugins, and their scripts.
        .chain(
            config
                .command_words()
                .filter(|word| root.join(word).is_file())
                .map(str::to_owned),
        )
        .collect();
    let known_discovered = known.iter().filter(|input| input.discovered);
    if discovered
        .iter()
        .eq(known_discovered.map(|input| &input.path))
    {
        // As long as none of them changed, they also extend the same files.
        let same = known.iter().all(|input| {
            let now = stamp(&root.join(&input.path));
            now == input.stamp && now.is_none_or(|stamp| !stamp.is_racy(seen))
        });
        if same {
            return known.to_vec();
        }
    }
    let mut inputs = BTreeMap::new();
    let mut open: Vec<String> = discovered.iter().cloned().collect();
    while let Some(path) = open.pop() {
        if inputs.contains_key(&path) {
            continue;
        }
        let full = root.join(&path);
        let stamp = stamp(&full);
        // What is installed can be large, and is not edited: its stamp says enough.
        let is_program = programs.contains(&path);
        let bytes = match stamp {
            Some(stamp) if is_program => Some(stamp.bytes().to_vec()),
            Some(_) => fs::read(&full).ok(),
            None => None,
        };
        let hash = bytes.as_deref().map_or([0; 32], analyzer::content_hash);
        if let Some(bytes) = &bytes
            && !is_program
            && path.ends_with(".json")
            && !path.ends_with("package.json")
        {
            for extended in extended_files(&String::from_utf8_lossy(bytes)) {
                let folder = full.parent().unwrap_or(root);
                for candidate in candidates(&folder.join(extended)) {
                    let relative = candidate.strip_prefix(root).unwrap_or(&candidate);
                    open.push(text(relative));
                }
            }
        }
        let discovered = discovered.contains(&path);
        inputs.insert(
            path.clone(),
            InputRecord {
                path,
                stamp,
                hash,
                discovered,
            },
        );
    }
    inputs.into_values().collect()
}

/// Whether two collections say the same of contents.
pub(crate) fn same_contents(a: &[InputRecord], b: &[InputRecord]) -> bool {
    let content = |input: &InputRecord| (input.stamp.is_some(), input.hash);
    a.len() == b.len()
        && a.iter()
            .zip(b)
            .all(|(a, b)| a.path == b.path && content(a) == content(b))
}

/// The file that a program's name leads to through the folders of PATH, as when it is started in the project.
fn on_path(root: &Path, program: &str, folders: &OsStr) -> Option<PathBuf> {
    if program.is_empty() || program.contains(std::path::is_separator) {
        return None;
    }
    let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(folders)
        .map(|folder| root.join(folder).join(&file))
        .find(|file| is_executable(file))
}

#[cfg(unix)]
fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(file).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(file: &Path) -> bool {
    file.is_file()
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(path).ok()?;
    metadata.is_file().then(|| Stamp::of(&metadata))
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// What a `tsconfig.json` names after `extends`: one text or a list of texts. Texts in comments are taken for more of the
/// same, which costs a look at files that are not there.
fn extended_files(config: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (at, key) in config.match_indices("\"extends\"") {
        let rest = config[at + key.len()..].trim_start();
        let Some(rest) = rest.strip_prefix(':').map(str::trim_start) else {
            continue;
        };
        let values = match rest.strip_prefix('[') {
            Some(list) => &list[..list.find(']').unwrap_or(list.len())],
            None => &rest[..rest.find([',', '}', '\n']).unwrap_or(rest.len())],
        };
        found.extend(values.split('"').skip(1).step_by(2));
    }
    found
}

/// The files that a name after `extends` can stand for. Names of packages lead nowhere: `node_modules` is not read.
fn candidates(path: &Path) -> Vec<PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => {
                plain.pop();
            }
            std::path::Component::CurDir => {}
            part => plain.push(part),
        }
    }
    let mut with_extension = plain.clone().into_os_string();
    with_extension.push(".json");
    vec![plain.join(TSCONFIG), PathBuf::from(with_extension), plain]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discovery::discover;

    fn collected(root: &Path, known: &[InputRecord], seen: i64) -> Vec<InputRecord> {
        collect(root, &discover(root), &Config::default(), known, seen)
    }

    #[test]
    fn a_change_of_what_a_tsconfig_extends_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        fs::create_dir_all(root.join(".nuxt")).unwrap();
        fs::write(
            root.join("tsconfig.json"),
            "{ // \"extends\": \"./old\"\n \"extends\": [\"./.nuxt/base\", \"pkg\"] }",
        )
        .unwrap();
        fs::write(root.join("a.js"), "").unwrap();
        let without = collected(&root, &[], 0);
        fs::write(root.join(".nuxt/base.json"), "{}").unwrap();
        let with = collected(&root, &without, 0);
        assert!(!same_contents(&without, &with));
        fs::write(root.join(".nuxt/base.json"), "{\"x\":1}").unwrap();
        let changed = collected(&root, &with, 0);
        assert!(!same_contents(&with, &changed));
        // With nothing racy, nothing is read.
        assert_eq!(collected(&root, &changed, i64::MAX), changed);
    }

    #[test]
    fn a_new_manifest_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        fs::write(root.join("a.js"), "").unwrap();
        let none = collected(&root, &[], 0);
        assert!(same_contents(&none, &collected(&root, &none, i64::MAX)));
        fs::write(root.join("package.json"), "{}").unwrap();
        assert!(!same_contents(&none, &collected(&root, &none, i64::MAX)));
    }

    #[cfg(unix)]
    #[test]
    fn programs_are_found_as_they_are_started() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        for (file, mode) in [("a/tool", 0o644), ("b/tool", 0o755), ("c/tool", 0o755)] {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        }
        let folders = std::env::join_paths([root.join("a"), "b".into(), root.join("c")]).unwrap();
        let found = |program| on_path(&root, program, &folders);
        assert_eq!(found("tool"), Some(root.join("b/tool")));
        assert_eq!(found("other"), None);
        assert_eq!(found("./tool"), None);
        assert_eq!(found(""), None);
    }

    #[cfg(unix)]
    #[test]
    fn another_program_of_a_plugin_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        fs::write(root.join("a.js"), "").unwrap();
        let with = |command: &str| {
            let text =
                format!("plugins:\n  enrichment:\n    - {{name: mine, command: {command}}}\n");
            let config = Config::parse(&text).unwrap();
            collect(&root, &discover(&root), &config, &[], 0)
        };
        let (sh, none) = (with("sh -c true"), with("no-such-program-here"));
        let program = sh.iter().find(|input| input.path.ends_with("/sh"));
        assert!(program.is_some_and(|input| input.stamp.is_some() && input.hash != [0; 32]));
        assert!(!same_contents(&sh, &none));
        assert!(same_contents(&sh, &with("sh -c true")));
    }

    #[test]
    fn texts_after_extends() {
        assert_eq!(extended_files(r#"{"extends":"../a","b":"c"}"#), ["../a"]);
        assert_eq!(
            extended_files("{\"extends\" : [\n\"a\",\"./b\"]}"),
            ["a", "./b"]
        );
        assert!(extended_files(r#"{"extended":"a"}"#).is_empty());
    }
}
