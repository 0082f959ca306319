//! Diagnostics with the source lines that they are about.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write};
use std::ops::Range;
use std::path::Path;

use graph_model::Place;
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, MietteError,
    MietteSpanContents, Severity as MietteSeverity, SourceCode, SourceSpan, SpanContents,
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
    let handler = handler(theme);
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

fn handler(theme: GraphicalTheme) -> GraphicalReportHandler {
    GraphicalReportHandler::new_themed(theme)
        .with_width(120)
        .without_primary_span_start()
}

fn render(handler: &GraphicalReportHandler, root: &Path, diagnostic: &Diagnostic) -> String {
    let plain = || {
        format!(
            "{}[{}] {diagnostic}\n",
            diagnostic.severity.as_str(),
            diagnostic.code
        )
    };
    let Some(place) = diagnostic.place else {
        return plain();
    };
    let Ok(source) = read_for_display(root, &diagnostic.file) else {
        return plain();
    };
    with_source(handler, diagnostic, place, &source).unwrap_or_else(plain)
}

/// A diagnostic with the lines that it is about; `None` where they cannot be shown.
fn with_source(
    handler: &GraphicalReportHandler,
    diagnostic: &Diagnostic,
    place: Place,
    source: &str,
) -> Option<String> {
    let excerpt = Excerpt::new(&diagnostic.file, source, place)?;
    let report = MietteDiagnostic::new(diagnostic.message.clone())
        .with_code(diagnostic.code)
        .with_severity(match diagnostic.severity {
            Severity::Warning => MietteSeverity::Warning,
            Severity::Error => MietteSeverity::Error,
        })
        .with_label(LabeledSpan::at(excerpt.label.clone(), "here"));
    let report = miette::Report::new(report).with_source_code(excerpt);
    let mut text = String::new();
    handler.render_report(&mut text, report.as_ref()).ok()?;
    let _ = writeln!(text);
    Some(text)
}

/// The line of a place with those around it, as a source of miette.
///
/// miette counts columns in bytes and knows the line ends of Unix and Windows only; a diagnostic
/// counts both as ECMAScript and editors do. So miette is given the lines one by one, and the
/// position as part of the name.
struct Excerpt {
    /// `file:line:column`.
    name: String,
    text: String,
    /// Number of the first line, from 0.
    first_line: usize,
    /// What is marked in `text`.
    label: Range<usize>,
}

impl Excerpt {
    /// `None` if the place is not in the source, or its line is too long to be shown.
    fn new(file: &str, source: &str, place: Place) -> Option<Excerpt> {
        let index = graph_model::LineIndex::new(source);
        let bytes = index.line_range(place.line)?;
        if bytes.len() > MAX_LINE {
            return None;
        }
        let start = offset_of(source, &index, place).clamp(bytes.start, bytes.end);
        let end = (start + place.length as usize).min(bytes.end);
        let end = source.ceil_char_boundary(end);
        let mut text = String::new();
        let first_line = place.line.saturating_sub(2) as usize;
        if place.line > 1 {
            let before = index.line_range(place.line - 1)?;
            push_shown(&mut text, source[before].chars().take(MAX_LINE));
            text.push('\n');
        }
        push_shown(&mut text, source[bytes.start..start].chars());
        let label = text.len();
        push_shown(&mut text, source[start..end].chars());
        if start == end {
            text.push(' '); // the end of a line or of the file can be marked, too
        }
        let label = label..text.len();
        push_shown(&mut text, source[end..bytes.end].chars());
        text.push('\n');
        if let Some(after) = index.line_range(place.line + 1).filter(|r| !r.is_empty()) {
            push_shown(&mut text, source[after].chars().take(MAX_LINE));
            text.push('\n');
        }
        Some(Excerpt {
            name: format!("{file}:{}:{}", place.line, place.column + 1),
            text,
            first_line,
            label,
        })
    }
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let contents = self.text.read_span(span, before, after)?;
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            contents.data(),
            *contents.span(),
            contents.line() + self.first_line,
            contents.column(),
            contents.line_count(),
        )))
    }
}

/// Terminals obey control characters, so none is passed on; a byte order mark has no width.
fn push_shown(text: &mut String, chars: impl Iterator<Item = char>) {
    text.extend(chars.filter(|&c| c != '\u{feff}').map(|c| match c {
        c if c.is_control() && c != '\t' => char::REPLACEMENT_CHARACTER,
        c => c,
    }));
}

/// The byte of a place: as the diagnostic tells it, unless the file has changed since.
fn offset_of(source: &str, index: &graph_model::LineIndex<'_>, place: Place) -> usize {
    let at = (place.line, place.column);
    if let Some(offset) = place.offset
        && source.is_char_boundary(offset as usize)
        && index.position(offset) == at
    {
        return offset as usize;
    }
    // Positions grow with offsets, so the byte can be searched for.
    let (mut low, mut high) = (0, source.len());
    while low < high {
        let middle = low + (high - low) / 2;
        if index.position(middle as u32) < at {
            low = middle + 1
        } else {
            high = middle
        }
    }
    source.floor_char_boundary(low)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    /// A diagnostic of the first occurrence of `marked`, as it is printed.
    fn shown(source: &str, marked: &str) -> String {
        let offset = match marked {
            "" => source.len(),
            marked => source.find(marked).unwrap(),
        };
        let (line, column) = graph_model::LineIndex::new(source).position(offset as u32);
        let place = Place {
            line,
            column,
            offset: Some(offset as u32),
            length: marked.len() as u32,
        };
        let diagnostic = Diagnostic {
            file: "a.js".to_owned(),
            place: Some(place),
            code: "parse-error",
            severity: Severity::Error,
            message: "Unexpected token".to_owned(),
        };
        let handler = handler(GraphicalTheme::none());
        let known = with_source(&handler, &diagnostic, place, source).unwrap();
        let place = Place {
            offset: None,
            ..place
        };
        let searched = with_source(&handler, &diagnostic, place, source).unwrap();
        assert_eq!(known, searched);
        known
    }

    /// The lines with the position, the source and the mark.
    fn lines(source: &str, marked: &str) -> Vec<String> {
        shown(source, marked)
            .lines()
            .skip_while(|line| !line.contains("[a.js:"))
            .map(|line| line.trim().to_owned())
            .filter(|line| !line.is_empty())
            .collect()
    }

    #[test]
    fn positions_count_utf16_units() {
        let lines = lines("let ok;\nconst ä = '😀' = bad;\n", "bad");
        assert_eq!(lines[0], ",-[a.js:2:18]");
        assert_eq!(lines[1], "1 | let ok;");
        assert_eq!(lines[2], "2 | const ä = '😀' = bad;");
    }

    #[test]
    fn lines_end_where_those_of_ecmascript_do() {
        for end in ["\n", "\r\n", "\r", "\u{2028}", "\u{2029}"] {
            let source = ["\u{feff}one;", "two bad;", "three;"].join(end);
            let lines = lines(&source, "bad");
            let texts: Vec<&str> = lines.iter().map(String::as_str).collect();
            let expected = [
                ",-[a.js:2:5]",
                "1 | one;",
                "2 | two bad;",
                ":     ^|^",
                ":      `-- here",
                "3 | three;",
                "`----",
            ];
            assert_eq!(texts, expected, "{end:?}");
        }
    }

    #[test]
    fn the_end_of_the_file_is_marked() {
        let at_line_end = lines("f(", "");
        assert_eq!(at_line_end[0], ",-[a.js:1:3]");
        assert!(
            at_line_end
                .iter()
                .any(|l| l.contains('^') || l.contains("`-- here"))
        );
        let after_newline = lines("f(\n", "");
        assert_eq!(after_newline[0], ",-[a.js:2:1]");
        assert!(after_newline.iter().any(|l| l.contains("`-- here")));
        let empty = lines("", "");
        assert_eq!(empty[0], ",-[a.js:1:1]");
        assert!(empty.iter().any(|l| l.contains("`-- here")));
    }

    #[test]
    fn control_characters_are_not_passed_on() {
        let text = shown("a \u{1b}[2J bad", "bad");
        assert!(text.contains("a \u{fffd}[2J bad"), "{text}");
    }

    #[test]
    fn a_place_that_is_gone_is_no_excerpt() {
        let place = Place {
            line: 9,
            column: 0,
            offset: None,
            length: 1,
        };
        assert!(Excerpt::new("a.js", "one line", place).is_none());
        // The file was changed: the line decides, not the byte.
        let place = Place {
            line: 2,
            offset: Some(1),
            ..place
        };
        let excerpt = Excerpt::new("a.js", "one\ntwo", place).unwrap();
        assert_eq!(&excerpt.text[excerpt.label], "t");
    }
}
