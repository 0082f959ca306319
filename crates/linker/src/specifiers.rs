//! Where module specifiers lead.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use graph_model::summary::{NodeRef, Sym, Type};
use oxc_resolver::{ResolveOptions, ResolverGeneric, TsconfigDiscovery};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::builtins;
use crate::file_view::{self, FileView, SharedView};
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
            let resolver = self.resolver.get_or_init(|| Resolver::new(self.program));
            let module = self.program.module(module);
            let targets = resolver.targets(module, &mut diagnostics);
            (targets, diagnostics)
        })
    }
}

struct Resolver<'p> {
    program: &'p Program,
    view: Arc<FileView>,
    with_tsconfig: ResolverGeneric<SharedView>,
    without_tsconfig: ResolverGeneric<SharedView>,
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
    ResolveOptions {
        cwd: Some(program.root.clone()),
        tsconfig: None,
        condition_names: list(&["source", "types", "import", "require", "default"]),
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
        let without_tsconfig = with_tsconfig.clone_with_options(plain);
        Resolver {
            program,
            view,
            with_tsconfig,
            without_tsconfig,
            root: program.root.clone(),
        }
    }

    fn targets(&self, module: &Module, diagnostics: &mut Vec<Diagnostic>) -> Targets {
        let summary = &module.summary;
        let mut seen: FxHashMap<&str, Target> = FxHashMap::default();
        let mut targets = Vec::new();
        let mut file = None;
        for (symbol, node) in module.specifiers() {
            let text = summary.name(symbol);
            let target = *seen.entry(text).or_insert_with(|| {
                let target = self.direct(module.file(), text).unwrap_or_else(|| {
                    let file = file.get_or_insert_with(|| self.root.join(module.file()));
                    self.target(file, text)
                });
                if target == Target::Missing {
                    diagnostics.push(unresolved(module, node, text));
                }
                target
            });
            targets.push((symbol, target));
        }
        // Types name modules too; one that is not there is no fault of the program.
        for ty in &summary.types {
            if let Type::Import(symbol, _, _) = *ty {
                let text = summary.name(symbol);
                let target = *seen.entry(text).or_insert_with(|| {
                    self.direct(module.file(), text).unwrap_or_else(|| {
                        let file = file.get_or_insert_with(|| self.root.join(module.file()));
                        self.target(file, text)
                    })
                });
                targets.push((symbol, target));
            }
        }
        targets.sort_unstable_by_key(|t| t.0);
        targets.dedup_by_key(|t| t.0);
        targets
    }

    /// What the resolver would say of a relative specifier that leads to a module by its path and an extension: most do,
    /// and this is much quicker. `None` where there is more to it.
    fn direct(&self, file: &str, specifier: &str) -> Option<Target> {
        if !specifier.starts_with("./") && !specifier.starts_with("../")
            || specifier.contains(['?', '#', '\\', '%'])
        {
            return None;
        }
        let mut path = String::with_capacity(file.len() + specifier.len() + 4);
        path.push_str(file.rsplit_once('/').map_or("", |(folder, _)| folder));
        let mut last = "";
        for segment in specifier.split('/') {
            last = segment;
            match segment {
                "" => return None,
                "." => {}
                // Not above the project.
                ".." if path.is_empty() => return None,
                ".." => path.truncate(path.rfind('/').unwrap_or(0)),
                _ => {
                    if !path.is_empty() {
                        path.push('/');
                    }
                    path.push_str(segment);
                }
            }
        }
        if matches!(last, "." | "..") || last.ends_with(".d") || last.contains(".d.") {
            return None;
        }
        let alias = ALIASES
            .iter()
            .find(|(extension, _)| last.len() > extension.len() && last.ends_with(extension));
        let (stem, extensions) = match alias {
            Some((extension, sources)) => (path.len() - extension.len(), *sources),
            None => {
                if let Some(module) = self.program.find(&path) {
                    return Some(Target::Module(module));
                }
                (path.len(), EXTENSIONS)
            }
        };
        for extension in extensions {
            path.truncate(stem);
            path.push_str(extension);
            if let Some(module) = self.program.find(&path) {
                return Some(Target::Module(module));
            }
            // A build product can stand for its source before the next extension is tried.
            if matches!(*extension, ".js" | ".mjs" | ".cjs") && file_view::in_output(&path) {
                return None;
            }
        }
        None
    }

    fn target(&self, file: &Path, specifier: &str) -> Target {
        if specifier.is_empty() || builtins::is_builtin(specifier) || has_scheme(specifier) {
            return Target::External;
        }
        let plain = specifier
            .split(['?', '#'])
            .next()
            .filter(|s| !s.is_empty())
            .unwrap_or(specifier);
        let relative = is_relative(specifier);
        let resolved = self
            .with_tsconfig
            .resolve_file(file, specifier)
            .or_else(|_| {
                // The file's tsconfig may be what failed.
                self.without_tsconfig.resolve_file(file, specifier)
            });
        if let Ok(resolution) = resolved {
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
        if is_asset(plain) || exists_in_some_form(&path) {
            Target::Asset
        } else {
            Target::Missing
        }
    }
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

/// Whether there is a file that the specifier can mean although it is no module: generated, ignored, declarations.
fn exists_in_some_form(path: &Path) -> bool {
    if path.is_file() || path.join("package.json").is_file() {
        return true;
    }
    let with = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        Path::new(&name).is_file()
    };
    let declaration = path.to_str().and_then(|p| {
        let (stem, extension) = p.rsplit_once('.')?;
        Some((
            stem,
            match extension {
                "js" | "jsx" => ".d.ts",
                "mjs" => ".d.mts",
                "cjs" => ".d.cts",
                _ => return None,
            },
        ))
    });
    if let Some((stem, extension)) = declaration
        && Path::new(&format!("{stem}{extension}")).is_file()
    {
        return true;
    }
    let extensions = SOURCE_EXTENSIONS.iter().map(|e| format!(".{e}"));
    extensions
        .chain([".d.ts", ".d.mts", ".d.cts", ".json", ".node"].map(str::to_owned))
        .any(|suffix| with(&suffix) || path.join(format!("index{suffix}")).is_file())
}

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
