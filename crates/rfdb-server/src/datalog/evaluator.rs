//! The query language of `rfdb-datalog`, and its answers on the wire.

use std::collections::BTreeMap;

use rfdb_datalog as datalog;
use rfdb_engine::{NodeId, Snapshot};
use rfdb_protocol::{
    ErrorCode, ExplainProfile, ExplainStats, ExplainStep, Explained, Response, Solution, WireError,
};

use super::graph::SnapshotGraph;
use super::{Budget, Evaluator, Form, Question};
use crate::error::ToWire;
use crate::read::SizeLimit;

/// The evaluator that every server has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Datalog;

/// Bytes that a binding takes beside its texts, as a map and on the wire.
const BINDING: usize = 64;

impl Evaluator for Datalog {
    fn evaluate(
        &self,
        snapshot: &Snapshot,
        question: Question<'_>,
        form: Form,
        budget: &Budget<'_>,
    ) -> Result<Response, WireError> {
        let graph = SnapshotGraph::new(snapshot).to_wire()?;
        let checked = match question {
            Question::Query(source) => datalog::Question::query(source),
            Question::Program(source) => datalog::Question::program(source),
            Question::Guarantee(source) => datalog::Question::guarantee(source),
        };
        let is_query = matches!(question, Question::Query(_));
        let checked = checked.map_err(|error| wire_error(&error, is_query))?;
        let check = || match budget.check() {
            Ok(()) => Ok(()),
            Err(error) if error.code == Some(ErrorCode::QueryTimeout) => {
                Err(datalog::Error::Timeout)
            }
            Err(_) => Err(datalog::Error::Cancelled),
        };
        let limits = datalog::Limits {
            max_rows: budget.max_rows,
            max_bytes: budget.max_bytes,
            check: Some(&check),
        };
        let mut answer = datalog::evaluate(checked, &graph, &limits, form.explain)
            .map_err(|error| wire_error(&error, is_query))?;
        let rows = bindings(&answer, snapshot, form, budget)?;
        if let Some(explanation) = answer.explanation.take() {
            return Ok(explained(explanation, rows, answer.warnings));
        }
        let rows = rows.into_iter().map(|bindings| Solution { bindings });
        let warnings = answer.warnings;
        Ok(match question {
            Question::Guarantee(_) => Response::Violations {
                violations: rows.collect(),
                warnings,
            },
            _ => Response::Results {
                results: rows.collect(),
                warnings,
            },
        })
    }

    fn count_rules(&self, program: &str) -> Result<u64, WireError> {
        let rules = datalog::parse_program(program).map_err(|error| wire_error(&error, false))?;
        Ok(rules.len() as u64)
    }
}

fn wire_error(error: &datalog::Error, is_query: bool) -> WireError {
    use datalog::Error as E;
    let code = match error {
        E::Timeout => ErrorCode::QueryTimeout,
        E::Cancelled => ErrorCode::QueryCancelled,
        E::TooManyRows(_) | E::TooMuchMemory(_) => ErrorCode::QueryLimitExceeded,
        E::Graph(_) => ErrorCode::InternalError,
        _ => ErrorCode::DatalogError,
    };
    let message = match error {
        E::Parse { .. } if is_query => format!("Datalog query parse error: {error}"),
        E::Parse { .. } => format!("Datalog parse error: {error}"),
        E::Program { message, span } => format!("Datalog error at {}: {message}", span.start),
        _ => error.to_string(),
    };
    WireError::new(code, message)
}

/// The rows of an answer as maps.
fn bindings(
    answer: &datalog::Answer,
    snapshot: &Snapshot,
    form: Form,
    budget: &Budget<'_>,
) -> Result<Vec<BTreeMap<String, String>>, WireError> {
    let limit = SizeLimit(budget.result_bytes);
    let mut bytes = 0;
    let mut rows = Vec::with_capacity(answer.len());
    for (number, row) in answer.rows().enumerate() {
        if number % 4096 == 0 {
            budget.check()?;
            limit.check(bytes)?;
        }
        let mut bindings = BTreeMap::new();
        for (column, &value) in answer.columns().iter().zip(row) {
            let mut text = answer.texts().show(value).into_owned();
            if form.semantic_ids
                && column.is_id
                && let Some(id) = answer.texts().as_number(value)
                && let Some(node) = snapshot.node(NodeId(id)).to_wire()?
                && !node.semantic_id.is_empty()
            {
                text = node.semantic_id.into_owned();
            }
            bytes += BINDING + column.name.len() + text.len();
            bindings.insert(column.name.clone(), text);
        }
        rows.push(bindings);
    }
    limit.check(bytes)?;
    Ok(rows)
}

fn micros(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn explained(
    explanation: datalog::Explanation,
    bindings: Vec<BTreeMap<String, String>>,
    mut warnings: Vec<String>,
) -> Response {
    let asked = explanation.graph_use;
    let stats = ExplainStats {
        nodes_visited: asked.nodes_visited,
        edges_traversed: asked.edges_traversed,
        find_by_type_calls: asked.find_by_type_calls,
        get_node_calls: asked.get_node_calls,
        outgoing_edge_calls: asked.outgoing_edge_calls,
        incoming_edge_calls: asked.incoming_edge_calls,
        all_edges_calls: asked.all_edges_calls,
        bfs_calls: asked.bfs_calls,
        total_results: bindings.len() as u64,
        rule_evaluations: explanation.rule_evaluations,
        intermediate_counts: explanation.steps.iter().map(|step| step.rows_out).collect(),
    };
    let mut predicate_times = BTreeMap::new();
    for step in &explanation.steps {
        *predicate_times.entry(step.predicate.clone()).or_default() += micros(step.duration);
    }
    let profile = ExplainProfile {
        total_duration_us: micros(explanation.duration),
        rule_eval_time_us: predicate_times.values().sum(),
        predicate_times,
        projection_time_us: 0,
    };
    let steps = explanation.steps.into_iter().zip(1..);
    let explain_steps = steps
        .map(|(step, number)| {
            let of_rule = if step.rule.is_empty() {
                String::new()
            } else {
                format!("{}: ", step.rule)
            };
            ExplainStep {
                step: number,
                operation: "eval_atom".into(),
                details: Some(format!(
                    "{of_rule}{} by {}; {} in, {} out, {:.1} expected for each",
                    step.literal, step.access, step.rows_in, step.rows_out, step.expected
                )),
                predicate: step.predicate,
                args: step.args,
                result_count: step.rows_out,
                duration_us: micros(step.duration),
            }
        })
        .collect();
    warnings.extend(explanation.full_scans);
    warnings.extend(
        explanation
            .why_empty
            .into_iter()
            .map(|reason| format!("The answer is empty: {reason}")),
    );
    Response::Explained(Box::new(Explained {
        bindings,
        stats,
        profile,
        explain_steps,
        warnings,
    }))
}
