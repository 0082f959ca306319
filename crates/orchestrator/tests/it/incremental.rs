//! The law of incremental runs: they end in the graph that a run from scratch makes, byte for byte.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{export, project, run, sample, write};
use orchestrator::check::check_export;
use orchestrator::{
    AnalyzeOptions, InitialReason, MemoryStore, Mode, NoProgress, Report, Store as _, analyze,
};
use proptest::prelude::*;

/// A project, its graph, and what is remembered of it.
struct Workspace {
    project: tempfile::TempDir,
    cache: tempfile::TempDir,
    store: MemoryStore,
}

impl Workspace {
    fn new(project: tempfile::TempDir) -> Self {
        Workspace {
            project,
            cache: tempfile::tempdir().unwrap(),
            store: MemoryStore::new(),
        }
    }

    fn root(&self) -> &Path {
        self.project.path()
    }

    fn analyze(&self) -> Report {
        let options = AnalyzeOptions {
            threads: Some(2),
            cache: Some(self.cache.path().to_owned()),
            ..AnalyzeOptions::default()
        };
        analyze(self.root(), &self.store, &options, &NoProgress).unwrap()
    }

    /// Analyzes, and compares graph and report with those of a run from scratch.
    fn law(&self) -> Report {
        let report = self.analyze();
        let (fresh, expected) = run(self.root(), 1);
        let got = export(&self.store);
        if got != expected {
            let difference = got.lines().zip(expected.lines()).find(|(a, b)| a != b);
            panic!("the graphs differ: {difference:#?}\n{:#?}", report.changes);
        }
        assert!(check_export(got.as_bytes()).unwrap().is_sound());
        assert_eq!(report.diagnostics, fresh.diagnostics);
        assert_eq!(
            (report.nodes, report.edges, report.calls, report.imports),
            (fresh.nodes, fresh.edges, fresh.calls, fresh.imports)
        );
        assert_eq!(
            (
                report.files.analyzed,
                report.files.lines,
                report.files.failed
            ),
            (fresh.files.analyzed, fresh.files.lines, fresh.files.failed)
        );
        assert_eq!(
            (&report.services, &report.project),
            (&fresh.services, &fresh.project)
        );
        self.analyze()
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn sample_copy() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(&sample(), folder.path());
    let _ = fs::remove_dir_all(folder.path().join(".grafema"));
    folder
}

const TWO: &[(&str, &str)] = &[
    ("package.json", r#"{"name":"two"}"#),
    (
        "a.js",
        "import { f } from './b.js'; f(1); import fs from 'fs'; fs.readFileSync('x');",
    ),
    ("b.js", "export function f(x) { return x; }"),
    ("c.js", "export class C { m() { return new C(); } }"),
];

#[test]
fn only_what_changed_is_analyzed() {
    let workspace = Workspace::new(project(TWO));
    let first = workspace.law();
    assert_eq!(first.mode, Mode::Incremental);
    assert!(first.changes.is_empty());
    write(
        workspace.root(),
        "b.js",
        "export const f = (x) => { return [x]; }",
    );
    write(workspace.root(), "d/e.ts", "export type T = string;");
    fs::remove_file(workspace.root().join("c.js")).unwrap();
    let report = workspace.analyze();
    assert_eq!(report.mode, Mode::Incremental);
    assert_eq!(
        (
            report.changes.added,
            report.changes.changed,
            report.changes.removed
        ),
        (
            vec!["d/e.ts".to_owned()],
            vec!["b.js".to_owned()],
            vec!["c.js".to_owned()]
        )
    );
    workspace.law();
}

#[test]
fn nothing_changed_writes_nothing() {
    let workspace = Workspace::new(project(TWO));
    workspace.analyze();
    let before = workspace.store.version().unwrap();
    // Written again with the same content, and seen again.
    write(workspace.root(), "b.js", TWO[2].1);
    let report = workspace.analyze();
    assert_eq!(
        (report.mode, report.changes.is_empty()),
        (Mode::Incremental, true)
    );
    assert_eq!(workspace.store.version().unwrap(), before);
    workspace.law();
}

#[test]
fn an_edit_that_no_stamp_shows_is_seen() {
    let workspace = Workspace::new(project(TWO));
    let path = workspace.root().join("b.js");
    let time = fs::metadata(&path).unwrap().modified().unwrap();
    workspace.analyze();
    // As long as before, and with the time of before.
    fs::write(&path, "export function g(y) { return y; }").unwrap();
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(time).unwrap();
    assert_eq!(workspace.analyze().changes.changed, ["b.js"]);
    workspace.law();
}

#[test]
fn files_that_decide_where_imports_lead_count_too() {
    let workspace = Workspace::new(project(&[
        (
            "package.json",
            r#"{"name":"x","workspaces":["packages/*"]}"#,
        ),
        ("tsconfig.json", r#"{"extends":"./base.json"}"#),
        (
            "base.json",
            r#"{"compilerOptions":{"paths":{"@/*":["./src/*"]}}}"#,
        ),
        ("packages/p/package.json", r#"{"name":"p","main":"a.js"}"#),
        ("packages/p/a.js", "export const a = () => 1;"),
        ("packages/p/b.js", "export const a = () => 2;"),
        ("src/m.ts", "export const m = 1;"),
        ("lib/m.ts", "export const m = 2;"),
        (
            "main.ts",
            "import { a } from 'p'; import { m } from '@/m'; a(m); import './styles.sass2';",
        ),
    ]));
    let root = workspace.root();
    assert!(workspace.law().changes.is_empty());
    for (file, text) in [
        ("packages/p/package.json", r#"{"name":"p","main":"b.js"}"#),
        (
            "packages/p/package.json",
            r#"{"name":"q","main":"b.js","dependencies":{"d":"1"}}"#,
        ),
        ("package.json", r#"{"name":"y"}"#),
        ("tsconfig.json", r#"{"extends":"./other/tsconfig.json"}"#),
        (
            "other/tsconfig.json",
            r#"{"compilerOptions":{"paths":{"@/*":["../lib/*"]}}}"#,
        ),
        ("pnpm-workspace.yaml", "packages: ['packages/*']"),
        ("packages/p/package.json", "{ broken"),
        // No source, but something that an import can mean.
        ("styles.sass2", ""),
    ] {
        write(root, file, text);
        workspace.law();
    }
    fs::remove_file(root.join("other/tsconfig.json")).unwrap();
    workspace.law();
}

#[test]
fn files_become_unreadable_and_readable_again() {
    let workspace = Workspace::new(project(TWO));
    workspace.law();
    for bytes in [
        &b"\xff\xfe1"[..],
        b"export const f = 1;",
        b"let = = ;",
        b"",
        b"\0",
        b"f();",
    ] {
        write(workspace.root(), "b.js", bytes);
        workspace.law();
    }
}

#[test]
fn a_run_that_cannot_go_on_begins_anew() {
    let workspace = Workspace::new(project(TWO));
    let mode = || workspace.analyze().mode;
    let initial = |reason| Mode::Initial { reason };
    assert_eq!(mode(), initial(InitialReason::EmptyGraph));
    assert_eq!(mode(), Mode::Incremental);
    workspace.store.begin_load().unwrap();
    assert_eq!(mode(), initial(InitialReason::UnfinishedLoad));
    // Somebody else writes.
    let mut batch = rfdb_protocol::Batch::new();
    batch.owner("other", "other");
    batch.push_node(rfdb_protocol::Node {
        id: 1,
        ..Default::default()
    });
    workspace.store.commit(&[&batch]).unwrap();
    assert_eq!(mode(), initial(InitialReason::OtherGraph));
    let summaries: Vec<PathBuf> = fs::read_dir(workspace.cache.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().unwrap().contains("summaries"))
        .collect();
    assert_eq!(summaries.len(), 1, "older files are removed");
    let mut bytes = fs::read(&summaries[0]).unwrap();
    bytes[10] ^= 1;
    fs::write(&summaries[0], bytes).unwrap();
    // A new file: whichever summary stands first in the cache, it is needed.
    write(workspace.root(), "d.js", "1");
    assert!(matches!(
        mode(),
        Mode::Initial {
            reason: InitialReason::DamagedCache(_)
        }
    ));
    fs::write(workspace.cache.path().join("state.bin"), "nonsense").unwrap();
    assert!(matches!(
        mode(),
        Mode::Initial {
            reason: InitialReason::DamagedCache(_)
        }
    ));
    fs::remove_dir_all(workspace.cache.path()).unwrap();
    assert_eq!(mode(), initial(InitialReason::NoCache));
    assert_eq!(mode(), Mode::Incremental);
    workspace.law();
}

/// Texts for modules: small, and such that they refer to each other by the names in [`NAMES`].
const TEXTS: &[&str] = &[
    "export function f(a) { return a; } export default class D { m() { return this.n(); } n() {} }",
    "import D, { f } from './b'; const d = new D(); d.m(); f(d); export { f as g };",
    "export * from './a'; export { f as h } from './c'; import * as all from './a'; all.f();",
    "const { f } = require('./a'); module.exports = { f, k: () => f(2) }; f(1);",
    "import { missing } from './a'; missing(); import './nowhere'; import React from 'react'; <React.X a={missing}/>;",
    "import fs from 'node:fs'; for (const x of fs.readdirSync('.')) { try { x(); } catch (e) { throw e; } }",
    "export const handlers = { a() {}, b: function () {} }; handlers.a(); export let later; later = handlers.b;",
    "",
    "import D from './a'; export class E extends D { m() { return super.m(); } } export const e: E = new E();",
    "let = = ;",
    "enum Color { Red } export default Color; namespace N { export const x = Color.Red; } N.x;",
];

const NAMES: &[&str] = &[
    "a.ts",
    "b.tsx",
    "c.js",
    "d/index.ts",
    "d/a.ts",
    "packages/core/src/index.ts",
    "packages/core/src/cart.ts",
    "scripts/format.js",
];

#[derive(Debug, Clone)]
enum Edit {
    Write(usize, usize),
    Remove(usize),
    Rename(usize, usize),
    /// Introduces a syntax error, or mends it.
    Break(usize),
    /// A line before everything: all positions move.
    Comment(usize),
    Package(bool),
}

fn edit() -> impl Strategy<Value = Edit> {
    let name = 0..NAMES.len();
    prop_oneof![
        4 => (name.clone(), 0..TEXTS.len()).prop_map(|(n, t)| Edit::Write(n, t)),
        1 => name.clone().prop_map(Edit::Remove),
        1 => (name.clone(), name.clone()).prop_map(|(a, b)| Edit::Rename(a, b)),
        2 => name.clone().prop_map(Edit::Break),
        2 => name.prop_map(Edit::Comment),
        1 => any::<bool>().prop_map(Edit::Package),
    ]
}

fn apply(root: &Path, edit: &Edit) {
    let path = |n: usize| root.join(NAMES[n]);
    let change = |n: usize, f: &dyn Fn(String) -> String| {
        if let Ok(text) = fs::read_to_string(path(n)) {
            fs::write(path(n), f(text)).unwrap();
        }
    };
    match *edit {
        Edit::Write(name, text) => write(root, NAMES[name], TEXTS[text]),
        Edit::Remove(name) => drop(fs::remove_file(path(name))),
        Edit::Rename(from, to) => {
            fs::create_dir_all(path(to).parent().unwrap()).unwrap();
            drop(fs::rename(path(from), path(to)));
        }
        Edit::Break(name) => change(name, &|text| match text.strip_suffix("\n(}") {
            Some(mended) => mended.to_owned(),
            None => text + "\n(}",
        }),
        Edit::Comment(name) => change(name, &|text| format!("// one more line\n{text}")),
        Edit::Package(plain) => {
            let name = if plain { "@shop/core" } else { "@shop/other" };
            let text = format!(r#"{{"name":"{name}","main":"dist/index.js"}}"#);
            write(root, "packages/core/package.json", text);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_edits_end_in_the_graph_of_a_run_from_scratch(
        rounds in prop::collection::vec(prop::collection::vec(edit(), 1..5), 1..5)
    ) {
        let workspace = Workspace::new(sample_copy());
        workspace.analyze();
        for edits in &rounds {
            edits.iter().for_each(|edit| apply(workspace.root(), edit));
            let again = workspace.law();
            prop_assert!(again.changes.is_empty());
            prop_assert_eq!(again.mode, Mode::Incremental);
        }
    }
}

/// A program in which modules reach each other in every way that linking in parts has to know.
const WEB: &[(&str, &str)] = &[
    (
        "shape.ts",
        "export interface Shape { area(by: number): number; name?: string }\n\
         export abstract class Base implements Shape { area(by: number) { return by; } abstract kind(): string; }\n\
         export function make(size: number): Shape { return new Square(size); }\n\
         import { Square } from './square';",
    ),
    (
        "square.ts",
        "import { Base } from './shape';\n\
         export class Square extends Base { constructor(private size: number) { super(); } area(by: number) { return this.size * by; } kind() { return 'square'; } }",
    ),
    (
        "barrel.ts",
        "export * from './shape'; export * from './square'; export { helper as help } from './helper';",
    ),
    (
        "helper.ts",
        "import { Square } from './square';\n\
         export function helper(x: number) { const inner = [x]; inner.push(x); return new Square(x); }\n\
         export const table = { first(a: number) { return a; }, second: (b: number) => helper(b) };",
    ),
    (
        "user.ts",
        "import { make, help, Shape } from './barrel'; import { table } from './helper';\n\
         export function use(shape: Shape) { return shape.area(2); }\n\
         use(make(1)); help(3).area(4); table.first(5); table.second(6).kind();",
    ),
    (
        "other.ts",
        "import { use } from './user'; import * as all from './barrel'; use(all.help(7)); const far = all.make(8); far.area(9);",
    ),
    (
        "plain.js",
        "const h = require('./helper'); h.table.first(1); module.exports = { go: () => h.helper(2) };",
    ),
    ("caller.js", "const p = require('./plain'); p.go().area(3);"),
    (
        "global.ts",
        "declare global { interface Window { shape: number } }  export {};",
    ),
    (
        "one.js",
        "function shared(a) { return { go: function (b) { return b; } }; } var made = shared(1); made.go(2);",
    ),
    (
        "two.js",
        "shared(3).go(4); unknown.go(5); function own(x) { return x; } own(unknown);",
    ),
    ("lonely.ts", "export const alone = 1; console.log(alone);"),
];

/// Edits of one module of [`WEB`], as a text and what stands in its place.
const EDITS: &[(&str, &str, &str)] = &[
    ("shape.ts", "return by; }", "return this.kind().length; }"),
    (
        "shape.ts",
        "area(by: number): number;",
        "area(by: number, more?: string): number; extra(): void;",
    ),
    (
        "shape.ts",
        "return new Square(size)",
        "return { area: (n: number) => n }",
    ),
    ("shape.ts", "implements Shape", ""),
    ("square.ts", "kind() {", "kindly() {} kind() {"),
    ("square.ts", "extends Base", ""),
    ("square.ts", "super();", ""),
    (
        "square.ts",
        "class Square",
        "class Unused {} export class Square",
    ),
    ("barrel.ts", "export * from './square';", ""),
    ("barrel.ts", "helper as help", "table as help"),
    (
        "helper.ts",
        "const inner = [x];",
        "const before = make(x); const inner = [before];",
    ),
    (
        "helper.ts",
        "import { Square }",
        "import { make } from './shape'; import { Square }",
    ),
    (
        "helper.ts",
        "first(a: number) { return a; }",
        "first(z: string, a: number) { return new Square(a); }",
    ),
    ("helper.ts", "return new Square(x)", "return table"),
    (
        "helper.ts",
        "export const table",
        "const unseen = () => helper(1); unseen(); export const table",
    ),
    ("user.ts", "shape.area(2)", "shape.area(2, shape.name)"),
    (
        "user.ts",
        "use(make(1));",
        "use(make(1)); use(help(2)); make(3);",
    ),
    ("other.ts", "use(all.help(7));", ""),
    ("plain.js", "h.helper(2)", "h.table"),
    ("caller.js", "p.go()", "p.go(4)"),
    ("lonely.ts", "alone = 1", "alone = 2"),
    ("global.ts", "shape: number", "shape: string"),
    (
        "one.js",
        "function shared(a)",
        "function other() {} function shared(a, z)",
    ),
    ("one.js", "go: function", "gone: function"),
    ("one.js", "made.go(2)", "made.go(2, 3)"),
    ("two.js", "unknown.go(5)", "unknown.go(6, 7)"),
    ("two.js", "own(unknown)", "own(shared(1))"),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn linking_in_parts_ends_where_linking_everything_does(
        rounds in prop::collection::vec(
            prop::collection::vec((0..EDITS.len(), any::<bool>()), 1..4), 1..6)
    ) {
        let workspace = Workspace::new(project(WEB));
        workspace.analyze();
        for edits in &rounds {
            for (edit, comment) in edits {
                let (file, from, to) = EDITS[*edit];
                let path = workspace.root().join(file);
                let text = fs::read_to_string(&path).unwrap();
                // Done, or undone.
                let mut new = if !to.is_empty() && text.contains(to) {
                    text.replacen(to, from, 1)
                } else {
                    text.replacen(from, to, 1)
                };
                if *comment {
                    new.insert_str(0, "// a line\n");
                }
                fs::write(path, new).unwrap();
            }
            workspace.law();
        }
    }
}

#[test]
fn an_edit_links_what_it_can_reach() {
    let workspace = Workspace::new(project(WEB));
    assert_eq!(workspace.analyze().changes.linked, WEB.len() as u64);
    let linked = |file: &str, from: &str, to: &str| {
        let path = workspace.root().join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from));
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
        let report = workspace.analyze();
        assert_eq!(report.mode, Mode::Incremental);
        workspace.law();
        report.changes.linked
    };
    // Nobody imports it; nobody can see what changed; only the position changed.
    assert_eq!(linked("lonely.ts", "alone = 1", "alone = 2"), 1);
    assert_eq!(
        linked("helper.ts", "inner.push(x);", "inner.push(x, x);"),
        1
    );
    assert_eq!(
        linked("shape.ts", "export interface", "\n\nexport interface"),
        1
    );
    // All that call it, through a barrel too.
    let all = WEB.len() as u64;
    let some = linked("helper.ts", "return new Square(x)", "return table");
    assert!((4..all).contains(&some), "{some}");
}

/// A type whose members are read in different ways, each by a file of its own.
const MEMBERS: &[(&str, &str)] = &[
    (
        "hub.ts",
        "export interface Shape {\n  area(by: number): Side\n  name?: string\n  side: Side\n}\n\
         export type Options = { on: (x: number) => void, deep?: { run: (x: Side) => Side } | false, rest: Side }\n\
         export class Side { go() { return 1; } stay() { return this; } }\n\
         export class Other { go() { return 2; } }\n",
    ),
    (
        "area.ts",
        "import { Shape } from './hub'; export function f(s: Shape) { return s.area(1).go(); }",
    ),
    (
        "side.ts",
        "import { Shape } from './hub'; export function f(s: Shape) { return s.side.go(); }",
    ),
    (
        "rest.ts",
        "import { Options } from './hub'; export function f(o: Options) { return o.rest.go(); }",
    ),
    (
        "deep.ts",
        "import type { Options } from './hub'; export function f(o: Options) { return o.deep && o.deep.run(o.rest).go(); }",
    ),
    (
        "heir.ts",
        "import { Shape, Side } from './hub'; export class Heir implements Shape { side = new Side(); area(by: number) { return this.side; } }",
    ),
    (
        "below.ts",
        "import { Heir } from './heir'; import { f } from './side'; f(new Heir());",
    ),
    (
        "infer.ts",
        "import { Options, Shape } from './hub'; interface Box<T> { rest: T; on: any }\n\
         function open<T>(b: Box<T>): T { return b.rest; } export function f(o: Options) { return open(o).go(); }\n\
         export function g(s: Shape) { const { side, ...others } = s; return { ...others }.area(2).go() + side.go(); }",
    ),
];

#[test]
fn who_never_looks_at_a_member_is_not_linked_again() {
    let workspace = Workspace::new(project(MEMBERS));
    assert_eq!(workspace.analyze().changes.linked, MEMBERS.len() as u64);
    let linked = |from: &str, to: &str| {
        let path = workspace.root().join("hub.ts");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from}");
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
        let report = workspace.analyze();
        workspace.law();
        report.changes.linked
    };
    // Nobody looks at it.
    assert_eq!(linked("name?: string", "name?: Side"), 1);
    assert_eq!(linked("  name?: Side\n", ""), 1);
    assert_eq!(linked("  side: Side", "  more: Side\n  side: Side"), 1);
    assert_eq!(linked("run: (x: Side)", "run: (added: Other, x: Side)"), 2);
    // Some do.
    let all = MEMBERS.len() as u64;
    for (from, to) in [
        ("  side: Side", "  side: Other"),
        ("rest: Side", "rest: Other"),
        ("): Side\n", "): Other\n"),
        (
            "  more: Side\n  side: Other\n",
            "  side: Other\n  more: Side\n",
        ),
        ("rest: Other", "other: Other, rest: Side"),
        ("  side: Other\n", ""),
    ] {
        let some = linked(from, to);
        assert!((2..=all).contains(&some), "{from}: {some}");
    }
}

#[test]
fn reexports_that_lead_back_through_stars_end() {
    let workspace = Workspace::new(project(&[
        ("all.ts", "export * from './one'; export * from './two';"),
        (
            "one.ts",
            "export { x } from './all'; export { y } from './two';",
        ),
        (
            "two.ts",
            "export { x, y } from './all'; export * from './all';",
        ),
        (
            "user.ts",
            "import { x, y } from './all'; import { x as z } from './two'; x(); y(); z();",
        ),
    ]));
    workspace.law();
}

/// What small programs are solved for as a whole is looked up by whichever module asks first; those who look the same up later
/// must know what it depends on.
#[test]
fn names_that_were_looked_up_for_the_whole_program() {
    let most = format!("// {}", "most of the sources ".repeat(100));
    let workspace = Workspace::new(project(&[
        ("package.json", r#"{"name":"barrel"}"#),
        ("most.js", &most),
        (
            "all.js",
            "export * from './first.js'; export * from './second.js';",
        ),
        ("first.js", "import './all.js'; export const one = 1;"),
        ("second.js", "export class Shape {} Shape.of = () => 2;"),
        (
            "z1.js",
            "import { Shape } from './all.js'; export const a = Shape;",
        ),
        (
            "z2.js",
            "import { Shape } from './all.js'; export const b = Shape;",
        ),
    ]));
    workspace.law();
    // Now there are two of the name.
    let first = "import './all.js'; export class Shape {} Shape.of = () => 1;";
    write(workspace.root(), "first.js", first);
    workspace.law();
    // And one again: those who were linked again must know, too.
    let second = "export const two = 2; export const most = 'as long as it was';";
    write(workspace.root(), "second.js", second);
    assert_eq!(workspace.law().mode, Mode::Incremental);
}
