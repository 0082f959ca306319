//! Evaluation.
//!
//! Rules are evaluated from the goal downwards, one row at a time, in the order of their plans. The answers to every goal (a
//! predicate of which some arguments are given) are kept in a table, so no goal is evaluated twice and recursion ends. Goals
//! of other components are completed before their first answer is used; since programs are stratified, negation and
//! aggregation only meet complete tables. Inside of a component, a rule that asks an incomplete table is kept as a consumer
//! and goes on with each new answer, once. (This is tabling, as in SLG resolution; for recursive rules it does the work of
//! semi-naive evaluation with magic sets.)

mod aggregate;
mod builtins;
mod recursion;
mod table;

use std::ops::ControlFlow;
use std::rc::Rc;
use std::time::Instant;

use rustc_hash::FxHashMap;

use crate::error::Error;
use crate::explain::{Explanation, GraphUse};
use crate::graph::Graph;
use crate::plan::{Counters, Plan, Planner, Statistics, StepArg};
use crate::program::{Call, CheckedRule, Column, HeadArg, Predicate, Question};
use crate::value::{Value, Values};

use recursion::Agenda;
use table::{Rows, Tables};

/// Goes on, or ends the evaluation of the goal at hand. An error ends all of them.
type Flow = ControlFlow<()>;

/// What an evaluation may use.
#[derive(Clone, Copy, Default)]
pub struct Limits<'a> {
    /// Rows that may be kept.
    pub max_rows: Option<usize>,
    /// Bytes that may be kept.
    pub max_bytes: Option<usize>,
    /// Asked every few thousand steps: whether to go on.
    pub check: Option<&'a dyn Fn() -> Result<(), Error>>,
}

/// The answer to a question.
#[derive(Debug)]
pub struct Answer {
    columns: Vec<Column>,
    values: Vec<Value>,
    count: usize,
    texts: Values,
    /// What is odd about the question, though not wrong.
    pub warnings: Vec<String>,
    /// How the answer was found, if that was asked for.
    pub explanation: Option<Explanation>,
}

impl Answer {
    /// Names of the columns.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The rows, each with a value for each column. They are distinct.
    pub fn rows(&self) -> impl Iterator<Item = &[Value]> {
        let width = self.columns.len();
        (0..self.count).map(move |row| &self.values[row * width..(row + 1) * width])
    }

    /// The texts of the values.
    #[must_use]
    pub fn texts(&self) -> &Values {
        &self.texts
    }
}

/// Answers a question about a graph. With `explain` the answer says how it was found.
///
/// # Errors
/// Limits, and a graph that cannot be read.
pub fn evaluate<G: Graph>(
    question: Question,
    graph: &G,
    limits: &Limits<'_>,
    explain: bool,
) -> Result<Answer, Error> {
    let started = Instant::now();
    let mut machine = Machine::new(question, graph, limits, explain)?;
    let goal = machine.goal;
    // A program may be too large by itself.
    let _ = machine.look();
    if let Some(error) = machine.failure.take() {
        return Err(error);
    }
    let table = machine.solve(goal, 0, &[]);
    if let Some(error) = machine.failure.take() {
        return Err(error);
    }
    let mut warnings = std::mem::take(&mut machine.warnings);
    warnings.extend(machine.odd_constants());
    let count = machine.tables.list[table].rows.len();
    let explanation = explain
        .then(|| machine.explanation(count, started.elapsed()))
        .transpose()?;
    let rows = std::mem::take(&mut machine.tables.list[table].rows);
    let (values, count) = rows.into_values();
    Ok(Answer {
        columns: machine.columns,
        values,
        count,
        texts: machine.values,
        warnings,
        explanation,
    })
}

/// Rows of facts by the arguments that are given.
type FactIndex = FxHashMap<Box<[Value]>, Vec<u32>>;

/// Plans for a goal all of whose recursive rules end in a tail call.
type TailPlans = Rc<[Rc<Plan>]>;

/// Where the results of a rule go.
#[derive(Debug, Clone, Copy)]
struct Sink {
    table: usize,
    /// One answer is enough.
    first: bool,
}

/// A flag in masks: the table only says whether there is an answer.
const EXISTS: u64 = 1 << 63;

pub(crate) struct Machine<'g, G: Graph> {
    graph: &'g G,
    goal: usize,
    columns: Vec<Column>,
    pub(crate) predicates: Rc<[Predicate]>,
    pub(crate) rules: Rc<[CheckedRule]>,
    pub(crate) values: Values,
    warnings: Vec<String>,
    pub(crate) planner: Planner,
    plans: FxHashMap<(usize, u64), Rc<Plan>>,
    tail_plans: FxHashMap<(usize, u64), Option<TailPlans>>,
    /// All plans in the order in which they were made, for explanations.
    pub(crate) used: Vec<Rc<Plan>>,
    facts: FxHashMap<(usize, u64), Rc<FactIndex>>,
    edge_types: FxHashMap<Value, G::EdgeType>,
    tables: Tables,
    agenda: Agenda,
    goals: Vec<Rows>,
    limits: Limits<'g>,
    explain: bool,
    ticks: u32,
    rows: usize,
    bytes: usize,
    pub(crate) graph_use: GraphUse,
    failure: Option<Error>,
}

/// Stack that the steps of the longest rule take, with room to spare. Goals are as deep as the program has components, so
/// each looks whether so much is left.
const STACK_OF_A_RULE: usize = 2 << 20;

/// Steps between two looks at the clock.
const TICKS: u32 = 2048;

impl<'g, G: Graph> Machine<'g, G> {
    fn new(
        question: Question,
        graph: &'g G,
        limits: &Limits<'g>,
        explain: bool,
    ) -> Result<Self, Error> {
        let fail = |error: G::Error| Error::Graph(Box::new(error));
        let nodes = graph.count_nodes().map_err(fail)?.into_owned();
        let edges = graph.count_edges().map_err(fail)?.into_owned();
        let total = |counts: &std::collections::BTreeMap<String, u64>| {
            counts.values().map(|&count| count as f64).sum()
        };
        let statistics = Statistics {
            node_total: total(&nodes),
            edge_total: total(&edges),
            nodes,
            edges,
        };
        let predicates: Rc<[Predicate]> = question.predicates.into();
        let rules: Rc<[CheckedRule]> = question.rules.into();
        Ok(Self {
            graph,
            goal: question.goal,
            columns: question.columns,
            planner: Planner::new(statistics, Rc::clone(&predicates), Rc::clone(&rules)),
            predicates,
            rules,
            values: question.values,
            warnings: question.warnings,
            plans: FxHashMap::default(),
            tail_plans: FxHashMap::default(),
            used: Vec::new(),
            facts: FxHashMap::default(),
            edge_types: FxHashMap::default(),
            tables: Tables::default(),
            agenda: Agenda::default(),
            goals: Vec::new(),
            limits: *limits,
            explain,
            ticks: 0,
            rows: 0,
            bytes: 0,
            graph_use: GraphUse::default(),
            failure: None,
        })
    }

    fn fail(&mut self, error: Error) -> Flow {
        self.failure.get_or_insert(error);
        Flow::Break(())
    }

    /// Goes on if nothing has failed.
    fn unless_failed(&self) -> Flow {
        if self.failure.is_some() {
            Flow::Break(())
        } else {
            Flow::Continue(())
        }
    }

    /// The result of a walk over the graph, whose failure ends the evaluation.
    fn walked(&mut self, result: Result<(), G::Error>) -> Flow {
        match result {
            Ok(()) if self.failure.is_none() => Flow::Continue(()),
            Ok(()) => Flow::Break(()),
            Err(error) => self.fail(Error::Graph(Box::new(error))),
        }
    }

    /// Counts a step, and looks from time to time whether to go on.
    fn tick(&mut self) -> Flow {
        self.ticks += 1;
        if self.ticks < TICKS {
            return Flow::Continue(());
        }
        self.ticks = 0;
        self.look()
    }

    /// Looks whether to go on.
    fn look(&mut self) -> Flow {
        if self.failure.is_some() {
            return Flow::Break(());
        }
        if let Some(limit) = self.limits.max_bytes
            && self.bytes + self.values.memory() > limit
        {
            return self.fail(Error::TooMuchMemory(limit));
        }
        match self.limits.check.map_or(Ok(()), |check| check()) {
            Ok(()) => Flow::Continue(()),
            Err(error) => self.fail(error),
        }
    }

    /// Counts memory that is kept.
    fn keep(&mut self, rows: usize, bytes: usize) -> Flow {
        self.rows += rows;
        self.bytes += bytes;
        if let Some(limit) = self.limits.max_rows
            && self.rows > limit
        {
            return self.fail(Error::TooManyRows(limit));
        }
        if let Some(limit) = self.limits.max_bytes
            && self.bytes > limit
        {
            return self.fail(Error::TooMuchMemory(limit));
        }
        Flow::Continue(())
    }

    fn plan(&mut self, rule: usize, mask: u64) -> Option<Rc<Plan>> {
        if let Some(plan) = self.plans.get(&(rule, mask)) {
            return Some(Rc::clone(plan));
        }
        let Some(plan) = self.planner.plan(rule, mask, &self.values) else {
            // The check of safety lets no such rule pass.
            let head = self.rules[rule].written.clone();
            let message = format!("`{head}` cannot be evaluated");
            let _ = self.fail(Error::program(message, head.span));
            return None;
        };
        let plan = Rc::new(plan);
        self.plans.insert((rule, mask), Rc::clone(&plan));
        self.used.push(Rc::clone(&plan));
        Some(plan)
    }

    /// The table of a goal of another component, complete unless the evaluation failed.
    fn solve(&mut self, predicate: usize, mask: u64, key: &[Value]) -> usize {
        if let Some(table) = self.tables.find(predicate, mask, key) {
            return table;
        }
        let arity = self.predicates[predicate].arity;
        let exists = mask & EXISTS != 0;
        let width = if exists {
            0
        } else {
            arity - mask.count_ones() as usize
        };
        let table = self.tables.add(predicate, mask, key, width);
        if self
            .keep(1, size_of::<table::Table>() + size_of_val(key))
            .is_break()
        {
            return table;
        }
        let key: Box<[Value]> = key.into();
        stacker::maybe_grow(STACK_OF_A_RULE, 2 * STACK_OF_A_RULE, || {
            if self.predicates[predicate].has_aggregate() {
                self.solve_aggregate(table, predicate, mask, &key);
            } else if self.predicates[predicate].recursive {
                self.solve_recursive(table, predicate, mask, &key);
            } else {
                let sink = Sink {
                    table,
                    first: exists,
                };
                let _ = self.expand(predicate, mask & !EXISTS, &key, sink);
            }
        });
        table
    }

    /// Evaluates the facts and all rules of a predicate for a goal.
    fn expand(&mut self, predicate: usize, mask: u64, key: &[Value], sink: Sink) -> Flow {
        self.expand_facts(predicate, mask, key, sink)?;
        let predicates = Rc::clone(&self.predicates);
        for &rule in &predicates[predicate].rules {
            let Some(plan) = self.plan(rule, mask) else {
                return Flow::Break(());
            };
            self.run(&plan, key, sink)?;
        }
        Flow::Continue(())
    }

    fn expand_facts(&mut self, predicate: usize, mask: u64, key: &[Value], sink: Sink) -> Flow {
        let mut free = Vec::new();
        self.each_fact(predicate, mask, key, &mut |machine, fact| {
            free.clear();
            let columns = fact.iter().enumerate();
            free.extend(
                columns
                    .filter(|(at, _)| mask >> at & 1 == 0)
                    .map(|(_, value)| *value),
            );
            machine.add(sink, &free)
        })
    }

    /// Calls with the facts of a predicate that have certain arguments.
    fn each_fact(
        &mut self,
        predicate: usize,
        mask: u64,
        key: &[Value],
        visit: &mut dyn FnMut(&mut Self, &[Value]) -> Flow,
    ) -> Flow {
        let predicates = Rc::clone(&self.predicates);
        let Predicate {
            arity,
            facts,
            fact_count,
            ..
        } = &predicates[predicate];
        let fact = |row: usize| &facts[row * arity..(row + 1) * arity];
        if mask == 0 || *fact_count == 0 {
            for row in 0..*fact_count {
                self.tick()?;
                visit(self, fact(row))?;
            }
            return Flow::Continue(());
        }
        let index = match self.facts.get(&(predicate, mask)) {
            Some(index) => Rc::clone(index),
            None => {
                let mut index = FactIndex::default();
                for row in 0..*fact_count {
                    let columns = fact(row).iter().enumerate();
                    let given = columns.filter(|(at, _)| mask >> at & 1 == 1);
                    index
                        .entry(given.map(|(_, value)| *value).collect())
                        .or_default()
                        .push(row as u32);
                }
                self.keep(0, fact_count * (48 + arity * size_of::<Value>()))?;
                let index = Rc::new(index);
                self.facts.insert((predicate, mask), Rc::clone(&index));
                index
            }
        };
        for &row in index.get(key).map(Vec::as_slice).unwrap_or_default() {
            self.tick()?;
            visit(self, fact(row as usize))?;
        }
        Flow::Continue(())
    }

    /// Evaluates a rule for a goal.
    fn run(&mut self, plan: &Rc<Plan>, key: &[Value], sink: Sink) -> Flow {
        let rules = Rc::clone(&self.rules);
        let rule = &rules[plan.rule];
        let mut row = vec![key.first().copied().unwrap_or(Value::ZERO); rule.vars.len()];
        let mut set = vec![false; rule.vars.len()];
        let mut given = key.iter();
        for (column, arg) in rule.head.iter().enumerate() {
            if plan.mask >> column & 1 == 0 {
                continue;
            }
            let Some(&value) = given.next() else { break };
            match *arg {
                HeadArg::Const(constant) if constant != value => return Flow::Continue(()),
                HeadArg::Var(var) if set[var] && row[var] != value => return Flow::Continue(()),
                HeadArg::Var(var) => {
                    row[var] = value;
                    set[var] = true;
                }
                HeadArg::Const(_) | HeadArg::Aggregate(..) => {}
            }
        }
        self.step(plan, 0, &mut row, sink)
    }

    /// Evaluates a step of a plan and all after it, for one row.
    fn step(&mut self, plan: &Rc<Plan>, at: usize, row: &mut [Value], sink: Sink) -> Flow {
        let Some(step) = plan.steps.get(at) else {
            Counters::add(&plan.results, 1);
            return self.finish(plan, row, sink);
        };
        self.tick()?;
        Counters::add(&step.counters.rows_in, 1);
        let started = self.explain.then(Instant::now);
        let flow = if step.negated {
            if self.holds(plan, at, row)? {
                Flow::Continue(())
            } else {
                self.advance(plan, at, row, sink)
            }
        } else {
            match step.call {
                Call::Builtin(builtin) => {
                    let once = step.once;
                    let mut result = Flow::Continue(());
                    self.matches(step, builtin, row, &mut |machine, row| {
                        result = machine.advance(plan, at, row, sink);
                        if once { Flow::Break(()) } else { result }
                    })?;
                    result
                }
                Call::User(predicate) => self.call(plan, at, predicate, row, sink),
                Call::Unknown => Flow::Continue(()),
            }
        };
        if let Some(started) = started {
            Counters::add(&step.counters.nanos, started.elapsed().as_nanos() as u64);
        }
        flow
    }

    /// Goes on behind a step, for a row that it let pass.
    fn advance(&mut self, plan: &Rc<Plan>, at: usize, row: &mut [Value], sink: Sink) -> Flow {
        Counters::add(&plan.steps[at].counters.rows_out, 1);
        self.step(plan, at + 1, row, sink)
    }

    /// Whether a negated literal, taken without its negation, holds for a row.
    fn holds(&mut self, plan: &Rc<Plan>, at: usize, row: &mut [Value]) -> ControlFlow<(), bool> {
        let step = &plan.steps[at];
        let mut found = false;
        match step.call {
            Call::Builtin(builtin) => {
                self.matches(step, builtin, row, &mut |_, _| {
                    found = true;
                    Flow::Break(())
                })?;
            }
            Call::User(predicate) => {
                self.each_answer(step, predicate, row, &mut |_, _| {
                    found = true;
                    Flow::Break(())
                })?;
            }
            Call::Unknown => {}
        }
        ControlFlow::Continue(found)
    }

    /// Calls with the rows that a predicate of another component lets pass.
    fn each_answer(
        &mut self,
        step: &crate::plan::Step,
        predicate: usize,
        row: &mut [Value],
        visit: &mut dyn FnMut(&mut Self, &mut [Value]) -> Flow,
    ) -> Flow {
        let columns = step.args.iter().enumerate();
        let given = columns.filter(|(at, _)| step.mask >> at & 1 == 1);
        let key: Vec<Value> = given.filter_map(|(_, arg)| arg.value(row)).collect();
        let predicates = Rc::clone(&self.predicates);
        let called = &predicates[predicate];
        if called.rules.is_empty() {
            let _ = self.each_fact(predicate, step.mask, &key, &mut |machine, fact| {
                let mut pairs = step.args.iter().zip(fact);
                if pairs.all(|(arg, value)| arg.accept(*value, row)) {
                    return visit(machine, row);
                }
                Flow::Continue(())
            });
            return self.unless_failed();
        }
        let free: Vec<StepArg> = step
            .args
            .iter()
            .enumerate()
            .filter(|(at, _)| step.mask >> at & 1 == 0)
            .map(|(_, arg)| *arg)
            .collect();
        let only_asks = free.iter().all(|arg| *arg == StepArg::Any);
        let mask = if only_asks && !called.recursive && !called.has_aggregate() {
            step.mask | EXISTS
        } else {
            step.mask
        };
        let table = self.solve(predicate, mask, &key);
        if self.failure.is_some() {
            return Flow::Break(());
        }
        if only_asks {
            if self.tables.list[table].rows.len() > 0 {
                let _ = visit(self, row);
            }
            return self.unless_failed();
        }
        for answer in 0..self.tables.list[table].rows.len() {
            let found = self.tables.list[table].rows.row(answer);
            let mut pairs = free.iter().zip(found);
            if pairs.all(|(arg, value)| arg.accept(*value, row)) && visit(self, row).is_break() {
                break;
            }
        }
        self.unless_failed()
    }

    fn call(
        &mut self,
        plan: &Rc<Plan>,
        at: usize,
        predicate: usize,
        row: &mut [Value],
        sink: Sink,
    ) -> Flow {
        if plan.steps[at].recursive {
            return self.wait(plan, at, predicate, row, sink);
        }
        self.go_on_with_answers(plan, at, predicate, row, sink)
    }

    /// Takes a row on with each answer to its goal, or with one if the step needs no more.
    fn go_on_with_answers(
        &mut self,
        plan: &Rc<Plan>,
        at: usize,
        predicate: usize,
        row: &mut [Value],
        sink: Sink,
    ) -> Flow {
        let step = &plan.steps[at];
        let once = step.once;
        let mut result = Flow::Continue(());
        self.each_answer(step, predicate, row, &mut |machine, row| {
            result = machine.advance(plan, at, row, sink);
            if once { Flow::Break(()) } else { result }
        })?;
        result
    }

    /// A row has passed all steps.
    fn finish(&mut self, plan: &Plan, row: &[Value], sink: Sink) -> Flow {
        if let Some(tail) = &plan.tail {
            let goal: Vec<Value> = tail.iter().filter_map(|arg| arg.value(row)).collect();
            return self.add_goal(&goal);
        }
        let rules = Rc::clone(&self.rules);
        let head = rules[plan.rule].head.iter().enumerate();
        let free = head.filter(|(at, _)| plan.mask >> at & 1 == 0);
        // Heads are short: no allocation for most.
        let mut answer = [Value::ZERO; 8];
        let mut width = 0;
        let mut long = Vec::new();
        for (_, arg) in free {
            let value = match *arg {
                HeadArg::Var(var) | HeadArg::Aggregate(_, var) => row[var],
                HeadArg::Const(value) => value,
            };
            if width < answer.len() {
                answer[width] = value;
            } else {
                if long.is_empty() {
                    long.extend_from_slice(&answer);
                }
                long.push(value);
            }
            width += 1;
        }
        let answer = if long.is_empty() {
            &answer[..width]
        } else {
            &long[..]
        };
        self.add(sink, answer)
    }

    /// Adds an answer to a table.
    fn add(&mut self, sink: Sink, answer: &[Value]) -> Flow {
        let table = &mut self.tables.list[sink.table];
        let answer = if table.mask & EXISTS != 0 {
            &[]
        } else {
            answer
        };
        if !table.rows.add(answer) {
            return Flow::Continue(());
        }
        let bytes = table.rows.row_bytes();
        if !table.consumers.is_empty() && !table.queued {
            table.queued = true;
            self.agenda.feed(sink.table);
        }
        self.keep(1, bytes)?;
        if sink.first {
            Flow::Break(())
        } else {
            Flow::Continue(())
        }
    }
}

impl<G: Graph> Machine<'_, G> {
    pub(crate) fn goal(&self) -> usize {
        self.goal
    }

    pub(crate) fn has_node(&self, id: u128) -> Result<bool, Error> {
        let found = self.graph.node_type(id);
        found
            .map(|found| found.is_some())
            .map_err(|error| Error::Graph(Box::new(error)))
    }
}
