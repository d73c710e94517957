//! Reviews of launches, as the console says them.

use api::{ReviewCheck, ReviewExhibit, ReviewFinding, ReviewList, ReviewMark, ReviewView, ReviewedPlan};
use jiff::Timestamp;

use super::Value;
use crate::words;

/// The most plans on the page.
const PLANS_MAX: usize = 60;
/// The most sentences about what is the case.
const SENTENCES_MAX: usize = 6;
/// A table with more rows is folded.
const ROWS_OPEN_MAX: usize = 12;

/// The page of all plans.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ReviewsPage {
    pub(crate) class: &'static str,
    pub(crate) tone: &'static str,
    pub(crate) sentence: String,
    pub(crate) others: Vec<String>,
    pub(crate) is_leader: bool,
    pub(crate) plans: Vec<PlanCard>,
    pub(crate) more: usize,
}

/// A plan at a target.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PlanCard {
    pub(crate) plan: String,
    pub(crate) target: String,
    pub(crate) class: &'static str,
    pub(crate) state: &'static str,
    pub(crate) is_running: bool,
    pub(crate) summary: Option<String>,
    /// The id of its last review.
    pub(crate) last: Option<String>,
    pub(crate) facts: Vec<(&'static str, Value)>,
    /// The latest last.
    pub(crate) trend: Vec<Mark>,
}

/// A review as one of many.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mark {
    pub(crate) id: String,
    pub(crate) class: &'static str,
    /// What it says to whoever does not see it.
    pub(crate) label: String,
}

/// The page of one review.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ReviewPage {
    pub(crate) id: String,
    pub(crate) plan: String,
    pub(crate) class: &'static str,
    pub(crate) state: &'static str,
    pub(crate) sentence: String,
    pub(crate) facts: Vec<(&'static str, Value)>,
    pub(crate) proof: &'static str,
    pub(crate) proof_class: &'static str,
    pub(crate) has_evidence: bool,
    pub(crate) checks: Vec<CheckCard>,
}

/// What a check has come to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CheckCard {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) class: &'static str,
    pub(crate) state: &'static str,
    pub(crate) summary: String,
    pub(crate) findings: Vec<FindingRow>,
    pub(crate) more: u64,
    pub(crate) exhibits: Vec<Exhibit>,
    /// Nothing beyond its line in the table.
    pub(crate) is_short: bool,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FindingRow {
    pub(crate) class: &'static str,
    pub(crate) weight: &'static str,
    pub(crate) about: String,
    pub(crate) what: String,
    pub(crate) fix: String,
}

/// Something to look at.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Exhibit {
    Table { id: String, title: String, columns: Vec<String>, rows: Vec<Vec<String>>, is_open: bool, more: u64 },
    Bars { title: String, unit: String, bars: Vec<Bar>, limit: Option<String>, more: u64 },
}

/// A bar, and how far it goes of the longest.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bar {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) level: f64,
    pub(crate) level_max: f64,
    pub(crate) is_over: bool,
}

impl ReviewsPage {
    pub(crate) fn new(list: &ReviewList, now: Timestamp) -> Self {
        let (class, tone, sentence, others) = headline(list);
        Self {
            class,
            tone,
            sentence,
            others,
            is_leader: list.is_leader,
            plans: list.plans.iter().take(PLANS_MAX).map(|plan| PlanCard::new(plan, now)).collect(),
            more: list.plans.len().saturating_sub(PLANS_MAX),
        }
    }
}

/// The one sentence, and what else is to be known.
fn headline(list: &ReviewList) -> (&'static str, &'static str, String, Vec<String>) {
    let of = |verdict: &str| -> Vec<String> {
        let is_it = |plan: &&ReviewedPlan| plan.verdict.as_deref() == Some(verdict);
        list.plans.iter().filter(is_it).map(|plan| format!("{} at {}", plan.plan, plan.target)).collect()
    };
    let say = |names: &[String]| words::names(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let (blocked, unknown, passed) = (of("blocked"), of("unknown"), of("pass"));
    let mut said = Vec::new();
    if !blocked.is_empty() {
        said.push(("bad", "kept back", format!("{} must not go ahead.", say(&blocked))));
    }
    if !unknown.is_empty() {
        let sentence = format!("Nobody can say whether {} may go ahead.", say(&unknown));
        said.push(("unknown", "not judged", sentence));
    }
    if !passed.is_empty() {
        let what = if said.is_empty() && 1 < passed.len() {
            format!("All {} launches may go ahead.", words::count(passed.len() as u64))
        } else {
            format!("{} may go ahead.", say(&passed))
        };
        said.push(("well", "well", what));
    }
    if said.is_empty() {
        let sentence = match list.plans.as_slice() {
            [] => "No launch is reviewed here yet.",
            [_] => "One launch waits for its first review.",
            _ => "The launches wait for their first review.",
        };
        said.push(("unknown", "not known", sentence.to_owned()));
    }
    let (class, tone, sentence) = said.remove(0);
    (class, tone, sentence, said.into_iter().map(|(.., sentence)| sentence).take(SENTENCES_MAX).collect())
}

impl PlanCard {
    fn new(plan: &ReviewedPlan, now: Timestamp) -> Self {
        let (class, state) = plan.verdict.as_deref().map_or(("unknown", "not reviewed yet"), verdict);
        let known = |text: String| Value::Known(text);
        let last = plan.reviews.last();
        let reviewed =
            |last: &ReviewMark| format!("{}, {} ago", words::instant(last.at, now), words::age(last.at, now));
        let mut facts = vec![
            ("owner", known(plan.owner.clone().unwrap_or_else(|| "nobody is named".to_owned()))),
            ("reviewed", known(last.map_or_else(|| "never".to_owned(), reviewed))),
        ];
        facts.push(("next", known(next(plan, now))));
        if let Some(schedule) = &plan.schedule {
            facts.push(("every night", known(format!("{} in {}", schedule.at, schedule.zone))));
        }
        facts.push(("plan", known(plan.file.clone())));
        Self {
            plan: plan.plan.clone(),
            target: plan.target.clone(),
            class,
            state,
            is_running: plan.is_running,
            // It may begin with the id of a check.
            summary: plan.summary.as_ref().map(|summary| format!("{summary}.")),
            last: last.map(|last| last.id.clone()),
            facts,
            trend: plan.reviews.iter().map(|mark| Mark::new(mark, now)).collect(),
        }
    }
}

/// When it is reviewed next.
fn next(plan: &ReviewedPlan, now: Timestamp) -> String {
    match &plan.schedule {
        None => "when a pipeline hands one in".to_owned(),
        Some(_) if plan.is_running => "now".to_owned(),
        Some(schedule) if schedule.next <= now => "as soon as the one before it is over".to_owned(),
        Some(schedule) => words::instant(schedule.next, now),
    }
}

impl Mark {
    fn new(mark: &ReviewMark, now: Timestamp) -> Self {
        let (class, state) = verdict(&mark.verdict);
        Self { id: mark.id.clone(), class, label: format!("{}: {state}", words::instant(mark.at, now)) }
    }
}

/// Class and words of a verdict.
fn verdict(word: &str) -> (&'static str, &'static str) {
    match word {
        "pass" => ("well", "may go ahead"),
        "blocked" => ("bad", "must not go ahead"),
        _ => ("unknown", "nobody can say"),
    }
}

/// Class and words of what a check has come to.
fn check_verdict(word: &str) -> (&'static str, &'static str) {
    match word {
        "pass" => ("well", "passes"),
        "blocked" => ("bad", "keeps it back"),
        "skipped" => ("quiet", "left out"),
        _ => ("unknown", "could not be judged"),
    }
}

/// A fragment of a sentence as a sentence of its own.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    let end = if text.ends_with(['.', '!', '?', ')']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

impl ReviewPage {
    pub(crate) fn new(review: &ReviewView, now: Timestamp) -> Self {
        let (class, state) = verdict(&review.verdict);
        let (proof_class, proof) = proof(review);
        let known = |text: String| Value::Known(text);
        let made = review
            .by
            .as_ref()
            .map_or_else(|| "here, at night".to_owned(), |by| format!("elsewhere; {by} handed it in"));
        let owner = review.owner.clone().unwrap_or_else(|| "nobody is named".to_owned());
        let organisation = review.organisation.clone().map_or(Value::Unknown, Value::Known);
        Self {
            id: review.id.clone(),
            plan: review.plan.clone(),
            class,
            state,
            sentence: said(review),
            facts: vec![
                ("target", known(review.target.clone())),
                ("organisation", organisation),
                ("owner", known(owner)),
                ("asked at", known(format!("{}, {} ago", words::instant(review.at, now), words::age(review.at, now)))),
                ("made", known(made)),
                ("plan", known(review.file.clone())),
            ],
            proof,
            proof_class,
            has_evidence: review.evidence == "kept",
            checks: review.checks.iter().map(CheckCard::new).collect(),
        }
    }
}

fn said(review: &ReviewView) -> String {
    if let Some(trouble) = &review.trouble {
        return sentence(trouble);
    }
    let count = |verdict: &str| review.checks.iter().filter(|check| check.verdict == verdict).count() as u64;
    let say = |verdict: &str, one: &'static str, many: &'static str| {
        let count = count(verdict);
        (0 < count).then(|| words::counted(count, one, many))
    };
    let parts = [
        say("blocked", "check keeps it back", "checks keep it back"),
        say("unknown", "could not be judged", "could not be judged"),
        say("pass", "passes", "pass"),
        say("skipped", "is left out", "are left out"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "Nothing was asked.".to_owned() } else { format!("{}.", parts.join(", ")) }
}

/// What the evidence is good for.
fn proof(review: &ReviewView) -> (&'static str, &'static str) {
    match (review.is_reproduced, review.evidence.as_str()) {
        (Some(true), _) => ("quiet", "Judged again from its evidence, the verdict came out the same."),
        (Some(false), _) => (
            "trouble",
            "Judged again from its evidence, it comes out differently: the checks have changed since. What they said then is \
             shown.",
        ),
        (None, "too-large") => ("unknown", "Its evidence was too large to be kept: only what weighs most is shown."),
        (None, "missing") => ("unknown", "There is no evidence: nothing could be asked."),
        (None, _) => ("unknown", "Its evidence cannot be read now: only what weighs most is shown."),
    }
}

impl CheckCard {
    fn new(check: &ReviewCheck) -> Self {
        let (class, state) = check_verdict(&check.verdict);
        let exhibits = check.exhibits.iter().enumerate();
        Self {
            id: check.id.clone(),
            title: check.title.clone(),
            class,
            state,
            summary: sentence(&check.summary),
            findings: check.findings.iter().map(FindingRow::new).collect(),
            more: check.more_findings,
            is_short: check.findings.is_empty() && check.exhibits.is_empty(),
            exhibits: exhibits.map(|(n, exhibit)| Exhibit::new(exhibit, &format!("{}-{n}", check.id))).collect(),
        }
    }
}

impl FindingRow {
    fn new(finding: &ReviewFinding) -> Self {
        let (class, weight) = match finding.weight.as_str() {
            "blocks" => ("bad", "keeps it back"),
            "warning" => ("degraded", "look at it"),
            "info" => ("well", "good to know"),
            _ => ("unknown", "not known"),
        };
        let place = match (finding.line, finding.column) {
            (Some(line), Some(column)) => format!(":{line}:{column}"),
            (Some(line), None) => format!(":{line}"),
            (None, _) => String::new(),
        };
        let (what, fix) = (sentence(&finding.what), finding.fix.as_str());
        let fix = if fix.is_empty() { String::new() } else { sentence(fix) };
        Self { class, weight, about: format!("{}{place}", finding.about), what, fix }
    }
}

impl Exhibit {
    fn new(exhibit: &ReviewExhibit, id: &str) -> Self {
        match exhibit.clone() {
            ReviewExhibit::Table { title, columns, rows, more } => {
                let is_open = rows.len() <= ROWS_OPEN_MAX;
                Self::Table { id: id.to_owned(), title, columns, rows, is_open, more }
            }
            ReviewExhibit::Bars { title, unit, bars, limit, more } => {
                let level_max = bars.iter().map(|bar| bar.value).chain(limit).fold(1.0, f64::max);
                let bar = |bar: api::ReviewBar| Bar {
                    value: number(bar.value),
                    level: bar.value.clamp(0.0, level_max),
                    level_max,
                    is_over: limit.is_some_and(|limit| limit < bar.value),
                    name: bar.name,
                };
                let bars = bars.into_iter().map(bar).collect();
                Self::Bars { title, unit, bars, limit: limit.map(number), more }
            }
        }
    }
}

/// As many digits as a bar shows.
fn number(value: f64) -> String {
    if value.abs() < 10.0 && value.fract() != 0.0 { format!("{value:.1}") } else { format!("{value:.0}") }
}
