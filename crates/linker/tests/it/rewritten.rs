//! What is written to besides, and where else values go that no name tells.

use crate::common::edges;

fn calls(source: &str) -> Vec<String> {
    let mut found = edges(&[("a.mjs", source)], &["CALLS", "UNRESOLVED_CALL"]);
    found.retain(|edge| !edge.contains("<global>"));
    found
}

#[test]
fn a_callee_that_something_unknown_is_written_to_may_be_what_is_known() {
    assert_eq!(
        calls(
            "let current = first;\n\
             export function swap(f) { current = f; }\n\
             export function read(cb) { cb = cb || first; cb(); }\n\
             current();\n\
             function first() {}"
        ),
        [
            r#"CALL->cb[in:read] CALLS FUNCTION->first {"resolution":"parameter","confidence":"possible"}"#,
            r#"CALL->current CALLS FUNCTION->first {"resolution":"alias","confidence":"possible"}"#,
        ]
    );
}

#[test]
fn names_that_modules_give_the_global_object() {
    assert_eq!(
        calls("globalThis.report = function () {};\nreport();\nother();"),
        [r#"CALL->report CALLS FUNCTION->report {"resolution":"flow","confidence":"likely"}"#,]
    );
}

#[test]
fn elements_of_lists() {
    assert_eq!(
        calls(
            "const all = [].concat(one, [two]);\nall[0]();\n\
             for (const [i, f] of [one].entries()) f(i);\n\
             class List extends Array {}\nconst list = new List();\nlist.push(two);\nlist[0]();\n\
             class Named { ['a' + 'b']() {} call(n) { this[n](); } }\nnew Named().call('ab');\n\
             function one() {}\nfunction two() {}"
        ),
        [
            r#"CALL->all.0 CALLS FUNCTION->one {"resolution":"flow","confidence":"possible"}"#,
            r#"CALL->all.0 CALLS FUNCTION->two {"resolution":"flow","confidence":"possible"}"#,
            r#"CALL->f CALLS FUNCTION->one {"resolution":"alias"}"#,
            r#"CALL->list.0 CALLS FUNCTION->two {"resolution":"flow","confidence":"likely"}"#,
            r#"CALL->new Named().call CALLS METHOD-><computed>[in:Named] {"resolution":"flow","confidence":"possible"}"#,
            r#"CALL->new Named().call CALLS METHOD->call[in:Named] {"resolution":"type"}"#,
            r#"CALL->this.<computed>[in:Named.call] CALLS METHOD-><computed>[in:Named] {"resolution":"computed","confidence":"possible"}"#,
            r#"CALL->this.<computed>[in:Named.call] CALLS METHOD->call[in:Named] {"resolution":"computed","confidence":"possible"}"#,
            r#"CONSTRUCTOR_CALL->new List() CALLS CLASS->List {"resolution":"constructor"}"#,
        ]
    );
}
