//! What is left, and why.

use api::{AlertView, BudgetList, BurnView, ExhaustionView, Exit, ObjectiveView};
use budget::Minutes;
use engine::budget::words::span;
use miette::IntoDiagnostic as _;

use crate::client::{Server, segment};
use crate::settings::{Format, Global};
use crate::{Ended, output};

/// The worst first.
const STANDINGS: [&str; 6] = ["blind", "paging", "spent", "ticket", "unknown", "good"];

pub(super) async fn list(server: &Server, global: &Global) -> Ended {
    let list: BudgetList = server.get("/api/v1/budget").await?;
    if global.format == Format::Json {
        output::json(&serde_json::to_value(&list).into_diagnostic()?);
        return Ok(Exit::Done);
    }
    if list.objectives.is_empty() {
        output::line("no objectives; docs/objectives.md says how to define some");
        return Ok(Exit::Done);
    }
    let mut objectives = list.objectives;
    objectives.sort_by_key(|objective| STANDINGS.iter().position(|word| *word == objective.standing));
    let rows: Vec<_> = objectives.iter().map(row).collect();
    output::table(&["ID", "STANDING", "LEFT", "BURN", "GONE", "WINDOW", "TARGET", "SOURCE"], &rows);
    if !list.flows.is_empty() {
        output::line("");
        let rows: Vec<_> = list
            .flows
            .iter()
            .map(|flow| {
                let since = flow.since.map_or_else(|| "-".to_owned(), |at| format!("{at:.0}"));
                vec![flow.flow.clone(), flow.mode.clone(), since, flow.objectives.join(", ")]
            })
            .collect();
        output::table(&["FLOW", "MODE", "SINCE", "OBEYS"], &rows);
    }
    Ok(Exit::Done)
}

pub(super) async fn one(server: &Server, id: &str, global: &Global) -> Ended {
    let objective: ObjectiveView = server.get(&format!("/api/v1/budget/{}", segment(id)?)).await?;
    if global.format == Format::Json {
        output::json(&serde_json::to_value(&objective).into_diagnostic()?);
        return Ok(Exit::Done);
    }
    output::line(format_args!("{} ({}): {}", objective.name, objective.id, objective.standing));
    let facts = [
        ("left", percent(objective.remaining_percent)),
        ("left without maintenance and resets", percent(objective.raw_remaining_percent)),
        ("left of the events so far alone", percent(objective.to_date_remaining_percent)),
        ("burn rate", rate(objective.burn_rate)),
        ("burn rate of the last six hours", rate(objective.recent_burn_rate)),
        ("gone", gone(&objective.exhaustion)),
        ("target", format!("{} % of {}", objective.target_percent, objective.budgeting)),
        ("window", format!("{}, since {:.0}", objective.window, objective.window_start)),
        ("measured since", format!("{:.0}", objective.measured_from)),
        ("source", source(&objective)),
    ];
    let shown = facts.into_iter().filter(|(_, value)| value != "-");
    let rows: Vec<_> = shown.map(|(name, value)| vec![name.to_owned(), value]).collect();
    output::table(&["", ""], &rows);
    if !objective.alerts.is_empty() {
        output::line("");
        let rows: Vec<_> = objective.alerts.iter().map(alert).collect();
        output::table(&["ALERT", "STATE", "FROM", "LONG", "BURN", "SHORT", "BURN"], &rows);
    }
    Ok(Exit::Done)
}

pub(super) async fn explain(server: &Server, id: &str, global: &Global) -> Ended {
    let objective: ObjectiveView = server.get(&format!("/api/v1/budget/{}", segment(id)?)).await?;
    match global.format {
        Format::Json => output::json(&serde_json::json!({
            "id": objective.id, "standing": objective.standing, "why": objective.why,
        })),
        Format::Text => {
            output::line(format_args!("{} ({}): {}", objective.name, objective.id, objective.standing));
            for line in &objective.why {
                output::line(line);
            }
        }
    }
    Ok(Exit::Done)
}

pub(super) async fn burn(server: &Server, id: &str, start: Option<&str>, end: Option<&str>, global: &Global) -> Ended {
    let asked = [("start", start), ("end", end)].into_iter().filter_map(|(name, value)| Some((name, value?)));
    let query = serde_urlencoded(asked);
    let burn: BurnView = server.get(&format!("/api/v1/budget/{}/burn{query}", segment(id)?)).await?;
    match global.format {
        Format::Json => output::json(&serde_json::to_value(&burn).into_diagnostic()?),
        Format::Text => output::line(format_args!(
            "{}: burn rate {} from {:.0} to {:.0}; {} of {} were bad",
            burn.id,
            rate(burn.burn_rate),
            burn.start,
            burn.end,
            burn.counts.bad,
            burn.counts.total
        )),
    }
    // A pipeline must not read "not known" as a number.
    Ok(if burn.data_available { Exit::Done } else { Exit::Unknown })
}

fn serde_urlencoded<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs);
    let query = query.finish();
    if query.is_empty() { query } else { format!("?{query}") }
}

fn row(objective: &ObjectiveView) -> Vec<String> {
    vec![
        objective.id.clone(),
        objective.standing.clone(),
        percent(objective.remaining_percent),
        rate(objective.burn_rate),
        gone(&objective.exhaustion),
        objective.window.clone(),
        format!("{} %", objective.target_percent),
        source(objective),
    ]
}

fn alert(alert: &AlertView) -> Vec<String> {
    vec![
        alert.severity.clone(),
        alert.state.clone(),
        alert.threshold.to_string(),
        alert.long_window.clone(),
        rate(alert.long_burn_rate),
        alert.short_window.clone(),
        rate(alert.short_burn_rate),
    ]
}

fn source(objective: &ObjectiveView) -> String {
    let age = objective
        .age_minutes
        .map_or_else(|| "no counts yet".to_owned(), |age| format!("{} old", span(Minutes::new(age))));
    match &objective.source.trouble {
        Some(trouble) => format!("{}, {age}: {trouble}", objective.source.kind),
        None => format!("{}, {age}", objective.source.kind),
    }
}

fn gone(exhaustion: &ExhaustionView) -> String {
    let within =
        |minutes: Option<u32>| minutes.map_or_else(|| "never".to_owned(), |minutes| span(Minutes::new(minutes)));
    match exhaustion {
        ExhaustionView { is_spent: true, .. } => "spent".to_owned(),
        ExhaustionView { is_known: false, .. } => "?".to_owned(),
        ExhaustionView { expected_minutes: None, .. } => "not within the window".to_owned(),
        ExhaustionView { expected_minutes, earliest_minutes, latest_minutes, .. } => {
            let (early, late) = (within(*earliest_minutes), within(*latest_minutes));
            format!("in {} ({early} to {late})", within(*expected_minutes))
        }
    }
}

fn percent(percent: Option<f64>) -> String {
    percent.map_or_else(|| "-".to_owned(), |percent| format!("{percent:.1} %"))
}

fn rate(rate: Option<f64>) -> String {
    rate.map_or_else(|| "-".to_owned(), |rate| format!("{rate:.2}"))
}
