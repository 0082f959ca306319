//! `cargo xtask soak`: the test of many clients at once, for longer.

use std::process::Command;

use anyhow::bail;

/// Runs many clients against one server for some time, and checks that nothing is lost or mixed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How long.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Connections at the same time.
    #[arg(long, default_value_t = 64)]
    clients: u64,
}

/// Runs the test.
///
/// # Errors
/// What the test found.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let status = Command::new(env!("CARGO"))
        .args([
            "test",
            "--release",
            "--package",
            "rfdb-server",
            "--test",
            "it",
        ])
        .args(["many_clients", "--", "--nocapture"])
        .env("RFDB_LOAD_SECONDS", args.seconds.to_string())
        .env("RFDB_LOAD_CLIENTS", args.clients.to_string())
        .status()?;
    if !status.success() {
        bail!("the test of many clients failed");
    }
    Ok(())
}
