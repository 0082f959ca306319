//! Random programs on random graphs, against the naive evaluator.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use rfdb_datalog::{Limits, MemoryGraph, Question, evaluate, parse_program, parse_query};

use crate::naive::Naive;

/// Texts that occur in programs.
const CONSTANTS: [&str; 8] = ["1", "2", "3", "4", "A", "B", "E", "F"];

fn graph() -> impl Strategy<Value = MemoryGraph> {
    let nodes = prop::collection::vec(
        (1..5u32, prop_oneof!["A", "B"], prop_oneof!["x", "2", "1"]),
        2..6,
    );
    let edges = prop::collection::vec((1..5u32, 1..6u32, prop_oneof!["E", "F"]), 1..9);
    (nodes, edges).prop_map(|(nodes, edges)| {
        let mut graph = MemoryGraph::default();
        for (id, node_type, name) in nodes {
            graph.node(&id.to_string(), &node_type, &[("name", &name)]);
        }
        for (src, dst, edge_type) in edges {
            graph.edge(&src.to_string(), &dst.to_string(), &edge_type, "");
        }
        graph
    })
}

fn term() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => prop::sample::select(vec!["X", "Y", "Z"]).prop_map(str::to_owned),
        // Numbers only: another text would be a semantic id where it meets ids of nodes.
        1 => (1..4u32).prop_map(|number| format!("\"{number}\"")),
        1 => Just("_".to_owned()),
    ]
}

fn id() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => prop::sample::select(vec!["X", "Y", "Z"]).prop_map(str::to_owned),
        1 => (1..5u32).prop_map(|id| format!("\"{id}\"")),
        1 => Just("_".to_owned()),
    ]
}

fn node_type() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop_oneof![Just("\"A\"".to_owned()), Just("\"B\"".to_owned())],
        1 => Just("\"*\"".to_owned()),
        1 => term(),
    ]
}

fn edge_type() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => prop_oneof![Just(", \"E\"".to_owned()), Just(", \"F\"".to_owned())],
        1 => Just(String::new()),
        1 => term().prop_map(|term| format!(", {term}")),
    ]
}

/// Predicates and how many arguments they have.
const PREDICATES: [(&str, usize); 4] = [("p", 1), ("q", 2), ("r", 1), ("s", 2)];

fn literal() -> impl Strategy<Value = String> {
    let user = (prop::sample::select(PREDICATES.to_vec()), term(), term()).prop_map(
        |((name, arity), a, b)| {
            if arity == 1 {
                format!("{name}({a})")
            } else {
                format!("{name}({a}, {b})")
            }
        },
    );
    prop_oneof![
        3 => (id(), node_type()).prop_map(|(a, b)| format!("node({a}, {b})")),
        3 => (id(), id(), edge_type()).prop_map(|(a, b, t)| format!("edge({a}, {b}{t})")),
        1 => (id(), id(), edge_type()).prop_map(|(a, b, t)| format!("incoming({a}, {b}{t})")),
        1 => (id(), id()).prop_map(|(a, b)| format!("path({a}, {b})")),
        1 => (id(), term()).prop_map(|(a, b)| format!("attr({a}, \"name\", {b})")),
        1 => (id(), id()).prop_map(|(a, b)| format!("edge({a}, {b}, \"E\")")),
        1 => (term(), term()).prop_map(|(a, b)| format!("neq({a}, {b})")),
        1 => (term(), term()).prop_map(|(a, b)| format!("eq({a}, {b})")),
        1 => (term(), term()).prop_map(|(a, b)| format!("starts_with({a}, {b})")),
        5 => user,
    ]
}

fn body() -> impl Strategy<Value = String> {
    let one = (literal(), prop::bool::weighted(0.2))
        .prop_map(|(text, negated)| if negated { format!("\\+ {text}") } else { text });
    // Most bodies begin with something that gives values, or few programs would be safe.
    let source = prop_oneof![
        1 => Just(None),
        2 => node_type().prop_map(|t| Some(format!("node(X, {t})"))),
        3 => edge_type().prop_map(|t| Some(format!("edge(X, Y{t})"))),
        1 => Just(Some("q(X, Y)".to_owned())),
        1 => Just(Some("s(Y, X)".to_owned())),
    ];
    (source, prop::collection::vec(one, 1..3)).prop_map(|(source, literals)| {
        let literals: Vec<String> = source.into_iter().chain(literals).collect();
        literals.join(", ")
    })
}

fn rule() -> impl Strategy<Value = String> {
    let head = (
        prop::sample::select(PREDICATES.to_vec()),
        term(),
        term(),
        0..12u8,
    )
        .prop_map(|((name, arity), a, b, kind)| match (arity, kind) {
            (1, _) => format!("{name}({})", a.replace('_', "X")),
            (_, _) => format!("{name}({}, {})", a.replace('_', "X"), b.replace('_', "Y")),
        });
    prop_oneof![
        8 => (head, body()).prop_map(|(head, body)| format!("{head} :- {body}.")),
        1 => body().prop_map(|body| format!("n(X, count(Y)) :- {body}.")),
        1 => body().prop_map(|body| format!("m(max(X)) :- node(X, _), {body}.")),
        1 => (1..4u32).prop_map(|number| format!("p({number}).")),
    ]
}

fn program() -> impl Strategy<Value = String> {
    // Without some rules that hold for something, little else does.
    let base = prop::sample::subsequence(
        vec![
            "p(X) :- node(X, _).",
            "q(X, Y) :- edge(X, Y).",
            "r(X) :- attr(_, \"name\", X).",
            "s(X, Y) :- edge(Y, X, \"E\").",
        ],
        1..=4,
    );
    (base, prop::collection::vec(rule(), 1..6)).prop_map(|(base, rules)| {
        let base = base.into_iter().map(str::to_owned);
        base.chain(rules).collect::<Vec<_>>().join("\n")
    })
}

fn question() -> impl Strategy<Value = String> {
    let aggregates = prop_oneof![
        term().prop_map(|a| format!("m({a})")),
        (term(), term()).prop_map(|(a, b)| format!("n({a}, {b})")),
    ];
    let one = (prop::sample::select(PREDICATES.to_vec()), term(), term()).prop_map(
        |((name, arity), a, b)| {
            if arity == 1 {
                format!("{name}({a})")
            } else {
                format!("{name}({a}, {b})")
            }
        },
    );
    prop_oneof![3 => body(), 1 => aggregates, 3 => one]
}

/// Rows of an answer.
type Found = BTreeSet<Vec<String>>;

/// Both answers, or nothing if the program is refused.
fn both(graph: &MemoryGraph, program: &str, asked: &str) -> Option<(Found, Found)> {
    // The question becomes the first rule, with a column for each of its variables.
    let body = parse_query(asked).expect("generated");
    let mut names: Vec<String> = Vec::new();
    for literal in body.iter().filter(|literal| !literal.negated) {
        for term in &literal.args {
            if let rfdb_datalog::Term::Variable(name) = term
                && !names.contains(name)
            {
                names.push(name.clone());
            }
        }
    }
    let head = if names.is_empty() {
        "ask".to_owned()
    } else {
        format!("ask({})", names.join(", "))
    };
    let question = Question::program(&format!("{head} :- {asked}.\n{program}")).ok()?;
    let columns: Vec<&str> = question.columns().iter().map(|c| c.name.as_str()).collect();
    assert_eq!(columns, names);
    let answer = evaluate(question, graph, &Limits::default(), false).expect("no limits");
    let show = |row: &[rfdb_datalog::Value]| {
        row.iter()
            .map(|value| answer.texts().show(*value).into_owned())
            .collect()
    };
    let found: BTreeSet<Vec<String>> = answer.rows().map(show).collect();
    assert_eq!(found.len(), answer.len(), "rows are distinct");
    let rules = parse_program(program).expect("generated");
    let mut naive = Naive::new(graph, &CONSTANTS);
    naive.run(&rules).expect("what is accepted is stratified");
    Some((found, naive.ask(&body, &names)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn answers_are_those_of_the_naive_evaluator(
        graph in graph(),
        program in program(),
        asked in question(),
    ) {
        if let Some((found, expected)) = both(&graph, &program, &asked) {
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn no_text_makes_it_panic(source in "[ -~\n\"]{0,60}") {
        let graph = MemoryGraph::default();
        for question in [Question::query(&source), Question::program(&source), Question::guarantee(&source)] {
            match question {
                Ok(question) => drop(evaluate(question, &graph, &Limits::default(), true)),
                Err(error) => drop(error.render(&source)),
            }
        }
    }
}

#[test]
fn many_random_programs_are_accepted_and_have_answers() {
    let mut runner = TestRunner::deterministic();
    let (mut accepted, mut answered) = (0, 0);
    for _ in 0..200 {
        let mut draw = || -> Option<_> {
            let graph = graph().new_tree(&mut runner).ok()?.current();
            let program = program().new_tree(&mut runner).ok()?.current();
            let asked = question().new_tree(&mut runner).ok()?.current();
            Some((graph, program, asked))
        };
        let (graph, program, asked) = draw().expect("strategies without filters");
        if let Some((found, expected)) = both(&graph, &program, &asked) {
            accepted += 1;
            answered += usize::from(!found.is_empty());
            assert_eq!(found, expected, "{program}\n{asked}");
        }
    }
    assert!(accepted > 40, "{accepted} accepted");
    assert!(answered > 15, "{answered} answered");
}
