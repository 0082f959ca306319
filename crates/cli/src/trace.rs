//! `grafema-rs trace`.

use std::io::{self, BufWriter, Write};

use questions::{
    Aspect, Confidence, Graph, Sources, Step, Trace, TraceDirection, TraceLimits, TraceOf, trace,
};
use serde::Serialize;

use crate::args::TraceArgs;
use crate::error::Error;
use crate::places::{changed_note, heading, place, shortened};
use crate::{database, text};

/// Levels of the tree that are drawn with their own indentation.
const MAX_INDENT: usize = 24;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Json<'a> {
    question: &'static str,
    #[serde(flatten)]
    answer: &'a Trace,
    changed_files: Vec<String>,
}

pub(crate) fn run(args: &TraceArgs) -> Result<(), Error> {
    let (root, client) = database::open(args.path.as_deref(), "trace")?;
    let mut graph = Graph::new(&client);
    let direction = if args.forward {
        TraceDirection::Forward
    } else {
        TraceDirection::Backward
    };
    let limits = TraceLimits {
        depth: args.depth,
        steps: args.limit,
    };
    let mut answer = trace(&mut graph, &args.name, direction, limits)?;
    let mut sources = Sources::new(&root);
    sources.annotate(&mut graph, answer.places_mut())?;
    let changed_files = sources.changed();
    let mut out = BufWriter::new(io::stdout().lock());
    if args.json {
        let json = Json {
            question: "trace",
            answer: &answer,
            changed_files,
        };
        serde_json::to_writer_pretty(&mut out, &json)?;
        writeln!(out)?;
    } else {
        for (i, found) in answer.traces.iter().enumerate() {
            if i > 0 {
                writeln!(out)?;
            }
            people(found, direction, &mut out)?;
        }
        if answer.more_subjects > 0 {
            writeln!(
                out,
                "\n{} more have this name; ask for FUNCTION.{name}, FILE:{name} or FILE:LINE",
                text::number(answer.more_subjects as u64),
                name = answer.name
            )?;
        }
        changed_note(&changed_files, &mut out)?;
    }
    out.flush()?;
    Ok(())
}

fn people(found: &TraceOf, direction: TraceDirection, out: &mut dyn Write) -> Result<(), Error> {
    heading(&found.node, out)?;
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); found.steps.len()];
    for (at, step) in found.steps.iter().enumerate() {
        if let Some(parent) = step.parent {
            children[parent].push(at);
        }
    }
    let arrow = match direction {
        TraceDirection::Backward => "←",
        TraceDirection::Forward => "→",
    };
    if let Some(first) = found.steps.first() {
        own_end(first, 0, out)?;
    }
    // Not by recursion: a chain may be long.
    let mut open: Vec<(usize, usize)> = children
        .first()
        .into_iter()
        .flatten()
        .rev()
        .map(|at| (*at, 0))
        .collect();
    while let Some((at, indent)) = open.pop() {
        line(&found.steps[at], arrow, indent, out)?;
        own_end(&found.steps[at], indent + 1, out)?;
        open.extend(children[at].iter().rev().map(|next| (*next, indent + 1)));
    }
    let ends: Vec<String> = found
        .ends
        .iter()
        .map(|(end, n)| format!("{} × {}", text::number(*n), end.describe()))
        .collect();
    if !ends.is_empty() {
        writeln!(out, "ends: {}", ends.join(", "))?;
    }
    if let Some(cut) = found.cut {
        let option = if cut.by == "depth" {
            "--depth"
        } else {
            "--limit"
        };
        writeln!(
            out,
            "cut: {} not followed; a larger {option} follows them",
            text::count(cut.steps, "step")
        )?;
    }
    Ok(())
}

/// One step: what it is, which part of it, where.
fn line(step: &Step, arrow: &str, indent: usize, out: &mut dyn Write) -> Result<(), Error> {
    let node = &step.node;
    let mut path = String::new();
    for part in &step.path {
        path.push('.');
        path.push_str(part);
    }
    let aspect = match step.aspect {
        Aspect::Value => "",
        Aspect::Returned => " returns",
        Aspect::Instance => " instance",
    };
    let path = if path.is_empty() {
        String::new()
    } else {
        format!(" [{path}]")
    };
    let mut notes = String::new();
    match step.confidence {
        Confidence::Exact => {}
        Confidence::Likely => notes.push_str("  (likely)"),
        Confidence::Possible => notes.push_str("  (possible)"),
    }
    if step.partial {
        notes.push_str("  (a part)");
    }
    if step.seen.is_some() {
        notes.push_str("  (as above)");
    }
    if step.cut {
        notes.push_str("  (cut here)");
    }
    let source = match &node.text {
        Some(source) if step.seen.is_none() => format!("    {}", shortened(source)),
        _ => String::new(),
    };
    let name = if node.r#type == "MODULE" || node.line.is_none() {
        String::new()
    } else {
        format!(" {}", shortened(&node.name))
    };
    writeln!(
        out,
        "{:width$}{arrow} {}{name}{path}{aspect}  {}{notes}{source}",
        "",
        node.r#type,
        place(node),
        width = 2 + 2 * indent.min(MAX_INDENT),
    )?;
    Ok(())
}

/// What a step ends at.
fn own_end(step: &Step, indent: usize, out: &mut dyn Write) -> Result<(), Error> {
    let width = 2 + 2 * indent.min(MAX_INDENT);
    if !step.literals.is_empty() && step.seen.is_none() {
        writeln!(out, "{:width$}• literal {}", "", step.literals.join(", "))?;
    }
    if let Some(end) = step.end {
        writeln!(out, "{:width$}• {}", "", end.describe())?;
    }
    Ok(())
}
