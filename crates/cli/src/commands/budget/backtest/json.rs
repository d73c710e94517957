//! What would have happened, for programs: everything.

use budget::approvals;
use budget::backtest::{Difference, Episode, FlowTotals, GateTotals, Happening, ObjectiveTotals, What};
use budget::book::{Effect, Policy};
use budget::ladder::{self, Mode};
use budget::{Minute, ledger};
use engine::budget::words;
use serde_json::{Value, json};

use super::{Played, tell};

/// One policy.
pub(super) fn transcript(Played { name, policy, transcript }: &Played) -> Value {
    let happenings = transcript.happenings.iter().filter_map(|happening| happened(policy, happening));
    json!({
        "policy": name,
        "from": transcript.stretch.from.start(),
        "until": transcript.stretch.until.start(),
        "happenings": happenings.collect::<Vec<_>>(),
        "happeningsLeftOut": transcript.left_out,
        "countsRefused": transcript.refused,
        "episodes": transcript.episodes.iter().map(episode).collect::<Vec<_>>(),
        "objectives": transcript.objectives.iter().map(objective).collect::<Vec<_>>(),
        "flows": transcript.flows.iter().map(flow).collect::<Vec<_>>(),
        "gate": gate(&transcript.gate),
    })
}

/// Two policies.
pub(super) fn comparison(first: &Played, second: &Played, differences: &[Difference]) -> Value {
    let differences: Vec<_> = differences.iter().map(difference).collect();
    json!({ "first": transcript(first), "second": transcript(second), "differences": differences })
}

fn happened(policy: &Policy, Happening { at, what }: &Happening) -> Option<Value> {
    let at = at.start();
    Some(match what {
        What::Effect(Effect::Ledger(place, effect)) => {
            let objective = &policy.objectives.get(*place)?.objective;
            let id = &objective.id;
            match effect {
                ledger::Effect::Alert { rule, is_firing } => {
                    let rule = objective.alerts.get(*rule)?;
                    json!({
                        "at": at, "what": "alert", "objective": id, "severity": rule.severity.word(),
                        "burnRate": f64::from(rule.burn_milli) / 1e3, "long": rule.long.to_string(),
                        "short": rule.short.to_string(), "holds": is_firing,
                    })
                }
                ledger::Effect::Spent(is_so) => json!({ "at": at, "what": "spent", "objective": id, "holds": is_so }),
                ledger::Effect::Blind(is_so) => json!({ "at": at, "what": "blind", "objective": id, "holds": is_so }),
                ledger::Effect::Refused(..) => return None,
            }
        }
        What::Effect(Effect::Ladder(place, ladder::Effect::Changed { from, to, why })) => json!({
            "at": at, "what": "mode", "flow": policy.flows.get(*place)?.id, "from": from.word(), "to": to.word(),
            "why": words::mode_change(why),
        }),
        What::Effect(Effect::Approvals(approvals::Effect::Done { deed, by, request })) => json!({
            "at": at, "what": deed.word(), "request": request.id, "by": by, "reason": request.reason,
        }),
        What::Effect(Effect::Refused(_)) => return None,
        What::Gate { flow, is_allowed, reasons } => json!({
            "at": at, "what": "gate", "flow": flow.and_then(|place| policy.flows.get(place)).map(|flow| &flow.id),
            "allowed": is_allowed, "reasons": reasons.iter().map(words::reason).collect::<Vec<_>>(),
        }),
    })
}

fn episode(Episode { subject, from, until }: &Episode) -> Value {
    let (about, what) = tell::subject(subject);
    json!({ "about": about, "what": what, "from": from.start(), "until": until.map(Minute::start) })
}

fn objective(totals: &ObjectiveTotals) -> Value {
    let ObjectiveTotals { id, pages, tickets, worst, spent, unknown } = totals;
    json!({
        "id": id, "pages": pages, "tickets": tickets,
        "leastRemainingPercent": worst.map(|(left, _)| left.get() as f64 / 1e4),
        "leastRemainingAt": worst.map(|(_, at)| at.start()),
        "spentMinutes": spent.get(), "unknownMinutes": unknown.get(),
    })
}

fn flow(FlowTotals { id, changes, modes, gate: totals }: &FlowTotals) -> Value {
    let minutes = Mode::ALL.iter().zip(modes).map(|(mode, minutes)| (mode.word().to_owned(), json!(minutes.get())));
    let minutes: serde_json::Map<_, _> = minutes.collect();
    json!({ "id": id, "modeChanges": changes, "modeMinutes": minutes, "gate": gate(totals) })
}

fn gate(GateTotals { open, shut, unknown }: &GateTotals) -> Value {
    json!({ "openMinutes": open.get(), "shutMinutes": shut.get(), "unknownMinutes": unknown.get() })
}

fn difference(difference: &Difference) -> Value {
    match difference {
        Difference::OnlyFirst(only) => json!({ "kind": "onlyFirst", "first": episode(only) }),
        Difference::OnlySecond(only) => json!({ "kind": "onlySecond", "second": episode(only) }),
        Difference::Moved { first, second } => {
            json!({ "kind": "moved", "first": episode(first), "second": episode(second) })
        }
        Difference::Lasted { measure, first, second } => {
            let (about, what) = tell::measured(measure);
            json!({ "kind": "minutes", "about": about, "what": what, "first": first.get(), "second": second.get() })
        }
    }
}
