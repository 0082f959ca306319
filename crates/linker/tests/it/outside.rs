//! Functions that are passed to code outside of the project.

use crate::common::edges;

fn calls(source: &str) -> Vec<String> {
    edges(&[("a.ts", source)], &["CALLS", "UNRESOLVED_CALL"])
}

#[test]
fn packages_may_call_what_they_are_passed() {
    assert_eq!(
        calls(
            "import express, { Router } from 'express';\n\
             const app = express();\n\
             app.get('/', show);\n\
             Router(show);\n\
             app.use(wrap(show));\n\
             app.listen(80);\n\
             function show() {}\n\
             function wrap(f: () => void) { return () => f(); }"
        ),
        [
            r#"CALL->Router CALLS EXTERNAL_FUNCTION:express.Router {"resolution":"external"}"#,
            r#"CALL->Router CALLS FUNCTION->show {"callType":"callback","confidence":"possible"}"#,
            r#"CALL->app.get CALLS FUNCTION->show {"callType":"callback","confidence":"possible"}"#,
            r#"CALL->app.get UNRESOLVED_CALL MODULE->module {"name":"get","reason":"external-value"}"#,
            r#"CALL->app.listen UNRESOLVED_CALL MODULE->module {"name":"listen","reason":"external-value"}"#,
            r#"CALL->app.use CALLS FUNCTION-><return>[in:wrap] {"callType":"callback","confidence":"possible"}"#,
            r#"CALL->app.use UNRESOLVED_CALL MODULE->module {"name":"use","reason":"external-value"}"#,
            r#"CALL->express CALLS EXTERNAL_FUNCTION:express.default {"resolution":"external"}"#,
            r#"CALL->f[in:wrap.<return>] CALLS FUNCTION->show {"resolution":"parameter","confidence":"likely"}"#,
            r#"CALL->wrap CALLS FUNCTION->show {"callType":"callback","resolution":"higher-order"}"#,
        ]
    );
}

#[test]
fn listeners_of_unknown_receivers_may_run() {
    assert_eq!(
        calls(
            "export function watch(source: unknown, on: number) {\n\
               (source as any).on('open', opened);\n\
               (source as any).on(opened, opened);\n\
             }\n\
             function opened() {}"
        ),
        [
            r#"CALL->source.on[in:watch] CALLS FUNCTION->opened {"callType":"event","confidence":"possible"}"#,
            r#"CALL->source.on[in:watch] UNRESOLVED_CALL MODULE->module {"name":"on","reason":"unknown-receiver"}"#,
            r#"CALL->source.on[in:watch]#2 UNRESOLVED_CALL MODULE->module {"name":"on","reason":"unknown-receiver"}"#,
        ]
    );
}

#[test]
fn promises_of_the_environment() {
    assert_eq!(
        calls(
            "import { readFile } from 'node:fs/promises';\n\
             fetch('/').then((r) => r.json()).then(got);\n\
             readFile('a').then(got);\n\
             function got(x: unknown) {}"
        ),
        [
            r#"CALL->fetch CALLS EXTERNAL_FUNCTION:<global>.fetch {"resolution":"builtin"}"#,
            r#"CALL->fetch().then CALLS EXTERNAL_FUNCTION:<global>.Promise.prototype.then {"resolution":"builtin"}"#,
            r#"CALL->fetch().then CALLS FUNCTION-><then> {"callType":"callback"}"#,
            r#"CALL->fetch().then().then CALLS EXTERNAL_FUNCTION:<global>.Promise.prototype.then {"resolution":"builtin"}"#,
            r#"CALL->fetch().then().then CALLS FUNCTION->got {"callType":"callback"}"#,
            r#"CALL->r.json[in:<then>] CALLS EXTERNAL_FUNCTION:<global>.Response.prototype.json {"resolution":"builtin"}"#,
            r#"CALL->readFile CALLS EXTERNAL_FUNCTION:fs/promises.readFile {"resolution":"external"}"#,
            r#"CALL->readFile().then CALLS EXTERNAL_FUNCTION:<global>.Promise.prototype.then {"resolution":"builtin"}"#,
            r#"CALL->readFile().then CALLS FUNCTION->got {"callType":"callback"}"#,
        ]
    );
}

#[test]
fn classes_make_instances_of_what_is_called() {
    assert_eq!(
        calls(
            "abstract class Shape { static of() { return new this(); } }\n\
             class Disc extends Shape { constructor() { super(); } }\n\
             class Tree { static of() { return new this(); } }\n\
             class Oak extends Tree {}\n\
             Disc.of();\nOak.of();"
        ),
        [
            r#"CALL->Disc.of CALLS METHOD->static:of[in:Shape] {"resolution":"object"}"#,
            r#"CALL->Oak.of CALLS METHOD->static:of[in:Tree] {"resolution":"object"}"#,
            r#"CALL->super[in:Disc.constructor] CALLS CLASS->Shape {"resolution":"constructor"}"#,
            r#"CONSTRUCTOR_CALL->new this()[in:Shape.static:of] CALLS METHOD->constructor[in:Disc] {"resolution":"constructor","confidence":"likely"}"#,
            r#"CONSTRUCTOR_CALL->new this()[in:Tree.static:of] CALLS CLASS->Oak {"resolution":"constructor","confidence":"possible"}"#,
            r#"CONSTRUCTOR_CALL->new this()[in:Tree.static:of] CALLS CLASS->Tree {"resolution":"constructor"}"#,
        ]
    );
}
