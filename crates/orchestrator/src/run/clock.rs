//! How long phases and their steps take.

use std::time::{Duration, Instant};

use crate::plugins::steps::FILE_WALK;
use crate::report::{PhaseTime, StepTime};
use crate::{Phase, Progress};

/// Times the phases of a run, one after the other.
pub(crate) struct Clock<'a> {
    progress: &'a dyn Progress,
    phases: Vec<PhaseTime>,
    since: Instant,
}

impl<'a> Clock<'a> {
    /// Begins with DISCOVERY, which took place before.
    pub(crate) fn new(progress: &'a dyn Progress, begun: Instant, discovered: Instant) -> Self {
        Clock {
            progress,
            phases: vec![PhaseTime {
                phase: Phase::Discovery,
                time: discovered - begun,
                steps: vec![StepTime {
                    step: FILE_WALK.to_owned(),
                    time: discovered - begun,
                }],
            }],
            since: discovered,
        }
    }

    /// Ends the current phase and begins another; `files` as in [`Progress::phase`].
    pub(crate) fn begin(&mut self, phase: Phase, files: Option<u64>) {
        if self.phases.last().is_some_and(|last| last.phase == phase) {
            return;
        }
        self.end();
        self.progress.phase(phase, files);
        self.phases.push(PhaseTime {
            phase,
            time: Duration::ZERO,
            steps: Vec::new(),
        });
        self.since = Instant::now();
    }

    /// Ends the current phase.
    fn end(&mut self) {
        if let [.., _, phase] = &mut self.phases[..] {
            phase.time = self.since.elapsed();
        }
    }

    /// Does a step of the current phase.
    pub(crate) fn step<T>(&mut self, step: &str, work: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let result = work();
        self.add(step, begun.elapsed());
        result
    }

    /// Adds a step that was timed elsewhere.
    pub(crate) fn add(&mut self, step: &str, time: Duration) {
        if let Some(phase) = self.phases.last_mut() {
            phase.steps.push(StepTime {
                step: step.to_owned(),
                time,
            });
        }
    }

    /// All phases, in order.
    pub(crate) fn finish(mut self) -> Vec<PhaseTime> {
        self.end();
        self.phases
    }
}
