//! Programs in source: where functions go that only their way through fields, tables and closures tells.

mod common;

use common::edges;

/// The CALLS edges of one module.
fn calls(source: &str) -> Vec<String> {
    let of_program = edges(&[("a.mjs", source)], &["CALLS"]);
    let builtin = |edge: &String| edge.contains("EXTERNAL_FUNCTION");
    of_program.into_iter().filter(|e| !builtin(e)).collect()
}

#[test]
fn a_function_is_kept_in_a_field_and_called_later() {
    assert_eq!(
        calls(
            "class Bus {\n  handlers = [];\n  on(fn) { this.handlers.push(fn); }\n  fire() { for (const fn of this.handlers) fn(); }\n}\nexport function run() { const bus = new Bus(); bus.on(function heard() {}); bus.fire(); }",
        ),
        [
            r#"CALL->bus.fire[in:run] CALLS METHOD->fire[in:Bus] {"resolution":"type"}"#,
            r#"CALL->bus.on[in:run] CALLS METHOD->on[in:Bus] {"resolution":"type"}"#,
            r#"CALL->fn[in:Bus.fire] CALLS FUNCTION->heard[in:run] {"resolution":"flow","confidence":"possible"}"#,
        ]
    );
}

#[test]
fn a_table_that_is_filled_by_calls() {
    assert_eq!(
        calls(
            "const table = {};\nexport const add = (name, fn) => { table[name] = fn; };\nexport const run = name => table[name]();\nadd('x', function x() {});",
        ),
        [
            r#"CALL->table.<computed>[in:run] CALLS FUNCTION->x {"resolution":"computed","confidence":"possible"}"#,
        ]
    );
}

#[test]
fn arguments_and_lists_of_arguments() {
    assert_eq!(
        calls(
            "function all() { for (let i = 0; i < arguments.length; i++) arguments[i](); }\nfunction second(a, b) { b(); }\nfunction one() {}\nfunction two() {}\nall(one);\nsecond(...[one, two]);",
        ),
        [
            r#"CALL->arguments.<computed>[in:all] CALLS FUNCTION->one {"resolution":"computed","confidence":"possible"}"#,
            r#"CALL->b[in:second] CALLS FUNCTION->two {"resolution":"parameter","confidence":"possible"}"#,
        ]
    );
}

#[test]
fn copied_properties_keep_their_names() {
    assert_eq!(
        calls(
            "function extend(to, from) { for (const key in from) to[key] = from[key]; return to; }\nconst box = extend({}, { open() {}, shut() {} });\nbox.open();",
        )
        .iter()
        .filter(|edge| edge.contains("box"))
        .count(),
        1
    );
}

#[test]
fn what_an_object_has_itself_hides_what_it_inherits() {
    let found = calls(
        "const base = { hi() { return this.name(); }, name() {} };\nconst own = Object.create(base);\nown.name = function ownName() {};\nown.hi();",
    );
    assert_eq!(
        found,
        [
            r#"CALL->own.hi CALLS FUNCTION->hi[in:base] {"resolution":"object"}"#,
            r#"CALL->this.name[in:base.hi] CALLS FUNCTION->name[in:base] {"resolution":"this"}"#,
            r#"CALL->this.name[in:base.hi] CALLS FUNCTION->ownName {"resolution":"flow","confidence":"possible"}"#,
        ]
    );
}

#[test]
fn accessors_that_a_program_defines() {
    let found = edges(
        &[(
            "a.mjs",
            "const o = {};\nfunction get() {}\nfunction set(value) {}\nObject.defineProperty(o, 'p', { get, set });\nlet given = 1;\nconst read = () => o.p;\no.p = given;",
        )],
        &["READS_FROM", "FLOWS_INTO"],
    );
    assert_eq!(
        found,
        [
            r#"PROPERTY_ACCESS->o.p[in:read] READS_FROM FUNCTION->get {"confidence":"possible"}"#,
            r#"VARIABLE->given FLOWS_INTO PARAMETER->value[in:set] {"mutationType":"property","confidence":"possible"}"#,
        ]
    );
}

#[test]
fn functions_go_through_modules() {
    let found = edges(
        &[
            (
                "lib.mjs",
                "const kept = [];\nexport function keep(fn) { kept.push(fn); }\nexport function run() { kept[0](); }",
            ),
            (
                "main.mjs",
                "import { keep, run } from './lib.mjs';\nkeep(function mine() {});\nrun();",
            ),
        ],
        &["CALLS"],
    );
    assert!(
        found.contains(&r#"lib.mjs->CALL->kept.0[in:run] CALLS main.mjs->FUNCTION->mine {"resolution":"flow","confidence":"possible"}"#.to_owned()),
        "{found:#?}"
    );
}

#[test]
fn scripts_share_globals_and_fields() {
    let found = edges(
        &[
            (
                "a.js",
                "var App = {};\nApp.start = function start() { this.hook(); };\nwindow.log = function log() {};",
            ),
            (
                "b.js",
                "App.hook = function hook() {};\nApp.start();\nlog();\nfunction late(x) { x.hook(); }",
            ),
        ],
        &["CALLS"],
    );
    let possible: Vec<&String> = found.iter().filter(|e| e.contains("possible")).collect();
    assert_eq!(
        possible,
        [
            r#"a.js->CALL->this.hook[in:start] CALLS b.js->FUNCTION->hook {"resolution":"flow","confidence":"possible"}"#,
            r#"b.js->CALL->App.start CALLS a.js->FUNCTION->start {"resolution":"flow","confidence":"possible"}"#,
            r#"b.js->CALL->log CALLS a.js->FUNCTION->log {"resolution":"flow","confidence":"possible"}"#,
            r#"b.js->CALL->x.hook[in:late] CALLS b.js->FUNCTION->hook {"resolution":"field","confidence":"possible"}"#,
        ]
    );
}

#[test]
fn where_too_much_meets_too_much_names_of_properties_tell() {
    // Each function is given each other one, and all of them all objects.
    let mut source = String::from("var all = {};\n");
    for i in 0..700 {
        source.push_str(&format!(
            "all.f{i} = function (x) {{ this.kept = x; for (var k in all) {{ all[k](all[k]); x.later{i}(k, all); }} return all[x]; }};\nall.later{i} = function (a, b) {{ return b[a](all, this); }};\n"
        ));
    }
    source.push_str("all.f3(all.f4);\n");
    let found = edges(&[("a.js", &source)], &["CALLS"]);
    let named = r#"CALL->x.later5[in:f5] CALLS FUNCTION->later5 {"resolution":"field","confidence":"possible"}"#;
    assert!(
        found.iter().any(|edge| edge == named),
        "{} edges",
        found.len()
    );
}
