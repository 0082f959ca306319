//! Compares what a program has done with what its graph says.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Write;

use rfdb_client::NodeId;

use super::programs::Program;
use super::record::{Recorded, SiteKind, Span};
use crate::accuracy::graph::{Edge, Graph, Node};
use crate::accuracy::score::Share;

/// Edges that say that a function runs.
const EDGES: &[&str] = &["CALLS", "READS_FROM", "FLOWS_INTO", "HAS_PARAMETER"];

/// How sure the graph is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sure {
    Yes,
    Possibly,
}

/// A share of pairs that are found for sure, and that are found at all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Recall {
    sure: Share,
    all: Share,
}

impl Recall {
    fn count(&mut self, found: Option<Sure>) {
        self.sure.count(found == Some(Sure::Yes));
        self.all.count(found.is_some());
    }

    fn add(&mut self, other: Recall) {
        for (to, from) in [(&mut self.sure, other.sure), (&mut self.all, other.all)] {
            to.part += from.part;
            to.whole += from.whole;
        }
    }
}

/// A mean of shares.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Mean {
    sum: f64,
    count: u32,
}

impl Mean {
    fn count(&mut self, right: usize, of: usize) {
        if of > 0 {
            self.sum += right as f64 / of as f64;
            self.count += 1;
        }
    }

    fn add(&mut self, other: Mean) {
        self.sum += other.sum;
        self.count += other.count;
    }

    fn text(self) -> String {
        match self.count {
            0 => "-".to_owned(),
            count => format!("{:.1}", 100.0 * self.sum / f64::from(count)),
        }
    }
}

/// The comparison of some programs.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Counts {
    functions: Recall,
    calls: Recall,
    sure_precision: Mean,
    precision: Mean,
    complete: Share,
}

impl Counts {
    pub(crate) fn add(&mut self, other: &Counts) {
        self.functions.add(other.functions);
        self.calls.add(other.calls);
        self.sure_precision.add(other.sure_precision);
        self.precision.add(other.precision);
        self.complete.part += other.complete.part;
        self.complete.whole += other.complete.whole;
    }

    /// A row of the table.
    pub(crate) fn row(&self, name: &str) -> Vec<String> {
        vec![
            name.to_owned(),
            self.functions.all.whole.to_string(),
            self.functions.sure.text(),
            self.functions.all.text(),
            self.calls.all.whole.to_string(),
            self.calls.sure.text(),
            self.calls.all.text(),
            self.sure_precision.text(),
            self.precision.text(),
            format!("{}/{}", self.complete.part, self.complete.whole),
        ]
    }
}

/// A caller: a function, or the top of a file.
type Caller<'a> = (i64, &'a str);

/// What the graph says.
#[derive(Default)]
struct Said<'a> {
    /// Sites and functions; whether the edge says that something else calls it later.
    sites: BTreeMap<(usize, usize), (Sure, bool)>,
    functions: BTreeMap<(Caller<'a>, usize), Sure>,
}

/// Compares; writes a line for each miss.
pub(crate) fn compare(
    program: &Program,
    recorded: &Recorded,
    misses: &mut dyn Write,
) -> anyhow::Result<Counts> {
    let graph = Graph::analyze(&program.folder, EDGES)?;
    let said = said(&graph, recorded);
    let mut counts = Counts::default();
    let alone: BTreeSet<usize> = recorded.alone.iter().copied().collect();
    let taken: BTreeSet<(usize, usize)> = recorded.edges.iter().copied().collect();
    let describe = |site: usize, function: usize| {
        let (site, function) = (&recorded.sites[site], &recorded.functions[function]);
        format!(
            "{}:{}:{} `{}` -> {}:{} {}",
            site.at.file,
            site.at.line,
            site.at.column,
            site.text,
            function.at.file,
            function.at.line,
            function.name
        )
    };
    let mut pairs: BTreeSet<(Caller<'_>, usize)> = BTreeSet::new();
    for &(site, function) in &taken {
        let of = &recorded.sites[site];
        let caller = (of.caller, of.at.file.as_str());
        pairs.insert((caller, function));
        if of.kind != SiteKind::Set {
            let found = said.sites.get(&(site, function)).map(|f| f.0);
            counts.calls.count(found);
            let word = match found {
                None => "missing",
                Some(Sure::Possibly) => "possible",
                Some(Sure::Yes) => continue,
            };
            writeln!(
                misses,
                "{} {word} {}",
                program.name,
                describe(site, function)
            )?;
        } else if !said.functions.contains_key(&(caller, function)) {
            writeln!(
                misses,
                "{} missing {}",
                program.name,
                describe(site, function)
            )?;
        }
    }
    let mut complete = true;
    for pair in &pairs {
        let found = said.functions.get(pair).copied();
        counts.functions.count(found);
        complete &= found.is_some();
    }
    counts.complete.count(complete);
    let mut by_site: BTreeMap<usize, Vec<(usize, Sure, bool)>> = BTreeMap::new();
    for (&(site, function), &(sure, later)) in &said.sites {
        by_site
            .entry(site)
            .or_default()
            .push((function, sure, later));
    }
    for site in &recorded.ran {
        let edges = by_site.get(site).map_or(&[][..], Vec::as_slice);
        let right = |function: usize, later: bool| {
            taken.contains(&(*site, function)) || (later && alone.contains(&function))
        };
        let precision = |mean: &mut Mean, upto: Sure| {
            let judged: Vec<_> = edges.iter().filter(|e| e.1 <= upto).collect();
            let hits = judged.iter().filter(|e| right(e.0, e.2)).count();
            mean.count(hits, judged.len());
        };
        precision(&mut counts.sure_precision, Sure::Yes);
        precision(&mut counts.precision, Sure::Possibly);
        for &(function, sure, later) in edges {
            if !right(function, later) {
                let word = match sure {
                    Sure::Yes => "wrong",
                    Sure::Possibly => "perhaps-wrong",
                };
                writeln!(
                    misses,
                    "{} {word} {}",
                    program.name,
                    describe(*site, function)
                )?;
            }
        }
    }
    Ok(counts)
}

fn said<'a>(graph: &Graph, recorded: &'a Recorded) -> Said<'a> {
    // Where a function begins is seen differently; of functions that end in one place the nearest is meant.
    let mut ends: HashMap<(&str, u32, u32), Vec<usize>> = HashMap::new();
    for (i, f) in recorded.functions.iter().enumerate() {
        let end = (f.at.file.as_str(), f.at.end_line, f.at.end_column);
        ends.entry(end).or_default().push(i);
    }
    let function_of = |node: &Node| -> Option<usize> {
        if !matches!(node.node_type.as_str(), "FUNCTION" | "METHOD") {
            return None;
        }
        let end = (node.file.as_str(), node.at.end_line?, node.at.end_column?);
        let begin = (node.at.line?, node.at.column?);
        let of = |i: &&usize| {
            let at = &recorded.functions[**i].at;
            (at.line.abs_diff(begin.0), at.column.abs_diff(begin.1))
        };
        ends.get(&end)?.iter().min_by_key(of).copied()
    };
    let sites: HashMap<(bool, &str, u32, u32, u32, u32), usize> = recorded
        .sites
        .iter()
        .enumerate()
        .filter(|(_, site)| site.kind != SiteKind::Set)
        .map(|(i, site)| {
            let at = &site.at;
            let is_read = site.kind == SiteKind::Get;
            let file = at.file.as_str();
            (
                (
                    is_read,
                    file,
                    at.line,
                    at.column,
                    at.end_line,
                    at.end_column,
                ),
                i,
            )
        })
        .collect();
    let site_of = |node: &Node| -> Option<usize> {
        let at = &node.at;
        let is_read = node.node_type == "PROPERTY_ACCESS";
        let key = (
            is_read,
            node.file.as_str(),
            at.line?,
            at.column?,
            at.end_line?,
            at.end_column?,
        );
        sites.get(&key).copied()
    };
    let mut said = Said::default();
    let taken: BTreeSet<(usize, usize)> = recorded.edges.iter().copied().collect();
    let sure = |edge: &Edge| match edge.facts.is_possible() {
        true => Sure::Possibly,
        false => Sure::Yes,
    };
    let node = |id: NodeId| graph.nodes.get(&id);
    for edge in graph.edges("CALLS").iter().chain(graph.edges("READS_FROM")) {
        // What a function of the program is given to call has an edge where it is called.
        if edge.facts.resolution.as_deref() == Some("higher-order") {
            continue;
        }
        let (Some(src), Some(dst)) = (node(edge.src), node(edge.dst)) else {
            continue;
        };
        let (Some(site), Some(function)) = (site_of(src), function_of(dst)) else {
            continue;
        };
        // A function that is read is not run, unless it is a getter.
        let is_read = src.node_type == "PROPERTY_ACCESS";
        if is_read && !dst.at.is_kind("get") && !taken.contains(&(site, function)) {
            continue;
        }
        // What adds a listener does not run it.
        let later = edge.facts.call_type.is_some();
        let sure = sure(edge);
        let of = &recorded.sites[site];
        let caller = (of.caller, of.at.file.as_str());
        let pair = said.functions.entry((caller, function)).or_insert(sure);
        *pair = sure.min(*pair);
        if edge.facts.call_type.as_deref() == Some("event") {
            continue;
        }
        let known = said.sites.entry((site, function)).or_insert((sure, later));
        *known = (sure.min(known.0), later && known.1);
    }
    // A setter runs where its parameter is written.
    let mut setters: HashMap<NodeId, usize> = HashMap::new();
    for edge in graph.edges("HAS_PARAMETER") {
        if let Some(of) = node(edge.src)
            && of.at.is_kind("set")
            && let Some(function) = function_of(of)
        {
            setters.insert(edge.dst, function);
        }
    }
    for edge in graph.edges("FLOWS_INTO") {
        let (Some(&setter), Some(src)) = (setters.get(&edge.dst), node(edge.src)) else {
            continue;
        };
        let sure = sure(edge);
        if let Some(caller) = innermost(recorded, src)
            && caller.0 != setter as i64
        {
            let pair = said.functions.entry((caller, setter)).or_insert(sure);
            *pair = sure.min(*pair);
        }
    }
    said
}

/// The innermost function around a node.
fn innermost<'a>(recorded: &'a Recorded, node: &Node) -> Option<Caller<'a>> {
    let at = (node.at.line?, node.at.column?);
    let around = |span: &Span| {
        span.file == node.file
            && (span.line, span.column) <= at
            && at < (span.end_line, span.end_column)
    };
    let functions = (0..).zip(&recorded.functions);
    let inner = functions
        .filter(|(_, f)| around(&f.at))
        .max_by_key(|(_, f)| (f.at.line, f.at.column));
    if let Some((i, function)) = inner {
        return Some((i, function.at.file.as_str()));
    }
    let mut sites = recorded.sites.iter();
    let of_file = sites.find(|site| site.at.file == node.file)?;
    Some((-1, of_file.at.file.as_str()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::recorded::record::{Function, Site};

    fn span(line: u32, column: u32, end_line: u32, end_column: u32) -> Span {
        Span {
            file: "main.js".to_owned(),
            line,
            column,
            end_line,
            end_column,
        }
    }

    #[test]
    fn pairs_are_compared_by_their_places() {
        let folder = tempfile::tempdir().unwrap();
        let source = "function f() {}\nfunction g() {}\nf();\nf();\nconst o = { get p() { return 1; } };\no.p;\n";
        std::fs::write(folder.path().join("main.js"), source).unwrap();
        let program = Program {
            name: "one".to_owned(),
            family: "one".to_owned(),
            folder: folder.path().to_owned(),
            work: folder.path().to_owned(),
        };
        let function = |name: &str, at| Function {
            at,
            name: name.to_owned(),
        };
        let site = |kind, at| Site {
            at,
            kind,
            caller: -1,
            text: String::new(),
        };
        let recorded = Recorded {
            functions: vec![
                function("f", span(1, 0, 1, 15)),
                function("g", span(2, 0, 2, 15)),
                function("p", span(5, 12, 5, 33)),
            ],
            sites: vec![
                site(SiteKind::Call, span(3, 0, 3, 3)),
                site(SiteKind::Call, span(4, 0, 4, 3)),
                site(SiteKind::Get, span(6, 0, 6, 3)),
            ],
            // The second call is said to have run g.
            edges: vec![(0, 0), (1, 1), (2, 2)],
            ran: vec![0, 1, 2],
            alone: vec![],
        };
        let mut misses = Vec::new();
        let counts = compare(&program, &recorded, &mut misses).unwrap();
        let share = |part, whole| Share { part, whole };
        assert_eq!(counts.functions.sure, share(1, 3));
        assert_eq!(counts.functions.all, share(2, 3));
        assert_eq!(counts.calls.all, share(2, 3));
        assert_eq!(counts.complete, share(0, 1));
        assert_eq!(counts.sure_precision.text(), "50.0");
        assert_eq!(counts.precision.text(), "66.7");
        let misses = String::from_utf8(misses).unwrap();
        assert_eq!(
            misses,
            "one missing main.js:4:0 `` -> main.js:2 g\none possible main.js:6:0 `` -> main.js:5 p\none wrong main.js:4:0 `` -> main.js:1 f\n"
        );
    }
}
