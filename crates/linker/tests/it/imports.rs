//! IMPORTS, DEPENDS_ON and IMPORTS_FROM: from imports to exports through specifiers, re-exports and cycles.

use crate::common::edges;

#[test]
fn through_chains_of_reexports() {
    let found = edges(
        &[
            (
                "deep/leaf.ts",
                "export const one = 1;\nexport default function two() {}",
            ),
            (
                "deep/index.ts",
                "export * from './leaf';\nexport { default as second } from './leaf';\nexport * as leaf from './leaf';",
            ),
            (
                "app.ts",
                "import { one, second, leaf } from './deep';\nexport const all = [one, second, leaf.one];",
            ),
        ],
        &["IMPORTS", "IMPORTS_FROM", "DEPENDS_ON"],
    );
    assert_eq!(
        found,
        [
            "app.ts->IMPORT->leaf IMPORTS_FROM deep/index.ts->EXPORT->leaf",
            r#"app.ts->IMPORT->one IMPORTS_FROM deep/leaf.ts->EXPORT->one {"through":["deep/index.ts->EXPORT->*:./leaf"]}"#,
            "app.ts->IMPORT->second IMPORTS_FROM deep/index.ts->EXPORT->second",
            r#"app.ts->MODULE->module DEPENDS_ON deep/index.ts->MODULE->module {"kinds":["static"]}"#,
            "deep/index.ts->EXPORT->*:./leaf IMPORTS_FROM deep/leaf.ts->MODULE->module",
            "deep/index.ts->EXPORT->leaf IMPORTS_FROM deep/leaf.ts->MODULE->module",
            "deep/index.ts->EXPORT->second IMPORTS_FROM deep/leaf.ts->EXPORT->default",
            r#"deep/index.ts->MODULE->module DEPENDS_ON deep/leaf.ts->MODULE->module {"kinds":["reexport"]}"#,
        ]
    );
}

#[test]
fn cycles_of_stars_end() {
    let found = edges(
        &[
            ("a.ts", "export * from './b';\nexport const a = 1;"),
            ("b.ts", "export * from './a';\nexport const b = 2;"),
            (
                "c.ts",
                "import { a, b } from './a';\nexport const sum = a + b;",
            ),
        ],
        &["IMPORTS_FROM"],
    );
    assert_eq!(
        found,
        [
            "a.ts->EXPORT->*:./b IMPORTS_FROM b.ts->MODULE->module",
            "b.ts->EXPORT->*:./a IMPORTS_FROM a.ts->MODULE->module",
            "c.ts->IMPORT->a IMPORTS_FROM a.ts->EXPORT->a",
            r#"c.ts->IMPORT->b IMPORTS_FROM b.ts->EXPORT->b {"through":["a.ts->EXPORT->*:./b"]}"#,
        ]
    );
}

/// Each module has two ways to the next, and the last leads back to the first: there are a billion ways through.
#[test]
fn cycles_of_reexports_through_two_stars_each_end() {
    const LENGTH: usize = 30;
    let mut files: Vec<(String, String)> = Vec::new();
    for i in 0..LENGTH {
        let stars = format!("export * from './left{i}';\nexport * from './right{i}';");
        let next = format!("export {{ name }} from './all{}';", (i + 1) % LENGTH);
        files.push((format!("all{i}.ts"), stars));
        files.push((format!("left{i}.ts"), next.clone()));
        files.push((format!("right{i}.ts"), next));
    }
    files.push((
        "user.ts".to_owned(),
        "import { name } from './all0';\nname();".to_owned(),
    ));
    let files: Vec<(&str, &str)> = files.iter().map(|(f, s)| (&**f, &**s)).collect();
    let found = edges(&files, &["IMPORTS_FROM"]);
    assert!(!found.is_empty());
    assert!(!found.iter().any(|edge| edge.starts_with("user.ts")));
}

#[test]
fn a_name_of_its_own_hides_that_of_a_star_and_two_stars_hide_each_other() {
    let found = edges(
        &[
            ("x.ts", "export const same = 1;\nexport const both = 1;"),
            ("y.ts", "export const both = 2;"),
            (
                "all.ts",
                "export * from './x';\nexport * from './y';\nexport const same = 3;",
            ),
            (
                "app.ts",
                "import { same, both } from './all';\nexport const got = [same, both];",
            ),
        ],
        &["IMPORTS_FROM"],
    );
    assert_eq!(
        found,
        [
            "all.ts->EXPORT->*:./x IMPORTS_FROM x.ts->MODULE->module",
            "all.ts->EXPORT->*:./y IMPORTS_FROM y.ts->MODULE->module",
            "app.ts->IMPORT->same IMPORTS_FROM all.ts->EXPORT->same",
        ]
    );
}

#[test]
fn common_js_and_dynamic_imports() {
    let found = edges(
        &[
            ("lib.cjs", "exports.go = () => 1;"),
            (
                "app.mjs",
                "import lib from './lib.cjs';\nimport { go } from './lib.cjs';\nexport const later = () => import('./lib.cjs');\nexport const now = [lib, go];",
            ),
        ],
        &["IMPORTS", "IMPORTS_FROM", "DEPENDS_ON"],
    );
    assert_eq!(
        found,
        [
            "app.mjs->IMPORT->go IMPORTS_FROM lib.cjs->EXPORT->go",
            "app.mjs->IMPORT->import(./lib.cjs)[in:later] IMPORTS_FROM lib.cjs->MODULE->module",
            "app.mjs->IMPORT->lib IMPORTS_FROM lib.cjs->MODULE->module",
            r#"app.mjs->MODULE->module DEPENDS_ON lib.cjs->MODULE->module {"kinds":["static","dynamic"]}"#,
        ]
    );
}

/// `exports` is what the module exports as a whole, too.
#[test]
fn exports_is_called_in_its_own_module() {
    let found = edges(
        &[(
            "a.js",
            "module.exports = function (url) { return new exports.Request(url); };\nexports = module.exports;\n\
             const request = exports;\nexports.Request = Request;\nfunction Request() {}\nRequest.prototype.end = function () {};\n\
             request.get = (url) => request(url).end();",
        )],
        &["CALLS"],
    );
    assert_eq!(
        found,
        [
            r#"CALL->request().end[in:get] CALLS FUNCTION->end {"resolution":"prototype"}"#,
            r#"CALL->request[in:get] CALLS FUNCTION->exports {"resolution":"alias"}"#,
            r#"CONSTRUCTOR_CALL->new exports.Request()[in:exports] CALLS FUNCTION->Request {"resolution":"constructor"}"#,
        ]
    );
}

/// A member of `exports` is that of the module, whatever else the whole has.
#[test]
fn members_of_exports_come_first() {
    let found = edges(
        &[(
            "a.js",
            "module.exports = require('lodash');\nmodule.exports.extra = function () {};\nmodule.exports.extra();\nmodule.exports.map();",
        )],
        &["CALLS"],
    );
    let found: Vec<String> = found.iter().map(|edge| edge.replace('"', "")).collect();
    assert_eq!(
        found,
        [
            "CALL->module.exports.extra CALLS FUNCTION->extra {resolution:import}",
            "CALL->module.exports.map CALLS EXTERNAL_FUNCTION:lodash.map {resolution:external}",
        ]
    );
}

#[test]
fn a_js_specifier_names_a_ts_file_and_packages_are_externals() {
    let found = edges(
        &[
            ("util.ts", "export const u = 1;"),
            (
                "app.ts",
                "import { u } from './util.js';\nimport { readFile } from 'fs/promises';\nimport React from 'react';\nexport const all = [u, readFile, React];",
            ),
        ],
        &["IMPORTS_FROM", "DEPENDS_ON"],
    );
    assert_eq!(
        found,
        [
            r#"app.ts->IMPORT->React IMPORTS_FROM EXTERNAL_MODULE:react {"imported":"default"}"#,
            r#"app.ts->IMPORT->readFile IMPORTS_FROM EXTERNAL_MODULE:fs/promises {"imported":"readFile"}"#,
            "app.ts->IMPORT->u IMPORTS_FROM util.ts->EXPORT->u",
            r#"app.ts->MODULE->module DEPENDS_ON util.ts->MODULE->module {"kinds":["static"]}"#,
        ]
    );
}

#[test]
fn what_a_package_gives_through_a_file_of_the_project() {
    let found = edges(
        &[
            (
                "store.ts",
                "export * from 'redux';\nexport { a as b } from 'letters';",
            ),
            (
                "app.ts",
                "import { Store, b } from './store';\nimport { compose } from 'redux';\nexport const all = [Store, b, compose];",
            ),
        ],
        &["IMPORTS_FROM"],
    );
    assert_eq!(
        found,
        [
            r#"app.ts->IMPORT->Store IMPORTS_FROM EXTERNAL_MODULE:redux {"imported":"Store","through":["store.ts->EXPORT->*:redux"]}"#,
            "app.ts->IMPORT->b IMPORTS_FROM store.ts->EXPORT->b",
            r#"app.ts->IMPORT->compose IMPORTS_FROM EXTERNAL_MODULE:redux {"imported":"compose"}"#,
            r#"store.ts->EXPORT->*:redux IMPORTS_FROM EXTERNAL_MODULE:redux {"imported":"*"}"#,
            r#"store.ts->EXPORT->b IMPORTS_FROM EXTERNAL_MODULE:letters {"imported":"a"}"#,
        ]
    );
}
