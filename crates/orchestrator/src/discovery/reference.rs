//! The walk finds what the walker of the crate `ignore` finds, in random trees.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use graph_model::is_source;
use ignore::WalkBuilder;
use proptest::prelude::*;

use super::{SKIPPED_DIRECTORIES, discover, project_root};

/// Folders, one of them a repository below the root.
const FOLDERS: &[&str] = &["", "a/", "a/b/", "a/b/c/", "b/", "b/a/", "src/", "src/a/b/"];

const FILES: &[&str] = &[
    "x.js",
    "y.ts",
    "z.gen.js",
    "keep.gen.js",
    "a.js",
    "b",
    "#x.js",
    "!x.js",
    "with space.js",
];

/// Lines of `.gitignore` files.
const PATTERNS: &[&str] = &[
    "*.gen.js",
    "!keep.gen.js",
    "!*.gen.js",
    "a/",
    "/a",
    "!/a/",
    "b",
    "!b",
    "b/",
    "/b/a/",
    "a/b",
    "!a/b",
    "**/b/*.js",
    "a/**",
    "!a/**/x.js",
    "src/**/b",
    "*",
    "!*/",
    "!*.js",
    "/*",
    "!/src",
    "x.js",
    "!x.js",
    "/x.js",
    "?.ts",
    "[xy].*",
    "[!x].js",
    "\\#x.js",
    "\\!x.js",
    "with space.js",
    "x.js   ",
    "# x.js",
    "",
    "*.{js,ts}",
    "a/../b",
];

/// What is in a folder besides files: lines of its `.gitignore` and, if it is a repository, of its excludes.
#[derive(Debug, Clone)]
struct Folder {
    rules: Vec<&'static str>,
    repository: Option<Vec<&'static str>>,
    files: BTreeSet<&'static str>,
}

fn lines() -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(prop::sample::select(PATTERNS), 0..4)
}

fn folder() -> impl Strategy<Value = Folder> {
    let repository = prop_oneof![4 => Just(None), 1 => lines().prop_map(Some)];
    let rules = prop_oneof![1 => Just(Vec::new()), 1 => lines()];
    let files = prop::collection::btree_set(prop::sample::select(FILES), 0..6);
    (rules, repository, files).prop_map(|(rules, repository, files)| Folder {
        rules,
        repository,
        files,
    })
}

fn make(root: &Path, folders: &[Folder]) {
    for name in FOLDERS {
        fs::create_dir_all(root.join(name)).unwrap();
    }
    for (name, folder) in FOLDERS.iter().zip(folders) {
        let path = root.join(name);
        for file in &folder.files {
            // A folder of another can have the name of a file.
            if !path.join(file).is_dir() {
                fs::write(path.join(file), "").unwrap();
            }
        }
        if !folder.rules.is_empty() {
            fs::write(path.join(".gitignore"), folder.rules.join("\n")).unwrap();
        }
        if let Some(excludes) = &folder.repository {
            fs::create_dir_all(path.join(".git/info")).unwrap();
            fs::write(path.join(".git/info/exclude"), excludes.join("\n")).unwrap();
        }
    }
}

/// The sources below a folder, by the walker of `ignore`. Rules of the machine and of other tools do not count: the same
/// project has the same graph everywhere. That walker knows where a repository ends only if it asks for one.
fn expected(root: &Path, in_repository: bool) -> Vec<String> {
    let walk = WalkBuilder::new(root)
        .standard_filters(false)
        .git_ignore(true)
        .git_exclude(true)
        .require_git(in_repository)
        .parents(false)
        .filter_entry(|entry| {
            let name = entry.file_name().to_string_lossy();
            !SKIPPED_DIRECTORIES.contains(&&*name)
        })
        .build();
    let files = walk.map(Result::unwrap).filter(|entry| {
        let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
        is_file && is_source(&entry.file_name().to_string_lossy())
    });
    let relative = files.map(|entry| {
        let path = entry.path().strip_prefix(root).unwrap();
        path.to_str().unwrap().to_owned()
    });
    let mut paths: Vec<String> = relative.collect();
    paths.sort_unstable();
    paths
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_walk_finds_what_the_walker_of_ignore_finds(
        mut folders in prop::collection::vec(folder(), FOLDERS.len()),
        in_repository in any::<bool>(),
    ) {
        match in_repository {
            true => drop(folders[0].repository.get_or_insert_default()),
            false => folders.iter_mut().for_each(|folder| folder.repository = None),
        }
        let dir = tempfile::tempdir().unwrap();
        let root = project_root(dir.path()).unwrap();
        make(&root, &folders);
        let found = discover(&root).files;
        let found: Vec<String> = found.into_iter().map(|file| file.path).collect();
        prop_assert_eq!(found, expected(&root, in_repository));
    }
}
