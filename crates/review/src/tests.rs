use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::*;

const MAIN_IVR: &str = include_str!("../../../examples/flows/main-ivr.yaml");

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn gap() -> Gap {
    Gap { why: "nobody answers".to_owned(), fix: "ask again".to_owned() }
}

/// A plan that asks about everything.
fn plan() -> Plan {
    Plan {
        name: "Launch".to_owned(),
        owner: None,
        flows: vec!["Main IVR".to_owned()],
        integrations: vec![PlannedIntegration {
            name: "CRM".to_owned(),
            owner: Some("crm-team".to_owned()),
            objective: Some("crm".to_owned()),
        }],
        load: Load {
            calls_per_minute: 20.0,
            added_per_minute: 2.0,
            requests_per_minute: 0,
            handle_time: Duration::from_secs(240),
            patience: Duration::from_secs(8),
        },
        limits: Limits::default(),
        licences: [("cx3".to_owned(), Licence { bought: Some(100), added: 1 })].into(),
        objectives: vec!["crm".to_owned()],
        sessions: Some(Sessions { window: Duration::from_secs(3_600), longest: Sessions::LONGEST, ends: false }),
        recovery: Some(Recovery { groups: vec!["Evacuation".to_owned()], numbers: vec!["+1".to_owned()] }),
        accepted: Vec::new(),
        skipped: BTreeMap::new(),
    }
}

fn probe(vantage: &str, times: impl IntoIterator<Item = u64>) -> Probe {
    let samples = times.into_iter().map(|time| Sample { took: ms(time), failed: None }).collect();
    Probe { integration: "CRM".to_owned(), vantage: vantage.to_owned(), samples: Ok(samples), path: None }
}

fn trunk(name: &str) -> Trunk {
    Trunk { name: name.to_owned(), state: TrunkState::InService, proxies: vec![format!("{name}.example")] }
}

/// An organisation with which nothing is wrong.
fn facts() -> Facts {
    let flow = Flow {
        name: "Main IVR".to_owned(),
        source: "Main IVR 1.0".to_owned(),
        text: Ok(MAIN_IVR.to_owned()),
        validation: Ok(Validation { is_valid: Some(true), messages: Vec::new() }),
        missing: Ok(Vec::new()),
        lock: Ok(None),
    };
    let item = |name: &str| Item { kind: "queue".to_owned(), name: name.to_owned(), settings: BTreeMap::new() };
    let sample = |at: u64| SessionSample { at: Duration::from_secs(at * 60), calls: 10, sessions: 20 };
    Facts {
        target: "sandbox".to_owned(),
        organisation: Ok("Acme".to_owned()),
        flows: Ok(vec![flow]),
        integrations: Ok(vec![Integration { name: "CRM".to_owned(), exists: true, state: Some("ACTIVE".to_owned()) }]),
        actions: Ok(Vec::new()),
        probes: vec![probe("sandbox", [100; 20])],
        licences: Ok([("cx3".to_owned(), 50)].into()),
        bought: BTreeMap::new(),
        calls: Ok(Calls { now: 10, max: 1_000 }),
        requests: Ok(Requests { used: 10, allowed: 300 }),
        actions_at_once: Ok(Some(50)),
        trunks: Ok(vec![trunk("a"), trunk("b")]),
        outbound: Ok(vec![OutboundRoute { name: "out".to_owned(), is_enabled: true, trunks: 2 }]),
        gates: Ok(vec![Gate { of: "crm".to_owned(), is_allowed: Some(true), reasons: Vec::new() }]),
        emergencies: Ok(vec![Emergency {
            name: "Evacuation".to_owned(),
            is_on: false,
            routes: 1,
            flows: vec![EmergencyFlow { name: "Emergency".to_owned(), is_published: true, text: Ok(alone()) }],
        }]),
        numbers: Ok(vec![Number { number: "+1".to_owned(), exists: true, is_assigned: true }]),
        backup: Ok(Some(true)),
        objectives: Ok(vec![Objective { id: "crm".to_owned(), owner: None, has_alerts: true }]),
        sessions: Ok((0..30).map(sample).collect()),
        left: Ok(Some(Left { calls: Vec::new(), more: 0, residue: Ok(0), after: None })),
        sides: Ok(Some(Sides { other: "production".to_owned(), here: vec![item("A")], there: vec![item("A")] })),
    }
}

/// The flow of the examples, with its look-up taken out.
fn alone() -> String {
    let (from, to) = (
        MAIN_IVR.find("          - callData:").unwrap(),
        MAIN_IVR.find("          - jumpToTask:\n              name: Route").unwrap(),
    );
    format!("{}{}", &MAIN_IVR[..from], &MAIN_IVR[to..])
}

#[test]
fn an_organisation_that_is_well_passes_every_check() {
    let review = review(&plan(), &facts());
    for result in &review.results {
        assert_eq!(result.judged.verdict(), Verdict::Pass, "{}: {:?}", result.check.id, result.judged.findings);
    }
    assert_eq!(review.verdict(), Verdict::Pass);
}

/// Each thing that can be unknown, made so.
type Unlearn = fn(&mut Facts);

#[test]
fn unknown_never_passes() {
    let unlearned: [(&str, Unlearn); 22] = [
        ("flows", |facts| facts.flows = Err(gap())),
        ("text", |facts| facts.flows.as_mut().unwrap()[0].text = Err(gap())),
        ("validation", |facts| facts.flows.as_mut().unwrap()[0].validation = Err(gap())),
        ("missing", |facts| facts.flows.as_mut().unwrap()[0].missing = Err(gap())),
        ("lock", |facts| facts.flows.as_mut().unwrap()[0].lock = Err(gap())),
        ("integrations", |facts| facts.integrations = Err(gap())),
        ("state", |facts| facts.integrations.as_mut().unwrap()[0].state = None),
        ("probes", |facts| facts.probes.clear()),
        ("samples", |facts| facts.probes[0].samples = Err(gap())),
        ("no samples", |facts| facts.probes[0].samples = Ok(Vec::new())),
        ("licences", |facts| facts.licences = Err(gap())),
        ("calls", |facts| facts.calls = Err(gap())),
        ("requests", |facts| facts.requests = Err(gap())),
        ("Data Actions", |facts| facts.actions_at_once = Err(gap())),
        ("trunks", |facts| facts.trunks = Err(gap())),
        ("routes", |facts| facts.outbound = Err(gap())),
        ("gates", |facts| facts.gates = Err(gap())),
        ("emergencies", |facts| facts.emergencies = Err(gap())),
        ("sessions", |facts| facts.sessions = Ok(Vec::new())),
        ("left", |facts| facts.left = Err(gap())),
        ("residue", |facts| facts.left = Ok(Some(Left { residue: Err(gap()), ..left(1) }))),
        ("sides", |facts| facts.sides = Err(gap())),
    ];
    for (what, unlearn) in unlearned {
        let mut facts = facts();
        unlearn(&mut facts);
        assert_eq!(review(&plan(), &facts).verdict(), Verdict::Unknown, "{what}");
    }
    assert_eq!(review(&plan(), &Facts::unasked("nowhere")).verdict(), Verdict::Unknown);
}

#[test]
fn a_review_that_leaves_everything_out_has_proved_nothing() {
    let mut plan = plan();
    plan.skipped = CHECKS.iter().map(|check| (check.id.to_owned(), "no time".to_owned())).collect();
    assert_eq!(review(&plan, &facts()).verdict(), Verdict::Unknown);
}

#[test]
fn what_blocks_counts_more_than_what_nobody_knows() {
    let mut facts = facts();
    facts.trunks = Err(gap());
    facts.backup = Ok(None);
    assert_eq!(review(&plan(), &facts).verdict(), Verdict::Blocked);
}

#[test]
fn every_check_has_a_page_that_begins_with_its_name_and_question() {
    for check in CHECKS {
        assert!(check.page.starts_with(&format!("# {}\n\n**{}**\n", check.id, check.title)), "{}", check.id);
        assert_eq!(find(check.id), Some(check));
    }
}

/// What a check says of changed facts and a changed plan.
fn said(id: &str, change: impl Fn(&mut Plan, &mut Facts)) -> String {
    let (mut plan, mut facts) = (plan(), facts());
    change(&mut plan, &mut facts);
    let judged = one(find(id).unwrap(), &plan, &facts);
    let mut text = format!("{}: {}\n", judged.verdict().word(), judged.summary);
    for finding in &judged.findings {
        let _ = writeln!(text, "  {} {}: {}", finding.weight.word(), finding.about, finding.what);
    }
    text
}

#[test]
fn latency_counts_whatever_is_answered() {
    let slow = |slow: usize| (0..100).map(move |number| if number < slow { 4_001 } else { 100 });
    let of = |slow_ones| said("latency", |_, facts| facts.probes = vec![probe("sandbox", slow(slow_ones))]);
    let failing = |failed: usize| {
        said("latency", |_, facts| {
            let samples = facts.probes[0].samples.as_mut().unwrap();
            samples[..failed].iter_mut().for_each(|sample| sample.failed = Some("503".to_owned()));
        })
    };
    let apart = said("latency", |_, facts| {
        let path = |address: &str| Some(Path { addresses: vec![address.to_owned()], ..Path::default() });
        facts.probes = vec![
            Probe { path: path("10.0.0.1"), ..probe("sandbox", [100; 20]) },
            Probe { path: path("10.9.0.1"), ..probe("production", [300; 20]) },
        ];
    });
    let ways = |answered| {
        said("latency", |_, facts| {
            let path = |issuer: &str, redirects: &[&str]| {
                let redirects = redirects.iter().map(|&to| to.to_owned()).collect();
                Some(Path { answered, issuer: Some(issuer.to_owned()), redirects, ..Path::default() })
            };
            facts.probes = vec![
                Probe { path: path("CN=Public CA", &[]), ..probe("sandbox", [100; 20]) },
                Probe { path: path("CN=Proxy", &["https://login.acme.example"]), ..probe("production", [100; 20]) },
            ];
        })
    };
    let off = said("latency", |_, facts| facts.integrations.as_mut().unwrap()[0].state = Some("ERROR".to_owned()));
    insta::assert_snapshot!([of(5), of(6), failing(1), failing(2), apart, ways(true), ways(false), off].concat());
}

#[test]
fn room_is_what_is_left_once_the_launch_is_out() {
    let calls = |now, added| {
        said("quota", |plan, facts| {
            facts.calls = Ok(Calls { now, max: 1_000 });
            plan.load.added_per_minute = added;
        })
    };
    let licence = said("quota", |plan, _| plan.licences.get_mut("cx3").unwrap().added = 41);
    let uncounted = said("quota", |plan, _| plan.licences.get_mut("cx3").unwrap().bought = None);
    let actions = said("quota", |plan, facts| {
        (plan.load.calls_per_minute, facts.probes[0]) = (900.0, probe("sandbox", [3_000; 20]));
    });
    insta::assert_snapshot!(
        [
            calls(800, 0.0),
            calls(801, 0.0),
            calls(900, 0.0),
            calls(901, 0.0),
            calls(500, 101.0),
            licence,
            uncounted,
            actions
        ]
        .concat()
    );
}

#[test]
fn sessions_leak_when_more_are_left_than_before_whatever_the_calls_do() {
    let of = |sessions: fn(u64) -> u64| {
        said("sessions", |_, facts| {
            let sample = |at: u64| {
                let calls = 10 + (at * 7) % 50;
                SessionSample { at: Duration::from_secs(at * 60), calls, sessions: calls * 2 + sessions(at) }
            };
            facts.sessions = Ok((0..60).map(sample).collect());
        })
    };
    insta::assert_snapshot!([of(|_| 0), of(|_| 300), of(|at| at / 5), of(|at| at)].concat());
}

/// So many calls that were left open, and that nobody has ended.
fn left(calls: u64) -> Left {
    let call = |number: u64| LeftCall {
        id: format!("c-{number}"),
        since: format!("2026-11-21T0{number}:00:00Z"),
        open_for: Duration::from_hours(12 - number),
        medium: Some("voice".to_owned()),
        queue: None,
        fate: Fate::Open,
    };
    Left { calls: (0..calls).map(call).collect(), more: 0, residue: Ok(calls), after: None }
}

#[test]
fn what_was_left_open_blocks_until_it_is_ended_and_seen_to_be() {
    let of = |ends: bool, left: Option<Left>| {
        said("sessions", |plan, facts| {
            plan.sessions.as_mut().unwrap().ends = ends;
            facts.left = Ok(left.clone());
        })
    };
    let ended = |refused: usize, residue: Known<u64>| {
        let mut left = Left { residue, ..left(3) };
        for (place, call) in left.calls.iter_mut().enumerate() {
            let why = "503 service.unavailable".to_owned();
            call.fate = if place < refused { Fate::Refused(why) } else { Fate::Ended };
        }
        Some(left)
    };
    let many = Some(Left { more: 700, residue: Ok(700), ..left(2) });
    let said = [
        of(false, Some(left(0))),
        of(false, Some(left(1))),
        of(true, ended(0, Ok(0))),
        of(true, ended(2, Ok(2))),
        of(true, ended(0, Ok(3))),
        // Somebody else has ended them.
        of(true, ended(2, Ok(0))),
        of(true, ended(0, Err(gap()))),
        of(true, many),
        of(false, None),
        of(true, None),
    ];
    insta::assert_snapshot!(said.concat());
}

#[test]
fn growth_that_is_gone_with_what_was_ended_was_its_own() {
    let of = |sessions: u64, residue: u64| {
        said("sessions", |plan, facts| {
            plan.sessions.as_mut().unwrap().ends = true;
            let sample = |at: u64| SessionSample { at: Duration::from_secs(at * 60), calls: 10, sessions: 20 + at };
            facts.sessions = Ok((0..60).map(sample).collect());
            let after = Some(SessionSample { sessions: 20 + sessions, ..sample(60) });
            facts.left = Ok(Some(Left { residue: Ok(residue), after, ..left(2) }));
        })
    };
    insta::assert_snapshot!([of(15, 0), of(30, 0), of(15, 1)].concat());
}

#[test]
fn a_difference_blocks_until_somebody_accepts_it() {
    let item = |kind: &str, name: &str, timeout: &str| Item {
        kind: kind.to_owned(),
        name: name.to_owned(),
        settings: [("timeout".to_owned(), timeout.to_owned())].into(),
    };
    let of = |accepted: &[(&str, &str, &str)]| {
        said("parity", |plan, facts| {
            let (same, here, there) =
                (item("action", "same", "3 s"), item("action", "A", "3 s"), item("action", "A", "9 s"));
            facts.sides = Ok(Some(Sides {
                other: "production".to_owned(),
                here: vec![same.clone(), here, item("queue", "VIP", ""), item("flow", "Main IVR", "")],
                there: vec![same, there, item("queue", "Old", "")],
            }));
            let accept = |(kind, name, setting): &(&str, &str, &str)| Difference {
                kind: (*kind).to_owned(),
                name: (*name).to_owned(),
                setting: (*setting).to_owned(),
                why: "it is meant".to_owned(),
            };
            plan.accepted = accepted.iter().map(accept).collect();
        })
    };
    insta::assert_snapshot!([of(&[]), of(&[("action", "A", "timeout"), ("queue", "*", "*")])].concat());
}
