use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::experiment::{Abort, Calls, Demand, Environment, Fault, Probe, SteadyState};
use crate::guard::{Guard, Independence, Limits, Operation, Things, Windows};
use crate::subject::{Kind, Subject, Tie};
use crate::verbs::{Value, verb};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn trunk(name: &str, carrier: &str) -> Subject {
    let ties = BTreeMap::from([(Tie::Carrier, BTreeSet::from([carrier.to_owned()]))]);
    Subject { kind: Kind::SipTrunk, reference: name.to_owned(), ties }
}

fn fault(name: &str, on: &str, at: u64, length: u64) -> Fault {
    let verb = verb("sip.respond").unwrap();
    let with = BTreeMap::from([("code", Value::Number(503))]);
    let (at, length, lease) = (seconds(at), seconds(length), Some(seconds(5)));
    Fault { name: name.to_owned(), on: on.to_owned(), verb, with, at, length, lease }
}

/// An experiment that may run.
fn parts() -> Parts {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let mut parts = Parts {
        subjects: BTreeMap::from([
            ("primary".to_owned(), trunk("trunk-a", "alpha")),
            ("backup".to_owned(), trunk("trunk-b", "beta")),
            (
                "group".to_owned(),
                Subject { kind: Kind::EmergencyGroup, reference: "g-1".to_owned(), ..Subject::default() },
            ),
        ]),
        guard: Guard {
            allow: Things {
                trunks: names(&["trunk-a", "trunk-b"]),
                from: vec!["+1555010*".parse().unwrap()],
                to: vec!["+15550199*".parse().unwrap()],
                ..Things::default()
            },
            limits: Limits {
                max_live_calls: Some(10),
                max_cps: Some(2),
                max_calls: Some(520),
                max_faults: Some(2),
                max_fault: Some(seconds(90)),
                ..Limits::default()
            },
            independent: vec![Independence {
                of: vec!["primary".to_owned(), "backup".to_owned()],
                differ_in: vec![Tie::Carrier],
            }],
            ..Guard::default()
        },
        load: Some(Calls {
            via: "primary".to_owned(),
            to: "+15550199001".to_owned(),
            rate: "2/s".parse().unwrap(),
            hold: seconds(5),
            ..Calls::default()
        }),
        steady_state: SteadyState {
            probes: vec![Probe {
                name: "answered".to_owned(),
                metric: "calls.answer_ratio".parse().unwrap(),
                window: seconds(20),
                min_samples: 20,
                is: ">= 0.99".parse().unwrap(),
            }],
            before_hold: seconds(30),
            after_within: seconds(120),
            after_hold: seconds(30),
        },
        faults: vec![fault("refuses", "primary", 0, 90)],
        abort: vec![Abort { when: "calls.failed_ratio[10s] > 0.5".parse().unwrap(), ..Abort::default() }],
        verdict: vec![Demand {
            metric: "restore.seconds".parse().unwrap(),
            is: "<= 5".parse().unwrap(),
            ..Demand::default()
        }],
        ..Parts::default()
    };
    parts.metadata.id = "trunk-503".to_owned();
    parts.metadata.title = "A trunk refuses".to_owned();
    parts.metadata.owner = "voice".to_owned();
    parts
}

/// A Monday morning.
fn monday() -> jiff::Timestamp {
    "2026-11-23T10:00:00Z".parse().unwrap()
}

fn experiment(parts: Parts) -> Experiment {
    Experiment::new(parts).unwrap_or_else(|mistakes| panic!("{mistakes:#?}"))
}

fn lab(change: impl FnOnce(&mut Parts)) -> Result<Plan, Box<Refused>> {
    let mut parts = parts();
    change(&mut parts);
    let experiment = experiment(parts);
    plan(&experiment, &Situation::lab(&experiment, monday()))
}

fn told(planned: Result<Plan, Box<Refused>>) -> String {
    let Err(refused) = planned else { return "may run\n".to_owned() };
    let mut text = String::new();
    for Reason { cause, about, what, fix } in &refused.reasons {
        writeln!(text, "{}: {about}: {what}\n  {fix}", cause.word()).unwrap();
    }
    text
}

#[test]
fn every_step_is_listed_with_its_time_and_its_undo() {
    let plan = lab(|parts| {
        parts.guard.limits.max_calls = Some(1_000);
        parts.faults = vec![
            fault("first", "primary", 0, 40),
            fault("second", "backup", 10, 30),
            fault("again", "primary", 40, 20),
        ];
        parts.guard.limits.max_faults = Some(3);
    });
    let plan = plan.unwrap();
    let mut text = String::new();
    for Step { at, act, fault, touches, what, undo, .. } in &plan.outline().steps {
        let fault = fault.as_deref().unwrap_or("-");
        let undo = undo.as_deref().unwrap_or("-");
        writeln!(text, "{:>4} {:12} {fault:7} {what} [{}] undo: {undo}", at.as_secs(), act.word(), touches.join(", "))
            .unwrap();
    }
    insta::assert_snapshot!(text);
    assert_eq!(plan.outline().blast.live_calls, Use { planned: 10, limit: 10 });
    assert_eq!(plan.scope().permits(&crate::Resource::Trunk("trunk-a")), Ok(()));
}

#[test]
fn a_limit_that_is_just_reached_is_kept() {
    assert_eq!(told(lab(|_| {})), "may run\n");
}

#[test]
fn every_reason_is_told_at_once() {
    let refused = lab(|parts| {
        parts.guard.allow = Things::default();
        parts.guard.limits = Limits {
            max_live_calls: Some(9),
            max_cps: Some(1),
            max_calls: Some(519),
            max_faults: Some(0),
            max_fault: Some(seconds(89)),
            ..Limits::default()
        };
        parts.guard.windows.allow = vec!["Sun 00:00-24:00Z".parse().unwrap()];
        parts.subjects.insert("backup".to_owned(), trunk("trunk-b", "alpha"));
        let verb = verb("genesys.emergency_group").unwrap();
        let with = BTreeMap::from([("enabled", Value::Words(vec!["true"]))]);
        parts.faults.push(Fault { verb, with, lease: None, ..fault("night", "group", 0, 60) });
        parts.guard.independent[0].differ_in.push(Tie::Gateway);
        parts.guard.approvals = BTreeMap::from([("lab".to_owned(), 1)]);
    });
    insta::assert_snapshot!(told(refused));
}

#[test]
fn what_nobody_knows_refuses() {
    let mut parts = parts();
    parts.environment = Environment::Production;
    parts.guard.windows.allow = vec!["Mon-Sun 00:00-24:00Z".parse().unwrap()];
    let experiment = experiment(parts);
    insta::assert_snapshot!(told(plan(&experiment, &Situation::unknown(Environment::Production, monday()))));
}

/// A production in which all is known and well.
fn production(experiment: &Experiment) -> Situation {
    let approved_by = Some(BTreeSet::from(["ann".to_owned(), "ben".to_owned()]));
    Situation { environment: Environment::Production, approved_by, ..Situation::lab(experiment, monday()) }
}

#[test]
fn what_stands_against_it_refuses() {
    let mut parts = parts();
    parts.environment = Environment::Production;
    parts.guard.windows.allow = vec!["Mon-Thu 09:00-16:00Z".parse().unwrap()];
    let experiment = experiment(parts);
    let good = production(&experiment);
    assert_eq!(told(plan(&experiment, &good)), "may run\n");
    let mut text = String::new();
    let mut bad = |what: &str, change: &dyn Fn(&mut Situation)| {
        let mut situation = good.clone();
        change(&mut situation);
        writeln!(text, "== {what}\n{}", told(plan(&experiment, &situation))).unwrap();
    };
    for deny in Deny::ALL {
        bad(deny.word(), &|situation| situation.standing.extend([(deny, true)]));
    }
    bad("dirty", &|situation| situation.is_dirty = Some(true));
    bad("stopped", &|situation| situation.is_stopped = Some(true));
    bad("one approval", &|situation| situation.approved_by = Some(BTreeSet::from(["ann".to_owned()])));
    bad("another place", &|situation| situation.environment = Environment::Staging);
    bad("late", &|situation| situation.at = "2026-11-23T15:56:00Z".parse().unwrap());
    bad("customers", &|situation| {
        let thing = situation.things.get_mut(&(Kind::SipTrunk, "trunk-a".to_owned())).unwrap();
        thing.live_traffic = Some(Ppm::new(1).unwrap());
    });
    bad("another carrier", &|situation| {
        let thing = situation.things.get_mut(&(Kind::SipTrunk, "trunk-b".to_owned())).unwrap();
        thing.ties = trunk("", "gamma").ties;
    });
    insta::assert_snapshot!(text);
}

#[test]
fn an_operation_of_the_platform_needs_its_object_in_the_scope() {
    let with_group = |parts: &mut Parts| {
        let verb = verb("genesys.emergency_group").unwrap();
        let with = BTreeMap::from([("enabled", Value::Words(vec!["true"]))]);
        parts.faults.push(Fault { verb, with, lease: None, ..fault("night", "group", 0, 60) });
    };
    let allowed = lab(|parts| {
        with_group(parts);
        let name = "put_architect_emergencygroup".to_owned();
        parts.guard.allow.api.insert(Operation { name, object: "g-1".to_owned() });
    });
    assert_eq!(told(allowed), "may run\n");
    assert!(told(lab(with_group)).starts_with("out-of-scope: night: operation put_architect_emergencygroup on g-1"));
}

#[test]
fn traffic_is_led_only_to_where_the_guard_allows() {
    let lead = |name: &str, to: &str, hosts: &[&str]| {
        let host = |reference: &str, kind| Subject { kind, reference: reference.to_owned(), ..Subject::default() };
        let mut parts = parts();
        parts.subjects.insert("names".to_owned(), host("dns.lab:53", Kind::Dns));
        parts.subjects.insert("spare".to_owned(), host("crm.lab:443", Kind::Upstream));
        parts.guard.allow.hosts = hosts.iter().map(|host| host.parse().unwrap()).collect();
        let text = |text: &str| Value::Text(text.to_owned());
        let with = BTreeMap::from([("name", text("crm.lab")), ("to", text(to))]);
        parts.faults = vec![Fault { verb: verb("dns.answer").unwrap(), with, ..fault(name, "names", 0, 60) }];
        Experiment::new(parts).map(|experiment| told(plan(&experiment, &Situation::lab(&experiment, monday()))))
    };
    assert_eq!(lead("lead", "spare", &["dns.lab:53", "crm.lab:443"]).unwrap(), "may run\n");
    let refused = lead("lead", "spare", &["dns.lab:53"]).unwrap();
    assert!(refused.starts_with("out-of-scope: lead: host crm.lab:443"), "{refused}");
    let mistakes = lead("lead", "8.8.8.8:443", &["dns.lab:53", "8.8.8.8:443"]).unwrap_err();
    assert_eq!(mistakes[0].at, "/faults/0/with/to");
}

#[test]
fn a_guard_that_is_said_nothing_of_denies_by_default() {
    assert_eq!(Windows::default().deny_when.len(), Deny::ALL.len());
    assert_eq!(Limits::default().live_traffic, Ppm::ZERO);
}

proptest! {
    /// Whatever is aimed at, a plan that may run touches what the guard names.
    #[test]
    fn a_step_outside_the_guard_never_has_a_plan(
        reference in "trunk-[a-e]",
        to in "\\+1555019[0-9]{4}|\\+155501[0-9]{5}|911|\\+1911",
        rate in 1u32..5,
        length in 10u64..200,
        faults in 1usize..4,
    ) {
        let mut parts = parts();
        parts.subjects.insert("backup".to_owned(), trunk(&reference, "gamma"));
        parts.load.as_mut().unwrap().to.clone_from(&to);
        parts.load.as_mut().unwrap().rate = format!("{rate}/s").parse().unwrap();
        parts.faults = (0..faults).map(|index| fault(&format!("f{index}"), "backup", index as u64 * length, length)).collect();
        // One of the names is that of the other trunk.
        let Ok(experiment) = Experiment::new(parts) else { return Ok(()) };
        let situation = Situation::lab(&experiment, monday());
        let planned = plan(&experiment, &situation);
        let may = reference == "trunk-b"
            && to.starts_with("+15550199")
            && rate <= 2
            && length <= 90
            && faults <= 2
            && u64::from(rate) * (20 + 30 + 120 + length * faults as u64) <= 520;
        prop_assert_eq!(planned.is_ok(), may, "{}", told(planned));
        prop_assert_eq!(planned, plan(&experiment, &situation));
    }
}
