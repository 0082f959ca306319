//! The traversal rule, row by row, on small sources.

use questions::{TraceDirection, TraceLimits, trace};

use crate::common::project;

const PRICE: &str = "
// src/price.js
const RATE = 0.2;
export function total(items, rate = RATE) {
  let sum = 0;
  for (const { price, qty: n } of items) {
    sum += price * n;
  }
  return sum > 0 ? round(sum * rate) : 0;
}
const round = x => Math.round(x);
console.log(total([{ price: 5, qty: 2 }]));";

/// What the linker says about it, by the model.
const PRICE_LINKS: &[&str] = &[
    r#"src/price.js->PARAMETER->items[in:total] RECEIVES_ARGUMENT src/price.js->ARRAY_LITERAL-><array> {"argIndex":0}"#,
    r#"src/price.js->PARAMETER->x[in:round] RECEIVES_ARGUMENT src/price.js->EXPRESSION->*[in:total]#2 {"argIndex":0}"#,
    r#"src/price.js->CALL->Math.round[in:round] DERIVES_FROM src/price.js->PARAMETER->x[in:round] {"via":"pure"}"#,
];

#[test]
fn data_flow_in_one_module() {
    let price = project(PRICE).with_edges(PRICE_LINKS);
    // The worked example of the model: from what `total` returns, and from `price`.
    assert_eq!(
        price.sources("total"),
        [
            "literal LITERAL->0.2",
            "literal LITERAL->0[in:total]",
            "literal LITERAL->0[in:total]#2",
            "literal LITERAL->2",
            "literal LITERAL->5",
        ]
    );
    assert_eq!(price.sources("price.js:price"), ["literal LITERAL->5"]);
    assert_eq!(price.sources("total.n"), ["literal LITERAL->2"]);
    // The same relation inverted.
    let goes: Vec<String> = price
        .trace("price.js:1", TraceDirection::Forward)
        .steps
        .iter()
        .map(|s| s.node.name.clone())
        .collect();
    for name in ["rate", "*", "x", "Math.round"] {
        assert!(goes.iter().any(|n| n == name), "{name} not in {goes:?}");
    }
}

#[test]
fn a_method_call_across_modules() {
    let project = project(
        "
// src/base.ts
export abstract class Base {
  constructor(protected log: string[]) {}
  save(id: number) {
    this.log.push('save');
    return id;
  }
}
// src/user.ts
import { Base } from './base.js';
export class UserRepo extends Base {
  find(id: number) { return this.save(id); }
}
export const repo = new UserRepo([]);
// src/app.ts
import { repo } from './user';
const user = repo.find(7);",
    )
    .with_edges(&[
        r#"src/base.ts->PARAMETER->id[in:Base.save] RECEIVES_ARGUMENT src/user.ts->PARAMETER->id[in:UserRepo.find] {"argIndex":0}"#,
        r#"src/user.ts->PARAMETER->id[in:UserRepo.find] RECEIVES_ARGUMENT src/app.ts->LITERAL->7 {"argIndex":0}"#,
        r#"src/base.ts->PARAMETER->log[in:Base.constructor] RECEIVES_ARGUMENT src/user.ts->ARRAY_LITERAL-><array> {"argIndex":0}"#,
        r#"src/user.ts->CALL->this.save[in:UserRepo.find] CALLS src/base.ts->METHOD->save[in:Base] {"resolution":"this"}"#,
        r#"src/app.ts->CALL->repo.find CALLS src/user.ts->METHOD->find[in:UserRepo] {"resolution":"type"}"#,
    ]);
    assert_eq!(project.sources("user"), ["literal LITERAL->7"]);
    // What is pushed is of it too.
    assert_eq!(
        project.sources("Base.log"),
        [
            "literal LITERAL->'save'[in:Base.save]",
            "new ARRAY_LITERAL-><array>"
        ]
    );
    let sinks = project.trace("app.ts:2:24", TraceDirection::Forward);
    assert!(sinks.steps.iter().any(|s| s.node.name == "user"));
}

#[test]
fn common_js() {
    let project = project(
        "
// lib/util.js
function add(a, b) { return a + b; }
exports.add = add;
exports.inc = x => add(x, 1);
// lib/main.js
const { inc } = require('./util');
const fs = require('fs');
module.exports = { run: () => inc(fs.statSync('a').size) };",
    )
    .with_edges(&[
        r#"lib/util.js->PARAMETER->a[in:add] RECEIVES_ARGUMENT lib/util.js->PARAMETER->x[in:inc] {"argIndex":0}"#,
        r#"lib/util.js->PARAMETER->b[in:add] RECEIVES_ARGUMENT lib/util.js->LITERAL->1[in:inc] {"argIndex":1}"#,
        r#"lib/util.js->PARAMETER->x[in:inc] RECEIVES_ARGUMENT lib/main.js->PROPERTY_ACCESS->fs.statSync().size[in:exports.run] {"argIndex":0}"#,
    ]);
    assert_eq!(
        project.sources("add"),
        [
            "external CALL->fs.statSync[in:exports.run]",
            "literal LITERAL->1[in:inc]"
        ]
    );
    // Through the part of the module that is selected, and no other.
    assert_eq!(project.sources("main.js:inc"), ["function FUNCTION->inc"]);
}

#[test]
fn paths_select_parts() {
    let project = project(
        "
// a.js
const o = { a: 1, b: { c: 'two' }, get g() { return 3; } };
const { a, b: { c = 'default' }, ...rest } = o;
const viaDot = o.b.c;
const viaGetter = o.g;
const spread = { ...o, a: 'own' };
const fromSpread = spread.g;
const list = [10, { deep: 20 }];
const second = list[1].deep;
const target = {};
target.x = 30;
const written = target.x;
let swapped;
[swapped] = [40];",
    );
    assert_eq!(project.sources("a.js:a"), ["literal LITERAL->1[in:o]"]);
    assert_eq!(
        project.sources("a.js:c"),
        [
            "literal LITERAL->'default'",
            "literal LITERAL->'two'[in:o.b]"
        ]
    );
    assert_eq!(
        project.sources("viaDot"),
        ["literal LITERAL->'two'[in:o.b]"]
    );
    assert_eq!(
        project.sources("viaGetter"),
        ["literal LITERAL->3[in:o.get:g]"]
    );
    assert_eq!(
        project.sources("fromSpread"),
        ["literal LITERAL->3[in:o.get:g]"]
    );
    assert_eq!(project.sources("second"), ["literal LITERAL->20"]);
    assert_eq!(project.sources("written"), ["literal LITERAL->30"]);
    assert_eq!(
        project.sources("swapped"),
        ["literal ARRAY_LITERAL-><array>"]
    );
}

#[test]
fn values_that_are_passed_on_or_made_anew() {
    let project = project(
        "
// a.js
export function pick(given, other) {
  const either = given || other.name;
  const made = given + 1;
  return [either, made];
}
async function later() { return 'soon'; }
export async function waits() { const awaited = await later(); return awaited; }
function* counts() { yield 1; yield* [2]; }
for (const counted of counts()) console.log(counted);
const nothing = (() => {})();
try { throw new Error('bad'); } catch (caught) { console.log(caught); }
const unknown = missing.thing();
let never;
console.log(never);",
    );
    assert_eq!(
        project.sources("pick.either"),
        [
            "exportedParameter PARAMETER->given[in:pick]",
            "exportedParameter PARAMETER->other[in:pick]"
        ]
    );
    assert_eq!(
        project.sources("pick.made"),
        ["exportedParameter PARAMETER->given[in:pick]", "literal 1"]
    );
    assert_eq!(
        project.sources("waits.awaited"),
        ["literal LITERAL->'soon'[in:later]"]
    );
    assert_eq!(project.sources("nothing"), ["nothing FUNCTION-><iife>"]);
    assert_eq!(
        project.sources("caught"),
        ["new CONSTRUCTOR_CALL->new Error()"]
    );
    assert_eq!(project.sources("never"), ["deadEnd VARIABLE->never"]);
}

#[test]
fn instances_hold_what_was_written_to_their_fields() {
    let project = project(
        "
// a.js
class Base { level = 1; }
class Box extends Base {
  constructor(v) { super(); this.v = v; }
  get twice() { return this.v * 2; }
  read() { return this.v; }
}
const box = new Box(5);
const { level: low } = box;
const { twice: high } = box;
function Old(w) { this.w = w; }
const { w: old } = new Old(6);",
    )
    .with_edges(&[
        r#"a.js->PARAMETER->v[in:Box.constructor] RECEIVES_ARGUMENT a.js->LITERAL->5 {"argIndex":0}"#,
        r#"a.js->PARAMETER->w[in:Old] RECEIVES_ARGUMENT a.js->LITERAL->6 {"argIndex":0}"#,
        r#"a.js->CONSTRUCTOR_CALL->new#Old() INSTANCE_OF a.js->FUNCTION->Old"#,
    ][..2]);
    assert_eq!(project.sources("low"), ["literal LITERAL->1[in:Base]"]);
    assert_eq!(project.sources("high"), ["literal 2", "literal LITERAL->5"]);
    assert_eq!(project.sources("Box.read"), ["literal LITERAL->5"]);
    assert_eq!(project.sources("old"), ["literal LITERAL->6"]);
}

#[test]
fn cycles_end_and_limits_are_told() {
    let project = project(
        "
// a.js
let a = 1;
let b = a;
a = b;
const c = { next: null };
c.next = c;
const d = c.next.next.next.next.next.next.next;",
    );
    assert_eq!(project.sources("a.js:b"), ["literal LITERAL->1"]);
    assert!(!project.sources("a.js:d").is_empty());
    let limits = TraceLimits {
        depth: 1,
        steps: 100,
    };
    let answer = trace(
        &mut project.graph(),
        "a.js:d",
        TraceDirection::Backward,
        limits,
    )
    .unwrap();
    let cut = answer.traces[0].cut.unwrap();
    assert_eq!((cut.by, cut.steps), ("depth", 1));
    assert!(answer.traces[0].steps.iter().any(|s| s.cut));
    let few = TraceLimits {
        depth: 100,
        steps: 2,
    };
    let answer = trace(
        &mut project.graph(),
        "a.js:d",
        TraceDirection::Backward,
        few,
    )
    .unwrap();
    assert_eq!(answer.traces[0].cut.unwrap().by, "steps");
}

#[test]
fn forward_to_where_values_leave() {
    let project = project(
        "
// a.js
import { writeFile } from 'fs';
const secret = 'x';
const wrapped = { inner: secret };
writeFile('f', wrapped.inner);
export const shown = secret;
const unused = secret;
if (secret) console.log(1);
// b.js
import { shown } from './a.js';
export const again = shown;",
    );
    let sinks = project.sinks("secret");
    for end in [
        "unused VARIABLE->unused",
        "argument PROPERTY_ACCESS->wrapped.inner",
        "exported EXPORT->again",
    ] {
        assert!(sinks.iter().any(|s| s == end), "{end} not in {sinks:?}");
    }
}
