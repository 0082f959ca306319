//! `cargo xtask stable-ids DIR`: edits every file of a project and counts which ids of the
//! code that was not touched are still the ids of that code.

use std::collections::HashMap;
use std::path::PathBuf;

use analyzer::{Options, analyze_module, parse_module};
use anyhow::{Context as _, bail};
use graph_model::Span as Place;
use rayon::prelude::*;
use swc_common::Spanned;
use swc_ecma_ast::Program;

use crate::check_corpus::source_files;
use crate::table::table;

/// Share of ids that must survive an edit elsewhere in the file, in percent.
const LEAST: f64 = 99.0;

/// Arguments of `stable-ids`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folders or files to edit in memory
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// How many lost ids to show
    #[arg(long, default_value_t = 10)]
    most: usize,
}

/// What is inserted; each ends its line.
const EDITS: [(&str, &str); 3] = [
    (
        "function",
        "function insertedHelper(alpha, beta) {\n  const sum = alpha + beta;\n  return sum ? insertedOther(sum, () => 1) : [];\n}\n",
    ),
    (
        "comment",
        "/* A long comment\n * about nothing.\n */\n// And another.\n",
    ),
    ("blank lines", "\n\n\n"),
];

/// Ids of one edit at one place: how many there were, and how many are the same code's.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    all: usize,
    kept: usize,
}

#[derive(Default)]
struct Outcome {
    /// For each edit at the top, then for each in the middle.
    counts: [Count; EDITS.len() * 2],
    lost: Vec<String>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let files = source_files(&args.paths)?;
    let outcomes: Vec<Outcome> = files
        .par_iter()
        .map(|path| -> anyhow::Result<Outcome> {
            let bytes =
                std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            let Ok(source) = String::from_utf8(bytes) else {
                return Ok(Outcome::default());
            };
            Ok(edited(&path.to_string_lossy().replace('\\', "/"), &source))
        })
        .collect::<anyhow::Result<_>>()?;
    let mut total = Outcome::default();
    for outcome in outcomes {
        for (sum, part) in total.counts.iter_mut().zip(outcome.counts) {
            sum.all += part.all;
            sum.kept += part.kept;
        }
        total.lost.extend(outcome.lost);
    }
    println!("{} files", files.len());
    let mut rows = Vec::new();
    let mut least: f64 = 100.0;
    for (i, count) in total.counts.iter().enumerate() {
        let share = 100.0 * count.kept as f64 / count.all.max(1) as f64;
        least = least.min(share);
        rows.push(vec![
            EDITS[i % EDITS.len()].0.to_owned(),
            if i < EDITS.len() { "top" } else { "middle" }.to_owned(),
            count.all.to_string(),
            count.kept.to_string(),
            format!("{share:.3}"),
        ]);
    }
    println!(
        "{}",
        table(&["inserted", "where", "ids", "kept", "%"], &rows)
    );
    for id in total.lost.iter().take(args.most) {
        println!("  lost: {id}");
    }
    if least < LEAST {
        bail!("only {least:.3} % of the ids survived an edit");
    }
    Ok(())
}

/// All edits of one file; nothing for a file that does not parse.
fn edited(path: &str, source: &str) -> Outcome {
    let mut outcome = Outcome::default();
    let Some(program) = parse_module(path, source) else {
        return outcome;
    };
    let before = nodes(path, source);
    let top = after_hashbang(source);
    let middle = line_start_of_a_middle_statement(source, &program);
    for (place, offset) in [Some(top), middle].into_iter().enumerate() {
        let Some(offset) = offset else { continue };
        for (edit, (_, text)) in EDITS.iter().enumerate() {
            let changed = format!("{}{text}{}", &source[..offset], &source[offset..]);
            let after = nodes(path, &changed);
            let line = 1 + newlines(&source[..offset]);
            let shift = newlines(text);
            let moved = |at: u32| if at >= line { at + shift } else { at };
            let count = &mut outcome.counts[place * EDITS.len() + edit];
            for (id, span) in &before {
                count.all += 1;
                let expected = Place {
                    line: moved(span.line),
                    end_line: moved(span.end_line),
                    ..*span
                };
                if after.get(id) == Some(&expected) {
                    count.kept += 1;
                } else {
                    outcome.lost.push(id.clone());
                }
            }
        }
    }
    outcome.lost.sort();
    outcome.lost.dedup();
    outcome
}

/// Ids and spans of the nodes of a module, without the MODULE itself.
fn nodes(path: &str, source: &str) -> HashMap<String, Place> {
    let module = analyze_module(path, source, &Options::default());
    let graph = &module.graph;
    graph
        .nodes()
        .iter()
        .skip(1)
        .filter(|node| node.in_file)
        .map(|node| (graph.semantic_id(node).to_owned(), node.span))
        .collect()
}

fn newlines(text: &str) -> u32 {
    // A line ends as the parser and the graph count: CRLF once, and U+2028 and U+2029 too.
    let (line, _) = graph_model::LineIndex::new(text).position(text.len() as u32);
    line - 1
}

fn after_hashbang(source: &str) -> usize {
    let bom = source.len() - source.trim_start_matches('\u{feff}').len();
    match source[bom..].strip_prefix("#!") {
        Some(rest) => bom + 2 + rest.find('\n').map_or(rest.len(), |i| i + 1),
        None => bom,
    }
}

/// The start of the line on which the first statement behind the middle begins.
fn line_start_of_a_middle_statement(source: &str, program: &Program) -> Option<usize> {
    let starts: Vec<usize> = match program {
        Program::Module(module) => module.body.iter().map(start_of).collect(),
        Program::Script(script) => script.body.iter().map(start_of).collect(),
    };
    starts
        .into_iter()
        .skip(1)
        .filter(|&start| start >= source.len() / 2)
        .find_map(|start| {
            let line = source[..start].rfind('\n').map_or(0, |i| i + 1);
            source[line..start].trim().is_empty().then_some(line)
        })
}

fn start_of(item: &impl Spanned) -> usize {
    item.span_lo().0.saturating_sub(1) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_the_sources_of_the_repository_survive() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let files = source_files(&[
            root.join("fixtures"),
            root.join("crates/analyzer/tests/fixtures"),
        ])
        .unwrap();
        let mut total = Count::default();
        let mut lost = Vec::new();
        for path in &files {
            let Ok(source) = std::fs::read_to_string(path) else {
                continue;
            };
            let outcome = edited(&path.to_string_lossy(), &source);
            for count in outcome.counts {
                total.all += count.all;
                total.kept += count.kept;
            }
            lost.extend(outcome.lost);
        }
        assert!(total.all > 10_000, "only {} ids", total.all);
        let share = 100.0 * total.kept as f64 / total.all as f64;
        assert!(share >= LEAST, "{share} %, lost: {lost:#?}");
    }

    #[test]
    fn a_lost_id_is_noticed() {
        // What is inserted takes the first place among calls of its name.
        let outcome = edited("a.js", "insertedHelper.x;\nfunction insertedHelper() {}\n");
        assert!(outcome.counts[0].kept < outcome.counts[0].all);
        assert!(
            outcome
                .lost
                .iter()
                .any(|id| id.ends_with("->insertedHelper"))
        );
        assert_eq!(outcome.counts[1].kept, outcome.counts[1].all);
    }
}
