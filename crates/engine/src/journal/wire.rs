//! The stored form of journal entries and of an incident's detail, version 1.
//!
//! Types of their own, converted by hand: a decision can be changed without a thought for the disk,
//! and the disk format cannot change by accident.

use std::collections::BTreeMap;
use std::time::Duration;

use base::{Mono, Now, Ppm, Ratio};
use degrade::{Cause, Counts, Fault, Phase, Transition};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{FormatError, Record, VERSION};
use crate::convert;
use crate::delivery::{self, Attempt, DeliveryError, Outcome, Verdict};
use crate::incident::{self, Alert, Effect, Event, Facts, Incident, Incidents, Subject};

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum EventWire {
    Checkpoint {
        org: String,
        circuit_severity: api::Severity,
        pause_first_ms: u64,
        give_up_after_ms: u64,
        opened_total: u64,
        live: Vec<IncidentWire>,
    },
    Circuit(TransitionWire),
    CircuitWell {
        circuit: String,
    },
    Trouble {
        subject: String,
        what: String,
    },
    WentBack {
        flow: String,
        what: String,
        alert: Box<AlertWire>,
    },
    Over {
        subject: String,
        what: String,
    },
    Acknowledged {
        id: String,
        who: String,
    },
    Attempt {
        letter: String,
        number: u32,
        in_row: u32,
        age_ms: u64,
        jitter_ppm: u32,
        error: Option<ErrorWire>,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum EffectWire {
    Keep(IncidentWire),
    Note { incident: String, n: u32, at: Timestamp, what: String },
    Tell { incident: String, action: String },
    Delivered,
    Retry { after_ms: u64, rest_ms: u64 },
    Failed,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct IncidentWire {
    id: String,
    subject: String,
    dedup_key: String,
    title: String,
    severity: api::Severity,
    state: api::IncidentState,
    opened_at: Timestamp,
    resolved_at: Option<Timestamp>,
    acknowledged_by: Option<String>,
    #[serde(flatten)]
    detail: DetailWire,
}

/// What an incident's row keeps beyond its columns.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DetailWire {
    version: u32,
    upstream: Option<String>,
    failures: Option<u64>,
    cause: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alert: Option<Box<AlertWire>>,
    turns: u32,
    acknowledgements: u32,
    lines: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AlertWire {
    flow: String,
    rate_ppm: u32,
    threshold_ppm: u32,
    at: Timestamp,
    version: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TransitionWire {
    upstream: String,
    circuit: String,
    generation: u32,
    from: PhaseWire,
    to: PhaseWire,
    cause: CauseWire,
    good: u64,
    bad: u64,
    slow: u64,
    consecutive: u32,
    waiting: u32,
    at: Timestamp,
    mono_ms: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum PhaseWire {
    Closed,
    Open,
    HalfOpen,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum CauseWire {
    ConsecutiveFailures { count: u32, last: FaultWire },
    FailureRate { part: u64, whole: u64 },
    SlowRate { part: u64, whole: u64 },
    Stalled { waiting: u32, oldest_ms: u64 },
    StallConfirmed { oldest_ms: u64 },
    Ordered,
    RecoveryElapsed,
    ProbeAnswered,
    ProbeFailed { fault: FaultWire },
    Recovered { probes: u32 },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum FaultWire {
    Refused,
    Connect,
    Timeout,
    Reset,
    Garbage,
    Server,
    Throttled,
    Unauthorized,
    Abandoned,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum ErrorWire {
    Unreachable { why: String },
    Timeout,
    Status { status: u16, retry_after_ms: Option<u64> },
    Defect,
}

pub(super) fn encode(record: &Record) -> (String, String) {
    let (event, effects) = match record {
        Record::Checkpoint { incidents, delivery, state } => {
            let event = EventWire::Checkpoint {
                org: incidents.org.clone(),
                circuit_severity: convert::severity(incidents.circuit_severity),
                pause_first_ms: ms(delivery.pause_first),
                give_up_after_ms: ms(delivery.give_up_after),
                opened_total: state.opened_total,
                live: state.live.values().map(incident_wire).collect(),
            };
            (event, Vec::new())
        }
        Record::Incident { event, effects } => (event_wire(event), effects.iter().map(effect_wire).collect()),
        Record::Delivery { letter, attempt, verdict } => (attempt_wire(letter, attempt), vec![verdict_wire(*verdict)]),
    };
    const PLAIN: &str = "the stored forms have only strings, numbers and instants";
    (serde_json::to_string(&event).expect(PLAIN), serde_json::to_string(&effects).expect(PLAIN))
}

pub(super) fn decode(event: &str, effects: &str) -> Result<Record, FormatError> {
    let effects: Vec<EffectWire> = serde_json::from_str(effects)?;
    let event = match serde_json::from_str(event)? {
        EventWire::Checkpoint { org, circuit_severity, pause_first_ms, give_up_after_ms, opened_total, live } => {
            let live: Result<BTreeMap<_, _>, FormatError> =
                live.into_iter().map(|wire| incident(wire).map(|it| (it.subject.clone(), it))).collect();
            return Ok(Record::Checkpoint {
                incidents: incident::Policy { org, circuit_severity: convert::severity_back(circuit_severity) },
                delivery: delivery::Policy {
                    pause_first: Duration::from_millis(pause_first_ms),
                    give_up_after: Duration::from_millis(give_up_after_ms),
                },
                state: Incidents { opened_total, live: live? },
            });
        }
        EventWire::Attempt { letter, number, in_row, age_ms, jitter_ppm, error } => {
            let attempt = Attempt {
                number,
                in_row,
                age: Duration::from_millis(age_ms),
                outcome: error.map_or(Outcome::Accepted, |error| Outcome::Failed(delivery_error(error))),
                jitter: Ppm::new(jitter_ppm).ok_or_else(|| meaning("more than all is no share"))?,
            };
            return Ok(Record::Delivery { letter, attempt, verdict: verdict(effects)? });
        }
        EventWire::Circuit(wire) => Event::Circuit(transition(wire)),
        EventWire::CircuitWell { circuit } => Event::CircuitWell { circuit: circuit.into() },
        EventWire::Trouble { subject: key, what } => Event::Trouble { subject: subject(&key)?, what },
        EventWire::WentBack { flow, what, alert } => {
            Event::WentBack { flow: flow.into(), what, alert: alert_of(*alert)? }
        }
        EventWire::Over { subject: key, what } => Event::Over { subject: subject(&key)?, what },
        EventWire::Acknowledged { id, who } => Event::Acknowledged { id, who },
    };
    Ok(Record::Incident { event, effects: effects.into_iter().map(effect).collect::<Result<_, _>>()? })
}

/// The detail column of an incident's row.
pub(crate) fn detail_of(incident: &Incident) -> String {
    serde_json::to_string(&detail_wire(incident)).expect("a detail has only strings and numbers")
}

/// The incident in a row of the store.
pub(crate) fn incident_of(row: &store::Incident) -> Result<Incident, FormatError> {
    let detail: DetailWire = serde_json::from_str(&row.detail)?;
    incident(IncidentWire {
        id: row.id.clone(),
        subject: row.key.clone(),
        dedup_key: row.dedup_key.clone(),
        title: row.title.clone(),
        severity: convert::severity(row.severity),
        state: convert::state(row.state),
        opened_at: row.opened_at,
        resolved_at: row.resolved_at,
        acknowledged_by: row.acknowledged_by.clone(),
        detail,
    })
}

fn incident(wire: IncidentWire) -> Result<Incident, FormatError> {
    if wire.detail.version != VERSION {
        return Err(FormatError::Version(wire.detail.version));
    }
    Ok(Incident {
        id: wire.id,
        subject: subject(&wire.subject)?,
        dedup_key: wire.dedup_key,
        title: wire.title,
        severity: convert::severity_back(wire.severity),
        state: convert::state_back(wire.state),
        opened_at: wire.opened_at,
        resolved_at: wire.resolved_at,
        acknowledged_by: wire.acknowledged_by,
        facts: Facts {
            upstream: wire.detail.upstream,
            failures: wire.detail.failures,
            cause: wire.detail.cause,
            alert: wire.detail.alert.map(|alert| alert_of(*alert)).transpose()?,
        },
        turns: wire.detail.turns,
        acknowledgements: wire.detail.acknowledgements,
        lines: wire.detail.lines,
    })
}

fn incident_wire(incident: &Incident) -> IncidentWire {
    IncidentWire {
        id: incident.id.clone(),
        subject: incident.subject.key(),
        dedup_key: incident.dedup_key.clone(),
        title: incident.title.clone(),
        severity: convert::severity(incident.severity),
        state: convert::state(incident.state),
        opened_at: incident.opened_at,
        resolved_at: incident.resolved_at,
        acknowledged_by: incident.acknowledged_by.clone(),
        detail: detail_wire(incident),
    }
}

fn detail_wire(incident: &Incident) -> DetailWire {
    DetailWire {
        version: VERSION,
        upstream: incident.facts.upstream.clone(),
        failures: incident.facts.failures,
        cause: incident.facts.cause.clone(),
        alert: incident.facts.alert.as_deref().map(alert_wire),
        turns: incident.turns,
        acknowledgements: incident.acknowledgements,
        lines: incident.lines,
    }
}

fn alert_wire(alert: &Alert) -> Box<AlertWire> {
    Box::new(AlertWire {
        flow: alert.flow.clone(),
        rate_ppm: alert.rate.get(),
        threshold_ppm: alert.threshold.get(),
        at: alert.at,
        version: alert.version.clone(),
    })
}

fn alert_of(wire: AlertWire) -> Result<Box<Alert>, FormatError> {
    let share = |ppm| Ppm::new(ppm).ok_or_else(|| meaning("more than all is no share"));
    let (rate, threshold) = (share(wire.rate_ppm)?, share(wire.threshold_ppm)?);
    Ok(Box::new(Alert { flow: wire.flow, rate, threshold, at: wire.at, version: wire.version }))
}

fn subject(key: &str) -> Result<Subject, FormatError> {
    Subject::parse(key).ok_or_else(|| meaning(&format!("nothing is called {key:?}")))
}

fn meaning(what: &str) -> FormatError {
    FormatError::Meaning(what.to_owned())
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn event_wire(event: &Event) -> EventWire {
    match event {
        Event::Circuit(transition) => EventWire::Circuit(transition_wire(transition)),
        Event::CircuitWell { circuit } => EventWire::CircuitWell { circuit: circuit.to_string() },
        Event::Trouble { subject, what } => EventWire::Trouble { subject: subject.key(), what: what.clone() },
        Event::WentBack { flow, what, alert } => {
            EventWire::WentBack { flow: flow.to_string(), what: what.clone(), alert: alert_wire(alert) }
        }
        Event::Over { subject, what } => EventWire::Over { subject: subject.key(), what: what.clone() },
        Event::Acknowledged { id, who } => EventWire::Acknowledged { id: id.clone(), who: who.clone() },
    }
}

fn effect_wire(effect: &Effect) -> EffectWire {
    match effect {
        Effect::Keep(incident) => EffectWire::Keep(incident_wire(incident)),
        Effect::Note { incident, n, at, what } => {
            EffectWire::Note { incident: incident.clone(), n: *n, at: *at, what: what.clone() }
        }
        Effect::Tell { incident, action } => {
            EffectWire::Tell { incident: incident.clone(), action: convert::action(*action).to_owned() }
        }
    }
}

fn effect(wire: EffectWire) -> Result<Effect, FormatError> {
    match wire {
        EffectWire::Keep(wire) => Ok(Effect::Keep(incident(wire)?)),
        EffectWire::Note { incident, n, at, what } => Ok(Effect::Note { incident, n, at, what }),
        EffectWire::Tell { incident, action } => {
            let action = convert::action_back(&action).ok_or_else(|| meaning("an unknown action"))?;
            Ok(Effect::Tell { incident, action })
        }
        EffectWire::Delivered | EffectWire::Retry { .. } | EffectWire::Failed => {
            Err(meaning("a verdict about a letter among the effects of an incident"))
        }
    }
}

fn attempt_wire(letter: &str, attempt: &Attempt) -> EventWire {
    EventWire::Attempt {
        letter: letter.to_owned(),
        number: attempt.number,
        in_row: attempt.in_row,
        age_ms: ms(attempt.age),
        jitter_ppm: attempt.jitter.get(),
        error: match &attempt.outcome {
            Outcome::Accepted => None,
            Outcome::Failed(error) => Some(error_wire(error)),
        },
    }
}

fn verdict_wire(verdict: Verdict) -> EffectWire {
    match verdict {
        Verdict::Delivered => EffectWire::Delivered,
        Verdict::Retry { after, rest } => EffectWire::Retry { after_ms: ms(after), rest_ms: ms(rest) },
        Verdict::Failed => EffectWire::Failed,
    }
}

fn verdict(effects: Vec<EffectWire>) -> Result<Verdict, FormatError> {
    match effects.into_iter().next() {
        Some(EffectWire::Delivered) => Ok(Verdict::Delivered),
        Some(EffectWire::Retry { after_ms, rest_ms }) => {
            Ok(Verdict::Retry { after: Duration::from_millis(after_ms), rest: Duration::from_millis(rest_ms) })
        }
        Some(EffectWire::Failed) => Ok(Verdict::Failed),
        Some(EffectWire::Keep(_) | EffectWire::Note { .. } | EffectWire::Tell { .. }) | None => {
            Err(meaning("an attempt without a verdict"))
        }
    }
}

fn error_wire(error: &DeliveryError) -> ErrorWire {
    match error {
        DeliveryError::Unreachable(why) => ErrorWire::Unreachable { why: why.clone() },
        DeliveryError::Timeout => ErrorWire::Timeout,
        DeliveryError::Status { status, retry_after } => {
            ErrorWire::Status { status: *status, retry_after_ms: retry_after.map(ms) }
        }
        DeliveryError::Defect => ErrorWire::Defect,
    }
}

fn delivery_error(wire: ErrorWire) -> DeliveryError {
    match wire {
        ErrorWire::Unreachable { why } => DeliveryError::Unreachable(why),
        ErrorWire::Timeout => DeliveryError::Timeout,
        ErrorWire::Status { status, retry_after_ms } => {
            DeliveryError::Status { status, retry_after: retry_after_ms.map(Duration::from_millis) }
        }
        ErrorWire::Defect => DeliveryError::Defect,
    }
}

fn transition_wire(transition: &Transition) -> TransitionWire {
    TransitionWire {
        upstream: transition.upstream.to_string(),
        circuit: transition.circuit.to_string(),
        generation: transition.generation,
        from: phase_wire(transition.from),
        to: phase_wire(transition.to),
        cause: cause_wire(transition.cause),
        good: transition.counts.good,
        bad: transition.counts.bad,
        slow: transition.counts.slow,
        consecutive: transition.counts.consecutive,
        waiting: transition.counts.waiting,
        at: transition.at.wall,
        mono_ms: transition.at.mono.as_millis(),
    }
}

fn transition(wire: TransitionWire) -> Transition {
    Transition {
        upstream: wire.upstream.into(),
        circuit: wire.circuit.into(),
        generation: wire.generation,
        from: phase(wire.from),
        to: phase(wire.to),
        cause: cause(wire.cause),
        counts: Counts {
            good: wire.good,
            bad: wire.bad,
            slow: wire.slow,
            consecutive: wire.consecutive,
            waiting: wire.waiting,
        },
        at: Now { mono: Mono::from_millis(wire.mono_ms), wall: wire.at },
    }
}

fn phase_wire(phase: Phase) -> PhaseWire {
    match phase {
        Phase::Closed => PhaseWire::Closed,
        Phase::Open => PhaseWire::Open,
        Phase::HalfOpen => PhaseWire::HalfOpen,
    }
}

fn phase(wire: PhaseWire) -> Phase {
    match wire {
        PhaseWire::Closed => Phase::Closed,
        PhaseWire::Open => Phase::Open,
        PhaseWire::HalfOpen => Phase::HalfOpen,
    }
}

fn cause_wire(cause: Cause) -> CauseWire {
    match cause {
        Cause::ConsecutiveFailures { count, last } => CauseWire::ConsecutiveFailures { count, last: fault_wire(last) },
        Cause::FailureRate(Ratio { part, whole }) => CauseWire::FailureRate { part, whole },
        Cause::SlowRate(Ratio { part, whole }) => CauseWire::SlowRate { part, whole },
        Cause::Stalled { waiting, oldest } => CauseWire::Stalled { waiting, oldest_ms: ms(oldest) },
        Cause::StallConfirmed { oldest } => CauseWire::StallConfirmed { oldest_ms: ms(oldest) },
        Cause::Ordered => CauseWire::Ordered,
        Cause::RecoveryElapsed => CauseWire::RecoveryElapsed,
        Cause::ProbeAnswered => CauseWire::ProbeAnswered,
        Cause::ProbeFailed(fault) => CauseWire::ProbeFailed { fault: fault_wire(fault) },
        Cause::Recovered { probes } => CauseWire::Recovered { probes },
    }
}

fn cause(wire: CauseWire) -> Cause {
    match wire {
        CauseWire::ConsecutiveFailures { count, last } => Cause::ConsecutiveFailures { count, last: fault(last) },
        CauseWire::FailureRate { part, whole } => Cause::FailureRate(Ratio { part, whole }),
        CauseWire::SlowRate { part, whole } => Cause::SlowRate(Ratio { part, whole }),
        CauseWire::Stalled { waiting, oldest_ms } => {
            Cause::Stalled { waiting, oldest: Duration::from_millis(oldest_ms) }
        }
        CauseWire::StallConfirmed { oldest_ms } => Cause::StallConfirmed { oldest: Duration::from_millis(oldest_ms) },
        CauseWire::Ordered => Cause::Ordered,
        CauseWire::RecoveryElapsed => Cause::RecoveryElapsed,
        CauseWire::ProbeAnswered => Cause::ProbeAnswered,
        CauseWire::ProbeFailed { fault: wire } => Cause::ProbeFailed(fault(wire)),
        CauseWire::Recovered { probes } => Cause::Recovered { probes },
    }
}

fn fault_wire(fault: Fault) -> FaultWire {
    match fault {
        Fault::Refused => FaultWire::Refused,
        Fault::Connect => FaultWire::Connect,
        Fault::Timeout => FaultWire::Timeout,
        Fault::Reset => FaultWire::Reset,
        Fault::Garbage => FaultWire::Garbage,
        Fault::Server => FaultWire::Server,
        Fault::Throttled => FaultWire::Throttled,
        Fault::Unauthorized => FaultWire::Unauthorized,
        Fault::Abandoned => FaultWire::Abandoned,
    }
}

fn fault(wire: FaultWire) -> Fault {
    match wire {
        FaultWire::Refused => Fault::Refused,
        FaultWire::Connect => Fault::Connect,
        FaultWire::Timeout => Fault::Timeout,
        FaultWire::Reset => Fault::Reset,
        FaultWire::Garbage => Fault::Garbage,
        FaultWire::Server => Fault::Server,
        FaultWire::Throttled => Fault::Throttled,
        FaultWire::Unauthorized => Fault::Unauthorized,
        FaultWire::Abandoned => Fault::Abandoned,
    }
}
