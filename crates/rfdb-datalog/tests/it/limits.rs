//! Limits end an evaluation with an error, whatever the program does.

use std::cell::Cell;

use rfdb_datalog::{Error, Limits, MemoryGraph, Question, evaluate};

fn clique(size: u32) -> MemoryGraph {
    let mut graph = MemoryGraph::default();
    for a in 0..size {
        graph.node(&a.to_string(), "N", &[]);
        for b in 0..size {
            graph.edge(&a.to_string(), &b.to_string(), "E", "");
        }
    }
    graph
}

fn ends(source: &str, limits: &Limits<'_>) -> Error {
    let question = Question::program(source).expect(source);
    let answer = evaluate(question, &clique(12), limits, false);
    answer.map(|answer| answer.len()).expect_err(source)
}

/// Programs that keep many rows, in each of the ways in which rows are kept.
const LARGE: [&str; 4] = [
    "p(A, B, C) :- node(A, _), node(B, _), node(C, _).",
    "p(A, B) :- q(A, B, _). q(A, B, C) :- edge(A, B), edge(B, C). q(A, B, C) :- q(B, C, A).",
    "p(count(A), B) :- edge(A, B), edge(B, C), q(A, B, C). q(A, B, C) :- node(A, _), edge(B, C).",
    "p(A, D) :- t(A, D). t(A, B) :- edge(A, B). t(A, C) :- t(A, B), t(B, C).",
];

#[test]
fn rows_and_memory() {
    for source in LARGE {
        let rows = Limits {
            max_rows: Some(50),
            ..Limits::default()
        };
        assert!(
            matches!(ends(source, &rows), Error::TooManyRows(50)),
            "{source}"
        );
        let bytes = Limits {
            max_bytes: Some(2000),
            ..Limits::default()
        };
        assert!(
            matches!(ends(source, &bytes), Error::TooMuchMemory(2000)),
            "{source}"
        );
    }
    // Texts count too.
    let texts: String = (0..200)
        .map(|n| format!("p(\"{}\").", "x".repeat(100 + n)))
        .collect();
    let source = format!("q(X) :- p(X). {texts}");
    let bytes = Limits {
        max_bytes: Some(10_000),
        ..Limits::default()
    };
    assert!(matches!(ends(&source, &bytes), Error::TooMuchMemory(_)));
}

#[test]
fn time_and_cancellation() {
    // Thirteen different ones of twelve nodes: nothing is kept, and the search is longer than anyone will wait.
    let mut literals: Vec<String> = (0..13).map(|n| format!("node(A{n}, _)")).collect();
    literals.extend((0..13).flat_map(|a| (0..a).map(move |b| format!("A{a} != A{b}"))));
    let source = format!("p :- {}.", literals.join(", "));
    let asked = Cell::new(0);
    let check = || {
        asked.set(asked.get() + 1);
        if asked.get() > 20 {
            Err(Error::Cancelled)
        } else {
            Ok(())
        }
    };
    let limits = Limits {
        check: Some(&check),
        ..Limits::default()
    };
    assert!(matches!(ends(&source, &limits), Error::Cancelled));
    assert_eq!(asked.get(), 21, "nothing goes on after the end");
}

#[test]
fn deep_programs_do_not_overflow_the_stack() {
    let mut source = String::from("p0(X) :- p1(X).\n");
    for n in 1..9000 {
        source.push_str(&format!("p{n}(X) :- p{}(X).\n", n + 1));
    }
    source.push_str("p9000(\"5\").");
    let question = Question::program(&source).expect("a long chain");
    let answer = evaluate(question, &clique(1), &Limits::default(), false).expect("an answer");
    assert_eq!(answer.len(), 1);
    // A long way through the graph is no deeper than a short one.
    let mut graph = MemoryGraph::default();
    for n in 0..400 {
        graph.edge(&n.to_string(), &(n + 1).to_string(), "E", "");
    }
    for rule in [
        "r(X, Y) :- edge(X, Z), r(Z, Y).",
        "r(X, Y) :- r(X, Z), edge(Z, Y).",
    ] {
        let source = format!("q(Y) :- r(0, Y). r(X, Y) :- edge(X, Y). {rule}");
        let question = Question::program(&source).expect("a program");
        let answer = evaluate(question, &graph, &Limits::default(), false).expect("an answer");
        assert_eq!(answer.len(), 400);
    }
}

#[test]
fn long_rules_do_not_overflow_the_stack() {
    // A chain of rules, each as long as a rule may be and with the call to the next at its end.
    let mut source = String::new();
    for n in 0..40 {
        let chain: Vec<String> = (0..250)
            .map(|k| format!("edge(V{k}, V{})", k + 1))
            .collect();
        source.push_str(&format!(
            "p{n}(V0) :- {}, p{}(V250).\n",
            chain.join(", "),
            n + 1
        ));
    }
    source.push_str("p40(\"0\").");
    let source = format!("q(X) :- p0(X). {source}");
    let question = Question::program(&source).expect("a program");
    let answer = evaluate(question, &clique(1), &Limits::default(), false).expect("an answer");
    assert_eq!(answer.len(), 1);
}

#[test]
fn large_programs_are_refused() {
    let body = vec!["node(X, _)"; 300].join(", ");
    assert!(
        Question::query(&body)
            .expect_err("too long")
            .to_string()
            .contains("at most 256 literals")
    );
    let args = vec!["X"; 40].join(", ");
    assert!(
        Question::query(&format!("p({args})"))
            .expect_err("too wide")
            .to_string()
            .contains("at most 32 arguments")
    );
    let rules = "p(X) :- node(X, _).\n".repeat(10_001);
    assert!(
        Question::program(&rules)
            .expect_err("too many")
            .to_string()
            .contains("at most 10000 rules")
    );
}

#[test]
fn programs_that_are_hard_to_plan_are_planned() {
    // Every predicate calls the next in many ways, with other arguments known each time.
    let mut source = String::from("q(A, B, C, D, E) :- p0(A, B, C, D, E).\n");
    for n in 0..60 {
        let calls: Vec<String> = (0..40)
            .map(|k| {
                let args: Vec<String> = (0..5)
                    .map(|a| format!("V{}", (k * 7 + a * (n + 3)) % 19))
                    .collect();
                format!("p{}({})", n + 1, args.join(", "))
            })
            .collect();
        source.push_str(&format!(
            "p{n}(V0, V1, V2, V3, V4) :- node(V0, _), node(V1, _), node(V2, _), node(V3, _), node(V4, _), {}.\n",
            calls.join(", ")
        ));
    }
    source.push_str("p60(1, 1, 1, 1, 1).");
    let question = Question::program(&source).expect("a program");
    let looks = Cell::new(0);
    let check = || {
        looks.set(looks.get() + 1);
        if looks.get() > 200 {
            Err(Error::Timeout)
        } else {
            Ok(())
        }
    };
    let limits = Limits {
        check: Some(&check),
        ..Limits::default()
    };
    // What counts is that it comes to an end.
    let answer = evaluate(question, &clique(2), &limits, false);
    assert!(matches!(answer, Ok(_) | Err(Error::Timeout)));
}
