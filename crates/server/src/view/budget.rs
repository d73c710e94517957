//! What is left of error budgets, as the console says it.

use api::{AlertView, AuditView, BudgetList, ExhaustionView, FlowView, GateView, ObjectiveView, RequestView};
use jiff::Timestamp;

use super::Value;
use crate::words;

/// The most objectives on one page; the worst are there.
const SHOWN_MAX: usize = 100;
/// Width of the chart.
pub(crate) const BURN_WIDTH: u32 = 720;
/// Height of the chart.
pub(crate) const BURN_HEIGHT: u32 = 90;
/// The burn rate at the upper edge of the chart; higher ones are cut there and said in the table.
const BURN_TOP: f64 = 20.0;
/// Standings, the worst first, with their class and what they are called.
const STANDINGS: [(&str, &str, &str); 6] = [
    ("paging", "bad", "burning, pages"),
    ("blind", "unknown", "not measured"),
    ("spent", "bad", "spent"),
    ("ticket", "degraded", "burning slowly"),
    ("unknown", "unknown", "not known"),
    ("good", "well", "well"),
];

/// The page of budgets.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct BudgetPage {
    pub(crate) as_of: String,
    pub(crate) class: &'static str,
    pub(crate) tone: &'static str,
    pub(crate) sentence: String,
    pub(crate) others: Vec<String>,
    pub(crate) objectives: Vec<ObjectiveCard>,
    /// How many more there are.
    pub(crate) more: usize,
    pub(crate) flows: Vec<FlowRow>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ObjectiveCard {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) class: &'static str,
    pub(crate) standing: &'static str,
    pub(crate) left: Value,
    /// For the meter, 0 to 100; absent when unknown.
    pub(crate) level: Option<u8>,
    pub(crate) facts: Vec<(&'static str, Value)>,
    pub(crate) alerts: Vec<AlertRow>,
    pub(crate) chart: BurnChart,
    pub(crate) why: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AlertRow {
    pub(crate) severity: String,
    pub(crate) state: String,
    pub(crate) class: &'static str,
    pub(crate) threshold: String,
    pub(crate) long: String,
    pub(crate) long_burn: Value,
    pub(crate) short: String,
    pub(crate) short_burn: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FlowRow {
    pub(crate) flow: String,
    pub(crate) class: &'static str,
    pub(crate) mode: String,
    pub(crate) means: &'static str,
    pub(crate) since: String,
    pub(crate) left: Value,
    pub(crate) obeys: String,
    pub(crate) skips: String,
}

/// Burn rates of the last day, slot by slot.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct BurnChart {
    pub(crate) bars: Vec<BurnBar>,
    pub(crate) gaps: Vec<(String, String)>,
    /// Where a burn rate of one lies.
    pub(crate) one: String,
    pub(crate) rows: Vec<(String, Value)>,
    pub(crate) is_known: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BurnBar {
    pub(crate) x: String,
    pub(crate) y: String,
    pub(crate) width: String,
    pub(crate) height: String,
    pub(crate) class: &'static str,
}

/// One slot of the chart: when it ends, and its burn rate.
pub(crate) type Slot = (Timestamp, Option<f64>);

impl BudgetPage {
    /// Of these budgets; `burns` has the last day of an objective.
    pub(crate) fn new(list: &BudgetList, burns: impl Fn(&str) -> Vec<Slot>, now: Timestamp) -> Self {
        let mut objectives: Vec<_> = list.objectives.iter().collect();
        let rank = |objective: &&ObjectiveView| {
            let standing = STANDINGS.iter().position(|(word, ..)| *word == objective.standing);
            (standing, objective.error_budget_remaining)
        };
        objectives.sort_by_key(rank);
        let card = |objective: &&ObjectiveView| ObjectiveCard::new(objective, &burns(&objective.id), now);
        let (class, tone, sentence, others) = headline(list, &objectives);
        Self {
            as_of: words::instant(now, now),
            class,
            tone,
            sentence,
            others,
            more: objectives.len().saturating_sub(SHOWN_MAX),
            objectives: objectives.iter().take(SHOWN_MAX).map(card).collect(),
            flows: list.flows.iter().map(|flow| FlowRow::new(flow, now)).collect(),
        }
    }
}

/// The one sentence, and what else is to be known.
fn headline(list: &BudgetList, objectives: &[&ObjectiveView]) -> (&'static str, &'static str, String, Vec<String>) {
    let named = |standing: &str| {
        let of = objectives.iter().filter(|objective| objective.standing == standing);
        of.map(|objective| objective.name.as_str()).collect::<Vec<_>>()
    };
    let verb = |names: &[&str], one: &'static str, many: &'static str| if names.len() == 1 { one } else { many };
    let mut findings: Vec<(&'static str, &'static str, String)> = Vec::new();
    let mut find = |class, tone, standing: &str, one, many| {
        let names = named(standing);
        if !names.is_empty() {
            findings.push((class, tone, format!("{} {}", words::names(&names), verb(&names, one, many))));
        }
    };
    find("bad", "burning", "paging", "burns its error budget fast.", "burn their error budgets fast.");
    find("unknown", "not measured", "blind", "is not measured any more.", "are not measured any more.");
    find("bad", "spent", "spent", "has no error budget left.", "have no error budget left.");
    find("degraded", "burning slowly", "ticket", "burns its error budget slowly.", "burn their error budgets slowly.");
    find("unknown", "not known", "unknown", "is not known well enough yet.", "are not known well enough yet.");
    let trimmed: Vec<_> = list.flows.iter().filter(|flow| flow.mode != "NORMAL").collect();
    if !trimmed.is_empty() {
        let names: Vec<_> = trimmed.iter().map(|flow| flow.flow.as_str()).collect();
        let does = verb(&names, "does without something.", "do without something.");
        findings.push(("degraded", "degraded", format!("{} {does}", words::names(&names))));
    }
    if findings.is_empty() {
        let sentence = match objectives.len() {
            0 => return ("unknown", "not known", "No objective is defined yet.".to_owned(), Vec::new()),
            1 => "The objective is met.".to_owned(),
            many => format!("All {many} objectives are met."),
        };
        return ("well", "well", sentence, Vec::new());
    }
    let (class, tone, sentence) = findings.remove(0);
    (class, tone, sentence, findings.into_iter().map(|(.., sentence)| sentence).collect())
}

impl ObjectiveCard {
    fn new(objective: &ObjectiveView, burns: &[Slot], now: Timestamp) -> Self {
        let found = STANDINGS.iter().find(|(word, ..)| *word == objective.standing);
        let (_, class, standing) = found.copied().unwrap_or(("unknown", "unknown", "not known"));
        let raw = objective.raw_remaining_percent.filter(|raw| Some(*raw) != objective.remaining_percent);
        let mut facts = vec![
            ("burn rate", rate(objective.burn_rate)),
            ("last six hours", rate(objective.recent_burn_rate)),
            ("gone", gone(&objective.exhaustion)),
            ("target", Value::Known(format!("{}\u{a0}% of {}", objective.target_percent, objective.budgeting))),
            ("window", Value::Known(objective.window.clone())),
            ("source", source(objective, now)),
        ];
        if let Some(raw) = raw {
            facts.insert(2, ("without relief", Value::Known(percent(raw))));
        }
        Self {
            id: objective.id.clone(),
            name: objective.name.clone(),
            class,
            standing,
            left: objective.remaining_percent.map_or(Value::Unknown, |left| Value::Known(percent(left))),
            level: objective.error_budget_remaining,
            facts,
            alerts: objective.alerts.iter().map(AlertRow::new).collect(),
            chart: BurnChart::new(burns, now),
            why: objective.why.clone(),
        }
    }
}

impl AlertRow {
    fn new(alert: &AlertView) -> Self {
        let class = match alert.state.as_str() {
            "firing" => "failed",
            "unknown" => "unknown",
            _ => "quiet",
        };
        Self {
            severity: alert.severity.clone(),
            state: alert.state.clone(),
            class,
            threshold: alert.threshold.to_string(),
            long: alert.long_window.clone(),
            long_burn: rate(alert.long_burn_rate),
            short: alert.short_window.clone(),
            short_burn: rate(alert.short_burn_rate),
        }
    }
}

impl FlowRow {
    fn new(flow: &FlowView, now: Timestamp) -> Self {
        let (class, means) = match flow.mode.as_str() {
            "NORMAL" => ("well", "does everything"),
            "TRIM" => ("degraded", "skips lookups that enrich"),
            "AGENT_ONLY" => ("degraded", "sends callers to agents"),
            _ => ("bad", "sends callers elsewhere"),
        };
        Self {
            flow: flow.flow.clone(),
            class,
            mode: flow.mode.clone(),
            means,
            since: flow.since.map_or_else(|| "always".to_owned(), |at| words::instant(at, now)),
            left: flow.error_budget_remaining.map_or(Value::Unknown, |left| Value::Known(format!("{left}\u{a0}%"))),
            obeys: flow.objectives.join(", "),
            skips: if flow.enrichment.is_empty() { "nothing".to_owned() } else { flow.enrichment.join(", ") },
        }
    }
}

impl BurnChart {
    fn new(slots: &[Slot], now: Timestamp) -> Self {
        let step = f64::from(BURN_WIDTH) / slots.len().max(1) as f64;
        let height = |rate: f64| (rate.min(BURN_TOP) / BURN_TOP).sqrt() * f64::from(BURN_HEIGHT);
        let mut chart = Self { one: number(f64::from(BURN_HEIGHT) - height(1.0)), ..Self::default() };
        for (n, (end, rate)) in slots.iter().enumerate() {
            let x = step * n as f64;
            match rate {
                None => chart.gaps.push((number(x), number(step))),
                Some(rate) => {
                    chart.is_known = true;
                    let high = if *rate > 0.0 { height(*rate).max(1.0) } else { 0.0 };
                    let class = if *rate > 1.0 { "error" } else { "ok" };
                    let y = number(f64::from(BURN_HEIGHT) - high);
                    chart.bars.push(BurnBar {
                        x: number(x + 0.5),
                        y,
                        width: number(step - 1.0),
                        height: number(high),
                        class,
                    });
                }
            }
            let value = rate.map_or(Value::Unknown, |rate| Value::Known(format!("{rate:.2}")));
            chart.rows.push((words::instant(*end, now), value));
        }
        chart.rows.reverse();
        chart
    }
}

/// The page of the gate.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GatePage {
    pub(crate) as_of: String,
    pub(crate) class: &'static str,
    pub(crate) verdict: &'static str,
    pub(crate) sentence: String,
    pub(crate) reasons: Vec<String>,
    pub(crate) recheck: Option<String>,
    pub(crate) decision: String,
    pub(crate) flows: Vec<(String, &'static str, &'static str)>,
}

impl GatePage {
    /// Of the decision over everything, and of those over each flow.
    pub(crate) fn new(gate: &GateView, flows: Vec<(String, Option<bool>)>, now: Timestamp) -> Self {
        let (class, verdict) = verdict(gate.allowed);
        let sentence = match gate.allowed {
            Some(true) => "Releases may go out.",
            Some(false) => "No release may go out.",
            None => "Nobody knows whether a release may go out, so none may.",
        };
        let is_open = gate.allowed == Some(true);
        Self {
            as_of: words::instant(now, now),
            class,
            verdict,
            sentence: sentence.to_owned(),
            reasons: gate.reasons.clone(),
            recheck: (!is_open).then(|| words::instant(gate.recheck_after, now)),
            decision: gate.decision_id.clone(),
            flows: flows
                .into_iter()
                .map(|(flow, allowed)| {
                    let (class, verdict) = self::verdict(allowed);
                    (flow, class, verdict)
                })
                .collect(),
        }
    }
}

fn verdict(allowed: Option<bool>) -> (&'static str, &'static str) {
    match allowed {
        Some(true) => ("well", "open"),
        Some(false) => ("bad", "shut"),
        None => ("unknown", "not known"),
    }
}

/// The page of maintenance and resets.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct MaintenancePage {
    pub(crate) as_of: String,
    pub(crate) waiting: Vec<RequestCard>,
    pub(crate) on: Vec<RequestCard>,
    pub(crate) others: Vec<RequestCard>,
    pub(crate) objectives: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RequestCard {
    pub(crate) id: String,
    pub(crate) class: &'static str,
    pub(crate) title: String,
    pub(crate) state: String,
    pub(crate) when: String,
    pub(crate) relieves: String,
    pub(crate) reason: String,
    pub(crate) story: Vec<String>,
    pub(crate) may_be_decided: bool,
    pub(crate) may_be_revoked: bool,
}

/// The most requests that are over on the page.
const OVER_SHOWN_MAX: usize = 30;

impl MaintenancePage {
    pub(crate) fn new(requests: &[RequestView], objectives: Vec<String>, now: Timestamp) -> Self {
        let mut page = Self { as_of: words::instant(now, now), objectives, ..Self::default() };
        for request in requests {
            let card = RequestCard::new(request, now);
            if request.state == "waiting" {
                page.waiting.push(card);
            } else if request.is_on {
                page.on.push(card);
            } else if page.others.len() < OVER_SHOWN_MAX {
                page.others.push(card);
            }
        }
        page
    }
}

impl RequestCard {
    fn new(request: &RequestView, now: Timestamp) -> Self {
        let about = if request.objectives.is_empty() { "everything".to_owned() } else { request.objectives.join(", ") };
        let title = match request.kind.as_str() {
            "reset" => format!("Give {about} its budget back"),
            _ => format!("Maintenance of {about}"),
        };
        let class = match (request.is_on, request.state.as_str()) {
            (true, _) => "taken",
            (false, "waiting") => "open",
            (false, _) => "resolved",
        };
        let ends_later = request.end.is_none_or(|end| now < end);
        let is_maintenance = request.kind == "maintenance";
        let mut story = vec![format!("{} asked at {}", request.asked_by, words::instant(request.asked_at, now))];
        if request.is_retroactive {
            story.push("it began before it was asked for".to_owned());
        }
        match (&request.decided_by, request.decided_at) {
            (Some(by), Some(at)) => story.push(format!("{} by {by} at {}", request.state, words::instant(at, now))),
            _ if request.state == "waiting" => {
                story.push(format!(
                    "void at {} unless somebody else approves it",
                    words::instant(request.expires_at, now)
                ));
            }
            _ => {}
        }
        if let (Some(by), Some(at)) = (&request.ended_by, request.ended_at) {
            story.push(format!("ended by {by} at {}", words::instant(at, now)));
        }
        Self {
            id: request.id.clone(),
            class,
            title,
            state: if request.is_on { "on".to_owned() } else { request.state.clone() },
            when: when(request, now),
            relieves: if is_maintenance { request.relieves.join(", ") } else { "what was spent so far".to_owned() },
            reason: request.reason.clone(),
            story,
            may_be_decided: request.state == "waiting",
            may_be_revoked: request.state == "waiting" || (request.state == "approved" && is_maintenance && ends_later),
        }
    }
}

/// In UTC, and on the clocks of the zone in which it was asked for.
fn when(request: &RequestView, now: Timestamp) -> String {
    let (Some(start), Some(end)) = (request.start, request.end) else { return "at once".to_owned() };
    let utc = format!("{} to {}", words::instant(start, now), words::instant(end, now));
    let zone = request.zone.as_deref().filter(|zone| *zone != "UTC");
    let local = zone.and_then(|zone| {
        let (start, end) = (start.in_tz(zone).ok()?, end.in_tz(zone).ok()?);
        Some(format!("{} to {} {zone}", start.strftime("%F %R"), end.strftime("%F %R")))
    });
    local.map_or_else(|| utc.clone(), |local| format!("{utc} ({local})"))
}

/// The page of the audit.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct AuditPage {
    pub(crate) rows: Vec<AuditRow>,
    /// Where the older ones begin.
    pub(crate) before: Option<u64>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AuditRow {
    pub(crate) seq: u64,
    pub(crate) at: String,
    pub(crate) who: String,
    pub(crate) what: String,
    pub(crate) about: String,
    pub(crate) body: String,
}

impl AuditPage {
    pub(crate) fn new(entries: &[AuditView], page_max: usize, now: Timestamp) -> Self {
        let row = |entry: &AuditView| AuditRow {
            seq: entry.seq,
            at: words::instant(entry.at, now),
            who: entry.who.clone(),
            what: entry.what.clone(),
            about: about(entry),
            body: format!("{:#}", entry.body),
        };
        let before = (page_max <= entries.len()).then(|| entries.last().map(|entry| entry.seq)).flatten();
        Self { rows: entries.iter().map(row).collect(), before }
    }
}

fn about(entry: &AuditView) -> String {
    let text = |name: &str| entry.body.get(name).and_then(|value| value.as_str());
    match entry.what.as_str() {
        "gate" => match entry.body.get("allowed").and_then(serde_json::Value::as_bool) {
            Some(true) => "open".to_owned(),
            Some(false) => "shut".to_owned(),
            None => "not known".to_owned(),
        },
        "budget_exceeded" | "budget_recovered" => {
            format!("{} {}", text("flowId").unwrap_or(""), text("action").unwrap_or(""))
        }
        _ => text("id").unwrap_or("").to_owned(),
    }
}

fn source(objective: &ObjectiveView, now: Timestamp) -> Value {
    let kind = &objective.source.kind;
    match (&objective.source.trouble, objective.last_known) {
        (Some(trouble), _) => Value::Known(format!("{kind}: {trouble}")),
        (None, Some(at)) => Value::Known(format!("{kind}, up to {}", words::instant(at, now))),
        (None, None) => Value::Known(format!("{kind}, no counts yet")),
    }
}

fn gone(exhaustion: &ExhaustionView) -> Value {
    let span = |minutes: u32| words::span(u64::from(minutes) * 60);
    match exhaustion {
        ExhaustionView { is_spent: true, .. } => Value::Known("spent".to_owned()),
        ExhaustionView { is_known: false, .. } => Value::Unknown,
        ExhaustionView { expected_minutes: None, .. } => Value::Known("not within the window".to_owned()),
        ExhaustionView { expected_minutes: Some(expected), earliest_minutes, latest_minutes, .. } => {
            let end = |minutes: &Option<u32>| minutes.map_or_else(|| "never".to_owned(), span);
            let range = format!("{} to {}", end(earliest_minutes), end(latest_minutes));
            Value::Known(format!("in {} ({range})", span(*expected)))
        }
    }
}

fn rate(rate: Option<f64>) -> Value {
    rate.map_or(Value::Unknown, |rate| Value::Known(format!("{rate:.2}")))
}

fn percent(percent: f64) -> String {
    format!("{percent:.1}\u{a0}%")
}

/// A coordinate with as many digits as a screen can show.
fn number(value: f64) -> String {
    format!("{value:.1}")
}
