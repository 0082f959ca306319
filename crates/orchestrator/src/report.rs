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
    /// Files.
    pub files: FileCounts,
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
    pub step: &'static str,
    /// Its time.
    #[serde(rename = "milliseconds", serialize_with = "milliseconds")]
    pub time: Duration,
}

fn milliseconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((time.as_secs_f64() * 1e6).round() / 1e3)
}
