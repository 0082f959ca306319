//! What `new` and `super()` run.

use graph_model::summary::{Shape, ShapeRef};

use super::{Callee, Confidence, Found, MAX_ANCESTORS, MAX_TARGETS, way_outside};
use crate::eval::{Env, Eval, Place, Value, first_instance};
use crate::program::ModuleIx;

impl<'a> Found<'a> {
    /// What making an instance of a class runs, of which is known what it extends.
    pub(super) fn constructor(&mut self, eval: &mut Eval<'a, '_>, value: &Value<'a>, env: Env<'a>) {
        match value {
            Value::Ctor(place) => {
                if let Some((target, resolution)) = constructor(eval, *place, env) {
                    self.push(Callee::Node(target), resolution, Confidence::Exact, 0);
                }
            }
            Value::Fn(place, _) => {
                self.push(Callee::Node(*place), "constructor", Confidence::Exact, 0);
            }
            Value::Ext(specifier, path) => {
                self.external(specifier, path, way_outside(specifier));
            }
            _ => {}
        }
    }

    /// `new this()` makes instances of what it is called on: of the class, or one that extends it.
    pub(super) fn heirs(&mut self, eval: &mut Eval<'_, '_>, ix: ModuleIx, callee: ShapeRef) {
        let of = eval.linker.program.module(ix);
        let Shape::This(owner, true) = *of.summary.shape(of.summary.unwrapped(callee)) else {
            return;
        };
        let class = Place {
            module: ix,
            node: owner,
        };
        let heirs = crate::hierarchy::below(eval.linker, class);
        if heirs.is_empty() || heirs.len() + self.targets.len() > MAX_TARGETS {
            return;
        }
        // Of an abstract class there are no others.
        if of.class(owner).is_some_and(|class| class.is_abstract) {
            self.targets.clear();
            self.sure = 0;
        }
        for heir in heirs {
            if let Some((target, resolution)) = constructor(eval, heir, Env::NONE) {
                self.push(Callee::Node(target), resolution, Confidence::Possible, 0);
            }
        }
    }
}

/// What `new` of a class runs: its own constructor, else that of the nearest ancestor; the class itself if none of them
/// has one. `None` if an ancestor is unknown or of a package.
fn constructor<'l>(
    eval: &mut Eval<'l, '_>,
    class: Place,
    mut env: Env<'l>,
) -> Option<(Place, &'static str)> {
    let mut at = class;
    for depth in 0..MAX_ANCESTORS {
        let of = eval.linker.program.module(at.module);
        let Some(fact) = of.class(at.node) else {
            return Some((at, "inherited"));
        };
        if let Some(node) = fact.constructor {
            let resolution = if depth == 0 {
                "constructor"
            } else {
                "inherited"
            };
            return Some((
                Place {
                    module: at.module,
                    node,
                },
                resolution,
            ));
        }
        if fact.extends.is_none() {
            return Some((class, "constructor"));
        }
        match first_instance(eval.base_in(at, env)) {
            Some(next) => (at, env) = next,
            // What is extended is of a package, or unknown: the class is all there is.
            None => return Some((class, "constructor")),
        }
    }
    None
}
