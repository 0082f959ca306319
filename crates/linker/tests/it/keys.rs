//! Members whose names are told by constants: of the module itself, or of others.

use crate::common::edges;

fn calls(sources: &[(&str, &str)]) -> Vec<String> {
    let mut found = edges(sources, &["CALLS", "UNRESOLVED_CALL"]);
    found.retain(|edge| !edge.contains("<global>"));
    found
}

#[test]
fn symbols_that_a_module_gives_to_others() {
    assert_eq!(
        calls(&[
            (
                "symbols.js",
                "module.exports = { kOpen: Symbol('open'), kClose: Symbol('close') };"
            ),
            (
                "door.js",
                "const { kOpen, kClose: close } = require('./symbols');\n\
                 class Door {\n  [kOpen]() {}\n  [close]() {}\n  slam() { this[close](); }\n}\n\
                 module.exports = Door;"
            ),
            (
                "main.js",
                "const symbols = require('./symbols');\nconst Door = require('./door');\n\
                 const { kClose } = symbols;\nconst door = new Door();\n\
                 door[symbols.kOpen]();\ndoor[kClose]();"
            ),
        ]),
        [
            r#"door.js->CALL->this.<computed>[in:Door.slam] CALLS door.js->METHOD-><computed>[in:Door]#2 {"resolution":"this"}"#,
            r#"main.js->CALL->door.<computed> CALLS door.js->METHOD-><computed>[in:Door] {"resolution":"type"}"#,
            r#"main.js->CALL->door.<computed>#2 CALLS door.js->METHOD-><computed>[in:Door]#2 {"resolution":"type"}"#,
            r#"main.js->CONSTRUCTOR_CALL->new Door() CALLS door.js->CLASS->Door {"resolution":"constructor"}"#,
        ]
    );
}

#[test]
fn names_that_are_imported() {
    let keys = (
        "keys.js",
        "export const LOAD = 'load';\nexport const SAVE = 'save';",
    );
    assert_eq!(
        calls(&[
            keys,
            (
                "handlers.js",
                "import { LOAD, SAVE as save } from './keys.js';\n\
                 export const handlers = { [LOAD]: () => 1, [save]: () => 2 };"
            ),
            (
                "main.js",
                "import * as keys from './keys.js';\nimport { handlers } from './handlers.js';\n\
                 handlers[keys.SAVE]();"
            ),
        ]),
        [
            r#"main.js->CALL->handlers.<computed> CALLS handlers.js->FUNCTION-><anonymous>[in:handlers]#2 {"resolution":"object"}"#
        ]
    );
    // What the name is nobody tells: it may be that of any.
    assert_eq!(
        calls(&[
            keys,
            (
                "main.js",
                "import { LOAD } from './keys.js';\n\
                 const handlers = { load() {}, save() {} };\nhandlers[LOAD]();"
            ),
        ]),
        [
            r#"main.js->CALL->handlers.<computed> CALLS main.js->FUNCTION->load[in:handlers] {"resolution":"object","confidence":"possible"}"#,
            r#"main.js->CALL->handlers.<computed> CALLS main.js->FUNCTION->save[in:handlers] {"resolution":"object","confidence":"possible"}"#,
        ]
    );
}

#[test]
fn a_key_of_another_module_is_no_name_that_others_ask_for() {
    assert_eq!(
        calls(&[
            ("keys.js", "export const LOAD = 'load';"),
            (
                "main.js",
                "import { LOAD } from './keys.js';\nexport function f(of) { of[LOAD](); }\n\
                 class Empty {}\nnew Empty()[LOAD]();"
            ),
        ]),
        [
            r#"main.js->CALL->new Empty().<computed> UNRESOLVED_CALL main.js->MODULE->module {"name":"<computed>","reason":"computed-name"}"#,
            r#"main.js->CALL->of.<computed>[in:f] UNRESOLVED_CALL main.js->MODULE->module {"name":"<computed>","reason":"computed-name"}"#,
        ]
    );
}

#[test]
fn symbols_in_types() {
    assert_eq!(
        calls(&[
            (
                "keys.ts",
                "export const kRun: unique symbol = make();\nexport const kStop = Symbol.for('stop');"
            ),
            (
                "job.ts",
                "import { kRun, kStop } from './keys';\n\
                 export interface Job { [kRun](): void; [kStop](): void }\n\
                 export class Task implements Job { [kRun]() {} [kStop]() {} }"
            ),
            (
                "main.ts",
                "import * as keys from './keys';\nimport { kRun } from './keys';\nimport type { Job } from './job';\n\
                 export function start(job: Job) { job[kRun](); job[keys.kStop](); }"
            ),
        ]),
        [
            r#"main.ts->CALL->job.<computed>[in:start] CALLS job.ts->METHOD-><computed>[in:Job] {"resolution":"type","confidence":"possible"}"#,
            r#"main.ts->CALL->job.<computed>[in:start] CALLS job.ts->METHOD-><computed>[in:Task] {"resolution":"interface","confidence":"likely"}"#,
            r#"main.ts->CALL->job.<computed>[in:start]#2 CALLS job.ts->METHOD-><computed>[in:Job]#2 {"resolution":"type","confidence":"possible"}"#,
            r#"main.ts->CALL->job.<computed>[in:start]#2 CALLS job.ts->METHOD-><computed>[in:Task]#2 {"resolution":"interface","confidence":"likely"}"#,
        ]
    );
}

#[test]
fn keys_of_types_that_are_passed() {
    let found = calls(&[
        (
            "registry.ts",
            "export class Colour { mix() {} }\nexport class Width { grow() {} }\n\
             export type Paint = { 'line-colour': Colour, 'line-width': Width };\n\
             export class Values<T> {\n  all: T;\n  get<K extends keyof T>(name: K): T[K] { return this.all[name]; }\n\
               on<K extends Extract<keyof T, string>>(name: K, run: (value: T[K]) => void) {}\n}",
        ),
        (
            "app.ts",
            "import { Values, Paint } from './registry';\n\
             class Layer {\n  paint: Values<Paint>;\n  draw(which: string) {\n    this.paint.get('line-colour').mix();\n\
                 this.paint.get('line-width').grow();\n    this.paint.get('line-width').mix();\n    this.paint.get(which).mix();\n\
                 this.paint.on('line-width', width => width.grow());\n  }\n}",
        ),
    ]);
    let of_values =
        |edge: &&String| !edge.contains("this.paint.get[") && !edge.contains("paint.on");
    let found: Vec<&String> = found.iter().filter(of_values).collect();
    assert_eq!(
        found,
        [
            r#"app.ts->CALL->this.paint.get().grow[in:Layer.draw] CALLS registry.ts->METHOD->grow[in:Width] {"resolution":"type"}"#,
            r#"app.ts->CALL->this.paint.get().mix[in:Layer.draw] CALLS registry.ts->METHOD->mix[in:Colour] {"resolution":"type"}"#,
            r#"app.ts->CALL->this.paint.get().mix[in:Layer.draw]#2 UNRESOLVED_CALL app.ts->MODULE->module {"name":"mix","reason":"unknown-member"}"#,
            r#"app.ts->CALL->this.paint.get().mix[in:Layer.draw]#3 UNRESOLVED_CALL app.ts->MODULE->module {"name":"mix","reason":"unknown-receiver"}"#,
            r#"app.ts->CALL->width.grow[in:Layer.draw.<on:line-width>] CALLS registry.ts->METHOD->grow[in:Width] {"resolution":"type"}"#,
        ]
    );
}

#[test]
fn members_of_enums_as_keys() {
    let found = calls(&[
        (
            "events.ts",
            "export class Door { shut() {} }\nexport class Window { tilt() {} }\nexport enum Kind { Door = 'door', Window = 'window' }\n\
             export interface Handlers { [Kind.Door]: (door: Door) => void; [Kind.Window]: (window: Window) => void }\n\
             export class Emitter<E> { on<K extends keyof E>(kind: K, run: E[K]): this { return this; } }\n\
             export const makers = { [Kind.Door]: () => new Door(), [Kind.Window]: () => new Window() };\n\
             makers[Kind.Door]().shut();",
        ),
        (
            "app.ts",
            "import { Emitter, Handlers, Kind, makers } from './events';\nimport * as events from './events';\n\
             export function listen(emitter: Emitter<Handlers>) {\n  emitter.on(Kind.Door, door => door.shut());\n\
               emitter.on(events.Kind.Window, window => window.tilt());\n  makers[Kind.Window]().tilt();\n\
               makers[events.Kind.Door]().shut();\n}",
        ),
    ]);
    // Where values go, what a key is nobody tells.
    let of_values =
        |edge: &&String| !edge.contains("CALL->emitter.on[") && !edge.contains("\"flow\"");
    let found: Vec<&String> = found.iter().filter(of_values).collect();
    assert_eq!(
        found,
        [
            r#"app.ts->CALL->door.shut[in:listen.<on>] CALLS events.ts->METHOD->shut[in:Door] {"resolution":"type"}"#,
            r#"app.ts->CALL->makers.<computed>().shut[in:listen] CALLS events.ts->METHOD->shut[in:Door] {"resolution":"type"}"#,
            r#"app.ts->CALL->makers.<computed>().tilt[in:listen] CALLS events.ts->METHOD->tilt[in:Window] {"resolution":"type"}"#,
            r#"app.ts->CALL->makers.<computed>[in:listen] CALLS events.ts->FUNCTION-><anonymous>[in:makers]#2 {"resolution":"object"}"#,
            r#"app.ts->CALL->makers.<computed>[in:listen]#2 CALLS events.ts->FUNCTION-><anonymous>[in:makers] {"resolution":"object"}"#,
            r#"app.ts->CALL->window.tilt[in:listen.<on>#2] CALLS events.ts->METHOD->tilt[in:Window] {"resolution":"type"}"#,
            r#"events.ts->CALL->makers.<computed> CALLS events.ts->FUNCTION-><anonymous>[in:makers] {"resolution":"object"}"#,
            r#"events.ts->CALL->makers.<computed>().shut CALLS events.ts->METHOD->shut[in:Door] {"resolution":"type"}"#,
        ]
    );
}
