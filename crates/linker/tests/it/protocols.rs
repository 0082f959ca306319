//! What the language asks of objects by themselves: iterators, accessors, traps of proxies, `super` in object literals.

use crate::common::edges;

/// The CALLS edges and the calls without targets of one file, without calls of built-in functions.
fn calls(source: &str) -> Vec<String> {
    let types = ["CALLS", "READS_FROM", "FLOWS_INTO", "UNRESOLVED_CALL"];
    let mut found = edges(&[("a.js", source)], &types);
    found.retain(|edge| !edge.contains("<global>"));
    found
}

#[test]
fn what_iterates_by_its_own_method() {
    assert_eq!(
        calls(
            "class Chain {\n  constructor(f) { this.f = f; }\n  *[Symbol.iterator]() { yield this.f; }\n}\n\
             for (const f of new Chain(one)) f();\n\
             const [first] = new Chain(two);\nfirst();\n\
             const range = { [Symbol.iterator]() { return { next: () => ({ value: one, done: false }) }; } };\n\
             for (const g of range) g();\n\
             [...range].forEach((h) => h());\n\
             function one() {}\nfunction two() {}"
        ),
        [
            r#"CALL-><array>.forEach CALLS FUNCTION-><forEach> {"callType":"callback"}"#,
            r#"CALL->f CALLS FUNCTION->one {"resolution":"flow","confidence":"possible"}"#,
            r#"CALL->f CALLS FUNCTION->two {"resolution":"flow","confidence":"possible"}"#,
            r#"CALL->first CALLS FUNCTION->one {"resolution":"flow","confidence":"possible"}"#,
            r#"CALL->first CALLS FUNCTION->two {"resolution":"flow","confidence":"possible"}"#,
            r#"CALL->g CALLS FUNCTION->one {"resolution":"flow","confidence":"likely"}"#,
            r#"CALL->h[in:<forEach>] CALLS FUNCTION->one {"resolution":"parameter","confidence":"likely"}"#,
        ]
    );
}

#[test]
fn what_is_sent_to_generators_and_returned_by_them() {
    assert_eq!(
        calls(
            "function* inner() { const sent = yield; sent(); return end; }\n\
             function* outer() { const last = yield* inner(); last(); }\n\
             const it = inner();\nit.next();\nit.next(given);\n\
             for (const f of outer()) f();\n\
             function end() {}\nfunction given() {}"
        ),
        [
            r#"CALL->f UNRESOLVED_CALL MODULE->module {"name":"f","reason":"unknown-value"}"#,
            r#"CALL->last[in:outer] CALLS FUNCTION->end {"resolution":"flow","confidence":"likely"}"#,
            r#"CALL->sent[in:inner] CALLS FUNCTION->given {"resolution":"flow","confidence":"likely"}"#,
        ]
    );
}

#[test]
fn accessors_of_descriptors() {
    assert_eq!(
        calls(
            "const o = {};\n\
             Object.defineProperty(o, 'x', { get() { return made; }, set(v) { v(); } });\n\
             Object.defineProperty(o, 'y', { value: other });\n\
             o.x();\no.y();\no.x = given;\n\
             function made() {}\nfunction other() {}\nfunction given() {}"
        ),
        [
            r#"CALL->o.x CALLS FUNCTION->get {"callType":"getter","confidence":"possible"}"#,
            r#"CALL->o.x CALLS FUNCTION->given {"resolution":"object"}"#,
            r#"CALL->o.x CALLS FUNCTION->made {"resolution":"flow","confidence":"possible"}"#,
            r#"CALL->o.y CALLS FUNCTION->other {"resolution":"flow","confidence":"likely"}"#,
            r#"CALL->v[in:set] CALLS FUNCTION->given {"resolution":"parameter","confidence":"likely"}"#,
            r#"FUNCTION->given FLOWS_INTO PARAMETER->v[in:set] {"mutationType":"property","confidence":"possible"}"#,
        ]
    );
}

#[test]
fn getters_that_calls_read() {
    assert_eq!(
        calls(
            "class A { get tool() { return () => 1; } }\n\
             const o = { get run() { return stop; } };\n\
             new A().tool();\no.run();\nfunction stop() {}"
        ),
        [
            r#"CALL->new A().tool CALLS FUNCTION-><return>[in:A.get:tool] {"resolution":"type"}"#,
            r#"CALL->new A().tool CALLS METHOD->get:tool[in:A] {"callType":"getter","confidence":"possible"}"#,
            r#"CALL->o.run CALLS FUNCTION->get:run[in:o] {"callType":"getter","confidence":"possible"}"#,
            r#"CALL->o.run CALLS FUNCTION->stop {"resolution":"object"}"#,
        ]
    );
}

#[test]
fn descriptors_that_are_copied() {
    assert_eq!(
        calls(
            "function mix(to, from) {\n\
               Object.getOwnPropertyNames(from).forEach((k) => Object.defineProperty(to, k, Object.getOwnPropertyDescriptor(from, k)));\n\
               return to;\n}\n\
             const app = mix(function () {}, { use() {}, get() {} });\n\
             app.use();"
        ),
        [
            r#"CALL->Object.getOwnPropertyNames().forEach[in:mix] CALLS FUNCTION-><forEach>[in:mix] {"callType":"callback"}"#,
            r#"CALL->app.use CALLS FUNCTION->use {"resolution":"field","confidence":"likely"}"#,
        ]
    );
}

#[test]
fn super_in_object_literals() {
    assert_eq!(
        calls(
            "const base = { go() {} };\n\
             const a = { __proto__: base, go() { super.go(); }, more() { this.go(); } };\n\
             const b = { go() { super.go(); } };\nObject.setPrototypeOf(b, base);\n\
             const c = { __proto__: base };\nc.go();"
        ),
        [
            r#"CALL->c.go CALLS FUNCTION->go[in:base] {"resolution":"object"}"#,
            r#"CALL->super.go[in:a.go] CALLS FUNCTION->go[in:base] {"resolution":"super"}"#,
            r#"CALL->super.go[in:b.go] CALLS FUNCTION->go[in:base] {"resolution":"field","confidence":"likely"}"#,
            r#"CALL->this.go[in:a.more] CALLS FUNCTION->go[in:a] {"resolution":"this"}"#,
        ]
    );
}

#[test]
fn traps_of_proxies() {
    assert_eq!(
        calls(
            "const target = { go() {} };\n\
             const p = new Proxy(target, { get(t, k) { return t[k]; }, set(t, k, v) { v(); return true; } });\n\
             p.go();\np.x = given;\n\
             const f = new Proxy(real, { apply(t, self, list) { list[0](); return t(...list); } });\n\
             f(given);\n\
             function real() {}\nfunction given() {}"
        ),
        [
            r#"CALL->f CALLS FUNCTION->apply {"callType":"callback","confidence":"possible"}"#,
            r#"CALL->f CALLS FUNCTION->real {"resolution":"flow","confidence":"possible"}"#,
            r#"CALL->list.0[in:apply] CALLS FUNCTION->given {"resolution":"parameter","confidence":"possible"}"#,
            r#"CALL->p.go CALLS FUNCTION->get {"callType":"getter","confidence":"possible"}"#,
            r#"CALL->p.go CALLS FUNCTION->given {"resolution":"flow","confidence":"possible"}"#,
            r#"CALL->p.go CALLS FUNCTION->go[in:target] {"resolution":"flow","confidence":"possible"}"#,
            r#"CALL->t[in:apply] CALLS FUNCTION->real {"resolution":"parameter","confidence":"possible"}"#,
            r#"CALL->v[in:set] CALLS FUNCTION->given {"resolution":"parameter","confidence":"possible"}"#,
            r#"FUNCTION->given FLOWS_INTO PARAMETER->v[in:set] {"mutationType":"property","confidence":"possible"}"#,
        ]
    );
}

#[test]
fn keys_that_constants_name() {
    assert_eq!(
        calls(
            "const KEY = 'open';\nconst SHUT = `shut`;\n\
             const table = { open() {}, [SHUT]() {}, other() {} };\n\
             table[KEY]();\ntable[SHUT]();\ntable.shut();\n\
             class Door { static [KEY]() {} }\nDoor.open();"
        ),
        [
            r#"CALL->Door.open CALLS METHOD->static:<computed>[in:Door] {"resolution":"object"}"#,
            r#"CALL->table.<computed> CALLS FUNCTION->open[in:table] {"resolution":"object"}"#,
            r#"CALL->table.<computed>#2 CALLS FUNCTION-><computed>[in:table] {"resolution":"object"}"#,
            r#"CALL->table.shut CALLS FUNCTION-><computed>[in:table] {"resolution":"object"}"#,
        ]
    );
}

#[test]
fn members_of_exports_and_of_what_is_assigned() {
    assert_eq!(
        calls(
            "exports.one = function () { exports.two(); };\nexports.two = () => 1;\n\
             const lists = {};\n\
             function on(name, f) { (lists[name] ||= []).push(f); }\n\
             on('a', () => 2);\n\
             for (const name in lists) for (const f of lists[name]) f();"
        ),
        [
            r#"CALL->exports.two[in:one] CALLS FUNCTION->two {"resolution":"import"}"#,
            r#"CALL->f CALLS FUNCTION-><on:a> {"resolution":"flow","confidence":"likely"}"#,
        ]
    );
}

#[test]
fn functions_that_programs_add_to_the_language() {
    assert_eq!(
        calls(
            "Array.prototype.last = function () { return this[0]; };\n\
             String.prototype.shout = function () { return this; };\n\
             [go].last()();\n'a'.shout();\nfunction go() {}"
        ),
        [
            r#"CALL-><array>.last CALLS FUNCTION->last {"resolution":"flow","confidence":"likely"}"#,
            r#"CALL-><array>.last() CALLS FUNCTION->go {"resolution":"flow","confidence":"possible"}"#,
            r#"CALL-><string>.shout CALLS FUNCTION->shout {"resolution":"flow","confidence":"likely"}"#,
        ]
    );
}

#[test]
fn functions_of_the_language_as_callbacks_and_conversions() {
    let source = "class Money { toString() { return ''; } toJSON() { return 1; } }\n\
                  [1].map(String);\n[0].filter(Boolean);\n\
                  String(new Money());\nJSON.stringify(new Money());";
    let mut found = edges(&[("a.js", source)], &["CALLS"]);
    found.retain(|edge| edge.contains("callback"));
    assert_eq!(
        found,
        [
            r#"CALL-><array>.filter CALLS EXTERNAL_FUNCTION:<global>.Boolean {"callType":"callback"}"#,
            r#"CALL-><array>.map CALLS EXTERNAL_FUNCTION:<global>.String {"callType":"callback"}"#,
            r#"CALL->JSON.stringify CALLS METHOD->toJSON[in:Money] {"callType":"callback","confidence":"possible"}"#,
            r#"CALL->String CALLS METHOD->toString[in:Money] {"callType":"callback","confidence":"possible"}"#,
        ]
    );
}
