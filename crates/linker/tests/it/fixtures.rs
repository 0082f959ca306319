//! Programs in source, through the analyzer: the edges that the linker adds, as the model writes them.

use crate::common::edges;

/// The CALLS edges of one file.
fn calls(source: &str) -> Vec<String> {
    edges(&[("a.ts", source)], &["CALLS"])
}

/// Section 13.2 of the model.
const INHERITANCE: [(&str, &str); 3] = [
    (
        "src/base.ts",
        "export abstract class Base {\n  constructor(protected log: string[]) {}\n  save(id: number) {\n    this.log.push('save');\n    return id;\n  }\n}",
    ),
    (
        "src/user.ts",
        "import { Base } from './base.js';\nexport class UserRepo extends Base {\n  find(id: number) { return this.save(id); }\n}\nexport const repo = new UserRepo([]);",
    ),
    (
        "src/app.ts",
        "import { repo } from './user';\nconst user = repo.find(7);",
    ),
];

#[test]
fn inheritance_across_modules() {
    let found = edges(
        &INHERITANCE,
        &["CALLS", "EXTENDS", "INSTANCE_OF", "RECEIVES_ARGUMENT"],
    );
    assert_eq!(
        found,
        [
            r#"src/app.ts->CALL->repo.find CALLS src/user.ts->METHOD->find[in:UserRepo] {"resolution":"type"}"#,
            "src/app.ts->IMPORT->repo INSTANCE_OF src/user.ts->CLASS->UserRepo",
            r#"src/base.ts->CALL->this.log.push[in:Base.save] CALLS EXTERNAL_FUNCTION:<global>.Array.prototype.push {"resolution":"builtin"}"#,
            r#"src/base.ts->PARAMETER->id[in:Base.save] RECEIVES_ARGUMENT src/user.ts->PARAMETER->id[in:UserRepo.find] {"argIndex":0,"callId":"src/user.ts->CALL->this.save[in:UserRepo.find]"}"#,
            r#"src/base.ts->PARAMETER->log[in:Base.constructor] RECEIVES_ARGUMENT src/user.ts->ARRAY_LITERAL-><array> {"argIndex":0,"callId":"src/user.ts->CONSTRUCTOR_CALL->new UserRepo()"}"#,
            r#"src/user.ts->CALL->this.save[in:UserRepo.find] CALLS src/base.ts->METHOD->save[in:Base] {"resolution":"this"}"#,
            "src/user.ts->CLASS->UserRepo EXTENDS src/base.ts->CLASS->Base",
            r#"src/user.ts->CONSTRUCTOR_CALL->new UserRepo() CALLS src/base.ts->METHOD->constructor[in:Base] {"resolution":"inherited"}"#,
            r#"src/user.ts->PARAMETER->id[in:UserRepo.find] RECEIVES_ARGUMENT src/app.ts->LITERAL->7 {"argIndex":0,"callId":"src/app.ts->CALL->repo.find"}"#,
            "src/user.ts->VARIABLE->repo INSTANCE_OF src/user.ts->CLASS->UserRepo",
        ]
    );
}

#[test]
fn common_js() {
    let found = edges(
        &[
            (
                "lib/util.js",
                "function add(a, b) { return a + b; }\nexports.add = add;\nexports.inc = x => add(x, 1);",
            ),
            (
                "lib/main.js",
                "const { inc } = require('./util');\nconst fs = require('fs');\nmodule.exports = { run: () => inc(fs.statSync('a').size) };",
            ),
        ],
        &["CALLS", "RECEIVES_ARGUMENT", "UNRESOLVED_CALL"],
    );
    assert_eq!(
        found,
        [
            r#"lib/main.js->CALL->fs.statSync[in:exports.run] CALLS EXTERNAL_FUNCTION:fs.statSync {"resolution":"external"}"#,
            r#"lib/main.js->CALL->inc[in:exports.run] CALLS lib/util.js->FUNCTION->inc {"resolution":"import"}"#,
            r#"lib/util.js->PARAMETER->a[in:add] RECEIVES_ARGUMENT lib/util.js->PARAMETER->x[in:inc] {"argIndex":0,"callId":"lib/util.js->CALL->add[in:inc]"}"#,
            r#"lib/util.js->PARAMETER->b[in:add] RECEIVES_ARGUMENT lib/util.js->LITERAL->1[in:inc] {"argIndex":1,"callId":"lib/util.js->CALL->add[in:inc]"}"#,
            r#"lib/util.js->PARAMETER->x[in:inc] RECEIVES_ARGUMENT lib/main.js->PROPERTY_ACCESS->fs.statSync().size[in:exports.run] {"argIndex":0,"callId":"lib/main.js->CALL->inc[in:exports.run]"}"#,
        ]
    );
}

#[test]
fn generics_are_bound_by_arguments_and_callbacks_get_their_types() {
    assert_eq!(
        calls(
            "class Foo { go() {} }\nfunction first<T>(list: T[]): T { return list[0]; }\nfirst([new Foo()]).go();\n[new Foo()].map(f => f.go());",
        ),
        [
            r#"CALL-><array>.map CALLS EXTERNAL_FUNCTION:<global>.Array.prototype.map {"resolution":"builtin"}"#,
            r#"CALL-><array>.map CALLS FUNCTION-><map> {"callType":"callback"}"#,
            r#"CALL->f.go[in:<map>] CALLS METHOD->go[in:Foo] {"resolution":"type"}"#,
            r#"CALL->first().go CALLS METHOD->go[in:Foo] {"resolution":"type"}"#,
        ]
    );
}

#[test]
fn tests_narrow_what_a_value_can_be() {
    assert_eq!(
        calls(
            "class A { m() {} }\nclass B { m() {} }\nexport function f(x: A | B) { if (x instanceof A) x.m(); else x.m(); }",
        ),
        [
            r#"CALL->x.m[in:f] CALLS METHOD->m[in:A] {"resolution":"type"}"#,
            r#"CALL->x.m[in:f]#2 CALLS METHOD->m[in:B] {"resolution":"type"}"#,
        ]
    );
}

#[test]
fn an_interface_leads_to_what_implements_it() {
    assert_eq!(
        calls(
            "interface Shape { area(): number }\nclass Square implements Shape { area() { return 1; } }\nexport const sum = (s: Shape) => s.area();",
        ),
        [
            r#"CALL->s.area[in:sum] CALLS METHOD->area[in:Shape] {"resolution":"type","confidence":"possible"}"#,
            r#"CALL->s.area[in:sum] CALLS METHOD->area[in:Square] {"resolution":"interface","confidence":"likely"}"#,
        ]
    );
}

#[test]
fn prototypes_make_classes() {
    let found = edges(
        &[(
            "a.js",
            "const util = require('util');\nfunction Base() {}\nBase.prototype.hi = function () {};\nfunction Sub() { this.hi(); }\nutil.inherits(Sub, Base);\nnew Sub().hi();",
        )],
        &["CALLS", "EXTENDS"],
    );
    assert_eq!(
        found,
        [
            r#"CALL->new Sub().hi CALLS FUNCTION->hi {"resolution":"prototype"}"#,
            r#"CALL->this.hi[in:Sub] CALLS FUNCTION->hi {"resolution":"flow","confidence":"likely"}"#,
            r#"CALL->util.inherits CALLS EXTERNAL_FUNCTION:util.inherits {"resolution":"external"}"#,
            r#"CONSTRUCTOR_CALL->new Sub() CALLS FUNCTION->Sub {"resolution":"constructor"}"#,
            "FUNCTION->Sub EXTENDS FUNCTION->Base",
        ]
    );
}

#[test]
fn comments_give_types_to_javascript() {
    let found = edges(
        &[
            ("foo.js", "class Foo { go() {} }\nmodule.exports = Foo;"),
            (
                "main.js",
                "/** @typedef {import('./foo')} Foo */\n/** @param {Foo} foo it */\nfunction run(foo) { foo.go(); }\nexports.run = run;",
            ),
        ],
        &["CALLS"],
    );
    assert_eq!(
        found,
        [r#"main.js->CALL->foo.go[in:run] CALLS foo.js->METHOD->go[in:Foo] {"resolution":"type"}"#]
    );
}

#[test]
fn a_call_without_a_target_says_why() {
    let found = edges(
        &[(
            "a.ts",
            "export function f(x: any, k: string) { x.go(); x[k](); x(); }",
        )],
        &["UNRESOLVED_CALL"],
    );
    assert_eq!(
        found,
        [
            r#"CALL->x.<computed>[in:f] UNRESOLVED_CALL MODULE->module {"name":"<computed>","reason":"computed-name"}"#,
            r#"CALL->x.go[in:f] UNRESOLVED_CALL MODULE->module {"name":"go","reason":"unknown-receiver"}"#,
            r#"CALL->x[in:f] UNRESOLVED_CALL MODULE->module {"name":"x","reason":"unknown-value"}"#,
        ]
    );
}

#[test]
fn links_do_not_depend_on_threads() {
    let one = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    let three = rayon::ThreadPoolBuilder::new()
        .num_threads(3)
        .build()
        .unwrap();
    let all = [
        "CALLS",
        "RECEIVES_ARGUMENT",
        "READS_FROM",
        "INSTANCE_OF",
        "EXTENDS",
    ];
    assert_eq!(
        one.install(|| edges(&INHERITANCE, &all)),
        three.install(|| edges(&INHERITANCE, &all))
    );
}

#[test]
fn a_class_merged_with_a_namespace_is_both() {
    let found = calls(
        "class Box { constructor(public options: Box.Options) {} open() { return 1; } }\n\
         namespace Box {\n  export interface Options { run(): void }\n  \
         export function make(o: Options) { return new Box(o); }\n}\n\
         namespace Box { make({ run() {} }); }\n\
         function take(o: Box.Options) { o.run(); }\n\
         Box.make({ run() {} }).open();",
    );
    assert_eq!(
        found,
        [
            r#"CALL->Box.make CALLS FUNCTION->make[in:Box] {"resolution":"object"}"#,
            r#"CALL->Box.make().open CALLS METHOD->open[in:Box] {"resolution":"type"}"#,
            r#"CALL->o.run[in:take] CALLS METHOD->run[in:Box.Options] {"resolution":"type","confidence":"possible"}"#,
        ]
    );
}

#[test]
fn bound_functions_are_followed() {
    let found = edges(
        &[(
            "a.js",
            "class A { go() {} }
function make(x, y) { return new A(); }
make.call(null, 1).go();
make.apply(null, [2]).go();
Reflect.apply(make, null, [3]);
const half = make.bind(null, 4);
half(5).go();",
        )],
        &["CALLS", "RECEIVES_ARGUMENT"],
    );
    assert_eq!(
        found,
        [
            r#"CALL->Reflect.apply CALLS FUNCTION->make {"resolution":"bound","argShift":2}"#,
            r#"CALL->half CALLS FUNCTION->make {"resolution":"alias","argShift":-1}"#,
            r#"CALL->half().go CALLS METHOD->go[in:A] {"resolution":"type"}"#,
            r#"CALL->make.apply CALLS FUNCTION->make {"resolution":"bound","argShift":1}"#,
            r#"CALL->make.apply().go CALLS METHOD->go[in:A] {"resolution":"type"}"#,
            r#"CALL->make.bind CALLS EXTERNAL_FUNCTION:<global>.Function.prototype.bind {"resolution":"builtin"}"#,
            r#"CALL->make.call CALLS FUNCTION->make {"resolution":"bound","argShift":1}"#,
            r#"CALL->make.call().go CALLS METHOD->go[in:A] {"resolution":"type"}"#,
            r#"PARAMETER->x[in:make] RECEIVES_ARGUMENT ARRAY_LITERAL-><array> {"argIndex":1,"callId":"a.js->CALL->make.apply","propertyPath":["*"]}"#,
            r#"PARAMETER->x[in:make] RECEIVES_ARGUMENT ARRAY_LITERAL-><array>#2 {"argIndex":2,"callId":"a.js->CALL->Reflect.apply","propertyPath":["*"]}"#,
            r#"PARAMETER->x[in:make] RECEIVES_ARGUMENT LITERAL->1 {"argIndex":1,"callId":"a.js->CALL->make.call"}"#,
            r#"PARAMETER->x[in:make] RECEIVES_ARGUMENT LITERAL->4 {"argIndex":1,"callId":"a.js->CALL->make.bind"}"#,
            r#"PARAMETER->y[in:make] RECEIVES_ARGUMENT ARRAY_LITERAL-><array> {"argIndex":1,"callId":"a.js->CALL->make.apply","propertyPath":["*"]}"#,
            r#"PARAMETER->y[in:make] RECEIVES_ARGUMENT ARRAY_LITERAL-><array>#2 {"argIndex":2,"callId":"a.js->CALL->Reflect.apply","propertyPath":["*"]}"#,
            r#"PARAMETER->y[in:make] RECEIVES_ARGUMENT LITERAL->5 {"argIndex":0,"callId":"a.js->CALL->half"}"#,
        ]
    );
}

#[test]
fn parameters_of_private_functions_get_what_is_passed() {
    assert_eq!(
        edges(
            &[(
                "a.js",
                "class A { go() {} }
function use(x) { x.go(); }
use(new A());
export function open(x) { x.go(); }
open(new A());
function leaked(x) { x.go(); }
leaked(new A());
export const list = [leaked];
const arrow = y => y.go();
arrow(new A()); arrow(unknown());",
            )],
            &["CALLS"]
        ),
        [
            r#"CALL->unknown CALLS EXTERNAL_FUNCTION:<global>.unknown {"resolution":"builtin"}"#,
            r#"CALL->x.go[in:leaked] CALLS METHOD->go[in:A] {"resolution":"parameter","confidence":"possible"}"#,
            r#"CALL->x.go[in:open] CALLS METHOD->go[in:A] {"resolution":"parameter","confidence":"possible"}"#,
            r#"CALL->x.go[in:use] CALLS METHOD->go[in:A] {"resolution":"type","confidence":"likely"}"#,
            r#"CALL->y.go[in:arrow] CALLS METHOD->go[in:A] {"resolution":"parameter","confidence":"possible"}"#,
        ]
    );
}

#[test]
fn scripts_find_each_other_by_name_perhaps() {
    let found = edges(
        &[
            (
                "a.js",
                "function shared() {}\nfunction A() {}\nA.prototype.run = function () {};",
            ),
            ("b.js", "shared();\nfunction go(x) { x.run(); }"),
            ("c.mjs", "shared();\nexport function go(x) { x.run(); }"),
        ],
        &["CALLS"],
    );
    assert_eq!(
        found,
        [
            r#"b.js->CALL->shared CALLS a.js->FUNCTION->shared {"resolution":"alias","confidence":"likely"}"#,
            r#"b.js->CALL->x.run[in:go] CALLS a.js->FUNCTION->run {"resolution":"field","confidence":"possible"}"#,
            r#"c.mjs->CALL->shared CALLS EXTERNAL_FUNCTION:<global>.shared {"resolution":"builtin"}"#,
        ]
    );
}
