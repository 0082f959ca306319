//! ANALYSIS: every module on its own, on a pool of threads.
//!
//! Each thread takes the next file, reads it, has the plugin of its extension make a module of it, and keeps its graph; graphs
//! that have become many are committed together, their rows encoded by the thread that has them. What comes back of a module is its summary.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use analyzer::{ModuleAnalysis, ModuleGraph, ModuleSummary, content_hash};
use rfdb_protocol::{RowSink, Rows};

use crate::cancellation::Cancellation;
use crate::discovery::SourceFile;
use crate::plugin::{Analyzers, PluginError, Source, panic_text};
use crate::{Diagnostic, Error, Progress, module_rows, source};
use graph_model::Severity;
use graph_model::facts::Fact;

/// Context under which a module's own rows are stored, for each file.
pub(crate) const ANALYSIS_CONTEXT: &str = "analysis";

/// Graphs are committed when they take so many bytes: large enough that a commit costs little beside its rows, small
/// enough that their memory is used again while it is warm: with 4 MiB two fifths of all page faults were theirs.
const COMMIT_BYTES: usize = 512 << 10;

/// What ANALYSIS knows of a file besides the stored rows.
#[derive(Debug)]
pub(crate) struct AnalyzedFile {
    /// Position of the file in the list that was given.
    pub(crate) file: u32,
    /// The summary; `None` if the file was left out.
    pub(crate) summary: Option<ModuleSummary>,
    /// Whether there is no tree: it could not be parsed.
    pub(crate) failed: bool,
    /// Why it was left out, or places that could not be parsed.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// What detectors of frameworks noticed.
    pub(crate) facts: Vec<Fact>,
    /// Its bytes, as they were read.
    pub(crate) bytes: u64,
    /// Its lines.
    pub(crate) lines: u64,
}

/// A thread does so before each of its first files: it may be moved to another processor in the beginning, and with that to
/// other memory of the allocator.
const FILES_WITH_STEP: usize = 3;

/// Has the allocator take memory in large steps from the start. Each step of jemalloc is larger than the one before, and the
/// first are so small that most of their pages are no huge pages, each of which then waits for the system: three quarters of
/// all page faults of 600 files, 5 to 7 % of the time. Other allocators are called for nothing, which takes microseconds.
fn grow_in_large_steps() {
    // Just below what jemalloc keeps apart as large, unless it is told otherwise.
    const STEP: usize = 7 << 20;
    drop(black_box(Vec::<u8>::with_capacity(STEP)));
}

/// Analyzes files on all threads of a pool and hands on their rows, in batches, and what is known of each, in any order.
/// Answers how long each plugin took, as if all threads had been busy with it at the same time.
///
/// # Errors
/// The first that `commit` or `done` answers, or [`Error::Cancelled`]; the other threads stop then.
pub(crate) fn analyze_files(
    pool: &rayon::ThreadPool,
    root: &Path,
    analyzers: &Analyzers,
    files: &[&SourceFile],
    sink: &Sink<'_>,
) -> Result<Vec<(String, Duration)>, Error> {
    // The largest first, so that no thread begins a long one when the others are done.
    let mut order: Vec<u32> = (0..files.len() as u32).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(files[i as usize].bytes));
    let next = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    let error = Mutex::new(None);
    let times = pool.broadcast(|_| {
        let mut worker = Worker {
            root,
            analyzers,
            sink,
            graphs: Graphs::default(),
            times: BTreeMap::new(),
        };
        let mut begun = 0;
        let result = (|| {
            while !stop.load(Ordering::Relaxed) {
                let Some(&i) = order.get(next.fetch_add(1, Ordering::Relaxed)) else {
                    break;
                };
                sink.cancellation.check()?;
                if begun < FILES_WITH_STEP {
                    begun += 1;
                    grow_in_large_steps();
                }
                worker.file(i, files[i as usize])?;
                sink.progress.advance(1);
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
        worker.times
    });
    let error = error.into_inner();
    if let Some(error) = error.unwrap_or_else(|poisoned| poisoned.into_inner()) {
        return Err(error);
    }
    let threads = times.len() as u32;
    let mut sums: BTreeMap<&str, Duration> = BTreeMap::new();
    for (plugin, time) in times.into_iter().flatten() {
        *sums.entry(plugin).or_default() += time;
    }
    let shares = sums.into_iter();
    Ok(shares
        .map(|(plugin, time)| (plugin.to_owned(), time / threads.max(1)))
        .collect())
}

/// Where the results of [`analyze_files`] go. Both functions are called from all threads.
pub(crate) struct Sink<'a> {
    /// Takes the graphs of some files.
    pub(crate) commit: &'a (dyn Fn(Graphs) -> Result<(), Error> + Sync),
    /// Takes what is known of a file.
    pub(crate) done: &'a (dyn Fn(AnalyzedFile) -> Result<(), Error> + Sync),
    /// Hears of every file.
    pub(crate) progress: &'a dyn Progress,
    /// Says when to stop.
    pub(crate) cancellation: &'a Cancellation,
}

struct Worker<'a> {
    root: &'a Path,
    analyzers: &'a Analyzers,
    sink: &'a Sink<'a>,
    graphs: Graphs,
    /// How long each plugin took.
    times: BTreeMap<&'a str, Duration>,
}

/// The graphs of some modules, as rows of their files.
#[derive(Default)]
pub(crate) struct Graphs {
    graphs: Vec<ModuleGraph>,
    /// What they take, about.
    bytes: usize,
}

impl Graphs {
    fn push(&mut self, graph: ModuleGraph) {
        self.bytes += graph.size();
        self.graphs.push(graph);
    }
}

impl Rows for Graphs {
    fn write_to(&self, sink: &mut dyn RowSink) {
        for graph in &self.graphs {
            module_rows::push_graph(graph, sink);
        }
    }
}

impl Worker<'_> {
    fn file(&mut self, number: u32, file: &SourceFile) -> Result<(), Error> {
        let left_out = |diagnostic| AnalyzedFile {
            file: number,
            summary: None,
            failed: false,
            diagnostics: vec![diagnostic],
            facts: Vec::new(),
            bytes: 0,
            lines: 0,
        };
        let text = match source::read(self.root, &file.path, file.bytes) {
            Ok(text) => text,
            Err(diagnostic) => return (self.sink.done)(left_out(diagnostic)),
        };
        let path = file.path.as_str();
        let module = match self.module(path, &text) {
            Ok(module) => module,
            Err(diagnostic) => return (self.sink.done)(left_out(diagnostic)),
        };
        let ModuleAnalysis {
            graph,
            summary,
            facts,
            diagnostics,
        } = module;
        let (bytes, lines) = (text.len() as u64, count_lines(&text));
        drop(text);
        self.graphs.push(graph);
        (self.sink.done)(AnalyzedFile {
            file: number,
            summary: Some(summary),
            failed: diagnostics.iter().any(|d| d.severity == Severity::Error),
            diagnostics,
            facts,
            bytes,
            lines,
        })?;
        if self.graphs.bytes >= COMMIT_BYTES {
            self.commit()
        } else {
            Ok(())
        }
    }

    fn module(&mut self, path: &str, text: &str) -> Result<ModuleAnalysis, Diagnostic> {
        let analyzers = self.analyzers;
        let Some((name, plugin)) = analyzers.of(path) else {
            let message = "no plugin makes a module of it";
            return Err(Diagnostic::file_warning("no-analyzer", path, message));
        };
        let hash = content_hash(text.as_bytes());
        let source = Source { path, text, hash };
        let begun = Instant::now();
        let module = catch_unwind(AssertUnwindSafe(|| plugin.module(&source)));
        *self.times.entry(name).or_default() += begun.elapsed();
        let failed = |error: PluginError| Diagnostic {
            file: path.to_owned(),
            place: None,
            code: "plugin-failed",
            severity: Severity::Error,
            message: format!("plugin {name} failed on this file and left it out: {error}"),
        };
        let module = module
            .map_err(|payload| panicked(path, name, &*payload))?
            .map_err(failed)?;
        let is_of_file = module.summary.file == path
            && module.graph.file() == path
            && module.summary.content_hash == hash;
        if !is_of_file {
            return Err(failed(PluginError::new(
                "it made a module of another file or text",
            )));
        }
        Ok(module)
    }

    fn commit(&mut self) -> Result<(), Error> {
        if self.graphs.graphs.is_empty() {
            return Ok(());
        }
        (self.sink.commit)(std::mem::take(&mut self.graphs))
    }
}

/// Lines as an editor counts them: a last line without a newline is one.
fn count_lines(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let newlines = memchr::memchr_iter(b'\n', bytes).count() as u64;
    newlines + u64::from(bytes.last().is_some_and(|b| *b != b'\n'))
}

fn panicked(file: &str, plugin: &str, payload: &(dyn std::any::Any + Send)) -> Diagnostic {
    let text = panic_text(payload);
    Diagnostic {
        file: file.to_owned(),
        place: None,
        code: "internal-error",
        severity: Severity::Error,
        message: format!(
            "{plugin} panicked on this file and left it out ({text}); please report it"
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
