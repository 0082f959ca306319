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

/// What is called on results, by place and target.
fn results(source: &str) -> Vec<String> {
    let found = edges(&[("app.ts", source)], &["CALLS", "UNRESOLVED_CALL"]);
    let of_results = |edge: &String| edge.contains("METHOD") || edge.contains("UNRESOLVED");
    found.into_iter().filter(of_results).collect()
}

const CLASSES: &str = "class A { a() {} both() {} }\nclass B { b() {} both() {} }\n";

#[test]
fn values_decide_which_overload_is_meant() {
    let found = results(
        &[
            CLASSES,
            "declare function ext(x: any): any;\n\
             export function f(x: string): A; export function f(x: number): B;\n\
             export function f(x: any): A | B { return ext(x); }\n\
             function opt(x: null | undefined): null; function opt(x: A): B; function opt(x: any): any { return ext(x); }\n\
             function conv(x: A): A; function conv(x: B): B; function conv(x: any): any { return ext(x); }\n\
             export function use(n: number, s: string, a: A | null, list: string[], u: unknown) {\n\
               f(n).b(); f(s).a(); f(n + 1).both(); opt(a)!.b(); conv(new B()).b(); f(u as any).both();\n\
               f.call(null, 1).b(); [1].map(f)[0].b();\n}",
        ]
        .concat(),
    );
    assert_eq!(
        found,
        [
            r#"CALL-><array>.map().0.b[in:use] CALLS METHOD->b[in:B] {"resolution":"type"}"#,
            r#"CALL->conv().b[in:use] CALLS METHOD->b[in:B] {"resolution":"type"}"#,
            r#"CALL->f().a[in:use] CALLS METHOD->a[in:A] {"resolution":"type"}"#,
            r#"CALL->f().b[in:use] CALLS METHOD->b[in:B] {"resolution":"type"}"#,
            r#"CALL->f().both[in:use] CALLS METHOD->both[in:A] {"resolution":"type","confidence":"possible"}"#,
            r#"CALL->f().both[in:use] CALLS METHOD->both[in:B] {"resolution":"type","confidence":"possible"}"#,
            r#"CALL->f().both[in:use]#2 CALLS METHOD->both[in:A] {"resolution":"type","confidence":"possible"}"#,
            r#"CALL->f().both[in:use]#2 CALLS METHOD->both[in:B] {"resolution":"type","confidence":"possible"}"#,
            r#"CALL->f.call().b[in:use] CALLS METHOD->b[in:B] {"resolution":"type"}"#,
            r#"CALL->opt().b[in:use] CALLS METHOD->b[in:B] {"resolution":"type"}"#,
        ]
    );
}

#[test]
fn a_body_tells_the_class_below_the_declared_one() {
    let found = results(
        "class Foo { go() {} }\nclass FooImpl extends Foo { go() {} }\n\
         export function mk(x: string): Foo; export function mk(x: number): Foo; export function mk(x: any) { return new FooImpl(); }\n\
         mk('x').go();",
    );
    assert_eq!(
        found,
        [r#"CALL->mk().go CALLS METHOD->go[in:FooImpl] {"resolution":"type"}"#]
    );
}

#[test]
fn a_mixin_with_overloads_makes_a_class() {
    let found = results(
        "class Base { base() {} }\nexport type Made<T> = new (...args: any[]) => T;\n\
         export function mix<T extends Made<Base>>(base: T): T & Made<{ mixed(): void }>;\n\
         export function mix(base: any): any { return class extends base { mixed() {} }; }\n\
         class Mixed extends mix(Base) { go() { this.mixed(); this.base(); } }\nnew Mixed().mixed();",
    );
    assert_eq!(
        found,
        [
            r#"CALL->new Mixed().mixed CALLS METHOD->mixed[in:mix.<return>] {"resolution":"type"}"#,
            r#"CALL->this.base[in:Mixed.go] CALLS METHOD->base[in:Base] {"resolution":"this"}"#,
            r#"CALL->this.mixed[in:Mixed.go] CALLS METHOD->mixed[in:mix.<return>] {"resolution":"this"}"#,
        ]
    );
}
