//! ANALYSIS: every module on its own, on a pool of threads.
//!
//! Each thread takes the next file, reads and parses it once, and adds its rows to a batch that only it owns; a batch
//! that has grown large is committed and a new one begun. What comes back of a module is its summary.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use analyzer::{ModuleAnalysis, ModuleGraph, ModuleSummary, Options, analyze_module};
use rfdb_protocol::{Batch, Edge, Node};
use rustc_hash::FxHashSet;

use crate::discovery::SourceFile;
use crate::{Diagnostic, Error, Progress, Store, source};
use graph_model::Severity;

/// Context under which a module's own rows are stored, for each file.
pub const ANALYSIS_CONTEXT: &str = "analysis";

/// Batches are committed when their rows take so many bytes: large enough that a commit costs little beside its rows,
/// small enough that their memory is used again while it is warm: with 4 MiB two fifths of all page faults were theirs.
const BATCH_BYTES: usize = 512 << 10;

/// What ANALYSIS leaves behind besides the stored rows.
#[derive(Debug, Default)]
pub struct Analyzed {
    /// Summaries, in any order.
    pub summaries: Vec<ModuleSummary>,
    /// Files that have no tree: they could not be parsed.
    pub failed: FxHashSet<String>,
    /// Files that were left out and places that could not be parsed, in any order.
    pub diagnostics: Vec<Diagnostic>,
    /// Bytes of the files that were analyzed.
    pub bytes: u64,
    /// Lines of the files that were analyzed.
    pub lines: u64,
}

impl Analyzed {
    fn append(&mut self, mut other: Analyzed) {
        self.summaries.append(&mut other.summaries);
        self.failed.extend(other.failed);
        self.diagnostics.append(&mut other.diagnostics);
        self.bytes += other.bytes;
        self.lines += other.lines;
    }
}

/// Analyzes files on all threads of a pool and stores their rows.
///
/// # Errors
/// The first refusal of the store; the other threads stop then.
pub fn analyze_files(
    pool: &rayon::ThreadPool,
    root: &Path,
    files: &[SourceFile],
    store: &dyn Store,
    progress: &dyn Progress,
) -> Result<Analyzed, Error> {
    // The largest first, so that no thread begins a long one when the others are done.
    let mut order: Vec<u32> = (0..files.len() as u32).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(files[i as usize].bytes));
    let next = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    let error = Mutex::new(None);
    let parts = pool.broadcast(|_| {
        let mut worker = Worker {
            root,
            store,
            batch: Batch::new(),
            analyzed: Analyzed::default(),
        };
        let result = (|| {
            while !stop.load(Ordering::Relaxed) {
                let Some(&i) = order.get(next.fetch_add(1, Ordering::Relaxed)) else {
                    break;
                };
                worker.file(&files[i as usize])?;
                progress.advance(1);
            }
            worker.commit()
        })();
        if let Err(e) = result {
            stop.store(true, Ordering::Relaxed);
            error
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner())
                .get_or_insert(e);
        }
        worker.analyzed
    });
    if let Some(error) = error
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
    {
        return Err(error);
    }
    let mut all = Analyzed::default();
    for part in parts {
        all.append(part);
    }
    Ok(all)
}

struct Worker<'a> {
    root: &'a Path,
    store: &'a dyn Store,
    batch: Batch,
    analyzed: Analyzed,
}

impl Worker<'_> {
    fn file(&mut self, file: &SourceFile) -> Result<(), Error> {
        let text = match source::read(self.root, &file.path) {
            Ok(text) => text,
            Err(diagnostic) => {
                self.analyzed.diagnostics.push(diagnostic);
                return Ok(());
            }
        };
        let path = file.path.as_str();
        let module = match catch_unwind(AssertUnwindSafe(|| {
            analyze_module(path, &text, &Options::default())
        })) {
            Ok(module) => module,
            Err(payload) => {
                self.analyzed
                    .diagnostics
                    .push(panicked(path, payload.as_ref()));
                return Ok(());
            }
        };
        let ModuleAnalysis {
            graph,
            summary,
            diagnostics,
        } = module;
        self.analyzed.bytes += text.len() as u64;
        self.analyzed.lines += count_lines(&text);
        drop(text);
        push_graph(&graph, &mut self.batch);
        if diagnostics.iter().any(|d| d.severity == Severity::Error) {
            self.analyzed.failed.insert(path.to_owned());
        }
        self.analyzed.diagnostics.extend(diagnostics);
        self.analyzed.summaries.push(summary);
        if self.batch.bytes() >= BATCH_BYTES {
            self.commit()
        } else {
            Ok(())
        }
    }

    fn commit(&mut self) -> Result<(), Error> {
        if self.batch.is_empty() {
            return Ok(());
        }
        Ok(self
            .store
            .commit_deferred(std::mem::take(&mut self.batch))?)
    }
}

/// Writes a module's graph as the rows of its file.
pub fn push_graph(graph: &ModuleGraph, batch: &mut Batch) {
    batch.owner(graph.file(), ANALYSIS_CONTEXT);
    let nodes = graph.nodes();
    batch.reserve(nodes.len(), graph.edges().len());
    for node in nodes {
        batch.push_node(Node {
            id: node.id.0,
            semantic_id: graph.semantic_id(node),
            node_type: node.node_type.as_str(),
            name: graph.name(node),
            file: graph.node_file(node),
            exported: node.exported,
            metadata: graph.node_metadata(node),
        });
    }
    for edge in graph.edges() {
        batch.push_edge(Edge {
            src: nodes[edge.src as usize].id.0,
            dst: nodes[edge.dst as usize].id.0,
            edge_type: edge.edge_type.as_str(),
            metadata: graph.edge_metadata(edge),
        });
    }
}

/// Lines as an editor counts them: a last line without a newline is one.
fn count_lines(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let newlines = bytes.iter().filter(|b| **b == b'\n').count() as u64;
    newlines + u64::from(bytes.last().is_some_and(|b| *b != b'\n'))
}

fn panicked(file: &str, payload: &(dyn std::any::Any + Send)) -> Diagnostic {
    let text = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    Diagnostic {
        file: file.to_owned(),
        place: None,
        code: "internal-error",
        severity: Severity::Error,
        message: format!(
            "the analyzer failed on this file and left it out ({text}); please report it"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::count_lines;

    #[test]
    fn lines() {
        assert_eq!(
            (
                count_lines(""),
                count_lines("a"),
                count_lines("a\n"),
                count_lines("a\nb")
            ),
            (0, 1, 1, 2)
        );
    }
}
