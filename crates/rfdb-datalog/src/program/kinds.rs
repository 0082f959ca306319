//! Which variables and arguments are ids of nodes.
//!
//! Arguments that are joined form a class. A class is one of ids if it holds an argument that takes an id and none that
//! takes a text. Constants of such a class may be semantic ids, and its values can be shown as semantic ids.

use super::{Call, Predicate};
use crate::builtin::Kind;
use crate::syntax::{Aggregate, HeadTerm, Rule, Term};

/// Classes of joined arguments, as a union-find forest.
pub(super) struct Kinds {
    parents: Vec<usize>,
    takes_id: Vec<bool>,
    takes_text: Vec<bool>,
    /// First element of each predicate's arguments.
    columns: Vec<usize>,
    /// First element of each rule's variables.
    rules: Vec<usize>,
}

impl Kinds {
    pub(super) fn new(predicates: &[Predicate]) -> Self {
        let mut kinds = Self {
            parents: Vec::new(),
            takes_id: Vec::new(),
            takes_text: Vec::new(),
            columns: Vec::new(),
            rules: Vec::new(),
        };
        for predicate in predicates {
            let first = kinds.add(predicate.arity);
            kinds.columns.push(first);
        }
        kinds
    }

    fn add(&mut self, count: usize) -> usize {
        let first = self.parents.len();
        self.parents.extend(first..first + count);
        self.takes_id.resize(first + count, false);
        self.takes_text.resize(first + count, false);
        first
    }

    fn root(&self, mut element: usize) -> usize {
        while self.parents[element] != element {
            element = self.parents[element];
        }
        element
    }

    fn union(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        // The older element stays the root: elements are added rule by rule, so that trees stay flat.
        let (root, child) = (a.min(b), a.max(b));
        self.parents[child] = root;
        self.takes_id[root] |= self.takes_id[child];
        self.takes_text[root] |= self.takes_text[child];
    }

    fn mark(&mut self, element: usize, kind: Kind) {
        let root = self.root(element);
        match kind {
            Kind::Id => self.takes_id[root] = true,
            Kind::Text => self.takes_text[root] = true,
            Kind::Same => {}
        }
    }

    /// Takes in a rule. Rules are numbered in the order in which they come.
    pub(super) fn rule(&mut self, rule: &Rule, calls: &[Call], vars: &[String], predicate: usize) {
        let first = self.add(vars.len());
        self.rules.push(first);
        let numbers: rustc_hash::FxHashMap<&str, usize> = vars
            .iter()
            .enumerate()
            .map(|(number, name)| (name.as_str(), first + number))
            .collect();
        let column = self.columns[predicate];
        for (at, arg) in rule.head.args.iter().enumerate() {
            match arg {
                HeadTerm::Plain(Term::Variable(name))
                | HeadTerm::Aggregate(Aggregate::Min | Aggregate::Max, name) => {
                    self.union(column + at, numbers[name.as_str()]);
                }
                HeadTerm::Aggregate(Aggregate::Count, _) => self.mark(column + at, Kind::Text),
                HeadTerm::Plain(_) => {}
            }
        }
        for (literal, call) in rule.body.iter().zip(calls) {
            let mut same: Option<usize> = None;
            for (at, term) in literal.args.iter().enumerate() {
                let Term::Variable(name) = term else { continue };
                let var = numbers[name.as_str()];
                match *call {
                    Call::User(called) => self.union(self.columns[called] + at, var),
                    Call::Builtin(builtin) => {
                        let kind = builtin.kinds()[at];
                        self.mark(var, kind);
                        if kind == Kind::Same {
                            if let Some(other) = same {
                                self.union(other, var);
                            }
                            same = Some(var);
                        }
                    }
                    Call::Unknown => {}
                }
            }
        }
    }

    fn is_id(&self, element: usize) -> bool {
        let root = self.root(element);
        self.takes_id[root] && !self.takes_text[root]
    }

    pub(super) fn column_is_id(&self, predicate: usize, column: usize) -> bool {
        self.is_id(self.columns[predicate] + column)
    }

    /// Whether a constant in a literal of a rule is an id; `other` is the variable in the other argument of a test.
    pub(super) fn constant_is_id(
        &self,
        rule: usize,
        call: Call,
        column: usize,
        other: Option<usize>,
    ) -> bool {
        match call {
            Call::User(predicate) => self.column_is_id(predicate, column),
            Call::Builtin(builtin) => match builtin.kinds()[column] {
                Kind::Id => true,
                Kind::Text => false,
                Kind::Same => other.is_some_and(|var| self.is_id(self.rules[rule] + var)),
            },
            Call::Unknown => false,
        }
    }
}
