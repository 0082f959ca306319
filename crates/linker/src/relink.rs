//! Linking again after an edit: only modules that the edit can reach.
//!
//! Linking leaves a [`Trace`] of each module: what it read of others (`reads.rs`), which classes it put below which, which
//! arguments it passes. After an edit, the old and the new summary of each edited module are compared by what others can see
//! of them (`surface.rs`). Linked again are the edited modules, those that read something that changed, those that asked for
//! the classes below one whose heirs changed, and those that receive other arguments. All others have the edges that they
//! had.
//!
//! It is for edits only: if files come or go, or what decides where specifiers lead changes, everything is linked again.

use std::sync::OnceLock;

use graph_model::{Diagnostic, ModuleSummary};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use graph_model::summary::{ModuleType, NodeRef};

use crate::arguments::{self, Received};
use crate::edges::{External, FileLinks};
use crate::error_ways::Errors;
use crate::errors::{ErrorClass, ModuleErrors};
use crate::eval::Place;
use crate::exports::Exports;
use crate::hierarchy::Hierarchy;
use crate::higher_order::{self, Run};
use crate::points;
use crate::program::{Fact, Module, ModuleIx, Program};
use crate::reads::{ChangedKeys, Reads, SCRIPTS, heirs_key};
use crate::specifiers::{Specifiers, Targets, carried};
use crate::surface::{self, Difference};
use crate::{CallCounts, ImportCounts, Linked, Linker, each_module, globals, heirs_of, linked};

/// What linking a module leaves behind for the next time, besides its edges and diagnostics.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Trace {
    /// Counts of its imports.
    pub imports: ImportCounts,
    /// Counts of its calls.
    pub calls: CallCounts,
    /// The functions of packages that its edges name: specifier and path.
    pub functions: Vec<(Box<str>, Box<str>)>,
    reads: Reads,
    heirs: Vec<(Place, Place)>,
    /// What calls of parameters run that its calls pass.
    runs: Vec<Run>,
    /// What its functions throw, and the calls through which errors come to them.
    errors: ModuleErrors,
    /// Modules to whose functions it passes arguments, sorted.
    callees: Vec<ModuleIx>,
    /// A list of [`Received`], in a form that is only read where it is needed.
    received: Packed,
    /// Where its specifiers lead, in such a form too.
    targets: Packed,
    globals: bool,
    /// Whether it is a script.
    script: bool,
    /// Hash of what was found for it together with other modules.
    points: u64,
}

/// A list that was made bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Packed(#[serde(with = "bytes")] Vec<u8>);

impl Packed {
    /// An item is about so many bytes long.
    const ITEM: usize = 32;

    fn new<T: Serialize>(items: &[T]) -> postcard::Result<Self> {
        let room = Vec::with_capacity(items.len() * Self::ITEM);
        postcard::to_extend(items, room).map(Packed)
    }
}

/// Bytes as one piece.
mod bytes {
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        Ok(<&[u8]>::deserialize(from)?.to_vec())
    }
}

impl Trace {
    pub(crate) fn new(
        linker: &Linker<'_>,
        ix: ModuleIx,
        heirs: Vec<(Place, Place)>,
        reads: Reads,
        linked: &mut Linked,
    ) -> Self {
        let functions = linked
            .file
            .externals()
            .filter_map(|external| match external {
                External::Function { specifier, path } => Some((specifier.clone(), path.clone())),
                External::Module { .. } | External::Stdio => None,
            });
        let mut callees: Vec<ModuleIx> = linked.received.iter().map(|one| one.module).collect();
        callees.sort_unstable();
        callees.dedup();
        Trace {
            imports: linked.imports,
            calls: linked.calls,
            functions: functions.collect(),
            reads: reads.and(std::mem::take(&mut linked.reads)),
            heirs,
            runs: std::mem::take(&mut linked.runs),
            errors: std::mem::take(&mut linked.errors),
            callees,
            // Numbers can always be written.
            received: Packed::new(&linked.received).unwrap_or_default(),
            targets: Packed::new(linker.specifiers.all(ix)).unwrap_or_default(),
            globals: globals::of_module(linker.program.module(ix))
                .next()
                .is_some(),
            script: is_script(linker.program, ix),
            points: linker.worlds.of(linker, ix).hash(),
        }
    }

    fn received(&self) -> Option<Vec<Received>> {
        if self.callees.is_empty() {
            return Some(Vec::new());
        }
        postcard::from_bytes(&self.received.0).ok()
    }
}

fn is_script(program: &Program, ix: ModuleIx) -> bool {
    program.module(ix).summary.module_type == ModuleType::Script
}

/// A module that was edited since traces were left.
#[derive(Debug)]
pub struct Edited {
    /// The module.
    pub module: ModuleIx,
    /// Its summary before the edit.
    pub before: ModuleSummary,
    /// Whether its file could not be parsed before the edit.
    pub failed_before: bool,
}

/// What linking again found.
#[derive(Debug, Default)]
pub struct Relinked {
    /// Modules that were linked again, in order: their links, their diagnostics.
    pub modules: Vec<(ModuleIx, FileLinks, Vec<Diagnostic>)>,
    /// Other modules whose traces changed, in order: they name places of modules that were edited.
    pub moved: Vec<ModuleIx>,
}

/// Links again what an edit can reach, and brings the traces up to date. The program has the same files as when they were
/// left; `failed` is as for [`link`](crate::link). Runs on the current rayon pool.
///
/// `None` if everything is to be linked; the traces are of no use then.
#[must_use]
pub fn relink(
    program: &Program,
    failed: &FxHashSet<String>,
    traces: &mut [Trace],
    edited: Vec<Edited>,
) -> Option<Relinked> {
    if traces.len() != program.len() {
        return None;
    }
    let edits: FxHashMap<ModuleIx, Edit> = edited
        .into_par_iter()
        .map(|edited| (edited.module, Edit::new(program, failed, edited)))
        .collect();
    if edits.values().any(|edit| edit.difference.globals) {
        return None;
    }
    // The files are the same, and whatever else decides where specifiers lead.
    let known: Vec<Packed> = traces
        .iter_mut()
        .map(|t| std::mem::take(&mut t.targets))
        .collect();
    let known_targets = |ix: ModuleIx| -> Option<Targets> {
        let known = postcard::from_bytes(&known[ix.0 as usize].0).ok()?;
        match edits.get(&ix) {
            None => Some(known),
            Some(edit) => carried(&edit.before, &known, program.module(ix)),
        }
    };
    let specifiers = Specifiers::new(program, &known_targets);
    let with_globals = program.indexes().zip(&*traces);
    let with_globals = with_globals.filter(|(_, trace)| trace.globals);
    let scripts = program.indexes().zip(&*traces);
    let scripts = scripts.filter(|(ix, trace)| match edits.contains_key(ix) {
        true => is_script(program, *ix),
        false => trace.script,
    });
    let mut linker = Linker {
        program,
        specifiers: &specifiers,
        exports: Exports::new(program, &specifiers, true),
        failed,
        globals: globals::declared(program, with_globals.map(|(ix, _)| ix)),
        script_modules: scripts.map(|(ix, _)| ix).collect(),
        scripts: OnceLock::new(),
        hierarchy: Hierarchy::default(),
        worlds: points::Worlds::default(),
        traced: true,
    };
    linker.worlds = points::Worlds::new(&linker);

    // Whoever reads something that changed.
    let mut changed: FxHashMap<u32, ChangedKeys> = FxHashMap::default();
    for (ix, edit) in &edits {
        if edit.difference.keys != ChangedKeys::Some(FxHashSet::default()) {
            changed.insert(ix.0, edit.difference.keys.clone());
        }
    }
    let scripts = edits.values().flat_map(|edit| &edit.difference.scripts);
    let scripts: FxHashSet<u32> = scripts.copied().collect();
    if !scripts.is_empty() {
        changed.insert(SCRIPTS, ChangedKeys::Some(scripts));
    }
    let mut again: Vec<bool> = program
        .indexes()
        .zip(&*traces)
        .map(|(ix, trace)| edits.contains_key(&ix) || trace.reads.meets(&changed))
        .collect();

    // Whoever is solved together with an edited module, and gets something else now.
    let script = |edit: &Edit, ix: &ModuleIx| {
        edit.before.summary.module_type == ModuleType::Script || is_script(program, *ix)
    };
    if program.len() <= points::MAX_TOGETHER || edits.iter().any(|(ix, edit)| script(edit, ix)) {
        for ((ix, again), trace) in program.indexes().zip(&mut again).zip(&*traces) {
            *again |= linker.worlds.of(&linker, ix).hash() != trace.points;
        }
    }

    // Whoever asked for the classes below one, if they changed.
    let before: Vec<Vec<(Place, Place)>> = traces
        .iter()
        .map(|trace| moved_pairs(&edits, &trace.heirs))
        .collect();
    for (again, pairs) in again.iter_mut().zip(&before) {
        // What is gone was read, so this only says the same again.
        *again |= pairs.iter().any(|pair| is_gone(pair.0));
    }
    let first: Vec<ModuleIx> = chosen(&again);
    let mut now = before.clone();
    // What was read for them.
    let mut read: FxHashMap<ModuleIx, Reads> = FxHashMap::default();
    for (&ix, (pairs, reads)) in first.iter().zip(heirs_of(&linker, &first)) {
        now[ix.0 as usize] = pairs;
        read.insert(ix, reads);
    }
    let below = changed_ancestors(program, &edits, &before, &now);
    for (again, trace) in again.iter_mut().zip(&*traces) {
        *again |= trace.reads.meets(&below);
    }
    linker.hierarchy = Hierarchy::new(now.iter().flatten().copied());

    let modules = chosen(&again);
    let mut found = each_module(&linker, &modules, 0, linked);
    // Whoever receives other arguments: their edges are the callee's.
    let mut receives: FxHashSet<ModuleIx> = FxHashSet::default();
    for (ix, linked) in modules.iter().zip(&found) {
        let old = moved_received(&edits, &traces[ix.0 as usize])?;
        receives.extend(differing(&old, &linked.received));
    }
    // Whose calls run other functions than before, and who receives something of calls that did not run too many.
    let ran = moved_runs(&edits, traces);
    let mut runs = runs_now(&ran, &modules, &found);
    let crowded = higher_order::crowded(runs.iter().flatten());
    receives.extend(differing_runs(&ran, &runs, &crowded));
    // Whose functions throw or reject with something else.
    let said_before: Vec<ModuleErrors> = traces
        .iter()
        .map(|trace| moved_errors(&edits, &trace.errors))
        .collect();
    let mut said = said_before.clone();
    for (ix, linked) in modules.iter().zip(&found) {
        said[ix.0 as usize].clone_from(&linked.errors);
    }
    let errors = Errors::new(said.iter());
    if said != said_before {
        receives.extend(errors.differing(&Errors::new(said_before.iter())));
    }
    receives.retain(|ix| !again[ix.0 as usize]);
    for &ix in &receives {
        again[ix.0 as usize] = true;
    }
    let mut more: Vec<ModuleIx> = receives.into_iter().collect();
    more.sort_unstable();
    found.extend(each_module(&linker, &more, 0, linked));
    let mut found: Vec<(ModuleIx, Box<Linked>)> =
        modules.into_iter().chain(more).zip(found).collect();
    found.sort_unstable_by_key(|one| one.0);
    let unread = found.iter().map(|one| one.0);
    let unread: Vec<ModuleIx> = unread.filter(|ix| !read.contains_key(ix)).collect();
    for (&ix, (_, reads)) in unread.iter().zip(heirs_of(&linker, &unread)) {
        read.insert(ix, reads);
    }

    let received = all_received(&edits, traces, &again, &found)?;
    let mut runs_in: FxHashMap<ModuleIx, Vec<Run>> = FxHashMap::default();
    for run in runs.iter().flatten() {
        runs_in.entry(run.call.module).or_default().push(*run);
    }
    found
        .par_iter_mut()
        .zip(&received)
        .for_each(|((ix, linked), received)| {
            let received: Vec<&Received> = received.iter().collect();
            arguments::write(&linker, &received, &crowded, &mut linked.file);
            let runs = runs_in.get(ix).map_or(&[][..], Vec::as_slice);
            higher_order::write(&linker, runs, &crowded, &mut linked.file);
            errors.write(&linker, *ix, &mut linked.file);
        });
    let mut relinked = Relinked::default();
    for (ix, mut linked) in found {
        let reads = read.remove(&ix).unwrap_or_default();
        let at = ix.0 as usize;
        let heirs = std::mem::take(&mut now[at]);
        traces[at] = Trace::new(&linker, ix, heirs, reads, &mut linked);
        relinked.modules.push((ix, linked.file, linked.diagnostics));
    }
    // Places in edited modules have other numbers now, in the traces of modules that were not linked again too.
    for (ix, trace) in (0..).map(ModuleIx).zip(&mut *traces) {
        let at = ix.0 as usize;
        if again[at] {
            continue;
        }
        trace.targets.clone_from(&known[at]);
        let heirs = std::mem::replace(&mut trace.heirs, std::mem::take(&mut now[at]));
        let before = (
            std::mem::replace(&mut trace.runs, std::mem::take(&mut runs[at])),
            std::mem::replace(&mut trace.errors, std::mem::take(&mut said[at])),
        );
        let mut is_moved =
            heirs != trace.heirs || before.0 != trace.runs || before.1 != trace.errors;
        let passes_to = |callee| edits.contains_key(callee);
        if trace.callees.iter().any(passes_to) {
            let moved = moved_received(&edits, trace)?;
            trace.received = Packed::new(&moved).ok()?;
            is_moved = true;
        }
        if is_moved {
            relinked.moved.push(ix);
        }
    }
    Some(relinked)
}

fn chosen(again: &[bool]) -> Vec<ModuleIx> {
    let modules = (0..).map(ModuleIx).zip(again);
    modules.filter(|(_, again)| **again).map(|m| m.0).collect()
}

/// An edited module: what changed, and what became of its nodes.
struct Edit {
    difference: Difference,
    before: Box<Module>,
    /// The new number of each old node.
    nodes: Vec<Option<NodeRef>>,
    /// The new number of each old fact of a PARAMETER; of those that are gone, one that no fact has.
    bindings: Vec<u32>,
}

impl Edit {
    fn new(program: &Program, failed: &FxHashSet<String>, edited: Edited) -> Self {
        let now = program.module(edited.module);
        let before = Module::new(edited.before);
        let other_state = edited.failed_before != failed.contains(now.file());
        let difference = surface::difference(&before, now, other_state);
        let numbers: FxHashMap<u128, NodeRef> = (now.summary.nodes.iter())
            .map(|node| node.id)
            .zip((0..).map(NodeRef))
            .collect();
        let nodes = before.summary.nodes.iter();
        let nodes: Vec<Option<NodeRef>> =
            nodes.map(|node| numbers.get(&node.id).copied()).collect();
        let bindings = before.summary.bindings.iter().map(|binding| {
            let node = nodes.get(binding.node.0 as usize).copied().flatten();
            match node.map(|node| now.fact(node)) {
                Some(Fact::Parameter(i)) => i,
                _ => u32::MAX,
            }
        });
        Edit {
            bindings: bindings.collect(),
            difference,
            before,
            nodes,
        }
    }
}

/// Stands for a node that an edit took away.
fn gone(node: NodeRef) -> NodeRef {
    NodeRef(u32::MAX - node.0)
}

fn is_gone(place: Place) -> bool {
    place.node.0 > u32::MAX / 2
}

/// Where an old place is now.
fn moved(edits: &FxHashMap<ModuleIx, Edit>, place: Place) -> Place {
    let Some(edit) = edits.get(&place.module) else {
        return place;
    };
    let now = edit.nodes.get(place.node.0 as usize).copied().flatten();
    Place {
        module: place.module,
        node: now.unwrap_or_else(|| gone(place.node)),
    }
}

fn moved_pairs(edits: &FxHashMap<ModuleIx, Edit>, pairs: &[(Place, Place)]) -> Vec<(Place, Place)> {
    pairs
        .iter()
        .map(|&(ancestor, heir)| (moved(edits, ancestor), moved(edits, heir)))
        .collect()
}

/// The classes and interfaces below which something changed, as keys of [`Reads`].
fn changed_ancestors(
    program: &Program,
    edits: &FxHashMap<ModuleIx, Edit>,
    before: &[Vec<(Place, Place)>],
    now: &[Vec<(Place, Place)>],
) -> FxHashMap<u32, ChangedKeys> {
    let mut changed: Vec<Place> = Vec::new();
    for (&module, edit) in edits {
        let of = |&node: &NodeRef| Place { module, node };
        changed.extend(edit.difference.classes.iter().map(of));
        changed.extend(edit.difference.gone.iter().map(|&n| of(&gone(n))));
    }
    let mut above: FxHashMap<Place, Vec<Place>> = FxHashMap::default();
    for (before, now) in before.iter().zip(now) {
        for &(ancestor, heir) in before.iter().chain(now) {
            above.entry(heir).or_default().push(ancestor);
        }
        if before != now {
            let known: FxHashSet<_> = before.iter().collect();
            let current: FxHashSet<_> = now.iter().collect();
            changed.extend(known.symmetric_difference(&current).map(|pair| pair.1));
        }
    }
    let mut seen: FxHashSet<Place> = FxHashSet::default();
    let mut keys: FxHashMap<u32, FxHashSet<u32>> = FxHashMap::default();
    while let Some(heir) = changed.pop() {
        for &ancestor in above.get(&heir).map_or(&[][..], Vec::as_slice) {
            if !seen.insert(ancestor) {
                continue;
            }
            let id = if is_gone(ancestor) {
                let old = gone(ancestor.node);
                edits[&ancestor.module].before.summary.node(old).node_id()
            } else {
                let of = program.module(ancestor.module);
                of.summary.node(ancestor.node).node_id()
            };
            keys.entry(ancestor.module.0)
                .or_default()
                .insert(heirs_key(id));
            changed.push(ancestor);
        }
    }
    keys.into_iter()
        .map(|(module, keys)| (module, ChangedKeys::Some(keys)))
        .collect()
}

/// What a module passed, in the numbers of now. What cannot be told any more gets numbers that nothing has.
fn moved_received(edits: &FxHashMap<ModuleIx, Edit>, trace: &Trace) -> Option<Vec<Received>> {
    let mut received = trace.received()?;
    for one in &mut received {
        one.call = moved(edits, one.call);
        if let Some(edit) = edits.get(&one.module) {
            let now = edit.bindings.get(one.binding as usize);
            one.binding = now.copied().unwrap_or(u32::MAX);
        }
    }
    Some(received)
}

/// What a module said of errors, in the numbers of now.
fn moved_errors(edits: &FxHashMap<ModuleIx, Edit>, errors: &ModuleErrors) -> ModuleErrors {
    let mut errors = errors.clone();
    for thrown in &mut errors.thrown {
        thrown.function = moved(edits, thrown.function);
        if let ErrorClass::Class(place) = &mut thrown.class {
            *place = moved(edits, *place);
        }
    }
    for way in &mut errors.ways {
        way.caller = moved(edits, way.caller);
        way.callee = moved(edits, way.callee);
    }
    errors
}

/// What calls run that each module's calls pass, as it was, in the numbers of now.
fn moved_runs(edits: &FxHashMap<ModuleIx, Edit>, traces: &[Trace]) -> Vec<Vec<Run>> {
    let moved_run = |run: &Run| Run {
        call: moved(edits, run.call),
        function: moved(edits, run.function),
    };
    let runs = traces.iter().map(|trace| trace.runs.iter().map(moved_run));
    runs.map(Iterator::collect).collect()
}

/// The same after some modules were linked again.
fn runs_now(before: &[Vec<Run>], again: &[ModuleIx], found: &[Box<Linked>]) -> Vec<Vec<Run>> {
    let mut now = before.to_vec();
    for (ix, linked) in again.iter().zip(found) {
        now[ix.0 as usize].clone_from(&linked.runs);
    }
    now
}

/// The modules with edges that other runs make different.
fn differing_runs(
    before: &[Vec<Run>],
    now: &[Vec<Run>],
    crowded_now: &FxHashSet<Place>,
) -> FxHashSet<ModuleIx> {
    let by_call = |all: &[Vec<Run>]| {
        let mut lists: FxHashMap<Place, Vec<Place>> = FxHashMap::default();
        for run in all.iter().flatten() {
            lists.entry(run.call).or_default().push(run.function);
        }
        lists
    };
    if before == now {
        return FxHashSet::default();
    }
    let crowded_before = higher_order::crowded(before.iter().flatten());
    let (before, now) = (by_call(before), by_call(now));
    let mut modules: FxHashSet<ModuleIx> = FxHashSet::default();
    for (call, functions) in before.iter().chain(&now) {
        if before.get(call) != now.get(call) {
            modules.insert(call.module);
        }
        if crowded_before.contains(call) != crowded_now.contains(call) {
            modules.extend(functions.iter().map(|function| function.module));
        }
    }
    modules
}

/// The callees to which other arguments are passed than before.
fn differing(before: &[Received], now: &[Received]) -> Vec<ModuleIx> {
    let by_callee = |received: &[Received]| {
        let mut lists: FxHashMap<ModuleIx, Vec<Received>> = FxHashMap::default();
        for one in received {
            lists.entry(one.module).or_default().push(*one);
        }
        lists
    };
    let (before, now) = (by_callee(before), by_callee(now));
    let all = before.keys().chain(now.keys());
    all.filter(|ix| before.get(ix) != now.get(ix))
        .copied()
        .collect()
}

/// What each of the modules that were linked again receives, in the order of callers and calls.
fn all_received(
    edits: &FxHashMap<ModuleIx, Edit>,
    traces: &[Trace],
    again: &[bool],
    found: &[(ModuleIx, Box<Linked>)],
) -> Option<Vec<Vec<Received>>> {
    let mut positions: FxHashMap<ModuleIx, usize> = FxHashMap::default();
    positions.extend(found.iter().map(|one| one.0).zip(0..));
    let mut received: Vec<Vec<Received>> = found.iter().map(|_| Vec::new()).collect();
    let mut add = |all: &[Received]| {
        for one in all {
            if let Some(&at) = positions.get(&one.module) {
                received[at].push(*one);
            }
        }
    };
    let mut fresh = found.iter();
    for (ix, trace) in (0..).map(ModuleIx).zip(traces) {
        if again[ix.0 as usize] {
            add(&fresh.next()?.1.received);
        } else if trace.callees.iter().any(|callee| again[callee.0 as usize]) {
            add(&moved_received(edits, trace)?);
        }
    }
    Some(received)
}
