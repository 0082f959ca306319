//! What `.gitignore` files exclude: each counts for its folder and below, the nearest one that says something decides.

use std::fs;
use std::path::{Path, PathBuf};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// The rules of one folder, below those of the folders above.
pub(super) struct Rules<'a> {
    above: Option<&'a Rules<'a>>,
    ignore: Gitignore,
    exclude: Gitignore,
    /// Whether a repository begins here: rules of the folders above do not count then.
    is_repository: bool,
}

impl<'a> Rules<'a> {
    /// Reads the rules of a folder; adds what is wrong with them to `errors`.
    pub(super) fn read(
        folder: &Path,
        above: Option<&'a Rules<'a>>,
        has_ignore: bool,
        is_repository: bool,
        errors: &mut Vec<ignore::Error>,
    ) -> Self {
        let mut read = |file: Option<PathBuf>| {
            let Some(file) = file else {
                return Gitignore::empty();
            };
            let mut builder = GitignoreBuilder::new(folder);
            errors.extend(builder.add(file));
            match builder.build() {
                Ok(rules) => rules,
                Err(error) => {
                    errors.push(error);
                    Gitignore::empty()
                }
            }
        };
        let excludes = is_repository
            .then(|| common_folder(&folder.join(".git")))
            .flatten()
            .map(|git| git.join("info/exclude"))
            .filter(|file| file.is_file());
        Rules {
            above,
            ignore: read(has_ignore.then(|| folder.join(".gitignore"))),
            exclude: read(excludes),
            is_repository,
        }
    }

    /// Whether something below the folder is excluded. What lies in an excluded folder is not asked for.
    pub(super) fn exclude(&self, path: &Path, is_dir: bool) -> bool {
        let mut excluded = Match::None;
        let mut next = Some(self);
        while let Some(rules) = next {
            let matched = rules.ignore.matched(path, is_dir);
            if !matched.is_none() {
                return matched.is_ignore();
            }
            if excluded.is_none() {
                excluded = rules.exclude.matched(path, is_dir);
            }
            next = rules.above.filter(|_| !rules.is_repository);
        }
        excluded.is_ignore()
    }
}

/// The folder of a repository that its work trees share. In a further work tree, `.git` is a file that leads to it.
fn common_folder(git: &Path) -> Option<PathBuf> {
    if git.is_dir() {
        return Some(git.to_owned());
    }
    let text = fs::read_to_string(git).ok()?;
    let folder = git.parent()?.join(text.strip_prefix("gitdir:")?.trim());
    let shared = fs::read_to_string(folder.join("commondir")).ok()?;
    Some(folder.join(shared.trim()))
}

/// The `.gitignore` files of the folders between a project and the root of the Git repository around it.
pub(super) struct OuterRules {
    matchers: Vec<Gitignore>,
}

impl OuterRules {
    pub(super) fn around(root: &Path) -> Self {
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
        OuterRules { matchers }
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.matchers.is_empty()
    }

    /// Whether a path of the project is excluded.
    pub(super) fn exclude(&self, path: &Path, is_dir: bool) -> bool {
        for matcher in &self.matchers {
            let matched = matcher.matched(path, is_dir);
            if !matched.is_none() {
                return matched.is_ignore();
            }
        }
        false
    }
}
