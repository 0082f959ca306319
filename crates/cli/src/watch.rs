//! `analyze --watch`: analyzes again whenever files change.

use std::path::{Component, Path};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use notify::RecursiveMode;
use notify_debouncer_mini::new_debouncer;
use orchestrator::Cancellation;
use orchestrator::discovery::SKIPPED_DIRECTORIES;

use crate::error::Error;

/// Changes that come so shortly one after the other are one: a branch that is switched, an editor that saves through a
/// temporary file.
const DEBOUNCE: Duration = Duration::from_millis(200);
/// How often a waiting program looks whether it is to stop.
const POLL: Duration = Duration::from_millis(100);

/// Calls `changed` whenever something below `root` changed that can matter, until `cancellation` says stop or it fails.
pub(crate) fn watch(
    root: &Path,
    cancellation: &Cancellation,
    mut changed: impl FnMut() -> Result<(), Error>,
) -> Result<(), Error> {
    let failed = |source| Error::Watch {
        path: root.to_owned(),
        source,
    };
    let (send, events) = channel();
    let mut debouncer = new_debouncer(DEBOUNCE, send).map_err(failed)?;
    debouncer
        .watcher()
        .watch(root, RecursiveMode::Recursive)
        .map_err(failed)?;
    // What changed before the watching began.
    changed()?;
    while !cancellation.is_cancelled() {
        match events.recv_timeout(POLL) {
            // After an error events may be missing, so it counts as a change.
            Ok(Err(_)) => changed()?,
            Ok(Ok(events)) if events.iter().any(|e| matters(root, &e.path)) => changed()?,
            Ok(Ok(_)) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    Ok(())
}

/// Whether a path is outside of the folders that are never looked into. The configuration is inside of one and counts.
fn matters(root: &Path, path: &Path) -> bool {
    let path = path.strip_prefix(root).unwrap_or(path);
    path == Path::new(orchestrator::config::FILE)
        || !path.components().any(|part| match part {
            Component::Normal(name) => name
                .to_str()
                .is_some_and(|name| SKIPPED_DIRECTORIES.contains(&name)),
            _ => false,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matters() {
        let root = Path::new("/p");
        assert!(matters(root, Path::new("/p/src/a.ts")));
        assert!(matters(root, Path::new("/p/.grafema/config.yaml")));
        assert!(!matters(root, Path::new("/p/.grafema/graph.rfdb/MANIFEST")));
        assert!(!matters(root, Path::new("/p/x/node_modules/y/z.js")));
    }
}
