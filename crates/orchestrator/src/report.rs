//! What a run tells when it is done.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::store::Counts;
use crate::{Diagnostic, Phase};

/// The result of a run. Its JSON form is what `analyze --json` prints.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Name of the project.
    pub project: String,
    /// Its folder.
    pub root: PathBuf,
    /// Threads that analyzed.
    pub threads: usize,
    /// Whether everything was analyzed, or what changed.
    #[serde(flatten)]
    pub mode: Mode,
    /// Whether the configuration says that a run with unresolved imports fails.
    pub strict: bool,
    /// Files.
    pub files: FileCounts,
    /// What became of the files of the last run.
    pub changes: Changes,
    /// Services, by folder.
    pub services: Vec<String>,
    /// Nodes.
    pub nodes: TypeCounts,
    /// Edges.
    pub edges: TypeCounts,
    /// Imports of modules of the project.
    pub imports: Resolved,
    /// Calls.
    pub calls: Resolved,
    /// Times of the phases, in order.
    pub phases: Vec<PhaseTime>,
    /// Time of the whole run.
    #[serde(rename = "milliseconds", serialize_with = "milliseconds")]
    pub time: Duration,
    /// What was skipped, did not parse, or leads nowhere; by file and place.
    pub diagnostics: Vec<Diagnostic>,
}

impl Report {
    /// How often each code was reported, sorted by code.
    #[must_use]
    pub fn diagnostic_counts(&self) -> BTreeMap<&'static str, u64> {
        let mut counts = BTreeMap::new();
        for diagnostic in &self.diagnostics {
            *counts.entry(diagnostic.code).or_default() += 1;
        }
        counts
    }

    /// Time of a step, such as `commit` of ENRICHMENT.
    #[must_use]
    pub fn step(&self, phase: Phase, step: &str) -> Option<Duration> {
        let phase = self.phases.iter().find(|p| p.phase == phase)?;
        phase.steps.iter().find(|s| s.step == step).map(|s| s.time)
    }
}

/// Whether a run analyzed everything or only what changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "mode", rename_all = "camelCase")]
pub enum Mode {
    /// Everything was analyzed, and the graph was loaded anew.
    Initial {
        /// Why.
        reason: InitialReason,
    },
    /// Only what changed was analyzed.
    Incremental,
}

/// Why a run analyzed everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InitialReason {
    /// It was told to.
    Asked,
    /// There was no graph.
    EmptyGraph,
    /// The last load did not come to its end.
    UnfinishedLoad,
    /// Nothing is known of the last run.
    NoCache,
    /// The last run was that of another version of the program.
    OtherAnalyzer,
    /// What is remembered of the last run cannot be read.
    DamagedCache(String),
    /// The graph is not the one that the last run ended with: it was stopped in between, or somebody else changed the graph.
    OtherGraph,
    /// The configuration changed.
    OtherConfiguration,
    /// So much changed that loading anew is quicker.
    MostChanged,
}

impl std::fmt::Display for InitialReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            InitialReason::Asked => "as asked",
            InitialReason::EmptyGraph => "there was no graph yet",
            InitialReason::UnfinishedLoad => "the last analysis did not finish",
            InitialReason::NoCache => "nothing is remembered of an earlier analysis",
            InitialReason::OtherAnalyzer => "the last analysis was that of another version",
            InitialReason::DamagedCache(what) => {
                return write!(f, "the cache cannot be read: {what}");
            }
            InitialReason::OtherGraph => "the graph is not as the last analysis left it",
            InitialReason::OtherConfiguration => "the configuration changed",
            InitialReason::MostChanged => "most of the sources changed",
        })
    }
}

impl Serialize for InitialReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Files that differ from those of the last run, by path. Empty for an initial run, but for files that are gone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Changes {
    /// New ones.
    pub added: Vec<String>,
    /// Those with another content.
    pub changed: Vec<String>,
    /// Those that are gone.
    pub removed: Vec<String>,
    /// Number of modules that were linked: all of them, or those that the changes could reach.
    pub linked: u64,
}

impl Changes {
    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}

/// Numbers of files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileCounts {
    /// In the graph.
    pub analyzed: u64,
    /// Of those, how many could not be parsed and have nothing but their MODULE node.
    pub failed: u64,
    /// Left out: too large, binary, unreadable. The diagnostics name them.
    pub skipped: u64,
    /// Files that were in the graph before and are gone.
    pub removed: u64,
    /// Bytes of those in the graph.
    pub bytes: u64,
    /// Lines of those in the graph.
    pub lines: u64,
}

/// Rows by type.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TypeCounts {
    /// All.
    pub total: u64,
    /// By type.
    pub by_type: BTreeMap<String, u64>,
}

impl From<BTreeMap<String, u64>> for TypeCounts {
    fn from(by_type: BTreeMap<String, u64>) -> Self {
        TypeCounts {
            total: by_type.values().sum(),
            by_type,
        }
    }
}

impl TypeCounts {
    /// Nodes and edges.
    #[must_use]
    pub fn of(counts: Counts) -> (Self, Self) {
        (counts.nodes.into(), counts.edges.into())
    }
}

/// How many of something reached a target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Resolved {
    /// All.
    pub total: u64,
    /// Those with a target in the graph.
    pub resolved: u64,
}

/// Time of a phase.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PhaseTime {
    /// The phase.
    pub phase: Phase,
    /// Its time.
    #[serde(rename = "milliseconds", serialize_with = "milliseconds")]
    pub time: Duration,
    /// Its parts, where it has any that are worth knowing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepTime>,
}

/// Time of a part of a phase.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StepTime {
    /// The part.
    pub step: String,
    /// Its time.
    #[serde(rename = "milliseconds", serialize_with = "milliseconds")]
    pub time: Duration,
}

fn milliseconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((time.as_secs_f64() * 1e6).round() / 1e3)
}
