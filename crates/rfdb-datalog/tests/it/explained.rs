//! Explanations: the plan, the rows of each step, and why an answer is empty.

use rfdb_datalog::{Answer, Limits, Question, evaluate};

use crate::support::graph;

fn explain(source: &str) -> Answer {
    let question = Question::program(source).expect(source);
    evaluate(question, &graph(), &Limits::default(), true).expect("no limits")
}

fn why(source: &str) -> Vec<String> {
    let answer = explain(source);
    let mut reasons = answer.explanation.expect("asked for").why_empty;
    reasons.extend(answer.warnings);
    reasons
}

#[test]
fn the_plan_follows_the_counts() {
    let answer = explain(r#"edge(X, Y, "CONTAINS"), node(Y, "FUNCTION"), attr(Y, "name", "log")"#);
    let steps = answer.explanation.expect("asked for").steps;
    let shown: Vec<String> = steps
        .iter()
        .map(|s| {
            format!(
                "{} [{}] {} -> {}",
                s.literal, s.access, s.rows_in, s.rows_out
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            r#"attr(Y, "name", "log") [nodes by attribute] 1 -> 1"#,
            r#"edge(X, Y, "CONTAINS") [incoming edges of a node] 1 -> 1"#,
            r#"node(Y, "FUNCTION") [one node] 1 -> 1"#,
        ]
    );
    assert_eq!(
        steps[0].args,
        [r#"Var("Y")"#, r#"Const("name")"#, r#"Const("log")"#]
    );
}

#[test]
fn tests_come_as_soon_as_they_can() {
    let source = r#"neq(A, "x"), edge(X, Y, "CALLS"), \+ p(X), attr(X, "name", A). "#;
    let answer = explain(&format!("q(X, Y) :- {source} p(X) :- node(X, \"MODULE\")."));
    let explanation = answer.explanation.expect("asked for");
    let order: Vec<&str> = explanation
        .steps
        .iter()
        .map(|s| s.predicate.as_str())
        .collect();
    assert_eq!(order, ["q", "edge", "p", "attr", "neq", "node"]);
    assert_eq!(explanation.graph_use.all_edges_calls, 1);
    assert!(explanation.rule_evaluations > 1);
}

#[test]
fn an_empty_answer_has_a_reason() {
    assert_eq!(
        why(r#"node(X, "FUNCTION"), attr(X, "line", L), L > 50"#),
        ["`gt(L, 50)` does not hold for any of the 5 rows that reached it"]
    );
    assert_eq!(
        why(r#"node(X, "FUNCTOIN")"#),
        [
            r#"`node(X, "FUNCTOIN")` does not hold for the only row that reached it"#,
            r#"no node of the graph has the type "FUNCTOIN"; did you mean "FUNCTION"?"#
        ]
    );
    assert_eq!(
        why(r#"q(X) :- p(X). p(X) :- edge("mian", X, "CALL")."#),
        [
            r#"`edge("mian", X, "CALL")` in the rule for `p(X)` does not hold for the only row that reached it"#,
            "there is no node \"mian\"",
            r#"no edge of the graph has the type "CALL"; did you mean "CALLS"?"#
        ]
    );
    assert_eq!(why(r#"node(X, "FUNCTION")"#), [""; 0]);
    assert!(why("nodee(X)")[1].contains("did you mean \"node\"?"));
}

#[test]
fn scans_of_everything_are_told() {
    let answer = explain("node(X, T), edge(A, B)");
    assert_eq!(
        answer.explanation.expect("asked for").full_scans,
        [
            "`edge(A, B)` looks at all edges",
            "`node(X, T)` looks at all nodes"
        ]
    );
}
