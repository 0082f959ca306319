//! The solver: which abstract values come to which places, until nothing more comes.
//!
//! A *slot* is a place that holds values: a name, an expression, a property of an object, a parameter. A *thing* is a value:
//! a function, a class, an object by where it is made, a function of the language by its path. Slots are joined by edges,
//! and constraints wait at slots for the things that come there. Every thing is handled once at every slot.

use rustc_hash::{FxHashMap, FxHashSet};

/// A place that holds values.
pub(super) type Slot = u32;
/// A value.
pub(super) type Thing = u32;
/// A name, as the world numbers them.
pub(super) type Name = u32;

/// No slot.
pub(super) const NONE: Slot = 0;
/// A slot that holds nothing, and of which everything comes that nobody knows: what code outside of the world gives.
pub(super) const UNKNOWN: Slot = 1;
/// The name of properties that nobody knows the names of.
pub(super) const ANY: Name = 0;

/// A slot that holds more things than these takes no more: nothing useful can be said of it.
pub(super) const MAX_THINGS: usize = 96;

/// So many edges of a slot are looked through; one table of all misses every cache in programs of megabytes.
const FEW_FLOWS: usize = 32;

/// What a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// A function, by its number in the world.
    Function(u32),
    /// A class, by its number in the world.
    Class(u32),
    /// The prototype of a function or class.
    Prototype(Thing),
    /// An object literal, or what stands for one: by a slot that no other has.
    Object(Slot),
    /// An array, `arguments`, or what iterates like one.
    Array(Slot),
    /// A map or set.
    Map(Slot),
    /// What `new` makes of something: the site and the constructor.
    Instance(u32, Thing),
    /// A function that was bound, and the site.
    Bound(u32, Thing),
    /// What settles a promise: the slot of its value.
    Settles(Slot),
    /// Something of the language or of Node, by the number of its path.
    Native(Name),
    /// `module.exports` of a module; the global object is that of none.
    Exports(u32),
}

/// What waits at a slot for things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Wait {
    /// Reads a property.
    Load(Name, Slot),
    /// Writes a property.
    Store(Name, Slot),
    /// Calls it at a site, on something, with the arguments from one on.
    Call(u32, This, u8),
    /// Calls it at a site with the elements of an argument, on another argument.
    Apply(u32, This, u8),
    /// Calls a method of it at a site.
    Method(u32, Name),
    /// Makes instances of it at a site.
    New(u32),
    /// Makes instances of it at a site, with the elements of an argument.
    NewApply(u32, u8),
    /// A function of the language is called on it at a site, with the arguments from one on.
    Native(u32, Name, u8),
    /// Runs it at a site as the constructor that a class inherits, on what `this` holds.
    Super(u32, Slot),
    /// Runs it as the inherited constructor of an instance.
    Construct(u32, Thing),
    /// It is what a class extends.
    Inherit(u32),
    /// Copies its properties to a thing.
    CopyTo(Thing),
    /// Copies properties to it from what a slot holds.
    CopyFrom(Slot),
    /// It describes a property of a thing.
    Descriptor(Thing, Name),
    /// It describes properties of a thing by their names.
    Descriptors(Thing),
    /// A slot holds descriptors of its properties: of one name, or by their names.
    Described(Name, Slot),
    DescribedAll(Slot),
    /// A slot holds what its prototype is.
    SetPrototype(Slot),
    /// Reads what iterating over it gives.
    Element(Slot),
    /// Its getter is read into a slot, on a thing.
    Get(Slot, Thing),
    /// Its setter gets what a slot holds, on a thing.
    Set(Slot, Thing),
    /// A setter for a property is looked for in what a thing inherits from.
    Up(Name, Slot, Thing),
    /// Functions inherit from the functions of a slot: `inherits(f, g)`.
    Inherits(Slot),
    /// It is an iterable's method that gives an iterator: what that gives goes into a slot.
    Iterator(Slot, Thing),
    /// It is an iterator, or what its `next` gives: its elements go into a slot.
    Next(Slot),
    Step(Slot, Thing),
    /// What it returns, if it is a generator.
    Result(Slot),
    /// A site renders it.
    Render(u32),
    /// It is a trap of a proxy for what a slot holds.
    Trap(Slot),
    /// It is the trap of a proxy that runs where a site calls that: with the arguments from one on as a list, and where
    /// the list is passed.
    Trapped(u32, u8, u8),
    /// A function of the language calls it at a site: what its parameters get, and where its result goes.
    Callback(u32, [Slot; 3], Slot),
}

/// What a function is called on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum This {
    Nothing,
    Thing(Thing),
    Slot(Slot),
}

/// Everything that is known so far.
#[derive(Debug, Default)]
pub(super) struct Solver {
    /// Things of slots, in the order of their coming.
    things: Vec<Vec<Thing>>,
    /// How many of these have been handled.
    handled: Vec<u32>,
    flows: Vec<Vec<Slot>>,
    waits: Vec<Vec<Wait>>,
    /// Edges of slots that have more than [`FEW_FLOWS`].
    edges: FxHashSet<(Slot, Slot)>,
    waiting_already: FxHashSet<(Slot, Wait)>,
    open: Vec<Slot>,
    is_open: Vec<bool>,
    kinds: Vec<Kind>,
    by_kind: FxHashMap<Kind, Thing>,
    pub(super) properties: FxHashMap<(Thing, Name), Slot>,
    /// Properties of things in the order of their coming, and who wants all of them.
    of_thing: Vec<OfThing>,
    /// Steps that are left.
    pub(super) budget: u64,
    /// Properties of one name are one slot, whatever they are properties of.
    pub(super) by_field: bool,
    fields: FxHashMap<Name, Slot>,
}

/// What is known of a thing.
#[derive(Debug, Default)]
pub(super) struct OfThing {
    pub(super) properties: Vec<(Name, Slot)>,
    /// Slots that all properties flow into.
    readers: Vec<Slot>,
    /// Things that all properties are copied to.
    copies: Vec<Thing>,
    pub(super) prototype: Slot,
    pub(super) getters: Vec<(Name, Slot)>,
    pub(super) setters: Vec<(Name, Slot)>,
    /// Reads and writes so far, for accessors that come later.
    pub(super) loads: Vec<(Name, Slot)>,
    pub(super) stores: Vec<(Name, Slot)>,
}

impl Solver {
    pub(super) fn new(budget: u64) -> Self {
        let mut solver = Solver {
            budget,
            ..Solver::default()
        };
        solver.slots(2);
        solver
    }

    pub(super) fn slot(&mut self) -> Slot {
        self.slots(1)
    }

    /// So many new slots; the first one.
    pub(super) fn slots(&mut self, count: usize) -> Slot {
        let first = self.things.len();
        let all = first + count;
        self.things.resize_with(all, Vec::new);
        self.handled.resize(all, 0);
        self.flows.resize_with(all, Vec::new);
        self.waits.resize_with(all, Vec::new);
        self.is_open.resize(all, false);
        first as Slot
    }

    /// The thing of a kind.
    pub(super) fn thing(&mut self, kind: Kind) -> Thing {
        let next = self.kinds.len() as Thing;
        let thing = *self.by_kind.entry(kind).or_insert(next);
        if thing == next {
            self.kinds.push(kind);
            self.of_thing.push(OfThing::default());
        }
        thing
    }

    pub(super) fn kind(&self, thing: Thing) -> Kind {
        self.kinds[thing as usize]
    }

    pub(super) fn of(&mut self, thing: Thing) -> &mut OfThing {
        &mut self.of_thing[thing as usize]
    }

    /// What a slot holds.
    pub(super) fn holds(&self, slot: Slot) -> &[Thing] {
        &self.things[slot as usize]
    }

    /// Takes a step; whether there was one left.
    pub(super) fn spend(&mut self) -> bool {
        self.budget = self.budget.saturating_sub(1);
        self.budget > 0
    }

    /// A thing comes to a slot.
    pub(super) fn put(&mut self, slot: Slot, thing: Thing) {
        if slot == NONE || self.things[slot as usize].len() >= MAX_THINGS || self.budget == 0 {
            return;
        }
        // Where a property does not depend on what it is a property of, nobody asks for these.
        let kind = self.kinds[thing as usize];
        let is_object = matches!(
            kind,
            Kind::Object(_) | Kind::Instance(..) | Kind::Prototype(_) | Kind::Exports(_)
        );
        if self.by_field && is_object {
            return;
        }
        // There are few: to look through them is quicker than any table.
        if !self.things[slot as usize].contains(&thing) && self.spend() {
            self.things[slot as usize].push(thing);
            self.touch(slot);
        }
    }

    fn touch(&mut self, slot: Slot) {
        if !self.is_open[slot as usize] {
            self.is_open[slot as usize] = true;
            self.open.push(slot);
        }
    }

    /// What comes to a slot comes to another.
    pub(super) fn flow(&mut self, from: Slot, to: Slot) {
        if from == NONE || to == NONE || from == to || !self.is_new_edge(from, to) {
            return;
        }
        self.flows[from as usize].push(to);
        for i in 0..self.handled[from as usize] as usize {
            let thing = self.things[from as usize][i];
            self.put(to, thing);
        }
    }

    fn is_new_edge(&mut self, from: Slot, to: Slot) -> bool {
        let flows = &self.flows[from as usize];
        if flows.len() < FEW_FLOWS {
            return !flows.contains(&to);
        }
        if flows.len() == FEW_FLOWS {
            self.edges.extend(flows.iter().map(|&flow| (from, flow)));
        }
        self.edges.insert((from, to))
    }

    /// Something waits for what comes to a slot. Gives what has come already.
    pub(super) fn wait(&mut self, slot: Slot, wait: Wait) -> Vec<Thing> {
        // Who waits in the same way twice would wait for ever where a slot comes to depend on itself.
        let is_known = match wait {
            Wait::Load(..) | Wait::Store(..) | Wait::Method(..) => false,
            wait => !self.waiting_already.insert((slot, wait)),
        };
        if slot == NONE || is_known {
            return Vec::new();
        }
        self.waits[slot as usize].push(wait);
        let handled = self.handled[slot as usize] as usize;
        self.things[slot as usize][..handled].to_vec()
    }

    /// The next thing that has come to a slot; `None` at the end, or when there are no steps left.
    pub(super) fn next(&mut self) -> Option<(Slot, Thing)> {
        loop {
            let &slot = self.open.last()?;
            let at = slot as usize;
            let next = self.handled[at] as usize;
            let Some(&thing) = self.things[at].get(next) else {
                self.open.pop();
                self.is_open[at] = false;
                continue;
            };
            if !self.spend() {
                return None;
            }
            self.handled[at] += 1;
            for i in 0..self.flows[at].len() {
                let to = self.flows[at][i];
                self.put(to, thing);
            }
            return Some((slot, thing));
        }
    }

    /// How much waits at a slot.
    pub(super) fn waiting(&self, slot: Slot) -> usize {
        self.waits[slot as usize].len()
    }

    /// What waits at a slot, by its number there.
    pub(super) fn waits(&self, slot: Slot, i: usize) -> Wait {
        self.waits[slot as usize][i]
    }

    /// Slots that a slot flows into.
    pub(super) fn flows_of(&self, slot: Slot) -> &[Slot] {
        &self.flows[slot as usize]
    }

    /// What waits at a slot.
    pub(super) fn waits_of(&self, slot: Slot) -> &[Wait] {
        &self.waits[slot as usize]
    }

    /// How many slots there are.
    pub(super) fn count(&self) -> usize {
        self.things.len()
    }

    /// The slot of a property of a thing.
    pub(super) fn property(&mut self, thing: Thing, name: Name) -> Slot {
        let is_list = matches!(self.kind(thing), Kind::Array(_) | Kind::Map(_));
        if self.by_field && !is_list && name != ANY {
            return self.field(name);
        }
        if let Some(&slot) = self.properties.get(&(thing, name)) {
            return slot;
        }
        let slot = self.slot();
        self.declare(thing, name, slot);
        slot
    }

    /// The slot of all properties of a name.
    pub(super) fn field(&mut self, name: Name) -> Slot {
        if let Some(&slot) = self.fields.get(&name) {
            return slot;
        }
        let slot = self.slot();
        self.fields.insert(name, slot);
        slot
    }

    /// A slot is that of a property of a thing.
    pub(super) fn declare(&mut self, thing: Thing, name: Name, slot: Slot) {
        self.properties.insert((thing, name), slot);
        self.of(thing).properties.push((name, slot));
        for i in 0..self.of(thing).readers.len() {
            let reader = self.of(thing).readers[i];
            self.flow(slot, reader);
        }
        for i in 0..self.of(thing).copies.len() {
            let to = self.of(thing).copies[i];
            let copy = self.property(to, name);
            self.flow(slot, copy);
        }
    }

    /// All properties of a thing flow into a slot.
    pub(super) fn all_properties(&mut self, thing: Thing, to: Slot) {
        if self.of(thing).readers.contains(&to) {
            return;
        }
        self.of(thing).readers.push(to);
        for i in 0..self.of(thing).properties.len() {
            let slot = self.of(thing).properties[i].1;
            self.flow(slot, to);
        }
    }

    /// All properties of a thing are copied to another.
    pub(super) fn copy_properties(&mut self, from: Thing, to: Thing) {
        let is_list = |kind| matches!(kind, Kind::Array(_) | Kind::Map(_));
        if self.by_field && !(is_list(self.kind(from)) && is_list(self.kind(to))) {
            return;
        }
        if from == to || self.of(from).copies.contains(&to) || !self.spend() {
            return;
        }
        self.of(from).copies.push(to);
        for i in 0..self.of(from).properties.len() {
            let (name, slot) = self.of(from).properties[i];
            let copy = self.property(to, name);
            self.flow(slot, copy);
        }
    }

    /// The slot of what a thing inherits from.
    pub(super) fn prototype(&mut self, thing: Thing) -> Slot {
        if self.of(thing).prototype == NONE {
            let slot = self.slot();
            self.of(thing).prototype = slot;
        }
        self.of(thing).prototype
    }

    /// The thing of a kind, if there is one.
    pub(super) fn known(&self, kind: Kind) -> Option<Thing> {
        self.by_kind.get(&kind).copied()
    }

    /// Its getters and setters by name.
    pub(super) fn accessors_of(&self, thing: Thing) -> impl Iterator<Item = (Name, Slot)> + '_ {
        let of = &self.of_thing[thing as usize];
        of.getters.iter().chain(&of.setters).copied()
    }

    /// Its getters by name.
    pub(super) fn getters_of(&self, thing: Thing) -> &[(Name, Slot)] {
        &self.of_thing[thing as usize].getters
    }

    /// Its setters by name.
    pub(super) fn setters_of(&self, thing: Thing) -> &[(Name, Slot)] {
        &self.of_thing[thing as usize].setters
    }

    /// The properties of a thing.
    pub(super) fn properties_of(&self, thing: Thing) -> impl Iterator<Item = (Name, Slot)> + '_ {
        self.of_thing[thing as usize].properties.iter().copied()
    }

    /// The slot of what a thing inherits from, if it was asked for.
    pub(super) fn known_prototype(&self, thing: Thing) -> Slot {
        self.of_thing[thing as usize].prototype
    }
}
