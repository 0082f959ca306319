//! Pass: where calls go that leave their module or go through its objects (CALLS, INSTANCE_OF).

use graph_model::summary::{CallFact, CallKind};
use graph_model::{EdgeType, NodeId, NodeType};

use crate::Linker;
use crate::edges::FileLinks;
use crate::program::ModuleIx;
use crate::values::{Evaluation, Place, Value};

/// Classes above a class that are looked at; more only exist in cycles.
const MAX_ANCESTORS: u32 = 64;

/// Counts of this pass.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CallCounts {
    /// CALL and CONSTRUCTOR_CALL nodes.
    pub total: u64,
    /// Of those, how many have a CALLS edge.
    pub resolved: u64,
}

/// Runs the pass for one module.
pub(crate) fn run(linker: &Linker<'_>, ix: ModuleIx, links: &mut FileLinks) -> CallCounts {
    let module = linker.program.module(ix);
    let mut counts = CallCounts::default();
    for call in &module.summary.calls {
        counts.total += 1;
        let resolved = call.resolved || {
            let mut evaluation = Evaluation::new(linker);
            match evaluation.shape(ix, call.callee) {
                Some(value) => {
                    let src = module.summary.node(call.node).node_id();
                    call_edges(
                        linker,
                        src,
                        call,
                        &value,
                        evaluation.way.resolution(),
                        links,
                    )
                }
                None => false,
            }
        };
        counts.resolved += u64::from(resolved);
    }
    counts
}

/// Adds the edges of a call; whether there is a CALLS edge among them.
fn call_edges(
    linker: &Linker<'_>,
    src: NodeId,
    call: &CallFact,
    value: &Value,
    resolution: &'static str,
    links: &mut FileLinks,
) -> bool {
    match (value, call.kind) {
        (Value::Callable(callee), kind) => {
            let dst = linker.node_id(*callee);
            calls(src, dst, resolution, links);
            if kind == CallKind::New && linker.node_type(*callee) == Some(NodeType::Function) {
                links.edge(src, EdgeType::InstanceOf, dst, "");
            }
            true
        }
        (Value::Class(class), CallKind::New | CallKind::Super) => {
            if call.kind == CallKind::New {
                links.edge(src, EdgeType::InstanceOf, linker.node_id(*class), "");
            }
            match constructor(linker, *class) {
                Some((target, resolution)) => {
                    calls(src, linker.node_id(target), resolution, links);
                    true
                }
                None => false,
            }
        }
        (Value::External { specifier, path }, kind) => {
            let path = if path.is_empty() {
                "default"
            } else {
                path.as_str()
            };
            let dst = links.external_function(specifier, path);
            calls(src, dst, "external", links);
            if kind == CallKind::New {
                links.edge(src, EdgeType::InstanceOf, dst, "");
            }
            true
        }
        // Neither objects nor modules can be called, nor classes without `new`.
        (Value::Class(_) | Value::Object(_) | Value::Namespace(_), _) => false,
    }
}

fn calls(src: NodeId, dst: NodeId, resolution: &'static str, links: &mut FileLinks) {
    let metadata = match resolution {
        "" => "",
        "alias" => r#"{"resolution":"alias"}"#,
        "constructor" => r#"{"resolution":"constructor"}"#,
        "external" => r#"{"resolution":"external"}"#,
        "import" => r#"{"resolution":"import"}"#,
        "inherited" => r#"{"resolution":"inherited"}"#,
        _ => r#"{"resolution":"object"}"#,
    };
    links.edge(src, EdgeType::Calls, dst, metadata);
}

/// What `new` of a class runs: its own constructor, else that of the nearest ancestor; the class itself if none of them
/// has one. `None` if an ancestor is unknown or of a package.
fn constructor(linker: &Linker<'_>, class: Place) -> Option<(Place, &'static str)> {
    let mut at = class;
    for depth in 0..MAX_ANCESTORS {
        let of = linker.program.module(at.module);
        let fact = of.class(at.node)?;
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
        let Some(extends) = fact.extends else {
            return Some((class, "constructor"));
        };
        match Evaluation::new(linker).shape(at.module, extends)? {
            Value::Class(next) => at = next,
            Value::Callable(function) => return Some((function, "inherited")),
            _ => return None,
        }
    }
    None
}
