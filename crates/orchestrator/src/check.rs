//! Checks an exported graph: what must hold for every graph, whatever the program.
//!
//! Ids are unique; every edge has both ends and comes once; every node with a file has a position, one containment
//! parent, a way up to its MODULE, and a span inside its parent's; types are known; lines are sorted.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, BufRead};

use graph_model::{EdgeType, NodeType};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

/// Problems of one kind that are kept with their text.
const KEPT: usize = 20;

/// What a check found.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GraphCheck {
    /// Nodes by type.
    pub nodes: BTreeMap<String, u64>,
    /// Edges by type.
    pub edges: BTreeMap<String, u64>,
    /// Problems by kind.
    pub problems: BTreeMap<&'static str, Problems>,
}

/// Problems of one kind.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Problems {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub first: Vec<String>,
}

impl GraphCheck {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }

    fn problem(&mut self, kind: &'static str, text: impl FnOnce() -> String) {
        let problems = self.problems.entry(kind).or_default();
        problems.count += 1;
        if problems.first.len() < KEPT {
            problems.first.push(text());
        }
    }
}

/// A line of either kind.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    kind: &'a str,
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(borrow, default)]
    id: Cow<'a, str>,
    #[serde(borrow, default)]
    file: Cow<'a, str>,
    line: Option<u32>,
    column: Option<u32>,
    end_line: Option<u32>,
    end_column: Option<u32>,
    #[serde(borrow, default)]
    src: Cow<'a, str>,
    #[serde(borrow, default)]
    dst: Cow<'a, str>,
}

struct Known {
    id: Box<str>,
    node_type: Option<NodeType>,
    file: u32,
    span: Option<((u32, u32), (u32, u32))>,
    parent: Option<u32>,
}

#[derive(Default)]
struct Checker {
    check: GraphCheck,
    files: FxHashMap<Box<str>, u32>,
    ids: FxHashMap<Box<str>, u32>,
    nodes: Vec<Known>,
    triples: FxHashSet<(u32, u32, Box<str>)>,
    last: Option<(u8, String)>,
}

/// Reads an export and checks it.
///
/// # Errors
/// The export cannot be read, or a line is not of its format.
pub fn check_export(export: impl BufRead) -> io::Result<GraphCheck> {
    let mut checker = Checker::default();
    for (number, line) in export.lines().enumerate() {
        let line = line?;
        let wrong = |what: String| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("line {}: {what}", number + 1),
            )
        };
        let row: Line<'_> = serde_json::from_str(&line).map_err(|e| wrong(e.to_string()))?;
        match row.kind {
            "node" => checker.node(row),
            "edge" => checker.edge(&row),
            kind => return Err(wrong(format!("unknown kind `{kind}`"))),
        }
    }
    checker.finish();
    Ok(checker.check)
}

impl Checker {
    fn node(&mut self, row: Line<'_>) {
        let Line {
            r#type, id, file, ..
        } = row;
        self.sorted(0, id.to_string());
        *self.check.nodes.entry(r#type.to_string()).or_default() += 1;
        let span = row
            .line
            .zip(row.column)
            .zip(row.end_line.zip(row.end_column));
        if !file.is_empty() {
            match span {
                None => self
                    .check
                    .problem("node without a position", || id.to_string()),
                Some((start, end)) if start.0 == 0 || end < start => {
                    self.check
                        .problem("span that ends before it starts", || id.to_string());
                }
                Some(_) => {}
            }
            let rest = id
                .strip_prefix(&*file)
                .and_then(|rest| rest.strip_prefix("->"));
            if !rest
                .and_then(|rest| rest.strip_prefix(&*r#type))
                .is_some_and(|rest| rest.starts_with("->"))
            {
                self.check
                    .problem("id of another file or type", || id.to_string());
            }
        }
        let files = self.files.len() as u32;
        let file = *self.files.entry(file.into()).or_insert(files);
        let node_type = NodeType::parse(&r#type);
        // A plugin's own types have a colon.
        if node_type.is_none() && !r#type.contains(':') {
            self.check.problem(
                "unknown node type",
                || format!("{type} of {id}", type = r#type),
            );
        }
        let at = self.nodes.len() as u32;
        let key: Box<str> = id.into();
        if self.ids.insert(key.clone(), at).is_some() {
            self.check.problem("duplicate node id", || key.to_string());
        }
        self.nodes.push(Known {
            id: key,
            node_type,
            file,
            span,
            parent: None,
        });
    }

    fn edge(&mut self, row: &Line<'_>) {
        let Line {
            r#type, src, dst, ..
        } = row;
        let text = || format!("{src} {type} {dst}", type = r#type);
        self.sorted(1, format!("{src}\u{0}{dst}\u{0}{type}", type = r#type));
        *self.check.edges.entry(r#type.to_string()).or_default() += 1;
        let (Some(&from), Some(&to)) = (self.ids.get(&**src), self.ids.get(&**dst)) else {
            self.check.problem("edge with a missing end", text);
            return;
        };
        if !self.triples.insert((from, to, r#type.as_ref().into())) {
            self.check.problem("duplicate edge", text);
        }
        let Some(edge_type) = EdgeType::parse(r#type) else {
            // A plugin's edges have an end that is a plugin's node.
            if [from, to]
                .iter()
                .all(|&end| self.nodes[end as usize].node_type.is_some())
            {
                self.check.problem("unknown edge type", text);
            }
            return;
        };
        let is_property = self.nodes[to as usize].node_type == Some(NodeType::Property);
        if edge_type.is_containment() || (edge_type == EdgeType::HasProperty && is_property) {
            self.contain(from, to);
        }
    }

    fn sorted(&mut self, kind: u8, key: String) {
        if let Some(last) = &self.last
            && (kind, &key) <= (last.0, &last.1)
        {
            self.check
                .problem("line out of order", || key.replace('\u{0}', " "));
        }
        self.last = Some((kind, key));
    }

    fn contain(&mut self, parent: u32, child: u32) {
        if let Some(other) = self.nodes[child as usize].parent {
            let text = || {
                let id = |i: u32| &self.nodes[i as usize].id;
                format!("{} in {} and {}", id(child), id(other), id(parent))
            };
            let text = text();
            self.check
                .problem("node with two containment parents", || text);
            return;
        }
        self.nodes[child as usize].parent = Some(parent);
    }

    fn finish(&mut self) {
        // 0 unknown, 1 on the way up, 2 reaches the top, 3 does not.
        let mut state = vec![0_u8; self.nodes.len()];
        for start in 0..self.nodes.len() {
            let mut way = Vec::new();
            let mut at = start;
            let reaches = loop {
                match state[at] {
                    1 => break false,
                    2 => break true,
                    3 => break false,
                    _ => {}
                }
                state[at] = 1;
                way.push(at);
                if is_top(self.nodes[at].node_type) {
                    break true;
                }
                match self.nodes[at].parent {
                    Some(parent) => at = parent as usize,
                    None => break false,
                }
            };
            for &node in &way {
                state[node] = if reaches { 2 } else { 3 };
            }
            if !reaches {
                let node = &self.nodes[start];
                let kind = if node.parent.is_none() {
                    "orphan: no containment parent"
                } else {
                    "node not reachable from the project"
                };
                let id = node.id.to_string();
                self.check.problem(kind, || id);
            }
        }
        for child in &self.nodes {
            let Some(parent) = child.parent.map(|p| &self.nodes[p as usize]) else {
                continue;
            };
            if let (Some(inner), Some(outer)) = (child.span, parent.span)
                && child.node_type != Some(NodeType::Decorator)
            {
                if child.file != parent.file {
                    self.check.problem("node contained in another file", || {
                        format!("{} in {}", child.id, parent.id)
                    });
                } else if inner.0 < outer.0 || inner.1 > outer.1 {
                    self.check.problem("span outside of the parent's", || {
                        format!("{} {inner:?} in {} {outer:?}", child.id, parent.id)
                    });
                }
            }
        }
    }
}

/// Types whose nodes have no containment parent.
fn is_top(node_type: Option<NodeType>) -> bool {
    matches!(
        node_type,
        Some(NodeType::Project | NodeType::ExternalModule | NodeType::NetStdio)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(id: &str, node_type: &str, span: &str) -> String {
        format!(
            r#"{{"kind":"node","id":"{id}","type":"{node_type}","name":"","file":"{}"{span},"exported":false,"metadata":{{}}}}"#,
            if span.is_empty() { "" } else { "a.js" }
        )
    }

    fn edge(src: &str, edge_type: &str, dst: &str) -> String {
        format!(
            r#"{{"kind":"edge","type":"{edge_type}","src":"{src}","dst":"{dst}","metadata":{{}}}}"#
        )
    }

    fn problems(lines: &[String]) -> Vec<&'static str> {
        check_export(lines.join("\n").as_bytes())
            .unwrap()
            .problems
            .into_keys()
            .collect()
    }

    const MODULE: &str = "a.js->MODULE->module";
    const F: &str = "a.js->FUNCTION->f";
    const WIDE: &str = r#","line":1,"column":0,"endLine":9,"endColumn":0"#;
    const SMALL: &str = r#","line":2,"column":0,"endLine":3,"endColumn":1"#;

    fn sound() -> Vec<String> {
        vec![
            node("PROJECT:p", "PROJECT", ""),
            node(F, "FUNCTION", SMALL),
            node(MODULE, "MODULE", WIDE),
            edge("PROJECT:p", "CONTAINS", MODULE),
            edge(MODULE, "CONTAINS", F),
        ]
    }

    #[test]
    fn a_sound_graph_has_no_problems() {
        assert_eq!(problems(&sound()), Vec::<&str>::new());
    }

    #[test]
    fn each_problem_is_seen() {
        let changed = |change: &dyn Fn(&mut Vec<String>)| {
            let mut lines = sound();
            change(&mut lines);
            problems(&lines)
        };
        assert_eq!(
            changed(&|l| l.truncate(4)),
            ["orphan: no containment parent"]
        );
        assert_eq!(
            changed(&|l| l.push(edge(MODULE, "CONTAINS", "a.js->X->y"))),
            ["edge with a missing end"]
        );
        assert_eq!(
            changed(&|l| l.push(edge(MODULE, "CONTAINS", F))),
            [
                "duplicate edge",
                "line out of order",
                "node with two containment parents"
            ]
        );
        assert_eq!(
            changed(&|l| l.push(edge(MODULE, "NEW_EDGE", F))),
            ["unknown edge type"]
        );
        assert_eq!(
            changed(&|l| l.insert(4, edge("PROJECT:p", "DECLARES", MODULE))),
            ["node with two containment parents"]
        );
        assert_eq!(
            changed(&|l| l[1] = node(
                F,
                "FUNCTION",
                r#","line":2,"column":0,"endLine":10,"endColumn":1"#
            )),
            ["span outside of the parent's"]
        );
        assert_eq!(
            changed(&|l| l[1] = node(F, "FUNCTION", r#","line":2,"column":0"#)),
            ["node without a position"]
        );
        assert_eq!(
            changed(&|l| l[1] = node(F, "CLASS", SMALL)),
            ["id of another file or type"]
        );
        assert_eq!(
            changed(&|l| l.insert(1, node(F, "FUNCTION", SMALL))),
            [
                "duplicate node id",
                "line out of order",
                "orphan: no containment parent"
            ]
        );
        assert_eq!(
            changed(&|l| l[3] = edge(F, "CONTAINS", MODULE)),
            [
                "node not reachable from the project",
                "span outside of the parent's"
            ]
        );
        assert_eq!(changed(&|l| l.swap(0, 1)), ["line out of order"]);
    }
}
