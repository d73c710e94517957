//! The one sentence that matters, worst first.

use api::{CircuitPhase, IncidentState, RollbackList, Snapshot};

use super::{Known, rollbacks};
use crate::history::{Counts, History};
use crate::words::{age, counted, names};

/// How the sentence is meant; each has a shape and a word besides its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Bad,
    Degraded,
    Unknown,
    Well,
}

impl Tone {
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Bad => "bad",
            Self::Degraded => "degraded",
            Self::Unknown => "unknown",
            Self::Well => "well",
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Bad => "callers are affected",
            Self::Degraded => "degraded",
            Self::Unknown => "unknown",
            Self::Well => "well",
        }
    }
}

/// The headline of the first page.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Headline {
    pub(crate) tone: Tone,
    /// The worst that is the case.
    pub(crate) sentence: String,
    /// What else is to be known.
    pub(crate) more: Vec<String>,
}

impl Headline {
    pub(crate) fn new(snapshot: &Snapshot, history: &History, watched: Option<&RollbackList>, known: Known) -> Self {
        let mut findings = Vec::new();
        // Callers of a bad release are lost whether or not the gateway is heard.
        releases(watched, Tone::Bad, &mut findings);
        silence(snapshot, known, &mut findings);
        if known == Known::Now {
            errors(snapshot, history, &mut findings);
            circuits(snapshot, &mut findings);
        }
        releases(watched, Tone::Degraded, &mut findings);
        releases(watched, Tone::Unknown, &mut findings);
        ourselves(snapshot, &mut findings);
        incidents(snapshot, &mut findings);
        let Some((tone, sentence)) = findings.first().cloned() else {
            let more = history.last_minute(snapshot.at).map(last_minute).into_iter().collect();
            return Self { tone: Tone::Well, sentence: well(snapshot), more };
        };
        Self { tone, sentence, more: findings.into_iter().skip(1).map(|(_, sentence)| sentence).collect() }
    }
}

type Findings = Vec<(Tone, String)>;

fn releases(list: Option<&RollbackList>, of: Tone, findings: &mut Findings) {
    let all = list.map(rollbacks::findings).unwrap_or_default();
    findings.extend(all.into_iter().filter(|found| found.tone == of).map(|found| (found.tone, found.sentence)));
}

fn silence(snapshot: &Snapshot, known: Known, findings: &mut Findings) {
    match known {
        Known::Now => {}
        Known::Never => findings.push((Tone::Unknown, "No gateway has reported yet.".into())),
        Known::Until(at) => {
            let age = age(at, snapshot.at);
            let text = format!("The gateway has been silent for {age}; how callers fare is not known.");
            findings.push((Tone::Unknown, text));
        }
    }
}

fn errors(snapshot: &Snapshot, history: &History, findings: &mut Findings) {
    let errors = history.last_minute(snapshot.at).map_or(0, |counts| counts[4]);
    if errors > 0 {
        let callers = counted(errors, "caller", "callers");
        findings.push((Tone::Bad, format!("{callers} got an error in the last minute.")));
    }
}

fn circuits(snapshot: &Snapshot, findings: &mut Findings) {
    let named = |phase| {
        let circuits = snapshot.gateway.upstreams.iter().flat_map(|upstream| &upstream.circuits);
        circuits.filter(move |circuit| circuit.phase == phase).map(|circuit| circuit.name.as_str()).collect::<Vec<_>>()
    };
    let open = named(CircuitPhase::Open);
    if !open.is_empty() {
        let is = if open.len() == 1 { "is" } else { "are" };
        findings.push((Tone::Degraded, format!("{} {is} cut off; callers are served without.", names(&open))));
    }
    let half_open = named(CircuitPhase::HalfOpen);
    if !half_open.is_empty() {
        let is = if half_open.len() == 1 { "is" } else { "are" };
        findings.push((Tone::Degraded, format!("{} {is} being tried again.", names(&half_open))));
    }
}

fn ourselves(snapshot: &Snapshot, findings: &mut Findings) {
    if snapshot.store.failing_since.is_some() {
        findings.push((Tone::Degraded, "The store does not work; Steadyline goes on from memory.".into()));
    }
    let failing: Vec<_> = snapshot
        .receivers
        .iter()
        .filter(|receiver| receiver.pending > 0 && receiver.last_error.is_some())
        .map(|receiver| receiver.name.as_str())
        .collect();
    if !failing.is_empty() {
        findings.push((Tone::Degraded, format!("Pages to {} are waiting.", names(&failing))));
    }
}

fn incidents(snapshot: &Snapshot, findings: &mut Findings) {
    let live = snapshot.incidents.iter().filter(|incident| incident.state != IncidentState::Resolved);
    let (live, taken) = live.fold((0, 0), |(live, taken), incident| {
        (live + 1, taken + u64::from(incident.state == IncidentState::Acknowledged))
    });
    if live > 0 {
        let taken = match taken {
            0 => "nobody has taken care yet".to_owned(),
            all if all == live => "somebody has taken care".to_owned(),
            some => format!("{some} taken care of"),
        };
        findings
            .push((Tone::Degraded, format!("{}; {taken}.", counted(live, "incident is open", "incidents are open"))));
    }
}

fn well(snapshot: &Snapshot) -> String {
    let circuits = snapshot.gateway.upstreams.iter().map(|upstream| upstream.circuits.len() as u64).sum();
    match circuits {
        0 => "No upstream is configured.".into(),
        1 => "The circuit is closed; calls go through.".into(),
        _ => format!("All {circuits} circuits are closed; calls go through."),
    }
}

/// How the calls of the last minute went, when nothing is wrong.
fn last_minute([ok, cached, fallback, shed, _]: Counts) -> String {
    let calls = counted(ok + cached + fallback + shed, "call", "calls");
    match cached + fallback + shed {
        0 => format!("{calls} in the last minute, each with a live answer."),
        others => format!("{calls} in the last minute, {others} of them without a live answer."),
    }
}
