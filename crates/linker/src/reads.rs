//! What linking a module reads of other modules, written down while it reads, so that after an edit only modules that it can
//! reach are linked again.
//!
//! Everything that one module learns of another begins with a specifier that leads there, a name that is looked up there, or
//! the classes below one of its classes; from there on it follows what the other module's summary refers to
//! (`surface.rs`). So these beginnings are what is written down. An answer of the evaluator that is remembered carries the
//! reads that it was made of: they form a graph whose leaves are reads, and each answer names a node of it.
//!
//! The log belongs to a thread: the tables that are read are shared, and do not know who asks.

use std::cell::{Cell, RefCell};

use graph_model::NodeId;
use graph_model::summary::{ModuleSummary, NodeRef};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::program::Name;

/// More reads than these are as good as all.
const MAX_READS: usize = 1 << 12;
/// So many nodes of the graph are looked at for one module; if there are more, it counts as one that reads all.
const MAX_VISITS: usize = 1 << 14;

/// Stands for a module itself: its kind, its value as a whole, what it re-exports as a whole.
pub(crate) const MODULE: u32 = 0;

/// Stands for all scripts as one module: for what they tell each other by names.
pub(crate) const SCRIPTS: u32 = u32::MAX;

/// Stands for a name of a module. Two names may share a number: then a change of one counts for both.
pub(crate) fn name_key(name: &str) -> u32 {
    key_of_name(Name::new(name))
}

/// The same, of a name whose hash is known.
pub(crate) fn key_of_name(name: Name<'_>) -> u32 {
    name.hash() | 1
}

/// Stands for a function of a module.
pub(crate) fn function_key(summary: &ModuleSummary, function: NodeRef) -> u32 {
    // No name begins so.
    name_key("->") ^ name_key(summary.local_id(function)) | 1
}

/// Stands for the classes below a class or interface.
pub(crate) fn heirs_key(id: NodeId) -> u32 {
    (id.0 as u32 & !1).max(2)
}

fn is_heirs(key: u32) -> bool {
    key != MODULE && key & 1 == 0
}

/// A node of the graph of reads; the first one reads nothing.
#[derive(Clone, Copy)]
enum Node {
    Leaf(u32, u32),
    /// A run of `Log::children`.
    Many(u32, u32),
}

#[derive(Default)]
struct Log {
    nodes: Vec<Node>,
    children: Vec<u32>,
    leaves: FxHashMap<(u32, u32), u32>,
    /// The leaves of [`MODULE`] by module, 0 where there is none: half of all that is read.
    modules: Vec<u32>,
    /// What the open answers have read so far, the innermost last.
    open: Vec<u32>,
    /// For each node the number of the last module that reached it.
    seen: Vec<u32>,
    /// Number of the module that is ended.
    turn: u32,
    /// Room for what is found at the end of a module.
    found: Vec<u64>,
}

thread_local! {
    static ON: Cell<bool> = const { Cell::new(false) };
    static LOG: RefCell<Log> = RefCell::default();
}

/// Keeps a log in this thread while `work` runs.
pub(crate) fn logged<T>(on: bool, work: impl FnOnce() -> T) -> T {
    let before = ON.replace(on);
    if on {
        LOG.with_borrow_mut(|log| {
            *log = Log::default();
            log.nodes.push(Node::Many(0, 0));
        });
    }
    let result = work();
    ON.set(before);
    if on {
        LOG.set(Log::default());
    }
    result
}

/// Whether a log is kept in this thread.
pub(crate) fn are_logged() -> bool {
    ON.get()
}

/// Notes that something of a module is read.
pub(crate) fn read(module: u32, key: u32) {
    if ON.get() {
        LOG.with_borrow_mut(|log| log.read(module, key));
    }
}

/// Begins an answer; to be ended by [`close`].
pub(crate) fn open() -> usize {
    if ON.get() {
        LOG.with_borrow(|log| log.open.len())
    } else {
        0
    }
}

/// Ends an answer: what it read, for [`again`]. Whoever asked has read it too.
pub(crate) fn close(begun: usize) -> u32 {
    if ON.get() {
        LOG.with_borrow_mut(|log| log.close(begun))
    } else {
        0
    }
}

/// Notes what a remembered answer has read.
pub(crate) fn again(reads: u32) {
    if reads != 0 && ON.get() {
        LOG.with_borrow_mut(|log| log.open.push(reads));
    }
}

/// Does something whose reads are not those of whoever asked. They are logged all the same if the program is `traced`, because
/// what is remembered on the way carries its own.
pub(crate) fn apart<T>(traced: bool, work: impl FnOnce() -> T) -> T {
    if !ON.get() {
        return logged(traced, work);
    }
    let begun = open();
    let result = work();
    LOG.with_borrow_mut(|log| log.open.truncate(begun));
    result
}

/// What was read for something that several threads remember.
pub(crate) type List = Box<[(u32, u32)]>;

/// Notes what was read for something remembered.
pub(crate) fn all_of(list: &[(u32, u32)]) {
    if ON.get() {
        LOG.with_borrow_mut(|log| {
            for &(module, key) in list {
                log.read(module, key);
            }
        });
    }
}

/// Does something that asks no question of the evaluator, and answers what it read, for threads that remember the result.
pub(crate) fn listed<T>(work: impl FnOnce() -> T) -> (T, List) {
    if !ON.get() {
        return (work(), Box::default());
    }
    let begun = open();
    let result = work();
    let list = LOG.with_borrow(|log| {
        let leaves = log.open[begun..]
            .iter()
            .filter_map(|&id| match log.nodes[id as usize] {
                Node::Leaf(module, key) => Some((module, key)),
                Node::Many(..) => None,
            });
        leaves.collect()
    });
    (result, list)
}

/// Ends a module: all that it read of others.
pub(crate) fn take(of: u32) -> Reads {
    if ON.get() {
        LOG.with_borrow_mut(|log| log.take(of))
    } else {
        Reads::default()
    }
}

impl Log {
    fn read(&mut self, module: u32, key: u32) {
        let next = self.nodes.len() as u32;
        let id = match key {
            MODULE if module != SCRIPTS => {
                let at = module as usize;
                if self.modules.len() <= at {
                    self.modules.resize(at + at / 2 + 64, 0);
                }
                if self.modules[at] == 0 {
                    self.modules[at] = next;
                }
                self.modules[at]
            }
            _ => *self.leaves.entry((module, key)).or_insert(next),
        };
        if id == next {
            self.nodes.push(Node::Leaf(module, key));
        }
        self.open.push(id);
    }

    fn close(&mut self, begun: usize) -> u32 {
        let id = match self.open[begun..] {
            [] => return 0,
            [id] => return id,
            [first, ref others @ ..] if others.iter().all(|&id| id == first) => first,
            // What was read twice mostly was in a row; the rest is told apart when a module ends.
            [first, ref others @ ..] => {
                let start = self.children.len() as u32;
                let mut last = first;
                self.children.push(first);
                for &id in others {
                    if std::mem::replace(&mut last, id) != id {
                        self.children.push(id);
                    }
                }
                let count = self.children.len() as u32 - start;
                self.nodes.push(Node::Many(start, count));
                self.nodes.len() as u32 - 1
            }
        };
        self.open.truncate(begun);
        self.open.push(id);
        id
    }

    fn take(&mut self, of: u32) -> Reads {
        self.seen.resize(self.nodes.len(), 0);
        self.turn += 1;
        let (found, stack) = (&mut self.found, &mut self.open);
        let (mut visited, mut all) = (0, false);
        while let Some(id) = stack.pop() {
            if std::mem::replace(&mut self.seen[id as usize], self.turn) == self.turn {
                continue;
            }
            visited += 1;
            match self.nodes[id as usize] {
                // A module knows itself, but not what is below its classes.
                Node::Leaf(module, key) if module != of || is_heirs(key) => {
                    found.push(pair(module, key));
                }
                Node::Leaf(..) => {}
                Node::Many(start, count) => {
                    let children = start as usize..(start + count) as usize;
                    stack.extend_from_slice(&self.children[children]);
                }
            }
            if visited > MAX_VISITS || found.len() > MAX_READS {
                all = true;
                break;
            }
        }
        stack.clear();
        let reads = if all { Reads::all() } else { Reads::new(found) };
        found.clear();
        reads
    }
}

/// A module and a key as one number, in the order of both: quicker to sort.
fn pair(module: u32, key: u32) -> u64 {
    u64::from(module) << 32 | u64::from(key)
}

/// What the links of one module depend on in other modules.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Reads {
    all: bool,
    /// Modules in rising order, each with how many of the keys are its.
    modules: Vec<(u32, u32)>,
    #[serde(with = "words")]
    keys: Vec<u32>,
}

/// Numbers that look random, as bytes: quicker to read than one by one.
mod words {
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(words: &[u32], to: S) -> Result<S::Ok, S::Error> {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        to.serialize_bytes(&bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u32>, D::Error> {
        let bytes = <&[u8]>::deserialize(from)?;
        let words = bytes.chunks_exact(4);
        Ok(words
            .map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            .collect())
    }
}

impl Reads {
    fn all() -> Self {
        Reads {
            all: true,
            ..Reads::default()
        }
    }

    /// Of what is read, as [`pair`] has it.
    fn new(found: &mut Vec<u64>) -> Self {
        found.sort_unstable();
        found.dedup();
        let of_modules = || found.chunk_by(|a, b| a >> 32 == b >> 32);
        let mut modules = Vec::with_capacity(of_modules().count());
        modules.extend(of_modules().map(|of| ((of[0] >> 32) as u32, of.len() as u32)));
        Reads {
            all: false,
            modules,
            keys: found.iter().map(|&read| read as u32).collect(),
        }
    }

    fn iter(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let modules = self.modules.iter();
        let modules = modules.flat_map(|&(module, count)| (0..count).map(move |_| module));
        modules.zip(self.keys.iter().copied())
    }

    /// These and others.
    pub(crate) fn and(self, other: Reads) -> Reads {
        if self.all || other.all {
            return Reads::all();
        }
        if self.keys.is_empty() {
            return other;
        }
        let both = self.iter().chain(other.iter());
        Reads::new(&mut both.map(|(module, key)| pair(module, key)).collect())
    }

    /// Whether one of them is among what changed.
    pub(crate) fn meets(&self, changed: &FxHashMap<u32, ChangedKeys>) -> bool {
        if self.all {
            return !changed.is_empty();
        }
        let mut at = 0;
        self.modules.iter().any(|&(module, count)| {
            let keys = at..at + count as usize;
            at = keys.end;
            match changed.get(&module) {
                None => false,
                Some(ChangedKeys::All) => true,
                Some(ChangedKeys::Some(changed)) => {
                    let keys = self.keys.get(keys).unwrap_or_default();
                    keys.iter().any(|key| changed.contains(key))
                }
            }
        })
    }
}

/// What others can read of a module and that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ChangedKeys {
    /// All of it, as far as can be told.
    All,
    /// These.
    Some(rustc_hash::FxHashSet<u32>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_remembered_keeps_what_it_read() {
        logged(true, || {
            let begun = open();
            read(1, 3);
            let inner = open();
            read(2, 5);
            read(2, 5);
            read(1, 7);
            let inner = close(inner);
            close(begun);
            assert_eq!(take(9).iter().collect::<Vec<_>>(), [(1, 3), (1, 7), (2, 5)]);
            again(inner);
            read(2, 4);
            assert_eq!(take(1).iter().collect::<Vec<_>>(), [(2, 4), (2, 5)]);
            assert_eq!(take(1), Reads::default());
        });
        read(1, 1);
        assert_eq!(take(0), Reads::default());
    }

    #[test]
    fn a_module_that_read_too_much_reads_all_and_the_next_one_what_it_read() {
        logged(true, || {
            let begun = open();
            for module in 0..=MAX_READS as u32 {
                read(module, 3);
            }
            let many = close(begun);
            assert!(take(u32::MAX).all);
            read(2, 3);
            read(5, 3);
            assert_eq!(take(5).iter().collect::<Vec<_>>(), [(2, 3)]);
            again(many);
            assert!(take(u32::MAX).all);
        });
    }

    #[test]
    fn reads_meet_what_changed() {
        let reads = Reads::new(&mut vec![pair(4, 9), pair(1, 3), pair(4, 5)]);
        let some = |module, key| {
            let keys = ChangedKeys::Some([key].into_iter().collect());
            reads.meets(&[(module, keys)].into_iter().collect())
        };
        assert!(some(4, 9) && some(4, 5) && some(1, 3));
        assert!(!some(4, 3) && !some(1, 9) && !some(2, 3));
        assert!(reads.meets(&[(1, ChangedKeys::All)].into_iter().collect()));
        let bytes = postcard::to_stdvec(&reads).unwrap();
        assert_eq!(postcard::from_bytes::<Reads>(&bytes).unwrap(), reads);
    }
}
