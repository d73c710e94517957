//! From what the book knows to what others see.

use api::{AlertView, BurnView, CountsView, ExhaustionView, FlowView, GateSlo, ObjectiveView, RequestView, SourceView};
use base::{Now, Ppm};
use budget::approvals::{Request, State, Wish};
use budget::book::FlowTerms;
use budget::ladder::WhenUnknown;
use budget::ledger::AlertStatus;
use budget::{Burn, Counts, Exhaustion, Ladder, Minute, Minutes, Remaining, Status, Stretch, Terms, Verdict};

use super::{wire, words};

pub(super) fn objective(terms: &Terms, status: &Status, ever: (u64, u64), source: SourceView) -> ObjectiveView {
    let objective = &terms.objective;
    ObjectiveView {
        id: objective.id.clone(),
        name: objective.name.clone(),
        description: objective.description.clone(),
        service: objective.service.clone(),
        target_percent: percent(objective.target),
        window: words::window(&objective.window),
        budgeting: words::budgeting(objective.budgeting),
        source,
        end: status.end.start(),
        window_start: status.window.from.start(),
        window_end: status.window.until.start(),
        measured_from: status.measured_from.start(),
        data_available: status.remaining.is_some() && !status.is_blind,
        error_budget_remaining: status.remaining.map(Remaining::clamped_percent),
        current_budget_health: status.remaining.map(health),
        remaining_percent: status.remaining.map(remaining_percent),
        raw_remaining_percent: status.raw_remaining.map(remaining_percent),
        to_date_remaining_percent: status.to_date.map(remaining_percent),
        burn_rate: status.remaining.and_then(|_| rate(status.burn)),
        recent_burn_rate: rate(status.recent),
        raw: counts(status.raw),
        adjusted: counts(status.adjusted),
        forgiven: status.forgiven,
        events_ever: ever.1,
        bad_events_ever: ever.0,
        alerts: status.alerts.iter().map(alert).collect(),
        evidence_odds: (status.odds * 10.0).round() / 10.0,
        exhaustion: exhaustion(&status.exhaustion),
        last_known: status.last_known.map(Minute::start),
        age_minutes: status.age.map(Minutes::get),
        is_blind: status.is_blind,
        standing: words::standing(status).to_owned(),
        why: words::explain(terms, status),
    }
}

pub(super) fn flow(
    terms: &FlowTerms,
    ladder: Ladder,
    objectives: Vec<String>,
    left: Option<Remaining>,
    enrichment: &[String],
) -> FlowView {
    let mode_when_unknown = match terms.ladder.unknown {
        WhenUnknown::Hold => None,
        WhenUnknown::Fall(mode) => Some(mode.word().to_owned()),
    };
    FlowView {
        flow: terms.id.clone(),
        mode: ladder.mode.word().to_owned(),
        since: ladder.since.map(Minute::start),
        objectives,
        error_budget_remaining: left.map(Remaining::clamped_percent),
        current_budget_health: left.map(health),
        enrichment: enrichment.to_vec(),
        mode_when_unknown,
    }
}

pub(super) fn gate_slo(id: &str, status: &Status) -> GateSlo {
    GateSlo {
        id: id.to_owned(),
        burn_rate: status.remaining.and_then(|_| rate(status.burn)),
        error_budget_remaining: status.remaining.map(Remaining::clamped_percent),
        data_available: status.remaining.is_some() && !status.is_blind,
    }
}

pub(super) fn burn(id: &str, stretch: Stretch, counted: Counts, burn: Option<Burn>) -> BurnView {
    BurnView {
        id: id.to_owned(),
        start: stretch.from.start(),
        end: stretch.until.start(),
        burn_rate: burn.map(|burn| rate(burn).unwrap_or(0.0)),
        counts: counts(counted),
        data_available: burn.is_some(),
    }
}

pub(super) fn request(request: &Request, now: Now) -> RequestView {
    let (kind, objectives, zone, relieves) = match &request.wish {
        Wish::Maintenance { objectives, zone, relief, .. } => {
            ("maintenance", objectives.clone(), Some(zone.clone()), wire::relieves(*relief))
        }
        Wish::Reset { objective } => ("reset", vec![objective.clone()], None, Vec::new()),
    };
    let stretch = request.stretch();
    let is_approved = matches!(request.state, State::Approved(_));
    let decided = wire::decided(&request.state);
    RequestView {
        id: request.id.clone(),
        kind: kind.to_owned(),
        objectives,
        start: stretch.map(|stretch| stretch.from.start()),
        end: stretch.map(|stretch| stretch.until.start()),
        zone,
        relieves,
        reason: request.reason.clone(),
        asked_by: request.asked_by.clone(),
        asked_at: request.asked_at,
        expires_at: request.expires_at,
        is_retroactive: request.is_retroactive,
        state: wire::state_word(&request.state).to_owned(),
        decided_by: decided.map(|decided| decided.by.clone()),
        decided_at: decided.map(|decided| decided.at),
        ended_by: request.ended.as_ref().map(|ended| ended.by.clone()),
        ended_at: request.ended.as_ref().map(|ended| ended.at),
        is_on: is_approved && stretch.is_some_and(|stretch| stretch.contains(Minute::of(now.wall))),
    }
}

fn alert(alert: &AlertStatus) -> AlertView {
    let state = match (alert.is_firing, alert.verdict) {
        (true, _) => "firing",
        (false, Verdict::Unknown) => "unknown",
        (false, Verdict::Firing | Verdict::Quiet) => "quiet",
    };
    AlertView {
        severity: alert.rule.severity.word().to_owned(),
        long_window: alert.rule.long.to_string(),
        short_window: alert.rule.short.to_string(),
        threshold: f64::from(alert.rule.burn_milli) / 1_000.0,
        long_burn_rate: rate(alert.long),
        short_burn_rate: rate(alert.short),
        state: state.to_owned(),
    }
}

fn exhaustion(exhaustion: &Exhaustion) -> ExhaustionView {
    let minutes = |minutes: &Option<Minutes>| minutes.map(Minutes::get);
    match exhaustion {
        Exhaustion::Spent => ExhaustionView { is_spent: true, is_known: true, ..ExhaustionView::default() },
        Exhaustion::Unknown => ExhaustionView::default(),
        Exhaustion::In { expected, earliest, latest } => ExhaustionView {
            is_spent: false,
            is_known: true,
            expected_minutes: minutes(expected),
            earliest_minutes: minutes(earliest),
            latest_minutes: minutes(latest),
        },
    }
}

pub(super) fn counts(counts: Counts) -> CountsView {
    CountsView {
        bad: counts.bad,
        total: counts.total,
        known_minutes: counts.known.get(),
        missing_minutes: counts.missing.get(),
    }
}

fn percent(share: Ppm) -> f64 {
    f64::from(share.get()) / 10_000.0
}

/// To a hundredth of a percent, rounded down like everything that is left.
fn remaining_percent(left: Remaining) -> f64 {
    left.get().div_euclid(100) as f64 / 100.0
}

fn health(left: Remaining) -> f64 {
    f64::from(left.health().get()) / 1e6
}

/// To a thousandth.
fn rate(burn: Burn) -> Option<f64> {
    burn.rate().map(|rate| (rate * 1_000.0).round() / 1_000.0)
}
