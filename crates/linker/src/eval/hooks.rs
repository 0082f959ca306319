//! What the functions of React give: state and what sets it, references, contexts.

use super::Eval;
use super::calls::Call;
use super::value::{Env, Lib, Place, Set, Union, Value};
use crate::calls::Confidence;

const REACT: &[&str] = &["react", "preact", "preact/compat", "preact/hooks"];

/// What sets the state that `useState` gives, and what is given actions where the reducer is unknown.
const SET_STATE: &str = "useState.set";
const DISPATCH: &str = "useReducer.dispatch";

/// Whether a package is React, or stands in for it.
pub(crate) fn is_react(specifier: &str) -> bool {
    REACT.contains(&specifier)
}

/// Which arguments a function of React calls.
pub(crate) fn called_arguments(path: &str) -> &'static [usize] {
    match path {
        "useEffect"
        | "useLayoutEffect"
        | "useInsertionEffect"
        | "useMemo"
        | "useState"
        | "startTransition"
        | "useTransition.start"
        | SET_STATE
        | "Component.prototype.forceUpdate"
        | "PureComponent.prototype.forceUpdate" => &[0],
        "useImperativeHandle" => &[1],
        "useReducer" => &[2],
        "Component.prototype.setState" | "PureComponent.prototype.setState" => &[0, 1],
        "useSyncExternalStore" => &[0, 1, 2],
        _ => &[],
    }
}

/// Whether a function of React calls what its first argument gives back: it ends an effect.
pub(crate) fn ends_effects(path: &str) -> bool {
    matches!(path, "useEffect" | "useLayoutEffect" | "useInsertionEffect")
}

/// Which type argument of a class of React says what a member is.
pub(super) fn type_argument_of(specifier: &str, path: &str, member: &str) -> Option<usize> {
    let is_component = matches!(path, "Component" | "PureComponent") && is_react(specifier);
    match member {
        "props" if is_component => Some(0),
        "state" if is_component => Some(1),
        _ => None,
    }
}

impl<'l, 'p> Eval<'l, 'p> {
    /// What a hook gives, or a context; none where the function is no such one.
    pub(super) fn hook_result(
        &mut self,
        specifier: &'l str,
        name: &str,
        call: &Call<'p>,
    ) -> Option<Set<'l>> {
        let arena = self.arena;
        let of_react = |path: &'static str| Set::one(arena, Value::Ext(specifier, path));
        Some(match name {
            "useState" => {
                let state = self.call_argument(call, 0);
                let state = self.initialised(state);
                let state = self.state(call, state);
                self.tuple(&[state, of_react(SET_STATE)])
            }
            "useReducer" => {
                let reducer = self.call_argument(call, 0);
                let mut state = self.returned_by_expected(reducer);
                let init = self.call_argument(call, 2);
                let init = match init.is_empty() {
                    true => self.call_argument(call, 1),
                    false => self.returned_by_expected(init),
                };
                if state.is_empty() {
                    state = self.state(call, init);
                }
                let dispatch = reducer.iter().filter_map(|value| {
                    // What is dispatched is the second argument of the reducer.
                    let place: Place = self.function_of(value)?;
                    Some(Value::Bound(place, Env::NONE, 1))
                });
                let dispatch = Set::of(self.arena, dispatch.collect());
                let dispatch = match dispatch.is_empty() {
                    true => of_react(DISPATCH),
                    false => dispatch,
                };
                self.tuple(&[state, dispatch])
            }
            "useTransition" => {
                let is_pending = self.lib(Lib::Boolean, &[]);
                self.tuple(&[is_pending, of_react("useTransition.start")])
            }
            "useRef" | "createRef" => {
                let current = self.call_argument(call, 0);
                let current = self.state(call, current);
                self.lib(Lib::Record, &[current])
            }
            "createContext" => {
                let value = self.call_argument(call, 0);
                let typed = self.type_argument(call);
                if typed.is_empty() {
                    let is_default = self.lib(Lib::Boolean, &[]);
                    return Some(self.lib(Lib::Context, &[value, is_default]));
                }
                let value = self.with_functions(typed, value);
                self.lib(Lib::Context, &[value])
            }
            "useContext" | "use" => {
                let of = self.call_argument(call, 0);
                let mut all = Union::default();
                for value in of.iter() {
                    if let Value::Lib(Lib::Context, arguments) = value {
                        all.add(arguments.first().copied().unwrap_or_default());
                        if arguments.len() > 1 {
                            self.depends_on(Confidence::Possible);
                        }
                    }
                }
                all.finish(self.arena)
            }
            _ => return None,
        })
    }

    /// The type that a call says its result is about.
    fn type_argument(&mut self, call: &Call<'p>) -> Set<'l> {
        let module = self.module(call.module);
        match call.type_arguments.of(&module.summary.type_lists).first() {
            Some(&ty) => self.ty(call.module, ty, Env::NONE),
            None => Set::NONE,
        }
    }

    /// What a state may be: of the type that the call says, else what it begins with.
    fn state(&mut self, call: &Call<'p>, first: Set<'l>) -> Set<'l> {
        let typed = self.type_argument(call);
        if !typed.is_empty() {
            return self.with_functions(typed, first);
        }
        let first = self.without_nothing(first);
        if !first.is_empty() {
            self.depends_on(Confidence::Likely);
        }
        first
    }

    /// What a state begins with: what a function gives that is passed for it.
    fn initialised(&mut self, passed: Set<'l>) -> Set<'l> {
        let functions = passed.iter().filter(|v| self.function_of(v).is_some());
        let functions = Set::of(self.arena, functions.copied().collect());
        match functions.is_empty() {
            true => passed,
            false => self.returned_by_expected(functions),
        }
    }
}
