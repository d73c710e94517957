//! The minutes of releases that are on a page.
//!
//! A list of releases is there at once and has no minutes; those come from the store, which may take its time. Pages are
//! rendered from what is here, so that a store that hangs stops no other page. What cannot be read is not shown.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use api::{ReleaseView, RollbackList};
use base::Now;
use jiff::SignedDuration;

use crate::app::App;

/// The most releases whose minutes are on a page; those that are open first.
pub(crate) const DETAILED_MAX: usize = 12;
/// A release that has ended stays live for this long, so that an open page shows its end.
const JUST_ENDED: SignedDuration = SignedDuration::from_mins(10);
/// The longest that a page waits for minutes.
const READ_WITHIN: Duration = Duration::from_secs(2);
/// How often minutes are read again, at most.
const READ_EVERY: Duration = Duration::from_millis(500);

/// Releases with their minutes, and what the list said of them then.
#[derive(Default)]
pub(crate) struct Details {
    known: Mutex<Vec<Known>>,
    /// One reader at a time.
    reading: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Known {
    summary: ReleaseView,
    whole: Arc<ReleaseView>,
}

impl Details {
    /// A release with its minutes, as far as it was read.
    pub(crate) fn of(&self, id: &str) -> Option<Arc<ReleaseView>> {
        self.all().iter().find(|known| known.summary.id == id).map(|known| known.whole.clone())
    }

    fn all(&self) -> Vec<Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, known: Vec<Known>) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = known;
    }
}

/// The releases whose minutes are on a page.
pub(crate) fn detailed(list: &RollbackList, now: Now) -> impl Iterator<Item = &ReleaseView> {
    list.releases.iter().filter(move |release| release.is_open || has_just_ended(release, now)).take(DETAILED_MAX)
}

fn has_just_ended(release: &ReleaseView, now: Now) -> bool {
    release.story.last().is_some_and(|line| now.wall.duration_since(line.at) < JUST_ENDED)
}

/// Reads the minutes of what has changed.
pub(crate) async fn refresh(app: &App) {
    let Some(releases) = &app.releases else { return };
    let read = async {
        let _one = app.details.reading.lock().await;
        let (list, before) = (releases.list(), app.details.all());
        let mut known = Vec::new();
        for release in detailed(&list, app.now()) {
            match before.iter().find(|known| known.summary == *release) {
                Some(same) => known.push(same.clone()),
                None => {
                    let whole = releases.one(&release.id).await;
                    known.extend(whole.map(|whole| Known { summary: release.clone(), whole: Arc::new(whole) }));
                }
            }
        }
        app.details.keep(known);
    };
    if app.clock.timeout(app.real(READ_WITHIN), read).await.is_none() {
        tracing::warn!("the minutes of releases take too long to read");
        // What was read before this change is not how things stand.
        app.details.keep(Vec::new());
    }
}

/// Reads on every change while anybody looks, until it is dropped.
pub(crate) async fn follow(app: Arc<App>) {
    let Some(releases) = &app.releases else { return };
    let mut changes = releases.changes();
    // What changed before anybody listened is read as well.
    changes.mark_changed();
    while changes.changed().await.is_ok() {
        let is_watched = app.frames.receiver_count() > 0;
        if is_watched {
            refresh(&app).await;
        }
        app.clock.sleep(app.real(READ_EVERY)).await;
    }
}
