//! Callers, references and what a change reaches.

use questions::{Confidence, Error, ImpactLimits, Sources, impact, who};

use crate::common::project;

const SHOP: &str = "
// src/tax.js
export function tax(price) { return price * rate(); }
const rate = () => 0.2;
export class Till {
  open() { return tax(1); }
  #secret() {}
}
export default Till;
// src/index.js
export { tax as duty } from './tax.js';
export * from './tax.js';
// src/shop.js
import { duty } from './index.js';
import Till from './tax.js';
import * as all from './tax.js';
export function sum(list) {
  return list.map(item => duty(item));
}
export const handlers = { tax: duty };
handlers.apply(duty);
const read = all.tax;
class Shop extends Till {}
const till = new Till();
export function anything(x) { return x.tax(1); }
// src/main.js
const { sum } = require('./shop.js');
function main() { again(); return sum([1]); }
function again() { main(); }
main();";

fn lines(uses: &[questions::UseRef]) -> Vec<String> {
    uses.iter()
        .map(|u| {
            let at = &u.at;
            let inside = u.enclosing.as_ref().map_or("", |e| e.name.as_str());
            format!(
                "{}:{} {} in {inside}",
                at.file.trim_start_matches("src/"),
                at.line.unwrap_or(0),
                u.edge
            )
        })
        .collect()
}

#[test]
fn callers_and_references() {
    let project = project(SHOP);
    let mut graph = project.graph();
    let answer = who(&mut graph, "tax").unwrap();
    assert_eq!(answer.subjects.len(), 1);
    let tax = &answer.subjects[0];
    assert_eq!(tax.node.id, "src/tax.js->FUNCTION->tax");
    assert_eq!(
        lines(&tax.calls),
        ["shop.js:5 CALLS in <map>", "tax.js:4 CALLS in open"]
    );
    assert_eq!(tax.calls[0].resolution.as_deref(), Some("import"));
    assert_eq!(tax.calls[1].resolution.as_deref(), Some("lexical"));
    assert_eq!(tax.calls[0].confidence, Confidence::Exact);
    let references = lines(&tax.references);
    for line in [
        "index.js:1 IMPORTS_FROM in src/index.js",
        "shop.js:1 IMPORTS_FROM in src/shop.js",
        "shop.js:8 PASSES_ARGUMENT in src/shop.js",
        "tax.js:1 EXPORTS in src/tax.js",
    ] {
        assert!(
            references.iter().any(|r| r == line),
            "{line} not in {references:#?}"
        );
    }
    assert!(
        references
            .iter()
            .any(|r| r.starts_with("shop.js:7 HAS_PROPERTY")),
        "{references:#?}"
    );
    // Whatever is called by `x.tax`: the answer says that it might be this.
    let maybe: Vec<_> = tax
        .unresolved_calls
        .iter()
        .map(|u| u.at.line)
        .chain(tax.possible_calls.iter().map(|u| u.at.line))
        .collect();
    assert_eq!(maybe, [Some(12)]);
}

#[test]
fn classes_and_members() {
    let project = project(SHOP);
    let mut graph = project.graph();
    let till = &who(&mut graph, "Till").unwrap().subjects[0];
    assert_eq!(lines(&till.calls).len(), 1, "{:?}", till.calls);
    assert!(
        till.references.iter().any(|u| u.at.name == "Shop"),
        "{:?}",
        till.references
    );
    for name in [
        "Till.open",
        "open",
        "src/tax.js:open",
        "tax.js:Till.open",
        "src/tax.js:4",
    ] {
        let answer = who(&mut graph, name).unwrap();
        assert_eq!(
            answer.subjects[0].node.id, "src/tax.js->METHOD->open[in:Till]",
            "{name}"
        );
    }
    let answer = who(&mut graph, "Till.#secret").unwrap();
    assert_eq!(answer.subjects[0].node.name, "#secret");
    // A function and the constant that it is bound to are one thing.
    let rate = who(&mut graph, "rate").unwrap();
    assert_eq!(rate.subjects.len(), 1);
    assert_eq!(lines(&rate.subjects[0].calls), ["tax.js:1 CALLS in tax"]);
}

#[test]
fn unknown_names_get_near_misses() {
    let project = project(SHOP);
    let mut graph = project.graph();
    for (asked, meant) in [
        ("Tax", "tax"),
        ("handlesr", "handlers"),
        ("nope.opne", "open"),
    ] {
        match who(&mut graph, asked) {
            Err(Error::UnknownName { near, .. }) => {
                assert!(near.iter().any(|n| n == meant), "{asked}: {near:?}");
            }
            other => panic!("{asked}: {other:?}"),
        }
    }
}

#[test]
fn impact_goes_through_all_callers_once() {
    let project = project(SHOP);
    let mut graph = project.graph();
    let answer = impact(&mut graph, "rate", ImpactLimits::default()).unwrap();
    let reached: Vec<(String, u32)> = answer
        .modules
        .iter()
        .flat_map(|m| m.callers.iter().map(|c| (c.node.full_name(), c.level)))
        .collect();
    for (name, level) in [("tax", 1), ("Till.open", 2), ("sum.<map>", 2), ("sum", 3)] {
        assert!(
            reached.contains(&(name.to_owned(), level)),
            "{name} {level} not in {reached:?}"
        );
    }
    // main and again call each other; each is reached once.
    assert_eq!(reached.iter().filter(|(n, _)| n == "main").count(), 1);
    assert_eq!(answer.cut, None);
    let near = impact(&mut graph, "rate", ImpactLimits { depth: Some(1) }).unwrap();
    assert_eq!(
        (near.levels.as_slice(), near.cut),
        (&[1][..], Some("depth"))
    );
    let none = impact(&mut graph, "anything", ImpactLimits { depth: Some(0) }).unwrap();
    assert_eq!((none.modules.len(), none.cut), (0, None));
}

#[test]
fn source_lines_are_of_the_analyzed_files() {
    let project = project(SHOP);
    let mut graph = project.graph();
    let mut sources = Sources::new(project.folder.path());
    let mut answer = who(&mut graph, "tax").unwrap();
    std::fs::write(project.folder.path().join("src/shop.js"), "// changed").unwrap();
    sources.annotate(&mut graph, answer.places_mut()).unwrap();
    let calls = &answer.subjects[0].calls;
    assert_eq!(calls[0].at.text, None);
    assert_eq!(
        calls[1].at.text.as_deref(),
        Some("open() { return tax(1); }")
    );
    assert_eq!(sources.changed(), ["src/shop.js"]);
}

#[test]
fn required_names_are_the_same_thing() {
    let project = project(
        "
// src/add.js
module.exports = function add(a, b) { return a + b; };
// src/main.js
const add = require('./add');
const { other } = require('./other');
run(add);
run(other);
function run(f) { return [f]; }
// src/other.js
exports.other = () => {};",
    );
    let mut graph = project.graph();
    let answer = who(&mut graph, "add").unwrap();
    assert_eq!(answer.subjects.len(), 1, "the constant is no other thing");
    let references = lines(&answer.subjects[0].references);
    assert!(
        references
            .iter()
            .any(|r| r == "main.js:3 PASSES_ARGUMENT in src/main.js"),
        "{references:?}"
    );
    let answer = who(&mut graph, "other").unwrap();
    let references = lines(&answer.subjects[0].references);
    assert!(
        references
            .iter()
            .any(|r| r == "main.js:4 PASSES_ARGUMENT in src/main.js"),
        "{references:?}"
    );
    // What has no name of its own is found under the name that it is imported as.
    let make = project_of_unnamed();
    for (name, file) in [("make", "src/make.js"), ("build", "src/build.js")] {
        let answer = who(&mut make.graph(), name).unwrap();
        assert_eq!(answer.subjects.len(), 1, "{name}");
        let subject = &answer.subjects[0];
        assert_eq!(
            (subject.node.r#type.as_str(), subject.node.file.as_str()),
            ("FUNCTION", file)
        );
        assert_eq!(lines(&subject.calls).len(), 1, "{name}");
    }
    assert!(matches!(
        who(&mut make.graph(), "src/user.js:9"),
        Err(Error::NothingThere { .. })
    ));
}

fn project_of_unnamed() -> crate::common::Project {
    project(
        "
// src/make.js
module.exports = () => {};
// src/build.js
export default function () {}
// src/user.js
const make = require('./make');
import build from './build.js';
make();
build();",
    )
}

#[test]
fn unresolved_calls_say_why() {
    let project = project(
        "
// src/a.js
export function save() {}
export function f(x, y) {
  x.save();
  y.save();
}",
    );
    // As the linker records it.
    let mut batch = rfdb_client::Batch::new();
    batch.owner("", "test");
    batch.push_edge(rfdb_client::Edge {
        src: rfdb_client::hash_id("src/a.js->CALL->y.save[in:f]"),
        dst: rfdb_client::hash_id("src/a.js->MODULE->module"),
        edge_type: "UNRESOLVED_CALL",
        metadata: r#"{"name":"save","reason":"unknown-receiver"}"#,
    });
    project
        .client
        .commit(batch, rfdb_client::IndexMode::Immediate)
        .unwrap();
    let answer = who(&mut project.graph(), "save").unwrap();
    let calls = &answer.subjects[0].unresolved_calls;
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[1].reason.as_deref(), Some("unknown-receiver"));
    let answer = impact(&mut project.graph(), "save", ImpactLimits::default()).unwrap();
    assert_eq!(
        (answer.modules.len(), answer.unresolved_calls.len()),
        (0, 2)
    );
}

#[test]
fn a_variable_is_called_where_what_it_holds_is() {
    let project = project(
        "
// src/core.ts
export const twice: { <Body>(body: Body): Body } = function(body) { return body; };
const internal = (n: number) => n;
export const grow = twice<(n: number) => number>((n) => n + 1);
export const other = twice<(n: number) => number>((n) => n - 1);
// src/api.ts
import * as core from './core';
export const grow: (n: number) => number = core.grow;
// src/app.ts
import * as Api from './api';
import { grow, other } from './core';
export function start() { return Api.grow(1); }
export const top = () => grow(2) + other(3);",
    );
    let mut graph = project.graph();
    for name in ["src/core.ts:grow", "src/api.ts:grow"] {
        let answer = who(&mut graph, name).unwrap();
        let grow = &answer.subjects[0];
        assert_eq!(
            lines(&grow.calls),
            ["app.ts:3 CALLS in start", "app.ts:4 CALLS in top"],
            "{name}"
        );
        assert!(grow.calls[0].via.as_deref().unwrap().contains("FUNCTION"));
        assert!(grow.unresolved_calls.is_empty());
    }
    let reached = impact(&mut graph, "src/core.ts:grow", ImpactLimits::default()).unwrap();
    let callers: Vec<&str> = reached
        .modules
        .iter()
        .flat_map(|m| m.callers.iter().map(|c| c.node.name.as_str()))
        .collect();
    assert!(
        callers.contains(&"start") && callers.contains(&"top"),
        "{callers:?}"
    );
}

#[test]
fn a_component_is_rendered_under_the_name_of_its_wrapper() {
    let project = project(
        "
// src/parts.jsx
import { memo } from 'react';
const Inner = () => <b />;
export const Shown = memo(Inner);
// src/app.jsx
import { Shown } from './parts';
export const App = () => <Shown />;",
    );
    let mut graph = project.graph();
    for name in ["Shown", "Inner"] {
        let answer = who(&mut graph, name).unwrap();
        assert_eq!(
            lines(&answer.subjects[0].calls),
            ["app.jsx:2 RENDERS in App"],
            "{name}"
        );
    }
}

#[test]
fn impact_of_a_class_is_on_those_who_make_instances() {
    let project = project(
        "
// src/bits.js
export class Bits { constructor(bits) { this.bits = bits; } }
export class Flags extends Bits {}
export class Plain {}
// src/app.js
import { Flags, Plain } from './bits.js';
export function flags() { return new Flags(1); }
export function plain() { return new Plain(); }
export function both() { flags(); plain(); }
export function typed(/** @type {Flags} */ of) { return of; }",
    );
    let mut graph = project.graph();
    let mut reached = |name: &str| {
        let answer = impact(&mut graph, name, ImpactLimits::default()).unwrap();
        let callers = answer.modules.iter().flat_map(|m| &m.callers);
        callers
            .map(|c| format!("{} {} {}", c.level, c.node.name, c.edge))
            .collect::<Vec<_>>()
    };
    assert_eq!(reached("Flags"), ["1 flags INSTANCE_OF", "2 both CALLS"]);
    assert_eq!(reached("Plain"), ["1 plain CALLS", "2 both CALLS"]);
    assert_eq!(reached("Bits"), ["1 flags CALLS", "2 both CALLS"]);
}
