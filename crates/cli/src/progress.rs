//! How far an analysis is: bars on a terminal, lines elsewhere.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use orchestrator::{Phase, Progress};

use crate::text;

/// Shows phases and files on standard error.
pub(crate) struct TerminalProgress {
    bar: Option<ProgressBar>,
    lines: bool,
    begun: Mutex<Option<(Phase, Instant)>>,
}

impl TerminalProgress {
    pub(crate) fn new(silent: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let bar = (!silent && terminal).then(|| {
            let bar = ProgressBar::new_spinner();
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        TerminalProgress {
            bar,
            lines: !silent && !terminal,
            begun: Mutex::new(None),
        }
    }

    /// Ends the last phase; it is told only if the run came to its end.
    pub(crate) fn finish(&self, succeeded: bool) {
        if succeeded {
            self.turn(None);
        }
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn turn(&self, next: Option<Phase>) {
        let mut begun = self
            .begun
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some((phase, since)) = begun.take()
            && self.lines
        {
            // Progress that cannot be shown is no reason to stop.
            let _ = writeln!(
                std::io::stderr(),
                "{phase:<11} {}",
                text::time(since.elapsed())
            );
        }
        *begun = next.map(|phase| (phase, Instant::now()));
    }
}

impl Progress for TerminalProgress {
    fn phase(&self, phase: Phase, files: Option<u64>) {
        self.turn(Some(phase));
        let Some(bar) = &self.bar else { return };
        let template = match files {
            Some(_) => "{spinner} {msg:<11} {wide_bar} {pos}/{len} files, {per_sec}",
            None => "{spinner} {msg}",
        };
        bar.set_style(
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        bar.set_length(files.unwrap_or(0));
        bar.set_position(0);
        bar.set_message(phase.as_str());
    }

    fn advance(&self, files: u64) {
        if let Some(bar) = &self.bar {
            bar.inc(files);
        }
    }
}
