//! What functions of the language, and of Node, do with functions and objects.

use super::solve::{ANY, Kind, NONE, Name, Slot, Thing, This, UNKNOWN, Wait};
use super::world::World;

/// Names of the global object of which something is known.
pub(super) fn is_known(name: &str) -> bool {
    matches!(
        name,
        "Object"
            | "Array"
            | "Function"
            | "Promise"
            | "Map"
            | "WeakMap"
            | "Set"
            | "WeakSet"
            | "Reflect"
            | "Proxy"
            | "setTimeout"
            | "setInterval"
            | "setImmediate"
            | "queueMicrotask"
            | "requestAnimationFrame"
            | "process"
    )
}

/// A member of such a thing, by its path; none where the path would say nothing.
pub(super) fn member(path: &str, name: &str) -> Option<String> {
    let joined = format!("{path}.{name}");
    (joined.split('.').count() <= 4).then_some(joined)
}

pub(super) fn is_array_method(name: &str) -> bool {
    matches!(
        name,
        "forEach"
            | "map"
            | "filter"
            | "find"
            | "findIndex"
            | "findLast"
            | "findLastIndex"
            | "some"
            | "every"
            | "flatMap"
            | "reduce"
            | "reduceRight"
            | "sort"
            | "toSorted"
            | "push"
            | "unshift"
            | "add"
            | "pop"
            | "shift"
            | "at"
            | "slice"
            | "concat"
            | "reverse"
            | "toReversed"
            | "splice"
            | "flat"
            | "fill"
            | "values"
            | "entries"
            | "next"
    )
}

/// Names that methods of the language have.
pub(super) fn is_method(name: &str) -> bool {
    is_array_method(name)
        || is_map_method(name)
        || matches!(
            name,
            "call" | "apply" | "bind" | "then" | "catch" | "finally"
        )
}

pub(super) fn is_map_method(name: &str) -> bool {
    matches!(
        name,
        "get" | "set" | "forEach" | "values" | "entries" | "keys"
    )
}

impl World<'_, '_> {
    pub(super) fn argument(&self, site: u32, at: usize) -> Slot {
        let arguments = &self.sites[site as usize].arguments;
        arguments
            .get(at)
            .filter(|a| !a.1)
            .map_or(NONE, |argument| argument.0)
    }

    /// The array that a call gives.
    fn array_result(&mut self, site: u32) -> (Thing, Slot) {
        let result = self.sites[site as usize].result;
        let array = self.solver.thing(Kind::Array(result));
        self.solver.put(result, array);
        (array, self.solver.property(array, ANY))
    }

    /// A function of the language is called.
    pub(super) fn native(&mut self, site: u32, path: Name, this: This, skip: u8) {
        let text: Box<str> = self.text(path).into();
        let text = &*text;
        let first = usize::from(skip);
        let result = self.sites[site as usize].result;
        if let Some((class, method)) = text.split_once(".prototype.") {
            match this {
                This::Thing(thing) => self.method(site, class, method, thing, first),
                This::Slot(slot) => self.wait(slot, Wait::Native(site, path, skip)),
                This::Nothing => {}
            }
            return;
        }
        match text {
            "Object.assign" => {
                let to = self.argument(site, first);
                let count = self.sites[site as usize].arguments.len();
                for at in first + 1..count {
                    let (from, spread) = self.sites[site as usize].arguments[at];
                    let from = if spread { self.spread_of(from) } else { from };
                    self.wait(to, Wait::CopyFrom(from));
                }
                self.solver.flow(to, result);
            }
            "Object.create" => {
                let object = self.solver.thing(Kind::Object(result));
                let prototype = self.solver.prototype(object);
                let from = self.argument(site, first);
                self.solver.flow(from, prototype);
                let descriptors = self.argument(site, first + 1);
                self.wait(descriptors, Wait::Descriptors(object));
                self.solver.put(result, object);
            }
            "Object.setPrototypeOf" | "Reflect.setPrototypeOf" => {
                let (of, from) = (self.argument(site, first), self.argument(site, first + 1));
                self.wait(of, Wait::SetPrototype(from));
                self.solver.flow(of, result);
            }
            "Object.getPrototypeOf" | "Reflect.getPrototypeOf" => {
                let name = self.name("__proto__");
                let of = self.argument(site, first);
                self.wait(of, Wait::Load(name, result));
            }
            "Object.values" => {
                let (_, elements) = self.array_result(site);
                let of = self.argument(site, first);
                self.wait(of, Wait::Load(ANY, elements));
            }
            "Object.entries" => {
                let (_, elements) = self.array_result(site);
                let of = self.argument(site, first);
                // The pairs, by a slot that is theirs alone.
                let entry = self.solver.thing(Kind::Array(elements));
                let one = self.name("1");
                let value = self.solver.property(entry, one);
                self.wait(of, Wait::Load(ANY, value));
                self.solver.put(elements, entry);
            }
            "Object.fromEntries" => {
                let object = self.solver.thing(Kind::Object(result));
                let to = self.solver.property(object, ANY);
                let pairs = self.solver.slot();
                let of = self.argument(site, first);
                self.wait(of, Wait::Element(pairs));
                let one = self.name("1");
                self.wait(pairs, Wait::Load(one, to));
                self.solver.put(result, object);
            }
            "Object.freeze"
            | "Object.seal"
            | "Object.preventExtensions"
            | "Promise.resolve"
            | "Promise.all" => {
                let from = self.argument(site, first);
                self.solver.flow(from, result);
            }
            "Promise.race" | "Promise.any" => {
                let from = self.argument(site, first);
                self.wait(from, Wait::Element(result));
            }
            "Object.defineProperty" | "Reflect.defineProperty" => {
                let of = self.argument(site, first);
                let descriptor = self.argument(site, first + 2);
                let name = self.named_by(site, first + 1);
                self.wait(of, Wait::Described(name, descriptor));
                self.solver.flow(of, result);
            }
            "Object.defineProperties" => {
                let of = self.argument(site, first);
                let descriptors = self.argument(site, first + 1);
                self.wait(of, Wait::DescribedAll(descriptors));
                self.solver.flow(of, result);
            }
            "Object.getOwnPropertyDescriptor"
            | "Object.getOwnPropertyDescriptors"
            | "Reflect.getOwnPropertyDescriptor" => {
                let descriptor = self.solver.thing(Kind::Object(result));
                let of = self.argument(site, first);
                self.descriptors.insert(descriptor, of);
                let value = self.name("value");
                let to = self.solver.property(descriptor, value);
                self.wait(of, Wait::Load(ANY, to));
                self.solver.put(result, descriptor);
            }
            "Proxy.revocable" => {
                let made = self.solver.thing(Kind::Object(result));
                let name = self.name("proxy");
                let to = self.solver.property(made, name);
                let callee = self.solver.thing(Kind::Native(path));
                self.proxy(site, callee, [first, first + 1], to);
                self.solver.put(result, made);
            }
            "Array.from" => {
                let (_, elements) = self.array_result(site);
                let of = self.argument(site, first);
                let callback = self.argument(site, first + 1);
                if callback == NONE {
                    self.wait(of, Wait::Element(elements));
                } else {
                    let given = self.solver.slot();
                    self.wait(of, Wait::Element(given));
                    let wait = Wait::Callback(site, [given, NONE, NONE], elements);
                    self.wait(callback, wait);
                }
            }
            "Array.of" | "Array" => {
                let (_, elements) = self.array_result(site);
                for at in first..self.sites[site as usize].arguments.len() {
                    let from = self.argument(site, at);
                    self.solver.flow(from, elements);
                }
            }
            "Reflect.apply" => {
                let callee = self.argument(site, first);
                let this = This::Slot(self.argument(site, first + 1));
                self.wait(callee, Wait::Apply(site, this, skip + 2));
            }
            "Reflect.construct" => {
                let callee = self.argument(site, first);
                self.wait(callee, Wait::NewApply(site, skip + 1));
            }
            "Reflect.get" => {
                let of = self.argument(site, first);
                self.wait(of, Wait::Load(ANY, result));
            }
            "Reflect.set" => {
                let of = self.argument(site, first);
                let from = self.argument(site, first + 2);
                self.wait(of, Wait::Store(ANY, from));
            }
            "util.inherits" => {
                let (of, from) = (self.argument(site, first), self.argument(site, first + 1));
                self.wait(of, Wait::Inherits(from));
            }
            "setTimeout" | "setInterval" => {
                let given = [2, 3, 4].map(|at| self.argument(site, first + at));
                let callback = self.argument(site, first);
                self.wait(callback, Wait::Callback(site, given, NONE));
            }
            "setImmediate" | "queueMicrotask" | "requestAnimationFrame" | "process.nextTick" => {
                let given = [1, 2, 3].map(|at| self.argument(site, first + at));
                let callback = self.argument(site, first);
                self.wait(callback, Wait::Callback(site, given, NONE));
            }
            // These call nothing.
            _ if ["Object.", "Reflect.", "Array."]
                .iter()
                .any(|of| text.starts_with(of)) =>
            {
                self.solver.flow(UNKNOWN, result);
            }
            _ => self.foreign(site),
        }
    }

    /// A site runs something of which nothing is known.
    pub(super) fn foreign(&mut self, site: u32) {
        let result = self.sites[site as usize].result;
        self.solver.flow(UNKNOWN, result);
        self.foreign.push(site);
    }

    /// The elements of what is spread.
    fn spread_of(&mut self, list: Slot) -> Slot {
        let elements = self.solver.slot();
        self.wait(list, Wait::Load(ANY, elements));
        elements
    }

    /// A method of the language is called on a thing.
    fn method(&mut self, site: u32, class: &str, method: &str, on: Thing, first: usize) {
        let result = self.sites[site as usize].result;
        let argument = self.argument(site, first);
        let skip = first as u8;
        match (class, method) {
            ("Function", "call") => {
                self.call(site, on, This::Slot(argument), skip + 1);
            }
            ("Function", "apply") => {
                let this = This::Slot(argument);
                self.pending.push((on, Wait::Apply(site, this, skip + 1)));
            }
            ("Function", "bind") => {
                // What was bound before is so still.
                let bound = match self.solver.kind(on) {
                    Kind::Bound(..) => on,
                    _ => self.solver.thing(Kind::Bound(site, on)),
                };
                self.solver.put(result, bound);
            }
            ("Promise", "then" | "catch" | "finally") => {
                let value = self.slot_of(on);
                let given = match method {
                    "then" => value,
                    _ => NONE,
                };
                self.wait(argument, Wait::Callback(site, [given, NONE, NONE], result));
                let failed = self.argument(site, first + 1);
                let wait = Wait::Callback(site, [NONE, NONE, NONE], result);
                self.wait(failed, wait);
                if method != "then" || argument == NONE {
                    self.solver.put(result, on);
                }
            }
            ("Map", "get") => {
                let values = self.elements_of(on);
                self.solver.flow(values, result);
            }
            ("Map", "set") => {
                let to = self.solver.property(on, ANY);
                let value = self.argument(site, first + 1);
                self.solver.flow(value, to);
                self.solver.put(result, on);
            }
            ("Map", "values") => {
                let (_, elements) = self.array_result(site);
                let values = self.elements_of(on);
                self.solver.flow(values, elements);
            }
            ("Map", "entries") => {
                if let Kind::Map(slot) = self.solver.kind(on) {
                    let (_, elements) = self.array_result(site);
                    let entry = self.map_entry(on, slot);
                    self.solver.put(elements, entry);
                }
            }
            ("Array" | "Map", method) => self.array_method(site, method, on, first),
            (_, "on" | "once" | "addListener" | "prependListener" | "addEventListener") => {
                let name = self.name("<listeners>");
                let to = self.solver.property(on, name);
                let listener = self.argument(site, first + 1);
                self.solver.flow(listener, to);
                self.solver.put(result, on);
            }
            (_, "emit") => {
                let name = self.name("<listeners>");
                let from = self.solver.property(on, name);
                let wait = Wait::Call(site, This::Thing(on), skip + 1);
                self.wait(from, wait);
            }
            _ => self.foreign(site),
        }
    }

    fn array_method(&mut self, site: u32, method: &str, on: Thing, first: usize) {
        let result = self.sites[site as usize].result;
        let argument = self.argument(site, first);
        let elements = self.elements_of(on);
        let receiver = self.slot_of(on);
        let each = [elements, NONE, receiver];
        match method {
            "forEach" | "some" | "every" | "findIndex" | "findLastIndex" => {
                self.wait(argument, Wait::Callback(site, each, NONE));
            }
            "find" | "findLast" => {
                self.wait(argument, Wait::Callback(site, each, NONE));
                self.solver.flow(elements, result);
            }
            "filter" => {
                self.wait(argument, Wait::Callback(site, each, NONE));
                let (_, to) = self.array_result(site);
                self.solver.flow(elements, to);
            }
            "map" => {
                let (_, to) = self.array_result(site);
                self.wait(argument, Wait::Callback(site, each, to));
            }
            "flatMap" => {
                let (_, to) = self.array_result(site);
                let returned = self.solver.slot();
                self.wait(argument, Wait::Callback(site, each, returned));
                self.wait(returned, Wait::Element(to));
            }
            "reduce" | "reduceRight" => {
                let so_far = self.solver.slot();
                let initial = self.argument(site, first + 1);
                let from = if initial == NONE { elements } else { initial };
                self.solver.flow(from, so_far);
                let given = [so_far, elements, NONE];
                self.wait(argument, Wait::Callback(site, given, so_far));
                self.solver.flow(so_far, result);
            }
            "sort" | "toSorted" => {
                let given = [elements, elements, NONE];
                self.wait(argument, Wait::Callback(site, given, NONE));
                self.solver.put(result, on);
            }
            "push" | "unshift" | "add" | "splice" | "fill" => {
                // The elements of what extends a list are no members of other names.
                let name = match self.solver.kind(on) {
                    Kind::Array(_) | Kind::Map(_) => ANY,
                    _ => self.index_name(0),
                };
                let to = self.solver.property(on, name);
                let count = self.sites[site as usize].arguments.len();
                let begin = if method == "splice" { first + 2 } else { first };
                for at in begin..count {
                    let (from, spread) = self.sites[site as usize].arguments[at];
                    let from = if spread { self.spread_of(from) } else { from };
                    self.solver.flow(from, to);
                }
                match method {
                    "splice" => {
                        let (_, to) = self.array_result(site);
                        self.solver.flow(elements, to);
                    }
                    "add" | "fill" => self.solver.put(result, on),
                    _ => {}
                }
            }
            "pop" | "shift" | "at" => self.solver.flow(elements, result),
            "next" => {
                self.solver.put(result, on);
                if let Some(&[_, sent]) = self.generators.get(&on) {
                    self.solver.flow(argument, sent);
                }
            }
            "reverse" | "toReversed" | "values" => self.solver.put(result, on),
            "slice" => {
                let (array, to) = self.array_result(site);
                if self.sites[site as usize].arguments.len() == first {
                    self.solver.copy_properties(on, array);
                } else {
                    self.solver.flow(elements, to);
                }
            }
            "concat" => {
                let (_, to) = self.array_result(site);
                self.solver.flow(elements, to);
                for at in first..self.sites[site as usize].arguments.len() {
                    let from = self.argument(site, at);
                    self.wait(from, Wait::Element(to));
                    // What is no list is an element itself.
                    self.solver.flow(from, to);
                }
            }
            "entries" => {
                let (_, entries) = self.array_result(site);
                let entry = self.solver.thing(Kind::Array(entries));
                let one = self.name("1");
                let value = self.solver.property(entry, one);
                self.solver.flow(elements, value);
                self.solver.put(entries, entry);
            }
            "flat" => {
                let (_, to) = self.array_result(site);
                self.wait(elements, Wait::Element(to));
                self.solver.flow(elements, to);
            }
            _ => self.solver.flow(UNKNOWN, result),
        }
    }

    /// A function of the language that was bound: `Function.prototype.call.bind(f)`.
    pub(super) fn native_bound(&mut self, site: u32, binder: u32, path: Name, skip: u8) {
        let on = self.argument(binder, 0);
        match self.text(path) {
            // `slice(list)` is `f.call(list)`.
            "Function.prototype.call" => {
                let this = This::Slot(self.argument(site, usize::from(skip)));
                self.wait(on, Wait::Call(site, this, skip + 1));
            }
            _ => self.wait(on, Wait::Native(site, path, skip)),
        }
    }

    /// `new` of something of the language.
    pub(super) fn native_new(&mut self, site: u32, callee: Thing, path: Name) {
        let result = self.sites[site as usize].result;
        let argument = self.argument(site, 0);
        match self.text(path) {
            "Promise" => {
                let settles = self.solver.thing(Kind::Settles(result));
                let given = self.slot_of(settles);
                self.wait(argument, Wait::Callback(site, [given, NONE, NONE], NONE));
            }
            "Map" | "WeakMap" => {
                let map = self.solver.thing(Kind::Map(result));
                let to = self.solver.property(map, ANY);
                let pairs = self.solver.slot();
                self.wait(argument, Wait::Element(pairs));
                let one = self.name("1");
                self.wait(pairs, Wait::Load(one, to));
                self.solver.put(result, map);
            }
            "Set" | "WeakSet" => {
                let (_, elements) = self.array_result(site);
                self.wait(argument, Wait::Element(elements));
            }
            "Array" => {
                self.array_result(site);
            }
            // What the handler makes of it, nobody knows.
            "Proxy" => {
                self.proxy(site, callee, [0, 1], result);
                self.foreign(site);
            }
            "Object" => {
                let object = self.solver.thing(Kind::Object(result));
                self.solver.put(result, object);
            }
            path => {
                let path = format!("{path}.prototype");
                let instance = self.solver.thing(Kind::Instance(site, callee));
                let prototype = self.solver.prototype(instance);
                self.put_native(&path, prototype);
                self.solver.put(result, instance);
            }
        }
    }
}
