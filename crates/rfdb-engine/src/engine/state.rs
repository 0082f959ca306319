//! What readers see: the published runs, and the blocks that no reader has asked for yet.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::FieldDeclaration;
use crate::run::{BlockHandle, Run};
use crate::snapshot::Version;

/// Locks; a panic of another thread cannot have left half a change, because everything that can fail is done before.
pub(super) fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs of about the same size that may stand side by side before they become one.
const RUNS_PER_LEVEL: usize = 4;
/// Rows of the lowest level, as a power of [`RUNS_PER_LEVEL`].
const LOWEST_LEVEL: u32 = 5;

/// Blocks committed since the runs were published. Deltas share it, so it only grows.
#[derive(Debug, Default)]
pub(super) struct Pending(Mutex<Vec<Arc<BlockHandle>>>);

impl Pending {
    pub(super) fn push(&self, block: Arc<BlockHandle>) {
        guard(&self.0).push(block);
    }

    pub(super) fn first(&self, len: usize) -> Vec<Arc<BlockHandle>> {
        guard(&self.0).iter().take(len).cloned().collect()
    }
}

/// Published runs and pending blocks.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) version: u64,
    pub(super) runs: Arc<Vec<Arc<Run>>>,
    pub(super) pending: Arc<Pending>,
    pub(super) pending_len: usize,
    pub(super) fields: Arc<[FieldDeclaration]>,
}

/// A moment of the state, taken without work.
#[derive(Debug, Clone)]
pub(super) struct Moment {
    pub(super) version: u64,
    runs: Arc<Vec<Arc<Run>>>,
    pending: Arc<Pending>,
    pending_len: usize,
}

impl Moment {
    /// Runs that hold every block that was live at this moment.
    pub(super) fn runs(&self) -> Vec<Arc<Run>> {
        let pending = by_id(self.pending.first(self.pending_len));
        let newest = (!pending.is_empty()).then(|| Arc::new(Run::overlay(pending, Arc::default())));
        newest
            .into_iter()
            .chain(self.runs.iter().cloned())
            .collect()
    }
}

fn by_id(mut blocks: Vec<Arc<BlockHandle>>) -> Vec<Arc<BlockHandle>> {
    blocks.sort_by_key(|block| (block.desc.id, block.desc.commit));
    blocks
}

fn level(run: &Run) -> u32 {
    (run.rows().max(1).ilog(RUNS_PER_LEVEL as u64)).max(LOWEST_LEVEL)
}

impl State {
    pub(super) fn moment(&self) -> Moment {
        Moment {
            version: self.version,
            runs: Arc::clone(&self.runs),
            pending: Arc::clone(&self.pending),
            pending_len: self.pending_len,
        }
    }

    /// Makes pending blocks a run. Its index is built by whoever reads it first, so this is quick. Runs of the same size are
    /// put together, so that there are never many, and each row is indexed again a logarithmic number of times.
    pub(super) fn publish(&mut self) -> Version {
        if self.pending_len > 0 {
            let version = self.version;
            let live = |blocks: Vec<Arc<BlockHandle>>| {
                by_id(
                    blocks
                        .into_iter()
                        .filter(|block| block.is_live_at(version))
                        .collect(),
                )
            };
            let new = live(self.pending.first(self.pending_len));
            self.pending = Arc::default();
            self.pending_len = 0;
            let mut runs: Vec<Arc<Run>> = self.runs.to_vec();
            if !new.is_empty() {
                runs.insert(0, Arc::new(Run::overlay(new, Arc::clone(&self.fields))));
            }
            while let Some(first) = runs.first().filter(|run| run.as_base().is_none()) {
                let limit = level(first);
                let same = runs
                    .iter()
                    .take_while(|run| run.as_base().is_none() && level(run) <= limit)
                    .count();
                if same < RUNS_PER_LEVEL {
                    break;
                }
                let blocks = runs
                    .drain(..same)
                    .flat_map(|run| run.handles().to_vec())
                    .collect();
                let merged = live(blocks);
                if !merged.is_empty() {
                    runs.insert(0, Arc::new(Run::overlay(merged, Arc::clone(&self.fields))));
                }
            }
            self.runs = Arc::new(runs);
        }
        Version::new(self.version, self.runs.to_vec())
    }

    /// Rows in the overlay, also superseded ones.
    pub(super) fn overlay_rows(&self) -> u64 {
        self.runs
            .iter()
            .filter(|run| run.as_base().is_none())
            .map(|run| run.rows())
            .sum()
    }

    pub(super) fn base_rows(&self) -> u64 {
        self.runs
            .iter()
            .filter(|run| run.as_base().is_some())
            .map(|run| run.rows())
            .sum()
    }
}
