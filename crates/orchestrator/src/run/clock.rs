//! How long phases and their steps take.

use std::time::{Duration, Instant};

use crate::project::Project;
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
    pub(crate) fn new(progress: &'a dyn Progress, project: &Project) -> Self {
        let mut clock = Clock {
            progress,
            phases: vec![PhaseTime {
                phase: Phase::Discovery,
                time: project.discovered - project.begun,
                steps: Vec::new(),
            }],
            since: project.discovered,
        };
        clock.add_all(Phase::Discovery, project.times.iter().cloned());
        clock
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
        if let Some(phase) = self.phases.last() {
            self.add_all(phase.phase, [(step.to_owned(), time)]);
        }
    }

    /// Adds steps of a phase: what its plugins did, some of them while another phase went on. A plugin is one step, whichever
    /// of its hooks took the time.
    pub(crate) fn add_all(
        &mut self,
        phase: Phase,
        times: impl IntoIterator<Item = (String, Duration)>,
    ) {
        let Some(of) = self.phases.iter_mut().find(|of| of.phase == phase) else {
            return;
        };
        for (step, time) in times {
            match of.steps.iter_mut().find(|known| known.step == step) {
                Some(known) => known.time += time,
                None => of.steps.push(StepTime { step, time }),
            }
        }
    }

    /// All phases, in order.
    pub(crate) fn finish(mut self) -> Vec<PhaseTime> {
        self.end();
        self.phases
    }
}
