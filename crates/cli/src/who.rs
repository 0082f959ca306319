//! `grafema-rs who`.

use std::io::{self, BufWriter, Write};

use questions::{Graph, Sources, UnresolvedRef, UseRef, Who, who};
use serde::Serialize;

use crate::args::WhoArgs;
use crate::error::Error;
use crate::places::{Table, changed_note, heading, more, place};
use crate::{database, text};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Json<'a> {
    question: &'static str,
    #[serde(flatten)]
    answer: &'a Who,
    /// How many of each there are, shown or not.
    totals: Vec<Totals>,
    changed_files: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Totals {
    calls: usize,
    possible_calls: usize,
    references: usize,
    unresolved_calls: usize,
}

pub(crate) fn run(args: &WhoArgs) -> Result<(), Error> {
    let (root, client) = database::open(args.path.as_deref(), "who")?;
    let mut graph = Graph::new(&client);
    let mut answer = who(&mut graph, &args.name)?;
    let totals = answer.truncate(args.limit);
    let mut sources = Sources::new(&root);
    sources.annotate(&mut graph, answer.places_mut())?;
    let changed_files = sources.changed();
    let mut out = BufWriter::new(io::stdout().lock());
    if args.json {
        let totals = totals
            .iter()
            .map(
                |&[calls, possible_calls, references, unresolved_calls]| Totals {
                    calls,
                    possible_calls,
                    references,
                    unresolved_calls,
                },
            )
            .collect();
        let json = Json {
            question: "who",
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

fn people(answer: &Who, totals: &[[usize; 4]], out: &mut dyn Write) -> Result<(), Error> {
    for (i, (subject, totals)) in answer.subjects.iter().zip(totals).enumerate() {
        if i > 0 {
            writeln!(out)?;
        }
        heading(&subject.node, out)?;
        let [calls, possible, references, unresolved] = *totals;
        if calls == 0 {
            match (possible, unresolved) {
                (0, 0) => writeln!(out, "\nno callers found")?,
                (0, n) => writeln!(
                    out,
                    "\nno callers found; {} of that name might reach it",
                    text::count(n as u64, "unresolved call")
                )?,
                (_, _) => writeln!(out, "\nno sure callers found")?,
            }
        } else {
            section(
                &text::count(calls as u64, "call"),
                calls,
                &subject.calls,
                out,
            )?;
        }
        if possible > 0 {
            let title = format!("{} that may reach it", text::count(possible as u64, "call"));
            section(&title, possible, &subject.possible_calls, out)?;
        }
        if references > 0 {
            let title = text::count(references as u64, "reference");
            section(&title, references, &subject.references, out)?;
        }
        if unresolved > 0 {
            let title = format!(
                "{} of that name, which might reach it",
                text::count(unresolved as u64, "unresolved call")
            );
            unresolved_section(&title, unresolved, &subject.unresolved_calls, out)?;
        }
    }
    if answer.more_subjects > 0 {
        writeln!(
            out,
            "\n{} more have this name; ask for FILE:{name} or OWNER.{name}",
            text::number(answer.more_subjects as u64),
            name = answer.name
        )?;
    }
    if answer.others > 0 {
        writeln!(
            out,
            "\nalso {} of this name; ask for FUNCTION.{}",
            text::count(answer.others as u64, "local variable or parameter"),
            answer.name
        )?;
    }
    Ok(())
}

fn section(title: &str, total: usize, uses: &[UseRef], out: &mut dyn Write) -> Result<(), Error> {
    writeln!(out, "\n{title}")?;
    let mut table = Table::default();
    for found in uses {
        let inside = found
            .enclosing
            .as_ref()
            .filter(|node| node.r#type != "MODULE")
            .map_or_else(String::new, |node| format!("in {}", node.full_name()));
        let mut how = match (found.edge, found.call_type.as_deref()) {
            ("CALLS", None) => String::new(),
            (_, Some(call_type)) => call_type.to_owned(),
            (edge, None) => verb(edge).to_owned(),
        };
        let said = found.resolution.as_deref().filter(|r| *r != "lexical");
        for word in [
            said,
            (found.confidence != questions::Confidence::Exact).then_some(match found.confidence {
                questions::Confidence::Likely => "likely",
                _ => "possible",
            }),
        ]
        .into_iter()
        .flatten()
        {
            if !how.is_empty() {
                how.push_str(", ");
            }
            how.push_str(word);
        }
        table.row([place(&found.at), inside, how], found.at.text.as_deref());
    }
    table.write(out)?;
    more(uses.len(), total, out)
}

fn unresolved_section(
    title: &str,
    total: usize,
    calls: &[UnresolvedRef],
    out: &mut dyn Write,
) -> Result<(), Error> {
    writeln!(out, "\n{title}")?;
    let mut table = Table::default();
    for call in calls {
        let inside = call
            .enclosing
            .as_ref()
            .filter(|node| node.r#type != "MODULE")
            .map_or_else(String::new, |node| format!("in {}", node.full_name()));
        let reason = call.reason.as_deref().unwrap_or_default().replace('-', " ");
        table.row([place(&call.at), inside, reason], call.at.text.as_deref());
    }
    table.write(out)?;
    more(calls.len(), total, out)
}

/// An edge type as a word that says what the place does.
fn verb(edge: &str) -> &str {
    match edge {
        "RENDERS" => "renders",
        "USES" => "uses",
        "PASSES_ARGUMENT" | "PASSES_PROP" => "passes",
        "READS_FROM" | "DERIVES_FROM" => "reads",
        "ASSIGNED_FROM" => "assigns",
        "FLOWS_INTO" => "writes",
        "HAS_PROPERTY" | "HAS_ELEMENT" => "holds",
        "HAS_CONDITION" => "tests",
        "ITERATES_OVER" => "iterates",
        "MODIFIES" => "modifies",
        "INSTANCE_OF" => "is an instance",
        "EXTENDS" => "extends",
        "IMPLEMENTS" => "implements",
        "OVERRIDES" => "overrides",
        "HAS_TYPE" => "has the type",
        "RETURNS_TYPE" => "returns the type",
        "THROWS" => "throws",
        "REJECTS" => "rejects with",
        "EXPORTS" => "exports",
        "IMPORTS_FROM" | "IMPORTS" => "imports",
        "DEPENDS_ON" => "depends on",
        "RETURNS" => "returns",
        "YIELDS" | "DELEGATES_TO" => "yields",
        other => other,
    }
}
