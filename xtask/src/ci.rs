//! `ci`: all that must pass before a change is merged.

use std::process::Command;

use anyhow::{Context as _, bail};

/// Arguments of `ci`: there are none.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Runs `.ci/run`, which is what a build server runs.
pub(crate) fn run(_: &Args) -> anyhow::Result<()> {
    let script = crate::tidy::repository_root()?.join(".ci/run");
    let status = Command::new(&script)
        .status()
        .with_context(|| format!("cannot run {}", script.display()))?;
    if !status.success() {
        bail!("{} failed", script.display());
    }
    Ok(())
}
