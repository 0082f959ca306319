//! Near misses: names that a misspelt one may have meant.

use std::collections::BTreeMap;

use graph_model::NodeType;
use rfdb_client::AttrQuery;

use crate::Result;
use crate::graph::Graph;

/// How many are told.
const MAX: usize = 5;

/// Declarations that people ask for by name.
const DECLARED: &[NodeType] = &[
    NodeType::Function,
    NodeType::Method,
    NodeType::Class,
    NodeType::Interface,
    NodeType::Type,
    NodeType::Enum,
    NodeType::Namespace,
    NodeType::Property,
    NodeType::Variable,
    NodeType::Constant,
    NodeType::Module,
    NodeType::ExternalModule,
];

/// Names of the graph that are nearly this one, best first.
pub(crate) fn near_misses(graph: &mut Graph<'_>, text: &str) -> Result<Vec<String>> {
    let name = text.rsplit([':', '.', '#']).next().unwrap_or(text);
    let name = if name.is_empty() { text } else { name };
    let asked = name.to_lowercase();
    // Distance, then the shorter name, then its text.
    let mut best: BTreeMap<(usize, usize, String), ()> = BTreeMap::new();
    for kind in DECLARED {
        let table = graph.client().query_nodes(AttrQuery {
            node_type: Some(kind.as_str().to_owned()),
            ..AttrQuery::default()
        })?;
        for node in table.iter() {
            // Names in brackets are made up for functions without one.
            if node.name.is_empty() || node.name.starts_with('<') {
                continue;
            }
            let whole_text = matches!(kind, NodeType::Module | NodeType::ExternalModule);
            let wanted = if whole_text { text } else { name };
            if let Some(distance) = distance(&wanted.to_lowercase(), &asked, node.name) {
                best.insert((distance, node.name.len(), node.name.to_owned()), ());
                if best.len() > MAX {
                    best.pop_last();
                }
            }
        }
    }
    Ok(best.into_keys().map(|(_, _, name)| name).collect())
}

/// How far a name is from the one that was asked for; nothing if it is another name.
fn distance(wanted: &str, name: &str, candidate: &str) -> Option<usize> {
    let candidate = candidate.to_lowercase();
    if candidate == wanted || candidate == name {
        return Some(0);
    }
    let allowed = 1 + wanted.chars().count() / 5;
    if candidate.chars().count().abs_diff(wanted.chars().count()) <= allowed
        && let Some(edits) = edits(wanted, &candidate, allowed)
    {
        return Some(edits);
    }
    // A part of a name counts less than a misspelling.
    (wanted.chars().count() >= 3 && candidate.contains(wanted)).then_some(allowed + 1)
}

/// The least number of characters to insert, delete, replace or swap with their neighbour (the optimal string
/// alignment distance), if it is at most `limit`.
fn edits(a: &str, b: &str, limit: usize) -> Option<usize> {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replace = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replace.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    Some(last[b.len()]).filter(|&edits| edits <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        assert_eq!(edits("resolve", "reslove", 3), Some(1));
        assert_eq!(edits("resolve", "resolver", 3), Some(1));
        assert_eq!(edits("abc", "xyz", 2), None);
        assert_eq!(distance("getuser", "getuser", "getUser"), Some(0));
        assert_eq!(distance("user", "user", "findUserById"), Some(2));
        assert_eq!(distance("ab", "ab", "cabbage"), None);
    }
}
