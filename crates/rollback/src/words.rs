//! Decisions in words, made of the numbers that they were made by.

use std::fmt::Write as _;

use crate::replay::{Decision, Judged};
use crate::watch::{Finding, Rule, Terms};

/// Why a replayed release was decided as it was; `label` names a minute after the publish.
pub fn judged(judged: &Judged, label: impl Fn(u32) -> String) -> String {
    let Judged { terms, decision, finding } = judged;
    match decision {
        Decision::Rollback => {
            format!("Back to the version before at {}. {}", label(finding.minute), why(terms, finding, &label))
        }
        Decision::None => {
            format!("Nothing to go back for until {}. {}", label(finding.minute), why(terms, finding, &label))
        }
        Decision::Blind if finding.minute == 0 => "There is no minute after the publish.".to_owned(),
        Decision::Blind if terms.baseline().is_none() && terms.policy().rule != Rule::Guide => {
            "Nothing is known of what is normal for this flow: no conversation in its history.".to_owned()
        }
        Decision::Blind => {
            format!("Nothing is known of the minutes before {}: neither good nor bad.", label(finding.minute))
        }
    }
}

/// What speaks for and against a release.
pub fn why(terms: &Terms, finding: &Finding, label: impl Fn(u32) -> String) -> String {
    let mut text = String::new();
    let rule = terms.policy().rule;
    if rule != Rule::Evidence {
        guide(&mut text, terms, finding);
    }
    if rule != Rule::Guide {
        evidence(&mut text, terms, finding, label);
    }
    text.trim_end().to_owned()
}

fn guide(text: &mut String, terms: &Terms, finding: &Finding) {
    let policy = terms.policy().guide;
    let (trip, minutes) = (policy.trip, policy.minutes);
    let _ = match finding.row {
        Some(row) => write!(
            text,
            "{} of {} conversations failed ({}) in {minutes} minutes in a row above {trip}. ",
            row.part,
            row.whole,
            percent(row.part as f64 / row.whole.max(1) as f64),
        ),
        None => write!(text, "The rate of errors was not above {trip} for {minutes} minutes in a row. "),
    };
}

fn evidence(text: &mut String, terms: &Terms, finding: &Finding, label: impl Fn(u32) -> String) {
    let Some(baseline) = terms.baseline() else {
        text.push_str("Nothing is known of what is normal for this flow.");
        return;
    };
    let counted = finding.trace.counted;
    if counted.whole > 0 {
        let rate = percent(counted.part as f64 / counted.whole as f64);
        let (bad, all, since) = (counted.part, counted.whole, label(finding.trace.since));
        let _ = write!(text, "{bad} of {all} conversations have failed since {since} ({rate}). ");
    }
    let (share, upper) = (percent(baseline.share), percent(baseline.upper));
    let tolerated = percent(terms.tolerated());
    let _ = write!(text, "Normal for this flow is {share}, {upper} at most; {tolerated} is tolerated. ");
    let (odds, needed) = (odds(finding.odds), odds(terms.needed()));
    let _ = write!(text, "The odds against a healthy release are {odds} (needed: {needed})");
    let _ = match finding.trace.bad_minutes {
        0 => write!(text, ". "),
        1 => write!(text, ", from one bad minute. "),
        bad => write!(text, ", from {bad} bad minutes. "),
    };
    if let Some(ratio) = finding.siblings {
        let _ = write!(text, "Its siblings fail {ratio:.1} times as often as is normal for them");
        let _ = if terms.tolerated() < finding.tolerated {
            write!(text, ", so {} is tolerated for now.", percent(finding.tolerated))
        } else {
            write!(text, ", which is no sign of trouble with the platform.")
        };
    }
}

/// A share in percent, with as many digits as say something.
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent < 10.0 { format!("{percent:.2} %") } else { format!("{percent:.1} %") }
}

/// Greater odds are said as these; the evidence has a bound of its own, and policies may need more than it has.
const ODDS_SAID_MAX: f64 = 1e18;

/// Odds as `31,000 : 1`, to two digits.
fn odds(odds: f64) -> String {
    if odds < 1.0 {
        return "below 1 : 1".to_owned();
    }
    if odds < 100.0 {
        return format!("{odds:.1} : 1");
    }
    // Neither logarithm nor power leaves what a u64 holds.
    let odds = odds.min(ODDS_SAID_MAX);
    let unit = 10u64.pow(odds.log10() as u32 - 1);
    let rounded = (odds / unit as f64) as u64 * unit;
    let digits = rounded.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text.push_str(" : 1");
    text
}
