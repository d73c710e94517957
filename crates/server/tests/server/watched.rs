//! Releases under watch, as a test tells them.

use std::sync::{Arc, Mutex};

use ::api::{ArmedView, ReleaseMinute, ReleaseView, RollbackBegun, RollbackList, RollbackWish, StoryLine, WatchedFlow};
use engine::rollback::guard::WishError;
use jiff::{SignedDuration, Timestamp};
use server::Releases;
use tokio::sync::watch;

/// When all of it was published.
pub(crate) const PUBLISHED: &str = "2026-11-21T07:40:00Z";

/// A guard that says what it was told, and keeps who asked for what.
#[derive(Default)]
pub(crate) struct Watched {
    list: Mutex<RollbackList>,
    refuses: Mutex<Option<WishError>>,
    store: Mutex<Store>,
    asked: Mutex<Vec<String>>,
    changes: watch::Sender<u64>,
}

/// How the store fares that holds the minutes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Store {
    /// It answers at once.
    #[default]
    Works,
    /// It finds nothing.
    Empty,
    /// It never answers.
    Hangs,
}

impl Watched {
    /// The store is like this from now on.
    pub(crate) fn keeps(&self, store: Store) {
        *self.store.lock().unwrap() = store;
        self.changes.send_modify(|change| *change += 1);
    }

    /// This is how things stand from now on; the minutes of its releases are for those who ask for one.
    pub(crate) fn tells(&self, list: RollbackList) {
        *self.list.lock().unwrap() = list;
        self.changes.send_modify(|change| *change += 1);
    }

    /// It is still so.
    pub(crate) fn is_still_so(&self, at: Timestamp) {
        if let Some(last) = &mut self.list.lock().unwrap().at {
            *last = at;
        }
        self.changes.send_modify(|change| *change += 1);
    }

    /// Whatever is wished for is refused.
    pub(crate) fn refuses(&self, refusal: WishError) {
        *self.refuses.lock().unwrap() = Some(refusal);
    }

    /// Who asked for what, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    fn ask(&self, what: String) -> Result<(), WishError> {
        self.asked.lock().unwrap().push(what);
        self.refuses.lock().unwrap().clone().map_or(Ok(()), Err)
    }
}

#[async_trait::async_trait]
impl Releases for Watched {
    fn list(&self) -> Arc<RollbackList> {
        let mut list = self.list.lock().unwrap().clone();
        for release in &mut list.releases {
            release.minutes = Vec::new();
            release.is_reproduced = None;
        }
        Arc::new(list)
    }

    async fn one(&self, id: &str) -> Option<ReleaseView> {
        let store = *self.store.lock().unwrap();
        match store {
            Store::Works => {}
            Store::Empty => return None,
            Store::Hangs => std::future::pending().await,
        }
        self.list.lock().unwrap().releases.iter().find(|release| release.id == id).cloned()
    }

    async fn approve(&self, id: &str, who: &str) -> Result<ReleaseView, WishError> {
        self.ask(format!("{who} approves {id}"))?;
        let mut list = self.list.lock().unwrap();
        let release = list.releases.iter_mut().find(|release| release.id == id);
        let release = release.ok_or_else(|| WishError::NoSuch(format!("there is no release {id}")))?;
        if release.state != "ASKED" {
            return Err(WishError::Wrong(format!("release {id} waits for nobody")));
        }
        release.state = "ROLLING_BACK".into();
        let release = release.clone();
        drop(list);
        self.changes.send_modify(|change| *change += 1);
        Ok(release)
    }

    async fn run(&self, wish: &RollbackWish, who: &str) -> Result<RollbackBegun, WishError> {
        let RollbackWish { flow, to, reason } = wish;
        self.ask(format!("{who} wants {flow} at {to}: {reason}"))?;
        let mut list = self.list.lock().unwrap();
        for watched in list.flows.iter_mut().filter(|watched| watched.id == *flow || watched.name == *flow) {
            watched.published = Some(to.clone());
        }
        drop(list);
        self.changes.send_modify(|change| *change += 1);
        let begun = format!("{flow} is being gone back to version {to}");
        Ok(RollbackBegun { id: "20261121-081500-ann".into(), begun })
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn is_running(&self) -> bool {
        true
    }
}

/// How the odds against a release went, minute by minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Course {
    /// As on any other day.
    Healthy,
    /// A seventh fails from the start.
    Bad,
    /// A little more fails than before, from the fifth minute on.
    Doubtful,
    /// After three minutes nobody counted any more.
    Unseen,
}

/// A guard of four flows, each held to something else.
pub(crate) fn list(releases: Vec<ReleaseView>) -> RollbackList {
    RollbackList {
        at: Some(instant("2026-11-21T08:00:00Z")),
        is_leader: true,
        open: None,
        last: None,
        locked_until: None,
        policy: "evidence".into(),
        false_rollbacks_per_year: 1.0,
        releases_per_year: 250,
        trouble: None,
        flows: vec![
            flow("main-ivr", "Main IVR", "automatic", Some((40_210, 0))),
            flow("billing", "Billing <EU>", "approve", Some((40_180, 3))),
            flow("callback", "Callback", "recommend", None),
            WatchedFlow {
                id: String::new(),
                name: "Old menu".into(),
                mode: "observe".into(),
                trouble: Some("no flow of this name is in the organisation".into()),
                ..WatchedFlow::default()
            },
        ],
        releases,
    }
}

fn flow(id: &str, name: &str, mode: &str, armed: Option<(u32, u32)>) -> WatchedFlow {
    WatchedFlow {
        id: id.into(),
        name: name.into(),
        mode: mode.into(),
        published: Some("12.0".into()),
        published_at: Some(instant(PUBLISHED)),
        history_minutes: 40_210,
        normal_percent: Some(1.02),
        armed: armed.map(|(tried, fired)| ArmedView {
            at: Some(instant("2026-11-21T06:00:00Z")),
            is_armed: fired == 0,
            tried,
            fired,
        }),
        trouble: None,
    }
}

/// How things stand in a house to look at, half an hour after everything was published.
pub(crate) fn example(state: &str) -> RollbackList {
    let (main, billing, callback) = (("main-ivr", "Main IVR"), ("billing", "Billing <EU>"), ("callback", "Callback"));
    let open = match state {
        "unknown" => return RollbackList::default(),
        "bad-release" => {
            let mut asked = release("r-8c21", billing, "ASKED", Course::Bad, 9);
            asked.mode = "approve".into();
            asked.story.push(line(3, "the release is bad: an approver was asked"));
            vec![asked, verifying("r-7f3a", main), release("r-91b0", callback, "WATCHING", Course::Healthy, 30)]
        }
        "burning" => {
            let mut maintained = release("r-a004", callback, "SHADOW", Course::Healthy, 30);
            maintained.minutes.iter_mut().skip(12).for_each(|minute| minute.is_maintained = true);
            vec![release("r-9d11", main, "SUSPECT", Course::Doubtful, 16), maintained]
        }
        "silent" => vec![release("r-8c21", billing, "BLIND", Course::Unseen, 30)],
        _ => vec![release("r-91b0", main, "WATCHING", Course::Healthy, 30)],
    };
    let ended = ["RECOVERED", "NOT_HELPED", "UNSEEN", "CERTIFIED", "UNPROVEN", "OVERTAKEN", "HANDED_OVER"];
    let ended = ended.into_iter().enumerate().map(|(n, state)| {
        let course =
            if matches!(state, "CERTIFIED" | "UNPROVEN" | "OVERTAKEN") { Course::Healthy } else { Course::Bad };
        let mut ended = release(&format!("r-00{n}"), if n % 2 == 0 { main } else { callback }, state, course, 12);
        ended.version = format!("{}.0", 11 - n);
        ended
    });
    let mut list = list(open.into_iter().chain(ended).collect());
    match state {
        "bad-release" => list.open = Some("Main IVR".into()),
        "burning" => list.locked_until = Some(instant("2026-11-21T08:24:00Z")),
        "silent" => list.trouble = Some("the platform answers 503 to every question about conversations".into()),
        _ => list.flows.truncate(3),
    }
    list
}

/// A bad release that was gone back from six minutes after its publish.
fn verifying(id: &str, flow: (&str, &str)) -> ReleaseView {
    let mut release = release(id, flow, "VERIFYING", Course::Bad, 6);
    release.minutes.extend(recovering(6, 7));
    release.story.extend([
        line(3, "the release is bad: 20 000 : 1 against it"),
        line(4, "version 11.0 was published"),
        line(6, "callers get version 11.0"),
    ]);
    release
}

/// A release of a flow that stands somewhere, after a course of so many minutes.
pub(crate) fn release(id: &str, flow: (&str, &str), state: &str, course: Course, minutes: i64) -> ReleaseView {
    let minutes = of_course(course, minutes);
    let known = || minutes.iter().filter(|minute| !minute.is_after_rollback);
    let odds = known().next_back().map_or(Some(1.0), |minute| minute.odds);
    let ended = ["RECOVERED", "NOT_HELPED", "UNSEEN", "CERTIFIED", "UNPROVEN", "OVERTAKEN", "HANDED_OVER"];
    let share = match course {
        Course::Healthy => (0.21, 1.12),
        Course::Doubtful => (2.93, 7.84),
        Course::Bad => (9.41, 20.1),
        Course::Unseen => (0.0, 8.2),
    };
    let has_gone_back = ["VERIFYING", "RECOVERED", "NOT_HELPED", "UNSEEN"].contains(&state);
    ReleaseView {
        id: id.into(),
        flow: flow.0.into(),
        name: flow.1.into(),
        version: "12.0".into(),
        before: Some("11.0".into()),
        published_by: Some("Ada Lovelace".into()),
        published_at: instant(PUBLISHED),
        state: state.into(),
        is_open: !ended.contains(&state),
        mode: "automatic".into(),
        minute: u32::try_from(known().count()).unwrap(),
        length: 60,
        odds,
        odds_needed: 20_000.0,
        odds_suspect: 20.0,
        normal_percent: Some(1.02),
        normal_percent_max: Some(1.27),
        share_percent_min: Some(share.0),
        share_percent_max: Some(share.1),
        tolerated_percent: Some(1.59),
        conversations: known().filter_map(|minute| minute.conversations).map(u64::from).sum(),
        errors: known().filter_map(|minute| minute.errors).map(u64::from).sum(),
        why: match course {
            Course::Healthy => "8 of 1 500 conversations have failed (0.53 %).",
            Course::Doubtful => "28 of 560 conversations have failed since 2026-11-21T07:45Z (5.0 %).",
            Course::Bad => "21 of 150 conversations have failed since 2026-11-21T07:40Z (14.0 %).",
            Course::Unseen => "Nothing is known of the minutes since 2026-11-21T07:43Z: neither good nor bad.",
        }
        .to_owned()
            + " Normal for this flow is 1.02 %, 1.27 % at most; 1.59 % is tolerated.",
        target: has_gone_back.then(|| "11.0".into()),
        recovery_odds: has_gone_back.then_some(140.0),
        story: vec![
            line(0, "version 12.0 was published by Ada Lovelace"),
            line(2, "the release is suspect: 22 : 1 against it"),
        ],
        minutes,
        is_reproduced: Some(true),
    }
}

/// The same release, of a flow of whose past nothing is known.
pub(crate) fn without_past(release: ReleaseView) -> ReleaseView {
    let minutes = release.minutes.iter();
    let minutes = minutes.map(|minute| ReleaseMinute { odds: None, ..*minute }).collect();
    let (odds, normal_percent, normal_percent_max, tolerated_percent) = (None, None, None, None);
    let (share_percent_min, share_percent_max) = (None, None);
    let why = "Nothing is known of what is normal for this flow.".to_owned();
    ReleaseView {
        odds,
        normal_percent,
        normal_percent_max,
        tolerated_percent,
        share_percent_min,
        share_percent_max,
        why,
        minutes,
        ..release
    }
}

/// A line of a story, so many minutes after the publish.
pub(crate) fn line(minute: i64, what: &str) -> StoryLine {
    StoryLine { at: at(minute), what: what.into() }
}

/// The minutes after going back, which is this many minutes after the publish.
pub(crate) fn recovering(from: i64, minutes: i64) -> impl Iterator<Item = ReleaseMinute> {
    (0..minutes).map(move |minute| ReleaseMinute {
        at: at(from + minute),
        conversations: Some(48 + u32::try_from(minute % 5).unwrap()),
        errors: Some(u32::from(minute % 3 == 0)),
        is_maintained: false,
        odds: Some(1.7_f64.powi(i32::try_from(minute).unwrap() + 1)),
        is_after_rollback: true,
    })
}

fn of_course(course: Course, minutes: i64) -> Vec<ReleaseMinute> {
    let mut odds: f64 = 1.0;
    let mut all = Vec::new();
    for minute in 0..minutes {
        let is_seen = course != Course::Unseen || minute < 3;
        let (errors, factor) = match course {
            Course::Bad => (6 + u32::try_from(minute % 3).unwrap(), if minute < 3 { 27.2 } else { 1.9 }),
            Course::Doubtful if minute >= 5 => (2 + u32::from(minute % 2 == 0), 1.6),
            Course::Doubtful | Course::Healthy | Course::Unseen => (u32::from(minute % 4 == 1), 0.93),
        };
        if is_seen {
            odds = (odds * factor).max(0.3);
        }
        all.push(ReleaseMinute {
            at: at(minute),
            conversations: is_seen.then(|| 46 + u32::try_from(minute * 7 % 9).unwrap()),
            errors: is_seen.then_some(errors),
            is_maintained: false,
            odds: Some(odds),
            is_after_rollback: false,
        });
    }
    all
}

fn at(minute: i64) -> Timestamp {
    instant(PUBLISHED) + SignedDuration::from_mins(minute)
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}
