//! DISCOVERY: which files of a folder are analyzed.
//!
//! The rules: the extensions of [`SOURCE_EXTENSIONS`]; no declaration files; nothing that a `.gitignore` of the project
//! (or of the Git repository around it) excludes, whether or not there is a `.git`; not the folders of
//! [`SKIPPED_DIRECTORIES`]; not the folders of [`BUILD_DIRECTORIES`] where build tools put their output: at the root
//! or beside a `package.json`. Symbolic links are followed where they lead out of the project; inside of it the file is
//! analyzed where it really is.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use ignore::{DirEntry, WalkBuilder};

use graph_model::{Diagnostic, is_source};

use crate::Error;

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
}

/// What DISCOVERY found.
#[derive(Debug, Default)]
pub struct Discovery {
    /// Files to analyze, by path.
    pub files: Vec<SourceFile>,
    /// Every `package.json` outside of `node_modules`, relative to the project, by path.
    pub manifests: Vec<String>,
    /// Files and folders that were skipped although their name says that they should be analyzed.
    pub warnings: Vec<Diagnostic>,
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

/// Finds the files of a project. `root` is an absolute path without symbolic links, as [`project_root`] gives it.
#[must_use]
pub fn discover(root: &Path) -> Discovery {
    let warnings = Arc::new(Mutex::new(Vec::new()));
    let outer = OuterIgnore::around(root);
    let filter = {
        let root = root.to_owned();
        let warnings = Arc::clone(&warnings);
        move |entry: &DirEntry| entry.depth() == 0 || wanted(&root, entry, &outer, &warnings)
    };
    let walk = WalkBuilder::new(root)
        .standard_filters(false)
        .git_ignore(true)
        .git_exclude(true)
        .require_git(false)
        .parents(false)
        .follow_links(true)
        .filter_entry(filter)
        .build();
    let mut found = Discovery::default();
    for entry in walk {
        match entry {
            Ok(entry) if entry.file_type().is_some_and(|t| t.is_file()) => {
                add_file(root, &entry, &mut found)
            }
            Ok(_) => {}
            Err(error) => found.warnings.extend(walk_warning(root, &error)),
        }
    }
    found.files.sort_unstable();
    found.manifests.sort_unstable();
    found.warnings.append(
        &mut warnings
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner()),
    );
    found.warnings.sort_unstable();
    found.warnings.dedup();
    found
}

/// Whether an entry below the root is entered or looked at.
fn wanted(
    root: &Path,
    entry: &DirEntry,
    outer: &OuterIgnore,
    warnings: &Mutex<Vec<Diagnostic>>,
) -> bool {
    let is_dir = entry.file_type().is_some_and(|t| t.is_dir());
    let name = entry.file_name().to_string_lossy();
    if is_dir {
        if SKIPPED_DIRECTORIES.contains(&&*name) {
            return false;
        }
        if BUILD_DIRECTORIES.contains(&&*name)
            && (entry.depth() == 1
                || entry
                    .path()
                    .parent()
                    .is_some_and(|parent| parent.join("package.json").is_file()))
        {
            return false;
        }
    }
    if outer.excludes(entry.path(), is_dir) {
        return false;
    }
    if entry.path_is_symlink()
        && (is_dir || is_source(&name))
        && let Ok(target) = fs::canonicalize(entry.path())
    {
        let above = entry.path().starts_with(&target) || root.starts_with(&target);
        if above {
            let warning = Diagnostic::file_warning(
                "symlink-loop",
                relative(root, entry.path()),
                format!(
                    "symbolic link to the folder around it, {}: not followed",
                    target.display()
                ),
            );
            warnings
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner())
                .push(warning);
            return false;
        }
        if target.starts_with(root) {
            return false;
        }
    }
    true
}

fn add_file(root: &Path, entry: &DirEntry, found: &mut Discovery) {
    let name = entry.file_name().to_string_lossy();
    if name == "package.json" {
        found.manifests.push(relative(root, entry.path()));
        return;
    }
    if !is_source(&name) {
        return;
    }
    let path = relative(root, entry.path());
    if entry.path().to_str().is_none() {
        found.warnings.push(Diagnostic::file_warning(
            "path-not-unicode",
            path,
            "the name of the file is not valid UTF-8: rename it to have it analyzed",
        ));
        return;
    }
    match entry.metadata() {
        Ok(metadata) if metadata.len() > MAX_FILE_BYTES => {
            found.warnings.push(Diagnostic::file_warning(
                "file-too-large",
                path,
                format!(
                    "{:.1} MB, more than the {} MB up to which files are analyzed: probably a bundle",
                    metadata.len() as f64 / 1e6,
                    MAX_FILE_BYTES / (1024 * 1024)
                ),
            ));
        }
        Ok(metadata) => found.files.push(SourceFile {
            path,
            bytes: metadata.len(),
        }),
        Err(error) => {
            found.warnings.push(Diagnostic::file_warning(
                "unreadable",
                path,
                format!("cannot be read: {error}"),
            ));
        }
    }
}

fn relative(root: &Path, path: &Path) -> String {
    let path = path.strip_prefix(root).unwrap_or(path).to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' {
        path.into_owned()
    } else {
        path.replace(std::path::MAIN_SEPARATOR, "/")
    }
}

fn walk_warning(root: &Path, error: &ignore::Error) -> Option<Diagnostic> {
    let mut path = None;
    let mut inner = error;
    let mut depth = 0;
    loop {
        match inner {
            ignore::Error::WithPath { path: p, err } => {
                path = Some(p.as_path());
                inner = err;
            }
            ignore::Error::WithDepth { depth: d, err } => {
                depth = *d;
                inner = err;
            }
            ignore::Error::WithLineNumber { err, .. } => inner = err,
            _ => break,
        }
    }
    if let ignore::Error::Loop { child, ancestor } = inner {
        return Some(Diagnostic::file_warning(
            "symlink-loop",
            relative(root, child),
            format!(
                "symbolic link to the folder around it, {}: not followed",
                ancestor.display()
            ),
        ));
    }
    let path = path.unwrap_or(root);
    let is_link = fs::symlink_metadata(path).is_ok_and(|m| m.file_type().is_symlink());
    if is_link {
        // A link to nothing concerns us only if it looks like a source file.
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        return is_source(&name).then(|| {
            Diagnostic::file_warning(
                "broken-symlink",
                relative(root, path),
                "symbolic link to a file that is not there",
            )
        });
    }
    if depth > 0 || path != root || matches!(inner, ignore::Error::Io(_)) {
        let code = if matches!(inner, ignore::Error::Glob { .. }) {
            "invalid-gitignore"
        } else {
            "unreadable"
        };
        return Some(Diagnostic::file_warning(
            code,
            relative(root, path),
            format!("cannot be read: {inner}"),
        ));
    }
    Some(Diagnostic::file_warning(
        "invalid-gitignore",
        relative(root, path),
        inner.to_string(),
    ))
}

/// The `.gitignore` files of the folders between a project and the root of the Git repository around it.
struct OuterIgnore {
    matchers: Vec<Gitignore>,
}

impl OuterIgnore {
    fn around(root: &Path) -> Self {
        let mut matchers = Vec::new();
        let is_repository = |dir: &Path| dir.join(".git").exists();
        if !is_repository(root)
            && let Some(top) = root.ancestors().skip(1).find(|dir| is_repository(dir))
        {
            for dir in root.ancestors().skip(1) {
                let mut builder = GitignoreBuilder::new(dir);
                if dir.join(".gitignore").is_file() {
                    builder.add(dir.join(".gitignore"));
                    matchers.extend(builder.build());
                }
                if dir == top {
                    break;
                }
            }
            // Whoever names an excluded folder wants it analyzed.
            if matchers
                .iter()
                .any(|m| m.matched_path_or_any_parents(root, true).is_ignore())
            {
                matchers.clear();
            }
        }
        OuterIgnore { matchers }
    }

    fn excludes(&self, path: &Path, is_dir: bool) -> bool {
        for matcher in &self.matchers {
            let matched = matcher.matched(path, is_dir);
            if !matched.is_none() {
                return matched.is_ignore();
            }
        }
        false
    }
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
            [("broken-symlink", "c.js"), ("symlink-loop", "src/loop")]
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
