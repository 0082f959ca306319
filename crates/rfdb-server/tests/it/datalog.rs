//! Datalog over a real socket: every command, both forms of ids, limits and errors.

use crate::support::{Raw, TestServer, Value, json};

fn id(text: &str) -> String {
    rfdb_protocol::parse_id(text).to_string()
}

/// `main` calls `load`, `load` and `parse` call each other.
fn graph(server: &TestServer) -> Raw {
    let mut raw = server.connect();
    let node = |name: &str, file: &str, exported: bool, metadata: &str| {
        json!({"id": name, "semanticId": name, "nodeType": "FUNCTION", "name": name, "file": file,
            "exported": exported, "metadata": metadata})
    };
    raw.ok(json!({"cmd": "addNodes", "nodes": [
        node("main", "a.js", true, r#"{"line":1,"loc":{"end":{"line":7}},"tags":["x"]}"#),
        node("load", "a.js", false, r#"{"line":9,"loc.end.line":"flat"}"#),
        node("parse", "b.js", false, r#"{"line":10,"async":true,"none":null}"#),
        {"id": "r", "semanticId": "r", "nodeType": "http:route", "name": "GET /", "file": "b.js"},
    ]}));
    raw.ok(json!({"cmd": "addEdges", "edges": [
        {"src": "main", "dst": "load", "edgeType": "CALLS", "metadata": r#"{"at":{"line":3}}"#},
        {"src": "load", "dst": "parse", "edgeType": "CALLS"},
        {"src": "parse", "dst": "load", "edgeType": "CALLS"},
        {"src": "r", "dst": "main", "edgeType": "HANDLED_BY"},
    ]}));
    raw
}

/// The rows of an answer, one text each, sorted.
fn rows(answer: &Value, key: &str) -> Vec<String> {
    let mut rows: Vec<String> = answer[key]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let bindings = row["bindings"].as_object().unwrap();
            let pairs = bindings
                .iter()
                .map(|(k, v)| format!("{k}={}", v.as_str().unwrap()));
            pairs.collect::<Vec<_>>().join(" ")
        })
        .collect();
    rows.sort();
    rows
}

fn query(raw: &mut Raw, query: &str) -> Vec<String> {
    let answer = raw.ok(json!({"cmd": "datalogQuery", "query": query, "semanticIds": true}));
    rows(&answer, "results")
}

#[test]
fn queries_programs_and_guarantees() {
    let server = TestServer::start();
    let mut raw = graph(&server);
    // Ids are numbers unless something else is asked for, and may be given as either.
    let plain = raw.ok(json!({"cmd": "datalogQuery", "query": r#"edge("main", X, "CALLS")"#}));
    assert_eq!(plain, json!({"results": [{"bindings": {"X": id("load")}}]}));
    let by_number = format!(r#"edge("{}", X, "CALLS")"#, id("main"));
    assert_eq!(query(&mut raw, &by_number), ["X=load"]);
    assert_eq!(query(&mut raw, r#"node("main", "FUNCTION")"#), [""]);
    let program = r#"reach(X, Y) :- edge(X, Y, "CALLS").
                     reach(X, Y) :- reach(X, Z), edge(Z, Y, "CALLS")."#;
    let answer = raw.ok(json!({"cmd": "executeDatalog", "semanticIds": true,
        "source": format!(r#"q(Y) :- reach("main", Y). {program}"#)}));
    assert_eq!(rows(&answer, "results"), ["Y=load", "Y=parse"]);
    let answer = raw.ok(json!({"cmd": "executeDatalog", "source": r#"node(X, "http:*")."#}));
    assert_eq!(rows(&answer, "results"), [format!("X={}", id("r"))]);
    let answer = raw.ok(json!({"cmd": "checkGuarantee", "ruleSource":
        r#"violation(F) :- node(F, "FUNCTION"), \+ edge(_, F, "CALLS"), attr(F, "name", N), neq(N, "x")."#}));
    assert_eq!(
        answer,
        json!({"violations": [{"bindings": {"X": id("main")}}]})
    );
    let answer =
        raw.ok(json!({"cmd": "checkGuarantee", "ruleSource": r#"other(X) :- node(X, "A")."#}));
    assert_eq!(answer["violations"], json!([]));
    assert_eq!(
        raw.ok(json!({"cmd": "datalogLoadRules", "source": program})),
        json!({"count": 2})
    );
    raw.ok(json!({"cmd": "datalogClearRules"}));
    // Nothing was kept.
    assert_eq!(query(&mut raw, r#"reach(X, "main")"#), [""; 0]);
}

#[test]
fn attributes_of_nodes_and_edges() {
    let server = TestServer::start();
    let mut raw = graph(&server);
    for _ in 0..2 {
        for (asked, wanted) in [
            (r#"attr(X, "name", "load")"#, vec!["X=load"]),
            (r#"attr(X, "file", "b.js")"#, vec!["X=parse", "X=r"]),
            (r#"attr(X, "type", "http:route")"#, vec!["X=r"]),
            (r#"attr(X, "exported", "true")"#, vec!["X=main"]),
            (r#"attr(X, "semantic_id", "parse")"#, vec!["X=parse"]),
            (r#"attr(X, "line", 9)"#, vec!["X=load"]),
            (r#"attr(X, "async", "true")"#, vec!["X=parse"]),
            (
                r#"attr(X, "loc.end.line", V)"#,
                vec!["V=7 X=main", "V=flat X=load"],
            ),
            (r#"attr(X, "loc.end.line", 7)"#, vec!["X=main"]),
            (r#"attr(X, "none", "null")"#, vec![]),
            (r#"attr(X, "tags", V)"#, vec![]),
            (
                r#"attr("main", "id", V)"#,
                vec![&*format!("V={}", id("main"))],
            ),
            (
                r#"attr_edge(X, Y, "CALLS", "at.line", L)"#,
                vec!["L=3 X=main Y=load"],
            ),
            (
                r#"incoming("load", X, T)"#,
                vec!["T=CALLS X=main", "T=CALLS X=parse"],
            ),
            (
                r#"edge(X, Y, "HANDLED_BY"), path(X, Z), attr(Z, line, L), L < 10"#,
                vec!["L=1 X=r Y=main Z=main", "L=9 X=r Y=main Z=load"],
            ),
        ] {
            assert_eq!(query(&mut raw, asked), wanted, "{asked}");
        }
        // The same from the index on disk, and with changes beside it.
        raw.ok(json!({"cmd": "rebuildIndexes"}));
        raw.ok(json!({"cmd": "deleteEdge", "src": "parse", "dst": "main", "edgeType": "CALLS"}));
    }
}

#[test]
fn explanations_and_warnings() {
    let server = TestServer::start();
    let mut raw = graph(&server);
    let answer = raw.ok(
        json!({"cmd": "datalogQuery", "explain": true, "semanticIds": true,
        "query": r#"node(X, "FUNCTION"), edge(X, Y, "CALLS"), attr(Y, "name", "parse")"#}),
    );
    assert_eq!(answer["bindings"], json!([{"X": "load", "Y": "parse"}]));
    let steps = answer["explainSteps"].as_array().unwrap();
    let order: Vec<&str> = steps
        .iter()
        .map(|s| s["predicate"].as_str().unwrap())
        .collect();
    assert_eq!(order.len(), 3);
    assert_eq!(steps[0]["operation"], "eval_atom");
    assert_eq!(answer["stats"]["totalResults"], 1);
    assert!(answer["profile"]["totalDurationUs"].is_u64());
    let answer =
        raw.ok(json!({"cmd": "datalogQuery", "explain": true, "query": r#"node(X, "FUNCTOIN")"#}));
    let warnings: Vec<&str> = answer["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert_eq!(
        warnings,
        [
            r#"no node of the graph has the type "FUNCTOIN"; did you mean "FUNCTION"?"#,
            r#"The answer is empty: `node(X, "FUNCTOIN")` does not hold for the only row that reached it"#
        ]
    );
    // Without an explanation the oddities are told all the same, in a field that old clients do not look at.
    let answer = raw.ok(json!({"cmd": "executeDatalog", "source": "nodee(X)"}));
    assert_eq!(answer["results"], json!([]));
    assert!(
        answer["warnings"][0]
            .as_str()
            .unwrap()
            .contains("did you mean \"node\"?")
    );
    let answer = raw.ok(json!({"cmd": "executeDatalog", "source": r#"node(X, "FUNCTION")"#}));
    assert!(answer.get("warnings").is_none());
}

#[test]
fn errors_have_codes_and_places() {
    let server = TestServer::start();
    let mut raw = graph(&server);
    for (request, message) in [
        (
            json!({"cmd": "datalogQuery", "query": "node(X, \"A\")."}),
            "Datalog query parse error: Parse error at 12: unexpected input after query: '.'",
        ),
        (
            json!({"cmd": "checkGuarantee", "ruleSource": "violation(X) :- node(X"}),
            "Datalog parse error: Parse error at 22: unexpected end: expected ',' or ')'",
        ),
        (
            json!({"cmd": "datalogLoadRules", "source": "p(X) :- ."}),
            "Datalog parse error: Parse error at 8: expected identifier",
        ),
        (
            json!({"cmd": "executeDatalog", "source": "p(X) :- node(Y, _)."}),
            "Datalog error at 0: X in the head `p(X)` is not bound: no positive literal of the body has it",
        ),
        (
            json!({"cmd": "checkGuarantee", "ruleSource": "violation(X) :- node(X, _), \\+ calls(X, _)."}),
            "Datalog error at 28: no rule defines the predicate calls of `\\+ calls(X, _)`",
        ),
    ] {
        let (code, text) = raw.fails(request);
        assert_eq!((code.as_str(), text.as_str()), ("DATALOG_ERROR", message));
    }
}

#[test]
fn limits_end_a_query_and_leave_the_server_well() {
    let server = TestServer::start_with(&[
        "--query-timeout-ms",
        "200",
        "--query-max-rows",
        "2000",
        "--query-max-bytes",
        "1000000",
        "--max-result-bytes",
        "20000",
    ]);
    let mut raw = server.connect();
    let nodes: Vec<Value> = (1..=400)
        .map(|n| json!({"id": n.to_string(), "nodeType": "N"}))
        .collect();
    raw.ok(json!({"cmd": "addNodes", "nodes": nodes}));
    // Nothing is kept and nothing is found, for a long time.
    let long = "p :- node(A, _), node(B, _), node(C, _), node(D, _), A < B, B < C, C < D, D < A.";
    for (source, code) in [
        (long, "QUERY_TIMEOUT"),
        ("p(A, B) :- node(A, _), node(B, _).", "QUERY_LIMIT_EXCEEDED"),
        (r#"p(A) :- node(A, _)."#, "RESULT_TOO_LARGE"),
    ] {
        let (found, _) = raw.fails(json!({"cmd": "executeDatalog", "source": source}));
        assert_eq!(found, code, "{source}");
        assert_eq!(raw.ok(json!({"cmd": "nodeCount"}))["count"], 400);
    }
    // One that is cancelled while others go on.
    let server = TestServer::start();
    let mut raw = server.connect();
    raw.ok(json!({"cmd": "addNodes", "nodes": nodes}));
    raw.send(&json!({"cmd": "executeDatalog", "source": long, "requestId": "r1"}));
    std::thread::sleep(std::time::Duration::from_millis(50));
    server.connect().ok(json!({"cmd": "nodeCount"}));
    raw.send(&json!({"cmd": "cancelQuery", "target": "r1", "requestId": "r2"}));
    assert_eq!(raw.receive()["code"], "QUERY_CANCELLED");
    assert_eq!(raw.receive()["requestId"], "r2");
}
