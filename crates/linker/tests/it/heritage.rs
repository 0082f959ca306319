//! EXTENDS, IMPLEMENTS and OVERRIDES: classes, interfaces and constructor functions across modules.

use crate::common::edges;

#[test]
fn classes_and_interfaces_of_other_modules() {
    let found = edges(
        &[
            (
                "shape.ts",
                "export interface Area { area(): number; }\nexport interface Named extends Area { name: string; }\nexport default class Shape { draw() {} }",
            ),
            (
                "circle.ts",
                "import Shape, { type Named as Titled } from './shape';\nexport class Circle extends Shape implements Titled { name = 'c'; area() { return 1; } draw() {} }",
            ),
            (
                "ring.ts",
                "import * as shapes from './circle';\nexport class Ring extends shapes.Circle { area() { return super.area(); } }",
            ),
        ],
        &["EXTENDS", "IMPLEMENTS", "OVERRIDES"],
    );
    assert_eq!(
        found,
        [
            "circle.ts->CLASS->Circle EXTENDS shape.ts->CLASS->Shape",
            "circle.ts->CLASS->Circle IMPLEMENTS shape.ts->INTERFACE->Named",
            "circle.ts->METHOD->area[in:Circle] OVERRIDES shape.ts->METHOD->area[in:Area]",
            "circle.ts->METHOD->draw[in:Circle] OVERRIDES shape.ts->METHOD->draw[in:Shape]",
            "circle.ts->PROPERTY->name[in:Circle] OVERRIDES shape.ts->PROPERTY->name[in:Named]",
            "ring.ts->CLASS->Ring EXTENDS circle.ts->CLASS->Circle",
            "ring.ts->METHOD->area[in:Ring] OVERRIDES circle.ts->METHOD->area[in:Circle]",
        ]
    );
}

#[test]
fn through_reexports_and_common_js() {
    let found = edges(
        &[
            ("base.js", "class Base { run() {} }\nmodule.exports = Base;"),
            ("index.js", "exports.Base = require('./base');"),
            (
                "user.js",
                "const { Base } = require('./index');\nclass User extends Base { run() {} }\nexports.User = User;",
            ),
        ],
        &["EXTENDS", "OVERRIDES"],
    );
    assert_eq!(
        found,
        [
            "user.js->CLASS->User EXTENDS base.js->CLASS->Base",
            "user.js->METHOD->run[in:User] OVERRIDES base.js->METHOD->run[in:Base]",
        ]
    );
}

#[test]
fn class_factories_and_mixins() {
    let found = edges(
        &[
            (
                "mixin.ts",
                "type Ctor = new (...args: any[]) => object;\nexport const Logged = <T extends Ctor>(Base: T) => class extends Base { log() {} };",
            ),
            (
                "app.ts",
                "import { Logged } from './mixin';\nclass Plain { go() {} }\nclass App extends Logged(Plain) { log() {} }\nexport const app = new App();",
            ),
        ],
        &["EXTENDS", "OVERRIDES"],
    );
    assert_eq!(
        found,
        [
            "app.ts->CLASS->App EXTENDS mixin.ts->CLASS-><return>[in:Logged]",
            "app.ts->METHOD->log[in:App] OVERRIDES mixin.ts->METHOD->log[in:Logged.<return>]",
        ]
    );
}

/// What a mixin extends is told by the call that made it: by itself, in another mixin, behind a name, in another module.
#[test]
fn members_of_what_is_passed_to_a_mixin() {
    let found = edges(
        &[
            (
                "mixins.ts",
                "type Ctor<T = object> = new (...args: any[]) => T;\n\
                 export function Logged<T extends Ctor>(Base: T) {\n  class Logging extends Base { log() {} }\n  return Logging;\n}\n\
                 export const Named = <T extends Ctor>(Base: T) => class extends Base { name() {} };",
            ),
            (
                "base.ts",
                "export class Root { top() {} }\n\
                 export class Plain<E> extends Root { static make() {} constructor() { super(); } go() {} stop() {} }",
            ),
            (
                "mixed.ts",
                "import { Logged, Named } from './mixins';\nimport { Plain } from './base';\n\
                 export const Mixed = Logged(Named(Plain));\nexport default Logged(Plain);",
            ),
            (
                "app.ts",
                "import Other, { Mixed } from './mixed';\nimport { Logged } from './mixins';\nimport { Plain } from './base';\n\
                 export class App extends Logged(Plain<string>) { run() { this.log(); this.go(); this.top(); super.stop(); } go() {} }\n\
                 export class Deep extends Mixed { constructor() { super(); } run() { this.log(); this.name(); this.stop(); Deep.make(); } }\n\
                 export class Default extends Other { run() { this.go(); } }\n\
                 export const made = () => new Deep().top();\nexport const mixed = () => { const m = new Mixed(); m.name(); m.stop(); };",
            ),
        ],
        &["CALLS", "OVERRIDES"],
    );
    let of_app: Vec<&str> = (found.iter())
        .filter_map(|edge| edge.strip_prefix("app.ts->"))
        .filter(|edge| !edge.starts_with("CALL->Logged"))
        .map(|edge| edge.split(" {").next().unwrap_or(edge))
        .collect();
    assert_eq!(
        of_app,
        [
            "CALL->Deep.make[in:Deep.run] CALLS base.ts->METHOD->static:make[in:Plain]",
            "CALL->m.name[in:mixed] CALLS mixins.ts->METHOD->name[in:Named.<return>]",
            "CALL->m.stop[in:mixed] CALLS base.ts->METHOD->stop[in:Plain]",
            "CALL->new Deep().top[in:made] CALLS base.ts->METHOD->top[in:Root]",
            "CALL->super.stop[in:App.run] CALLS base.ts->METHOD->stop[in:Plain]",
            "CALL->super[in:Deep.constructor] CALLS base.ts->METHOD->constructor[in:Plain]",
            "CALL->this.go[in:App.run] CALLS app.ts->METHOD->go[in:App]",
            "CALL->this.go[in:Default.run] CALLS base.ts->METHOD->go[in:Plain]",
            "CALL->this.log[in:App.run] CALLS mixins.ts->METHOD->log[in:Logged.Logging]",
            "CALL->this.log[in:Deep.run] CALLS mixins.ts->METHOD->log[in:Logged.Logging]",
            "CALL->this.name[in:Deep.run] CALLS mixins.ts->METHOD->name[in:Named.<return>]",
            "CALL->this.stop[in:Deep.run] CALLS base.ts->METHOD->stop[in:Plain]",
            "CALL->this.top[in:App.run] CALLS base.ts->METHOD->top[in:Root]",
            "CONSTRUCTOR_CALL->new Mixed()[in:mixed] CALLS base.ts->METHOD->constructor[in:Plain]",
            "METHOD->go[in:App] OVERRIDES base.ts->METHOD->go[in:Plain]",
        ]
    );
}

/// The same without types; another class of the same mixin has other members.
#[test]
fn members_of_what_is_passed_to_a_mixin_of_a_script_language() {
    let found = edges(
        &[(
            "a.js",
            "export const Walks = (Parent) => class extends Parent { walk() { this.step(); } };\n\
             class Base { rest() {} }\nclass Other { stay() {} }\n\
             export class Dog extends Walks(Base) { run() { this.walk(); this.rest(); this.stay(); } }\n\
             export class Cat extends Walks(Other) { run() { this.rest(); this.stay(); } }",
        )],
        &["CALLS"],
    );
    assert_eq!(
        found,
        [
            "CALL->this.rest[in:Dog.run] CALLS METHOD->rest[in:Base] {\"resolution\":\"this\"}",
            "CALL->this.stay[in:Cat.run] CALLS METHOD->stay[in:Other] {\"resolution\":\"this\"}",
            "CALL->this.walk[in:Dog.run] CALLS METHOD->walk[in:Walks.<return>] {\"resolution\":\"this\"}",
        ]
    );
}

/// A parameter that is written to is no longer what was passed; many mixins around each other keep what is near; what is passed to a
/// mixin may override what its parameter is declared to have.
#[test]
fn mixins_of_which_less_is_known() {
    let found = edges(
        &[(
            "a.ts",
            "type Ctor = new (...args: any[]) => object;\n\
             const Named = <T extends Ctor>(Base: T) => class extends Base { name() {} };\n\
             function Late<T extends Ctor>(Base: T) { Base = Named(Base) as any; return class extends Base {}; }\n\
             class Root { go() {} }\nclass Plain extends Root { go() {} }\n\
             function Runs(Base: new () => Root) { return class extends Base { run() { this.go(); } }; }\n\
             class App extends Late(Plain) { run() { this.go(); } }\nclass Runner extends Runs(Plain) {}\n\
             const M = Named;\nclass Deep extends M(M(M(M(M(M(M(M(Plain)))))))) { run() { this.name(); } }\n\
             export const made = [new App(), new Runner(), new Deep()];",
        )],
        &["CALLS"],
    );
    let found: Vec<String> = (found.iter())
        .filter(|edge| edge.starts_with("CALL->this"))
        .map(|edge| edge.replace('"', ""))
        .collect();
    assert_eq!(
        found,
        [
            "CALL->this.go[in:App.run] CALLS METHOD->go[in:Plain] {resolution:flow,confidence:likely}",
            "CALL->this.go[in:Runs.<return>.run] CALLS METHOD->go[in:Plain] {resolution:override,confidence:likely}",
            "CALL->this.go[in:Runs.<return>.run] CALLS METHOD->go[in:Root] {resolution:this,confidence:possible}",
            "CALL->this.name[in:Deep.run] CALLS METHOD->name[in:Named.<return>] {resolution:this}",
        ]
    );
}

/// What the interface of a class's name declares and extends, its instances have.
#[test]
fn a_class_is_merged_with_the_interface_of_its_name() {
    let found = edges(
        &[
            (
                "smart.ts",
                "class Jumpable { jump() {} }\nclass Activatable<T> { item!: T; }\nexport class Item { use() {} }\n\
                 export interface Smart<T> extends Jumpable, Activatable<T> { late(): void }\n\
                 export class Smart<T> { own() { this.jump(); this.late(); } }\n\
                 namespace Other { export class Jumpable { never() {} } export interface Smart extends Jumpable {} }",
            ),
            (
                "app.ts",
                "import { Item, Smart } from './smart';\n\
                 class Deep extends Smart<Item> { go() { this.jump(); super.jump(); this.item.use(); } jump() {} late() {} }\n\
                 export function f(s: Smart<Item>, d: Deep) { s.own(); s.jump(); s.late(); s.item.use(); s.never(); d.own(); }",
            ),
        ],
        &["CALLS", "OVERRIDES"],
    );
    let found: Vec<String> = (found.iter())
        .map(|edge| edge.replace(".ts->", ":").replace("\"", ""))
        .collect();
    assert_eq!(
        found,
        [
            "app:CALL->d.own[in:f] CALLS smart:METHOD->own[in:Smart] {resolution:type}",
            "app:CALL->s.item.use[in:f] CALLS smart:METHOD->use[in:Item] {resolution:type}",
            "app:CALL->s.jump[in:f] CALLS app:METHOD->jump[in:Deep] {resolution:override,confidence:possible}",
            "app:CALL->s.jump[in:f] CALLS smart:METHOD->jump[in:Jumpable] {resolution:type}",
            "app:CALL->s.late[in:f] CALLS app:METHOD->late[in:Deep] {resolution:interface,confidence:likely}",
            "app:CALL->s.late[in:f] CALLS smart:METHOD->late[in:Smart] {resolution:type,confidence:possible}",
            "app:CALL->s.own[in:f] CALLS smart:METHOD->own[in:Smart] {resolution:type}",
            "app:CALL->super.jump[in:Deep.go] CALLS smart:METHOD->jump[in:Jumpable] {resolution:super}",
            "app:CALL->this.item.use[in:Deep.go] CALLS smart:METHOD->use[in:Item] {resolution:type}",
            "app:CALL->this.jump[in:Deep.go] CALLS app:METHOD->jump[in:Deep] {resolution:this}",
            "app:METHOD->jump[in:Deep] OVERRIDES smart:METHOD->jump[in:Jumpable]",
            "app:METHOD->late[in:Deep] OVERRIDES smart:METHOD->late[in:Smart]",
            "smart:CALL->this.jump[in:Smart.own] CALLS app:METHOD->jump[in:Deep] {resolution:override,confidence:possible}",
            "smart:CALL->this.jump[in:Smart.own] CALLS smart:METHOD->jump[in:Jumpable] {resolution:this}",
            "smart:CALL->this.late[in:Smart.own] CALLS app:METHOD->late[in:Deep] {resolution:interface,confidence:likely}",
            "smart:CALL->this.late[in:Smart.own] CALLS smart:METHOD->late[in:Smart] {resolution:this,confidence:possible}",
        ]
    );
}

/// What is extended has the members that an interface only describes; of a class of a package nobody knows which it has.
#[test]
fn an_interface_describes_what_its_class_extends() {
    let found = edges(
        &[(
            "a.ts",
            "import { EventEmitter } from 'node:events';\nclass Base { go(x: unknown) {} }\n\
             export interface Typed<E> { go(x: E): void; }\nexport class Typed<E> extends Base {}\n\
             export interface Emitter { on(name: 'x', f: () => void): this; }\nexport class Emitter extends EventEmitter {}\n\
             export function f(t: Typed<string>, e: Emitter) { t.go(''); e.on('x', () => {}); }",
        )],
        &["CALLS"],
    );
    let found: Vec<String> = found.iter().map(|edge| edge.replace('"', "")).collect();
    assert_eq!(
        found,
        [
            "CALL->e.on[in:f] CALLS EXTERNAL_FUNCTION:events.EventEmitter.prototype.on {resolution:external}",
            "CALL->e.on[in:f] CALLS FUNCTION-><on:x>[in:f] {callType:event}",
            "CALL->e.on[in:f] CALLS METHOD->on[in:Emitter] {resolution:type,confidence:possible}",
            "CALL->t.go[in:f] CALLS METHOD->go[in:Base] {resolution:type}",
        ]
    );
}

/// What a class holds without telling what it is hides the interfaces around it; type variables of both declarations are one.
#[test]
fn members_of_which_nothing_is_known_and_type_variables_of_merged_interfaces() {
    let found = edges(
        &[(
            "a.ts",
            "interface I { run(): void }\nclass A implements I { run() {} }\n\
             class B implements I { run; constructor(f: any) { this.run = f; } }\n\
             class Item { use() {} }\ninterface S<T> { item: T }\nclass S<T> { get() { return this.item; } }\n\
             export function f(b: B, s: S<Item>) { b.run(); s.get().use(); new A().run(); }",
        )],
        &["CALLS"],
    );
    let found: Vec<String> = found.iter().map(|edge| edge.replace('"', "")).collect();
    assert_eq!(
        found,
        [
            "CALL->new A().run[in:f] CALLS METHOD->run[in:A] {resolution:type}",
            "CALL->s.get().use[in:f] CALLS METHOD->use[in:Item] {resolution:type}",
            "CALL->s.get[in:f] CALLS METHOD->get[in:S] {resolution:type}",
        ]
    );
}

/// A call may run methods that override the one that it names, of classes below that of its receiver.
#[test]
fn a_call_reaches_methods_below_its_receiver() {
    let found = edges(
        &[(
            "a.ts",
            "export class A { go() {} }\nexport class B extends A { go() {} }\nexport class C extends A { run() { this.go(); } }\n\
             export class D extends C { go() {} }\nexport function f(a: A, c: C, d: D) { a.go(); c.go(); d.go(); }",
        )],
        &["CALLS"],
    );
    let found: Vec<&str> = (found.iter())
        .map(|edge| edge.split(" {").next().unwrap_or(edge))
        .collect();
    assert_eq!(
        found,
        [
            "CALL->a.go[in:f] CALLS METHOD->go[in:A]",
            "CALL->a.go[in:f] CALLS METHOD->go[in:B]",
            "CALL->a.go[in:f] CALLS METHOD->go[in:D]",
            "CALL->c.go[in:f] CALLS METHOD->go[in:A]",
            "CALL->c.go[in:f] CALLS METHOD->go[in:D]",
            "CALL->d.go[in:f] CALLS METHOD->go[in:D]",
            "CALL->this.go[in:C.run] CALLS METHOD->go[in:A]",
            "CALL->this.go[in:C.run] CALLS METHOD->go[in:D]",
        ]
    );
}

#[test]
fn of_packages_and_of_the_language() {
    let found = edges(
        &[(
            "a.ts",
            "import { EventEmitter } from 'node:events';\nexport class Bus extends EventEmitter {}\nexport class Failure extends Error {}",
        )],
        &["EXTENDS"],
    );
    assert_eq!(
        found,
        [
            "CLASS->Bus EXTENDS EXTERNAL_FUNCTION:events.EventEmitter",
            "CLASS->Failure EXTENDS EXTERNAL_FUNCTION:<global>.Error",
        ]
    );
}

#[test]
fn constructor_functions() {
    let found = edges(
        &[(
            "a.js",
            "function Animal() {}\nAnimal.prototype.speak = function () {};\nfunction Dog() { Animal.call(this); }\nDog.prototype = Object.create(Animal.prototype);\nDog.prototype.speak = function () {};\nmodule.exports = Dog;",
        )],
        &["EXTENDS", "OVERRIDES"],
    );
    assert_eq!(found, ["FUNCTION->Dog EXTENDS FUNCTION->Animal",]);
}

/// Nodes are numbered in each module: those whose numbers are equal by chance are no equal nodes.
#[test]
fn members_whose_numbers_are_equal_in_two_modules() {
    let variables = |count| -> String { (0..count).map(|n| format!("let v{n};\n")).collect() };
    let base = format!("{}export class Base {{ run() {{}} }}", variables(10));
    for before in 0..20 {
        let variables = variables(before);
        let heir = format!(
            "import {{ Base }} from './base';\n{variables}export class Heir extends Base {{ run() {{}} }}"
        );
        let overrides = edges(&[("base.ts", &base), ("heir.ts", &heir)], &["OVERRIDES"]);
        assert_eq!(overrides.len(), 1, "after {before} variables");
    }
}
