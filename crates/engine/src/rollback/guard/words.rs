//! What happened to releases, in sentences without a full stop.

use base::{Minute, Minutes, Ppm};
use rollback::act::Outcome;
use rollback::release::{By, End, Facts, Release, Why};
use rollback::watch::Finding;
use rollback::{Mode, Terms};

use super::super::organisation::Flow;
use super::Policy;

/// Why a release stands as it does, with every number; whole sentences.
pub(super) fn why(release: &Release) -> String {
    found(release, &release.finding())
}

fn found(release: &Release, finding: &Finding) -> String {
    let published = Minute::of(release.facts.at);
    let label =
        |minute: u32| (published + Minutes::new(minute.saturating_sub(1))).start().strftime("%H:%MZ").to_string();
    rollback::words::why(&release.terms, finding, label)
}

/// The share of conversations that failed, and the one that was put up with.
pub(super) fn rates(release: &Release) -> (Ppm, Ppm) {
    let finding = release.finding();
    let counted = if finding.trace.counted.whole > 0 { Some(finding.trace.counted) } else { finding.row };
    let rate = counted.map_or(0.0, |counted| counted.part as f64 / counted.whole.max(1) as f64);
    let threshold = if release.terms.baseline().is_some() {
        finding.tolerated
    } else {
        f64::from(release.terms.policy().guide.trip.get()) / 1e6
    };
    (share(rate), share(threshold))
}

fn share(share: f64) -> Ppm {
    // A share between 0 and 1 fits.
    Ppm::new((share.clamp(0.0, 1.0) * 1e6).round() as u32).unwrap_or(Ppm::ONE)
}

fn name(facts: &Facts) -> String {
    format!("version {} of {}", facts.version, facts.name)
}

fn sentence(text: &str) -> &str {
    text.trim_end().trim_end_matches('.')
}

pub(super) fn seen(facts: &Facts, terms: &Terms) -> String {
    let by = facts.by.as_ref().map_or_else(String::new, |by| format!(" by {by}"));
    let instead = facts.before.as_ref().map_or_else(String::new, |before| format!(" in place of {before}"));
    let length = terms.length().get();
    format!("{} was published{by}{instead}; it is watched for {length} minutes {}", name(facts), against(terms))
}

pub(super) fn learned(terms: &Terms) -> String {
    format!("more of the flow's past was read; its callers are weighed {}", against(terms))
}

fn against(terms: &Terms) -> String {
    match terms.baseline() {
        Some(baseline) => format!("against {} minutes of its past", baseline.minutes),
        None => "without a past to compare them with".to_owned(),
    }
}

pub(super) fn published(flow: &Flow) -> String {
    match &flow.version {
        Some(version) => format!("version {version} of {} was published", flow.name),
        None => format!("{} has no published version any more", flow.name),
    }
}

pub(super) fn suspected(release: &Release, finding: &Finding) -> String {
    format!("{} is suspect: {}", name(&release.facts), sentence(&found(release, finding)))
}

pub(super) fn confirmed(release: &Release, finding: &Finding) -> String {
    format!("{} is bad: {}", name(&release.facts), sentence(&found(release, finding)))
}

pub(super) fn suppressed(release: &Release, finding: &Finding) -> String {
    let what = name(&release.facts);
    format!("{what} would be bad, but there is maintenance: {}", sentence(&found(release, finding)))
}

pub(super) fn held_off(release: &Release) -> String {
    format!("{} would be gone back from now, but there is maintenance", name(&release.facts))
}

pub(super) fn calmed(facts: &Facts) -> String {
    format!("{} is no longer suspect", name(facts))
}

pub(super) fn blind(facts: &Facts, trouble: Option<&str>) -> String {
    let why = trouble.map_or_else(String::new, |trouble| format!(" ({trouble})"));
    format!("nothing is known of the callers of {}{why}: it is neither good nor bad, and nothing is done", name(facts))
}

pub(super) fn sighted(facts: &Facts) -> String {
    format!("callers of {} are counted again", name(facts))
}

pub(super) fn proved(facts: &Facts) -> String {
    format!("{} was proved good; it is watched on", name(facts))
}

pub(super) fn asked(release: &Release, why: &Why) -> String {
    let (what, facts) = (name(&release.facts), &release.facts);
    let to = facts.before.as_ref().map_or_else(String::new, |before| format!(" (before it: {before})"));
    match why {
        Why::Mode(Mode::Approve) => format!("{what} is bad; going back{to} waits for an approver"),
        Why::Mode(Mode::Observe | Mode::Recommend | Mode::Automatic) => {
            format!("{what} is bad; going back{to} is recommended")
        }
        Why::NotArmed => {
            format!(
                "{what} is bad; it is not gone back automatically, since its own past was not asked, or has false alarms"
            )
        }
        Why::Refused(refusal) => format!("{what} is bad and is not gone back from: {refusal}"),
        Why::NotDone(outcome) => {
            let why = self::outcome(outcome);
            // Somebody may have wished it, whatever is known of the release.
            let is_bad = if release.watch().is_against() { " is bad, and" } else { ":" };
            format!("{what}{is_bad} going back came to nothing: {why}")
        }
    }
}

/// A flow that is to be watched is missing.
pub(super) fn missing(name: &str, why: Option<&str>) -> String {
    let why = why.unwrap_or("the platform does not have it");
    format!("releases of {name} are not watched: {why}. Correct it under `rollback` in the configuration")
}

/// What became of going back.
pub(super) fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Live(version) | Outcome::Overtaken(Some(version)) => format!("callers get {version}"),
        Outcome::Overtaken(None) => "no version is published".to_owned(),
        Outcome::NoTarget => "there is no version to go back to".to_owned(),
        Outcome::Locked(by) => format!("{by} has the flow locked"),
        Outcome::Gone => "the flow is gone".to_owned(),
        Outcome::Refused(why) => format!("the platform refuses: {why}"),
        Outcome::GivenUp => "the platform did not do it in half an hour".to_owned(),
    }
}

pub(super) fn begun(facts: &Facts, by: &By) -> String {
    match by {
        By::Watch => format!("going back from {} has begun", name(facts)),
        By::Person(who) => format!("going back from {} has begun; {who} said so", name(facts)),
    }
}

pub(super) fn wanted(facts: &Facts, who: &str) -> String {
    format!("{who} wants {} to be gone back from", name(facts))
}

pub(super) fn late_by_hand(flow: &str) -> String {
    format!("going back from the present version of {flow}, as somebody wanted, takes long; it goes on")
}

pub(super) fn not_done_by_hand(flow: &str, outcome: &Outcome) -> String {
    format!("somebody wanted {flow} to go back, and it came to nothing: {}", self::outcome(outcome))
}

pub(super) fn late(facts: &Facts) -> String {
    format!("going back from {} takes long; it goes on", name(facts))
}

pub(super) fn went_back(release: &Release, target: &str) -> String {
    let percent = |share: Ppm| rollback::words::percent(f64::from(share.get()) / 1e6);
    let (rate, threshold) = rates(release);
    let (rate, threshold) = (percent(rate), percent(threshold));
    let Facts { name, version, .. } = &release.facts;
    format!("{name} from {version} to {target}, since {rate} of its callers failed (tolerated: {threshold})")
}

pub(super) fn ended(release: &Release, end: &End) -> String {
    let facts = &release.facts;
    let what = name(facts);
    let counted = release.proof().map(|proof| proof.recovery.counted());
    let since = counted.map_or_else(String::new, |counted| {
        format!(": {} of {} callers have failed since", counted.part, counted.whole)
    });
    match end {
        End::Certified => format!("{what} was proved good"),
        End::Unproven => format!("the time of {what} is over; it was neither proved good nor bad"),
        End::Recovered => format!("going back from {what} has helped{since}"),
        End::NotHelped => {
            format!(
                "going back from {what} has not helped{since}. The trouble is elsewhere; nothing more is done by itself"
            )
        }
        End::Unseen => format!("whether going back from {what} has helped is not known{since}"),
        End::Overtaken(Some(version)) => format!("version {version} of {} was published in its place", facts.name),
        End::Overtaken(None) => format!("{} has no published version any more", facts.name),
        End::Left => format!("the time of {what} is over; it was bad, and nobody has gone back from it"),
        End::Gone => format!("{} is gone", facts.name),
        End::Dropped => format!("{} is no longer watched", facts.name),
    }
}

pub(super) fn hold(release: &Release) -> String {
    format!("{} is suspect or bad, and no other goes out before that is settled", name(&release.facts))
}

/// The policy under which a past was asked: another one must ask again.
pub(super) fn mark(policy: &Policy) -> String {
    format!("{:?}", policy.watch)
}
