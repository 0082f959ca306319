//! Goals of predicates that aggregate.

use rustc_hash::{FxHashMap, FxHashSet};

use super::table::{Rows, Table};
use super::{Flow, Machine, Sink};
use crate::builtin::compare;
use crate::graph::Graph;
use crate::program::Predicate;
use crate::syntax::Aggregate;
use crate::value::Value;

impl<G: Graph> Machine<'_, G> {
    /// Evaluates the rules without aggregation, each row once, and then makes one row of each group.
    pub(super) fn solve_aggregate(
        &mut self,
        table: usize,
        predicate: usize,
        mask: u64,
        key: &[Value],
    ) {
        let width = self.predicates[predicate].arity - key.len();
        let plain = self.tables.list.len();
        self.tables
            .list
            .push(Table::unnamed(predicate, mask, width));
        let sink = Sink {
            table: plain,
            first: false,
        };
        if self.expand(predicate, mask, key, sink).is_break() {
            return;
        }
        let rows = std::mem::take(&mut self.tables.list[plain].rows);
        let _ = self.fold(&rows, table, predicate, mask);
        self.bytes -= rows.row_bytes() * rows.len();
    }

    fn fold(&mut self, rows: &Rows, table: usize, predicate: usize, mask: u64) -> Flow {
        let Predicate { aggregates, .. } = &self.predicates[predicate];
        let everything = aggregates.iter().all(Option::is_some);
        let aggregates: Vec<Option<Aggregate>> = aggregates
            .iter()
            .enumerate()
            .filter(|(at, _)| mask >> at & 1 == 0)
            .map(|(_, aggregate)| *aggregate)
            .collect();
        let mut groups: FxHashMap<Vec<Value>, usize> = FxHashMap::default();
        let mut folded: Vec<Vec<Fold>> = Vec::new();
        let mut names: Vec<Vec<Value>> = Vec::new();
        for number in 0..rows.len() {
            self.tick()?;
            let row = rows.row(number);
            let columns = row.iter().zip(&aggregates);
            let name: Vec<Value> = columns
                .filter(|(_, aggregate)| aggregate.is_none())
                .map(|(value, _)| *value)
                .collect();
            let group = *groups.entry(name.clone()).or_insert_with(|| {
                names.push(name);
                folded.push(aggregates.iter().flatten().map(|a| Fold::new(*a)).collect());
                names.len() - 1
            });
            let aggregated = row.iter().zip(&aggregates).filter(|(_, a)| a.is_some());
            for ((value, _), fold) in aggregated.zip(&mut folded[group]) {
                fold.take(*value, self);
            }
        }
        let only_counts = aggregates
            .iter()
            .all(|a| matches!(a, Some(Aggregate::Count)));
        if names.is_empty() && everything && only_counts {
            // How many there are of nothing is known.
            names.push(Vec::new());
            folded.push(aggregates.iter().flatten().map(|a| Fold::new(*a)).collect());
        }
        for (name, folds) in names.into_iter().zip(folded) {
            let (mut name, mut folds) = (name.into_iter(), folds.into_iter());
            let mut row = Vec::with_capacity(aggregates.len());
            for aggregate in &aggregates {
                let value = if aggregate.is_some() {
                    folds.next().and_then(|fold| fold.result(self))
                } else {
                    name.next()
                };
                row.extend(value);
            }
            self.add(
                Sink {
                    table,
                    first: false,
                },
                &row,
            )?;
        }
        Flow::Continue(())
    }
}

/// The values of a group so far.
enum Fold {
    Count(FxHashSet<Value>),
    Least(Option<Value>, std::cmp::Ordering),
}

impl Fold {
    fn new(aggregate: Aggregate) -> Self {
        match aggregate {
            Aggregate::Count => Self::Count(FxHashSet::default()),
            Aggregate::Min => Self::Least(None, std::cmp::Ordering::Less),
            Aggregate::Max => Self::Least(None, std::cmp::Ordering::Greater),
        }
    }

    fn take<G: Graph>(&mut self, value: Value, machine: &Machine<'_, G>) {
        match self {
            Self::Count(seen) => {
                seen.insert(value);
            }
            Self::Least(best, wanted) => {
                let better = best.is_none_or(|best| {
                    let (a, b) = (machine.values.show(value), machine.values.show(best));
                    compare(&a, &b) == *wanted
                });
                if better {
                    *best = Some(value);
                }
            }
        }
    }

    fn result<G: Graph>(self, machine: &mut Machine<'_, G>) -> Option<Value> {
        match self {
            Self::Count(seen) => Some(machine.values.number(seen.len() as u128)),
            Self::Least(best, _) => best,
        }
    }
}
