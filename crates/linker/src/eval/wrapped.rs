//! What packages make of functions and classes: `memo(Component)`, `debounce(save, 100)`, `connect(toProps)(Component)`.
//!
//! Nothing of a package is read. A function that goes in and something that is called coming out is what most of them do, so
//! a call of the result may run the function. Of some it is known what they do.

use super::Eval;
use super::calls::Call;
use super::hooks::is_react;
use super::value::{Lib, Set, Value};

/// A call that is passed more functions makes something else of them.
const MAX_FUNCTIONS: usize = 3;

const OBSERVERS: &[&str] = &["mobx-react", "mobx-react-lite"];
const UTIL: &[&str] = &["util", "node:util"];

/// What a function of a package gives back.
enum Gives {
    /// What may call the functions that it was passed.
    Maybe,
    /// What calls its argument, or renders it.
    Wrapper,
    /// Its argument.
    Argument,
    /// What its argument gives back.
    Result,
    /// What renders the default export of the module that its argument loads.
    Loaded,
}

fn gives(specifier: &str, name: &str) -> Gives {
    match name {
        "memo" | "forwardRef" if is_react(specifier) => Gives::Wrapper,
        "useCallback" if is_react(specifier) => Gives::Argument,
        "useMemo" if is_react(specifier) => Gives::Result,
        "lazy" if is_react(specifier) => Gives::Loaded,
        "observer" if OBSERVERS.contains(&specifier) => Gives::Wrapper,
        "callbackify" | "deprecate" | "promisify" if UTIL.contains(&specifier) => Gives::Wrapper,
        _ => Gives::Maybe,
    }
}

impl<'l, 'p> Eval<'l, 'p> {
    /// What a function of a package gives back.
    pub(super) fn package_result(
        &mut self,
        specifier: &'l str,
        path: &str,
        call: &Call<'p>,
    ) -> Set<'l> {
        let name = path.rsplit('.').next().unwrap_or(path);
        if is_react(specifier)
            && let Some(result) = self.hook_result(specifier, name, call)
        {
            return result;
        }
        // `fs.promises.readFile`, `fs/promises`, `timers/promises`.
        if specifier.ends_with("/promises") || path.starts_with("promises.") {
            return self.lib(Lib::Promise, &[Set::NONE]);
        }
        match gives(specifier, name) {
            Gives::Maybe => self.wrapped_arguments(call),
            Gives::Argument => self.call_argument(call, 0),
            Gives::Wrapper => {
                let passed = self.call_argument(call, 0);
                self.wrapped(passed, true)
            }
            Gives::Result => {
                let passed = self.call_argument(call, 0);
                self.returned_by_expected(passed)
            }
            Gives::Loaded => {
                let passed = self.call_argument(call, 0);
                let loaded = self.returned_by_expected(passed);
                let loaded = self.awaited(loaded);
                let component = self.member(loaded, "default");
                self.wrapped(component, true)
            }
        }
    }

    /// What may call the functions that it was passed.
    pub(super) fn wrapped_arguments(&mut self, call: &Call<'p>) -> Set<'l> {
        let mut all = Set::NONE;
        for index in 0..call.arguments.len() {
            let passed = self.call_argument(call, index);
            all = all.union(self.arena, self.wrapped(passed, false));
        }
        match all.iter().count() {
            0..=MAX_FUNCTIONS => all,
            _ => Set::NONE,
        }
    }

    pub(super) fn call_argument(&mut self, call: &Call<'p>, index: usize) -> Set<'l> {
        match call.arguments.get(index) {
            Some(argument) if call.skip != Some(index) && !argument.spread => {
                self.shape(call.module, argument.shape)
            }
            _ => Set::NONE,
        }
    }

    /// The functions and classes among some values, as something that calls them.
    fn wrapped(&mut self, values: Set<'l>, known: bool) -> Set<'l> {
        let wrapped = values.iter().filter_map(|value| match *value {
            Value::Wrapped(place, was_known) => Some(Value::Wrapped(place, known && was_known)),
            Value::Ctor(place) => Some(Value::Wrapped(place, known)),
            ref value => Some(Value::Wrapped(self.function_of(value)?, known)),
        });
        Set::of(self.arena, wrapped.collect())
    }

    /// Whether all values are functions and classes of the project, or made of them.
    pub(super) fn are_functions(&self, values: Set<'l>) -> bool {
        let mut values = values.iter().peekable();
        values.peek().is_some()
            && values.all(|value| {
                matches!(value, Value::Wrapped(..) | Value::Ctor(_))
                    || self.function_of(value).is_some()
            })
    }
}
