//! `cargo xtask fuzz`: runs the fuzz targets for some seconds each, with the compiler that the workspace uses.
//!
//! `cargo fuzz` does the same with a nightly compiler and an address sanitizer. Coverage alone needs neither: the passes that
//! libFuzzer is guided by are part of every compiler. A C++ compiler is needed for libFuzzer itself.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use rfdb_engine::{Batch, EdgeRow, Engine, IndexMode, NodeId, NodeRow, Options, Owner};

/// Crate of each target.
const TARGETS: [(&str, &str); 4] = [
    ("readers", "crates/rfdb-engine/fuzz"),
    ("frame_decoder", "fuzz"),
    ("request_decoder", "fuzz"),
    ("datalog", "fuzz"),
];

const FLAGS: &str = "--cfg fuzzing -Cdebug-assertions -Cpasses=sancov-module \
     -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
     -Cllvm-args=-sanitizer-coverage-pc-table";

/// Arguments of `fuzz`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// Targets to run; all if none is named.
    targets: Vec<String>,
    /// Seconds for each target.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

fn host() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output()?;
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .find_map(|line| line.strip_prefix("host: ").map(str::to_owned))
        .context("rustc does not say for which machine it compiles")
}

/// Real files, so that mutations begin from something that is read far. The first byte of an input tells the target
/// whether to make checksums right.
fn seed_readers(corpus: &Path) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let engine = Engine::create(dir.path(), Options::default())?;
    for owner in ["a", "b"] {
        let mut batch = Batch::new();
        batch.owner(Owner::new(owner, ""));
        for n in 0..9u128 {
            let id = NodeId(n << 120);
            batch.push_node(NodeRow {
                id,
                semantic_id: "a->T->a#1",
                node_type: "T",
                name: "a",
                file: owner,
                exported: true,
                metadata: r#"{"a":1,"b":"c"}"#,
            });
            batch.push_edge(EdgeRow {
                src: id,
                dst: NodeId(n * 3),
                edge_type: "E",
                metadata: r#"{"n":7}"#,
            });
        }
        engine.commit(batch, IndexMode::Immediate)?;
        engine.rebuild_indexes()?;
    }
    drop(engine);
    for entry in std::fs::read_dir(dir.path())? {
        let path = entry?.path();
        let data = std::fs::read(&path)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        for mode in 0..2u8 {
            let seed = [&[mode], &data[..]].concat();
            std::fs::write(corpus.join(format!("{name}-{mode}")), seed)?;
        }
    }
    Ok(())
}

/// Builds and runs the targets; a crash is an error that names the input.
pub(crate) fn run(args: &Args) -> Result<()> {
    for name in &args.targets {
        if !TARGETS.iter().any(|(target, _)| target == name) {
            bail!(
                "there is no target {name}: there are {:?}",
                TARGETS.map(|(target, _)| target)
            );
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("the repository")?;
    let host = host()?;
    let out: PathBuf = root.join("target/fuzz");
    for (target, folder) in TARGETS {
        if !args.targets.is_empty() && !args.targets.iter().any(|name| name == target) {
            continue;
        }
        // With a target named, the flags do not reach build scripts, which could not be linked with them.
        let built = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["build", "--release", "--bin", target, "--target", &host])
            .arg("--target-dir")
            .arg(&out)
            .arg("--manifest-path")
            .arg(root.join(folder).join("Cargo.toml"))
            .env("RUSTFLAGS", FLAGS)
            .status()?;
        if !built.success() {
            bail!("{target} cannot be built");
        }
        let corpus = out.join("corpus").join(target);
        let artifacts = out.join("artifacts").join(target);
        std::fs::create_dir_all(&corpus)?;
        std::fs::create_dir_all(&artifacts)?;
        if target == "readers" {
            seed_readers(&corpus)?;
        }
        let ran = Command::new(out.join(&host).join("release").join(target))
            .arg(format!("-max_total_time={}", args.seconds))
            .arg(format!("-artifact_prefix={}/", artifacts.display()))
            .args([
                "-max_len=16384",
                "-rss_limit_mb=2048",
                "-timeout=10",
                "-print_final_stats=1",
            ])
            .arg(&corpus)
            .status()?;
        if !ran.success() {
            bail!(
                "{target} found an input that must not happen: see {}",
                artifacts.display()
            );
        }
    }
    Ok(())
}
