//! CALLS that depend on what type variables stand for.

use crate::common::edges;

#[test]
fn a_type_that_stands_in_itself_is_an_array_of_itself() {
    let found = edges(
        &[(
            "nested.ts",
            "export type Nested<T> = T | readonly Nested<T>[];\n\
             export function outer(value: Nested<string>) {\n\
               value.slice(1);\n\
               const inner = (value as readonly Nested<string>[])[0];\n\
               inner.slice(1);\n\
             }",
        )],
        &["CALLS", "UNRESOLVED_CALL"],
    );
    assert_eq!(
        found,
        [
            r#"CALL->inner.slice[in:outer] CALLS EXTERNAL_FUNCTION:<global>.Array.prototype.slice {"resolution":"builtin","confidence":"possible"}"#,
            r#"CALL->inner.slice[in:outer] CALLS EXTERNAL_FUNCTION:<global>.String.prototype.slice {"resolution":"builtin","confidence":"possible"}"#,
            r#"CALL->value.slice[in:outer] CALLS EXTERNAL_FUNCTION:<global>.Array.prototype.slice {"resolution":"builtin","confidence":"possible"}"#,
            r#"CALL->value.slice[in:outer] CALLS EXTERNAL_FUNCTION:<global>.String.prototype.slice {"resolution":"builtin","confidence":"possible"}"#,
        ]
    );
}

/// What is told of `client` nests as deep as anything may; the result is not made of it.
#[test]
fn a_result_depends_on_the_type_variables_that_it_names() {
    let found = edges(
        &[
            (
                "action.ts",
                "export interface Client<T, C> { transport: T; chain: C }\n\
                 export function getAction<transport, chain, client extends Client<transport, chain>, parameters, returnType>(\n\
                   client: client, actionFn: (_: any, parameters: parameters) => returnType, name: string,\n\
                 ): (parameters: parameters) => returnType {\n\
                   const action = (client as any)[name];\n\
                   if (action) return action as (params: parameters) => returnType;\n\
                   return (params) => actionFn(client, params);\n\
                 }",
            ),
            (
                "app.ts",
                "import { Client, getAction } from './action';\n\
                 export class Receipt { confirm() {} }\n\
                 export function send(client: Client<any, any>, parameters: { to: string }): Receipt { return new Receipt(); }\n\
                 export function run(client: Client<Set<Set<Receipt[]>>, number>) {\n\
                   getAction(client, send, 'send')({ to: 'a' }).confirm();\n\
                 }",
            ),
        ],
        &["CALLS", "UNRESOLVED_CALL"],
    );
    let in_run = found.iter().filter(|edge| edge.contains("[in:run]"));
    assert_eq!(
        in_run.collect::<Vec<_>>(),
        [
            r#"app.ts->CALL->getAction()().confirm[in:run] CALLS app.ts->METHOD->confirm[in:Receipt] {"resolution":"type"}"#,
            r#"app.ts->CALL->getAction()[in:run] CALLS action.ts->FUNCTION-><return>[in:getAction] {"resolution":"alias"}"#,
            r#"app.ts->CALL->getAction[in:run] CALLS action.ts->FUNCTION->getAction {"resolution":"import"}"#,
            r#"app.ts->CALL->getAction[in:run] CALLS app.ts->FUNCTION->send {"callType":"callback","resolution":"higher-order"}"#,
        ]
    );
}

#[test]
fn variables_of_a_class_are_told_by_methods_that_have_their_own() {
    let found = edges(
        &[(
            "store.ts",
            "class Door { open() {} }\n\
             class Store<T> {\n\
               use<U>(value: T, run: (value: T) => U): U { return run(value); }\n\
               same<U>(value: T, other: U): T { return value; }\n\
             }\n\
             new Store().use(new Door(), door => door.open());\n\
             new Store().same(new Door(), 1).open();",
        )],
        &["CALLS", "UNRESOLVED_CALL"],
    );
    let of_door = found.iter().filter(|edge| edge.contains("open"));
    assert_eq!(
        of_door.collect::<Vec<_>>(),
        [
            r#"CALL->door.open[in:<use>] CALLS METHOD->open[in:Door] {"resolution":"type"}"#,
            r#"CALL->new Store().same().open CALLS METHOD->open[in:Door] {"resolution":"type"}"#,
        ]
    );
}
