//! What does judging a launch cost? `cargo bench -p review`
//!
//! The platform is not asked here: these are the costs of the checks over what was learned, for launches of 1, 20 and 500
//! flows. The lint alone runs beside them in each round, as what a launch is often held to without them; the median of the
//! rounds counts.
//!
//! Flows are those of the examples, each under a name of its own, so that nothing can be judged once for all.

#![expect(clippy::unwrap_used, reason = "a benchmark may stop at the first surprise")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use flow::chart::{Chart, Substitutions};
use flow::lint::{self, Library, Settings};
use review::{Facts, Flow, Gap, Limits, Load, Plan, Validation, find, one};

/// Odd, so that one round is in the middle.
const ROUNDS: usize = 5;
/// The checks that read flows.
const CHECKS: [&str; 3] = ["flow-validity", "fault-matrix", "thundering-herd"];
const FLOWS: [&str; 2] =
    [include_str!("../../../examples/flows/main-ivr.yaml"), include_str!("../../../examples/flows/main-ivr-12.yaml")];

fn main() {
    // `cargo test` runs benchmarks, too; there it has nothing to tell.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    println!("| flows | what | median | times the lint |");
    println!("|--:|---|--:|--:|");
    for count in [1, 20, 500] {
        let (plan, facts) = launch(count);
        let texts: Vec<String> = facts.flows.as_ref().unwrap().iter().map(|flow| flow.text.clone().unwrap()).collect();
        let lint = median(|| texts.iter().for_each(|text| _ = black_box(linted(text))));
        row(count, "lint alone", lint, lint);
        for id in CHECKS {
            let check = find(id).unwrap();
            row(count, id, median(|| _ = black_box(one(check, &plan, &facts))), lint);
        }
        row(count, "the whole review", median(|| _ = black_box(review::review(&plan, &facts))), lint);
    }
}

fn row(count: usize, what: &str, took: Duration, lint: Duration) {
    let ratio = took.as_secs_f64() / lint.as_secs_f64();
    println!("| {count} | {what} | {:.1} ms | {ratio:.1} |", took.as_secs_f64() * 1e3);
}

fn median(mut work: impl FnMut()) -> Duration {
    let mut took: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            #[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
            let began = Instant::now();
            work();
            began.elapsed()
        })
        .collect();
    took.sort_unstable();
    took[ROUNDS / 2]
}

fn linted(text: &str) -> usize {
    let chart = Chart::read(text, &Substitutions::default()).unwrap();
    lint::flow(&chart, &Settings::default(), &Library::default()).len()
}

/// A launch of so many flows, of which everything is known that the platform says of flows.
fn launch(count: usize) -> (Plan, Facts) {
    let flow = |number: usize| {
        let name = format!("Main IVR {number}");
        let text = FLOWS[number % FLOWS.len()].replace("name: Main IVR\n", &format!("name: {name}\n"));
        Flow {
            source: format!("{name} 1.0"),
            name,
            text: Ok(text),
            validation: Ok(Validation { is_valid: Some(true), messages: Vec::new() }),
            missing: Ok(Vec::new()),
            lock: Ok(None),
        }
    };
    let flows: Vec<Flow> = (0..count).map(flow).collect();
    let plan = Plan {
        name: "Launch".to_owned(),
        owner: None,
        flows: flows.iter().map(|flow| flow.name.clone()).collect(),
        integrations: Vec::new(),
        load: Load {
            calls_per_minute: 20.0,
            added_per_minute: 2.0,
            requests_per_minute: 0,
            handle_time: Duration::from_secs(240),
            patience: Duration::from_secs(8),
        },
        limits: Limits::default(),
        licences: BTreeMap::new(),
        objectives: Vec::new(),
        sessions: None,
        recovery: None,
        accepted: Vec::new(),
        skipped: BTreeMap::new(),
    };
    let gap = Gap { why: "nobody has looked".to_owned(), fix: "look".to_owned() };
    (plan, Facts { flows: Ok(flows), actions: Ok(Vec::new()), ..Facts::unknown("sandbox", &gap) })
}
