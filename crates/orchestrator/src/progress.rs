//! Phases of a run, and how a run tells how far it is.

use std::fmt;

use serde::Serialize;

/// The phases of a run, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Phase {
    /// Which files.
    Discovery,
    /// Project and services.
    Indexing,
    /// Each module on its own.
    Analysis,
    /// Modules joined.
    Enrichment,
    /// Indexes built, and the result checked.
    Validation,
}

impl Phase {
    /// All phases, in order.
    pub const ALL: [Phase; 5] = [
        Phase::Discovery,
        Phase::Indexing,
        Phase::Analysis,
        Phase::Enrichment,
        Phase::Validation,
    ];

    /// The phase's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Discovery => "DISCOVERY",
            Phase::Indexing => "INDEXING",
            Phase::Analysis => "ANALYSIS",
            Phase::Enrichment => "ENRICHMENT",
            Phase::Validation => "VALIDATION",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Hears how far a run is; called from several threads.
pub trait Progress: Sync {
    /// A phase begins; `files` is the number of files that it will go through, where it goes through files.
    fn phase(&self, phase: Phase, files: Option<u64>) {
        let _ = (phase, files);
    }

    /// So many further files are done.
    fn advance(&self, files: u64) {
        let _ = files;
    }
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProgress;

impl Progress for NoProgress {}
