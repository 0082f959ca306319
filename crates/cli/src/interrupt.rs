//! Ctrl-C.

use std::sync::atomic::{AtomicBool, Ordering};

use orchestrator::Cancellation;

/// Lets Ctrl-C stop runs in good order. Who presses it again ends the process at once, which also leaves no half graph.
pub(crate) fn cancellation() -> Cancellation {
    let cancellation = Cancellation::default();
    let asked = AtomicBool::new(false);
    let ours = cancellation.clone();
    // Without a handler, Ctrl-C ends the process at once.
    let _ = ctrlc::set_handler(move || {
        if asked.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        ours.cancel();
    });
    cancellation
}
