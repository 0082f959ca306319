//! `cargo xtask fuzz`: every fuzz target for some time. It needs a nightly compiler, and no cargo-fuzz.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};

/// Runs every fuzz target for some time.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Seconds for each target.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Only these targets.
    targets: Vec<String>,
}

/// Packages with fuzz targets, from the root of the repository, and their targets.
const PACKAGES: [(&str, &[&str]); 2] = [
    ("fuzz", &["frame_decoder", "request_decoder", "datalog"]),
    ("crates/rfdb-engine/fuzz", &["readers"]),
];

/// What makes the compiler count the ways through the code, as libFuzzer wants it.
const COVERAGE: &str = "--cfg fuzzing -Cdebug-assertions -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1";

/// Memory of a target at most, in MiB.
const MAX_MEMORY: u32 = 1024;
/// Time of one input at most, in seconds.
const MAX_TIME: u32 = 10;

/// The triple of this machine: flags for a target leave build scripts alone.
fn host() -> anyhow::Result<String> {
    let output = Command::new("rustc").arg("-vV").output()?;
    let text = String::from_utf8(output.stdout)?;
    let line = text.lines().find_map(|line| line.strip_prefix("host: "));
    line.map(str::to_owned)
        .context("rustc does not say its host")
}

fn build(package: &Path, host: &str) -> anyhow::Result<()> {
    // The compiler that runs this command is not the one that is needed.
    let status = Command::new("rustup")
        .args([
            "run",
            "nightly",
            "cargo",
            "build",
            "--release",
            "--bins",
            "--target",
            host,
        ])
        .env("RUSTFLAGS", COVERAGE)
        .env_remove("CARGO")
        .env_remove("RUSTUP_TOOLCHAIN")
        .current_dir(package)
        .status()
        .context("cannot run rustup; fuzzing needs a nightly compiler")?;
    if !status.success() {
        bail!("the targets of {} do not build", package.display());
    }
    Ok(())
}

/// Runs the targets.
///
/// # Errors
/// A target that does not build, and one that finds an input that fails: its file is named.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let root = crate::tidy::repository_root()?;
    let host = host()?;
    let wanted = |target: &str| args.targets.is_empty() || args.targets.iter().any(|t| t == target);
    for (package, targets) in PACKAGES {
        let targets: Vec<&&str> = targets.iter().filter(|target| wanted(target)).collect();
        if targets.is_empty() {
            continue;
        }
        let package = root.join(package);
        build(&package, &host)?;
        for target in targets {
            let corpus = package.join("corpus").join(target);
            let found = package.join("artifacts").join(target);
            std::fs::create_dir_all(&corpus)?;
            std::fs::create_dir_all(&found)?;
            let binary = package
                .join("target")
                .join(&host)
                .join("release")
                .join(target);
            println!("{target}: {} seconds", args.seconds);
            let status = Command::new(&binary)
                .arg(&corpus)
                .arg(format!("-artifact_prefix={}/", found.display()))
                .arg(format!("-max_total_time={}", args.seconds))
                .arg(format!("-rss_limit_mb={MAX_MEMORY}"))
                .arg(format!("-timeout={MAX_TIME}"))
                .args(["-max_len=4096", "-print_final_stats=1", "-verbosity=0"])
                .status()
                .with_context(|| format!("cannot run {}", binary.display()))?;
            if !status.success() {
                bail!("{target} failed; the input is in {}", found.display());
            }
        }
    }
    Ok(())
}
