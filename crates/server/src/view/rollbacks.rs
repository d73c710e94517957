//! Releases under watch, as the console says them.

use std::sync::Arc;

use api::{ArmedView, ReleaseView, RollbackList, WatchedFlow};
use jiff::{SignedDuration, Timestamp};

use super::Value;
use super::headline::Tone;
use crate::odds::{self, MINUTES_MAX, MinuteRow, OddsChart, odds, share, share_percent};
use crate::releases::DETAILED_MAX;
use crate::words;

/// A guard that has said nothing for this long is not known to look at anything.
const SILENT_AFTER: SignedDuration = SignedDuration::from_mins(10);
/// The most flows on the page.
const FLOWS_MAX: usize = 60;
/// The most releases on the page that are over.
const ENDED_MAX: usize = 30;
/// The most minutes in the table of a release that is one of many.
const ROWS_ON_CARD_MAX: usize = 30;
/// The most lines of a story; the first ones are left out.
const STORY_MAX: usize = 60;
/// The most sentences about what is the case.
const FINDINGS_MAX: usize = 6;

/// States in the order of their weight, with their class and what they are called.
const STATES: [(&str, &str, &str); 15] = [
    ("ASKED", "bad", "bad: waits for an approver"),
    ("CONFIRMED", "bad", "bad"),
    ("ROLLING_BACK", "bad", "being gone back"),
    ("SUSPECT", "degraded", "suspect"),
    ("VERIFYING", "degraded", "gone back: did it help?"),
    ("BLIND", "unknown", "not seen"),
    ("SHADOW", "unknown", "in maintenance: only looked at"),
    ("WATCHING", "well", "watched: nothing against it"),
    ("NOT_HELPED", "bad", "gone back: it did not help"),
    ("HANDED_OVER", "bad", "handed over to people"),
    ("UNSEEN", "unknown", "gone back: nobody saw whether it helped"),
    ("UNPROVEN", "unknown", "over: neither proved good nor bad"),
    ("OVERTAKEN", "unknown", "over: another version took its place"),
    ("RECOVERED", "well", "gone back: it helped"),
    ("CERTIFIED", "well", "proved good"),
];

/// Something that is to be known, the worst first.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Finding {
    pub(crate) tone: Tone,
    pub(crate) word: &'static str,
    pub(crate) sentence: String,
}

/// The page of releases.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RollbackPage {
    pub(crate) as_of: Option<String>,
    pub(crate) class: &'static str,
    pub(crate) tone: &'static str,
    pub(crate) sentence: String,
    pub(crate) others: Vec<String>,
    pub(crate) facts: Vec<(&'static str, Value)>,
    pub(crate) flows: Vec<FlowCard>,
    pub(crate) more_flows: usize,
    pub(crate) open: Vec<ReleaseCard>,
    pub(crate) more_open: usize,
    pub(crate) ended: Vec<EndedRow>,
    pub(crate) more_ended: usize,
}

/// A flow whose releases are watched.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FlowCard {
    pub(crate) name: String,
    pub(crate) class: &'static str,
    pub(crate) mode: &'static str,
    /// Why it is not watched.
    pub(crate) trouble: Option<String>,
    pub(crate) armed: Value,
    pub(crate) published: Value,
    pub(crate) normal: Value,
    pub(crate) history: Value,
}

/// A release, as a card or a page.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ReleaseCard {
    pub(crate) id: String,
    pub(crate) class: &'static str,
    pub(crate) state: String,
    pub(crate) version: String,
    pub(crate) name: String,
    pub(crate) why: String,
    pub(crate) facts: Vec<(&'static str, Value)>,
    /// Absent while its minutes cannot be read.
    pub(crate) chart: Option<OddsChart>,
    pub(crate) rows: Vec<MinuteRow>,
    /// Minutes that are left out of the table.
    pub(crate) more_rows: usize,
    pub(crate) story: Vec<(String, String)>,
    /// Lines of the story that are left out.
    pub(crate) earlier: usize,
    pub(crate) may_be_approved: bool,
    /// What it would be gone back to.
    pub(crate) back_to: Option<String>,
    pub(crate) proof: &'static str,
    pub(crate) proof_class: &'static str,
}

/// A release that is over.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EndedRow {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) published: String,
    pub(crate) class: &'static str,
    pub(crate) state: String,
    pub(crate) failed: String,
    pub(crate) normal: Value,
    pub(crate) odds: Value,
}

impl RollbackPage {
    /// Of what the guard says; `whole` has a release with its minutes.
    pub(crate) fn new(list: &RollbackList, whole: impl Fn(&str) -> Option<Arc<ReleaseView>>, now: Timestamp) -> Self {
        let (class, tone, sentence, others) = headline(list, now);
        let (mut open, ended): (Vec<_>, Vec<_>) = list.releases.iter().partition(|release| release.is_open);
        open.sort_by_key(|release| weight(&release.state));
        let card = |release: &&ReleaseView| match whole(&release.id) {
            Some(whole) => ReleaseCard::new(&whole, ROWS_ON_CARD_MAX, now),
            None => ReleaseCard::unread(release, now),
        };
        Self {
            as_of: list.at.map(|at| words::instant(at, now)),
            class,
            tone,
            sentence,
            others,
            facts: situation(list, now),
            flows: list.flows.iter().take(FLOWS_MAX).map(|flow| FlowCard::new(flow, now)).collect(),
            more_flows: list.flows.len().saturating_sub(FLOWS_MAX),
            open: open.iter().take(DETAILED_MAX).map(card).collect(),
            more_open: open.len().saturating_sub(DETAILED_MAX),
            ended: ended.iter().take(ENDED_MAX).map(|release| EndedRow::new(release, now)).collect(),
            more_ended: ended.len().saturating_sub(ENDED_MAX),
        }
    }
}

/// What is to be known of open releases, the worst first.
pub(crate) fn findings(list: &RollbackList) -> Vec<Finding> {
    let mut open: Vec<_> = list.releases.iter().filter(|release| release.is_open).collect();
    open.sort_by_key(|release| weight(&release.state));
    open.into_iter().filter_map(finding).take(FINDINGS_MAX).collect()
}

fn finding(release: &ReleaseView) -> Option<Finding> {
    let ReleaseView { name, version, .. } = release;
    let back = release.target.as_ref().or(release.before.as_ref());
    let to = back.map(|back| format!(" to version {back}")).unwrap_or_default();
    let (tone, word, sentence) = match release.state.as_str() {
        "ASKED" => {
            let text = format!("Version {version} of {name} is bad. Somebody must say whether to go back{to}.");
            (Tone::Bad, "an approver is waited for", text)
        }
        "CONFIRMED" => (Tone::Bad, "a release is bad", format!("Version {version} of {name} is bad.")),
        "ROLLING_BACK" => (Tone::Bad, "going back", format!("{name} is being gone back from version {version}{to}.")),
        "SUSPECT" => (Tone::Degraded, "a release is suspect", format!("Version {version} of {name} is suspect.")),
        "VERIFYING" => {
            let text = format!("{name} was gone back{to}; whether it has helped is being looked at.");
            (Tone::Degraded, "gone back", text)
        }
        "BLIND" => (Tone::Unknown, "not seen", format!("Nobody sees how version {version} of {name} fares.")),
        _ => return None,
    };
    Some(Finding { tone, word, sentence })
}

/// The one sentence, and what else is to be known.
fn headline(list: &RollbackList, now: Timestamp) -> (&'static str, &'static str, String, Vec<String>) {
    let mut all = findings(list);
    all.extend(silence(list, now));
    if let Some(trouble) = &list.trouble {
        let sentence = format!("Conversations are not being counted: {trouble}.");
        all.push(Finding { tone: Tone::Unknown, word: "not counting", sentence });
    }
    let unwatched: Vec<_> = list.flows.iter().filter(|flow| flow.trouble.is_some()).collect();
    if !unwatched.is_empty() {
        let names: Vec<_> = unwatched.iter().map(|flow| flow.name.as_str()).collect();
        let is = if names.len() == 1 { "is" } else { "are" };
        let sentence = format!("{} {is} not watched.", words::names(&names));
        all.push(Finding { tone: Tone::Degraded, word: "not all flows are watched", sentence });
    }
    if all.is_empty() {
        return well(list);
    }
    let Finding { tone, word, sentence } = all.remove(0);
    (tone.class(), word, sentence, all.into_iter().map(|finding| finding.sentence).collect())
}

fn silence(list: &RollbackList, now: Timestamp) -> Option<Finding> {
    let sentence = match list.at {
        None => "Nothing is known of any release yet.".to_owned(),
        Some(at) if SILENT_AFTER < now.duration_since(at) => {
            format!("The guard has said nothing for {}; how releases fare is not known.", words::age(at, now))
        }
        Some(_) => return None,
    };
    Some(Finding { tone: Tone::Unknown, word: "not known", sentence })
}

fn well(list: &RollbackList) -> (&'static str, &'static str, String, Vec<String>) {
    let open = list.releases.iter().filter(|release| release.is_open).count() as u64;
    let flows = words::counted(list.flows.len() as u64, "flow is", "flows are");
    let (class, tone, sentence) = match (list.flows.len(), open) {
        (0, _) => ("unknown", "not known", "No flow is watched yet.".to_owned()),
        (_, 0) => ("well", "well", "No release is being watched.".to_owned()),
        (_, 1) => ("well", "well", "One release is being watched; nothing is known against it.".to_owned()),
        (_, open) => ("well", "well", format!("{open} releases are being watched; nothing is known against them.")),
    };
    let others = if list.flows.is_empty() { Vec::new() } else { vec![format!("{flows} watched after each publish.")] };
    (class, tone, sentence, others)
}

/// Who goes back, whether anything may begin, and by which rule.
fn situation(list: &RollbackList, now: Timestamp) -> Vec<(&'static str, Value)> {
    if list.at.is_none() {
        return Vec::new();
    }
    let known = |text: String| Value::Known(text);
    let locked = list.locked_until.filter(|until| now < *until);
    let locked = locked.map_or_else(
        || "no".to_owned(),
        |until| format!("until {}, for {} more", words::instant(until, now), words::age(now, until)),
    );
    let RollbackList { policy, false_rollbacks_per_year: wrong, releases_per_year: of, .. } = list;
    let rule = match policy.as_str() {
        "evidence" => "the evidence",
        "guide" => "the guide's rule",
        "both" => "the evidence and the guide's rule, when both agree",
        other => other,
    };
    let last = list.last.as_ref().map_or_else(
        || "none yet".to_owned(),
        |last| format!("{} at {}: {}", last.flow, words::instant(last.at, now), last.what),
    );
    vec![
        ("going back now", known(list.open.clone().unwrap_or_else(|| "nothing".to_owned()))),
        ("the last one", known(last)),
        ("locked out", known(locked)),
        ("in charge", known(if list.is_leader { "this controller" } else { "another controller" }.to_owned())),
        ("decided by", known(rule.to_owned())),
        ("put up with", known(format!("{} false in {of} releases a year", words::rate(*wrong)))),
    ]
}

impl FlowCard {
    fn new(flow: &WatchedFlow, now: Timestamp) -> Self {
        let mode = match flow.mode.as_str() {
            "observe" => "only looks",
            "recommend" => "recommends",
            "approve" => "asks an approver",
            "automatic" => "goes back by itself",
            _ => "not known",
        };
        let is_armed = flow.armed.as_ref().map(|armed| armed.is_armed);
        let class = match (&flow.trouble, flow.mode.as_str(), is_armed) {
            (Some(_), ..) => "unknown",
            // What is to go back by itself and may not has to be seen.
            (None, "automatic", Some(false)) => "degraded",
            (None, "automatic", None) => "unknown",
            (None, ..) => "well",
        };
        let published = flow.published.as_ref().map(|version| match flow.published_at {
            Some(at) => format!("{version} since {}", words::instant(at, now)),
            None => version.clone(),
        });
        let is_known = flow.trouble.is_none();
        Self {
            name: flow.name.clone(),
            class,
            mode,
            trouble: flow.trouble.clone(),
            armed: armed(flow.armed.as_ref()),
            published: value(published),
            normal: value(flow.normal_percent.map(|normal| format!("{} fail", share_percent(normal)))),
            history: value(is_known.then(|| words::counted(flow.history_minutes.into(), "minute", "minutes"))),
        }
    }
}

fn armed(armed: Option<&ArmedView>) -> Value {
    value(armed.map(|ArmedView { is_armed, tried, fired, .. }| {
        let of = words::counted((*tried).into(), "minute", "minutes");
        match is_armed {
            true => format!("yes: no false alarm in {of} of its past"),
            false => {
                format!("no: {} in {of} of its past", words::counted((*fired).into(), "false alarm", "false alarms"))
            }
        }
    }))
}

impl ReleaseCard {
    /// With at most so many minutes in its table.
    pub(crate) fn new(release: &ReleaseView, rows_max: usize, now: Timestamp) -> Self {
        let rows = odds::rows(release, rows_max, now);
        let (proof_class, proof) = match release.is_reproduced {
            Some(true) => ("quiet", "Made again from what was kept, the decision came out the same, bit for bit."),
            Some(false) => ("trouble", "Made again from what was kept, the decision came out differently: a defect."),
            None => ("unknown", "Whether the decision comes out the same when it is made again is not known."),
        };
        Self {
            chart: Some(OddsChart::new(release, now)),
            more_rows: release.minutes.len().saturating_sub(rows_max.min(MINUTES_MAX)),
            rows,
            proof,
            proof_class,
            ..Self::unread(release, now)
        }
    }

    /// With every minute.
    pub(crate) fn whole(release: &ReleaseView, now: Timestamp) -> Self {
        Self::new(release, MINUTES_MAX, now)
    }

    /// Without its minutes.
    fn unread(release: &ReleaseView, now: Timestamp) -> Self {
        let (class, state) = state(&release.state);
        let line = |line: &api::StoryLine| (words::instant(line.at, now), unbroken(&line.what));
        let earlier = release.story.len().saturating_sub(STORY_MAX);
        Self {
            id: release.id.clone(),
            class,
            state,
            version: release.version.clone(),
            name: release.name.clone(),
            why: unbroken(&release.why),
            facts: facts(release, now),
            chart: None,
            rows: Vec::new(),
            more_rows: 0,
            story: release.story.iter().skip(earlier).map(line).collect(),
            earlier,
            may_be_approved: release.state == "ASKED",
            back_to: release.target.clone().or_else(|| release.before.clone()),
            proof: "",
            proof_class: "quiet",
        }
    }
}

/// A sentence of the guard, in which a number and its unit stay on one line.
fn unbroken(sentence: &str) -> String {
    sentence.replace(" %", "\u{a0}%").replace(" : 1", "\u{a0}:\u{a0}1")
}

fn facts(release: &ReleaseView, now: Timestamp) -> Vec<(&'static str, Value)> {
    let known = |text: String| Value::Known(text);
    let ReleaseView { errors, conversations, minute, length, .. } = release;
    let failed = if *conversations == 0 {
        Value::Unknown
    } else {
        let of = words::counted(*conversations, "conversation", "conversations");
        known(format!("{} of {of}, {}", words::count(*errors), share(*errors, *conversations)))
    };
    let normal = release.normal_percent.map(|normal| match release.normal_percent_max {
        Some(max) => format!("{}, {} at most", share_percent(normal), share_percent(max)),
        None => share_percent(normal),
    });
    // Lists leave it out, and then it is not unknown.
    let truly = release.share_percent_min.zip(release.share_percent_max);
    let truly =
        truly.map(|(min, max)| known(format!("{} to {}, in 95 of 100 cases", share_percent(min), share_percent(max))));
    let by = release.published_by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
    let mut facts = vec![
        ("odds against", value(release.odds.filter(|_| 0 < *minute).map(odds))),
        ("bad from", known(odds(release.odds_needed))),
        ("failed", failed),
        ("normal", value(normal)),
        ("tolerated", value(release.tolerated_percent.map(share_percent))),
        ("weighed", known(format!("{minute} of {}", words::counted((*length).into(), "minute", "minutes")))),
        ("published", known(format!("{}{by}", words::instant(release.published_at, now)))),
        ("before it", value(release.before.as_ref().map(|before| format!("version {before}")))),
        ("mode", known(release.mode.clone())),
    ];
    facts.extend(truly.map(|truly| ("true share", truly)));
    facts.extend(release.target.as_ref().map(|target| ("gone back to", known(format!("version {target}")))));
    facts.extend(release.recovery_odds.map(|helped| ("it helped", known(format!("{} for it", odds(helped))))));
    facts
}

impl EndedRow {
    fn new(release: &ReleaseView, now: Timestamp) -> Self {
        let (class, state) = state(&release.state);
        Self {
            id: release.id.clone(),
            name: release.name.clone(),
            version: release.version.clone(),
            published: words::instant(release.published_at, now),
            class,
            state,
            failed: share(release.errors, release.conversations),
            normal: value(release.normal_percent.map(share_percent)),
            odds: value(release.odds.map(odds)),
        }
    }
}

fn state(state: &str) -> (&'static str, String) {
    let found = STATES.iter().find(|(word, ..)| *word == state);
    found.map_or(("unknown", state.to_owned()), |(_, class, text)| (class, (*text).to_owned()))
}

fn weight(state: &str) -> usize {
    STATES.iter().position(|(word, ..)| *word == state).unwrap_or(STATES.len())
}

fn value(text: Option<String>) -> Value {
    text.map_or(Value::Unknown, Value::Known)
}
