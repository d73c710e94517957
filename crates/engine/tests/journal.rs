//! The journal's stored form, and going through it again.

#![expect(clippy::unwrap_used, reason = "a helper of a test is a test")]

use std::time::Duration;

use base::{Mono, Now, Ppm, Ratio};
use degrade::{Cause, Counts, Fault, Phase, Transition};
use engine::Severity;
use engine::delivery::{self, Attempt, DeliveryError, Outcome, Verdict};
use engine::incident::{self, Alert, Event, Incidents, Subject, step};
use engine::journal::{Record, ReplayError, VERSION, decode, encode, replay};
use store::JournalEntry;

fn entry(seq: u64, record: &Record) -> JournalEntry {
    let (event, effects) = encode(record);
    let at = format!("2026-11-21T08:00:{:02}Z", seq % 60).parse().unwrap();
    JournalEntry { seq, at, version: VERSION, event, effects }
}

fn checkpoint(state: Incidents) -> Record {
    Record::Checkpoint { incidents: policy(), delivery: delivery::Policy::default(), state }
}

fn policy() -> incident::Policy {
    incident::Policy { org: "acme".into(), circuit_severity: Severity::Error }
}

fn transition(cause: Cause, from: Phase, to: Phase) -> Event {
    Event::Circuit(Transition {
        upstream: "salesforce".into(),
        circuit: "crm".into(),
        generation: 7,
        from,
        to,
        cause,
        counts: Counts { good: 1, bad: 2, slow: 3, consecutive: 4, waiting: 5 },
        at: Now { mono: Mono::from_millis(12_345), wall: "2026-11-21T08:00:00.123Z".parse().unwrap() },
    })
}

fn causes() -> Vec<Cause> {
    let oldest = Duration::from_millis(1_500);
    let faults = [
        Fault::Refused,
        Fault::Connect,
        Fault::Timeout,
        Fault::Reset,
        Fault::Garbage,
        Fault::Server,
        Fault::Throttled,
        Fault::Unauthorized,
        Fault::Abandoned,
    ];
    let mut causes: Vec<_> = faults.map(Cause::ProbeFailed).into();
    causes.extend([
        Cause::ConsecutiveFailures { count: 5, last: Fault::Timeout },
        Cause::FailureRate(Ratio { part: 6, whole: 10 }),
        Cause::SlowRate(Ratio { part: 7, whole: 10 }),
        Cause::Stalled { waiting: 3, oldest },
        Cause::StallConfirmed { oldest },
        Cause::Ordered,
        Cause::RecoveryElapsed,
        Cause::ProbeAnswered,
        Cause::Recovered { probes: 2 },
    ]);
    causes
}

fn alert() -> Box<Alert> {
    let (rate, threshold) = (Ppm::percent(6), Ppm::percent(5));
    let at = "2026-11-21T08:00:00.123Z".parse().unwrap();
    Box::new(Alert { flow: "f".into(), rate, threshold, at, version: "10.0".into() })
}

/// A journal with every kind of event in it.
fn story() -> Vec<JournalEntry> {
    let mut events: Vec<_> = causes().into_iter().map(|cause| transition(cause, Phase::Closed, Phase::Open)).collect();
    events.extend([
        transition(Cause::RecoveryElapsed, Phase::Open, Phase::HalfOpen),
        Event::Trouble { subject: Subject::Store, what: "the disk is full".into() },
        Event::Trouble { subject: Subject::Receiver("ops".into()), what: "410".into() },
        Event::Over { subject: Subject::Store, what: "works".into() },
        Event::Acknowledged { id: "20261121-080000-000001".into(), who: "ada".into() },
        Event::CircuitWell { circuit: "crm".into() },
        Event::Trouble { subject: Subject::Suspect("f".into()), what: "more fails than is tolerated".into() },
        Event::WentBack { flow: "f".into(), what: "Main from 11.0 to 10.0".into(), alert: alert() },
        Event::Over { subject: Subject::Suspect("f".into()), what: "it has helped".into() },
    ]);
    let mut journal = vec![entry(1, &checkpoint(Incidents::default()))];
    let mut state = Incidents::default();
    for event in events {
        let seq = journal.len() as u64 + 1;
        let at = entry(seq, &checkpoint(Incidents::default())).at;
        let (next, effects) = step(state, &policy(), event.clone(), Now { mono: Mono::ZERO, wall: at });
        state = next;
        journal.push(entry(seq, &Record::Incident { event, effects: effects.into_iter().collect() }));
    }
    let outcomes = [
        Outcome::Accepted,
        Outcome::Failed(DeliveryError::Timeout),
        Outcome::Failed(DeliveryError::Defect),
        Outcome::Failed(DeliveryError::Unreachable("connection refused".into())),
        Outcome::Failed(DeliveryError::Status { status: 429, retry_after: Some(Duration::from_secs(30)) }),
        Outcome::Failed(DeliveryError::Status { status: 400, retry_after: None }),
    ];
    for outcome in outcomes {
        let jitter = Ppm::new(333_333).unwrap();
        let attempt = Attempt { number: 3, in_row: 4, age: Duration::from_millis(4_321), outcome, jitter };
        let verdict = delivery::decide(&delivery::Policy::default(), &attempt);
        let record = Record::Delivery { letter: "x.trigger.ops".into(), attempt, verdict };
        journal.push(entry(journal.len() as u64 + 1, &record));
    }
    journal.push(entry(journal.len() as u64 + 1, &checkpoint(state)));
    journal
}

#[test]
fn every_record_reads_back_as_it_was() {
    for entry in story() {
        let record = decode(&entry).unwrap();
        let (event, effects) = encode(&record);
        assert_eq!((event, effects), (entry.event, entry.effects));
    }
}

#[test]
fn a_journal_leads_to_the_same_states_and_effects() {
    let journal = story();
    let replayed = replay(&journal).unwrap();
    assert_eq!((replayed.entries, replayed.lost), (journal.len() as u64, 0));
    let left: Vec<_> = replayed.state.live.keys().collect();
    assert_eq!(left, [&Subject::Receiver("ops".into()), &Subject::WentBack("f".into())]);
    let kept = replayed.state.live[&Subject::WentBack("f".into())].facts.alert.clone();
    assert_eq!(kept, Some(alert()));
}

#[test]
fn a_changed_effect_is_noticed() {
    let mut journal = story();
    journal[1].effects = journal[1].effects.replace("trigger", "resolve");
    assert!(matches!(replay(&journal), Err(ReplayError::Diverged { seq: 2, .. })));
}

#[test]
fn a_changed_verdict_is_noticed() {
    let mut journal = story();
    let last = journal.len() - 2;
    let Record::Delivery { letter, attempt, verdict: Verdict::Failed } = decode(&journal[last]).unwrap() else {
        panic!("the last attempt is refused for good");
    };
    journal[last] = JournalEntry {
        at: journal[last].at,
        ..entry(journal[last].seq, &Record::Delivery { letter, attempt, verdict: Verdict::Delivered })
    };
    assert!(matches!(replay(&journal), Err(ReplayError::Diverged { .. })));
}

#[test]
fn a_gap_is_bridged_only_by_a_checkpoint() {
    let mut journal = story();
    journal.drain(3..6);
    assert!(matches!(replay(&journal), Err(ReplayError::NoCheckpoint { seq: 7 })));
    journal.drain(3..journal.len() - 1);
    assert_eq!(replay(&journal).unwrap().lost, story().len() as u64 - 4);
    assert!(matches!(replay(&story()[1..]), Err(ReplayError::NoCheckpoint { seq: 2 })));
}

#[test]
fn a_journal_of_a_later_version_is_not_guessed_at() {
    let mut journal = story();
    journal[4].version = VERSION + 1;
    assert!(matches!(replay(&journal), Err(ReplayError::Format { seq: 5, .. })));
}

/// The sample was written by version 1 and must load, and lead to the same decisions, for as long as
/// this program reads version 1.
#[test]
fn a_journal_of_version_1_still_replays() {
    let sample: Vec<serde_json::Value> = serde_json::from_str(include_str!("../samples/journal-1.json")).unwrap();
    let journal: Vec<_> = sample
        .iter()
        .map(|line| JournalEntry {
            seq: line["seq"].as_u64().unwrap(),
            at: line["at"].as_str().unwrap().parse().unwrap(),
            version: 1,
            event: line["event"].to_string(),
            effects: line["effects"].to_string(),
        })
        .collect();
    let replayed = replay(&journal).unwrap();
    assert_eq!(replayed.entries, 32);
}

/// Prints the sample anew; run it by name when a version is added, and keep the old one.
#[test]
#[ignore = "writes a sample to standard output"]
fn print_the_sample() {
    let lines = story().into_iter().map(|entry| {
        let event: serde_json::Value = serde_json::from_str(&entry.event).unwrap();
        let effects: serde_json::Value = serde_json::from_str(&entry.effects).unwrap();
        serde_json::json!({ "seq": entry.seq, "at": entry.at.to_string(), "event": event, "effects": effects })
    });
    println!("{}", serde_json::to_string_pretty(&lines.collect::<Vec<_>>()).unwrap());
}
