//! The passes on summaries written by hand: one test for each rule of resolution.

use graph_model::summary::{ExportTarget, ImportForm, Shape};

use crate::testing::{Summary, dependencies, link_all, of_type};

fn codes(links: &crate::Links) -> Vec<(String, &'static str)> {
    links
        .diagnostics
        .iter()
        .map(|d| (d.file.clone(), d.code))
        .collect()
}

/// A module that exports one function.
fn with_function(file: &str, name: &str) -> Summary {
    let mut summary = Summary::esm(file);
    let function = summary.function(name);
    summary.export(name, function);
    summary
}

/// A module that imports `name` from each specifier, and calls it.
fn caller(file: &str, name: &str, specifiers: &[&str]) -> Summary {
    let mut summary = Summary::esm(file);
    for specifier in specifiers {
        let import = summary.import(specifier, name);
        let callee = summary.shape(Shape::Binding(import));
        summary.call(&format!("call of {specifier}"), callee);
    }
    summary
}

#[test]
fn relative_specifiers_find_sources() {
    let (edges, links) = link_all(
        vec![
            caller(
                "src/main.ts",
                "f",
                &[
                    "./a.js",
                    "./a",
                    "./b.mjs",
                    "./folder",
                    "./folder/",
                    "../top.js",
                    ".",
                ],
            ),
            with_function("src/a.ts", "f"),
            with_function("src/b.mts", "f"),
            with_function("src/folder/index.tsx", "f"),
            with_function("src/index.js", "f"),
            with_function("top.js", "f"),
        ],
        &[],
    );
    assert_eq!(
        of_type(&edges, "CALLS"),
        [
            r#"src/main.ts->CALL->call of . => src/index.js->FUNCTION->f {"resolution":"import"}"#,
            r#"src/main.ts->CALL->call of ../top.js => top.js->FUNCTION->f {"resolution":"import"}"#,
            r#"src/main.ts->CALL->call of ./a => src/a.ts->FUNCTION->f {"resolution":"import"}"#,
            r#"src/main.ts->CALL->call of ./a.js => src/a.ts->FUNCTION->f {"resolution":"import"}"#,
            r#"src/main.ts->CALL->call of ./b.mjs => src/b.mts->FUNCTION->f {"resolution":"import"}"#,
            r#"src/main.ts->CALL->call of ./folder => src/folder/index.tsx->FUNCTION->f {"resolution":"import"}"#,
            r#"src/main.ts->CALL->call of ./folder/ => src/folder/index.tsx->FUNCTION->f {"resolution":"import"}"#,
        ]
    );
    assert_eq!(links.diagnostics, []);
    assert_eq!(of_type(&edges, "DEPENDS_ON").len(), 5);
}

#[test]
fn missing_files_are_told_and_assets_are_not() {
    let (edges, links) = link_all(
        vec![caller(
            "a.ts",
            "x",
            &[
                "./nope",
                "./style.css",
                "./data.json",
                "./types",
                "./generated.js",
                "lodash",
                "node:fs",
            ],
        )],
        &[
            ("types.d.ts", ""),
            ("generated.d.ts", ""),
            ("data.json", "{}"),
        ],
    );
    assert_eq!(codes(&links), [("a.ts".to_owned(), "unresolved-import")]);
    assert!(links.diagnostics[0].message.contains("'./nope'"));
    assert_eq!(
        of_type(&edges, "IMPORTS"),
        [
            r#"a.ts->MODULE->module => EXTERNAL_MODULE:fs {"kinds":["static"]}"#,
            r#"a.ts->MODULE->module => EXTERNAL_MODULE:lodash {"kinds":["static"]}"#
        ]
    );
}

#[test]
fn packages_of_the_project_lead_to_their_sources() {
    let manifests = [
        (
            "package.json",
            r#"{"name":"root","workspaces":["packages/*"]}"#,
        ),
        (
            "packages/a/package.json",
            r#"{"name":"@x/a","main":"./dist/index.js","types":"./dist/index.d.ts"}"#,
        ),
        (
            "packages/b/package.json",
            r#"{"name":"b","exports":{".":{"import":"./lib/esm/main.mjs","require":"./lib/cjs/main.cjs"},"./sub/*":"./src/sub/*.ts"}}"#,
        ),
        ("packages/c/package.json", "{ broken"),
        (
            "node_modules/lodash/package.json",
            r#"{"name":"lodash","main":"x.js"}"#,
        ),
    ];
    let (edges, links) = link_all(
        vec![
            caller(
                "packages/app/main.ts",
                "f",
                &[
                    "@x/a",
                    "b",
                    "b/sub/deep",
                    "@x/a/src/other",
                    "lodash",
                    "b/hidden",
                ],
            ),
            with_function("packages/a/src/index.ts", "f"),
            with_function("packages/a/src/other.ts", "f"),
            with_function("packages/b/src/main.mts", "f"),
            with_function("packages/b/src/sub/deep.ts", "f"),
            with_function("packages/b/src/hidden.ts", "f"),
            caller("packages/c/c.ts", "f", &["./d"]),
            with_function("packages/c/d.ts", "f"),
        ],
        &manifests[..4],
    );
    let kinds = r#"{"kinds":["static"]}"#;
    assert_eq!(
        dependencies(&edges),
        [
            format!("packages/app/main.ts => packages/a/src/index.ts {kinds}"),
            format!("packages/app/main.ts => packages/a/src/other.ts {kinds}"),
            format!("packages/app/main.ts => packages/b/src/main.mts {kinds}"),
            format!("packages/app/main.ts => packages/b/src/sub/deep.ts {kinds}"),
            format!("packages/c/c.ts => packages/c/d.ts {kinds}"),
        ]
    );
    // What a package does not export is not found in it.
    assert_eq!(of_type(&edges, "IMPORTS").len(), 2);
    assert_eq!(links.diagnostics, []);
}

#[test]
fn packages_name_their_sources_and_are_built_beside_them() {
    let (edges, links) = link_all(
        vec![
            caller(
                "src/main.test.ts",
                "f",
                &["me", "me/two", "me/deep/x", "me/esm", "beside"],
            ),
            with_function("src/index.ts", "f"),
            with_function("src/own/two.ts", "f"),
            with_function("src/own/deep/x.ts", "f"),
            with_function("src/other.mts", "f"),
            with_function("src/web.ts", "f"),
            caller("src/local.ts", "f", &["./missing.js", "../missing.js"]),
            with_function("src/src/missing.ts", "f"),
            with_function("packages/beside/src/index.ts", "f"),
        ],
        &[
            (
                "package.json",
                r#"{
                    "name": "me",
                    "workspaces": ["packages/*"],
                    "exports": {
                        ".": { "browser": "./src/web.ts", "types": "./index.d.cts", "import": "./index.js" },
                        "./two": { "@me/source": "./src/own/two.ts", "import": "./two.js" },
                        "./deep/*": { "@me/source": "./src/own/deep/*.ts", "import": "./deep/*.js" },
                        "./esm": "./esm/other.mjs"
                    }
                }"#,
            ),
            (
                "packages/beside/package.json",
                r#"{ "name": "beside", "main": "index.js" }"#,
            ),
        ],
    );
    let kinds = r#"{"kinds":["static"]}"#;
    assert_eq!(
        dependencies(&edges),
        [
            format!("src/main.test.ts => packages/beside/src/index.ts {kinds}"),
            format!("src/main.test.ts => src/index.ts {kinds}"),
            format!("src/main.test.ts => src/other.mts {kinds}"),
            format!("src/main.test.ts => src/own/deep/x.ts {kinds}"),
            format!("src/main.test.ts => src/own/two.ts {kinds}"),
        ]
    );
    // Nothing says that these are products.
    assert_eq!(links.diagnostics.len(), 2);
}

#[test]
fn paths_of_jsconfig_are_followed_where_there_is_no_tsconfig() {
    let paths =
        r#"{"compilerOptions":{"baseUrl":".","paths":{"@/*":["src/*"],"~one":["src/one.js"]}}}"#;
    let (edges, links) = link_all(
        vec![
            caller(
                "src/main.js",
                "f",
                &["@/two", "~one", "src/three.js", "three"],
            ),
            with_function("src/one.js", "f"),
            with_function("src/two.js", "f"),
            with_function("src/three.js", "f"),
            caller("typed/src/main.js", "f", &["@/two", "~four"]),
            with_function("typed/four.js", "f"),
        ],
        &[
            ("jsconfig.json", paths),
            ("typed/jsconfig.json", paths),
            (
                "typed/tsconfig.json",
                r#"{"compilerOptions":{"allowJs":true,"paths":{"~four":["./four.js"]}}}"#,
            ),
        ],
    );
    let kinds = r#"{"kinds":["static"]}"#;
    assert_eq!(
        dependencies(&edges),
        [
            format!("src/main.js => src/one.js {kinds}"),
            format!("src/main.js => src/three.js {kinds}"),
            format!("src/main.js => src/two.js {kinds}"),
            format!("typed/src/main.js => typed/four.js {kinds}"),
        ]
    );
    assert_eq!(links.diagnostics, []);
}

#[test]
fn what_all_parts_extend_counts_at_the_root() {
    let (edges, links) = link_all(
        vec![
            caller("libs/a/src/index.ts", "f", &["@org/b"]),
            with_function("libs/b/src/index.ts", "f"),
            caller("tool.ts", "f", &["@org/b"]),
        ],
        &[
            (
                "tsconfig.base.json",
                r#"{"compilerOptions":{"paths":{"@org/b":["./libs/b/src/index.ts"]}}}"#,
            ),
            (
                "libs/a/tsconfig.json",
                r#"{"extends":"../../tsconfig.base.json","include":["src"]}"#,
            ),
        ],
    );
    assert_eq!(of_type(&edges, "DEPENDS_ON").len(), 2);
    assert_eq!(links.diagnostics, []);
}

#[test]
fn paths_count_for_files_that_no_tsconfig_includes() {
    let (edges, links) = link_all(
        vec![
            caller("src/main.ts", "f", &["@/two", "two", "lodash"]),
            caller("src/plain.js", "f", &["@/two"]),
            caller("test/main.test.ts", "f", &["@/two", "two", "lodash"]),
            with_function("src/two.ts", "f"),
            // The nearest one has paths in what it references only, and they are other ones.
            caller("app/e2e/main.ts", "f", &["@/two", "#two"]),
            caller("app/src/main.ts", "f", &["@/two"]),
            with_function("app/src/two.ts", "f"),
        ],
        &[
            (
                "tsconfig.json",
                r#"{"compilerOptions":{"baseUrl":"src","paths":{"@/*":["./*"]}},"include":["src"]}"#,
            ),
            (
                "app/tsconfig.json",
                r#"{"files":[],"references":[{"path":"./tsconfig.node.json"},{"path":"./tsconfig.app.json"}]}"#,
            ),
            (
                "app/tsconfig.node.json",
                r#"{"include":["vite.config.ts"]}"#,
            ),
            (
                "app/tsconfig.app.json",
                r#"{"compilerOptions":{"paths":{"@/*":["./src/*"]}},"include":["src"]}"#,
            ),
        ],
    );
    let kinds = r#"{"kinds":["static"]}"#;
    assert_eq!(
        dependencies(&edges),
        [
            format!("app/e2e/main.ts => app/src/two.ts {kinds}"),
            format!("app/src/main.ts => app/src/two.ts {kinds}"),
            format!("src/main.ts => src/two.ts {kinds}"),
            format!("src/plain.js => src/two.ts {kinds}"),
            format!("test/main.test.ts => src/two.ts {kinds}"),
        ]
    );
    assert_eq!(links.diagnostics, []);
}

#[test]
fn paths_of_tsconfig_are_followed() {
    let (edges, links) = link_all(
        vec![
            caller("src/a.ts", "f", &["@/b", "lib/c"]),
            with_function("src/b.ts", "f"),
            with_function("src/lib/c.ts", "f"),
        ],
        &[
            (
                "tsconfig.json",
                "{ // comment\n \"extends\": \"./tsconfig.base.json\" }",
            ),
            (
                "tsconfig.base.json",
                r#"{"compilerOptions":{"baseUrl":"src","paths":{"@/*":["./*"]}}}"#,
            ),
        ],
    );
    assert_eq!(of_type(&edges, "DEPENDS_ON").len(), 2, "{edges:#?}");
    assert_eq!(links.calls.resolved, 2);
}

#[test]
fn a_broken_tsconfig_does_not_break_relative_imports() {
    let (edges, _) = link_all(
        vec![caller("a.ts", "f", &["./b"]), with_function("b.ts", "f")],
        &[("tsconfig.json", "{ nonsense")],
    );
    assert_eq!(of_type(&edges, "DEPENDS_ON").len(), 1);
}

#[test]
fn reexports_are_followed_to_the_declaration() {
    let mut index = Summary::esm("index.ts");
    index.reexport("./a", "f", "g");
    index.star("./stars");
    let mut stars = Summary::esm("stars.ts");
    stars.star("./b");
    stars.star("./index");
    let mut main = Summary::esm("main.ts");
    for name in ["g", "h", "nothing"] {
        let import = main.import("./index", name);
        let callee = main.shape(Shape::Binding(import));
        main.call(name, callee);
    }
    let (edges, links) = link_all(
        vec![
            index,
            stars,
            main,
            with_function("a.ts", "f"),
            with_function("b.ts", "h"),
        ],
        &[],
    );
    assert_eq!(
        of_type(&edges, "CALLS"),
        [
            r#"main.ts->CALL->g => a.ts->FUNCTION->f {"resolution":"import"}"#,
            r#"main.ts->CALL->h => b.ts->FUNCTION->h {"resolution":"import"}"#
        ]
    );
    let imports = of_type(&edges, "IMPORTS_FROM");
    assert!(imports.contains(&"main.ts->IMPORT->g of ./index => index.ts->EXPORT->g".to_owned()));
    assert!(imports.contains(
        &r#"main.ts->IMPORT->h of ./index => b.ts->EXPORT->h {"through":["index.ts->EXPORT->*:./stars","stars.ts->EXPORT->*:./b"]}"#
            .to_owned()
    ));
    assert!(imports.contains(&"index.ts->EXPORT->g => a.ts->EXPORT->f".to_owned()));
    assert!(
        imports.contains(&"index.ts->EXPORT->*:./stars => stars.ts->MODULE->module".to_owned()),
        "{imports:#?}"
    );
    assert_eq!(codes(&links), [("main.ts".to_owned(), "missing-export")]);
}

#[test]
fn export_star_gives_no_default_and_nothing_ambiguous() {
    let mut index = Summary::esm("index.ts");
    index.star("./a");
    index.star("./b");
    index.star("./same");
    let mut same = Summary::esm("same.ts");
    same.reexport("./a", "only", "only");
    let mut a = Summary::esm("a.ts");
    for name in ["f", "only", "default"] {
        let function = a.function(name);
        a.export(name, function);
    }
    let mut main = Summary::esm("main.ts");
    for name in ["f", "only", "default"] {
        main.import("./index", name);
    }
    let (edges, links) = link_all(vec![index, a, same, with_function("b.ts", "f"), main], &[]);
    let of_main: Vec<String> = of_type(&edges, "IMPORTS_FROM")
        .into_iter()
        .filter(|e| e.starts_with("main.ts"))
        .collect();
    assert_eq!(
        of_main,
        [
            r#"main.ts->IMPORT->only of ./index => a.ts->EXPORT->only {"through":["index.ts->EXPORT->*:./a"]}"#
        ]
    );
    assert_eq!(links.diagnostics.len(), 2);
}

#[test]
fn cycles_end() {
    let mut a = Summary::esm("a.ts");
    a.reexport("./b", "x", "x");
    a.star("./b");
    let mut b = Summary::esm("b.ts");
    b.reexport("./a", "x", "x");
    b.star("./a");
    let mut main = caller("main.ts", "x", &["./a"]);
    main.import("./a", "y");
    let (edges, _) = link_all(vec![a, b, main], &[]);
    assert_eq!(of_type(&edges, "CALLS"), Vec::<String>::new());
}

#[test]
fn members_of_namespaces_and_of_required_modules() {
    let mut library = Summary::cjs("lib.js");
    let run = library.function("run");
    library.export("run", run);
    let mut main = Summary::cjs("main.js");
    let star = main.import_as(ImportForm::Static, "./esm.js", "*", &["f"]);
    let callee = main.member(Shape::Binding(star), &["f"]);
    main.call("ns.f", callee);
    let required = main.import_as(ImportForm::Require, "./lib", "*", &["run"]);
    let init = main.shape(Shape::Import(required));
    let library_variable = main.variable("lib", init, &[], false);
    let callee = main.member(Shape::Binding(library_variable), &["run"]);
    main.call("lib.run", callee);
    let destructured = main.variable("run", init, &["run"], false);
    let callee = main.shape(Shape::Binding(destructured));
    main.call("run", callee);
    let reassigned = main.variable("maybe", init, &["run"], true);
    let callee = main.shape(Shape::Binding(reassigned));
    main.call("maybe", callee);
    let dynamic = main.import_as(ImportForm::Dynamic, "./esm.js", "*", &[]);
    let promise = main.shape(Shape::Import(dynamic));
    let callee = main.member(Shape::Await(promise), &["f"]);
    main.call("(await import).f", callee);
    let computed = main.member(Shape::Binding(star), &["*"]);
    main.call("ns[x]", computed);
    let (edges, links) = link_all(vec![library, main, with_function("esm.js", "f")], &[]);
    let import = r#"{"resolution":"import"}"#;
    assert_eq!(
        of_type(&edges, "CALLS"),
        [
            format!("main.js->CALL->(await import).f => esm.js->FUNCTION->f {import}"),
            format!("main.js->CALL->lib.run => lib.js->FUNCTION->run {import}"),
            r#"main.js->CALL->maybe => lib.js->FUNCTION->run {"resolution":"alias"}"#.to_owned(),
            format!("main.js->CALL->ns.f => esm.js->FUNCTION->f {import}"),
            format!("main.js->CALL->run => lib.js->FUNCTION->run {import}"),
        ]
    );
    assert_eq!((links.calls.total, links.calls.resolved), (6, 5));
    assert_eq!(
        of_type(&edges, "IMPORTS_FROM"),
        [
            "main.js->IMPORT->* of ./esm.js => esm.js->MODULE->module",
            r#"main.js->IMPORT->* of ./esm.js => esm.js->EXPORT->f {"imported":"f"}"#,
            "main.js->IMPORT->* of ./lib => lib.js->MODULE->module",
            r#"main.js->IMPORT->* of ./lib => lib.js->EXPORT->run {"imported":"run"}"#,
        ]
        .map(str::to_owned)
        .into_iter()
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect::<Vec<_>>()
    );
}

#[test]
fn what_module_exports_is_assigned() {
    let mut function = Summary::cjs("function.js");
    let run = function.function("exports");
    function.export_fact("export=", ExportTarget::Equals(vec![run]));
    let mut through = Summary::cjs("through.js");
    let required = through.import_as(ImportForm::Require, "./object", "*", &[]);
    let shape = through.shape(Shape::Import(required));
    through.export_fact("export=", ExportTarget::Equals(vec![required]));
    through.0.exports[0].shape = shape;
    let mut object = Summary::cjs("object.js");
    let list = object.function("list");
    let literal = object.object("<object>:exports", &[("list", Shape::Binding(list))]);
    object.export_fact("export=", ExportTarget::Equals(vec![literal]));
    object.export("list", list);
    let mut main = Summary::cjs("main.js");
    let required = main.import_as(ImportForm::Require, "./function", "*", &[]);
    let callee = main.shape(Shape::Import(required));
    main.call("require()()", callee);
    let defaulted = main.import("./function", "default");
    let callee = main.shape(Shape::Binding(defaulted));
    main.call("default", callee);
    for (specifier, label) in [("./object", "object.list"), ("./through", "through.list")] {
        let required = main.import_as(ImportForm::Require, specifier, "*", &[]);
        let callee = main.member(Shape::Import(required), &["list"]);
        main.call(label, callee);
    }
    let (edges, links) = link_all(vec![function, through, object, main], &[]);
    assert_eq!(
        of_type(&edges, "CALLS"),
        [
            r#"main.js->CALL->default => function.js->FUNCTION->exports {"resolution":"import"}"#,
            r#"main.js->CALL->object.list => object.js->FUNCTION->list {"resolution":"import"}"#,
            r#"main.js->CALL->require()() => function.js->FUNCTION->exports {"resolution":"import"}"#,
            r#"main.js->CALL->through.list => object.js->FUNCTION->list {"resolution":"import"}"#,
        ]
    );
    assert_eq!(links.diagnostics, []);
}

#[test]
fn new_of_imported_classes() {
    let mut base = Summary::esm("base.ts");
    let class = base.class("Base", None, true, &["of"]);
    base.export("Base", class);
    let mut derived = Summary::esm("derived.ts");
    let import = derived.import("./base", "Base");
    let extends = derived.shape(Shape::Binding(import));
    let class = derived.class("Derived", Some(extends), false, &[]);
    derived.export("Derived", class);
    let foreign = derived.import("events", "EventEmitter");
    let extends = derived.shape(Shape::Binding(foreign));
    let class = derived.class("Emitter", Some(extends), false, &[]);
    derived.export("Emitter", class);
    let plain = derived.class("Plain", None, false, &[]);
    derived.export("Plain", plain);
    let mut main = Summary::esm("main.ts");
    for (specifier, name) in [
        ("./base", "Base"),
        ("./derived", "Derived"),
        ("./derived", "Emitter"),
        ("./derived", "Plain"),
        ("ws", "default"),
    ] {
        let import = main.import(specifier, name);
        let callee = main.shape(Shape::Binding(import));
        main.new_of(&format!("new {name}()"), callee);
    }
    let import = main.import("./base", "Base");
    let callee = main.member(Shape::Binding(import), &["of"]);
    main.call("Base.of", callee);
    let (edges, _) = link_all(vec![base, derived, main], &[]);
    assert_eq!(
        of_type(&edges, "CALLS"),
        [
            r#"main.ts->CALL->Base.of => base.ts->METHOD->Base.of {"resolution":"object"}"#,
            r#"main.ts->CONSTRUCTOR_CALL->new Base() => base.ts->METHOD->Base.constructor {"resolution":"constructor"}"#,
            r#"main.ts->CONSTRUCTOR_CALL->new Derived() => base.ts->METHOD->Base.constructor {"resolution":"inherited"}"#,
            r#"main.ts->CONSTRUCTOR_CALL->new Emitter() => derived.ts->CLASS->Emitter {"resolution":"constructor"}"#,
            r#"main.ts->CONSTRUCTOR_CALL->new Plain() => derived.ts->CLASS->Plain {"resolution":"constructor"}"#,
            r#"main.ts->CONSTRUCTOR_CALL->new default() => EXTERNAL_FUNCTION:ws.default {"resolution":"external"}"#,
        ]
    );
    assert_eq!(of_type(&edges, "INSTANCE_OF").len(), 5);
}

#[test]
fn members_of_packages() {
    let mut main = Summary::esm("main.ts");
    let fs = main.import_as(ImportForm::Static, "node:fs", "*", &[]);
    let callee = main.member(Shape::Binding(fs), &["promises", "readFile"]);
    main.call("fs.promises.readFile", callee);
    let named = main.import("fs", "statSync");
    let callee = main.shape(Shape::Binding(named));
    main.call("statSync", callee);
    main.reexport("lodash", "map", "map");
    let mut user = caller("user.ts", "map", &["./main"]);
    user.import_as(ImportForm::SideEffect, "./style.css", "*", &[]);
    let (edges, links) = link_all(vec![main, user], &[]);
    let external = r#"{"resolution":"external"}"#;
    assert_eq!(
        of_type(&edges, "CALLS"),
        [
            format!(
                "main.ts->CALL->fs.promises.readFile => EXTERNAL_FUNCTION:fs.promises.readFile {external}"
            ),
            format!("main.ts->CALL->statSync => EXTERNAL_FUNCTION:fs.statSync {external}"),
            format!("user.ts->CALL->call of ./main => EXTERNAL_FUNCTION:lodash.map {external}"),
        ]
    );
    assert!(
        edges.contains(
            &r#"main.ts->EXPORT->map IMPORTS_FROM EXTERNAL_MODULE:lodash {"imported":"map"}"#
                .to_owned()
        )
    );
    assert!(
        edges.contains(
            &"user.ts->IMPORT->map of ./main IMPORTS_FROM main.ts->EXPORT->map".to_owned()
        )
    );
    assert_eq!(links.diagnostics, []);
}
