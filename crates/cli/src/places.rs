//! What the questions show alike: places, source lines, lists that were cut.

use std::io::Write;

use questions::NodeRef;

use crate::error::Error;
use crate::text;

/// Widths beyond which a column does not push the next ones.
const MAX_COLUMN: usize = 44;
/// Characters of a source line that are shown.
const MAX_SOURCE: usize = 100;

/// `src/a.ts:12:5`, columns from 1; the id for what has no place.
pub(crate) fn place(node: &NodeRef) -> String {
    match (node.line, node.column) {
        (Some(line), Some(column)) => format!("{}:{line}:{}", node.file, column + 1),
        _ => node.id.clone(),
    }
}

/// `FUNCTION  save  src/a.ts:12:5`, with its source line.
pub(crate) fn heading(node: &NodeRef, out: &mut dyn Write) -> Result<(), Error> {
    writeln!(
        out,
        "{}  {}  {}",
        node.r#type,
        node.full_name(),
        place(node)
    )?;
    if let Some(source) = &node.text {
        writeln!(out, "    {}", shortened(source))?;
    }
    Ok(())
}

/// A source line, cut when long.
pub(crate) fn shortened(line: &str) -> String {
    match line.char_indices().nth(MAX_SOURCE) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line.to_owned(),
    }
}

/// Rows of three aligned columns, each with a source line under it.
#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<([String; 3], Option<String>)>,
}

impl Table {
    pub(crate) fn row(&mut self, columns: [String; 3], source: Option<&str>) {
        self.rows.push((columns, source.map(shortened)));
    }

    pub(crate) fn write(&self, out: &mut dyn Write) -> Result<(), Error> {
        let width = |column: usize| {
            self.rows
                .iter()
                .map(|(columns, _)| columns[column].chars().count())
                .max()
                .unwrap_or(0)
                .min(MAX_COLUMN)
        };
        let (first, second) = (width(0), width(1));
        for ([a, b, c], source) in &self.rows {
            let line = format!("  {a:<first$}  {b:<second$}  {c}");
            writeln!(out, "{}", line.trim_end())?;
            if let Some(source) = source {
                writeln!(out, "      {source}")?;
            }
        }
        Ok(())
    }
}

/// Says that a list was cut.
pub(crate) fn more(shown: usize, total: usize, out: &mut dyn Write) -> Result<(), Error> {
    if total > shown {
        writeln!(
            out,
            "  and {} more; --limit {total} shows all",
            text::number((total - shown) as u64)
        )?;
    }
    Ok(())
}

/// Says which files have no source lines because they are not as they were analyzed.
pub(crate) fn changed_note(files: &[String], out: &mut dyn Write) -> Result<(), Error> {
    let Some(first) = files.first() else {
        return Ok(());
    };
    let rest = match files.len() {
        1 => String::new(),
        n => format!(" and {} more", text::count(n as u64 - 1, "file")),
    };
    writeln!(
        out,
        "\nnote: {first}{rest} changed since the analysis: shown without source lines, and places may be wrong; \
         grafema-rs analyze brings the graph up to date"
    )?;
    Ok(())
}
