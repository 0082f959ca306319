//! How errors pass from callees to callers, in the whole program: until nothing changes, as sets of bits over the classes of
//! errors.

use graph_model::summary::{ModuleSummary, NodeRef};
use graph_model::{EdgeType, NodeId};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::Linker;
use crate::edges::{FileLinks, push_json_id, push_json_string};
use crate::errors::{ErrorClass, Leaving, ModuleErrors};
use crate::eval::Place;
use crate::program::ModuleIx;

/// Of a function that more kinds of errors than these reach only those are told that it throws itself.
const MAX_CLASSES: usize = 16;

/// About so long is the metadata of an edge.
const METADATA_LENGTH: usize = 112;

/// What the functions of a program throw and reject with.
#[derive(Debug, Default)]
pub(crate) struct Errors<'e> {
    classes: Vec<&'e ErrorClass>,
    functions: Vec<Function>,
    by_module: FxHashMap<ModuleIx, Vec<u32>>,
}

#[derive(Debug)]
struct Function {
    place: Place,
    throws: Bits,
    rejects: Bits,
    /// Those that it throws itself, and how.
    own: Vec<(usize, Leaving)>,
    /// Where its errors come from: callees, and whether their rejections pass.
    ways: Vec<(u32, bool)>,
    callers: Vec<u32>,
    is_async: bool,
}

/// A function throws or rejects with something.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Told<'e> {
    function: Place,
    rejects: bool,
    class: &'e ErrorClass,
    /// How, if it is its own; else the callees that it comes from, sorted.
    own: Option<Leaving>,
    origins: Vec<Place>,
}

/// A set of small numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Bits(Vec<u64>);

impl Bits {
    fn set(&mut self, bit: usize) {
        if self.0.len() <= bit / 64 {
            self.0.resize(bit / 64 + 1, 0);
        }
        self.0[bit / 64] |= 1 << (bit % 64);
    }

    fn has(&self, bit: usize) -> bool {
        self.0
            .get(bit / 64)
            .is_some_and(|w| w >> (bit % 64) & 1 == 1)
    }

    /// Adds others; whether that changed something.
    fn add(&mut self, other: &Bits) -> bool {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        let mut changed = false;
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            changed |= *other & !*word != 0;
            *word |= other;
        }
        changed
    }

    fn count(&self) -> usize {
        self.0.iter().map(|w| w.count_ones() as usize).sum()
    }

    fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        let words = self.0.iter().enumerate();
        words.flat_map(|(at, &word)| {
            let mut left = word;
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros() as usize)?;
                left &= left - 1;
                Some(at * 64 + bit)
            })
        })
    }
}

/// Places that are quickly told not to be in it.
struct Places {
    marks: Vec<u64>,
    index: FxHashMap<Place, u32>,
}

impl Places {
    fn mark(place: Place) -> (usize, u64) {
        let hash = place
            .module
            .0
            .wrapping_mul(0x9e37_79b9)
            .wrapping_add(place.node.0.wrapping_mul(0x85eb_ca6b));
        let hash = (hash >> 16) as usize;
        (hash / 64, 1 << (hash % 64))
    }

    fn get(&self, place: Place) -> Option<u32> {
        let (word, bit) = Self::mark(place);
        if self.marks[word] & bit == 0 {
            return None;
        }
        self.index.get(&place).copied()
    }

    fn insert(&mut self, place: Place, index: u32) {
        let (word, bit) = Self::mark(place);
        self.marks[word] |= bit;
        self.index.insert(place, index);
    }
}

impl<'e> Errors<'e> {
    /// Of what all modules say.
    pub(crate) fn new(modules: impl Iterator<Item = &'e ModuleErrors> + Clone) -> Self {
        let mut errors = Errors::default();
        let mut places = Places {
            marks: vec![0; (1 << 16) / 64],
            index: FxHashMap::default(),
        };
        let mut class_of: FxHashMap<&ErrorClass, usize> = FxHashMap::default();
        for thrown in modules.clone().flat_map(|errors| &errors.thrown) {
            let class = *class_of.entry(&thrown.class).or_insert_with(|| {
                errors.classes.push(&thrown.class);
                errors.classes.len() - 1
            });
            let at = errors.function(thrown.function, &mut places);
            let function = &mut errors.functions[at as usize];
            match thrown.leaving {
                Leaving::Throw => function.throws.set(class),
                Leaving::AsyncThrow | Leaving::PromiseReject | Leaving::ExecutorReject => {
                    function.rejects.set(class);
                }
            }
            function.own.push((class, thrown.leaving));
        }
        if errors.functions.is_empty() {
            return errors;
        }
        // Only what can reach a function that throws counts, which is little: found first.
        let mut waiting: Vec<_> = modules.flat_map(|errors| &errors.ways).collect();
        let mut used = Vec::new();
        loop {
            let before = used.len();
            waiting.retain(|way| match places.get(way.callee) {
                Some(callee) => {
                    let caller = errors.function(way.caller, &mut places);
                    errors.functions[caller as usize].is_async |= way.is_async;
                    used.push((caller, callee, way.settles));
                    false
                }
                None => true,
            });
            if used.len() == before {
                break;
            }
        }
        for (caller, callee, settles) in used {
            if caller != callee {
                errors.functions[caller as usize]
                    .ways
                    .push((callee, settles));
                errors.functions[callee as usize].callers.push(caller);
            }
        }
        errors.propagate();
        for (i, function) in (0..).zip(&errors.functions) {
            let of = errors.by_module.entry(function.place.module).or_default();
            of.push(i);
        }
        for of in errors.by_module.values_mut() {
            of.sort_unstable_by_key(|&i| errors.functions[i as usize].place);
        }
        errors
    }

    fn function(&mut self, place: Place, places: &mut Places) -> u32 {
        if let Some(known) = places.get(place) {
            return known;
        }
        let at = self.functions.len() as u32;
        places.insert(place, at);
        self.functions.push(Function {
            place,
            throws: Bits::default(),
            rejects: Bits::default(),
            own: Vec::new(),
            ways: Vec::new(),
            callers: Vec::new(),
            is_async: false,
        });
        at
    }

    fn propagate(&mut self) {
        let functions = &mut self.functions;
        let mut is_waiting: Vec<bool> = functions.iter().map(|f| !f.own.is_empty()).collect();
        let mut waiting: Vec<u32> = (0..functions.len() as u32)
            .filter(|&f| is_waiting[f as usize])
            .collect();
        let mut next = 0;
        while next < waiting.len() {
            let at = waiting[next] as usize;
            next += 1;
            is_waiting[at] = false;
            let function = &functions[at];
            let (throws, rejects) = (function.throws.clone(), function.rejects.clone());
            let callers = std::mem::take(&mut functions[at].callers);
            for &caller in &callers {
                let to = &mut functions[caller as usize];
                let settles = to.ways.iter().any(|w| w.0 as usize == at && w.1);
                let mut changed = match to.is_async {
                    true => to.rejects.add(&throws),
                    false => to.throws.add(&throws),
                };
                changed |= settles && to.rejects.add(&rejects);
                if changed && !is_waiting[caller as usize] {
                    is_waiting[caller as usize] = true;
                    waiting.push(caller);
                }
            }
            functions[at].callers = callers;
        }
    }

    /// What the functions of a module throw and reject with; in an order that does not depend on other modules.
    fn told(&self, module: ModuleIx) -> Vec<Told<'e>> {
        let mut told = Vec::new();
        for &i in self.by_module.get(&module).map_or(&[][..], Vec::as_slice) {
            let function = &self.functions[i as usize];
            for (rejects, bits) in [(false, &function.throws), (true, &function.rejects)] {
                let crowded = bits.count() > MAX_CLASSES;
                for class in bits.iter() {
                    let own = (function.own.iter())
                        .find(|o| o.0 == class && (o.1 != Leaving::Throw) == rejects)
                        .map(|o| o.1);
                    if own.is_none() && crowded {
                        continue;
                    }
                    let mut origins = match own {
                        Some(_) => Vec::new(),
                        None => self.origins(function, class, rejects),
                    };
                    origins.sort_unstable();
                    origins.dedup();
                    told.push(Told {
                        function: function.place,
                        rejects,
                        class: self.classes[class],
                        own,
                        origins,
                    });
                }
            }
        }
        told.sort_unstable();
        told
    }

    /// The callees that an error comes from.
    fn origins(&self, function: &Function, class: usize, rejects: bool) -> Vec<Place> {
        let callees = function.ways.iter().filter(|(callee, settles)| {
            let callee = &self.functions[*callee as usize];
            rejects == function.is_async && callee.throws.has(class)
                || rejects && *settles && callee.rejects.has(class)
        });
        callees
            .map(|(callee, _)| self.functions[*callee as usize].place)
            .collect()
    }

    /// The modules of which others tell something else.
    pub(crate) fn differing(&self, other: &Errors<'_>) -> FxHashSet<ModuleIx> {
        let modules = self.by_module.keys().chain(other.by_module.keys());
        let modules: FxHashSet<ModuleIx> = modules.copied().collect();
        let differs = |ix: &ModuleIx| self.told(*ix) != other.told(*ix);
        modules.into_iter().filter(differs).collect()
    }

    /// Writes what the functions of a module throw and reject with.
    pub(crate) fn write(&self, linker: &Linker<'_>, module: ModuleIx, links: &mut FileLinks) {
        let told = self.told(module);
        links.reserve(told.len(), told.len() * METADATA_LENGTH);
        for told in told {
            let (dst, name) = class_node(linker, told.class, links);
            let edge = match told.rejects {
                true => EdgeType::Rejects,
                false => EdgeType::Throws,
            };
            links.push(linker.node_id(told.function), edge, dst, |metadata| {
                metadata.push_str("{\"errorClassName\":");
                push_json_string(metadata, name);
                if told.own.is_none() {
                    metadata.push_str(",\"propagatedFrom\":");
                    push_first(linker, &told.origins, metadata);
                }
                let kind = match told.own {
                    Some(Leaving::AsyncThrow) => "async_throw",
                    Some(Leaving::PromiseReject) => "promise_reject",
                    Some(Leaving::ExecutorReject) => "executor_reject",
                    Some(Leaving::Throw) | None => "propagated",
                };
                if told.rejects {
                    metadata.extend([",\"rejectionType\":\"", kind, "\""]);
                }
                metadata.push('}');
            });
        }
    }
}

fn has_id(summary: &ModuleSummary, node: NodeRef) -> bool {
    !summary.local_id(node).is_empty() && summary.node(node).node_type().is_some()
}

/// Appends the first of the ids of some functions as a JSON string.
fn push_first(linker: &Linker<'_>, functions: &[Place], json: &mut String) {
    let summary = |place: Place| &linker.program.module(place.module).summary;
    match *functions {
        [one] if has_id(summary(one), one.node) => push_json_id(json, summary(one), one.node),
        _ => {
            let ids = functions.iter();
            let first = ids
                .map(|&place| summary(place).semantic_id(place.node))
                .min();
            push_json_string(json, &first.unwrap_or_default());
        }
    }
}

fn class_node<'a>(
    linker: &'a Linker<'_>,
    class: &'a ErrorClass,
    links: &mut FileLinks,
) -> (NodeId, &'a str) {
    match class {
        ErrorClass::Class(place) => {
            let of = linker.program.module(place.module);
            (
                of.summary.node(place.node).node_id(),
                of.id_name(place.node),
            )
        }
        ErrorClass::External(specifier, path) => {
            let name = path.rsplit('.').next().unwrap_or(path);
            (links.external_function(specifier, path), name)
        }
    }
}
