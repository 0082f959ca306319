//! The file system that the resolver sees: the modules of the project, and no others.
//!
//! A specifier can only lead to a file that was analyzed, so the resolver need not ask the disk where files are. What it
//! sees beside the modules: `package.json` files, `tsconfig*.json`, what stands in place of a `tsconfig.json`, and a
//! `node_modules` folder at the root that holds the project's own packages by their names, as a package manager would link
//! them. Inside of those a build product that is not there stands for the source that it is built from (`dist/x.js` for
//! `src/x.ts`).

use std::borrow::Cow;
use std::io;
use std::path::{Component, MAIN_SEPARATOR, Path, PathBuf};

use oxc_resolver::{FileMetadata, FileSystem, ResolveError};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::folders::folder_of;
use crate::program::{ModuleIx, Program};

/// Folders of build output, as `main` and `exports` name them.
const OUTPUT_FOLDERS: &[&str] = &["dist", "build", "lib", "out"];
/// The folder that they are built from.
const SOURCE_FOLDER: &str = "src";
/// Extensions of build products and of the sources that they can come from, in order of preference.
const PRODUCTS: &[(&str, &[&str])] = &[
    (".d.ts", &[".ts", ".tsx", ".js", ".jsx"]),
    (".d.mts", &[".mts", ".ts", ".mjs"]),
    (".d.cts", &[".cts", ".ts", ".cjs"]),
    (".js", &[".ts", ".tsx", ".js", ".jsx"]),
    (".mjs", &[".mts", ".ts", ".mjs", ".js"]),
    (".cjs", &[".cts", ".ts", ".cjs", ".js"]),
];

/// Where the resolver looks for packages.
const NODE_MODULES: &str = "node_modules";

/// What configures TypeScript for a folder and those below.
pub(crate) const TSCONFIG: &str = "tsconfig.json";
/// What stands in its place, and what a `tsconfig.json` would say that is one: in projects without TypeScript it counts for
/// JavaScript; the other is what all parts of a large project extend, which need not have one at its root.
const STAND_INS: [(&str, &str); 2] = [
    (
        "jsconfig.json",
        r#"{"extends":"./jsconfig.json","compilerOptions":{"allowJs":true}}"#,
    ),
    (
        "tsconfig.base.json",
        r#"{"extends":"./tsconfig.base.json"}"#,
    ),
];

/// Names of the files that configure TypeScript for their folder and those below: `tsconfig.json`, and what stands in its
/// place where it is not there. The first that is there counts.
pub fn tsconfig_names() -> impl Iterator<Item = &'static str> {
    std::iter::once(TSCONFIG).chain(STAND_INS.iter().map(|&(name, _)| name))
}

/// See the module.
pub(crate) struct FileView {
    root: PathBuf,
    /// By [`FileView::relative`] paths, as are folders and products: to hash the parts of a path one by one takes several times
    /// as long, and a project has many.
    modules: FxHashMap<Box<str>, ModuleIx>,
    folders: FxHashSet<Box<str>>,
    manifests: FxHashSet<PathBuf>,
    /// Sources of the build products that packages say they are used by.
    products: FxHashMap<Box<str>, ModuleIx>,
    /// Folders of packages by their names: by what the resolver looks for below `node_modules`.
    links: FxHashMap<Box<str>, PathBuf>,
}

impl FileView {
    pub(crate) fn new(program: &Program) -> Self {
        let root = program.root.clone();
        let files = program.files().iter().map(|file| &**file);
        let mut view = FileView {
            modules: files
                .clone()
                .map(Box::from)
                .zip(program.indexes())
                .collect(),
            folders: FxHashSet::default(),
            manifests: FxHashSet::default(),
            products: FxHashMap::default(),
            links: FxHashMap::default(),
            root,
        };
        view.folders.insert("".into());
        let mut last = None;
        for file in files {
            let folder = folder_of(file);
            // Files of a folder mostly come one after the other.
            if last != Some(folder) {
                view.add_folders(folder);
                last = Some(folder);
            }
        }
        for package in &program.packages.all {
            let directory = if package.directory.is_empty() {
                view.root.clone()
            } else {
                view.root.join(&package.directory)
            };
            view.add_folders(&package.directory);
            view.manifests.insert(directory.join("package.json"));
            let is_relative = |entry: &&String| !entry.starts_with('/');
            for entry in package.entry_points.iter().filter(is_relative) {
                let path = [&package.directory, "/", entry].concat();
                let Some(path) = view.tidy(path.trim_start_matches('/')) else {
                    continue;
                };
                if !view.modules.contains_key(&*path)
                    && let Some(source) = view.source_beside(&package.directory, entry)
                {
                    view.products.insert(path.into(), source);
                }
            }
            if let Some(name) = package.name.as_deref().filter(|name| is_package_name(name)) {
                // Of two packages with one name the outermost, first by path, is meant.
                let scope = name.split_once('/').map(|(scope, _)| scope);
                view.add_folders(&[NODE_MODULES, scope.unwrap_or("")].join("/"));
                view.links.entry(name.into()).or_insert(directory);
            }
        }
        view
    }

    /// Adds a folder, by its relative path, and those above it.
    fn add_folders(&mut self, folder: &str) {
        let mut next = folder.trim_end_matches('/');
        while !self.folders.contains(next) {
            self.folders.insert(next.into());
            next = folder_of(next);
        }
    }

    /// A path inside of the root, from there on and with `/` between its parts; `None` for others.
    fn relative<'a>(&self, path: &'a Path) -> Option<Cow<'a, str>> {
        if let Some(plain) = plain_below(&self.root, path) {
            return Some(Cow::Borrowed(plain));
        }
        let mut parts = Vec::new();
        for part in path.strip_prefix(&self.root).ok()?.components() {
            match part {
                Component::Normal(part) => parts.push(part.to_str()?),
                _ => return None,
            }
        }
        Some(Cow::Owned(parts.join("/")))
    }

    /// A path below the root as modules are found by it; one with `..` is no such path.
    fn tidy<'a>(&self, path: &'a str) -> Option<Cow<'a, str>> {
        if MAIN_SEPARATOR == '/' && is_plain(path) {
            return Some(Cow::Borrowed(path));
        }
        let path = self.root.join(path);
        Some(Cow::Owned(self.relative(&path)?.into_owned()))
    }

    /// The module that stands at a path itself.
    fn module_at(&self, path: &Path) -> Option<ModuleIx> {
        self.modules.get(&*self.relative(path)?).copied()
    }

    /// Whether there are modules or packages below a path.
    fn is_folder(&self, path: &Path) -> bool {
        (self.relative(path)).is_some_and(|path| self.folders.contains(&*path))
    }

    /// The module of a relative path.
    pub(crate) fn module_of(&self, file: &str) -> Option<ModuleIx> {
        self.modules.get(file).copied()
    }

    /// The module that a path of the resolver's stands for.
    pub(crate) fn module(&self, path: &Path) -> Option<ModuleIx> {
        let known = |path: &Path| {
            let path = &*self.relative(path)?;
            let module = self.modules.get(path).or_else(|| self.products.get(path));
            module.copied()
        };
        if let Some(module) = known(path) {
            return Some(module);
        }
        let Some((package, inside)) = self.through_link(path) else {
            if !path.to_str().is_some_and(in_output) {
                return None;
            }
            // A package that names itself is found without the link.
            let package = path
                .ancestors()
                .skip(1)
                .take_while(|folder| folder.starts_with(&self.root))
                .find(|folder| self.manifests.contains(&folder.join("package.json")))?;
            return self.source_of(package, path.strip_prefix(package).ok()?);
        };
        known(&package.join(&inside)).or_else(|| self.source_of(package, &inside))
    }

    /// The package and the path in it, for a path below `node_modules`.
    fn through_link(&self, path: &Path) -> Option<(&Path, PathBuf)> {
        if self.links.is_empty() {
            return None;
        }
        let path = self.relative(path)?;
        let (name, inside) = package_and_path(path.strip_prefix(NODE_MODULES)?.strip_prefix('/')?);
        Some((self.links.get(name)?, inside.into()))
    }

    /// The source of a build product of a package.
    fn source_of(&self, package: &Path, product: &Path) -> Option<ModuleIx> {
        let product = product.to_str()?;
        let segments: Vec<&str> = product.split('/').collect();
        let at = segments.iter().position(|s| OUTPUT_FOLDERS.contains(s))?;
        let (stem, extensions) = stem_and_sources(segments.last()?)?;
        let inner = &segments[at + 1..segments.len() - 1];
        // `dist/esm/a/b.js` comes from `src/esm/a/b.ts` or, if the first folder names a format, `src/a/b.ts`.
        for skipped in 0..=inner.len().min(1) {
            let mut path = package.to_owned();
            path.extend(&segments[..at]);
            path.push(SOURCE_FOLDER);
            path.extend(&inner[skipped..]);
            for extension in extensions {
                let module = self.module_at(&path.join(format!("{stem}{extension}")));
                if module.is_some() {
                    return module;
                }
            }
        }
        None
    }

    /// The source of a build product outside of the folders of build output: `index.js` and `esm/index.js` can come from
    /// `src/index.ts`. For files of which the package itself says that they are there.
    fn source_beside(&self, package: &str, product: &str) -> Option<ModuleIx> {
        if in_output(product) {
            return None;
        }
        let (stem, extensions) = stem_and_sources(product)?;
        let inner = stem.split_once('/').map(|(_, inner)| inner);
        let mut path = String::new();
        for stem in std::iter::once(stem).chain(inner) {
            for extension in extensions {
                path.clear();
                path.extend([package, "/", SOURCE_FOLDER, "/", stem, extension]);
                let source = self.tidy(path.trim_start_matches('/'));
                let module = source.and_then(|source| self.module_of(&source));
                if module.is_some() {
                    return module;
                }
            }
        }
        None
    }

    fn kind(&self, path: &Path) -> io::Result<FileMetadata> {
        let file = FileMetadata::new(true, false, false);
        let folder = FileMetadata::new(false, true, false);
        if !path.starts_with(&self.root) {
            // Above the project: `tsconfig.json` files that its own extend, and the folders on the way.
            if path.components().any(|c| c.as_os_str() == "node_modules") {
                return Err(io::ErrorKind::NotFound.into());
            }
            if stand_in(path).is_some() {
                return Ok(file);
            }
            let metadata = std::fs::metadata(path)?;
            return Ok(if metadata.is_dir() { folder } else { file });
        }
        if self.module_at(path).is_some() {
            return Ok(file);
        }
        if self.is_folder(path) {
            return Ok(folder);
        }
        let link = self.through_link(path);
        // The link itself.
        if link
            .as_ref()
            .is_some_and(|(_, inside)| inside.as_os_str().is_empty())
        {
            return Ok(folder);
        }
        let real = real_path(path, link);
        if self.manifests.contains(&real) || self.module(path).is_some() {
            return Ok(file);
        }
        if self.is_folder(&real) {
            return Ok(folder);
        }
        let name = real
            .file_name()
            .and_then(|n| n.to_str())
            .unwrap_or_default();
        // A tsconfig can extend any file that ends in .json, but those named otherwise are never looked for first.
        if name != "package.json"
            && name.ends_with(".json")
            && name.contains("config")
            && (stand_in(&real).is_some() || std::fs::metadata(&real)?.is_file())
        {
            return Ok(file);
        }
        Err(io::ErrorKind::NotFound.into())
    }
}

/// The path behind a link.
fn real_path(path: &Path, link: Option<(&Path, PathBuf)>) -> PathBuf {
    match link {
        Some((package, inside)) if inside.as_os_str().is_empty() => package.to_owned(),
        Some((package, inside)) => package.join(inside),
        None => path.to_owned(),
    }
}

/// Splits a path below `node_modules` after the name of the package, which has two parts if it has a scope.
fn package_and_path(path: &str) -> (&str, &str) {
    let mut slashes = path.match_indices('/').map(|(at, _)| at);
    match slashes.nth(usize::from(path.starts_with('@'))) {
        Some(end) => (&path[..end], &path[end + 1..]),
        None => (path, ""),
    }
}

/// A path below a folder from there on, where both are written in the plainest way.
fn plain_below<'a>(folder: &Path, path: &'a Path) -> Option<&'a str> {
    let folder = folder.as_os_str().as_encoded_bytes();
    let path = path.as_os_str().as_encoded_bytes();
    let below = path.strip_prefix(folder)?.strip_prefix(b"/")?;
    let below = str::from_utf8(below).ok()?;
    (!folder.is_empty() && MAIN_SEPARATOR == '/' && is_plain(below)).then_some(below)
}

/// Whether a path is nothing but names with one `/` between them.
fn is_plain(path: &str) -> bool {
    let mut parts = path.as_bytes().split(|&byte| byte == b'/');
    parts.all(|part| !matches!(part, b"" | b"." | b".."))
}

/// The path of a build product without its extension, and the extensions of sources that it can come from.
fn stem_and_sources(product: &str) -> Option<(&str, &'static [&'static str])> {
    PRODUCTS
        .iter()
        .find_map(|(extension, sources)| Some((product.strip_suffix(extension)?, *sources)))
}

/// What is read for the path of a `tsconfig.json` which is not there, where something stands in its place.
fn stand_in(path: &Path) -> Option<&'static str> {
    if path.file_name().is_none_or(|name| name != TSCONFIG) || path.is_file() {
        return None;
    }
    let mut found = STAND_INS.iter();
    found
        .find(|(name, _)| path.with_file_name(name).is_file())
        .map(|(_, text)| *text)
}

/// Whether a path leads through a folder of build output.
pub(crate) fn in_output(path: &str) -> bool {
    path.split('/').any(|s| OUTPUT_FOLDERS.contains(&s))
}

/// Whether a name can be that of a package: one segment, or two with a scope.
fn is_package_name(name: &str) -> bool {
    let mut segments = name.split('/');
    let plain = |s: &str| !s.is_empty() && s != "." && s != ".." && !s.contains('\\');
    match (segments.next(), segments.next(), segments.next()) {
        (Some(name), None, _) => plain(name) && !name.starts_with('@'),
        (Some(scope), Some(name), None) => {
            scope.len() > 1 && scope.starts_with('@') && plain(scope) && plain(name)
        }
        _ => false,
    }
}

/// The view behind the resolver's trait.
pub(crate) struct SharedView(pub(crate) std::sync::Arc<FileView>);

impl FileSystem for SharedView {
    fn new() -> Self {
        unreachable!("the resolver is always given its file system")
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let real = real_path(path, self.0.through_link(path));
        let is_manifest = real.file_name().is_some_and(|name| name == "package.json");
        if is_manifest && !self.0.manifests.contains(&real) {
            // One that is broken, or above the project.
            return Err(io::ErrorKind::NotFound.into());
        }
        if let Some(text) = stand_in(&real) {
            return Ok(text.into());
        }
        std::fs::read(real)
    }

    fn read_to_string(&self, path: &Path) -> io::Result<String> {
        String::from_utf8(self.read(path)?)
            .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))
    }

    fn metadata(&self, path: &Path) -> io::Result<FileMetadata> {
        self.0.kind(path)
    }

    fn symlink_metadata(&self, path: &Path) -> io::Result<FileMetadata> {
        self.0.kind(path)
    }

    fn read_link(&self, _: &Path) -> Result<PathBuf, ResolveError> {
        Err(io::Error::from(io::ErrorKind::InvalidInput).into())
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(path.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packages::Packages;

    #[test]
    fn paths_count_as_they_are_written_from_the_root_on() {
        let root = std::env::temp_dir().join("project");
        let program = Program::new(&root, Packages::default(), Vec::new());
        let view = FileView::new(&program);
        let relative = |path: &str| view.relative(&root.join(path)).map(Cow::into_owned);
        assert_eq!(relative("a/b.ts").as_deref(), Some("a/b.ts"));
        assert_eq!(relative("a//./b.ts/").as_deref(), Some("a/b.ts"));
        assert_eq!(relative("").as_deref(), Some(""));
        assert_eq!(relative("a/../b.ts"), None);
        assert_eq!(view.relative(&root.with_file_name("project-2/a")), None);
        assert_eq!(view.relative(Path::new("a")), None);
        assert!(view.is_folder(&root) && !view.is_folder(&root.join("a")));
    }

    #[test]
    fn names_of_packages_end_where_their_paths_begin() {
        assert_eq!(package_and_path("a"), ("a", ""));
        assert_eq!(package_and_path("a/b/c"), ("a", "b/c"));
        assert_eq!(package_and_path("@a"), ("@a", ""));
        assert_eq!(package_and_path("@a/b"), ("@a/b", ""));
        assert_eq!(package_and_path("@a/b/c.js"), ("@a/b", "c.js"));
    }
}
