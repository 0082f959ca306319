//! How an answer was found, and why there is none.

use std::time::Duration;

use crate::builtin::{Builtin, Kind};
use crate::error::Error;
use crate::eval::Machine;
use crate::graph::Graph;
use crate::plan::{Plan, Step, StepArg};
use crate::program::{Arg, Call};
use crate::suggest::hint;

/// How often the graph was asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GraphUse {
    /// Nodes that walks over nodes met.
    pub nodes_visited: u64,
    /// Edges that walks over edges met.
    pub edges_traversed: u64,
    /// Walks over nodes of a type.
    pub find_by_type_calls: u64,
    /// Look-ups of single nodes.
    pub get_node_calls: u64,
    /// Walks over the edges that start at a node.
    pub outgoing_edge_calls: u64,
    /// Walks over the edges that point to a node.
    pub incoming_edge_calls: u64,
    /// Walks over all edges.
    pub all_edges_calls: u64,
    /// Searches for paths.
    pub bfs_calls: u64,
}

/// A step of a plan, with what it has done.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainedStep {
    /// The rule, as it is written; empty for the question itself.
    pub rule: String,
    /// The literal, as it is written.
    pub literal: String,
    /// Name of the predicate.
    pub predicate: String,
    /// Arguments: `Var("X")`, `Const("CLASS")`, `Wildcard`.
    pub args: Vec<String>,
    /// How the graph or a table is asked.
    pub access: String,
    /// Rows that the planner expected for each row that came in.
    pub expected: f64,
    /// Rows that came in.
    pub rows_in: u64,
    /// Rows that went out.
    pub rows_out: u64,
    /// Time of this step alone.
    pub duration: Duration,
}

/// How an answer was found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Explanation {
    /// The steps of all plans that were used, in the order of evaluation.
    pub steps: Vec<ExplainedStep>,
    /// How often the graph was asked.
    pub graph_use: GraphUse,
    /// How often rules were evaluated.
    pub rule_evaluations: u64,
    /// Time of the whole evaluation.
    pub duration: Duration,
    /// Why there are no rows; nothing if there are.
    pub why_empty: Vec<String>,
    /// Steps that look at all nodes or all edges.
    pub full_scans: Vec<String>,
}

/// Reasons for an empty answer that are given at most.
const MAX_REASONS: usize = 12;

impl<G: Graph> Machine<'_, G> {
    pub(crate) fn explanation(
        &mut self,
        rows: usize,
        duration: Duration,
    ) -> Result<Explanation, Error> {
        let mut steps = Vec::new();
        let mut full_scans = Vec::new();
        let plans = self.used.clone();
        for plan in &plans {
            for (at, step) in plan.steps.iter().enumerate() {
                let explained = self.step_explained(plan, at, step);
                if step.counters.rows_in.get() > 0 && is_full_scan(step) {
                    full_scans.push(format!(
                        "`{}` looks at {}",
                        explained.literal, explained.access
                    ));
                }
                steps.push(explained);
            }
        }
        full_scans.sort();
        full_scans.dedup();
        let started = plans.iter().map(|plan| {
            let first = plan.steps.first();
            first.map_or(plan.results.get(), |step| step.counters.rows_in.get())
        });
        let rule_evaluations = started.sum();
        let why_empty = if rows == 0 {
            self.why_empty(&plans)?
        } else {
            Vec::new()
        };
        Ok(Explanation {
            steps,
            graph_use: self.graph_use.clone(),
            rule_evaluations,
            duration,
            why_empty,
            full_scans,
        })
    }

    fn step_explained(&self, plan: &Plan, at: usize, step: &Step) -> ExplainedStep {
        let rule = &self.rules[plan.rule];
        let body = &rule.body[step.literal];
        let after = plan
            .steps
            .get(at + 1)
            .map_or(0, |step| step.counters.nanos.get());
        let args = body.args.iter().map(|arg| match *arg {
            Arg::Var(var) => format!("Var({:?})", rule.vars[var]),
            Arg::Const(value) => format!("Const({:?})", self.values.show(value)),
            Arg::Any => "Wildcard".to_owned(),
        });
        let written = &rule.written;
        let rule = if written.predicate.is_empty() {
            String::new()
        } else {
            written.to_string()
        };
        ExplainedStep {
            rule,
            literal: body.written.to_string(),
            predicate: body.written.predicate.clone(),
            args: args.collect(),
            access: access(step).to_owned(),
            expected: step.expected,
            rows_in: step.counters.rows_in.get(),
            rows_out: step.counters.rows_out.get(),
            duration: Duration::from_nanos(step.counters.nanos.get().saturating_sub(after)),
        }
    }

    /// For each rule that was evaluated and gave nothing, the step that no row passed.
    fn why_empty(&self, plans: &[std::rc::Rc<Plan>]) -> Result<Vec<String>, Error> {
        let mut reasons = Vec::new();
        if self.predicates[self.goal()].rules.is_empty() {
            reasons.push("the program has no rule for `violation`".to_owned());
        }
        // That a predicate of the program holds for nothing has a reason in its own rules.
        let has_rules = |step: &Step| match step.call {
            Call::User(predicate) => !self.predicates[predicate].rules.is_empty(),
            _ => false,
        };
        for plan in plans {
            if plan.results.get() > 0 {
                continue;
            }
            let stopped = plan
                .steps
                .iter()
                .find(|step| step.counters.rows_in.get() > 0 && step.counters.rows_out.get() == 0);
            let Some(step) = stopped.filter(|step| !has_rules(step)) else {
                continue;
            };
            let rule = &self.rules[plan.rule];
            let body = &rule.body[step.literal];
            let rows = step.counters.rows_in.get();
            let of_rule = if rule.written.predicate.is_empty() {
                String::new()
            } else {
                format!(" in the rule for `{}`", rule.written)
            };
            let came = match rows {
                1 => "the only row that reached it".to_owned(),
                rows => format!("any of the {rows} rows that reached it"),
            };
            reasons.push(format!(
                "`{}`{of_rule} does not hold for {came}",
                body.written
            ));
            self.missing_nodes(body, &mut reasons)?;
            if reasons.len() >= MAX_REASONS {
                break;
            }
        }
        if reasons.is_empty() {
            reasons.push("no row passes all literals of a rule".to_owned());
        }
        Ok(reasons)
    }

    /// Says which constants name nodes that do not exist.
    fn missing_nodes(
        &self,
        body: &crate::program::BodyLiteral,
        reasons: &mut Vec<String>,
    ) -> Result<(), Error> {
        let Call::Builtin(builtin) = body.call else {
            return Ok(());
        };
        for (at, arg) in body.args.iter().enumerate() {
            let Arg::Const(value) = *arg else { continue };
            if builtin.kinds()[at] != Kind::Id {
                continue;
            }
            let Some(id) = self.values.as_number(value) else {
                continue;
            };
            if !self.has_node(id)? {
                let written = &body.written.args[at];
                reasons.push(format!("there is no node {written}"));
            }
        }
        Ok(())
    }

    /// Warnings for constants that name types which the graph does not have.
    pub(crate) fn odd_constants(&self) -> Vec<String> {
        let statistics = &self.planner.statistics;
        let mut warnings = Vec::new();
        if statistics.nodes.is_empty() {
            return warnings;
        }
        for body in self.rules.iter().flat_map(|rule| &rule.body) {
            let (column, known, what) = match body.call {
                Call::Builtin(Builtin::Node) => (1, &statistics.nodes, "node"),
                Call::Builtin(Builtin::Edge | Builtin::Incoming | Builtin::AttrEdge) => {
                    (2, &statistics.edges, "edge")
                }
                _ => continue,
            };
            let Some(Arg::Const(value)) = body.args.get(column) else {
                continue;
            };
            let name = self.values.show(*value);
            let prefix = if what == "node" {
                name.strip_suffix('*')
            } else {
                None
            };
            let exists = match prefix {
                Some(prefix) => {
                    let prefix = prefix.trim_end_matches('*');
                    known.keys().any(|known| known.starts_with(prefix))
                }
                None => known.contains_key(&*name),
            };
            if !exists {
                let names = known.keys().map(String::as_str);
                let hint = hint(&name, names);
                warnings.push(format!(
                    "no {what} of the graph has the type \"{name}\"{hint}"
                ));
            }
        }
        warnings.sort();
        warnings.dedup();
        warnings
    }
}

fn is_full_scan(step: &Step) -> bool {
    let free = |at: usize| {
        !matches!(
            step.args.get(at),
            Some(StepArg::Known(_) | StepArg::Const(_))
        )
    };
    match step.call {
        Call::Builtin(Builtin::Node) => free(0) && free(1),
        Call::Builtin(Builtin::Edge | Builtin::Incoming | Builtin::AttrEdge) => {
            free(0) && free(1) && free(2)
        }
        Call::Builtin(Builtin::Attr) => free(0) && free(2),
        _ => false,
    }
}

/// How a step asks the graph or a table.
fn access(step: &Step) -> &'static str {
    let known = |at: usize| {
        matches!(
            step.args.get(at),
            Some(StepArg::Known(_) | StepArg::Const(_))
        )
    };
    match step.call {
        Call::Unknown => "nothing: the predicate has no rules",
        Call::User(_) if step.recursive => "answers of the recursion so far",
        Call::User(_) if step.mask == 0 => "all rows of the predicate",
        Call::User(_) => "rows of the predicate with the known arguments",
        Call::Builtin(builtin) => match builtin {
            Builtin::Node if known(0) => "one node",
            Builtin::Node if known(1) => "nodes by type",
            Builtin::Node => "all nodes",
            Builtin::Edge | Builtin::AttrEdge if known(0) => "outgoing edges of a node",
            Builtin::Edge | Builtin::AttrEdge if known(1) => "incoming edges of a node",
            Builtin::Incoming if known(1) => "outgoing edges of a node",
            Builtin::Incoming if known(0) => "incoming edges of a node",
            Builtin::Edge | Builtin::AttrEdge | Builtin::Incoming if known(2) => {
                "all edges of a type"
            }
            Builtin::Edge | Builtin::AttrEdge | Builtin::Incoming => "all edges",
            Builtin::Path => "a search along all edges",
            Builtin::Attr if known(0) => "one node",
            Builtin::Attr if known(2) => "nodes by attribute",
            Builtin::Attr => "all nodes",
            Builtin::ParentFunction => "the nodes around a node",
            Builtin::Test(_) => "a comparison",
        },
    }
}
