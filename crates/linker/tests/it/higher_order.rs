//! Functions that are passed to functions of the program which call them.

use crate::common::edges;

const TYPES: [&str; 3] = ["CALLS", "RECEIVES_ARGUMENT", "UNRESOLVED_CALL"];

#[test]
fn a_function_that_is_passed_is_called_where_the_parameter_is() {
    assert_eq!(
        edges(
            &[
                (
                    "src/each.js",
                    "export function each(list, visit) {\n  for (const item of list) visit(item);\n}",
                ),
                (
                    "src/main.js",
                    "import { each } from './each.js';\neach([1], show);\nfunction show(x) {}",
                ),
            ],
            &TYPES
        ),
        [
            r#"src/each.js->CALL->visit[in:each] CALLS src/main.js->FUNCTION->show {"resolution":"parameter","confidence":"likely"}"#,
            r#"src/each.js->PARAMETER->list[in:each] RECEIVES_ARGUMENT src/main.js->ARRAY_LITERAL-><array> {"argIndex":0,"callId":"src/main.js->CALL->each"}"#,
            r#"src/each.js->PARAMETER->visit[in:each] RECEIVES_ARGUMENT src/main.js->FUNCTION->show {"argIndex":1,"callId":"src/main.js->CALL->each"}"#,
            r#"src/main.js->CALL->each CALLS src/each.js->FUNCTION->each {"resolution":"import"}"#,
            r#"src/main.js->CALL->each CALLS src/main.js->FUNCTION->show {"callType":"callback","resolution":"higher-order"}"#,
            r#"src/main.js->PARAMETER->x[in:show] RECEIVES_ARGUMENT src/each.js->VARIABLE->item[in:each] {"argIndex":0,"callId":"src/each.js->CALL->visit[in:each]","confidence":"likely"}"#,
        ]
    );
}

/// The CALLS edges of one file, without calls of built-in functions.
fn calls(source: &str) -> Vec<String> {
    let mut found = edges(&[("a.js", source)], &["CALLS", "UNRESOLVED_CALL"]);
    found.retain(|edge| !edge.contains("<global>"));
    found
}

#[test]
fn what_is_passed_on_is_called_by_the_last() {
    assert_eq!(
        calls(
            "export function outer(f) { inner(f); }\nexport function inner(g) { g(); }\nouter(() => {});"
        ),
        [
            r#"CALL->g[in:inner] CALLS FUNCTION-><outer> {"resolution":"parameter","confidence":"possible"}"#,
            r#"CALL->outer CALLS FUNCTION-><outer> {"callType":"callback","resolution":"higher-order"}"#,
        ]
    );
}

#[test]
fn parts_of_a_parameter_are_called() {
    assert_eq!(
        calls("export function run(options) { options.done(); }\nrun({ done() {} });"),
        [
            r#"CALL->options.done[in:run] CALLS FUNCTION->done {"resolution":"parameter","confidence":"possible"}"#,
            r#"CALL->run CALLS FUNCTION->done {"callType":"callback","resolution":"higher-order"}"#,
        ]
    );
    assert_eq!(
        calls("export function run({ done }) { done(); }\nrun({ done() {} });"),
        [
            r#"CALL->done[in:run] CALLS FUNCTION->done {"resolution":"parameter","confidence":"possible"}"#,
            r#"CALL->run CALLS FUNCTION->done {"callType":"callback","resolution":"higher-order"}"#,
        ]
    );
}

#[test]
fn a_function_is_run_by_call_with_its_arguments() {
    let found = edges(
        &[(
            "a.js",
            "export function on(f, self) { f.call(self, 1); }\non(function (x) {}, null);",
        )],
        &["CALLS", "RECEIVES_ARGUMENT"],
    );
    assert!(
        found.contains(
            &r#"PARAMETER->x[in:<on>] RECEIVES_ARGUMENT LITERAL->1[in:on] {"argIndex":1,"callId":"a.js->CALL->f.call[in:on]","confidence":"possible"}"#
                .to_owned()
        ),
        "{found:#?}"
    );
}

#[test]
fn more_functions_than_sixteen_are_none() {
    let calls_of = |count: usize| {
        let functions: String = (0..count).map(|i| format!("run(() => {i});\n")).collect();
        let source = format!("export function run(f) {{ f(); }}\n{functions}");
        let found = calls(&source);
        let run = found.iter().filter(|edge| edge.starts_with("CALL->f["));
        run.cloned().collect::<Vec<_>>()
    };
    assert_eq!(calls_of(16).len(), 16);
    let [unresolved] = calls_of(17).try_into().expect("only why there is none");
    assert!(unresolved.contains("UNRESOLVED_CALL"), "{unresolved}");
}

#[test]
fn a_parameter_that_is_only_kept_is_not_called() {
    assert_eq!(
        calls("const all = [];\nexport function keep(f) { all.push(f); }\nkeep(() => {});"),
        Vec::<String>::new()
    );
}

#[test]
fn a_function_that_is_passed_to_itself_has_one_edge() {
    let found = edges(
        &[(
            "a.mjs",
            "function apply(fn, x) { return fn(x); }\nfunction leaf() {}\napply(apply, leaf);",
        )],
        &["CALLS"],
    );
    // The analyzer has said that `apply` is called.
    assert!(
        !found
            .iter()
            .any(|edge| edge.starts_with("CALL->apply CALLS FUNCTION->apply")),
        "{found:#?}"
    );
}

#[test]
fn what_reduce_accumulates() {
    let found = edges(
        &[(
            "a.ts",
            "class Sum { add() { return this; } done() {} }\nclass Item { size() {} }\n\
             export function total(items: Item[], sums: Sum[]) {\n\
               items.reduce((sum, item) => { item.size(); return sum.add(); }, new Sum()).done();\n\
               items.reduce<Sum>((typed, item) => typed.add(), null as any);\n\
               sums.reduceRight((first, sum) => { first.done(); return sum; }).done();\n}\n\
             interface Part { join(other: Part): Part }\nclass One implements Part { join(other: Part): Part { return other; } }\n\
             class Two implements Part { join(other: Part): Part { return this; } }\n\
             export function all(parts: Part[]) { return parts.reduce((whole, part) => whole.join(part), new One()); }",
        )],
        &["CALLS", "UNRESOLVED_CALL"],
    );
    let found: Vec<&String> = found
        .iter()
        .filter(|e| !e.contains("<global>") && !e.contains("callType"))
        .collect();
    assert_eq!(
        found,
        [
            r#"CALL->first.done[in:total.<reduceRight>] CALLS METHOD->done[in:Sum] {"resolution":"type"}"#,
            r#"CALL->item.size[in:total.<reduce>] CALLS METHOD->size[in:Item] {"resolution":"type"}"#,
            r#"CALL->items.reduce().done[in:total] CALLS METHOD->done[in:Sum] {"resolution":"type"}"#,
            r#"CALL->sum.add[in:total.<reduce>] CALLS METHOD->add[in:Sum] {"resolution":"type"}"#,
            r#"CALL->sums.reduceRight().done[in:total] CALLS METHOD->done[in:Sum] {"resolution":"type"}"#,
            r#"CALL->typed.add[in:total.<reduce>#2] CALLS METHOD->add[in:Sum] {"resolution":"type"}"#,
            r#"CALL->whole.join[in:all.<reduce>] CALLS METHOD->join[in:One] {"resolution":"interface","confidence":"possible"}"#,
            r#"CALL->whole.join[in:all.<reduce>] CALLS METHOD->join[in:Part] {"resolution":"type","confidence":"possible"}"#,
            r#"CALL->whole.join[in:all.<reduce>] CALLS METHOD->join[in:Two] {"resolution":"interface","confidence":"possible"}"#,
        ]
    );
}
