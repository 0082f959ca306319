//! CALLS of what is declared with a function type: the type says what a call gives, not where it goes.

use crate::common::edges;

#[test]
fn constants_are_the_functions_that_they_are_given() {
    let found = edges(
        &[
            (
                "internal.ts",
                "export const left = <L>(value: L): { l: L } => ({ l: value });\nexport function each(run: (n: number) => void) { run(1); }",
            ),
            (
                "either.ts",
                "import * as internal from './internal';\nexport const left: <L>(value: L) => { l: L } = internal.left;\nexport let later: (n: number) => void = internal.left;\nlater = () => {};\nexport const cast = internal.left as (n: number) => void;\nexport const anyhow = internal.left as any;",
            ),
            (
                "app.ts",
                "import * as Either from './either';\nimport { each } from './internal';\nEither.left(1);\nEither.later(2);\nEither.cast(3);\nEither.anyhow(4);\neach(Either.left);\nexport const text = Either.left('a').l.trim();",
            ),
        ],
        &["CALLS", "UNRESOLVED_CALL"],
    );
    assert_eq!(
        found,
        [
            r#"app.ts->CALL->Either.anyhow CALLS internal.ts->FUNCTION->left {"resolution":"import"}"#,
            r#"app.ts->CALL->Either.cast CALLS internal.ts->FUNCTION->left {"resolution":"import"}"#,
            r#"app.ts->CALL->Either.later CALLS either.ts->FUNCTION->later {"resolution":"flow","confidence":"possible"}"#,
            r#"app.ts->CALL->Either.later CALLS internal.ts->FUNCTION->left {"resolution":"flow","confidence":"possible"}"#,
            r#"app.ts->CALL->Either.left CALLS internal.ts->FUNCTION->left {"resolution":"import"}"#,
            r#"app.ts->CALL->Either.left#2 CALLS internal.ts->FUNCTION->left {"resolution":"import"}"#,
            r#"app.ts->CALL->Either.left().l.trim CALLS EXTERNAL_FUNCTION:<global>.String.prototype.trim {"resolution":"builtin"}"#,
            r#"app.ts->CALL->each CALLS internal.ts->FUNCTION->each {"resolution":"import"}"#,
            r#"app.ts->CALL->each CALLS internal.ts->FUNCTION->left {"callType":"callback","resolution":"higher-order"}"#,
            r#"internal.ts->CALL->run[in:each] CALLS internal.ts->FUNCTION->left {"resolution":"parameter","confidence":"likely"}"#,
        ]
    );
}

#[test]
fn wrappers_give_back_what_has_the_type_of_their_argument() {
    let found = edges(
        &[
            (
                "core.ts",
                "export const dual: { <Last, First>(arity: number, body: First): Last & First } = function(arity, body) { return function(...all) { return body(...all); }; } as any;\n\
                 export const map = dual<(f: () => void) => (self: number) => number, (self: number, f: () => void) => number>(2, (self, f) => self);",
            ),
            (
                "api.ts",
                "import * as core from './core';\n\
                 interface Both { (f: () => void): (self: number) => number; (self: number, f: () => void): number; other: { (): void } }\n\
                 export const map: { (f: () => void): (self: number) => number; (self: number, f: () => void): number; inner: { (): void } } = core.map as any;\n\
                 export const both: Both = core.map as any;",
            ),
            (
                "app.ts",
                "import * as Api from './api';\nApi.map(1, () => {});\nApi.map(() => {});\nApi.map.inner();\nApi.both(2, () => {});\nApi.both.other();\nApi.map(3, () => {}).toFixed();",
            ),
        ],
        &["CALLS", "UNRESOLVED_CALL"],
    );
    let of_app: Vec<_> = found.iter().filter(|e| e.starts_with("app.ts->")).collect();
    assert_eq!(
        of_app,
        [
            r#"app.ts->CALL->Api.both CALLS core.ts->FUNCTION-><return>[in:dual] {"resolution":"import","confidence":"likely"}"#,
            r#"app.ts->CALL->Api.both.other UNRESOLVED_CALL app.ts->MODULE->module {"name":"other","reason":"known-by-type-only"}"#,
            r#"app.ts->CALL->Api.map CALLS core.ts->FUNCTION-><return>[in:dual] {"resolution":"import","confidence":"likely"}"#,
            r#"app.ts->CALL->Api.map#2 CALLS core.ts->FUNCTION-><return>[in:dual] {"resolution":"import","confidence":"likely"}"#,
            r#"app.ts->CALL->Api.map#3 CALLS core.ts->FUNCTION-><return>[in:dual] {"resolution":"import","confidence":"likely"}"#,
            r#"app.ts->CALL->Api.map().toFixed CALLS EXTERNAL_FUNCTION:<global>.Number.prototype.toFixed {"resolution":"builtin"}"#,
            r#"app.ts->CALL->Api.map.inner UNRESOLVED_CALL app.ts->MODULE->module {"name":"inner","reason":"known-by-type-only"}"#,
        ]
    );
}

#[test]
fn where_too_many_wrappers_are_given_back_the_argument_of_the_type_is_told() {
    let wrappers: String = (0..6)
        .map(|n| format!("case {n}: return function(...all) {{ return body(...all); }};"))
        .collect();
    let found = edges(
        &[
            (
                "core.ts",
                &format!(
                    "export const dual: {{ <Last, First>(arity: number, body: First): Last & First }} = function(arity, body) {{ switch (arity) {{ {wrappers} }} }};\n\
                     export const map = dual<(f: () => void) => (self: number) => number, (self: number, f: () => void) => number>(2, (self, f) => self);"
                ),
            ),
            (
                "app.ts",
                "import { map } from './core';\nmap(1, () => {});\nmap(2, () => {}).toFixed();",
            ),
        ],
        &["CALLS"],
    );
    let of_app: Vec<_> = found.iter().filter(|e| e.starts_with("app.ts->")).collect();
    assert_eq!(
        of_app,
        [
            r#"app.ts->CALL->map CALLS core.ts->FUNCTION-><dual> {"resolution":"import"}"#,
            r#"app.ts->CALL->map#2 CALLS core.ts->FUNCTION-><dual> {"resolution":"import"}"#,
            r#"app.ts->CALL->map().toFixed CALLS EXTERNAL_FUNCTION:<global>.Number.prototype.toFixed {"resolution":"builtin"}"#,
        ]
    );
}

#[test]
fn functions_that_functions_give_back() {
    let found = edges(
        &[(
            "a.ts",
            "export function adder(x: number): (y: number) => number { return (y) => x + y; }\n\
             const noop = () => {};\n\
             class Scope { enter(): () => void { return noop; } }\n\
             export const handler = (name: string): { (n: number): string } => { function handle(n: number) { return name; } return handle; };\n\
             adder(1)(2).toFixed();\n\
             const leave = new Scope().enter();\n\
             leave();\n\
             handler('x')(1).trim();",
        )],
        &["CALLS", "UNRESOLVED_CALL"],
    );
    assert_eq!(
        found,
        [
            r#"CALL->adder() CALLS FUNCTION-><return>[in:adder] {"resolution":"alias"}"#,
            r#"CALL->adder()().toFixed CALLS EXTERNAL_FUNCTION:<global>.Number.prototype.toFixed {"resolution":"builtin"}"#,
            r#"CALL->handler() CALLS FUNCTION->handle[in:handler] {"resolution":"alias","confidence":"likely"}"#,
            r#"CALL->handler()().trim CALLS EXTERNAL_FUNCTION:<global>.String.prototype.trim {"resolution":"builtin"}"#,
            r#"CALL->leave CALLS FUNCTION->noop {"resolution":"alias"}"#,
            r#"CALL->new Scope().enter CALLS METHOD->enter[in:Scope] {"resolution":"type"}"#,
        ]
    );
}

#[test]
fn type_arguments_leave_the_functions_behind_a_type() {
    let found = edges(
        &[(
            "a.ts",
            "function run() {}\n\
             const task: { (): string } = run as any;\n\
             export function pick<T>(x: T) { return task; }\n\
             pick(1)().trim();",
        )],
        &["CALLS", "UNRESOLVED_CALL"],
    );
    assert_eq!(
        found,
        [
            r#"CALL->pick() CALLS FUNCTION->run {"resolution":"alias","confidence":"likely"}"#,
            r#"CALL->pick()().trim CALLS EXTERNAL_FUNCTION:<global>.String.prototype.trim {"resolution":"builtin"}"#,
        ]
    );
}

/// As fluent wrappers are written: a class that is filled with the functions of modules, as an interface of its name says.
#[test]
fn members_that_a_merged_interface_takes_from_modules() {
    let found = edges(
        &[
            (
                "methods.ts",
                "import type { List } from './list';\nexport function all(this: List<number>) { return this.only(); }\nexport function only(this: List<number>) { return this.make([]); }",
            ),
            (
                "list.ts",
                "import * as Methods from './methods';\ntype MethodsType = typeof Methods & { more: number };\nexport abstract class List<T> implements ArrayLike<T> { length = 0; [index: number]: T; abstract make<U>(of: U[]): List<U>; }\nexport interface List<T> extends MethodsType, Iterable<T> { }\nObject.assign(List.prototype, Methods);\nexport class Loaded<T> extends List<T> { make<U>(of: U[]): List<U> { return new Loaded<U>(); } }",
            ),
            (
                "app.ts",
                "import { List } from './list';\nexport function run(list: List<string>) { list.all(); list.map(x => x); list.missing(); }",
            ),
        ],
        &["CALLS"],
    );
    assert_eq!(
        found,
        [
            r#"app.ts->CALL->list.all[in:run] CALLS methods.ts->FUNCTION->all {"resolution":"type"}"#,
            r#"app.ts->CALL->list.map[in:run] CALLS EXTERNAL_FUNCTION:<global>.Array.prototype.map {"resolution":"builtin"}"#,
            r#"app.ts->CALL->list.map[in:run] CALLS app.ts->FUNCTION-><map>[in:run] {"callType":"callback"}"#,
            r#"list.ts->CALL->Object.assign CALLS EXTERNAL_FUNCTION:<global>.Object.assign {"resolution":"builtin"}"#,
            r#"list.ts->CONSTRUCTOR_CALL->new Loaded()[in:Loaded.make] CALLS list.ts->CLASS->Loaded {"resolution":"constructor"}"#,
            r#"methods.ts->CALL->this.make[in:only] CALLS list.ts->METHOD->make[in:List] {"resolution":"this","confidence":"possible"}"#,
            r#"methods.ts->CALL->this.make[in:only] CALLS list.ts->METHOD->make[in:Loaded] {"resolution":"interface","confidence":"likely"}"#,
            r#"methods.ts->CALL->this.only[in:all] CALLS methods.ts->FUNCTION->only {"resolution":"this"}"#,
        ]
    );
}
