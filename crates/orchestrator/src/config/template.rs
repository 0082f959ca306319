//! `init`: a configuration to begin with.

use std::fs;
use std::path::{Path, PathBuf};

use super::FILE;
use crate::Error;

/// What [`initialize`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Initialized {
    /// The configuration.
    pub config: PathBuf,
    /// Whether it was written; if not, it was there before.
    pub written: bool,
    /// The `.gitignore` that got new lines.
    pub ignored: Option<PathBuf>,
}

const TEMPLATE: &str = r"# How grafema-rs analyzes this project. Everything here is optional.

# Without services, each workspace package of npm, pnpm, yarn or lerna is one; without those, the project.
# services:
#   - name: api
#     path: apps/api
#     entryPoint: src/main.ts
#     customerFacing: true
#   - name: web
#     path: apps/web

# Globs of the files to analyze, and of those to leave out.
# include:
#   - 'src/**'
# exclude:
#   - '**/*.test.ts'
#   - '**/__mocks__/**'

# An analysis with unresolved imports fails (the same as --strict).
strict: false

# How requests of one service reach another, for instance through a proxy.
# routing:
#   - from: web
#     to: api
#     stripPrefix: /api   # /api/users of web is /users of api
#     addPrefix: /v1

# Plugins of a phase, in place of the default ones. A plugin of your own is a command.
# The foundation of a phase (file-walk, project-index, module-analyzer, linker, graph-counts) runs unless it is left out.
# plugins:
#   analysis:
#     - '!http-requests'   # all but this one
#   enrichment:
#     - express-routes
#     - name: my-plugin
#       command: [node, tools/my-plugin.js]
#       timeout: 30
#   validation:
#     - graph-connectivity   # walks the whole graph; not run unless it is named
#     - broken-imports
#     - unresolved-calls
";

/// Lines of a `.gitignore`: what an analysis writes, and can write again at any time.
const IGNORED: &[&str] = &[
    ".grafema/graph.rfdb*/",
    ".grafema/cache/",
    ".grafema/rfdb.sock",
    ".grafema/diagnostics.log",
];

/// Writes a commented configuration, and adds to the project's `.gitignore` what an analysis writes. A configuration that is
/// there stays, unless `force` says otherwise.
///
/// # Errors
/// [`Error::Io`].
pub fn initialize(root: &Path, force: bool) -> Result<Initialized, Error> {
    let config = root.join(FILE);
    let written = force || !config.exists();
    if written {
        if let Some(folder) = config.parent() {
            fs::create_dir_all(folder).map_err(|e| Error::io("create", folder, e))?;
        }
        let text = format!("version: {}\n{TEMPLATE}", env!("CARGO_PKG_VERSION"));
        fs::write(&config, text).map_err(|e| Error::io("write", &config, e))?;
    }
    Ok(Initialized {
        config,
        written,
        ignored: ignore(root)?,
    })
}

fn ignore(root: &Path) -> Result<Option<PathBuf>, Error> {
    let path = root.join(".gitignore");
    // Without Git there is nothing to ignore.
    if !path.exists() && !root.join(".git").exists() {
        return Ok(None);
    }
    let mut text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(e) => return Err(Error::io("read", &path, e)),
    };
    let has = |line: &str| {
        let plain = |l: &str| l.trim().trim_matches('/').to_owned();
        text.lines()
            .any(|l| plain(l) == plain(line) || plain(l) == ".grafema")
    };
    let missing: Vec<&str> = IGNORED.iter().copied().filter(|line| !has(line)).collect();
    if missing.is_empty() {
        return Ok(None);
    }
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    for line in missing {
        text.push_str(line);
        text.push('\n');
    }
    fs::write(&path, text).map_err(|e| Error::io("write", &path, e))?;
    Ok(Some(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn the_template_is_a_configuration_and_so_are_its_comments() {
        assert!(Config::parse(TEMPLATE).unwrap().warnings.is_empty());
        let uncommented: String = TEMPLATE
            .lines()
            .filter_map(|line| match line.strip_prefix("# ") {
                Some(text) if !text.ends_with('.') && !text.contains(". ") => {
                    Some(format!("{text}\n"))
                }
                Some(_) => None,
                None => Some(format!("{line}\n")),
            })
            .collect();
        let config = Config::parse(&uncommented).unwrap();
        assert!(config.warnings.is_empty(), "{:?}", config.warnings);
        assert_eq!((config.services.len(), config.plugins.len()), (2, 3));
        assert_eq!(config.routing.len(), 1);
    }

    #[test]
    fn what_is_there_stays() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::write(root.join(".gitignore"), "node_modules").unwrap();
        assert!(initialize(root, false).unwrap().written);
        let text = fs::read_to_string(root.join(".gitignore")).unwrap();
        assert!(
            text.starts_with("node_modules\n.grafema/graph.rfdb*/\n"),
            "{text}"
        );
        fs::write(root.join(FILE), "strict: true\n").unwrap();
        let again = initialize(root, false).unwrap();
        assert_eq!((again.written, again.ignored), (false, None));
        assert!(Config::load(root).unwrap().strict);
        assert!(initialize(root, true).unwrap().written);
    }
}
