//! `grafema-rs coverage`.

use std::io::{self, BufWriter, Write};

use questions::{Coverage, Graph, ServiceCoverage, coverage};
use serde::Serialize;

use crate::args::CoverageArgs;
use crate::error::Error;
use crate::{database, text};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Json<'a> {
    question: &'static str,
    #[serde(flatten)]
    answer: &'a Coverage,
}

pub(crate) fn run(args: &CoverageArgs) -> Result<(), Error> {
    let (_, client) = database::open(args.project.path(), "coverage")?;
    let answer = coverage(&mut Graph::new(&client))?;
    let mut out = BufWriter::new(io::stdout().lock());
    if args.json {
        let json = Json {
            question: "coverage",
            answer: &answer,
        };
        serde_json::to_writer_pretty(&mut out, &json)?;
        writeln!(out)?;
    } else {
        for service in &answer.services {
            people(service, args.limit, &mut out)?;
        }
    }
    out.flush()?;
    Ok(())
}

fn people(service: &ServiceCoverage, limit: usize, out: &mut dyn Write) -> io::Result<()> {
    let ServiceCoverage {
        name,
        files,
        reachable,
        unreachable,
        ..
    } = service;
    let files = text::count(*files as u64, "file");
    match (&service.entry_file, &service.entry_point) {
        (Some(entry), _) => writeln!(
            out,
            "{name}: {} of {files} reachable from {entry} ({})",
            text::number(*reachable as u64),
            text::percent(*reachable as u64, service.files as u64)
        )?,
        (None, Some(entry)) => {
            return writeln!(
                out,
                "{name}: {files}; its entry point {entry} is none of them"
            );
        }
        (None, None) => return writeln!(out, "{name}: {files}; no entry point is known"),
    }
    for file in unreachable.iter().take(limit) {
        writeln!(out, "  not reachable  {file}")?;
    }
    if unreachable.len() > limit {
        writeln!(
            out,
            "  and {} more",
            text::number((unreachable.len() - limit) as u64)
        )?;
    }
    Ok(())
}
