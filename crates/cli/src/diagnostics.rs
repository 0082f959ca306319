//! Diagnostics with the source lines that they are about.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write};
use std::path::Path;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource,
    Severity as MietteSeverity,
};
use orchestrator::{Diagnostic, Report, Severity, read_for_display};

use crate::text;

/// Diagnostics that are shown with their source; of the others there is one line for each code.
const SHOWN: usize = 10;
/// A longer line is not written by hand, and helps nobody.
const MAX_LINE: usize = 400;

/// Prints the diagnostics of a run: errors first, the first few in full, and how many there are of each code.
pub(crate) fn print(report: &Report, out: &mut dyn Write) -> std::io::Result<()> {
    if report.diagnostics.is_empty() {
        return Ok(());
    }
    let color = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let theme = if color {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(120);
    let mut order: Vec<&Diagnostic> = report.diagnostics.iter().collect();
    order.sort_by_key(|d| std::cmp::Reverse(d.severity));
    for diagnostic in order.iter().take(SHOWN) {
        write!(out, "{}", render(&handler, &report.root, diagnostic))?;
    }
    if order.len() > SHOWN {
        let counts: Vec<String> = report
            .diagnostic_counts()
            .iter()
            .map(|(code, n)| format!("{code} {}", text::number(*n)))
            .collect();
        writeln!(
            out,
            "{} of {} diagnostics shown ({}); --json lists all of them",
            SHOWN,
            text::number(order.len() as u64),
            counts.join(", ")
        )?;
    }
    Ok(())
}

fn render(handler: &GraphicalReportHandler, root: &Path, diagnostic: &Diagnostic) -> String {
    let plain = || {
        let mut line = format!(
            "{}[{}] {diagnostic}",
            diagnostic.severity.as_str(),
            diagnostic.code
        );
        line.push('\n');
        line
    };
    let Some(place) = diagnostic.place else {
        return plain();
    };
    let Ok(source) = read_for_display(root, &diagnostic.file) else {
        return plain();
    };
    let Some(offset) = offset_of(&source, place.line, place.column, place.offset) else {
        return plain();
    };
    let line = line_around(&source, offset);
    if line.len() > MAX_LINE {
        return plain();
    }
    let length = (place.length as usize).min(line.end.saturating_sub(offset));
    let report = MietteDiagnostic::new(diagnostic.message.clone())
        .with_code(diagnostic.code)
        .with_severity(match diagnostic.severity {
            Severity::Warning => MietteSeverity::Warning,
            Severity::Error => MietteSeverity::Error,
        })
        .with_label(LabeledSpan::at(offset..offset + length, "here"));
    let report =
        miette::Report::new(report).with_source_code(NamedSource::new(&diagnostic.file, source));
    let mut text = String::new();
    match handler.render_report(&mut text, report.as_ref()) {
        Ok(()) => {
            let _ = writeln!(text);
            text
        }
        Err(_) => plain(),
    }
}

/// The byte at a line and column; `known` if the diagnostic already tells it.
fn offset_of(source: &str, line: u32, column: u32, known: Option<u32>) -> Option<usize> {
    if let Some(offset) = known
        .map(|o| o as usize)
        .filter(|&o| source.is_char_boundary(o))
    {
        return Some(offset);
    }
    let index = graph_model::LineIndex::new(source);
    // Positions grow with offsets, so the byte can be searched for.
    let (mut low, mut high) = (0, source.len());
    while low < high {
        let middle = low + (high - low) / 2;
        if index.position(middle as u32) < (line, column) {
            low = middle + 1
        } else {
            high = middle
        }
    }
    while !source.is_char_boundary(low) {
        low -= 1;
    }
    Some(low)
}

/// The line in which a byte stands.
fn line_around(source: &str, offset: usize) -> std::ops::Range<usize> {
    let start = source[..offset].rfind('\n').map_or(0, |i| i + 1);
    let end = source[offset..]
        .find('\n')
        .map_or(source.len(), |i| offset + i);
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_found_by_line_and_column() {
        let source = "\u{feff}let ä;\r\nimport x from './y';\n";
        assert_eq!(
            offset_of(source, 2, 7, None).map(|o| &source[o..o + 1]),
            Some("x")
        );
        assert_eq!(
            offset_of(source, 1, 4, None).map(|o| &source[o..o + 2]),
            Some("ä")
        );
        assert_eq!(offset_of(source, 1, 4, Some(3)), Some(3));
        assert_eq!(&source[line_around(source, 14)], "import x from './y';");
    }
}
