//! Calls of what everything inherits, and why other calls have no target.

use crate::common::edges;

#[test]
fn methods_of_every_function_and_object() {
    let found = edges(
        &[(
            "a.ts",
            "function run() {}\n\
             class Own { toString() { return 'own'; } }\n\
             export const later = run.bind(null);\n\
             export function f(options: { a: number }, own: Own, unknown) {\n\
               options.hasOwnProperty('a'); own.hasOwnProperty('a'); own.toString(); unknown.toString();\n\
             }",
        )],
        &["CALLS", "UNRESOLVED_CALL"],
    );
    assert_eq!(
        found,
        [
            r#"CALL->options.hasOwnProperty[in:f] CALLS EXTERNAL_FUNCTION:<global>.Object.prototype.hasOwnProperty {"resolution":"builtin"}"#,
            r#"CALL->own.hasOwnProperty[in:f] CALLS EXTERNAL_FUNCTION:<global>.Object.prototype.hasOwnProperty {"resolution":"builtin"}"#,
            r#"CALL->own.toString[in:f] CALLS METHOD->toString[in:Own] {"resolution":"type"}"#,
            r#"CALL->run.bind CALLS EXTERNAL_FUNCTION:<global>.Function.prototype.bind {"resolution":"builtin"}"#,
            r#"CALL->unknown.toString[in:f] UNRESOLVED_CALL MODULE->module {"name":"toString","reason":"unknown-receiver"}"#,
        ]
    );
}

#[test]
fn what_is_called_by_others_is_given_by_them() {
    let found = edges(
        &[(
            "a.ts",
            "export const wait = (n: number) => new Promise((resolve, reject) => { if (n) resolve(n); else reject(n); });\n\
             export const own = (run) => run();",
        )],
        &["UNRESOLVED_CALL"],
    );
    assert_eq!(
        found,
        [
            r#"CALL->reject[in:wait.<Promise>] UNRESOLVED_CALL MODULE->module {"name":"reject","reason":"external-value"}"#,
            r#"CALL->resolve[in:wait.<Promise>] UNRESOLVED_CALL MODULE->module {"name":"resolve","reason":"external-value"}"#,
            r#"CALL->run[in:own] UNRESOLVED_CALL MODULE->module {"name":"run","reason":"unknown-value"}"#,
        ]
    );
}
