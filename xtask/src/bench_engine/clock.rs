//! CPU times, and those of commits.

use std::time::Duration;

use anyhow::Result;
use rustix::time::{ClockId, clock_gettime};

use super::data::{Module, module};

/// CPU time of this process so far.
pub(crate) fn process_cpu() -> Duration {
    to_duration(clock_gettime(ClockId::ProcessCPUTime))
}

/// CPU time of this thread so far.
pub(crate) fn thread_cpu() -> Duration {
    to_duration(clock_gettime(ClockId::ThreadCPUTime))
}

fn to_duration(time: rustix::time::Timespec) -> Duration {
    Duration::new(
        time.tv_sec.unsigned_abs(),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

/// CPU seconds of each commit, told from those of generating its data.
#[derive(Debug, Default)]
pub(crate) struct Commits {
    seconds: Vec<f64>,
}

impl Commits {
    /// Runs all commits; `write` gets each module.
    pub(crate) fn run(count: usize, mut write: impl FnMut(&Module) -> Result<()>) -> Result<Self> {
        let mut commits = Self::default();
        let mut before = process_cpu();
        for m in 0..count {
            let generating = thread_cpu();
            let module = module(m);
            let generating = thread_cpu() - generating;
            write(&module)?;
            let now = process_cpu();
            commits
                .seconds
                .push((now - before).saturating_sub(generating).as_secs_f64());
            before = now;
        }
        Ok(commits)
    }

    /// CPU seconds of all commits.
    pub(crate) fn total(&self) -> f64 {
        self.seconds.iter().sum()
    }

    /// Mean milliseconds of CPU per commit in the first and in the last tenth.
    pub(crate) fn tenths(&self) -> (f64, f64) {
        let tenth = (self.seconds.len() / 10).max(1);
        let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64 * 1e3;
        (
            mean(&self.seconds[..tenth]),
            mean(&self.seconds[self.seconds.len() - tenth..]),
        )
    }
}
