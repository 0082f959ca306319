//! What React does with the functions that it is given.

use crate::common::edges;

/// The CALLS edges and the calls without targets of one file.
fn calls(source: &str) -> Vec<String> {
    edges(&[("a.tsx", source)], &["CALLS", "UNRESOLVED_CALL"])
}

#[test]
fn setters_of_state_call_what_they_are_passed() {
    assert_eq!(
        calls(
            "import { useState } from 'react';\n\
             function next(n) { return n; }\n\
             const start = () => make();\n\
             function make() { return { run() {} }; }\n\
             export function App() {\n\
               const [tool, setTool] = useState(start);\n\
               setTool(next);\n\
               tool.run();\n\
             }"
        ),
        [
            r#"CALL->setTool[in:App] CALLS EXTERNAL_FUNCTION:react.useState.set {"resolution":"external"}"#,
            r#"CALL->setTool[in:App] CALLS FUNCTION->next {"callType":"callback"}"#,
            r#"CALL->tool.run[in:App] CALLS FUNCTION->run[in:make] {"resolution":"object","confidence":"likely"}"#,
            r#"CALL->useState[in:App] CALLS EXTERNAL_FUNCTION:react.useState {"resolution":"external"}"#,
            r#"CALL->useState[in:App] CALLS FUNCTION->start {"callType":"callback"}"#,
        ]
    );
}

#[test]
fn dispatching_runs_the_reducer() {
    assert_eq!(
        edges(
            &[(
                "a.tsx",
                "import * as React from 'react';\n\
             function reducer(state, action) { return action.make(); }\n\
             export function App() {\n\
               const [state, dispatch] = React.useReducer(reducer, null, init);\n\
               dispatch({ make() {} });\n\
             }\n\
             function init() {}"
            )],
            &["CALLS", "UNRESOLVED_CALL", "RECEIVES_ARGUMENT"]
        ),
        [
            r#"CALL->React.useReducer[in:App] CALLS EXTERNAL_FUNCTION:react.useReducer {"resolution":"external"}"#,
            r#"CALL->React.useReducer[in:App] CALLS FUNCTION->init {"callType":"callback"}"#,
            r#"CALL->action.make[in:reducer] CALLS FUNCTION->make[in:App] {"resolution":"parameter","confidence":"possible"}"#,
            r#"CALL->dispatch[in:App] CALLS FUNCTION->make[in:App] {"callType":"callback","resolution":"higher-order"}"#,
            r#"CALL->dispatch[in:App] CALLS FUNCTION->reducer {"resolution":"alias","argShift":-1}"#,
            r#"PARAMETER->action[in:reducer] RECEIVES_ARGUMENT OBJECT_LITERAL-><object>[in:App] {"argIndex":0,"callId":"a.tsx->CALL->dispatch[in:App]"}"#,
        ]
    );
}

#[test]
fn effects_run_and_end() {
    assert_eq!(
        calls(
            "import { useEffect, useRef, useContext, createContext } from 'react';\n\
             interface Api { load(): void }\n\
             class Http implements Api { load() {} }\n\
             const Typed = createContext<Http | null>(null);\n\
             const Plain = createContext({ load() {} });\n\
             export function App(onSave: () => void) {\n\
               const saved = useRef(stop);\n\
               useEffect(() => { go(); return stop; }, []);\n\
               useContext(Typed).load();\n\
               useContext(Plain).load();\n\
               saved.current();\n\
             }\n\
             function go() {}\n\
             function stop() {}"
        ),
        [
            r#"CALL->createContext CALLS EXTERNAL_FUNCTION:react.createContext {"resolution":"external"}"#,
            r#"CALL->createContext#2 CALLS EXTERNAL_FUNCTION:react.createContext {"resolution":"external"}"#,
            r#"CALL->saved.current[in:App] CALLS FUNCTION->stop {"resolution":"type","confidence":"likely"}"#,
            r#"CALL->useContext().load[in:App] CALLS METHOD->load[in:Http] {"resolution":"type"}"#,
            r#"CALL->useContext().load[in:App]#2 CALLS FUNCTION->load {"resolution":"object","confidence":"possible"}"#,
            r#"CALL->useContext[in:App] CALLS EXTERNAL_FUNCTION:react.useContext {"resolution":"external"}"#,
            r#"CALL->useContext[in:App]#2 CALLS EXTERNAL_FUNCTION:react.useContext {"resolution":"external"}"#,
            r#"CALL->useEffect[in:App] CALLS EXTERNAL_FUNCTION:react.useEffect {"resolution":"external"}"#,
            r#"CALL->useEffect[in:App] CALLS FUNCTION-><useEffect>[in:App] {"callType":"callback"}"#,
            r#"CALL->useEffect[in:App] CALLS FUNCTION->stop {"callType":"callback"}"#,
            r#"CALL->useRef[in:App] CALLS EXTERNAL_FUNCTION:react.useRef {"resolution":"external"}"#,
        ]
    );
}

#[test]
fn what_components_get_is_called_there() {
    assert_eq!(
        edges(
            &[
                (
                    "list.tsx",
                    "export function List({ onAdd, render }: { onAdd(): void; render(t: Todo): any }) { onAdd(); return render(null); }\n\
                  export function Plain(props) { props.onAdd(); return props.children(1); }\n\
                  export interface Todo { toggle(): void }\n\
                  export class Old extends Component<{ tool: Tool }> { render() { this.props.tool.run(); } }\n\
                  import { Component } from 'react';\n\
                  export class Tool { run() {} }"
                ),
                (
                    "app.tsx",
                    "import { List, Plain, Todo, Old } from './list';\n\
                  class Task implements Todo { toggle() {} }\n\
                  export const app = () => <><List onAdd={add} render={(t) => t.toggle()} /><Plain onAdd={() => add()}>{(x) => <b />}</Plain><Old tool={null} /></>;\n\
                  function add() {}"
                ),
            ],
            &["CALLS", "RENDERS", "UNRESOLVED_CALL"],
        ),
        [
            r#"app.tsx->CALL->t.toggle[in:app.<render>] CALLS app.tsx->METHOD->toggle[in:Task] {"resolution":"interface","confidence":"likely"}"#,
            r#"app.tsx->CALL->t.toggle[in:app.<render>] CALLS list.tsx->METHOD->toggle[in:Todo] {"resolution":"type","confidence":"possible"}"#,
            r#"app.tsx->JSX_ELEMENT->List[in:app] RENDERS list.tsx->FUNCTION->List {"resolution":"import"}"#,
            r#"app.tsx->JSX_ELEMENT->Old[in:app] RENDERS list.tsx->CLASS->Old {"resolution":"import"}"#,
            r#"app.tsx->JSX_ELEMENT->Plain[in:app] RENDERS list.tsx->FUNCTION->Plain {"resolution":"import"}"#,
            r#"list.tsx->CALL->onAdd[in:List] CALLS app.tsx->FUNCTION->add {"resolution":"parameter","confidence":"likely"}"#,
            r#"list.tsx->CALL->props.children[in:Plain] CALLS app.tsx->FUNCTION-><children>[in:app] {"resolution":"parameter","confidence":"likely"}"#,
            r#"list.tsx->CALL->props.onAdd[in:Plain] CALLS app.tsx->FUNCTION-><onAdd>[in:app] {"resolution":"parameter","confidence":"likely"}"#,
            r#"list.tsx->CALL->render[in:List] CALLS app.tsx->FUNCTION-><render>[in:app] {"resolution":"parameter","confidence":"likely"}"#,
            r#"list.tsx->CALL->this.props.tool.run[in:Old.render] CALLS list.tsx->METHOD->run[in:Tool] {"resolution":"type"}"#,
        ]
    );
}
