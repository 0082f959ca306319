//! Which finds are complete: nothing that nobody knows comes to where they were found.
//!
//! When everything is solved, what code outside of the world gives is followed as one mark, along the ways of functions:
//! values of packages and of the environment, and what functions give of which nothing is known. Functions and classes go
//! outside too: through exports of modules that none of the world imports, and as arguments of calls that run code outside.
//! What these get from there, as parameters and as `this`, has the mark.
//!
//! A call runs what was found for it, and nothing else, if no mark comes to its callee, or to its receiver and the member of
//! that. That code outside writes properties of objects of the world is left aside.

use rustc_hash::{FxHashMap, FxHashSet};

use super::solve::{ANY, Kind, MAX_THINGS, NONE, Name, Slot, Thing, UNKNOWN, Wait};
use super::world::World;
use super::{Reach, Way};

/// What comes from outside, and what goes there.
struct Marks<'w, 'l, 'p> {
    world: &'w World<'l, 'p>,
    /// For each slot whether something comes to it that nobody knows.
    unknown: Vec<bool>,
    open: Vec<Slot>,
    /// Things that are outside with all that they lead to.
    outside: FxHashSet<Thing>,
}

impl<'w, 'l, 'p> Marks<'w, 'l, 'p> {
    fn of(world: &'w World<'l, 'p>) -> Self {
        let mut marks = Marks {
            world,
            unknown: vec![false; world.solver.count()],
            open: vec![UNKNOWN],
            outside: FxHashSet::default(),
        };
        marks.open.extend(world.foreign_globals());
        // A slot that takes no more has lost something.
        let all = 0..world.solver.count() as Slot;
        let is_full = |&slot: &Slot| world.solver.holds(slot).len() >= MAX_THINGS;
        marks.open.extend(all.filter(is_full));
        marks.iterated();
        marks.iterating();
        marks.spread();
        marks.leave(world.exports_to_outside());
        for &site in &world.foreign {
            marks.arguments_leave(site);
        }
        marks.follow();
        marks
    }

    fn is_unknown(&self, slot: Slot) -> bool {
        self.unknown[slot as usize]
    }

    /// Iterating over something else than a list asks an iterator, not its properties.
    fn iterated(&mut self) {
        for &(thing, name, to) in &self.world.numbered {
            let own = self.world.solver.properties.get(&(thing, name));
            if own.is_none_or(|&own| self.world.solver.holds(own).is_empty()) {
                self.open.push(to);
            }
        }
    }

    /// Iterating over what has no method for it that is known gives what nobody knows.
    fn iterating(&mut self) {
        let world = self.world;
        for &(iterators, to) in &world.iterated {
            let is_function = |&of: &Thing| matches!(world.solver.kind(of), Kind::Function(_));
            let of = world.solver.holds(iterators);
            if of.is_empty() || !of.iter().all(is_function) {
                self.open.push(to);
            }
        }
    }

    /// The same for what is spread as arguments.
    fn spread(&mut self) {
        let world = self.world;
        let is_list =
            |&thing: &Thing| matches!(world.solver.kind(thing), Kind::Array(_) | Kind::Map(_));
        for &(site, f) in world.reached.keys() {
            let mut spread = world.sites[site as usize].arguments.iter().filter(|a| a.1);
            if !spread.all(|&(list, _)| world.solver.holds(list).iter().all(is_list)) {
                self.parameters(f);
            }
        }
    }

    /// The parameters of a function get what nobody knows.
    fn parameters(&mut self, f: u32) {
        let function = self.world.functions[f as usize];
        let first = function.parameters;
        self.open.extend(first..first + function.count);
        let lists = [function.rest.map(|rest| rest.1), function.arguments];
        for list in lists.into_iter().flatten() {
            let properties = self.world.solver.properties_of(list);
            self.open.extend(properties.map(|p| p.1));
        }
    }

    fn follow(&mut self) {
        let solver = &self.world.solver;
        while let Some(slot) = self.open.pop() {
            if slot == NONE || std::mem::replace(&mut self.unknown[slot as usize], true) {
                continue;
            }
            self.open.extend_from_slice(solver.flows_of(slot));
            for &wait in solver.waits_of(slot) {
                match wait {
                    Wait::Load(_, to)
                    | Wait::Element(to)
                    | Wait::Get(to, _)
                    | Wait::Iterator(to, _)
                    | Wait::Next(to)
                    | Wait::Step(to, _)
                    | Wait::Result(to) => self.open.push(to),
                    Wait::Callback(_, _, result) => self.open.push(result),
                    Wait::Store(_, from) => self.given(from),
                    Wait::Call(site, ..)
                    | Wait::Apply(site, ..)
                    | Wait::Method(site, _)
                    | Wait::New(site)
                    | Wait::NewApply(site, _)
                    | Wait::Super(site, _)
                    | Wait::Native(site, ..) => {
                        self.open.push(self.world.sites[site as usize].result);
                        self.arguments_leave(site);
                    }
                    Wait::Inherit(class) => {
                        let class = self.world.classes[class as usize];
                        for thing in [class.prototype, class.thing] {
                            self.open.push(solver.known_prototype(thing));
                        }
                    }
                    // Whatever is copied hides what was there.
                    Wait::CopyTo(to) => {
                        self.open.extend(solver.properties_of(to).map(|p| p.1));
                    }
                    _ => {}
                }
            }
        }
    }

    fn arguments_leave(&mut self, site: u32) {
        for &(slot, _) in &self.world.sites[site as usize].arguments {
            self.given(slot);
        }
    }

    /// Code outside is given a value: it calls that, or the functions of an object that is made for it.
    fn given(&mut self, slot: Slot) {
        let solver = &self.world.solver;
        for &thing in solver.holds(slot) {
            match solver.kind(thing) {
                Kind::Object(_) => {
                    for (_, slot) in solver.properties_of(thing) {
                        for &value in solver.holds(slot) {
                            self.called(value);
                        }
                    }
                }
                _ => self.called(thing),
            }
        }
    }

    /// Code outside calls a function, or makes instances of a class.
    fn called(&mut self, thing: Thing) {
        let solver = &self.world.solver;
        match solver.kind(thing) {
            Kind::Function(f) => {
                self.parameters(f);
                let function = self.world.functions[f as usize];
                // What has a class is a method of its instances still.
                if !function.is_method {
                    self.open.push(function.this);
                }
            }
            // Instances of it, and of classes that extend it, are made outside.
            Kind::Class(c) => {
                let class = self.world.classes[c as usize];
                self.open.extend([class.this, class.static_this]);
                if let Some(f) = class.constructor {
                    self.parameters(f);
                }
            }
            Kind::Bound(_, target) => self.called(target),
            Kind::Settles(value) => self.open.push(value),
            _ => {}
        }
    }

    /// Code outside has things, and all that they lead to.
    fn leave(&mut self, mut open: Vec<Thing>) {
        let solver = &self.world.solver;
        while let Some(thing) = open.pop() {
            if !self.outside.insert(thing) {
                continue;
            }
            self.called(thing);
            match solver.kind(thing) {
                Kind::Function(f) => {
                    let returned = self.world.functions[f as usize].returned;
                    open.extend_from_slice(solver.holds(returned));
                }
                Kind::Class(c) => open.push(self.world.classes[c as usize].prototype),
                Kind::Native(_) | Kind::Exports(u32::MAX) => continue,
                _ => {}
            }
            let members = solver.properties_of(thing);
            for (_, slot) in members.chain(solver.accessors_of(thing)) {
                open.extend_from_slice(solver.holds(slot));
            }
            open.extend_from_slice(solver.holds(solver.known_prototype(thing)));
        }
    }

    /// Whether something unknown may be a member of a thing, its own or an inherited one that is not hidden.
    fn member_is_unknown(&self, thing: Thing, name: Name, seen: &mut FxHashSet<Thing>) -> bool {
        if !seen.insert(thing) {
            return false;
        }
        let solver = &self.world.solver;
        let property = |key| solver.properties.get(&(thing, key)).copied();
        let own = property(name);
        let any = (name != ANY).then(|| property(ANY)).flatten();
        if own.into_iter().chain(any).any(|slot| self.is_unknown(slot)) {
            return true;
        }
        if own.is_some_and(|slot| !solver.holds(slot).is_empty()) {
            return false;
        }
        let prototype = solver.known_prototype(thing);
        self.is_unknown(prototype)
            || (solver.holds(prototype).iter()).any(|&of| self.member_is_unknown(of, name, seen))
    }
}

impl World<'_, '_> {
    /// Sites that run in a way the functions that were found, and no others.
    pub(super) fn complete(&self) -> FxHashSet<(u32, Way)> {
        let mut complete = FxHashSet::default();
        if self.solver.by_field || self.solver.budget == 0 {
            return complete;
        }
        let marks = Marks::of(self);
        for (&(site, _), reach) in &self.reached {
            let way = (site, reach.way);
            if !complete.contains(&way) && self.is_complete(site, reach.way, &marks) {
                complete.insert(way);
            }
        }
        complete
    }

    /// The functions that such sites run.
    pub(super) fn complete_finds(&self) -> FxHashSet<(u32, u32)> {
        let complete = self.complete();
        let finds = self.reached.iter();
        let finds = finds.filter(|(key, reach)| complete.contains(&(key.0, reach.way)));
        finds.map(|(&key, _)| key).collect()
    }

    /// Whether a site runs nothing in a way but what was found.
    fn is_complete(&self, site: u32, way: Way, marks: &Marks<'_, '_, '_>) -> bool {
        if self.by_name.contains(&site) {
            return false;
        }
        let of = &self.sites[site as usize];
        let holds = |slot| self.solver.holds(slot).iter().copied();
        let mut seen = FxHashSet::default();
        // What else a handler does, nobody knows.
        if holds(of.callee).any(|callee| self.proxies.contains_key(&callee)) {
            return false;
        }
        if way == Way::Callback {
            let is_given =
                |&(slot, _): &(Slot, bool)| marks.is_unknown(slot) && holds(slot).next().is_some();
            // A method of that name that the program has runs, and not the one of the language.
            let mut own = FxHashSet::default();
            if let Some((receiver, name)) = of.method {
                holds(receiver).for_each(|thing| self.visible(thing, name, &mut seen, &mut own));
            }
            return own.is_empty() && !of.arguments.iter().any(is_given);
        }
        let Some((receiver, name)) = of.method else {
            return !marks.is_unknown(of.callee);
        };
        // A promise is what it becomes, so nobody knows whether that has the method, or the promise.
        let is_settling = matches!(self.text(name), "then" | "catch" | "finally");
        !is_settling
            && !marks.is_unknown(receiver)
            && !holds(receiver).any(|thing| marks.member_is_unknown(thing, name, &mut seen))
    }

    /// Functions that sites run, without those that a receiver hides.
    pub(super) fn by_site(&self) -> FxHashMap<u32, Vec<(u32, Reach)>> {
        let mut by_site: FxHashMap<u32, Vec<(u32, Reach)>> = FxHashMap::default();
        for (&(site, f), &reach) in &self.reached {
            by_site.entry(site).or_default().push((f, reach));
        }
        for (&site, reached) in &mut by_site {
            let of = &self.sites[site as usize];
            if let Some((receiver, name)) = of.method
                && of.is_call
                && reached.len() > 1
                && !self.solver.by_field
            {
                // What a thing has itself hides what it inherits.
                let mut visible: FxHashSet<u32> = FxHashSet::default();
                let mut seen = FxHashSet::default();
                for &thing in self.solver.holds(receiver) {
                    self.visible(thing, name, &mut seen, &mut visible);
                }
                if !visible.is_empty() {
                    reached.retain(|(f, reach)| reach.way == Way::Callback || visible.contains(f));
                }
            }
        }
        by_site
    }
}
