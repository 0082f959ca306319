//! INSTANCE_OF: the classes of what variables, parameters and fields hold.

use crate::common::edges;

#[test]
fn from_new_annotations_and_returned_values() {
    let found = edges(
        &[
            (
                "repo.ts",
                "export class Repo { find() {} }\nexport const make = () => new Repo();",
            ),
            (
                "app.ts",
                "import { Repo, make } from './repo';\nconst direct = new Repo();\nlet told: Repo;\nconst made = make();\nexport function use(given: Repo, maybe?: Repo | null) { told = given; return [direct, made, maybe]; }",
            ),
        ],
        &["INSTANCE_OF"],
    );
    assert_eq!(
        found,
        [
            "app.ts->CONSTRUCTOR_CALL->new Repo() INSTANCE_OF repo.ts->CLASS->Repo",
            "app.ts->PARAMETER->given[in:use] INSTANCE_OF repo.ts->CLASS->Repo",
            "app.ts->PARAMETER->maybe[in:use] INSTANCE_OF repo.ts->CLASS->Repo",
            "app.ts->VARIABLE->direct INSTANCE_OF repo.ts->CLASS->Repo",
            "app.ts->VARIABLE->made INSTANCE_OF repo.ts->CLASS->Repo",
            "app.ts->VARIABLE->told INSTANCE_OF repo.ts->CLASS->Repo",
        ]
    );
}

#[test]
fn fields_and_parameter_properties() {
    let found = edges(
        &[(
            "a.ts",
            "class Log {}\nclass Store {}\nexport class Service { private store = new Store(); constructor(private log: Log) {} }",
        )],
        &["INSTANCE_OF"],
    );
    assert_eq!(
        found,
        [
            "PARAMETER->log[in:Service.constructor] INSTANCE_OF CLASS->Log",
            "PROPERTY->log[in:Service] INSTANCE_OF CLASS->Log",
            "PROPERTY->store[in:Service] INSTANCE_OF CLASS->Store",
        ]
    );
}

#[test]
fn promises_and_elements_of_collections() {
    let found = edges(
        &[(
            "a.ts",
            "class Item {}\nasync function load() { return new Item(); }\nexport async function run(items: Item[], byName: Map<string, Item>) { const first = await load(); for (const item of items) { first; item; } const named = byName.get('x'); return named; }",
        )],
        &["INSTANCE_OF"],
    );
    assert_eq!(
        found,
        [
            "VARIABLE->first[in:run] INSTANCE_OF CLASS->Item",
            "VARIABLE->item[in:run] INSTANCE_OF CLASS->Item",
            "VARIABLE->named[in:run] INSTANCE_OF CLASS->Item",
        ]
    );
}

#[test]
fn of_packages() {
    let found = edges(
        &[(
            "a.ts",
            "import { EventEmitter } from 'events';\nexport const bus = new EventEmitter();\nexport const when = new Date();",
        )],
        &["INSTANCE_OF"],
    );
    assert_eq!(
        found,
        [
            "CONSTRUCTOR_CALL->new Date() INSTANCE_OF EXTERNAL_FUNCTION:<global>.Date",
            "CONSTRUCTOR_CALL->new EventEmitter() INSTANCE_OF EXTERNAL_FUNCTION:events.EventEmitter",
            "VARIABLE->bus INSTANCE_OF EXTERNAL_FUNCTION:events.EventEmitter",
            "VARIABLE->when INSTANCE_OF EXTERNAL_FUNCTION:<global>.Date",
        ]
    );
}
