//! THROWS, REJECTS, RESOLVES_TO and WRITES_TO, from source.

use crate::common::edges;

#[test]
fn a_function_throws_what_its_callees_throw() {
    let found = edges(
        &[(
            "a.js",
            "class NotFound extends Error {}
function find(id) { throw new NotFound(id); }
function get(id) { return find(id); }
function safe(id) { try { return find(id); } catch { return null; } }
async function load(id) { const x = find(id); return x; }
async function all() { await load(1); }
function start() { all(); }
function fail() { throw new TypeError('x'); }",
        )],
        &["THROWS", "REJECTS"],
    );
    assert_eq!(
        found,
        [
            r#"FUNCTION->all REJECTS CLASS->NotFound {"errorClassName":"NotFound","propagatedFrom":"a.js->FUNCTION->load","rejectionType":"propagated"}"#,
            r#"FUNCTION->fail THROWS EXTERNAL_FUNCTION:<global>.TypeError {"errorClassName":"TypeError"}"#,
            r#"FUNCTION->find THROWS CLASS->NotFound {"errorClassName":"NotFound"}"#,
            r#"FUNCTION->get THROWS CLASS->NotFound {"errorClassName":"NotFound","propagatedFrom":"a.js->FUNCTION->find"}"#,
            r#"FUNCTION->load REJECTS CLASS->NotFound {"errorClassName":"NotFound","propagatedFrom":"a.js->FUNCTION->find","rejectionType":"propagated"}"#,
        ]
    );
}

#[test]
fn errors_pass_from_module_to_module() {
    let found = edges(
        &[
            (
                "src/store.js",
                "export class Missing extends Error {}\nexport function find() { throw new Missing(); }\nexport async function load() { throw new RangeError(); }",
            ),
            (
                "src/service.js",
                "import { find, load } from './store.js';\nexport function get() { return find(); }\nexport async function fetch() { return load(); }\nexport function safe() { try { find(); } catch {} }\nexport function start() { load(); }",
            ),
            (
                "src/main.js",
                "import { get, fetch } from './service.js';\nasync function main() { get(); await fetch(); }",
            ),
        ],
        &["THROWS", "REJECTS"],
    );
    assert_eq!(
        found,
        [
            r#"src/main.js->FUNCTION->main REJECTS EXTERNAL_FUNCTION:<global>.RangeError {"errorClassName":"RangeError","propagatedFrom":"src/service.js->FUNCTION->fetch","rejectionType":"propagated"}"#,
            r#"src/main.js->FUNCTION->main REJECTS src/store.js->CLASS->Missing {"errorClassName":"Missing","propagatedFrom":"src/service.js->FUNCTION->get","rejectionType":"propagated"}"#,
            r#"src/service.js->FUNCTION->fetch REJECTS EXTERNAL_FUNCTION:<global>.RangeError {"errorClassName":"RangeError","propagatedFrom":"src/store.js->FUNCTION->load","rejectionType":"propagated"}"#,
            r#"src/service.js->FUNCTION->get THROWS src/store.js->CLASS->Missing {"errorClassName":"Missing","propagatedFrom":"src/store.js->FUNCTION->find"}"#,
            r#"src/store.js->FUNCTION->find THROWS src/store.js->CLASS->Missing {"errorClassName":"Missing"}"#,
            r#"src/store.js->FUNCTION->load REJECTS EXTERNAL_FUNCTION:<global>.RangeError {"errorClassName":"RangeError","rejectionType":"async_throw"}"#,
        ]
    );
}

#[test]
fn promises_are_settled_and_reject() {
    let found = edges(
        &[(
            "a.js",
            "function wait() { return new Promise((resolve, reject) => { resolve(1); reject(new Error('late')); }); }
function no() { return Promise.reject(new RangeError('no')); }
async function thrower() { throw new Error('x'); }
new Other((resolve) => resolve());",
        )],
        &["RESOLVES_TO", "REJECTS", "THROWS"],
    );
    assert_eq!(
        found,
        [
            r#"CALL->reject[in:wait.<Promise>] RESOLVES_TO CONSTRUCTOR_CALL->new Promise()[in:wait] {"isReject":true}"#,
            r#"CALL->resolve[in:wait.<Promise>] RESOLVES_TO CONSTRUCTOR_CALL->new Promise()[in:wait] {"isReject":false}"#,
            r#"FUNCTION->no REJECTS EXTERNAL_FUNCTION:<global>.RangeError {"errorClassName":"RangeError","rejectionType":"promise_reject"}"#,
            r#"FUNCTION->thrower REJECTS EXTERNAL_FUNCTION:<global>.Error {"errorClassName":"Error","rejectionType":"async_throw"}"#,
            r#"FUNCTION->wait REJECTS EXTERNAL_FUNCTION:<global>.Error {"errorClassName":"Error","rejectionType":"executor_reject"}"#,
        ]
    );
}

#[test]
fn output_is_written_to_one_node() {
    let found = edges(
        &[(
            "a.js",
            "console.log('a'); console.time('b'); process.stderr.write('c'); const console2 = { log() {} }; console2.log();",
        )],
        &["WRITES_TO"],
    );
    assert_eq!(
        found,
        [
            "CALL->console.log WRITES_TO net:stdio#__stdio__",
            "CALL->process.stderr.write WRITES_TO net:stdio#__stdio__",
        ]
    );
}

#[test]
fn errors_do_not_pass_through_a_call_that_only_may_go_there() {
    let found = edges(
        &[(
            "a.js",
            "function one() { throw new Error(); }\nfunction two() {}\nlet f = one;\nf = two;\nfunction run() { f(); }",
        )],
        &["THROWS"],
    );
    assert_eq!(
        found,
        [r#"FUNCTION->one THROWS EXTERNAL_FUNCTION:<global>.Error {"errorClassName":"Error"}"#]
    );
}
