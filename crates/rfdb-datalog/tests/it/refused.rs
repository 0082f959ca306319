//! Programs that are refused, and the place that the message points at.

use rfdb_datalog::{Error, Question};

fn refused(question: Result<Question, Error>, source: &str) -> String {
    let error = question.expect_err(source);
    let span = error.span().expect("a place");
    format!("{}: {}", &source[span.start..span.end], error.message())
}

fn program(source: &str) -> String {
    refused(Question::program(source), source)
}

#[test]
fn variables_without_a_source() {
    assert_eq!(
        program(r#"p(X, Y) :- node(X, "A")."#),
        "p(X, Y): Y in the head `p(X, Y)` is not bound: no positive literal of the body has it"
    );
    assert_eq!(
        program("p(X) :- node(X, _), neq(X, Y)."),
        "neq(X, Y): `neq(X, Y)` needs both of its arguments bound, but Y is bound by no positive literal"
    );
    assert_eq!(
        program(r#"p(X) :- node(X, _), \+ edge(X, Y), \+ node(Y, "A")."#),
        "\\+ edge(X, Y): `\\+ edge(X, Y)` needs its variables bound, but Y is bound by no positive literal"
    );
    assert_eq!(
        program("p(X) :- q(X). q(X) :- starts_with(X, a)."),
        "starts_with(X, a): `starts_with(X, \"a\")` needs both of its arguments bound, but X is bound by no positive literal"
    );
    assert_eq!(
        program("p(X) :- node(X, _), q(Y). q(X) :- starts_with(X, a)."),
        "q(Y): `q(Y)` needs argument 1 bound, but Y is bound by no positive literal"
    );
    assert_eq!(
        program("p(X) :- node(X, _), starts_with(X, _)."),
        "starts_with(X, _): `starts_with(X, _)` needs both of its arguments bound, but a wildcard is not enough"
    );
    assert_eq!(
        program("p(X)."),
        "p(X): the fact `p(X)` has to consist of constants, and X is none"
    );
    assert_eq!(
        program("p(_) :- node(X, _)."),
        "p(_): _ in the head `p(_)` is not bound: no positive literal of the body has it"
    );
    let query = "path(X, Y)";
    assert_eq!(
        refused(Question::query(query), query),
        "path(X, Y): `path(X, Y)` needs one of its arguments bound, but X and Y are bound by no positive literal"
    );
    assert!(program(r#"p(X, count(Y)) :- node(X, _)."#).contains("count(Y) in the head"));
}

#[test]
fn negation_and_aggregation_in_a_circle() {
    assert_eq!(
        program(r#"p(X) :- node(X, _), \+ q(X). q(X) :- node(X, _), p(X)."#),
        "\\+ q(X): `\\+ q(X)` makes p depend on its own negation; the program is not stratified"
    );
    assert_eq!(
        program(r#"p(count(X)) :- p(X)."#),
        "p(X): `p(X)` makes p depend on its own aggregate; the program is not stratified"
    );
    assert_eq!(
        program(r#"p(X, count(Y)) :- edge(X, Y). p(X, Y) :- edge(X, Y)."#),
        "p(X, Y): `p(X, Y)` does not aggregate as the other rules of p do"
    );
}

#[test]
fn predicates_used_wrongly() {
    assert_eq!(
        program("p(X) :- edge(X)."),
        "edge(X): `edge(X)` has 1 arguments, but edge takes 2 or 3"
    );
    assert_eq!(
        program("p(X) :- q(X, X). q(X) :- node(X, _)."),
        "q(X, X): `q(X, X)` has 2 arguments, but the rules of q have 1"
    );
    assert_eq!(
        program("p(X) :- node(X, _). node(X, Y) :- p(X), p(Y)."),
        "node(X, Y): `node(X, Y)` redefines a predicate of the language"
    );
}

#[test]
fn unknown_predicates() {
    let source = r#"violation(X) :- nodee(X, "A")."#;
    assert_eq!(
        refused(Question::guarantee(source), source),
        "nodee(X, \"A\"): no rule defines the predicate nodee of `nodee(X, \"A\")`; did you mean \"node\"?"
    );
    let question = Question::program(source).expect("a warning");
    assert_eq!(
        question.warnings(),
        ["no rule defines the predicate nodee of `nodee(X, \"A\")`; did you mean \"node\"?"]
    );
}

#[test]
fn which_parse_error_is_told() {
    let error = Question::program("p(X) :- node(X, ).").expect_err("no term");
    assert_eq!(error.to_string(), "Parse error at 16: expected a term");
    let error = Question::program("node(X, ").expect_err("no term");
    assert_eq!(
        error.to_string(),
        "Parse error at 8: unexpected end: expected a term"
    );
}
