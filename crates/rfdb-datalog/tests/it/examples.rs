//! What programs mean, by example.

use rfdb_datalog::Question;

use crate::support::{answer, program, query, rows};

#[test]
fn nodes() {
    assert_eq!(query(r#"node(X, "MODULE")"#), ["<a.js>", "<b.js>"]);
    assert_eq!(query(r#"node("main", T)"#), ["FUNCTION"]);
    assert_eq!(query(r#"type(X, "http:*")"#), ["<route>"]);
    assert_eq!(query(r#"node("main", "FUN*")"#), [""]);
    assert_eq!(query(r#"node("main", "MODULE")"#), [""; 0]);
    assert_eq!(query("node(X, _)").len(), 8);
    assert_eq!(query("node(_, T)"), ["FUNCTION", "MODULE", "http:route"]);
    let id = rfdb_datalog::node_id("main").to_string();
    assert_eq!(query(&format!("node({id}, T)")), ["FUNCTION"]);
    assert_eq!(query(r#"node("nobody", T)"#), [""; 0]);
}

#[test]
fn edges() {
    assert_eq!(query(r#"edge("parse", X, "CALLS")"#), ["<load>", "<log>"]);
    assert_eq!(
        query(r#"incoming("load", X, "CALLS")"#),
        ["<main>", "<parse>"]
    );
    assert_eq!(
        query(r#"edge(X, "load", T)"#),
        ["<a.js> CONTAINS", "<main> CALLS", "<parse> CALLS"]
    );
    assert_eq!(query(r#"edge("main", "load")"#), [""]);
    assert_eq!(query(r#"edge(X, X)"#), [""; 0]);
    assert_eq!(query(r#"edge(X, Y, "HANDLED_BY")"#), ["<route> <main>"]);
    assert_eq!(query(r#"edge(X, _, "CAL*")"#), [""; 0]);
    assert_eq!(query("edge(_, _, T)"), ["CALLS", "CONTAINS", "HANDLED_BY"]);
}

#[test]
fn paths() {
    assert_eq!(query(r#"path("route", "log")"#), [""]);
    assert_eq!(query(r#"path("log", "route")"#), [""; 0]);
    assert_eq!(query(r#"path("load", X)"#), ["<log>", "<parse>"]);
    assert_eq!(query(r#"path(X, "main")"#), ["<a.js>", "<route>"]);
    assert_eq!(query(r#"path("log", "log")"#), [""]);
    assert_eq!(query(r#"path("log", _)"#), [""; 0]);
    assert_eq!(query(r#"path("main", _)"#), [""]);
}

#[test]
fn attributes() {
    assert_eq!(query(r#"attr("parse", "file", F)"#), ["b.js"]);
    assert_eq!(query(r#"attr("parse", line, L)"#), ["10"]);
    assert_eq!(query(r#"attr(X, "name", "log")"#), ["<log>"]);
    assert_eq!(query(r#"attr(X, "line", _)"#).len(), 5);
    assert_eq!(query(r#"attr(X, "type", "http:route")"#), ["<route>"]);
    assert_eq!(query(r#"attr("main", "nothing", X)"#), [""; 0]);
    assert_eq!(query(r#"attr(X, "semantic_id", "main")"#), ["<main>"]);
    assert_eq!(
        query(r#"attr_edge(X, Y, "CALLS", "at.line", L)"#),
        ["<main> <load> 3", "<parse> <log> 12"]
    );
    assert_eq!(
        query(r#"attr_edge("main", "load", T, "at.line", "3")"#),
        ["CALLS"]
    );
    // An attribute that holds a number can be joined with one.
    assert_eq!(query(r#"attr(X, "line", L), L = 9"#), ["<load> 9"]);
}

#[test]
fn comparisons() {
    let lines = |test: &str| {
        let found = query(&format!(
            r#"attr(X, "line", L), attr(X, "name", N), {test}"#
        ));
        found
            .iter()
            .map(|row| row.rsplit(' ').next().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(lines("L < 10"), ["load", "main"]);
    assert_eq!(lines("gte(L, 20)"), ["log", "unused"]);
    assert_eq!(lines(r#"starts_with(N, "l")"#), ["load", "log"]);
    assert_eq!(
        lines(r#"not_starts_with(N, "l")"#),
        ["main", "parse", "unused"]
    );
    assert_eq!(lines(r#"ends_with(N, "se"), N != "x""#), ["parse"]);
    assert_eq!(
        lines(r#"string_contains(N, "a"), not_contains(N, "r")"#),
        ["load", "main"]
    );
    assert_eq!(lines(r#"\+ neq(N, "log")"#), ["log"]);
    assert_eq!(query(r#"eq(X, "a"), "a" = X"#), ["a"]);
    assert_eq!(query(r#"node(X, "FUNCTION"), eq(X, "main")"#), ["<main>"]);
}

#[test]
fn negation() {
    assert_eq!(
        query(r#"node(X, "FUNCTION"), \+ edge(_, X, "CALLS")"#),
        ["<main>", "<unused>"]
    );
    // A variable that only the negated literal has means: no such value at all.
    assert_eq!(
        query(r#"node(X, "FUNCTION"), \+ edge(X, Y)"#),
        ["<log>", "<unused>"]
    );
    assert_eq!(query(r#"\+ node(X, "CLASS")"#), [""]);
    assert_eq!(query(r#"\+ node(X, "MODULE")"#), [""; 0]);
    assert_eq!(query(r#"\+ nobody("x")"#), [""]);
}

#[test]
fn bound_arguments_restrict() {
    let helper = r#"h(X) :- attr(X, "name", "log")."#;
    assert_eq!(
        program(&format!(r#"v(X) :- node(X, "FUNCTION"), h(X). {helper}"#)),
        ["<log>"]
    );
    assert_eq!(
        program(&format!(
            r#"v(X) :- node(X, "FUNCTION"), \+ h(X). {helper}"#
        ))
        .len(),
        4
    );
    assert_eq!(program(&format!(r#"v :- h("main"). {helper}"#)), [""; 0]);
    assert_eq!(program(&format!(r#"v :- h("log"). {helper}"#)), [""]);
}

#[test]
fn recursion_ends_however_it_is_written() {
    let base = r#"r(X, Y) :- edge(X, Y, "CALLS")."#;
    for step in [
        r#"r(X, Y) :- r(X, Z), edge(Z, Y, "CALLS")."#,
        r#"r(X, Y) :- edge(X, Z, "CALLS"), r(Z, Y)."#,
        r#"r(X, Y) :- r(X, Z), r(Z, Y)."#,
        r#"r(X, Y) :- s(X, Y). s(X, Y) :- r(X, Z), r(Z, Y)."#,
        r#"r(X, Y) :- r(Y, X), r(X, X), r(Y, Y). r(X, Y) :- r(X, Z), r(Z, Y)."#,
    ] {
        let rules = format!("{base} {step}");
        let ask = |goal: &str| program(&format!("{goal} {rules}"));
        assert_eq!(
            ask(r#"q(Y) :- r("main", Y)."#),
            ["<load>", "<log>", "<parse>"],
            "{step}"
        );
        assert_eq!(
            ask(r#"q(X) :- r(X, "log")."#),
            ["<load>", "<main>", "<parse>"],
            "{step}"
        );
        assert_eq!(ask(r#"q :- r("load", "load")."#), [""], "{step}");
        assert_eq!(ask(r#"q :- r("log", "load")."#), [""; 0], "{step}");
        assert_eq!(ask("q(X) :- r(X, X)."), ["<load>", "<parse>"], "{step}");
        assert_eq!(ask("q(X, Y) :- r(X, Y).").len(), 9, "{step}");
        assert_eq!(
            ask(r#"q(X) :- node(X, "FUNCTION"), \+ r("main", X)."#),
            ["<main>", "<unused>"],
            "{step}"
        );
    }
    assert_eq!(program("p(X) :- p(X)."), [""; 0]);
}

#[test]
fn facts_may_name_nodes() {
    assert_eq!(
        program(r#"q(Y) :- entry(X), edge(X, Y, "CALLS"). entry("main"). entry("parse")."#),
        ["<load>", "<log>"]
    );
    assert_eq!(
        program(r#"layer(F, L) :- known(F, L). known("a.js", top). known("b.js", 'low "x"')."#),
        ["a.js top", "b.js low \"x\""]
    );
    assert_eq!(
        program(r#"p("a", X) :- node(X, "MODULE")."#),
        ["<a.js>", "<b.js>"]
    );
    assert_eq!(
        program(r#"q(X) :- p(X, "a"). p("1", "a"). p("2", "b"). p("3", "a")."#),
        ["1", "3"]
    );
    assert_eq!(program("ok. p :- ok."), [""]);
}

#[test]
fn aggregates() {
    assert_eq!(
        program(r#"n(T, count(X)) :- node(X, T)."#),
        ["FUNCTION 5", "MODULE 2", "http:route 1"]
    );
    assert_eq!(program(r#"n(count(X)) :- node(X, "CLASS")."#), ["0"]);
    assert_eq!(
        program(r#"n("a.js", count(X)) :- edge("a.js", X, "CONTAINS")."#),
        ["2"]
    );
    let by_file = r#"size(F, count(X), min(L), max(L)) :- attr(X, "file", F), attr(X, "line", L)."#;
    assert_eq!(program(by_file), ["a.js 2 1 9", "b.js 3 10 30"]);
    assert_eq!(
        program(&format!(r#"big(F) :- size(F, N, _, _), N > 2. {by_file}"#)),
        ["b.js"]
    );
    assert_eq!(
        program(&format!(r#"q(F) :- size(F, 2, _, 9). {by_file}"#)),
        ["a.js"]
    );
    assert_eq!(
        program(
            r#"loner(M) :- node(M, "FUNCTION"), \+ called(M, _).
                   called(M, count(C)) :- edge(C, M, "CALLS")."#
        ),
        ["<main>", "<unused>"]
    );
}

#[test]
fn predicates_may_leave_arguments_to_their_callers() {
    assert_eq!(
        program(
            r#"q(N) :- short(N), attr(X, "name", N), node(X, "FUNCTION").
               short(N) :- starts_with(N, "lo"). short(N) :- shorter(N). shorter(N) :- ends_with(N, "ain")."#
        ),
        ["load", "log", "main"]
    );
}

#[test]
fn programs_queries_and_guarantees() {
    // A program that is one fact about a predicate of the language is a query.
    assert_eq!(program(r#"node(X, "MODULE")."#), ["<a.js>", "<b.js>"]);
    assert_eq!(program(r#"node(X, "MODULE")"#), ["<a.js>", "<b.js>"]);
    let asked = answer(Question::program(
        r#"n(T, count(X), Y) :- node(X, T), attr(X, "name", Y)."#,
    ));
    let columns: Vec<_> = asked
        .columns()
        .iter()
        .map(|c| (c.name.as_str(), c.is_id))
        .collect();
    assert_eq!(columns, [("T", false), ("count(X)", false), ("Y", false)]);
    let violations = answer(Question::guarantee(
        r#"violation(F, N) :- node(F, "FUNCTION"), attr(F, "name", N), \+ edge(_, F, "CALLS").
           violation("log") :- node(_, "MODULE")."#,
    ));
    assert_eq!(violations.columns()[0].name, "X");
    assert!(violations.columns()[0].is_id);
    assert_eq!(rows(&violations), ["<log>", "<main>", "<unused>"]);
    assert_eq!(
        rows(&answer(Question::guarantee(
            r#"p(X) :- node(X, "MODULE")."#
        ))),
        [""; 0]
    );
    assert_eq!(
        rows(&answer(Question::guarantee(
            r#"violation :- node(_, "MODULE")."#
        ))),
        [""]
    );
}

#[test]
fn the_enclosing_function() {
    let mut graph = crate::support::graph();
    graph.node("call", "CALL", &[]);
    graph.node("block", "SCOPE", &[]);
    graph.edge("main", "block", "HAS_SCOPE", "");
    graph.edge("block", "call", "CONTAINS", "");
    graph.node("arg", "PARAMETER", &[]);
    graph.edge("load", "arg", "HAS_PARAMETER", "");
    let ask = |source: &str| {
        let question = Question::query(source).expect("a query");
        let answer =
            rfdb_datalog::evaluate(question, &graph, &rfdb_datalog::Limits::default(), false);
        rows(&answer.expect("no limits"))
    };
    assert_eq!(ask(r#"parent_function("call", F)"#), ["<main>"]);
    assert_eq!(ask(r#"parent_function("arg", F)"#), ["<load>"]);
    assert_eq!(ask(r#"parent_function("load", F)"#), [""; 0]);
    assert_eq!(
        ask(r#"node(C, "CALL"), parent_function(C, "main"), C != C"#),
        [""; 0]
    );
}

#[test]
fn a_variable_at_both_ends_of_an_edge() {
    let mut graph = rfdb_datalog::MemoryGraph::default();
    for (src, dst) in [("1", "1"), ("1", "2"), ("3", "3")] {
        graph.edge(src, dst, "E", "");
    }
    for source in ["edge(X, X)", "incoming(X, X)", r#"incoming(X, X, "E")"#] {
        let question = Question::query(source).expect("a query");
        let limits = rfdb_datalog::Limits::default();
        let answer = rfdb_datalog::evaluate(question, &graph, &limits, false).expect("no limits");
        assert_eq!(rows(&answer), ["1", "3"], "{source}");
    }
}
