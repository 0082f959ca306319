//! `grafema-rs export`.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::Path;

use orchestrator::export::export_jsonl;
use rfdb_client::Client;

use crate::args::{ExportArgs, ExportFormat};
use crate::database;
use crate::error::Error;

/// Bytes that are gathered before they are written.
const BUFFER: usize = 1 << 20;

pub(crate) fn run(args: &ExportArgs) -> Result<(), Error> {
    let (_, client) = database::open(args.project.path(), "export")?;
    match (args.format, &args.output) {
        (ExportFormat::Jsonl, None) => {
            let mut out = BufWriter::with_capacity(BUFFER, io::stdout().lock());
            export_jsonl(&client, &mut out)?;
        }
        (ExportFormat::Jsonl, Some(path)) => to_file(&client, path)?,
    }
    Ok(())
}

/// Writes beside the file first, so that a failed export leaves what was there before.
fn to_file(client: &Client, path: &Path) -> Result<(), Error> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    let partial = path.with_file_name(name);
    let write = || {
        let file = File::create(&partial).map_err(|e| Error::io("create", &partial, e))?;
        export_jsonl(client, &mut BufWriter::with_capacity(BUFFER, file))?;
        fs::rename(&partial, path).map_err(|e| Error::io("write", path, e))
    };
    let result = write();
    if result.is_err() {
        // It may not even be there.
        let _ = fs::remove_file(&partial);
    }
    result
}
