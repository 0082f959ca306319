//! Where functions go that no name, type or scope tells: through fields, tables, collections, closures, callbacks that are
//! kept, prototypes that are made by programs.
//!
//! The modules of a *world* are solved together, by what their summaries tell: values are functions, classes and objects by
//! where they are made, and what is known of each property of each of them grows until nothing more comes (Andersen's
//! analysis; the order of statements and the context of calls do not count). What is found so is `possible`, or `likely` where
//! it is one function and nothing else can come (`certain.rs`). In scripts, what is called on a receiver of which nothing is
//! known reaches the functions that scripts give a property of that name.
//!
//! A small program is one world, so that functions are followed through imports. In others all scripts are one, which
//! share their globals; modules there are left to what names and types tell.

mod certain;
mod modules;
mod natives;
mod protocols;
mod rules;
mod solve;
mod tell;
mod world;

use std::hash::{Hash as _, Hasher as _};
use std::sync::OnceLock;

use graph_model::summary::ShapeRef;
use rustc_hash::{FxHashMap, FxHashSet, FxHasher};

use crate::Linker;
use crate::eval::Place;
use crate::program::ModuleIx;
use crate::reads;
use solve::{NONE, Name, Slot, Thing, This, Wait};
use world::World;

/// Programs of so many modules are solved as one.
pub(crate) const MAX_TOGETHER: usize = 32;
/// So many scripts are solved as one.
const MAX_SCRIPTS: usize = 64;

/// How a site runs a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Way {
    /// It calls it.
    Called,
    /// It is joined to it by the name of a member alone.
    Field,
    /// It passes it to a function of the language which calls it.
    Callback,
}

/// A function that a call runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Reach {
    pub(crate) way: Way,
    /// Arguments before the first parameter's one.
    pub(crate) shift: i32,
    /// The argument there is a list of those that are passed.
    pub(crate) applies: bool,
    /// The call runs nothing in this way but what was found (`certain.rs`).
    pub(crate) is_complete: bool,
}

/// What was found for one module.
#[derive(Debug, Default)]
pub(crate) struct Points {
    /// By the indexes of the calls' facts.
    calls: FxHashMap<u32, Vec<(Place, Reach)>>,
    /// Getters by the members that read them.
    getters: FxHashMap<ShapeRef, Vec<Place>>,
    /// Getters by the calls that read what they call.
    called_getters: FxHashMap<u32, Vec<Place>>,
    /// Setters by the indexes of the writes' facts, and which parameter gets the value.
    setters: FxHashMap<u32, Vec<(Place, u32)>>,
    /// Tells whether it is what it was the last time; 0 where nothing was found.
    hash: u64,
}

impl Points {
    /// The same number for the same finds, whatever became of the numbers of nodes in other modules.
    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    fn hashed(&self, linker: &Linker<'_>) -> u64 {
        let mut hasher = FxHasher::default();
        let mut calls: Vec<_> = self.calls.iter().collect();
        calls.sort_unstable_by_key(|one| one.0);
        for (call, reached) in calls {
            hasher.write_u32(*call);
            for (place, reach) in reached {
                hasher.write_u128(linker.node_id(*place).0);
                reach.hash(&mut hasher);
            }
        }
        let getters = self.getters.iter().map(|(shape, places)| (shape.0, places));
        let called = self.called_getters.iter();
        let called = called.map(|(call, places)| (*call, places));
        let mut getters: Vec<_> = getters.collect();
        getters.sort_unstable();
        let mut called: Vec<_> = called.collect();
        called.sort_unstable();
        for (at, places) in getters.into_iter().chain(called) {
            hasher.write_u32(at);
            for place in places {
                hasher.write_u128(linker.node_id(*place).0);
            }
        }
        let mut setters: Vec<_> = self.setters.iter().collect();
        setters.sort_unstable();
        for (at, places) in setters {
            hasher.write_u32(*at);
            for (place, parameter) in places {
                hasher.write_u128(linker.node_id(*place).0);
                hasher.write_u32(*parameter);
            }
        }
        hasher.finish() | 1
    }

    /// Functions that a call may run, in the order of their nodes.
    pub(crate) fn of_call(&self, call: u32) -> &[(Place, Reach)] {
        self.calls.get(&call).map_or(&[], Vec::as_slice)
    }

    /// Getters that a read of a member may run.
    pub(crate) fn of_read(&self, shape: ShapeRef) -> &[Place] {
        self.getters.get(&shape).map_or(&[], Vec::as_slice)
    }

    /// Getters that a call may run where it reads what it calls.
    pub(crate) fn getters_of_call(&self, call: u32) -> &[Place] {
        self.called_getters.get(&call).map_or(&[], Vec::as_slice)
    }

    /// Setters that a write of a property may run.
    pub(crate) fn of_write(&self, write: u32) -> &[(Place, u32)] {
        self.setters.get(&write).map_or(&[], Vec::as_slice)
    }
}

/// Which modules are solved together, and what was found for them once somebody asked.
#[derive(Debug, Default)]
pub(crate) struct Worlds {
    together: Vec<ModuleIx>,
    found: OnceLock<FxHashMap<ModuleIx, Points>>,
}

/// What is found where nobody has looked.
static NOTHING: OnceLock<Points> = OnceLock::new();

impl Worlds {
    pub(crate) fn new(linker: &Linker<'_>) -> Self {
        let program = linker.program;
        let together = match program.len() <= MAX_TOGETHER {
            true => program.indexes().collect(),
            false if linker.script_modules.len() <= MAX_SCRIPTS => linker.script_modules.clone(),
            false => Vec::new(),
        };
        Worlds {
            together,
            found: OnceLock::new(),
        }
    }

    /// Gives what was found for a module.
    pub(crate) fn of(&self, linker: &Linker<'_>, module: ModuleIx) -> &Points {
        if self.together.binary_search(&module).is_err() {
            return NOTHING.get_or_init(Points::default);
        }
        let found = self.found.get_or_init(|| solve(linker, &self.together));
        let found = found.get(&module);
        found.unwrap_or_else(|| NOTHING.get_or_init(Points::default))
    }
}

/// Solves a world.
fn solve(linker: &Linker<'_>, modules: &[ModuleIx]) -> FxHashMap<ModuleIx, Points> {
    // What one thread solves others read: what is looked up for it is not what one module reads (`relink.rs`).
    reads::apart(linker.traced, || {
        let mut world = World::new(linker, modules, false);
        world.solve();
        let scripts: Vec<u32> = (0..world.module_count())
            .filter(|&m| world.is_script(m))
            .collect();
        // What is joined by names makes nothing certain that was not.
        let mut before = None;
        if !scripts.is_empty() {
            before = Some(world.complete_finds());
            world.join_by_names(&scripts);
            world.solve();
        }
        if world.solver.budget == 0 {
            // Too much meets too much: by the names of properties alone then.
            world = World::new(linker, modules, true);
            world.solve();
        }
        let mut found = world.finish(before.as_ref());
        for points in found.values_mut() {
            points.hash = points.hashed(linker);
        }
        found
    })
}

impl World<'_, '_> {
    /// In scripts: members of receivers of which nothing is known are those of that name that scripts write.
    fn join_by_names(&mut self, scripts: &[u32]) {
        let mut fields: FxHashMap<Name, Slot> = FxHashMap::default();
        let mut named: Vec<(Name, Slot)> = self
            .solver
            .properties
            .iter()
            .map(|(key, &slot)| (key.1, slot))
            .collect();
        named.sort_unstable();
        let mut joined: Vec<(Name, Slot)> = Vec::new();
        let mut calls: Vec<(u32, Slot)> = Vec::new();
        let ran: FxHashSet<u32> = self.reached.keys().map(|key| key.0).collect();
        for &m in scripts {
            for (shape, object, name) in self.members(m) {
                let receiver = self.shape(m, object);
                if name == solve::ANY || self.is_foreign(m, object) {
                    continue;
                }
                let member = self.shape_slot(m, shape);
                let unknown = receiver == NONE || self.solver.holds(receiver).is_empty();
                if unknown && self.solver.holds(member).is_empty() {
                    joined.push((name, member));
                }
            }
            for (object, name, value) in self.writes(m) {
                if name != solve::ANY && (object == NONE || self.solver.holds(object).is_empty()) {
                    named.push((name, value));
                }
            }
            for (site, object) in self.called_members(m) {
                let Some((receiver, name)) = self.sites[site as usize].method else {
                    continue;
                };
                if ran.contains(&site) || name == solve::ANY || self.is_foreign(m, object) {
                    continue;
                }
                let unknown = receiver == NONE || self.solver.holds(receiver).is_empty();
                let text = self.text(name);
                let is_native = natives::is_array_method(text) || natives::is_map_method(text);
                if unknown || !is_native {
                    calls.push((site, name));
                }
            }
        }
        for (name, slot) in joined {
            let field = match fields.get(&name) {
                Some(&field) => field,
                None => *fields.entry(name).or_insert(self.solver.slot()),
            };
            self.solver.flow(field, slot);
        }
        for (site, name) in calls {
            let field = match fields.get(&name) {
                Some(&field) => field,
                None => *fields.entry(name).or_insert(self.solver.slot()),
            };
            self.by_name.insert(site);
            self.wait(field, Wait::Call(site, This::Nothing, 0));
        }
        for (name, slot) in named {
            if let Some(&field) = fields.get(&name) {
                self.solver.flow(slot, field);
            }
        }
    }

    /// What was found, by module; what was certain before the scripts were joined by names.
    fn finish(mut self, before: Option<&FxHashSet<(u32, u32)>>) -> FxHashMap<ModuleIx, Points> {
        let mut found: FxHashMap<ModuleIx, Points> = FxHashMap::default();
        if self.solver.budget == 0 {
            return found;
        }
        let complete = self.complete();
        for (site, reached) in self.by_site() {
            let module = self.sites[site as usize].module;
            let by_name = self.by_name.contains(&site);
            let mut list: Vec<(Place, Reach)> = reached
                .iter()
                .map(|&(f, mut reach)| {
                    let way = (site, reach.way);
                    reach.is_complete = complete.contains(&way)
                        && before.is_none_or(|before| before.contains(&(site, f)));
                    if by_name && reach.way == Way::Called {
                        reach.way = Way::Field;
                    }
                    (self.place(f), reach)
                })
                .collect();
            list.sort_unstable_by_key(|one| one.0);
            let call = site - self.first_site(module);
            let of = found.entry(self.ix(module)).or_default();
            of.calls.insert(call, list);
        }
        for m in 0..self.module_count() {
            for (i, (object, name, _)) in (0..).zip(self.writes(m)) {
                let mut places: Vec<(Place, u32)> = Vec::new();
                let mut seen = FxHashSet::default();
                for &thing in self.solver.holds(object) {
                    self.setters_of(thing, name, &mut seen, &mut places);
                }
                if !places.is_empty() {
                    places.sort_unstable();
                    places.dedup();
                    let points = found.entry(self.ix(m)).or_default();
                    points.setters.insert(i, places);
                }
            }
        }
        let mut getters: FxHashMap<Slot, Vec<u32>> = FxHashMap::default();
        for &(slot, f) in &self.read {
            getters.entry(slot).or_default().push(f);
        }
        if !getters.is_empty() {
            for m in 0..self.module_count() {
                let first = self.first_site(m);
                let after = first + self.of(m).summary.calls.len() as u32;
                let mut called: FxHashMap<u32, Vec<Place>> = FxHashMap::default();
                for (slot, of) in &getters {
                    if let Some(site) = self.called_methods.get(slot)
                        && (first..after).contains(site)
                    {
                        let places = of.iter().map(|&f| self.place(f));
                        called.entry(site - first).or_default().extend(places);
                    }
                }
                if !called.is_empty() {
                    for places in called.values_mut() {
                        places.sort_unstable();
                        places.dedup();
                    }
                    found.entry(self.ix(m)).or_default().called_getters = called;
                }
                for (shape, _, _) in self.members(m) {
                    if let Some(of) = getters.get(&self.shape_slot(m, shape)) {
                        let mut places: Vec<Place> = of.iter().map(|&f| self.place(f)).collect();
                        places.sort_unstable();
                        places.dedup();
                        let points = found.entry(self.ix(m)).or_default();
                        points.getters.insert(shape, places);
                    }
                }
            }
        }
        found
    }

    fn place(&self, f: u32) -> Place {
        let function = &self.functions[f as usize];
        Place {
            module: self.ix(function.module),
            node: function.node,
        }
    }

    /// Setters of a property of a thing, its own or inherited.
    fn setters_of(
        &self,
        thing: Thing,
        name: Name,
        seen: &mut FxHashSet<Thing>,
        found: &mut Vec<(Place, u32)>,
    ) {
        if !seen.insert(thing) {
            return;
        }
        let parameter = self.value_parameter(thing);
        for &(of, setter) in self.solver.setters_of(thing) {
            if of != name && of != solve::ANY {
                continue;
            }
            for &value in self.solver.holds(setter) {
                if let solve::Kind::Function(f) = self.solver.kind(value) {
                    found.push((self.place(f), parameter));
                }
            }
        }
        for &of in self.solver.holds(self.solver.known_prototype(thing)) {
            self.setters_of(of, name, seen, found);
        }
    }

    /// The functions that a member of a thing is: its own, else those that it inherits.
    fn visible(
        &self,
        thing: Thing,
        name: Name,
        seen: &mut FxHashSet<Thing>,
        found: &mut FxHashSet<u32>,
    ) {
        if !seen.insert(thing) {
            return;
        }
        let mut own = false;
        let slots: Vec<Slot> = match name {
            solve::ANY => self.solver.properties_of(thing).map(|p| p.1).collect(),
            _ => [name, solve::ANY]
                .iter()
                .filter_map(|&key| self.solver.properties.get(&(thing, key)).copied())
                .collect(),
        };
        let exact = self.solver.properties.get(&(thing, name)).copied();
        for slot in slots {
            for &value in self.solver.holds(slot) {
                if let solve::Kind::Function(f) = self.solver.kind(value) {
                    found.insert(f);
                    own |= exact == Some(slot);
                }
            }
        }
        // What getters and generators give is found besides.
        let accessors = self.solver.getters_of(thing).iter();
        let getters = accessors.filter(|a| a.0 == name || a.0 == solve::ANY);
        let getters = getters.flat_map(|a| self.solver.holds(a.1));
        let given = getters.filter_map(|&getter| match self.solver.kind(getter) {
            solve::Kind::Function(f) => Some(self.functions[f as usize].returned),
            _ => None,
        });
        let last = self.generators.get(&thing).map(|slots| slots[0]);
        for slot in given.chain(last) {
            for &value in self.solver.holds(slot) {
                if let solve::Kind::Function(f) = self.solver.kind(value) {
                    found.insert(f);
                }
            }
        }
        if own && name != solve::ANY {
            return;
        }
        let prototype = self.solver.known_prototype(thing);
        for &of in self.solver.holds(prototype) {
            self.visible(of, name, seen, found);
        }
    }
}
