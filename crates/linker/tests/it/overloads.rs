//! What calls of functions with several signatures give.

use crate::common::edges;

#[test]
fn declared_functions_have_the_results_of_their_overloads() {
    let found = edges(
        &[
            (
                "shapes.ts",
                "export class Circle { area() {} }\nexport class Square { side() {} }\n\
                 export function make(kind: 'circle'): Circle;\n\
                 export function make(kind: number): Square;\n\
                 export function make(kind: any): any { return kind; }\n\
                 export function extend<T extends {}, U>(to: T, from: U): T & U;\n\
                 export function extend<T extends {}, U, V>(to: T, a: U, b: V): T & U & V;\n\
                 export function extend(to: any, ...from: any[]): any { return to; }\n\
                 export default function pick(one: string): Circle;\n\
                 export default function pick(one: string, two: string): Square;\n\
                 export default function pick(...all: any[]): any {}",
            ),
            (
                "app.ts",
                "import pick, { make, extend, Circle } from './shapes';\n\
                 make('circle').area();\nmake(4).side();\n\
                 function create() { const circle = new Circle(); return extend(circle, { turn() {} }); }\n\
                 const both = create();\nboth.area();\nboth.turn();\n\
                 pick('a').area();\npick('a', 'b').side();",
            ),
        ],
        &["CALLS", "UNRESOLVED_CALL"],
    );
    let found: Vec<&String> = found
        .iter()
        .filter(|e| e.contains("METHOD") || e.contains("turn"))
        .collect();
    assert_eq!(
        found,
        [
            r#"app.ts->CALL->both.area CALLS shapes.ts->METHOD->area[in:Circle] {"resolution":"type"}"#,
            r#"app.ts->CALL->both.turn CALLS app.ts->FUNCTION->turn[in:create] {"resolution":"type"}"#,
            r#"app.ts->CALL->make().area CALLS shapes.ts->METHOD->area[in:Circle] {"resolution":"type"}"#,
            r#"app.ts->CALL->make().side CALLS shapes.ts->METHOD->side[in:Square] {"resolution":"type"}"#,
            r#"app.ts->CALL->pick().area CALLS shapes.ts->METHOD->area[in:Circle] {"resolution":"type"}"#,
            r#"app.ts->CALL->pick().side CALLS shapes.ts->METHOD->side[in:Square] {"resolution":"type"}"#,
        ]
    );
}

#[test]
fn functions_without_a_body_have_overloads_too() {
    let found = edges(
        &[(
            "app.ts",
            "class Circle { area() {} }\nclass Square { side() {} }\n\
             declare function make(kind: string): Circle;\ndeclare function make(kind: number): Square;\n\
             make('circle').area();\nmake(4).side();",
        )],
        &["CALLS", "UNRESOLVED_CALL"],
    );
    let found: Vec<&String> = found.iter().filter(|e| e.contains("make().")).collect();
    assert_eq!(
        found,
        [
            r#"CALL->make().area CALLS METHOD->area[in:Circle] {"resolution":"type"}"#,
            r#"CALL->make().side CALLS METHOD->side[in:Square] {"resolution":"type"}"#,
        ]
    );
}
