//! Names of the global object: those of the language, those that a program declares, those that scripts share.

use crate::common::edges;

#[test]
fn what_the_language_has() {
    let found = edges(
        &[(
            "a.js",
            "export const n = parseInt('1', 10);\nexport const keys = Object.keys({ n });\nconsole.log(JSON.stringify(keys));\nglobalThis.setTimeout(() => n, 1);",
        )],
        &["CALLS", "WRITES_TO"],
    );
    assert_eq!(
        found,
        [
            r#"CALL->JSON.stringify CALLS EXTERNAL_FUNCTION:<global>.JSON.stringify {"resolution":"builtin"}"#,
            r#"CALL->Object.keys CALLS EXTERNAL_FUNCTION:<global>.Object.keys {"resolution":"builtin"}"#,
            r#"CALL->console.log CALLS EXTERNAL_FUNCTION:<global>.console.log {"resolution":"builtin"}"#,
            "CALL->console.log WRITES_TO net:stdio#__stdio__",
            r#"CALL->globalThis.setTimeout CALLS EXTERNAL_FUNCTION:<global>.globalThis.setTimeout {"resolution":"builtin"}"#,
            r#"CALL->parseInt CALLS EXTERNAL_FUNCTION:<global>.parseInt {"resolution":"builtin"}"#,
        ]
    );
}

#[test]
fn scripts_share_functions_and_members() {
    let found = edges(
        &[
            (
                "one.js",
                "function shared() {}\nvar app = app || {};\napp.start = function start() { shared(); };",
            ),
            ("two.js", "app.start();\nshared();\nwindow.app.start();"),
        ],
        &["CALLS"],
    );
    assert_eq!(
        found,
        [
            r#"two.js->CALL->app.start CALLS EXTERNAL_FUNCTION:<global>.app.start {"resolution":"builtin"}"#,
            r#"two.js->CALL->app.start CALLS one.js->FUNCTION->start {"resolution":"flow","confidence":"likely"}"#,
            r#"two.js->CALL->shared CALLS one.js->FUNCTION->shared {"resolution":"alias","confidence":"likely"}"#,
            r#"two.js->CALL->window.app.start CALLS EXTERNAL_FUNCTION:<global>.window.app.start {"resolution":"builtin"}"#,
            r#"two.js->CALL->window.app.start CALLS one.js->FUNCTION->start {"resolution":"flow","confidence":"likely"}"#,
        ]
    );
}

#[test]
fn modules_do_not() {
    let found = edges(
        &[
            ("one.mjs", "export function hidden() {}"),
            ("two.mjs", "hidden();\nexport const x = 1;"),
        ],
        &["CALLS"],
    );
    assert_eq!(
        found,
        [
            r#"two.mjs->CALL->hidden CALLS EXTERNAL_FUNCTION:<global>.hidden {"resolution":"builtin"}"#,
        ]
    );
}

#[test]
fn what_a_module_declares_hides_what_the_language_has() {
    let found = edges(
        &[(
            "a.mjs",
            "const parseInt = text => text;\nexport const n = parseInt('1');",
        )],
        &["CALLS"],
    );
    assert_eq!(found, [""; 0]);
}
