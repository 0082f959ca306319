//! Tables: the answers to a goal, each once.

use std::hash::{BuildHasher, BuildHasherDefault, Hash};
use std::rc::Rc;

use hashbrown::HashTable;
use rustc_hash::FxHasher;

use crate::plan::Plan;
use crate::value::Value;

fn hash(values: &(impl Hash + ?Sized)) -> u64 {
    BuildHasherDefault::<FxHasher>::default().hash_one(values)
}

/// Rows of one width, each once, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Rows {
    width: usize,
    values: Vec<Value>,
    count: usize,
    seen: HashTable<u32>,
}

impl Rows {
    pub(super) fn new(width: usize) -> Self {
        Self {
            width,
            ..Self::default()
        }
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    pub(super) fn row(&self, index: usize) -> &[Value] {
        &self.values[index * self.width..(index + 1) * self.width]
    }

    /// Adds a row; says whether it is new.
    pub(super) fn add(&mut self, row: &[Value]) -> bool {
        let width = self.width;
        let of_row = hash(row);
        let values = &self.values;
        let at = |index: u32| &values[index as usize * width..(index as usize + 1) * width];
        if self.seen.find(of_row, |&index| at(index) == row).is_some() {
            return false;
        }
        // Rows are limited to fewer by the memory that they take.
        let index = u32::try_from(self.count).expect("fewer than 2^32 rows");
        self.seen
            .insert_unique(of_row, index, |&index| hash(at(index)));
        self.values.extend_from_slice(row);
        self.count += 1;
        true
    }

    /// Bytes that a row takes, with its place in the table of hashes.
    pub(super) fn row_bytes(&self) -> usize {
        self.width * size_of::<Value>() + 8
    }

    pub(super) fn into_values(self) -> (Vec<Value>, usize) {
        (self.values, self.count)
    }
}

/// A rule that waits for answers of a goal that is not complete.
#[derive(Debug)]
pub(super) struct Consumer {
    pub(super) plan: Rc<Plan>,
    /// The step that asked.
    pub(super) step: usize,
    pub(super) row: Box<[Value]>,
    /// Where its own answers go.
    pub(super) table: usize,
    /// Answers that it has had.
    pub(super) seen: usize,
}

/// The answers to a goal: a predicate of which some arguments are given.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) predicate: usize,
    pub(super) mask: u64,
    pub(super) key: Box<[Value]>,
    /// The arguments that were not given.
    pub(super) rows: Rows,
    pub(super) consumers: Vec<Consumer>,
    /// Whether it is on the agenda for its consumers.
    pub(super) queued: bool,
}

impl Table {
    /// A table that no goal finds.
    pub(super) fn unnamed(predicate: usize, mask: u64, width: usize) -> Self {
        Self {
            predicate,
            mask,
            key: Box::default(),
            rows: Rows::new(width),
            consumers: Vec::new(),
            queued: false,
        }
    }
}

/// Finds tables by their goals.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) list: Vec<Table>,
    index: HashTable<u32>,
}

impl Tables {
    pub(super) fn find(&self, predicate: usize, mask: u64, key: &[Value]) -> Option<usize> {
        let of_goal = hash(&(predicate, mask, key));
        let found = self.index.find(of_goal, |&index| {
            let table = &self.list[index as usize];
            table.predicate == predicate && table.mask == mask && *table.key == *key
        });
        found.map(|&index| index as usize)
    }

    pub(super) fn add(
        &mut self,
        predicate: usize,
        mask: u64,
        key: &[Value],
        width: usize,
    ) -> usize {
        let index = self.list.len();
        self.list.push(Table {
            predicate,
            mask,
            key: key.into(),
            rows: Rows::new(width),
            consumers: Vec::new(),
            queued: false,
        });
        let list = &self.list;
        let of = |index: u32| {
            let table = &list[index as usize];
            hash(&(table.predicate, table.mask, &*table.key))
        };
        self.index
            .insert_unique(of(index as u32), index as u32, |&index| of(index));
        index
    }
}
