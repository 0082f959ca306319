//! Results of the methods and functions of the language itself.

use graph_model::GLOBAL_MODULE;

use super::Eval;
use super::calls::Call;
use super::library::{self, Part};
use super::value::{Env, Lib, Set, Union, Value};

impl<'l, 'p> Eval<'l, 'p> {
    pub(super) fn lib_result(
        &mut self,
        lib: Lib,
        arguments: &[Set<'l>],
        name: &str,
        call: &Call<'p>,
    ) -> Set<'l> {
        let Some(method) = library::find(lib, name) else {
            return match lib {
                Lib::String => self.lib(Lib::String, &[]),
                Lib::Number if name.starts_with("to") => self.lib(Lib::String, &[]),
                _ => Set::NONE,
            };
        };
        let callback = |e: &mut Self| -> Set<'l> {
            let Some(first) = call.arguments.first().filter(|_| call.skip != Some(0)) else {
                return Set::NONE;
            };
            let function = e.shape(call.module, first.shape);
            e.returned_by_expected(function)
        };
        match method.returns {
            Part::CallbackArray => {
                let inner = callback(self);
                self.lib(Lib::Array, &[inner])
            }
            Part::CallbackFlat => {
                let inner = callback(self);
                let flat = self.element(inner);
                self.lib(Lib::Array, &[if flat.is_empty() { inner } else { flat }])
            }
            Part::CallbackPromise => {
                let inner = callback(self);
                let inner = self.awaited(inner);
                self.lib(Lib::Promise, &[inner])
            }
            Part::Callback => {
                let element = arguments.first().copied().unwrap_or_default();
                let accumulated = self.accumulated(element, call);
                if accumulated.is_empty() {
                    return callback(self);
                }
                accumulated
            }
            Part::Receiver if name == "filter" => {
                // A predicate tells what is left.
                let narrowed = match call.arguments.first() {
                    Some(first) if call.skip != Some(0) => {
                        let function = self.shape(call.module, first.shape);
                        self.predicate_type(function)
                    }
                    _ => Set::NONE,
                };
                if narrowed.is_empty() {
                    return self.lib(lib, arguments);
                }
                self.lib(lib, &[narrowed])
            }
            part => self.lib_part(part, lib, arguments),
        }
    }

    /// What `reduce` passes from call to call: what its type argument says, or its initial value, or the first element.
    pub(super) fn accumulated(&mut self, element: Set<'l>, call: &Call<'p>) -> Set<'l> {
        let types = call
            .type_arguments
            .of(&self.module(call.module).summary.type_lists);
        if let Some(&ty) = types.first() {
            return self.ty(call.module, ty, Env::NONE);
        }
        let Some(initial) = call.arguments.get(1) else {
            return element;
        };
        let initial = self.shape(call.module, initial.shape);
        // An initial value that is an element of a narrower class: elements are accumulated.
        let is_element = |e: &mut Self, value: &Value<'l>| {
            element.iter().any(|element| match element {
                Value::Inst(place, _) | Value::Iface(place, _) => {
                    e.seen_as(value, *place).is_some()
                }
                _ => false,
            })
        };
        match !initial.is_empty() && initial.iter().all(|value| is_element(self, value)) {
            true => element,
            false => initial,
        }
    }

    fn lib_part(&mut self, part: Part, lib: Lib, arguments: &[Set<'l>]) -> Set<'l> {
        let argument = |i: usize| arguments.get(i).copied().unwrap_or_default();
        match part {
            Part::Receiver => self.lib(lib, arguments),
            Part::Argument(i) => argument(usize::from(i)),
            Part::String => self.lib(Lib::String, &[]),
            Part::Number => self.lib(Lib::Number, &[]),
            Part::Boolean => self.lib(Lib::Boolean, &[]),
            Part::Strings => {
                let string = self.lib(Lib::String, &[]);
                self.lib(Lib::Array, &[string])
            }
            Part::Entries => {
                let pair = match lib {
                    Lib::Array => [self.lib(Lib::Number, &[]), argument(0)],
                    Lib::Set => [argument(0), argument(0)],
                    _ => [argument(0), argument(1)],
                };
                let pair = self.tuple(&pair);
                self.lib(Lib::Array, &[pair])
            }
            Part::Keys => self.lib(Lib::Array, &[argument(0)]),
            Part::Values => self.lib(Lib::Array, &[argument(1)]),
            Part::Step => self.lib(Lib::Array, arguments),
            Part::Flat => {
                let inner = argument(0);
                let flat = self.element(inner);
                self.lib(Lib::Array, &[if flat.is_empty() { inner } else { flat }])
            }
            _ => Set::NONE,
        }
    }

    /// What a method of a built-in class passes to its callback.
    pub(super) fn lib_parameter(
        &mut self,
        lib: Lib,
        arguments: &[Set<'l>],
        name: &str,
        index: usize,
    ) -> Set<'l> {
        let Some(method) = library::find(lib, name) else {
            return Set::NONE;
        };
        match method.callback.get(index) {
            Some(&part) => self.lib_part(part, lib, arguments),
            None => Set::NONE,
        }
    }

    pub(super) fn global_result(&mut self, path: &str, call: &Call<'p>) -> Set<'l> {
        let argument = |e: &mut Self, i: usize| match call.arguments.get(i) {
            Some(argument) if call.skip != Some(i) => e.shape(call.module, argument.shape),
            _ => Set::NONE,
        };
        match path {
            "Promise.resolve" => {
                let value = argument(self, 0);
                let value = self.awaited(value);
                return self.lib(Lib::Promise, &[value]);
            }
            "Promise.all" | "Promise.allSettled" => {
                let list = argument(self, 0);
                let mut parts = Union::default();
                for value in list.iter() {
                    parts.add(match value {
                        Value::Tuple(elements) => {
                            let elements: Vec<Set<'l>> =
                                elements.iter().map(|&e| self.awaited(e)).collect();
                            self.tuple(&elements)
                        }
                        value => {
                            let element = self.element(Set::one(self.arena, *value));
                            let element = self.awaited(element);
                            self.lib(Lib::Array, &[element])
                        }
                    });
                }
                return self.lib(Lib::Promise, &[parts.finish(self.arena)]);
            }
            "Promise.race" | "Promise.any" => {
                let list = argument(self, 0);
                let element = self.element(list);
                let element = self.awaited(element);
                return self.lib(Lib::Promise, &[element]);
            }
            "Object.freeze" | "Object.seal" | "Object.preventExtensions" | "structuredClone" => {
                return argument(self, 0);
            }
            "Object.assign" => {
                let mut all = Union::default();
                for i in 0..call.arguments.len().min(6) {
                    all.add(argument(self, i));
                }
                return all.finish(self.arena);
            }
            "Object.create" => {
                let prototype = argument(self, 0);
                let made: Vec<Value<'l>> = prototype
                    .iter()
                    .filter_map(|v| match v {
                        Value::Proto(place) => Some(Value::Inst(*place, Env::NONE)),
                        Value::Lib(Lib::Nothing, _) => None,
                        v => Some(*v),
                    })
                    .collect();
                return Set::of(self.arena, made);
            }
            "Object.values" => {
                let object = argument(self, 0);
                let values = self.member(object, "*");
                return self.lib(Lib::Array, &[values]);
            }
            "Object.entries" => {
                let object = argument(self, 0);
                let values = self.member(object, "*");
                let string = self.lib(Lib::String, &[]);
                let pair = self.tuple(&[string, values]);
                return self.lib(Lib::Array, &[pair]);
            }
            "Array.from" => {
                let list = argument(self, 0);
                let element = self.element(list);
                if call.arguments.len() > 1 {
                    let function = argument(self, 1);
                    let mapped = self.returned_by_expected(function);
                    return self.lib(Lib::Array, &[mapped]);
                }
                return self.lib(Lib::Array, &[element]);
            }
            "fetch" => {
                let response = Value::ExtInst(GLOBAL_MODULE, "Response");
                return self.lib(Lib::Promise, &[Set::one(self.arena, response)]);
            }
            _ if path.starts_with("Response.prototype.") => {
                return match path.rsplit('.').next() {
                    Some("json" | "text" | "blob" | "arrayBuffer" | "formData" | "bytes") => {
                        self.lib(Lib::Promise, &[Set::NONE])
                    }
                    _ => Set::NONE,
                };
            }
            "Array.of" => {
                let element = argument(self, 0);
                return self.lib(Lib::Array, &[element]);
            }
            _ => {}
        }
        match library::global(path) {
            Some(part) => self.lib_part(part, Lib::Record, &[]),
            None => Set::NONE,
        }
    }
}
