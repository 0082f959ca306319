//! Compares a graph's call edges with what the oracle says.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, Write};

use anyhow::Context as _;
use rfdb_client::NodeId;
use serde::{Deserialize, Serialize};

use super::graph::{Graph, Node};

/// What the oracle says of one call.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Truth {
    file: String,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    callee: String,
    kind: Kind,
    targets: Vec<Target>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Function,
    Abstract,
    Callback,
    External,
    Unknown,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Target {
    file: String,
    end_line: u32,
    end_column: u32,
    name: String,
}

/// A part of a whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Share {
    pub(crate) part: u64,
    pub(crate) whole: u64,
}

impl Share {
    pub(crate) fn count(&mut self, counts: bool) {
        self.whole += 1;
        self.part += u64::from(counts);
    }

    /// In per cent; nothing of nothing has none.
    pub(crate) fn percent(self) -> Option<f64> {
        (self.whole > 0).then(|| 100.0 * self.part as f64 / self.whole as f64)
    }

    pub(crate) fn text(self) -> String {
        self.percent()
            .map_or_else(|| "-".to_owned(), |percent| format!("{percent:.1}"))
    }
}

/// The comparison. Edges of a function that is passed for the callee to call (`callType`) are not looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Score {
    /// Calls for which the graph has a node of the same span, of those that the oracle knows.
    pub(crate) found: Share,
    /// Calls with an edge to a right target, of those with a target in the project.
    pub(crate) recall: Share,
    /// Of these, those whose declaration has a body.
    pub(crate) recall_function: Share,
    /// Of these, those of interfaces and abstract members.
    pub(crate) recall_abstract: Share,
    /// Calls with an edge to a right target, of those that have one: of an abstract member that nothing in the project
    /// has with a body, there is none.
    pub(crate) reachable_recall: Share,
    /// Right edges, of those to nodes of the project.
    pub(crate) precision: Share,
    /// The same without edges where the oracle names what the language itself calls and the graph what that calls:
    /// `f.call()`, which is `Function.prototype.call` to the oracle and `f` to the graph, and `new C()` of a class that
    /// inherits its constructor from outside of the project.
    pub(crate) precision_aside: Share,
    /// Recall when merely possible edges are taken too.
    pub(crate) possible_recall: Share,
    /// Right edges, of the merely possible ones.
    pub(crate) possible_precision: Share,
}

/// Something that is not as the oracle says.
#[derive(Serialize)]
struct Miss<'a> {
    why: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    went: Option<Went<'a>>,
    #[serde(flatten)]
    truth: &'a Truth,
}

#[derive(Serialize)]
struct Went<'a> {
    name: &'a str,
    at: String,
}

type Ending = (String, u32, u32);
type CallSpan = (String, u32, u32, u32, u32);

fn ending(node: &Node) -> Option<Ending> {
    if node.file.is_empty() {
        return None;
    }
    Some((node.file.clone(), node.at.end_line?, node.at.end_column?))
}

fn span(node: &Node) -> Option<CallSpan> {
    let at = &node.at;
    Some((
        node.file.clone(),
        at.line?,
        at.column?,
        at.end_line?,
        at.end_column?,
    ))
}

/// Compares; writes a line for each miss.
pub(crate) fn score(
    graph: &Graph,
    truth: impl BufRead,
    misses: &mut dyn Write,
) -> anyhow::Result<Score> {
    let mut calls: HashMap<CallSpan, Vec<NodeId>> = HashMap::new();
    for (id, node) in &graph.nodes {
        if matches!(node.node_type.as_str(), "CALL" | "CONSTRUCTOR_CALL")
            && let Some(span) = span(node)
        {
            calls.entry(span).or_default().push(*id);
        }
    }
    let edges = graph.by_source("CALLS");
    let mut score = Score::default();
    for line in truth.lines() {
        let line = line?;
        if line.is_empty() {
            continue;
        }
        let truth: Truth = serde_json::from_str(&line)
            .with_context(|| format!("the oracle wrote a line that is not understood: {line}"))?;
        let at = (
            truth.file.clone(),
            truth.line,
            truth.column,
            truth.end_line,
            truth.end_column,
        );
        let found = calls.get(&at);
        one(graph, &truth, found, &edges, &mut score, misses)?;
    }
    Ok(score)
}

fn one(
    graph: &Graph,
    truth: &Truth,
    found: Option<&Vec<NodeId>>,
    edges: &HashMap<NodeId, Vec<&super::graph::Edge>>,
    score: &mut Score,
    misses: &mut dyn Write,
) -> anyhow::Result<()> {
    let mut miss = |why, went: Option<&Node>| -> anyhow::Result<()> {
        let went = went.map(|node| Went {
            name: &node.name,
            at: ending(node).map_or_else(String::new, |(f, l, c)| format!("{f}:{l}:{c}")),
        });
        serde_json::to_writer(&mut *misses, &Miss { why, went, truth })?;
        writeln!(misses)?;
        Ok(())
    };
    let known = truth.kind != Kind::Unknown;
    let has_target = matches!(truth.kind, Kind::Function | Kind::Abstract);
    if known {
        score.found.count(found.is_some());
        if found.is_none() {
            miss("no call node", None)?;
        }
    }
    let endings: HashSet<Ending> = truth
        .targets
        .iter()
        .map(|t| (t.file.clone(), t.end_line, t.end_column))
        .collect();
    let names: HashSet<&str> = truth.targets.iter().map(|t| t.name.as_str()).collect();
    let (mut hit, mut possible_hit) = (false, false);
    let targets = found
        .into_iter()
        .flatten()
        .filter_map(|id| edges.get(id))
        .flatten()
        .filter(|edge| edge.facts.call_type.is_none());
    for edge in targets {
        let Some(node) = graph.nodes.get(&edge.dst) else {
            continue;
        };
        // What lies outside of the project has no place that could be compared.
        let Some(end) = ending(node) else { continue };
        // A call of an abstract member may be taken to a field of the name, which is where implementations are written.
        let by_name = truth.kind == Kind::Abstract
            && names.contains(node.name.as_str())
            && !matches!(node.node_type.as_str(), "FUNCTION" | "METHOD");
        let right = endings.contains(&end) || by_name;
        let judged = matches!(truth.kind, Kind::Function | Kind::Abstract | Kind::External);
        if edge.facts.is_possible() {
            possible_hit |= right;
            if judged {
                score.possible_precision.count(right);
            }
            continue;
        }
        hit |= right;
        if judged {
            score.precision.count(right);
            let is_bound = edge.facts.resolution.as_deref() == Some("bound");
            let inherits = node.node_type == "CLASS";
            if right || truth.kind != Kind::External || !(is_bound || inherits) {
                score.precision_aside.count(right);
            }
        }
        if !right && matches!(truth.kind, Kind::Function | Kind::External) {
            miss("wrong target", Some(node))?;
        }
    }
    if has_target {
        score.recall.count(hit);
        if !truth.targets.is_empty() {
            score.reachable_recall.count(hit);
        }
        match truth.kind {
            Kind::Function => score.recall_function.count(hit),
            _ => score.recall_abstract.count(hit),
        }
        score.possible_recall.count(hit || possible_hit);
        if !hit && found.is_some() {
            miss("no edge to the target", None)?;
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn calls_are_compared_by_their_places() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join("a.js"),
            "function f() {}\nf();\nf();\nfunction g() {}\n[].map(g);\n",
        )
        .unwrap();
        let graph = Graph::analyze(folder.path(), &["CALLS"]).unwrap();
        let call = |line: u32, end: u32, kind: &str, target: &str| {
            format!(
                r#"{{"file":"a.js","line":{line},"column":0,"endLine":{line},"endColumn":{end},"callee":"f","kind":"{kind}","targets":[{target}]}}"#
            )
        };
        let f = r#"{"file":"a.js","endLine":1,"endColumn":15,"name":"f"}"#;
        let g = r#"{"file":"a.js","endLine":4,"endColumn":15,"name":"g"}"#;
        let truth = [
            // Right, wrong, without a target in the project, not a call of the graph, not known.
            call(2, 3, "function", f),
            call(3, 3, "function", g),
            call(5, 9, "external", ""),
            call(9, 3, "function", f),
            call(8, 3, "unknown", ""),
        ]
        .join("\n");
        let mut misses = Vec::new();
        let score = score(&graph, truth.as_bytes(), &mut misses).unwrap();
        let share = |part, whole| Share { part, whole };
        assert_eq!(score.found, share(3, 4));
        assert_eq!(score.recall, share(1, 3));
        assert_eq!(score.precision, share(1, 2));
        assert_eq!(score.possible_precision, share(0, 0));
        let misses = String::from_utf8(misses).unwrap();
        for why in ["no call node", "wrong target", "no edge to the target"] {
            assert_eq!(misses.matches(why).count(), 1, "{misses}");
        }
        assert!(misses.contains(r#""went":{"name":"f","at":"a.js:1:15"}"#));
    }
    #[test]
    fn what_no_graph_can_say_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join("a.js"),
            "function f() {}\nf.call();\nclass E extends Error {}\nnew E();\nf();\n",
        )
        .unwrap();
        let graph = Graph::analyze(folder.path(), &["CALLS"]).unwrap();
        let call = |line: u32, end: u32, kind: &str| {
            format!(
                r#"{{"file":"a.js","line":{line},"column":0,"endLine":{line},"endColumn":{end},"callee":"f","kind":"{kind}","targets":[]}}"#
            )
        };
        let truth = [
            call(2, 8, "external"),
            call(4, 7, "external"),
            call(5, 3, "external"),
            call(5, 3, "abstract"),
        ]
        .join("\n");
        let score = score(&graph, truth.as_bytes(), &mut Vec::new()).unwrap();
        let share = |part, whole| Share { part, whole };
        assert_eq!(score.precision, share(0, 4));
        assert_eq!(score.precision_aside, share(0, 2));
        assert_eq!(score.recall, share(0, 1));
        assert_eq!(score.reachable_recall, share(0, 0));
    }
}
