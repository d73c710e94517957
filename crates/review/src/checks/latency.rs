//! Do the integrations answer, and in time?

use std::time::Duration;

use crate::catalogue::Check;
use crate::facts::{Facts, Path, Probe, Sample};
use crate::finding::{Exhibit, Judged, Weight};
use crate::plan::Plan;
use crate::words::{count, time};

/// With more than this share of failed tries an integration does not answer, in per cent.
const FAILED_PERCENT: usize = 5;

pub(crate) struct Latency;

/// The percentiles of the tries that were answered well.
#[derive(Clone, Copy)]
struct Speed {
    p50: Duration,
    p95: Duration,
    p99: Duration,
    max: Duration,
}

impl Check for Latency {
    fn judge(&self, plan: &Plan, facts: &Facts) -> Judged {
        if plan.integrations.is_empty() {
            return Judged::skipped("the plan names no integrations");
        }
        let mut judged = Judged::default();
        states(facts, &mut judged);
        let mut rows = Vec::new();
        let mut bars = Vec::new();
        let mut tries = 0;
        for probe in &facts.probes {
            let samples = match &probe.samples {
                Ok(samples) => samples,
                Err(gap) => {
                    judged.gap(&probe.integration, gap);
                    continue;
                }
            };
            tries += samples.len();
            let speed = speed(samples);
            answered(probe, samples, speed, plan, &mut judged);
            rows.push(row(probe, samples, speed));
            let named = |what: &str| format!("{} {what}, {}", probe.integration, probe.vantage);
            let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
            bars.extend(speed.into_iter().flat_map(|it| {
                [("p50", it.p50), ("p95", it.p95), ("p99", it.p99)].map(|(what, time)| (named(what), ms(time)))
            }));
        }
        for planned in &plan.integrations {
            let is_probed = |probe: &&Probe| probe.integration == planned.name;
            let probes: Vec<&Probe> = facts.probes.iter().filter(is_probed).collect();
            if probes.is_empty() {
                let fix = "Name a Data Action of it in the plan, or an address that is asked from inside.";
                judged.add(Weight::Unknown, &planned.name, "Nobody has asked it anything.", fix);
            }
            for pair in probes.windows(2) {
                apart(pair[0], pair[1], plan, &mut judged);
            }
        }
        let columns = vec!["INTEGRATION", "FROM", "TRIES", "FAILED", "P50", "P95", "P99", "MAX"];
        judged.exhibits.push(Exhibit::Table { title: "How long integrations take".to_owned(), columns, rows });
        let limit = Some(plan.limits.latency.as_secs_f64() * 1_000.0);
        judged.exhibits.push(Exhibit::Bars { title: "Latency".to_owned(), unit: "ms", bars, limit });
        judged.summary = format!("{} asked {tries} times", count(plan.integrations.len(), "integration"));
        judged
    }
}

fn states(facts: &Facts, judged: &mut Judged) {
    let integrations = match &facts.integrations {
        Ok(integrations) => integrations,
        Err(gap) => return judged.gap(&facts.target, gap),
    };
    for it in integrations {
        match &it.state {
            _ if !it.exists => judged.add(
                Weight::Unknown,
                &it.name,
                "The organisation has no integration of this name.",
                "Correct its name in the plan.",
            ),
            Some(state) if state == "ACTIVE" => {}
            Some(state) => judged.blocks(
                &it.name,
                format!("It reports {state}: all of its Data Actions fail."),
                "See why under Admin, Integrations, and switch it on.",
            ),
            None => {
                judged.add(Weight::Unknown, &it.name, "It reports nothing.", "See it under Admin, Integrations.");
            }
        }
    }
}

fn answered(probe: &Probe, samples: &[Sample], speed: Option<Speed>, plan: &Plan, judged: &mut Judged) {
    let limit = plan.limits.latency;
    let failed: Vec<&String> = samples.iter().filter_map(|sample| sample.failed.as_ref()).collect();
    let from = &probe.vantage;
    match failed.first() {
        None => {}
        Some(why) if samples.len() * FAILED_PERCENT < failed.len() * 100 => judged.blocks(
            &probe.integration,
            format!("{} of {} tries from {from} failed, the first with: {why}", failed.len(), samples.len()),
            "Mend it, or what is behind it, before callers depend on it.",
        ),
        Some(why) => judged.warns(
            &probe.integration,
            format!("{} of {} tries from {from} failed, the first with: {why}", failed.len(), samples.len()),
            "See what its upstream says.",
        ),
    }
    let Some(speed) = speed else {
        if samples.is_empty() {
            judged.add(Weight::Unknown, &probe.integration, format!("Nothing was asked from {from}."), "");
        }
        return;
    };
    if limit < speed.p95 {
        judged.blocks(
            &probe.integration,
            format!(
                "One in twenty takes {} or longer from {from}, above the limit of {}, whatever it answers.",
                time(speed.p95),
                time(limit)
            ),
            "Make it faster, or answer callers without it: see the gateway's deadlines and fallbacks.",
        );
    } else if limit < speed.max {
        judged.warns(
            &probe.integration,
            format!("The slowest try from {from} took {}, above the limit of {}.", time(speed.max), time(limit)),
            "Ask more often (`samples`) to see how rare that is.",
        );
    }
}

/// A sandbox on a shorter way than production gives a false sense of security.
fn apart(one: &Probe, other: &Probe, plan: &Plan, judged: &mut Judged) {
    let median = |probe: &Probe| speed(probe.samples.as_deref().ok()?).map(|speed| speed.p50);
    if let (Some(a), Some(b)) = (median(one), median(other))
        && plan.limits.latency_gap <= a.abs_diff(b)
    {
        judged.warns(
            &one.integration,
            format!(
                "Half of the answers take {} from {} and {} from {}: what is seen here says little about there.",
                time(a),
                one.vantage,
                time(b),
                other.vantage
            ),
            "Lead both over the same network, or measure where callers are.",
        );
    }
    let (Some(a), Some(b)) = (&one.path, &other.path) else { return };
    for what in differences(a, b) {
        judged.warns(
            &one.integration,
            format!("{} and {} reach it by different ways: {what}.", one.vantage, other.vantage),
            "Lead both over the same network.",
        );
    }
}

fn differences(a: &Path, b: &Path) -> Vec<String> {
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
    let list = |all: &[String]| if all.is_empty() { "none".to_owned() } else { all.join(" ") };
    let seen = [("addresses", list(&a.addresses), list(&b.addresses)), ("proxy", or_none(&a.proxy), or_none(&b.proxy))];
    // What one of them was not shown is no difference.
    let told = [
        ("issuer of its certificate", or_none(&a.issuer), or_none(&b.issuer)),
        ("redirects", list(&a.redirects), list(&b.redirects)),
    ];
    let told = told.into_iter().filter(|_| a.answered && b.answered);
    let different = seen.into_iter().chain(told).filter(|(_, a, b)| a != b);
    different.map(|(what, a, b)| format!("{what} {a} and {b}")).collect()
}

/// The percentiles by nearest rank.
fn speed(samples: &[Sample]) -> Option<Speed> {
    let good = samples.iter().filter(|sample| sample.failed.is_none());
    let mut times: Vec<Duration> = good.map(|sample| sample.took).collect();
    times.sort();
    let at = |percent: usize| times.get((times.len() * percent).div_ceil(100).max(1) - 1).copied();
    Some(Speed { p50: at(50)?, p95: at(95)?, p99: at(99)?, max: *times.last()? })
}

fn row(probe: &Probe, samples: &[Sample], speed: Option<Speed>) -> Vec<String> {
    let failed = samples.iter().filter(|sample| sample.failed.is_some()).count();
    let shown = |of: fn(&Speed) -> Duration| speed.as_ref().map_or_else(|| "-".to_owned(), |speed| time(of(speed)));
    vec![
        probe.integration.clone(),
        probe.vantage.clone(),
        samples.len().to_string(),
        failed.to_string(),
        shown(|it| it.p50),
        shown(|it| it.p95),
        shown(|it| it.p99),
        shown(|it| it.max),
    ]
}
