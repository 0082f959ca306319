//! Numbers, times and tables as people read them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

/// `1234567` as `1,234,567`.
pub(crate) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 file`, `2 files`.
pub(crate) fn count(value: u64, one: &str) -> String {
    format!(
        "{} {one}{}",
        number(value),
        if value == 1 { "" } else { "s" }
    )
}

/// A time with as many digits as matter.
pub(crate) fn time(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds >= 10.0 {
        format!("{seconds:.1} s")
    } else if seconds >= 1.0 {
        format!("{seconds:.2} s")
    } else if seconds >= 0.0095 {
        format!("{:.0} ms", seconds * 1e3)
    } else {
        format!("{:.1} ms", seconds * 1e3)
    }
}

/// A share in per cent; never 100 % unless it is all.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "-".to_owned();
    }
    let tenths = (part as f64 / whole as f64 * 1000.0).floor();
    format!("{:.1} %", tenths / 10.0)
}

/// Two lists of counts beside each other, each with the largest first.
pub(crate) fn two_columns(
    left: (&str, &BTreeMap<String, u64>),
    right: (&str, &BTreeMap<String, u64>),
) -> String {
    let rows = |map: &BTreeMap<String, u64>| {
        let mut rows: Vec<(String, u64)> = map.iter().map(|(k, v)| (k.clone(), *v)).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.1));
        rows.into_iter()
            .map(|(k, v)| (k, number(v)))
            .collect::<Vec<_>>()
    };
    let (a, b) = (rows(left.1), rows(right.1));
    let width = |rows: &[(String, String)], title: &str| {
        let names = rows
            .iter()
            .map(|r| r.0.len())
            .max()
            .unwrap_or(0)
            .max(title.len());
        let values = rows.iter().map(|r| r.1.len()).max().unwrap_or(0);
        (names, values)
    };
    let ((an, av), (bn, bv)) = (width(&a, left.0), width(&b, right.0));
    let mut text = format!("{:<gap$}{}\n", left.0, right.0, gap = an + av + 6);
    for i in 0..a.len().max(b.len()) {
        let empty = (String::new(), String::new());
        let (l, r) = (a.get(i).unwrap_or(&empty), b.get(i).unwrap_or(&empty));
        let line = format!("  {:<an$} {:>av$}   {:<bn$} {:>bv$}", l.0, l.1, r.0, r.1);
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_shares() {
        assert_eq!(
            (
                number(0).as_str(),
                number(999).as_str(),
                number(1_234_567).as_str()
            ),
            ("0", "999", "1,234,567")
        );
        assert_eq!(
            (count(1, "file").as_str(), count(2000, "file").as_str()),
            ("1 file", "2,000 files")
        );
        assert_eq!(
            (
                percent(999_999, 1_000_000).as_str(),
                percent(5, 5).as_str(),
                percent(0, 0).as_str()
            ),
            ("99.9 %", "100.0 %", "-")
        );
        assert_eq!(time(Duration::from_micros(1530)), "1.5 ms");
        assert_eq!(time(Duration::from_millis(153)), "153 ms");
        assert_eq!(time(Duration::from_millis(1530)), "1.53 s");
    }
}
