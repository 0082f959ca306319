//! Programs in source: where functions go that only their way through fields, tables and closures tells.

use crate::common::edges;

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
            r#"CALL->fn[in:Bus.fire] CALLS FUNCTION->heard[in:run] {"resolution":"flow","confidence":"likely"}"#,
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
            r#"CALL->arguments.<computed>[in:all] CALLS FUNCTION->one {"resolution":"computed","confidence":"likely"}"#,
            r#"CALL->b[in:second] CALLS FUNCTION->two {"resolution":"parameter","confidence":"likely"}"#,
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
            r#"CALL->this.name[in:base.hi] CALLS FUNCTION->name[in:base] {"resolution":"this","confidence":"possible"}"#,
            r#"CALL->this.name[in:base.hi] CALLS FUNCTION->ownName {"resolution":"flow","confidence":"likely"}"#,
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
        found.contains(&r#"lib.mjs->CALL->kept.0[in:run] CALLS main.mjs->FUNCTION->mine {"resolution":"flow","confidence":"likely"}"#.to_owned()),
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
    let unsure: Vec<&String> = found.iter().filter(|e| e.contains("confidence")).collect();
    assert_eq!(
        unsure,
        [
            r#"a.js->CALL->this.hook[in:start] CALLS b.js->FUNCTION->hook {"resolution":"flow","confidence":"likely"}"#,
            r#"b.js->CALL->App.start CALLS a.js->FUNCTION->start {"resolution":"flow","confidence":"likely"}"#,
            r#"b.js->CALL->log CALLS a.js->FUNCTION->log {"resolution":"flow","confidence":"likely"}"#,
            r#"b.js->CALL->x.hook[in:late] CALLS b.js->FUNCTION->hook {"resolution":"field","confidence":"possible"}"#,
        ]
    );
}

/// Confidences of the edges of calls whose line contains a text, `-` for none.
fn confidence(source: &str, call: &str) -> Vec<&'static str> {
    confidences(&[("a.mjs", source)], call)
}

fn confidences(files: &[(&str, &str)], call: &str) -> Vec<&'static str> {
    let of = |edge: String| match () {
        () if edge.contains(r#""confidence":"possible""#) => "possible",
        () if edge.contains(r#""confidence":"likely""#) => "likely",
        () => "exact",
    };
    let edges = edges(files, &["CALLS"]).into_iter();
    let is_of = |edge: &String| edge.contains(call) && !edge.contains("EXTERNAL_FUNCTION");
    edges.filter(is_of).map(of).collect()
}

#[test]
fn the_only_function_that_can_come_is_likely() {
    let kept = "const kept = {};\nfunction keep(fn) { kept.fn = fn; }\nkeep(function one() {});\nconst run = () => kept.fn();\nrun();";
    assert_eq!(confidence(kept, "kept.fn"), ["likely"]);
    let two = format!("{kept}\nkeep(function two() {{}});");
    assert_eq!(confidence(&two, "kept.fn"), ["possible", "possible"]);
}

#[test]
fn what_comes_from_outside_is_not_known() {
    for value in [
        "outside",
        "outside.part",
        "outside()",
        "[outside][0]",
        "environment",
        "await outside.read()",
        "JSON.parse(text)",
    ] {
        let source = format!(
            "import outside from 'outside';\nconst box = {{}};\nfunction fill(value) {{ box.fn = value; }}\nfill(function mine() {{}});\nfill({value});\nbox.fn();"
        );
        assert_eq!(confidence(&source, "box.fn"), ["possible"], "{value}");
    }
}

#[test]
fn code_outside_calls_what_it_is_given_with_what_nobody_knows() {
    let run = "function run(fn) { fn(); }\nrun(function mine() {});";
    assert_eq!(confidence(run, "CALL->fn"), ["likely"]);
    for outside in [
        "export { run };",
        "export default { deep: { run } };",
        "export class Api { get run() { return run; } }",
        "export class Api { set run(fn) { run(fn); } }",
        "export const make = () => ({ run });",
        "module.exports = { run };",
        "exports.run = run;",
        "exports[name()] = run;",
        "import outside from 'outside';\noutside.on('x', run);",
        "import outside from 'outside';\noutside({ run });",
        "environment.run = run;",
        "import outside from 'outside';\nclass Runs { constructor(fn) { run(fn); } }\noutside.define(Runs);",
    ] {
        let source = format!("{run}\n{outside}");
        assert_eq!(confidence(&source, "CALL->fn"), ["possible"], "{outside}");
    }
}

#[test]
fn exports_that_the_program_imports_are_called_by_it_alone() {
    let lib = ("lib.mjs", "export function run(fn) { fn(); }");
    let main = (
        "main.mjs",
        "import { run } from './lib.mjs';\nrun(function mine() {});",
    );
    assert_eq!(confidences(&[lib, main], "CALL->fn"), ["likely"]);
    let index = ("index.mjs", "export { run } from './lib.mjs';");
    assert_eq!(confidences(&[lib, main, index], "CALL->fn"), ["possible"]);
}

#[test]
fn what_a_handler_makes_of_a_call_is_not_known() {
    assert_eq!(
        confidence(
            "function add() {}\nconst counted = new Proxy(add, { apply() {} });\ncounted();\nconst target = new Proxy({ real() {} }, { get() { return add; } });\ntarget.real();",
            "CALL->counted",
        ),
        ["possible", "possible"]
    );
}

#[test]
fn iterators_that_a_program_writes_give_no_properties() {
    let source = "function use() {}\nconst custom = { *[Symbol.iterator]() { yield use; } };\nconst [only] = custom;\nonly();\nfunction first(fn) { fn(); }\nfirst(...custom);";
    assert_eq!(confidence(source, "CALL->only"), ["possible"]);
    assert!(!confidence(source, "CALL->fn").contains(&"likely"));
}

#[test]
fn a_method_that_the_program_has_is_not_that_of_promises() {
    assert_eq!(
        confidence(
            "class Chain { then(step) { return this; } }\nnew Chain().then(function own() {});",
            "FUNCTION->own",
        ),
        ["possible"]
    );
    let promise = "const box = {};\nfunction fill(value) { box.promise = value; }\nfill(Promise.resolve({ then(done) { done(1); } }));\nbox.promise.then(function settled() {});";
    assert_eq!(confidence(promise, "METHOD->then"), [""; 0]);
    assert!(!confidence(promise, "FUNCTION->then").contains(&"likely"));
}

#[test]
fn functions_of_the_language_that_call_nothing_keep_functions_inside() {
    let source = "const table = { run(fn) { fn(); } };\nObject.keys(table).join();\n[table.run].includes(table.run);\ntable.run(function mine() {});";
    assert_eq!(confidence(source, "CALL->fn"), ["likely"]);
}

#[test]
fn the_only_one_of_several_that_comes_is_likely() {
    let source = "class Base { step() {} }\nclass One extends Base { step() {} }\nclass Two extends Base { step() {} }\nconst kept = [];\n/** @param {Base} of */\nfunction keep(of) { kept.push(of); }\nkeep(new One());\n/** @type {Base} */\nlet first = kept[0];\nfirst.step();";
    let of = |class: &str| {
        confidence(
            source,
            &format!("CALL->first.step CALLS METHOD->step[in:{class}]"),
        )
    };
    assert_eq!(
        [of("Base"), of("One"), of("Two")],
        [["possible"], ["likely"], ["possible"]]
    );
}

#[test]
fn a_method_that_no_receiver_has_is_hidden() {
    let source = "class Base { go() { this.step(); } step() {} }\nclass Mine extends Base { step() {} }\nnew Mine().go();";
    assert_eq!(
        edges(&[("a.mjs", source)], &["CALLS"])
            .iter()
            .filter(|edge| edge.contains("this.step"))
            .collect::<Vec<_>>(),
        [
            r#"CALL->this.step[in:Base.go] CALLS METHOD->step[in:Base] {"resolution":"this","confidence":"possible"}"#,
            r#"CALL->this.step[in:Base.go] CALLS METHOD->step[in:Mine] {"resolution":"override","confidence":"likely"}"#,
        ]
    );
    // Others make instances of it.
    for outside in [
        "export { Base };",
        "import outside from 'outside';\noutside.define(Base);",
    ] {
        let source = format!("{source}\n{outside}");
        assert_eq!(
            confidence(&source, "METHOD->step[in:Base] "),
            ["exact"],
            "{outside}"
        );
    }
}

#[test]
fn names_of_members_make_nothing_certain() {
    let join = [
        (
            "a.js",
            "function Box() {}\nfunction fill(box, fn) { box.fn = fn; }\nfill(make(), function mine() {});",
        ),
        (
            "b.js",
            "function run(x) { x.fn(); const kept = x.fn; kept(); }\nrun(find());",
        ),
    ];
    assert_eq!(confidences(&join, "CALL->x.fn"), ["possible"]);
    assert_eq!(confidences(&join, "CALL->kept"), ["possible"]);
    let known = [(
        "a.js",
        "var box = {};\nfunction fill(fn) { box.fn = fn; }\nfill(function mine() {});\nbox.fn();",
    )];
    assert_eq!(confidences(&known, "CALL->box.fn"), ["likely"]);
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

#[test]
fn getters_of_the_class_itself_are_left_to_the_analyzer() {
    let source = "class Parser {\n  get reason() { return null; }\n  explain() { return this.reason; }\n}\n\
         class Strict extends Parser { get reason() { return 1; } }\nnew Parser().explain();\nnew Strict().explain();";
    assert_eq!(
        edges(&[("a.mjs", source)], &["READS_FROM"]),
        [
            r#"PROPERTY_ACCESS->this.reason[in:Parser.explain] READS_FROM METHOD->get:reason[in:Strict] {"confidence":"possible"}"#
        ]
    );
}
