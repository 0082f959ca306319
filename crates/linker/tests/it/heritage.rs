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
