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

/// What may be a boolean, a string or a map too has no method of theirs that they do not have.
#[test]
fn values_of_the_language_lack_the_members_of_others() {
    let found = edges(
        &[(
            "a.ts",
            "interface Options { extend(): void }\nclass Plain implements Options { extend() {} }\n\
             export function f(options: Options | boolean, size: number | Plain) { options.extend(); size.extend(); size.toFixed(); }\n\
             export const g = (a: Plain | string | Map<string, Plain>) => { a.extend(); a.trim(); a.get(''); };",
        )],
        &["CALLS"],
    );
    let found: Vec<String> = found.iter().map(|edge| edge.replace('"', "")).collect();
    assert_eq!(
        found,
        [
            "CALL->a.extend[in:g] CALLS METHOD->extend[in:Plain] {resolution:type}",
            "CALL->a.get[in:g] CALLS EXTERNAL_FUNCTION:<global>.Map.prototype.get {resolution:builtin}",
            "CALL->a.trim[in:g] CALLS EXTERNAL_FUNCTION:<global>.String.prototype.trim {resolution:builtin}",
            "CALL->options.extend[in:f] CALLS METHOD->extend[in:Options] {resolution:type,confidence:possible}",
            "CALL->options.extend[in:f] CALLS METHOD->extend[in:Plain] {resolution:interface,confidence:likely}",
            "CALL->size.extend[in:f] CALLS METHOD->extend[in:Plain] {resolution:type}",
            "CALL->size.toFixed[in:f] CALLS EXTERNAL_FUNCTION:<global>.Number.prototype.toFixed {resolution:builtin}",
        ]
    );
}
