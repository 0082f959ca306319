//! In which order the literals of a rule are evaluated.
//!
//! The order is found greedily: of the literals that can be evaluated next, the one that is expected to give the fewest rows
//! for each row so far. What is expected comes from the counts of nodes and edges by type.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::builtin::{Builtin, Test};
use crate::program::{
    Arg, BodyLiteral, Call, CheckedRule, HeadArg, Predicate, bind, is_ready, shared_variables,
};
use crate::value::{Value, Values};

/// An argument of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepArg {
    /// A variable that has its value already.
    Known(usize),
    Const(Value),
    /// A variable that gets its value here.
    Bind(usize),
    /// A variable that got its value from an argument before this one.
    Same(usize),
    Any,
}

impl StepArg {
    /// The value that the argument has before the step.
    pub(crate) fn value(self, row: &[Value]) -> Option<Value> {
        match self {
            Self::Known(slot) => Some(row[slot]),
            Self::Const(value) => Some(value),
            _ => None,
        }
    }

    /// Whether the argument can have a value that was found; a variable that is free takes it.
    pub(crate) fn accept(self, found: Value, row: &mut [Value]) -> bool {
        match self {
            Self::Known(slot) | Self::Same(slot) => row[slot] == found,
            Self::Const(value) => value == found,
            Self::Bind(slot) => {
                row[slot] = found;
                true
            }
            Self::Any => true,
        }
    }

    fn is_value(self) -> bool {
        matches!(self, Self::Known(_) | Self::Const(_))
    }
}

/// What a step has done so far.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) rows_in: Cell<u64>,
    pub(crate) rows_out: Cell<u64>,
    /// With all steps after it.
    pub(crate) nanos: Cell<u64>,
}

impl Counters {
    pub(crate) fn add(cell: &Cell<u64>, by: u64) {
        cell.set(cell.get() + by);
    }
}

#[derive(Debug)]
pub(crate) struct Step {
    /// Number of the literal in the body.
    pub(crate) literal: usize,
    pub(crate) negated: bool,
    pub(crate) call: Call,
    pub(crate) args: Vec<StepArg>,
    /// Calls a predicate of the rule's own component.
    pub(crate) recursive: bool,
    /// One match is enough: no later step needs what it binds.
    pub(crate) once: bool,
    /// For predicates of the program: the arguments that restrict the call.
    pub(crate) mask: u64,
    /// Rows expected for each row that comes in.
    pub(crate) expected: f64,
    pub(crate) counters: Counters,
}

/// A rule with an order, for calls that give certain arguments of the head.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) rule: usize,
    pub(crate) mask: u64,
    pub(crate) steps: Vec<Step>,
    /// Of a tail call: the arguments that make the next goal. Such a plan gives goals and no answers.
    pub(crate) tail: Option<Vec<StepArg>>,
    /// Rows that passed all steps.
    pub(crate) results: Cell<u64>,
}

/// Numbers of rows by type.
#[derive(Debug, Default)]
pub(crate) struct Statistics {
    pub(crate) nodes: BTreeMap<String, u64>,
    pub(crate) edges: BTreeMap<String, u64>,
    pub(crate) node_total: f64,
    pub(crate) edge_total: f64,
}

impl Statistics {
    fn nodes_like(&self, pattern: &str) -> f64 {
        match pattern.strip_suffix('*') {
            Some(prefix) => {
                let prefix = prefix.trim_end_matches('*');
                let from = self.nodes.range(prefix.to_owned()..);
                let like = from.take_while(|(name, _)| name.starts_with(prefix));
                like.map(|(_, count)| *count as f64).sum()
            }
            None => self.nodes.get(pattern).map_or(0.0, |count| *count as f64),
        }
    }

    fn edges_of(&self, edge_type: &str) -> f64 {
        self.edges.get(edge_type).map_or(0.0, |count| *count as f64)
    }
}

/// Literals that are weighed at most before predicates are no longer looked into.
const MAX_EFFORT: usize = 500_000;
/// More rows than this are not told apart.
const MANY: f64 = 1e15;
/// Rows that share no variable with what is known multiply what comes after them.
const UNCONNECTED: f64 = 4.0;

pub(crate) struct Planner {
    pub(crate) statistics: Statistics,
    pub(crate) predicates: Rc<[Predicate]>,
    pub(crate) rules: Rc<[CheckedRule]>,
    estimates: FxHashMap<(usize, u64), f64>,
    estimating: FxHashSet<(usize, u64)>,
    /// Literals that were weighed.
    effort: usize,
}

impl Planner {
    pub(crate) fn new(
        statistics: Statistics,
        predicates: Rc<[Predicate]>,
        rules: Rc<[CheckedRule]>,
    ) -> Self {
        Self {
            statistics,
            predicates,
            rules,
            estimates: FxHashMap::default(),
            estimating: FxHashSet::default(),
            effort: 0,
        }
    }

    /// Rows expected of a predicate when certain arguments are given.
    fn rows_of(&mut self, predicate: usize, mask: u64, values: &Values) -> f64 {
        if let Some(&rows) = self.estimates.get(&(predicate, mask)) {
            return rows;
        }
        let predicates = Rc::clone(&self.predicates);
        let arity = predicates[predicate].arity;
        // Inside of a recursion, and in programs that are made to be hard to plan, a guess has to do.
        if self.effort > MAX_EFFORT || !self.estimating.insert((predicate, mask)) {
            return match (mask.count_ones() as usize, arity) {
                (known, arity) if known == arity => 0.5,
                (0, _) => (self.statistics.node_total * 8.0).max(1.0),
                _ => 8.0,
            };
        }
        let facts = predicates[predicate].fact_count as f64;
        let share = 0.1_f64.powi(mask.count_ones() as i32);
        let mut rows = if facts > 0.0 {
            (facts * share).max(0.5)
        } else {
            0.0
        };
        for &rule in &predicates[predicate].rules {
            let order = stacker::maybe_grow(64 * 1024, 1024 * 1024, || {
                self.order(rule, mask, None, values)
            });
            rows += order.map_or(MANY, |order| {
                order
                    .iter()
                    .map(|(_, rows)| rows)
                    .product::<f64>()
                    .min(MANY)
            });
        }
        if mask.count_ones() as usize == arity {
            rows = rows.min(1.0);
        }
        self.estimating.remove(&(predicate, mask));
        self.estimates.insert((predicate, mask), rows);
        rows
    }

    /// Rows expected of a literal for each row that comes in.
    fn expected(&mut self, literal: &BodyLiteral, bound: &[bool], values: &Values) -> f64 {
        let known = |at: usize| match literal.args.get(at) {
            Some(Arg::Var(var)) => bound[*var],
            Some(Arg::Const(_)) => true,
            Some(Arg::Any) | None => false,
        };
        let text = |at: usize| match literal.args.get(at) {
            Some(Arg::Const(value)) => Some(values.show(*value)),
            _ => None,
        };
        let statistics = &self.statistics;
        let nodes = statistics.node_total.max(1.0);
        if literal.negated {
            return if matches!(literal.call, Call::User(_)) {
                0.9
            } else {
                0.8
            };
        }
        match literal.call {
            Call::Unknown => 0.0,
            Call::User(predicate) => {
                let mask = (0..literal.args.len())
                    .filter(|&at| known(at))
                    .fold(0, |mask, at| mask | 1 << at);
                self.rows_of(predicate, mask, values)
            }
            Call::Builtin(Builtin::Node) => {
                let of_type = text(1).map(|pattern| statistics.nodes_like(&pattern));
                match (known(0), of_type) {
                    (true, of_type) => of_type.map_or(1.0, |count| (count / nodes).min(1.0)),
                    (false, Some(count)) => count,
                    (false, None) if known(1) => nodes / (statistics.nodes.len().max(1) as f64),
                    (false, None) => nodes,
                }
            }
            Call::Builtin(Builtin::Edge | Builtin::Incoming | Builtin::AttrEdge) => {
                let of_type = text(2).map(|name| statistics.edges_of(&name));
                let total = of_type.unwrap_or(statistics.edge_total);
                match (known(0), known(1)) {
                    (true, true) => (total / nodes).min(0.5),
                    (false, false) => total,
                    _ => total / nodes,
                }
            }
            Call::Builtin(Builtin::Attr) => match (known(0), known(2)) {
                (true, true) => 0.1,
                (true, false) => 1.0,
                (false, false) => nodes,
                (false, true) => match (text(1).as_deref(), text(2)) {
                    (Some("type"), Some(value)) => statistics.nodes_like(&value),
                    (Some("name"), _) => 4.0,
                    (Some("file"), _) => nodes / statistics.nodes_like("MODULE").max(1.0),
                    (Some("id" | "semantic_id"), _) => 1.0,
                    // There may be no index: all nodes have to be looked at.
                    _ => nodes,
                },
            },
            Call::Builtin(Builtin::Path) => {
                if known(0) && known(1) {
                    0.5
                } else {
                    nodes / 4.0
                }
            }
            Call::Builtin(Builtin::ParentFunction) => 1.0,
            Call::Builtin(Builtin::Test(Test::Eq)) => {
                if known(0) && known(1) {
                    0.1
                } else {
                    1.0
                }
            }
            Call::Builtin(Builtin::Test(_)) => 0.5,
        }
    }

    /// The order of the literals of a rule, with the rows expected of each; nothing if they cannot be ordered.
    fn order(
        &mut self,
        rule: usize,
        mask: u64,
        last: Option<usize>,
        values: &Values,
    ) -> Option<Vec<(usize, f64)>> {
        let rules = Rc::clone(&self.rules);
        let predicates = Rc::clone(&self.predicates);
        let rule = &rules[rule];
        let shared = shared_variables(rule);
        let mut bound = bound_by_head(rule, mask);
        let mut open: Vec<usize> = (0..rule.body.len())
            .filter(|&at| Some(at) != last)
            .collect();
        let mut order = Vec::with_capacity(rule.body.len());
        let mut any_bound = bound.iter().any(|&bound| bound);
        while !open.is_empty() {
            let mut best: Option<(f64, usize, f64)> = None;
            self.effort += open.len();
            for (at, &number) in open.iter().enumerate() {
                let literal = &rule.body[number];
                if !is_ready(literal, &bound, &shared, &predicates) {
                    continue;
                }
                let rows = self.expected(literal, &bound, values);
                let mut vars = literal.args.iter().filter_map(|arg| arg.var()).peekable();
                let connected = vars.peek().is_none() || vars.any(|var| bound[var]);
                let cost = if any_bound && !connected {
                    rows * UNCONNECTED
                } else {
                    rows
                };
                if best.is_none_or(|(least, _, _)| cost < least) {
                    best = Some((cost, at, rows));
                }
            }
            let (_, at, rows) = best?;
            let number = open.remove(at);
            bind(&rule.body[number], &mut bound);
            any_bound |= bound.iter().any(|&bound| bound);
            order.push((number, rows));
        }
        if let Some(last) = last {
            if !is_ready(&rule.body[last], &bound, &shared, &predicates) {
                return None;
            }
            let rows = self.expected(&rule.body[last], &bound, values);
            order.push((last, rows));
        }
        Some(order)
    }

    /// Plans a rule for calls that give the arguments of a mask.
    pub(crate) fn plan(&mut self, rule: usize, mask: u64, values: &Values) -> Option<Plan> {
        let order = self.order(rule, mask, None, values)?;
        Some(self.steps(rule, mask, order))
    }

    /// Plans a rule whose only recursive call can be its last step, and gives just what the head asks for. The answers to
    /// such a call are answers to the goal itself, so that it is enough to collect the goals.
    pub(crate) fn plan_tail(&mut self, rule: usize, mask: u64, values: &Values) -> Option<Plan> {
        let rules = Rc::clone(&self.rules);
        let checked = &rules[rule];
        let component = self.predicates[checked.predicate].component;
        let mut calls = checked.body.iter().enumerate().filter(|(_, literal)| {
            matches!(literal.call, Call::User(p) if self.predicates[p].component == component)
        });
        let (last, literal) = calls.next()?;
        if calls.next().is_some() || literal.call != Call::User(checked.predicate) {
            return None;
        }
        let order = self.order(rule, mask, Some(last), values)?;
        let mut plan = self.steps(rule, mask, order);
        let step = plan.steps.last()?;
        let mut free = Vec::new();
        for (at, arg) in step.args.iter().enumerate() {
            let given = mask >> at & 1 == 1;
            match (*arg, checked.head[at]) {
                (StepArg::Known(_) | StepArg::Const(_), _) if given => {}
                (StepArg::Bind(slot), HeadArg::Var(var)) if !given && slot == var => {
                    if free.contains(&var) {
                        return None;
                    }
                    free.push(var);
                }
                _ => return None,
            }
        }
        let goal = step
            .args
            .iter()
            .copied()
            .filter(|arg| arg.is_value())
            .collect();
        plan.tail = Some(goal);
        plan.steps.pop();
        Some(plan)
    }

    fn steps(&self, number: usize, mask: u64, order: Vec<(usize, f64)>) -> Plan {
        let rule = &self.rules[number];
        let component = self.predicates[rule.predicate].component;
        // Variables that are needed after each step.
        let mut needed = vec![vec![false; rule.vars.len()]; order.len()];
        let mut after = vec![false; rule.vars.len()];
        for arg in &rule.head {
            if let HeadArg::Var(var) | HeadArg::Aggregate(_, var) = *arg {
                after[var] = true;
            }
        }
        for (at, (literal, _)) in order.iter().enumerate().rev() {
            needed[at].clone_from(&after);
            for var in rule.body[*literal].args.iter().filter_map(|arg| arg.var()) {
                after[var] = true;
            }
        }
        let mut bound = bound_by_head(rule, mask);
        let mut steps = Vec::with_capacity(order.len());
        for ((literal, expected), needed) in order.into_iter().zip(needed) {
            let body = &rule.body[literal];
            let mut here = Vec::new();
            let args: Vec<StepArg> = body
                .args
                .iter()
                .map(|arg| match *arg {
                    Arg::Any => StepArg::Any,
                    Arg::Const(value) => StepArg::Const(value),
                    Arg::Var(var) if bound[var] => StepArg::Known(var),
                    Arg::Var(var) if here.contains(&var) => StepArg::Same(var),
                    Arg::Var(var) => {
                        here.push(var);
                        StepArg::Bind(var)
                    }
                })
                .collect();
            bind(body, &mut bound);
            let mut call_mask = 0;
            let mut recursive = false;
            if let Call::User(callee) = body.call {
                let callee = &self.predicates[callee];
                recursive = callee.recursive && callee.component == component;
                for (at, arg) in args.iter().enumerate() {
                    // What an aggregate gives is compared afterwards; it cannot restrict the rows that are aggregated.
                    if arg.is_value() && callee.aggregates[at].is_none() {
                        call_mask |= 1 << at;
                    }
                }
            }
            steps.push(Step {
                literal,
                negated: body.negated,
                call: body.call,
                recursive,
                once: here.iter().all(|&var| !needed[var]),
                mask: call_mask,
                args,
                expected,
                counters: Counters::default(),
            });
        }
        Plan {
            rule: number,
            mask,
            steps,
            tail: None,
            results: Cell::new(0),
        }
    }
}

fn bound_by_head(rule: &CheckedRule, mask: u64) -> Vec<bool> {
    let mut bound = vec![false; rule.vars.len()];
    for (column, arg) in rule.head.iter().enumerate() {
        if let HeadArg::Var(var) = *arg
            && mask >> column & 1 == 1
        {
            bound[var] = true;
        }
    }
    bound
}
