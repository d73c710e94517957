//! Whatever is put in: no panic, no endless run, and a printed expression reads back as itself.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use flow::chart::{Chart, Substitutions};
use flow::expr::{Binary, Expr, Literal, Scope, Unary, evaluate, parse};
use flow::lint::{self, walk::Fault};
use flow::picture::Highlight;
use flow::trace::{self, Scenario};
use flow::{ACTIONS_MAX, ACTIONS_MAX_IN_ERROR, Answer, DataAction, Flow, Reply, Run, Settings, Step, Value};
use proptest::prelude::*;

use crate::script::flow_of;

struct Nothing;

impl Scope for Nothing {
    fn variable(&self, _: &str, name: &str) -> Value {
        if name.len().is_multiple_of(2) { Value::NotSet } else { Value::Integer(1) }
    }
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        Just(Literal::NotSet),
        any::<bool>().prop_map(Literal::Boolean),
        (0..=i64::MAX).prop_map(Literal::Integer),
        (0.0..1e18f64).prop_map(Literal::Decimal),
        "[ -~\\n\\té€]{0,8}".prop_map(Literal::String),
    ]
}

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z_][a-zA-Z0-9_]{0,6}".prop_filter("words of the language", |name| {
        !["and", "or", "true", "false", "not_set"].contains(&name.to_ascii_lowercase().as_str())
    })
}

fn binary() -> impl Strategy<Value = Binary> {
    use Binary::*;
    prop::sample::select(vec![
        Power,
        Multiply,
        Divide,
        Remainder,
        Add,
        Subtract,
        Less,
        LessOrEqual,
        Greater,
        GreaterOrEqual,
        Equal,
        NotEqual,
        BitAnd,
        BitOr,
        And,
        Or,
    ])
}

fn function() -> impl Strategy<Value = String> {
    let known =
        ["Append", "Upper", "Left", "Substring", "ToInt", "If", "GetAt", "MakeList", "MakeDuration", "ToAudioBlank"];
    prop_oneof![prop::sample::select(known.to_vec()).prop_map(str::to_owned), name()]
}

fn expression() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        literal().prop_map(Expr::Literal),
        name().prop_map(|name| Expr::Variable { scope: "Flow".to_owned(), name }),
    ];
    leaf.prop_recursive(5, 40, 3, |inner| {
        let unary = prop::sample::select(vec![Unary::Minus, Unary::Not, Unary::Complement]);
        prop_oneof![
            (unary, inner.clone()).prop_map(|(op, of)| Expr::Unary(op, Box::new(of))),
            (binary(), inner.clone(), inner.clone()).prop_map(|(op, a, b)| Expr::Binary(op, Box::new(a), Box::new(b))),
            (inner.clone(), name()).prop_map(|(of, name)| Expr::Member(Box::new(of), name)),
            (inner.clone(), inner.clone()).prop_map(|(of, at)| Expr::Index(Box::new(of), Box::new(at))),
            (function(), prop::collection::vec(inner, 0..4)).prop_map(|(name, given)| Expr::Call(name, given)),
        ]
    })
}

/// Lists of actions, nested, with every keyword that the machine knows.
fn actions() -> impl Strategy<Value = String> {
    let exp = || expression().prop_map(|expr| serde_json::Value::from(expr.to_string()).to_string());
    let leaf = prop_oneof![
        Just("disconnect: {}".to_owned()),
        Just("jumpToTask: { targetTaskRef: './tasks/task[main]' }".to_owned()),
        Just("callTask: { targetTaskRef: './tasks/task[main]' }".to_owned()),
        Just("endTask: {}".to_owned()),
        Just("loopNext: {}".to_owned()),
        Just("loopExit: {}".to_owned()),
        Just("somethingNew: { outputs: { a: { actions: [ disconnect: {} ] } } }".to_owned()),
        exp().prop_map(|exp| format!("playAudio: {{ audio: {{ exp: {exp} }} }}")),
        exp().prop_map(|exp| format!("transferToAcd: {{ targetQueue: {{ exp: {exp} }} }}")),
        exp().prop_map(|exp| {
            format!("updateData: {{ statements: [ any: {{ variable: Flow.x, value: {{ exp: {exp} }} }} ] }}")
        }),
    ];
    let list =
        |inner| prop::collection::vec(inner, 0..4).prop_map(|list: Vec<String>| format!("[ {} ]", list.join(", ")));
    leaf.prop_recursive(3, 20, 4, move |inner| {
        let exp = expression().prop_map(|expr| serde_json::Value::from(expr.to_string()).to_string());
        prop_oneof![
            (exp, list(inner.clone()), list(inner.clone())).prop_map(|(exp, yes, no)| format!(
                "decision: {{ condition: {{ exp: {exp} }}, outputs: {{ yes: {{ actions: {yes} }}, no: {{ actions: {no} }} }} }}"
            )),
            list(inner.clone()).prop_map(|body| format!(
                "loop: {{ currentIndex: {{ var: Task.i }}, loopCount: {{ lit: 7 }}, outputs: {{ loop: {{ actions: {body} }} }} }}"
            )),
            (list(inner.clone()), list(inner)).prop_map(|(good, bad)| format!(
                "callData: {{ category: {{ A: {{ dataAction: {{ B: {{ successOutputs: {{ x: {{ var: Flow.x }} }} }} }} }} }}, \
                 outputs: {{ success: {{ actions: {good} }}, failure: {{ actions: {bad} }} }} }}"
            )),
        ]
    })
    .prop_map(|action| format!("- {action}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_printed_expression_reads_back_as_itself(expr in expression()) {
        prop_assert_eq!(parse(&expr.to_string()).unwrap(), expr);
    }

    #[test]
    fn evaluation_never_panics(expr in expression()) {
        let _ = evaluate(&expr, &Nothing);
    }

    #[test]
    fn reading_never_panics(text in "\\PC{0,200}") {
        let _ = parse(&text);
        let _ = Flow::parse(&text);
        let _ = DataAction::parse(&text);
    }

    #[test]
    fn every_flow_ends_within_its_actions(list in prop::collection::vec(actions(), 1..6), answers in prop::collection::vec(0..7u8, 1..20)) {
        let yaml = flow_of("", &list.join("\n"));
        let flow = Flow::parse(&yaml).unwrap_or_else(|problems| panic!("{problems}\n{yaml}"));
        let (mut run, mut step) = Run::start(&flow, BTreeMap::new(), Settings::default());
        // Every step but the error sentence costs an action, so this is a ceiling of steps.
        for at in 0..2 * (ACTIONS_MAX + ACTIONS_MAX_IN_ERROR) as usize {
            if let Step::End(outcome) = &step {
                prop_assert!(outcome.actions <= ACTIONS_MAX + ACTIONS_MAX_IN_ERROR);
                prop_assert_eq!(run.resume(Answer::Transferred), step);
                return Ok(());
            }
            step = run.resume(answer(&step, answers[at % answers.len()]));
        }
        prop_assert!(false, "the flow does not end:\n{}", yaml);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_lint_and_a_trace_of_any_flow_end(list in prop::collection::vec(actions(), 1..6), kind in "inboundCall|workflow|inboundShortMessage|inqueueCall|botFlow") {
        let yaml = flow_of("", &list.join("\n")).replacen("inboundCall", &kind, 1);
        let chart = Arc::new(Chart::read(&yaml, &Substitutions::default()).unwrap_or_else(|problems| panic!("{problems}\n{yaml}")));
        let findings = lint::flow(&chart, &lint::Settings::default(), &lint::Library::default());
        let lines = u32::try_from(yaml.lines().count()).unwrap();
        prop_assert!(findings.iter().all(|finding| finding.at.line <= lines));
        for story in trace::stories(&chart, &Scenario::default()).list {
            prop_assert!(story.outcome.actions <= ACTIONS_MAX + ACTIONS_MAX_IN_ERROR);
        }
        let svg = flow::picture::svg(&chart, &Highlight::of(&chart, Fault::Timeout, |_| true));
        prop_assert!(svg.ends_with("</svg>\n"));
    }

    #[test]
    fn a_lint_of_any_text_ends(text in "\\PC{0,300}", head in "inboundCall:|workflow:|JTdC|\\{\"flowSequenceItemList\": \\[") {
        let text = format!("{head}{text}");
        if let Ok(chart) = Chart::read(&text, &Substitutions::default()) {
            let _found = lint::flow(&chart, &lint::Settings::default(), &lint::Library::default());
        }
        let _found = lint::action(&text, &lint::Settings::default());
        let _fixed = lint::fix::action(&text, &lint::fix::Options { queue: None, limit: Duration::from_secs(3) });
    }
}

/// Mostly what was asked for; sometimes a failure; seldom an answer to another question.
fn answer(step: &Step, choice: u8) -> Answer {
    let waited = Duration::from_millis(u64::from(choice) * 700);
    match (step, choice) {
        (_, 6) => Answer::Key { key: Some('1'), waited },
        (Step::Play(playback), _) => Answer::Played(playback.duration),
        (Step::CallData(_), 0) => Answer::Data { reply: Reply::Timeout, waited },
        (Step::CallData(_), 1) => Answer::Data { reply: Reply::Failure(BTreeMap::new()), waited },
        (Step::CallData(_), _) => Answer::Data { reply: Reply::Success(serde_json::Map::new()), waited },
        (Step::Collect { .. }, 0) => Answer::Entered { digits: None, waited },
        (Step::Collect { .. }, _) => Answer::Entered { digits: Some(choice.to_string()), waited },
        (Step::Branch(question), _) => {
            Answer::Took(question.outputs.get(usize::from(choice)).cloned().unwrap_or_default())
        }
        (Step::Wait(_), _) => Answer::Waited,
        (Step::Transfer(_), 0..=4) => Answer::TransferFailed,
        _ => Answer::Transferred,
    }
}
