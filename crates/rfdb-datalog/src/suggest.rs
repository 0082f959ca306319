//! Did you mean …?

/// How many single edits lead from one text to another, as far as it is less than a limit. The case of letters costs
/// nothing. (Levenshtein's distance.)
fn distance(a: &str, b: &str, limit: usize) -> Option<usize> {
    let a: Vec<char> = a.chars().flat_map(char::to_lowercase).collect();
    let b: Vec<char> = b.chars().flat_map(char::to_lowercase).collect();
    if a.len().abs_diff(b.len()) >= limit {
        return None;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    let found = row[b.len()];
    (found < limit).then_some(found)
}

/// The name that is most like a text, if one is alike enough.
pub(crate) fn closest<'a>(text: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Longer texts are not meant as names, and are costly to compare.
    if text.len() > 100 {
        return None;
    }
    let limit = text.chars().count() / 3 + 2;
    let names = names.into_iter();
    names
        .filter_map(|name| Some((distance(text, name, limit)?, name)))
        .min()
        .map(|(_, name)| name)
}

/// `; did you mean "x"?`, or nothing.
pub(crate) fn hint<'a>(text: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    closest(text, names).map_or_else(String::new, |name| format!("; did you mean \"{name}\"?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_are_found() {
        let names = ["node", "edge", "starts_with", "attr_edge"];
        assert_eq!(closest("nodee", names), Some("node"));
        assert_eq!(closest("startswith", names), Some("starts_with"));
        assert_eq!(closest("function", ["FUNCTION", "CLASS"]), Some("FUNCTION"));
        assert_eq!(closest("banana", names), None);
    }
}
