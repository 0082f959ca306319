//! RECEIVES_ARGUMENT: from what calls pass to parameters.

use crate::common::edges;

#[test]
fn defaults_rests_spreads_and_patterns() {
    let found = edges(
        &[
            (
                "f.ts",
                "export function f(first = 1, { deep: { name }, ...others }: any = {}, [head]: any[] = [], ...rest: number[]) { return [first, name, others, head, rest]; }",
            ),
            (
                "app.ts",
                "import { f } from './f';\nconst more = [4, 5];\nf(9, { deep: { name: 'n' } }, ['h'], 2, 3);\nf(...more);",
            ),
        ],
        &["RECEIVES_ARGUMENT"],
    );
    assert_eq!(
        found,
        [
            r#"f.ts->PARAMETER->first[in:f] RECEIVES_ARGUMENT app.ts->CONSTANT->more {"argIndex":0,"callId":"app.ts->CALL->f#2","propertyPath":["*"]}"#,
            r#"f.ts->PARAMETER->first[in:f] RECEIVES_ARGUMENT app.ts->LITERAL->9 {"argIndex":0,"callId":"app.ts->CALL->f"}"#,
            r#"f.ts->PARAMETER->head[in:f] RECEIVES_ARGUMENT app.ts->ARRAY_LITERAL-><array> {"argIndex":2,"callId":"app.ts->CALL->f","propertyPath":["0"]}"#,
            r#"f.ts->PARAMETER->head[in:f] RECEIVES_ARGUMENT app.ts->CONSTANT->more {"argIndex":0,"callId":"app.ts->CALL->f#2","propertyPath":["*","0"]}"#,
            r#"f.ts->PARAMETER->name[in:f] RECEIVES_ARGUMENT app.ts->CONSTANT->more {"argIndex":0,"callId":"app.ts->CALL->f#2","propertyPath":["*","deep","name"]}"#,
            r#"f.ts->PARAMETER->name[in:f] RECEIVES_ARGUMENT app.ts->OBJECT_LITERAL-><object> {"argIndex":1,"callId":"app.ts->CALL->f","propertyPath":["deep","name"]}"#,
            r#"f.ts->PARAMETER->others[in:f] RECEIVES_ARGUMENT app.ts->CONSTANT->more {"argIndex":0,"callId":"app.ts->CALL->f#2","propertyPath":["*","..."]}"#,
            r#"f.ts->PARAMETER->others[in:f] RECEIVES_ARGUMENT app.ts->OBJECT_LITERAL-><object> {"argIndex":1,"callId":"app.ts->CALL->f","propertyPath":["..."]}"#,
            r#"f.ts->PARAMETER->rest[in:f] RECEIVES_ARGUMENT app.ts->LITERAL->2 {"argIndex":3,"callId":"app.ts->CALL->f","resultPath":["0"]}"#,
            r#"f.ts->PARAMETER->rest[in:f] RECEIVES_ARGUMENT app.ts->LITERAL->3 {"argIndex":4,"callId":"app.ts->CALL->f","resultPath":["1"]}"#,
        ]
    );
}

#[test]
fn bound_called_and_applied() {
    let found = edges(
        &[(
            "a.js",
            "function greet(greeting, name) { return greeting + name; }\nconst hello = greet.bind(null, 'hello');\nhello('ann');\ngreet.call(null, 'hi', 'bob');\ngreet.apply(null, ['hey', 'cy']);\nmodule.exports = greet;",
        )],
        &["RECEIVES_ARGUMENT"],
    );
    assert_eq!(
        found,
        [
            r#"PARAMETER->greeting[in:greet] RECEIVES_ARGUMENT ARRAY_LITERAL-><array> {"argIndex":1,"callId":"a.js->CALL->greet.apply","propertyPath":["*"]}"#,
            r#"PARAMETER->greeting[in:greet] RECEIVES_ARGUMENT LITERAL->'hello' {"argIndex":1,"callId":"a.js->CALL->greet.bind"}"#,
            r#"PARAMETER->greeting[in:greet] RECEIVES_ARGUMENT LITERAL->'hi' {"argIndex":1,"callId":"a.js->CALL->greet.call"}"#,
            r#"PARAMETER->name[in:greet] RECEIVES_ARGUMENT ARRAY_LITERAL-><array> {"argIndex":1,"callId":"a.js->CALL->greet.apply","propertyPath":["*"]}"#,
            r#"PARAMETER->name[in:greet] RECEIVES_ARGUMENT LITERAL->'ann' {"argIndex":0,"callId":"a.js->CALL->hello"}"#,
            r#"PARAMETER->name[in:greet] RECEIVES_ARGUMENT LITERAL->'bob' {"argIndex":2,"callId":"a.js->CALL->greet.call"}"#,
        ]
    );
}

#[test]
fn constructors_and_inherited_constructors() {
    let found = edges(
        &[(
            "a.ts",
            "class Base { constructor(public id: number) {} }\nclass Sub extends Base {}\nnew Base(1);\nnew Sub(2);\nexport {};",
        )],
        &["RECEIVES_ARGUMENT"],
    );
    assert_eq!(
        found,
        [
            r#"PARAMETER->id[in:Base.constructor] RECEIVES_ARGUMENT LITERAL->1 {"argIndex":0,"callId":"a.ts->CONSTRUCTOR_CALL->new Base()"}"#,
            r#"PARAMETER->id[in:Base.constructor] RECEIVES_ARGUMENT LITERAL->2 {"argIndex":0,"callId":"a.ts->CONSTRUCTOR_CALL->new Sub()"}"#,
        ]
    );
}

#[test]
fn callbacks_of_the_language_get_elements() {
    let found = edges(
        &[(
            "a.ts",
            "class Row { show(prefix: string) { return prefix; } }\nexport const shown = [new Row()].map(row => row.show('> '));\nexport const picked = Promise.resolve(new Row()).then(row => row.show('! '));",
        )],
        &["RECEIVES_ARGUMENT"],
    );
    assert_eq!(
        found,
        [
            r#"PARAMETER->prefix[in:Row.show] RECEIVES_ARGUMENT LITERAL->'! '[in:<then>] {"argIndex":0,"callId":"a.ts->CALL->row.show[in:<then>]"}"#,
            r#"PARAMETER->prefix[in:Row.show] RECEIVES_ARGUMENT LITERAL->'> '[in:<map>] {"argIndex":0,"callId":"a.ts->CALL->row.show[in:<map>]"}"#,
            r#"PARAMETER->row[in:<map>] RECEIVES_ARGUMENT ARRAY_LITERAL-><array> {"argIndex":0,"callId":"a.ts->CALL-><array>.map","propertyPath":["*"],"via":"builtin"}"#,
            r#"PARAMETER->row[in:<then>] RECEIVES_ARGUMENT CALL->Promise.resolve {"argIndex":0,"callId":"a.ts->CALL->Promise.resolve().then","via":"builtin"}"#,
        ]
    );
}
