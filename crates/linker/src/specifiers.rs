//! Where module specifiers lead.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use graph_model::summary::{NodeRef, Sym, Type};
use oxc_resolver::{ResolveOptions, ResolverGeneric, TsconfigDiscovery};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::builtins;
use crate::configs::Configs;
use crate::file_view::{self, FileView, SharedView};
use crate::folders::{Folders, folder_of};
use crate::mutex::locked;
use crate::program::{Module, ModuleIx, Program};
use crate::reads;
use graph_model::{Diagnostic, SOURCE_EXTENSIONS};
use graph_model::{Place, Severity};

/// Where a specifier leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Target {
    /// To a module of the project.
    Module(ModuleIx),
    /// To a package or built-in module; the specifier is its name.
    External,
    /// To a file that is there and is no module of the project: a style sheet, JSON, a declaration file.
    Asset,
    /// To a file that is not there.
    Missing,
}

/// The specifiers of a module, by symbol.
pub(crate) type Targets = Vec<(Sym, Target)>;

/// Gives the specifiers of a module that are known from before.
pub(crate) type Known<'p> = dyn Fn(ModuleIx) -> Option<Targets> + Sync + 'p;

/// Where the specifiers of modules lead; resolved for each module when the first of them is asked for.
pub(crate) struct Specifiers<'p> {
    program: &'p Program,
    known: &'p Known<'p>,
    resolver: OnceLock<Resolver<'p>>,
    /// For each module: its specifiers, and what is to be told of those that lead to files that are not there.
    targets: Vec<OnceLock<(Targets, Vec<Diagnostic>)>>,
}

impl<'p> Specifiers<'p> {
    pub(crate) fn new(program: &'p Program, known: &'p Known<'p>) -> Self {
        Specifiers {
            program,
            known,
            resolver: OnceLock::new(),
            targets: program.indexes().map(|_| OnceLock::new()).collect(),
        }
    }

    /// Makes what resolving needs, which whoever asks first would do while others wait.
    pub(crate) fn prepare(&self) {
        self.resolver();
    }

    fn resolver(&self) -> &Resolver<'p> {
        self.resolver.get_or_init(|| Resolver::new(self.program))
    }

    /// Where a specifier of a module leads.
    #[must_use]
    pub(crate) fn target(&self, module: ModuleIx, specifier: Sym) -> Target {
        let targets = self.all(module);
        let target = targets
            .binary_search_by_key(&specifier, |t| t.0)
            .map_or(Target::External, |at| targets[at].1);
        if let Target::Module(target) = target {
            reads::read(target.0, reads::MODULE);
        }
        target
    }

    /// Where specifiers of a module lead that are asked for one after the other.
    pub(crate) fn in_turn(&self, module: ModuleIx) -> impl FnMut(Sym) -> Target {
        // The names of an import have the same.
        let mut last = None;
        move |specifier| match last {
            Some((of, target)) if of == specifier => target,
            _ => {
                let target = self.target(module, specifier);
                last = Some((specifier, target));
                target
            }
        }
    }

    /// The specifiers of a module.
    pub(crate) fn all(&self, module: ModuleIx) -> &Targets {
        &self.of(module).0
    }

    /// The specifiers of a module that lead to files that are not there.
    pub(crate) fn diagnostics(&self, module: ModuleIx) -> &[Diagnostic] {
        &self.of(module).1
    }

    fn of(&self, module: ModuleIx) -> &(Targets, Vec<Diagnostic>) {
        self.targets[module.0 as usize].get_or_init(|| {
            let mut diagnostics = Vec::new();
            if let Some(known) = (self.known)(module)
                // What is missing is to be told again.
                && !known.iter().any(|target| target.1 == Target::Missing)
            {
                return (known, diagnostics);
            }
            let module = self.program.module(module);
            let targets = self.resolver().targets(module, &mut diagnostics);
            (targets, diagnostics)
        })
    }
}

/// The specifiers of a module: their symbols, and the nodes that import or export with them. Types name modules too, which
/// have none.
fn written(module: &Module) -> impl Iterator<Item = (Sym, Option<NodeRef>)> {
    let types = module.summary.types.iter().filter_map(|ty| match *ty {
        Type::Import(symbol, _, _) => Some((symbol, None)),
        _ => None,
    });
    let of_nodes = module.specifiers();
    of_nodes
        .map(|(symbol, node)| (symbol, Some(node)))
        .chain(types)
}

fn sorted(mut targets: Targets) -> Targets {
    targets.sort_unstable_by_key(|target| target.0);
    targets.dedup_by_key(|target| target.0);
    targets
}

/// Where the specifiers of a module lead after an edit, if it had all of them before: nothing of a module but its path decides
/// about that.
pub(crate) fn carried(before: &Module, known: &Targets, now: &Module) -> Option<Targets> {
    let texts = known
        .iter()
        .map(|&(symbol, target)| (before.summary.name(symbol), target));
    let texts: FxHashMap<&str, Target> = texts.collect();
    let targets = written(now).map(|(symbol, _)| {
        let target = texts.get(now.summary.name(symbol));
        target.map(|&target| (symbol, target))
    });
    targets.collect::<Option<_>>().map(sorted)
}

/// Takes the steps of a relative specifier that stand before any name: the folder to which they lead, and what is left of the
/// specifier. `None` for one that is not relative, is a folder above (`..`), or leads above the project.
fn steps_taken<'s>(folder: &'s str, specifier: &'s str) -> Option<(&'s str, &'s str)> {
    let (mut folder, mut rest) = (folder, specifier);
    loop {
        if let Some(after) = rest.strip_prefix("./") {
            rest = after;
        } else if let Some(after) = rest.strip_prefix("../") {
            if folder.is_empty() {
                return None;
            }
            let slash = folder.bytes().rposition(|byte| byte == b'/');
            folder = &folder[..slash.unwrap_or(0)];
            rest = after;
        } else {
            // A step was taken if something is gone.
            return (rest.len() < specifier.len()).then_some((folder, rest));
        }
    }
}

/// The last name of a path that is nothing but names with one `/` between them: no further steps, no query, nothing escaped, and
/// no declaration file, which can stand for something else.
fn plain_name(path: &str) -> Option<&str> {
    /// Bytes that may be more than some part of a name.
    const IS_SPECIAL: [bool; 256] = {
        let mut special = [false; 256];
        let bytes = b"./?#\\%";
        let mut at = 0;
        while at < bytes.len() {
            special[bytes[at] as usize] = true;
            at += 1;
        }
        special
    };
    let is_name = |name: &[u8]| !matches!(name, b"" | b"." | b"..");
    let bytes = path.as_bytes();
    let (mut start, mut is_declaration) = (0, false);
    for (at, &byte) in bytes.iter().enumerate() {
        if IS_SPECIAL[usize::from(byte)] {
            match byte {
                b'.' => is_declaration |= matches!(bytes[at + 1..], [b'd'] | [b'd', b'.', ..]),
                b'/' if is_name(&bytes[start..at]) => (start, is_declaration) = (at + 1, false),
                _ => return None,
            }
        }
    }
    let last = &path[start..];
    (is_name(last.as_bytes()) && !is_declaration).then_some(last)
}

/// Where a specifier that names no path is written, as far as it makes a difference: the tsconfig that counts for the file, or the
/// folder of the nearest one, and the package around it.
type Scope = (Option<PathBuf>, u32);

struct Resolver<'p> {
    folders: Folders<'p>,
    /// Where specifiers lead from a folder for which no tsconfig counts, by both: those that are more than the path of a module.
    paths: Mutex<FxHashMap<Box<str>, Target>>,
    /// Where specifiers lead that name no path.
    names: Mutex<FxHashMap<Scope, FxHashMap<Box<str>, Target>>>,
    view: Arc<FileView>,
    with_tsconfig: ResolverGeneric<SharedView>,
    without_tsconfig: ResolverGeneric<SharedView>,
    configs: Configs,
    root: std::path::PathBuf,
}

/// Extensions that a specifier can name, and those of the sources that it then means, in order.
const ALIASES: &[(&str, &[&str])] = &[
    (".js", &[".ts", ".tsx", ".js"]),
    (".jsx", &[".tsx", ".jsx"]),
    (".mjs", &[".mts", ".mjs"]),
    (".cjs", &[".cts", ".cjs"]),
];

/// Extensions that a specifier can leave out, in order.
const EXTENSIONS: &[&str] = &[".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs"];

fn options(program: &Program) -> ResolveOptions {
    let list = |items: &[&str]| items.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
    let packages = &program.packages.all;
    let mut conditions = list(&["source", "types", "import", "require", "default"]);
    conditions.extend(packages.iter().flat_map(|p| p.source_conditions.clone()));
    conditions.sort_unstable();
    conditions.dedup();
    ResolveOptions {
        cwd: Some(program.root.clone()),
        tsconfig: None,
        // Which comes first the package says.
        condition_names: conditions,
        extension_alias: ALIASES
            .iter()
            .map(|(extension, sources)| ((*extension).to_owned(), list(sources)))
            .collect(),
        extensions: list(EXTENSIONS),
        main_fields: list(&["source", "types", "module", "main"]),
        main_files: list(&["index"]),
        modules: list(&["node_modules"]),
        roots: vec![program.root.clone()],
        symlinks: false,
        node_path: false,
        builtin_modules: false,
        ..ResolveOptions::default()
    }
}

impl<'p> Resolver<'p> {
    fn new(program: &'p Program) -> Self {
        let view = Arc::new(FileView::new(program));
        let plain = options(program);
        let with_tsconfig = ResolverGeneric::new_with_file_system(
            SharedView(Arc::clone(&view)),
            ResolveOptions {
                tsconfig: Some(TsconfigDiscovery::Auto),
                ..plain.clone()
            },
        );
        let configs = Configs::new(Arc::clone(&view), plain.clone());
        let without_tsconfig = with_tsconfig.clone_with_options(plain);
        Resolver {
            folders: Folders::new(program),
            paths: Mutex::default(),
            names: Mutex::default(),
            view,
            with_tsconfig,
            without_tsconfig,
            configs,
            root: program.root.clone(),
        }
    }

    fn targets(&self, module: &Module, diagnostics: &mut Vec<Diagnostic>) -> Targets {
        let summary = &module.summary;
        let mut symbols: Vec<(Sym, Option<NodeRef>)> = Vec::with_capacity(summary.imports.len());
        for (symbol, node) in written(module) {
            // The names of an import stand in a row.
            if symbols.last().is_none_or(|last| last.0 != symbol) {
                symbols.push((symbol, node));
            }
        }
        // Stable: what comes first is told of.
        symbols.sort_by_key(|&(symbol, _)| symbol);
        symbols.dedup_by_key(|&mut (symbol, _)| symbol);
        let folder = folder_of(module.file());
        let mut path = String::new();
        let target = |(symbol, node)| {
            let text = summary.name(symbol);
            let target = match self.direct(folder, text, &mut path) {
                Some(target) => target,
                None => self.find(module.file(), text),
            };
            // One that a type names and that is not there is no fault of the program.
            if let (Target::Missing, Some(node)) = (target, node) {
                diagnostics.push(unresolved(module, node, text));
            }
            (symbol, target)
        };
        symbols.into_iter().map(target).collect()
    }

    /// What the resolver would say of a relative specifier that leads to a module by its path and an extension: most do,
    /// and this is much quicker. `None` where there is more to it. `path` is room to work in.
    fn direct(&self, folder: &str, specifier: &str, path: &mut String) -> Option<Target> {
        let (from, rest) = steps_taken(folder, specifier)?;
        let last = plain_name(rest)?;
        path.clear();
        path.push_str(from);
        if !from.is_empty() {
            path.push('/');
        }
        path.push_str(rest);
        let dot = last.bytes().rposition(|byte| byte == b'.');
        let extension = dot.filter(|&dot| dot > 0).map_or("", |dot| &last[dot..]);
        let alias = ALIASES.iter().find(|(alias, _)| *alias == extension);
        let (stem, extensions) = match alias {
            Some((extension, sources)) => (path.len() - extension.len(), *sources),
            None => {
                if let Some(module) = self.view.module_of(path) {
                    return Some(Target::Module(module));
                }
                (path.len(), EXTENSIONS)
            }
        };
        for extension in extensions {
            path.truncate(stem);
            path.push_str(extension);
            if let Some(module) = self.view.module_of(path) {
                return Some(Target::Module(module));
            }
            // A build product can stand for its source before the next extension is tried.
            if matches!(*extension, ".js" | ".mjs" | ".cjs") && file_view::in_output(path) {
                return None;
            }
        }
        None
    }

    /// Where a specifier of a file leads.
    fn find(&self, file: &str, specifier: &str) -> Target {
        if specifier.is_empty() || builtins::is_builtin(specifier) || has_scheme(specifier) {
            return Target::External;
        }
        let within = folder_of(file);
        let folder = self.folders.get(within);
        let path = || self.root.join(file);
        if is_relative(specifier) || specifier.starts_with('#') {
            if folder.has_tsconfig {
                return self.target(&path(), specifier, true);
            }
            // Without one the same for all files of a folder.
            let place: Box<str> = [within, specifier].join("\0").into();
            if let Some(&known) = locked(&self.paths).get(&place) {
                return known;
            }
            let target = self.target(&path(), specifier, false);
            locked(&self.paths).insert(place, target);
            return target;
        }
        // The same for all files of a package for which the same tsconfig counts.
        let tsconfig = match folder.has_tsconfig {
            true => self.with_tsconfig.find_tsconfig(path()).ok().flatten(),
            false => None,
        };
        // Of a file that no configuration includes the nearest one.
        let nearest = match folder.has_tsconfig && tsconfig.is_none() {
            true => path()
                .parent()
                .and_then(|folder| self.configs.nearest(folder)),
            false => None,
        };
        let config = tsconfig.map(|t| t.path().to_owned());
        let scope = (config.or_else(|| nearest.clone()), folder.package);
        if let Some(&known) = locked(&self.names)
            .get(&scope)
            .and_then(|names| names.get(specifier))
        {
            return known;
        }
        let path = path();
        let mut target = self.target(&path, specifier, folder.has_tsconfig);
        if let (Target::External, Some(nearest)) = (target, &nearest) {
            let around = self.configs.around(nearest, &self.with_tsconfig);
            let resolved = around
                .iter()
                .filter_map(|resolver| resolver.resolve_file(&path, specifier).ok())
                .find_map(|resolution| self.view.module(resolution.path()));
            target = resolved.map_or(target, Target::Module);
        }
        locked(&self.names)
            .entry(scope)
            .or_default()
            .insert(specifier.into(), target);
        target
    }

    fn target(&self, file: &Path, specifier: &str, has_tsconfig: bool) -> Target {
        let plain = specifier
            .split(['?', '#'])
            .next()
            .filter(|s| !s.is_empty())
            .unwrap_or(specifier);
        let relative = is_relative(specifier);
        let resolved = match has_tsconfig {
            true => self.with_tsconfig.resolve_file(file, specifier).ok(),
            false => None,
        };
        // The file's tsconfig may be what failed.
        let resolved =
            resolved.or_else(|| self.without_tsconfig.resolve_file(file, specifier).ok());
        if let Some(resolution) = resolved {
            if let Some(module) = self.view.module(resolution.path()) {
                return Target::Module(module);
            }
            if relative {
                return Target::Asset;
            }
        }
        if !relative {
            return Target::External;
        }
        let folder = file.parent().unwrap_or(&self.root);
        let path = match specifier.strip_prefix('/') {
            Some(_) => self.root.join(plain.trim_start_matches('/')),
            None => folder.join(plain),
        };
        if is_asset(plain) || self.exists_in_some_form(&path) {
            Target::Asset
        } else {
            Target::Missing
        }
    }

    /// Whether there is a file that the specifier can mean although it is no module: generated, ignored, declarations.
    fn exists_in_some_form(&self, path: &Path) -> bool {
        if path.file_name().is_none() {
            // It ends in `..`.
            return path.join("package.json").is_file() || self.has_index(path);
        }
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return false;
        };
        let names = self.folders.names(folder);
        let is_file = |name: &OsStr| names.contains(name) && folder.join(name).is_file();
        if names.contains(name) && (path.is_file() || self.has_index(path)) {
            return true;
        }
        let declaration = name.to_str().and_then(|name| {
            let (stem, extension) = name.rsplit_once('.')?;
            let extension = match extension {
                "js" | "jsx" => ".d.ts",
                "mjs" => ".d.mts",
                "cjs" => ".d.cts",
                _ => return None,
            };
            Some([stem, extension].concat())
        });
        if declaration.is_some_and(|name| is_file(name.as_ref())) {
            return true;
        }
        let mut with = OsString::new();
        left_out().any(|extension| {
            with.clear();
            with.push(name);
            with.push(extension);
            is_file(&with)
        })
    }

    /// Whether a folder has a file that its path can mean.
    fn has_index(&self, folder: &Path) -> bool {
        let names = self.folders.names(folder);
        let is_file = |name: &str| names.contains(OsStr::new(name)) && folder.join(name).is_file();
        is_file("package.json")
            || left_out().any(|extension| is_file(&["index", &extension].concat()))
    }
}

/// Endings that a specifier can leave out, those of files that are no modules too.
fn left_out() -> impl Iterator<Item = String> {
    let sources = SOURCE_EXTENSIONS.iter().map(|e| format!(".{e}"));
    sources.chain([".d.ts", ".d.mts", ".d.cts", ".json", ".node"].map(str::to_owned))
}

fn is_relative(specifier: &str) -> bool {
    specifier == "."
        || specifier == ".."
        || ["./", "../", "/"].iter().any(|p| specifier.starts_with(p))
}

/// `https:`, `data:`, `virtual:` and the like; `node:` is dealt with before.
fn has_scheme(specifier: &str) -> bool {
    specifier.split_once(':').is_some_and(|(scheme, _)| {
        scheme.len() > 1
            && scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
    })
}

/// Whether the specifier names a kind of file that is never a module here, so that bundlers make something of it.
fn is_asset(specifier: &str) -> bool {
    let name = specifier.rsplit('/').next().unwrap_or(specifier);
    name.rsplit_once('.').is_some_and(|(stem, extension)| {
        !stem.is_empty()
            && !SOURCE_EXTENSIONS.contains(&extension)
            && ASSET_EXTENSIONS.contains(&extension.to_ascii_lowercase().as_str())
    })
}

const ASSET_EXTENSIONS: &[&str] = &[
    "css", "scss", "sass", "less", "styl", "pcss", "svg", "png", "jpg", "jpeg", "gif", "webp",
    "avif", "ico", "bmp", "woff", "woff2", "ttf", "otf", "eot", "mp3", "mp4", "webm", "ogg", "wav",
    "pdf", "html", "htm", "md", "mdx", "txt", "json", "json5", "jsonc", "yaml", "yml", "toml",
    "xml", "csv", "graphql", "gql", "glsl", "vert", "frag", "wgsl", "wasm", "node", "vue",
    "svelte", "astro", "hbs", "ejs", "pug", "proto", "sql",
];

fn unresolved(module: &Module, node: NodeRef, specifier: &str) -> Diagnostic {
    let at = module.summary.node(node);
    Diagnostic {
        file: module.file().to_owned(),
        place: Some(Place {
            line: at.line,
            column: at.column,
            offset: None,
            length: 0,
        }),
        code: "unresolved-import",
        severity: Severity::Warning,
        message: format!("cannot find module '{specifier}'"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_lead_out_of_folders_and_not_out_of_the_project() {
        assert_eq!(steps_taken("a/b", "./c.js"), Some(("a/b", "c.js")));
        assert_eq!(steps_taken("a/b", "../.././x/y"), Some(("", "x/y")));
        assert_eq!(steps_taken("a/b", ".././../c"), Some(("", "c")));
        assert_eq!(steps_taken("a", "../../c"), None);
        assert_eq!(steps_taken("a", ".."), None);
        assert_eq!(steps_taken("a", "b"), None);
        assert_eq!(steps_taken("a", ".b/c"), None);
    }

    #[test]
    fn plain_paths_end_in_a_name() {
        assert_eq!(plain_name("a/b/c.test.js"), Some("c.test.js"));
        assert_eq!(plain_name("é/ü.js"), Some("ü.js"));
        assert_eq!(plain_name("...a"), Some("...a"));
        let not_plain = [
            "",
            ".",
            "..",
            "a/",
            "/a",
            "a//b",
            "a/./b",
            "a/../b",
            "a/..",
            "a?raw",
            "a#b",
            "a%20b",
            "a\\b",
            "a.d",
            "a.d.ts",
            "b/a.d.css",
        ];
        for path in not_plain {
            assert_eq!(plain_name(path), None, "{path}");
        }
    }

    #[test]
    fn kinds_of_specifiers() {
        assert!(
            is_relative("..")
                && is_relative("./a")
                && is_relative("/a")
                && !is_relative(".a")
                && !is_relative("a")
        );
        assert!(
            has_scheme("https://x/y.js")
                && has_scheme("virtual:x")
                && !has_scheme("a/b")
                && !has_scheme("@a/b")
        );
        assert!(
            is_asset("./a.css")
                && is_asset("./data.JSON")
                && !is_asset("./a.js")
                && !is_asset("./a")
                && !is_asset("./.css")
        );
    }
}
