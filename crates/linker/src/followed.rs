//! What the points-to analysis adds to the targets of a call, and what it takes from them.

use graph_model::summary::{CallFact, ModuleType, Shape, ShapeRef};

use crate::calls::{CallTarget, Callee, Confidence, MAX_TARGETS};
use crate::eval::{Eval, Place};
use crate::points::{Reach, Way};
use crate::program::{Fact, ModuleIx};

/// The functions of a call that run in a way.
pub(crate) fn in_way(
    reached: &[(Place, Reach)],
    way: Way,
) -> impl Iterator<Item = &(Place, Reach)> + Clone {
    reached.iter().filter(move |(_, reach)| reach.way == way)
}

/// Functions that may run are one of several, unless nothing else can come to where the only one was found.
pub(crate) fn confidence<'a>(mut reached: impl Iterator<Item = &'a (Place, Reach)>) -> Confidence {
    match (reached.next(), reached.next()) {
        (Some((_, only)), None) if only.is_complete => Confidence::Likely,
        _ => Confidence::Possible,
    }
}

/// Where everything is known that comes to a call, it runs no other function of the program: none of those that all
/// receivers override, and one of several if it is the only one that comes; none that only has the name.
pub(crate) fn settle(found: &mut Vec<CallTarget<'_>>, reached: &[(Place, Reach)]) {
    let called = in_way(reached, Way::Called);
    if called.clone().next().is_none() || !called.clone().all(|(_, reach)| reach.is_complete) {
        return;
    }
    let of_called = confidence(called.clone());
    found.retain(|target| {
        let is_called = |place| called.clone().any(|of| of.0 == place);
        let Callee::Node(place) = target.callee else {
            return true;
        };
        target.resolution != "field" || is_called(place)
    });
    for target in found {
        let Callee::Node(place) = target.callee else {
            continue;
        };
        match called.clone().any(|of| of.0 == place) {
            true => target.confidence = target.confidence.min(of_called),
            false if is_certain(target) => {}
            false => target.confidence = Confidence::Possible,
        }
    }
}

/// Further functions that a call may run, by where functions go.
pub(crate) fn followed<'l>(
    eval: &mut Eval<'l, '_>,
    ix: ModuleIx,
    call: &CallFact,
    reached: &[(Place, Reach)],
    found: &[CallTarget<'_>],
) -> Vec<CallTarget<'l>> {
    let called: Vec<_> = (reached.iter())
        .filter(|(_, reach)| match reach.way {
            Way::Called => true,
            Way::Field => found.is_empty(),
            Way::Callback => false,
        })
        .collect();
    if called.is_empty() || called.len() > MAX_TARGETS {
        return Vec::new();
    }
    let of = eval.linker.program.module(ix);
    let on_this = matches!(of.summary.shape(call.callee), Shape::This(..));
    if !on_this && found.iter().any(is_certain) {
        return Vec::new();
    }
    // A name alone counts for less than a receiver whose type is known.
    if let Shape::Member(receiver, _) = *of.summary.shape(call.callee)
        && called.iter().any(|(_, reach)| reach.way == Way::Field)
        && !eval.shape(ix, receiver).is_empty()
        && of.summary.module_type != ModuleType::Script
    {
        return Vec::new();
    }
    let is_parameter = |shape: ShapeRef| match *of.summary.shape(shape) {
        Shape::Binding(node) => matches!(of.fact(node), Fact::Parameter(_)),
        _ => false,
    };
    let by_callee = match *of.summary.shape(call.callee) {
        Shape::Member(_, name) if of.summary.name(name) == "*" => "computed",
        Shape::Member(object, _) if is_parameter(object) => "parameter",
        _ if is_parameter(call.callee) => "parameter",
        _ => "flow",
    };
    let confidence = confidence(called.iter().copied());
    let target = |&&(place, reach): &&(Place, Reach)| CallTarget {
        callee: Callee::Node(place),
        resolution: match reach.way {
            Way::Field => "field",
            _ if reach.shift > 0 => "bound",
            _ => by_callee,
        },
        confidence,
        shift: reach.shift,
        applies: reach.applies,
    };
    let is_new = |target: &CallTarget<'_>| !found.iter().any(|known| known.callee == target.callee);
    called.iter().map(target).filter(is_new).collect()
}

/// Whether a target is what the call names, whatever else happens in the program.
fn is_certain(target: &CallTarget<'_>) -> bool {
    let named = matches!(
        target.resolution,
        "import" | "constructor" | "inherited" | "namespace" | "super"
    );
    named && target.confidence == Confidence::Exact
}
