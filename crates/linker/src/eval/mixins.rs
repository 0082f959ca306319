//! Classes that extend a parameter: `const Logged = Base => class extends Base { … }`.
//!
//! What such a class extends is told by the call that made it. The class that extends the call's result, `class App extends
//! Logged(Plain)`, sees it with the instances that `Base` stands for, as if the parameter were a type variable.

use graph_model::summary::{ExportTarget, NodeRef, Shape, ShapeRef, VarRef};

use super::members::first_instance;
use super::value::{Env, Place, Set, Value, Var};
use super::{Eval, Key};
use crate::exports::{ExportIx, Found};
use crate::program::{Fact, ModuleIx};
use crate::specifiers::Target as Specifier;

/// Names, imports and exports that are followed from an expression to the call that it stands for.
const MAX_STEPS: usize = 16;
/// Variables that stand for parameters have numbers behind those of all type variables.
const PARAMETER: u32 = 1 << 31;

/// An expression, or a node that holds its value.
enum At {
    Shape(ModuleIx, ShapeRef),
    Node(Place),
}

impl<'l> Eval<'l, '_> {
    /// The instance that a class extends, seen by somebody who knows what type variables and parameters stand for.
    pub(crate) fn base_in(&mut self, class: Place, env: Env<'l>) -> Set<'l> {
        if !env.is_empty()
            && let Some(parameter) = self.extended_parameter(class)
            && let Some(given) = env.get(variable(parameter))
        {
            return given;
        }
        self.base(class)
    }

    /// Instances of what an expression gives, which is extended: those of classes that extend a parameter, with what it is.
    fn extended(&mut self, module: ModuleIx, shape: ShapeRef) -> Set<'l> {
        let classes = self.shape(module, shape);
        let instances = self.instances(classes);
        self.seen_through(instances, module, shape)
    }

    /// Instances of classes that an expression gives, with what these extend because of it.
    pub(super) fn seen_through(
        &mut self,
        instances: Set<'l>,
        module: ModuleIx,
        shape: ShapeRef,
    ) -> Set<'l> {
        let mixed = |value: &Value<'l>| match value {
            Value::Inst(class, _) => self.extended_parameter(*class).is_some(),
            _ => false,
        };
        if !instances.iter().any(mixed) {
            return instances;
        }
        let seen = instances.iter().map(|value| match value {
            Value::Inst(class, env) => {
                Value::Inst(*class, self.with_given(*class, *env, module, shape))
            }
            value => *value,
        });
        let seen = seen.collect();
        Set::of(self.arena, seen)
    }

    /// What is known in a class that an expression gives, and what the parameter stands for that it extends.
    pub(crate) fn with_given(
        &mut self,
        class: Place,
        env: Env<'l>,
        module: ModuleIx,
        shape: ShapeRef,
    ) -> Env<'l> {
        let Some(parameter) = self.extended_parameter(class) else {
            return env;
        };
        let Some((module, argument)) = self.argument_for(parameter, module, shape) else {
            return env;
        };
        let given = self.ask(Key::Extended(module, argument), |e| {
            e.extended(module, argument)
        });
        if given.is_empty() {
            return env;
        }
        let seen = env.with(self.arena, vec![(variable(parameter), given)]);
        // What nests too deep is no value: better one of which less is known.
        match Value::Inst(class, seen).nests_too_deep() {
            true => env,
            false => seen,
        }
    }

    /// The PARAMETER that a class extends, if it is never anything but what is passed.
    fn extended_parameter(&self, class: Place) -> Option<Place> {
        let of = self.module(class.module);
        let extends = of.class(class.node)?.extends?;
        let Shape::Binding(node) = *of.summary.shape(of.summary.unwrapped(extends)) else {
            return None;
        };
        let is_parameter = matches!(of.fact(node), Fact::Parameter(_));
        let is_written = of.variables(node).next().is_some();
        (is_parameter && !is_written).then_some(Place { node, ..class })
    }

    /// Whether nobody knows what some class extends that is the class itself or above it: a parameter.
    pub(crate) fn extends_unknown(&mut self, class: Place, env: Env<'l>) -> bool {
        let mut at = Some((class, env));
        for _ in 0..MAX_STEPS {
            let Some((class, env)) = at else { break };
            if let Some(parameter) = self.extended_parameter(class)
                && env.get(variable(parameter)).is_none()
            {
                return true;
            }
            at = first_instance(self.base_in(class, env));
        }
        false
    }

    /// What is passed for a parameter by the call that an expression is, or stands for.
    fn argument_for(
        &mut self,
        parameter: Place,
        module: ModuleIx,
        shape: ShapeRef,
    ) -> Option<(ModuleIx, ShapeRef)> {
        let of = self.module(parameter.module);
        let Fact::Parameter(i) = of.fact(parameter.node) else {
            return None;
        };
        let binding = &of.summary.bindings[i as usize];
        if !binding.path.is_empty() {
            return None;
        }
        let mut at = At::Shape(module, shape);
        for _ in 0..MAX_STEPS {
            at = match at {
                At::Shape(module, shape) => {
                    let of = self.module(module);
                    match *of.summary.shape(of.summary.unwrapped(shape)) {
                        Shape::Call(call) => {
                            let function = Place {
                                node: binding.function,
                                ..parameter
                            };
                            let index = binding.index as usize;
                            return self.passed_by(Place { module, node: call }, function, index);
                        }
                        Shape::Binding(node) | Shape::Import(node) => {
                            At::Node(Place { module, node })
                        }
                        _ => return None,
                    }
                }
                At::Node(place) => self.held_by(place)?,
            };
        }
        None
    }

    /// The argument of a call, if it calls the function.
    fn passed_by(
        &mut self,
        call: Place,
        function: Place,
        index: usize,
    ) -> Option<(ModuleIx, ShapeRef)> {
        let of = self.module(call.module);
        let fact = of.call(call.node)?;
        let arguments = fact.arguments.of(&of.summary.arguments);
        let argument = arguments.get(index)?;
        if arguments[..=index].iter().any(|a| a.spread) {
            return None;
        }
        let callee = self.callee(call.module, fact);
        let is_called =
            |value: &Value<'l>| matches!(value, Value::Fn(place, _) if *place == function);
        let passed = (call.module, argument.shape);
        callee.iter().any(is_called).then_some(passed)
    }

    /// Where the value of a variable or an import comes from, if that is one place.
    fn held_by(&self, place: Place) -> Option<At> {
        let of = self.module(place.module);
        match of.fact(place.node) {
            Fact::Variable(_) => {
                let mut variables = of.variables(place.node);
                let (Some(only), None) = (variables.next(), variables.next()) else {
                    return None;
                };
                only.path
                    .is_empty()
                    .then_some(At::Shape(place.module, only.init))
            }
            Fact::Import(i) => {
                let import = &of.summary.imports[i as usize];
                let target = self
                    .linker
                    .specifiers
                    .target(place.module, import.specifier?);
                let Specifier::Module(target) = target else {
                    return None;
                };
                let found = self
                    .linker
                    .exports
                    .lookup(target, of.hashed(import.imported));
                let Found::Export(export, _) = found else {
                    return None;
                };
                self.exported(self.linker.exports.origin(export))
            }
            _ => None,
        }
    }

    /// Where the value of an export comes from that is no re-export.
    fn exported(&self, ExportIx { module, export }: ExportIx) -> Option<At> {
        let of = self.module(module);
        let export = of.export(export);
        let (ExportTarget::Local(nodes) | ExportTarget::Equals(nodes)) = &export.target else {
            return None;
        };
        Some(match **nodes {
            [node] if matches!(of.fact(node), Fact::Variable(_) | Fact::Import(_)) => {
                At::Node(Place { module, node })
            }
            _ => At::Shape(module, export.shape),
        })
    }
}

/// The variable that stands for a parameter.
fn variable(parameter: Place) -> Var {
    let NodeRef(node) = parameter.node;
    (parameter.module, VarRef(PARAMETER | node))
}

fn stands_for_parameter(var: Var) -> bool {
    var.1.0 & PARAMETER != 0
}

/// Whether nothing is known but what parameters stand for that classes extend.
pub(super) fn binds_no_types(env: Env<'_>) -> bool {
    env.iter().all(|bound| stands_for_parameter(bound.0))
}

/// What the parameters stand for that classes extend.
pub(crate) fn given_to_extend<'a>(env: Env<'a>) -> impl Iterator<Item = Set<'a>> + use<'a> {
    let of_parameters = env.iter().filter(|bound| stands_for_parameter(bound.0));
    of_parameters.map(|bound| bound.1)
}
