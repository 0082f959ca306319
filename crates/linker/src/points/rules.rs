//! What happens when a thing comes to where something waits for it.

use super::natives;
use super::solve::{ANY, Kind, NONE, Name, Slot, Thing, This, UNKNOWN, Wait};
use super::world::World;
use super::{Reach, Way};

impl World<'_, '_> {
    /// Handles what there is, until nothing more comes.
    pub(super) fn solve(&mut self) {
        loop {
            while let Some((thing, wait)) = self.pending.pop() {
                if !self.solver.spend() {
                    return;
                }
                self.handle(thing, wait);
            }
            let Some((slot, thing)) = self.solver.next() else {
                return;
            };
            // What comes to wait now has been given the thing already.
            for i in 0..self.solver.waiting(slot) {
                let wait = self.solver.waits(slot, i);
                self.pending.push((thing, wait));
            }
        }
    }

    fn handle(&mut self, thing: Thing, wait: Wait) {
        match wait {
            Wait::Load(name, to) => self.load(thing, name, to),
            Wait::Store(name, from) => self.store(thing, name, from),
            Wait::Call(site, this, skip) => self.call(site, thing, this, skip),
            Wait::Apply(site, this, list) => self.apply(site, thing, this, list),
            Wait::Method(site, name) => {
                let is_list = matches!(self.solver.kind(thing), Kind::Array(_) | Kind::Map(_));
                if is_list && !natives::is_method(self.text(name)) {
                    let result = self.sites[site as usize].result;
                    self.solver.flow(UNKNOWN, result);
                }
                let slot = self.solver.slot();
                self.called_methods.insert(slot, site);
                self.load(thing, name, slot);
                self.wait(slot, Wait::Call(site, This::Thing(thing), 0));
            }
            Wait::New(site) => self.construct(site, thing, None),
            Wait::NewApply(site, list) => self.construct(site, thing, Some(list)),
            Wait::Native(site, path, skip) => self.native(site, path, This::Thing(thing), skip),
            Wait::Super(site, this) => self.superior(site, thing, this),
            Wait::Construct(site, instance) => self.inherited_constructor(site, thing, instance),
            Wait::Inherit(class) => self.inherit(class, thing),
            Wait::CopyTo(to) => self.copy(thing, to),
            Wait::CopyFrom(from) => self.wait(from, Wait::CopyTo(thing)),
            Wait::Descriptor(of, name) => self.describe(of, name, thing),
            Wait::Descriptors(of) if self.descriptors.contains_key(&thing) => {
                let from = self.descriptors[&thing];
                self.wait(from, Wait::CopyTo(of));
            }
            Wait::Descriptors(of) => {
                for i in 0..self.solver.of(thing).properties.len() {
                    let (name, slot) = self.solver.of(thing).properties[i];
                    self.wait(slot, Wait::Descriptor(of, name));
                }
            }
            Wait::Described(name, from) => self.wait(from, Wait::Descriptor(thing, name)),
            Wait::DescribedAll(from) => self.wait(from, Wait::Descriptors(thing)),
            Wait::SetPrototype(from) => {
                let to = self.solver.prototype(thing);
                self.solver.flow(from, to);
            }
            Wait::Element(to) => self.element(thing, to),
            Wait::Get(to, this) => self.get(thing, to, this),
            Wait::Set(from, this) => self.set(thing, from, this),
            Wait::Up(name, from, this) => self.up(thing, name, from, this),
            Wait::Inherits(from) => {
                let prototype = self.prototype_thing(thing);
                let to = self.solver.prototype(prototype);
                let name = self.name("prototype");
                self.wait(from, Wait::Load(name, to));
                let name = self.name("super_");
                let to = self.solver.property(thing, name);
                self.solver.flow(from, to);
            }
            Wait::Callback(site, given, result) => self.callback(site, thing, given, result),
            Wait::Iterator(to, on) => self.iterator(thing, to, on),
            Wait::Next(to) => self.next_of(thing, to),
            Wait::Step(to, on) => self.step(thing, to, on),
            Wait::Result(to) => self.result_of(thing, to),
            Wait::Render(site) => self.render(site, thing),
            Wait::Trap(target) => self.trap(thing, target),
            Wait::Trapped(site, skip, at) => self.trapped(site, thing, skip, at),
        }
    }

    /// The prototype that a function or class has from the beginning.
    pub(super) fn prototype_thing(&mut self, of: Thing) -> Thing {
        self.solver.thing(Kind::Prototype(of))
    }

    /// Reads a property of a thing, its own or inherited.
    pub(super) fn load(&mut self, thing: Thing, name: Name, to: Slot) {
        if to == NONE || !self.loaded.insert((thing, name, to)) {
            return;
        }
        let kind = self.solver.kind(thing);
        if self.special(thing, kind, name, to) {
            return;
        }
        if name == ANY {
            self.solver.all_properties(thing, to);
        } else {
            let own = self.solver.property(thing, name);
            self.solver.flow(own, to);
            // The elements of an array are no members of other names.
            let is_element = self.text(name).bytes().all(|b| b.is_ascii_digit());
            let is_list = matches!(kind, Kind::Array(_) | Kind::Map(_));
            if is_element && !is_list {
                self.numbered.push((thing, name, to));
                let iterators = self.solver.slot();
                self.iterate_by(thing, iterators, to);
            }
            if is_element || !is_list {
                let any = self.solver.property(thing, ANY);
                self.solver.flow(any, to);
            }
        }
        for i in 0..self.solver.of(thing).getters.len() {
            let (of, getter) = self.solver.of(thing).getters[i];
            if of == name || of == ANY || name == ANY {
                self.wait(getter, Wait::Get(to, thing));
            }
        }
        if self.solver.by_field {
            return;
        }
        self.solver.of(thing).loads.push((name, to));
        let prototype = self.solver.prototype(thing);
        self.wait(prototype, Wait::Load(name, to));
    }

    /// What the language itself says of a property; whether that is all.
    fn special(&mut self, thing: Thing, kind: Kind, name: Name, to: Slot) -> bool {
        let text = self.text(name);
        match text {
            "..." => {
                // The rest of a list is another one: nobody tells where it begins.
                let is_list = matches!(kind, Kind::Array(_));
                let rest = if is_list {
                    self.solver.thing(Kind::Array(to))
                } else {
                    thing
                };
                if rest != thing {
                    let elements = self.solver.property(rest, ANY);
                    self.solver.all_properties(thing, elements);
                }
                self.solver.put(to, rest);
                return true;
            }
            "__proto__" => {
                let from = self.solver.prototype(thing);
                self.solver.flow(from, to);
                return true;
            }
            "then" | "catch" | "finally" => {
                let path = format!("Promise.prototype.{text}");
                self.put_native(&path, to);
            }
            _ => {}
        }
        let text = self.text(name);
        match kind {
            Kind::Native(path) => {
                if matches!(text, "call" | "apply" | "bind") {
                    let path = format!("Function.prototype.{text}");
                    self.put_native(&path, to);
                } else if name != ANY
                    && let Some(path) = natives::member(self.text(path), text)
                {
                    self.put_native(&path, to);
                }
                return true;
            }
            Kind::Exports(u32::MAX) => {
                if name != ANY {
                    let from = self.global_slot(name);
                    self.solver.flow(from, to);
                }
                return true;
            }
            Kind::Function(_) | Kind::Class(_) | Kind::Bound(..) => match text {
                "prototype" => {
                    let prototype = self.prototype_thing(thing);
                    self.solver.put(to, prototype);
                }
                "call" | "apply" | "bind" => {
                    let path = format!("Function.prototype.{text}");
                    self.put_native(&path, to);
                }
                _ => {}
            },
            Kind::Prototype(of) if text == "constructor" => self.solver.put(to, of),
            Kind::Array(_) => match text {
                "value" => {
                    self.solver.all_properties(thing, to);
                    if let Some(&[last, _]) = self.generators.get(&thing) {
                        self.solver.flow(last, to);
                    }
                }
                text if natives::is_array_method(text) => {
                    let path = format!("Array.prototype.{text}");
                    self.put_native(&path, to);
                    return true;
                }
                _ if self.extended.contains(&name) => {
                    let from = self.native_member("Array.prototype", name);
                    self.solver.flow(from, to);
                }
                _ => {}
            },
            Kind::Map(_) if natives::is_map_method(text) => {
                let path = format!("Map.prototype.{text}");
                self.put_native(&path, to);
                return true;
            }
            _ => {}
        }
        false
    }

    pub(super) fn put_native(&mut self, path: &str, to: Slot) {
        let path = self.name(path);
        let thing = self.solver.thing(Kind::Native(path));
        self.solver.put(to, thing);
    }

    pub(super) fn store(&mut self, thing: Thing, name: Name, from: Slot) {
        if from == NONE {
            return;
        }
        match self.solver.kind(thing) {
            Kind::Native(path) => {
                if self.extended.contains(&name) && self.text(path).ends_with(".prototype") {
                    let to = self.solver.property(thing, name);
                    self.solver.flow(from, to);
                }
                return;
            }
            Kind::Exports(u32::MAX) => {
                let to = self.global_slot(name);
                self.solver.flow(from, to);
                return;
            }
            _ => {}
        }
        if self.text(name) == "__proto__" {
            let to = self.solver.prototype(thing);
            self.solver.flow(from, to);
            return;
        }
        let to = self.solver.property(thing, name);
        self.solver.flow(from, to);
        self.solver.of(thing).stores.push((name, from));
        self.up(thing, name, from, thing);
    }

    /// Setters of a property, in a thing and in what it inherits from.
    fn up(&mut self, thing: Thing, name: Name, from: Slot, this: Thing) {
        for i in 0..self.solver.of(thing).setters.len() {
            let (of, setter) = self.solver.of(thing).setters[i];
            if of == name || of == ANY || name == ANY {
                self.wait(setter, Wait::Set(from, this));
            }
        }
        let prototype = self.solver.prototype(thing);
        self.wait(prototype, Wait::Up(name, from, this));
    }

    fn get(&mut self, getter: Thing, to: Slot, this: Thing) {
        if let Kind::Function(f) = self.solver.kind(getter) {
            let function = self.functions[f as usize];
            self.solver.flow(function.returned, to);
            if !self.proxies.contains_key(&this) {
                self.solver.put(function.this, this);
            }
            self.read.push((to, f));
        }
    }

    fn set(&mut self, setter: Thing, from: Slot, this: Thing) {
        if let Kind::Function(f) = self.solver.kind(setter) {
            let function = self.functions[f as usize];
            let at = self.value_parameter(this);
            if function.count > at {
                self.solver.flow(from, function.parameters + at);
            }
            if at == 0 {
                self.solver.put(function.this, this);
            }
        }
    }

    /// What iterating over a thing gives.
    fn element(&mut self, thing: Thing, to: Slot) {
        match self.solver.kind(thing) {
            Kind::Map(slot) => {
                let entry = self.map_entry(thing, slot);
                self.solver.put(to, entry);
            }
            Kind::Array(_) => self.solver.all_properties(thing, to),
            Kind::Native(_) => self.solver.flow(UNKNOWN, to),
            _ => self.iterate(thing, to),
        }
    }

    /// The pair of key and value that iterating over a map gives.
    pub(super) fn map_entry(&mut self, map: Thing, slot: Slot) -> Thing {
        let entry = self.solver.thing(Kind::Array(slot));
        let one = self.name("1");
        let value = self.solver.property(entry, one);
        self.solver.all_properties(map, value);
        entry
    }

    /// A slot with all elements of a thing.
    pub(super) fn elements_of(&mut self, thing: Thing) -> Slot {
        if let Some(&slot) = self.elements.get(&thing) {
            return slot;
        }
        let slot = self.solver.slot();
        self.elements.insert(thing, slot);
        self.solver.all_properties(thing, slot);
        slot
    }

    /// A slot with nothing but a thing.
    pub(super) fn slot_of(&mut self, thing: Thing) -> Slot {
        if let Some(&slot) = self.alone.get(&thing) {
            return slot;
        }
        let slot = self.solver.slot();
        self.alone.insert(thing, slot);
        self.solver.put(slot, thing);
        slot
    }

    fn copy(&mut self, from: Thing, to: Thing) {
        if matches!(
            self.solver.kind(from),
            Kind::Native(_) | Kind::Exports(u32::MAX)
        ) {
            return;
        }
        self.solver.copy_properties(from, to);
        for i in 0..self.solver.of(from).getters.len() {
            let (name, getter) = self.solver.of(from).getters[i];
            let slot = self.solver.property(to, name);
            self.wait(getter, Wait::Get(slot, from));
        }
    }

    /// A descriptor says what a property is.
    fn describe(&mut self, of: Thing, name: Name, descriptor: Thing) {
        if let Some(&from) = self.descriptors.get(&descriptor) {
            // Of whatever property it is, that keeps its name mostly.
            self.wait(from, Wait::CopyTo(of));
            return;
        }
        let value = self.name("value");
        let to = self.solver.property(of, name);
        self.load(descriptor, value, to);
        let (get, set) = (self.name("get"), self.name("set"));
        let getter = self.solver.property(descriptor, get);
        let setter = self.solver.property(descriptor, set);
        if !self.solver.of(of).getters.contains(&(name, getter)) {
            self.solver.of(of).getters.push((name, getter));
            self.solver.of(of).setters.push((name, setter));
            for i in 0..self.solver.of(of).loads.len() {
                let (read, to) = self.solver.of(of).loads[i];
                if read == name || name == ANY {
                    self.wait(getter, Wait::Get(to, of));
                }
            }
            for i in 0..self.solver.of(of).stores.len() {
                let (written, from) = self.solver.of(of).stores[i];
                if written == name || name == ANY {
                    self.wait(setter, Wait::Set(from, of));
                }
            }
        }
    }

    /// What is given for a parameter of a function, by position.
    pub(super) fn parameter(&mut self, f: u32, at: u32) -> [Slot; 2] {
        let function = self.functions[f as usize];
        let own = match function.rest {
            Some((rest, array)) if rest <= at => {
                let name = self.index_name(at - rest);
                self.solver.property(array, name)
            }
            _ if at < function.count => function.parameters + at,
            _ => NONE,
        };
        let listed = match function.arguments {
            Some(arguments) => {
                let name = self.index_name(at);
                self.solver.property(arguments, name)
            }
            None => NONE,
        };
        [own, listed]
    }

    pub(super) fn pass(&mut self, from: Slot, f: u32, at: u32) {
        for to in self.parameter(f, at) {
            self.solver.flow(from, to);
        }
    }

    /// Arguments of a site from one on are those of a function, which has so many already.
    pub(super) fn pass_all(&mut self, site: u32, skip: u8, f: u32, given: u32) {
        let count = self.sites[site as usize].arguments.len();
        let mut spread = false;
        for (at, k) in (given..).zip(usize::from(skip)..count) {
            let (slot, is_spread) = self.sites[site as usize].arguments[k];
            if is_spread {
                self.pass_list(slot, f, at, k + 1 == count && !spread);
                spread = true;
            } else if spread {
                // Nobody knows how many came before.
                for to in self.places_from(f, at) {
                    self.solver.flow(slot, to);
                }
            } else {
                self.pass(slot, f, at);
            }
        }
    }

    /// Where an argument may arrive whose position is not known.
    fn places_from(&mut self, f: u32, at: u32) -> Vec<Slot> {
        let function = self.functions[f as usize];
        let last = function.rest.map_or(function.count, |rest| rest.0);
        let mut places: Vec<Slot> = (at..last).map(|p| function.parameters + p).collect();
        let lists = [function.rest.map(|rest| rest.1), function.arguments];
        for list in lists.into_iter().flatten() {
            places.push(self.solver.property(list, ANY));
        }
        places
    }

    /// The elements of a list are the arguments from a position on.
    fn pass_list(&mut self, list: Slot, f: u32, at: u32, in_order: bool) {
        if !in_order {
            for to in self.places_from(f, at) {
                self.wait(list, Wait::Load(ANY, to));
            }
            return;
        }
        let function = self.functions[f as usize];
        let last = function.rest.map_or(function.count, |rest| rest.0);
        for position in at..last {
            let name = self.index_name(position - at);
            self.wait(list, Wait::Load(name, function.parameters + position));
        }
        let lists = [function.rest.map(|rest| rest.1), function.arguments];
        for thing in lists.into_iter().flatten() {
            let to = self.solver.property(thing, ANY);
            self.wait(list, Wait::Load(ANY, to));
        }
    }

    pub(super) fn reach(&mut self, site: u32, f: u32, way: Way, shift: i32, applies: bool) {
        let reach = Reach {
            way,
            shift,
            applies,
            is_complete: false,
        };
        self.reached.entry((site, f)).or_insert(reach);
    }

    pub(super) fn run_on(&mut self, f: u32, this: This) {
        let to = self.functions[f as usize].this;
        match this {
            This::Thing(thing) => self.solver.put(to, thing),
            This::Slot(from) => self.solver.flow(from, to),
            This::Nothing => {
                // Nothing is the global object, outside of strict code.
                if self.is_script(self.functions[f as usize].module) {
                    self.solver.put(to, self.global);
                }
            }
        }
    }

    pub(super) fn result(&mut self, f: u32, to: Slot) {
        let function = self.functions[f as usize];
        match function.generator {
            Some(generator) => self.solver.put(to, generator),
            None => self.solver.flow(function.returned, to),
        }
    }

    pub(super) fn call(&mut self, site: u32, callee: Thing, this: This, skip: u8) {
        let has = self.sites[site as usize].arguments.len();
        if usize::from(skip) > has + 1 || !self.called.insert((site, callee, this, skip)) {
            return;
        }
        let result = self.sites[site as usize].result;
        match self.solver.kind(callee) {
            Kind::Function(f) => {
                self.reach(site, f, Way::Called, i32::from(skip), false);
                // By names alone a call may run so much that what it passes says nothing any more.
                if self.solver.by_field && !self.sites[site as usize].is_lexical {
                    return;
                }
                self.pass_all(site, skip, f, 0);
                self.run_on(f, this);
                self.result(f, result);
            }
            Kind::Bound(binder, target) => {
                let given = self.sites[binder as usize].arguments.len() as u32;
                let given = given.saturating_sub(1);
                if let Kind::Function(f) = self.solver.kind(target) {
                    let shift = i32::from(skip) - given as i32;
                    self.reach(site, f, Way::Called, shift, false);
                    self.pass_bound(binder, f);
                    self.pass_all(site, skip, f, given);
                    self.result(f, result);
                } else if let Kind::Native(path) = self.solver.kind(target) {
                    self.native_bound(site, binder, path, skip);
                }
            }
            Kind::Instance(..) if self.proxies.contains_key(&callee) => {
                self.run_proxy(site, callee, "apply", skip);
            }
            Kind::Settles(value) => {
                if let Some(&(from, _)) = self.sites[site as usize].arguments.get(usize::from(skip))
                {
                    self.solver.flow(from, value);
                }
            }
            Kind::Native(path) => self.native(site, path, this, skip),
            _ => {}
        }
    }

    /// What `bind` gave before a call: `this`, and the first arguments.
    fn pass_bound(&mut self, binder: u32, f: u32) {
        self.pass_all(binder, 1, f, 0);
        if let Some(&(this, _)) = self.sites[binder as usize].arguments.first() {
            self.run_on(f, This::Slot(this));
        }
    }

    /// A call with a list of arguments.
    fn apply(&mut self, site: u32, callee: Thing, this: This, list: u8) {
        let result = self.sites[site as usize].result;
        let slot = self.sites[site as usize]
            .arguments
            .get(usize::from(list))
            .map_or(NONE, |a| a.0);
        match self.solver.kind(callee) {
            Kind::Function(f) => {
                self.reach(site, f, Way::Called, i32::from(list), true);
                self.pass_list(slot, f, 0, true);
                self.run_on(f, this);
                self.result(f, result);
            }
            Kind::Bound(binder, target) => {
                if let Kind::Function(f) = self.solver.kind(target) {
                    let given = self.sites[binder as usize].arguments.len() as u32;
                    self.reach(site, f, Way::Called, i32::from(list), true);
                    self.pass_bound(binder, f);
                    self.pass_list(slot, f, given.saturating_sub(1), true);
                    self.result(f, result);
                }
            }
            Kind::Native(path) => {
                if self.text(path) == "Array.prototype.push"
                    && let This::Slot(on) = this
                {
                    let name = ANY;
                    let elements = self.solver.slot();
                    self.wait(slot, Wait::Load(ANY, elements));
                    self.wait(on, Wait::Store(name, elements));
                } else {
                    self.foreign(site);
                }
            }
            _ => {}
        }
    }

    fn pass_constructor(&mut self, site: u32, f: u32, list: Option<u8>) {
        match list {
            None => self.pass_all(site, 0, f, 0),
            Some(list) => {
                let slot = self.sites[site as usize]
                    .arguments
                    .get(usize::from(list))
                    .map_or(NONE, |a| a.0);
                self.pass_list(slot, f, 0, true);
            }
        }
        let shift = i32::from(list.unwrap_or(0));
        self.reach(site, f, Way::Called, shift, list.is_some());
    }

    /// `new`.
    fn construct(&mut self, site: u32, callee: Thing, list: Option<u8>) {
        let result = self.sites[site as usize].result;
        match self.solver.kind(callee) {
            Kind::Class(c) => {
                let class = self.classes[c as usize];
                let instance = self.solver.thing(Kind::Instance(site, callee));
                let prototype = self.solver.prototype(instance);
                self.solver.put(prototype, class.prototype);
                self.solver.put(class.this, instance);
                self.solver.put(result, instance);
                match class.constructor {
                    Some(f) => self.pass_constructor(site, f, list),
                    None => self.wait(class.extends, Wait::Construct(site, instance)),
                }
            }
            Kind::Function(f) => {
                let function = self.functions[f as usize];
                let instance = self.solver.thing(Kind::Instance(site, callee));
                let to = self.solver.prototype(instance);
                let name = self.name("prototype");
                let own = self.solver.property(callee, name);
                self.solver.flow(own, to);
                let prototype = self.prototype_thing(callee);
                self.solver.put(to, prototype);
                self.solver.put(function.this, instance);
                self.solver.put(result, instance);
                self.solver.flow(function.returned, result);
                self.pass_constructor(site, f, list);
            }
            Kind::Bound(_, target) => self.construct(site, target, list),
            Kind::Instance(..) if self.proxies.contains_key(&callee) => {
                self.run_proxy(site, callee, "construct", 0);
            }
            Kind::Native(path) => self.native_new(site, callee, path),
            _ => {}
        }
    }

    /// `super()`.
    fn superior(&mut self, site: u32, parent: Thing, this: Slot) {
        match self.solver.kind(parent) {
            Kind::Class(c) => {
                let class = self.classes[c as usize];
                self.solver.flow(this, class.this);
                match class.constructor {
                    Some(f) => self.pass_constructor(site, f, None),
                    None => self.wait(class.extends, Wait::Super(site, this)),
                }
            }
            Kind::Function(f) => {
                self.run_on(f, This::Slot(this));
                self.pass_constructor(site, f, None);
            }
            _ => {}
        }
    }

    /// The constructor that a class inherits, which has none of its own.
    fn inherited_constructor(&mut self, site: u32, parent: Thing, instance: Thing) {
        match self.solver.kind(parent) {
            Kind::Class(c) => {
                let class = self.classes[c as usize];
                self.solver.put(class.this, instance);
                match class.constructor {
                    Some(f) => self.pass_constructor(site, f, None),
                    None => self.wait(class.extends, Wait::Construct(site, instance)),
                }
            }
            Kind::Function(f) => {
                self.run_on(f, This::Thing(instance));
                self.pass_constructor(site, f, None);
            }
            _ => {}
        }
    }

    fn inherit(&mut self, class: u32, parent: Thing) {
        let class = self.classes[class as usize];
        let prototype = self.solver.prototype(class.prototype);
        let statics = self.solver.prototype(class.thing);
        self.solver.put(statics, parent);
        match self.solver.kind(parent) {
            Kind::Class(p) => {
                let of = self.classes[p as usize].prototype;
                self.solver.put(prototype, of);
            }
            Kind::Function(_) => {
                let name = self.name("prototype");
                self.load(parent, name, prototype);
            }
            Kind::Native(path) => {
                let path = format!("{}.prototype", self.text(path));
                self.put_native(&path, prototype);
            }
            _ => {}
        }
    }

    /// A function of the language calls a function.
    fn callback(&mut self, site: u32, callee: Thing, given: [Slot; 3], result: Slot) {
        let (f, skip) = match self.solver.kind(callee) {
            Kind::Function(f) => (f, 0),
            Kind::Bound(binder, target) => match self.solver.kind(target) {
                Kind::Function(f) => {
                    self.pass_bound(binder, f);
                    let given = self.sites[binder as usize].arguments.len() as u32;
                    (f, given.saturating_sub(1))
                }
                _ => return,
            },
            Kind::Settles(value) => {
                self.solver.flow(given[0], value);
                return;
            }
            _ => {
                self.solver.flow(UNKNOWN, result);
                return;
            }
        };
        self.reach(site, f, Way::Callback, 0, false);
        for (at, from) in (0..).zip(given) {
            if from != NONE {
                self.pass(from, f, skip + at);
            }
        }
        self.result(f, result);
    }
}
