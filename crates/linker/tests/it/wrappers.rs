//! CALLS and RENDERS of what packages make of functions.

use crate::common::edges;

#[test]
fn components_are_rendered_through_their_wrappers() {
    let found = edges(
        &[
            (
                "parts.tsx",
                "import React, { memo, forwardRef, lazy } from 'react';\n\
                 import { observer } from 'mobx-react';\n\
                 import { connect } from 'some-store';\n\
                 const Inner: React.FC = () => <b />;\n\
                 export const Memo: React.FC = memo(Inner);\n\
                 export const Both = React.memo(forwardRef(function Named(props, ref) { return null; }));\n\
                 export const Later = lazy(() => import('./page'));\n\
                 export const Watching = observer(class Old extends React.Component {});\n\
                 export const Connected = connect((state) => ({}))(Inner);",
            ),
            (
                "page.tsx",
                "export default function Page() { return null; }",
            ),
            (
                "app.tsx",
                "import { Memo, Both, Later, Watching, Connected } from './parts';\n\
                 export const app = () => <><Memo /><Both /><Later /><Watching /><Connected /></>;",
            ),
        ],
        &["RENDERS", "UNRESOLVED_CALL"],
    );
    assert_eq!(
        found,
        [
            r#"app.tsx->JSX_ELEMENT->Both[in:app] RENDERS parts.tsx->FUNCTION->Named {"resolution":"wrapper","confidence":"likely"}"#,
            r#"app.tsx->JSX_ELEMENT->Connected[in:app] RENDERS parts.tsx->FUNCTION->Inner {"resolution":"wrapper","confidence":"possible"}"#,
            r#"app.tsx->JSX_ELEMENT->Later[in:app] RENDERS page.tsx->FUNCTION->Page {"resolution":"wrapper","confidence":"likely"}"#,
            r#"app.tsx->JSX_ELEMENT->Memo[in:app] RENDERS parts.tsx->FUNCTION->Inner {"resolution":"wrapper","confidence":"likely"}"#,
            r#"app.tsx->JSX_ELEMENT->Watching[in:app] RENDERS parts.tsx->CLASS->Old {"resolution":"wrapper","confidence":"likely"}"#,
        ]
    );
}

#[test]
fn functions_are_called_through_their_wrappers() {
    let found = edges(
        &[(
            "a.ts",
            "import { useCallback, useMemo } from 'react';\n\
             import { promisify } from 'node:util';\n\
             import debounce from 'some-debounce';\n\
             import { listen } from 'some-server';\n\
             function save() {}\n\
             function read(path: string) { return path; }\n\
             const later = debounce(save, 100);\n\
             const readAsync = promisify(read);\n\
             export function use() {\n\
               const onClick = useCallback(() => save(), []);\n\
               const handler = useMemo(() => read, []);\n\
               onClick(); handler('h'); later(); readAsync('r');\n\
               const server = listen(save);\n\
               server.close();\n\
             }",
        )],
        &["CALLS", "UNRESOLVED_CALL"],
    );
    let of_project: Vec<_> = found.iter().filter(|e| !e.contains("EXTERNAL")).collect();
    assert_eq!(
        of_project,
        [
            r#"CALL->debounce CALLS FUNCTION->save {"callType":"callback","confidence":"possible"}"#,
            r#"CALL->handler[in:use] CALLS FUNCTION->read {"resolution":"alias"}"#,
            r#"CALL->later[in:use] CALLS FUNCTION->save {"resolution":"wrapper","confidence":"possible"}"#,
            r#"CALL->listen[in:use] CALLS FUNCTION->save {"callType":"callback","confidence":"possible"}"#,
            r#"CALL->onClick[in:use] CALLS FUNCTION-><useCallback>[in:use] {"resolution":"alias"}"#,
            r#"CALL->readAsync[in:use] CALLS FUNCTION->read {"resolution":"wrapper","confidence":"likely"}"#,
            r#"CALL->server.close[in:use] UNRESOLVED_CALL MODULE->module {"name":"close","reason":"external-value"}"#,
            r#"CALL->useMemo[in:use] CALLS FUNCTION-><useMemo>[in:use] {"callType":"callback"}"#,
        ]
    );
}
