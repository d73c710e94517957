//! Reviews at night, and those that pipelines hand in: kept, and told to whoever owns the launch.
//!
//! - A plan is reviewed when its time of day has come in its zone. What was missed while no controller ran is made up for
//!   once, however many nights it were.
//! - One review at a time, by the controller that has the lease; another one goes on with what was kept.
//! - Whoever hands a review in hands in its evidence, which is judged here: a verdict that somebody sends counts nothing.
//! - A review that blocks, or that nobody could judge, is an incident for the owner of the plan, until a later one of the
//!   same plan at the same target passes. What is open is compared with what should be, so that nothing that was kept
//!   stays untold after a crash.

mod drafts;
mod run;
mod schedule;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use api::{ReviewList, ReviewSchedule, ReviewView, ReviewedPlan};
use async_trait::async_trait;
use clock::Clock;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use review::Gap;
use store::{AuditEntry, Change, Document, Store, StoreError};

use super::Evidence;
use super::history::{History, Left, Run, views, wire, words};
use crate::background::Background;
use crate::incident::{Event, Subject, to_millisecond};
use crate::{Sender, documents};
use run::Loop;

pub use super::history::{KEEP, RUNS_MAX};

/// The largest evidence that is kept; without it a review has its findings, and nothing to look at.
pub const EVIDENCE_BYTES_MAX: usize = 2 * 1024 * 1024;
/// The largest evidence that may be handed in.
pub const SUBMITTED_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The most reviews that are shown of a plan.
pub const SHOWN_MAX: usize = 30;

/// The lease of all reviews.
const NAME: &str = "review";
/// Another controller goes on so long after this one has stood still.
const LEASE: Duration = Duration::from_secs(60);
/// How often the lease is prolonged, and looked whether a plan is due.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// The longest that names may be which somebody hands in.
const NAME_CHARS_MAX: usize = 200;
/// The clock of a pipeline may be ahead by this.
const AHEAD_MAX: SignedDuration = SignedDuration::from_mins(5);

/// What is kept of a review.
const REVIEW: &str = "review";
/// When a plan was reviewed last, by its target and file.
const NIGHT: &str = "review-night";
/// Evidence: a kind for each slot, so that one can be read without the others.
const EVIDENCE: &str = "review-evidence";

/// A plan that is reviewed at night.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nightly {
    /// The plan's file, as it is named.
    pub file: String,
    /// The target, by its name in the configuration.
    pub target: String,
    /// The time of day ...
    pub at: Time,
    /// ... of clocks in this zone.
    pub zone: TimeZone,
    /// So many of its reviews are kept.
    pub keep: u32,
}

/// Learns of organisations.
#[async_trait]
pub trait Reviewer: Send + Sync {
    /// Learns what a plan asks about its target.
    ///
    /// # Errors
    /// Why it could not be begun: the plan cannot be read, or there is no such target.
    async fn learn(&self, plan: &Nightly) -> Result<Evidence, Gap>;
}

/// What reviews are kept and made with.
pub struct Setup {
    /// What is reviewed at night.
    pub plans: Vec<Nightly>,
    /// Who reviews.
    pub reviewer: Arc<dyn Reviewer>,
    /// Who is told where a plan names nobody.
    pub owner: Option<String>,
    /// Unique to this process and its start.
    pub holder: String,
    /// Where reviews are kept.
    pub store: Arc<dyn Store>,
    /// Where incidents are opened.
    pub incidents: Sender,
    /// The time.
    pub clock: Clock,
}

/// Why reviews are not kept and made.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// What was kept cannot be read.
    #[error("load reviews from the store")]
    Store(#[from] StoreError),
    /// What was kept is not understood.
    #[error("load the review {id} from the store: {why}")]
    Format {
        /// Which one.
        id: String,
        /// Why.
        why: String,
    },
}

/// Why a review that is handed in is not kept.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// It is no evidence of a review.
    #[error("{0}")]
    Unreadable(String),
    /// It makes no sense as things stand.
    #[error("{0}")]
    Wrong(String),
    /// Another controller keeps reviews.
    #[error("another controller keeps the reviews, or none does yet")]
    NotLeader,
    /// The store does not take it.
    #[error("keep a review")]
    NotKept(#[source] StoreError),
}

/// Reviews of a controller; clones are the same ones.
#[derive(Clone)]
pub struct Reviews(Arc<Inner>);

pub(super) struct Inner {
    setup: Setup,
    state: Mutex<State>,
    /// Held while something is kept, so that two reviews never get the same number.
    keeping: tokio::sync::Mutex<()>,
    background: Background,
}

#[derive(Default)]
struct State {
    history: History,
    /// When each plan was reviewed last, or first seen, by its document's id.
    done: BTreeMap<String, Timestamp>,
    /// Plans with an open incident.
    open: BTreeSet<Arc<str>>,
    /// Under which fence this process may keep anything; `None` while another one may.
    fence: Option<u64>,
    /// Which plan is being reviewed.
    running: Option<usize>,
}

impl Nightly {
    /// The document that says when it was reviewed last.
    fn id(&self) -> String {
        format!("{}/{}", self.target, self.file)
    }
}

impl Reviews {
    /// Goes on with what was kept, whenever this process has the lease.
    ///
    /// # Errors
    /// When what was kept cannot be read or understood.
    pub async fn start(setup: Setup) -> Result<Self, StartError> {
        let state = Mutex::new(load(setup.store.as_ref()).await?);
        let inner = Inner { setup, state, keeping: tokio::sync::Mutex::default(), background: Background::default() };
        let inner = Arc::new(inner);
        inner.background.spawn(Loop::new(inner.clone()).run());
        Ok(Self(inner))
    }

    /// Every plan with its last reviews.
    pub fn list(&self) -> ReviewList {
        let now = self.0.now();
        self.0.state().list(&self.0.setup, now)
    }

    /// A review with everything that is known of it, judged again from its evidence; `None` when there is none of this id.
    pub async fn one(&self, id: &str) -> Option<ReviewView> {
        let run = self.0.state().history.find(id).cloned()?;
        let short = views::short(&run);
        if run.evidence != Left::Kept {
            return Some(short);
        }
        let unreadable = ReviewView { evidence: "unreadable".to_owned(), ..short };
        let Some(text) = self.evidence(id).await else { return Some(unreadable) };
        let judged = tokio::task::spawn_blocking(move || {
            let again = Evidence::read(&text).ok()?.judge().ok()?;
            Some(views::whole(&run, &again))
        });
        Some(judged.await.ok().flatten().unwrap_or(unreadable))
    }

    /// The evidence of a review, as `steadyline review verify` takes it; `None` when it is not there, or cannot be read now.
    pub async fn evidence(&self, id: &str) -> Option<String> {
        let run = self.0.state().history.find(id).cloned()?;
        let kept = self.0.setup.store.documents(&evidence_kind(run.slot), None).await.ok()?;
        kept.first().and_then(|document| wire::evidence_from_json(&document.body, run.number))
    }

    /// Judges and keeps the evidence of a review that was made elsewhere. The same evidence is kept once.
    ///
    /// # Errors
    /// Why it is not kept.
    pub async fn submit(&self, text: String, who: &str) -> Result<ReviewView, SubmitError> {
        let by = who.to_owned();
        let judged = tokio::task::spawn_blocking(move || drafts::submitted(text, by));
        let gone = |_| SubmitError::Unreadable("it cannot be judged".to_owned());
        let draft = judged.await.map_err(gone)??;
        let run = self.0.keep(draft, None).await?;
        Ok(views::short(&run))
    }

    /// Whether it still runs; false once it was stopped, or broke down.
    pub fn is_running(&self) -> bool {
        self.0.background.is_running()
    }

    /// Stops at once, wherever it is, as a crash does.
    pub fn abort(&self) {
        self.0.background.abort();
    }

    /// Stops; another process may go on at once. A review that is being made is made again by whoever goes on.
    pub async fn shutdown(&self) {
        self.0.background.shutdown().await;
    }
}

/// A review that is to be kept.
#[derive(Clone)]
pub(super) struct Draft {
    run: Run,
    /// Its evidence, unless there is none or too much of it.
    evidence: Option<String>,
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        // A step is taken whole or panics before anything is changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Timestamp {
        to_millisecond(self.setup.clock.now().wall)
    }

    /// Keeps a review, and tells of it. `night` is the plan that was reviewed here.
    async fn keep(&self, draft: Draft, night: Option<&Nightly>) -> Result<Arc<Run>, SubmitError> {
        let _one = self.keeping.lock().await;
        let (now, Draft { mut run, evidence }) = (self.now(), draft);
        let (history, run, fence) = {
            let state = self.state();
            let fence = state.fence.ok_or(SubmitError::NotLeader)?;
            if run.by.is_some() {
                if let Some(same) = may_follow(&state.history, &run, now)? {
                    return Ok(same);
                }
                // It is one of many, where the same plan is reviewed here as well.
                run.keep = state.history.of(&run.plan, &run.target).next_back().map_or(KEEP, |last| last.keep);
            }
            let (history, run) = state.history.with(run);
            (history, run, fence)
        };
        let change = Change { under: Some((NAME.to_owned(), fence)), ..change(&run, evidence, night, now) };
        match self.setup.store.commit(&change).await {
            Ok(()) => {}
            Err(StoreError::Fenced(_)) => {
                self.state().fence = None;
                return Err(SubmitError::NotLeader);
            }
            Err(error) => return Err(SubmitError::NotKept(error)),
        }
        {
            let mut state = self.state();
            state.history = history;
            if let Some(night) = night {
                state.done.insert(night.id(), now);
            }
        }
        self.tell(Some(&run));
        Ok(run)
    }

    /// Tells of what keeps launches back and of what does so no more; of `new` in any case.
    fn tell(&self, new: Option<&Run>) {
        let events = {
            let mut state = self.state();
            let (events, open) = state.events(&self.setup, new, self.now());
            state.open = open;
            events
        };
        for event in events {
            self.setup.incidents.event(event);
        }
    }
}

/// Whether a review that is handed in may follow what is there; the one that it is, when it was handed in before.
fn may_follow(history: &History, run: &Run, now: Timestamp) -> Result<Option<Arc<Run>>, SubmitError> {
    let earlier = || history.of(&run.plan, &run.target).rev();
    let is_same = |known: &&Arc<Run>| known.at == run.at && known.checks == run.checks && known.by == run.by;
    if let Some(same) = earlier().find(is_same) {
        return Ok(Some(same.clone()));
    }
    if AHEAD_MAX < run.at.duration_since(now) {
        let why = format!("it was made at {}, which is still to come: set the clock of whoever made it", run.at);
        return Err(SubmitError::Wrong(why));
    }
    match earlier().next() {
        Some(last) if run.at < last.at => {
            let (Run { plan, target, at, .. }, later) = (run, last.id());
            let why = format!("{plan} was reviewed at {target} after {at}, as {later} says: hand in a later review");
            Err(SubmitError::Wrong(why))
        }
        Some(_) | None => Ok(None),
    }
}

fn change(run: &Run, evidence: Option<String>, night: Option<&Nightly>, now: Timestamp) -> Change {
    let document = |kind: &str, id: String, body: String| Document { kind: kind.to_owned(), id, at: now, body };
    let mut documents = vec![
        document(REVIEW, format!("{:08}", run.slot), wire::to_json(run)),
        // Where there is none it takes the place of that of the review before it.
        document(&evidence_kind(run.slot), "it".to_owned(), wire::evidence_to_json(run.number, evidence)),
    ];
    documents.extend(night.map(|night| document(NIGHT, night.id(), night_to_json(now))));
    let handed_in = run.by.as_ref().map(|who| AuditEntry {
        id: format!("review.{}", run.id()),
        at: now,
        who: who.clone(),
        what: "submit_review".to_owned(),
        body: serde_json::json!({
            "id": run.id(), "plan": run.plan, "target": run.target, "verdict": run.verdict.word(), "at": run.at,
        })
        .to_string(),
    });
    Change { documents, audit: handed_in.into_iter().collect(), ..Change::default() }
}

fn evidence_kind(slot: u32) -> String {
    format!("{EVIDENCE}/{slot:08}")
}

fn night_to_json(done: Timestamp) -> String {
    serde_json::json!({ "version": 1, "done": done }).to_string()
}

/// What was kept.
async fn load(store: &dyn Store) -> Result<State, StartError> {
    let wrong = |document: &Document, why: String| StartError::Format { id: document.id.clone(), why };
    let mut runs = Vec::new();
    for document in documents::all(store, REVIEW).await? {
        runs.push(wire::from_json(&document.body).map_err(|why| wrong(&document, why))?);
    }
    // What was kept may be long ago: its instant is that of the document.
    let nights = documents::all(store, NIGHT).await?;
    let done = nights.into_iter().map(|document| (document.id, document.at)).collect();
    let plan = |subject| if let Subject::Review(plan) = subject { Some(plan) } else { None };
    let open = documents::open_subjects(store).await?.into_iter().filter_map(plan).collect();
    Ok(State { history: History::restored(runs), done, open, fence: None, running: None })
}

impl State {
    /// What is to be told of incidents, and whose are open then.
    fn events(&self, setup: &Setup, new: Option<&Run>, now: Timestamp) -> (Vec<Event>, BTreeSet<Arc<str>>) {
        let is_nightly = |run: &Run| setup.plans.iter().any(|plan| plan.file == run.file && plan.target == run.target);
        let held = self.history.held(is_nightly, now);
        let trouble = |plan: &Arc<str>, run: &Run| Event::Trouble {
            subject: Subject::Review(plan.clone()),
            what: words::kept_back(run, setup.owner.as_deref()),
        };
        let mut events = Vec::new();
        for (plan, runs) in &held {
            let is_new = |run: &&&Run| new.is_some_and(|new| new.number == run.number);
            match (self.open.contains(plan), runs.iter().find(is_new)) {
                (_, Some(run)) => events.push(trouble(plan, run)),
                (false, None) => events.extend(runs.iter().map(|run| trouble(plan, run))),
                (true, None) => {}
            }
        }
        for plan in self.open.iter().filter(|plan| !held.contains_key(*plan)) {
            let passed = self.history.last_pass(plan);
            let what = passed.map_or_else(|| "it is reviewed no more".to_owned(), |run| words::let_go(run));
            events.push(Event::Over { subject: Subject::Review(plan.clone()), what });
        }
        (events, held.into_keys().collect())
    }

    fn list(&self, setup: &Setup, now: Timestamp) -> ReviewList {
        let mut plans: Vec<ReviewedPlan> =
            self.history.series().filter_map(|series| reviewed(&series, setup)).collect();
        for (n, night) in setup.plans.iter().enumerate() {
            let done = self.done.get(&night.id()).copied().unwrap_or(now);
            let schedule = ReviewSchedule {
                at: night.at.strftime("%H:%M").to_string(),
                zone: night.zone.iana_name().unwrap_or("UTC").to_owned(),
                next: schedule::next(night.at, &night.zone, done),
            };
            let known = self.history.last_of_file(&night.file, &night.target);
            let known = known.map(|run| (run.plan.clone(), run.target.clone()));
            let found = plans.iter_mut().find(|plan| known == Some((plan.plan.clone(), plan.target.clone())));
            let is_running = self.running == Some(n);
            match found {
                // The same plan from two files: both times are its own, and the earlier one is shown.
                Some(plan) => {
                    plan.is_running |= is_running;
                    let earlier = plan.schedule.take().filter(|known| known.next < schedule.next);
                    plan.schedule = Some(earlier.unwrap_or(schedule));
                }
                None => plans.push(ReviewedPlan {
                    plan: night.file.clone(),
                    target: night.target.clone(),
                    file: night.file.clone(),
                    owner: setup.owner.clone(),
                    schedule: Some(schedule),
                    is_running,
                    ..ReviewedPlan::default()
                }),
            }
        }
        let weight = |plan: &ReviewedPlan| match plan.verdict.as_deref() {
            Some("blocked") => 0,
            Some("unknown") => 1,
            Some(_) => 3,
            None => 2,
        };
        plans.sort_by(|a, b| (weight(a), &a.plan, &a.target).cmp(&(weight(b), &b.plan, &b.target)));
        ReviewList { is_leader: self.fence.is_some(), plans }
    }
}

/// Reviews of one plan at one target, the latest last.
fn reviewed(all: &[&Arc<Run>], setup: &Setup) -> Option<ReviewedPlan> {
    let last = all.last()?;
    let earlier = all.len().saturating_sub(SHOWN_MAX);
    Some(ReviewedPlan {
        plan: last.plan.clone(),
        target: last.target.clone(),
        file: last.file.clone(),
        owner: last.owner.clone().or_else(|| setup.owner.clone()),
        verdict: Some(last.verdict.word().to_owned()),
        summary: Some(words::because(last)),
        schedule: None,
        is_running: false,
        kept: u32::try_from(all.len()).unwrap_or(u32::MAX),
        reviews: all[earlier..].iter().map(|run| views::mark(run)).collect(),
    })
}

#[cfg(test)]
mod tests;
