//! Goals whose predicates depend on themselves.

use std::rc::Rc;

use super::table::{Consumer, Rows};
use super::{Flow, Machine, Sink};
use crate::graph::Graph;
use crate::plan::Plan;
use crate::program::Call;
use crate::value::Value;

#[derive(Debug, Clone, Copy)]
enum Item {
    /// Evaluate the rules of a goal.
    Expand(usize),
    /// Give the answers of a table to its consumers.
    Feed(usize),
}

/// What is to be done until the tables of a component are complete.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    items: Vec<Item>,
    /// Tables that have had consumers.
    opened: Vec<usize>,
}

impl Agenda {
    pub(super) fn feed(&mut self, table: usize) {
        self.items.push(Item::Feed(table));
    }

    fn expand(&mut self, table: usize) {
        self.items.push(Item::Expand(table));
        self.opened.push(table);
    }
}

impl<G: Graph> Machine<'_, G> {
    pub(super) fn solve_recursive(
        &mut self,
        table: usize,
        predicate: usize,
        mask: u64,
        key: &[Value],
    ) {
        if let Some(plans) = self.tail_plans(predicate, mask) {
            let _ = self.solve_tail(table, predicate, mask, key, &plans);
            return;
        }
        let outer = std::mem::take(&mut self.agenda);
        self.agenda.expand(table);
        while let Some(item) = self.agenda.items.pop() {
            let flow = match item {
                Item::Expand(table) => {
                    let goal = &self.tables.list[table];
                    let (predicate, mask, key) = (goal.predicate, goal.mask, goal.key.clone());
                    let sink = Sink {
                        table,
                        first: false,
                    };
                    self.expand(predicate, mask, &key, sink)
                }
                Item::Feed(table) => self.feed(table),
            };
            if flow.is_break() {
                break;
            }
        }
        for &table in &self.agenda.opened {
            self.tables.list[table].consumers = Vec::new();
        }
        self.agenda = outer;
    }

    /// The plans for a goal all of whose recursive rules end in a tail call.
    fn tail_plans(&mut self, predicate: usize, mask: u64) -> Option<Rc<[Rc<Plan>]>> {
        if let Some(plans) = self.tail_plans.get(&(predicate, mask)) {
            return plans.clone();
        }
        let predicates = Rc::clone(&self.predicates);
        let rules = Rc::clone(&self.rules);
        let component = predicates[predicate].component;
        let mut plans = Vec::new();
        for &rule in &predicates[predicate].rules {
            let recursive = rules[rule].body.iter().any(|literal| {
                matches!(literal.call, Call::User(p) if predicates[p].component == component)
            });
            let plan = if recursive {
                self.planner
                    .plan_tail(rule, mask, &self.values)
                    .map(Rc::new)
            } else {
                self.plan(rule, mask)
            };
            let Some(plan) = plan else {
                self.tail_plans.insert((predicate, mask), None);
                return None;
            };
            plans.push(plan);
        }
        self.used
            .extend(plans.iter().filter(|plan| plan.tail.is_some()).cloned());
        let plans: Rc<[Rc<Plan>]> = plans.into();
        self.tail_plans
            .insert((predicate, mask), Some(Rc::clone(&plans)));
        Some(plans)
    }

    /// Evaluates a goal by collecting the goals that follow from it: the answers to each of them are its answers.
    fn solve_tail(
        &mut self,
        table: usize,
        predicate: usize,
        mask: u64,
        key: &[Value],
        plans: &[Rc<Plan>],
    ) -> Flow {
        let mut goals = Rows::new(key.len());
        goals.add(key);
        self.goals.push(goals);
        // Without free arguments there is one answer at most.
        let first = key.len() == self.predicates[predicate].arity;
        let sink = Sink { table, first };
        let mut next = 0;
        let flow = loop {
            let Some(goals) = self.goals.last().filter(|goals| next < goals.len()) else {
                break Flow::Continue(());
            };
            let goal = goals.row(next).to_vec();
            next += 1;
            let mut flow = self.expand_facts(predicate, mask, &goal, sink);
            for plan in plans {
                if flow.is_break() {
                    break;
                }
                flow = self.run(plan, &goal, sink);
            }
            if flow.is_break() {
                break flow;
            }
        };
        if let Some(goals) = self.goals.pop() {
            self.bytes -= goals.row_bytes() * goals.len().saturating_sub(1);
        }
        flow
    }

    /// Adds a goal that follows from the one at hand.
    pub(super) fn add_goal(&mut self, goal: &[Value]) -> Flow {
        if let Some(goals) = self.goals.last_mut()
            && goals.add(goal)
        {
            let bytes = goals.row_bytes();
            return self.keep(1, bytes);
        }
        Flow::Continue(())
    }

    /// Makes a row wait for the answers of a goal of its own component.
    pub(super) fn wait(
        &mut self,
        plan: &Rc<Plan>,
        at: usize,
        predicate: usize,
        row: &mut [Value],
        sink: Sink,
    ) -> Flow {
        let step = &plan.steps[at];
        if self.tail_plans(predicate, step.mask).is_some() {
            // Such a goal needs no other goal of the component: it can be completed at once.
            return self.go_on_with_answers(plan, at, predicate, row, sink);
        }
        let columns = step.args.iter().enumerate();
        let given = columns.filter(|(at, _)| step.mask >> at & 1 == 1);
        let key: Vec<Value> = given.filter_map(|(_, arg)| arg.value(row)).collect();
        let table = match self.tables.find(predicate, step.mask, &key) {
            Some(table) => table,
            None => {
                let width = step.args.len() - key.len();
                let table = self.tables.add(predicate, step.mask, &key, width);
                self.agenda.expand(table);
                self.keep(1, size_of::<super::table::Table>() + size_of_val(&*key))?;
                table
            }
        };
        let goal = &mut self.tables.list[table];
        goal.consumers.push(Consumer {
            plan: Rc::clone(plan),
            step: at,
            row: (&*row).into(),
            table: sink.table,
            seen: 0,
        });
        if goal.rows.len() > 0 && !goal.queued {
            goal.queued = true;
            self.agenda.feed(table);
        }
        self.keep(1, size_of::<Consumer>() + size_of_val(row))
    }

    /// Gives the consumers of a table the answers that they have not had.
    fn feed(&mut self, table: usize) -> Flow {
        self.tables.list[table].queued = false;
        let mut number = 0;
        while let Some(consumer) = self.tables.list[table].consumers.get(number) {
            let (plan, at) = (Rc::clone(&consumer.plan), consumer.step);
            let step = &plan.steps[at];
            let sink = Sink {
                table: consumer.table,
                first: false,
            };
            let mut row = consumer.row.clone();
            loop {
                let goal = &mut self.tables.list[table];
                let seen = &mut goal.consumers[number].seen;
                if *seen >= goal.rows.len() {
                    break;
                }
                let answer = goal.rows.row(*seen);
                *seen += 1;
                let args = step.args.iter().enumerate();
                let mut free = args.filter(|(at, _)| step.mask >> at & 1 == 0).zip(answer);
                let fits = free.all(|((_, arg), value)| arg.accept(*value, &mut row));
                if !fits {
                    self.tick()?;
                    continue;
                }
                if step.once {
                    *seen = usize::MAX;
                }
                self.advance(&plan, at, &mut row, sink)?;
            }
            number += 1;
        }
        Flow::Continue(())
    }
}
