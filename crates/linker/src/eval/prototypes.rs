//! What constructor functions inherit through their prototypes.

use graph_model::summary::{NodeRef, Shape};

use super::value::{Env, Place, Set, Union, Value};
use super::{Eval, Key};
use crate::program::Target;

impl<'l> Eval<'l, '_> {
    /// `util.inherits(F, G)`, `F.prototype = Object.create(G.prototype)`, `Object.setPrototypeOf(F.prototype, …)`.
    pub(super) fn prototype_base(&mut self, function: Place) -> Set<'l> {
        let of = self.module(function.module);
        self.ask(Key::Base(function.module, function.node), |e| {
            let mut all = Union::default();
            for &i in of.property_writes(Target::Node(function.node)) {
                let write = of.summary.writes[i as usize];
                let name = of.summary.name(write.name);
                if name == "prototype" || name == "__proto__" {
                    let value = e.shape(function.module, write.value);
                    all.add(e.prototypes(value));
                }
            }
            for &i in of.property_writes(Target::Prototype(function.node)) {
                let write = of.summary.writes[i as usize];
                if of.summary.name(write.name) == "__proto__" {
                    let value = e.shape(function.module, write.value);
                    all.add(e.prototypes(value));
                }
            }
            for call in &of.summary.calls {
                let arguments = call.arguments.of(&of.summary.arguments);
                let [child, parent, ..] = arguments else {
                    continue;
                };
                let Shape::Member(object, name) = *of.summary.shape(call.callee) else {
                    if let Shape::Binding(node) = *of.summary.shape(call.callee)
                        && node_is(of, child.shape, function.node, false)
                    {
                        let callee = e.node(Place {
                            module: function.module,
                            node,
                        });
                        let inherits = callee.iter().any(|v| {
                            matches!(v, Value::Ext(s, p)
                                if matches!((&**s, &**p), ("util", "inherits") | ("inherits", "")))
                        });
                        if inherits {
                            let parent = e.shape(function.module, parent.shape);
                            all.add(e.instances(parent));
                        }
                    }
                    continue;
                };
                let _ = object;
                match of.summary.name(name) {
                    "inherits" if node_is(of, child.shape, function.node, false) => {
                        let parent = e.shape(function.module, parent.shape);
                        all.add(e.instances(parent));
                    }
                    "setPrototypeOf" if node_is(of, child.shape, function.node, true) => {
                        let parent = e.shape(function.module, parent.shape);
                        all.add(e.prototypes(parent));
                    }
                    _ => {}
                }
            }
            all.finish(self.arena)
        })
    }

    /// Instances of what prototypes belong to.
    fn prototypes(&mut self, set: Set<'l>) -> Set<'l> {
        Set::of(
            self.arena,
            set.iter()
                .filter_map(|v| match v {
                    Value::Proto(place) => Some(Value::Inst(*place, Env::NONE)),
                    Value::Inst(place, env) => Some(Value::Inst(*place, *env)),
                    Value::Obj(place) => Some(Value::Obj(*place)),
                    Value::Ext(specifier, path) => path
                        .strip_suffix(".prototype")
                        .map(|path| Value::ExtInst(specifier, path)),
                    _ => None,
                })
                .collect(),
        )
    }
}

/// Whether a shape names a function, or its prototype.
fn node_is(
    of: &crate::program::Module,
    shape: graph_model::summary::ShapeRef,
    node: NodeRef,
    prototype: bool,
) -> bool {
    match *of.summary.shape(shape) {
        Shape::Binding(n) | Shape::Function(n) => n == node && !prototype,
        Shape::Member(inner, name) => {
            prototype
                && of.summary.name(name) == "prototype"
                && matches!(*of.summary.shape(inner), Shape::Binding(n) if n == node)
        }
        _ => false,
    }
}
