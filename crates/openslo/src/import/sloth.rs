//! What was written for Sloth: as a file of its own, or as a resource of Kubernetes, whose keys are spelt otherwise.

use budget::{BurnRule, Minutes, Severity, Window};

use super::promql::{counts, minute};
use super::{Promise, define, map, ratio};
use crate::definition::{Definition, Indicator, Numerator};
use crate::length::short_of;
use crate::problem::Found;
use crate::tree::Node;

/// How the keys are spelt.
struct Spelling {
    error_query: &'static str,
    total_query: &'static str,
    error_ratio_query: &'static str,
    page_alert: &'static str,
    ticket_alert: &'static str,
}

const FILE: Spelling = Spelling {
    error_query: "error_query",
    total_query: "total_query",
    error_ratio_query: "error_ratio_query",
    page_alert: "page_alert",
    ticket_alert: "ticket_alert",
};

const RESOURCE: Spelling = Spelling {
    error_query: "errorQuery",
    total_query: "totalQuery",
    error_ratio_query: "errorRatioQuery",
    page_alert: "pageAlert",
    ticket_alert: "ticketAlert",
};

/// The events that a minute is taken for when only its share of errors is known: a share is kept to a millionth.
const EVENTS_OF_A_SHARE: &str = "1000000";

pub(super) fn definitions(node: &Node, url: &str, found: &mut Found) -> Vec<Definition> {
    let Some((spec, spelling)) = spec(node, found) else { return Vec::new() };
    let service = found.need(spec, "service", "add the service that the objectives belong to");
    let service = service.and_then(|node| found.text(node));
    note_labels(spec, found);
    let hint = "add `slos` with at least one objective";
    let slos = found.need(spec, "slos", hint).and_then(|node| found.list(node, hint)).unwrap_or_default();
    if let Some(first) = slos.first() {
        found.lost(first, "Sloth takes its window from its command line", "the window is 30 days; change `timeWindow`");
    }
    let Some(service) = service else { return Vec::new() };
    slos.iter().filter_map(|slo| definition(slo, service, &spelling, url, found)).collect()
}

fn spec<'n>(node: &'n Node, found: &mut Found) -> Option<(&'n Node, Spelling)> {
    if let Some(version) = node.get("version") {
        found.word(version, &[("prometheus/v1", ())])?;
        return map(node, &["version", "service", "labels", "slos"], found).map(|node| (node, FILE));
    }
    let hint = "add `version: prometheus/v1`, or `apiVersion: sloth.slok.dev/v1`";
    let version = found.need(node, "apiVersion", hint)?;
    found.word(version, &[("sloth.slok.dev/v1", ())])?;
    let kind = found.need(node, "kind", "add `kind: PrometheusServiceLevel`")?;
    found.word(kind, &[("PrometheusServiceLevel", ())])?;
    map(node, &["apiVersion", "kind", "metadata", "spec"], found)?;
    if let Some(metadata) = node.get("metadata") {
        found.lost(metadata, "the metadata of the resource", "the names of service and objective are the id");
    }
    let spec = found.need(node, "spec", "add `spec` with `service` and `slos`")?;
    map(spec, &["service", "labels", "slos"], found).map(|spec| (spec, RESOURCE))
}

fn note_labels(map: &Node, found: &mut Found) {
    for key in ["labels", "annotations"] {
        if let Some(node) = map.get(key) {
            found.lost(node, format!("{key} are not kept"), "objectives are found by id and service");
        }
    }
}

fn definition(slo: &Node, service: &str, spelling: &Spelling, url: &str, found: &mut Found) -> Option<Definition> {
    map(slo, &["name", "description", "objective", "labels", "sli", "plugins", "alerting"], found)?;
    note_labels(slo, found);
    if let Some(plugins) = slo.get("plugins") {
        found.lost(plugins, "plugins change rules that are not written here", "they are left out");
    }
    let name = found.need(slo, "name", "add the name of the objective");
    let name_text = name.and_then(|node| found.text(node));
    let target = found.need(slo, "objective", "add the target in per cent: `objective: 99.9`");
    let share = target.and_then(|node| found.percent(node));
    let sli = found.need(slo, "sli", "add `sli` with `events`");
    let indicator = sli.and_then(|node| indicator(node, spelling, url, found));
    let alerting = slo.get("alerting");
    let (is_paged, is_ticketed) = alerting.map_or((true, true), |node| alerting_of(node, spelling, found));
    let (name, name_text, target, share) = (name?, name_text?, target?, share?);
    let promise = Promise {
        id: format!("{service}-{name_text}"),
        name: name_text.to_owned(),
        description: found.prose_of(slo, "description"),
        service: service.to_owned(),
        target: share,
        window: Window::Rolling(Minutes::days(30)),
        rules: rules(is_paged, is_ticketed),
        indicator: indicator?,
        at: (name, target, slo),
    };
    define(promise, found)
}

/// The rules that Sloth writes for 30 days.
fn rules(is_paged: bool, is_ticketed: bool) -> Vec<BurnRule> {
    let rule = |severity, long, burn_milli| BurnRule { severity, long, short: short_of(long), burn_milli };
    let pages = [rule(Severity::Page, Minutes::hours(1), 14_400), rule(Severity::Page, Minutes::hours(6), 6_000)];
    let tickets = [rule(Severity::Ticket, Minutes::days(1), 3_000), rule(Severity::Ticket, Minutes::days(3), 1_000)];
    let pages = pages.into_iter().filter(|_| is_paged);
    pages.chain(tickets.into_iter().filter(|_| is_ticketed)).collect()
}

/// Whether somebody is paged, and whether somebody gets a ticket.
fn alerting_of(node: &Node, spelling: &Spelling, found: &mut Found) -> (bool, bool) {
    if map(node, &["name", "labels", "annotations", spelling.page_alert, spelling.ticket_alert], found).is_none() {
        return (true, true);
    }
    note_labels(node, found);
    if let Some(name) = node.get("name") {
        found.lost(name, "alerts have no names", "an alert names its objective");
    }
    let mut is_on = |key| {
        let Some(alert) = node.get(key) else { return true };
        if map(alert, &["disable", "labels", "annotations"], found).is_none() {
            return true;
        }
        note_labels(alert, found);
        !found.boolean_of(alert, "disable", false)
    };
    (is_on(spelling.page_alert), is_on(spelling.ticket_alert))
}

fn indicator(sli: &Node, spelling: &Spelling, url: &str, found: &mut Found) -> Option<Indicator> {
    map(sli, &["events", "raw", "plugin"], found)?;
    match (sli.get("events"), sli.get("raw"), sli.get("plugin")) {
        (Some(events), None, None) => {
            map(events, &[spelling.error_query, spelling.total_query], found)?;
            let mut query = |key| {
                let node = found.need(events, key, "add the expression that counts")?;
                expression(node, "`rate` becomes `increase`, and the counts of each minute are added up", found)
                    .map(|query| counts(&query))
            };
            let (bad, total) = (query(spelling.error_query), query(spelling.total_query));
            Some(ratio(Numerator::Bad, bad?, total?, url))
        }
        (None, Some(raw), None) => {
            map(raw, &[spelling.error_ratio_query], found)?;
            let node = found.need(raw, spelling.error_ratio_query, "add the expression of the share")?;
            let share = expression(node, "the share of each minute is taken", found)?;
            let what = "of a share nobody knows how many events it was";
            found.lost(
                node,
                what,
                format!("each minute counts as {EVENTS_OF_A_SHARE} events, however many there were"),
            );
            // The total is missing where the share is missing.
            let bad = format!("({share}) * {EVENTS_OF_A_SHARE}");
            Some(ratio(Numerator::Bad, bad, format!("({share}) * 0 + {EVENTS_OF_A_SHARE}"), url))
        }
        (None, None, Some(plugin)) => {
            found.wrong(
                plugin,
                "a plugin makes this indicator when Sloth runs",
                "write out the `events` that it makes",
            );
            None
        }
        _ => {
            found.wrong(sli, "an indicator is exactly one of `events` and `raw`", "keep one of the two");
            None
        }
    }
}

/// An expression for one minute; `instead` is what is done with it.
fn expression(node: &Node, instead: &str, found: &mut Found) -> Option<String> {
    let minutely = minute(found.text(node)?.trim());
    if let Some(placeholder) = minutely.placeholder {
        found.wrong(node, format!("nobody can fill in `{{{{{placeholder}}}}}`"), "write out what it stands for");
        return None;
    }
    if minutely.had_window {
        let what = "`{{.window}}` is always one minute here";
        found.lost(node, what, format!("{instead}; scrape every 30 seconds"));
    } else {
        found.lost(node, "there is no `{{.window}}`", "the expression must count one minute");
    }
    Some(minutely.query)
}
