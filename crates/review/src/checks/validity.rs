//! Are the flows sound, and is there everything that they use?

use flow::chart::Chart;
use flow::lint::{self, Level, Library, Settings};

use super::charts;
use crate::catalogue::Check;
use crate::facts::{Facts, Flow};
use crate::finding::{Finding, Judged, Weight};
use crate::plan::Plan;
use crate::words::count;

pub(crate) struct Validity;

impl Check for Validity {
    fn judge(&self, plan: &Plan, facts: &Facts) -> Judged {
        let mut judged = Judged::default();
        let charts = charts(facts, &mut judged);
        let settings = Settings { calls_per_minute: Some(plan.load.calls_per_minute), ..Settings::default() };
        for (flow, chart) in &charts {
            lint(flow, chart, &settings, &mut judged);
            validation(flow, &mut judged);
            dependencies(flow, &mut judged);
        }
        judged.summary = format!("{} read and linted", count(charts.len(), "flow"));
        judged
    }
}

fn lint(flow: &Flow, chart: &Chart, settings: &Settings, judged: &mut Judged) {
    for finding in lint::flow(chart, settings, &Library::default()) {
        let weight = match finding.severity.level() {
            Level::Error => Weight::Blocks,
            Level::Warning => Weight::Warning,
            Level::Info => Weight::Info,
        };
        judged.findings.push(Finding {
            weight,
            about: flow.source.clone(),
            what: format!("{} ({})", finding.message, place(finding.rule.id, &finding.path)),
            fix: finding.fix,
            at: Some((finding.at.line, finding.at.column)),
        });
    }
}

fn place(rule: &str, path: &str) -> String {
    if path.is_empty() { rule.to_owned() } else { format!("{rule}, {path}") }
}

fn validation(flow: &Flow, judged: &mut Judged) {
    let validation = match &flow.validation {
        Ok(validation) => validation,
        Err(gap) => return judged.gap(&flow.name, gap),
    };
    for message in &validation.messages {
        let what = format!("The platform says: {}", message.text);
        match message.is_error && validation.is_valid != Some(true) {
            true => judged.blocks(&flow.name, what, "Correct it in Architect, or in the flow's file."),
            false => judged.add(Weight::Info, &flow.name, what, ""),
        }
    }
    match validation.is_valid {
        Some(true) => {}
        Some(false) if validation.messages.iter().any(|message| message.is_error) => {}
        Some(false) => judged.blocks(&flow.name, "The platform would not publish it.", "Validate it in Architect."),
        None => judged.add(
            Weight::Info,
            &flow.name,
            "Our own rules alone have judged it: the platform does not validate flows here, or does not have this one yet.",
            "",
        ),
    }
}

fn dependencies(flow: &Flow, judged: &mut Judged) {
    match &flow.missing {
        Ok(missing) => {
            for it in missing {
                let what = format!("It uses {} ({}), which the organisation does not have.", it.name, it.kind);
                judged.blocks(&flow.name, what, "Put it back, or publish a version without it.");
            }
        }
        Err(gap) => judged.gap(&flow.name, gap),
    }
}
