//! CALLS of what is declared with a function type: the type says what a call gives, not where it goes.

mod common;

use common::edges;

#[test]
fn constants_are_the_functions_that_they_are_given() {
    let found = edges(
        &[
            (
                "internal.ts",
                "export const left = <L>(value: L): { l: L } => ({ l: value });\nexport function each(run: (n: number) => void) { run(1); }",
            ),
            (
                "either.ts",
                "import * as internal from './internal';\nexport const left: <L>(value: L) => { l: L } = internal.left;\nexport let later: (n: number) => void = internal.left;\nlater = () => {};\nexport const cast = internal.left as (n: number) => void;\nexport const anyhow = internal.left as any;",
            ),
            (
                "app.ts",
                "import * as Either from './either';\nimport { each } from './internal';\nEither.left(1);\nEither.later(2);\nEither.cast(3);\nEither.anyhow(4);\neach(Either.left);\nexport const text = Either.left('a').l.trim();",
            ),
        ],
        &["CALLS", "UNRESOLVED_CALL"],
    );
    assert_eq!(
        found,
        [
            r#"app.ts->CALL->Either.anyhow CALLS internal.ts->FUNCTION->left {"resolution":"import"}"#,
            r#"app.ts->CALL->Either.cast CALLS internal.ts->FUNCTION->left {"resolution":"import"}"#,
            r#"app.ts->CALL->Either.later CALLS either.ts->FUNCTION->later {"resolution":"flow","confidence":"possible"}"#,
            r#"app.ts->CALL->Either.later CALLS internal.ts->FUNCTION->left {"resolution":"flow","confidence":"possible"}"#,
            r#"app.ts->CALL->Either.left CALLS internal.ts->FUNCTION->left {"resolution":"import"}"#,
            r#"app.ts->CALL->Either.left#2 CALLS internal.ts->FUNCTION->left {"resolution":"import"}"#,
            r#"app.ts->CALL->Either.left().l.trim CALLS EXTERNAL_FUNCTION:<global>.String.prototype.trim {"resolution":"builtin"}"#,
            r#"app.ts->CALL->each CALLS internal.ts->FUNCTION->each {"resolution":"import"}"#,
            r#"app.ts->CALL->each CALLS internal.ts->FUNCTION->left {"callType":"callback","resolution":"higher-order"}"#,
            r#"internal.ts->CALL->run[in:each] CALLS internal.ts->FUNCTION->left {"resolution":"parameter","confidence":"possible"}"#,
        ]
    );
}
