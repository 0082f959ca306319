//! Source lines for answers, from files that still are as they were analyzed.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use graph_model::{NodeType, SemanticId};
use rfdb_client::hash_id;
use rustc_hash::FxHashMap;
use sha2::{Digest as _, Sha256};

use crate::Result;
use crate::answer::NodeRef;
use crate::graph::Graph;

/// Reads lines of the project's files, each file once.
#[derive(Debug)]
pub struct Sources {
    root: PathBuf,
    /// Lines of files; nothing for files that are not as they were.
    files: FxHashMap<String, Option<Vec<String>>>,
}

impl Sources {
    /// Lines of the files of this project.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Sources {
            root: root.to_owned(),
            files: FxHashMap::default(),
        }
    }

    /// Gives nodes the source line that they begin on.
    ///
    /// # Errors
    /// When the database fails. A file that cannot be read is not an error: see [`changed`](Self::changed).
    pub fn annotate<'n>(
        &mut self,
        graph: &mut Graph<'_>,
        nodes: impl IntoIterator<Item = &'n mut NodeRef>,
    ) -> Result<()> {
        let nodes: Vec<&mut NodeRef> = nodes.into_iter().filter(|n| n.line.is_some()).collect();
        let files: BTreeSet<&str> = nodes
            .iter()
            .map(|n| n.file.as_str())
            .filter(|file| !self.files.contains_key(*file))
            .collect();
        let modules: Vec<_> = files
            .iter()
            .map(|file| {
                let id = SemanticId::new(*file, NodeType::Module, "module").to_string();
                ((*file).to_owned(), hash_id(&id))
            })
            .collect();
        graph.load(modules.iter().map(|(_, id)| *id))?;
        for (file, id) in modules {
            let hash = graph
                .node(id)
                .and_then(|n| n.metadata_value("contentHash"))
                .and_then(|v| v.as_str().map(str::to_owned));
            let lines = hash.and_then(|hash| self.read(&file, &hash));
            self.files.insert(file, lines);
        }
        for node in nodes {
            let line = node.line.unwrap_or(1) as usize;
            let lines = self.files.get(&node.file).and_then(Option::as_ref);
            node.text = lines
                .and_then(|lines| lines.get(line.saturating_sub(1)))
                .map(|text| text.trim().to_owned());
        }
        Ok(())
    }

    fn read(&self, file: &str, hash: &str) -> Option<Vec<String>> {
        let bytes = fs::read(self.root.join(file)).ok()?;
        let mut now = String::with_capacity(64);
        for byte in Sha256::digest(&bytes) {
            let _ = write!(now, "{byte:02x}");
        }
        if now != hash {
            return None;
        }
        Some(lines(&String::from_utf8(bytes).ok()?))
    }

    /// Files that were asked for and are gone or not as they were analyzed, sorted.
    #[must_use]
    pub fn changed(&self) -> Vec<String> {
        let mut changed: Vec<String> = self
            .files
            .iter()
            .filter(|(_, lines)| lines.is_none())
            .map(|(file, _)| file.clone())
            .collect();
        changed.sort();
        changed
    }
}

/// Lines as ECMAScript counts them.
fn lines(text: &str) -> Vec<String> {
    let text = text.replace("\r\n", "\n");
    text.split(['\n', '\r', '\u{2028}', '\u{2029}'])
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn lines_end_as_in_the_language() {
        assert_eq!(lines("a\r\nb\rc\u{2028}d\n"), ["a", "b", "c", "d", ""]);
    }
}
