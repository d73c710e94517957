//! The incident room, told as stories: events in, printed effects out.

#![expect(clippy::unwrap_used, reason = "a helper of a test is a test")]

use std::time::Duration;

use base::{Mono, Now, Ratio};
use degrade::{Cause, Counts, Fault, Phase, Transition};
use engine::Severity;
use engine::incident::{
    ACKNOWLEDGEMENTS_TOLD_MAX, Effect, Event, Incidents, LIVE_MAX, Policy, Subject, TURNS_TOLD_MAX, step,
};
use store::Action;

fn now(second: u64) -> Now {
    let start = Now { mono: Mono::ZERO, wall: "2026-11-21T08:00:00Z".parse().unwrap() };
    start.later(Duration::from_secs(second))
}

fn change(circuit: &str, from: Phase, to: Phase, cause: Cause, second: u64) -> Event {
    Event::Circuit(Transition {
        upstream: "salesforce".into(),
        circuit: circuit.into(),
        generation: 1,
        from,
        to,
        cause,
        counts: Counts { good: 3, bad: 5, slow: 0, consecutive: 5, waiting: 4 },
        at: now(second),
    })
}

fn opened(circuit: &str, second: u64) -> Event {
    let cause = Cause::ConsecutiveFailures { count: 5, last: Fault::Timeout };
    change(circuit, Phase::Closed, Phase::Open, cause, second)
}

fn half_opened(circuit: &str, second: u64) -> Event {
    change(circuit, Phase::Open, Phase::HalfOpen, Cause::RecoveryElapsed, second)
}

fn reopened(circuit: &str, second: u64) -> Event {
    change(circuit, Phase::HalfOpen, Phase::Open, Cause::ProbeFailed(Fault::Server), second)
}

fn closed(circuit: &str, second: u64) -> Event {
    change(circuit, Phase::HalfOpen, Phase::Closed, Cause::Recovered { probes: 2 }, second)
}

/// A room and everything it has asked for.
struct Room {
    state: Incidents,
    policy: Policy,
}

impl Room {
    fn new() -> Self {
        let policy = Policy { org: "acme".into(), circuit_severity: Severity::Error };
        Self { state: Incidents::default(), policy }
    }

    fn take(&mut self, event: Event, second: u64) -> Vec<Effect> {
        let state = std::mem::take(&mut self.state);
        let (state, effects) = step(state, &self.policy, event, now(second));
        self.state = state;
        effects.into_iter().collect()
    }

    /// The effects without the rows, one line each.
    fn tells(&mut self, event: Event, second: u64) -> Vec<String> {
        let effects = self.take(event, second);
        let lines = effects.into_iter().filter_map(|effect| match effect {
            Effect::Keep(_) => None,
            Effect::Note { n, what, .. } => Some(format!("{n}. {what}")),
            Effect::Tell { action, .. } => Some(format!("{action:?}")),
        });
        lines.collect()
    }
}

#[test]
fn an_outage_is_one_incident_with_one_page_and_one_resolve() {
    let mut room = Room::new();
    assert_eq!(
        room.tells(opened("crm", 10), 10),
        [
            "1. CLOSED to OPEN: 5 failures in a row, last: time-out (5 failed, 3 good, 0 slow in the window, 4 waiting)",
            "Trigger",
        ]
    );
    assert_eq!(room.tells(half_opened("crm", 40), 40).len(), 1);
    assert_eq!(room.tells(reopened("crm", 41), 41).len(), 1);
    assert_eq!(room.tells(half_opened("crm", 71), 71).len(), 1);
    assert_eq!(
        room.tells(closed("crm", 72), 72),
        [
            "5. HALF_OPEN to CLOSED: 2 probes in a row were answered (5 failed, 3 good, 0 slow in the window, 4 waiting); lasted 1 min 2 s",
            "Resolve",
        ]
    );
    assert!(room.state.live.is_empty());
}

#[test]
fn an_incident_names_circuit_failures_instant_and_cause() {
    let mut room = Room::new();
    room.take(opened("crm", 10), 10);
    let incident = &room.state.live[&Subject::Circuit("crm".into())];
    assert_eq!(incident.id, "20261121-080010-000001");
    assert_eq!(incident.dedup_key, "sdl:acme:circuit/crm:1795248010000");
    assert_eq!(incident.title, "Circuit crm is open: 5 failures in a row, last: time-out");
    assert_eq!(incident.facts.failures, Some(5));
    assert_eq!(incident.facts.upstream.as_deref(), Some("salesforce"));
    assert_eq!(incident.opened_at.to_string(), "2026-11-21T08:00:10Z");
}

#[test]
fn the_next_outage_is_a_new_episode_with_a_key_of_its_own() {
    let mut room = Room::new();
    room.take(opened("crm", 10), 10);
    let first = room.state.live.values().next().unwrap().dedup_key.clone();
    room.take(closed("crm", 50), 50);
    assert_eq!(room.tells(opened("crm", 60), 60)[1], "Trigger");
    assert_ne!(room.state.live.values().next().unwrap().dedup_key, first);
    assert_eq!(room.state.opened_total, 2);
}

#[test]
fn circuits_do_not_share_incidents() {
    let mut room = Room::new();
    room.take(opened("crm", 1), 1);
    room.take(opened("identity", 2), 2);
    room.take(closed("crm", 3), 3);
    assert_eq!(room.state.live.keys().collect::<Vec<_>>(), [&Subject::Circuit("identity".into())]);
}

#[test]
fn closing_a_circuit_that_had_no_incident_is_nothing() {
    let mut room = Room::new();
    assert!(room.take(closed("crm", 1), 1).is_empty());
    assert!(room.take(Event::CircuitWell { circuit: "crm".into() }, 2).is_empty());
}

#[test]
fn a_missed_beginning_opens_the_incident_late() {
    let mut room = Room::new();
    assert_eq!(room.tells(half_opened("crm", 5), 5)[1], "Trigger");
    assert_eq!(room.tells(reopened("crm", 6), 6).len(), 1);
}

#[test]
fn an_incident_of_an_earlier_run_ends_when_its_circuit_is_seen_well() {
    let mut room = Room::new();
    room.take(opened("crm", 1), 1);
    assert_eq!(
        room.tells(Event::CircuitWell { circuit: "crm".into() }, 61),
        ["2. seen closed and answering; lasted 1 min 0 s", "Resolve"]
    );
}

#[test]
fn an_opening_after_a_missed_end_is_told_again_under_the_same_key() {
    let mut room = Room::new();
    room.take(opened("crm", 1), 1);
    let first = room.state.live.values().next().unwrap().dedup_key.clone();
    let told = room.tells(opened("crm", 90), 90);
    assert_eq!(told[1..], ["3. its end was missed; told again", "Trigger"]);
    assert_eq!(room.state.live.values().next().unwrap().dedup_key, first);
}

#[test]
fn long_flapping_does_not_fill_the_story() {
    let mut room = Room::new();
    room.take(opened("crm", 0), 0);
    for second in 1..10_000 {
        let event = if second % 2 == 1 { half_opened("crm", second) } else { reopened("crm", second) };
        let pages = room.tells(event, second).iter().filter(|line| *line == "Trigger").count();
        assert_eq!(pages, 0);
    }
    let incident = room.state.live.values().next().unwrap();
    assert_eq!(incident.turns, 9_999);
    assert!(incident.lines <= 1 + TURNS_TOLD_MAX + 16, "{} lines", incident.lines);
}

#[test]
fn the_first_acknowledgement_is_told_and_others_are_only_noted() {
    let mut room = Room::new();
    room.take(opened("crm", 0), 0);
    let id = room.state.live.values().next().unwrap().id.clone();
    let by = |who: &str| Event::Acknowledged { id: id.clone(), who: who.into() };
    assert_eq!(room.tells(by("ada"), 1), ["2. acknowledged by ada", "Acknowledge"]);
    assert!(room.take(by("ada"), 2).is_empty());
    assert_eq!(room.tells(by("grace"), 3), ["3. acknowledged by grace"]);
    for n in 0..100 {
        room.take(by(&format!("person {n}")), 4);
    }
    assert_eq!(room.state.live.values().next().unwrap().lines, 1 + ACKNOWLEDGEMENTS_TOLD_MAX);
    assert!(room.take(Event::Acknowledged { id: "other".into(), who: "ada".into() }, 5).is_empty());
}

#[test]
fn our_own_trouble_is_an_incident_too() {
    let mut room = Room::new();
    let trouble = |what: &str| Event::Trouble { subject: Subject::Store, what: what.into() };
    assert_eq!(room.tells(trouble("the disk is full"), 1), ["1. the disk is full", "Trigger"]);
    assert_eq!(room.tells(trouble("still full"), 2), ["2. still full"]);
    let over = Event::Over { subject: Subject::Store, what: "the store works again".into() };
    assert_eq!(room.tells(over, 90), ["3. the store works again; lasted 1 min 29 s", "Resolve"]);
}

#[test]
fn lost_records_stay_an_incident_until_somebody_has_seen_it() {
    let mut room = Room::new();
    room.take(Event::Trouble { subject: Subject::Records, what: "7 records".into() }, 1);
    let id = room.state.live.values().next().unwrap().id.clone();
    let told = room.tells(Event::Acknowledged { id, who: "ada".into() }, 2);
    assert_eq!(told, ["2. acknowledged by ada", "Acknowledge", "3. seen by a person; lasted 1 s", "Resolve"]);
}

#[test]
fn beyond_the_limit_one_incident_stands_for_the_rest() {
    let mut room = Room::new();
    for n in 0..LIVE_MAX {
        room.take(opened(&format!("c{n}"), 1), 1);
    }
    assert_eq!(room.tells(opened("one more", 2), 2)[1], "Trigger");
    assert_eq!(room.tells(opened("and another", 3), 3).len(), 1);
    assert_eq!(room.state.live.len(), LIVE_MAX + 1);
    room.take(closed("c0", 4), 4);
    assert!(room.state.live.contains_key(&Subject::Crowd), "the list is still full");
    assert_eq!(room.tells(closed("c1", 5), 5).iter().filter(|line| *line == "Resolve").count(), 2);
    assert_eq!(room.state.live.len(), LIVE_MAX - 2);
}

#[test]
fn a_wall_clock_that_is_behind_ends_no_incident_before_it_began() {
    let mut room = Room::new();
    room.take(opened("crm", 100), 100);
    let effects = room.take(closed("crm", 50), 50);
    let kept = effects.iter().find_map(|effect| match effect {
        Effect::Keep(incident) => Some(incident.clone()),
        Effect::Note { .. } | Effect::Tell { .. } => None,
    });
    let incident = kept.unwrap();
    assert_eq!(incident.resolved_at, Some(incident.opened_at));
}

#[test]
fn every_opening_keeps_before_it_tells() {
    let mut room = Room::new();
    let rate = change("crm", Phase::Closed, Phase::Open, Cause::FailureRate(Ratio { part: 6, whole: 10 }), 1);
    let effects = room.take(rate, 1);
    assert!(matches!(
        effects[..],
        [Effect::Note { .. }, Effect::Keep(_), Effect::Tell { action: Action::Trigger, .. }]
    ));
}

#[test]
fn keys_of_subjects_read_back() {
    let subjects = [
        Subject::Circuit("a/b".into()),
        Subject::Store,
        Subject::Records,
        Subject::Receiver("ops".into()),
        Subject::Crowd,
        Subject::Suspect("f".into()),
        Subject::WentBack("f".into()),
        Subject::Stuck("f".into()),
        Subject::Unseen("f".into()),
    ];
    for subject in subjects {
        assert_eq!(Subject::parse(&subject.key()), Some(subject));
    }
    assert_eq!(Subject::parse("queue/x"), None);
}
