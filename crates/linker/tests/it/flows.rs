//! What built-in functions do with values, from source.

use crate::common::edges;

/// All edges of the pass but the calls of the built-in functions themselves.
fn flows(source: &str) -> Vec<String> {
    let types = ["CALLS", "DERIVES_FROM", "FLOWS_INTO", "RECEIVES_ARGUMENT"];
    let mut found = edges(&[("a.js", source)], &types);
    found.retain(|e| !e.contains("\"resolution\""));
    found
}

#[test]
fn array_methods_call_back_with_elements() {
    assert_eq!(
        flows("const list = [{ a: 1 }];\nconst out = list.map((x, i, all) => x.a);"),
        [
            r#"CALL->list.map CALLS FUNCTION-><map> {"callType":"callback"}"#,
            r#"CALL->list.map DERIVES_FROM PROPERTY_ACCESS->x.a[in:<map>] {"resultPath":["*"],"via":"builtin"}"#,
            r#"PARAMETER->all[in:<map>] RECEIVES_ARGUMENT CONSTANT->list {"argIndex":2,"callId":"a.js->CALL->list.map","via":"builtin"}"#,
            r#"PARAMETER->x[in:<map>] RECEIVES_ARGUMENT CONSTANT->list {"argIndex":0,"callId":"a.js->CALL->list.map","propertyPath":["*"],"via":"builtin"}"#,
        ]
    );
}

#[test]
fn a_destructured_parameter_gets_its_part_of_the_element() {
    assert_eq!(
        flows("const list = [{ a: 1 }];\nlist.forEach(({ a }) => {});"),
        [
            r#"CALL->list.forEach CALLS FUNCTION-><forEach> {"callType":"callback"}"#,
            r#"PARAMETER->a[in:<forEach>] RECEIVES_ARGUMENT CONSTANT->list {"argIndex":0,"callId":"a.js->CALL->list.forEach","propertyPath":["*","a"],"via":"builtin"}"#,
        ]
    );
}

#[test]
fn promises_timers_and_listeners_call_back() {
    assert_eq!(
        flows(
            "function tick(n) {}\nsetTimeout(tick, 10, 5);\nprocess.on('exit', tick);\nPromise.resolve(3).then(v => v);",
        ),
        [
            r#"CALL->Promise.resolve DERIVES_FROM LITERAL->3 {"via":"builtin"}"#,
            r#"CALL->Promise.resolve().then CALLS FUNCTION-><then> {"callType":"callback"}"#,
            r#"CALL->Promise.resolve().then DERIVES_FROM PARAMETER->v[in:<then>] {"via":"builtin"}"#,
            r#"CALL->process.on CALLS FUNCTION->tick {"callType":"event"}"#,
            r#"CALL->setTimeout CALLS FUNCTION->tick {"callType":"callback"}"#,
            r#"PARAMETER->n[in:tick] RECEIVES_ARGUMENT LITERAL->5 {"argIndex":0,"callId":"a.js->CALL->setTimeout","via":"builtin"}"#,
            r#"PARAMETER->v[in:<then>] RECEIVES_ARGUMENT CALL->Promise.resolve {"argIndex":0,"callId":"a.js->CALL->Promise.resolve().then","via":"builtin"}"#,
        ]
    );
}

#[test]
fn methods_of_unknown_receivers_call_back_likely() {
    assert_eq!(
        flows(
            "export function each(list) { list.forEach(x => {}); list.push(1); list.other(x => {}); }"
        ),
        [
            r#"CALL->list.forEach[in:each] CALLS FUNCTION-><forEach>[in:each] {"callType":"callback","confidence":"likely"}"#,
            r#"LITERAL->1[in:each] FLOWS_INTO PARAMETER->list[in:each] {"mutationMethod":"push","argIndex":0,"propertyPath":["*"],"confidence":"possible"}"#,
            r#"PARAMETER->x[in:each.<forEach>] RECEIVES_ARGUMENT PARAMETER->list[in:each] {"argIndex":0,"callId":"a.js->CALL->list.forEach[in:each]","propertyPath":["*"],"confidence":"likely","via":"builtin"}"#,
        ]
    );
}

#[test]
fn values_come_through_built_in_functions() {
    assert_eq!(
        flows(
            "const list = [{ a: 1 }];\nconst first = list.filter(Boolean).find(Boolean);\nconst all = Object.values({ k: list });\nconst n = Math.max(list.length, 2);",
        ),
        [
            r#"CALL->Math.max DERIVES_FROM LITERAL->2 {"via":"pure"}"#,
            r#"CALL->Math.max DERIVES_FROM PROPERTY_ACCESS->list.length {"via":"pure"}"#,
            r#"CALL->Object.values DERIVES_FROM OBJECT_LITERAL-><object>#2 {"propertyPath":["*"],"resultPath":["*"],"via":"builtin"}"#,
            r#"CALL->list.filter CALLS EXTERNAL_FUNCTION:<global>.Boolean {"callType":"callback"}"#,
            r#"CALL->list.filter DERIVES_FROM CONSTANT->list {"via":"builtin"}"#,
            r#"CALL->list.filter().find CALLS EXTERNAL_FUNCTION:<global>.Boolean {"callType":"callback"}"#,
            r#"CALL->list.filter().find DERIVES_FROM CALL->list.filter {"propertyPath":["*"],"via":"builtin"}"#,
        ]
    );
}

#[test]
fn values_go_into_collections() {
    assert_eq!(
        flows(
            "const list = [];\nlist.push('a', ...['b']);\nconst map = new Map();\nmap.set('k', 1);\nclass C { items = new Set(); add(x) { this.items.add(x); } }\nconst target = {};\nObject.assign(target, list);",
        ),
        [
            r#"ARRAY_LITERAL-><array> FLOWS_INTO CONSTANT->list {"mutationMethod":"push","argIndex":1,"propertyPath":["*"],"sourcePath":["*"],"isSpread":true}"#,
            r#"CALL->Object.assign DERIVES_FROM CONSTANT->target {"via":"builtin"}"#,
            r#"CALL->map.set DERIVES_FROM VARIABLE->map {"via":"builtin"}"#,
            r#"CALL->this.items.add[in:C.add] DERIVES_FROM PROPERTY_ACCESS->this.items[in:C.add] {"via":"builtin"}"#,
            r#"CONSTANT->list FLOWS_INTO CONSTANT->target {"mutationType":"assign"}"#,
            r#"LITERAL->'a' FLOWS_INTO CONSTANT->list {"mutationMethod":"push","argIndex":0,"propertyPath":["*"]}"#,
            r#"LITERAL->1 FLOWS_INTO VARIABLE->map {"mutationMethod":"set","argIndex":1,"propertyPath":["*"]}"#,
            r#"PARAMETER->x[in:C.add] FLOWS_INTO PROPERTY->items[in:C] {"mutationMethod":"add","argIndex":0,"propertyPath":["*"]}"#,
        ]
    );
}

#[test]
fn node_calls_back_where_it_is_known_to() {
    assert_eq!(
        flows(
            "const fs = require('fs');\nconst util = require('util');\nfs.readFile('a', (e, text) => {});\nutil.inherits('a', function () {});"
        ),
        [r#"CALL->fs.readFile CALLS FUNCTION-><readFile:a> {"callType":"callback"}"#]
    );
}
