//! `steadyline rollback backtest`: what the guard would have made of releases of the past.

mod csv;

use std::path::PathBuf;

use api::Exit;
use base::{Minute, Minutes};
use clap::{Args, ValueEnum};
use rollback::evidence::ALPHA_MIN;
use rollback::replay::{self, Armed, Decision, Judged};
use rollback::{Observation, Policy, Rule, words};
use serde_json::{Value, json};

use crate::settings::{Format, Global};
use crate::{Ended, output};
use csv::{Flow, Scale};

/// The longest history: half a year.
const HISTORY_MAX: u32 = 262_080;

/// Replays the release of each flow in a file, minute by minute, as the guard watches live.
#[derive(Debug, Args)]
pub(crate) struct Backtest {
    /// CSV with `minute` (RFC 3339, or a number), `flow`, `total` and `errors`, and `sibling_total` and `sibling_errors`
    /// where there are sibling flows; `-` is stdin. A minute that is not there is one of which nothing is known.
    #[arg(long, value_name = "FILE")]
    csv: PathBuf,
    /// Whose word counts: the guide's rule, the evidence, or both when they agree.
    #[arg(long, value_name = "RULE", default_value = "evidence")]
    policy: Named,
    /// The chance that a healthy release is ever gone back from: the false rollbacks that are allowed in a year, divided
    /// by the releases of a year.
    #[arg(long, value_name = "CHANCE", default_value = "0.0001", value_parser = alpha)]
    alpha: f64,
    /// So many minutes of each flow come before the release and say what is normal.
    #[arg(long, value_name = "MINUTES", default_value_t = 40_320, value_parser = clap::value_parser!(u32).range(1..=i64::from(HISTORY_MAX)))]
    history_minutes: u32,
    /// Take every minute of the history for a release that changed nothing, too: how many would be gone back from?
    #[arg(long)]
    arm: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Named {
    Guide,
    Evidence,
    Both,
}

/// A flow whose release was replayed.
struct Played {
    flow: String,
    judged: Judged,
    explanation: String,
    armed: Option<Armed>,
}

pub(super) fn run(backtest: &Backtest, global: &Global) -> Ended {
    let policy = Policy { rule: backtest.policy.rule(), alpha: backtest.alpha, ..Policy::default() };
    let counts = csv::read(&backtest.csv)?;
    let played = counts.flows.iter().map(|flow| play(backtest, &policy, flow, counts.scale, counts.last));
    match global.format {
        Format::Json => {
            let flows: Vec<_> = played.map(|played| played.to_json(backtest.policy)).collect();
            output::json(&json!({ "flows": flows }));
        }
        Format::Text => played.for_each(|played| played.tell()),
    }
    Ok(Exit::Done)
}

fn play(backtest: &Backtest, policy: &Policy, flow: &Flow, scale: Scale, last: Minute) -> Played {
    let publish = flow.first() + Minutes::new(backtest.history_minutes);
    let history: Vec<_> = flow.minutes(flow.first(), publish).collect();
    let terms = replay::learn(policy, &history);
    let judged = replay::judge(&terms, flow.minutes(publish, last + Minutes::new(1)));
    let label = |minute: u32| match scale {
        Scale::Instants => (publish + Minutes::new(minute) - Minutes::new(1)).to_string(),
        Scale::Numbers => format!("minute {minute} after the publish"),
    };
    let explanation = words::judged(&judged, label);
    let armed = backtest.arm.then(|| replay::arm(&terms, &history));
    Played { flow: flow.name.clone(), judged, explanation, armed }
}

impl Played {
    fn to_json(&self, policy: Named) -> Value {
        let Judged { decision, finding, .. } = &self.judged;
        let minute = (*decision == Decision::Rollback).then_some(finding.minute);
        let mut value = json!({
            "flow": self.flow,
            "policy": policy.word(),
            "decision": word(*decision),
            "minute": minute,
            "evidence": finding.odds,
            "explanation": self.explanation,
        });
        if let Some(Armed { tried, fired, .. }) = self.armed {
            value["arming"] = json!({ "tried": tried, "fired": fired });
        }
        value
    }

    fn tell(&self) {
        output::line(format_args!("{}: {}", self.flow, word(self.judged.decision)));
        output::line(format_args!("  {}", self.explanation));
        if let Some(Armed { tried, fired, .. }) = self.armed {
            output::line(format_args!(
                "  Of {tried} releases that changed nothing it would have gone back from {fired}."
            ));
        }
    }
}

impl Named {
    const fn rule(self) -> Rule {
        match self {
            Self::Guide => Rule::Guide,
            Self::Evidence => Rule::Evidence,
            Self::Both => Rule::Both,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Guide => "guide",
            Self::Evidence => "evidence",
            Self::Both => "both",
        }
    }
}

const fn word(decision: Decision) -> &'static str {
    match decision {
        Decision::Rollback => "rollback",
        Decision::None => "none",
        Decision::Blind => "blind",
    }
}

fn alpha(text: &str) -> Result<f64, String> {
    let alpha: f64 = text.parse().map_err(|_| "write a number, such as 0.0001".to_owned())?;
    if (ALPHA_MIN..1.0).contains(&alpha) {
        Ok(alpha)
    } else {
        Err(format!("a chance is at least {ALPHA_MIN:e} and below 1"))
    }
}

/// What is known of a minute.
type Row = (Minute, Observation);
