//! `grafema-rs impact`.

use std::io::{self, BufWriter, Write};

use questions::{Confidence, Graph, Impact, ImpactLimits, Sources, impact};
use serde::Serialize;

use crate::args::ImpactArgs;
use crate::error::Error;
use crate::places::{Table, changed_note, heading, place};
use crate::{database, text};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Json<'a> {
    question: &'static str,
    #[serde(flatten)]
    answer: &'a Impact,
    totals: Totals,
    changed_files: Vec<String>,
}

/// How many there are, shown or not.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Totals {
    callers: u64,
    possible_callers: u64,
    modules: usize,
    unresolved_calls: usize,
}

pub(crate) fn run(args: &ImpactArgs) -> Result<(), Error> {
    let (root, client) = database::open(args.path.as_deref(), "impact")?;
    let mut graph = Graph::new(&client);
    let limits = ImpactLimits { depth: args.depth };
    let mut answer = impact(&mut graph, &args.name, limits)?;
    let unresolved_calls = answer.unresolved_calls.len();
    let totals = Totals {
        callers: answer.levels.iter().sum(),
        possible_callers: answer.possible_levels.iter().sum(),
        modules: answer.truncate(args.limit),
        unresolved_calls,
    };
    let mut sources = Sources::new(&root);
    sources.annotate(&mut graph, answer.places_mut())?;
    let changed_files = sources.changed();
    let mut out = BufWriter::new(io::stdout().lock());
    if args.json {
        let json = Json {
            question: "impact",
            answer: &answer,
            totals,
            changed_files,
        };
        serde_json::to_writer_pretty(&mut out, &json)?;
        writeln!(out)?;
    } else {
        people(&answer, &totals, &mut out)?;
        changed_note(&changed_files, &mut out)?;
    }
    out.flush()?;
    Ok(())
}

fn people(answer: &Impact, totals: &Totals, out: &mut dyn Write) -> Result<(), Error> {
    for target in &answer.targets {
        heading(target, out)?;
    }
    writeln!(out)?;
    let unresolved = totals.unresolved_calls as u64;
    if totals.callers == 0 && totals.possible_callers == 0 {
        let hint = match unresolved {
            0 => String::new(),
            n => format!(
                "; {} of that name might reach it",
                text::count(n, "unresolved call")
            ),
        };
        writeln!(out, "no callers found{hint}")?;
    } else {
        let possible = match totals.possible_callers {
            0 => String::new(),
            n => format!(", and possibly {} more", text::number(n)),
        };
        writeln!(
            out,
            "{}{possible}, in {}",
            text::count(totals.callers, "caller"),
            text::count(totals.modules as u64, "module")
        )?;
        let levels: Vec<String> = answer
            .levels
            .iter()
            .enumerate()
            .map(|(i, n)| format!("level {}: {}", i + 1, text::number(*n)))
            .collect();
        if levels.len() > 1 {
            writeln!(out, "  {}", levels.join(", "))?;
        }
    }
    for module in &answer.modules {
        let possible = match module.possible {
            0 => String::new(),
            n => format!(", possibly {}", text::number(n)),
        };
        writeln!(
            out,
            "\n{}  {}{possible}",
            module.file,
            text::number(module.count)
        )?;
        let mut table = Table::default();
        for caller in &module.callers {
            let mut how = format!("level {}", caller.level);
            match caller.edge {
                "CALLS" => {}
                "CONTAINS" => how.push_str(", holds a function without a name"),
                "RENDERS" => how.push_str(", renders"),
                _ => how.push_str(", passes it on"),
            }
            if caller.confidence != Confidence::Exact {
                how.push_str(match caller.confidence {
                    Confidence::Likely => ", likely",
                    _ => ", possible",
                });
            }
            let name = if caller.node.r#type == "MODULE" {
                "(top level)".to_owned()
            } else {
                caller.node.full_name()
            };
            let at = place(&caller.call);
            let at = at.strip_prefix(&module.file).unwrap_or(&at);
            table.row(
                [name, at.trim_start_matches(':').to_owned(), how],
                caller.call.text.as_deref(),
            );
        }
        table.write(out)?;
        let all = (module.count + module.possible) as usize;
        crate::places::more(module.callers.len(), all, out)?;
    }
    if totals.modules > answer.modules.len() {
        writeln!(
            out,
            "\nand {}; --limit {} shows all",
            text::count(
                (totals.modules - answer.modules.len()) as u64,
                "more module"
            ),
            totals.modules
        )?;
    }
    if unresolved > 0 {
        writeln!(
            out,
            "\n{} of that name, which might reach it",
            text::count(unresolved, "unresolved call")
        )?;
        let mut table = Table::default();
        for call in &answer.unresolved_calls {
            let reason = call.reason.as_deref().unwrap_or_default().replace('-', " ");
            table.row(
                [place(&call.at), reason, String::new()],
                call.at.text.as_deref(),
            );
        }
        table.write(out)?;
        crate::places::more(answer.unresolved_calls.len(), totals.unresolved_calls, out)?;
    }
    match answer.cut {
        Some("depth") => writeln!(out, "\nthere are more levels; a larger --depth shows them")?,
        Some(_) => writeln!(
            out,
            "\nthere are more callers than can be listed; the counts are not complete"
        )?,
        None => {}
    }
    if answer.others > 0 {
        writeln!(
            out,
            "\nnot counted: {} of this name; ask for FUNCTION.{}",
            text::count(answer.others as u64, "local variable or parameter"),
            answer.name
        )?;
    }
    Ok(())
}
