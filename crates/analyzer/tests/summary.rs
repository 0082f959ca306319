//! What the linker is told of a module.

use analyzer::summary::CallKind;
use analyzer::{Options, analyze_module};

/// The callee of `new` may hold calls of its own, whose facts come before that of the `new`.
#[test]
fn a_resolved_new_is_not_taken_for_a_call_inside_its_class() {
    let module = analyze_module("a.js", "new (class { x = f(); })();", &Options::default());
    let facts: Vec<_> = module
        .summary
        .calls
        .iter()
        .map(|c| (c.kind, c.resolved.is_some()))
        .collect();
    assert_eq!(facts, [(CallKind::Call, false), (CallKind::New, true)]);
}
