//! The guide's JSON of an objective.
//!
//! It has one window for each alert. That window is the short one, which ends the alert; the long one, which makes it
//! certain, is twelve times as long, but never longer than the objective's. Its `metric` divides nothing into good and
//! bad, so it is kept as words, and what is counted stands in `indicator`, as OpenSLO has it in the `spec` of an SLI.
//!
//! Keys that the guide does not have, all optional, so that every definition can be written: `indicator` (absent:
//! counts are pushed), `service` (absent: the id), `calendar` (`startTime` and `timeZone`; then `timeWindow` is one
//! period, such as `P1M`), `timeSlices` (`length` and `target` in per cent), `notificationTargets` (names), and in an
//! alert `longDuration`.

use budget::{Budgeting, BurnRule, Minutes, Objective, Severity, Window};
use serde_json::{Value, json};

use crate::alerts::{Condition, burn_rate};
use crate::definition::{Definition, Indicator, Words};
use crate::indicator::{alone, write_alone};
use crate::length::{Length, iso_text, period_of, period_text};
use crate::number;
use crate::objective::{self, Places};
use crate::problem::{Found, Invalid, Text};
use crate::source::compact;
use crate::tree::{self, Node};
use crate::window::{self, USUAL};

const KEYS: [&str; 12] = [
    "id",
    "name",
    "description",
    "metric",
    "sloTarget",
    "timeWindow",
    "burnRateAlerts",
    "indicator",
    "service",
    "calendar",
    "timeSlices",
    "notificationTargets",
];

/// Reads an objective in the guide's JSON. Problems have the JSON pointer of what is wrong; those of the syntax have a
/// line and a column.
///
/// # Errors
/// All problems that were found.
pub fn read(text: &Text<'_>) -> Result<Definition, Box<Invalid>> {
    let mut found = Found::default();
    let definition = tree::json(text, &mut found).and_then(|node| definition(&node, &mut found));
    let (definition, _) = found.finish(std::slice::from_ref(text), definition)?;
    Ok(definition.expect("a definition that is not there is wrong"))
}

fn definition(node: &Node, found: &mut Found) -> Option<Definition> {
    found.map(node, &KEYS)?;
    let id = found.need(node, "id", "add an id, such as `crm-lookup`");
    let id_text = id.and_then(|node| found.text(node));
    let words = node.get("metric").and_then(|node| words(node, found));
    let target = found.need(node, "sloTarget", "add the target in per cent: 99.5");
    let target_share = target.and_then(|node| found.percent(node));
    let window = found.need(node, "timeWindow", "add `\"timeWindow\": \"PT720H\"`");
    let length = window.and_then(|length| time_window(node, length, found));
    let budgeting = budgeting(node, found);
    let indicator = node.get("indicator").map_or(Some(Indicator::pushed()), |node| alone(node, found));
    let longest = length.as_ref().map_or(budget::WINDOW_MAX, Window::longest);
    let rules = node.get("burnRateAlerts").map(|node| rules(node, longest, found));
    let targets = targets(node, found);
    let (name, service) = (found.text_of(node, "name"), found.text_of(node, "service"));
    let is_whole = length.is_some() && budgeting.is_some();
    let (id, id_text, target, target_share, window) = (id?, id_text?, target?, target_share?, window?);
    // Where a part is wrong, the usual one stands in for it, so that the others are judged all the same.
    let length = length.unwrap_or(USUAL);
    let objective = Objective {
        id: id_text.to_owned(),
        name: name.unwrap_or_else(|| id_text.to_owned()),
        description: found.prose_of(node, "description"),
        service: service.unwrap_or_else(|| id_text.to_owned()),
        target: target_share,
        budgeting: budgeting.unwrap_or(Budgeting::Occurrences),
        alerts: match &rules {
            Some(rules) if is_whole => rules.iter().map(|condition| condition.rule).collect(),
            Some(_) | None => Objective::standard_alerts(target_share, &length),
        },
        window: length,
    };
    let slices = node.get("timeSlices").unwrap_or(node);
    let places = Places {
        id,
        target,
        window,
        slice: slices.get("length").unwrap_or(slices),
        slice_target: slices.get("target").unwrap_or(slices),
        alerts: node.get("burnRateAlerts").unwrap_or(node),
    };
    objective::check(&objective, &places, &rules.unwrap_or_default(), found);
    is_whole.then_some(Definition { objective, indicator: indicator?, targets, words })
}

fn words(node: &Node, found: &mut Found) -> Option<Words> {
    found.map(node, &["resourceType", "filterExpression"])?;
    Some(Words {
        resource_type: found.prose_of(node, "resourceType"),
        filter_expression: found.prose_of(node, "filterExpression"),
    })
}

fn time_window(node: &Node, length: &Node, found: &mut Found) -> Option<Window> {
    let Some(calendar) = node.get("calendar") else {
        return found.iso(length).map(Window::Rolling);
    };
    let text = found.text(length)?;
    let Some(Length::Dates { count, unit }) = period_of(text) else {
        let message = format!("`{text}` is not a period of a calendar");
        found.wrong(length, message, "write `P1D`, `P1W`, `P1M`, `P3M` or `P1Y`, or remove `calendar`");
        return None;
    };
    window::period(calendar, length, Length::Dates { count, unit }, found).map(Window::Calendar)
}

fn budgeting(node: &Node, found: &mut Found) -> Option<Budgeting> {
    let Some(slices) = node.get("timeSlices") else { return Some(Budgeting::Occurrences) };
    found.map(slices, &["length", "target"])?;
    let length = found.need(slices, "length", "add `\"length\": \"PT5M\"`").and_then(|node| found.iso(node));
    let target = found.need(slices, "target", "add the target of a slice in per cent: 95");
    let target = target.and_then(|node| found.percent(node));
    Some(Budgeting::Timeslices { length: length?, target: target? })
}

fn rules(node: &Node, longest: Minutes, found: &mut Found) -> Vec<Condition> {
    let hint = "write a list of `{\"level\": \"CRITICAL\", \"burnRateThreshold\": 14.4, \"duration\": \"PT5M\"}`";
    let items = found.list(node, hint).unwrap_or_default();
    items.iter().filter_map(|item| rule(item, longest, found)).collect()
}

fn rule(item: &Node, longest: Minutes, found: &mut Found) -> Option<Condition> {
    found.map(item, &["level", "burnRateThreshold", "duration", "longDuration"])?;
    let level = found.need(item, "level", "add `\"level\": \"CRITICAL\"`").and_then(|node| found.text(node));
    let burn = found.need(item, "burnRateThreshold", "add the burn rate, such as 14.4");
    let burn_milli = burn.and_then(|node| burn_rate(node, found));
    let short = found.need(item, "duration", "add `\"duration\": \"PT5M\"`").and_then(|node| found.iso(node));
    let long = item.get("longDuration").map(|node| found.iso(node));
    let (level, short) = (level?, short?);
    let long = long.unwrap_or_else(|| Some(Minutes::new(short.get().saturating_mul(12)).min(longest)));
    let severity = if level.eq_ignore_ascii_case("CRITICAL") { Severity::Page } else { Severity::Ticket };
    let rule = BurnRule { severity, long: long?, short, burn_milli: burn_milli? };
    Some(Condition { rule, at: item.at, path: item.path.clone() })
}

fn targets(node: &Node, found: &mut Found) -> Vec<String> {
    let Some(targets) = node.get("notificationTargets") else { return Vec::new() };
    let items = found.list(targets, "write a list of names").unwrap_or_default();
    items.iter().filter_map(|item| found.text(item).map(str::to_owned)).collect()
}

/// Writes an objective in the guide's JSON; [`read`] reads the same definition again. Only the name of a data source is
/// lost, because its address is written instead.
pub fn write(definition: &Definition) -> Value {
    let Definition { objective, indicator, targets, words } = definition;
    let alert = |rule: &BurnRule| {
        let usual = Minutes::new(rule.short.get().saturating_mul(12)).min(objective.window.longest());
        compact(json!({
            "level": match rule.severity { Severity::Page => "CRITICAL", Severity::Ticket => "WARNING" },
            "burnRateThreshold": number::json(rule.burn_milli.into(), 3),
            "duration": iso_text(rule.short),
            "longDuration": (rule.long != usual).then(|| iso_text(rule.long)),
        }))
    };
    let (time_window, calendar) = match &objective.window {
        Window::Rolling(length) => (iso_text(*length), None),
        Window::Calendar(period) => (period_text(period.count, period.unit), Some(window::write_calendar(period))),
    };
    let slices = match objective.budgeting {
        Budgeting::Occurrences => None,
        Budgeting::Timeslices { length, target } => {
            Some(json!({"length": iso_text(length), "target": number::json(target.get().into(), 4)}))
        }
    };
    let metric = words
        .as_ref()
        .map(|words| json!({"resourceType": words.resource_type, "filterExpression": words.filter_expression}));
    let mut body = compact(json!({
        "id": objective.id,
        "name": objective.name,
        "metric": metric,
        "sloTarget": number::json(objective.target.get().into(), 4),
        "timeWindow": time_window,
        "indicator": (*indicator != Indicator::pushed()).then(|| write_alone(indicator)),
        "service": (objective.service != objective.id).then_some(&objective.service),
        "calendar": calendar,
        "timeSlices": slices,
        "notificationTargets": targets,
    }));
    body["description"] = objective.description.as_str().into();
    // An empty list is an answer: nobody is told.
    body["burnRateAlerts"] = objective.alerts.iter().map(alert).collect();
    body
}
