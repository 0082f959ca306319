//! DISCOVERY: which files of a folder are analyzed.
//!
//! [`Discovery`] is what a plugin answers that lists files. Ours, `file-walk`, walks through the folders of the project.
//! Its rules: the extensions of which a plugin makes modules; no declaration files; nothing that a `.gitignore` of the project
//! (or of the Git repository around it) excludes, whether or not there is a `.git`; not the folders of
//! [`SKIPPED_DIRECTORIES`]; not the folders of [`BUILD_DIRECTORIES`] where build tools put their output: at the root
//! or beside a `package.json`. Symbolic links are followed where they lead out of the project; inside of it the file is
//! analyzed where it really is.

mod ignored;
#[cfg(test)]
mod reference;
mod walk;

use std::ffi::OsStr;
use std::fs;
use std::hash::BuildHasher as _;
use std::io;
use std::path::{Path, PathBuf};

use graph_model::{Diagnostic, SOURCE_EXTENSIONS};
use rustc_hash::FxBuildHasher;

use crate::Error;
use crate::plugin::{FilesContext, PluginError, Sources};
use crate::stamp::Stamp;
use walk::Walk;

/// Folders that are never entered, wherever they are.
pub const SKIPPED_DIRECTORIES: &[&str] = &[
    "node_modules",
    "bower_components",
    "jspm_packages",
    ".git",
    ".hg",
    ".svn",
    ".grafema",
    ".yarn",
    ".pnpm-store",
    ".next",
    ".nuxt",
    ".output",
    ".svelte-kit",
    ".angular",
    ".expo",
    ".docusaurus",
    ".turbo",
    ".cache",
    ".parcel-cache",
    ".nyc_output",
    ".vercel",
    ".netlify",
];

/// Folders that are not entered at the root of the project or beside a `package.json`; anywhere else a folder of
/// that name holds sources.
pub const BUILD_DIRECTORIES: &[&str] = &["dist", "build", "out", "coverage", "target"];

/// Larger files are bundles that no one wrote by hand.
pub const MAX_FILE_BYTES: u64 = 5 * 1024 * 1024;

/// A file to analyze.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceFile {
    /// Path relative to the project, with `/`.
    pub path: String,
    /// Size in bytes when it was found.
    pub bytes: u64,
    /// What the file system said of it.
    pub stamp: Stamp,
}

/// What DISCOVERY found.
#[derive(Debug, Default)]
pub struct Discovery {
    /// Files to analyze, by path.
    pub files: Vec<SourceFile>,
    /// Every `package.json` outside of `node_modules`, relative to the project, by path.
    pub manifests: Vec<String>,
    /// Every file that can be a `tsconfig.json` or part of one, relative to the project, by path.
    pub configs: Vec<String>,
    /// A sum over the names of all files that were seen, analyzed or not: it changes when one is added or goes.
    pub listing: u64,
    /// Files and folders that were skipped although their name says that they should be analyzed.
    pub warnings: Vec<Diagnostic>,
}

impl Discovery {
    /// Adds a file by its path relative to the project, with `/`: to the sources if it is one, to the `package.json` or
    /// configuration files if it is one of those, else only to the listing. What keeps a source from being analyzed is a
    /// warning.
    pub fn add(&mut self, cx: &FilesContext<'_>, path: &str) {
        let name = path.rsplit('/').next().unwrap_or(path);
        let folder = &path[..path.len() - name.len()];
        let metadata = || fs::metadata(cx.root.join(path));
        self.add_file(cx.sources, (folder, true), OsStr::new(name), metadata);
    }

    /// Adds a file of a folder, whose path ends with `/` if it is not empty; and is that path, or a text that was made of it.
    fn add_file(
        &mut self,
        sources: &Sources,
        (folder, is_text): (&str, bool),
        file_name: &OsStr,
        metadata: impl FnOnce() -> io::Result<fs::Metadata>,
    ) {
        let hash = FxBuildHasher.hash_one((folder, file_name));
        self.listing = self.listing.wrapping_add(hash);
        let name = file_name.to_string_lossy();
        let path = || [folder, &name].concat();
        if name == "package.json" {
            return self.manifests.push(path());
        }
        if name.ends_with(".json") && name.contains("config") {
            return self.configs.push(path());
        }
        if !sources.contains(&name) {
            return;
        }
        let path = path();
        if file_name.to_str().is_none() || !is_text {
            let message = "the name of the file is not valid UTF-8: rename it to have it analyzed";
            return (self.warnings).push(Diagnostic::file_warning(
                "path-not-unicode",
                path,
                message,
            ));
        }
        match metadata() {
            Ok(metadata) if metadata.len() > MAX_FILE_BYTES => {
                let message = format!(
                    "{:.1} MB, more than the {} MB up to which files are analyzed: probably a bundle",
                    metadata.len() as f64 / 1e6,
                    MAX_FILE_BYTES / (1024 * 1024)
                );
                let warning = Diagnostic::file_warning("file-too-large", path, message);
                self.warnings.push(warning);
            }
            Ok(metadata) => self.files.push(SourceFile {
                path,
                bytes: metadata.len(),
                stamp: Stamp::of(&metadata),
            }),
            Err(error) => self.warnings.push(unreadable(path, &error)),
        }
    }

    /// Adds what another has.
    pub(crate) fn append(&mut self, other: Discovery) {
        self.files.extend(other.files);
        self.manifests.extend(other.manifests);
        self.configs.extend(other.configs);
        self.warnings.extend(other.warnings);
        self.listing = self.listing.wrapping_add(other.listing);
    }

    /// The same, in order, each path once.
    pub(crate) fn sorted(mut self) -> Self {
        rayon::join(
            || {
                self.files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
                self.files.dedup_by(|a, b| a.path == b.path);
            },
            || {
                for paths in [&mut self.manifests, &mut self.configs] {
                    paths.sort_unstable();
                    paths.dedup();
                }
                self.warnings.sort_unstable();
                self.warnings.dedup();
            },
        );
        self
    }

    /// The same, if its paths are what others take them for.
    pub(crate) fn checked(self) -> Result<Self, PluginError> {
        let files = self.files.iter().map(|file| &file.path);
        let mut paths = files.chain(&self.manifests).chain(&self.configs);
        let is_plain =
            |path: &String| (path.split('/')).all(|part| !matches!(part, "" | "." | ".."));
        match paths.find(|path| !is_plain(path)) {
            None => Ok(self),
            Some(path) => Err(PluginError(format!(
                "it lists `{path}`, which is no path relative to the project"
            ))),
        }
    }
}

fn unreadable(path: String, error: &io::Error) -> Diagnostic {
    Diagnostic::file_warning("unreadable", path, format!("cannot be read: {error}"))
}

/// Turns the path that a person gave into the folder to analyze.
///
/// # Errors
/// [`Error::NoSuchFolder`], [`Error::NotAFolder`], [`Error::Io`].
pub fn project_root(path: &Path) -> Result<PathBuf, Error> {
    match fs::canonicalize(path) {
        Ok(root) if root.is_dir() => Ok(root),
        Ok(_) => Err(Error::NotAFolder(path.to_owned())),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            Err(Error::NoSuchFolder(path.to_owned()))
        }
        Err(e) => Err(Error::io("read", path, e)),
    }
}

/// Finds the JavaScript and TypeScript files of a project, on all threads of the current pool. `root` is an absolute path
/// without symbolic links, as [`project_root`] gives it.
#[must_use]
pub fn discover(root: &Path) -> Discovery {
    walk(root, &Sources::new(SOURCE_EXTENSIONS.iter().copied())).sorted()
}

/// All sources below a folder, in no particular order.
pub(crate) fn walk(root: &Path, sources: &Sources) -> Discovery {
    Walk::new(root, sources).run()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        dir
    }

    fn paths(dir: &Path) -> Vec<String> {
        discover(&project_root(dir).unwrap())
            .files
            .into_iter()
            .map(|f| f.path)
            .collect()
    }

    #[test]
    fn finds_sources_and_nothing_else() {
        let dir = project(&[
            ("a.js", ""),
            ("b.d.ts", ""),
            ("c.d.mts", ""),
            ("d.tsx", ""),
            ("e.cts", ""),
            ("README.md", ""),
            (".eslintrc.cjs", ""),
            (".storybook/main.ts", ""),
            ("node_modules/x/index.js", ""),
            ("dist/a.js", ""),
            ("src/build/plan.ts", ""),
            ("packages/p/package.json", "{}"),
            ("packages/p/build/p.js", ""),
            ("lib/x.mjs", ""),
            (".grafema/plugins/p.js", ""),
        ]);
        assert_eq!(
            paths(dir.path()),
            [
                ".eslintrc.cjs",
                ".storybook/main.ts",
                "a.js",
                "d.tsx",
                "e.cts",
                "lib/x.mjs",
                "src/build/plan.ts"
            ]
        );
        assert_eq!(
            discover(&project_root(dir.path()).unwrap()).manifests,
            ["packages/p/package.json"]
        );
    }

    #[test]
    fn gitignore_counts_without_git_and_from_the_repository_around() {
        let dir = project(&[
            (".gitignore", "*.gen.js\n/sub/private/\n"),
            (".git/HEAD", ""),
            ("a.gen.js", ""),
            ("sub/.gitignore", "!keep.gen.js\n"),
            ("sub/a.js", ""),
            ("sub/b.gen.js", ""),
            ("sub/keep.gen.js", ""),
            ("sub/private/p.js", ""),
        ]);
        assert_eq!(paths(dir.path()), ["sub/a.js", "sub/keep.gen.js"]);
        assert_eq!(paths(&dir.path().join("sub")), ["a.js"]);
        assert_eq!(paths(&dir.path().join("sub/private")), ["p.js"]);
        fs::remove_dir_all(dir.path().join(".git")).unwrap();
        assert_eq!(paths(dir.path()), ["sub/a.js", "sub/keep.gen.js"]);
    }

    #[test]
    fn rules_of_a_repository_count_in_it_and_end_where_another_begins() {
        let dir = project(&[
            (".gitignore", "*.gen.js\n"),
            (".git/info/exclude", "/mine/\n"),
            ("mine/a.js", ""),
            ("inner/.git/HEAD", ""),
            ("inner/a.gen.js", ""),
            ("inner/mine/a.js", ""),
            ("tree/.git", "gitdir: ../.git/worktrees/tree\n"),
            (".git/worktrees/tree/commondir", "../..\n"),
            ("tree/mine/a.js", ""),
            ("tree/b.js", ""),
        ]);
        assert_eq!(
            paths(dir.path()),
            ["inner/a.gen.js", "inner/mine/a.js", "tree/b.js"]
        );
    }

    #[test]
    fn a_pattern_that_cannot_be_read_is_told() {
        let dir = project(&[
            ("sub/.gitignore", "*.gen.js\n[z-a].js\n"),
            ("sub/a.gen.js", ""),
            ("sub/a.js", ""),
        ]);
        let found = discover(&project_root(dir.path()).unwrap());
        let files: Vec<_> = found.files.iter().map(|f| f.path.as_str()).collect();
        assert_eq!(files, ["sub/a.js"]);
        let warnings: Vec<_> = found
            .warnings
            .iter()
            .map(|w| (w.code, w.file.as_str()))
            .collect();
        assert_eq!(warnings, [("invalid-gitignore", "sub/.gitignore")]);
    }

    #[test]
    fn the_listing_changes_with_the_names_of_files() {
        let dir = project(&[("a.js", ""), ("sub/x.css", ""), (".gitignore", "*.log\n")]);
        let root = project_root(dir.path()).unwrap();
        let listing = || discover(&root).listing;
        let before = listing();
        fs::write(root.join("a.js"), "1").unwrap();
        fs::write(root.join("x.log"), "1").unwrap();
        assert_eq!(listing(), before);
        fs::rename(root.join("sub/x.css"), root.join("x.css")).unwrap();
        assert_ne!(listing(), before);
    }

    #[test]
    fn large_files_are_named() {
        let dir = project(&[("a.js", "")]);
        fs::write(
            dir.path().join("bundle.js"),
            vec![b' '; MAX_FILE_BYTES as usize + 1],
        )
        .unwrap();
        let found = discover(&project_root(dir.path()).unwrap());
        assert_eq!(found.files.len(), 1);
        assert_eq!(
            (found.warnings[0].code, found.warnings[0].file.as_str()),
            ("file-too-large", "bundle.js")
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_only_out_of_the_project() {
        use std::os::unix::fs::symlink;
        let outside = project(&[("shared.js", "")]);
        let dir = project(&[("src/a.js", "")]);
        symlink(dir.path(), dir.path().join("src/loop")).unwrap();
        symlink(dir.path().join("src"), dir.path().join("twin")).unwrap();
        symlink(dir.path().join("src/a.js"), dir.path().join("b.js")).unwrap();
        symlink(dir.path().join("nothing.js"), dir.path().join("c.js")).unwrap();
        symlink(outside.path(), dir.path().join("outside")).unwrap();
        fs::create_dir(outside.path().join("below")).unwrap();
        symlink(outside.path(), outside.path().join("below/around")).unwrap();
        let found = discover(&project_root(dir.path()).unwrap());
        let paths: Vec<_> = found.files.iter().map(|f| f.path.as_str()).collect();
        assert_eq!(paths, ["outside/shared.js", "src/a.js"]);
        let warnings: Vec<_> = found
            .warnings
            .iter()
            .map(|w| (w.code, w.file.as_str()))
            .collect();
        assert_eq!(
            warnings,
            [
                ("broken-symlink", "c.js"),
                ("symlink-loop", "outside/below/around"),
                ("symlink-loop", "src/loop")
            ]
        );
    }

    #[test]
    fn a_wrong_path_is_named() {
        let dir = project(&[("a.js", "")]);
        let missing = project_root(&dir.path().join("nope"))
            .unwrap_err()
            .to_string();
        assert!(
            missing.contains("nope") && missing.contains("does not exist"),
            "{missing}"
        );
        let file = project_root(&dir.path().join("a.js"))
            .unwrap_err()
            .to_string();
        assert!(file.contains("is a file"), "{file}");
    }
}
