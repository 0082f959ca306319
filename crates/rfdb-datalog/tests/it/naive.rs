//! An evaluator that tries every value for every variable, until nothing new follows.

use std::collections::{BTreeMap, BTreeSet};

use rfdb_datalog::{Aggregate, Graph, HeadTerm, Literal, MemoryGraph, Rule, Term, node_id};

type Relation = BTreeSet<Vec<String>>;
type Key = (String, usize);

pub(crate) struct Naive<'g> {
    graph: &'g MemoryGraph,
    domain: Vec<String>,
    relations: BTreeMap<Key, Relation>,
    nodes: BTreeMap<String, String>,
    edges: BTreeSet<(String, String, String)>,
    reach: BTreeSet<(String, String)>,
}

type Bindings = BTreeMap<String, String>;

impl<'g> Naive<'g> {
    pub(crate) fn new(graph: &'g MemoryGraph, constants: &[&str]) -> Self {
        let go = std::ops::ControlFlow::Continue;
        let mut edges = BTreeSet::new();
        graph
            .edges(None, &mut |s, d, t| {
                edges.insert((s.to_string(), d.to_string(), t.to_owned()));
                go(())
            })
            .expect("in memory");
        let nodes: BTreeMap<String, String> = graph
            .ids()
            .map(|id| {
                let found = graph.node_type(id).expect("in memory");
                (id.to_string(), found.unwrap_or_default().to_owned())
            })
            .collect();
        let mut domain: BTreeSet<String> = graph.texts();
        domain.extend(constants.iter().map(|text| (*text).to_owned()));
        domain.extend(nodes.keys().cloned());
        domain.extend(edges.iter().flat_map(|(s, d, _)| [s.clone(), d.clone()]));
        // What counts may give.
        domain.extend((0..10).map(|n| n.to_string()));
        let mut reach: BTreeSet<(String, String)> = edges
            .iter()
            .map(|(s, d, _)| (s.clone(), d.clone()))
            .collect();
        loop {
            let more: Vec<_> = reach
                .iter()
                .flat_map(|(a, b)| {
                    let next = reach.iter().filter(move |(c, _)| b == c);
                    next.map(move |(_, d)| (a.clone(), d.clone()))
                })
                .collect();
            let before = reach.len();
            reach.extend(more);
            if reach.len() == before {
                break;
            }
        }
        Self {
            graph,
            domain: domain.into_iter().collect(),
            relations: BTreeMap::new(),
            nodes,
            edges,
            reach,
        }
    }

    /// Evaluates all rules, stratum by stratum. `None` if there are no strata.
    pub(crate) fn run(&mut self, rules: &[Rule]) -> Option<()> {
        let strata = strata(rules)?;
        let last = strata.values().copied().max().unwrap_or_default();
        for stratum in 0..=last {
            let of_stratum: Vec<&Rule> = rules
                .iter()
                .filter(|rule| strata[&key(rule)] == stratum)
                .collect();
            loop {
                let mut changed = false;
                for rule in &of_stratum {
                    if !aggregates(rule) {
                        for row in self.heads(rule) {
                            changed |= self.relations.entry(key(rule)).or_default().insert(row);
                        }
                    }
                }
                if !changed {
                    break;
                }
            }
            let folding: BTreeSet<Key> = of_stratum
                .iter()
                .filter(|rule| aggregates(rule))
                .map(|rule| key(rule))
                .collect();
            for predicate in folding {
                let of: Vec<&&Rule> = of_stratum
                    .iter()
                    .filter(|rule| key(rule) == predicate)
                    .collect();
                let rows: BTreeSet<Vec<String>> =
                    of.iter().flat_map(|rule| self.heads(rule)).collect();
                let folded = fold(&of[0].head.args, &rows);
                self.relations.insert(predicate, folded);
            }
        }
        Some(())
    }

    /// Rows of some variables for which all literals hold.
    pub(crate) fn ask(&self, body: &[Literal], names: &[String]) -> Relation {
        let mut found = Relation::new();
        self.solve(body, names, &mut |bindings| {
            found.insert(names.iter().map(|name| bindings[name].clone()).collect());
        });
        found
    }

    fn heads(&self, rule: &Rule) -> Vec<Vec<String>> {
        let mut names: Vec<String> = Vec::new();
        for arg in &rule.head.args {
            if let HeadTerm::Plain(Term::Variable(name)) | HeadTerm::Aggregate(_, name) = arg {
                names.push(name.clone());
            }
        }
        let mut rows = Vec::new();
        self.solve(&rule.body, &names, &mut |bindings| {
            let row = rule.head.args.iter().map(|arg| match arg {
                HeadTerm::Plain(Term::Constant(text)) => text.clone(),
                HeadTerm::Plain(Term::Variable(name)) | HeadTerm::Aggregate(_, name) => {
                    bindings[name].clone()
                }
                HeadTerm::Plain(Term::Wildcard) => unreachable!("refused"),
            });
            rows.push(row.collect());
        });
        rows
    }

    /// Calls with every assignment of the variables outside of single negated literals.
    fn solve(&self, body: &[Literal], wanted: &[String], found: &mut dyn FnMut(&Bindings)) {
        let mut names: Vec<String> = wanted.to_vec();
        for literal in body {
            for name in variables(literal) {
                let elsewhere = body
                    .iter()
                    .any(|other| !std::ptr::eq(other, literal) && variables(other).contains(&name));
                if (!literal.negated || elsewhere) && !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        names.dedup();
        self.assign(body, &names, &mut Bindings::new(), found);
    }

    fn assign(
        &self,
        body: &[Literal],
        names: &[String],
        bindings: &mut Bindings,
        found: &mut dyn FnMut(&Bindings),
    ) {
        // Positive literals without open variables can fail early.
        let ground = |literal: &&Literal| {
            variables(literal)
                .iter()
                .all(|name| bindings.contains_key(name))
        };
        let mut decided = body.iter().filter(|l| !l.negated).filter(ground);
        if !decided.all(|literal| self.holds(literal, bindings)) {
            return;
        }
        let Some(name) = names.iter().find(|name| !bindings.contains_key(*name)) else {
            if body
                .iter()
                .all(|literal| self.holds(literal, bindings) != literal.negated)
            {
                found(bindings);
            }
            return;
        };
        for value in &self.domain {
            bindings.insert(name.clone(), value.clone());
            self.assign(body, names, bindings, found);
        }
        bindings.remove(name);
    }

    /// Whether a literal without its negation holds; what it does not bind may be anything.
    fn holds(&self, literal: &Literal, bindings: &Bindings) -> bool {
        let open = variables(literal)
            .into_iter()
            .find(|name| !bindings.contains_key(name));
        if let Some(name) = open {
            return self.domain.iter().any(|value| {
                let mut more = bindings.clone();
                more.insert(name.clone(), value.clone());
                self.holds(literal, &more)
            });
        }
        let args: Vec<Option<&str>> = literal
            .args
            .iter()
            .map(|term| match term {
                Term::Wildcard => None,
                Term::Constant(text) => Some(text.as_str()),
                Term::Variable(name) => Some(bindings[name].as_str()),
            })
            .collect();
        let fits = |at: usize, text: &str| args.get(at).is_none_or(|a| a.is_none_or(|a| a == text));
        let edge = |src: usize, dst: usize| {
            self.edges
                .iter()
                .any(|(s, d, t)| fits(src, s) && fits(dst, d) && fits(2, t))
        };
        match literal.predicate.as_str() {
            "node" => self.nodes.iter().any(|(id, node_type)| {
                let matches = match (&literal.args[1], args[1]) {
                    (Term::Constant(_), Some(pattern)) if pattern.ends_with('*') => {
                        node_type.starts_with(pattern.trim_end_matches('*'))
                    }
                    _ => fits(1, node_type),
                };
                fits(0, id) && matches
            }),
            "edge" => edge(0, 1),
            "incoming" => edge(1, 0),
            "path" => {
                if literal.args[0] == literal.args[1]
                    && let Some(text) = args[0]
                {
                    return text.parse::<u128>().is_ok();
                }
                self.reach
                    .iter()
                    .any(|(s, d)| s != d && fits(0, s) && fits(1, d))
            }
            "attr" => self.nodes.keys().any(|id| {
                let name = args[1].unwrap_or_default();
                let value = self.graph.attribute(node_id(id), name).expect("in memory");
                fits(0, id) && value.is_some_and(|value| fits(2, &value))
            }),
            "neq" => args[0] != args[1],
            "eq" => args[0].is_none() || args[1].is_none() || args[0] == args[1],
            "starts_with" => args[0]
                .unwrap_or_default()
                .starts_with(args[1].unwrap_or_default()),
            _ => {
                let key = (literal.predicate.clone(), literal.args.len());
                let relation = self.relations.get(&key);
                relation.is_some_and(|rows| {
                    rows.iter()
                        .any(|row| row.iter().enumerate().all(|(at, text)| fits(at, text)))
                })
            }
        }
    }
}

fn variables(literal: &Literal) -> Vec<String> {
    let names = literal.args.iter().filter_map(|term| match term {
        Term::Variable(name) => Some(name.clone()),
        _ => None,
    });
    names.collect()
}

fn key(rule: &Rule) -> Key {
    (rule.head.predicate.clone(), rule.head.args.len())
}

fn aggregates(rule: &Rule) -> bool {
    rule.head
        .args
        .iter()
        .any(|arg| matches!(arg, HeadTerm::Aggregate(..)))
}

/// A number for each predicate: not below those that it needs, and above those that it negates or aggregates.
fn strata(rules: &[Rule]) -> Option<BTreeMap<Key, usize>> {
    let mut strata: BTreeMap<Key, usize> = rules.iter().map(|rule| (key(rule), 0)).collect();
    for _ in 0..=strata.len() {
        let mut changed = false;
        for rule in rules {
            for literal in &rule.body {
                let called = (literal.predicate.clone(), literal.args.len());
                let Some(&below) = strata.get(&called) else {
                    continue;
                };
                let least = below + usize::from(literal.negated || aggregates(rule));
                let own = strata.get_mut(&key(rule))?;
                if *own < least {
                    *own = least;
                    changed = true;
                }
            }
        }
        if !changed {
            return Some(strata);
        }
    }
    None
}

fn fold(args: &[HeadTerm], rows: &BTreeSet<Vec<String>>) -> Relation {
    let mut groups: BTreeMap<Vec<&str>, Vec<&Vec<String>>> = BTreeMap::new();
    let plain = |at: usize| matches!(args[at], HeadTerm::Plain(_));
    for row in rows {
        let group = (0..args.len())
            .filter(|&at| plain(at))
            .map(|at| row[at].as_str())
            .collect();
        groups.entry(group).or_default().push(row);
    }
    let counts_only = args
        .iter()
        .all(|arg| matches!(arg, HeadTerm::Aggregate(Aggregate::Count, _)));
    if groups.is_empty() && counts_only {
        groups.insert(Vec::new(), Vec::new());
    }
    let folded = groups.values().map(|rows| {
        let column = |at: usize| rows.iter().map(move |row| &row[at]);
        let value = |at: usize| match args[at] {
            HeadTerm::Plain(_) => rows[0][at].clone(),
            HeadTerm::Aggregate(Aggregate::Count, _) => {
                column(at).collect::<BTreeSet<_>>().len().to_string()
            }
            // The generated values are all numbers or all texts of one length.
            HeadTerm::Aggregate(Aggregate::Min, _) => column(at).min().cloned().unwrap_or_default(),
            HeadTerm::Aggregate(Aggregate::Max, _) => column(at).max().cloned().unwrap_or_default(),
        };
        (0..args.len()).map(value).collect()
    });
    folded.collect()
}
