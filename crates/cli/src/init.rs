//! `grafema-rs init`.

use std::io::{self, Write as _};

use crate::args::InitArgs;
use crate::error::Error;

pub(crate) fn run(args: &InitArgs) -> Result<(), Error> {
    let root = orchestrator::discovery::project_root(&args.path)?;
    let done = orchestrator::config::initialize(&root, args.force)?;
    let mut out = io::stdout().lock();
    if done.written {
        writeln!(out, "wrote {}", done.config.display())?;
    } else {
        writeln!(
            out,
            "{} is there already; --force replaces it",
            done.config.display()
        )?;
    }
    if let Some(ignored) = &done.ignored {
        writeln!(out, "added lines to {}", ignored.display())?;
    }
    writeln!(out, "next: grafema-rs analyze")?;
    Ok(())
}
