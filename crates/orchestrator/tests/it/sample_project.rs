//! A whole run over the sample project.

use crate::common::{edges, run, sample};

#[test]
fn the_number_of_threads_does_not_change_a_byte() {
    let (_, one) = run(&sample(), 1);
    let (_, two) = run(&sample(), 2);
    let (_, again) = run(&sample(), 2);
    assert!(!one.is_empty());
    assert_eq!(one, two);
    assert_eq!(two, again);
}

#[test]
fn every_module_is_in_its_service() {
    let (report, export) = run(&sample(), 2);
    assert_eq!(report.project, "sample-shop");
    assert_eq!(report.services, ["@shop/core", "@shop/web"]);
    assert_eq!(report.files.analyzed, 11);
    assert_eq!((report.files.failed, report.files.skipped), (0, 0));
    assert_eq!(report.diagnostics, []);
    let contains = edges(&export, "CONTAINS");
    for edge in [
        "PROJECT:sample-shop => SERVICE:@shop/core",
        "PROJECT:sample-shop => scripts/store.js->MODULE->module",
        "SERVICE:@shop/core => packages/core/src/index.ts->MODULE->module",
        "SERVICE:@shop/web => packages/web/src/app.tsx->MODULE->module",
    ] {
        assert!(contains.contains(&edge.to_owned()), "{edge}");
    }
}

#[test]
fn modules_depend_on_each_other_through_every_kind_of_specifier() {
    let (report, export) = run(&sample(), 2);
    let depends: Vec<String> = edges(&export, "DEPENDS_ON")
        .into_iter()
        .map(|e| e.replace("->MODULE->module", ""))
        .collect();
    for edge in [
        // A workspace package by its name, whose `main` names build output.
        "packages/web/src/app.tsx => packages/core/src/index.ts",
        // `paths` of tsconfig.json.
        "packages/web/src/app.tsx => packages/core/src/price.ts",
        // `.js` that means `.tsx`, in a dynamic import.
        "packages/web/src/api.ts => packages/web/src/app.tsx",
        "packages/core/src/index.ts => packages/core/src/cart.ts",
        "scripts/report.cjs => scripts/format.js",
    ] {
        assert!(
            depends.contains(&edge.to_owned()),
            "{edge} not in {depends:#?}"
        );
    }
    assert_eq!(report.imports.total, report.imports.resolved);
    let external = edges(&export, "IMPORTS");
    assert!(
        external.contains(&"scripts/report.cjs->MODULE->module => EXTERNAL_MODULE:fs".to_owned())
    );
    assert!(external.contains(
        &"packages/core/src/cart.ts->MODULE->module => EXTERNAL_MODULE:events".to_owned()
    ));
}

#[test]
fn calls_reach_functions_of_other_modules() {
    let (_, export) = run(&sample(), 2);
    let calls = edges(&export, "CALLS");
    for edge in [
        // In the module itself.
        "packages/core/src/price.ts->CALL->round[in:total] => packages/core/src/price.ts->FUNCTION->round",
        // Imported, through `paths`.
        "packages/web/src/app.tsx->CALL->total[in:App] => packages/core/src/price.ts->FUNCTION->total",
        // A static method of a class that a package re-exports.
        "packages/web/src/app.tsx->CALL->Cart.of => packages/core/src/cart.ts->METHOD->static:of[in:Cart]",
        // A member of `export * as`.
        "packages/web/src/app.tsx->CALL->catalog.find[in:Line] => packages/core/src/catalog.ts->FUNCTION->find",
        // A default export under another name.
        "packages/web/src/app.tsx->CALL->formatMoney[in:Line] => packages/core/src/money.ts->FUNCTION->default",
        // Destructured from `require`.
        "scripts/report.cjs->CALL->format[in:main] => scripts/format.js->FUNCTION->format",
        // A built-in of Node.js.
        "scripts/report.cjs->CALL->fs.readFileSync[in:main] => EXTERNAL_FUNCTION:fs.readFileSync",
        // The constructor of a class.
        "packages/core/src/cart.ts->CONSTRUCTOR_CALL->new EmptyCartError()[in:Cart.checkout] => packages/core/src/cart.ts->METHOD->constructor[in:EmptyCartError]",
    ] {
        assert!(calls.contains(&edge.to_owned()), "{edge} not in {calls:#?}");
    }
}
