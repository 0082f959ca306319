//! What the language asks of objects by themselves: iterators, traps of proxies, components.

use graph_model::summary::Shape;

use super::Way;
use super::solve::{ANY, Kind, Name, Slot, Thing, This, Wait};
use super::world::{World, is_global_object};

impl World<'_, '_> {
    /// Names that a module adds to prototypes of the language, and to the global object.
    pub(super) fn extensions(&mut self, m: u32) {
        let s = &self.of(m).summary;
        for write in &s.writes {
            if let Shape::Global(object) = *s.shape(write.object)
                && is_global_object(s.name(object))
            {
                let name = self.sym(m, write.name);
                self.written.insert(name);
            }
            if let Shape::Member(class, prototype) = *s.shape(write.object)
                && let Shape::Global(class) = *s.shape(class)
                && s.name(prototype) == "prototype"
                && matches!(s.name(class), "Array" | "String")
            {
                let name = self.sym(m, write.name);
                self.extended.insert(name);
            }
        }
    }

    /// The slot of a member of something of the language that programs add to it.
    pub(super) fn native_member(&mut self, path: &str, name: Name) -> Slot {
        let path = self.name(path);
        let of = self.solver.thing(Kind::Native(path));
        self.solver.property(of, name)
    }

    /// The property that an argument names; any where it is not known.
    pub(super) fn named_by(&mut self, site: u32, at: usize) -> Name {
        let m = self.sites[site as usize].module;
        let s = &self.of(m).summary;
        let call = site - self.first_site(m);
        let arguments = s.calls[call as usize].arguments.of(&s.arguments);
        match arguments.get(at).map(|a| *s.shape(a.shape)) {
            Some(Shape::Text(name)) => self.sym(m, name),
            _ => ANY,
        }
    }

    /// The slots of what a generator returns, and of what is sent to it.
    fn generator(&mut self, generator: Thing) -> [Slot; 2] {
        if let Some(&slots) = self.generators.get(&generator) {
            return slots;
        }
        let slots = [self.solver.slot(), self.solver.slot()];
        self.generators.insert(generator, slots);
        slots
    }

    pub(super) fn last_of(&mut self, generator: Thing) -> Slot {
        self.generator(generator)[0]
    }

    pub(super) fn sent_to(&mut self, generator: Thing) -> Slot {
        self.generator(generator)[1]
    }

    /// What iterating over a thing gives that has a method for it.
    pub(super) fn iterate(&mut self, thing: Thing, to: Slot) {
        let iterators = self.solver.slot();
        if self.iterate_by(thing, iterators, to) {
            self.iterated.push((iterators, to));
        }
    }

    /// The same, where the slot of the methods is known; whether it was not asked for before.
    pub(super) fn iterate_by(&mut self, thing: Thing, iterators: Slot, to: Slot) -> bool {
        for name in ["@@iterator", "@@asyncIterator"] {
            let name = self.name(name);
            if !self.loaded.insert((thing, name, to)) {
                return false;
            }
            self.load(thing, name, iterators);
        }
        self.wait(iterators, Wait::Iterator(to, thing));
        true
    }

    /// A method gives an iterator.
    pub(super) fn iterator(&mut self, method: Thing, to: Slot, on: Thing) {
        if let Kind::Function(f) = self.solver.kind(method) {
            let iterator = self.solver.slot();
            self.run_on(f, This::Thing(on));
            self.result(f, iterator);
            self.wait(iterator, Wait::Next(to));
        }
    }

    /// The elements of an iterator.
    pub(super) fn next_of(&mut self, iterator: Thing, to: Slot) {
        match self.solver.kind(iterator) {
            Kind::Array(_) | Kind::Map(_) => self.wait_element(iterator, to),
            _ => {
                let name = self.name("next");
                let next = self.solver.slot();
                self.load(iterator, name, next);
                self.wait(next, Wait::Step(to, iterator));
            }
        }
    }

    fn wait_element(&mut self, list: Thing, to: Slot) {
        let alone = self.slot_of(list);
        self.wait(alone, Wait::Element(to));
    }

    /// A step of an iterator: its `value` is an element.
    pub(super) fn step(&mut self, next: Thing, to: Slot, on: Thing) {
        if let Kind::Function(f) = self.solver.kind(next) {
            let step = self.solver.slot();
            self.run_on(f, This::Thing(on));
            self.result(f, step);
            let value = self.name("value");
            self.wait(step, Wait::Load(value, to));
        }
    }

    /// What a generator returns.
    pub(super) fn result_of(&mut self, generator: Thing, to: Slot) {
        if let Some(&[last, _]) = self.generators.get(&generator) {
            self.solver.flow(last, to);
        }
    }

    /// A component is rendered with what an element gives it.
    pub(super) fn render(&mut self, site: u32, component: Thing) {
        match self.solver.kind(component) {
            Kind::Function(f) => {
                self.pass_all(site, 0, f, 0);
                self.reach(site, f, Way::Called, 0, false);
            }
            Kind::Class(c) => {
                let class = self.classes[c as usize];
                let instance = self.solver.thing(Kind::Instance(site, component));
                let prototype = self.solver.prototype(instance);
                self.solver.put(prototype, class.prototype);
                self.solver.put(class.this, instance);
                let props = self.argument(site, 0);
                let name = self.name("props");
                let to = self.solver.property(instance, name);
                self.solver.flow(props, to);
                if let Some(f) = class.constructor {
                    self.pass(props, f, 0);
                }
            }
            _ => {}
        }
    }

    /// A proxy, from the arguments with what it stands for and its handler.
    pub(super) fn proxy(&mut self, site: u32, callee: Thing, at: [usize; 2], to: Slot) {
        let [target, handler] = at.map(|at| self.argument(site, at));
        let proxy = self.solver.thing(Kind::Instance(site, callee));
        self.proxies.insert(proxy, [handler, target]);
        for trap in ["get", "set"] {
            let name = self.name(trap);
            let slot = self.solver.slot();
            self.wait(handler, Wait::Load(name, slot));
            self.wait(slot, Wait::Trap(target));
            let of = self.solver.of(proxy);
            match trap {
                "get" => of.getters.push((ANY, slot)),
                _ => of.setters.push((ANY, slot)),
            }
        }
        self.solver.put(to, proxy);
        // What no trap is for reaches the target.
        self.solver.flow(target, to);
    }

    /// Which parameter of a thing's setters gets the value: the trap of a proxy gets it after the target and the property.
    pub(super) fn value_parameter(&self, thing: Thing) -> u32 {
        match self.proxies.contains_key(&thing) {
            true => 2,
            false => 0,
        }
    }

    /// A trap gets the target first.
    pub(super) fn trap(&mut self, trap: Thing, target: Slot) {
        if let Kind::Function(f) = self.solver.kind(trap) {
            self.pass(target, f, 0);
        }
    }

    /// A proxy is called, or instances of it are made.
    pub(super) fn run_proxy(&mut self, site: u32, proxy: Thing, trap: &str, skip: u8) {
        let [handler, target] = self.proxies[&proxy];
        // The list of arguments stands after `this`, or after the target.
        let at = if trap == "apply" { 2 } else { 1 };
        let name = self.name(trap);
        let slot = self.solver.slot();
        self.wait(handler, Wait::Load(name, slot));
        self.wait(slot, Wait::Trap(target));
        self.wait(slot, Wait::Trapped(site, skip, at));
    }

    /// The trap of a proxy runs where a site calls it: the arguments are a list.
    pub(super) fn trapped(&mut self, site: u32, trap: Thing, skip: u8, at: u8) {
        let Kind::Function(f) = self.solver.kind(trap) else {
            return;
        };
        let list = self.solver.slot();
        let array = self.solver.thing(Kind::Array(list));
        let elements = self.solver.property(array, ANY);
        for k in usize::from(skip)..self.sites[site as usize].arguments.len() {
            let from = self.argument(site, k);
            self.solver.flow(from, elements);
        }
        self.solver.put(list, array);
        self.pass(list, f, u32::from(at));
        self.reach(site, f, Way::Callback, 0, false);
        let result = self.sites[site as usize].result;
        self.result(f, result);
    }
}
