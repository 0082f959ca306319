//! Files besides sources that decide how modules are joined: `package.json`, the workspace lists of package managers,
//! `tsconfig.json` with all that it extends; and the programs that are plugins.
//!
//! The linker reads them itself. Here is only told whether any of them changed since the last run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::cache::InputRecord;
use crate::config::Config;
use crate::discovery::Discovery;
use crate::stamp::Stamp;

/// Files of the project's root that list workspace packages.
const WORKSPACE_LISTS: &[&str] = &["pnpm-workspace.yaml", "lerna.json"];
/// The file that configures TypeScript for its folder and those below.
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
    let discovered: BTreeSet<String> = discovery
        .manifests
        .iter()
        .chain(&discovery.configs)
        .cloned()
        .chain(WORKSPACE_LISTS.iter().map(|file| (*file).to_owned()))
        .chain(
            root.ancestors()
                .skip(1)
                .map(|folder| text(&folder.join(TSCONFIG))),
        )
        // The programs and scripts of external plugins, as far as they are not found through PATH.
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
        let bytes = stamp.and_then(|_| fs::read(&full).ok());
        let hash = bytes.as_deref().map_or([0; 32], analyzer::content_hash);
        if let Some(bytes) = &bytes
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
