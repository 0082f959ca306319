//! What `state.bin` holds.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Mutex;

use graph_model::facts::Fact;
use graph_model::{Diagnostic, Place, Severity};
use serde::{Deserialize, Serialize};

use super::summaries::Span;
use super::{LinksId, fixed};
use crate::stamp::Stamp;
use crate::store::GraphVersion;

/// A hash of rows; equal hashes mean equal rows.
pub(crate) type Hash = [u8; 16];

/// Hashes of the rows of owners: by context and file.
pub(crate) type OwnerHashes = BTreeMap<String, BTreeMap<String, Hash>>;

/// All that is remembered besides summaries.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct State {
    /// The graph's version that this state belongs to.
    pub(crate) graph: GraphVersion,
    /// Hash of the configuration.
    #[serde(with = "fixed")]
    pub(crate) configuration: [u8; 32],
    /// When DISCOVERY began, in nanoseconds since 1970: files changed later than that are racy.
    pub(crate) seen: i64,
    /// Number of the file of summaries.
    pub(crate) summaries: u32,
    /// The source files, by path.
    pub(crate) files: Vec<FileRecord>,
    /// Files besides sources that linking reads or looks for, by path.
    pub(crate) inputs: Vec<InputRecord>,
    /// See [`Discovery::listing`](crate::discovery::Discovery::listing).
    pub(crate) listing: u64,
    /// Rows of the index and of plugins, and those of enrichment that belong to no file.
    pub(crate) owners: OwnerHashes,
    /// The file of what linking left behind; `None` if there is none, or if a plugin did what an incremental run cannot do in
    /// parts.
    pub(crate) links: Option<LinksId>,
    /// Name of the plugin that joined the modules.
    pub(crate) linker: String,
    /// Name of the project.
    pub(crate) project: String,
    /// Names of its services.
    pub(crate) services: Vec<String>,
    /// What the run told besides.
    pub(crate) outcome: Outcome,
}

/// What phases after ANALYSIS told; it stays true as long as nothing changes.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) nodes: BTreeMap<String, u64>,
    pub(crate) edges: BTreeMap<String, u64>,
    /// Total and resolved.
    pub(crate) imports: (u64, u64),
    /// Total and resolved.
    pub(crate) calls: (u64, u64),
    pub(crate) diagnostics: Vec<StoredDiagnostic>,
}

/// A source file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct FileRecord {
    pub(crate) path: String,
    pub(crate) stamp: Stamp,
    /// SHA-256 of its bytes; `None` for a file that was left out.
    #[serde(with = "fixed::optional")]
    pub(crate) hash: Option<[u8; 32]>,
    pub(crate) bytes: u64,
    pub(crate) lines: u64,
    pub(crate) failed: bool,
    pub(crate) diagnostics: Vec<StoredDiagnostic>,
    /// What detectors of frameworks noticed.
    pub(crate) facts: Vec<Fact>,
    /// `None` for a file that was left out.
    pub(crate) summary: Option<Span>,
    /// Its rows of enrichment as they are stored.
    #[serde(with = "fixed::optional")]
    pub(crate) links: Option<Hash>,
}

impl FileRecord {
    /// What was told of the file.
    pub(crate) fn restored(&self) -> impl Iterator<Item = Diagnostic> + '_ {
        restored(&self.diagnostics)
    }
}

/// A file that linking reads, or looks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct InputRecord {
    /// Relative to the project, or absolute.
    pub(crate) path: String,
    /// `None` if it is not there.
    pub(crate) stamp: Option<Stamp>,
    /// SHA-256 of its bytes; zeros if it is not there.
    #[serde(with = "fixed")]
    pub(crate) hash: [u8; 32],
    /// Whether DISCOVERY found it, as opposed to a file that others name.
    pub(crate) discovered: bool,
}

/// A diagnostic in a form that can be read back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredDiagnostic {
    file: String,
    place: Option<(u32, u32, Option<u32>, u32)>,
    code: String,
    error: bool,
    message: String,
}

impl From<&Diagnostic> for StoredDiagnostic {
    fn from(diagnostic: &Diagnostic) -> Self {
        StoredDiagnostic {
            file: diagnostic.file.clone(),
            place: diagnostic
                .place
                .map(|p| (p.line, p.column, p.offset, p.length)),
            code: diagnostic.code.to_owned(),
            error: diagnostic.severity == Severity::Error,
            message: diagnostic.message.clone(),
        }
    }
}

impl From<&StoredDiagnostic> for Diagnostic {
    fn from(stored: &StoredDiagnostic) -> Self {
        Diagnostic {
            file: stored.file.clone(),
            place: stored.place.map(|(line, column, offset, length)| Place {
                line,
                column,
                offset,
                length,
            }),
            code: interned(&stored.code),
            severity: if stored.error {
                Severity::Error
            } else {
                Severity::Warning
            },
            message: stored.message.clone(),
        }
    }
}

/// A code as a text that lives as long as the process. There are few codes, and each is kept once.
pub(crate) fn interned(code: &str) -> &'static str {
    static CODES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut codes = CODES
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(&known) = codes.get(code) {
        return known;
    }
    let kept: &'static str = Box::leak(code.into());
    codes.insert(kept);
    kept
}

/// Diagnostics to be stored.
pub(crate) fn stored(diagnostics: &[Diagnostic]) -> Vec<StoredDiagnostic> {
    diagnostics.iter().map(StoredDiagnostic::from).collect()
}

/// Diagnostics that were stored.
pub(crate) fn restored(diagnostics: &[StoredDiagnostic]) -> impl Iterator<Item = Diagnostic> + '_ {
    diagnostics.iter().map(Diagnostic::from)
}
